"""How other stores lay out and save their ledgers: headers in two rows or two languages, sums, remarks, odd files."""

from __future__ import annotations

import io

import pytest
import xlsxwriter

from admin_app.errors import RuleError
from admin_app.ledgers import Plan, open_ledger
from tests.ledger_files import NAMES, NEEDED, csv_file, read, workbook

HEADER = ["姓名", "电话", "里程"]
ONE, TWO = ["王强", "13800138000", 1], ["李梅", "13900139000", 2]


def names(rows):
    return [row["name"] for row in rows]


def test_a_header_in_two_rows_without_merged_cells():
    text = "台账\n客户,,,车辆,\n姓名,手机,备注,车架号,里程\n王强,13800138000,好,LSVFWYA34JSGAD68M,9\n"
    ledger, rows = read(csv_file(text))
    assert set(ledger.fields) == {"name", "phone", "text", "vin", "mileage"}
    assert [(row.number, row["name"], row["mileage"]) for row in rows] == [(4, "王强", "9")]


def test_a_header_whose_upper_row_names_the_columns_that_have_no_group():
    rows = [
        ["姓名", "车辆", "", "电话"],
        ["", "车架号", "里程", ""],
        ["王强", "LSVFWYA34JSGAD68M", 9, "13800138000"],
    ]
    ledger, rows = read(workbook(("x", rows)), required=NEEDED)
    assert ledger.header.titles == ("姓名", "车架号", "里程", "电话")
    assert rows[0]["phone"] == "13800138000"


def test_a_group_says_which_day_is_meant():
    text = "姓名,手机,登记,,保险,\n,,日期,人,日期,公司\n王强,13800138000,2026-1-2,周敏,2027-1-1,平安\n"
    _ledger, rows = read(csv_file(text), NAMES | {"until": ["保险日期"]}, NEEDED)
    assert (rows[0]["moment"], rows[0]["until"]) == ("2026-1-2", "2027-1-1")


def test_the_first_row_of_data_is_no_second_header():
    ledger, rows = read(
        workbook(("x", [["姓名", "手机", "来源", "喜好"], ["王强", "13800138000", "电话", "日期"]]))
    )
    assert ledger.header.number == 1 and names(rows) == ["王强"]


@pytest.mark.parametrize(
    "second",
    [
        ["Name", "Mobile", "Mileage"],
        ["必填", "必填", "选填"],
        ["文本", "文本格式", "数字"],
        ["客户姓名", "手机", ""],
    ],
)
def test_a_header_in_other_words_or_advice_below_it_is_no_data(second):
    known = NAMES | {"name": ["姓名", "客户姓名", "Name"], "phone": ["电话", "手机", "Mobile"]}
    _ledger, rows = read(workbook(("x", [HEADER, second, ONE, TWO])), known, NEEDED)
    assert names(rows) == ["王强", "李梅"]


@pytest.mark.parametrize(
    "foot",
    [
        ["三月小计", "", 3],
        ["销售一部合计：2人", "", ""],
        ["本月累计", 2, 3],
        ["合計", "", 3],
        ["小計", "2位", 3],
        ["", "总计：", 3],
        ["", "", 3],
        ["Grand Total", "", 3],
        ["注：H 为七天内", "", ""],
        ["※ 以上数据截至上月", "", ""],
        ["—以下空白—", "", ""],
        ["第1页 共3页", "", ""],
        ["填表人：王芳", "审核：李总", ""],
        ["客户总数：2", "", ""],
    ],
)
def test_totals_sums_and_remarks_are_not_read_wherever_they_stand(foot):
    _ledger, rows = read(workbook(("x", [HEADER, ONE, foot, TWO, foot])), required=NEEDED)
    assert names(rows) == ["王强", "李梅"]


@pytest.mark.parametrize(
    "row",
    [
        ["", "13700137000", 3],
        ["王小计", "13700137000", 3],
        ["", "", "不详"],
        ["总计划", "", ""],
        ["", "坏的", ""],
    ],
)
def test_a_row_with_a_fault_is_still_read(row):
    _ledger, rows = read(workbook(("x", [HEADER, ONE, row])), required=NEEDED)
    assert len(rows) == 2


def test_of_two_columns_the_one_that_says_something_counts():
    text = "联系人,客户姓名,手机,座机,登记日期,日期\n,王强,,13800138000,,2026-1-2\n李梅,不详,13900139000,,2026-1-3,\n"
    _ledger, rows = read(csv_file(text), NAMES | {"name": ["客户姓名", "联系人"], "phone": ["手机", "座机"]})
    assert [(row["name"], row["moment"]) for row in rows] == [("王强", "2026-1-2"), ("李梅", "2026-1-3")]
    assert [row.title("name") for row in rows] == ["客户姓名", "联系人"]


def test_a_weak_name_counts_only_where_no_other_column_is_the_field():
    known = NAMES | {"moment": ["回访日期", "~创建时间"]}
    _ledger, rows = read(csv_file("创建时间,姓名,手机,回访日期\n2026-1-1,王强,13800138000,2026-2-2\n"), known)
    assert rows[0]["moment"] == "2026-2-2"
    _ledger, rows = read(csv_file("创建时间,姓名,手机\n2026-1-1,王强,13800138000\n"), known)
    assert rows[0]["moment"] == "2026-1-1"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16", "gb18030", "utf-8-sig"])
def test_text_files_of_every_encoding(encoding):
    text = "姓名,电话,里程\n" + "王强,13800138000,5\n" * 20
    _ledger, rows = read(csv_file(text, encoding), required=NEEDED)
    assert len(rows) == 20


def test_a_text_file_from_taiwan():
    text = "客戶姓名,電話,車架號,里程\n王強,13800138000,LSVFWYA34JSGAD68M,5\n"
    _ledger, rows = read(csv_file(text, "big5"), required=NEEDED)
    assert (rows[0]["name"], rows[0]["vin"]) == ("王強", "LSVFWYA34JSGAD68M")


PAGE = (
    "<html><head><style>td{color:red}</style></head><body><table><tr><td colspan=3>客户台账</td></tr>"
    "<tr><th>姓名</th><th>电话</th><th>备注</th></tr><tr>"
    "<td rowspan=2>王强</td><td>13800138000</td><td>a&lt;b&gt;<br>c</td>"
    "</tr><tr><td>13900139000</td><td>&nbsp;</td></tr></table></body></html>"
)
SPREADSHEET = (
    '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
    'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="x"><Table>'
    '<Row><Cell><Data ss:Type="String">姓名</Data></Cell>'
    '<Cell ss:Index="3"><Data ss:Type="String">电话</Data></Cell></Row>'
    "<Row><Cell><Data>王强</Data></Cell>"
    '<Cell ss:Index="3"><Data>13800138000</Data></Cell></Row></Table></Worksheet></Workbook>'
)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_web_page_called_xls_is_read(tmp_path, encoding):
    file = tmp_path / "客户.xls"
    file.write_bytes(PAGE.encode(encoding))
    _ledger, rows = read(file, required=NEEDED)
    assert [(row["name"], row["phone"], row["text"]) for row in rows] == [
        ("王强", "13800138000", "a<b>\nc"),
        ("王强", "13900139000", ""),
    ]


def test_an_xml_table_called_xls_is_read(tmp_path):
    file = tmp_path / "客户.xls"
    file.write_text(SPREADSHEET, "utf-8")
    _ledger, rows = read(file, required=NEEDED)
    assert [(row["name"], row["phone"]) for row in rows] == [("王强", "13800138000")]


@pytest.mark.parametrize("name", ["客户.xlsx", "客户.csv", "客户.txt"])
def test_a_web_page_under_another_name_is_refused(tmp_path, name):
    file = tmp_path / name
    file.write_text(PAGE, "utf-8")
    with pytest.raises(RuleError, match="web page"):
        read(file, required=NEEDED)


def test_a_workbook_locked_by_a_password_says_so(tmp_path):
    file = tmp_path / "x.xlsx"
    container = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le") + bytes(600)
    )
    file.write_bytes(container)
    with pytest.raises(RuleError, match="password"):
        read(file, required=NEEDED)


def test_blank_columns_and_groups_merged_across():
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.merge_range(1, 1, 1, 3, "客户信息")
        sheet.merge_range(1, 4, 1, 5, "车辆信息")
        sheet.write_row(2, 1, ["姓名*", "手机\n号码", "备注（其它）", "车架号/VIN", "里程 (km)"])
        sheet.write_row(3, 1, ["王强", "13800138000", "好", "LSVFWYA34JSGAD68M", 9])
    stream.seek(0)
    _ledger, rows = read(stream, required=NEEDED)
    assert [(row.number, row["name"], row["text"], row["mileage"]) for row in rows] == [(4, "王强", "好", 9)]


def test_a_header_that_a_person_has_named_keeps_its_groups():
    text = "客户,,,保险,\n姓名,手机,备注,日期,公司\n王强,13800138000,好,2027-1-1,平安\n"
    known = NAMES | {"until": ["保险日期"], "insurer": ["保险公司"]}
    with open_ledger(csv_file(text), known, plan=Plan(header_row=2, columns={"备注": ""})) as ledger:
        assert set(ledger.fields) == {"name", "phone", "until", "insurer"}
        assert names(ledger.rows()) == ["王强"]
    with open_ledger(csv_file(text), known, plan=Plan(header_row=2, columns={"日期": "moment"})) as ledger:
        assert ledger.fields["moment"] == "日期" and "until" not in ledger.fields
