"""A contact with a customer: what its report must say, and what follows from it (DOMAIN §2 Visit, §3.1)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm.util import identity_key

from admin_app import access, clock
from admin_app.choices import Channel, ComplaintState, Purpose, Trigger, VisitState
from admin_app.errors import RuleError
from admin_app.models import Complaint, Customer, FollowUp, Vehicle, Visit
from admin_app.rules import followups, reports
from admin_app.rules.changes import changed, is_new, store_of
from admin_app.rules.followups.tasks import effective

EARLY = dt.timedelta(minutes=10)  # how far a clock may go ahead of the server's
RECENT = dt.timedelta(days=2)  # an older visit is history: a bad date in it is left out, not refused

Notices = list[tuple[str, Any]]


def prepare(session: Any, visit: Visit, now: dt.datetime) -> Notices:
    """Fill in and check a visit. Raises RuleError at the field. Returns notices on what was left blank."""
    if visit.customer_id is None:
        raise RuleError(_l("Choose a customer."), "customer_id")
    visit.at = visit.at or now
    visit.state = visit.state or VisitState.DONE
    visit.channel = visit.channel or Channel.PHONE
    if is_new(visit) and visit.staff_id is None and visit.staff_text is None:
        actor = access.actor_of(session)
        visit.staff_id = actor.user_id if actor is not None else None
    if visit.state == VisitState.DONE and visit.at > now + EARLY and changed(visit, "at", "state"):
        raise RuleError(_l("A contact that lies ahead is planned, not done."), "at")
    if visit.satisfaction is not None and not 1 <= visit.satisfaction <= 5:
        raise RuleError(_l("Between 1 and 5."), "satisfaction")
    if visit.guidance_minutes is not None and not 0 <= visit.guidance_minutes <= 1440:
        raise RuleError(_l("Between 0 and 1440 minutes."), "guidance_minutes")
    reports.prepare(visit)
    notices = _next_day(visit, now)
    with session.no_autoflush:
        _check_customer(session, visit)
        _check_task(session, visit)
    visit.fresh = is_new(visit) or changed(visit, "state", "result")
    return notices


def _next_day(visit: Visit, now: dt.datetime) -> Notices:
    day = clock.local_day(visit.at)
    if visit.next_on is None or visit.next_on >= day or not changed(visit, "next_on", "at"):
        return []
    if visit.at >= now - RECENT:
        raise RuleError(_l("The next contact lies before this one."), "next_on")
    visit.next_on = None
    return [("next_on", _l("The next contact lies before this one."))]


def _check_customer(session: Any, visit: Visit) -> None:
    if changed(visit, "customer_id"):
        store_id = store_of(session, Customer, visit.customer_id)
        if store_id is None:
            raise RuleError(_l("There is no such customer."), "customer_id")
        if store_id != visit.store_id:
            visit.store_id = store_id
    if visit.vehicle_id is not None and changed(visit, "vehicle_id"):
        keeper = session.scalars(access.ungated(
            sa.select(Vehicle.customer_id).where(Vehicle.id == visit.vehicle_id))).first()
        if keeper != visit.customer_id:
            raise RuleError(_l("This car belongs to another customer."), "vehicle_id")


def _check_task(session: Any, visit: Visit) -> None:
    if visit.followup_id is None or not changed(visit, "followup_id"):
        return
    task = _task(session, visit.followup_id)
    if task is None:
        raise RuleError(_l("There is no such task."), "followup_id")
    if task.customer_id != visit.customer_id:
        raise RuleError(_l("This task belongs to another customer."), "followup_id")
    if task.source_table == "complaint" and session.scalars(access.ungated(sa.select(Complaint.state).where(
            Complaint.id == task.source_id))).first() == ComplaintState.FINISHED:
        raise RuleError(_l("This is a re-callback: record its result on the complaint."))
    visit.purpose_kind = visit.purpose_kind or task.purpose


def _task(session: Any, number: int) -> Any:
    """A live task whoever may see it; the database is asked only where the session has not just read it."""
    known = session.identity_map.get(identity_key(FollowUp, number))
    if known is not None and {"customer_id", "deleted_at"} <= known.__dict__.keys():
        return known if known.deleted_at is None else None
    return session.execute(access.ungated(sa.select(
        FollowUp.customer_id, FollowUp.source_table, FollowUp.source_id, FollowUp.purpose).where(
        FollowUp.id == number, FollowUp.deleted_at.is_(None)))).first()


def settle(session: Any, visit: Visit, now: dt.datetime, created: bool) -> None:
    """Covered tasks are done, pointless ones void, the next contact is planned; a showroom visit is thanked for."""
    fresh = visit.__dict__.pop("fresh", created) or created
    followups.after_visit(session, visit, now, fresh)
    reports.settle(session, visit, now)
    in_store = visit.channel == Channel.STORE and visit.purpose_kind in (None, Purpose.SALES)
    if fresh and in_store and effective(visit):
        followups.on_event(session, Trigger.SHOWROOM, visit, now)
