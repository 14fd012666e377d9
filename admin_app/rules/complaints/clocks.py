"""The clocks of a complaint (DOMAIN §3.2): how long the present step has, and whom a late one is reported to.

A step's clock runs from the step before it, in store hours (Store.opens to Store.closes); the re-callback's in
calendar days. Analysis and proposal share one clock. The limits are settings of the store; the defaults:
acknowledge 30 min · understand 2 h · propose 24 h · carry out 72 h · re-callback 3 days.
At 100 % the manager is told, at 200 % the general manager.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import selectinload

from admin_app import access
from admin_app.choices import ComplaintState, StepKind
from admin_app.clock import local_day, zone
from admin_app.models import Complaint, Store
from admin_app.rules import workdays
from admin_app.rules.clocks import DAY, GENERAL_MANAGER_TOLD, MANAGER_TOLD, Clock
from admin_app.rules.complaints import people
from admin_app.rules.complaints.log import hand_over, tell, write
from admin_app.rules.complaints.stations import OPEN

S = ComplaintState
LIMITS = {S.RECEIVED: "acknowledge_minutes", S.ACKNOWLEDGED: "understand_minutes", S.UNDERSTOOD: "propose_minutes",
          S.ANALYSED: "propose_minutes", S.PROPOSED: "finish_minutes"}

TOLD = {MANAGER_TOLD: _l("The time has run out: reported to the manager in charge."),
        GENERAL_MANAGER_TOLD: _l("More than twice the time has passed: reported to the general manager.")}


def clock(complaint: Complaint | Any, store: Store, now: dt.datetime) -> Clock | None:
    """The clock of the step that is owed now; None for a closed complaint.

    A complaint from an old ledger runs from the day it came into the desk.
    """
    if complaint.state == S.CLOSED:
        return None
    began = _began(complaint)
    if complaint.imported and complaint.created_at is not None:
        began = max(began, complaint.created_at)
    if complaint.state == S.FINISHED:
        passed = int((now - began).total_seconds() // 60)
        return Clock(began, max(1, store.recall_days) * DAY, max(0, passed), calendar=True)
    used = workdays.working_minutes_between(began, now, store) if now > began else 0
    return Clock(began, max(1, getattr(store, LIMITS[ComplaintState(complaint.state)])), int(used))


def _began(complaint: Any) -> dt.datetime:
    """When the step before the present one was done; in a later round the analysis runs from the re-callback."""
    if complaint.state == S.RECEIVED:
        return complaint.received_at
    if complaint.state == S.ACKNOWLEDGED:
        return complaint.acknowledged_at or complaint.received_at
    if complaint.state == S.PROPOSED:
        return complaint.proposed_at or complaint.received_at
    if complaint.state == S.FINISHED:
        return complaint.finished_at or complaint.received_at
    again = complaint.recalled_at if complaint.loops else None
    return again or complaint.understood_at or complaint.received_at


def due_at(complaint: Complaint, store: Store, now: dt.datetime) -> dt.datetime | None:
    """When the present step's clock runs out; None for a closed complaint."""
    running = clock(complaint, store, now)
    if running is None:
        return None
    if running.calendar:
        return running.started + dt.timedelta(minutes=running.limit)
    return workdays.add_working_minutes(running.started, running.limit, store)


def recall_due_on(store: Store, finished_at: dt.datetime) -> dt.date:
    """The last day of the re-callback: so many calendar days after the day of finishing."""
    return local_day(finished_at, zone()) + dt.timedelta(days=max(1, store.recall_days))


def escalate_due(session: Any, now: dt.datetime) -> int:
    """Report late complaints: to the manager in charge at 100 %, to the general manager at 200 %. Job.

    Running it again reports nothing twice. Returns how many reports were made.
    """
    made = 0
    with access.as_system(session, "late complaints"):
        rows = session.scalars(sa.select(Complaint).where(OPEN).order_by(Complaint.id)
                               .options(selectinload(Complaint.store)))
        for complaint in list(rows):
            made += _report(session, complaint, now)
    return made


def _report(session: Any, complaint: Complaint, now: dt.datetime) -> int:
    running = clock(complaint, complaint.store, now)
    wanted = 0 if running is None else running.level
    if running is None or wanted <= (complaint.escalated_to or 0):
        return 0
    complaint.escalated_to = wanted
    if complaint.owner_id is None:
        hand_over(session, complaint, people.in_charge(session, complaint), now)
    write(session, complaint, StepKind.ESCALATE, None, now, str(TOLD[wanted]))
    told = {complaint.owner_id}
    if wanted == GENERAL_MANAGER_TOLD:
        told |= set(people.holders(session, complaint.store_id, people.GENERAL_MANAGER))
    for person in sorted(one for one in told if one is not None):
        tell(session, complaint, person, _l("Complaint running late: %(number)s", number=complaint.number),
             f"late{wanted}", now)
    return 1
