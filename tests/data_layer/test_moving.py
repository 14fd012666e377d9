"""The move to another database and back: nothing lost, nothing overwritten, broken off and begun again."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from admin_app import access, create_app, customer_blocks, tables
from admin_app import models as m
from admin_app.cli_operations import _target_engine
from admin_app.database import db
from tests import conftest

ROOT = Path(__file__).resolve().parent.parent.parent


def desk(folder: Path, url: str) -> Flask:
    return create_app(conftest.settings(folder, url))


def run(app: Flask, *arguments: str) -> Any:
    return app.test_cli_runner().invoke(args=list(arguments))


def all_sums(app: Flask) -> dict[str, Any]:
    with app.app_context():
        with db.engine.connect() as connection:
            found = tables.sums(connection)
        db.session.remove()
        db.engine.dispose()
    return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Flask, str]:
    """The demo store in a SQLite file, and its address; tests do not change it."""
    folder = tmp_path_factory.mktemp("demo")
    url = f"sqlite:///{folder / 'demo.db'}"
    app = desk(folder, url)
    answer = run(app, "init", "--demo")
    assert answer.exit_code == 0, answer.output
    return app, url


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Flask, str]:
    """Made-up rows in a SQLite file, and its address; tests do not change it."""
    folder = tmp_path_factory.mktemp("small")
    url = f"sqlite:///{folder / 'small.db'}"
    app = desk(folder, url)
    answer = run(app, "demo", "--customers", "3000", "--visits", "9000", "--staff", "10")
    assert answer.exit_code == 0, answer.output
    return app, url


@pytest.fixture
def empty(postgres_server: Any) -> Iterator[str]:
    with postgres_server.database() as url:
        yield url


def test_there_and_back_with_the_demo_store(demo: tuple[Flask, str], empty: str, tmp_path: Path) -> None:
    before = all_sums(demo[0])
    assert before["customer"]["rows"] > 1_000
    answer = run(demo[0], "move-to", empty)
    assert answer.exit_code == 0, answer.output
    there = desk(tmp_path, empty)
    assert all_sums(there) == before
    assert run(there, "audit", "verify").exit_code == 0
    checked = run(there, "check")
    assert "FAULT" not in checked.output.replace("FAULT disk", ""), checked.output
    with there.app_context(), access.as_system(db.session, "test"):
        for model in (m.Customer, m.Store):  # the numbering goes on behind the highest key
            highest = db.session.scalar(sa.select(sa.func.max(model.id)))
            row = model(store_id=1, name="新") if model is m.Customer else model(code="NEW", name="新店")
            db.session.add(row)
            db.session.flush()
            assert row.id == highest + 1
        db.session.rollback()
        db.session.remove()
        db.engine.dispose()
    back = f"sqlite:///{tmp_path / 'back.db'}"
    answer = run(there, "move-to", back)
    assert answer.exit_code == 0, answer.output
    again = desk(tmp_path, back)
    assert all_sums(again) == before
    assert run(again, "audit", "verify").exit_code == 0
    assert "FAULT integrity" not in run(again, "check").output


def test_blocks_of_customers_are_counted_where_they_go(small: tuple[Flask, str], empty: str, tmp_path: Path) -> None:
    """They are not carried over, but worked out from the customers."""
    file = tmp_path / "more.db"
    shutil.copy(small[1].removeprefix("sqlite:///"), file)
    here = desk(tmp_path, f"sqlite:///{file}")
    with here.app_context():
        with db.engine.begin() as connection:  # a customer of today, far ahead of the 3,000
            connection.execute(sa.insert(m.Customer.__table__), {
                "id": 4 * customer_blocks.SIZE, "store_id": 1, "name": "新"})
        db.engine.dispose()
    answer = run(here, "move-to", empty)
    assert answer.exit_code == 0, answer.output
    there = desk(tmp_path, empty)
    with there.app_context():
        with db.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT block, number FROM customer_block WHERE store_id = 0").all()
            assert customer_blocks.wrong(connection) == 0 and customer_blocks.triggers_missing(connection) == []
        db.engine.dispose()
    numbers = dict(sorted(rows))
    assert sorted(numbers) == [0, 3] and 2_900 < numbers[0] < 3_000 and numbers[3] == 0


def catalogue(url: str) -> list[tuple[Any, ...]]:
    """Every index and link with its definition, as the database has it."""
    engine = _engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'table') "
                                               "ORDER BY name").all()
        else:
            found = connection.exec_driver_sql(
                "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint UNION ALL "
                "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2").all()
    engine.dispose()
    # PostgreSQL writes casts and brackets anew when it reads its own words
    casts = re.compile(r"::(character varying|text)(\[\])?|[()]")
    return [tuple(casts.sub("", str(one)) for one in row) for row in found]


def _engine(url: str) -> sa.Engine:
    from admin_app import database

    engine = sa.create_engine(database.driver_url(url), **database.engine_options(url))
    database.prepare_engine(engine)
    return engine


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_links_and_indexes_are_those_of_the_migrations(small: tuple[Flask, str], empty: str, tmp_path: Path,
                                                       kind: str) -> None:
    import flask_migrate

    url = empty if kind == "postgresql" else f"sqlite:///{tmp_path / 'target.db'}"
    target = desk(tmp_path, url)
    with target.app_context():
        flask_migrate.upgrade()
        db.session.remove()
        db.engine.dispose()
    wanted = catalogue(url)
    assert run(small[0], "move-to", url).exit_code == 0
    assert catalogue(url) == wanted and len(wanted) > 100


def test_a_target_with_rows_is_left_as_it_is(small: tuple[Flask, str], empty: str, tmp_path: Path) -> None:
    target = desk(tmp_path, empty)
    assert run(target, "init", "--empty").exit_code == 0
    before = all_sums(target)
    answer = run(small[0], "move-to", empty)
    assert answer.exit_code == 1 and "Traceback" not in answer.output
    assert all_sums(target) == before
    same = run(small[0], "move-to", small[1])
    assert same.exit_code == 1


def test_it_refuses_while_somebody_writes(small: tuple[Flask, str], empty: str, tmp_path: Path) -> None:
    """From PostgreSQL at once. Into SQLite, and nothing is made there."""
    assert run(small[0], "move-to", empty).exit_code == 0
    source, engine = desk(tmp_path, empty), _engine(empty)
    back = tmp_path / "back.db"
    with engine.begin() as writer:
        writer.execute(sa.update(m.Store.__table__).values(name=m.Store.__table__.c.name))
        answer = run(source, "move-to", f"sqlite:///{back}")
        assert answer.exit_code == 1 and "Traceback" not in answer.output
    assert not back.exists() or catalogue(f"sqlite:///{back}") == []
    engine.dispose()
    assert run(source, "move-to", f"sqlite:///{back}").exit_code == 0


def test_nobody_writes_into_sqlite_while_it_is_moved(small: tuple[Flask, str], empty: str,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    from admin_app import loading

    refused, load = [], loading.load

    def meanwhile(connection: Any, table: Any, *rest: Any) -> int:
        if table.name == "visit":
            engine = _engine(small[1])
            try:
                with engine.connect() as other:
                    other.connection.driver_connection.execute("PRAGMA busy_timeout=0")
                    other.execute(sa.update(m.Store.__table__).values(name="x"))
            except sa.exc.OperationalError as error:
                refused.append(str(error))
            engine.dispose()
        return load(connection, table, *rest)

    monkeypatch.setattr(loading, "load", meanwhile)
    assert run(small[0], "move-to", empty).exit_code == 0
    assert refused and "locked" in refused[0]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_killed_in_the_middle_nothing_is_there_and_a_second_run_works(small: tuple[Flask, str], empty: str,
                                                                      tmp_path: Path, kind: str) -> None:
    url = empty if kind == "postgresql" else f"sqlite:///{tmp_path / 'target.db'}"
    env = os.environ | {"CAREDESK_INSTANCE": str(tmp_path), "CAREDESK_DATABASE_URL": small[1], "FLASK_APP": "wsgi",
                        "CAREDESK_SECRET_KEY": "k" * 16, "CAREDESK_ENCRYPTION_KEY": conftest.KEY}
    process = subprocess.Popen([sys.executable, "-m", "flask", "move-to", url], cwd=ROOT, env=env, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("customer\t"):  # in the middle: some tables are in, others not
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    process.stdout.close()
    time.sleep(0.5)  # PostgreSQL notices that the other side is gone
    target = _target_engine_in(small[0], url)
    with target.connect() as connection:
        assert tables.is_empty(connection)
    target.dispose()
    answer = run(small[0], "move-to", url)
    assert answer.exit_code == 0, answer.output
    assert all_sums(desk(tmp_path, url)) == all_sums(small[0])


def _target_engine_in(app: Flask, url: str) -> sa.Engine:
    with app.app_context():
        return _target_engine(url)


def test_it_tells_how_far_it_is(small: tuple[Flask, str], empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from admin_app import cli_operations

    monkeypatch.setattr(cli_operations, "TELL_EVERY", 0)
    answer = run(small[0], "move-to", empty)
    assert "customer 1,000" in answer.stderr
    assert "customer 1,000" not in answer.stdout


def test_a_text_of_every_kind_arrives(tmp_path: Path, empty: str) -> None:
    """What COPY and the bare driver could misread: tabs, backslashes, quotes, \\N, emoji, lines, brackets, zeros."""
    texts = ["\\N", "a\tb", "c\\d\\", "两行\r\n第二行", "'\"%s %(x)s :y", "😀{}[]", " ", "0", "null", "true"]
    source = desk(tmp_path, f"sqlite:///{tmp_path / 'source.db'}")
    assert run(source, "init", "--empty").exit_code == 0
    with source.app_context(), access.as_system(db.session, "test"):
        number = "330106199001011663"
        db.session.add_all([m.Customer(store_id=1, name=f"甲{n}", note=text, tags=[text], id_number=number)
                            for n, text in enumerate(texts)])
        db.session.flush()
        db.session.add(m.Vehicle(store_id=1, customer_id=1, model="x", price="0.10"))
        db.session.commit()
        db.session.remove()
    assert run(source, "move-to", empty).exit_code == 0
    target = desk(tmp_path, empty)
    with target.app_context(), access.as_system(db.session, "test"):
        found = db.session.scalars(sa.select(m.Customer).order_by(m.Customer.id)).all()
        assert [row.note for row in found] == texts and [row.tags for row in found] == [[text] for text in texts]
        assert {row.id_number for row in found} == {"330106199001011663"}
        db.session.remove()
        db.engine.dispose()
    back = f"sqlite:///{tmp_path / 'back.db'}"
    assert run(target, "move-to", back).exit_code == 0
    assert all_sums(desk(tmp_path, back)) == all_sums(source)
