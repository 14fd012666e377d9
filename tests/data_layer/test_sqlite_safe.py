"""SQLite as the desk opens it: every connection is safe, writers begin as writers, the WAL stays small, a full disk is
a page and passes."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from admin_app import access, backup, create_app, database, jobs
from admin_app import models as m
from admin_app.access_log import Batch
from admin_app.cli_operations import _target_engine
from admin_app.database import db
from tests import conftest
from tests import factories as f
from tests.cast import NOW, Cast

ROOT = Path(database.__file__).resolve().parent.parent
WANTED = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 20000,
          "wal_autocheckpoint": 1000, "journal_size_limit": database.WAL_KEPT}


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """What goes to the database, each BEGIN among it."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.append(statement)

    engine = db.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    yield found
    sa.event.remove(engine, "before_cursor_execute", note)


def pragmas(connection: Any) -> dict[str, Any]:
    driver = connection.connection.driver_connection  # past SQLAlchemy, which would begin a transaction
    return {name: driver.execute(f"PRAGMA {name}").fetchone()[0] for name in WANTED}


def test_every_engine_of_the_product_opens_safe_connections(app: Flask, tmp_path: Path) -> None:
    other = create_app(conftest.settings(tmp_path, f"sqlite:///{tmp_path / 'other.db'}"))
    target = _target_engine(f"sqlite:///{tmp_path / 'target.db'}")
    with other.app_context():
        db.create_all()
        engines = [db.engine, Batch(db.engine).engine, target]
        for engine in engines:
            with engine.connect() as one, engine.connect() as two:  # two at once: no connection is the same
                assert pragmas(one) == WANTED and pragmas(two) == WANTED
        with backup.snapshot() as reading:
            assert pragmas(reading) == WANTED
        engines[0].dispose()
    target.dispose()


def test_no_connection_is_made_elsewhere() -> None:
    """Engines are made by Flask-SQLAlchemy in database.init_app, for the target of a move and for the replica; the bare
    connection of cli_stores folds the log of a demo that is moved aside."""
    made = {path.name for path in (ROOT / "admin_app").rglob("*.py")
            if re.search(r"create_engine\(|sqlite3\.connect\(|sqlite_module\.connect\(", path.read_text("utf-8"))}
    assert made == {"cli_operations.py", "replica.py", "cli_stores.py"}


def test_requests_that_write_and_jobs_begin_as_writers(app: Flask, statements: list[str], sign_in: Any) -> None:
    client = sign_in("general_manager")
    del statements[:]
    assert client.get("/admin/customer/").status_code == 200
    assert [text for text in statements if text.startswith("BEGIN")] == ["BEGIN"]
    for work in (lambda: client.post("/admin/customer/action/", data={"csrf_token": conftest.token(client, "/admin/")}),
                 lambda: jobs.run("anchor")):
        del statements[:]
        work()
        begun = [text for text in statements if text.startswith("BEGIN")]
        assert begun and begun[-1] == "BEGIN IMMEDIATE"
    del statements[:]
    Batch(db.engine).add({"at": conftest.NOW, "user_id": 1, "store_id": 1, "verb": "view"}, at_once=True)
    assert statements[0] == "BEGIN IMMEDIATE"


def test_nothing_written_while_only_reading_was_announced(app: Flask, session: Any, cast: Cast) -> None:
    """A transaction that began for reading and then writes would skip busy_timeout; the exports begin anew."""
    token = database.writing.set(False)
    try:
        session.rollback()
        session.scalars(sa.select(m.Customer.id)).all()
        database.start_writing(session)
        made = f.make_customer(session, owner=cast.sales_consultant)
        session.commit()
    finally:
        database.writing.reset(token)
    assert made.id in session.scalars(sa.select(m.Customer.id)).all()


@pytest.mark.parametrize(("found", "said"), [("3.40.1", True), ("3.51.2", True), ("3.51.3", False), ("3.53.0", False)])
def test_a_sqlite_with_the_wal_fault_is_told(monkeypatch: pytest.MonkeyPatch, found: str, said: bool) -> None:
    monkeypatch.setattr(database.sqlite_module, "sqlite_version", found, raising=False)
    assert bool(database.sqlite_warning()) is said
    if said:
        assert found in str(database.sqlite_warning())


def test_the_start_writes_the_warning_to_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                 caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(database, "sqlite_warning", lambda: "SQLite 3.40.1 has the WAL-reset bug")
    create_app(conftest.settings(tmp_path, f"sqlite:///{tmp_path / 'x.db'}"))
    assert "WAL-reset bug" in caplog.text


def test_the_wal_does_not_grow_under_readers_without_a_gap(app: Flask, session: Any, cast: Cast) -> None:
    """Readers that overlap keep SQLite from emptying its WAL; the checkpoint of the night waits for each of them and
    goes to the end, while they go on."""
    customer = f.make_customer(session, owner=cast.sales_consultant)
    key, engine = customer.id, db.engine
    session.commit()
    file = Path(str(engine.url.database))
    wal = file.with_name(file.name + "-wal")
    stop, failures = threading.Event(), []

    def read(offset: float) -> None:
        time.sleep(offset)
        database.writing.set(False)
        try:
            while not stop.is_set():
                with engine.connect() as connection:
                    connection.execute(sa.select(m.Customer.__table__.c.id)).all()
                    time.sleep(0.05)
        except sa.exc.SQLAlchemyError as error:
            failures.append(error)

    readers = [threading.Thread(target=read, args=(number * 0.012,)) for number in range(4)]
    for reader in readers:
        reader.start()
    try:
        for turn in range(60):
            with engine.begin() as connection:
                connection.execute(sa.update(m.Customer.__table__).where(m.Customer.__table__.c.id == key).values(
                    note=f"{turn}" * 20_000))
        grown = wal.stat().st_size
        session.rollback()
        assert jobs.run("tidy") is not None
        session.rollback()
        assert grown > 1_000_000
        assert wal.stat().st_size < 100_000, "the last entry of the job alone may be in it again"
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert not failures


FULL = """
import sys
from pathlib import Path
from admin_app import create_app
from admin_app.database import db
from tests import conftest
import sqlalchemy as sa
folder = Path(sys.argv[1])
app = create_app(conftest.settings(folder, f"sqlite:///{folder / 'full.db'}"))
conftest.fill(app)
app.test_client_class = conftest.Client
with app.app_context():
    client = app.test_client()
    answer = client.post("/login", data={"username": "general_manager", "password": conftest.PASSWORD,
                                         "csrf_token": conftest.token(client)})
    assert answer.status_code == 302
    made = {"csrf_token": conftest.token(client, "/admin/customer/new/"), "name": "满了", "phone": "13812345678",
            "store_id": "1", "note": "字" * 5_000}
    pages = {}
    @sa.event.listens_for(db.engine, "begin")
    def full(connection):
        if pages:
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages['most']}")
    with db.engine.connect() as connection:
        pages["most"] = connection.exec_driver_sql("PRAGMA page_count").scalar()
    answer = client.post("/admin/customer/new/", data=made)
    print(answer.status_code, "满了" in answer.text)
    print(client.get("/admin/customer/").status_code)
    pages["most"] = 1_000_000
    print(client.post("/admin/customer/new/", data=made).status_code)
    print("满了" in client.get("/admin/customer/").text)
"""


def test_a_full_disk_is_a_page_reading_goes_on_and_it_passes(tmp_path: Path) -> None:
    """The database may not take one page more: SQLITE_FULL, as on a full disk. What was typed stands on the page."""
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], cwd=ROOT, capture_output=True, text=True,
                          timeout=120, check=False)
    assert done.stdout.split() == ["503", "True", "200", "302", "True"], done.stderr[-3000:]


def test_links_hold_on_every_connection(app: Flask, session: Any) -> None:
    with pytest.raises(sa.exc.IntegrityError), db.engine.begin() as connection:
        connection.execute(sa.insert(m.Visit.__table__).values(store_id=1, customer_id=999_999, at=conftest.NOW))
    access.set_actor(session, None)


def test_the_nightly_tidy_counts_the_tables(app: Flask, session: Any, cast: Any) -> None:
    """A table that has grown since is counted anew, so that SQLite takes the right index."""
    for number in range(150):
        f.make_customer(session, owner=cast.sales_consultant, name=f"客{number}")
    session.commit()
    jobs.tidy(session, NOW)
    found = session.connection().exec_driver_sql("SELECT stat FROM sqlite_stat1 WHERE tbl = 'customer'").scalars().all()
    assert found and int(found[0].split()[0]) >= 150
