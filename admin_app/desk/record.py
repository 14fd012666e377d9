"""The change record in words: which table, which field, before and after, as people read them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from markupsafe import Markup, escape

from admin_app import look
from admin_app.clock import local
from admin_app.columns import Field, fields
from admin_app.models import BY_TABLE

LANGUAGE_NAMES = {name: label for name, _tag, label in look.LANGUAGES}
MOST = 40  # fields of one entry that a page shows
SHORT = 3  # fields of one entry that a list shows
TABLE_COLUMNS = ("table", "source_table")  # text columns that name a table
HIDDEN = "•••"  # in place of what the reader of a log may not see


def _screens() -> dict[str, Any]:
    """What the screen of each table calls a record of it."""
    return {view.table: view.one for view in current_app.extensions["admin"][0]._views if hasattr(view, "table")}


def list_words(table: str) -> str:
    """The heading of a table's list."""
    return next((str(view.many) for view in current_app.extensions["admin"][0]._views
                 if getattr(view, "table", "") == table), table)


def tables() -> list[tuple[str, str]]:
    """(code name, what its screen calls a record) of every table with a screen."""
    return [(table, str(one)) for table, one in _screens().items()]


def table_words(table: str | None) -> str:
    """A table as its screen calls a record of it; its code name where it has no screen."""
    return str(_screens().get(table or "", table or ""))


def field_words(table: str | None, name: str | None) -> str:
    """A field as the screens of its table label it; its code name where it has none."""
    model = BY_TABLE.get(table or "")
    about = {key: field for key, _column, field in fields(model)} if model is not None else {}
    return str(about[name].label) if name in about else name or ""


def value_words(field: Field | None, value: Any) -> str:
    """A logged value (masked already) in words; "empty" for None."""
    if value == HIDDEN:
        return HIDDEN
    if value in (None, "", []):
        return str(_("empty"))
    if field is None:
        return str(value)[:120]
    if field.choices is not None:
        found = field.choices.find(str(value))
        return str(found.label) if found is not None else str(value)
    if isinstance(value, str) and value in LANGUAGE_NAMES:
        return LANGUAGE_NAMES[value]
    if field.kind == "yes":
        return str(_("Yes") if value else _("No"))
    if field.kind == "moment":
        return _moment(str(value))
    if field.kind == "link":
        return f"#{value}"
    if field.kind == "tags" and isinstance(value, list):
        return _(", ").join(str(one) for one in value)
    return str(value)[:120]


def _moment(text: str) -> str:
    try:
        return local(dt.datetime.fromisoformat(text)).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return text[:40]


def changes(table: str | None, logged: Any, most: int = MOST, shown: bool = True) -> Markup:
    """Before and after of an entry, field by field; "+2" counts what a short form leaves out. shown: the values too."""
    if not shown:
        logged = {name: [HIDDEN, HIDDEN] for name in logged} if isinstance(logged, dict) else HIDDEN
    if not isinstance(logged, dict):
        return escape("" if logged is None else str(logged)[:400])
    model = BY_TABLE.get(table or "")
    about = {name: field for name, _column, field in fields(model)} if model is not None else {}
    lines = [_line(about.get(name), name, pair) for name, pair in list(logged.items())[:most]]
    left = len(logged) - len(lines)
    more = Markup(' <span class="muted">+{}</span>').format(left) if left > 0 else Markup("")
    return Markup(_("; ")).join(lines) + more


def _line(field: Field | None, name: str, pair: Any) -> Markup:
    label = field.label if field is not None else name
    before, after = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
    said: Any = value_words(field, after)
    if before not in (None, "", []):
        said = Markup('<span class="muted">{}</span> → {}').format(value_words(field, before), said)
    return Markup(_("%(field)s: %(value)s")) % {"field": label, "value": said}
