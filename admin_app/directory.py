"""Who works here, kept in memory: people with their rights, names of staff and stores, the agreement in force.

These rows are asked for by every request and change rarely. Triggers of the database note every change of them in
`directory_change`, by whatever road it came and in its own transaction; the stamp of that table is read with the
session of each request (sessions.py), and what was kept under another stamp is forgotten. So a right that is taken
away is gone with the next request, in every process. What was kept on another day goes too: much of it names the day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import current_app, g, has_app_context
from sqlalchemy import event

from admin_app import clock
from admin_app.database import db
from admin_app.models import BY_TABLE, DirectoryChange

# table → the columns whose change counts; None: every column
WATCHED: dict[str, tuple[str, ...] | None] = {
    "agreement": None, "calendar_day": None, "field_set": None, "grant": None, "role": None, "segment": None,
    "store": None, "team": None,
    "user": ("username", "name", "store_id", "role_id", "second_role_id", "team_id", "active", "group_wide", "locale",
             "must_change_password", "agreement_version", "deleted_at"),
}
# Tables small enough that their names are kept whole.
NAMED = ("store", "team", "role", "user")

Stamp = tuple[int, int]
Days = tuple[dt.date, dt.date]  # that of UTC, by which the gate counts, and that of the store


class Directory:
    """What is known under one stamp, on one day. Filled when first asked for; several threads may fill it at once."""

    def __init__(self, stamp: Stamp, days: Days) -> None:
        self.stamp, self.days = stamp, days
        self._kept: dict[Any, Any] = {}

    def keep(self, key: Any, make: Callable[[], Any]) -> Any:
        """What is kept under a key; made on the first asking."""
        try:
            return self._kept[key]
        except KeyError:
            found = self._kept[key] = make()
            return found

    def put(self, key: Any, value: Any) -> None:
        """Keep something under a key in place of what was there."""
        self._kept[key] = value

    def get(self, key: Any) -> Any:
        """What is kept under a key, or None."""
        return self._kept.get(key)

    def names(self, session: Any, table: str) -> dict[int, tuple[str, int | None]]:
        """key → (name, store) of every row of a table of NAMED that is not deleted."""
        return self.keep(("names", table), lambda: _names(session, table))


def _names(session: Any, table: str) -> dict[int, tuple[str, int | None]]:
    from admin_app import access

    model = BY_TABLE[table]
    columns = model.__table__.c
    store = columns.id if table == "store" else columns.store_id if "store_id" in columns else sa.null()
    rows = session.execute(access.ungated(
        sa.select(model.id, model.name, store.label("place")).where(model.deleted_at.is_(None))))
    return {row.id: (row.name, row.place) for row in rows}


def stamp_columns() -> tuple[Any, Any]:
    """The stamp as two columns for a statement: how many changes are noted, and the last of them."""
    changes = DirectoryChange.__table__.c.id
    return (sa.select(sa.func.count(changes)).scalar_subquery().label("changes"),
            sa.select(sa.func.coalesce(sa.func.max(changes), 0)).scalar_subquery().label("last_change"))


def at(stamp: Stamp) -> Directory:
    """The directory under a stamp; that of another stamp or day is forgotten. It becomes the one of this request."""
    kept: Directory | None = current_app.extensions.get("caredesk_directory")
    days = (clock.utcnow().date(), clock.today())
    if kept is None or (kept.stamp, kept.days) != (stamp, days):
        kept = current_app.extensions["caredesk_directory"] = Directory(stamp, days)
    g.directory = kept
    return kept


def current() -> Directory:
    """The directory of this request; outside of one, or before anybody is signed in, as the database is now."""
    found = g.get("directory")
    if found is not None:
        return found
    from admin_app import access

    count, last = db.session.execute(access.ungated(sa.select(*stamp_columns()))).one()
    return at((count, last))


def known(key: Any, make: Callable[[], Any], without: Any) -> Any:
    """What is kept under a key; `without` where no application stands around the caller, as in a plain calculation."""
    return current().keep(key, make) if has_app_context() else without


def forget() -> None:
    """Let the next asking look at the database: after a change in this very request."""
    g.pop("directory", None)


def tidy(connection: sa.Connection) -> int:
    """Put one note in the place of all that are there; returns how many went. The stamp is a new one after it."""
    table = DirectoryChange.__table__
    last = connection.execute(sa.select(sa.func.max(table.c.id))).scalar()
    if last is None:
        return 0
    new = connection.execute(sa.insert(table).returning(table.c.id)).scalar_one()
    return connection.execute(sa.delete(table).where(table.c.id < new)).rowcount


# ---------------------------------------------------------------- triggers


def triggers(dialect: str) -> list[str]:
    """The statements that make the triggers, for SQLite or PostgreSQL."""
    return _postgres() if dialect == "postgresql" else _sqlite()


def _postgres() -> list[str]:
    made = ["CREATE OR REPLACE FUNCTION directory_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "INSERT INTO directory_change DEFAULT VALUES; RETURN NULL; END $$"]
    for table, columns in WATCHED.items():
        of = f" OF {', '.join(columns)}" if columns else ""
        made.append(f'CREATE OR REPLACE TRIGGER directory_{table} AFTER INSERT OR UPDATE{of} OR DELETE ON "{table}" '
                    "FOR EACH STATEMENT EXECUTE FUNCTION directory_changed()")
    return made


def _sqlite() -> list[str]:
    made = []
    for table, columns in WATCHED.items():
        of = f" OF {', '.join(columns)}" if columns else ""
        made += [f"CREATE TRIGGER IF NOT EXISTS directory_{table}_{name} AFTER {verb} "
                 f'ON "{table}" BEGIN INSERT INTO directory_change (id) VALUES (NULL); END'
                 for name, verb in (("insert", "INSERT"), ("update", f"UPDATE{of}"), ("delete", "DELETE"))]
    return made


def install(connection: sa.Connection) -> None:
    """Make the triggers that are missing: for new tables, and for those that a migration has rebuilt."""
    for statement in triggers(connection.dialect.name):
        connection.exec_driver_sql(statement)


@event.listens_for(db.metadata, "after_create")
def _make_triggers(_metadata: Any, connection: sa.Connection, tables: Any = (), **_words: Any) -> None:
    if any(table.name == DirectoryChange.__tablename__ for table in tables or ()):
        install(connection)
