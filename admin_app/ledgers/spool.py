"""Rows put aside on disk. The reader of Excel files holds a whole sheet in memory, nine times the size of the file;
a spooled sheet needs none while its rows are looked up and written."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Generator
from itertools import islice
from typing import IO, Any

from .tables import Cells, Table

_PIECE = 500


class Spool:
    """A table on disk, to be read as often as needed; gone when it is closed."""

    def __init__(self, table: Table) -> None:
        self.name, self._merged = table.name, table.merged
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the ledger
        while piece := list(islice(table.rows, _PIECE)):
            pickle.dump(piece, self._file, protocol=pickle.HIGHEST_PROTOCOL)

    def table(self) -> Table:
        """The table again, from its first row."""
        return Table(self.name, self._rows(), self._merged)

    def _rows(self) -> Generator[tuple[int, Cells]]:
        at = 0
        while True:
            self._file.seek(at)
            try:
                piece: list[Any] = pickle.load(self._file)  # our own file, written above
            except EOFError:
                return
            at = self._file.tell()
            yield from piece

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()
