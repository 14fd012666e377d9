"""公海, the pool: customers without an owner, claimed by one click, put back by a manager.

A documented opening in the gate (SAFETY: a consultant reads only his own customers). Who may claim sees of the pool
what choosing takes and nothing else: COLUMNS, of files that are not confidential, in the stores he works for. Those
who only keep what is their own see leads and prospects; whoever assigns customers sees all stages. opening() is the
one place that reads past the gate, in the system's name; claim() the one that writes.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, clock
from admin_app.access import Actor
from admin_app.choices import Assignee, AuditVerb, Confidentiality, Purpose, Trigger
from admin_app.due_index import GRADES
from admin_app.errors import Refused, RuleError
from admin_app.models import AuditEntry, Customer, FollowUp, FollowUpRule, Role, Store, User
from admin_app.rules import followups
from admin_app.rules.customers import BUYING, keep_for
from admin_app.rules.followups import tasks

CLAIMED, PUT_BACK = "claimed from the pool", "put back into the pool"  # what the audit says
FIRST_TASK = "公海认领：首次联系"  # stored, so in the store's language
# What the opening shows; the phone is masked by the page.
COLUMNS = ("id", "name", "phone", "stage", "grade", "source", "district", "model_wish", "store_id")


@dataclass(frozen=True)
class Question:
    """What is looked for: None or empty does not narrow. `days`: in the pool for at least so many."""

    stage: str | None = None
    grade: str | None = None
    source: str | None = None
    district: str = ""
    days: int = 0


def since() -> Any:
    """The day since which a customer has nobody: what is written down, else the day on which the file was made."""
    return sa.func.coalesce(Customer.pooled_on, Customer.registered_on)


def may_see(actor: Actor) -> bool:
    """Whether a person may open the pool."""
    return actor.may("customer", "claim")


def _criteria(actor: Actor) -> list[Any]:
    """The customers of the pool that a person may claim."""
    found = [Customer.owner_id.is_(None), Customer.deleted_at.is_(None),
             Customer.confidentiality == Confidentiality.NORMAL]
    if actor.store_ids is not None:
        found.append(Customer.store_id.in_(actor.store_ids))
    if not actor.may("customer", "assign"):
        found.append(Customer.stage.in_(BUYING))
    return found


def _asked(question: Question, today: dt.date) -> list[Any]:
    found = [getattr(Customer, name) == value for name in ("stage", "grade", "source")
             if (value := getattr(question, name))]
    if question.district:
        found.append(Customer.district.contains(question.district, autoescape=True))
    if question.days:
        found.append(since() <= today - dt.timedelta(days=question.days))
    return found


def within(actor: Actor) -> Any:
    """A select of the customers in the pool, for a person whose own gate shows them anyway; counts as opening() does
    for such a person."""
    return sa.select(Customer).where(*_criteria(actor))


def opening(session: Any, question: Question, now: dt.datetime, limit: int, offset: int = 0) -> tuple[list[Any], int]:
    """(rows, how many there are) of the pool for the acting person: COLUMNS and `since`, the best grades first, those
    without an owner for longest first within. Refused for those who may not claim."""
    actor = _actor(session)
    where = [*_criteria(actor), *_asked(question, clock.local_day(now))]
    rank = sa.case(*[(Customer.grade == grade, place) for place, grade in enumerate(GRADES)], else_=len(GRADES))
    with access.as_system(session, "the pool, as those see it who may claim"):
        total = session.scalar(sa.select(sa.func.count(Customer.id)).where(*where))
        rows = session.execute(sa.select(
            *[getattr(Customer, name) for name in COLUMNS], since().label("since")).where(*where).order_by(
            rank, since(), Customer.id).limit(limit).offset(offset)).all()
    return list(rows), total or 0


def _actor(session: Any) -> Actor:
    actor = access.actor_of(session)
    if actor is None or not may_see(actor):
        raise Refused(_l("The pool is for those who look after customers of their own."))
    return actor


@dataclass(frozen=True)
class Room:
    """How much a person may still claim: of today's limit, and of the customers one can keep."""

    claimed: int
    claims_most: int
    kept: int
    kept_most: int


def room(session: Any, person: User, now: dt.datetime) -> Room:
    """What a person has claimed today and keeps, with the limits of the store and her own."""
    begins, ends = clock.day_bounds(clock.local_day(now))
    with access.as_system(session, "how much somebody may claim"):
        store = session.get(Store, person.store_id)
        claimed = session.scalar(sa.select(sa.func.count(AuditEntry.id)).where(
            AuditEntry.actor_id == person.id, AuditEntry.at >= begins, AuditEntry.at < ends,
            AuditEntry.table == "customer", AuditEntry.verb == AuditVerb.UPDATE, AuditEntry.reason == CLAIMED))
        kept = session.scalar(sa.select(sa.func.count(Customer.id)).where(Customer.owner_id == person.id))
    return Room(claimed or 0, store.claims_each, kept or 0, person.customers_max or store.customers_each)


def claim(session: Any, customer_id: int, person: User, now: dt.datetime) -> Customer:
    """Give a customer of the pool to the acting person, with a first task; no commit.

    The rows of the person and the customer are locked, so two who claim at once are one after the other: the second
    gets a RuleError. RuleError too beyond the day's limit or the person's capacity; Refused for those who may not.
    """
    actor = _actor(session)
    with access.as_system(session, CLAIMED):
        session.execute(sa.select(User.id).where(User.id == person.id).with_for_update())
        found = session.scalars(sa.select(Customer).where(
            Customer.id == customer_id, Customer.store_id == person.store_id, *_criteria(actor))
            .with_for_update().execution_options(populate_existing=True)).first()
        if found is None:
            raise RuleError(_l("Somebody else was quicker: this customer is not in the pool any more."))
        _check_room(room(session, person, now))
        keep_for(found, person.id, clock.local_day(now))
        session.flush()
        _first_task(session, found, person, now)
        tasks.refresh_customers(session, {found.id})
    return found


def _check_room(left: Room) -> None:
    if left.claimed >= left.claims_most:
        raise RuleError(_l("You have claimed %(num)d customers today; more from tomorrow on.", num=left.claimed))
    if left.kept >= left.kept_most:
        raise RuleError(_l("You keep %(num)d customers already, as many as you can look after.", num=left.kept))


def _first_task(session: Any, customer: Customer, person: User, now: dt.datetime) -> None:
    """Tasks that waited with whoever led the pool go to the claimer; without any, the first contact of a new lead, or
    a contact today."""
    for task in _waiting(session, customer):
        task.assignee_id = person.id
    session.flush()
    mine = sa.select(FollowUp.id).where(FollowUp.customer_id == customer.id, FollowUp.assignee_id == person.id,
                                        FollowUp.state.in_(tasks.OPEN_STATES)).limit(1)
    if session.scalars(mine).first() is not None:
        return
    if customer.last_contact_at is None and customer.stage in BUYING:
        followups.on_event(session, Trigger.NEW_LEAD, customer, now)
    if session.scalars(mine).first() is None:
        followups.plan(session, customer, clock.local_day(now), now, assignee_id=person.id, reason=FIRST_TASK,
                       purpose=Purpose.SALES)


def _waiting(session: Any, customer: Customer) -> list[FollowUp]:
    """Open tasks of nobody, of people who have left, and of those who lead, unless a rule meant the manager or the
    care department, or a complaint is behind them."""
    leading = sa.select(User.id).join(Role, Role.id == User.role_id).where(sa.or_(Role.manages, sa.not_(User.active)))
    meant = sa.select(FollowUpRule.id).where(FollowUpRule.assignee.in_([
        Assignee.MANAGER, Assignee.CARE, Assignee.PERSON]))
    return list(session.scalars(sa.select(FollowUp).where(
        FollowUp.customer_id == customer.id, FollowUp.state.in_(tasks.OPEN_STATES),
        FollowUp.purpose != Purpose.COMPLAINT, sa.or_(FollowUp.rule_id.is_(None), FollowUp.rule_id.not_in(meant)),
        sa.or_(FollowUp.assignee_id.is_(None), FollowUp.assignee_id.in_(leading)))))


def put_back(session: Any, customer: Customer, reason: str, now: dt.datetime) -> None:
    """Take a customer from his owner into the pool, for a reason that the audit keeps. Open tasks of the owner go to
    the acting manager, so that nothing waits unseen. Refused for those who may not assign; RuleError at `reason`."""
    actor = access.actor_of(session)
    if actor is None or not actor.may("customer", "assign") or not access.may_change(session, customer):
        raise Refused(_l("Only those who assign customers put one back into the pool."))
    said = (reason or "").strip()
    if not said:
        raise RuleError(_l("Give a reason."), "reason")
    if customer.owner_id is None:
        raise RuleError(_l("%(name)s stands in the pool already.", name=customer.name))
    if customer.confidentiality != Confidentiality.NORMAL:
        raise RuleError(_l("%(name)s is confidential and cannot stand in the pool.", name=customer.name))
    was = customer.owner_id
    with access.as_system(session, f"{PUT_BACK}: {said}"[:200]):
        keep_for(customer, None, clock.local_day(now))
        for task in session.scalars(sa.select(FollowUp).where(
                FollowUp.customer_id == customer.id, FollowUp.assignee_id == was,
                FollowUp.state.in_(tasks.OPEN_STATES))):
            task.assignee_id = actor.user_id
