"""Tasks that an event makes at once, in the event's own transaction.

The row of each event: CONTACT and SHOWROOM a Visit, NEW_LEAD a Customer, DELIVERY a Vehicle, REPAIR_CLOSED a
RepairOrder, COMPLAINT_FINISHED a Complaint, INQUIRY an Inquiry, the CAMPAIGN_… ones a CampaignMember, PROMISE_DUE a
Promise.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from admin_app import access, clock
from admin_app.choices import CampaignKind, OffsetUnit, PromiseState, Purpose, Stage, Trigger
from admin_app.models import Campaign, Customer, FollowUp, Store
from admin_app.rules.followups import making, rules
from admin_app.rules.followups.staff import Staff
from admin_app.rules.followups.tasks import OPEN_STATES


def on_event(session: Any, trigger: Trigger, row: Any, now: dt.datetime) -> list[FollowUp]:
    """Make the tasks of an event. Returns those that are new; the same event again makes none.

    An event that lies back so far that its task would have been due more than CATCH_UP days ago is history and
    makes none; one that is due earlier than today is due today, since nobody could know.
    """
    with access.as_system(session, f"rule: {trigger.value}"):
        return making.loaded(session, fire(session, trigger, row, now))


def fire(session: Any, trigger: Trigger, row: Any, now: dt.datetime, refresh: bool = True) -> list[int]:
    """on_event() in a session that acts as system already: the keys of the new tasks. refresh: as in making.insert."""
    customer = _customer(session, trigger, row)
    if customer is None or customer.deleted_at is not None:
        return []
    today = clock.local_day(now)
    fitting = [rule for rule in rules.enabled(session, trigger) if rules.fits(session, rule, customer, today)]
    base, mark, more = _facts(session, trigger, row, now) if fitting else (None, "", {})
    if base is None:
        return []
    by_hours = any(rule.unit == OffsetUnit.WORK_MINUTES for rule in fitting)
    store = session.get(Store, customer.store_id) if by_hours else None
    case, staff = making.case_of(customer, base, row, mark, **more), Staff(session, customer.store_id)
    tasks = [making.values(rule, case, store, staff, now) for rule in fitting]
    recent = [task for task in tasks if task and task["due_on"] >= today - dt.timedelta(days=rules.CATCH_UP)]
    return making.insert(session, [
        making.moved_to(task, today) if task["due_on"] < today else task for task in recent], refresh)


def _customer(session: Any, trigger: Trigger, row: Any) -> Customer | None:
    if trigger == Trigger.NEW_LEAD:
        return row
    return session.get(Customer, row.customer_id) if row.customer_id is not None else None


def lead_again(session: Any, customer: Customer, record: Any, source: Any, now: dt.datetime) -> list[int]:
    """A customer on file asks for a car anew: the first contact of a lead from that source is owed, whatever his stage
    and source were. `record` is what says so. The keys of the new tasks; none where such a contact is owed already.
    """
    lead: Any = SimpleNamespace(**{column.key: getattr(customer, column.key) for column in Customer.__table__.c})
    lead.stage, lead.source = Stage.LEAD, source
    fitting = [rule for rule in rules.enabled(session, Trigger.NEW_LEAD) if rules.holds(rule.condition, lead)]
    owed = sa.select(FollowUp.id).where(
        FollowUp.customer_id == customer.id, FollowUp.state.in_(OPEN_STATES),
        FollowUp.rule_id.in_([rule.id for rule in rules.enabled(session, Trigger.NEW_LEAD)]))
    if session.scalars(owed).first() is not None:
        return []
    store, staff = session.get(Store, customer.store_id), Staff(session, customer.store_id)
    case = making.case_of(customer, now, record, "1")
    made = [making.values(rule, case, store, staff, now) for rule in fitting]
    return making.insert(session, [task for task in made if task is not None])


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
    customer = session.get(Customer, visit.customer_id)
    in_pool = customer is not None and customer.owner_id is None  # then it stays with whoever made the contact
    return visit.at, "1", {"preferred": visit.staff_id if in_pool else None}


def _delivery(session: Any, vehicle: Any, now: dt.datetime) -> Facts:
    bought = vehicle.bought_on if vehicle.bought_here and vehicle.bought_on else None
    if bought is not None and bought > clock.local_day(now):
        bought = None
    return bought, str(bought), {"vehicle_id": vehicle.id}


def _repair(session: Any, order: Any, now: dt.datetime) -> Facts:
    return order.closed_at, "1", {"vehicle_id": order.vehicle_id}


def _inquiry(session: Any, inquiry: Any, now: dt.datetime) -> Facts:
    return inquiry.received_at, "1", {"preferred": inquiry.owner_id}


def _complaint(session: Any, complaint: Any, now: dt.datetime) -> Facts:
    from admin_app.rules import complaints

    hands = frozenset(complaints.handlers(session, complaint))
    return complaint.finished_at or now, str(complaint.loops or 0), {"vehicle_id": complaint.vehicle_id, "avoid": hands}


def _invited(session: Any, member: Any, now: dt.datetime) -> Facts:
    return member.invited_at or now, "1", _of_campaign(session, member)


def _of_campaign(session: Any, member: Any) -> dict[str, Any]:
    """Whoever invited comes first; a product recall is service and never blocked as marketing."""
    campaign = session.get(Campaign, member.campaign_id)
    recall = campaign is not None and campaign.kind == CampaignKind.RECALL
    return {"preferred": member.invited_by_id, "purpose": Purpose.SERVICE if recall else None}


def _attended(session: Any, member: Any, now: dt.datetime) -> Facts:
    ended = session.scalars(sa.select(Campaign.ends_at).where(Campaign.id == member.campaign_id)).first()
    return member.attended_at or ended or now, "1", {"preferred": member.invited_by_id}


def _over(session: Any, member: Any, now: dt.datetime) -> Facts:
    return now, "1", _of_campaign(session, member)


def _promise(session: Any, promise: Any, now: dt.datetime) -> Facts:
    owed = promise.due_on if promise.state == PromiseState.OPEN else None
    return owed, str(owed), {"preferred": promise.by_id}


FACTS: dict[Trigger, Callable[[Any, Any, dt.datetime], Facts]] = {
    Trigger.NEW_LEAD: _lead, Trigger.SHOWROOM: _visit, Trigger.CONTACT: _contact, Trigger.DELIVERY: _delivery,
    Trigger.REPAIR_CLOSED: _repair, Trigger.COMPLAINT_FINISHED: _complaint, Trigger.CAMPAIGN_INVITED: _invited,
    Trigger.CAMPAIGN_ATTENDED: _attended, Trigger.CAMPAIGN_NO_SHOW: _over, Trigger.CAMPAIGN_NO_DEAL: _over,
    Trigger.PROMISE_DUE: _promise, Trigger.INQUIRY: _inquiry,
}
