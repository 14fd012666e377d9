"""A desk that really serves, and a browser that signs in. Every page is watched: no error in the console, no refusal
of the content policy, no request that leaves the machine."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from admin_app.database import db
from tests.browser_support import DESKTOP, PHONE, browser
from tests.cast import PASSWORD


@pytest.fixture(scope="session")
def chromium_browser() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture
def live(app: Flask) -> Iterator[str]:
    """The address of the application of this test, served on a free port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


# The browser of the tests has no telephone: asked for one it would wait for an answer and take no more keys.
NO_TELEPHONE = """document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="tel:"]');
  if (link) { event.preventDefault(); window.dialled = link.href; }
});"""


class Watch:
    """What went wrong on a page that nobody would see."""

    def __init__(self, page: Page, host: str, *, breaks: bool = False) -> None:
        self.faults: list[str] = []
        self.breaks = breaks  # the test cuts the line itself
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("console", self._said)
        page.on("request", lambda request: self._asked(request.url, host))

    def _said(self, message: Any) -> None:
        policy = "Content Security Policy" in message.text or "Content-Security-Policy" in message.text
        cut = self.breaks and "net::ERR_" in message.text
        if policy or (message.type == "error" and "status of 4" not in message.text and not cut):
            self.faults.append(f"console: {message.text}")

    def _asked(self, url: str, host: str) -> None:
        if urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc != host:
            self.faults.append(f"outside: {url}")


@pytest.fixture
def tab(chromium_browser: Browser, live: str) -> Iterator[Callable[..., Page]]:
    """tab("care_specialist", phone=True): a page signed in as that person; its faults fail the test."""
    watches, contexts = [], []

    def opened(username: str, *, phone: bool = False, scheme: str = "light", breaks: bool = False) -> Page:
        db.session.commit()
        context = chromium_browser.new_context(
            base_url=live, viewport=PHONE if phone else DESKTOP, has_touch=phone, color_scheme=scheme, locale="zh-CN")
        contexts.append(context)
        context.add_init_script(NO_TELEPHONE)
        page = context.new_page()
        page.set_default_timeout(10_000)
        watches.append(Watch(page, urlsplit(live).netloc, breaks=breaks))
        page.goto("/login")
        page.fill("input[name=username]", username)
        page.fill("input[name=password]", PASSWORD)
        page.click("#sign-in button[type=submit]")
        page.wait_for_url("**/admin/**")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [fault for watch in watches for fault in watch.faults] == []


def wider_than_its_window(page: Page) -> bool:
    """Whether a page scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
