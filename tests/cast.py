"""The people whom every test knows: one of each role in store 1, a colleague in a team, an outsider in store 2."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from admin_app import access
from admin_app.choices import Department
from admin_app.models import Agreement, Role, Store, Team, User
from admin_app.passwords import hash_password

# Monday 2026-11-23, 10:00 in Shanghai: the clock of the tests.
NOW = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)
TODAY = dt.date(2026, 11, 23)
PASSWORD = "correct horse battery"
ROLES = ("general_manager", "sales_manager", "sales_consultant", "service_manager", "service_advisor",
         "care_manager", "care_specialist", "marketing", "auditor", "administrator")
GROUP = {"general_manager", "auditor", "administrator"}
NAMES = {"general_manager": "郑总", "sales_manager": "周立群", "sales_consultant": "梁思琪",
         "service_manager": "高文斌", "service_advisor": "吴婷", "care_manager": "唐婉",
         "care_specialist": "林晓彤", "marketing": "苏航",
         "auditor": "贺静", "administrator": "系统员"}
TEAMS = {"sales": ("展厅一组", Department.SALES, "sales_manager"),
         "service": ("服务组", Department.SERVICE, "service_manager"),
         "care": ("关爱组", Department.CARE, "care_manager")}
TEAM_OF = {"sales_manager": "sales", "sales_consultant": "sales", "service_manager": "service",
           "service_advisor": "service", "care_manager": "care", "care_specialist": "care"}
_HASH: list[str] = []


@dataclass
class Cast:
    """user ids and stores by name; `cast.sales_consultant` is a User of the running session."""

    session: Any
    ids: dict[str, int] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        if name in ("store", "other_store"):
            code = "S1" if name == "store" else "S2"
            return self.session.scalars(access.ungated(sa.select(Store).where(Store.code == code))).one()
        return self.session.scalars(access.ungated(sa.select(User).where(User.username == name))).one()


def make(session: Any) -> None:
    """Add two stores, the teams and the cast; the session acts as system."""
    stores = [Store(code="S1", name="城南店", brand="岚风"), Store(code="S2", name="城北店", brand="岚风")]
    session.add_all(stores)
    session.flush()
    teams = {key: Team(store_id=stores[0].id, name=name, department=department)
             for key, (name, department, _manager) in TEAMS.items()}
    teams["sales2"] = Team(store_id=stores[0].id, name="展厅二组", department=Department.SALES)
    teams["outside"] = Team(store_id=stores[1].id, name="城北展厅", department=Department.SALES)
    session.add_all(teams.values())
    session.flush()
    for code in ROLES:
        _person(session, code, NAMES[code], code, stores[0], teams.get(TEAM_OF.get(code, "")), code in GROUP)
    _person(session, "colleague", "吴俊杰", "sales_consultant", stores[0], teams["sales"])
    _person(session, "other_team", "韩雪", "sales_consultant", stores[0], teams["sales2"])
    _person(session, "care_colleague", "许诺", "care_specialist", stores[0], teams["care"])
    _person(session, "outsider", "彭立", "sales_consultant", stores[1], teams["outside"])
    session.flush()
    people = {user.username: user.id for user in session.scalars(sa.select(User))}
    for key, (_name, _department, manager) in TEAMS.items():
        teams[key].manager_id = people[manager]
    session.flush()


def _person(session: Any, username: str, name: str, role: str, store: Store, team: Team | None,
            group: bool = False) -> None:
    if not _HASH:
        _HASH.append(hash_password(PASSWORD))
    agreement = session.scalars(sa.select(Agreement).order_by(Agreement.id.desc())).first()
    session.add(User(
        username=username, name=name, store_id=store.id, team_id=team.id if team else None, group_wide=group,
        role_id=session.scalars(sa.select(Role.id).where(Role.code == role)).one(), password_hash=_HASH[0],
        agreement_version=agreement.version_name if agreement else None,
        agreement_signed_at=NOW if agreement else None))
