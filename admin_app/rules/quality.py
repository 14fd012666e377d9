"""How good the files are (DOMAIN §3.10): what is missing, what nobody has confirmed for long, and confirming it.

Only a missing name or phone refuses a file; what a stage asks for beside that is said, never demanded. A file is stale
when it was last confirmed, or registered where it never was, so many months ago (Store.stale_months, default 12).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, audit, clock, prepared
from admin_app.choices import AuditVerb, FollowUpState, Stage, Trigger
from admin_app.columns import Field, fields
from admin_app.errors import Refused
from admin_app.models import Customer, FollowUp, FollowUpRule, Store, Vehicle, Visit
from admin_app.rules.scores import rollup

CARED_FOR = (Stage.LEAD, Stage.PROSPECT, Stage.OWNER)  # a lost customer needs no next contact and no confirmation
last_confirmed: Any = sa.func.coalesce(Customer.confirmed_on, Customer.registered_on, type_=sa.Date)

CHUNK = 1000  # files of a statement

Notices = list[tuple[str, Any]]


# ---------------------------------------------------------------- required by stage


def lacking(session: Any, customer: Customer) -> Notices:
    """What the stage of a file asks for and it has not: (field, sentence) pairs. A new file has no car yet."""
    if customer.stage != Stage.OWNER:
        return []
    if customer.id is not None and prepared.facts(session, "has a car", _has_car, customer=customer.id):
        return []
    return [("stage", _l("An owner needs a car; add it to the file."))]


def _has_car() -> Any:
    return sa.select(Vehicle.id).where(
        Vehicle.customer_id == sa.bindparam("customer", 0, type_=sa.Integer()), Vehicle.deleted_at.is_(None)).limit(1)


def without_car() -> Any:
    """lacking() as an SQL criterion on Customer: owners without a car."""
    car = Vehicle.__table__.alias("quality_car")  # whoever may not see the cars may know that there is one
    return sa.and_(Customer.stage == Stage.OWNER, Customer.id.not_in(sa.select(car.c.customer_id).where(
        car.c.customer_id.is_not(None), car.c.deleted_at.is_(None))))


def without_next() -> Any:
    """Customers whom somebody should contact and for whom nothing is planned."""
    return sa.and_(Customer.stage.in_(CARED_FOR), Customer.next_contact_on.is_(None))


# ---------------------------------------------------------------- completeness


def weighed() -> list[tuple[str, Field]]:
    """The fields that count toward completeness, the weightiest first."""
    found = [(name, field) for name, _column, field in fields(Customer) if field.weight]
    return sorted(found, key=lambda one: -one[1].weight)


def empty(name: str) -> Any:
    """Whether a field of a file says nothing, as an SQL criterion."""
    column = getattr(Customer, name)
    is_text = isinstance(column.property.columns[0].type, sa.String)
    return sa.or_(column.is_(None), column == "") if is_text else column.is_(None)


def completeness() -> Any:
    """customers.completeness() as SQL; a test keeps the two equal."""
    total = sum(field.weight for _name, field in weighed())
    filled: Any = sum((sa.case((empty(name), 0), else_=field.weight) for name, field in weighed()), sa.literal(0))
    return (200 * filled + total) // (2 * total)


def refresh_completeness(session: Any) -> int:
    """Bring the stored percentage up to date where it is not (a field weighs otherwise now). Returns how many."""
    session.flush()
    table, now = Customer.__table__, completeness()
    behind = sa.select(table.c.id).where(table.c.completeness != now, table.c.deleted_at.is_(None))
    ids = sorted(session.connection().execute(behind).scalars())
    rollup.touch(session, table.name, ids)
    for at in range(0, len(ids), CHUNK):
        session.connection().execute(sa.update(table).where(table.c.id.in_(ids[at:at + CHUNK])).values(
            completeness=now, updated_at=table.c.updated_at))
    if ids:
        audit.record(session, AuditVerb.BULK, "customer", label=f"completeness: {len(ids)}",
                     changes={"fields": [None, ["completeness"]], "rows": [0, len(ids)], "ids": ids})
        session.expire_all()
    return len(ids)


# ---------------------------------------------------------------- confirmed


def threshold(store: Store, today: dt.date) -> dt.date:
    """The last day on which a file of the store must have been confirmed to be stale today."""
    from admin_app.rules.vehicles import add_months

    return add_months(today, -(store.stale_months or 12))


def is_stale(customer: Customer, store: Store, today: dt.date) -> bool:
    """Whether nobody has confirmed the file for long; never for a lost customer or one without any date."""
    last = customer.confirmed_on or customer.registered_on
    return customer.stage in CARED_FOR and last is not None and last <= threshold(store, today)


def older_than(store: Store, today: dt.date) -> Any:
    """Files that were confirmed, or registered, before the store's threshold, as an SQL criterion."""
    return last_confirmed <= threshold(store, today)


def stale(session: Any, today: dt.date) -> Any:
    """is_stale() as an SQL criterion on Customer, for the stores that the acting person sees."""
    stores = session.scalars(sa.select(Store)).all()
    parts = [sa.and_(Customer.store_id == store.id, older_than(store, today)) for store in stores]
    return sa.and_(Customer.stage.in_(CARED_FOR), sa.or_(sa.false(), *parts))


def stale_task(session: Any, customer_id: int) -> list[FollowUp]:
    """The open tasks to confirm a file."""
    return list(session.scalars(sa.select(FollowUp).join(FollowUpRule, FollowUpRule.id == FollowUp.rule_id).where(
        FollowUp.customer_id == customer_id, FollowUpRule.trigger == Trigger.FILE_STALE,
        FollowUp.state.in_([FollowUpState.OPEN, FollowUpState.SNOOZED]))))


def confirm(session: Any, customer: Customer, now: dt.datetime, visit: Visit | None = None) -> int:
    """The customer has said that the file is right: the day is kept, tasks that ask for it are done.

    visit: the contact in which it was said, or None. Refused where the file is not the person's to change. Returns
    how many tasks were settled; no commit.
    """
    from admin_app.rules.followups import tasks

    if not access.may_change(session, customer):
        raise Refused(_l("You may not change this record."))
    actor = access.actor_of(session)
    customer.confirmed_on = clock.local_day(now)
    session.flush()
    with access.as_system(session, "the file was confirmed"):
        found = stale_task(session, customer.id)
        for task in found:
            tasks.close(session, task, FollowUpState.DONE, now, by=actor.user_id if actor else None,
                        visit_id=visit.id if visit is not None else None)
        tasks.refresh_customers(session, {customer.id})
    return len(found)
