"""What is done to one due follow-up beside logging it: later, not at all, somebody else; and the way back.

Several at once are in followup_bulk.py.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Flask, abort, flash, redirect, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from admin_app import access
from admin_app.choices import FollowUpState
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.errors import Refused, RuleError
from admin_app.models import FollowUp, User
from admin_app.pages.failures import safe_path
from admin_app.pages.visit_form import read_day
from admin_app.rules import followups
from admin_app.rules.followups import undoing

OPEN = (FollowUpState.OPEN, FollowUpState.SNOOZED)
VERBS = ("snooze", "skip", "reassign", "allow")
# Reasons that stand ready (default); others are typed.
WHY_LATER = (_l("Asked to be called later"), _l("Away or abroad"), _l("Waits for the offer"), _l("Parts not here yet"),
             _l("Too much for today"))
WHY_NOT = (_l("Spoken with in the store"), _l("Nothing to say at present"), _l("Twice the same"),
           _l("Number out of use"), _l("Car sold on"))


def add_to(app: Flask) -> None:
    """Serve POST /admin/followups/act/, /admin/followups/bulk/ and /admin/followups/undo/."""
    from admin_app.pages import followup_bulk

    app.add_url_rule("/admin/followups/act/", "followups.act", act, methods=["POST"])
    app.add_url_rule("/admin/followups/bulk/", "followups.bulk", followup_bulk.bulk, methods=["POST"])
    app.add_url_rule("/admin/followups/undo/", "followups.undo", undo, methods=["POST"])


def act() -> Any:
    """One task: verb, id, and what the verb needs."""
    check_right()
    tasks = tasks_of([request.form.get("id", "")])
    if not tasks:
        abort(404)
    task, now = tasks[0], utcnow()
    if task.state not in OPEN:
        flash(_("This follow-up is settled already."), "warning")
        return redirect(back())
    name, before = name_of(task), undoing.standing(task)
    try:
        work, said = work_of(now)
        work(task)
        key = undoing.keep(db.session, [before], now)
        db.session.commit()
    except RuleError as error:
        db.session.rollback()
        if isinstance(error, Refused):
            raise
        flash(str(error.message), "error")
    else:
        flash(said.replace("{name}", name), "success")
        if verb() != "allow":
            offer_undo(key)
    return redirect(back())


def undo() -> Any:
    """Take back what this person has just done, one task or several."""
    may_write()
    target = safe_path(request.values.get("url")) or "/admin/followups/"
    try:
        done, left = undoing.undo(db.session, request.values.get("key", ""), utcnow())
        db.session.commit()
    except RuleError as error:
        db.session.rollback()
        flash(str(error.message), "error")
        return redirect(target)
    if done:
        flash(ngettext("One follow-up is as it was.", "%(num)d follow-ups are as they were.", done), "success")
    if left:
        flash(ngettext("One follow-up was changed since and stays.", "%(num)d follow-ups were changed since and stay.",
                       left), "warning")
    return redirect(target)


def offer_undo(key: str) -> None:
    """Let the next page offer to take it back."""
    flash(f"{request.script_root}/admin/followups/undo/?" + urlencode({"key": key, "url": back()}), "undo")


def may_write() -> None:
    """Raises Refused for those who may not change follow-ups."""
    access.current()
    if not access.can("followup", "write"):
        raise Refused(_("You may not change follow-ups."))


def check_right() -> None:
    """Raises Refused for those who may not do what the form's verb says."""
    may_write()
    if verb() == "reassign" and not access.can("followup", "assign"):
        raise Refused(_("You may not give this to somebody else."))
    if verb() == "allow" and not followups.may_allow(access.current()):
        raise Refused(_("Only a manager who assigns follow-ups may allow this contact."))


def verb() -> str:
    """The verb of the form; 400 for an unknown one."""
    found = request.form.get("verb", "")
    if found not in VERBS:
        abort(400)
    return found


def back() -> str:
    """The list that the person came from."""
    return safe_path(request.form.get("back")) or "/admin/followups/"


def tasks_of(texts: list[str]) -> list[FollowUp]:
    """The tasks with these keys that the person may see."""
    ids = [int(text) for text in texts if text.isascii() and text.isdigit() and len(text) < 10]
    return list(db.session.scalars(sa.select(FollowUp).where(FollowUp.id.in_(ids)).order_by(
        FollowUp.customer_id, FollowUp.id)))  # rows of customers are locked in one order


def name_of(task: FollowUp) -> str:
    """The customer's name, as far as the person may see it."""
    return task.customer.name if task.customer is not None else f"#{task.id}"


def work_of(now: dt.datetime) -> tuple[Callable[[FollowUp], None], str]:
    """What is to be done to a task, and the sentence that reports it. RuleError where the form lacks something."""
    reason, session = request.form.get("reason", "").strip()[:200], db.session
    if verb() == "snooze":
        until = read_day(request.form.get("until", "") or request.form.get("day", ""))
        if until is None:
            raise RuleError(_("Choose the day on which it is due again."), "until")
        return (lambda task: followups.snooze(session, task, until, reason, now),
                _("{name}: due again on %(day)s.", day=until))
    if verb() == "skip":
        return lambda task: followups.skip(session, task, reason, now), _("{name}: skipped.")
    if verb() == "allow":
        return (lambda task: followups.allow(session, task, reason, now),
                _("{name}: this contact is allowed once, and noted with its reason."))
    person = _chosen_person()
    return (lambda task: followups.reassign(session, task, person, now),
            _("{name}: given to %(person)s.", person=person.name))


def _chosen_person() -> User:
    text = request.form.get("person", "")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    person = db.session.scalars(sa.select(User).where(User.id == number)).first()
    if person is None:
        raise RuleError(_("Choose to whom it goes."), "person")
    return person
