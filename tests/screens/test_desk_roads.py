"""The other roads of a generated screen: deleting and bringing back, bulk actions, look-up, details."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from admin_app import models as m
from admin_app.desk import listing
from tests.conftest import row
from tests.factories import make_customer, make_vehicle
from tests.screens.desk_support import page

SignIn = Callable[[Any], FlaskClient]


@pytest.fixture
def customer(session: Any, cast: Any) -> Any:
    return make_customer(session, owner=cast.sales_consultant, name="陈佳怡", phone="+8613912345678")


def post(client: FlaskClient, path: str, **data: Any) -> Any:
    fields = page(client, "/admin/gift/").fields if "csrf_token" not in data else {}
    return client.post(path, data={"csrf_token": fields.get("csrf_token", ""), **data})


def test_deleting_moves_to_the_bin_and_the_toast_brings_it_back(sign_in: SignIn, customer: Any) -> None:
    key, client = customer.id, sign_in("general_manager")
    answer = post(client, "/admin/customer/delete/", id=key, url="/admin/customer/?search=陈")
    assert answer.status_code == 302 and row(m.Customer, key).deleted_at is not None
    after = page(client, "/admin/customer/")
    assert after.rows == [] and f"/admin/recycle/restore/?table=customer&amp;id={key}" in after.html
    page(client, f"/admin/customer/edit/?id={key}", 404)
    assert post(client, f"/admin/recycle/restore/?table=customer&id={key}").status_code == 302
    assert row(m.Customer, key).deleted_at is None


@pytest.mark.parametrize("name", ["sales_consultant", "sales_manager", "care_manager", "marketing", "auditor",
                                  "administrator"])
def test_who_may_not_delete_is_refused_and_nothing_changes(sign_in: SignIn, customer: Any, name: str) -> None:
    key, client = customer.id, sign_in(name)
    token = page(client, "/account/password").fields["csrf_token"]
    assert post(client, "/admin/customer/delete/", id=key, csrf_token=token).status_code == 403
    assert post(client, "/admin/customer/action/", action="delete", rowid=key, csrf_token=token).status_code == 403
    assert row(m.Customer, key).deleted_at is None


def test_deleting_needs_post_and_a_token(sign_in: SignIn, customer: Any) -> None:
    key, client = customer.id, sign_in("general_manager")
    assert client.get(f"/admin/customer/delete/?id={key}").status_code == 405
    assert client.post("/admin/customer/delete/", data={"id": key}).status_code == 400
    assert post(client, "/admin/customer/delete/", id=key, url="//evil.test").status_code == 400
    assert post(client, "/admin/customer/delete/", id="9999").status_code == 404
    assert row(m.Customer, key).deleted_at is None


def test_a_bulk_action_takes_all_chosen_rows_or_none(sign_in: SignIn, session: Any, customer: Any, cast: Any) -> None:
    keys = [customer.id, make_customer(session, owner=cast.colleague).id]
    client = sign_in("general_manager")
    assert post(client, "/admin/customer/action/", action="delete", rowid=[*keys, 99999]).status_code == 404
    assert row(m.Customer, keys[0]).deleted_at is None
    assert post(client, "/admin/customer/action/", action="unknown", rowid=keys).status_code == 400
    assert post(client, "/admin/customer/action/", action="delete").status_code == 302
    assert post(client, "/admin/customer/action/", action="delete", rowid=["x", "1;2"]).status_code == 302
    assert row(m.Customer, keys[0]).deleted_at is None
    assert post(client, "/admin/customer/action/", action="delete", rowid=keys).status_code == 302
    assert all(row(m.Customer, key).deleted_at is not None for key in keys)


def test_look_up_answers_within_scope_and_never_more_than_twenty(
        sign_in: SignIn, session: Any, cast: Any) -> None:
    for number in range(30):
        make_customer(session, owner=cast.sales_consultant, name=f"李{number}")
    make_customer(session, owner=cast.colleague, name="李外人")
    client = sign_in("sales_consultant")
    session.commit()
    found = client.get("/admin/visit/ajax/lookup/?name=customer&query=李&limit=100000").json
    assert len(found) == 20 and not any("外人" in label for _key, label in found)
    assert all("****" in label for _key, label in found)
    assert client.get("/admin/visit/ajax/lookup/?name=customer_id&query=外人").json == []
    staff = client.get("/admin/visit/ajax/lookup/?name=staff_id&query=吴").json
    assert {label for _key, label in staff} == {"吴俊杰", "吴婷"}
    for wrong in ("", "name", "password_hash", "deleted_by_id", "at"):
        assert client.get(f"/admin/visit/ajax/lookup/?name={wrong}").status_code == 404
    for odd in ("limit=-5", "offset=-1", "limit=x", "query=%00", "offset=99999999999999"):
        assert client.get(f"/admin/visit/ajax/lookup/?name=customer_id&{odd}").status_code in (200, 400)


def test_look_up_is_refused_where_the_table_may_not_be_read(sign_in: SignIn, customer: Any) -> None:
    client = sign_in("administrator")
    assert client.get("/admin/visit/ajax/lookup/?name=customer_id&query=陈").status_code == 403


def test_cells_are_not_edited_in_place(sign_in: SignIn, customer: Any) -> None:
    client = sign_in("general_manager")
    assert post(client, "/admin/customer/ajax/update/", list_form_pk=customer.id, name="x").status_code == 404


def test_details_show_what_is_filled_in_masked_and_linked(sign_in: SignIn, session: Any, customer: Any) -> None:
    car = make_vehicle(session, customer, vin="LSVAA4182E2999999")
    key, owner = car.id, customer.id
    found = page(sign_in("sales_consultant"), f"/admin/vehicle/details/?id={key}")
    assert "LSVAA4182E2999999" not in found.html and f"/admin/customer/details/?id={owner}" in found.links


def test_opening_a_record_is_logged(sign_in: SignIn, session: Any, customer: Any) -> None:
    key = make_vehicle(session, customer).id
    page(sign_in("sales_consultant"), f"/admin/vehicle/details/?id={key}")
    entry = session.query(m.AccessLog).filter_by(verb="view", table="vehicle").one()
    assert entry.row_id == key


def test_the_menu_shows_what_a_role_may_read(sign_in: SignIn) -> None:
    assert "/admin/audit_entry/" in page(sign_in("auditor"), "/admin/customer/").links
    links = page(sign_in("sales_consultant"), "/admin/customer/").links
    assert "/admin/audit_entry/" not in links and "/admin/customer/" in links
    admin = page(sign_in("administrator"), "/admin/user/").links
    assert "/admin/user/" in admin and "/admin/customer/" not in [link for link in admin if link != "/admin/customer/"]


def test_errors_are_pages_with_a_sentence_and_a_way_back(sign_in: SignIn) -> None:
    client = sign_in("sales_consultant")
    for path, code in (("/admin/nothing/", 404), ("/admin/audit_entry/", 403), ("/admin/gift/delete/", 405)):
        found = page(client, path, code)
        assert any(text.strip() for text in found.alerts) and "/admin/" in found.links
    assert client.get("/admin/nothing/", headers={"Accept": "application/json"}).json["error"]


def test_a_fault_has_a_number_that_stands_in_the_log(app: Any, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch,
                                                     caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_args: Any, **_more: Any) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(listing, "page", broken)
    answer = sign_in("sales_consultant").get("/admin/gift/")
    assert answer.status_code == 500 and "secret detail" not in answer.text
    number = answer.text.split("<code>")[1].split("</code>")[0]
    assert number in caplog.text


def test_a_database_that_does_not_answer_is_a_503_page(
        sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(*_args: Any, **_more: Any) -> None:
        raise sa.exc.OperationalError("SELECT secret", {}, Exception("database is locked"))

    client = sign_in("sales_consultant")
    monkeypatch.setattr(listing, "page", locked)
    answer = client.get("/admin/gift/")
    assert answer.status_code == 503 and answer.headers["Retry-After"] and "SELECT" not in answer.text
