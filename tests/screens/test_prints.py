"""Paper: the customer file, the daily sheet, the callback form; in scope, masked, and logged when they are opened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask.testing import FlaskClient

from admin_app import access
from admin_app import choices as ch
from admin_app import models as m
from tests.cast import NOW, ROLES, TODAY
from tests.factories import make_customer, make_followup, make_order, make_vehicle, make_visit
from tests.screens.desk_support import page

SignIn = Callable[[str], FlaskClient]


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def task(session: Any, cast: Any) -> Any:
    found = make_customer(session, owner=cast.sales_consultant, name="陈佳怡", phone="+8613912345678",
                          phone2="+8613712345678", id_number="440301198503021234", note="喜欢蓝色")
    make_vehicle(session, found, model="岚风 S7", vin="LSVAA4182E2999999", plate="粤B12345")
    make_visit(session, found, staff=cast.sales_consultant, content="看过车")
    make_order(session, found)
    return make_followup(session, found, assignee=cast.sales_consultant, reason="交车回访", script="请问车辆一切正常吗")


def printed(session: Any) -> list[tuple[str, int | None, int | None]]:
    session.expire_all()
    rows = session.scalars(access.ungated(sa.select(m.AccessLog).where(m.AccessLog.verb == ch.AccessVerb.PRINT)))
    return [(one.table, one.row_id, one.count) for one in rows]


def test_the_customer_file(sign_in: SignIn, session: Any, cast: Any, task: Any) -> None:
    text = page(sign_in("sales_consultant"), f"/admin/print/customer/?id={task.customer_id}").html
    for said in ("陈佳怡", "139****5678", "喜欢蓝色", "岚风 S7", "看过车"):
        assert said in text
    assert cast.sales_consultant.name in text.split('class="paper-mark"')[1]
    for hidden in ("13912345678", "13712345678", "440301198503021234", "LSVAA4182E2999999", "粤B12345", 'class="side"'):
        assert hidden not in text
    assert printed(session) == [("customer", task.customer_id, 1)]


def test_the_daily_sheet(sign_in: SignIn, session: Any, cast: Any, task: Any) -> None:
    for reason, days in (("逾期", -2), ("以后", 1)):
        make_followup(session, task.customer, assignee=cast.sales_consultant, reason=reason,
                      due=TODAY + dt.timedelta(days=days))
    client = sign_in("sales_consultant")
    text = page(client, "/admin/print/day/").html
    assert "交车回访" in text and "逾期" in text and "以后" not in text and "请问车辆一切正常吗" in text
    assert "139****5678" in text and "13912345678" not in text
    text = page(client, "/admin/print/day/?day=2026-11-24").html
    assert "以后" in text and "交车回访" not in text
    assert printed(session) == [("followup", None, 2), ("followup", None, 1)]


def test_the_sheet_of_another_person_holds_what_the_reader_may_see(
        sign_in: SignIn, session: Any, cast: Any, task: Any) -> None:
    path = f"/admin/print/day/?owner={cast.sales_consultant.id}"
    assert "陈佳怡" in page(sign_in("sales_manager"), path).html
    for name in ("colleague", "outsider"):
        client = sign_in(name)
        assert "陈佳怡" not in client.get(path).get_data(as_text=True), name


def test_the_callback_form(sign_in: SignIn, session: Any, task: Any) -> None:
    text = page(sign_in("sales_consultant"), f"/admin/print/callback/?followup={task.id}").html
    assert "139****5678" in text and "13912345678" not in text and "请问车辆一切正常吗" in text and "WX" in text
    assert printed(session) == [("followup", task.id, 1)]


@pytest.mark.parametrize("role", [*ROLES, "colleague", "outsider"])
def test_who_prints_what(sign_in: SignIn, session: Any, cast: Any, task: Any, role: str) -> None:
    """Whoever may open the record; a refused print is in no log."""
    client = sign_in(role)
    reads = {"general_manager", "sales_manager", "sales_consultant", "care_manager", "care_specialist", "auditor"}
    for path, may in ((f"/admin/print/customer/?id={task.customer_id}", reads | {"marketing"}),
                      (f"/admin/print/callback/?followup={task.id}", reads)):
        before, status = len(printed(session)), client.get(path).status_code
        assert status == 200 if role in may else status in (403, 404), (path, status)
        assert len(printed(session)) == before + (role in may)
    assert (client.get("/admin/print/day/").status_code == 200) == (role not in {"marketing", "administrator"})


@pytest.mark.parametrize("path", ["customer/?id=x", "customer/", "customer/?id=99999", "callback/?followup=0",
                                  "day/?owner=99999"])
def test_nothing_to_print(sign_in: SignIn, session: Any, path: str) -> None:
    assert sign_in("general_manager").get(f"/admin/print/{path}").status_code == 404
    assert printed(session) == []


def test_the_buttons_that_lead_here(sign_in: SignIn, session: Any, task: Any) -> None:
    client = sign_in("sales_consultant")
    assert f"/admin/print/customer/?id={task.customer_id}" in page(
        client, f"/admin/customer/details/?id={task.customer_id}").links
    due = page(client, "/admin/followups/").links
    assert "/admin/print/day/" in due and f"/admin/print/callback/?followup={task.id}" in due
