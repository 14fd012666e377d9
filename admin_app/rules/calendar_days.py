"""A day of the working calendar entered by hand: a holiday, a weekend that is worked, a day the store is closed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access
from admin_app.errors import RuleError
from admin_app.models import CalendarDay


def prepare(session: Any, row: CalendarDay, now: dt.datetime) -> None:
    """Check a day. Raises RuleError at day, name or store_id."""
    if row.day is None:
        raise RuleError(_l("Choose a day."), "day")
    if not (row.name or "").strip():
        raise RuleError(_l("Give a name."), "name")
    actor = access.actor_of(session)
    if actor is not None and actor.store_ids is not None and row.store_id not in actor.store_ids:
        if row.store_id is not None or row.id is not None:
            raise RuleError(_l("Choose your own store."), "store_id")
        row.store_id = actor.store_id
    same = sa.select(CalendarDay.id).where(CalendarDay.day == row.day, CalendarDay.deleted_at.is_(None),
                                           CalendarDay.store_id.is_not_distinct_from(row.store_id))
    if row.id is not None:
        same = same.where(CalendarDay.id != row.id)
    with session.no_autoflush:
        if session.execute(access.ungated(same)).first() is not None:
            raise RuleError(_l("The calendar has this day already."), "day")

