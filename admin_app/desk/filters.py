"""Filters of a generated list: what a column may be asked for, by address `flt0_stage_equals=lead`.

Private fields are found by their exact value only (SAFETY: filters as an oracle). A value that is no value of
the column is said and left out, never an error of the server.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, clock
from admin_app.columns import Field, fields
from admin_app.database import db
from admin_app.desk import kinds
from admin_app.models import Customer, Segment
from admin_app.rules import segments

WORDS: dict[str, Any] = {
    "equals": _l("is"), "not": _l("is not"), "in": _l("is one of"), "contains": _l("contains"),
    "from": _l("from"), "to": _l("until"), "least": _l("at least"), "most": _l("at most"), "empty": _l("is empty"),
}
RANGE = {"day": ("from", "to"), "moment": ("from", "to")}
AMOUNT = {"whole", "number", "money", "percent"}
# Days that move with the calendar, as words of an address: (label, days from today).
RELATIVE: dict[str, tuple[Any, int]] = {
    "today": (_l("today"), 0), "yesterday": (_l("yesterday"), -1), "tomorrow": (_l("tomorrow"), 1)}
EXTRA_FILTERED = ("created_at", "store_id")  # every list can be asked for these


@dataclass(frozen=True)
class Filter:
    """One question to one column."""

    column: str
    op: str
    field: Field
    attribute: Any

    @property
    def key(self) -> str:
        """Its name in an address."""
        return f"{self.column}_{self.op}"

    @property
    def name(self) -> Any:
        """The label of its field."""
        return self.field.label

    def operation(self) -> Any:
        return WORDS[self.op]

    def value(self, text: str) -> Any:
        """The text of the address as a value of the column; None where it is no value of it."""
        text = text.strip()
        if self.op == "empty":
            return {"1": True, "0": False}.get(text)
        if self.op == "in":
            found = [self._one(part) for part in text.split(",")]
            return None if None in found else found
        return self._one(text)

    def _one(self, text: str) -> Any:
        if self.field.kind == "link" and text == "me":
            return access.current().user_id
        if self.field.kind in RANGE and text in RELATIVE:
            return clock.today() + dt.timedelta(days=RELATIVE[text][1])
        if self.field.kind == "moment":
            return kinds.READ["day"](text).value
        if self.field.kind == "yes":
            return {"1": True, "y": True, "0": False}.get(text)
        if self.op == "contains" or self.field.kind in ("text", "note"):
            return text.replace("\x00", "")[:100] or None
        return kinds.read(self.field, self.attribute.property.columns[0], text).value

    def validate(self, text: str) -> bool:
        return self.value(text) is not None

    def apply(self, statement: sa.Select[Any], text: str) -> sa.Select[Any]:
        """The statement narrowed by this filter. The text has been validated."""
        value, attribute = self.value(text), self.attribute
        if self.op == "empty":
            return statement.where(attribute.is_(None) if value else attribute.is_not(None))
        if self.op == "in":
            return statement.where(attribute.in_(value))
        if self.op == "not":
            return statement.where(sa.or_(attribute != value, attribute.is_(None)))
        if self.op == "contains":
            return statement.where(attribute.icontains(value, autoescape=True))
        if self.field.kind == "moment":
            begin, end = clock.day_bounds(value)
            return statement.where(*{"from": (attribute >= begin,), "to": (attribute < end,),
                                     "equals": (attribute >= begin, attribute < end)}[self.op])
        if self.op in ("from", "least"):
            return statement.where(attribute >= value)
        if self.op in ("to", "most"):
            return statement.where(attribute <= value)
        return statement.where(attribute == value)


@dataclass(frozen=True)
class SegmentFilter(Filter):
    """The customers of a saved segment."""

    def value(self, text: str) -> Any:
        """The key of a segment that the person may see, or None."""
        number = kinds.READ["link"](text).value
        if number is None:
            return None
        return db.session.scalar(sa.select(Segment.id).where(Segment.id == number))

    def apply(self, statement: sa.Select[Any], text: str) -> sa.Select[Any]:
        """The statement narrowed to the segment's customers as they are today."""
        return statement.where(*segments.criteria_of(db.session, self.value(text), clock.today()))


def segment_filter() -> SegmentFilter:
    """`flt0_segment_equals=7` on the list of customers."""
    return SegmentFilter("segment", "equals", Field(_l("Segment"), "link", target="segment"), Customer.id)


def ops_of(field: Field, nullable: bool) -> tuple[str, ...]:
    """What a field of this kind may be asked."""
    if field.kind == "id_number":
        return ()  # encrypted: no value can be compared
    if field.private:
        return ("equals",)
    empty = ("empty",) if nullable else ()
    if field.kind in ("choice", "link"):
        return ("equals", "not", "in", *empty)
    if field.kind in RANGE:
        return ("from", "to", "equals", *empty)
    if field.kind in AMOUNT:
        return ("equals", "least", "most", *empty)
    if field.kind == "yes":
        return ("equals",)
    if field.kind in ("tags", "data"):
        return ()
    return ("contains", "equals", *empty)


def filters_of(model: Any) -> list[Filter]:
    """The filters of a model: every listed, searched or filtered field, every link, and when it was made."""
    found = []
    for name, column, field in fields(model):
        wanted = field.filtered or field.listed or field.searched or field.kind == "link" or name in EXTRA_FILTERED
        if wanted and not field.hidden:
            attribute = getattr(model, name)
            found += [Filter(name, op, field, attribute) for op in ops_of(field, bool(column.nullable))]
    return found


def list_address(table: str, *wanted: tuple[str, str, Any], search: str = "", **more: Any) -> str:
    """Address of a generated list behind a figure, counted exactly: each `wanted` is (column, op, value).

    list_address("visit", ("staff_id", "equals", 3), ("at", "from", day), ("at", "to", last_day))
    """
    pairs: list[tuple[str, str]] = []
    for number, (column, op, value) in enumerate(wanted):
        if isinstance(value, dt.date):
            value = value.isoformat()
        pairs.append((f"flt{number}_{column}_{op}", str(int(value) if isinstance(value, bool) else value)))
    if search:
        pairs.append(("search", search))
    pairs += [(key, str(value)) for key, value in more.items()]
    return f"/admin/{table}/?{urlencode([*pairs, ('exact', '1')])}"
