"""A first look into a file: its sheets, where the header stands, what each column is taken for, what stands in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as part
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin_app import cleaning, look
from admin_app import models as m
from admin_app.choices import Choice
from admin_app.cleaning import as_text
from admin_app.columns import Field
from admin_app.desk.cells import plain
from admin_app.importing.context import Context, Person
from admin_app.importing.headers import KINDS, names_for
from admin_app.importing.values import Reader
from admin_app.ledgers import Plan, Row, open_ledger
from admin_app.ledgers.files import Source
from admin_app.masking import masked

#: Rows that are looked through for examples and for words that nobody knows; the trial run looks through all.
ROWS = 3_000
EXAMPLES = 3
MOST_WORDS = 60
# What may be a phone, an ID number, a VIN or a plate with its province. A day and a time are none of these.
NUMBERS = re.compile(
    r"(?:\+?86[\s\-]?)?1[3-9](?:[\s\-.]?\d){5,}[\dXx]?|0\d{2,3}[\s\-]?\d{6,8}|\d{9,}[\dXx]?"
    r"|(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{12,}|[\u4e00-\u9fff][A-Za-z]\W?[A-Za-z0-9]{5,6}")
# Fields that an importer reads by itself and that are no column of the table.
OWN_LABELS = {"satisfied": _l("Satisfied in the callback"), "finished_at": _l("Finished"),
              "name": _l("Customer's name"), "phone": _l("Customer's phone"), "campaign": _l("Campaign"),
              "customer_name": _l("Company"), "customer_phone": _l("Company's phone"),
              "id": _l("Key of an export (id)")}


@dataclass
class Column:
    """A column of the file: its header, the field it is taken for ("" for none), examples, and what becomes of them."""

    title: str
    field: str
    examples: list[str] = part(default_factory=list)
    results: list[str] = part(default_factory=list)
    doubts: int = 0

    @property
    def state(self) -> str:
        """"known", "ask" where cells could not be used, or "left" for a column that is not read."""
        return "left" if not self.field else "ask" if self.doubts else "known"


@dataclass
class Look:
    """What a first look finds. words: (choice name or "staff", label) → word → how often, of those nobody knows."""

    sheets: tuple[str, ...] = ()
    read_sheets: int = 1
    header_row: int = 0
    columns: list[Column] = part(default_factory=list)
    rows: int = 0
    more: bool = False
    missing: list[str] = part(default_factory=list)
    words: dict[str, dict[str, int]] = part(default_factory=dict)

    @property
    def known(self) -> int:
        return sum(bool(column.field) for column in self.columns)

    @property
    def asked(self) -> int:
        return sum(column.state == "ask" for column in self.columns)


def look_into(context: Context, kind: str, source: Source, plan: Plan, required: Any) -> Look:
    """Look into a file of a kind. RuleError for a file that cannot be read or has no header row."""
    plan = Plan(plan.sheet, plan.header_row, plan.columns, lenient=True)
    with open_ledger(source, names_for(kind), plan=plan) as ledger:
        back = {title: name for name, title in ledger.fields.items()}
        found = Look(ledger.sheets, ledger.read_sheets, ledger.header.number)
        found.columns = [Column(title, _base(back.get(title, ""))) for title in ledger.header.titles if title]
        found.missing = [" / ".join(field_label(kind, name) for name in any_of if name != "id")
                         for any_of in required if not any(name in ledger.fields for name in any_of)]
        reader = Reader(context)
        for row in ledger.rows():
            if found.rows == ROWS:
                found.more = True
                break
            found.rows += 1
            _note(found, kind, reader, row)
    found.words = _words(context)
    return found


def _base(name: str) -> str:
    """The field behind “phone 2”."""
    return name.rsplit(" ", 1)[0] if name.rsplit(" ", 1)[-1].isdigit() else name


def _note(found: Look, kind: str, reader: Reader, row: Row) -> None:
    for column in found.columns:
        cell = row.cells.get(column.title)
        text = as_text(cell).strip()
        if not text or (len(column.examples) >= EXAMPLES and not column.field):
            continue
        about = about_field(kind, column.field)
        shown, usable = _result(reader, column.field, about, cell)
        column.doubts += not usable
        example = _example(about, text)
        if len(column.examples) < EXAMPLES and example not in column.examples:
            column.examples.append(example)
            if shown and shown not in column.results:
                column.results.append(shown)


def _result(reader: Reader, name: str, about: Any, cell: Any) -> tuple[str, bool]:
    """What becomes of a cell, as it will be shown, and whether it could be used."""
    if name in ("name", "customer_name"):
        cleaned = cleaning.name(cell)
        return cleaned.value or "", cleaned.value is not None
    if about is None:
        return ("", True) if not name else (as_text(cell)[:40], True)
    field_, column = about
    if field_.kind == "day" and column.key == "birthday":
        birthday = cleaning.birthday(cell, reader.context.today)
        text = birthday.value.date.isoformat() if birthday.value and birthday.value.date else ""
        return text, bool(text) or not birthday.warnings
    cleaned = reader.clean(field_, column, cell)
    value = cleaned.value
    if isinstance(value, Person):
        return (value.name if value.id is not None else ""), value.id is not None or not value.text
    if value is None:
        return "", not cleaned.warnings
    if field_.private:
        return masked(field_.private, str(value)), True
    return (look.label_of(value) if isinstance(value, Choice) else plain(field_, value, None))[:60], True


def _example(about: Any, text: str) -> str:
    """A cell as an example: private ones with their middle hidden, written as they stand in the file."""
    if about and about[0].kind in ("day", "moment"):
        return text[:40]
    return _middle(text)[:40] if about and about[0].private else veiled(text)[:40]


def _middle(text: str) -> str:
    """A phone, VIN or plate as it stands, but only the first three and last four of its letters and digits readable."""
    signs = [at for at, sign in enumerate(text) if sign.isascii() and sign.isalnum()]
    ahead = 5 if text.startswith("+86") else 3 if len(signs) > 7 else 0
    hidden = set(signs[ahead:-4])
    return "".join("*" if at in hidden else sign for at, sign in enumerate(text))


def veiled(text: str) -> str:
    """A cell of an unknown column, with the middle hidden of what may be a phone, a VIN, a plate or an ID number."""
    return NUMBERS.sub(lambda found: masked("tail", found.group()), text)


def _words(context: Context) -> dict[str, dict[str, int]]:
    """The words of choices, and the names of staff, that nobody knows: most frequent first."""
    found: dict[str, dict[str, int]] = {}
    for (choice, word), number in context.report.unknown_values.most_common(MOST_WORDS):
        found.setdefault(choice, {})[word] = number
    staff = dict(context.report.unknown_staff.most_common(MOST_WORDS))
    if staff:
        found["staff"] = staff
    return found


# ---------------------------------------------------------------- fields


def about_field(kind: str, name: str) -> tuple[Field, Any] | None:
    """(Field, column) of a field that a ledger brings; None for those that an importer reads by itself."""
    model = KINDS[kind][0]
    if name.startswith("vehicle."):
        model, name = m.Vehicle, name.removeprefix("vehicle.")
    elif name in ("phone", "phone2"):
        model = m.Customer
    column = model.__table__.c.get(name)
    return None if column is None or "field" not in column.info else (column.info["field"], column)


def field_label(kind: str, name: str) -> str:
    """A field in words: “Vehicle: VIN” where the car stands beside something else."""
    model = KINDS[kind][0]
    about = about_field(kind, name)
    if name in OWN_LABELS and (name == "id" or name not in model.__table__.c):
        return str(OWN_LABELS[name])
    if about is None:
        return name
    label = str(about[0].label)
    return _("Car: %(field)s", field=label) if name.startswith("vehicle.") else label


def field_choices(kind: str, required: Any) -> list[tuple[str, str]]:
    """(field, label) of everything a column of this kind can be; what is needed has a star."""
    needed = {name for any_of in required for name in any_of if name != "id"}
    return [(name, field_label(kind, name) + (" *" if name in needed else "")) for name in names_for(kind)]


def choice_of(name: str) -> type[Choice] | None:
    """The choice of this class name, such as "Source"; None for another name."""
    from admin_app import choices

    found: Any = getattr(choices, name, None)
    return found if isinstance(found, type) and issubclass(found, Choice) and found is not Choice else None


def clean_values(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What a person has said of words, without what no choice and no key can be."""
    kept: dict[str, dict[str, Any]] = {}
    for name, words in values.items():
        members = choice_of(name)
        for word, value in words.items():
            if name == "staff" and str(value).isdigit():
                kept.setdefault(name, {})[word] = int(value)
            elif members is not None and (value == "" or members.find(value) is not None):
                kept.setdefault(name, {})[word] = value
    return kept
