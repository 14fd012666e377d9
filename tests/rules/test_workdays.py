"""Working days and the store-hours clock."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admin_app import clock
from admin_app.rules import workdays

DAY = dt.date(2026, 11, 23)  # a Monday
STORE = SimpleNamespace(opens="09:00", closes="20:30")


def at(hour: int, minute: int = 0, day: dt.date = DAY) -> dt.datetime:
    return clock.at(day, hour, minute)


def test_weekends_holidays_and_worked_weekends() -> None:
    assert workdays.is_working_day(DAY)
    assert not workdays.is_working_day(dt.date(2026, 11, 22))
    assert not workdays.is_working_day(dt.date(2026, 10, 1))
    assert workdays.is_working_day(dt.date(2026, 10, 10))  # a Saturday that is worked for the October holiday


def test_next_working_day_is_the_day_itself_or_the_first_after() -> None:
    assert workdays.next_working_day(DAY) == DAY
    assert workdays.next_working_day(dt.date(2026, 11, 21)) == DAY
    assert workdays.next_working_day(dt.date(2026, 10, 1)) == dt.date(2026, 10, 8)


def test_so_many_working_days_later() -> None:
    assert workdays.add_working_days(DAY, 0) == DAY
    assert workdays.add_working_days(dt.date(2026, 11, 20), 1) == DAY
    assert workdays.add_working_days(DAY, 10) == dt.date(2026, 12, 7)


def test_a_year_without_published_worked_weekends_is_an_estimate() -> None:
    assert not workdays.is_estimated(2026)
    assert workdays.is_estimated(2040)


def test_minutes_pass_only_while_the_store_is_open() -> None:
    assert workdays.working_minutes_between(at(10), at(10, 30), STORE) == 30
    assert workdays.working_minutes_between(at(20), at(21), STORE) == 30
    assert workdays.working_minutes_between(at(21), at(8, 0, DAY + dt.timedelta(days=1)), STORE) == 0
    assert workdays.working_minutes_between(at(20), at(9, 30, DAY + dt.timedelta(days=1)), STORE) == 60
    assert workdays.working_minutes_between(at(11), at(10), STORE) == 0


def test_a_span_goes_on_next_morning() -> None:
    assert workdays.add_working_minutes(at(10), 30, STORE) == at(10, 30)
    assert workdays.add_working_minutes(at(20, 20), 30, STORE) == at(9, 20, DAY + dt.timedelta(days=1))
    assert workdays.add_working_minutes(at(22), 30, STORE) == at(9, 30, DAY + dt.timedelta(days=1))
    assert workdays.add_working_minutes(at(20), 30, STORE) == at(20, 30)
    assert workdays.add_working_minutes(at(3), 0, STORE) == at(3)


@pytest.mark.parametrize("store", [None, SimpleNamespace(opens="soon", closes=""),
                                   SimpleNamespace(opens="20:00", closes="08:00"),
                                   SimpleNamespace(opens="25:00", closes="26:00")])
def test_unreadable_hours_fall_back_to_nine_to_half_past_eight(store: object) -> None:
    assert workdays.hours_of(store) == (540, 1230)


def test_a_store_open_round_the_clock() -> None:
    store = SimpleNamespace(opens="00:00", closes="24:00")
    assert workdays.add_working_minutes(at(23, 30), 60, store) == at(0, 30, DAY + dt.timedelta(days=1))
    assert workdays.is_open(at(3), store)
    assert not workdays.is_open(at(3), STORE)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60 * 24 * 40), st.integers(1, 60 * 24 * 9))
def test_adding_minutes_and_counting_them_agree(start: int, minutes: int) -> None:
    begin = at(0) + dt.timedelta(minutes=start)
    end = workdays.add_working_minutes(begin, minutes, STORE)
    assert workdays.working_minutes_between(begin, end, STORE) == minutes
