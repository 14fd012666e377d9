"""Giving chosen customers to somebody: asked to whom, all or none, and the open follow-ups go along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from admin_app import models as m
from tests.conftest import row
from tests.factories import make_customer, make_followup
from tests.screens.desk_support import page

SignIn = Callable[[Any], FlaskClient]
PATH = "/admin/customer/action/"
BACK = "/admin/customer/?search=王"


def post(client: FlaskClient, **data: Any) -> Any:
    token = page(client, "/account/password").fields["csrf_token"]
    return client.post(PATH, data={"csrf_token": token, "action": "assign", "url": BACK, **data})


@pytest.fixture
def keys(session: Any, cast: Any) -> list[int]:
    """One customer in the pool, one of the consultant with an open task."""
    pool = make_customer(session, name="王建国")
    kept = make_customer(session, owner=cast.sales_consultant, name="李雪梅")
    make_followup(session, kept, assignee=cast.sales_consultant)
    session.commit()
    return [pool.id, kept.id]


@pytest.mark.parametrize("name", ["general_manager", "sales_manager", "care_manager"])
def test_chosen_customers_go_to_the_person_with_their_tasks(sign_in: SignIn, keys: list[int], cast: Any,
                                                            session: Any, name: str) -> None:
    client, to = sign_in(name), cast.colleague.id
    assert 'data-action="assign"' in page(client, "/admin/customer/").html
    asked = post(client, rowid=keys)
    assert asked.status_code == 200 and f'<option value="{to}">' in asked.text
    assert "王建国" in asked.text and "李雪梅" in asked.text
    done = post(client, rowid=keys, confirm="1", person=to)
    assert done.location.startswith("/admin/customer/?search=")
    assert [row(m.Customer, key).owner_id for key in keys] == [to, to]
    assert [task.assignee_id for task in session.query(m.FollowUp).filter_by(customer_id=keys[1])] == [to]


def test_what_is_missing_or_wrong_is_said_and_nothing_changes(sign_in: SignIn, keys: list[int], cast: Any) -> None:
    client = sign_in("general_manager")
    for person in ("", "x", "99999", str(cast.outsider.id)):
        answer = post(client, rowid=keys, confirm="1", person=person)
        assert answer.status_code == 400 and 'id="person-e" role="alert"' in answer.text
        assert all(f'name="rowid" value="{key}"' in answer.text for key in keys)
    assert row(m.Customer, keys[0]).owner_id is None
    assert post(client, rowid=[*keys, 99999], confirm="1", person=cast.colleague.id).status_code == 404


@pytest.mark.parametrize("name", ["sales_consultant", "service_manager", "care_specialist", "marketing", "auditor"])
def test_who_may_not_assign_is_refused(sign_in: SignIn, keys: list[int], cast: Any, name: str) -> None:
    client, before = sign_in(name), cast.sales_consultant.id
    assert 'data-action="assign"' not in page(client, "/admin/customer/").html
    assert post(client, rowid=keys, confirm="1", person=cast.colleague.id).status_code == 403
    assert [row(m.Customer, key).owner_id for key in keys] == [None, before]
