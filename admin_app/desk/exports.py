"""What an export carries: chosen columns of a table, the key first, as one reader may see them.

Rows are read as plain values in pieces, never as objects, and a piece is turned column by column: ten thousand rows
take a blink. A text cell of a CSV that begins with = + - @ tab or return gets an apostrophe before it, since a
spreadsheet would compute it, and the importer takes it off again; phone numbers of China are written without +86 and
so need none. XLSX cells are typed as text (workbooks.py).
"""

from __future__ import annotations

import builtins
import csv
import datetime as dt
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin_app import access, clock, directory, prepared
from admin_app.columns import Field, fields
from admin_app.database import db
from admin_app.desk import cells
from admin_app.errors import RuleError
from admin_app.masking import masked
from admin_app.models import BY_TABLE

MOST_ROWS = 50_000
CHUNK = 1_000
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
STARTS = frozenset(DANGEROUS)
AS_THEY_ARE = cells.NUMERIC | {"day", "text", "note", "email", "vin", "plate"}  # kinds that need no turning
BARE: dict[str, Any] = {"choice": sa.String(), "moment": sa.DateTime(timezone=True)}
FULL = {"phone", "tail"}  # masks that an approved export of full numbers lifts; ID numbers never are
Veil = Callable[[Any], list[Any]]  # a piece of rows as they are read → as they are shown
Turn = Callable[[Sequence[Any]], list[Any]]  # a column of stored values → of shown ones


@dataclass(frozen=True)
class Export:
    """Columns and rows that one reader takes away.

    names: the columns in their order; the key comes before them by itself. veil: takes from a piece what this reader
    may not see of it; it finds the columns `beside` behind the others. full: phones, plates and VINs unmasked, for
    an approved request only. mark: a watermark that stands in every row, "" for none. approved: the keys that may be
    among the rows, None for any; another one is a RuleError.
    """

    model: Any
    names: Sequence[str]
    statement: sa.Select[Any]
    veil: Veil = list
    beside: Sequence[str] = ()
    full: bool = False
    mark: str = ""
    approved: frozenset[int] | None = None

    def fields(self) -> list[tuple[str, Field]]:
        """(name, field) of its columns in their order."""
        about = dict(columns_of(self.model))
        return [(name, about[name]) for name in self.names]

    def heading(self) -> list[str]:
        """The first row: the key, the labels, and the word over the watermark."""
        return ["id", *(str(field.label) for _name, field in self.fields()), *([_("Watermark")] if self.mark else [])]

    def rows(self, most: int | None = None) -> Iterator[tuple[Any, ...]]:
        """Rows of plain values in the order of the heading; at most `most`, None for MOST_ROWS."""
        for piece in self.pieces(most):
            yield from zip(*piece, strict=True)

    def pieces(self, most: int | None = None, text: bool = False) -> Iterator[list[Sequence[Any]]]:
        """The same in pieces of CHUNK rows, each as its columns; `text`: times as a CSV writes them."""
        about = self.fields()
        wanted = [_stored(self.model, name, field) for name, field in about]
        bare = self.statement.options().with_only_columns(
            self.model.id, *wanted, *(getattr(self.model, name) for name in self.beside))
        turns = [_turn(field, self.full, text) for _name, field in about]
        for columns in prepared.columns(db.session, bare.limit(MOST_ROWS if most is None else most), CHUNK):
            if self.beside:
                columns = list(zip(*self.veil(list(zip(*columns, strict=True))), strict=True))
            if self.approved is not None and not self.approved.issuperset(columns[0]):
                raise RuleError(_l("There are rows now that were not in the request. Ask again."))
            shown = [turn(column) for turn, column in zip(turns, columns[1:], strict=False)]
            marks = [[self.mark] * len(columns[0])] if self.mark else []
            yield [columns[0], *shown, *marks]


def columns_of(model: Any) -> list[tuple[str, Field]]:
    """What an export may carry: every declared field that is not hidden, in declared order."""
    return [(name, field) for name, _column, field in fields(model) if not field.hidden]


def rows_of(model: Any, statement: sa.Select[Any], names: Sequence[str] | None = None) -> Iterator[tuple[Any, ...]]:
    """Rows of a whole table, or of some of its columns, as an export has them."""
    return Export(model, names or [name for name, _field in columns_of(model)], statement).rows()


def heading(model: Any, names: Sequence[str] | None = None) -> list[str]:
    """The first row of the same."""
    return Export(model, names or [name for name, _field in columns_of(model)], sa.select(model)).heading()


# ---------------------------------------------------------------- columns


def _stored(model: Any, name: str, field: Field) -> Any:
    """The column as it is read: choices and times as the driver gives them, without a call for every cell."""
    attribute, bare = getattr(model, name), BARE.get(field.kind)
    return attribute if bare is None else sa.type_coerce(attribute, bare).label(name)


def _turn(field: Field, full: bool, text: bool = False) -> Turn:
    """How a column of stored values becomes one of shown values: text, or a number, a day, a time on the wall of the
    store, or None for a typed cell."""
    if field.private and full and field.private in FULL:
        return lambda column: ["" if value is None else str(value).removeprefix("+86") for value in column]
    if field.private:
        mask = field.private
        return lambda column: ["" if value is None else masked(mask, str(value)) for value in column]
    if field.kind == "link":
        return _Names(field.target)
    if field.kind == "choice":
        labels = dict(_labels(field))
        return lambda column: ["" if value is None else labels.get(value, value) for value in column]
    if field.kind in AS_THEY_ARE:
        return list
    if field.kind == "moment":
        return _moments_as_text if text else _moments
    return lambda column: [cells.plain(field, value) for value in column]


def _moments(column: Sequence[Any]) -> list[Any]:
    """Stored times on the wall of the store."""
    zone = clock.zone()
    return [value and value.replace(tzinfo=value.tzinfo or dt.UTC).astimezone(zone) for value in column]


def _moments_as_text(column: Sequence[Any]) -> list[Any]:
    """The same as 2026-11-21 15:20. Where the store's zone keeps one offset, it is added without asking the zone."""
    ahead = steady_offset(clock.zone())
    first = next((value for value in column if value is not None), None)
    if ahead is None or first is None or (first.tzinfo is not None and first.utcoffset()):
        return ["" if value is None else str(value)[:16] for value in _moments(column)]
    return ["" if value is None else str(value + ahead)[:16] for value in column]


@lru_cache(maxsize=8)
def steady_offset(zone: ZoneInfo) -> dt.timedelta | None:
    """How far a zone is ahead of UTC where that has not changed since 1992 and will not before 2050, else None."""
    found = {dt.datetime(year, month, 1, tzinfo=zone).utcoffset() for year in range(1992, 2050)
             for month in range(1, 13)}
    return found.pop() if len(found) == 1 else None


def _labels(field: Field) -> Iterable[tuple[str, str]]:
    return ((str(value), str(label)) for value, label in (field.choices.pairs() if field.choices else ()))


class _Names:
    """Keys of linked records to their names, through the gate; each name is asked for once an export."""

    def __init__(self, table: str) -> None:
        self.model, self.known = BY_TABLE[table], dict[Any, str]({None: ""})

    def __call__(self, column: Sequence[Any]) -> list[str]:
        missing = set(column) - self.known.keys()
        if missing:
            self.known |= dict.fromkeys(missing, "") | linked(self.model.__tablename__, missing)
        return [self.known[key] for key in column]


def linked(table: str, keys: set[int]) -> dict[int, str]:
    """key → name of linked records, as far as the person may see them: staff, stores, teams and roles from the
    directory, others asked for."""
    actor = access.actor_of(db.session)
    if table not in directory.NAMED or actor is None:
        return names_of(BY_TABLE[table], keys)
    known, stores = directory.current().names(db.session, table), actor.store_ids
    return {key: known[key][0] for key in keys
            if key in known and (stores is None or known[key][1] is None or known[key][1] in stores)}


def names_of(model: Any, keys: Iterable[int]) -> dict[int, str]:
    """key → name of the records that the reader may see. Only the columns that the name is made of are read."""
    said = model.__str__
    used = [name for name in said.__code__.co_names if not hasattr(builtins, name)]
    where = model.id.in_(list(keys))
    if not all(name in model.__table__.c for name in used):
        return {row.id: str(row) for row in db.session.scalars(sa.select(model).where(where))}
    wanted = sa.select(model.id, *(getattr(model, name) for name in used if name != "id")).where(where)
    return {row.id: said(row) for row in db.session.execute(wanted)}


# ---------------------------------------------------------------- CSV


def safe(text: str) -> str:
    """A text cell that no spreadsheet computes."""
    return "'" + text if text.startswith(DANGEROUS) else text


def _texts(column: Sequence[Any]) -> Sequence[Any]:
    """A column as a CSV has it. Numbers and days are written as they are, nothing for None."""
    kinds = set(map(type, column))
    if str in kinds:
        starts = STARTS.isdisjoint([value[:1] for value in column if value.__class__ is str])
        return column if starts else [safe(value) if value.__class__ is str else value for value in column]
    return column


def _csv(first: list[str], pieces: Iterable[list[Sequence[Any]]]) -> Iterator[str]:
    """The text of a CSV in pieces, with the mark that Excel needs before it."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write("\ufeff")
    writer.writerow(safe(text) for text in first)
    for piece in pieces:
        writer.writerows(zip(*map(_texts, piece), strict=True))
        yield _drain(buffer)
    yield _drain(buffer)


def _drain(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
