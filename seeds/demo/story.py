"""The customers of a store: who they are, whom they belong to, and which way each of them goes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

import sqlalchemy as sa

from admin_app.choices import Grade, RepairKind, RepairState, Source, Stage
from admin_app.models import Customer
from admin_app.rules.followups import cases as dated_cases
from admin_app.rules.followups import dated
from seeds.demo import driving, selling, tasks
from seeds.demo.files import File, complete, contacts_of_company, new_file
from seeds.demo.making import chance, weighted
from seeds.demo.world import Person, World

# Which way customers go (shares of 100).
FATES = {"bought": 42, "long_ago": 20, "lost": 18, "under_way": 18, "pool": 2}
COMPANIES = 0.06
# Customers that people beside the sales consultants look after themselves: role, how many, as owner or as advisor.
OWN_CUSTOMERS = (("sales_manager", 14, "owner"), ("service_manager", 22, "advisor"), ("care_manager", 26, "owner"),
                 ("care_specialist", 18, "owner"))
ASSIGNED_LATER = 6  # web leads that stand in the pool of a store and wait to be given to somebody
OPEN_ORDERS = (RepairState.OPEN, RepairState.WORKING, RepairState.WORKING, RepairState.WAITING_PARTS,
               RepairState.READY, RepairState.WAITING_PARTS, RepairState.READY)


@dataclass
class Plan:
    """One customer to be made: the way it goes and the day it first came."""

    fate: str
    first: dt.date
    last: dt.date


def build(world: World, code: str, count: int) -> list[File]:
    """The customers of a store with everything that happened to them; nothing is inserted yet."""
    store_id = world.stores[code]
    plans = sorted((_plan(world, weighted(world.random, FATES)) for _n in range(count)), key=lambda plan: plan.first)
    owners = cycle(world.staff(store_id, "sales_consultant"))
    advisors = cycle(world.staff(store_id, "service_advisor"))
    special = _own_customers(world, store_id, count)
    files = []
    for plan in plans:
        owner, advisor = next(owners), next(advisors)
        if plan.fate == "long_ago":
            owner, advisor = next(special, (owner, advisor))
        files.append(_customer(world, store_id, plan, owner, advisor))
    _open_orders(world, [file for file in files if file.cars])
    return files


def _own_customers(world: World, store_id: int, customers: int) -> Iterator[tuple[Person, Person]]:
    """(owner, advisor) of the long-standing customers whom managers and the care department look after."""
    owners = cycle(world.staff(store_id, "sales_consultant"))
    advisors = cycle(world.staff(store_id, "service_advisor"))
    for role, count, part in OWN_CUSTOMERS:
        for person in world.staff(store_id, role):
            for _n in range(min(count, max(6, customers // 20))):
                owner, advisor = next(owners), next(advisors)
                yield (person, advisor) if part == "owner" else (owner, person)


def _plan(world: World, fate: str) -> Plan:
    random, last_day = world.random, world.last_day
    if fate == "long_ago":
        bought = world.begin - dt.timedelta(days=random.randint(10, 1300))
        return Plan(fate, bought - dt.timedelta(days=random.randint(3, 40)), bought)
    if fate in ("bought", "lost"):
        last = last_day - dt.timedelta(days=random.randrange((last_day - world.begin).days - 8))
        return Plan(fate, max(world.begin, last - dt.timedelta(days=random.randint(4, 45))), last)
    if fate == "pool":
        return Plan(fate, last_day - dt.timedelta(days=random.randint(200, 420)), last_day)
    return Plan(fate, last_day, last_day)


def _customer(world: World, store_id: int, plan: Plan, owner: Person, advisor: Person) -> File:
    sells = owner.role in ("sales_consultant", "sales_manager")
    has_car = plan.fate in ("bought", "long_ago")
    company = has_car and chance(world.random, 0.9 if owner.role == "sales_manager" else COMPANIES)
    file = new_file(world, store_id, plan.first, owner=None if plan.fate == "pool" else owner,
                    advisor=advisor if has_car else None, company=company)
    if company:
        contacts_of_company(file)
    if plan.fate == "bought":
        selling.bought(file, plan.first, plan.last)
        row = driving.car(file, plan.last)
        driving.delivered(file, row)
    elif plan.fate == "long_ago":
        row = driving.car(file, plan.last, here=sells or chance(world.random, 0.6))
    elif plan.fate == "lost":
        selling.lost(file, plan.first, plan.last)
    elif plan.fate == "under_way":
        _under_way(file)
    else:
        _pool(file, plan)
    if has_car:
        driving.driven(file, row)
        if company and chance(world.random, 0.4):
            driving.driven(file, driving.car(file, plan.last))
        driving.yearly(file)
    complete(file)
    return file


def _under_way(file: File) -> None:
    """Somebody on the way: due within the grade's time, now and then overdue."""
    random, world = file.world.random, file.world
    grade = weighted(random, selling.GRADES)
    if grade is Grade.N and chance(random, 0.5):
        selling.new_lead(file, random.randint(3, 25) if world.last_day == world.today else random.randint(30, 600))
        return
    window = max(2, selling.GAPS[grade])
    offset = -random.randint(1, 3) if chance(random, 0.07) else random.randrange(window)
    selling.under_way(file, grade, world.today + dt.timedelta(days=offset))


def _pool(file: File, plan: Plan) -> None:
    """Nobody's customer: one whose consultant has left, or a lead that nobody was given yet."""
    world, random = file.world, file.world.random
    waiting = sum(1 for one in world.files if one.row["owner_id"] is None and one.row["stage"] == Stage.LEAD)
    if file.store_id == world.stores["S2"] or waiting < ASSIGNED_LATER:
        file.row["source"] = weighted(random, {Source.WEB: 6, Source.EVENT: 4})
        file.row["created_at"] = world.now - dt.timedelta(minutes=random.randint(20, 3000))
        file.row["registered_on"] = file.row["confirmed_on"] = file.row["graded_on"] = world.last_day
        world.files.append(file)
        return
    file.owner = world.leaver
    file.row["stage"] = Stage.PROSPECT
    selling.first_contact(file, plan.first)
    for days in (9, 24):
        selling.contact(file, plan.first + dt.timedelta(days=days), "follow", grade=Grade.C)
    tasks.forget(file)
    file.owner, file.row["note"] = None, "原负责人唐宇航离职，待分派"
    world.files.append(file)


def _open_orders(world: World, files: list[File]) -> None:
    """Cars that stand in the workshop now."""
    for state, file in zip(OPEN_ORDERS, world.random.sample(files, min(len(OPEN_ORDERS), len(files))), strict=False):
        kind = RepairKind.ACCIDENT if state is RepairState.WAITING_PARTS else RepairKind.REPAIR
        row = file.cars[0]
        made = driving.order(file, row, world.last_day - dt.timedelta(days=world.random.randint(0, 2)), kind,
                             (row["mileage"] or 3000) + 200, state=state)
        made["promised_at"] = world.now + dt.timedelta(hours=world.random.randint(-3, 30))


# ---------------------------------------------------------------- the last days, as the nightly job sees them


def recent(world: World, files: list[File]) -> None:
    """What the dated rules made in the last days and what became of it. Everything before must be inserted."""
    by_customer = {file.row["id"]: file for file in files}
    for store_id in world.stores.values():
        desk = world.desk(store_id)
        for trigger in dated_cases.DATED:
            for rule in desk.rules.get(trigger, ()):
                first = dated.first_day(rule, world.today)
                for task in list(dated.tasks_between(world.session, rule, desk.store, desk.staff, first, world.today,
                                                     world.now)):
                    file = by_customer.get(task["customer_id"])
                    if file is not None:
                        tasks.answer(file, task, driving.situation_of(task))


def refresh(world: World, files: list[File]) -> None:
    """The customers' last and next contact after recent(), which found them inserted already."""
    changed = [{"key": file.row["id"], "last": file.row["last_contact_at"], "next": file.row["next_contact_on"]}
               for file in files]
    table = Customer.__table__
    world.session.connection().execute(
        sa.update(table).where(table.c.id == sa.bindparam("key")).values(
            last_contact_at=sa.bindparam("last"), next_contact_on=sa.bindparam("next")), changed)
