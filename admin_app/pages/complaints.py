"""The complaint board, the page of one complaint with its next steps, and the one address that takes a step."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.exc import StaleDataError

from admin_app import access, access_log, menu, once, people, prepared
from admin_app.choices import ComplaintState
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk.filters import list_address
from admin_app.errors import Refused, RuleError
from admin_app.models import Complaint, ComplaintStep, Customer
from admin_app.pages import complaint_cards, complaint_steps, task_rows
from admin_app.rules import privacy
from admin_app.rules.complaints import allowed, clock, handlers
from admin_app.rules.complaints.clocks import due_at
from admin_app.rules.complaints.people import names
from admin_app.rules.complaints.stations import OPEN

bp = Blueprint("complaint_page", __name__, url_prefix="/admin/complaint")

BOARD = "/admin/complaint/board/"


def register(app: Flask) -> None:
    """Serve the board, the page of a complaint and its steps."""
    task_rows.init_app(app)
    app.register_blueprint(bp)


@menu.counted("complaints")
def open_complaints() -> int | None:
    """How many complaints are being handled, for the menu."""
    ((number,),) = prepared.few(db.session, "open complaints", lambda: sa.select(
        sa.func.count(Complaint.id)).where(OPEN))
    return int(number)


# ---------------------------------------------------------------- the board


@bp.get("/board/")
def board() -> Any:
    """Open complaints by station. ?show= all, mine, late, major, sales, service or other."""
    if not access.can("complaint"):
        abort(403)
    show, now = request.args.get("show", "all"), utcnow()
    if show not in complaint_cards.SHOWS:
        abort(404)
    found = complaint_cards.Board(access.current().user_id or 0, access.current(), now)
    counted = [(name, complaint_cards.SHOW_LABELS[name], len(found.shown(name))) for name in complaint_cards.SHOWS]
    chips = [one for one in counted if one[2] or one[0] in ("all", "mine", "late", show)]
    store = people.store_of(access.current().store_id or 0)
    first, closed, satisfied, answered = complaint_cards.month(now)
    return render_template(
        "complaint_board.html", show=show, chips=chips, words=complaint_cards,
        lanes=found.lanes(found.shown(show), store), total=len(found.rows), late=len(found.shown("late")), store=store,
        several=access.current().store_ids is None, closed=closed, satisfied=satisfied, answered=answered,
        closed_at=list_address("complaint", ("closed_at", "from", first)),
        answered_at=list_address("complaint_step", ("kind", "in", "recall_satisfied,recall_not_satisfied"),
                                 ("at", "from", first)))


# ---------------------------------------------------------------- one complaint


@dataclass
class Shown:
    """A step on the page: its form, why it is refused (None: it may be taken), and what stands in it."""

    form: complaint_steps.StepForm
    reason: Any
    values: dict[str, str]
    error: str = ""
    error_field: str = ""
    open: bool = False


@dataclass
class Attempt:
    """A step that was tried and not taken: what was typed, and why not."""

    verb: str
    typed: dict[str, str] = field(default_factory=dict)
    error: str = ""
    error_field: str = ""
    conflict: bool = False


@bp.get("/details/")
def details() -> Any:
    """One complaint. ?step= opens the form of a step; 404 for one out of scope."""
    complaint = complaint_or_404(request.args.get("id"))
    access_log.viewed("complaint", complaint.id)
    return _page(complaint, None)


def complaint_or_404(text: str | None) -> Complaint:
    """A complaint as the gate shows it; 403 for a role that reads none at all."""
    if not access.can("complaint"):
        abort(403)
    if not text or not (text.isascii() and text.isdigit()) or len(text) > 9:
        abort(404)
    found = db.session.scalars(
        sa.select(Complaint).where(Complaint.id == int(text)).execution_options(populate_existing=True).options(
            selectinload(Complaint.vehicle), selectinload(Complaint.store))).first()
    if found is None:
        abort(404)
    return found


def _page(complaint: Complaint, attempt: Attempt | None, status: int = 200) -> Any:
    now, me, actor = utcnow(), people.me(), access.current()
    running = clock(complaint, complaint.store, now)
    reasons = {verb: None if yes else why for verb, yes, why in allowed(complaint, me, actor.roles)}
    steps = [_shown(verb, complaint, reasons, attempt, now) for verb in complaint_steps.next_of(complaint)]
    more = [_shown(verb, complaint, reasons, attempt, now) for verb in complaint_steps.more_of(complaint)]
    log = list(db.session.scalars(sa.select(ComplaintStep).where(ComplaintStep.complaint_id == complaint.id)
                                  .order_by(ComplaintStep.at.desc(), ComplaintStep.id.desc())))
    hands = handlers(db.session, complaint)
    return render_template(
        "complaint.html", complaint=complaint, now=now, clock=running, due=due_at(complaint, complaint.store, now),
        steps=steps, more=[one for one in more if one.reason is None or one.open], log=log, attempt=attempt,
        words=complaint_cards, forms=complaint_steps, once=once.new_key(), stations=_stations(complaint),
        handles=access.can("complaint", "write"), hands=hands,
        caller=complaint_cards.caller_of(complaint), customer=_customer(complaint), names=_names(complaint, log, hands),
        may_reveal=privacy.may_reveal(db.session, "customer")), status


def _shown(verb: str, complaint: Complaint, reasons: dict[str, Any], attempt: Attempt | None,
           now: dt.datetime) -> Shown:
    form, tried = complaint_steps.FORMS[verb], attempt is not None and attempt.verb == verb
    if attempt is not None and tried:
        return Shown(form, reasons[verb], attempt.typed, attempt.error, attempt.error_field, open=True)
    return Shown(form, reasons[verb], complaint_steps.start_values(verb, complaint, now),
                 open=request.args.get("step") == verb)


def _stations(complaint: Complaint) -> list[tuple[Any, str]]:
    """(label, "done" or "now" or nothing) of the way from the first answer to the re-callback."""
    order = [state for state, _label, _limit in complaint_cards.LANES]
    here = order.index(ComplaintState(complaint.state)) if complaint.state in order else len(order)
    return [(label, "done" if number < here else "now" if number == here else "")
            for number, (_state, label, _limit) in enumerate(complaint_cards.LANES)]


def _names(complaint: Complaint, log: list[ComplaintStep], hands: set[int]) -> dict[int, str]:
    """The names of everybody whom the page mentions."""
    return names(db.session, {
        *hands, *(line.by_id for line in log), complaint.owner_id, complaint.responsible_id, complaint.recalled_by_id,
        complaint.user_cause_approved_by_id, complaint.compensation_approved_by_id})


def _customer(complaint: Complaint) -> Customer | None:
    """The customer, where the person may open the file."""
    return db.session.scalars(sa.select(Customer).where(Customer.id == complaint.customer_id)).first()


# ---------------------------------------------------------------- taking a step


@bp.post("/step/")
def step() -> Any:
    """Take a step: `id`, `verb`, `version`, `once` and the step's own fields.

    400 with the sentence at its field, 403 where the person may not, 409 where somebody else was faster; what was
    typed is shown again.
    """
    verb, complaint = request.form.get("verb", ""), complaint_or_404(request.form.get("id"))
    if verb not in complaint_steps.FORMS:
        abort(400)
    led = once.taken(db.session, request.form.get("once"))
    if led:
        return redirect(led)
    attempt = Attempt(verb, complaint_steps.typed(verb, request.form))
    if request.form.get("version", "").isdigit() and request.form["version"] != str(complaint.version):
        return _conflict(complaint.id, attempt)
    try:
        _take(verb, complaint)
    except StaleDataError:
        db.session.rollback()
        return _conflict(complaint.id, attempt)
    except sa.exc.IntegrityError:
        db.session.rollback()
        led = once.taken(db.session, request.form.get("once"))  # a second press that was a moment later
        return redirect(led) if led else _conflict(complaint.id, attempt)
    except RuleError as error:
        db.session.rollback()
        attempt.error, attempt.error_field = str(error.message), error.field or ""
        return _page(complaint_or_404(request.form.get("id")), attempt, 403 if isinstance(error, Refused) else 400)
    flash(_("%(step)s: saved.", step=complaint_steps.FORMS[verb].label), "success")
    return redirect(_after(int(request.form["id"])))


def _take(verb: str, complaint: Complaint) -> None:
    complaint_steps.take(verb, complaint, people.me(), utcnow(), request.form)
    once.take(db.session, request.form.get("once"), f"/admin/complaint/details/?id={complaint.id}")
    db.session.commit()


def _conflict(complaint_id: int, attempt: Attempt) -> Any:
    attempt.conflict = True
    return _page(complaint_or_404(str(complaint_id)), attempt, 409)


def _after(complaint_id: int) -> str:
    """Back to the complaint; to the board where it has gone to somebody whose complaints the person does not see."""
    seen = db.session.scalars(sa.select(Complaint.id).where(Complaint.id == complaint_id)).first()
    return f"/admin/complaint/details/?id={complaint_id}" if seen else BOARD
