"""Hand-over of a leaver's work: whom it may concern, what stands on a person, to whom it goes, and the report.

The page shows numbers, never files: whoever hands over need not be one who may see them (secret ones). The lists
behind the numbers are narrowed by the gate as always.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm.exc import StaleDataError

from admin_app import access, clock, once
from admin_app.choices import Grade, Stage
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk.filters import list_address
from admin_app.desk.view import is_key
from admin_app.errors import Refused, RuleError
from admin_app.models import User
from admin_app.rules import handover

bp = Blueprint("handover", __name__, url_prefix="/admin/handover")

MOST_PEOPLE = 500


def register(app: Flask) -> None:
    """Serve /admin/handover/ and its link on the record of a person."""
    app.register_blueprint(bp)
    app.jinja_env.globals["may_hand_over"] = lambda person: handover.may_hand_over(db.session, person)


@bp.get("/")
def people() -> Any:
    """The people whom one may hand over, with what stands on them; first those who have left and still hold some."""
    actor = access.current()
    if not actor.manages:
        abort(403)
    rows = db.session.scalars(sa.select(User).where(handover.within_reach(actor)).order_by(
        User.active, User.name, User.id).limit(MOST_PEOPLE)).all()
    has = handover.has_anything(db.session, [row.id for row in rows], clock.today())
    return render_template("handover.html", rows=[row for row in rows if row.active or row.id in has], has=has,
                           holdings=handover.HOLDINGS)


@bp.get("/<int:number>/")
def person(number: int) -> Any:
    """What stands on a person and the form that gives it away; after it, the report."""
    found = _person(number)
    return _page(found, handover.Wishes(way="", deputy=_first_deputy(found)))


@bp.post("/<int:number>/")
def give(number: int) -> Any:
    """`verb` look: who would get what. `verb` give: hand it over and shut the account, once."""
    found, wishes, key = _person(number), _wishes(), request.form.get("key")
    here = f"/admin/handover/{found.id}/"
    led = once.taken(db.session, key)
    if led is not None:
        return redirect(led)
    try:
        if request.form.get("verb") != "give":
            handover.check(db.session, found)
            return _page(found, wishes, drafted=handover.draft(db.session, found, wishes, utcnow()))
        name, made = found.name, handover.give(db.session, found, wishes, utcnow(), request.form.get("mark", ""))
        once.take(db.session, key, here)
        db.session.commit()
    except RuleError as error:
        db.session.rollback()
        if isinstance(error, Refused):
            raise
        return _again(number, wishes, error)
    except (StaleDataError, sa.exc.IntegrityError):  # pressed twice at once, or a file was saved in between
        db.session.rollback()
        flash(_("Somebody changed this work at the same moment. Look at the numbers again."), "warning")
        return redirect(here)
    number_of = made.total("customers")
    flash(_("%(name)s is handed over and the account is shut.", name=name) + " " + ngettext(
        "One customer has a new place.", "%(num)d customers have a new place.", number_of), "success")
    return redirect(here)


def _again(number: int, wishes: handover.Wishes, error: RuleError) -> Any:
    """The form with what was chosen and what is wrong; where the work has changed, with the numbers as they are now."""
    found, drafted = _person(number), None
    if error.field == "mark":
        drafted = handover.draft(db.session, found, wishes, utcnow())
    return _page(found, wishes, drafted=drafted, error=error), 409 if error.field == "mark" else 400


def _person(number: int) -> User:
    """A person whom the signed-in one may hand over; 404 for those out of sight, 403 for all others."""
    if not access.current().manages:
        abort(403)
    found = db.session.scalars(sa.select(User).where(User.id == number)).first()
    if found is None:
        abort(404)
    if not handover.may_hand_over(db.session, found):
        raise Refused(_("Only the general manager and the person's own manager hand over somebody's work."))
    return found


def _wishes() -> handover.Wishes:
    """What the form says; one or several people, or the pool."""
    keys = tuple(sorted({int(text) for text in request.form.getlist("people") if is_key(text)}))
    deputy = request.form.get("deputy", "")
    way = request.form.get("way", "")
    if way == "people":
        way = handover.ONE if len(keys) == 1 else handover.SPREAD
    elif way != handover.POOL:
        way = ""
    return handover.Wishes(way, keys if way != handover.POOL else (), int(deputy) if is_key(deputy) else None)


def _first_deputy(found: User) -> int | None:
    """Whoever hands over takes the duties unless another one is chosen."""
    me = access.current().user_id
    return me if me in {key for key, _name in handover.deputies(db.session, found)} else None


def _page(found: User, wishes: handover.Wishes, drafted: handover.Draft | None = None,
          error: RuleError | None = None) -> str:
    has = handover.counts(db.session, found.id, clock.today())
    takers = handover.receivers(db.session, found)
    report = handover.last_report(db.session, found) if not found.active else None
    return render_template(
        "handover_person.html", person=found, has=has, wishes=wishes, takers=takers, drafted=drafted, error=error,
        report=report, holdings=handover.HOLDINGS, names=handover.BY_NAME, key=once.new_key(),
        deputies=handover.deputies(db.session, found), follows=[
            one for one in handover.HOLDINGS if one.goes == handover.CUSTOMER and one.name in has],
        groups=_groups(found), lines=_lines(drafted, takers, found) if drafted else [], address=_address)


def _address(holding: Any, person_id: int) -> str:
    """The list with the rows behind a number; empty where the signed-in person may not read the table."""
    if not access.can(holding.table) or holding.name in ("teams", "rules", "secrets"):
        return ""
    if holding.name == "tasks":
        return f"/admin/followups/?due=all&owner={person_id}"
    return list_address(holding.table, (holding.link, "equals", person_id), *holding.shown)


def _groups(found: User) -> list[tuple[Any, list[tuple[Any, int]], int]]:
    """(stage, [(grade, how many)], together) of the person's customers."""
    rows = handover.by_stage_and_grade(db.session, found.id)
    made = []
    for stage in Stage:
        grades = {grade: number for one, grade, number in rows if one == stage}
        if grades:
            made.append((stage, [(grade, grades[grade]) for grade in Grade if grade in grades], sum(grades.values())))
    return made


def _lines(drafted: handover.Draft, takers: list[Any], found: User) -> list[dict[str, Any]]:
    """Who gets how much of what, and how full each is afterwards."""
    counted, known = drafted.counts(), {one.id: one for one in takers}
    names = dict(db.session.execute(sa.select(User.id, User.name).where(
        User.id.in_([key for key in counted if key is not None]))).all())
    lines: list[dict[str, Any]] = []
    for key, numbers in counted.items():
        if key is None:  # the pool; what only ends goes to nobody
            numbers = {name: number for name, number in numbers.items() if name in ("customers", "advised")}
            if numbers:
                lines.append({"name": _("The pool"), "numbers": numbers, "after": None})
            continue
        one = known.get(key)
        after = (one.customers + numbers.get("customers", 0), one.customers_most) if one else None
        lines.append({"name": names.get(key, f"#{key}"), "numbers": numbers, "after": after})
    return sorted(lines, key=lambda line: (line["after"] is None, line["name"]))
