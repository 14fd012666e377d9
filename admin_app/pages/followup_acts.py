"""What is done to due follow-ups beside logging them: later, not at all, somebody else; one or several at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Flask, abort, flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext

from admin_app import access
from admin_app.choices import FollowUpState
from admin_app.clock import local_day, utcnow
from admin_app.database import db
from admin_app.desk.fields import label_of_link
from admin_app.errors import Refused, RuleError
from admin_app.models import FollowUp, User
from admin_app.pages import task_rows
from admin_app.pages.failures import safe_path
from admin_app.pages.visit_form import read_day
from admin_app.rules import followups

MOST_AT_ONCE = 100  # tasks of one bulk action: those of a page
OPEN = (FollowUpState.OPEN, FollowUpState.SNOOZED)
VERBS = ("snooze", "skip", "reassign", "allow")


def add_to(app: Flask) -> None:
    """Serve POST /admin/followups/act/ and /admin/followups/bulk/."""
    app.add_url_rule("/admin/followups/act/", "followups.act", act, methods=["POST"])
    app.add_url_rule("/admin/followups/bulk/", "followups.bulk", bulk, methods=["POST"])


def act() -> Any:
    """One task: verb, id, and what the verb needs."""
    _may()
    tasks = _tasks([request.form.get("id", "")])
    if not tasks:
        abort(404)
    if tasks[0].state not in OPEN:
        flash(_("This follow-up is settled already."), "warning")
        return redirect(_back())
    name = _name(tasks[0])
    try:
        work, said = _work(utcnow())
        work(tasks[0])
        db.session.commit()
    except RuleError as error:
        db.session.rollback()
        if isinstance(error, Refused):
            raise
        flash(str(error.message), "error")
    else:
        flash(said.replace("{name}", name), "success")
    return redirect(_back())


def bulk() -> Any:
    """Several tasks of the page: says how many, asks for what is missing, then does them and reports."""
    _may()
    tasks = [task for task in _tasks(request.form.getlist("rowid")) if task.state in OPEN]
    if not tasks:
        flash(_("Choose at least one follow-up."), "warning")
        return redirect(_back())
    error = ""
    if request.form.get("confirm"):
        try:
            work, _said = _work(utcnow())
            return _do_all(tasks, work)
        except RuleError as mistake:
            db.session.rollback()
            if isinstance(mistake, Refused):
                raise
            error = str(mistake.message)
            tasks = [task for task in _tasks(request.form.getlist("rowid")) if task.state in OPEN]
    from admin_app.pages import followups as page

    rows = task_rows.rows_with([task.id for task in tasks], utcnow())
    return render_template("followups_bulk.html", rows=rows, verb=_verb(), error=error, back=_back(),
                           people=page.colleagues(), typed=request.form, label_of=label_of_link,
                           tomorrow=(local_day(utcnow()) + dt.timedelta(days=1)).isoformat()), 400 if error else 200


def _may() -> None:
    access.current()
    if not access.can("followup", "write"):
        raise Refused(_("You may not change follow-ups."))
    if _verb() == "reassign" and not access.can("followup", "assign"):
        raise Refused(_("You may not give this to somebody else."))
    if _verb() == "allow" and not followups.may_allow(access.current()):
        raise Refused(_("Only a manager who assigns follow-ups may allow this contact."))


def _verb() -> str:
    verb = request.form.get("verb", "")
    if verb not in VERBS:
        abort(400)
    return verb


def _back() -> str:
    return safe_path(request.form.get("back")) or "/admin/followups/"


def _tasks(texts: list[str]) -> list[FollowUp]:
    """The tasks with these keys that the person may see."""
    ids = [int(text) for text in texts[:MOST_AT_ONCE] if text.isascii() and text.isdigit() and len(text) < 10]
    return list(db.session.scalars(sa.select(FollowUp).where(FollowUp.id.in_(ids)).order_by(FollowUp.id)))


def _name(task: FollowUp) -> str:
    return task.customer.name if task.customer is not None else f"#{task.id}"


def _work(now: dt.datetime) -> tuple[Callable[[FollowUp], None], str]:
    """What is to be done to a task, and the sentence that reports it. RuleError where the form lacks something."""
    reason, verb, session = request.form.get("reason", "").strip()[:200], _verb(), db.session
    if verb == "snooze":
        until = read_day(request.form.get("until", "") or request.form.get("day", ""))
        if until is None:
            raise RuleError(_("Choose the day on which it is due again."), "until")
        return (lambda task: followups.snooze(session, task, until, reason, now),
                _("{name}: due again on %(day)s.", day=until))
    if verb == "skip":
        return lambda task: followups.skip(session, task, reason, now), _("{name}: skipped.")
    if verb == "allow":
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


def _do_all(tasks: list[FollowUp], work: Callable[[FollowUp], None]) -> Any:
    """Do them one by one, each in its own savepoint; those that a rule refuses are reported by name."""
    refused: list[str] = []
    for task in tasks:
        name = _name(task)
        try:
            with db.session.begin_nested():
                work(task)
        except RuleError as error:
            refused.append(f"{name}: {error.message}")
    db.session.commit()
    done = len(tasks) - len(refused)
    if done:
        flash(ngettext("One follow-up changed.", "%(num)d follow-ups changed.", done), "success")
    if refused:
        flash(ngettext("One follow-up stays as it was.", "%(num)d follow-ups stay as they were.", len(refused))
              + " " + _("; ").join(refused[:5]), "warning")
    return redirect(_back())
