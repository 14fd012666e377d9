"""The roll-ups worked out anew from the tables, and compared with what is there.

The difference is added like that of any transaction, never put in the place of what is there: what people write in the
meantime adds up with it. So it may run while they work, as often as one likes, and at any time the roll-ups are right
or as wrong as they were.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

import sqlalchemy as sa

from admin_app import derived
from admin_app.clock import zone
from admin_app.database import writing
from admin_app.models import SCORE_TALLIES, ScoreDay, User
from admin_app.rules.scores.rollup.expected import Expected, People
from admin_app.rules.scores.rollup.settling import settle
from admin_app.rules.scores.rollup.tally import BUILT, as_rows, pieces, write
from admin_app.rules.scores.tongue import Days

TOGETHER = 50  # people whose roll-ups are worked out in one piece (default)
BUILT_ROW = {"span": BUILT, "day": dt.date(2000, 1, 1).isoformat(), "user_id": 0, "store_id": 0, "visits": 1}
_table = ScoreDay.__table__

_built: WeakSet[Any] = WeakSet()  # the databases of this process that were found built


def differences(connection: sa.Connection, people: People = None) -> list[dict[str, Any]]:
    """What would have to be added to the roll-ups of these people: rows that differ, nothing where all are right."""
    missing = Expected(connection, Days(zone(), connection.dialect.name), people).sums().spans()
    there = sa.select(_table).where(_table.c.span != BUILT)
    if people is not None:
        there = there.where(_table.c.user_id.in_(people))
    for span, day, person, store, *numbers in connection.execute(there):
        key, kept = (span, day, person, store), dict(zip(SCORE_TALLIES, numbers, strict=True))
        wanted = missing.pop(key, {})
        changed = {name: wanted.get(name, 0) - number for name, number in kept.items()
                   if number or name in wanted}
        if any(changed.values()):
            missing[key] = {name: number for name, number in changed.items() if number}
    return as_rows(missing)


def people_in_pieces(connection: sa.Connection) -> list[list[int]]:
    """Everybody who has or had an account, some at a time."""
    user = User.__table__
    return list(pieces(connection.execute(sa.select(user.c.id)).scalars(), TOGETHER))


@contextmanager
def snapshot(session: Any) -> Iterator[sa.Connection]:
    """A connection of its own that sees one state of the database, whatever is written, and holds up nobody."""
    engine = session.get_bind()
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    token = writing.set(False)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        writing.reset(token)


def mend(session: Any, people: list[int]) -> int:
    """Bring the roll-ups of some people up to date with what is committed; returns how many rows differed.

    The caller commits, before and after: nothing that is still open may be among what is compared.
    """
    with snapshot(session) as connection:
        found = differences(connection, people)
    write(session.connection(), found)
    return len(found)


def rebuild(connection: sa.Connection) -> None:
    """Work out all roll-ups anew within a transaction: after loading rows in bulk. Whoever writes then waits for it.

    Of everybody at once, which passes over each table once: at a million customers that takes a third of the time,
    and 300 MiB that the command gives back.
    """
    if connection.dialect.name == "postgresql":  # so that what is read by one statement is not counted by the next
        connection.exec_driver_sql("LOCK TABLE score_day IN SHARE ROW EXCLUSIVE MODE")
    write(connection, differences(connection))
    mark_built(connection)


def rebuild_all(session: Any) -> None:
    """The same in the transaction of a session; what it has written so far is in it."""
    session.flush()
    settle(session)
    rebuild(session.connection())


def mark_built(connection: sa.Connection) -> None:
    """Say that all roll-ups were worked out once."""
    if not is_built(connection):
        write(connection, [BUILT_ROW])


def is_built(connection: sa.Connection) -> bool:
    """Whether all roll-ups were worked out once; before that the scores are computed from the rows."""
    return connection.execute(sa.select(_table.c.visits).where(_table.c.span == BUILT)).first() is not None


def ready(session: Any) -> bool:
    """is_built(), asked of each database once a process: what was built stays built."""
    engine = session.get_bind()
    if engine not in _built and is_built(session.connection()):
        _built.add(engine)
    return engine in _built


derived.REBUILDING[_table.name] = rebuild
