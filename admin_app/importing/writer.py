"""Bulk writing: rows inserted and filled up in batches past the ORM, with audit entries of its own.

New rows are counted in one entry for the whole import; each changed row of before has its own entry, before and
after, private values masked.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from admin_app import audit
from admin_app.choices import AuditVerb
from admin_app.importing.context import Context, pieces
from admin_app.masking import masked

Record = dict[str, Any]

_LEFT_OUT = ("id", "version", "updated_at", "created_at", "created_by_id", "deleted_at", "deleted_by_id")


class Writer:
    """The rows of one table. A record is a dict of all its columns; its id is None until it is inserted."""

    def __init__(self, context: Context, model: Any) -> None:
        self.context = context
        self.model = model
        self.table: sa.Table = model.__table__
        self.created = 0
        self.own: set[int] = set()
        self.template = self._defaults()
        self._new: list[Record] = []
        self._changes: dict[int, dict[str, tuple[Any, Any]]] = {}
        self._labels: dict[int, str] = {}
        self._dry_ids = itertools.count(-1, -1)

    def _defaults(self) -> Record:
        """Every column with its default; moments of creation are those of the import."""
        values: Record = {}
        for column in self.table.columns:
            default = column.default
            scalar = isinstance(default, sa.ColumnDefault) and default.is_scalar
            values[column.key] = default.arg if scalar else None  # type: ignore[union-attr]
        values |= {"created_at": self.context.now, "updated_at": self.context.now, "version": 1}
        values["created_by_id"] = self.context.actor_id
        if "store_id" in values:
            values["store_id"] = self.context.store_id
        return values

    def select(self, *where: Any) -> list[Record]:
        """Living rows of the store as records."""
        live = [self.table.c.store_id == self.context.store_id, self.table.c.deleted_at.is_(None)]
        result = self.context.connection.execute(sa.select(self.table).where(*live, *where))
        return [dict(row) for row in result.mappings()]

    def by(self, column: str, values: Iterable[Any], *where: Any) -> list[Record]:
        """Living rows of the store whose column has one of the values."""
        found: list[Record] = []
        for piece in pieces(values):
            found += self.select(self.table.c[column].in_(piece), *where)
        return found

    def add(self, values: Record) -> Record:
        """A new row, inserted with the next `flush`; its defaults are filled in."""
        record = self.template | values
        self._new.append(record)
        self.created += 1
        return record

    def change(self, record: Record, values: Record, label: str = "") -> bool:
        """Put values into a record; True where that changes anything. None never overwrites."""
        changes = {k: v for k, v in values.items() if v is not None and record.get(k) != v}
        if not changes:
            return False
        key = record["id"]
        if key is not None:
            noted = self._changes.setdefault(key, {})
            for name, value in changes.items():
                noted[name] = (noted.get(name, (record.get(name),))[0], value)
            self._labels[key] = label
        record.update(changes)
        return True

    def fill(self, record: Record, values: Record, label: str = "") -> bool:
        """Put values only where the record has none; True where that changes anything."""
        return self.change(record, {k: v for k, v in values.items() if record.get(k) is None}, label)

    def flush(self) -> None:
        """Write what has gathered. In a dry run new records only get a key below 0."""
        new, self._new = self._new, []
        changes, self._changes = self._changes, {}
        if self.context.dry_run:
            for record in new:
                record["id"] = next(self._dry_ids)
        else:
            self._insert(new)
            self._update(changes)
        self.own |= {record["id"] for record in new}

    def _insert(self, new: list[Record]) -> None:
        if not new:
            return
        rows = [{k: v for k, v in record.items() if k != "id"} for record in new]
        connection = self.context.connection
        if connection.dialect.name == "sqlite":  # one writer at a time: the next keys are known
            last = connection.execute(sa.select(sa.func.max(self.table.c.id))).scalar() or 0
            for record, row, key in zip(new, rows, itertools.count(last + 1), strict=False):
                record["id"] = row["id"] = key
            connection.execute(sa.insert(self.table), rows)
            return
        statement = sa.insert(self.table).returning(self.table.c.id, sort_by_parameter_order=True)
        for record, key in zip(new, connection.execute(statement, rows).scalars(), strict=True):
            record["id"] = key

    def _update(self, changes: dict[int, dict[str, tuple[Any, Any]]]) -> None:
        groups: dict[tuple[str, ...], list[Record]] = {}
        for key, columns in changes.items():
            values = {f"new_{name}": after for name, (_before, after) in columns.items()}
            groups.setdefault(tuple(columns), []).append({"key": key, **values})
            if key not in self.own:
                self._record(key, columns)
        for names, rows in groups.items():
            values = {name: sa.bindparam(f"new_{name}", type_=self.table.c[name].type) for name in names}
            statement = sa.update(self.table).where(self.table.c.id == sa.bindparam("key"))
            extra = {"version": self.table.c.version + 1, "updated_at": self.context.now}
            self.context.connection.execute(statement.values(values | extra), rows)

    def _record(self, key: int, columns: dict[str, tuple[Any, Any]]) -> None:
        shown = {
            name: [self._shown(name, before), self._shown(name, after)]
            for name, (before, after) in columns.items()
            if name not in _LEFT_OUT
        }
        audit.record(
            self.context.session,
            AuditVerb.UPDATE,
            self.table.name,
            key,
            label=self._labels.get(key, ""),
            changes=shown,
            reason=self._reason(),
            store_id=self.context.store_id,
        )

    def _shown(self, name: str, value: Any) -> Any:
        field = self.table.c[name].info.get("field")
        if field is not None and field.private and value:
            return masked(field.private, str(value))
        return audit.plain(value)

    def _reason(self) -> str:
        return f"import {self.context.filename}".strip()

    def record_created(self) -> None:
        """The one audit entry for all rows that this import has made in the table."""
        if self.created and not self.context.dry_run:
            audit.record(
                self.context.session,
                AuditVerb.BULK,
                self.table.name,
                label=self.context.filename,
                changes={"rows": [0, self.created]},
                reason=self._reason(),
                store_id=self.context.store_id,
            )
