"""What became of each row of a file, kept as lines: the page pages through them, the file of errors is made of them.

A line is a list: [outcome, sheet, row, label, column, value, reason, cells]. Outcomes: created, updated, duplicates,
rejected, remark (a cell that was left blank or is doubtful).
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
import tempfile
from collections.abc import Iterator
from typing import IO, Any

from admin_app.importing.report import ImportReport, Rejection

OUTCOMES = ("created", "updated", "duplicates", "rejected", "remark")
Line = list[Any]


class JournalFile:
    """A journal that is written while the import runs; `finish` adds the rejected rows and gives the file."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by its owner
        self._lines = gzip.GzipFile(fileobj=self._file, mode="wb", compresslevel=4, mtime=0)

    def add(self, sheet: str, number: int, outcome: str, label: str) -> None:
        """A row was created, updated or known already."""
        self._write([outcome, sheet, number, label])

    def finish(self, report: ImportReport) -> IO[bytes]:
        """The whole journal, at its beginning."""
        for one in report.rejections:
            self._write(["rejected", one.sheet, one.row, "", one.column, one.value, one.reason, _cells(one)])
        for remark in report.warnings:
            self._write(["remark", remark.sheet, remark.row, "", remark.column, remark.value, remark.reason])
        self._lines.close()
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()

    def _write(self, line: Line) -> None:
        self._lines.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def _cells(one: Rejection) -> list[Any]:
    return [{"at": cell.isoformat()} if isinstance(cell, dt.date | dt.datetime) else
            cell if isinstance(cell, str | int | float | bool) or cell is None else str(cell) for cell in one.cells]


def lines(stream: IO[bytes] | None, outcome: str = "") -> Iterator[Line]:
    """The lines of a kept journal, of one outcome or all; none where nothing is kept any more."""
    if stream is None:
        return
    with gzip.GzipFile(fileobj=stream, mode="rb") as plain:
        for line in plain:
            found = json.loads(line)
            if not outcome or found[0] == outcome:
                yield found


def rejections(stream: IO[bytes] | None) -> Iterator[Rejection]:
    """The rejected rows as the file of errors wants them."""
    for _outcome, sheet, number, _label, column, value, reason, cells in lines(stream, "rejected"):
        yield Rejection(sheet, number, column, value, reason, tuple(_cell(cell) for cell in cells))


def _cell(kept: Any) -> Any:
    if not isinstance(kept, dict):
        return kept
    text = kept["at"]
    return dt.datetime.fromisoformat(text) if "T" in text else dt.date.fromisoformat(text)
