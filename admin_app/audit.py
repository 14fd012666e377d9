"""Who changed what: every write by every road, in its own transaction, hash-chained (DESIGN 4, SAFETY).

A flush listener collects the changes; before the commit they are chained behind the last entry and written.
Functions that write in bulk call record() themselves. Private values stand masked.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session, attributes

from admin_app import scope
from admin_app.access import actor_of
from admin_app.choices import AuditVerb
from admin_app.clock import utcnow
from admin_app.columns import fields
from admin_app.masking import masked
from admin_app.models import AuditEntry, AuditHead

START = "0" * 64
_head = AuditHead.__table__
# Locks the head and says what it holds in one statement; nobody else's entries come between.
_ADD = sa.update(_head).values(count=_head.c.count + sa.bindparam("more")).returning(_head.c.count, _head.c.hash)
_STORE = sa.insert(AuditEntry.__table__)
_END = sa.update(_head).values(hash=sa.bindparam("last"))
# Every sign-in stands in the access log; the rest is kept by the machine and says nothing of itself.
LEFT_OUT = {"version", "updated_at", "created_at", "created_by_id", "pinyin", "last_sign_in_at", "beat_at",
            "last_at", "last_result"}
SECRET = {"password_hash", "session_key", "token_hash", "query"}  # a query may hold a phone number in full


def record(session: Any, verb: AuditVerb, table: str, row_id: int | None = None, *, label: str = "",
           changes: dict[str, Any] | None = None, reason: str | None = None, store_id: int | None = None) -> None:
    """Add one entry to the running transaction. For bulk writers; ordinary writes are recorded by themselves."""
    actor = actor_of(session)
    if actor is None:
        raise RuntimeError("audit: nobody acts on this session")
    session.info.setdefault("audit", []).append({
        "at": utcnow(), "actor_id": actor.user_id, "actor_name": actor.name[:120],
        "store_id": store_id if store_id is not None else actor.store_id, "verb": str(verb.value), "table": table,
        "row_id": row_id, "label": label[:120], "changes": changes or {},
        "reason": (reason or actor.system or "")[:200] or None, "road": (actor.road or "")[:120] or None,
        "address": actor.address})


def plain(value: Any) -> Any:
    """A column value as JSON can hold it."""
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, str):
        return str(value)
    return value


def _shown(row: Any, name: str, value: Any) -> Any:
    """The value as the log keeps it: private ones masked, secrets not at all."""
    if name in SECRET:
        return "•••"
    column = row.__table__.c.get(name)
    field = column.info.get("field") if column is not None else None
    if field is not None and field.private and value:
        return masked(field.private, str(value))
    return plain(value)


def _before_value(session: Any, row: Any, name: str, history: Any) -> Any:
    """The old value; read from the database where the attribute had not been loaded."""
    if history.deleted:
        return history.deleted[0]
    if history.added and sa.inspect(row).persistent:
        column = row.__table__.c[name]
        with session.no_autoflush:
            return session.connection().execute(sa.select(column).where(row.__table__.c.id == row.id)).scalar()
    return None


def _difference(session: Any, row: Any) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for attr in sa.inspect(row).mapper.column_attrs:
        name = attr.key
        history = attributes.get_history(row, name)
        if name in LEFT_OUT or not history.has_changes():
            continue
        before = _before_value(session, row, name, history)
        after = history.added[0] if history.added else None
        shown = [_shown(row, name, before), _shown(row, name, after)]
        if before != after:
            changes[name] = shown
    return changes


def _initial(row: Any) -> dict[str, Any]:
    return {name: [None, _shown(row, name, getattr(row, name))] for name, _column, _field in fields(type(row))
            if name not in LEFT_OUT and getattr(row, name) not in (None, "", False, 0)}


@event.listens_for(Session, "before_flush")
def _collect(session: Any, _context: Any, _instances: Any) -> None:
    found = session.info.setdefault("audit_rows", [])
    for row in session.dirty:
        if row.__tablename__ not in scope.INTERNAL and session.is_modified(row):
            changes = _difference(session, row)
            if changes:
                found.append((_verb(changes), row, changes))
    for row in session.deleted:
        if row.__tablename__ not in scope.INTERNAL:
            found.append((AuditVerb.DELETE, row, {}))
    for row in session.new:
        if row.__tablename__ not in scope.INTERNAL:
            found.append((AuditVerb.CREATE, row, None))


def _verb(changes: dict[str, Any]) -> AuditVerb:
    if "deleted_at" in changes:
        return AuditVerb.RESTORE if changes["deleted_at"][1] is None else AuditVerb.DELETE
    return AuditVerb.UPDATE


@event.listens_for(Session, "after_flush")
def _note(session: Any, _context: Any) -> None:
    for verb, row, changes in session.info.pop("audit_rows", []):
        table = row.__tablename__
        store_id = row.id if table == "store" else getattr(row, "store_id", None)
        record(session, verb, table, row.id, label=str(row) if sa.inspect(row).persistent or row.id else "",
               changes=_initial(row) if changes is None else changes, store_id=store_id)


@event.listens_for(Session, "after_transaction_create")
def _mark(session: Any, transaction: Any) -> None:
    if transaction.nested:
        session.info.setdefault("audit_marks", {})[transaction] = len(session.info.get("audit", []))


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Any, previous: Any) -> None:
    session.info.pop("audit_rows", None)
    session.info.pop("touched", None)
    mark = session.info.get("audit_marks", {}).pop(previous, 0) if previous.nested else 0
    del session.info.setdefault("audit", [])[mark:]


@event.listens_for(Session, "before_commit")
def _write(session: Any) -> None:
    """Chain and store what the transaction did. The head row is locked, so entries of writers stay in order."""
    if session.get_nested_transaction() is not None:
        return
    session.flush()
    entries = session.info.pop("audit", [])
    session.info.pop("audit_marks", None)
    if not entries:
        return
    connection = session.connection()
    count, last = connection.execute(_ADD, {"more": len(entries)}).one()
    seq = count - len(entries)
    for entry in entries:
        seq += 1
        entry["seq"], entry["prev_hash"] = seq, last
        last = entry["hash"] = digest(entry)
    connection.execute(_STORE, entries)
    connection.execute(_END, {"last": last})


def digest(entry: dict[str, Any]) -> str:
    """The hash of an entry over everything it says and the hash before it."""
    said = {k: plain(v) for k, v in entry.items() if k not in ("hash", "id")}
    said["at"] = entry["at"].astimezone(dt.UTC).isoformat()
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def verify(connection: Any, anchors: list[dict[str, Any]] | None = None) -> list[str]:
    """Walk the chain. Returns a sentence per fault: changed, missing, swapped entries, a tail cut off.

    `anchors` are {"count", "hash"} kept outside the database; an empty list checks against the head alone.
    """
    faults: list[str] = []
    table = AuditEntry.__table__
    last, number = START, 0
    wanted = {a["count"]: a["hash"] for a in anchors or []}
    chain = sa.select(table).order_by(table.c.seq).execution_options(yield_per=2000)
    for row in connection.execute(chain).mappings():
        number += 1
        entry = dict(row)
        if entry["seq"] != number:
            faults.append(f"entry {number} is missing")
            number = entry["seq"]
        if entry["prev_hash"] != last:
            faults.append(f"entry {number} does not follow the one before it")
        if digest(entry) != entry["hash"]:
            faults.append(f"entry {number} was changed")
        if number in wanted and wanted.pop(number) != entry["hash"]:
            faults.append(f"entry {number} differs from the anchor kept outside")
        last = entry["hash"]
    head = connection.execute(sa.select(AuditHead.__table__)).mappings().first()
    if head is None or head["count"] != number or head["hash"] != last:
        faults.append(f"the chain ends at entry {number}, its head says {head['count'] if head else 'nothing'}")
    return faults + [f"the anchor at entry {count} points past the end: the tail was cut"
                     for count in wanted if count > number]
