"""Rows in large numbers, for measuring (`flask demo --customers N`): made and inserted batch by batch.

Every customer has an owner, most a car; visits spread over the customers and three years; some are complaints.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from admin_app import access, clock
from admin_app.choices import (
    Channel,
    ComplaintArea,
    ComplaintLevel,
    ComplaintState,
    FollowUpState,
    Grade,
    Purpose,
    Sex,
    Stage,
    Tier,
    VisitResult,
)
from admin_app.models import Role, Store, Team, User
from admin_app.rules import customers as customer_rules
from admin_app.rules import pinyin
from seeds.demo import making
from seeds.demo.making import chance, weighted
from seeds.demo.writing import Writer

BATCH = 2000
TEAMS = 6
YEARS = 3
STAGES = {Stage.OWNER: 60, Stage.PROSPECT: 20, Stage.LOST: 15, Stage.LEAD: 5}
GRADES = {Stage.OWNER: (Grade.D,), Stage.LOST: (Grade.F,), Stage.LEAD: (Grade.N,),
          Stage.PROSPECT: (Grade.H, Grade.A, Grade.B, Grade.B, Grade.C, Grade.C)}
SITUATIONS = ("follow", "showroom", "after_repair", "owner_care", "service_reminder", "insurance")


@dataclass(frozen=True)
class Plan:
    """How many rows of each kind."""

    customers: int
    visits: int = 0
    complaints: int = 0
    staff: int = 200
    seed: int = 1


@dataclass
class Making:
    """What the batches share."""

    plan: Plan
    now: dt.datetime
    random: Random
    writer: Writer
    store_id: int
    people: list[int]
    words: dict[str, Any]

    def some_time(self) -> dt.datetime:
        """A moment of the last three years."""
        return self.now - dt.timedelta(minutes=self.random.randrange(YEARS * 365 * 24 * 60))


def make(session: Any, plan: Plan, now: dt.datetime) -> Iterator[int]:
    """Add the rows; yields how many customers there are after each batch, for the caller to commit."""
    with access.as_system(session, "demo rows"):
        given = Making(plan, now, Random(plan.seed), Writer(session), _store(session), [], making.words())
        given.people = _staff(session, given)
    done = 0
    while done < plan.customers:
        count = min(BATCH, plan.customers - done)
        with access.as_system(session, "demo rows"):
            _batch(given, done, count)
            given.writer.finish()
        done += count
        yield done


def _store(session: Any) -> int:
    """The first store, which is a demo store from now on; made where there is none."""
    store = session.scalars(sa.select(Store).order_by(Store.id)).first()
    if store is None:
        store = Store(code="S1", name="测量店", brand="岚风")
        session.add(store)
    store.demo = True
    session.flush()
    return int(store.id)


def _staff(session: Any, given: Making) -> list[int]:
    """The keys of the people whom customers belong to: those that are there, filled up to the number wanted."""
    role = session.scalars(sa.select(Role.id).where(Role.code == "sales_consultant")).one()
    there = list(session.scalars(sa.select(User.id).where(User.store_id == given.store_id, User.role_id == role)))
    missing = given.plan.staff - len(there)
    if missing <= 0:
        return there[:given.plan.staff]
    teams = [Team(store_id=given.store_id, name=f"测量{number + 1}组", department="sales") for number in range(TEAMS)]
    session.add_all(teams)
    session.flush()
    first = session.scalar(sa.select(sa.func.max(User.id))) or 0
    people = [User(username=f"staff{first + number + 1}", name=making.person_name(given.random, number % 2 == 0),
                   role_id=role, store_id=given.store_id, team_id=teams[number % TEAMS].id, active=True)
              for number in range(missing)]
    session.add_all(people)
    session.flush()
    return there + [one.id for one in people]


def _batch(given: Making, done: int, count: int) -> None:
    plan = given.plan
    share = (done, done + count)
    visits = [plan.visits * edge // plan.customers for edge in share]
    complaints = [plan.complaints * edge // plan.customers for edge in share]
    rows = [_customer(given) for _n in range(count)]
    for number in range(visits[1] - visits[0]):
        _visit(given, rows[number % count])
    for number in range(complaints[1] - complaints[0]):
        _complaint(given, rows[number * 7 % count])
    for row in rows:
        _task(given, row)


def _customer(given: Making) -> dict[str, Any]:
    random, words = given.random, given.words
    female, stage = chance(random, 0.45), weighted(random, STAGES)
    created = given.some_time()
    owner, model = random.choice(given.people), random.choice(words["models"])
    row = given.writer.add(
        "customer", created=created, created_by_id=owner, store_id=given.store_id, owner_id=owner,
        name=making.person_name(random, female), sex=Sex.FEMALE if female else Sex.MALE, stage=stage,
        grade=random.choice(GRADES[stage]), graded_on=clock.local_day(created), registered_on=clock.local_day(created),
        district=random.choice(words["districts"]), model_wish=model["model"], use=random.choice(words["uses"]),
        birthday=making.birthday(random, clock.local_day(given.now)) if chance(random, 0.5) else None,
        tier=random.choice(tuple(Tier)) if stage is Stage.OWNER else None)
    row["phone"] = making.phone(row["id"])
    row["pinyin"] = pinyin.of_name(row["name"])
    row["completeness"] = customer_rules.completeness(SimpleNamespace(**row))  # type: ignore[arg-type]
    if stage is Stage.OWNER:
        car = given.writer.add(
            "vehicle", created=created, store_id=given.store_id, customer_id=row["id"], model=model["model"],
            bought_on=clock.local_day(created), sold_by_id=owner, brand="岚风")
        car["vin"], car["plate"] = making.vin(random, car["id"]), making.plate(car["id"], False)
    return row


def _visit(given: Making, row: dict[str, Any]) -> None:
    random = given.random
    at = row["created_at"] + (given.now - row["created_at"]) * random.random()
    content, summary = making.report(
        random, random.choice(SITUATIONS), model=row["model_wish"], concern=random.choice(given.words["concerns"]),
        competitor="远途 T5", old="途驰 T3", day="周三")
    given.writer.add(
        "visit", created=at, created_by_id=row["owner_id"], store_id=given.store_id, customer_id=row["id"], at=at,
        channel=Channel.PHONE, staff_id=row["owner_id"], purpose_kind=Purpose.SALES, result=VisitResult.SOLVED,
        content=content, summary=summary)
    if row["last_contact_at"] is None or at > row["last_contact_at"]:
        row["last_contact_at"] = at


def _complaint(given: Making, row: dict[str, Any]) -> None:
    received, random = given.some_time(), given.random
    closed = chance(random, 0.97)
    complaint = given.writer.add(
        "complaint", created=received, store_id=given.store_id, customer_id=row["id"], received_at=received,
        text=random.choice(making.texts()["complaints"])[0], level=ComplaintLevel.GENERAL,
        area=random.choice((ComplaintArea.SALES, ComplaintArea.SERVICE)), owner_id=row["owner_id"],
        state=ComplaintState.CLOSED if closed else ComplaintState.RECEIVED, satisfied=True if closed else None,
        closed_at=min(received + dt.timedelta(days=5), given.now) if closed else None)
    complaint["number"] = f"TS-{clock.local_day(received):%Y%m%d}-{complaint['id']}"


def _task(given: Making, row: dict[str, Any]) -> None:
    """One open task for whoever is still buying, due within two weeks."""
    if row["stage"] not in (Stage.PROSPECT, Stage.LEAD):
        return
    due = clock.local_day(given.now) + dt.timedelta(days=given.random.randint(-1, 14))
    task = given.writer.add(
        "followup", created=given.now, store_id=given.store_id, customer_id=row["id"], reason="约定回访",
        assignee_id=row["owner_id"], due_on=due, first_due_on=due, due_at=clock.at(due), channel=Channel.PHONE,
        purpose=Purpose.SALES, state=FollowUpState.OPEN)
    task["occurrence"] = f"demo:{task['id']}"
    row["next_contact_on"] = due
