"""The merge: checked, done and written down in one transaction."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, audit
from admin_app.choices import AuditVerb
from admin_app.errors import Refused, RuleError, StaleRow
from admin_app.models import Customer, CustomerMerge
from admin_app.rules import consents, saving
from admin_app.rules.followups import tasks
from admin_app.rules.merging import dependants, values

# Columns of a file that are its place in the database, or follow from its tasks.
MACHINE = {"id", "store_id", "created_at", "created_by_id", "updated_at", "version", "deleted_at", "deleted_by_id",
           "next_contact_on"}

Notices = list[tuple[str, Any]]


def portrait(customer: Customer) -> dict[str, Any]:
    """The values of a file as JSON can hold them."""
    return {column.key: audit.plain(getattr(customer, column.key)) for column in Customer.__table__.columns
            if column.key not in MACHINE}


def check_right(session: Any, kept: Customer, merged: Customer) -> None:
    """Refused for those who may not merge, or not change one of the two; RuleError for files that cannot be one."""
    actor = access.actor_of(session)
    if actor is None or not actor.may("customer", "merge"):
        raise Refused(_l("You may not merge files."))
    if not (access.may_change(session, kept) and access.may_change(session, merged)):
        raise Refused(_l("You may not change one of these two files."))
    if kept.id == merged.id or kept.store_id != merged.store_id:
        raise RuleError(_l("Choose two files of one store."))


def check_versions(session: Any, kept: Customer, merged: Customer, versions: tuple[int, int] | None) -> None:
    """Hold both rows and see whether they are still as the person saw them. StaleRow with a sentence where not."""
    found = {row.id: row.version for row in session.execute(access.ungated(
        sa.select(Customer.id, Customer.version).where(Customer.id.in_((kept.id, merged.id)),
                                                       Customer.deleted_at.is_(None))
        .order_by(Customer.id).with_for_update()))}
    if len(found) < 2 or (versions is not None and versions != (found[kept.id], found[merged.id])):
        raise StaleRow(_l("One of the two files was changed or merged in the meantime. Nothing was merged; look at "
                          "both again."))


def merge(session: Any, kept: Customer, merged: Customer, chosen: Mapping[str, str], now: dt.datetime, *,
          versions: tuple[int, int] | None = None, why: str | None = None) -> tuple[CustomerMerge, Notices]:
    """Let `merged` go into `kept`. chosen: field → side (values.py); what is not chosen is as proposed.

    versions: those of both files as the person saw them; None does not check. The merged file goes to the recycle
    bin. Raises Refused, RuleError, StaleRow. Returns what undoing needs, and notices; no commit.
    """
    check_right(session, kept, merged)
    check_versions(session, kept, merged, versions)
    actor = access.actor_of(session)
    with access.as_system(session, "merge", include_deleted=True):
        before, mine, theirs = dependants.picture(session, (kept.id, merged.id)), portrait(kept), portrait(merged)
        merged.deleted_at, merged.deleted_by_id = now, actor.user_id if actor else None
        session.flush()
        notices = _take(session, kept, merged, chosen, now)
        dependants.move(session, kept, merged, now)
        consents.refresh(session, {kept.id, merged.id})
        saving.settle(session, kept, now, created=False)
        dependants.hand_over(session, kept, merged)
        dependants.void_doubled(session, kept, now)
        tasks.refresh_customers(session, {kept.id, merged.id})
        session.flush()
        changed = dependants.differences(before, dependants.picture(session, (kept.id, merged.id)))
        files = {"kept": mine, "merged": theirs, "after": portrait(kept)}
        row = _written(session, kept, merged, why, changed, files, now)
    return row, notices


def _take(session: Any, kept: Customer, merged: Customer, chosen: Mapping[str, str], now: dt.datetime) -> Notices:
    with session.no_autoflush:
        homeless = values.take(session, kept, merged, chosen)
        kept.kept_apart = (kept.kept_apart or merged.kept_apart) and _still_shared(session, kept, merged)
        saving.prepare(session, kept, now)
    session.flush()
    if not homeless:
        return []
    return [("phone2", _l("A file holds two numbers; the others stay in the merged file, and come back with it."))]


def _still_shared(session: Any, kept: Customer, merged: Customer) -> bool:
    """Whether a third file has the number that was shared on purpose."""
    return session.scalars(access.ungated(sa.select(Customer.id).where(
        Customer.store_id == kept.store_id, Customer.phone == kept.phone, Customer.deleted_at.is_(None),
        Customer.id.not_in((kept.id, merged.id))).limit(1))).first() is not None


def _written(session: Any, kept: Customer, merged: Customer, why: str | None, changed: Any,
             files: dict[str, Any], now: dt.datetime) -> CustomerMerge:
    """The row that remembers the merge, and its line in the change record of the file that stays."""
    moved = {table: sorted(int(key) for key, cells in rows.items() if _is_move(cells, merged.id, kept.id))
             for table, rows in changed.items()}
    moved = {table: ids for table, ids in moved.items() if ids}
    row = CustomerMerge(
        store_id=kept.store_id, kept_id=kept.id, merged_id=merged.id, created_at=now,
        why=(why or "").strip()[:200] or None,
        moved_rows=sum(len(ids) for ids in moved.values()), moved=moved,
        before=json.dumps(files | {"rows": changed}, ensure_ascii=False))
    session.add(row)
    session.flush()
    audit.record(session, AuditVerb.MERGE, "customer", kept.id, label=str(kept), store_id=kept.store_id,
                 reason=row.why, changes={"merged_id": [None, f"{merged.name} #{merged.id}"]})
    return row


def _is_move(cells: dict[str, list[Any]], merged_id: int, kept_id: int) -> bool:
    return any(pair == [merged_id, kept_id] for pair in cells.values())
