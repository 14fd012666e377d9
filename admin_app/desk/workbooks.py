"""An export as an XLSX: typed cells, widths by kind, a frozen heading; no cell is a formula or a link."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import xlsxwriter
from flask_babel import gettext as _

from admin_app.columns import Field
from admin_app.desk.exports import Export

WIDTHS = {"note": 40, "text": 18, "link": 14, "phone": 15, "vin": 20, "plate": 12, "id_number": 21, "email": 24,
          "choice": 12, "day": 12, "moment": 17, "whole": 10, "number": 11, "money": 13, "percent": 9, "yes": 8,
          "tags": 20, "data": 40}
FORMATS = {"day": "yyyy-mm-dd", "moment": "yyyy-mm-dd hh:mm", "money": "#,##0.00"}
LONGEST_CELL, LONGEST_NAME = 32_767, 31  # what Excel takes
TYPES = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
         "strings_to_numbers": False, "remove_timezone": True}


def write(export: Export, title: str, rows: Iterable[Sequence[Any]], about: str = "") -> Any:
    """A temporary file with the workbook, at its beginning. `about` goes into its header, foot and properties."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    book = xlsxwriter.Workbook(file, TYPES)
    sheet = book.add_worksheet(sheet_name(title))
    columns = export.fields()
    formats = [_format(book, field) for _name, field in columns]
    _prepare(book, sheet, export, columns, formats)
    if about:
        _mark(book, sheet, title, about)
    for number, row in enumerate(rows, start=1):
        _write(sheet, number, row, [None, *formats, None])
    book.close()
    file.seek(0)
    return file


def sheet_name(title: str) -> str:
    """A title as Excel takes it for a sheet."""
    return title.translate({ord(sign): "-" for sign in "[]:*?/\\'"})[:LONGEST_NAME] or "export"


def _format(book: Any, field: Field) -> Any:
    code = FORMATS.get(field.kind)
    return book.add_format({"num_format": code}) if code else None


def _prepare(book: Any, sheet: Any, export: Export, columns: list[tuple[str, Field]], formats: list[Any]) -> None:
    """Widths, the frozen heading, and paper across with the heading on every page."""
    sheet.set_column(0, 0, 8)
    for place, (_name, field) in enumerate(columns, start=1):
        sheet.set_column(place, place, WIDTHS.get(field.kind, 14), formats[place - 1])
    if export.mark:
        sheet.set_column(len(columns) + 1, len(columns) + 1, 48)
    sheet.freeze_panes(1, 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.repeat_rows(0)
    sheet.write_row(0, 0, export.heading(), book.add_format({"bold": True, "bottom": 1}))


def _mark(book: Any, sheet: Any, title: str, about: str) -> None:
    said = about.replace("&", "&&")[:200]
    sheet.set_header(f"&C{said}")
    sheet.set_footer(f"&L{said}&R&P / &N")
    book.set_properties({"title": title, "comments": about, "keywords": about[:200], "subject": _("Full numbers")})


def _write(sheet: Any, number: int, row: Sequence[Any], formats: list[Any]) -> None:
    for place, value in enumerate(row):
        if isinstance(value, str):
            if value:
                sheet.write_string(number, place, value[:LONGEST_CELL])
        elif isinstance(value, dt.datetime):
            sheet.write_datetime(number, place, value, formats[place])
        elif isinstance(value, dt.date):
            sheet.write_datetime(number, place, dt.datetime.combine(value, dt.time()), formats[place])
        elif isinstance(value, int | float | Decimal):
            sheet.write_number(number, place, value, formats[place])
