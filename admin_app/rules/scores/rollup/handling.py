"""Whether the handling of a complaint was finished in time, by the clock of its store (complaint_on_time).

The clock runs in store hours, which only workdays.py knows. One that is still being handled is late from a time on
that every store has for all of them: the later a complaint was received, the later its time is up.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from admin_app.rules import workdays
from admin_app.rules.scores.rollup.tally import Sums
from admin_app.rules.scores.tongue import Days


def minutes_of(store: Any) -> int:
    """Minutes of store hours that all steps together may take."""
    return int(store.acknowledge_minutes + store.understand_minutes + store.propose_minutes + store.finish_minutes)


def time_up(received: dt.datetime, store: Any) -> dt.datetime:
    """When the handling of a complaint received then should be finished."""
    return workdays.add_working_minutes(received, minutes_of(store), store)


def late_before(now: dt.datetime, store: Any) -> dt.datetime:
    """Complaints received before this time and not finished yet are late now; to the microsecond."""
    step = dt.timedelta(microseconds=1)
    early, late = now - dt.timedelta(minutes=minutes_of(store)) - dt.timedelta(days=1), now
    while time_up(early, store) >= now:
        early -= now - early
    while late - early > step:  # late at `early`, not yet at `late`
        middle = early + (late - early) // 2
        early, late = (middle, late) if time_up(middle, store) < now else (early, middle)
    return late


def add_handled(sums: Sums, complaint: Any, store: Any, days: Days, sign: int) -> None:
    """A complaint that was handled, for the person in charge; those of old ledgers tell no time."""
    if complaint is None or complaint.deleted_at is not None or complaint.imported or complaint.finished_at is None:
        return
    in_time = complaint.finished_at <= time_up(complaint.received_at, store)
    sums.add(complaint.owner_id, days.of(complaint.received_at), complaint.store_id,
             {"handled": 1, "handled_timely": int(in_time)}, sign)
