"""Tasks that a date on a record makes, by the nightly job.

Which days: a rule makes the tasks whose due day lies from `today - CATCH_UP` to today, and not those that would be
void already. So a week without the job loses nothing, the first night over an old ledger does not flood anybody,
and running it twice adds nothing. A service forecast may jump (a new mileage), so its reminder is made as long as
it makes sense. A grade that has outlived its window is reminded of once, from the next morning on. Files that nobody
has confirmed for long are worked off a few a person and day (confirming.py).
A fixed number of queries a rule and store, never one a customer.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from admin_app import access, audit, clock, directory
from admin_app.choices import AuditVerb, FollowUpState, Stage, Trigger
from admin_app.models import Customer, FollowUp, FollowUpRule, Store
from admin_app.rules import workdays
from admin_app.rules.followups import capping, cases, confirming, making, rules
from admin_app.rules.followups.staff import Staff
from admin_app.rules.followups.tasks import OPEN_STATES, forget, refresh_customers, refresh_store, set_caps
from admin_app.rules.scores import rollup

CHUNK = 2000
WORKING_DAY_SHIFT = workdays.FURTHEST  # days by which a move to a working day may put a task off
FORECASTS = (Trigger.FIRST_SERVICE, Trigger.NEXT_SERVICE)
# Tasks that mean "keep in touch": while one is open, a stale grade needs no task of its own.
IN_TOUCH = (Trigger.CONTACT, Trigger.MANUAL, Trigger.NEW_LEAD)


def make_dated(session: Any, today: dt.date, now: dt.datetime,
               between: Callable[[], None] = lambda: None) -> dict[str, int]:
    """Make today's tasks and void those past their end. Returns how many by rule code, and `void`. No commit.

    between: called whenever a rule of a store is done; what was made so far can be committed there, so that nobody who
    logs a contact meanwhile waits for the tasks of all customers.
    """
    counts: Counter[str] = Counter()
    directory.forget()  # the working calendar as it stands now
    with access.as_system(session, "job: followups"):
        stores = list(session.scalars(sa.select(Store).order_by(Store.id)))
        dated = rules.enabled(session, *cases.DATED)
        graded, confirmed = rules.enabled(session, Trigger.CONTACT), rules.enabled(session, Trigger.FILE_STALE)
        for store in stores:
            counts["void"] += void_expired(session, store, today, now)
            staff = Staff.of(session, store.id)
            for rule in dated:
                counts[rule.code] += _make(session, rule, store, staff, today, now)
                between()
            for rule in graded:
                counts[rule.code] += _remind_of_grade(session, rule, store, staff, today, now)
                between()
            for rule in confirmed:
                counts[rule.code] += len(making.insert(session, confirming.tasks(
                    session, rule, store, staff, today, now)))
                between()
            refresh_store(session, store.id)
            between()
            set_caps(session, capping.different_in_store(session, store, today))
    return dict(counts)


def _make(session: Any, rule: FollowUpRule, store: Store, staff: Staff, today: dt.date, now: dt.datetime) -> int:
    first, made, waiting = first_day(rule, today), 0, []
    for task in tasks_between(session, rule, store, staff, first, today, now):
        waiting.append(_recent(task, today))
        if len(waiting) >= CHUNK:
            made += len(making.insert(session, waiting))
            waiting = []
    return made + len(making.insert(session, waiting))


def _recent(task: dict[str, Any], today: dt.date) -> dict[str, Any]:
    return making.moved_to(task, today) if task["due_on"] < today - dt.timedelta(days=rules.CATCH_UP) else task


def first_day(rule: FollowUpRule, today: dt.date) -> dt.date:
    """The earliest due day for which a task is still made."""
    room = rules.CATCH_UP
    if rule.expires_after is not None:
        valid = max(0, rule.expires_after - rule.offset)
        room = valid if rule.trigger in FORECASTS else min(room, valid)
    return today - dt.timedelta(days=room)


def tasks_between(session: Any, rule: FollowUpRule, store: Store, staff: Staff, first: dt.date, last: dt.date,
                  now: dt.datetime) -> Iterator[dict[str, Any]]:
    """The tasks of a dated rule in one store whose due day lies from first to last, made or not."""
    early = first - dt.timedelta(days=WORKING_DAY_SHIFT if rule.to_working_day else 0)
    offset = dt.timedelta(days=rule.offset)
    find = cases.DATED[Trigger(rule.trigger)]
    for case in find(session, rule, store, early - offset, last - offset, clock.local_day(now)):
        task = making.values(rule, case, store, staff, now)
        if task is not None and first <= task["due_on"] <= last:
            yield task


# ---------------------------------------------------------------- stale grades


def _remind_of_grade(session: Any, rule: FollowUpRule, store: Store, staff: Staff, today: dt.date,
                     now: dt.datetime) -> int:
    return len(making.insert(session, [making.moved_to(task, today) for _base, task in stale_grades(
        session, rule, store, staff, today, now)]))


def stale_grades(session: Any, rule: FollowUpRule, store: Store, staff: Staff, today: dt.date,
                 now: dt.datetime) -> Iterator[tuple[dt.date, dict[str, Any]]]:
    """(graded on, task) of the customers whose grade is older than its window and whom nobody is to contact."""
    window = (rule.condition or {}).get("window_days")
    if window is None:
        return
    graded = sa.func.coalesce(Customer.graded_on, Customer.registered_on, type_=sa.Date)
    keeping = sa.select(FollowUpRule.id).where(FollowUpRule.trigger.in_(IN_TOUCH))
    cared_for = sa.exists().where(
        FollowUp.customer_id == Customer.id, FollowUp.state.in_(OPEN_STATES),
        sa.or_(FollowUp.rule_id.in_(keeping), FollowUp.rule_id.is_(None)))
    for case in cases.of_customers(
            session, rule, store, today, graded, Customer.stage.in_([Stage.LEAD, Stage.PROSPECT]),
            Customer.owner_id.is_not(None), graded < today - dt.timedelta(days=window), ~cared_for,
            mark=lambda base: f"stale:{base}"):
        task = making.values(rule, case, store, staff, now)
        if task is not None:
            yield rules.day_of(case.base), task | {"expires_on": None}


# ---------------------------------------------------------------- past their end


def void_expired(session: Any, store: Store, today: dt.date, now: dt.datetime) -> int:
    """Void the open tasks of a store whose last sensible day has passed. Returns how many."""
    session.flush()
    table = FollowUp.__table__
    over = sa.and_(table.c.store_id == store.id, table.c.state.in_(OPEN_STATES), table.c.due_on < today,
                   table.c.expires_on < today, table.c.deleted_at.is_(None))
    rollup.touch(session, table.name, session.connection().execute(sa.select(table.c.id).where(over)).scalars())
    statement = sa.update(table).where(over).values(
        state=FollowUpState.VOID, closed_at=now, updated_at=now, version=table.c.version + 1, note="过期作废",
    ).returning(table.c.id, table.c.customer_id)
    gone = session.connection().execute(statement).all()
    if gone:
        ids = sorted(number for number, _customer in gone)
        audit.record(session, AuditVerb.BULK, "followup", label=f"void: {len(ids)}",
                     changes={"state": ["open", "void"], "rows": [0, len(ids)], "ids": ids}, store_id=store.id)
        forget(session, ids)
        refresh_customers(session, {customer for _number, customer in gone})
    return len(gone)

