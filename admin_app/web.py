"""The life of a request: its transaction, its nonce, its security headers, CSRF, and HTTPS off loopback."""

from __future__ import annotations

import secrets
import time
from typing import Any

from flask import Flask, abort, current_app, g, redirect, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from admin_app import shell
from admin_app.database import db, hurried, writing
from admin_app.errors import Refused
from admin_app.settings import is_loopback

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
STATIC = ("static", "scripts", "icons", "admin.static")
DEMO_KNOWN = 60  # seconds
csrf = CSRFProtect()


def init_app(app: Flask) -> None:
    """Put the listeners of a request in place."""
    app.config.setdefault("WTF_CSRF_CHECK_DEFAULT", True)
    app.before_request(_begin)
    csrf.init_app(app)
    app.after_request(_headers)
    app.teardown_request(_end)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    app.add_url_rule("/", "root", lambda: redirect("/admin/"))
    app.add_url_rule(f"{app.static_url_path}/js-<version>/<path:name>", "scripts", _script)
    app.add_url_rule("/i-<digest>", "icons", _icons)


def _script(version: str, name: str) -> Any:
    """A script of our own; `version` is there for the caches alone (look.asset)."""
    return current_app.send_static_file(f"js/{name}")


def _icons(digest: str) -> Any:
    """The sprite of icons, at an address that is short; `digest` is there for the caches alone (look.icon)."""
    return current_app.send_static_file("icons.svg")


def _is_this_version() -> bool:
    """Whether the address of a file names the version that is served, so that the file never changes under it."""
    from admin_app.look import asset, scripts_version

    named = request.view_args or {}
    if "version" in named:
        return bool(named["version"] == scripts_version())
    if "digest" in named:
        return asset("icons.svg").endswith(f"={named['digest']}")
    return bool(request.args.get("v"))


def csp_nonce() -> str:
    """The nonce of this answer: scripts and styles without it do not run."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return g.csp_nonce


def _begin() -> None:
    writing.set(request.method not in SAFE_METHODS)
    hurried.set(True)
    if request.endpoint in STATIC:
        return
    if any("\x00" in value for value in request.values.values()):
        abort(400)
    if not request.is_secure and not is_loopback(request.remote_addr or "127.0.0.1") and not is_demo():
        raise Refused(_("Open this desk over HTTPS: personal data does not travel unprotected."))


def is_demo() -> bool:
    """Whether the database is a demo: every store of it is a demo store. Asked once a minute and process, since another
    process may have made the first real store."""
    kept, until = current_app.extensions.get("caredesk_is_demo", (None, 0.0))
    if kept is None or time.monotonic() > until:
        from admin_app import access
        from admin_app.models import Store

        flags = list(db.session.scalars(access.ungated(db.select(Store.demo))))
        kept = bool(flags) and all(flags)
        if flags:
            current_app.extensions["caredesk_is_demo"] = kept, time.monotonic() + DEMO_KNOWN
    return kept


def _headers(response: Any) -> Any:
    headers = response.headers
    if request.method not in SAFE_METHODS and response.status_code < 400:
        shell.wrote()
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("X-Frame-Options", "DENY")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint in STATIC and response.status_code < 400:  # an error page is a page of a person
        headers["Cache-Control"] = "public, max-age=86400" + (", immutable" if _is_this_version() else "")
        return response
    headers.setdefault("Cache-Control", "no-store")
    nonce = csp_nonce()
    headers.setdefault("Content-Security-Policy", "; ".join((
        "default-src 'none'", f"script-src 'self' 'nonce-{nonce}'", f"style-src 'self' 'nonce-{nonce}'",
        "img-src 'self' data:", "font-src 'self'", "connect-src 'self'", "manifest-src 'self'", "worker-src 'self'",
        "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'", "object-src 'none'")))
    return response


def _end(_error: BaseException | None) -> None:
    writing.set(True)
    hurried.set(False)


class BehindProxy:
    """What the proxies of CAREDESK_PROXIES say about the visitor is believed where CAREDESK_HTTPS is set.

    For servers that do not see to it themselves (gunicorn); waitress does in serving.py.
    """

    HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT",
               "HTTP_X_FORWARDED_PREFIX", "HTTP_FORWARDED")

    def __init__(self, inner: Any, config: Any) -> None:
        self.inner, self.fixed = inner, ProxyFix(inner, x_for=1, x_proto=1, x_host=1)
        named = str(config["CAREDESK_PROXIES"]).split(",") if str(config["CAREDESK_HTTPS"]) == "1" else []
        self.trusted = {name.strip() for name in named if name.strip()}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("REMOTE_ADDR") in self.trusted:
            return self.fixed(environ, start_response)
        for name in self.HEADERS:
            environ.pop(name, None)
        return self.inner(environ, start_response)
