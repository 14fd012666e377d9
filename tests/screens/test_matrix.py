"""Role × table × verb × road: list, page, edit, look-up, export, bulk, delete and direct POST, against SAFETY's matrix.

After every refusal the row is read again: it must be as it was.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from admin_app.models import BY_TABLE
from tests.cast import ROLES, Cast
from tests.screens.desk_support import Page
from tests.screens.matrix import DELETES, DISTANCES, EDITS, EXPORTS, MATRIX, World, build, reach, stored

REFUSED = {403, 404}
pytestmark = pytest.mark.parametrize("role", ROLES)
# A form of a table that links to the other one: where its look-up is asked.
LOOKUPS = {"customer": ("visit", "customer_id"), "vehicle": ("complaint", "vehicle_id"),
           "campaign": ("campaign_member", "campaign_id")}


@pytest.fixture
def world(session: Any, cast: Cast, role: str) -> World:
    return build(session, cast, role)


@pytest.fixture
def client(world: World, sign_in: Callable[[str], FlaskClient], role: str) -> FlaskClient:
    return sign_in(role)


def token(client: FlaskClient) -> str:
    return Page(client.get("/account/password").text).fields["csrf_token"]


def ids_in(text: str, table: str, known: set[int]) -> set[int]:
    """The ids of a table's rows that a page links to."""
    found = Page(text).links
    named = {link.split("id=")[1].split("&")[0] for link in found if f"/admin/{table}/" in link and "id=" in link}
    return {int(one) for one in named if one.isdigit()} & known


def test_lists_pages_and_edit_forms_show_what_the_matrix_says(client: FlaskClient, world: World, role: str) -> None:
    for table, rights in MATRIX.items():
        seen, changed = reach(role, rights[role][0]), reach(role, rights[role][1])
        every = world.of(table, set(DISTANCES))
        answer = client.get(f"/admin/{table}/?page_size=100")
        if not seen:
            assert answer.status_code == 403, (table, answer.status_code)
        else:
            assert ids_in(answer.text, table, every) == world.of(table, seen), table
        for distance in DISTANCES:
            number = world.ids[table][distance]
            page = client.get(f"/admin/{table}/details/?id={number}").status_code
            assert page == 200 if distance in seen else page in REFUSED, (table, distance, page)
            form = client.get(f"/admin/{table}/edit/?id={number}").status_code
            assert form == 200 if distance in changed else form in REFUSED | {302}, (table, distance, form)


def test_searches_and_lookups_show_the_same(client: FlaskClient, world: World, role: str) -> None:
    seen = world.of("customer", reach(role, MATRIX["customer"][role][0]))
    found = client.get("/admin/search/?q=建国", headers={"Accept": "application/json"})
    assert found.status_code in (200, 403)
    text = found.get_data(as_text=True)
    for distance in DISTANCES:
        number = world.ids["customer"][distance]
        assert (f"customer/details/?id={number}" in text) == (number in seen), distance
    for table, (form, name) in LOOKUPS.items():
        answer = client.get(f"/admin/{form}/ajax/lookup/?name={name}&query=")
        if answer.status_code == 200:
            named = {number for number, _label in answer.json}
            assert named <= world.of(table, reach(role, MATRIX[table][role][0])), table
        else:
            assert answer.status_code in REFUSED


def test_a_direct_post_changes_only_what_the_matrix_lets(client: FlaskClient, world: World, role: str) -> None:
    key = token(client)
    for table, rights in MATRIX.items():
        changed, field = reach(role, rights[role][1]), EDITS[table]
        for distance in DISTANCES:
            number = world.ids[table][distance]
            path = f"/admin/{table}/edit/?id={number}"
            before = stored(BY_TABLE[table], number)
            was, version = getattr(before, field), before.version
            fields: dict[str, Any] = {"csrf_token": key, "version": version}
            form = client.get(path)
            if form.status_code == 200:
                fields = {name: value for name, value in Page(form.text).fields.items()
                          if name and name not in ("q", "search", "language", "next", "filter-pick")}
            answer = client.post(path, data=fields | {field: "改过"})
            now = getattr(stored(BY_TABLE[table], number), field)
            if distance in changed:
                assert answer.status_code == 302, (table, distance, answer.status_code, Page(answer.text).alerts)
                assert now == "改过", (table, distance)
            else:
                assert answer.status_code in REFUSED, (table, distance, answer.status_code)
                assert now == was, (table, distance)


def test_deleting_one_by_one_and_in_bulk(client: FlaskClient, world: World, role: str) -> None:
    key = token(client)
    for table in MATRIX:
        allowed = role in DELETES.get(table, set())
        for distance, path in (("other", "delete"), ("own", "action")):
            number = world.ids[table][distance]
            data = {"csrf_token": key, "id": number, "rowid": number, "action": "delete"}
            answer = client.post(f"/admin/{table}/{path}/", data=data)
            gone = stored(BY_TABLE[table], number).deleted_at is not None
            assert gone == allowed, (table, path, answer.status_code)
            assert answer.status_code == 302 if allowed else answer.status_code in REFUSED | {405}, (table, path)


def test_exports_hold_the_same_rows_or_are_refused(client: FlaskClient, world: World, role: str) -> None:
    for table, rights in MATRIX.items():
        answer = client.get(f"/admin/{table}/export/csv/")
        if role not in EXPORTS.get(table, set()):
            assert answer.status_code == 403, (table, answer.status_code)
            continue
        assert answer.status_code == 200, table
        rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
        assert {int(row["id"]) for row in rows} == world.of(table, reach(role, rights[role][0])), table


def test_creating_is_for_those_who_may(client: FlaskClient, world: World, role: str) -> None:
    for table, rights in MATRIX.items():
        form = client.get(f"/admin/{table}/new/").status_code
        if rights[role][2] == "+":
            assert form == 200, (table, form)
        else:
            assert form in REFUSED, (table, form)
            model = BY_TABLE[table]
            before = stored_count(model)
            data = {"csrf_token": token(client), "name": "新", "customer_id": world.ids["customer"]["own"]}
            assert client.post(f"/admin/{table}/new/", data=data).status_code in REFUSED, table
            assert stored_count(model) == before, table


def stored_count(model: Any) -> int:
    """All rows of a table, whoever may see them."""
    from admin_app.database import db

    db.session.commit()
    return int(db.session.connection().exec_driver_sql(f'SELECT count(*) FROM "{model.__tablename__}"').scalar() or 0)


def test_staff_roles_and_logs_are_for_their_readers(client: FlaskClient, world: World, role: str) -> None:
    users = {"general_manager", "auditor", "administrator"}
    own = {"sales_consultant", "service_advisor", "care_specialist"}
    logs = users | {"sales_manager", "service_manager", "care_manager"}
    assert (client.get("/admin/user/").status_code == 200) == (role in users | own)
    for table in ("role", "grant", "store", "team"):
        assert (client.get(f"/admin/{table}/").status_code == 200) == (role in users), table
    for table in ("audit_entry", "access_log"):
        assert (client.get(f"/admin/{table}/").status_code == 200) == (role in logs), table
    assert (client.get("/admin/user/new/").status_code == 200) == (role == "administrator")
