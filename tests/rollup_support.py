"""Whether the roll-ups of the scores say what the rows say; used wherever rows are written by some road."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from admin_app import access
from admin_app import models as m
from admin_app.rules.scores import SOURCES, cards, measuring, rollup
from admin_app.rules.scores.periods import parse
from admin_app.rules.scores.rollup import reading, rebuilding

LABELS = ("2026-11", "2026-Q4", "2026-10", "2026-Q3")


def unequal(session: Any, now: dt.datetime, labels: tuple[str, ...] = LABELS) -> list[tuple[Any, ...]]:
    """(period, source, person, rows say, roll-ups say) of every figure that differs, for every person and store."""
    wrong = []
    with access.as_system(session, "test"):
        rollup.settle(session)
        people = sorted(session.scalars(access.ungated(sa.select(m.User.id))))
        teams = {person: [person] for person in people}
        for store in session.scalars(sa.select(m.Store)):
            for label in labels:
                period = parse(label)
                if period.starts_on > now.date():
                    continue
                window = cards.window_of(session, store, period, now)
                kept = reading.measure(session, window, SOURCES, teams)
                for source, described in SOURCES.items():
                    counted = measuring.measure(session, described.rows(session, window), teams)
                    wrong += [(store.code, label, source, person, counted[person], kept[source][person])
                              for person in people if counted[person] != kept[source][person]]
    return wrong


def stray(session: Any) -> list[dict[str, Any]]:
    """The rows in which the roll-ups differ from what the tables say, person by person and day by day."""
    session.flush()
    rollup.settle(session)
    return rebuilding.differences(session.connection())
