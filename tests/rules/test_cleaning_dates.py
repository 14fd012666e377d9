"""Days, times and birthdays of every kind that stands in ledgers."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_app import cleaning
from admin_app.cleaning import Birthday

TODAY = date(2026, 11, 21)


def said(cleaned) -> str:
    return " ".join(str(warning) for warning in cleaned.warnings)


NINTH = date(2026, 11, 9)


@pytest.mark.parametrize(
    "cell",
    [
        "2026-11-09",
        "2026-11-9",
        "2026/11/9",
        "2026/11/09",
        "2026.11.9",
        "2026．11．09",
        "２０２６－１１－０９",
        "2026年11月9日",
        "2026年11月09日",
        "2026 年 11 月 9 日",
        "2026年11月9号",
        "26年11月9日",
        "26-11-9",
        "26.11.09",
        "二〇二六年十一月九日",
        "二零二六年十一月九日",
        "20261109",
        20261109,
        20261109.0,
        46335.0,
        46335,
        "46335",
        46335.6041666,
        "46335.5",
        date(2026, 11, 9),
        datetime(2026, 11, 9, 14, 30),
        "2026-11-09 14:30",
        "2026-11-09T14:30:00+08:00",
        "2026-11-09 00:00:00.000",
        "2026/11/9 (周一)",
        "2026-11-09 星期一",
        "'2026-11-09",
        "2026-11-09 下午2点",
        " 2026-11-09\u3000",
        "2026、11、9",
        "9 Nov 2026",
        "Nov 9, 2026",
        "November 9, 2026",
        "9-Nov-2026",
    ],
)
def test_a_day_in_any_dress(cell):
    assert cleaning.day(cell).value == NINTH


@pytest.mark.parametrize(
    "cell",
    [
        "2026-02-30",
        "2026-13-01",
        "2025-02-29",
        "2026年2月30日",
        "20260230",
        "0000-01-01",
        "1026-11-09",
        "9999-12-31",
        "2026-11",
        "2026年11月",
        "2026",
        2026.0,
        "202611",
        "下周三",
        "abc",
        "12",
        12.0,
        1e12,
        float("nan"),
        float("inf"),
        -5.0,
        True,
        time(14, 30),
        timedelta(days=3),
        datetime(1, 1, 1),
    ],
)
def test_a_day_that_is_none_says_so(cell):
    cleaned = cleaning.day(cell)
    assert cleaned.value is None
    assert said(cleaned)


@pytest.mark.parametrize("cell", ["", None, "-", "无", "未知", "待定", "0000-00-00", "/", "N/A", "#N/A"])
def test_no_day_is_not_a_wrong_day(cell):
    assert cleaning.day(cell) == cleaning.Cleaned()


def test_an_impossible_day_is_called_so():
    assert said(cleaning.day("1990-02-30")) == "This day does not exist."
    assert said(cleaning.day("2026年11月")) == "This date has no day."
    assert said(cleaning.day("改天")) == "This is not a date."


def test_month_and_day_before_the_year():
    assert cleaning.day("12/25/2026") == cleaning.Cleaned(date(2026, 12, 25))
    assert cleaning.day("25/12/2026") == cleaning.Cleaned(date(2026, 12, 25))
    assert cleaning.day("9/9/2026") == cleaning.Cleaned(date(2026, 9, 9))
    either = cleaning.day("11/9/2026")
    assert either.value == NINTH
    assert "month/day/year" in said(either)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("85-3-2", date(1985, 3, 2)),
        ("62.9.19", date(1962, 9, 19)),
        ("08/5/1", date(2008, 5, 1)),
        ("45-1-1", date(1945, 1, 1)),
        ("26-11-22", date(1926, 11, 22)),
        ("26-11-21", date(2026, 11, 21)),
    ],
)
def test_two_digits_of_a_year_go_back_from_the_latest_day(cell, expected):
    assert cleaning.day(cell, latest=TODAY).value == expected


@pytest.mark.parametrize(
    ("cell", "hour", "minute"),
    [
        ("2026-11-09 14:30", 14, 30),
        ("2026/11/9 14:30:25", 14, 30),
        ("2026年11月9日14时30分", 14, 30),
        ("2026年11月9日 下午2点", 14, 0),
        ("2026.11.9 下午2点半", 14, 30),
        ("2026-11-9 下午2:30", 14, 30),
        ("2026-11-9 上午9点一刻", 9, 15),
        ("2026-11-9 晚上8点", 20, 0),
        ("2026-11-9 中午12点", 12, 0),
        ("2026-11-9 中午1点", 13, 0),
        ("2026-11-9 凌晨12点", 0, 0),
        ("2026-11-9 2:30 PM", 14, 30),
        ("2026-11-9 12:05 AM", 0, 5),
        ("2026-11-09T14:30:00Z", 14, 30),
        ("202611091430", 14, 30),
        ("20261109143025", 14, 30),
        ("20261109 14:30", 14, 30),
        ("2026-11-09，14：30", 14, 30),
        (46335.604166666664, 14, 30),
        (datetime(2026, 11, 9, 14, 30), 14, 30),
        ("2026-11-09", 0, 0),
        (NINTH, 0, 0),
    ],
)
def test_a_moment_has_its_time(cell, hour, minute):
    cleaned = cleaning.moment(cell)
    assert cleaned.value is not None
    assert cleaned.value.replace(second=0) == datetime(2026, 11, 9, hour, minute)
    assert not cleaned.warnings


def test_a_time_that_cannot_be_read_leaves_the_day():
    cleaned = cleaning.moment("2026-11-09 25:70")
    assert cleaned.value == datetime(2026, 11, 9)
    assert said(cleaned) == "The time of day could not be read."


@given(
    st.dates(date(1950, 1, 1), date(2099, 12, 31)),
    st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"]),
)
def test_every_writing_of_a_day_is_the_same_day(day, writing):
    assert cleaning.day(day.strftime(writing)) == cleaning.Cleaned(day)
    assert cleaning.day(float((day - date(1899, 12, 30)).days)) == cleaning.Cleaned(day)


@given(st.datetimes(datetime(1950, 1, 1), datetime(2099, 12, 31)))
def test_a_moment_survives_being_written(moment):
    moment = moment.replace(microsecond=0)
    assert cleaning.moment(moment.strftime("%Y-%m-%d %H:%M:%S")).value == moment
    assert cleaning.moment(cleaning.as_text(moment)).value == moment


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("1985-03-02", Birthday(1985, 3, 2)),
        (31108.0, Birthday(1985, 3, 2)),
        ("85.3.2", Birthday(1985, 3, 2)),
        ("8.21", Birthday(None, 8, 21)),
        ("08-21", Birthday(None, 8, 21)),
        ("8月21日", Birthday(None, 8, 21)),
        ("2月29日", Birthday(None, 2, 29)),
        ("农历三月初九", Birthday(None, 3, 9, True)),
        ("三月初九", Birthday(None, 3, 9, True)),
        ("农历腊月廿三", Birthday(None, 12, 23, True)),
        ("农历正月十五", Birthday(None, 1, 15, True)),
        ("农历八月三十", Birthday(None, 8, 30, True)),
        ("1985/1/2(农历)", Birthday(1985, 1, 2, True)),
        ("农历1985年1月2日", Birthday(1985, 1, 2, True)),
        ("农历8.15", Birthday(None, 8, 15, True)),
    ],
)
def test_birthdays(cell, expected):
    assert cleaning.birthday(cell, TODAY).value == expected


@pytest.mark.parametrize("cell", ["2026-11-22", "2030-01-01", "1905-01-01", "1990-02-30", "13.45", "属龙"])
def test_impossible_birthdays(cell):
    cleaned = cleaning.birthday(cell, TODAY)
    assert cleaned.value is None
    assert said(cleaned)


def test_a_birthday_is_a_date_only_with_its_year():
    assert Birthday(1985, 3, 2).date == date(1985, 3, 2)
    assert Birthday(None, 3, 2).date is None
    assert Birthday(1985, 2, 30, True).date is None
