"""Who is signed in, and what follows from it for the request: the actor, the forced password, the agreement.

A request asks the database once who is behind its session (sessions.find); the person, the rights and the agreement
come from the directory, which is kept in memory and known good by the stamp that the same statement brings.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from flask import Flask, flash, g, redirect, request, session
from flask_babel import gettext as _
from flask_login import LoginManager, current_user

from admin_app import access, directory, sessions
from admin_app.choices import Scope
from admin_app.clock import local_day, utcnow
from admin_app.database import db
from admin_app.models import Agreement, Role, Store, User
from admin_app.pages.failures import safe_path

# Pages that need nobody signed in.
PUBLIC = {"static", "scripts", "icons", "admin.static", "sign_in.sign_in", "sign_in.sign_out", "sign_in.language",
          "root", "health.healthz", "health.readyz", "health.metrics", "lead_intake.take"}
# Pages that stay open while the password must be changed or the agreement signed.
ALWAYS = PUBLIC | {"account.password", "account.agreement"}
# What break-glass opens to an administrator: reading, masked, for a short time (SAFETY).
BREAK_GLASS = ("customer", "contact", "vehicle", "visit", "promise", "complaint", "complaint_step", "repair_order",
               "followup")

manager = LoginManager()


@dataclass(frozen=True)
class Place:
    """A store as every page needs it."""

    id: int
    code: str
    name: str
    demo: bool

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Person:
    """The person who is signed in, as the directory knows her; what flask-login asks of one included."""

    id: int
    username: str
    name: str
    store_id: int
    role_id: int
    second_role_id: int | None
    team_id: int | None
    locale: str | None
    must_change_password: bool
    agreement_version: str | None
    store: Place | None
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        return str(self.id)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Known:
    """A person with the actor that her requests begin with."""

    person: Person
    actor: access.Actor


@dataclass(frozen=True)
class Text:
    """The confidentiality agreement in force."""

    version_name: str
    body: str


def init_app(app: Flask) -> None:
    """Load the person of the session, set the actor and hold the two steps before everything else."""
    manager.init_app(app)
    manager.session_protection = None  # phones change their address; the token is checked instead
    manager.user_loader(_load)
    app.before_request(_enter)


def _load(user_id: str) -> Person | None:
    token = session.get("token")
    if not token or not user_id.isdigit():
        return None
    found = sessions.find(db.session, int(user_id), token, utcnow())
    if found is None:
        return None
    book = directory.at(found.stamp)
    known: Known | None = book.keep(("person", int(user_id)), lambda: _known(int(user_id)))
    if known is None:
        return None
    g.sign_in, g.known = found, known
    return known.person


def _known(user_id: int) -> Known | None:
    user = db.session.scalars(access.ungated(sa.select(User).where(
        User.id == user_id, User.active.is_(True), User.deleted_at.is_(None)))).first()
    if user is None:
        return None
    store = db.session.scalars(access.ungated(sa.select(Store).where(Store.id == user.store_id))).first()
    place = Place(store.id, store.code, store.name, store.demo) if store is not None else None
    return Known(Person(
        user.id, user.username, user.name, user.store_id, user.role_id, user.second_role_id, user.team_id, user.locale,
        bool(user.must_change_password), user.agreement_version, place), access.actor_for(db.session, user))


def me() -> User:
    """The signed-in person as a record of the database, to be named in another record or changed."""
    statement = access.ungated(sa.select(User).where(User.id == current_user.id))
    return db.session.scalars(statement).one()


def name_of(key: int | None, table: str = "user") -> str | None:
    """The name of a colleague, store, team or role as far as the signed-in person may see it; None otherwise. Asks the
    database for nothing once the names are known."""
    known = directory.current().names(db.session, table).get(key) if key is not None else None
    stores = access.current().store_ids
    return known[0] if known and (stores is None or known[1] is None or known[1] in stores) else None


def store_of(key: int) -> Any:
    """A store with all its settings, as a plain row; kept until somebody changes it."""
    return directory.current().keep(("store", key), lambda: db.session.execute(access.ungated(
        sa.select(*Store.__table__.c).where(Store.id == key))).one())


def role_of(key: int) -> Any:
    """A role as a plain row, kept like store_of(); None where it is in the recycle bin."""
    return directory.current().keep(("role", key), lambda: db.session.execute(access.ungated(
        sa.select(*Role.__table__.c).where(Role.id == key, Role.deleted_at.is_(None)))).first())


def _enter() -> Any:
    if request.endpoint in ("static", "scripts", "icons", "admin.static", "health.healthz") or request.endpoint is None:
        return None
    if not current_user.is_authenticated:
        return None if request.endpoint in PUBLIC else _ask_to_sign_in()
    person = g.known.person
    actor = replace(g.known.actor, address=request.remote_addr, road=f"{request.method} {request.path}")
    _break_glass(actor)
    g.actor = actor
    access.set_actor(db.session, actor)
    if request.endpoint in ALWAYS:
        return None
    if person.must_change_password:
        return redirect("/account/password")
    if not agreement_signed():
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
    until = g.sign_in.break_glass_until
    if until is None or until <= utcnow():
        return
    actor.rights, actor.kept = dict(actor.rights), {}
    for table in BREAK_GLASS:
        right = actor.rights.get(table, access.NOTHING)
        if right.read is Scope.NONE:
            actor.rights[table] = replace(right, read=Scope.STORE)


def agreement() -> Text | None:
    """The confidentiality agreement in force today; None where the store has none."""
    today = local_day(utcnow())
    return directory.current().keep(("agreement", today), lambda: _agreement(today))


def _agreement(today: dt.date) -> Text | None:
    statement = sa.select(Agreement.version_name, Agreement.body).where(
        Agreement.valid_from <= today, Agreement.deleted_at.is_(None)).order_by(
        Agreement.valid_from.desc(), Agreement.id.desc()).limit(1)
    row = db.session.execute(access.ungated(statement)).first()
    return Text(row.version_name, row.body) if row is not None else None


def agreement_signed() -> bool:
    """Whether the signed-in person has signed the text in force; true where the store has no agreement."""
    text = agreement()
    return text is None or current_user.agreement_version == text.version_name
