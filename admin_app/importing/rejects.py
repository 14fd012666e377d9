"""The file of rejected rows: the columns of the ledger and a last one with the reason, to be mended and read again."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from flask_babel import gettext as _

from admin_app.cleaning import as_text
from admin_app.errors import RuleError
from admin_app.importing.report import ImportReport

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def write_rejections(report: ImportReport, path: str | Path) -> None:
    """Write the rejected rows as .csv or .xlsx, by the ending. No cell is a formula. RuleError for another ending."""
    target = Path(path)
    kinds = {".csv": _write_csv, ".xlsx": _write_xlsx}
    writer = kinds.get(target.suffix.lower())
    if writer is None:
        raise RuleError(_("The file of errors has to end in .csv or .xlsx."))
    try:
        writer(target, heading(report), lines(report))
    except OSError as error:
        raise RuleError(
            _("The file of errors cannot be written: %(why)s.", why=error.strerror or "")
        ) from error


def heading(report: ImportReport) -> list[str]:
    """The ledger's own columns, the row in the ledger and the reason."""
    return [*report.titles, _("Row in the file"), _("Column with the fault"), _("Reason for the rejection")]


def lines(report: ImportReport) -> Iterator[list[Any]]:
    """The rejected rows, cells as they stood."""
    width = len(report.titles)
    for one in report.rejections:
        cells = list(one.cells[:width]) + [""] * (width - len(one.cells))
        yield [*cells, one.row, one.column, one.reason]


def _write_csv(path: Path, first: list[str], rows: Iterator[list[Any]]) -> None:
    with path.open("wb") as file:
        as_csv(file, first, rows)


def as_csv(file: IO[bytes], first: list[str], rows: Iterable[list[Any]]) -> None:
    """The rows as CSV in UTF-8 with the mark that Excel needs; no cell is computed."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_safe(title) for title in first])
    for row in rows:
        writer.writerow([_safe(as_text(cell)) for cell in row])
    text.detach()


def _safe(text: str) -> str:
    return "'" + text if text.startswith(DANGEROUS) else text


def _write_xlsx(path: Path, first: list[str], rows: Iterator[list[Any]]) -> None:
    with path.open("wb") as file:
        as_xlsx(file, first, rows)


def as_xlsx(file: IO[bytes], first: list[str], rows: Iterable[list[Any]]) -> None:
    """The rows as a workbook; no cell is a formula or a link."""
    import xlsxwriter

    words = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(file, words) as book:
        sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for at, row in enumerate([first, *rows]):
            for column, cell in enumerate(row):
                if isinstance(cell, dt.datetime | dt.date):
                    sheet.write_datetime(at, column, cell, day)
                elif isinstance(cell, int | float) and not isinstance(cell, bool):
                    sheet.write_number(at, column, cell)
                elif as_text(cell):
                    sheet.write_string(at, column, as_text(cell)[:32_767])
