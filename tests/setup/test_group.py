"""Several processes: gunicorn with two workers on both databases, on loopback, from the sign-in to the orderly end."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from flask import Flask

from admin_app import create_app
from admin_app import models as m
from admin_app.database import db
from admin_app.web import BehindProxy
from tests import conftest, postgres
from tests.cast import PASSWORD
from tests.setup.test_serving import free_port

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = pytest.mark.skipif(os.name != "posix", reason="gunicorn runs on Linux and macOS")


class Browser:
    """One signed-in browser; each request goes over a new connection, so that any worker may take it."""

    def __init__(self, port: int) -> None:
        self.port, self.cookies = port, {}

    def ask(self, path: str, data: dict[str, Any] | None = None) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items()), "Accept": "text/html"}
        if data is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded",
                        "Referer": f"http://127.0.0.1:{self.port}{path}"}
        connection.request("POST" if data is not None else "GET", path, urlencode(data or {}), headers)
        answer = connection.getresponse()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _equals, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def token(self, path: str) -> str:
        return self.ask(path)[1].split('name="csrf-token" content="')[1].split('"')[0]

    def sign_in(self, name: str) -> None:
        status, text = self.ask("/login", {"username": name, "password": PASSWORD, "csrf_token": self.token("/login")})
        assert status == 302, text


@contextmanager
def group(folder: Path, url: str) -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    """gunicorn with two workers: the process, its port, its log."""
    port, log = free_port(), folder / "gunicorn.log"
    env = os.environ | {"PORT": str(port), "CAREDESK_INSTANCE": str(folder), "CAREDESK_DATABASE_URL": url,
                        "CAREDESK_SECRET_KEY": "group-of-two-" * 3, "CAREDESK_ENCRYPTION_KEY": conftest.KEY,
                        "CAREDESK_WORKERS": "2"}
    with log.open("wb") as written:
        process = subprocess.Popen([sys.executable, "-m", "gunicorn", "-c", "admin_app/gunicorn_conf.py"], cwd=ROOT,
                                   env=env, stdout=written, stderr=written)
    try:
        yield process, port, log
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def stored(statement: Any) -> Any:
    """One value as it stands in the database now."""
    with db.engine.connect() as connection:
        return connection.execute(statement).scalar()


def until_ready(port: int, wanted: int = 200, seconds: float = 60) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        try:
            if Browser(port).ask("/readyz")[0] == wanted:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise AssertionError(f"/readyz never answered {wanted}")


def workers_of(process: subprocess.Popen[bytes]) -> set[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process.pid)], capture_output=True, text=True, check=True)
    return {int(line) for line in found.stdout.split()}


@contextmanager
def filled(folder: Path, url: str) -> Iterator[Flask]:
    """A database with today's schema, the seeds and the cast."""
    import flask_migrate

    app = create_app(conftest.settings(folder, url))
    with app.app_context():
        flask_migrate.upgrade()
        db.session.remove()
    conftest.fill(app, create=False)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'caredesk.db'}"
    else:
        with request.getfixturevalue("postgres_server").database() as url:
            yield url


def test_two_workers_are_one_desk_and_end_in_order(tmp_path: Path, address: str) -> None:
    """Signed in with one is signed in with all; what one writes all show; failures are counted over both; SIGTERM ends
    with the access log written; HUP changes the workers and loses nobody."""
    with filled(tmp_path, address), group(tmp_path, address) as (process, port, log):
        until_ready(port)
        assert len(workers_of(process)) == 2
        browser = Browser(port)
        browser.sign_in("general_manager")
        made = {"csrf_token": browser.token("/admin/customer/new/"), "name": "两个进程", "phone": "13812345678",
                "store_id": "1"}
        status, text = browser.ask("/admin/customer/new/", made)
        assert status == 302, re.findall(r'invalid-feedback.*?</div>', text)
        key = stored(sa.select(m.Customer.__table__.c.id).where(m.Customer.__table__.c.name == "两个进程"))
        for _turn in range(12):
            status, text = browser.ask(f"/admin/customer/details/?id={key}")
            assert status == 200 and "两个进程" in text
        for turn in range(6):  # five failures lock the name, whoever counted them
            stranger = Browser(port)
            status, _text = stranger.ask("/login", {"username": "auditor", "password": f"wrong-{turn}",
                                                    "csrf_token": stranger.token("/login")})
        assert status == 429
        before = workers_of(process)
        process.send_signal(signal.SIGHUP)
        begun = time.monotonic()
        while workers_of(process) & before and time.monotonic() - begun < 60:
            assert browser.ask("/admin/")[0] == 200
        assert not workers_of(process) & before
        assert browser.ask(f"/admin/customer/details/?id={key}")[0] == 200
        process.send_signal(signal.SIGTERM)  # at once: the last view still waits in a worker
        assert process.wait(timeout=40) == 0
        log_table = m.AccessLog.__table__
        viewed = stored(sa.select(sa.func.count()).select_from(log_table).where(
            log_table.c.table == "customer", log_table.c.row_id == key, log_table.c.verb == "view"))
        assert viewed == 13, log.read_text()
        assert "Traceback" not in log.read_text()


def test_a_restart_of_postgresql_costs_at_most_one_readable_page_a_worker(tmp_path: Path) -> None:
    with postgres.running() as server, server.database() as url, filled(tmp_path, url), \
            group(tmp_path, url) as (_process, port, _log):
        until_ready(port)
        browser = Browser(port)
        browser.sign_in("general_manager")
        for _turn in range(8):
            assert browser.ask("/admin/customer/")[0] == 200
        server.restart()
        found = [browser.ask("/admin/customer/") for _turn in range(12)]
        assert [status for status, _text in found].count(503) <= 2
        assert {status for status, _text in found} <= {200, 503}
        typed = {"csrf_token": browser.token("/admin/customer/new/"), "name": "没有丢 <b>", "phone": "13812345679",
                 "store_id": "1"}
        server.halt()
        status, text = browser.ask("/admin/customer/new/", typed)
        assert status == 503 and "Traceback" not in text
        assert 'name="name" value="没有丢 &lt;b&gt;"' in text and "13812345679" in text
        assert browser.ask("/admin/customer/")[0] == 503
        assert browser.ask("/healthz")[0] == 200 and browser.ask("/readyz")[0] == 503
        server.start()
        until_ready(port)
        kept = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text))
        status, text = browser.ask("/admin/customer/new/", kept | {"name": "没有丢 <b>"})
        assert status == 302
        assert "没有丢" in browser.ask("/admin/customer/")[1]


def test_a_schema_of_another_program_is_not_served(tmp_path: Path) -> None:
    with group(tmp_path, f"sqlite:///{tmp_path / 'empty.db'}") as (process, _port, log):
        assert process.wait(timeout=60) in (1, 3)  # 3 of gunicorn; 1 where the second worker gives up while it halts
        assert "flask --app wsgi db upgrade" in log.read_text()


def test_the_schedule_is_followed_beside_and_ends_on_sigterm(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'caredesk.db'}"
    with filled(tmp_path, url):
        table = m.JobRun.__table__
        dead = f"{os.uname().nodename[:50]}:999999999"
        db.session.connection().execute(sa.insert(table).values(
            name="followups", failed=False, holder=dead, leased_until=conftest.NOW.replace(year=2099)))
        db.session.commit()
        env = os.environ | {"CAREDESK_INSTANCE": str(tmp_path), "CAREDESK_DATABASE_URL": url, "FLASK_APP": "wsgi",
                            "CAREDESK_SECRET_KEY": "k" * 16, "CAREDESK_ENCRYPTION_KEY": conftest.KEY}
        process = subprocess.Popen([sys.executable, "-m", "flask", "jobs", "serve"], cwd=ROOT, env=env, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert process.stdout is not None and process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        printed, _none = process.communicate(timeout=30)
        assert process.returncode == 0, printed
        assert "Traceback" not in printed
        row = db.session.connection().execute(sa.select(table).where(table.c.name == "followups")).mappings().one()
        assert row["leased_until"] is None, "what a dead process of this machine held is free again"


# ---------------------------------------------------------------- whom to believe


@pytest.mark.parametrize(("https", "peer", "seen", "scheme"), [
    ("1", "127.0.0.1", "203.0.113.9", "https"), ("1", "10.0.0.7", "203.0.113.9", "https"),
    ("1", "198.51.100.1", "198.51.100.1", "http"), ("", "127.0.0.1", "127.0.0.1", "http"),
])
def test_only_named_proxies_are_believed(https: str, peer: str, seen: str, scheme: str) -> None:
    found: dict[str, Any] = {}

    def inner(environ: dict[str, Any], _start: Any) -> list[bytes]:
        found.update(environ)
        return []

    outer = BehindProxy(inner, {"CAREDESK_HTTPS": https, "CAREDESK_PROXIES": "127.0.0.1, 10.0.0.7"})
    outer({"REMOTE_ADDR": peer, "wsgi.url_scheme": "http", "HTTP_HOST": "desk", "HTTP_X_FORWARDED_FOR": "203.0.113.9",
           "HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_HOST": "desk.example"}, None)
    assert (found["REMOTE_ADDR"], found["wsgi.url_scheme"]) == (seen, scheme)
