"""The database: one SQLAlchemy object, safe SQLite, and the column types that the vocabulary is built on."""

from __future__ import annotations

import datetime as dt
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken
from flask import current_app
from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import event
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from admin_app.errors import RuleError

try:  # a SQLite without the WAL-reset bug (SAFETY: 3.7.0 to 3.51.2 have it)
    import pysqlite3.dbapi2 as sqlite_module
except ImportError:  # no wheel for this machine: the check at start says so in the log
    sqlite_module = sqlite3  # type: ignore[assignment]

SAFE_SQLITE = (3, 51, 3)
CHECKPOINT_TRIES = 4
WAL_KEPT = 64 * 1024 * 1024  # bytes that SQLite's WAL keeps of the disk once it was larger (default)

# Whether the transaction that begins now will write. SQLite must then begin IMMEDIATE: a deferred
# transaction that turns into a writer skips busy_timeout. Reading requests set it to False.
writing: ContextVar[bool] = ContextVar("caredesk_writing", default=True)
# Whether somebody waits in front of a screen for the transaction that begins now: PostgreSQL then breaks off what takes
# too long. Jobs, imports, backups and commands take the time they need.
hurried: ContextVar[bool] = ContextVar("caredesk_hurried", default=False)


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


class RoutedSession(FlaskSession):
    """The session of a request. Where `info["replica"]` holds an engine, plain reading goes there, all else to the
    database itself; the gate is the same on both."""

    def get_bind(self, mapper: Any = None, clause: Any = None, bind: Any = None, **words: Any) -> Any:
        replica = self.info.get("replica")
        writes = self._flushing or isinstance(clause, sa.UpdateBase) or getattr(clause, "_for_update_arg", None)
        if replica is None or bind is not None or writes:
            return super().get_bind(mapper=mapper, clause=clause, bind=bind, **words)
        return replica


db = SQLAlchemy(model_class=Base, disable_autonaming=True, session_options={"class_": RoutedSession})


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


class EncryptedBytes(TypeDecorator[bytes]):
    """A file that lies encrypted in the database, like Encrypted; what the key does not open reads as None."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else cipher().encrypt(value).decode()

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> bytes | None:
        try:
            return None if value is None else cipher().decrypt(value.encode())
        except InvalidToken:
            current_app.logger.error("an encrypted file cannot be read with CAREDESK_ENCRYPTION_KEY")
            return None


def cipher() -> Fernet:
    """The cipher of private text and backups, from CAREDESK_ENCRYPTION_KEY."""
    return Fernet(current_app.config["CAREDESK_ENCRYPTION_KEY"].encode())


# PostgreSQL, for what a person waits for, in milliseconds (defaults): a statement, a lock, a transaction left open.
STATEMENT_TIMEOUT, LOCK_TIMEOUT, IDLE_TIMEOUT = 30_000, 10_000, 60_000
CONNECT_TIMEOUT = 5  # seconds until the database counts as down
POOL_SIZE = 10  # connections that a process keeps: its 8 threads, a job, the access log (default)
HURRY = (f"SET statement_timeout = {STATEMENT_TIMEOUT}; SET lock_timeout = {LOCK_TIMEOUT}; "
         f"SET idle_in_transaction_session_timeout = {IDLE_TIMEOUT}")
# What is read piece by piece (exports, backups) is read to the end: PostgreSQL would plan for its first tenth.
WHOLE = "SET cursor_tuple_fraction = 1"
PATIENCE = ("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; "
            "SET LOCAL idle_in_transaction_session_timeout = 0")
OVERFLOW = 5  # connections beyond, closed after use


def engine_options(url: str, pool_size: int = POOL_SIZE, name: str = "caredesk") -> dict[str, Any]:
    """Pool and driver options for a database address; `name` is what pg_stat_activity shows."""
    quiet = {"hide_parameters": True}  # an error in the log tells no phone number
    if url.startswith("sqlite"):
        memory = url in ("sqlite://", "sqlite:///:memory:")
        options: dict[str, Any] = {"module": sqlite_module, "connect_args": {"timeout": 20, "check_same_thread": False}}
        return options | quiet | ({"poolclass": sa.StaticPool} if memory else {})
    return quiet | {
        "pool_pre_ping": True, "pool_size": pool_size, "max_overflow": OVERFLOW, "pool_recycle": 1800,
        "pool_timeout": 10, "pool_use_lifo": True,
        "connect_args": {"connect_timeout": CONNECT_TIMEOUT, "application_name": name, "keepalives_idle": 30,
                         "keepalives_interval": 10, "keepalives_count": 3}}


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
                   "cache_size=-2000", "temp_store=MEMORY", f"journal_size_limit={WAL_KEPT}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing.get() else "BEGIN")


def _postgres_connected(connection: Any, _record: Any) -> None:
    """The limits of a request stand on every connection, so that a request sends nothing for them."""
    connection.autocommit = True
    connection.execute(f"{HURRY}; {WHOLE}")
    connection.autocommit = False


# In `info` of a connection: whether its transaction, of a request, has asked for nothing but rows so far.
ONLY_READ = "only read"


def _postgres_begin(connection: sa.Connection) -> None:
    connection.info[ONLY_READ] = hurried.get()  # the others load rows past the events of SQLAlchemy (COPY)
    if not hurried.get():
        connection.exec_driver_sql(PATIENCE)


def _postgres_asked(connection: sa.Connection, _cursor: Any, statement: str, *_others: Any) -> None:
    if not statement.startswith("SELECT"):
        connection.info[ONLY_READ] = False


def _postgres_rollback(connection: Any) -> None:
    """End what has only read by COMMIT: there is nothing to undo, and after a ROLLBACK the driver forgets every
    statement that it has prepared, so that each request would have all of its own planned anew."""
    try:
        only_read = connection.info.pop(ONLY_READ, False)
    except NotImplementedError:  # the first look of the dialect comes before the pool
        only_read = False
    if only_read:
        connection.commit()
    else:
        connection.rollback()


@contextmanager
def patiently() -> Iterator[None]:
    """Work started from a screen that may take longer than a request: a job run at once."""
    token = hurried.set(False)
    try:
        yield
    finally:
        hurried.reset(token)


def prepare_engine(engine: Engine) -> None:
    """Attach to an engine what makes SQLite safe, and on PostgreSQL the limits of a request."""
    if engine.dialect.name == "postgresql" and not event.contains(engine, "begin", _postgres_begin):
        event.listen(engine, "connect", _postgres_connected)
        event.listen(engine, "begin", _postgres_begin)
        event.listen(engine, "before_cursor_execute", _postgres_asked)
        engine.dialect.do_rollback = _postgres_rollback  # type: ignore[method-assign,assignment]
    if engine.dialect.name == "sqlite" and not event.contains(engine, "connect", _sqlite_connected):
        engine.dialect.statement_compiler = _HintingCompiler
        event.listen(engine, "connect", _sqlite_connected)
        event.listen(engine, "begin", _sqlite_begin)


def checkpoint(engine: Engine) -> bool | None:
    """Bring SQLite's WAL into its file and make it empty; whether that was done, None for PostgreSQL.

    SQLite does it by itself every thousand pages, but never to the end while readers overlap without a gap. This one
    waits until those that read now are done, up to busy_timeout. No transaction of this thread may be open.
    """
    if engine.dialect.name != "sqlite":
        return None
    pooled = engine.raw_connection()
    try:
        for turn in range(CHECKPOINT_TRIES):  # where another one is at it SQLite does not wait
            busy, _pages, _done = pooled.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not busy:
                return True
            time.sleep(turn / 2)
    finally:
        pooled.close()
    return False


def look_at_tables(engine: Engine) -> None:
    """Let SQLite count its tables anew where they have grown: without it, it may take the wrong index. PostgreSQL does
    so by itself."""
    if engine.dialect.name == "sqlite":
        pooled = engine.raw_connection()
        try:
            pooled.cursor().execute("PRAGMA optimize=0x10002")
        finally:
            pooled.close()


def sqlite_warning() -> str | None:
    """A sentence for the log where this SQLite still has the WAL-reset bug, else None."""
    found = tuple(int(part) for part in sqlite_module.sqlite_version.split("."))
    if found >= SAFE_SQLITE:
        return None
    return (f"SQLite {sqlite_module.sqlite_version} has the WAL-reset bug (fixed in 3.51.3): "
            "install the package pysqlite3, or use PostgreSQL.")


def pool_size(config: Any) -> int:
    """CAREDESK_POOL_SIZE as a number. Raises RuleError where it is none."""
    text = str(config.get("CAREDESK_POOL_SIZE") or POOL_SIZE)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 500):
        raise RuleError(f"CAREDESK_POOL_SIZE must be a number from 1 to 500, not {text}.")
    return int(text)


def init_app(app: Any) -> None:
    """Bind the database to the application, with the driver, the pool and the SQLite listeners."""
    from flask_migrate import Migrate

    from admin_app import audit, customer_blocks, due_index, models, search_index, sessions  # noqa: F401 - they listen
    from admin_app.rules.scores.rollup import rebuilding  # noqa: F401 - the roll-ups of the scores listen

    url = driver_url(app.config["SQLALCHEMY_DATABASE_URI"])
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", engine_options(url, pool_size(app.config)))
    db.init_app(app)
    Migrate(app, db, directory=str(Path(app.root_path).parent / "migrations"), render_as_batch=True,
            compare_server_default=False)
    with app.app_context():
        prepare_engine(db.engine)
    warning = sqlite_warning() if url.startswith("sqlite") else None
    if warning:
        app.logger.warning(warning)
