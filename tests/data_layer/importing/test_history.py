"""Visits, complaints, cars and repair orders of the past, on both databases."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from admin_app import models as m
from admin_app.choices import (
    Channel,
    ComplaintState,
    Grade,
    RepairKind,
    RepairState,
    VisitResult,
)
from tests.data_layer.importing.support import (
    VIN,
    VIN2,
    count,
    only,
    sheet,
)
from tests.factories import make_customer, make_vehicle

VISITS = ["日期", "客户", "电话", "方式", "回访人", "内容", "结果", "下次联系"]


@pytest.mark.usefixtures("store_app")
def test_visits_of_the_past_bring_the_last_contact_and_one_task(session, load, cast, now):
    customer = make_customer(
        session, owner=cast.colleague, name="王强", phone="+8613800138001", grade=Grade.H
    )
    customer.graded_on = None
    session.flush()
    rows = (
        VISITS,
        [
            "2026-11-01 10:30",
            "王强",
            "138-0013-8001",
            "电话",
            "梁思琪",
            "询问用车情况",
            "有意向",
            "2026-12-05",
        ],
        ["2026/11/10 下午2点", "王强", "13800138001", "微信", "不认识", "", "未接通", "2026-11-30"],
        ["2026-10-01", "王强", "13800138001", "到店", "吴俊杰(已离职)", "看车", "满意", "无"],
    )
    report = load("visits", sheet(*rows))
    assert report.counts() == {"read": 3, "created": 3, "updated": 0, "duplicates": 0, "rejected": 0}
    visits = session.scalars(sa.select(m.Visit).order_by(m.Visit.at)).all()
    assert [one.at.isoformat() for one in visits] == [
        "2026-09-30T16:00:00+00:00",
        "2026-11-01T02:30:00+00:00",
        "2026-11-10T06:00:00+00:00",
    ]
    assert [one.channel for one in visits] == [Channel.STORE, Channel.PHONE, Channel.WECHAT]
    assert [one.outbound for one in visits] == [False, True, True]
    assert [one.result for one in visits] == [
        VisitResult.SOLVED,
        VisitResult.INTERESTED,
        VisitResult.NOT_REACHED,
    ]
    assert [(one.staff_id, one.staff_text) for one in visits] == [
        (cast.colleague.id, None),
        (cast.sales_consultant.id, None),
        (None, "不认识"),
    ]
    assert dict(report.unknown_staff) == {"不认识": 1}
    customer = only(session, m.Customer)
    assert customer.last_contact_at == visits[1].at
    assert customer.graded_on == dt.date(2026, 11, 10)
    task = only(session, m.FollowUp)
    assert (task.due_on, task.source_id, task.state) == (dt.date(2026, 11, 30), visits[2].id, "open")
    assert customer.next_contact_on == task.due_on
    again = load("visits", sheet(*rows))
    assert (again.duplicates, again.created, count(session, m.FollowUp)) == (3, 0, 1)


@pytest.mark.usefixtures("store_app")
def test_a_visit_without_a_usable_phone_is_rejected_even_where_the_name_fits(session, load, cast):
    make_customer(session, owner=cast.colleague, name="王强", phone="+8613800138001")
    report = load(
        "visits",
        sheet(
            VISITS,
            ["2026-11-01", "王强", "67806", "电话", "", "一", "", ""],
            ["2026-11-01", "王强", "", "电话", "", "二", "", ""],
            ["2026-11-01", "王强", "13800138009", "电话", "", "三", "", ""],
            ["改天", "王强", "13800138001", "电话", "", "四", "", ""],
            ["2026-11-01", "别名", "13800138001", "传真", "", "五", "", "2026-02-30"],
        ),
    )
    assert report.counts() == {"read": 5, "created": 2, "updated": 0, "duplicates": 0, "rejected": 3}
    assert [one.reason for one in report.rejections] == [
        "This phone number is not valid.",
        "The phone number is missing.",
        "No customer of this store has this phone.",
    ]
    assert {one.content for one in session.scalars(sa.select(m.Visit))} == {"四", "五"}
    assert {one.column for one in report.warnings} == {"日期", "方式", "下次联系"}


def test_the_same_visit_by_another_person_or_with_another_text_is_another_visit(session, load, cast):
    make_customer(session, owner=cast.colleague, phone="+8613800138001")
    row = ["2026-11-01 10:00", "", "13800138001", "电话", "梁思琪", "一", "", ""]
    other_person, other_text = [*row[:4], "吴俊杰", *row[5:]], [*row[:5], "二", *row[6:]]
    report = load("visits", sheet(VISITS, row, other_person, other_text, row))
    assert (report.created, report.duplicates) == (3, 1)


def test_a_visit_stays_the_same_when_its_person_joins_or_leaves(session, load, cast):
    make_customer(session, owner=cast.colleague, phone="+8613800138001")
    row = ["2026-11-01 10:00", "", "13800138001", "电话", "新同事", "一", "", ""]
    load("visits", sheet(VISITS, row))
    cast.colleague.name = "新同事"
    session.flush()
    assert load("visits", sheet(VISITS, row)).duplicates == 1
    cast.colleague.active = False
    session.flush()
    assert load("visits", sheet(VISITS, row)).duplicates == 1


def test_a_visit_that_lies_ahead_is_planned(session, load, cast):
    make_customer(session, owner=cast.colleague, phone="+8613800138001")
    load("visits", sheet(VISITS, ["2026-12-01 10:00", "", "13800138001", "电话", "梁思琪", "", "", ""]))
    assert only(session, m.Visit).state == "planned"
    assert only(session, m.Customer).last_contact_at is None


def test_blank_fields_of_a_visit_on_file_are_filled(session, load, cast):
    make_customer(session, owner=cast.colleague, phone="+8613800138001")
    row = ["2026-11-01 10:00", "", "13800138001", "电话", "梁思琪", "一", "", ""]
    load("visits", sheet(VISITS, row))
    assert load("visits", sheet(VISITS, [*row[:6], "满意", ""])).updated == 1
    assert only(session, m.Visit).result == VisitResult.SOLVED


COMPLAINTS = "登记日期 客户姓名 联系电话 车牌 投诉内容 原因分类 处理人 处理措施 完成日期 回访是否满意".split()


@pytest.mark.usefixtures("store_app")
def test_complaints_come_as_far_as_the_ledger_says(session, load, cast):
    customer = make_customer(session, owner=cast.colleague, name="王强", phone="+8613800138001")
    car = make_vehicle(session, customer, plate="粤B12345")
    report = load(
        "complaints",
        sheet(
            COMPLAINTS,
            [
                "2026-11-01",
                "王强",
                "13800138001",
                "粤B·12345",
                "空调异响",
                "产品",
                "高文斌",
                "返修",
                "2026-11-03",
                "是",
            ],
            [
                "2026-11-01",
                "王强",
                "13800138001",
                "",
                "态度冷淡",
                "服务原因",
                "高文斌",
                "致歉",
                "2026-11-04",
                "不满意",
            ],
            ["2026-11-02", "王强", "13800138001", "", "等待太久", "", "马超(已离职)", "", "", ""],
            ["2026-11-03", "王强", "13800138001", "", "划痕", "", "高文斌", "补漆", "2026-11-05", ""],
            ["2026-11-03", "王强", "12", "", "无电话", "", "", "", "", ""],
        ),
    )
    assert report.counts() == {"read": 5, "created": 4, "updated": 0, "duplicates": 0, "rejected": 1}
    found = {one.text: one for one in session.scalars(sa.select(m.Complaint))}
    closed, again, begun, waiting = (found[text] for text in ("空调异响", "态度冷淡", "等待太久", "划痕"))
    assert (closed.state, closed.satisfied, closed.imported) == (ComplaintState.CLOSED, True, True)
    assert (closed.cause, closed.solution, closed.vehicle_id) == ("product", "返修", car.id)
    assert (closed.owner_id, closed.finished_by_id) == (cast.service_manager.id, cast.service_manager.id)
    assert closed.closed_at == closed.finished_at == dt.datetime(2026, 11, 2, 16, tzinfo=dt.UTC)
    assert (again.state, again.loops, again.finished_at) == (ComplaintState.UNDERSTOOD, 1, None)
    assert (begun.state, begun.owner_id, begun.owner_text) == (
        ComplaintState.ACKNOWLEDGED,
        None,
        "马超(已离职)",
    )
    assert (waiting.state, waiting.recall_due_on) == (ComplaintState.FINISHED, dt.date(2026, 11, 8))
    assert {closed.number, again.number} == {"TS-20261101-01", "TS-20261101-02"}
    steps = session.scalars(sa.select(m.ComplaintStep).where(m.ComplaintStep.complaint_id == closed.id)).all()
    assert [one.kind for one in steps] == ["receive", "acknowledge", "finish", "recall_satisfied"]
    assert count(session, m.FollowUp) == 0


def test_a_complaint_is_known_again_by_customer_day_and_text(session, load, cast):
    make_customer(session, owner=cast.colleague, phone="+8613800138001")
    row = ["2026-11-01", "", "13800138001", "", "空调异响", "", "", "", "", ""]
    load("complaints", sheet(COMPLAINTS, row))
    finished = ["2026/11/1", "", "+86 13800138001", "", "空调异响", "产品", "", "返修", "2026-11-05", "是"]
    report = load("complaints", sheet(COMPLAINTS, finished, ["2026-11-02", *row[1:]]))
    assert (report.created, report.updated) == (1, 1)
    first = session.scalars(sa.select(m.Complaint).order_by(m.Complaint.id)).first()
    assert (first.state, first.cause) == (ComplaintState.ACKNOWLEDGED, "product")


@pytest.mark.usefixtures("store_app")
def test_cars_of_a_ledger_of_cars(session, load, cast):
    customer = make_customer(session, owner=cast.colleague, phone="+8613800138001")
    rows = (
        ["车主", "联系电话", "车牌号", "车架号", "车型", "购车日期", "颜色"],
        ["王强", "13800138001", "粤B12345", VIN, "明锐", "2025-01-05", "红"],
        ["", "", "粤B54321", "", "昕锐", "", ""],
        ["李梅", "13800138009", "粤B99999", "", "昕锐", "", ""],
        ["赵一", "13800138001", "无", "坏的", "昕锐", "", ""],
    )
    report = load("vehicles", sheet(*rows))
    assert (report.created, report.rejected) == (2, 2)
    cars = {one.plate: one for one in session.scalars(sa.select(m.Vehicle))}
    assert (cars["粤B12345"].customer_id, cars["粤B54321"].customer_id) == (customer.id, None)
    assert cars["粤B12345"].colour == "红"
    again = load("vehicles", sheet(*rows))
    assert (again.created, again.updated, again.duplicates, again.rejected) == (0, 0, 2, 2)


ORDERS = "工单号 进厂日期 车牌号 车架号 里程 项目 工时费 材料费 合计 服务顾问 出厂日期".split()


@pytest.mark.usefixtures("store_app")
def test_repair_orders_find_their_car_and_tell_its_story(session, load, cast):
    customer = make_customer(session, owner=cast.colleague, phone="+8613800138001")
    car = make_vehicle(session, customer, vin=VIN, plate=None, mileage=None, bought_on=dt.date(2025, 1, 1))
    rows = (
        ORDERS,
        [
            "WX1",
            "2026-05-06",
            "",
            VIN.lower(),
            "12,000公里",
            "常规保养",
            "￥270",
            "1,653.5",
            "1923.5",
            "吴婷",
            "2026-05-07",
        ],
        ["WX2", "2025-07-01", "粤B12345", VIN, "5000", "首保", "", "", "", "郑凯", "2025-07-01"],
        ["WX3", "2026-11-20", "", VIN2, "300", "事故维修", "", "", "", "", ""],
        ["", "2026-11-20", "", VIN2, "300", "事故维修", "", "", "", "", ""],
        ["WX1", "2026-05-06", "", VIN, "", "", "", "", "", "", ""],
    )
    report = load("repair-orders", sheet(*rows))
    assert report.counts() == {"read": 5, "created": 3, "updated": 0, "duplicates": 1, "rejected": 1}
    orders = {one.number: one for one in session.scalars(sa.select(m.RepairOrder))}
    first = orders["WX1"]
    assert (first.kind, first.state, first.customer_id, first.vehicle_id) == (
        RepairKind.SERVICE,
        RepairState.CLOSED,
        customer.id,
        car.id,
    )
    assert (str(first.labour), str(first.parts), str(first.total)) == ("270.00", "1653.50", "1923.50")
    assert (first.advisor_id, orders["WX2"].advisor_text) == (cast.service_advisor.id, "郑凯")
    assert (orders["WX2"].kind, orders["WX3"].kind) == (RepairKind.FIRST_SERVICE, RepairKind.ACCIDENT)
    assert (orders["WX3"].state, orders["WX3"].closed_at) == (RepairState.OPEN, None)
    known, stranger = session.scalars(sa.select(m.Vehicle).order_by(m.Vehicle.id)).all()
    assert (known.mileage, known.last_service_on, known.last_service_km) == (
        12000,
        dt.date(2026, 5, 7),
        12000,
    )
    assert (known.plate, known.first_service_done) == ("粤B12345", True)
    assert known.next_service_on is not None and known.next_service_on <= dt.date(2026, 11, 7)
    assert (stranger.vin, stranger.customer_id, stranger.bought_here) == (VIN2, None, False)
    assert count(session, m.FollowUp) == 0
    again = load("repair-orders", sheet(*rows))
    assert (again.created, again.updated, again.duplicates) == (0, 0, 4)
