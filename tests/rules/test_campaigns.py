"""Campaigns (DOMAIN §3.5): states, members, attendance, cost and return, what follows at the end."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from admin_app.choices import CampaignState, CostKind, MemberState
from admin_app.errors import Refused, RuleError
from admin_app.models import Campaign, CampaignCost, CampaignMember, FollowUp, FollowUpRule
from admin_app.rules import campaigns
from tests.cast import NOW, Cast
from tests.factories import make_campaign, make_customer

C, M, DAY = CampaignState, MemberState, dt.timedelta(days=1)
RULES = {"campaign_invited": "邀约", "campaign_attended": "反馈", "campaign_no_show": "未到",
         "campaign_no_deal": "未成交"}


@pytest.fixture
def rules(session: Any) -> None:
    """One rule for each trigger of a campaign, two days after it."""
    for rule in session.scalars(sa.select(FollowUpRule).where(FollowUpRule.trigger.in_(RULES))):
        rule.enabled = False
    session.add_all(FollowUpRule(code=f"test_{trigger}", name=name, trigger=trigger, offset=2, purpose="sales")
                    for trigger, name in RULES.items())
    session.flush()


def member(session: Any, cast: Cast, campaign: Campaign, state: MemberState = M.INVITED,
           **values: Any) -> CampaignMember:
    """A customer in the campaign, through the checks of a save."""
    customer = values.pop("customer", None) or make_customer(session, owner=cast.sales_consultant)
    row = CampaignMember(campaign_id=campaign.id, customer_id=customer.id, state=state, **values)
    campaigns.prepare(session, row, NOW)
    session.add(row)
    session.flush()
    campaigns.settle(session, row, NOW, created=True)
    return row


def reasons(session: Any, row: CampaignMember) -> list[str]:
    return sorted(session.scalars(sa.select(FollowUp.reason).where(FollowUp.customer_id == row.customer_id)))


# ---------------------------------------------------------------- states


def test_from_draft_to_evaluated(store_app: Any, session: Any, cast: Cast) -> None:
    campaign = make_campaign(session, state=C.DRAFT, goal="试驾 20 组")
    campaigns.approve(session, campaign, cast.general_manager, NOW)
    campaigns.start(session, campaign, cast.marketing, NOW)
    campaigns.end(session, campaign, cast.care_manager, NOW + DAY)
    campaigns.evaluate(session, campaign, cast.marketing, NOW + DAY, evaluation="到场 60%", improvement="早点邀约",
                       margin=Decimal(12000))
    assert (campaign.state, campaign.evaluation, campaign.improvement, campaign.margin) == (
        C.EVALUATED, "到场 60%", "早点邀约", Decimal(12000))


@pytest.mark.parametrize("role", ["care_manager", "marketing", "sales_manager", "auditor", "administrator"])
def test_only_the_general_manager_approves(session: Any, cast: Cast, role: str) -> None:
    campaign = make_campaign(session, state=C.DRAFT, goal="试驾")
    with pytest.raises(Refused):
        campaigns.approve(session, campaign, getattr(cast, role), NOW)
    assert campaign.state == C.DRAFT


@pytest.mark.parametrize("role", ["sales_manager", "sales_consultant", "care_specialist", "auditor"])
def test_others_do_not_run_campaigns(session: Any, cast: Cast, role: str) -> None:
    campaign = make_campaign(session, state=C.APPROVED)
    with pytest.raises(Refused):
        campaigns.start(session, campaign, getattr(cast, role), NOW)
    assert campaign.state == C.APPROVED


@pytest.mark.parametrize(("verb", "begin"), [("approve", C.DRAFT), ("start", C.APPROVED), ("end", C.RUNNING),
                                             ("evaluate", C.ENDED)])
def test_a_step_fits_one_state_only(session: Any, cast: Cast, verb: str, begin: CampaignState) -> None:
    words = {"evaluation": "好"} if verb == "evaluate" else {}
    for state in C:
        campaign = make_campaign(session, state=state, goal="试驾")
        if state == begin:
            continue
        with pytest.raises(RuleError):
            campaigns.VERBS[verb](session, campaign, cast.general_manager, NOW, **words)
        assert campaign.state == state


def test_a_campaign_without_a_goal_is_not_approved(session: Any, cast: Cast) -> None:
    campaign = make_campaign(session, state=C.DRAFT, goal=" ")
    with pytest.raises(RuleError) as refused:
        campaigns.approve(session, campaign, cast.general_manager, NOW)
    assert refused.value.field == "goal"


def test_an_evaluation_says_something(session: Any, cast: Cast) -> None:
    campaign = make_campaign(session, state=C.ENDED)
    with pytest.raises(RuleError) as refused:
        campaigns.evaluate(session, campaign, cast.marketing, NOW, evaluation=" ")
    assert refused.value.field == "evaluation"
    assert campaign.state == C.ENDED


def test_allowed_says_why_not(session: Any, cast: Cast) -> None:
    campaign = make_campaign(session, state=C.DRAFT)
    assert [(verb, yes) for verb, yes, _why in campaigns.allowed(campaign, ("general_manager",))] == [("approve", True)]
    [(verb, yes, why)] = campaigns.allowed(campaign, ("marketing",))
    assert (verb, yes, bool(str(why))) == ("approve", False, True)


# ---------------------------------------------------------------- checks before a save


@pytest.mark.parametrize(("values", "field"), [({"ends_at": NOW - DAY}, "ends_at"), ({"budget": Decimal(-1)}, "budget"),
                                               ({"goal_leads": -1}, "goal_leads")])
def test_a_campaign_makes_sense(session: Any, values: dict[str, Any], field: str) -> None:
    campaign = make_campaign(session)
    for name, value in values.items():
        setattr(campaign, name, value)
    with pytest.raises(RuleError) as refused, session.no_autoflush:
        campaigns.prepare(session, campaign, NOW)
    assert refused.value.field == field


@pytest.mark.parametrize(("values", "field"), [
    ({"feedback": 6, "state": M.ATTENDED}, "feedback"), ({"feedback": 0, "state": M.ATTENDED}, "feedback"),
    ({"feedback": 4}, "feedback"), ({"holdout": True, "state": M.CONFIRMED}, "holdout")])
def test_a_member_makes_sense(session: Any, cast: Cast, values: dict[str, Any], field: str) -> None:
    campaign = make_campaign(session)
    with pytest.raises(RuleError) as refused:
        member(session, cast, campaign, **values)
    assert refused.value.field == field


def test_a_customer_is_in_a_campaign_once_and_of_its_store(session: Any, cast: Cast) -> None:
    campaign, customer = make_campaign(session), make_customer(session, owner=cast.sales_consultant)
    member(session, cast, campaign, customer=customer)
    for other in (customer, make_customer(session, owner=cast.outsider)):
        with pytest.raises(RuleError) as refused:
            member(session, cast, campaign, customer=other)
        assert refused.value.field == "customer_id"


@pytest.mark.parametrize("state", [C.DRAFT, C.APPROVED])
def test_nobody_came_before_it_runs(session: Any, cast: Cast, state: CampaignState) -> None:
    with pytest.raises(RuleError) as refused:
        member(session, cast, make_campaign(session, state=state), M.ATTENDED)
    assert refused.value.field == "state"


def test_members_of_an_evaluated_campaign_stay(session: Any, cast: Cast) -> None:
    with pytest.raises(RuleError):
        member(session, cast, make_campaign(session, state=C.EVALUATED))


def test_a_cost_is_not_negative(session: Any, cast: Cast) -> None:
    cost = CampaignCost(campaign_id=make_campaign(session).id, kind=CostKind.VENUE, what="场地", amount=Decimal(-5))
    with pytest.raises(RuleError) as refused:
        campaigns.prepare(session, cost, NOW)
    assert refused.value.field == "amount"


# ---------------------------------------------------------------- members and their times


def test_a_deal_was_a_lead_and_a_guest(session: Any, cast: Cast) -> None:
    row = member(session, cast, make_campaign(session), M.DEAL)
    assert (row.invited_at, row.attended_at, row.lead_at, row.deal_at) == (NOW, NOW, NOW, NOW)


def test_a_correction_takes_times_back_and_keeps_the_first(session: Any, cast: Cast) -> None:
    row = member(session, cast, make_campaign(session), M.ATTENDED)
    row.state = M.LEAD
    campaigns.prepare(session, row, NOW + DAY)
    assert (row.attended_at, row.lead_at) == (NOW, NOW + DAY)
    row.state = M.DECLINED
    campaigns.prepare(session, row, NOW + DAY)
    assert (row.attended_at, row.lead_at) == (None, None)


def test_a_holdout_is_not_invited_and_gets_no_task(session: Any, cast: Cast, rules: None) -> None:
    campaign = make_campaign(session)
    row = member(session, cast, campaign, holdout=True)
    campaigns.end(session, campaign, cast.marketing, NOW)
    assert (row.invited_at, row.state, reasons(session, row)) == (None, M.INVITED, [])


# ---------------------------------------------------------------- tasks


def test_invitations_become_tasks_when_it_starts(session: Any, cast: Cast, rules: None) -> None:
    campaign = make_campaign(session, state=C.APPROVED)
    early = member(session, cast, campaign)
    assert reasons(session, early) == []
    campaigns.start(session, campaign, cast.marketing, NOW)
    late = member(session, cast, campaign)
    assert reasons(session, early) == reasons(session, late) == ["邀约"]


def test_a_guest_is_asked_within_three_days_and_once(session: Any, cast: Cast, rules: None) -> None:
    row = member(session, cast, make_campaign(session), M.ATTENDED)
    campaigns.settle(session, row, NOW, created=False)
    [task] = session.scalars(sa.select(FollowUp).where(FollowUp.customer_id == row.customer_id)).all()
    assert (task.reason, task.due_on <= NOW.date() + 3 * DAY) == ("反馈", True)


def test_the_seeded_feedback_rule_asks_within_three_days(session: Any, cast: Cast) -> None:
    row = member(session, cast, make_campaign(session), M.ATTENDED)
    tasks = session.scalars(sa.select(FollowUp).join(FollowUpRule, FollowUpRule.id == FollowUp.rule_id).where(
        FollowUp.customer_id == row.customer_id, FollowUpRule.trigger == "campaign_attended")).all()
    assert [one.due_on <= dt.date(2026, 11, 26) for one in tasks] == [True]


def test_at_the_end_no_shows_and_guests_without_a_deal_are_followed_up(session: Any, cast: Cast, rules: None) -> None:
    campaign = make_campaign(session)
    rows = {state: member(session, cast, campaign, state) for state in M}
    campaigns.end(session, campaign, cast.marketing, NOW)
    found = {state: [one for one in reasons(session, row) if one in ("未到", "未成交")] for state, row in rows.items()}
    assert found == {M.INVITED: ["未到"], M.CONFIRMED: ["未到"], M.NO_SHOW: ["未到"], M.ATTENDED: ["未成交"],
                     M.LEAD: ["未成交"], M.DEAL: [], M.DECLINED: []}
    assert rows[M.CONFIRMED].state == M.NO_SHOW


def test_seeds_follow_up_after_the_end(session: Any, cast: Cast) -> None:
    campaign = make_campaign(session)
    rows = [member(session, cast, campaign), member(session, cast, campaign, M.LEAD)]
    before = [len(reasons(session, row)) for row in rows]
    campaigns.end(session, campaign, cast.marketing, NOW)
    assert [len(reasons(session, row)) for row in rows] == [number + 1 for number in before]


# ---------------------------------------------------------------- evaluation


def test_figures_count_what_was_entered(store_app: Any, session: Any, cast: Cast) -> None:
    campaign = make_campaign(session, margin=Decimal(15000))
    for state in M:
        member(session, cast, campaign, state, feedback={M.ATTENDED: 5, M.LEAD: 4}.get(state))
    member(session, cast, campaign, holdout=True)
    session.add_all(CampaignCost(store_id=1, campaign_id=campaign.id, kind=CostKind.GIFTS, what="礼品", amount=amount)
                    for amount in (Decimal("6000.50"), Decimal("3999.50")))
    session.flush()
    found = campaigns.figures(session, campaign)
    assert (found.invited, found.confirmed, found.attended, found.leads) == (7, 1, 3, 2)
    assert (found.deals, found.no_shows, found.holdout) == (1, 1, 1)
    assert found.attendance == pytest.approx(300 / 7)
    assert (found.feedback_count, found.satisfaction) == (2, 4.5)
    assert (found.costs, found.cost, found.roi) == (2, Decimal(10000), 50.0)


def test_nothing_entered_is_not_set(session: Any, cast: Cast) -> None:
    found = campaigns.figures(session, make_campaign(session))
    assert (found.invited, found.attendance, found.satisfaction, found.cost, found.roi) == (0, None, None, None, None)


@pytest.mark.parametrize(("margin", "cost", "expected"), [
    (None, Decimal(100), None), (Decimal(100), None, None), (Decimal(100), Decimal(0), None),
    (Decimal(0), Decimal(100), -100.0), (Decimal(150), Decimal(100), 50.0)])
def test_roi_only_when_both_are_entered(margin: Decimal | None, cost: Decimal | None, expected: float | None) -> None:
    assert campaigns.roi(margin, cost) == expected
