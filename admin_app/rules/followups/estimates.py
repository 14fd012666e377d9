"""What a rule on events would have made in the last days: nobody knows the events to come.

One query a rule and store over the records that stand for the event, newest first, at most MOST of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from admin_app import clock
from admin_app.choices import Channel, MemberState, Purpose, Trigger, VisitResult, VisitState
from admin_app.models import (
    Campaign,
    CampaignMember,
    Complaint,
    Customer,
    FollowUpRule,
    Inquiry,
    Store,
    Visit,
)
from admin_app.rules.followups import cases, making, rules
from admin_app.rules.followups.staff import Staff

MOST = 20_000
_EFFECTIVE = [one for one in VisitResult if one.reached and one != VisitResult.CALL_LATER]
_GUESTS = (MemberState.ATTENDED, MemberState.LEAD)


@dataclass(frozen=True)
class Past:
    """Where an event can be found again: its record, its time, what else tells it, whom it prefers."""

    model: Any
    at: Any
    where: tuple[Any, ...] = ()
    preferred: Any = None


_REACHED = sa.or_(Visit.result.is_(None), Visit.result.in_(_EFFECTIVE))
_DONE = Visit.state == VisitState.DONE
PAST: dict[Trigger, Past] = {
    Trigger.NEW_LEAD: Past(Customer, Customer.created_at),
    Trigger.SHOWROOM: Past(Visit, Visit.at, (_DONE, _REACHED, Visit.channel == Channel.STORE, sa.or_(
        Visit.purpose_kind.is_(None), Visit.purpose_kind == Purpose.SALES)), Visit.staff_id),
    Trigger.CONTACT: Past(Visit, Visit.at, (_DONE, _REACHED, Visit.next_on.is_(None))),
    Trigger.COMPLAINT_FINISHED: Past(Complaint, Complaint.finished_at),
    Trigger.INQUIRY: Past(Inquiry, Inquiry.received_at, (), Inquiry.owner_id),
    Trigger.CAMPAIGN_INVITED: Past(CampaignMember, CampaignMember.invited_at, (), CampaignMember.invited_by_id),
    Trigger.CAMPAIGN_ATTENDED: Past(CampaignMember, CampaignMember.attended_at, (), CampaignMember.invited_by_id),
    Trigger.CAMPAIGN_NO_SHOW: Past(
        CampaignMember, Campaign.ends_at, (CampaignMember.state == MemberState.NO_SHOW,), CampaignMember.invited_by_id),
    Trigger.CAMPAIGN_NO_DEAL: Past(
        CampaignMember, Campaign.ends_at, (CampaignMember.state.in_(_GUESTS),), CampaignMember.invited_by_id),
}


def made(session: Any, rule: FollowUpRule, store: Store, staff: Staff, today: dt.date,
         days: int) -> Iterator[tuple[dt.date, dict[str, Any]]]:
    """(day of the event, task) of the events of the `days` days before today, as the rule would have answered."""
    past = PAST.get(Trigger(rule.trigger))
    if past is None:
        return
    for *who, at, number, preferred in session.execute(_events(session, rule, store, past, today, days)).all():
        case = cases._case(who, at, past.model.__tablename__, number, "1", preferred=preferred)
        task = making.values(rule, case, store, staff, at)
        if task is not None:
            yield clock.local_day(at), task


def _events(session: Any, rule: FollowUpRule, store: Store, past: Past, today: dt.date, days: int) -> Any:
    preferred = past.preferred if past.preferred is not None else sa.null()
    statement = sa.select(*cases.WHO, past.at, past.model.id, preferred).select_from(Customer).where(
        Customer.store_id == store.id, past.at >= clock.at(today - dt.timedelta(days=days), 0),
        past.at < clock.at(today, 0), *past.where, *rules.narrowed(session, rule, today))
    if past.model is not Customer:
        statement = statement.join(past.model, past.model.customer_id == Customer.id)
    if past.model is CampaignMember:
        statement = statement.join(Campaign, Campaign.id == CampaignMember.campaign_id)
    return statement.order_by(past.at.desc(), past.model.id.desc()).limit(MOST)
