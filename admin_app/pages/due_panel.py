"""The chosen task beside the due list: why it is due, whom to call, its log form, and what else may be done with it.

What it says of a task stays the same all day, unless its time runs by the hour, so it is kept; what belongs to one page
alone is put in: the token, the key of the form, the ways back.
"""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any

from flask import render_template
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape

from admin_app import access, clock, once, people, shell
from admin_app.database import db
from admin_app.models import Customer
from admin_app.pages import visit_form, visit_log
from admin_app.pages.colleagues import colleagues
from admin_app.pages.followup_acts import WHY_LATER, WHY_NOT
from admin_app.pages.task_rows import TaskRow
from admin_app.rules import followups, privacy
from admin_app.rules.followups.blocking import outbound_contacts
from admin_app.words import weekday

MOST = 200  # panels that are kept
PLACES = {name: Markup(shell.place(name)) for name in ("id", "name", "key", "back", "here", "token")}


def html(row: TaskRow, onward: str, here: str, now: dt.datetime) -> Markup:
    """The panel of a task. onward: where its form leads when it is done; here: the list with this task chosen."""
    facts = _facts(row, now)
    draw = partial(_draw, row, facts, now)
    if row.moves:
        drawn = draw()
    else:
        why = (row.block.code, row.block.until) if row.block else None
        key = ("panel", row.task, row.customer, row.last, clock.local_day(now), why, *facts.values())
        drawn = shell.kept(key, draw, "panels", MOST)
    for name, value in (("back", escape(onward)), ("here", escape(here)), ("key", once.new_key()),
                        ("token", generate_csrf())):
        drawn = drawn.replace(PLACES[name], value)
    return Markup(drawn)


def _facts(row: TaskRow, now: dt.datetime) -> dict[str, Any]:
    """What decides about the panel beside the row itself, in values that may be part of a key."""
    task, customer, actor = row.task, row.customer, access.current()
    found: dict[str, Any] = {
        "may_allow": followups.may_allow(actor), "contacts": None, "logs": False, "rule_day": None, "planned": None,
        "may_confirm": False}
    if customer is not None:
        store = people.store_of(customer.store_id)
        found["contacts"] = (outbound_contacts(db.session, customer.id, store.contact_cap_days, now),
                             store.contact_cap, store.contact_cap_days)
    if customer is None or row.is_recall or not access.can("visit", "create"):
        return found
    return found | {"logs": True, "rule_day": followups.next_date_by_rule(db.session, customer, now),
                    "planned": visit_log.planned_on(customer, task, now),
                    "may_confirm": access.may_change_seen(db.session, Customer, customer.id)}


def _draw(row: TaskRow, facts: dict[str, Any], now: dt.datetime) -> Markup:
    """The panel with PLACES in it."""
    panel = facts | {"why": why(row.task), "blocked": row.block, "form": None} | _acts(row, now)
    if facts["logs"]:
        panel |= _form(row, facts["rule_day"], facts["planned"], now)
    return Markup(render_template("followups_task.html", chosen=row, panel=panel, places=PLACES,
                                  may_reveal=privacy.may_reveal(db.session, "customer")))


def _form(row: TaskRow, rule_day: dt.date | None, planned: dt.date | None, now: dt.datetime) -> dict[str, Any]:
    """What the log form of the panel offers."""
    task, customer = row.task, row.customer
    purpose = visit_form.purpose_of(task, customer)
    return {"form": visit_form.proposal(task, rule_day, planned, {}), "call": _after_call(),
            "notes": shell.piece(("panel notes", purpose), "visit/notes.html",
                                 lambda: {"short_notes": visit_form.notes_for(purpose)}),
            "done_result": visit_form.done_for(purpose).value,
            **visit_log.choices(customer, task, planned, rule_day, now)}


def _after_call() -> Markup:
    """What waits when a call is over; its minutes are put in by calls.js."""
    return shell.piece(("after call",), "visit/call.html", lambda: {"minutes": Markup("<b data-minutes>1</b>")})


def _acts(row: TaskRow, now: dt.datetime) -> dict[str, Markup]:
    """Later, not at all, somebody else: the buttons, and the sheets that they open."""
    if not access.can("followup", "write"):
        return {"acts": Markup(""), "sheets": Markup("")}
    offered = {"people": colleagues(), "may_assign": access.can("followup", "assign")}
    task, today = row.task, clock.local_day(now)
    sheets = shell.piece(
        ("task sheets", today, offered["may_assign"], task.assignee_id if offered["may_assign"] else None),
        "visit/sheets.html", lambda: offered | PLACES | {
            "snoozes": snooze_days(now), "assignee": task.assignee_id, "whys": WHY_LATER, "why_not": WHY_NOT})
    filled = sheets.replace(PLACES["id"], str(task.id)).replace(PLACES["name"], escape(row.name))
    return {"acts": shell.piece(("task acts", offered["may_assign"]), "visit/acts.html", lambda: offered),
            "sheets": Markup(filled)}


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
    return [(day.isoformat(), label, f"{day:%m-%d} {weekday(day)}") for day, label in days]
