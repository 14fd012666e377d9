"""How a fact may be asked. An operator says the same twice: `test` over Python values, `where` as SQL.

Adding one: a line in OPERATORS with both forms (docs/extending.md); the test of the segments takes it up by itself.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app.rules.segments.facts import Fact

Bounds = tuple[Any, Any]


@dataclass(frozen=True)
class Operator:
    """label: as it stands between field and value. takes: nothing, one or many values of the fact, or a count of days.
    moves: its answer changes with the calendar."""

    name: str
    label: Any
    kinds: tuple[str, ...]
    takes: str
    test: Callable[[list[Any], list[Any], dt.date], bool]
    where: Callable[[Fact, list[Any], dt.date], Any]
    moves: bool = False


def years_before(day: dt.date, years: int) -> dt.date:
    """The same day so many years earlier; 28 February where that year has no 29th."""
    last = calendar.monthrange(day.year - years, day.month)[1]
    return day.replace(year=day.year - years, day=min(day.day, last))


def _is(values: list[Any], given: list[Any], _today: dt.date) -> bool:
    return any(value in given for value in values) or (None in given and not values)


def _sql_is(fact: Fact, given: list[Any], _today: dt.date) -> Any:
    known = [value for value in given if value is not None]
    either = [fact.some(lambda column: column.in_(known))] if known else []
    return sa.or_(*either, *([sa.not_(fact.some())] if None in given else []), sa.false())


def _ranged(name: str, label: Any, kinds: tuple[str, ...], takes: str, bounds: Callable[[Any, dt.date], Bounds],
            moves: bool = False) -> Operator:
    """An operator that asks whether a value lies between two bounds; None leaves an end open."""

    def test(values: list[Any], given: list[Any], today: dt.date) -> bool:
        first, last = bounds(given[0], today)
        return any((first is None or value >= first) and (last is None or value <= last) for value in values)

    def where(fact: Fact, given: list[Any], today: dt.date) -> Any:
        return fact.between(*bounds(given[0], today))

    return Operator(name, label, kinds, takes, test, where, moves)


def _days(count: int) -> dt.timedelta:
    return dt.timedelta(days=count)


_DAY = _days(1)
_LISTS, _ALL = ("choice", "text", "person"), ("choice", "text", "person", "tags", "day", "years", "month", "number")
OPERATORS: tuple[Operator, ...] = (
    Operator("equals", _l("is"), _LISTS, "one", _is, _sql_is),
    Operator("one_of", _l("is one of"), (*_LISTS, "month"), "many", _is, _sql_is),
    Operator("has", _l("has one of"), ("tags",), "many", _is, _sql_is),
    Operator("not", _l("is none of"), (*_LISTS, "tags", "month"), "many",
             lambda values, given, today: not _is(values, given, today),
             lambda fact, given, today: sa.not_(_sql_is(fact, given, today))),
    Operator("contains", _l("contains"), ("text",), "one",
             lambda values, given, _today: any(given[0] in value for value in values),
             lambda fact, given, _today: fact.some(lambda column: sa.func.replace(column, given[0], "") != column)),
    Operator("this_month", _l("is this month"), ("month",), "none",
             lambda values, _given, today: today.month in values,
             lambda fact, _given, today: fact.some(lambda column: column == today.month), moves=True),
    _ranged("before", _l("is before"), ("day",), "one", lambda day, _today: (None, day - _DAY)),
    _ranged("after", _l("is after"), ("day",), "one", lambda day, _today: (day + _DAY, None)),
    _ranged("older_than", _l("lies back more than"), ("day",), "days",
            lambda count, today: (None, today - _days(count + 1)), moves=True),
    _ranged("within_last", _l("lies within the last"), ("day",), "days",
            lambda count, today: (today - _days(count), today), moves=True),
    _ranged("within_next", _l("lies within the next"), ("day",), "days",
            lambda count, today: (today, today + _days(count)), moves=True),
    _ranged("years_least", _l("at least"), ("years",), "count",
            lambda count, today: (None, years_before(today, count)), moves=True),
    _ranged("years_most", _l("at most"), ("years",), "count",
            lambda count, today: (years_before(today, count + 1) + _DAY, None), moves=True),
    _ranged("at_least", _l("at least"), ("number",), "count", lambda number, _today: (number, None)),
    _ranged("at_most", _l("at most"), ("number",), "count", lambda number, _today: (None, number)),
    Operator("yes", _l("yes"), ("yes",), "none", lambda values, _given, _today: bool(values),
             lambda fact, _given, _today: fact.some()),
    Operator("no", _l("no"), ("yes",), "none", lambda values, _given, _today: not values,
             lambda fact, _given, _today: sa.not_(fact.some())),
    Operator("empty", _l("is empty"), _ALL, "none", lambda values, _given, _today: not values,
             lambda fact, _given, _today: sa.not_(fact.some())),
    Operator("filled", _l("is filled in"), _ALL, "none", lambda values, _given, _today: bool(values),
             lambda fact, _given, _today: fact.some()),
)
BY_NAME: dict[str, Operator] = {one.name: one for one in OPERATORS}


def of_kind(kind: str) -> list[Operator]:
    """The operators that a fact of a kind may be asked with, in the order of the list."""
    return [one for one in OPERATORS if kind in one.kinds]
