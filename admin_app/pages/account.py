"""A person's own account: the password, the reminders by mail, the confidentiality agreement signed on screen."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, flash, redirect, render_template, request, session
from flask_babel import gettext as _
from flask_login import current_user, login_user

from admin_app import access, passwords, people, sessions
from admin_app.choices import DigestBy
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.errors import RuleError
from admin_app.sending import mail
from admin_app.web import is_demo

bp = Blueprint("account", __name__, url_prefix="/account")


def register(app: Flask) -> None:
    """Serve /account/password, /account/reminders and /account/agreement."""
    app.register_blueprint(bp)


@bp.route("/password", methods=["GET", "POST"])
def password() -> Any:
    """Change one's own password; every other session of the person ends."""
    errors: dict[str, str] = {}
    if request.method == "POST":
        errors = _new_password()
        if not errors:
            flash(_("The password is changed."), "success")
            return redirect("/admin/")
    page = render_template("account/password.html", errors=errors, forced=current_user.must_change_password)
    return page, 400 if errors else 200


def _new_password() -> dict[str, str]:
    """Check and save; returns the sentences by field, empty when it is done."""
    user, form = people.me(), request.form
    now, address = utcnow(), request.remote_addr or ""
    if passwords.is_locked(db.session, user.username, address, now):
        return {"current": _("This name is locked for 15 minutes.")}
    if not passwords.right_password(user, form.get("current", "")):
        passwords.failed(db.session, user.username, address, now)
        db.session.commit()
        return {"current": _("This is not your present password.")}
    if form.get("password") != form.get("again"):
        return {"again": _("The two passwords differ.")}
    if form.get("password") == form.get("current"):
        return {"password": _("Choose a password other than the present one.")}
    try:
        with access.as_system(db.session, "own password"):
            passwords.set_password(user, form.get("password", ""))
            user.must_change_password = False
    except RuleError as error:
        db.session.rollback()
        return {error.field or "password": str(error.message)}
    session["token"] = sessions.begin(db.session, user, now, address)
    db.session.commit()
    login_user(user)
    return {}


@bp.route("/reminders", methods=["GET", "POST"])
def reminders() -> Any:
    """Choose whether the morning digest and the evening note come by mail; under the bell they stand anyway."""
    person, error = people.me(), None
    if request.method == "POST":
        chosen = DigestBy.find(request.form.get("digest"))
        if chosen is not None:
            with access.as_system(db.session, "own reminders"):
                person.digest = chosen
            db.session.commit()
            flash(_("Saved."), "success")
            return redirect("/account/reminders")
        error = _("Choose one of the two.")
    page = render_template("account/reminders.html", person=person, store=people.store_of(person.store_id),
                           choices=DigestBy.pairs(), error=error, mail=mail.is_set())
    return page, 400 if error else 200


@bp.route("/agreement", methods=["GET", "POST"])
def agreement() -> Any:
    """Read and sign the confidentiality agreement in force (DOMAIN 3.9)."""
    text, error = people.agreement(), None
    if text is None:
        return redirect("/admin/")
    if request.method == "POST":
        if request.form.get("agree") == "1":
            with access.as_system(db.session, "agreement signed"):
                person = people.me()
                person.agreement_version, person.agreement_signed_at = text.version_name, utcnow()
            db.session.commit()
            return redirect("/admin/")
        error = _("Tick the box to sign.")
    page = render_template("account/agreement.html", title=_("Confidentiality agreement"), text=text.body,
                           version=text.version_name, error=error, demo=is_demo())
    return page, 400 if error else 200
