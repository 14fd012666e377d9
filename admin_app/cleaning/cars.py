"""Plates and vehicle identification numbers."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import lazy_gettext as _l

from .text import Cleaned, folded, is_nothing
from .traditional import simplified

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_SERIAL = "[A-HJ-NP-Z0-9]"
_PLATES = re.compile(
    rf"[{PROVINCES}][A-Z](?:{_SERIAL}{{5}}|{_SERIAL}{{4,5}}(?:[学警港澳挂领试超使]|应急))"  # ordinary and special
    rf"|[{PROVINCES}][A-Z]{_SERIAL}{{6}}"  # new energy, eight characters
    rf"|[{PROVINCES}]?\d{{6}}使|使\d{{6}}|[{PROVINCES}][A-Z]?\d{{4,5}}领"  # embassies and consulates
    r"|[BCEGHJKLNQSV][A-Z]\d{5}"  # the army
    rf"|WJ[{PROVINCES}]?\d{{4,5}}[A-Z0-9]?"  # armed police
)
_NO_PLATE = re.compile(
    "(?:暂|目前|尚|还|新车|车辆)*(?:未|待|没有?|无)(?:上牌?|挂牌?|办|牌照?|车牌)?|临时?(?:牌照?|号牌)?|新车|(?:上牌|办理|办牌)中"
)
_NEW_ENERGY = re.compile(rf"[{PROVINCES}][A-Z](?:[A-HJK]{_SERIAL}\d{{4}}|\d{{5}}[A-HJK])")
_VIN = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_VIN_VALUE = {
    letter: int(digit)
    for letter, digit in zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True)
}
_VIN_VALUE.update({str(digit): digit for digit in range(10)})
_VIN_WEIGHT = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def plate(value: Any) -> Cleaned[str]:
    """A Chinese number plate without blanks, dots and hyphens, in capitals; 临牌 and 未上牌 count as none.

    What is no plate is None with a warning.
    """
    if is_nothing(value):
        return Cleaned()
    typed = simplified(folded(value)).upper()
    text = _bare(typed)
    if _NO_PLATE.fullmatch(text):
        return Cleaned()
    if not _PLATES.fullmatch(text):
        return _among_others(typed)
    if len(text) == 8 and text[-1].isascii() and text[0] in PROVINCES and not _NEW_ENERGY.fullmatch(text):
        return Cleaned(text, warnings=(_l("This is unusual for a new-energy plate; please check it."),))
    return Cleaned(text)


def _bare(text: str) -> str:
    return re.sub(r"[\s.·•・‧∙●\-—–_()\[\]【】\"'“”,;。]", "", text)


def _among_others(text: str) -> Cleaned[str]:
    """The plate beside a remark (“粤B12345（旧）”), or the first of several, with a warning."""
    without = re.sub(r"[(\[【].*?[)\]】]", "", text)
    pieces = [_bare(piece) for piece in re.split(r"[/、,;|\n→]", without)]
    plates = [piece for piece in pieces if _PLATES.fullmatch(piece)]
    if not plates:
        return Cleaned(warnings=(_l("This is not a number plate."),))
    if len(pieces) == 1:
        return Cleaned(plates[0])
    return Cleaned(plates[0], warnings=(_l("Only the first number plate is kept."),))


def vin(value: Any) -> Cleaned[str]:
    """A VIN of 17 characters in capitals. A wrong check digit only warns; a wrong length or I, O, Q is None."""
    if is_nothing(value):
        return Cleaned()
    text = re.sub(r"[\s.·•\-—–_*()]", "", folded(value)).upper()
    text = re.sub("^(?:VIN码?|车架号码?)[:：]?", "", text) if len(text) > 17 else text
    if len(text) == 17 and len(set(text)) == 1:
        return Cleaned(warnings=(_l("This only stands in for a VIN."),))
    if len(text) != 17:
        return Cleaned(warnings=(_l("A VIN has 17 characters; this one has %(count)s.", count=len(text)),))
    if any(letter in text for letter in "IOQ"):
        return Cleaned(warnings=(_l("A VIN has no I, O or Q."),))
    if not _VIN.fullmatch(text):
        return Cleaned(warnings=(_l("A VIN has only letters and digits."),))
    if text[8] != vin_check_digit(text):
        return Cleaned(text, warnings=(_l("The check digit of this VIN does not fit; please check it."),))
    return Cleaned(text)


def vin_check_digit(text: str) -> str:
    """The ninth character that a VIN of 17 capitals and digits should have (GB 16735, ISO 3779)."""
    rest = sum(_VIN_VALUE[letter] * weight for letter, weight in zip(text, _VIN_WEIGHT, strict=True)) % 11
    return "X" if rest == 10 else str(rest)
