"""A task that a person makes or changes on the generated screen."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, clock
from admin_app.choices import Purpose
from admin_app.errors import RuleError
from admin_app.models import Customer, FollowUp, User
from admin_app.rules.followups import rules, tasks
from admin_app.rules.followups.blocking import MARKETING, opted_out


def prepare(session: Any, task: FollowUp, now: dt.datetime) -> None:
    """Fill in what a task needs and check whom it is given to. Raises RuleError at the field."""
    if task.customer_id is None:
        raise RuleError(_l("Choose a customer."), "customer_id")
    if task.due_on is None:
        raise RuleError(_l("Choose a day."), "due_on")
    if not (task.reason or "").strip():
        raise RuleError(_l("Give a reason."), "reason")
    is_new = task.occurrence is None
    if is_new:
        _fill(session, task, now)
    changed: Any = sa.inspect(task).attrs
    if is_new or changed.due_on.history.has_changes():
        if clock.local_day(task.due_at) != task.due_on:
            task.due_at = clock.at(task.due_on)
        if is_new and task.due_on < clock.local_day(now):
            raise RuleError(_l("Choose a day from today on."), "due_on")
    if is_new or changed.purpose.history.has_changes():
        _check_marketing(session, task)
    if task.assignee_id is not None and (is_new or changed.assignee_id.history.has_changes()):
        with session.no_autoflush:
            person = session.scalars(access.ungated(sa.select(User).where(User.id == task.assignee_id))).first()
            if person is None:
                raise RuleError(_l("Choose an active person of this store."), "assignee_id")
            tasks.check_assignee(session, task.store_id, task.customer_id, person)
    if changed.state.history.has_changes() and task.state not in (None, *tasks.OPEN_STATES) and task.closed_at is None:
        actor = access.actor_of(session)
        task.closed_at, task.closed_by_id = now, actor.user_id if actor else None


def _check_marketing(session: Any, task: FollowUp) -> None:
    """Nobody plans marketing for a customer who takes none. RuleError at `purpose`."""
    if Purpose.find(task.purpose) not in MARKETING:
        return
    with session.no_autoflush:
        customer = session.execute(access.ungated(sa.select(
            Customer.do_not_disturb, Customer.marketing_withdrawn).where(Customer.id == task.customer_id))).first()
    if customer is not None and opted_out(customer):
        raise RuleError(_l("This customer takes no marketing contacts; choose another purpose."), "purpose")


def _fill(session: Any, task: FollowUp, now: dt.datetime) -> None:
    task.occurrence = f"person:{secrets.token_hex(8)}"
    task.first_due_on = task.due_on
    if task.due_at is None:
        task.due_at = clock.at(task.due_on)
    actor = access.actor_of(session)
    if task.assignee_id is None and actor is not None:
        task.assignee_id = actor.user_id
    if task.rule_id is None:
        with session.no_autoflush:
            rule = rules.by_code(session, rules.MANUAL)
        task.rule_id = rule.id if rule is not None else None


def settle(session: Any, task: FollowUp, now: dt.datetime, created: bool) -> None:
    """The customer's next date follows."""
    tasks.refresh_customers(session, {task.customer_id})
