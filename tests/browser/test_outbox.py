"""The quick log on a phone whose signal goes: kept, shown, sent once, whatever breaks on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from admin_app import choices as ch
from admin_app import clock
from admin_app import models as m
from admin_app.database import db
from tests.browser.conftest import wider_than_its_window
from tests.cast import PASSWORD
from tests.factories import make_customer, make_followup
from tests.rules.test_photos import jpeg
from tests.screens.daily_support import all_of

Tab = Callable[..., Page]
KEPT = """async () => { const base = await new Promise((done) => { const asked = indexedDB.open("caredesk", 1);
  asked.onsuccess = () => done(asked.result); });
  return new Promise((done) => { const asked = base.transaction("kept").objectStore("kept").getAll();
  asked.onsuccess = () => done(asked.result.map((one) => [one.kind, one.person,
    new TextDecoder().decode(one.sealed.data)])); }); }"""


@pytest.fixture
def task(session: Any, cast: Any) -> Any:
    """A task of the consultant that is due today."""
    customer = make_customer(session, owner=cast.sales_consultant, name="王建国", grade=ch.Grade.H)
    made = make_followup(session, customer, assignee=cast.sales_consultant, due=clock.today(), purpose=ch.Purpose.SALES)
    session.commit()
    at = f"/admin/visit/log/?customer={customer.id}&followup={made.id}"
    db.session.rollback()
    return at


def fill(page: Page, at: str, words: str = "地库里没有信号，回头再说") -> None:
    page.goto(at)
    page.locator("label.chip:has(input[value=interested])").tap()
    page.fill("#content", words)
    page.locator("details.fold summary").first.tap()
    page.fill("#promise", "周五前报价")
    page.fill("#promise_due", clock.today().isoformat())
    page.fill("#gift", "颈枕")


def save(page: Page) -> None:
    page.locator("form[data-log] button[type=submit].btn-primary").tap()


def check_one_row() -> None:
    (visit,) = all_of(m.Visit)
    (promise,), (gift,) = all_of(m.Promise), all_of(m.Gift)
    assert (visit.result, promise.what, gift.name) == (ch.VisitResult.INTERESTED, "周五前报价", "颈枕")
    assert [row.state for row in all_of(m.FollowUp, m.FollowUp.id == visit.followup_id)] == [ch.FollowUpState.DONE]


def test_with_the_network_off_a_visit_is_kept_and_sent_once_when_it_is_back(tab: Tab, task: str) -> None:
    page = tab("sales_consultant", phone=True, breaks=True)
    fill(page, task)
    page.context.set_offline(True)
    save(page)
    expect(page.locator("[data-outbox] [data-say]")).to_have_text("1 项保存在本机 · 待发送")
    assert not wider_than_its_window(page)
    assert all_of(m.Visit) == []
    ((kind, _person, sealed),) = page.evaluate(KEPT)
    assert kind == "sent" and "地库" not in sealed and "王建国" not in sealed
    page.locator("form[data-log]").evaluate("form => form.requestSubmit()")  # pressed again
    page.context.set_offline(False)
    expect(page.locator("[data-sent-box] a")).to_have_text("已发送：王建国")
    check_one_row()
    assert page.evaluate(KEPT) == []
    page.reload()
    expect(page.locator("[data-outbox]")).to_be_hidden()
    check_one_row()


def test_an_answer_that_was_lost_after_the_server_had_saved_makes_no_second_row(tab: Tab, task: str) -> None:
    page = tab("sales_consultant", phone=True, breaks=True)
    fill(page, task)
    lost: list[int] = []

    def lose(route: Route) -> None:
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch(max_redirects=0).status)
            route.abort()
        else:
            route.continue_()

    page.route("**/admin/visit/log/", lose)
    save(page)
    expect(page.locator("[data-outbox] [data-say]")).to_have_text("1 项保存在本机 · 待发送")
    assert lost == [200]
    check_one_row()
    page.locator("[data-send]").tap()
    expect(page.locator("[data-sent-box] a")).to_have_count(1)
    check_one_row()


def test_pressed_twice_it_is_one_row(tab: Tab, task: str) -> None:
    page = tab("sales_consultant", phone=True)
    fill(page, task)
    page.locator("form[data-log]").evaluate("form => { form.requestSubmit(); form.requestSubmit(); }")
    page.wait_for_url("**/admin/followups/**")
    check_one_row()


def test_a_phone_that_was_switched_off_sends_at_the_next_page(tab: Tab, task: str) -> None:
    page = tab("sales_consultant", phone=True, breaks=True)
    fill(page, task)
    page.context.set_offline(True)
    save(page)
    expect(page.locator("[data-outbox] [data-say]")).to_be_visible()
    page.close()
    again = page.context.new_page()
    page.context.set_offline(False)
    again.goto("/admin/")
    expect(again.locator("[data-sent-box] a")).to_have_text("已发送：王建国")
    check_one_row()


def test_an_ended_session_asks_to_sign_in_and_keeps_it(tab: Tab, task: str) -> None:
    page = tab("sales_consultant", phone=True, breaks=True)
    fill(page, task)
    page.context.clear_cookies()
    save(page)
    expect(page.locator("[data-sign-in]")).to_be_visible()
    assert all_of(m.Visit) == []
    page.locator("[data-sign-in] a").tap()
    page.fill("input[name=username]", "sales_consultant")
    page.fill("input[name=password]", PASSWORD)
    page.click("#sign-in button[type=submit]")
    expect(page.locator("[data-sent-box] a")).to_have_text("已发送：王建国")
    check_one_row()


def test_what_the_desk_refuses_opens_again_with_the_words_and_the_sentence(tab: Tab, task: str) -> None:
    page = tab("sales_consultant", phone=True, breaks=True)
    fill(page, task)
    page.fill("#promise_due", "")
    page.context.set_offline(True)
    save(page)
    expect(page.locator("[data-outbox] [data-say]")).to_be_visible()
    page.context.set_offline(False)
    page.locator("[data-list] a").tap()
    expect(page.locator("#promise_due-e")).to_contain_text("请填写承诺的期限")
    expect(page.locator("#content")).to_have_value("地库里没有信号，回头再说")
    page.fill("#promise_due", clock.today().isoformat())
    save(page)
    page.wait_for_url("**/admin/followups/**")
    check_one_row()
    assert page.evaluate(KEPT) == []


def test_a_refusal_on_the_spot_stands_at_its_field(tab: Tab, task: str) -> None:
    page = tab("sales_consultant", phone=True)
    fill(page, task)
    page.fill("#promise_due", "")
    save(page)
    expect(page.locator("#promise_due-e")).to_be_visible()
    expect(page.locator("#promise_due")).to_be_focused()
    expect(page.locator("#content")).to_have_value("地库里没有信号，回头再说")
    assert all_of(m.Visit) == [] and page.evaluate(KEPT) == []


def test_a_draft_holds_no_phone_and_goes_at_sign_out(tab: Tab, task: str) -> None:
    page = tab("sales_consultant", breaks=True)
    page.goto(task)
    page.fill("#content", "他太太的电话 138 1234 4290，+8613912345678")
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert "138****4290" in kept and "139****5678" in kept and "1391234" not in kept
    page.locator("label.chip:has(input[value=interested])").click()
    page.route("**/admin/visit/log/**", lambda route: route.abort())
    page.locator("form[data-log] button[type=submit].btn-primary").click()
    expect(page.locator("[data-outbox] [data-say]")).to_be_visible()
    page.locator(".top-right details.pop summary").last.click()
    page.get_by_role("button", name="退出登录").click()
    page.locator("#outbox-leave button[value=no]").click()
    assert len(page.evaluate(KEPT)) == 1
    page.locator(".top-right details.pop summary").last.click()
    page.get_by_role("button", name="退出登录").click()
    page.locator("#outbox-leave button[value=yes]").click()
    page.wait_for_url("**/login")
    assert page.evaluate(KEPT) == []
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('caredesk-log-')).length") == 0


def test_photos_taken_without_a_signal_wait_with_the_draft_and_are_sent_along(tab: Tab, task: str) -> None:
    page = tab("sales_consultant", phone=True, breaks=True)
    fill(page, task)
    page.set_input_files("input[data-photos]", [
        {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": jpeg(2400, 1200, place=True)}
        for number in range(2)])
    expect(page.locator("[data-photo-list] li")).to_have_count(2)
    page.goto(task)  # the page is opened anew: words and photos are still there
    expect(page.locator("[data-photo-list] li")).to_have_count(2)
    page.locator("[data-photo-out]").first.tap()
    expect(page.locator("[data-photo-list] li")).to_have_count(1)
    page.context.set_offline(True)
    save(page)
    expect(page.locator("[data-outbox] [data-say]")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("[data-sent-box] a")).to_be_visible()
    check_one_row()
    assert [(row.width, row.height) for row in all_of(m.Photo)] == [(1600, 800)]
    assert page.evaluate(KEPT) == []
    page.goto(f"/admin/visit/details/?id={all_of(m.Visit)[0].id}")
    picture = page.locator(".photos img")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 240
