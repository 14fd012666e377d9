"""Group robots: the signature as each service checks it, what each wants, and what is not taken for sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from admin_app.choices import RobotKind
from admin_app.errors import RuleError
from admin_app.sending import robots
from admin_app.sending.robots import NotSent
from tests.sending_support import Service, robot_service


@pytest.fixture
def service(app: Flask) -> Iterator[Service]:
    with robot_service() as found:
        app.config["CAREDESK_ROBOT_HOSTS"] = found.host
        yield found
    app.config["CAREDESK_ROBOT_HOSTS"] = ""


def send(service: Service, kind: RobotKind, secret: str | None = None, text: str = "**3** 条") -> None:
    robots.send(kind, service.address("/robot/send?access_token=abc"), secret, "今日提要", text)


# ---------------------------------------------------------------- each service's own check


def test_wecom_gets_markdown_with_the_key_in_the_address(service: Service) -> None:
    send(service, RobotKind.WECOM)
    path, body = service.got[0]
    assert parse_qs(urlsplit(path).query) == {"access_token": ["abc"]}
    assert body == {"msgtype": "markdown", "markdown": {"content": "**3** 条"}}


def test_dingtalk_is_signed_as_the_service_checks_it(service: Service) -> None:
    send(service, RobotKind.DINGTALK, "SEC加签+/=")
    path, body = service.got[0]
    asked = parse_qs(urlsplit(path).query)
    stamp = asked["timestamp"][0]
    assert abs(int(stamp) - time.time() * 1000) < 60_000  # the service refuses what is older than an hour
    wanted = hmac.new("SEC加签+/=".encode(), f"{stamp}\nSEC加签+/=".encode(), hashlib.sha256).digest()
    assert base64.b64decode(asked["sign"][0]) == wanted
    assert body == {"msgtype": "markdown", "markdown": {"title": "今日提要", "text": "**3** 条"}}


def test_feishu_is_signed_as_the_service_checks_it(service: Service) -> None:
    service.say({"code": 0, "msg": "success"})
    send(service, RobotKind.FEISHU, "秘密")
    _path, body = service.got[0]
    assert abs(int(body["timestamp"]) - time.time()) < 60
    wanted = hmac.new(f"{body['timestamp']}\n秘密".encode(), b"", hashlib.sha256).digest()
    assert base64.b64decode(body["sign"]) == wanted
    assert body["card"]["elements"][0]["content"] == "**3** 条"


def test_the_signatures_are_those_that_openssl_makes() -> None:
    """printf '1599360473000\\ndemo' | openssl dgst -sha256 -hmac demo -binary | base64, and the same for Feishu."""
    assert robots.feishu_sign("demo", 1599360473) == "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="
    assert robots.dingtalk_sign("demo", 1599360473000) == "eblRZvilBzXa6Ce18IeBM4pMy1rYNWKicaCg6VMwQe0%3D"


def test_without_a_secret_nothing_is_signed(service: Service) -> None:
    send(service, RobotKind.DINGTALK)
    send(service, RobotKind.FEISHU)
    assert "sign" not in service.got[0][0]
    assert "sign" not in service.got[1][1]


def test_a_long_text_is_cut_at_the_end_of_a_line(service: Service) -> None:
    send(service, RobotKind.WECOM, text="客户王**\n" * 1_000)
    content = service.got[0][1]["markdown"]["content"]
    assert 3_900 < len(content.encode()) <= 4_000
    assert content.endswith("客户王**\n…")


# ---------------------------------------------------------------- what is no success


@pytest.mark.parametrize(("answer", "status", "said"), [
    ({"errcode": 93000, "errmsg": "invalid webhook url"}, 200, "93000 invalid webhook url"),
    ({"code": 19021, "msg": "sign match fail"}, 200, "19021 sign match fail"),
    ({"StatusCode": 9499, "StatusMessage": "Bad Request"}, 200, "9499 Bad Request"),
    ({"errcode": 0}, 500, "500"),
    (b"<html>gateway</html>", 200, "不是群机器人的回应"),
    (b"[]", 200, "不是群机器人的回应"),
    (b"{}", 200, "None"),
])
def test_what_the_service_refuses_is_said(service: Service, answer: Any, status: int, said: str) -> None:
    service.say(answer, status=status)
    with pytest.raises(NotSent, match=said) as error:
        send(service, RobotKind.WECOM)
    assert not error.value.final


def test_a_service_that_does_not_answer_is_not_waited_for(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(robots, "TIMEOUT", 0.3)
    service.say({"errcode": 0}, wait=1.5)
    began = time.monotonic()
    with pytest.raises(NotSent, match="没有及时回应"):
        send(service, RobotKind.WECOM)
    assert time.monotonic() - began < 1.2


def test_a_redirect_is_not_followed(service: Service) -> None:
    service.say(b"", status=302, headers={"Location": service.address("/inside")})
    with pytest.raises(NotSent, match="转到别的地址") as error:
        send(service, RobotKind.WECOM)
    assert error.value.final
    assert len(service.got) == 1


def test_a_long_answer_is_not_read_to_its_end(service: Service) -> None:
    service.say(b'{"errcode": 0, "errmsg": "' + b"x" * 2_000_000 + b'"}')
    with pytest.raises(NotSent, match="不是群机器人的回应"):
        send(service, RobotKind.WECOM)


def test_nobody_there_is_a_sentence(app: Flask) -> None:
    with robot_service() as gone:
        address, host = gone.address("/x"), gone.host
    app.config["CAREDESK_ROBOT_HOSTS"] = host
    with pytest.raises(NotSent, match="连接不上平台"):
        robots.send(RobotKind.WECOM, address, None, "x", "x")
    app.config["CAREDESK_ROBOT_HOSTS"] = ""


# ---------------------------------------------------------------- where to


@pytest.mark.parametrize("address", [
    "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1", "https://127.0.0.1/x", "https://169.254.169.254/latest",
    "http://127.0.0.1:9/x", "https://qyapi.weixin.qq.com.evil.test/x", "https://evil.test/?qyapi.weixin.qq.com",
    "https://a:b@qyapi.weixin.qq.com/x", "https://qyapi.weixin.qq.com:8443/x", "https://qyapi.weixin.qq.com@evil.test/x",
    "file:///etc/passwd", "ftp://qyapi.weixin.qq.com/x", "//qyapi.weixin.qq.com/x", "qyapi.weixin.qq.com", "", None,
    "https://[::1]/x", "https://[::1", "https://qyapi.weixin.qq.com:x/", "https://localhost/x", "https://２１.test/x"])
def test_only_the_three_services_are_reached(app: Flask, address: str | None) -> None:
    with pytest.raises(RuleError):
        robots.address_of(address)
    with pytest.raises(NotSent) as error:
        robots.send(RobotKind.WECOM, address, None, "x", "x")
    assert error.value.final


@pytest.mark.parametrize(("kind", "address"), [
    (RobotKind.WECOM, "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx"),
    (RobotKind.DINGTALK, "https://oapi.dingtalk.com/robot/send?access_token=566cc69da782"),
    (RobotKind.FEISHU, "https://open.feishu.cn/open-apis/bot/v2/hook/xxxxxxxx")])
def test_the_addresses_of_the_services_are_taken(app: Flask, kind: RobotKind, address: str) -> None:
    robots.check(kind, address)
    found = robots.address_of(address)
    assert found.secure
    assert found.port == 443
    for other in RobotKind:
        if other != kind:
            with pytest.raises(RuleError, match="与所选平台不符"):
                robots.check(other, address)


def test_a_host_of_the_setting_is_reached_by_http_on_loopback_alone(app: Flask) -> None:
    app.config["CAREDESK_ROBOT_HOSTS"] = "bot.example.com, 127.0.0.1:8123"
    assert robots.address_of("https://bot.example.com/x").secure
    assert not robots.address_of("http://127.0.0.1:8123/x").secure
    for wrong in ("http://bot.example.com/x", "http://127.0.0.1:8124/x", "https://www.bot.example.com/x"):
        with pytest.raises(RuleError):
            robots.address_of(wrong)
    app.config["CAREDESK_ROBOT_HOSTS"] = ""
    assert json.dumps(robots.asked(RobotKind.WECOM, "/x", None, "t", "字", 0.0)[1], ensure_ascii=False).count("字") == 1


@pytest.mark.parametrize(("error", "said"), [
    (socket.gaierror(-2, "x"), "解析不了"), (ssl.SSLCertVerificationError("x"), "证书"),
    (ConnectionRefusedError(111, "x"), "没有服务"), (OSError("x"), "OSError")])
def test_why_nobody_was_reached_is_said_in_words(app: Any, error: Exception, said: str) -> None:
    with app.test_request_context():
        assert said in robots.reason(error)
