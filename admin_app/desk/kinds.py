"""The kinds of fields (columns.py): how a stored value stands in a form control and how typed text is read.

A form and the merge page compare these texts: a control that still says what it said leaves the row untouched,
so a masked number and a time whose seconds are not shown are never overwritten by a save.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from wtforms.validators import Email, ValidationError

from admin_app import cleaning, clock
from admin_app.choices import Choice
from admin_app.cleaning import Cleaned
from admin_app.columns import Field
from admin_app.masking import masked

NOTE_LENGTH = 20_000
LARGEST = 2_147_483_647  # what an integer column of PostgreSQL holds


def typed(field: Field, value: Any) -> str:
    """The text of a form control for a stored value; "" for None. Private values stand masked."""
    if value is None:
        return ""
    if field.private:
        return masked(field.private, str(value))
    return SHOW.get(field.kind, str)(value)


def read(field: Field, column: sa.Column[Any], text: str) -> Cleaned[Any]:
    """What typed text means for a column. No value and no warning: empty. No value but a warning: refused."""
    text = text.replace("\r\n", "\n")
    if field.kind == "note":
        return cleaning.note(text.strip(" \t\n"), NOTE_LENGTH)
    reader = _whole(-LARGEST, LARGEST) if field.signed else READ.get(field.kind)
    if reader is not None:
        return reader(text)
    if field.kind == "choice":
        return _choice(field, text)
    return _line(text, getattr(column.type, "length", None))


def _line(text: str, length: int | None) -> Cleaned[str]:
    text = " ".join(text.split("\n")).strip()
    return cleaning.note(text, length)


def _choice(field: Field, text: str) -> Cleaned[Choice]:
    if not text.strip():
        return Cleaned()
    assert field.choices is not None
    found = field.choices.find(text.strip())
    return Cleaned(found) if found is not None else Cleaned(warnings=(_l("Choose one of the list."),))


def _moment(text: str) -> Cleaned[dt.datetime]:
    cleaned = cleaning.moment(text)
    if cleaned.value is None:
        return Cleaned(warnings=cleaned.warnings)
    return Cleaned(cleaned.value.replace(tzinfo=clock.zone()).astimezone(dt.UTC), warnings=cleaned.warnings)


def _whole(minimum: int | None, maximum: int) -> Callable[[str], Cleaned[Any]]:
    return lambda text: cleaning.whole(text, minimum=minimum, maximum=maximum)


def _number(text: str) -> Cleaned[Decimal]:
    cleaned = cleaning.number(text, minimum=-9_999_999_999, maximum=9_999_999_999)
    return Cleaned(None if cleaned.value is None else round(cleaned.value, 4), warnings=cleaned.warnings)


def _email(text: str) -> Cleaned[str]:
    text = cleaning.folded(text)
    if not text:
        return Cleaned()
    try:
        Email()(None, type("One", (), {"data": text, "gettext": lambda self, message: message})())
    except ValidationError:
        return Cleaned(warnings=(_l("This is not an e-mail address."),))
    return cleaning.note(text, 160)


def _id_number(text: str) -> Cleaned[str]:
    text = cleaning.folded(text).upper().replace(" ", "")
    if not text:
        return Cleaned()
    if len(text) > 30 or not text.replace("-", "").isalnum():
        return Cleaned(warnings=(_l("This is not an ID number."),))
    return Cleaned(text)


def _tags(text: str) -> Cleaned[list[str]]:
    for mark in ("，", "、", ";", "；", "\n"):
        text = text.replace(mark, ",")
    found = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if any("\x00" in part for part in found):
        return Cleaned(warnings=(_l("This text has a character that cannot be stored."),))
    if len(found) > 30 or any(len(part) > 40 for part in found):
        return Cleaned(warnings=(_l("At most 30 words of at most 40 characters each."),))
    return Cleaned(found or None)


def _yes(text: str) -> Cleaned[bool]:
    return Cleaned(text.strip().lower() not in ("", "0", "n", "no", "false"))


def _link(text: str) -> Cleaned[int]:
    text = text.strip()
    if not text:
        return Cleaned()
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > LARGEST:
        return Cleaned(warnings=(_l("Choose a record of the list."),))
    return Cleaned(int(text))


SHOW: dict[str, Callable[[Any], str]] = {
    "choice": lambda value: value.value if isinstance(value, Choice) else str(value),
    "day": lambda value: value.isoformat(),
    "moment": lambda value: clock.local(value).strftime("%Y-%m-%dT%H:%M"),
    "yes": lambda value: "y" if value else "",
    "tags": lambda value: "、".join(str(one) for one in value),
    "money": lambda value: f"{value:.2f}",
    "number": lambda value: f"{Decimal(value).normalize():f}",
    "data": lambda value: json.dumps(value, ensure_ascii=False),
    "phone": lambda value: value.removeprefix("+86"),
}

READ: dict[str, Callable[[str], Cleaned[Any]]] = {
    "phone": cleaning.phone, "vin": cleaning.vin, "plate": cleaning.plate, "email": _email, "id_number": _id_number,
    "day": cleaning.day, "moment": _moment, "whole": _whole(0, LARGEST), "percent": _whole(0, 100),
    "number": _number, "money": cleaning.money, "yes": _yes, "tags": _tags, "link": _link,
}
