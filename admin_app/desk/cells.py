"""How a stored value is shown: as a cell of a list or a details page (HTML), and as plain text in an export."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

from flask import request
from flask_babel import gettext as _
from markupsafe import Markup, escape

from admin_app import look, words
from admin_app.choices import Choice, Grade, Tier
from admin_app.columns import Field
from admin_app.masking import masked

OWED = {"next_contact_on", "due_on", "recall_due_on"}
SHORT = 6  # cells that a tablet shows
LONG = 60  # characters of a note that a list shows
STATES = {"state", "stage", "result"}  # choices shown as a dot and a word; the others are badges


def plain(field: Field, value: Any, linked: Any = None) -> str:
    """A value as text: private ones masked, choices by their label, links by the name of their record."""
    if value is None:
        return ""
    if field.private:
        return masked(field.private, str(value))
    if field.kind == "link":
        return str(linked) if linked is not None else ""
    if isinstance(value, Choice):
        return str(value.label)
    if field.kind == "yes":
        return _("Yes") if value else _("No")
    if isinstance(value, dt.datetime):
        return words.moment(value)
    if isinstance(value, Decimal):
        return f"{value:,.2f}" if field.kind == "money" else f"{value.normalize():f}"
    if field.kind == "tags":
        return _(", ").join(str(one) for one in value)
    if field.kind == "data":
        return json.dumps(value, ensure_ascii=False)
    return str(value).removeprefix("+86") if field.kind == "phone" else str(value)


def _unit(field: Field, text: str) -> str:
    unit = str(field.unit or "")
    if field.kind == "whole" and unit and text.isdigit():
        text = f"{int(text):,}"
    return text + unit if unit in ("", "%") else f"{text} {unit}"


def _choice(field: Field, name: str, value: Any) -> Markup:
    if isinstance(value, Grade):
        return look.grade(value)
    if isinstance(value, Tier):
        return look.tier(value)
    return look.state(value) if name in STATES else look.badge(value)


def short_choice(name: str, value: Any) -> Markup:
    """A choice as a list prints it in each row: a grade and a tier by their letter, the others as everywhere."""
    if isinstance(value, Grade):
        return Markup('<b class="grade-{}">{}</b>').format(value.value.lower(), value.value)
    if isinstance(value, Tier):
        return Markup('<b class="tiers-{}">{}</b>').format(value.value.lower(), value.value)
    if name in STATES:
        return Markup('<i class="state-{}">{}</i>').format(value.colour if isinstance(value, Choice) else "quiet",
                                                           look.label_of(value))
    return look.badge(value)


def _tags(value: Any) -> Markup:
    return Markup(" ").join(look.badge(str(one)) for one in value)


def _data(value: Any) -> Markup:
    text = json.dumps(value, ensure_ascii=False)
    return Markup('<span class="cell-text" title="{}">{}</span>').format(text[:400], text[:LONG])


def _empty() -> Markup:
    return Markup('<span class="muted" aria-hidden="true">–</span>')


def _tick() -> Markup:
    return look.icon("check", "sm") + Markup('<span class="sr-only">{}</span>').format(_("Yes"))


def link_address(field: Field, value: Any) -> str:
    """Address of the record a link names, or "" for tables without a page of their own."""
    return f"{request.script_root}/admin/{field.target}/details/?id={value}"


def in_list(field: Field, name: str, value: Any, linked: Any) -> Markup:
    """A cell of a list, without a reveal button (the caller adds it)."""
    if value is None or value == "" or value == []:
        return _empty()
    if field.kind == "choice":
        return _choice(field, name, value)
    if field.kind == "yes":
        return _tick() if value else _empty()
    if field.kind == "moment":
        return words.ago(value)
    if field.kind == "tags":
        return _tags(value)
    if field.kind == "data":
        return _data(value)
    text = plain(field, value, linked)
    if field.kind == "note" or len(text) > LONG:
        return Markup('<span class="cell-text" title="{}">{}</span>').format(text[:400], text[:200])
    return escape(_unit(field, text)) if field.kind in ("whole", "percent", "number", "money") else escape(text)


def in_details(field: Field, name: str, value: Any, linked: Any) -> Markup:
    """A value of a details page: links lead to their record, notes keep their lines."""
    if value is None or value == "" or value == []:
        return Markup('<span class="muted">{}</span>').format(_("not set"))
    if field.kind == "choice":
        shown = _choice(field, name, value)
        return shown + Markup(" ") + escape(look.label_of(value)) if isinstance(value, Grade) else shown
    if field.kind == "link":
        if linked is None:
            return Markup('<span class="muted">{}</span>').format(_("not visible to you"))
        return Markup('<a href="{}">{}</a>').format(link_address(field, value), linked)
    if field.kind == "tags":
        return _tags(value)
    if field.kind == "data":
        return Markup("<code>{}</code>").format(json.dumps(value, ensure_ascii=False, indent=1)[:4000])
    return escape(_unit(field, plain(field, value)))


NUMERIC = {"whole", "number", "money", "percent"}


def rule(field: Field, name: str, cell: str, label: str) -> tuple[str, str]:
    """(style on every screen, style on a phone) of a column whose cells `cell` selects: numbers to the right; a phone
    leaves some out, shows others beside the title, and names the rest by their label, a string of CSS."""
    wide = f"{cell}{{text-align:right}}" if field.kind in NUMERIC else ""
    named = f'{cell}::before{{content:"{label}"}}'
    if name == "grade":
        return wide, f"{cell}{{order:0;flex:none;font-size:inherit}}"
    if field.kind in ("percent", "data"):
        return wide, f"{cell}{{display:none!important}}"
    if field.kind in ("note", "vin") or (field.private and field.kind == "phone"):
        return wide, f"{named}{cell}{{flex-basis:100%}}"
    return wide, named
