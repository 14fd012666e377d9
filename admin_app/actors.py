"""Who acts: a person with rights on whose rows, or the system for a stated reason.

The gate (access.py) puts the Actor on the session and asks it what of each table may be seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import LoaderCriteriaOption

from admin_app import scope
from admin_app.choices import Scope
from admin_app.clock import utcnow
from admin_app.models import BY_TABLE, Grant, Role, Team, User

MOST_MADE = 1_000  # sets of criteria that are kept
GATED = tuple(model.__tablename__ for model in scope.GATED)


@dataclass(frozen=True)
class Right:
    """What a person may do with a table. read, write, delete say whose rows; `second` marks X* and D*: exporting and
    deleting are refused until a second person has approved a request (rules/requests)."""

    read: Scope = Scope.NONE
    write: Scope = Scope.NONE
    create: bool = False
    delete: Scope = Scope.NONE
    export: bool = False
    reveal: bool = False
    assign: bool = False
    merge: bool = False
    second: bool = False

    @property
    def claim(self) -> bool:
        """Whether files may be taken out of the pool (rules/pool): by those who assign them, and by those who keep
        what they add themselves."""
        return self.assign or (self.create and self.write is Scope.OWN)


NOTHING = Right()
EVERYTHING = Right(Scope.ALL, Scope.ALL, True, Scope.ALL, True, True, True, True)


@dataclass
class Actor:
    """Who acts: a person with rights, or the system for a stated reason (`system` is that reason).

    store_ids None means every store. team_ids are the people of the person's teams, the person included.
    """

    user_id: int | None = None
    name: str = ""
    store_id: int | None = None
    store_ids: tuple[int, ...] | None = ()
    team_ids: tuple[int, ...] = ()
    roles: tuple[str, ...] = ()
    manages: bool = False
    rights: dict[str, Right] = field(default_factory=dict)
    system: str | None = None
    road: str | None = None
    address: str | None = None
    include_deleted: bool = False
    day: Any = None  # the day on which the rows are asked for, where it is given with the statement; None: today (UTC)
    near: bool = False  # criteria look customers up row by row: for statements that name few rows themselves
    # Tables that a statement reaches only through a row which the gate tests in it: the task of a due_task, a visit or
    # car by the key of a customer. Their criteria do not ask the same again (scope.py).
    beside: frozenset[str] = frozenset()
    kept: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)  # criteria; shared by its copies

    def right(self, table: str) -> Right:
        """The rights on a table; everything for the system, nothing where no grant names it."""
        return EVERYTHING if self.system is not None else self.rights.get(table, NOTHING)

    def may(self, table: str, verb: str) -> bool:
        """Whether the person may `read`, `write`, `create`, `delete`, `export`, `reveal`, `assign`, `merge`, `claim`
        at all."""
        right = self.right(table)
        if verb in ("delete", "export") and right.second:
            return False
        value = getattr(right, verb)
        return value if isinstance(value, bool) else value is not Scope.NONE

    @property
    def criteria(self) -> Criteria:
        """What this actor sees of each table. They leave open who asks and on which day (`given`): colleagues with the
        same rights on the same rows share them."""
        key = _kind(self)
        found = self.kept.get(key)
        if found is None:
            found = self.kept[key] = (self.rights, self._criteria())  # the rights are kept too: the key has their id
        criteria: Criteria = found[1]
        return criteria

    def _criteria(self) -> Criteria:
        if self.system is not None:
            key: tuple[Any, ...] = ("system", self.include_deleted, self.near)  # it sees every row: none beside
        else:
            key = (*_kind(self)[:-1], frozenset(self.rights.items()))
        found = _made.get(key)
        if found is None:
            if len(_made) >= MOST_MADE:
                _made.clear()
            found = _made[key] = Criteria(replace(  # as it is now
                self, user_id=scope.ME, team_ids=(scope.ME,) if self.alone else self.team_ids, day=scope.DAY,
                rights=dict(self.rights), kept={}))
        return found

    @property
    def alone(self) -> bool:
        """Whether the person's team is nobody else."""
        return self.team_ids == (self.user_id,)

    @property
    def given(self) -> dict[str, Any]:
        """What `criteria` leave open, by name: to be given with every statement that has them."""
        return {scope.ME.key: self.user_id, scope.DAY.key: utcnow().date()}


def standing(actor: Actor) -> tuple[Any, ...]:
    """What an actor sees, as a key: who, whose rows, which rights, on which day."""
    return utcnow().date(), actor.user_id, *_kind(actor)


def _kind(actor: Actor) -> tuple[Any, ...]:
    return (actor.system is not None, actor.include_deleted, actor.near, actor.beside, actor.store_ids,
            None if actor.alone else actor.team_ids, actor.roles, id(actor.rights))


class GateCriterion(LoaderCriteriaOption):
    """A criterion of the gate, told by its class from one that a statement brings itself."""

    __slots__ = ()
    _traverse_internals = LoaderCriteriaOption._traverse_internals  # what tells two of them apart, as for its parent


class Criteria(dict[str, Any]):
    """table → loader criterion for everything that decides about it, None for a table that is seen whole. Each is made
    when it is first asked for: making all of them takes longer than a list, and half a megabyte."""

    def __init__(self, actor: Actor) -> None:
        super().__init__()
        self.actor = actor

    def __missing__(self, table: str) -> Any:
        model = BY_TABLE[table]
        criterion = scope.criterion(model, self.actor, "read") if table in GATED else None
        made = self[table] = None if criterion is None else GateCriterion(
            model, criterion, include_aliases=True, propagate_to_loaders=False)
        return made


_made: dict[tuple[Any, ...], Criteria] = {}


def ungated(statement: Any) -> Any:
    """A statement that the gate leaves alone: only for finding out who acts."""
    return statement.execution_options(ungated=True)


def rights_of(session: Any, role_ids: list[int]) -> dict[str, Right]:
    """table → Right of one or two roles together."""
    grants = session.execute(ungated(sa.select(
        Grant.role_id, Grant.table, Grant.read, Grant.write, Grant.can_create, Grant.delete, Grant.can_export,
        Grant.can_reveal, Grant.can_assign, Grant.can_merge, Grant.second_person).where(
        Grant.role_id.in_(role_ids), Grant.deleted_at.is_(None))))
    by_role: dict[int, dict[str, Right]] = {role_id: {} for role_id in role_ids}
    for row in grants:
        by_role[row.role_id][row.table] = Right(
            Scope(row.read), Scope(row.write), row.can_create, Scope(row.delete), row.can_export, row.can_reveal,
            row.can_assign, row.can_merge, row.second_person)
    first, *rest = by_role.values()
    for other in rest:
        first = {t: _merge(first.get(t, NOTHING), other.get(t, NOTHING)) for t in first.keys() | other.keys()}
    return first


def _merge(first: Right, second: Right) -> Right:
    """Two roles of one person: the wider read and write win, export and reveal need both (SAFETY)."""
    wider = lambda a, b: a if scope.WIDTH[a] >= scope.WIDTH[b] else b  # noqa: E731
    return Right(wider(first.read, second.read), wider(first.write, second.write), first.create or second.create,
                 wider(first.delete, second.delete), first.export and second.export, first.reveal and second.reveal,
                 first.assign or second.assign, first.merge or second.merge, first.second or second.second)


def actor_for(session: Any, user: User) -> Actor:
    """The Actor of a person, with rights, team and stores."""
    role_ids = [user.role_id] + ([user.second_role_id] if user.second_role_id else [])
    roles = list(session.scalars(ungated(sa.select(Role).where(Role.id.in_(role_ids)))))
    rights = rights_of(session, role_ids)
    led = sa.select(Team.id).where(Team.manager_id == user.id, Team.deleted_at.is_(None))
    teams: Any = User.team_id.in_(led)
    if user.team_id is not None:
        teams = sa.or_(teams, User.team_id == user.team_id)
    people = session.scalars(ungated(sa.select(User.id).where(teams, User.deleted_at.is_(None))))
    return Actor(
        user_id=user.id, name=user.name, store_id=user.store_id, roles=tuple(r.code for r in roles),
        store_ids=None if user.group_wide else (user.store_id,), team_ids=tuple(sorted({user.id, *people})),
        manages=any(r.manages for r in roles), rights=rights)
