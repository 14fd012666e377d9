"""What a day asks for beyond the due list: birthdays, promises not kept, grades gone stale, and each person's load.

Every question is a select, so that a figure and the rows behind it are the same rows. Scopes are the gate's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from admin_app import clock, prepared
from admin_app.choices import BirthdayCalendar, ComplaintState, FollowUpState, PromiseState
from admin_app.models import Complaint, Customer, DueTask, FollowUp, Promise
from admin_app.rules.customers import BUYING, GRADE_WINDOW
from admin_app.rules.followups import calendar
from admin_app.rules.followups.due import free


def birthdays(today: dt.date, people: list[int] | None = None) -> Any:
    """Customers whose birthday, solar or lunar, is kept today; `people` None: of everybody."""
    key = sa.extract("month", Customer.birthday) * 100 + sa.extract("day", Customer.birthday)
    found = sa.select(Customer).where(
        Customer.birthday.is_not(None), sa.extract("year", Customer.birthday) < today.year, sa.or_(
            sa.and_(Customer.birthday_calendar == BirthdayCalendar.SOLAR, key.in_(calendar.solar_keys(today))),
            sa.and_(Customer.birthday_calendar == BirthdayCalendar.LUNAR, key.in_(calendar.lunar_keys(today)))))
    return found if people is None else found.where(
        sa.or_(Customer.owner_id.in_(people), Customer.advisor_id.in_(people)))


def broken_promises(today: dt.date, people: list[int] | None = None) -> Any:
    """Promises that were broken, or stand open past their day; `people`: those who promised."""
    found = sa.select(Promise).where(
        Promise.state.in_((PromiseState.BROKEN, PromiseState.OPEN)),  # said for the index: few of all promises
        sa.or_(Promise.state == PromiseState.BROKEN, Promise.due_on < today))
    return found if people is None else found.where(Promise.by_id.in_(people))


def stale_grades(today: dt.date, people: list[int] | None = None) -> Any:
    """Customers whose grade is older than its own window: customers.grade_is_stale() as a select."""
    graded = sa.func.coalesce(Customer.graded_on, Customer.registered_on)
    parts = [sa.and_(Customer.grade == grade, graded < today - dt.timedelta(days=days))
             for grade, days in GRADE_WINDOW.items()]
    found = sa.select(Customer).where(Customer.stage.in_(BUYING), sa.or_(*parts))
    return found if people is None else found.where(Customer.owner_id.in_(people))


def unlearned_complaints(since: dt.datetime) -> Any:
    """Complaints closed since a time without a word on what is learnt; imported ones left out."""
    return sa.select(Complaint).where(
        Complaint.state == ComplaintState.CLOSED, Complaint.closed_at >= since, Complaint.imported.is_(False),
        sa.or_(Complaint.lesson.is_(None), Complaint.lesson == ""))


def done_by(user_id: int, now: dt.datetime) -> Any:
    """The tasks that a person has done today."""
    begins, ends = clock.day_bounds(clock.local_day(now))
    return sa.select(FollowUp).where(FollowUp.assignee_id == user_id, FollowUp.state == FollowUpState.DONE,
                                     FollowUp.closed_at >= begins, FollowUp.closed_at < ends)


@dataclass(frozen=True)
class Load:
    """One person's day: done, due today, overdue; the tasks and customers kept, and how many each can keep."""

    user_id: int
    name: str
    done: int
    due: int
    overdue: int
    tasks_most: int
    customers: int
    customers_most: int

    @property
    def total(self) -> int:
        return self.done + self.due + self.overdue

    def shares(self) -> list[tuple[float, str]]:
        """Parts of the bar: a full bar is the day's capacity, or the load where that is more."""
        whole = max(self.tasks_most, self.total, 1)
        return [(self.done / whole, ""), (self.due / whole, "pale"), (self.overdue / whole, "late")]


Owed = dict[int | None, tuple[int, int]]  # person → (due today, overdue), of everybody within the scope


def owed(session: Any, now: dt.datetime) -> Owed:
    """What is due today and overdue, by whose task it is."""
    session.flush()
    today = clock.local_day(now)
    rows = prepared.few(session, ("owed by person", today), lambda: _owed(today))
    return {person: (due, late) for person, due, late in rows}


def _owed(today: dt.date) -> Any:
    parts = [sa.func.sum(sa.case((part, 1), else_=0)) for part in (DueTask.due_on == today, DueTask.due_on < today)]
    return sa.select(DueTask.assignee_id, *parts).where(
        DueTask.due_on <= today, free(today)).group_by(DueTask.assignee_id)


def customers_kept(session: Any, people: Sequence[Any]) -> dict[int, int]:
    """How many customers each of these people has."""
    session.flush()
    size, keys = prepared.many("person", [one.id for one in people])
    return dict(prepared.few(session, ("customers by person", size), lambda: sa.select(
        Customer.owner_id, sa.func.count(Customer.id)).where(
        prepared.one_of(Customer.owner_id, "person", size)).group_by(Customer.owner_id), **keys))


def loads(session: Any, people: Sequence[Any], owed_by: Owed, kept: dict[int, int], now: dt.datetime) -> list[Load]:
    """The load of these people, the most overdue first. Each has id, name, tasks_most and customers_most."""
    size, keys = prepared.many("person", [one.id for one in people])
    begins, ends = clock.day_bounds(clock.local_day(now))
    done = dict(prepared.few(session, ("done by person", size), lambda: sa.select(
        FollowUp.assignee_id, sa.func.count(FollowUp.id)).where(
        prepared.one_of(FollowUp.assignee_id, "person", size), FollowUp.state == FollowUpState.DONE,
        FollowUp.closed_at >= prepared.given("begins", FollowUp.closed_at.type),
        FollowUp.closed_at < prepared.given("ends", FollowUp.closed_at.type)).group_by(FollowUp.assignee_id),
        begins=begins, ends=ends, **keys))
    found = [Load(one.id, one.name, done.get(one.id, 0), *owed_by.get(one.id, (0, 0)), one.tasks_most,
                  kept.get(one.id, 0), one.customers_most) for one in people]
    return sorted(found, key=lambda load: (-load.overdue, -load.total, load.name))
