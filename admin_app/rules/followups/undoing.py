"""撤销: what was done to follow-ups in one go is taken back, for a short while and for whoever did it.

A task that somebody has touched since stays as it is and is counted.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access
from admin_app.errors import RuleError
from admin_app.models import FollowUp, UndoStep
from admin_app.rules.followups import tasks

KEPT = dt.timedelta(minutes=30)  # default
# What snoozing, skipping, giving away and allowing change.
FIELDS = ("state", "due_on", "due_at", "note", "snooze_count", "assignee_id", "closed_at", "closed_by_id", "allowed_at",
          "allowed_by_id", "allowed_reason")
MOMENTS = ("due_at", "closed_at", "allowed_at")


def standing(followup: FollowUp) -> dict[str, Any]:
    """How a task stands now, for keep()."""
    return {"id": followup.id} | {name: _packed(getattr(followup, name)) for name in FIELDS}


def keep(session: Any, before: Iterable[dict[str, Any]], now: dt.datetime) -> str:
    """Keep how some tasks stood (standing(), before they were changed); they have been changed since. The answer is
    the key for undo()."""
    session.flush()
    rows = list(before)
    versions = dict(session.execute(access.ungated(sa.select(FollowUp.id, FollowUp.version).where(
        FollowUp.id.in_([row["id"] for row in rows])))).all())
    actor = access.actor_of(session)
    key = secrets.token_urlsafe(24)
    session.add(UndoStep(key=key, user_id=actor.user_id if actor else None, created_at=now,
                         rows=[row | {"version": versions[row["id"]]} for row in rows]))
    session.flush()
    return key


def undo(session: Any, key: str, now: dt.datetime) -> tuple[int, int]:
    """(tasks put back, tasks left as they are because they were changed since). Raises RuleError where there is
    nothing to take back: another person's key, one used before, or one that is too old."""
    actor = access.actor_of(session)
    step = session.scalars(sa.select(UndoStep).where(
        UndoStep.key == key[:64], UndoStep.user_id == (actor.user_id if actor else None))).first()
    if step is None or now - step.created_at > KEPT:
        raise RuleError(_l("This can no longer be undone."))
    with access.as_system(session, "undone"):
        found = {row.id: row for row in session.scalars(
            sa.select(FollowUp).where(FollowUp.id.in_([one["id"] for one in step.rows])))}
        back = [(found[one["id"]], one) for one in step.rows
                if one["id"] in found and found[one["id"]].version == one["version"]]
        for row, was in back:
            for name in FIELDS:
                setattr(row, name, _unpacked(name, was.get(name)))
        tasks.refresh_customers(session, {row.customer_id for row, _was in back})
        number = len(step.rows)
        session.delete(step)
    return len(back), number - len(back)


def _packed(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def _unpacked(name: str, value: Any) -> Any:
    if value is None or name not in ("due_on", *MOMENTS):
        return value
    return dt.date.fromisoformat(value) if name == "due_on" else dt.datetime.fromisoformat(value)
