"""Words that say the same of a row in Python and of a table in SQL, so that what counts is described once.

A value may be empty (None, NULL): then nothing is said to be so, on either side.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from admin_app.clock import local_day

# Years whose changes of the clock SQLite is told; before and after them the nearest offset holds.
FIRST_YEAR, LAST_YEAR = 1995, 2060


def is_sql(value: Any) -> bool:
    """Whether this is a column or an expression, not a value."""
    return isinstance(value, sa.ColumnElement)


def every(*conditions: Any) -> Any:
    """All of these hold."""
    return sa.and_(*conditions) if any(map(is_sql, conditions)) else all(conditions)


def same(value: Any, wanted: Any) -> Any:
    """The value is this one."""
    return value == wanted


def differs(value: Any, other: Any) -> Any:
    """The value is given and another one."""
    return value != other if is_sql(value) else value is not None and value != other


def among(value: Any, wanted: Collection[Any]) -> Any:
    """The value is one of these."""
    return value.in_(wanted) if is_sql(value) else value in wanted


def given(value: Any) -> Any:
    """There is a value."""
    return value.is_not(None) if is_sql(value) else value is not None


def missing(value: Any) -> Any:
    """There is none."""
    return value.is_(None) if is_sql(value) else value is None


def yes(value: Any) -> Any:
    """A column of yes and no says yes."""
    return value if is_sql(value) else bool(value)


def no(value: Any) -> Any:
    """A column of yes and no says no."""
    return value.is_(False) if is_sql(value) else value is not None and not value


def at_least(value: Any, number: Any) -> Any:
    """The value is this number or more."""
    return value >= number if is_sql(value) else value is not None and value >= number


def not_after(value: Any, end: Any) -> Any:
    """The day or moment is no later than that one."""
    if is_sql(value) or is_sql(end):
        return value <= end
    return value is not None and end is not None and value <= end


def missing_or(value: Any, condition: Any) -> Any:
    """There is no value, or the condition about it holds."""
    if is_sql(value):
        return sa.or_(value.is_(None), condition)
    return value is None or condition


def in_cents(price: Any) -> Any:
    """An amount of money in whole cents; nothing for no amount."""
    if is_sql(price):
        return sa.cast(sa.func.round(price * 100), sa.BigInteger)
    return 0 if price is None else int((Decimal(str(price)) * 100).to_integral_value(ROUND_HALF_UP))


class Days:
    """The store's calendar day of a moment, in Python and in the SQL of a database."""

    def __init__(self, zone: ZoneInfo, dialect: str) -> None:
        self.zone, self.dialect = zone, dialect

    def of(self, moment: Any) -> Any:
        """The day: a date in Python and PostgreSQL, its text in SQLite."""
        if not isinstance(moment, sa.ClauseElement) and not hasattr(moment, "__clause_element__"):
            return None if moment is None else local_day(moment, self.zone)
        if self.dialect == "postgresql":
            return sa.cast(sa.func.timezone(self.zone.key, moment), sa.Date)
        spans = offsets(self.zone, FIRST_YEAR, LAST_YEAR)
        first = shifted(moment, spans[0][1])
        if len(spans) == 1:
            return first
        cases = [(moment >= start, shifted(moment, minutes)) for start, minutes in reversed(spans[1:])]
        return sa.case(*cases, else_=first)


def shifted(moment: Any, minutes: int) -> Any:
    """SQLite: the day of a moment so many minutes ahead of UTC."""
    return sa.func.date(moment, f"{minutes:+d} minutes", type_=sa.String())


@lru_cache(maxsize=16)
def offsets(zone: ZoneInfo, first_year: int, last_year: int) -> tuple[tuple[dt.datetime, int], ...]:
    """(from, minutes ahead of UTC) of a zone through these years; one span where its clocks never change."""
    at, end = dt.datetime(first_year, 1, 1, tzinfo=dt.UTC), dt.datetime(last_year + 1, 1, 1, tzinfo=dt.UTC)
    found = [(at, _minutes(zone, at))]
    while at < end:
        following = at + dt.timedelta(days=1)
        if _minutes(zone, following) != found[-1][1]:
            change = next(hour for hour in (at + dt.timedelta(hours=n) for n in range(25))
                          if _minutes(zone, hour) != found[-1][1])
            found.append((change, _minutes(zone, change)))
        at = following
    return tuple(found)


def _minutes(zone: ZoneInfo, moment: dt.datetime) -> int:
    offset = moment.astimezone(zone).utcoffset()
    return int(offset.total_seconds() // 60) if offset is not None else 0
