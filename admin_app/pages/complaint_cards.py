"""Complaints as the board shows them: lanes, tickets, and the clocks in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import selectinload

from admin_app import access, look
from admin_app.choices import ComplaintLevel, ComplaintState, FollowUpState, StepKind
from admin_app.clock import at, local_day
from admin_app.database import db
from admin_app.models import Complaint, ComplaintStep, FollowUp, Store, User
from admin_app.pages.complaint_steps import FORMS, more_of, next_of
from admin_app.rules.complaints import clock
from admin_app.rules.complaints.clocks import Clock
from admin_app.rules.complaints.people import allowed, handlers_of, names

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

    complaint: Complaint
    clock: Clock | None
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

    def __init__(self, user: User, actor: access.Actor, now: dt.datetime) -> None:
        self.user, self.actor, self.now = user, actor, now
        self.rows = list(db.session.execute(
            sa.select(*(getattr(Complaint, name) for name in READ)).where(Complaint.state != S.CLOSED)
            .order_by(Complaint.received_at, Complaint.id)))
        stores = {store.id: store for store in db.session.scalars(sa.select(Store))}
        self.clocks = {one.id: clock(one, stores[one.store_id], now) for one in self.rows}
        self.callers = _callers([one.id for one in self.rows if one.state == S.FINISHED])
        self.hands = handlers_of(db.session, self.rows)
        self.names = names(db.session, {*self.callers.values(), *(one.owner_id for one in self.rows),
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

    def lanes(self, rows: list[Any], store: Store) -> list[Lane]:
        """The lanes with their tickets, what presses most on top."""
        shares = {one.id: running.share if (running := self.clocks[one.id]) else 0.0 for one in rows}
        found = []
        for state, label, name in LANES:
            pressing = sorted((one.id for one in rows if one.state == state), key=lambda key: -shares[key])
            tickets = [self._ticket(one) for one in _whole(pressing[:MOST_IN_LANE])]
            found.append(Lane(state, label, limit_words(name, store), tickets, len(pressing) - len(tickets)))
        return found

    def _ticket(self, one: Complaint) -> Ticket:
        who = self.callers.get(one.id, one.owner_id) if one.state == S.FINISHED else one.owner_id
        offered = allowed(one, self.user, self.actor.roles, self.hands[one.id], (*next_of(one), *more_of(one)))
        steps = [(FORMS[verb].label, verb) for verb, yes, _why in offered if yes]
        return Ticket(one, self.clocks[one.id], self.names.get(who or 0, ""), self._marks(one), steps)

    def _marks(self, one: Complaint) -> list[str]:
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


def _whole(keys: list[int]) -> list[Complaint]:
    """The complaints with these keys, in this order, with what a ticket shows."""
    found = {one.id: one for one in db.session.scalars(
        sa.select(Complaint).where(Complaint.id.in_(keys)).options(
            selectinload(Complaint.customer), selectinload(Complaint.vehicle),
            selectinload(Complaint.store)))} if keys else {}
    return [found[key] for key in keys if key in found]


def limit_words(name: str, store: Store) -> str:
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


def _callers(complaint_ids: list[int]) -> dict[int, int | None]:
    """complaint → who is to call back, as far as the person may see the task."""
    if not complaint_ids:
        return {}
    rows = db.session.execute(sa.select(FollowUp.source_id, FollowUp.assignee_id).where(
        FollowUp.source_table == "complaint", FollowUp.source_id.in_(complaint_ids),
        FollowUp.state.in_([FollowUpState.OPEN, FollowUpState.SNOOZED])))
    return {int(complaint_id or 0): user_id for complaint_id, user_id in rows}


def caller_of(complaint: Complaint) -> str:
    """The name of who is to call back; empty where nobody is named."""
    caller = _callers([complaint.id]).get(complaint.id)
    return names(db.session, {caller}).get(caller or 0, "")


def month(now: dt.datetime) -> tuple[dt.date, int, int, int]:
    """(first day, complaints closed, re-callbacks that were satisfied, re-callbacks answered) of this month."""
    first = local_day(now).replace(day=1)
    closed = db.session.scalar(sa.select(sa.func.count(Complaint.id)).where(Complaint.closed_at >= at(first, 0))) or 0
    answers: dict[Any, int] = dict(db.session.execute(
        sa.select(ComplaintStep.kind, sa.func.count(ComplaintStep.id)).where(
            ComplaintStep.kind.in_([StepKind.RECALL_SATISFIED, StepKind.RECALL_NOT_SATISFIED]),
            ComplaintStep.at >= at(first, 0)).group_by(ComplaintStep.kind)).all())
    satisfied = answers.get(StepKind.RECALL_SATISFIED, 0)
    return first, closed, satisfied, satisfied + answers.get(StepKind.RECALL_NOT_SATISFIED, 0)
