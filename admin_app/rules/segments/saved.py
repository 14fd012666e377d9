"""The segment as a row: what it must say before it is saved, who belongs to it, and how many they are.

A segment of one store fits customers of that store only. One that is switched off or in the recycle bin fits nobody:
a rule over it then makes no task, where without it the rule would make one for everybody.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, clock
from admin_app.errors import RuleError
from admin_app.models import Customer, FollowUpRule, Segment
from admin_app.rules.segments import clauses

MOST_COUNTED = 50_000  # a larger segment says "more than"


def prepare(session: Any, segment: Segment, now: dt.datetime) -> None:
    """Check a segment. Raises RuleError at name, clauses, active or store_id."""
    if not (segment.name or "").strip():
        raise RuleError(_l("Give a name."), "name")
    segment.clauses = list(segment.clauses or [])
    if not segment.clauses:
        raise RuleError(_l("Say who belongs to it."), "clauses")
    found = clauses.faults(segment.clauses)
    if found:
        raise RuleError(next(iter(found.values())), "clauses")
    actor = access.actor_of(session)
    if actor is not None and actor.store_ids is not None and segment.store_id not in actor.store_ids:
        if segment.store_id is not None or segment.id is not None:
            raise RuleError(_l("Choose your own store."), "store_id")
        segment.store_id = actor.store_id
    if segment.active is False:
        check_unused(session, segment, "active")


def check_unused(session: Any, segment: Segment, field: str | None = None) -> None:
    """Raises RuleError where an enabled follow-up rule goes by the segment."""
    if segment.id is None:
        return
    with session.no_autoflush:
        rule = session.execute(access.ungated(sa.select(FollowUpRule.name).where(
            FollowUpRule.segment_id == segment.id, FollowUpRule.enabled, FollowUpRule.deleted_at.is_(None)))).first()
    if rule is not None:
        raise RuleError(_l("The follow-up rule %(name)s goes by this segment.", name=rule.name), field)


def _of(session: Any, segment_id: int) -> Any:
    """(clauses, store) of a segment that is in use; None for one that fits nobody."""
    return session.execute(access.ungated(sa.select(Segment.clauses, Segment.store_id).where(
        Segment.id == segment_id, Segment.active, Segment.deleted_at.is_(None)))).first()


def holds_of(session: Any, segment_id: int | None, customer: Any, today: dt.date) -> bool:
    """Whether a loaded customer belongs to a segment on a day; None stands for everybody."""
    if segment_id is None:
        return True
    found = _of(session, segment_id)
    if found is None or (found.store_id is not None and found.store_id != customer.store_id):
        return False
    return clauses.holds(found.clauses, customer, today)


def criteria_of(session: Any, segment_id: int | None, today: dt.date) -> list[Any]:
    """The same as SQL criteria on Customer."""
    if segment_id is None:
        return []
    found = _of(session, segment_id)
    if found is None:
        return [sa.false()]
    own = [Customer.store_id == found.store_id] if found.store_id is not None else []
    return [*own, *clauses.criteria(found.clauses, today)]


def moves_of(session: Any, segment_id: int | None) -> bool:
    """Whether a segment fits other customers from one day to the next by the calendar alone."""
    found = _of(session, segment_id) if segment_id is not None else None
    return found is not None and clauses.moves(found.clauses)


def size(session: Any, wanted: list[dict[str, Any]], store_id: int | None, now: dt.datetime) -> int:
    """How many customers in the acting person's scope fit the clauses, counted up to MOST_COUNTED + 1."""
    own = [Customer.store_id == store_id] if store_id is not None else []
    some = sa.select(Customer.id).where(*own, *clauses.criteria(wanted, clock.local_day(now))).limit(MOST_COUNTED + 1)
    number: int = session.scalar(sa.select(sa.func.count()).select_from(some.subquery()))
    return number
