"""What an import would do, or has done: counts that open their rows, remarks, the file of errors."""

from __future__ import annotations

import io
from itertools import islice
from typing import Any

from flask import Response, current_app, render_template, request
from flask_babel import gettext as _

from admin_app import access, access_log, clock
from admin_app.cleaning import as_text
from admin_app.database import db, writing
from admin_app.errors import Refused
from admin_app.importing import TABLES, journal, pieces
from admin_app.importing.rejects import as_csv, as_xlsx
from admin_app.models import ImportJob
from admin_app.pages.import_look import veiled

PAGE = 50
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def page(job: ImportJob, mine: bool) -> Any:
    """The page of the trial run (CHECKED) or the report, with the rows of one outcome."""
    summary, show, why = job.summary or {}, request.args.get("show", ""), request.args.get("why", "")
    number = max(request.args.get("page", 0, type=int) or 0, 0)
    if show not in journal.OUTCOMES:
        show = "rejected" if job.rejected_rows else "created" if job.created_rows else "duplicates"
    reads = access.can(TABLES[str(job.kind)])  # an administrator sees the counts, not whose rows they are
    kept = pieces.fetch(db.session, job.id, pieces.JOURNAL) if reads else None
    found = (line for line in journal.lines(kept, show) if not why or line[6] == why)
    rows = list(islice(found, number * PAGE, (number + 1) * PAGE + 1))
    full = _full(job, mine)
    return render_template(
        "import/report.html", job=job, mine=mine, summary=summary, show=show, why=why, number=number,
        rows=[_shown(line, full) for line in rows[:PAGE]], more=len(rows) > PAGE, reads=reads,
        gone=reads and kept is None, counts=_counts(job, summary), undoable=_undoable(job))


def _counts(job: ImportJob, summary: dict[str, Any]) -> dict[str, int]:
    return {"created": job.created_rows or 0, "updated": job.updated_rows or 0, "duplicates": job.duplicate_rows or 0,
            "rejected": job.rejected_rows or 0, "remark": summary.get("remarks", 0)}


def _undoable(job: ImportJob) -> bool:
    return job.state == "done" and access.can("import_job", "write") and (
        clock.utcnow() - job.created_at) < pieces.KEPT_FOR


def _full(job: ImportJob, mine: bool) -> bool:
    """Whether cells are shown as they stand: to whoever brought the file and may reveal. Others see them veiled."""
    return mine and access.can("customer", "reveal")


def _shown(line: list[Any], full: bool) -> dict[str, Any]:
    outcome, sheet, number, label, *rest = line
    column, value, reason = [*rest, "", "", ""][:3]
    return {"outcome": outcome, "sheet": sheet, "row": number, "label": label, "column": column,
            "value": value if full else veiled(value), "reason": reason}


def errors_file(job: ImportJob, form: str, mine: bool) -> Response:
    """The rejected rows as a file, logged as an export with their number in the same transaction."""
    if not access.can(TABLES[str(job.kind)]):
        raise Refused(_("You may not see these rows."))
    kept, full = pieces.fetch(db.session, job.id, pieces.JOURNAL), _full(job, mine)
    rows = [[*(cell if full else veiled(as_text(cell)) for cell in one.cells), one.row, one.column, one.reason]
            for one in journal.rejections(kept)]
    titles = (job.summary or {}).get("titles", [])
    width = max([len(titles), *(len(row) - 3 for row in rows)], default=0)
    rows = [[*row[:-3], *[""] * (width - len(row) + 3), *row[-3:]] for row in rows]
    first = [*titles, *[""] * (width - len(titles)), _("Row in the file"), _("Column with the fault"),
             _("Reason for the rejection")]
    _log(job, len(rows))
    data = io.BytesIO()
    (as_csv if form == "csv" else as_xlsx)(data, first, rows)
    name = f"import-{job.id}-errors.{form}"
    kind = "text/csv; charset=utf-8" if form == "csv" else XLSX
    return Response(data.getvalue(), mimetype=kind, headers={
        "Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"})


def _log(job: ImportJob, number: int) -> None:
    table, reason = TABLES[str(job.kind)], f"import {job.id}: rejected rows"
    db.session.rollback()
    writing.set(True)
    try:
        access_log.exported(table, number, reason)
        db.session.commit()
    finally:
        writing.set(False)
    current_app.logger.info("import %s: file of errors", job.id)
