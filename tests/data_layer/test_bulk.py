"""`flask demo --customers N`: rows in large numbers are a whole store, the same on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from admin_app import access, audit, cleaning, create_app, passwords, starting
from admin_app import models as m
from admin_app.choices import ComplaintState, FollowUpState, StepKind, VisitResult
from admin_app.cli_checks import CHECKS
from admin_app.database import db
from admin_app.models import BY_TABLE
from admin_app.rules import customers, followups
from seeds.demo import bulk, bulk_people
from tests import postgres
from tests.cast import NOW, TODAY
from tests.conftest import settings

PLAN = bulk.Plan(customers=2400, visits=7201, staff=60, seed=7)
FILLED = ("team", "user", "customer", "customer_reader", "contact", "vehicle", "vehicle_owner", "visit", "promise",
          "gift", "followup", "repair_order", "complaint", "complaint_step", "campaign", "campaign_member",
          "campaign_cost", "access_log")


def filled(folder: Path, url: str) -> Any:
    """A store with bulk rows, migrated as a real one; its application."""
    app = create_app(settings(folder, url))
    with app.app_context():
        access.set_actor(db.session, access.Actor(name="test", system="test", store_ids=None))
        starting.upgrade_schema()
        starting.seed(db.session)
        assert list(bulk.make(db.session, PLAN, NOW)) == [2000, 2400]
        db.session.commit()
        db.session.remove()
    return app


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, postgres_server: postgres.Server) -> Iterator[dict[str, Any]]:
    """The same plan on both databases."""
    name = postgres_server.create()
    yield {"sqlite": filled(tmp_path_factory.mktemp("sqlite"), f"sqlite:///{tmp_path_factory.mktemp('db')}/bulk.db"),
           "postgresql": filled(tmp_path_factory.mktemp("postgres"), postgres_server.url(name))}
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, stores: dict[str, Any]) -> Iterator[Any]:
    """A session on one of them, acting as system."""
    with stores[request.param].app_context():
        access.set_actor(db.session, access.Actor(name="test", system="test", store_ids=None))
        yield db.session
        db.session.rollback()
        db.session.remove()
        db.engine.dispose()


def count(session: Any, model: Any, *where: Any) -> int:
    return int(session.scalar(sa.select(sa.func.count(model.id)).where(*where)))


def test_every_table_is_filled_in_proportion(store: Any) -> None:
    there = {name: count(store, BY_TABLE[name]) for name in FILLED}
    assert (there["customer"], there["visit"], there["complaint"], there["user"], there["team"]) == (
        2400, 7201, 144, 60, 6)
    assert all(there.values()), there
    assert 0.5 < there["vehicle"] / 2400 < 0.8 and there["vehicle_owner"] == there["vehicle"]
    assert 0.7 < there["followup"] / 2400 < 1.2 and 0.4 < there["repair_order"] / 2400 < 0.8
    assert count(store, m.Customer, m.Customer.owner_id.is_(None)) > 20
    assert starting.is_demo(store)


def test_what_is_searched_for_is_there(store: Any) -> None:
    share = count(store, m.Customer, m.Customer.name.endswith("建国")) / 2400
    assert 0.002 < share < 0.012
    phones = list(store.scalars(sa.select(m.Customer.phone)))
    assert len(set(phones)) == 2400 and all(cleaning.phone(one).value == one for one in phones)
    for vin in store.scalars(sa.select(m.Vehicle.vin).limit(200)):
        assert cleaning.vin(vin).value == vin and not cleaning.vin(vin).warnings
    for plate in store.scalars(sa.select(m.Vehicle.plate).limit(200)):
        assert cleaning.plate(plate).value == plate


def test_no_row_hangs_in_the_air_and_nothing_lies_ahead(store: Any) -> None:
    for name in FILLED:
        table = BY_TABLE[name].__table__
        for key in table.foreign_keys:
            other = key.column.table.alias("other")
            lost = sa.select(sa.func.count()).select_from(table.outerjoin(
                other, other.c.id == key.parent)).where(key.parent.is_not(None), other.c.id.is_(None))
            assert store.connection().execute(lost).scalar() == 0, f"{name}.{key.parent.name}"
    for column in (m.Visit.at, m.FollowUp.closed_at, m.Complaint.received_at, m.Complaint.closed_at,
                   m.RepairOrder.opened_at, m.RepairOrder.closed_at, m.ComplaintStep.at, m.AccessLog.at):
        assert store.scalar(sa.select(sa.func.max(column))) <= NOW, column
    assert count(store, m.Visit, m.Visit.at < sa.select(m.Customer.created_at).where(
        m.Customer.id == m.Visit.customer_id).scalar_subquery()) == 0


def test_derived_columns_are_what_the_rules_say(store: Any) -> None:
    answered = [result for result in VisitResult if result.reached]
    reached = dict(store.execute(sa.select(m.Visit.customer_id, sa.func.max(m.Visit.at)).where(
        m.Visit.result.in_(answered)).group_by(m.Visit.customer_id)).all())
    planned = dict(store.execute(sa.select(m.FollowUp.customer_id, sa.func.min(m.FollowUp.due_on)).where(
        m.FollowUp.state.in_(followups.OPEN_STATES)).group_by(m.FollowUp.customer_id)).all())
    for row in store.scalars(sa.select(m.Customer).where(m.Customer.id % 5 == 0)):
        assert row.completeness == customers.completeness(row)
        assert row.last_contact_at == reached.get(row.id)
        assert row.next_contact_on == planned.get(row.id)


def test_complaints_went_only_the_allowed_way(store: Any) -> None:
    steps: dict[int, list[m.ComplaintStep]] = {}
    for step in store.scalars(sa.select(m.ComplaintStep).order_by(m.ComplaintStep.id)):
        steps.setdefault(step.complaint_id, []).append(step)
    states = set()
    for row in store.scalars(sa.select(m.Complaint)):
        kinds = [step.kind for step in steps[row.id]]
        states.add(row.state)
        assert kinds[0] is StepKind.RECEIVE and [step.at for step in steps[row.id]] == sorted(
            step.at for step in steps[row.id])
        assert (row.state is ComplaintState.CLOSED) == (kinds[-1] is StepKind.RECALL_SATISFIED) == bool(row.satisfied)
        assert row.recalled_by_id is None or row.recalled_by_id != row.finished_by_id
        assert row.loops == kinds.count(StepKind.RECALL_NOT_SATISFIED)
    assert states == set(ComplaintState)


def test_the_metrics_have_something_to_count(store: Any) -> None:
    done = count(store, m.FollowUp, m.FollowUp.state == FollowUpState.DONE)
    assert done > 1000 and count(store, m.FollowUp, m.FollowUp.rule_id.is_(None)) == 0
    assert count(store, m.FollowUp, m.FollowUp.state == FollowUpState.OPEN, m.FollowUp.due_on < TODAY) > 0
    assert count(store, m.Visit, m.Visit.satisfaction.is_not(None)) > 500
    assert count(store, m.Visit, m.Visit.outbound.is_(False)) > 100
    assert count(store, m.Complaint, m.Complaint.responsible_id.is_not(None)) > 20
    assert count(store, m.RepairOrder, m.RepairOrder.same_fault) > 0


@pytest.mark.parametrize("role", [role for role, *_rest in bulk_people.SIGN_INS])
def test_every_role_signs_in_and_those_who_keep_customers_have_some(store: Any, role: str) -> None:
    user = store.scalars(sa.select(m.User).where(m.User.username == role)).one()
    assert user.role.code == role and passwords.right_password(user, passwords.DEMO_PASSWORD)
    assert user.agreement_version and not user.must_change_password
    if role in ("sales_consultant", "service_advisor"):
        assert count(store, m.Customer, sa.or_(m.Customer.owner_id == user.id, m.Customer.advisor_id == user.id)) > 20


def test_teams_have_managers_of_their_own(store: Any) -> None:
    for team in store.scalars(sa.select(m.Team)):
        manager = store.get_one(m.User, team.manager_id)
        assert manager.role.manages and manager.team_id == team.id


def test_the_chain_and_every_check_hold(store: Any) -> None:
    assert audit.verify(store.connection()) == []
    for name, look in CHECKS.items():
        if name != "disk":  # what is free on the machine of the tests says nothing of the store
            assert look()


def test_both_databases_hold_the_same_rows(stores: dict[str, Any]) -> None:
    found = {}
    for kind, app in stores.items():
        with app.app_context():
            found[kind] = {name: [tuple(map(_plain, row)) for row in db.session.connection().execute(
                _without_secrets(BY_TABLE[name].__table__))] for name in FILLED}
            db.session.remove()
            db.engine.dispose()
    for name in FILLED:
        assert found["sqlite"][name] == found["postgresql"][name], name


def _without_secrets(table: Any) -> Any:
    """The rows of a table by key, without what is salted or bears the time of the run."""
    left_out = ("password_hash", "created_at", "updated_at") if table.name in ("user", "team") else ()
    return sa.select(*(column for column in table.c if column.name not in left_out)).order_by(table.c.id)


def _plain(value: Any) -> Any:
    return str(value) if value.__class__.__name__ == "Decimal" else value


def test_every_index_and_foreign_key_stands_again(stores: dict[str, Any]) -> None:
    for app in stores.values():
        with app.app_context():
            inspector = sa.inspect(db.engine)
            for model in (m.Customer, m.Visit, m.FollowUp):
                table = model.__table__
                there = {one["name"] for one in inspector.get_indexes(table.name)}
                assert {str(index.name) for index in table.indexes} <= there
                wanted = {key.parent.name for key in table.foreign_keys}
                assert {one["constrained_columns"][0] for one in inspector.get_foreign_keys(table.name)} == wanted
            db.engine.dispose()


def test_rows_are_added_to_a_store_that_has_some(tmp_path: Path) -> None:
    app = filled(tmp_path, f"sqlite:///{tmp_path / 'twice.db'}")
    with app.app_context():
        access.set_actor(db.session, access.Actor(name="test", system="test", store_ids=None))
        for _done in bulk.make(db.session, bulk.Plan(customers=100, visits=10, staff=60, seed=9), NOW):
            pass
        db.session.commit()
        assert count(db.session, m.Customer) == 2500 and count(db.session, m.User) == 60
        assert audit.verify(db.session.connection()) == []
        db.session.remove()
        db.engine.dispose()

