"""What holds for every import: the truth, dry runs, rejects, rights, the audit, all of it or nothing."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa

from admin_app import access
from admin_app import models as m
from admin_app.choices import (
    Stage,
)
from admin_app.cleaning import as_text
from admin_app.errors import Refused, RuleError
from admin_app.importing import IMPORTERS, write_rejections
from admin_app.ledgers import open_ledger
from tests.data_layer.importing.support import (
    DATA,
    LEDGERS,
    SMALL,
    TABLES,
    TRUTH,
    by_name,
    count,
    sheet,
)
from tests.factories import make_customer


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


@pytest.mark.usefixtures("store_app")
def test_a_workbook_of_an_old_excel_is_read(session, load):
    """A true .xls (BIFF8): title above the header, a phone kept as a number, days as days and as serials, a total."""
    report = load("customers", DATA / "旧系统客户.xls")
    assert (report.created, report.rejected, report.read) == (2, 1, 3)
    wang, li = by_name(session, "王强"), by_name(session, "李梅")
    assert (wang.phone, str(wang.birthday), wang.note) == ("+8613800138001", "1985-03-02", "想换车")
    assert (li.phone, str(li.birthday), li.note) == ("+8613800138002", "1984-11-14", "=1+1")
