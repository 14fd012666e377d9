"""Importing the ledgers of a store, on both databases."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask_babel import force_locale

from admin_app import access
from admin_app import models as m
from admin_app.choices import (
    Channel,
    ComplaintState,
    Grade,
    RepairKind,
    RepairState,
    Sex,
    Source,
    Stage,
    VisitResult,
)
from admin_app.cleaning import as_text
from admin_app.errors import Refused, RuleError
from admin_app.importing import IMPORTERS, import_file, write_rejections
from admin_app.ledgers import open_ledger
from tests.factories import make_customer, make_vehicle

DATA = Path(__file__).parent.parent / "data"
TRUTH = json.loads((DATA / "truth.json").read_text("utf-8"))
LEDGERS = {
    "customers": "客户档案.xlsx",
    "visits": "回访记录.xlsx",
    "complaints": "投诉登记表.csv",
    "repair-orders": "维修工单.csv",
}
VIN, VIN2 = "LSVFWYA34JSGAD68M", "LSVPSA003J7J1MKWR"
LEDGER = "姓名,电话,性别,生日,来源,级别,顾问,购车日期,车型,车架号,车牌,里程,备注\n"


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


@pytest.fixture(autouse=True)
def english(session):
    """The sentences of the tests are the English ones."""
    with force_locale("en"):
        yield


@pytest.fixture
def load(session, cast, now):
    """Import a file into the first store."""
    store = cast.store

    def run(kind, source, **words):
        report = import_file(
            session, kind, source, store=words.pop("store", store), now=words.pop("now", now), **words
        )
        session.flush()
        session.expire_all()
        return report

    return run


def count(session, model, *where):
    table = model.__table__
    return (
        session.connection().execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()
    )


def only(session, model):
    return session.scalars(sa.select(model)).one()


def by_name(session, name):
    return session.scalars(sa.select(m.Customer).where(m.Customer.name == name)).one()


# --- the truth -------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("store_app")
def test_the_four_ledgers_end_with_what_is_true_and_again_with_nothing_new(session, load):
    reports = {kind: load(kind, DATA / file) for kind, file in LEDGERS.items()}
    assert reports["customers"].counts() == {
        "read": 3091,
        "created": TRUTH["customers"],
        "updated": 0,
        "duplicates": TRUTH["duplicate_customer_rows"],
        "rejected": TRUTH["rejected_customer_rows"],
    }
    assert count(session, m.Customer) == TRUTH["customers"]
    assert count(session, m.Customer, m.Customer.__table__.c.stage == Stage.OWNER) == TRUTH["owners"]
    assert count(session, m.Vehicle) == count(session, m.VehicleOwner) == TRUTH["owners"]
    assert reports["visits"].created == count(session, m.Visit) == TRUTH["visits"]
    assert reports["visits"].rejected == TRUTH["rejected_visit_rows"]
    assert reports["complaints"].created == count(session, m.Complaint) == TRUTH["complaints"]
    assert reports["repair-orders"].created == count(session, m.RepairOrder) == TRUTH["repairs"]
    assert count(session, m.RepairOrder, m.RepairOrder.__table__.c.customer_id.is_(None)) == 0
    assert reports["customers"].left_staff["马超"] > 0
    again = {kind: load(kind, DATA / file).counts() for kind, file in LEDGERS.items()}
    assert {kind: (one["created"], one["updated"]) for kind, one in again.items()} == dict.fromkeys(
        LEDGERS, (0, 0)
    )
    for kind, one in again.items():
        assert one["read"] == one["duplicates"] + one["rejected"] == reports[kind].read


# --- customers -------------------------------------------------------------------------------------------------


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


# --- dry run, errors, rights, audit ----------------------------------------------------------------------------


@pytest.mark.usefixtures("store_app")
@pytest.mark.parametrize("kind", list(SMALL))
def test_a_dry_run_writes_nothing_and_counts_the_same(session, load, cast, kind):
    if kind != "customers":
        make_customer(session, owner=cast.colleague, phone="+8613800138001")
    before = [count(session, model) for model in TABLES]
    dry = load(kind, sheet(*SMALL[kind]), dry_run=True)
    assert [count(session, model) for model in TABLES] == before
    assert dry.created > 0
    assert dry.duplicates > 0
    assert dry.rejected > 0
    assert load(kind, sheet(*SMALL[kind])).counts() == dry.counts()
    again = load(kind, sheet(*SMALL[kind]))
    assert (again.created, again.updated, again.read) == (0, 0, dry.read)


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_rejected_rows_go_to_a_file_that_can_be_mended_and_read_again(session, load, tmp_path, ending):
    note = "=1+1"
    report = load(
        "customers",
        sheet(
            ["标题"],
            ["姓名", "电话", "备注"],
            ["王强", "139", note],
            ["李梅", "13800138002", ""],
            ["", "13800138003", "@x"],
        ),
    )
    file = tmp_path / f"errors{ending}"
    write_rejections(report, file)
    with open_ledger(file, {"name": ["姓名"], "phone": ["电话"], "note": ["备注"]}) as ledger:
        rows = list(ledger.rows())
        titles = ledger.header.titles
    assert titles == (
        "姓名",
        "电话",
        "备注",
        "Row in the file",
        "Column with the fault",
        "Reason for the rejection",
    )
    assert [(row["name"], str(row["phone"]), row["note"]) for row in rows] == [
        ("王强", "139", note),
        ("", "13800138003", "@x"),
    ]
    assert rows[0].cells["Reason for the rejection"] == "This phone number is not valid."
    assert as_text(rows[0].cells["Row in the file"]) == "3"
    if ending == ".csv":
        assert "'=1+1" in file.read_text("utf-8-sig")
        file.write_text(file.read_text("utf-8-sig").replace("139,", "13800138001,", 1), "utf-8")
        assert load("customers", file).counts()["created"] == 1
        assert by_name(session, "王强").note == note


def test_the_file_of_errors_needs_a_known_ending(load, tmp_path):
    report = load("customers", sheet(["姓名", "电话"], ["", ""], ["王强", "1"]))
    with pytest.raises(RuleError, match=r"\.csv or \.xlsx"):
        write_rejections(report, tmp_path / "errors.txt")


def test_an_unknown_kind_and_a_file_without_its_columns_are_sentences(load):
    with pytest.raises(RuleError, match="no import"):
        load("gifts", sheet(["姓名", "电话"]))
    with pytest.raises(RuleError, match="lacks a column"):
        load("customers", sheet(["姓名", "地址"], ["王强", "深圳"]))


@pytest.mark.parametrize(
    ("who", "kind", "allowed"),
    [
        ("general_manager", "customers", True),
        ("sales_manager", "customers", True),
        ("care_manager", "visits", True),
        ("sales_consultant", "customers", False),
        ("marketing", "customers", False),
        ("auditor", "customers", False),
        ("administrator", "customers", False),
        ("service_advisor", "repair-orders", False),
        ("service_manager", "repair-orders", True),
    ],
)
def test_importing_needs_the_right_to_write_at_team_or_store(
    session, load, cast, as_person, who, kind, allowed
):
    as_person(getattr(cast, who))
    if allowed:
        assert load(kind, sheet(["姓名", "电话", "日期", "工单号"], ["", "", "", ""])).read == 0
        return
    with pytest.raises(Refused):
        load(kind, sheet(["姓名", "电话", "日期", "工单号"], ["王强", "13800138001", "2026-11-01", "W1"]))
    access.set_actor(session, access.Actor(name="test", system="test", store_ids=None, store_id=1))
    assert count(session, m.Customer) == count(session, m.RepairOrder) == 0


def test_nobody_imports_into_another_store(session, load, cast, as_person):
    as_person(cast.sales_manager)
    other = session.merge(cast.store)
    other_id = (
        count(session, m.Store)
        and session.connection()
        .execute(sa.select(m.Store.__table__.c.id).where(m.Store.__table__.c.code == "S2"))
        .scalar_one()
    )
    assert other.id != other_id
    with pytest.raises(Refused):
        load(
            "customers",
            sheet(["姓名", "电话"], ["王强", "13800138001"]),
            store=type("Other", (), {"id": other_id})(),
        )


def test_a_manager_of_a_team_does_not_touch_customers_of_another(session, load, cast, as_person):
    make_customer(session, owner=cast.other_team, phone="+8613800138001", address=None)
    make_customer(session, owner=cast.colleague, phone="+8613800138002", address=None)
    as_person(cast.sales_manager)
    report = load(
        "customers",
        sheet(["姓名", "电话", "地址"], ["甲", "13800138001", "深圳"], ["乙", "13800138002", "深圳"]),
    )
    assert (report.updated, report.rejected) == (1, 1)
    assert report.rejections[0].reason == "This customer belongs to another team."


@pytest.mark.usefixtures("store_app")
def test_every_import_stands_in_the_audit_and_the_chain_holds(session, load, cast):
    from admin_app import audit

    make_customer(session, owner=cast.colleague, phone="+8613800138001", address=None)
    session.commit()
    load(
        "customers",
        sheet(["姓名", "电话", "地址"], ["甲", "13800138001", "深圳"], ["乙", "13800138002", "深圳"]),
    )
    session.commit()
    entries = session.scalars(sa.select(m.AuditEntry).order_by(m.AuditEntry.seq.desc()).limit(2)).all()
    found = {(one.verb, one.table): one.changes for one in entries}
    assert found["update", "customer"]["address"] == [None, "深圳"]
    assert found["bulk", "customer"] == {"rows": [0, 1]}
    assert audit.verify(session.connection()) == []


@pytest.mark.usefixtures("store_app")
@pytest.mark.parametrize("kind", list(SMALL))
def test_a_failure_in_the_middle_leaves_nothing(session, load, cast, monkeypatch, kind):
    make_customer(session, owner=cast.colleague, phone="+8613800138001", address=None)
    session.commit()
    tables = (*TABLES, m.AuditEntry)
    before = [count(session, model) for model in tables]
    monkeypatch.setattr(IMPORTERS[kind], "finish", lambda self: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        load(kind, sheet(*SMALL[kind]))
    session.commit()
    assert [count(session, model) for model in tables] == before


@pytest.mark.usefixtures("store_app")
def test_a_file_that_breaks_off_leaves_nothing(session, load):
    rows = "".join(f"王{n},138{n:08d},好\n" for n in range(1200))
    broken = io.BytesIO(("姓名,电话,备注\n" + rows + '王强,13900139000,"' + "长" * 5_000_000).encode())
    with pytest.raises(RuleError, match="Row 1202 cannot be read"):
        load("customers", broken)
    assert count(session, m.Customer) == 0


# --- visits ----------------------------------------------------------------------------------------------------


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
    assert report.counts() == {"read": 5, "created": 1, "updated": 0, "duplicates": 0, "rejected": 4}
    assert [one.reason for one in report.rejections] == [
        "This phone number is not valid.",
        "The phone number is missing.",
        "No customer of this store has this phone.",
        "This is not a date.",
    ]
    assert only(session, m.Visit).content == "五"
    assert {one.column for one in report.warnings} == {"方式", "下次联系"}


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


# --- complaints ------------------------------------------------------------------------------------------------


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


# --- cars and repair orders ------------------------------------------------------------------------------------


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
