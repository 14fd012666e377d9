"""Collects rows table by table with keys of its own, and inserts them in bulk with an audit entry."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from admin_app import access, audit
from admin_app.choices import AuditVerb
from admin_app.models import BY_TABLE

# In this order every row finds the rows that it points at.
ORDER = ("store", "team", "user", "segment", "calendar_day", "customer", "customer_reader", "consent", "contact",
         "vehicle", "vehicle_owner", "campaign", "visit", "photo", "photo_data", "promise", "gift", "followup",
         "repair_order", "complaint", "complaint_step", "inquiry", "lead_token", "campaign_member", "campaign_cost",
         "access_log")


# Rows of these tables carry every column from the start, for the parts that look at what is not there yet.
WHOLE = {"store", "team", "user", "customer", "vehicle", "campaign"}
CHUNK = 500


class Writer:
    """Rows waiting to be inserted. Every row has its key from the start, so rows can name each other."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.rows: dict[str, list[dict[str, Any]]] = {table: [] for table in ORDER}
        self.counts: dict[str, int] = dict.fromkeys(ORDER, 0)
        self._next: dict[str, int] = {}
        self._blank = {table: _blank(table) for table in ORDER}

    def add(self, table: str, /, *, created: dt.datetime, **values: Any) -> dict[str, Any]:
        """Add a row made at `created`; columns not named take their defaults. Returns the row, to be changed."""
        row: dict[str, Any] = {"id": self._key(table)}
        if "created_at" in self._blank[table]:
            row["created_at"] = row["updated_at"] = created
        row.update(values)
        if unknown := row.keys() - self._blank[table].keys():
            raise KeyError(f"{table} has no column {sorted(unknown)}")
        if table in WHOLE:
            row = self._blank[table] | row
        self.rows[table].append(row)
        return row

    def _key(self, table: str) -> int:
        if table not in self._next:
            column = BY_TABLE[table].__table__.c.id
            self._next[table] = (self.session.connection().execute(sa.select(sa.func.max(column))).scalar() or 0) + 1
        key = self._next[table]
        self._next[table] += 1
        return key

    def flush(self) -> None:
        """Insert what waits, in the running transaction."""
        connection = self.session.connection()
        with access.as_system(self.session, "demo store"):
            for table in ORDER:
                rows = self.rows[table]
                for at in range(0, len(rows), CHUNK):
                    connection.execute(sa.insert(BY_TABLE[table].__table__), self._alike(table, rows[at:at + CHUNK]))
                self.counts[table] += len(rows)
                self.rows[table] = []

    def _alike(self, table: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows with the same columns each: those that any of them names, and those that have a default."""
        named = set().union(*rows)
        blank = {key: value for key, value in self._blank[table].items() if key in named or value is not None}
        return [blank | row for row in rows]

    def finish(self) -> None:
        """Insert what still waits, write one audit entry a table, and let PostgreSQL count on from our keys."""
        self.flush()
        with access.as_system(self.session, "demo store"):
            for table, count in self.counts.items():
                if count and table not in ("access_log", "photo_data"):
                    audit.record(self.session, AuditVerb.BULK, table, label=f"{table}: {count}",
                                 changes={"rows": [0, count]})
        if self.session.connection().dialect.name == "postgresql":
            for table in self._next:
                self.session.connection().exec_driver_sql(
                    f"SELECT setval(pg_get_serial_sequence('\"{table}\"', 'id'), "
                    f"GREATEST((SELECT max(id) FROM \"{table}\"), 1))")
        self.counts = dict.fromkeys(ORDER, 0)


def _blank(table: str) -> dict[str, Any]:
    """A row with every column: its default where that is a plain value, else empty."""
    return {column.key: column.default.arg if column.default is not None and column.default.is_scalar else None
            for column in BY_TABLE[table].__table__.columns}
