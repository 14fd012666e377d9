"""Cars, visits, promises and repair orders before they are saved."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from admin_app import choices as ch
from admin_app import models as m
from admin_app.choices import PromiseState, RepairState, VisitState
from admin_app.errors import RuleError
from admin_app.rules import saving, vehicles
from tests.cast import NOW
from tests.factories import make_customer, make_order, make_vehicle, make_visit
from tests.rules.followup_support import day, save

VIN = "LSVAA4182E2123456"
HOUR = dt.timedelta(hours=1)


def refused(session: Any, row: Any) -> str | None:
    """The field at which the row is refused."""
    with pytest.raises(RuleError) as caught:
        saving.prepare(session, row, NOW)
    session.expunge_all()
    return caught.value.field


# ---------------------------------------------------------------- cars


def test_a_car_is_normalised(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    car = save(session, m.Vehicle(customer_id=customer.id, model="岚风 S7", vin=" lsvaa4182e2123456",
                                  plate="粤 B·12345", mileage=100))
    assert (car.store_id, car.vin, car.plate, car.mileage_on) == (1, VIN, "粤B12345", day())


def test_what_is_no_vin_and_no_plate_is_left_blank_with_a_notice(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    car = m.Vehicle(customer_id=customer.id, model="岚风 S7", vin="LSV123", plate="B12")
    assert {name for name, _sentence in saving.prepare(session, car, NOW)} == {"vin", "plate"}
    assert (car.vin, car.plate) == (None, None)


@pytest.mark.usefixtures("store_app")
def test_a_car_that_cannot_be(session: Any, cast: Any) -> None:
    customer, other = make_customer(session, owner=cast.sales_consultant), make_customer(session, owner=cast.outsider)
    make_vehicle(session, customer, vin=VIN)
    session.commit()
    mine, theirs = customer.id, other.id
    for bad, field in (({"model": " "}, "model"), ({"vin": VIN}, "vin"), ({"mileage": -1}, "mileage"),
                       ({"price": Decimal(-1)}, "price"), ({"customer_id": 999_999}, "customer_id"),
                       ({"customer_id": theirs}, "customer_id")):
        assert refused(session, m.Vehicle(**({"customer_id": mine, "model": "岚风 S7", "store_id": 1} | bad))) == field


def test_a_mileage_that_goes_back_is_pointed_out(session: Any, cast: Any) -> None:
    car = make_vehicle(session, make_customer(session, owner=cast.sales_consultant), mileage=5000, mileage_on=day(-9))
    car.mileage = 500
    assert [name for name, _sentence in saving.prepare(session, car, NOW)] == ["mileage"]
    assert car.mileage_on == day()


def test_a_service_date_set_by_hand_stays(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    car = save(session, m.Vehicle(customer_id=customer.id, model="岚风 S7", bought_on=day(-60),
                                  next_service_on=day(5)))
    assert car.next_service_on == day(5)
    car.note = "已约"
    save(session, car)
    assert car.next_service_on == day(5)


@pytest.mark.parametrize(("about", "expected"), [
    ({"bought_on": dt.date(2026, 8, 31)}, (dt.date(2027, 2, 28), 5000)),
    ({"bought_on": day(-100), "mileage": 4000, "mileage_on": day()}, (day(25), 5000)),
    ({"bought_on": day(-100), "mileage": 9000, "mileage_on": day()}, (day(), 5000)),
    ({"bought_on": day(-10), "mileage": 4000, "mileage_on": day()}, (dt.date(2027, 5, 13), 5000)),
    ({"bought_on": day(-100), "bought_here": False}, (None, None)),
    ({"bought_on": day(-900), "first_service_done": True}, (None, None)),
    ({"last_service_on": day(-60), "last_service_km": 20_000, "mileage": 23_000, "mileage_on": day(),
      "first_service_done": True, "bought_here": False}, (day(40), 25_000)),
    ({"last_service_on": day(-60), "last_service_km": None, "first_service_done": True}, (dt.date(2027, 3, 24), None)),
    ({}, (None, None))])
def test_the_forecast_of_the_next_service(about: dict[str, Any], expected: Any) -> None:
    car = m.Vehicle(**({"model": "岚风 S7", "bought_here": True, "first_service_done": False} | about))
    assert vehicles.forecast(car, (vehicles.Interval(), vehicles.Interval())) == expected


def test_the_interval_is_what_the_rule_says(session: Any, cast: Any) -> None:
    rule = session.scalars(sa.select(m.FollowUpRule).where(m.FollowUpRule.code == "first_service")).one()
    rule.condition = {"km": 7500, "months": 3}
    session.flush()
    customer = make_customer(session, owner=cast.sales_consultant)
    car = save(session, m.Vehicle(customer_id=customer.id, model="岚风 S7", bought_on=day()))
    assert (car.next_service_on, car.next_service_km) == (dt.date(2027, 2, 23), 7500)


# ---------------------------------------------------------------- visits


def test_a_visit_needs_little(session: Any, cast: Any, as_person: Any) -> None:
    customer, me = make_customer(session, owner=cast.sales_consultant), cast.sales_consultant
    session.commit()
    as_person(me)
    visit = save(session, m.Visit(customer_id=customer.id))
    assert (visit.at, visit.state, visit.channel, visit.staff_id, visit.store_id) == (
        NOW, VisitState.DONE, ch.Channel.PHONE, me.id, 1)


def test_a_visit_that_cannot_be(session: Any, cast: Any) -> None:
    customer, other = make_customer(session, owner=cast.sales_consultant), make_customer(session, owner=cast.colleague)
    car = make_vehicle(session, other)
    session.commit()
    mine, wrong = customer.id, car.id
    for bad, field in (({"customer_id": None}, "customer_id"), ({"at": NOW + HOUR}, "at"),
                       ({"satisfaction": 6}, "satisfaction"), ({"guidance_minutes": -5}, "guidance_minutes"),
                       ({"next_on": day(-1)}, "next_on"), ({"vehicle_id": wrong}, "vehicle_id"),
                       ({"followup_id": 999_999}, "followup_id"),
                       ({"customer_id": 999_999}, "customer_id")):
        assert refused(session, m.Visit(**({"customer_id": mine, "store_id": 1} | bad))) == field
    assert saving.prepare(session, m.Visit(customer_id=mine, at=NOW + HOUR, state=VisitState.PLANNED), NOW) == []


def test_an_old_visits_impossible_next_date_is_left_blank(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    visit = m.Visit(customer_id=customer.id, at=NOW - dt.timedelta(days=90), next_on=day(-95))
    assert [name for name, _sentence in saving.prepare(session, visit, NOW)] == ["next_on"]
    assert visit.next_on is None


def test_a_visit_belongs_to_its_customers_store(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.outsider)
    assert save(session, m.Visit(customer_id=customer.id, store_id=1)).store_id == cast.other_store.id


def test_the_last_contact_is_the_latest_in_which_the_customer_was_reached(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    reached = save(session, m.Visit(customer_id=customer.id, at=NOW - 3 * HOUR, result=ch.VisitResult.INTERESTED))
    save(session, m.Visit(customer_id=customer.id, at=NOW, result=ch.VisitResult.NOT_REACHED))
    assert customer.last_contact_at == NOW - 3 * HOUR
    reached.at = NOW - 5 * HOUR
    save(session, reached)
    assert customer.last_contact_at == NOW - 5 * HOUR


# ---------------------------------------------------------------- promises


def test_a_promise_that_says_too_little(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    session.commit()
    good = {"customer_id": customer.id, "what": "送脚垫", "due_on": day(3)}
    for bad, field in (({"what": " "}, "what"), ({"due_on": None}, "due_on"), ({"due_on": day(-1)}, "due_on"),
                       ({"customer_id": None}, "customer_id"),
                       ({"customer_id": 999_999}, "customer_id")):
        assert refused(session, m.Promise(**(good | bad))) == field


def test_a_promise_is_settled_and_taken_up_again(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    promise = save(session, m.Promise(customer_id=customer.id, what="送脚垫", due_on=day(3)))
    assert (promise.state, promise.settled_at) == (PromiseState.OPEN, None)
    promise.state = PromiseState.BROKEN
    save(session, promise)
    assert promise.settled_at == NOW
    promise.state = PromiseState.OPEN
    save(session, promise)
    assert promise.settled_at is None


# ---------------------------------------------------------------- repair orders


def test_an_order_fills_itself_in(session: Any, cast: Any) -> None:
    car = make_vehicle(session, make_customer(session, owner=cast.sales_consultant))
    order = save(session, m.RepairOrder(number=" WX1 ", vehicle_id=car.id, labour=Decimal("200"), parts=Decimal("86.5"),
                                        state=RepairState.CLOSED))
    assert (order.number, order.customer_id, order.total, order.opened_at, order.closed_at) == (
        "WX1", car.customer_id, Decimal("286.5"), NOW, NOW)


def test_an_order_that_cannot_be(session: Any, cast: Any) -> None:
    customer, other = make_customer(session, owner=cast.sales_consultant), make_customer(session, owner=cast.outsider)
    make_order(session, customer, number="WX1")
    away = make_vehicle(session, other)
    session.commit()
    good = {"store_id": 1, "customer_id": customer.id, "number": "WX2"}
    wrong, theirs = away.id, other.id
    for bad, field in (({"number": " "}, "number"), ({"number": "WX1"}, "number"), ({"mileage": -1}, "mileage"),
                       ({"satisfaction": 0}, "satisfaction"), ({"closed_at": NOW - dt.timedelta(days=3)}, "closed_at"),
                       ({"closed_at": NOW + HOUR, "state": RepairState.CLOSED}, "closed_at"),
                       ({"vehicle_id": wrong}, "vehicle_id"), ({"customer_id": theirs}, "customer_id")):
        assert refused(session, m.RepairOrder(**(good | bad))) == field


def test_an_older_order_entered_late_changes_nothing_of_the_car(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    car = make_vehicle(session, customer, mileage=9000, mileage_on=day(-5), last_service_on=day(-5),
                       last_service_km=9000, first_service_done=True, next_service_on=day(150))
    order = m.RepairOrder(number="WX9", vehicle_id=car.id, opened_at=NOW - dt.timedelta(days=90), mileage=6000,
                          closed_at=NOW - dt.timedelta(days=89))
    save(session, order)
    assert order.state == RepairState.CLOSED
    assert (car.mileage, car.last_service_on, car.next_service_on) == (9000, day(-5), day(150))


def test_a_correction_does_not_run_the_consequences_again(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    visit = make_visit(session, customer, staff=cast.sales_consultant)
    visit.summary = "更正"
    save(session, visit)
    assert session.scalar(sa.select(sa.func.count(m.FollowUp.id))) == 0
