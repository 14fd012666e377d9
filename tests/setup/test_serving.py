"""The inner part of `make run`: when the demo is made, what is printed, how it ends."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from admin_app import create_app, serving
from admin_app.errors import RuleError
from tests.conftest import settings

ROOT = Path(serving.__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def empty_app(folder: Path, **given: str) -> Flask:
    """An application over a database without tables."""
    return create_app(settings(folder, f"sqlite:///{folder / 'empty.db'}") | given)


# The server


def test_a_port_taken_at_the_last_moment_is_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        app = empty_app(tmp_path, HOST="127.0.0.1", PORT=str(other.getsockname()[1]))
        with pytest.raises(RuleError, match="CareDesk cannot serve on 127.0.0.1"):
            serving.listen(app)


def test_a_proxy_is_believed_only_where_https_is_set(tmp_path: Path) -> None:
    assert "trusted_proxy" not in serving.server_options(empty_app(tmp_path))
    behind_a_proxy = serving.server_options(empty_app(tmp_path, CAREDESK_HTTPS="1"))
    assert behind_a_proxy["trusted_proxy"] == "127.0.0.1"
    assert "x-forwarded-for" in behind_a_proxy["trusted_proxy_headers"]
    assert behind_a_proxy["clear_untrusted_proxy_headers"] is True


@pytest.mark.parametrize(("host", "address"), [
    ("127.0.0.1", "http://127.0.0.1:8000/"), ("0.0.0.0", "http://127.0.0.1:8000/"),
    ("::1", "http://[::1]:8000/"), ("desk.example", "http://desk.example:8000/"),
])
def test_the_address_is_one_that_a_browser_takes(host: str, address: str) -> None:
    assert serving.shown_address(host, 8000) == address


# From beginning to end


@contextmanager
def desk(folder: Path, port: int, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`python run.py` with a folder and a port of its own."""
    env = os.environ | {"PORT": str(port), "CAREDESK_INSTANCE": str(folder), "CAREDESK_DEMO": "0"} | environment
    process = subprocess.Popen([sys.executable, "run.py"], cwd=ROOT, env=env, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with process:
        try:
            yield process
        finally:
            process.kill()


def work_of_children() -> float:
    """Seconds of the processor that ended children have used so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def wait_until_it_answers(process: subprocess.Popen[str], port: int, seconds: float = 60) -> None:
    """Until the sign-in page comes."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        assert process.poll() is None, process.communicate()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/login", timeout=5) as answer:
                assert answer.status == 200
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise AssertionError("it never answered")


def test_it_starts_twice_and_ends_on_sigterm_and_ctrl_c(tmp_path: Path) -> None:
    port = free_port()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = work_of_children()
        with desk(tmp_path, port) as process:
            wait_until_it_answers(process, port)
            process.send_signal(number)
            printed, complaints = process.communicate(timeout=90)
        assert process.returncode == 0, complaints
        assert f"CareDesk: http://127.0.0.1:{port}/" in printed
        assert "Traceback" not in complaints
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
    assert work_of_children() - before < 5, "the second start, without the time that others took on this machine"
    assert (tmp_path / "caredesk.db").stat().st_mode & 0o077 == 0, "nobody else reads the database"


def test_a_database_that_does_not_answer_is_a_sentence(tmp_path: Path) -> None:
    nowhere = f"postgresql://nobody@127.0.0.1:{free_port()}/caredesk"
    with desk(tmp_path, free_port(), CAREDESK_DATABASE_URL=nowhere, CAREDESK_DEMO="1") as process:
        _, complaint = process.communicate(timeout=60)
    assert process.returncode == 1
    assert complaint.startswith("The database does not answer:")
    assert "Traceback" not in complaint


def test_a_key_that_is_too_short_is_a_sentence(tmp_path: Path) -> None:
    with desk(tmp_path, free_port(), CAREDESK_SECRET_KEY="short") as process:
        _, complaint = process.communicate(timeout=60)
    assert process.returncode == 1
    assert complaint == "CAREDESK_SECRET_KEY must have at least 16 characters.\n"
