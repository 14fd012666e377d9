"""What a customer's file counts for: its owner and its service advisor, with its contacts and repair orders.

Some of it stands: a file from the day it was made, a contact for ninety days. What stands is written down on the day
on which it begins (+) and on the day on which it is over (-, NEVER where it lasts), so that the standing of a day is
the sum of all that came up to it, or, as the end of everything is written down too, minus the sum of what comes after.
Contacts that follow each other within their time stand once: a contact begins where the one before it ends.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from admin_app.choices import RepairState, VisitState
from admin_app.rules.scores.rollup.parts import stays
from admin_app.rules.scores.rollup.tally import NEVER, Sums
from admin_app.rules.scores.sources import COVERED_DAYS, SATISFIED
from admin_app.rules.scores.sources_service import KNOWN_DAYS, RETURN_DAYS
from admin_app.rules.scores.tongue import Days, differs, every, given, missing, same

COVERED = {"owner_id": "covered", "advisor_id": "advised_covered"}
KEPT = {"owner_id": ("files", "completeness"), "advisor_id": ("advised_files", "advised_completeness")}
CAME = {"known": KNOWN_DAYS, "returned": RETURN_DAYS}


class Contact(NamedTuple):
    """A done contact with a customer: its day, its answer about satisfaction, and the store it was made in."""

    day: dt.date
    satisfaction: int | None
    store_id: int


def is_contact(visit: Any) -> Any:
    """Whether a visit is a contact with its customer."""
    return every(missing(visit.deleted_at), same(visit.state, VisitState.DONE))


def is_call(order: Any) -> Any:
    """Whether a repair order says that its customer came."""
    return every(missing(order.deleted_at), given(order.customer_id), differs(order.state, RepairState.CANCELLED))


def standing(days: Iterable[dt.date], length: int, since: dt.date | None = None) -> Iterator[tuple[dt.date, int]]:
    """(day, +1 or -1): where it begins and is over that somebody was there within `length` days, not before `since`."""
    before: dt.date | None = None
    for day in sorted(set(days)):
        begins, over = day, day + dt.timedelta(days=length + 1)
        if before is not None:
            begins = max(begins, before + dt.timedelta(days=length + 1))
        if since is not None:
            begins = max(begins, since)
        if begins < over:
            yield begins, 1
            yield over, -1
        before = day


def add_kept(sums: Sums, customer: Any, days: Days, sign: int) -> None:
    """The file itself: kept from the day on which it was made, as complete as it is now."""
    if customer is None or not stays(customer):
        return
    made = days.of(customer.created_at)
    for person, (files, completeness) in KEPT.items():
        numbers = {files: 1, completeness: customer.completeness or 0}
        sums.add(getattr(customer, person), made, customer.store_id, numbers, sign)
        sums.add(getattr(customer, person), NEVER, customer.store_id, numbers, -sign)


def add_contacts(sums: Sums, customer: Any, contacts: list[Contact], days: Days, sign: int) -> None:
    """Its contacts: answers for the owner, and the days on which it is covered."""
    if customer is None or customer.deleted_at is not None:
        return
    for contact in contacts:
        if contact.satisfaction is not None:
            sums.add(customer.owner_id, contact.day, contact.store_id, {
                "owned_rated": 1, "owned_rated_well": int(contact.satisfaction >= SATISFIED)}, sign)
    if not stays(customer):
        return
    for day, step in standing([one.day for one in contacts], COVERED_DAYS, days.of(customer.created_at)):
        for person, covered in COVERED.items():
            sums.add(getattr(customer, person), day, customer.store_id, {covered: step}, sign)


def add_orders(sums: Sums, customer: Any, came: list[dt.date], sign: int) -> None:
    """The days on which it came: known for three years, returned for one."""
    if customer is None or customer.deleted_at is not None:
        return
    for name, length in CAME.items():
        for day, step in standing(came, length):
            sums.add(customer.advisor_id, day, customer.store_id, {name: step}, sign)
