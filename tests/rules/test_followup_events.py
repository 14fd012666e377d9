"""Tasks that an event makes at once."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from admin_app import choices as ch
from admin_app import clock
from admin_app import models as m
from admin_app.choices import FollowUpState as S
from admin_app.choices import Grade, Source, Stage, Trigger
from admin_app.rules import complaints, followups
from tests.cast import NOW
from tests.factories import make_campaign, make_complaint, make_customer, make_order, make_vehicle
from tests.rules.followup_support import day, rule, save, tasks, the

DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


def lead(cast: Any, **values: Any) -> m.Customer:
    return m.Customer(store_id=1, name="新线索", phone="13900001111", stage=Stage.LEAD,
                      owner_id=cast.sales_consultant.id, **values)


@pytest.mark.parametrize("source", [Source.WEB, Source.PHONE, Source.SOCIAL])
def test_a_lead_from_the_web_is_called_within_30_working_minutes(session: Any, cast: Any, source: Source) -> None:
    customer = save(session, lead(cast, source=source))
    task = the(tasks(session, customer))
    assert (task.due_at, task.assignee_id) == (NOW + dt.timedelta(minutes=30), cast.sales_consultant.id)


def test_in_the_evening_the_30_minutes_go_on_next_morning(session: Any, cast: Any) -> None:
    customer = save(session, lead(cast, source=Source.WEB), clock.at(day(), 20, 20))
    assert the(tasks(session, customer)).due_at == clock.at(day(1), 9, 20)


@pytest.mark.parametrize("source", [Source.WALK_IN, Source.REFERRAL, None])
def test_any_other_lead_within_24_hours(session: Any, cast: Any, source: Source | None) -> None:
    customer = save(session, lead(cast, source=source))
    assert the(tasks(session, customer)).due_at == NOW + 24 * HOUR
    assert customer.next_contact_on == day(1)


def test_a_lead_of_the_pool_goes_to_the_manager_who_assigns(session: Any, cast: Any) -> None:
    customer = lead(cast, source=Source.WEB)
    customer.owner_id = None
    assert the(tasks(session, save(session, customer))).assignee_id == cast.sales_manager.id


def test_an_owner_and_an_old_file_are_no_new_leads(session: Any, cast: Any) -> None:
    old = save(session, lead(cast, registered_on=day(-200)))
    customer = lead(cast)
    customer.phone, customer.stage = "13900002222", Stage.OWNER
    assert tasks(session, old) == tasks(session, save(session, customer)) == []


def test_a_delivery_is_followed_on_day_1_3_7_and_by_sample_30(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, stage=Stage.PROSPECT)
    rule(session, "delivery_day30").sample_percent = 100
    car = save(session, m.Vehicle(customer_id=customer.id, model="岚风 S7", bought_on=day()))
    found = {task.occurrence.partition(":")[0]: task for task in tasks(session, customer)}
    assert {code: task.due_on for code, task in found.items()} == {
        "delivery_day1": day(1), "delivery_day3": day(3), "delivery_day7": day(7), "delivery_day30": day(30)}
    assert found["delivery_day3"].assignee_id == cast.sales_consultant.id
    assert found["delivery_day7"].assignee_id == cast.sales_manager.id
    assert found["delivery_day1"].assignee_id in (cast.care_specialist.id, cast.care_colleague.id)
    assert {task.vehicle_id for task in found.values()} == {car.id}
    assert (customer.stage, customer.grade) == (Stage.OWNER, Grade.D)


def test_the_sample_is_a_share_and_always_the_same(session: Any, cast: Any) -> None:
    from admin_app.rules.followups.making import drawn

    keys = [f"delivery_day30:vehicle:{number}:2026-11-23" for number in range(2000)]
    assert 0.25 < sum(drawn(30, key) for key in keys) / 2000 < 0.35
    assert [drawn(30, key) for key in keys] == [drawn(30, key) for key in keys]
    assert all(drawn(100, key) for key in keys) and not any(drawn(0, key) for key in keys)


def test_a_car_bought_elsewhere_or_long_ago_is_no_delivery(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, stage=Stage.PROSPECT)
    save(session, m.Vehicle(customer_id=customer.id, model="别家车", bought_on=day(), bought_here=False))
    save(session, m.Vehicle(customer_id=customer.id, model="旧车", bought_on=day(-300)))
    assert tasks(session, customer) == []


def test_a_corrected_day_of_purchase_moves_the_delivery_calls(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    car = save(session, m.Vehicle(customer_id=customer.id, model="岚风 S7", bought_on=day()))
    before = tasks(session, customer)
    car.bought_on = day(-1)
    save(session, car)
    assert {task.state for task in before} == {S.VOID}
    assert the(tasks(session, customer, "delivery_day3")).due_on == day(2)
    car.bought_on = day()
    save(session, car)
    assert {task.state for task in before} == {S.OPEN}, "the first day was right after all"
    assert len(tasks(session, customer)) == len(before)


def test_a_closed_repair_order_is_asked_about_on_day_3(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, stage=Stage.OWNER, grade=Grade.D)
    order = make_order(session, customer, advisor=cast.service_advisor)
    order.state, order.satisfaction = ch.RepairState.CLOSED, 5
    save(session, order)
    task = the(tasks(session, customer))
    assert (task.due_on, task.expires_on, task.source_table) == (day(3), day(15), "repair_order")
    save(session, order)
    assert len(tasks(session, customer, still_open=False)) == 1
    order.state = ch.RepairState.WORKING
    save(session, order)
    assert task.state == S.VOID
    order.state = ch.RepairState.CLOSED
    save(session, order, NOW + DAY)
    assert (the(tasks(session, customer)), task.state, task.note, task.closed_at) == (task, S.OPEN, None, None)


def test_the_re_callback_never_goes_to_who_handled_the_complaint(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    complaint = make_complaint(session, customer, owner=cast.service_manager, state=ch.ComplaintState.FINISHED,
                               finished_at=NOW, finished_by_id=cast.care_specialist.id)
    session.add(m.ComplaintStep(store_id=1, complaint_id=complaint.id, kind=ch.StepKind.FINISH, at=NOW,
                                by_id=cast.care_specialist.id))
    session.flush()
    assert cast.care_specialist.id in complaints.handlers(session, complaint)
    task = the(followups.on_event(session, Trigger.COMPLAINT_FINISHED, complaint, NOW))
    assert (task.assignee_id, task.due_on) == (cast.care_colleague.id, day(3))
    assert followups.on_event(session, Trigger.COMPLAINT_FINISHED, complaint, NOW) == []
    complaint.loops = 1
    assert len(followups.on_event(session, Trigger.COMPLAINT_FINISHED, complaint, NOW)) == 1


def test_a_guest_of_a_campaign_is_asked_within_three_days(session: Any, cast: Any) -> None:
    customer, opted_out = (make_customer(session, owner=cast.sales_consultant, do_not_disturb=flag)
                           for flag in (False, True))
    campaign = make_campaign(session)
    for one in (customer, opted_out):
        member = m.CampaignMember(store_id=1, campaign_id=campaign.id, customer_id=one.id, attended_at=NOW,
                                  invited_by_id=cast.colleague.id, state=ch.MemberState.ATTENDED)
        session.add(member)
        session.flush()
        followups.on_event(session, Trigger.CAMPAIGN_ATTENDED, member, NOW)
    task = the(tasks(session, customer))
    assert (task.due_on, task.assignee_id) == (day(3), cast.colleague.id)
    assert tasks(session, opted_out) == []


def test_a_promise_is_reminded_of_a_day_ahead_and_settles_its_reminder(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    promise = save(session, m.Promise(customer_id=customer.id, what="送脚垫", due_on=day(5), by_id=cast.colleague.id))
    task = the(tasks(session, customer))
    assert (task.due_on, task.assignee_id) == (day(4), cast.colleague.id)
    promise.due_on = day(8)
    save(session, promise)
    assert task.state == S.VOID
    moved = the(tasks(session, customer))
    assert moved.due_on == day(7)
    promise.state = ch.PromiseState.KEPT
    save(session, promise)
    assert (moved.state, promise.settled_at, customer.next_contact_on) == (S.DONE, NOW, None)


def test_a_promise_for_today_is_due_today(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    save(session, m.Promise(customer_id=customer.id, what="发资料", due_on=day(), by_id=cast.colleague.id))
    assert the(tasks(session, customer)).due_on == day()


def test_a_disabled_rule_and_one_that_waits_for_its_table_make_nothing(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    rule(session, "delivery_day1").enabled = False
    rule(session, "delivery_day3").needs = "delivery"
    car = make_vehicle(session, customer, bought_on=day())
    made = followups.on_event(session, Trigger.DELIVERY, car, NOW)
    assert {"delivery_day7"} <= {task.occurrence.partition(":")[0] for task in made} <= {
        "delivery_day7", "delivery_day30"}
    quote = SimpleNamespace(customer_id=customer.id, id=1, __tablename__="quote")
    assert followups.on_event(session, Trigger.QUOTE, quote, NOW) == []


def test_a_task_goes_to_somebody_who_is_active_and_may_see_the_customer(session: Any, cast: Any) -> None:
    secret = make_customer(session, confidentiality=ch.Confidentiality.SECRET, advisor_id=cast.service_advisor.id)
    gone = make_customer(session, owner=cast.colleague, advisor_id=cast.service_advisor.id)
    cast.colleague.active = False
    session.flush()
    for customer in (secret, gone):
        car = make_vehicle(session, customer, bought_on=day())
        followups.on_event(session, Trigger.DELIVERY, car, NOW)
        assert the(tasks(session, customer, "delivery_day3")).assignee_id == cast.service_advisor.id
    assert the(tasks(session, secret, "delivery_day1")).assignee_id == cast.service_advisor.id


def test_every_assignment_may_see_the_customer(session: Any, cast: Any) -> None:
    from admin_app.rules.followups import tasks as acts

    people = [cast.sales_consultant, cast.other_team, cast.outsider, None]
    for owner in people:
        for level in ch.Confidentiality:
            customer = make_customer(session, owner=owner, confidentiality=level)
            car = make_vehicle(session, customer, bought_on=day())
            followups.on_event(session, Trigger.DELIVERY, car, NOW)
            for task in tasks(session, customer):
                if task.assignee_id is not None:
                    acts.check_assignee(session, customer.store_id, customer.id, session.get(m.User, task.assignee_id))
    assert session.scalar(sa.select(sa.func.count(m.FollowUp.id)).where(m.FollowUp.assignee_id.is_not(None))) > 20


@pytest.mark.usefixtures("store_app")
def test_the_same_event_again_and_in_a_second_session_adds_nothing(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    car = make_vehicle(session, customer, bought_on=day())
    assert len(followups.on_event(session, Trigger.DELIVERY, car, NOW)) >= 3
    session.commit()
    assert followups.on_event(session, Trigger.DELIVERY, car, NOW) == []
    session.commit()
