"""A complaint from the board to the next step by thumb and by mouse; board, complaint and campaign for everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from admin_app.choices import ComplaintLevel, MemberState
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.models import CampaignMember, Complaint
from admin_app.rules import complaints
from tests.browser.conftest import wider_than_its_window
from tests.factories import make_campaign, make_customer, make_vehicle

Tab = Callable[..., Page]


@pytest.fixture
def complaint(session: Any, cast: Any) -> Complaint:
    """A new service complaint with long words, and a major one."""
    customer = make_customer(session, owner=cast.sales_consultant, name="徐丽娟")
    car = make_vehicle(session, customer)
    for text, level in (("保养等待 2 小时 40 分，前台没有人说明进度，" * 3 + "W" * 90, ComplaintLevel.GENERAL),
                        ("高速行驶中动力中断一次", ComplaintLevel.MAJOR)):
        row = Complaint(customer_id=customer.id, vehicle_id=car.id, text=text, level=level)
        complaints.receive(session, row, cast.care_specialist, utcnow())
    session.commit()
    return row


@pytest.mark.parametrize("phone", [False, True])
def test_from_the_board_to_the_next_step(tab: Tab, complaint: Complaint, phone: bool) -> None:
    page = tab("general_manager", phone=phone)
    page.goto("/admin/complaint/board/")
    expect(page.locator("article.ticket")).to_have_count(2)
    page.locator("article.ticket-major .pop summary").click()
    page.locator("article.ticket-major .dropdown-item[href*='step=acknowledge']").click()
    page.fill("#acknowledge-note", "已致歉，两小时内回电")
    page.click("#acknowledge button.btn-primary")
    expect(page.locator("#understand-note")).to_be_visible()
    expect(page.locator(".stream")).to_contain_text("已致歉，两小时内回电")
    page.click("#understand button.btn-primary")  # nothing typed: the field says so
    expect(page.locator("#understand-note-e")).to_be_visible()
    page.fill("#understand-note", "动力中断约 3 秒，未发生事故")
    page.click("#understand button.btn-primary")
    expect(page.locator("#analyse-root")).to_be_visible()


@pytest.mark.parametrize(("phone", "scheme"), [(False, "light"), (True, "dark")])
def test_nobody_is_kept_out_and_nothing_is_too_wide(tab: Tab, complaint: Complaint, cast: Any, phone: bool,
                                                    scheme: str) -> None:
    campaign = make_campaign(db.session, owner=cast.marketing, goal="试驾 20 组", name="冬季关爱讲堂")
    customer = make_customer(db.session, owner=cast.sales_consultant, name="深圳市宏达物流运输服务有限责任公司")
    db.session.add(CampaignMember(store_id=1, campaign_id=campaign.id, customer_id=customer.id,
                                  state=MemberState.ATTENDED, attended_at=utcnow(), feedback=4))
    db.session.commit()
    paths = ("/admin/complaint/board/", f"/admin/complaint/details/?id={complaint.id - 1}",
             f"/admin/complaint/details/?id={complaint.id}&step=reroute", f"/admin/campaign/details/?id={campaign.id}")
    page = tab("care_manager", phone=phone, scheme=scheme)
    for path in paths:
        page.goto(path)
        assert not wider_than_its_window(page), path
        found = Axe().run(page).response["violations"]
        assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == [], path
