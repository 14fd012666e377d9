"""The computed sources of after-sales and campaigns (DOMAIN 3.3), told like those in sources.py."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app.choices import MemberState, RepairKind, RepairState
from admin_app.models import Campaign, CampaignMember, Customer, RepairOrder
from admin_app.rules.scores.measuring import Kind, Rows, Window
from admin_app.rules.scores.registry import source
from admin_app.rules.scores.sources import SATISFIED

RETURN_DAYS, KNOWN_DAYS = 365, 1096  # came in the last 12 months of those who came in the last 36 (DOMAIN 3.6)
MENDING = [RepairKind.REPAIR, RepairKind.ACCIDENT, RepairKind.WARRANTY, RepairKind.RECALL]
CAME = [MemberState.ATTENDED, MemberState.LEAD, MemberState.DEAL]
LED = [MemberState.LEAD, MemberState.DEAL]

# ---------------------------------------------------------------- after-sales


def _closed(window: Window, *conditions: Any) -> tuple[Any, ...]:
    return (RepairOrder.state == RepairState.CLOSED, window.within(RepairOrder.closed_at), *conditions)


@source(Kind.COUNT, _l("repair orders: %(good)s"))
def repair_orders_closed(session: Any, window: Window) -> Rows:
    """Repair orders closed in the period."""
    return Rows(RepairOrder, RepairOrder.advisor_id, _closed(window))


@source(Kind.SHARE, _l("%(good)s of %(whole)s delivered as promised"))
def delivered_as_promised(session: Any, window: Window) -> Rows:
    """Repair orders with a promised time that left by it."""
    return Rows(RepairOrder, RepairOrder.advisor_id, _closed(window, RepairOrder.promised_at.is_not(None)),
                RepairOrder.closed_at <= RepairOrder.promised_at)


@source(Kind.SHARE, _l("%(good)s of %(whole)s repairs without a return for the same fault"))
def first_fix(session: Any, window: Window) -> Rows:
    """Repairs (not services and installations) that were no return for the same fault."""
    return Rows(RepairOrder, RepairOrder.advisor_id, _closed(window, RepairOrder.kind.in_(MENDING)),
                RepairOrder.same_fault.is_(False))


@source(Kind.SHARE, _l("%(good)s of %(whole)s answers satisfied"), sampled=True)
def service_satisfaction(session: Any, window: Window) -> Rows:
    """Answers of 4 or 5 of 5 on closed repair orders."""
    return Rows(RepairOrder, RepairOrder.advisor_id, _closed(window, RepairOrder.satisfaction.is_not(None)),
                RepairOrder.satisfaction >= SATISFIED)


@source(Kind.SHARE, _l("%(good)s of %(whole)s customers came within 12 months"))
def service_return(session: Any, window: Window) -> Rows:
    """Customers looked after who came in the last 12 months, of those who came in the last 36 (retention)."""
    return Rows(Customer, Customer.advisor_id, (_came_within(window, KNOWN_DAYS),), _came_within(window, RETURN_DAYS))


def _came_within(window: Window, days: int) -> Any:
    return sa.select(RepairOrder.id).where(
        RepairOrder.customer_id == Customer.id, RepairOrder.state != RepairState.CANCELLED,
        RepairOrder.opened_at >= window.days_before(days), RepairOrder.opened_at < window.reached).exists()


# ---------------------------------------------------------------- campaigns


def _members(window: Window, person: Any, good: Any, *conditions: Any) -> Rows:
    """Those invited to the campaigns that ended in the period; customers held out on purpose are no guests."""
    over = (window.within(Campaign.ends_at), Campaign.ends_at <= window.now, CampaignMember.holdout.is_(False))
    return Rows(CampaignMember, person, (*over, *conditions), good,
                joins=((Campaign, Campaign.id == CampaignMember.campaign_id),))


@source(Kind.SHARE, _l("%(good)s of %(whole)s guests came"))
def invitation_attendance(session: Any, window: Window) -> Rows:
    """Guests the person invited who came to the campaign."""
    return _members(window, CampaignMember.invited_by_id, CampaignMember.state.in_(CAME))


@source(Kind.SHARE, _l("%(good)s of %(whole)s guests came"))
def campaign_attendance(session: Any, window: Window) -> Rows:
    """Guests who came to the campaigns that the person is responsible for."""
    return _members(window, Campaign.owner_id, CampaignMember.state.in_(CAME))


@source(Kind.COUNT, _l("leads: %(good)s, from guests: %(whole)s"), needs_base=True)
def campaign_leads(session: Any, window: Window) -> Rows:
    """Guests of the person's campaigns who became leads or bought."""
    return _members(window, Campaign.owner_id, CampaignMember.state.in_(LED))


@source(Kind.COUNT, _l("sales: %(good)s, to guests: %(whole)s"), needs_base=True)
def campaign_deals(session: Any, window: Window) -> Rows:
    """Guests of the person's campaigns who bought."""
    return _members(window, Campaign.owner_id, CampaignMember.state == MemberState.DEAL)


@source(Kind.SHARE, _l("%(good)s of %(whole)s answers satisfied"), sampled=True)
def campaign_satisfaction(session: Any, window: Window) -> Rows:
    """Feedback of 4 or 5 of 5 from the guests of the person's campaigns."""
    return _members(window, Campaign.owner_id, CampaignMember.feedback >= SATISFIED,
                    CampaignMember.feedback.is_not(None))
