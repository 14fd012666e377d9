"""Break-glass: an administrator reads customer files, masked, for a quarter of an hour, with a logged reason."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, Flask, flash, g, redirect, render_template, request
from flask_babel import gettext as _

from admin_app import access
from admin_app.choices import AccessVerb
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.errors import Refused
from admin_app.models import AccessLog, SignIn

bp = Blueprint("break_glass", __name__, url_prefix="/admin/break-glass")

# How long the glass stays broken (default).
OPEN_FOR = dt.timedelta(minutes=15)


def register(app: Flask) -> None:
    """Serve /admin/break-glass/."""
    app.register_blueprint(bp)


@bp.route("/", methods=["GET", "POST"])
def ask() -> Any:
    """Ask for the reason; a written one opens the files and stands in the access log."""
    actor = access.current()
    if "administrator" not in actor.roles:
        raise Refused(_("Only an administrator may do this."))
    reason, error = request.form.get("reason", "").strip(), None
    if request.method == "POST":
        if len(reason) >= 4:
            _open(actor, reason)
            flash(_("Customer files are open to you for 15 minutes, masked. Everything you look at is logged."), "info")
            return redirect("/admin/customer/")
        error = _("Write the reason in at least four characters.")
    page = render_template("account/break_glass.html", error=error, reason=reason)
    return page, 400 if error else 200


def _open(actor: access.Actor, reason: str) -> None:
    now = utcnow()
    here = db.session.get(SignIn, g.sign_in.id)
    if here is not None:
        here.break_glass_until, here.break_glass_reason = now + OPEN_FOR, reason[:200]
    db.session.add(AccessLog(at=now, user_id=actor.user_id, store_id=actor.store_id, verb=AccessVerb.REVEAL,
                             table="customer", field="break_glass", reason=reason[:200], address=actor.address))
    db.session.commit()
