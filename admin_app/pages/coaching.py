"""What visits have brought, for whoever leads people: reports to answer, major objections, competitor news, changes of
credit, other prospects; and for everybody the remarks on the own reports. Every number is that of its rows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import selectinload

from admin_app import access, clock
from admin_app.choices import ObjectionWeight, VisitState
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk.view import is_key
from admin_app.errors import Refused, RuleError
from admin_app.models import Visit
from admin_app.rules import coaching

bp = Blueprint("coaching", __name__, url_prefix="/admin/visit/review")

PAGE = 50
DAYS = (30, 90, 365)
SHOWS = {"review": _l("Reports to answer"), "mine": _l("Remarks on my reports"), "answered": _l("Answered"),
         "objections": _l("Major objections"), "competitors": _l("Competitor news"),
         "credit": _l("Changes of credit"), "prospects": _l("Other prospects")}
LEADERS = ("review", "answered")


def register(app: Flask) -> None:
    """Serve /admin/visit/review/."""
    app.register_blueprint(bp)


def _criteria(show: str, days: int) -> list[Any]:
    me = access.current().user_id
    since = clock.at(clock.today() - dt.timedelta(days=days), 0)
    if show == "review":
        return [Visit.sampled_on.is_not(None), Visit.reviewed_at.is_(None), Visit.staff_id != me]
    said: dict[str, list[Any]] = {
        "mine": [Visit.staff_id == me, Visit.reviewed_at.is_not(None)],
        "answered": [Visit.reviewed_at.is_not(None), Visit.staff_id != me],
        "objections": [Visit.objection_weight == ObjectionWeight.MAJOR],
        "competitors": [Visit.competitor.is_not(None)], "credit": [Visit.credit_to.is_not(None)],
        "prospects": [Visit.prospects.is_not(None)]}
    return [Visit.state == VisitState.DONE, Visit.at >= since, *said[show]]


@bp.get("/")
def page() -> Any:
    """?show= one of SHOWS, ?days= 30, 90 or 365, ?page=."""
    if not access.can("visit"):
        abort(403)
    shows = {name: word for name, word in SHOWS.items() if name not in LEADERS or access.current().manages}
    show = request.args.get("show") or next(iter(shows))
    if show not in shows:
        abort(403 if show in SHOWS else 404)
    text, asked = request.args.get("page", "0"), request.args.get("days", "")
    days = int(asked) if is_key(asked) and int(asked) in DAYS else 90
    number = min(int(text), 10_000) if is_key(text) else 0
    return _page(shows, show, days, number)


def _page(shows: dict[str, Any], show: str, days: int, number: int, wrong: dict[int, tuple[str, str]] | None = None
          ) -> str:
    sums: list[Any] = [sa.select(sa.func.count(Visit.id)).where(*_criteria(name, days)).scalar_subquery()
                       for name in shows]
    counts = dict(zip(shows, tuple(db.session.execute(sa.select(*sums)).one()), strict=True))
    rows = db.session.scalars(sa.select(Visit).where(*_criteria(show, days)).options(
        selectinload(Visit.customer), selectinload(Visit.staff), selectinload(Visit.reviewed_by)).order_by(
        Visit.at.desc(), Visit.id.desc()).limit(PAGE).offset(number * PAGE)).all()
    return render_template(
        "coaching.html", shows=shows, show=show, counts=counts, rows=rows, days=days, choices=DAYS, page=number,
        more=counts[show] > (number + 1) * PAGE, wrong=wrong or {},
        open={row.id for row in rows if show == "review" and coaching.may_review(db.session, row)})


def _visit() -> Visit:
    text = request.form.get("visit", "")
    found = db.session.scalars(sa.select(Visit).where(Visit.id == int(text))).first() if is_key(text) else None
    if found is None:
        abort(404)
    return found


@bp.post("/remark/")
def remark() -> Any:
    """A manager's remark on a report."""
    visit, typed = _visit(), request.form.get("remark", "")
    if not coaching.may_review(db.session, visit):
        raise Refused(_("Only a manager answers the report, and nobody his own."))
    try:
        coaching.review(db.session, visit, typed, utcnow())
    except RuleError as error:
        db.session.rollback()
        shows = {name: word for name, word in SHOWS.items() if name not in LEADERS or access.current().manages}
        return _page(shows, "review", 90, 0, {visit.id: (typed, str(error.message))}), 400
    db.session.commit()
    flash(_("The remark is kept; whoever wrote the report sees it."), "success")
    return redirect("/admin/visit/review/?show=review")


@bp.post("/confirm/")
def confirm() -> Any:
    """Whoever wrote the report has read the remark."""
    visit = _visit()
    if visit.staff_id != access.current().user_id:
        raise Refused(_("There is no remark for you here."))
    coaching.confirm(db.session, visit, utcnow())
    db.session.commit()
    flash(_("Thank you, the remark is confirmed."), "success")
    return redirect("/admin/visit/review/?show=mine")
