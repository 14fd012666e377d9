"""Who must not be contacted for marketing now, why, and until when (DOMAIN §3.1, 过度打扰).

Only marketing purposes are blocked; complaint, delivery, promise, service and sales contacts never are, and a contact
that has happened is never refused. What blocked() says here the index of what is due says in SQL (due_index.py); a test
keeps them equal.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, clock, due_index, prepared
from admin_app.choices import BlockCode, Purpose, VisitState
from admin_app.models import Customer, Store, Visit
from admin_app.rules.followups.capping import NEVER, window

MARKETING = frozenset(due_index.MARKETING)
OVERRIDABLE = frozenset({BlockCode.CONTACT_CAP, BlockCode.QUIET_HOURS})


@dataclass(frozen=True)
class Block:
    """Why a customer may not be contacted for marketing. until: the day or time from which he may again, None where
    nobody can say."""

    code: BlockCode
    sentence: Any
    until: dt.date | dt.datetime | None = None

    @property
    def may_be_allowed(self) -> bool:
        """Whether a manager may allow the contact all the same."""
        return self.code in OVERRIDABLE

    def __str__(self) -> str:
        return str(self.sentence)


def opted_out(customer: Any) -> bool:
    """Whether a customer takes no marketing contact at all: do-not-disturb, or consent withdrawn."""
    return bool(customer.do_not_disturb or customer.marketing_withdrawn)


def capped(customer: Any, today: dt.date) -> bool:
    """Whether the contact cap leaves no room for a customer today."""
    return customer.marketing_blocked_until is not None and bool(customer.marketing_blocked_until > today)


# ---------------------------------------------------------------- quiet hours


def quiet_period(store: Any, now: dt.datetime) -> tuple[dt.datetime, dt.datetime] | None:
    """(begin, end) of the quiet hours in which `now` lies; None outside of them or where the store has none.

    They may cross midnight, and end with the minute in `quiet_until`.
    """
    if not store.quiet_from or not store.quiet_until or store.quiet_from == store.quiet_until:
        return None
    here = clock.local(now)
    day, wall = here.date(), here.strftime("%H:%M")
    crosses = store.quiet_from > store.quiet_until
    if not crosses and not store.quiet_from <= wall < store.quiet_until:
        return None
    if crosses and store.quiet_until <= wall < store.quiet_from:
        return None
    begins = day - dt.timedelta(days=1) if crosses and wall < store.quiet_until else day
    return _at(begins, store.quiet_from), _at(begins + dt.timedelta(days=int(crosses)), store.quiet_until)


def _at(day: dt.date, text: str) -> dt.datetime:
    hour, minute = text.split(":")
    return clock.at(day, int(hour), int(minute))


# ---------------------------------------------------------------- why, and until when


def blocked(session: Any, customer: Customer, purpose: Purpose, now: dt.datetime, task: Any = None) -> Block | None:
    """Why a customer may not be contacted for this purpose now, and until when; None where he may.

    task: the task at hand, for which a manager may have allowed the contact (allowing.py).
    """
    if purpose not in MARKETING:
        return None
    store = session.execute(access.ungated(sa.select(*Store.__table__.c).where(Store.id == customer.store_id))).one()
    return blocked_by(customer, purpose, now, store, task)


def blocked_by(customer: Any, purpose: Purpose, now: dt.datetime, store: Any, task: Any = None) -> Block | None:
    """The same for a store that is known: `customer`, `store` and `task` may be plain rows."""
    if purpose not in MARKETING:
        return None
    return standing(customer, now, store, task) or quiet(now, store, task)


def standing(customer: Any, now: dt.datetime, store: Any, task: Any = None) -> Block | None:
    """What keeps a customer from marketing at any hour of this day."""
    today = clock.local_day(now)
    if getattr(customer, "deleted_at", None) is not None:
        return Block(BlockCode.ERASED, _l("This file is in the recycle bin; nobody contacts the customer."))
    if customer.do_not_disturb:
        return Block(BlockCode.DO_NOT_DISTURB, _l("This customer does not want marketing contacts, until he says "
                                                  "otherwise."))
    if customer.marketing_withdrawn:
        return Block(BlockCode.CONSENT_WITHDRAWN, _l("This customer has withdrawn the consent to marketing contacts; "
                                                     "not before he consents again."))
    if not capped(customer, today) or _allowed(task):
        return None
    until = customer.marketing_blocked_until
    if until == NEVER:
        return Block(BlockCode.CONTACT_CAP, _l("This store makes no marketing contacts: the contact cap is 0."))
    return Block(BlockCode.CONTACT_CAP, _l(
        "Contacted %(most)s times in %(days)s days by all departments together, which is the most; for marketing "
        "again from %(day)s.", most=store.contact_cap, days=store.contact_cap_days, day=until.isoformat()), until)


def quiet(now: dt.datetime, store: Any, task: Any = None) -> Block | None:
    """What keeps everybody from marketing at this hour."""
    period = quiet_period(store, now)
    if period is None or (_allowed(task) and task.allowed_at >= period[0]):
        return None
    words = {"begins": store.quiet_from, "ends": store.quiet_until}
    if clock.local_day(period[1]) == clock.local_day(now):
        said = _l("Quiet hours from %(begins)s to %(ends)s: for marketing again today at %(ends)s.", **words)
    else:
        said = _l("Quiet hours from %(begins)s to %(ends)s: for marketing again tomorrow at %(ends)s.", **words)
    return Block(BlockCode.QUIET_HOURS, said, period[1])


def _allowed(task: Any) -> bool:
    return task is not None and task.allowed_at is not None


# ---------------------------------------------------------------- the figure beside it


def outbound_contacts(session: Any, customer_id: int, days: int, now: dt.datetime) -> int:
    """How often the store has contacted a customer in the last days, today included, all departments together."""
    session.flush()
    actor = access.actor_of(session)
    if actor is None:
        raise RuntimeError("nobody acts on this session")
    count: int = prepared.ungated_rows(session, actor, "outbound", lambda: sa.select(sa.func.count(Visit.id)).where(
        Visit.customer_id == prepared.given("customer"), Visit.state == VisitState.DONE, Visit.outbound,
        Visit.deleted_at.is_(None), Visit.at >= prepared.given("since", Visit.at.type)),
        customer=customer_id, since=window(clock.local_day(now), days))[0][0]
    return count
