"""Which tables a statement asks, so that the gate (access.py) adds the criteria of those and of no others."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Load
from sqlalchemy.sql import visitors

from admin_app.actors import GateCriterion

# How a relation is loaded by a statement of its own, which passes the gate as every other.
BY_ITSELF = {"select", "selectin", "immediate", "raise", "raise_on_sql"}


def tables_in(statement: Any) -> set[str] | None:
    """The tables that a statement names, subqueries included; None where that cannot be said for sure.

    Every criterion costs time on every statement and its place among those that are kept compiled, so only those that
    can matter are added. A join along a relation and some loader options name their tables only when the statement is
    compiled: then all of them are added.
    """
    if not isinstance(statement, sa.Select):
        return None
    named: set[str] = set()
    for node in visitors.iterate(statement):
        if isinstance(node, sa.Select):
            loaded = [_loaded(option) for option in node._with_options]
            if node._memoized_select_entities or None in loaded:
                return None
            named.update(*loaded)  # type: ignore[arg-type]
            joined: Any
            for joined, _on, _left, _flags in node._setup_joins:
                table = joined.element if isinstance(joined, sa.Alias) else joined
                if not isinstance(table, sa.Table):
                    return None
                named.add(table.name)
        elif isinstance(node, sa.Table):
            named.add(node.name)
        else:
            table = getattr(node, "table", None)
            if isinstance(table, sa.Table):
                named.add(table.name)
    return named


def _loaded(option: Any) -> set[str] | None:
    """The tables that a loader option leads to; None where that cannot be said. What it loads by a statement of its
    own has the criteria of the first one as well: they hold whoever acts when the rows are fetched.

    RuntimeError for joinedload: SQLAlchemy gives the rows that it joins no criteria.
    """
    if isinstance(option, GateCriterion):
        return set()
    parts: list[Any] = list(option.context) if isinstance(option, Load) else [option]
    ways = [dict(getattr(part, "strategy", None) or ()) for part in parts]
    if any(way.get("lazy") == "joined" and "eager_from_alias" not in getattr(part, "local_opts", {})
           for part, way in zip(parts, ways, strict=True)):
        raise RuntimeError("the gate: relations are loaded by selectinload")
    if not isinstance(option, Load) or any(map(_says_more, parts, ways)):
        return None
    steps = [step for part in parts for step in part.path.path]
    tables = [table for step in steps for table in (
        *getattr(getattr(step, "mapper", None), "tables", ()), getattr(step, "secondary", None))]
    return {table.name for table in tables if isinstance(table, sa.Table)}


def _says_more(part: Any, way: dict[str, Any]) -> bool:
    """Whether a part of a loader option may bring in tables that its path does not name."""
    anything = "lazy" in way and any(isinstance(step, str) for step in part.path.path)  # every relation: "*"
    return bool(way.get("lazy", "select") not in BY_ITSELF or anything or part._extra_criteria or
                "query_expression" in way)
