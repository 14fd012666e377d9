"""Rows with sane defaults: make_customer(session, owner=cast.colleague, grade="H"). The session acts as system."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

from admin_app import choices as ch
from admin_app import models as m
from tests.cast import NOW, TODAY

_count = itertools.count(1)


def _add(session: Any, row: Any) -> Any:
    row.created_at = row.created_at or NOW - dt.timedelta(days=100)  # the clock of the tests, not of the machine
    session.add(row)
    session.flush()
    return row


def make_customer(session: Any, *, owner: Any = None, store: Any = None, **values: Any) -> m.Customer:
    """A customer of a person (None: of the pool), in the person's store or the given one."""
    number = next(_count)
    store_id = values.pop("store_id", None) or (store.id if store else owner.store_id if owner else 1)
    given = {"name": f"客户{number}", "phone": f"+86138{number:08d}", "stage": ch.Stage.PROSPECT, "grade": ch.Grade.A,
             "registered_on": TODAY - dt.timedelta(days=100)}
    return _add(session, m.Customer(store_id=store_id, owner_id=owner.id if owner else None, **(given | values)))


def make_vehicle(session: Any, customer: m.Customer, **values: Any) -> m.Vehicle:
    """A car of a customer, bought a year ago."""
    number = next(_count)
    given = {"model": "岚风 S7", "vin": f"LSVAA4182E2{number:06d}", "plate": f"粤B{number:05d}",
             "bought_on": TODAY - dt.timedelta(days=365)}
    return _add(session, m.Vehicle(store_id=customer.store_id, customer_id=customer.id, **(given | values)))


def make_visit(session: Any, customer: m.Customer, *, staff: Any = None, **values: Any) -> m.Visit:
    """A done phone call of yesterday."""
    given = {"at": NOW - dt.timedelta(days=1), "channel": ch.Channel.PHONE, "state": ch.VisitState.DONE,
             "result": ch.VisitResult.SOLVED, "content": "电话沟通"}
    return _add(session, m.Visit(store_id=customer.store_id, customer_id=customer.id,
                                 staff_id=staff.id if staff else None, **(given | values)))


def make_followup(session: Any, customer: m.Customer, *, assignee: Any = None, due: dt.date = TODAY,
                  **values: Any) -> m.FollowUp:
    """An open task due today."""
    number = next(_count)
    given = {"reason": "回访", "due_on": due, "first_due_on": due, "occurrence": f"test:{number}",
             "due_at": dt.datetime.combine(due, dt.time(2), dt.UTC), "channel": ch.Channel.PHONE,
             "purpose": ch.Purpose.SERVICE, "state": ch.FollowUpState.OPEN}
    return _add(session, m.FollowUp(store_id=customer.store_id, customer_id=customer.id,
                                    assignee_id=assignee.id if assignee else None, **(given | values)))


def make_complaint(session: Any, customer: m.Customer, *, owner: Any = None, **values: Any) -> m.Complaint:
    """A complaint received an hour ago, in the state given."""
    number = next(_count)
    given = {"number": f"TS-20261123-{number:04d}", "text": "等待时间过长", "received_at": NOW - dt.timedelta(hours=1)}
    return _add(session, m.Complaint(store_id=customer.store_id, customer_id=customer.id,
                                     owner_id=owner.id if owner else None, **(given | values)))


def make_order(session: Any, customer: m.Customer, *, advisor: Any = None, vehicle: Any = None,
               **values: Any) -> m.RepairOrder:
    """An open repair order of this morning."""
    number = next(_count)
    given = {"number": f"WX{number:08d}", "opened_at": NOW - dt.timedelta(hours=2), "items": "常规保养"}
    return _add(session, m.RepairOrder(
        store_id=customer.store_id, customer_id=customer.id, advisor_id=advisor.id if advisor else None,
        vehicle_id=vehicle.id if vehicle else None, **(given | values)))


def make_campaign(session: Any, *, store_id: int = 1, owner: Any = None, **values: Any) -> m.Campaign:
    """A running lecture of today."""
    given = {"name": f"爱车讲堂{next(_count)}", "kind": ch.CampaignKind.LECTURE, "state": ch.CampaignState.RUNNING,
             "starts_at": NOW - dt.timedelta(hours=1), "ends_at": NOW + dt.timedelta(hours=3)}
    return _add(session, m.Campaign(store_id=store_id, owner_id=owner.id if owner else None, **(given | values)))


def make_inquiry(session: Any, customer: m.Customer | None = None, *, owner: Any = None, **values: Any) -> m.Inquiry:
    """An inquiry that has just come in; without a customer, of somebody whom the store does not know."""
    given = {"question": "有现车吗？", "received_at": NOW, "due_at": NOW + dt.timedelta(hours=24)}
    asks = {"customer_id": customer.id} if customer is not None else {"name": "陌生人", "phone": "+8613700137000"}
    return _add(session, m.Inquiry(store_id=customer.store_id if customer else owner.store_id if owner else 1,
                                   owner_id=owner.id if owner else None, **(asks | given | values)))


def make_consent(customer: m.Customer, **values: Any) -> m.Consent:
    """A consent to marketing, given on paper now; not added yet."""
    given = {"purpose": ch.ConsentPurpose.MARKETING, "state": ch.ConsentState.GIVEN, "at": NOW,
             "source": ch.ConsentSource.PAPER, "text_version": "1"}
    return m.Consent(store_id=customer.store_id, customer_id=customer.id, **(given | values))
