"""Fake services on loopback: group robots over HTTP, a mail server; they keep what they were sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


@dataclass
class Service:
    """A robot's service: `answers` are (status, body, headers, seconds to wait), the last one again and again."""

    port: int = 0
    answers: list[tuple[int, bytes, dict[str, str], float]] = field(default_factory=list)
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def address(self, path: str) -> str:
        return f"http://{self.host}{path}"

    def say(self, *answers: Any, status: int = 200, headers: dict[str, str] | None = None, wait: float = 0) -> None:
        """What is answered from now on."""
        self.answers = [(status, one if isinstance(one, bytes) else json.dumps(one).encode(), headers or {}, wait)
                        for one in answers]


@contextmanager
def robot_service() -> Iterator[Service]:
    service = Service()
    service.say({"errcode": 0, "errmsg": "ok"})

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.got.append((self.path, json.loads(body)))
            status, answer, headers, wait = service.answers[0]
            if len(service.answers) > 1:
                service.answers.pop(0)
            time.sleep(wait)
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except OSError:
                pass  # who asked did not wait

        def log_message(self, *_words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class MailServer:
    """What arrived: (receivers, mail); `refuse`: addresses that are not taken."""

    port: int = 0
    got: list[tuple[list[str], Any]] = field(default_factory=list)
    refuse: set[str] = field(default_factory=set)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address in self.refuse:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.got.append((list(envelope.rcpt_tos), message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


@contextmanager
def mail_server(user: str = "", password: str = "") -> Iterator[MailServer]:
    """A mail server on loopback; with a user it takes mail after the right password alone."""
    kept = MailServer()

    def check(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        right = (given.login, given.password) == (user.encode(), password.encode())
        return AuthResult(success=right, handled=right)

    words: dict[str, Any] = {"authenticator": check, "auth_require_tls": False} if user else {}
    controller = Controller(kept, hostname="127.0.0.1", port=0, ready_timeout=20, **words)
    controller.port = _free_port()
    controller.start()
    kept.port = controller.port
    try:
        yield kept
    finally:
        controller.stop()


def _free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
