"""Sums in the making: person, day and store → what is to be added to the roll-ups, and the statement that adds it."""

from __future__ import annotations

import calendar
import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from admin_app.models import SCORE_TALLIES, ScoreDay
from admin_app.rules.scores.rollup.prepared import Prepared

DAY, MONTH, BUILT = "D", "M", "B"
NEVER = dt.date(9999, 12, 31)  # the end of what has not ended; it stands in the month alone
BATCH = 500

Key = tuple[int, dt.date, int]  # person, day, store
Span = tuple[str, dt.date, int, int]  # DAY or MONTH, its first day, person, store


def first_of(day: dt.date) -> dt.date:
    """The first day of a day's month, on which the month's row stands."""
    return day.replace(day=1)


def last_of(day: dt.date) -> dt.date:
    """The last day of a day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


class Sums:
    """What is to be added, by person, day and store. Numbers below 0 take away."""

    def __init__(self) -> None:
        self.by_key: dict[Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))

    def add(self, person: int | None, day: dt.date | None, store: int, numbers: Mapping[str, int],
            sign: int = 1) -> None:
        """Add the numbers of one person and day; nothing for nobody."""
        if person is None or day is None:
            return
        kept = self.by_key[person, day, store]
        for name, number in numbers.items():
            kept[name] += sign * number

    def spans(self) -> dict[Span, dict[str, int]]:
        """The days and months that change, each with its numbers other than 0."""
        days, months = {}, defaultdict(lambda: defaultdict(int))  # type: ignore[var-annotated]
        for (person, day, store), numbers in self.by_key.items():
            changed = {name: number for name, number in numbers.items() if number}
            if not changed:
                continue
            if day != NEVER:
                days[DAY, day, person, store] = changed
            month = months[MONTH, first_of(day), person, store]
            for name, number in changed.items():
                month[name] += number
        return days | {key: changed for key, numbers in months.items()
                       if (changed := {name: number for name, number in numbers.items() if number})}

    def rows(self) -> list[dict[str, Any]]:
        """The rows to be written."""
        return as_rows(self.spans())


def as_rows(spans: Mapping[Span, Mapping[str, int]]) -> list[dict[str, Any]]:
    """Rows in the one order in which everybody writes them."""
    return [{"span": span, "day": day.isoformat(), "user_id": person, "store_id": store, **numbers}
            for (span, day, person, store), numbers in sorted(spans.items(), key=lambda one: one[0])]


def write(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    """Add rows of Sums.rows() to the table, in one statement a batch."""
    for at in range(0, len(rows), BATCH):
        ADDING.run(connection, rows=json.dumps(rows[at:at + BATCH], separators=(",", ":")))


def _adding(dialect: str) -> Any:
    """INSERT … SELECT the rows of a JSON list … ON CONFLICT add to what is there."""
    table = ScoreDay.__table__
    keys, names = ("span", "day", "user_id", "store_id"), [column.name for column in table.c]
    given = sa.bindparam("rows", type_=sa.Text)
    nought: Any = sa.literal_column("0")
    fresh: Any
    if dialect == "postgresql":
        said = sa.func.json_to_recordset(sa.cast(given, postgresql.JSON)).table_valued(
            *[sa.column(column.name, column.type) for column in table.c]).render_derived(name="said", with_types=True)
        columns = [said.c[name] if name in keys else sa.func.coalesce(said.c[name], nought) for name in names]
        source, fresh = sa.select(*columns), postgresql.insert(table)
    else:
        each = sa.func.json_each(given).table_valued("value", name="said")
        value = lambda name: sa.func.json_extract(each.c.value, sa.literal_column(f"'$.{name}'"))  # noqa: E731
        columns = [value(name) if name in keys else sa.func.coalesce(value(name), nought) for name in names]
        source, fresh = sa.select(*columns).where(sa.true()), sqlite.insert(table)
    insert: Any = fresh.from_select(names, source)
    return insert.on_conflict_do_update(index_elements=list(keys), set_={
        name: table.c[name] + insert.excluded[name] for name in SCORE_TALLIES})


ADDING = Prepared(_adding)


def pieces(keys: Any, size: int = BATCH) -> Iterator[list[Any]]:
    """The keys in order, so many at a time."""
    found = sorted(keys)
    for at in range(0, len(found), size):
        yield found[at:at + size]
