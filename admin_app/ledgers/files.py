"""What kind of file this is, and whether it is safe to open: broken, disguised and exploding ones are refused.

Every refusal is a `RuleError` with a sentence, before the file is unpacked into memory.
"""

from __future__ import annotations

import codecs
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import IO, Literal

from flask_babel import gettext as _

from ..errors import RuleError

Kind = Literal["xlsx", "xls", "csv", "markup"]
Source = str | PathLike[str] | IO[bytes]

#: Bytes of an uploaded file, and of a workbook when unpacked (100,000 rows of 14 columns have about 90 MiB).
MAX_FILE = 64 * 1024 * 1024
MAX_UNPACKED = 256 * 1024 * 1024
#: Packed more tightly than this, a part of more than 8 MiB is no ledger (ledgers pack 5 to 30 times).
MAX_RATIO, RATIO_FROM = 150, 8 * 1024 * 1024
MAX_PARTS = 1_000
#: Cells between the first and the last one of a sheet; a workbook is held as a full rectangle while it is read.
MAX_CELLS = 20_000_000

_CHUNK = 1024 * 1024
_CELL = re.compile(rb"""<(?:\w+:)?c\s[^<>]*?r=["']([A-Z]{1,3})(\d{1,7})["'][^<>]*(?<!/)>""")
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER_FILES = (
    (b"%PDF", "PDF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"\x1f\x8b", "gzip"),
    (b"MZ", "EXE"),
    (b"\x7fELF", "ELF"),
    (b"SQLite format", "SQLite"),
)


@contextmanager
def opened(source: Source) -> Iterator[tuple[IO[bytes], Kind]]:
    """The file, checked and at its beginning, and its kind. A stream that was given stays open."""
    if isinstance(source, str | PathLike):
        path = Path(source)
        if not path.is_file():
            raise RuleError(_("There is no file %(name)s.", name=path.name))
        with path.open("rb") as stream:
            yield stream, check(stream, path.name)
    else:
        given: IO[bytes] = source if source.seekable() else io.BytesIO(source.read(MAX_FILE + 1))
        name = getattr(source, "filename", None) or getattr(source, "name", None)
        yield given, check(given, name if isinstance(name, str) else "")


def check(stream: IO[bytes], name: str = "") -> Kind:
    """The kind of a file by its content; its name may not claim another one. Leaves the stream at its beginning."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    if size == 0:
        raise RuleError(_("This file is empty."))
    if size > MAX_FILE:
        raise RuleError(_("This file is larger than %(size)s MB.", size=MAX_FILE // 1024 // 1024))
    head = stream.read(4096)
    stream.seek(0)
    kind = _kind(head)
    if kind == "xls" and _locked(stream):
        raise RuleError(_("This file is protected by a password. Save it without one."))
    _honest(kind, name)
    if kind == "xlsx":
        _check_workbook(stream)
    stream.seek(0)
    return kind


def _kind(head: bytes) -> Kind:
    if head.startswith(_ZIP):
        return "xlsx"
    if head.startswith(_OLE):
        return "xls"
    for magic, what in _OTHER_FILES:
        if head.startswith(magic):
            raise RuleError(
                _("This is a %(kind)s file, not a ledger. Please give an Excel or CSV file.", kind=what)
            )
    text = head.replace(b"\x00", b"")  # UTF-16 pages too
    if re.match(
        rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*<(?:!|html|head|meta|style|table|\?xml)", text, re.IGNORECASE
    ):
        return "markup"
    return "csv"


def web_page() -> RuleError:
    """The refusal of a page that is no table of records."""
    return RuleError(_("This is a web page, not a ledger. Open it in Excel and save it as .xlsx."))


def _locked(stream: IO[bytes]) -> bool:
    """Whether this is an .xlsx locked by a password: an old container around an encrypted part."""
    mark, rest = "EncryptedPackage".encode("utf-16-le"), b""
    stream.seek(0)
    while chunk := stream.read(_CHUNK):
        if mark in rest + chunk:
            return True
        rest = chunk[-len(mark) :]
    return False


def _honest(kind: Kind, name: str) -> None:
    """Old systems call anything .xls, web pages too, and Excel opens it; .xlsx and .csv must be what they say."""
    ending = Path(name).suffix.lower()
    if kind == "markup" and ending not in (".xls", ""):
        raise web_page()
    if (ending in (".xlsx", ".xlsm") and kind != "xlsx") or (ending in (".csv", ".txt") and kind != "csv"):
        raise RuleError(_("This file is called %(ending)s but its content is something else.", ending=ending))
    if ending and ending not in (".xlsx", ".xlsm", ".xls", ".et", ".csv", ".txt", ".tsv"):
        raise RuleError(
            _("Files of the kind %(ending)s cannot be read. Please give .xlsx, .xls or .csv.", ending=ending)
        )


def _check_workbook(stream: IO[bytes]) -> None:
    broken = RuleError(_("This Excel file is damaged and cannot be opened."))
    try:
        with zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
            if not any(part.filename == "xl/workbook.xml" for part in parts):
                raise RuleError(_("This is not an Excel workbook."))
            _check_sizes(parts)
            for part in parts:
                _check_part(archive, part)
    except RuleError:
        raise
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
        zlib.error,
    ) as error:
        raise broken from error


def _check_sizes(parts: list[zipfile.ZipInfo]) -> None:
    too_large = len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED
    tight = any(part.file_size > max(RATIO_FROM, part.compress_size * MAX_RATIO) for part in parts)
    if too_large or tight:
        raise RuleError(_("This Excel file unpacks to far more than a ledger can hold; it is not opened."))


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Unpacks a part piece by piece: its true length and checksum, and how far the cells of a sheet spread."""
    is_sheet = part.filename.startswith("xl/worksheets/") and part.filename.endswith(".xml")
    columns = rows = 0
    rest = b""
    with archive.open(part) as content:
        while chunk := content.read(_CHUNK):
            if not is_sheet:
                continue
            text = rest + chunk
            for letters, digits in _extremes(text):
                columns, rows = max(columns, letters), max(rows, digits)
            rest = text[text.rfind(b"<") :][-4096:] if b"<" in text else b""
    if columns * rows > MAX_CELLS:
        raise RuleError(
            _("The cells of this sheet lie too far apart. Delete what stands far below or to the right.")
        )


def _extremes(text: bytes) -> Iterator[tuple[int, int]]:
    """(column, row) bounds of the filled cells in a piece of a sheet."""
    found = _CELL.findall(text)
    if found:
        yield (
            max(map(_column, {letters for letters, _digits in found})),
            max(int(digits) for _letters, digits in found),
        )


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def encodings(stream: IO[bytes]) -> list[str]:
    """The encodings that fit the whole of a text file, the likeliest first: UTF-16 or UTF-8, else GB18030 or Big5."""
    stream.seek(0)
    head = stream.read(4096)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        wanted: tuple[str, ...] = ("utf-16",)
    elif (high := head[1::2].count(0)) > 20 * (low := head[::2].count(0)) and high * 16 > len(head):
        wanted = ("utf-16-le",)
    elif low > 20 * high and low * 16 > len(head):
        wanted = ("utf-16-be",)
    else:
        wanted = ("utf-8-sig", "gb18030", "big5hkscs")
    fitting: list[str] = []
    for name in wanted:
        if _fits(stream, name):
            fitting.append(name)
            if name != "gb18030":  # whose characters Big5 has too
                break
    if not fitting:
        raise RuleError(
            _("The text of this file is neither UTF-8 nor GB18030. Save it from Excel as “CSV UTF-8”.")
        )
    return fitting


def _fits(stream: IO[bytes], name: str) -> bool:
    stream.seek(0)
    decoder = codecs.getincrementaldecoder(name)()
    try:
        while chunk := stream.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        stream.seek(0)
    return True
