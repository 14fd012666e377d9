"""Whose customers a page is about: a person's, a team's, those of the pool, or all that the reader may see.

In an address: ?owner=ID or pool, ?team=ID or none, and ?by=advisor where it goes by the service advisor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from admin_app import access
from admin_app.database import db
from admin_app.desk.view import is_key
from admin_app.models import Customer, Team, User

POOL, NO_TEAM = "pool", "none"


@dataclass(frozen=True)
class Whose:
    """The words of the address; empty ones do not narrow."""

    by: str = "owner"
    owner: str = ""
    team: str = ""

    @classmethod
    def asked(cls, given: Mapping[str, str]) -> Whose:
        """What an address asks for; nonsense is left out. People of the service go by the advisor by themselves."""
        service = any(role.startswith("service") for role in access.current().roles)
        by = given.get("by", "")
        owner, team = given.get("owner", ""), given.get("team", "")
        return cls(by if by in ("owner", "advisor") else "advisor" if service else "owner",
                   owner if owner == POOL or is_key(owner) else "", team if team == NO_TEAM or is_key(team) else "")

    @property
    def column(self) -> Any:
        """The column of the customer that says whose he is."""
        return Customer.advisor_id if self.by == "advisor" else Customer.owner_id

    def of(self, person: int | None) -> Whose:
        """The same for one person; None for the pool."""
        return Whose(self.by, POOL if person is None else str(person))

    def of_team(self, team: int | None) -> Whose:
        """The same for a team; None for people without one."""
        return Whose(self.by, "", NO_TEAM if team is None else str(team))

    def words(self) -> dict[str, str]:
        """The words for an address."""
        return {name: value for name, value in (("by", self.by), ("owner", self.owner), ("team", self.team)) if value}

    def criteria(self) -> list[Any]:
        """As SQL criteria on Customer; none where nothing is narrowed."""
        found: list[Any] = []
        if self.owner:
            found.append(self.column.is_(None) if self.owner == POOL else self.column == int(self.owner))
        if self.team:
            people = sa.select(User.id).where(
                User.team_id.is_(None) if self.team == NO_TEAM else User.team_id == int(self.team))
            found.append(self.column.in_(people))
        return found

    def label(self) -> str:
        """Whose, in words; empty for everybody's."""
        if self.owner == POOL:
            return _("in the pool") if self.by == "owner" else _("without an advisor")
        if self.team == NO_TEAM:
            return _("without a team")
        model, key = (User, self.owner) if self.owner else (Team, self.team)
        row = db.session.scalars(sa.select(model).where(model.id == int(key))).first() if key else None
        return str(row) if row is not None else ""
