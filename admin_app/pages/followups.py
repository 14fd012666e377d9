"""Due follow-ups: whom to contact, why, and the one task in front of the person with its log form.

/admin/followups/?due=overdue|today|week|all|blocked&owner=me|all|ID&reason=CODE. Without `due` it is what is owed now:
overdue and today together. Blocked: marketing that the contact cap holds back, each with the day from which it is free.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape

from admin_app import access, clock, directory, look, menu, once, people, prepared, shell, words
from admin_app.choices import Purpose, Scope
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk import selects
from admin_app.models import FollowUp, User
from admin_app.pages import due_rows, task_rows, visit_form
from admin_app.pages.followup_acts import WHY_LATER, WHY_NOT
from admin_app.pages.task_rows import TaskRow
from admin_app.rules import followups, privacy
from admin_app.rules.followups.blocking import Block, blocked_by, outbound_contacts

bp = Blueprint("followups", __name__, url_prefix="/admin/followups")

DUES = {"overdue": _l("Overdue"), "today": _l("Due today"), "week": _l("Next 7 days"), "all": _l("All open"),
        "blocked": _l("Held back")}
PAGE = 20
NOBODY = "none"  # the `owner` of tasks that nobody has
# Places in a kept piece, like those of shell.py.
THIS, BACK, NAME = "\x01this\x01", "\x01back\x01", "\x01name\x01"


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
    waiting, done = followups.day_of(db.session, whose, now)
    lines = waiting if question.people == (whose,) else followups.tally(db.session, question.people, now)
    counted = [line for line in lines if line.code == question.reason] if question.reason else lines
    rows = due_rows.rows_of(question, counted, PAGE, now)
    chosen = _chosen(rows[:PAGE], now)
    onward = _onward(question, rows[:PAGE], chosen)
    counts = {due: _added(counted, due) for due in FIGURES}
    return render_template(
        "followups.html", asked=question, rows=rows[:PAGE], more=len(rows) > PAGE, counts=counts, dues=DUES, now=now,
        total=counts[question.due or ""], chosen=chosen, done=done, day_total=done + _added(waiting, ""),
        reasons=_reasons(question, lines), people=colleagues(), person=_person(question),
        may_assign=access.can("followup", "assign"), may_write=access.can("followup", "write"),
        may_reveal=privacy.may_reveal(db.session, "customer"), list_at=question.address(page=question.page or None),
        body=_body(rows[:PAGE], question, chosen, now), first=PAGE * question.page, onward=onward,
        mine=_mine(question, counts, waiting), unassigned=_unassigned(question, lines, now),
        keys=shell.piece(("queue keys",), "visit/keys.html"), head=_head(question.people is None),
        keys_sheet=shell.piece(("queue keys sheet",), "visit/keys_sheet.html",
                               lambda: {"may_assign": access.can("followup", "assign")}),
        panel=_panel(chosen, onward, now) if chosen else None)


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
    """The rows of the list. What is the same in every row is made once."""
    address = question.address(page=question.page or None)
    at = escape(f"{address}{'&' if '?' in address else '?'}task=")
    choose, nobody = escape(_("Choose %(name)s", name=THIS)), escape(_("nobody"))
    picks, everybody, on = access.can("followup", "write"), question.people is None, chosen.task.id if chosen else None
    made = []
    for row in rows:
        task, name, reason = row.task, escape(row.name), escape(row.task.reason)
        pick = (f'<td class="pick"><input type="checkbox" name="rowid" value="{task.id}" '
                f'aria-label="{choose.replace(THIS, name)}"></td>') if picks else ""
        whose = escape(row.assignee or nobody) if everybody else escape(row.phone)
        said, due, block = row.say, escape(row.due), _block(row, now)
        if block is not None:
            said = f"{block.code.label} · {said}"
            until = f"{block.until:%m-%d}" if block.until and question.due == "blocked" else due
            due = look.icon("moon", "sm") + " " + until
        elif row.last:
            said = Markup("{} · {}").format(words.ago(row.last.at, now), said)
        lit = (" is-on", ' aria-current="true"') if task.id == on else ("", "")
        made.append(
            f'<tr class="is-row{lit[0]}">{pick}<th scope="row" class="t-who"><a href="{at}{task.id}#task" data-task'
            f'{lit[1]}>{name}</a>{" " + look.grade(row.customer.grade) if row.customer else ""} '
            f'<span class="car">{escape(row.car)}</span></th><td class="t-why"><span class="why" title="{reason}">'
            f'{look.icon(row.icon, "sm")}<span class="clip">{reason}</span></span></td>'
            f'<td class="t-tel skip-s nowrap ink2">{whose}</td><td class="t-say"><div class="clip">'
            f'{escape(said)}</div></td><td class="t-when num {row.tone}">{due}</td></tr>\n')
    return Markup("".join(made))


def _block(row: TaskRow, now: dt.datetime) -> Block | None:
    """Why the contact of a line may not be made now; None where it may."""
    purpose = Purpose(row.task.purpose)
    if row.customer is None or purpose not in followups.MARKETING:
        return None
    return blocked_by(row.customer, purpose, now, people.store_of(row.customer.store_id), row.task)


def _head(everybody: bool) -> Markup:
    """The head of the list; without a person chosen it names whose each task is."""
    may_write = access.can("followup", "write")
    return shell.piece(("queue head", everybody, may_write), "visit/head.html",
                       lambda: {"everybody": everybody, "may_write": may_write})


def _acts(row: TaskRow, onward: str, now: dt.datetime) -> dict[str, Markup]:
    """Later, not at all, somebody else: the buttons, and the sheets that they open. The same for every task but for
    what is put in."""
    if not access.can("followup", "write"):
        return {"acts": Markup(""), "sheets": Markup("")}
    others, may_assign, task = colleagues(), access.can("followup", "assign"), row.task
    offered = {"people": others, "may_assign": may_assign}
    sheets = shell.piece(
        ("task sheets", clock.local_day(now), may_assign, task.assignee_id if may_assign else None),
        "visit/sheets.html", lambda: offered | {
            "id": Markup(THIS), "back": Markup(BACK), "token": Markup(shell.TOKEN), "name": Markup(NAME),
            "snoozes": snooze_days(now), "assignee": task.assignee_id, "whys": WHY_LATER, "why_not": WHY_NOT})
    filled = sheets.replace(THIS, str(task.id)).replace(BACK, escape(onward)).replace(
        shell.TOKEN, generate_csrf()).replace(NAME, escape(row.name))
    return {"acts": shell.piece(("task acts", may_assign), "visit/acts.html", lambda: offered),
            "sheets": Markup(filled)}


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


def _panel(row: TaskRow, onward: str, now: dt.datetime) -> dict[str, Any]:
    """The log form of the chosen task, and what may be done with it."""
    from admin_app.pages import visit_log

    task, customer = row.task, row.customer
    mine = task.assignee_id == access.current().user_id
    found: dict[str, Any] = {"mine": mine, "why": why(task)} | _acts(row, onward, now)
    if customer is not None:
        store = people.store_of(customer.store_id)
        found |= {"blocked": _block(row, now), "may_allow": followups.may_allow(access.current()),
                  "contacts": (outbound_contacts(db.session, customer.id, store.contact_cap_days, now),
                               store.contact_cap, store.contact_cap_days)}
    if customer is None or row.is_recall or not access.can("visit", "create"):
        return found | {"form": None}
    rule_day = followups.next_date_by_rule(db.session, customer, now)
    planned = visit_log.planned_on(customer, task, now)
    form = visit_form.proposal(task, rule_day, planned, {})
    purpose = visit_form.purpose_of(task, customer)
    return found | {"form": form, "key": once.new_key(), "planned": planned, "call": _after_call(),
                    "notes": shell.piece(("panel notes", purpose), "visit/notes.html",
                                         lambda: {"short_notes": visit_form.notes_for(purpose)}),
                    "done_result": visit_form.done_for(purpose).value,
                    **visit_log.choices(customer, task, planned, rule_day, now)}


def _after_call() -> Markup:
    """What waits when a call is over; its minutes are put in by calls.js."""
    return shell.piece(("after call",), "visit/call.html", lambda: {"minutes": Markup("<b data-minutes>1</b>")})


def why(task: Any) -> str:
    """Why somebody is due, in words: the rule, or the person's own plan."""
    parts = [task.rule_name] if task.rule_name is not None and task.rule_name != task.reason else []
    if task.snooze_count:
        parts.append(ngettext("snoozed once, first due %(day)s", "snoozed %(num)d times, first due %(day)s",
                              task.snooze_count, day=task.first_due_on))
    if task.note:
        parts.append(task.note)
    if task.allowed_at is not None:
        parts.append(_("allowed by %(name)s: %(reason)s", name=people.name_of(task.allowed_by_id) or "–",
                       reason=task.allowed_reason))
    if task.expires_on is not None:
        parts.append(_("void after %(day)s", day=task.expires_on))
    return " · ".join(str(part) for part in parts)


def snooze_days(now: dt.datetime) -> list[tuple[str, str, str]]:
    """(day, words, day in words) of the days that stand ready for snoozing."""
    today = clock.local_day(now)
    ready = ((1, _("Tomorrow")), (2, _("In 2 days")), (7, _("In a week")), (30, _("In a month")))
    days = [(today + dt.timedelta(days=days), label) for days, label in ready]
    return [(day.isoformat(), label, f"{day:%m-%d} {words.weekday(day)}") for day, label in days]


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


def colleagues() -> list[Any] | None:
    """(id, name) of the active people whose tasks this person may see or to whom they may go; None for too many."""
    actor = access.current()
    width = actor.right("followup").read
    if width is Scope.OWN:
        return []
    whose = actor.team_ids if width is Scope.TEAM else None
    kept: list[tuple[int, str]] | None = directory.current().keep(
        ("colleagues", whose, actor.store_ids), lambda: _colleagues(whose, actor.store_ids))
    return kept


def _colleagues(team_ids: tuple[int, ...] | None, store_ids: tuple[int, ...] | None
                ) -> list[tuple[int, str]] | None:
    found = sa.select(User.id, User.name).where(User.active.is_(True)).order_by(User.name)
    if team_ids is not None:
        found = found.where(User.id.in_(team_ids))
    elif store_ids is not None:
        found = found.where(User.store_id.in_(store_ids))
    return selects.few_people(found)


@menu.counted("due")
def due_count() -> int | None:
    """How many tasks the signed-in person owes: overdue and today. None for nothing."""
    actor = access.current()
    if not actor.may("followup", "read"):
        return None
    return _added(followups.day_of(db.session, actor.user_id or 0, utcnow())[0], "") or None
