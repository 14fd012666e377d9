"""Days and moments of every kind that stands in Chinese ledgers."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l

from .text import Cleaned, folded, is_nothing
from .traditional import simplified

FIRST_YEAR, LAST_YEAR = 1900, 2100
#: Two digits of a year up to this are 20xx, above it 19xx.
PIVOT = 50

_CHINESE_DIGITS = str.maketrans("〇○零一二三四五六七八九", "000123456789")
_MONTHS = {name: at for at, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_WEEKDAY = re.compile(r"[(\[]?(?:星期|周|礼拜)[一二三四五六日天末][)\]]?")
_MARK = r"[-/.,·、_\s\\。]"
_YEAR_FIRST = re.compile(rf"(\d{{4}}|\d{{2}}){_MARK}+(\d{{1,2}}){_MARK}+(\d{{1,2}})")
_YEAR_LAST = re.compile(rf"(\d{{1,2}}){_MARK}+(\d{{1,2}}){_MARK}+(\d{{4}})")
_SIGNED = re.compile(r"(\d{4}|\d{2})年度?(\d{1,2})月份?(\d{1,2})[日号]?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NAMED_FIRST = re.compile(r"([a-z]{3})[a-z]*\.?[\s-]+(\d{1,2})(?:st|nd|rd|th)?,?[\s-]+(\d{4})")
_NAMED_MIDDLE = re.compile(r"(\d{4})[\s-]+([a-z]{3})[a-z]*\.?[\s-]+(\d{1,2})")
_NAMED_SECOND = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[\s-]+([a-z]{3})[a-z]*\.?,?[\s-]+(\d{4}|\d{2}(?!\d))")
#: Years of the Republic, as Taiwan counts them: 民国115年3月5日, 115/3/5.
_REPUBLIC = re.compile(
    rf"(?:民国)?(1[0-4]\d|(?<=民国)\d{{2}})(?:年|{_MARK})(\d{{1,2}})(?:月|{_MARK})(\d{{1,2}})日?(?!\d)"
)
#: 260305: two digits each.
_SHORT = re.compile(r"(\d{2})(\d{2})(\d{2})")
_NO_YEAR = re.compile(r"(\d{1,2})(?:月|[-/.])(\d{1,2})[日号]?(?=$|[^\d/.\-])")
#: 3/5/26, as English spreadsheets show it.
_YEAR_LAST_SHORT = re.compile(r"(\d)/(\d{1,2})/(\d{2})(?!\d)")
#: Words around a day that say nothing more.
_BEFORE = re.compile(r"^(?:约|大约|大概|购于|购车|生日|日期|时间|于)[:：]?\s*")
_AFTER = re.compile(r"\s*(?:左右|前后|之前|以前|[(\[【][^()\[\]【】]*[)\]】])$")
_TIME_FIRST = re.compile(
    r"((?:上午|下午|早上|晚上|中午)?\s*\d{1,2}:\d{2}(?::\d{2})?(?:\s*[ap]m)?)\s+(\d{4}\D.*)"
)
_PART_OF_DAY = (
    r"(?P<part>凌晨|清晨|早上|早晨|上午|午前|午后|中午|正午|下午|傍晚|晚上|晚|am|pm|a\.m\.|p\.m\.)?"
)
_CLOCK = re.compile(
    rf"{_PART_OF_DAY}\s*(?P<hour>\d{{1,2}})\s*"
    r"(?:[:.时点h](?P<half>半)?(?:\s*(?P<quarter>[一三])刻)?(?:\s*(?P<minute>\d{1,2})\s*分?)?"
    r"(?:\s*[:.]?\s*(?P<second>\d{1,2})(?:\.\d+)?\s*秒?)?整?)?"
    r"\s*(?P<after>am|pm|a\.m\.|p\.m\.)?\s*(?:z|utc|[+-]\d{2}:?\d{2})?"
)
NO_YEAR = _l("This date has no year.")
_IMPOSSIBLE = _l("This day does not exist.")
_NO_DAY = _l("This is not a date.")


def day(value: Any, *, latest: date | None = None) -> Cleaned[date]:
    """The day in a cell; a time of day is dropped.

    Years of two digits up to 50 are 20xx; where `latest` is given (birthdays, purchases), a two-digit year that
    would lie after it is taken a century earlier. Impossible or unreadable days are None with a warning;
    “-”, “无”, “未知” are None without one. 11/9/2026 is read as month/day/year, with a warning where it could
    be either.
    """
    cleaned = moment(value, latest=latest)
    return Cleaned(cleaned.value.date() if cleaned.value else None, warnings=cleaned.warnings)


def moment(value: Any, *, latest: date | None = None) -> Cleaned[datetime]:
    """Day and time of a cell on the store's own clock, without a zone; midnight where no time is given."""
    if isinstance(value, datetime):
        return _in_range(value.replace(tzinfo=None))
    if isinstance(value, date):
        return _in_range(datetime.combine(value, time()))
    if is_nothing(value):
        return Cleaned()
    if isinstance(value, bool | time | timedelta):
        return Cleaned(warnings=(_NO_DAY,))
    if isinstance(value, int | float):
        return _from_number(float(value))
    text = _tidied(value)
    if match := _TIME_FIRST.fullmatch(text):
        text = f"{match[2]} {match[1]}"
    if re.fullmatch(r"\d{5}(?:\.\d+)?", text):
        return _from_number(float(text))
    return _from_text(text, latest)


def _tidied(value: Any) -> str:
    text = simplified(_WEEKDAY.sub(" ", folded(value))).lower().lstrip("'").strip()
    text = _AFTER.sub("", _BEFORE.sub("", text))
    if "月" in text:
        text = _chinese_numbers(text)
    text = re.sub(r"(?<=午|上)([一二三四五六七八九十]{1,2})(?=[点时])", _hour_in_words, text)
    text = re.sub(r"\s*([年月])\s*", r"\1", text)
    return re.sub(r"\s+", " ", text).strip()


def _chinese_numbers(text: str) -> str:
    """“二〇二六年十一月九日” with digits."""

    def tens(match: re.Match[str]) -> str:
        high = match[1].translate(_CHINESE_DIGITS) or "1"
        return high + (match[2].translate(_CHINESE_DIGITS) or "0")

    text = re.sub(r"廿", "二十", text)
    text = re.sub(r"([一二三]?)十([一二三四五六七八九]?)(?=[月日号])", tens, text)
    return re.sub(
        r"[〇○零一二三四五六七八九]+(?=[年月日号])", lambda m: m[0].translate(_CHINESE_DIGITS), text
    )


def _hour_in_words(match: re.Match[str]) -> str:
    """“下午三点”, “晚上十一点”."""
    word = match[1]
    if "十" in word:
        return str(10 + int(word.strip("十").translate(_CHINESE_DIGITS) or "0"))
    return word.translate(_CHINESE_DIGITS)


def _from_number(figure: float) -> Cleaned[datetime]:
    """An Excel serial number (days since 1899-12-30), or 20261109 as a number."""
    if figure.is_integer() and (match := _COMPACT.fullmatch(str(int(figure)))):
        return _made(match[1], match[2], match[3], "", None)
    if not 2101 <= figure < 73_415:  # up to 2100-12-31; 1900 … 2100 would be a bare year
        return Cleaned(warnings=(_NO_DAY,))
    seconds = round((figure % 1) * 86_400)
    return _in_range(datetime(1899, 12, 30) + timedelta(days=int(figure), seconds=seconds))


def _from_text(text: str, latest: date | None) -> Cleaned[datetime]:
    for pattern in (_SIGNED, _YEAR_FIRST):
        if (match := pattern.match(text)) and not (
            match[0][-1].isdigit() and text[match.end() :][:1].isdigit()
        ):
            return _made(match[1], match[2], match[3], text[match.end() :], latest)
    if match := _YEAR_LAST.match(text):
        return _year_last(match, text[match.end() :])
    if match := _COMPACT.match(text):
        rest = text[match.end() :]
        if packed := re.fullmatch(r"(\d{2})(\d{2})(\d{2})?", rest):
            rest = ":".join(part for part in packed.groups() if part)
        return _made(match[1], match[2], match[3], rest, None)
    found = _from_other_writing(text, latest)
    if found is not None:
        return found
    if re.fullmatch(r"(?:19|20)\d{2}(?:[-/.年]\d{1,2}月?|\d{2}|年)?", text):
        return Cleaned(warnings=(_l("This date has no day."),))
    if (match := _NO_YEAR.match(text)) and 1 <= int(match[1]) <= 12 and 1 <= int(match[2]) <= 31:
        return Cleaned(warnings=(NO_YEAR,))
    return Cleaned(warnings=(_NO_DAY,))


def _from_other_writing(text: str, latest: date | None) -> Cleaned[datetime] | None:
    """Years of the Republic, 260305, 3/5/26 and months by their English names; None for anything else."""
    if match := _REPUBLIC.match(text):
        return _made(str(int(match[1]) + 1911), match[2], match[3], text[match.end() :], None)
    if (match := _SHORT.fullmatch(text)) and 1 <= int(match[2]) <= 12 and 1 <= int(match[3]) <= 31:
        return _made(match[1], match[2], match[3], "", latest)
    if (match := _NAMED_MIDDLE.match(text)) and match[2] in _MONTHS:
        return _made(match[1], str(_MONTHS[match[2]]), match[3], text[match.end() :], None)
    if (match := _NAMED_FIRST.match(text)) and match[1] in _MONTHS:
        return _made(match[3], str(_MONTHS[match[1]]), match[2], text[match.end() :], None)
    if (match := _NAMED_SECOND.match(text)) and match[2] in _MONTHS:
        return _made(match[3], str(_MONTHS[match[2]]), match[1], text[match.end() :], latest)
    if match := _YEAR_LAST_SHORT.match(text):
        cleaned = _made(match[3], match[1], match[2], text[match.end() :], latest)
        doubt = (_l("Read as month/day/year; please check it."),) if cleaned.value else ()
        return Cleaned(cleaned.value, warnings=(*doubt, *cleaned.warnings))
    return None


def _year_last(match: re.Match[str], rest: str) -> Cleaned[datetime]:
    first, second = int(match[1]), int(match[2])
    if first > 12:
        return _made(match[3], match[2], match[1], rest, None)
    cleaned = _made(match[3], match[1], match[2], rest, None)
    if cleaned.value is None or second > 12 or first == second:
        return cleaned
    return Cleaned(
        cleaned.value, warnings=(_l("Read as month/day/year; please check it."), *cleaned.warnings)
    )


def _made(year: str, month: str, day_of_month: str, rest: str, latest: date | None) -> Cleaned[datetime]:
    number = int(year)
    if len(year) == 2:
        number += 2000 if number <= PIVOT else 1900
        if latest and (number, int(month), int(day_of_month)) > (latest.year, latest.month, latest.day):
            number -= 100
    try:
        found = datetime(number, int(month), int(day_of_month))
    except ValueError:
        return Cleaned(warnings=(_IMPOSSIBLE,))
    at, remarks = _time_of_day(rest)
    cleaned = _in_range(datetime.combine(found, at))
    return Cleaned(cleaned.value, warnings=cleaned.warnings + remarks)


def _time_of_day(text: str) -> tuple[time, tuple[Any, ...]]:
    """The time after a day; midnight where there is none, with a warning where it cannot be read."""
    text = text.strip(" ,;.t-~()日号至")
    if not text:
        return time(), ()
    match = _CLOCK.fullmatch(text)
    if match:
        hour = _hour(int(match["hour"]), match["part"] or match["after"] or "")
        quarter = {"一": 15, "三": 45}.get(match["quarter"] or "", 0)
        minute = 30 if match["half"] else quarter or int(match["minute"] or 0)
        if hour <= 23 and minute <= 59 and int(match["second"] or 0) <= 59:
            return time(hour, minute, int(match["second"] or 0)), ()
    return time(), (_l("The time of day could not be read."),)


def _hour(hour: int, part: str) -> int:
    if part in ("下午", "午后", "傍晚", "晚上", "晚", "pm", "p.m.") and hour < 12:
        return hour + 12
    if part in ("中午", "正午") and hour < 11:
        return hour + 12
    if part in ("凌晨", "am", "a.m.") and hour == 12:
        return 0
    return hour


def _in_range(found: datetime) -> Cleaned[datetime]:
    if FIRST_YEAR <= found.year <= LAST_YEAR:
        return Cleaned(found)
    return Cleaned(warnings=(_IMPOSSIBLE,))


def past_moment(value: Any, today: date) -> datetime | None:
    """“3月5日 14:30”, which names no year, on the latest such day up to today; None for any other cell."""
    text = _tidied(value) if isinstance(value, str) else ""
    match = _NO_YEAR.match(text)
    if not match:
        return None
    for year in (today.year, today.year - 1):
        found = _made(str(year), match[1], match[2], text[match.end() :], None).value
        if found is not None and found.date() <= today:
            return found
    return None


def time_of_day(value: Any) -> time | None:
    """A cell that is only a time (“14:30”, “下午3点”, 0.6): some ledgers keep day and time in two columns."""
    if isinstance(value, datetime):
        return value.time() if value.date() <= date(1900, 1, 1) else None
    if isinstance(value, time):
        return value.replace(tzinfo=None)
    if isinstance(value, timedelta):
        value = value.total_seconds() / 86_400
    if isinstance(value, float) and 0 < value < 1:
        return (datetime.min + timedelta(seconds=round(value * 86_400))).time()
    text = _tidied(value) if isinstance(value, str) else ""
    if not re.search(r"\d[:点时]", text) or re.search(r"\d[-/年月]\d", text):
        return None
    at, remarks = _time_of_day(text)
    return None if remarks else at
