"""Writes rows in very large numbers: COPY on PostgreSQL, prepared tuples on SQLite, in the running transaction.

While rows stream in, the secondary indexes and (on PostgreSQL) the foreign keys of the tables are away; they are made
again at the end, which costs a tenth of keeping them current and checks every row all the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from admin_app.models import BY_TABLE

# Columns that every table of the product has and every row names.
COMMON = ("id", "created_at", "updated_at", "created_by_id", "store_id")


class Table:
    """Rows of one table on their way, as tuples in the order of `columns`; keys are given out here."""

    def __init__(self, connection: sa.Connection, name: str, columns: Sequence[str]) -> None:
        table = BY_TABLE[name].__table__
        self.name, self.columns = name, tuple(columns)
        if missing := _lacking(table, set(columns)):
            raise KeyError(f"{name}: rows must name {sorted(missing)}")
        self.rows: list[tuple[Any, ...]] = []
        self.count = 0
        self.next_id = int(connection.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0) + 1

    def key(self) -> int:
        """The key of the next row."""
        self.next_id += 1
        return self.next_id - 1


def _lacking(table: sa.Table, named: set[str]) -> set[str]:
    """Columns that must have a value and get none from the database."""
    if unknown := named - set(table.c.keys()):
        raise KeyError(f"{table.name} has no column {sorted(unknown)}")
    return {column.name for column in table.c if not column.nullable and column.server_default is None} - named


class Loader:
    """The tables being filled, in an order in which every row finds the rows that it points at."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.is_postgresql = connection.dialect.name == "postgresql"
        self.tables: dict[str, Table] = {}

    def table(self, name: str, columns: Sequence[str]) -> Table:
        """Begin a table; a foreign key may point at tables begun before."""
        self.tables[name] = Table(self.connection, name, columns)
        return self.tables[name]

    def flush(self) -> None:
        """Insert what waits."""
        for table in self.tables.values():
            if table.rows:
                (self._copy if self.is_postgresql else self._insert)(table)
                table.count += len(table.rows)
                table.rows.clear()

    def _insert(self, table: Table) -> None:
        names = ", ".join(f'"{name}"' for name in table.columns)
        marks = ", ".join("?" * len(table.columns))
        driver = self.connection.connection.dbapi_connection
        assert driver is not None
        driver.cursor().executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', table.rows)

    def _copy(self, table: Table) -> None:
        names = ", ".join(f'"{name}"' for name in table.columns)
        driver: Any = self.connection.connection.dbapi_connection
        with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            copy.write("".join(map(_line, table.rows)))

    @contextmanager
    def bare(self) -> Iterator[None]:
        """Around the loading: no secondary index, no foreign key to be asked for each row."""
        names = list(self.tables)
        if self.is_postgresql:
            self.connection.exec_driver_sql("SET LOCAL timezone = 'UTC'")
            self.connection.exec_driver_sql("SET LOCAL maintenance_work_mem = '256MB'")
        away = _postgresql_away(self.connection, names) if self.is_postgresql else _sqlite_away(self.connection, names)
        for drop, _make in away:
            self.connection.exec_driver_sql(drop)
        yield
        for _drop, make in reversed(away):
            self.connection.exec_driver_sql(make)

    def count_on(self) -> None:
        """Let PostgreSQL count on from our keys."""
        for name in self.tables if self.is_postgresql else ():
            self.connection.exec_driver_sql(
                f"SELECT setval(pg_get_serial_sequence('\"{name}\"', 'id'), "
                f"GREATEST((SELECT max(id) FROM \"{name}\"), 1))")


ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _line(row: tuple[Any, ...]) -> str:
    """A row in the text format of COPY."""
    return "\t".join(["\\N" if value is None else value.translate(ESCAPED) if type(value) is str else str(value)
                      for value in row]) + "\n"


def _sqlite_away(connection: sa.Connection, tables: list[str]) -> list[tuple[str, str]]:
    """(drop, make) of the indexes; those of constraints have no statement and stay."""
    found = connection.execute(sa.text("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' "
                                       "AND sql IS NOT NULL ORDER BY name")).all()
    return [(f'DROP INDEX "{name}"', sql) for name, table, sql in found if table in tables]


POSTGRESQL_INDEXES = sa.text(
    "SELECT c.relname, t.relname, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
    "JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace "
    "WHERE n.nspname = current_schema() AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid "
    "AND k.contype IN ('p', 'u', 'x')) ORDER BY c.relname")
POSTGRESQL_LINKS = sa.text(
    "SELECT k.conname, t.relname, pg_get_constraintdef(k.oid) FROM pg_constraint k "
    "JOIN pg_class t ON t.oid = k.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace "
    "WHERE n.nspname = current_schema() AND k.contype = 'f' ORDER BY t.relname, k.conname")


def _postgresql_away(connection: sa.Connection, tables: list[str]) -> list[tuple[str, str]]:
    """(drop, make) of the indexes and foreign keys of the tables; primary and unique keys stay."""
    links = [(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"', f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {sql}')
             for name, table, sql in connection.execute(POSTGRESQL_LINKS) if table in tables]
    indexes = [(f'DROP INDEX "{name}"', sql) for name, table, sql in connection.execute(POSTGRESQL_INDEXES)
               if table in tables]
    return links + indexes


def tidy(engine: sa.Engine) -> None:
    """After the commit: statistics for the planner, and nothing left in the log of writes."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.detach()  # the pool shall not have it back: it waits as long as it takes
            for statement in ("SET statement_timeout = 0", "VACUUM (ANALYZE)", "CHECKPOINT"):
                connection.exec_driver_sql(statement)
        return
    raw = engine.raw_connection()
    try:
        for statement in ("ANALYZE", "PRAGMA optimize", "PRAGMA wal_checkpoint(TRUNCATE)"):
            raw.cursor().execute(statement).fetchall()
    finally:
        raw.close()


class Calendar:
    """Days and moments as the database writes them, worked out once.

    A day is counted from `today` (0), a moment in minutes of the store's wall clock from today's midnight.
    """

    def __init__(self, today: dt.date, offset: dt.timedelta, back: int, ahead: int) -> None:
        self.today, self.back = today, back
        self.offset = int(offset.total_seconds() // 60)
        self.days = [(today + dt.timedelta(days=number)).isoformat() for number in range(-back - 2, ahead + 2)]
        self.minutes = [f" {number // 60:02d}:{number % 60:02d}:00.000000" for number in range(1440)]

    def day(self, number: int) -> str:
        """The day so many days from today."""
        return self.days[number + self.back + 2]

    def moment(self, minute: int) -> str:
        """The UTC time of a minute of the wall clock."""
        day, rest = divmod(minute - self.offset, 1440)
        return self.days[day + self.back + 2] + self.minutes[rest]
