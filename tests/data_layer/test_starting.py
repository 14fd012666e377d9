"""The first start, the demo store and what a desk says about how to sign in; on both databases where it matters."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from admin_app import access, anchors, audit, clock, create_app, passwords, starting
from admin_app.choices import ComplaintState, FollowUpState, Grade, PeriodState, StepKind
from admin_app.database import db
from admin_app.models import (
    AccessLog,
    AuditEntry,
    Campaign,
    CampaignCost,
    CampaignMember,
    Complaint,
    ComplaintStep,
    Customer,
    CustomerReader,
    FollowUp,
    Gift,
    JobRun,
    Promise,
    RepairOrder,
    Role,
    Score,
    ScorePeriod,
    Store,
    User,
    Vehicle,
    Visit,
)
from admin_app.rules import customers, followups, vehicles
from admin_app.rules.complaints.people import HANDLING
from admin_app.rules.scores.rollup import rebuilding
from seeds.demo import make, making
from tests import postgres
from tests.cast import NOW, ROLES, TODAY
from tests.conftest import settings

FEW = 400  # customers: enough for every kind of story, quick to make
ANSWERED = ("solved", "new_problem", "invited", "interested", "call_later", "refused")


def database(folder: Path, url: str) -> Iterator[Flask]:
    """An application on a database with tables and nothing in them, acting as system."""
    app = create_app(settings(folder, url))
    with app.app_context():
        db.create_all()
        with access.as_system(db.session, "test"):
            yield app
        db.session.rollback()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A session on a small demo store as of Monday 2026-11-23, 10:00; the tests only read it."""
    folder = tmp_path_factory.mktemp("demo")
    for _app in database(folder, f"sqlite:///{folder / 'demo.db'}"):
        starting.seed(db.session)
        make(db.session, NOW, customers=FEW, closed_months=2)
        db.session.commit()
        yield db.session


@pytest.fixture
def new_app(tmp_path: Path) -> Flask:
    """An application whose database does not exist yet."""
    return create_app(settings(tmp_path, f"sqlite:///{tmp_path / 'new.db'}"))


def count(session: Any, model: Any, *where: Any) -> int:
    return int(session.scalar(sa.select(sa.func.count()).select_from(model).where(*where)))


# ---------------------------------------------------------------- the first start


def test_a_first_start_without_demo_makes_an_empty_store_and_says_how_to_begin(new_app: Flask) -> None:
    lines = starting.prepare(new_app, demo=False)
    assert "user add" in " ".join(lines)
    with new_app.app_context(), access.as_system(db.session, "test"):
        assert [store.demo for store in db.session.scalars(sa.select(Store))] == [False]
        assert count(db.session, User) == 0 and count(db.session, Role) == 10
        assert audit.verify(db.session.connection(), anchors.kept()) == []
        assert len(anchors.kept()) == 1


def test_the_first_start_makes_the_demo_and_a_second_one_nothing(
        new_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def little_demo(session: Any, now: dt.datetime) -> None:
        made.append("demo")
        make(session, now, customers=40, closed_months=0)

    monkeypatch.setattr("seeds.demo.make", little_demo)
    first = starting.prepare(new_app, demo=True)
    second = starting.prepare(new_app, demo=None)
    assert made == ["demo"] and first == second
    assert passwords.DEMO_PASSWORD in first[0]
    assert {line.split()[0] for line in first if line.startswith("  ")} == set(ROLES)


@pytest.mark.parametrize(("setting", "wanted"), [("0", False), ("", True), ("1", True)])
def test_the_setting_decides_where_nobody_else_does(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, wanted: bool) -> None:
    asked: list[bool] = []

    def fill(session: Any, *, demo: bool) -> None:
        asked.append(demo)

    app = create_app(settings(tmp_path, f"sqlite:///{tmp_path / 'x.db'}") | {"CAREDESK_DEMO": setting})
    monkeypatch.setattr(starting, "initialise", fill)
    starting.prepare(app)
    assert asked == [wanted]


def test_a_first_start_that_was_broken_off_is_taken_up_again(
        new_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(session: Any, now: dt.datetime) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("seeds.demo.make", broken)
    with pytest.raises(KeyboardInterrupt):
        starting.prepare(new_app, demo=True)
    monkeypatch.setattr("seeds.demo.make", lambda session, now: make(session, now, customers=40, closed_months=0))
    lines = starting.prepare(new_app, demo=False)  # the tables are there, so the server no longer asks for a demo
    assert passwords.DEMO_PASSWORD in lines[0]
    with new_app.app_context(), access.as_system(db.session, "test"):
        assert count(db.session, Store) == 2
        assert db.session.get_one(JobRun, starting.FIRST_START).finished_at is not None


def test_a_store_that_is_there_never_gets_the_demo(app: Flask) -> None:
    assert starting.is_demo(db.session) is False
    assert starting.has_real_data(db.session) is True
    assert starting.sign_ins(db.session) == []


def test_the_demo_password_is_refused_on_an_address_others_reach(app: Flask, cast: Any) -> None:
    app.config["HOST"], app.config["SECRET_KEY"] = "0.0.0.0", "a-key-with-many-letters-1234567890"
    try:
        starting.check_address(app)
        cast.marketing.password_hash = passwords.hash_password(passwords.DEMO_PASSWORD)
        db.session.flush()
        with pytest.raises(starting.RuleError, match="marketing"):
            starting.check_address(app)
        app.config["SECRET_KEY"] = "t" * 40
        with pytest.raises(starting.RuleError, match="SECRET_KEY"):
            starting.check_address(app)
        app.config["HOST"] = "127.0.0.1"
        starting.check_address(app)
    finally:
        app.config["HOST"], app.config["SECRET_KEY"] = "127.0.0.1", "t" * 32


# ---------------------------------------------------------------- the people of the demo


def test_one_sign_in_per_role_with_the_agreement_signed(demo: Any) -> None:
    people = {user.username: user for user in demo.scalars(sa.select(User).where(User.username.in_(ROLES)))}
    assert set(people) == set(ROLES)
    for name, user in people.items():
        assert user.role.code == name and user.active and user.agreement_signed_at is not None
        assert user.group_wide is (name in {"general_manager", "auditor", "administrator"})
        assert user.store.code == "S1" and not user.must_change_password
    assert passwords.right_password(people["marketing"], passwords.DEMO_PASSWORD)
    assert 24 <= count(demo, User) <= 28 and count(demo, Store, Store.demo) == 2


@pytest.mark.parametrize("role", ["sales_manager", "sales_consultant", "service_manager", "service_advisor",
                                  "care_manager", "care_specialist"])
def test_every_working_sign_in_has_customers_and_a_day_of_work(demo: Any, role: str) -> None:
    user = demo.scalars(sa.select(User).where(User.username == role)).one()
    assert count(demo, Customer, sa.or_(Customer.owner_id == user.id, Customer.advisor_id == user.id)) >= 5
    due = {word: demo.scalar(followups.due_query(NOW, due=word, assignee_ids=[user.id]).with_only_columns(
        sa.func.count(FollowUp.id))) for word in ("today", "overdue")}
    assert 5 <= due["today"] <= 25 and 1 <= due["overdue"] <= 15, due


@pytest.mark.parametrize("role", ROLES)
def test_every_sign_in_sees_what_its_role_may_see(demo: Any, role: str) -> None:
    user = demo.scalars(access.ungated(sa.select(User).where(User.username == role))).one()
    before = access.actor_of(demo)
    access.set_actor(demo, access.actor_for(demo, user))
    try:
        seen = count(demo, Customer)
    finally:
        access.set_actor(demo, before)
    everything = count(demo, Customer)
    assert (seen == 0) if role == "administrator" else (0 < seen <= everything)
    assert (seen == everything) == (role == "general_manager")


# ---------------------------------------------------------------- the history of the demo


def test_what_the_demo_holds(demo: Any) -> None:
    assert count(demo, Customer) == FEW
    for model in (Vehicle, Visit, Promise, Gift, FollowUp, RepairOrder, Complaint, ComplaintStep, Campaign,
                  CampaignMember, CampaignCost, Score, AccessLog, CustomerReader):
        assert count(demo, model) > 0, model.__tablename__
    assert {row.state for row in demo.scalars(sa.select(Complaint))} == set(ComplaintState)
    assert {row.state for row in demo.scalars(sa.select(FollowUp))} >= {
        FollowUpState.OPEN, FollowUpState.DONE, FollowUpState.SKIPPED, FollowUpState.VOID}
    assert count(demo, Customer, Customer.owner_id.is_(None)) > 0
    assert count(demo, Customer, Customer.kind == "company") > 0
    assert rebuilding.differences(demo.connection()) == []


def test_the_history_ends_now_and_begins_eighteen_months_ago(demo: Any) -> None:
    first, last = demo.execute(sa.select(sa.func.min(Visit.at), sa.func.max(Visit.at)).where(
        Visit.state == "done")).one()
    assert NOW - dt.timedelta(days=549) <= first <= NOW - dt.timedelta(days=500)
    assert NOW - dt.timedelta(days=1) <= last <= NOW
    for column in (RepairOrder.closed_at, Complaint.closed_at, Complaint.received_at, FollowUp.closed_at,
                   Promise.settled_at, CampaignMember.attended_at, AuditEntry.at, ComplaintStep.at):
        latest = demo.scalar(sa.select(sa.func.max(column)))
        assert latest <= max(NOW, demo.scalar(sa.select(sa.func.max(User.created_at)))) or column is AuditEntry.at


def test_derived_columns_are_what_the_rules_say(demo: Any) -> None:
    reached = dict(demo.execute(sa.select(Visit.customer_id, sa.func.max(Visit.at)).where(
        Visit.state == "done", sa.or_(Visit.result.is_(None), Visit.result.in_(ANSWERED))).group_by(
        Visit.customer_id)).all())
    planned = dict(demo.execute(sa.select(FollowUp.customer_id, sa.func.min(FollowUp.due_on)).where(
        FollowUp.state.in_(followups.OPEN_STATES)).group_by(FollowUp.customer_id)).all())
    for customer in demo.scalars(sa.select(Customer)):
        assert customer.completeness == customers.completeness(customer)
        assert customer.last_contact_at == reached.get(customer.id)
        assert customer.next_contact_on == planned.get(customer.id)
        assert customer.pinyin
    given = vehicles.intervals(demo)
    for vehicle in demo.scalars(sa.select(Vehicle)):
        assert (vehicle.next_service_on, vehicle.next_service_km) == vehicles.forecast(vehicle, given)


def test_the_nightly_job_finds_nothing_left_to_do(demo: Any) -> None:
    made = followups.make_dated(demo, TODAY, NOW)
    demo.rollback()
    assert sum(made.values()) == 0, made


def test_the_work_is_of_a_size_that_people_can_do(demo: Any) -> None:
    due = demo.execute(followups.due_query(NOW, due="today").with_only_columns(
        FollowUp.assignee_id, sa.func.count(FollowUp.id)).group_by(FollowUp.assignee_id)).all()
    assert all(person is not None and number <= 25 for person, number in due), due


def test_most_of_the_work_was_done_in_time(demo: Any) -> None:
    done = demo.execute(sa.select(FollowUp.due_on, FollowUp.closed_at).where(
        FollowUp.state == FollowUpState.DONE)).all()
    in_time = sum(1 for due_on, closed_at in done if closed_at.astimezone(clock.zone()).date() <= due_on)
    assert 0.8 < in_time / len(done) < 0.99


def test_complaints_went_only_the_allowed_way(demo: Any) -> None:
    steps: dict[int, list[ComplaintStep]] = {}
    for step in demo.scalars(sa.select(ComplaintStep).order_by(ComplaintStep.at, ComplaintStep.id)):
        steps.setdefault(step.complaint_id, []).append(step)
    for complaint in demo.scalars(sa.select(Complaint)):
        log = steps[complaint.id]
        kinds = [step.kind for step in log]
        assert kinds[0] is StepKind.RECEIVE
        handlers = {step.by_id for step in log if step.kind in HANDLING}
        if complaint.state is ComplaintState.CLOSED:
            assert complaint.satisfied and StepKind.RECALL_SATISFIED in kinds
            assert complaint.recalled_by_id not in handlers
        assert complaint.loops == kinds.count(StepKind.RECALL_NOT_SATISFIED)


def test_past_periods_are_closed_with_scores(demo: Any) -> None:
    states = Counter(period.state for period in demo.scalars(sa.select(ScorePeriod)))
    assert states[PeriodState.CLOSED] == 2 and states[PeriodState.PAID] == 2
    assert count(demo, Score, Score.total.is_not(None)) > 20


def test_made_up_numbers_are_valid_and_ring_nobody(demo: Any) -> None:
    from admin_app import cleaning

    phones = list(demo.scalars(sa.select(Customer.phone)))
    assert len(set(phones)) == len(phones)
    for number in phones:
        assert cleaning.phone(number).value == number
        assert number[3:6] in making.PREFIXES
    for vin in demo.scalars(sa.select(Vehicle.vin).limit(50)):
        found = cleaning.vin(vin)
        assert found.value == vin and not found.warnings


def test_grades_fit_the_stage(demo: Any) -> None:
    wrong = count(demo, Customer, Customer.stage == "owner", Customer.grade != Grade.D)
    assert wrong == 0
    assert count(demo, Customer, Customer.stage == "prospect", Customer.grade == Grade.H) > 0


def test_the_chain_holds_over_the_whole_demo(demo: Any) -> None:
    assert audit.verify(demo.connection()) == []
    assert count(demo, AuditEntry, AuditEntry.actor_id.is_not(None)) > 0


def test_the_same_seed_makes_the_same_store(tmp_path: Path) -> None:
    found = []
    for name in ("a", "b"):
        for _app in database(tmp_path, f"sqlite:///{tmp_path / name}.db"):
            starting.seed(db.session)
            make(db.session, NOW, customers=40, closed_months=0)
            found.append(db.session.execute(sa.select(Customer.name, Customer.phone, Customer.grade,
                                                      Customer.last_contact_at)).all())
    assert found[0] == found[1]


@pytest.mark.parametrize("hour", [0, 1, 15, 22])
def test_the_demo_can_be_made_at_any_hour(tmp_path: Path, hour: int) -> None:
    now = dt.datetime(2027, 2, 28, hour, 13, tzinfo=dt.UTC)
    for _app in database(tmp_path, f"sqlite:///{tmp_path / 'demo.db'}"):
        starting.seed(db.session)
        make(db.session, now, customers=60, closed_months=0)
        assert count(db.session, Visit, Visit.at > now, Visit.state == "done") == 0
        assert count(db.session, Complaint, Complaint.received_at > now) == 0


def test_rows_can_be_added_after_the_demo_on_postgresql(
        tmp_path: Path, postgres_server: postgres.Server) -> None:
    for _app in database(tmp_path, postgres_server.url(postgres_server.create())):
        starting.seed(db.session)
        make(db.session, NOW, customers=40, closed_months=0)
        store = starting.new_store(db.session, "S9", "新店")
        db.session.add(Customer(store_id=store.id, name="后来者", phone="+8613800000001"))
        db.session.commit()
        assert count(db.session, Store) == 3
        assert audit.verify(db.session.connection()) == []
