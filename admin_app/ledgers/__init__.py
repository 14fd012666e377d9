"""Reading the ledgers that stores keep: Excel and CSV files with a title above the header and a total at the foot.

    with open_ledger("客户档案.xlsx", {"name": ["客户姓名"], "phone": ["手机号码"]}, required=[{"name"}]) as ledger:
        for row in ledger.rows():
            row.number, row["name"], row["phone"]

Rows are streamed. Blank rows, repeated headers, totals (合计, 总计, 共计 …) and signatures at the foot are not read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import IO, Any

from flask_babel import gettext as _

from ..cleaning import as_text, is_nothing
from ..errors import RuleError
from .files import Source, encodings, opened, web_page
from .headers import (
    HEADER_WITHIN,
    WEAK,
    Header,
    Known,
    find_header,
    header_at,
    header_key,
    known_names,
    read_header,
)
from .markup import markup_table
from .rows import DataRows
from .spool import Spool
from .tables import DELIMITERS, Table, csv_table, filled, load_sheet, sheet_names, sheet_table, workbook

__all__ = ["WEAK", "Header", "Ledger", "Place", "Plan", "Row", "header_key", "open_ledger"]

#: Share of their columns that sheets of one ledger have in common (a sheet a month, one with a column more).
ALIKE = 0.7


Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a ledger: `number` as the spreadsheet shows it, `cells` header → cell."""

    number: int
    sheet: str
    cells: dict[str, Any]
    header: Header
    surplus: tuple[Any, ...] = ()

    @property
    def place(self) -> Place:
        """Sheet and number; sheets of one ledger have the same numbers."""
        return self.sheet, self.number

    @property
    def fields(self) -> Mapping[str, str]:
        """field → header in the file."""
        return self.header.fields

    def __getitem__(self, field: str) -> Any:
        """The cell of a field; None where the file has no such column.

        Of several columns it is the first that says something.
        """
        title = self.title(field)
        return None if title is None else self.cells.get(title)

    def title(self, field: str) -> str | None:
        """The header of the column that says most of a field: of several the first one that is not blank here."""
        titles = self.header.several.get(field)
        if not titles:
            return None
        if len(titles) == 1:
            return titles[0]
        return next((title for title in titles if not is_nothing(self.cells.get(title))), titles[0])

    def all(self, field: str) -> list[Any]:
        """Every cell of a field that stands in several columns (电话1, 电话2), in their order."""
        return [self.cells.get(title) for title in self.header.several.get(field, ())]


@dataclass(frozen=True)
class Plan:
    """How a person wants a file to be read; what is left out is found out.

    sheet: only this one. header_row: its number as the spreadsheet shows it. columns: header → field, "" where a
    column is not to be read. lenient: a row of words is taken for the header where none names a known column.
    """

    sheet: str | None = None
    header_row: int | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    lenient: bool = False


@dataclass
class Ledger:
    """An open ledger: the header that was found and the rows below it, on one sheet or on several alike.

    `fields` is field → header of all the sheets that are read.
    """

    header: Header
    fields: Mapping[str, str]
    sheets: tuple[str, ...]
    _tables: Sequence[Callable[[], Table]]
    _known: Known
    _identity: frozenset[str] = frozenset()
    _plan: Plan = Plan()

    @property
    def read_sheets(self) -> int:
        """How many sheets are read; one for a CSV."""
        return len(self._tables)

    def rows(self) -> Iterator[Row]:
        """The rows with something in them, top to bottom, sheet after sheet. May be called again."""
        for table in self._tables:
            yield from self._rows_of(table())

    def _rows_of(self, table: Table) -> Iterator[Row]:
        rows = filled(table)
        head = list(islice(rows, HEADER_WITHIN))
        header = _header_in(head, self._known, self._plan) or self.header
        titles, width = header.titles, len(header.titles)
        is_data = DataRows(header, self._known, self._identity)
        for number, cells in chain(head, rows):
            if number <= header.number or not is_data(cells):
                continue
            surplus = tuple(cell for cell in cells[width:] if as_text(cell).strip())
            pairs = zip(titles, cells, strict=False)
            yield Row(number, table.name, {title: cell for title, cell in pairs if title}, header, surplus)


@contextmanager
def open_ledger(
    source: Source,
    names: Mapping[str, Collection[str]],
    *,
    required: Collection[Collection[str]] = (),
    plan: Plan = Plan(),
) -> Iterator[Ledger]:
    """The ledger in a file or stream of bytes. `names` is field → the headers under which ledgers know it.

    Each member of `required` is a set of fields of which the file must have at least one. The sheet with the most
    known columns is read, and with it those that have nearly the same (a sheet a month). Raises `RuleError` for
    files that are broken, disguised, exploding, or have no header with the required columns.
    """
    known = known_names(names, plan.columns)
    with opened(source) as (stream, kind):
        if kind == "markup":
            tables = [partial(markup_table, stream, charset) for charset in encodings(stream)]
            try:
                ledger = _best(known, required, tables, plan, several=False)
            except RuleError as error:
                raise web_page() from error
            yield ledger
            return
        if kind == "csv":
            tables = [
                partial(csv_table, stream, charset, each)
                for charset in encodings(stream)
                for each in DELIMITERS
            ]
            yield _best(known, required, tables, plan, several=False)
            return
        with ExitStack() as spools:
            sheets = _spooled(stream)
            for sheet in sheets:
                spools.callback(sheet.close)
            names_there = tuple(sheet.name for sheet in sheets)
            chosen = [sheet.table for sheet in sheets if plan.sheet in (None, sheet.name)]
            ledger = _best(known, required, chosen, plan, several=True)
            ledger.sheets = names_there
            yield ledger


def _spooled(stream: IO[bytes]) -> list[Spool]:
    """The visible sheets of a workbook, one after the other in memory and then on disk."""
    with workbook(stream) as book:
        return [Spool(sheet_table(load_sheet(book, name))) for name in sheet_names(book)]


def _best(
    known: Known,
    required: Collection[Collection[str]],
    tables: Sequence[Callable[[], Table]],
    plan: Plan,
    *,
    several: bool,
) -> Ledger:
    """The ledger of the table whose header fits best; with `several`, of all tables that have the same columns."""
    found = [(table, header) for table in tables if (header := _header_of(table(), known, plan))]
    if not found:
        raise RuleError(_("No header row was found: no row names two columns that are known here."))
    first, best = max(found, key=lambda pair: (_meets(pair[1], required), len(pair[1].fields)))
    if not _meets(best, required):
        titles = "、".join(title for title in best.titles if title)
        raise RuleError(
            _("This file lacks a column that is needed. Its columns are: %(titles)s.", titles=titles[:300])
        )
    alike = [
        (t, header) for t, header in found if several and _meets(header, required) and _alike(header, best)
    ]
    fields = {name: title for _table, header in reversed(alike) for name, title in header.fields.items()}
    identity = frozenset(field for any_of in required for field in any_of)
    read = [table for table, _header in alike] or [first]
    return Ledger(best, fields | dict(best.fields), (), read, known, identity, plan)


def _alike(one: Header, other: Header) -> bool:
    """Whether two sheets are parts of one ledger: most of the columns that either has stand in both."""
    return len(one.fields.keys() & other.fields.keys()) >= ALIKE * len(
        one.fields.keys() | other.fields.keys()
    )


def _header_in(rows: list[tuple[int, list[Any]]], known: Known, plan: Plan) -> Header | None:
    """The header: the row that a person has named, else the one that names the most known columns."""
    if plan.header_row is not None:
        return header_at(rows, plan.header_row, known)
    found = find_header(rows, known)
    if found is None and plan.lenient and rows:
        at, cells = max(rows[:10], key=lambda row: sum(isinstance(cell, str) and bool(cell.strip()) for cell in row[1]))
        return read_header(at, cells, known)
    return found


def _header_of(table: Table, known: Known, plan: Plan) -> Header | None:
    rows = filled(table)
    head = list(islice(rows, HEADER_WITHIN))
    rows.close()
    table.rows.close()
    return _header_in(head, known, plan)


def _meets(header: Header, required: Collection[Collection[str]]) -> bool:
    return all(any(field in header.fields for field in any_of) for any_of in required)
