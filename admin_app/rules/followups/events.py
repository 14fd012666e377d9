"""Tasks that an event makes at once, in the event's own transaction.

The row of each event: CONTACT and SHOWROOM a Visit, NEW_LEAD a Customer, DELIVERY a Vehicle, REPAIR_CLOSED a
RepairOrder, COMPLAINT_FINISHED a Complaint, the CAMPAIGN_… ones a CampaignMember, PROMISE_DUE a Promise.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from admin_app import access, clock
from admin_app.choices import PromiseState, Trigger
from admin_app.models import Campaign, Customer, FollowUp, FollowUpRule, Store
from admin_app.rules.followups import making, rules
from admin_app.rules.followups.staff import Staff


def on_event(session: Any, trigger: Trigger, row: Any, now: dt.datetime) -> list[FollowUp]:
    """Make the tasks of an event. Returns those that are new; the same event again makes none.

    An event that lies back so far that its task would have been due more than CATCH_UP days ago is history and
    makes none; one that is due earlier than today is due today, since nobody could know.
    """
    session.flush()
    with access.as_system(session, f"rule: {trigger.value}"):
        customer = _customer(session, trigger, row)
        if customer is None or customer.deleted_at is not None:
            return []
        fitting = [rule for rule in rules.enabled(session, trigger) if rules.holds(rule.condition, customer)]
        return make(session, fitting, customer, row, now, *_facts(session, trigger, row, now)) if fitting else []


def make(session: Any, fitting: list[FollowUpRule], customer: Customer, row: Any, now: dt.datetime,
         base: dt.date | dt.datetime | None, mark: str, more: dict[str, Any]) -> list[FollowUp]:
    """The tasks of these rules for a record whose event was at `base` (None: it has none)."""
    if base is None:
        return []
    store, staff = session.get(Store, customer.store_id), Staff.of(session, customer.store_id)
    case = making.case_of(customer, base, row, mark, **more)
    tasks = [making.values(rule, case, store, staff, now) for rule in fitting]
    today = clock.local_day(now)
    recent = [task for task in tasks if task and task["due_on"] >= today - dt.timedelta(days=rules.CATCH_UP)]
    made = making.insert(session, [
        making.moved_to(task, today) if task["due_on"] < today else task for task in recent])
    return making.loaded(session, made)


def _customer(session: Any, trigger: Trigger, row: Any) -> Customer | None:
    if trigger == Trigger.NEW_LEAD:
        return row
    return session.get(Customer, row.customer_id) if row.customer_id is not None else None


# ---------------------------------------------------------------- what each event says: base, mark, more

Facts = tuple[Any, str, dict[str, Any]]


def _facts(session: Any, trigger: Trigger, row: Any, now: dt.datetime) -> Facts:
    given = FACTS.get(trigger)
    return given(session, row, now) if given is not None else (now, "1", {})


def _lead(session: Any, customer: Any, now: dt.datetime) -> Facts:
    return now, "1", {}


def _visit(session: Any, visit: Any, now: dt.datetime) -> Facts:
    return visit.at, "1", {"preferred": visit.staff_id, "vehicle_id": visit.vehicle_id}


def _contact(session: Any, visit: Any, now: dt.datetime) -> Facts:
    kept = session.scalars(sa.select(Customer.owner_id).where(Customer.id == visit.customer_id)).first()
    return visit.at, "1", {"preferred": visit.staff_id if kept is None else None}  # the pool: whoever made the contact


def _delivery(session: Any, vehicle: Any, now: dt.datetime) -> Facts:
    bought = vehicle.bought_on if vehicle.bought_here and vehicle.bought_on else None
    if bought is not None and bought > clock.local_day(now):
        bought = None
    return bought, str(bought), {"vehicle_id": vehicle.id}


def _repair(session: Any, order: Any, now: dt.datetime) -> Facts:
    return order.closed_at, "1", {"vehicle_id": order.vehicle_id}


def _complaint(session: Any, complaint: Any, now: dt.datetime) -> Facts:
    from admin_app.rules import complaints

    hands = frozenset(complaints.handlers(session, complaint))
    return complaint.finished_at or now, str(complaint.loops or 0), {"vehicle_id": complaint.vehicle_id, "avoid": hands}


def _invited(session: Any, member: Any, now: dt.datetime) -> Facts:
    return member.invited_at or now, "1", {"preferred": member.invited_by_id}


def _attended(session: Any, member: Any, now: dt.datetime) -> Facts:
    ended = session.scalars(sa.select(Campaign.ends_at).where(Campaign.id == member.campaign_id)).first()
    return member.attended_at or ended or now, "1", {"preferred": member.invited_by_id}


def _over(session: Any, member: Any, now: dt.datetime) -> Facts:
    return now, "1", {"preferred": member.invited_by_id}


def _promise(session: Any, promise: Any, now: dt.datetime) -> Facts:
    owed = promise.due_on if promise.state == PromiseState.OPEN else None
    return owed, str(owed), {"preferred": promise.by_id}


FACTS: dict[Trigger, Callable[[Any, Any, dt.datetime], Facts]] = {
    Trigger.NEW_LEAD: _lead, Trigger.SHOWROOM: _visit, Trigger.CONTACT: _contact, Trigger.DELIVERY: _delivery,
    Trigger.REPAIR_CLOSED: _repair, Trigger.COMPLAINT_FINISHED: _complaint, Trigger.CAMPAIGN_INVITED: _invited,
    Trigger.CAMPAIGN_ATTENDED: _attended, Trigger.CAMPAIGN_NO_SHOW: _over, Trigger.CAMPAIGN_NO_DEAL: _over,
    Trigger.PROMISE_DUE: _promise,
}
