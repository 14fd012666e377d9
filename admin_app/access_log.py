"""The four things beside reveals that the access log keeps: viewed, searched, exported, printed (DOMAIN 3.9).

Views and searches are collected and written every half second, at most a second late (SAFETY allows it);
under test they are written at once. Exports and prints are added to the running transaction.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections import deque
from typing import Any

import sqlalchemy as sa
from flask import current_app

from admin_app import cleaning, trail
from admin_app.access import actor_of
from admin_app.choices import AccessVerb
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.masking import masked
from admin_app.models import AccessLog

EVERY = 0.5  # seconds between two writes
MOST_KEPT = 50_000  # entries kept while the database cannot be written

log = logging.getLogger(__name__)


class Batch:
    """Entries on their way into the database; one thread of this process writes them."""

    def __init__(self, engine: Any) -> None:
        self.engine, self.rows = engine, deque[dict[str, Any]](maxlen=MOST_KEPT)
        self.writing, self.wake, self.process = threading.Lock(), threading.Event(), 0

    def add(self, row: dict[str, Any], *, at_once: bool = False) -> None:
        """Take an entry; `at_once` writes it before returning."""
        self.rows.append(row)
        if at_once:
            self.flush()
        else:
            self._start()
            self.wake.set()

    def flush(self) -> None:
        """Write what is waiting. What could not be written waits for the next time."""
        with self.writing:
            taken = [self.rows.popleft() for _ in range(len(self.rows))]
            if not taken:
                return
            try:
                with self.engine.begin() as connection:
                    connection.execute(sa.insert(AccessLog.__table__), taken)
            except sa.exc.SQLAlchemyError:
                log.exception("the access log could not be written; %s entries wait", len(taken))
                self.rows.extendleft(reversed(taken))

    def _start(self) -> None:
        if self.process == os.getpid():  # a forked worker needs a thread of its own
            return
        self.process = os.getpid()
        threading.Thread(target=self._run, name="access-log", daemon=True).start()
        atexit.register(self.flush)

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self.wake.wait()
            pause.wait(EVERY)
            self.wake.clear()
            self.flush()


def _batch() -> Batch:
    kept: Batch | None = current_app.extensions.get("caredesk_access_log")
    if kept is None:
        kept = current_app.extensions["caredesk_access_log"] = Batch(db.engine)
    return kept


def _later(verb: AccessVerb, table: str | None, row_id: int | None = None, **more: Any) -> None:
    actor = actor_of(db.session)
    if actor is None or actor.user_id is None:
        return
    row = {"at": utcnow(), "user_id": actor.user_id, "store_id": actor.store_id, "verb": verb, "table": table,
           "row_id": row_id, "reason": None, "count": None, "address": actor.address} | more
    _batch().add(row, at_once=current_app.testing)


def viewed(table: str, row_id: int) -> None:
    """A person has opened a record."""
    _later(AccessVerb.VIEW, table, row_id)


def searched(table: str | None, query: str, count: int) -> None:
    """A person has searched; what was typed is kept, what may be a piece of a phone, plate or VIN masked."""
    _later(AccessVerb.SEARCH, table, reason=as_logged(query)[:200], count=count)


def as_logged(query: str) -> str:
    """What was typed into a search, masked where it may be a piece of a phone, plate or VIN."""
    typed = query.strip()
    digits = sum(letter.isdigit() for letter in typed)
    private = digits >= 4 or cleaning.plate(typed).value or cleaning.vin(typed).value
    return masked("tail", typed) if private else typed


def exported(table: str, count: int, reason: str | None = None) -> None:
    """A person takes rows away as a file; committed with the running transaction."""
    trail.note(db.session, AccessVerb.EXPORT, table, count=count, reason=reason)


def printed(table: str, row_id: int | None = None, count: int | None = None) -> None:
    """A person prints a record or a list; committed with the running transaction."""
    trail.note(db.session, AccessVerb.PRINT, table, row_id, count=count)


def flush() -> None:
    """Write what is waiting now."""
    _batch().flush()
