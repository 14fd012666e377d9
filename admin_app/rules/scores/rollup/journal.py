"""What a transaction changes of the rows that scores count: how each of them stood before, and how it stands now.

A flush listener notes what the ORM writes; what writes past it says so itself (`touch`, `added`). At the commit,
behind the lock on the audit's head that puts writers in order, the differences are added to the roll-ups: what other
transactions did in the meantime is in both pictures and falls out. A page that reads scores in the middle of a
transaction settles them first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session, attributes

from admin_app import audit  # noqa: F401 - its listeners come first: the lock, then the roll-ups
from admin_app.models import BY_TABLE
from admin_app.rules.scores.rollup.parts import NEEDED, values_of
from admin_app.rules.scores.rollup.tally import pieces

Key = tuple[str, int]
NEW, UNREAD = None, object()


class Noted:
    """One row: `before` (None: it was not there) and `now` (None: it is gone; UNREAD: ask the database)."""

    __slots__ = ("before", "now")

    def __init__(self, before: Any, now: Any) -> None:
        self.before, self.now = before, now


def journal_of(session: Any) -> dict[Key, Noted]:
    """(table, key) → what was noted of the row in this transaction."""
    return session.info.setdefault("score_journal", {})


# ---------------------------------------------------------------- what the ORM writes


@event.listens_for(Session, "before_flush")
def _note_before(session: Any, _context: Any, _instances: Any) -> None:
    """Note how the rows stood that this flush changes."""
    journal, pending = journal_of(session), session.info.setdefault("score_rows", [])
    for row in session.new:
        if row.__tablename__ in NEEDED:
            pending.append((row, True, True))
    for row in session.dirty:
        needed = NEEDED.get(row.__tablename__)
        if needed is None or not sa.inspect(row).committed_state.keys() & set(needed):
            continue
        _note(session, journal, row)
        pending.append((row, True, False))
    for row in session.deleted:
        if row.__tablename__ in NEEDED:
            _note(session, journal, row)
            pending.append((row, False, False))


def _note(session: Any, journal: dict[Key, Noted], row: Any) -> None:
    key = (row.__tablename__, sa.inspect(row).identity[0])
    if key not in journal:
        journal[key] = Noted(_before(session, row, key[1]), UNREAD)


@event.listens_for(Session, "after_flush")
def _note_after(session: Any, _context: Any) -> None:
    """Note how they stand now; a value that only the database knows is asked for when it is needed."""
    journal = journal_of(session)
    for row, there, is_new in session.info.pop("score_rows", ()):
        key = (row.__tablename__, sa.inspect(row).identity[0] if sa.inspect(row).identity else row.id)
        noted = journal.setdefault(key, Noted(NEW, UNREAD))
        noted.now = _at_hand(row, is_new) if there else None


def _at_hand(row: Any, is_new: bool) -> Any:
    """The values of a row in hand; UNREAD where one of them is not a plain value that is loaded.

    What nobody has set in a new row is empty, unless the database fills it in.
    """
    values, made_there = row.__dict__, sa.inspect(row).expired_attributes
    found = {}
    for name in NEEDED[row.__tablename__]:
        if name not in values and (not is_new or name in made_there):
            return UNREAD
        found[name] = values.get(name)
        if isinstance(found[name], sa.ClauseElement):
            return UNREAD
    return values_of(row.__tablename__, found, row.id)


def _before(session: Any, row: Any, number: int) -> SimpleNamespace:
    """The values that the database has of a row that is about to be written."""
    found: dict[str, Any] = {}
    for name in NEEDED[row.__tablename__]:
        history = attributes.get_history(row, name, attributes.PASSIVE_NO_INITIALIZE)
        kept = history.deleted or history.unchanged
        if not kept:
            return next(_read(session, row.__tablename__, [number]))[1]
        found[name] = kept[0]
    return values_of(row.__tablename__, found, number)


# ---------------------------------------------------------------- what is written past it


def matters(table: str, names: Iterable[str]) -> bool:
    """Whether a change of one of these columns may change a score."""
    return not set(names).isdisjoint(NEEDED.get(table, ()))


def touch(session: Any, table: str, keys: Iterable[int]) -> None:
    """To be called before rows are changed by a statement: notes how they stand, and holds them until the commit."""
    if table not in NEEDED:
        return
    session.flush()
    journal = journal_of(session)
    for piece in pieces(set(keys)):
        unknown = [key for key in piece if (table, key) not in journal]
        for key, values in _read(session, table, unknown, hold=True):
            journal[table, key] = Noted(values, UNREAD)
        for key in piece:
            if (table, key) in journal:
                journal[table, key].now = UNREAD


def added(session: Any, table: str, keys: Iterable[int]) -> None:
    """To be called for rows that a statement has put in."""
    if table in NEEDED:
        journal = journal_of(session)
        for key in keys:
            journal.setdefault((table, key), Noted(NEW, UNREAD)).now = UNREAD


def _read(session: Any, table: str, keys: list[int], hold: bool = False) -> Iterator[tuple[int, SimpleNamespace]]:
    """(key, values) of rows as the database has them; hold: nobody else changes them before the commit."""
    return read(session.connection(), table, keys, hold=hold) if keys else iter(())


def read(connection: sa.Connection, table: str, keys: Iterable[int], by: str = "id", *,
         hold: bool = False) -> Iterator[tuple[int, SimpleNamespace]]:
    """(key, values) of the rows whose column `by` has one of these keys, those in the recycle bin included."""
    columns = BY_TABLE[table].__table__.c
    for piece in pieces(keys):
        statement = sa.select(columns.id, *[columns[name] for name in NEEDED[table]]).where(columns[by].in_(piece))
        if hold:
            statement = statement.order_by(columns.id).with_for_update()
        for row in connection.execute(statement).mappings():
            yield row["id"], values_of(table, row, row["id"])


# ---------------------------------------------------------------- the end of a transaction


def take(session: Any) -> dict[Key, Noted]:
    """All that was noted, with the present values read; the journal is empty afterwards."""
    journal = session.info.pop("score_journal", {})
    unread: dict[str, list[int]] = {}
    for (table, key), noted in journal.items():
        if noted.now is UNREAD:
            unread.setdefault(table, []).append(key)
    for table, keys in unread.items():
        there = dict(read(session.connection(), table, keys))
        for key in keys:
            journal[table, key].now = there.get(key)
    return {key: noted for key, noted in journal.items() if noted.before != noted.now}


@event.listens_for(Session, "before_commit")
def _settle(session: Any) -> None:
    from admin_app.rules.scores.rollup.settling import settle

    if session.get_nested_transaction() is None:
        settle(session)
        session.info.pop("score_marks", None)


@event.listens_for(Session, "after_transaction_create")
def _mark(session: Any, transaction: Any) -> None:
    if transaction.nested:
        marks = session.info.setdefault("score_marks", {})
        marks[transaction] = dict(journal_of(session))


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Any, previous: Any) -> None:
    """What is taken back up to a savepoint: what was noted before it stands, its present values are asked for again.

    A flush that fails is a transaction within the savepoint's, and takes that one back.
    """
    session.info.pop("score_rows", None)
    while not previous.nested and previous.parent is not None:
        previous = previous.parent
    kept = session.info.get("score_marks", {}).get(previous, {}) if previous.nested else {}
    session.info["score_journal"] = {key: Noted(noted.before, UNREAD) for key, noted in kept.items()}
