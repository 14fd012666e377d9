"""Show one private value: POST /admin/reveal/ with table, id, field and, without an open task, a reason."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, abort, jsonify, request
from flask_babel import gettext as _

from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk.view import is_key
from admin_app.errors import Refused, RuleError
from admin_app.models import BY_TABLE
from admin_app.rules import privacy

bp = Blueprint("reveal", __name__, url_prefix="/admin/reveal")


def register(app: Flask) -> None:
    """Serve POST /admin/reveal/."""
    app.register_blueprint(bp)


@bp.post("/")
def show() -> Any:
    """The value as JSON {value}; 422 where a reason is missing, 403 with a sentence where it is refused."""
    row, field = _row(), request.values.get("field", "")
    if not privacy.private(type(row), field):
        return jsonify(error=_("This field is not private.")), 400
    try:
        value = privacy.reveal(db.session, row, field, request.values.get("reason"), utcnow())
        db.session.commit()
    except privacy.NeedsReason as missing:
        db.session.rollback()
        return jsonify(error=str(missing.message), needs="reason"), 422
    except Refused as refusal:
        db.session.rollback()
        privacy.note_refusal(db.session, row, field, refusal.message)
        db.session.commit()
        return jsonify(error=str(refusal.message)), 403
    except RuleError as mistake:
        db.session.rollback()
        return jsonify(error=str(mistake.message)), 400
    return jsonify(value=value)


def _row() -> Any:
    """The row that is asked about, through the gate: 404 where it is out of the person's scope."""
    model = BY_TABLE.get(request.values.get("table", ""))
    row_id = request.values.get("id", "")
    if model is None or not is_key(row_id):
        abort(404)
    row = db.session.scalars(db.select(model).where(model.id == int(row_id))).first()
    if row is None:
        abort(404)
    return row
