"""Customers whom the rows of another ledger name by phone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from admin_app import models as m
from admin_app.importing.context import Context, pieces
from admin_app.importing.writer import Record, in_store

COLUMNS = ("id", "name", "phone", "phone2", "owner_id", "advisor_id", "stage", "kept_apart", "registered_on")


def sharing(context: Context) -> dict[str, list[int]]:
    """phone → keys of the customers who share it on purpose. They are few and stand outside the index of phones."""
    table = m.Customer.__table__
    statement = (
        sa.select(table.c.phone, table.c.id)
        .where(table.c.store_id == context.store_id, table.c.deleted_at.is_(None), table.c.kept_apart)
        .order_by(table.c.id)
    )
    found: dict[str, list[int]] = {}
    for phone, key in context.connection.execute(statement):
        found.setdefault(phone, []).append(key)
    return found


class CustomersByPhone:
    """phone → customer of the store, by the first number or else by the second; loaded for one batch."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.table = m.Customer.__table__
        self.shared = sharing(context)
        self._found: dict[str, list[Record]] = {}

    def load(self, phones: Iterable[str | None]) -> None:
        """Look up the customers of a batch; forgets those of the batch before."""
        self._found = {}
        columns = self.table.c
        for piece in pieces(phones):
            self._take("phone", columns.phone.in_(piece), sa.not_(columns.kept_apart))
            self._take("phone2", columns.phone2.in_(piece))
            shared = [key for phone in piece for key in self.shared.get(phone, ())]
            if shared:
                self._take("phone", columns.id.in_(shared))

    def _take(self, name: str, *where: Any) -> None:
        columns = self.table.c
        live = (in_store(self.table, self.context.store_id, name), columns.deleted_at.is_(None))
        statement = sa.select(*(columns[one] for one in COLUMNS)).where(*live, *where).order_by(columns.id)
        for row in self.context.connection.execute(statement).mappings():
            self._found.setdefault(row[name], []).append(dict(row))

    def get(self, phone: str | None, name: str | None = None) -> Record | None:
        """The customer with this phone: of several the one with this name, else the one who does not share it."""
        found = self._found.get(phone or "", [])
        named = [one for one in found if name and one["name"] == name]
        alone = [one for one in found if not one["kept_apart"]]
        return next(iter(named or alone or found), None)
