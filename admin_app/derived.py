"""Tables that are worked out from others: the search index and the daily roll-ups of the scores.

No backup carries them and nobody writes them by hand. While rows are loaded in bulk they are left alone; `rebuild`
works them out anew afterwards, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

# table → what works it out anew from the others
REBUILDING: dict[str, Callable[[sa.Connection], None]] = {}
# tables that triggers of the database fill while others are written: they are neither carried nor worked out
NOTED = frozenset({"directory_change"})
# what is switched off while rows are loaded in bulk, as (off, on)
PAUSING: list[tuple[Callable[[sa.Connection], None], Callable[[sa.Connection], None]]] = []


def rebuild(connection: sa.Connection) -> None:
    """Work out every derived table anew."""
    for work in REBUILDING.values():
        work(connection)


@contextmanager
def loading(connection: sa.Connection) -> Iterator[None]:
    """Around rows that are loaded in bulk: nothing is kept current row by row, everything is worked out at the end."""
    for off, _on in PAUSING:
        off(connection)
    yield
    for _off, on in PAUSING:
        on(connection)
    rebuild(connection)
