"""The pictures of the README: a demo store in a temporary folder, a browser, and a few pages (`make pictures`)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.browser_support import DESKTOP, PHONE, browser

FOLDER = Path(__file__).resolve().parent / "pictures"
PASSWORD = "caredesk-demo"  # the demo's
# file, who, path, phone, dark
PICTURES = (
    ("home", "care_specialist", "/admin/", False, False),
    ("home-manager", "care_manager", "/admin/", False, False),
    ("followups", "care_specialist", "/admin/followups/", False, False),
    ("customers", "care_specialist", "/admin/customer/", False, False),
    ("customer", "care_specialist", "/admin/customer/details/?id=5", False, True),
    ("complaints", "care_manager", "/admin/complaint/board/", False, False),
    ("scores", "sales_manager", "/admin/scores/", False, False),
    ("visit-log-phone", "care_specialist", "/admin/visit/log/?customer=5", True, False),
)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(address: str, seconds: int = 120) -> None:
    """Until the desk answers; RuntimeError where it does not."""
    for _second in range(seconds):
        try:
            urllib.request.urlopen(f"{address}/readyz", timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(1)
        else:
            return
    raise RuntimeError("the demo did not start")


def take(address: str) -> None:
    """Sign in for each picture and keep what is on the screen."""
    FOLDER.mkdir(exist_ok=True)
    with browser() as running:
        for name, who, path, phone, dark in PICTURES:
            page = running.new_page(viewport=PHONE if phone else DESKTOP, locale="zh-CN",
                                    color_scheme="dark" if dark else "light")
            page.goto(f"{address}/login")
            page.fill("input[name=username]", who)
            page.fill("input[name=password]", PASSWORD)
            page.press("input[name=password]", "Enter")
            page.wait_for_url("**/admin/**")
            page.goto(address + path)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=FOLDER / f"{name}.png")
            page.close()
            print(f"docs/pictures/{name}.png")


def main() -> int:
    """Serve a demo of its own, take the pictures, end it."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"CAREDESK_INSTANCE": folder, "CAREDESK_DATABASE_URL": "", "PORT": str(port)}
        server = subprocess.Popen([sys.executable, "-m", "admin_app.serving"], env=environment,
                                  stdout=subprocess.DEVNULL)
        try:
            wait_for(f"http://127.0.0.1:{port}")
            take(f"http://127.0.0.1:{port}")
        finally:
            server.terminate()
            server.wait(20)
    return 0


if __name__ == "__main__":
    sys.exit(main())
