"""Adding and changing a record on a generated screen: what is taken, what is refused, and where it is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from admin_app import choices as ch
from admin_app import models as m
from admin_app.database import db
from tests.conftest import row
from tests.factories import make_customer, make_vehicle
from tests.screens.desk_support import Page, page, send

SignIn = Callable[[Any], FlaskClient]


def count(model: Any) -> int:
    db.session.commit()
    return db.session.scalar(sa.select(sa.func.count(model.id))) or 0


@pytest.fixture
def customer(session: Any, cast: Any) -> Any:
    return make_customer(session, owner=cast.sales_consultant, name="陈佳怡", phone="+8613912345678",
                         tags=["置换"], note="第一行\n第二行", budget=180000)


def test_a_new_customer_is_saved_as_typed_and_normalised(sign_in: SignIn, cast: Any) -> None:
    client = sign_in("sales_consultant")
    answer = send(client, "/admin/customer/new/", name="王 小明", phone="１３８ 0013 8000", birthday="1990-02-03",
                  tags="置换，车友会", note="=1+1 <b>", budget="18万", stage="lead", district="罗湖区")
    assert answer.status_code == 302
    saved = db.session.scalars(sa.select(m.Customer)).one()
    assert saved.phone == "+8613800138000" and str(saved.birthday) == "1990-02-03"
    assert saved.tags == ["置换", "车友会"] and saved.note == "=1+1 <b>" and saved.budget == 180000
    assert saved.owner_id == cast.sales_consultant.id and saved.store_id == cast.store.id


def test_errors_stand_at_their_field_and_nothing_typed_is_lost(sign_in: SignIn) -> None:
    answer = send(sign_in("sales_consultant"), "/admin/customer/new/", name="王小明", phone="1380013800",
                  email="kein", birthday="1990-02-31", note="lange\nNotiz")
    assert answer.status_code == 400 and count(m.Customer) == 0
    found = Page(answer.text)  # three fields are wrong; each says so, and the summary says it of all
    assert found.fields["name"] == "王小明" and found.fields["phone"] == "1380013800"
    assert found.fields["note"].strip() == "lange\nNotiz" and len(list(filter(str.strip, found.alerts))) == 4
    for name in ("phone", "email", "birthday"):
        assert f'id="{name}-e"' in answer.text and f'aria-describedby="{name}-e' in answer.text


@pytest.mark.parametrize("missing", ["name", "phone"])
def test_required_fields_are_asked_for(sign_in: SignIn, missing: str) -> None:
    typed = {"name": "王小明", "phone": "13800138000"} | {missing: ""}
    answer = send(sign_in("sales_consultant"), "/admin/customer/new/", **typed)
    assert answer.status_code == 400 and f'id="{missing}-e"' in answer.text and count(m.Customer) == 0


def test_an_edit_changes_only_what_was_changed(sign_in: SignIn, customer: Any) -> None:
    key, before = customer.id, (customer.phone, customer.tags, customer.note, customer.budget)
    answer = send(sign_in("sales_consultant"), f"/admin/customer/edit/?id={key}", district="福田区")
    assert answer.status_code == 302
    saved = row(m.Customer, key)
    assert saved.district == "福田区" and (saved.phone, saved.tags, saved.note, saved.budget) == before
    changes = db.session.scalars(sa.select(m.AuditEntry.changes).order_by(m.AuditEntry.seq.desc())).first()
    assert "district" in changes and "phone" not in changes and "note" not in changes


def test_a_private_field_equal_to_its_mask_is_unchanged(sign_in: SignIn, customer: Any) -> None:
    key, client = customer.id, sign_in("sales_consultant")
    shown = page(client, f"/admin/customer/edit/?id={key}")
    assert shown.fields["phone"] == "139****5678" and "13912345678" not in shown.html
    assert send(client, f"/admin/customer/edit/?id={key}", phone="139****5678", name="陈佳").status_code == 302
    assert row(m.Customer, key).phone == "+8613912345678"
    assert send(client, f"/admin/customer/edit/?id={key}", phone="137****5678").status_code == 400
    assert send(client, f"/admin/customer/edit/?id={key}", phone="13700001111").status_code == 302
    assert row(m.Customer, key).phone == "+8613700001111"


def test_what_the_form_does_not_offer_is_not_taken(sign_in: SignIn, customer: Any, cast: Any) -> None:
    key, other = customer.id, cast.colleague.id
    answer = send(sign_in("sales_consultant"), f"/admin/customer/edit/?id={key}", completeness="100", store_id="2",
                  owner_id=other, tier="A", confidentiality="secret", deleted_at="2026-01-01", id="77", district="x")
    assert answer.status_code == 302
    saved = row(m.Customer, key)
    assert saved.owner_id == cast.sales_consultant.id and saved.tier is None and saved.store_id == cast.store.id
    assert saved.confidentiality == "normal" and saved.deleted_at is None and saved.completeness != 100


@pytest.mark.parametrize("wrong", ["99999", "abc", "-1", "1 ", "99999999999999999999", "🙂"])
def test_a_link_to_nothing_is_refused_at_its_field_and_never_saved_as_empty(
        sign_in: SignIn, session: Any, customer: Any, cast: Any, wrong: str) -> None:
    referrer = make_customer(session, owner=cast.sales_consultant)
    customer.referrer_id, key = referrer.id, customer.id
    session.commit()
    if wrong == "1 ":
        wrong = f"{make_customer(session, owner=cast.outsider, store=cast.other_store).id}"  # of another store
        session.commit()
    answer = send(sign_in("sales_consultant"), f"/admin/customer/edit/?id={key}", referrer_id=wrong)
    assert answer.status_code == 400 and 'id="referrer_id-e"' in answer.text
    assert row(m.Customer, key).referrer_id == referrer.id


def test_a_link_can_be_cleared(sign_in: SignIn, session: Any, customer: Any, cast: Any) -> None:
    customer.referrer_id, key = make_customer(session, owner=cast.sales_consultant).id, customer.id
    session.commit()
    assert send(sign_in("sales_consultant"), f"/admin/customer/edit/?id={key}", referrer_id="").status_code == 302
    assert row(m.Customer, key).referrer_id is None


def test_a_value_that_another_record_has_is_said_without_sql(sign_in: SignIn, customer: Any) -> None:
    answer = send(sign_in("sales_consultant"), "/admin/customer/new/", name="另一位", phone="13912345678")
    assert answer.status_code == 400 and 'id="phone-e"' in answer.text
    assert "UNIQUE" not in answer.text and "INSERT" not in answer.text and count(m.Customer) == 1


def test_a_form_is_taken_once(sign_in: SignIn) -> None:
    client = sign_in("sales_consultant")
    fields = page(client, "/admin/customer/new/").fields | {"name": "王小明", "phone": "13800138000"}
    first = client.post("/admin/customer/new/", data=fields)
    second = client.post("/admin/customer/new/", data=fields)
    assert first.status_code == second.status_code == 302 and count(m.Customer) == 1
    assert second.location == first.location


def test_without_the_token_nothing_is_saved(sign_in: SignIn, customer: Any) -> None:
    key, client = customer.id, sign_in("sales_consultant")
    answer = send(client, f"/admin/customer/edit/?id={key}", leave=("csrf_token",), district="x")
    assert answer.status_code == 400 and row(m.Customer, key).district is None


@pytest.mark.parametrize("target", ["http:evil.test", "//host\\@evil.test/", "//evil.test", "/\\evil.test",
                                    "https://evil.test/", "javascript:alert(1)", "admin/", "/a\x01b"])
@pytest.mark.parametrize("verb", ["new", "edit", "details"])
def test_an_address_elsewhere_is_refused(sign_in: SignIn, session: Any, customer: Any, verb: str, target: str) -> None:
    contact = m.Contact(customer_id=customer.id, store_id=customer.store_id, name="陈国栋")
    session.add(contact)
    session.commit()
    query, client = {"id": str(contact.id)}, sign_in("sales_consultant")
    assert client.get(f"/admin/contact/{verb}/", query_string=query).status_code == 200
    assert client.get(f"/admin/contact/{verb}/", query_string=query | {"url": target}).status_code == 400


def test_a_reader_gets_no_form_and_no_change(sign_in: SignIn, customer: Any) -> None:
    key, client = customer.id, sign_in("auditor")
    page(client, f"/admin/customer/edit/?id={key}", 403)
    answer = client.post(f"/admin/customer/edit/?id={key}",
                         data={"name": "x", "csrf_token": page(client, "/admin/customer/").fields["csrf_token"]})
    assert answer.status_code == 403 and row(m.Customer, key).name == "陈佳怡"


def test_a_tick_box_is_cleared_and_set(sign_in: SignIn, session: Any, customer: Any) -> None:
    key, client = customer.id, sign_in("sales_consultant")
    assert send(client, f"/admin/customer/edit/?id={key}", do_not_disturb="y").status_code == 302
    assert row(m.Customer, key).do_not_disturb is True
    assert send(client, f"/admin/customer/edit/?id={key}", do_not_disturb="").status_code == 302
    assert row(m.Customer, key).do_not_disturb is False


@pytest.mark.parametrize("text", ["👍🏽 مرحبا \u202e abc",
                                  "'; DROP TABLE customer; --", "{{ 7*7 }}", "<img src=x onerror=1>"])
def test_any_text_comes_back_as_typed(sign_in: SignIn, customer: Any, text: str) -> None:
    key, client = customer.id, sign_in("sales_consultant")
    assert send(client, f"/admin/customer/edit/?id={key}", note=text).status_code == 302
    assert row(m.Customer, key).note == text
    assert page(client, f"/admin/customer/edit/?id={key}").fields["note"].strip() == text


@pytest.mark.parametrize(("name", "text"), [("note", "长" * 20_001), ("name", "长" * 81), ("budget", "9" * 40),
                                            ("email", "a@" + "b" * 300), ("grade", "ZZ")])
def test_what_cannot_be_stored_is_refused_in_a_sentence(sign_in: SignIn, customer: Any, name: str, text: str) -> None:
    answer = send(sign_in("sales_consultant"), f"/admin/customer/edit/?id={customer.id}", **{name: text})
    assert answer.status_code == 400 and f'id="{name}-e"' in answer.text


def test_a_warning_does_not_refuse(sign_in: SignIn, session: Any, customer: Any, cast: Any) -> None:
    customer.advisor_id = cast.service_advisor.id
    key = make_vehicle(session, customer).id
    client = sign_in("service_advisor")
    answer = send(client, f"/admin/vehicle/edit/?id={key}", vin="LSVAA4182E2123450")
    assert answer.status_code == 302 and row(m.Vehicle, key).vin == "LSVAA4182E2123450"
    assert "alert-warning" in page(client, answer.location).html


def test_the_form_shows_start_values_and_takes_them_from_the_address(sign_in: SignIn, customer: Any) -> None:
    found = page(sign_in("sales_consultant"), f"/admin/visit/new/?customer_id={customer.id}")
    assert found.fields["customer_id"] == str(customer.id) and found.fields["channel"] == ch.Channel.PHONE.value
    assert found.fields["at"]
    assert "陈佳怡" in found.html
