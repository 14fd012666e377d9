"""Campaigns (DOMAIN §3.5; handbook, promotions and care activities): goal, plan, run, close, evaluate.

    draft → approved → running → ended → evaluated

The general manager approves; marketing or the care manager runs it. A member goes
invited → confirmed → attended → lead → deal, or declines, or does not come.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, clock
from admin_app.choices import CampaignKind, CampaignState, MemberState, Trigger
from admin_app.errors import Refused, RuleError
from admin_app.models import Campaign, CampaignCost, CampaignMember, Customer, Store, User
from admin_app.rules.changes import is_new
from admin_app.rules.followups.blocking import Block, capped, opted_out, standing

C, M = CampaignState, MemberState
Notices = list[tuple[str, Any]]

RUNNERS = {"general_manager", "care_manager", "marketing"}
# verb: the state it starts from, the state it leads to, who may take it, the refusal for the others
STEPS: dict[str, tuple[CampaignState, CampaignState, set[str], Any]] = {
    "approve": (C.DRAFT, C.APPROVED, {"general_manager"}, _l("The general manager approves campaigns.")),
    "start": (C.APPROVED, C.RUNNING, RUNNERS, _l("Marketing or the care manager runs campaigns.")),
    "end": (C.RUNNING, C.ENDED, RUNNERS, _l("Marketing or the care manager runs campaigns.")),
    "evaluate": (C.ENDED, C.EVALUATED, RUNNERS, _l("Marketing or the care manager runs campaigns.")),
}
CAME = (M.ATTENDED, M.LEAD, M.DEAL)
LEADS = (M.LEAD, M.DEAL)
WAITING = (M.INVITED, M.CONFIRMED)
# The timestamps that a member's state implies: a lead has come, a deal was a lead.
STAMPS: dict[MemberState, tuple[str, ...]] = {
    M.INVITED: (), M.DECLINED: (), M.NO_SHOW: (), M.CONFIRMED: ("confirmed_at",), M.ATTENDED: ("attended_at",),
    M.LEAD: ("attended_at", "lead_at"), M.DEAL: ("attended_at", "lead_at", "deal_at"),
}
LATER = ("attended_at", "lead_at", "deal_at")


# ---------------------------------------------------------------- the states of a campaign


def allowed(campaign: Campaign, roles: Collection[str]) -> list[tuple[str, bool, Any]]:
    """(step, whether these roles may take it now, why not) for every step that fits the campaign's state."""
    return [(verb, not refusal, refusal) for verb, (begin, _end, _who, _words) in STEPS.items()
            if begin == campaign.state for refusal in [_refusal(verb, roles)]]


def _refusal(verb: str, roles: Collection[str]) -> Any:
    _begin, _end, who, words = STEPS[verb]
    return None if who & set(roles) else words


def approve(session: Any, campaign: Campaign, by: User, now: dt.datetime) -> None:
    """The general manager agrees to goal, policy and budget. Raises Refused or RuleError; so do all steps."""
    if not (campaign.goal or "").strip():
        raise RuleError(_l("A campaign without a goal is not approved."), "goal")
    _move(session, "approve", campaign, by)


def start(session: Any, campaign: Campaign, by: User, now: dt.datetime) -> None:
    """The campaign runs; whoever is invited by now gets a task, save the holdout."""
    _move(session, "start", campaign, by)
    with access.as_system(session, "campaign started"):
        for member in _members(session, campaign, (M.INVITED,)):
            _event(session, Trigger.CAMPAIGN_INVITED, member, now)


def end(session: Any, campaign: Campaign, by: User, now: dt.datetime) -> None:
    """The campaign is over: who did not come is a no-show; no-shows and guests without a deal get a follow-up."""
    _move(session, "end", campaign, by)
    with access.as_system(session, "campaign ended"):
        for member in _members(session, campaign, WAITING):
            member.state = M.NO_SHOW
        session.flush()
        for member in _members(session, campaign, (M.NO_SHOW, M.ATTENDED, M.LEAD)):
            missed = member.state == M.NO_SHOW
            _event(session, Trigger.CAMPAIGN_NO_SHOW if missed else Trigger.CAMPAIGN_NO_DEAL, member, now)


def evaluate(session: Any, campaign: Campaign, by: User, now: dt.datetime, *, evaluation: str,
             improvement: str = "", margin: Decimal | None = None) -> None:
    """The evaluation is written down; the members stay as they are from now on. A margin of None stays not set."""
    if not evaluation.strip():
        raise RuleError(_l("Write down what the campaign brought."), "evaluation")
    _move(session, "evaluate", campaign, by)
    with access.as_system(session, "campaign evaluated"):
        campaign.evaluation = evaluation.strip()
        campaign.improvement = improvement.strip() or campaign.improvement
        campaign.margin = campaign.margin if margin is None else margin


VERBS: dict[str, Callable[..., None]] = {"approve": approve, "start": start, "end": end, "evaluate": evaluate}


def _move(session: Any, verb: str, campaign: Campaign, by: User) -> None:
    begin, after, who, words = STEPS[verb]
    roles = {role.code for role in (by.role, by.second_role) if role is not None}
    if not roles & who:
        raise Refused(words)
    if campaign.state != begin:
        here = CampaignState(campaign.state).label
        raise RuleError(_l("This step does not fit: the campaign is \"%(state)s\".", state=here))
    with access.as_system(session, f"campaign: {verb}"):
        campaign.state = after


def _members(session: Any, campaign: Campaign, states: Collection[MemberState]) -> list[CampaignMember]:
    return list(session.scalars(sa.select(CampaignMember).where(
        CampaignMember.campaign_id == campaign.id, CampaignMember.state.in_(states),
        CampaignMember.holdout.is_(False)).order_by(CampaignMember.id)))


def _event(session: Any, trigger: Trigger, member: CampaignMember, now: dt.datetime) -> None:
    from admin_app.rules import followups

    followups.on_event(session, trigger, member, now)


# ---------------------------------------------------------------- before a save


def prepare(session: Any, row: Any, now: dt.datetime) -> Notices:
    """Check a campaign, a member or a cost before it is saved by any road. Raises RuleError at the field.

    Returns (field, sentence) for a member who may not be invited now.
    """
    check: Callable[..., Notices | None] = {
        "campaign": _prepare_campaign, "campaign_member": _prepare_member, "campaign_cost": _prepare_cost}[
        row.__tablename__]
    return check(session, row, now) or []


def _prepare_campaign(session: Any, campaign: Campaign, now: dt.datetime) -> None:
    if campaign.starts_at and campaign.ends_at and campaign.ends_at <= campaign.starts_at:
        raise RuleError(_l("A campaign ends after it begins."), "ends_at")
    for name in ("budget", "goal_leads", "goal_deals"):
        value = getattr(campaign, name)
        if value is not None and value < 0:
            raise RuleError(_l("This number is not negative."), name)


def _campaign_of(session: Any, row: Any) -> Campaign:
    with session.no_autoflush:
        found = session.scalars(sa.select(Campaign).where(Campaign.id == row.campaign_id)).first()
    if found is None:
        raise RuleError(_l("Choose the campaign."), "campaign_id")
    return found


def _prepare_cost(session: Any, cost: CampaignCost, now: dt.datetime) -> None:
    cost.store_id = _campaign_of(session, cost).store_id
    if cost.amount is not None and cost.amount < 0:
        raise RuleError(_l("This number is not negative."), "amount")


def _prepare_member(session: Any, member: CampaignMember, now: dt.datetime) -> Notices:
    campaign = _campaign_of(session, member)
    if campaign.state == C.EVALUATED:
        raise RuleError(_l("The members of an evaluated campaign are not changed any more."), "campaign_id")
    member.store_id = campaign.store_id
    member.state = member.state or M.INVITED
    customer = _check_customer(session, member)
    if member.holdout and member.state != M.INVITED:
        raise RuleError(_l("A holdout is kept apart to compare with and is not invited. "
                           "Take the mark away first."), "holdout")
    if member.state in CAME and campaign.state not in (C.RUNNING, C.ENDED):
        raise RuleError(_l("Nobody can have come before the campaign runs."), "state")
    if member.feedback is not None and not 1 <= member.feedback <= 5:
        raise RuleError(_l("Feedback is a number from 1 to 5."), "feedback")
    if member.feedback is not None and member.state not in CAME:
        raise RuleError(_l("Only who came gives feedback."), "feedback")
    block = blocked_member(session, campaign, member, customer, now) if is_new(member) else None
    _stamp(member, now)
    return [("customer_id", block.sentence)] if block is not None else []


def blocked_member(session: Any, campaign: Campaign, member: Any, customer: Customer,
                   now: dt.datetime) -> Block | None:
    """Why an invited member may not be contacted for the campaign today; None where he may. A product recall is for
    the customer's safety and never blocked; whoever is in a holdout is not contacted at all."""
    if campaign.kind == CampaignKind.RECALL or member.holdout or member.state not in (M.INVITED, M.NO_SHOW):
        return None
    if not opted_out(customer) and not capped(customer, clock.local_day(now)):
        return None
    with session.no_autoflush:
        store = session.get(Store, customer.store_id)
    return standing(customer, now, store)


def blocked_members(session: Any, members: Collection[Any], now: dt.datetime) -> dict[int, Block]:
    """Why some of the members may not be contacted today, by the member's key. `members` may be plain rows with
    campaign_id, customer_id, state and holdout; customers that the acting person may not see are left out."""
    waiting = [one for one in members if not one.holdout and one.state in (M.INVITED, M.NO_SHOW)]
    if not waiting:
        return {}
    theirs = {one.id: one for one in session.scalars(
        sa.select(Campaign).where(Campaign.id.in_({one.campaign_id for one in waiting})))}
    customers = {one.id: one for one in session.scalars(
        sa.select(Customer).where(Customer.id.in_({one.customer_id for one in waiting})))}
    found = {one.id: blocked_member(session, theirs[one.campaign_id], one, customers[one.customer_id], now)
             for one in waiting if one.campaign_id in theirs and one.customer_id in customers}
    return {key: block for key, block in found.items() if block is not None}


def _check_customer(session: Any, member: CampaignMember) -> Customer:
    with session.no_autoflush:
        customer = session.scalars(sa.select(Customer).where(Customer.id == member.customer_id)).first()
        same = session.scalars(sa.select(CampaignMember.id).where(
            CampaignMember.campaign_id == member.campaign_id, CampaignMember.customer_id == member.customer_id,
            CampaignMember.id != (member.id or 0))).first()
    if customer is None or customer.store_id != member.store_id:
        raise RuleError(_l("Choose a customer of the campaign's store."), "customer_id")
    if same is not None:
        raise RuleError(_l("This customer is in the campaign already."), "customer_id")
    found: Customer = customer
    return found


def _stamp(member: CampaignMember, now: dt.datetime) -> None:
    """Note when a member reached the state, and forget what a correction takes back."""
    wanted = STAMPS[MemberState(member.state)]
    if not member.holdout:
        member.invited_at = member.invited_at or now
    for name in wanted:
        setattr(member, name, getattr(member, name) or now)
    for name in LATER:
        if name not in wanted:
            setattr(member, name, None)


# ---------------------------------------------------------------- after a save


def settle(session: Any, row: Any, now: dt.datetime, created: bool) -> None:
    """What follows from saving a member: the invitation's task, the question how it was. Nothing for other rows."""
    if row.__tablename__ != "campaign_member" or row.holdout:
        return
    campaign = _campaign_of(session, row)
    with access.as_system(session, "campaign"):
        if row.state == M.INVITED and campaign.state == C.RUNNING:
            _event(session, Trigger.CAMPAIGN_INVITED, row, now)
        elif row.state in CAME and row.feedback is None:
            _event(session, Trigger.CAMPAIGN_ATTENDED, row, now)


# ---------------------------------------------------------------- evaluation


@dataclass(frozen=True)
class Figures:
    """What came of a campaign, counted over the rows that the asking person may see. None: not set."""

    invited: int
    confirmed: int
    attended: int
    leads: int
    deals: int
    no_shows: int
    holdout: int
    feedback_count: int
    satisfaction: float | None
    costs: int
    cost: Decimal | None
    margin: Decimal | None

    @property
    def attendance(self) -> float | None:
        """Guests ÷ invited members, in percent; None where nobody was invited."""
        return 100 * self.attended / self.invited if self.invited else None

    @property
    def roi(self) -> float | None:
        """(margin − cost) ÷ cost in percent; None unless both are entered."""
        return roi(self.margin, self.cost)


def roi(margin: Decimal | None, cost: Decimal | None) -> float | None:
    """(margin − cost) ÷ cost in percent (DOMAIN §3.5); None where either is not set or nothing was spent."""
    if margin is None or not cost:
        return None
    return float(100 * (margin - cost) / cost)


def figures(session: Any, campaign: Campaign) -> Figures:
    """Count a campaign's members and costs."""
    mine = CampaignMember.campaign_id == campaign.id
    counts = {MemberState(state): number for state, number in session.execute(
        sa.select(CampaignMember.state, sa.func.count(CampaignMember.id))
        .where(mine, CampaignMember.holdout.is_(False)).group_by(CampaignMember.state))}
    holdout = session.scalar(sa.select(sa.func.count(CampaignMember.id)).where(mine, CampaignMember.holdout.is_(True)))
    answers, mean = session.execute(sa.select(
        sa.func.count(CampaignMember.feedback), sa.func.avg(CampaignMember.feedback)).where(
        mine, CampaignMember.holdout.is_(False))).one()
    costs, cost = session.execute(sa.select(
        sa.func.count(CampaignCost.id), sa.func.sum(CampaignCost.amount)).where(
        CampaignCost.campaign_id == campaign.id)).one()
    among = lambda states: sum(counts.get(one, 0) for one in states)  # noqa: E731
    return Figures(
        invited=sum(counts.values()), confirmed=among((M.CONFIRMED,)), attended=among(CAME), leads=among(LEADS),
        deals=among((M.DEAL,)), no_shows=among((M.NO_SHOW,)), holdout=holdout or 0, feedback_count=answers,
        satisfaction=float(mean) if mean is not None else None, costs=costs, cost=cost, margin=campaign.margin)
