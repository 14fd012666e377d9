"""The store that rows in large numbers belong to: its teams, its people, and a sign-in for every role."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from random import Random
from typing import Any

import sqlalchemy as sa

from admin_app import access, clock
from admin_app.choices import Department
from admin_app.models import Agreement, Role, Store, Team, User
from admin_app.passwords import DEMO_PASSWORD, hash_password
from seeds.demo import making

# team, department, role of its manager, role of its members
TEAMS = (
    ("展厅一组", Department.SALES, "sales_manager", "sales_consultant"),
    ("展厅二组", Department.SALES, "sales_manager", "sales_consultant"),
    ("展厅三组", Department.SALES, "sales_manager", "sales_consultant"),
    ("展厅四组", Department.SALES, "sales_manager", "sales_consultant"),
    ("服务组", Department.SERVICE, "service_manager", "service_advisor"),
    ("客户关爱部", Department.CARE, "care_manager", "care_specialist"),
)
# The sign-ins of the demo, one a role: role, name, team.
SIGN_INS = (("general_manager", "郑国强", None), ("sales_manager", "周立群", 0), ("sales_consultant", "梁思琪", 0),
            ("service_manager", "高文斌", 4), ("service_advisor", "吴婷", 4), ("care_manager", "唐婉", 5),
            ("care_specialist", "林晓彤", 5), ("marketing", "苏航", None), ("auditor", "贺静", None),
            ("administrator", "秦浩", None))
GROUP_WIDE = ("general_manager", "auditor", "administrator")
# Of twenty people, so many in each team.
MIX = (0, 1, 2, 3, 0, 1, 2, 3, 4, 0, 1, 2, 3, 0, 1, 2, 3, 4, 4, 5)


@dataclass
class Staff:
    """The store and the keys of its people by role."""

    store_id: int
    by_role: dict[str, list[int]] = field(default_factory=dict)
    sold_by: list[int] = field(default_factory=list)

    def of(self, role: str) -> list[int]:
        return self.by_role[role]


def hire(session: Any, random: Random, count: int, now: dt.datetime) -> Staff:
    """The people of the first store, filled up to `count`; the ten sign-ins of the demo among them. No commit."""
    store = _store(session)
    roles = dict(session.execute(access.ungated(sa.select(Role.code, Role.id))).all())
    teams = _teams(session, store)
    version = session.scalars(access.ungated(sa.select(Agreement.version_name))).first()
    common = {"store_id": store.id, "active": True, "agreement_version": version, "agreement_signed_at": now,
              "password_hash": hash_password(DEMO_PASSWORD), "hired_on": clock.local_day(now) - dt.timedelta(days=1400)}
    there = set(session.scalars(access.ungated(sa.select(User.username))))
    for role, name, team in SIGN_INS:
        if role not in there:
            session.add(User(username=role, name=name, role_id=roles[role], group_wide=role in GROUP_WIDE,
                             team_id=None if team is None else teams[team].id, **common))
    session.flush()
    _extra(session, random, count, teams, roles, common)
    _managers(session, teams)
    found: dict[str, list[int]] = {role: [] for role in roles}
    for key, role in session.execute(access.ungated(sa.select(User.id, Role.code).join(
            Role, Role.id == User.role_id).where(User.store_id == store.id, User.active).order_by(User.id))):
        found[role].append(key)
    return Staff(store.id, found)


def _store(session: Any) -> Store:
    """The first store, which is a demo store from now on; made where there is none."""
    store: Store | None = session.scalars(sa.select(Store).order_by(Store.id)).first()
    if store is None:
        store = Store(code="S1", name="鑫远汽车 城南店", brand="岚风", city="深圳")
        session.add(store)
    store.demo = True
    session.flush()
    return store


def _teams(session: Any, store: Store) -> list[Team]:
    there = {team.name: team for team in session.scalars(sa.select(Team).where(Team.store_id == store.id))}
    for name, department, _manager, _member in TEAMS:
        if name not in there:
            there[name] = Team(store_id=store.id, name=name, department=department)
            session.add(there[name])
    session.flush()
    return [there[name] for name, *_rest in TEAMS]


def _extra(session: Any, random: Random, count: int, teams: list[Team], roles: dict[str, int],
           common: dict[str, Any]) -> None:
    """People beyond the sign-ins, in all teams; every sales team without a manager gets one first."""
    there = session.scalar(sa.select(sa.func.count(User.id)).where(User.store_id == common["store_id"], User.active))
    first = int(session.scalar(sa.select(sa.func.max(User.id))) or 0) + 1
    for number in range(max(0, count - int(there or 0))):
        leads = count >= 50 and number < 3 and first <= len(SIGN_INS) + 1
        place = number + 1 if leads else MIX[number % len(MIX)]
        role = TEAMS[place][2 if leads else 3]
        session.add(User(username=f"staff{first + number:04d}", name=making.person_name(random, number % 2 == 0),
                         role_id=roles[role], team_id=teams[place].id, **common))
    session.flush()


def _managers(session: Any, teams: list[Team]) -> None:
    """Every team is led by its own manager; a sales team without one by that of the first."""
    for team, (_name, _department, role, _member) in zip(teams, TEAMS, strict=True):
        if team.manager_id is None:
            query = sa.select(User.id).join(Role, Role.id == User.role_id).where(Role.code == role).order_by(
                (User.team_id != team.id), User.id)
            team.manager_id = session.scalars(access.ungated(query)).first()
    session.flush()
