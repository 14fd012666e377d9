"""Sixty calls a day: the list by keyboard alone, by thumb and by mouse; what waits when a call is over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from admin_app import choices as ch
from admin_app import clock
from admin_app import models as m
from admin_app.database import db
from tests.factories import make_customer, make_followup
from tests.screens.daily_support import all_of, one

Tab = Callable[..., Page]
DUE = "/admin/followups/"
TEN = 10
S, R = ch.FollowUpState, ch.VisitResult


@pytest.fixture
def tasks(session: Any, cast: Any) -> list[int]:
    """Ten customers of the specialist, each with a service call that is due today, in the order of the list."""
    made = []
    for number in range(TEN):
        customer = make_customer(session, owner=cast.sales_consultant, name=f"客户{number}号", grade=ch.Grade.D,
                                 stage=ch.Stage.OWNER, phone=f"+861381234420{number}")
        made.append(make_followup(session, customer, assignee=cast.care_specialist, reason="维修后三日回访",
                                  due=clock.today(), script="您的车前几天在我店维修，使用正常吗？").id)
    session.commit()
    db.session.rollback()
    return made


def states(tasks: list[int]) -> list[Any]:
    rows = {row.id: row.state for row in all_of(m.FollowUp)}
    return [rows[key] for key in tasks]


def visit_of(task: int) -> m.Visit:
    (found,) = all_of(m.Visit, m.Visit.followup_id == task)
    return found


def left(page: Page, number: int) -> None:
    """The list has so many tasks, and one of them is in hand."""
    expect(page.locator("[data-total]")).to_have_text(str(number))
    expect(page.locator("tr.is-on")).to_have_count(1)
    page.wait_for_load_state()


def called(page: Page) -> None:
    with page.expect_response("**/admin/reveal/**"):
        page.keyboard.press("c")
    page.wait_for_function("window.dialled?.startsWith('tel:1381234420')")
    expect(page.locator("[data-after-call]")).to_be_visible()


def test_ten_tasks_by_keyboard_alone(tab: Tab, tasks: list[int]) -> None:
    page = tab("care_specialist")
    page.mouse.move(0, 0)
    page.goto(DUE)
    left(page, 10)
    for number in range(4):  # called, and done
        called(page)
        page.keyboard.press("d")
        left(page, 9 - number)
    called(page)
    page.keyboard.press("t")  # not reached, again tomorrow
    left(page, 5)
    page.keyboard.press("3")  # without a call: a result is chosen, then saved
    page.keyboard.press("Control+Enter")
    left(page, 4)
    page.keyboard.press("d")  # a slip saves nothing yet
    expect(page.locator("#log-form button[type=submit]")).to_be_focused()
    left(page, 4)
    page.keyboard.press("Enter")
    left(page, 3)
    page.keyboard.press("s")
    page.keyboard.type("客户出差")
    page.keyboard.press("Enter")
    left(page, 2)
    page.keyboard.press("x")
    page.keyboard.type("已在店里说过")
    page.keyboard.press("Enter")
    left(page, 1)
    called(page)
    with page.expect_navigation():  # the list made anew; its address says what was saved for a moment only
        page.keyboard.press("n")  # not reached: it stays
    expect(page.locator("[data-toast]")).to_be_visible()
    left(page, 1)
    tomorrow = clock.today() + dt.timedelta(days=1)
    assert states(tasks) == [S.DONE] * 4 + [S.OPEN] + [S.DONE] * 2 + [S.SNOOZED, S.SKIPPED, S.OPEN]
    assert [one(m.FollowUp, tasks[place]).due_on for place in (4, 7, 9)] == [tomorrow, tomorrow, clock.today()]
    assert [visit_of(tasks[place]).result for place in (0, 4, 5, 9)] == [
        R.SOLVED, R.NOT_REACHED, R.INVITED, R.NOT_REACHED]
    assert one(m.Customer, visit_of(tasks[0]).customer_id).next_contact_on is not None


def test_moving_keeps_the_page_and_typing_is_left_alone(tab: Tab, tasks: list[int]) -> None:
    page = tab("care_specialist")
    page.goto(DUE)
    page.evaluate("window.same = true")
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#t-h")).to_have_text("客户2号")
    expect(page.locator("tr.is-on a[data-task]")).to_be_focused()
    page.keyboard.press("k")
    expect(page.locator("#t-h")).to_have_text("客户1号")
    assert page.evaluate("window.same")
    page.keyboard.press("Enter")
    expect(page.locator("#task [data-call]")).to_be_focused()
    page.fill("#content", "")
    page.locator("#content").press_sequentially("jdnsx?c/")
    expect(page.locator("#content")).to_have_value("jdnsx?c/")
    expect(page.locator("#t-h")).to_have_text("客户1号")
    assert page.locator("dialog[open]").count() == 0
    page.locator("#content").press("Tab")  # out of the field the keys work again
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("d")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    assert states(tasks) == [S.OPEN] * TEN
    assert all_of(m.Visit) == []


def test_the_draft_of_a_task_is_there_when_one_comes_back_to_it(tab: Tab, tasks: list[int]) -> None:
    page = tab("care_specialist")
    page.goto(DUE)
    page.fill("#content", "说到一半")
    page.locator("a[data-task]").nth(1).click()
    expect(page.locator("#t-h")).to_have_text("客户1号")
    expect(page.locator("#content")).to_have_value("")
    page.locator("a[data-task]").nth(0).click()
    expect(page.locator("#content")).to_have_value("说到一半")


def test_two_clicks_for_a_failed_call_on_a_desktop(tab: Tab, tasks: list[int]) -> None:
    page = tab("care_specialist")
    page.goto(DUE)
    expect(page.locator("[data-after-call]")).to_be_hidden()
    page.locator("#task [data-call]").click()
    page.locator("[data-quick=tomorrow]").click()
    left(page, 9)
    expect(page.locator("#t-h")).to_have_text("客户1号")
    found = one(m.FollowUp, tasks[0])
    assert (found.state, found.due_on) == (S.OPEN, clock.today() + dt.timedelta(days=1))
    assert visit_of(tasks[0]).result == R.NOT_REACHED


def test_on_a_phone_a_call_is_logged_and_the_next_one_planned_in_six_taps(tab: Tab, tasks: list[int]) -> None:
    page, taps = tab("care_specialist", phone=True), 0
    page.goto(DUE)
    for where in ("#task [data-call]", "#log-form label.chip:has(input[value=new_problem])",
                  "#log-form label.chip:has(input[name=note])", "#log-form label.chip:has(input[name=next][value='3'])",
                  "[data-quick=minutes]"):
        page.locator(where).first.tap()
        taps += 1
        if where.endswith("[data-call]"):
            expect(page.locator("[data-after-call]")).to_be_visible()
            page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # back from the phone
            expect(page.locator("[data-after-call]")).to_be_focused()
    left(page, 9)
    assert taps <= 6
    visit = visit_of(tasks[0])
    assert (visit.result, visit.call_minutes) == (R.NEW_PROBLEM, 1)
    assert visit.content and "异响消除" in visit.content
    assert one(m.Customer, visit.customer_id).next_contact_on == clock.today() + dt.timedelta(days=3)


def test_a_failed_call_on_a_phone_takes_two_taps(tab: Tab, tasks: list[int]) -> None:
    page = tab("care_specialist", phone=True)
    page.goto(DUE)
    page.locator("#task [data-call]").tap()
    page.locator("[data-quick=tomorrow]").tap()
    left(page, 9)
    assert visit_of(tasks[0]).result == R.NOT_REACHED


def test_the_panel_waits_although_the_phone_dropped_the_page(tab: Tab, tasks: list[int]) -> None:
    page = tab("care_specialist", phone=True)
    page.goto(DUE)
    page.locator("#task [data-call]").tap()
    expect(page.locator("[data-after-call]")).to_be_visible()
    page.reload()
    expect(page.locator("[data-after-call]")).to_be_visible()
    page.locator("[data-quick=done]").tap()
    left(page, 9)
    expect(page.locator("[data-after-call]")).to_be_hidden()


def test_several_are_snoozed_and_taken_back(tab: Tab, tasks: list[int]) -> None:
    page = tab("care_specialist")
    page.goto(DUE)
    page.locator("a[data-task]").first.focus()
    page.keyboard.press(" ")
    page.keyboard.press("j")
    page.keyboard.press(" ")
    expect(page.locator("[data-bulk] [data-count]")).to_have_text("2")
    page.locator("[data-bulk] button[value=snooze]").click()
    page.locator("[data-fills=reason]").first.click()
    page.locator("#bulk-ask .btn-primary").click()
    left(page, 8)
    assert states(tasks)[:2] == [S.SNOOZED] * 2
    page.keyboard.press("z")
    left(page, 10)
    assert states(tasks) == [S.OPEN] * TEN
    assert one(m.FollowUp, tasks[0]).due_on == clock.today()


def test_a_reason_by_chip_and_a_sheet_that_is_left(tab: Tab, tasks: list[int]) -> None:
    page = tab("care_specialist", phone=True)
    page.goto(DUE)
    page.locator("#task [data-key=s]").tap()
    page.locator("#later [data-close]").tap()
    expect(page.locator("#later")).to_be_hidden()
    page.locator("#task [data-key=s]").tap()
    page.locator("#later [data-fills]").nth(1).tap()
    page.locator("#later label.chip:has(input[name=day])").nth(2).tap()
    page.locator("#later .btn-primary").tap()
    left(page, 9)
    found = one(m.FollowUp, tasks[0])
    assert (found.state, found.due_on) == (S.SNOOZED, clock.today() + dt.timedelta(days=7))
    assert found.note == "客户出差、不在本地"
