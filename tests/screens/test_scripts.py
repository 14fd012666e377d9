"""Scripts and icons of our own: one address each, with their version in it, however they are asked for."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient

from admin_app.look import asset, icon


def test_a_script_and_what_it_imports_are_of_one_version(store_app: Flask) -> None:
    client: FlaskClient = store_app.test_client()
    with store_app.test_request_context():
        address = asset("js/visit_log.js")
    found = client.get(address)
    assert found.status_code == 200
    assert found.headers["Cache-Control"] == "public, max-age=86400, immutable"
    beside = re.findall(r'from "\./(\w+\.js)"', found.get_data(as_text=True))
    assert beside
    for name in beside:
        assert client.get(f"{address.rpartition('/')[0]}/{name}").headers["Cache-Control"].endswith("immutable")


def test_a_version_that_is_over_is_not_kept_for_good(store_app: Flask) -> None:
    answer = store_app.test_client().get("/static/js-000000/common.js")
    assert answer.status_code == 200
    assert "immutable" not in answer.headers["Cache-Control"]
    assert store_app.test_client().get("/static/js-000000/nothing.js").status_code == 404
    assert store_app.test_client().get("/static/js-000000/../../models.py").status_code == 404


def test_the_icons_are_kept_by_the_browser(store_app: Flask) -> None:
    client = store_app.test_client()
    with store_app.test_request_context():
        address = icon("bell").partition('href="')[2].partition("#")[0]
    answer = client.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert answer.headers["Cache-Control"].endswith("immutable")
    assert not client.get("/i-000000").headers["Cache-Control"].endswith("immutable")
