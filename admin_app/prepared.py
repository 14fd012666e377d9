"""Statements that every page asks again: gated and compiled once, then handed to the driver as they are.

SQLAlchemy finds a compiled statement again by walking through it; with the criteria of the gate that takes longer than
most answers of the database. A statement kept here is the same one, with the same criteria, of the same person: its
key holds everything that it was made of, and the values that change are given by name (`given("after")`).
"""

from __future__ import annotations

import sys
from collections import namedtuple
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.util import identity_key

from admin_app import access, directory

MOST = 3_000  # statements kept; where there are more, the oldest ones go
SIZES = (1, 4, 12, 24, 60, 200)  # how many keys a statement may name: few statements for many numbers of them
NOBODY = -1  # the key of no row


def given(name: str, type_: Any = None) -> Any:
    """A value that is given with each asking; a whole number unless said otherwise."""
    return sa.bindparam(name, required=False, type_=sa.Integer() if type_ is None else type_)


@lru_cache(maxsize=500)
def _row_of(names: str) -> Any:
    return namedtuple("row", names, rename=True)  # type: ignore[misc]


@lru_cache(maxsize=2_000)
def _turn_out(kind: Any, dialect: sa.Dialect, sent: Any) -> Callable[[Any], Any] | None:
    """What turns a value on the way out; one for all statements that ask for the column."""
    found: Callable[[Any], Any] | None = kind.result_processor(dialect, sent)
    return found


class Shape:
    """What a statement is, whoever asks it: how its values are given, and what turns them on the way in and out."""

    def __init__(self, dialect: sa.Dialect, named: dict[str, Any], places: Sequence[str] | None,
                 columns: list[Any]) -> None:
        self.dialect = dialect
        self.turn_in = {name: turn for name, kind in named.items()
                        if (turn := kind.dialect_impl(dialect).bind_processor(dialect)) is not None}
        self.places: dict[str, list[int]] | None = None  # by name; None where the driver takes values by their names
        if places is not None:
            self.places = {}
            for place, name in enumerate(places):
                if name in named:
                    self.places.setdefault(name, []).append(place)
        self.types = [column.type.dialect_impl(dialect) for column in columns]
        self.make: Callable[[Any], Any] = _row_of(" ".join(str(column.key) for column in columns))._make
        self.turn_out: list[tuple[int, Callable[[Any], Any]]] | None = None

    def turns(self, described: Sequence[Any]) -> list[tuple[int, Callable[[Any], Any]]]:
        """(place, what turns a value) of the columns that the driver does not give as they are wanted; some drivers
        say only with the answer what they send."""
        return [(place, turn) for place, (kind, about) in enumerate(zip(self.types, described, strict=True))
                if (turn := _turn_out(kind, self.dialect, about[1])) is not None]


class Prepared:
    """One statement as the driver takes it, with the values that are the same each time. `shapes`: those of the same
    statement asked by others, who may ask in the same words."""

    __slots__ = ("fixed", "shape", "sql")

    def __init__(self, statement: sa.Select[Any], dialect: sa.Dialect, given: dict[str, Any],
                 shapes: dict[tuple[Any, ...], Shape] | None = None) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        whole = compiled.construct_expanded_state(given)  # each value of an IN becomes a parameter of its own
        self.sql = sys.intern(whole.statement)  # people of one role ask in the same words
        turns = {**compiled._bind_processors, **whole.processors}
        fixed = {sys.intern(name): turns[name](value) if name in turns and value is not None else value
                 for name, value in whole.parameters.items()}
        self.fixed: Any = fixed if whole.positiontup is None else tuple(fixed[name] for name in whole.positiontup)
        named = {name: bind.type for name, bind in compiled.binds.items() if not bind.unique}  # what given() has named
        places = None if whole.positiontup is None else tuple(
            name if name in named else "" for name in whole.positiontup)
        shapes = {} if shapes is None else shapes
        found = shapes.get((self.sql, places))
        if found is None:
            found = shapes[self.sql, places] = Shape(dialect, named, places, list(statement.selected_columns))
        self.shape = found

    def _with(self, turned: dict[str, Any]) -> Any:
        """The fixed values with those that are given now."""
        if self.shape.places is None:
            return self.fixed | turned
        whole = list(self.fixed)
        for name, value in turned.items():
            for place in self.shape.places[name]:
                whole[place] = value
        return tuple(whole)

    def columns(self, connection: sa.Connection, size: int) -> Iterator[list[Any]]:
        """The rows in pieces of `size`, each piece as its columns; never all of them in memory."""
        result = connection.exec_driver_sql(self.sql, self.fixed, execution_options={"yield_per": size})
        turns = self.shape.turns(result.cursor.description)
        for piece in result.partitions(size):
            found: list[Any] = list(zip(*piece, strict=True))
            for place, turn in turns:
                found[place] = list(map(turn, found[place]))
            yield found

    def rows(self, connection: sa.Connection, values: dict[str, Any]) -> list[Any]:
        """The rows for these values of its named parameters."""
        shape = self.shape
        turned = {name: shape.turn_in[name](value) if name in shape.turn_in and value is not None else value
                  for name, value in values.items()}
        result = connection.exec_driver_sql(self.sql, self._with(turned) if turned else self.fixed)
        if shape.turn_out is None:
            shape.turn_out = shape.turns(result.cursor.description)
        found = result.fetchall()
        if not shape.turn_out:
            return list(map(shape.make, found))
        rows = []
        for one in found:
            cells = list(one)
            for place, turn in shape.turn_out:
                cells[place] = turn(cells[place])
            rows.append(shape.make(cells))
        return rows


def one_of(column: Any, name: str, size: int) -> Any:
    """The criterion that a whole number is among `size` values; their names are those of many()."""
    return column.in_([given(f"{name}{place}") for place in range(size)])


def many(name: str, keys: Collection[int]) -> tuple[int, dict[str, int]]:
    """(size for one_of(), the values) of some keys, at most the last of SIZES."""
    size = next(size for size in SIZES if size >= len(keys))
    filled = [*keys, *[NOBODY] * (size - len(keys))]
    return size, {f"{name}{place}": key for place, key in enumerate(filled)}


def rows(session: Any, key: Hashable, build: Callable[[], Any], /, **values: Any) -> list[Any]:
    """The rows of a select of mapped columns, through the gate. `key` names everything that `build` makes it of; the
    acting person, the day and the database are added here. No row object is made, nothing pending is written first."""
    actor = access.actor_of(session)
    if actor is None:
        raise RuntimeError("the gate: nobody acts on this session (set_actor or as_system is missing)")
    return _rows(session, actor, ("gated", key), lambda: access.gated(actor, build()), values)


def few(session: Any, key: Hashable, build: Callable[[], Any], /, **values: Any) -> list[Any]:
    """rows() of a statement that names few rows itself: the gate looks their customers up one by one, in place of
    making a set of every customer in the scope first."""
    return few_beside(session, frozenset(), key, build, **values)


def few_beside(session: Any, beside: frozenset[str], key: Hashable, build: Callable[[], Any], /,
               **values: Any) -> list[Any]:
    """few() of a statement that reaches the tables `beside` only through rows which the gate tests in it: see
    actors.Actor."""
    actor = access.actor_of(session)
    if actor is None:
        raise RuntimeError("the gate: nobody acts on this session (set_actor or as_system is missing)")
    return _rows(session, actor, ("few", beside, key), lambda: access.gated(
        replace(actor, near=True, beside=beside), build()), values)


def ungated_rows(session: Any, actor: access.Actor, key: Hashable, build: Callable[[], Any], /,
                 **values: Any) -> list[Any]:
    """The same round the gate, for the gate's own questions and facts that a rule decides by."""
    return _rows(session, actor, ("ungated", key), build, values)


def facts(session: Any, key: Hashable, build: Callable[[], Any], /, **values: Any) -> list[Any]:
    """Rows of facts that a rule decides by, whoever acts (access.ungated)."""
    actor = access.actor_of(session)
    if actor is None:
        raise RuntimeError("the gate: nobody acts on this session (set_actor or as_system is missing)")
    return ungated_rows(session, actor, key, build, **values)


def columns(session: Any, statement: sa.Select[Any], size: int) -> Iterator[list[Any]]:
    """The rows of a select of mapped columns through the gate, for one that is asked once: see Prepared.columns."""
    actor = access.actor_of(session)
    if actor is None:
        raise RuntimeError("the gate: nobody acts on this session (set_actor or as_system is missing)")
    connection = session.connection()
    return Prepared(access.gated(actor, statement), connection.dialect, actor.given).columns(connection, size)


def record(session: Any, model: Any, number: int) -> Any:
    """The record with a key through the gate, as an object of the session like one that it has loaded itself; None
    where the acting person may not see it."""
    found = few(session, ("record", model.__tablename__), lambda: sa.select(*whole(model)).where(
        model.id == given("number")), number=number)
    if not found:
        return None
    row = adopt(session, model, found[0])
    access.note_seen(session, row)
    return row


def whole(model: Any) -> list[Any]:
    """Every column of a model, in the order that adopt() takes."""
    return [getattr(model, column.key) for column in model.__table__.c]


def adopt(session: Any, model: Any, values: Sequence[Any]) -> Any:
    """The object of a row that whole() has read; the session's own where it has one already."""
    named = dict(zip(model.__table__.c.keys(), values, strict=False))
    known = session.identity_map.get(identity_key(model, named["id"]))
    if known is not None:
        return known
    row = model(**named)
    make_transient_to_detached(row)
    session.add(row)
    return row


def _rows(session: Any, actor: access.Actor, key: Hashable, build: Callable[[], Any],
          values: dict[str, Any]) -> list[Any]:
    connection = session.connection()
    kept: dict[Any, tuple[Any, Prepared]] = directory.current().keep("prepared", dict)
    whole = (key, connection.dialect.name, *access.standing(actor))
    found = kept.get(whole)
    if found is None:
        if len(kept) >= MOST:
            for old in list(kept)[:MOST // 4]:
                kept.pop(old, None)
            directory.current().put("shapes", {})
        # the rights are kept too: the key has their id
        shapes = directory.current().keep("shapes", dict).setdefault((key, connection.dialect.name), {})
        found = kept[whole] = (actor.rights, Prepared(build(), connection.dialect, actor.given, shapes))
    return found[1].rows(connection, values)
