"""Whom a task is given to: the active people of one store, read once for a whole batch.

Everybody who gets a task may see its customer (SAFETY): owner and advisor always do, care specialists and the care
manager see the store, a team's manager sees the team, a sales manager sees the pool. A restricted or secret
customer's task goes to owner or advisor, else to the general manager.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.util import identity_key

from admin_app import access, prepared
from admin_app.choices import Assignee, Confidentiality, Purpose
from admin_app.models import FollowUpRule, Role, Team, User

SALES_PURPOSES = (Purpose.SALES, Purpose.DELIVERY)


class Staff:
    """The active people of a store by role, and who manages whom; read when first asked for."""

    def __init__(self, session: Any, store_id: int) -> None:
        self.session, self.store_id = session, store_id
        self.by_role: dict[str, list[int]] = {}
        self.manager_of: dict[int, int] = {}
        self._active: set[int] | None = None

    @classmethod
    def of(cls, session: Any, store_id: int) -> Staff:
        """The people of a store, read at once for a whole batch; group-wide general managers count for every store."""
        found = cls(session, store_id)
        found._read()
        return found

    def _read(self) -> None:
        self._active = set()
        people = self.session.execute(
            sa.select(User.id, User.store_id, User.team_id, Role.code).join(Role, Role.id == User.role_id)
            .where(User.active, sa.or_(User.store_id == self.store_id, User.group_wide)).order_by(User.id)).all()
        managers = dict(self.session.execute(
            sa.select(Team.id, Team.manager_id).where(Team.store_id == self.store_id)).all())
        for user_id, home, team_id, code in people:
            if home == self.store_id or code == "general_manager":
                self.by_role.setdefault(code, []).append(user_id)
                self._active.add(user_id)
            if managers.get(team_id) is not None:
                self.manager_of[user_id] = managers[team_id]

    def is_active(self, user_id: int | None) -> bool:
        """Whether this is an active person of the store (or a general manager of the group)."""
        if user_id is None:
            return False
        actor = access.actor_of(self.session)
        if actor is not None and actor.address and (actor.user_id, actor.store_id) == (user_id, self.store_id):
            return True  # whoever asks from a browser was let in with this very request
        if self._active is None:  # one person, often the one who acts: no need to read all
            person = self._person(user_id)
            if person is not None and person.store_id == self.store_id:
                return bool(person.active)
            self._read()
        return user_id in (self._active or ())

    def _person(self, user_id: int) -> Any:
        known = self.session.identity_map.get(identity_key(User, user_id))
        if known is not None:
            return known
        found = prepared.rows(self.session, "person of a task", lambda: sa.select(User.active, User.store_id).where(
            User.id == prepared.given("person")), person=user_id)
        return found[0] if found else None

    def choose(self, rule: FollowUpRule, case: Any) -> int | None:
        """The person for a case of a rule; None where the store has nobody fit for it."""
        chain: Iterable[int | None]
        if case.confidentiality != Confidentiality.NORMAL:
            chain = self._confidants(case)
        else:
            chain = self._chain(rule, case)
        return next((one for one in chain if one not in case.avoid and self.is_active(one)), None)

    def _confidants(self, case: Any) -> Iterator[int | None]:
        yield from (case.owner_id, case.advisor_id)
        yield from self._role("general_manager")

    def _chain(self, rule: FollowUpRule, case: Any) -> Iterator[int | None]:
        yield case.preferred
        if rule.assignee == Assignee.PERSON:
            yield rule.person_id
        elif rule.assignee == Assignee.CARE:
            yield from self._care(case)
            yield from self._role("care_manager")
        elif rule.assignee == Assignee.ADVISOR:
            yield case.advisor_id
        elif rule.assignee == Assignee.MANAGER:
            yield self._manager(case.owner_id)
            yield from () if case.owner_id else self._role("sales_manager")
            yield from self._role("general_manager")
        yield from (case.owner_id, case.advisor_id)
        if case.owner_id is None and rule.purpose in SALES_PURPOSES:
            yield from self._role("sales_manager")
        yield from self._care(case)
        yield from self._role("general_manager")

    def _role(self, code: str) -> list[int]:
        if self._active is None:
            self._read()
        return self.by_role.get(code, [])

    def _manager(self, user_id: int | None) -> int | None:
        if self._active is None:
            self._read()
        return self.manager_of.get(user_id or 0)

    def _care(self, case: Any) -> list[int]:
        """The care specialists, beginning with the one whose turn this customer is: the same caller every time."""
        people = self._role("care_specialist")
        turn = case.customer_id % len(people) if people else 0
        return people[turn:] + people[:turn]
