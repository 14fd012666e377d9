"""The administrator runs a job now: above all the backup."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, current_app, flash, redirect, request
from flask_babel import gettext as _

from admin_app import access, jobs
from admin_app.errors import Refused, RuleError

bp = Blueprint("jobs", __name__, url_prefix="/admin/jobs")


def register(app: Flask) -> None:
    """Serve POST /admin/jobs/run/."""
    app.register_blueprint(bp)


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
