"""Starting the browser of the tests: `with browser() as chromium: page = chromium.new_page()`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests import chromium

DESKTOP = {"width": 1400, "height": 900}
PHONE = {"width": 390, "height": 844}


@contextmanager
def browser() -> Iterator[Browser]:
    """A headless browser for the length of the block. Its processes are gone at the end."""
    path = chromium.find()
    if path is None:
        raise RuntimeError(chromium.ADVICE)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=list(chromium.FLAGS))
        try:
            yield running
        finally:
            running.close()
