"""The quick log's form: what can be chosen for which purpose, and what was typed, kept whatever happens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from admin_app.choices import (
    Channel,
    CreditLevel,
    DecisionPower,
    ObjectionWeight,
    Purpose,
    Trigger,
    VisitResult,
)
from admin_app.errors import RuleError
from admin_app.words import weekday

# The channels that stand ready; the others are in the full form.
CHANNELS = ((Channel.PHONE, "phone"), (Channel.WECHAT, "chat"), (Channel.STORE, "store"), (Channel.HOME, "car"))
SALES_RESULTS = (VisitResult.INTERESTED, VisitResult.TALKED, VisitResult.INVITED, VisitResult.CALL_LATER,
                 VisitResult.NOT_REACHED, VisitResult.SOLVED, VisitResult.NEW_PROBLEM, VisitResult.REFUSED,
                 VisitResult.WRONG_NUMBER)
CARE_RESULTS = (VisitResult.SOLVED, VisitResult.NEW_PROBLEM, VisitResult.INVITED, VisitResult.NOT_REACHED,
                VisitResult.CALL_LATER, VisitResult.INTERESTED, VisitResult.TALKED, VisitResult.REFUSED,
                VisitResult.WRONG_NUMBER)
# Short notes by purpose; the words go into the content as they stand (default).
CARE_NOTES = (_l("Service satisfying"), _l("Waited long"), _l("Price too high"), _l("Friendly service"),
              _l("Wants to buy a car"), _l("Wants an appointment"))
NOTES: dict[Purpose, tuple[Any, ...]] = {
    Purpose.SALES: (_l("Comparing models"), _l("Waiting for an offer"), _l("Talks with the family"),
                    _l("Price too high"), _l("Wants a test drive"), _l("Trade-in asked for")),
    Purpose.SERVICE: (_l("Noise is gone"), _l("Brakes feel right"), _l("Waited long"), _l("Price too high"),
                      _l("Friendly service"), _l("Wants to buy a car")),
    Purpose.COMPLAINT: (_l("Accepts the solution"), _l("Still upset"), _l("Wants compensation"),
                        _l("Thanks for the call"), _l("Same fault again")),
    Purpose.DELIVERY: (_l("Car runs well"), _l("Asks how to use it"), _l("Small flaw found"), _l("Accessories missing"),
                       _l("Would recommend us")),
    Purpose.PROMISE: (_l("Promise kept"), _l("Needs more time"), _l("No longer needed")),
}
MOST_TEXT = 5_000
LONGEST_CALL = 600  # minutes
# The report of a visit beyond the quick log, by column, with the most that one takes.
REPORT = {"met_name": 80, "met_title": 60, "met_decision_power": 24, "needs": 2_000, "problems": 2_000,
          "suggestions": 2_000, "objection": 200, "objection_weight": 24, "objection_answer": 200, "prospects": 200,
          "competitor": 200, "credit_to": 24, "credit_change": 200, "summary": 200, "next_step": 200}
CHOSEN: dict[str, Any] = {"met_decision_power": DecisionPower, "objection_weight": ObjectionWeight,
                          "credit_to": CreditLevel}
NEXT = ("1", "3", "7", "rule", "own", "none")
NO_NEXT = (VisitResult.REFUSED,)  # results after which no contact is proposed


@dataclass
class LogForm:
    """What the form says, as text; `errors` by field. A fresh one carries the proposals."""

    channel: str = Channel.PHONE.value
    result: str = ""
    satisfaction: str = ""
    notes: list[str] = field(default_factory=list)
    content: str = ""
    next: str = ""
    own: str = ""
    promise: str = ""
    promise_due: str = ""
    gift: str = ""
    gift_count: str = "1"
    gift_value: str = ""
    minutes: str = ""
    call_minutes: str = ""
    confirmed: bool = False
    report: dict[str, str] = field(default_factory=dict)  # by column of the visit; what is empty is not there
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def typed(cls, form: Any) -> LogForm:
        """The form as it was sent, trimmed to what a column holds."""
        def one(name: str, most: int = 200) -> str:
            return str(form.get(name, "")).strip()[:most]

        return cls(channel=one("channel", 24), result=one("result", 24), satisfaction=one("satisfaction", 2),
                   notes=[text.strip()[:60] for text in form.getlist("note")][:12], content=one("content", MOST_TEXT),
                   next=one("next", 8), own=one("own", 10), promise=one("promise"), promise_due=one("promise_due", 10),
                   gift=one("gift", 80), gift_count=one("gift_count", 4), gift_value=one("gift_value", 12),
                   minutes=one("minutes", 4), call_minutes=one("call_minutes", 4),
                   confirmed=form.get("confirmed") == "1",
                   report={name: said for name, most in REPORT.items() if (said := one(name, most))})

    def untouched(self) -> LogForm:
        """The same form with nothing but what was proposed."""
        return LogForm(channel=self.channel, result=self.result, next=self.next, confirmed=self.confirmed)

    @property
    def folded(self) -> bool:
        """Whether the part with promise, gift and guidance may stay closed."""
        return not (self.promise or self.gift or self.minutes or {"promise", "promise_due", "gift", "gift_count",
                                                                  "gift_value", "minutes"} & self.errors.keys())

    def words(self) -> str:
        """The content of the visit: the notes chosen, then what was written."""
        chosen = [note for note in dict.fromkeys(self.notes) if note and note not in self.content]
        return "\n".join(part for part in ("；".join(chosen), self.content) if part)

    def refuse(self, error: RuleError) -> None:
        """Put a rule's sentence at its field, or over the form."""
        names = {"next_on": "next", "guidance_minutes": "minutes", "what": "promise", "due_on": "promise_due",
                 "name": "gift", "quantity": "gift_count", "value": "gift_value"}
        self.errors[names.get(error.field or "", error.field or "form")] = str(error.message)


def purpose_of(task: Any, customer: Any) -> Purpose:
    """Why the customer is contacted: the task's purpose, else by the stage of the customer."""
    if task is not None:
        return Purpose(task.purpose)
    return Purpose.CARE if str(customer.stage) in ("owner", "lost") else Purpose.SALES


def results_for(purpose: Purpose) -> tuple[VisitResult, ...]:
    """The results to choose from, the likeliest first."""
    return SALES_RESULTS if purpose in (Purpose.SALES, Purpose.CAMPAIGN) else CARE_RESULTS


def done_for(purpose: Purpose) -> VisitResult:
    """The result of a call that went as it should, where nobody says more."""
    return VisitResult.TALKED if results_for(purpose) is SALES_RESULTS else VisitResult.SOLVED


def notes_for(purpose: Purpose) -> list[str]:
    """The short notes to choose from."""
    return [str(note) for note in NOTES.get(purpose, CARE_NOTES)]


def next_chips(rule_day: dt.date | None, planned: dt.date | None, today: dt.date) -> list[tuple[str, str, str]]:
    """(value, label, day in words) of the answers to "Next contact". `planned`: the day of another open task."""
    chips = [(str(days), ngettext("+%(num)d day", "+%(num)d days", days),
              _day_words(today + dt.timedelta(days=days), today)) for days in (1, 3, 7)]
    if rule_day is not None:
        chips.append(("rule", _("By the rule"), _day_words(rule_day, today)))
    kept = ("none", _("No date"), _("not planned"))
    if planned:
        kept = ("none", _("As planned"), _day_words(planned, today))
    return [*chips, ("own", _("Own date"), _("choose")), kept]


def _day_words(day: dt.date, today: dt.date) -> str:
    near = (day - today).days < 8
    return weekday(day) if near else day.strftime("%m-%d") if day.year == today.year else day.isoformat()


def next_day(form: LogForm, rule_day: dt.date | None, today: dt.date) -> dt.date | None:
    """The chosen day of the next contact; None for none. Puts an error at the field where it cannot be read."""
    if form.next in ("1", "3", "7"):
        return today + dt.timedelta(days=int(form.next))
    if form.next == "rule":
        return rule_day
    if form.next == "own":
        day = read_day(form.own)
        if day is None or day < today:
            form.errors["next"] = _("Choose a day from today on.")
        return day
    return None


def read_day(text: str) -> dt.date | None:
    """A day like 2026-11-21, or None."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def whole(form: LogForm, name: str, least: int, most: int) -> int | None:
    """A whole number of the form within bounds; None for empty, an error at the field for anything else."""
    text = getattr(form, name)
    if not text:
        return None
    if text.isascii() and text.isdigit() and least <= int(text) <= most:
        return int(text)
    form.errors[name] = _("Give a whole number from %(least)s to %(most)s.", least=least, most=most)
    return None


def gift_of(form: LogForm) -> dict[str, Any] | None:
    """The columns of the gift that was given, None without one; errors stand in form.errors."""
    if not form.gift:
        if form.gift_value:
            form.errors["gift"] = _("Say what was given.")
        return None
    value = None
    if form.gift_value:
        try:
            value = round(Decimal(form.gift_value), 2)
        except InvalidOperation:
            value = None
        if value is None or not value.is_finite() or not 0 <= value <= 1_000_000:
            form.errors["gift_value"] = _("Give an amount in yuan.")
    return {"name": form.gift, "quantity": whole(form, "gift_count", 1, 1_000) or 1, "value": value}


def report_of(form: LogForm) -> dict[str, Any]:
    """The columns of the report that were filled in; an error at a choice that there is not."""
    found: dict[str, Any] = dict(form.report)
    for name, choices in CHOSEN.items():
        if name in found:
            found[name] = choices.find(found[name])
            if found[name] is None:
                form.errors[name] = _("Choose one of the list.")
    return found


def check(form: LogForm, today: dt.date) -> dict[str, Any]:
    """The columns of the visit that the form gives; errors stand in form.errors."""
    result = VisitResult.find(form.result)
    if result is None:
        form.errors["result"] = _("Choose what came of it.")
    channel = Channel.find(form.channel)
    if channel is None:
        form.errors["channel"] = _("Choose how you met.")
    due = read_day(form.promise_due)
    if form.promise and due is None:
        form.errors["promise_due"] = _("Say until when it is promised.")
    elif form.promise and due is not None and due < today:
        form.errors["promise_due"] = _("Choose a day from today on.")
    if form.promise_due and not form.promise:
        form.errors["promise"] = _("Say what was promised.")
    return {"result": result, "channel": channel, "satisfaction": whole(form, "satisfaction", 1, 5),
            "guidance_minutes": whole(form, "minutes", 1, 600),
            "call_minutes": whole(form, "call_minutes", 1, LONGEST_CALL), "content": form.words() or None,
            **report_of(form)}


def proposal(task: Any, rule_day: dt.date | None, planned: dt.date | None, given: Mapping[str, str]) -> LogForm:
    """A fresh form: the task's channel, the rule's next day, else what is planned already, else a week from now.

    `given` may choose a result (a quick answer).
    """
    channel = task.channel if task is not None and task.channel else Channel.PHONE
    ready = {one.value for one, _icon in CHANNELS}
    result = VisitResult.find(given.get("result"))
    following = "none" if result in NO_NEXT else "rule" if rule_day is not None else "none" if planned else "7"
    return LogForm(channel=str(channel.value) if channel.value in ready else Channel.PHONE.value,
                   result=result.value if result else "", next=following, confirmed=asks_to_confirm(task))


def asks_to_confirm(task: Any) -> bool:
    """Whether the task is there to have a file confirmed: then the tick stands ready."""
    return task is not None and task.trigger == Trigger.FILE_STALE
