"""Putting chosen customers back into the pool: the page that asks why, and the work on a row."""

from __future__ import annotations

from typing import Any

from flask import request

from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.models import Customer
from admin_app.rules import pool


def ask(view: Any, rows: list[Any], error: str = "") -> Any:
    """The page that names the customers and asks for the reason."""
    return view.render("desk/pooling.html", view=view, rows=rows, error=error, back=view.back(),
                       typed=request.form.get("reason", "")), 400 if error else 200


def put_back(view: Any, customer: Customer) -> None:
    """Put one file back for the reason of the form; the caller commits."""
    pool.put_back(db.session, customer, request.form.get("reason", ""), utcnow())
