"""Who may hand over whom, to whom it may go.

Those who assign customers to others or lead the person (SAFETY, "Rights"; default): the general manager anybody of
the stores he sees, a manager the people of the teams he leads, the care manager the care department. An administrator
sees no customers and hands nobody over; nobody hands over himself.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access
from admin_app.access import Actor
from admin_app.choices import Department
from admin_app.errors import Refused, RuleError
from admin_app.models import Customer, FollowUp, Role, Store, Team, User
from admin_app.rules.customers import keeping_roles
from admin_app.rules.followups.tasks import OPEN_STATES
from admin_app.rules.handover.shares import Bearer

GENERAL_MANAGER, CARE_MANAGER = "general_manager", "care_manager"


def within_reach(actor: Actor) -> Any:
    """The criterion on User of those whom a person may hand over; sa.false() for nobody."""
    if actor.system is not None:
        return sa.true()
    store = sa.true() if actor.store_ids is None else sa.and_(
        User.store_id.in_(actor.store_ids), User.group_wide.is_(False))
    led = User.team_id.in_(sa.select(Team.id).where(Team.manager_id == actor.user_id, Team.deleted_at.is_(None)))
    parts: list[Any] = []
    if GENERAL_MANAGER in actor.roles:
        parts.append(sa.true())
    elif actor.manages:
        parts.append(led)
        if CARE_MANAGER in actor.roles:
            parts.append(User.role_id.in_(sa.select(Role.id).where(Role.department == Department.CARE)))
    return sa.and_(store, User.id != actor.user_id, sa.or_(sa.false(), *parts))


def may_hand_over(session: Any, person: User) -> bool:
    """Whether the acting person may hand over somebody's work and shut the account."""
    actor = access.actor_of(session)
    if actor is None:
        return False
    found = sa.select(User.id).where(User.id == person.id, User.deleted_at.is_(None), within_reach(actor))
    return session.execute(access.ungated(found)).first() is not None


def check(session: Any, person: User) -> None:
    """Refused unless the acting person may hand this person over; RuleError where the house would be without a key."""
    if not may_hand_over(session, person):
        raise Refused(_l("Only the general manager and the person's own manager hand over somebody's work."))
    if person.active and _is_last(session, person, "administrator"):
        raise RuleError(_l("%(name)s is the only administrator. Make another one first.", name=person.name))
    if person.active and _is_last(session, person, GENERAL_MANAGER):
        raise RuleError(_l("%(name)s is the only general manager. Make another one first.", name=person.name))


def _is_last(session: Any, person: User, code: str) -> bool:
    role = session.scalars(access.ungated(sa.select(Role.id).where(Role.code == code))).first()
    if role is None or role not in (person.role_id, person.second_role_id):
        return False
    others = sa.select(User.id).where(sa.or_(User.role_id == role, User.second_role_id == role), User.active,
                                      User.deleted_at.is_(None), User.id != person.id).limit(1)
    return session.execute(access.ungated(others)).first() is None


def receivers(session: Any, person: User) -> list[Bearer]:
    """The active people of the store who may keep the leaver's customers, those of his own role first, then by name,
    with what each has and can carry. A manager gives to the own team and himself, the general manager to anybody."""
    actor = access.actor_of(session)
    wanted = sa.select(User.id, User.name, User.store_id, User.tasks_max, User.customers_max, User.role_id).where(
        User.active, User.deleted_at.is_(None), User.id != person.id, User.store_id == person.store_id,
        User.role_id.in_(keeping_roles(session)))
    if actor is not None and actor.system is None and GENERAL_MANAGER not in actor.roles:
        same = sa.select(Role.id).where(Role.department == sa.select(Role.department).where(
            Role.id == person.role_id).scalar_subquery())
        care = User.role_id.in_(same) if CARE_MANAGER in actor.roles else sa.false()
        wanted = wanted.where(sa.or_(User.id.in_(actor.team_ids), care))
    rows = sorted(session.execute(access.ungated(wanted)), key=lambda row: (row.role_id != person.role_id, row.name))
    return loaded(session, rows)


def loaded(session: Any, people: Any) -> list[Bearer]:
    """Rows of people (id, name, store_id, tasks_max, customers_max) with what each has now."""
    rows = list(people)
    keys = [row.id for row in rows]
    with access.as_system(session, "how much people have, counted"):
        kept: dict[int, int] = dict(session.execute(sa.select(Customer.owner_id, sa.func.count(Customer.id)).where(
            Customer.owner_id.in_(keys)).group_by(Customer.owner_id)).all())
        owed: dict[int, int] = dict(session.execute(sa.select(FollowUp.assignee_id, sa.func.count(FollowUp.id)).where(
            FollowUp.assignee_id.in_(keys), FollowUp.state.in_(OPEN_STATES)).group_by(FollowUp.assignee_id)).all())
        stores = {one.id: one for one in session.execute(
            sa.select(Store.id, Store.customers_each, Store.tasks_each))}
    return [Bearer(row.id, row.name, kept.get(row.id, 0), row.customers_max or stores[row.store_id].customers_each,
                   owed.get(row.id, 0), row.tasks_max or stores[row.store_id].tasks_each) for row in rows]


def deputies(session: Any, person: User) -> list[tuple[int, str]]:
    """(key, name) of those who may take the duties: who leads in the store or the group, and, for those
    without customers of their own (marketing), people of the same role."""
    taking = sa.select(Role.id).where(sa.or_(Role.manages, sa.and_(Role.id == person.role_id, Role.home != "own")))
    found = sa.select(User.id, User.name).where(
        User.active, User.deleted_at.is_(None), User.id != person.id,
        sa.or_(User.store_id == person.store_id, User.group_wide), User.role_id.in_(taking)).order_by(
        User.name, User.id)
    return [(row.id, row.name) for row in session.execute(access.ungated(found))]


def active_person(session: Any, key: int | None, now: dt.datetime) -> User | None:
    """An active person by key; None for anybody else."""
    if key is None:
        return None
    return session.scalars(access.ungated(sa.select(User).where(
        User.id == key, User.active, User.deleted_at.is_(None)))).first()
