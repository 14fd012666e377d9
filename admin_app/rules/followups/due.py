"""The due list: whom to contact, what is overdue, the order by urgency and value, the progress of the day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from admin_app import clock, prepared
from admin_app.choices import FollowUpState, Grade, OffsetUnit, Purpose, Tier, Trigger
from admin_app.models import Customer, FollowUp, FollowUpRule
from admin_app.rules.followups.blocking import MARKETING
from admin_app.rules.followups.tasks import OPEN_STATES

DUE = ("overdue", "today", "week", "all")
WEEK = 7  # days of "week", today included
# What comes first among tasks due at the same time (default).
URGENCY = (Purpose.COMPLAINT, Purpose.PROMISE, Purpose.SALES, Purpose.DELIVERY, Purpose.SERVICE, Purpose.CARE,
           Purpose.CAMPAIGN, Purpose.GREETING)
# What starts a clock in hours or minutes that comes before everything else (default).
CLOCKED = (Trigger.NEW_LEAD, Trigger.INQUIRY, Trigger.SHOWROOM)
GRADES = (Grade.H, Grade.A, Grade.B, Grade.C, Grade.N)

_customers = Customer.__table__.alias("due_customer")
_rules = FollowUpRule.__table__.alias("clock_rule")


def due_query(now: dt.datetime, *, due: str = "today", assignee_ids: Collection[int | None] | None = None,
              reason: str | None = None) -> Any:
    """Select of the open tasks, unordered (see order()), within the scope of whoever runs it.

    due: overdue (before today), today, week (today and the six days after), all. assignee_ids None: everybody's;
    a None among them: nobody's. reason: the code of a rule. A deleted customer, or marketing for one who opted out,
    is never due. Raises ValueError for another word of `due`.
    """
    today = clock.local_day(now)
    statement = sa.select(FollowUp).join_from(FollowUp, _customers, _customers.c.id == FollowUp.customer_id).where(
        FollowUp.state.in_(OPEN_STATES), FollowUp.deleted_at.is_(None), *_open_to())
    statement = statement.where(*_within(due, today))
    if assignee_ids is not None:
        statement = statement.where(_of(assignee_ids))
    if reason:
        rule = sa.select(FollowUpRule.id).where(FollowUpRule.code == reason)
        statement = statement.where(FollowUp.rule_id.in_(rule))
    return statement


def _of(people: Collection[int | None]) -> Any:
    known = [one for one in people if one is not None]
    mine = FollowUp.assignee_id.in_(known)
    if len(known) == len(people):
        return mine
    return sa.or_(mine, FollowUp.assignee_id.is_(None)) if known else FollowUp.assignee_id.is_(None)


def _within(due: str, today: dt.date) -> list[Any]:
    if due == "overdue":
        return [FollowUp.due_on < today]
    if due == "today":
        return [FollowUp.due_on == today]
    if due == "week":
        return [FollowUp.due_on >= today, FollowUp.due_on < today + dt.timedelta(days=WEEK)]
    if due == "all":
        return []
    raise ValueError(f"due: {due!r} is none of {', '.join(DUE)}")


def _open_to() -> list[Any]:
    """Neither is the task's customer in the recycle bin, nor is it marketing for one who wants none."""
    c = _customers.c
    return [c.deleted_at.is_(None), sa.or_(
        sa.and_(sa.not_(c.do_not_disturb), sa.not_(c.marketing_withdrawn)), FollowUp.purpose.not_in(MARKETING))]


def order(statement: Any) -> Any:
    """The tasks of due_query(), the most urgent first: those on whom a customer is waiting (CLOCKED, in hours or
    minutes, unless snoozed), then by due time, then purpose, then the customer's grade and value tier."""
    c = _customers.c
    clocked = sa.and_(FollowUp.state == FollowUpState.OPEN,
                      FollowUp.rule_id.in_(
        sa.select(_rules.c.id).where(_rules.c.unit != OffsetUnit.DAYS, _rules.c.trigger.in_(CLOCKED))))
    return statement.order_by(
        sa.case((clocked, 0), else_=1), FollowUp.due_at, _rank(FollowUp.purpose, URGENCY), _rank(c.grade, GRADES),
        _rank(c.tier, tuple(Tier)), FollowUp.id)


def _rank(column: Any, members: tuple[Any, ...]) -> Any:
    return sa.case(*[(column == member, place) for place, member in enumerate(members)], else_=len(members))


def progress(session: Any, user_id: int, now: dt.datetime) -> tuple[int, int]:
    """(done today, done today + still due today or overdue) of one person."""
    lines, finished = day_of(session, user_id, now)
    return finished, finished + sum(line.owed for line in lines)


def day_of(session: Any, user_id: int, now: dt.datetime) -> tuple[list[Line], int]:
    """tally() and done_today() of one person, in one statement where anything is open."""
    session.flush()
    today = clock.local_day(now)
    begins, ends = clock.day_bounds(today)
    rows = prepared.few(session, ("day", today), lambda: _tally(today, None, now).add_columns(
        _done().scalar_subquery()).where(FollowUp.assignee_id == prepared.given("person")),
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
    """The open tasks of one rule (code and name; None without one), counted: owed are overdue and today together,
    unassigned are those of all that nobody has."""

    code: str | None
    name: str | None
    owed: int
    overdue: int
    today: int
    week: int
    unassigned: int
    all: int


def unassigned(session: Any, now: dt.datetime) -> int:
    """How many open tasks are nobody's, within the scope of whoever asks."""
    session.flush()
    count: int = prepared.few(session, "unassigned", lambda: due_query(
        now, due="all", assignee_ids=[None]).with_only_columns(sa.func.count(FollowUp.id)))[0][0]
    return count


def tally(session: Any, assignee_ids: Collection[int | None] | None, now: dt.datetime) -> list[Line]:
    """The open tasks of some people (None: everybody) by rule, in the order of the rules' names, in one statement."""
    session.flush()
    today = clock.local_day(now)
    whose = None if assignee_ids is None else tuple(assignee_ids)
    rows = prepared.few(session, ("tally", today, whose), lambda: _tally(today, whose, now))
    return [Line._make(row) for row in rows]


def _tally(today: dt.date, whose: Collection[int | None] | None, now: dt.datetime) -> Any:
    day = FollowUp.due_on
    parts = [day <= today, day < today, day == today,
             sa.and_(day >= today, day < today + dt.timedelta(days=WEEK)), FollowUp.assignee_id.is_(None)]
    counts = [sa.func.sum(sa.case((part, 1), else_=0)) for part in parts]
    return due_query(now, due="all", assignee_ids=whose).with_only_columns(
        FollowUpRule.code, FollowUpRule.name, *counts, sa.func.count(FollowUp.id)).join_from(
        FollowUp, FollowUpRule, FollowUpRule.id == FollowUp.rule_id, isouter=True).group_by(
        FollowUpRule.code, FollowUpRule.name).order_by(FollowUpRule.name)
