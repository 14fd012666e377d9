"""Who would get what when somebody leaves: row by row, without writing anything. The page shows its numbers before and
giving.py carries the very same out."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, clock
from admin_app.due_index import GRADES
from admin_app.errors import RuleError
from admin_app.models import Complaint, Customer, FollowUp, Role, User
from admin_app.rules.complaints import people as complaint_people
from admin_app.rules.complaints.intake import caller_for
from admin_app.rules.handover import who
from admin_app.rules.handover.holdings import BY_NAME, CUSTOMER, DUTY, HOLDINGS, counts
from admin_app.rules.handover.shares import Shares

ONE, SPREAD, POOL = "one", "spread", "pool"
WAYS = (ONE, SPREAD, POOL)


@dataclass(frozen=True)
class Wishes:
    """What whoever hands over chose: the way, the people who take the customers, and who takes the duties."""

    way: str = ONE
    people: tuple[int, ...] = ()
    deputy: int | None = None


@dataclass
class Draft:
    """holding → row → the person who gets it; None is the pool, or, for what ends, nobody."""

    leaver: int
    given: dict[str, dict[int, int | None]] = field(default_factory=dict)

    def counts(self) -> dict[int | None, dict[str, int]]:
        """person (None: pool or end) → holding → how many."""
        found: dict[int | None, dict[str, int]] = {}
        for name, rows in self.given.items():
            for person in rows.values():
                line = found.setdefault(person, {})
                line[name] = line.get(name, 0) + 1
        return found

    def total(self, name: str) -> int:
        """How many rows of a holding go over."""
        return len(self.given.get(name, {}))

    def mark(self) -> str:
        """A short mark of who gets what: two drafts with the same mark are the same."""
        said = json.dumps([self.leaver, {name: sorted(rows.items()) for name, rows in self.given.items()}])
        return hashlib.sha256(said.encode()).hexdigest()[:24]


def draft(session: Any, person: User, wishes: Wishes, now: dt.datetime) -> Draft:
    """Who would get what. Raises RuleError at `way`, `people` or `deputy` where a choice is missing or does not fit."""
    today = clock.local_day(now)
    has = counts(session, person.id, today)
    _check(session, person, wishes, has)
    with access.as_system(session, "hand-over, drafted"):
        return _Drafting(session, person, wishes, today).made(has)


def _check(session: Any, person: User, wishes: Wishes, has: dict[str, int]) -> None:
    follows = any(BY_NAME[name].goes == CUSTOMER for name in has)
    if follows and wishes.way not in WAYS:
        raise RuleError(_l("Choose how the customers go over."), "way")
    if follows and wishes.way != POOL:
        known = {one.id for one in who.receivers(session, person)}
        if not wishes.people or (wishes.way == ONE and len(wishes.people) != 1):
            raise RuleError(_l("Choose to whom.") if wishes.way == ONE else _l("Choose at least one person."), "people")
        if not set(wishes.people) <= known:
            raise RuleError(_l("Choose people who may keep customers here."), "people")
    if any(BY_NAME[name].goes == DUTY for name in has) or wishes.deputy is not None:
        _check_deputy(session, person, wishes.deputy, has)


def _check_deputy(session: Any, person: User, key: int | None, has: dict[str, int]) -> None:
    if key is None or key not in {one for one, _name in who.deputies(session, person)}:
        raise RuleError(_l("Choose who takes over the duties."), "deputy")
    deputy = session.scalars(access.ungated(sa.select(User).where(User.id == key))).one()
    actor = access.actor_for(session, deputy)
    if "complaints" in has and not actor.may("complaint", "write"):
        raise RuleError(_l("%(name)s may not handle complaints.", name=deputy.name), "deputy")
    if "teams" in has and not actor.manages:
        raise RuleError(_l("%(name)s does not lead people.", name=deputy.name), "deputy")


class _Drafting:
    """One draft while it is made. Customers first, since everything else goes where its customer goes."""

    def __init__(self, session: Any, person: User, wishes: Wishes, today: dt.date) -> None:
        self.session, self.leaver, self.wishes, self.today = session, person, wishes, today
        takers = [] if wishes.way == POOL else [
            one for one in who.receivers(session, person) if one.id in wishes.people]
        self.takers = [one.id for one in takers]
        self.by_customers, self.by_tasks = Shares.of_customers(takers), Shares.of_tasks(takers)
        self.given: dict[str, dict[int, int | None]] = {}
        self.near: dict[int, list[int]] = {}
        self.visible: dict[int, set[int]] = {}

    def made(self, has: dict[str, int]) -> Draft:
        for name in ("customers", "advised"):
            if name in has:
                self.given[name] = self._customers(name)
        if set(has) - {"customers", "advised"}:
            self._look()
        for one in HOLDINGS:
            if one.name in has and one.name not in self.given:
                self.given[one.name] = dict(self._rows(one.name))
        return Draft(self.leaver.id, self.given)

    def _customers(self, name: str) -> dict[int, int | None]:
        """The best grades first, so that everybody gets some of each."""
        rank = sa.case(*[(Customer.grade == grade, place) for place, grade in enumerate(GRADES)], else_=len(GRADES))
        rows = self.session.execute(sa.select(Customer.id, Customer.store_id).where(
            BY_NAME[name].of(self.leaver.id, self.today)).order_by(rank, Customer.id)).all()
        if self.takers and any(row.store_id != self.leaver.store_id for row in rows):
            raise RuleError(_l("Some of these customers belong to another store: give them away there first."),
                            "people")
        owned = self.given.get("customers", {})
        return {row.id: owned[row.id] if row.id in owned else self.by_customers.take() for row in rows}

    def _look(self) -> None:
        """Whom the customers behind the other rows belong to, and which of them each person could see."""
        keys: set[int] = set()
        for name in ("tasks", "promises", "visits", "orders"):
            one = BY_NAME[name]
            keys |= set(self.session.scalars(sa.select(one.model.customer_id).where(
                one.of(self.leaver.id, self.today), one.model.customer_id.is_not(None))))
        active = set(self.session.scalars(sa.select(User.id).where(User.active, User.id != self.leaver.id)))
        for piece in _pieces(keys):
            for row in self.session.execute(sa.select(Customer.id, Customer.owner_id, Customer.advisor_id).where(
                    Customer.id.in_(piece))):
                self.near[row.id] = [one for one in (row.owner_id, row.advisor_id) if one in active]
        actor = access.actor_of(self.session)
        for person in {*self.takers, *self._leading(), *([actor.user_id] if actor and actor.user_id else [])}:
            user = self.session.get(User, person)
            if user is not None and user.active:
                self.visible[person] = access.within(
                    self.session, access.actor_for(self.session, user), "customer", keys, "read")

    def _leading(self) -> list[int]:
        """Who takes what nobody else may see: the deputy, then the general managers."""
        role = sa.select(Role.id).where(Role.code == who.GENERAL_MANAGER)
        found = list(self.session.scalars(sa.select(User.id).where(
            User.role_id.in_(role), User.active, User.id != self.leaver.id,
            sa.or_(User.store_id == self.leaver.store_id, User.group_wide)).order_by(User.id)))
        return [*([self.wishes.deputy] if self.wishes.deputy else []), *found]

    def _rows(self, name: str) -> Iterator[tuple[int, int | None]]:
        one = BY_NAME[name]
        if one.goes != CUSTOMER:
            keys = self.session.scalars(sa.select(one.model.id).where(
                one.of(self.leaver.id, self.today)).order_by(one.model.id))
            yield from ((key, self.wishes.deputy if one.goes == DUTY else None) for key in keys)
            return
        if name == "tasks":
            yield from self._tasks()
            return
        for key, customer in self.session.execute(sa.select(one.model.id, one.model.customer_id).where(
                one.of(self.leaver.id, self.today)).order_by(one.model.id)):
            yield key, self._advisor(customer) if name == "orders" else self._holder(customer)

    def _tasks(self) -> Iterator[tuple[int, int | None]]:
        one = BY_NAME["tasks"]
        for row in self.session.execute(sa.select(
                FollowUp.id, FollowUp.customer_id, FollowUp.source_table, FollowUp.source_id).where(
                one.of(self.leaver.id, self.today)).order_by(FollowUp.due_at, FollowUp.id)):
            caller = self._caller(row.source_id) if row.source_table == "complaint" else None
            yield row.id, caller if caller is not None else self._holder(row.customer_id)

    def _caller(self, complaint_id: int | None) -> int | None:
        """Who calls back about a complaint: somebody who has not handled it and will not be in charge of it."""
        complaint = self.session.get(Complaint, complaint_id) if complaint_id else None
        if complaint is None:
            return None
        hands = complaint_people.handlers(self.session, complaint) | {self.leaver.id}
        if complaint.owner_id == self.leaver.id and self.wishes.deputy:
            hands.add(self.wishes.deputy)
        able = {one for one in self.takers if one not in hands and complaint_people.EVERYBODY & set(
            complaint_people.roles_of(self.session.get(User, one)))}
        return self.by_tasks.take(able) if able else caller_for(self.session, complaint, hands)

    def _holder(self, customer: int | None, avoid: Collection[int] = ()) -> int | None:
        """Who takes a row of a customer: his new owner or advisor, a taker who may see him, whom he belongs to, the
        acting manager, the deputy, the general manager."""
        for name in ("customers", "advised"):
            new = self.given.get(name, {}).get(customer or 0)
            if new is not None:
                self.by_tasks.give(new)
                return new
        able = [one for one in self.takers if customer in self.visible.get(one, ())]
        if able:
            return self.by_tasks.take(able)
        return next(self._others(customer), None)

    def _others(self, customer: int | None) -> Iterator[int]:
        yield from self.near.get(customer or 0, [])
        actor = access.actor_of(self.session)
        last = [*([self.wishes.deputy] if self.wishes.deputy else []),
                *([actor.user_id] if actor and actor.user_id else []), *self._leading()]
        yield from (one for one in last if customer is None or customer in self.visible.get(one, ()))

    def _advisor(self, customer: int | None) -> int | None:
        """Who takes an open repair order: the customer's new advisor, a taker, else as _holder()."""
        new = self.given.get("advised", {}).get(customer or 0)
        if new is not None:
            return new
        return self.by_tasks.take() if self.takers else self._holder(customer)


def _pieces(keys: Iterable[int]) -> Iterator[list[int]]:
    wanted = sorted(keys)
    for at in range(0, len(wanted), access.MOST_KEYS):
        yield wanted[at:at + access.MOST_KEYS]
