"""In Chromium: a rule is written like a sentence and previewed live, a segment is counted while it is typed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from admin_app import access, clock
from admin_app import choices as ch
from admin_app import models as m
from tests import factories as f
from tests.browser.conftest import wider_than_its_window
from tests.browser.test_every_page import serious
from tests.cast import Cast


@pytest.fixture
def cars(session: Any, cast: Cast) -> None:
    """Ten owners of tier A, four of them with a car whose insurance ends in 60 days by the real clock."""
    for number in range(10):
        customer = f.make_customer(
            session,
            owner=cast.sales_consultant,
            stage=ch.Stage.OWNER,
            tier=ch.Tier.A,
            grade=ch.Grade.D,
            last_contact_at=clock.utcnow(),
            advisor_id=cast.service_advisor.id,
        )
        if number < 4:
            f.make_vehicle(
                session,
                customer,
                insurance_until=clock.today() + dt.timedelta(days=60),
                bought_on=clock.today() - dt.timedelta(days=100),
                last_service_on=clock.today(),
            )
    session.commit()


def rule(session: Any, code: str) -> Any:
    """(id, condition) of a rule as it stands now; no transaction is left open beside the desk."""
    session.expire_all()
    found = session.execute(
        access.ungated(sa.select(m.FollowUpRule.id, m.FollowUpRule.condition).where(m.FollowUpRule.code == code))
    ).one()
    session.rollback()
    return found


def line(page: Page, field: str, operator: str) -> Any:
    """A new line of the conditions."""
    page.click("[data-clause-add]")
    made = page.locator("[data-clause]").last
    made.locator("[name=clause_field]").select_option(field)
    made.locator("[name=clause_op]").select_option(operator)
    return made


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_a_rule_is_written_and_previewed_before_it_is_saved(
    session: Any, cast: Cast, tab: Callable[..., Page], cars: None, phone: bool
) -> None:
    page = tab("care_manager", phone=phone)
    page.goto("/admin/followup_rule/new/")
    page.fill("[name=name]", "续保六十天")
    page.fill("[name=code]", "insurance_60")
    expect(page.locator("#condition_festival")).to_be_hidden()
    page.select_option("#trigger", "festival")
    expect(page.locator("#condition_festival")).to_be_visible()
    page.select_option("#trigger", "insurance")
    page.fill("[name=offset]", "-58")
    page.select_option("[name=assignee]", "advisor")
    tier = line(page, "tier", "one_of")
    tier.get_by_role("checkbox", name="A").click()
    page.click("[data-preview-go]")
    table = page.locator("[data-preview-place] table")
    expect(table.locator("tbody tr").first).to_contain_text("+4")
    tier.get_by_role("checkbox", name="A").click()
    tier.get_by_role("checkbox", name="B").click()
    expect(page.locator("[data-preview-place]")).to_contain_text("没有任务", timeout=15_000)
    tier.get_by_role("checkbox", name="A").click()
    expect(page.locator("[data-preview-place] tbody tr").first).to_contain_text("+4", timeout=15_000)
    assert serious(page) == [] and not wider_than_its_window(page)
    page.click("[data-save]")
    page.wait_for_url("**/details/**")
    assert sorted(rule(session, "insurance_60").condition["tier"]) == ["A", "B"]
    assert session.scalar(sa.select(sa.func.count(m.FollowUp.id))) == 0


def test_lines_are_added_taken_away_and_kept(session: Any, cast: Cast, tab: Callable[..., Page]) -> None:
    before = rule(session, "no_contact_rest").condition
    page = tab("care_manager")
    page.goto(f"/admin/followup_rule/edit/?id={rule(session, 'no_contact_rest').id}")
    expect(page.locator("[data-clause]")).to_have_count(2)
    page.click("[data-save]")
    page.wait_for_url("**/details/**")
    assert rule(session, "no_contact_rest").condition == before
    page.goto(f"/admin/followup_rule/edit/?id={rule(session, 'no_contact_rest').id}")
    page.locator("[data-clause-drop]").last.click()
    contact = line(page, "last_contact_at", "older_than")
    contact.locator("[name=clause_value]").fill("很久")
    page.click("[data-save]")
    expect(page.locator(".clause .invalid-feedback")).to_contain_text("很久")
    page.locator("[name=clause_value]").last.fill("200")
    page.click("[data-save]")
    page.wait_for_url("**/details/**")
    assert rule(session, "no_contact_rest").condition == {
        "stage": "owner",
        "clauses": [{"field": "last_contact_at", "op": "older_than", "values": [200]}],
    }


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_a_segment_says_its_size_while_it_is_typed(
    session: Any, cast: Cast, tab: Callable[..., Page], cars: None, phone: bool
) -> None:
    page = tab("care_manager", phone=phone)
    page.goto("/admin/segment/new/")
    page.fill("[name=name]", "有车的 A 类")
    tier = line(page, "tier", "equals")
    tier.locator("[data-pick]").select_option("A")
    expect(page.locator("[data-size]")).to_have_text("10 位客户")
    line(page, "owns_car", "yes")
    expect(page.locator("[data-size]")).to_have_text("4 位客户")
    assert serious(page) == [] and not wider_than_its_window(page)
    page.click("[data-save]")
    page.wait_for_url("**/details/**")
    page.get_by_role("link", name="4 位客户").click()
    expect(page.locator(".model-list tbody tr")).to_have_count(4)


def test_the_cards_of_a_phone_keep_their_words_inside(session: Any, cast: Cast, tab: Callable[..., Page]) -> None:
    customer = f.make_customer(session, owner=cast.sales_consultant)
    session.add_all([f.make_consent(customer, purpose=one) for one in ch.ConsentPurpose])
    session.commit()
    page = tab("care_manager", phone=True)
    for path in ("/admin/consent/", "/admin/followup_rule/"):
        page.goto(path)
        outside = page.evaluate("""() => [...document.querySelectorAll('.model-list tbody td > *')].filter(inner => {
            const a = inner.getBoundingClientRect(), b = inner.parentElement.getBoundingClientRect();
            return a.width && (a.right > b.right + 1 || a.bottom > b.bottom + 1);
        }).map(inner => inner.textContent)""")
        assert page.locator(".model-list tbody tr").count() > 0 and outside == []
    assert not wider_than_its_window(page)


def test_a_rule_without_conditions_and_one_that_loses_its_last(
    session: Any, cast: Cast, tab: Callable[..., Page]
) -> None:
    page = tab("care_manager")
    page.goto("/admin/followup_rule/new/")
    page.fill("[name=name]", "元宵问候")
    page.fill("[name=code]", "lantern")
    page.select_option("[data-trigger]", "festival")
    page.select_option("[name=condition_festival]", "lantern")
    page.click("[data-save]")
    page.wait_for_url("**/details/**")
    assert rule(session, "lantern").condition == {"festival": "lantern"}
    page.goto(f"/admin/followup_rule/edit/?id={rule(session, 'no_contact_rest').id}")
    while page.locator("[data-clause-drop]:visible").count():
        page.locator("[data-clause-drop]:visible").first.click()
    page.click("[data-save]")
    page.wait_for_url("**/details/**")
    assert not rule(session, "no_contact_rest").condition
