"""From rows to figures: one definition of a metric's rows gives both the number and the list it opens.

A source (sources.py) describes its rows once. `measure` counts them for all people in one grouped statement;
`rows_of` selects the same rows for the page behind the figure. They cannot differ, because they share the
description. A manager's figure is that of the manager's team.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from admin_app.choices import Choice
from admin_app.clock import day_bounds, local_day
from admin_app.rules.scores.periods import Period
from admin_app.rules.scores.tongue import Days

CENT = Decimal("0.01")
HUNDRED = Decimal(100)


class Kind(Choice):
    """What is made of the rows: a share of good ones in %, their number, the sum or the mean of an amount."""

    SHARE = "share", "share"
    COUNT = "count", "count"
    SUM = "sum", "sum"
    MEAN = "mean", "mean"


@dataclass(frozen=True)
class Window:
    """The time that is looked at. since … until are the UTC bounds of the period, until exclusive.

    `today` is the store's day now; `last_day` the last day of the period that has begun; `store` the store.
    """

    period: Period
    now: dt.datetime
    zone: ZoneInfo
    store: Any
    dialect: str

    @property
    def first_day(self) -> dt.date:
        return self.period.starts_on

    @property
    def today(self) -> dt.date:
        return local_day(self.now, self.zone)

    @property
    def last_day(self) -> dt.date:
        return min(self.today, self.period.ends_on)

    @property
    def since(self) -> dt.datetime:
        return day_bounds(self.period.starts_on, self.zone)[0]

    @property
    def until(self) -> dt.datetime:
        return day_bounds(self.period.ends_on, self.zone)[1]

    @property
    def reached(self) -> dt.datetime:
        """The end (UTC, exclusive) of the last day looked at: what a standing is as of."""
        return day_bounds(self.last_day, self.zone)[1]

    def within(self, moment: Any) -> Any:
        """SQL: a moment falls into the period."""
        return sa.and_(moment >= self.since, moment < self.until)

    def on_days(self, day: Any) -> Any:
        """SQL: a calendar day falls into the period."""
        return day.between(self.period.starts_on, self.period.ends_on)

    def days_before(self, days: int) -> dt.datetime:
        """The beginning (UTC) of the day so many days before the last day looked at."""
        return day_bounds(self.last_day - dt.timedelta(days=days), self.zone)[0]

    def local_day(self, moment: Any) -> Any:
        """SQL: the store's calendar day of a stored moment, as PostgreSQL's date or SQLite's text of it."""
        return Days(self.zone, self.dialect).of(moment)


@dataclass(frozen=True)
class Rows:
    """The rows of a metric: of a model, credited to the person in `person`, where the conditions hold.

    good: condition of those that count for the figure; None: all of them. amount: column to be summed or averaged.
    joins: (model, condition) of the tables that conditions and `person` name besides.
    """

    model: Any
    person: Any
    where: tuple[Any, ...]
    good: Any = None
    amount: Any = None
    joins: tuple[tuple[Any, Any], ...] = ()

    def select(self, *columns: Any) -> sa.Select[Any]:
        """The rows of everybody, giving these columns."""
        statement = sa.select(*columns).select_from(self.model)
        for target, condition in self.joins:
            statement = statement.join(target, condition)
        return statement.where(*self.where)

    @property
    def counts(self) -> Any:
        """SQL: whether a row counts for the figure."""
        return sa.true() if self.good is None else sa.func.coalesce(self.good, sa.false())


class Found(NamedTuple):
    """Rows of one person or team: how many, how many count, and the sum of their amount."""

    whole: int = 0
    good: int = 0
    amount: Decimal = Decimal(0)

    def plus(self, other: Found) -> Found:
        return Found(self.whole + other.whole, self.good + other.good, self.amount + other.amount)


def value_of(kind: Kind, found: Found, needs_base: bool = False) -> Decimal | None:
    """The figure; None where there is nothing to compute it from.

    A count of nothing is a true 0, unless the metric says that without any row there was nothing to count.
    """
    if kind is Kind.COUNT:
        return None if needs_base and not found.whole else Decimal(found.good)
    if kind is Kind.SUM:
        return None if found.whole and not found.good else found.amount.quantize(CENT)
    if not found.whole:
        return None
    if kind is Kind.SHARE:
        return (HUNDRED * found.good / found.whole).quantize(CENT)
    return (found.amount / found.good).quantize(CENT) if found.good else None


def counted(session: Any, rows: Rows, people: Iterable[int] | None = None) -> dict[int, Found]:
    """What each of some people has (None: everybody), in one statement; nobody who has nothing."""
    amount = sa.func.sum(sa.case((rows.counts, rows.amount))) if rows.amount is not None else sa.literal(0)
    statement = rows.select(rows.person, sa.func.count(), sa.func.sum(sa.case((rows.counts, 1), else_=0)), amount)
    whose = rows.person.is_not(None) if people is None else rows.person.in_(people)
    statement = statement.where(whose).group_by(rows.person)
    return {person: Found(whole, int(good or 0), Decimal(str(total or 0)).quantize(CENT))
            for person, whole, good, total in session.execute(statement)}


def measure(session: Any, rows: Rows, teams: Mapping[int, Iterable[int]]) -> dict[int, Found]:
    """What every person has, in one statement. teams: person → the people whose rows count as theirs."""
    single = counted(session, rows, {member for members in teams.values() for member in members})
    result: dict[int, Found] = {}
    for person, members in teams.items():
        total = Found()
        for member in set(members):
            total = total.plus(single.get(member, Found()))
        result[person] = total
    return result


def rows_of(rows: Rows, members: Iterable[int], *, good_only: bool = False) -> sa.Select[Any]:
    """The rows behind a figure as (row, whether it counts), newest first."""
    statement = rows.select(rows.model, rows.counts.label("counts")).where(rows.person.in_(set(members)))
    if good_only:
        statement = statement.where(rows.counts)
    return statement.order_by(rows.model.id.desc())


def keys_of(session: Any, rows: Rows, teams: Mapping[int, Iterable[int]]) -> dict[int, list[tuple[int, bool]]]:
    """person → (key, whether it counts) of every row, in one statement; what a closed period keeps."""
    everybody = {member for members in teams.values() for member in members}
    statement = rows.select(rows.person, rows.model.id, rows.counts).where(rows.person.in_(everybody))
    single: dict[int, list[tuple[int, bool]]] = {}
    for person, key, good in session.execute(statement.order_by(rows.model.id)):
        single.setdefault(person, []).append((key, bool(good)))
    return {person: sorted(pair for member in set(members) for pair in single.get(member, ()))
            for person, members in teams.items()}
