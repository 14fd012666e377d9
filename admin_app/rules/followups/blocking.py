"""Who must not be contacted for marketing now, and why (DOMAIN §3.1, 过度打扰).

Only marketing purposes are blocked; complaint, delivery, promise, service and sales contacts never are.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, clock, prepared
from admin_app.choices import Purpose, VisitState
from admin_app.models import Customer, Store, Visit

MARKETING = frozenset({Purpose.CARE, Purpose.CAMPAIGN, Purpose.GREETING})
QUIET_FROM, QUIET_UNTIL = dt.time(20, 30), dt.time(9, 0)  # default


def opted_out(customer: Any) -> bool:
    """Whether a customer takes no marketing contact at all: do-not-disturb, or consent withdrawn."""
    return bool(customer.do_not_disturb or customer.marketing_withdrawn)


def is_quiet(now: dt.datetime) -> bool:
    """Whether it is the time of day in which nobody is called for marketing."""
    wall = clock.local(now).time()
    return wall >= QUIET_FROM or wall < QUIET_UNTIL


def outbound_contacts(session: Any, customer_id: int, since: dt.datetime, now: dt.datetime) -> int:
    """How often the store has contacted a customer from `since` to now, all departments together."""
    session.flush()
    actor = access.actor_of(session)
    if actor is None:
        raise RuntimeError("nobody acts on this session")
    count: int = prepared.ungated_rows(session, actor, "outbound", lambda: sa.select(sa.func.count(Visit.id)).where(
        Visit.customer_id == prepared.given("customer"), Visit.state == VisitState.DONE, Visit.outbound,
        Visit.deleted_at.is_(None), Visit.at > prepared.given("since", Visit.at.type),
        Visit.at <= prepared.given("until", Visit.at.type)), customer=customer_id, since=since, until=now)[0][0]
    return count


def blocked(session: Any, customer: Customer, purpose: Purpose, now: dt.datetime) -> Any:
    """A sentence that says why a customer may not be contacted for this purpose now; None where it may."""
    if purpose not in MARKETING:
        return None
    most, days = session.execute(access.ungated(
        sa.select(Store.contact_cap, Store.contact_cap_days).where(Store.id == customer.store_id))).one()
    count = outbound_contacts(session, customer.id, now - dt.timedelta(days=days), now)
    return blocked_by(customer, purpose, now, (count, most, days))


def blocked_by(customer: Any, purpose: Purpose, now: dt.datetime, contacts: tuple[int, int, int]) -> Any:
    """The same where the contacts are counted: (contacts so far, the most, in how many days)."""
    count, most, days = contacts
    if purpose not in MARKETING:
        return None
    if customer.do_not_disturb:
        return _l("This customer does not want marketing contacts.")
    if customer.marketing_withdrawn:
        return _l("This customer has withdrawn the consent to marketing contacts.")
    if is_quiet(now):
        return _l("Between 20:30 and 09:00 nobody is contacted for marketing.")
    if count >= most:
        return _l("Contacted %(count)s times in the last %(days)s days; at most %(most)s are allowed.",
                  count=count, days=days, most=most)
    return None
