"""The columns of a list: chosen and ordered in the address, kept by somebody or for the store, also exported."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from admin_app import access
from admin_app import choices as ch
from admin_app import models as m
from tests.factories import make_customer, make_visit
from tests.screens.desk_support import Page, page

SignIn = Callable[[str], FlaskClient]
LIST = "/admin/customer/"


@pytest.fixture
def customer(session: Any, cast: Any) -> Any:
    found = make_customer(session, owner=cast.sales_consultant, name="陈佳怡", phone="+8613912345678",
                          district="福田区", grade=ch.Grade.H)
    make_visit(session, found, staff=cast.sales_consultant)
    return found


def head(client: FlaskClient, path: str) -> list[str]:
    """The headings of a list, without the tick box and the actions."""
    shown = page(client, path)
    return [cell for cell in shown.rows[0] if cell and cell != "操作"]


def choose(client: FlaskClient, verb: str, columns: list[str], url: str = LIST, **words: str) -> Any:
    token = Page(client.get("/account/password").text).fields["csrf_token"]
    return client.post(f"{LIST}columns/", data={"csrf_token": token, "verb": verb, "col": columns, "url": url} | words)


def header_of(client: FlaskClient, path: str) -> list[str]:
    return next(csv.reader(io.StringIO(client.get(path).get_data().decode("utf-8-sig"))))


def test_the_address_chooses_and_orders_the_columns(sign_in: SignIn, customer: Any) -> None:
    client = sign_in("sales_consultant")
    assert head(client, f"{LIST}?cols=name,district,phone") == ["姓名", "居住区", "手机"]
    assert head(client, f"{LIST}?cols=phone,name,district") == ["姓名", "手机", "居住区"]  # the title leads
    shown = page(client, f"{LIST}?cols=name,district,phone")
    assert shown.rows[1][:3] == ["陈佳怡", "福田区", "139****5678"]
    sorting = [link for link in shown.links if "sort=" in link]
    assert len(sorting) == 2 and all("cols=name%2Cdistrict%2Cphone" in link for link in sorting)  # none by the phone


def test_what_is_no_column_is_said_and_left_out(sign_in: SignIn, customer: Any) -> None:
    client = sign_in("sales_consultant")
    shown = page(client, f"{LIST}?cols=name,nonsense,pinyin,version,grade")
    assert any("nonsense" in text and "pinyin" in text and "version" in text for text in shown.alerts)
    assert [cell for cell in shown.rows[0] if cell][:2] == ["姓名", "意向等级"]
    usual = head(client, LIST)
    for bad in ("nonsense", ",,,", "%00"[:0], "password_hash", "<script>"):
        assert head(client, f"{LIST}?cols={bad}") == usual


def test_private_columns_stay_masked_and_nobody_sorts_by_them(sign_in: SignIn, session: Any, customer: Any) -> None:
    customer.id_number, customer.phone2 = "440301198503021234", "+8613712345678"
    session.commit()
    client = sign_in("sales_consultant")
    answer = client.get(f"{LIST}?cols=name,id_number,phone2,phone&sort=2").get_data(as_text=True)
    for number in ("440301198503021234", "13712345678", "13912345678"):
        assert number not in answer
    view = client.application.extensions["admin"][0]._views[1]
    places = [place for place, (name, _label) in enumerate(view._list_columns) if view.about[name].private]
    for place in places:
        answer = page(client, f"{LIST}?cols=name,id_number,phone2,phone&sort={place}")
        assert 'aria-sort' not in answer.html


def test_sorting_by_a_column_that_was_chosen(sign_in: SignIn, session: Any, cast: Any, customer: Any) -> None:
    make_customer(session, owner=cast.sales_consultant, name="安", district="宝安区")
    client = sign_in("sales_consultant")
    links = [link for link in page(client, f"{LIST}?cols=name,district").links if "sort=" in link]
    links = [f"{LIST}{link}" for link in links]
    down = page(client, f"{links[-1]}&desc=1").names()
    assert page(client, links[-1]).names() == down[::-1] and len(links) == 2


def test_choosing_moving_and_keeping(sign_in: SignIn, session: Any, cast: Any, customer: Any) -> None:
    make_customer(session, owner=cast.colleague)
    client = sign_in("sales_consultant")
    here = f"{LIST}?flt0_grade_equals=H&columns=1&page=3"
    shown = choose(client, "show", ["name", "phone", "tier"], here).headers["Location"]
    assert shown == f"{LIST}?flt0_grade_equals=H&cols=name%2Cphone%2Ctier"
    moved = choose(client, "up:tier", ["name", "phone", "tier"], here).headers["Location"]
    assert "cols=name%2Ctier%2Cphone" in moved and "columns=1" in moved
    assert "cols=name%2Cphone%2Ctier" in choose(client, "down:tier", ["name", "phone", "tier"]).headers["Location"]
    choose(client, "keep", ["name", "tier", "phone"])
    assert head(client, LIST) == ["姓名", "价值等级", "手机"]
    assert head(client, f"{LIST}?cols=name,grade") == ["姓名", "意向等级"]
    assert len(head(sign_in("colleague"), LIST)) > 5  # the list of others stays
    choose(client, "usual", [])
    assert len(head(client, LIST)) > 5
    kept = session.scalars(sa.select(m.FieldSet)).one()
    assert (kept.created_by_id, kept.table, kept.standard) == (cast.sales_consultant.id, "customer", False)


def test_a_set_for_everybody_in_the_store(sign_in: SignIn, customer: Any) -> None:
    client = sign_in("care_manager")
    choose(client, "save", ["name", "district"], name="片区表", shared="y")
    other = page(sign_in("sales_consultant"), f"{LIST}?columns=1")
    assert any("cols=name%2Cdistrict" in link for link in other.links) and "片区表" in other.html
    assert "片区表" not in page(sign_in("outsider"), f"{LIST}?columns=1").html
    refused = choose(client, "save", ["name", "district"], name=" ")
    assert Page(client.get(refused.headers["Location"]).text).alerts


def test_the_panel_leads_nowhere_else(sign_in: SignIn, customer: Any) -> None:
    client = sign_in("sales_consultant")
    for url in ("https://evil.test/", "//evil.test", "/\\evil.test"):
        assert choose(client, "show", ["name"], url).status_code == 400
    assert choose(client, "show", ["name", "x\r\ny"], "/admin/vehicle/?search=1").headers["Location"] == (
        f"{LIST}?search=1&cols=name")


def test_an_export_has_the_columns_of_the_list(sign_in: SignIn, session: Any, customer: Any) -> None:
    client = sign_in("general_manager")
    shown = page(client, f"{LIST}?cols=name,district,phone&flt0_grade_equals=H&sort=0")
    links = [link for link in shown.links if "/export/csv/" in link]
    assert header_of(client, links[0]) == ["id", "姓名", "居住区", "手机"]
    whole = header_of(client, links[1])
    assert len(whole) > 40 and whole[0] == "id" and "备注" in whole and "居住区" in whole
    choose(client, "keep", ["name", "grade"])
    assert header_of(client, f"{LIST}export/csv/") == ["id", "姓名", "意向等级"]
    assert header_of(client, f"{LIST}export/csv/?cols=name,version,pinyin") == ["id", "姓名"]


def test_the_order_of_an_export_is_that_of_the_list(sign_in: SignIn, session: Any, cast: Any, customer: Any) -> None:
    for name in ("甲", "乙", "丙"):
        make_customer(session, owner=cast.colleague, name=name)
    client = sign_in("general_manager")
    shown = page(client, f"{LIST}?sort=0&desc=1")
    link = next(link for link in shown.links if "/export/csv/" in link)
    rows = list(csv.reader(io.StringIO(client.get(link).get_data().decode("utf-8-sig"))))
    assert [row[1] for row in rows[1:]] == shown.names()


def test_the_hidden_columns_of_a_log_stay_hidden_whatever_is_chosen(
        sign_in: SignIn, session: Any, cast: Any, customer: Any) -> None:
    customer.note = "只有自己人知道"
    session.commit()
    reader = sign_in("administrator")
    text = reader.get("/admin/audit_entry/?cols=seq,label,changes").get_data(as_text=True)
    assert "陈佳怡" not in text and "只有自己人知道" not in text
    with access.as_system(session, "test"):
        for grant in session.scalars(sa.select(m.Grant).where(
                m.Grant.role_id == cast.auditor.role_id, m.Grant.table == "customer")):
            grant.read = ch.Scope.NONE
    session.commit()
    auditor = sign_in("auditor")
    for chosen in ("seq,label", "seq,label,changes,table,row_id", "changes"):
        answer = auditor.get(f"/admin/audit_entry/export/csv/?cols={chosen}")
        assert answer.status_code == 200 and "陈佳怡" not in answer.get_data(as_text=True)
