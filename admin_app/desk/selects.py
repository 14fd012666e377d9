"""What a select may offer: fixed words, or a table that stays small. What grows with the work is looked up while typing
(a plain select over 300,000 rows took 20 s and 12 MB a page, over 200 staff 415 ms a list).

The declared selects are held against the screens when the desk starts under test, and by `flask check`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import wtforms
from flask import Flask
from flask_babel import gettext as _
from wtforms.fields.choices import SelectFieldBase
from wtforms.fields.core import UnboundField

from admin_app import scope
from admin_app.database import db
from admin_app.desk import fields as desk_fields
from admin_app.desk.fields import MOST_OPTIONS, DeskField, is_select
from admin_app.errors import RuleError
from admin_app.models import BY_TABLE

# Names that stand in a select of people; where more may be chosen they are looked up (default).
MOST_PEOPLE = 40
# Where the options of a select in a template come from.
WORDS, PEOPLE = "fixed words", "people, at most MOST_PEOPLE"
HAND_MADE: dict[str, dict[str, str]] = {
    "campaign.html": {"state": WORDS, "feedback": WORDS},
    "complaint.html": {"": WORDS},
    "customer_consent.html": {"source": WORDS},
    "desk/toolbar.html": {"filter-pick": WORDS, "arg": "filters, which are checked one by one"},
    "import/columns.html": {"sheet": WORDS, "template_id": "import_template", "field-": WORDS, "word|": WORDS},
    "import/upload.html": {"store": "store"},
    "macros.html": {"name": PEOPLE},
    "visit/fields.html": {"name": WORDS},
    "visit_plan.html": {"channel": WORDS},
    "rules/clauses.html": {"clause_field": WORDS, "clause_op": WORDS},
    "rules/rule_form.html": {"trigger": WORDS, "condition_": WORDS},
}
# What everything that grows hangs on, and what grows by itself.
ROOTS = frozenset({"customer", "campaign", "score"})
BY_THEMSELVES = frozenset({"user", "import_job", "second_person_request"}) | scope.INTERNAL

_TAG = re.compile(r"<select\b(?:[^>{]|\{\{.*?\}\}|\{%.*?%\})*>")
_NAMES = re.compile(r'\b(name|id)="(?:\{\{ *)?([^"{ }]*)')


def growing() -> set[str]:
    """The tables that grow with the work: customers, people, logs, and all that points at a customer on any road."""
    found = set(ROOTS)
    while more := {table.name for table in db.metadata.sorted_tables
                   if any(key.column.table.name in found for key in table.foreign_keys)} - found:
        found |= more
    return found | BY_THEMSELVES


def few_people(statement: Any) -> list[Any] | None:
    """The rows (id, name, …) of a statement over people where they fit into a select; None where one looks them up."""
    rows = list(db.session.execute(statement.limit(MOST_PEOPLE + 1)))
    return rows if len(rows) <= MOST_PEOPLE else None


# ---------------------------------------------------------------- held against the screens


def check_at_start(app: Flask) -> None:
    """Refuse to start with a select over what grows. Raises RuleError naming every one."""
    found = faults(app)
    if found:
        raise RuleError("; ".join(found))


def faults(app: Flask) -> list[str]:
    """A sentence for every select, of a form, a filter or a template, whose options could grow."""
    big = growing()
    found = [f"desk/fields.py calls {table} small, but it grows with the work"
             for table in sorted(desk_fields.SMALL & big)]
    for view in screens(app):
        for made in (view._create_form_class, view._edit_form_class):
            found += form_faults(made, f"the form of {view.table}", big)
        found += [f"the filter {one.key} of {view.table} is a select over {one.field.target}"
                  for one in view._filters if one.field.kind == "link" and is_select(one.field.target)
                  and one.field.target in big]
    for made in _hand_made_forms():
        found += form_faults(made, made.__name__, big)
    found += template_faults(Path(app.root_path) / str(app.template_folder), big)
    return sorted(set(found))


def screens(app: Flask) -> list[Any]:
    """The generated screens."""
    return [view for view in app.extensions["admin"][0]._views if hasattr(view, "table")]


def form_faults(made: type[Any], where: str, big: set[str]) -> Iterator[str]:
    """The selects of a form class whose options could grow."""
    for name in dir(made):
        field = getattr(made, name, None)
        if not isinstance(field, UnboundField):
            continue
        if issubclass(field.field_class, DeskField):
            about = field.kwargs.get("about") or field.args[1]
            if about.kind == "link" and is_select(about.target) and about.target in big:
                yield f"{where}: {name} is a select over {about.target}"
        elif _offers_choices(field.field_class) and not _fixed(field):
            yield f"{where}: the options of {name} are not fixed; look them up"


def _offers_choices(kind: type[Any]) -> bool:
    """Whether a field is a select, WTForms' own or one of Flask-Admin over a table."""
    return issubclass(kind, SelectFieldBase) or "Select" in kind.__name__


def _fixed(field: UnboundField[Any]) -> bool:
    """Whether its options were written down with it, and are few."""
    choices = field.kwargs.get("choices")
    return isinstance(choices, list | tuple | dict) and len(choices) <= MOST_OPTIONS


def _hand_made_forms() -> list[type[Any]]:
    """Every form class of the program that no table made."""
    found, waiting = [], list(wtforms.Form.__subclasses__())
    while waiting:
        made = waiting.pop()
        waiting += made.__subclasses__()
        if made.__module__.startswith("admin_app.") and made.__module__ != "admin_app.desk.forms":
            found.append(made)
    return found


def template_faults(folder: Path, big: set[str]) -> Iterator[str]:
    """The selects of templates that HAND_MADE does not name, and those that it names over what grows."""
    for path in sorted(folder.rglob("*.html")):
        template = path.relative_to(folder).as_posix()
        for name in selects_in(path.read_text(encoding="utf-8")):
            source = HAND_MADE.get(template, {}).get(name)
            if source is None:
                yield f"{template}: a select {name or 'without a name'} that desk/selects.py does not know"
            elif source in big:
                yield f"{template}: the select {name} offers {source}, which grows with the work"


def selects_in(text: str) -> Iterable[str]:
    """The names of the selects of a template, as far as they are written down; "" where they are not."""
    for tag in _TAG.findall(text):
        names = dict(_NAMES.findall(tag))
        yield names.get("name") or names.get("id") or ""


def sizes() -> str:
    """The largest of the small tables, as a line. Raises RuleError where one has outgrown its select."""
    counted = {table: db.session.scalar(sa.select(sa.func.count(BY_TABLE[table].id))) or 0
               for table in sorted(desk_fields.SMALL)}
    over = [f"{table}: {count}" for table, count in counted.items() if count > MOST_OPTIONS]
    if over:
        raise RuleError(_("More rows than a select offers (%(most)s): %(tables)s", most=MOST_OPTIONS,
                          tables=", ".join(over)))
    return max((f"{table} {count}" for table, count in counted.items()), key=lambda one: int(one.split()[1]))
