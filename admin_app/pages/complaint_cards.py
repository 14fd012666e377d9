"""Complaints as the board shows them: lanes, tickets, and the clocks in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from admin_app import access, fresh, look, people, prepared
from admin_app.choices import ComplaintLevel, ComplaintState, FollowUpState, StepKind
from admin_app.clock import at, local_day
from admin_app.database import db
from admin_app.models import Complaint, ComplaintStep, Customer, FollowUp, Vehicle
from admin_app.pages.complaint_steps import FORMS, more_of, next_of
from admin_app.rules.clocks import Clock
from admin_app.rules.complaints import clock
from admin_app.rules.complaints.people import allowed, handlers_of, names
from admin_app.rules.complaints.stations import OPEN

S = ComplaintState
HOUR, DAY = 60, 24 * 60
MOST_IN_LANE = 30  # tickets that a lane shows; the list has them all
TITLE = 42  # characters of a complaint on its ticket

LANES: tuple[tuple[ComplaintState, Any, str], ...] = (
    (S.RECEIVED, _l("Acknowledge"), "acknowledge_minutes"), (S.ACKNOWLEDGED, _l("Understand"), "understand_minutes"),
    (S.UNDERSTOOD, _l("Analyse"), "propose_minutes"), (S.ANALYSED, _l("Propose"), "propose_minutes"),
    (S.PROPOSED, _l("Carry out"), "finish_minutes"), (S.FINISHED, _l("Re-callback"), "recall_days"),
)


def span(minutes: int) -> str:
    """A length of time in words: 9 min, 1 h 42 min, 15 h. Never negative."""
    minutes = abs(minutes)
    if minutes < HOUR:
        return _("%(number)s min", number=minutes)
    hours, rest = divmod(minutes, HOUR)
    if hours < 10 and rest:
        return _("%(hours)s h %(minutes)s min", hours=hours, minutes=rest)
    return _("%(number)s h", number=hours)


def days(minutes: int) -> str:
    """Calendar time in words: 2 days, under a day in hours."""
    minutes = abs(minutes)
    return ngettext("%(num)d day", "%(num)d days", minutes // DAY) if minutes >= DAY else span(minutes)


def remaining(running: Clock) -> str:
    """What is left of a clock, or by how much it is over."""
    words = days(running.left) if running.calendar else span(running.left)
    return _("over by %(time)s", time=words) if running.late else _("%(time)s left", time=words)


def passed(running: Clock, complaint: Complaint) -> str:
    """How far the clock has run; once late, whom it was reported to."""
    if running.late and complaint.escalated_to:
        return reported(complaint)
    if running.calendar:
        return _("day %(number)s", number=running.used // DAY + 1)
    return _("%(time)s used", time=span(running.used))


def reported(complaint: Complaint) -> str:
    """Whom a late or major complaint has been reported to; empty where to nobody."""
    if complaint.escalated_to >= 2:
        return _("reported to the general manager")
    return _("reported to the manager") if complaint.escalated_to else ""


def tone(running: Clock | None) -> str:
    """late, soon or nothing: the colour of a clock."""
    return "" if running is None else "late" if running.late else "soon" if running.soon else ""


@dataclass
class Ticket:
    """One complaint on the board."""

    complaint: Any
    clock: Clock | None
    store: str
    person: str
    marks: list[str]
    steps: list[tuple[Any, str]]

    @property
    def title(self) -> str:
        said = " ".join(self.complaint.text.split())
        return said if len(said) <= TITLE else said[:TITLE - 1] + "…"

    @property
    def tone(self) -> str:
        return tone(self.clock)


@dataclass
class Lane:
    """One station of the board; `more` counts the tickets that did not find room."""

    state: ComplaintState
    label: Any
    limit: str
    tickets: list[Ticket] = field(default_factory=list)
    more: int = 0

    @property
    def count(self) -> int:
        return len(self.tickets) + self.more


# What the counts and clocks of a board need; the whole rows are read for the tickets that are shown.
READ = ("id", "store_id", "state", "level", "area", "owner_id", "responsible_id", "created_by_id", "created_at",
        "imported", "loops", "received_at", "acknowledged_at", "understood_at", "proposed_at", "finished_at",
        "finished_by_id", "recalled_at")


class Board:
    """The open complaints that a person may see, with their clocks."""

    def __init__(self, user_id: int, actor: access.Actor, now: dt.datetime) -> None:
        self.user, self.actor, self.now = SimpleNamespace(id=user_id), actor, now
        self.rows = prepared.few(db.session, "board", lambda: sa.select(
            *(getattr(Complaint, name) for name in READ)).where(OPEN)
            .order_by(Complaint.received_at, Complaint.id))
        self.clocks = {one.id: clock(one, people.store_of(one.store_id), now) for one in self.rows}
        self.callers = _recallers() if any(one.state == S.FINISHED for one in self.rows) else {}
        self.hands = handlers_of(db.session, self.rows)
        self.names = _names({*self.callers.values(), *(one.owner_id for one in self.rows),
                             *(one.finished_by_id for one in self.rows)})

    def shown(self, name: str) -> list[Any]:
        """The complaints behind a chip."""
        return [one for one in self.rows if SHOWS[name](self, one)]

    def mine(self, complaint: Any) -> bool:
        """In my charge, handled or taken in by me, or mine to call back."""
        return self.user.id in {*self.hands[complaint.id], complaint.created_by_id, self.callers.get(complaint.id)}

    def late(self, complaint: Any) -> bool:
        running = self.clocks[complaint.id]
        return running is not None and running.late

    def lanes(self, rows: list[Any], store: Any) -> list[Lane]:
        """The lanes with their tickets, what presses most on top."""
        shares = {one.id: running.share if (running := self.clocks[one.id]) else 0.0 for one in rows}
        pressing = {state: sorted((one.id for one in rows if one.state == state), key=lambda key: -shares[key])
                    for state, _label, _name in LANES}
        shown = _whole([key for keys in pressing.values() for key in keys[:MOST_IN_LANE]])
        found = []
        for state, label, name in LANES:
            tickets = [self._ticket(shown[key]) for key in pressing[state][:MOST_IN_LANE] if key in shown]
            found.append(Lane(state, label, limit_words(name, store), tickets, len(pressing[state]) - len(tickets)))
        return found

    def _ticket(self, one: Any) -> Ticket:
        who = self.callers.get(one.id, one.owner_id) if one.state == S.FINISHED else one.owner_id
        store = people.store_of(one.store_id)
        offered = allowed(one, self.user, self.actor.roles, self.hands[one.id], (*next_of(one, store), *more_of(one)),
                          db.session)
        steps = [(FORMS[verb].label, verb) for verb, yes, _why in offered if yes]
        return Ticket(one, self.clocks[one.id], store.name, self.names.get(who or 0, ""), self._marks(one), steps)

    def _marks(self, one: Any) -> list[str]:
        """The quiet badges of a ticket."""
        marks = [look.label_of(one.channel)] if one.state == S.RECEIVED else []
        if one.cause and one.state in (S.ANALYSED, S.PROPOSED):
            marks.append(look.label_of(one.cause))
        if one.loops:
            marks.append(_("round %(number)s", number=one.loops + 1))
        if one.state == S.FINISHED and one.recall_attempts:
            marks.append(ngettext("not reached once", "not reached %(num)d times", one.recall_attempts))
        elif one.finished_by_id in self.names:
            marks.append(_("handled by %(name)s", name=self.names[one.finished_by_id]))
        return marks


# What a ticket and the steps that it offers look at.
TICKET = ("id", "store_id", "customer_id", "state", "level", "area", "text", "channel", "cause", "loops",
          "recall_attempts", "owner_id", "responsible_id", "finished_by_id", "escalated_to", "compensation",
          "user_cause_approved_by_id", "compensation_approved_by_id")


def _whole(keys: list[int]) -> dict[int, Any]:
    """The complaints with these keys as plain rows, with `customer` and `car`, each as far as it may be seen."""
    found: dict[int, Any] = {}
    most = prepared.SIZES[-1]
    for first in range(0, len(keys), most):
        size, named = prepared.many("complaint", keys[first:first + most])
        rows = prepared.few(db.session, ("tickets", size), lambda size=size: sa.select(  # type: ignore[misc]
            *(getattr(Complaint, name) for name in TICKET), Customer.name.label("customer"),
            Vehicle.model.label("car")).join_from(
            Complaint, Customer, Customer.id == Complaint.customer_id, isouter=True).join_from(
            Complaint, Vehicle, Vehicle.id == Complaint.vehicle_id, isouter=True).where(
            prepared.one_of(Complaint.id, "complaint", size)), **named)
        found |= {row.id: row for row in rows}
    return found


def _names(keys: set[int | None]) -> dict[int, str]:
    """names() of the complaint's rules; colleagues whom the directory knows are not asked for again."""
    known = {key: name for key in keys if key and (name := people.name_of(key))}
    return known | names(db.session, keys - known.keys())


def limit_words(name: str, store: Any) -> str:
    """The limit of a lane as a store has set it."""
    number = getattr(store, name)
    return ngettext("%(num)d day", "%(num)d days", number) if name == "recall_days" else span(number)


SHOWS: dict[str, Callable[[Board, Any], bool]] = {
    "all": lambda board, one: True, "mine": Board.mine, "late": Board.late,
    "major": lambda board, one: one.level == ComplaintLevel.MAJOR,
    "sales": lambda board, one: one.area == "sales", "service": lambda board, one: one.area == "service",
    "other": lambda board, one: one.area == "other",
}
SHOW_LABELS: dict[str, Any] = {
    "all": _l("All"), "mine": _l("Mine"), "late": _l("Overdue"), "major": _l("Major"), "sales": _l("Sales"),
    "service": _l("Service"), "other": _l("Other"),
}


def _recallers() -> dict[int, int | None]:
    """complaint → who is to call back, of all that wait for it, as far as the person may see the task."""
    rows = prepared.few(db.session, "re-callers", lambda: _recalls().where(Complaint.state == S.FINISHED))
    return {row.id: row.assignee_id for row in rows}


def _recalls() -> Any:
    """The open tasks to call back. They lie with the customer of their complaint, by whom they are found."""
    return sa.select(Complaint.id, FollowUp.assignee_id).join_from(Complaint, FollowUp, sa.and_(
        FollowUp.customer_id == Complaint.customer_id, FollowUp.source_table == "complaint",
        FollowUp.source_id == Complaint.id, FollowUp.state.in_([FollowUpState.OPEN, FollowUpState.SNOOZED])))


def caller_of(complaint: Complaint) -> str:
    """The name of who is to call back; empty where nobody is named."""
    found = prepared.few(db.session, "re-caller", lambda: _recalls().where(Complaint.id == prepared.given("complaint")),
                         complaint=complaint.id)
    caller = found[-1].assignee_id if found else None
    return names(db.session, {caller}).get(caller or 0, "")


def month(now: dt.datetime) -> tuple[dt.date, int, int, int]:
    """(first day, complaints closed, re-callbacks that were satisfied, re-callbacks answered) of this month."""
    first = local_day(now).replace(day=1)
    closed, satisfied, not_satisfied = fresh.kept(
        ("month", access.standing(access.current())),
        lambda: prepared.few(db.session, ("month", first), lambda: _month(at(first, 0)))[0])
    return first, closed, satisfied, satisfied + not_satisfied


def _month(begins: dt.datetime) -> Any:
    closed = sa.select(sa.func.count(Complaint.id)).where(Complaint.closed_at >= begins)
    answers = [sa.select(sa.func.count(ComplaintStep.id)).where(ComplaintStep.kind == kind, ComplaintStep.at >= begins)
               for kind in (StepKind.RECALL_SATISFIED, StepKind.RECALL_NOT_SATISFIED)]
    return sa.select(closed.scalar_subquery(), *(one.scalar_subquery() for one in answers))
