"""Follow-ups 待跟进 (DOMAIN §3.1): who is to contact which customer when and why, and how that is settled.

rules.py     the rules as rows: which are enabled, whom they fit, when their task is due and when it is void
making.py    cases into tasks: nobody's task twice, the right person
staff.py     whom a task is given to
events.py    tasks that an event makes at once
dated.py     tasks that a date on a record makes, by the nightly job
planning.py  what a rule would make in the days to come; estimates.py: what events would have brought
confirming.py  files that nobody has confirmed for long, a few a person and day
calendar.py  birthdays (solar and lunar), anniversaries and festivals
contacts.py  what a contact settles, what it makes pointless, and the next one
tasks.py     done, snoozed, skipped, given to somebody else; the customer's next date
due.py       the due list, its order, the progress of the day
blocking.py  who must not be contacted for marketing now, why and until when
capping.py   the contact cap over all departments
allowing.py  a manager allows a blocked contact once
"""

from __future__ import annotations

from admin_app.rules.followups.allowing import allow, may_allow
from admin_app.rules.followups.blocking import MARKETING, blocked
from admin_app.rules.followups.contacts import after_visit, next_date_by_rule
from admin_app.rules.followups.dated import make_dated
from admin_app.rules.followups.due import Line, day_of, due_query, order, progress, tally, unassigned
from admin_app.rules.followups.events import lead_again, on_event
from admin_app.rules.followups.history import settle_history
from admin_app.rules.followups.planning import preview
from admin_app.rules.followups.tasks import (
    OPEN_STATES,
    done,
    plan,
    reassign,
    refresh_customers,
    settle_source,
    skip,
    snooze,
)

__all__ = [
    "MARKETING", "OPEN_STATES", "Line", "after_visit", "allow", "blocked", "day_of", "done", "due_query", "lead_again",
    "make_dated", "may_allow", "next_date_by_rule", "on_event", "order", "plan", "preview", "progress", "reassign",
    "refresh_customers", "settle_history", "settle_source", "skip", "snooze", "tally", "unassigned",
]
