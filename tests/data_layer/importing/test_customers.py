"""Customers of a ledger, with their cars, on both databases."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from admin_app import models as m
from admin_app.choices import (
    Grade,
    Sex,
    Source,
    Stage,
)
from tests.data_layer.importing.support import (
    VIN,
    by_name,
    count,
    only,
    sheet,
)
from tests.factories import make_customer


@pytest.mark.usefixtures("store_app")
def test_a_row_becomes_a_customer_with_a_car(session, load, cast):
    file = sheet(
        ["鑫远汽车客户总表"],
        [
            "姓名",
            "电话",
            "性别",
            "生日",
            "来源",
            "级别",
            "顾问",
            "购车日期",
            "车型",
            "车架号",
            "车牌",
            "里程",
            "保险到期",
            "备注",
            "内部编号",
        ],
        [
            " 李 雪梅\u3000",
            "＋86 138-0013-8000/0755-83214567",
            "",
            "85.3.2",
            "抖音",
            "D类",
            "梁思琪 ",
            "2025年11月7日",
            "明锐 1.4T",
            VIN.lower(),
            "粤b·12345",
            "1.2万公里",
            "46530",
            "=cmd|' /C calc'!A0\n<b>VIP</b>👍🏻",
            "A-1",
        ],
        ["合计", "1人"],
    )
    report = load("customers", file)
    assert report.counts() == {"read": 1, "created": 1, "updated": 0, "duplicates": 0, "rejected": 0}
    assert report.unknown_columns == ("内部编号",)
    customer, car = only(session, m.Customer), only(session, m.Vehicle)
    assert (customer.name, customer.phone, customer.phone2) == ("李雪梅", "+8613800138000", "+8675583214567")
    assert (customer.stage, customer.grade, customer.owner_id) == (
        Stage.OWNER,
        Grade.D,
        cast.sales_consultant.id,
    )
    assert (customer.source, customer.source_detail) == (Source.SOCIAL, "抖音")
    assert customer.birthday == dt.date(1985, 3, 2)
    assert customer.note == "=cmd|' /C calc'!A0\n<b>VIP</b>👍🏻"
    assert customer.pinyin.startswith("lixuemei")
    assert 0 < customer.completeness < 100
    assert (customer.version, customer.store_id) == (1, cast.store.id)
    assert (car.vin, car.plate, car.mileage, car.model) == (VIN, "粤B12345", 12000, "明锐 1.4T")
    assert (car.bought_on, car.insurance_until) == (dt.date(2025, 11, 7), dt.date(2027, 5, 23))
    assert (car.customer_id, car.next_service_on is not None) == (customer.id, True)
    assert (only(session, m.VehicleOwner).customer_id, only(session, m.VehicleOwner).since) == (
        customer.id,
        car.bought_on,
    )


def test_titles_companies_and_stages(session, load):
    load(
        "customers",
        sheet(
            ["姓名", "电话", "级别", "车型"],
            ["蒋先生", "13800138001", "h级", "昕锐"],
            ["雷女士", "13800138002", "", ""],
            ["鑫远贸易有限公司", "13800138003", "战败", ""],
            ["王强", "13800138004", "D", ""],
        ),
    )
    lead = by_name(session, "雷女士")
    assert (by_name(session, "蒋先生").sex, lead.sex) == (Sex.MALE, Sex.FEMALE)
    assert (by_name(session, "蒋先生").stage, by_name(session, "蒋先生").model_wish) == (
        Stage.PROSPECT,
        "昕锐",
    )
    assert (lead.stage, lead.grade) == (Stage.LEAD, Grade.N)
    assert (by_name(session, "鑫远贸易有限公司").kind, by_name(session, "鑫远贸易有限公司").stage) == (
        "company",
        Stage.LOST,
    )
    assert by_name(session, "王强").stage == Stage.OWNER
    assert count(session, m.Vehicle) == 0
    assert count(session, m.FollowUp) == 0


@pytest.mark.usefixtures("store_app")
def test_only_a_missing_name_or_phone_rejects_a_row(session, load):
    report = load(
        "customers",
        sheet(
            ["姓名", "电话", "生日", "车架号", "车牌", "级别", "里程", "性别"],
            ["", "13800138001", "", "", "", "", "", ""],
            ["先生", "13800138002", "", "", "", "", "", ""],
            ["王强", "", "", "", "", "", "", ""],
            ["李梅", "1391234567", "", "", "", "", "", ""],
            ["赵一", "13x12345678", "", "", "", "", "", ""],
            ["钱二", "13800138003", "1990-02-30", "LSV1", "ABC", "Z", "很多", "7"],
        ),
    )
    assert report.counts() == {"read": 6, "created": 1, "updated": 0, "duplicates": 0, "rejected": 5}
    assert [(one.row, one.column) for one in report.rejections] == [
        (2, "姓名"),
        (3, "姓名"),
        (4, "电话"),
        (5, "电话"),
        (6, "电话"),
    ]
    assert all(one.reason for one in report.rejections)
    assert {(one.row, one.column) for one in report.warnings} == {
        (7, "生日"),
        (7, "车架号"),
        (7, "车牌"),
        (7, "级别"),
        (7, "里程"),
        (7, "性别"),
    }
    customer = only(session, m.Customer)
    assert (customer.name, customer.birthday, customer.grade, customer.sex) == ("钱二", None, Grade.N, None)
    assert count(session, m.Vehicle) == 0


@pytest.mark.usefixtures("store_app")
def test_the_same_phone_again_in_a_file_is_one_customer_and_fills_blanks(session, load):
    report = load(
        "customers",
        sheet(
            ["姓名", "电话", "性别", "地址", "备注", "车架号", "级别"],
            ["王强", "13800138001", "", "深圳", "喜欢红色", "", "A"],
            ["王强", "138 0013 8001", "男", "广州", "家里两台车", VIN, "B"],
        ),
    )
    assert report.counts() == {"read": 2, "created": 1, "updated": 0, "duplicates": 1, "rejected": 0}
    customer = only(session, m.Customer)
    assert (customer.sex, customer.address, customer.grade) == (Sex.MALE, "深圳", Grade.A)
    assert customer.note == "喜欢红色\n家里两台车"
    assert customer.stage == Stage.OWNER
    assert only(session, m.Vehicle).customer_id == customer.id


@pytest.mark.usefixtures("store_app")
def test_a_customer_on_file_is_filled_up_and_never_overwritten(session, load, cast):
    make_customer(
        session, owner=cast.colleague, name="王强", phone="+8613800138001", sex=None, address="深圳"
    )
    file = (["姓名", "电话", "性别", "地址", "顾问"], ["王小强", "13800138001", "男", "广州", "梁思琪"])
    report = load("customers", sheet(*file))
    assert report.counts() == {"read": 1, "created": 0, "updated": 1, "duplicates": 0, "rejected": 0}
    customer = only(session, m.Customer)
    assert (customer.name, customer.sex, customer.address) == ("王强", Sex.MALE, "深圳")
    assert (customer.owner_id, customer.version) == (cast.colleague.id, 2)
    assert load("customers", sheet(*file)).counts()["duplicates"] == 1


def test_the_same_phone_in_another_store_or_in_the_bin_is_another_customer(session, load, cast, now):
    make_customer(session, store=cast.other_store, phone="+8613800138001")
    make_customer(session, store=cast.store, phone="+8613800138001", deleted_at=now)
    assert load("customers", sheet(["姓名", "电话"], ["王强", "13800138001"])).created == 1


def test_a_shared_phone_belongs_to_the_file_that_does_not_share_it(session, load, cast):
    make_customer(
        session, store=cast.store, phone="+8613800138001", name="儿子", kept_apart=True, address=None
    )
    make_customer(session, store=cast.store, phone="+8613800138001", name="父亲", address=None)
    assert load("customers", sheet(["姓名", "电话", "地址"], ["父亲", "13800138001", "深圳"])).updated == 1
    assert (by_name(session, "父亲").address, by_name(session, "儿子").address) == ("深圳", None)


@pytest.mark.usefixtures("store_app")
def test_leavers_and_strangers_own_nobody(session, load, cast):
    cast.other_team.active = False
    session.flush()
    report = load(
        "customers",
        sheet(
            ["姓名", "电话", "顾问"],
            ["甲", "13800138001", "梁思琪(已离职)"],
            ["乙", "13800138002", "不认识的人"],
            ["丙", "13800138003", "韩雪"],
            ["丁", "13800138004", "梁思琪"],
            ["戊", "13800138005", "-"],
            ["己", "13800138006", "colleague"],
        ),
    )
    owners = {one.name: (one.owner_id, one.owner_text) for one in session.scalars(sa.select(m.Customer))}
    assert owners == {
        "甲": (None, "梁思琪(已离职)"),
        "乙": (None, "不认识的人"),
        "丙": (None, "韩雪"),
        "丁": (cast.sales_consultant.id, None),
        "戊": (None, None),
        "己": (cast.colleague.id, None),
    }
    assert (dict(report.unknown_staff), dict(report.left_staff)) == (
        {"不认识的人": 1},
        {"梁思琪": 1, "韩雪": 1},
    )


def test_an_owner_who_was_unknown_gets_the_customers_once_he_is_known(session, load, cast):
    file = (["姓名", "电话", "顾问"], ["乙", "13800138002", "新同事"])
    load("customers", sheet(*file))
    cast.colleague.name = "新同事"
    session.flush()
    assert load("customers", sheet(*file)).updated == 1
    assert only(session, m.Customer).owner_id == cast.colleague.id


@pytest.mark.usefixtures("store_app")
def test_a_car_changes_hands_once_and_an_older_ledger_does_not_take_it_back(session, load, now):
    rows = (
        ["姓名", "电话", "车架号", "车型", "购车日期"],
        ["甲", "13800138001", VIN, "明锐", "2020-01-05"],
        ["乙", "13800138002", VIN, "明锐", "2024-03-01"],
    )
    report = load("customers", sheet(*rows))
    assert report.vehicles["handed over"] == 1
    assert only(session, m.Vehicle).customer_id == by_name(session, "乙").id
    lines = session.scalars(sa.select(m.VehicleOwner).order_by(m.VehicleOwner.id)).all()
    assert [(one.since, one.until) for one in lines] == [
        (dt.date(2020, 1, 5), dt.date(2024, 3, 1)),
        (dt.date(2024, 3, 1), None),
    ]
    again = load("customers", sheet(*rows))
    assert (again.created, again.updated, again.duplicates) == (0, 0, 2)
    assert only(session, m.Vehicle).customer_id == by_name(session, "乙").id


def test_a_planned_contact_ahead_makes_one_task_and_history_none(session, load, cast, now):
    rows = (
        ["姓名", "电话", "顾问", "下次跟进"],
        ["甲", "13800138001", "梁思琪", "2026-11-30"],
        ["乙", "13800138002", "", "2026-11-01"],
    )
    report = load("customers", sheet(*rows))
    assert report.followups == 1
    task = only(session, m.FollowUp)
    assert (task.due_on, task.assignee_id) == (dt.date(2026, 11, 30), cast.sales_consultant.id)
    assert by_name(session, "甲").next_contact_on == dt.date(2026, 11, 30)
    load("customers", sheet(*rows))
    assert count(session, m.FollowUp) == 1
