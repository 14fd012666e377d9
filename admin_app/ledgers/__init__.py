"""Reading the ledgers that stores keep: Excel and CSV files with a title above the header and a total at the foot.

    with open_ledger("客户档案.xlsx", {"name": ["客户姓名"], "phone": ["手机号码"]}, required=[{"name"}]) as ledger:
        for row in ledger.rows():
            row.number, row["name"], row["phone"]

Rows are streamed. Blank rows, repeated headers, totals (合计, 总计, 共计 …) and signatures at the foot are not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import IO, Any

from flask_babel import gettext as _

from ..cleaning import as_text, folded
from ..errors import RuleError
from .files import Source, encoding, opened
from .headers import HEADER_WITHIN, Header, Known, find_header, header_key, known_names, read_header
from .spool import Spool
from .tables import DELIMITERS, Table, csv_table, filled, load_sheet, sheet_names, sheet_table, workbook

__all__ = ["Header", "Ledger", "Plan", "Row", "header_key", "open_ledger"]

#: Share of their columns that sheets of one ledger have in common (a sheet a month, one with a column more).
ALIKE = 0.7
_TOTAL_WORDS = "合计|总计|共计|小计|累计|总数|汇总|总合计|总人数|总台数|合計|total|subtotal|grandtotal|sum"
_TOTAL = re.compile(
    rf"(?:本?[页月季年周日]|本期|全部|以上)?(?:{_TOTAL_WORDS})(?:金额|人数|台数|数量)?[::]?[\d,.¥]*(?:人|位|名|条|台|辆|单|元|户|项|笔|次|个|家|行)?"
    r"|共[\d,]+(?:人|位|名|条|台|辆|单|户|项|笔|次|个|家|行)(?:记录|客户|数据)?"
)
_HINT = re.compile("[计計总數数汇共:：]|total|sum", re.IGNORECASE)  # without one of these a row is no total
_SIGNATURE = re.compile(
    r"(?:制表|制单|填表|填报|审核|复核|审批|打印|导出|统计|制作)(?:人|人员|日期|时间)?[::].*"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a ledger: `number` as the spreadsheet shows it, `cells` header → cell."""

    number: int
    sheet: str
    cells: dict[str, Any]
    header: Header
    surplus: tuple[Any, ...] = ()

    @property
    def fields(self) -> Mapping[str, str]:
        """field → header in the file."""
        return self.header.fields

    def __getitem__(self, field: str) -> Any:
        """The cell of a field; None where the file has no such column."""
        title = self.header.fields.get(field)
        return None if title is None else self.cells.get(title)

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
        for number, cells in chain(head, rows):
            if number <= header.number or not _is_data(cells, header):
                continue
            surplus = tuple(cell for cell in cells[width:] if as_text(cell).strip())
            pairs = zip(titles, cells, strict=False)
            yield Row(number, table.name, {title: cell for title, cell in pairs if title}, header, surplus)


def _is_data(cells: list[Any], header: Header) -> bool:
    """Whether a row below the header is one to read: not blank, no total, no signature, not the header again."""
    first = next((cell for cell in cells if _filled(cell)), None)
    if first is None or not any(_filled(cells[at]) for at in header.places if at < len(cells)):
        return False
    if not isinstance(first, str):
        return not _has_total_word(cells)
    if len(first) < 60 and _HINT.search(first):
        text = re.sub(r"\s+", "", folded(first)).lower()
        if _TOTAL.fullmatch(text) or _SIGNATURE.fullmatch(text):
            return False
    if first.strip() in header.titles and _repeats(cells, header):
        return False
    return not _has_total_word(cells)


def _filled(cell: Any) -> bool:
    return cell is not None and cell != "" and (not isinstance(cell, str) or not cell.isspace())


def _has_total_word(cells: list[Any]) -> bool:
    """A total whose word stands further right: a cell that is only “合计”, among nothing but figures."""
    if not any(isinstance(cell, str) and "计" in cell for cell in cells):
        return False
    words = [re.sub(r"\s+", "", folded(cell)) for cell in cells if isinstance(cell, str) and cell.strip()]
    total = [word for word in words if re.fullmatch(r"(?:合计|总计|共计|小计)[::]?", word)]
    return bool(total) and all(word in total or re.fullmatch(r"[\d,.¥]+.?", word) for word in words)


def _repeats(cells: list[Any], header: Header) -> bool:
    pairs = [
        (as_text(cell).strip(), title)
        for cell, title in zip(cells, header.titles, strict=False)
        if cell != ""
    ]
    return all(re.sub(r"\s+", " ", text) == title for text, title in pairs)


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
        if kind == "csv":
            charset = encoding(stream)
            tables = [partial(csv_table, stream, charset, each) for each in DELIMITERS]
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
    read = [table for table, _header in alike] or [first]
    return Ledger(best, fields | dict(best.fields), (), read, known, plan)


def _alike(one: Header, other: Header) -> bool:
    """Whether two sheets are parts of one ledger: most of the columns that either has stand in both."""
    return len(one.fields.keys() & other.fields.keys()) >= ALIKE * len(
        one.fields.keys() | other.fields.keys()
    )


def _header_in(rows: list[tuple[int, list[Any]]], known: Known, plan: Plan) -> Header | None:
    """The header: the row that a person has named, else the one that names the most known columns."""
    if plan.header_row is not None:
        return next((read_header(at, cells, known) for at, cells in rows if at == plan.header_row), None)
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
