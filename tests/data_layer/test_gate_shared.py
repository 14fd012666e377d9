"""Colleagues with the same rights on the same rows share what the gate has made, and each sees their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, g
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import selectinload

from admin_app import access, actors, clock, directory, prepared, scope
from admin_app import models as m
from admin_app.choices import Scope
from tests import factories as f
from tests.cast import NOW, Cast

pytestmark = pytest.mark.usefixtures("store_app")
PAIR = ("sales_consultant", "colleague")


@pytest.fixture
def days(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set the clock so many days after NOW."""
    def put(number: int) -> None:
        for place in (actors, scope, clock):
            monkeypatch.setattr(place, "utcnow", lambda: NOW + dt.timedelta(days=number))

    put(0)
    return put


@pytest.fixture
def files(session: Any, cast: Cast) -> None:
    for name in (*PAIR, "other_team"):
        customer = f.make_customer(session, owner=getattr(cast, name), name=name)
        f.make_visit(session, customer, content=name)
    session.commit()


def customers(session: Any) -> set[str]:
    return set(session.scalars(sa.select(m.Customer.name)))


def visits(session: Any) -> set[str]:
    return set(session.scalars(sa.select(m.Visit.content)))


def prepared_customers(session: Any) -> set[str]:
    return {row.name for asked in (prepared.rows, prepared.few) for row in asked(
        session, "names", lambda: sa.select(m.Customer.name))}


def prepared_visits(session: Any) -> set[str]:
    return {row.content for asked in (prepared.rows, prepared.few) for row in asked(
        session, "contents", lambda: sa.select(m.Visit.content))}


ROADS = (customers, visits, prepared_customers, prepared_visits)


@pytest.mark.parametrize("asked", ROADS)
def test_colleagues_share_it_and_see_their_own(files: None, session: Any, cast: Cast, as_person: Any,
                                               asked: Callable[[Any], set[str]]) -> None:
    made = []
    for name in (*PAIR, *PAIR):
        as_person(getattr(cast, name))
        assert asked(session) == {name}
        made.append(access.actor_of(session).criteria)
    assert all(one is made[0] for one in made)


def test_who_has_other_people_or_rights_shares_nothing(files: None, session: Any, cast: Cast) -> None:
    one = access.actor_for(session, cast.sales_consultant)
    others = [access.actor_for(session, getattr(cast, name)) for name in ("other_team", "sales_manager", "outsider")]
    for other in (*others, replace(one, kept={}, rights={**one.rights, "visit": access.NOTHING}),
                  replace(one, include_deleted=True), replace(one, near=True)):
        assert other.criteria is not one.criteria


def test_who_is_alone_in_the_team_sees_own_rows(files: None, session: Any, cast: Cast, as_person: Any) -> None:
    seen = {}
    for name in PAIR:
        as_person(getattr(cast, name))
        actor = access.actor_of(session)
        rights = {**actor.rights, "customer": access.Right(Scope.TEAM), "visit": access.Right(Scope.TEAM)}
        access.set_actor(session, replace(actor, rights=rights, team_ids=(actor.user_id,), kept={}))
        seen[name] = customers(session) | visits(session)
    assert seen == {name: {name} for name in PAIR}


def test_without_who_asks_a_statement_is_refused(files: None, session: Any, cast: Cast, as_person: Any) -> None:
    as_person(cast.sales_consultant)
    made = access.ungated(access.gated(access.actor_of(session), sa.select(m.Customer.name)))
    assert session.scalars(made, access.actor_of(session).given).all() == ["sales_consultant"]
    with pytest.raises(StatementError, match="gate_me"):
        session.scalars(made)


@pytest.mark.parametrize("asked", ROADS)
def test_what_ends_with_a_day_ends_though_it_was_made_before(
        session: Any, cast: Cast, as_person: Any, days: Any, asked: Callable[[Any], set[str]]) -> None:
    secret = f.make_customer(session, owner=cast.care_specialist, name="secret", confidentiality="secret",
                             confidential_reason="x")
    f.make_visit(session, secret, content="secret")
    session.add(m.CustomerReader(store_id=secret.store_id, customer_id=secret.id, user_id=cast.care_manager.id,
                                 reason="x", until=NOW.date()))
    session.commit()
    as_person(cast.care_manager)
    assert asked(session) == {"secret"}
    made = access.actor_of(session).criteria
    days(1)
    assert asked(session) == set()
    assert access.actor_of(session).criteria is made


def test_what_is_loaded_beside_a_persons_rows_stays_hers_inside_the_system(
        files: None, session: Any, cast: Cast, as_person: Any) -> None:
    as_person(cast.sales_consultant)
    session.expunge_all()
    found = session.scalars(sa.select(m.Visit).options(selectinload(m.Visit.customer)))
    with access.as_system(session, "test"):
        assert [visit.customer.name for visit in found] == ["sales_consultant"]


def test_parameters_may_come_as_a_list(files: None, session: Any, cast: Cast, as_person: Any) -> None:
    as_person(cast.sales_consultant)
    statement = sa.select(m.Customer.name).where(m.Customer.name != sa.bindparam("other"))
    assert session.scalars(statement, [{"other": "x"}]).all() == ["sales_consultant"]


def test_who_has_no_key_sees_what_nobody_owns_no_more_than_anything_else(
        files: None, session: Any, cast: Cast, as_person: Any) -> None:
    f.make_customer(session, store=cast.store, name="pool", confidentiality="restricted", confidential_reason="x")
    session.commit()
    keys = list(session.scalars(sa.select(m.Customer.id)))
    actor = replace(access.actor_for(session, cast.sales_consultant), user_id=None, team_ids=(), kept={})
    assert len(keys) == 4 and access.within(session, actor, "customer", keys, "read") == set()
    access.set_actor(session, actor)
    assert customers(session) == visits(session) == prepared_customers(session) == set()


def test_what_was_kept_yesterday_is_forgotten(session: Any, cast: Cast, days: Any) -> None:
    kept = directory.current()
    g.pop("directory")
    assert directory.current() is kept
    for number in (1, 2):
        days(number)
        g.pop("directory")
        assert directory.current() is not kept
        kept = directory.current()


def test_the_day_of_the_store_begins_before_that_of_utc(app: Flask, session: Any, cast: Cast,
                                                        monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {}
    for hour in (15, 16, 23, 24):  # 23:00, midnight, 7:00 and 8:00 in Shanghai
        monkeypatch.setattr(clock, "utcnow", lambda hour=hour: NOW.replace(hour=0) + dt.timedelta(hours=hour))
        g.pop("directory", None)
        kept[hour] = directory.current()
    assert kept[15] is not kept[16] and kept[16] is kept[23] and kept[23] is not kept[24]
