"""PostgreSQL: what has only read ends so that the driver keeps its prepared statements; what has written is undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from admin_app import access, database
from admin_app import models as m
from admin_app.database import db
from tests import conftest

STORE = m.Store.__table__
NAMED = sa.select(STORE.c.name).where(STORE.c.id == 1)


@pytest.fixture
def app(postgres_home: Any) -> Iterator[Flask]:
    yield from conftest._entered(postgres_home.fresh())


@pytest.fixture
def in_a_request() -> Iterator[None]:
    """Somebody waits in front of a screen."""
    mark = database.hurried.set(True)
    yield
    database.hurried.reset(mark)


def prepared(connection: Any) -> int:
    """How many statements the server holds prepared for this connection."""
    return int(connection.connection.driver_connection.execute(
        "SELECT count(*) FROM pg_prepared_statements").fetchone()[0])


def test_statements_stay_prepared_from_one_request_to_the_next(app: Flask, sign_in: Any) -> None:
    client = sign_in("general_manager")
    for _n in range(8):
        assert client.get("/admin/customer/").status_code == 200
    with db.engine.connect() as connection:  # the pool hands out the one that was used last
        assert prepared(connection) >= 3


def test_reading_ends_by_commit_and_writing_by_rollback(app: Flask, in_a_request: None) -> None:
    ended: list[str] = []

    class Ending:
        info: dict[str, Any]

        def commit(self) -> None:
            ended.append("commit")

        def rollback(self) -> None:
            ended.append("rollback")

    for info in ({database.ONLY_READ: True}, {database.ONLY_READ: False}, {}):
        one = Ending()
        one.info = info
        db.engine.dialect.do_rollback(one)  # type: ignore[arg-type]
        assert database.ONLY_READ not in info
    assert ended == ["commit", "rollback", "rollback"]


WRITES: list[Callable[[sa.Connection], Any]] = [
    lambda c: c.execute(sa.update(STORE).where(STORE.c.id == 1).values(name="改了")),
    lambda c: c.exec_driver_sql("UPDATE store SET name = '改了' WHERE id = 1"),
    lambda c: c.exec_driver_sql("WITH it AS (UPDATE store SET name = '改了' RETURNING 1) SELECT * FROM it"),
    lambda c: c.exec_driver_sql("  \n update store SET name = '改了' WHERE id = 1"),
]


@pytest.mark.parametrize("place", range(len(WRITES)))
def test_what_was_written_and_not_committed_is_undone(app: Flask, in_a_request: None, place: int) -> None:
    with db.engine.connect() as connection:
        before = connection.execute(NAMED).scalar()
        connection.rollback()
        connection.execute(NAMED)
        WRITES[place](connection)
        assert connection.execute(NAMED).scalar() == "改了"
        connection.rollback()
        assert connection.execute(NAMED).scalar() == before
    with db.engine.connect() as connection:
        WRITES[place](connection)  # and where the connection is given back in the middle
    with db.engine.connect() as connection:
        assert connection.execute(NAMED).scalar() == before


def test_an_object_written_and_taken_back_is_undone(app: Flask, in_a_request: None) -> None:
    session = db.session
    session.rollback()
    with access.as_system(session, "test"):
        store = session.get(m.Store, 1)
        before, store.name = store.name, "改了"
        session.flush()
        session.rollback()
    assert db.session.get(m.Store, 1).name == before


def test_a_broken_transaction_leaves_the_connection_in_order(app: Flask, in_a_request: None) -> None:
    with db.engine.connect() as connection:
        with pytest.raises(sa.exc.DBAPIError):
            connection.exec_driver_sql("SELECT 1 / 0")
        connection.rollback()
        assert connection.execute(NAMED).scalar() is not None


def test_work_that_may_go_past_sqlalchemy_is_never_ended_by_commit(app: Flask) -> None:
    """Jobs and commands load rows by COPY, which no event sees."""
    with db.engine.connect() as connection:
        connection.execute(NAMED)
        connection.connection.driver_connection.execute("UPDATE store SET name = '改了' WHERE id = 1")
        connection.rollback()
        assert connection.execute(NAMED).scalar() != "改了"


def test_what_is_read_in_pieces_is_planned_to_its_end(app: Flask) -> None:
    with db.engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW cursor_tuple_fraction").scalar() == "1"
