"""Every main page in Chromium: axe finds nothing serious, nothing scrolls sideways, nothing leaves the machine, no
refusal of the content policy (the last two are watched by the fixture `tab`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from admin_app import choices as ch
from tests import factories as f
from tests.browser.conftest import wider_than_its_window
from tests.browser_support import DESKTOP, PHONE
from tests.cast import ROLES, TODAY, Cast
from tests.screens.matrix import build

PAGES = {
    "care_specialist": (
        "/admin/", "/admin/followups/?due=all", "/admin/customer/", "/admin/customer/details/?id={customer}",
        "/admin/customer/edit/?id={customer}", "/admin/customer/new/", "/admin/visit/log/",
        "/admin/visit/log/?customer={customer}&followup={followup}", "/admin/scores/", "/admin/complaint/board/",
        "/admin/complaint/details/?id={complaint}", "/admin/search/?q=建国", "/account/password", "/admin/nowhere",
        "/admin/print/day/", "/admin/print/customer/?id={customer}", "/admin/print/callback/?followup={followup}"),
    "general_manager": (
        "/admin/", "/admin/scores/?role=sales_consultant", "/admin/recycle/", "/admin/user/", "/admin/audit_entry/",
        "/admin/followup_rule/", "/admin/campaign/details/?id={campaign}", "/admin/repair_order/",
        "/admin/visit/?flt0_channel_equals=phone", "/admin/customer/?columns=1", "/admin/requests/",
        "/admin/requests/new/?verb=export_full&table=customer&form=csv&cols=name,phone"),
    "care_manager": (
        "/admin/duplicates/", "/admin/duplicates/?show=apart", "/admin/duplicates/?show=merged",
        "/admin/duplicates/merge/?keep={customer}&drop={twin}", "/admin/quality/",
        "/admin/quality/rows/?show=customers", "/admin/vehicle/new/"),
    "administrator": ("/admin/", "/admin/grant/", "/admin/break-glass/", "/admin/user/new/"),
}


def serious(page: Page) -> list[str]:
    """What axe finds serious or critical, with the first place of each."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in found
            if one["impact"] in ("serious", "critical")]


@pytest.fixture
def numbers(session: Any, cast: Cast) -> dict[str, int]:
    """A world with something on every page; ids by table."""
    world = build(session, cast, "care_specialist")
    customer = f.make_customer(session, owner=cast.sales_consultant, grade=ch.Grade.H, tier=ch.Tier.B,
                               birthday=TODAY.replace(year=1988), name="深圳市南山区金穗农产品物流有限责任公司")
    f.make_vehicle(session, customer)
    f.make_visit(session, customer, staff=cast.care_specialist, content="长" * 300)
    f.make_followup(session, customer, assignee=cast.care_specialist, script="您好" * 40)
    twin = f.make_customer(session, owner=cast.colleague, name="建国own", phone2="+8613912340000", tags=["置换"],
                           note="要倒车影像", phone="+8613912340001", address="翠竹路 8 号")
    customer.phone2, customer.referrer_id = "+8613912340000", twin.id
    session.commit()
    return {table: ids["own"] for table, ids in world.ids.items()} | {"twin": twin.id}


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", PAGES)
def test_pages_are_accessible_and_fit(tab: Callable[..., Page], numbers: dict[str, int], name: str,
                                      phone: bool) -> None:
    page = tab(name, phone=phone)
    faults = {}
    for path in PAGES[name]:
        page.goto(path.format(**numbers))
        page.wait_for_load_state("networkidle")
        found = serious(page) + (["scrolls sideways"] if wider_than_its_window(page) else [])
        if found:
            faults[path] = found
    assert faults == {}


def test_dark_pages_are_readable(tab: Callable[..., Page], numbers: dict[str, int]) -> None:
    page = tab("care_specialist", scheme="dark")
    faults = {}
    for path in PAGES["care_specialist"][:9]:
        page.goto(path.format(**numbers))
        if serious(page):
            faults[path] = serious(page)
    assert faults == {}


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_sign_in_page(chromium_browser: Browser, live: str, session: Any, size: dict[str, int]) -> None:
    session.commit()
    page = chromium_browser.new_page(viewport=size)
    page.goto(f"{live}/login")
    assert serious(page) == []
    assert not wider_than_its_window(page)
    page.close()


@pytest.mark.parametrize("name", ROLES)
def test_every_home_is_accessible_and_fits_a_phone(tab: Callable[..., Page], numbers: dict[str, int],
                                                   name: str) -> None:
    page = tab(name, phone=True)
    assert serious(page) == []
    assert not wider_than_its_window(page)
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize("language", ["zh_Hant_TW", "en"])
def test_the_other_languages_fit_too(tab: Callable[..., Page], numbers: dict[str, int], language: str, session: Any,
                                     cast: Cast) -> None:
    cast.care_specialist.locale = language
    session.commit()
    page = tab("care_specialist", phone=True)
    faults = {}
    for path in PAGES["care_specialist"][:9]:
        page.goto(path.format(**numbers))
        if wider_than_its_window(page):
            faults[path] = "scrolls sideways"
    assert faults == {}
