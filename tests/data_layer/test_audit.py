"""Every write leaves its entry in the chain, in the same transaction; damage is found."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from admin_app import access, audit
from admin_app import choices as ch
from admin_app import models as m
from admin_app.errors import Refused
from tests import factories as f
from tests.cast import Cast

TABLE = m.AuditEntry.__table__
pytestmark = pytest.mark.usefixtures("store_app")


def entries(session: Any, table: str) -> list[Any]:
    return list(session.connection().execute(
        sa.select(TABLE).where(TABLE.c.table == table).order_by(TABLE.c.seq)).mappings())


def faults(session: Any, anchors: list[dict[str, Any]] | None = None) -> list[str]:
    return audit.verify(session.connection(), anchors)


def test_a_life_of_a_row_stands_in_the_chain(session: Any, cast: Cast, as_person: Any) -> None:
    as_person(cast.general_manager)
    customer = m.Customer(store_id=1, name="赵建国", phone="+8613812345678", note="=1+1")
    session.add(customer)
    session.commit()
    customer.grade = ch.Grade.H
    session.commit()
    customer.deleted_at = f.NOW
    session.commit()
    made, changed, deleted = entries(session, "customer")
    assert [made["verb"], changed["verb"], deleted["verb"]] == ["create", "update", "delete"]
    assert made["changes"]["name"] == [None, "赵建国"]
    assert made["changes"]["phone"] == [None, "138****5678"]
    assert changed["changes"] == {"grade": ["N", "H"]}
    assert {e["actor_id"] for e in (made, changed, deleted)} == {cast.general_manager.id}
    assert faults(session) == []


def test_a_value_that_was_not_loaded_still_has_its_before(session: Any, cast: Cast) -> None:
    customer = f.make_customer(session, owner=cast.sales_consultant, note="alt")
    session.commit()
    session.expire(customer)
    customer.note = "neu"
    session.commit()
    assert entries(session, "customer")[-1]["changes"] == {"note": ["alt", "neu"]}


def test_a_rolled_back_write_leaves_nothing(session: Any, cast: Cast, as_person: Any) -> None:
    before = len(entries(session, "customer"))
    f.make_customer(session, owner=cast.sales_consultant)
    session.rollback()
    f.make_customer(session, owner=cast.sales_consultant, name="kept")
    point = session.begin_nested()
    f.make_customer(session, owner=cast.sales_consultant, name="dropped")
    point.rollback()
    session.commit()
    assert [e["label"] for e in entries(session, "customer")[before:]] == ["kept"]
    as_person(cast.auditor)
    session.add(m.Customer(store_id=1, name="refused"))
    with pytest.raises(Refused):
        session.commit()
    session.rollback()
    assert "refused" not in [e["label"] for e in entries(session, "customer")]
    assert faults(session) == []


def test_no_password_stands_in_the_log(session: Any, cast: Cast) -> None:
    cast.marketing.password_hash = "new-secret-hash"
    session.commit()
    assert "new-secret-hash" not in str(entries(session, "user"))
    assert entries(session, "user")[-1]["changes"] == {"password_hash": ["•••", "•••"]}


@pytest.mark.parametrize("damage", ["changed", "deleted", "swapped", "cut"])
def test_damage_is_found(store_app: Flask, session: Any, cast: Cast, damage: str) -> None:
    for number in range(4):
        f.make_customer(session, owner=cast.sales_consultant, name=f"k{number}")
        session.commit()
    head = session.connection().execute(sa.select(m.AuditHead.__table__)).mappings().one()
    anchor = {"count": head["count"], "hash": head["hash"]}
    last = head["count"]
    assert faults(session, [anchor]) == []
    connection = session.connection()
    if damage == "changed":
        connection.execute(sa.update(TABLE).where(TABLE.c.seq == last - 1).values(label="x"))
    elif damage == "deleted":
        connection.execute(sa.delete(TABLE).where(TABLE.c.seq == last - 1))
    elif damage == "swapped":
        connection.execute(sa.update(TABLE).where(TABLE.c.seq == last).values(seq=-1))
        connection.execute(sa.update(TABLE).where(TABLE.c.seq == last - 1).values(seq=last))
        connection.execute(sa.update(TABLE).where(TABLE.c.seq == -1).values(seq=last - 1))
    else:  # the tail is cut and the head put back: only the anchor outside shows it
        connection.execute(sa.delete(TABLE).where(TABLE.c.seq == last))
        before = connection.execute(sa.select(TABLE.c.hash).where(TABLE.c.seq == last - 1)).scalar_one()
        connection.execute(sa.update(m.AuditHead.__table__).values(count=last - 1, hash=before))
        assert faults(session) == []
    assert faults(session, [anchor]) != []
    session.rollback()


def test_consequences_keep_the_person_and_say_why(session: Any, cast: Cast, as_person: Any) -> None:
    customer = f.make_customer(session, owner=cast.colleague)
    session.commit()
    as_person(cast.sales_consultant)
    with access.as_system(session, "rule: after a visit"):
        customer.note = "by rule"
    session.commit()
    entry = entries(session, "customer")[-1]
    assert entry["actor_id"] == cast.sales_consultant.id
    assert entry["reason"] == "rule: after a visit"
