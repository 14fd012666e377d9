"""The browser of the tests: one that is there, or one that is installed now.

`python -m tests.chromium` prints its path, or a sentence on stderr and ends with 1.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)
# --no-sandbox because containers have none; the rest keeps it from asking the internet for anything.
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")
ADVICE = ("No browser was found and none could be installed. Install Chromium, Chrome or Edge "
          "(Debian: `sudo apt install chromium fonts-noto-cjk`), then start again.")


def main() -> int:
    """Print the browser's path; install a browser where there is none."""
    path = find() or install()
    if path is None:
        print(ADVICE, file=sys.stderr)
        return 1
    if not has_chinese_font():
        apt_install("fonts-noto-cjk")
    print(path)
    return 0


@functools.cache
def find() -> str | None:
    """The first browser that starts: on PATH, in its usual place, or Playwright's own. None where there is none."""
    return next((path for path in candidates() if path and Path(path).is_file() and starts(path)), None)


def candidates() -> Iterator[str | None]:
    """Where a browser may be, the likeliest first."""
    yield from map(shutil.which, NAMES)
    yield from PLACES
    yield playwrights_own()


def starts(path: str) -> bool:
    """Whether a browser opens an empty page here; one that lacks a library of the system, or a stub, does not."""
    with tempfile.TemporaryDirectory(prefix="caredesk-browser-", ignore_cleanup_errors=True) as profile:
        command = [path, "--headless", *FLAGS, f"--user-data-dir={profile}", "--dump-dom", "about:blank"]
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
    return answer.returncode == 0 and "<html" in answer.stdout


def playwrights_own() -> str | None:
    """Where Playwright keeps the Chromium that it has downloaded, whether it is there or not."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def install() -> str | None:
    """Install a browser from the system's packages or from Playwright; its path, or None."""
    say("No browser was found; installing one (a few minutes) …")
    for attempt in (lambda: apt_install("chromium", "fonts-noto-cjk"), playwright_install):
        if attempt():
            find.cache_clear()
            if path := find():
                return path
    return None


def apt_install(*packages: str) -> bool:
    """Install packages of Debian or Ubuntu; False where this is neither, or this person may not."""
    if not shutil.which("apt-get") or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    quiet = {"env": environment, "stdout": subprocess.DEVNULL}
    subprocess.call(["apt-get", "update", "-qq"], **quiet)
    return subprocess.call(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], **quiet) == 0


def playwright_install() -> bool:
    """Download Playwright's own Chromium."""
    return subprocess.call([sys.executable, "-m", "playwright", "install", "chromium"], stdout=sys.stderr) == 0


def has_chinese_font() -> bool:
    """Whether pages can show Chinese. True where the system cannot tell (macOS and Windows always can)."""
    if not shutil.which("fc-list"):
        return True
    return bool(subprocess.run(["fc-list", ":lang=zh-cn"], capture_output=True, check=False).stdout.strip())


def say(text: str) -> None:
    """A line for the person, beside the path on stdout."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
