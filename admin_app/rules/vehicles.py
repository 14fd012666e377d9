"""A car (DOMAIN §3.1, §3.10): its VIN and plate, its owners, when its next service is due."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, cleaning, clock
from admin_app.choices import FollowUpState, Grade, Stage, Trigger
from admin_app.errors import RuleError
from admin_app.models import Customer, FollowUp, FollowUpRule, Vehicle, VehicleOwner
from admin_app.rules import followups
from admin_app.rules.changes import before, changed, is_new, store_of
from admin_app.rules.followups import tasks

LEAST_DAYS = 30  # between two readings, before an average says anything (default)
MOST_PER_DAY = 500.0  # km; more is a mistake in a reading

# Which date of the car a rule's occurrence carries.
DATE_OF = {Trigger.DELIVERY: "bought_on", Trigger.INSURANCE: "insurance_until", Trigger.WARRANTY: "warranty_until",
           Trigger.INSPECTION: "inspection_until"}
SERVICES = (Trigger.FIRST_SERVICE, Trigger.NEXT_SERVICE, Trigger.CHURN)

Notices = list[tuple[str, Any]]


@dataclass(frozen=True)
class Interval:
    """After how many kilometres or months, whichever comes first, a car is due for service."""

    km: int = 5000
    months: int = 6


def intervals(session: Any) -> tuple[Interval, Interval]:
    """The intervals of the first service and of the later ones, as the follow-up rules say them."""
    with session.no_autoflush:
        found = dict(session.execute(access.ungated(
            sa.select(FollowUpRule.trigger, FollowUpRule.condition).where(
                FollowUpRule.trigger.in_([Trigger.FIRST_SERVICE, Trigger.NEXT_SERVICE]),
                FollowUpRule.deleted_at.is_(None)))).all())
    said = [found.get(trigger) or {} for trigger in (Trigger.FIRST_SERVICE, Trigger.NEXT_SERVICE)]
    first, later = (Interval(int(one.get("km", 5000)), int(one.get("months", 6))) for one in said)
    return first, later


def prepare(session: Any, vehicle: Vehicle, now: dt.datetime) -> Notices:
    """Normalise the car and check it. Raises RuleError at model, vin, customer_id, mileage or price.

    Returns (field, sentence) pairs for what was left blank or should be looked at.
    """
    notices = normalise(vehicle, now, before(session, vehicle, "mileage"), intervals(session))
    _check_vin(session, vehicle)
    _check_customer(session, vehicle)
    vehicle.was = {name: before(session, vehicle, name) for name in ("customer_id", "bought_on")}
    return notices


def normalise(vehicle: Vehicle, now: dt.datetime, mileage_before: int | None = None,
              given: tuple[Interval, Interval] = (Interval(), Interval())) -> Notices:
    """The part of prepare() that asks no database."""
    notices: Notices = []
    if not (vehicle.model or "").strip():
        raise RuleError(_l("A car needs a model."), "model")
    for name, clean in (("vin", cleaning.vin), ("plate", cleaning.plate)):
        if getattr(vehicle, name) and changed(vehicle, name):
            found = clean(getattr(vehicle, name))
            if getattr(vehicle, name) != found.value:
                setattr(vehicle, name, found.value)
            notices += [(name, warning) for warning in found.warnings]
    for name in ("mileage", "price", "next_service_km"):
        if getattr(vehicle, name) is not None and getattr(vehicle, name) < 0:
            raise RuleError(_l("This number cannot be negative."), name)
    if vehicle.mileage is not None and changed(vehicle, "mileage"):
        if not changed(vehicle, "mileage_on"):
            vehicle.mileage_on = clock.local_day(now)
        if mileage_before is not None and vehicle.mileage < mileage_before:
            notices.append(("mileage", _l("The mileage is lower than before (%(km)s km); please check it.",
                                          km=mileage_before)))
    plan_service(vehicle, given)
    return notices


def _check_vin(session: Any, vehicle: Vehicle) -> None:
    if not vehicle.vin or not changed(vehicle, "vin", "deleted_at", "store_id"):
        return
    with session.no_autoflush:
        other = session.execute(access.ungated(
            sa.select(Vehicle.id, Customer.name).outerjoin(Customer, Customer.id == Vehicle.customer_id).where(
                Vehicle.store_id == vehicle.store_id, Vehicle.vin == vehicle.vin, Vehicle.deleted_at.is_(None),
                *([Vehicle.id != vehicle.id] if vehicle.id is not None else [])).limit(1))).first()
        if other is None:
            return
        seen = session.scalars(sa.select(Vehicle.id).where(Vehicle.id == other[0])).first() is not None
    if seen and other[1]:
        raise RuleError(_l("This VIN belongs to the car of %(name)s already.", name=other[1]), "vin")
    raise RuleError(_l("This VIN is in the store's files already."), "vin")


def _check_customer(session: Any, vehicle: Vehicle) -> None:
    if vehicle.customer_id is None or not changed(vehicle, "customer_id"):
        return
    store_id = store_of(session, Customer, vehicle.customer_id)
    if store_id is None:
        raise RuleError(_l("There is no such customer."), "customer_id")
    if store_id != vehicle.store_id:
        raise RuleError(_l("This customer belongs to another store."), "customer_id")


# ---------------------------------------------------------------- the next service


def plan_service(vehicle: Vehicle, given: tuple[Interval, Interval]) -> None:
    """Forecast next_service_on and next_service_km, unless a person has just set the date."""
    if changed(vehicle, "next_service_on") and vehicle.next_service_on is not None:
        return
    inputs = ("bought_on", "bought_here", "mileage", "mileage_on", "last_service_on", "last_service_km",
              "first_service_done", "next_service_on")
    if not (is_new(vehicle) or changed(vehicle, *inputs)):
        return
    day, km = forecast(vehicle, given)
    if day is not None:
        vehicle.next_service_on, vehicle.next_service_km = day, km


def forecast(vehicle: Vehicle, given: tuple[Interval, Interval]) -> tuple[dt.date | None, int | None]:
    """(day, km) of the next service: so many km or months after the last one, whichever comes first.

    The day for the km is reckoned with the car's own average. (None, None) where nothing is known of the car.
    """
    served = vehicle.last_service_on is not None
    interval = given[1] if served or vehicle.first_service_done else given[0]
    base = vehicle.last_service_on or (vehicle.bought_on if vehicle.bought_here is not False else None)
    if base is None:
        return None, None
    if vehicle.first_service_done and not served:
        return None, None  # served before the desk knew the car: the next visit will tell
    from_km = (vehicle.last_service_km if served else 0)
    due_km = from_km + interval.km if from_km is not None else None
    days = [add_months(base, interval.months)]
    average = per_day(vehicle)
    if average and due_km is not None and vehicle.mileage is not None and vehicle.mileage_on is not None:
        ahead = (due_km - vehicle.mileage) / average
        days.append(vehicle.mileage_on + dt.timedelta(days=max(0, int(min(ahead, 3650)))))
    return min(days), due_km


def per_day(vehicle: Vehicle) -> float | None:
    """The car's own average of km a day: since its last service, else since it was bought; None if unknown."""
    if vehicle.mileage is None or vehicle.mileage_on is None:
        return None
    since, km = vehicle.last_service_on, vehicle.last_service_km
    if since is None or km is None or (vehicle.mileage_on - since).days < LEAST_DAYS:
        since, km = (vehicle.bought_on, 0) if vehicle.bought_here is not False else (None, None)
    if since is None or km is None:
        return None
    days = (vehicle.mileage_on - since).days
    if days < LEAST_DAYS or vehicle.mileage <= km:
        return None
    return min((vehicle.mileage - km) / days, MOST_PER_DAY)


def add_months(day: dt.date, months: int) -> dt.date:
    """The same day so many months later; the last of the month where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


# ---------------------------------------------------------------- what follows


def settle(session: Any, vehicle: Vehicle, now: dt.datetime, created: bool) -> None:
    """Owners' history, the buyer's stage, delivery calls; tasks for a date that was changed are void."""
    was = vehicle.__dict__.pop("was", {})
    today = clock.local_day(now)
    if created or was.get("customer_id") != vehicle.customer_id:
        _change_owner(session, vehicle, None if created else was.get("customer_id"), today, now)
    if not created:
        void_outdated(session, vehicle, now)
    if vehicle.customer_id is not None and (created or was.get("bought_on") != vehicle.bought_on):
        _became_owner(session, vehicle, today)
        followups.on_event(session, Trigger.DELIVERY, vehicle, now)


def _change_owner(session: Any, vehicle: Vehicle, former: int | None, today: dt.date, now: dt.datetime) -> None:
    for row in session.scalars(sa.select(VehicleOwner).where(
            VehicleOwner.vehicle_id == vehicle.id, VehicleOwner.until.is_(None))):
        row.until = today
    if vehicle.customer_id is not None:
        since = vehicle.bought_on if former is None else today
        session.add(VehicleOwner(store_id=vehicle.store_id, vehicle_id=vehicle.id, customer_id=vehicle.customer_id,
                                 since=since))
    if former is None:
        return
    gone = list(session.scalars(sa.select(FollowUp).where(
        FollowUp.vehicle_id == vehicle.id, FollowUp.customer_id == former, FollowUp.source_table == "vehicle",
        FollowUp.state.in_(tasks.OPEN_STATES))))
    for task in gone:
        tasks.close(session, task, FollowUpState.VOID, now, note="车辆已易主")
    tasks.refresh_customers(session, {former})


def void_outdated(session: Any, vehicle: Vehicle, now: dt.datetime) -> None:
    """Void the car's open tasks that were made for a date, or a service, that is no longer the car's."""
    found = session.execute(sa.select(FollowUp, FollowUpRule.trigger).join(
        FollowUpRule, FollowUpRule.id == FollowUp.rule_id).where(
        FollowUp.source_table == "vehicle", FollowUp.source_id == vehicle.id,
        FollowUp.state.in_(tasks.OPEN_STATES))).all()
    for task, trigger in found:
        if trigger in DATE_OF:
            current = getattr(vehicle, DATE_OF[trigger])
        elif trigger in SERVICES:
            current = vehicle.last_service_on or vehicle.bought_on
        else:
            continue
        if not task.occurrence.endswith(f":{current}"):
            tasks.close(session, task, FollowUpState.VOID, now, note=tasks.NEW_DATE)
    tasks.refresh_customers(session, {task.customer_id for task, _trigger in found})


def _became_owner(session: Any, vehicle: Vehicle, today: dt.date) -> None:
    """A lead or prospect who has taken the car over is an owner; the intent grade says delivered."""
    if vehicle.bought_on is None or vehicle.bought_on > today or not vehicle.bought_here:
        return
    customer = session.get(Customer, vehicle.customer_id)
    if customer is not None and customer.stage in (Stage.LEAD, Stage.PROSPECT):
        customer.stage, customer.grade, customer.graded_on = Stage.OWNER, Grade.D, today
