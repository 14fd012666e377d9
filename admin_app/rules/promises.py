"""A promise: what is owed, and the reminder a day ahead (DOMAIN §3.1)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, clock
from admin_app.choices import FollowUpState, PromiseState, Trigger
from admin_app.errors import RuleError
from admin_app.models import Customer, FollowUp, Promise
from admin_app.rules import followups
from admin_app.rules.changes import changed, is_new, store_of
from admin_app.rules.followups import tasks


def prepare(session: Any, promise: Promise, now: dt.datetime) -> None:
    """Fill in and check a promise. Raises RuleError at the field."""
    if promise.customer_id is None:
        raise RuleError(_l("Choose a customer."), "customer_id")
    if not (promise.what or "").strip():
        raise RuleError(_l("Say what was promised."), "what")
    if promise.due_on is None:
        raise RuleError(_l("Say until when it is promised."), "due_on")
    if changed(promise, "customer_id"):
        store_id = store_of(session, Customer, promise.customer_id)
        if store_id is None:
            raise RuleError(_l("There is no such customer."), "customer_id")
        promise.store_id = store_id
    promise.state = promise.state or PromiseState.OPEN
    if promise.state == PromiseState.OPEN and promise.due_on < clock.local_day(now) and (
            is_new(promise) or changed(promise, "due_on")):
        raise RuleError(_l("Choose a day from today on."), "due_on")
    if is_new(promise) and promise.by_id is None:
        actor = access.actor_of(session)
        promise.by_id = actor.user_id if actor is not None else None
    if promise.state == PromiseState.OPEN:
        promise.settled_at = None
    elif promise.settled_at is None:
        promise.settled_at = now


def settle(session: Any, promise: Promise, now: dt.datetime, created: bool) -> None:
    """An open promise is reminded of; a settled one needs no reminder, nor does a day that was changed."""
    if promise.state != PromiseState.OPEN:
        kept = promise.state == PromiseState.KEPT
        tasks.settle_source(session, "promise", promise.id, now,
                            state=FollowUpState.DONE if kept else FollowUpState.VOID)
        return
    outdated = session.scalars(sa.select(FollowUp).where(
        FollowUp.source_table == "promise", FollowUp.source_id == promise.id,
        FollowUp.state.in_(tasks.OPEN_STATES), ~FollowUp.occurrence.endswith(f":{promise.due_on}")))
    for task in outdated:
        tasks.close(session, task, FollowUpState.VOID, now, note=tasks.NEW_DATE)
    tasks.refresh_customers(session, {promise.customer_id})
    followups.on_event(session, Trigger.PROMISE_DUE, promise, now)
