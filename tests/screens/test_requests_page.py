"""Asking a second person over HTTP: export, deletion and full numbers, role by role; refused roads leave the rows."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from admin_app import access
from admin_app import choices as ch
from admin_app import models as m
from admin_app.choices import RequestState
from admin_app.rules import requests
from tests.cast import ROLES
from tests.conftest import row
from tests.factories import make_customer
from tests.screens.desk_support import Page, page

SignIn = Callable[[str], FlaskClient]
PATH = "/admin/requests/"
ASK = "/admin/requests/new/"
EXPORT = {"verb": "export", "table": "customer", "form": "csv", "cols": "name,phone,district"}
FULL = EXPORT | {"verb": "export_full", "recipient": "岚风汽车厂家"}


@pytest.fixture
def three(session: Any, cast: Any) -> list[Any]:
    """Two of the sales team and one of another team."""
    return [make_customer(session, owner=cast.sales_consultant, name="=陈佳怡", phone="+8613912345678",
                          id_number="440301198503021234", grade=ch.Grade.H),
            make_customer(session, owner=cast.colleague, name="韩梅", phone="+8613912345679"),
            make_customer(session, owner=cast.other_team, name="外组", phone="+8613912345670")]


def token(client: FlaskClient) -> str:
    return Page(client.get("/account/password").text).fields["csrf_token"]


def send(client: FlaskClient, path: str, **words: Any) -> Any:
    return client.post(path, data={"csrf_token": token(client)} | words)


def ask(client: FlaskClient, **words: Any) -> Any:
    return send(client, ASK, **({"purpose": "季度回访核对"} | words))


def only(session: Any) -> Any:
    session.expire_all()
    return session.scalars(sa.select(m.SecondPersonRequest)).one()


def table_of(answer: Any) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))


def logged(session: Any) -> list[Any]:
    session.expire_all()
    return list(session.scalars(access.ungated(sa.select(m.AccessLog).where(m.AccessLog.verb == ch.AccessVerb.EXPORT))))


# ---------------------------------------------------------------- export


def test_request_approve_download(sign_in: SignIn, session: Any, cast: Any, three: list[Any]) -> None:
    asker, second = sign_in("sales_manager"), sign_in("care_manager")
    shown = page(asker, "/admin/customer/?flt0_grade_equals=H")
    link = next(link for link in shown.links if "verb=export&" in link and "form=csv" in link)
    assert not any("/export/csv/" in link for link in shown.links)
    form = page(asker, link).fields
    assert form["query"] == "flt0_grade_equals=H"
    sent = {name: form[name] for name in ("verb", "table", "form", "cols", "query", "once")}
    assert ask(asker, **sent).status_code == 302
    request = only(session)
    assert (request.count, request.state, request.form) == (1, RequestState.WAITING, "csv")
    assert asker.get("/admin/customer/export/csv/").status_code == 403
    assert "季度回访核对" in page(second, PATH).html
    send(second, f"{PATH}decide/", id=request.id, verb="approve", note="可以")
    answer = send(asker, f"{PATH}use/", id=request.id)
    rows = table_of(answer)
    assert answer.status_code == 200 and len(rows) == 2 and "139****5678" in rows[1] and "'=陈佳怡" in rows[1]
    entry = logged(session)[0]
    assert (entry.count, entry.user_id, entry.table) == (1, cast.sales_manager.id, "customer")
    assert f"#{request.id}" in entry.reason and "季度回访核对" in entry.reason
    again = send(asker, f"{PATH}use/", id=request.id)
    assert again.status_code == 302 and len(logged(session)) == 1
    assert asker.get("/admin/customer/export/csv/").status_code == 403


@pytest.mark.parametrize("role", ROLES)
def test_who_may_ask_by_role(sign_in: SignIn, session: Any, three: list[Any], role: str) -> None:
    client = sign_in(role)
    starred = {"sales_manager", "service_manager", "care_manager"}
    for asked, words, may in (("export", EXPORT, starred), ("export_full", FULL, starred | {"general_manager"}),
                              ("delete", {"verb": "delete", "table": "customer"}, {"sales_manager"})):
        number = three[0].id
        answer = ask(client, **words | {"id": number})
        if role not in may:
            assert answer.status_code in (403, 404), (asked, answer.status_code)
            assert client.get(ASK, query_string=words | {"id": number}).status_code in (403, 404)
        elif role == "service_manager":  # it may ask, but sees none of these rows
            assert answer.status_code == 400
        else:
            assert answer.status_code == 302, asked
    made = session.scalar(access.ungated(sa.select(sa.func.count(m.SecondPersonRequest.id))))
    assert made == {"sales_manager": 3, "care_manager": 2, "general_manager": 1}.get(role, 0)
    assert logged(session) == [] and all(row(m.Customer, one.id).deleted_at is None for one in three)
    assert (client.get(PATH).status_code == 200) == (role in {
        "general_manager", "sales_manager", "service_manager", "care_manager", "auditor"})


@pytest.mark.parametrize("name", ["sales_manager", "sales_consultant", "care_specialist", "marketing", "auditor",
                                  "service_manager", "administrator", "outsider"])
def test_who_may_not_approve(sign_in: SignIn, session: Any, three: list[Any], name: str) -> None:
    ask(sign_in("sales_manager"), **EXPORT)
    request = only(session)
    client = sign_in(name)
    for verb in ("approve", "refuse"):
        assert send(client, f"{PATH}decide/", id=request.id, verb=verb, note="试试").status_code in (403, 404)
        assert only(session).state == RequestState.WAITING
    assert send(client, f"{PATH}use/", id=request.id).status_code in (302, 403, 404)
    assert logged(session) == []


def test_a_refusal_is_told(sign_in: SignIn, session: Any, three: list[Any]) -> None:
    asker, second = sign_in("sales_manager"), sign_in("general_manager")
    ask(asker, **EXPORT)
    request = only(session)
    send(second, f"{PATH}decide/", id=request.id, verb="refuse", note="")
    assert only(session).state == RequestState.WAITING
    send(second, f"{PATH}decide/", id=request.id, verb="refuse", note="用途不明")
    assert "用途不明" in page(asker, f"{PATH}?show=mine").html
    assert send(asker, f"{PATH}use/", id=request.id).status_code == 302 and logged(session) == []
    assert send(second, f"{PATH}decide/", id=request.id, verb="other").status_code == 400


def test_an_approval_that_ran_out_makes_no_file(sign_in: SignIn, session: Any, three: list[Any]) -> None:
    asker = sign_in("sales_manager")
    ask(asker, **EXPORT)
    request = only(session)
    send(sign_in("general_manager"), f"{PATH}decide/", id=request.id, verb="approve")
    request = only(session)
    assert request.expires_at - request.decided_at == requests.GOOD_FOR
    request.expires_at = request.decided_at - dt.timedelta(seconds=1)
    session.commit()
    assert 'class="state state-late"' in page(asker, f"{PATH}?show=mine").html
    assert send(asker, f"{PATH}use/", id=request.id).status_code == 302
    assert only(session).used_at is None and logged(session) == []


def test_no_row_comes_in_that_was_not_approved(sign_in: SignIn, session: Any, cast: Any, three: list[Any]) -> None:
    asker = sign_in("sales_manager")
    ask(asker, **EXPORT)
    request = only(session)
    send(sign_in("general_manager"), f"{PATH}decide/", id=request.id, verb="approve")
    late = make_customer(session, owner=cast.colleague, name="后来的")
    assert send(asker, f"{PATH}use/", id=request.id).status_code == 302
    assert only(session).used_at is None and logged(session) == []
    late.owner_id = cast.other_team.id
    session.commit()
    three[1].owner_id = cast.other_team.id  # and one that left the scope is not in the file
    session.commit()
    rows = table_of(send(asker, f"{PATH}use/", id=request.id))
    assert [line[0] for line in rows[1:]] == [str(three[0].id)] and logged(session)[0].count == 1


def test_the_scope_of_the_asker_not_of_the_approver(sign_in: SignIn, session: Any, three: list[Any]) -> None:
    asker = sign_in("sales_manager")
    ask(asker, **EXPORT)
    request = only(session)
    assert request.count == 2
    send(sign_in("general_manager"), f"{PATH}decide/", id=request.id, verb="approve")
    assert "外组" not in send(asker, f"{PATH}use/", id=request.id).get_data(as_text=True)


def test_what_is_missing_comes_back_with_what_was_typed(sign_in: SignIn, session: Any, three: list[Any]) -> None:
    client = sign_in("sales_manager")
    answer = ask(client, **EXPORT, purpose="短", recipient="厂家")
    assert answer.status_code == 400 and Page(answer.text).fields["recipient"] == "厂家"
    assert ask(client, **EXPORT, query="search=没有这个人").status_code == 400
    for words in ({"form": "pdf"}, {"verb": "steal"}, {"table": "nothing"}):
        assert ask(client, **EXPORT | words).status_code == 404
    assert session.scalar(access.ungated(sa.select(sa.func.count(m.SecondPersonRequest.id)))) == 0


def test_pressed_twice_asked_once(sign_in: SignIn, session: Any, three: list[Any]) -> None:
    client = sign_in("sales_manager")
    for _press in range(2):
        assert ask(client, **EXPORT, once="abc").status_code == 302
    assert only(session).count == 2


def test_the_menu_counts_what_waits_for_me(sign_in: SignIn, session: Any, three: list[Any]) -> None:
    ask(sign_in("sales_manager"), **EXPORT)
    counted = re.compile(r'/admin/requests/"[^>]*>[^<]*<span class="side-n">1<')
    assert counted.search(sign_in("care_manager").get("/admin/").get_data(as_text=True))
    for name in ("sales_manager", "service_manager", "auditor", "care_specialist"):
        assert not counted.search(sign_in(name).get("/admin/").get_data(as_text=True))


def test_a_phone_in_the_search_is_masked_for_the_approver(sign_in: SignIn, session: Any, three: list[Any]) -> None:
    client = sign_in("sales_manager")
    ask(client, **EXPORT, query="search=13912345678&flt0_phone_equals=13912345678")
    second = sign_in("general_manager")
    for path in (PATH, f"{PATH}?show=all", "/admin/second_person_request/?cols=purpose,query",
                 "/admin/second_person_request/details/?id=1", "/admin/audit_entry/"):
        assert "13912345678" not in second.get(path).get_data(as_text=True), path


# ---------------------------------------------------------------- full numbers


def test_full_numbers_only_by_request_even_for_the_general_manager(
        sign_in: SignIn, session: Any, cast: Any, three: list[Any]) -> None:
    asker = sign_in("general_manager")
    assert "13912345678" not in asker.get("/admin/customer/export/csv/?full=1").get_data(as_text=True)
    before = len(logged(session))
    ask(asker, **FULL | {"cols": "name,phone,id_number", "form": "xlsx"}, query="flt0_grade_equals=H")
    request = only(session)
    assert send(asker, f"{PATH}decide/", id=request.id, verb="approve").status_code == 403
    assert send(asker, f"{PATH}use/", id=request.id).status_code == 302
    assert len(logged(session)) == before and only(session).state == RequestState.WAITING
    send(sign_in("care_manager"), f"{PATH}decide/", id=request.id, verb="approve", note="厂家调研")
    mark = only(session).mark
    book = openpyxl.load_workbook(io.BytesIO(send(asker, f"{PATH}use/", id=request.id).data))
    first = [cell.value for cell in book.active[2]]
    assert first[1:4] == ["=陈佳怡", "13912345678", "440***********1234"] and book.active.max_row == 2
    for said in (first[4], book.properties.description, book.active.oddHeader.center.text):
        assert mark in said and cast.general_manager.name in said and "岚风汽车厂家" in said
    entry = logged(session)[-1]
    assert mark in entry.reason and "岚风汽车厂家" in entry.reason and entry.count == 1


def test_full_numbers_need_a_recipient_and_the_agreement(
        sign_in: SignIn, session: Any, cast: Any, three: list[Any]) -> None:
    client = sign_in("general_manager")
    assert ask(client, **FULL | {"recipient": ""}).status_code == 400
    ask(client, **FULL)
    request = only(session)
    send(sign_in("care_manager"), f"{PATH}decide/", id=request.id, verb="approve")
    cast.general_manager.agreement_version = None
    session.commit()
    assert send(client, f"{PATH}use/", id=request.id).status_code in (302, 403)
    assert only(session).used_at is None and logged(session) == []


@pytest.mark.parametrize("table", ["visit", "followup", "complaint"])
def test_no_full_numbers_where_none_are(sign_in: SignIn, session: Any, table: str) -> None:
    assert ask(sign_in("general_manager"), **FULL | {"table": table, "cols": ""}).status_code == 403


# ---------------------------------------------------------------- deletion


def test_request_approve_delete(sign_in: SignIn, session: Any, cast: Any, three: list[Any]) -> None:
    asker, second = sign_in("sales_manager"), sign_in("general_manager")
    keys = [three[0].id, three[1].id]
    for path, words in (("delete", {"id": keys[0]}), ("action", {"action": "delete", "rowid": keys})):
        assert send(asker, f"/admin/customer/{path}/", **words).status_code == 403
    to = send(asker, "/admin/customer/action/", action="ask_delete", rowid=keys).headers["Location"]
    assert "=陈佳怡" in page(asker, to).html
    ask(asker, verb="delete", table="customer", id=keys, purpose="重复建档，客户要求删除")
    request = only(session)
    assert request.ids == [[one.id, one.version] for one in three[:2]]
    assert send(asker, f"{PATH}use/", id=request.id).status_code == 302
    assert all(row(m.Customer, key).deleted_at is None for key in keys)
    send(second, f"{PATH}decide/", id=request.id, verb="approve")
    assert all(row(m.Customer, key).deleted_at is None for key in keys)
    send(asker, f"{PATH}use/", id=request.id)
    assert all(row(m.Customer, key).deleted_at is not None for key in keys)
    assert row(m.Customer, three[2].id).deleted_at is None
    assert "=陈佳怡" in page(second, "/admin/recycle/").html


def test_nobody_asks_to_delete_what_he_may_not(sign_in: SignIn, session: Any, three: list[Any]) -> None:
    client = sign_in("sales_manager")
    for keys in ([three[2].id], [three[0].id, three[2].id], [99_999], ["x"]):
        assert ask(client, verb="delete", table="customer", id=keys).status_code in (403, 404)
    assert send(client, "/admin/customer/action/", action="ask_delete", rowid=[three[2].id]).status_code == 404
    assert send(sign_in("sales_consultant"), "/admin/customer/action/", action="ask_delete",
                rowid=[three[0].id]).status_code == 403
    assert session.scalar(access.ungated(sa.select(sa.func.count(m.SecondPersonRequest.id)))) == 0


def test_the_way_to_ask_is_shown_to_those_who_may(sign_in: SignIn, session: Any, three: list[Any]) -> None:
    link = f"/admin/requests/new/?verb=delete&table=customer&id={three[0].id}"
    path = f"/admin/customer/details/?id={three[0].id}"
    assert link in page(sign_in("sales_manager"), path).links
    for name in ("general_manager", "sales_consultant", "care_manager"):
        assert link not in page(sign_in(name), path).links
