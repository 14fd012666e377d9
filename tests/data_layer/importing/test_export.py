"""An export read back changes nothing, in every language and for every table that can be imported."""

from __future__ import annotations

import datetime as dt
import io

import pytest
import sqlalchemy as sa
from flask_babel import force_locale

from admin_app import models as m
from admin_app.choices import ComplaintState, Grade, RepairKind, Sex, Source, Stage
from admin_app.desk import exports
from admin_app.importing import import_file
from tests.cast import NOW
from tests.factories import make_complaint, make_customer, make_order, make_vehicle, make_visit

KINDS = {
    "customers": m.Customer,
    "vehicles": m.Vehicle,
    "visits": m.Visit,
    "complaints": m.Complaint,
    "repair-orders": m.RepairOrder,
}


@pytest.fixture
def rows(session, cast):
    """A few records of every kind, with everything that is awkward."""
    store = cast.store
    full = make_customer(
        session, owner=cast.colleague, name="=王\u3000强 <b>", sex=Sex.MALE, grade=Grade.H, stage=Stage.OWNER,
        source=Source.SOCIAL, source_detail="抖音", birthday=dt.date(1985, 3, 2), note="@SUM(1+1)\n第二行, \"引号\"",
        budget=150_000, tags=["老客户", "看 SUV"], address="-", phone2="+8675583214567", do_not_disturb=True,
        advisor_id=cast.service_advisor.id, confirmed_on=dt.date(2026, 1, 2), id_number="440301198503021234",
    )  # fmt: skip
    make_customer(session, store=store, name="蒋先生", sex=None, source=None, source_detail="门口看见")
    make_customer(session, store=store, name="先生", phone="+8675583214567", grade=Grade.N, stage=Stage.LEAD)
    make_customer(session, store=store, name="共用", phone=full.phone, kept_apart=True)
    car = make_vehicle(session, full, mileage=12_000, price=123_456.5, bought_here=False)
    make_vehicle(session, full, vin=None, plate=None, model="无牌")
    make_visit(
        session, full, staff=cast.colleague, at=NOW - dt.timedelta(days=3, seconds=17), content=" 两边有空格 "
    )
    make_visit(session, full, staff_text="马超(已离职)", content="好", next_on=dt.date(2026, 12, 1))
    make_complaint(session, full, owner=cast.service_manager, text="空调异响\n很吵", vehicle_id=car.id)
    make_complaint(session, full, state=ComplaintState.CLOSED, satisfied=True, finished_at=NOW, closed_at=NOW)
    make_order(
        session,
        full,
        vehicle=car,
        advisor=cast.service_advisor,
        kind=RepairKind.REPAIR,
        labour=12.5,
        total=99,
    )
    session.flush()


def exported(model):
    """The CSV that the export of a whole table sends."""
    names = [name for name, _field in exports.columns_of(model)]
    export = exports.Export(model, names, sa.select(model).order_by(model.id))
    return io.BytesIO("".join(exports._csv(export.heading(), export.pieces(text=True))).encode())


def content(session, model):
    table = model.__table__
    return [tuple(row) for row in session.connection().execute(sa.select(table).order_by(table.c.id))]


@pytest.mark.usefixtures("rows")
@pytest.mark.parametrize("locale", ["zh_Hans_CN", "zh_Hant_TW", "en"])
@pytest.mark.parametrize("kind", list(KINDS))
def test_an_export_read_back_changes_nothing(session, cast, now, kind, locale):
    model = KINDS[kind]
    before = {other: content(session, other) for other in (*KINDS.values(), m.FollowUp, m.VehicleOwner)}
    with force_locale(locale):
        report = import_file(session, kind, exported(model), store=cast.store, now=now)
    session.flush()
    assert report.counts() == {
        "read": len(before[model]), "created": 0, "updated": 0, "duplicates": len(before[model]), "rejected": 0
    }  # fmt: skip
    assert {other: content(session, other) for other in before} == before
