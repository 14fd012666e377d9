"""Clauses as people type and read them: the text of a value's control, and a whole clause in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin_app import cleaning
from admin_app.rules.segments.clauses import Clause
from admin_app.rules.segments.facts import FACTS, Fact
from admin_app.rules.segments.operators import BY_NAME, Operator

BETWEEN = re.compile(r"[,，、;；\n]+")
NONE = _l("(empty)")
Names = Mapping[int, str]  # key → name of the people who may be meant


def read(field: str, operator: str, text: str, people: Names) -> tuple[list[Any], Any]:
    """(values, None) of what was typed for a clause, or ([], a sentence) where it cannot be read.

    A choice or a person is typed by its label or its code; several are set apart by commas or 、.
    """
    fact, how = FACTS.get(field), BY_NAME.get(operator)
    if fact is None or how is None or how.takes == "none":
        return [], None
    text = text.strip()
    parts = [text] if how.takes != "many" or _one(fact, how, text, people)[1] else BETWEEN.split(text)
    found: list[Any] = []
    for part in filter(None, (one.strip() for one in parts)):
        value, known = _one(fact, how, part, people)
        if not known:
            return [], _l("%(field)s has no value %(value)s.", field=fact.label, value=part[:40])
        if value not in found:
            found.append(value)
    return found, None


def _one(fact: Fact, how: Operator, text: str, people: Names) -> tuple[Any, bool]:
    """(value, whether there is such a one)."""
    if how.takes in ("days", "count") or fact.kind == "month":
        number = cleaning.whole(text.removesuffix("月"), minimum=0).value
        return number, number is not None
    if how.takes == "many" and text == str(NONE) and fact.kind in ("choice", "person", "text"):
        return None, True
    if fact.kind == "day":
        day = cleaning.day(text).value
        return (day.isoformat(), True) if day is not None else (None, False)
    if fact.kind == "person":
        key = next((key for key, name in people.items() if text in (name, str(key))), None)
        return key, key is not None
    if fact.choices is not None:
        one = next((one for one in fact.choices if text in (str(one.label), one.value)), None)
        return (one.value, True) if one is not None else (None, False)
    return text, bool(text)


def shown(clause: Clause, people: Names) -> str:
    """The values of a clause as its control says them."""
    fact = FACTS.get(str(clause.get("field")))
    return _("、").join(_label(fact, value, people) for value in clause.get("values") or [])


def _label(fact: Fact | None, value: Any, people: Names) -> str:
    if value is None:
        return str(NONE)
    if fact is not None and fact.choices is not None:
        member = fact.choices.find(value)
        return str(member.label) if member is not None else str(value)
    if fact is not None and fact.kind == "person":
        return people.get(value, str(value))
    return str(value)


def sentence(clause: Clause, people: Names) -> str:
    """A clause in words: "Stage is one of 意向、保有"."""
    fact, how = FACTS.get(str(clause.get("field"))), BY_NAME.get(str(clause.get("op")))
    if fact is None or how is None:
        return str(clause)[:120]
    unit = f" {_('days')}" if how.takes == "days" else f" {fact.unit}" if how.takes == "count" and fact.unit else ""
    said = f"{fact.label} {how.label} {shown(clause, people)}{unit}"
    return said.strip()
