"""POST /api/leads: every status, what the answer tells, and what stands in the database afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from admin_app import models as m
from admin_app.clock import utcnow
from admin_app.pages import lead_intake
from admin_app.rules.leads import tokens
from tests import factories as f
from tests.cast import Cast

BODY = {"name": "张伟", "phone": "13800138000", "source": "web", "model": "岚风 S7", "note": "想试驾", "consent": True}


@pytest.fixture
def key(session: Any, cast: Cast) -> str:
    """The token of the store's website."""
    token = f._add(session, m.LeadToken(name="官网", store_id=1, per_minute=60))
    text = tokens.issue(token, utcnow())
    session.commit()
    return text


@pytest.fixture
def send(app: Flask) -> Any:
    def post(key: str | None, body: Any = BODY, once: str | None = "k", **more: Any) -> Any:
        headers = ({"Authorization": f"Bearer {key}"} if key else {}) | ({"Idempotency-Key": once} if once else {})
        return app.test_client().post("/api/leads", **({"json": body, "headers": headers} | more))

    return post


def files(session: Any) -> list[m.Customer]:
    session.rollback()
    return list(session.scalars(sa.select(m.Customer)))


def test_created_then_known_again(session: Any, send: Any, key: str) -> None:
    first, again = send(key), send(key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert set(first.json) == {"id"}
    assert len(files(session)) == 1


def test_the_answer_does_not_tell_who_is_on_file(session: Any, cast: Cast, send: Any, key: str) -> None:
    known = f.make_customer(session, owner=cast.colleague, phone="+8613800138000")
    session.commit()
    first, other = send(key), send(key, BODY | {"phone": "13900139000"}, "other")
    assert (first.status_code, other.status_code) == (201, 201)
    assert dict(first.headers).keys() == dict(other.headers).keys()
    assert other.json["id"] == first.json["id"] + 1  # the number of the lead, not of the customer
    assert len(files(session)) == 2
    assert session.scalars(sa.select(m.Inquiry.customer_id)).all() == [known.id]


def test_no_session_and_no_csrf(send: Any, key: str) -> None:
    answer = send(key)
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_key_of_another_lead(session: Any, send: Any, key: str) -> None:
    send(key)
    answer = send(key, BODY | {"phone": "13900139000"})
    assert (answer.status_code, answer.json["field"]) == (422, "Idempotency-Key")
    assert len(files(session)) == 1


def test_without_a_key_the_same_lead_is_a_repeat(session: Any, send: Any, key: str) -> None:
    assert [send(key, once=None).status_code for _time in range(2)] == [201, 200]
    assert len(files(session)) == 1


@pytest.mark.parametrize(("body", "field"), [
    (BODY | {"name": ""}, "name"), ({"name": "张"}, "phone"), (BODY | {"source": "x"}, "source"),
    (BODY | {"consent": 1}, "consent"), (BODY | {"note": "a\x00b"}, "note"), (BODY | {"model": "长" * 99}, "model")])
def test_a_wrong_field_is_named(session: Any, send: Any, key: str, body: Any, field: str) -> None:
    answer = send(key, body)
    assert (answer.status_code, answer.json["field"]) == (400, field)
    assert answer.json["error"]
    assert files(session) == []


@pytest.mark.parametrize("text", ["", "{", "[]", "nothing", "[" * 30_000, '{"name": NaN}'])
def test_what_is_no_lead(session: Any, send: Any, key: str, text: str) -> None:
    answer = send(key, None, data=text, json=None, content_type="application/json",
                  headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 400
    assert files(session) == []


@pytest.mark.parametrize("shown", [None, "", "wrong", "cdl_" + "x" * 43, "x" * 5000, "é"])
def test_without_the_right_token(session: Any, send: Any, key: str, shown: str | None) -> None:
    answer = send(shown)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert files(session) == []


def test_a_token_that_was_shut(session: Any, send: Any, key: str) -> None:
    session.scalars(sa.select(m.LeadToken)).one().active = False
    session.commit()
    assert send(key).status_code == 401
    assert files(session) == []


def test_wrong_tokens_are_counted_by_address(session: Any, send: Any, key: str,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin_app.passwords.MOST_FAILURES_ADDRESS", 3)
    assert [send("wrong").status_code for _time in range(4)] == [401, 401, 401, 429]
    assert send(key).status_code == 429
    assert files(session) == []


def test_too_many_requests_in_a_minute(session: Any, send: Any, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = utcnow()
    monkeypatch.setattr(lead_intake, "utcnow", lambda: moment)
    session.scalars(sa.select(m.LeadToken)).one().per_minute = 2
    session.commit()
    answers = [send(key, BODY | {"phone": f"1390013900{number}"}, str(number)) for number in range(4)]
    assert [one.status_code for one in answers] == [201, 201, 429, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert len(files(session)) == 2


def test_too_large_and_no_json(session: Any, send: Any, key: str) -> None:
    bearer = {"Authorization": f"Bearer {key}"}
    assert send(key, BODY | {"note": "长" * 400_000}).status_code == 413
    assert send(key, None, json=None, data={"name": "张"}, headers=bearer).status_code == 415
    assert send(key, None, json=None, data=json.dumps(BODY), headers=bearer).status_code == 415
    assert files(session) == []


def test_other_methods(app: Flask, key: str) -> None:
    assert app.test_client().put("/api/leads").status_code == 405
    assert app.test_client().get("/api/leads").status_code == 405


@pytest.mark.parametrize("text", ["=1+1", "<script>alert(1)</script>", "👍🏽 \u202eabc", "'; DROP TABLE customer; --"])
def test_any_text_is_kept_as_it_is(session: Any, send: Any, key: str, sign_in: Any, cast: Cast, text: str) -> None:
    assert send(key, BODY | {"name": text, "note": text, "model": text}).status_code == 201
    customer = files(session)[0]
    assert (customer.note, customer.model_wish) == (text, text)
    page = sign_in(cast.general_manager).get(f"/admin/customer/details/?id={customer.id}")
    assert page.status_code == 200
    assert "<script>alert(1)" not in page.text


def test_the_change_record_names_the_token(session: Any, send: Any, key: str) -> None:
    send(key)
    customer = files(session)[0]
    entry = session.scalars(sa.select(m.AuditEntry).where(
        m.AuditEntry.table == "customer", m.AuditEntry.row_id == customer.id, m.AuditEntry.verb == "create")).one()
    assert (entry.actor_name, entry.actor_id, entry.store_id) == ("lead token 官网", None, 1)
    assert "13800138000" not in json.dumps(entry.changes)


def test_the_lead_stands_in_the_store_of_the_token_alone(session: Any, cast: Cast, send: Any) -> None:
    token = f._add(session, m.LeadToken(name="城北", store_id=2, per_minute=60))
    text = tokens.issue(token, utcnow())
    session.commit()
    assert send(text).status_code == 201
    found = files(session)[0]
    assert (found.store_id, found.owner_id) == (2, cast.outsider.id)
