"""Scripts of our own: one address each, with the version of them all in it, however they are asked for."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient

from admin_app.look import asset


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
