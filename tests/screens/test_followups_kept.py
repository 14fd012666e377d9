"""The due list keeps what it says of a task: what is new shows at once, what runs by the hour runs, and what belongs to
one page stays with it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
import time_machine

from admin_app import choices as ch
from admin_app import models as m
from admin_app.access import ungated
from admin_app.database import db
from tests.cast import NOW, TODAY
from tests.factories import make_customer, make_followup, make_visit
from tests.screens.daily_support import listed

PAGE = "/admin/followups/"
CUSTOMER, TASK = m.Customer.__table__, m.FollowUp.__table__


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(NOW, tick=False) as there:
        yield there


class Task(NamedTuple):
    id: int
    customer_id: int


@pytest.fixture
def task(clock: Any, session: Any, cast: Any) -> Task:
    """Of two days ago."""
    customer = make_customer(session, owner=cast.sales_consultant, name="李雪梅", grade=ch.Grade.H)
    found = make_followup(session, customer, assignee=cast.sales_consultant, due=TODAY - dt.timedelta(days=2))
    session.commit()
    keys = Task(found.id, customer.id)
    session.rollback()
    return keys


def change(table: Any, key: int, **values: Any) -> None:
    """By plain SQL: no event of an object, no entry in the audit."""
    with db.engine.begin() as connection:
        connection.execute(sa.update(table).where(table.c.id == key).values(values))


def panel(page: str) -> str:
    return page.split('id="task"')[1]


def test_what_changes_shows_with_the_next_page(task: Task, session: Any, sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    for _n in range(2):
        assert client.get(PAGE).text.count("李雪梅") >= 2
    change(CUSTOMER, task.customer_id, name="李雪竹", grade="A")
    change(TASK, task.id, reason="谈置换", note="带小孩")
    page = client.get(PAGE).text
    assert "李雪梅" not in page and "李雪竹" in panel(page) and "谈置换" in page and "带小孩" in panel(page)
    customer = session.scalars(ungated(sa.select(m.Customer).where(m.Customer.id == task.customer_id))).one()
    make_visit(session, customer, at=NOW - dt.timedelta(days=3), content="顾虑后排空间")
    session.commit()
    session.rollback()
    page = client.get(PAGE).text
    assert page.count("顾虑后排空间") == 2


def test_a_day_on_it_is_a_day_later(task: Task, sign_in: Any, clock: Any) -> None:
    clock.move_to(NOW + dt.timedelta(hours=13, minutes=50))  # 23:50 in the store
    client = sign_in("sales_consultant")
    assert "迟 2 天" in client.get(PAGE).text
    clock.move_to(NOW + dt.timedelta(hours=14, minutes=10))
    page = client.get(PAGE).text
    assert "迟 3 天" in page and "迟 2 天" not in page


def test_a_task_with_an_hour_runs_by_the_minute(task: Task, sign_in: Any, clock: Any) -> None:
    change(TASK, task.id, due_on=TODAY, due_at=(NOW + dt.timedelta(minutes=30)))
    client = sign_in("sales_consultant")
    assert "剩 30 分" in panel(client.get(PAGE).text)
    clock.move_to(NOW + dt.timedelta(minutes=10))
    assert "剩 20 分" in panel(client.get(PAGE).text)
    clock.move_to(NOW + dt.timedelta(minutes=35))
    assert "迟 5 分" in client.get(PAGE).text


def test_a_call_of_this_hour_gets_older(task: Task, session: Any, sign_in: Any, clock: Any) -> None:
    customer = session.scalars(ungated(sa.select(m.Customer).where(m.Customer.id == task.customer_id))).one()
    make_visit(session, customer, at=NOW - dt.timedelta(minutes=5))
    session.commit()
    session.rollback()
    client = sign_in("sales_consultant")
    assert "5 分钟前" in client.get(PAGE).text
    clock.move_to(NOW + dt.timedelta(minutes=20))
    assert "25 分钟前" in client.get(PAGE).text


def test_quiet_hours_begin_and_end(task: Task, sign_in: Any, clock: Any) -> None:
    client: Any = None
    change(TASK, task.id, purpose="greeting")
    for hour, minute, is_held in ((10, 20, False), (10, 40, True), (23, 0, False)):  # 20:20, 20:40, 9:00 in the store
        clock.move_to(NOW + dt.timedelta(hours=hour, minutes=minute))
        client = client if is_held else sign_in("sales_consultant")
        page = client.get(PAGE).text
        assert page.count("李雪梅") >= 2 and ('id="held"' in page) is is_held


def test_each_page_has_its_own_token_and_key(task: Task, sign_in: Any) -> None:
    """Of one person at two devices: a kept panel takes nothing over from the other one."""
    keys, tokens = set(), set()
    for client in (sign_in("sales_consultant"), sign_in("sales_consultant")):
        for _n in range(2):
            page = client.get(PAGE).text
            assert "\x01" not in page
            own = re.search(r'name="csrf-token" content="([^"]+)"', page)
            assert own is not None
            assert set(re.findall(r'name="csrf_token" value="([^"]+)"', page)) == {own[1]}
            tokens.add(own[1].split(".")[0])
            keys.add(re.search(r'name="key" value="([^"]+)"', page)[1])  # type: ignore[index]
    assert len(keys) == 4 and len(tokens) == 2


def test_each_person_reads_it_in_the_own_language(task: Task, sign_in: Any, session: Any, cast: Any) -> None:
    client = sign_in("sales_consultant")
    assert "迟 2 天" in client.get(PAGE).text
    with client.session_transaction() as kept:
        kept["language"] = "en"
    page = client.get(PAGE).text
    assert "2 days late" in page and "迟 2 天" not in page


def test_what_others_do_is_counted(task: Task, session: Any, cast: Any, sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    assert listed(client.get(PAGE).text) == 1
    customer = make_customer(session, owner=cast.sales_consultant)
    make_followup(session, customer, assignee=cast.sales_consultant, due=TODAY)
    session.commit()
    session.rollback()
    assert listed(client.get(PAGE).text) == 2


def test_the_way_back_is_that_of_the_page(task: Task, sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    for due in ("overdue", "all"):
        page = client.get(f"{PAGE}?due={due}").text
        assert f'name="back" value="/admin/followups/?due={due}"' in panel(page)
        assert f'href="/admin/followups/?due={due}&amp;task={task.id}#task"' in page


def test_marks_and_signs_in_a_text_stay_text(task: Task, session: Any, sign_in: Any) -> None:
    customer = session.scalars(ungated(sa.select(m.Customer).where(m.Customer.id == task.customer_id))).one()
    make_visit(session, customer, at=NOW - dt.timedelta(days=1), content="\x01token\x01 \x01list\x01")
    session.commit()
    session.rollback()
    change(CUSTOMER, task.customer_id, phone="123456<!--")  # past the cleaning of every road
    page = sign_in("sales_consultant").get(PAGE).text
    assert page.count("\x01token\x01 \x01list\x01") == 2 and "<!--" not in page and "&lt;!--" in page


def test_confirming_is_offered_to_those_who_may_still_change_the_file(session: Any, cast: Any, clock: Any,
                                                                       sign_in: Any) -> None:
    """Where a role reads more files than it changes."""
    rule = session.scalars(ungated(sa.select(m.FollowUpRule).where(
        m.FollowUpRule.trigger == ch.Trigger.FILE_STALE))).first()
    grant = session.scalars(ungated(sa.select(m.Grant).where(
        m.Grant.table == "customer", m.Grant.role_id == cast.care_specialist.role_id))).one()
    grant.write = ch.Scope.OWN
    customer = make_customer(session, owner=cast.care_specialist)
    make_followup(session, customer, assignee=cast.care_specialist, rule_id=rule.id)
    session.commit()
    key, other = customer.id, cast.colleague.id
    session.rollback()
    client = sign_in("care_specialist")
    assert 'name="confirmed"' in panel(client.get(PAGE).text)
    change(CUSTOMER, key, owner_id=other)
    assert 'name="confirmed"' not in panel(client.get(PAGE).text)
