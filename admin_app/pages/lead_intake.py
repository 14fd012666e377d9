"""POST /api/leads: leads from the store's website, a call centre or a platform, as JSON with a token.

No session, no CSRF: the token is all that counts. Answers tell the number of the lead and nothing of a person.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, current_app, jsonify, request
from flask_babel import gettext as _
from sqlalchemy.orm.exc import StaleDataError

from admin_app import access, passwords
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.errors import RuleError
from admin_app.models import LeadToken
from admin_app.rules.leads import intake, tokens
from admin_app.web import csrf

bp = Blueprint("lead_intake", __name__)

LARGEST = 64 * 1024  # bytes of a request
TRIES = 5  # leads at the same moment meet on an index or on the token's last use; the second looks again
NAME = "lead token"  # under which wrong tokens are counted
FIELDS = {"model_wish": "model", "question": "note"}  # of the tables, as the body calls them


def register(app: Flask) -> None:
    """Serve /api/leads."""
    csrf.exempt(bp)
    app.register_blueprint(bp)


@bp.post("/api/leads")
def take() -> Any:
    """201 for a lead, 200 for the same one again, else a status with a sentence (and the field)."""
    now, address = utcnow(), request.remote_addr or ""
    access.set_actor(db.session, access.Actor(name=NAME, system=NAME, store_ids=None, address=address,
                                              road="POST /api/leads"))
    if passwords.failures(db.session, NAME, address, now)[1] >= passwords.MOST_FAILURES_ADDRESS:
        return _answer(429, _("Too many attempts. Wait a few minutes."), retry=60)
    token = tokens.find(db.session, _bearer())
    if token is None:
        passwords.failed(db.session, NAME, address, now)
        db.session.commit()
        return _answer(401, _("The token is missing, wrong or no longer active."))
    access.set_actor(db.session, access.Actor(
        name=f"{NAME} {token.name}", system=NAME, store_id=token.store_id, store_ids=None, address=address,
        road="POST /api/leads"))
    number, wait = tokens.count(db.session, token.id, now)
    most, token_id = token.per_minute, token.id
    db.session.commit()
    if number > most:
        return _answer(429, _("Too many requests: at most %(most)s a minute.", most=most), retry=wait)
    return _taken(token_id, now)


def _bearer() -> str:
    kind, _blank, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else ""


def _taken(token_id: int, now: Any) -> Any:
    """The rest for a token that is right: read, check, store."""
    request.max_content_length = LARGEST
    if not request.is_json:
        return _answer(415, _("Send JSON with the content type application/json."))
    if (request.content_length or 0) > LARGEST:
        return _answer(413, _("A lead has at most %(most)s KB.", most=LARGEST // 1024))
    secret = str(current_app.config["SECRET_KEY"])
    try:
        lead = intake.read(_body())
        key = intake.key_of(secret, request.headers.get("Idempotency-Key"), lead, now)
        return _stored(token_id, lead, key, intake.fingerprint(secret, lead), now)
    except intake.KeyTaken as error:
        db.session.rollback()
        return _answer(422, error.message, error.field)
    except RuleError as error:
        db.session.rollback()
        return _answer(400, error.message, FIELDS.get(error.field or "", error.field))


def _body() -> Any:
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError) as error:
        raise RuleError(_("This is no JSON that can be read.")) from error


def _stored(token_id: int, lead: intake.Lead, key: str, mark: str, now: Any) -> Any:
    """Store the lead in one transaction; where another one was quicker on an index, look again."""
    for left in reversed(range(TRIES)):
        try:
            token = db.session.get_one(LeadToken, token_id)
            before = intake.known(db.session, token, key, mark)
            if before is None:
                number = intake.take(db.session, token, lead, key, mark, now)
                tokens.used(token, now)
                db.session.commit()
                return jsonify({"id": number}), 201
            return jsonify({"id": before}), 200
        except (sa.exc.IntegrityError, StaleDataError, RuleError) as error:
            db.session.rollback()
            twin = not isinstance(error, RuleError) or error.field == "phone"
            if not left or not twin:
                raise
    raise AssertionError("the loop returns or raises")


def _answer(status: int, sentence: Any, field: str | None = None, retry: int | None = None) -> Any:
    said = {"error": str(sentence)} | ({"field": field} if field else {})
    headers = {"Retry-After": str(retry)} if retry else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return jsonify(said), status, headers
