"""The bell in the browser: its number, a notification that is read by opening it, all at once; one's own choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from admin_app.choices import NotificationKind, RobotKind
from admin_app.clock import utcnow
from admin_app.models import Robot
from admin_app.rules import notifications
from tests.browser.conftest import wider_than_its_window
from tests.factories import make_customer

Tab = Callable[..., Page]


@pytest.fixture
def told(session: Any, cast: Any) -> None:
    """Three notifications of the consultant, one with a long name; a robot with a long address."""
    me = cast.sales_consultant
    for number, name in enumerate(("徐丽娟", "深圳市宏达物流运输服务有限责任公司南山分公司", "W" * 60)):
        customer = make_customer(session, owner=me, name=name)
        notifications.notify(session, me.id, NotificationKind.CUSTOMER, f"转给您的客户：{name}",
                             f"/admin/customer/details/?id={customer.id}", str(number), utcnow())
    session.add(Robot(name="展厅群", kind=RobotKind.WECOM, store_id=1, secret="S" * 80,
                      address=f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={'k' * 200}"))
    session.commit()


@pytest.mark.parametrize("phone", [False, True])
@pytest.mark.usefixtures("told")
def test_from_the_bell_to_the_customer_and_back(tab: Tab, phone: bool) -> None:
    page = tab("sales_consultant", phone=phone)
    page.goto("/admin/")
    bell = page.get_by_role("link", name="提醒：3 条未读")
    expect(bell.locator(".dot")).to_have_text("3")
    bell.focus()
    page.keyboard.press("Enter")
    with page.expect_response("**/admin/notification/read/") as read:
        page.get_by_role("link", name="转给您的客户：徐丽娟").click()
    assert read.value.status == 200
    expect(page.locator("h1")).to_contain_text("徐丽娟")
    page.goto("/admin/notification/")
    expect(page.get_by_role("link", name="提醒：2 条未读")).to_be_visible()
    expect(page.locator(".note")).to_have_count(2)
    page.get_by_role("button", name="全部标为已读").click()
    expect(page.get_by_text("没有新的提醒")).to_be_visible()
    expect(page.locator(".bell .dot")).to_have_count(0)


@pytest.mark.parametrize(("phone", "scheme"), [(False, "light"), (True, "dark")])
@pytest.mark.usefixtures("told")
def test_nobody_is_kept_out_and_nothing_is_too_wide(tab: Tab, phone: bool, scheme: str) -> None:
    for person, paths in (("sales_consultant", ("/admin/notification/", "/account/reminders")),
                          ("administrator", ("/admin/", "/admin/robot/", "/admin/robot/details/?id=1"))):
        page = tab(person, phone=phone, scheme=scheme)
        for path in paths:
            page.goto(path)
            assert not wider_than_its_window(page), path
            found = Axe().run(page).response["violations"]
            assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == [], path


@pytest.mark.usefixtures("told")
def test_whoever_wants_no_mail_says_so(tab: Tab) -> None:
    page = tab("sales_consultant")
    page.goto("/account/reminders")
    page.get_by_label("不发").check()
    page.get_by_role("button", name="保存").click()
    page.reload()
    expect(page.get_by_label("不发")).to_be_checked()
