"""Importing the ledgers of a store, on both databases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from admin_app import models as m
from admin_app.importing import import_file

DATA = Path(__file__).parent.parent / "data"
TRUTH = json.loads((DATA / "truth.json").read_text("utf-8"))
LEDGERS = {
    "customers": "客户档案.xlsx",
    "visits": "回访记录.xlsx",
    "complaints": "投诉登记表.csv",
    "repair-orders": "维修工单.csv",
}


@pytest.fixture
def load(session, cast, now):
    """Import a file into the first store."""
    store = cast.store

    def run(kind, source, **words):
        report = import_file(session, kind, source, store=store, now=now, **words)
        session.flush()
        return report

    return run


def count(session, model, *where):
    table = model.__table__
    return (
        session.connection().execute(sa.select(sa.func.count()).select_from(table).where(*where)).scalar_one()
    )


@pytest.mark.usefixtures("store_app")
def test_the_four_ledgers_end_with_what_is_true(session, load):
    reports = {kind: load(kind, DATA / file) for kind, file in LEDGERS.items()}
    customers = reports["customers"]
    assert customers.counts() == {
        "read": 3091,
        "created": TRUTH["customers"],
        "updated": 0,
        "duplicates": TRUTH["duplicate_customer_rows"],
        "rejected": TRUTH["rejected_customer_rows"],
    }
    assert count(session, m.Customer) == TRUTH["customers"]
    assert count(session, m.Customer, m.Customer.__table__.c.stage == "owner") == TRUTH["owners"]
    assert count(session, m.Vehicle) == TRUTH["owners"]
    assert reports["visits"].created == count(session, m.Visit) == TRUTH["visits"]
    assert reports["visits"].rejected == TRUTH["rejected_visit_rows"]
    assert reports["complaints"].created == count(session, m.Complaint) == TRUTH["complaints"]
    assert reports["repair-orders"].created == count(session, m.RepairOrder) == TRUTH["repairs"]
    again = {kind: load(kind, DATA / file).counts() for kind, file in LEDGERS.items()}
    assert {kind: (one["created"], one["updated"]) for kind, one in again.items()} == dict.fromkeys(
        LEDGERS, (0, 0)
    )
