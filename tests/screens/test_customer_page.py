"""The customer's page: who sees it, what it shows, exact counts, masks, and that opening it is logged."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
import time_machine

from admin_app import choices as ch
from admin_app import models as m
from admin_app.database import db
from tests.cast import NOW, TODAY
from tests.factories import (
    _add,
    make_campaign,
    make_complaint,
    make_customer,
    make_followup,
    make_order,
    make_vehicle,
    make_visit,
)
from tests.screens.daily_support import all_of


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def customer(session: Any, cast: Any) -> int:
    """A customer of the consultant with something of every kind."""
    found = make_customer(session, owner=cast.sales_consultant, advisor_id=cast.service_advisor.id, name="李雪梅",
                          phone="+8613812344290", grade=ch.Grade.H, graded_on=TODAY - dt.timedelta(days=9),
                          hobbies="钓鱼", tags=["置换"])
    car = make_vehicle(session, found, plate="粤B7K2M9")
    for number in range(25):
        at = NOW - dt.timedelta(days=number + 1)
        make_visit(session, found, staff=cast.colleague, at=at, content=f"第{number}次")
    make_complaint(session, found, owner=cast.service_manager, number="TS-20261101-0007")
    make_order(session, found, advisor=cast.service_advisor, vehicle=car, number="WX260800417")
    _add(session, m.Promise(store_id=1, customer_id=found.id, what="补开发票", by_id=cast.sales_consultant.id,
                            due_on=TODAY - dt.timedelta(days=3)))
    _add(session, m.Gift(store_id=1, customer_id=found.id, name="保温杯", given_on=TODAY - dt.timedelta(days=40)))
    make_followup(session, found, assignee=cast.sales_consultant, reason="试驾后回访")
    campaign = make_campaign(session, name="老友荐车季")
    _add(session, m.CampaignMember(store_id=1, campaign_id=campaign.id, customer_id=found.id))
    session.commit()
    return found.id


def page_of(client: Any, key: int, more: str = "") -> Any:
    return client.get(f"/admin/customer/details/?id={key}{more}")


CODES = {"general_manager": 200, "sales_manager": 200, "sales_consultant": 200, "service_manager": 200,
         "service_advisor": 200, "care_manager": 200, "care_specialist": 200, "marketing": 200, "auditor": 200,
         "administrator": 403, "colleague": 404, "other_team": 404, "outsider": 404}


@pytest.mark.parametrize("username", CODES)
def test_who_opens_it(customer: int, sign_in: Any, username: str) -> None:
    answer = page_of(sign_in(username), customer)
    assert answer.status_code == CODES[username]
    assert ("李雪梅" in answer.text) == (CODES[username] == 200)


@pytest.mark.parametrize("text", ["", "0", "999999", "abc", "-1", "1' or 1=1", "9" * 30])
def test_an_address_that_is_no_customer_is_404(customer: int, sign_in: Any, text: str) -> None:
    assert sign_in("general_manager").get("/admin/customer/details/", query_string={"id": text}).status_code == 404


def test_it_shows_head_cars_tasks_and_what_is_missing(customer: int, sign_in: Any) -> None:
    page = page_of(sign_in("sales_consultant"), customer).text
    for text in ("李雪梅", "梁思琪", "吴婷", "岚风 S7", "试驾后回访", "补开发票", "钓鱼", "置换", "2026-11-14"):
        assert text in page, text
    assert f'/admin/customer/edit/?id={customer}#birthday"' in page
    assert f"customer={customer}&amp;followup=" in page
    assert f'/admin/complaint/new/?customer_id={customer}' in page


def test_phone_plate_and_vin_are_masked_for_everybody(customer: int, sign_in: Any) -> None:
    for role in ("general_manager", "sales_consultant", "marketing", "auditor"):
        page = page_of(sign_in(role), customer).text
        assert "138****4290" in page
        for secret in ("13812344290", "粤B7K2M9", "LSVAA4182E2"):
            assert secret not in page, (role, secret)


@pytest.mark.parametrize(("role", "there"), [("sales_consultant", True), ("care_specialist", True),
                                             ("marketing", False), ("auditor", False)])
def test_only_those_who_may_reveal_get_the_button(customer: int, sign_in: Any, role: str, there: bool) -> None:
    assert ("data-reveal-url" in page_of(sign_in(role), customer).text) == there


@pytest.mark.parametrize("role", ["sales_consultant", "care_specialist", "auditor"])
def test_every_open_matter_opens(customer: int, sign_in: Any, role: str) -> None:
    client = sign_in(role)
    matters = page_of(client, customer).text.split('<aside class="panel rail"')[1].split("</section>")[0]
    links = [unescape(href) for href in re.findall(r'href="([^"]+)"', matters)]
    assert len(links) >= 2
    assert {href: client.get(href).status_code for href in links} == dict.fromkeys(links, 200)


def test_each_kind_counts_what_it_shows(customer: int, sign_in: Any) -> None:
    client = sign_in("general_manager")
    page = page_of(client, customer).text
    chips = re.findall(r'<a class="chip[^"]*" href="([^"]+)"[^>]*>[^<]*<span class="n">(\d+)</span>', page)
    assert len(chips) == 9  # all and eight kinds: a general manager reads the change record
    total = int(chips[0][1])
    assert total == sum(int(number) for _href, number in chips[1:])
    for href, number in chips[1:]:
        shown = client.get(href.replace("&amp;", "&")).text
        assert shown.count('<li class="ev">') == min(int(number), 20)


def test_the_history_pages_without_loss(customer: int, sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    texts = [page_of(client, customer, f"&kind=visit&page={number}").text for number in range(2)]
    seen = [found for text in texts for found in re.findall(r"第(\d+)次", text.split('id="tl"')[1])]
    assert sorted(map(int, seen)) == list(range(25))
    assert "page=1" in texts[0] and "page=2" not in texts[1]
    assert page_of(client, customer, "&page=99999999").status_code == 200
    assert page_of(client, customer, "&kind=nonsense").status_code == 200


def test_changes_are_shown_to_those_who_read_the_change_record(customer: int, session: Any, sign_in: Any) -> None:
    row = session.get(m.Customer, customer)
    row.grade = ch.Grade.A
    session.commit()
    session.rollback()
    assert "grade-h" in page_of(sign_in("general_manager"), customer, "&kind=change").text
    page = page_of(sign_in("sales_consultant"), customer, "&kind=change").text
    assert '<li class="ev">' not in page


def test_a_broken_promise_and_a_stale_grade_are_said(customer: int, sign_in: Any) -> None:
    page = page_of(sign_in("sales_consultant"), customer).text
    assert page.count('class="alert alert-danger') == 1
    assert page.count('class="alert alert-warning') == 1


def test_a_fresh_customer_has_an_empty_history(session: Any, cast: Any, sign_in: Any) -> None:
    key = make_customer(session, owner=cast.sales_consultant, graded_on=TODAY).id
    session.commit()
    page = page_of(sign_in("sales_consultant"), key).text
    assert '<div class="empty">' in page
    assert 'class="alert' not in page


def test_opening_is_logged_and_refused_openings_are_not_views(customer: int, sign_in: Any, cast: Any) -> None:
    me = cast.sales_consultant.id
    db.session.rollback()
    page_of(sign_in("sales_consultant"), customer)
    page_of(sign_in("colleague"), customer)
    views = all_of(m.AccessLog, m.AccessLog.verb == "view")
    assert [(row.user_id, row.table, row.row_id) for row in views] == [(me, "customer", customer)]


def test_a_secret_file_is_404_for_those_not_named(customer: int, session: Any, sign_in: Any) -> None:
    session.get(m.Customer, customer).confidentiality = ch.Confidentiality.SECRET
    session.commit()
    session.rollback()
    assert page_of(sign_in("care_specialist"), customer).status_code == 404
    assert page_of(sign_in("sales_consultant"), customer).status_code == 200


def test_markup_and_long_words_show_as_typed(session: Any, cast: Any, sign_in: Any) -> None:
    found = make_customer(session, owner=cast.sales_consultant, name="<img src=x onerror=alert(1)>", note="a" * 500)
    make_visit(session, found, content="<script>alert(2)</script> =1+1")
    session.commit()
    key = found.id
    session.rollback()
    page = page_of(sign_in("sales_consultant"), key).text
    assert "<img src=x" not in page and "<script>alert(2)" not in page
    assert "&lt;script&gt;alert(2)&lt;/script&gt; =1+1" in page
