"""The administrator runs a job now: above all the backup."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, current_app, flash, redirect, request
from flask_babel import gettext as _
from flask_babel import ngettext

from admin_app import access, jobs
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.errors import Refused, RuleError
from admin_app.sending import outbox

bp = Blueprint("jobs", __name__, url_prefix="/admin/jobs")


def register(app: Flask) -> None:
    """Serve POST /admin/jobs/run/ and /admin/jobs/again/."""
    app.register_blueprint(bp)


@bp.post("/again/")
def again() -> Any:
    """Put the letters that have failed into the outbox once more. 403 for everybody but administrators."""
    if "administrator" not in access.current().roles:
        raise Refused(_("Only an administrator may do this."))
    number = outbox.again(db.session, utcnow())
    db.session.commit()
    flash(ngettext("One message is tried again.", "%(num)d messages are tried again.", number), "info")
    return redirect("/admin/#outbox")


@bp.post("/run/")
def run() -> Any:
    """Run the job `name`; what came of it stands in the message. 403 for everybody but administrators."""
    if "administrator" not in access.current().roles:
        raise Refused(_("Only an administrator may do this."))
    job = jobs.find(request.form.get("name", ""))
    try:
        said = jobs.run(job.name)
    except (RuleError, OSError) as error:
        current_app.logger.warning("job %s failed: %s", job.name, error)
        flash(_("%(job)s failed: %(why)s", job=job.help, why=str(error)), "error")
        return redirect("/admin/")
    if said is None:
        flash(_("Another process runs this just now."), "info")
    else:
        flash(_("%(job)s: done.", job=job.help), "success")
    return redirect("/admin/")
