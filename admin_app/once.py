"""A form is taken once: its hidden key is stored with what it did, and the same key again leads to the same place."""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa

from admin_app.access import actor_of
from admin_app.models import Submission

LONGEST = 64
_TAKE = sa.insert(Submission.__table__)


def new_key() -> str:
    """A key for a form that is being shown."""
    return secrets.token_urlsafe(24)


def taken(session: Any, key: str | None) -> str | None:
    """Where the form with this key led when it was taken; None where it was not."""
    if not key:
        return None
    actor = actor_of(session)
    return session.scalars(
        sa.select(Submission.location).where(
            Submission.key == key[:LONGEST], Submission.user_id == (actor.user_id if actor else None))).first()


def take(session: Any, key: str | None, location: str) -> None:
    """Store the key in the running transaction. A second transaction with it fails on the primary key."""
    if not key:
        return
    actor = actor_of(session)
    session.connection().execute(_TAKE, {
        "key": key[:LONGEST], "user_id": actor.user_id if actor else None, "location": location[:400]})
