"""The list of a generated screen: columns, search, filters, order, pages, masks, refusals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from admin_app import choices as ch
from admin_app import clock
from admin_app.database import db
from admin_app.desk import list_address, listing
from admin_app.models import AccessLog, AuditEntry
from admin_app.rules import pinyin
from tests.cast import NOW
from tests.factories import make_customer, make_vehicle, make_visit
from tests.screens.desk_support import page

SignIn = Callable[[Any], FlaskClient]


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that the database gets meanwhile."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        found.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    yield found
    sa.event.remove(db.engine, "before_cursor_execute", note)


@pytest.fixture
def five(session: Any, cast: Any) -> list[Any]:
    """Five customers of the consultant, the grades H, A, B, C and N."""
    grades = (ch.Grade.H, ch.Grade.A, ch.Grade.B, ch.Grade.C, ch.Grade.N)
    owner = cast.sales_consultant
    return [make_customer(session, owner=owner, name=f"李{number}号", grade=grade, completeness=number * 10)
            for number, grade in enumerate(grades)]


def test_lists_what_is_declared_with_a_link_in_the_first_column(sign_in: SignIn, five: list[Any]) -> None:
    key = five[4].id
    found = page(sign_in("sales_consultant"), "/admin/customer/")
    assert found.names() == ["李4号", "李3号", "李2号", "李1号", "李0号"]
    assert f"/admin/customer/details/?id={key}" in found.links
    assert '<th scope="row"' in found.html and 'content:"手机"' in found.html  # a phone names the cells of its cards


def test_private_values_are_masked_for_everybody(sign_in: SignIn, session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, phone="+8613912345678")
    make_vehicle(session, customer, vin="LSVAA4182E2999999", plate="粤B99X88")
    for name in ("general_manager", "sales_consultant", "marketing", "auditor"):
        client = sign_in(name)
        assert "13912345678" not in page(client, "/admin/customer/").html
        assert "139****5678" in page(client, "/admin/customer/").html
    cars = page(sign_in("general_manager"), "/admin/vehicle/").html
    assert "LSVAA4182E2999999" not in cars and "*************9999" in cars
    assert "粤B99X88" not in cars


def test_only_who_may_reveal_gets_the_button(sign_in: SignIn, five: list[Any]) -> None:
    assert "data-show=" in page(sign_in("sales_consultant"), "/admin/customer/").html
    assert "data-show=" not in page(sign_in("auditor"), "/admin/customer/").html


def test_search_finds_any_part_of_a_name(sign_in: SignIn, session: Any, cast: Any) -> None:
    make_customer(session, owner=cast.sales_consultant, name="赵建国")
    make_customer(session, owner=cast.sales_consultant, name="100%_折扣")
    client = sign_in("sales_consultant")
    assert page(client, "/admin/customer/?search=建国").names() == ["赵建国"]
    assert page(client, "/admin/customer/?search=%25_").names() == ["100%_折扣"]
    assert page(client, "/admin/customer/?search=没有这个人").rows == []


def test_search_finds_a_phone_whole_by_all_and_in_part_by_who_may_reveal(
        sign_in: SignIn, session: Any, cast: Any) -> None:
    make_customer(session, owner=cast.sales_consultant, name="钱一", phone="+8613912345678")
    for name in ("sales_consultant", "auditor"):
        assert page(sign_in(name), "/admin/customer/?search=139 1234 5678".replace(" ", "")).names() == ["钱一"]
    assert page(sign_in("sales_consultant"), "/admin/customer/?search=5678").names() == ["钱一"]
    assert page(sign_in("auditor"), "/admin/customer/?search=5678").rows == []
    assert page(sign_in("sales_consultant"), "/admin/customer/?search=567").rows == []


def test_a_search_is_logged(sign_in: SignIn, session: Any, five: list[Any]) -> None:
    page(sign_in("sales_consultant"), "/admin/customer/?search=李1")
    entries = session.query(AccessLog).filter_by(verb=ch.AccessVerb.SEARCH).all()
    assert [entry.reason for entry in entries] == ["李1"]


@pytest.mark.parametrize("road", [
    "/admin/customer/?search={typed}", "/admin/customer/?flt0_phone_equals={typed}",
    "/admin/visit/ajax/lookup/?name=customer_id&query={typed}"])
def test_whoever_asks_for_a_number_is_logged_and_the_number_is_not(
        sign_in: SignIn, session: Any, five: list[Any], road: str) -> None:
    sign_in("sales_consultant").get(road.format(typed="13912345678"))
    entry = session.query(AccessLog).filter_by(verb=ch.AccessVerb.SEARCH).one()
    assert entry.reason.endswith("5678") and "1391234" not in entry.reason


@pytest.mark.parametrize("typed", ["粤B12345", "LSVAA4182E2123456", "5678"])
def test_what_may_be_a_plate_or_vin_or_a_piece_of_one_is_logged_masked(
        sign_in: SignIn, session: Any, five: list[Any], typed: str) -> None:
    page(sign_in("sales_consultant"), f"/admin/vehicle/?search={typed}")
    assert typed not in session.query(AccessLog).filter_by(verb=ch.AccessVerb.SEARCH).one().reason


def test_filters_by_choice_link_and_range(sign_in: SignIn, five: list[Any], cast: Any) -> None:
    client, owner = sign_in("sales_manager"), cast.sales_consultant.id
    assert page(client, "/admin/customer/?flt0_grade_equals=H").names() == ["李0号"]
    assert page(client, "/admin/customer/?flt0_grade_in=H,B").names() == ["李2号", "李0号"]
    both = f"flt0_owner_id_equals={owner}&flt1_grade_not=N"
    assert page(client, f"/admin/customer/?{both}&search=李3").names() == ["李3号"]
    assert page(client, "/admin/customer/?flt0_completeness_least=30").names() == ["李4号", "李3号"]
    assert page(client, "/admin/customer/?flt0_owner_id_empty=1").rows == []
    assert page(client, "/admin/customer/?flt0_owner_id_equals=me").rows == []


def test_day_filters_go_by_the_store_s_calendar(sign_in: SignIn, session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    make_visit(session, customer, at=dt.datetime(2026, 11, 20, 17, 30, tzinfo=dt.UTC))  # the 21st in Shanghai
    client = sign_in("sales_consultant")
    assert len(page(client, "/admin/visit/?flt0_at_from=2026-11-21").names()) == 1
    assert page(client, "/admin/visit/?flt0_at_to=2026-11-20").rows == []
    assert len(page(client, list_address("visit", ("at", "equals", dt.date(2026, 11, 21)))).names()) == 1


@pytest.mark.parametrize("query", [
    "flt0_grade_equals=ZZ", "flt0_grade_in=H,ZZ", "flt0_owner_id_equals=abc", "flt0_owner_id_equals=99999999999999",
    "flt0_next_contact_on_from=2026-13-45", "flt0_completeness_least=viel", "flt0_owner_id_empty=vielleicht",
])
def test_a_filter_value_that_is_none_is_said_and_left_out(sign_in: SignIn, five: list[Any], query: str) -> None:
    found = page(sign_in("sales_consultant"), f"/admin/customer/?{query}")
    assert len(found.names()) == 5 and "alert-warning" in found.html


@pytest.mark.parametrize("query", [
    "page=99999999999999999999", "page=-3", "page=zwei", "after=99999999999", "before=x", "sort=99", "sort=-1",
    "sort=x",
    "page_size=100000", "flt0_unknown_equals=1", "flt=1", "flt0_", "desc=9", "search=%F0%9F%98%80", "exact=1",
])
def test_odd_addresses_are_answered(sign_in: SignIn, five: list[Any], query: str) -> None:
    found = page(sign_in("sales_consultant"), f"/admin/customer/?{query}")  # 200, not a page of an error
    assert set(found.names()) <= {f"李{number}号" for number in range(5)}


def test_private_fields_are_found_by_the_whole_value_and_never_sorted_by(
        sign_in: SignIn, session: Any, cast: Any) -> None:
    make_customer(session, owner=cast.sales_consultant, name="孙一", phone="+8613911110000")
    make_customer(session, owner=cast.sales_consultant, name="孙二", phone="+8613811110000")
    client = sign_in("sales_consultant")
    assert page(client, "/admin/customer/?flt0_phone_equals=13911110000").names() == ["孙一"]
    assert len(page(client, "/admin/customer/?flt0_phone_contains=139").names()) == 2  # no such filter
    by_phone = [link for link in page(client, "/admin/customer/").links if "sort=1" in link]
    assert by_phone == []
    assert page(client, "/admin/customer/?sort=1").names() == page(client, "/admin/customer/?sort=1&desc=1").names()


def test_sorts_by_a_column_both_ways_with_empty_values_last(sign_in: SignIn, session: Any, cast: Any) -> None:
    for name, value in (("甲", ch.Tier.B), ("乙", None), ("丙", ch.Tier.A)):
        make_customer(session, owner=cast.sales_consultant, name=name, tier=value)
    client = sign_in("sales_consultant")
    href = next(link for link in page(client, "/admin/customer/").links if "sort=4" in link)
    assert page(client, f"/admin/customer/{href}").names() == ["丙", "甲", "乙"]
    assert page(client, f"/admin/customer/{href}&desc=1").names() == ["甲", "丙", "乙"]


@pytest.mark.parametrize("order", ["", "sort=4", "sort=4&desc=1", "sort=6&desc=1"])
def test_pages_forward_and_back_show_every_row_once(
        sign_in: SignIn, session: Any, cast: Any, order: str) -> None:
    for number in range(47):
        make_customer(session, owner=cast.sales_consultant, name=f"客{number}",
                      tier=(ch.Tier.A, ch.Tier.B, None)[number % 3])
    client = sign_in("sales_consultant")
    found, address = [], f"/admin/customer/?{order}"
    visited = []
    while address:
        shown = page(client, address)
        visited.append(shown.names())
        found += shown.names()
        address = next((link for link in shown.links if "after=" in link), "")
    assert [len(names) for names in visited] == [20, 20, 7] and len(set(found)) == 47
    back = next(link for link in shown.links if "before=" in link)
    assert page(client, back).names() == visited[1]
    assert page(client, f"/admin/customer/?{order}&page=1").names() == visited[1]


def test_totals_stop_at_the_cap_and_count_exactly_behind_a_figure(
        sign_in: SignIn, five: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "COUNT_CAP", 3)
    client = sign_in("sales_consultant")
    assert "3+" in page(client, "/admin/customer/").html
    assert "3+" not in page(client, list_address("customer", ("stage", "equals", "prospect"))).html


def test_a_list_asks_the_database_the_same_number_of_times_however_long(
        sign_in: SignIn, session: Any, cast: Any) -> None:
    client = sign_in("sales_manager")
    make_customer(session, owner=cast.sales_consultant)
    page(client, "/admin/customer/")
    session.commit()
    with statements() as few:
        page(client, "/admin/customer/")
    for number in range(18):
        make_customer(session, owner=(cast.sales_consultant, cast.colleague)[number % 2])
    session.commit()
    page(client, "/admin/customer/")  # what the sidebar counts is counted anew after a change
    with statements() as many:
        page(client, "/admin/customer/")
    assert len(many) == len(few)


def test_empty_lists_say_what_to_do(sign_in: SignIn) -> None:
    found = page(sign_in("sales_consultant"), "/admin/customer/")
    assert 'class="empty"' in found.html and "/admin/customer/new/" in found.links


def test_markup_in_a_name_is_text(sign_in: SignIn, session: Any, cast: Any) -> None:
    make_customer(session, owner=cast.sales_consultant, name="<script>alert(1)</script>", note="<b>x</b>")
    found = page(sign_in("sales_consultant"), "/admin/customer/")
    assert "<script>alert" not in found.html and "&lt;script&gt;" in found.html


def test_no_right_no_list(sign_in: SignIn) -> None:
    assert "role=\"alert\"" in page(sign_in("administrator"), "/admin/customer/", 403).html
    page(sign_in("sales_consultant"), "/admin/audit_entry/", 403)


def test_a_row_out_of_scope_is_not_there(sign_in: SignIn, session: Any, cast: Any) -> None:
    theirs = make_customer(session, owner=cast.colleague, name="别人的客户")
    key, client = theirs.id, sign_in("sales_consultant")
    assert page(client, "/admin/customer/").rows == []
    for verb in ("details", "edit"):
        page(client, f"/admin/customer/{verb}/?id={key}", 404)
    for wrong in ("", "abc", "-1", "999999999999999999", "1 or 1=1"):
        page(client, f"/admin/customer/details/?id={wrong}", 404)


def test_twenty_rows_are_twenty_kilobytes_and_bring_no_forms(sign_in: SignIn, session: Any, cast: Any) -> None:
    for _number in range(25):
        make_customer(session, owner=cast.sales_consultant, last_contact_at=NOW, next_contact_on=NOW.date())
    session.commit()
    for name in ("general_manager", "sales_manager", "sales_consultant"):
        found = page(sign_in(name), "/admin/customer/")
        assert len(found.names()) == 20 and len(found.html.encode()) <= 20 * 1024
        rows = found.html.partition("<tbody>")[2].partition("</tbody>")[0]
        assert "<form" not in rows and "<button" not in rows and rows.count("<a ") == 20


def test_a_jump_counts_as_people_do_and_the_last_page_ends_the_list(
        sign_in: SignIn, session: Any, cast: Any) -> None:
    for number in range(47):
        make_customer(session, owner=cast.sales_consultant, name=f"客{number}")
    client = sign_in("sales_consultant")
    first = page(client, "/admin/customer/")
    assert page(client, "/admin/customer/?to=3").names() == page(client, "/admin/customer/?page=2").names()
    assert page(client, "/admin/customer/?to=0").names() == first.names()
    last = page(client, next(link for link in first.links if "last=1" in link))
    assert last.names()[-1] == "客0" and len(last.names()) == 20 and not any("after=" in link for link in last.links)
    assert not any("before=" in link or "last=" in link for link in first.links if "after=" in link)


def test_ready_chips_move_with_the_calendar(sign_in: SignIn, session: Any, cast: Any) -> None:
    today = clock.today()
    for name, day in (("今天", today), ("昨天", today - dt.timedelta(days=1)), ("明天", today + dt.timedelta(days=1))):
        make_customer(session, owner=cast.sales_consultant, name=name, next_contact_on=day)
    client = sign_in("sales_consultant")
    links = page(client, "/admin/customer/").links
    overdue = next(link for link in links if "to=yesterday" in link)
    due = next(link for link in links if "equals=today" in link)
    assert page(client, overdue).names() == ["昨天"] and page(client, due).names() == ["今天"]
    assert "equals=me" in "".join(links) and "empty=1" in "".join(links)


def test_a_customer_is_found_by_the_sound_of_the_name(sign_in: SignIn, session: Any, cast: Any) -> None:
    make_customer(session, owner=cast.sales_consultant, name="赵建国", pinyin=pinyin.of_name("赵建国"))
    client = sign_in("sales_consultant")
    for sound in ("zjg", "ZhaoJianGuo", "jianguo"):
        assert page(client, f"/admin/customer/?search={sound}").names() == ["赵建国"], sound
    assert page(client, "/admin/customer/?search=xyz").rows == []


def test_the_change_record_speaks_in_labels(sign_in: SignIn, session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, phone="+8613912345678")
    session.commit()
    customer.grade = ch.Grade.H
    session.commit()
    found = page(sign_in("auditor"), "/admin/audit_entry/?flt0_table_equals=customer")
    key = session.query(AuditEntry).filter_by(table="customer", verb="update").one().id
    entry = page(sign_in("auditor"), f"/admin/audit_entry/details/?id={key}")
    for html in (found.html, entry.html):
        assert "13912345678" not in html and "grade:" not in html


def test_a_page_past_the_end_does_not_say_that_there_is_nothing(sign_in: Any, session: Any, cast: Any) -> None:
    make_customer(session, owner=cast.sales_consultant)
    client = sign_in("sales_consultant")
    said = client.get("/admin/customer/?page=999").text.split('class="empty"')[1].split("</div>")[0]
    assert 'href="/admin/customer/"' in said and "/admin/customer/new/" not in said
