"""A follow-up rule that a manager edits: what it must say before it is saved."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access
from admin_app.choices import Assignee, OffsetUnit, Trigger
from admin_app.columns import fields
from admin_app.errors import RuleError
from admin_app.models import Customer, FollowUpRule, Segment
from admin_app.rules import segments
from admin_app.rules.followups import calendar, conditions, rules
from admin_app.rules.segments.clauses import contradictions

CODE = re.compile(r"[a-z][a-z0-9_]{1,39}")
FURTHEST = 3660  # days
IN_A_DAY = {OffsetUnit.DAYS: 1, OffsetUnit.HOURS: 24, OffsetUnit.WORK_MINUTES: 1440}
IMMEDIATE = (Trigger.CONTACT, Trigger.NEW_LEAD, Trigger.SHOWROOM)
_KINDS = ("choice", "yes", "text", "link", "whole")


def prepare(session: Any, rule: FollowUpRule, now: dt.datetime) -> None:
    """Check a rule. Raises RuleError at the field."""
    if not CODE.fullmatch(rule.code or ""):
        raise RuleError(_l("A code has small letters, digits and _ only."), "code")
    if not (rule.name or "").strip():
        raise RuleError(_l("Give a name."), "name")
    if rule.offset is None:
        rule.offset = 0
    if abs(rule.offset) > FURTHEST * IN_A_DAY[OffsetUnit(rule.unit or OffsetUnit.DAYS)]:
        raise RuleError(_l("This number is too large."), "offset")
    if rule.unit in (OffsetUnit.HOURS, OffsetUnit.WORK_MINUTES) and rule.offset < 0:
        raise RuleError(_l("Hours and minutes count forward from an event."), "offset")
    if rule.trigger in IMMEDIATE and rule.offset < 0:
        raise RuleError(_l("This event has no date to be ahead of."), "offset")
    if rule.sample_percent is not None and not 0 <= rule.sample_percent <= 100:
        raise RuleError(_l("Between 0 and 100."), "sample_percent")
    if rule.assignee == Assignee.PERSON and rule.person_id is None:
        raise RuleError(_l("Name the person."), "person_id")
    if rule.needs and rule.enabled:
        raise RuleError(_l("This rule waits for records that the desk does not keep yet."), "enabled")
    check_condition(rule.condition)
    if rule.trigger == Trigger.FESTIVAL and not (rule.condition or {}).get("festival"):
        raise RuleError(_l("Choose the festival."), "condition")
    _check_segment(session, rule)


def _check_segment(session: Any, rule: FollowUpRule) -> None:
    """An enabled rule goes by a segment that is in use; over any other it would fit nobody."""
    if rule.segment_id is None or not rule.enabled:
        return
    with session.no_autoflush:
        found = session.execute(access.ungated(sa.select(Segment.id).where(
            Segment.id == rule.segment_id, Segment.active, Segment.deleted_at.is_(None)))).first()
    if found is None:
        raise RuleError(_l("This segment is not in use."), "segment_id")


def check_condition(condition: Any) -> None:
    """Raises RuleError at `condition` where it names a field that customers do not have, or a value of no choice."""
    if condition in (None, {}):
        return
    if not isinstance(condition, dict):
        raise RuleError(_l("A condition names fields and their values."), "condition")
    about = {name: field for name, _column, field in fields(Customer)}
    for name, value in condition.items():
        if name in rules.OF_THE_TRIGGER:
            if name == "festival" and value not in calendar.FESTIVALS:
                raise RuleError(_l("There is no festival %(name)s.", name=value), "condition")
            if name != "festival" and (not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 10**6):
                raise RuleError(_l("%(name)s is a whole number from 1.", name=name), "condition")
            continue
        if name == rules.CLAUSES:
            found = segments.faults(value)
            if found:
                raise RuleError(next(iter(found.values())), "condition")
            continue
        if name not in about or about[name].private or about[name].kind not in _KINDS:
            raise RuleError(_l("Customers have no field %(name)s for a condition.", name=name), "condition")
        _check_values(about[name], value if isinstance(value, list) else [value])
    clash = contradictions(conditions.to_clauses(condition))
    if clash:
        raise RuleError(next(iter(clash.values())), "condition")


def _check_values(field: Any, values: list[Any]) -> None:
    for value in values:
        if field.choices is not None and value is not None and field.choices.find(value) is None:
            raise RuleError(_l("%(field)s has no value %(value)s.", field=field.label, value=value), "condition")
