"""No select over a table that grows: what is declared holds, an offender stops the start, many people are looked up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import wtforms
from flask import Flask
from flask.testing import FlaskClient
from flask_wtf import FlaskForm

from admin_app import choices as ch
from admin_app import create_app
from admin_app.columns import fields
from admin_app.desk import fields as desk_fields
from admin_app.desk import forms, selects
from admin_app.errors import RuleError
from admin_app.models import Customer, User, Visit
from tests import factories as f
from tests.conftest import settings
from tests.screens.desk_support import page

SignIn = Callable[[Any], FlaskClient]


def test_the_desk_as_it_is_has_none(app: Flask) -> None:
    assert selects.faults(app) == []


def test_what_points_at_a_customer_on_any_road_grows() -> None:
    found = selects.growing()
    assert {"customer", "vehicle", "visit", "followup", "complaint", "complaint_step", "repair_order", "contact",
            "campaign_member", "user", "audit_entry"} <= found
    assert desk_fields.SMALL & found == set()


@pytest.mark.parametrize("table", ["customer", "vehicle", "repair_order", "user"])
def test_a_table_that_grows_called_small_stops_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                                         table: str) -> None:
    monkeypatch.setattr(desk_fields, "SMALL", desk_fields.SMALL | {table})
    with pytest.raises(RuleError, match=f"calls {table} small"):
        create_app(settings(tmp_path, "sqlite://"))


def test_a_hand_made_field_over_rows_stops_the_start(monkeypatch: pytest.MonkeyPatch, app: Flask) -> None:
    view = next(one for one in selects.screens(app) if one.table == "visit")
    made = forms.form_class(Visit, ["customer_id"])
    made.customer_id = wtforms.SelectField("Customer", coerce=int)  # its options come from a query later
    monkeypatch.setattr(view, "_create_form_class", made)
    with pytest.raises(RuleError, match="the form of visit: the options of customer_id are not fixed"):
        selects.check_at_start(app)


def test_a_hand_made_form_is_seen_and_fixed_words_pass() -> None:
    class Ask(FlaskForm):
        __module__ = "admin_app.pages.ask"
        grade = wtforms.SelectField(choices=[("H", "H"), ("A", "A")])
        who = wtforms.SelectMultipleField(choices=list)

    assert Ask in selects._hand_made_forms()
    assert list(selects.form_faults(Ask, "Ask", selects.growing())) == [
        "Ask: the options of who are not fixed; look them up"]
    Ask.__module__ = "tests"  # not one of the program's any more


@pytest.mark.parametrize(("text", "said"), [
    ('<select name="customer_id">', "a select customer_id that desk/selects.py does not know"),
    ('<select{{ attributes }} >', "a select without a name that desk/selects.py does not know"),
    ('<select class="{{ "a>b" }}" id="x" name="owner-{{ row.id }}">', "a select owner- that"),
])
def test_a_select_in_a_template_is_declared(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "page.html").write_text(f"<form>{text}</select></form>", encoding="utf-8")
    assert said in next(iter(selects.template_faults(tmp_path, selects.growing())))


def test_a_declared_select_over_what_grows_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "page.html").write_text('<select name="car">', encoding="utf-8")
    monkeypatch.setitem(selects.HAND_MADE, "page.html", {"car": "vehicle"})
    assert list(selects.template_faults(tmp_path, selects.growing())) == [
        "page.html: the select car offers vehicle, which grows with the work"]


def test_check_says_where_a_small_table_is_small_no_more(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = app.test_cli_runner().invoke(args=["check"])
    assert "selects:" in answer.output
    monkeypatch.setattr(selects, "MOST_OPTIONS", 3)
    with pytest.raises(RuleError, match="role: "):
        selects.sizes()


# ---------------------------------------------------------------- many people


@pytest.fixture
def many(session: Any, cast: Any) -> list[User]:
    """More people than a select shows, each of whom may keep customers."""
    pattern = cast.colleague
    made = [User(store_id=pattern.store_id, team_id=pattern.team_id, role_id=pattern.role_id, name=f"顾问{n:03}",
                 username=f"many{n}", password_hash="-") for n in range(selects.MOST_PEOPLE)]
    session.add_all(made)
    session.commit()
    return made


def test_forty_are_chosen_from_more_are_looked_up(session: Any, cast: Any, sign_in: SignIn, many: list[User]) -> None:
    customer = f.make_customer(session, owner=cast.sales_consultant)
    task = f.make_followup(session, customer, assignee=cast.sales_consultant)
    session.commit()
    client = sign_in("general_manager")
    token = page(client, "/account/password").fields["csrf_token"]
    giving = {"csrf_token": token, "action": "assign", "url": "/admin/customer/", "rowid": [customer.id],
              "confirm": "1"}
    give = client.post("/admin/customer/action/", data=giving | {"person": many[3].id + 999})
    bulk = client.post("/admin/followups/bulk/", data={"csrf_token": token, "verb": "reassign", "rowid": [task.id]})
    due = client.get(f"/admin/followups/?owner=all&due=all&task={task.id}")
    for answer, name in ((give, "person"), (bulk, "person"), (due, "person"), (due, "owner")):
        assert f'<select class="form-control" id="{name}"' not in answer.text
        assert f'<input type="hidden" name="{name}" value=' in answer.text
        assert "data-link=" in answer.text and "顾问001" not in answer.text
        assert "/link.js" in answer.text
    found = client.get("/admin/customer/ajax/lookup/?name=owner_id&query=顾问003").json
    assert [label for _id, label in found] == ["顾问003"]
    done = client.post("/admin/customer/action/", data=giving | {"person": found[0][0]})
    assert done.status_code == 302
    session.expire_all()
    assert session.get(Customer, customer.id).owner_id == found[0][0]


def test_the_look_up_of_an_owner_names_those_who_may_keep(cast: Any, sign_in: SignIn) -> None:
    client = sign_in("general_manager")
    offered = {key for key, _label in client.get("/admin/customer/ajax/lookup/?name=owner_id").json}
    assert cast.colleague.id in offered
    assert cast.auditor.id not in offered and cast.administrator.id not in offered


def test_the_responsible_person_is_looked_up(session: Any, cast: Any, sign_in: SignIn, many: list[User]) -> None:
    customer = f.make_customer(session, owner=cast.sales_consultant)
    complaint = f.make_complaint(session, customer, owner=cast.service_manager, state=ch.ComplaintState.UNDERSTOOD)
    session.commit()
    text = sign_in("service_manager").get(f"/admin/complaint/details/?id={complaint.id}").text
    assert 'data-link="/admin/complaint/ajax/lookup/?name=responsible_id"' in text
    assert "顾问001" not in text


def test_no_kind_of_field_is_forgotten() -> None:
    """Every link of every table is a select over a small table, or looked up."""
    from admin_app.models import MODELS

    links = {field.target for model in MODELS for _name, _column, field in fields(model) if field.kind == "link"}
    assert {"customer", "user", "store"} <= links
    assert {target for target in links if desk_fields.is_select(target)} <= desk_fields.SMALL
