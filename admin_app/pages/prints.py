"""Paper (UX 21): a customer's file, the daily sheet of follow-ups, the callback form. A4, in the scope and the masks of
the reader; opening such a page is logged as printing, in the transaction that reads it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, render_template, request
from sqlalchemy.orm import selectinload

from admin_app import access, access_log, cleaning, clock, words
from admin_app.clock import utcnow
from admin_app.columns import fields
from admin_app.database import db, start_writing
from admin_app.desk import cells
from admin_app.desk.view import is_key
from admin_app.models import Customer, FollowUp, RepairOrder, User, Vehicle
from admin_app.pages import stream_words, task_rows
from admin_app.rules import followups, timeline

bp = Blueprint("prints", __name__, url_prefix="/admin/print")

MOST_TASKS = 200  # rows of a daily sheet
LEFT_OUT = {"store_id", "created_at", "created_by_id", "updated_at", "completeness", "owner_text", "kept_apart"}


def register(app: Flask) -> None:
    """Serve /admin/print/."""
    app.register_blueprint(bp)


def _page(template: str, now: dt.datetime, **found: Any) -> str:
    """The sheet with its watermark line, committed with its entry in the log."""
    text = render_template(template, now=now, who=access.current().name, time=words.moment(now), **found)
    db.session.commit()
    return text


def _one(model: Any, name: str, *loaded: Any) -> Any:
    """The record that the address names, through the gate: 403 without the right, 404 out of sight."""
    if not access.can(model.__tablename__):
        abort(403)
    text = request.args.get(name, "")
    found = sa.select(model).options(*(selectinload(one) for one in loaded))
    row = db.session.scalars(found.where(model.id == int(text))).first() if is_key(text) else None
    if row is None:
        abort(404)
    return row


@bp.get("/customer/")
def customer() -> Any:
    """?id=: the file of one customer with cars and the latest history."""
    start_writing(db.session)
    row, now = _one(Customer, "id", Customer.owner, Customer.advisor, Customer.referrer), utcnow()
    cars = list(db.session.scalars(sa.select(Vehicle).where(Vehicle.customer_id == row.id).order_by(
        Vehicle.bought_on.desc(), Vehicle.id.desc())))
    access_log.printed("customer", row.id, 1)
    return _page("print/customer.html", now, customer=row, groups=_groups(row), cars=cars,
                 days=stream_words.days(timeline.stream(db.session, row.id, None, 0), now))


def _groups(row: Customer) -> list[tuple[Any, list[tuple[Any, str]]]]:
    """(heading, [(label, text)]) of everything that is filled in, private values masked."""
    found: dict[str, tuple[Any, list[tuple[Any, str]]]] = {}
    for name, _column, field in fields(Customer):
        value = getattr(row, name)
        if field.hidden or name in LEFT_OUT or value in (None, "", []) or (field.kind == "yes" and not value):
            continue
        linked = getattr(row, name[:-3], None) if field.kind == "link" else None
        text = cells.plain(field, value, linked)
        if text:
            found.setdefault(str(field.group), (field.group, []))[1].append((field.label, text))
    return list(found.values())


@bp.get("/day/")
def day() -> Any:
    """?owner=me|ID&day=2026-11-23: whom a person contacts on a day; today with what is overdue."""
    if not access.can("followup"):
        abort(403)
    start_writing(db.session)
    now, actor, owner = utcnow(), access.current(), request.args.get("owner", "")
    person = db.session.scalars(sa.select(User).where(
        User.id == (int(owner) if is_key(owner) else actor.user_id))).first()
    if person is None:
        abort(404)
    chosen = cleaning.day(request.args.get("day", "")).value or clock.local_day(now)
    due = FollowUp.due_on <= chosen if chosen == clock.local_day(now) else FollowUp.due_on == chosen
    found = followups.due_query(now, due="all", assignee_ids=[person.id]).where(due)
    rows = task_rows.rows_of(("day sheet", person.id, chosen, clock.local_day(now)),
                             lambda: followups.order(found).limit(MOST_TASKS), now)
    access_log.printed("followup", None, len(rows))
    return _page("print/day.html", now, person=person, day=chosen, rows=rows)


@bp.get("/callback/")
def callback() -> Any:
    """?followup=: the callback form (回访单) of one task, to be filled in by hand."""
    start_writing(db.session)
    task, now = _one(FollowUp, "followup", FollowUp.rule), utcnow()
    row = task_rows.rows_with([task.id], now)[0]
    order = db.session.scalars(sa.select(RepairOrder).where(RepairOrder.customer_id == task.customer_id).order_by(
        RepairOrder.opened_at.desc()).limit(1)).first() if access.can("repair_order") else None
    access_log.printed("followup", task.id, 1)
    return _page("print/callback.html", now, row=row, task=task, order=order)
