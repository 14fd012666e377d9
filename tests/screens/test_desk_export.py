"""Export: masked, with the key, safe against formulas, as filtered, logged, and refused where it must be."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from admin_app import access_log
from admin_app import choices as ch
from admin_app import models as m
from admin_app.desk import exports
from tests.factories import make_customer
from tests.screens.desk_support import page

SignIn = Callable[[Any], FlaskClient]


@pytest.fixture
def three(session: Any, cast: Any) -> list[Any]:
    owner = cast.sales_consultant
    return [make_customer(session, owner=owner, name="陈佳怡", phone="+8613912345678", grade=ch.Grade.H,
                          note="=HYPERLINK(\"http://x\")", wechat="+86 chat", tags=["置换"]),
            make_customer(session, owner=owner, name="@SUM(1+1)", note="-1+1\n第二行", concerns="\t=1"),
            make_customer(session, owner=cast.colleague, name="韩雪，\"引号\"", note="普通")]


def read_csv(answer: Any) -> list[dict[str, str]]:
    text = answer.data.decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def fetch(client: FlaskClient, session: Any, path: str) -> Any:
    session.commit()
    return client.get(path)


def test_csv_carries_key_labels_masks_and_no_formula(sign_in: SignIn, session: Any, three: list[Any]) -> None:
    answer = fetch(sign_in("general_manager"), session, "/admin/customer/export/csv/")
    rows = {row["id"]: row for row in read_csv(answer)}
    assert answer.status_code == 200 and len(rows) == 3 and "13912345678" not in answer.text
    first = next(row for row in rows.values() if "陈佳怡" in row.values())
    assert "139****5678" in first.values()
    for row in rows.values():
        assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r")) for value in row.values())
    assert any(value == "'@SUM(1+1)" for row in rows.values() for value in row.values())
    assert any(value == "韩雪，\"引号\"" for row in rows.values() for value in row.values())


def test_xlsx_has_no_live_formula(sign_in: SignIn, session: Any, three: list[Any]) -> None:
    answer = fetch(sign_in("general_manager"), session, "/admin/customer/export/xlsx/?all=1")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    cells = [cell for line in sheet.iter_rows() for cell in line]
    assert sheet.max_row == 4 and sheet["A1"].value == "id"
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert any(cell.value == "=HYPERLINK(\"http://x\")" for cell in cells)
    assert not any("13912345678" in str(cell.value) for cell in cells)


def test_the_export_is_what_the_list_shows(sign_in: SignIn, session: Any, three: list[Any]) -> None:
    client = sign_in("general_manager")
    shown = page(client, "/admin/customer/?flt0_grade_equals=H")
    href = next(link for link in shown.links if "export/csv" in link)
    assert len(read_csv(fetch(client, session, href))) == 1
    assert len(read_csv(fetch(client, session, "/admin/customer/export/csv/?search=韩"))) == 1


def test_an_export_is_logged_with_its_number_of_rows(sign_in: SignIn, session: Any, three: list[Any]) -> None:
    fetch(sign_in("general_manager"), session, "/admin/customer/export/csv/")
    entry = session.scalars(sa.select(m.AccessLog).where(m.AccessLog.verb == ch.AccessVerb.EXPORT)).one()
    assert entry.table == "customer" and entry.count == 3


@pytest.mark.parametrize("name", ["sales_manager", "sales_consultant", "care_manager", "marketing", "administrator"])
def test_who_may_not_export_is_refused(sign_in: SignIn, session: Any, three: list[Any], name: str) -> None:
    client = sign_in(name)
    for kind in ("csv", "xlsx"):
        assert fetch(client, session, f"/admin/customer/export/{kind}/").status_code == 403
    assert session.scalar(sa.select(sa.func.count(m.AccessLog.id)).where(m.AccessLog.verb == "export")) == 0


def test_without_the_signed_agreement_nobody_exports(
        sign_in: SignIn, session: Any, three: list[Any], cast: Any) -> None:
    client = sign_in("general_manager")
    cast.general_manager.agreement_version = None
    assert fetch(client, session, "/admin/customer/export/csv/").status_code in (302, 403)
    assert session.scalar(sa.select(sa.func.count(m.AccessLog.id)).where(m.AccessLog.verb == "export")) == 0


def test_too_many_rows_are_said_not_cut(
        sign_in: SignIn, session: Any, three: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST_ROWS", 2)
    client = sign_in("general_manager")
    assert fetch(client, session, "/admin/customer/export/csv/").status_code == 302
    assert any(text.strip() for text in page(client, "/admin/customer/").alerts)
    assert session.scalar(sa.select(sa.func.count(m.AccessLog.id)).where(m.AccessLog.verb == "export")) == 0


def test_no_file_without_its_entry_in_the_log(
        sign_in: SignIn, session: Any, three: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in("general_manager")

    def full(*_arguments: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(access_log, "exported", full)
    answer = fetch(client, session, "/admin/customer/export/csv/")
    assert answer.status_code == 500 and "陈佳怡" not in answer.text


def test_the_log_says_what_was_taken_with_its_numbers_masked(
        sign_in: SignIn, session: Any, three: list[Any]) -> None:
    fetch(sign_in("general_manager"), session, "/admin/customer/export/csv/?search=13912345678")
    entry = session.scalars(sa.select(m.AccessLog).where(m.AccessLog.verb == ch.AccessVerb.EXPORT)).one()
    assert entry.count == 1 and "5678" in entry.reason and "13912345678" not in entry.reason


def test_another_kind_of_file_is_not_there(sign_in: SignIn, session: Any) -> None:
    assert fetch(sign_in("general_manager"), session, "/admin/customer/export/json/").status_code == 404


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\tx", "\rx"])
def test_a_dangerous_text_gets_an_apostrophe(text: str) -> None:
    assert exports.safe(text) == "'" + text
    assert exports.safe(text[1:] + "a") == text[1:] + "a"
