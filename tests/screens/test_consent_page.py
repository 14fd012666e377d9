"""Consent on the customer's page, and what blocks marketing on the due list, the log sheet and the campaign."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from admin_app import choices as ch
from admin_app import clock
from admin_app import models as m
from admin_app.rules import saving
from tests.cast import NOW, TODAY
from tests.factories import make_customer, make_followup, make_visit
from tests.screens.daily_support import all_of, listed, one, send

PAGE = "/admin/followups/"
INPUT = re.compile(r'<input[^>]*name="(key|customer|followup)" value="([^"]*)"')


@pytest.fixture(autouse=True)
def morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def held(session: Any, cast: Any) -> dict[str, int]:
    """A customer of the consultant whom five people have called, with a greeting and a service task due today."""
    customer = make_customer(session, owner=cast.sales_consultant, name="李雪梅", phone="+8613800138001")
    for back in range(1, 6):
        row = make_visit(session, customer, staff=cast.care_specialist, at=NOW - dt.timedelta(days=back), outbound=True)
        saving.settle(session, row, NOW, created=True)
    greeting = make_followup(session, customer, assignee=cast.sales_consultant, reason="节日问候",
                             purpose=ch.Purpose.GREETING)
    service = make_followup(session, customer, assignee=cast.sales_consultant, reason="保养提醒")
    session.commit()
    return {"customer": customer.id, "greeting": greeting.id, "service": service.id}


def rows_of(page: str) -> set[int]:
    return {int(key) for key in re.findall(r'name="rowid" value="(\d+)"', page)}


# ---------------------------------------------------------------- consent


def test_consent_is_withdrawn_and_given_by_one_button(held: dict[str, int], sign_in: Any) -> None:
    client, key = sign_in("sales_consultant"), held["customer"]
    address = f"/admin/customer/details/?id={key}"
    assert "未征询" in client.get(address).text
    answer = send(client, "/admin/customer/consent/", id=key, say="marketing:withdrawn", source="phone")
    assert answer.status_code == 302
    (row,) = all_of(m.Consent)
    assert (row.customer_id, row.purpose, row.state, row.source, row.text_version) == (
        key, "marketing", "withdrawn", "phone", "1")
    assert row.by_id is not None and row.at == NOW
    assert one(m.Customer, key).marketing_withdrawn
    assert one(m.FollowUp, held["greeting"]).state == ch.FollowUpState.VOID
    page = client.get(address).text
    assert "再次同意之前不联系" in page and "已撤回" in page
    assert "电话表示" in client.get(address + "&kind=consent").text
    assert send(client, "/admin/customer/consent/", id=key, say="marketing:given", source="paper").status_code == 302
    assert not one(m.Customer, key).marketing_withdrawn and len(all_of(m.Consent)) == 2


@pytest.mark.parametrize(("person", "code"), [("colleague", 404), ("outsider", 404), ("marketing", 403),
                                              ("auditor", 403), ("administrator", 404)])
def test_whoever_does_not_keep_the_customer_records_nothing(held: dict[str, int], sign_in: Any, person: str,
                                                            code: int) -> None:
    answer = send(sign_in(person), "/admin/customer/consent/", id=held["customer"], say="marketing:withdrawn",
                  source="phone")
    assert answer.status_code == code
    assert not all_of(m.Consent) and not one(m.Customer, held["customer"]).marketing_withdrawn


@pytest.mark.parametrize("wrong", [{"say": "marketing"}, {"say": "nothing:given"}, {"source": "smoke"}, {"say": ""}])
def test_what_is_no_consent_is_refused(held: dict[str, int], sign_in: Any, wrong: dict[str, str]) -> None:
    fields = {"id": held["customer"], "say": "marketing:given", "source": "paper"} | wrong
    assert send(sign_in("sales_consultant"), "/admin/customer/consent/", **fields).status_code == 400
    assert not all_of(m.Consent)


def test_the_list_of_consents_takes_no_hand(held: dict[str, int], sign_in: Any) -> None:
    client = sign_in("care_manager")
    send(client, "/admin/customer/consent/", id=held["customer"], say="file:given", source="paper")
    (row,) = all_of(m.Consent)
    assert "李雪梅" in client.get("/admin/consent/").text
    assert client.get(f"/admin/consent/details/?id={row.id}").status_code == 200
    for path in ("new/", f"edit/?id={row.id}"):
        assert client.get(f"/admin/consent/{path}").status_code in (302, 403, 404)
    for person in ("care_manager", "general_manager"):
        send(sign_in(person), "/admin/consent/delete/", id=row.id)
    assert one(m.Consent, row.id).deleted_at is None


# ---------------------------------------------------------------- held back


def test_what_the_cap_holds_back_stands_under_its_own_chip_with_the_day(held: dict[str, int], sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    page = client.get(PAGE).text
    assert rows_of(page) == {held["service"]} and listed(page) == 1
    assert held["greeting"] not in rows_of(client.get(PAGE + "?due=all").text)
    page = client.get(PAGE + "?due=blocked").text
    until = (TODAY + dt.timedelta(days=25)).isoformat()
    assert rows_of(page) == {held["greeting"]} and listed(page) == 1 and f"</svg> {until[5:]}</td>" in page
    panel = page.split('id="task"')[1]
    assert f"{until} 起可再做营销联系" in panel
    assert "data-call" not in panel and 'name="verb" value="allow"' not in panel
    assert "节日问候" not in client.get("/admin/").text
    sheet = client.get(f"/admin/customer/details/?id={held['customer']}").text
    assert until in sheet and "被限制" in sheet
    assert until in client.get(f"/admin/visit/log/?customer={held['customer']}&followup={held['greeting']}").text
    assert until not in client.get(f"/admin/visit/log/?customer={held['customer']}&followup={held['service']}").text


def test_without_anything_held_back_there_is_no_chip(session: Any, cast: Any, sign_in: Any) -> None:
    make_followup(session, make_customer(session, owner=cast.sales_consultant), assignee=cast.sales_consultant)
    session.commit()
    assert "due=blocked" not in sign_in("sales_consultant").get(PAGE).text


def test_a_manager_allows_it_once_and_a_consultant_may_not(held: dict[str, int], sign_in: Any) -> None:
    key = held["greeting"]
    manager = sign_in("sales_manager")
    page = manager.get(f"{PAGE}?due=blocked&owner=all&task={key}").text
    assert 'name="verb" value="allow"' in page
    send(manager, PAGE + "act/", id=key, verb="allow", reason="")
    assert one(m.FollowUp, key).allowed_at is None
    assert send(sign_in("sales_consultant"), PAGE + "act/", id=key, verb="allow", reason="想打").status_code == 403
    assert send(manager, PAGE + "bulk/", rowid=key, verb="allow", reason="都打").status_code == 400
    assert one(m.FollowUp, key).allowed_at is None
    assert send(manager, PAGE + "act/", id=key, verb="allow", reason="车主本人要求").status_code == 302
    row = one(m.FollowUp, key)
    assert (row.allowed_at, row.allowed_reason) == (NOW, "车主本人要求")
    page = sign_in("sales_consultant").get(f"{PAGE}?task={key}").text
    assert rows_of(page) == {held["service"], key} and "车主本人要求" in page


def test_a_call_that_was_made_is_logged_with_a_warning(held: dict[str, int], sign_in: Any) -> None:
    client, key = sign_in("sales_consultant"), held["greeting"]
    page = client.get(f"/admin/visit/log/?customer={held['customer']}&followup={key}").text
    said = dict(INPUT.findall(page)) | {"channel": "phone", "result": "solved", "next": "none", "content": "谈过"}
    answer = send(client, "/admin/visit/log/", **said)
    assert answer.status_code == 302
    assert one(m.FollowUp, key).state == ch.FollowUpState.DONE and len(all_of(m.Visit)) == 6
    assert "本不应联系" in client.get(answer.headers["Location"]).text


def test_in_quiet_hours_marketing_stays_due_and_says_until_when(held: dict[str, int], session: Any, cast: Any,
                                                                sign_in: Any) -> None:
    other = make_customer(session, owner=cast.sales_consultant, name="马晓东")
    task = make_followup(session, other, assignee=cast.sales_consultant, purpose=ch.Purpose.CARE).id
    session.commit()
    with time_machine.travel(clock.at(TODAY, 21), tick=False):
        client = sign_in("sales_consultant")
        page = client.get(f"{PAGE}?task={task}").text
        assert task in rows_of(page)
        assert "明天 09:00 起可做营销联系" in page and "data-call" not in page.split('id="task"')[1]
    with time_machine.travel(clock.at(TODAY + dt.timedelta(days=1), 9), tick=False):
        assert "免打扰时段" not in sign_in("sales_consultant").get(f"{PAGE}?task={task}").text


def test_quiet_hours_and_cap_are_settings_of_the_store(held: dict[str, int], cast: Any, sign_in: Any) -> None:
    key = cast.store.id
    client = sign_in("administrator")
    from tests.screens.desk_support import Page

    fields = Page(client.get(f"/admin/store/edit/?id={key}").text).fields
    fields = {name: value for name, value in fields.items() if name and name not in ("q", "search", "language", "next")}
    wrong = client.post(f"/admin/store/edit/?id={key}", data=fields | {"quiet_from": "abends"})
    assert wrong.status_code == 400 and "abends" in wrong.text
    good = client.post(f"/admin/store/edit/?id={key}", data=fields | {
        "quiet_from": "21:00", "quiet_until": "8:30", "contact_cap": "6"})
    assert good.status_code == 302
    store = one(m.Store, key)
    assert (store.quiet_from, store.quiet_until, store.contact_cap) == ("21:00", "08:30", 6)
    assert one(m.Customer, held["customer"]).marketing_blocked_until is None
