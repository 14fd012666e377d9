"""The access log: who viewed, searched, revealed, exported or printed what. Kept 3 years (DOMAIN 3.9).

An entry is added to the running transaction; reveal, export and print must be committed with what they show.
"""

from __future__ import annotations

from typing import Any

from admin_app.access import actor_of
from admin_app.choices import AccessVerb
from admin_app.clock import utcnow
from admin_app.models import AccessLog


def note(session: Any, verb: AccessVerb, table: str | None = None, row_id: int | None = None, *,
         field: str | None = None, reason: str | None = None, task: str | None = None,
         count: int | None = None) -> None:
    """Add one entry for the acting person. Nothing where the system acts for nobody."""
    actor = actor_of(session)
    if actor is None or actor.user_id is None:
        return
    session.add(AccessLog(
        at=utcnow(), user_id=actor.user_id, store_id=actor.store_id, verb=verb, table=table, row_id=row_id,
        field=field, reason=(reason or "")[:200] or None, task=task, count=count, address=actor.address))
