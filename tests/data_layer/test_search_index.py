"""The search index: whatever writes a customer or a car, it says what the slow functions say; searches find the same
rows by the index, by reading everything, and by plain Python."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, g
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin_app import access, derived, search_index, tables
from admin_app import models as m
from admin_app.database import db
from admin_app.desk import listing, searching
from admin_app.rules.pinyin import of_name
from tests.conftest import act_as
from tests.factories import make_complaint, make_customer, make_order, make_vehicle, make_visit

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SIGNS = "王王建国李Aab1 %_\\'\"é😀İß"
NAMES = st.text(alphabet=SIGNS, min_size=1, max_size=12)
TOKENS = st.none() | st.text(alphabet="abz\"\\ ", max_size=12)
CUSTOMER = m.Customer.__table__


def held(session: Any) -> set[tuple[str, int]]:
    return {(row.gram, row.customer_id) for row in session.connection().execute(sa.select(m.SearchGram.__table__))}


def wanted(session: Any) -> set[tuple[str, int]]:
    rows = session.connection().execute(sa.select(CUSTOMER.c.id, CUSTOMER.c.name, CUSTOMER.c.pinyin))
    return {(gram, row.id) for row in rows for gram in search_index.grams_of(row.name, row.pinyin)}


@pytest.fixture
def person(store_app: Flask, session: Any) -> Iterator[Any]:
    """person(user): act as somebody within a request, as a screen does."""

    @contextmanager
    def enter(user: Any) -> Iterator[None]:
        before = access.actor_of(session)
        session.flush()
        with store_app.test_request_context("/"):
            act_as(user)
            g.actor = access.actor_of(session)
            try:
                yield
            finally:
                access.set_actor(session, before)

    return enter


def found(model: Any, text: str) -> set[int]:
    statement = listing.search(model, listing.select_rows(model, []), text)
    return set(db.session.scalars(statement.with_only_columns(model.id)))


# ---------------------------------------------------------------- kept by every road


@QUICK
@given(names=st.lists(st.tuples(NAMES, TOKENS), min_size=1, max_size=6), seed=st.integers(0, 9))
def test_the_index_follows_every_road_of_writing(
        store_app: Flask, session: Any, cast: Any, names: list[tuple[str, str | None]], seed: int) -> None:
    dice = random.Random(seed)
    for name, tokens in names:
        row = make_customer(session, owner=cast.sales_consultant, name=name, pinyin=tokens)
        road = dice.randrange(4)
        if road == 0:
            row.name, row.pinyin = dice.choice(names)[0], of_name(name)
            session.flush()
        elif road == 1:
            session.connection().execute(sa.update(CUSTOMER).where(CUSTOMER.c.id == row.id).values(
                pinyin=None, name=dice.choice(names)[0]))
        elif road == 2:
            session.connection().execute(sa.delete(CUSTOMER).where(CUSTOMER.c.id == row.id))
            session.expunge(row)
    assert held(session) == wanted(session)
    session.rollback()
    assert held(session) == wanted(session)  # what is taken back leaves nothing


def test_phones_plates_and_vins_follow_too(store_app: Flask, session: Any, cast: Any, person: Any) -> None:
    row = make_customer(session, owner=cast.sales_consultant, phone="+8613812345678", phone2="+85291234567")
    car = make_vehicle(session, row, plate="粤B7K2M9", vin="LSVAA4182E2184421")
    session.commit()
    with person(cast.care_specialist):
        assert found(m.Customer, "2345678") == found(m.Customer, "9123") == found(m.Customer, "K2M9") == {row.id}
        assert found(m.Vehicle, "粤B7") == set() and found(m.Vehicle, "粤B7K2") == {car.id}
        assert found(m.Customer, "8613") == set()  # the country's number is no part of it
    session.connection().execute(sa.update(CUSTOMER).where(CUSTOMER.c.id == row.id).values(phone="+8613700009999"))
    session.connection().execute(sa.update(m.Vehicle.__table__).values(plate=None))
    session.commit()
    with person(cast.care_specialist):
        assert found(m.Customer, "2345678") == found(m.Vehicle, "7K2M9") == set()
        assert found(m.Customer, "0000") == found(m.Customer, "184421") == {row.id}


def test_rebuilding_comes_to_the_same(store_app: Flask, session: Any, cast: Any, person: Any) -> None:
    with derived.loading(session.connection()):
        for name in ("王王王", "Ann Lee", "赵建国", "x" * 80):
            make_customer(session, owner=cast.sales_consultant, name=name, pinyin=of_name(name), phone=None)
        last = make_customer(session, owner=cast.sales_consultant, name="钱", phone="+8613812345678")
        assert held(session) == set()  # nothing is kept current meanwhile
    assert held(session) == wanted(session)
    make_customer(session, owner=cast.sales_consultant, name="孙行者", pinyin=of_name("孙行者"))
    assert held(session) == wanted(session) and search_index.triggers_missing(session.connection()) == []
    with person(cast.care_specialist):
        assert found(m.Customer, "2345") == {last.id}
    assert "search_gram" not in {table.name for table in tables.in_order()}


def test_check_finds_what_is_wrong(store_app: Flask, session: Any, cast: Any) -> None:
    row = make_customer(session, owner=cast.sales_consultant, name="赵建国")
    connection = session.connection()
    assert search_index.wrong(connection) == [] and search_index.has_trigrams(connection)
    connection.execute(sa.delete(m.SearchGram.__table__).where(m.SearchGram.gram == "建国"))
    assert search_index.wrong(connection) == [row.id]
    search_index.pause(connection)
    assert search_index.triggers_missing(connection)
    search_index.install(connection)
    assert search_index.triggers_missing(connection) == []


@pytest.mark.parametrize(("prefix", "end"), [("ab", "ac"), ("a\ud7ff", "a\ue000"), ("a\U0010ffff", "b"),
                                             ("\U0010ffff", None)])
def test_what_lies_behind_a_beginning(prefix: str, end: str | None) -> None:
    assert search_index.after(prefix) == end


# ---------------------------------------------------------------- the same rows by any way


def answers(row: Any, word: str) -> bool:
    """Read slowly: whether a customer without a phone or car answers to a word."""
    low = search_index.ascii_lower
    if word.isdecimal() and len(word) >= searching.FRAGMENT:
        return False  # a phone, plate or VIN, of which there is none
    letters = word.replace("'", "").isalnum() and word.isascii() and word[0] != "'"
    sound = low(word).replace("'", "")
    return low(word) in low(row.name) or (letters and (
        any(token.startswith(sound) for token in (row.pinyin or "").split(" "))
        or (len(sound) <= 2 and sound in low(row.name))))


@QUICK
@given(names=st.lists(NAMES, min_size=1, max_size=8), typed=st.text(alphabet=SIGNS, min_size=1, max_size=5))
def test_a_search_finds_what_a_slow_reading_finds(
        store_app: Flask, session: Any, cast: Any, person: Any, names: list[str], typed: str) -> None:
    session.rollback()  # an example that failed before has left its rows
    rows = [make_customer(session, owner=cast.sales_consultant, name=name, pinyin=of_name(name), phone=None)
            for name in names]
    # also a word that is there for sure
    for text in (typed, names[0][:2], names[-1][-3:], (of_name(names[0]) or "x")[:3]):
        words = searching.words_of(text)
        expected = {row.id for row in rows if all(answers(row, word) for word in words)}
        with person(cast.general_manager):
            assert found(m.Customer, text) == expected, text
            with broad():
                assert found(m.Customer, text) == expected, f"broad: {text}"
    session.rollback()


@contextmanager
def broad() -> Iterator[None]:
    """Every word counts as one that too many customers answer to."""
    before, searching.CAP = searching.CAP, 0
    try:
        yield
    finally:
        searching.CAP = before


@pytest.fixture
def street(session: Any, cast: Any) -> dict[str, Any]:
    """Customers of three people with phones and cars, a visit, a complaint and an order each."""
    made: dict[str, Any] = {}
    for at, (key, owner) in enumerate((("mine", cast.sales_consultant), ("theirs", cast.colleague),
                                       ("outside", cast.outsider))):
        row = make_customer(session, owner=owner, name=f"赵建{'国华平'[at]}", pinyin=of_name(f"赵建{'国华平'[at]}"),
                            phone=f"+861381234{at}290")
        car = make_vehicle(session, row, plate=f"粤B7K2M{at}", vin=f"LSVAA4182E218442{at}")
        made[key] = {"customer": row, "vehicle": car,
                     "visit": make_visit(session, row, staff=owner, content="试驾满意"),
                     "complaint": make_complaint(session, row, number=f"TS-20261101-{at}", text="等待过久"),
                     "repair_order": make_order(session, row, number=f"wx-{at}00", items="更换机油")}
    session.commit()
    return {key: {name: row.id for name, row in rows.items()} for key, rows in made.items()}


TEXTS = ("赵建", "zhao", "ZJ", "1234", "13812340290", "7K2M", "粤B7K2M0", "LSVAA4182E2184420", "TS-20261101",
         "20261101-0", "WX-0", "满意", "机油", "过久", "赵建 满意", "赵建国", "2341")
ROLES = ("general_manager", "care_specialist", "sales_consultant", "colleague", "outsider", "auditor",
         "service_manager", "administrator", "marketing")


@pytest.mark.parametrize("role", ROLES)
def test_broad_and_narrow_find_the_same_within_the_gate(
        session: Any, cast: Any, person: Any, street: dict[str, Any], role: str) -> None:
    with person(getattr(cast, role)):
        for model in (m.Customer, m.Vehicle, m.Visit, m.Complaint, m.RepairOrder):
            visible = set(session.scalars(sa.select(model.id)))
            for text in TEXTS:
                narrow = found(model, text)
                assert narrow <= visible
                with broad():
                    assert found(model, text) == narrow, (model.__tablename__, text)


def test_what_hangs_on_a_customer_is_found_by_customer_number_and_text(
        session: Any, cast: Any, person: Any, street: dict[str, Any]) -> None:
    mine, theirs = street["mine"], street["theirs"]
    with person(cast.care_specialist):
        for table in ("visit", "complaint", "repair_order", "vehicle"):
            for text in ("赵建国", "zjg", "13812340290", "40290"):
                assert found(m.BY_TABLE[table], text) == {mine[table]}, (table, text)
        assert found(m.Visit, "7K2M0") == {mine["visit"]}
        assert found(m.Vehicle, "7K2M0") == {mine["vehicle"]}
        assert found(m.Complaint, "TS-20261101-0") == {mine["complaint"]}
        assert found(m.RepairOrder, "wx-1") == {theirs["repair_order"]}
        assert found(m.Visit, "满意") == {mine["visit"], theirs["visit"]}
        assert found(m.Visit, "赵建华 满意") == {theirs["visit"]} and found(m.Visit, "赵建华 不满") == set()
    with person(cast.sales_consultant):
        assert found(m.Visit, "赵建") == found(m.Visit, "满意") == {mine["visit"]}
    with person(cast.auditor):  # may not reveal: whole values only
        assert found(m.Visit, "40290") == found(m.Customer, "7K2M") == found(m.Vehicle, "7K2M") == set()
        assert found(m.Visit, "13812340290") == {mine["visit"]}
        assert found(m.Customer, "粤B7K2M0") == {mine["customer"]}
    with person(cast.administrator):
        assert all(found(model, "赵建") == set() for model in (m.Customer, m.Visit, m.Vehicle, m.Complaint))


def test_own_texts_are_found_however_old(session: Any, cast: Any, person: Any, street: dict[str, Any],
                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "NEWEST", 1)
    with person(cast.sales_consultant):
        assert found(m.Visit, "满意") == {street["mine"]["visit"]}
    with person(cast.care_specialist):
        assert found(m.Visit, "满意") == set()  # the newest row is of the other store


def test_a_broad_count_stops_at_the_keys_of_the_index(
        session: Any, cast: Any, person: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for _number in range(9):
        make_customer(session, owner=cast.sales_consultant, name="钱多多")
    monkeypatch.setattr(searching, "CAP", 6)
    monkeypatch.setattr(listing, "COUNT_CAP", 4)
    for user, count in ((cast.care_specialist, (5, "4+")), (cast.colleague, (0, "0"))):
        with person(user):
            statement = listing.search(m.Customer, listing.select_rows(m.Customer, []), "多")
            asked = listing.Asked(m.Customer, partial(listing.search, m.Customer, statement, ""))
            assert listing.count(asked) == count


# ---------------------------------------------------------------- by the index, not by reading


def test_no_search_reads_a_whole_table(store_app: Flask, session: Any, cast: Any, person: Any, street: Any) -> None:
    """The plan of every statement of a search: a big table is looked up, never scanned."""
    engine, asked = db.engine, []
    sqlite = engine.dialect.name == "sqlite"
    connection = session.connection()
    if not sqlite:  # on a handful of rows it would rather read them
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, values))

    with person(cast.care_specialist):
        sa.event.listen(engine, "before_cursor_execute", note)
        try:
            for text in ("赵建", "赵建国", "zhao", "40290", "13812340290", "7K2M0"):
                for model in (m.Customer, m.Visit, m.Vehicle):
                    found(model, text)
        finally:
            sa.event.remove(engine, "before_cursor_execute", note)
    assert len(asked) > 30
    cursor = connection.connection.driver_connection.cursor()
    for statement, values in asked:
        plan = [str(row) for row in cursor.execute(
            ("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + statement, values).fetchall()]
        reads = [line for line in plan if any(
            word in line for table in ("customer", "visit", "vehicle", "search_gram")
            for word in (f"SCAN {table}'", f"SCAN {table} ", f"Seq Scan on {table} ", f"Seq Scan on {table}'"))]
        assert reads == [], (statement, plan)
