"""Complaints (DOMAIN §3.2; handbook, complaint handling): the procedure of the store, step by step.

    received → acknowledged → understood → analysed → proposed → finished → re-callback → closed
                                   ↑                                            │
                                   └────────── not satisfied: a new round ──────┘

intake.py    taking a complaint in: its number, its store, who is in charge
steps.py     the steps of the handling, one function each
callback.py  the re-callback: satisfied, not satisfied, not reached; the only ways to "closed"
steering.py  what managers decide beside the steps: re-route, escalate, approve, summarise
stations.py  which complaints are still being handled
people.py    who is in charge, who has handled it, who may take which step
clocks.py    how much time is left, and whom a late complaint is reported to
"""

from __future__ import annotations

from admin_app.rules.clocks import Clock
from admin_app.rules.complaints.callback import confirm_unreachable, recall, recall_failed
from admin_app.rules.complaints.clocks import clock, escalate_due
from admin_app.rules.complaints.intake import prepare, receive, settle
from admin_app.rules.complaints.people import allowed, handlers, in_charge
from admin_app.rules.complaints.steering import (
    approve_compensation,
    approve_user_cause,
    escalate,
    reroute,
    summarise,
)
from admin_app.rules.complaints.steps import acknowledge, analyse, finish, propose, understand

__all__ = [
    "Clock", "acknowledge", "allowed", "analyse", "approve_compensation", "approve_user_cause", "clock",
    "confirm_unreachable", "escalate", "escalate_due", "finish", "handlers", "in_charge", "prepare", "propose",
    "recall", "recall_failed", "receive", "reroute", "settle", "summarise", "understand",
]
