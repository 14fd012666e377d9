"""In a real browser: columns chosen by mouse, key and thumb; a request, its approval and the file; sheets of A4."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from admin_app import choices as ch
from tests.browser.conftest import wider_than_its_window
from tests.browser.test_desk_browser import serious
from tests.factories import make_customer, make_followup

Tab = Callable[..., Page]


@pytest.fixture
def customer(session: Any, cast: Any) -> Any:
    found = make_customer(session, owner=cast.sales_consultant, name="陈佳怡", phone="+8613912345678",
                          district="福田区", grade=ch.Grade.H)
    for number in range(30):
        make_followup(session, make_customer(session, owner=cast.sales_consultant, name=f"客户{number}"),
                      assignee=cast.sales_consultant, script="请问车辆一切正常吗？" * 3)
    return found


def headings(page: Page) -> list[str]:
    return [text for text in (one.strip() for one in page.locator(".model-list thead th").all_inner_texts()) if text]


def test_columns_are_chosen_ordered_and_kept(tab: Tab, customer: Any) -> None:
    page = tab("sales_consultant")
    page.goto("/admin/customer/?search=陈佳怡")
    page.click("a.chip[href*='columns=1']")
    page.uncheck("#c-tier")
    page.click(".column-list + .fold > summary")
    page.check("#c-district")
    before = page.url
    page.locator("li:has(#c-grade) [data-move='-1']").press("Enter")
    expect(page.locator("li:has(#c-grade) [data-move='-1']")).to_be_focused()
    assert page.url == before  # moved without a new page
    page.click(".columns-foot .btn-primary")
    page.wait_for_url("**cols=**")
    shown = headings(page)
    assert "居住区" in shown and "价值等级" not in shown and shown.index("意向等级") < shown.index("阶段")
    assert "search=" in page.url
    page.goto(f"{page.url}&columns=1")
    page.click("button[value=keep]")
    page.wait_for_load_state()
    page.goto("/admin/customer/")
    assert headings(page) == shown


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_panel_on_a_phone(tab: Tab, customer: Any, scheme: str) -> None:
    page = tab("sales_consultant", phone=True, scheme=scheme)
    page.goto("/admin/customer/?columns=1")
    assert serious(page) == [] and not wider_than_its_window(page)
    box = page.locator("li:has(#c-grade) [data-move='1']").bounding_box()
    assert box is not None and box["height"] >= 44 and box["width"] >= 44
    page.locator("#c-phone").uncheck()
    page.locator(".columns-foot .btn-primary").tap()
    page.wait_for_url("**cols=**")
    assert "phone" not in page.url and not wider_than_its_window(page)


def test_request_approve_download(tab: Tab, customer: Any, tmp_path: Path) -> None:
    page, second = tab("sales_manager"), tab("general_manager", phone=True)
    page.goto("/admin/customer/?flt0_grade_equals=H")
    page.click(".page-head .pop > summary")
    page.click("a.dropdown-item:has-text('CSV') >> nth=0")
    assert serious(page) == []
    page.fill("#purpose", "季度回访核对")
    page.click(".bar-sticky .btn-primary")
    expect(page.locator(".asked")).to_contain_text("待第二人审批")
    second.goto("/admin/requests/")
    expect(second.locator(".asked")).to_contain_text("季度回访核对")
    assert serious(second) == [] and not wider_than_its_window(second)
    second.locator("button[value=approve]").tap()
    expect(second.locator(".toast-bar")).to_be_visible()
    page.goto("/admin/requests/?show=mine")
    with page.expect_download() as caught:
        page.click("form[action$='/use/'] button")
    caught.value.save_as(tmp_path / "file.csv")
    text = (tmp_path / "file.csv").read_text("utf-8-sig")
    assert "陈佳怡" in text and "139****5678" in text and "客户1" not in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_sheets_are_light_a4_with_a_watermark(tab: Tab, cast: Any, customer: Any, scheme: str) -> None:
    key, name = customer.id, cast.sales_consultant.name
    page = tab("sales_consultant", scheme=scheme)
    for path in (f"/admin/print/customer/?id={key}", "/admin/print/day/"):
        page.goto(path)
        assert serious(page) == [] and not wider_than_its_window(page)
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(21, 29, 31)"
        assert page.locator(".paper-bar").is_hidden()
        expect(page.locator(".paper-mark")).to_contain_text(name)
        made = page.pdf(prefer_css_page_size=True)
        assert made.startswith(b"%PDF") and b"/MediaBox [0 0 594.95996 841.91998]" in made
        page.emulate_media(media="screen")
