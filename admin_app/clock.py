"""The one place that asks for the time. Rules take `now` as an argument; screens and jobs get it here.

Times are UTC in the database and in the store's time zone on the screen.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from zoneinfo import ZoneInfo

from flask import current_app, has_app_context

DEFAULT_ZONE = "Asia/Shanghai"


@lru_cache(maxsize=64)
def zone_of(name: str | None) -> ZoneInfo:
    """The time zone by name; None or empty means Asia/Shanghai. Raises ZoneInfoNotFoundError."""
    return ZoneInfo(name or DEFAULT_ZONE)


def utcnow() -> dt.datetime:
    """The current time, aware, UTC, to the second below."""
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def zone() -> ZoneInfo:
    """The time zone of this installation (setting CAREDESK_TIMEZONE)."""
    return zone_of(current_app.config["CAREDESK_TIMEZONE"] if has_app_context() else None)


def local(moment: dt.datetime, in_zone: ZoneInfo | None = None) -> dt.datetime:
    """A stored time as the clock on the store's wall shows it."""
    return moment.astimezone(in_zone or zone())


def local_day(moment: dt.datetime, in_zone: ZoneInfo | None = None) -> dt.date:
    """The store's calendar day on which a stored time falls."""
    return local(moment, in_zone).date()


def today() -> dt.date:
    """The store's calendar day now."""
    return local_day(utcnow())


def at(day: dt.date, hour: int = 9, minute: int = 0, in_zone: ZoneInfo | None = None) -> dt.datetime:
    """The UTC time of a wall-clock hour on a day of the store; 09:00 when none is given."""
    return dt.datetime.combine(day, dt.time(hour, minute), in_zone or zone()).astimezone(dt.UTC)


def day_bounds(day: dt.date, in_zone: ZoneInfo | None = None) -> tuple[dt.datetime, dt.datetime]:
    """The UTC times at which a store's day begins and the next one begins."""
    return at(day, 0, 0, in_zone), at(day + dt.timedelta(days=1), 0, 0, in_zone)
