"""What becomes of a task: done by a visit, snoozed, skipped, void, given to somebody else.

A customer's next contact is always the earliest open task's day; refresh_customers() keeps it.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm.util import identity_key

from admin_app import access, audit, clock, scope
from admin_app.choices import AuditVerb, FollowUpState, NotificationKind, Purpose, VisitResult, VisitState
from admin_app.errors import RuleError
from admin_app.models import Customer, FollowUp, User, Visit
from admin_app.rules import notifications
from admin_app.rules.followups import capping, rules

OPEN_STATES = (FollowUpState.OPEN, FollowUpState.SNOOZED)
# Why a task is void although its record may call for it again; stored, so in the store's language.
NEW_DATE, NOT_CLOSED = "日期已变更", "工单未关闭"
TAKEN_BACK = (NEW_DATE, NOT_CLOSED)
LONGEST_SNOOZE = 365  # days (default)
CHUNK = 1000

_tasks, _visits, _customers = FollowUp.__table__, Visit.__table__, Customer.__table__
_EARLIEST = sa.select(sa.func.min(_tasks.c.due_on)).where(
    _tasks.c.customer_id == _customers.c.id, _tasks.c.state.in_(OPEN_STATES),
    _tasks.c.deleted_at.is_(None)).scalar_subquery()
_LATEST = sa.select(sa.func.max(_visits.c.at)).where(
    _visits.c.customer_id == _customers.c.id, _visits.c.state == VisitState.DONE, _visits.c.deleted_at.is_(None),
    sa.or_(_visits.c.result.is_(None), _visits.c.result.not_in([one for one in VisitResult if not one.reached])),
).scalar_subquery()


def effective(visit: Visit) -> bool:
    """Whether a contact counts: done, reached, and not put off. No result given counts as reached."""
    if visit.state != VisitState.DONE:
        return False
    result = VisitResult.find(visit.result)
    return result is None or (result.reached and result != VisitResult.CALL_LATER)


def check_open(followup: FollowUp) -> None:
    """RuleError for a task that is settled."""
    if followup.state not in OPEN_STATES:
        raise RuleError(_l("This task is already settled."))


def check_reason(reason: str | None) -> str:
    """A reason without blanks around it. RuleError at `reason` where there is none or it is too long."""
    text = (reason or "").strip()
    if not text:
        raise RuleError(_l("Give a reason."), "reason")
    if len(text) > 200:
        raise RuleError(_l("This text is longer than %(length)s characters.", length=200), "reason")
    return text


def close(session: Any, followup: FollowUp, state: FollowUpState, now: dt.datetime, *, by: int | None = None,
          visit_id: int | None = None, note: Any = None) -> None:
    """Settle a task whatever it is; the caller keeps the customer's next date."""
    followup.state, followup.closed_at = state, now
    actor = access.actor_of(session)
    followup.closed_by_id = by if by is not None else actor.user_id if actor else None
    if visit_id is not None:
        followup.visit_id = visit_id
    if note is not None:
        followup.note = str(note)[:200]


def done(session: Any, followup: FollowUp, visit: Visit | None, now: dt.datetime) -> None:
    """The task is done by a visit (None: without one). A task that is already done stays as it is, and so does one
    whose visit did not reach the customer: that is still owed.

    Raises RuleError where the task was skipped or void, or the visit was with another customer.
    """
    if followup.state == FollowUpState.DONE:
        return
    check_open(followup)
    if visit is not None and visit.customer_id != followup.customer_id:
        raise RuleError(_l("This task belongs to another customer."), "followup_id")
    if visit is not None and not effective(visit):
        return
    close(session, followup, FollowUpState.DONE, now, by=visit.staff_id if visit else None,
          visit_id=visit.id if visit else None)
    refresh_customers(session, {followup.customer_id})


def snooze(session: Any, followup: FollowUp, until: dt.date, reason: str, now: dt.datetime) -> None:
    """Put a task off until a later day, for a reason. Raises RuleError at `until` or `reason`."""
    check_open(followup)
    today = clock.local_day(now)
    if until <= today:
        raise RuleError(_l("Choose a day after today."), "until")
    if until > today + dt.timedelta(days=LONGEST_SNOOZE):
        raise RuleError(_l("At most one year ahead."), "until")
    if followup.expires_on is not None and until > followup.expires_on:
        raise RuleError(_l("After %(day)s this task is void; choose an earlier day or skip it.",
                           day=followup.expires_on.isoformat()), "until")
    followup.note = check_reason(reason)
    followup.state, followup.due_on, followup.due_at = FollowUpState.SNOOZED, until, clock.at(until)
    followup.snooze_count += 1
    refresh_customers(session, {followup.customer_id})


def skip(session: Any, followup: FollowUp, reason: str, now: dt.datetime) -> None:
    """The contact is not needed, for a reason. Raises RuleError at `reason`."""
    check_open(followup)
    close(session, followup, FollowUpState.SKIPPED, now, note=check_reason(reason))
    refresh_customers(session, {followup.customer_id})


def reassign(session: Any, followup: FollowUp, person: User, now: dt.datetime) -> None:
    """Give a task to an active person of its store who may see the customer; she is told. Raises RuleError at
    assignee_id."""
    check_open(followup)
    check_assignee(session, followup.store_id, followup.customer_id, person)
    if followup.assignee_id == person.id:
        return
    followup.assignee_id = person.id
    session.flush()
    notifications.gather(
        session, person.id, NotificationKind.TASK,
        _l("Follow-up for you, due on %(day)s: %(reason)s", day=followup.due_on.isoformat(), reason=followup.reason),
        lambda number: _l("%(number)s follow-ups were given to you.", number=number),
        (f"/admin/followup/details/?id={followup.id}", "/admin/followups/?due=all"), now)


def check_assignee(session: Any, store_id: int, customer_id: int, person: User) -> None:
    """Raises RuleError at assignee_id unless the person is active, of the store, and may see the customer."""
    if not person.is_active or (person.store_id != store_id and not person.group_wide):
        raise RuleError(_l("Choose an active person of this store."), "assignee_id")
    actor = access.actor_for(session, person)
    seen = sa.select(Customer.id).where(Customer.id == customer_id)
    criterion = scope.criterion(Customer, actor, "read")
    if criterion is not None:
        seen = seen.where(criterion)
    if session.execute(access.ungated(seen)).first() is None:
        raise RuleError(_l("%(name)s may not see this customer. Assign the customer first.", name=person.name),
                        "assignee_id")


def move(followup: FollowUp, day: dt.date) -> None:
    """A task that could not be done is planned for another day; it stays open."""
    followup.due_on, followup.due_at = day, clock.at(day)


def settle_source(session: Any, table: str, row_id: int, now: dt.datetime, *, note: Any = None,
                  state: FollowUpState = FollowUpState.VOID, codes: Iterable[str] | None = None) -> int:
    """Settle the open tasks that a record has made (those of some rules only), as void unless said otherwise."""
    statement = sa.select(FollowUp).where(
        FollowUp.source_table == table, FollowUp.source_id == row_id, FollowUp.state.in_(OPEN_STATES))
    with access.as_system(session, f"{table} has changed"):
        found = [one for one in session.scalars(statement)
                 if codes is None or one.occurrence.partition(":")[0] in set(codes)]
        for one in found:
            close(session, one, state, now, note=note)
        refresh_customers(session, {one.customer_id for one in found})
    return len(found)


def plan(session: Any, customer: Customer, day: dt.date, now: dt.datetime, *, assignee_id: int | None = None,
         reason: str | None = None, purpose: Purpose | None = None, row: Any = None,
         refresh: bool = True) -> FollowUp | None:
    """The task for a day that a person chose. `row`: the visit in which it was agreed; its task moves with it.
    refresh: keep the customer's next date; False where the caller does so afterwards.

    Returns None where that visit's task was settled before. Without a row every call makes a task of its own.
    """
    rule = rules.by_code(session, rules.MANUAL)
    key = f"manual:{row.__tablename__}:{row.id}" if row is not None else f"manual:customer:{customer.id}:" + (
        secrets.token_hex(6))
    found = session.scalars(sa.select(FollowUp).where(FollowUp.occurrence == key)).first()
    if found is None:
        found = FollowUp(
            store_id=customer.store_id, customer_id=customer.id, rule_id=rule.id if rule else None, occurrence=key,
            channel=(rule.channel if rule else None), state=FollowUpState.OPEN, first_due_on=day,
            source_table=row.__tablename__ if row is not None else None, source_id=row.id if row is not None else None,
            created_at=now, due_on=day, due_at=clock.at(day), purpose=purpose or Purpose.SALES,
            reason=(reason or (rule.name if rule else str(_l("Agreed contact"))))[:120],
            assignee_id=assignee_id if assignee_id is not None else customer.owner_id)
        session.add(found)
    elif found.state not in OPEN_STATES:
        return None
    elif found.due_on != day:
        move(found, day)
    session.flush()
    if refresh:
        refresh_customers(session, {customer.id})
    return found


def forget(session: Any, ids: Iterable[int]) -> None:
    """Let tasks that were changed by SQL be read anew."""
    for number in ids:
        row = session.identity_map.get(identity_key(FollowUp, number))
        if row is not None:
            session.expire(row)


# ---------------------------------------------------------------- the customer's next date


def refresh_customers(session: Any, ids: Iterable[int], contacts: bool = False,
                      capped: dict[int, dt.date | None] | None = None) -> None:
    """Bring next_contact_on of some customers up to date; `contacts`: last_contact_at and the contact cap too.
    capped: customer → the day until which the cap blocks him, where the caller knows it already.

    Last contact is the latest done visit in which the customer was reached. Readers' forms stay fresh: neither the
    version nor "changed" moves.
    """
    session.flush()
    values: dict[str, Any] = {"next_contact_on": _EARLIEST} | ({"last_contact_at": _LATEST} if contacts else {})
    wanted = sorted(set(ids))
    if capped is not None and len(wanted) == 1:  # one customer's contact: everything in one statement
        values["marketing_blocked_until"] = sa.literal(capped[wanted[0]], sa.Date)
    for at in range(0, len(wanted), CHUNK):
        set_derived(session, wanted[at:at + CHUNK], values)
    if contacts and capped is None:
        set_caps(session, capping.different(session, wanted))


def set_caps(session: Any, days: dict[dt.date | None, list[int]]) -> int:
    """Write the days until which the contact cap blocks customers. Returns how many files that were."""
    for day, ids in days.items():
        for at in range(0, len(ids), CHUNK):
            set_derived(session, ids[at:at + CHUNK], {"marketing_blocked_until": sa.literal(day, sa.Date)})
    return sum(len(ids) for ids in days.values())


def refresh_store(session: Any, store_id: int) -> None:
    """Bring the next dates of a store up to date, whatever was moved to the recycle bin or restored by other roads."""
    session.flush()
    with_date = sa.select(Customer.id).where(Customer.store_id == store_id, Customer.next_contact_on.is_not(None))
    with_task = sa.select(FollowUp.customer_id).where(FollowUp.store_id == store_id, FollowUp.state.in_(OPEN_STATES))
    refresh_customers(session, session.scalars(sa.union(with_date, with_task)).all())


def set_derived(session: Any, ids: list[int], values: dict[str, Any]) -> None:
    """Set computed columns of customers by SQL where they differ, with one audit entry for those that changed."""
    differ = sa.or_(*[_customers.c[name].is_distinct_from(value) for name, value in values.items()])
    changed = sa.update(_customers).where(_customers.c.id.in_(ids), differ).values(
        values | {"updated_at": _customers.c.updated_at}).returning(_customers.c.id)
    rows = [number for (number,) in session.connection().execute(changed)]
    if not rows:
        return
    audit.record(session, AuditVerb.BULK, "customer", label=f"{', '.join(values)}: {len(rows)}",
                 changes={"fields": [None, list(values)], "rows": [0, len(rows)], "ids": sorted(rows)})
    for number in rows:
        row = session.identity_map.get(identity_key(Customer, number))
        if row is not None:
            session.expire(row, list(values))
