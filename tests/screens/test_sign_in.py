"""Signing in, the lock, sessions that end, the forced password, the agreement, break-glass, headers."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from admin_app import access, passwords
from admin_app import models as m
from admin_app.clock import today, utcnow
from tests import factories as f
from tests.cast import PASSWORD, ROLES, Cast
from tests.conftest import row, token


def post(client: Any, path: str, **data: Any) -> Any:
    return client.post(path, data=data | {"csrf_token": token(client, "/account/password" if "account" in path
                                                              or "break" in path else "/login")})


@pytest.mark.parametrize("role", ROLES)
def test_every_role_lands_on_its_home(sign_in: Any, cast: Cast, role: str) -> None:
    client = sign_in(getattr(cast, role))
    assert client.get("/").headers["Location"] == "/admin/"
    page = client.get("/admin/")
    assert page.status_code == 200
    assert "<h1" in page.text


def test_a_wrong_password_is_refused_with_a_sentence(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    answer = post(client, "/login", username="sales_consultant", password="wrong")
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert 'value="sales_consultant"' in answer.text
    assert client.get("/admin/").status_code == 302


def test_an_unknown_name_reads_as_a_wrong_password(app: Flask) -> None:
    client = app.test_client()
    one = post(client, "/login", username="nobody", password="wrong-password").text
    two = post(client, "/login", username="marketing", password="wrong-password").text
    assert one.split("<main")[1].replace("nobody", "") .count("alert") == two.split("<main")[1].count("alert")


def test_five_failures_lock_the_name_and_the_right_password_waits(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    for _n in range(passwords.MOST_FAILURES):
        post(client, "/login", username="marketing", password="wrong")
    assert post(client, "/login", username="marketing", password=PASSWORD).status_code == 429
    assert post(app.test_client(), "/login", username="auditor", password=PASSWORD).status_code == 302
    with time_machine.travel(utcnow() + passwords.WINDOW + dt.timedelta(seconds=5), tick=False):
        assert post(client, "/login", username="marketing", password=PASSWORD).status_code == 302


def test_only_failures_count(app: Flask, cast: Cast) -> None:
    for _n in range(passwords.MOST_FAILURES + 2):
        assert post(app.test_client(), "/login", username="marketing", password=PASSWORD).status_code == 302


def test_the_session_is_renewed_at_sign_in_and_dead_after_sign_out(app: Flask, sign_in: Any, cast: Cast) -> None:
    client = sign_in(cast.marketing)
    stolen = client.get_cookie("caredesk").value
    assert client.get("/admin/").status_code == 200
    assert post_signed(client, "/logout").status_code == 302
    thief = app.test_client()
    thief.set_cookie("caredesk", stolen)
    assert thief.get("/admin/").status_code == 302


def post_signed(client: Any, path: str, **data: Any) -> Any:
    return client.post(path, data=data | {"csrf_token": token(client, "/account/password")})


@pytest.mark.parametrize("change", ["password_hash", "role_id", "active", "deleted_at"])
def test_a_change_of_the_account_ends_its_sessions(sign_in: Any, session: Any, cast: Cast, change: str) -> None:
    client = sign_in(cast.marketing)
    assert client.get("/admin/").status_code == 200
    value = {"password_hash": "x", "role_id": cast.auditor.role_id, "active": False, "deleted_at": utcnow()}[change]
    setattr(cast.marketing, change, value)
    session.commit()
    assert client.get("/admin/").headers["Location"].startswith("/login")


def test_an_inactive_account_does_not_sign_in(app: Flask, session: Any, cast: Cast) -> None:
    cast.marketing.active = False
    session.commit()
    assert post(app.test_client(), "/login", username="marketing", password=PASSWORD).status_code == 401


def test_changing_the_password_keeps_this_session_only(app: Flask, sign_in: Any, cast: Cast) -> None:
    here, there = sign_in(cast.marketing), sign_in(cast.marketing)
    new = "a sentence of my own"
    bad = post_signed(here, "/account/password", current=PASSWORD, password="short", again="short")
    assert bad.status_code == 400
    assert 'id="password-e"' in bad.text
    good = post_signed(here, "/account/password", current=PASSWORD, password=new, again=new)
    assert good.status_code == 302
    assert here.get("/admin/").status_code == 200
    assert there.get("/admin/").status_code == 302
    assert post(app.test_client(), "/login", username="marketing", password=PASSWORD).status_code == 401
    assert post(app.test_client(), "/login", username="marketing", password=new).status_code == 302


def test_the_demo_password_is_not_taken(sign_in: Any, cast: Cast) -> None:
    client = sign_in(cast.marketing)
    demo = passwords.DEMO_PASSWORD
    answer = post_signed(client, "/account/password", current=PASSWORD, password=demo, again=demo)
    assert answer.status_code == 400


def test_a_given_password_must_be_changed_first(sign_in: Any, session: Any, cast: Cast) -> None:
    cast.marketing.must_change_password = True
    client = sign_in(cast.marketing)
    assert client.get("/admin/").headers["Location"] == "/account/password"
    assert client.get("/admin/customer/").headers["Location"] == "/account/password"


def test_a_new_agreement_is_signed_on_the_screen(sign_in: Any, session: Any, cast: Cast) -> None:
    session.add(m.Agreement(version_name="2026-11b", body="第一条\n\n第二条", valid_from=today()))
    client = sign_in(cast.marketing)
    assert client.get("/admin/").headers["Location"] == "/account/agreement"
    page = client.get("/account/agreement")
    assert "第二条" in page.text
    unticked = client.post("/account/agreement", data={"csrf_token": token(client, "/account/agreement")})
    assert unticked.status_code == 400
    signed = client.post("/account/agreement", data={"csrf_token": token(client, "/account/agreement"), "agree": "1"})
    assert signed.headers["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    assert row(m.User, cast.marketing.id).agreement_version == "2026-11b"


@pytest.mark.parametrize("target", ["//evil.test/", "http:evil.test", r"/\evil.test", "https://evil.test", "/\tx",
                                    "javascript:1"])
def test_next_leads_nowhere_else(app: Flask, cast: Cast, target: str) -> None:
    client = app.test_client()
    answer = post(client, "/login", username="marketing", password=PASSWORD, next=target)
    assert answer.headers["Location"] == "/admin/"


def test_a_post_without_its_token_is_400_and_changes_nothing(app: Flask, sign_in: Any, cast: Cast) -> None:
    client = sign_in(cast.marketing)
    assert client.post("/logout").status_code == 400
    assert client.post("/account/password", data={"current": PASSWORD}).status_code == 400
    assert client.get("/admin/").status_code == 200


def test_headers_of_every_answer(sign_in: Any, cast: Cast) -> None:
    client = sign_in(cast.marketing)
    for path in ("/admin/", "/nowhere", "/login"):
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe-inline" not in policy
        assert "nonce-" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Cache-Control"] == "no-store"


def test_the_language_is_kept(sign_in: Any, cast: Cast) -> None:
    client = sign_in(cast.marketing)
    assert '<html lang="zh-Hans"' in client.get("/admin/").text
    answer = post_signed(client, "/language", language="en", next="/admin/search/?q=x")
    assert answer.headers["Location"] == "/admin/search/?q=x"
    assert '<html lang="en"' in client.get("/admin/").text
    post_signed(client, "/language", language="zh_Hant_TW")
    assert '<html lang="zh-Hant"' in client.get("/admin/").text
    assert row(m.User, cast.marketing.id).locale == "zh_Hant_TW"


def test_off_loopback_only_https(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    assert client.get("/login", environ_base={"REMOTE_ADDR": "192.168.1.9"}).status_code == 403
    assert client.get("/login", environ_base={"REMOTE_ADDR": "192.168.1.9"},
                      base_url="https://desk.test").status_code == 200


def test_break_glass_opens_masked_reading_for_a_while(sign_in: Any, session: Any, cast: Cast) -> None:
    customer = f.make_customer(session, owner=cast.sales_consultant, name="赵建国")
    client = sign_in(cast.administrator)
    assert client.get(f"/admin/customer/edit/?id={customer.id}").status_code in (403, 404)
    path = "/admin/break-glass/"
    assert client.post(path, data={"csrf_token": token(client, path), "reason": "x"}).status_code == 400
    assert client.post(path, data={"csrf_token": token(client, path), "reason": "核对误删档案"}).status_code == 302
    page = client.get("/admin/customer/")
    assert page.status_code == 200
    assert "赵建国" in page.text
    assert customer.phone not in page.text
    logged = session.scalars(access.ungated(sa.select(m.AccessLog).where(m.AccessLog.field == "break_glass"))).one()
    assert logged.reason == "核对误删档案"
    with time_machine.travel(utcnow() + dt.timedelta(minutes=16), tick=False):
        assert client.get("/admin/customer/").status_code in (403, 404)


def test_break_glass_is_the_administrator_s(sign_in: Any, cast: Cast) -> None:
    client = sign_in(cast.marketing)
    assert client.get("/admin/break-glass/").status_code == 403
