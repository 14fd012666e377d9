"""A repair order: number, car and sums; when it is closed the car's history and the care call follow (DOMAIN §3.1)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, clock
from admin_app.choices import RepairKind, RepairState, Trigger
from admin_app.columns import ZERO
from admin_app.errors import RuleError
from admin_app.models import Customer, RepairOrder, Vehicle
from admin_app.rules import followups, vehicles
from admin_app.rules.changes import changed, is_new, store_of
from admin_app.rules.followups import tasks

SERVICES = (RepairKind.FIRST_SERVICE, RepairKind.SERVICE)  # after these the next service is counted anew
EARLY = dt.timedelta(minutes=10)


def prepare(session: Any, order: RepairOrder, now: dt.datetime) -> None:
    """Fill in and check a repair order. Raises RuleError at the field."""
    order.number = (order.number or "").strip()
    if not order.number:
        raise RuleError(_l("A repair order needs a number."), "number")
    order.opened_at = order.opened_at or now
    for name in ("mileage", "labour", "parts", "total"):
        if getattr(order, name) is not None and getattr(order, name) < 0:
            raise RuleError(_l("This number cannot be negative."), name)
    if order.satisfaction is not None and not 1 <= order.satisfaction <= 5:
        raise RuleError(_l("Between 1 and 5."), "satisfaction")
    if order.total is None and (order.labour is not None or order.parts is not None):
        order.total = (order.labour or ZERO) + (order.parts or ZERO)
    _state(order, now)
    with session.no_autoflush:
        _check_links(session, order)
        _check_number(session, order)
    order.closing = order.state == RepairState.CLOSED and (is_new(order) or changed(order, "state", "closed_at"))


def _state(order: RepairOrder, now: dt.datetime) -> None:
    order.state = order.state or (RepairState.CLOSED if order.closed_at else RepairState.OPEN)
    if order.state == RepairState.CLOSED and order.closed_at is None:
        order.closed_at = now
    if order.closed_at is None:
        return
    if order.closed_at < order.opened_at and clock.local_day(order.closed_at) < clock.local_day(order.opened_at):
        raise RuleError(_l("The car cannot leave before it came in."), "closed_at")
    if order.closed_at > now + EARLY and order.state == RepairState.CLOSED:
        raise RuleError(_l("This time lies ahead."), "closed_at")


def _check_links(session: Any, order: RepairOrder) -> None:
    if order.vehicle_id is not None and changed(order, "vehicle_id", "customer_id"):
        car = session.execute(access.ungated(sa.select(Vehicle.store_id, Vehicle.customer_id).where(
            Vehicle.id == order.vehicle_id, Vehicle.deleted_at.is_(None)))).first()
        if car is None or car.store_id != order.store_id:
            raise RuleError(_l("There is no such car in this store."), "vehicle_id")
        if order.customer_id is None:
            order.customer_id = car.customer_id
    moved = order.customer_id is not None and changed(order, "customer_id")
    if moved and store_of(session, Customer, order.customer_id or 0) != order.store_id:
        raise RuleError(_l("This customer belongs to another store."), "customer_id")


def _check_number(session: Any, order: RepairOrder) -> None:
    if not changed(order, "number", "store_id", "deleted_at"):
        return
    taken = session.scalars(access.ungated(sa.select(RepairOrder.id).where(
        RepairOrder.store_id == order.store_id, RepairOrder.number == order.number, RepairOrder.deleted_at.is_(None),
        *([RepairOrder.id != order.id] if order.id is not None else [])).limit(1))).first()
    if taken is not None:
        raise RuleError(_l("There is a repair order with this number already."), "number")


# ---------------------------------------------------------------- what follows


def settle(session: Any, order: RepairOrder, now: dt.datetime, created: bool) -> None:
    """A closed order goes into the car's history and makes the care call; a reopened one takes the call back."""
    closing = order.__dict__.pop("closing", created and order.state == RepairState.CLOSED)
    if order.state != RepairState.CLOSED:
        followups.settle_source(session, "repair_order", order.id, now, note=tasks.NOT_CLOSED)
        return
    if not closing:
        return
    if order.vehicle_id is not None:
        vehicle = session.get(Vehicle, order.vehicle_id)
        if vehicle is not None:
            enter(vehicle, order, vehicles.intervals(session))
            session.flush()
            vehicles.void_outdated(session, vehicle, now)
    followups.on_event(session, Trigger.REPAIR_CLOSED, order, now)


def enter(vehicle: Vehicle, order: RepairOrder, given: tuple[vehicles.Interval, vehicles.Interval]) -> None:
    """Put a closed order into the car's history: mileage, last service, next service. An older one changes nothing."""
    day = clock.local_day(order.closed_at or order.opened_at)
    newer = vehicle.mileage_on is None or vehicle.mileage_on <= day
    if order.mileage is not None and newer and order.mileage >= (vehicle.mileage or 0):
        vehicle.mileage, vehicle.mileage_on = order.mileage, day
    if order.kind in SERVICES and (vehicle.last_service_on is None or vehicle.last_service_on <= day):
        vehicle.last_service_on, vehicle.last_service_km = day, order.mileage
        vehicle.first_service_done = True
        vehicle.next_service_on = None
    vehicles.plan_service(vehicle, given)
