"""Who sees a private value in full, and what is noted when somebody may not (DOMAIN 3.9, SAFETY "Private fields").

The conditions stand in rules/reveals.py; here is the one road that screens take, with the clock of the store.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from admin_app import clock, trail
from admin_app.access import actor_of
from admin_app.choices import AccessVerb
from admin_app.columns import field_of
from admin_app.rules import reveals
from admin_app.rules.reveals import NeedsReason

__all__ = ["NeedsReason", "may_reveal", "note_refusal", "private", "reveal"]


def private(model: Any, name: str) -> bool:
    """Whether a column of a model is masked until revealed; False for a column that does not exist."""
    return name in model.__table__.columns and bool(getattr(
        model.__table__.columns[name].info.get("field"), "private", ""))


def may_reveal(session: Any, table: str) -> bool:
    """Whether the acting person may reveal fields of a table at all (role and rights, not yet the reason)."""
    actor = actor_of(session)
    return actor is not None and actor.user_id is not None and actor.may(table, "reveal")


def reveal(session: Any, row: Any, field: str, reason: str | None, now: dt.datetime) -> str:
    """One private value in full, logged in the running transaction; the caller commits.

    With an open task for the customer the task is the reason. Raises NeedsReason where a reason must be typed,
    Refused where the role, the missing agreement or the limit of the day forbids it.
    """
    today = clock.local_day(now)
    began, _end = clock.day_bounds(today)
    return reveals.reveal(session, row, field, reason or "", today=today, day_began=began)


def note_refusal(session: Any, row: Any, field: str, sentence: object) -> None:
    """Note that somebody was refused a private value, for those who watch over the log; the caller commits."""
    trail.note(session, AccessVerb.REFUSED, row.__tablename__, row.id, field=field, reason=str(sentence))


def label(model: Any, name: str) -> Any:
    """The label of a private field, for the button that shows it."""
    return field_of(model, name).label
