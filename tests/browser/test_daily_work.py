"""A day's work in a real browser: the due list by thumb and by keyboard, the log's draft, the call, nothing amiss."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from admin_app import choices as ch
from admin_app import clock
from admin_app import models as m
from admin_app.database import db
from tests.browser.conftest import wider_than_its_window
from tests.factories import make_complaint, make_customer, make_followup, make_vehicle, make_visit
from tests.screens.daily_support import all_of, one

Tab = Callable[..., Page]
DUE = "/admin/followups/"


@pytest.fixture
def tasks(session: Any, cast: Any) -> dict[str, int]:
    """Three customers of the consultant: two due today, one yesterday."""
    made: dict[str, int] = {}
    today = clock.today()
    for number, name in enumerate(("王建国", "李雪梅", "欧阳静")):
        customer = make_customer(session, owner=cast.sales_consultant, name=name, grade=ch.Grade.H, tier=ch.Tier.B,
                                 phone=f"+861381234429{number}", graded_on=today, model_wish="岚风 S7 四驱")
        make_vehicle(session, customer)
        make_visit(session, customer, staff=cast.colleague,
                   content="试驾满意，顾虑后排空间与置换价，要和先生商量后再定")
        task = make_followup(session, customer, assignee=cast.sales_consultant, reason="试驾后 1 天",
                             due=today - dt.timedelta(days=1 if number == 0 else 0), purpose=ch.Purpose.SALES,
                             script="您好，昨天您试驾了 S7，想听听您的感受。", due_at=clock.at(today, 9))
        made |= {f"customer{number}": customer.id, f"task{number}": task.id}
    make_complaint(session, customer, owner=cast.sales_manager, area=ch.ComplaintArea.SALES)
    session.commit()
    db.session.rollback()
    return made


class Thumb:
    """Counts the taps."""

    def __init__(self, page: Page) -> None:
        self.page, self.taps = page, 0

    def tap(self, where: str) -> None:
        self.taps += 1
        self.page.locator(where).first.tap()


def check_done(page: Page, tasks: dict[str, int], said: str) -> None:
    """The first task is done, the next one planned, and home, due list and history show it."""
    task, customer = one(m.FollowUp, tasks["task0"]), one(m.Customer, tasks["customer0"])
    assert task.state == ch.FollowUpState.DONE
    (visit,) = all_of(m.Visit, m.Visit.id == task.visit_id)
    assert (visit.customer_id, visit.result) == (customer.id, ch.VisitResult.INTERESTED)
    assert customer.next_contact_on is not None and customer.next_contact_on > clock.today()
    page.goto("/admin/")
    expect(page.locator("#owe .count")).to_have_text("2")
    expect(page.locator("table.tasks")).not_to_contain_text("王建国")
    page.goto(DUE)
    expect(page.locator("[data-total]")).to_have_text("2")
    page.goto(f"/admin/customer/details/?id={customer.id}")
    expect(page.locator(".stream")).to_contain_text(said)


def test_on_a_phone_a_due_task_is_done_in_at_most_six_taps(tab: Tab, tasks: dict[str, int]) -> None:
    page = tab("sales_consultant", phone=True)
    page.goto(DUE)
    thumb = Thumb(page)
    thumb.tap("#log-form label.chip:has(input[value=interested])")
    thumb.tap("#log-form button[type=submit]")
    expect(page.locator("[data-total]")).to_have_text("2")
    assert thumb.taps <= 6
    check_done(page, tasks, "梁思琪")


def test_on_a_phone_the_whole_log_takes_at_most_six_taps(tab: Tab, tasks: dict[str, int]) -> None:
    page = tab("sales_consultant", phone=True)
    page.goto(DUE)
    thumb = Thumb(page)
    thumb.tap("#log-form a.btn-secondary")
    thumb.tap("label.chip:has(input[value=interested])")
    thumb.tap("[data-next] label.chip:has(input[value='3'])")
    thumb.tap("label.chip:has(input[name=note])")
    thumb.tap("label.chip:has(input[name=satisfaction][value='4'])")
    thumb.tap("button[type=submit].btn-primary")
    page.wait_for_url("**followup=*")
    expect(page.locator("h1")).to_contain_text("李雪梅")
    assert "saved=" not in page.url
    assert thumb.taps <= 6
    check_done(page, tasks, "梁思琪")
    assert one(m.Customer, tasks["customer0"]).next_contact_on == clock.today() + dt.timedelta(days=3)


def test_a_draft_survives_and_goes_once_it_is_saved(tab: Tab, tasks: dict[str, int]) -> None:
    page = tab("sales_consultant", phone=True)
    at = f"/admin/visit/log/?customer={tasks['customer0']}&followup={tasks['task0']}"
    page.goto(at)
    page.fill("#content", "信号断了之前写的话")
    page.locator("label.chip:has(input[value=interested])").tap()
    page.goto("/admin/")
    page.goto(at)
    expect(page.locator("#content")).to_have_value("信号断了之前写的话")
    expect(page.locator("input[value=interested]")).to_be_checked()
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert "王建国" not in kept and "1381234" not in kept
    page.locator("button[type=submit].btn-primary").tap()
    expect(page.locator("h1")).not_to_contain_text("王建国")
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('caredesk-log-')).length") == 0


def test_the_next_date_follows_the_result_until_one_is_chosen(tab: Tab, tasks: dict[str, int]) -> None:
    page = tab("sales_consultant")
    page.goto(f"/admin/visit/log/?customer={tasks['customer0']}&followup={tasks['task0']}")
    expect(page.locator("#own")).to_be_hidden()
    page.locator("label.chip:has(input[value=not_reached])").click()
    expect(page.locator("input[name=next][value='1']")).to_be_checked()
    page.locator("label.chip:has(input[value=refused])").click()
    expect(page.locator("input[name=next][value=none]")).to_be_checked()
    page.locator("label.chip:has(input[value=own])").click()
    expect(page.locator("#own")).to_be_visible()
    page.locator("label.chip:has(input[value=interested])").click()
    expect(page.locator("input[name=next][value=own]")).to_be_checked()


def test_the_queue_by_keyboard(tab: Tab, tasks: dict[str, int]) -> None:
    page = tab("sales_consultant")
    page.goto(DUE)
    expect(page.locator("#t-h")).to_have_text("王建国")
    page.keyboard.press("j")
    expect(page.locator("#t-h")).not_to_have_text("王建国")
    page.keyboard.press("k")
    expect(page.locator("#t-h")).to_have_text("王建国")
    page.keyboard.press("1")
    expect(page.locator("#log-form [data-results] input").first).to_be_checked()
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-total]")).to_have_text("2")
    assert one(m.FollowUp, tasks["task0"]).state == ch.FollowUpState.DONE


def test_snooze_from_the_panel(tab: Tab, tasks: dict[str, int]) -> None:
    page = tab("sales_consultant")
    page.goto(DUE)
    page.keyboard.press("s")
    page.keyboard.type("客户出差")
    page.keyboard.press("Enter")
    expect(page.locator("[data-total]")).to_have_text("2")
    found = one(m.FollowUp, tasks["task0"])
    assert (found.state, found.note) == (ch.FollowUpState.SNOOZED, "客户出差")
    assert found.due_on == clock.today() + dt.timedelta(days=1)


def test_several_at_once_are_asked_about(tab: Tab, tasks: dict[str, int]) -> None:
    page = tab("sales_consultant")
    page.goto(DUE)
    page.locator("[data-all]").check()
    expect(page.locator("[data-bulk] [data-count]")).to_have_text("3")
    page.locator("[data-bulk] button[value=skip]").click()
    page.fill("#reason", "店庆后统一联系")
    page.locator("form.narrow-2 .btn-primary").click()
    expect(page.locator(".empty")).to_be_visible()
    assert {row.state for row in all_of(m.FollowUp)} == {ch.FollowUpState.SKIPPED}


def test_a_tap_shows_the_number_and_dials(tab: Tab, tasks: dict[str, int]) -> None:
    page = tab("sales_consultant", phone=True)
    page.goto(f"/admin/customer/details/?id={tasks['customer0']}")
    assert "13812344290" not in page.content()
    page.locator(".facts [data-reveal-url]").first.tap()
    expect(page.locator(".facts [data-value]").first).to_have_text("13812344290")
    (entry,) = all_of(m.AccessLog, m.AccessLog.verb == "reveal")
    assert entry.task == f"followup {tasks['task0']}"


def test_after_the_call_the_log_of_the_task_waits(tab: Tab, tasks: dict[str, int]) -> None:
    page = tab("sales_consultant", phone=True)
    page.goto(f"/admin/customer/details/?id={tasks['customer0']}")
    with page.expect_response("**/admin/reveal/**"):
        page.locator(".acts [data-call]").tap()
    page.wait_for_timeout(200)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # back from the phone
    page.wait_for_url(f"**/admin/visit/log/?customer={tasks['customer0']}&followup={tasks['task0']}")
    expect(page.locator("h1")).to_contain_text("王建国")


def test_a_call_shows_the_number_for_the_telephone_on_the_desk(tab: Tab, tasks: dict[str, int]) -> None:
    at = f"/admin/visit/log/?customer={tasks['customer0']}&followup={tasks['task0']}"
    for path, place in ((DUE, "#task .tel-row [data-value]"), ("/admin/", ".t-do [data-call] .tel"),
                        (at, "[data-call] .tel")):
        page = tab("sales_consultant")
        page.goto(path)
        page.locator(".panel [data-call]").first.click()
        expect(page.locator(place).first).to_have_text("13812344290")


def test_without_a_task_the_dialog_asks_why(tab: Tab, tasks: dict[str, int]) -> None:
    page = tab("care_specialist")
    page.goto(f"/admin/customer/details/?id={tasks['customer0']}")
    page.locator(".facts [data-reveal-url]").first.click()
    page.fill("#reveal-why", "客户来电要求回拨")
    page.locator("#reveal-reason .btn-primary").click()
    expect(page.locator(".facts [data-value]").first).to_have_text("13812344290")
    assert [row.reason for row in all_of(m.AccessLog, m.AccessLog.verb == "reveal")] == ["客户来电要求回拨"]


PAGES = ("/admin/", DUE, DUE + "?due=all&owner=all", "/admin/visit/log/", "/admin/visit/log/?customer={customer0}",
         "/admin/customer/details/?id={customer0}", "/admin/search/?q=王", "/admin/search/?q=岚",
         "/admin/today/?show=birthdays")


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_scrolls_sideways_and_axe_finds_nothing(tab: Tab, tasks: dict[str, int], phone: bool,
                                                       scheme: str) -> None:
    page = tab("sales_manager" if phone else "sales_consultant", phone=phone, scheme=scheme)
    for path in PAGES:
        page.goto(path.format(**tasks))
        assert not wider_than_its_window(page), path
        found = Axe().run(page).response["violations"]
        serious = [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found
                   if one["impact"] in ("serious", "critical")]
        assert serious == [], path


@pytest.mark.parametrize("role", ["general_manager", "service_advisor", "care_specialist", "marketing", "auditor",
                                  "administrator"])
def test_every_home_is_accessible(tab: Tab, tasks: dict[str, int], role: str) -> None:
    page = tab(role, phone=True)
    page.goto("/admin/")
    assert not wider_than_its_window(page)
    found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
