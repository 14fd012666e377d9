"""The home page: what the person in front of the screen owes today. Each role has a home of its own (UX 2).

Role.home says which page: own, team, marketing, audit or system; the figures on it follow the role.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, Flask, abort, render_template
from flask_babel import gettext as _
from flask_login import current_user

from admin_app import access, clock, fresh, people, words
from admin_app.choices import Scope
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk import logs
from admin_app.desk.filters import list_address
from admin_app.pages import due_rows, figures, home_parts, home_watch, task_rows
from admin_app.pages.complaint_cards import remaining
from admin_app.pages.figures import Figure, Question
from admin_app.rules import pool
from admin_app.sending import mail, outbox

bp = Blueprint("home", __name__, url_prefix="/admin")

MOST_TASKS = 14
GROUPS = ("now", "overdue", "today")

Strip = tuple[Question | None, ...]  # what the figures of a role are asked with


def register(app: Flask) -> None:
    """Serve /admin/ and the rows behind those figures that no list can filter."""
    from admin_app.pages import today_rows

    task_rows.init_app(app)
    app.jinja_env.globals.setdefault("list_address", list_address)
    app.jinja_env.globals.setdefault("clock_left", remaining)
    app.register_blueprint(bp)
    app.add_url_rule("/admin/today/", "home.today", today_rows.show)


@bp.get("/dialogs/")
def dialogs() -> str:
    """The dialogs that any page may show: the keys, the reason for a reveal. Pages fetch them when they need one."""
    access.current()
    return render_template("shell/dialogs.html")


@bp.get("/")
def home() -> Any:
    """The home of the person's role."""
    access.current()
    role = people.role_of(current_user.role_id)
    if role is None:
        abort(403)
    return PAGES.get(role.home, own)(role, utcnow())


def due_figures(overdue: int, today: int, owner: str) -> list[Figure]:
    """Overdue and due today, with the due list behind them."""
    return [Figure(label, number, f"/admin/followups/?due={due}{owner}", tone if number else "")
            for due, label, tone, number in (("overdue", _("Overdue"), "late", overdue),
                                             ("today", _("Due today"), "", today))]


# ---------------------------------------------------------------- those who work with customers


def own(role: Any, now: dt.datetime) -> str:
    """My tasks in the order to do them; beside them what else waits for me."""
    actor = access.current()
    me = [actor.user_id or 0]
    lines, done = due_rows.day_of(me[0], now)
    rows = due_rows.owed(me[0], lines, MOST_TASKS, now)
    total = sum(line.owed for line in lines)
    groups = [(name, [row for row in rows if row.group == name]) for name in GROUPS]
    return render_template(
        "home_own.html", role=role, now=now, total=total, more=max(0, total - len(rows)), done=done,
        day_total=done + total,
        groups=[(name, found) for name, found in groups if found],
        figures=[*due_figures(sum(line.overdue for line in lines), sum(line.today for line in lines), ""),
                 *figures.numbers(*OWN.get(role.code, _own_usual)(me, now))],
        watch=home_watch.of(role, me if actor.right("customer").read is Scope.OWN else None, me, now),
        score=home_parts.my_score(now), group_names=group_names())


def group_names() -> dict[str, str]:
    """The headings of the day."""
    return {"overdue": _("Overdue"), "now": _("Now"), "today": _("Later today")}


def _own_usual(me: list[int], now: dt.datetime) -> Strip:
    return (figures.asked("broken", me, now),)


def _consultant(me: list[int], now: dt.datetime) -> Strip:
    return (
        figures.listed(_("Leads not contacted"), "customer", ("owner_id", "equals", "me"),
                       ("stage", "equals", "lead"), ("last_contact_at", "empty", True), tone="soon"),
        _asked_of_me(),
        figures.listed(_("My customers of grade H"), "customer", ("owner_id", "equals", "me"),
                       ("grade", "equals", "H")),
        figures.asked("stale", me, now), figures.asked("broken", me, now))


def _asked_of_me() -> Question | None:
    return figures.listed(_("Inquiries to answer"), "inquiry", ("owner_id", "equals", "me"),
                          ("state", "equals", "open"), tone="soon")


def _advisor(me: list[int], now: dt.datetime) -> Strip:
    mine = ("advisor_id", "equals", "me")
    return (
        figures.listed(_("Cars in the workshop"), "repair_order", mine, *figures.OPEN_ORDER),
        figures.listed(_("Promised for today"), "repair_order", mine, *figures.OPEN_ORDER,
                       ("promised_at", "equals", clock.local_day(now)), tone="soon"),
        figures.listed(_("Waiting for parts"), "repair_order", mine, ("state", "equals", "waiting_parts")),
        figures.asked("broken", me, now))


def _specialist(me: list[int], now: dt.datetime) -> Strip:
    return (
        figures.listed(_("Waiting for re-callback"), "complaint", ("state", "equals", "finished")),
        figures.listed(_("Complaints not acknowledged"), "complaint", ("state", "equals", "received"), tone="late"),
        _asked_of_me(),
        figures.asked("broken", None, now), figures.asked("birthdays", None, now))


OWN = {"sales_consultant": _consultant, "service_advisor": _advisor, "care_specialist": _specialist}


# ---------------------------------------------------------------- those who lead


def team(role: Any, now: dt.datetime) -> str:
    """The team's day by person, and the complaints that wait."""
    loads, owed = home_parts.loads(home_parts.people_of(access.current()), now)
    due, overdue = sum(due for due, _late in owed.values()), sum(late for _due, late in owed.values())
    usual, late = _of_team(role.code, now)
    return render_template(
        "home_team.html", role=role, now=now, loads=loads,
        others=(due - sum(one.due for one in loads), overdue - sum(one.overdue for one in loads)),
        quick=home_parts.quick_links(),
        cap=max((load.tasks_most for load in loads), default=0),
        figures=[*due_figures(overdue, due, "&owner=all"), *late, *usual],
        longest=home_parts.longest_overdue(now), complaints=home_watch.complaints(role, now),
        watch=[*(home_watch.late_leads(figure, now) for figure in late[:1] if "show=late_leads" in figure.href),
               *home_watch.of(role, None, None, now)])


def _of_team(code: str, now: dt.datetime) -> tuple[list[Figure], list[Figure]]:
    """The figures of a leading role; and what is late with new leads and inquiries, where anything is. They count among
    all customers of the scope, so not every time."""
    usual, late = TEAM.get(code, _team_usual)(now), _late(code, now)
    found: list[Figure] = fresh.kept(("team's figures", code, words.language(), access.standing(access.current())),
                                     lambda: figures.numbers(*late, *usual))
    first = sum(one is not None for one in late)
    return found[first:], [one for one in found[:first] if one.number]


def _late(code: str, now: dt.datetime) -> Strip:
    """What was reported to this role: the general manager hears of first contacts at twice their time."""
    if code not in ("sales_manager", "general_manager", "care_manager"):
        return ()
    late = "late_leads_twice" if code == "general_manager" else "late_leads"
    return figures.asked(late, None, now), figures.asked("late_inquiries", None, now)


def _team_usual(now: dt.datetime) -> Strip:
    return (figures.listed(_("Open complaints"), "complaint", *figures.OPEN_COMPLAINT),
                  figures.asked("broken", None, now))


def _pooled(tone: str = "") -> Question | None:
    """The pool for those who may claim from it; for others their customers without an owner."""
    actor = access.current()
    if pool.may_see(actor):
        key = ("pool", actor.store_ids, actor.may("customer", "assign"))
        return Question(_("In the pool"), "/admin/pool/", tone, key, lambda: pool.within(actor))
    return figures.listed(_("In the pool"), "customer", ("owner_id", "empty", True), tone=tone)


def _general(now: dt.datetime) -> Strip:
    return (
        figures.listed(_("Major complaints"), "complaint", ("level", "equals", "major"), *figures.OPEN_COMPLAINT,
                       tone="late"),
        figures.listed(_("Open complaints"), "complaint", *figures.OPEN_COMPLAINT),
        figures.listed(_("Waiting for re-callback"), "complaint", ("state", "equals", "finished")),
        _pooled("soon"),
        figures.asked("broken", None, now))


def _sales(now: dt.datetime) -> Strip:
    return (
        figures.listed(_("Leads without an owner"), "customer", ("owner_id", "empty", True),
                       ("stage", "equals", "lead"), tone="soon"),
        figures.listed(_("Customers of grade H"), "customer", ("grade", "equals", "H")),
        figures.asked("stale", None, now),
        figures.listed(_("Sales complaints"), "complaint", ("area", "equals", "sales"), *figures.OPEN_COMPLAINT))


def _service(now: dt.datetime) -> Strip:
    return (
        figures.listed(_("Cars in the workshop"), "repair_order", *figures.OPEN_ORDER),
        figures.listed(_("Promised for today"), "repair_order", *figures.OPEN_ORDER,
                       ("promised_at", "equals", clock.local_day(now)), tone="soon"),
        figures.listed(_("Waiting for parts"), "repair_order", ("state", "equals", "waiting_parts")),
        figures.listed(_("Service complaints"), "complaint", ("area", "equals", "service"), *figures.OPEN_COMPLAINT))


def _care(now: dt.datetime) -> Strip:
    return (
        figures.listed(_("Open complaints"), "complaint", *figures.OPEN_COMPLAINT),
        figures.listed(_("Waiting for re-callback"), "complaint", ("state", "equals", "finished"), tone="soon"),
        _pooled(),
        figures.asked("broken", None, now), figures.asked("birthdays", None, now))


TEAM = {"general_manager": _general, "sales_manager": _sales, "service_manager": _service, "care_manager": _care}


# ---------------------------------------------------------------- marketing, audit, system


def marketing(role: Any, now: dt.datetime) -> str:
    """The campaigns: what runs, who came, what waits to be evaluated."""
    strip = figures.numbers(
        figures.listed(_("Running"), "campaign", ("state", "equals", "running")),
        figures.listed(_("Approved, to come"), "campaign", ("state", "equals", "approved")),
        figures.listed(_("Drafts"), "campaign", ("state", "equals", "draft")),
        figures.listed(_("To be evaluated"), "campaign", ("state", "equals", "ended"), tone="soon"))
    return render_template("home_marketing.html", role=role, now=now, figures=strip,
                           campaigns=home_parts.campaigns(now), score=home_parts.my_score(now))


def audit(role: Any, now: dt.datetime) -> str:
    """What was changed, who looked at what, and which complaints closed without a lesson."""
    today = clock.local_day(now)
    strip = figures.numbers(
        figures.listed(_("Changes today"), "audit_entry", ("at", "equals", today)),
        figures.listed(_("Deleted today"), "audit_entry", ("at", "equals", today), ("verb", "equals", "delete")),
        figures.listed(_("Values revealed today"), "access_log", ("at", "equals", today), ("verb", "equals", "reveal")),
        figures.listed(_("Exports in 7 days"), "access_log", ("at", "from", today - dt.timedelta(days=6)),
                       ("verb", "equals", "export")),
        figures.listed(_("Refused today"), "access_log", ("at", "equals", today), ("verb", "equals", "refused"),
                       tone="late"),
        figures.asked("unlearned", None, now))
    return render_template("home_audit.html", role=role, now=now, figures=strip, entries=home_parts.latest_entries(),
                           peaks=home_parts.access_peaks(now), table_name=home_parts.table_name,
                           record_words=home_parts.record_words, readable=logs.readable)


def system(role: Any, now: dt.datetime) -> str:
    """The state of the machine, the people, and the first five steps of a new store."""
    today = clock.local_day(now)
    strip = figures.numbers(
        figures.listed(_("Active accounts"), "user", ("active", "equals", True)),
        figures.listed(_("Never signed in"), "user", ("active", "equals", True), ("last_sign_in_at", "empty", True)),
        figures.listed(_("Signed in today"), "user", ("last_sign_in_at", "equals", today)),
        figures.listed(_("Failed sign-ins today"), "access_log", ("at", "equals", today),
                       ("verb", "equals", "sign_in_failed"), tone="soon"))
    return render_template(
        "home_system.html", role=role, now=now, figures=strip, jobs=home_parts.jobs(), disk=home_parts.disk(),
        backup=home_parts.last_backup(now), people=home_parts.last_sign_ins(), steps=home_parts.first_steps(),
        outbox=outbox.state(db.session), mail=mail.is_set())


PAGES = {"own": own, "team": team, "marketing": marketing, "audit": audit, "system": system}
