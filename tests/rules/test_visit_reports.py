"""Reports of visits: what they must say and what follows; coverage; the weekly drawing and its remarks."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from admin_app import access, clock
from admin_app import choices as ch
from admin_app import models as m
from admin_app.errors import RuleError
from admin_app.rules import coaching, coverage, reports, saving
from tests.cast import NOW, TODAY
from tests.factories import make_customer, make_visit


def report(session: Any, customer: Any, staff: Any, **said: Any) -> m.Visit:
    """A report saved by the road that every row takes."""
    visit = m.Visit(store_id=customer.store_id, customer_id=customer.id, staff_id=staff.id, at=NOW,
                    state=ch.VisitState.DONE, channel=ch.Channel.HOME, result=ch.VisitResult.INTERESTED, **said)
    saving.prepare(session, visit, NOW)
    session.add(visit)
    session.flush()
    saving.settle(session, visit, NOW, created=True)
    return visit


def objections(session: Any) -> list[m.FollowUp]:
    return list(session.scalars(access.ungated(sa.select(m.FollowUp).where(
        m.FollowUp.occurrence.startswith("objection:")))))


@pytest.fixture
def customer(session: Any, cast: Any) -> Any:
    return make_customer(session, owner=cast.sales_consultant, credit=ch.CreditLevel.NORMAL)


def test_a_major_objection_becomes_a_task_of_the_manager_once(session: Any, cast: Any, customer: Any) -> None:
    visit = report(session, customer, cast.sales_consultant, objection="价格比对手高",
                   objection_weight=ch.ObjectionWeight.MAJOR)
    (task,) = objections(session)
    assert (task.assignee_id, task.due_on, task.customer_id) == (cast.sales_manager.id, TODAY, customer.id)
    assert "价格比对手高" in task.reason
    visit.objection_answer = "送保养"
    saving.prepare(session, visit, NOW)
    saving.settle(session, visit, NOW, created=False)
    assert len(objections(session)) == 1


def test_the_consultants_next_contact_leaves_the_managers_task_alone(session: Any, cast: Any, customer: Any) -> None:
    report(session, customer, cast.sales_consultant, objection="价格", objection_weight=ch.ObjectionWeight.MAJOR)
    report(session, customer, cast.sales_consultant, content="又谈了一次", purpose_kind=ch.Purpose.SALES)
    assert [task.state for task in objections(session)] == [ch.FollowUpState.OPEN]


@pytest.mark.parametrize("said", [{"objection": "小问题", "objection_weight": ch.ObjectionWeight.MINOR},
                                  {"objection": "没有分量"}])
def test_a_minor_objection_is_nobodys_task(session: Any, cast: Any, customer: Any, said: dict[str, Any]) -> None:
    report(session, customer, cast.sales_consultant, **said)
    assert objections(session) == []


def test_the_report_of_a_secret_customer_goes_to_the_general_manager(session: Any, cast: Any) -> None:
    secret = make_customer(session, owner=cast.sales_consultant, confidentiality=ch.Confidentiality.SECRET,
                           confidential_reason="诉讼", confidential_until=TODAY + dt.timedelta(days=30))
    report(session, secret, cast.sales_consultant, objection="泄密", objection_weight=ch.ObjectionWeight.MAJOR)
    assert [task.assignee_id for task in objections(session)] == [cast.general_manager.id]


@pytest.mark.parametrize(("said", "field"), [
    ({"objection_weight": ch.ObjectionWeight.MAJOR}, "objection"), ({"objection_answer": "解释了"}, "objection"),
    ({"credit_to": ch.CreditLevel.BAD}, "credit_change")])
def test_half_a_report_is_refused_at_its_field(session: Any, cast: Any, customer: Any, said: dict[str, Any],
                                              field: str) -> None:
    with pytest.raises(RuleError) as refused:
        report(session, customer, cast.sales_consultant, **said)
    assert refused.value.field == field


def test_the_credit_level_is_what_the_latest_report_says(session: Any, cast: Any, customer: Any) -> None:
    report(session, customer, cast.sales_consultant, credit_to=ch.CreditLevel.CAREFUL, credit_change="拖欠尾款")
    assert customer.credit == ch.CreditLevel.CAREFUL
    old = make_visit(session, customer, staff=cast.sales_consultant, at=NOW - dt.timedelta(days=9))
    old.credit_to, old.credit_change = ch.CreditLevel.GOOD, "补记"
    saving.prepare(session, old, NOW)
    saving.settle(session, old, NOW, created=False)
    assert customer.credit == ch.CreditLevel.CAREFUL


def test_nobody_gets_the_task_where_there_is_no_manager(session: Any, cast: Any, customer: Any) -> None:
    visit = make_visit(session, customer, staff=cast.general_manager)
    customer.confidentiality = ch.Confidentiality.SECRET
    assert reports.manager_of(session, visit, customer) is None


# ---------------------------------------------------------------- coverage


def test_coverage_counts_the_seen_and_says_the_day_exactly(session: Any, cast: Any) -> None:
    edge = clock.at(TODAY - dt.timedelta(days=90), 0)
    for at in (NOW, edge, edge - dt.timedelta(seconds=1), None):
        make_customer(session, owner=cast.sales_consultant, last_contact_at=at)
    make_customer(session, owner=cast.sales_consultant, last_contact_at=None, stage=ch.Stage.LOST)
    with access.as_system(session, "test"):
        (line,) = coverage.by_person(session, m.Customer.owner_id, TODAY, 90)
    assert (line.who, line.customers, line.seen, line.unseen, line.never) == (cast.sales_consultant.id, 4, 2, 2, 1)
    assert line.share == 0.5


def test_every_number_of_the_coverage_has_exactly_its_rows(session: Any, cast: Any) -> None:
    for number in range(12):
        make_customer(session, owner=(cast.sales_consultant, cast.colleague, None)[number % 3],
                      last_contact_at=None if number % 5 == 0 else NOW - dt.timedelta(days=number * 17))
    with access.as_system(session, "test"):
        for line in coverage.by_person(session, m.Customer.owner_id, TODAY, 90):
            mine = m.Customer.owner_id.is_(None) if line.who is None else m.Customer.owner_id == line.who
            for number, where in ((line.seen, coverage.seen(TODAY, 90)), (line.unseen, coverage.unseen(TODAY, 90))):
                assert session.scalar(sa.select(sa.func.count(m.Customer.id)).where(
                    coverage.counted(), mine, where)) == number


# ---------------------------------------------------------------- reports that a manager reads


def week(session: Any, customer: Any, staff: Any, count: int) -> list[m.Visit]:
    return [make_visit(session, customer, staff=staff, at=NOW - dt.timedelta(days=3, minutes=number))
            for number in range(count)]


def test_the_drawing_takes_so_many_a_person_and_a_second_one_none(session: Any, cast: Any, customer: Any) -> None:
    week(session, customer, cast.sales_consultant, 6)
    week(session, customer, cast.colleague, 1)
    make_visit(session, customer, staff=cast.sales_consultant, at=NOW)  # of this week
    with access.as_system(session, "test"):
        assert coaching.draw(session, NOW) == 3
        assert coaching.draw(session, NOW + dt.timedelta(days=2)) == 0
    drawn = session.scalars(access.ungated(sa.select(m.Visit).where(m.Visit.sampled_on.is_not(None)))).all()
    assert {visit.sampled_on for visit in drawn} == {TODAY}
    assert sorted(visit.staff_id for visit in drawn) == sorted(
        [cast.sales_consultant.id] * 2 + [cast.colleague.id])


def test_a_store_that_wants_none_draws_none(session: Any, cast: Any, customer: Any) -> None:
    week(session, customer, cast.sales_consultant, 3)
    with access.as_system(session, "test"):
        session.get(m.Store, customer.store_id).review_each = 0
        assert coaching.draw(session, NOW) == 0
