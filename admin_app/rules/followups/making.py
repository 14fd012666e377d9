"""Cases into tasks. A case is "this rule fires for this customer because of this record"; its occurrence is unique,
so running anything twice, or in two processes at once, adds nothing (INSERT … ON CONFLICT). A task that was void only
because its record had changed is owed again once the record is as it was.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from admin_app import access, audit, clock
from admin_app.choices import AuditVerb, FollowUpState, Purpose
from admin_app.models import Customer, FollowUp, FollowUpRule
from admin_app.rules.followups import rules
from admin_app.rules.followups.blocking import MARKETING, opted_out
from admin_app.rules.followups.staff import Staff
from admin_app.rules.followups.tasks import TAKEN_BACK, forget, refresh_customers
from admin_app.rules.scores import rollup

BATCH = 500


@dataclass(frozen=True)
class Case:
    """One firing of a rule.

    base: the day or time from which the offset counts. table, source_id: the record. mark: which time it is for
    that record (a date, a round), part of the occurrence. preferred: a person who comes before the rule's own.
    avoid: people who must not get it. purpose: in place of the rule's own (a product recall is no marketing).
    """

    customer_id: int
    store_id: int
    owner_id: int | None
    advisor_id: int | None
    confidentiality: str
    opted_out: bool
    base: dt.date | dt.datetime
    table: str
    source_id: int
    mark: str
    vehicle_id: int | None = None
    preferred: int | None = None
    avoid: frozenset[int] = frozenset()
    purpose: Purpose | None = None


def case_of(customer: Customer, base: dt.date | dt.datetime, row: Any, mark: str, **more: Any) -> Case:
    """A case of a loaded customer and record."""
    return Case(customer.id, customer.store_id, customer.owner_id, customer.advisor_id, customer.confidentiality,
                opted_out(customer), base, row.__tablename__, row.id, mark, **more)


def occurrence(rule: FollowUpRule, case: Case) -> str:
    """What makes a task the same task."""
    return f"{rule.code}:{case.table}:{case.source_id}:{case.mark}"


def drawn(percent: int, key: str) -> bool:
    """Whether a case belongs to a sample; the same answer every time for the same occurrence."""
    if percent >= 100:
        return True
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % 100 < percent


def values(rule: FollowUpRule, case: Case, store: Any, staff: Staff, now: dt.datetime) -> dict[str, Any] | None:
    """The columns of the case's task; None where it makes none (not drawn, opted out, or past its end)."""
    key, today, purpose = occurrence(rule, case), clock.local_day(now), case.purpose or rule.purpose
    if (case.opted_out and purpose in MARKETING) or not drawn(rule.sample_percent, key):
        return None
    due_on, due_at = rules.due(rule, case.base, store)
    ends = rules.expires_on(rule, case.base)
    if ends is not None and ends < today:
        return None
    return {
        "store_id": case.store_id, "customer_id": case.customer_id, "reason": rule.name, "rule_id": rule.id,
        "assignee_id": staff.choose(rule, case), "due_on": due_on, "due_at": due_at, "first_due_on": due_on,
        "channel": rule.channel, "purpose": purpose, "state": FollowUpState.OPEN, "script": rule.script,
        "vehicle_id": case.vehicle_id, "source_table": case.table, "source_id": case.source_id, "occurrence": key,
        "expires_on": ends, "created_at": now, "updated_at": now}


def moved_to(task: dict[str, Any], day: dt.date) -> dict[str, Any]:
    """The task, due on another day."""
    return task | {"due_on": day, "first_due_on": day, "due_at": clock.at(day)}


def insert(session: Any, tasks: Iterable[dict[str, Any]], refresh: bool = True) -> list[int]:
    """Insert tasks that are not there yet and write the audit. Returns the new keys.

    refresh: keep the customers' next dates; False where the caller does so afterwards.
    """
    waiting: list[dict[str, Any]] = sorted(tasks, key=lambda task: task["customer_id"])  # rows are locked in one order
    made: list[int] = []
    session.flush()
    for at in range(0, len(waiting), BATCH):
        made += _insert(session, waiting[at:at + BATCH])
    if made and refresh:
        refresh_customers(session, {task["customer_id"] for task in waiting})
    return made


def _insert(session: Any, batch: list[dict[str, Any]]) -> list[int]:
    actor = access.actor_of(session)
    batch = [task | {"created_by_id": actor.user_id if actor else None} for task in batch]
    statement = _upsert(session.get_bind().dialect.name)
    new = {key: number for number, key in session.connection().execute(statement, batch)}
    forget(session, new.values())
    rollup.added(session, "followup", new.values())  # one that was taken back counted for nothing, like a new one
    if len(batch) <= 5:
        for task in batch:
            if task["occurrence"] in new:
                audit.record(session, AuditVerb.CREATE, "followup", new[task["occurrence"]], label=task["reason"],
                             changes={name: [None, audit.plain(task[name])] for name in
                                      ("customer_id", "reason", "assignee_id", "due_on")}, store_id=task["store_id"])
    elif new:
        audit.record(session, AuditVerb.BULK, "followup", label=f"{batch[0]['reason']}: {len(new)}",
                     changes={"rows": [0, len(new)], "ids": sorted(new.values())}, store_id=batch[0]["store_id"])
    return list(new.values())


@lru_cache(maxsize=2)
def _upsert(database: str) -> Any:
    """The insert that leaves a task alone which is there, save one that was taken back: that is owed again.

    Everything fixed stands in the statement itself; with bound values it would run once a row.
    """
    table, said = FollowUp.__table__, sa.literal_column
    dialect: Any = postgresql if database == "postgresql" else sqlite
    fresh = dialect.insert(table)
    taken_back = sa.and_(table.c.state == said(f"'{FollowUpState.VOID.value}'"),
                         sa.or_(*[table.c.note == said(f"'{note}'") for note in TAKEN_BACK]))
    anew = {name: fresh.excluded[name] for name in
            ("state", "due_on", "due_at", "expires_on", "assignee_id", "updated_at", "closed_at", "closed_by_id",
             "note")}
    anew["version"] = table.c.version + said("1")
    return fresh.on_conflict_do_update(index_elements=["occurrence"], where=taken_back, set_=anew).returning(
        table.c.id, table.c.occurrence)


def loaded(session: Any, ids: list[int]) -> list[FollowUp]:
    """The tasks with these keys, oldest first."""
    return list(session.scalars(sa.select(FollowUp).where(FollowUp.id.in_(ids)).order_by(FollowUp.id))) if ids else []
