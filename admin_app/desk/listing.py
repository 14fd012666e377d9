"""The rows of a generated list: search, filters, order, a page by key or by number, and a count that stops early."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, selectinload

from admin_app import access, scope
from admin_app.columns import fields
from admin_app.database import db
from admin_app.desk import searching

COUNT_CAP = 1_000
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
    """All rows that may be seen, with the records that the shown links name (one statement a link, not a row)."""
    loaders = [selectinload(getattr(model, relation)) for relation in links_of(model, names)]
    there = model.deleted_at.is_(None) if hasattr(model, "deleted_at") else sa.true()
    actor = access.actor_of(db.session)
    return sa.select(model).where(there, scope.listed(model, actor) if actor else sa.true()).options(*loaders)


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


def beyond(model: Any, order: Order, row_id: int, backwards: bool) -> Any:
    """What lies behind (backwards: before) the row with this key in the order; true where it is gone."""
    anchor = db.session.execute(sa.select(model.id, order.attribute).where(model.id == row_id)).first()
    if anchor is None:
        return sa.true()
    down = order.descending != backwards
    key, value = anchor[0], anchor[1]
    further = model.id < key if down else model.id > key
    if order.attribute.key == "id":
        return further
    empty = order.attribute.is_(None)
    if value is None:
        return sa.or_(sa.not_(empty), sa.and_(empty, further)) if backwards else sa.and_(empty, further)
    past = order.attribute < value if down else order.attribute > value
    same = sa.and_(order.attribute == value, further)
    return sa.or_(past, same) if backwards else sa.or_(past, same, empty)


def page(model: Any, statement: sa.Select[Any], order: Order, size: int, *, after: int | None = None,
         before: int | None = None, number: int = 0) -> Page:
    """One page: behind a row, before a row, or by number. One row more than shown is read to know what follows."""
    backwards = before is not None
    anchor = before if backwards else after
    if anchor is not None:
        statement = statement.where(beyond(model, order, anchor, backwards))
    offset = min(max(number, 0) * size, DEEPEST) if anchor is None else 0
    rows = list(db.session.scalars(ordered(model, statement, order, backwards).limit(size + 1).offset(offset)))
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    first = more if backwards else anchor is not None or offset > 0
    last = True if backwards else more
    return Page(rows, rows[0].id if rows and first else None, rows[-1].id if rows and last else None)


def count(model: Any, statement: sa.Select[Any], exact: bool = False) -> tuple[int, str]:
    """(rows, as written): "1,000+" over the cap, the whole number where `exact` asks for it."""
    bare = statement.order_by(None)
    if exact:
        found = db.session.scalar(bare.with_only_columns(sa.func.count(model.id))) or 0
        return found, f"{found:,}"
    some = bare.get_execution_options().get(searching.SOME)
    if some and _first(model, bare.where(searching.among(model.id, some))) > COUNT_CAP:
        return COUNT_CAP + 1, f"{COUNT_CAP:,}+"  # of a broad search: enough of those that the index named
    found = _first(model, bare)
    return (found, f"{COUNT_CAP:,}+") if found > COUNT_CAP else (found, f"{found:,}")


def _first(model: Any, bare: sa.Select[Any]) -> int:
    """How many rows there are, counted up to COUNT_CAP + 1."""
    return len(db.session.scalars(bare.with_only_columns(model.id).limit(COUNT_CAP + 1)).all())
