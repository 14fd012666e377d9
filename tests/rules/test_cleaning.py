"""Cells as stores write them, and what they mean."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_app import cleaning
from admin_app.cleaning import Birthday, StaffName

TODAY = date(2026, 11, 21)


def said(cleaned) -> str:
    return " ".join(str(warning) for warning in cleaned.warnings)


# --- phones ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("13131152147", "+8613131152147"),
        (15296193169.0, "+8615296193169"),
        (15296193169, "+8615296193169"),
        ("15296193169.0", "+8615296193169"),
        ("1.5296193169E+10", "+8615296193169"),
        ("131-1084-3646", "+8613110843646"),
        ("186 9342 8849", "+8618693428849"),
        ("186.9342.8849", "+8618693428849"),
        ("186·9342·8849", "+8618693428849"),
        ("186\u30009342\u00a08849", "+8618693428849"),
        ("\u202d18693428849\u202c", "+8618693428849"),
        ("\ufeff18693428849\u200b", "+8618693428849"),
        ("１５３２４８０２２０９", "+8615324802209"),
        ("1580031224５", "+8615800312245"),
        ("+86 18538401916", "+8618538401916"),
        ("＋86-185-3840-1916", "+8618538401916"),
        ("0086 18538401916", "+8618538401916"),
        ("86-18538401916", "+8618538401916"),
        ("8618538401916", "+8618538401916"),
        ("(+86)18538401916", "+8618538401916"),
        ("018538401916", "+8618538401916"),
        ("17687597510（微信同号）", "+8617687597510"),
        ("微信同号17687597510", "+8617687597510"),
        ("手机：176 8759 7510 王先生", "+8617687597510"),
        ("17687597510转8801", "+8617687597510"),
        ("'17687597510", "+8617687597510"),
        ("tel: 17687597510", "+8617687597510"),
        ("16600000000", "+8616600000000"),
        ("19999999999", "+8619999999999"),
        ("0755-83214567", "+8675583214567"),
        ("（0755）8321 4567", "+8675583214567"),
        ("0755-83214567-801", "+8675583214567"),
        ("0755-83214567转801", "+8675583214567"),
        ("0755 83214567 ext. 801", "+8675583214567"),
        ("010-6666 8888", "+861066668888"),
        ("+86 755 8321 4567", "+8675583214567"),
        ("0086-0755-83214567", "+8675583214567"),
        ("0512-6555123", "+865126555123"),
        ("400-820-8820", "+864008208820"),
        ("+852 9123 4567", "+85291234567"),
        ("00852 9123 4567", "+85291234567"),
        ("852-91234567", "+85291234567"),
        ("+1 650-253-0000", "+16502530000"),
    ],
)
def test_a_phone_in_any_dress(cell, number):
    assert cleaning.phone(cell).value == number


@pytest.mark.parametrize(
    "cell",
    [
        "1381234",
        "000",
        "13x12345678",
        "67806",
        "138****8000",
        "12039481726",
        "11111111111",
        "1391234567",
        "138001380001",
        "0755-8321",
        "83214567",
        "1.38E+10",
        "1.38001E+10",
        "微信",
        "同上",
        "3000人",
        "+1 000",
        "+999 1234567",
        "abc13800138000",
        True,
    ],
)
def test_a_phone_that_reaches_nobody_says_why(cell):
    cleaned = cleaning.phone(cell)
    assert cleaned.value is None
    assert said(cleaned)


@pytest.mark.parametrize("cell", [None, "", "  ", "-", "不详", "无", "未知", "N/A", "\u3000", "——", "暂无"])
def test_no_phone_is_not_a_wrong_phone(cell):
    assert cleaning.phone(cell) == cleaning.Cleaned()


@pytest.mark.parametrize(
    ("cell", "first", "second"),
    [
        ("13800138000/13900139000", "+8613800138000", "+8613900139000"),
        ("13800138000、13900139000", "+8613800138000", "+8613900139000"),
        ("13800138000 13900139000", "+8613800138000", "+8613900139000"),
        ("138 0013 8000 139 0013 9000", "+8613800138000", "+8613900139000"),
        ("13800138000\n13900139000", "+8613800138000", "+8613900139000"),
        ("13800138000；+8613900139000", "+8613800138000", "+8613900139000"),
        ("13800138000(本人) 13900139000(太太)", "+8613800138000", "+8613900139000"),
        ("0755-83214567 / 13900139000", "+8613900139000", "+8675583214567"),
        ("0755-83214567 13900139000", "+8613900139000", "+8675583214567"),
        ("13800138000/13800138000", "+8613800138000", None),
    ],
)
def test_two_phones_in_a_cell(cell, first, second):
    cleaned = cleaning.phone(cell)
    assert (cleaned.value, cleaned.second) == (first, second)


def test_a_good_phone_beside_a_bad_one_is_kept_with_a_warning():
    cleaned = cleaning.phone("13800138000/1390013")
    assert cleaned.value == "+8613800138000"
    assert "11 digits" in said(cleaned)


def test_three_phones_keep_two_and_say_so():
    cleaned = cleaning.phone("13800138000/13900139000/13700137000")
    assert (cleaned.value, cleaned.second) == ("+8613800138000", "+8613900139000")
    assert "two" in said(cleaned)


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("1391234567", "A mobile number has 11 digits; this one has 10."),
        ("138****8000", "This phone number is masked; the full number is needed."),
        ("1.38E+10", "The spreadsheet has cut this number short; format the column as text."),
        ("0755-8321", "This is not a landline number with its area code."),
        ("请问王总", "This is not a phone number."),
        ("22222222222", "This phone number is not valid."),
    ],
)
def test_the_reason_is_a_sentence(cell, sentence):
    assert said(cleaning.phone(cell)) == sentence


def test_another_region_reads_local_numbers():
    assert cleaning.phone("9123 4567", region="HK").value == "+85291234567"


def test_mobile_or_landline():
    assert cleaning.is_mobile("+8613800138000")
    assert not cleaning.is_mobile("+8675583214567")
    assert not cleaning.is_mobile("+85291234567")


digits = st.text("0123456789", min_size=9, max_size=9)
dress = st.sampled_from(["{}", "+86 {}", "0086{}", " {}（微信同号）", "手机{}", "{}\u3000", "'{}"])
gaps = st.sampled_from(["", " ", "-", ".", "\u3000", "·"])


@given(st.sampled_from("3456789"), digits, dress, gaps, st.booleans())
def test_every_dress_of_a_mobile_is_the_same_number(second, rest, wrapping, gap, wide):
    plain = "1" + second + rest
    written = wrapping.format(gap.join([plain[:3], plain[3:7], plain[7:]]))
    if wide:
        written = written.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    assert cleaning.phone(written).value == "+86" + plain


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.booleans(), st.datetimes()))
def test_no_cell_breaks_the_cleaning(cell):
    for clean in (
        cleaning.phone,
        cleaning.plate,
        cleaning.vin,
        cleaning.number,
        cleaning.whole,
        cleaning.money,
        cleaning.day,
        cleaning.moment,
        cleaning.name,
        cleaning.sex,
        cleaning.yes_no,
        cleaning.words,
        cleaning.note,
        cleaning.kilometres,
    ):
        assert isinstance(clean(cell), cleaning.Cleaned)
    assert isinstance(cleaning.birthday(cell, TODAY), cleaning.Cleaned)
    assert cleaning.staff(cell) is None or cleaning.staff(cell).name
    assert isinstance(cleaning.choice(cell, {}), cleaning.Cleaned)


@given(st.text())
def test_a_phone_is_e164_or_nothing(cell):
    value = cleaning.phone(cell).value
    assert value is None or (value[0] == "+" and value[1:].isdigit() and 8 <= len(value) <= 16)


# --- days and times -------------------------------------------------------------------------------------------

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


# --- birthdays ------------------------------------------------------------------------------------------------


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


# --- numbers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("26071", 26071),
        ("26,071", 26071),
        ("118,574公里", 118574),
        ("1.2万公里", 12000),
        ("1.5w", 15000),
        ("3万多公里", 30000),
        ("约3万", 30000),
        ("１２，８００ｋｍ", 12800),
        ("5千", 5000),
        ("5k", 5000),
        (55741.0, 55741),
        (55741, 55741),
        ("800 公里", 800),
        ("0", 0),
    ],
)
def test_kilometres(cell, expected):
    assert cleaning.kilometres(cell) == cleaning.Cleaned(expected)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("￥1,286.00", "1286.00"),
        ("¥1286", "1286.00"),
        ("1286元", "1286.00"),
        ("1,286.50元整", "1286.50"),
        ("12.8万", "128000.00"),
        ("12.8万元", "128000.00"),
        ("人民币1286", "1286.00"),
        (1286.5, "1286.50"),
        (0.1, "0.10"),
        ("1286.005", "1286.01"),
        (Decimal("12.34"), "12.34"),
    ],
)
def test_money(cell, expected):
    assert cleaning.money(cell) == cleaning.Cleaned(Decimal(expected))


@pytest.mark.parametrize(
    "cell", ["3-5万", "很多", "十万", "-1200", "1,2", "12a", "1.2.3", True, "9999999999999"]
)
def test_what_is_no_amount_says_so(cell):
    cleaned = cleaning.money(cell)
    assert cleaned.value is None
    assert said(cleaned)


def test_bounds_are_told():
    assert said(cleaning.whole("7", maximum=5)) == "This number is larger than 5."
    assert said(cleaning.whole("-7")) == "This number is smaller than 0."
    assert cleaning.number("-7.5", minimum=None).value == Decimal("-7.5")


@given(st.integers(0, 2_000_000))
def test_every_writing_of_a_number_is_the_same(figure):
    for cell in (
        figure,
        float(figure),
        str(figure),
        f"{figure:,}",
        f"{figure:,}公里",
        f"{figure / 10000:.4f}万公里",
    ):
        assert cleaning.kilometres(cell).value == figure


# --- cars -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("苏D8NJ20", "苏D8NJ20"),
        ("皖E·CMQTY", "皖ECMQTY"),
        ("京B 9LX47", "京B9LX47"),
        ("皖E-0LZDY", "皖E0LZDY"),
        ("粤b7k2m9", "粤B7K2M9"),
        ("粤Ｂ７Ｋ２Ｍ９", "粤B7K2M9"),
        ("粤BD12345", "粤BD12345"),
        ("粤B12345D", "粤B12345D"),
        ("粤B1234学", "粤B1234学"),
        ("沪A1234警", "沪A1234警"),
        ("粤Z1234港", "粤Z1234港"),
        ("粤Z1234澳", "粤Z1234澳"),
        ("浙A1234挂", "浙A1234挂"),
        ("沪A1234领", "沪A1234领"),
        ("皖A1234试", "皖A1234试"),
        ("皖A1234超", "皖A1234超"),
        ("京A1234使", "京A1234使"),
        ("使014578", "使014578"),
        (" 沪B2BSJB\u3000", "沪B2BSJB"),
    ],
)
def test_plates(cell, expected):
    assert cleaning.plate(cell) == cleaning.Cleaned(expected)


@pytest.mark.parametrize("cell", ["ABC123", "粤B123", "粤B1234567", "粤BO12I5", "某某", "12345", "东B12345"])
def test_what_is_no_plate_says_so(cell):
    assert cleaning.plate(cell) == cleaning.Cleaned(warnings=cleaning.plate(cell).warnings)
    assert said(cleaning.plate(cell)) == "This is not a number plate."


@pytest.mark.parametrize("cell", ["", "无", "未上牌", "临牌", "新车", "-"])
def test_a_car_without_a_plate(cell):
    assert cleaning.plate(cell) == cleaning.Cleaned()


def test_an_odd_new_energy_plate_is_kept_with_a_warning():
    cleaned = cleaning.plate("粤BX2Y4Z6")
    assert cleaned.value == "粤BX2Y4Z6"
    assert "new-energy" in said(cleaned)


GOOD_VIN = "LSVFWYA34JSGAD68M"


@pytest.mark.parametrize(
    "cell",
    [
        GOOD_VIN,
        GOOD_VIN.lower(),
        " LSVFWYA34 JSGAD68M\u3000",
        "LSVFWYA34-JSGAD68M",
        "ＬＳＶＦＷＹＡ３４ＪＳＧＡＤ６８Ｍ",
    ],
)
def test_a_vin_in_any_dress(cell):
    assert cleaning.vin(cell) == cleaning.Cleaned(GOOD_VIN)


def test_a_wrong_check_digit_only_warns():
    wrong = GOOD_VIN[:8] + "5" + GOOD_VIN[9:]
    cleaned = cleaning.vin(wrong)
    assert cleaned.value == wrong
    assert "check digit" in said(cleaned)


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("LSVDU2BR7FN12", "A VIN has 17 characters; this one has 13."),
        ("LSVCC6F24N204881O", "A VIN has no I, O or Q."),
        ("LSVCC6F24N20488车1"[:17], "A VIN has only letters and digits."),
    ],
)
def test_what_is_no_vin_says_why(cell, sentence):
    cleaned = cleaning.vin(cell)
    assert cleaned.value is None
    assert said(cleaned) == sentence


@given(st.text("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", min_size=17, max_size=17))
def test_a_vin_with_its_check_digit_never_warns(text):
    whole = text[:8] + cleaning.vin_check_digit(text) + text[9:]
    assert cleaning.vin(whole) == cleaning.Cleaned(whole)


# --- people ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (" 金轩宇\u3000", "金轩宇"),
        ("李 雪梅", "李雪梅"),
        ("王　强", "王强"),
        ("欧阳 静", "欧阳静"),
        ("张三 李四", "张三 李四"),
        ("蒋先生", "蒋先生"),
        ("蒋 先生", "蒋先生"),
        ("雷女士", "雷女士"),
        ("John Smith", "John Smith"),
        ("ＡＢＣ公司", "ＡＢＣ公司"),
        ("阿卜杜拉·买买提", "阿卜杜拉·买买提"),
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("<b>王强</b>", "<b>王强</b>"),
        ("王\n强", "王强"),
        ("محمد", "محمد"),
        ("𠮷野家", "𠮷野家"),
        ("王强👨\u200d👩\u200d👧", "王强👨\u200d👩\u200d👧"),
        (12345.0, "12345"),
    ],
)
def test_names_are_kept_as_typed(cell, expected):
    assert cleaning.name(cell) == cleaning.Cleaned(expected)


@pytest.mark.parametrize("cell", ["", None, " \u3000", "-", "未知", "不详", "无"])
def test_no_name(cell):
    assert cleaning.name(cell) == cleaning.Cleaned()


def test_a_title_alone_is_no_name():
    assert said(cleaning.name("先生")) == "This is only a title; the surname is missing."
    assert cleaning.name("女士").value is None
    assert said(cleaning.name("!!!")) == "This is not a name."


def test_a_name_with_nul_cannot_be_stored():
    assert cleaning.name("王\x00强").value is None
    assert "cannot be stored" in said(cleaning.name("王\x00强"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("蒋先生", "male"),
        ("雷女士", "female"),
        ("王小姐", "female"),
        ("李太太", "female"),
        ("王强", None),
        ("", None),
        (None, None),
    ],
)
def test_the_title_tells_the_sex(name, expected):
    assert cleaning.sex_of_title(name) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("男", "male"),
        ("女", "female"),
        ("先生", "male"),
        ("女士", "female"),
        ("M", "male"),
        ("f", "female"),
        ("Ｆ", "female"),
        (" 男性 ", "male"),
        ("Female", "female"),
        ("", None),
        ("未知", None),
        ("保密", None),
    ],
)
def test_sex(cell, expected):
    assert cleaning.sex(cell) == cleaning.Cleaned(expected)


def test_a_sex_that_is_none_says_so():
    assert cleaning.sex("7").value is None
    assert said(cleaning.sex("7")) == "This is neither male nor female."


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("李志强", StaffName("李志强")),
        ("李志强 ", StaffName("李志强")),
        ("马超(已离职)", StaffName("马超", True)),
        ("马超(已离职) ", StaffName("马超", True)),
        ("马超（已离职）", StaffName("马超", True)),
        ("马超（离职）", StaffName("马超", True)),
        ("马超-离职", StaffName("马超", True)),
        ("马超【已离职】", StaffName("马超", True)),
        ("马超 离职", StaffName("马超", True)),
        ("(离职)马超", StaffName("马超", True)),
        ("离职-马超", StaffName("马超", True)),
        ("马 超", StaffName("马超")),
        ("", None),
        ("-", None),
        ("公海", None),
        ("待分配", None),
    ],
)
def test_staff_and_leavers(cell, expected):
    assert cleaning.staff(cell) == expected


def test_companies_are_told_from_people():
    assert cleaning.company_like("深圳市鑫远贸易有限公司")
    assert not cleaning.company_like("王建国")


# --- choices --------------------------------------------------------------------------------------------------

GRADES = {cleaning.key(letter): letter for letter in "HABCNODFT"}


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("A", "A"),
        ("a", "A"),
        ("A类", "A"),
        ("A级", "A"),
        ("Ａ", "A"),
        (" B级 ", "B"),
        ("H(7天)", "H"),
        ("H：7天内", "H"),
        ("", None),
    ],
)
def test_a_choice_by_its_label(cell, expected):
    assert cleaning.choice(cell, GRADES, suffixes=("类", "级")) == cleaning.Cleaned(expected)


def test_an_unknown_choice_is_named():
    cleaned = cleaning.choice("Z类", GRADES, suffixes=("类", "级"))
    assert cleaned.value is None
    assert said(cleaned) == "“Z类” is none of the choices."


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("是", True),
        ("√", True),
        ("Y", True),
        (1.0, True),
        (True, True),
        ("有", True),
        ("否", False),
        ("无", False),
        ("×", False),
        ("0", False),
        ("", None),
        ("-", None),
    ],
)
def test_yes_or_no(cell, expected):
    assert cleaning.yes_no(cell) == cleaning.Cleaned(expected)


def test_neither_yes_nor_no():
    assert cleaning.yes_no("也许").value is None
    assert said(cleaning.yes_no("也许"))


# --- text -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [
        "@SUM(1+1)*cmd|' /C calc'!A0",
        "<b>VIP</b><script>alert(1)</script>",
        "家里两台车\n太太做主",
        "下午别打电话☎️",
        " 两边有空格 ",
        "ＡＢＣ",
        "-",
        "无",
        "\u202eأهلا",
    ],
)
def test_notes_are_stored_exactly_as_typed(cell):
    assert cleaning.note(cell) == cleaning.Cleaned(cell)


def test_blank_notes_are_nothing():
    assert cleaning.note("  \u3000") == cleaning.Cleaned()
    assert cleaning.note(None) == cleaning.Cleaned()


def test_text_that_cannot_be_stored_is_blank_with_a_warning():
    assert cleaning.note("a\x00b").value is None
    assert "cannot be stored" in said(cleaning.note("a\x00b"))
    assert said(cleaning.words("x" * 81, 80)) == "This text is longer than 80 characters."
    assert cleaning.words("  深圳 ", 80) == cleaning.Cleaned("深圳")
    assert cleaning.words("未知", 80) == cleaning.Cleaned()


@given(st.text())
def test_a_note_is_itself_or_nothing(cell):
    assert cleaning.note(cell).value in (cell, None)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (None, ""),
        (17.0, "17"),
        (0.5, "0.5"),
        (1e-7, "0.0000001"),
        (float("nan"), ""),
        (True, "TRUE"),
        (False, "FALSE"),
        (date(2026, 11, 9), "2026-11-09"),
        (datetime(2026, 11, 9), "2026-11-09"),
        (datetime(2026, 11, 9, 8, 5), "2026-11-09 08:05:00"),
    ],
)
def test_any_cell_as_text(cell, expected):
    assert cleaning.as_text(cell) == expected
