"""The pool: who sees what, one claimer of two, limits, the first task, and the way back with a reason."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from admin_app import access
from admin_app import choices as ch
from admin_app import models as m
from admin_app.database import db
from admin_app.errors import Refused, RuleError
from admin_app.rules import pool
from tests.cast import NOW, TODAY
from tests.factories import make_customer, make_followup

ALL = pool.Question()


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=True):
        yield


def names(session: Any, question: pool.Question = ALL) -> list[str]:
    rows, total = pool.opening(session, question, NOW, 100)
    assert total == len(rows)
    return [row.name for row in rows]


@pytest.fixture
def pooled(session: Any, cast: Any) -> dict[str, int]:
    made = {
        "lead": make_customer(session, name="线索", stage=ch.Stage.LEAD, grade=ch.Grade.N, source=ch.Source.WEB,
                              district="福田区", pooled_on=TODAY - dt.timedelta(days=3)),
        "hot": make_customer(session, name="热客", grade=ch.Grade.H, district="南山区"),
        "owner": make_customer(session, name="车主", stage=ch.Stage.OWNER, grade=ch.Grade.D),
        "secret": make_customer(session, name="保密", confidentiality=ch.Confidentiality.SECRET),
        "bin": make_customer(session, name="已删", deleted_at=NOW),
        "theirs": make_customer(session, name="有主", owner=cast.colleague),
        "outside": make_customer(session, name="外店", store=cast.other_store)}
    session.commit()
    return {name: row.id for name, row in made.items()}


@pytest.mark.parametrize(("who", "seen"), [
    ("sales_consultant", ["热客", "线索"]), ("sales_manager", ["热客", "线索", "车主"]),
    ("care_manager", ["热客", "线索", "车主"]), ("general_manager", ["热客", "线索", "外店", "车主"]),
    ("outsider", ["外店"])])
def test_who_sees_whom(session: Any, cast: Any, as_person: Any, pooled: dict[str, int], who: str,
                       seen: list[str]) -> None:
    as_person(getattr(cast, who))
    assert sorted(names(session)) == sorted(seen)


@pytest.mark.parametrize("who", ["service_manager", "service_advisor", "care_specialist", "marketing", "auditor",
                                 "administrator"])
def test_others_are_refused(session: Any, cast: Any, as_person: Any, pooled: dict[str, int], who: str) -> None:
    person = getattr(cast, who)
    as_person(person)
    with pytest.raises(Refused):
        pool.opening(session, ALL, NOW, 10)
    with pytest.raises(Refused):
        pool.claim(session, pooled["lead"], person, NOW)
    access.set_actor(session, access.Actor(system="test", store_ids=None))
    assert session.get(m.Customer, pooled["lead"]).owner_id is None


def test_the_opening_shows_only_its_columns_and_the_gate_stays_shut(session: Any, cast: Any, as_person: Any,
                                                                    pooled: dict[str, int]) -> None:
    as_person(cast.sales_consultant)
    rows, _total = pool.opening(session, ALL, NOW, 10)
    assert set(rows[0]._fields) == {*pool.COLUMNS, "since"}
    assert session.scalars(sa.select(m.Customer)).all() == []  # nothing more than before


@pytest.mark.parametrize(("question", "seen"), [
    ({"stage": "lead"}, ["线索"]), ({"grade": "H"}, ["热客"]), ({"source": "web"}, ["线索"]),
    ({"district": "南山"}, ["热客"]), ({"district": "%"}, []), ({"days": 7}, ["热客", "车主"]),
    ({"days": 7, "stage": "lead"}, [])])
def test_the_filters(session: Any, cast: Any, as_person: Any, pooled: dict[str, int], question: dict[str, Any],
                     seen: list[str]) -> None:
    as_person(cast.sales_manager)
    assert sorted(names(session, pool.Question(**question))) == sorted(seen)


def test_a_claim_makes_the_first_task(session: Any, cast: Any, as_person: Any, pooled: dict[str, int]) -> None:
    person = cast.sales_consultant
    as_person(person)
    found = pool.claim(session, pooled["lead"], person, NOW)
    assert (found.owner_id, found.pooled_on) == (person.id, None)
    tasks = list(session.scalars(sa.select(m.FollowUp).where(m.FollowUp.customer_id == found.id)))
    assert [(task.assignee_id, task.state) for task in tasks] == [(person.id, "open")]
    assert tasks[0].due_on <= TODAY + dt.timedelta(days=1)
    session.commit()
    session.refresh(found)
    assert found.next_contact_on == tasks[0].due_on


def test_what_waited_with_the_manager_goes_along_and_makes_no_second_task(session: Any, cast: Any, as_person: Any,
                                                                          pooled: dict[str, int]) -> None:
    person, customer = cast.sales_consultant, session.get(m.Customer, pooled["hot"])
    waiting = make_followup(session, customer, assignee=cast.sales_manager)
    care = make_followup(session, customer, assignee=cast.care_specialist)
    complaint = make_followup(session, customer, assignee=cast.care_manager, purpose=ch.Purpose.COMPLAINT)
    care_id, complaint_id = cast.care_specialist.id, cast.care_manager.id
    as_person(person)
    pool.claim(session, customer.id, person, NOW)
    assert (waiting.assignee_id, care.assignee_id, complaint.assignee_id) == (person.id, care_id, complaint_id)
    assert session.scalar(sa.select(sa.func.count(m.FollowUp.id)).where(
        m.FollowUp.customer_id == customer.id, m.FollowUp.assignee_id == person.id)) == 1


@pytest.mark.parametrize("name", ["theirs", "secret", "bin", "owner", "outside"])
def test_what_is_not_open_to_the_person_is_not_claimed(session: Any, cast: Any, as_person: Any,
                                                       pooled: dict[str, int], name: str) -> None:
    person = cast.sales_consultant
    as_person(person)
    with pytest.raises(RuleError):
        pool.claim(session, pooled[name], person, NOW)


def test_the_limit_of_a_day_and_the_capacity(session: Any, cast: Any, as_person: Any) -> None:
    person, store = cast.sales_consultant, cast.store
    store.claims_each, person.customers_max = 2, 3
    keys = [make_customer(session).id for _ in range(5)]
    session.commit()
    as_person(person)
    for key in keys[:2]:
        pool.claim(session, key, person, NOW)
        session.commit()
    assert pool.room(session, person, NOW) == pool.Room(2, 2, 2, 3)
    with pytest.raises(RuleError, match="2"):
        pool.claim(session, keys[2], person, NOW)
    session.rollback()
    with time_machine.travel(NOW + dt.timedelta(days=1), tick=False):
        pool.claim(session, keys[2], person, NOW + dt.timedelta(days=1))
        session.commit()
        with pytest.raises(RuleError, match="3"):
            pool.claim(session, keys[3], person, NOW + dt.timedelta(days=1))
    session.rollback()


def test_put_back_with_a_reason(session: Any, cast: Any, as_person: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    task = make_followup(session, customer, assignee=cast.sales_consultant)
    other = make_followup(session, customer, assignee=cast.care_specialist)
    session.commit()
    boss, care = cast.sales_manager.id, cast.care_specialist.id
    as_person(cast.sales_manager)
    with pytest.raises(RuleError) as refused:
        pool.put_back(session, customer, "  ", NOW)
    assert refused.value.field == "reason" and customer.owner_id is not None
    pool.put_back(session, customer, "三次未接通", NOW)
    session.commit()
    assert (customer.owner_id, customer.pooled_on) == (None, TODAY)
    assert (task.assignee_id, other.assignee_id) == (boss, care)
    with pytest.raises(RuleError):
        pool.put_back(session, customer, "再来", NOW)
    access.set_actor(session, access.Actor(system="test", store_ids=None))
    said = session.scalars(sa.select(m.AuditEntry.reason).where(
        m.AuditEntry.table == "customer", m.AuditEntry.row_id == customer.id).order_by(m.AuditEntry.seq.desc())).first()
    assert said == "put back into the pool: 三次未接通"


def test_a_consultant_puts_nobody_back(session: Any, cast: Any, as_person: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    session.commit()
    as_person(cast.sales_consultant)
    with pytest.raises(Refused):
        pool.put_back(session, customer, "不要了", NOW)
    assert customer.owner_id is not None


def test_a_file_that_loses_its_owner_by_any_road_says_since_when(session: Any, cast: Any) -> None:
    from admin_app.rules import saving

    customer = make_customer(session, owner=cast.colleague)
    customer.owner_id = None
    saving.prepare(session, customer, NOW)
    assert customer.pooled_on == TODAY
    session.flush()
    customer.owner_id = cast.colleague.id
    saving.prepare(session, customer, NOW)
    assert customer.pooled_on is None


def test_of_two_who_claim_at_once_one_gets_the_customer(store_app: Any, session: Any, cast: Any) -> None:
    keys = [make_customer(session).id for _ in range(3)]
    people = [cast.sales_consultant.id, cast.colleague.id]
    session.commit()
    outcomes: dict[int, list[str]] = {key: [] for key in keys}
    start = threading.Barrier(len(people))

    def work(person_id: int) -> None:
        with store_app.app_context():
            try:
                for key in keys:
                    db.session.rollback()
                    person = db.session.scalars(access.ungated(sa.select(m.User).where(m.User.id == person_id))).one()
                    actor = access.actor_for(db.session, person)
                    db.session.rollback()
                    start.wait(30)
                    access.set_actor(db.session, actor)
                    person = db.session.scalars(access.ungated(sa.select(m.User).where(m.User.id == person_id))).one()
                    try:
                        pool.claim(db.session, key, person, NOW)
                        db.session.commit()
                        outcomes[key].append("claimed")
                    except RuleError:
                        db.session.rollback()
                        outcomes[key].append("too late")
            finally:
                db.session.remove()

    threads = [threading.Thread(target=work, args=(one,)) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [sorted(found) for found in outcomes.values()] == [["claimed", "too late"]] * 3
    session.expire_all()
    for key in keys:
        owner = session.get(m.Customer, key).owner_id
        assert owner in people
        assert set(session.scalars(sa.select(m.FollowUp.assignee_id).where(m.FollowUp.customer_id == key))) == {owner}
