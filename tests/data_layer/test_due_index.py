"""The index of what is due: whatever writes a task or its customer, it holds the tasks that are due; lists and counts
from it are the rows of the gate, for everybody, on both databases."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin_app import access, derived, due_index, tables
from admin_app import choices as ch
from admin_app import models as m
from admin_app.pages import due_rows, task_rows
from admin_app.rules import followups, today
from tests import factories as f
from tests.cast import NOW, TODAY, Cast

QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
PEOPLE = ("general_manager", "sales_manager", "sales_consultant", "service_manager", "service_advisor", "care_manager",
          "care_specialist", "marketing", "auditor", "administrator", "colleague", "outsider")
CUSTOMER, TASK, INDEX = m.Customer.__table__, m.FollowUp.__table__, m.DueTask.__table__


def held(session: Any) -> set[Any]:
    session.flush()
    return {tuple(row) for row in session.connection().execute(sa.select(INDEX))}


def wanted(session: Any) -> set[Any]:
    """The rows that the index should hold, worked out task by task."""
    found = set()
    rank = lambda value, members: members.index(value) if value in members else len(members)  # noqa: E731
    people = {row.id: row for row in session.connection().execute(sa.select(CUSTOMER))}
    for task in session.connection().execute(sa.select(TASK)):
        customer = people[task.customer_id]
        opted_out = any(getattr(customer, name) for name in due_index.OPT_OUTS)
        if (task.state not in followups.OPEN_STATES or task.deleted_at or customer.deleted_at
                or (opted_out and task.purpose in followups.MARKETING)):
            continue
        urgency = (rank(task.purpose, due_index.URGENCY) * 100 + rank(customer.grade, due_index.GRADES) * 10
                   + rank(customer.tier, tuple(ch.Tier)))
        capped = task.purpose in followups.MARKETING and task.allowed_at is None
        values = {"id": task.id, "urgency": urgency,
                  "blocked_until": customer.marketing_blocked_until if capped else None} | {
            name: getattr(task, name) for name in due_index.OF_TASK} | {
            name: getattr(customer, name) for name in due_index.OF_CUSTOMER}
        found.add(tuple(values[column.key] for column in INDEX.c))
    return found


def person_of(dice: random.Random, cast: Cast) -> Any:
    name = dice.choice(("sales_consultant", "colleague", "other_team", "service_advisor", "care_specialist", None))
    return getattr(cast, name) if name else None


def number_of(person: Any) -> int | None:
    return person.id if person else None


BLOCKS = (None, None, TODAY, TODAY + dt.timedelta(days=1))


def a_customer(dice: random.Random, session: Any, cast: Cast) -> m.Customer:
    kind = dice.choice([*ch.Confidentiality, ch.Confidentiality.NORMAL, ch.Confidentiality.NORMAL])
    return f.make_customer(
        session, owner=person_of(dice, cast), advisor_id=number_of(person_of(dice, cast)),
        grade=dice.choice(list(ch.Grade)), tier=dice.choice([None, *ch.Tier]), confidentiality=kind,
        do_not_disturb=dice.random() < 0.2, marketing_blocked_until=dice.choice(BLOCKS),
        marketing_withdrawn=dice.random() < 0.2, deleted_at=NOW if dice.random() < 0.1 else None)


def a_task(dice: random.Random, session: Any, cast: Cast, customer: m.Customer) -> m.FollowUp:
    rules = list(session.scalars(sa.select(m.FollowUpRule.id).order_by(m.FollowUpRule.id).limit(3)))
    return f.make_followup(
        session, customer, assignee=person_of(dice, cast), due=TODAY + dt.timedelta(days=dice.randint(-9, 9)),
        state=dice.choice(list(ch.FollowUpState)), purpose=dice.choice(list(ch.Purpose)),
        rule_id=dice.choice([None, *rules]), deleted_at=NOW if dice.random() < 0.1 else None)


def change(dice: random.Random, session: Any, cast: Cast, customers: list[Any], tasks: list[Any]) -> None:
    """One write by one of the roads: an object of the session, a statement for one row or for many."""
    customer, task = dice.choice(customers), dice.choice(tasks)
    of_customer: dict[str, Any] = dice.choice([
        {"owner_id": number_of(person_of(dice, cast))}, {"advisor_id": number_of(person_of(dice, cast))},
        {"grade": dice.choice(list(ch.Grade))}, {"tier": dice.choice([None, *ch.Tier])},
        {"confidentiality": dice.choice(list(ch.Confidentiality))}, {"deleted_at": dice.choice([None, NOW])},
        {"do_not_disturb": dice.random() < 0.5}, {"marketing_withdrawn": dice.random() < 0.5}, {"note": "x"},
        {"marketing_blocked_until": dice.choice(BLOCKS)}])
    of_task: dict[str, Any] = dice.choice([
        {"state": dice.choice(list(ch.FollowUpState))}, {"assignee_id": number_of(person_of(dice, cast))},
        {"due_on": TODAY, "due_at": NOW}, {"purpose": dice.choice(list(ch.Purpose))},
        {"deleted_at": dice.choice([None, NOW])}, {"customer_id": dice.choice(customers).id},
        {"allowed_at": dice.choice([None, NOW])}])
    road = dice.randrange(5)
    connection = session.connection()
    if road < 2:
        row, values = (customer, of_customer) if road else (task, of_task)
        for name, value in values.items():
            setattr(row, name, value)
    elif road == 2:
        connection.execute(sa.update(CUSTOMER).where(CUSTOMER.c.id.in_([one.id for one in customers[::2]])).values(
            of_customer))
    elif road == 3:
        connection.execute(sa.update(TASK).where(TASK.c.id.in_([one.id for one in tasks[::2]])).values(of_task))
    else:
        connection.execute(sa.delete(TASK).where(TASK.c.id == tasks.pop().id))
        if not tasks:
            tasks.append(a_task(dice, session, cast, customer))
    session.flush()
    session.expire_all()


@QUICK
@given(seed=st.integers(0, 10_000))
def test_the_index_follows_every_road_of_writing(store_app: Flask, session: Any, cast: Cast, seed: int) -> None:
    dice = random.Random(seed)
    customers = [a_customer(dice, session, cast) for _n in range(4)]
    tasks = [a_task(dice, session, cast, dice.choice(customers)) for _n in range(8)]
    assert held(session) == wanted(session)
    for _n in range(6):
        change(dice, session, cast, customers, tasks)
        assert held(session) == wanted(session)
    due_index.rebuild(session.connection())
    assert held(session) == wanted(session) and due_index.wrong(session.connection()) == 0
    session.rollback()
    assert held(session) == wanted(session)  # what is taken back leaves nothing


@QUICK
@given(seed=st.integers(0, 10_000))
def test_lists_and_counts_are_the_rows_of_the_gate(store_app: Flask, session: Any, cast: Cast, as_person: Any,
                                                   seed: int) -> None:
    """due_query(), tally() and owed() against the tasks themselves, read through the gate of tasks."""
    dice = random.Random(seed)
    customers = [a_customer(dice, session, cast) for _n in range(8)]
    for _n in range(24):
        a_task(dice, session, cast, dice.choice(customers))
    for customer in customers[:3]:
        session.add(m.CustomerReader(store_id=customer.store_id, customer_id=customer.id,
                                     user_id=cast.care_specialist.id, reason="案子"))
        f.make_order(session, customer, advisor=cast.service_advisor,
                     state=dice.choice([ch.RepairState.CLOSED, ch.RepairState.OPEN]))
    session.flush()
    place = list(INDEX.c.keys()).index("blocked_until")
    due = {row[0] for row in wanted(session) if row[place] is None or row[place] <= TODAY}
    before = access.actor_of(session)
    for name in PEOPLE:
        as_person(getattr(cast, name))
        rows = [row for row in session.scalars(sa.select(m.FollowUp)) if row.id in due]
        assert {row.id for row in session.scalars(followups.due_query(NOW, due="all"))} == {row.id for row in rows}
        late = {row.id for row in rows if row.due_on <= TODAY and row.assignee_id == cast.colleague.id}
        assert {row.id for row in session.scalars(followups.due_query(
            NOW, due="owed", assignee_ids=[cast.colleague.id]))} == late
        assert sum(line.all for line in followups.tally(session, None, NOW)) == len(rows)
        assert sum(line.owed for line in followups.tally(session, [cast.colleague.id], NOW)) == len(late)
        counted: dict[Any, tuple[int, int]] = {}
        for row in rows:
            if row.due_on <= TODAY:
                now, over = counted.get(row.assignee_id, (0, 0))
                counted[row.assignee_id] = (now + (row.due_on == TODAY), over + (row.due_on < TODAY))
        assert today.owed(session, NOW) == counted, name
        access.set_actor(session, before)
    session.rollback()


@QUICK
@given(seed=st.integers(0, 10_000))
def test_what_a_line_shows_is_what_the_gate_shows(store_app: Flask, session: Any, cast: Cast, as_person: Any,
                                                  seed: int) -> None:
    """Task, customer, car and newest contact of a line are read in one statement that asks the gate for the customer
    alone; each must be what its own gate would show."""
    dice = random.Random(seed)
    customers = [a_customer(dice, session, cast) for _n in range(6)]
    for customer in dice.choices(customers, k=16):
        task = a_task(dice, session, cast, customer)
        for n in range(dice.randrange(3)):
            deleted = NOW if dice.random() < 0.2 else None
            f.make_visit(session, customer, at=NOW - dt.timedelta(hours=dice.randrange(4)), content=f"话 {n}",
                         state=dice.choice(list(ch.VisitState)), deleted_at=deleted)
            owner = dice.choice([customer, *customers])  # whoever brings a car in need not own it
            task.vehicle_id = f.make_vehicle(session, owner, model=f"车 {n}", deleted_at=deleted).id
    session.flush()
    before = access.actor_of(session)
    for name in PEOPLE:
        person = as_person(getattr(cast, name))
        rows = task_rows.rows_of(("lines", seed, name), lambda: followups.due_query(NOW, due="all"), NOW,
                                 due_rows.BY_INDEX)
        assert {row.task.id for row in rows} == {one.id for one in session.scalars(
            followups.due_query(NOW, due="all"))}, person
        for row in rows:
            shown = session.scalars(sa.select(m.Customer).where(m.Customer.id == row.task.customer_id)).first()
            assert (row.customer.name if row.customer else None) == (shown.name if shown else None)
            assert row.last == newest(session, row.task.customer_id)
            assert row.task.car == car_of(session, row.task)
        access.set_actor(session, before)
    session.rollback()


def newest(session: Any, customer_id: int) -> Any:
    """The newest contact as the gate of visits shows it."""
    names = [getattr(m.Visit, name) for name in task_rows.Last._fields]
    found = session.execute(sa.select(*names).where(
        m.Visit.customer_id == customer_id, m.Visit.state == ch.VisitState.DONE).order_by(
        m.Visit.at.desc(), m.Visit.id.desc()).limit(1)).first()
    return task_rows.Last._make(found) if found else None


def car_of(session: Any, task: Any) -> str | None:
    """The car of the task, else the customer's newest, as the gate of cars shows them."""
    cars = session.scalars(sa.select(m.Vehicle).where(sa.or_(
        m.Vehicle.customer_id == task.customer_id, m.Vehicle.id == task.vehicle_id)).order_by(
        m.Vehicle.id.desc())).all()
    own = [car for car in cars if car.id == task.vehicle_id]
    return next((car.model for car in [*own, *cars]), None)


def test_rows_in_bulk_are_brought_in_at_the_end(store_app: Flask, session: Any, cast: Cast) -> None:
    with derived.loading(session.connection()):
        customer = f.make_customer(session, owner=cast.sales_consultant)
        task = f.make_followup(session, customer, assignee=cast.sales_consultant)
        assert held(session) == set()  # nothing is kept current meanwhile
    assert {row[0] for row in held(session)} == {task.id}
    f.make_followup(session, customer, assignee=cast.sales_consultant)
    assert len(held(session)) == 2 and due_index.triggers_missing(session.connection()) == []
    assert "due_task" not in {table.name for table in tables.in_order()}


def test_a_row_that_is_not_kept_is_found_out(store_app: Flask, session: Any, cast: Cast) -> None:
    task = f.make_followup(session, f.make_customer(session, owner=cast.sales_consultant))
    assert due_index.wrong(session.connection()) == 0
    session.connection().execute(sa.update(INDEX).values(urgency=1))
    assert due_index.wrong(session.connection()) == 1
    session.connection().execute(sa.delete(INDEX).where(INDEX.c.id == task.id))
    assert due_index.wrong(session.connection()) == 1
    due_index.pause(session.connection())
    assert set(due_index.triggers_missing(session.connection())) == set(
        due_index.TRIGGERS[session.connection().dialect.name])
    due_index.install(session.connection())
    session.rollback()


@pytest.mark.parametrize("due", ["overdue", "today", "week", "all"])
def test_a_page_of_the_list_is_in_order(store_app: Flask, session: Any, cast: Cast, due: str) -> None:
    dice = random.Random(due)
    for _n in range(30):
        a_task(dice, session, cast, a_customer(dice, session, cast))
    whole = [row.id for row in session.scalars(followups.order(followups.due_query(NOW, due=due)))]
    rows = {row[0]: row for row in held(session)}
    place = {column.key: number for number, column in enumerate(INDEX.c)}
    assert whole == sorted(whole, key=lambda key: (rows[key][place["due_at"]], rows[key][place["urgency"]], key))
    pages = [row.id for at in range(0, 30, 7) for row in session.scalars(
        followups.order(followups.due_query(NOW, due=due)).limit(7).offset(at))]
    assert pages == whole
