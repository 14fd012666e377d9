"""Phone numbers as people write them, to E.164.

A Chinese mobile number is 1[3-9] and nine digits and nothing more is checked (DOMAIN §3.10). Landlines need
their area code. Other countries go by the numbering plans in `phonenumbers`.
"""

from __future__ import annotations

import re
from typing import Any

from flask_babel import lazy_gettext as _l

from .text import Cleaned, as_text, folded, is_nothing

_MOBILE = r"1[3-9]\d{9}"
_PLAIN_MOBILE = re.compile(_MOBILE)
_COUNTRY = r"(?:\+?86|0086)?"
_ONE_MOBILE = re.compile(rf"{_COUNTRY}0?({_MOBILE})")
_TWO_MOBILES = re.compile(rf"{_COUNTRY}0?({_MOBILE}){_COUNTRY}0?({_MOBILE})")
_LANDLINE = re.compile(r"0(?:10|2\d)[2-9]\d{7}|0[3-9]\d{2}[2-9]\d{6,7}")
_SERVICE = re.compile(r"[48]00\d{7}")
_EXTENSION = re.compile(r"(?:转|分机号?|ext\.?|#)[\s:：.\-]*(\d{1,6})", re.IGNORECASE)
_DASHED_EXTENSION = re.compile(
    r"(?<!\d)(0(?!086)\d{2,3}[\s\-]+\d{7,8}|(?<!\d)0(?!086)\d{2,3}[\s\-]+\d{3,4}[\s\-]\d{4})-(\d{1,6})"
)
_SEPARATOR = re.compile(r"[/、,;|&\n\r\t\\]|或者?|以及|和|及")
#: Every hyphen and dash that spreadsheets and chat programs put between digits (NFKC leaves them apart).
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\u30fc~]")
_SPAN = re.compile(r"\+?[\d(][\d\s().\-·•_]*")
#: 1、138… 2、139…, ①138…; a mobile number that a spreadsheet has set in thousands; “138… (2)”.
_ORDINAL = re.compile(r"(?<![\d.])[1-9]\s*[、.):]\s*(?=(?:\+?86)?1[3-9]\d{9}(?!\d))|[\u2460-\u2473]")
_THOUSANDS = re.compile(r"\d{2}(?:,\d{3}){3}")
_COUNTED = re.compile(r"(?<=\d)\s*\(\d{1,2}\)(?!\s*[\d\-])")
#: Words in Latin letters that may touch a number: wx13800138000, 13800138000wx.
_TOUCHING = re.compile(
    r"(?<![a-z])(?:wx|vx|weixin|wechat|tel|phone|mobile|mob|cell|no|m|t|v)(?![a-z])", re.IGNORECASE
)
_SHORTENED = re.compile(r"(\d\.\d+)E\+?1[0-3]", re.IGNORECASE)
_NEAR_ABROAD = re.compile(r"(?:852|853|886)[\s\-]")


def phone(value: Any, region: str = "CN") -> Cleaned[str]:
    """The first usable number of a cell in E.164, a mobile before a landline, and a second one if there is one.

    Reads full-width digits, blanks, dots, hyphens, +86 / 0086 / 86, “微信同号” and other words around the
    number, two numbers in a cell, extensions. What cannot be reached is None with a warning that says why;
    an empty cell is None without one.
    """
    if isinstance(value, str) and region == "CN" and _PLAIN_MOBILE.fullmatch(value) and value.isascii():
        return Cleaned("+86" + value)
    if is_nothing(value):
        return Cleaned()
    text, shortened = _unshortened(_spelled(value))
    if shortened:
        message = _l("The spreadsheet has cut this number short; format the column as text.")
        return Cleaned(warnings=(message,))
    found: list[str] = []
    warnings: list[Any] = []
    for piece in _SEPARATOR.split(text):
        numbers, remarks = _piece(piece, region)
        found += [number for number in numbers if number not in found]
        warnings += remarks
    return _chosen(found, warnings, text)


def _chosen(found: list[str], warnings: list[Any], text: str) -> Cleaned[str]:
    if not found:
        return Cleaned(warnings=tuple(warnings[:1]) or (_reason(text),))
    found.sort(key=lambda number: not is_mobile(number))
    if len(found) > 2:
        warnings.append(_l("Only two phone numbers are kept."))
    return Cleaned(found[0], found[1] if len(found) > 1 else None, tuple(warnings))


def is_mobile(number: str) -> bool:
    """True for a Chinese mobile number in E.164."""
    return number.startswith("+86") and _PLAIN_MOBILE.fullmatch(number[3:]) is not None


def _spelled(value: Any) -> str:
    """The cell without what only numbers it, joins it or says what it is."""
    text = value if isinstance(value, str) else as_text(value)
    text = _ORDINAL.sub(" ", _DASHES.sub("-", folded(re.sub("[\u2460-\u2473]", " ", text))))
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    return _TOUCHING.sub(" ", _COUNTED.sub("", text))


def _unshortened(text: str) -> tuple[str, bool]:
    """“1.3800138000E+10” and “13800138000.0” as digits; True where a spreadsheet has dropped digits."""
    if re.fullmatch(r"\d{7,15}\.0+", text):
        return text.partition(".")[0], False
    match = _SHORTENED.fullmatch(text)
    if not match:
        return text, False
    if len(match[1]) < 11:
        return text, True
    return str(int(float(text))), False


def _piece(piece: str, region: str) -> tuple[list[str], list[Any]]:
    """The numbers in one part of a cell, and a warning for each thing that is left out."""
    remarks: list[Any] = []
    without = _EXTENSION.sub(" ", piece)
    without = _DASHED_EXTENSION.sub(r"\1", without)
    if without != piece:
        remarks.append(_l("The extension is not kept with the phone number."))
    found: list[str] = []
    for match in _SPAN.finditer(without):
        before, after = without[: match.start()][-1:], without[match.end() :][:1]
        starred = "*" in (before, after) and _ONE_MOBILE.fullmatch(re.sub(r"\D", "", match[0]))
        if not starred and (_breaks(before) or _breaks(after)):
            continue
        found += _span(match[0], region)
    if found:
        return found, remarks
    return [], [_reason(piece)] if sum(map(str.isdigit, piece)) >= 5 else []


def _breaks(neighbour: str) -> bool:
    """A letter or a star inside a number means digits are missing: 13x12345678, 138****8000."""
    return neighbour == "*" or (neighbour.isascii() and neighbour.isalpha())


def _span(span: str, region: str) -> list[str]:
    digits = ("+" if span.startswith("+") else "") + re.sub(r"\D", "", span)
    if region != "CN":
        return _abroad(digits, region)
    if match := _ONE_MOBILE.fullmatch(digits):
        return ["+86" + match[1]]
    if match := _TWO_MOBILES.fullmatch(digits):
        return ["+86" + match[1], "+86" + match[2]]
    if number := _landline(digits):
        return [number]
    if digits.startswith("00") and not digits.startswith("0086"):
        return _abroad("+" + digits[2:], None)
    if digits.startswith("+") and not digits.startswith("+86"):
        return _abroad(digits, None)
    if _NEAR_ABROAD.match(span):
        return _abroad("+" + digits, None)
    return _several(span, region)


def _several(span: str, region: str) -> list[str]:
    """Numbers that only blanks part: “0755-83214567 13800138000”."""
    parts = re.split(r"\s+", span.strip())
    for cut in range(1, len(parts)):
        left, right = " ".join(parts[:cut]), " ".join(parts[cut:])
        digits = re.sub(r"\D", "", left)
        usable = _ONE_MOBILE.fullmatch(digits) or _landline(digits)
        if usable and (rest := _span(right, region)):
            return [*_span(left, region), *rest]
    return []


def _landline(digits: str) -> str | None:
    """A landline with its area code, or a 400/800 number; a country code may stand before it."""
    national = re.sub(r"^(?:\+86|0086|86(?=\d{9}))", "", digits)
    if national != digits and not national.startswith("0") and not _SERVICE.fullmatch(national):
        national = "0" + national
    if _LANDLINE.fullmatch(national):
        return "+86" + national[1:]
    return "+86" + national if _SERVICE.fullmatch(national) else None


def _abroad(digits: str, region: str | None) -> list[str]:
    import phonenumbers

    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return []
    if not phonenumbers.is_valid_number(number):
        return []
    return [phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)]


def _reason(text: str) -> Any:
    digits = re.sub(r"\D", "", text)
    if not digits:
        return _l("This is not a phone number.")
    if "*" in text:
        return _l("This phone number is masked; the full number is needed.")
    if digits.startswith("1") and 7 <= len(digits) <= 13 and len(digits) != 11:
        return _l("A mobile number has 11 digits; this one has %(count)s.", count=len(digits))
    if digits.startswith("0") and 6 <= len(digits) <= 13:
        return _l("This is not a landline number with its area code.")
    return _l("This phone number is not valid.")
