"""Ledgers of every kind and with every dirt."""

from __future__ import annotations

import io
from datetime import date, datetime

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from admin_app import cleaning
from admin_app.errors import RuleError
from admin_app.ledgers import header_key, open_ledger
from tests.ledger_files import DATA, NAMES, NEEDED, TRUTH, csv_file, read, workbook


def test_the_customer_ledger_comes_out_as_it_is_known_to():
    _ledger, rows = read(DATA / "客户档案.xlsx", required=NEEDED)
    phones, owners, rejected, duplicates = set(), set(), 0, 0
    for row in rows:
        phone = cleaning.phone(row["phone"]).value
        if phone is None or cleaning.name(row["name"]).value is None:
            rejected += 1
            continue
        duplicates += phone in phones
        phones.add(phone)
        if cleaning.vin(row["vin"]).value:
            owners.add(phone)
    assert len(phones) == TRUTH["customers"]
    assert rejected == TRUTH["rejected_customer_rows"]
    assert duplicates == TRUTH["duplicate_customer_rows"]
    assert len(owners) == TRUTH["owners"]


def test_the_visit_ledger_comes_out_as_it_is_known_to():
    _ledger, rows = read(DATA / "回访记录.xlsx", required=NEEDED)
    usable = [row for row in rows if cleaning.phone(row["phone"]).value]
    assert len(usable) == TRUTH["visits"]
    assert len(rows) - len(usable) == TRUTH["rejected_visit_rows"]
    assert all(cleaning.moment(row["moment"]).value for row in rows)


def test_the_complaint_and_repair_ledgers_come_out_as_they_are_known_to():
    _ledger, complaints = read(DATA / "投诉登记表.csv", required=NEEDED)
    assert len(complaints) == TRUTH["complaints"]
    assert complaints[0]["text"] == "空调异响"
    _ledger, repairs = read(DATA / "维修工单.csv", required=[{"number"}])
    assert len(repairs) == TRUTH["repairs"]
    assert repairs[0]["number"] == "WX250400000"
    assert len({cleaning.vin(row["vin"]).value for row in repairs} - {None}) <= TRUTH["owners"]


def test_the_header_is_found_under_titles_and_keeps_row_numbers():
    file = workbook(
        (
            "客户",
            [["鑫远汽车 客户总表"], [], ["截至", "2026-11-20"], ["姓名", "手机"], ["王强", "13800138000"]],
        )
    )
    ledger, rows = read(file)
    assert ledger.header.number == 4
    assert [(row.number, row["name"], row["phone"]) for row in rows] == [(5, "王强", "13800138000")]


@pytest.mark.parametrize(
    "title",
    [
        "手机号码",
        " 手机号码 ",
        "手机\n号码",
        "手机号码*",
        "手机号码（必填）",
        "手机号码：",
        "手机 号码",
        "手机号码1",
    ],
)
def test_a_header_may_be_dressed(title):
    ledger, _rows = read(workbook(("客户", [["客户姓名", title], ["王强", "13800138000"]])))
    assert set(ledger.fields) == {"name", "phone"}


def test_the_header_key_forgets_dress():
    assert header_key(" 行驶里程(km)*") == header_key("行驶　里程：") == "行驶里程"


@pytest.mark.parametrize(
    "title",
    ["客户手机号码", "手机/电话", "电话、微信", "车主的手机", "联系(电话)", "TEL或手机", "客户联系电话2"],
)
def test_a_header_may_say_more(title):
    ledger, _rows = read(workbook(("客户", [["客户姓名", title], ["王强", "13800138000"]])))
    assert set(ledger.fields) == {"name", "phone"}


def test_two_columns_of_one_field_are_both_read():
    _ledger, rows = read(
        workbook(("客户", [["姓名", "电话", "电话", "手机"], ["王强", "无", "13800138000", "13900139000"]]))
    )
    assert rows[0].all("phone") == ["无", "13800138000", "13900139000"]
    assert rows[0]["phone"] == "13800138000"
    assert rows[0]["moment"] is None


def test_unknown_columns_are_named():
    ledger, _rows = read(workbook(("客户", [["姓名", "电话", "内部编号"], ["王强", "13800138000", "A-1"]])))
    assert ledger.header.unknown == ("内部编号",)


def test_a_header_of_two_rows_with_merged_cells():
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.merge_range(0, 0, 1, 0, "客户姓名")
    sheet.merge_range(0, 1, 1, 1, "联系电话")
    sheet.merge_range(0, 2, 0, 3, "车辆信息")
    sheet.write_row(1, 2, ["车架号", "里程"])
    sheet.merge_range(2, 0, 3, 0, "王强")
    sheet.merge_range(2, 1, 3, 1, "13800138000")
    sheet.write_row(2, 2, ["LSVFWYA34JSGAD68M", 100])
    sheet.write_row(3, 2, ["LSVPSA003J7J1MKWR", 200])
    sheet.write_row(4, 0, ["李梅", "13900139000"])
    book.close()
    ledger, rows = read(stream)
    assert ledger.header.number == 2
    assert set(ledger.fields) == {"name", "phone", "vin", "mileage"}
    assert [(row["name"], row["phone"], row["mileage"]) for row in rows] == [
        ("王强", "13800138000", 100),
        ("王强", "13800138000", 200),
        ("李梅", "13900139000", ""),
    ]


def test_a_file_without_a_known_header_is_refused():
    with pytest.raises(RuleError, match="No header row"):
        read(workbook(("x", [["a", "b"], [1, 2]])))
    with pytest.raises(RuleError, match="No header row"):
        read(csv_file("你好\n世界\n"))


def test_a_file_that_lacks_a_needed_column_says_what_it_has():
    with pytest.raises(RuleError, match="姓名、里程"):
        read(workbook(("x", [["姓名", "里程"], ["王强", 3]])), required=NEEDED)


def test_sheets_with_the_same_columns_are_read_together_and_others_are_not():
    file = workbook(
        ("说明", [["H:7天内"]]),
        ("十月", [["姓名", "电话"], ["王强", "13800138000"]]),
        ("十一月", [["电话", "姓名"], ["13900139000", "李梅"]]),
        ("回访", [["日期", "姓名", "内容"], ["2026-11-01", "王强", "好"]]),
        ("旧", [["姓名", "电话"], ["旧人", "13700137000"]]),
        hidden=("旧",),
    )
    _ledger, rows = read(file, required=NEEDED)
    assert [(row.sheet, row["name"], row["phone"]) for row in rows] == [
        ("十月", "王强", "13800138000"),
        ("十一月", "李梅", "13900139000"),
    ]


@pytest.mark.parametrize(
    "foot",
    [
        ["合计", "3000人"],
        ["总计："],
        ["共计 2 人", ""],
        ["合 计", 2],
        ["本页小计", 2],
        ["共2条记录"],
        ["Total", 2],
        ["", "合计"],
        [2, "合计"],
        ["制表人：王芳", ""],
        ["审核：李总"],
    ],
)
def test_totals_and_signatures_are_not_read(foot):
    _ledger, rows = read(workbook(("x", [["姓名", "电话", "里程"], ["王强", "13800138000", 1], foot])))
    assert [row["name"] for row in rows] == ["王强"]


def test_a_note_that_says_total_is_read():
    _ledger, rows = read(
        workbook(
            ("x", [["姓名", "电话", "备注"], ["王强", "13800138000", "合计"], ["总计划", "13900139000", ""]])
        )
    )
    assert [row["name"] for row in rows] == ["王强", "总计划"]


def test_blank_rows_and_repeated_headers_are_not_read():
    header = ["姓名", "电话"]
    file = workbook(
        ("x", [header, [], ["王强", "13800138000"], ["", " \u3000"], header, ["李梅", "13900139000"], []])
    )
    _ledger, rows = read(file)
    assert [(row.number, row["name"]) for row in rows] == [(3, "王强"), (6, "李梅")]


def test_a_row_with_nothing_but_its_number_is_not_read():
    rows = [["序号", "姓名", "电话"], [1, "王强", "13800138000"], [2, "", ""], [3, None, " "], [4, "-", ""]]
    _ledger, rows = read(workbook(("x", rows)))
    assert [row.number for row in rows] == [2, 5]


def test_sheets_of_one_ledger_may_differ_in_a_column():
    names = NAMES | {"sex": ["性别"], "grade": ["级别"]}
    first = [["姓名", "电话", "里程", "级别"], ["王强", "13800138000", 5, "A"]]
    second = [["电话", "姓名", "里程", "级别", "性别"], ["13900139000", "李梅", 6, "B", "女"]]
    ledger, rows = read(workbook(("十月", first), ("十一月", second)), names, NEEDED)
    assert set(ledger.fields) == {"name", "phone", "mileage", "grade", "sex"}
    assert [(row["name"], row["sex"]) for row in rows] == [("王强", None), ("李梅", "女")]


def test_an_empty_sheet_has_no_rows():
    _ledger, rows = read(workbook(("x", [["姓名", "电话"]]), ("空", [])))
    assert rows == []


def test_cells_keep_their_type_and_their_markup():
    when = datetime(2026, 11, 9, 14, 30)
    note = "@SUM(1+1)*cmd|' /C calc'!A0"
    file = workbook(
        (
            "x",
            [
                ["姓名", "电话", "日期", "备注"],
                ["王强", 13800138000, when, note],
                ["李", "1", date(2026, 1, 2), "<b>"],
            ],
        )
    )
    _ledger, rows = read(file)
    assert rows[0]["phone"] == 13800138000
    assert cleaning.moment(rows[0]["moment"]).value == when
    assert (rows[0]["text"], rows[1]["text"]) == (note, "<b>")
    assert cleaning.day(rows[1]["moment"]).value == date(2026, 1, 2)


def test_a_table_that_starts_away_from_the_corner():
    file = workbook(("x", [[], [], [None, None, "姓名", "电话"], [None, None, "王强", "13800138000"]]))
    _ledger, rows = read(file)
    assert [(row.number, row["name"], row["phone"]) for row in rows] == [(4, "王强", "13800138000")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", "，"])
def test_csv_in_every_encoding_and_with_every_delimiter(encoding, delimiter):
    text = (
        delimiter.join(["客户姓名", "联系电话", "备注"])
        + "\r\n"
        + delimiter.join(["王强", "13800138000", "好"])
        + "\r\n"
    )
    _ledger, rows = read(csv_file(text, encoding))
    assert [(row["name"], row["phone"], row["text"]) for row in rows] == [("王强", "13800138000", "好")]


def test_csv_with_quotes_lines_and_short_and_long_rows():
    text = '标题\n姓名,电话,备注\n王强,13800138000,"两台车\n太太做主, ""是"""\n\n李梅,13900139000\n赵,13700137000,a,b\n'
    _ledger, rows = read(csv_file(text))
    assert [row.number for row in rows] == [3, 5, 6]
    assert rows[0]["text"] == '两台车\n太太做主, "是"'
    assert rows[1]["text"] is None
    assert rows[2].surplus == ("b",)


def test_csv_cells_that_spreadsheets_have_protected():
    _ledger, rows = read(csv_file('姓名,电话,备注\n王强,"=""13800138000""",\'=1+1\n'))
    assert (rows[0]["phone"], rows[0]["text"]) == ("13800138000", "=1+1")


def test_an_open_quotation_mark_is_a_sentence_or_a_row():
    _ledger, rows = read(csv_file('姓名,电话,备注\n王强,13800138000,"没有关\n李梅,13900139000,好\n'))
    assert [row["name"] for row in rows] == ["王强"]
    with pytest.raises(RuleError, match="cannot be read"):
        read(csv_file('姓名,电话,备注\n王强,13800138000,"' + "很长" * 3_000_000))


def test_the_stream_that_was_given_stays_open_and_rows_can_be_read_again():
    file = csv_file("姓名,电话\n王强,13800138000\n")
    with open_ledger(file, NAMES) as ledger:
        assert len(list(ledger.rows())) == len(list(ledger.rows())) == 1
    assert not file.closed


@given(st.lists(st.tuples(st.text(min_size=1, max_size=8), st.text(max_size=12)), max_size=5))
def test_whatever_stands_in_the_cells_is_read_as_it_is(people):
    import csv

    people = [(name.replace("\r", " "), note.replace("\r", " ")) for name, note in people]
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(["姓名", "电话", "备注"])
    writer.writerows([(f"王{name}", "13800138000", note) for name, note in people])
    try:
        content = text.getvalue().encode()
    except UnicodeEncodeError:
        return
    _ledger, rows = read(io.BytesIO(content))
    unprotected = [
        note[1:] if note[:1] == "'" and note[1:2] in tuple("=+-@\t\r") else note for _name, note in people
    ]
    assert [row["text"] for row in rows if not row["text"].startswith('="')] == [
        note for note in unprotected if not note.startswith('="')
    ]
