"""Whole tables as lines of text and back, the same on SQLite and PostgreSQL; with counts and checksums.

Encrypted columns stay encrypted. Used by backup and restore and by the move to another database.
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
from admin_app.database import Encrypted, UtcDateTime, db

BATCH = 2_000


def in_order() -> list[sa.Table]:
    """Every table that holds something of its own (derived.py names the others), those that others point at first."""
    return [table for table in db.metadata.sorted_tables if table.name not in derived.REBUILDING]


def _raw(column: sa.Column[Any]) -> Any:
    """The column as it is stored where its type would decrypt or decorate it."""
    if isinstance(column.type, Encrypted):
        return sa.type_coerce(column, sa.Text()).label(column.key)
    if isinstance(column.type, sa.types.TypeDecorator) and not isinstance(column.type, UtcDateTime):
        return sa.type_coerce(column, sa.String()).label(column.key)
    return column


def _text(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return value


def lines(connection: sa.Connection, table: sa.Table) -> Iterator[str]:
    """The rows of a table in the order of their key, each as a JSON list of its columns."""
    key = next(iter(table.primary_key.columns))
    statement = sa.select(*[_raw(column) for column in table.columns]).order_by(key)
    for row in connection.execute(statement.execution_options(yield_per=BATCH)):
        yield json.dumps([_text(value) for value in row], ensure_ascii=False, separators=(",", ":"), sort_keys=True)


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


# ---------------------------------------------------------------- back into a database


def _reader(column: sa.Column[Any]) -> Callable[[Any], Any] | None:
    """What turns the text of a column back into its value; None where it is the value already."""
    if isinstance(column.type, UtcDateTime):
        return dt.datetime.fromisoformat
    if isinstance(column.type, sa.Date):
        return dt.date.fromisoformat
    if isinstance(column.type, sa.Numeric):
        return Decimal
    return None


def _plain_table(table: sa.Table) -> sa.Table:
    """The table with stored types: what is encrypted must not be encrypted twice."""
    twin = sa.MetaData()
    columns = []
    for column in table.columns:
        decorated = isinstance(column.type, sa.types.TypeDecorator) and not isinstance(column.type, UtcDateTime)
        columns.append(sa.Column(column.name, sa.Text() if decorated else column.type, key=column.key))
    return sa.Table(table.name, twin, *columns)


def load(connection: sa.Connection, table: sa.Table, source: Iterable[str], names: list[str]) -> int:
    """Insert the rows that `source` lists with columns `names`; returns how many.

    A column that points at its own table is filled in afterwards, since the row it names may come later.
    """
    plain = _plain_table(table)
    readers = {name: _reader(table.c[name]) for name in names if name in table.c}
    own = [column.name for column in table.columns for key in column.foreign_keys if key.column.table is table]
    later: list[dict[str, Any]] = []
    count, batch = 0, []
    for line in source:
        values = {}
        for name, value in zip(names, json.loads(line), strict=True):
            if name in readers:
                read = readers[name]
                values[name] = read(value) if read is not None and value is not None else value
        later += [{"row": values["id"], "column": name, "value": values[name]} for name in own if values[name]]
        values.update(dict.fromkeys(own))
        batch.append(values)
        count += 1
        if len(batch) == BATCH:
            connection.execute(sa.insert(plain), batch)
            batch = []
    if batch:
        connection.execute(sa.insert(plain), batch)
    for link in later:
        connection.execute(sa.update(plain).where(plain.c.id == link["row"]).values({link["column"]: link["value"]}))
    return count


def after_load(connection: sa.Connection) -> None:
    """Let PostgreSQL's numbering go on behind the highest key; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in in_order():
        if "id" in table.c and isinstance(table.c.id.type, sa.Integer):
            highest = connection.execute(sa.select(sa.func.max(table.c.id))).scalar()
            sequence = connection.execute(
                sa.select(sa.func.pg_get_serial_sequence(f'"{table.name}"', "id"))).scalar()
            if sequence and highest:
                connection.execute(sa.select(sa.func.setval(sequence, highest)))


def is_empty(connection: sa.Connection) -> bool:
    """Whether no table holds a row."""
    return not any(connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first()
                   for table in in_order())
