"""Who sees whose scores: the figures are the system's, the lines obey the viewer's rights (DOMAIN 3.3, SAFETY).

Ranks are for everybody of the role; lines for oneself, a manager's team, the store or the group, as the right to
read scores says, and for colleagues where the store has chosen so.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from admin_app import prepared
from admin_app.access import Actor
from admin_app.choices import Scope
from admin_app.models import Role, Store, User
from admin_app.rules.scores.cards import Scheme
from admin_app.rules.scores.measuring import Found

WIDE = (Scope.STORE, Scope.ALL)


def stores(session: Any) -> list[Store]:
    """The stores whose scores the acting person may open; the gate decides."""
    return list(session.scalars(sa.select(Store).order_by(Store.id)))


def lines_seen(actor: Actor, store: Store) -> frozenset[int] | None:
    """The people of this store whose lines somebody sees; None: all of them."""
    width = actor.right("score").read
    if width is Scope.NONE or (actor.store_ids is not None and store.id not in actor.store_ids):
        return frozenset()
    if width in WIDE or (store.show_colleagues and store.id == actor.store_id):
        return None
    me = () if actor.user_id is None else (actor.user_id,)
    return frozenset((*me, *actor.team_ids) if width is Scope.TEAM else me)


def sees_lines(actor: Actor, store: Store, user_id: int) -> bool:
    """Whether somebody sees the lines of a person of this store."""
    seen = lines_seen(actor, store)
    return seen is None or user_id in seen


def roles_shown(session: Any, actor: Actor, schemes: dict[str, Scheme]) -> list[Scheme]:
    """The roles whose ranks somebody may open: all, those of the team, or one's own; the first is the usual one."""
    width = actor.right("score").read
    if width is Scope.NONE:
        return []
    team = _team_roles(session, actor)
    if width in WIDE:
        codes = list(schemes)
    else:
        codes = [code for code in schemes if code in (team if width is Scope.TEAM else actor.roles)]
    usual = [code for code in codes if code in team and code not in actor.roles] if actor.manages else list(actor.roles)
    first = next((code for code in usual if code in codes), None)
    ordered = sorted(codes, key=lambda code: (code != first, code.endswith("_manager"), codes.index(code)))
    return [schemes[code] for code in ordered]


def _team_roles(session: Any, actor: Actor) -> set[str]:
    """The roles of the people in the viewer's teams, the viewer's own among them."""
    session.flush()
    found = prepared.rows(session, ("team roles", actor.team_ids), lambda: sa.select(Role.code).join(
        User, User.role_id == Role.id).where(User.id.in_(actor.team_ids)).distinct())
    return {*actor.roles, *(code for (code,) in found)}


def interval(found: Found) -> tuple[int, int]:
    """The 95 % interval of a share from a sample, in whole percent (Wilson); 0 to 100 without answers."""
    n, z = found.whole, 1.96
    if not n:
        return 0, 100
    share = found.good / n
    middle = share + z * z / (2 * n)
    spread = z * ((share * (1 - share) + z * z / (4 * n)) / n) ** 0.5
    size = 1 + z * z / n
    return round(100 * max(0.0, (middle - spread) / size)), round(100 * min(1.0, (middle + spread) / size))
