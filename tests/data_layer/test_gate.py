"""The gate on the session: reading, writing and refusing, on both databases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import (
    Load,
    LoaderCriteriaOption,
    aliased,
    contains_eager,
    joinedload,
    selectinload,
    subqueryload,
    with_loader_criteria,
)

from admin_app import access, prepared, scope
from admin_app import choices as ch
from admin_app import models as m
from admin_app.actors import GateCriterion
from admin_app.database import db
from admin_app.errors import Refused
from tests import factories as f
from tests.cast import TODAY, Cast
from tests.conftest import row

pytestmark = pytest.mark.usefixtures("store_app")


def names(session: Any, person: Any, as_person: Callable[[Any], None]) -> set[str]:
    """Customers that a person sees, by name."""
    as_person(person)
    seen = set(session.scalars(sa.select(m.Customer.name)))
    access.set_actor(session, access.Actor(name="test", system="test", store_ids=None))
    return seen


@pytest.fixture
def customers(store_app: Flask, session: Any, cast: Cast) -> dict[str, m.Customer]:
    made = {
        "own": f.make_customer(session, owner=cast.sales_consultant, name="own"),
        "team": f.make_customer(session, owner=cast.colleague, name="team"),
        "other": f.make_customer(session, owner=cast.other_team, name="other"),
        "pool": f.make_customer(session, store=cast.store, name="pool"),
        "far": f.make_customer(session, owner=cast.outsider, name="far"),
        "serviced": f.make_customer(session, owner=cast.other_team, name="serviced",
                                    advisor_id=cast.service_advisor.id),
    }
    session.commit()
    return made


@pytest.mark.parametrize(("person", "seen"), [
    ("general_manager", {"own", "team", "other", "pool", "far", "serviced"}),
    ("auditor", {"own", "team", "other", "pool", "far", "serviced"}),
    ("care_manager", {"own", "team", "other", "pool", "serviced"}),
    ("care_specialist", {"own", "team", "other", "pool", "serviced"}),
    ("marketing", {"own", "team", "other", "pool", "serviced"}),
    ("sales_manager", {"own", "team", "pool"}),
    ("sales_consultant", {"own"}),
    ("service_manager", {"serviced"}),
    ("service_advisor", {"serviced"}),
    ("administrator", set()),
    ("outsider", {"far"}),
])
def test_each_role_sees_its_customers(customers: dict[str, m.Customer], session: Any, cast: Cast,
                                      as_person: Any, person: str, seen: set[str]) -> None:
    assert names(session, getattr(cast, person), as_person) == seen


@pytest.mark.parametrize("person", ["general_manager", "sales_manager", "sales_consultant", "service_manager",
                                    "service_advisor", "care_manager", "care_specialist", "marketing", "auditor",
                                    "administrator", "colleague", "outsider"])
def test_looking_customers_up_one_by_one_shows_the_same_rows(customers: dict[str, m.Customer], session: Any, cast: Cast,
                                                             as_person: Any, person: str) -> None:
    for number, customer in enumerate(customers.values()):
        for made in (f.make_visit(session, customer), f.make_followup(session, customer, assignee=cast.colleague),
                    f.make_vehicle(session, customer), f.make_order(session, customer, advisor=cast.service_advisor),
                    f._add(session, m.Promise(store_id=customer.store_id, customer_id=customer.id, what="x",
                                              due_on=TODAY, state=ch.PromiseState.OPEN))):
            made.deleted_at = f.m.utcnow() if number == 5 else None
        complaint = f.make_complaint(session, customer, owner=cast.sales_manager if number % 2 else None)
        session.add(m.ComplaintStep(store_id=customer.store_id, complaint_id=complaint.id, kind=ch.StepKind.RECEIVE,
                                    at=complaint.received_at))
        session.add(m.VehicleOwner(store_id=customer.store_id, vehicle_id=1, customer_id=customer.id))
    customers["own"].confidentiality = ch.Confidentiality.SECRET
    customers["serviced"].confidentiality = ch.Confidentiality.RESTRICTED
    session.commit()
    session.expunge_all()
    as_person(getattr(cast, person))
    for model in scope.GATED:
        usual = {row.id for row in prepared.rows(session, model, lambda model=model: sa.select(model.id))}
        near = {row.id for row in prepared.few(session, model, lambda model=model: sa.select(model.id))}
        assert near == usual == set(session.scalars(sa.select(model.id))), model


def test_what_the_gate_has_shown_is_not_asked_again_until_it_may_have_changed(
        customers: dict[str, m.Customer], session: Any, cast: Cast, as_person: Any) -> None:
    number, others = customers["own"].id, customers["other"].id
    session.expunge_all()
    as_person(cast.sales_consultant)
    mine = prepared.record(session, m.Customer, number)
    assert prepared.record(session, m.Customer, others) is None
    assert mine is session.get(m.Customer, number)
    seen = session.info["seen"][1]
    assert seen == {number}
    session.add(m.Visit(store_id=1, customer_id=others, at=mine.created_at, staff_id=cast.sales_consultant.id))
    with pytest.raises(Refused):
        session.flush()
    session.rollback()
    assert "seen" not in session.info
    mine = prepared.record(session, m.Customer, number)
    with access.as_system(session, "given to somebody else"):
        mine.owner_id = cast.other_team.id
    assert "seen" not in session.info
    mine.note = "x"
    with pytest.raises(Refused):
        session.flush()
    session.rollback()
    assert row(m.Customer, number).note is None


def test_an_open_repair_order_shows_the_customer_to_its_advisor(customers: dict[str, m.Customer], session: Any,
                                                                cast: Cast, as_person: Any) -> None:
    order = f.make_order(session, customers["other"], advisor=cast.service_advisor)
    session.commit()
    assert names(session, cast.service_advisor, as_person) == {"serviced", "other"}
    order.state = ch.RepairState.CLOSED
    session.commit()
    assert names(session, cast.service_advisor, as_person) == {"serviced"}


def test_the_gate_holds_on_every_way_of_asking(customers: dict[str, m.Customer], session: Any, cast: Cast,
                                               as_person: Any) -> None:
    for customer in customers.values():
        f.make_visit(session, customer, staff=cast.sales_consultant)
    session.commit()
    far = customers["far"].id
    session.expunge_all()
    as_person(cast.sales_consultant)
    twin = aliased(m.Customer)
    assert session.get(m.Customer, far) is None
    assert session.scalar(sa.select(sa.func.count()).select_from(m.Customer)) == 1
    assert session.scalar(sa.select(sa.func.count()).select_from(sa.select(m.Customer.id).subquery())) == 1
    assert session.scalars(sa.select(twin.name)).all() == ["own"]
    assert session.scalar(sa.select(sa.func.count(m.Visit.id))) == 1
    assert session.query(m.Customer).count() == 1
    joined = sa.select(m.Visit.id).join(m.Customer, m.Customer.id == m.Visit.customer_id)
    assert len(session.execute(joined).all()) == 1
    assert len(session.execute(sa.select(m.Visit.id).join(m.Visit.customer)).all()) == 1
    exists = sa.exists().where(twin.id == m.Visit.customer_id, twin.name == "far")
    assert session.execute(sa.select(m.Visit.id).where(exists)).all() == []
    named = sa.select(m.Customer.id).where(m.Customer.name == "far").scalar_subquery()
    assert session.scalar(sa.select(named)) is None
    assert session.scalars(sa.select(m.Customer.name).union(sa.select(m.Customer.name))).all() == ["own"]
    nested = sa.select(sa.func.count()).where(sa.select(m.Customer.id).where(m.Customer.name == "far").exists())
    assert session.scalar(nested) == 0
    common = sa.select(m.Customer.name).cte("mine")
    assert session.scalars(sa.select(common.c.name)).all() == ["own"]
    owners = session.scalars(sa.select(m.Customer).options(selectinload(m.Customer.owner))).all()
    assert [c.owner.name for c in owners] == [cast.sales_consultant.name]


def test_a_relation_does_not_lead_out_of_the_scope(customers: dict[str, m.Customer], session: Any, cast: Cast,
                                                   as_person: Any) -> None:
    customers["own"].referrer_id = customers["far"].id
    session.commit()
    session.expunge_all()
    as_person(cast.sales_consultant)
    mine = session.scalars(sa.select(m.Customer)).one()
    assert mine.referrer_id is not None
    assert mine.referrer is None


@pytest.mark.parametrize("way", [selectinload, subqueryload])
def test_no_way_of_loading_a_relation_leads_out_of_the_scope(customers: dict[str, m.Customer], session: Any, cast: Cast,
                                                             as_person: Any, way: Any) -> None:
    customers["own"].referrer_id = customers["far"].id
    visit = f.make_visit(session, customers["own"], staff=cast.sales_consultant)
    session.commit()
    key = visit.id
    session.expunge_all()
    as_person(cast.sales_consultant)
    assert session.scalars(sa.select(m.Customer).options(way(m.Customer.referrer))).one().referrer is None
    session.expunge_all()
    found = session.scalars(sa.select(m.Visit).options(way(m.Visit.customer).selectinload(m.Customer.referrer)).where(
        m.Visit.id == key)).one()
    assert found.customer.name == "own" and found.customer.referrer is None
    session.expunge_all()
    for joined in (joinedload(m.Visit.customer), way(m.Visit.customer).joinedload(m.Customer.referrer),
                   joinedload("*"), Load(m.Visit).joinedload("*")):
        with pytest.raises(RuntimeError, match="selectinload"):
            session.scalars(sa.select(m.Visit).options(joined))


def test_a_join_that_fills_a_relation_stays_inside_the_scope(customers: dict[str, m.Customer], session: Any, cast: Cast,
                                                             as_person: Any) -> None:
    order = f.make_order(session, customers["far"], advisor=cast.service_advisor)
    session.commit()
    key = order.id
    as_person(cast.service_advisor)
    session.expunge_all()
    joined = sa.select(m.RepairOrder).join(m.RepairOrder.customer, isouter=True).options(
        contains_eager(m.RepairOrder.customer)).where(m.RepairOrder.id == key)
    assert [one.customer for one in session.scalars(joined)] in ([], [None])


def test_a_loader_option_adds_the_criteria_of_its_own_tables_only(session: Any, cast: Cast, as_person: Any) -> None:
    as_person(cast.sales_consultant)
    actor = access.actor_of(session)
    near = access.gated(actor, sa.select(m.Visit).options(selectinload(m.Visit.customer)))
    far = access.gated(actor, sa.select(m.Visit).options(subqueryload(m.Visit.customer)))
    few, many = ([one for one in made._with_options if isinstance(one, LoaderCriteriaOption)] for made in (near, far))
    assert len(few) == 2 < 20 < len(many)
    every = len(many)
    inside = sa.select(m.Complaint.customer_id)
    for option in (selectinload(m.Visit.customer.and_(m.Customer.id.in_(inside))), selectinload("*"),
                   Load(m.Visit).selectinload("*"), with_loader_criteria(m.Visit, m.Visit.customer_id.in_(inside))):
        made = access.gated(actor, sa.select(m.Visit).options(option))
        assert len([one for one in made._with_options if isinstance(one, GateCriterion)]) == every


def test_nobody_on_the_session_reads_nothing(session: Any) -> None:
    access.set_actor(session, None)
    with pytest.raises(RuntimeError, match="nobody acts"):
        session.scalars(sa.select(m.Customer)).all()


def test_a_plain_table_does_not_pass(session: Any, cast: Cast, as_person: Any) -> None:
    as_person(cast.sales_consultant)
    with pytest.raises(RuntimeError, match="mapped classes"):
        session.execute(sa.select(m.Customer.__table__.c.phone))
    with pytest.raises(RuntimeError, match="bulk statements"):
        session.execute(sa.update(m.Customer).values(note="x"))


def test_a_secret_customer_is_hidden_with_all_that_hangs_on_it(customers: dict[str, m.Customer], session: Any,
                                                               cast: Cast, as_person: Any) -> None:
    secret = customers["own"]
    number = secret.id
    secret.confidentiality = ch.Confidentiality.SECRET
    f.make_visit(session, secret)
    complaint = f.make_complaint(session, secret)
    session.add(m.ComplaintStep(store_id=1, complaint_id=complaint.id, kind=ch.StepKind.RECEIVE,
                                at=complaint.received_at))
    session.commit()
    session.expunge_all()
    as_person(cast.care_specialist)
    for model in (m.Visit, m.Complaint, m.ComplaintStep):
        assert session.scalar(sa.select(sa.func.count(model.id))) == 0
    assert "own" not in names(session, cast.care_specialist, as_person)
    assert "own" in names(session, cast.sales_consultant, as_person)
    assert "own" in names(session, cast.general_manager, as_person)
    session.add(m.CustomerReader(store_id=1, customer_id=number, user_id=cast.care_specialist.id, reason="回访",
                                 until=TODAY + dt.timedelta(days=3650)))
    session.commit()
    assert "own" in names(session, cast.care_specialist, as_person)


def test_a_restricted_customer_stays_in_the_team(customers: dict[str, m.Customer], session: Any, cast: Cast,
                                                 as_person: Any) -> None:
    customers["team"].confidentiality = ch.Confidentiality.RESTRICTED
    session.commit()
    assert "team" in names(session, cast.sales_manager, as_person)
    assert "team" not in names(session, cast.care_manager, as_person)


def test_a_deleted_row_is_gone_and_can_come_back(customers: dict[str, m.Customer], session: Any, cast: Cast,
                                                 as_person: Any) -> None:
    customers["own"].deleted_at = f.NOW
    session.commit()
    assert names(session, cast.sales_consultant, as_person) == set()
    with access.as_system(session, "bin", include_deleted=True):
        back = session.get(m.Customer, customers["own"].id)
        back.deleted_at = None
    session.commit()
    assert names(session, cast.sales_consultant, as_person) == {"own"}


@pytest.mark.parametrize(("person", "name", "value"), [
    ("sales_consultant", "owner_id", "colleague"),  # giving away is for those who assign
    ("sales_consultant", "confidentiality", ch.Confidentiality.SECRET),
    ("sales_consultant", "store_id", 2),
    ("auditor", "note", "x"),
    ("marketing", "note", "x"),
    ("service_advisor", "note", "x"),
    ("outsider", "note", "x"),
])
def test_a_refused_change_is_not_saved(customers: dict[str, m.Customer], session: Any, cast: Cast, as_person: Any,
                                       person: str, name: str, value: Any) -> None:
    target = customers["own"]
    before = getattr(target, name)
    if isinstance(value, str) and value == "colleague":
        value = cast.colleague.id
    as_person(getattr(cast, person))
    setattr(target, name, value)
    with pytest.raises(Refused):
        session.commit()
    session.rollback()
    assert getattr(row(m.Customer, target.id), name) == before


def test_nobody_makes_a_row_that_they_could_not_see(session: Any, cast: Cast, as_person: Any) -> None:
    owner = cast.colleague.id
    as_person(cast.sales_consultant)
    session.add(m.Customer(store_id=1, name="x", phone="+8613800000000", owner_id=owner))
    with pytest.raises(Refused):
        session.commit()
    session.rollback()
    access.set_actor(session, access.Actor(name="test", system="test", store_ids=None))
    assert session.scalar(sa.select(sa.func.count(m.Customer.id))) == 0


@pytest.mark.parametrize(("name", "value"), [
    ("confidentiality", ch.Confidentiality.SECRET), ("tier", ch.Tier.A), ("credit", ch.CreditLevel.GOOD)])
def test_a_new_row_takes_only_what_its_maker_may_set(session: Any, cast: Cast, as_person: Any, name: str,
                                                     value: Any) -> None:
    given = {"store_id": 1, "name": "x", "phone": "+8613800000002", name: value}
    for person, allowed in ((cast.sales_consultant, False), (cast.sales_manager, True)):
        as_person(person)
        session.add(m.Customer(owner_id=person.id, **given))
        if allowed:
            session.commit()
            continue
        with pytest.raises(Refused):
            session.commit()
        session.rollback()


def test_two_roles_widen_reading_but_not_export(session: Any, cast: Cast) -> None:
    person = cast.sales_consultant
    person.second_role_id = cast.care_manager.role_id
    session.flush()
    both = access.actor_for(session, person)
    alone = access.actor_for(session, cast.care_manager)
    assert both.right("customer").read is ch.Scope.STORE
    assert both.right("campaign").write is alone.right("campaign").write
    assert not both.may("customer", "export")
    assert both.right("complaint").export is (
        alone.right("complaint").export and access.actor_for(session, cast.colleague).right("complaint").export)


def test_a_row_of_another_store_is_refused(session: Any, cast: Cast, as_person: Any) -> None:
    as_person(cast.care_manager)
    session.add(m.Customer(store_id=2, name="x", phone="+8613800000001"))
    with pytest.raises(Refused):
        session.commit()
    session.rollback()


def test_rows_are_not_deleted_for_good(customers: dict[str, m.Customer], session: Any, cast: Cast,
                                       as_person: Any) -> None:
    as_person(cast.general_manager)
    session.delete(customers["own"])
    with pytest.raises(RuntimeError, match="recycle bin"):
        session.flush()
    session.rollback()
    assert row(m.Customer, customers["own"].id) is not None
    assert db.session.is_active
