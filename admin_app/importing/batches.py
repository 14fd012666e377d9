"""The steps of an import in a browser: uploaded, mapped, tried, run, undone. Plain functions; the pages commit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from flask_babel import gettext as _

from admin_app import access
from admin_app.choices import ImportState, KnownRows
from admin_app.errors import Refused, RuleError
from admin_app.importing import IMPORTERS, TABLES, pieces, undoing
from admin_app.importing.context import check_rights
from admin_app.importing.report import ImportReport
from admin_app.importing.tracing import Trace
from admin_app.ledgers import Plan
from admin_app.ledgers.files import check
from admin_app.models import ImportJob, ImportTemplate

#: How often a reason, a person or a word is kept with its count in the summary.
MOST = 60
OPEN = (ImportState.DRAFT, ImportState.CHECKED, ImportState.FAILED)


def kinds_for(session: Any, store_id: int) -> list[str]:
    """The kinds of ledgers that the acting person may import into a store."""
    found = []
    for kind in IMPORTERS:
        try:
            check_rights(session, TABLES[kind], store_id)
        except Refused:
            continue
        found.append(kind)
    return found


def upload(session: Any, kind: str, stream: IO[bytes], filename: str, store_id: int) -> ImportJob:
    """Take a file in. RuleError at `file` or `kind`; Refused where the person may not import it. Flushes, no commit."""
    if kind not in IMPORTERS:
        raise RuleError(_("Choose what the file contains."), "kind")
    check_rights(session, TABLES[kind], store_id)
    name = Path(filename.replace("\\", "/")).name.replace("\x00", "")
    try:
        check(stream, name)
    except RuleError as error:
        raise RuleError(error.message, "file") from error
    stream.seek(0)
    job = ImportJob(kind=kind, filename=name[-160:] or "ledger", store_id=store_id)
    session.add(job)
    session.flush()
    pieces.keep(session, job.id, pieces.FILE, stream)
    return job


def plan_of(job: ImportJob) -> Plan:
    """How the person wants the file to be read."""
    return Plan(job.sheet, job.header_row, job.mapping or {})


def remember(job: ImportJob, *, sheet: str | None, header_row: int | None, mapping: Mapping[str, str],
             values: Mapping[str, Any], known: str) -> None:
    """Keep what the person has said of the file. RuleError where it is under way or done."""
    if job.state not in OPEN:
        raise RuleError(_("This import is under way or done; its columns stay as they are."))
    job.sheet, job.header_row = sheet or None, header_row
    job.mapping, job.values = dict(mapping), dict(values)
    job.known = KnownRows.find(known) or KnownRows.FILL


def ask(job: ImportJob, state: ImportState) -> None:
    """Let it be tried (CHECKING) or imported (WAITING). RuleError where it is under way or done."""
    allowed = OPEN if state is ImportState.CHECKING else (ImportState.CHECKED,)
    if job.state not in allowed:
        raise RuleError(_("This import is under way or done."))
    job.state, job.beat_at, job.message, job.done = state, None, None, 0


def undo(session: Any, job: ImportJob, now: dt.datetime) -> int:
    """Undo a whole import, while nobody has touched its rows; how many rows that were. RuleError else. No commit."""
    check_rights(session, TABLES[str(job.kind)], job.store_id)
    if job.state != ImportState.DONE:
        raise RuleError(_("Only what was imported can be undone."))
    kept = pieces.fetch(session, job.id, pieces.TRACE)
    if kept is None:
        raise RuleError(_("What undoing needs is kept for 30 days; that is over."))
    number = undoing.undo(session, job, Trace(kept), now)
    actor = access.actor_of(session)
    with access.as_system(session, f"undo import {job.id}"):
        job.state, job.undone_at, job.undone_by_id = ImportState.UNDONE, now, actor.user_id if actor else None
    return number


def summary_of(report: ImportReport) -> dict[str, Any]:
    """What the pages tell of a run beside its five counts."""
    words: dict[str, dict[str, int]] = {}
    for (choice, word), number in report.unknown_values.most_common(MOST):
        words.setdefault(choice, {})[word] = number
    if report.unknown_staff:
        words["staff"] = dict(report.unknown_staff.most_common(MOST))
    return {
        "reasons": {str(why): number for why, number in report.reasons.most_common(MOST)},
        "remarks": report.blank_cells, "words": words, "left": dict(report.left_staff.most_common(MOST)),
        "unread": list(report.unknown_columns)[:MOST], "vehicles": dict(report.vehicles),
        "followups": report.followups, "titles": list(report.titles),
    }


# ---------------------------------------------------------------- templates


def templates(session: Any, kind: str, store_id: int) -> list[ImportTemplate]:
    """The templates of a store for one kind of ledger, by name."""
    return list(session.scalars(sa.select(ImportTemplate).where(
        ImportTemplate.kind == kind, ImportTemplate.store_id == store_id).order_by(ImportTemplate.name)))


def fitting(found: list[ImportTemplate], titles: set[str]) -> ImportTemplate | None:
    """The template that was made for such headers: all of its columns are there; the one with the most of them."""
    fit = [one for one in found if one.mapping and set(one.mapping) <= titles]
    return max(fit, key=lambda one: len(one.mapping or {}), default=None)


def keep_template(session: Any, job: ImportJob, name: str) -> ImportTemplate:
    """Keep the mapping of an import under a name; the same name is kept anew. RuleError at `template`."""
    name = name.strip()
    if not name or len(name) > 80:
        raise RuleError(_("A template needs a name of at most 80 characters."), "template")
    same = [one for one in templates(session, str(job.kind), job.store_id) if one.name == name]
    row = same[0] if same else ImportTemplate(name=name, kind=str(job.kind), store_id=job.store_id)
    row.mapping, row.values = job.mapping, job.values
    if not same:
        session.add(row)
    session.flush()
    job.template_id = row.id
    return row
