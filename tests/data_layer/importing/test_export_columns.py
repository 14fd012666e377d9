"""Any choice of columns, as CSV or XLSX, read back changes nothing; what an export holds is typed and harmless."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pytest
import sqlalchemy as sa

from admin_app import models as m
from admin_app.desk import exports, workbooks
from admin_app.importing import import_file
from tests.cast import NOW
from tests.factories import make_customer, make_vehicle, make_visit

SUBSETS = [
    ("customers", m.Customer, ["name"]),
    ("customers", m.Customer, ["phone", "phone2", "note", "id_number"]),
    ("customers", m.Customer, ["grade", "stage", "tags", "budget", "birthday", "do_not_disturb"]),
    ("customers", m.Customer, ["owner_id", "advisor_id", "referrer_id", "source", "source_detail"]),
    ("customers", m.Customer, ["last_contact_at", "next_contact_on", "completeness", "name", "created_at"]),
    ("vehicles", m.Vehicle, ["vin", "plate"]),
    ("vehicles", m.Vehicle, ["customer_id", "model", "bought_on", "mileage", "price"]),
    ("vehicles", m.Vehicle, ["model"]),
    ("visits", m.Visit, ["customer_id", "at", "staff_id", "content"]),
    ("visits", m.Visit, ["result", "next_on", "channel"]),
    ("visits", m.Visit, ["staff_text", "purpose", "summary"]),
]


@pytest.fixture
def rows(session, cast):
    first = make_customer(
        session, owner=cast.colleague, name="=王强", note="-1+1\n+86 13800138000", phone="+8613912345678",
        phone2="+85291234567", id_number="440301198503021234", tags=["老客户"], budget=150_000,
        birthday=dt.date(1985, 3, 2), advisor_id=cast.service_advisor.id, source_detail="@抖音", employer="+86 公司",
    )  # fmt: skip
    make_customer(session, owner=cast.colleague, name="李梅", referrer_id=first.id)
    car = make_vehicle(session, first, mileage=12_000, price=123_456.5)
    make_vehicle(session, first, vin=None, plate=None, model="+86")
    make_visit(session, first, staff=cast.colleague, vehicle_id=car.id, next_on=dt.date(2026, 12, 1), content="=1+1")
    make_visit(session, first, staff_text="马超", at=NOW - dt.timedelta(days=3, seconds=17))
    session.flush()
    return first


def content(session):
    tables = [model.__table__ for model in (m.Customer, m.Vehicle, m.Visit, m.VehicleOwner, m.FollowUp)]
    return [
        [tuple(row) for row in session.connection().execute(sa.select(table).order_by(table.c.id))]
        for table in tables
    ]


def as_file(model, names, kind):
    export = exports.Export(model, names, sa.select(model).order_by(model.id))
    if kind == "xlsx":
        return workbooks.write(export, "x", export.rows())
    return io.BytesIO("".join(exports._csv(export.heading(), export.pieces(text=True))).encode())


@pytest.mark.usefixtures("rows", "store_app")
@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize(("kind", "model", "names"), SUBSETS, ids=["-".join([s[0], *s[2]]) for s in SUBSETS])
def test_some_columns_read_back_change_nothing(session, cast, now, kind, model, names, form):
    before = content(session)
    report = import_file(session, kind, as_file(model, names, form), store=cast.store, now=now)
    session.flush()
    counts = report.counts()
    assert (counts["created"], counts["updated"], counts["rejected"]) == (0, 0, 0), report.rejections
    assert content(session) == before


@pytest.mark.usefixtures("rows", "store_app")
def test_a_workbook_has_types_and_widths(session):
    names = ["name", "phone", "budget", "birthday", "last_contact_at", "employer"]
    sheet = openpyxl.load_workbook(as_file(m.Customer, names, "xlsx")).active
    first = [cell.value for cell in sheet[2]]
    assert first[1:3] == ["=王强", "139****5678"] and first[3] == 150_000 and first[4] == dt.datetime(1985, 3, 2)
    assert first[6] == "+86 公司" and not [cell for line in sheet.iter_rows() for cell in line if cell.data_type == "f"]
    assert sheet["D2"].number_format == "#,##0.00" and sheet["E2"].number_format == "yyyy-mm-dd"
    assert sheet.column_dimensions["C"].width > sheet.column_dimensions["A"].width
    assert sheet.freeze_panes == "B2"


@pytest.mark.usefixtures("rows", "store_app")
def test_full_numbers_but_never_the_id_number(session):
    names = ["phone", "phone2", "id_number"]
    export = exports.Export(m.Customer, names, sa.select(m.Customer).order_by(m.Customer.id), full=True, mark="水印")
    text = "".join(exports._csv(export.heading(), export.pieces(text=True)))
    assert "13912345678" in text and "'+85291234567" in text and "440301198503021234" not in text
    assert text.splitlines()[1].endswith(",水印")


@pytest.mark.usefixtures("rows", "store_app")
def test_names_of_links_are_asked_for_once_and_without_objects(session):
    found = exports.names_of(m.Visit, [one for (one,) in session.execute(sa.select(m.Visit.id))])
    whole = {row.id: str(row) for row in session.scalars(sa.select(m.Visit))}
    assert found == whole
    assert exports.names_of(m.Customer, [999_999]) == {}
