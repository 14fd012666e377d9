"""Planned visits: what for, what to bring, ticked off, printed; the report makes a planned one done (visit_log.py)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import selectinload

from admin_app import access, access_log, clock, once, words
from admin_app.choices import Channel, Purpose, VisitState
from admin_app.clock import utcnow
from admin_app.database import db, start_writing
from admin_app.desk.view import is_key
from admin_app.errors import Refused, RuleError
from admin_app.models import Customer, Visit
from admin_app.pages.visit_form import purpose_of, read_day
from admin_app.rules import saving

bp = Blueprint("visit_plan", __name__, url_prefix="/admin/visit/plan")

THINGS = (_l("Brochure"), _l("Business cards"), _l("Notebook and pen"), _l("Customer list"), _l("Promotion items"),
          _l("Gifts"))  # DOMAIN §2 Visit
CHANNELS = (Channel.HOME, Channel.STORE, Channel.PHONE, Channel.EVENT)
MOST = 100


def register(app: Flask) -> None:
    """Serve /admin/visit/plan/."""
    app.register_blueprint(bp)


def planned(visit_id: int | None, customer_id: int | None) -> Visit | None:
    """A planned visit of a customer, as far as the person sees it; None for one that is done already or without one."""
    if not visit_id:
        return None
    return db.session.scalars(sa.select(Visit).where(
        Visit.id == visit_id, Visit.customer_id == customer_id, Visit.state == VisitState.PLANNED)).first()


@bp.get("/")
def show() -> Any:
    """What lies ahead of the person (?owner=all: of all whom she sees); ?customer= plans a visit to one."""
    if not access.can("visit"):
        abort(403)
    everybody = request.args.get("owner") == "all"
    customer = _customer(request.args.get("customer", "")) if request.args.get("customer") else None
    return _page(everybody, customer, {}, {})


def _page(everybody: bool, customer: Customer | None, typed: Mapping[str, Any], errors: dict[str, str]) -> str:
    visits, today = _visits(everybody), clock.today()
    days: dict[dt.date, list[Visit]] = {}
    for visit in visits:
        days.setdefault(clock.local_day(visit.at), []).append(visit)
    return render_template(
        "visit_plan.html", days=days, total=len(visits), today=today, everybody=everybody, customer=customer,
        typed=typed, errors=errors, things=[str(one) for one in THINGS], channels=CHANNELS, key=once.new_key(),
        soon=(today + dt.timedelta(days=1)).isoformat(), wide=access.current().manages)


def _visits(everybody: bool) -> list[Visit]:
    found = sa.select(Visit).where(Visit.state == VisitState.PLANNED).options(
        selectinload(Visit.customer), selectinload(Visit.staff)).order_by(Visit.at, Visit.id).limit(MOST)
    if not everybody:
        found = found.where(Visit.staff_id == access.current().user_id)
    return list(db.session.scalars(found))


def _customer(text: str) -> Customer:
    found = db.session.scalars(sa.select(Customer).where(Customer.id == int(text))).first() if is_key(text) else None
    if found is None:
        abort(404)
    return found


def _visit() -> Visit:
    """The planned visit of the form; 404 out of sight, 403 where the person may not change it."""
    text = request.form.get("visit", "")
    found = db.session.scalars(sa.select(Visit).where(
        Visit.id == int(text), Visit.state == VisitState.PLANNED)).first() if is_key(text) else None
    if found is None:
        abort(404)
    if not access.may_change(db.session, found):
        raise Refused(_("You may not change this visit."))
    return found


@bp.post("/")
def save() -> Any:
    """Plan a visit; what is wrong is said at its field, and what was typed stays."""
    if not access.can("visit", "create"):
        raise Refused(_("You may not log contacts."))
    customer, key, now = _customer(request.form.get("customer", "")), request.form.get("key", ""), utcnow()
    before = once.taken(db.session, key)
    if before is not None:
        return redirect(before)
    errors: dict[str, str] = {}
    at, channel = _moment(errors, now), Channel.find(request.form.get("channel"))
    if channel is None:
        errors["channel"] = _("Choose how you met.")
    if not _said("purpose"):
        errors["purpose"] = _("Say what the visit is for.")
    if errors:
        return _page(False, customer, request.form, errors), 400
    visit = Visit(
        store_id=customer.store_id, customer_id=customer.id, staff_id=access.current().user_id, at=at, channel=channel,
        state=VisitState.PLANNED, outbound=True, purpose_kind=Purpose(purpose_of(None, customer)),
        purpose=_said("purpose"), goal=_said("goal"), policy=_said("policy"), checklist=_things("thing"))
    try:
        saving.prepare(db.session, visit, now)
        db.session.add(visit)
        db.session.flush()
        saving.settle(db.session, visit, now, created=True)
    except RuleError as error:
        db.session.rollback()
        return _page(False, _customer(request.form["customer"]), request.form,
                     {error.field or "form": str(error.message)}), 400
    once.take(db.session, key, "/admin/visit/plan/")
    db.session.commit()
    flash(_("The visit is planned."), "success")
    return redirect("/admin/visit/plan/")


def _said(name: str) -> str | None:
    return request.form.get(name, "").strip()[:200] or None


def _things(name: str) -> list[str] | None:
    return [text.strip()[:40] for text in request.form.getlist(name) if text.strip()][:20] or None


def _moment(errors: dict[str, str], now: dt.datetime) -> dt.datetime | None:
    """When, from a day and a time like 14:30. The sentence stands at `day` or `time`."""
    day, text = read_day(request.form.get("day", "")), request.form.get("time", "") or "10:00"
    try:
        hour = dt.time.fromisoformat(text)
    except ValueError:
        errors["time"] = _("Hours and minutes, like 09:00.")
        return None
    if day is None or day < clock.local_day(now):
        errors["day"] = _("Choose a day from today on.")
        return None
    return clock.at(day, hour.hour, hour.minute)


@bp.post("/tick/")
def tick() -> Any:
    """Keep what of the list is packed."""
    visit = _visit()
    visit.packed = [one for one in visit.checklist or [] if one in request.form.getlist("packed")] or None
    db.session.commit()
    flash(_("The list is kept."), "success")
    return redirect(f"/admin/visit/plan/#v{visit.id}")


@bp.post("/cancel/")
def cancel() -> Any:
    """The visit does not take place."""
    visit, now = _visit(), utcnow()
    visit.state = VisitState.CANCELLED
    saving.prepare(db.session, visit, now)
    db.session.flush()
    saving.settle(db.session, visit, now, created=False)
    db.session.commit()
    flash(_("The visit is cancelled."), "success")
    return redirect("/admin/visit/plan/")


@bp.get("/print/")
def paper() -> Any:
    """The person's planned visits on A4, with room for the report."""
    if not access.can("visit"):
        abort(403)
    start_writing(db.session)
    now, visits = utcnow(), _visits(False)
    access_log.printed("visit", None, len(visits))
    text = render_template("print/visits.html", now=now, who=access.current().name, time=words.moment(now),
                           visits=visits)
    db.session.commit()
    return text
