"""Whose turn it is: a new lead goes to the consultant who owes the fewest contacts, among equals to the one who has
waited longest for a lead (default). A store without an active consultant keeps it in the pool."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, NamedTuple

import sqlalchemy as sa

from admin_app import clock
from admin_app.models import FollowUp, LeadRequest, Role, User
from admin_app.rules.followups.tasks import OPEN_STATES

CONSULTANT = "sales_consultant"


class Load(NamedTuple):
    """A consultant, the contacts owed until tomorrow, and the number of the last lead given (0: none so far)."""

    person: int
    owed: int
    last: int


def pick(loads: Iterable[Load]) -> int | None:
    """Who gets the next lead; None where there is nobody."""
    first = min(loads, key=lambda load: (load.owed, load.last, load.person), default=None)
    return first.person if first is not None else None


def next_owner(session: Any, store_id: int, now: dt.datetime) -> int | None:
    """The consultant of a store whose turn it is; None puts the lead into the pool. The session acts as system."""
    return pick(loads(session, store_id, now))


def loads(session: Any, store_id: int, now: dt.datetime) -> list[Load]:
    """The active consultants of a store with what they owe until tomorrow."""
    owed = sa.select(sa.func.count(FollowUp.id)).where(
        FollowUp.assignee_id == User.id, FollowUp.state.in_(OPEN_STATES), FollowUp.deleted_at.is_(None),
        FollowUp.due_on <= clock.local_day(now) + dt.timedelta(days=1)).correlate(User).scalar_subquery()
    last = sa.select(sa.func.max(LeadRequest.id)).where(
        LeadRequest.owner_id == User.id).correlate(User).scalar_subquery()
    rows = session.execute(sa.select(User.id, owed, last).join(Role, Role.id == User.role_id).where(
        User.store_id == store_id, User.active, Role.code == CONSULTANT).order_by(User.id))
    return [Load(person, count, number or 0) for person, count, number in rows]
