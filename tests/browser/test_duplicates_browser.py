"""In Chromium: the warning while a form is filled in, and two files that become one and two again."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from admin_app import models as m
from tests import factories as f
from tests.browser.conftest import wider_than_its_window
from tests.browser.test_every_page import serious
from tests.cast import Cast
from tests.screens.daily_support import one

NUMBER = "+8613812340001"


@pytest.fixture
def twins(session: Any, cast: Cast) -> tuple[int, int]:
    first = f.make_customer(session, owner=cast.sales_consultant, name="王建国", phone=NUMBER, note="喜欢黑色",
                            tags=["置换"], district="罗湖区")
    second = f.make_customer(session, owner=cast.other_team, name="王建国", phone="+8613812340002", phone2=NUMBER,
                             note="要倒车影像", tags=["老客户"], district="南山区")
    f.make_vehicle(session, second, plate="粤B12345")
    f.make_visit(session, second, staff=cast.other_team, content="只在第二份里的拜访")
    session.commit()
    return first.id, second.id


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_the_form_warns_while_typing_and_goes_on(tab: Callable[..., Page], twins: Any, phone: bool) -> None:
    page = tab("care_specialist", phone=phone)
    page.goto("/admin/customer/new/")
    page.fill("[name=name]", "王建国")
    page.locator("[name=phone]").press_sequentially("1381234")
    page.wait_for_timeout(900)
    assert page.locator(".twins").count() == 0  # a piece of a number tells nothing
    page.locator("[name=phone]").press_sequentially("0001")
    warning = page.locator("#phone-twins")
    expect(warning).to_contain_text("138****0001")
    expect(warning).to_contain_text("梁思琪")
    assert NUMBER[3:] not in warning.inner_text()
    link = warning.locator("a").first
    assert "/admin/customer/details/" in (link.get_attribute("href") or "") and link.get_attribute("target") == "_blank"
    assert serious(page) == [] and not wider_than_its_window(page)
    warning.get_by_role("button").click()
    expect(warning).to_have_count(0)
    assert page.input_value("[name=phone]") == "13812340001"


def test_strangers_files_are_told_of_by_their_keeper_only(tab: Callable[..., Page], twins: Any) -> None:
    page = tab("colleague")
    page.goto("/admin/customer/new/")
    page.fill("[name=phone]", "13812340002")
    page.locator("[name=phone]").blur()
    warning = page.locator("#phone-twins")
    expect(warning).to_contain_text("韩雪")
    assert "王建国" not in warning.inner_text() and warning.locator("a").count() == 0


def test_the_vehicle_form_warns_too(tab: Callable[..., Page], twins: Any) -> None:
    page = tab("service_manager")
    page.goto("/admin/vehicle/new/")
    page.fill("[name=plate]", "粤B·12345")
    page.locator("[name=plate]").blur()
    expect(page.locator("#plate-twins")).to_contain_text("韩雪")


def test_two_files_are_merged_and_parted_again(tab: Callable[..., Page], twins: Any) -> None:
    first, second = twins
    page = tab("care_manager")
    page.goto("/admin/duplicates/")
    page.locator(f"a[href*='keep={first}&drop={second}']").click()
    assert serious(page) == [] and not wider_than_its_window(page)
    page.get_by_role("button", name="全用另一份的").click()
    page.check("input[name=side_district][value=kept]")
    page.check("input[name=side_note][value=both]")
    page.fill("#why", "同一手机")
    page.locator(".submit-row .btn-primary").click()
    page.wait_for_url(re.compile(rf"details/\?id={first}$"))
    expect(page.locator(".stream")).to_contain_text("只在第二份里的拜访")
    expect(page.locator(".rail")).to_contain_text("同一手机")
    kept = one(m.Customer, first)
    assert (kept.district, kept.phone, kept.note) == ("罗湖区", "+8613812340002", "喜欢黑色\n要倒车影像")
    page.locator(".toast-bar form button").click()
    page.wait_for_url(re.compile(rf"details/\?id={first}$"))
    expect(page.locator(".toast-bar")).to_contain_text("两份档案")
    assert one(m.Customer, second).deleted_at is None and one(m.Customer, first).phone == NUMBER


def test_two_people_is_said_from_the_list(tab: Callable[..., Page], twins: Any) -> None:
    page = tab("care_manager", phone=True)
    page.goto("/admin/duplicates/")
    page.locator("main details.pop summary").first.click()
    page.fill("input[name=reason]", "父子")
    page.get_by_role("button", name="确认是两位客户").click()
    expect(page.locator("#count")).to_have_text("0")
    page.goto("/admin/duplicates/?show=apart")
    expect(page.locator("table")).to_contain_text("父子")
