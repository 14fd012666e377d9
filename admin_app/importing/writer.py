"""Bulk writing: rows inserted and filled up in batches past the ORM, with audit entries of its own.

New rows are counted in one entry for the whole import; each changed row of before has its own entry, before and
after, private values masked.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa

from admin_app import audit
from admin_app.choices import AuditVerb, KnownRows
from admin_app.cleaning import as_text
from admin_app.importing.context import Context, pieces
from admin_app.ledgers import Row
from admin_app.masking import masked
from admin_app.rules.scores import rollup

Record = dict[str, Any]
Columns = dict[str, tuple[Any, Any]]  # column → before, after

#: Rows of before that have an audit entry each; an import that changes more of them sums up the rest.
MOST_ENTRIES = 2_000
#: New rows after which the statistics of a table are made anew.
GROWTH = (500, 5_000, 50_000)

_LEFT_OUT = ("id", "version", "updated_at", "created_at", "created_by_id", "deleted_at", "deleted_by_id")


class Keys:
    """A set of keys that come one after the other, kept as ranges: 100,000 new rows need no memory."""

    def __init__(self) -> None:
        self.ranges: list[list[int]] = []

    def add(self, key: int) -> None:
        """Put a key into the set."""
        last = self.ranges[-1] if self.ranges else None
        if last is not None and last[1] + 1 == key:
            last[1] = key
        elif last is not None and last[0] - 1 == key:
            last[0] = key
        elif key not in self:
            self.ranges.append([key, key])

    def __contains__(self, key: object) -> bool:
        return isinstance(key, int) and any(first <= key <= last for first, last in reversed(self.ranges))


class Writer:
    """The rows of one table. A record is a dict of all its columns; its id is None until it is inserted."""

    def __init__(self, context: Context, model: Any) -> None:
        self.context = context
        self.model = model
        self.table: sa.Table = model.__table__
        self.created = 0
        self.own = Keys()
        self._made = Keys()
        self.template = self._defaults()
        self._new: list[Record] = []
        self.changed = 0
        self._inserted = 0
        self._changes: dict[int, Columns] = {}
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

    def by(self, column: str, values: Iterable[Any], *where: Any) -> list[Record]:
        """Living rows of the store, as records, whose column has one of the values."""
        live = [
            in_store(self.table, self.context.store_id, column),
            self.table.c.deleted_at.is_(None),
            *where,
        ]
        found: list[Record] = []
        for piece in pieces(values):
            statement = sa.select(self.table).where(self.table.c[column].in_(piece), *live)
            found += [dict(row) for row in self.context.connection.execute(statement).mappings()]
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
        """Put values only where the record has none; True where that changes anything.

        A person may have chosen that the file overwrites what was on file, or leaves it as it is.
        """
        mine = record["id"] is None or record["id"] in self.own
        if self.context.known is KnownRows.SKIP and not mine:
            return False
        if self.context.known is KnownRows.OVERWRITE and not mine:
            return self.change(record, values, label)
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
        for record in new:
            self.own.add(record["id"])
            self._made.add(record["id"])

    def _insert(self, new: list[Record]) -> None:
        if not new:
            return
        for record, key in zip(new, self._next_keys(len(new)), strict=True):
            record["id"] = key
        self.context.connection.execute(sa.insert(self.table), new)
        rollup.added(self.context.session, self.table.name, [record["id"] for record in new])
        if self.context.trace is not None:
            self.context.trace.inserted(self.table.name, [record["id"] for record in new])
        self._tell_planner(len(new))

    def _tell_planner(self, number: int) -> None:
        """PostgreSQL plans look-ups by what it knew of the table before the import, which may be nothing."""
        before, self._inserted = self._inserted, self._inserted + number
        grown = any(before < step <= self._inserted for step in GROWTH)
        if grown and self.context.connection.dialect.name == "postgresql":
            self.context.connection.execute(sa.text("ANALYZE " + self.table.name))

    def _next_keys(self, number: int) -> list[int]:
        """Keys for so many new rows: from the sequence, or after the last one where there is one writer at a time.

        An INSERT of many rows that returns its keys costs PostgreSQL's driver ten times as much.
        """
        connection = self.context.connection
        if connection.dialect.name == "sqlite":
            last = connection.execute(sa.select(sa.func.max(self.table.c.id))).scalar() or 0
            return list(range(last + 1, last + 1 + number))
        sequence = sa.func.nextval(sa.func.pg_get_serial_sequence(self.table.name, "id"))
        numbers = sa.func.generate_series(1, number).table_valued("n")
        return list(connection.execute(sa.select(sequence).select_from(numbers)).scalars())

    def _update(self, changes: dict[int, Columns]) -> None:
        groups: dict[tuple[str, ...], list[Record]] = {}
        for key, columns in changes.items():
            values = {f"new_{name}": after for name, (_before, after) in columns.items()}
            groups.setdefault(tuple(columns), []).append({"key": key, **values})
        former = {key: columns for key, columns in changes.items() if key not in self.own}
        self._record_changes(former)
        rollup.touch(self.context.session, self.table.name, [
            key for key, columns in changes.items() if rollup.matters(self.table.name, columns)])
        if self.context.trace is not None:
            self.context.trace.changed(self.table.name, {k: v for k, v in changes.items() if k not in self._made})
        for names, rows in groups.items():
            values = {name: sa.bindparam(f"new_{name}", type_=self.table.c[name].type) for name in names}
            statement = sa.update(self.table).where(self.table.c.id == sa.bindparam("key"))
            extra = {"version": self.table.c.version + 1, "updated_at": self.context.now}
            self.context.connection.execute(statement.values(values | extra), rows)

    def _record_changes(self, changes: dict[int, Columns]) -> None:
        """An audit entry for each changed row; past MOST_ENTRIES of them, one for all of a batch."""
        self.changed += len(changes)
        if not changes:
            return
        if self.changed <= MOST_ENTRIES:
            for key, columns in changes.items():
                self._record_change(key, columns)
            return
        names = sorted({name for columns in changes.values() for name in columns})
        said = {"fields": [None, names], "rows": [0, len(changes)], "ids": sorted(changes)}
        self._record(AuditVerb.BULK, None, f"{self.table.name}: {len(changes)}", said)

    def _record_change(self, key: int, columns: Columns) -> None:
        shown = {
            name: [self._shown(name, before), self._shown(name, after)]
            for name, (before, after) in columns.items()
            if name not in _LEFT_OUT
        }
        self._record(AuditVerb.UPDATE, key, self._labels.get(key, ""), shown)

    def _shown(self, name: str, value: Any) -> Any:
        field = self.table.c[name].info.get("field")
        if field is not None and field.private and value:
            return masked(field.private, str(value))
        return audit.plain(value)

    def _record(self, verb: AuditVerb, key: int | None, label: str, changes: dict[str, Any]) -> None:
        session, store_id = self.context.session, self.context.store_id
        reason = f"import {self.context.filename}".strip()
        table = self.table.name
        audit.record(
            session, verb, table, key, label=label, changes=changes, reason=reason, store_id=store_id
        )

    def record_created(self) -> None:
        """The one audit entry for all rows that this import has made in the table."""
        if self.created and not self.context.dry_run:
            self._record(AuditVerb.BULK, None, self.context.filename, {"rows": [0, self.created]})


def in_store(table: sa.Table, store_id: int, column: str) -> Any:
    """The rows of a store, said so that a look-up by `column` takes the index that begins with it.

    SQLite knows nothing of how many rows a store has and would rather read all of them.
    """
    in_front = column in ("phone", "vin", "number")  # whose indexes begin with the store
    return (table.c.store_id if in_front else table.c.store_id + 0) == store_id


def without_known_keys(
    context: Context,
    writer: Writer,
    fields: frozenset[str],
    rows: list[Row],
    same: Callable[[Row, Record], bool],
) -> list[Row]:
    """The rows but those that carry the key of a record on file: an export read back changes nothing.

    Other systems number their rows too, so that `same` has to say whether row and record mean one thing.
    """
    if "id" not in fields:
        return rows
    keys = [as_text(row["id"]).strip() for row in rows]
    wanted = [int(key) for key in keys if key.isdigit() and len(key) < 10]
    there = {str(record["id"]): record for record in writer.by("id", wanted)}
    known = [key in there and same(row, there[key]) for row, key in zip(rows, keys, strict=True)]
    for row, key, is_known in zip(rows, keys, known, strict=True):
        if is_known:
            context.report.took("duplicates", row, f"#{key}")
    return [row for row, is_known in zip(rows, known, strict=True) if not is_known]


def same_text(cell: Any, text: str | None) -> bool:
    """Whether a cell of an export says what the record has, blanks and masked characters aside."""
    found, kept = re.sub(r"\s+", "", as_text(cell)), re.sub(r"\s+", "", text or "")
    head, masked_part, tail = found.partition("*")[0], "*" in found, found.rpartition("*")[2]
    return kept.startswith(head) and kept.endswith(tail) if masked_part and kept else found == kept
