"""What a morning digest and an evening note say (DOMAIN §3.1): a person's own work, a manager's people.

Everything is read through the gate as the person who gets it. A customer is a name and a masked phone; no text that
somebody has typed leaves the house, since it may hold anything. A group robot is told figures and shortened names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from admin_app import clock
from admin_app.choices import ComplaintState, Confidentiality, FollowUpState, Purpose
from admin_app.masking import masked
from admin_app.models import Complaint, Customer, FollowUp, Promise, Store, User
from admin_app.rules import followups, today
from admin_app.rules.complaints import clock as complaint_clock
from admin_app.rules.complaints.stations import OPEN

MOST_LINES = 10  # of a section; the rest is a number and a link (default)


@dataclass(frozen=True)
class Line:
    """One line of a section: what it says and the page it leads to ("" for none)."""

    text: str
    link: str = ""


@dataclass(frozen=True)
class Section:
    """A heading with its exact number, the first lines, and the page with all of them. late: it comes in red."""

    heading: str
    number: int
    lines: tuple[Line, ...]
    link: str
    late: bool = False


@dataclass(frozen=True)
class Share:
    """One person's day: done, left for today, overdue."""

    name: str
    done: int
    left: int
    overdue: int


# ---------------------------------------------------------------- a person's morning


def morning(session: Any, user_id: int, now: dt.datetime) -> list[Section]:
    """What a person owes today, in the language that is spoken; empty sections are left out. The person acts."""
    day = clock.local_day(now)
    due = "/admin/followups/?owner=me&due="
    calls = FollowUp.purpose == Purpose.COMPLAINT
    found = [
        _tasks(session, _("Overdue"), user_id, "overdue", sa.not_(calls), due + "overdue", now, late=True),
        _tasks(session, _("Due today"), user_id, "today", sa.not_(calls), due + "today", now),
        _tasks(session, _("Re-callbacks that wait"), user_id, "all", calls, due + "all", now),
        _promises(session, user_id, day),
        _birthdays(session, user_id, day),
    ]
    return [section for section in found if section.number]


def _who(name: str, phone: str | None) -> str:
    return f"{name} {masked('phone', phone)}".strip()


def _tasks(session: Any, heading: str, user_id: int, due: str, only: Any, link: str, now: dt.datetime,
           late: bool = False) -> Section:
    wanted = followups.due_query(now, due=due, assignee_ids=[user_id]).join(
        Customer, Customer.id == FollowUp.customer_id).where(only)
    number = session.scalar(wanted.with_only_columns(sa.func.count(FollowUp.id)))
    rows = session.execute(followups.order(wanted).with_only_columns(
        FollowUp.id, FollowUp.purpose, FollowUp.due_on, Customer.name, Customer.phone).limit(
        MOST_LINES)) if number else ()
    lines = tuple(Line(_("%(who)s · %(what)s · %(day)s", who=_who(row.name, row.phone),
                         what=str(getattr(row.purpose, "label", row.purpose)), day=row.due_on.isoformat()),
                       f"/admin/followup/details/?id={row.id}") for row in rows)
    return Section(heading, number, lines, link, late)


def _promises(session: Any, user_id: int, day: dt.date) -> Section:
    wanted = today.broken_promises(day, [user_id]).join(Customer, Customer.id == Promise.customer_id)
    number = session.scalar(wanted.with_only_columns(sa.func.count(Promise.id)))
    rows = session.execute(wanted.with_only_columns(
        Promise.due_on, Customer.id, Customer.name, Customer.phone).order_by(Promise.due_on, Promise.id).limit(
        MOST_LINES)) if number else ()
    lines = tuple(Line(_("%(who)s · promised for %(day)s", who=_who(row.name, row.phone), day=row.due_on.isoformat()),
                       _file(row.id)) for row in rows)
    return Section(_("Promises not kept"), number, lines, "/admin/", late=True)


def _birthdays(session: Any, user_id: int, day: dt.date) -> Section:
    wanted = today.birthdays(day, [user_id])
    number = session.scalar(wanted.with_only_columns(sa.func.count(Customer.id)))
    rows = session.execute(wanted.with_only_columns(Customer.id, Customer.name, Customer.phone).order_by(
        Customer.id).limit(MOST_LINES)) if number else ()
    return Section(_("Birthdays today"), number,
                   tuple(Line(_who(row.name, row.phone), _file(row.id)) for row in rows), "/admin/")


def _file(customer_id: int) -> str:
    return f"/admin/customer/details/?id={customer_id}"


# ---------------------------------------------------------------- a manager's evening


def evening(session: Any, people: Collection[int] | None, now: dt.datetime) -> tuple[list[Share], Section]:
    """(the day of each of these people, complaints running late), as far as whoever acts sees them.

    people None: everybody. Whoever has done nothing and owes nothing is left out.
    """
    return shares(session, people, now), late_complaints(session, now)


def shares(session: Any, people: Collection[int] | None, now: dt.datetime, store_id: int | None = None) -> list[Share]:
    """Done, left and overdue by person, those with most overdue first; `store_id`: tasks of that store alone."""
    day = clock.local_day(now)
    begins, ends = clock.day_bounds(day)
    here = FollowUp.store_id == store_id if store_id is not None else sa.true()
    done = dict(session.execute(sa.select(FollowUp.assignee_id, sa.func.count(FollowUp.id)).where(
        here, FollowUp.state == FollowUpState.DONE, FollowUp.closed_at >= begins, FollowUp.closed_at < ends).group_by(
        FollowUp.assignee_id)).all())
    parts = [sa.func.sum(sa.case((part, 1), else_=0)) for part in (FollowUp.due_on == day, FollowUp.due_on < day)]
    owed = {person: (left, late) for person, left, late in session.execute(
        followups.due_query(now, due="all", assignee_ids=None).where(here, FollowUp.due_on <= day).with_only_columns(
            FollowUp.assignee_id, *parts).group_by(FollowUp.assignee_id))}
    wanted = {key for key in (*done, *owed) if key is not None and (people is None or key in people)}
    names = dict(session.execute(sa.select(User.id, User.name).where(User.id.in_(wanted))).all()) if wanted else {}
    found = [Share(name, done.get(key, 0), *owed.get(key, (0, 0))) for key, name in names.items()]
    return sorted(found, key=lambda one: (-one.overdue, -one.left, one.name))


def late_complaints(session: Any, now: dt.datetime, store_id: int | None = None, short: bool = False) -> Section:
    """The complaints whose present step is late. short: names cut down, hidden customers left out, for a group."""
    wanted = sa.select(Complaint, Store, Customer.name, Customer.phone, Customer.confidentiality).join(
        Store, Store.id == Complaint.store_id).join(Customer, Customer.id == Complaint.customer_id).where(
        OPEN).order_by(Complaint.received_at, Complaint.id)
    if store_id is not None:
        wanted = wanted.where(Complaint.store_id == store_id)
    lines: list[Line] = []
    number = 0
    for complaint, store, name, phone, confidentiality in session.execute(wanted):
        running = complaint_clock(complaint, store, now)
        if running is None or running.share < 1:
            continue
        number += 1
        hidden = short and confidentiality != Confidentiality.NORMAL
        who = "" if hidden else shortened(name) if short else _who(name, phone)
        state = str(ComplaintState(complaint.state).label)
        if len(lines) < MOST_LINES:
            lines.append(Line(" · ".join(part for part in (complaint.number, who, state) if part),
                              f"/admin/complaint/details/?id={complaint.id}"))
    return Section(_("Complaints running late"), number, tuple(lines), "/admin/complaint/board/", late=True)


def shortened(name: str) -> str:
    """A name for a group: its first character, the rest as stars."""
    return name[:1] + "*" * max(1, min(2, len(name) - 1))
