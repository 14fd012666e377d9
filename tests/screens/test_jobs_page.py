"""The administrator runs a job from the home page; nobody else may."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from admin_app import backup
from tests.cast import Cast
from tests.conftest import token


def press(client: Any, name: str) -> Any:
    return client.post("/admin/jobs/run/", data={"name": name, "csrf_token": token(client, "/account/password")})


def test_the_administrator_makes_a_backup_now(app: Flask, sign_in: Any, cast: Cast, tmp_path: Path) -> None:
    app.config["CAREDESK_BACKUP_DIR"] = str(tmp_path)
    client = sign_in(cast.administrator)
    assert "/admin/jobs/run/" in client.get("/admin/").text
    assert press(client, "backup").status_code == 302
    made = backup.latest(tmp_path)
    assert made is not None
    assert backup.check(made)["tables"]
    assert "role=\"status\"" in client.get("/admin/").text


@pytest.mark.parametrize("role", ["general_manager", "care_manager", "auditor", "sales_consultant"])
def test_others_are_refused_and_nothing_runs(app: Flask, sign_in: Any, cast: Cast, tmp_path: Path, role: str) -> None:
    app.config["CAREDESK_BACKUP_DIR"] = str(tmp_path)
    assert press(sign_in(getattr(cast, role)), "backup").status_code == 403
    assert backup.latest(tmp_path) is None


def test_an_unknown_job_and_a_missing_token(sign_in: Any, cast: Cast) -> None:
    client = sign_in(cast.administrator)
    assert press(client, "nothing").status_code == 400
    assert client.post("/admin/jobs/run/", data={"name": "backup"}).status_code == 400


def test_a_failing_backup_says_why(app: Flask, sign_in: Any, cast: Cast, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    app.config["CAREDESK_BACKUP_DIR"] = str(tmp_path / "file" / "below")
    client = sign_in(cast.administrator)
    assert press(client, "backup").status_code == 302
    assert 'role="alert"' in client.get("/admin/").text
