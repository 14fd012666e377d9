"""A lead that another system hands over (POST /api/leads): a new file with its owner and first contact, or, where the
store has a file with that number already (DOMAIN §3.10: one customer per phone and store), an inquiry of that customer
and a first contact owed anew. The answer is the same, so that nobody learns from it who is a customer.

The same key again changes nothing: the key is taken in the transaction of the lead. A request without a key has the
day and what it says for one.
"""

from __future__ import annotations

import datetime as dt
import hmac
import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import cleaning, clock
from admin_app.choices import (
    ConsentPurpose,
    ConsentSource,
    Grade,
    InquiryChannel,
    InquiryState,
    NotificationKind,
    Source,
    Stage,
)
from admin_app.errors import RuleError
from admin_app.models import Customer, Inquiry, LeadRequest, LeadToken
from admin_app.rules import consents, followups, inquiries, notifications, saving
from admin_app.rules.leads import owners

TEXTS = ("name", "phone", "source", "model", "note")
LONGEST_NAME, LONGEST_MODEL, LONGEST_NOTE = 80, 80, 5_000
LONGEST_KEY = 200
KEPT = dt.timedelta(days=30)  # how long a key is known again
CHANNELS = {Source.PHONE: InquiryChannel.PHONE, Source.SOCIAL: InquiryChannel.SOCIAL}  # the rest came by the web
# stored, so in the store's language
ASKS_FOR, ASKS_AGAIN, UNSAID = "意向车型：", "再次留下联系方式，请尽快联系。", "留资时未表示同意营销联系"


class KeyTaken(RuleError):
    """The key was used for another lead before."""


@dataclass(frozen=True)
class Lead:
    """What a request says, cleaned. consent None: nothing was said about it, which is no consent."""

    name: str
    phone: str
    source: Source
    model: str | None
    note: str | None
    consent: bool | None


def read(body: Any) -> Lead:
    """The lead that a JSON body says. Raises RuleError with the name that the body has for the field."""
    if not isinstance(body, dict):
        raise RuleError(_l("A lead is a JSON object with name and phone."))
    said = {name: _text(body, name) for name in TEXTS}
    if said["name"] is None:
        raise RuleError(_l("A customer needs a name."), "name")
    for name, most in (("name", LONGEST_NAME), ("model", LONGEST_MODEL), ("note", LONGEST_NOTE)):
        if len(said[name] or "") > most:
            raise RuleError(_l("This text is longer than %(length)s characters.", length=most), name)
    phone = cleaning.phone(said["phone"])
    if phone.value is None:
        raise RuleError(phone.warnings[0] if phone.warnings else _l("A customer needs a phone number."), "phone")
    source = Source.find(said["source"] or Source.WEB)
    if source is None:
        raise RuleError(_l("The source is one of: %(names)s.", names=", ".join(Source)), "source")
    consent = body.get("consent")
    if consent is not None and not isinstance(consent, bool):
        raise RuleError(_l("Consent is true or false."), "consent")
    return Lead(said["name"], phone.value, source, said["model"], said["note"], consent)


def _text(body: dict[Any, Any], name: str) -> str | None:
    """A text of the body without blanks around it; None where it is missing or empty."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise RuleError(_l("This must be a text."), name)
    if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise RuleError(_l("This text has a character that cannot be stored."), name)
    return value.strip() or None


# ---------------------------------------------------------------- once


def fingerprint(secret: str, lead: Lead) -> str:
    """What a lead says in a form that tells nothing of it; the same for the same lead."""
    said = json.dumps([lead.name, lead.phone, lead.source, lead.model, lead.note, lead.consent])
    return hmac.digest(secret.encode(), said.encode(), "sha256").hex()


def key_of(secret: str, given: str | None, lead: Lead, now: dt.datetime) -> str:
    """The key under which a request is known again. RuleError where the given one cannot be one."""
    if given is None:
        return hmac.digest(secret.encode(), f"{clock.local_day(now)} {fingerprint(secret, lead)}".encode(),
                           "sha256").hex()
    if not given.strip() or len(given) > LONGEST_KEY:
        raise RuleError(_l("The key has between 1 and %(most)s characters.", most=LONGEST_KEY), "Idempotency-Key")
    return hmac.digest(secret.encode(), f"key {given}".encode("utf-8", "surrogatepass"), "sha256").hex()


def known(session: Any, token: LeadToken, key: str, mark: str) -> int | None:
    """The number of the lead that came with this key before; None where none did. KeyTaken where it said otherwise."""
    table = LeadRequest.__table__
    row = session.connection().execute(sa.select(table.c.id, table.c.body_hash).where(
        table.c.token_id == token.id, table.c.key == key)).first()
    if row is None:
        return None
    if not hmac.compare_digest(row.body_hash, mark):
        raise KeyTaken(_l("This key was used for another lead. Send a new key with a new lead."), "Idempotency-Key")
    return int(row.id)


def take(session: Any, token: LeadToken, lead: Lead, key: str, mark: str, now: dt.datetime) -> int:
    """Take a lead in and answer its number, which says nothing about the customer. The session acts as system; no
    commit. A second transaction with the key, or with the number of a new customer, fails on its index."""
    request = LeadRequest(token_id=token.id, key=key, body_hash=mark, created_at=now)
    session.add(request)
    session.flush()
    found = customer_with(session, token.store_id, lead.phone)
    customer = found or _new_file(session, token, lead, now)
    if found is not None:
        _asks_again(session, token, found, lead, now)
    request.owner_id = customer.owner_id
    notifications.notify(session, customer.owner_id, NotificationKind.CUSTOMER,
                         _l("New lead for you: %(name)s", name=customer.name),
                         f"/admin/customer/details/?id={customer.id}", f"lead:{request.id}", now)
    return int(request.id)


def customer_with(session: Any, store_id: int, phone: str) -> Customer | None:
    """The store's file with a number; of files that share it the one that is not kept apart, else the oldest."""
    found: Customer | None = session.scalars(sa.select(Customer).where(
        Customer.store_id == store_id, Customer.phone == phone).order_by(
        Customer.kept_apart, Customer.id).limit(1)).first()
    return found


def _new_file(session: Any, token: LeadToken, lead: Lead, now: dt.datetime) -> Customer:
    customer = Customer(
        store_id=token.store_id, name=lead.name, phone=lead.phone, source=lead.source, source_detail=token.name,
        model_wish=lead.model, note=lead.note, stage=Stage.LEAD,
        owner_id=owners.next_owner(session, token.store_id, now))
    saving.prepare(session, customer, now)
    session.add(customer)
    saving.settle(session, customer, now, created=True)
    consents.record(session, customer, ConsentPurpose.MARKETING, lead.consent is True, now, source=ConsentSource.WEB,
                    note=UNSAID if lead.consent is None else None)
    return customer


def _asks_again(session: Any, token: LeadToken, customer: Customer, lead: Lead, now: dt.datetime) -> None:
    """Who is on file asks for a car: what was said stands as an inquiry, and the first contact is owed anew. A lost
    customer is a lead again; who stood in the pool gets an owner. Consent that is given now is added; saying no, or
    nothing, on a web form withdraws nothing. What the file says otherwise stays."""
    if customer.stage == Stage.LOST:
        customer.stage, customer.grade = Stage.LEAD, Grade.N
    if customer.owner_id is None:
        customer.owner_id = owners.next_owner(session, customer.store_id, now)
    if customer.model_wish is None:
        customer.model_wish = lead.model
    saving.prepare(session, customer, now)
    saving.settle(session, customer, now, created=False)
    if lead.consent:
        consents.record(session, customer, ConsentPurpose.MARKETING, True, now, source=ConsentSource.WEB)
    wish = [ASKS_FOR + lead.model] if lead.model else []
    inquiry = Inquiry(
        store_id=customer.store_id, customer_id=customer.id, channel=CHANNELS.get(lead.source, InquiryChannel.WEB_CHAT),
        question="\n".join([*([lead.note] if lead.note else []), *wish]) or ASKS_AGAIN, owner_id=customer.owner_id,
        received_at=now, state=InquiryState.OPEN)
    saving.prepare(session, inquiry, now)
    session.add(inquiry)
    session.flush()
    if not followups.lead_again(session, customer, inquiry, lead.source, now):
        inquiries.settle(session, inquiry, now, created=True)
