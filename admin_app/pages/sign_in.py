"""Signing in and out, and the language of the device."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, redirect, render_template, request, session
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user, login_user, logout_user

from admin_app import access, passwords, people, sessions, words
from admin_app.choices import AccessVerb
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.models import AccessLog, Role, Store, User
from admin_app.pages.failures import safe_path
from admin_app.web import is_demo

bp = Blueprint("sign_in", __name__)


def register(app: Flask) -> None:
    """Serve /login, /logout and /language."""
    app.register_blueprint(bp)


@bp.route("/login", methods=["GET", "POST"])
def sign_in() -> Any:
    """Ask for name and password; 401 with a sentence where they are wrong, 429 while the name is locked."""
    target = safe_path(request.values.get("next")) or "/admin/"
    if request.method == "GET":
        if current_user.is_authenticated:
            return redirect(target)
        return _form(target)
    username = request.form.get("username", "").strip()[:60]
    address, now = request.remote_addr or "", utcnow()
    if passwords.is_locked(db.session, username, address, now):
        return _form(target, username, _("This name is locked for 15 minutes."),
                     _("A wrong password was entered too often. The administrator can set a new one.")), 429
    user = db.session.scalars(access.ungated(
        sa.select(User).where(sa.func.lower(User.username) == username.lower(), User.deleted_at.is_(None)))).first()
    if not passwords.right_password(user, request.form.get("password", "")) or user is None or not user.active:
        return _refuse(target, username, address), 401
    _enter(user, address)
    return redirect(target)


def _enter(user: User, address: str) -> None:
    """Begin a new session: nothing of the one before survives."""
    now, language = utcnow(), session.get("language")
    actor = access.actor_for(db.session, user)
    actor.address, actor.road = address, "POST /login"
    access.set_actor(db.session, actor)
    session.clear()
    if language:
        session["language"] = language
    passwords.forget_failures(db.session, user.username)
    session["token"] = sessions.begin(db.session, user, now, address)
    with access.as_system(db.session, "sign-in"):
        user.last_sign_in_at = now
    _log(AccessVerb.SIGN_IN, user, address)
    db.session.commit()
    login_user(user)


def _refuse(target: str, username: str, address: str) -> str:
    """Count the failure and show the form again with what is left."""
    now = utcnow()
    passwords.failed(db.session, username, address, now)
    _log(AccessVerb.SIGN_IN_FAILED, None, address, username)
    db.session.commit()
    by_name, _by_address = passwords.failures(db.session, username, address, now)
    left = max(passwords.MOST_FAILURES - by_name, 0)
    detail = (ngettext("One more failure locks it for 15 minutes. The administrator sets a new password.",
                       "%(num)d more failures lock it for 15 minutes. The administrator sets a new password.", left)
              if left else _("It is now locked for 15 minutes."))
    return _form(target, username, _("The user name or the password is wrong."), detail)


def _log(verb: AccessVerb, user: User | None, address: str, said: str | None = None) -> None:
    db.session.add(AccessLog(at=utcnow(), user_id=user.id if user else None, store_id=user.store_id if user else None,
                             verb=verb, table="user", row_id=user.id if user else None, reason=said, address=address))


def _form(target: str, username: str = "", error: str | None = None, detail: str | None = None) -> str:
    demo = is_demo()
    names = list(db.session.scalars(access.ungated(sa.select(Store.name).order_by(Store.id).limit(2))))
    return render_template(
        "account/sign_in.html", next=target if target != "/admin/" else None, username=username, error=error,
        detail=detail, demo=_roles() if demo else None, demo_password=passwords.DEMO_PASSWORD,
        place=" · ".join(names))


def _roles() -> list[tuple[str, str, str]]:
    """(user name, role, what the role does) of the demo's sign-ins."""
    does = {
        "general_manager": _("Major complaints, targets, rewards"),
        "sales_manager": _("The team's load, leads, coaching"),
        "sales_consultant": _("Leads, own customers and follow-ups"),
        "service_manager": _("Service complaints, promised times"),
        "service_advisor": _("Repair orders, care tips"),
        "care_manager": _("Callbacks, owner club, score periods"),
        "care_specialist": _("Callbacks, complaint intake"),
        "marketing": _("Campaigns and their evaluation"),
        "auditor": _("Reads everything, changes nothing"),
        "administrator": _("Staff, roles, imports, backups"),
    }
    names = {row.code: row.name for row in db.session.execute(access.ungated(sa.select(Role.code, Role.name)))}
    return [(code, names.get(code, code), what) for code, what in does.items()]


@bp.post("/logout")
def sign_out() -> Any:
    """End this session on the server too."""
    if "token" in session:
        sessions.end(db.session, session["token"])
        if current_user.is_authenticated:
            _log(AccessVerb.SIGN_OUT, people.me(), request.remote_addr or "")
        db.session.commit()
    logout_user()
    language = session.get("language")
    session.clear()
    if language:
        session["language"] = language
    return redirect("/login")


@bp.post("/language")
def language() -> Any:
    """Choose the language: for this device, and for the person who is signed in."""
    chosen = request.form.get("language")
    if words.wants_language(chosen):
        session["language"] = chosen
        if current_user.is_authenticated:
            with access.as_system(db.session, "language"):
                people.me().locale = chosen
            db.session.commit()
    return redirect(safe_path(request.form.get("next")) or "/admin/")
