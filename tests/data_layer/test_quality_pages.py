"""The pages of duplicates, merging and data quality on both databases, through the real sign-in."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from admin_app import models as m
from tests.cast import PASSWORD, Cast
from tests.conftest import row, token
from tests.factories import make_customer, make_vehicle
from tests.screens.daily_support import all_of, send


@pytest.fixture
def client(store_app: Flask, cast: Cast) -> FlaskClient:
    found = store_app.test_client()
    found.post("/login", data={"username": "care_manager", "password": PASSWORD, "csrf_token": token(found)})
    return found


def number(page: str) -> int:
    found = re.search(r'id="count">([\d,]+)<', page)
    assert found
    return int(found[1])


def test_lists_numbers_and_the_merge(client: FlaskClient, session: Any, cast: Cast) -> None:
    first = make_customer(session, owner=cast.colleague, name="王建国", phone="+8613812340001", stage="owner")
    second = make_customer(session, owner=cast.other_team, name="王建国", phone2="+8613812340001")
    make_vehicle(session, second)
    session.commit()
    keys = first.id, second.id
    assert number(client.get("/admin/duplicates/").text) == 1
    assert client.get("/admin/quality/").status_code == client.get("/admin/quality/?by=advisor").status_code == 200
    for show, wanted in (("customers", 2), ("carless", 1), ("no_next", 2), ("stale", 0), ("missing&field=wechat", 2)):
        assert number(client.get(f"/admin/quality/rows/?show={show}").text) == wanted, show
    assert len(send(client, "/admin/duplicates/check/", phone="13812340001").json["found"]) == 2
    answer = send(client, "/admin/duplicates/merge/", keep=keys[0], drop=keys[1], keep_version=1, drop_version=1)
    assert answer.status_code == 302, answer.text
    assert all_of(m.Vehicle)[0].customer_id == keys[0] and number(client.get("/admin/duplicates/").text) == 0
    again = send(client, "/admin/duplicates/merge/", keep=keys[0], drop=keys[1], keep_version=1, drop_version=1)
    assert again.status_code == 404
    assert send(client, "/admin/duplicates/undo/", id=all_of(m.CustomerMerge)[0].id).status_code == 302
    assert row(m.Customer, keys[1]).deleted_at is None and all_of(m.Vehicle)[0].customer_id == keys[1]
