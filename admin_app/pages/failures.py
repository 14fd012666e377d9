"""Error pages: a readable sentence, the way back, and for a fault of ours the number under which it is logged."""

from __future__ import annotations

import re
import secrets
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Flask, current_app, g, jsonify, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import AnonymousUserMixin, current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from admin_app.errors import Refused, RuleError, StaleRow

PATH = re.compile(r"/(?![/\\])[^\\\x00-\x1f]*")  # a path of this site, and nothing that leads elsewhere

WORDS: dict[int, tuple[Any, Any]] = {
    400: (_l("This request could not be read"), _l("Part of the address or of the form is missing or wrong. "
                                                   "Go back, load the page again and repeat the step.")),
    403: (_l("You may not do this"), _l("Your role does not allow it. Nothing was changed. "
                                        "If you need it, ask your manager or the administrator.")),
    404: (_l("There is nothing here"), _l("The page or record does not exist, was deleted, "
                                          "or lies outside what you may see.")),
    405: (_l("This address works differently"), _l("Go back and use the button of the page.")),
    409: (_l("Somebody else was faster"), _l("The record was changed in the meantime. Open it again.")),
    413: (_l("This is too large"), _l("The file or text is larger than the desk accepts.")),
    429: (_l("Too many attempts"), _l("Wait a few minutes, then try again.")),
    500: (_l("Something went wrong on our side"), _l("Nothing was saved. Tell the administrator the number below.")),
    503: (_l("The desk is busy or being maintained"), _l("Try again in a minute. What you saved before is safe.")),
}


def safe_path(target: str | None) -> str | None:
    """`target` where it is a path of this site, else None; None and empty answer None."""
    return target if target and PATH.fullmatch(target) else None


def back() -> str | None:
    """The page this request came from, as a path of this site, or None."""
    came = urlsplit(request.referrer or "")
    if came.netloc != request.host or came.path == request.path:
        return None
    return safe_path(f"{came.path}?{came.query}" if came.query else came.path)


def wants_json() -> bool:
    """Whether a script asked, not a person's browser."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return request.path.startswith("/api/") or best == "application/json"


def _know_the_person() -> None:
    """Every template asks who is signed in; where the database cannot say, it is nobody, so that the page comes."""
    from admin_app.database import db

    try:
        _signed_in = current_user.is_authenticated
    except sa.exc.SQLAlchemyError:
        db.session.rollback()
        g._login_user = AnonymousUserMixin()


def page(code: int, sentence: Any = None, number: str | None = None) -> tuple[Any, int]:
    """The answer for a status code: JSON for a script, a page for a person."""
    title, usual = WORDS.get(code, WORDS[500 if code >= 500 else 400])
    said = str(sentence or usual)
    if wants_json():
        return jsonify({"error": said} | ({"number": number} if number else {})), code
    _know_the_person()
    return render_template("errors/error.html", code=code, title=title, sentence=said, number=number,
                           back=back()), code


def _csrf(error: CSRFError) -> tuple[Any, int]:
    return page(400, _("The form had been open too long or was not ours. Load the page again and repeat the step."))


def _http(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    answer = page(error.code, number=_number(error) if error.code >= 500 else None)
    extra = {name: value for name, value in error.get_headers() if name in ("Retry-After", "Allow")}
    return (*answer, extra)


def _rule(error: RuleError) -> tuple[Any, int]:
    code = 403 if isinstance(error, Refused) else 409 if isinstance(error, StaleRow) else 400
    return page(code, error.message)


def _number(error: BaseException) -> str:
    """Log a fault of ours and answer the number under which it stands in the log."""
    number = secrets.token_hex(4).upper()
    current_app.logger.error("incident %s %s %s", number, request.method, request.path, exc_info=error)
    return number


def _fault(error: Exception) -> tuple[Any, int]:
    from admin_app.database import db

    db.session.rollback()
    return page(500, number=_number(error))


def _busy(error: Exception) -> Any:
    """The database does not answer in time: nothing was saved, and the same step works in a moment."""
    from admin_app import replica
    from admin_app.database import db

    elsewhere = replica.again(error)
    if elsewhere is not None:
        return elsewhere
    db.session.rollback()
    number = _number(error)
    down = getattr(error, "connection_invalidated", False) or "connect" in str(getattr(error, "orig", error)).lower()
    sentence = _("The database does not answer just now. Nothing was saved; try again in a minute.") if down else None
    if wants_json() or request.method in ("GET", "HEAD"):
        return (*page(503, sentence, number), {"Retry-After": "30"})
    _know_the_person()
    title, usual = WORDS[503]
    return render_template("errors/error.html", code=503, title=title, sentence=sentence or usual, number=number,
                           back=back(), typed=_typed()), 503, {"Retry-After": "30"}


def _typed() -> list[tuple[str, str]] | None:
    """What was typed into a form that could not be saved, to send it once more; None for passwords and files."""
    if any("password" in name for name in request.form) or request.files:
        return None
    return list(request.form.items(multi=True))


def init_app(app: Flask) -> None:
    """Answer every failure with a page of our own."""
    app.register_error_handler(sa.exc.OperationalError, _busy)
    app.register_error_handler(sa.exc.TimeoutError, _busy)  # every connection of the pool is in use
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(RuleError, _rule)
    app.register_error_handler(Exception, _fault)
