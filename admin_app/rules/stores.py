"""A store's hours and numbers: what they must say before they are saved. The clocks of complaints run by them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from flask_babel import lazy_gettext as _l

from admin_app.errors import RuleError
from admin_app.models import Store

HOURS = re.compile(r"(?:([01]?\d|2[0-3]):([0-5]\d)|(24):(00))")
# Limits and clocks that mean nothing at 0; the others (a cap of 0 contacts, no reveals without a task) do.
AT_LEAST_ONE = ("customers_each", "tasks_each", "contact_cap_days", "acknowledge_minutes", "understand_minutes",
                "propose_minutes", "finish_minutes", "recall_days", "recall_tries", "coverage_days")


def prepare(session: Any, store: Store, now: dt.datetime) -> None:
    """Check a store and write its hours as 09:00. Raises RuleError at the field."""
    for name in ("opens", "closes", "digest_at", "evening_at"):
        given = getattr(store, name)
        if given is not None:
            setattr(store, name, _hours(given, name))
    if store.opens and store.closes and store.closes <= store.opens:
        raise RuleError(_l("A store closes later than it opens."), "closes")
    if store.digest_at and store.evening_at and store.evening_at <= store.digest_at:
        raise RuleError(_l("The evening note comes after the morning digest."), "evening_at")
    for name in AT_LEAST_ONE:
        given = getattr(store, name)
        if given is not None and given < 1:
            raise RuleError(_l("At least 1."), name)


def _hours(text: str, name: str) -> str:
    """9:00 or 09：00 as 09:00."""
    found = HOURS.fullmatch(text.strip().replace("：", ":"))
    if found is None:
        raise RuleError(_l("Hours and minutes, like 09:00."), name)
    hour, minute = [part for part in found.groups() if part is not None]
    return f"{int(hour):02}:{minute}"
