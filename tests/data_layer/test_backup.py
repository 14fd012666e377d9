"""Backup while people write, restore into an empty place, damage that is refused, the move to another database."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from admin_app import access, audit, backup, create_app, customer_blocks, tables
from admin_app import models as m
from admin_app.database import db
from admin_app.errors import RuleError
from admin_app.rules.scores.rollup import rebuilding
from tests import factories as f
from tests.cast import Cast
from tests.conftest import settings


def upgraded(folder: Path, url: str) -> Flask:
    """An application over an empty database with today's tables."""
    app = create_app(settings(folder, url))
    with app.app_context():
        db.create_all()
    return app


def fill(session: Any, cast: Cast) -> None:
    first = f.make_customer(session, owner=cast.sales_consultant, name="赵建国 😀 =1+1", id_number="330106199001011663",
                            birthday=f.TODAY, tags=["老客户"])
    second = f.make_customer(session, owner=cast.sales_consultant, referrer_id=None)
    first.referrer_id = second.id  # a row that points at a later one of its own table
    f.make_vehicle(session, first, price="263800.50")
    f.make_visit(session, first, staff=cast.sales_consultant, content="<b>面谈</b>\n第二行")
    session.commit()


def test_a_restored_backup_has_the_same_counts_and_checksums(store_app: Flask, session: Any, cast: Cast,
                                                             tmp_path: Path) -> None:
    fill(session, cast)
    f.make_customer(session, id=3 * customer_blocks.SIZE)  # the others stand in blocks that are counted
    session.commit()
    file = tmp_path / "night.caredesk"
    manifest = backup.create(file)
    assert manifest["tables"]["customer"]["rows"] == 3 and "customer_block" not in manifest["tables"]
    assert "赵建国".encode() not in file.read_bytes()
    other = upgraded(tmp_path, f"sqlite:///{tmp_path / 'restored.db'}")
    with other.app_context():
        backup.restore(file)
        with db.engine.connect() as connection:
            assert tables.sums(connection) == manifest["tables"]
            assert audit.verify(connection, [manifest["anchor"]]) == []
            assert rebuilding.is_built(connection) and rebuilding.differences(connection) == []
            assert customer_blocks.wrong(connection) == 0 and customer_blocks.triggers_missing(connection) == []
            assert connection.exec_driver_sql("SELECT sum(number) FROM customer_block WHERE store_id = 1").scalar() == 2
        with access.as_system(db.session, "test"):
            customer = db.session.scalars(sa.select(m.Customer).where(m.Customer.name.startswith("赵"))).one()
            assert customer.id_number == "330106199001011663"
            assert customer.referrer_id is not None
            db.session.add(m.Customer(store_id=1, name="danach"))  # the numbering goes on
            db.session.commit()
        db.session.remove()
        db.engine.dispose()


def test_a_backup_of_sqlite_goes_into_postgresql_and_back(app: Flask, session: Any, cast: Cast, tmp_path: Path,
                                                          postgres_server: Any) -> None:
    fill(session, cast)
    manifest = backup.create(tmp_path / "a.caredesk")
    with postgres_server.database() as url:
        other = upgraded(tmp_path, url)
        with other.app_context():
            backup.restore(tmp_path / "a.caredesk")
            with access.as_system(db.session, "test"):
                db.session.add(m.Customer(store_id=1, name="danach"))
                db.session.flush()
                db.session.rollback()
            again = backup.create(tmp_path / "b.caredesk")
            db.session.remove()
            db.engine.dispose()
    assert again["tables"] == manifest["tables"]


def test_a_backup_taken_while_people_write_is_one_moment(store_app: Flask, session: Any, cast: Cast,
                                                         tmp_path: Path) -> None:
    fill(session, cast)
    stop, written = threading.Event(), []

    def write() -> None:
        with store_app.app_context():
            while not stop.is_set() and len(written) < 400:
                with access.as_system(db.session, "writer"):
                    customer = m.Customer(store_id=1, name=f"写入{len(written)}")
                    db.session.add(customer)
                    db.session.flush()
                    db.session.add(m.Visit(store_id=1, customer_id=customer.id, at=f.NOW))
                db.session.commit()
                written.append(1)
            db.session.remove()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [backup.create(tmp_path / f"{n}.caredesk") for n in range(3)]
    finally:
        stop.set()
        writer.join()
    assert written
    for manifest in made:  # each customer of the writer has its visit: nothing was torn apart
        rows = manifest["tables"]
        assert rows["customer"]["rows"] - 2 == rows["visit"]["rows"] - 1
        assert rows["audit_entry"]["rows"] == manifest["anchor"]["count"]


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("damage", ["flipped", "cut", "other", "empty", "missing"])
def test_a_damaged_backup_is_refused_with_a_sentence(session: Any, cast: Cast, tmp_path: Path, damage: str) -> None:
    fill(session, cast)
    file = tmp_path / "x.caredesk"
    backup.create(file)
    content = bytearray(file.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 1
    elif damage == "cut":
        del content[-40:]
    elif damage == "other":
        content = bytearray(b"PK\x03\x04 something else")
    elif damage == "empty":
        content = bytearray()
    file.write_bytes(content)
    if damage == "missing":
        file.unlink()
    with pytest.raises(RuleError) as caught:
        backup.check(file)
    assert str(caught.value)


def test_another_key_does_not_open_it(app: Flask, session: Any, cast: Cast, tmp_path: Path) -> None:
    backup.create(tmp_path / "x.caredesk")
    key = app.config["CAREDESK_ENCRYPTION_KEY"]
    try:
        app.config["CAREDESK_ENCRYPTION_KEY"] = "A" * 43 + "="
        with pytest.raises(RuleError, match="CAREDESK_ENCRYPTION_KEY"):
            backup.check(tmp_path / "x.caredesk")
    finally:
        app.config["CAREDESK_ENCRYPTION_KEY"] = key


def test_nothing_is_restored_over_data(store_app: Flask, session: Any, cast: Cast, tmp_path: Path) -> None:
    fill(session, cast)
    backup.create(tmp_path / "x.caredesk")
    with db.engine.connect() as connection:
        before = tables.sums(connection)
    session.commit()
    with pytest.raises(RuleError):
        backup.restore(tmp_path / "x.caredesk")
    with db.engine.connect() as connection:
        assert tables.sums(connection) == before


@pytest.mark.usefixtures("app")
def test_the_nightly_backup_keeps_the_last_ones(session: Any, tmp_path: Path) -> None:
    session.commit()
    for number in range(4):
        (tmp_path / f"caredesk-2026010{number}-000000.caredesk").write_bytes(b"old")
    made = backup.nightly(tmp_path, keep=3)
    assert backup.latest(tmp_path) == made
    assert len(list(tmp_path.glob("*.caredesk"))) == 3
    assert backup.check(made)["tables"]


def test_moving_to_another_database_loses_nothing(app: Flask, session: Any, cast: Cast, tmp_path: Path,
                                                  postgres_server: Any) -> None:
    fill(session, cast)
    session.commit()
    with db.engine.connect() as connection:
        before = tables.sums(connection)
    with postgres_server.database() as url:
        answer = app.test_cli_runner().invoke(args=["move-to", url])
        assert answer.exit_code == 0, answer.output
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            assert tables.sums(connection) == before
        engine.dispose()
        again = app.test_cli_runner().invoke(args=["move-to", url])
        assert again.exit_code == 1
