"""The pool's page: what it shows to whom, claiming, giving, putting back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from admin_app import choices as ch
from admin_app import models as m
from tests.cast import NOW
from tests.conftest import row
from tests.factories import make_customer, make_followup
from tests.screens.daily_support import all_of, listed, one, send

PAGE = "/admin/pool/"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def keys(session: Any, cast: Any) -> dict[str, int]:
    made = {"hot": make_customer(session, name="王热", grade=ch.Grade.H, phone="+8613800138000", district="福田区"),
            "cold": make_customer(session, name="李冷", stage=ch.Stage.LEAD, grade=ch.Grade.C, note="私人备注"),
            "mine": make_customer(session, name="赵有主", owner=cast.sales_consultant)}
    make_followup(session, made["mine"], assignee=cast.sales_consultant)
    session.commit()
    return {name: customer.id for name, customer in made.items()}


@pytest.mark.parametrize("who", ["sales_consultant", "sales_manager", "care_manager", "general_manager"])
def test_it_shows_masked_rows_and_counts_them(sign_in: Any, keys: dict[str, int], who: str) -> None:
    client = sign_in(who)
    page = client.get(PAGE).text
    assert listed(page) == 2 and page.index("王热") < page.index("李冷")
    assert "138****8000" in page and "13800138000" not in page and "私人备注" not in page and "赵有主" not in page
    assert listed(client.get(PAGE + "?grade=H&district=福田").text) == 1
    assert listed(client.get(PAGE + "?grade=nonsense&days=x&page=zz").text) == 2
    assert ('form="bulk-form"' in page) is (who != "sales_consultant")
    if who == "sales_consultant":  # the gate stays shut
        assert "/admin/customer/details/?id=" not in page.split('id="pool-h"')[1]
        assert client.get(f"/admin/customer/details/?id={keys['hot']}").status_code == 404
    assert f'href="{PAGE}"' in page


@pytest.mark.parametrize("who", ["service_manager", "service_advisor", "care_specialist", "marketing", "auditor",
                                 "administrator"])
def test_others_are_refused(sign_in: Any, keys: dict[str, int], who: str) -> None:
    client = sign_in(who)
    assert client.get(PAGE).status_code == 403
    assert send(client, PAGE + "claim/", id=keys["hot"]).status_code == 403
    assert one(m.Customer, keys["hot"]).owner_id is None
    assert f'href="{PAGE}"' not in client.get("/admin/").text


def test_one_click_claims_and_the_second_one_is_too_late(sign_in: Any, keys: dict[str, int], cast: Any) -> None:
    mine, me = sign_in("sales_consultant"), cast.sales_consultant.id
    other = sign_in("colleague")
    done = send(mine, PAGE + "claim/", id=keys["hot"], back=PAGE + "?grade=H")
    assert done.location == PAGE + "?grade=H"
    assert "王热" in mine.get(PAGE).text
    late = send(other, PAGE + "claim/", id=keys["hot"])
    assert late.status_code == 302 and "toast" in other.get(PAGE).text
    assert one(m.Customer, keys["hot"]).owner_id == me
    assert [task.assignee_id for task in all_of(m.FollowUp, m.FollowUp.customer_id == keys["hot"])] == [me]
    assert mine.get(f"/admin/customer/details/?id={keys['hot']}").status_code == 200
    assert other.get(f"/admin/customer/details/?id={keys['hot']}").status_code == 404
    assert send(mine, PAGE + "claim/", id="x").status_code == 404


@pytest.mark.parametrize("who", ["general_manager", "care_manager"])
def test_the_figure_of_the_home_opens_the_pool(sign_in: Any, session: Any, keys: dict[str, int], who: str) -> None:
    make_customer(session, name="密档", confidentiality=ch.Confidentiality.SECRET)
    session.commit()
    client = sign_in(who)
    figure = re.search(rf'href="{PAGE}"[^>]*>(?:(?!</a>).)*?公海客户.*?</a>', client.get("/admin/").text, re.S)
    assert figure and re.search(r">\s*2\s*<", figure[0])
    assert listed(client.get(PAGE).text) == 2


def test_an_empty_pool_says_so(sign_in: Any, session: Any, cast: Any) -> None:
    page = sign_in("sales_consultant").get(PAGE).text
    assert listed(page) == 0 and 'class="empty"' in page


def test_a_manager_gives_from_the_pool_and_puts_back(sign_in: Any, keys: dict[str, int], cast: Any) -> None:
    client, to, boss = sign_in("sales_manager"), cast.colleague.id, cast.sales_manager.id
    path = "/admin/customer/action/"
    given = send(client, path, action="assign", url=PAGE, rowid=[keys["hot"]], confirm="1", person=to)
    assert given.location == PAGE and row(m.Customer, keys["hot"]).owner_id == to
    asked = send(client, path, action="pool", url=PAGE, rowid=[keys["mine"]])
    assert asked.status_code == 200 and "赵有主" in asked.text
    empty = send(client, path, action="pool", url=PAGE, rowid=[keys["mine"]], confirm="1", reason=" ")
    assert empty.status_code == 400 and 'id="reason-e" role="alert"' in empty.text
    assert row(m.Customer, keys["mine"]).owner_id is not None
    send(client, path, action="pool", url=PAGE, rowid=[keys["mine"]], confirm="1", reason="长期未跟进")
    assert row(m.Customer, keys["mine"]).owner_id is None
    assert [task.assignee_id for task in all_of(m.FollowUp)] == [boss]
    assert "赵有主" in sign_in("colleague").get(PAGE).text
    refused = send(sign_in("sales_consultant"), path, action="pool", rowid=[keys["cold"]], confirm="1", reason="x")
    assert refused.status_code == 403
    assert re.search(r'data-action="pool"', client.get("/admin/customer/").text)
