"""What a row counts for, and for whom: one description for the row in hand (Python) and for the whole table (SQL).

A part belongs to the rows of one table. `row` below is the row's values or the table's columns; of a row that hangs
on another one (a step on its complaint, a guest on the campaign) that one is row.parent. The definitions are those of
sources.py; tests hold the two equal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from admin_app.choices import (
    Channel,
    FollowUpState,
    MemberState,
    PromiseState,
    RepairState,
    StepKind,
    VisitState,
)
from admin_app.models import (
    Campaign,
    CampaignMember,
    Complaint,
    ComplaintStep,
    FollowUp,
    Promise,
    RepairOrder,
    Vehicle,
    Visit,
)
from admin_app.rules.scores.sources import CALLS, REACHED, SATISFIED, WAITING
from admin_app.rules.scores.sources_service import CAME, LED, MENDING
from admin_app.rules.scores.tongue import (
    Days,
    among,
    at_least,
    differs,
    every,
    given,
    in_cents,
    missing,
    missing_or,
    no,
    not_after,
    same,
    yes,
)

Tallies = dict[str, Any]
ANSWERS = [StepKind.RECALL_SATISFIED, StepKind.RECALL_NOT_SATISFIED]
RECALLS = [*ANSWERS, StepKind.RECALL_FAILED]


@dataclass(frozen=True)
class Facts:
    """What a part must know beside the row: the calendar, and the rules that ask for the first contact of a lead."""

    days: Days
    new_lead_rules: Any = field(default_factory=set)


@dataclass(frozen=True)
class Part:
    """Rows that count for the person in column `person` (of the parent where `by_parent`).

    day(row, facts): the day they count on. holds(row, facts): whether they count at all. tallies(row, facts): what
    they count for: tally → condition, or an amount for cents. parent: (model, link) of the row it hangs on.
    """

    model: Any
    person: str
    day: Callable[[Any, Facts], Any]
    holds: Callable[[Any, Facts], Any]
    tallies: Callable[[Any, Facts], Tallies]
    by_parent: bool = False
    parent: tuple[Any, str] | None = None

    @property
    def table(self) -> str:
        return str(self.model.__tablename__)

    def whose(self, row: Any) -> Any:
        """The person for whom the row counts: a key or the column."""
        return getattr(row.parent if self.by_parent else row, self.person)

    def counted(self, row: Any, facts: Facts) -> Tallies | None:
        """tally → number of one row in hand; None where it counts for nobody."""
        if self.whose(row) is None or not self.holds(row, facts):
            return None
        return {name: int(number) for name, number in self.tallies(row, facts).items() if number}


def _live(row: Any) -> Any:
    return missing(row.deleted_at)


# ---------------------------------------------------------------- keeping contact


def _visit(row: Any, facts: Facts) -> Tallies:
    asked = every(yes(row.outbound), given(row.result))
    call, callback = every(asked, same(row.channel, Channel.PHONE)), every(asked, among(row.channel, CALLS))
    reached = among(row.result, REACHED)
    return {"visits": same(row.state, VisitState.DONE),
            "calls": call, "calls_reached": every(call, reached),
            "callbacks": callback, "callbacks_reached": every(callback, reached),
            "rated": given(row.satisfaction), "rated_well": at_least(row.satisfaction, SATISFIED)}


def _task(row: Any, facts: Facts) -> Tallies:
    done = same(row.state, FollowUpState.DONE)
    return {"tasks_done": done, "tasks_timely": every(done, not_after(facts.days.of(row.closed_at), row.due_on)),
            "tasks_waiting": among(row.state, WAITING)}


def _first_contact(row: Any, facts: Facts) -> Tallies:
    done = same(row.state, FollowUpState.DONE)
    return {"firsts_done": done, "firsts_timely": every(done, not_after(row.closed_at, row.due_at)),
            "firsts_waiting": among(row.state, WAITING)}


def _promise(row: Any, facts: Facts) -> Tallies:
    return {"promises_kept": same(row.state, PromiseState.KEPT), "promises_open": same(row.state, PromiseState.OPEN),
            "promises_broken": same(row.state, PromiseState.BROKEN)}


# ---------------------------------------------------------------- complaints, selling, serving


def _recall(row: Any, facts: Facts) -> Tallies:
    return {"recalls": among(row.kind, ANSWERS), "recalls_satisfied": same(row.kind, StepKind.RECALL_SATISFIED)}


def _recalled(row: Any, facts: Facts) -> Tallies:
    due = row.parent.recall_due_on
    return {"recalled": among(row.kind, RECALLS),
            "recalled_timely": every(among(row.kind, RECALLS),
                                     missing_or(due, not_after(facts.days.of(row.at), due)))}


def _car(row: Any, facts: Facts) -> Tallies:
    return {"cars": yes(row.bought_here), "cars_priced": given(row.price), "cents": in_cents(row.price)}


def _order(row: Any, facts: Facts) -> Tallies:
    mended = among(row.kind, MENDING)
    return {"orders": same(row.state, RepairState.CLOSED), "orders_promised": given(row.promised_at),
            "orders_timely": every(given(row.promised_at), not_after(row.closed_at, row.promised_at)),
            "mended": mended, "mended_once": every(mended, no(row.same_fault)),
            "orders_rated": given(row.satisfaction), "orders_rated_well": at_least(row.satisfaction, SATISFIED)}


# ---------------------------------------------------------------- campaigns


def _invited(row: Any, facts: Facts) -> Tallies:
    return {"invited": no(row.holdout), "invited_came": among(row.state, CAME)}


def _guest(row: Any, facts: Facts) -> Tallies:
    return {"guests": no(row.holdout), "guests_came": among(row.state, CAME), "guests_led": among(row.state, LED),
            "guests_dealt": same(row.state, MemberState.DEAL), "guests_rated": given(row.feedback),
            "guests_rated_well": at_least(row.feedback, SATISFIED)}


def _whole(row: Any, facts: Facts) -> Any:
    return every(_live(row), _live(row.parent))


def _is_guest(row: Any, facts: Facts) -> Any:
    return every(_whole(row, facts), no(row.holdout))


PARTS: tuple[Part, ...] = (
    Part(Visit, "staff_id", lambda row, facts: facts.days.of(row.at),
         lambda row, facts: every(_live(row), same(row.state, VisitState.DONE)), _visit),
    Part(FollowUp, "assignee_id", lambda row, facts: row.due_on, lambda row, facts: _live(row), _task),
    Part(FollowUp, "assignee_id", lambda row, facts: facts.days.of(row.due_at),
         lambda row, facts: every(_live(row), among(row.rule_id, facts.new_lead_rules)), _first_contact),
    Part(Promise, "by_id", lambda row, facts: row.due_on, lambda row, facts: _live(row), _promise),
    Part(Vehicle, "sold_by_id", lambda row, facts: row.bought_on,
         lambda row, facts: every(_live(row), given(row.bought_on), yes(row.bought_here)), _car),
    Part(RepairOrder, "advisor_id", lambda row, facts: facts.days.of(row.closed_at),
         lambda row, facts: every(_live(row), given(row.closed_at), same(row.state, RepairState.CLOSED)), _order),
    Part(Complaint, "responsible_id", lambda row, facts: facts.days.of(row.received_at),
         lambda row, facts: _live(row), lambda row, facts: {"complaints": given(row.received_at)}),
    Part(ComplaintStep, "owner_id", lambda row, facts: facts.days.of(row.at),
         lambda row, facts: every(_whole(row, facts), among(row.kind, ANSWERS)), _recall,
         by_parent=True, parent=(Complaint, "complaint_id")),
    Part(ComplaintStep, "by_id", lambda row, facts: facts.days.of(row.at),
         lambda row, facts: every(_whole(row, facts), among(row.kind, RECALLS)), _recalled,
         parent=(Complaint, "complaint_id")),
    Part(CampaignMember, "invited_by_id", lambda row, facts: facts.days.of(row.parent.ends_at), _is_guest, _invited,
         parent=(Campaign, "campaign_id")),
    Part(CampaignMember, "owner_id", lambda row, facts: facts.days.of(row.parent.ends_at), _is_guest, _guest,
         by_parent=True, parent=(Campaign, "campaign_id")),
)

# The columns that decide, by table; a change of any other one changes no score.
NEEDED: dict[str, tuple[str, ...]] = {
    "visit": ("store_id", "deleted_at", "state", "staff_id", "at", "channel", "outbound", "result", "satisfaction",
              "customer_id"),
    "followup": ("store_id", "deleted_at", "state", "assignee_id", "due_on", "due_at", "closed_at", "rule_id"),
    "promise": ("store_id", "deleted_at", "state", "by_id", "due_on"),
    "vehicle": ("store_id", "deleted_at", "sold_by_id", "bought_on", "bought_here", "price"),
    "repair_order": ("store_id", "deleted_at", "state", "advisor_id", "closed_at", "promised_at", "kind",
                     "same_fault", "satisfaction", "customer_id", "opened_at"),
    "complaint": ("store_id", "deleted_at", "owner_id", "responsible_id", "received_at", "finished_at", "imported",
                  "recall_due_on"),
    "complaint_step": ("store_id", "deleted_at", "complaint_id", "kind", "at", "by_id"),
    "campaign": ("store_id", "deleted_at", "owner_id", "ends_at"),
    "campaign_member": ("store_id", "deleted_at", "campaign_id", "invited_by_id", "holdout", "state", "feedback"),
    "customer": ("store_id", "deleted_at", "owner_id", "advisor_id", "stage", "created_at", "completeness"),
    "followup_rule": ("trigger", "deleted_at"),
    "store": ("opens", "closes", "acknowledge_minutes", "understand_minutes", "propose_minutes", "finish_minutes"),
}


def of_table(table: str) -> Iterator[Part]:
    """The parts of one table."""
    return (part for part in PARTS if part.table == table)


def values_of(table: str, row: Any, key: int | None = None) -> SimpleNamespace:
    """The columns that decide, of a record, a mapping or a result row."""
    read = row.__getitem__ if hasattr(row, "keys") else lambda name: getattr(row, name)
    found = SimpleNamespace(**{name: read(name) for name in NEEDED[table]})
    found.id = key
    return found


def stays(row: Any) -> Any:
    """A customer who is kept: on file and not lost."""
    from admin_app.choices import Stage

    return every(_live(row), differs(row.stage, Stage.LOST))
