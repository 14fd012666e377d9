"""公海, the pool: customers whom nobody looks after, to be claimed by one click.

What is shown here is the documented opening of rules/pool: name, masked phone, stage, grade, source, model wished for,
district, and since when. The file itself opens after claiming, and to those who may read it anyway.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Flask, abort, flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm.exc import StaleDataError

from admin_app import access, clock, people
from admin_app.choices import Grade, Source, Stage
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk.view import is_key
from admin_app.errors import Refused, RuleError
from admin_app.masking import masked
from admin_app.pages.failures import safe_path
from admin_app.rules import pool

bp = Blueprint("pool", __name__, url_prefix="/admin/pool")

PAGE = 50
DAYS = (7, 30, 90)


def register(app: Flask) -> None:
    """Serve /admin/pool/ and POST /admin/pool/claim/."""
    app.register_blueprint(bp)


def asked() -> tuple[pool.Question, int]:
    """What the address asks for, and the page; nonsense is left out."""
    days, page = request.args.get("days", ""), request.args.get("page", "")
    stage, grade, source = (kind.find(request.args.get(name)) for name, kind in (
        ("stage", Stage), ("grade", Grade), ("source", Source)))
    return pool.Question(stage and stage.value, grade and grade.value, source and source.value,
                         request.args.get("district", "").strip()[:60], int(days) if days in map(str, DAYS) else 0
                         ), int(page) if is_key(page) and len(page) < 6 else 0


def address(question: pool.Question, **changes: Any) -> str:
    """The pool with some of the questions changed; None drops one."""
    words = {name: getattr(question, name) for name in ("stage", "grade", "source", "district", "days")} | changes
    pairs = {name: value for name, value in words.items() if value}
    return "/admin/pool/" + (f"?{urlencode(pairs)}" if pairs else "")


@bp.get("/")
def show() -> Any:
    """The pool, the best grades first; 403 for those who may not claim."""
    actor = access.current()
    if not pool.may_see(actor):
        abort(403)
    (question, page), now = asked(), utcnow()
    rows, total = pool.opening(db.session, question, now, PAGE + 1, PAGE * page)
    today, opens = clock.local_day(now), access.readable(db.session, "customer", [row.id for row in rows])
    return render_template(
        "pool.html", rows=rows[:PAGE], total=total, question=question, address=address, masked=masked,
        room=pool.room(db.session, people.me(), now), opens=opens, choices=_choices(actor),
        waited={row.id: (today - row.since).days if row.since else None for row in rows},
        assigns=actor.may("customer", "assign"), here=address(question, page=page),
        previous=address(question, page=page - 1) if page else "",
        further=address(question, page=page + 1) if len(rows) > PAGE else "")


def _choices(actor: access.Actor) -> dict[str, list[tuple[Any, Any]]]:
    """What the filters offer."""
    stages = Stage if actor.may("customer", "assign") else (Stage.LEAD, Stage.PROSPECT)
    return {"stage": [(one.value, one.label) for one in stages], "grade": Grade.pairs(), "source": Source.pairs(),
            "days": [(days, ngettext("For one day", "For %(num)d days", days)) for days in DAYS]}


@bp.post("/claim/")
def claim() -> Any:
    """Take one customer; a sentence where somebody else was quicker or the limit is reached."""
    if not pool.may_see(access.current()):
        raise Refused(_("The pool is for those who look after customers of their own."))
    back, number = safe_path(request.form.get("back")) or "/admin/pool/", request.form.get("id", "")
    if not is_key(number):
        abort(404)
    try:
        found = pool.claim(db.session, int(number), people.me(), utcnow())
        name = found.name
        db.session.commit()
    except RuleError as error:
        db.session.rollback()
        if isinstance(error, Refused):
            raise
        flash(str(error.message), "error")
    except StaleDataError:
        db.session.rollback()
        flash(_("Somebody else was quicker: this customer is not in the pool any more."), "error")
    else:
        flash(_("%(name)s is yours now; the first follow-up waits in your due list.", name=name), "success")
    return redirect(back)
