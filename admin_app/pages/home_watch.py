"""What deserves an eye beside the tasks: complaints with their clocks, broken promises, birthdays."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.orm import selectinload

from admin_app import access, clock
from admin_app.choices import BirthdayCalendar, ComplaintState
from admin_app.database import db
from admin_app.desk.filters import list_address
from admin_app.models import Complaint, Customer, Promise, Role, Visit
from admin_app.pages import figures
from admin_app.rules.complaints import clock as complaint_clock
from admin_app.rules.complaints.clocks import Clock

MOST = 5
MOST_CLOCKED = 200  # open complaints whose clocks are compared
AREA = {"sales_manager": "sales", "service_manager": "service"}


@dataclass
class Watch:
    """One section of the rail."""

    title: str
    icon: str
    number: int
    href: str
    rows: list[Any] = field(default_factory=list)
    kind: str = ""


@dataclass(frozen=True)
class Clocked:
    """A complaint and its running clock."""

    complaint: Complaint
    clock: Clock | None

    @property
    def share(self) -> float:
        return self.clock.share if self.clock else 0.0


def of(role: Role, customer_people: list[int] | None, promise_people: list[int] | None,
       now: dt.datetime) -> list[Watch]:
    """The sections that hold something: re-callbacks, broken promises, birthdays."""
    found: list[Watch | None] = []
    if role.code in ("care_specialist", "care_manager", "general_manager") and access.can("complaint"):
        waiting = clocked([Complaint.state == ComplaintState.FINISHED], now)
        found.append(Watch(_("Waiting for re-callback"), "refresh", len(waiting),
                           list_address("complaint", ("state", "equals", "finished")), waiting[:MOST], "recall"))
    found += [_broken(promise_people, now), _birthdays(customer_people, now)]
    return [one for one in found if one is not None and one.number]


def _broken(people: list[int] | None, now: dt.datetime) -> Watch | None:
    figure = figures.asked("broken", people, now)
    if figure is None or not figure.number:
        return None
    select = figures.ASKS["broken"].select(people, now).order_by(Promise.due_on).limit(MOST).options(
        selectinload(Promise.customer), selectinload(Promise.by))
    return Watch(str(figure.label), "seal", figure.number, figure.href, list(db.session.scalars(select)), "broken")


def _birthdays(people: list[int] | None, now: dt.datetime) -> Watch | None:
    figure = figures.asked("birthdays", people, now)
    if figure is None or not figure.number:
        return None
    found = list(db.session.scalars(figures.ASKS["birthdays"].select(people, now).order_by(
        Customer.tier, Customer.id).limit(MOST)))
    begins, _ends = clock.day_bounds(clock.local_day(now))
    greeted = set(db.session.scalars(sa.select(Visit.customer_id).where(
        Visit.customer_id.in_([one.id for one in found]), Visit.at >= begins)))
    rows = [(one, one.id in greeted, one.birthday_calendar == BirthdayCalendar.LUNAR) for one in found]
    return Watch(str(figure.label), "cake", figure.number, figure.href, rows, "birthday")


def complaints(role: Role, now: dt.datetime) -> Watch | None:
    """The open complaints of the manager's area, the least time left first; None without the right to read them."""
    if not access.can("complaint"):
        return None
    area = AREA.get(role.code)
    wanted: list[Any] = [Complaint.state != ComplaintState.CLOSED]
    filters: list[Any] = list(figures.OPEN_COMPLAINT)
    if area:
        wanted.append(Complaint.area == area)
        filters = [("area", "equals", area), *filters]
    title = {"sales": _("Sales complaints, by time left"), "service": _("Service complaints, by time left")}.get(
        area or "", _("Complaints, by time left"))
    found = clocked(wanted, now)
    number = figures.counted(sa.select(Complaint).where(*wanted))
    return Watch(title, "clock", number, list_address("complaint", *filters), found[:6], "complaint")


def clocked(wanted: list[Any], now: dt.datetime) -> list[Clocked]:
    """Complaints with their clocks, the one that has used most of its time first."""
    rows = db.session.scalars(sa.select(Complaint).where(*wanted).order_by(Complaint.id.desc()).limit(MOST_CLOCKED)
                              .options(selectinload(Complaint.customer), selectinload(Complaint.owner),
                                       selectinload(Complaint.store)))
    found = [Clocked(row, complaint_clock(row, row.store, now)) for row in rows]
    return sorted(found, key=lambda one: -one.share)
