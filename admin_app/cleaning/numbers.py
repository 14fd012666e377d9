"""Amounts and distances: “1.2万公里”, “26,071”, “￥1,286.00”."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import lazy_gettext as _l

from .text import Cleaned, folded, is_nothing

#: No ledger holds a larger figure.
LARGEST = 10**15

_TIMES = {
    "": 1,
    "百": 100,
    "千": 1_000,
    "k": 1_000,
    "万": 10_000,
    "萬": 10_000,
    "w": 10_000,
    "百万": 1_000_000,
    "千万": 10_000_000,
    "亿": 100_000_000,
}
_NUMBER = re.compile(
    r"(?:约|大约|近|¥|\$|rmb|cny|人民币)*"
    r"(?P<sign>[-+]?)(?:¥|\$)?(?P<figure>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+)(?P<times>百万|千万|[百千万萬亿kw]?)"
    r"(?:余|多|左右|以上)?"
    r"(?:公里|千米|km|里|元整?|块钱?|rmb|cny|年|个?月|天|日|岁|次|人|个|辆|台|分钟?|小时|%)?(?:左右|以上)?",
    re.IGNORECASE,
)


#: What may stand around a figure: 里程12345, 12345(公里), 128,000.00元/台.
_AROUND = re.compile(
    r"^(?:行驶|表显)?(?:里程|公里数|预算|总价|售价|优惠后|nt|hk|tw)[:：]?|\(.*\)$|/[台辆次]$|含税$",
    re.IGNORECASE,
)
#: “1万2”, “12万8千”, “1万2千公里”.
_MIXED = re.compile(r"(\d+)[万萬](\d)千?(?:公里|千米|km|里|元|块)?")


def number(
    value: Any, *, minimum: Decimal | int | None = 0, maximum: Decimal | int | None = None
) -> Cleaned[Decimal]:
    """The number in a cell, with 千/万/k/w multiplied out; units and currency signs are dropped.

    Outside minimum … maximum (None: no lower bound, and 10^15 above), a range such as “3-5万”, or no number at all:
    None with a warning.
    """
    if is_nothing(value):
        return Cleaned()
    found = _decimal(value)
    if found is None:
        return Cleaned(warnings=(_l("This is not a number."),))
    if maximum is None:
        maximum = LARGEST
    if minimum is not None and found < minimum:
        return Cleaned(warnings=(_l("This number is smaller than %(bound)s.", bound=minimum),))
    if maximum is not None and found > maximum:
        return Cleaned(warnings=(_l("This number is larger than %(bound)s.", bound=maximum),))
    return Cleaned(found)


def whole(value: Any, *, minimum: int | None = 0, maximum: int | None = None) -> Cleaned[int]:
    """Like `number`, rounded to a whole one (half up)."""
    cleaned = number(value, minimum=minimum, maximum=maximum)
    if cleaned.value is None:
        return Cleaned(warnings=cleaned.warnings)
    return Cleaned(int(cleaned.value.quantize(Decimal(1), rounding="ROUND_HALF_UP")))


def kilometres(value: Any) -> Cleaned[int]:
    """A car's mileage in km; more than 2,000,000 km is a mistake."""
    return whole(value, maximum=2_000_000)


def money(value: Any) -> Cleaned[Decimal]:
    """An amount in yuan, to the fen (half up); more than 1,000,000,000 is a mistake."""
    cleaned = number(value, maximum=1_000_000_000)
    if cleaned.value is None:
        return cleaned
    return Cleaned(cleaned.value.quantize(Decimal("0.01"), rounding="ROUND_HALF_UP"))


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        return Decimal(value)
    text = re.sub(r"\s|'", "", folded(value)).replace("，", ",")
    text = _AROUND.sub("", text)
    if match := _MIXED.fullmatch(text):
        return Decimal(match[1]) * 10_000 + Decimal(match[2]) * 1_000
    if re.fullmatch(r"-?\d(?:\.\d+)?E[+-]?\d{1,2}", text, re.IGNORECASE):
        return Decimal(text)
    match = _NUMBER.fullmatch(text)
    if not match:
        return None
    try:
        figure = Decimal(match["figure"].replace(",", "")) * _TIMES[match["times"].lower()]
    except InvalidOperation:  # pragma: no cover - the pattern lets only digits through
        return None
    return -figure if match["sign"] == "-" else figure
