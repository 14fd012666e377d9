"""Which birthdays, anniversaries and festivals fall on a day, solar and lunar.

A lunar birthday is stored with its lunar month and day. It is kept in the regular month, not in a leap month of the
same number; the 30th of a month that has 29 days this year is kept on its last day. 29 February is kept on the 28th
in other years.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from admin_app.choices import BirthdayCalendar

# Festivals by name: lunar (month, day) or solar (month, day).
LUNAR_FESTIVALS = {"spring": (1, 1), "lantern": (1, 15), "dragon_boat": (5, 5), "mid_autumn": (8, 15),
                   "double_ninth": (9, 9)}
SOLAR_FESTIVALS = {"new_year": (1, 1), "women": (3, 8), "labour": (5, 1), "national": (10, 1)}
FESTIVALS = tuple(LUNAR_FESTIVALS) + tuple(SOLAR_FESTIVALS)


def solar_keys(day: dt.date) -> list[int]:
    """month × 100 + day of the solar dates that are kept on this day."""
    keys = [day.month * 100 + day.day]
    if (day.month, day.day) == (2, 28) and (day + dt.timedelta(days=1)).month == 3:
        keys.append(229)
    return keys


@lru_cache(maxsize=2048)
def lunar_keys(day: dt.date) -> tuple[int, ...]:
    """month × 100 + day of the lunar dates that are kept on this day; empty in a leap month."""
    from lunar_python import Solar

    lunar = Solar.fromYmd(day.year, day.month, day.day).getLunar()
    if lunar.getMonth() < 0:
        return ()
    keys = [lunar.getMonth() * 100 + lunar.getDay()]
    tomorrow = day + dt.timedelta(days=1)
    if lunar.getDay() == 29 and Solar.fromYmd(tomorrow.year, tomorrow.month, tomorrow.day).getLunar().getDay() == 1:
        keys.append(lunar.getMonth() * 100 + 30)
    return tuple(keys)


def kept_on(birthday: dt.date, calendar: BirthdayCalendar, day: dt.date) -> bool:
    """Whether a birthday is kept on a day; never in the year of birth."""
    if calendar == BirthdayCalendar.LUNAR:
        return birthday.year < day.year and birthday.month * 100 + birthday.day in lunar_keys(day)
    return birthday.year < day.year and birthday.month * 100 + birthday.day in solar_keys(day)


def is_festival(name: str, day: dt.date) -> bool:
    """Whether a festival of FESTIVALS falls on a day; False for a name that is none."""
    if name in LUNAR_FESTIVALS:
        month, number = LUNAR_FESTIVALS[name]
        return month * 100 + number in lunar_keys(day)[:1]
    return SOLAR_FESTIVALS.get(name) == (day.month, day.day)
