"""The helpers of the tests themselves: the browser is found or installed, PostgreSQL starts and goes away."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests import chromium, postgres
from tests.browser_support import PHONE, browser


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """What one test has found is not what the next one finds."""
    chromium.find.cache_clear()
    yield
    chromium.find.cache_clear()


def program(path: Path, does: str) -> str:
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)
    return str(path)


def test_a_stub_that_starts_nothing_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = program(tmp_path / "stub", "echo install the snap first >&2; exit 1")
    good = program(tmp_path / "good", "echo '<html></html>'")
    monkeypatch.setattr(chromium, "candidates", lambda: iter([None, str(tmp_path / "none"), stub, good]))
    assert chromium.find() == good


def test_without_a_browser_one_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "chromium"
    asked: list[tuple[str, ...]] = []

    def refuse(*packages: str) -> bool:
        asked.append(packages)
        return False

    def download() -> bool:
        program(path, "echo '<html></html>'")
        return True

    monkeypatch.setattr(chromium, "candidates", lambda: iter([str(path)]))
    monkeypatch.setattr(chromium, "apt_install", refuse)
    monkeypatch.setattr(chromium, "playwright_install", download)
    monkeypatch.setattr(chromium, "has_chinese_font", lambda: True)
    assert chromium.main() == 0
    assert capsys.readouterr().out == f"{path}\n"
    assert asked == [("chromium", "fonts-noto-cjk")]


def test_where_none_can_be_had_a_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(chromium, "candidates", lambda: iter([]))
    monkeypatch.setattr(chromium, "apt_install", lambda *packages: False)
    monkeypatch.setattr(chromium, "playwright_install", lambda: False)
    assert chromium.main() == 1
    assert "Install Chromium, Chrome or Edge" in capsys.readouterr().err


def test_only_the_administrator_of_a_debian_installs_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(chromium.subprocess, "call", lambda command, **_: ran.append(command) or 0)
    monkeypatch.setattr(chromium.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(chromium.os, "geteuid", lambda: 1000, raising=False)
    assert chromium.apt_install("chromium") is False
    assert ran == []
    monkeypatch.setattr(chromium.os, "geteuid", lambda: 0, raising=False)
    assert chromium.apt_install("chromium") is True
    assert [command[:2] for command in ran] == [["apt-get", "update"], ["apt-get", "install"]]


def test_the_browser_shows_a_chinese_page() -> None:
    def heading() -> str:
        with browser() as running:
            page = running.new_page(viewport=PHONE)
            page.set_content("<h1>客户关爱</h1>")
            return page.inner_text("h1")

    with ThreadPoolExecutor(1) as thread:  # the browser of other tests may run in this one
        assert thread.submit(heading).result() == "客户关爱"


def test_postgresql_starts_is_restarted_and_goes_away() -> None:
    with postgres.running() as server:
        name = server.create()
        engine = sa.create_engine(server.url(name), pool_pre_ping=True)
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE TABLE car (plate text); INSERT INTO car VALUES ('沪A12345')"))
        server.restart()
        with engine.connect() as connection:
            assert connection.scalar(sa.text("SELECT plate FROM car")) == "沪A12345"
        engine.dispose()
        with server.database(template=name) as copy:
            engine = sa.create_engine(copy)
            with engine.connect() as connection:
                assert connection.scalar(sa.text("SELECT count(*) FROM car")) == 1
            engine.dispose()
        version = subprocess.run([server.programs / "pg_dump", "--version"], capture_output=True, check=True)
        assert b"PostgreSQL" in version.stdout
        folder = server.folder
    assert not folder.exists()
