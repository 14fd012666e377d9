"""A manager allows one contact although the contact cap or the quiet hours speak against it (DOMAIN §3.1).

Never against do-not-disturb or a withdrawn consent. It holds for one task: for the cap until the next contact that is
logged for it, for quiet hours until these end. Who allowed it, when and why stands on the task and in the change
record.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import lazy_gettext as _l

from admin_app import access
from admin_app.choices import Purpose
from admin_app.errors import Refused, RuleError
from admin_app.models import Customer, FollowUp
from admin_app.rules.followups import tasks
from admin_app.rules.followups.blocking import blocked


def may_allow(actor: Any) -> bool:
    """Whether a person may allow a blocked contact: whoever gives follow-ups to others."""
    return bool(actor.may("followup", "assign"))


def allow(session: Any, task: FollowUp, reason: str, now: dt.datetime) -> None:
    """Let a blocked task be done once, for a reason. Refused for others than managers and for what nobody may allow;
    RuleError at `reason`, and where nothing is blocked. No commit."""
    actor = access.actor_of(session)
    if actor is None or not may_allow(actor):
        raise Refused(_l("Only a manager who assigns follow-ups may allow this contact."))
    tasks.check_open(task)
    customer = session.get(Customer, task.customer_id)
    block = blocked(session, customer, Purpose(task.purpose), now, task) if customer is not None else None
    if block is None:
        raise RuleError(_l("Nothing stands in the way of this contact."))
    if not block.may_be_allowed:
        raise Refused(block.sentence)
    task.allowed_reason = tasks.check_reason(reason)
    task.allowed_at, task.allowed_by_id = now, actor.user_id
    session.flush()


def use_up(task: FollowUp) -> None:
    """A contact was logged for the task: what was allowed is used, should the task stay open."""
    task.allowed_at = None
