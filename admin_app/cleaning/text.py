"""What every cell goes through first: text out of any cell, full-width to half-width, "nothing" words."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Generic, TypeVar

from flask_babel import lazy_gettext as _l

T = TypeVar("T")

#: Words by which ledgers say that there is nothing to say.
NOTHING = frozenset(
    "- -- --- — —— – _ / \\ . ? ?? * ** 无 没有 暂无 空 空白 未知 不详 不明 不清楚 不知道 未填 未填写 未提供 未登记 "
    "待定 待补 待补充 拒绝提供 保密 n/a na #n/a #ref! #value! #name? #div/0! #null! #num! null none nil nan "
    "0000-00-00 (空) (无) (空白)".split()
)
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]")
_EDGES = " \t\r\n\v\f\u00a0\u3000\u200b\u200e\u200f\u2060\ufeff"


@dataclass(frozen=True, slots=True)
class Cleaned(Generic[T]):
    """What a cell means: its value, a second one where the cell held two, and what a person should know.

    `value` is None both where nothing was given (no warnings) and where it could not be used (warnings).
    """

    value: T | None = None
    second: T | None = None
    warnings: tuple[Any, ...] = ()


def as_text(value: Any) -> str:
    """The cell as a person would read it; whole floats without “.0”, None as the empty text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d") if value.time() == time() else value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _float_text(value: float) -> str:
    if not math.isfinite(value):
        return ""
    if value.is_integer() and abs(value) < 1e18:
        return str(int(value))
    return format(Decimal(repr(value)), "f")


def folded(value: Any) -> str:
    """NFKC, without invisible characters and outer blanks: for phones, plates, VINs, numbers, dates, choices.

    Never for names and notes (DOMAIN §3.10).
    """
    text = as_text(value)
    if text.isascii():
        return text.strip()
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).strip(_EDGES)


def is_nothing(value: Any) -> bool:
    """True for an empty cell and for “-”, “无”, “未知”, “N/A” and the like."""
    if value is None or value == "":
        return True
    if not isinstance(value, str):
        return False
    text = folded(value)
    return not text or (len(text) <= 10 and text.lower() in NOTHING)


def trimmed(value: Any) -> str:
    """As typed, without the blanks around it (full-width ones and byte order marks too)."""
    return as_text(value).strip(_EDGES)


def words(value: Any, length: int | None = None) -> Cleaned[str]:
    """Plain text such as an address: as typed, trimmed, None where the cell says nothing.

    Text with a NUL character, or longer than `length` characters, cannot be stored: blank with a warning.
    """
    text = trimmed(value)
    return Cleaned() if is_nothing(text) else _storable(text, length)


def note(value: Any, length: int | None = None) -> Cleaned[str]:
    """Free text exactly as typed, markup and formulas included; None where the cell is blank."""
    text = as_text(value)
    return _storable(text, length) if text.strip(_EDGES) else Cleaned()


def _storable(text: str, length: int | None) -> Cleaned[str]:
    if "\x00" in text:
        return Cleaned(warnings=(_l("This text has a character that cannot be stored."),))
    if length is not None and len(text) > length:
        return Cleaned(warnings=(_l("This text is longer than %(length)s characters.", length=length),))
    return Cleaned(text)
