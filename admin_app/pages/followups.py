"""Due follow-ups: whom to contact, why, and the one task in front of the person with its log form.

/admin/followups/?due=overdue|today|week|all|blocked&owner=me|all|ID&reason=CODE. Without `due` it is what is owed now:
overdue and today together. Blocked: marketing that the contact cap holds back, each with the day from which it is free.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from admin_app import access, clock, look, menu, people, prepared, shell, words
from admin_app.choices import Scope
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.models import FollowUp
from admin_app.pages import due_panel, due_rows, task_rows
from admin_app.pages.colleagues import colleagues
from admin_app.pages.task_rows import TaskRow
from admin_app.rules import followups
from admin_app.rules.followups.blocking import Block

bp = Blueprint("followups", __name__, url_prefix="/admin/followups")

DUES = {"overdue": _l("Overdue"), "today": _l("Due today"), "week": _l("Next 7 days"), "all": _l("All open"),
        "blocked": _l("Held back")}
PAGE = 20
NOBODY = "none"  # the `owner` of tasks that nobody has
LINES, TOPS = 4_000, 200  # lines and tops of lists that are kept
LIST = shell.place("list")  # where a kept line has the list's address


def register(app: Flask) -> None:
    """Serve /admin/followups/ and give the menu its count."""
    from admin_app.pages import followup_acts

    task_rows.init_app(app)
    followup_acts.add_to(app)
    app.register_blueprint(bp)


@dataclass(frozen=True)
class Asked:
    """What the address asks for. `due` None: overdue and today. `people` None: everybody within the gate; (None,):
    the tasks that nobody has."""

    due: str | None
    owner: str
    people: tuple[int | None, ...] | None
    reason: str | None
    page: int

    def address(self, **changes: Any) -> str:
        """The list with some of its questions changed; None drops one."""
        asked = {"due": self.due, "owner": None if self.owner == "me" else self.owner, "reason": self.reason,
                 "page": self.page or None} | {"page": None} | changes
        pairs = {name: value for name, value in asked.items() if value}
        return "/admin/followups/" + (f"?{urlencode(pairs)}" if pairs else "")


def asked(given: Mapping[str, str] | None = None) -> Asked:
    """The questions of this address, or of another one's query; unknown values fall back to the usual ones."""
    words: Mapping[str, str] = request.args if given is None else given
    actor, owner = access.current(), words.get("owner", "me")
    due, page = words.get("due"), words.get("page", "")
    whose: tuple[int | None, ...] | None = (actor.user_id or 0,)
    if owner in ("all", NOBODY) and actor.right("followup").read is not Scope.OWN:
        whose = None if owner == "all" else (None,)
    elif owner.isascii() and owner.isdigit() and len(owner) < 10:
        whose = (int(owner),)
    else:
        owner = "me"
    return Asked(due if due in DUES else None, owner, whose, words.get("reason") or None,
                 int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 0)


def statement(question: Asked, now: dt.datetime, due: str | None = "") -> Any:
    """The tasks that answer; `due` "" is the question's own."""
    wanted = question.due if due == "" else due
    return followups.due_query(now, due=wanted or "owed", assignee_ids=question.people, reason=question.reason)


# The figure of followups.Line behind a chip; no chip chosen is what is owed now.
FIGURES = {"": "owed", "overdue": "overdue", "today": "today", "week": "week", "all": "all", "blocked": "blocked"}


def _added(lines: list[followups.Line], due: str) -> int:
    return sum(getattr(line, FIGURES[due]) for line in lines)


@bp.get("/")
def show() -> Any:
    """The queue, and beside it the chosen task (?task=) or the first one."""
    if not access.can("followup"):
        abort(403)
    question, now = asked(), utcnow()
    whose = _whose(question)
    waiting, done = due_rows.day_of(whose, now)
    lines = waiting if question.people == (whose,) else followups.tally(db.session, question.people, now)
    counted = [line for line in lines if line.code == question.reason] if question.reason else lines
    rows = due_rows.rows_of(question, counted, PAGE, now)
    counts = {due: _added(counted, due) for due in FIGURES}
    chosen, page, more = _chosen(rows[:PAGE], now), rows[:PAGE], len(rows) > PAGE
    return render_template(
        "followups.html", asked=question, rows=page, more=more, total=counts[question.due or ""],
        people=colleagues(), list_at=question.address(page=question.page or None),
        top=_top(question, lines, counts, waiting, done, now), head=_head(question.people is None),
        body=_body(page, question, chosen, now), bulk=_bulk(counts[question.due or ""], len(page)),
        panel=due_panel.html(chosen, _onward(question, page, chosen), _at(question, chosen.task.id), now)
        if chosen else "",
        keys=shell.piece(("queue keys",), "visit/keys.html"),
        keys_sheet=shell.piece(("queue keys sheet",), "visit/keys_sheet.html",
                               lambda: {"may_assign": access.can("followup", "assign")}))


def _top(question: Asked, lines: list[followups.Line], counts: dict[str, int], waiting: list[followups.Line],
         done: int, now: dt.datetime) -> Markup:
    """Whose list it is, how far the day has come, and the chips; the same until a figure changes."""
    shown = {"done": done, "day_total": done + _added(waiting, ""), "person": _person(question),
             "mine": _mine(question, counts, waiting), "unassigned": _unassigned(question, lines, now)}
    reasons = _reasons(question, lines)
    key = ("top", replace(question, page=0), clock.local_day(now), *counts.values(), *shown.values(), *reasons)
    return shell.kept(key, lambda: Markup(render_template(
        "visit/top.html", asked=question, counts=counts, reasons=reasons, people=colleagues(), dues=DUES, **shown)),
        "tops", TOPS)


def _bulk(total: int, shown: int) -> Markup:
    """What may be done with several lines at once."""
    if not access.can("followup", "write"):
        return Markup("")
    words = {"may_assign": access.can("followup", "assign"), "total": total if total > shown else None}
    return shell.kept(("queue bulk", *words.values()),
                      lambda: Markup(render_template("visit/bulk.html", **words)), "tops", TOPS)


def _at(question: Asked, task_id: int | str) -> str:
    """The page of the list with a task chosen."""
    return question.address(page=question.page or None, task=task_id)


def _mine(question: Asked, counts: dict[str, int], waiting: list[followups.Line]) -> int | None:
    """What the person in front of the screen owes; None where a colleague's list is shown, whose figures it has."""
    if question.owner == "me":
        return counts[""]
    return _added(waiting, "") if question.people in (None, (None,)) else None


def _unassigned(question: Asked, lines: list[followups.Line], now: dt.datetime) -> int | None:
    """How many open tasks nobody has; None for people who see their own only."""
    if access.current().right("followup").read is Scope.OWN:
        return None
    if question.people in (None, (None,)):
        return sum(line.unassigned for line in lines)
    return followups.unassigned(db.session, now)


def _onward(question: Asked, rows: list[TaskRow], chosen: TaskRow | None) -> str:
    """The list with the next task chosen, for when this one has been dealt with."""
    places = [row.task.id for row in rows]
    at = places.index(chosen.task.id) if chosen is not None and chosen.task.id in places else -1
    following = places[at + 1] if at + 1 < len(places) else places[at - 1] if at > 0 else None
    return question.address(page=question.page if len(rows) > 1 and question.page else None, task=following)


def _body(rows: list[TaskRow], question: Asked, chosen: TaskRow | None, now: dt.datetime) -> Markup:
    """The rows of the list. A line is kept as long as it says the same: all day, unless its time runs by the hour."""
    at = escape(_at(question, "0").removesuffix("0"))
    drawn = (access.can("followup", "write"), question.people is None, question.due == "blocked")
    today, on = clock.local_day(now), chosen.task.id if chosen else None
    made = []
    for row in rows:
        block, lit = row.block, row.task.id == on
        if row.moves:
            made.append(_line(row, block, lit, *drawn))
        else:
            why = (block.code, block.until) if block else None
            made.append(shell.kept(("line", row.task, row.customer, row.last, today, why, lit, drawn),
                                   partial(_line, row, block, lit, *drawn), "lines", LINES))
    return Markup("".join(made).replace(LIST, at))


def _line(row: TaskRow, block: Block | None, lit: bool, picks: bool, everybody: bool, until_day: bool) -> Markup:
    """One row; LIST stands for the list's address. `everybody`: with whose task it is in place of the number;
    `until_day`: with the day until which it is held back in place of the day it is due."""
    task, name, reason = row.task, escape(row.name), escape(row.task.reason)
    pick = (f'<td class="pick"><input type="checkbox" name="rowid" value="{task.id}" '
            f'aria-label="{escape(_("Choose %(name)s", name=row.name))}"></td>') if picks else ""
    whose = escape(row.assignee or _("nobody")) if everybody else escape(row.phone)
    said, due = row.say, escape(row.due)
    if block is not None:
        said = f"{block.code.label} · {said}"
        due = look.icon("moon", "sm") + " " + (f"{block.until:%m-%d}" if block.until and until_day else due)
    elif row.last:
        said = Markup("{} · {}").format(words.ago(row.last.at, row.now), said)
    on = (" is-on", ' aria-current="true"') if lit else ("", "")
    return Markup(
        f'<tr class="is-row{on[0]}">{pick}<th scope="row" class="t-who"><a href="{LIST}{task.id}#task" data-task'
        f'{on[1]}>{name}</a>{" " + look.grade(row.customer.grade) if row.customer else ""} '
        f'<span class="car">{escape(row.car)}</span></th><td class="t-why"><span class="why" title="{reason}">'
        f'{look.icon(row.icon, "sm")}<span class="clip">{reason}</span></span></td>'
        f'<td class="t-tel skip-s nowrap ink2">{whose}</td><td class="t-say"><div class="clip">'
        f'{escape(said)}</div></td><td class="t-when num {row.tone}">{due}</td></tr>\n')


def _head(everybody: bool) -> Markup:
    """The head of the list; without a person chosen it names whose each task is."""
    may_write = access.can("followup", "write")
    return shell.piece(("queue head", everybody, may_write), "visit/head.html",
                       lambda: {"everybody": everybody, "may_write": may_write})


def _whose(question: Asked) -> int:
    person = question.people[0] if question.people and len(question.people) == 1 else None
    return person or access.current().user_id or 0


def _chosen(rows: list[TaskRow], now: dt.datetime) -> TaskRow | None:
    """The task of ?task=, wherever it stands, else the first of the page."""
    text = request.args.get("task", "")
    if text.isascii() and text.isdigit() and len(text) < 10:
        here = next((row for row in rows if row.task.id == int(text)), None)
        if here is not None:
            return here
        found = task_rows.rows_of("open task", lambda: sa.select(FollowUp).where(
            FollowUp.id == prepared.given("task"), FollowUp.state.in_(followups.OPEN_STATES)), now, task=int(text))
        if found:
            return found[0]
    return rows[0] if rows else None


def _reasons(question: Asked, lines: list[followups.Line]) -> list[tuple[str, str, int]]:
    """(code, name, count) of the rules behind the open tasks of this question, with their counts."""
    counted = ((line.code, line.name, _added([line], question.due or "")) for line in lines)
    return [(code, name, number) for code, name, number in counted if code and name and number]


def _person(question: Asked) -> str | None:
    """The name of the one person whose tasks are shown, None for everybody."""
    if question.people is None:
        return None
    if question.people == (None,):
        return _("Unassigned")
    return people.name_of(question.people[0]) or "–"


@menu.counted("due")
def due_count() -> int | None:
    """How many tasks the signed-in person owes: overdue and today. None for nothing."""
    actor = access.current()
    if not actor.may("followup", "read"):
        return None
    return _added(due_rows.day_of(actor.user_id or 0, utcnow())[0], "") or None
