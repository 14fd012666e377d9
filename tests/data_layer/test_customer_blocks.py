"""The numbers of customers by block: whatever writes a customer they stay right, and every page that is jumped to holds
the rows that passing over all of them gives, for everybody, on both databases."""

from __future__ import annotations

import datetime as dt
import random
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from admin_app import access, customer_blocks, derived, jobs, tables
from admin_app import choices as ch
from admin_app import models as m
from admin_app.customer_blocks import SIZE
from admin_app.database import db
from admin_app.desk import jumps, listing
from admin_app.rules import merging
from tests import factories as f
from tests.cast import NOW, TODAY, Cast

# who sees whole stores: of the group, of store 1, and (made a care manager by fill) of store 2
WHOLE = ("general_manager", "auditor", "care_manager", "care_specialist", "marketing", "outsider")
PEOPLE = (*WHOLE, "sales_manager", "sales_consultant", "service_manager", "service_advisor", "administrator")
CUSTOMER, BLOCK = m.Customer.__table__, m.CustomerBlock.__table__
NEWEST_FIRST = listing.Order(m.Customer.id, True)


@pytest.fixture
def every_jump(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Each jump goes the way of those deep down; whether the blocks answered it is noted."""
    noted: list[bool] = []
    block = jumps._block

    def note(asked: Any, offset: int) -> Any:
        found = block(asked, offset)
        noted.append(found is not None)
        return found

    monkeypatch.setattr(jumps, "DEEP", 0)
    monkeypatch.setattr(listing, "SHALLOW", 0)
    monkeypatch.setattr(jumps, "_block", note)
    return noted


def kind(dice: random.Random) -> ch.Confidentiality:
    return dice.choice([*ch.Confidentiality, ch.Confidentiality.NORMAL, ch.Confidentiality.NORMAL])


def keys(dice: random.Random, number: int) -> Iterator[int]:
    """Keys in eight blocks, in no order, each one once."""
    return iter(dice.sample(range(1, 8 * SIZE), number))


def a_customer(dice: random.Random, session: Any, cast: Cast, key: int) -> Any:
    person = dice.choice(("sales_consultant", "colleague", "service_advisor", "outsider", None))
    owner = getattr(cast, person) if person else None
    store = owner.store_id if owner else dice.choice((cast.store.id, cast.other_store.id))
    return f.make_customer(session, id=key, store_id=store, owner=owner, confidentiality=kind(dice),
                           advisor_id=dice.choice((None, cast.service_advisor.id)),
                           deleted_at=NOW if dice.random() < 0.15 else None)


def fill(dice: random.Random, session: Any, cast: Cast, number: int) -> tuple[list[Any], Iterator[int]]:
    """Customers of both stores, most of them in counted blocks."""
    free = keys(dice, number + 40)
    rows = [a_customer(dice, session, cast, next(free)) for _n in range(number)]
    cast.outsider.role_id = cast.care_manager.role_id
    session.flush()
    customer_blocks.settle(session.connection())
    return rows, free


def change(dice: random.Random, session: Any, cast: Cast, rows: list[Any], free: Iterator[int]) -> None:
    """One write by one of the roads: an object of the session, a statement for one row or for many."""
    row, road, connection = dice.choice(rows), dice.randrange(8), session.connection()
    values: dict[str, Any] = dice.choice([
        {"deleted_at": NOW}, {"deleted_at": None}, {"confidentiality": kind(dice)}, {"note": "x"},
        {"store_id": dice.choice((cast.store.id, cast.other_store.id))}, {"owner_id": cast.colleague.id}])
    if road < 2:
        for name, value in values.items():
            setattr(row, name, value)
    elif road == 2:
        connection.execute(sa.update(CUSTOMER).where(CUSTOMER.c.id.in_([one.id for one in rows[::3]])).values(values))
    elif road == 3:  # a purge
        rows.remove(row)
        connection.execute(sa.delete(m.CustomerReader.__table__).where(
            m.CustomerReader.__table__.c.customer_id == row.id))
        connection.execute(sa.delete(CUSTOMER).where(CUSTOMER.c.id == row.id))
        session.expunge(row)
    elif road == 4:  # with the key of an old one, or the newest of all
        rows.append(a_customer(dice, session, cast, dice.choice((next(free), 8 * SIZE + next(free)))))
    elif road == 5:  # as an import does
        connection.execute(sa.insert(CUSTOMER), [
            {"id": next(free), "name": "表", "store_id": cast.store.id, "confidentiality": kind(dice)} for _n in "12"])
    elif road == 6:
        customer_blocks.settle(connection)
    else:
        with connection.begin_nested() as inside:  # what is taken back leaves nothing
            connection.execute(sa.update(CUSTOMER).values(deleted_at=NOW))
            inside.rollback()
    session.flush()
    session.expire_all()


def whole_pages(session: Any, size: int) -> int:
    """Compares every page that is jumped to with its part of the whole list; returns how many there are."""
    asked = listing.Asked(m.Customer, lambda: listing.select_rows(m.Customer, []), "blocks")
    whole = [row.id for row in session.execute(listing.ordered(
        m.Customer, sa.select(m.Customer.id), NEWEST_FIRST))]
    last = len(whole) // size + 2
    for number in range(1, last):
        page = listing.page(asked, NEWEST_FIRST, size, [m.Customer.name], number=number)
        found, left = [row.id for row in page.rows], whole[number * size:]
        assert found == left[:size]
        assert (page.before, page.after) == (found[0] if found else None, found[-1] if left[size:] else None)
    return last


@pytest.mark.parametrize("seed", range(5))
def test_the_numbers_follow_every_road_of_writing(store_app: Flask, session: Any, cast: Cast, seed: int) -> None:
    dice = random.Random(seed)
    rows, free = fill(dice, session, cast, 30)
    assert session.connection().execute(sa.select(sa.func.count()).select_from(BLOCK)).scalar() > 8
    for _n in range(12):
        change(dice, session, cast, rows, free)
        assert customer_blocks.wrong(session.connection()) == 0
    customer_blocks.settle(session.connection())
    names = session.connection().execute(sa.select(BLOCK.c.store_id, BLOCK.c.block)).all()
    assert customer_blocks.wrong(session.connection()) == 0 and len(names) == len(set(names))
    session.rollback()


@pytest.mark.parametrize("seed", range(5))
def test_every_page_by_number_is_that_of_the_whole_list(
        store_app: Flask, session: Any, cast: Cast, as_person: Any, every_jump: list[bool], seed: int) -> None:
    dice, before = random.Random(seed), access.actor_of(session)
    rows, free = fill(dice, session, cast, 100)
    for row in rows[:6]:
        session.add(m.CustomerReader(store_id=row.store_id, customer_id=row.id, reason="案子",
                                     user_id=dice.choice((cast.care_manager, cast.marketing, cast.care_specialist)).id,
                                     until=dice.choice((None, TODAY - dt.timedelta(days=400)))))
    for _n in range(8):
        change(dice, session, cast, rows, free)
    for name in PEOPLE:
        as_person(getattr(cast, name))
        every_jump.clear()
        whole_pages(session, 3)
        # the blocks answer whoever sees whole stores, but for the first rows, which are newer than all of them
        assert any(every_jump) is (name in WHOLE), name
        access.set_actor(session, before)
    session.rollback()


def test_where_many_rows_stand_beside_the_blocks_keys_are_passed_over(
        store_app: Flask, session: Any, cast: Cast, as_person: Any, every_jump: list[bool],
        monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(7)
    fill(dice, session, cast, 60)
    as_person(cast.general_manager)
    number = session.scalar(sa.select(sa.func.count(m.Customer.id)).where(m.Customer.confidentiality != "normal"))
    answered = []
    for most in (0, 5, 15, number - 1, number + 60):
        monkeypatch.setattr(jumps, "MOST", most)
        every_jump.clear()
        whole_pages(session, 4)
        answered.append(sum(every_jump))
    assert answered[0] == 0 < answered[2] < answered[-1] and answered == sorted(answered)


def test_a_filter_an_order_and_a_narrowed_list_do_not_ask_the_blocks(
        store_app: Flask, session: Any, cast: Cast, as_person: Any, every_jump: list[bool]) -> None:
    fill(random.Random(3), session, cast, 40)
    as_person(cast.general_manager)
    base = lambda: listing.select_rows(m.Customer, [])  # noqa: E731
    few = listing.Asked(m.Customer, lambda: base().where(m.Customer.owner_id.is_not(None)), "owned")
    wanted = [row.id for row in session.scalars(listing.ordered(m.Customer, few.statement(), NEWEST_FIRST))]
    assert [row.id for row in listing.page(few, NEWEST_FIRST, 5, number=2).rows] == wanted[10:15]
    oldest_first = listing.Order(m.Customer.id, False)
    everybody = listing.Asked(m.Customer, base, "all")
    wanted = [row.id for row in session.scalars(listing.ordered(m.Customer, base(), oldest_first))]
    page = listing.page(everybody, oldest_first, 5, number=3)
    assert [row.id for row in page.rows] == wanted[15:20] and (page.before, page.after) == (wanted[15], wanted[19])
    by_name = listing.Order(m.Customer.name, True)
    wanted = [row.id for row in session.scalars(listing.ordered(m.Customer, base(), by_name))]
    assert [row.id for row in listing.page(everybody, by_name, 5, number=3).rows] == wanted[15:20]
    assert not any(every_jump)
    assert listing.page(everybody, NEWEST_FIRST, 5, number=3).rows and any(every_jump)


def test_a_merge_is_counted(store_app: Flask, session: Any, cast: Cast) -> None:
    kept, merged = (f.make_customer(session, owner=cast.sales_consultant, id=key) for key in (5, SIZE + 5))
    f.make_customer(session, id=4 * SIZE)
    customer_blocks.settle(session.connection())
    merging.merge(session, kept, merged, {}, NOW)
    session.flush()
    assert customer_blocks.wrong(session.connection()) == 0
    numbers = dict(session.connection().execute(sa.select(BLOCK.c.block, sa.func.sum(BLOCK.c.number)).where(
        BLOCK.c.store_id == customer_blocks.EVERY).group_by(BLOCK.c.block)).all())
    assert numbers[0] == 1 and numbers[1] == 0


def test_a_new_customer_touches_nothing(store_app: Flask, session: Any, cast: Cast) -> None:
    f.make_customer(session, id=3 * SIZE + 7)
    customer_blocks.settle(session.connection())
    before = session.connection().execute(sa.select(sa.func.count()).select_from(BLOCK)).scalar()
    f.make_customer(session, id=3 * SIZE + 8)
    f.make_customer(session, id=9 * SIZE)
    assert session.connection().execute(sa.select(sa.func.count()).select_from(BLOCK)).scalar() == before
    f.make_customer(session, id=2 * SIZE)
    assert session.connection().execute(sa.select(sa.func.count()).select_from(BLOCK)).scalar() == before + 2


def test_the_nightly_job_counts(store_app: Flask, session: Any, cast: Cast) -> None:
    f.make_customer(session, id=1)
    f.make_customer(session, id=2 * SIZE)
    session.commit()
    assert jobs.run("tidy") is not None
    rows = session.connection().execute(sa.select(BLOCK.c.store_id, BLOCK.c.block, BLOCK.c.number)).all()
    assert sorted(rows) == [(0, 0, 1), (0, 1, 0), (1, 0, 1)]


def test_rows_in_bulk_are_counted_at_the_end(store_app: Flask, session: Any, cast: Cast) -> None:
    with derived.loading(session.connection()):
        f.make_customer(session, id=1)
        f.make_customer(session, id=5 * SIZE)
    assert customer_blocks.wrong(session.connection()) == 0
    assert session.connection().execute(sa.select(sa.func.max(BLOCK.c.block))).scalar() == 4
    assert customer_blocks.triggers_missing(session.connection()) == []
    assert "customer_block" not in {table.name for table in tables.in_order()}


def test_a_number_that_is_not_right_is_found_out(store_app: Flask, session: Any, cast: Cast) -> None:
    f.make_customer(session, id=1)
    f.make_customer(session, id=5 * SIZE)
    session.commit()
    jobs.run("tidy")
    check = store_app.test_cli_runner().invoke(args=["check"]).output
    assert "customer blocks: " in check and "FAULT customer blocks" not in check
    with db.engine.begin() as connection:
        connection.execute(sa.update(BLOCK).where(BLOCK.c.number == 1).values(number=2))
    assert "FAULT customer blocks" in store_app.test_cli_runner().invoke(args=["check"]).output
    store_app.test_cli_runner().invoke(args=["rebuild"])
    assert "FAULT customer blocks" not in store_app.test_cli_runner().invoke(args=["check"]).output
    with db.engine.begin() as connection:
        customer_blocks.pause(connection)
    assert "customer_block_update" in store_app.test_cli_runner().invoke(args=["check"]).output


# ---------------------------------------------------------------- several at once


def test_counting_while_others_write(postgres_home: Any) -> None:
    """PostgreSQL: writers change customers all the while, above all those of the block that is just becoming old.
    SQLite has one writer at a time."""
    with postgres_home.fresh().app_context():
        faults, written = _write_and_count()
        assert not faults and all(written)
        with db.engine.connect() as connection:
            assert customer_blocks.wrong(connection) == 0
            assert connection.execute(sa.select(sa.func.sum(BLOCK.c.number))).scalar() != 0
        db.engine.dispose()


def _write_and_count() -> tuple[list[Exception], list[int]]:
    """What went wrong in the writers, and how often each has written; every count between is looked at."""
    engine, stop, faults, written = db.engine, threading.Event(), [], [0, 0, 0]
    crowd: list[int] = []

    def add(connection: Any, block: int) -> None:
        made = [{"id": block * SIZE + key, "name": "表", "store_id": 1} for key in range(1, 11)]
        connection.execute(sa.insert(CUSTOMER), made)
        crowd.extend(row["id"] for row in made)

    def write(place: int) -> None:
        dice = random.Random(place)
        try:
            while not stop.is_set():
                with engine.begin() as connection:
                    for key in sorted(dice.sample(crowd[-40:], 3)):
                        connection.execute(sa.update(CUSTOMER).where(CUSTOMER.c.id == key).values(
                            deleted_at=dice.choice((None, NOW)), confidentiality=kind(dice)))
                        time.sleep(0.002)  # between its writes a block may be counted
                written[place] += 1
        except Exception as error:
            faults.append(error)

    with engine.begin() as connection:
        add(connection, 0)
    writers = [threading.Thread(target=write, args=(place,)) for place in range(3)]
    for writer in writers:
        writer.start()
    try:
        for block in range(1, 13):
            with engine.begin() as connection:
                add(connection, block)
            with engine.begin() as connection:
                assert customer_blocks.settle(connection)
            with engine.connect() as connection:
                assert connection.execute(sa.select(sa.func.max(BLOCK.c.block))).scalar() == block - 1
                assert customer_blocks.wrong(connection) == 0
            time.sleep(0.02)
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    return faults, written


@pytest.mark.parametrize("counts", [False, True])
def test_whoever_writes_for_long_is_not_waited_for(postgres_home: Any, monkeypatch: pytest.MonkeyPatch,
                                                   counts: bool) -> None:
    """PostgreSQL: a change that is not committed yet is neither missed nor counted twice."""
    monkeypatch.setattr(customer_blocks, "PATIENCE", "100ms")
    app = postgres_home.fresh()
    with app.app_context(), db.engine.connect() as writer:
        with db.engine.begin() as connection:
            connection.execute(sa.insert(CUSTOMER), [
                {"id": key, "name": "表", "store_id": 1} for key in (1, 2, 3 * SIZE)])
            if counts:
                assert customer_blocks.settle(connection)
        writer.execute(sa.update(CUSTOMER).where(CUSTOMER.c.id == 1).values(deleted_at=NOW))
        with db.engine.begin() as connection:
            assert customer_blocks.settle(connection) is False
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "0"
        writer.commit()
        with db.engine.begin() as connection:
            assert customer_blocks.settle(connection)
            assert customer_blocks.wrong(connection) == 0
            assert connection.execute(sa.select(BLOCK.c.number).where(
                BLOCK.c.store_id == 1, BLOCK.c.block == 0)).scalars().all() == [1]
    with app.app_context():
        db.engine.dispose()
