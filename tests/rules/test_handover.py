"""Hand-over of a leaver: nothing of his stays on him, history keeps his name, an even spread by capacity, one step."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from admin_app import access
from admin_app import choices as ch
from admin_app import models as m
from admin_app.database import db
from admin_app.errors import Refused, RuleError
from admin_app.rules import handover
from admin_app.rules.handover.holdings import HOLDINGS
from admin_app.rules.handover.shares import Shares
from tests.cast import NOW, TODAY
from tests.factories import (
    make_campaign,
    make_complaint,
    make_customer,
    make_followup,
    make_inquiry,
    make_order,
    make_vehicle,
    make_visit,
)


def left_on(session: Any, person: int) -> dict[str, int]:
    """What still stands on somebody, asked table by table."""
    session.flush()
    found = {}
    for one in HOLDINGS:
        number = session.scalar(sa.select(sa.func.count(one.model.id)).where(one.of(person, TODAY)))
        if number:
            found[one.name] = number
    return found


@pytest.fixture
def leaver(session: Any, cast: Any) -> m.User:
    """A consultant with something of every kind."""
    person = cast.sales_consultant
    for number in range(6):
        customer = make_customer(session, owner=person, grade=ch.Grade.H if number < 2 else ch.Grade.B)
        make_followup(session, customer, assignee=person, due=TODAY - dt.timedelta(days=number))
        make_visit(session, customer, staff=person)
    theirs = make_customer(session, owner=cast.colleague)
    make_followup(session, theirs, assignee=person)
    session.add(m.Promise(store_id=1, customer_id=customer.id, what="送脚垫", by_id=person.id, due_on=TODAY))
    session.add(m.Promise(store_id=1, customer_id=customer.id, what="已送", by_id=person.id, due_on=TODAY,
                          state=ch.PromiseState.KEPT))
    make_visit(session, customer, staff=person, state=ch.VisitState.PLANNED, at=NOW + dt.timedelta(days=2))
    make_vehicle(session, customer, sold_by_id=person.id)
    make_order(session, customer, advisor=person)
    make_complaint(session, customer, owner=person, state=ch.ComplaintState.ANALYSED)
    make_complaint(session, customer, owner=person, state=ch.ComplaintState.CLOSED)
    make_campaign(session, owner=person)
    make_inquiry(session, customer, owner=person)
    advised = make_customer(session, owner=cast.colleague, advisor_id=person.id)
    session.add(m.CustomerReader(store_id=1, customer_id=advised.id, user_id=person.id, reason="协助"))
    session.add(m.FollowUpRule(code="named", name="专人", trigger=ch.Trigger.CONTACT, person_id=person.id,
                               assignee=ch.Assignee.PERSON, enabled=False))
    session.add(m.Team(store_id=1, name="二线", department=ch.Department.SALES, manager_id=person.id))
    session.flush()
    return person


def wishes(cast: Any, *names: str, way: str = handover.SPREAD, deputy: str = "sales_manager") -> handover.Wishes:
    return handover.Wishes(way, tuple(getattr(cast, name).id for name in names), getattr(cast, deputy).id)


@pytest.mark.parametrize("way", ["one", "spread", "pool"])
def test_after_it_nothing_open_stands_on_the_leaver(session: Any, cast: Any, leaver: m.User, way: str) -> None:
    assert set(left_on(session, leaver.id)) == {one.name for one in HOLDINGS}
    people = {"one": ("colleague",), "spread": ("colleague", "other_team"), "pool": ()}[way]
    handover.give(session, leaver, wishes(cast, *people, way=way), NOW)
    assert left_on(session, leaver.id) == {}
    assert not leaver.active and leaver.left_on == TODAY
    open_tasks = list(session.scalars(sa.select(m.FollowUp).where(m.FollowUp.state == ch.FollowUpState.OPEN)))
    assert all(task.assignee_id for task in open_tasks)
    for task in open_tasks:  # nothing unseen
        person = session.get(m.User, task.assignee_id)
        assert access.within(session, access.actor_for(session, person), "customer", [task.customer_id], "read")
    owners = set(session.scalars(sa.select(m.Customer.owner_id)))
    assert (None in owners) is (way == "pool")
    pooled = list(session.scalars(sa.select(m.Customer).where(m.Customer.owner_id.is_(None))))
    assert [one.pooled_on for one in pooled] == [TODAY] * (6 if way == "pool" else 0)


def test_history_keeps_the_name(session: Any, cast: Any, leaver: m.User) -> None:
    handover.give(session, leaver, wishes(cast, "colleague"), NOW)
    count = lambda model, *where: session.scalar(sa.select(sa.func.count(model.id)).where(*where))  # noqa: E731
    assert count(m.Visit, m.Visit.staff_id == leaver.id, m.Visit.state == ch.VisitState.DONE) == 6
    assert count(m.Promise, m.Promise.by_id == leaver.id, m.Promise.state == ch.PromiseState.KEPT) == 1
    assert count(m.Complaint, m.Complaint.owner_id == leaver.id, m.Complaint.state == ch.ComplaintState.CLOSED) == 1
    assert count(m.Vehicle, m.Vehicle.sold_by_id == leaver.id) == 1


def test_tasks_and_promises_go_where_their_customer_goes(session: Any, cast: Any, leaver: m.User) -> None:
    handover.give(session, leaver, wishes(cast, "colleague", "other_team"), NOW)
    for model, link in ((m.FollowUp, "assignee_id"), (m.Promise, "by_id")):
        rows = session.execute(sa.select(getattr(model, link), m.Customer.owner_id).join(
            m.Customer, m.Customer.id == model.customer_id).where(model.state == "open")).all()
        assert rows and all(whose == owner for whose, owner in rows)


def test_the_draft_is_what_is_done(session: Any, cast: Any, leaver: m.User) -> None:
    chosen = wishes(cast, "colleague", "other_team")
    drafted = handover.draft(session, leaver, chosen, NOW)
    assert left_on(session, leaver.id)["customers"] == 6 == drafted.total("customers")
    made = handover.give(session, leaver, chosen, NOW, drafted.mark())
    assert made.given == drafted.given
    for name, rows in made.given.items():
        one = next(one for one in HOLDINGS if one.name == name)
        if one.goes != "ends":
            stored = dict(session.execute(sa.select(one.model.id, one.column).where(one.model.id.in_(rows))).all())
            assert stored == rows
    entry = handover.last_report(session, leaver) if session.commit() is None else None
    assert entry is not None and entry.changes["customers"] == [6, "吴俊杰 2、韩雪 4"]  # he had two already


def test_work_that_has_changed_since_is_shown_again(session: Any, cast: Any, leaver: m.User) -> None:
    mark = handover.draft(session, leaver, wishes(cast, "colleague"), NOW).mark()
    make_customer(session, owner=leaver)
    with pytest.raises(RuleError) as refused:
        handover.give(session, leaver, wishes(cast, "colleague"), NOW, mark)
    assert refused.value.field == "mark" and leaver.active


def test_a_second_time_there_is_nothing_left(session: Any, cast: Any, leaver: m.User) -> None:
    handover.give(session, leaver, wishes(cast, "colleague"), NOW)
    with pytest.raises(RuleError, match=leaver.name):
        handover.give(session, leaver, wishes(cast, "colleague"), NOW)


def test_the_new_person_in_charge_does_not_call_back(session: Any, cast: Any) -> None:
    boss, care = cast.service_manager, cast.care_manager
    customer = make_customer(session, owner=cast.colleague)
    complaint = make_complaint(session, customer, owner=boss, state=ch.ComplaintState.FINISHED, finished_at=NOW)
    task = make_followup(session, customer, assignee=care, source_table="complaint", source_id=complaint.id,
                         purpose=ch.Purpose.COMPLAINT)
    handover.give(session, boss, handover.Wishes(handover.POOL, (), care.id), NOW)
    assert complaint.owner_id == care.id
    assert task.assignee_id not in (None, care.id, boss.id)


def test_a_callback_of_the_leaver_goes_to_nobody_who_handled_it(session: Any, cast: Any) -> None:
    care = cast.care_specialist
    customer = make_customer(session, owner=cast.colleague)
    complaint = make_complaint(session, customer, owner=cast.care_manager, state=ch.ComplaintState.FINISHED)
    task = make_followup(session, customer, assignee=care, source_table="complaint", source_id=complaint.id)
    handover.give(session, care, wishes(cast, "care_manager", deputy="care_manager"), NOW)
    assert task.assignee_id == cast.care_colleague.id


@pytest.mark.parametrize(("who", "whom", "may"), [
    ("general_manager", "sales_consultant", True), ("general_manager", "service_manager", True),
    ("general_manager", "outsider", True), ("general_manager", "general_manager", False),
    ("sales_manager", "sales_consultant", True), ("sales_manager", "other_team", False),
    ("sales_manager", "service_advisor", False), ("sales_manager", "outsider", False),
    ("service_manager", "service_advisor", True), ("service_manager", "sales_consultant", False),
    ("care_manager", "care_specialist", True), ("care_manager", "care_colleague", True),
    ("care_manager", "sales_consultant", False), ("administrator", "sales_consultant", False),
    ("sales_consultant", "colleague", False), ("auditor", "sales_consultant", False),
])
def test_who_may_hand_over_whom(session: Any, cast: Any, as_person: Any, who: str, whom: str, may: bool) -> None:
    person = getattr(cast, whom)
    as_person(getattr(cast, who))
    assert handover.may_hand_over(session, person) is may
    if not may:
        with pytest.raises(Refused):
            handover.give(session, person, handover.Wishes(), NOW)
        assert person.active


def test_the_last_administrator_and_general_manager_stay(session: Any, cast: Any) -> None:
    for name in ("administrator", "general_manager"):
        with pytest.raises(RuleError, match=getattr(cast, name).name):
            handover.give(session, getattr(cast, name), wishes(cast, "colleague"), NOW)
        assert getattr(cast, name).active


def test_a_manager_gives_to_the_own_team(session: Any, cast: Any, as_person: Any, leaver: m.User) -> None:
    session.flush()
    boss, colleague, other = cast.sales_manager, cast.colleague, cast.other_team
    as_person(boss)
    offered = {one.id for one in handover.receivers(session, leaver)}
    assert offered == {boss.id, colleague.id}
    with pytest.raises(RuleError) as refused:
        handover.give(session, leaver, handover.Wishes(handover.ONE, (other.id,), boss.id), NOW)
    assert refused.value.field == "people"
    handover.give(session, leaver, handover.Wishes(handover.ONE, (colleague.id,), boss.id), NOW)
    assert not leaver.active


@pytest.mark.parametrize(("given_wishes", "field"), [
    (("none", (), "sales_manager"), "way"), (("one", (), "sales_manager"), "people"),
    (("one", ("colleague", "other_team"), "sales_manager"), "people"), (("spread", (), "sales_manager"), "people"),
    (("spread", ("outsider",), "sales_manager"), "people"), (("one", ("marketing",), "sales_manager"), "people"),
    (("one", ("colleague",), None), "deputy"), (("one", ("colleague",), "outsider"), "deputy"),
    (("one", ("colleague",), "colleague"), "deputy"),
])
def test_what_is_missing_is_said_at_its_field(session: Any, cast: Any, leaver: m.User, given_wishes: Any,
                                              field: str) -> None:
    way, people, deputy = given_wishes
    chosen = handover.Wishes(way, tuple(getattr(cast, one).id for one in people),
                             getattr(cast, deputy).id if deputy else None)
    with pytest.raises(RuleError) as refused:
        handover.give(session, leaver, chosen, NOW)
    assert refused.value.field == field and leaver.active
    assert left_on(session, leaver.id)["customers"] == 6


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 400)), min_size=1, max_size=6), st.integers(0, 300))
def test_a_spread_fills_everybody_evenly(people: list[tuple[int, int]], number: int) -> None:
    load = {place: kept for place, (kept, _most) in enumerate(people)}
    most = {place: room for place, (_kept, room) in enumerate(people)}
    shares = Shares(load, most)
    taken = [shares.take() for _ in range(number)]
    assert sum(shares.load.values()) == sum(load.values()) + number and None not in taken
    for one in set(taken):  # whoever got some is not fuller than anybody else would be with one more
        assert all(shares.load[one] / most[one] <= (shares.load[other] + 1) / most[other] + 1e-9 for other in most)


def test_equal_people_get_equal_shares() -> None:
    shares = Shares({1: 0, 2: 0, 3: 0}, {1: 400, 2: 400, 3: 200})
    taken = [shares.take() for _ in range(300)]
    assert [taken.count(one) for one in (1, 2, 3)] == [120, 120, 60]
    assert shares.take(among=[]) is None and shares.take(among=[3]) == 3


def test_three_hundred_customers_in_one_step(store_app: Any, session: Any, cast: Any) -> None:
    person = cast.sales_consultant
    for number in range(300):
        customer = make_customer(session, owner=person, grade=list(ch.Grade)[number % 5])
        make_followup(session, customer, assignee=person, due=TODAY + dt.timedelta(days=number % 9 - 4))
    session.commit()
    handover.give(session, person, wishes(cast, "colleague", "other_team"), NOW)
    session.commit()
    assert left_on(session, person.id) == {}
    kept = dict(session.execute(sa.select(m.Customer.owner_id, sa.func.count(m.Customer.id)).group_by(
        m.Customer.owner_id)).all())
    assert kept == {cast.colleague.id: 150, cast.other_team.id: 150}
    audited = session.scalar(sa.select(sa.func.count(m.AuditEntry.id)).where(
        m.AuditEntry.table == "customer", m.AuditEntry.verb == ch.AuditVerb.UPDATE,
        m.AuditEntry.reason == "hand-over of a leaver"))
    assert audited == 300


def test_pressed_twice_at_once_it_is_done_once(store_app: Any, session: Any, cast: Any) -> None:
    person, boss = cast.sales_consultant.id, cast.sales_manager.id
    for _ in range(20):
        make_followup(session, make_customer(session, owner=cast.sales_consultant), assignee=cast.sales_consultant)
    chosen = wishes(cast, "colleague", "sales_manager")
    session.commit()
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def work() -> None:
        with store_app.app_context():
            user = lambda key: db.session.scalars(  # noqa: E731
                access.ungated(sa.select(m.User).where(m.User.id == key))).one()
            actor = access.actor_for(db.session, user(boss))
            db.session.rollback()
            start.wait(30)
            access.set_actor(db.session, actor)
            try:
                handover.give(db.session, user(person), chosen, NOW)
                db.session.commit()
                outcomes.append("done")
            except RuleError:
                outcomes.append("nothing left")
            finally:
                db.session.rollback()
                db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["done", "nothing left"]
    session.expire_all()
    assert left_on(session, person) == {}
    assert session.scalar(sa.select(sa.func.count(m.AuditEntry.id)).where(
        m.AuditEntry.table == "user", m.AuditEntry.verb == ch.AuditVerb.BULK)) == 1
