"""Due follow-ups: whom to contact, why, and the one task in front of the person with its log form.

/admin/followups/?due=overdue|today|week|all&owner=me|all|ID&reason=CODE. Without `due` it is what is owed now:
overdue and today together.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from admin_app import access, clock, menu, once
from admin_app.choices import Purpose, Scope
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk import selects
from admin_app.models import Customer, FollowUp, FollowUpRule, Store, User
from admin_app.pages import task_rows, visit_form
from admin_app.pages.task_rows import TaskRow
from admin_app.rules import followups, privacy
from admin_app.rules.followups.blocking import outbound_contacts

bp = Blueprint("followups", __name__, url_prefix="/admin/followups")

DUES = {"overdue": _l("Overdue"), "today": _l("Due today"), "week": _l("Next 7 days"), "all": _l("All open")}
PAGE = 50


def register(app: Flask) -> None:
    """Serve /admin/followups/ and give the menu its count."""
    from admin_app.pages import followup_acts

    task_rows.init_app(app)
    followup_acts.add_to(app)
    app.register_blueprint(bp)


@dataclass(frozen=True)
class Asked:
    """What the address asks for. `due` None: overdue and today. `people` None: everybody within the gate."""

    due: str | None
    owner: str
    people: list[int] | None
    reason: str | None
    page: int

    def address(self, **changes: Any) -> str:
        """The list with some of its questions changed; None drops one."""
        asked = {"due": self.due, "owner": None if self.owner == "me" else self.owner, "reason": self.reason,
                 "page": self.page or None} | {"page": None} | changes
        pairs = {name: value for name, value in asked.items() if value}
        return "/admin/followups/" + (f"?{urlencode(pairs)}" if pairs else "")


def asked() -> Asked:
    """The questions of this address; unknown values fall back to the usual ones."""
    actor, owner = access.current(), request.args.get("owner", "me")
    due, page = request.args.get("due"), request.args.get("page", "")
    people: list[int] | None = [actor.user_id or 0]
    if owner == "all" and actor.right("followup").read is not Scope.OWN:
        people = None
    elif owner.isascii() and owner.isdigit() and len(owner) < 10:
        people = [int(owner)]
    else:
        owner = "me"
    return Asked(due if due in DUES else None, owner, people, request.args.get("reason") or None,
                 int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 0)


def statement(question: Asked, now: dt.datetime, due: str | None = "") -> Any:
    """The tasks that answer; `due` "" is the question's own."""
    wanted = question.due if due == "" else due
    found = followups.due_query(now, due=wanted or "all", assignee_ids=question.people, reason=question.reason)
    return found if wanted else found.where(FollowUp.due_on <= clock.local_day(now))


def _counts(question: Asked, now: dt.datetime) -> dict[str, int]:
    """The number on every chip in one query; "" is what is owed now."""
    day, today = FollowUp.due_on, clock.local_day(now)
    parts = {"": day <= today, "overdue": day < today, "today": day == today, "all": sa.true(),
             "week": sa.and_(day >= today, day < today + dt.timedelta(days=7))}
    every = followups.due_query(now, due="all", assignee_ids=question.people, reason=question.reason)
    row = db.session.execute(every.with_only_columns(
        *(sa.func.coalesce(sa.func.sum(sa.case((part, 1), else_=0)), 0) for part in parts.values()))).one()
    return dict(zip(parts, map(int, row), strict=True))


def count(found: Any) -> int:
    """How many tasks a statement has, exactly."""
    return db.session.scalar(found.with_only_columns(sa.func.count(FollowUp.id)).order_by(None)) or 0


@bp.get("/")
def show() -> Any:
    """The queue, and beside it the chosen task (?task=) or the first one."""
    if not access.can("followup"):
        abort(403)
    question, now = asked(), utcnow()
    found = followups.order(statement(question, now))
    rows = task_rows.rows_of(found.limit(PAGE + 1).offset(PAGE * question.page), now)
    chosen = _chosen(rows[:PAGE], now)
    counts = _counts(question, now)
    done, total = followups.progress(db.session, _whose(question), now)
    return render_template(
        "followups.html", asked=question, rows=rows[:PAGE], more=len(rows) > PAGE, counts=counts, dues=DUES, now=now,
        total=counts[question.due or ""], chosen=chosen, done=done, day_total=total, reasons=_reasons(question, now),
        people=colleagues(), person=_person(question), may_assign=access.can("followup", "assign"),
        may_write=access.can("followup", "write"), may_reveal=privacy.may_reveal(db.session, "customer"),
        list_at=question.address(), first=PAGE * question.page, panel=_panel(chosen, now) if chosen else None)


def _whose(question: Asked) -> int:
    return question.people[0] if question.people and len(question.people) == 1 else access.current().user_id or 0


def _chosen(rows: list[TaskRow], now: dt.datetime) -> TaskRow | None:
    """The task of ?task=, wherever it stands, else the first of the page."""
    text = request.args.get("task", "")
    if text.isascii() and text.isdigit() and len(text) < 10:
        here = next((row for row in rows if row.task.id == int(text)), None)
        if here is not None:
            return here
        open_ones = sa.select(FollowUp).where(FollowUp.id == int(text), FollowUp.state.in_(followups.OPEN_STATES))
        found = task_rows.rows_of(open_ones, now)
        if found:
            return found[0]
    return rows[0] if rows else None


def _panel(row: TaskRow, now: dt.datetime) -> dict[str, Any]:
    """The log form of the chosen task, and what may be done with it."""
    from admin_app.pages import visit_log

    task, customer = row.task, row.customer
    mine = task.assignee_id == access.current().user_id
    found: dict[str, Any] = {"mine": mine, "why": why(task), "snoozes": snooze_days(now)}
    if customer is not None:
        found |= {"blocked": followups.blocked(db.session, customer, Purpose(task.purpose), now),
                  "contacts": _contacts(customer, now)}
    if customer is None or row.is_recall or not access.can("visit", "create"):
        return found | {"form": None}
    rule_day = followups.next_date_by_rule(db.session, customer, now)
    form = visit_form.proposal(task, rule_day, visit_log.planned_on(customer, task, now), {})
    return found | {"form": form, "key": once.new_key(), **visit_log.choices(customer, task, rule_day, now)}


def _contacts(customer: Customer, now: dt.datetime) -> tuple[int, int, int]:
    """(contacts so far, the most for marketing, in how many days) of a customer."""
    store = db.session.get(Store, customer.store_id)
    most, days = (store.contact_cap, store.contact_cap_days) if store is not None else (0, 30)
    return outbound_contacts(db.session, customer.id, now - dt.timedelta(days=days), now), most, days


def why(task: FollowUp) -> str:
    """Why somebody is due, in words: the rule, or the person's own plan."""
    parts = [task.rule.name] if task.rule is not None and task.rule.name != task.reason else []
    if task.snooze_count:
        parts.append(ngettext("snoozed once, first due %(day)s", "snoozed %(num)d times, first due %(day)s",
                              task.snooze_count, day=task.first_due_on))
    if task.note:
        parts.append(task.note)
    if task.expires_on is not None:
        parts.append(_("void after %(day)s", day=task.expires_on))
    return " · ".join(str(part) for part in parts)


def snooze_days(now: dt.datetime) -> list[tuple[str, str]]:
    """(day, words) of the days that stand ready for snoozing."""
    today = clock.local_day(now)
    return [((today + dt.timedelta(days=days)).isoformat(), words) for days, words in (
        (1, _("Tomorrow")), (2, _("In 2 days")), (7, _("In a week")))]


def _reasons(question: Asked, now: dt.datetime) -> list[tuple[str, str, int]]:
    """(code, name, count) of the rules behind the open tasks of this question, with their counts."""
    every = Asked(question.due, question.owner, question.people, None, 0)
    pairs = db.session.execute(statement(every, now).with_only_columns(
        FollowUp.rule_id, sa.func.count(FollowUp.id)).order_by(None).group_by(FollowUp.rule_id))
    numbers = {rule_id: number for rule_id, number in pairs if rule_id is not None}
    rules = db.session.scalars(sa.select(FollowUpRule).where(FollowUpRule.id.in_(numbers)).order_by(FollowUpRule.name))
    return [(rule.code, rule.name, numbers[rule.id]) for rule in rules]


def _person(question: Asked) -> str | None:
    """The name of the one person whose tasks are shown, None for everybody."""
    if question.people is None:
        return None
    user = db.session.get(User, question.people[0])
    return user.name if user is not None else "–"


def colleagues() -> list[Any] | None:
    """(id, name) of the active people whose tasks this person may see or to whom they may go; None for too many."""
    actor = access.current()
    if actor.right("followup").read is Scope.OWN:
        return []
    found = sa.select(User.id, User.name).where(User.active.is_(True)).order_by(User.name)
    if actor.right("followup").read is Scope.TEAM:
        found = found.where(User.id.in_(actor.team_ids))
    elif actor.store_ids is not None:
        found = found.where(User.store_id.in_(actor.store_ids))
    return selects.few_people(found)


@menu.counted("due")
def due_count() -> int | None:
    """How many tasks the signed-in person owes: overdue and today. None for nothing."""
    actor = access.current()
    if not actor.may("followup", "read"):
        return None
    now = utcnow()
    return count(followups.due_query(now, due="all", assignee_ids=[actor.user_id or 0]).where(
        FollowUp.due_on <= clock.local_day(now))) or None
