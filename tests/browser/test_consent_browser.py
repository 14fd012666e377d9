"""Withdrawing consent by thumb, and a manager who allows what the cap holds back, in a real browser."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from admin_app import choices as ch
from admin_app import clock
from admin_app import models as m
from tests.browser.conftest import wider_than_its_window
from tests.factories import make_customer, make_followup
from tests.screens.daily_support import all_of, one

Tab = Callable[..., Page]


def test_consent_is_withdrawn_on_a_phone(session: Any, cast: Any, tab: Tab) -> None:
    key = make_customer(session, owner=cast.sales_consultant, name="李雪梅").id
    page = tab("sales_consultant", phone=True)
    page.goto(f"/admin/customer/details/?id={key}")
    section = page.locator("#consents")
    section.locator("summary").tap()
    section.locator("select").select_option("in_person")
    section.locator('button[value="marketing:withdrawn"]').tap()
    expect(page.locator("#consents")).to_contain_text("再次同意之前不联系")
    assert not wider_than_its_window(page)
    (row,) = all_of(m.Consent)
    assert (row.customer_id, row.state, row.source) == (key, ch.ConsentState.WITHDRAWN, ch.ConsentSource.IN_PERSON)


def test_a_manager_allows_what_the_cap_holds_back(session: Any, cast: Any, tab: Tab) -> None:
    today = clock.today()
    customer = make_customer(session, owner=cast.sales_consultant, name="王建国",
                             marketing_blocked_until=today + dt.timedelta(days=9))
    key = make_followup(session, customer, assignee=cast.sales_consultant, reason="节日问候", due=today,
                        purpose=ch.Purpose.GREETING).id
    cast.store.quiet_from = cast.store.quiet_until = None
    page = tab("sales_manager")
    page.goto("/admin/followups/?due=blocked&owner=all")
    held = page.locator("#held")
    expect(held).to_contain_text((today + dt.timedelta(days=9)).isoformat())
    held.locator("summary").click()
    page.fill("#allow-why", "车主本人要求")
    held.get_by_role("button", name="特批此次联系").click()
    expect(page.locator("#held")).to_have_count(0)
    assert one(m.FollowUp, key).allowed_reason == "车主本人要求"
