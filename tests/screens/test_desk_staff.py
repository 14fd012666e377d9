"""Staff accounts on their screen: a first password by the administrator, and nobody widens his own rights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
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
    client = sign_in("administrator")
    assert 'class="alert alert-warning' in client.get(f"/admin/user/details/?id={saved.id}").text  # it says so
    assert 'class="alert alert-warning' not in client.get(f"/admin/user/details/?id={cast.colleague.id}").text


def test_nobody_widens_his_own_rights(sign_in: SignIn, cast: Any) -> None:
    key, role, client = cast.administrator.id, cast.general_manager.role_id, sign_in("administrator")
    answer = send(client, f"/admin/user/edit/?id={key}", role_id=role)
    assert answer.status_code == 400 and 'id="role_id-e"' in answer.text
    assert row(m.User, key).role_id != role


def of_one_store(session: Any, cast: Any) -> str:
    """The administrator leads one store only from now on."""
    cast.administrator.group_wide = False
    session.commit()
    return "administrator"


def test_the_group_flag_is_for_people_of_the_group(sign_in: SignIn, session: Any, cast: Any) -> None:
    key = cast.colleague.id
    assert send(sign_in("administrator"), f"/admin/user/edit/?id={key}", group_wide="y").status_code == 302
    assert row(m.User, key).group_wide
    cast.colleague.group_wide = False
    client = sign_in(of_one_store(session, cast))
    assert "group_wide" not in page(client, f"/admin/user/edit/?id={key}").html
    send(client, f"/admin/user/edit/?id={key}", group_wide="y")
    assert not row(m.User, key).group_wide


def test_whoever_sees_all_stores_is_not_changed_from_one_of_them(sign_in: SignIn, session: Any, cast: Any) -> None:
    boss, client = cast.general_manager, sign_in(of_one_store(session, cast))
    key, before = boss.id, boss.password_hash
    token = page(client, "/account/password").fields["csrf_token"]
    data = {"csrf_token": token, "id": key, "version": boss.version, "name": "改名"}
    assert client.post(f"/admin/user/edit/?id={key}", data=data).status_code in (403, 404)
    assert client.post("/admin/user/password/", data=data).status_code in (403, 404)
    assert (row(m.User, key).password_hash, row(m.User, key).name) == (before, boss.name)


def test_nobody_changes_the_rights_of_his_own_role(sign_in: SignIn, session: Any, cast: Any) -> None:
    client, own, theirs = sign_in("administrator"), cast.administrator.role_id, cast.marketing.role_id
    grants = {role: session.scalars(sa.select(m.Grant.id).where(
        m.Grant.role_id == role, m.Grant.table == "customer")).one_or_none() for role in (own, theirs)}
    if grants[own] is None:
        grant = m.Grant(role_id=own, table="customer")
        session.add(grant)
        session.commit()
        grants[own] = grant.id
    answer = send(client, f"/admin/grant/edit/?id={grants[own]}", read="all")
    assert answer.status_code == 400 and page(client, "/admin/grant/").html
    assert row(m.Grant, grants[own]).read == "none"
    assert send(client, f"/admin/grant/edit/?id={grants[theirs]}", read="team").status_code == 302
    assert row(m.Grant, grants[theirs]).read == "team"
    send(client, f"/admin/grant/edit/?id={grants[theirs]}", role_id=own, table="visit")  # not on the form
    assert (row(m.Grant, grants[theirs]).role_id, row(m.Grant, grants[theirs]).table) == (theirs, "customer")


def test_nobody_makes_himself_a_manager_and_a_role_keeps_its_code(sign_in: SignIn, cast: Any) -> None:
    client, own, theirs = sign_in("administrator"), cast.administrator.role_id, cast.marketing.role_id
    assert send(client, f"/admin/role/edit/?id={own}", manages="y").status_code == 400
    assert not row(m.Role, own).manages
    assert send(client, f"/admin/role/edit/?id={theirs}", name="市场", code="general_manager").status_code == 302
    assert (row(m.Role, theirs).name, row(m.Role, theirs).code) == ("市场", "marketing")


def test_store_settings_that_mean_nothing_are_said_at_the_field(sign_in: SignIn, cast: Any) -> None:
    key, client = cast.store.id, sign_in("administrator")
    for name, wrong in (("opens", "soon"), ("closes", "08:00"), ("tasks_each", "0"), ("contact_cap", "-1")):
        answer = send(client, f"/admin/store/edit/?id={key}", **{"city": "深圳", name: wrong})
        assert answer.status_code == 400 and f'id="{name}-e"' in answer.text
        assert f'value="{wrong}"' in answer.text and 'value="深圳"' in answer.text
    assert row(m.Store, key).city is None


def test_a_table_is_named_in_words_where_rights_and_logs_are_read(sign_in: SignIn, cast: Any) -> None:
    client = sign_in("administrator")
    cells = [cell for line in page(client, "/admin/grant/").rows for cell in line]
    assert "客户" in cells and "customer" not in cells
    asked = page(client, "/admin/grant/?filters=1&flt0_table_equals=customer")
    assert '<option value="customer">客户</option>' in asked.html
    assert "类别：客户" in asked.html and len(asked.rows) > 1


def test_a_details_page_opens_the_lists_that_hang_on_its_record(sign_in: SignIn, cast: Any) -> None:
    client, role = sign_in("administrator"), cast.sales_consultant.role_id
    found = page(client, f"/admin/role/details/?id={role}")
    for table in ("user", "grant"):
        path = f"/admin/{table}/?flt0_role_id_equals={role}&exact=1"
        assert path in found.links
        number = found.html.split(f'href="{path.replace("&", "&amp;")}">')[1].split('class="n">')[1].split("<")[0]
        assert int(number) == len(page(client, path + "&page_size=100").rows) - 1


def test_the_unit_of_a_number_stands_at_its_label(sign_in: SignIn, cast: Any) -> None:
    html = page(sign_in("administrator"), f"/admin/store/edit/?id={cast.store.id}").html
    label = html.split('for="acknowledge_minutes"')[1].split("</label>")[0]
    assert "分钟" in label
