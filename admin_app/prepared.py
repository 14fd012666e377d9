"""Statements that every page asks again: gated and compiled once, then handed to the driver as they are.

SQLAlchemy finds a compiled statement again by walking through it; with the criteria of the gate that takes longer than
most answers of the database. A statement kept here is the same one, with the same criteria, of the same person: its
key holds everything that it was made of, and the values that change are given by name (`sa.bindparam("after")`).
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Hashable
from typing import Any

import sqlalchemy as sa

from admin_app import access, directory

MOST = 2_000  # statements kept


class Prepared:
    """One statement as the driver takes it, with what turns values on the way in and out."""

    def __init__(self, statement: sa.Select[Any], dialect: sa.Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        self.sql, self.places = compiled.string, compiled.positiontup
        self.turn_in = {name: turn for name, bind in compiled.binds.items()
                        if (turn := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None}
        turns = compiled._bind_processors
        self.fixed = {name: turns[name](value) if name in turns and value is not None else value
                      for name, value in compiled.params.items()}
        columns = list(statement.selected_columns)
        self.turn_out = [(place, turn) for place, column in enumerate(columns)
                         if (turn := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None]
        names = " ".join(str(column.key) for column in columns)
        row: Any = namedtuple("row", names, rename=True)  # type: ignore[misc]
        self.make: Callable[[Any], Any] = row._make

    def rows(self, connection: sa.Connection, values: dict[str, Any]) -> list[Any]:
        """The rows for these values of its named parameters."""
        given: Any = self.fixed
        if values:
            given = given | {name: self.turn_in[name](value) if name in self.turn_in and value is not None else value
                             for name, value in values.items()}
        if self.places is not None:
            given = tuple([given[name] for name in self.places])
        found = connection.exec_driver_sql(self.sql, given).fetchall()
        if not self.turn_out:
            return list(map(self.make, found))
        rows = []
        for one in found:
            cells = list(one)
            for place, turn in self.turn_out:
                cells[place] = turn(cells[place])
            rows.append(self.make(cells))
        return rows


def rows(session: Any, key: Hashable, build: Callable[[], sa.Select[Any]], /, **values: Any) -> list[Any]:
    """The rows of a select of mapped columns, through the gate. `key` names everything that `build` makes it of; the
    acting person, the day and the database are added here. No row object is made, nothing pending is written first."""
    actor = access.actor_of(session)
    if actor is None:
        raise RuntimeError("the gate: nobody acts on this session (set_actor or as_system is missing)")
    connection = session.connection()
    kept: dict[Any, tuple[Any, Prepared]] = directory.current().keep("prepared", dict)
    whole = (key, connection.dialect.name, *access.standing(actor))
    found = kept.get(whole)
    if found is None:
        if len(kept) >= MOST:
            kept.clear()
        statement = Prepared(access.gated(actor, build()), connection.dialect)
        found = kept[whole] = (actor.rights, statement)  # the rights are kept too: the key has their id
    return found[1].rows(connection, values)
