"""Files that are broken, disguised or exploding are refused in a second, with a sentence."""

from __future__ import annotations

import io
import time
import zipfile

import pytest

from admin_app.errors import RuleError
from tests.ledger_files import DATA, NEEDED, csv_file, read, workbook


def refusal(content, tmp_path, name="x.xlsx"):
    """The sentence with which a file is refused, within three seconds."""
    file = tmp_path / name
    file.write_bytes(content)
    begun = time.perf_counter()
    with pytest.raises(RuleError) as caught:
        read(file, required=NEEDED)
    assert time.perf_counter() - begun < 3
    return str(caught.value)


def zipped(parts):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"", "x.xlsx", "empty"),
        (b"", "x.csv", "empty"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 100, "x.xlsx", "PNG"),
        (b"%PDF-1.7 ...", "x.csv", "PDF"),
        (b"MZ\x90\x00" + b"\x00" * 100, "x.xls", "EXE"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "x.xls", "web page"),
        ("姓名,电话\n".encode(), "x.xlsx", "content is something else"),
        (zipped({"word/document.xml": "<w/>"}), "x.xlsx", "not an Excel workbook"),
        (zipped({"xl/workbook.xml": "<w/>"}), "x.csv", "content is something else"),
        (zipped({"xl/workbook.xml": "<w/>"}), "x.xlsx", "damaged"),
        (b"PK\x03\x04" + b"\x00" * 500, "x.xlsx", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 2000, "x.xls", "damaged"),
        (b"\xff\x00\x81\xff\xff" * 50, "x.csv", "neither UTF-8 nor GB18030"),
        (b"x,y", "x.docx", "cannot be read"),
    ],
)
def test_broken_and_disguised_files_are_refused_in_a_sentence(content, name, sentence, tmp_path):
    assert sentence in refusal(content, tmp_path, name)


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(RuleError, match=r"no file gone\.xlsx"):
        read(tmp_path / "gone.xlsx")


def test_a_truncated_workbook_is_refused(tmp_path):
    assert "damaged" in refusal((DATA / "客户档案.xlsx").read_bytes()[:-5000], tmp_path)


def test_a_workbook_with_a_flipped_bit_is_refused(tmp_path):
    content = bytearray((DATA / "客户档案.xlsx").read_bytes())
    content[len(content) // 2] ^= 0xFF
    assert "damaged" in refusal(bytes(content), tmp_path)


def test_an_exploding_workbook_is_refused(tmp_path):
    content = zipped({"xl/workbook.xml": "<w/>", "xl/worksheets/sheet1.xml": b" " * 60_000_000})
    assert "unpacks to far more" in refusal(content, tmp_path)


def test_a_workbook_that_lies_about_its_size_is_refused(tmp_path):
    content = bytearray(zipped({"xl/workbook.xml": "<w/>", "xl/worksheets/sheet1.xml": b" " * 60_000_000}))
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    sentence = refusal(bytes(content), tmp_path)
    assert "damaged" in sentence or "unpacks" in sentence


def test_a_sheet_whose_cells_lie_at_its_far_corners_is_refused(tmp_path):
    far = workbook(("x", [["姓名", "电话"], ["王强", "13800138000"]]))
    with zipfile.ZipFile(far) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    row = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    parts[sheet] = parts[sheet].replace(b"</sheetData>", row)
    assert "too far apart" in refusal(zipped(parts), tmp_path)


def test_formatted_but_empty_cells_far_away_do_no_harm(tmp_path):
    far = workbook(("x", [["姓名", "电话"], ["王强", "13800138000"]]))
    with zipfile.ZipFile(far) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    row = b'<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>'
    parts[sheet] = parts[sheet].replace(b"</sheetData>", row)
    _ledger, rows = read(io.BytesIO(zipped(parts)))
    assert [row["name"] for row in rows] == ["王强"]


def test_a_file_that_is_too_large_is_refused(monkeypatch, tmp_path):
    from admin_app.ledgers import files

    monkeypatch.setattr(files, "MAX_FILE", 1024)
    assert "larger than" in refusal(b"x" * 2000, tmp_path, "x.csv")


def test_more_rows_than_a_ledger_can_have_are_refused(monkeypatch):
    from admin_app.ledgers import tables

    monkeypatch.setattr(tables, "MAX_ROWS", 3)
    rows = [["姓名", "电话"], *[["王强", "13800138000"]] * 5]
    with pytest.raises(RuleError, match="more than 3 rows"):
        read(workbook(("x", rows)))
    with pytest.raises(RuleError, match="more than 3 rows"):
        read(csv_file("\n".join(",".join(row) for row in rows)))
