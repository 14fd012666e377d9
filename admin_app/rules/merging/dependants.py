"""Every record that names the merged file names the one that stays: no table and no row is left out.

Found by walking the link columns of all models whose target is a customer, so a table that is added later moves by
itself. Rows in the recycle bin move too. Conflicts, none of which loses a row:
- campaign_member (a customer once a campaign): the row that got further stays and takes dates, feedback and note that
  it lacks; the other one goes to the recycle bin of the file that stays;
- customer_reader (a person once a file): the row of the file that stays takes the later end and both reasons; the
  other one stays with the merged file;
- distinct_pair (a pair once): the pair is told of the file that stays; where that is said already, or the two files
  of the pair are the two that are merged, it stays as it is;
- followup (an occurrence once): what a rule made for the merged file counts as made for the one that stays, so that it
  makes nothing twice; where that exists already, the task keeps its own occurrence. Two open tasks that mean the same
  (keep in touch, first contact, birthday, confirm the file) are one: the earlier stays open, the other is void.
customer_merge is the record of the merges themselves and does not move.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from admin_app import access, audit
from admin_app.choices import AuditVerb, FollowUpState, MemberState, Trigger
from admin_app.columns import fields
from admin_app.models import (
    MODELS,
    CampaignMember,
    Customer,
    CustomerMerge,
    CustomerReader,
    DistinctPair,
    FollowUp,
    FollowUpRule,
)
from admin_app.rules.followups import tasks
from admin_app.rules.scores import rollup

LEFT = {CustomerMerge.__tablename__}
NEVER_TOLD = {"version", "updated_at"}  # moved by the machine
DOUBLED = "客户档案已合并，保留另一条"  # why a task is void: stored, so in the store's language
ONCE = (Trigger.CONTACT, Trigger.NEW_LEAD, Trigger.NO_CONTACT, Trigger.BIRTHDAY, Trigger.FESTIVAL, Trigger.FILE_STALE)
FURTHEST = (MemberState.DEAL, MemberState.LEAD, MemberState.ATTENDED, MemberState.CONFIRMED, MemberState.NO_SHOW,
            MemberState.DECLINED, MemberState.INVITED)

# table → row → column → value, as JSON can hold it
Picture = dict[str, dict[int, dict[str, Any]]]


def links() -> list[tuple[Any, list[str]]]:
    """Every model that names a customer, with its link columns."""
    found = [(model, [name for name, _column, field in fields(model) if field.target == "customer"])
             for model in MODELS]
    return [(model, names) for model, names in found if names and model.__tablename__ not in LEFT]


def picture(session: Any, ids: tuple[int, int]) -> Picture:
    """Every dependent row of two files as it stands, recycle bin included; of other customers the link alone."""
    session.flush()
    found: Picture = {}
    for model, names in links():
        table = model.__table__
        where = [sa.or_(*[table.c[name].in_(ids) for name in names])]
        columns: list[Any] = list(table.c)
        if model is Customer:
            columns = [table.c.id, *[table.c[name] for name in names]]
            where.append(table.c.id.not_in(ids))
        rows = session.connection().execute(sa.select(*columns).where(*where)).mappings()
        found[table.name] = {row["id"]: {name: audit.plain(value) for name, value in row.items()} for row in rows}
    return found


def counts(session: Any, customer_id: int) -> dict[str, int]:
    """How many live rows of each table name a file; tables without any are left out."""
    found = {}
    for model, names in links():
        table = model.__table__
        number = session.connection().execute(sa.select(sa.func.count()).select_from(table).where(
            sa.or_(*[table.c[name] == customer_id for name in names]), table.c.deleted_at.is_(None))).scalar()
        if number:
            found[table.name] = number
    return found


def differences(before: Picture, after: Picture) -> dict[str, dict[str, dict[str, list[Any]]]]:
    """table → row → column → [before, after] of everything that is different."""
    found: dict[str, dict[str, dict[str, list[Any]]]] = {}
    for table, rows in before.items():
        for key, was in rows.items():
            now = after[table].get(key, was)
            cells = {name: [was[name], now[name]] for name in was if name not in NEVER_TOLD and was[name] != now[name]}
            if cells:
                found.setdefault(table, {})[str(key)] = cells
    return found


# ---------------------------------------------------------------- moving


def move(session: Any, kept: Customer, merged: Customer, now: dt.datetime) -> None:
    """Let everything that names the merged file name the one that stays. In the system's name; no commit."""
    for model, names in links():
        settle = SETTLED.get(model.__tablename__)
        left = settle(session, kept, merged, now) if settle is not None else set()
        session.flush()
        for name in names:
            _move(session, model.__table__, name, kept, merged, left, now)
    session.expire_all()


def _move(session: Any, table: sa.Table, name: str, kept: Customer, merged: Customer, left: set[int],
          now: dt.datetime) -> None:
    where = [table.c[name] == merged.id]
    if table.name == Customer.__tablename__:
        where.append(table.c.id != kept.id)
    found = session.connection().execute(sa.select(table.c.id).where(*where).order_by(table.c.id))
    ids = [key for (key,) in found if key not in left]
    if rollup.matters(table.name, [name]):
        rollup.touch(session, table.name, ids)
    for at in range(0, len(ids), 500):
        session.connection().execute(sa.update(table).where(table.c.id.in_(ids[at:at + 500])).values(
            {name: kept.id, "version": table.c.version + 1, "updated_at": now}))
    if ids:
        audit.record(session, AuditVerb.BULK, table.name, label=f"{name}: {len(ids)}", store_id=kept.store_id,
                     changes={name: [merged.id, kept.id], "rows": [0, len(ids)], "ids": ids})


def _rows(session: Any, model: Any, *where: Any) -> list[Any]:
    return list(session.scalars(sa.select(model).where(*where).order_by(model.id)))


def _members(session: Any, kept: Customer, merged: Customer, now: dt.datetime) -> set[int]:
    by_campaign: dict[int, list[CampaignMember]] = defaultdict(list)
    for row in _rows(session, CampaignMember, CampaignMember.customer_id.in_((kept.id, merged.id)),
                     CampaignMember.deleted_at.is_(None)):
        by_campaign[row.campaign_id].append(row)
    actor = access.actor_of(session)
    for rows in by_campaign.values():
        if len(rows) < 2:
            continue
        stays, goes = sorted(rows, key=lambda row: (FURTHEST.index(row.state), row.customer_id != kept.id))
        for name in ("invited_by_id", "invited_at", "confirmed_at", "attended_at", "lead_at", "deal_at", "feedback"):
            if getattr(stays, name) is None:
                setattr(stays, name, getattr(goes, name))
        stays.holdout = stays.holdout and goes.holdout
        stays.note = _joined(stays.note, goes.note)
        goes.deleted_at, goes.deleted_by_id = now, actor.user_id if actor else None
    return set()


def _joined(first: str | None, second: str | None) -> str | None:
    parts = [part for part in dict.fromkeys((first, second)) if part]
    return "；".join(parts)[:200] if parts else None


def _readers(session: Any, kept: Customer, merged: Customer, now: dt.datetime) -> set[int]:
    mine = {row.user_id: row for row in _rows(session, CustomerReader, CustomerReader.customer_id == kept.id)}
    left = set()
    for row in _rows(session, CustomerReader, CustomerReader.customer_id == merged.id):
        same = mine.get(row.user_id)
        if same is None:
            continue
        left.add(row.id)
        if row.deleted_at is not None:
            continue
        if same.deleted_at is not None:
            same.until, same.reason, same.deleted_at, same.deleted_by_id = row.until, row.reason, None, None
            continue
        same.until = None if same.until is None or row.until is None else max(same.until, row.until)
        same.reason = _joined(same.reason, row.reason) or same.reason
    return left


def _pairs(session: Any, kept: Customer, merged: Customer, now: dt.datetime) -> set[int]:
    found = _rows(session, DistinctPair, sa.or_(DistinctPair.first_id == merged.id,
                                                DistinctPair.second_id == merged.id))
    for row in found:
        other = row.second_id if row.first_id == merged.id else row.first_id
        if other == kept.id:
            continue
        low, high = sorted((kept.id, other))
        said = _rows(session, DistinctPair, DistinctPair.first_id == low, DistinctPair.second_id == high)
        if not said:
            row.first_id, row.second_id = low, high
        elif said[0].deleted_at is not None and row.deleted_at is None:
            said[0].reason, said[0].deleted_at, said[0].deleted_by_id = row.reason, None, None
        session.flush()
    return {row.id for row in found}


def _occurrences(session: Any, kept: Customer, merged: Customer, now: dt.datetime) -> set[int]:
    made = _rows(session, FollowUp, FollowUp.source_table == "customer", FollowUp.source_id == merged.id)
    for task in made:
        code, _colon, rest = task.occurrence.partition(":")
        mark = rest.removeprefix(f"customer:{merged.id}:")
        anew = f"{code}:customer:{kept.id}:{mark}"
        if mark != rest and not _rows(session, FollowUp, FollowUp.occurrence == anew):
            task.occurrence, task.source_id = anew, kept.id
            session.flush()
    return set()


SETTLED: dict[str, Callable[..., set[int]]] = {
    CampaignMember.__tablename__: _members, CustomerReader.__tablename__: _readers,
    DistinctPair.__tablename__: _pairs, FollowUp.__tablename__: _occurrences,
}


# ---------------------------------------------------------------- tasks


def hand_over(session: Any, kept: Customer, merged: Customer) -> None:
    """Open tasks of whoever kept the merged file go to whoever keeps the one that stays."""
    if merged.owner_id is None or kept.owner_id in (None, merged.owner_id):
        return
    for task in _rows(session, FollowUp, FollowUp.customer_id == kept.id, FollowUp.assignee_id == merged.owner_id,
                      FollowUp.state.in_(tasks.OPEN_STATES)):
        task.assignee_id = kept.owner_id


def void_doubled(session: Any, kept: Customer, now: dt.datetime) -> None:
    """Of two open tasks that mean the same the earlier stays."""
    found = session.execute(sa.select(FollowUp, FollowUpRule.trigger).join(
        FollowUpRule, FollowUpRule.id == FollowUp.rule_id).where(
        FollowUp.customer_id == kept.id, FollowUp.state.in_(tasks.OPEN_STATES), FollowUpRule.trigger.in_(ONCE),
        FollowUp.deleted_at.is_(None)).order_by(FollowUp.due_on, FollowUp.id)).all()
    seen: set[Any] = set()
    for task, trigger in found:
        key = (trigger, task.occurrence.rpartition(":")[2] if trigger in (Trigger.BIRTHDAY, Trigger.FESTIVAL) else "")
        if key in seen:
            tasks.close(session, task, FollowUpState.VOID, now, note=DOUBLED)
        seen.add(key)
