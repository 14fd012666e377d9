"""The steps of a score period: closing and paying it, the manager's note, the person's confirmation."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import abort, flash, redirect, request
from flask_babel import gettext as _

from admin_app import access
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk.view import is_key
from admin_app.errors import Refused, RuleError, StaleRow
from admin_app.models import Score, Store
from admin_app.pages.scores import bp, make_board, period_asked, shown, store_asked
from admin_app.rules.scores import cards as score_cards
from admin_app.rules.scores import closing, viewing


def _keep(step: Any, said: Any) -> Any:
    """Close or pay the period of the form, then back to the page with a sentence."""
    now = utcnow()
    store, stores = store_asked(db.session, access.current())
    period = period_asked(now)
    try:
        step(db.session, store, period, now)
        db.session.commit()
    except Refused:
        db.session.rollback()
        raise
    except RuleError as error:
        db.session.rollback()
        flash(str(error.message), "error")
    else:
        flash(said % {"period": period.label}, "success")
    return redirect(_address({"period": period.label, "role": request.form.get("role"),
                              "store": store.code if len(stores) > 1 else None}))


@bp.post("/close/")
def close() -> Any:
    """Freeze the period of a store."""
    return _keep(closing.close, _("%(period)s is closed; its scores are frozen.", period="%(period)s"))


@bp.post("/pay/")
def pay() -> Any:
    """Mark the period of a store as paid."""
    return _keep(closing.pay, _("%(period)s is marked as paid.", period="%(period)s"))


def _score_asked() -> Score:
    """The score in the form, where the viewer may see its lines; else 404."""
    with access.as_system(db.session, score_cards.WHY):
        key = request.form.get("score", "")
        score = db.session.get(Score, int(key)) if is_key(key) else None
        store = db.session.get(Store, score.store_id) if score is not None else None
    if score is None or store is None or not viewing.sees_lines(access.current(), store, score.user_id):
        abort(404)
    return score


@bp.post("/note/")
def note() -> Any:
    """Save the manager's note on a closed score. A refused one is shown again with what was typed."""
    score, text = _score_asked(), request.form.get("note", "")
    try:
        closing.write_note(db.session, score, text, request.form.get("version", 0, type=int))
        db.session.commit()
    except Refused:
        db.session.rollback()
        raise
    except RuleError as error:
        db.session.rollback()
        return shown(make_board(utcnow()), text, error.message), 409 if isinstance(error, StaleRow) else 400
    flash(_("The note is saved."), "success")
    return redirect(_back(score))


@bp.post("/confirm/")
def confirm() -> Any:
    """The person confirms having seen the score."""
    score = _score_asked()
    try:
        closing.confirm(db.session, score, utcnow())
        db.session.commit()
    except Refused:
        db.session.rollback()
        raise
    except RuleError as error:
        db.session.rollback()
        flash(str(error.message), "error")
    else:
        flash(_("Your score is confirmed."), "success")
    return redirect(_back(score))


def _back(score: Score) -> str:
    given = {name: request.form.get(name) for name in ("period", "role", "store")} | {"open": score.user_id}
    return _address(given) + f"#p{score.user_id}"


def _address(given: dict[str, Any]) -> str:
    return f"{request.script_root}/admin/scores/?" + urlencode({k: v for k, v in given.items() if v})
