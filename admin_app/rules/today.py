"""What a day asks for beyond the due list: birthdays, promises not kept, grades gone stale, and each person's load.

Every question is a select, so that a figure and the rows behind it are the same rows. Scopes are the gate's.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from admin_app import clock
from admin_app.choices import BirthdayCalendar, ComplaintState, FollowUpState, PromiseState
from admin_app.models import Complaint, Customer, FollowUp, Promise, User
from admin_app.rules import followups
from admin_app.rules.customers import BUYING, GRADE_WINDOW
from admin_app.rules.followups import calendar


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
    found = sa.select(Promise).where(sa.or_(Promise.state == PromiseState.BROKEN, sa.and_(
        Promise.state == PromiseState.OPEN, Promise.due_on < today)))
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


def loads(session: Any, people: list[User], now: dt.datetime) -> list[Load]:
    """The load of these people, the most overdue first."""
    ids, today = [user.id for user in people], clock.local_day(now)
    begins, ends = clock.day_bounds(today)
    done = _by_person(session, FollowUp.assignee_id, FollowUp.id, ids, FollowUp.state == FollowUpState.DONE,
                      FollowUp.closed_at >= begins, FollowUp.closed_at < ends)
    due, late = (_counted(session, followups.due_query(now, due=word, assignee_ids=ids), FollowUp.assignee_id)
                 for word in ("today", "overdue"))
    kept = _by_person(session, Customer.owner_id, Customer.id, ids)
    found = [Load(user.id, user.name, done.get(user.id, 0), due.get(user.id, 0), late.get(user.id, 0),
                  user.tasks_max or user.store.tasks_each, kept.get(user.id, 0),
                  user.customers_max or user.store.customers_each) for user in people]
    return sorted(found, key=lambda load: (-load.overdue, -load.total, load.name))


def _counted(session: Any, statement: Any, person: Any) -> dict[int, int]:
    counting = statement.with_only_columns(person, sa.func.count(FollowUp.id)).order_by(None).group_by(person)
    return dict(session.execute(counting).all())


def _by_person(session: Any, person: Any, key: Any, ids: list[int], *where: Any) -> dict[int, int]:
    rows = session.execute(sa.select(person, sa.func.count(key)).where(person.in_(ids), *where).group_by(person))
    return dict(rows.all())
