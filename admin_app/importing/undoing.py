"""Undoing an import as a whole, while nobody has touched its rows.

New rows go to the recycle bin with the open tasks that were made for them, changed rows get back what stood in
them, and last and next contacts are computed anew. What a person has changed since, or has hung on a new row,
stands in the way: then nothing is undone, and the first of it is named.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from admin_app import access, audit
from admin_app.choices import AuditVerb
from admin_app.columns import fields
from admin_app.errors import RuleError
from admin_app.importing.tracing import Trace
from admin_app.models import BY_TABLE, MODELS, AuditEntry, Customer, FollowUp, ImportJob, Visit
from admin_app.rules.followups import tasks
from admin_app.rules.scores import rollup

PIECE = 200
#: Rows in the way that are named.
NAMED = 3
#: Rows in the way that are counted.
MOST = 1_000
#: Tables whose rows hang on others and are looked through for what people have added since.
PARENTS = ("customer", "vehicle", "visit", "complaint", "repair_order", "campaign_member", "contact")


def road_of(job: ImportJob) -> str:
    """How the change record names what this import writes."""
    return f"import {job.id}"


def undo(session: Any, job: ImportJob, trace: Trace, now: dt.datetime) -> int:
    """Undo an import and return how many rows that were. RuleError where somebody has touched its rows. No commit.

    The caller has checked that the person may write here and that the import is done; the session acts for the person.
    """
    with access.as_system(session, f"undo import {job.id}"):
        in_the_way = list(islice(touched(session, job, trace), MOST + 1))
        if in_the_way:
            some = f"{MOST:,}+" if len(in_the_way) > MOST else str(len(in_the_way))
            raise RuleError(_("This import can no longer be undone: %(number)s of its records were changed or added to "
                              "since, such as %(names)s.", number=some, names=_(", ").join(in_the_way[:NAMED])))
        customers = set(_customers_of(session, trace))
        number = sum(_give_back(session, trace))
        for table, ranges in trace.made.items():
            number += _bin(session, job, table, ranges, now)
        _bin_tasks(session, trace, now)
        tasks.refresh_customers(session, customers, contacts=True)
    return number


# ---------------------------------------------------------------- what stands in the way


def touched(session: Any, job: ImportJob, trace: Trace) -> Iterator[str]:
    """The names of the rows that people have changed or added to since the import."""
    changed_rows: dict[str, set[int]] = {}
    for table, key, _before, _after in trace.changes:
        changed_rows.setdefault(table, set()).add(key)
    for table, keys in _changed_by_people(session, job).items():
        ours = {key for key in keys if trace.has(table, key) or key in changed_rows.get(table, ())}
        yield from _names(session, table, ours)
    for model in MODELS:
        yield from _added_to(session, job, trace, model)
    yield from _done_tasks(session, trace)


def _changed_by_people(session: Any, job: ImportJob) -> dict[str, set[int]]:
    """table → keys of the rows that people have changed since, by any road but this import."""
    found: dict[str, set[int]] = {}
    start = (job.summary or {}).get("seq", 0)
    entries = sa.select(AuditEntry.table, AuditEntry.row_id, AuditEntry.changes, AuditEntry.verb).where(
        AuditEntry.seq > start, AuditEntry.actor_id.is_not(None), AuditEntry.table.in_(BY_TABLE),
        sa.or_(AuditEntry.road.is_(None), AuditEntry.road != road_of(job)),
        sa.or_(AuditEntry.reason.is_(None), sa.and_(
            AuditEntry.reason.not_like("follows from%"), AuditEntry.reason.not_like("undo import%"))))
    for table, key, changes, _verb in session.execute(entries):
        keys = [key] if key is not None else (changes or {}).get("ids", [])
        found.setdefault(table, set()).update(keys)
    return found


def _names(session: Any, table: str, keys: set[int]) -> Iterator[str]:
    """The rows with these keys that are still there, by name."""
    model = BY_TABLE[table]
    for piece in _pieces(sorted(keys)):
        for row in session.scalars(sa.select(model).where(model.id.in_(piece))):
            yield str(row)


def _added_to(session: Any, job: ImportJob, trace: Trace, model: Any) -> Iterator[str]:
    """Rows that people have hung on the new rows since: a visit, a complaint, a car."""
    if "created_by_id" not in model.__table__.c or model is FollowUp:
        return
    for _name, column, field in fields(model):
        if field.kind != "link" or field.target not in PARENTS or field.target not in trace.made:
            continue
        for ranges in _pieces(trace.made[field.target]):
            rows = session.scalars(sa.select(model).where(
                _within(column, ranges), model.created_by_id.is_not(None), model.created_at > job.started_at))
            yield from (str(row) for row in rows if not trace.has(model.__tablename__, row.id))


def _done_tasks(session: Any, trace: Trace) -> Iterator[str]:
    """Tasks of the new customers that somebody has settled."""
    for ranges in _pieces(trace.made.get("customer", [])):
        for row in session.scalars(sa.select(FollowUp).where(
                _within(FollowUp.__table__.c.customer_id, ranges), FollowUp.closed_by_id.is_not(None))):
            yield str(row)


# ---------------------------------------------------------------- the way back


def _give_back(session: Any, trace: Trace) -> Iterator[int]:
    """Put back what stood in the rows of before, column by column, where it is still what the import wrote."""
    given: dict[tuple[str, int], dict[str, Any]] = {}
    for table, key, before, after in reversed(list(trace.changes)):
        row = session.get(BY_TABLE[table], key)
        if row is None:
            continue
        noted = given.setdefault((table, key), {name: getattr(row, name) for name in after})
        for name, value in after.items():
            noted.setdefault(name, getattr(row, name))
            if noted[name] == value:
                noted[name] = before[name]
    for (table, key), values in given.items():
        row = session.get(BY_TABLE[table], key)
        for name, value in values.items():
            setattr(row, name, value)
        yield 1
    session.flush()


def _bin(session: Any, job: ImportJob, table: str, ranges: list[tuple[int, int]], now: dt.datetime) -> int:
    """Move the new rows of a table to the recycle bin, with one entry in the change record."""
    actor, target, number = access.actor_of(session), BY_TABLE[table].__table__, 0
    values = {"deleted_at": now, "deleted_by_id": actor.user_id if actor else None, "updated_at": now,
              "version": target.c.version + 1}
    for piece in _pieces(ranges):
        where = sa.and_(_within(target.c.id, piece), target.c.deleted_at.is_(None))
        rollup.touch(session, table, session.connection().execute(sa.select(target.c.id).where(where)).scalars())
        done = session.connection().execute(sa.update(target).where(where).values(values))
        number += done.rowcount
    if number:
        audit.record(session, AuditVerb.BULK, table, label=job.filename, changes={"rows": [number, 0]},
                     reason=f"undo import {job.id}", store_id=job.store_id)
    session.expire_all()
    return number


def _bin_tasks(session: Any, trace: Trace, now: dt.datetime) -> None:
    """The open tasks that were made for the new rows go along."""
    table = FollowUp.__table__
    number = 0
    for source in ("customer", "visit", "vehicle", "complaint", "repair_order"):
        for piece in _pieces(trace.made.get(source, [])):
            where = sa.and_(table.c.source_table == source, _within(table.c.source_id, piece))
            if source == "customer":
                where = sa.or_(where, _within(table.c.customer_id, piece))
            where = sa.and_(where, table.c.deleted_at.is_(None), table.c.state.in_(tasks.OPEN_STATES))
            rollup.touch(session, table.name, session.connection().execute(
                sa.select(table.c.id).where(where)).scalars())
            number += session.connection().execute(sa.update(table).where(where).values(
                deleted_at=now, updated_at=now, version=table.c.version + 1,
                occurrence=sa.literal("undone:") + sa.cast(table.c.id, sa.String))).rowcount
    if number:
        audit.record(session, AuditVerb.BULK, "followup", label=f"{number}", changes={"rows": [number, 0]},
                     reason="undo import")


def _customers_of(session: Any, trace: Trace) -> Iterator[int]:
    """Customers whose last and next contact follow from what is taken back."""
    for ranges in _pieces(trace.made.get("visit", [])):
        yield from session.scalars(sa.select(Visit.customer_id).where(
            _within(Visit.__table__.c.id, ranges)).distinct())
    for table, key, _before, _after in trace.changes:
        if table == Customer.__tablename__:
            yield key


def _within(column: Any, ranges: Iterable[tuple[int, int]]) -> Any:
    return sa.or_(*[column.between(first, last) for first, last in ranges])


def _pieces(values: Any) -> Iterator[list[Any]]:
    values = list(values)
    for start in range(0, len(values), PIECE):
        yield values[start:start + PIECE]
