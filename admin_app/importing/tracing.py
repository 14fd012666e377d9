"""What undoing an import needs: the keys of the rows it made, and what stood in the rows it changed."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import tempfile
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import IO, Any

from admin_app.importing.writer import Keys

Change = tuple[str, int, dict[str, Any], dict[str, Any]]  # table, key, before, after


class TraceFile:
    """A trace that is written while the import runs; `finish` gives the file."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by its owner
        self._lines = gzip.GzipFile(fileobj=self._file, mode="wb", compresslevel=4, mtime=0)
        self._made: dict[str, Keys] = {}

    def inserted(self, table: str, keys: list[int]) -> None:
        """Rows were made."""
        made = self._made.setdefault(table, Keys())
        for key in keys:
            made.add(key)

    def changed(self, table: str, changes: Mapping[int, Mapping[str, tuple[Any, Any]]]) -> None:
        """Rows of before were changed."""
        for key, columns in changes.items():
            before = {name: _kept(pair[0]) for name, pair in columns.items()}
            after = {name: _kept(pair[1]) for name, pair in columns.items()}
            self._write([table, key, before, after])

    def finish(self) -> IO[bytes]:
        """The whole trace, at its beginning: the changes in their order, the ranges of new keys as the last line."""
        self._write({table: keys.ranges for table, keys in self._made.items()})
        self._lines.close()
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()

    def _write(self, line: Any) -> None:
        self._lines.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


class Trace:
    """A kept trace: `made` is table → ranges (first, last) of new keys; `changes` in the order they were made."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._data = stream.read()
        self.made: dict[str, list[tuple[int, int]]] = {}
        for line in self._read():
            if isinstance(line, dict):
                self.made = {table: [(first, last) for first, last in ranges] for table, ranges in line.items()}

    @property
    def changes(self) -> Iterator[Change]:
        """(table, key, before, after) of every change."""
        for line in self._read():
            if isinstance(line, list):
                yield line[0], line[1], _values(line[2]), _values(line[3])

    def has(self, table: str, key: int) -> bool:
        """Whether the import made this row."""
        return any(first <= key <= last for first, last in self.made.get(table, ()))

    def _read(self) -> Iterator[Any]:
        with gzip.GzipFile(fileobj=io.BytesIO(self._data), mode="rb") as plain:
            for line in plain:
                yield json.loads(line)


def _kept(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return {"moment": value.isoformat()}
    if isinstance(value, dt.date):
        return {"day": value.isoformat()}
    if isinstance(value, Decimal):
        return {"number": str(value)}
    return str(value) if isinstance(value, str) else value


def _values(kept: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in kept.items()}


def _value(kept: Any) -> Any:
    if not isinstance(kept, dict):
        return kept
    kind, text = next(iter(kept.items()))
    if kind == "moment":
        return dt.datetime.fromisoformat(text)
    return dt.date.fromisoformat(text) if kind == "day" else Decimal(text)
