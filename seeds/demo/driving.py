"""Cars of the demo and what happens to them: deliveries, services, repairs, insurance, and the calls these bring."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from admin_app import clock
from admin_app.choices import Grade, RepairKind, RepairState, Stage, Tier, Trigger
from admin_app.rules import vehicles
from seeds.demo import making, tasks
from seeds.demo.files import SATISFACTION, File
from seeds.demo.making import chance, weighted

# What a call is about, by the code of its rule.
SITUATIONS = {
    "delivery_day1": "care_day1", "delivery_day3": "care_day3", "delivery_day7": "care_day7",
    "delivery_day30": "care_day30", "repair_day3": "after_repair", "first_service": "service_reminder",
    "next_service": "service_reminder", "insurance_90": "insurance", "insurance_45": "insurance",
    "insurance_30": "insurance", "warranty_30": "service_reminder", "inspection_30": "service_reminder",
    "birthday": "birthday", "anniversary": "anniversary", "festival_spring": "festival",
    "festival_mid_autumn": "festival", "campaign_feedback": "campaign_feedback", "campaign_no_show": "invitation",
    "campaign_no_deal": "follow", "campaign_invitation": "invitation",
}
# The most that labour and parts cost, in yuan.
PRICES = {RepairKind.FIRST_SERVICE: (0, 180), RepairKind.SERVICE: (180, 900), RepairKind.REPAIR: (200, 1500),
          RepairKind.ACCIDENT: (800, 4200), RepairKind.WARRANTY: (0, 0), RepairKind.INSTALL: (150, 600),
          RepairKind.RECALL: (0, 0)}
FREE = (RepairKind.WARRANTY, RepairKind.RECALL, RepairKind.FIRST_SERVICE)


def situation_of(task: dict[str, Any]) -> str:
    """What the call for a task is about."""
    return SITUATIONS.get(task["occurrence"].partition(":")[0], "owner_care")


def car(file: File, bought: dt.date, *, here: bool = True) -> dict[str, Any]:
    """A car that a customer bought on a day, with its dates; the customer is an owner from then on."""
    world, random, words = file.world, file.world.random, making.words()
    kind = next((one for one in words["models"] if one["model"] == file.row["model_wish"]), words["models"][0])
    row = world.writer.add(
        "vehicle", created=world.at(min(bought, world.last_day)), store_id=file.store_id, customer_id=file.row["id"],
        model=kind["model"], brand="岚风", trim=random.choice(kind["trims"]), colour=random.choice(words["colours"]),
        bought_on=bought, bought_here=here, sold_by_id=file.owner.id if here and file.owner else None,
        price=Decimal(kind["price"] - random.randrange(0, 12) * 1000), insurer=random.choice(words["insurers"]),
        insurance_until=_anniversary_after(bought, world.today), warranty_until=_years(bought, 3),
        inspection_until=_inspection(bought, world.today))
    row["vin"] = making.vin(random, row["id"])
    row["plate"] = making.plate(row["id"], kind["model"].endswith("E5"))
    world.writer.add("vehicle_owner", created=row["created_at"], store_id=file.store_id, vehicle_id=row["id"],
                     customer_id=file.row["id"], since=bought)
    file.cars.append(row)
    return row


def _years(day: dt.date, count: int) -> dt.date:
    """The same day so many years later; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year + count)
    except ValueError:
        return day.replace(year=day.year + count, day=28)


def _anniversary_after(day: dt.date, today: dt.date) -> dt.date:
    """The next anniversary that is not before today; the insurance runs by the year."""
    count = max(1, today.year - day.year)
    return _years(day, count) if _years(day, count) >= today else _years(day, count + 1)


def _inspection(bought: dt.date, today: dt.date) -> dt.date:
    """New cars are inspected every two years."""
    count = 2
    while _years(bought, count) < today:
        count += 2
    return _years(bought, count)


# ---------------------------------------------------------------- after the delivery


def delivered(file: File, row: dict[str, Any]) -> None:
    """The calls after a delivery within the history."""
    for task in tasks.fire(file, Trigger.DELIVERY, row["bought_on"], "vehicle", row["id"], str(row["bought_on"]),
                           vehicle_id=row["id"], then=clock.at(row["bought_on"])):
        tasks.answer(file, task, situation_of(task))


def driven(file: File, row: dict[str, Any]) -> None:
    """The services and repairs of a car up to today."""
    world, random = file.world, file.world.random
    a_day = random.uniform(15, 27)
    gone = chance(random, 0.13) and row["bought_on"] < world.today - dt.timedelta(days=400)
    leaves = world.today - dt.timedelta(days=random.randint(190, 480)) if gone else world.today
    last, kilometres, number = row["bought_on"], 0, 0
    while True:
        due = vehicles.add_months(last, 6)
        day = due + dt.timedelta(days=random.randint(-38, 2))
        if day > min(world.last_day, leaves):
            break
        number += 1
        kilometres = round((day - row["bought_on"]).days * a_day)
        kind = RepairKind.FIRST_SERVICE if number == 1 else RepairKind.SERVICE
        if day >= world.begin:
            _reminded(file, row, due, first=number == 1, before=day)
            order(file, row, day, kind, kilometres)
        last = day
    row["first_service_done"] = number > 0
    row["last_service_on"], row["last_service_km"] = (last, kilometres) if number else (None, None)
    row["mileage"], row["mileage_on"] = (kilometres, last) if number else (None, None)
    row["next_service_on"], row["next_service_km"] = vehicles.forecast(
        SimpleNamespace(**row), world.intervals)  # type: ignore[arg-type]
    _repairs(file, row, a_day, leaves)
    _value(file, row)


def _reminded(file: File, row: dict[str, Any], due: dt.date, *, first: bool, before: dt.date) -> None:
    """The reminder of a service that lies behind us."""
    trigger = Trigger.FIRST_SERVICE if first else Trigger.NEXT_SERVICE
    for task in tasks.fire(file, trigger, due, "vehicle", row["id"], str(due), vehicle_id=row["id"]):
        if task["due_on"] >= file.world.begin and task["due_on"] <= before:
            tasks.answer(file, task, situation_of(task))


def _repairs(file: File, row: dict[str, Any], a_day: float, leaves: dt.date) -> None:
    """Repairs beside the services: about two in three years."""
    world, random = file.world, file.world.random
    first = max(world.begin, row["bought_on"] + dt.timedelta(days=20))
    days = (min(leaves, world.last_day) - first).days
    for _n in range(weighted(random, {0: 45, 1: 35, 2: 20})):
        if days <= 5:
            return
        day = first + dt.timedelta(days=random.randrange(days))
        kind = weighted(random, {RepairKind.REPAIR: 5, RepairKind.WARRANTY: 2, RepairKind.ACCIDENT: 2,
                                 RepairKind.INSTALL: 1, RepairKind.RECALL: 0.3})
        order(file, row, day, kind, round((day - row["bought_on"]).days * a_day))


def _value(file: File, row: dict[str, Any]) -> None:
    """The value tier by visits a year (DOMAIN §3.6: A four and more, B two or three, C one, D none)."""
    year_ago = file.world.today - dt.timedelta(days=365)
    came = sum(1 for one in file.orders if clock.local_day(one["opened_at"]) >= year_ago)
    file.row["tier"] = Tier.A if came >= 4 else Tier.B if came >= 2 else Tier.C if came == 1 else Tier.D
    file.row["stage"] = Stage.OWNER
    if file.row["grade"] == Grade.N:
        file.row["grade"] = Grade.D


# ---------------------------------------------------------------- repair orders


def order(file: File, row: dict[str, Any], day: dt.date, kind: RepairKind, kilometres: int, *,
          state: RepairState = RepairState.CLOSED) -> dict[str, Any]:
    """A repair order; a closed one brings the call three days later."""
    world, random = file.world, file.world.random
    opened = world.at(day, 9, 15)
    long = kind in (RepairKind.ACCIDENT, RepairKind.WARRANTY)
    hours = random.randint(24, 96) if long else random.choice((2, 3, 4))
    promised = opened + dt.timedelta(hours=hours)
    late = chance(random, 0.08)
    closed = promised + dt.timedelta(minutes=random.randint(15, 200) if late else -random.randint(2, 40))
    if state is RepairState.CLOSED and closed > world.now:
        state = RepairState.WORKING
    labour, parts = (Decimal(random.randint(most // 3, most)) for most in PRICES[kind])
    result = world.writer.add(
        "repair_order", created=opened, created_by_id=file.advisor.id if file.advisor else None,
        store_id=file.store_id, number=world.order_number(file.store_id, opened), customer_id=file.row["id"],
        vehicle_id=row["id"], kind=kind, state=state, advisor_id=file.advisor.id if file.advisor else None,
        opened_at=opened, promised_at=promised, mileage=kilometres,
        items=random.choice(_work(row, kind)), free_of_charge=kind in FREE,
        labour=labour, parts=parts, total=labour + parts,
        same_fault=kind is RepairKind.REPAIR and chance(random, 0.05))
    file.orders.append(result)
    if state is not RepairState.CLOSED:
        result["progress"] = random.choice(making.texts()["progress"])
        if state is RepairState.WAITING_PARTS:
            result["waits_for"] = random.choice(making.texts()["parts_waited"])
        return result
    result["closed_at"] = closed
    if chance(random, 0.7):
        result["satisfaction"] = weighted(random, SATISFACTION)
    for task in tasks.fire(file, Trigger.REPAIR_CLOSED, closed, "repair_order", result["id"], "1",
                           vehicle_id=row["id"]):
        tasks.answer(file, task, situation_of(task))
    return result


def _work(row: dict[str, Any], kind: RepairKind) -> list[str]:
    """What may be done on a car; an electric one has no oil to change."""
    work = making.texts()["repairs"]
    electric = kind in (RepairKind.SERVICE, RepairKind.FIRST_SERVICE) and row["model"].endswith("E5")
    return list(work["electric" if electric else kind.value])


# ---------------------------------------------------------------- what comes round every year


def yearly(file: File) -> None:
    """Insurance, birthdays, purchase days and festivals of the past; the last days are left to recent()."""
    world = file.world
    until = world.today - dt.timedelta(days=15)
    for row in file.cars:
        for years in (1, 2):
            day = _years(row["insurance_until"], -years)
            if day > row["bought_on"]:
                _past(file, Trigger.INSURANCE, day, "vehicle", row["id"], until, vehicle_id=row["id"])
        _past(file, Trigger.INSURANCE, row["insurance_until"], "vehicle", row["id"], until, vehicle_id=row["id"])
        for year in range(world.begin.year, world.today.year + 1):
            if row["bought_here"] and year > row["bought_on"].year:
                _past(file, Trigger.ANNIVERSARY, _years(row["bought_on"], year - row["bought_on"].year), "vehicle",
                      row["id"], until, vehicle_id=row["id"])
    birthday = file.row["birthday"]
    if birthday is not None and file.row["birthday_calendar"] == "solar":
        for year in range(world.begin.year, world.today.year + 1):
            _past(file, Trigger.BIRTHDAY, _years(birthday, year - birthday.year), "customer", file.row["id"], until)


def _past(file: File, trigger: Trigger, base: dt.date, table: str, source_id: int, until: dt.date,
          **more: Any) -> None:
    since = max(file.world.begin, file.row["registered_on"])
    for task in tasks.fire(file, trigger, base, table, source_id, str(base), **more):
        if since <= task["due_on"] < until:
            tasks.answer(file, task, situation_of(task))
