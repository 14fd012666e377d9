"""The calendar's questions: open tasks by the day on which they are due, and visits that are planned.

The tasks are those of the due list (followups.due_query), so a day's number and the due list never differ. Scopes are
the gate's.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from admin_app import clock, prepared
from admin_app.choices import VisitState
from admin_app.models import Customer, DueTask, FollowUp, Visit
from admin_app.rules import followups
from admin_app.rules.followups.due import order

MOST_VISITS = 500  # planned visits that a calendar shows

People = Collection[int] | None


def tasks_between(first: dt.date, last: dt.date, people: People, now: dt.datetime) -> Any:
    """Select of the open tasks due from one day to another, both included; `people` None: everybody's."""
    return followups.due_query(now, due="all", assignee_ids=people).where(
        DueTask.due_on >= first, DueTask.due_on <= last)


def tasks_by_day(session: Any, first: dt.date, last: dt.date, people: People, now: dt.datetime) -> dict[dt.date, int]:
    """day → how many open tasks are due on it; days without any are left out."""
    session.flush()
    rows = prepared.few(session, ("calendar days", first, last, _key(people)), lambda: tasks_between(
        first, last, people, now).with_only_columns(DueTask.due_on, sa.func.count(DueTask.id)).group_by(
        DueTask.due_on))
    return dict(rows)


def first_of_each_day(first: dt.date, last: dt.date, people: People, now: dt.datetime, most: int) -> Any:
    """Select of at most so many tasks of each day, the most urgent first."""
    place = sa.func.row_number().over(
        partition_by=DueTask.due_on, order_by=(DueTask.due_at, DueTask.urgency, DueTask.id))
    ranked = tasks_between(first, last, people, now).with_only_columns(
        FollowUp.id.label("id"), place.label("place")).subquery()
    return order(tasks_between(first, last, people, now).where(
        FollowUp.id.in_(sa.select(ranked.c.id).where(ranked.c.place <= most))))


def planned_visits(session: Any, first: dt.date, last: dt.date, people: People) -> list[Any]:
    """Visits planned from one day to another: id, customer_id, customer, at, channel, purpose, staff_id, by time."""
    session.flush()
    begins, ends = clock.day_bounds(first)[0], clock.day_bounds(last)[1]

    def build() -> Any:
        found = sa.select(Visit.id, Visit.customer_id, Customer.name.label("customer"), Visit.at, Visit.channel,
                          Visit.purpose, Visit.staff_id).join_from(
            Visit, Customer, Customer.id == Visit.customer_id, isouter=True).where(
            Visit.state == VisitState.PLANNED, Visit.at >= begins, Visit.at < ends)
        if people is not None:
            found = found.where(Visit.staff_id.in_(list(people)))
        return found.order_by(Visit.at, Visit.id).limit(MOST_VISITS)

    return list(prepared.few(session, ("planned visits", first, last, _key(people)), build))


def _key(people: People) -> tuple[int, ...] | None:
    return None if people is None else tuple(people)
