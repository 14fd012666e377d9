"""The recycle bin: what was deleted within 90 days, by those who may delete it, and the way back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, current_app, flash, redirect, render_template, request
from flask_babel import gettext as _

from admin_app import access, scope
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk.view import is_key
from admin_app.errors import RuleError
from admin_app.models import BY_TABLE
from admin_app.pages.failures import safe_path
from admin_app.rules import saving

bp = Blueprint("recycle", __name__, url_prefix="/admin/recycle")

# How long a deleted row can be brought back (UX 14).
KEPT_FOR = dt.timedelta(days=90)
MOST = 200  # rows on the page


def register(app: Flask) -> None:
    """Serve /admin/recycle/."""
    app.register_blueprint(bp)


@bp.get("/")
def show() -> Any:
    """The deleted rows, the latest first; 403 for people who may delete nothing."""
    names = access.binned()
    if not names:
        abort(403)
    chosen = request.args.get("table")
    rows = [row for name in names if chosen in (None, "", name) for row in _deleted(name)]
    rows.sort(key=lambda row: row.deleted_at, reverse=True)
    return render_template("recycle.html", rows=rows[:MOST], more=len(rows) > MOST, tables=names, chosen=chosen,
                           table_label=table_label)


def table_label(name: str) -> str:
    """A table as its screen is headed; its code name where it has no screen."""
    screens = {view.table: view.many for view in current_app.extensions["admin"][0]._views if hasattr(view, "table")}
    return str(screens.get(name, name))


def _deleted(table: str, row_id: int | None = None) -> list[Any]:
    """Deleted rows of a table within the person's right to delete."""
    model, actor = BY_TABLE[table], replace(access.current(), include_deleted=True)
    criterion = scope.criterion(model, actor, "delete")
    statement = sa.select(model).where(model.deleted_at.is_not(None), model.deleted_at > utcnow() - KEPT_FOR)
    if criterion is not None:
        statement = statement.where(criterion)
    if row_id is not None:
        statement = statement.where(model.id == row_id)
    statement = statement.order_by(model.deleted_at.desc()).limit(MOST + 1)
    return list(db.session.scalars(access.ungated(statement)))


@bp.post("/restore/")
def restore() -> Any:
    """Bring one row back; a sentence where it cannot be, because its place was taken in the meantime."""
    table, number = request.values.get("table", ""), request.values.get("id", "")
    target = safe_path(request.values.get("url")) or "/admin/recycle/"
    if table not in access.binned() or not is_key(number):
        abort(404)
    found = _deleted(table, int(number))
    if not found:
        abort(404)
    row, now = found[0], utcnow()
    try:
        with access.as_system(db.session, "restored from the recycle bin", include_deleted=True):
            row.deleted_at, row.deleted_by_id = None, None
            saving.prepare(db.session, row, now)
        db.session.commit()
    except (RuleError, sa.exc.IntegrityError) as error:
        db.session.rollback()
        said = error.message if isinstance(error, RuleError) else _("Its place was taken in the meantime.")
        flash(_("This cannot be restored: %(why)s", why=said), "error")
        return redirect(target)
    flash(_("Restored: %(name)s", name=str(row)), "success")
    return redirect(target)
