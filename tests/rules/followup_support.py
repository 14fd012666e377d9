"""Short words for the tests of follow-ups: a visit saved by the road of every visit, the tasks of a customer."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from admin_app import choices as ch
from admin_app import models as m
from admin_app.rules import saving
from tests.cast import NOW


def day(days: int = 0) -> dt.date:
    """Monday 2026-11-23, or so many days later."""
    return dt.date(2026, 11, 23) + dt.timedelta(days=days)


def save(session: Any, row: Any, now: dt.datetime = NOW) -> Any:
    """Save a new or changed row as a form does."""
    created = row.id is None
    saving.prepare(session, row, now)
    session.add(row)
    session.flush()
    saving.settle(session, row, now, created=created)
    session.flush()
    return row


def visit(session: Any, customer: m.Customer, staff: Any, result: Any = ch.VisitResult.INTERESTED,
          now: dt.datetime = NOW, **values: Any) -> m.Visit:
    """A phone call made now."""
    given = {"at": now, "channel": ch.Channel.PHONE, "result": result, "content": "通话"} | values
    return save(session, m.Visit(customer_id=customer.id, staff_id=staff.id if staff else None, **given), now)


def tasks(session: Any, customer: m.Customer, code: str | None = None, *, still_open: bool = True) -> list[m.FollowUp]:
    """The customer's tasks (of one rule), the open ones unless said otherwise."""
    statement = sa.select(m.FollowUp).where(m.FollowUp.customer_id == customer.id).order_by(m.FollowUp.id)
    if still_open:
        statement = statement.where(m.FollowUp.state.in_([ch.FollowUpState.OPEN, ch.FollowUpState.SNOOZED]))
    found = list(session.scalars(statement))
    return [one for one in found if code is None or one.occurrence.partition(":")[0] == code]


def the(found: list[Any]) -> Any:
    """The one that is there."""
    assert len(found) == 1, found
    return found[0]


def rule(session: Any, code: str) -> m.FollowUpRule:
    """A seeded rule."""
    return session.scalars(sa.select(m.FollowUpRule).where(m.FollowUpRule.code == code)).one()
