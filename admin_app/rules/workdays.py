"""Working days of the Chinese calendar, and the clock that runs only while the store is open.

Working days skip weekends and holidays and count the weekends that are worked (调休). Store hours count every day
(DOMAIN §3.2: 09:00–20:30 daily, a setting of the store).
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

from admin_app import clock

OPENS, CLOSES = 9 * 60, 20 * 60 + 30  # minutes of the day, where a store says nothing readable (default)


@lru_cache(maxsize=64)
def _calendar(year: int) -> Any:
    import holidays

    return holidays.country_holidays("CN", years=year)


@lru_cache(maxsize=4096)
def is_working_day(day: dt.date) -> bool:
    """Whether the store's offices work on a day: neither weekend nor holiday, or a weekend that is worked."""
    return bool(_calendar(day.year).is_working_day(day))


@lru_cache(maxsize=64)
def is_estimated(year: int) -> bool:
    """Whether the worked weekends of a year are not published yet, so that its working days are an estimate."""
    calendar = _calendar(year)
    return not any(day.year == year for day in getattr(calendar, "weekend_workdays", ()))


def next_working_day(day: dt.date) -> dt.date:
    """The day itself where it is a working day, else the first one after it."""
    while not is_working_day(day):
        day += dt.timedelta(days=1)
    return day


def add_working_days(day: dt.date, count: int) -> dt.date:
    """The `count`-th working day after a day; 0 gives the day itself, moved to a working day."""
    day = next_working_day(day)
    for _ in range(count):
        day = next_working_day(day + dt.timedelta(days=1))
    return day


# ---------------------------------------------------------------- store hours


def hours_of(store: Any) -> tuple[int, int]:
    """When a store opens and closes, in minutes of the day; 09:00 to 20:30 where it says nothing usable."""
    opens, closes = _minutes(getattr(store, "opens", None)), _minutes(getattr(store, "closes", None))
    if opens is None or closes is None or closes <= opens:
        return OPENS, CLOSES
    return opens, closes


def _minutes(text: str | None) -> int | None:
    hour, _, minute = (text or "").partition(":")
    if not (hour.isdigit() and minute.isdigit()) or int(hour) > 24 or int(minute) > 59:
        return None
    return min(int(hour) * 60 + int(minute), 24 * 60)


def is_open(moment: dt.datetime, store: Any) -> bool:
    """Whether the store is open at a time."""
    opens, closes = hours_of(store)
    wall = clock.local(moment)
    return opens <= wall.hour * 60 + wall.minute < closes


def _position(moment: dt.datetime, opens: int, length: int) -> float:
    """Minutes of opening from the beginning of the calendar up to a time on the store's wall clock."""
    wall = clock.local(moment)
    into = wall.hour * 60 + wall.minute + wall.second / 60 - opens
    return wall.date().toordinal() * length + min(max(into, 0.0), float(length))


def working_minutes_between(start: dt.datetime, end: dt.datetime, store: Any) -> int:
    """Whole minutes of store hours between two times; 0 where the end is not after the start."""
    opens, closes = hours_of(store)
    length = closes - opens
    return max(0, int(_position(end, opens, length) - _position(start, opens, length) + 1e-6))


def add_working_minutes(start: dt.datetime, minutes: int, store: Any) -> dt.datetime:
    """The UTC time at which so many minutes of store hours have passed since `start`.

    0 minutes give the start itself. A span that ends with the store's closing ends at the closing, not next morning.
    """
    if minutes <= 0:
        return start
    opens, closes = hours_of(store)
    length = closes - opens
    ordinal, rest = divmod(_position(start, opens, length) + minutes, length)
    if rest < 1e-6:
        ordinal, rest = ordinal - 1, float(length)
    midnight = clock.at(dt.date.fromordinal(int(ordinal)), 0)
    wall = dt.timedelta(minutes=opens, seconds=round(rest * 60))
    return (clock.local(midnight).replace(tzinfo=None) + wall).replace(tzinfo=clock.zone()).astimezone(dt.UTC)
