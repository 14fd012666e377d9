"""What is different about a row that is about to be saved."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.util import identity_key

from admin_app import access


def is_new(row: Any) -> bool:
    """Whether the row is not in the database yet."""
    return not sa.inspect(row).has_identity


def changed(row: Any, *names: str) -> bool:
    """Whether any of these columns was set since the row was read; for a new row: set to anything."""
    attributes = sa.inspect(row).attrs
    return any(attributes[name].history.has_changes() for name in names)


def before(session: Any, row: Any, name: str) -> Any:
    """The value a column has in the database; None for a new row."""
    if is_new(row):
        return None
    history = sa.inspect(row).attrs[name].history
    if history.deleted:
        return history.deleted[0]
    if not history.has_changes():
        return getattr(row, name)
    table = row.__table__
    with session.no_autoflush:
        return session.connection().execute(sa.select(table.c[name]).where(table.c.id == row.id)).scalar()


def store_of(session: Any, model: Any, key: int) -> int | None:
    """The store of a live row, whoever may see it; None where there is none. Asks the database only if it has to."""
    row = session.identity_map.get(identity_key(model, key))
    if row is not None and {"store_id", "deleted_at"} <= row.__dict__.keys():
        return row.store_id if row.deleted_at is None else None
    with session.no_autoflush:
        return session.scalars(access.ungated(
            sa.select(model.store_id).where(model.id == key, model.deleted_at.is_(None)))).first()
