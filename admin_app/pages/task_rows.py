"""Follow-ups as the home and the due list show them: who, why, since when, what was said last."""

from __future__ import annotations

import datetime as dt
from collections import namedtuple
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy.orm import aliased

from admin_app import access, clock, countdown, look, people, prepared
from admin_app.choices import Purpose, Trigger, VisitState
from admin_app.database import db
from admin_app.masking import masked
from admin_app.models import Customer, FollowUp, FollowUpRule, Vehicle, Visit
from admin_app.rules.clocks import Clock
from admin_app.rules.followups.blocking import MARKETING, Block, blocked_by
from admin_app.rules.leads import clocks as first_contacts
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


# What a line says of a task and of its customer.
TASK = ("id", "customer_id", "reason", "rule_id", "assignee_id", "due_on", "due_at", "channel", "purpose", "state",
        "script", "vehicle_id", "source_table", "source_id", "expires_on", "first_due_on", "snooze_count", "note",
        "allowed_at", "allowed_by_id", "allowed_reason", "created_at", "store_id")
CUSTOMER = ("id", "name", "phone", "grade", "tier", "stage", "store_id", "model_wish", "channel", "hours",
            "do_not_disturb", "marketing_withdrawn", "marketing_blocked_until")
Task = namedtuple("Task", (*TASK, "rule_name", "trigger", "unit", "offset", "car"))  # type: ignore[misc]
Person = namedtuple("Person", CUSTOMER)  # type: ignore[misc]


class Last(NamedTuple):
    """The newest contact of a customer."""

    id: int
    customer_id: int
    at: dt.datetime
    channel: Any
    result: Any
    summary: str | None
    content: str | None
    staff_id: int | None

    @property
    def staff(self) -> str | None:
        """The name of who made it."""
        return people.name_of(self.staff_id)


@dataclass(frozen=True)
class TaskRow:
    """One line of a queue. `customer` is None where the person may not see the file. What is said of it is worked out
    when it is asked for: a list that has a line already asks for little."""

    task: Any
    customer: Any
    last: Last | None
    now: dt.datetime

    @cached_property
    def told(self) -> tuple[str, str, int]:
        """due_words() of the task."""
        return due_words(self.task, self.now)

    @property
    def due(self) -> str:
        return self.told[0]

    @property
    def tone(self) -> str:
        return self.told[1]

    @property
    def late(self) -> int:
        """How late, in whole days."""
        return self.told[2]

    @property
    def icon(self) -> str:
        return icon_of(self.task)

    @property
    def car(self) -> str:
        """The car, else the one that is asked about."""
        if not self.task.car and self.customer and self.customer.model_wish:
            return _("asks about %(model)s", model=self.customer.model_wish)
        return self.task.car or ""

    @property
    def phone(self) -> str:
        """The number, masked."""
        return masked("phone", self.customer.phone) if self.customer else ""

    @property
    def group(self) -> str:
        return _group(self.task, self.now, self.late)

    @property
    def clock(self) -> str:
        return clock_words(self.task, self.due, self.tone, self.now)

    @cached_property
    def block(self) -> Block | None:
        """Why the contact may not be made now; None where it may."""
        purpose = Purpose(self.task.purpose)
        if self.customer is None or purpose not in MARKETING:
            return None
        return blocked_by(self.customer, purpose, self.now, people.store_of(self.customer.store_id), self.task)

    @property
    def moves(self) -> bool:
        """Whether what is said of it changes with the hour; else it stays the same all day."""
        task, last = self.task, self.last
        return (task.trigger == Trigger.NEW_LEAD or (task.due_on >= clock.local_day(self.now) and _timed(task))
                or (last is not None and last.at > self.now - SOON))

    @property
    def name(self) -> str:
        return self.customer.name if self.customer else _("Customer out of your view")

    @property
    def assignee(self) -> str | None:
        """The name of whose task it is."""
        return people.name_of(self.task.assignee_id)

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


# Of what a line shows, the newest contact is reached by the customer's key alone; a car that was brought in for repair
# may be somebody else's.
BESIDE = frozenset({"visit"})


def with_all(statement: Any) -> Any:
    """A select of tasks as one of plain values: the task with its rule and its car or else the customer's newest one,
    its customer, and the newest contact with him, each as far as the gate shows it."""
    car = sa.select(Vehicle.model).where(sa.or_(
        Vehicle.customer_id == FollowUp.customer_id, Vehicle.id == FollowUp.vehicle_id)).order_by(
        sa.case((Vehicle.id == FollowUp.vehicle_id, 0), else_=1), Vehicle.id.desc()).limit(1).correlate(
        FollowUp).scalar_subquery()
    return with_last(statement.with_only_columns(
        *(getattr(FollowUp, name) for name in TASK), FollowUpRule.name, FollowUpRule.trigger, FollowUpRule.unit,
        FollowUpRule.offset, car,
        *(getattr(Customer, name) for name in CUSTOMER))
        .join_from(FollowUp, FollowUpRule, FollowUpRule.id == FollowUp.rule_id, isouter=True)
        .join_from(FollowUp, Customer, Customer.id == FollowUp.customer_id, isouter=True))


def with_last(statement: Any) -> Any:
    """A select of customers with the columns of the newest contact with each (Last) behind its own."""
    newest = aliased(Visit)
    last = sa.select(newest.id).where(newest.customer_id == Customer.id, newest.state == VisitState.DONE).order_by(
        newest.at.desc(), newest.id.desc()).limit(1).correlate(Customer).scalar_subquery()
    return statement.add_columns(*(getattr(Visit, name) for name in Last._fields)).join_from(
        Customer, Visit, Visit.id == last, isouter=True)


def last_of(row: Any) -> Last | None:
    """The newest contact in a row of with_last(); None where there was none."""
    told = row[-len(Last._fields):]
    return Last._make(told) if told[0] is not None else None


def rows_of(key: Hashable, build: Callable[[], Any], now: dt.datetime, beside: frozenset[str] = BESIDE, /,
            **values: Any) -> list[TaskRow]:
    """The rows of a due query, with what a line needs, in one statement. `key` as in prepared.rows."""
    return [TaskRow(Task._make(row[:_WIDE]), Person._make(row[_WIDE:_WIDER]) if row[_WIDE] is not None else None,
                    last_of(row), now)
            for row in prepared.few_beside(db.session, beside, ("tasks", key), lambda: with_all(build()), **values)]


_WIDE = len(Task._fields)
_WIDER = _WIDE + len(Person._fields)


def rows_with(ids: Collection[int], now: dt.datetime) -> list[TaskRow]:
    """The rows of some tasks by their keys, oldest first."""
    size, keys = prepared.many("task", ids)
    return rows_of(("with", size), lambda: sa.select(FollowUp).where(
        prepared.one_of(FollowUp.id, "task", size)).order_by(FollowUp.id), now, **keys)


def task(number: int) -> Any:
    """One task with its rule and car; None where the person may not see it."""
    found = prepared.few_beside(db.session, BESIDE, "task", lambda: with_all(
        sa.select(FollowUp).where(FollowUp.id == prepared.given("task"))), task=number)
    return Task._make(found[0][:_WIDE]) if found else None


def log_address(task: Any) -> str:
    """Where a task is settled: its quick log; a re-callback on its complaint."""
    if task.source_table == "complaint":
        return f"/admin/complaint/details/?id={task.source_id}"
    return f"/admin/visit/log/?customer={task.customer_id}&followup={task.id}"


def icon_of(task: Any) -> str:
    """The icon of a task's reason."""
    trigger = Trigger.find(task.trigger)
    if trigger in TRIGGER_ICONS:
        return TRIGGER_ICONS[trigger]
    return PURPOSE_ICONS.get(Purpose(task.purpose), "clock")


def _timed(task: Any) -> bool:
    """Whether the hour of the day matters for this task."""
    return clock.local(task.due_at).time() != WHOLE_DAY


def _group(task: Any, now: dt.datetime, late: int) -> str:
    if late:
        return "overdue"
    if task.due_on > clock.local_day(now):
        return "later"
    return "now" if _timed(task) and task.due_at <= now + SOON else "today"


def due_words(task: Any, now: dt.datetime) -> tuple[str, str, int]:
    """(words, tone, whole days late) of a task's due time; a first contact tells its clock, unless it was put off."""
    day, late = task.due_on, (clock.local_day(now) - task.due_on).days
    running = first_contact(task, now)
    if running is not None and (late >= 0 or day == task.first_due_on):
        return countdown.left(running), running.tone, late
    if late > 0:
        return ngettext("%(num)d day late", "%(num)d days late", late), "late", late
    if late == 0 and _timed(task):
        if task.due_at < now:
            return _late_by(now - task.due_at), "late", 0
        return clock.local(task.due_at).strftime("%H:%M"), "soon" if task.due_at <= now + SOON else "", 0
    if late == 0:
        return _("today"), "", 0
    if late == -1:
        return _("tomorrow"), "", 0
    if late > -7:
        return f"{day:%m-%d} {weekday(day)}", "", 0
    return day.isoformat() if day.year != clock.local_day(now).year else f"{day:%m-%d}", "", 0


def first_contact(task: Any, now: dt.datetime) -> Clock | None:
    """The clock of a task that is a lead's first contact; None for other tasks."""
    if task.trigger != Trigger.NEW_LEAD:
        return None
    return first_contacts.clock(task.created_at, task.unit, task.offset, people.store_of(task.store_id), now)


def _late_by(time: dt.timedelta) -> str:
    minutes = max(1, int(time.total_seconds() // 60))
    if minutes < 60:
        return ngettext("%(num)d minute late", "%(num)d minutes late", minutes)
    return ngettext("%(num)d hour late", "%(num)d hours late", minutes // 60)


def clock_words(task: Any, words: str, tone: str, now: dt.datetime) -> str:
    """When a task is due, in a sentence: with what is left where that is less than an hour."""
    if tone == "late" or first_contact(task, now) is not None:
        return words
    if tone == "soon":
        left = max(1, int((task.due_at - now).total_seconds() // 60))
        return ngettext("due %(time)s · one minute left", "due %(time)s · %(num)d minutes left", left, time=words)
    return _("due %(day)s", day=words)
