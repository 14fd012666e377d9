"""Reports read from a streaming replica of PostgreSQL (CAREDESK_REPLICA_URL), where seconds of delay do no harm.

The person, the rights and everything that is written stay with the database itself; only what the page itself reads
goes to the replica, through the same session and the same gate. Reports read the database itself where the replica is
down, more than CAREDESK_REPLICA_LAG seconds behind, or where this browser has just written something.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app, redirect, request, session
from sqlalchemy.engine import Engine

from admin_app.database import db, driver_url, engine_options, pool_size, prepare_engine
from admin_app.errors import RuleError

# Pages that read the replica: scores, quality, duplicates, logs, paper. Exports of every list come on top.
REPORTS = frozenset({
    "scores.page", "scores.rows", "quality.page", "quality.rows", "duplicates.show", "audit_entry.index_view",
    "audit_entry.details_view", "access_log.index_view", "access_log.details_view", "prints.customer", "prints.day",
    "prints.callback"})
LOOK_EVERY = 5.0  # seconds between two looks at the replica, one process
REST = 30.0  # seconds that a replica which failed is left alone


def is_report(endpoint: str | None) -> bool:
    """Whether a page may show a state that is some seconds old."""
    return endpoint in REPORTS or (endpoint or "").endswith(".export")


class Replica:
    """The replica of this process: its engine, and whether it can be used just now."""

    def __init__(self, engine: Engine, most_behind: float) -> None:
        self.engine, self.most_behind = engine, most_behind
        self.usable, self.looked, self.why = False, float("-inf"), "not looked at yet"
        self._lock = threading.Lock()

    def ready(self, primary: Engine) -> bool:
        """Whether it answers and is not too far behind; looked at every few seconds, by one thread."""
        if time.monotonic() - self.looked > LOOK_EVERY and self._lock.acquire(blocking=False):
            try:
                self.looked = time.monotonic()
                self._note(self._fault(primary))
            finally:
                self._lock.release()
        return self.usable

    def _fault(self, primary: Engine) -> str:
        """Why it cannot be used, or ""."""
        try:
            with primary.connect() as connection:
                written = connection.scalar(sa.select(sa.func.pg_current_wal_lsn().cast(sa.Text)))
            with self.engine.connect() as connection:
                behind = self._behind(connection, written)
        except sa.exc.DBAPIError as error:
            self.looked = time.monotonic() + REST - LOOK_EVERY
            return f"it does not answer ({type(error.orig).__name__})"
        except sa.exc.TimeoutError:
            return "its connections are all in use"
        if behind is None:
            return "it is no replica"
        return f"it is {behind:.0f} s behind" if behind > self.most_behind else ""

    def _behind(self, connection: sa.Connection, written: Any) -> float | None:
        """Seconds behind the database: 0 where it has everything that was written; None where it follows nothing."""
        f = sa.func
        replayed = f.pg_last_wal_replay_lsn()
        missing = f.pg_wal_lsn_diff(sa.cast(written, PG_LSN), replayed)
        age = sa.extract("epoch", f.clock_timestamp() - f.pg_last_xact_replay_timestamp())
        follows, missing_bytes, seconds = connection.execute(
            sa.select(f.pg_is_in_recovery(), missing, age)).one()
        if not follows:
            return None
        if missing_bytes is not None and missing_bytes <= 0:
            return 0.0
        return float("inf") if seconds is None else float(seconds)

    def failed(self, why: str) -> None:
        """It has failed in the middle of a page; it is left alone for a while."""
        self.looked = time.monotonic() + REST - LOOK_EVERY
        self._note(why)

    def _note(self, fault: str) -> None:
        if fault != self.why:
            self.why = fault
            message = f"reports read the database itself: the replica cannot be used, {fault}" if fault else (
                "reports read the replica")
            (current_app.logger.warning if fault else current_app.logger.info)(message)
        self.usable = not fault


class PG_LSN(sa.types.UserDefinedType[str]):
    """A place in PostgreSQL's log."""

    cache_ok = True

    def get_col_spec(self, **_words: Any) -> str:
        return "pg_lsn"


# ---------------------------------------------------------------- the life of a request


def init_app(app: Flask) -> None:
    """Let reports read the replica where one is set; after people.py, which finds out who acts."""
    url = driver_url(str(app.config["CAREDESK_REPLICA_URL"] or "").replace("postgres://", "postgresql://", 1))
    if not url:
        return
    if not (url.startswith("postgresql") and app.config["SQLALCHEMY_DATABASE_URI"].startswith("postgresql")):
        raise RuleError("CAREDESK_REPLICA_URL needs PostgreSQL in both places.")
    engine = sa.create_engine(url, **engine_options(url, pool_size(app.config), "caredesk-reports"))
    prepare_engine(engine)
    sa.event.listen(engine, "connect", _read_only)
    app.extensions["caredesk_replica"] = Replica(engine, _seconds(app.config["CAREDESK_REPLICA_LAG"]))
    app.before_request(_choose)
    app.after_request(_remember_writing)


def _seconds(text: Any) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 3600:
        raise RuleError(f"CAREDESK_REPLICA_LAG must be seconds, 0 to 3600, not {text}.")
    return found


def _read_only(connection: Any, _record: Any) -> None:
    connection.autocommit = True
    connection.execute("SET default_transaction_read_only = on")
    connection.autocommit = False


def of(app: Flask) -> Replica | None:
    """The replica of this process, or None."""
    found: Replica | None = app.extensions.get("caredesk_replica")
    return found


def _choose() -> None:
    replica = of(current_app)
    if replica is None or request.method not in ("GET", "HEAD") or not is_report(request.endpoint):
        return
    if time.time() - float(session.get("written_at", 0)) < replica.most_behind + LOOK_EVERY:
        return  # whoever has just written sees it
    if replica.ready(db.engine):
        db.session.info["replica"] = replica.engine


def _remember_writing(response: Any) -> Any:
    if request.method not in ("GET", "HEAD", "OPTIONS") and response.status_code < 400 and "token" in session:
        session["written_at"] = int(time.time())
    return response


def again(error: Exception) -> Any:
    """Where a page failed that was reading the replica: the way to it from the database itself, else None."""
    replica = of(current_app)
    if replica is None or db.session.info.pop("replica", None) is None:
        return None
    db.session.rollback()
    replica.failed(f"it broke off ({type(error).__name__})")
    return redirect(request.full_path.rstrip("?"))
