"""A customer's file (DOMAIN §3.10): name and phone, one file per phone and store, grade and its age, completeness."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, cleaning, clock
from admin_app.choices import (
    CustomerKind,
    FollowUpState,
    Grade,
    NotificationKind,
    Purpose,
    Scope,
    Screening,
    Stage,
    Trigger,
)
from admin_app.columns import fields
from admin_app.errors import RuleError
from admin_app.models import Customer, FollowUp, Grant, User
from admin_app.rules import followups, notifications, pinyin
from admin_app.rules.changes import before, changed, is_new
from admin_app.rules.followups import contacts, tasks
from admin_app.rules.followups.blocking import opted_out

# Days after which a grade no longer says when the customer buys (DOMAIN §3.1: H 7, A 15, B 30, C 2–3 months, N 24 h).
GRADE_WINDOW = {Grade.H: 7, Grade.A: 15, Grade.B: 30, Grade.C: 90, Grade.N: 1}
BUYING = (Stage.LEAD, Stage.PROSPECT)
# fields whose change moves open tasks
MOVING = ("owner_id", "grade", "stage", "do_not_disturb", "screening", "deleted_at")

Notices = list[tuple[str, Any]]


def prepare(session: Any, customer: Customer, now: dt.datetime) -> Notices:
    """Normalise the file and check it. Raises RuleError at `name` or `phone`.

    Returns (field, sentence) pairs for what was left blank or should be looked at.
    """
    from admin_app.rules import quality
    from admin_app.rules.merging.history import check_restorable

    notices = normalise(customer, now)
    if not is_new(customer) and changed(customer, "deleted_at") and customer.deleted_at is None:
        check_restorable(session, customer)
    if is_new(customer) or changed(customer, "phone", "kept_apart", "store_id", "deleted_at"):
        check_duplicate(session, customer)
    with session.no_autoflush:
        notices += quality.lacking(session, customer)
    if not is_new(customer):
        customer.was = {name: before(session, customer, name) for name in MOVING}
    return notices


def normalise(customer: Customer, now: dt.datetime) -> Notices:
    """The part of prepare() that asks no database: for an import that knows the phones of its store already."""
    today, notices = clock.local_day(now), []
    _name(customer)
    notices += _phones(customer)
    if customer.birthday is not None and changed(customer, "birthday") and not (
            today.replace(year=today.year - 120, day=1) <= customer.birthday <= today):
        customer.birthday = None
        notices.append(("birthday", _l("A birthday on this day is not possible.")))
    if customer.referrer_id is not None and customer.referrer_id == customer.id:
        raise RuleError(_l("A customer cannot have referred himself."), "referrer_id")
    _screening(customer)
    _defaults(customer, today)
    customer.completeness = completeness(customer)
    return notices


def _screening(customer: Customer) -> None:
    """An invalid lead (DOMAIN §2) has a reason; who has a car or has bought one is a lead no more."""
    if customer.screening != Screening.INVALID:
        return
    if customer.stage not in (None, *BUYING) and changed(customer, "screening"):
        raise RuleError(_l("Only a lead or a prospect can be an invalid lead."), "screening")
    if not (customer.screening_reason or "").strip():
        raise RuleError(_l("Say why the lead is invalid."), "screening_reason")


def _name(customer: Customer) -> None:
    if not changed(customer, "name") and customer.name:
        return
    found = cleaning.name(customer.name)
    if found.value is None:
        raise RuleError(found.warnings[0] if found.warnings else _l("A customer needs a name."), "name")
    if customer.name != found.value:
        customer.name = found.value
    customer.pinyin = pinyin.of_name(found.value)
    if customer.kind is None and cleaning.company_like(found.value):
        customer.kind = CustomerKind.COMPANY


def _phones(customer: Customer) -> Notices:
    """Both numbers in E.164. A second number in the first cell moves over; a bad second one is left blank."""
    notices: Notices = []
    if changed(customer, "phone") or not customer.phone:
        found = cleaning.phone(customer.phone)
        if found.value is None and found.warnings:
            raise RuleError(found.warnings[0], "phone")
        if customer.phone != found.value:
            customer.phone = found.value
        if found.second and not customer.phone2:
            customer.phone2 = found.second
        notices += [("phone", warning) for warning in found.warnings]
    if customer.phone2 and changed(customer, "phone2"):
        second = cleaning.phone(customer.phone2)
        notices += [("phone2", warning) for warning in second.warnings]
        customer.phone2 = second.value
    if not customer.phone and customer.phone2:
        customer.phone, customer.phone2 = customer.phone2, None
    if not customer.phone:
        raise RuleError(_l("A customer needs a phone number."), "phone")
    if customer.phone2 == customer.phone:
        customer.phone2 = None
    return notices


def _defaults(customer: Customer, today: dt.date) -> None:
    customer.stage = customer.stage or Stage.LEAD
    customer.grade = customer.grade or Grade.N
    if customer.registered_on is None and is_new(customer):
        customer.registered_on = today
    if is_new(customer):
        customer.graded_on = customer.graded_on or customer.registered_on
    elif changed(customer, "grade") and not changed(customer, "graded_on"):
        customer.graded_on = today
    if changed(customer, "owner_id"):
        customer.pooled_on = today if customer.owner_id is None and not is_new(customer) else None


def check_duplicate(session: Any, customer: Customer) -> None:
    """Raises RuleError at `phone` where another file of the store has the number and neither is kept apart."""
    if customer.kept_apart or not customer.phone:
        return
    with session.no_autoflush:
        other = session.execute(access.ungated(
            sa.select(Customer.id, Customer.name, User.name).outerjoin(User, User.id == Customer.owner_id).where(
                Customer.store_id == customer.store_id, Customer.phone == customer.phone,
                Customer.deleted_at.is_(None), sa.not_(Customer.kept_apart),
                *([Customer.id != customer.id] if customer.id is not None else [])).limit(1))).first()
        if other is None:
            return
        seen = session.scalars(sa.select(Customer.id).where(Customer.id == other[0])).first() is not None
    if seen:
        raise RuleError(_l("%(name)s already has this phone number.", name=other[1]), "phone")
    raise RuleError(_l("Another customer, kept by %(owner)s, already has this phone number.",
                       owner=other[2] or _l("the pool")), "phone")


def completeness(customer: Customer) -> int:
    """How much of the file is filled in, from 0 to 100, by the weights of its fields. In SQL: quality.completeness."""
    total = filled = 0
    for name, _column, field in fields(Customer):
        total += field.weight
        if field.weight and getattr(customer, name) not in (None, "", []):
            filled += field.weight
    return (200 * filled + total) // (2 * total) if total else 0


def keeping_roles(session: Any) -> list[int]:
    """The keys of the roles whose people may keep customers: those that may change a file."""
    return list(session.scalars(access.ungated(
        sa.select(Grant.role_id).where(Grant.table == "customer", Grant.write != Scope.NONE))))


def assign(customer: Customer, owner: User) -> None:
    """Give a file to a person; its store does not change."""
    if owner.store_id != customer.store_id or not owner.active:
        raise RuleError(_l("%(name)s cannot keep %(customer)s: not at work in that store.", name=owner.name,
                           customer=customer.name), "owner_id")
    customer.owner_id = owner.id


def keep_for(customer: Customer, owner_id: int | None, today: dt.date) -> None:
    """Write down who keeps a file; None: it stands in the pool from today on."""
    customer.owner_id = owner_id
    customer.pooled_on = today if owner_id is None else None


def grade_is_stale(customer: Customer, today: dt.date) -> bool:
    """Whether the grade is older than its own window; False for grades without one and for customers not buying."""
    window, graded = GRADE_WINDOW.get(Grade(customer.grade)), customer.graded_on or customer.registered_on
    if window is None or graded is None or customer.stage not in BUYING:
        return False
    return (today - graded).days > window


# ---------------------------------------------------------------- what follows


def settle(session: Any, customer: Customer, now: dt.datetime, created: bool) -> None:
    """A new lead's first contact; open tasks go with the owner, the grade and the wish not to be disturbed."""
    if created:
        yesterday = clock.local_day(now) - dt.timedelta(days=1)
        is_recent = customer.registered_on is None or customer.registered_on >= yesterday
        valid = customer.screening != Screening.INVALID
        if valid and customer.stage in BUYING and is_recent and customer.last_contact_at is None:
            followups.on_event(session, Trigger.NEW_LEAD, customer, now)
        return
    was = customer.__dict__.pop("was", {})
    moved = not was or any(value != getattr(customer, name) for name, value in was.items())
    if not moved and not opted_out(customer):
        return  # nothing that tasks go by
    _hand_over(session, customer, was.get("owner_id"))
    if was:
        _tell_owner(session, customer, was["owner_id"], now)
    if was and (was["grade"] != customer.grade or was["stage"] != customer.stage):
        contacts.after_grade(session, customer, now)
    if was and was["screening"] != customer.screening and customer.screening == Screening.INVALID:
        _invalid(session, customer, now)
    if opted_out(customer):
        void_marketing(session, customer, now)
    else:
        tasks.refresh_customers(session, {customer.id})


def _open_tasks(session: Any, customer: Customer, *where: Any) -> list[FollowUp]:
    return list(session.scalars(sa.select(FollowUp).where(
        FollowUp.customer_id == customer.id, FollowUp.state.in_(tasks.OPEN_STATES), *where)))


def _hand_over(session: Any, customer: Customer, was: int | None) -> None:
    """The former owner's open tasks go to the new owner."""
    if was is None or was == customer.owner_id or customer.owner_id is None:
        return
    for task in _open_tasks(session, customer, FollowUp.assignee_id == was):
        task.assignee_id = customer.owner_id


def _invalid(session: Any, customer: Customer, now: dt.datetime) -> None:
    """Nobody calls an invalid lead; what is owed about a complaint or a promise stands."""
    for task in _open_tasks(session, customer, FollowUp.purpose.not_in([Purpose.COMPLAINT, Purpose.PROMISE])):
        tasks.close(session, task, FollowUpState.VOID, now, note="无效线索")


def _tell_owner(session: Any, customer: Customer, was: int | None, now: dt.datetime) -> None:
    """Whoever has become the owner is told, by the name alone."""
    if was != customer.owner_id:
        notifications.gather(
            session, customer.owner_id, NotificationKind.CUSTOMER,
            _l("Customer for you: %(name)s", name=customer.name),
            lambda number: _l("%(number)s customers were given to you.", number=number),
            (f"/admin/customer/details/?id={customer.id}", "/admin/customer/?flt0_owner_id_equals=me"), now)


def void_marketing(session: Any, customer: Customer, now: dt.datetime) -> None:
    """Open marketing tasks of a customer who takes none are void. The session acts as system."""
    for task in _open_tasks(session, customer, FollowUp.purpose.in_(followups.MARKETING)):
        tasks.close(session, task, FollowUpState.VOID, now, note="客户不接受营销联系")
    tasks.refresh_customers(session, {customer.id})
