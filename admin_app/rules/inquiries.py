"""An inquiry 咨询: answered or given a plan within 24 hours (DOMAIN §3.1), else reported upwards; it may turn out to be
a complaint.

How long it has says the follow-up rule of inquiries; calendar hours, since whoever asks does not keep the store's
hours.
An answer or a plan stops the clock and settles the task; so does a logged contact that names the task.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, cleaning
from admin_app.choices import (
    ComplaintArea,
    ComplaintChannel,
    FollowUpState,
    InquiryChannel,
    InquiryState,
    Stage,
    Trigger,
)
from admin_app.errors import RuleError
from admin_app.models import Complaint, Customer, FollowUp, Inquiry, User, Visit
from admin_app.rules import followups
from admin_app.rules.changes import changed, is_new
from admin_app.rules.clocks import Clock
from admin_app.rules.followups import rules, tasks

S = InquiryState
RULE = "inquiry_answer"  # the follow-up rule that says how long an inquiry has
USUAL = dt.timedelta(hours=24)  # where that rule is gone (handbook)
AHEAD = dt.timedelta(minutes=5)  # a clock that goes a little wrong is not an error
WAITING = (S.OPEN,)
COMPLAINT_CHANNELS = {
    InquiryChannel.PHONE: ComplaintChannel.PHONE, InquiryChannel.EMAIL: ComplaintChannel.WEB,
    InquiryChannel.WEB_CHAT: ComplaintChannel.WEB, InquiryChannel.SOCIAL: ComplaintChannel.SOCIAL}


def prepare(session: Any, inquiry: Inquiry, now: dt.datetime) -> list[tuple[str, Any]]:
    """Fill in and check an inquiry. Raises RuleError at the field; returns remarks on the phone number."""
    if not (inquiry.question or "").strip():
        raise RuleError(_l("Write down what is asked."), "question")
    notices = _who_asks(session, inquiry)
    if is_new(inquiry):
        inquiry.received_at = inquiry.received_at or now
        if inquiry.received_at > now + AHEAD:
            raise RuleError(_l("An inquiry is not received in the future."), "received_at")
        inquiry.channel = inquiry.channel or InquiryChannel.PHONE
        inquiry.owner_id = inquiry.owner_id or _usual_owner(session, inquiry)
        inquiry.due_at = due_at(session, inquiry)
    elif changed(inquiry, "received_at"):
        raise RuleError(_l("This is fixed once the inquiry is taken in."), "received_at")
    if changed(inquiry, "owner_id") and inquiry.owner_id is not None:
        _check_owner(session, inquiry)
    _state(inquiry, now)
    return notices


def _who_asks(session: Any, inquiry: Inquiry) -> list[tuple[str, Any]]:
    """A file of the store, or else a name and a number that can be called."""
    if inquiry.customer_id is not None:
        if is_new(inquiry) or changed(inquiry, "customer_id"):
            with session.no_autoflush:
                store_id = session.scalars(
                    sa.select(Customer.store_id).where(Customer.id == inquiry.customer_id)).first()
            if store_id is None or (not is_new(inquiry) and store_id != inquiry.store_id):
                raise RuleError(_l("There is no such customer."), "customer_id")
            inquiry.store_id = store_id
    elif not (inquiry.name or "").strip():
        raise RuleError(_l("Choose the customer, or give the name and number of who asks."), "name")
    if not changed(inquiry, "phone") and inquiry.phone:
        return []
    found = cleaning.phone(inquiry.phone)
    if found.value is None and (inquiry.customer_id is None or found.warnings):
        raise RuleError(found.warnings[0] if found.warnings else _l("Give the number of who asks."), "phone")
    if inquiry.phone != found.value:
        inquiry.phone = found.value
    return [("phone", warning) for warning in found.warnings]


def _usual_owner(session: Any, inquiry: Inquiry) -> int | None:
    """Who keeps the customer, else who takes the inquiry in."""
    actor = access.actor_of(session)
    kept = None
    if inquiry.customer_id is not None:
        with session.no_autoflush:
            kept = session.scalars(access.ungated(sa.select(Customer.owner_id).join(
                User, User.id == Customer.owner_id).where(Customer.id == inquiry.customer_id, User.active))).first()
    return kept or (actor.user_id if actor is not None else None)


def _check_owner(session: Any, inquiry: Inquiry) -> None:
    """Whoever is in charge works in the store and, where there is a file, may see it."""
    with session.no_autoflush:
        person = session.scalars(access.ungated(sa.select(User).where(User.id == inquiry.owner_id))).first()
    if person is None or not person.is_active or (person.store_id != inquiry.store_id and not person.group_wide):
        raise RuleError(_l("Choose an active person of this store."), "owner_id")
    if inquiry.customer_id is not None:
        try:
            tasks.check_assignee(session, inquiry.store_id, inquiry.customer_id, person)
        except RuleError as error:
            raise RuleError(error.message, "owner_id") from error


def _state(inquiry: Inquiry, now: dt.datetime) -> None:
    """The state follows from the plan and the answer; closed is said by a person."""
    planned, answered = bool((inquiry.plan or "").strip()), bool((inquiry.answer or "").strip())
    state = S(inquiry.state or S.OPEN)
    if state in (S.OPEN, S.PLANNED) and answered:
        state = S.ANSWERED
    elif state == S.OPEN and planned:
        state = S.PLANNED
    if state == S.PLANNED and not planned:
        raise RuleError(_l("Write down the plan: what will be done and until when."), "plan")
    if state in (S.ANSWERED, S.CLOSED) and not answered and inquiry.complaint_id is None:
        raise RuleError(_l("Write down the answer."), "answer")
    inquiry.state = state
    if planned and inquiry.planned_at is None:
        inquiry.planned_at = now
    if answered and inquiry.answered_at is None:
        inquiry.answered_at = now


def due_at(session: Any, inquiry: Inquiry) -> dt.datetime:
    """Until when it is to be answered: by the follow-up rule of inquiries."""
    with session.no_autoflush:
        rule = rules.by_code(session, RULE)
        if rule is None:
            return inquiry.received_at + USUAL
        from admin_app.models import Store

        store = session.scalars(access.ungated(sa.select(Store).where(Store.id == inquiry.store_id))).first()
    moment: dt.datetime = rules.due(rule, inquiry.received_at, store)[1]
    return moment if moment > inquiry.received_at else inquiry.received_at + USUAL


def settle(session: Any, inquiry: Inquiry, now: dt.datetime, created: bool) -> None:
    """A new one is owed an answer; one that has it, or a plan, owes nothing. The task goes to whoever is in charge."""
    if inquiry.state not in WAITING:
        tasks.settle_source(session, "inquiry", inquiry.id, now, state=FollowUpState.DONE)
    elif created:
        followups.on_event(session, Trigger.INQUIRY, inquiry, now)
    else:
        for task in _open_tasks(session, inquiry.id):
            task.assignee_id = inquiry.owner_id or task.assignee_id


def _open_tasks(session: Any, inquiry_id: int) -> list[FollowUp]:
    return list(session.scalars(sa.select(FollowUp).where(
        FollowUp.source_table == "inquiry", FollowUp.source_id == inquiry_id,
        FollowUp.state.in_(tasks.OPEN_STATES))))


def answered_by(session: Any, inquiry_id: int | None, visit: Visit, now: dt.datetime) -> None:
    """A contact has settled the task of an inquiry: what was said is its answer. The session acts as system."""
    inquiry = session.get(Inquiry, inquiry_id)
    if inquiry is None or inquiry.state not in (S.OPEN, S.PLANNED):
        return
    inquiry.answer = visit.content or visit.summary or str(getattr(visit.result, "label", "")) or None
    inquiry.state, inquiry.answered_at = S.ANSWERED, now
    if inquiry.answer is None:
        inquiry.answer = str(_l("Answered by a contact"))


# ---------------------------------------------------------------- the clock


def clock(inquiry: Inquiry | Any, now: dt.datetime) -> Clock | None:
    """The clock of an inquiry that waits; None once it has an answer or a plan."""
    if inquiry.state not in WAITING:
        return None
    limit = int((inquiry.due_at - inquiry.received_at).total_seconds() // 60)
    used = int((now - inquiry.received_at).total_seconds() // 60)
    return Clock(inquiry.received_at, max(1, limit), max(0, used), calendar=True)


def late(now: dt.datetime) -> Any:
    """Select of the inquiries whose time has run out."""
    return sa.select(Inquiry).where(Inquiry.state.in_(WAITING), Inquiry.due_at <= now)


def reported() -> Any:
    """Select of the inquiries that wait still and were reported to somebody as late."""
    return sa.select(Inquiry).where(Inquiry.state.in_(WAITING), Inquiry.escalated_to >= 1)


# ---------------------------------------------------------------- what it may become


def to_complaint(session: Any, inquiry: Inquiry, by: User, now: dt.datetime) -> Complaint:
    """Take an inquiry in as a complaint, its text carried over; the inquiry is closed with it. Done twice it leads to
    the same complaint. RuleError where the store has no file of whoever asks."""
    from admin_app.rules import complaints

    if inquiry.complaint_id is not None:
        return session.get(Complaint, inquiry.complaint_id)
    if inquiry.customer_id is None:
        raise RuleError(_l("A complaint needs the customer's file. Choose the customer on the inquiry first."),
                        "customer_id")
    stage = session.scalars(sa.select(Customer.stage).where(Customer.id == inquiry.customer_id)).first()
    complaint = Complaint(
        customer_id=inquiry.customer_id, text=inquiry.question, received_at=now,
        channel=COMPLAINT_CHANNELS[InquiryChannel(inquiry.channel)],
        area=ComplaintArea.SALES if stage in (Stage.LEAD, Stage.PROSPECT) else ComplaintArea.SERVICE)
    complaints.receive(session, complaint, by, now)
    inquiry.complaint_id, inquiry.state = complaint.id, S.CLOSED
    session.flush()
    with access.as_system(session, "follows from inquiry"):
        settle(session, inquiry, now, created=False)
    return complaint
