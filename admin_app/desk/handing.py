"""Handing an export out: its rows are read and their number is logged in one transaction, and only then sent.

The rows wait in a temporary file in between, so memory stays flat, the transaction is short (on SQLite it is the one
writer), and no byte leaves the house before its log entry is in the database.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from flask import Response, send_file

from admin_app.database import db
from admin_app.desk import exports, workbooks
from admin_app.desk.exports import Export

KINDS = ("csv", "xlsx")
IN_MEMORY = 4 * 1024 * 1024  # bytes of rows that need no file
PIECE = 64 * 1024
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class TooMany(Exception):
    """There are more rows than an export may hold; nothing was logged or sent."""


class Counted:
    """Pieces of an export that pass by, their rows counted; TooMany beyond `most`."""

    def __init__(self, pieces: Iterator[Any], most: int) -> None:
        self.pieces, self.most, self.number = pieces, most, 0

    def __iter__(self) -> Iterator[Any]:
        for piece in self.pieces:
            self.number += len(piece[0])
            if self.number > self.most:
                raise TooMany
            yield piece


def answer(export: Export, kind: str, filename: str, title: str, note: Callable[[int], None], *,
           most: int | None = None) -> Response:
    """The file. `note` logs the number of rows in the running transaction, which is committed before anything is sent.

    Raises TooMany for more than `most` rows (None: exports.MOST_ROWS).
    """
    most = exports.MOST_ROWS if most is None else most
    passing = Counted(export.pieces(most + 1, kind == "csv"), most)
    spool = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - whoever sends it closes it
    if kind == "csv":
        for text in exports._csv(export.heading(), passing):
            spool.write(text.encode())
    else:
        for piece in passing:
            for row in zip(*piece, strict=True):
                pickle.dump(row, spool, pickle.HIGHEST_PROTOCOL)
    note(passing.number)
    db.session.commit()
    spool.seek(0)
    if kind == "csv":
        found = Response(_pieces(spool), mimetype="text/csv")
    else:
        found = send_file(workbooks.write(export, title, _kept(spool, passing.number), export.mark), mimetype=XLSX)
    found.headers["Content-Disposition"] = f'attachment; filename="{filename}.{kind}"'
    found.headers["Cache-Control"] = "no-store"
    return found


def _pieces(spool: Any) -> Iterator[bytes]:
    with spool:
        while piece := spool.read(PIECE):
            yield piece


def _kept(spool: Any, number: int) -> Iterator[Any]:
    """The rows that were put aside, once."""
    with spool:
        for _row in range(number):
            yield pickle.load(spool)
