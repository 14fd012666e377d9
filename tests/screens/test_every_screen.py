"""Role × every generated screen × verb: list, page, new, edit, delete, bulk, look-up, export, direct POST.

The rights are those of the seeds, read here on their own; test_matrix.py holds the rows of the main tables one by one
at every distance. After every refusal nothing has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from admin_app import access, starting
from admin_app.choices import Scope
from admin_app.database import db
from tests.cast import ROLES, Cast
from tests.screens import attack_support as attack
from tests.screens.desk_support import Page

NO = {302, 303, 403, 404, 405}
pytestmark = pytest.mark.parametrize("role", ROLES)


@pytest.fixture
def client(session: Any, cast: Cast, sign_in: Callable[[str], FlaskClient], role: str) -> FlaskClient:
    attack.build(session, cast, getattr(cast, role))
    return sign_in(role)


def everything(table: Any) -> list[tuple[Any, ...]]:
    """All rows of a table, whoever may see them, without the moment of the last look."""
    db.session.rollback()
    names = [column for column in table.c if column.key not in ("last_sign_in_at", "updated_at")]
    rows = [tuple(row) for row in db.session.connection().execute(sa.select(*names).order_by(table.c.id))]
    db.session.rollback()
    return rows


def a_row(model: Any) -> int | None:
    """The key of some row, in the scope of nobody in particular."""
    found = db.session.scalars(access.ungated(sa.select(model.id).order_by(model.id))).first()
    db.session.rollback()
    return found


def token(client: FlaskClient) -> str:
    return Page(client.get("/account/password").text).fields["csrf_token"]


def test_lists_new_forms_and_exports_are_for_whom_the_seeds_say(app: Flask, client: FlaskClient, role: str) -> None:
    for table, view in attack.screens(app).items():
        right = starting.seeded_rights()[role, table]
        reads = right.read is not Scope.NONE
        for path, allowed in (("", reads), ("new/", view.add and right.create and reads),
                              ("export/csv/", reads and right.export and not right.second)):
            status = client.get(f"/admin/{table}/{path}").status_code
            assert status == 200 if allowed else status in NO, (table, path, status)


def test_what_may_not_be_written_stays_as_it_is_by_every_road(app: Flask, client: FlaskClient, role: str) -> None:
    key = token(client)
    for table, view in attack.screens(app).items():
        right, model = starting.seeded_rights()[role, table], view.model
        number = a_row(model)
        before = everything(model.__table__)
        data = {"csrf_token": key, "id": number, "rowid": number, "version": "1", "name": "改", "note": "改"}
        if not (view.change and right.write is not Scope.NONE):
            assert client.get(f"/admin/{table}/edit/?id={number}").status_code in NO, table
            assert client.post(f"/admin/{table}/edit/?id={number}", data=data).status_code in NO, table
        if not (view.drop and right.delete is not Scope.NONE and not right.second):
            assert client.post(f"/admin/{table}/delete/", data=data).status_code in NO, table
            bulk = client.post(f"/admin/{table}/action/", data=data | {"action": "delete"})
            assert bulk.status_code in NO | {400}, table
        if not (view.add and right.create):
            assert client.post(f"/admin/{table}/new/", data=data).status_code in NO, table
        in_place = client.post(f"/admin/{table}/ajax/update/", data=data | {"list_form_pk": number})
        assert in_place.status_code in (403, 404), table
        assert everything(model.__table__) == before, table


def test_lookups_of_tables_that_one_does_not_read_are_refused(app: Flask, client: FlaskClient, role: str) -> None:
    from admin_app import scope

    for table, view in attack.screens(app).items():
        for name, field in view.about.items():
            if field.kind != "link" or field.hidden:
                continue
            reads = starting.seeded_rights()[role, field.target].read is not Scope.NONE
            here = starting.seeded_rights()[role, table].read is not Scope.NONE
            status = client.get(f"/admin/{table}/ajax/lookup/?name={name}").status_code
            allowed = here and (reads or field.target in scope.DIRECTORY)
            assert status == 200 if allowed else status in NO, (table, name, status)
