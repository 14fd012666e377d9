"""The calendar of follow-ups and planned visits: month and week; on a phone a small month over the chosen day.

/admin/followups/calendar/?view=month|week|day&day=2026-11-27&who=me|team|ID. A task moves to another day by dragging
it there or by its menu; the rules of snoozing and the reason are those of the due list, and so is the address that
takes it.
"""

from __future__ import annotations

import calendar as months
import datetime as dt
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Flask, abort, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin_app import access, clock, directory, people
from admin_app.choices import Scope
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk.view import is_key
from admin_app.pages import task_rows
from admin_app.pages.colleagues import colleagues
from admin_app.pages.visit_form import read_day
from admin_app.rules import followups, planner, workdays
from admin_app.rules.followups.tasks import LONGEST_SNOOZE

bp = Blueprint("calendar", __name__, url_prefix="/admin/followups/calendar")

VIEWS = {"month": _l("Month"), "week": _l("Week"), "day": _l("One day")}
IN_CELL = {"month": 3, "week": 20}  # tasks that stand in a cell; the number says how many there are
PAGE = 50
FIRST, LAST = dt.date(2000, 1, 1), dt.date(2100, 12, 31)


def register(app: Flask) -> None:
    """Serve /admin/followups/calendar/."""
    app.register_blueprint(bp)


@dataclass(frozen=True)
class Asked:
    """What the address asks for. `people` None: everybody within the gate."""

    view: str
    day: dt.date
    who: str
    people: tuple[int, ...] | None
    page: int = 0

    def address(self, **changes: Any) -> str:
        """The calendar with some of its questions changed."""
        words = {"view": self.view, "day": self.day, "who": None if self.who == "me" else self.who, "page": None}
        pairs = {name: value for name, value in (words | changes).items() if value}
        return f"/admin/followups/calendar/?{urlencode(pairs)}"

    def span(self) -> tuple[dt.date, dt.date]:
        """The first and the last day that are shown: whole weeks from Monday, or the one day."""
        if self.view == "day":
            return self.day, self.day
        if self.view == "week":
            monday = self.day - dt.timedelta(days=self.day.weekday())
            return monday, monday + dt.timedelta(days=6)
        first, length = self.day.replace(day=1), months.monthrange(self.day.year, self.day.month)[1]
        last = self.day.replace(day=length)
        return first - dt.timedelta(days=first.weekday()), last + dt.timedelta(days=6 - last.weekday())

    def step(self, way: int) -> dt.date:
        """The same view one further, or one back (-1)."""
        if self.view != "month":
            return self.day + dt.timedelta(days=way * (7 if self.view == "week" else 1))
        year, month = divmod(self.day.year * 12 + self.day.month - 1 + way, 12)
        return dt.date(year, month + 1, min(self.day.day, months.monthrange(year, month + 1)[1]))


@dataclass
class Cell:
    """One day: how many tasks are due, some of them, the visits planned, and whether it is a working day."""

    day: dt.date
    number: int
    works: bool
    inside: bool
    future: bool
    rows: list[Any] = field(default_factory=list)
    visits: list[Any] = field(default_factory=list)


def asked(today: dt.date) -> Asked:
    """The questions of this address; unknown values fall back to my month around today."""
    actor, who, page = access.current(), request.args.get("who", "me"), request.args.get("page", "")
    whose: tuple[int, ...] | None = (actor.user_id or 0,)
    if who == "team" and actor.right("followup").read is not Scope.OWN:
        whose = None
    elif is_key(who):
        whose = (int(who),)
    else:
        who = "me"
    day = read_day(request.args.get("day", "")) or today
    view = request.args.get("view", "")
    return Asked(view if view in VIEWS else "month", min(max(day, FIRST), LAST), who, whose,
                 int(page) if is_key(page) and len(page) < 5 else 0)


@bp.get("/")
def show() -> Any:
    """403 for those who may not read follow-ups."""
    if not access.can("followup"):
        abort(403)
    now = utcnow()
    today = clock.local_day(now)
    question = asked(today)
    cells = _cells(question, today, now)
    chosen = next(cell for cell in cells if cell.day == question.day)
    rows = task_rows.rows_of(
        ("calendar day", question.day, question.people, today), lambda: followups.order(planner.tasks_between(
            question.day, question.day, question.people, now)).limit(PAGE).offset(PAGE * question.page), now)
    return render_template(
        "calendar.html", asked=question, weeks=[cells[at:at + 7] for at in range(0, len(cells), 7)], chosen=chosen,
        rows=rows, today=today, views=VIEWS, people=colleagues(), person=_person(question), title=_title(question),
        more=chosen.number > PAGE * (question.page + 1), names=people.name_of, everybody=question.people is None,
        estimated=workdays.is_estimated(question.day.year), may_write=access.can("followup", "write"),
        tomorrow=today + dt.timedelta(days=1), furthest=today + dt.timedelta(days=LONGEST_SNOOZE))


def _cells(question: Asked, today: dt.date, now: dt.datetime) -> list[Cell]:
    first, last = question.span()
    numbers = planner.tasks_by_day(db.session, first, last, question.people, now)
    store = _store(question)
    cells = {day: Cell(day, numbers.get(day, 0), workdays.is_working_day(day, store),
                       question.view != "month" or day.month == question.day.month, day > today)
             for day in (first + dt.timedelta(days=at) for at in range((last - first).days + 1))}
    most = IN_CELL.get(question.view, 0)
    if most and numbers:
        for row in task_rows.rows_of(("calendar", question, today), lambda: planner.first_of_each_day(
                first, last, question.people, now, most), now):
            cells[row.task.due_on].rows.append(row)
    if access.can("visit"):
        for visit in planner.planned_visits(db.session, first, last, question.people):
            cells[clock.local_day(visit.at)].visits.append(visit)
    return list(cells.values())


def _store(question: Asked) -> int | None:
    """The store whose days off the page shows: that of the person it is about, else the reader's own."""
    about = question.people[0] if question.people else 0
    known = directory.current().names(db.session, "user").get(about)
    return known[1] if known is not None else access.current().store_id


def _person(question: Asked) -> str:
    if question.people is None:
        return _("Everybody")
    return people.name_of(question.people[0]) or "–"


def _title(question: Asked) -> str:
    first, last = question.span()
    if question.view == "month":
        return f"{question.day:%Y-%m}"
    return f"{first}" if first == last else f"{first} – {last:%m-%d}"
