"""What happens to a row before and after it is saved, by whatever road: form, quick log, import.

prepare() normalises and checks, settle() runs what follows. Both go by the row's table to the file of its rules;
screens and the importer call these two and repeat no check.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from importlib import import_module
from typing import Any

from flask_babel import lazy_gettext as _l

from admin_app import access, scope
from admin_app.columns import fields
from admin_app.errors import RuleError
from admin_app.rules.changes import store_of

# table → the file of its rules; each has prepare(session, row, now) and, where anything follows, settle(…, created).
RULES = {
    "customer": "customers", "vehicle": "vehicles", "visit": "visits", "promise": "promises",
    "repair_order": "repair_orders", "followup": "followups.by_hand", "followup_rule": "followups.rule_rows",
    "complaint": "complaints", "campaign": "campaigns", "campaign_member": "campaigns", "campaign_cost": "campaigns",
    "store": "stores", "segment": "segments", "calendar_day": "calendar_days", "consent": "consents",
    "inquiry": "inquiries", "lead_token": "leads.tokens",
}
# settled in the system's name here
SYSTEM = {"customer", "vehicle", "visit", "promise", "repair_order", "followup", "consent", "inquiry"}
PARENTS = ("customer_id", "campaign_id", "vehicle_id", "complaint_id")
CLEANED = {"phone", "vin", "plate", "id_number"}  # kinds that cleaning shortens
LONGEST_NOTE = 20_000
SMALLEST_WHOLE, LARGEST_WHOLE = -(2**31), 2**31 - 1
LARGEST_AMOUNT = Decimal(10) ** 10

Notices = list[tuple[str, Any]]


def prepare(session: Any, row: Any, now: dt.datetime) -> Notices:
    """Normalise and check a row before it is saved. Raises RuleError with the field.

    Returns what a person should know though it does not refuse the row: (field, sentence) pairs, often none.
    """
    with session.no_autoflush:  # nothing is written before it is checked, and what has changed stays to be seen
        _place(session, row)
        check_storable(row, raw=True)
        notices = _call(row, "prepare", session, row, now) or []
        check_storable(row)
    return notices


def settle(session: Any, row: Any, now: dt.datetime, created: bool) -> None:
    """Run what follows from a row that was saved (flushed): tasks, dates, states. In the system's name; no commit."""
    session.flush()
    if row.__tablename__ in SYSTEM:
        with access.as_system(session, f"follows from {row.__tablename__}"):
            _call(row, "settle", session, row, now, created)
    else:
        _call(row, "settle", session, row, now, created)


def _call(row: Any, name: str, *args: Any) -> Any:
    home = RULES.get(row.__tablename__)
    if home is None:
        return None
    function = getattr(import_module(f"admin_app.rules.{home}"), name, None)
    return function(*args) if function is not None else None


def _place(session: Any, row: Any) -> None:
    """The store of a new row: that of its customer, campaign, vehicle or complaint, else the acting person's."""
    if "store_id" not in row.__table__.c or row.store_id is not None or row.__tablename__ in scope.SHARED:
        return
    from admin_app.models import BY_TABLE

    for name in PARENTS:
        key = getattr(row, name, None)
        if key is not None:
            target = BY_TABLE[row.__table__.c[name].info["field"].target]
            found = store_of(session, target, key)
            if found is not None:
                row.store_id = found
                return
    actor = access.actor_of(session)
    row.store_id = actor.store_id if actor is not None else None


def check_storable(row: Any, raw: bool = False) -> None:
    """Refuse, with a sentence, what a database would refuse with an error: over-long text, NUL, huge numbers.

    raw: phones, plates and the like still stand as they were typed and will be shortened by cleaning.
    """
    for name, column, field in fields(type(row)):
        value = getattr(row, name)
        if isinstance(value, str):
            free = field.kind == "choice" or (raw and field.kind in CLEANED)
            _check_text(name, value, None if free else getattr(column.type, "length", None))
        elif isinstance(value, int | Decimal) and not isinstance(value, bool) and not _fits(value):
            raise RuleError(_l("This number is too large."), name)


def _fits(value: int | Decimal) -> bool:
    if isinstance(value, int):
        return SMALLEST_WHOLE <= value <= LARGEST_WHOLE
    return value.is_finite() and abs(value) < LARGEST_AMOUNT


def _check_text(name: str, value: str, length: int | None) -> None:
    most = length or LONGEST_NOTE
    if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise RuleError(_l("This text has a character that cannot be stored."), name)
    if len(value) > most:
        raise RuleError(_l("This text is longer than %(length)s characters.", length=most), name)
