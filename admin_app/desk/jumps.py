"""The row at a place deep down in a list by key: by the numbers of customer_blocks.py where they say what the person
sees, else by passing over keys."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from admin_app import access, directory, fresh, prepared
from admin_app.choices import Confidentiality, Scope
from admin_app.customer_blocks import EVERY, SIZE
from admin_app.database import db
from admin_app.models import Customer, CustomerBlock

if TYPE_CHECKING:
    from admin_app.desk.listing import Asked

DEEP = 4_000  # rows from which on adding numbers up takes less time than passing over keys (default)
MOST = 20_000  # rows that no block counts, above which the keys are passed over after all (default)
SKIPPED, TOP = "skipped", "top"


def key_at(asked: Asked, descending: bool, offset: int) -> int | None:
    """The key of the row with `offset` rows before it, by key; None where the list is not that long."""
    actor = access.actor_of(db.session)
    if actor is not None and not actor.may(asked.model.__tablename__, "read"):
        return None
    place = _block(asked, offset) if descending and offset >= DEEP else None
    if place is None:
        return _passing(asked, descending, offset)
    top, left = place
    return _passing(asked, True, left, top)


def _passing(asked: Asked, descending: bool, offset: int, top: int | None = None) -> int | None:
    """Pass over the keys, of those under `top` where it is given."""
    key = asked.model.id

    def build() -> Any:
        bare = asked.statement().with_only_columns(key).order_by(key.desc() if descending else key.asc())
        if top is not None:
            bare = bare.where(key < prepared.given(TOP))
        return by_page_index(bare.limit(1).offset(prepared.given(SKIPPED)), asked.model)

    values = {SKIPPED: offset} if top is None else {SKIPPED: offset, TOP: top}
    found = asked.rows(("key at", descending, top is None), build, **values)
    return found[0].id if found else None


def by_page_index(statement: Any, model: Any) -> Any:
    """Let SQLite pass over the keys in the narrow index ix_TABLE_page where there is one; by itself it would read the
    whole rows. PostgreSQL finds it."""
    name = f"ix_{model.__tablename__}_page"
    if all(index.name != name for index in model.__table__.indexes):
        return statement
    return statement.with_hint(model, f"INDEXED BY {name}", "sqlite")


# ---------------------------------------------------------------- by blocks


def _block(asked: Asked, offset: int) -> tuple[int, int] | None:
    """(key above the block that holds the place, rows of the block before it). None where the blocks do not say what
    the person sees, where the first of them holds the place, and where the list is not that long. The numbers are kept
    for a moment (fresh.py): a jump by a page's number is not more exact than that while others add customers."""
    stores, actor = _whole_stores(asked), access.actor_of(db.session)
    if stores is None or actor is None:
        return None
    blocks = fresh.kept(("blocks", stores, MOST, access.standing(actor)), lambda: [
        tuple(map(int, row)) for row in prepared.rows(db.session, ("blocks", stores, MOST), lambda: _running(stores))])
    place = bisect_right(blocks, offset, key=lambda row: row[2])
    if place == len(blocks):
        return None
    block, number, upto, beside = blocks[place]
    return None if beside > MOST or upto == number else ((block + 1) * SIZE, offset - (upto - number))


def _whole_stores(asked: Asked) -> tuple[int, ...] | None:
    """The stores whose customers of normal confidentiality this list holds, all of them; None where it holds others."""
    actor = access.actor_of(db.session)
    if asked.model is not Customer or asked.key is None or asked.found is not None or actor is None:
        return None
    width = actor.right("customer").read
    if actor.include_deleted or width not in (Scope.STORE, Scope.ALL) or _narrowed(asked):
        return None
    return (EVERY,) if width is Scope.ALL or actor.store_ids is None else tuple(actor.store_ids)


def _narrowed(asked: Asked) -> bool:
    """Whether anything but the gate narrows the list."""
    def look() -> bool:
        statement = asked.statement()
        return statement.whereclause is not None or statement.get_final_froms() != [Customer.__table__]

    narrowed: bool = directory.current().keep(("narrowed", asked.key), look)
    return narrowed


def _running(stores: tuple[int, ...]) -> Any:
    """Every block from the newest down: its number, its rows, those down to its end, and how many of these no block
    counts: confidential ones that the gate lets through, and those newer than every block, as a block of their own.
    More than MOST of either are not looked at, the oldest are left out."""
    counted, size, one = CustomerBlock, sa.literal_column(str(SIZE), sa.Integer()), sa.literal_column("1", sa.Integer())
    end = sa.select(sa.func.coalesce(sa.func.max(counted.block), -1) + one).where(
        counted.store_id == EVERY).scalar_subquery()
    normal = sa.literal_column(f"'{Confidentiality.NORMAL.value}'", sa.String())
    hidden = sa.select((Customer.id // size).label("block")).where(
        sa.type_coerce(Customer.confidentiality, sa.String()) != normal, Customer.id < end * size).with_hint(
        Customer, "INDEXED BY ix_customer_confidential", "sqlite").order_by(
        Customer.id.desc()).limit(MOST + 1).subquery()
    newer = by_page_index(sa.select(Customer.id).where(Customer.id >= end * size), Customer).limit(MOST + 1).subquery()
    number, none = sa.func.count().label("number"), one - one
    parts = sa.union_all(
        sa.select(counted.block.label("block"), counted.number.label("number"), none.label("beside")).where(
            counted.store_id.in_(stores)),
        sa.select(hidden.c.block, number, sa.func.count().label("beside")).group_by(hidden.c.block),
        sa.select(end.label("block"), number, sa.func.count().label("beside")).select_from(newer)).subquery()
    sums = sa.select(parts.c.block, sa.func.sum(parts.c.number).label("number"),
                     sa.func.sum(parts.c.beside).label("beside")).group_by(parts.c.block).subquery()
    down = sums.c.block.desc()
    upto = sa.select(
        sums.c.block, sums.c.number, sa.func.sum(sums.c.number).over(order_by=down).label("upto"),
        sa.func.sum(sums.c.beside).over(order_by=down).label("beside")).subquery()
    return sa.select(upto.c.block, upto.c.number, upto.c.upto, upto.c.beside).order_by(upto.c.block.desc())
