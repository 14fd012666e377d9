"""The people among whom tasks are shared: whose tasks a person may see, and to whom they may go."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from admin_app import access, directory
from admin_app.choices import Scope
from admin_app.desk import selects
from admin_app.models import User


def colleagues() -> list[Any] | None:
    """(id, name) of the active people whose tasks this person may see or to whom they may go; None for too many."""
    actor = access.current()
    width = actor.right("followup").read
    if width is Scope.OWN:
        return []
    whose = actor.team_ids if width is Scope.TEAM else None
    kept: list[tuple[int, str]] | None = directory.current().keep(
        ("colleagues", whose, actor.store_ids), lambda: _active(whose, actor.store_ids))
    return kept


def _active(team_ids: tuple[int, ...] | None, store_ids: tuple[int, ...] | None) -> list[tuple[int, str]] | None:
    found = sa.select(User.id, User.name).where(User.active.is_(True)).order_by(User.name)
    if team_ids is not None:
        found = found.where(User.id.in_(team_ids))
    elif store_ids is not None:
        found = found.where(User.store_id.in_(store_ids))
    return selects.few_people(found)
