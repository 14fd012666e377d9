"""Follow-ups as the home and the due list show them: who, why, since when, what was said last."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import selectinload

from admin_app import access, clock, look
from admin_app.choices import Purpose, Trigger
from admin_app.database import db
from admin_app.masking import masked
from admin_app.models import Customer, FollowUp, Vehicle, Visit
from admin_app.words import weekday

SOON = dt.timedelta(minutes=60)  # how far ahead a due time counts as "now"
WHOLE_DAY = dt.time(9, 0)  # the hour that a task without a time of its own carries

TRIGGER_ICONS = {
    Trigger.NEW_LEAD: "tag", Trigger.SHOWROOM: "store", Trigger.DELIVERY: "steer", Trigger.REPAIR_CLOSED: "wrench",
    Trigger.COMPLAINT_FINISHED: "alert", Trigger.CAMPAIGN_INVITED: "horn", Trigger.CAMPAIGN_ATTENDED: "horn",
    Trigger.BIRTHDAY: "cake", Trigger.ANNIVERSARY: "gift", Trigger.FESTIVAL: "gift", Trigger.PROMISE_DUE: "seal",
    Trigger.FIRST_SERVICE: "wrench", Trigger.NEXT_SERVICE: "wrench", Trigger.INSURANCE: "shield",
    Trigger.WARRANTY: "shield", Trigger.INSPECTION: "shield", Trigger.NO_CONTACT: "heart", Trigger.CHURN: "flag",
    Trigger.TEST_DRIVE: "steer", Trigger.QUOTE: "tag", Trigger.LOST_SAMPLE: "flag",
}
PURPOSE_ICONS = {
    Purpose.SALES: "steer", Purpose.SERVICE: "wrench", Purpose.COMPLAINT: "alert", Purpose.DELIVERY: "steer",
    Purpose.PROMISE: "seal", Purpose.CARE: "heart", Purpose.CAMPAIGN: "horn", Purpose.GREETING: "gift",
}


def init_app(app: Any) -> None:
    """Offer `{{ value|masked("phone") }}` and `can(table, verb)` to the templates of the daily screens."""
    app.jinja_env.filters.setdefault("masked", lambda value, kind: masked(kind, value))
    app.jinja_env.globals.setdefault("can", access.can)


@dataclass(frozen=True)
class TaskRow:
    """One line of a queue. `customer` is None where the person may not see the file; `late` is in whole days."""

    task: FollowUp
    customer: Customer | None
    icon: str
    car: str
    phone: str
    last: Visit | None
    due: str
    tone: str
    late: int
    group: str

    @property
    def name(self) -> str:
        return self.customer.name if self.customer else _("Customer out of your view")

    @property
    def log_at(self) -> str:
        """Where this task is settled."""
        return log_address(self.task)

    @property
    def is_recall(self) -> bool:
        """Whether it is the re-callback of a complaint, which is recorded there."""
        return self.task.source_table == "complaint"

    @property
    def say(self) -> str:
        """What there is to know in one line: the last contact, else the wish, else nothing yet."""
        if self.last is not None and (self.last.summary or self.last.content):
            return " ".join(str(self.last.summary or self.last.content).split())[:160]
        if self.last is not None and self.last.result is not None:
            return look.label_of(self.last.result)
        return _("Not contacted yet")


def rows_of(statement: Any, now: dt.datetime) -> list[TaskRow]:
    """The rows of a due query, with what a line needs in a fixed number of queries."""
    options = (selectinload(FollowUp.customer), selectinload(FollowUp.rule), selectinload(FollowUp.vehicle),
               selectinload(FollowUp.assignee))
    tasks = list(db.session.scalars(statement.options(*options)).unique())
    ids = {task.customer_id for task in tasks}
    last, cars = last_visits(ids), cars_of(ids)
    return [_row(task, last.get(task.customer_id), cars.get(task.customer_id, ""), now) for task in tasks]


def _row(task: FollowUp, last: Visit | None, car: str, now: dt.datetime) -> TaskRow:
    customer = task.customer
    words, tone, late = due_words(task, now)
    wish = _("asks about %(model)s", model=customer.model_wish) if customer and customer.model_wish else ""
    return TaskRow(
        task=task, customer=customer, icon=icon_of(task), car=task.vehicle.model if task.vehicle else car or wish,
        phone=masked("phone", customer.phone) if customer else "", last=last, due=words, tone=tone, late=late,
        group=_group(task, now, late))


def log_address(task: FollowUp) -> str:
    """Where a task is settled: its quick log; a re-callback on its complaint."""
    if task.source_table == "complaint":
        return f"/admin/complaint/details/?id={task.source_id}"
    return f"/admin/visit/log/?customer={task.customer_id}&followup={task.id}"


def icon_of(task: FollowUp) -> str:
    """The icon of a task's reason."""
    trigger = Trigger.find(task.rule.trigger) if task.rule is not None else None
    if trigger in TRIGGER_ICONS:
        return TRIGGER_ICONS[trigger]
    return PURPOSE_ICONS.get(Purpose(task.purpose), "clock")


def _timed(task: FollowUp) -> bool:
    """Whether the hour of the day matters for this task."""
    return clock.local(task.due_at).time() != WHOLE_DAY


def _group(task: FollowUp, now: dt.datetime, late: int) -> str:
    if late:
        return "overdue"
    if task.due_on > clock.local_day(now):
        return "later"
    return "now" if _timed(task) and task.due_at <= now + SOON else "today"


def due_words(task: FollowUp, now: dt.datetime) -> tuple[str, str, int]:
    """(words, tone, whole days late) of a task's due time."""
    day, late = task.due_on, (clock.local_day(now) - task.due_on).days
    if late > 0:
        return ngettext("%(num)d day late", "%(num)d days late", late), "late", late
    if late == 0:
        words = clock.local(task.due_at).strftime("%H:%M") if _timed(task) else _("today")
        return words, "soon" if _timed(task) and task.due_at <= now + SOON else "", 0
    if late == -1:
        return _("tomorrow"), "", 0
    if late > -7:
        return f"{day:%m-%d} {weekday(day)}", "", 0
    return day.isoformat() if day.year != clock.local_day(now).year else f"{day:%m-%d}", "", 0


def last_visits(customer_ids: set[int]) -> dict[int, Visit]:
    """The newest contact of each of these customers, within what the person may see."""
    if not customer_ids:
        return {}
    newest = (sa.select(Visit.customer_id, sa.func.max(Visit.at).label("at"))
              .where(Visit.customer_id.in_(customer_ids), Visit.state == "done", Visit.deleted_at.is_(None))
              .group_by(Visit.customer_id).subquery())
    found = db.session.scalars(sa.select(Visit).join(
        newest, sa.and_(Visit.customer_id == newest.c.customer_id, Visit.at == newest.c.at)).order_by(Visit.id))
    return {visit.customer_id: visit for visit in found}


def cars_of(customer_ids: set[int]) -> dict[int, str]:
    """The model of the newest car of each of these customers."""
    if not customer_ids:
        return {}
    pairs = db.session.execute(sa.select(Vehicle.customer_id, Vehicle.model).where(
        Vehicle.customer_id.in_(customer_ids)).order_by(Vehicle.id))
    return {customer_id: model for customer_id, model in pairs if customer_id is not None}
