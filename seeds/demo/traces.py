"""What else a store that works leaves behind: agreed contacts, planned visits, a secret file, closed score periods,
the changes and look-ups of the last weeks."""

from __future__ import annotations

import datetime as dt

from admin_app import access, audit, clock
from admin_app.choices import (
    AccessVerb,
    AuditVerb,
    Channel,
    Confidentiality,
    Purpose,
    Stage,
    VisitState,
)
from admin_app.models import Store, User
from admin_app.rules.scores import closing
from admin_app.rules.scores.periods import containing
from seeds.demo import making, tasks
from seeds.demo.files import File
from seeds.demo.making import chance
from seeds.demo.world import Person, World

# Every demo sign-in that looks after customers has at least so many tasks due today, and so many overdue.
TODAY, OVERDUE = 6, 2
WORKING_ROLES = ("sales_manager", "sales_consultant", "service_manager", "service_advisor", "care_manager",
                 "care_specialist")
AGREED = ("确认用车情况", "回复上次的问题", "约到店时间", "确认续保意向", "了解换购计划", "节前车况提醒")
NEVER = dt.date.max
CHANGES, LOOKS = 160, 420  # entries of the last weeks in the two logs


def make(world: World, files: list[File]) -> None:
    """Everything of this file that stands in rows of their own."""
    _hidden_files(world, files)
    _planned_visits(world, files)
    _looks(world, files)


# ---------------------------------------------------------------- work for every sign-in


def top_up(world: World, files: list[File]) -> None:
    """Agreed contacts, so that no sign-in of the demo finds an empty day. Called when all other tasks are there."""
    for person in (one for one in world.people if one.role in WORKING_ROLES):
        mine = [row for row in world.kept_tasks if row["assignee_id"] == person.id]
        for offset, wanted in ((-1, OVERDUE), (0, TODAY)):
            day = world.today + dt.timedelta(days=offset)
            there = sum(1 for row in mine if (row["due_on"] == day if offset == 0 else row["due_on"] < world.today))
            free = [file for file in files if _looks_after(file, person)
                    and (file.row["next_contact_on"] or NEVER) > world.today]
            for file in world.random.sample(free, min(max(0, wanted - there), len(free))):
                _agree(file, person, day)


def _looks_after(file: File, person: Person) -> bool:
    if file.row["stage"] != Stage.OWNER or file.store_id != person.store_id:
        return False
    return person.id in (file.row["owner_id"], file.row["advisor_id"]) or person.role == "care_specialist"


def _agree(file: File, person: Person, day: dt.date) -> None:
    """A contact some days ago in which the next one was agreed."""
    before = day - dt.timedelta(days=file.world.random.randint(7, 30))
    sells = person.role in ("sales_manager", "sales_consultant")
    visit = file.visit(before, person, "owner_care", next_on=day, next_step=file.world.random.choice(AGREED),
                       purpose=Purpose.SALES if sells else Purpose.SERVICE)
    for task in tasks.agreed(file, visit):
        tasks.write(file, task | {"reason": visit["next_step"], "assignee_id": person.id})


# ---------------------------------------------------------------- planned, and hidden


def _planned_visits(world: World, files: list[File]) -> None:
    """Visits to companies that stand in the calendar of the next days."""
    companies = [file for file in files if file.row["kind"] == "company" and file.owner]
    for number, file in enumerate(world.random.sample(companies, min(10, len(companies)))):
        day = world.today + dt.timedelta(days=1 + number % 7)
        content, summary = making.report(world.random, "planned", **file.filled)
        assert file.owner is not None
        world.writer.add(
            "visit", created=world.at(world.last_day), created_by_id=file.owner.id, store_id=file.store_id,
            customer_id=file.row["id"], state=VisitState.PLANNED, at=clock.at(day, 10 + number % 6),
            channel=Channel.HOME, staff_id=file.owner.id, purpose_kind=Purpose.SALES, purpose=content, goal=summary,
            checklist=["宣传单页", "名片", "笔记本", "小礼品"])


def _hidden_files(world: World, files: list[File]) -> None:
    """A restricted and a secret file in the first store, and the person named for the secret one."""
    there = [file for file in files if file.store_id == world.stores["S1"] and file.cars and file.owner
             and file.owner.role == "sales_consultant"]
    if len(there) < 2:
        return
    restricted, secret = world.random.sample(there, 2)
    until = world.today + dt.timedelta(days=180)
    restricted.row |= {"confidentiality": Confidentiality.RESTRICTED, "confidential_until": until,
                       "confidential_reason": "本地公众人物，客户要求"}
    secret.row |= {"confidentiality": Confidentiality.SECRET, "confidential_until": until,
                   "confidential_reason": "诉讼进行中"}
    world.writer.add(
        "customer_reader", created=world.at(world.last_day), store_id=secret.store_id, customer_id=secret.row["id"],
        user_id=world.person("care_manager").id, reason="负责诉讼期间的沟通", until=until)


# ---------------------------------------------------------------- the two logs


def _looks(world: World, files: list[File]) -> None:
    """Views, searches and reveals of the last two weeks."""
    random = world.random
    visits = [row for row in world.writer.rows["visit"] if row["staff_id"] in world.by_id
              and row["at"] > world.now - dt.timedelta(days=14)]
    found: list[tuple[dt.datetime, int, AccessVerb, int, dict[str, str]]] = []
    for row in random.sample(visits, min(LOOKS, len(visits))):
        found.append((row["at"] - dt.timedelta(minutes=3), row["staff_id"], AccessVerb.VIEW, row["customer_id"], {}))
        if row["channel"] == Channel.PHONE:
            reason = {"task": "followup"} if chance(random, 0.9) else {
                "reason": random.choice(making.texts()["reveal_reasons"])}
            found.append((row["at"] - dt.timedelta(minutes=2), row["staff_id"], AccessVerb.REVEAL, row["customer_id"],
                          {"field": "phone"} | reason))
    for at, user_id, verb, customer_id, more in sorted(found, key=lambda one: one[0]):
        world.writer.add("access_log", created=at, at=at, user_id=user_id, store_id=world.by_id[user_id].store_id,
                         verb=verb, table="customer", row_id=customer_id, address="192.168.8.21", **more)


def changes(world: World, files: list[File]) -> None:
    """Changes of grade in the last weeks, each with its person, in the audit chain. Before all other entries."""
    under_way = [file for file in files if file.row["stage"] == Stage.PROSPECT and file.owner and file.last
                 and file.last["at"] > world.now - dt.timedelta(days=40)]
    chosen = world.random.sample(under_way, min(CHANGES, len(under_way)))
    for file in sorted(chosen, key=lambda one: one.last["at"] if one.last else world.now):
        assert file.last is not None
        person, earlier = file.owner, {"H": "A", "A": "B", "B": "C"}.get(str(file.row["grade"]), "N")
        if person is None or file.row["grade"] == earlier:
            continue
        before = access.actor_of(world.session)
        access.set_actor(world.session, access.Actor(
            user_id=person.id, name=person.name, store_id=person.store_id, store_ids=None, system="demo store",
            road="POST /admin/customer/edit/"))
        audit.record(world.session, AuditVerb.UPDATE, "customer", file.row["id"], label=file.row["name"],
                     changes={"grade": [earlier, str(file.row["grade"])]})
        world.session.info["audit"][-1] |= {"at": file.last["at"], "reason": None}
        access.set_actor(world.session, before)


# ---------------------------------------------------------------- score periods


def close_periods(world: World, months: int) -> None:
    """The score periods of the last months, closed by each store's care manager as the rules close them.

    All but the last of them are paid. Everything must have been inserted. The session acts as the care manager
    for a while.
    """
    session, before = world.session, access.actor_of(world.session)
    running = containing(world.today)
    for store_id in world.stores.values():
        keeper = session.get_one(User, world.staff(store_id, "care_manager")[0].id)
        store = session.get_one(Store, store_id)
        for ago in range(months, 0, -1):
            period = running.moved(-ago)
            if period is None:
                continue
            then = clock.at(period.ends_on + dt.timedelta(days=2), 11)
            if then > world.now:
                continue
            access.set_actor(session, access.actor_for(session, keeper))
            closing.close(session, store, period, then)
            if ago > 1:
                closing.pay(session, store, period, then + dt.timedelta(days=5))
            access.set_actor(session, before)
