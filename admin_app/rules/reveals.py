"""Showing a private value in full (DOMAIN 3.9, SAFETY "Private fields").

An open task for the customer is the reason; without one a reason is typed, and only so many a day
(Store.reveals_each, default 30). Without a signed agreement nobody reveals or exports. Every reveal is logged in
the transaction that shows the value.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import trail
from admin_app.access import actor_of
from admin_app.choices import AccessVerb, ComplaintState, FollowUpState, InquiryState, RepairState
from admin_app.columns import field_of
from admin_app.errors import Refused, RuleError
from admin_app.models import AccessLog, Agreement, Complaint, FollowUp, RepairOrder, Store, User

UNANSWERED = (InquiryState.OPEN, InquiryState.PLANNED)
SHORTEST_REASON = 4  # characters (default)


class NeedsReason(RuleError):
    """There is no open task for this customer: the person must say why."""


def agreement_signed(session: Any, user_id: int, today: dt.date) -> bool:
    """Whether the person has signed the agreement that is valid today; True where the store has none."""
    valid = session.scalars(
        sa.select(Agreement.version_name).where(Agreement.valid_from <= today, Agreement.deleted_at.is_(None))
        .order_by(Agreement.valid_from.desc(), Agreement.id.desc()).limit(1)).first()
    signed = session.scalars(sa.select(User.agreement_version).where(User.id == user_id)).first()
    return valid is None or signed == valid


def open_task(session: Any, user_id: int, customer_id: int) -> str | None:
    """The person's open task for a customer as "followup 12", or None."""
    questions = (
        ("followup", sa.select(FollowUp.id).where(
            FollowUp.customer_id == customer_id, FollowUp.assignee_id == user_id, FollowUp.deleted_at.is_(None),
            FollowUp.state.in_([FollowUpState.OPEN, FollowUpState.SNOOZED]))),
        ("complaint", sa.select(Complaint.id).where(
            Complaint.customer_id == customer_id, Complaint.owner_id == user_id, Complaint.deleted_at.is_(None),
            Complaint.state != ComplaintState.CLOSED)),
        ("repair_order", sa.select(RepairOrder.id).where(
            RepairOrder.customer_id == customer_id, RepairOrder.advisor_id == user_id,
            RepairOrder.deleted_at.is_(None), RepairOrder.state.not_in([RepairState.CLOSED, RepairState.CANCELLED]))),
    )
    for table, question in questions:
        found = session.scalars(question.limit(1)).first()
        if found is not None:
            return f"{table} {found}"
    return None


def reveals_without_task(session: Any, user_id: int, since: dt.datetime) -> int:
    """How many values a person has revealed by a typed reason since a time (the beginning of the day)."""
    return session.scalar(
        sa.select(sa.func.count(AccessLog.id)).where(
            AccessLog.user_id == user_id, AccessLog.verb == AccessVerb.REVEAL, AccessLog.at >= since,
            AccessLog.task.is_(None)).execution_options(ungated=True)) or 0


def check_agreement(session: Any, today: dt.date) -> None:
    """Refused without a signed agreement; nothing to check for the system."""
    actor = actor_of(session)
    if actor is not None and actor.user_id is not None and not agreement_signed(session, actor.user_id, today):
        raise Refused(_l("Sign the confidentiality agreement first; without it nobody reveals or exports."))


def reveal(session: Any, row: Any, name: str, reason: str, *, today: dt.date, day_began: dt.datetime) -> str:
    """The full private value of one field, logged. The caller commits.

    Raises Refused (no right, no agreement, limit of the day reached) and NeedsReason (no task, no reason typed).
    """
    table, actor = row.__tablename__, actor_of(session)
    field = field_of(type(row), name)
    if actor is None or actor.user_id is None or not field.private or not actor.may(table, "reveal"):
        raise Refused(_l("You may not see the whole value."))
    check_agreement(session, today)
    customer_id = row.id if table == "customer" else getattr(row, "customer_id", None)
    task = open_task(session, actor.user_id, customer_id) if customer_id else None
    if task is None and table == "inquiry" and row.owner_id == actor.user_id and row.state in UNANSWERED:
        task = f"inquiry {row.id}"  # of somebody without a file
    if task is None:
        _check_reason(session, actor.user_id, actor.store_id, reason.strip(), day_began)
    trail.note(session, AccessVerb.REVEAL, table, row.id, field=name, task=task,
               reason=None if task else reason.strip())
    return str(getattr(row, name) or "").removeprefix("+86")


def _check_reason(session: Any, user_id: int, store_id: int | None, reason: str, day_began: dt.datetime) -> None:
    if len(reason) < SHORTEST_REASON:
        raise NeedsReason(_l("You have no open task for this customer. The reason is logged with your name."))
    most = session.scalars(sa.select(Store.reveals_each).where(Store.id == store_id)).first()
    if most is not None and reveals_without_task(session, user_id, day_began) >= most:
        raise Refused(_l("You have revealed %(most)s numbers without a task today; that is the limit. "
                         "Ask your manager.", most=most))
