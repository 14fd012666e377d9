"""Working days of the Chinese calendar, and the clock that runs only while the store is open.

Working days skip weekends and holidays and count the weekends that are worked (调休), as published (the package
`holidays`) unless the desk's own calendar says otherwise (calendar_day, Settings → Working calendar).

Store hours count every day (DOMAIN §3.2: 09:00–20:30 daily, a setting of the store).
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from admin_app import clock
from admin_app.choices import DayKind

FURTHEST = 30  # days that a task may be put off to a working day; the day itself where none is nearer (default)
OPENS, CLOSES = 9 * 60, 20 * 60 + 30  # minutes of the day, where a store says nothing readable (default)


@lru_cache(maxsize=64)
def _calendar(year: int) -> Any:
    import holidays

    return holidays.country_holidays("CN", years=year)


@lru_cache(maxsize=4096)
def _published(day: dt.date) -> bool:
    return bool(_calendar(day.year).is_working_day(day))


def is_working_day(day: dt.date, store_id: int | None = None) -> bool:
    """Whether the offices of a store (None: of the group) work on a day: neither weekend nor holiday, or a weekend that
    is worked. What the calendar of the store says, else that of the group, comes before what is published."""
    said = own_days()
    for key in ((store_id, day), (None, day)):
        if key in said:
            return said[key]
    return _published(day)


def own_days() -> dict[tuple[int | None, dt.date], bool]:
    """(store or None, day) → whether it is worked, of every row of calendar_day; kept until one of them changes."""
    from admin_app import directory

    found: dict[tuple[int | None, dt.date], bool] = directory.known("calendar", _read, {})
    return found


def _read() -> dict[tuple[int | None, dt.date], bool]:
    from admin_app import access
    from admin_app.database import db
    from admin_app.models import CalendarDay

    rows = db.session.execute(access.ungated(sa.select(CalendarDay.store_id, CalendarDay.day, CalendarDay.kind).where(
        CalendarDay.deleted_at.is_(None))))
    return {(row.store_id, row.day): row.kind == DayKind.WORKING for row in rows}


@lru_cache(maxsize=64)
def _is_published(year: int) -> bool:
    return any(day.year == year for day in getattr(_calendar(year), "weekend_workdays", ()))


def is_estimated(year: int) -> bool:
    """Whether the worked weekends of a year are neither published nor entered by hand, so that its working days are an
    estimate."""
    return not _is_published(year) and not any(works and day.year == year for (_s, day), works in own_days().items())


def next_working_day(day: dt.date, store_id: int | None = None) -> dt.date:
    """The day itself where it is a working day, else the first one after it; the day itself where none follows within
    FURTHEST days (a calendar that says every day is a holiday)."""
    for ahead in range(FURTHEST + 1):
        if is_working_day(day + dt.timedelta(days=ahead), store_id):
            return day + dt.timedelta(days=ahead)
    return day


def add_working_days(day: dt.date, count: int, store_id: int | None = None) -> dt.date:
    """The `count`-th working day after a day; 0 gives the day itself, moved to a working day."""
    day = next_working_day(day, store_id)
    for _ in range(count):
        day = next_working_day(day + dt.timedelta(days=1), store_id)
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
