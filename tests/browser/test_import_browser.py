"""A ledger through the pages of the import in a real browser: mapping untouched, in the background, undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Page, expect

from admin_app import access
from admin_app import models as m
from admin_app.database import db
from tests.browser.conftest import wider_than_its_window
from tests.data_layer.importing.support import DATA, TRUTH

Tab = Callable[..., Page]


@pytest.fixture
def in_background(app: Flask) -> Any:
    """Imports run beside the requests, as they do in a store."""
    app.config["TESTING"] = app.testing = False
    yield
    app.config["TESTING"] = app.testing = True


def number(model: Any) -> int:
    statement = sa.select(sa.func.count(model.id)).where(model.deleted_at.is_(None))
    found = db.session.scalar(access.ungated(statement)) or 0
    db.session.rollback()  # the test must not keep the desk from writing
    return int(found)


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [one["id"] for one in found if one["impact"] in ("serious", "critical")]


def take(page: Page, base: str, kind: str, name: str) -> None:
    """Upload and go on to the trial run, with the mapping as it was guessed."""
    page.goto(base + "/admin/import/")
    page.set_input_files("[name=file]", str(DATA / name))
    page.check(f"[name=kind][value={kind}]", force=True)
    page.get_by_role("button", name="上传并对应列").click()
    page.get_by_role("button", name="试运行").click()
    expect(page.locator(".outcome")).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("phone", [False, True])
def test_the_given_ledgers_with_the_mapping_untouched(tab: Tab, live: str, in_background: Any, phone: bool) -> None:
    page = tab("care_manager", phone=phone)
    for kind, name in (("customers", "客户档案.xlsx"), ("visits", "回访记录.xlsx"), ("complaints", "投诉登记表.csv")):
        take(page, live, kind, name)
        assert not wider_than_its_window(page) and serious(page) == []
        page.locator("[data-run]").click()
        expect(page.locator(".alert-success")).to_be_visible(timeout=60_000)
        if phone:
            break
    assert number(m.Customer) == TRUTH["customers"]
    if phone:
        page.get_by_role("button", name="整批撤销").click()
        page.locator("dialog[open] .btn-danger").click()
        expect(page.get_by_text("这次导入已撤销")).to_be_visible(timeout=60_000)
        assert number(m.Customer) == number(m.Vehicle) == 0
        return
    assert number(m.Visit) == TRUTH["visits"] and number(m.Complaint) == TRUTH["complaints"]
    take(page, live, "customers", "客户档案.xlsx")
    assert page.locator(".outcome .open-n").all_text_contents()[:2] == ["0", "0"]
    workshop = tab("service_manager")
    take(workshop, live, "repair-orders", "维修工单.csv")
    workshop.locator("[data-run]").click()
    expect(workshop.locator(".alert-success")).to_be_visible(timeout=60_000)
    assert number(m.RepairOrder) == TRUTH["repairs"]


@pytest.mark.parametrize("phone", [False, True])
def test_the_pages_of_the_import_are_fit_to_be_seen(tab: Tab, live: str, in_background: Any, phone: bool) -> None:
    page = tab("care_manager", phone=phone)
    page.goto(live + "/admin/import/")
    assert not wider_than_its_window(page) and serious(page) == []
    page.set_input_files("[name=file]", str(DATA / "客户档案.xlsx"))
    page.get_by_role("button", name="上传并对应列").click()
    expect(page.locator("table.mapping")).to_be_visible()
    assert not wider_than_its_window(page) and serious(page) == []
