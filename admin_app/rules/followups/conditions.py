"""The condition of a follow-up rule as clauses that a person edits, and back.

A condition keeps what a value or a list of values can say as {field: value}; the rest is under "clauses".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from admin_app.rules.followups import rules
from admin_app.rules.segments.clauses import Clause
from admin_app.rules.segments.facts import FACTS

Condition = dict[str, Any]


def to_clauses(condition: Condition | None) -> list[Clause]:
    """The clauses of a condition, as an editor shows them. What belongs to the trigger is left out."""
    found = [_clause(name, values) for name, values in rules.wanted(condition)]
    return found + list((condition or {}).get(rules.CLAUSES) or [])


def _clause(name: str, values: list[Any]) -> Clause:
    fact = FACTS.get(name)
    if fact is not None and fact.kind == "yes" and values in ([True], [False]):
        return {"field": name, "op": "yes" if values == [True] else "no", "values": []}
    plain = [getattr(value, "value", value) for value in values]
    if plain == [None]:
        return {"field": name, "op": "empty", "values": []}
    single = len(plain) == 1 and plain[0] is not None
    return {"field": name, "op": "equals" if single else "one_of", "values": plain}


def from_clauses(clauses: Sequence[Clause], words: Condition) -> Condition | None:
    """The condition of some clauses and of what belongs to the trigger; None where neither says anything."""
    plain: Condition = {}
    rest: list[Clause] = []
    for clause in clauses:
        value, fits = _value(clause)
        if fits and clause["field"] not in plain:
            plain[clause["field"]] = value
        else:
            rest.append(dict(clause))
    return (plain | words | ({rules.CLAUSES: rest} if rest else {})) or None


def _value(clause: Clause) -> tuple[Any, bool]:
    """(value of {field: value}, whether the clause can be said like this)."""
    fact, values = FACTS[clause["field"]], list(clause.get("values") or [])
    if fact.table != "customer" or fact.kind not in ("choice", "text", "person", "yes"):
        return None, False
    if clause["op"] in ("yes", "no"):
        return clause["op"] == "yes", True
    if clause["op"] == "empty":
        return None, fact.kind != "text"
    if clause["op"] == "equals":
        return values[0], True
    return values, clause["op"] == "one_of" and not (fact.kind == "text" and None in values)
