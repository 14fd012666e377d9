"""Ledgers for the tests of the import, and how what they have become is read."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import sqlalchemy as sa

from admin_app import models as m

DATA = Path(__file__).parent.parent.parent / "data"
TRUTH = json.loads((DATA / "truth.json").read_text("utf-8"))
LEDGERS = {
    "customers": "客户档案.xlsx",
    "visits": "回访记录.xlsx",
    "complaints": "投诉登记表.csv",
    "repair-orders": "维修工单.csv",
}
VIN, VIN2 = "LSVFWYA34JSGAD68M", "LSVPSA003J7J1MKWR"
SMALL = {
    "customers": (
        ["姓名", "电话", "车架号", "车型", "下次跟进"],
        ["王强", "13800138001", VIN, "明锐", "2026-12-01"],
        ["李梅", "13800138002", "", "", ""],
        ["王强", "13800138001", "", "", ""],
        ["", "1", "", "", ""],
    ),
    "vehicles": (
        ["电话", "车牌号", "车型"],
        ["13800138001", "粤B11111", "昕锐"],
        ["", "粤B11111", ""],
        ["", "坏的", ""],
    ),
    "visits": (
        ["日期", "电话", "回访人", "内容", "下次联系"],
        ["2026-11-01", "13800138001", "梁思琪", "一", "2026-12-02"],
        ["2026-11-01", "13800138001", "梁思琪", "一", ""],
        ["2026-11-01", "", "", "", ""],
    ),
    "complaints": (
        ["登记日期", "联系电话", "投诉内容", "完成日期", "回访是否满意"],
        ["2026-11-01", "13800138001", "异响", "2026-11-02", "是"],
        ["2026-11-01", "13800138001", "异响", "", ""],
        ["2026-11-01", "", "异响", "", ""],
    ),
    "repair-orders": (
        ["工单号", "进厂日期", "车架号", "项目"],
        ["W1", "2026-01-01", VIN, "首保"],
        ["W2", "2026-01-01", VIN2, "首保"],
        ["W1", "", "", ""],
        ["", "2026-01-01", VIN, ""],
    ),
}
TABLES = (
    m.Customer,
    m.Vehicle,
    m.VehicleOwner,
    m.Visit,
    m.Complaint,
    m.ComplaintStep,
    m.RepairOrder,
    m.FollowUp,
)


def sheet(*rows):
    """A CSV in memory; a row is a list of cells."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return io.BytesIO(text.getvalue().encode())


def count(session, model, *where):
    table = model.__table__
    return (
        session.connection().execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()
    )


def only(session, model):
    return session.scalars(sa.select(model)).one()


def by_name(session, name):
    return session.scalars(sa.select(m.Customer).where(m.Customer.name == name)).one()
