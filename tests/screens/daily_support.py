"""What the tests of the daily screens share: numbers on a page, and reading rows without holding the database."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient

from admin_app import access
from admin_app.database import db
from tests.conftest import token

FIGURE = re.compile(
    r'<a class="figure" href="([^"]*)"><span class="l">([^<]*)</span><span class="n [^"]*">(\d+)</span>')


def figures(page: str) -> dict[str, tuple[int, str]]:
    """address → (number, label) of the strip of a home page."""
    return {href.replace("&amp;", "&"): (int(number), label) for href, label, number in FIGURE.findall(page)}


def listed(page: str) -> int:
    """How many rows a list says it has: the due list, a page of the home, or a generated list."""
    for pattern in (r"data-total>\s*([\d,]+)", r'class="sub sub-inline">\D*([\d,]+)'):
        if found := re.search(pattern, page):
            return int(found[1].replace(",", ""))
    return 0


def send(client: FlaskClient, path: str, **fields: Any) -> Any:
    """Post a form with its CSRF token."""
    return client.post(path, data={"csrf_token": token(client, "/admin/")} | fields)


def all_of(model: Any, *where: Any) -> list[Any]:
    """Rows as they stand in the database now; the transaction is ended, so that requests may write."""
    db.session.expire_all()
    rows = list(db.session.scalars(access.ungated(sa.select(model).where(*where).order_by(model.id))))
    for row in rows:
        db.session.refresh(row)
    db.session.expunge_all()
    db.session.rollback()
    return rows


def one(model: Any, key: int) -> Any:
    """One row as it stands in the database now."""
    return all_of(model, model.id == key)[0]
