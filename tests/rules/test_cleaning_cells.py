"""Numbers, cars, people, choices and text as stores write them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from admin_app import cleaning
from admin_app.cleaning import StaffName

TODAY = date(2026, 11, 21)


def said(cleaned) -> str:
    return " ".join(str(warning) for warning in cleaned.warnings)


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
    assume(len(set(whole)) > 1)
    assert cleaning.vin(whole) == cleaning.Cleaned(whole)


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
