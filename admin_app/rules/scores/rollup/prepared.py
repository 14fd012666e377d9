"""A statement that is put together once a database and then only run: its text is constant, its values are not.

What the desk runs at every write and on every page of scores has some fifty columns; to walk through them for
SQLAlchemy's cache each time takes longer than the database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Compiled


class Prepared:
    """make(dialect name) gives the statement; run() binds its values, which are text, numbers, days or moments."""

    def __init__(self, make: Callable[[str], Any]) -> None:
        self._make = make
        self._compiled: dict[str, Compiled] = {}

    def run(self, connection: sa.Connection, **values: Any) -> Any:
        """Execute with these values; returns the result."""
        name = connection.dialect.name
        if name not in self._compiled:
            self._compiled[name] = self._make(name).compile(dialect=connection.dialect)
        compiled: Any = self._compiled[name]
        bound = compiled.construct_params(values)
        if compiled.positional:
            return connection.exec_driver_sql(
                compiled.string, tuple(_stored(bound[key]) for key in compiled.positiontup))
        return connection.exec_driver_sql(compiled.string, bound)


def _stored(value: Any) -> Any:
    """A day or a moment as SQLite holds it."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return value.isoformat() if isinstance(value, dt.date) else value
