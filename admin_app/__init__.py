"""CareDesk 关爱台: the customer-care desk of a car dealership. create_app() is the table of contents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask

__version__ = "0.1.0"


def create_app(given: Mapping[str, Any] | None = None) -> Flask:
    """The application. `given` overrides settings (see settings.py); RuleError where one cannot be used."""
    from importlib import import_module
    from importlib.util import find_spec

    from admin_app import database, look, memory, pages, people, replica, settings, web, words
    from admin_app.pages import failures

    memory.give_back()  # what one sign-in needs is not kept for the next
    app = Flask(__name__)
    app.config.update(settings.load(given))

    database.init_app(app)  # one SQLAlchemy object, safe SQLite, migrations
    words.init_app(app)  # languages, dates and amounts as people read them
    web.init_app(app)  # request life: clock of the transaction, nonce, headers, CSRF
    people.init_app(app)  # who is signed in, and the gate for this request
    replica.init_app(app)  # reports read a replica where there is one
    look.init_app(app)  # shell, icons, pieces of markup
    failures.init_app(app)  # every failure is a page with a sentence

    pages.register(app)  # the hand-made screens
    for name in ("views", "cli"):  # the generated screens, the commands
        if find_spec(f"admin_app.{name}"):
            import_module(f"admin_app.{name}").register(app)
    if app.testing:
        import_module("admin_app.desk.selects").check_at_start(app)  # no select over a table that grows
    return app
