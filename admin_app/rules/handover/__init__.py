"""Hand-over of a leaver's work in one step (DOMAIN §3.9): everything that stands on somebody goes to others, and the
account is shut at once.

holdings.py  what stands on a person: every link to a user that means responsibility now, and those that are history
who.py       who may hand over whom, to whom it may go, and how much each of them has and can carry
shares.py    an even spread by capacity
draft.py     who would get what, row by row, without writing anything
giving.py    doing it, all in one transaction
"""

from __future__ import annotations

from admin_app.rules.handover.draft import ONE, POOL, SPREAD, Draft, Wishes, draft
from admin_app.rules.handover.giving import give, last_report
from admin_app.rules.handover.holdings import (
    BY_NAME,
    CUSTOMER,
    HISTORY,
    HOLDINGS,
    by_stage_and_grade,
    counts,
    has_anything,
)
from admin_app.rules.handover.who import check, deputies, may_hand_over, receivers, within_reach

__all__ = [
    "BY_NAME", "CUSTOMER", "HISTORY", "HOLDINGS", "ONE", "POOL", "SPREAD", "Draft", "Wishes", "by_stage_and_grade",
    "check", "counts", "deputies", "draft", "give", "has_anything", "last_report", "may_hand_over", "receivers",
    "within_reach",
]
