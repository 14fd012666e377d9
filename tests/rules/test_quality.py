"""How good the files are: what SQL counts is what Python says; files to be confirmed come a few at a time."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin_app import choices as ch
from admin_app import models as m
from admin_app.choices import FollowUpState as F
from admin_app.choices import Stage
from admin_app.errors import Refused, RuleError
from admin_app.rules import customers, followups, quality, saving
from tests.cast import NOW, TODAY
from tests.conftest import act_as, row
from tests.factories import make_customer, make_vehicle
from tests.rules.followup_support import rule, tasks, the, visit

pytestmark = pytest.mark.usefixtures("store_app")
DAY = dt.timedelta(days=1)
YEAR = TODAY.replace(year=TODAY.year - 1)


def counted(session: Any, criterion: Any) -> set[int]:
    return set(session.scalars(sa.select(m.Customer.id).where(criterion)))


def run(session: Any, days: int = 0) -> int:
    return followups.make_dated(session, TODAY + days * DAY, NOW + days * DAY).get("file_stale", 0)


def stale_file(session: Any, owner: Any, **values: Any) -> m.Customer:
    given = {"stage": Stage.OWNER, "grade": ch.Grade.D, "last_contact_at": NOW - DAY, "confirmed_on": YEAR - DAY}
    return make_customer(session, owner=owner, **(given | values))


DATES = st.sampled_from([None, YEAR - DAY, YEAR, YEAR + DAY, TODAY])
FILES = st.lists(st.fixed_dictionaries({
    "stage": st.sampled_from(list(Stage)), "confirmed_on": DATES, "registered_on": DATES,
    "wechat": st.sampled_from([None, "", "wx"]), "birthday": st.sampled_from([None, TODAY]), "car": st.booleans(),
    "budget": st.sampled_from([None, 100000]), "next_contact_on": DATES}), max_size=8)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES)
def test_sql_and_python_say_the_same(session: Any, cast: Any, files: list[dict[str, Any]]) -> None:
    savepoint = session.begin_nested()
    made = []
    for values in files:
        one = make_customer(session, owner=cast.colleague, **{k: v for k, v in values.items() if k != "car"})
        if values["car"]:
            make_vehicle(session, one)
        made.append(one)
    store = session.get(m.Store, 1)
    assert counted(session, quality.stale(session, TODAY)) == {
        one.id for one in made if quality.is_stale(one, store, TODAY)}
    assert counted(session, quality.without_car()) == {one.id for one in made if quality.lacking(session, one)}
    for name, _field in quality.weighed():
        assert counted(session, quality.empty(name)) == {one.id for one in made if not getattr(one, name)}, name
    quality.refresh_completeness(session)
    assert all(one.completeness == customers.completeness(one) for one in made)
    assert quality.refresh_completeness(session) == 0
    savepoint.rollback()
    session.expire_all()


def test_completeness_is_kept_current_by_every_save(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.colleague)
    saving.prepare(session, customer, NOW)
    before = customer.completeness
    customer.wechat = "wx"
    saving.prepare(session, customer, NOW)
    assert customer.completeness > before


def test_only_a_missing_name_or_phone_refuses_a_file(session: Any, cast: Any) -> None:
    for values, field in (({"phone": None}, "phone"), ({"name": " "}, "name")):
        with pytest.raises(RuleError) as refused:
            saving.prepare(session, m.Customer(store_id=1, **({"name": "王", "phone": "13812340001"} | values)), NOW)
        assert refused.value.field == field
    owner = m.Customer(store_id=1, name="王", phone="13812340001", stage=Stage.OWNER)
    assert [name for name, _sentence in saving.prepare(session, owner, NOW)] == ["stage"]


def test_stale_files_come_a_few_a_person_and_day(session: Any, cast: Any) -> None:
    mine = [stale_file(session, cast.colleague, confirmed_on=YEAR - number * DAY) for number in range(1, 9)]
    best = stale_file(session, cast.colleague, confirmed_on=YEAR - DAY, tier=ch.Tier.A)
    stale_file(session, cast.other_team)
    stale_file(session, cast.colleague, stage=Stage.LOST)
    stale_file(session, cast.colleague, confirmed_on=YEAR + DAY)
    make_customer(session, store_id=1, confirmed_on=YEAR - DAY, last_contact_at=NOW)  # in the pool
    assert run(session) == 4 and run(session) == 0
    made = session.scalars(sa.select(m.FollowUp).where(m.FollowUp.rule_id == rule(session, "file_stale").id)).all()
    assert Counter(one.assignee_id for one in made) == {cast.colleague.id: 3, cast.other_team.id: 1}
    assert {one.customer_id for one in made} >= {best.id, mine[-1].id, mine[-2].id}
    assert all(one.due_on == TODAY for one in made) and best.next_contact_on == TODAY
    assert run(session, 1) == 0  # nobody has done any
    task = the([one for one in made if one.customer_id == best.id])
    act_as(cast.colleague)
    assert quality.confirm(session, best, NOW + DAY) == 1
    from admin_app import access

    access.set_actor(session, access.Actor(name="test", system="test", store_ids=None, store_id=1))
    assert row(m.FollowUp, task.id).state == F.DONE and row(m.Customer, best.id).confirmed_on == TODAY + DAY
    assert run(session, 2) == 1


def test_the_rule_says_how_many_and_the_store_after_how_long(session: Any, cast: Any) -> None:
    for number in range(6):
        stale_file(session, cast.colleague, confirmed_on=TODAY - (200 + number) * DAY)
    assert run(session) == 0
    session.get(m.Store, 1).stale_months = 6
    given = rule(session, "file_stale")
    given.condition = dict(given.condition) | {"most_a_day": 5}
    session.flush()
    assert followups.preview(session, given, TODAY, NOW) == {cast.colleague.id: 6}
    assert run(session) == 5
    for wrong in (0, "3", True, 1.5):
        given.condition = {"most_a_day": wrong}
        with pytest.raises(RuleError):
            saving.prepare(session, given, NOW)
    given.enabled = False
    session.flush()


def test_a_visit_does_not_confirm_and_does_not_close_the_task(session: Any, cast: Any) -> None:
    customer = stale_file(session, cast.colleague)
    run(session)
    task = the(tasks(session, customer, "file_stale"))
    visit(session, customer, cast.colleague, ch.VisitResult.SOLVED)
    visit(session, customer, cast.colleague, ch.VisitResult.SOLVED, followup_id=task.id)
    assert row(m.FollowUp, task.id).state == F.OPEN and row(m.Customer, customer.id).confirmed_on == YEAR - DAY
    made = visit(session, customer, cast.colleague, ch.VisitResult.SOLVED)
    quality.confirm(session, customer, NOW, made)
    assert row(m.FollowUp, task.id).visit_id == made.id


def test_confirming_is_for_those_who_may_change_the_file(session: Any, cast: Any) -> None:
    customer = stale_file(session, cast.colleague)
    session.commit()
    for person in (cast.marketing, cast.auditor, cast.other_team):
        act_as(person)
        with pytest.raises(Refused):
            quality.confirm(session, customer, NOW)
        session.rollback()
    assert row(m.Customer, customer.id).confirmed_on == YEAR - DAY
