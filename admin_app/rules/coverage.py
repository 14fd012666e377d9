"""Whom nobody has seen for long (DOMAIN §2 Visit): so that not only the favourites are visited.

A customer counts as seen when the last contact that reached him lies within the store's period (coverage_days,
default 90 days). Lost customers are not counted.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

import sqlalchemy as sa

from admin_app import clock
from admin_app.choices import Stage
from admin_app.models import Customer


class Covered(NamedTuple):
    """Of one person (None: nobody's): how many customers, how many of them were seen, how many never."""

    who: int | None
    customers: int
    seen: int
    never: int

    @property
    def unseen(self) -> int:
        """Not seen within the period, the never seen included."""
        return self.customers - self.seen

    @property
    def share(self) -> float:
        """Seen, of 1; 0 without customers."""
        return self.seen / self.customers if self.customers else 0.0


def since(today: dt.date, days: int) -> dt.datetime:
    """The time from which a contact counts."""
    return clock.at(today - dt.timedelta(days=days), 0)


def counted() -> Any:
    """The customers who are to be seen."""
    return sa.and_(Customer.deleted_at.is_(None), Customer.stage != Stage.LOST)


def seen(today: dt.date, days: int) -> Any:
    """Criterion: seen within the period."""
    return Customer.last_contact_at >= since(today, days)


def unseen(today: dt.date, days: int) -> Any:
    """Criterion: not seen within the period, or never."""
    return sa.or_(Customer.last_contact_at.is_(None), Customer.last_contact_at < since(today, days))


def by_person(session: Any, column: Any, today: dt.date, days: int) -> list[Covered]:
    """A line for each person of the customers that the acting person may see, the least covered first."""
    rows = session.execute(sa.select(
        column, sa.func.count(), sa.func.sum(sa.case((seen(today, days), 1), else_=0)),
        sa.func.sum(sa.case((Customer.last_contact_at.is_(None), 1), else_=0))).where(counted()).group_by(column))
    found = [Covered(who, number, int(good or 0), int(never or 0)) for who, number, good, never in rows]
    return sorted(found, key=lambda one: (one.who is None, one.share, one.who or 0))
