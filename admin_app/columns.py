"""The words that models.py is written in: text(), phone(), choice(), day(), link() …

Each makes one database column and carries, in `column.info["field"]`, everything a screen needs to know
about it. List, form, filter, search, export, import, mask, audit and translation read it from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import MappedColumn, mapped_column

from admin_app.choices import Choice, Stage
from admin_app.database import Encrypted, UtcDateTime


@dataclass(frozen=True)
class Field:
    """What the desk knows about a column beside its type.

    label, help: words for people. kind: text, note, phone, vin, plate, id_number, email, choice, day, moment,
    whole, number, money, percent, yes, link, tags or data. private: the mask ("phone", "id_number", "tail")
    or empty. listed, searched, filtered: on the list, in its search, among its filters. readonly: shown in the
    form's place but never taken from a person. hidden: neither in form nor in details. group: heading in the
    form. names: headers under which a ledger brings the field. required_for: customer stages that need it.
    weight: its part of the completeness percentage; 0 does not count. target: table of a link.
    unit: shown behind the number. signed: a whole number that may be below 0.
    """

    label: Any
    kind: str = "text"
    help: Any = ""
    private: str = ""
    listed: bool = False
    searched: bool = False
    filtered: bool = False
    readonly: bool = False
    hidden: bool = False
    group: Any = ""
    names: tuple[str, ...] = ()
    choices: type[Choice] | None = None
    required_for: tuple[Stage, ...] = ()
    weight: int = 0
    target: str = ""
    unit: Any = ""
    signed: bool = False


_FIELD_WORDS = {f for f in Field.__dataclass_fields__ if f not in ("label", "kind")}


def _column(kind: str, label: Any, type_: Any, *args: Any, **words: Any) -> MappedColumn[Any]:
    """Split the words into those of the field and those of the database column."""
    field = Field(label, kind, **{k: words.pop(k) for k in list(words) if k in _FIELD_WORDS})
    return mapped_column(type_, *args, info={"field": field}, **words)


def text(label: Any, length: int = 120, **words: Any) -> MappedColumn[Any]:
    """One line of text, at most `length` characters."""
    return _column("text", label, sa.String(length), **words)


def note(label: Any, **words: Any) -> MappedColumn[Any]:
    """Text of several lines, at most 20,000 characters."""
    return _column("note", label, sa.Text, **words)


def tags(label: Any, **words: Any) -> MappedColumn[Any]:
    """A list of short words, stored as JSON."""
    return _column("tags", label, sa.JSON, **words)


def phone(label: Any, **words: Any) -> MappedColumn[Any]:
    """A phone number in E.164; masked as 138****1234 where private."""
    words["private"] = "phone" if words.get("private") else ""
    return _column("phone", label, sa.String(24), **words)


def vin(label: Any, **words: Any) -> MappedColumn[Any]:
    """A vehicle identification number, 17 characters; the last 4 stay readable where private."""
    words["private"] = "tail" if words.get("private") else ""
    return _column("vin", label, sa.String(17), **words)


def plate(label: Any, **words: Any) -> MappedColumn[Any]:
    """A number plate without dots and blanks; the last 4 stay readable where private."""
    words["private"] = "tail" if words.get("private") else ""
    return _column("plate", label, sa.String(12), **words)


def id_number(label: Any, **words: Any) -> MappedColumn[Any]:
    """An identity-card number, encrypted in the database, masked on the screen."""
    return _column("id_number", label, Encrypted, private="id_number", **words)


def secret(label: Any, **words: Any) -> MappedColumn[Any]:
    """A key or an address with one, encrypted in the database; the last 4 characters stay readable."""
    return _column("text", label, Encrypted, private="tail", **words)


def email(label: Any, **words: Any) -> MappedColumn[Any]:
    """An e-mail address."""
    return _column("email", label, sa.String(160), **words)


class ChoiceType(sa.types.TypeDecorator[Choice]):
    """A member of a Choice, stored as its value. A stored value that is no longer a member reads as text."""

    impl = sa.String
    cache_ok = True

    def __init__(self, members: type[Choice]) -> None:
        super().__init__(24)
        self.members = members

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> str | None:
        if value is None or value == "":
            return None
        return str(self.members(value).value)

    def result_processor(self, dialect: sa.Dialect, coltype: Any) -> Callable[[Any], Any]:
        known: dict[Any, Any] = {member.value: member for member in self.members}  # a page reads some hundred of them
        return lambda value: known.get(value, value)


def choice(label: Any, members: type[Choice], **words: Any) -> MappedColumn[Any]:
    """One member of a closed list; its default may be a member."""
    return _column("choice", label, ChoiceType(members), choices=members, **words)


def day(label: Any, **words: Any) -> MappedColumn[Any]:
    """A calendar day of the store."""
    return _column("day", label, sa.Date, **words)


def moment(label: Any, **words: Any) -> MappedColumn[Any]:
    """A point in time: UTC in the database, the store's clock on the screen."""
    return _column("moment", label, UtcDateTime, **words)


def whole(label: Any, **words: Any) -> MappedColumn[Any]:
    """A whole number."""
    return _column("whole", label, sa.Integer, **words)


def number(label: Any, **words: Any) -> MappedColumn[Any]:
    """A number with up to four decimals."""
    return _column("number", label, sa.Numeric(14, 4, asdecimal=True), **words)


def money(label: Any, **words: Any) -> MappedColumn[Any]:
    """An amount in yuan with two decimals."""
    words.setdefault("unit", _l("yuan"))
    return _column("money", label, sa.Numeric(14, 2, asdecimal=True), **words)


def percent(label: Any, **words: Any) -> MappedColumn[Any]:
    """A percentage from 0 to 100, whole."""
    words.setdefault("unit", "%")
    return _column("percent", label, sa.Integer, **words)


def yes(label: Any, default: bool = False, **words: Any) -> MappedColumn[Any]:
    """Yes or no; never empty."""
    return _column("yes", label, sa.Boolean, default=default, server_default=sa.true() if default else sa.false(),
                   nullable=False, **words)


def link(label: Any, target: str, **words: Any) -> MappedColumn[Any]:
    """A row of another table. `owner_id` also gives the relation `owner` (models.py adds it).

    `constraint=False` leaves out the foreign key, where two tables point at each other.
    """
    keys = [sa.ForeignKey(f"{target}.id")] if words.pop("constraint", True) else []
    return _column("link", label, sa.Integer, *keys, target=target, **words)


def data(label: Any, **words: Any) -> MappedColumn[Any]:
    """Structured data (JSON) that screens show but people do not type."""
    return _column("data", label, sa.JSON, **words)


def fields(model: Any) -> Iterator[tuple[str, sa.Column[Any], Field]]:
    """(attribute name, column, field) of every declared column of a model, in the order of its lines."""
    for column in model.__table__.columns:
        field = column.info.get("field")
        if field is not None:
            yield column.key, column, field


def field_of(model: Any, name: str) -> Field:
    """The field of one column; KeyError where the model has none of that name."""
    return model.__table__.columns[name].info["field"]


ZERO = Decimal("0.00")
