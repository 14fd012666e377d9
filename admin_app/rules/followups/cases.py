"""The cases of each dated rule in one store: the records whose date lies between two days, one query each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from admin_app import clock
from admin_app.choices import BirthdayCalendar, PromiseState, RepairState, Trigger
from admin_app.models import Customer, FollowUpRule, Promise, RepairOrder, Store, Vehicle
from admin_app.rules.followups import calendar, rules
from admin_app.rules.followups.making import Case

WHO = (Customer.id, Customer.store_id, Customer.owner_id, Customer.advisor_id, Customer.confidentiality,
       sa.or_(Customer.do_not_disturb, Customer.marketing_withdrawn))
ONE_DAY = dt.timedelta(days=1)

Finder = Callable[[Any, FollowUpRule, Store, dt.date, dt.date, dt.date], Iterator[Case]]  # …, first, last, today


def _rows(session: Any, statement: Any) -> list[Any]:
    """All of them before the first task is written: nothing is read from a table that changes meanwhile."""
    return session.execute(statement).all()


def _case(who: list[Any], base: Any, table: str, source_id: int, mark: str, **more: Any) -> Case:
    number, store_id, owner_id, advisor_id, confidentiality, opted_out = who
    return Case(number, store_id, owner_id, advisor_id, confidentiality, opted_out, base, table, source_id, mark,
                **more)


def _days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    while first <= last:
        yield first
        first += ONE_DAY


def of_customers(session: Any, rule: FollowUpRule, store: Store, today: dt.date, base: Any, *where: Any,
                 mark: Callable[[Any], str] = str) -> Iterator[Case]:
    """Cases of the store's customers who fit the rule today and `where`, with the column `base` as their base."""
    statement = sa.select(*WHO, base).where(
        Customer.store_id == store.id, *rules.narrowed(session, rule, today), *where).order_by(Customer.id)
    for *who, day in _rows(session, statement):
        day = clock.local_day(day) if isinstance(day, dt.datetime) else day
        yield _case(who, day, "customer", who[0], mark(day))


SERVED = sa.func.coalesce(Vehicle.last_service_on, Vehicle.bought_on, type_=sa.Date)


def _of_vehicles(base: Any, *where: Any, mark: Any = None) -> Finder:
    """Cars whose date `base` lies between the days. mark: the date that tells one occurrence from the next; None: base.

    A service is one occurrence for each last service, however its forecast moves.
    """
    def find(session: Any, rule: FollowUpRule, store: Store, first: dt.date, last: dt.date,
             today: dt.date) -> Iterator[Case]:
        told = base if mark is None else mark
        statement = sa.select(*WHO, base, Vehicle.id, told).join(Customer, Customer.id == Vehicle.customer_id).where(
            Vehicle.store_id == store.id, base >= first, base <= last, *where, *rules.narrowed(session, rule, today))
        for *who, day, vehicle_id, by in _rows(session, statement.order_by(Vehicle.id)):
            yield _case(who, day, "vehicle", vehicle_id, str(by), vehicle_id=vehicle_id)
    return find


def _without_contact(session: Any, rule: FollowUpRule, store: Store, first: dt.date, last: dt.date,
                     today: dt.date) -> Iterator[Case]:
    """Customers whose last contact, or whose file where there was none, lies so far back."""
    begins, ends = clock.at(first, 0), clock.at(last + ONE_DAY, 0)
    spoken = sa.and_(Customer.last_contact_at >= begins, Customer.last_contact_at < ends)
    never = sa.and_(Customer.last_contact_at.is_(None), Customer.registered_on >= first, Customer.registered_on <= last)
    yield from of_customers(session, rule, store, today, Customer.last_contact_at, spoken)
    yield from of_customers(session, rule, store, today, Customer.registered_on, never)


def _birthdays(session: Any, rule: FollowUpRule, store: Store, first: dt.date, last: dt.date,
               today: dt.date) -> Iterator[Case]:
    key = sa.extract("month", Customer.birthday) * 100 + sa.extract("day", Customer.birthday)
    for day in _days(first, last):
        lunar = calendar.lunar_keys(day)
        kept = sa.or_(
            sa.and_(Customer.birthday_calendar == BirthdayCalendar.SOLAR, key.in_(calendar.solar_keys(day))),
            sa.and_(Customer.birthday_calendar == BirthdayCalendar.LUNAR, key.in_(lunar)))
        yield from of_customers(
            session, rule, store, today, sa.literal(day, sa.Date), kept, Customer.birthday < dt.date(day.year, 1, 1))


def _anniversaries(session: Any, rule: FollowUpRule, store: Store, first: dt.date, last: dt.date,
                   today: dt.date) -> Iterator[Case]:
    key = sa.extract("month", Vehicle.bought_on) * 100 + sa.extract("day", Vehicle.bought_on)
    for day in _days(first, last):
        statement = sa.select(*WHO, Vehicle.id).join(Customer, Customer.id == Vehicle.customer_id).where(
            Vehicle.store_id == store.id, Vehicle.bought_here, key.in_(calendar.solar_keys(day)),
            Vehicle.bought_on < dt.date(day.year, 1, 1), *rules.narrowed(session, rule, today))
        for *who, vehicle_id in _rows(session, statement.order_by(Vehicle.id)):
            yield _case(who, day, "vehicle", vehicle_id, str(day), vehicle_id=vehicle_id)


def _festivals(session: Any, rule: FollowUpRule, store: Store, first: dt.date, last: dt.date,
               today: dt.date) -> Iterator[Case]:
    name = (rule.condition or {}).get("festival", "")
    for day in _days(first, last):
        if calendar.is_festival(name, day):
            yield from of_customers(session, rule, store, today, sa.literal(day, sa.Date))


def _promises(session: Any, rule: FollowUpRule, store: Store, first: dt.date, last: dt.date,
              today: dt.date) -> Iterator[Case]:
    statement = sa.select(*WHO, Promise.due_on, Promise.id, Promise.by_id).join(
        Customer, Customer.id == Promise.customer_id).where(
        Promise.store_id == store.id, Promise.state == PromiseState.OPEN, Promise.due_on >= first,
        Promise.due_on <= last, *rules.narrowed(session, rule, today))
    for *who, day, promise_id, by_id in _rows(session, statement.order_by(Promise.id)):
        yield _case(who, day, "promise", promise_id, str(day), preferred=by_id)


def _repairs(session: Any, rule: FollowUpRule, store: Store, first: dt.date, last: dt.date,
             today: dt.date) -> Iterator[Case]:
    statement = sa.select(*WHO, RepairOrder.closed_at, RepairOrder.id, RepairOrder.vehicle_id).join(
        Customer, Customer.id == RepairOrder.customer_id).where(
        RepairOrder.store_id == store.id, RepairOrder.state == RepairState.CLOSED,
        RepairOrder.closed_at >= clock.at(first, 0), RepairOrder.closed_at < clock.at(last + ONE_DAY, 0),
        *rules.narrowed(session, rule, today))
    for *who, closed_at, order_id, vehicle_id in _rows(session, statement.order_by(RepairOrder.id)):
        yield _case(who, closed_at, "repair_order", order_id, "1", vehicle_id=vehicle_id)


DATED: dict[Trigger, Finder] = {
    Trigger.DELIVERY: _of_vehicles(Vehicle.bought_on, Vehicle.bought_here),
    Trigger.FIRST_SERVICE: _of_vehicles(Vehicle.next_service_on, ~Vehicle.first_service_done, mark=SERVED),
    Trigger.NEXT_SERVICE: _of_vehicles(Vehicle.next_service_on, Vehicle.first_service_done, mark=SERVED),
    Trigger.INSURANCE: _of_vehicles(Vehicle.insurance_until),
    Trigger.WARRANTY: _of_vehicles(Vehicle.warranty_until),
    Trigger.INSPECTION: _of_vehicles(Vehicle.inspection_until),
    Trigger.CHURN: _of_vehicles(SERVED),
    Trigger.NO_CONTACT: _without_contact,
    Trigger.BIRTHDAY: _birthdays,
    Trigger.ANNIVERSARY: _anniversaries,
    Trigger.FESTIVAL: _festivals,
    Trigger.PROMISE_DUE: _promises,
    Trigger.REPAIR_CLOSED: _repairs,
}
