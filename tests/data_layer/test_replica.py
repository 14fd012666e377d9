"""Reports read a streaming replica: the gate holds, writing goes to the database, and whatever ails it pages work."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from admin_app import access, create_app, replica
from admin_app import models as m
from admin_app.database import db
from admin_app.errors import RuleError
from tests import conftest, postgres
from tests import factories as f
from tests.cast import Cast

REPORT = "/admin/access_log/"  # a report; /admin/customer/ is none


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[postgres.Server, postgres.Standby, str]]:
    """A database with its replica."""
    with postgres.running() as server, server.database() as url, server.standby() as standby:
        yield server, standby, url


@pytest.fixture(scope="module")
def home(pair: Any, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    _server, standby, url = pair
    name = sa.make_url(url).database
    app = create_app(conftest.settings(tmp_path_factory.mktemp("pair"), url) | {
        "CAREDESK_REPLICA_URL": standby.url(name), "CAREDESK_REPLICA_LAG": "3"})
    conftest.fill(app)
    return app


@pytest.fixture
def app(home: Flask, pair: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application with a replica that has caught up; the just-written are let go at once."""
    pair[1].catch_up()
    kept = replica.of(home)
    assert kept is not None
    kept.usable, kept.looked, kept.why = False, float("-inf"), "not looked at yet"
    monkeypatch.setattr(replica, "LOOK_EVERY", 0.0)
    yield from conftest._entered(home)


@pytest.fixture
def seen(home: Flask) -> Iterator[list[str]]:
    """The statements that went to the replica."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    engine = replica.of(home).engine  # type: ignore[union-attr]
    sa.event.listen(engine, "before_cursor_execute", note)
    yield statements
    sa.event.remove(engine, "before_cursor_execute", note)


def later(client: Any) -> Any:
    """The browser after some seconds without writing."""
    with client.session_transaction() as kept:
        kept.pop("written_at", None)
    return client


def test_a_report_reads_the_replica_and_who_one_is_the_database(app: Flask, seen: list[str], sign_in: Any) -> None:
    client = later(sign_in("auditor"))
    assert client.get("/admin/customer/").status_code == 200
    assert seen == []
    assert client.get(REPORT).status_code == 200
    assert any("access_log" in text for text in seen)
    assert not [text for text in seen if "FROM sign_in" in text or 'FROM "grant"' in text]


def test_the_gate_holds_on_the_replica(app: Flask, seen: list[str], sign_in: Any, session: Any, cast: Cast,
                                       pair: Any) -> None:
    mine = f.make_customer(session, owner=cast.sales_consultant, name="自己的客户")
    f.make_customer(session, owner=cast.colleague, name="同事的客户")
    session.commit()
    pair[1].catch_up()
    client = later(sign_in("sales_consultant"))
    text = client.get(f"/admin/print/customer/?id={mine.id}").text
    assert "自己的客户" in text and any("customer" in one for one in seen)
    other = db.session.scalars(access.ungated(sa.select(m.Customer.id).where(m.Customer.name == "同事的客户"))).first()
    assert client.get(f"/admin/print/customer/?id={other}").status_code == 404
    assert later(sign_in("sales_consultant")).get(REPORT).status_code == 403


def test_what_a_report_writes_goes_to_the_database(app: Flask, seen: list[str], sign_in: Any, session: Any,
                                                   cast: Cast, pair: Any) -> None:
    customer = f.make_customer(session, owner=cast.sales_consultant)
    session.commit()
    pair[1].catch_up()
    client = later(sign_in("general_manager"))
    assert client.get(f"/admin/print/customer/?id={customer.id}").status_code == 200
    assert client.get("/admin/customer/export/csv/").status_code == 200
    assert any("FROM customer" in text for text in seen) and not any("INSERT" in text for text in seen)
    logged = session.scalars(sa.select(m.AccessLog.verb).where(m.AccessLog.user_id == cast.general_manager.id)).all()
    assert {"print", "export"} <= set(logged)


def test_nobody_writes_on_the_replica_s_connections(app: Flask) -> None:
    with replica.of(app).engine.connect() as connection:  # type: ignore[union-attr]
        assert connection.exec_driver_sql("SHOW default_transaction_read_only").scalar() == "on"


def test_whoever_has_just_written_sees_it(app: Flask, seen: list[str], sign_in: Any, session: Any, cast: Cast,
                                          monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in("auditor")
    with client.session_transaction() as kept:
        assert time.time() - kept["written_at"] < 60  # signing in is writing
    client.get(REPORT)
    assert not any("access_log" in text for text in seen)
    with client.session_transaction() as kept:
        kept["written_at"] -= 60
    client.get(REPORT)
    assert any("access_log" in text for text in seen)


def test_a_replica_that_is_behind_is_left_alone_and_the_log_says_so(
        app: Flask, seen: list[str], sign_in: Any, session: Any, cast: Cast, pair: Any,
        monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    kept = replica.of(app)
    assert kept is not None
    monkeypatch.setattr(kept, "most_behind", 0.2)
    client = sign_in("auditor")
    pair[1].catch_up()
    pair[1].pause(True)
    try:
        f.make_customer(session, owner=cast.sales_consultant, name="刚写的")
        session.commit()
        time.sleep(0.4)
        with caplog.at_level(logging.WARNING):
            assert later(client).get(REPORT).status_code == 200
        assert not any("access_log" in text for text in seen)
        assert "reports read the database itself" in caplog.text and "behind" in caplog.text
    finally:
        pair[1].pause(False)
    pair[1].catch_up()
    later(client).get(REPORT)
    assert any("access_log" in text for text in seen)


def test_pages_work_with_the_replica_stopped_and_go_back_to_it(app: Flask, seen: list[str], sign_in: Any, pair: Any,
                                                               caplog: pytest.LogCaptureFixture) -> None:
    client = later(sign_in("auditor"))
    assert client.get(REPORT).status_code == 200 and seen
    pair[1].halt()
    kept = replica.of(app)
    assert kept is not None
    kept.looked = time.monotonic() + 3600  # it breaks off in the middle of a page, before anybody looks
    with caplog.at_level(logging.WARNING):
        answer = client.get(REPORT + "?page_size=50")
        assert answer.status_code == 302 and answer.location.endswith(REPORT + "?page_size=50")
        assert client.get(answer.location).status_code == 200
    assert caplog.text.count("the replica cannot be used") == 1
    kept.looked = float("-inf")
    assert client.get(REPORT).status_code == 200, "and where one looks first, nobody notices"
    pair[1].start()
    pair[1].catch_up()
    kept.looked = float("-inf")
    seen.clear()
    assert client.get(REPORT).status_code == 200
    assert any("access_log" in text for text in seen)


def test_a_database_of_its_own_is_no_replica(pair: Any, tmp_path: Path) -> None:
    server, _standby, url = pair
    with server.database() as other:
        app = create_app(conftest.settings(tmp_path, url) | {"CAREDESK_REPLICA_URL": other})
        with app.app_context():
            kept = replica.of(app)
            assert kept is not None and not kept.ready(db.engine)
            assert kept.why == "it is no replica"
            kept.engine.dispose()
            db.engine.dispose()


@pytest.mark.parametrize(("given", "said"), [
    ({"CAREDESK_REPLICA_URL": "postgresql://x/y"}, "needs PostgreSQL in both places"),
    ({"CAREDESK_POOL_SIZE": "many"}, "CAREDESK_POOL_SIZE must be a number"),
])
def test_settings_that_make_no_sense_are_a_sentence(tmp_path: Path, given: dict[str, str], said: str) -> None:
    with pytest.raises(RuleError, match=said):
        create_app(conftest.settings(tmp_path, "sqlite://") | given)


def test_every_report_is_a_page(app: Flask) -> None:
    assert set(app.view_functions) >= replica.REPORTS
    assert replica.is_report("customer.export") and not replica.is_report("customer.index_view")


def test_a_person_s_transaction_is_broken_off_a_job_s_is_not(app: Flask) -> None:
    from admin_app.database import hurried, patiently

    def limits() -> tuple[str, str, str]:
        with db.engine.connect() as connection:
            return tuple(connection.exec_driver_sql(f"SHOW {name}").scalar()  # type: ignore[return-value]
                         for name in ("statement_timeout", "lock_timeout", "application_name"))

    token = hurried.set(True)
    try:
        assert limits() == ("30s", "10s", "caredesk")
        with patiently():
            assert limits() == ("0", "0", "caredesk")
        assert limits() == ("30s", "10s", "caredesk")
    finally:
        hurried.reset(token)
    assert limits() == ("0", "0", "caredesk")


