"""Taking a complaint in (DOMAIN §3.2): its number, its store and who is in charge; and what follows from a save."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access
from admin_app.choices import ComplaintLevel, ComplaintState, FollowUpState, StepKind, Trigger
from admin_app.clock import local_day, zone
from admin_app.errors import RuleError
from admin_app.models import Complaint, ComplaintStep, Customer, FollowUp, Role, Store, User, Vehicle
from admin_app.rules.complaints import people
from admin_app.rules.complaints.callback import open_tasks
from admin_app.rules.complaints.log import tell, write
from admin_app.rules.complaints.steering import to_the_top

AHEAD = dt.timedelta(minutes=5)  # a clock that goes a little wrong is not an error
# What is fixed at the intake: the clocks and the person in charge follow from it.
FIXED = ("customer_id", "received_at", "level", "area")


def receive(session: Any, complaint: Complaint, by: User, now: dt.datetime) -> None:
    """Take a complaint in that a screen or a rule has filled: the one road beside the form and the import."""
    complaint.created_by_id = by.id
    prepare(session, complaint, now)
    session.add(complaint)
    session.flush()
    settle(session, complaint, now, created=True)


def prepare(session: Any, complaint: Complaint, now: dt.datetime) -> None:
    """Check a complaint before it is saved and give a new one its number, its store and who is in charge."""
    if not (complaint.text or "").strip():
        raise RuleError(_l("Write down what the customer says."), "text")
    if complaint.received_at is None:
        complaint.received_at = now
    if sa.inspect(complaint).persistent:
        _check_unchanged(complaint)
        return
    if complaint.received_at > now + AHEAD:
        raise RuleError(_l("A complaint is not received in the future."), "received_at")
    customer = _customer(session, complaint)
    complaint.store_id = customer.store_id
    _check_vehicle(session, complaint)
    complaint.level = complaint.level or ComplaintLevel.GENERAL
    complaint.area = complaint.area or Complaint.__table__.c.area.default.arg
    complaint.number = complaint.number or next_number(
        session, complaint.store_id, local_day(complaint.received_at, zone()))
    if complaint.owner_id is None:
        complaint.owner_id = people.in_charge(session, complaint)


def _customer(session: Any, complaint: Complaint) -> Customer:
    with session.no_autoflush:
        found = session.scalars(sa.select(Customer).where(Customer.id == complaint.customer_id)).first()
    if found is None:
        raise RuleError(_l("Choose the customer."), "customer_id")
    return found


def _check_vehicle(session: Any, complaint: Complaint) -> None:
    """The car is one of the same store; it need not be registered to the person who complains."""
    if complaint.vehicle_id is None:
        return
    with session.no_autoflush:
        store_id = session.scalars(sa.select(Vehicle.store_id).where(Vehicle.id == complaint.vehicle_id)).first()
    if store_id != complaint.store_id:
        raise RuleError(_l("Choose a car of this store."), "vehicle_id")


def _check_unchanged(complaint: Complaint) -> None:
    for name in FIXED:
        if sa.inspect(complaint).attrs[name].history.has_changes():
            raise RuleError(_l("This is fixed once the complaint is received. Re-route or escalate it on its page."),
                            name)


def next_number(session: Any, store_id: int, day: dt.date) -> str:
    """TS-YYYYMMDD-NN, counted per store and day; numbers of deleted complaints are not used again.

    The store's row is locked, so that two people who take complaints in at once get two numbers.
    """
    head = f"TS-{day:%Y%m%d}-"
    with session.no_autoflush:
        session.execute(access.ungated(sa.select(Store.id).where(Store.id == store_id).with_for_update(key_share=True)))
        last = session.scalars(access.ungated(
            sa.select(Complaint.number).where(Complaint.store_id == store_id, Complaint.number.startswith(head))
            .order_by(sa.func.length(Complaint.number).desc(), Complaint.number.desc()).limit(1))).first()
    waiting = [one.number for one in session.new if isinstance(one, Complaint) and one.store_id == store_id]
    used = [int(number.removeprefix(head)) for number in (last, *waiting)
            if number and number.startswith(head) and number.removeprefix(head).isdigit()]
    return f"{head}{max(used, default=0) + 1:02d}"


# ---------------------------------------------------------------- consequences


def settle(session: Any, complaint: Complaint, now: dt.datetime, created: bool) -> None:
    """What follows: the first line of the log, the general manager for a major one, the re-callback task."""
    with access.as_system(session, "complaint"):
        if created and not _has_log(session, complaint):
            by = session.get(User, complaint.created_by_id) if complaint.created_by_id else None
            write(session, complaint, StepKind.RECEIVE, by, complaint.received_at if complaint.imported else now)
            if complaint.level == ComplaintLevel.MAJOR and complaint.state != ComplaintState.CLOSED:
                to_the_top(session, complaint, now)
                write(session, complaint, StepKind.ESCALATE, None, now,
                      str(_l("Major: reported to the general manager at once.")))
            if not complaint.imported:
                tell(session, complaint, complaint.owner_id,
                     _l("New complaint for you: %(number)s", number=complaint.number), "new", now)
        if complaint.state == ComplaintState.FINISHED:
            _owe_callback(session, complaint, now)


def _has_log(session: Any, complaint: Complaint) -> bool:
    return session.scalars(sa.select(ComplaintStep.id).where(
        ComplaintStep.complaint_id == complaint.id).limit(1)).first() is not None


def _owe_callback(session: Any, complaint: Complaint, now: dt.datetime) -> None:
    """Make the re-callback task and give it to somebody who has not handled the complaint."""
    from admin_app.rules import followups

    if open_tasks(session, complaint):
        return
    followups.on_event(session, Trigger.COMPLAINT_FINISHED, complaint, now)
    session.flush()
    hands = people.handlers(session, complaint)
    for task in open_tasks(session, complaint):
        if not _calls_back(session, task.assignee_id, hands):
            task.assignee_id = caller_for(session, complaint, hands) or task.assignee_id


def _calls_back(session: Any, user_id: int | None, hands: set[int]) -> bool:
    """Whether a person may make the re-callback: in a role that does, and no handler."""
    person = session.get(User, user_id) if user_id is not None else None
    return person is not None and user_id not in hands and bool(people.EVERYBODY & set(people.roles_of(person)))


def caller_for(session: Any, complaint: Complaint, hands: set[int]) -> int | None:
    """Who makes the re-callback: the care specialist with the fewest open tasks who has not handled the complaint,
    else the care manager, else any other manager of the store; None where everybody has handled it."""
    for codes in ((people.SPECIALIST,), (people.CARE_MANAGER,), tuple(sorted(people.MANAGERS))):
        open_now = sa.select(sa.func.count(FollowUp.id)).where(
            FollowUp.assignee_id == User.id,
            FollowUp.state.in_([FollowUpState.OPEN, FollowUpState.SNOOZED])).scalar_subquery()
        found = session.scalars(sa.select(User.id).join(Role, Role.id == User.role_id).where(
            Role.code.in_(codes), User.store_id == complaint.store_id, User.active, User.id.not_in(hands))
            .order_by(open_now, User.id).limit(1)).first()
        if found is not None:
            return found
    return None
