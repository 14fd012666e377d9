"""A merge is undone: both files stand again as they were.

Every value that is still what the merge made of it goes back. What came after the merge stays with the file that
stayed: new contacts, tasks settled since, a later confirmation, a car that was sold on. A field of that file which the
merge had set and somebody has changed since is a conflict, and the merge stays.
"""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, audit
from admin_app.choices import AuditVerb
from admin_app.columns import field_of
from admin_app.database import UtcDateTime
from admin_app.errors import Refused, RuleError
from admin_app.models import BY_TABLE, Customer, CustomerMerge
from admin_app.rules import consents, customers
from admin_app.rules.followups import tasks
from admin_app.rules.merging.history import went_into
from admin_app.rules.scores import rollup

# Fields that go on by themselves: where they moved on since, they stay, and that is no conflict.
SOFT = {"pinyin", "completeness", "last_contact_at", "confirmed_on", "graded_on", "owner_text", "kept_apart",
        "marketing_withdrawn"}


def undo(session: Any, row: CustomerMerge, now: dt.datetime) -> tuple[Customer, Customer]:
    """Part two files again. Returns (kept, merged). Raises Refused, or RuleError with the reason; no commit."""
    actor = access.actor_of(session)
    if actor is None or not actor.may("customer", "merge"):
        raise Refused(_l("You may not merge files."))
    if row.undone_at is not None:
        raise RuleError(_l("This merge is undone already."))
    kept, merged = _files(session, row)
    if not access.may_change(session, kept):
        raise Refused(_l("You may not change one of these two files."))
    said = json.loads(row.before or "{}")
    if not said:
        raise RuleError(_l("What undoing needs cannot be read."))
    with access.as_system(session, "merge undone", include_deleted=True):
        _check(kept, said)
        row.undone_at, row.undone_by_id = now, actor.user_id
        session.flush()
        _back(kept, said)
        session.flush()
        _rows_back(session, row, said["rows"], now)
        merged.deleted_at, merged.deleted_by_id = None, None
        _unique(session, kept, merged)
        session.flush()
        consents.refresh(session, {kept.id, merged.id})
        tasks.refresh_customers(session, {kept.id, merged.id})
        audit.record(session, AuditVerb.MERGE, "customer", kept.id, label=str(kept), store_id=kept.store_id,
                     changes={"merged_id": [f"{merged.name} #{merged.id}", None]})
    return kept, merged


def _files(session: Any, row: CustomerMerge) -> tuple[Customer, Customer]:
    found = {one.id: one for one in session.scalars(access.ungated(
        sa.select(Customer).where(Customer.id.in_((row.kept_id, row.merged_id)))
        .execution_options(populate_existing=True).with_for_update()))}
    kept, merged = found[row.kept_id], found[row.merged_id]
    if kept.deleted_at is not None:
        if went_into(session, kept.id) is not None:
            raise RuleError(_l("%(name)s itself went into another file since. Undo that merge first.", name=kept.name))
        raise RuleError(_l("%(name)s is in the recycle bin. Restore that file first.", name=kept.name))
    if merged.deleted_at is None:
        raise RuleError(_l("The merged file is no longer in the recycle bin; there is nothing to undo."))
    return kept, merged


def _check(kept: Customer, said: dict[str, Any]) -> None:
    """Whether the fields that the merge has set are still as it set them."""
    wrong = [field_of(Customer, name).label for name, was in said["kept"].items()
             if name not in SOFT and was != said["after"][name]
             and audit.plain(getattr(kept, name)) != said["after"][name]]
    if wrong:
        raise RuleError(_l("Since the merge somebody has changed: %(fields)s. Undoing would lose that, so the merge "
                           "stays; correct the file by hand.", fields="、".join(str(label) for label in wrong)))


def _back(kept: Customer, said: dict[str, Any]) -> None:
    table = Customer.__table__
    for name, was in said["kept"].items():
        after = said["after"][name]
        if was != after and audit.plain(getattr(kept, name)) == after:
            setattr(kept, name, None if was is None else _read(table.c[name], was))
    kept.completeness = customers.completeness(kept)


def _unique(session: Any, kept: Customer, merged: Customer) -> None:
    """A number that a third file has taken since keeps the two from being parted. RuleError at `phone`."""
    session.flush()
    for customer in (kept, merged):
        customers.check_duplicate(session, customer)


def _rows_back(session: Any, row: CustomerMerge, changed: dict[str, Any], now: dt.datetime) -> None:
    """Rows that changed hands first, so that no place is taken twice; then what was settled beside them."""
    for table_name, rows in changed.items():
        table = BY_TABLE[table_name].__table__
        returned = []
        for key, cells in sorted(rows.items(), key=lambda one: not _is_link(one[1], row)):
            if _cells_back(session, table, int(key), cells, row, now):
                returned.append(int(key))
        if returned:
            audit.record(session, AuditVerb.BULK, table_name, label=f"{len(returned)}", store_id=row.store_id,
                         changes={"rows": [0, len(returned)], "ids": sorted(returned)})
    session.expire_all()


def _is_link(cells: dict[str, list[Any]], row: CustomerMerge) -> bool:
    return any(pair == [row.merged_id, row.kept_id] for pair in cells.values())


def _cells_back(session: Any, table: sa.Table, key: int, cells: dict[str, list[Any]], row: CustomerMerge,
                now: dt.datetime) -> bool:
    """Put back what is still as the merge left it. False where nothing is, or the task was settled since."""
    current = session.connection().execute(sa.select(table).where(table.c.id == key)).mappings().first()
    if current is None or _settled_since(table, current, row):
        return False
    values = {name: _read(table.c[name], was) for name, (was, after) in cells.items()
              if audit.plain(current[name]) == after}
    if values:
        rollup.touch(session, table.name, [key])
        session.connection().execute(sa.update(table).where(table.c.id == key).values(
            values | {"version": table.c.version + 1, "updated_at": now}))
    return bool(values)


def _settled_since(table: sa.Table, current: Any, row: CustomerMerge) -> bool:
    """A task that was done, skipped or voided after the merge stays where that happened."""
    return table.name == "followup" and current["closed_at"] is not None and current["closed_at"] > row.created_at


def _read(column: sa.Column[Any], value: Any) -> Any:
    """A value of JSON as the column takes it."""
    if value is None:
        return sa.null() if isinstance(column.type, sa.JSON) else None
    if isinstance(column.type, UtcDateTime):
        return dt.datetime.fromisoformat(value)
    if isinstance(column.type, sa.Date):
        return dt.date.fromisoformat(value)
    if isinstance(column.type, sa.Numeric):
        return Decimal(value)
    return value
