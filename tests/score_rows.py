"""A store at work in November 2026, for the tests of the scores: every source has rows that count and rows that do not.

Random from a fixed seed, with rows of other months and of other people among them.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import sqlalchemy as sa

from admin_app import choices as ch
from admin_app import models as m
from tests import factories as make
from tests.cast import NOW, TODAY, Cast

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def fill(session: Any, cast: Cast, seed: int = 7) -> None:
    """Rows for everybody who is scored in store 1; the session acts as system."""
    draw = random.Random(seed)
    sellers = [cast.sales_consultant, cast.colleague, cast.sales_manager]
    advisors = [cast.service_advisor, cast.service_manager]
    callers = [cast.care_specialist, cast.care_manager]
    for seller in sellers:
        for _ in range(6):
            _sale(session, draw, seller, draw.choice(advisors), draw.choice(callers))
    for advisor in advisors:
        for _ in range(9):
            _service(session, draw, draw.choice(sellers), advisor, draw.choice(callers))
    _campaign(session, draw, cast, sellers)
    session.flush()


def new_lead_rule(session: Any) -> int:
    """A rule for the first contact of new leads; the seeded one where there is one."""
    found = session.scalars(sa.select(m.FollowUpRule.id).where(m.FollowUpRule.trigger == ch.Trigger.NEW_LEAD)).first()
    if found is None:
        rule = m.FollowUpRule(code="test_new_lead", name="首次联系", trigger=ch.Trigger.NEW_LEAD)
        session.add(rule)
        session.flush()
        found = rule.id
    return int(found)


def _moment(draw: random.Random) -> dt.datetime:
    """A time from the middle of October up to now."""
    return NOW - dt.timedelta(minutes=draw.randrange(40 * 24 * 60))


def _sale(session: Any, draw: random.Random, seller: Any, advisor: Any, caller: Any) -> None:
    """A customer with a lead task, follow-ups, calls, a promise, and mostly a car."""
    customer = make.make_customer(session, owner=seller, advisor_id=advisor.id, completeness=draw.randrange(40, 100),
                                  stage=draw.choice([ch.Stage.PROSPECT, ch.Stage.OWNER, ch.Stage.LOST]),
                                  created_at=_moment(draw))
    for person, rule in ((seller, new_lead_rule(session)), (seller, None), (caller, None)):
        _task(session, draw, customer, person, rule)
    for person in (seller, caller):
        make.make_visit(session, customer, staff=person, at=_moment(draw),
                        result=draw.choice([ch.VisitResult.SOLVED, ch.VisitResult.NOT_REACHED, None]),
                        satisfaction=draw.choice([None, 2, 4, 5]), outbound=draw.random() < 0.8)
    due = local(_moment(draw)) + 3 * DAY
    session.add(m.Promise(store_id=1, customer_id=customer.id, what="送脚垫", by_id=draw.choice([seller.id, caller.id]),
                          due_on=due, state=draw.choice(list(ch.PromiseState))))
    if draw.random() < 0.8:
        make.make_vehicle(session, customer, sold_by_id=seller.id, bought_on=local(_moment(draw)),
                          price=draw.choice([None, 128_000, 239_900.5]))


def _task(session: Any, draw: random.Random, customer: Any, person: Any, rule: int | None) -> None:
    due = local(_moment(draw)) + draw.randrange(4) * DAY
    state = draw.choice([ch.FollowUpState.DONE, ch.FollowUpState.DONE, ch.FollowUpState.OPEN, ch.FollowUpState.SNOOZED,
                         ch.FollowUpState.SKIPPED, ch.FollowUpState.VOID])
    closed = dt.datetime.combine(due, dt.time(2), dt.UTC) + draw.randrange(-30, 30) * HOUR
    make.make_followup(session, customer, assignee=person, due=due, rule_id=rule, state=state,
                       closed_at=closed if state == ch.FollowUpState.DONE else None)


def local(moment: dt.datetime) -> dt.date:
    return (moment + 8 * HOUR).date()


def _service(session: Any, draw: random.Random, seller: Any, advisor: Any, caller: Any) -> None:
    """A customer of an advisor with orders over three years and a complaint."""
    customer = make.make_customer(session, owner=seller, advisor_id=advisor.id, stage=ch.Stage.OWNER)
    for months in (draw.randrange(2), draw.randrange(10, 34)):
        came = _moment(draw) - dt.timedelta(days=30 * months)
        left = came + draw.randrange(2, 30) * HOUR
        make.make_order(session, customer, advisor=advisor, opened_at=came, closed_at=min(left, NOW),
                        state=draw.choice([ch.RepairState.CLOSED, ch.RepairState.CLOSED, ch.RepairState.CANCELLED]),
                        kind=draw.choice(list(ch.RepairKind)), promised_at=draw.choice([None, came + 12 * HOUR]),
                        same_fault=draw.random() < 0.3, satisfaction=draw.choice([None, 3, 4, 5]))
    received = _moment(draw)
    finished = draw.choice([None, received + 3 * DAY, received + 20 * DAY])
    complaint = make.make_complaint(
        session, customer, owner=draw.choice([advisor, seller]), received_at=received, finished_at=finished,
        responsible_id=draw.choice([None, advisor.id, seller.id]), recall_due_on=local(received) + 6 * DAY)
    for _ in range(draw.randrange(3)):
        session.add(m.ComplaintStep(
            store_id=1, complaint_id=complaint.id, at=_moment(draw), by_id=caller.id,
            kind=draw.choice([ch.StepKind.RECALL_SATISFIED, ch.StepKind.RECALL_NOT_SATISFIED,
                              ch.StepKind.RECALL_FAILED])))


def _campaign(session: Any, draw: random.Random, cast: Cast, sellers: list[Any]) -> None:
    """Two campaigns, one of which is over, with guests of every kind."""
    for ends in (NOW - 3 * DAY, NOW + 3 * DAY):
        campaign = make.make_campaign(session, owner=cast.marketing, starts_at=ends - 5 * HOUR, ends_at=ends)
        for _ in range(12):
            customer = make.make_customer(session, owner=draw.choice(sellers))
            session.add(m.CampaignMember(
                store_id=1, campaign_id=campaign.id, customer_id=customer.id, state=draw.choice(list(ch.MemberState)),
                invited_by_id=draw.choice([cast.care_specialist.id, cast.sales_consultant.id]),
                holdout=draw.random() < 0.2, feedback=draw.choice([None, 3, 5])))


assert local(NOW) == TODAY
