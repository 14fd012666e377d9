"""How many statements a page asks, on a store with a customer who has everything: a number that no machine changes.

BEGIN and COMMIT are not counted, nor what a page writes into the log beside its own transaction. Pages are asked for
the second time: what is kept in memory (people, rights, stores, names) is known by then.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from admin_app import choices as ch
from admin_app import clock, customer_blocks
from admin_app.database import db
from admin_app.desk import jumps, listing
from admin_app.models import Customer
from tests import factories as f
from tests.conftest import PASSWORD, token
from tests.screens.daily_support import all_of

BESIDE = ("BEGIN", "INSERT INTO access_log")
FIELD = re.compile(r'<input[^>]* name="(name|phone|version)"[^>]* value="([^"]*)"')
INPUT = re.compile(r'<input[^>]*name="(key|customer|followup)" value="([^"]*)"')


@contextmanager
def questions() -> Iterator[list[tuple[str, Any]]]:
    """What the block asks the database, each statement with its values."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, given: Any, *_rest: Any) -> None:
        if not statement.startswith(BESIDE):
            asked.append((statement, given))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """What the block asks the database, to be counted and read."""
    said: list[str] = []
    with questions() as asked:
        yield said
    said += [" ".join(statement.split()) for statement, _given in asked]


def fill(session: Any, cast: Any) -> Customer:
    """Twelve customers of the consultant with tasks of every kind; the first has something of everything."""
    today, now = clock.today(), clock.utcnow()
    made = [f.make_customer(session, owner=cast.sales_consultant, name=f"客户{number}",
                            phone=f"+86138001380{number:02d}", birthday=today.replace(year=1980),
                            advisor_id=cast.service_advisor.id) for number in range(12)]
    for number, customer in enumerate(made):
        f.make_visit(session, customer, staff=cast.sales_consultant, at=now - dt.timedelta(days=number + 1),
                     content="谈过", state=ch.VisitState.DONE)
        f.make_followup(session, customer, assignee=cast.sales_consultant, due=today - dt.timedelta(days=number % 3))
        f.make_vehicle(session, customer)
    for state in (ch.ComplaintState.RECEIVED, ch.ComplaintState.PROPOSED, ch.ComplaintState.FINISHED):
        f.make_complaint(session, made[0], owner=cast.sales_manager, state=state)
    f.make_order(session, made[0], advisor=cast.service_advisor)
    f._add(session, f.m.Promise(store_id=1, customer_id=made[0].id, what="送车", by_id=cast.sales_consultant.id,
                                due_on=today - dt.timedelta(days=1), state=ch.PromiseState.OPEN))
    f._add(session, f.m.Gift(store_id=1, customer_id=made[0].id, name="茶", quantity=1, given_on=today,
                             by_id=cast.sales_consultant.id))
    session.commit()
    return made[0]


@pytest.fixture
def filled(store_app: Flask, session: Any, cast: Any) -> int:
    return fill(session, cast).id


@pytest.fixture
def signed_in(store_app: Flask) -> Callable[[str], FlaskClient]:
    def enter(name: str) -> FlaskClient:
        client = store_app.test_client()
        answer = client.post("/login", data={"username": name, "password": PASSWORD, "csrf_token": token(client)})
        assert answer.status_code == 302
        return client

    return enter


PAGES = [
    ("sales_consultant", "/admin/followups/", 5),
    ("sales_consultant", "/admin/followups/?due=all", 5),
    ("sales_manager", "/admin/followups/?owner=all", 7),
    ("sales_consultant", "/admin/visit/log/?customer={}", 6),
    ("sales_consultant", "/admin/", 6),
    ("sales_manager", "/admin/", 8),
    ("care_manager", "/admin/", 9),
    ("general_manager", "/admin/", 9),
    ("sales_consultant", "/admin/customer/details/?id={}", 15),  # one a kind of what has happened
    ("general_manager", "/admin/customer/details/?id={}", 18),
    ("care_manager", "/admin/complaint/board/", 5),
    ("sales_consultant", "/admin/customer/", 3),
    ("general_manager", "/admin/customer/", 3),
    ("sales_consultant", "/admin/customer/?flt0_owner_id_equals=me&flt1_grade_equals=H", 3),
    ("sales_consultant", "/admin/customer/edit/?id={}", 6),
]


@pytest.mark.parametrize(("person", "path", "most"), PAGES)
def test_a_page_asks_few_statements(store_app: Flask, filled: int, signed_in: Any, person: str, path: str,
                                    most: int) -> None:
    client, address = signed_in(person), path.format(filled)
    assert client.get(address).status_code == 200
    with statements(store_app) as asked:
        assert client.get(address).status_code == 200
    assert len(asked) <= most, "\n".join(asked)


@pytest.mark.parametrize(("person", "most"), [("general_manager", 4), ("care_manager", 4), ("sales_manager", 4)])
def test_a_jump_deep_down_asks_few_statements(store_app: Flask, filled: int, signed_in: Any, session: Any,
                                              monkeypatch: pytest.MonkeyPatch, person: str, most: int) -> None:
    """By blocks: the key in the right one, the rows. Whoever does not see whole stores passes over the keys."""
    for key in range(1, 30):
        f.make_customer(session, id=key * 1_000 + filled, phone=f"+8613900{key:06d}")
    session.commit()
    with db.engine.begin() as connection:
        assert customer_blocks.settle(connection)
    monkeypatch.setattr(jumps, "DEEP", 15)
    monkeypatch.setattr(listing, "SHALLOW", 0)
    client = signed_in(person)
    with statements(store_app) as first:
        assert client.get("/admin/customer/?page=1").status_code == 200
    assert any("customer_block" in one for one in first) is (person != "sales_manager")
    with statements(store_app) as asked:  # the blocks are known
        answer = client.get("/admin/customer/?page=1")
    shown = {int(key) for key in re.findall(r"details/\?id=(\d+)", answer.text)}
    assert len(shown) == 20 and max(shown) == 9_000 + filled
    assert len(asked) <= most, "\n".join(asked)


@pytest.mark.parametrize(("with_task", "most"), [(False, 17), (True, 19)])
def test_logging_a_visit_takes_few_statements(store_app: Flask, filled: int, signed_in: Any, session: Any,
                                              with_task: bool, most: int) -> None:
    client = signed_in("sales_consultant")
    for customer in (filled + 1, filled):
        task = next(one.id for one in all_of(f.m.FollowUp, f.m.FollowUp.customer_id == customer))
        page = client.get(f"/admin/visit/log/?customer={customer}" + (f"&followup={task}" if with_task else "")).text
        said = dict(INPUT.findall(page)) | {"csrf_token": token(client, "/admin/"), "channel": "phone",
                                            "result": "solved", "next": "none", "content": "谈过", "satisfaction": "5"}
        with statements(store_app) as asked:
            answer = client.post("/admin/visit/log/", data=said)
        assert answer.status_code == 302
        assert len(all_of(f.m.Visit, f.m.Visit.customer_id == customer)) == 2
        assert {one.state for one in all_of(f.m.FollowUp, f.m.FollowUp.id == task)} == {ch.FollowUpState.DONE}
    assert len(asked) <= most, "\n".join(asked)


def test_the_due_list_of_a_person_goes_by_its_index(store_app: Flask, filled: int, signed_in: Any, session: Any,
                                                        cast: Any) -> None:
    for number in range(400):
        customer = f.make_customer(session, owner=cast.colleague, phone=f"+8613900{number:06d}")
        f.make_followup(session, customer, assignee=cast.colleague, due=clock.today())
    session.commit()
    with db.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    client = signed_in("sales_consultant")
    with questions() as asked:
        client.get("/admin/followups/")
    for mark in ("ORDER BY due_task.due_at", "GROUP BY due_task.rule_id"):  # the queue, and what is counted over it
        statement, given = next(one for one in asked if mark in one[0])
        plan = "\n".join(plan_of(statement, given))
        assert "ix_due_task_person" in plan, plan
        assert not re.search(r"(SCAN|Seq Scan on) (followup|customer|due_task|gate_customer)\b", plan), plan
        if "GROUP BY" in mark and db.engine.dialect.name == "sqlite":
            assert "SEARCH due_task USING COVERING INDEX ix_due_task_person" in plan, plan
        else:  # no task is sorted: the index has them in order
            assert not sorts(statement, given), plan


@pytest.mark.parametrize(("person", "path", "mark"), [
    ("sales_consultant", "/admin/", "SELECT count(complaint.id)"),
    ("care_manager", "/admin/complaint/board/", "ORDER BY complaint.received_at, complaint.id"),
    ("care_manager", "/admin/", "ORDER BY complaint.id DESC"),
])
def test_open_complaints_are_found_by_the_index_that_holds_no_others(
        store_app: Flask, filled: int, signed_in: Any, person: str, path: str, mark: str) -> None:
    client = signed_in(person)
    with questions() as asked:
        client.get(path)
    statement, given = next(one for one in asked if mark in one[0])
    plan = "\n".join(plan_of(statement, given))
    assert "ix_complaint_open" in plan, plan
    # a customer is looked up for a complaint; no set of all those in the scope is made
    assert not re.search(r"IN \(SELECT gate_customer", statement), statement


def plan_of(statement: str, given: Any) -> list[str]:
    """How the database answers; PostgreSQL is kept from reading small tables whole."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            return [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", given)]
        return [row[-1] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)]


def sorts(statement: str, given: Any) -> bool:
    """Whether the rows of a statement are sorted, those of its subqueries left aside."""
    if db.engine.dialect.name == "postgresql":
        return any(line.startswith(("  ->  Sort", "  ->  Incremental Sort")) for line in plan_of(statement, given))
    with db.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
        return any(parent == 0 and "ORDER BY" in detail for _id, parent, _unused, detail in rows)


def test_saving_an_edit_takes_few_statements(store_app: Flask, filled: int, signed_in: Any) -> None:
    client, address = signed_in("sales_consultant"), f"/admin/customer/edit/?id={filled}"
    for time in range(2):
        page = client.get(address).text
        said = {name: html.unescape(value) for name, value in FIELD.findall(page)} | {
            "csrf_token": token(client, "/admin/"), "note": f"第{time}次"}
        with statements(store_app) as asked:
            answer = client.post(address, data=said)
        assert answer.status_code == 302, answer.text
    assert len(asked) <= 14, "\n".join(asked)
