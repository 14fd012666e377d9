"""Sheets of a file as rows of cells, one row at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from flask_babel import gettext as _

from ..errors import RuleError

Cells = list[Any]

#: Rows of one sheet, and characters of one CSV cell.
MAX_ROWS = 300_000
MAX_CELL = 4 * 1024 * 1024
DELIMITERS = ",\t;|，"


@dataclass
class Table:
    """One sheet: its name and its rows as (number as the spreadsheet shows it, cells)."""

    name: str
    rows: Generator[tuple[int, Cells]]
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = field(default_factory=list)


@contextmanager
def workbook(stream: IO[bytes]) -> Iterator[Any]:
    """An .xlsx or .xls, opened; a sentence where it is damaged or locked by a password."""
    import python_calamine

    with _refusing():
        book = python_calamine.CalamineWorkbook.from_filelike(stream)
    try:
        yield book
    finally:
        book.close()


@contextmanager
def _refusing() -> Iterator[None]:
    """The reader is compiled code; whatever it raises, panics included, is a damaged file."""
    import python_calamine

    try:
        yield
    except python_calamine.PasswordError as error:
        raise RuleError(_("This file is protected by a password. Save it without one.")) from error
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError, RuleError):
        raise
    except BaseException as error:
        raise RuleError(_("This Excel file is damaged and cannot be opened.")) from error


def sheet_names(book: Any) -> list[str]:
    """The visible worksheets, in the order of their tabs."""
    import python_calamine as reader

    return [
        sheet.name
        for sheet in book.sheets_metadata
        if sheet.visible == reader.SheetVisibleEnum.Visible and sheet.typ == reader.SheetTypeEnum.WorkSheet
    ]


def load_sheet(book: Any, name: str) -> Any:
    """One sheet of an open workbook, unpacked into memory."""
    with _refusing():
        return book.get_sheet_by_name(name)


def sheet_table(sheet: Any) -> Table:
    """The rows of a sheet that `load_sheet` has loaded."""
    with _refusing():
        _first_row, first_column = sheet.start or (0, 0)
        if sheet.height > MAX_ROWS:
            raise RuleError(_("This sheet has more than %(count)s rows.", count=f"{MAX_ROWS:,}"))
        merged = [(start, end) for start, end in sheet.merged_cell_ranges or [] if end[0] > start[0]]
    return Table(sheet.name, _sheet_rows(sheet, first_column), merged)


def _sheet_rows(sheet: Any, first_column: int) -> Generator[tuple[int, Cells]]:
    """Rows from the top of the sheet; the reader leaves out empty columns on the left, which are put back."""
    before: Cells = [""] * first_column
    rows = sheet.iter_rows()
    number = 0
    while True:
        with _refusing():
            try:
                cells = next(rows)
            except StopIteration:
                return
        number += 1
        yield number, before + cells if before else cells


def csv_table(stream: IO[bytes], charset: str, delimiter: str) -> Table:
    """A text file as one table."""
    return Table("", _csv_rows(stream, charset, delimiter))


def _csv_rows(stream: IO[bytes], charset: str, delimiter: str) -> Generator[tuple[int, Cells]]:
    stream.seek(0)
    csv.field_size_limit(MAX_CELL)
    text = io.TextIOWrapper(stream, encoding=charset, newline="")
    reader = csv.reader(text, delimiter=delimiter)
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if number > MAX_ROWS:
                raise RuleError(_("This sheet has more than %(count)s rows.", count=f"{MAX_ROWS:,}"))
            yield number, [_typed(cell) for cell in cells]
    except csv.Error as error:
        message = _(
            "Row %(row)s cannot be read: a quotation mark is not closed, or a cell is too long.",
            row=number + 1,
        )
        raise RuleError(message) from error
    finally:
        if not stream.closed:
            text.detach()


def _typed(cell: str) -> str:
    """The cell as it was typed: exports put an apostrophe before = + - @, and Excel writes ="138…" for text."""
    if cell[:1] == "'" and cell[1:2] in tuple("=+-@\t\r"):
        return cell[1:]
    if cell[:2] == '="' and cell[-1:] == '"' and cell.count('"') == 2:
        return cell[2:-1]
    return cell


def filled(table: Table) -> Generator[tuple[int, Cells]]:
    """The rows with cells merged downwards carrying their value in each of their rows."""
    starts = {start: end[0] for start, end in table.merged}
    if not starts:
        yield from table.rows
        return
    by_row: dict[int, list[tuple[int, int]]] = {}
    for (row, column), last in starts.items():
        by_row.setdefault(row, []).append((column, last))
    carried: dict[int, tuple[Any, int]] = {}
    for number, cells in table.rows:
        at = number - 1
        for column, (value, last) in list(carried.items()):
            if at > last:
                del carried[column]
            elif column < len(cells) and cells[column] == "":
                cells[column] = value
        for column, last in by_row.get(at, ()):
            if column < len(cells):
                carried[column] = (cells[column], last)
        yield number, cells
