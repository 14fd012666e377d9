"""What other stores' ledgers do to the importers: foreign keys, days without a time, sheets with the same rows."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin_app import models as m
from admin_app.choices import ComplaintState, Grade, Source
from tests.data_layer.importing.support import VIN, VIN2, count, only, sheet
from tests.factories import make_complaint, make_customer, make_vehicle, make_visit
from tests.ledger_files import workbook


def test_the_numbers_of_another_system_are_no_keys_of_ours(session, load, cast):
    mine = make_customer(session, owner=cast.colleague, name="王强", phone="+8613800138001")
    session.flush()
    rows = (["id", "姓名", "电话"], [mine.id, "李梅", "13800138002"], [mine.id + 9, "", "13800138003"])
    report = load("customers", sheet(*rows))
    assert (report.created, report.rejected) == (1, 1)
    assert report.rejections[0].column == "姓名"
    visit = make_visit(session, mine, content="旧", at=dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC))
    complaint, car = make_complaint(session, mine, text="旧"), make_vehicle(session, mine)
    session.flush()
    assert load("visits", sheet(["id", "电话", "日期"], [visit.id, "13800138001", "2026-05-05"])).created == 1
    text = sheet(["id", "电话", "投诉内容"], [complaint.id, "13800138001", "新"])
    assert load("complaints", text).created == 1
    assert load("vehicles", sheet(["id", "车架号"], [car.id, VIN2])).created == 1


def test_cars_on_two_sheets_keep_their_customers(session, load, cast):
    for number in (1, 2):
        make_customer(session, owner=cast.colleague, name=f"客户{number}", phone=f"+861380013800{number}")
    header = ["电话", "车架号", "车型"]
    book = workbook(
        ("一月", [header, ["13800138001", VIN, "明锐"]]), ("二月", [header, ["13800138002", VIN2, "昕锐"]])
    )
    assert load("vehicles", book).created == 2
    owners = {
        car.vin: session.get(m.Customer, car.customer_id).name
        for car in session.scalars(sa.select(m.Vehicle))
    }
    assert owners == {VIN: "客户1", VIN2: "客户2"}


def test_day_and_time_in_two_columns_and_a_day_without_its_year(session, load, cast):
    make_customer(session, owner=cast.colleague, phone="+8613800138001")
    rows = (
        ["日期", "时间", "电话", "内容"],
        ["2026-03-05", "14:30", "13800138001", "一"],
        ["2026-03-05", "下午4点", "13800138001", "一"],
        ["3月5日", "", "13800138001", "二"],
        ["12月5日", "", "13800138001", "三"],
    )
    assert load("visits", sheet(*rows)).created == 4
    found = sorted((visit.at, visit.content) for visit in session.scalars(sa.select(m.Visit)))
    day = dt.datetime(2026, 3, 4, 16, tzinfo=dt.UTC)  # midnight in the store
    assert found == [
        (dt.datetime(2025, 12, 4, 16, tzinfo=dt.UTC), "三"),
        (day, "二"),
        (day + dt.timedelta(hours=14.5), "一"),
        (day + dt.timedelta(hours=16), "一"),
    ]


def test_a_contact_without_a_usable_day_is_no_latest_contact(session, load, cast):
    customer = make_customer(session, owner=cast.colleague, phone="+8613800138001", last_contact_at=None)
    customer.registered_on = dt.date(2024, 5, 6)
    session.flush()
    rows = (["日期", "电话", "内容"], ["改天", "13800138001", "一"], ["", "13800138001", "二"])
    report = load("visits", sheet(*rows))
    assert (report.created, report.rejected, report.blank_cells) == (2, 0, 2)
    assert {one.at.year for one in session.scalars(sa.select(m.Visit))} == {2024}
    assert only(session, m.Customer).last_contact_at is None
    assert load("visits", sheet(*rows)).created == 0


def test_a_complaint_without_day_or_text_is_taken_and_known_again_later(session, load, cast, now):
    make_customer(session, owner=cast.colleague, phone="+8613800138001")
    rows = (
        ["投诉日期", "电话", "投诉内容", "复访满意否"],
        ["不详", "13800138001", "异响", "非常满意"],
        ["2026-02-30", "13800138001", "漏油", "不太满意"],
        ["2026-03-05", "13800138001", "", "未回访"],
    )
    report = load("complaints", sheet(*rows))
    assert (report.created, report.rejected) == (3, 0)
    states = [one.state for one in session.scalars(sa.select(m.Complaint).order_by(m.Complaint.id))]
    assert states == [ComplaintState.CLOSED, ComplaintState.UNDERSTOOD, ComplaintState.ACKNOWLEDGED]
    later = load("complaints", sheet(*rows), now=now + dt.timedelta(days=3))
    assert (later.created, later.updated, later.duplicates) == (0, 0, 3)


def test_units_in_a_header_and_choices_in_other_words(session, load):
    rows = (
        [
            "姓名",
            "手机",
            "车架号",
            "里程（万公里）",
            "预算(万元)",
            "意向级别",
            "来源",
            "首保日期",
            "上次保养",
        ],
        ["王强", "13800138001", VIN, "1.2", "15", "高意向", "老客户转介绍", "2026-01-02", "2026-05-06"],
        ["李梅", "13800138002", VIN2, "8000公里", "15万", "A类(15天)", "秋季车展", "2027-01-02", ""],
    )
    load("customers", sheet(*rows))
    cars = {one.vin: one for one in session.scalars(sa.select(m.Vehicle))}
    first, second = session.scalars(sa.select(m.Customer).order_by(m.Customer.id)).all()
    assert (cars[VIN].mileage, cars[VIN2].mileage) == (12_000, 8_000)
    assert (cars[VIN].first_service_done, cars[VIN2].first_service_done) == (True, False)
    assert cars[VIN].last_service_on == dt.date(2026, 5, 6)
    assert (first.budget, second.budget) == (150_000, 150_000)
    assert (first.grade, second.grade) == (Grade.H, Grade.A)
    assert (first.source, second.source) == (Source.REFERRAL, Source.EVENT)


PHONES = [
    "13800138001",
    "+86 138-0013-8001",
    "138 0013 8002",
    "13800138003/13800138001",
    "123",
    "",
    "13800138004",
]
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["王强", "李梅", "", "无"]),
        st.sampled_from(PHONES),
        st.sampled_from(["A", "H级", "", "?"]),
        st.sampled_from([VIN, VIN2, "", "坏"]),
        st.sampled_from(["2026-02-30", "2026.3.5", ""]),
    ),
    max_size=12,
)
HEADER = ["客户", "手机", "级别", "车架号", "提车日"]


def outcome(session):
    """phone → how many customers."""
    return sorted(session.connection().execute(sa.select(m.Customer.__table__.c.phone)).scalars())


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=ROWS, data=st.data())
def test_twice_is_once_and_the_order_of_rows_does_not_matter(session, load, rows, data):
    with session.begin_nested() as attempt:
        first = load("customers", sheet(HEADER, *rows))
        found = outcome(session)
        again = load("customers", sheet(HEADER, *rows))
        assert (again.created, again.updated, again.rejected) == (0, 0, first.rejected)
        assert outcome(session) == found
        attempt.rollback()
    with session.begin_nested() as attempt:
        shuffled = data.draw(st.permutations(rows))
        other = load("customers", sheet(HEADER, *shuffled))
        assert (other.counts(), outcome(session)) == (first.counts(), found)
        attempt.rollback()
    assert count(session, m.Customer) == 0
    assert first.read == first.created + first.duplicates + first.rejected == len(rows) - blanks(rows)


def blanks(rows):
    return sum(not any(row) for row in rows)
