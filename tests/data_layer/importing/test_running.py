"""Imports beside the requests, on both databases: all of it or none, taken up after a crash, undone, forgotten."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from admin_app import access, jobs
from admin_app import models as m
from admin_app.choices import ImportState
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.errors import RuleError
from admin_app.importing import batches, pieces, running
from tests.conftest import KEY, act_as, row
from tests.factories import make_customer

ROWS = "姓名,电话,微信\n王强,13800138001,wq\n李梅,13800138002,\n,1,\n王强,13800138001,\n"


def job_of(session: Any, person: Any, text: str = ROWS, kind: str = "customers", state: Any = None) -> int:
    """An uploaded file of a person, tried or waiting where `state` says so."""
    act_as(person)
    job = batches.upload(session, kind, io.BytesIO(text.encode()), "kunden.csv", 1)
    if state is not None:
        job.state = ImportState.CHECKED
        batches.ask(job, state)
    session.commit()
    number: int = job.id
    session.rollback()
    return number


def number(session: Any, model: Any) -> int:
    access.set_actor(session, access.Actor(name="test", system="test", store_ids=None, store_id=1))
    found = session.scalar(sa.select(sa.func.count(model.id)))
    session.rollback()
    return int(found)


def test_a_trial_run_then_the_import_then_undo(store_app: Flask, session: Any, cast: Any) -> None:
    old = make_customer(session, owner=cast.colleague, phone="+8613800138001", wechat=None).id
    key = job_of(session, cast.care_manager, state=ImportState.CHECKING)
    running.start(key)
    tried = row(m.ImportJob, key)
    assert tried.state == ImportState.CHECKED and number(session, m.Customer) == 1
    act_as(cast.care_manager)
    batches.ask(session.get(m.ImportJob, key), ImportState.WAITING)
    session.commit()
    running.start(key)
    done = row(m.ImportJob, key)
    assert (done.state, done.message) == (ImportState.DONE, None)
    for name in ("created_rows", "updated_rows", "duplicate_rows", "rejected_rows"):
        assert getattr(done, name) == getattr(tried, name) == 1, name
    assert number(session, m.Customer) == 2 and row(m.Customer, old).wechat == "wq"
    act_as(cast.care_manager)
    assert batches.undo(session, session.get(m.ImportJob, key), utcnow()) == 2
    session.commit()
    assert number(session, m.Customer) == 1 and row(m.Customer, old).wechat is None
    act_as(cast.care_manager)
    with pytest.raises(RuleError):
        batches.undo(session, session.get(m.ImportJob, key), utcnow())
    session.rollback()


def test_the_rows_and_the_state_are_one_transaction(store_app: Flask, session: Any, cast: Any,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    key = job_of(session, cast.care_manager, state=ImportState.WAITING)

    def broken(*_arguments: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(running, "summary_of", broken)  # after the last row, before the report
    running.start(key)
    failed = row(m.ImportJob, key)
    assert failed.state == ImportState.FAILED and failed.message and "disk" not in failed.message
    assert number(session, m.Customer) == 0


def test_what_a_dead_process_left_is_taken_up_once(store_app: Flask, session: Any, cast: Any,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    key = job_of(session, cast.care_manager, state=ImportState.WAITING)

    def killed(*_arguments: Any, **_words: Any) -> None:
        raise SystemExit  # nobody is left to say that it failed

    with monkeypatch.context() as patch:
        patch.setattr(running, "import_file", killed)
        with pytest.raises(SystemExit):
            running.start(key)
    assert row(m.ImportJob, key).state == ImportState.RUNNING and number(session, m.Customer) == 0
    session.rollback()
    now = utcnow()
    assert running.take_up(session, now) == 0  # it may still be alive
    assert running.take_up(session, now + running.SILENT * 2) == 1
    assert row(m.ImportJob, key).state == ImportState.DONE and number(session, m.Customer) == 2
    session.rollback()
    assert running.take_up(session, now + running.SILENT * 4) == 0
    assert number(session, m.Customer) == 2


def test_whoever_lost_the_right_meanwhile_imports_nothing(store_app: Flask, session: Any, cast: Any) -> None:
    key = job_of(session, cast.care_specialist, state=ImportState.WAITING)
    access.set_actor(session, access.Actor(name="test", system="test", store_ids=None, store_id=1))
    cast.care_specialist.role_id = cast.marketing.role_id
    session.commit()
    running.start(key)
    assert row(m.ImportJob, key).state == ImportState.FAILED and number(session, m.Customer) == 0


def test_a_team_leader_fills_the_files_of_the_own_team_only(store_app: Flask, session: Any, cast: Any) -> None:
    mine = make_customer(session, owner=cast.colleague, phone="+8613800138001", wechat=None).id
    theirs = make_customer(session, owner=cast.other_team, phone="+8613800138002", wechat=None).id
    text = "姓名,电话,微信\n王强,13800138001,a\n李梅,13800138002,b\n"
    key = job_of(session, cast.sales_manager, text, state=ImportState.WAITING)
    running.start(key)
    assert row(m.ImportJob, key).rejected_rows == 1
    assert row(m.Customer, mine).wechat == "a" and row(m.Customer, theirs).wechat is None


def test_what_an_import_keeps_is_encrypted_and_goes_after_thirty_days(store_app: Flask, session: Any,
                                                                      cast: Any) -> None:
    key = job_of(session, cast.care_manager)
    stored = session.connection().execute(sa.text("SELECT data FROM import_piece")).scalars().all()
    assert stored and not any("13800138001" in one or "MTM4MDAx" in one for one in stored)
    assert b"13800138001" in pieces.fetch(session, key, pieces.FILE).read()
    session.rollback()
    job = row(m.ImportJob, key)
    with access.as_system(session, "test"):
        job.created_at = utcnow() - pieces.KEPT_FOR - dt.timedelta(days=1)
    session.commit()
    jobs.run("tidy")
    assert pieces.fetch(session, key, pieces.FILE) is None
    assert row(m.ImportJob, key) is not None


WORKER = """
import json, sys
from admin_app import create_app
from admin_app.importing import running
given, key = json.loads(sys.argv[1]), int(sys.argv[2])
app = create_app(given)
running.EVERY = 0
with app.app_context():
    running.start(key)
"""


def test_kill_9_in_the_middle_leaves_none_of_it(app: Flask, session: Any, cast: Any) -> None:
    lines = "".join(f"客户{n},13{n:09d},w{n}\n" for n in range(800_000_000, 800_030_000))
    key = job_of(session, cast.care_manager, "姓名,电话,微信\n" + lines, state=ImportState.WAITING)
    folder = Path(app.config["CAREDESK_INSTANCE"])
    given = {name: app.config[name] for name in ("CAREDESK_DATABASE_URL", "CAREDESK_INSTANCE", "CAREDESK_LOCALE",
                                                 "CAREDESK_TIMEZONE")}
    given |= {"CAREDESK_SECRET_KEY": "t" * 32, "CAREDESK_ENCRYPTION_KEY": KEY, "TESTING": True}
    worker = subprocess.Popen([sys.executable, "-c", WORKER, json.dumps(given), str(key)],
                              cwd=Path(__file__).resolve().parents[3])
    told, end = folder / "imports" / f"{key}.progress", time.monotonic() + 60
    while time.monotonic() < end and not (told.exists() and int(told.read_text() or 0) >= 5_000):
        time.sleep(0.02)
    os.kill(worker.pid, signal.SIGKILL)
    assert worker.wait() == -signal.SIGKILL
    assert number(session, m.Customer) == 0
    assert row(m.ImportJob, key).state == ImportState.RUNNING
    session.rollback()
    assert running.take_up(session, utcnow() + running.SILENT * 2) == 1
    assert number(session, m.Customer) == 30_000 and row(m.ImportJob, key).created_rows == 30_000
    db.session.rollback()
