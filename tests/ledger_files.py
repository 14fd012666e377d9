"""Ledgers made in memory, for the tests of reading them."""

from __future__ import annotations

import io
import json
from datetime import date, datetime
from pathlib import Path

import xlsxwriter

from admin_app.ledgers import open_ledger

DATA = Path(__file__).parent / "data"
TRUTH = json.loads((DATA / "truth.json").read_text("utf-8"))
NAMES = {
    "name": ["客户姓名", "姓名", "客户", "车主"],
    "phone": ["手机号码", "联系电话", "电话", "手机"],
    "vin": ["车架号", "VIN"],
    "moment": ["日期", "登记日期"],
    "mileage": ["行驶里程", "里程"],
    "number": ["工单号"],
    "text": ["投诉内容", "内容", "备注"],
}
NEEDED = [{"name"}, {"phone"}]


def workbook(*sheets, hidden=()):
    """An .xlsx in memory; each sheet is (name, rows)."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(
        stream, {"in_memory": True, "strings_to_formulas": False, "default_date_format": "yyyy-mm-dd"}
    )
    for name, rows in sheets:
        sheet = book.add_worksheet(name)
        for at, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, date | datetime):
                    sheet.write_datetime(at, column, cell)
                elif cell is not None:
                    sheet.write(at, column, cell)
        if name in hidden:
            sheet.hide()
    book.close()
    stream.seek(0)
    return stream


def csv_file(text, encoding="utf-8"):
    return io.BytesIO(text.encode(encoding))


def read(source, names=NAMES, required=()):
    with open_ledger(source, names, required=required) as ledger:
        return ledger, list(ledger.rows())
