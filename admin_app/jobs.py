"""Jobs: commands that can run at any time and twice (`flask jobs run NAME`), one process at a time.

A job only calls rules. Its lease lies in the database; a process that dies holds it until it runs out. The
schedule is the one list below; `make run` follows it by itself, elsewhere cron or Task Scheduler call the commands.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app
from flask_babel import lazy_gettext as _l

from admin_app import access, anchors, audit, backup, customer_blocks, database, directory
from admin_app.choices import AuditVerb
from admin_app.clock import at, local_day, utcnow
from admin_app.database import db, patiently
from admin_app.errors import RuleError
from admin_app.importing import pieces, running
from admin_app.models import AccessLog, JobRun, LeadRequest, SignIn, SignInFailure, Submission, UndoStep
from admin_app.rules import coaching, complaints, followups, notifications, quality
from admin_app.rules.followups import undoing
from admin_app.rules.leads import clocks as late_leads
from admin_app.rules.leads import intake
from admin_app.rules.scores.rollup import rebuilding
from admin_app.sending import digests, outbox

# A job that has not ended after this time is taken for dead (default).
LEASE = dt.timedelta(hours=2)
LOG_KEPT = dt.timedelta(days=3 * 366)  # view and reveal logs: 3 years (DOMAIN 3.9)
SUBMISSIONS_KEPT = dt.timedelta(days=7)

Work = Callable[[Any, dt.datetime], str]


@dataclass(frozen=True)
class Job:
    """A job: its name, what it does, when it runs (cron words of APScheduler), and the work itself.

    The work returns one line about what it did. late: how long a missed run is still made up for, in seconds.
    """

    name: str
    help: Any
    work: Work
    when: dict[str, Any] = field(default_factory=dict)
    late: int = 12 * 3600


def make_followups(session: Any, now: dt.datetime) -> str:
    """Make the follow-ups whose date has come; a missed day is made up for."""
    with access.as_system(session, "job: completeness"):
        quality.refresh_completeness(session)
    made = followups.make_dated(session, local_day(now), now, between=session.commit)
    return ", ".join(f"{code} {count}" for code, count in sorted(made.items()) if count) or "0"


def escalate_complaints(session: Any, now: dt.datetime) -> str:
    """Complaints past their time go to the manager, past twice their time to the general manager."""
    return str(complaints.escalate_due(session, now))


def escalate_leads(session: Any, now: dt.datetime) -> str:
    """First contacts and inquiries past their time go to the manager, past twice their time to the general manager."""
    return str(late_leads.escalate_due(session, now))


def back_up(session: Any, now: dt.datetime) -> str:
    """Write the encrypted backup of the night and keep the last fourteen."""
    anchors.keep(session)
    session.commit()
    return backup.nightly(Path(current_app.config["CAREDESK_BACKUP_DIR"])).name


def keep_anchor(session: Any, now: dt.datetime) -> str:
    """Note the end of the audit chain outside the database."""
    anchor = anchors.keep(session)
    return str(anchor["count"]) if anchor else "0"


def tidy(session: Any, now: dt.datetime) -> str:
    """Take away ended sessions, old sign-in failures, old form keys, and access logs older than three years."""
    gone = 0
    for model, column, before in (
            (SignIn, SignIn.expires_at, now), (SignInFailure, SignInFailure.at, now - dt.timedelta(days=2)),
            (Submission, Submission.created_at, now - SUBMISSIONS_KEPT),
            (LeadRequest, LeadRequest.created_at, now - intake.KEPT),
            (UndoStep, UndoStep.created_at, now - undoing.KEPT),
            (AccessLog, AccessLog.at, now - LOG_KEPT)):
        result = session.connection().execute(sa.delete(model.__table__).where(column < before))
        gone += result.rowcount
    gone += pieces.forget(session, now)
    notifications.tidy(session, now)
    outbox.tidy(session, now)
    directory.tidy(session.connection())
    if gone:
        audit.record(session, AuditVerb.BULK, "access_log", label=f"tidy: {gone}", reason="kept for 3 years, now over")
    session.commit()
    if not customer_blocks.settle(session.connection()):
        current_app.logger.info("Customers were written all the while: blocks of them are counted the next time")
    session.commit()
    database.look_at_tables(db.engine)
    if database.checkpoint(db.engine) is False:
        current_app.logger.warning("SQLite's WAL could not be emptied this time: somebody was reading for long")
    return str(gone)


def take_up_imports(session: Any, now: dt.datetime) -> str:
    """Run imports that wait, and those that a process has left when it died."""
    return str(running.take_up(session, now))


def draw_reports(session: Any, now: dt.datetime) -> str:
    """Draw the reports of last week's visits that managers answer."""
    with access.as_system(session, "job: reports to review"):
        return str(coaching.draw(session, now))


def roll_up_scores(session: Any, now: dt.datetime) -> str:
    """Compare the roll-ups of the scores with the records, some people at a time, and add what differs."""
    different = 0
    for people in rebuilding.people_in_pieces(session.connection()):
        session.commit()
        different += rebuilding.mend(session, people)
    rebuilding.mark_built(session.connection())
    return f"{different} rows differed"


def write_digests(session: Any, now: dt.datetime) -> str:
    """Write the morning digests and evening notes whose time has come, and send them."""
    made = digests.make(session, now)
    counts = outbox.send_waiting(session, now)
    return f"{made} written, {counts['sent']} sent, {counts['failed']} not"


def send_messages(session: Any, now: dt.datetime) -> str:
    """Send what waits in the outbox: above all what could not be sent before."""
    counts = outbox.send_waiting(session, now)
    return f"{counts['sent']} sent, {counts['failed']} not"


JOBS: tuple[Job, ...] = (
    Job("followups", _l("Make the follow-ups whose date has come"), make_followups, {"minute": 5, "hour": "0,6-20"}),
    Job("complaints", _l("Escalate complaints past their time"), escalate_complaints, {"minute": "*/5"}, 300),
    Job("leads", _l("Escalate first contacts and inquiries past their time"), escalate_leads, {"minute": "*/2"}, 120),
    Job("digest", _l("Write the morning digests and evening notes"), write_digests, {"minute": "*/5"}, 300),
    Job("messages", _l("Send what waits in the outbox"), send_messages, {"minute": "*"}, 60),
    Job("imports", _l("Take up imports that were broken off"), take_up_imports, {"minute": "*/2"}, 120),
    Job("backup", _l("Write the encrypted backup of the night"), back_up, {"minute": 30, "hour": 2}),
    Job("anchor", _l("Note the end of the audit chain outside the database"), keep_anchor, {"minute": 50}),
    Job("scores", _l("Compare the roll-ups of the scores with the records"), roll_up_scores, {"minute": 10, "hour": 4}),
    Job("reports", _l("Draw the reports that managers answer"), draw_reports,
        {"day_of_week": "mon", "hour": 7, "minute": 20}, 5 * 24 * 3600),
    Job("tidy", _l("Take away what need not be kept"), tidy, {"minute": 40, "hour": 3}),
)
# Run once soon after the start, for the time when the machine was off.
AT_START = ("followups", "imports")


def find(name: str) -> Job:
    """The job of this name. RuleError naming those that there are."""
    for job in JOBS:
        if job.name == name:
            return job
    raise RuleError(f"There is no job {name}. Jobs: {', '.join(job.name for job in JOBS)}.")


def run(name: str, as_of: dt.date | None = None, *, unless_since: dt.datetime | None = None) -> str | None:
    """Run a job now, or as of the morning of a day; returns its line, or None where another process runs it, or has
    begun it at `unless_since` or later.

    What the job has done is kept even where it fails later; the failure is stored and raised.
    """
    job, started = find(name), utcnow()
    if not _lease(job, started, unless_since):
        return None
    now = at(as_of, 9) if as_of else started
    try:
        with patiently():
            with access.as_system(db.session, f"job {name}"):
                said = job.work(db.session, now)
            db.session.commit()
    except Exception as error:
        db.session.rollback()
        _finish(job, str(error)[:2000], failed=True)
        raise
    _finish(job, said, failed=False)
    return said


def _holder() -> str:
    return f"{socket.gethostname()[:50]}:{os.getpid()}"


def _lease(job: Job, now: dt.datetime, unless_since: dt.datetime | None = None) -> bool:
    """Take the job for this process; False while another holds it, or where it was begun at `unless_since` or later."""
    table = JobRun.__table__
    connection = db.session.connection()
    if connection.execute(sa.select(table.c.name).where(table.c.name == job.name)).first() is None:
        try:
            with db.session.begin_nested():
                connection.execute(sa.insert(table).values(name=job.name, failed=False))
        except sa.exc.IntegrityError:  # another process was quicker
            pass
    free = sa.or_(table.c.leased_until.is_(None), table.c.leased_until < now)
    due = sa.true() if unless_since is None else sa.or_(
        table.c.started_at.is_(None), table.c.started_at < unless_since)
    taken = connection.execute(sa.update(table).where(table.c.name == job.name, free, due).values(
        leased_until=now + LEASE, holder=_holder(), started_at=now)).rowcount
    db.session.commit()
    return bool(taken)


def let_go(of_the_dead: bool = False) -> int:
    """Give back what this process holds, at its end; with `of_the_dead` also what processes of this machine hold that
    are no more. Returns how many jobs are free again."""
    table = JobRun.__table__
    host, _colon, _pid = _holder().rpartition(":")
    held = db.session.connection().execute(sa.select(table.c.holder).where(
        table.c.leased_until.is_not(None), table.c.holder.startswith(f"{host}:", autoescape=True))).scalars().all()
    gone = {holder for holder in held if holder == _holder() or (of_the_dead and _is_dead(holder.rpartition(":")[2]))}
    freed = db.session.connection().execute(
        sa.update(table).where(table.c.holder.in_(gone)).values(leased_until=None)).rowcount if gone else 0
    db.session.commit()
    return freed


def _is_dead(pid: str) -> bool:
    """Whether no process of this machine has this number; False where that cannot be asked (Windows)."""
    if os.name != "posix" or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def _finish(job: Job, said: str, *, failed: bool) -> None:
    table = JobRun.__table__
    db.session.connection().execute(sa.update(table).where(table.c.name == job.name).values(
        leased_until=None, finished_at=utcnow(), result=said, failed=failed))
    db.session.commit()


def states() -> list[dict[str, Any]]:
    """Each job with its last run, for the command and the administrator's page."""
    table = JobRun.__table__
    last = {row["name"]: row for row in db.session.connection().execute(sa.select(table)).mappings()}
    return [{"name": job.name, "help": job.help, "when": job.when, "last": last.get(job.name)} for job in JOBS]


# ---------------------------------------------------------------- the scheduler of `make run` and `jobs serve`


def start_scheduler(app: Flask) -> Any:
    """Follow the schedule inside this process. Returns the scheduler; shutdown() ends it.

    Several processes may follow it, on one machine or on several: each run is begun by one of them.
    """
    from apscheduler.schedulers.background import BackgroundScheduler

    with app.app_context():
        let_go(of_the_dead=True)
        db.session.remove()
    zone = app.config["CAREDESK_TIMEZONE"]
    scheduler = BackgroundScheduler(timezone=zone, daemon=True)
    for job in JOBS:
        scheduler.add_job(_run_quietly, "cron", args=(app, job.name), id=job.name, coalesce=True, max_instances=1,
                          misfire_grace_time=job.late, timezone=zone, **job.when)
    for number, name in enumerate(AT_START):
        scheduler.add_job(_run_quietly, "date", args=(app, name), id=f"{name}-start",
                          run_date=utcnow() + dt.timedelta(seconds=20 + 10 * number))
    scheduler.start()
    return scheduler


def _run_quietly(app: Flask, name: str) -> None:
    """Run a job in its own context; a failure goes to the log, the scheduler goes on."""
    with app.app_context():
        access.set_actor(db.session, access.Actor(name=f"job {name}", system=f"job {name}", store_ids=None,
                                                  road=f"job {name}"))
        try:
            run(name, unless_since=utcnow().replace(second=0))
        except Exception:
            app.logger.exception("job %s failed", name)
