"""Group robots and the outbox on the screen: the administrator alone; nothing secret is shown, nothing odd is saved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from admin_app import choices as ch
from admin_app import models as m
from admin_app.sending import outbox
from admin_app.sending.letters import Letter
from tests import factories as f
from tests.cast import NOW, ROLES, TODAY, Cast
from tests.conftest import row, token
from tests.sending_support import Service, robot_service

GOOD = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7abc-4bc4-97a0-0ec2sifa5aaa"
NEW, TEST = "/admin/robot/new/", "/admin/robot/test/"


@pytest.fixture
def group(app: Flask) -> Iterator[Service]:
    with robot_service() as service:
        app.config["CAREDESK_ROBOT_HOSTS"] = service.host
        yield service
    app.config["CAREDESK_ROBOT_HOSTS"] = ""


def add(session: Any, **values: Any) -> int:
    made = f._add(session, m.Robot(**({"name": "展厅群", "kind": ch.RobotKind.WECOM, "store_id": 1, "address": GOOD,
                                       "secret": "SECtop-secret-1234"} | values)))
    session.commit()
    return int(made.id)


def form(client: Any, **values: Any) -> dict[str, Any]:
    return {"csrf_token": token(client, NEW), "name": "展厅群", "kind": "wecom", "store_id": "1", "address": GOOD,
            "active": "y"} | values


def test_the_administrator_adds_one_and_its_address_lies_encrypted(session: Any, cast: Cast, sign_in: Any) -> None:
    client = sign_in(cast.administrator)
    answer = client.post(NEW, data=form(client, secret="SECtop-secret-1234"))
    assert answer.status_code == 302, answer.text
    made = session.scalars(sa.select(m.Robot)).one()
    assert (made.address, made.secret) == (GOOD, "SECtop-secret-1234")
    raw = session.connection().execute(sa.text("SELECT address, secret FROM robot")).one()
    assert "weixin" not in raw[0]
    assert "secret" not in raw[1]
    number = made.id
    for path in ("/admin/robot/", f"/admin/robot/details/?id={number}", f"/admin/robot/edit/?id={number}",
                 "/admin/audit_entry/?search=robot", "/admin/audit_entry/"):
        page = client.get(path).text
        assert "693a91f6" not in page, path
        assert "top-secret" not in page, path


def test_a_save_that_leaves_the_masked_fields_alone_keeps_them(session: Any, cast: Cast, sign_in: Any) -> None:
    number, client = add(session), sign_in(cast.administrator)
    page = client.get(f"/admin/robot/edit/?id={number}").text
    masked = page.split('name="address"')[1].split('value="')[1].split('"')[0]
    assert masked.startswith("*")
    values = form(client, name="新名字", address=masked, version="1", secret=page.split('name="secret"')[1].split(
        'value="')[1].split('"')[0])
    assert client.post(f"/admin/robot/edit/?id={number}", data=values).status_code == 302
    kept = row(m.Robot, number)
    assert (kept.name, kept.address, kept.secret) == ("新名字", GOOD, "SECtop-secret-1234")


@pytest.mark.parametrize(("address", "said"), [
    ("http://qyapi.weixin.qq.com/x", "https://"), ("https://evil.test/hook", "evil.test"),
    ("https://169.254.169.254/latest/meta-data", "169.254.169.254"), ("https://oapi.dingtalk.com/x", "与所选平台不符"),
    ("", "必填")])
def test_an_address_elsewhere_is_refused_at_the_field(session: Any, cast: Cast, sign_in: Any, address: str,
                                                      said: str) -> None:
    client = sign_in(cast.administrator)
    answer = client.post(NEW, data=form(client, address=address))
    assert answer.status_code == 400
    assert said in answer.text or address == ""
    assert 'id="address-e"' in answer.text
    assert session.scalar(sa.select(sa.func.count(m.Robot.id))) == 0


@pytest.mark.parametrize("role", [role for role in ROLES if role != "administrator"])
def test_nobody_else_sees_changes_or_tests_one(session: Any, cast: Cast, sign_in: Any, group: Service,
                                               role: str) -> None:
    number = add(session, address=group.address("/x"))
    client = sign_in(getattr(cast, role))
    key = token(client, "/account/password")
    for path in ("/admin/robot/", f"/admin/robot/details/?id={number}", f"/admin/robot/edit/?id={number}", NEW):
        assert client.get(path).status_code in (403, 404), path
    for path in (NEW, f"/admin/robot/edit/?id={number}", "/admin/robot/delete/", TEST, "/admin/jobs/again/"):
        answer = client.post(path, data={"csrf_token": key, "id": number, "name": "我的", "address": GOOD})
        assert answer.status_code in (403, 404), path
    assert row(m.Robot, number).name == "展厅群"
    assert group.got == []
    assert "/admin/robot/" not in client.get("/admin/").text


def test_the_test_button_says_what_the_service_answers(session: Any, cast: Cast, sign_in: Any,
                                                       group: Service) -> None:
    number, client = add(session, address=group.address("/send?key=1")), sign_in(cast.administrator)
    where = f"/admin/robot/details/?id={number}"
    key = token(client, where)
    assert client.post(TEST, data={"csrf_token": key, "id": number}).headers["Location"].endswith(where)
    page = client.get(where).text
    assert "测试消息已被接收" in page
    assert "展厅群" in group.got[0][1]["markdown"]["content"]
    group.say({"errcode": 93000, "errmsg": "invalid webhook url"})
    client.post(TEST, data={"csrf_token": key, "id": number})
    page = client.get(where).text
    assert "平台拒收消息：93000 invalid webhook url" in page
    assert row(m.Robot, number).last_result == "平台拒收消息：93000 invalid webhook url"
    entries = session.scalars(sa.select(m.AuditEntry).where(m.AuditEntry.table == "robot",
                                                            m.AuditEntry.reason == "test message")).all()
    assert len(entries) == 2


# ---------------------------------------------------------------- the outbox, and one's own choice


def test_the_administrator_sees_what_failed_and_tries_it_again(session: Any, cast: Cast, sign_in: Any) -> None:
    client = sign_in(cast.administrator)
    assert "等待 0 · 失败 0" in client.get("/admin/").text
    outbox.queue(session, "a", ch.MessageKind.MORNING, TODAY, Letter("x"), NOW, user_id=cast.marketing.id)
    outbox.send_waiting(session, NOW)  # no address
    page = client.get("/admin/").text
    assert "等待 0 · 失败 1" in page
    assert "此人不再接收邮件" in page
    answer = client.post("/admin/jobs/again/", data={"csrf_token": token(client, "/admin/")})
    assert answer.status_code == 302
    assert "等待 1 · 失败 0" in client.get("/admin/").text


def test_each_person_chooses_for_himself(session: Any, cast: Cast, sign_in: Any) -> None:
    me, client = cast.sales_consultant, sign_in(cast.sales_consultant)
    page = client.get("/account/reminders").text
    assert "08:30" in page
    assert 'value="mail" checked' in page
    key = token(client, "/account/reminders")
    assert client.post("/account/reminders", data={"csrf_token": key, "digest": "none"}).status_code == 302
    assert row(m.User, me.id).digest == ch.DigestBy.NONE
    assert row(m.User, cast.colleague.id).digest == ch.DigestBy.MAIL
    answer = client.post("/account/reminders", data={"csrf_token": key, "digest": "fax"})
    assert answer.status_code == 400
    assert row(m.User, me.id).digest == ch.DigestBy.NONE
    assert client.get("/admin/").status_code == 200  # the session goes on


@pytest.mark.parametrize(("morning", "evening", "said"), [
    ("9.30", "18:30", "09:00"), ("19:00", "18:30", "早间提要"), ("08:30", "", "")])
def test_a_store_s_times_are_checked(session: Any, cast: Cast, morning: str, evening: str, said: str) -> None:
    from admin_app.errors import RuleError
    from admin_app.rules import stores

    store = cast.store
    store.digest_at, store.evening_at = morning, evening or "20:00"
    if not said:
        stores.prepare(session, store, NOW)
        assert store.digest_at == "08:30"
        return
    with pytest.raises(RuleError, match=said):
        stores.prepare(session, store, NOW)
