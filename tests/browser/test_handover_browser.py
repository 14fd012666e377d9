"""Hand-over, pool, calendar and the view by person in a real browser, by mouse and by thumb."""

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
from tests.factories import make_customer, make_followup
from tests.screens.daily_support import all_of, one

Tab = Callable[..., Page]


def monday() -> dt.date:
    """A Monday to come."""
    today = clock.today()
    return today + dt.timedelta(days=7 - today.weekday())


@pytest.fixture
def keys(session: Any, cast: Any) -> dict[str, int]:
    """Three customers of the consultant with a task next Monday each, one in the pool."""
    made = {name: getattr(cast, name).id for name in ("sales_consultant", "colleague", "sales_manager")}
    for number in range(3):
        customer = make_customer(session, owner=cast.sales_consultant, name=f"客户{number}号", grade=ch.Grade.A)
        made[f"task{number}"] = make_followup(session, customer, assignee=cast.sales_consultant, due=monday(),
                                              due_at=clock.at(monday())).id
    made["pool"] = make_customer(session, name="公海客", grade=ch.Grade.H).id
    session.commit()
    db.session.rollback()
    return made


def accessible(page: Page) -> None:
    found = [(one["id"], one["nodes"][0]["html"][:120]) for one in Axe().run(page).response["violations"]]
    assert found == []


def test_a_leaver_is_handed_over(tab: Tab, keys: dict[str, int]) -> None:
    page = tab("sales_manager")
    page.goto("/admin/handover/")
    page.locator(f'tr a.btn[href="/admin/handover/{keys["sales_consultant"]}/"]').click()
    page.locator(f'input[name=people][value="{keys["colleague"]}"]').check()
    page.locator("button[value=look]").click()
    expect(page.locator("#preview")).to_be_visible()
    accessible(page)
    page.locator("button[value=give]").click()
    expect(page.locator("#done")).to_be_visible()
    assert not one(m.User, keys["sales_consultant"]).active
    assert {task.assignee_id for task in all_of(m.FollowUp)} == {keys["colleague"]}


def test_the_pool_by_thumb(tab: Tab, keys: dict[str, int]) -> None:
    page = tab("sales_consultant", phone=True)
    page.goto("/admin/pool/")
    assert not wider_than_its_window(page)
    accessible(page)
    with page.expect_navigation():
        page.locator('button[form="claim"]').first.tap()
    assert one(m.Customer, keys["pool"]).owner_id == keys["sales_consultant"]
    expect(page.locator(".empty")).to_be_visible()


def test_a_task_is_dragged_to_another_day(tab: Tab, keys: dict[str, int]) -> None:
    page, day = tab("sales_consultant"), monday() + dt.timedelta(days=2)
    page.goto(f"/admin/followups/calendar/?view=week&day={monday()}")
    accessible(page)
    page.drag_and_drop(f'li[data-task="{keys["task0"]}"]', f'td[data-day="{day}"]')
    sheet = page.locator("#cal-dialog")
    expect(sheet.locator("#cal-until")).to_have_value(str(day))
    sheet.locator("#cal-why").fill("客户出差")
    sheet.locator("button.btn-primary").click()
    expect(page.locator(f'td[data-day="{day}"] [data-number]')).to_have_text("1")
    assert (one(m.FollowUp, keys["task0"]).due_on, one(m.FollowUp, keys["task0"]).note) == (day, "客户出差")


def test_a_task_is_moved_by_keyboard_and_by_thumb(tab: Tab, keys: dict[str, int]) -> None:
    day = monday() + dt.timedelta(days=3)
    page = tab("sales_consultant")
    page.goto(f"/admin/followups/calendar/?day={monday()}")
    page.locator(f'table li[data-task="{keys["task1"]}"] [data-move]').focus()
    page.keyboard.press("Enter")
    page.locator("#cal-until").fill(str(day))
    page.locator("#cal-why").fill("改期")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert one(m.FollowUp, keys["task1"]).due_on == day
    phone = tab("sales_consultant", phone=True)
    phone.goto(f"/admin/followups/calendar/?view=day&day={monday()}")
    assert not wider_than_its_window(phone)
    accessible(phone)
    phone.locator(f'.cal-list li[data-task="{keys["task2"]}"] [data-move]').tap()
    phone.locator("#cal-until").fill(str(day))
    phone.locator("#cal-why").fill("改期")
    with phone.expect_navigation():
        phone.locator("#cal-dialog button.btn-primary").tap()
    assert one(m.FollowUp, keys["task2"]).due_on == day


def test_tasks_of_one_go_to_another(tab: Tab, keys: dict[str, int]) -> None:
    page = tab("sales_manager")
    page.goto(f"/admin/followups/team/?person={keys['sales_consultant']}&due=all")
    assert not wider_than_its_window(page)
    accessible(page)
    form = page.locator("form", has=page.locator("input[name=verb][value=move]"))
    form.locator("#number").fill("2")
    form.locator("input[name=along]").check()
    form.locator(f'input[name=to][value="{keys["colleague"]}"]').check()
    form.locator("button.btn-primary").click()
    with page.expect_navigation():
        page.locator("#plan button.btn-primary").click()
    assert len(all_of(m.FollowUp, m.FollowUp.assignee_id == keys["colleague"])) == 2
