"""The due list: whom to contact, what is overdue, the order by urgency and value, the progress of the day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from admin_app import clock, prepared
from admin_app.choices import FollowUpState, Trigger
from admin_app.models import DueTask, FollowUp, FollowUpRule

DUE = ("overdue", "today", "week", "all", "blocked")
# What makes a customer wait for us: his task comes before everything else on the due list (default).
CLOCKED = (Trigger.NEW_LEAD, Trigger.INQUIRY, Trigger.SHOWROOM)
WEEK = 7  # days of "week", today included
# SQLite does not know how the rows are spread and is told which index has what is asked for.
BY_PERSON, EVERYBODY, BY_DAY = (f"INDEXED BY ix_due_task_{name}" for name in ("person", "order", "day"))


def due_query(now: dt.datetime, *, due: str = "today", assignee_ids: Collection[int | None] | None = None,
              reason: str | None = None) -> Any:
    """Select of the open tasks, unordered (see order()), within the scope of whoever runs it.

    due: overdue (before today), today, week (today and the six days after), all, owed (overdue and today); blocked:
    those that the contact cap holds back today, which are in none of the others. assignee_ids None: everybody's;
    [None]: nobody's. reason: the code of a rule. A deleted customer, or marketing for one who opted out, is never due:
    due_index.py leaves them out. Raises ValueError for another word of `due`.
    """
    statement = sa.select(FollowUp).join_from(DueTask, FollowUp, FollowUp.id == DueTask.id).with_hint(
        DueTask, EVERYBODY if assignee_ids is None else BY_PERSON, "sqlite")
    return statement.where(*_asked(clock.local_day(now), due, assignee_ids, reason))


def _asked(today: dt.date, due: str, assignee_ids: Collection[int | None] | None,
           reason: str | None) -> list[Any]:
    found = _within(due, today)
    if assignee_ids is not None:
        found.append(_whose(assignee_ids))
    if reason:
        found.append(DueTask.rule_id.in_(sa.select(FollowUpRule.id).where(FollowUpRule.code == reason)))
    return found


def _whose(people: Collection[int | None]) -> Any:
    """Whose tasks; one person's, or nobody's, by equality, so that the index has them in order."""
    return DueTask.assignee_id == next(iter(people)) if len(people) == 1 else DueTask.assignee_id.in_(list(people))


def _within(due: str, today: dt.date) -> list[Any]:
    day = DueTask.due_on
    if due == "blocked":
        return [DueTask.blocked_until > today]
    if due == "overdue":
        return [day < today, free(today)]
    if due == "today":
        return [day == today, free(today)]
    if due == "owed":
        return [day <= today, free(today)]
    if due == "week":
        return [day >= today, day < today + dt.timedelta(days=WEEK), free(today)]
    if due == "unassigned":
        return [DueTask.assignee_id.is_(None), free(today)]
    if due == "all":
        return [free(today)]
    raise ValueError(f"due: {due!r} is none of {', '.join(DUE)}")


def free(today: dt.date) -> Any:
    """Tasks that the contact cap does not hold back today, as a criterion."""
    return sa.or_(DueTask.blocked_until.is_(None), DueTask.blocked_until <= today)


def on_a_clock(today: dt.date) -> Any:
    """Tasks due by today on whose maker a customer is waiting, as a criterion; never NULL, so it may be negated."""
    rules = sa.select(FollowUpRule.id).where(FollowUpRule.trigger.in_(CLOCKED))
    return sa.and_(DueTask.rule_id.is_not(None), DueTask.rule_id.in_(rules), DueTask.due_on <= today)


def order(statement: Any, waiting_on: dt.date | None = None) -> Any:
    """The tasks of due_query(), the most urgent first: due time, then purpose, then the customer's grade and value
    tier (the urgency of due_index.py). `waiting_on` a day: those on a clock that day before all others, as the due list
    has them; no index serves that, so for the tasks of one person only."""
    first = [] if waiting_on is None else [sa.case((on_a_clock(waiting_on), 0), else_=1)]
    return statement.order_by(*first, DueTask.due_at, DueTask.urgency, DueTask.id)


def progress(session: Any, user_id: int, now: dt.datetime) -> tuple[int, int]:
    """(done today, done today + still due today or overdue) of one person."""
    lines, finished = day_of(session, user_id, now)
    return finished, finished + sum(line.owed for line in lines)


def day_of(session: Any, user_id: int, now: dt.datetime) -> tuple[list[Line], int]:
    """tally() and done_today() of one person, in one statement where anything is open."""
    session.flush()
    today = clock.local_day(now)
    begins, ends = clock.day_bounds(today)
    rows = prepared.few(session, ("day", today), lambda: _tally(
        today, [DueTask.assignee_id == prepared.given("person")], BY_PERSON).add_columns(_done().scalar_subquery()),
        person=user_id, begins=begins, ends=ends)
    if not rows:
        return [], done_today(session, user_id, now)
    return [Line._make(row[:-1]) for row in rows], rows[0][-1]


def _done() -> Any:
    mine = aliased(FollowUp)
    return sa.select(sa.func.count(mine.id)).where(
        mine.assignee_id == prepared.given("person"), mine.state == FollowUpState.DONE,
        mine.closed_at >= prepared.given("begins", FollowUp.closed_at.type),
        mine.closed_at < prepared.given("ends", FollowUp.closed_at.type))


def done_today(session: Any, user_id: int, now: dt.datetime) -> int:
    """How many tasks a person has done today."""
    session.flush()
    begins, ends = clock.day_bounds(clock.local_day(now))
    count: int = prepared.few(session, "done today", _done, person=user_id, begins=begins, ends=ends)[0][0]
    return count


class Line(NamedTuple):
    """The open tasks of one rule (code, name, trigger; None without one), counted: owed are overdue and today together,
    unassigned are those of all that nobody has, blocked those that the contact cap holds back, which count nowhere
    else."""

    code: str | None
    name: str | None
    trigger: str | None
    owed: int
    overdue: int
    today: int
    week: int
    unassigned: int
    all: int
    blocked: int


def unassigned(session: Any, now: dt.datetime) -> int:
    """How many open tasks are nobody's, within the scope of whoever asks."""
    session.flush()
    today = clock.local_day(now)
    count: int = prepared.few(session, ("unassigned", today), lambda: sa.select(sa.func.count(DueTask.id)).where(
        *_within("unassigned", today)).with_hint(DueTask, BY_PERSON, "sqlite"))[0][0]
    return count


def tally(session: Any, assignee_ids: Collection[int | None] | None, now: dt.datetime) -> list[Line]:
    """The open tasks of some people (None: everybody) by rule, in the order of the rules' names, in one statement."""
    session.flush()
    today = clock.local_day(now)
    whose = None if assignee_ids is None else tuple(assignee_ids)
    rows = prepared.few(session, ("tally", today, whose), lambda: _tally(
        today, [] if whose is None else [_whose(whose)], BY_DAY if whose is None else BY_PERSON))
    return [Line._make(row) for row in rows]


def _tally(today: dt.date, whose: list[Any], index: str) -> Any:
    """Counted by rule from the index of what is due alone; then the rules get their names."""
    counts = sa.select(DueTask.rule_id, *(
        sa.func.sum(sa.case((sa.and_(*_within(name, today)), 1), else_=0)).label(name)
        for name in Line._fields[3:])).where(*whose).with_hint(
        DueTask, index, "sqlite").group_by(DueTask.rule_id).subquery()
    numbers = [counts.c[name] for name in Line._fields[3:]]
    return sa.select(FollowUpRule.code, FollowUpRule.name, FollowUpRule.trigger, *numbers).select_from(counts).join(
        FollowUpRule, FollowUpRule.id == counts.c.rule_id, isouter=True).order_by(FollowUpRule.name)
