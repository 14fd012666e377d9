"""What deserves an eye beside the tasks: complaints with their clocks, broken promises, birthdays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask_babel import gettext as _

from admin_app import access, clock, fresh, people, prepared
from admin_app.choices import BirthdayCalendar, ComplaintState
from admin_app.database import db
from admin_app.desk.filters import list_address
from admin_app.models import Complaint, Customer, FollowUp, Promise, Visit
from admin_app.pages import figures, task_rows
from admin_app.rules.clocks import Clock
from admin_app.rules.complaints import clock as complaint_clock
from admin_app.rules.complaints.stations import OPEN
from admin_app.rules.leads import clocks as lead_clocks

MOST = 5
RARELY = 300  # seconds that birthdays may be behind what others change in the files
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


class Case(NamedTuple):
    """An open complaint as the rail shows it; `customer` is None where the person may not see the file."""

    id: int
    store_id: int
    number: str
    text: str
    level: Any
    state: Any
    owner_id: int | None
    created_at: dt.datetime
    imported: bool
    loops: int
    received_at: dt.datetime
    acknowledged_at: dt.datetime | None
    understood_at: dt.datetime | None
    proposed_at: dt.datetime | None
    finished_at: dt.datetime | None
    recalled_at: dt.datetime | None
    customer: str | None

    @property
    def owner(self) -> str | None:
        """The name of who is in charge."""
        return people.name_of(self.owner_id)


@dataclass(frozen=True)
class Clocked:
    """A complaint and its running clock."""

    complaint: Case
    clock: Clock | None

    @property
    def share(self) -> float:
        return self.clock.share if self.clock else 0.0


class Broken(NamedTuple):
    """A promise that was not kept."""

    id: int
    customer_id: int
    what: str
    due_on: dt.date
    by_id: int | None
    customer: str | None

    @property
    def by(self) -> str | None:
        """The name of who promised."""
        return people.name_of(self.by_id)


class Birthday(NamedTuple):
    """A customer whose birthday is kept today."""

    id: int
    name: str
    tier: Any
    birthday_calendar: Any
    greeted: bool

    @property
    def lunar(self) -> bool:
        return bool(self.birthday_calendar == BirthdayCalendar.LUNAR)


def of(role: Any, customer_people: list[int] | None, promise_people: list[int] | None,
       now: dt.datetime) -> list[Watch]:
    """The sections that hold something: re-callbacks, broken promises, birthdays."""
    found: list[Watch | None] = []
    if role.code in ("care_specialist", "care_manager", "general_manager") and access.can("complaint"):
        waiting, number = clocked("finished", lambda: [Complaint.state == ComplaintState.FINISHED], now)
        found.append(Watch(_("Waiting for re-callback"), "refresh", min(number, MOST_CLOCKED),
                           list_address("complaint", ("state", "equals", "finished")), waiting[:MOST], "recall"))
    found += [_broken(promise_people, now), _birthdays(customer_people, now)]
    return [one for one in found if one is not None and one.number]


def _rows(show: str, whose: list[int] | None, now: dt.datetime, build: Callable[[Any], Any]) -> list[Any]:
    """The first rows behind a question of figures.ASKS; the last column of each is how many there are."""
    ask, today = figures.ASKS[show], clock.local_day(now)
    return prepared.few(db.session, ("watch", show, figures.whose(whose), today),
                         lambda: build(ask.select(whose, now))) if access.can(ask.table) else []


def _broken(whose: list[int] | None, now: dt.datetime) -> Watch | None:
    def build(statement: Any) -> Any:
        columns = [getattr(Promise, name) for name in Broken._fields[:-1]]
        return statement.with_only_columns(*columns, Customer.name, _how_many()).join_from(
            Promise, Customer, Customer.id == Promise.customer_id, isouter=True).order_by(Promise.due_on).limit(MOST)

    def make() -> list[Any]:
        return _rows("broken", whose, now, build)

    # a team's are looked up through the gate one by one, so not every time
    rows = make() if whose is not None else fresh.kept(("broken", access.standing(access.current())), make)
    return _watch("broken", "seal", whose, [(Broken._make(row[:-1]), row[-1]) for row in rows])


def _birthdays(whose: list[int] | None, now: dt.datetime) -> Watch | None:
    def build(statement: Any) -> Any:
        return statement.with_only_columns(
            Customer.id, Customer.name, Customer.tier, Customer.birthday_calendar, _how_many()).order_by(
            Customer.tier, Customer.id).limit(MOST)

    # no index finds birthdays by their day: every customer of the scope is looked at, so it is not done every time
    rows = fresh.kept(("birthdays", figures.whose(whose), access.standing(access.current())),
                      lambda: _rows("birthdays", whose, now, build), RARELY)
    greeted = _greeted([row.id for row in rows], now)
    return _watch("birthdays", "cake", whose, [
        (Birthday._make([*row[:-1], row.id in greeted]), row[-1]) for row in rows])


def _greeted(ids: list[int], now: dt.datetime) -> set[int]:
    """Which of these customers were contacted today."""
    if not ids:
        return set()
    begins, _ends = clock.day_bounds(clock.local_day(now))
    size, keys = prepared.many("customer", ids)
    return {row.customer_id for row in prepared.few(db.session, ("greeted", size), lambda: sa.select(
        Visit.customer_id).where(prepared.one_of(Visit.customer_id, "customer", size), Visit.at >= prepared.given(
            "begins", Visit.at.type)), begins=begins, **keys)}


def _how_many() -> Any:
    return sa.func.count().over()


def _watch(show: str, icon: str, whose: list[int] | None, found: list[tuple[Any, int]]) -> Watch | None:
    if not found:
        return None
    kind = {"birthdays": "birthday"}.get(show, show)
    return Watch(str(figures.ASKS[show].title), icon, found[0][1], figures.address_of(show, whose),
                 [row for row, _number in found], kind)


def late_leads(figure: figures.Figure, now: dt.datetime) -> Watch:
    """The first contacts behind a figure that was reported, the one that is late the longest first."""
    twice = "late_leads_twice" in figure.href
    rows = task_rows.rows_of(("late leads", twice), lambda: lead_clocks.late(2 if twice else 1).order_by(
        FollowUp.created_at, FollowUp.id).limit(MOST), now)
    return Watch(str(figure.label), "clock", figure.number, figure.href, rows, "lead")


def complaints(role: Any, now: dt.datetime) -> Watch | None:
    """The open complaints of the manager's area, the least time left first; None without the right to read them."""
    if not access.can("complaint"):
        return None
    area = AREA.get(role.code)
    filters: list[Any] = list(figures.OPEN_COMPLAINT)
    if area:
        filters = [("area", "equals", area), *filters]
    title = {"sales": _("Sales complaints, by time left"), "service": _("Service complaints, by time left")}.get(
        area or "", _("Complaints, by time left"))
    found, number = clocked(("open", area), lambda: [Complaint.area == area] if area else [], now)
    return Watch(title, "clock", number, list_address("complaint", *filters), found[:6], "complaint")


def clocked(key: Hashable, wanted: Callable[[], list[Any]], now: dt.datetime) -> tuple[list[Clocked], int]:
    """Open complaints with their clocks, the one that has used most of its time first; and how many there are."""
    columns = Case._fields[:-1]
    rows = prepared.few(db.session, ("clocked", key), lambda: sa.select(
        *(getattr(Complaint, name) for name in columns), Customer.name, _how_many()).join_from(
        Complaint, Customer, Customer.id == Complaint.customer_id, isouter=True).where(OPEN, *wanted()).order_by(
        Complaint.id.desc()).limit(MOST_CLOCKED).with_hint(
        Complaint, "INDEXED BY ix_complaint_open", "sqlite"))  # by itself it reads all that were ever closed
    found = [Clocked(row, complaint_clock(row, people.store_of(row.store_id), now))
             for row in (Case._make(row[:-1]) for row in rows)]
    return sorted(found, key=lambda one: -one.share), rows[0][-1] if rows else 0
