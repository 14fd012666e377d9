"""The demo's stores and people, and what every part of its making needs: the clock, the dice and the writer."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Any

import sqlalchemy as sa

from admin_app import access, clock
from admin_app.choices import Department
from admin_app.models import Agreement, FollowUpRule, Role, Store
from admin_app.passwords import DEMO_PASSWORD, hash_password
from admin_app.rules import vehicles
from admin_app.rules.followups import rules as followup_rules
from admin_app.rules.followups.staff import Staff
from seeds.demo import making
from seeds.demo.writing import Writer

MONTHS = 18
DAYS = 548  # of history

STORES = (
    {"code": "S1", "name": "鑫远汽车 城南店", "brand": "岚风", "city": "深圳", "address": "宝安区前进二路 188 号"},
    {"code": "S2", "name": "鑫远汽车 城北店", "brand": "岚风", "city": "深圳", "address": "龙华区民塘路 66 号"},
)
# store, team, department, who leads it
TEAMS = (
    ("S1", "展厅一组", Department.SALES, "sales_manager"),
    ("S1", "展厅二组", Department.SALES, "sales_manager"),
    ("S1", "服务组", Department.SERVICE, "service_manager"),
    ("S1", "客户关爱部", Department.CARE, "care_manager"),
    ("S1", "市场部", Department.MARKETING, None),
    ("S2", "城北展厅", Department.SALES, "chenguohui"),
    ("S2", "城北服务组", Department.SERVICE, "lujianjun"),
    ("S2", "城北关爱组", Department.CARE, "bailu"),
)
# user name, name, role, store, team, sees the whole group, years here
PEOPLE = (
    ("general_manager", "郑国强", "general_manager", "S1", None, True, 9),
    ("sales_manager", "周立群", "sales_manager", "S1", "展厅一组", False, 7),
    ("sales_consultant", "梁思琪", "sales_consultant", "S1", "展厅一组", False, 4),
    ("service_manager", "高文斌", "service_manager", "S1", "服务组", False, 8),
    ("service_advisor", "吴婷", "service_advisor", "S1", "服务组", False, 5),
    ("care_manager", "唐婉", "care_manager", "S1", "客户关爱部", False, 6),
    ("care_specialist", "林晓彤", "care_specialist", "S1", "客户关爱部", False, 3),
    ("marketing", "苏航", "marketing", "S1", "市场部", False, 3),
    ("auditor", "贺静", "auditor", "S1", None, True, 6),
    ("administrator", "秦浩", "administrator", "S1", None, True, 4),
    ("hezhiyuan", "何志远", "sales_consultant", "S1", "展厅一组", False, 2),
    ("wujunjie", "吴俊杰", "sales_consultant", "S1", "展厅一组", False, 5),
    ("luoxinran", "罗欣然", "sales_consultant", "S1", "展厅二组", False, 3),
    ("hanxue", "韩雪", "sales_consultant", "S1", "展厅二组", False, 3),
    ("zhenghaiyang", "郑海洋", "sales_consultant", "S1", "展厅二组", False, 2),
    ("fengkai", "冯凯", "service_advisor", "S1", "服务组", False, 2),
    ("xunuo", "许诺", "care_specialist", "S1", "客户关爱部", False, 2),
    ("chenguohui", "陈国辉", "sales_manager", "S2", "城北展厅", False, 6),
    ("pengli", "彭立", "sales_consultant", "S2", "城北展厅", False, 4),
    ("qiuyutong", "邱雨桐", "sales_consultant", "S2", "城北展厅", False, 2),
    ("fansiyuan", "范思远", "sales_consultant", "S2", "城北展厅", False, 3),
    ("lujianjun", "陆建军", "service_manager", "S2", "城北服务组", False, 7),
    ("jiangwen", "蒋雯", "service_advisor", "S2", "城北服务组", False, 4),
    ("bailu", "白露", "care_manager", "S2", "城北关爱组", False, 4),
    ("mengke", "孟可", "care_specialist", "S2", "城北关爱组", False, 2),
)
# Left half a year ago; the customers stand in the pool.
LEAVER = ("tangyuhang", "唐宇航", "sales_consultant", "S1", "展厅二组", False, 2)


@dataclass(frozen=True)
class Person:
    """Somebody who works in the demo."""

    id: int
    username: str
    name: str
    role: str
    store_id: int
    manager_id: int | None = None


@dataclass
class Desk:
    """A store as the rules see it."""

    store: Store
    staff: Staff
    rules: dict[Any, list[FollowUpRule]]


@dataclass
class World:
    """Everything that the parts of the demo share."""

    session: Any
    now: dt.datetime
    random: Random
    writer: Writer
    stores: dict[str, int] = field(default_factory=dict)
    people: list[Person] = field(default_factory=list)
    leaver: Person | None = None
    by_id: dict[int, Person] = field(default_factory=dict)
    desks: dict[int, Desk] = field(default_factory=dict)
    files: list[Any] = field(default_factory=list)
    occurrences: set[str] = field(default_factory=set)
    kept_tasks: list[dict[str, Any]] = field(default_factory=list)
    numbers: Counter[tuple[int, str]] = field(default_factory=Counter)

    @property
    def today(self) -> dt.date:
        return clock.local_day(self.now)

    @property
    def last_day(self) -> dt.date:
        """The last day on which something has been done: today, once the store has been open for an hour."""
        return self.today - dt.timedelta(days=0 if clock.local(self.now).hour >= 10 else 1)

    @property
    def begin(self) -> dt.date:
        """The first day of the history."""
        return self.today - dt.timedelta(days=DAYS)

    def staff(self, store_id: int, *roles: str) -> list[Person]:
        """The people of a store in these roles, in a fixed order."""
        return [one for one in self.people if one.store_id == store_id and one.role in roles]

    def person(self, username: str) -> Person:
        """The person with this user name."""
        return next(one for one in self.people if one.username == username)

    @cached_property
    def intervals(self) -> Any:
        """After how many km and months a car is to be serviced, as the rules of the store say."""
        return vehicles.intervals(self.session)

    def order_number(self, store_id: int, day: dt.datetime) -> str:
        """The next number of a repair order: WX, year, month, counted in the store."""
        key = (store_id, f"WX{clock.local(day):%y%m}")
        self.numbers[key] += 1
        return f"{key[1]}{self.numbers[key]:05d}"

    def at(self, day: dt.date, first: int = 9, last: int = 20) -> dt.datetime:
        """Some minute of a day while the store is open, and never after now."""
        moment = clock.at(day, self.random.randint(first, last - 1), self.random.randrange(60))
        if moment < self.now:
            return moment
        open_for = int((self.now - clock.at(day, 9)).total_seconds() // 60)
        return self.now - dt.timedelta(minutes=self.random.randint(1, max(2, open_for - 1)))

    def desk(self, store_id: int) -> Desk:
        """The store with its people and the enabled rules by trigger; the people must have been inserted."""
        if store_id not in self.desks:
            rules: dict[Any, list[FollowUpRule]] = {}
            for rule in followup_rules.enabled(self.session):
                rules.setdefault(rule.trigger, []).append(rule)
            self.desks[store_id] = Desk(self.session.get_one(Store, store_id), Staff.of(self.session, store_id), rules)
        return self.desks[store_id]


def begin(session: Any, now: dt.datetime, seed: int) -> World:
    """A world whose stores, teams and people are inserted; the session acts as system."""
    world = World(session, now, Random(seed), Writer(session))
    long_ago = clock.at(world.today - dt.timedelta(days=3600))
    for given in STORES:
        row = world.writer.add("store", created=long_ago, demo=True, **given)
        world.stores[given["code"]] = row["id"]
    _people(world, long_ago)
    world.writer.flush()
    return world


def _people(world: World, long_ago: dt.datetime) -> None:
    add = world.writer.add
    roles = dict(world.session.execute(access.ungated(sa.select(Role.code, Role.id))).all())
    agreement = world.session.scalars(access.ungated(sa.select(Agreement.version_name))).first()
    teams = {(store, name): add("team", created=long_ago, store_id=world.stores[store], name=name,
                                department=department) for store, name, department, _leader in TEAMS}
    secret = hash_password(DEMO_PASSWORD)
    users = {}
    for number, (username, name, role, store, team, group, years) in enumerate((*PEOPLE, LEAVER)):
        hired = world.today - dt.timedelta(days=years * 365 + number * 11)
        here = (username, name, role, store, team, group, years) != LEAVER
        users[username] = add(
            "user", created=clock.at(hired), username=username, name=name, role_id=roles[role],
            store_id=world.stores[store], team_id=teams[store, team]["id"] if team else None, group_wide=group,
            active=here, hired_on=hired, left_on=None if here else world.today - dt.timedelta(days=180),
            last_sign_in_at=world.at(world.last_day, 9, 11) if here else None,
            phone=making.phone(90_000_000 + number), password_hash=secret if here else None,
            agreement_version=agreement, agreement_signed_at=clock.at(hired))
    leaders = {(store, name): users[leader]["id"] if leader else None for store, name, _department, leader in TEAMS}
    for key, row in teams.items():
        row["manager_id"] = leaders[key]
    everybody = [Person(users[name]["id"], name, full, role, world.stores[store], leaders.get((store, team or "")))
                 for name, full, role, store, team, _group, _years in (*PEOPLE, LEAVER)]
    world.people, world.leaver = everybody[:-1], everybody[-1]
    world.by_id = {one.id: one for one in world.people}
