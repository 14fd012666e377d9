"""Jobs: twice does nothing twice, one process at a time, a failure is kept and said."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from admin_app import access, jobs, tables
from admin_app import models as m
from admin_app.choices import Stage, Trigger
from admin_app.clock import at, utcnow
from admin_app.database import db
from admin_app.errors import RuleError
from admin_app.rules.followups import dated
from tests import factories as f
from tests.cast import TODAY, Cast

pytestmark = pytest.mark.usefixtures("store_app")


def lease_of(session: Any, name: str) -> Any:
    return session.connection().execute(
        sa.select(m.JobRun.__table__).where(m.JobRun.__table__.c.name == name)).mappings().one()


@pytest.mark.parametrize("name", [job.name for job in jobs.JOBS])
def test_a_job_runs_and_running_it_again_adds_no_row(store_app: Flask, session: Any, cast: Cast, tmp_path: Path,
                                                     name: str) -> None:
    store_app.config["CAREDESK_BACKUP_DIR"] = str(tmp_path)
    customer = f.make_customer(session, owner=cast.sales_consultant, birthday=TODAY.replace(year=1990))
    f.make_vehicle(session, customer, insurance_until=TODAY + dt.timedelta(days=30), bought_on=TODAY)
    session.commit()
    assert jobs.run(name, TODAY) is not None
    session.commit()
    with db.engine.connect() as connection:
        before = tables.sums(connection)["followup"]
    assert jobs.run(name, TODAY) is not None
    session.commit()
    with db.engine.connect() as connection:
        assert tables.sums(connection)["followup"] == before
    last = lease_of(session, name)
    assert last["leased_until"] is None
    assert not last["failed"]


def test_only_one_process_runs_a_job(session: Any) -> None:
    assert jobs.run("tidy") is not None
    table = m.JobRun.__table__
    session.connection().execute(sa.update(table).values(leased_until=utcnow() + dt.timedelta(minutes=5)))
    session.commit()
    assert jobs.run("tidy") is None
    session.connection().execute(sa.update(table).values(leased_until=utcnow() - dt.timedelta(minutes=5)))
    session.commit()
    assert jobs.run("tidy") is not None


def test_a_failing_job_frees_its_lease_and_says_why(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_session: Any, _now: dt.datetime) -> str:
        raise RuleError("the disk is full")

    monkeypatch.setattr(jobs, "JOBS", (jobs.Job("fails", "x", fail),))
    with pytest.raises(RuleError):
        jobs.run("fails")
    last = lease_of(session, "fails")
    assert last["failed"]
    assert last["result"] == "the disk is full"
    assert last["leased_until"] is None


def test_tidying_keeps_what_must_be_kept(session: Any, cast: Cast) -> None:
    now = utcnow()
    session.add_all([
        m.AccessLog(at=now - dt.timedelta(days=365 * 2), verb="view", table="customer"),
        m.AccessLog(at=now - dt.timedelta(days=365 * 4), verb="view", table="customer"),
        m.SignIn(token_hash="a", user_id=cast.marketing.id, expires_at=now - dt.timedelta(hours=1)),
        m.SignIn(token_hash="b", user_id=cast.marketing.id, expires_at=now + dt.timedelta(hours=1))])
    session.commit()
    jobs.run("tidy")
    assert session.scalar(sa.select(sa.func.count(m.AccessLog.id)).where(m.AccessLog.verb == "view")) == 1
    assert session.connection().execute(sa.select(m.SignIn.__table__.c.token_hash)).scalars().all() == ["b"]


def test_an_unknown_job_is_a_sentence(store_app: Flask) -> None:
    answer = store_app.test_cli_runner().invoke(args=["jobs", "run", "nothing"])
    assert answer.exit_code == 1
    assert "followups" in answer.output


def test_the_list_names_every_job(store_app: Flask) -> None:
    answer = store_app.test_cli_runner().invoke(args=["jobs", "list"])
    assert answer.exit_code == 0
    assert all(job.name in answer.output for job in jobs.JOBS)


def test_the_scheduler_follows_the_list(store_app: Flask) -> None:
    scheduler = jobs.start_scheduler(store_app)
    try:
        assert {job.name for job in jobs.JOBS} <= {job.id for job in scheduler.get_jobs()}
    finally:
        scheduler.shutdown(wait=True)


def test_a_job_that_breaks_off_keeps_what_it_made_and_the_next_run_makes_the_rest(
        session: Any, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each rule is committed by itself: nobody who logs a contact waits until the tasks of all rules are made."""
    customer = f.make_customer(
        session, owner=cast.sales_consultant, birthday=TODAY.replace(year=1990), stage=Stage.OWNER)
    f.make_vehicle(session, customer, insurance_until=TODAY + dt.timedelta(days=30), bought_on=TODAY)
    session.commit()
    make, now, both = dated._make, at(TODAY), {Trigger.BIRTHDAY, Trigger.INSURANCE}
    done: list[Any] = []

    def broken(session: Any, rule: Any, *rest: Any) -> int:
        if done and rule.trigger in both:
            raise RuntimeError("the process ends here")
        made = make(session, rule, *rest)
        done.extend([rule.trigger] * made)
        return made

    monkeypatch.setattr(dated, "_make", broken)
    with pytest.raises(RuntimeError):
        jobs.make_followups(session, now)
    session.rollback()
    assert [task.rule.trigger for task in all_of(session)] == done
    assert len(done) == 1
    monkeypatch.setattr(dated, "_make", make)
    for _run in range(2):
        jobs.make_followups(session, now)
        session.commit()
        assert {task.rule.trigger for task in all_of(session)} == both
        assert len(all_of(session)) == 2


def all_of(session: Any) -> list[m.FollowUp]:
    with access.as_system(session, "test"):
        return list(session.scalars(sa.select(m.FollowUp).options(sa.orm.selectinload(m.FollowUp.rule))))
