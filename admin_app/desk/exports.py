"""Export of a list as it is filtered: CSV and XLSX, streamed, masked, safe against formulas, with the key.

A text cell of a CSV that begins with = + - @ tab or return gets an apostrophe before it, since a spreadsheet would
compute it; phone numbers of China are written without +86 and so need none. XLSX cells are typed as text.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
import xlsxwriter
from flask import Response, send_file, stream_with_context
from sqlalchemy.orm import aliased

from admin_app import access, clock, words
from admin_app.columns import Field, fields
from admin_app.database import db
from admin_app.desk import cells

MOST_ROWS = 50_000
CHUNK = 1_000
Veil = Callable[[Any], list[Any]]  # a piece of rows as they are read → as they are shown
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def columns_of(model: Any) -> list[tuple[str, Field]]:
    """What an export carries: every declared field that is not hidden, in declared order."""
    return [(name, field) for name, _column, field in fields(model) if not field.hidden]


def safe(text: str) -> str:
    """A text cell that no spreadsheet computes."""
    return "'" + text if text.startswith(DANGEROUS) else text


def _names(model: Any, about: list[tuple[str, Field]], rows: list[Any]) -> dict[str, dict[int, str]]:
    """For each link column the names of the records that these rows name; one statement a link."""
    from admin_app.models import BY_TABLE

    found: dict[str, dict[int, str]] = {}
    for position, (name, field) in enumerate(about, start=1):
        if field.kind != "link":
            continue
        wanted = {row[position] for row in rows if row[position] is not None}
        target = aliased(BY_TABLE[field.target])
        linked = db.session.scalars(sa.select(target).where(target.id.in_(wanted))) if wanted else ()
        found[name] = {row.id: str(row) for row in linked}
    return found


def _value(field: Field, value: Any, linked: dict[int, str] | None) -> Any:
    if value is None:
        return ""
    if field.kind in cells.NUMERIC:
        return value
    if field.kind in ("day", "moment"):
        return value
    return cells.plain(field, value, (linked or {}).get(value) if field.kind == "link" else None)


def rows_of(model: Any, statement: sa.Select[Any], veil: Veil = list) -> Iterator[list[Any]]:
    """Rows of plain values, the key first; read in pieces, links by name, private fields masked.

    veil: takes from a piece what this reader may not see of it.
    """
    about = columns_of(model)
    bare = statement.options().with_only_columns(model.id, *[getattr(model, name) for name, _field in about])
    result = db.session.execute(bare.limit(MOST_ROWS), execution_options={"yield_per": CHUNK})
    for piece in result.partitions(CHUNK):
        rows = veil(piece)
        names = _names(model, about, rows)
        for row in rows:
            yield [row[0], *(_value(field, row[n], names.get(name)) for n, (name, field) in enumerate(about, start=1))]


def heading(model: Any) -> list[str]:
    return ["id", *(str(field.label) for _name, field in columns_of(model))]


def _text(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return words.moment(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bool | int | float | Decimal):
        return str(value)
    return safe(str(value))


def csv_answer(model: Any, statement: sa.Select[Any], filename: str, veil: Veil = list) -> Response:
    """A CSV in UTF-8 with the mark that Excel needs, sent while it is read."""
    rows = _as(access.current(), rows_of(model, statement, veil))
    return Response(stream_with_context(_csv(heading(model), rows)), mimetype="text/csv",
                    headers=_headers(f"{filename}.csv"))


def _as(actor: access.Actor, rows: Iterable[list[Any]]) -> Iterator[list[Any]]:
    """The rows read as this person: an answer is streamed after its request, when nobody acts any more."""
    before = access.actor_of(db.session)
    access.set_actor(db.session, actor)
    try:
        yield from rows
    finally:
        access.set_actor(db.session, before)
        db.session.rollback()


def _csv(first: list[str], rows: Iterable[list[Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(safe(text) for text in first)
    yield "\ufeff"
    for number, row in enumerate(rows, start=1):
        writer.writerow(_text(value) for value in row)
        if number % CHUNK == 0:
            yield _drain(buffer)
    yield _drain(buffer)


def _drain(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def xlsx_answer(model: Any, statement: sa.Select[Any], filename: str, title: str, veil: Veil = list) -> Response:
    """An XLSX written row by row to a temporary file; no cell is a formula or a link."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - send_file closes it
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                                      "strings_to_numbers": False, "remove_timezone": True})
    sheet = book.add_worksheet(title[:31].translate({ord(sign): "-" for sign in "[]:*?/\\'"}) or "export")
    bold, day, time = (book.add_format(words) for words in (
        {"bold": True}, {"num_format": "yyyy-mm-dd"}, {"num_format": "yyyy-mm-dd hh:mm"}))
    sheet.freeze_panes(1, 1)
    sheet.write_row(0, 0, heading(model), bold)
    for number, row in enumerate(rows_of(model, statement, veil), start=1):
        for position, value in enumerate(row):
            _write(sheet, number, position, value, day, time)
    book.close()
    file.seek(0)
    answer = send_file(file, mimetype=XLSX)
    answer.headers.update(_headers(f"{filename}.xlsx"))
    return answer


def _write(sheet: Any, number: int, position: int, value: Any, day: Any, time: Any) -> None:
    if isinstance(value, dt.datetime):
        sheet.write_datetime(number, position, clock.local(value).replace(tzinfo=None), time)
    elif isinstance(value, dt.date):
        sheet.write_datetime(number, position, dt.datetime.combine(value, dt.time()), day)
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        sheet.write_number(number, position, value)
    elif value != "":
        sheet.write_string(number, position, str(value)[:32_767])


def _headers(filename: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"}
