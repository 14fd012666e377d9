"""A store's hours and numbers: what they must say before they are saved. The clocks of complaints run by them."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from flask_babel import lazy_gettext as _l

from admin_app import access, clock
from admin_app.errors import RuleError
from admin_app.models import Store
from admin_app.rules.changes import changed, is_new
from admin_app.rules.followups import capping, tasks

HOURS = re.compile(r"(?:([01]?\d|2[0-3]):([0-5]\d)|(24):(00))")
# Limits and clocks that mean nothing at 0; the others (a cap of 0 contacts, no reveals without a task) do.
AT_LEAST_ONE = ("customers_each", "tasks_each", "contact_cap_days", "acknowledge_minutes", "understand_minutes",
                "propose_minutes", "finish_minutes", "recall_days", "recall_tries", "coverage_days")
QUIET, CAP = ("quiet_from", "quiet_until"), ("contact_cap", "contact_cap_days")


def prepare(session: Any, store: Store, now: dt.datetime) -> None:
    """Check a store and write its hours as 09:00. Raises RuleError at the field."""
    for name in ("opens", "closes", "digest_at", "evening_at"):
        given = getattr(store, name)
        if given is not None:
            setattr(store, name, _hours(given, name))
    if store.opens and store.closes and store.closes <= store.opens:
        raise RuleError(_l("A store closes later than it opens."), "closes")
    _quiet_hours(store)
    if store.digest_at and store.evening_at and store.evening_at <= store.digest_at:
        raise RuleError(_l("The evening note comes after the morning digest."), "evening_at")
    for name in AT_LEAST_ONE:
        given = getattr(store, name)
        if given is not None and given < 1:
            raise RuleError(_l("At least 1."), name)


    store.recounts = not is_new(store) and changed(store, *CAP)


def settle(session: Any, store: Store, now: dt.datetime, created: bool) -> None:
    """A new contact cap is counted anew for every customer of the store."""
    if store.__dict__.pop("recounts", False):
        with access.as_system(session, "contact cap changed"):
            tasks.set_caps(session, capping.different_in_store(session, store, clock.local_day(now)))


def _quiet_hours(store: Store) -> None:
    """Both or none; they may cross midnight."""
    for name in QUIET:
        given = (getattr(store, name) or "").strip()
        setattr(store, name, _hours(given, name).replace("24:00", "00:00") if given else None)
    begins, ends = (getattr(store, name) for name in QUIET)
    if bool(begins) is not bool(ends):
        raise RuleError(_l("Quiet hours need both times, or none."), QUIET[0] if ends else QUIET[1])
    if begins and begins == ends:
        raise RuleError(_l("Quiet hours end at another time than they begin."), QUIET[1])


def _hours(text: str, name: str) -> str:
    """9:00 or 09：00 as 09:00."""
    found = HOURS.fullmatch(text.strip().replace("：", ":"))
    if found is None:
        raise RuleError(_l("Hours and minutes, like 09:00."), name)
    hour, minute = [part for part in found.groups() if part is not None]
    return f"{int(hour):02}:{minute}"
