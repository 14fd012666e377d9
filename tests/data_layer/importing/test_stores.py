"""Ledgers of six other stores, each in its own words, formats and dirt, end with what is known of them."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa

from admin_app import models as m
from tests.data_layer.importing.stores import DIALECTS, KINDS, ledgers_of
from tests.data_layer.importing.support import count

CAR = ("vin", "plate", "model", "bought_on", "mileage")


def counts(ledger):
    return {
        "read": ledger.read,
        "created": ledger.created,
        "updated": 0,
        "duplicates": ledger.duplicates,
        "rejected": ledger.rejected,
    }


@pytest.mark.usefixtures("store_app")
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_the_five_ledgers_of_a_store_end_with_what_is_known_and_again_with_nothing_new(
    session, load, dialect
):
    cast, ledgers = ledgers_of(dialect)
    for kind in KINDS:
        report = load(kind, named(ledgers[kind]))
        assert (kind, report.counts(), report.rejections) == (kind, counts(ledgers[kind]), report.rejections)
        read_all = set(report.unknown_columns) - {"序号", "ID"}
        assert not read_all, kind
    for one in cast:
        customer = session.scalars(sa.select(m.Customer).where(m.Customer.phone == "+86" + one.phone)).one()
        assert customer.name == one.name
        assert customer.note == (one.note.rstrip() or None)
        cars = session.scalars(sa.select(m.Vehicle).where(m.Vehicle.customer_id == customer.id)).all()
        expected = [tuple(one.car[name] for name in CAR)] if one.car else []
        assert [tuple(getattr(car, name) for name in CAR) for car in cars] == expected
    assert count(session, m.Customer) == len(cast)
    for kind in KINDS:
        report = load(kind, named(ledgers[kind]))
        again = counts(ledgers[kind])
        again |= {"created": 0, "duplicates": again["created"] + again["duplicates"]}
        assert (kind, report.counts()) == (kind, again)


def named(ledger):
    stream = io.BytesIO(ledger.content)
    stream.name = ledger.name
    return stream
