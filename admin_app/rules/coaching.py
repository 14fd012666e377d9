"""Reports that a manager reads: drawn at random each week, answered with a remark, confirmed by whoever wrote them
(DOMAIN §2 Visit). How many a person and week the store says (review_each, default 2)."""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, clock
from admin_app.choices import VisitState
from admin_app.errors import RuleError
from admin_app.models import Store, Visit


def week_before(today: dt.date) -> tuple[dt.date, dt.date]:
    """Monday of the week before, and Monday of this one."""
    monday = today - dt.timedelta(days=today.weekday())
    return monday - dt.timedelta(days=7), monday


def draw(session: Any, now: dt.datetime) -> int:
    """Draw reports of the week before in every store; what was drawn for that week already counts, so a second
    running draws none. Returns how many were drawn. The session acts as system; the caller commits."""
    first, monday = week_before(clock.local_day(now))
    each: dict[int, int] = {
        row.id: row.review_each for row in session.execute(sa.select(Store.id, Store.review_each))}
    rows = session.execute(sa.select(Visit.id, Visit.staff_id, Visit.store_id, Visit.sampled_on).where(
        Visit.state == VisitState.DONE, Visit.at >= clock.at(first, 0), Visit.at < clock.at(monday, 0),
        Visit.staff_id.is_not(None), Visit.content.is_not(None)).order_by(Visit.id)).all()
    written: dict[tuple[int, int], list[Any]] = {}
    for row in rows:
        written.setdefault((row.store_id, row.staff_id), []).append(row)
    chosen: list[int] = []
    for (store_id, staff_id), mine in written.items():
        fresh = [row.id for row in mine if row.sampled_on is None]
        missing = each.get(store_id, 0) - (len(mine) - len(fresh))
        if missing > 0 and fresh:
            chosen += Random(f"{monday}:{staff_id}").sample(fresh, min(missing, len(fresh)))
    for visit in session.scalars(sa.select(Visit).where(Visit.id.in_(chosen))):
        visit.sampled_on = monday
    session.flush()
    return len(chosen)


def may_review(session: Any, visit: Visit) -> bool:
    """Whether the acting person may answer a report: leads people, may write to it, and did not write it."""
    actor = access.actor_of(session)
    return (actor is not None and actor.manages and visit.staff_id != actor.user_id
            and access.may_change(session, visit))


def review(session: Any, visit: Visit, remark: str, now: dt.datetime) -> None:
    """Keep a manager's remark on a report. RuleError where it is empty, too long, or not the person's to give."""
    if not may_review(session, visit):
        raise RuleError(_l("Only a manager answers the report, and nobody his own."), "remark")
    text = remark.strip()
    if not text:
        raise RuleError(_l("Write a remark."), "remark")
    if len(text) > 200:
        raise RuleError(_l("This text is longer than %(length)s characters.", length=200), "remark")
    actor = access.actor_of(session)
    visit.review_note, visit.reviewed_at, visit.review_seen_at = text, now, None
    visit.reviewed_by_id = actor.user_id if actor else None


def confirm(session: Any, visit: Visit, now: dt.datetime) -> None:
    """Whoever wrote the report has read the remark. RuleError for anybody else, and where there is none."""
    actor = access.actor_of(session)
    if actor is None or visit.staff_id != actor.user_id or visit.reviewed_at is None:
        raise RuleError(_l("There is no remark for you here."))
    visit.review_seen_at = visit.review_seen_at or now
