"""What a customer consents to (DOMAIN §3.9): per purpose, with the version of the text, how it was said and by whom it
was recorded. A row is added, never changed: the latest one of a purpose holds, and withdrawing is one row like giving.

Without consent to marketing, or to the file itself, nobody contacts the customer for marketing; that stands on the
file as `marketing_withdrawn`, so that lists need not look here. A file without any row counts as not withdrawn.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, prepared
from admin_app.choices import ConsentPurpose, ConsentSource, ConsentState
from admin_app.errors import RuleError
from admin_app.models import Consent, Customer, Store
from admin_app.rules import customers, saving
from admin_app.rules.changes import is_new
from admin_app.rules.followups import tasks

# Without consent to one of these there is no marketing contact.
FOR_MARKETING = (ConsentPurpose.MARKETING, ConsentPurpose.FILE)
EARLY = dt.timedelta(minutes=10)  # how far a clock may go ahead of the server's


def record(session: Any, customer: Customer, purpose: ConsentPurpose, given: bool, now: dt.datetime, *,
           source: ConsentSource, text_version: str | None = None, by: int | None = None,
           at: dt.datetime | None = None, note: str | None = None) -> Consent:
    """Add that the customer has given (or, given=False, withdrawn) consent for a purpose; no commit.

    source: how it was said. text_version: of the text that was shown; None: the one in use at the store. by: the key of
    the person who records it; None: whoever acts, nobody where the system does. at: when it was said; None: now.
    What follows (the mark on the file, open marketing tasks void) is done in the same transaction. Raises RuleError
    with the field, Refused where the acting person may not add it.
    """
    actor = access.actor_of(session)
    version = text_version or session.scalars(access.ungated(
        sa.select(Store.consent_text).where(Store.id == customer.store_id))).one()
    row = Consent(
        store_id=customer.store_id, customer_id=customer.id, purpose=purpose, source=source, at=at or now, note=note,
        state=ConsentState.GIVEN if given else ConsentState.WITHDRAWN, text_version=version,
        by_id=by if by is not None else actor.user_id if actor is not None else None)
    saving.prepare(session, row, now)
    session.add(row)
    session.flush()
    saving.settle(session, row, now, created=True)
    return row


def prepare(session: Any, row: Consent, now: dt.datetime) -> None:
    """Check a consent before it is saved. Raises RuleError: at the field, or for a row that is there already."""
    if not is_new(row):
        raise RuleError(_l("A consent that was recorded is not changed; record a new one."))
    if ConsentPurpose.find(row.purpose) is None:
        raise RuleError(_l("Choose one of the list."), "purpose")
    if ConsentSource.find(row.source) is None:
        raise RuleError(_l("Choose one of the list."), "source")
    row.text_version = (row.text_version or "").strip()
    if not row.text_version:
        raise RuleError(_l("Say which text the customer has seen."), "text_version")
    if row.at > now + EARLY:
        raise RuleError(_l("A consent is recorded when it was given, not ahead."), "at")


def settle(session: Any, row: Consent, now: dt.datetime, created: bool) -> None:
    """The mark on the file follows, and open marketing tasks of a customer who withdrew are void."""
    refresh(session, {row.customer_id})
    customer = session.get(Customer, row.customer_id)
    if customer is not None and customer.marketing_withdrawn:
        customers.void_marketing(session, customer, now)


def standing(rows: Iterable[Any]) -> dict[ConsentPurpose, Any]:
    """Of the rows of history(): the one of each purpose that holds; a purpose without one is left out."""
    latest: dict[ConsentPurpose, Any] = {}
    for row in rows:
        latest.setdefault(ConsentPurpose(row.purpose), row)
    return latest


def history(session: Any, customer_id: int) -> list[Any]:
    """Everything that was recorded for a customer as plain rows, the latest first, as far as the gate shows it."""
    session.flush()
    return prepared.few(session, "consents", lambda: sa.select(
        Consent.id, Consent.purpose, Consent.state, Consent.at, Consent.source, Consent.text_version,
        Consent.by_id).where(Consent.customer_id == prepared.given("customer")).order_by(
        Consent.at.desc(), Consent.id.desc()), customer=customer_id)


def refresh(session: Any, ids: Iterable[int]) -> None:
    """Bring `marketing_withdrawn` of some customers up to date. The session acts as system."""
    session.flush()
    wanted = sorted(set(ids))
    latest: dict[tuple[int, str], str] = {}
    for number, purpose, state in session.execute(sa.select(Consent.customer_id, Consent.purpose, Consent.state).where(
            Consent.customer_id.in_(wanted), Consent.purpose.in_(FOR_MARKETING)).order_by(Consent.at, Consent.id)):
        latest[number, purpose] = state
    withdrawn = {number for (number, _purpose), state in latest.items() if state == ConsentState.WITHDRAWN}
    for value in (True, False):
        some = [number for number in wanted if (number in withdrawn) is value]
        if some:
            tasks.set_derived(session, some, {"marketing_withdrawn": sa.literal(value)})
