"""The steps of a complaint as forms: what each asks for, how what was typed is read, and the call of its rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin_app.choices import Cause, CauseType, Choice, ComplaintArea, ComplaintLevel, Department
from admin_app.columns import Field
from admin_app.database import db
from admin_app.desk import kinds, selects
from admin_app.desk.fields import label_of_link
from admin_app.errors import RuleError
from admin_app.models import Complaint, User
from admin_app.rules import complaints, workdays
from admin_app.rules.complaints.steps import TYPES_OF


@dataclass(frozen=True)
class Ask:
    """One thing that a step asks for. kind: note, moment, money, choice, chips, person or yes_no."""

    name: str
    label: Any
    kind: str = "note"
    required: bool = False
    help: Any = ""
    choices: type[Choice] | None = None


@dataclass(frozen=True)
class StepForm:
    """A step: its button, what it is about in a sentence, what it asks for and the rule that takes it."""

    verb: str
    label: Any
    sentence: Any
    asks: tuple[Ask, ...]
    rule: Callable[..., None]
    icon: str = "check"


WHAT_IS_NOTED = Ask("note", _l("Note"))

FORMS: dict[str, StepForm] = {form.verb: form for form in (
    StepForm("acknowledge", _l("Acknowledge"), _l("Tell the customer who takes care of it, what happens next and when "
                                                  "a solution can be expected."), (
        Ask("estimate_at", _l("Solution expected by"), "moment", True),
        Ask("note", _l("What the customer was told"))), complaints.acknowledge, "chat"),
    StepForm("understand", _l("Contacted and understood"), _l("Speak with the customer and find out what happened."), (
        Ask("note", _l("What has happened"), required=True),
        Ask("evidence", _l("Evidence"), help=_l("Photos, orders, recordings: where they are."))),
        complaints.understand, "search"),
    StepForm("analyse", _l("Analyse"), _l("Find the cause and name whom it concerns. A cause in another department "
                                          "hands the complaint to that department's manager."), (
        Ask("cause", _l("Cause"), "chips", True, choices=Cause),
        Ask("cause_type", _l("Cause type"), "type", True),
        Ask("department", _l("Responsible department"), "choice", True, choices=Department),
        Ask("responsible_id", _l("Responsible person"), "person", help=_l("Needed where the cause is our service.")),
        Ask("root", _l("Root of it"), required=True),
        Ask("evidence", _l("Evidence"), help=_l("Needed where the cause lies with the user."))),
        complaints.analyse, "filter"),
    StepForm("approve_user_cause", _l("Approve the cause \"user\""), _l("You have seen the evidence and agree that "
                                                                        "the cause lies with the user."),
             (WHAT_IS_NOTED,), complaints.approve_user_cause, "seal"),
    StepForm("propose", _l("Propose a solution"), _l("What is offered to the customer. A compensation needs another "
                                                     "manager's approval before it is carried out."), (
        Ask("solution", _l("Solution"), required=True),
        Ask("compensation", _l("Compensation"), "money", help=_l("In yuan; empty: none."))),
        complaints.propose, "pencil"),
    StepForm("approve_compensation", _l("Approve the compensation"), _l("The amount may be given to the customer."),
             (WHAT_IS_NOTED,), complaints.approve_compensation, "seal"),
    StepForm("finish", _l("Carried out"), _l("The solution is carried out. Somebody who has not handled the complaint "
                                             "then calls the customer back."), (
        Ask("note", _l("What was done"), required=True),), complaints.finish, "check"),
    StepForm("recall", _l("Re-callback: reached"), _l("Ask whether the customer is satisfied with the solution. "
                                                      "Not satisfied: the complaint goes back to the analysis."), (
        Ask("satisfied", _l("Is the customer satisfied?"), "yes_no", True),
        Ask("note", _l("What the customer said"), required=True)), complaints.recall, "phone"),
    StepForm("recall_failed", _l("Re-callback: not reached"), _l("The attempt is counted; the re-callback is still "
                                                                 "owed."), (WHAT_IS_NOTED,),
             complaints.recall_failed, "phone"),
    StepForm("confirm_unreachable", _l("Confirm: cannot be reached"), _l("The customer was called without success "
                                                                         "often enough; the complaint is closed."),
             (WHAT_IS_NOTED,), complaints.confirm_unreachable, "seal"),
    StepForm("summarise", _l("Summarise"), _l("What do we do differently from now on?"), (
        Ask("lesson", _l("What is learnt"), required=True),), complaints.summarise, "file"),
    StepForm("reroute", _l("Re-route"), _l("The manager of the other area takes over."), (
        Ask("area", _l("Area"), "chips", True, choices=ComplaintArea),
        Ask("note", _l("Why it belongs there"), required=True)), complaints.reroute, "swap"),
    StepForm("escalate", _l("Raise the level"), _l("A major complaint goes to the general manager at once."), (
        Ask("level", _l("Level"), "chips", True, choices=ComplaintLevel),
        Ask("note", _l("Why it is more serious"), required=True)), complaints.escalate, "up"),
)}

# The steps that lead on from a station, in the order in which they are offered; the rest stands under "more".
NEXT: dict[str, tuple[str, ...]] = {
    "received": ("acknowledge",), "acknowledged": ("understand",), "understood": ("analyse",),
    "analysed": ("approve_user_cause", "propose"), "proposed": ("approve_compensation", "finish"),
    "finished": ("recall", "recall_failed", "confirm_unreachable"), "closed": ("summarise",),
}
MORE: dict[str, tuple[str, ...]] = {
    "analysed": ("analyse", "reroute", "escalate"), "proposed": ("propose", "reroute", "escalate"),
    "finished": ("escalate",), "closed": (),
}


def next_of(complaint: Any, store: Any = None) -> tuple[str, ...]:
    """The one or two steps that are owed now; an approval only where something waits for it, and then alone.
    store: where the complaint is a plain row."""
    found = NEXT[str(complaint.state)]
    waits = {"approve_user_cause": complaint.cause == Cause.USER and complaint.user_cause_approved_by_id is None,
             "approve_compensation": bool(complaint.compensation) and complaint.compensation_approved_by_id is None}
    waiting = tuple(verb for verb in found if waits.get(verb))
    if waiting:
        return waiting
    enough = complaint.recall_attempts >= max(1, (store or complaint.store).recall_tries)
    return tuple(verb for verb in found if verb not in waits and (verb != "confirm_unreachable" or enough))


def more_of(complaint: Any) -> tuple[str, ...]:
    """The steps that are possible beside the next ones."""
    return MORE.get(str(complaint.state), ("reroute", "escalate"))


# ---------------------------------------------------------------- what the controls offer


def options(ask: Ask, complaint: Complaint) -> list[tuple[str, Any]]:
    """(value, label) of a control that offers a choice."""
    if ask.kind == "yes_no":
        return [("1", _("Satisfied")), ("0", _("Not satisfied"))]
    if ask.name == "area":
        return [(str(one), one.label) for one in ComplaintArea if one != complaint.area]
    if ask.name == "level":
        ranks = list(ComplaintLevel)
        return [(str(one), one.label) for one in ranks[ranks.index(ComplaintLevel(complaint.level)) + 1:]]
    return list(ask.choices.pairs()) if ask.choices else []


def cause_types() -> list[tuple[Any, list[tuple[str, Any]]]]:
    """(cause, its types) for the groups of the select."""
    return [(cause.label, [(f"{cause.value}:{one.value}", one.label) for one in types])
            for cause, types in TYPES_OF.items()]


def people_of(complaint: Complaint) -> list[Any] | None:
    """The active people of the complaint's store as (id, name); None for too many."""
    return selects.few_people(sa.select(User.id, User.name).where(
        User.store_id == complaint.store_id, User.active).order_by(User.name))


def name_of(value: str) -> str:
    """The name of a person who is chosen already."""
    return label_of_link("user", value)


def start_values(verb: str, complaint: Complaint, now: dt.datetime) -> dict[str, str]:
    """What stands in the controls before anything is typed."""
    if verb == "acknowledge":
        minutes = complaint.store.propose_minutes
        return {"estimate_at": kinds.SHOW["moment"](workdays.add_working_minutes(now, minutes, complaint.store))}
    if verb == "propose":
        amount = complaint.compensation
        return {"solution": complaint.solution or "", "compensation": f"{amount:.2f}" if amount else ""}
    if verb == "analyse" and complaint.cause:
        kept = {"cause": str(complaint.cause), "root": complaint.root or "",
                "department": str(complaint.responsible_department or ""),
                "responsible_id": str(complaint.responsible_id or "")}
        return kept | {"cause_type": f"{complaint.cause}:{complaint.cause_type}" if complaint.cause_type else ""}
    return {"lesson": complaint.lesson or ""} if verb == "summarise" else {}


# ---------------------------------------------------------------- reading what was typed


def typed(verb: str, form: Mapping[str, str]) -> dict[str, str]:
    """What the person typed for a step, as text, to show it again."""
    return {ask.name: form.get(ask.name, "") for ask in FORMS[verb].asks}


def take(verb: str, complaint: Complaint, by: User, now: dt.datetime, form: Mapping[str, str]) -> None:
    """Read the form and take the step. Raises RuleError at the field, or Refused."""
    said = typed(verb, form)
    values = {ask.name: READ[ask.kind](ask, said[ask.name]) for ask in FORMS[verb].asks}
    if "responsible_id" in values:
        values["responsible"] = values.pop("responsible_id")
    if verb == "recall" and values["satisfied"] is None:
        raise RuleError(_("Say whether the customer is satisfied."), "satisfied")
    FORMS[verb].rule(db.session, complaint, by, now, **values)


def _by_kind(kind: str) -> Callable[[Ask, str], Any]:
    """Typed text read as on the generated forms; a text that means nothing is refused at the field."""
    def read(ask: Ask, text: str) -> Any:
        cleaned = kinds.read(Field(ask.label, kind, choices=ask.choices), Complaint.__table__.c.text, text)
        if cleaned.value is None and cleaned.warnings:
            raise RuleError(" ".join(str(one) for one in cleaned.warnings), ask.name)
        return (cleaned.value or "") if kind == "note" else cleaned.value
    return read


def _type(ask: Ask, text: str) -> CauseType | None:
    """A cause type; the select writes it behind its cause."""
    return CauseType.find(text.rpartition(":")[2])


def _person(ask: Ask, text: str) -> User | None:
    if not text.strip():
        return None
    key = kinds.READ["link"](text).value
    found = db.session.scalars(sa.select(User).where(User.id == key)).first() if key else None
    if found is None:
        raise RuleError(_("There is no such record, or you may not use it here."), ask.name)
    return found


READ: dict[str, Callable[[Ask, str], Any]] = {
    "note": _by_kind("note"), "moment": _by_kind("moment"), "money": _by_kind("money"), "choice": _by_kind("choice"),
    "chips": _by_kind("choice"), "type": _type, "person": _person,
    "yes_no": lambda ask, text: {"1": True, "0": False}.get(text.strip()),
}
