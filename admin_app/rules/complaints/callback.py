"""The re-callback 复访 (DOMAIN §3.2, 6): within 3 days, by a person who did not handle the complaint.

Satisfied closes it. Not satisfied sends it back for a new analysis. Not reached is counted; after three times a
manager may confirm that the customer cannot be reached. There is no other way to "closed".
Every attempt is a contact with the customer and stands among the visits.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access
from admin_app.choices import (
    Channel,
    ComplaintState,
    FollowUpState,
    Purpose,
    StepKind,
    VisitResult,
    VisitState,
)
from admin_app.models import Complaint, FollowUp, User, Visit
from admin_app.rules.complaints import people
from admin_app.rules.complaints.log import needed, next_station, write


def recall(session: Any, complaint: Complaint, by: User, now: dt.datetime, *, satisfied: bool, note: str) -> None:
    """The customer was reached. Satisfied: closed. Not satisfied: a new round, waiting for a new analysis."""
    people.check(session, "recall", complaint, by)
    said = needed(note, "note", _l("Write down what the customer said."))
    complaint.recalled_at, complaint.recalled_by_id, complaint.satisfied = now, by.id, satisfied
    if satisfied:
        _close(complaint, now)
        write(session, complaint, StepKind.RECALL_SATISFIED, by, now, said)
    else:
        write(session, complaint, StepKind.RECALL_NOT_SATISFIED, by, now, said)
        _begin_again(complaint)
        session.flush()
    result = VisitResult.SOLVED if satisfied else VisitResult.NEW_PROBLEM
    _settle_task(session, complaint, by, now, _log_contact(session, complaint, by, now, result, said))


def recall_failed(session: Any, complaint: Complaint, by: User, now: dt.datetime, *, note: str = "") -> None:
    """The customer was not reached; the attempt is counted and the re-callback is still owed."""
    people.check(session, "recall_failed", complaint, by)
    complaint.recall_attempts += 1
    write(session, complaint, StepKind.RECALL_FAILED, by, now, note)
    _log_contact(session, complaint, by, now, VisitResult.NOT_REACHED, note.strip() or None)


def confirm_unreachable(session: Any, complaint: Complaint, by: User, now: dt.datetime, *, note: str = "") -> None:
    """A manager confirms that the customer could not be reached three times; the complaint is closed unanswered."""
    people.check(session, "confirm_unreachable", complaint, by)
    complaint.satisfied = None
    _close(complaint, now)
    write(session, complaint, StepKind.CONFIRM_UNREACHABLE, by, now, note)
    _settle_task(session, complaint, by, now, None)


def _close(complaint: Complaint, now: dt.datetime) -> None:
    complaint.state, complaint.closed_at = ComplaintState.CLOSED, now
    next_station(complaint)


def _begin_again(complaint: Complaint) -> None:
    """Back to the analysis: one round more; what the last round found stays to be read until it is replaced."""
    complaint.loops += 1
    complaint.state = ComplaintState.UNDERSTOOD
    complaint.analysed_at = complaint.proposed_at = complaint.finished_at = None
    complaint.finished_by_id = complaint.recall_due_on = None
    complaint.recall_attempts = 0
    complaint.user_cause_approved_by_id = None
    next_station(complaint)


def _log_contact(session: Any, complaint: Complaint, by: User, now: dt.datetime, result: VisitResult,
                 said: str | None) -> Visit:
    """The attempt as a visit, through the same road as every visit."""
    from admin_app.rules import saving

    with access.as_system(session, "re-callback"):
        visit = Visit(
            store_id=complaint.store_id, customer_id=complaint.customer_id, vehicle_id=complaint.vehicle_id,
            staff_id=by.id, created_by_id=by.id, at=now, state=VisitState.DONE, channel=Channel.PHONE, outbound=True,
            purpose_kind=Purpose.COMPLAINT, purpose=str(_l("Re-callback %(number)s", number=complaint.number)),
            result=result, content=said)
        saving.prepare(session, visit, now)
        session.add(visit)
        session.flush()
        saving.settle(session, visit, now, created=True)
    return visit


def open_tasks(session: Any, complaint: Complaint) -> list[FollowUp]:
    """The re-callback tasks of a complaint that are still owed."""
    return list(session.scalars(sa.select(FollowUp).where(
        FollowUp.source_table == "complaint", FollowUp.source_id == complaint.id,
        FollowUp.state.in_([FollowUpState.OPEN, FollowUpState.SNOOZED])).order_by(FollowUp.id)))


def _settle_task(session: Any, complaint: Complaint, by: User, now: dt.datetime, visit: Visit | None) -> None:
    """The re-callback is no longer owed."""
    from admin_app.rules.followups import tasks

    with access.as_system(session, "re-callback made"):
        for task in open_tasks(session, complaint):
            tasks.close(session, task, FollowUpState.DONE, now, by=by.id, visit_id=visit.id if visit else None)
        tasks.refresh_customers(session, {complaint.customer_id})
