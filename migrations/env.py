"""Runs the migrations of migrations/versions against the application's database, within one transaction."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context
from flask import current_app

from admin_app import customer_blocks, directory, due_index, search_index
from admin_app.columns import ChoiceType
from admin_app.database import Encrypted, UtcDateTime, db


def render_item(kind: str, item: Any, _context: Any) -> str | bool:
    """Write the desk's own column types as what the database holds, so that old migrations stay readable."""
    if kind == "type" and isinstance(item, ChoiceType):
        return "sa.String(length=24)"
    if kind == "type" and isinstance(item, Encrypted):
        return "sa.Text()"
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "server_default" and isinstance(getattr(item, "arg", None), sa.sql.elements.True_ | sa.sql.elements.False_):
        return "sa.true()" if isinstance(item.arg, sa.sql.elements.True_) else "sa.false()"
    return False


def is_of_the_models(name: str | None, kind: str, _parents: Any) -> bool:
    """Leaves out of the comparison what search_index.py makes beside the models: FTS tables and trigram indexes."""
    if kind == "table":
        return not (name or "").startswith(search_index.FTS_TABLES)
    return kind != "index" or name not in search_index.TRIGRAM_INDEXES


def keep_triggers(connection: sa.Connection) -> None:
    """SQLite drops the triggers of a table that a migration has rebuilt."""
    there = set(sa.inspect(connection).get_table_names())
    if {"search_gram", "customer", "vehicle"} <= there:
        search_index.install(connection)
    if {"directory_change", *directory.WATCHED} <= there:
        directory.install(connection)
    if {"due_task", "followup", "customer"} <= there and due_index.fits(connection) and (
            due_index.triggers_missing(connection)):
        due_index.install(connection)
        due_index.rebuild(connection)  # what a migration has written meanwhile was not noted
    if {"customer_block", "customer"} <= there and customer_blocks.triggers_missing(connection):
        customer_blocks.install(connection)
        customer_blocks.rebuild(connection)


def run() -> None:
    """Migrate, with SQLite's tables rebuilt where it cannot alter them in place."""
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:  # a rebuilt table is dropped and renamed; the pragma works outside a transaction only
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.rollback()
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
            # and triggers of other tables, which name it, are let stand meanwhile
            connection.connection.driver_connection.execute("PRAGMA legacy_alter_table=ON")
        context.configure(connection=connection, target_metadata=db.metadata, render_as_batch=True,
                          render_item=render_item, include_name=is_of_the_models, compare_type=False)
        with context.begin_transaction():
            context.run_migrations()
            keep_triggers(connection)
        connection.commit()  # on SQLite each migration has ended its own transaction; what came behind is in another one
        if sqlite:
            _check_keys(connection)
            connection.connection.driver_connection.execute("PRAGMA legacy_alter_table=OFF")
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")


def _check_keys(connection: sa.Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    connection.rollback()
    if broken:
        raise RuntimeError(f"the migration left {len(broken)} rows that point nowhere")


run()
