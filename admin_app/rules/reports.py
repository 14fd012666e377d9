"""The report of a visit: what it must say, and what follows from it (DOMAIN §2 Visit): a major objection goes to the
manager as a task, a change of credit with its cause moves the customer's credit level."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import clock
from admin_app.choices import Channel, Confidentiality, FollowUpState, ObjectionWeight, Purpose, VisitState
from admin_app.errors import RuleError
from admin_app.models import Customer, FollowUp, Visit
from admin_app.rules.changes import changed
from admin_app.rules.followups import refresh_customers
from admin_app.rules.followups.staff import Staff


def prepare(visit: Visit) -> None:
    """Check a report. RuleError at the field: an answer without an objection, a new credit level without a cause."""
    said = visit.objection_weight or visit.objection_answer
    if said and not visit.objection and changed(visit, "objection", "objection_weight", "objection_answer"):
        raise RuleError(_l("Say what the objection was."), "objection")
    if visit.credit_to and not visit.credit_change and changed(visit, "credit_to", "credit_change"):
        raise RuleError(_l("Say why the credit has changed."), "credit_change")
    visit.credit_moves = bool(visit.credit_to) and changed(visit, "credit_to", "state")


def settle(session: Any, visit: Visit, now: dt.datetime) -> None:
    """What follows from a report that was saved. The session acts as system."""
    moves = visit.__dict__.pop("credit_moves", False)
    if visit.state != VisitState.DONE:
        return
    customer = session.get(Customer, visit.customer_id) if moves or visit.objection_weight else None
    if customer is None:
        return
    if moves:
        _move_credit(session, visit, customer)
    if visit.objection_weight == ObjectionWeight.MAJOR:
        _tell_manager(session, visit, customer, now)


def _move_credit(session: Any, visit: Visit, customer: Customer) -> None:
    """The customer's level is what the latest report says."""
    later = session.scalars(sa.select(Visit.id).where(
        Visit.customer_id == customer.id, Visit.credit_to.is_not(None), Visit.state == VisitState.DONE,
        Visit.at > visit.at, Visit.id != visit.id).limit(1)).first()
    if later is None:
        customer.credit = visit.credit_to


def _tell_manager(session: Any, visit: Visit, customer: Customer, now: dt.datetime) -> None:
    key = f"objection:visit:{visit.id}"
    if session.scalars(sa.select(FollowUp.id).where(FollowUp.occurrence == key)).first() is not None:
        return
    today = clock.local_day(now)
    session.add(FollowUp(
        store_id=visit.store_id, customer_id=customer.id, reason=f"重大异议：{visit.objection}"[:120],  # stored
        assignee_id=manager_of(session, visit, customer), due_on=today, first_due_on=today, due_at=now,
        channel=Channel.PHONE, purpose=Purpose.COMPLAINT, state=FollowUpState.OPEN, vehicle_id=visit.vehicle_id,
        source_table="visit", source_id=visit.id, occurrence=key))
    session.flush()
    refresh_customers(session, {customer.id})


def manager_of(session: Any, visit: Visit, customer: Customer) -> int | None:
    """Who answers for a report: the manager of whoever wrote it, else the general manager. A restricted or secret
    customer's report goes to the general manager alone. None where the store has nobody."""
    staff = Staff.of(session, visit.store_id)
    nearest = staff.manager_of.get(visit.staff_id or 0) if customer.confidentiality == Confidentiality.NORMAL else None
    chain = [nearest, *staff.by_role.get("general_manager", [])]
    return next((one for one in chain if one != visit.staff_id and staff.is_active(one)), None)
