"""The clauses of a form as one text, and on the merge page: two people changed who a rule or a segment is for.

The text is what the lines of the form say, as JSON: {"lines": [[field, operator, value], …], "words": {name: text}};
empty for no clauses. The merge page posts it back in place of the lines, and it is read like typed lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from admin_app.desk.merge import LONGEST, Difference
from admin_app.rules.segments.facts import FACTS
from admin_app.rules.segments.operators import BY_NAME

Typed = tuple[list[tuple[str, str, str]], dict[str, str]]  # lines, words of the trigger


def text_of(lines: Iterable[tuple[str, str, str]], words: Mapping[str, Any]) -> str:
    """Lines and words as one text, the same for the same clauses."""
    rows, named = [list(one) for one in lines], {name: str(one) for name, one in words.items() if one not in ("", None)}
    return json.dumps({"lines": rows, "words": named}, ensure_ascii=False, sort_keys=True) if rows or named else ""


def read(text: str) -> Typed:
    """Lines and words from such a text; ValueError for any other text."""
    if not text:
        return [], {}
    try:
        found = json.loads(text[:LONGEST])
        lines, words = found["lines"], found["words"]
        named = {str(name): str(one) for name, one in words.items()}
        return [(str(field), str(op), str(value)) for field, op, value in lines], named
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError("these are no clauses") from error


@dataclass(frozen=True)
class ClauseDifference(Difference):
    """The clauses of the merge page, all of them as one value."""

    words: Any = None  # name of a word of the trigger, text → a sentence

    @property
    def joined(self) -> str:
        return ""

    def shown(self, text: str) -> str:
        """The clauses in words."""
        try:
            lines, words = read(text)
        except ValueError:
            return ""
        said = [self.words(name, one) for name, one in words.items()]
        return _("; ").join([*said, *(_said(*line) for line in lines)])


def _said(field: str, op: str, value: str) -> str:
    fact, how = FACTS.get(field), BY_NAME.get(op)
    unit = f" {_('days')}" if how and how.takes == "days" else f" {fact.unit}" if (
        fact and how and how.takes == "count" and fact.unit) else ""
    return f"{fact.label if fact else field} {how.label if how else op} {value}{unit}".strip()
