"""The follow-up rules as rows (FollowUpRule, seeds/followup_rules.yaml): which ones fire, for whom, and when.

A condition names customer fields with a value or a list of values (None stands for "empty"). Beside these it may
say things of the trigger: `months` and `km` (service), `festival`, `window_days` (after which a grade is stale),
`most_a_day` (so many tasks to confirm a file has a person at a time); `clauses` holds what a value or a list cannot
say, as a segment does (rules/segments). A rule may go by a saved segment beside its condition; both must hold then.
holds() in Python and criteria() in SQL say the same; a test keeps them equal. So do fits() and narrowed(), which take
the segment with them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from admin_app import clock, prepared
from admin_app.choices import OffsetUnit, Trigger
from admin_app.columns import fields
from admin_app.models import Customer, FollowUpRule
from admin_app.rules import segments, workdays
from admin_app.rules.segments.clauses import columns

CLAUSES = "clauses"
OF_THE_TRIGGER = {"months", "km", "festival", "window_days", "most_a_day"}
CATCH_UP = 14  # days that a nightly job may have been missed without losing a task (default)
MANUAL = "manual"  # code of the rule behind a date that a person chose


def enabled(session: Any, *triggers: Trigger) -> list[Any]:
    """The enabled rules of some triggers as plain rows, in the order of their keys; of all triggers where none is
    given."""
    if any(isinstance(row, FollowUpRule) for row in (*session.new, *session.dirty)):
        session.flush()
    return prepared.rows(session, ("rules", triggers), lambda: _enabled(triggers))


def _enabled(triggers: tuple[Trigger, ...]) -> Any:
    statement = sa.select(FollowUpRule.id, *(getattr(FollowUpRule, name) for name, _column, _field in fields(
        FollowUpRule))).where(FollowUpRule.enabled, FollowUpRule.needs.is_(None))
    if triggers:
        statement = statement.where(FollowUpRule.trigger.in_(triggers))
    return statement.order_by(FollowUpRule.id)


def by_code(session: Any, code: str) -> FollowUpRule | None:
    """The rule with a code, or None."""
    return session.scalars(sa.select(FollowUpRule).where(FollowUpRule.code == code)).first()


def wanted(condition: dict[str, Any] | None) -> list[tuple[str, list[Any]]]:
    """(customer field, values of which one must be there) of what a condition says by a value or a list."""
    return [(name, list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value])
            for name, value in (condition or {}).items() if name not in OF_THE_TRIGGER and name != CLAUSES]


def _clauses(condition: dict[str, Any] | None) -> list[dict[str, Any]]:
    return (condition or {}).get(CLAUSES) or []


def asked(condition: dict[str, Any] | None) -> list[str]:
    """The customer fields that a condition looks at."""
    return [name for name, _values in wanted(condition)] + columns(_clauses(condition))


def holds(condition: dict[str, Any] | None, customer: Customer, today: dt.date | None = None) -> bool:
    """Whether a customer fits a condition on a day; an empty condition fits everybody."""
    clauses = _clauses(condition)
    return all(_same(getattr(customer, name), values) for name, values in wanted(condition)) and (
        not clauses or segments.holds(clauses, customer, today or clock.today()))


def _same(value: Any, values: list[Any]) -> bool:
    return any(value is None if wanted is None else value == wanted for wanted in values)


def criteria(condition: dict[str, Any] | None, today: dt.date | None = None) -> list[Any]:
    """The same as SQL criteria on Customer."""
    parts: list[Any] = []
    for name, values in wanted(condition):
        column = getattr(Customer, name)
        given = [value for value in values if value is not None]
        either = ([column.in_(given)] if given else []) + ([column.is_(None)] if None in values else [])
        parts.append(sa.or_(*either) if either else sa.false())
    clauses = _clauses(condition)
    return parts + (segments.criteria(clauses, today or clock.today()) if clauses else [])


def fits(session: Any, rule: Any, customer: Customer, today: dt.date) -> bool:
    """Whether a rule is for a loaded customer on a day: its condition and its segment hold."""
    return holds(rule.condition, customer, today) and segments.holds_of(session, rule.segment_id, customer, today)


def narrowed(session: Any, rule: Any, today: dt.date) -> list[Any]:
    """The same as SQL criteria on Customer."""
    return [*criteria(rule.condition, today), *segments.criteria_of(session, rule.segment_id, today)]


def moves(session: Any, rule: Any) -> bool:
    """Whether a rule is for other customers from one day to the next by the calendar alone."""
    return segments.moves(_clauses(rule.condition)) or segments.moves_of(session, rule.segment_id)


def by_hours(rule: Any) -> bool:
    """Whether the store's hours decide when a rule's task is due."""
    return bool(rule.unit == OffsetUnit.WORK_MINUTES)


def due(rule: FollowUpRule, base: dt.date | dt.datetime, store: Any) -> tuple[dt.date, dt.datetime]:
    """(day, time) at which a rule's task is due after, or ahead of, its base. Days are due at 09:00."""
    if rule.unit != OffsetUnit.DAYS:
        start = base if isinstance(base, dt.datetime) else clock.at(base)
        if rule.unit == OffsetUnit.HOURS:
            at = start + dt.timedelta(hours=rule.offset)
        else:
            at = workdays.add_working_minutes(start, rule.offset, store)
        return clock.local_day(at), at
    day = day_of(base) + dt.timedelta(days=rule.offset)
    if rule.to_working_day:
        day = workdays.next_working_day(day, getattr(store, "id", None))
    return day, clock.at(day)


def expires_on(rule: FollowUpRule, base: dt.date | dt.datetime) -> dt.date | None:
    """The last day on which the rule's task makes sense; None for no end."""
    return None if rule.expires_after is None else day_of(base) + dt.timedelta(days=rule.expires_after)


def day_of(base: dt.date | dt.datetime) -> dt.date:
    """The store's calendar day of a day or a time."""
    return clock.local_day(base) if isinstance(base, dt.datetime) else base
