"""Generated screens in a real browser: ask before deleting, look up a link, reveal a number, nothing inaccessible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from admin_app import choices as ch
from admin_app import models as m
from admin_app.database import db
from tests.browser.conftest import wider_than_its_window
from tests.conftest import row
from tests.factories import make_customer, make_followup, make_vehicle

Tab = Callable[..., Page]


@pytest.fixture
def customer(session: Any, cast: Any) -> Any:
    found = make_customer(session, owner=cast.sales_consultant, name="陈佳怡", phone="+8613912345678", grade=ch.Grade.H,
                          tier=ch.Tier.B, tags=["置换", "车友会"], note="想要 L6 豪华版\n曜石黑")
    make_vehicle(session, found)
    for number in range(22):
        make_customer(session, owner=cast.sales_consultant, name=f"深圳市宏达物流运输服务有限责任公司{number}")
    return found


def stored(key: int) -> Any:
    """The customer as it stands in the database now; no transaction is left open beside the server's."""
    found = row(m.Customer, key)
    db.session.expunge(found)
    db.session.rollback()
    return found


def serious(page: Page) -> list[str]:
    """What axe finds that keeps people out."""
    found = Axe().run(page).response["violations"]
    bad = [one for one in found if one["impact"] in ("serious", "critical")]
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in bad]


def test_deleting_asks_first_and_can_be_undone(tab: Tab, customer: Any) -> None:
    key, page = customer.id, tab("general_manager")
    page.goto("/admin/customer/?search=陈佳怡")
    page.click("[data-delete]")
    expect(page.locator("#confirm")).to_contain_text("陈佳怡")
    page.click("#confirm button[value=no]")
    assert stored(key).deleted_at is None
    page.click("[data-delete]")
    page.click("#confirm button[value=yes]")
    expect(page.locator(".toast-bar")).to_be_visible()
    assert stored(key).deleted_at is not None
    page.click(".toast-bar form button")
    page.wait_for_load_state()
    assert stored(key).deleted_at is None


def test_a_bulk_action_says_how_many_and_asks(tab: Tab, customer: Any) -> None:
    page = tab("general_manager")
    page.goto("/admin/customer/")
    expect(page.locator("[data-bulk]")).to_be_hidden()
    page.check(".action-rowtoggle")
    expect(page.locator("[data-count]")).to_have_text("20")
    page.click("[data-action=delete]")
    expect(page.locator("#confirm")).to_contain_text("20")
    page.keyboard.press("Escape")
    page.click("[data-clear]")
    expect(page.locator("[data-bulk]")).to_be_hidden()


def test_a_link_is_looked_up_by_typing(tab: Tab, session: Any, cast: Any, customer: Any) -> None:
    other = make_customer(session, owner=cast.sales_consultant, name="欧阳静")
    key, other_key, page = customer.id, other.id, tab("sales_consultant")
    page.goto(f"/admin/customer/edit/?id={key}")
    page.fill("#referrer_id", "欧阳")
    page.click("#referrer_id-list li:has-text('欧阳静')")
    page.keyboard.press("Control+s")
    page.wait_for_url("**/details/**")
    assert stored(key).referrer_id == other_key
    page.goto(f"/admin/customer/edit/?id={key}")
    expect(page.locator("#referrer_id")).to_have_value("欧阳静")
    page.fill("#referrer_id", "")
    page.keyboard.press("Tab")
    page.click("[data-save]")
    page.wait_for_url("**/details/**")
    assert stored(key).referrer_id is None


def test_a_number_is_revealed_for_a_task_at_once_and_for_a_reason_otherwise(
        tab: Tab, session: Any, cast: Any, customer: Any) -> None:
    page = tab("sales_consultant")
    page.goto("/admin/customer/?search=陈佳怡")
    page.click("[data-reveal-url]")
    page.fill("#reveal-why", "客户来电，核对号码")
    page.click("#reveal-reason button[value=ok]")
    expect(page.locator("[data-value]")).to_have_text("13912345678")
    make_followup(session, customer, assignee=cast.sales_consultant)
    session.commit()
    page.reload()
    assert "13912345678" not in page.content()
    page.click("[data-reveal-url]")
    expect(page.locator("[data-value]")).to_have_text("13912345678")


def test_typed_words_are_not_lost_by_leaving(tab: Tab, customer: Any) -> None:
    page = tab("sales_consultant")
    page.goto(f"/admin/customer/edit/?id={customer.id}")
    page.fill("#district", "福田区")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto("/admin/customer/")
    assert asked == ["beforeunload"]


def test_the_keyboard_finds_search_and_help(tab: Tab, customer: Any) -> None:
    page = tab("sales_consultant")
    page.goto("/admin/customer/")
    page.keyboard.press("Control+k")
    expect(page.locator("#q")).to_be_focused()
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_generated_page_is_open_to_everybody(tab: Tab, customer: Any, phone: bool, scheme: str) -> None:
    key, page = customer.id, tab("sales_manager", phone=phone, scheme=scheme)
    for path in ("/admin/customer/", "/admin/customer/?filters=1", f"/admin/customer/edit/?id={key}",
                 "/admin/vehicle/", "/admin/vehicle/details/?id=1", "/admin/visit/new/", "/admin/gift/",
                 "/admin/nothing/"):
        page.goto(path)
        assert serious(page) == [], path
        assert not wider_than_its_window(page), path


def test_the_merge_page_on_a_phone(tab: Tab, customer: Any) -> None:
    key, page = customer.id, tab("sales_consultant", phone=True)
    other = tab("sales_manager")
    for one in (page, other):
        one.goto(f"/admin/customer/edit/?id={key}")
    other.fill("#district", "福田区")
    other.click("[data-save]")
    other.wait_for_url("**/details/**")
    page.fill("#district", "罗湖区")
    page.click("[data-save]")
    expect(page.locator("table.merge")).to_be_visible()
    assert serious(page) == [] and not wider_than_its_window(page)
    page.check("input[data-side=mine]")
    page.click(".bar-sticky .btn-primary")
    page.wait_for_url("**/details/**")
    assert stored(key).district == "罗湖区"


def test_signing_in_is_open_to_everybody(tab: Tab, live: str) -> None:
    page = tab("sales_consultant")
    page.context.clear_cookies()
    page.goto("/login")
    assert serious(page) == [] and not wider_than_its_window(page)


def test_the_global_search_answers_while_one_types(tab: Tab, customer: Any) -> None:
    key, page = customer.id, tab("sales_consultant")
    page.keyboard.press("Control+k")
    page.keyboard.type("陈佳")
    answers = page.locator("#q-list [role=option]")
    expect(answers.first).to_contain_text("陈佳怡")
    assert "13912345678" not in page.content() and serious(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#q-list")).to_be_hidden()
    page.keyboard.type("怡")
    expect(answers.first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/admin/customer/details/?id={key}")


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_a_slash_opens_the_search_and_arrows_choose(tab: Tab, session: Any, cast: Any, customer: Any,
                                                   phone: bool) -> None:
    key = make_vehicle(session, customer, plate="粤B7K2M9").id
    page = tab("sales_consultant", phone=phone)
    page.goto("/admin/customer/")
    page.keyboard.press("/")
    box, answers = page.locator("#q"), page.locator("#q-list [role=option]")
    expect(box).to_be_focused()
    expect(box).to_have_value("")
    page.keyboard.type("7K2M9")
    expect(answers).to_have_count(3)  # the owner, the car, the page of all answers
    expect(box).to_have_attribute("aria-expanded", "true")
    assert serious(page) == [] and not wider_than_its_window(page)
    place = page.locator("#q-list").bounding_box()
    assert place and place["x"] >= 0 and place["x"] + place["width"] <= page.viewport_size["width"]
    if phone:
        assert place["width"] > 300
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(answers.nth(1)).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == answers.nth(1).get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/admin/vehicle/details/?id={key}")
