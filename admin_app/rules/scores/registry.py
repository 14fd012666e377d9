"""The computed sources by name: what kind of figure each gives, and the sentence that explains it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from admin_app.rules.scores.measuring import Kind, Rows, Window

Describe = Callable[[Any, Window], Rows]


@dataclass(frozen=True)
class Source:
    """One computed source. `rows(session, window)` describes its rows.

    said: the explanation, with %(good)s and %(whole)s, which become links to those rows. needs_base: a count that
    is no data where there was nothing to count from. sampled: a question put to a sample, shown with its interval.
    """

    name: str
    kind: Kind
    said: Any
    rows: Describe
    needs_base: bool = False
    sampled: bool = False


SOURCES: dict[str, Source] = {}


def source(kind: Kind, said: Any, *, needs_base: bool = False, sampled: bool = False) -> Callable[[Describe], Describe]:
    """Register a function under its own name."""

    def keep(function: Describe) -> Describe:
        name = function.__name__
        SOURCES[name] = Source(name, kind, said, function, needs_base, sampled)
        return function

    return keep
