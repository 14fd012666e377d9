"""Cells as other stores write them: each with what it means."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from admin_app import cleaning

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    "cell",
    [
        "wx13800138000", "13800138000wx", "V13800138000", "13800138000*", "138‐0013‐8000", "138−0013−8000",
        "13,800,138,000", "①13800138000", "1、13800138000", "13800138000 (2)", 13800138000.0,
    ],
)  # fmt: skip
def test_a_mobile_number_in_other_dress(cell):
    assert cleaning.phone(cell).value == "+8613800138000"


def test_numbered_phones_and_a_landline_with_its_country():
    assert cleaning.phone("①13800138000 ②13900139000").second == "+8613900139000"
    assert cleaning.phone("1、13800138000 2、13900139000").value == "+8613800138000"
    assert cleaning.phone("0086-755-8321-4567").value == "+8675583214567"


@pytest.mark.parametrize("cell", ["13x00138000", "138****8000", "1380013800a", "l3800138000", "13800138000a"])
def test_a_number_that_lacks_a_digit_stays_unusable(cell):
    assert cleaning.phone(cell).value is None


@pytest.mark.parametrize(
    "cell",
    [
        "民國115年3月5日", "115/3/5", "260305", "2026\\3\\5", "2026。3。5", "5-Mar-26", "2026-Mar-05", "约2026年3月5日",
        "2026-03-05左右", "2026年3月5日（农历正月十七）", "二〇二六年三月五日", "3/5/26",
    ],
)  # fmt: skip
def test_a_day_in_other_dress(cell):
    assert cleaning.day(cell).value == date(2026, 3, 5)


@pytest.mark.parametrize(
    ("cell", "hour", "minute"),
    [
        ("2026-03-05 15時20分", 15, 20), ("9:30 2026-03-05", 9, 30), ("下午3:20 2026-3-5", 15, 20),
        ("2026年3月5日下午三点", 15, 0), ("2026-03-05 晚上十一点", 23, 0), ("2026-03-05 午后3点", 15, 0),
    ],
)  # fmt: skip
def test_a_time_in_other_dress(cell, hour, minute):
    assert cleaning.moment(cell).value == datetime(2026, 3, 5, hour, minute)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("3月5日", datetime(2026, 3, 5)), ("12月5日 14:30", datetime(2025, 12, 5, 14, 30)), ("2-30", None),
        ("2026-3-5", None), (3.5, None), ("", None),
    ],
)  # fmt: skip
def test_a_day_without_its_year_is_the_latest_one(cell, expected):
    assert cleaning.past_moment(cell, TODAY) == expected
    assert cleaning.moment("3月5日").value is None


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("14:30", time(14, 30)), ("下午3点", time(15)), (0.5, time(12)), (time(9, 5), time(9, 5)), ("2026-3-5", None),
        ("", None), ("不详", None), (5, None), (datetime(1899, 12, 31, 8), time(8)),
    ],
)  # fmt: skip
def test_a_cell_that_is_only_a_time(cell, expected):
    assert cleaning.time_of_day(cell) == expected


@pytest.mark.parametrize(
    ("cell", "year", "month", "day", "lunar"),
    [
        ("1985年农历三月初九", 1985, 3, 9, True), ("1985年正月十五", 1985, 1, 15, True),
        ("農曆八月十五", None, 8, 15, True),

        ("一九八五年三月十五日", 1985, 3, 15, False), ("生日：1985-3-5", 1985, 3, 5, False),
    ],
)  # fmt: skip
def test_a_birthday_in_other_dress(cell, year, month, day, lunar):
    assert cleaning.birthday(cell, TODAY).value == cleaning.Birthday(year, month, day, lunar)


@pytest.mark.parametrize(
    "cell",
    [
        "张三(离职)", "已离职-张三", "张三【离】", "张三（离职2026.3）", "张三(2026-03离职)", "张三(left)",
        "张三 (resigned)",
        "張三(已離職)",
        "【离职】张三", "已离职（张三）", "张三_离职", "张三·离职", "张三（原）", "张三(调走)", "张三 已辞职",
        "离职：张三",
    ],
)  # fmt: skip
def test_a_leaver_however_it_is_said(cell):
    found = cleaning.staff(cell)
    assert (found.name.replace("張", "张"), found.left) == ("张三", True)


@pytest.mark.parametrize(
    "cell", ["张三", "销售顾问：张三", "SC01-张三", "张三(SC01)", "张三 13800138000", "张 三"]
)
def test_somebody_at_work_however_it_is_said(cell):
    assert cleaning.staff(cell) == cleaning.StaffName("张三")
    assert cleaning.staff("离三") == cleaning.StaffName("离三")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("粵B12345", "粤B12345"), ("粤B12345（旧）", "粤B12345"), ("【粤B·12345】", "粤B12345"),
        ("粤Z1234港", "粤Z1234港"),
        ("粤B1234學", "粤B1234学"), ("粤B12345/粤B67890", "粤B12345"), ("暂未上牌", None),
        ("無牌", None), ("办理中", None),
        ("VA12345", "VA12345"),
    ],
)  # fmt: skip
def test_a_plate_in_other_dress(cell, expected):
    assert cleaning.plate(cell).value == expected


def test_a_vin_in_other_dress_and_what_only_stands_for_one():
    assert cleaning.vin("VIN：LSVFWYA34JSGAD68M").value == "LSVFWYA34JSGAD68M"
    assert cleaning.vin("0" * 17).value is None and cleaning.vin("0" * 17).warnings


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("1万2", 12_000), ("1万2千公里", 12_000), ("12345(公里)", 12_345), ("里程：12345", 12_345), ("1.2萬公里", 12_000)],
)
def test_a_mileage_in_other_dress(cell, expected):
    assert cleaning.kilometres(cell).value == expected


@pytest.mark.parametrize(("cell", "expected"), [("已做", True), ("未做", False), ("已完成", True), ("√是", True)])
def test_yes_or_no_in_other_words(cell, expected):
    assert cleaning.yes_no(cell).value is expected
