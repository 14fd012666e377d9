"""Inquiries on the screen by role, their way to a complaint, the clocks people see, and the tokens for web leads."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import sqlalchemy as sa

from admin_app import choices as ch
from admin_app import clock
from admin_app import models as m
from admin_app.clock import utcnow
from admin_app.rules.leads import clocks, tokens
from tests import factories as f
from tests.cast import Cast
from tests.conftest import row, token

QUESTION = "有现车吗？"


@pytest.fixture
def inquiry(session: Any, cast: Cast) -> m.Inquiry:
    """Of the consultant's customer, an hour old."""
    customer = f.make_customer(session, owner=cast.sales_consultant, name="韩启明")
    now = utcnow()
    found = f.make_inquiry(session, customer, owner=cast.sales_consultant, question=QUESTION,
                           received_at=now - dt.timedelta(hours=1), due_at=now + dt.timedelta(hours=23))
    session.commit()
    return found


def edit(client: Any, key: int, **said: str) -> Any:
    return client.post(f"/admin/inquiry/edit/?id={key}", data={
        "csrf_token": token(client, "/account/password"), "question": QUESTION, "channel": "phone",
        "state": "open"} | said)


def test_the_person_in_charge_answers(session: Any, cast: Cast, inquiry: m.Inquiry, sign_in: Any) -> None:
    key, client = inquiry.id, sign_in(cast.sales_consultant)
    page = client.get(f"/admin/inquiry/details/?id={key}").text
    assert "剩" in page
    assert QUESTION in page
    assert edit(client, key, answer="有三台").status_code == 302
    saved = row(m.Inquiry, key)
    assert (saved.answer, saved.state) == ("有三台", ch.InquiryState.ANSWERED)
    assert "还剩" not in client.get(f"/admin/inquiry/details/?id={key}").text


@pytest.mark.parametrize(("who", "status"), [
    ("sales_manager", 302), ("care_manager", 302), ("general_manager", 302), ("colleague", 404), ("outsider", 404),
    ("care_specialist", 403), ("auditor", 403), ("marketing", 403), ("administrator", 403)])
def test_who_else_may_answer(session: Any, cast: Cast, inquiry: m.Inquiry, sign_in: Any, who: str, status: int) -> None:
    key = inquiry.id
    assert edit(sign_in(getattr(cast, who)), key, answer="有三台").status_code == status
    assert row(m.Inquiry, key).answer == ("有三台" if status == 302 else None)


def test_a_specialist_takes_in_the_question_of_a_stranger(session: Any, cast: Cast, sign_in: Any) -> None:
    client = sign_in(cast.care_specialist)
    said = {"csrf_token": token(client, "/account/password"), "question": "  ", "channel": "web_chat", "name": "李女士",
            "phone": "13900139000"}
    refused = client.post("/admin/inquiry/new/", data=said)
    assert refused.status_code == 400
    assert "李女士" in refused.text  # what was typed is kept
    assert client.post("/admin/inquiry/new/", data=said | {"question": "能装充电桩吗"}).status_code == 302
    made = session.scalars(sa.select(m.Inquiry)).one()
    assert (made.name, made.phone, made.owner_id) == ("李女士", "+8613900139000", cast.care_specialist.id)
    page = client.get(f"/admin/inquiry/details/?id={made.id}").text
    assert "139****9000" in page
    assert "13900139000" not in page


def complain(client: Any, key: int) -> Any:
    return client.post("/admin/inquiry/complaint/", data={"csrf_token": token(client, "/account/password"), "id": key})


def test_it_becomes_a_complaint_in_one_click(session: Any, cast: Cast, inquiry: m.Inquiry, sign_in: Any) -> None:
    key, client = inquiry.id, sign_in(cast.sales_consultant)
    assert 'action="/admin/inquiry/complaint/"' in client.get(f"/admin/inquiry/details/?id={key}").text
    answer = complain(client, key)
    complaint = session.scalars(sa.select(m.Complaint)).one()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/admin/complaint/details/?id={complaint.id}")
    assert (complaint.text, complaint.created_by_id) == (QUESTION, cast.sales_consultant.id)
    assert row(m.Inquiry, key).state == ch.InquiryState.CLOSED
    assert 'action="/admin/inquiry/complaint/"' not in client.get(f"/admin/inquiry/details/?id={key}").text


@pytest.mark.parametrize(("who", "status"), [("colleague", 404), ("outsider", 404), ("auditor", 403),
                                             ("care_specialist", 403)])
def test_others_make_no_complaint_of_it(session: Any, cast: Cast, inquiry: m.Inquiry, sign_in: Any, who: str,
                                        status: int) -> None:
    key = inquiry.id
    assert complain(sign_in(getattr(cast, who)), key).status_code == status
    assert session.scalars(sa.select(m.Complaint)).all() == []
    assert row(m.Inquiry, key).state == ch.InquiryState.OPEN


def test_without_a_file_the_reason_is_said(session: Any, cast: Cast, sign_in: Any) -> None:
    key = f.make_inquiry(session, owner=cast.care_specialist).id
    session.commit()
    answer = complain(sign_in(cast.care_specialist), key)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert row(m.Inquiry, key).complaint_id is None


def test_it_stands_on_the_customers_page(session: Any, cast: Cast, inquiry: m.Inquiry, sign_in: Any) -> None:
    page = sign_in(cast.sales_consultant).get(f"/admin/customer/details/?id={inquiry.customer_id}").text
    assert f"/admin/inquiry/details/?id={inquiry.id}" in page
    assert re.search(r'class="good">剩 2[23] 小时', page)


# ---------------------------------------------------------------- first contacts


@pytest.fixture
def lead(session: Any, cast: Cast) -> m.FollowUp:
    """A lead of the consultant whose first contact is owed since 90 minutes, by a rule of one hour."""
    rule = session.scalars(sa.select(m.FollowUpRule).where(m.FollowUpRule.code == "lead_first_other")).one()
    rule.offset = 1
    customer = f.make_customer(session, owner=cast.sales_consultant, name="新线索", stage=ch.Stage.LEAD)
    now = utcnow()
    found = f.make_followup(session, customer, assignee=cast.sales_consultant, due=clock.local_day(now),
                            rule_id=rule.id, due_at=now - dt.timedelta(minutes=30),
                            created_at=now - dt.timedelta(minutes=90),
                            purpose=ch.Purpose.SALES)
    session.commit()
    return found


def test_the_clock_shows_wherever_the_task_does(session: Any, cast: Cast, lead: m.FollowUp, sign_in: Any) -> None:
    client = sign_in(cast.sales_consultant)
    for path in ("/admin/", "/admin/followups/", f"/admin/customer/details/?id={lead.customer_id}"):
        assert re.search(r"late[^>]*>超 3[01] 分", client.get(path).text), path


def test_the_manager_sees_what_was_reported(session: Any, cast: Cast, lead: m.FollowUp, sign_in: Any) -> None:
    manager, key = sign_in(cast.sales_manager), lead.id
    assert "首次联系超时" not in manager.get("/admin/").text
    clocks.escalate_due(session, utcnow())
    session.commit()
    page = sign_in(cast.sales_manager).get("/admin/").text
    assert "首次联系超时" in page
    assert "/admin/today/?show=late_leads" in page
    assert f"task={key}#task" in page
    rows = manager.get("/admin/today/?show=late_leads").text
    assert "新线索" in rows
    assert '<span data-total>1</span>' in rows
    top = sign_in(cast.general_manager)
    assert "首次联系" not in top.get("/admin/").text  # not before twice the time
    clocks.escalate_due(session, utcnow() + dt.timedelta(hours=1))
    session.commit()
    assert "/admin/today/?show=late_leads_twice" in sign_in(cast.general_manager).get("/admin/").text


def test_late_inquiries_have_a_page(session: Any, cast: Cast, inquiry: m.Inquiry, sign_in: Any) -> None:
    clocks.escalate_due(session, utcnow() + dt.timedelta(hours=24))
    session.commit()
    client = sign_in(cast.care_manager)
    assert "/admin/today/?show=late_inquiries" in client.get("/admin/").text
    assert QUESTION in client.get("/admin/today/?show=late_inquiries").text
    assert sign_in(cast.marketing).get("/admin/today/?show=late_inquiries").status_code == 403


# ---------------------------------------------------------------- tokens


@pytest.fixture
def website(session: Any, cast: Cast) -> m.LeadToken:
    found = f._add(session, m.LeadToken(name="官网", store_id=1, per_minute=60))
    session.commit()
    return found


def issue(client: Any, key: int) -> Any:
    return client.post("/admin/lead_token/issue/", data={"csrf_token": token(client, "/account/password"), "id": key})


def test_an_administrator_makes_a_token_that_is_shown_once(session: Any, cast: Cast, sign_in: Any) -> None:
    client = sign_in(cast.administrator)
    made = client.post("/admin/lead_token/new/", data={
        "csrf_token": token(client, "/account/password"), "name": "官网", "store_id": cast.other_store.id,
        "active": "y", "per_minute": "30"})
    assert made.status_code == 302
    key = session.scalars(sa.select(m.LeadToken.id)).one()
    page = issue(client, key)
    text = re.search(r"cdl_[\w-]{43}", page.text)
    assert text is not None
    found = tokens.find(session, text[0])
    assert found is not None
    assert (found.id, found.store_id) == (key, cast.other_store.id)
    for path in (f"/admin/lead_token/details/?id={key}", f"/admin/lead_token/edit/?id={key}", "/admin/lead_token/",
                 "/admin/audit_entry/"):
        answer = client.get(path).text
        assert text[0] not in answer
        assert found.token_hash not in answer


@pytest.mark.parametrize(("who", "status"), [("general_manager", 403), ("auditor", 403), ("sales_manager", 403),
                                             ("sales_consultant", 403)])
def test_nobody_else_makes_one(session: Any, cast: Cast, website: m.LeadToken, sign_in: Any, who: str,
                               status: int) -> None:
    key = website.id
    assert issue(sign_in(getattr(cast, who)), key).status_code == status
    assert row(m.LeadToken, key).token_hash is None


def test_an_invalid_lead_says_so_on_its_page(session: Any, cast: Cast, sign_in: Any) -> None:
    key = f.make_customer(session, owner=cast.sales_consultant, screening=ch.Screening.INVALID,
                          screening_reason="号码为空号").id
    session.commit()
    page = sign_in(cast.sales_consultant).get(f"/admin/customer/details/?id={key}").text
    assert "无效线索" in page
    assert "号码为空号" in page
