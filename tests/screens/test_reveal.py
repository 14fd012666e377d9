"""Showing one private value: with a task, with a reason, refused; always logged, never in the page before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from admin_app import choices as ch
from admin_app import models as m
from admin_app.access import ungated
from admin_app.database import db
from tests.cast import NOW
from tests.factories import make_complaint, make_customer, make_followup, make_order, make_vehicle
from tests.screens.daily_support import all_of, send

PATH = "/admin/reveal/"
NUMBER = "13812344290"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def customer(session: Any, cast: Any) -> int:
    found = make_customer(session, owner=cast.sales_consultant, advisor_id=cast.service_advisor.id,
                          phone=f"+86{NUMBER}")
    session.commit()
    return found.id


def ask(client: Any, key: int, **given: Any) -> Any:
    return send(client, PATH, **({"table": "customer", "id": key, "field": "phone"} | given))


def reveals() -> list[Any]:
    return all_of(m.AccessLog, m.AccessLog.verb == "reveal")


def test_an_open_task_is_the_reason(customer: int, session: Any, cast: Any, sign_in: Any) -> None:
    task = make_followup(session, session.get(m.Customer, customer), assignee=cast.sales_consultant)
    session.commit()
    key, me = task.id, cast.sales_consultant.id
    session.rollback()
    answer = ask(sign_in("sales_consultant"), customer)
    assert (answer.status_code, answer.json) == (200, {"value": NUMBER})
    (entry,) = reveals()
    assert (entry.user_id, entry.table, entry.row_id, entry.field, entry.task) == (
        me, "customer", customer, "phone", f"followup {key}")


@pytest.mark.parametrize("kind", ["complaint", "repair_order"])
def test_a_complaint_in_charge_and_an_open_order_are_tasks_too(
        customer: int, session: Any, cast: Any, sign_in: Any, kind: str) -> None:
    row = session.get(m.Customer, customer)
    if kind == "complaint":
        make_complaint(session, row, owner=cast.care_specialist)
    else:
        make_order(session, row, advisor=cast.service_advisor)
    session.commit()
    person = "care_specialist" if kind == "complaint" else "service_advisor"
    assert ask(sign_in(person), customer).status_code == 200
    assert reveals()[0].task.startswith(kind)


@pytest.mark.parametrize("state", [ch.FollowUpState.DONE, ch.FollowUpState.SKIPPED, ch.FollowUpState.VOID])
def test_a_settled_task_is_no_reason(customer: int, session: Any, cast: Any, sign_in: Any, state: Any) -> None:
    make_followup(session, session.get(m.Customer, customer), assignee=cast.sales_consultant, state=state)
    session.commit()
    assert ask(sign_in("sales_consultant"), customer).status_code == 422


def test_somebody_elses_task_is_no_reason(customer: int, session: Any, cast: Any, sign_in: Any) -> None:
    make_followup(session, session.get(m.Customer, customer), assignee=cast.sales_consultant)
    session.commit()
    answer = ask(sign_in("care_specialist"), customer)
    assert answer.status_code == 422
    assert NUMBER not in answer.text
    assert reveals() == []


def test_without_a_task_a_reason_is_typed_and_logged(customer: int, sign_in: Any) -> None:
    client = sign_in("care_specialist")
    for text in ("", "  ", "x"):
        assert ask(client, customer, reason=text).status_code == 422
    assert reveals() == []
    answer = ask(client, customer, reason="客户来电要求回拨")
    assert (answer.status_code, answer.json["value"]) == (200, NUMBER)
    assert [(entry.reason, entry.task) for entry in reveals()] == [("客户来电要求回拨", None)]


def test_the_limit_of_the_day_counts_only_reveals_without_a_task(
        customer: int, session: Any, cast: Any, sign_in: Any) -> None:
    cast.store.reveals_each = 2
    task = make_followup(session, session.get(m.Customer, customer), assignee=cast.sales_consultant)
    session.commit()
    client = sign_in("sales_consultant")
    for _time in range(3):
        assert ask(client, customer).status_code == 200
    task.state = ch.FollowUpState.DONE
    session.commit()
    for _time in range(2):
        assert ask(client, customer, reason="客户要求回电").status_code == 200
    refused = ask(client, customer, reason="客户要求回电")
    assert refused.status_code == 403
    assert NUMBER not in refused.text
    assert len(reveals()) == 5
    (note,) = all_of(m.AccessLog, m.AccessLog.verb == "refused", m.AccessLog.field == "phone")
    assert note.row_id == customer
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        assert ask(sign_in("sales_consultant"), customer, reason="客户要求回电").status_code == 200


@pytest.mark.parametrize("role", ["marketing", "auditor"])
def test_those_who_may_never_reveal_are_refused_and_noted(customer: int, sign_in: Any, role: str) -> None:
    answer = ask(sign_in(role), customer, reason="我想看看这个号码")
    assert answer.status_code == 403
    assert NUMBER not in answer.text
    assert reveals() == []
    assert len(all_of(m.AccessLog, m.AccessLog.verb == "refused")) == 1


@pytest.mark.parametrize("username", ["administrator", "colleague", "outsider"])
def test_a_customer_out_of_sight_is_404(customer: int, sign_in: Any, username: str) -> None:
    assert ask(sign_in(username), customer, reason="我想看看这个号码").status_code == 404
    assert reveals() == []


def test_without_the_agreement_nobody_reveals(customer: int, session: Any, cast: Any, sign_in: Any) -> None:
    make_followup(session, session.get(m.Customer, customer), assignee=cast.sales_consultant)
    session.commit()
    client = sign_in("sales_consultant")
    token_page = client.get("/admin/").text
    mark = token_page.split('name="csrf-token" content="')[1].split('"')[0]
    session.add(m.Agreement(version_name="2027-1", body="保密", valid_from=NOW.date()))
    session.commit()
    session.rollback()
    fields = {"csrf_token": mark, "table": "customer", "id": customer, "field": "phone"}
    answer = client.post(PATH, data=fields)
    assert answer.status_code in (302, 403)  # sent to read and sign it first
    assert NUMBER not in answer.text
    assert reveals() == []


@pytest.mark.parametrize("given", [
    {"field": "name"}, {"field": "password_hash"}, {"field": "nonsense"}, {"field": ""},
    {"table": "user", "field": "session_key"},
])
def test_only_private_fields_are_answered(customer: int, sign_in: Any, given: dict[str, str]) -> None:
    answer = ask(sign_in("general_manager"), customer, reason="客户要求回电", **given)
    assert answer.status_code in (400, 404)
    assert reveals() == []


@pytest.mark.parametrize("given", [{"table": "nonsense"}, {"id": "x"}, {"id": ""}, {"id": "9" * 30}, {"table": ""}])
def test_a_row_that_is_none_is_404(customer: int, sign_in: Any, given: dict[str, str]) -> None:
    assert ask(sign_in("general_manager"), customer, **given).status_code == 404


def test_a_plate_and_a_vin_are_shown_whole(customer: int, session: Any, cast: Any, sign_in: Any) -> None:
    car = make_vehicle(session, session.get(m.Customer, customer), plate="粤B7K2M9")
    session.commit()
    key, vin = car.id, car.vin
    session.rollback()
    client = sign_in("care_specialist")
    assert ask(client, key, table="vehicle", field="plate", reason="客户来店取车").json["value"] == "粤B7K2M9"
    assert ask(client, key, table="vehicle", field="vin", reason="客户来店取车").json["value"] == vin


def test_reading_is_a_post_with_a_token(customer: int, sign_in: Any) -> None:
    client = sign_in("general_manager")
    assert client.get(f"{PATH}?table=customer&id={customer}&field=phone").status_code == 405
    assert client.post(PATH, data={"table": "customer", "id": customer, "field": "phone"}).status_code == 400
    assert reveals() == []
    assert db.session.scalars(ungated(db.select(m.AccessLog.id).where(m.AccessLog.verb == "reveal"))).first() is None
