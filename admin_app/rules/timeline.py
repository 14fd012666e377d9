"""Everything that happened with a customer, in one stream (UX 3): contacts, inquiries, complaints, repair orders,
campaigns, promises, gifts, follow-ups, consents and changes of the file and of those merged into it. Each kind counts
exactly what it shows.

What is still ahead (open follow-ups, open promises, planned contacts) stands first; the rest newest first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from admin_app import clock, prepared
from admin_app.access import actor_of
from admin_app.choices import AuditVerb, FollowUpState, PromiseState, VisitState
from admin_app.models import (
    AuditEntry,
    CampaignMember,
    Complaint,
    Consent,
    FollowUp,
    Gift,
    Inquiry,
    Promise,
    RepairOrder,
    Visit,
)
from admin_app.rules import merging

KINDS = ("visit", "inquiry", "complaint", "repair_order", "campaign", "promise", "gift", "followup", "consent",
         "change")
MODELS: dict[str, Any] = {
    "visit": Visit, "inquiry": Inquiry, "complaint": Complaint, "repair_order": RepairOrder, "campaign": CampaignMember,
    "promise": Promise, "gift": Gift, "followup": FollowUp, "consent": Consent, "change": AuditEntry,
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
    session.flush()
    kinds = tuple(kinds_for(session))
    if not kinds:
        return {}
    merged = merged_of(session, customer_id, kinds)
    row = prepared.few(session, ("stream counts", kinds, merged), lambda: sa.select(*(
        _of(kind, merged, sa.func.count(MODELS[kind].id)).scalar_subquery() for kind in kinds)),
        customer=customer_id)[0]
    return dict(zip(kinds, row, strict=True))


def stream(session: Any, customer_id: int, kind: str | None, page: int, size: int = PAGE,
           counted: dict[str, int] | None = None) -> list[Event]:
    """One page of the stream, `page` from 0; `kind` None means every readable kind. `counted`: what counts() says,
    so that kinds without a line are not asked for."""
    session.flush()
    chosen = [one for one in kinds_for(session) if kind in (None, one) and (counted is None or counted.get(one))]
    merged = merged_of(session, customer_id, chosen)
    wanted = size * (page + 1)
    found: list[tuple[bool, float, str, Any]] = []
    for one in chosen:
        rows = prepared.few(session, ("stream", one, merged, wanted), lambda one=one: _lines(  # type: ignore[misc]
            one, merged, wanted), customer=customer_id)
        found += [(bool(row.ahead), _seconds(row.moment), one, row) for row in rows]
    found.sort(key=lambda key: (not key[0], key[1] if key[0] else -key[1], key[2], -key[3].id))
    return [Event(one, dt.datetime.fromtimestamp(seconds, dt.UTC), row, ahead)
            for ahead, seconds, one, row in found[size * page:wanted]]


def merged_of(session: Any, customer_id: int, kinds: Collection[str]) -> tuple[int, ...]:
    """The files that went into this one, where their changes are told."""
    return tuple(merging.merged_ids(session, customer_id)) if "change" in kinds else ()


def _lines(kind: str, merged: tuple[int, ...], wanted: int) -> Any:
    model, (at, ahead) = MODELS[kind], _order(kind)
    return _of(kind, merged, *prepared.whole(model), at.label("moment"), ahead.label("ahead")).order_by(
        ahead.desc(), sa.case((ahead, at)), at.desc(), model.id.desc()).limit(wanted)


def _of(kind: str, merged: tuple[int, ...], *columns: Any) -> Any:
    number = prepared.given("customer")
    if kind == "change":  # that a merged file went to the recycle bin the merge says
        return sa.select(*columns).where(AuditEntry.table == "customer", sa.or_(
            AuditEntry.row_id == number, sa.and_(
                AuditEntry.row_id.in_(merged), AuditEntry.verb.not_in([AuditVerb.DELETE, AuditVerb.RESTORE]))))
    return sa.select(*columns).where(MODELS[kind].customer_id == number)


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
    return {"inquiry": (Inquiry.received_at, behind), "complaint": (Complaint.received_at, behind),
            "repair_order": (RepairOrder.opened_at, behind),
            "campaign": (CampaignMember.created_at, behind), "gift": (Gift.given_on, behind),
            "consent": (Consent.at, behind), "change": (AuditEntry.at, behind)}[kind]


def _seconds(moment: dt.date | dt.datetime) -> float:
    return (moment if isinstance(moment, dt.datetime) else clock.at(moment, 12)).timestamp()
