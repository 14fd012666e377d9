"""Staff accounts on their screen: a first password by the administrator, and nobody widens his own rights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from admin_app import models as m
from tests.conftest import row
from tests.screens.desk_support import page, send

SignIn = Callable[[Any], FlaskClient]


def test_the_administrator_gives_a_password_that_must_be_changed(sign_in: SignIn, cast: Any) -> None:
    key, theirs, client = cast.colleague.id, sign_in("colleague"), sign_in("administrator")
    token = page(client, f"/admin/user/details/?id={key}").fields["csrf_token"]
    answer = client.post("/admin/user/password/", data={"id": key, "csrf_token": token})
    assert answer.status_code == 200 and row(m.User, key).must_change_password
    password = answer.text.split('<code class="strong">')[1].split("</code>")[0]
    assert theirs.get("/admin/gift/").status_code == 302  # the old session has ended
    again = sign_in("colleague", password)  # type: ignore[call-arg]
    assert again.get("/admin/gift/").location == "/account/password"


@pytest.mark.parametrize("name", ["general_manager", "care_manager", "sales_consultant", "auditor"])
def test_nobody_else_gives_passwords(sign_in: SignIn, cast: Any, name: str) -> None:
    key, client, before = cast.colleague.id, sign_in(name), cast.colleague.password_hash
    token = page(client, "/account/password").fields["csrf_token"]
    assert client.post("/admin/user/password/", data={"id": key, "csrf_token": token}).status_code == 403
    assert row(m.User, key).password_hash == before


def test_a_new_member_of_staff_is_added_without_a_password(sign_in: SignIn, session: Any, cast: Any) -> None:
    store, role = cast.store.id, cast.sales_consultant.role_id
    answer = send(sign_in("administrator"), "/admin/user/new/", username="new.person", name="新人", store_id=store,
                  role_id=role, password_hash="x", session_key="x")
    assert answer.status_code == 302
    saved = session.query(m.User).filter_by(username="new.person").one()
    assert saved.password_hash is None and saved.active


def test_nobody_widens_his_own_rights(sign_in: SignIn, cast: Any) -> None:
    key, role, client = cast.administrator.id, cast.general_manager.role_id, sign_in("administrator")
    answer = send(client, f"/admin/user/edit/?id={key}", role_id=role)
    assert answer.status_code == 400 and 'id="role_id-e"' in answer.text
    assert row(m.User, key).role_id != role
