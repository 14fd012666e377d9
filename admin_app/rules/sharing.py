"""Sharing open tasks out among colleagues: some tasks of one person to others, or a team's load made even.

A plan says which task goes to whom and writes nothing; carry_out() does it. Nobody gets a task whose customer he may
not see (SAFETY), and no re-callback goes to somebody who handled the complaint. `along`: the customers of the person
who gives go with their task, and all their other open tasks of that person too, so that consultants, who see only
their own customers, can take over from each other.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, clock
from admin_app.errors import Refused, RuleError
from admin_app.models import Complaint, Customer, FollowUp, User
from admin_app.rules.complaints import people as complaint_people
from admin_app.rules.customers import keep_for, keeping_roles
from admin_app.rules.followups.due import due_query
from admin_app.rules.followups.tasks import OPEN_STATES, refresh_customers
from admin_app.rules.handover.shares import Bearer, Shares

MOST = 1_000  # tasks that are shared out at once


@dataclass
class Plan:
    """task → who gets it; `left` are tasks that none of the chosen people may take."""

    given: dict[int, int] = field(default_factory=dict)
    source: dict[int, int | None] = field(default_factory=dict)  # task → whose it is now
    left: list[int] = field(default_factory=list)
    along: bool = False

    def flows(self) -> list[tuple[int | None, int, int]]:
        """(from whom, to whom, how many), the largest first."""
        found: dict[tuple[int | None, int], int] = {}
        for task, person in self.given.items():
            pair = (self.source[task], person)
            found[pair] = found.get(pair, 0) + 1
        return sorted(((*pair, number) for pair, number in found.items()), key=lambda flow: -flow[2])

    def mark(self) -> str:
        """Two plans with the same mark are the same."""
        said = json.dumps([sorted(self.given.items()), self.along])
        return hashlib.sha256(said.encode()).hexdigest()[:24]


@dataclass(frozen=True)
class _Task:
    id: int
    customer_id: int
    assignee_id: int | None
    complaint_id: int | None
    able: frozenset[int]


def move(session: Any, tasks: Any, takers: Collection[Bearer], now: dt.datetime, *, along: bool = False) -> Plan:
    """A plan for the tasks of a select over FollowUp, as the acting person sees them: to the takers, everybody's
    share of the day's capacity growing evenly. Raises RuleError at `to` without takers."""
    if not takers:
        raise RuleError(_l("Choose at least one person."), "to")
    plan, shares = Plan(along=along), Shares.of_tasks(takers)
    for task in _ready(session, tasks, takers, along):
        _put(plan, shares, task, {one.id for one in takers} - {task.assignee_id or 0})
    return plan


def _put(plan: Plan, shares: Shares, task: _Task, among: Collection[int]) -> None:
    person = shares.take(task.able & set(among))
    if person is None:
        plan.left.append(task.id)
    else:
        plan.given[task.id], plan.source[task.id] = person, task.assignee_id


def even_out(session: Any, people: Collection[Bearer], now: dt.datetime, *, along: bool = False) -> Plan:
    """A plan that makes the day even: overdue tasks go, one by one, from whoever is the fullest for his capacity to
    the least full who may take one, until nobody is helped by it. `tasks` of each person: what is owed now."""
    plan, most = Plan(along=along), {one.id: max(one.tasks_most, 1) for one in people}
    load = {one.id: one.tasks for one in people}
    overdue = due_query(now, due="overdue", assignee_ids=list(load))
    waiting: dict[int, list[_Task]] = {}
    for task in _ready(session, overdue, people, along):
        waiting.setdefault(task.assignee_id or 0, []).append(task)
    while True:
        for giver in sorted(waiting, key=lambda one: (-load[one] / most[one], one)):
            if _lighten(plan, giver, waiting[giver], load, most):
                break
        else:
            return plan


def _lighten(plan: Plan, giver: int, tasks: list[_Task], load: dict[int, int], most: dict[int, int]) -> bool:
    """Move one task away from a person where that helps; whether it did. The latest due goes first."""
    for place in range(len(tasks) - 1, -1, -1):
        able = [one for one in tasks[place].able if one != giver
                and (load[one] + 1) / most[one] < load[giver] / most[giver]]
        if able:
            taker = min(able, key=lambda one: ((load[one] + 1) / most[one], one))
            task = tasks.pop(place)
            plan.given[task.id], plan.source[task.id] = taker, giver
            load[giver], load[taker] = load[giver] - 1, load[taker] + 1
            return True
    return False


def _ready(session: Any, statement: Any, takers: Collection[Bearer], along: bool) -> list[_Task]:
    """The open tasks of a select, oldest first, each with those of the takers who may have it."""
    rows = session.execute(statement.where(FollowUp.state.in_(OPEN_STATES)).with_only_columns(
        FollowUp.id, FollowUp.customer_id, FollowUp.assignee_id, FollowUp.source_table, FollowUp.source_id).order_by(
        FollowUp.due_at, FollowUp.id).limit(MOST)).all()
    customers = {row.customer_id for row in rows}
    with access.as_system(session, "who may take which task"):
        visible, owners = _visible(session, takers, customers), _owners(session, customers)
        keepers = _keepers(session, takers) if along else {}
        found = []
        for row in rows:
            owner, store = owners.get(row.customer_id, (None, 0))
            able = {one for one, seen in visible.items() if row.customer_id in seen}
            if along and owner is not None and owner == row.assignee_id:
                able |= {one for one, home in keepers.items() if home == store}
            complaint = row.source_id if row.source_table == "complaint" else None
            if complaint is not None:
                able -= _hands(session, complaint)
            found.append(_Task(row.id, row.customer_id, row.assignee_id, complaint, frozenset(able)))
    return found


def _visible(session: Any, takers: Iterable[Bearer], customers: set[int]) -> dict[int, set[int]]:
    return {one.id: access.within(session, access.actor_for(session, session.get(User, one.id)), "customer", customers,
                                  "read") for one in takers}


def _owners(session: Any, customers: set[int]) -> dict[int, tuple[int | None, int]]:
    found: dict[int, tuple[int | None, int]] = {}
    keys = sorted(customers)
    for at in range(0, len(keys), access.MOST_KEYS):
        for row in session.execute(sa.select(Customer.id, Customer.owner_id, Customer.store_id).where(
                Customer.id.in_(keys[at:at + access.MOST_KEYS]))):
            found[row.id] = (row.owner_id, row.store_id)
    return found


def _keepers(session: Any, takers: Iterable[Bearer]) -> dict[int, int]:
    """Those of the takers who may keep customers, with their store."""
    rows = session.execute(sa.select(User.id, User.store_id).where(
        User.id.in_([one.id for one in takers]), User.role_id.in_(keeping_roles(session))))
    return {row.id: row.store_id for row in rows}


def _hands(session: Any, complaint_id: int | None) -> set[int]:
    complaint = session.get(Complaint, complaint_id) if complaint_id else None
    return complaint_people.handlers(session, complaint) if complaint is not None else set()


def carry_out(session: Any, plan: Plan, now: dt.datetime) -> int:
    """Do what a plan says, for those who may assign tasks (and customers, where they go along); no commit. Returns how
    many tasks went over. Tasks that were settled or given away in between stay as they are."""
    actor = access.actor_of(session)
    if actor is None or not actor.may("followup", "assign") or (plan.along and not actor.may("customer", "assign")):
        raise Refused(_l("You may not give this to somebody else."))
    seen = set(session.scalars(sa.select(FollowUp.id).where(FollowUp.id.in_(list(plan.given)))))
    moved = 0
    touched: set[int] = set()
    with access.as_system(session, "tasks shared out"):
        for task in session.scalars(sa.select(FollowUp).where(FollowUp.id.in_(seen)).order_by(
                FollowUp.id).with_for_update().execution_options(populate_existing=True)):
            if task.state in OPEN_STATES and task.assignee_id == plan.source[task.id]:
                _take_along(session, task, plan, now)
                task.assignee_id = plan.given[task.id]
                moved, touched = moved + 1, touched | {task.customer_id}
        refresh_customers(session, touched)
    return moved


def _take_along(session: Any, task: FollowUp, plan: Plan, now: dt.datetime) -> None:
    """The customer goes with the task where he is of the person who gives it, with that person's other tasks."""
    giver, taker = plan.source[task.id], plan.given[task.id]
    if not plan.along or giver is None:
        return
    customer = session.get(Customer, task.customer_id)
    if customer is None or customer.owner_id != giver:
        return
    keep_for(customer, taker, clock.local_day(now))
    for other in session.scalars(sa.select(FollowUp).where(
            FollowUp.customer_id == customer.id, FollowUp.assignee_id == giver, FollowUp.state.in_(OPEN_STATES),
            FollowUp.id.not_in(list(plan.given)))):
        other.assignee_id = taker
