"""A list of clauses, all of which must hold: checked, held against a customer in Python, and as criteria in SQL.

A list with a clause that nobody understands (a field or an operator that is gone) fits nobody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app.rules.segments.facts import FACTS, Fact
from admin_app.rules.segments.operators import BY_NAME, Operator

Clause = dict[str, Any]
MOST, MOST_VALUES, LONGEST = 20, 100, 120  # clauses a list, values a clause, characters a value (default)
FURTHEST = 36_600  # days
LARGEST = {"years": 150, "number": 2_000_000_000, "day": FURTHEST}


def holds(clauses: Sequence[Clause] | None, customer: Any, today: dt.date) -> bool:
    """Whether a loaded customer fits every clause on a day; no clauses fit everybody."""
    for clause in clauses or ():
        found = _known(clause)
        if found is None:
            return False
        fact, operator = found
        if not operator.test(fact.values(customer), given(fact, operator, clause), today):
            return False
    return True


def criteria(clauses: Sequence[Clause] | None, today: dt.date) -> list[Any]:
    """The same as SQL criteria on Customer."""
    parts: list[Any] = []
    for clause in clauses or ():
        found = _known(clause)
        if found is None:
            return [sa.false()]
        fact, operator = found
        parts.append(operator.where(fact, given(fact, operator, clause), today))
    return parts


def moves(clauses: Sequence[Clause] | None) -> bool:
    """Whether the list fits other customers from one day to the next without anybody changing anything."""
    return any(found is not None and found[1].moves for found in map(_known, clauses or ()))


def columns(clauses: Sequence[Clause] | None) -> list[str]:
    """The columns of the customer that the clauses look at; a fact of cars is named by its own name."""
    found = [FACTS[clause["field"]] for clause in clauses or () if _known(clause) is not None]
    return [fact.name if fact.table == "vehicle" else fact.column for fact in found]


def _known(clause: Any) -> tuple[Fact, Operator] | None:
    fact, operator = FACTS.get(clause.get("field", "")), BY_NAME.get(clause.get("op", ""))
    return (fact, operator) if fact is not None and operator is not None and fact.kind in operator.kinds else None


def given(fact: Fact, operator: Operator, clause: Clause) -> list[Any]:
    """The values of a clause as its operator compares them: days as days, the rest as it is stored."""
    values = list(clause.get("values") or [])
    return [dt.date.fromisoformat(one) for one in values] if fact.kind == "day" and operator.takes == "one" else values


# ---------------------------------------------------------------- checking


def faults(clauses: Any) -> dict[int, Any]:
    """Place of a clause → the sentence that says what is wrong with it; empty where the list may be saved."""
    if not isinstance(clauses, list):
        return {0: _l("A condition names fields and their values.")}
    if len(clauses) > MOST:
        return {MOST: _l("At most %(most)s conditions.", most=MOST)}
    found = {place: fault for place, clause in enumerate(clauses) if (fault := _fault(clause)) is not None}
    return found or contradictions(clauses)


def _fault(clause: Any) -> Any:
    if not isinstance(clause, dict) or not isinstance(clause.get("field"), str) or clause["field"] not in FACTS:
        name = clause.get("field") if isinstance(clause, dict) else clause
        return _l("Customers have no field %(name)s for a condition.", name=str(name)[:40])
    fact, operator = FACTS[clause["field"]], BY_NAME.get(str(clause.get("op")))
    if operator is None or fact.kind not in operator.kinds:
        return _l("%(field)s cannot be asked like this; choose how.", field=fact.label)
    values = clause.get("values") or []
    if not isinstance(values, list) or len(values) > MOST_VALUES:
        return _l("At most %(most)s values.", most=MOST_VALUES)
    if operator.takes == "none":
        return None if not values else _l("%(field)s takes no value here.", field=fact.label)
    if not values or (operator.takes != "many" and len(values) != 1):
        return _l("Say a value for %(field)s.", field=fact.label)
    wrong = [value for value in values if not _fits(fact, operator, value)]
    return _l("%(field)s has no value %(value)s.", field=fact.label, value=str(wrong[0])[:40]) if wrong else None


def _fits(fact: Fact, operator: Operator, value: Any) -> bool:
    if value is None:
        return fact.kind in ("choice", "person", "text") and operator.takes == "many"
    if operator.takes in ("days", "count") or fact.kind in ("person", "month"):
        most = 12 if fact.kind == "month" else LARGEST.get(fact.kind, 2_000_000_000)
        return isinstance(value, int) and not isinstance(value, bool) and (fact.kind == "month") <= value <= most
    if not isinstance(value, str):
        return False
    if fact.kind == "day":
        return _is_day(value)
    if fact.choices is not None:
        return fact.choices.find(value) is not None
    return 0 < len(value) <= LONGEST and "\x00" not in value


def _is_day(text: str) -> bool:
    try:
        return 1900 <= dt.date.fromisoformat(text).year <= 2200
    except ValueError:
        return False


# ---------------------------------------------------------------- clauses that no customer can fit together


def contradictions(clauses: list[Clause]) -> dict[int, Any]:
    """The clauses that no customer can fit together with an earlier one on the same field, each with a sentence."""
    found: dict[int, Any] = {}
    for place, clause in enumerate(clauses):
        before = [one for one in clauses[:place] if one["field"] == clause["field"] and clause["field"] in FACTS]
        if any(_exclude(one, clause) for one in before):
            found[place] = _l("Nobody can fit this together with the condition on %(field)s above.",
                              field=FACTS[clause["field"]].label)
    return found


def _exclude(one: Clause, other: Clause) -> bool:
    ops = {one["op"], other["op"]}
    if ops in ({"yes", "no"}, {"empty", "filled"}):
        return True
    if "empty" in ops and not _takes_none(one if other["op"] == "empty" else other):
        return True
    fact = FACTS[one["field"]]
    if fact.table == "vehicle" or fact.kind == "tags":
        return False  # a customer may have several
    first, second = (_allowed(fact, clause) for clause in (one, other))
    if first is None or second is None:
        return False
    (takes, wanted), (takes_too, wanted_too) = first, second
    if takes and takes_too:
        return not wanted & wanted_too
    if takes != takes_too:
        return (wanted <= wanted_too) if takes else (wanted_too <= wanted)
    return False


def _takes_none(clause: Clause) -> bool:
    """Whether a clause can hold where nothing is known."""
    if clause["op"] == "not":
        return None not in clause["values"]
    return clause["op"] in ("empty", "no") or None in (clause.get("values") or [])


def _allowed(fact: Fact, clause: Clause) -> tuple[bool, set[Any]] | None:
    """(True, the only values that fit) or (False, those that do not); None for other operators."""
    if clause["op"] in ("equals", "one_of"):
        return True, set(clause["values"])
    return (False, set(clause["values"])) if clause["op"] == "not" else None
