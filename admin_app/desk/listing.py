"""The rows of a generated list: search, filters, order, a page by key or by number, and a count that stops early."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, selectinload

from admin_app import access, prepared, scope
from admin_app.columns import fields
from admin_app.database import db
from admin_app.desk import jumps, searching
from admin_app.desk.jumps import SKIPPED

COUNT_CAP = 1_000
FEW = 10  # pages that the first found keys fill before all of them are looked up
SHALLOW = 200  # rows that are passed over with all their columns
DEEPEST = 1_000_000  # rows that a jump by page number may pass over


@dataclass(frozen=True)
class Order:
    """By one column, then by key. Rows without a value come last either way."""

    attribute: InstrumentedAttribute[Any]
    descending: bool


@dataclass
class Page:
    """The rows on the screen and where the pages before and after begin (None: there is none)."""

    rows: list[Any]
    before: int | None
    after: int | None
    count: str = ""


def search(model: Any, statement: sa.Select[Any], text: str) -> sa.Select[Any]:
    """The rows of a statement that answer to what was typed (desk/searching.py)."""
    return searching.search(model, statement, text)


def links_of(model: Any, names: list[str]) -> list[str]:
    """The relations behind the link columns among `names`."""
    about = {name: field for name, _column, field in fields(model)}
    return [name[:-3] for name in names if name in about and about[name].kind == "link"]


def select_rows(model: Any, names: list[str]) -> sa.Select[Any]:
    """All rows that may be seen, with the records that the named links lead to (one statement a link, not a row).

    What the person may see, and that nothing of the recycle bin is among it, is the gate's work (access.py).
    """
    loaders = [selectinload(getattr(model, relation)) for relation in links_of(model, names)]
    statement, actor = sa.select(model), access.actor_of(db.session)
    narrowed = scope.listed(model, actor) if actor else None
    if narrowed is not None:
        statement = statement.where(narrowed)
    return statement.options(*loaders) if loaders else statement


# ---------------------------------------------------------------- order and pages


def ordered(model: Any, statement: sa.Select[Any], order: Order, backwards: bool = False) -> sa.Select[Any]:
    """Rows without a value come last (first when read backwards), equal ones by key in the same direction."""
    down = order.descending != backwards
    terms: list[Any] = []
    if order.attribute.key != "id":
        if order.attribute.property.columns[0].nullable:
            empty = order.attribute.is_(None)
            terms.append(empty.desc() if backwards else empty)
        terms.append(order.attribute.desc() if down else order.attribute.asc())
    terms.append(model.id.desc() if down else model.id.asc())
    return statement.order_by(*terms)


@dataclass(frozen=True)
class Asked:
    """A select of a list, made when it is needed. `key` names everything that it is made of, so that it can be kept
    (prepared.py); None for one that is made anew each time. `found`: the keys that a search has named, the highest
    first; the statement takes them as its parameter searching.FOUND. Most pages need but a few of them. `rest`: there
    are more keys than were found; it makes the select of all of them, for what the first ones do not answer."""

    model: Any
    statement: Callable[[], sa.Select[Any]]
    key: Hashable = None
    found: Sequence[int] | None = None
    rest: Callable[[], Asked] | None = None

    def rows(self, part: Hashable, build: Callable[[], sa.Select[Any]], most: int | None = None,
             **values: Any) -> list[Any]:
        """The rows of a select made of this one. `part` names what `build` adds to it; `most`: ask for so many of the
        found keys only."""
        if self.found is not None:
            values[searching.FOUND] = searching.as_value(list(self.found[:most]))
        if self.key is not None:
            return prepared.rows(db.session, (self.key, part), build, **values)
        return list(db.session.execute(build(), values))


KEY, VALUE = "anchor_key", "anchor_value"


def beyond(order: Order, model: Any, backwards: bool, empty_anchor: bool) -> Any:
    """What lies behind (backwards: before) a row in the order; its key and value are the parameters KEY and VALUE."""
    down = order.descending != backwards
    key = sa.bindparam(KEY, 0, type_=sa.Integer())
    further = model.id < key if down else model.id > key
    if order.attribute.key == "id":
        return further
    empty = order.attribute.is_(None)
    if empty_anchor:
        return sa.or_(sa.not_(empty), sa.and_(empty, further)) if backwards else sa.and_(empty, further)
    value = sa.bindparam(VALUE, None, type_=order.attribute.type)
    past = order.attribute < value if down else order.attribute > value
    same = sa.and_(order.attribute == value, further)
    nullable = order.attribute.property.columns[0].nullable
    return sa.or_(past, same) if backwards or not nullable else sa.or_(past, same, empty)


def _anchor(asked: Asked, order: Order, row_id: int) -> dict[str, Any] | None:
    """The parameters of beyond() for the row with this key; None where it is gone."""
    if order.attribute.key == "id":
        return {KEY: row_id}
    model = asked.model
    found = Asked(model, asked.statement, asked.key and ("anchor", model.__tablename__, order.attribute.key)).rows(
        "", lambda: sa.select(model.id, order.attribute).where(model.id == sa.bindparam(KEY, 0, type_=sa.Integer())),
        **{KEY: row_id})
    if not found:
        return None
    return {KEY: found[0][0], VALUE: found[0][1]}


def page(asked: Asked, order: Order, size: int, columns: Sequence[Any] = (), *, after: int | None = None,
         before: int | None = None, number: int = 0, last: bool = False) -> Page:
    """One page: behind a row, before a row, by number, or the last one. One row more than shown is read to know what
    follows. Rows are plain values: the key and `columns`, no objects."""
    if asked.rest is not None and (number or last or after is not None or before is not None
                                   or not _newest_first(asked, order, False, None)):
        asked = asked.rest()
    backwards = before is not None or last
    at = before if before is not None else after
    anchor = _anchor(asked, order, at) if at is not None else None
    offset = min(max(number, 0) * size, DEEPEST) if at is None and not last else 0
    rows = _rows(asked, order, backwards, size + 1, offset, columns, anchor)
    if asked.rest is not None and len(rows) <= size:  # the gate keeps most of the first ones back
        rows = _rows(asked.rest(), order, backwards, size + 1, offset, columns, anchor)
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    first = more if backwards else at is not None or offset > 0
    following = (not last) if backwards else more
    return Page(rows, rows[0].id if rows and first else None, rows[-1].id if rows and following else None)


def _rows(asked: Asked, order: Order, backwards: bool, most: int, offset: int, columns: Sequence[Any],
          anchor: dict[str, Any] | None) -> list[Any]:
    """The rows from `offset` on. Deep down the keys alone are passed over, and only those of the page are looked up."""
    model = asked.model
    wanted = [model.id, *(column for column in columns if column.key != "id")]
    empty = anchor is not None and VALUE in anchor and anchor[VALUE] is None
    shape = (order.attribute.key, order.descending, backwards, most, anchor is not None, empty)

    def build(*selected: Any) -> sa.Select[Any]:
        bare = asked.statement().with_only_columns(*selected)
        if anchor is not None:
            bare = bare.where(beyond(order, model, backwards, empty))
        bare = ordered(model, bare, order, backwards).limit(most)
        return bare.offset(sa.bindparam(SKIPPED, 0, type_=sa.Integer())) if offset else bare

    values = {name: value for name, value in (anchor or {}).items() if value is not None}
    if not offset:
        some = FEW * most if _newest_first(asked, order, backwards, anchor) else None
        found = asked.rows(("page", *shape), lambda: build(*wanted), some, **values)
        if some is None or len(found) == most or len(asked.found or ()) <= some:
            return found
        return asked.rows(("page", *shape), lambda: build(*wanted), **values)
    if offset <= SHALLOW:
        return asked.rows(("skip", *shape), lambda: build(*wanted), **{SKIPPED: offset})
    if order.attribute.key == "id" and asked.found is None:
        first = jumps.key_at(asked, order.descending, offset)
        before = {KEY: first + (1 if order.descending else -1)} if first is not None else None
        return _rows(asked, order, False, most, 0, columns, before) if before else []
    keys = asked.rows(("keys", *shape), lambda: build(model.id), **{SKIPPED: offset})
    places = {row.id: place for place, row in enumerate(keys)}
    there = db.session.execute(sa.select(*wanted).where(model.id.in_(places))).all()
    return sorted(there, key=lambda row: places[row.id])


def _newest_first(asked: Asked, order: Order, backwards: bool, anchor: Any) -> bool:
    """Whether the first of the found keys are those of the page."""
    return (asked.found is not None and order.attribute.key == "id" and order.descending and not backwards
            and anchor is None)


def count(asked: Asked, exact: bool = False) -> tuple[int, str]:
    """(rows, as written): "1,000+" over the cap, the whole number where `exact` asks for it."""
    key = asked.model.id
    if asked.rest is not None and (exact or _first(asked) <= COUNT_CAP):
        return count(asked.rest(), exact)
    if asked.rest is not None:
        return COUNT_CAP + 1, f"{COUNT_CAP:,}+"
    if exact:
        found = asked.rows("exact", lambda: asked.statement().order_by(None).with_only_columns(
            sa.func.count(key).label("number")))[0][0]
        return found, f"{found:,}"
    some = asked.statement().get_execution_options().get(searching.SOME) if asked.key is None else None
    if some and _first(asked, searching.among(key, some)) > COUNT_CAP:
        return COUNT_CAP + 1, f"{COUNT_CAP:,}+"  # of a broad search: enough of those that the index named
    few = COUNT_CAP + COUNT_CAP // 2
    found = _first(asked, most=few)
    if found <= COUNT_CAP and len(asked.found or ()) > few:
        found = _first(asked)
    return (found, f"{COUNT_CAP:,}+") if found > COUNT_CAP else (found, f"{found:,}")


def _first(asked: Asked, *where: Any, most: int | None = None) -> int:
    """How many rows there are, counted up to COUNT_CAP + 1."""
    key = asked.model.id
    return int(asked.rows("count", lambda: sa.select(sa.func.count().label("number")).select_from(
        asked.statement().order_by(None).with_only_columns(key).where(*where).limit(COUNT_CAP + 1).subquery()),
        most)[0][0])
