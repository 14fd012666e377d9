"""Cells to column values: one reader for each kind of field (columns.py), and what stores call the choices.

Readers return a `Cleaned`; the caller notes its warnings and leaves a cell without value blank.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import has_app_context
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from admin_app import cleaning, clock
from admin_app.choices import Choice
from admin_app.cleaning import Cleaned
from admin_app.columns import Field, fields
from admin_app.importing.choice_names import ALIASES, HINTS, SUFFIXES
from admin_app.importing.context import Context
from admin_app.importing.headers import LOCALES
from admin_app.ledgers import Row

NOTE_LENGTH = 20_000
LARGEST = 2_147_483_647
#: Kinds of field whose header may say that its figures are ten thousands.
SCALED = ("whole", "number", "money")
#: Ways of writing a day that are kept in memory.
MOST_DAYS = 20_000


def options(members: type[Choice]) -> dict[str, Choice]:
    """Every name of the members of a choice (through `cleaning.key`): value, labels in all languages, aliases."""
    found: dict[str, Choice] = {}
    for member in members:
        found[cleaning.key(member.value)] = member
    for locale in LOCALES if has_app_context() else ():
        with force_locale(locale):
            for member in members:
                found.setdefault(cleaning.key(str(member.label)), member)
                found.setdefault(cleaning.key(re.split("[:：]", str(member.label))[0]), member)
    for member, aliases in ALIASES.get(members, {}).items():
        for alias in aliases.split():
            found.setdefault(cleaning.key(alias), member)
    return found


def hinted(members: type[Choice], cell: Any) -> Choice | None:
    """The member that a word within the cell tells of; None where none does."""
    text = cleaning.key(cell)
    return next((member for member, hint in HINTS.get(members, ()) if hint.search(text)), None)


class Reader:
    """The readers of one import; choices are looked up once for each way in which they are written."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.zone: ZoneInfo = clock.zone()
        self._options: dict[type[Choice], dict[str, Choice]] = {}
        self._days: dict[Any, Cleaned[dt.date]] = {}
        self._chosen: dict[tuple[type[Choice], str], Cleaned[Choice]] = {}

    def read(self, row: Row, field: str, about: Field, column: sa.Column[Any]) -> Any:
        """The value of a field in a row; None where the cell is blank or was left blank with a warning."""
        cell = row[field]
        if cell is None or cell == "" or (about.private and _is_mask(cell)):
            return None
        cleaned = self.clean(about, column, cell)
        if about.kind in SCALED and cleaned.value and in_ten_thousands(row.title(field), cell):
            cleaned = self.clean(about, column, f"{cleaning.as_text(cell).strip()}万")
        for warning in cleaned.warnings:
            self.context.warn(row, field, warning)
        return cleaned.value

    def clean(self, about: Field, column: sa.Column[Any], cell: Any) -> Cleaned[Any]:
        """What a cell means for a column; links are people of the staff, as `Person`."""
        if about.kind == "choice" and about.choices is not None:
            return self.choice(about.choices, cell)
        if about.kind == "link":
            return Cleaned(self.context.person(cell))
        if about.kind == "moment":
            return self.moment(cell)
        if about.kind == "day":
            return self.day(cell)
        if about.kind == "yes":
            return self.yes_no(cell)
        reader = READERS.get(about.kind)
        if reader is not None:
            return reader(cell)
        return cleaning.words(cell, getattr(column.type, "length", None))

    def choice(self, members: type[Choice], cell: Any) -> Cleaned[Any]:
        """A member of a choice by any of its names."""
        at = (members, cleaning.as_text(cell))
        found = self._chosen.get(at)
        if found is None:
            if members not in self._options:
                self._options[members] = options(members)
            found = self._said(members, at[1]) or self._named(members, cell)
            if len(self._chosen) < MOST_DAYS:
                self._chosen[at] = found
        if found.value is None and not cleaning.is_nothing(cell):
            self.context.report.unknown_values[members.__name__, at[1][:60]] += 1
        return found

    def _named(self, members: type[Choice], cell: Any) -> Cleaned[Choice]:
        """A member by its names, else by a word within the cell that leaves no doubt."""
        found = cleaning.choice(cell, self._options[members], suffixes=SUFFIXES.get(members, ()))
        if found.value is None and found.warnings and (member := hinted(members, cell)):
            return Cleaned(member)
        return found

    def _said(self, members: type[Choice], word: str) -> Cleaned[Choice] | None:
        """What a person has said that this word means: a member, or nothing; None where nobody has said it."""
        told = self.context.values.get(members.__name__, {})
        return Cleaned(members.find(told[word])) if word in told else None

    def yes_no(self, cell: Any) -> Cleaned[bool]:
        """Yes or no; the day on which it was done (首保日期) is a yes, a day ahead is none."""
        cleaned = cleaning.yes_no(cell)
        if cleaned.value is None and (day := cleaning.day(cell).value):
            return Cleaned(True) if day <= self.context.today else Cleaned()
        return cleaned

    def day(self, cell: Any) -> Cleaned[dt.date]:
        """A day; the same days come again and again."""
        found = self._days.get(cell)
        if found is None:
            found = cleaning.day(cell)
            if len(self._days) < MOST_DAYS:
                self._days[cell] = found
        return found

    def moment(self, cell: Any, warnings: tuple[Any, ...] = ()) -> Cleaned[dt.datetime]:
        """A moment on the store's clock, as UTC."""
        cleaned = cleaning.moment(cell)
        warnings = (*warnings, *cleaned.warnings)
        if cleaned.value is None:
            return Cleaned(warnings=warnings)
        return Cleaned(cleaned.value.replace(tzinfo=self.zone).astimezone(dt.UTC), warnings=warnings)

    def moment_of(self, row: Row, field: str) -> Cleaned[dt.datetime]:
        """The moment of a field: “3月5日” is the latest such day; a second column may give the time of day."""
        cells = row.all(field)
        cell = next((one for one in cells if cleaning.moment(one).value), row[field])
        cleaned = cleaning.moment(cell)
        if cleaned.value is None and (found := cleaning.past_moment(cell, self.context.today)):
            cleaned = Cleaned(found, warnings=cleaned.warnings)
        if cleaned.value is None:
            return Cleaned(warnings=cleaned.warnings)
        if cleaned.value.time() == dt.time() and len(cells) > 1:
            times = (time for one in cells if (time := cleaning.time_of_day(one)))
            cleaned = Cleaned(
                dt.datetime.combine(cleaned.value, next(times, dt.time())), warnings=cleaned.warnings
            )
        return self.moment(cleaned.value, cleaned.warnings)

    def record(
        self, row: Row, about: Iterable[tuple[str, sa.Column[Any], Field]], prefix: str = ""
    ) -> dict[str, Any]:
        """Column → value of the given fields that this file brings; people stand as `Person`."""
        return {name: self.read(row, prefix + name, field, column) for name, column, field in about}


def brought(model: Any, row_fields: Iterable[str], leave: Iterable[str] = (), prefix: str = "") -> list[Any]:
    """(name, column, field) of the fields of a model that a file has columns for."""
    there = set(row_fields)
    return [
        (n, column, about) for n, column, about in fields(model) if prefix + n in there and n not in leave
    ]


def in_ten_thousands(title: str | None, cell: Any) -> bool:
    """Whether a header says 万 as the unit of a cell that is a bare figure: 里程(万公里), 预算（万元）."""
    unit = re.search(r"[(（\[/]\s*单?位?[:：]?\s*[万萬]", title or "")
    return bool(unit) and re.fullmatch(r"\s*\d+(?:\.\d+)?\s*", cleaning.as_text(cell)) is not None


def _is_mask(cell: Any) -> bool:
    return isinstance(cell, str) and "***" in cell


def _email(cell: Any) -> Cleaned[str]:
    if cleaning.is_nothing(cell):
        return Cleaned()
    text = cleaning.folded(cell)
    if len(text) > 160 or not re.fullmatch(r"[^@\s,;]+@[^@\s,;.]+(?:\.[^@\s,;.]+)+", text):
        return Cleaned(warnings=(_l("This is not an e-mail address."),))
    return Cleaned(text)


def _id_number(cell: Any) -> Cleaned[str]:
    if cleaning.is_nothing(cell):
        return Cleaned()
    text = cleaning.folded(cell).upper().replace(" ", "")
    if isinstance(cell, float) or len(text) > 30 or not text.replace("-", "").isalnum():
        return Cleaned(warnings=(_l("This is not an ID number."),))
    return Cleaned(text)


def _tags(cell: Any) -> Cleaned[list[str]]:
    if cleaning.is_nothing(cell):
        return Cleaned()
    parts = [part.strip() for part in re.split(r"[,，、;；\n|/]", cleaning.as_text(cell))]
    found = [part for part in dict.fromkeys(parts) if part]
    if any("\x00" in part or len(part) > 40 for part in found) or len(found) > 30:
        return Cleaned(warnings=(_l("At most 30 words of at most 40 characters each."),))
    return Cleaned(found or None)


def _percent(cell: Any) -> Cleaned[int]:
    return cleaning.whole(cell, minimum=0, maximum=100)


def _whole(cell: Any) -> Cleaned[int]:
    return cleaning.whole(cell, minimum=0, maximum=LARGEST)


def _number(cell: Any) -> Cleaned[Any]:
    return cleaning.number(cell, minimum=None, maximum=9_999_999_999)


def _note(cell: Any) -> Cleaned[str]:
    return cleaning.note(cell, NOTE_LENGTH)


READERS: dict[str, Callable[[Any], Cleaned[Any]]] = {
    "note": _note,
    "phone": cleaning.phone,
    "vin": cleaning.vin,
    "plate": cleaning.plate,
    "email": _email,
    "id_number": _id_number,
    "whole": _whole,
    "percent": _percent,
    "number": _number,
    "money": cleaning.money,
    "tags": _tags,
}
