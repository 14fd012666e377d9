"""The manager's view of the due list: per person what is done, due and overdue, against what each can do; tasks moved
from one to others, or the whole day made even.

Every figure is counted by the due list's own question, so it opens exactly as many rows.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext

from admin_app import access, clock, prepared
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk.filters import list_address
from admin_app.desk.view import is_key
from admin_app.errors import Refused, RuleError
from admin_app.models import DueTask, FollowUp, Role, User
from admin_app.pages import home_parts, task_rows
from admin_app.rules import followups, sharing
from admin_app.rules import today as day
from admin_app.rules.followups.due import WEEK
from admin_app.rules.handover.shares import Bearer

bp = Blueprint("team_work", __name__, url_prefix="/admin/followups/team")

MOST_ROWS = 100  # tasks that stand on the page to be chosen
DUES = ("overdue", "today", "week", "all")


def register(app: Flask) -> None:
    """Serve /admin/followups/team/; the due list links to it for those who lead people."""
    app.register_blueprint(bp)
    app.jinja_env.globals["leads_people"] = access.leads


def _may_see() -> None:
    actor = access.current()
    if not (actor.manages and actor.may("followup", "read")):
        abort(403)


@bp.get("/")
def show() -> Any:
    """Everybody whom one leads; ?person= with the tasks of one, ?due= which of them."""
    _may_see()
    return _page()


@bp.post("/")
def share() -> Any:
    """`verb` move: chosen or so many tasks of one person to others. `verb` even: the overdue ones of all, evenly.

    Shows what would come of it first; with the mark of that, does it.
    """
    _may_see()
    if not access.can("followup", "assign"):
        raise Refused(_("You may not give this to somebody else."))
    now = utcnow()
    try:
        plan = _even(now) if request.form.get("verb") == "even" else _move(now)
    except RuleError as error:
        return _page(error=error), 400
    if request.form.get("mark") != plan.mark() or not plan.given:
        return _page(plan=plan, changed="mark" in request.form and bool(plan.given))
    number = sharing.carry_out(db.session, plan, now)
    db.session.commit()
    flash(ngettext("One follow-up went over.", "%(num)d follow-ups went over.", number), "success")
    return redirect("/admin/followups/team/")


def _watched() -> list[home_parts.Watched]:
    return home_parts.people_of(access.current())


def _bearers(now: Any, only: set[int] | None = None) -> list[Bearer]:
    """The people of the page with what each owes now: overdue and today."""
    owed = day.owed(db.session, now)
    return [Bearer(one.id, one.name, tasks=sum(owed.get(one.id, (0, 0))), tasks_most=one.tasks_most)
            for one in _watched() if only is None or one.id in only]


def _along() -> bool:
    return request.form.get("along") == "1" and access.can("customer", "assign")


def _even(now: Any) -> sharing.Plan:
    """The overdue tasks made even among people of the same role; those who lead neither give nor get."""
    leading = sa.select(Role.id).where(Role.manages)
    keys = [one.id for one in _watched()]
    same: dict[int, set[int]] = {}
    for key, role in db.session.execute(sa.select(User.id, User.role_id).where(
            User.id.in_(keys), User.role_id.not_in(leading))):
        same.setdefault(role, set()).add(key)
    plan = sharing.Plan(along=_along())
    for group in same.values():
        part = sharing.even_out(db.session, _bearers(now, group), now, along=plan.along)
        plan.given |= part.given
        plan.source |= part.source
    return plan


def _move(now: Any) -> sharing.Plan:
    """The plan of the form: the ticked tasks, or so many of the oldest of one person."""
    person, to = request.form.get("person", ""), {int(one) for one in request.form.getlist("to") if is_key(one)}
    if not is_key(person):
        abort(400)
    tasks = _tasks(int(person), request.form.get("due", ""), now)
    chosen = [int(one) for one in request.form.getlist("rowid") if is_key(one)][:MOST_ROWS]
    if request.form.get("which") == "ticked":
        if not chosen:
            raise RuleError(_("Choose at least one follow-up."), "which")
        tasks = tasks.where(FollowUp.id.in_(chosen))
    else:
        number = request.form.get("number", "")
        if not is_key(number) or not 0 < int(number) <= sharing.MOST:
            raise RuleError(_("Say how many, from 1 to %(most)s.", most=sharing.MOST), "number")
        first = db.session.scalars(tasks.with_only_columns(FollowUp.id).order_by(
            FollowUp.due_at, FollowUp.id).limit(int(number))).all()
        tasks = tasks.where(FollowUp.id.in_(first))
    return sharing.move(db.session, tasks, _bearers(now, to - {int(person)}), now, along=_along())


def _tasks(person: int, due: str, now: Any) -> Any:
    return followups.due_query(now, due=due if due in DUES else "overdue", assignee_ids=[person])


def _ahead(now: Any) -> dict[int | None, tuple[int, int]]:
    """person → (next 7 days, all open)."""
    today = clock.local_day(now)

    def build() -> Any:
        week = sa.and_(DueTask.due_on >= today, DueTask.due_on < today + dt.timedelta(days=WEEK))
        return followups.due_query(now, due="all").with_only_columns(
            DueTask.assignee_id, sa.func.sum(sa.case((week, 1), else_=0)), sa.func.count(DueTask.id)).group_by(
            DueTask.assignee_id)

    return {person: (week, number) for person, week, number in prepared.few(
        db.session, ("ahead by person", today), build)}


def _page(plan: sharing.Plan | None = None, error: RuleError | None = None, changed: bool = False) -> str:
    now, watched = utcnow(), _watched()
    kept = day.customers_kept(db.session, watched) if watched else {}
    loads = day.loads(db.session, watched, day.owed(db.session, now), kept, now) if watched else []
    names = {one.id: one.name for one in watched}
    given = request.values.get("person", "")
    person = int(given) if is_key(given) and int(given) in names else None
    due = request.values.get("due", "")
    due = due if due in DUES else "overdue"
    rows = task_rows.rows_of(("team tasks", person, due, clock.local_day(now)), lambda: followups.order(
        _tasks(person or 0, due, now)).limit(MOST_ROWS), now) if person else []
    return render_template(
        "team_work.html", loads=loads, ahead=_ahead(now), names=names, person=person, due=due, rows=rows, plan=plan,
        error=error, changed=changed, typed=request.form, chosen=set(request.form.getlist("to")),
        ticked=set(request.form.getlist("rowid")), may_assign=access.can("followup", "assign"),
        may_along=access.can("customer", "assign"), list_address=list_address, dues=_labels(),
        number=next((_number(load, due, _ahead(now)) for load in loads if load.user_id == person), 0))


def _number(load: day.Load, due: str, ahead: dict[int | None, tuple[int, int]]) -> int:
    week, everything = ahead.get(load.user_id, (0, 0))
    return {"overdue": load.overdue, "today": load.due, "week": week, "all": everything}[due]


def _labels() -> dict[str, str]:
    return {"overdue": _("Overdue"), "today": _("Due today"), "week": _("Next 7 days"), "all": _("All open")}
