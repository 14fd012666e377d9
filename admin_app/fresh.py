"""Figures that take long to work out: kept until somebody changes something, or for a moment whatever others change.

Every change stands in the audit, so the number of its entries (it comes with the session of each request,
sessions.py) says whether anything is different at all. What the person herself has changed shows at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from flask import current_app, g, session

from admin_app import clock, directory

MOMENT = 30  # seconds that a figure may be behind what others change
LONGEST = 600  # seconds that a figure is kept at all: some move with the clock
MOST = 5_000  # figures that are kept


@dataclass(frozen=True)
class Kept:
    """A value with when it was made (seconds since 1970), on which day of the store and for which mark, under how many
    audit entries."""

    value: Any
    at: float
    made_for: tuple[Any, Hashable]
    entries: int


def kept(key: Hashable, make: Callable[[], Any], moment: float = MOMENT, mark: Hashable = None) -> Any:
    """The value under a key, made anew where it may be out of date. `key` says whose it is too; of several marks the
    last one's is kept."""
    # Nobody's request: nothing says whether anything is different. And what another figure is made of is not older.
    if "sign_in" not in g or "making_figure" in g:
        return make()
    figures: dict[Hashable, Kept] = directory.current().keep("fresh", dict)
    now, made_for, entries = time.time(), (clock.today(), mark), g.sign_in.entries
    found = figures.get(key)
    if found is not None and found.made_for == made_for and (
            now - found.at < LONGEST if found.entries == entries else _soon(found, now, moment)):
        return found.value
    g.making_figure = True
    try:
        value = make()
    finally:
        g.pop("making_figure")
    if len(figures) >= MOST:
        figures.clear()
    figures[key] = Kept(value, now, made_for, entries)
    return value


def _soon(found: Kept, now: float, moment: float) -> bool:
    """Whether it is a moment old and the person has changed nothing since."""
    return not current_app.testing and now - found.at < moment and found.at * 1000 > session.get("wrote", 0)
