"""What is kept of people and rights is forgotten with the next request after any change, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, g

from admin_app import access, directory
from admin_app import models as m
from admin_app.database import db
from tests.cast import NOW, TODAY, Cast
from tests.factories import make_customer

CHANGES = {
    "grant": lambda: sa.update(m.Grant.__table__).values(can_export=False),
    "role": lambda: sa.update(m.Role.__table__).values(manages=False),
    "team": lambda: sa.update(m.Team.__table__).values(manager_id=None),
    "store": lambda: sa.update(m.Store.__table__).values(name="另一家"),
    "user": lambda: sa.update(m.User.__table__).values(name="改名"),
    "segment": lambda: sa.insert(m.Segment.__table__).values(
        name="细分", created_at=NOW, updated_at=NOW, clauses=[], active=True),
    "calendar_day": lambda: sa.insert(m.CalendarDay.__table__).values(
        name="店庆", day=TODAY, kind="closed", created_at=NOW, updated_at=NOW),
    "agreement": lambda: sa.delete(m.Agreement.__table__),
}


def stamp(session: Any) -> directory.Stamp:
    count, last = session.connection().execute(sa.select(*directory.stamp_columns())).one()
    return int(count), int(last)


@pytest.mark.parametrize("table", CHANGES)
def test_a_change_by_plain_sql_moves_the_stamp(store_app: Flask, session: Any, cast: Cast, table: str) -> None:
    before = stamp(session)
    session.connection().execute(CHANGES[table]())
    assert stamp(session) != before


def test_what_does_not_count_leaves_it(store_app: Flask, session: Any, cast: Cast) -> None:
    before = stamp(session)
    session.connection().execute(sa.update(m.User.__table__).values(last_sign_in_at=None, phone=None))
    make_customer(session, owner=cast.sales_consultant)
    session.flush()
    assert stamp(session) == before


def test_a_change_that_is_taken_back_counts_for_nothing(store_app: Flask, session: Any, cast: Cast) -> None:
    session.commit()
    before = stamp(session)
    session.connection().execute(CHANGES["role"]())
    session.rollback()
    assert stamp(session) == before


def test_one_note_in_the_place_of_many_is_another_stamp(store_app: Flask, session: Any, cast: Cast) -> None:
    for _round in range(3):
        session.connection().execute(CHANGES["store"]())
    before = stamp(session)
    assert directory.tidy(session.connection()) == before[0]
    assert stamp(session)[0] == 1 and stamp(session) != before
    session.connection().execute(CHANGES["store"]())
    assert stamp(session)[0] > 1


def test_names_are_those_of_the_stamp(store_app: Flask, session: Any, cast: Cast) -> None:
    key = cast.sales_consultant.id
    assert directory.current().names(session, "user")[key] == ("梁思琪", cast.store.id)
    session.connection().execute(CHANGES["user"]())
    g.pop("directory")
    assert directory.current().names(session, "user")[key][0] == "改名"


@pytest.mark.parametrize("change", ["right", "role", "account"])
def test_a_right_that_is_taken_away_is_gone_with_the_next_request(
        app: Flask, session: Any, cast: Cast, sign_in: Any, change: str) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    session.commit()
    client, address = sign_in("sales_consultant"), f"/admin/customer/edit/?id={customer.id}"
    assert client.get(address).status_code == client.get(address).status_code == 200
    if change == "right":
        session.connection().execute(sa.update(m.Grant.__table__).where(
            m.Grant.__table__.c.table == "customer").values(write="none"))
    elif change == "role":
        marketing = session.scalars(access.ungated(sa.select(m.Role).where(m.Role.code == "marketing"))).one()
        session.connection().execute(sa.update(m.User.__table__).where(
            m.User.__table__.c.id == cast.sales_consultant.id).values(role_id=marketing.id))
    else:
        session.connection().execute(sa.update(m.User.__table__).where(
            m.User.__table__.c.id == cast.sales_consultant.id).values(active=False))
    answer = client.get(address)
    assert answer.status_code == {"right": 403, "role": 403, "account": 302}[change]
    db.session.rollback()


def test_counts_of_the_sidebar_follow_what_the_person_does(
        app: Flask, session: Any, cast: Cast, sign_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of tests they are kept for half a minute: another's work shows late, the person's own at once."""
    from admin_app import shell

    client = sign_in("general_manager")
    asked: list[int] = []
    monkeypatch.setitem(shell.menu.COUNTS, "complaints", lambda: asked.append(1) or len(asked) + 40)
    app.config["TESTING"] = False
    try:
        pages = [client.get("/admin/customer/").text for _round in range(2)]
        assert len(asked) == 1 and all('<span class="side-n">41<' in page for page in pages)
        token = pages[0].split('name="csrf-token" content="')[1].split('"')[0]
        client.post("/language", data={"csrf_token": token, "language": "zh_Hans_CN"})
        assert '<span class="side-n">42<' in client.get("/admin/customer/").text
    finally:
        app.config["TESTING"] = True
