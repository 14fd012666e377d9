"""Phones as stores write them, and that no cell breaks the cleaning."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_app import cleaning

TODAY = date(2026, 11, 21)


def said(cleaned) -> str:
    return " ".join(str(warning) for warning in cleaned.warnings)


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
