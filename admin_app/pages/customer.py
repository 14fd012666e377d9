"""The customer's page: head, cars, one stream of everything, open tasks, what is missing in the file."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, flash, redirect, render_template, request
from flask_babel import gettext as _

from admin_app import access, access_log, clock, countdown, look, menu, people, prepared
from admin_app.choices import (
    ComplaintState,
    FollowUpState,
    Grade,
    InquiryState,
    PromiseState,
    Purpose,
    RepairState,
    RequestVerb,
)
from admin_app.clock import utcnow
from admin_app.columns import fields
from admin_app.database import db
from admin_app.desk import cells
from admin_app.desk.view import is_key
from admin_app.models import (
    Complaint,
    Customer,
    CustomerMerge,
    FollowUp,
    FollowUpRule,
    Inquiry,
    Promise,
    RepairOrder,
    Vehicle,
)
from admin_app.pages import consent, stream_words, task_rows
from admin_app.rules import customers, inquiries, merging, privacy, quality, requests, timeline
from admin_app.rules.followups.blocking import MARKETING, blocked_by, standing

bp = Blueprint("customer_page", __name__, url_prefix="/admin/customer")

MOST_CARS = 6
MOST_MISSING = 6  # missing fields that are named
PROFILE = ("use", "budget", "decision_power", "concerns", "channel", "hours", "hobbies", "family", "occupation",
           "employer", "district", "wechat")


def register(app: Flask) -> None:
    """Serve /admin/customer/details/."""
    task_rows.init_app(app)
    app.register_blueprint(bp)


@dataclass(frozen=True)
class OpenTask:
    """One line of what is not settled: where it leads, what it is, until when."""

    label: str
    href: str
    due: str
    tone: str


@bp.get("/details/")
def details() -> Any:
    """One customer. ?kind= narrows the stream, ?page= turns it; 404 for a file out of scope."""
    actor, customer, now = access.current(), _customer(), utcnow()
    kind = request.args.get("kind")
    kind = kind if kind in timeline.KINDS else None
    page = min(int(text), 1000) if (text := request.args.get("page", "0")).isdecimal() and len(text) < 6 else 0
    counts = timeline.counts(db.session, customer.id)
    total = counts.get(kind, 0) if kind else sum(counts.values())
    shown = stream_words.days(timeline.stream(db.session, customer.id, kind, page, counted=counts), now)
    access_log.viewed("customer", customer.id)
    menu.remember(customer.id)
    cars, tasks, promises = _cars(customer), _tasks(customer, counts), _promises(customer, counts)
    return render_template(
        "customer.html", customer=customer, now=now, kind=kind, page=page, counts=counts, days=shown,
        kinds=stream_words.KIND_LABELS, total=total, all=sum(counts.values()), owner=people.name_of(customer.owner_id),
        advisor=people.name_of(customer.advisor_id), referrer=_referrer(customer),
        older=max(0, total - timeline.PAGE * (page + 1)), cars=cars,
        tasks=_open_matters(customer, tasks, promises, counts, now), broken=_broken(promises, now),
        missing=_missing(customer), profile=_profile(customer),
        stale=customers.grade_is_stale(customer, clock.local_day(now)), longest=_longest(customer), actor=actor,
        log_task=_log_task(customer, actor, tasks), may_reveal=privacy.may_reveal(db.session, "customer"),
        next_tone=_next_tone(customer, now), may_change=access.may_change(db.session, customer),
        merges=_merges(customer), lacking=[] if cars else quality.lacking(db.session, customer),
        unconfirmed=quality.is_stale(customer, people.store_of(customer.store_id), clock.local_day(now)),
        asks_delete=requests.may_ask(actor, "customer", RequestVerb.DELETE),
        block=blocked_by(customer, Purpose.CARE, now, people.store_of(customer.store_id)),
        **consent.shown(customer.id, counts))


def _customer() -> Customer:
    text = request.args.get("id", "")
    if not access.can("customer"):
        abort(403)
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        abort(404)
    found: Customer | None = prepared.record(db.session, Customer, int(text))
    if found is None:
        _onward(int(text))
        abort(404)
    return found


def _referrer(customer: Customer) -> tuple[int, str] | None:
    """(key, name) of the customer who brought this one, where the person may see that file."""
    if customer.referrer_id is None:
        return None
    found = prepared.few(db.session, "referrer", lambda: sa.select(Customer.id, Customer.name).where(
        Customer.id == prepared.given("customer")), customer=customer.referrer_id)
    return tuple(found[0]) if found else None


def _onward(customer_id: int) -> None:
    """The address of a file that was merged leads to the one that stayed, where the person may see that."""
    kept_id = merging.went_into(db.session, customer_id)
    if kept_id is not None and db.session.scalars(sa.select(Customer.id).where(Customer.id == kept_id)).first():
        abort(redirect(f"/admin/customer/details/?id={kept_id}"))


@bp.post("/confirm/")
def confirm() -> Any:
    """The customer says that the file is right (id): the day is kept, the task that asked for it is done."""
    text = request.form.get("id", "")
    customer = db.session.scalars(sa.select(Customer).where(
        Customer.id == (int(text) if is_key(text) else 0))).first()
    if customer is None:
        abort(404)
    quality.confirm(db.session, customer, utcnow())
    name, key = customer.name, customer.id
    db.session.commit()
    flash(_("The file of %(name)s is confirmed.", name=name), "success")
    return redirect(f"/admin/customer/details/?id={key}")


@dataclass(frozen=True)
class Merge:
    """A merge into this file that can be undone."""

    id: int
    merged_id: int
    name: str
    at: dt.datetime
    by: str | None
    why: str | None


def _merges(customer: Customer) -> list[Merge]:
    """Merges into this file that can be undone, with the name of the file that went into it."""
    rows = prepared.few(db.session, "merges", lambda: sa.select(
        CustomerMerge.id, CustomerMerge.merged_id, CustomerMerge.created_at, CustomerMerge.created_by_id,
        CustomerMerge.why).where(CustomerMerge.kept_id == prepared.given("customer"),
                                 CustomerMerge.undone_at.is_(None)).order_by(CustomerMerge.id.desc()),
        customer=customer.id)
    if not rows:
        return []
    with access.as_system(db.session, "names of merged files", include_deleted=True):
        names = {row.id: row.name for row in db.session.execute(sa.select(Customer.id, Customer.name).where(
            Customer.id.in_([one.merged_id for one in rows])))}
    return [Merge(one.id, one.merged_id, names.get(one.merged_id, ""), one.created_at,
                  people.name_of(one.created_by_id), one.why) for one in rows]


CAR = ("id", "model", "trim", "plate", "bought_on", "mileage", "next_service_on", "insurance_until")


def _cars(customer: Customer) -> list[Any]:
    return prepared.few(db.session, "cars of a file", lambda: sa.select(
        *(getattr(Vehicle, name) for name in CAR)).where(Vehicle.customer_id == prepared.given("customer")).order_by(
        Vehicle.bought_on.desc(), Vehicle.id.desc()).limit(MOST_CARS), customer=customer.id)


def _next_tone(customer: Customer, now: dt.datetime) -> str:
    """The colour of the next contact: none planned and overdue are late, today is soon."""
    day = customer.next_contact_on
    if day is None:
        return "soon"
    left = (day - clock.local_day(now)).days
    return "late" if left < 0 else "soon" if left == 0 else ""


MOST_TASKS = 12
TASK = ("id", "reason", "due_on", "due_at", "customer_id", "source_table", "source_id", "assignee_id", "purpose",
        "allowed_at", "created_at", "store_id", "first_due_on")


def _tasks(customer: Customer, counts: dict[str, int]) -> list[Any]:
    """The open follow-ups, the most urgent first; where the stream has no follow-up, none is asked for."""
    return prepared.few(db.session, "tasks of a file", lambda: sa.select(
        *(getattr(FollowUp, name) for name in TASK), FollowUpRule.trigger, FollowUpRule.unit,
        FollowUpRule.offset).join_from(FollowUp, FollowUpRule, FollowUpRule.id == FollowUp.rule_id, isouter=True).where(
        FollowUp.customer_id == prepared.given("customer"),
        FollowUp.state.in_([FollowUpState.OPEN, FollowUpState.SNOOZED])).order_by(FollowUp.due_at).limit(
        MOST_TASKS), customer=customer.id) if counts.get("followup") else []


def _promises(customer: Customer, counts: dict[str, int]) -> list[Any]:
    """The promises that are open or were broken, the earliest day first."""
    return prepared.few(db.session, "promises of a file", lambda: sa.select(
        Promise.id, Promise.what, Promise.due_on, Promise.state, Promise.by_id).where(
        Promise.customer_id == prepared.given("customer"),
        Promise.state.in_([PromiseState.OPEN, PromiseState.BROKEN])).order_by(Promise.due_on),
        customer=customer.id) if counts.get("promise") else []


def _open_matters(customer: Customer, tasks: list[Any], promises: list[Any], counts: dict[str, int],
                  now: dt.datetime) -> list[OpenTask]:
    """Open follow-ups, promises, complaints and repair orders, as the person may see them."""
    found: list[OpenTask] = []
    store, logs = people.store_of(customer.store_id), access.can("visit", "create")
    for task in tasks:
        words, tone, _late = task_rows.due_words(task, now)
        if standing(customer, now, store, task) is not None and task.purpose in MARKETING:
            words, tone = _("held back"), ""
        opens = task_rows.log_address(task) if logs else f"/admin/followup/details/?id={task.id}"
        found.append(OpenTask(task.reason, opens, words, tone))
    promise_at = f"/admin/promise/{'edit' if access.can('promise', 'write') else 'details'}/?id="
    for promise in [one for one in promises if one.state == PromiseState.OPEN][:6]:
        late = promise.due_on < clock.local_day(now)
        found.append(OpenTask(stream_words.promise_label(promise), f"{promise_at}{promise.id}",
                              promise.due_on.isoformat(), "late" if late else ""))
    if counts.get("inquiry"):
        for inquiry in prepared.few(db.session, "inquiries of a file", lambda: sa.select(
                Inquiry.id, Inquiry.question, Inquiry.state, Inquiry.received_at, Inquiry.due_at).where(
                Inquiry.customer_id == prepared.given("customer"),
                Inquiry.state.in_([InquiryState.OPEN, InquiryState.PLANNED])).limit(6), customer=customer.id):
            running = inquiries.clock(inquiry, now)
            left = countdown.left(running) if running else look.label_of(inquiry.state)
            found.append(OpenTask(stream_words.inquiry_label(inquiry), f"/admin/inquiry/details/?id={inquiry.id}",
                                  left, running.tone if running else ""))
    if counts.get("complaint"):
        for complaint in prepared.few(db.session, "complaints of a file", lambda: sa.select(
                Complaint.id, Complaint.text, Complaint.state).where(
                Complaint.customer_id == prepared.given("customer"), Complaint.state != ComplaintState.CLOSED).limit(
                6), customer=customer.id):
            found.append(OpenTask(
                stream_words.complaint_label(complaint), f"/admin/complaint/details/?id={complaint.id}",
                look.label_of(complaint.state), "soon"))
    if counts.get("repair_order"):
        for order in prepared.few(db.session, "orders of a file", lambda: sa.select(
                RepairOrder.id, RepairOrder.number, RepairOrder.state).where(
                RepairOrder.customer_id == prepared.given("customer"),
                RepairOrder.state.not_in([RepairState.CLOSED, RepairState.CANCELLED])).limit(6),
                customer=customer.id):
            found.append(OpenTask(stream_words.order_label(order), f"/admin/repair_order/details/?id={order.id}",
                                  look.label_of(order.state), ""))
    return found


def _broken(promises: list[Any], now: dt.datetime) -> list[tuple[Any, str | None]]:
    """Promises broken, or open past their day, the latest first, each with who promised."""
    today = clock.local_day(now)
    late = [one for one in promises if one.state == PromiseState.BROKEN or one.due_on < today]
    return [(one, people.name_of(one.by_id)) for one in late[::-1][:5]]


def _missing(customer: Customer) -> list[tuple[str, Any]]:
    """(name, label) of the empty fields that count toward completeness, the weightiest first."""
    empty = [(field.weight, name, field.label) for name, _column, field in fields(Customer)
             if field.weight and getattr(customer, name) in (None, "", [])]
    return [(name, label) for _weight, name, label in sorted(empty, key=lambda one: -one[0])][:MOST_MISSING]


def _profile(customer: Customer) -> list[tuple[Any, Any]]:
    """(label, value) of what is known of the person's wishes and life."""
    known = {name: field for name, _column, field in fields(Customer)}
    values = ((known[name], getattr(customer, name)) for name in PROFILE)
    return [(field.label, cells.plain(field, value) + str(field.unit or "")) for field, value in values
            if value not in (None, "")]


def _longest(customer: Customer) -> int | None:
    """Days for which a grade stands; None for grades without a window."""
    return customers.GRADE_WINDOW.get(Grade(customer.grade))


def _log_task(customer: Customer, actor: access.Actor, tasks: list[Any]) -> int | None:
    """The key of the person's own most urgent open task for this customer."""
    mine = next((task.id for task in tasks if task.assignee_id == actor.user_id), None)
    if mine is not None or len(tasks) < MOST_TASKS:
        return mine
    found = prepared.few(db.session, "own task of a file", lambda: sa.select(FollowUp.id).where(
        FollowUp.customer_id == prepared.given("customer"), FollowUp.assignee_id == actor.user_id,
        FollowUp.state.in_([FollowUpState.OPEN, FollowUpState.SNOOZED])).order_by(FollowUp.due_at).limit(1),
        customer=customer.id)
    return found[0].id if found else None
