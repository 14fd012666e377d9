"""Inquiries: who is in charge, until when, what stops the clock, and what they become."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from admin_app import choices as ch
from admin_app import models as m
from admin_app.errors import RuleError
from admin_app.rules import inquiries
from tests import factories as f
from tests.cast import NOW, Cast
from tests.conftest import act_as
from tests.rules.followup_support import rule, save, tasks, the, visit


@pytest.fixture
def customer(session: Any, cast: Cast) -> m.Customer:
    return f.make_customer(session, owner=cast.sales_consultant)


def ask(session: Any, customer: m.Customer | None, **values: Any) -> m.Inquiry:
    return save(session, m.Inquiry(customer_id=customer.id if customer else None, question="有现车吗？", **values))


def test_it_is_owed_an_answer_within_a_day_by_who_keeps_the_customer(
        session: Any, cast: Cast, customer: m.Customer) -> None:
    inquiry = ask(session, customer)
    assert (inquiry.owner_id, inquiry.store_id, inquiry.state) == (cast.sales_consultant.id, 1, ch.InquiryState.OPEN)
    assert inquiry.due_at == NOW + dt.timedelta(hours=24)
    task = the(tasks(session, customer, "inquiry_answer"))
    assert (task.assignee_id, task.due_at) == (cast.sales_consultant.id, inquiry.due_at)


def test_the_seeded_rule_is_enabled_and_says_how_long(session: Any, cast: Cast, customer: m.Customer) -> None:
    found = rule(session, "inquiry_answer")
    assert (found.enabled, found.needs) == (True, None)
    found.offset = 4
    session.flush()
    assert ask(session, customer).due_at == NOW + dt.timedelta(hours=4)


def test_who_is_not_on_file_leaves_name_and_number(session: Any, cast: Cast) -> None:
    act_as(cast.care_specialist)
    inquiry = ask(session, None, name="李女士", phone="139 0013 9000")
    assert (inquiry.owner_id, inquiry.phone, inquiry.store_id) == (cast.care_specialist.id, "+8613900139000", 1)


@pytest.mark.parametrize(("values", "field"), [
    ({"question": " ", "name": "李", "phone": "13900139000"}, "question"), ({"phone": "13900139000"}, "name"),
    ({"name": "李"}, "phone"), ({"name": "李", "phone": "12"}, "phone"), ({"customer_id": 999}, "customer_id"),
    ({"name": "李", "phone": "13900139000", "received_at": NOW + dt.timedelta(hours=1)}, "received_at"),
    ({"name": "李", "phone": "13900139000", "state": "planned"}, "plan"),
    ({"name": "李", "phone": "13900139000", "state": "closed"}, "answer")])
def test_what_is_refused_and_where(session: Any, cast: Cast, values: dict[str, Any], field: str) -> None:
    act_as(cast.care_specialist)
    with pytest.raises(RuleError) as refused:
        save(session, m.Inquiry(**({"question": "有现车吗？"} | values)))
    assert refused.value.field == field


def test_another_store_or_one_who_left_is_not_in_charge(session: Any, cast: Cast, customer: m.Customer) -> None:
    for person in (cast.outsider, cast.other_team):  # the second may not see this customer
        with pytest.raises(RuleError) as refused:
            ask(session, customer, owner_id=person.id)
        assert refused.value.field == "owner_id"


@pytest.mark.parametrize(("said", "state"), [({"plan": "明天回电"}, "planned"), ({"answer": "有三台"}, "answered")])
def test_a_plan_or_an_answer_stops_the_clock(session: Any, cast: Cast, customer: m.Customer, said: dict[str, str],
                                             state: str) -> None:
    inquiry = ask(session, customer)
    assert inquiries.clock(inquiry, NOW).left == 24 * 60
    for name, value in said.items():
        setattr(inquiry, name, value)
    save(session, inquiry, NOW + dt.timedelta(hours=2))
    assert inquiry.state == state
    assert inquiries.clock(inquiry, NOW) is None
    assert (inquiry.planned_at or inquiry.answered_at) == NOW + dt.timedelta(hours=2)
    assert tasks(session, customer, "inquiry_answer") == []
    done = the(tasks(session, customer, "inquiry_answer", still_open=False))
    assert done.state == ch.FollowUpState.DONE


def test_a_contact_that_names_the_task_is_the_answer(session: Any, cast: Cast, customer: m.Customer) -> None:
    inquiry = ask(session, customer)
    task = the(tasks(session, customer, "inquiry_answer"))
    visit(session, customer, cast.sales_consultant, followup_id=task.id, content="已告知三天内到货")
    assert (inquiry.state, inquiry.answer) == (ch.InquiryState.ANSWERED, "已告知三天内到货")


def test_another_contact_leaves_it_open(session: Any, cast: Cast, customer: m.Customer) -> None:
    inquiry = ask(session, customer)
    visit(session, customer, cast.sales_consultant, content="谈别的")
    assert inquiry.state == ch.InquiryState.OPEN
    assert the(tasks(session, customer, "inquiry_answer")).state == ch.FollowUpState.OPEN


def test_handing_it_on_hands_the_task_on(session: Any, cast: Cast, customer: m.Customer) -> None:
    inquiry = ask(session, customer)
    inquiry.owner_id = cast.care_specialist.id
    save(session, inquiry)
    assert the(tasks(session, customer, "inquiry_answer")).assignee_id == cast.care_specialist.id


def test_it_becomes_a_complaint_once(session: Any, cast: Cast, customer: m.Customer) -> None:
    inquiry = ask(session, customer, channel=ch.InquiryChannel.SOCIAL)
    complaint = inquiries.to_complaint(session, inquiry, cast.sales_consultant, NOW)
    assert (complaint.text, complaint.customer_id, complaint.channel, complaint.area) == (
        "有现车吗？", customer.id, ch.ComplaintChannel.SOCIAL, ch.ComplaintArea.SALES)
    assert (inquiry.state, inquiry.complaint_id) == (ch.InquiryState.CLOSED, complaint.id)
    assert tasks(session, customer, "inquiry_answer") == []
    assert inquiries.to_complaint(session, inquiry, cast.sales_consultant, NOW).id == complaint.id
    assert session.scalar(sa.select(sa.func.count(m.Complaint.id))) == 1


def test_without_a_file_it_becomes_none(session: Any, cast: Cast) -> None:
    inquiry = f.make_inquiry(session, owner=cast.care_specialist)
    with pytest.raises(RuleError):
        inquiries.to_complaint(session, inquiry, cast.care_specialist, NOW)
    assert inquiry.state == ch.InquiryState.OPEN
