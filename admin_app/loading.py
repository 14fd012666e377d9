"""Lines of tables.py back into an empty database: COPY into PostgreSQL, the bare driver into SQLite.

Links and indexes are put aside while the rows come in and made again behind them, in the same transaction: a million
customers would otherwise be sorted into some two hundred indexes row by row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import sqlalchemy as sa
from psycopg import sql as pg

from admin_app import derived, tables
from admin_app.database import UtcDateTime
from admin_app.tables import BATCH, Turn

CACHE = -128_000  # KiB of SQLite's page cache while loading (its default here is a quarter)


@contextmanager
def into(connection: sa.Connection) -> Iterator[None]:
    """Around the tables that are loaded: at the end links and indexes come back, and derived.py works its tables out.

    What does not fit together fails here, with an IntegrityError, and the caller's transaction keeps nothing.
    """
    with derived.loading(connection):
        aside = _aside_on_postgres if connection.dialect.name == "postgresql" else _aside_on_sqlite
        with aside(connection):
            yield
        _go_on_numbering(connection)


def load(connection: sa.Connection, table: sa.Table, source: Iterable[str], names: list[str]) -> int:
    """Insert the rows that `source` lists with columns `names`; returns how many."""
    kept = [place for place, name in enumerate(names) if name in table.c]
    columns = [table.c[names[place]] for place in kept]
    sqlite = connection.dialect.name == "sqlite"
    turns = [(place, made) for place, made in enumerate(_back(column, sqlite) for column in columns) if made]
    rows = _rows(source, kept if len(kept) < len(names) else None, turns)
    return (_insert if sqlite else _copy)(connection, table, [column.name for column in columns], rows)


def _rows(source: Iterable[str], kept: list[int] | None, turns: list[tuple[int, Turn]]) -> Iterator[list[Any]]:
    """The rows as the driver takes them."""
    decode = json.JSONDecoder().decode
    for line in source:
        values: list[Any] = decode(line)
        if kept is not None:
            values = [values[place] for place in kept]
        for place, made in turns:
            value = values[place]
            if value is not None:
                values[place] = made(value)
        yield values


def _back(column: sa.Column[Any], sqlite: bool) -> Turn | None:
    """What makes the stored value of a text; None where the database reads the text itself."""
    kind = column.type
    if isinstance(kind, sa.JSON):
        return json.dumps
    if sqlite and isinstance(kind, UtcDateTime):
        return _moment_for_sqlite
    if sqlite and isinstance(kind, sa.Boolean):
        return int
    return float if sqlite and isinstance(kind, sa.Numeric) else None


def _moment_for_sqlite(text: str) -> str:
    """"2026-11-23T02:00:00+00:00" as SQLite keeps it: "2026-11-23 02:00:00.000000"."""
    return f"{text[:10]} {text[11:19]}.000000" if len(text) == 25 else f"{text[:10]} {text[11:26]}"


def _insert(connection: sa.Connection, table: sa.Table, names: list[str], rows: Iterator[list[Any]]) -> int:
    """Rows with the same columns filled in go together, empty ones are left out: the driver takes a microsecond for
    each NULL, and most cells of a record are empty."""
    count, must = 0, [table.c[name].server_default is not None for name in names]
    statements: dict[tuple[bool, ...], str] = {}
    while batch := list(islice(rows, BATCH)):
        alike: dict[tuple[bool, ...], list[tuple[Any, ...]]] = {}
        for row in batch:
            given = tuple([value is not None for value in row])
            alike.setdefault(given, []).append(tuple([value for value in row if value is not None]))
        for given, filled in alike.items():
            if given not in statements:
                kept = [name for name, there in zip(names, given, strict=True) if there]
                empty = [name for name, there, keep in zip(names, given, must, strict=True) if keep and not there]
                statements[given] = _statement(connection, table.name, kept, empty)
            connection.exec_driver_sql(statements[given], filled)
        count += len(batch)
    return count


def _statement(connection: sa.Connection, table: str, names: list[str], empty: list[str]) -> str:
    """An INSERT with a place for each of `names`; those `empty` are NULL in spite of a default."""
    place = sa.table(table, *(sa.column(name) for name in (*names, *empty)))
    values: dict[str, Any] = {name: sa.bindparam(name) for name in names} | dict.fromkeys(empty, sa.null())
    return str(sa.insert(place).values(values).compile(dialect=connection.dialect))


def _copy(connection: sa.Connection, table: sa.Table, names: list[str], rows: Iterator[list[Any]]) -> int:
    statement = pg.SQL("COPY {} ({}) FROM STDIN").format(
        pg.Identifier(table.name), pg.SQL(", ").join(pg.Identifier(name) for name in names))
    count, driver = 0, connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


# ---------------------------------------------------------------- what is put aside

_BARE = {"no_parameters": True}  # a % in a definition is a %

_INDEXES = """
SELECT format('DROP INDEX %I.%I', n.nspname, i.relname), pg_get_indexdef(x.indexrelid)
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
JOIN pg_namespace n ON n.oid = i.relnamespace
WHERE n.nspname = current_schema() AND t.relname = ANY(string_to_array(current_setting('caredesk.tables'), ','))
  AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = x.indexrelid)
ORDER BY i.relname"""
_LINKS = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname),
  format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid))
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE c.contype = 'f' AND n.nspname = current_schema()
  AND t.relname = ANY(string_to_array(current_setting('caredesk.tables'), ','))
ORDER BY c.conname"""
_INDEXES_OF_SQLITE = """
SELECT tbl_name, 'DROP INDEX "' || replace(name, '"', '""') || '"', sql FROM sqlite_master
WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"""


@contextmanager
def _aside_on_postgres(connection: sa.Connection) -> Iterator[None]:
    names = ",".join(table.name for table in tables.in_order())
    connection.execute(sa.select(sa.func.set_config("caredesk.tables", names, True)))
    connection.execute(sa.select(sa.func.set_config("maintenance_work_mem", "256MB", True)))
    bare = connection.execution_options(**_BARE)
    links = bare.exec_driver_sql(_LINKS).all()
    indexes = bare.exec_driver_sql(_INDEXES).all()
    for drop, _make in [*links, *indexes]:
        bare.exec_driver_sql(drop)
    yield
    for _drop, make in [*indexes, *links]:
        bare.exec_driver_sql(make)
    for table in tables.in_order():  # the planner knows what has come in before anything is worked out from it
        bare.exec_driver_sql(pg.SQL("ANALYZE {}").format(pg.Identifier(table.name)).as_string(None))


@contextmanager
def _aside_on_sqlite(connection: sa.Connection) -> Iterator[None]:
    connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")  # until the transaction ends: checked then
    before = connection.exec_driver_sql("PRAGMA cache_size").scalar()
    connection.exec_driver_sql(f"PRAGMA cache_size={CACHE}")
    names = {table.name for table in tables.in_order()}
    found = [row for row in connection.exec_driver_sql(_INDEXES_OF_SQLITE).all() if row[0] in names]
    for _table, drop, _make in found:
        connection.exec_driver_sql(drop)
    yield
    for _table, _drop, make in found:
        connection.exec_driver_sql(make)
    connection.exec_driver_sql(f"PRAGMA cache_size={int(before or 0)}")


def _go_on_numbering(connection: sa.Connection) -> None:
    """Let PostgreSQL's numbering go on behind the highest key; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables.in_order():
        if "id" in table.c and isinstance(table.c.id.type, sa.Integer):
            highest = connection.execute(sa.select(sa.func.max(table.c.id))).scalar()
            sequence = connection.execute(
                sa.select(sa.func.pg_get_serial_sequence(f'"{table.name}"', "id"))).scalar()
            if sequence and highest:
                connection.execute(sa.select(sa.func.setval(sequence, highest)))
