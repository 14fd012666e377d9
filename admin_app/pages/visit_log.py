"""The quick log, phone first (UX 5 and 6): what came of a contact and when the next one is, in a few taps.

Without a customer it is a picker. Everything typed stays on an error; pressed twice it makes one row.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from admin_app import access, access_log, clock, menu, once, people, prepared, search, shell
from admin_app.choices import (
    Channel,
    ComplaintArea,
    ComplaintChannel,
    ComplaintState,
    PromiseState,
    Purpose,
    VisitState,
)
from admin_app.clock import utcnow
from admin_app.database import Encrypted, db
from admin_app.errors import Refused, RuleError
from admin_app.models import Complaint, Customer, FollowUp, Gift, Promise, Vehicle, Visit
from admin_app.pages import due_rows, outbox, task_rows, visit_form, visit_plan
from admin_app.pages.failures import safe_path
from admin_app.pages.photos import uploaded
from admin_app.pages.visit_form import LogForm
from admin_app.rules import complaints, followups, photos, privacy, quality, saving
from admin_app.rules.followups import tasks
from admin_app.rules.followups.blocking import blocked_by

bp = Blueprint("visit_log", __name__, url_prefix="/admin/visit/log")

DISAPPOINTED = 2  # satisfaction of 5 up to which an answer is a complaint (DOMAIN 3.4, default)
MOST_PICKED = 20


def register(app: Flask) -> None:
    """Serve /admin/visit/log/."""
    task_rows.init_app(app)
    app.register_blueprint(bp)


@bp.get("/")
def show() -> Any:
    """The form for ?customer= (and ?followup=), or the picker without one."""
    _may_log()
    if not request.args.get("customer"):
        return _picker()
    task, now = _task(), utcnow()
    customer = _whole(task, now)
    if task is not None and task.source_table == "complaint":
        return redirect(task_rows.log_address(task))
    rule_day = followups.next_date_by_rule(db.session, customer, now)
    form = visit_form.proposal(task, rule_day, customer.planned, request.args)
    planned = visit_plan.planned(_number("visit"), customer.id)
    if planned is not None and Channel.find(planned.channel) in dict(visit_form.CHANNELS):
        form.channel = str(Channel.find(planned.channel))
    access_log.viewed("customer", customer.id)
    return _page(customer, task, form, rule_day, now, once.new_key(), planned)


@bp.post("/")
def save() -> Any:
    """Take the form: the visit, what was promised and given, and the task that is done by it.

    A form that was taken before is found out by its key when it is stored again, and leads where it led then.
    """
    _may_log()
    key, now = request.form.get("key", ""), utcnow()
    if outbox.is_late():
        before = once.taken(db.session, key)
        if before is not None:
            return outbox.answer(before)
    planned = visit_plan.planned(_number("visit"), _number("customer"))
    if _number("visit") and planned is None:
        before = once.taken(db.session, key)
        return outbox.answer(before) if before is not None else abort(404)
    customer, task, at = _customer(), _task(record=True), outbox.moment(now)
    form, name = LogForm.typed(request.form), customer.name
    try:
        location = _take(form, customer, task, at, key, planned)
    except RuleError as error:
        db.session.rollback()
        before = once.taken(db.session, key)
        if before is not None:
            return outbox.answer(before)
        if isinstance(error, Refused):
            raise
        form.refuse(error)
    except sa.exc.IntegrityError:
        db.session.rollback()
        before = once.taken(db.session, key)
        if before is None:
            raise
        return outbox.answer(before)
    else:
        if location:
            return outbox.answer(location, _("Logged: %(name)s.", name=name))
    if outbox.by_script():
        return outbox.refusal(form.errors)
    shown, task = _whole(task, now), _task()
    rule_day = followups.next_date_by_rule(db.session, shown, now)
    return _page(shown, task, form, rule_day, now, key or once.new_key(),
                 visit_plan.planned(_number("visit"), shown.id)), 400


@bp.get("/token/")
def token() -> Any:
    """Who is signed in, her token and the bar, for what waits on a device; 401 where nobody is."""
    return {"person": access.current().user_id, "token": generate_csrf(), "bar": shell.outbox()}


def _may_log() -> None:
    access.current()
    if not access.can("visit", "create"):
        raise Refused(_("You may not log contacts."))


def _number(name: str) -> int | None:
    text = request.values.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        abort(404)
    return int(text)


def _customer() -> Customer:
    """The customer of the form, to be saved with the visit."""
    found = prepared.record(db.session, Customer, _number("customer") or 0)
    if found is None:
        abort(404)
    return found


def _whole(task: Any, now: dt.datetime) -> Any:
    """The customer of the form, to be shown."""
    found = whole(_number("customer") or 0, task.id if task else 0, now)
    if found is None:
        abort(404)
    return found


def whole(customer_id: int, task_id: int, now: dt.datetime) -> Any:
    """A customer as a plain row with `planned` (the day of the next open task after today beside the one at hand, 0:
    none; None without one), `car` (the model of the newest one) and the newest contact (task_rows.last_of). None where
    the person may not see the file."""
    today = clock.local_day(now)
    found = prepared.few_beside(db.session, frozenset({"vehicle", "visit"}), ("logged customer", today),
                                lambda: _with_plan(today), customer=customer_id, task=task_id)
    return found[0] if found else None


def planned_on(customer: Any, task: Any, now: dt.datetime) -> dt.date | None:
    """`planned` of whole() by itself."""
    today = clock.local_day(now)
    found: dt.date | None = prepared.few(db.session, ("planned", today), lambda: sa.select(
        sa.func.min(FollowUp.due_on)).where(
        FollowUp.customer_id == prepared.given("customer"), FollowUp.state.in_(followups.OPEN_STATES),
        FollowUp.due_on > today, FollowUp.id != prepared.given("task")), customer=customer.id, task=task.id)[0][0]
    return found


def _with_plan(today: dt.date) -> Any:
    planned = sa.select(sa.func.min(FollowUp.due_on)).where(
        FollowUp.customer_id == Customer.id, FollowUp.state.in_(followups.OPEN_STATES), FollowUp.due_on > today,
        FollowUp.id != prepared.given("task")).correlate(Customer).scalar_subquery()
    columns = [getattr(Customer, column.key) for column in Customer.__table__.c
               if not isinstance(column.type, Encrypted)]
    car = sa.select(Vehicle.model).where(Vehicle.customer_id == Customer.id).order_by(Vehicle.id.desc()).limit(
        1).correlate(Customer).scalar_subquery()
    return task_rows.with_last(sa.select(*columns, planned.label("planned"), car.label("car")).where(
        Customer.id == prepared.given("customer")))


def _task(record: bool = False) -> Any:
    """The task that the visit is to settle, as a plain row or as the record itself; None without one, 404 for one out
    of scope or of another customer."""
    number = _number("followup")
    if number is None:
        return None
    found = prepared.record(db.session, FollowUp, number) if record else task_rows.task(number)
    if found is None or found.customer_id != _number("customer"):
        abort(404)
    return found


# ---------------------------------------------------------------- saving


def _take(form: LogForm, customer: Customer, task: Any, at: dt.datetime, key: str,
          planned: Visit | None = None) -> str | None:
    """Save everything in one transaction; where to go next, or None where form.errors says why not. `at`: when it was
    written, earlier than now where it waited on a phone. `planned`: the visit that is reported on."""
    now = utcnow()
    today = clock.local_day(at)
    values = visit_form.check(form, today)
    rule_day = followups.next_date_by_rule(db.session, customer, now) if form.next == "rule" else None
    next_on = visit_form.next_day(form, rule_day, today)
    gifts = visit_form.gift_of(form)
    if form.errors:
        return None
    purpose = visit_form.purpose_of(task, customer)
    block = blocked_by(customer, purpose, at, people.store_of(customer.store_id), task)
    pictures = uploaded()
    visit = planned or Visit(
        store_id=customer.store_id, customer_id=customer.id, staff_id=access.current().user_id,
        outbound=values.get("channel") != Channel.STORE,  # who comes into the store makes the contact himself
        purpose_kind=purpose, purpose=task.reason if task else None,
        vehicle_id=task.vehicle_id if task else None, followup_id=task.id if task else None)
    for name, value in (values | {"at": at, "state": VisitState.DONE, "next_on": next_on}).items():
        setattr(visit, name, value)
    _keep(visit, now, created=planned is None)
    if pictures:
        photos.add(db.session, visit, pictures, at)
    if form.confirmed and tasks.effective(visit) and access.may_change(db.session, customer):
        quality.confirm(db.session, customer, now, visit)
    if form.promise:
        _keep(Promise(store_id=customer.store_id, customer_id=customer.id, what=form.promise, visit_id=visit.id,
                      by_id=access.current().user_id, due_on=visit_form.read_day(form.promise_due),
                      state=PromiseState.OPEN), at)
    if gifts:
        _keep(Gift(store_id=customer.store_id, customer_id=customer.id, visit_id=visit.id,
                   by_id=access.current().user_id, given_on=today, **gifts), now)
    complaint = _complain(visit, now)
    location = _onward(customer, task, now)
    once.take(db.session, key, location)
    number = complaint.number if complaint is not None else None
    db.session.commit()
    if number:
        flash(_("Complaint %(number)s was opened from the answer.", number=number), "warning")
    if block is not None:  # what has happened is logged all the same
        flash(_("Logged, though it was not to be: %(why)s", why=block), "warning")
    return location


def _complain(visit: Visit, now: dt.datetime) -> Complaint | None:
    """An answer of 2 or less opens a complaint with the answer as its text (DOMAIN 3.4), unless one is open."""
    if visit.satisfaction is None or visit.satisfaction > DISAPPOINTED or not access.can("complaint", "create"):
        return None
    with access.as_system(db.session, "is a complaint open?"):
        waiting = db.session.scalars(sa.select(Complaint.id).where(
            Complaint.customer_id == visit.customer_id, Complaint.state != ComplaintState.CLOSED).limit(1)).first()
    if waiting is not None:
        return None
    sales = visit.purpose_kind in (Purpose.SALES, Purpose.DELIVERY)
    said = _("Satisfaction %(number)s of 5", number=visit.satisfaction)
    complaint = Complaint(
        customer_id=visit.customer_id, vehicle_id=visit.vehicle_id,
        area=ComplaintArea.SALES if sales else ComplaintArea.SERVICE,
        channel=ComplaintChannel.PHONE if visit.channel == Channel.PHONE else ComplaintChannel.VISIT,
        text="\n".join(part for part in (visit.content, said) if part), received_at=now)
    complaints.receive(db.session, complaint, people.me(), now)
    return complaint


def _keep(row: Any, now: dt.datetime, created: bool = True) -> None:
    """Save a row by the road that every row takes."""
    saving.prepare(db.session, row, now)
    db.session.add(row)
    db.session.flush()
    saving.settle(db.session, row, now, created=created)


def _onward(customer: Customer, task: Any, now: dt.datetime) -> str:
    """The next customer who is due, the list the person came from, or the customer's page; `saved` clears the draft."""
    saved = f"{customer.id}-{task.id if task else 0}"
    back = safe_path(request.form.get("back"))
    if back is not None:
        return f"{back}{'&' if '?' in back else '?'}{urlencode({'saved': saved})}"
    if task is None:
        return f"/admin/customer/details/?{urlencode({'id': customer.id, 'saved': saved})}"
    following = next_task(now, task)
    if following is None:
        return f"/admin/followups/?{urlencode({'saved': saved})}"
    return "/admin/visit/log/?" + urlencode(
        {"customer": following.customer_id, "followup": following.id, "saved": saved})


def next_task(now: dt.datetime, behind: Any) -> Any:
    """The person's next task that is due today or overdue and is logged here (`id` and `customer_id`); `behind` has
    just been dealt with. None without one."""
    db.session.flush()
    today = clock.local_day(now)
    found = prepared.few(db.session, ("next task", today), lambda: followups.order(
        due_now(now), today).with_only_columns(FollowUp.id, FollowUp.customer_id).join_from(
        FollowUp, Customer, Customer.id == FollowUp.customer_id).where(
        FollowUp.id != prepared.given("task"), FollowUp.customer_id != prepared.given("customer"),
        sa.or_(FollowUp.source_table.is_(None), FollowUp.source_table != "complaint")).limit(1),
        task=behind.id, customer=behind.customer_id)
    return found[0] if found else None


def due_now(now: dt.datetime) -> Any:
    """What the person owes: overdue and today."""
    return followups.due_query(now, due="owed", assignee_ids=[access.current().user_id or 0])


# ---------------------------------------------------------------- showing


def _page(customer: Any, task: Any, form: LogForm, rule_day: dt.date | None, now: dt.datetime, key: str,
          planned: Visit | None = None) -> str:
    menu.remember(customer.id)
    purpose = visit_form.purpose_of(task, customer)
    offered = choices(customer, task, customer.planned, rule_day, now)
    return render_template(
        "visit_log.html", customer=customer, task=task, form=form, key=key, now=now, plan=planned,
        icon=task_rows.icon_of(task) if task else "", last=task_rows.last_of(customer),
        promises=_promises(customer), may_reveal=privacy.may_reveal(db.session, "customer"),
        car=customer.car or "",
        blocked=blocked_by(customer, purpose, now, people.store_of(customer.store_id), task), **offered,
        **_fields(form, purpose, offered, planned is not None))


def _fields(form: LogForm, purpose: Purpose, offered: dict[str, Any], full: bool) -> dict[str, Markup]:
    """The parts of the form before and behind the next contact. They are the same for everybody whom a fresh form is
    shown for, so they are kept; a form with something typed is printed as it is."""
    confirms = offered["may_confirm"] and not offered["asks_to_confirm"]
    first: tuple[Any, ...] = (purpose, form.channel, form.result)
    rest: tuple[Any, ...] = (purpose, offered["soon_text"], confirms, form.confirmed, full)

    def words() -> dict[str, Any]:
        return {"form": form, "channels": visit_form.CHANNELS, "results": visit_form.results_for(purpose),
                "short_notes": visit_form.notes_for(purpose), "soon_text": offered["soon_text"], "confirms": confirms,
                "full": full, "reports": visit_form.CHOSEN}

    if form != form.untouched():
        return {"first": Markup(render_template("visit/first.html", **words())),
                "rest": Markup(render_template("visit/rest.html", **words()))}
    return {"first": shell.piece(("log first", *first), "visit/first.html", words),
            "rest": shell.piece(("log rest", *rest), "visit/rest.html", words)}


def choices(customer: Any, task: Any, planned: dt.date | None, rule_day: dt.date | None,
            now: dt.datetime) -> dict[str, Any]:
    """What the fields of the form offer for this customer and task."""
    purpose, today = visit_form.purpose_of(task, customer), clock.local_day(now)
    return {
        "results": shell.piece(("results", purpose), "visit/results.html",
                               lambda: {"results": visit_form.results_for(purpose)}),
        "nexts": visit_form.next_chips(rule_day, planned, today),
        "today_text": today.isoformat(), "soon_text": (today + dt.timedelta(days=1)).isoformat(),
        "retry_results": [one.value for one in visit_form.VisitResult if not one.reached or one.value == "call_later"],
        "no_next": [one.value for one in visit_form.NO_NEXT], "asks_to_confirm": visit_form.asks_to_confirm(task),
        "may_confirm": access.may_change_seen(db.session, Customer, customer.id),
    }


class Promised(NamedTuple):
    """An open promise."""

    id: int
    what: str
    due_on: dt.date
    by_id: int | None

    @property
    def by(self) -> str | None:
        """The name of who promised."""
        return people.name_of(self.by_id)


def _promises(customer: Any) -> list[Promised]:
    return [Promised._make(row) for row in prepared.few(db.session, "open promises", lambda: sa.select(
        *(getattr(Promise, name) for name in Promised._fields)).where(
        Promise.customer_id == prepared.given("customer"), Promise.state == PromiseState.OPEN).order_by(
        Promise.due_on).limit(5), customer=customer.id)]


def _picker() -> str:
    """Whom was it about: a search, the tasks of today, the customers seen last."""
    text, now = request.args.get("q", ""), utcnow()
    tidy = search.tidied(text)
    found: list[Customer] = []
    if len(tidy) >= search.SHORTEST:
        found = list(db.session.scalars(search.customers(tidy).order_by(Customer.id.desc()).limit(MOST_PICKED)))
        access_log.searched("customer", tidy, len(found))
    me = access.current().user_id or 0
    lines, _done = due_rows.day_of(me, now)
    due = due_rows.owed(me, lines, 10, now)
    tasks = [row for row in due if row.customer is not None]
    return render_template("visit_pick.html", text=tidy, found=found, tasks=tasks, recent=menu.recent(),
                           shortest=search.SHORTEST, owed=sum(line.owed for line in lines))
