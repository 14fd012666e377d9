"""Trial runs and imports beside the requests: one at a time in a process, in the person's name, taken up again.

The rows, the report and the state "imported" are one transaction: all of it or none. A run whose process dies leaves
nothing; the job `imports` takes it up again. Progress goes past that transaction: on SQLite, where one writes at a
time, into a file of the instance folder; on PostgreSQL into the row, over a second connection.
"""

from __future__ import annotations

import contextvars
import datetime as dt
import threading
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app
from flask_babel import force_locale
from flask_babel import gettext as _

from admin_app import access
from admin_app.choices import ImportState, KnownRows
from admin_app.clock import utcnow
from admin_app.database import db, writing
from admin_app.errors import RuleError
from admin_app.importing import How, import_file, pieces
from admin_app.importing.batches import plan_of, summary_of
from admin_app.importing.journal import JournalFile
from admin_app.importing.tracing import TraceFile
from admin_app.importing.undoing import road_of
from admin_app.models import AuditHead, ImportJob, Store, User

#: A run without a sign of life for so long is taken for dead (default).
SILENT = dt.timedelta(minutes=3)
#: Seconds between two notes of the progress.
EVERY = 0.5
UNDER_WAY = (ImportState.CHECKING, ImportState.WAITING, ImportState.RUNNING)

_one_at_a_time = threading.Lock()


# ---------------------------------------------------------------- progress


class Progress:
    """Notes how far a run has come, now and then; being asked is a sign of life."""

    def __init__(self, job_id: int) -> None:
        self.job_id, self.noted = job_id, 0.0
        self.in_file = db.engine.dialect.name == "sqlite"

    def __call__(self, done: int) -> None:
        if time.monotonic() - self.noted < EVERY:
            return
        self.noted = time.monotonic()
        if self.in_file:
            path = _file(self.job_id)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(str(done))
            return
        table = ImportJob.__table__
        with db.engine.begin() as connection:
            connection.execute(sa.update(table).where(table.c.id == self.job_id).values(
                done=done, beat_at=utcnow(), updated_at=table.c.updated_at))

    def end(self) -> None:
        """Nothing is under way any more."""
        if self.in_file:
            _file(self.job_id).unlink(missing_ok=True)


def _file(job_id: int) -> Path:
    return Path(current_app.config["CAREDESK_INSTANCE"]) / "imports" / f"{job_id}.progress"


def progress(job: ImportJob) -> tuple[int, dt.datetime | None]:
    """(rows done, last sign of life) of a run."""
    path = _file(job.id)
    try:
        seen = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
        return int(path.read_text() or 0), max(seen, job.beat_at or seen)
    except (OSError, ValueError):
        return job.done or 0, job.beat_at


# ---------------------------------------------------------------- running


def start(job_id: int) -> None:
    """Let a job that waits be run beside the requests; under test before this returns. Commit first."""
    app: Any = current_app
    app = app._get_current_object()
    if app.testing:
        contextvars.Context().run(_work, app, job_id, utcnow())
        return
    threading.Thread(target=_work, args=(app, job_id, utcnow()), name=f"import-{job_id}", daemon=True).start()


def take_up(session: Any, now: dt.datetime) -> int:
    """Run what waits and what a dead process has left, one after the other; how many those were."""
    jobs = session.scalars(sa.select(ImportJob).where(ImportJob.state.in_(UNDER_WAY)).order_by(ImportJob.id)).all()
    silent = [job.id for job in jobs if (progress(job)[1] or job.updated_at) < now - SILENT]
    session.commit()
    app: Any = current_app
    for job_id in silent:
        contextvars.copy_context().run(_work, app._get_current_object(), job_id, now)
    return len(silent)


def _work(app: Flask, job_id: int, now: dt.datetime) -> None:
    with _one_at_a_time, app.app_context():
        access.set_actor(db.session, access.Actor(name="import", system="import", store_ids=None))
        progress_of = Progress(job_id)
        try:
            job = _claim(job_id, now)
            if job is not None:
                with force_locale(_locale(job)):
                    _run(job, progress_of)
        except Exception as error:
            db.session.rollback()
            if not isinstance(error, RuleError):
                app.logger.exception("import %s failed", job_id)
            _fail(job_id, error)
        finally:
            progress_of.end()
            db.session.remove()


def _claim(job_id: int, now: dt.datetime) -> ImportJob | None:
    """The job, for this thread alone; None where another process has it or it needs no run."""
    job: ImportJob | None = db.session.get(ImportJob, job_id)
    if job is None or job.state not in UNDER_WAY or _alive(job, now):
        db.session.rollback()
        return None
    job.beat_at, job.started_at, job.done, job.message = now, now, 0, None
    if job.state == ImportState.WAITING:
        job.state = ImportState.RUNNING
    try:
        db.session.commit()
    except sa.orm.exc.StaleDataError:  # another process was quicker
        db.session.rollback()
        return None
    return job


def _alive(job: ImportJob, now: dt.datetime) -> bool:
    """Whether some process is at it. What waits is at nobody."""
    seen = progress(job)[1]
    return job.state != ImportState.WAITING and seen is not None and seen > now - SILENT


def _locale(job: ImportJob) -> str:
    person = db.session.get(User, job.created_by_id)
    return (person.locale if person else None) or current_app.config["CAREDESK_LOCALE"]


def _run(job: ImportJob, told: Progress) -> None:
    """The run itself: read, check, write, report; one transaction."""
    job_id, dry, began = job.id, job.state == ImportState.CHECKING, time.monotonic()
    kind, store_id, filename, now = str(job.kind), job.store_id, job.filename, job.started_at
    person = db.session.get(User, job.created_by_id)
    if person is None or not person.is_active:
        raise RuleError(_("Whoever started this import no longer works here."))
    file = pieces.fetch(db.session, job_id, pieces.FILE, filename)
    if file is None:
        raise RuleError(_("The file is no longer kept. Please upload it again."))
    actor = access.actor_for(db.session, person)
    actor.road = road_of(job)
    journal, trace = JournalFile(), TraceFile()
    how = How(plan_of(job), KnownRows(job.known), job.values or {}, journal, None if dry else trace, told)
    db.session.rollback()
    token = writing.set(not dry)  # a trial run keeps nobody from writing
    try:
        seq = _chain_length()
        access.set_actor(db.session, actor)
        store = db.session.get(Store, store_id)
        report = import_file(db.session, kind, file, store=store, now=now or utcnow(), dry_run=dry, how=how)
        if dry:
            db.session.rollback()
            writing.set(True)
        with access.as_system(db.session, "import"):
            job = db.session.get(ImportJob, job_id)  # type: ignore[assignment]
            job.state = ImportState.CHECKED if dry else ImportState.DONE
            job.finished_at, job.beat_at, job.total, job.done = utcnow(), None, report.read, report.read
            job.created_rows, job.updated_rows = report.created, report.updated
            job.duplicate_rows, job.rejected_rows = report.duplicates, report.rejected
            job.summary = summary_of(report) | {"seq": seq, "seconds": round(time.monotonic() - began, 1)}
            pieces.keep(db.session, job_id, pieces.JOURNAL, journal.finish(report))
            if not dry:
                pieces.keep(db.session, job_id, pieces.TRACE, trace.finish())
        db.session.commit()
    finally:
        writing.reset(token)
        journal.close()
        trace.close()


def _chain_length() -> int:
    """How long the change record is before the import: what people change from here on stands behind it."""
    table = AuditHead.__table__
    return db.session.connection().execute(sa.select(table.c.count)).scalar() or 0


def _fail(job_id: int, error: Exception) -> None:
    """Note why a run has failed, in words for the person who started it."""
    said = str(error) if isinstance(error, RuleError) else _("Something went wrong here. Nothing was imported; the "
                                                             "administrator finds the reason in the log.")
    access.set_actor(db.session, access.Actor(name="import", system="import", store_ids=None))
    job = db.session.get(ImportJob, job_id)
    if job is not None and job.state in UNDER_WAY:
        job.state, job.message, job.beat_at, job.finished_at = ImportState.FAILED, said[:500], None, utcnow()
        db.session.commit()
