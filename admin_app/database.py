"""The database: one SQLAlchemy object, safe SQLite, and the column types that the vocabulary is built on."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken
from flask import current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

try:  # a SQLite without the WAL-reset bug (SAFETY: 3.7.0 to 3.51.2 have it)
    import pysqlite3.dbapi2 as sqlite_module
except ImportError:  # no wheel for this machine: the check at start says so in the log
    sqlite_module = sqlite3  # type: ignore[assignment]

SAFE_SQLITE = (3, 51, 3)

# Whether the transaction that begins now will write. SQLite must then begin IMMEDIATE: a deferred
# transaction that turns into a writer skips busy_timeout. Reading requests set it to False.
writing: ContextVar[bool] = ContextVar("caredesk_writing", default=True)


def start_writing(session: Any) -> None:
    """Let a request that has only read so far begin anew as a writer: an export and a print log what they show."""
    session.rollback()
    writing.set(True)


class Base(DeclarativeBase):
    """Base of every model; constraint names are fixed so that migrations can name them."""

    metadata = sa.MetaData(naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    })


db = SQLAlchemy(model_class=Base, disable_autonaming=True)


class UtcDateTime(TypeDecorator[dt.datetime]):
    """A moment: aware in Python, UTC in the database. A naive value is a bug and raises ValueError."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        return dialect.type_descriptor(sa.DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value!r}")
        value = value.astimezone(dt.UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Encrypted(TypeDecorator[str]):
    """Text that lies encrypted in the database (Fernet, CAREDESK_ENCRYPTION_KEY).

    A value that the key does not open reads as None, so that a wrong key shows as empty, never as noise.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        return None if not value else cipher().encrypt(value.encode()).decode()

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> str | None:
        if value is None:
            return None
        try:
            return cipher().decrypt(value.encode()).decode()
        except InvalidToken:
            current_app.logger.error("an encrypted field cannot be read with CAREDESK_ENCRYPTION_KEY")
            return None


def cipher() -> Fernet:
    """The cipher of private text and backups, from CAREDESK_ENCRYPTION_KEY."""
    return Fernet(current_app.config["CAREDESK_ENCRYPTION_KEY"].encode())


def engine_options(url: str) -> dict[str, Any]:
    """Pool and driver options for a database address."""
    quiet = {"hide_parameters": True}  # an error in the log tells no phone number
    if url.startswith("sqlite"):
        memory = url in ("sqlite://", "sqlite:///:memory:")
        options: dict[str, Any] = {"module": sqlite_module, "connect_args": {"timeout": 20, "check_same_thread": False}}
        return options | quiet | ({"poolclass": sa.StaticPool} if memory else {})
    return quiet | {"pool_pre_ping": True, "pool_size": 8, "max_overflow": 8, "pool_recycle": 1800}


def driver_url(url: str) -> str:
    """The address with the driver that is installed (psycopg 3 for PostgreSQL)."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1) if url.startswith("postgresql://") else url


class _HintingCompiler(SQLiteCompiler):
    """Writes `with_hint(table, "NOT INDEXED", "sqlite")` behind the table's name, which SQLAlchemy leaves out."""

    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:
        return text


def _sqlite_connected(connection: Any, _record: Any) -> None:
    """WAL with FULL: NORMAL lost acknowledged commits at a power cut (SAFETY)."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=20000",
                   "cache_size=-32000", "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing.get() else "BEGIN")


def prepare_engine(engine: Engine) -> None:
    """Attach the SQLite safety listeners to an engine; nothing to do for PostgreSQL."""
    if engine.dialect.name == "sqlite" and not event.contains(engine, "connect", _sqlite_connected):
        engine.dialect.statement_compiler = _HintingCompiler
        event.listen(engine, "connect", _sqlite_connected)
        event.listen(engine, "begin", _sqlite_begin)


def sqlite_warning() -> str | None:
    """A sentence for the log where this SQLite still has the WAL-reset bug, else None."""
    found = tuple(int(part) for part in sqlite_module.sqlite_version.split("."))
    if found >= SAFE_SQLITE:
        return None
    return (f"SQLite {sqlite_module.sqlite_version} has the WAL-reset bug (fixed in 3.51.3): "
            "install the package pysqlite3, or use PostgreSQL.")


def init_app(app: Any) -> None:
    """Bind the database to the application, with the driver, the pool and the SQLite listeners."""
    from flask_migrate import Migrate

    from admin_app import audit, models, search_index, sessions  # noqa: F401 - they listen

    url = driver_url(app.config["SQLALCHEMY_DATABASE_URI"])
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", engine_options(url))
    db.init_app(app)
    Migrate(app, db, directory=str(Path(app.root_path).parent / "migrations"), render_as_batch=True,
            compare_server_default=False)
    with app.app_context():
        prepare_engine(db.engine)
    warning = sqlite_warning() if url.startswith("sqlite") else None
    if warning:
        app.logger.warning(warning)
