"""The dated rules once more, slowly and without SQL: for every rule, record and day, is a task due?

Written from DOMAIN §3.1 and the read-me of the rules, not from their code: it shares no calendar, no criteria and no
catch-up with them. `Small` is a store small enough for it, with birthdays of every kind.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import holidays
import sqlalchemy as sa
from lunar_python import Lunar, Solar

from admin_app import choices as ch
from admin_app import clock
from admin_app import models as m
from tests.factories import make_customer, make_order, make_vehicle

ONE = dt.timedelta(days=1)
MARKETING = {"care", "campaign", "greeting"}
Due = tuple[str, dt.date]  # occurrence, day
OF_CARS = {"insurance": "insurance_until", "warranty": "warranty_until", "inspection": "inspection_until"}
SOLAR = {"new_year": (1, 1), "women": (3, 8), "labour": (5, 1), "national": (10, 1)}
LUNAR = {
    "spring": (1, 1),
    "lantern": (1, 15),
    "dragon_boat": (5, 5),
    "mid_autumn": (8, 15),
    "double_ninth": (9, 9),
}
CHINA = holidays.country_holidays("CN", years=range(2025, 2030))


@lru_cache(maxsize=4096)
def kept_in(year: int, month: int, day: int) -> dt.date:
    """The solar day on which a lunar birthday is kept in a lunar year: the last of the month where it has no 30th."""
    try:
        found = Lunar.fromYmd(year, month, day).getSolar()
        if Solar.fromYmd(found.getYear(), found.getMonth(), found.getDay()).getLunar().getDay() == day:
            return dt.date(found.getYear(), found.getMonth(), found.getDay())
    except Exception:  # the library refuses a 30th that is not there with a plain Exception
        pass
    return kept_in(year, month, day - 1)


def birthday_in(customer: m.Customer, base: dt.date) -> bool:
    """Whether the birthday is kept on a day."""
    born = customer.birthday
    if born is None or born.year >= base.year:
        return False
    if customer.birthday_calendar == ch.BirthdayCalendar.LUNAR:
        return any(kept_in(year, born.month, born.day) == base for year in (base.year - 1, base.year))
    return same_day(born, base)


def same_day(date: dt.date, base: dt.date) -> bool:
    """Whether a day of the year is kept on a day: the 29 February on the 28th in other years."""
    try:
        return date.replace(year=base.year) == base
    except ValueError:
        return base == dt.date(base.year, 2, 28)


def working(day: dt.date, said: dict[dt.date, bool]) -> dt.date:
    while not said.get(day, CHINA.is_working_day(day)):
        day += ONE
    return day


def drawn(percent: int, key: str) -> bool:
    return percent >= 100 or int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % 100 < percent


def fits(rule: Any, customer: m.Customer) -> bool:
    for name, wanted in (rule.condition or {}).items():
        if name not in ("festival", "km", "months", "window_days", "most_a_day"):
            values = wanted if isinstance(wanted, list) else [wanted]
            if getattr(customer, name) not in values:
                return False
    return not ((customer.do_not_disturb or customer.marketing_withdrawn) and rule.purpose in MARKETING)


class Small:
    """The records of one small store, read once."""

    def __init__(self, session: Any) -> None:
        self.customers = list(session.scalars(sa.select(m.Customer).order_by(m.Customer.id)))
        self.by_id = {one.id: one for one in self.customers}
        self.cars = list(session.scalars(sa.select(m.Vehicle).order_by(m.Vehicle.id)))
        self.promises = list(session.scalars(sa.select(m.Promise).order_by(m.Promise.id)))
        self.orders = list(session.scalars(sa.select(m.RepairOrder).order_by(m.RepairOrder.id)))
        self.said: dict[dt.date, bool] = {}

    def fixed(self, rule: Any) -> Iterator[tuple[Any, dt.date, str]]:
        """(customer, base, occurrence) of the records with one date for a rule."""
        trigger = rule.trigger.value
        for car in self.cars:
            served = car.last_service_on or car.bought_on
            dates = {
                "delivery": car.bought_on if car.bought_here else None,
                "churn": served,
                "first_service": None if car.first_service_done else car.next_service_on,
                "next_service": car.next_service_on if car.first_service_done else None,
                **{name: getattr(car, column) for name, column in OF_CARS.items()},
            }
            base = dates.get(trigger)
            if base is not None:
                mark = served if "service" in trigger else base
                yield self.by_id[car.customer_id], base, f"{rule.code}:vehicle:{car.id}:{mark}"
        if trigger == "no_contact":
            for one in self.customers:
                base = clock.local_day(one.last_contact_at) if one.last_contact_at else one.registered_on
                if base is not None:
                    yield one, base, f"{rule.code}:customer:{one.id}:{base}"
        if trigger == "promise_due":
            for one in self.promises:
                if one.state == ch.PromiseState.OPEN:
                    yield (
                        self.by_id[one.customer_id],
                        one.due_on,
                        f"{rule.code}:promise:{one.id}:{one.due_on}",
                    )
        if trigger == "repair_closed":
            for one in self.orders:
                if one.state == ch.RepairState.CLOSED:
                    yield (
                        self.by_id[one.customer_id],
                        clock.local_day(one.closed_at),
                        f"{rule.code}:repair_order:{one.id}:1",
                    )

    def kept(self, rule: Any, base: dt.date) -> Iterator[tuple[Any, str]]:
        """(customer, occurrence) of what is kept every year, on a day."""
        if rule.trigger == ch.Trigger.BIRTHDAY:
            for one in self.customers:
                if birthday_in(one, base):
                    yield one, f"{rule.code}:customer:{one.id}:{base}"
        if rule.trigger == ch.Trigger.ANNIVERSARY:
            for car in self.cars:
                if (
                    car.bought_here
                    and car.bought_on
                    and car.bought_on.year < base.year
                    and same_day(car.bought_on, base)
                ):
                    yield self.by_id[car.customer_id], f"{rule.code}:vehicle:{car.id}:{base}"
        if rule.trigger == ch.Trigger.FESTIVAL:
            name = rule.condition["festival"]
            solar = SOLAR.get(name) == (base.month, base.day)
            lunar = name in LUNAR and any(
                kept_in(year, *LUNAR[name]) == base for year in (base.year - 1, base.year)
            )
            if solar or lunar:
                for one in self.customers:
                    yield one, f"{rule.code}:customer:{one.id}:{base}"

    def due(self, rule: Any, first: dt.date, last: dt.date) -> set[Due]:
        """(occurrence, day) of every task of a rule that is due from a day to another."""
        return {(key, day) for key, day, _ends in self.tasks(rule, first, last)}

    def tasks(self, rule: Any, first: dt.date, last: dt.date) -> set[tuple[str, dt.date, dt.date | None]]:
        """(occurrence, day, last sensible day or None) of the same."""
        found, spare = set(), 40
        cases = [(customer, base, key) for customer, base, key in self.fixed(rule)]
        for number in range((last - first).days + 1 + spare):
            base = first - dt.timedelta(days=spare + rule.offset) + number * ONE
            cases += [(customer, base, key) for customer, key in self.kept(rule, base)]
        for customer, base, key in cases:
            day = base + dt.timedelta(days=rule.offset)
            if rule.to_working_day:
                day = working(day, self.said)
            ends = None if rule.expires_after is None else base + dt.timedelta(days=rule.expires_after)
            if (
                first <= day <= last
                and fits(rule, customer)
                and drawn(rule.sample_percent, key)
                and not (ends is not None and ends < day)
            ):
                found.add((key, day, ends))
        return found


def fill(session: Any, cast: Any, count: int, seed: int, year: int = 2026) -> None:
    """Customers with cars, promises and orders whose dates lie all over a year; birthdays of every kind."""
    draw = random.Random(seed)
    edges = [
        dt.date(1992, 2, 29),
        dt.date(1980, 1, 30),
        dt.date(1985, 12, 30),
        dt.date(1990, 6, 30),
        dt.date(1990, 5, 1),
        dt.date(year, 3, 1),
        dt.date(1971, 1, 1),
    ]

    def some(back: int, ahead: int) -> dt.date:
        return dt.date(year, 1, 1) + dt.timedelta(days=draw.randint(-back, ahead))

    for number in range(count):
        customer = make_customer(
            session,
            owner=draw.choice([cast.sales_consultant, cast.colleague]),
            stage=draw.choice(list(ch.Stage)),
            tier=draw.choice([None, *ch.Tier]),
            grade=ch.Grade.D,
            advisor_id=draw.choice([None, cast.service_advisor.id]),
            birthday=edges[number % len(edges)] if number % 2 else some(20_000, 0),
            birthday_calendar=draw.choice(list(ch.BirthdayCalendar)),
            do_not_disturb=draw.random() < 0.1,
            marketing_withdrawn=draw.random() < 0.1,
            registered_on=some(500, 300),
            last_contact_at=draw.choice([None, clock.at(some(400, 300), draw.choice([0, 9, 23]))]),
        )
        if draw.random() < 0.8:
            car = make_vehicle(
                session,
                customer,
                bought_on=draw.choice([some(900, 300), dt.date(2024, 2, 29)]),
                bought_here=draw.random() < 0.8,
                last_service_on=draw.choice([None, some(400, 100)]),
                first_service_done=draw.random() < 0.5,
                next_service_on=some(30, 400),
                insurance_until=some(0, 460),
                warranty_until=some(0, 400),
                inspection_until=some(0, 400),
            )
            if draw.random() < 0.4:
                make_order(
                    session,
                    customer,
                    vehicle=car,
                    state=ch.RepairState.CLOSED,
                    closed_at=clock.at(some(30, 360), 23),
                )
        if draw.random() < 0.4:
            session.add(
                m.Promise(
                    store_id=customer.store_id,
                    customer_id=customer.id,
                    what="答应",
                    by_id=cast.colleague.id,
                    due_on=some(5, 370),
                    state=draw.choice(list(ch.PromiseState)),
                )
            )
    session.flush()
