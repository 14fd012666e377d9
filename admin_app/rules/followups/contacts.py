"""What a contact does to the tasks of its customer, and which one comes next (DOMAIN §3.1).

Effective: the customer was reached and the matter was spoken of (no result given counts as that). Then
- the task that the visit names is done;
- a first-contact task is done, whoever made the contact; a grade task and "owner without contact" are done by their
  own person and pointless (void) by anybody else's contact;
- a date that a person chose is done if its day has come and it is the same person's or the same matter; if it lies
  ahead it stands, unless the visit sets a new one: then it is void;
- other due tasks of the same person for the same purpose are done; of a car's insurance tasks one at a time, since
  three effective contacts are wanted; a visit without task and purpose covers the one task its person owed;
- a re-callback is settled by the complaint alone, a promise or an inquiry by itself alone (or by a visit that names
  it: what was said is then the inquiry's answer), a file to be confirmed by the confirmation alone (rules/quality.py).
Not reached, wrong number, or "call later": the named task stays open, on the day the person chose ("call later"
without a day: tomorrow). "Does not want calls" closes the task and makes no other unless a day was chosen.
The next task: the day the person chose; else the rule of the grade. A visit entered after a later one is history
and makes none.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from admin_app import clock, prepared
from admin_app.choices import FollowUpState, Purpose, Stage, Trigger, VisitResult, VisitState
from admin_app.models import Customer, FollowUp, FollowUpRule, Store, User, Visit
from admin_app.rules.followups import allowing, capping, rules, tasks
from admin_app.rules.followups.blocking import MARKETING, opted_out
from admin_app.rules.followups.events import fire
from admin_app.rules.followups.tasks import effective

BY_THEIR_RECORD = (Trigger.COMPLAINT_FINISHED, Trigger.PROMISE_DUE, Trigger.FILE_STALE, Trigger.INQUIRY)
SUPERSEDED = "已有更近的联系"  # why a task is void: stored, so in the store's language


def after_visit(session: Any, visit: Visit, now: dt.datetime, fresh: bool = True) -> None:
    """Settle what a done visit covers and plan the next contact. The session acts as system.

    fresh: the contact has just been entered or carried out; False for a later correction, which only moves the date.
    """
    customer = session.get(Customer, visit.customer_id)
    capped: dict[int, dt.date | None] | None = None
    if visit.state == VisitState.DONE and customer is not None:
        if fresh:
            capped = {customer.id: _enter(session, visit, customer, now)}
        else:
            _correct(session, visit, customer, now)
    tasks.refresh_customers(session, {visit.customer_id}, contacts=True, capped=capped)


def _enter(session: Any, visit: Visit, customer: Customer, now: dt.datetime) -> dt.date | None:
    """Returns the day until which the contact cap blocks the customer now."""
    owed, overtaken, capped = _standing(session, visit)
    _settle(session, visit, owed, now, overtaken)
    _next(session, visit, customer, owed, now, overtaken)
    return capped


Owed = list[tuple[FollowUp, str]]


def _standing(session: Any, visit: Visit) -> tuple[Owed, bool, dt.date | None]:
    """The customer's open tasks with their triggers, save those that this visit has made, the oldest due first;
    whether the customer was contacted again after this visit, which makes it history; and the day until which the
    contact cap blocks him."""
    session.flush()
    found = prepared.few(session, "tasks of a visit", _of_visit, customer=visit.customer_id, at=visit.at,
                          visit=visit.id)
    overtaken = any(row.later for row in found)
    capped = capping.ends(found[0].cap, found[0].cap_days, found[0].cap_contact)
    return [(prepared.adopt(session, FollowUp, row), row.trigger or Trigger.MANUAL) for row in found
            if row.id is not None], overtaken, capped


def _of_visit() -> Any:
    """One row at least: without a task it says only whether there is a later contact."""
    later = sa.exists().where(
        Visit.customer_id == Customer.id, Visit.state == VisitState.DONE,
        Visit.at > prepared.given("at", Visit.at.type), Visit.id != prepared.given("visit"))
    return sa.select(*prepared.whole(FollowUp), FollowUpRule.trigger.label("trigger"), later.label("later"),
                     *capping.columns_of_one()).join_from(
        Customer, FollowUp, sa.and_(
            FollowUp.customer_id == Customer.id, FollowUp.state.in_(tasks.OPEN_STATES),
            sa.or_(FollowUp.source_table.is_(None), FollowUp.source_table != "visit",
                   FollowUp.source_id != prepared.given("visit"))), isouter=True).join_from(
        FollowUp, FollowUpRule, FollowUpRule.id == FollowUp.rule_id, isouter=True).where(
        Customer.id == prepared.given("customer")).order_by(FollowUp.due_on, FollowUp.id)


def named(session: Any, visit: Visit) -> FollowUp | None:
    """The task that the visit was made for, or None."""
    return session.get(FollowUp, visit.followup_id) if visit.followup_id else None


def purpose_of(visit: Visit, task: FollowUp | None) -> Purpose | None:
    """Why the customer was contacted: what the visit says, else its task; None where neither says it."""
    return Purpose.find(visit.purpose_kind or (task.purpose if task else None))


# ---------------------------------------------------------------- what it settles


def _settle(session: Any, visit: Visit, owed: Owed, now: dt.datetime, overtaken: bool) -> None:
    task = named(session, visit)
    if task is not None and task.state in tasks.OPEN_STATES:
        allowing.use_up(task)
        if not effective(visit):
            _replan(task, visit, now)
        elif _trigger(task, owed) != Trigger.FILE_STALE:
            _done(session, task, visit, now)
    if effective(visit) and not overtaken:
        _cover(session, visit, task, owed, now)


def _done(session: Any, task: FollowUp, visit: Visit, now: dt.datetime) -> None:
    tasks.close(session, task, FollowUpState.DONE, now, by=visit.staff_id, visit_id=visit.id)
    if task.source_table == "inquiry":
        from admin_app.rules import inquiries

        inquiries.answered_by(session, task.source_id, visit, now)


def _replan(task: FollowUp, visit: Visit, now: dt.datetime) -> None:
    day, today = visit.next_on, clock.local_day(now)
    if day is None and visit.result == VisitResult.CALL_LATER:
        day = today + dt.timedelta(days=1)
    if day is None or day < today:
        return
    tasks.move(task, day)
    if task.expires_on is not None and task.expires_on < day:
        task.expires_on = day


def _cover(session: Any, visit: Visit, task: FollowUp | None, owed: Owed, now: dt.datetime) -> None:
    """The rules of this file for the customer's other open tasks."""
    rest = [(one, trigger) for one, trigger in owed if one.state in tasks.OPEN_STATES]
    day, purpose = clock.local_day(visit.at), purpose_of(visit, task)
    mine = [one for one, trigger in rest if one.assignee_id == visit.staff_id and one.due_on <= day
            and trigger not in BY_THEIR_RECORD]
    insured = {task.vehicle_id} if task is not None and _trigger(task, owed) == Trigger.INSURANCE else set()
    for one, trigger in rest:
        state = _fate(one, trigger, visit, purpose, day)
        if state is None and task is None and purpose is None and mine == [one]:
            state = FollowUpState.DONE
        if state == FollowUpState.DONE and trigger == Trigger.INSURANCE:
            if one.vehicle_id in insured:
                continue
            insured.add(one.vehicle_id)
        if state == FollowUpState.DONE:
            _done(session, one, visit, now)
        elif state is not None:
            tasks.close(session, one, state, now, by=visit.staff_id, note=SUPERSEDED)


def _trigger(task: FollowUp, owed: Owed) -> Any:
    """What a task comes from; None where no rule made it."""
    known = next((trigger for one, trigger in owed if one is task), None)
    return known if known is not None else task.rule.trigger if task.rule is not None else None


def _fate(task: FollowUp, trigger: str, visit: Visit, purpose: Purpose | None, day: dt.date) -> FollowUpState | None:
    """Done, void, or None for a task that the contact leaves alone."""
    mine, same = task.assignee_id == visit.staff_id, purpose is not None and task.purpose == purpose
    if trigger in BY_THEIR_RECORD:
        return None
    if trigger == Trigger.NEW_LEAD:
        return FollowUpState.DONE
    if trigger in (Trigger.CONTACT, Trigger.NO_CONTACT):
        return FollowUpState.DONE if mine else FollowUpState.VOID
    if trigger == Trigger.MANUAL:
        if not (mine or same):
            return None
        if task.due_on <= day:
            return FollowUpState.DONE
        return FollowUpState.VOID if visit.next_on is not None else None
    other_car = visit.vehicle_id is not None and task.vehicle_id not in (None, visit.vehicle_id)
    return FollowUpState.DONE if mine and same and task.due_on <= day and not other_car else None


# ---------------------------------------------------------------- what comes next


def _next(session: Any, visit: Visit, customer: Customer, owed: Owed, now: dt.datetime, overtaken: bool) -> None:
    chosen = visit.next_on if visit.next_on is not None and visit.next_on >= clock.local_day(now) else None
    task = named(session, visit)
    if not effective(visit) and task is not None and task.state in tasks.OPEN_STATES:
        return
    if chosen is not None and not (effective(visit) and chosen == _grade_day(session, visit, customer)):
        _agreed(session, visit, customer, chosen, now)
        return
    if overtaken or visit.result == VisitResult.REFUSED or _has_plan(customer, owed, effective(visit)):
        return
    fire(session, Trigger.CONTACT, visit, now, refresh=False)


def _grade_day(session: Any, visit: Visit, customer: Customer) -> dt.date | None:
    return _rule_day(session, customer, visit.at)


def _agreed(session: Any, visit: Visit, customer: Customer, day: dt.date, now: dt.datetime) -> None:
    """The task for the day that was agreed; it stays with whoever agreed it."""
    purpose = purpose_of(visit, named(session, visit))
    if purpose is None or (opted_out(customer) and purpose in MARKETING):
        purpose = Purpose.SALES if customer.stage in (Stage.LEAD, Stage.PROSPECT) else Purpose.SERVICE
    staff = session.get(User, visit.staff_id) if visit.staff_id else None
    tasks.plan(session, customer, day, now, purpose=purpose, row=visit, reason=visit.next_step, refresh=False,
               assignee_id=staff.id if staff is not None and staff.is_active else None)


def _has_plan(customer: Customer, owed: Owed, reached: bool) -> bool:
    """Whether the grade rule has nothing to add: a chosen date stands ahead, or, not reached, any task is open."""
    left = [(task, trigger) for task, trigger in owed if task.state in tasks.OPEN_STATES]
    if not reached:
        return bool(left)
    return any(trigger == Trigger.MANUAL and (task.assignee_id == customer.owner_id or task.purpose == Purpose.SALES)
               for task, trigger in left)


def _correct(session: Any, visit: Visit, customer: Customer, now: dt.datetime) -> None:
    """A visit was corrected: its agreed date is moved, made or dropped; nothing else changes."""
    agreed = session.scalars(sa.select(FollowUp).where(
        FollowUp.occurrence == f"manual:visit:{visit.id}", FollowUp.state.in_(tasks.OPEN_STATES))).first()
    if visit.next_on is None:
        if agreed is not None:
            tasks.close(session, agreed, FollowUpState.VOID, now, note=SUPERSEDED)
            owed, overtaken, _capped = _standing(session, visit)
            if effective(visit) and not overtaken:
                _next(session, visit, customer, owed, now, False)
        return
    if visit.next_on < clock.local_day(now) or _standing(session, visit)[1]:
        return
    if agreed is None or agreed.due_on != visit.next_on:
        by_grade = session.scalars(sa.select(FollowUp).where(
            FollowUp.source_table == "visit", FollowUp.source_id == visit.id, FollowUp.state.in_(tasks.OPEN_STATES),
            FollowUp.rule_id.in_(sa.select(FollowUpRule.id).where(FollowUpRule.trigger == Trigger.CONTACT)))).all()
        if any(one.due_on == visit.next_on for one in by_grade):
            return
        for one in by_grade:
            tasks.close(session, one, FollowUpState.VOID, now, note=SUPERSEDED)
        _agreed(session, visit, customer, visit.next_on, now)


def _grade_rule(session: Any, customer: Any, today: dt.date) -> Any:
    """The rule of the grade. `customer`: the record, or a plain row with some of its columns."""
    enabled = rules.enabled(session, Trigger.CONTACT)
    if any(rule.segment_id for rule in enabled) or not all(
            hasattr(customer, name) for rule in enabled for name in rules.asked(rule.condition)):
        customer = session.get(Customer, customer.id)
    return next((rule for rule in enabled if rules.fits(session, rule, customer, today)), None)


def next_date_by_rule(session: Any, customer: Any, now: dt.datetime) -> dt.date | None:
    """The day that the grade's rule would give after a contact now; None where no rule fits the customer."""
    return _rule_day(session, customer, now)


def _rule_day(session: Any, customer: Any, base: dt.datetime) -> dt.date | None:
    rule = _grade_rule(session, customer, clock.local_day(base))
    if rule is None:
        return None
    return rules.due(rule, base, session.get(Store, customer.store_id) if rules.by_hours(rule) else None)[0]


def after_grade(session: Any, customer: Customer, now: dt.datetime) -> None:
    """The grade or stage was changed: an open grade task takes the new rule and may only come earlier; without a rule
    for the new grade (ordered, delivered, lost) it is void, and so is a first contact with a lost customer.
    """
    today = clock.local_day(now)
    rule = _grade_rule(session, customer, today)
    found = session.execute(sa.select(FollowUp, FollowUpRule.trigger).join(
        FollowUpRule, FollowUpRule.id == FollowUp.rule_id).where(
        FollowUp.customer_id == customer.id, FollowUp.state.in_(tasks.OPEN_STATES),
        FollowUpRule.trigger.in_([Trigger.CONTACT, Trigger.NEW_LEAD]))).all()
    for task, trigger in found:
        if trigger == Trigger.NEW_LEAD:
            if customer.stage == Stage.LOST:
                tasks.close(session, task, FollowUpState.VOID, now, note=SUPERSEDED)
        elif rule is None:
            tasks.close(session, task, FollowUpState.VOID, now, note=SUPERSEDED)
        elif task.rule_id != rule.id:
            base = customer.last_contact_at or now
            day = max(today, rules.due(rule, base, session.get(Store, customer.store_id))[0])
            task.rule_id, task.reason, task.script = rule.id, rule.name, rule.script
            if day < task.due_on:
                tasks.move(task, day)
    tasks.refresh_customers(session, {customer.id})
