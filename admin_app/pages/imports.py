"""The import in a browser: upload, columns, trial run, import in the background, report, undo (UX 18).

Everything that is decided is decided in admin_app/importing/, which the command `import` calls too.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, flash, jsonify, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext

from admin_app import access
from admin_app.choices import ImportKind, ImportState
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.errors import Refused, RuleError
from admin_app.importing import IMPORTERS, batches, pieces, running
from admin_app.importing.context import Context
from admin_app.importing.report import ImportReport
from admin_app.models import ImportJob, Store
from admin_app.pages import import_form, import_look, import_report
from admin_app.rules import reveals

bp = Blueprint("imports", __name__, url_prefix="/admin/import")

LATEST = 20  # imports on the first page
UNDER_WAY = running.UNDER_WAY


def register(app: Flask) -> None:
    """Serve /admin/import/."""
    app.register_blueprint(bp)


# ---------------------------------------------------------------- upload


@bp.get("/")
def show() -> Any:
    """The upload and the latest imports. 403 for those who neither import nor read imports."""
    kinds = _kinds()
    if not kinds and not access.can("import_job"):
        abort(403)
    return _upload_page(kinds)


def _kinds() -> list[str]:
    actor = access.current()
    if actor.store_id is None or not access.can("import_job", "create"):
        return []
    return batches.kinds_for(db.session, actor.store_id)


def _upload_page(kinds: list[str], errors: dict[str, Any] | None = None, chosen: str = "", status: int = 200) -> Any:
    latest = db.session.scalars(sa.select(ImportJob).order_by(ImportJob.id.desc()).limit(LATEST)).all()
    stores = db.session.scalars(sa.select(Store).order_by(Store.id)).all()
    shown = [(str(one.value), one.label) for one in ImportKind if one.value in kinds]
    return render_template("import/upload.html", kinds=shown, latest=latest, errors=errors or {}, chosen=chosen,
                           stores=stores if access.current().store_ids is None and len(stores) > 1 else (),
                           store_id=access.current().store_id), status


@bp.post("/")
def upload() -> Any:
    """Take a file in and go on to its columns; a file that cannot be read is refused at the field."""
    kind, file = request.form.get("kind", ""), request.files.get("file")
    store_id = _store()
    if not access.can("import_job", "create"):
        raise Refused(_("You may not import here."))
    try:
        if file is None or not file.filename:
            raise RuleError(_("Choose a file."), "file")
        job = batches.upload(db.session, kind, file.stream, file.filename, store_id)
        found = _look(job)
        template = batches.fitting(batches.templates(db.session, kind, store_id), {c.title for c in found.columns})
        if template is not None:
            job.template_id, job.mapping, job.values = template.id, template.mapping, template.values
        db.session.commit()
    except Refused:
        raise
    except RuleError as error:
        db.session.rollback()
        return _upload_page(_kinds(), {error.field or "file": error.message}, kind, 400)
    return redirect(f"/admin/import/{job.id}/")


def _store() -> int:
    """The store that the ledger belongs to: the person's own; people of the group may choose another."""
    actor, text = access.current(), request.form.get("store", "")
    if actor.store_ids is None and text.isdigit() and db.session.get(Store, int(text)) is not None:
        return int(text)
    if actor.store_id is None:
        raise Refused(_("You may not import here."))
    return actor.store_id


# ---------------------------------------------------------------- one import


def _job(job_id: int) -> ImportJob:
    """The import as the gate shows it; 404 for one out of scope."""
    job = db.session.scalars(sa.select(ImportJob).where(ImportJob.id == job_id)).first()
    if job is None:
        abort(404)
    return job


def _own(job_id: int) -> ImportJob:
    """An import that the person has begun, in whose name it runs. 403 for somebody else's."""
    job = _job(job_id)
    if job.created_by_id != access.current().user_id or not access.can("import_job", "create"):
        raise Refused(_("Only whoever uploaded the file takes its import further."))
    return job


def _look(job: ImportJob) -> import_look.Look:
    file = pieces.fetch(db.session, job.id, pieces.FILE, job.filename)
    if file is None:
        raise RuleError(_("The file is no longer kept. Please upload it again."), "file")
    kind = str(job.kind)
    context = Context(db.session, ImportReport(kind, True), job.store_id, utcnow(), True, values=job.values or {})
    return import_look.look_into(context, kind, file, batches.plan_of(job), IMPORTERS[kind].required)


@bp.get("/<int:job_id>/")
def step(job_id: int) -> Any:
    """The page of the step that the import stands at."""
    job = _job(job_id)
    mine = job.created_by_id == access.current().user_id
    if job.state in UNDER_WAY:
        done, _seen = running.progress(job)
        return render_template("import/progress.html", job=job, done=done)
    if mine and (job.state in (ImportState.DRAFT, ImportState.FAILED) or (
            job.state == ImportState.CHECKED and request.args.get("step") == "columns")):
        return _columns_page(job)
    if job.state == ImportState.DRAFT:
        return render_template("import/progress.html", job=job, done=0)
    return import_report.page(job, mine)


@bp.get("/<int:job_id>/state/")
def state(job_id: int) -> Any:
    """How far a run is, for the page that waits for it."""
    job = _job(job_id)
    done, _seen = running.progress(job)
    return jsonify({"state": str(job.state), "label": str(ImportState(job.state).label), "done": done,
                    "total": job.total, "under_way": job.state in UNDER_WAY})


# ---------------------------------------------------------------- columns


def _columns_page(job: ImportJob, error: RuleError | None = None) -> Any:
    try:
        found = _look(job)
    except RuleError as failure:
        return _upload_page(_kinds(), {"file": failure.message}, str(job.kind), 400)
    kind = str(job.kind)
    choices = import_look.field_choices(kind, IMPORTERS[kind].required)
    return render_template(
        "import/columns.html", job=job, look=found, choices=choices, error=error,
        words=import_form.words_of(found, job, db.session), known=job.known,
        templates=batches.templates(db.session, kind, job.store_id),
        states=ImportState), 400 if error else 200


@bp.post("/<int:job_id>/columns/")
def columns(job_id: int) -> Any:
    """Keep what was said of the columns; then look again, or try the whole file."""
    job = _own(job_id)
    said = import_form.read(request.form)
    try:
        if said.action == "template":
            _apply(job, said.template_id)
        else:
            batches.remember(job, sheet=said.sheet, header_row=said.header_row, mapping=said.mapping,
                             values=import_look.clean_values(said.values), known=said.known)
        if said.action == "check":
            _check(job, said)
        db.session.commit()
    except RuleError as error:
        if isinstance(error, Refused):
            raise
        return _columns_page(job, error)
    if said.action == "check":
        running.start(job_id)
        return redirect(f"/admin/import/{job_id}/")
    return redirect(f"/admin/import/{job_id}/?step=columns")


def _apply(job: ImportJob, template_id: int | None) -> None:
    found = [one for one in batches.templates(db.session, str(job.kind), job.store_id) if one.id == template_id]
    if not found:
        raise RuleError(_("Choose a template."), "template")
    job.template_id, job.mapping, job.values = found[0].id, found[0].mapping, found[0].values


def _check(job: ImportJob, said: import_form.Said) -> None:
    found = _look(job)
    if found.missing:
        raise RuleError(_("Say which column is: %(fields)s.", fields=_(", ").join(found.missing)), "columns")
    if said.keep_as:
        batches.keep_template(db.session, job, said.keep_as)
    batches.ask(job, ImportState.CHECKING)


# ---------------------------------------------------------------- run, undo, errors


@bp.post("/<int:job_id>/run/")
def run(job_id: int) -> Any:
    """Import what the trial run has shown, beside the requests."""
    job = _own(job_id)
    try:
        batches.ask(job, ImportState.WAITING)
        db.session.commit()
    except RuleError as error:
        db.session.rollback()
        flash(str(error.message), "warning")
        return redirect(f"/admin/import/{job_id}/")
    running.start(job_id)
    return redirect(f"/admin/import/{job_id}/")


@bp.post("/<int:job_id>/undo/")
def undo(job_id: int) -> Any:
    """Undo the whole import while nobody has touched its rows; by whoever imported, or may write all imports."""
    job = _job(job_id)
    if not access.can("import_job", "write"):
        raise Refused(_("You may not undo this."))
    try:
        number = batches.undo(db.session, job, utcnow())
        db.session.commit()
    except RuleError as error:
        db.session.rollback()
        if isinstance(error, Refused):
            raise
        flash(str(error.message), "error")
        return redirect(f"/admin/import/{job_id}/")
    flash(ngettext("Undone: one record.", "Undone: %(num)d records.", number), "success")
    return redirect(f"/admin/import/{job_id}/")


@bp.get("/<int:job_id>/errors/<any(csv,xlsx):form>/")
def errors(job_id: int, form: str) -> Any:
    """The rejected rows with their reasons, to be mended and imported again; logged as an export."""
    job = _job(job_id)
    reveals.check_agreement(db.session, utcnow().date())
    return import_report.errors_file(job, form, job.created_by_id == access.current().user_id)
