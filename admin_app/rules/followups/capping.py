"""The contact cap (DOMAIN §3.1): at most N outbound contacts with a customer in M days, all departments together.

Every done outbound contact counts, whatever it was for and whether the customer was reached. The window is counted in
days of the store: with N contacts in the last M days the customer is left alone, until the day on which the oldest of
the latest N leaves the window. That day stands on the file (`marketing_blocked_until`) and is kept with every contact,
so that lists compare one column with today; the nightly job mends what came by another road.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from admin_app import clock, prepared
from admin_app.choices import VisitState
from admin_app.models import Customer, Store, Visit

NEVER = dt.date(9999, 12, 31)  # the day of a store that makes no marketing contacts: a cap of 0
CHUNK = 1000

_customers, _stores, _visits = Customer.__table__, Store.__table__, Visit.__table__


def ends(cap: int, days: int, contact: dt.datetime | None) -> dt.date | None:
    """The first day on which the cap leaves room again. contact: the time of the cap-th latest contact, None where
    there were fewer; then None."""
    if cap < 1:
        return NEVER
    return None if contact is None else clock.local_day(contact) + dt.timedelta(days=days)


def window(today: dt.date, days: int) -> dt.datetime:
    """When the window that ends with today begins."""
    return clock.at(today - dt.timedelta(days=days - 1), 0)


def _counted(*where: Any) -> Any:
    """The contacts that count, each with its place among those of its customer, the latest first."""
    v = _visits.c
    place = sa.func.row_number().over(partition_by=v.customer_id, order_by=(v.at.desc(), v.id.desc()))
    return sa.select(v.customer_id, v.at, place.label("place")).where(
        v.state == VisitState.DONE, v.outbound, v.deleted_at.is_(None), *where).subquery()


def columns_of_one() -> list[Any]:
    """What ends() asks, as columns of a statement about the customer given as `customer`."""
    number = prepared.given("customer")
    mine = _counted(_visits.c.customer_id == number)
    store = sa.select(_stores.c.contact_cap, _stores.c.contact_cap_days).join(
        _customers, _customers.c.store_id == _stores.c.id).where(_customers.c.id == number).subquery()
    return [sa.select(store.c.contact_cap).scalar_subquery().label("cap"),
            sa.select(store.c.contact_cap_days).scalar_subquery().label("cap_days"),
            sa.select(mine.c.at).where(mine.c.place == sa.select(store.c.contact_cap).scalar_subquery())
            .scalar_subquery().label("cap_contact")]


def different(session: Any, ids: Iterable[int]) -> dict[dt.date | None, list[int]]:
    """Day → customers among `ids` whose file says another one. The session acts as system."""
    wanted = sorted(set(ids))
    found: dict[dt.date | None, list[int]] = {}
    for at in range(0, len(wanted), CHUNK):
        part = wanted[at:at + CHUNK]
        nth = _counted(_visits.c.customer_id.in_(part))
        rows = session.connection().execute(sa.select(
            _customers.c.id, _customers.c.marketing_blocked_until, _stores.c.contact_cap, _stores.c.contact_cap_days,
            nth.c.at).join(_stores, _stores.c.id == _customers.c.store_id).join(
            nth, sa.and_(nth.c.customer_id == _customers.c.id, nth.c.place == _stores.c.contact_cap), isouter=True
        ).where(_customers.c.id.in_(part)))
        for number, said, cap, days, contact in rows:
            if (day := ends(cap, days, contact)) != said:
                found.setdefault(day, []).append(number)
    return found


def different_in_store(session: Any, store: Any, today: dt.date) -> dict[dt.date | None, list[int]]:
    """The same for a whole store, by the contacts of its window alone; a day that lies behind is left as it is."""
    c = _customers.c
    found: dict[dt.date | None, list[int]] = {}
    if store.contact_cap < 1:
        rows = session.connection().execute(sa.select(c.id).where(
            c.store_id == store.id, c.marketing_blocked_until.is_distinct_from(sa.literal(NEVER, sa.Date))))
        return {NEVER: list(rows.scalars())}
    said = dict(session.connection().execute(sa.select(c.id, c.marketing_blocked_until).where(
        c.store_id == store.id, c.marketing_blocked_until > today)).all())
    recent = _counted(_visits.c.store_id == store.id, _visits.c.at >= window(today, store.contact_cap_days))
    should = {number: ends(store.contact_cap, store.contact_cap_days, contact)
              for number, contact in session.connection().execute(sa.select(recent.c.customer_id, recent.c.at).where(
                  recent.c.place == store.contact_cap))}
    for number in sorted(said.keys() | should.keys()):
        if said.get(number) != should.get(number):
            found.setdefault(should.get(number), []).append(number)
    return found
