"""Which row is the header, and which column is which field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..cleaning import as_text

#: The header stands within the first rows of a sheet; above it stand titles, dates and remarks.
HEADER_WITHIN = 40
#: So many known columns make a header; one is enough where a sheet has only one column.
ENOUGH = 2
#: Words before a header that add nothing: 客户手机号码, 车主地址, 车辆颜色.
_OWNER = re.compile("^(?:客户|顾客|车主|用户|会员|潜客|本人|联系人|车辆)(?:的)?(?=..)")


@dataclass(frozen=True)
class Header:
    """A header row: its number, the headers as they stand in the file (made unique), and field → header."""

    number: int
    titles: tuple[str, ...]
    fields: Mapping[str, str]

    @cached_property
    def several(self) -> dict[str, list[str]]:
        """field → the headers of all its columns, in their order."""
        found: dict[str, list[str]] = {}
        for name, title in self.fields.items():
            found.setdefault(re.sub(r" \d+$", "", name), []).append(title)
        return found

    @cached_property
    def places(self) -> tuple[int, ...]:
        """Where the columns stand that are read."""
        known = set(self.fields.values())
        return tuple(at for at, title in enumerate(self.titles) if title in known)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Headers that no field is known for; their cells are not read."""
        known = set(self.fields.values())
        return tuple(title for title in self.titles if title and title not in known)


def header_key(title: Any) -> str:
    """A column name as it is compared: “ 行驶里程(km)*”, “行驶里程：” and “行驶　里程” are the same."""
    text = unicodedata.normalize("NFKC", as_text(title)).lower()
    text = re.sub(r"\(.*?\)|\[.*?\]|【.*?】|<.*?>", "", text)
    return re.sub(r"[\s:：*★☆_\-.、,，/\\·'\"“”#№?？]+", "", text)


class Known(dict[str, str]):
    """header_key → field. `exact` is what a person has said of this file's headers (an empty field: not read)."""

    exact: Mapping[str, str] = {}


def known_names(names: Mapping[str, Collection[str]], exact: Mapping[str, str] | None = None) -> Known:
    """header_key → field, from field → every name under which ledgers know it. The first field keeps a name."""
    known = Known()
    known.exact = exact or {}
    for field, titles in names.items():
        for title in (field, *titles):
            known.setdefault(header_key(title), field)
    known.pop("", None)
    return known


def read_header(number: int, cells: list[Any], known: Known) -> Header:
    """The header that this row would be. A second column for one field becomes “field 2”, a third “field 3”."""
    titles: list[str] = []
    fields: dict[str, str] = {}
    for cell in cells:
        title = re.sub(r"\s+", " ", as_text(cell)).strip()
        titles.append(_unique(title, titles))
        field = known.exact.get(titles[-1], _field(title, known))
        if field:
            at = next(n for n in range(1, len(cells) + 2) if _numbered(field, n) not in fields)
            fields[_numbered(field, at)] = titles[-1]
    return Header(number, tuple(titles), fields)


def _numbered(field: str, at: int) -> str:
    return field if at == 1 else f"{field} {at}"


def _unique(title: str, taken: list[str]) -> str:
    if not title or title not in taken:
        return title
    return next(f"{title} ({n})" for n in range(2, len(taken) + 3) if f"{title} ({n})" not in taken)


def _field(title: str, known: Mapping[str, str]) -> str | None:
    if not title or len(title) > 60:
        return None
    return next((known[name] for name in _candidates(title) if name in known), None)


def _candidates(title: str) -> Iterator[str]:
    """What a header may be called: itself, its parts (“手机/电话”), without “客户” before it, what its brackets say."""
    whole = header_key(title)
    parts = [header_key(part) for part in re.split(r"[/／、,，&|]|或者?", title)]
    plain = [form for name in (whole, *parts) for form in (name, re.sub(r"\d+$", "", name))]
    yield from plain
    yield from (_OWNER.sub("", name) for name in plain)
    for inner in re.findall(r"[(（\[【](.+?)[)）\]】]", title):
        yield header_key(inner)


def find_header(rows: list[tuple[int, list[Any]]], known: Known) -> Header | None:
    """The row that names the most known columns, the first of equals; None where no row looks like a header."""
    best: Header | None = None
    for number, cells in rows:
        header = read_header(number, cells, known)
        texts = sum(1 for title in header.titles if title)
        enough = min(ENOUGH, texts) if texts else ENOUGH
        if len(header.fields) >= enough and (best is None or len(header.fields) > len(best.fields)):
            best = header
    return best
