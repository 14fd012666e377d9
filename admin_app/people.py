"""Who is signed in, and what follows from it for the request: the actor, the forced password, the agreement."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask import Flask, flash, g, redirect, request, session
from flask_babel import gettext as _
from flask_login import LoginManager, current_user

from admin_app import access, sessions
from admin_app.choices import Scope
from admin_app.clock import local_day, utcnow
from admin_app.database import db
from admin_app.models import Agreement, User
from admin_app.pages.failures import safe_path

# Pages that need nobody signed in.
PUBLIC = {"static", "admin.static", "sign_in.sign_in", "sign_in.sign_out", "sign_in.language", "root",
          "health.healthz", "health.readyz", "health.metrics"}
# Pages that stay open while the password must be changed or the agreement signed.
ALWAYS = PUBLIC | {"account.password", "account.agreement"}
# What break-glass opens to an administrator: reading, masked, for a short time (SAFETY).
BREAK_GLASS = ("customer", "contact", "vehicle", "visit", "promise", "complaint", "complaint_step", "repair_order",
               "followup")

manager = LoginManager()


def init_app(app: Flask) -> None:
    """Load the person of the session, set the actor and hold the two steps before everything else."""
    manager.init_app(app)
    manager.session_protection = None  # phones change their address; the token is checked instead
    manager.user_loader(_load)
    app.before_request(_enter)


def _load(user_id: str) -> User | None:
    token = session.get("token")
    if not token or not user_id.isdigit():
        return None
    found = sessions.find(db.session, int(user_id), token, utcnow())
    if found is None:
        return None
    g.sign_in = found[1]
    return found[0]


def _enter() -> Any:
    if request.endpoint in ("static", "admin.static", "health.healthz") or request.endpoint is None:
        return None
    if not current_user.is_authenticated:
        return None if request.endpoint in PUBLIC else _ask_to_sign_in()
    user: Any = current_user._get_current_object()
    actor = access.actor_for(db.session, user)
    actor.address, actor.road = request.remote_addr, f"{request.method} {request.path}"
    _break_glass(actor)
    g.actor = actor
    access.set_actor(db.session, actor)
    if request.endpoint in ALWAYS:
        return None
    if user.must_change_password:
        return redirect("/account/password")
    if not agreement_signed(user):
        return redirect("/account/agreement")
    return None


def _ask_to_sign_in() -> Any:
    by_script = request.headers.get("X-Requested-With") == "XMLHttpRequest"
    if by_script or request.accept_mimetypes.best == "application/json":
        return {"error": _("Please sign in.")}, 401
    target = request.full_path.rstrip("?") if request.method == "GET" else "/admin/"
    if request.method != "GET":
        flash(_("Your session has ended. Sign in again; what you typed is kept in your browser's history."), "error")
    return redirect("/login" + (f"?next={_quoted(target)}" if safe_path(target) and target != "/admin/" else ""))


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text, safe="/")


def _break_glass(actor: access.Actor) -> None:
    """Widen an administrator's rights to masked reading while the glass is broken."""
    row = g.get("sign_in")
    if row is None or row.break_glass_until is None or row.break_glass_until <= utcnow():
        return
    for table in BREAK_GLASS:
        right = actor.rights.get(table, access.NOTHING)
        if right.read is Scope.NONE:
            actor.rights[table] = access.replace(right, read=Scope.STORE)


def current_agreement(today: dt.date) -> Agreement | None:
    """The agreement whose text is in force; None where the store has none."""
    statement = sa.select(Agreement).where(Agreement.valid_from <= today, Agreement.deleted_at.is_(None)).order_by(
        Agreement.valid_from.desc(), Agreement.id.desc()).limit(1)
    return db.session.scalars(access.ungated(statement)).first()


def agreement_signed(user: User) -> bool:
    """Whether a person has signed the text in force; true where the store has no agreement."""
    if "agreement" not in g:
        g.agreement = current_agreement(local_day(utcnow()))
    return g.agreement is None or user.agreement_version == g.agreement.version_name
