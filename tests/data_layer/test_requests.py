"""Two people for what one may not do alone, on both databases: who may ask, who decides, and an approval used once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm.exc import StaleDataError

from admin_app import access, starting
from admin_app import choices as ch
from admin_app import models as m
from admin_app.choices import RequestState, RequestVerb
from admin_app.clock import utcnow
from admin_app.errors import Refused, RuleError
from admin_app.rules import requests
from tests.cast import NOW, ROLES
from tests.conftest import act_as, row
from tests.factories import make_customer

pytestmark = pytest.mark.usefixtures("store_app")
LATER = NOW + dt.timedelta(hours=1)
# Who may ask for what on customers: X*, D*, and full numbers with export and reveal.
ASKS = {
    RequestVerb.EXPORT: {"sales_manager", "service_manager", "care_manager"},
    RequestVerb.DELETE: {"sales_manager"},
    RequestVerb.EXPORT_FULL: {"general_manager", "sales_manager", "service_manager", "care_manager"}}


@pytest.fixture
def team(session: Any, cast: Any) -> list[Any]:
    """Two customers of the sales team."""
    return [make_customer(session, owner=cast.sales_consultant), make_customer(session, owner=cast.colleague)]


def ask(session: Any, person: Any, rows: list[Any], verb: Any = RequestVerb.EXPORT, **words: Any) -> Any:
    act_as(person)
    ids = [[one.id, one.version] if verb == RequestVerb.DELETE else one.id for one in rows]
    given = {"purpose": "季度回访核对", "form": "csv", "columns": ["name", "phone"], "now": NOW} | words
    request = requests.ask(session, verb, "customer", ids, **given)
    session.commit()
    return request


def decide(session: Any, person: Any, request: Any, note: str = "同意") -> None:
    act_as(person)
    requests.approve(session, request, note, NOW)
    session.commit()


@pytest.mark.parametrize("verb", list(ASKS))
def test_who_may_ask(verb: RequestVerb) -> None:
    rights = starting.seeded_rights().items()
    actors = {role: access.Actor(user_id=1, rights={table: right for (code, table), right in rights if code == role})
              for role in ROLES}
    assert {role for role, actor in actors.items() if requests.may_ask(actor, "customer", verb)} == ASKS[verb]


def test_no_full_numbers_where_there_are_none(session: Any, cast: Any) -> None:
    actor = access.actor_for(session, cast.general_manager)
    assert requests.may_ask(actor, "vehicle", RequestVerb.EXPORT_FULL)
    assert not requests.may_ask(actor, "visit", RequestVerb.EXPORT_FULL)


def test_asked_approved_and_used_once(session: Any, cast: Any, team: list[Any]) -> None:
    request = ask(session, cast.sales_manager, team)
    assert (request.state, request.count, request.store_id) == (RequestState.WAITING, 2, cast.store.id)
    with pytest.raises(RuleError):
        requests.begin_use(session, request, LATER)
    decide(session, cast.care_manager, request, "核对用")
    assert (request.state, request.decided_by_id, request.decision_note) == (
        RequestState.APPROVED, cast.care_manager.id, "核对用")
    assert request.expires_at == NOW + requests.GOOD_FOR
    act_as(cast.sales_manager)
    requests.begin_use(session, request, LATER)
    session.commit()
    assert row(m.SecondPersonRequest, request.id).state == RequestState.DONE
    with pytest.raises(RuleError):
        requests.begin_use(session, request, LATER)


def test_two_uses_at_the_same_time_are_one(session: Any, cast: Any, team: list[Any]) -> None:
    request = ask(session, cast.sales_manager, team)
    decide(session, cast.care_manager, request)
    act_as(cast.sales_manager)
    assert request.version == 3  # as this use has read it; another one is a moment faster
    table = m.SecondPersonRequest.__table__
    session.connection().execute(sa.update(table).values(version=4))
    with pytest.raises(StaleDataError):
        requests.begin_use(session, request, LATER)
    session.rollback()


def test_an_approval_runs_out(session: Any, cast: Any, team: list[Any]) -> None:
    request = ask(session, cast.sales_manager, team)
    decide(session, cast.care_manager, request)
    act_as(cast.sales_manager)
    with pytest.raises(RuleError):
        requests.begin_use(session, request, NOW + requests.GOOD_FOR)
    assert request.state == RequestState.APPROVED and request.used_at is None


@pytest.mark.parametrize("name", ["sales_manager", "sales_consultant", "care_specialist", "marketing", "auditor",
                                  "service_manager", "administrator"])
def test_who_does_not_decide(session: Any, cast: Any, team: list[Any], name: str) -> None:
    """Not the asker, nobody who does not manage or lacks the right, nobody who does not see every row."""
    request = ask(session, cast.sales_manager, team)
    act_as(getattr(cast, name))
    with pytest.raises(Refused):
        requests.approve(session, request, "同意", NOW)
    session.rollback()
    found = row(m.SecondPersonRequest, request.id)
    assert found.state == RequestState.WAITING and found.decided_by_id is None
    act_as(getattr(cast, name))
    assert requests.waiting(session) == []


def test_a_team_leader_decides_what_his_view_covers(session: Any, cast: Any) -> None:
    shared = make_customer(session, owner=cast.sales_consultant, advisor_id=cast.service_advisor.id)
    request = ask(session, cast.care_manager, [shared])
    act_as(cast.service_manager)
    assert [one.id for one in requests.waiting(session)] == [request.id]
    decide(session, cast.service_manager, request)
    assert request.state == RequestState.APPROVED


def test_a_group_role_decides_and_another_store_does_not(session: Any, cast: Any) -> None:
    far = make_customer(session, owner=cast.outsider)
    cast.outsider.role_id = cast.sales_manager.role_id
    session.commit()
    request = ask(session, cast.outsider, [far])
    act_as(cast.care_manager)
    assert requests.waiting(session) == []
    with pytest.raises(Refused):
        requests.approve(session, request, "同意", NOW)
    session.rollback()
    decide(session, cast.general_manager, request)
    assert request.state == RequestState.APPROVED


def test_a_refusal_needs_its_reason_and_is_final(session: Any, cast: Any, team: list[Any]) -> None:
    request = ask(session, cast.sales_manager, team)
    act_as(cast.general_manager)
    with pytest.raises(RuleError):
        requests.refuse(session, request, " ", NOW)
    requests.refuse(session, request, "用途不明", NOW)
    session.commit()
    with pytest.raises(RuleError):
        requests.approve(session, request, "还是同意", NOW)
    act_as(cast.sales_manager)
    with pytest.raises(RuleError):
        requests.begin_use(session, request, LATER)


def test_only_the_asker_uses_or_withdraws(session: Any, cast: Any, team: list[Any]) -> None:
    request = ask(session, cast.sales_manager, team)
    decide(session, cast.care_manager, request)
    act_as(cast.care_manager)
    for act in (lambda: requests.begin_use(session, request, LATER), lambda: requests.withdraw(session, request)):
        with pytest.raises(Refused):
            act()
    act_as(cast.sales_manager)
    requests.withdraw(session, request)
    session.commit()
    with pytest.raises(RuleError):
        requests.begin_use(session, request, LATER)
    assert request.state == RequestState.WITHDRAWN


@pytest.mark.parametrize(("words", "field"), [({"purpose": " "}, "purpose"), ({"purpose": "看看"}, "purpose"),
                                              ({"verb": RequestVerb.EXPORT_FULL}, "recipient"),
                                              ({"query": "x" * 2001}, None)])
def test_what_is_missing_is_said(session: Any, cast: Any, team: list[Any], words: Any, field: str | None) -> None:
    with pytest.raises(RuleError) as error:
        ask(session, cast.sales_manager, team, **words)
    assert error.value.field == field
    session.rollback()
    assert session.scalar(sa.select(sa.func.count(m.SecondPersonRequest.id))) == 0


def test_no_rows_too_many_rows_no_right_no_agreement(session: Any, cast: Any, team: list[Any]) -> None:
    act_as(cast.sales_manager)
    for ids in ([], list(range(requests.MOST_ROWS + 1))):
        with pytest.raises(RuleError):
            requests.ask(session, RequestVerb.EXPORT, "customer", ids, purpose="季度核对", now=NOW)
    with pytest.raises(Refused):
        requests.ask(session, RequestVerb.EXPORT, "followup", [1], purpose="季度核对", now=NOW)
    with access.as_system(session, "test"):
        cast.sales_manager.agreement_version = None
    with pytest.raises(Refused):  # the agreement of the tests is valid from the day on which they run
        ask(session, cast.sales_manager, team, now=utcnow())


def test_a_right_that_was_taken_away_stops_the_use(session: Any, cast: Any, team: list[Any]) -> None:
    request = ask(session, cast.sales_manager, team)
    decide(session, cast.care_manager, request)
    with access.as_system(session, "test"):
        for grant in session.scalars(sa.select(m.Grant).where(m.Grant.table == "customer")):
            grant.can_export = False
    session.commit()
    act_as(cast.sales_manager)
    with pytest.raises(Refused):
        requests.begin_use(session, request, LATER)


# ---------------------------------------------------------------- deleting


def test_an_approved_deletion_moves_the_rows(session: Any, cast: Any, team: list[Any]) -> None:
    request = ask(session, cast.sales_manager, team, RequestVerb.DELETE)
    decide(session, cast.general_manager, request)
    act_as(cast.sales_manager)
    assert requests.delete_rows(session, request, LATER) == 2
    session.commit()
    for one in team:
        assert row(m.Customer, one.id).deleted_by_id == cast.sales_manager.id
    assert row(m.SecondPersonRequest, request.id).state == RequestState.DONE
    entries = session.scalars(access.ungated(sa.select(m.AuditEntry).where(
        m.AuditEntry.table == "customer", m.AuditEntry.verb == ch.AuditVerb.DELETE))).all()
    assert {entry.row_id for entry in entries} == {one.id for one in team}
    assert all(f"request {request.id}" in entry.reason and entry.actor_id == cast.sales_manager.id for entry in entries)


@pytest.mark.parametrize("gone", [True, False], ids=["gone", "changed"])
def test_a_deletion_is_refused_where_a_row_is_another_by_now(
        session: Any, cast: Any, team: list[Any], gone: bool) -> None:
    request = ask(session, cast.sales_manager, team, RequestVerb.DELETE)
    decide(session, cast.general_manager, request)
    with access.as_system(session, "test"):
        if gone:
            team[1].deleted_at = NOW
        else:
            team[1].note = "改过"
    session.commit()
    act_as(cast.sales_manager)
    with pytest.raises(RuleError):
        requests.delete_rows(session, request, LATER)
    session.rollback()
    assert row(m.Customer, team[0].id).deleted_at is None
    assert row(m.SecondPersonRequest, request.id).state == RequestState.APPROVED


def test_a_deletion_outside_the_askers_scope_is_refused(session: Any, cast: Any, team: list[Any]) -> None:
    request = ask(session, cast.sales_manager, team, RequestVerb.DELETE)
    decide(session, cast.general_manager, request)
    with access.as_system(session, "test"):
        team[1].owner_id = cast.other_team.id
        session.flush()
        request.ids = [[one.id, one.version] for one in team]
    session.commit()
    act_as(cast.sales_manager)
    with pytest.raises(RuleError):
        requests.delete_rows(session, request, LATER)
    session.rollback()
    assert all(row(m.Customer, one.id).deleted_at is None for one in team)


def test_the_query_of_a_request_stands_in_no_log(session: Any, cast: Any, team: list[Any]) -> None:
    ask(session, cast.sales_manager, team, query="search=13912345678")
    entry = session.scalars(access.ungated(sa.select(m.AuditEntry).where(
        m.AuditEntry.table == "second_person_request"))).one()
    assert entry.changes["query"] == [None, "•••"] and "13912345678" not in str(entry.changes)
