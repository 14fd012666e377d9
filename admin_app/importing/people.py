"""Customers whom the rows of another ledger name by phone."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from admin_app import models as m
from admin_app.importing.context import Context, pieces
from admin_app.importing.writer import Record

COLUMNS = ("id", "name", "phone", "phone2", "owner_id", "advisor_id", "stage", "kept_apart")


class CustomersByPhone:
    """phone → customer of the store, by the first number or else by the second; loaded for one batch."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self._found: dict[str, list[Record]] = {}

    def load(self, phones: Iterable[str | None]) -> None:
        """Look up the customers of a batch; forgets those of the batch before."""
        self._found = {}
        table = m.Customer.__table__
        columns = [table.c[name] for name in COLUMNS]
        live = (table.c.store_id == self.context.store_id, table.c.deleted_at.is_(None))
        for piece in pieces(phones):
            for name in ("phone", "phone2"):
                statement = sa.select(*columns).where(*live, table.c[name].in_(piece)).order_by(table.c.id)
                for row in self.context.connection.execute(statement).mappings():
                    self._found.setdefault(row[name], []).append(dict(row))

    def get(self, phone: str | None, name: str | None = None) -> Record | None:
        """The customer with this phone: of several the one with this name, else the one who does not share it."""
        found = self._found.get(phone or "", [])
        named = [one for one in found if name and one["name"] == name]
        alone = [one for one in found if not one["kept_apart"]]
        return next(iter(named or alone or found), None)
