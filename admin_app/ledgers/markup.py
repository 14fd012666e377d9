"""Web pages and XML tables that old systems export under the name .xls: their rows as rows of cells."""

from __future__ import annotations

import codecs
from collections.abc import Generator
from html.parser import HTMLParser
from typing import IO, Any

from flask_babel import gettext as _

from ..errors import RuleError
from .tables import MAX_ROWS, Cells, Table

_CHUNK = 64 * 1024
#: More cells beside each other than a spreadsheet has.
_WIDEST = 16_384
_ROWS, _CELLS = ("tr", "row"), ("td", "th", "cell")
_SILENT = ("script", "style", "title")


class _Rows(HTMLParser):
    """Gathers the rows of all tables; cells over several columns or rows stand in the first one."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[Cells] = []
        self._row: Cells | None = None
        self._text: list[str] | None = None
        self._span = 1
        self._silent = 0
        self._carried: dict[int, tuple[int, str]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a row or a cell."""
        name, given = tag.rpartition(":")[2], dict(attrs)
        if name in _SILENT:
            self._silent += 1
        elif name in _ROWS:
            self._end_row()
            self._row = []
        elif name in _CELLS:
            self._begin_cell(given)
        elif name == "br" and self._text is not None:
            self._text.append("\n")

    def _begin_cell(self, given: dict[str, str | None]) -> None:
        self._end_cell()
        if self._row is None:
            self._row = []
        index = _whole(given.get("ss:index"))
        if index:
            self._row += [""] * (min(index, _WIDEST) - 1 - len(self._row))
        self._carry()
        across = _whole(given.get("colspan")) or (_whole(given.get("ss:mergeacross")) + 1)
        self._span = min(across, _WIDEST - len(self._row)) or 1
        down = _whole(given.get("rowspan")) or (_whole(given.get("ss:mergedown")) + 1)
        self._text = []
        if down > 1:
            self._carried[len(self._row)] = (min(down, MAX_ROWS), "")

    def _carry(self) -> None:
        """Cells that reach down from the rows above."""
        row = self._row
        while row is not None and len(row) in self._carried and self._carried[len(row)][1]:
            at = len(row)
            left, text = self._carried.pop(at)
            row.append(text)
            if left > 2:
                self._carried[at] = (left - 1, text)

    def handle_endtag(self, tag: str) -> None:
        """End a row or a cell."""
        name = tag.rpartition(":")[2]
        if name in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif name in _CELLS:
            self._end_cell()
        elif name in (*_ROWS, "table"):
            self._end_row()

    def handle_data(self, data: str) -> None:
        """Keep what stands in a cell."""
        if self._text is not None and not self._silent:
            self._text.append(data)

    def _end_cell(self) -> None:
        if self._text is None or self._row is None:
            return
        text = "".join(self._text).strip().replace("\xa0", " ")
        at = len(self._row)
        if at in self._carried and not self._carried[at][1]:
            self._carried[at] = (self._carried[at][0], text or " ")
        self._row += [text] + [""] * (self._span - 1)
        self._text = None

    def _end_row(self) -> None:
        self._end_cell()
        if self._row is not None:
            self._carry()
            self.rows.append(self._row)
        self._row = None


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdigit() and len(text) < 6 else 0


def markup_table(stream: IO[bytes], charset: str) -> Table:
    """All rows of a page as one table."""
    return Table("", _numbered(stream, charset))


def _numbered(stream: IO[bytes], charset: str) -> Generator[tuple[int, Cells]]:
    stream.seek(0)
    parser, decoder, number = _Rows(), codecs.getincrementaldecoder(charset)(), 0
    while True:
        chunk = stream.read(_CHUNK)
        parser.feed(decoder.decode(chunk, final=not chunk))
        if not chunk:
            parser.close()
        rows: list[Any] = parser.rows
        parser.rows = []
        for cells in rows:
            number += 1
            if number > MAX_ROWS:
                raise RuleError(_("This sheet has more than %(count)s rows.", count=f"{MAX_ROWS:,}"))
            yield number, cells
        if not chunk:
            return
