"""Group robots of WeCom 企业微信, DingTalk 钉钉 and Feishu 飞书: what is sent to them and what they answer.

Only over https, only to the hosts of the three services and those of CAREDESK_ROBOT_HOSTS; no redirect is followed,
no long wait, no long answer. Sources: developer.work.weixin.qq.com/document/path/91770,
open.dingtalk.com/document/robots/customize-robot-security-settings, open.feishu.cn custom bot usage guide.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlsplit

from flask import current_app
from flask_babel import gettext as _

from admin_app.choices import RobotKind
from admin_app.errors import RuleError
from admin_app.settings import is_loopback

HOSTS = {RobotKind.WECOM: "qyapi.weixin.qq.com", RobotKind.DINGTALK: "oapi.dingtalk.com",
         RobotKind.FEISHU: "open.feishu.cn"}
TIMEOUT = 10.0  # seconds for the connection, for a piece of the answer, and for all of it
MOST_ANSWER = 64 * 1024  # bytes of an answer that are looked at
MOST_TEXT = 4_000  # bytes of a message; WeCom takes 4,096


class NotSent(Exception):
    """A message was not taken: a sentence why. `final`: trying again would not help."""

    def __init__(self, why: str, final: bool = False) -> None:
        super().__init__(why)
        self.final = final


def reason(error: Exception) -> str:
    """Why nobody was reached, for whoever set the address up; the name of the fault where there is no sentence."""
    if isinstance(error, socket.gaierror):
        return _("this name is not known here (check the address and the network)")
    if isinstance(error, ssl.SSLError):
        return _("its certificate is not accepted")
    if isinstance(error, ConnectionRefusedError):
        return _("nobody answers at this address and port")
    return type(error).__name__


@dataclass(frozen=True)
class Address:
    """A webhook address that may be reached."""

    secure: bool
    host: str
    port: int
    path: str


def address_of(text: str | None) -> Address:
    """The parts of a webhook address. RuleError at `address` where it is none, or of a host that is not allowed."""
    try:
        parts = urlsplit((text or "").strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise RuleError(_("This is not an address of a group robot."), "address") from None
    added = {one.strip().lower() for one in str(current_app.config["CAREDESK_ROBOT_HOSTS"]).split(",") if one.strip()}
    named = f"{host}:{port}" if port else host
    plain = parts.scheme == "http" and is_loopback(host) and named in added
    if not host or parts.username or parts.password or (parts.scheme != "https" and not plain):
        raise RuleError(_("Only an https:// address of a group robot is taken."), "address")
    if not (named in added or (host in HOSTS.values() and port in (None, 443))):
        raise RuleError(_("Messages are not sent to %(host)s: it is no host of WeCom, DingTalk or Feishu.",
                          host=host), "address")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.isascii() or not path.isprintable() or " " in path:
        raise RuleError(_("This is not an address of a group robot."), "address")
    return Address(parts.scheme == "https", host, port or (443 if parts.scheme == "https" else 80), path)


def check(kind: Any, address: str | None) -> None:
    """Whether an address is one of this service. RuleError at `address`."""
    found = address_of(address)
    if found.host in HOSTS.values() and HOSTS.get(kind) != found.host:
        raise RuleError(_("This address belongs to another service than the one chosen."), "address")


# ---------------------------------------------------------------- what each service wants


def dingtalk_sign(secret: str, milliseconds: int) -> str:
    """The signature of DingTalk: HMAC-SHA256 of time and secret with the secret, in base64, quoted for an address."""
    text = f"{milliseconds}\n{secret}".encode()
    return quote_plus(base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()))


def feishu_sign(secret: str, seconds: int) -> str:
    """The signature of Feishu: HMAC-SHA256 of nothing, with time and secret as the key, in base64."""
    key = f"{seconds}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()


def asked(kind: Any, path: str, secret: str | None, title: str, text: str, now: float) -> tuple[str, dict[str, Any]]:
    """(path with what is signed, body) of a message in markdown. now: seconds since 1970."""
    text = shortened(text)
    if kind == RobotKind.WECOM:
        return path, {"msgtype": "markdown", "markdown": {"content": text}}
    if kind == RobotKind.DINGTALK:
        if secret:
            stamp = int(now * 1000)
            path += f"{'&' if '?' in path else '?'}timestamp={stamp}&sign={dingtalk_sign(secret, stamp)}"
        return path, {"msgtype": "markdown", "markdown": {"title": title, "text": text}}
    body: dict[str, Any] = {"msg_type": "interactive", "card": {
        "header": {"title": {"tag": "plain_text", "content": title}},
        "elements": [{"tag": "markdown", "content": text}]}}
    if secret:
        body = {"timestamp": str(int(now)), "sign": feishu_sign(secret, int(now))} | body
    return path, body


def shortened(text: str) -> str:
    """The text within MOST_TEXT bytes, cut at the end of a line."""
    if len(text.encode()) <= MOST_TEXT:
        return text
    return text.encode()[:MOST_TEXT - 4].decode(errors="ignore").rpartition("\n")[0] + "\n…"


def understood(answer: bytes) -> None:
    """What a service answers with status 200. NotSent with its own words where it did not take the message."""
    try:
        said = json.loads(answer)
        code = said.get("errcode", said.get("code", said.get("StatusCode")))
        words = str(said.get("errmsg") or said.get("msg") or said.get("StatusMessage") or "")
    except (ValueError, AttributeError):
        raise NotSent(_("The service answers something that is no answer of a group robot.")) from None
    if code != 0:
        raise NotSent(_("The service refuses the message: %(code)s %(words)s", code=str(code)[:20], words=words[:160]))


# ---------------------------------------------------------------- sending


def send(kind: Any, address: str | None, secret: str | None, title: str, text: str) -> None:
    """Send a message to a group. NotSent with a sentence where it was not taken."""
    try:
        target = address_of(address)
    except RuleError as error:
        raise NotSent(str(error.message), final=True) from None
    path, body = asked(kind, target.path, secret, title, text, time.time())
    try:
        status, answer = _post(target, path, json.dumps(body, ensure_ascii=False).encode())
    except TimeoutError:
        raise NotSent(_("The service did not answer in time.")) from None
    except (OSError, http.client.HTTPException) as error:
        raise NotSent(_("The service cannot be reached: %(why)s", why=reason(error))) from None
    if 300 <= status < 400:
        raise NotSent(_("The service sends on to another address; that is not followed."), final=True)
    if status != 200:
        raise NotSent(_("The service answers with status %(status)s.", status=status))
    understood(answer)


def _post(target: Address, path: str, body: bytes) -> tuple[int, bytes]:
    """(status, at most MOST_ANSWER bytes) of an answer that is whole within TIMEOUT."""
    until = time.monotonic() + TIMEOUT
    connection = http.client.HTTPSConnection(
        target.host, target.port, timeout=TIMEOUT, context=ssl.create_default_context()) if target.secure else (
        http.client.HTTPConnection(target.host, target.port, timeout=TIMEOUT))
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json; charset=utf-8",
                                                "User-Agent": "CareDesk"})
        answer, found = connection.getresponse(), b""
        while len(found) < MOST_ANSWER and (piece := answer.read1(8192)):
            found += piece
            if time.monotonic() > until:
                raise TimeoutError
        return answer.status, found[:MOST_ANSWER]
    finally:
        connection.close()
