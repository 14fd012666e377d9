"""Whole tables as lines of text, the same from SQLite and PostgreSQL; with counts and checksums.

A line is a JSON list of the columns: times as ISO 8601 in UTC, amounts as text, what is encrypted as it lies there.
Used by backup and restore and by the move to another database; loading.py is the way back.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from admin_app import derived
from admin_app.database import UtcDateTime, db

BATCH = 2_000
Turn = Callable[[Any], Any]


def in_order() -> list[sa.Table]:
    """Every table that holds something of its own (derived.py names the others), those that others point at first."""
    left_out = derived.NOTED | derived.REBUILDING.keys()
    return [table for table in db.metadata.sorted_tables if table.name not in left_out]


def is_empty(connection: sa.Connection) -> bool:
    """Whether no table holds a row."""
    return not any(connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first()
                   for table in in_order())


# ---------------------------------------------------------------- values as they are stored, as text


def _moment_of_sqlite(value: str) -> str:
    """SQLite keeps "2026-11-23 02:00:00.000000", in UTC."""
    if len(value) != 26:
        return dt.datetime.fromisoformat(value).replace(tzinfo=dt.UTC).isoformat()
    return f"{value[:10]}T{value[11:19]}+00:00" if value.endswith(".000000") else f"{value[:10]}T{value[11:]}+00:00"


def _moment(value: dt.datetime) -> str:
    return value.astimezone(dt.UTC).isoformat()


def _amount_of_sqlite(scale: int) -> Turn:
    """SQLite keeps amounts as numbers; the text has the places of the column."""
    pattern = f"%.{scale}f"
    return lambda value: pattern % value


def turn(column: sa.Column[Any], sqlite: bool) -> Turn | None:
    """What makes the text of a value as the driver gives it; None where the value is written as it is."""
    kind = column.type
    if isinstance(kind, UtcDateTime):
        return _moment_of_sqlite if sqlite else _moment
    if isinstance(kind, sa.Date):
        return None if sqlite else dt.date.isoformat
    if isinstance(kind, sa.Numeric):
        return _amount_of_sqlite(kind.scale or 0) if sqlite else Decimal.__str__
    if sqlite and isinstance(kind, sa.Boolean):
        return bool
    return json.loads if sqlite and isinstance(kind, sa.JSON) else None


def lines(connection: sa.Connection, table: sa.Table) -> Iterator[str]:
    """The rows of a table in the order of their key, each as a JSON list of its columns."""
    sqlite, key = connection.dialect.name == "sqlite", next(iter(table.primary_key.columns))
    turns = [(place, made) for place, made in enumerate(turn(column, sqlite) for column in table.columns) if made]
    stored = [sa.type_coerce(column, sa.types.NullType()).label(column.key) for column in table.columns]
    found = connection.execute(sa.select(*stored).order_by(key).execution_options(yield_per=BATCH))
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
    for row in found:
        values = list(row)
        for place, made in turns:
            value = values[place]
            if value is not None:
                values[place] = made(value)
        yield encode(values)


# ---------------------------------------------------------------- counts and checksums


class Sum:
    """Count and checksum of lines that pass by."""

    def __init__(self) -> None:
        self.count, self._hash = 0, hashlib.sha256()

    def over(self, source: Iterable[str]) -> Iterator[str]:
        """The same lines, counted."""
        for line in source:
            self.count += 1
            self._hash.update(line.encode() + b"\n")
            yield line

    @property
    def result(self) -> dict[str, Any]:
        """{"rows": count, "sha256": checksum} of what has passed."""
        return {"rows": self.count, "sha256": self._hash.hexdigest()}


def sums(connection: sa.Connection) -> dict[str, dict[str, Any]]:
    """Count and checksum of every table."""
    found = {}
    for table in in_order():
        passing = Sum()
        for _line in passing.over(lines(connection, table)):
            pass
        found[table.name] = passing.result
    return found
