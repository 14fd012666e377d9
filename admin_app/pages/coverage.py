"""Whom nobody has seen for long, by person: every number opens its customers, and a visit is planned from there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import selectinload

from admin_app import access, clock, people
from admin_app.database import db
from admin_app.desk.view import is_key
from admin_app.models import Customer
from admin_app.pages.whose import Whose
from admin_app.rules import coverage

bp = Blueprint("coverage", __name__, url_prefix="/admin/visit/coverage")

PAGE = 100
LONGEST = 730  # days that an address may ask for
SHOWS = {"all": _l("Customers"), "seen": _l("Seen"), "unseen": _l("Not seen"), "never": _l("Never contacted")}


def register(app: Flask) -> None:
    """Serve /admin/visit/coverage/."""
    app.register_blueprint(bp)


def _days() -> int:
    """?days=, else the period of the person's store."""
    text = request.args.get("days", "")
    if is_key(text) and 0 < int(text) <= LONGEST:
        return int(text)
    store_id = access.current().store_id
    return int(people.store_of(store_id).coverage_days) if store_id else 90


@bp.get("/")
def page() -> Any:
    """A line for each person whose customers the reader sees."""
    if not access.can("customer"):
        abort(403)
    chosen, days = Whose.asked(request.args), _days()
    lines = coverage.by_person(db.session, chosen.column, clock.today(), days)
    total = coverage.Covered(None, *(sum(values) for values in zip(*(line[1:] for line in lines), strict=True))) if (
        lines) else coverage.Covered(None, 0, 0, 0)
    names = {line.who: people.name_of(line.who) or chosen.of(line.who).label() or f"#{line.who}" for line in lines}
    return render_template("coverage.html", lines=lines, total=total, names=names, days=days, chosen=chosen,
                           address=_address, shows=SHOWS)


def _address(show: str, whose: Whose, days: int, number: int = 0) -> str:
    asked = {"show": show, "days": str(days)} | whose.words() | ({"page": str(number)} if number else {})
    return f"{request.script_root}/admin/visit/coverage/rows/?{urlencode(asked)}"


@bp.get("/rows/")
def rows() -> Any:
    """The customers behind a number, those first who were not seen for longest: ?show=, ?owner=, ?days=, ?page=."""
    if not access.can("customer"):
        abort(403)
    show, chosen, days, today = request.args.get("show", ""), Whose.asked(request.args), _days(), clock.today()
    if show not in SHOWS:
        abort(404)
    where = [coverage.counted(), *chosen.criteria()]
    where += {"all": [], "seen": [coverage.seen(today, days)], "unseen": [coverage.unseen(today, days)],
              "never": [Customer.last_contact_at.is_(None)]}[show]
    total = db.session.scalar(sa.select(sa.func.count(Customer.id)).where(*where)) or 0
    text = request.args.get("page", "0")
    number = min(int(text), 10_000) if is_key(text) else 0
    found = db.session.scalars(sa.select(Customer).where(*where).options(
        selectinload(Customer.owner), selectinload(Customer.advisor)).order_by(
        Customer.last_contact_at.is_not(None), Customer.last_contact_at, Customer.id)
        .limit(PAGE + 1).offset(number * PAGE)).all()
    return render_template(
        "coverage_rows.html", rows=found[:PAGE], total=total, page=number, more=len(found) > PAGE, title=SHOWS[show],
        chosen=chosen, label=chosen.label() or _("All"), show=show, days=days, address=_address,
        by_advisor=chosen.by == "advisor")
