"""No entry of the menus leads where the person is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.cast import ROLES

PLACES = (r'<nav class="side".*?</nav>', r'<nav class="tabbar".*?</nav>', r'<header class="top">.*?</header>')


@pytest.mark.parametrize("name", ROLES)
def test_every_entry_opens(sign_in: Any, cast: Any, name: str) -> None:
    client = sign_in(name)
    page = client.get("/admin/").text
    parts = "".join(found for place in PLACES for found in re.findall(place, page, re.S))
    paths = set(re.findall(r'href="(/[^"]*)"', parts)) | {
        jump[1:] for jump in re.findall(r'data-jumps="([^"]*)"', page)[0].split()}
    assert "/admin/" in paths
    answers = {path: client.get(path.replace("&amp;", "&")).status_code for path in paths}
    assert {path: status for path, status in answers.items() if status != 200} == {}
