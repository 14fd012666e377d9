"""Segments 客户细分 (DOMAIN §2 and §3.1): a saved rule over the customer's fields and facts.

facts.py      what may be asked of a customer: own columns, tags, cars
operators.py  how it may be asked, in Python and in SQL
clauses.py    a list of clauses: checked, held against a customer, as criteria
typed.py      clauses as people type and read them
saved.py      the segment as a row: checked before it is saved, and what a follow-up rule asks of it

A clause is {"field": name, "op": name, "values": [...]}; all clauses of a list must hold.
"""

from __future__ import annotations

from admin_app.rules.segments.clauses import criteria, faults, holds, moves
from admin_app.rules.segments.saved import criteria_of, holds_of, moves_of, prepare, size

__all__ = ["criteria", "criteria_of", "faults", "holds", "holds_of", "moves", "moves_of", "prepare", "size"]
