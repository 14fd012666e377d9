"""Everything that happened with a customer, in one stream (UX 3): contacts, complaints, repair orders, campaigns,
promises, gifts, follow-ups and changes of the file and of those merged into it. Each kind counts exactly what it shows.

What is still ahead (open follow-ups, open promises, planned contacts) stands first; the rest newest first.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from admin_app import clock
from admin_app.access import actor_of
from admin_app.choices import AuditVerb, FollowUpState, PromiseState, VisitState
from admin_app.models import (
    AuditEntry,
    CampaignMember,
    Complaint,
    FollowUp,
    Gift,
    Promise,
    RepairOrder,
    Visit,
)
from admin_app.rules import merging

KINDS = ("visit", "complaint", "repair_order", "campaign", "promise", "gift", "followup", "change")
MODELS: dict[str, Any] = {
    "visit": Visit, "complaint": Complaint, "repair_order": RepairOrder, "campaign": CampaignMember,
    "promise": Promise, "gift": Gift, "followup": FollowUp, "change": AuditEntry,
}
TABLE_OF = {"campaign": "campaign_member", "change": "audit_entry"}  # the rest are named like their table
OPEN_TASKS = (FollowUpState.OPEN, FollowUpState.SNOOZED)
PAGE = 20


@dataclass(frozen=True)
class Event:
    """One line of the stream. `ahead`: it is still to come."""

    kind: str
    at: dt.datetime
    row: Any
    ahead: bool


def kinds_for(session: Any) -> list[str]:
    """The kinds that the acting person may read."""
    actor = actor_of(session)
    return [kind for kind in KINDS if actor is not None and actor.may(TABLE_OF.get(kind, kind), "read")]


def counts(session: Any, customer_id: int) -> dict[str, int]:
    """How many lines each readable kind has."""
    return {kind: session.scalar(_of(session, kind, customer_id, sa.func.count(MODELS[kind].id))) or 0
            for kind in kinds_for(session)}


def stream(session: Any, customer_id: int, kind: str | None, page: int, size: int = PAGE) -> list[Event]:
    """One page of the stream, `page` from 0; `kind` None means every readable kind."""
    chosen = [one for one in kinds_for(session) if kind in (None, one)]
    wanted = size * (page + 1)
    keys: list[tuple[bool, float, str, int]] = []
    for one in chosen:
        model, (at, ahead) = MODELS[one], _order(one)
        statement = _of(session, one, customer_id, model.id, at, ahead).order_by(
            ahead.desc(), sa.case((ahead, at)), at.desc(), model.id.desc())
        keys += [(bool(coming), _seconds(moment), one, key)
                 for key, moment, coming in session.execute(statement.limit(wanted))]
    keys.sort(key=lambda key: (not key[0], key[1] if key[0] else -key[1], key[2], -key[3]))
    return _loaded(session, keys[size * page:wanted])


def _of(session: Any, kind: str, customer_id: int, *columns: Any) -> Any:
    if kind == "change":
        merged = merging.merged_ids(session, customer_id)  # that they went to the recycle bin the merge says
        return sa.select(*columns).where(AuditEntry.table == "customer", sa.or_(
            AuditEntry.row_id == customer_id, sa.and_(
                AuditEntry.row_id.in_(merged), AuditEntry.verb.not_in([AuditVerb.DELETE, AuditVerb.RESTORE]))))
    return sa.select(*columns).where(MODELS[kind].customer_id == customer_id)


def _order(kind: str) -> tuple[Any, Any]:
    """(the time by which a kind is ordered, whether it is still ahead) as SQL."""
    behind = sa.literal(False)
    if kind == "visit":
        return Visit.at, Visit.state == VisitState.PLANNED
    if kind == "followup":
        return (sa.func.coalesce(FollowUp.closed_at, FollowUp.due_at, type_=FollowUp.due_at.type),
                FollowUp.state.in_(OPEN_TASKS))
    if kind == "promise":
        return Promise.due_on, Promise.state == PromiseState.OPEN
    return {"complaint": (Complaint.received_at, behind), "repair_order": (RepairOrder.opened_at, behind),
            "campaign": (CampaignMember.created_at, behind), "gift": (Gift.given_on, behind),
            "change": (AuditEntry.at, behind)}[kind]


def _seconds(moment: dt.date | dt.datetime) -> float:
    return (moment if isinstance(moment, dt.datetime) else clock.at(moment, 12)).timestamp()


def _loaded(session: Any, keys: list[tuple[bool, float, str, int]]) -> list[Event]:
    rows: dict[tuple[str, int], Any] = {}
    for kind in {key[2] for key in keys}:
        model = MODELS[kind]
        ids = [key[3] for key in keys if key[2] == kind]
        rows |= {(kind, row.id): row for row in session.scalars(sa.select(model).where(model.id.in_(ids)))}
    return [Event(kind, dt.datetime.fromtimestamp(seconds, dt.UTC), rows[kind, key], ahead)
            for ahead, seconds, kind, key in keys if (kind, key) in rows]
