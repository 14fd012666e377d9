"""Several due follow-ups at once: those chosen on the page, or every one that the list has.

It says exactly how many, asks for what is missing, does them and reports; what was done can be taken back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import abort, flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext

from admin_app.clock import local_day, utcnow
from admin_app.database import db
from admin_app.desk.fields import label_of_link
from admin_app.errors import Refused, RuleError
from admin_app.models import FollowUp
from admin_app.pages import followup_acts as acts
from admin_app.pages import task_rows
from admin_app.pages.colleagues import colleagues
from admin_app.rules.followups import undoing

MOST_OF_PAGE = 100  # tasks that one page can choose
MOST_AT_ONCE = 500  # tasks of one bulk action (default)
NAMED = 50  # tasks that the question names


def bulk() -> Any:
    """The chosen tasks, or with `all` every task of the list in `back`: asked about first, then done and reported."""
    acts.check_right()
    if acts.verb() == "allow":  # one by one, each with its own reason
        abort(400)
    now = utcnow()
    tasks, error = _chosen(now), ""
    if len(tasks) > MOST_AT_ONCE:
        flash(_("At most %(most)s follow-ups are changed at once. Narrow the list by reason or person.",
                most=MOST_AT_ONCE), "warning")
        return redirect(acts.back())
    if not tasks:
        flash(_("Choose at least one follow-up."), "warning")
        return redirect(acts.back())
    if request.form.get("confirm"):
        try:
            _same_number(tasks)
            work, _said = acts.work_of(now)
            return _do_all(tasks, work, now)
        except RuleError as mistake:
            db.session.rollback()
            if isinstance(mistake, Refused):
                raise
            error, tasks = str(mistake.message), _chosen(now)
    return _question(tasks, error, now)


def _chosen(now: dt.datetime) -> list[FollowUp]:
    """The open tasks that are meant, within what the person may see; one more than the most where there are more."""
    if not request.form.get("all"):
        chosen = acts.tasks_of(request.form.getlist("rowid")[:MOST_OF_PAGE])
        return [task for task in chosen if task.state in acts.OPEN]
    from admin_app.pages import followups as page

    given = {name: values[0] for name, values in parse_qs(urlsplit(acts.back()).query).items()}
    return list(db.session.scalars(page.statement(page.asked(given), now).order_by(FollowUp.id).limit(
        MOST_AT_ONCE + 1)))


def _same_number(tasks: list[FollowUp]) -> None:
    """Whoever confirmed a number does not change another one. Raises RuleError."""
    if request.form.get("all") and request.form.get("counted") != str(len(tasks)):
        raise RuleError(ngettext("The list has changed: it is one follow-up now.",
                                 "The list has changed: it is %(num)d follow-ups now.", len(tasks)))


def _question(tasks: list[FollowUp], error: str, now: dt.datetime) -> Any:
    """How many, which ones, and what is still to be said."""
    rows = task_rows.rows_with([task.id for task in tasks[:NAMED]], now)
    whole = bool(request.form.get("all"))
    return render_template(
        "followups_bulk.html", rows=rows, count=len(tasks), more=len(tasks) - len(rows), verb=acts.verb(), error=error,
        ids=[] if whole else [task.id for task in tasks], whole=whole, back=acts.back(), people=colleagues(),
        typed=request.form, label_of=label_of_link, whys=acts.WHY_LATER if acts.verb() == "snooze" else acts.WHY_NOT,
        tomorrow=(local_day(now) + dt.timedelta(days=1)).isoformat()), 400 if error else 200


def _do_all(tasks: list[FollowUp], work: Callable[[FollowUp], None], now: dt.datetime) -> Any:
    """Do them one by one, each in its own savepoint; those that a rule refuses are reported by name."""
    refused: list[str] = []
    before: list[dict[str, Any]] = []
    for task in tasks:
        name, stood = acts.name_of(task), undoing.standing(task)
        try:
            with db.session.begin_nested():
                work(task)
        except RuleError as error:
            refused.append(f"{name}: {error.message}")
        else:
            before.append(stood)
    key = undoing.keep(db.session, before, now) if before else None
    db.session.commit()
    if key:
        flash(ngettext("One follow-up changed.", "%(num)d follow-ups changed.", len(before)), "success")
        acts.offer_undo(key)
    if refused:
        flash(ngettext("One follow-up stays as it was.", "%(num)d follow-ups stay as they were.", len(refused))
              + " " + _("; ").join(refused[:5]), "warning")
    return redirect(acts.back())
