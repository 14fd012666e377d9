"""A token made in the browser lets a lead in, the consultant sees its clock; an inquiry becomes a complaint."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin
from urllib.request import Request, urlopen

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from admin_app import choices as ch
from admin_app.clock import local_day, utcnow
from admin_app.models import Customer, FollowUp, Inquiry
from tests import factories as f
from tests.browser.conftest import wider_than_its_window
from tests.rules.followup_support import rule

Tab = Callable[..., Page]


@pytest.fixture
def inquiry(session: Any, cast: Any) -> Inquiry:
    """Of a customer with a long name, in a long word; beside it a first contact that is late."""
    now = utcnow()
    customer = f.make_customer(session, owner=cast.sales_consultant, name="深圳市宏达物流运输服务有限责任公司",
                               stage=ch.Stage.LEAD)
    found = f.make_inquiry(session, customer, owner=cast.sales_consultant, question="能装充电桩吗" + "W" * 90,
                           received_at=now - dt.timedelta(hours=20), due_at=now + dt.timedelta(hours=4))
    session.add(FollowUp(
        store_id=1, customer_id=customer.id, assignee_id=cast.sales_consultant.id, reason="新线索首次联系",
        rule_id=rule(session, "lead_first_other").id, due_on=local_day(now), first_due_on=local_day(now), due_at=now,
        occurrence="late", created_at=now - dt.timedelta(hours=27, minutes=5), purpose=ch.Purpose.SALES))
    session.commit()
    return found


def test_a_token_lets_a_lead_in(tab: Tab, session: Any, cast: Any) -> None:
    page = tab("administrator")
    page.goto("/admin/lead_token/new/?store_id=1")
    page.fill("[name=name]", "官网")
    page.locator("form button.btn-primary").last.click()
    page.wait_for_url("**/lead_token/details/**")
    page.click("form[action$='/lead_token/issue/'] button")
    token = page.locator("code.strong").inner_text()
    body = json.dumps({"name": "王静", "phone": "13900139000", "source": "phone"}).encode()
    request = Request(urljoin(page.url, "/api/leads"), body, {
        "Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": "1"})
    with urlopen(request) as answer:
        assert answer.status == 201
    session.rollback()
    lead = session.query(Customer).filter(Customer.name == "王静").one()
    key, name = lead.id, lead.owner.username
    own = tab(name)
    own.goto(f"/admin/customer/details/?id={key}")
    expect(own.locator("aside .good")).to_contain_text(re.compile("剩 (29|30) 分"))


@pytest.mark.parametrize("phone", [False, True])
def test_an_inquiry_becomes_a_complaint(tab: Tab, inquiry: Inquiry, phone: bool) -> None:
    key = inquiry.id
    page = tab("sales_consultant", phone=phone)
    page.goto(f"/admin/inquiry/details/?id={key}")
    expect(page.locator("#main, main").first).to_contain_text("剩 4 小时")
    page.click("form[action$='/inquiry/complaint/'] button")
    page.wait_for_url("**/complaint/details/**")
    expect(page.locator("main").first).to_contain_text("能装充电桩吗")


@pytest.mark.parametrize(("phone", "scheme"), [(False, "light"), (True, "dark")])
def test_nobody_is_kept_out_and_nothing_is_too_wide(tab: Tab, inquiry: Inquiry, phone: bool, scheme: str) -> None:
    paths = ("/admin/inquiry/", f"/admin/inquiry/details/?id={inquiry.id}", "/admin/inquiry/new/", "/admin/",
             "/admin/followups/", f"/admin/customer/details/?id={inquiry.customer_id}")
    page = tab("sales_consultant", phone=phone, scheme=scheme)
    for path in paths:
        page.goto(path)
        assert not wider_than_its_window(page), path
        found = Axe().run(page).response["violations"]
        assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == [], path
