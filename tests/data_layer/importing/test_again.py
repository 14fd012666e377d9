"""Reading every ledger a second time changes nothing, whatever stands in it and however it falls into batches."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import admin_app.importing as importing
from admin_app import models as m
from tests.data_layer.importing.support import VIN, VIN2, count, sheet

PHONES = [
    "13800138001", "+86 138-0013-8001", "138 0013 8002", "13800138003/13800138001", "123", "", "13800138004",
]  # fmt: skip
VINS = [VIN, VIN2, "", "坏", "LSVAA4189E2100018"]
PLATES = ["粤B11111", "粤b·11111", "粤B22222", "", "无"]
DAYS = ["2026-02-30", "2026.3.5", "2025/1/1", ""]
STAFF = ["周敏", "马超(已离职)", "", "公海", "梁思琪"]
COLUMNS = {
    "customers": {
        "客户": ["王强", "李梅", "", "王先生"],
        "手机": PHONES,
        "级别": ["A", "H级", "", "D"],
        "车架号": VINS,
        "车牌": PLATES,
        "车型": ["明锐", "", "速派"],
        "提车日": DAYS,
        "销售顾问": STAFF,
        "备注": ["", "好", "另"],
        "里程": ["5000", "1.2万", ""],
        "下次回访日": ["2026-12-30", "2026-01-01", ""],
    },
    "vehicles": {
        "车架号": VINS,
        "车牌": PLATES,
        "车型": ["明锐", "", "速派"],
        "手机": PHONES,
        "提车日": DAYS,
        "里程": ["5000", ""],
    },
    "visits": {
        "回访日期": [*DAYS, "3月5日"],
        "手机": PHONES,
        "回访人": STAFF,
        "内容": ["", "一", "二"],
        "结果": ["满意", "关机", ""],
        "下次回访": ["2026-12-30", ""],
    },
    "complaints": {
        "投诉日期": DAYS,
        "手机": PHONES,
        "投诉内容": ["异响", "漏油", ""],
        "车牌": PLATES,
        "处理人": STAFF,
        "处理措施": ["返修", ""],
        "完成日期": DAYS,
        "是否满意": ["是", "不满意", ""],
    },
    "repair-orders": {
        "工单号": ["R1", "R2", "R3", ""],
        "进厂日期": DAYS,
        "出厂日期": DAYS,
        "手机": PHONES,
        "车架号": VINS,
        "车牌": PLATES,
        "项目": ["首保", "保养", "钣金"],
        "里程": ["5000", "9000", ""],
    },
}


def rows_of(columns):
    return st.lists(st.tuples(*(st.sampled_from(cells) for cells in columns.values())), max_size=8)


@pytest.mark.parametrize("batch", [500, 2])
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(ledgers=st.fixed_dictionaries({kind: rows_of(columns) for kind, columns in COLUMNS.items()}))
def test_a_second_import_changes_nothing(session, load, monkeypatch, batch, ledgers):
    monkeypatch.setattr(importing, "BATCH", batch)
    with session.begin_nested() as attempt:
        for kind, rows in ledgers.items():
            header = list(COLUMNS[kind])
            first, again = (load(kind, sheet(header, *rows)) for _time in range(2))
            assert (kind, again.created, again.updated, again.rejected) == (kind, 0, 0, first.rejected)
            assert again.read == first.read
        attempt.rollback()


CARS = ["客户", "手机", "车架号", "车牌", "提车日"]


def test_a_car_that_gets_its_vin_from_a_later_row_is_known_by_it(session, load):
    rows = (
        ["王强", "13800138002", "", "", "2026.3.5"],
        ["王强", "13800138002", VIN2, "", "2026.3.5"],
        ["李梅", "13800138001", VIN2, "", ""],
    )
    load("customers", sheet(CARS, *rows))
    car = session.scalars(sa.select(m.Vehicle)).one()
    assert (car.vin, session.get(m.Customer, car.customer_id).name) == (VIN2, "李梅")


def test_two_new_cars_of_one_ledger_both_change_hands(session, load):
    rows = [["甲", "13800138001", vin, "", ""] for vin in (VIN, VIN2)]
    rows += [["乙", "13800138002", vin, "", ""] for vin in (VIN, VIN2)]
    load("customers", sheet(CARS, *rows))
    assert {
        session.get(m.Customer, one.customer_id).name for one in session.scalars(sa.select(m.Vehicle))
    } == {"乙"}
    assert count(session, m.VehicleOwner) == 4


def test_a_car_that_has_gone_to_another_customer_is_not_made_again(session, load):
    rows = (
        ["甲", "13800138001", VIN2, "", "2026.3.5"],
        ["甲", "13800138001", "", "", "2026.3.5"],
        ["乙", "13800138002", VIN2, "", ""],
    )
    load("customers", sheet(CARS, *rows))
    again = load("customers", sheet(CARS, *rows))
    assert (again.created, again.updated, count(session, m.Vehicle)) == (0, 0, 1)


def test_of_the_same_complaint_twice_in_a_ledger_the_first_row_counts(session, load):
    load("customers", sheet(["客户", "手机"], ["甲", "13800138001"]))
    header = ["投诉日期", "手机", "投诉内容", "处理措施"]
    rows = (["2026-03-05", "13800138001", "异响", ""], ["2026-03-05", "13800138001", "异响", "返修"])
    first, again = load("complaints", sheet(header, *rows)), load("complaints", sheet(header, *rows))
    assert (first.created, first.duplicates, again.updated, again.duplicates) == (1, 1, 0, 2)
    assert session.scalars(sa.select(m.Complaint)).one().received_at.date() == dt.date(2026, 3, 4)


def test_of_the_same_contact_person_twice_in_a_ledger_the_first_row_counts(session, load):
    load("customers", sheet(["客户", "手机"], ["鑫远公司", "13800138001"]))
    header = ["客户名称", "客户电话", "联系人", "职务"]
    rows = (["鑫远公司", "13800138001", "王强", ""], ["鑫远公司", "13800138001", "王强", "经理"])
    first, again = load("contacts", sheet(header, *rows)), load("contacts", sheet(header, *rows))
    assert (first.created, first.duplicates, again.updated, again.duplicates) == (1, 1, 0, 2)
