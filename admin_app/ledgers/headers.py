"""Which row is the header, and which column is which field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from ..cleaning import as_text, simplified
from .words import rewritten

#: The header stands within the first rows of a sheet; above it stand titles, dates and remarks.
HEADER_WITHIN = 40
#: So many known columns make a header; one is enough where a sheet has only one column.
ENOUGH = 2
#: Marks a name that counts only where no other column of the file is the field (登记时间 beside 回访时间).
WEAK = "~"
#: How sure a column is: its name as listed, a name that had to be rewritten, a weak one.
LISTED, REWRITTEN, LAST = 0, 1, 2
_BRACKETS = re.compile(r"\(.*?\)|\[.*?\]|【.*?】|<.*?>|《.*?》|〔.*?〕|\{.*?\}", re.DOTALL)
_INNER = re.compile(r"[(（\[【《〔{](.+?)[)）\]】》〕}]", re.DOTALL)
_DRESS = re.compile(r"[\s:：*★☆_\-—–.。、,，;；/\\·'’\"“”#№?？!！~～^+=|&▼▲↓√◆●※]+")


@dataclass(frozen=True)
class Header:
    """A header row: its number, the headers as they stand in the file (made unique), and field → header."""

    number: int
    titles: tuple[str, ...]
    fields: Mapping[str, str]

    @cached_property
    def several(self) -> dict[str, list[str]]:
        """field → the headers of all its columns, the surest first."""
        found: dict[str, list[str]] = {}
        for name, title in self.fields.items():
            found.setdefault(re.sub(r" \d+$", "", name), []).append(title)
        return found

    @cached_property
    def places(self) -> tuple[int, ...]:
        """Where the columns stand that are read."""
        known = set(self.fields.values())
        return tuple(at for at, title in enumerate(self.titles) if title in known)

    def places_of(self, fields: Collection[str]) -> frozenset[int]:
        """Where the columns of these fields stand."""
        titles = {title for field in fields for title in self.several.get(field, ())}
        return frozenset(at for at, title in enumerate(self.titles) if title in titles)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Headers that no field is known for; their cells are not read."""
        known = set(self.fields.values())
        return tuple(title for title in self.titles if title and title not in known)


def header_key(title: Any) -> str:
    """A column name as it is compared: “ 行驶里程(km)*”, “行驶里程：” and “行駛　里程” are the same."""
    text = simplified(unicodedata.normalize("NFKC", as_text(title)).lower())
    return _DRESS.sub("", _BRACKETS.sub("", text))


class Known(dict[str, tuple[str, int]]):
    """header_key → (field, how sure). `exact` is what a person has said of this file's headers ("": not read)."""

    exact: Mapping[str, str] = {}


def known_names(names: Mapping[str, Collection[str]], exact: Mapping[str, str] | None = None) -> Known:
    """header_key → (field, how sure), from field → every name for it. The first field keeps a name."""
    known = Known()
    known.exact = exact or {}
    for field, titles in names.items():
        for title in (field, *titles):
            known.setdefault(header_key(title), (field, LAST if title.startswith(WEAK) else LISTED))
    known.pop("", None)
    return known


def read_header(number: int, cells: list[Any], known: Known, above: list[Any] | None = None) -> Header:
    """The header that this row would be, below a row of group titles where one is given.

    A second column for one field becomes “field 2”, a third “field 3”; columns whose name is listed come before
    those whose name had to be rewritten.
    """
    titles: list[str] = []
    found: list[tuple[int, int, str]] = []
    for at, (title, group) in enumerate(_titles(cells, above)):
        meaning = (
            _meaning(group + title, known) or _meaning(title, known) if group else _meaning(title, known)
        )
        titles.append(_unique(title, titles))
        if titles[-1] in known.exact:
            meaning = (known.exact[titles[-1]], LISTED) if known.exact[titles[-1]] else None
        if meaning:
            found.append((meaning[1], at, meaning[0]))
    fields: dict[str, str] = {}
    for _rank, at, field in sorted(found):
        free = next(n for n in range(1, len(found) + 2) if _numbered(field, n) not in fields)
        fields[_numbered(field, free)] = titles[at]
    return Header(number, tuple(titles), fields)


def _titles(cells: list[Any], above: list[Any] | None) -> Iterator[tuple[str, str]]:
    """(title, title of its group) for each column; a group reaches to the next one, over blank cells."""
    group = ""
    top = [_tidy(cell) for cell in above or []]
    for at in range(max(len(cells), len(top))):
        title = _tidy(cells[at]) if at < len(cells) else ""
        over = top[at] if at < len(top) else ""
        group = over or (group if title else "")
        yield (title, group) if title and title != group else (title or over, "")


def _tidy(cell: Any) -> str:
    return re.sub(r"\s+", " ", as_text(cell)).strip()


def _numbered(field: str, at: int) -> str:
    return field if at == 1 else f"{field} {at}"


def _unique(title: str, taken: list[str]) -> str:
    if not title or title not in taken:
        return title
    return next(f"{title} ({n})" for n in range(2, len(taken) + 3) if f"{title} ({n})" not in taken)


def _meaning(title: str, known: Known) -> tuple[str, int] | None:
    """(field, how sure) of a title; None where nothing is known. The key of an export is only ever “id”."""
    if not title or len(title) > 60:
        return None
    for rank, name in _candidates(title):
        if name in known and (known[name][0] != "id" or title == "id"):
            field, least = known[name]
            return field, max(rank, least)
    return None


def field_of(title: str, known: Known) -> str | None:
    """The field that a column of this title is; None where nothing is known."""
    meaning = _meaning(title, known)
    return meaning[0] if meaning else None


def _candidates(title: str) -> Iterator[tuple[int, str]]:
    """What a header may be called: itself, its parts (“手机/电话”), rewritten, what its brackets say."""
    whole = header_key(title)
    bare = _BRACKETS.sub("", unicodedata.normalize("NFKC", title))
    parts = [header_key(part) for part in re.split(r"[/、,&|;+\\]|或者?", bare)]
    plain = [form for name in (whole, *parts) for form in (name, re.sub(r"^\d+|\d+$", "", name))]
    yield from ((LISTED if name == whole else REWRITTEN, name) for name in plain)
    for name in dict.fromkeys(plain):
        yield from ((REWRITTEN, form) for form in rewritten(name))
    for inner in _INNER.findall(title):
        yield REWRITTEN, header_key(inner)


def find_header(rows: list[tuple[int, list[Any]]], known: Known) -> Header | None:
    """The row that names the most known columns, the first of equals; None where no row looks like a header.

    Two rows make one header where the upper one names groups (客户信息 over 姓名 and 电话) and both together name
    more columns than either alone.
    """
    best: Header | None = None
    for number, cells in rows:
        header = read_header(number, cells, known)
        texts = sum(1 for title in header.titles if title)
        enough = min(ENOUGH, texts) if texts else ENOUGH
        if len(header.fields) >= enough and (best is None or len(header.fields) > len(best.fields)):
            best = header
    return _of_two_rows(rows, known, best) or best


def _of_two_rows(rows: list[tuple[int, list[Any]]], known: Known, best: Header | None) -> Header | None:
    alone = len(best.fields) if best else 1
    found: Header | None = None
    for (first, above), (second, cells) in pairwise(rows):
        if second != first + 1 or not _are_titles(above) or not _are_titles(cells):
            continue
        both = read_header(second, cells, known, above)
        added = sum(1 for at in both.places if at < len(cells) and _tidy(cells[at]))
        if len(both.fields) > max(alone, len(found.fields) if found else 0) and added >= ENOUGH:
            found = both
    return found


def header_at(rows: list[tuple[int, list[Any]]], number: int, known: Known) -> Header | None:
    """The header that a person has named by its row, with the row of groups above it where it has one."""
    here = [row for row in rows if number - 1 <= row[0] <= number]
    if not here or here[-1][0] != number:
        return None
    alone = read_header(number, here[-1][1], known)
    return _of_two_rows(here, known, alone) or alone


def _are_titles(cells: list[Any]) -> bool:
    """Whether a row has only short words, as headers have, and at least two of them."""
    texts = [_tidy(cell) for cell in cells if _tidy(cell)]
    figures = any(not isinstance(cell, str) and cell is not None for cell in cells)
    return len(texts) >= 2 and not figures and all(len(t) <= 30 and not re.search(r"\d{4}", t) for t in texts)
