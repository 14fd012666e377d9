"""What a rule would make in the days to come, before it is saved: tasks by person and day.

For rules on dates this is exact: it is what the nightly job makes on each of these days while nobody changes a record
(tests/rules/test_followup_oracle.py runs it day by day over a year). For the rules on events the last days
stand for the next ones, and for files to be confirmed it is taken that each day's are done the same day: estimates.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from admin_app import access, clock
from admin_app.choices import FollowUpState, Trigger
from admin_app.models import FollowUp, FollowUpRule, Store, User
from admin_app.rules.followups import cases, confirming, dated, estimates, rules
from admin_app.rules.followups.staff import Staff
from admin_app.rules.followups.tasks import OPEN_STATES, TAKEN_BACK

DAYS = 14
PIECE = 500  # occurrences that one statement looks up
MOST = 50_000  # tasks of a rule that a preview looks at (default)
SECONDS = 8.0  # for which a preview goes on looking (default); whoever waits longer presses again
Forecast = Counter[tuple[int | None, dt.date]]  # (person, or None: nobody; day on which the task stands on the desk)
Task = tuple[dt.date, dict[str, Any]]


class Limit:
    """How far a preview looks: so many tasks of a rule, until such a time. reached: there was more."""

    def __init__(self, most: int | None = None, until: float | None = None) -> None:
        """until: of the monotonic clock, in seconds."""
        self.most = MOST if most is None else most
        self.until = time.monotonic() + SECONDS if until is None else until
        self.reached = False

    def over(self) -> bool:
        """Whether the time is up; notes it."""
        self.reached = self.reached or time.monotonic() >= self.until
        return time.monotonic() >= self.until

    def take(self, found: Iterator[Task]) -> Iterator[Task]:
        """The tasks of a rule as far as the limit lets look."""
        for number, task in enumerate(found):
            if number >= self.most:
                self.reached = True
                return
            if number % PIECE == 0 and self.over():
                return
            yield task


def is_estimate(rule: Any) -> bool:
    """Whether a rule's forecast is an estimate, for its records are still to come."""
    return rule.trigger not in cases.DATED


def forecast(session: Any, rule: Any, today: dt.date, days: int = DAYS,
             stores: Iterable[Store] | None = None, limit: Limit | None = None) -> Forecast:
    """How many tasks a rule would make per person and day from today over so many days, enabled or not.

    The rule need not be saved; nothing is written. stores: None for every store. limit: None looks at every task.
    """
    counts: Forecast = Counter()
    with session.no_autoflush, access.as_system(session, "preview of a rule"):
        for store in list(session.scalars(sa.select(Store).order_by(Store.id))) if stores is None else stores:
            staff = Staff.of(session, store.id)
            for day, task in tasks(session, rule, store, staff, today, days, limit):
                counts[task["assignee_id"], day] += 1
            if rule.trigger == Trigger.FILE_STALE:
                counts.update(_confirmations(session, rule, store, today, days))
    return counts


def tasks(session: Any, rule: Any, store: Store, staff: Staff, today: dt.date, days: int,
          limit: Limit | None = None) -> Iterator[Task]:
    """(day on which it stands on the desk, task) of what is not there yet. The session acts as system."""
    within = limit.take if limit is not None else iter
    if rule.trigger in cases.DATED:
        yield from _not_there(session, within(_dated(session, rule, store, staff, today, days)))
    elif rule.trigger == Trigger.FILE_STALE:
        for task in confirming.tasks(session, rule, store, staff, today, clock.at(today)):
            yield today, task
    else:
        if rule.trigger == Trigger.CONTACT:
            yield from _not_there(session, within(_stale(session, rule, store, staff, today, days)))
        last = today + dt.timedelta(days=days - 1)
        for _day, task in estimates.made(session, rule, store, staff, today, days):
            if (due := task["due_on"] + dt.timedelta(days=days)) <= last:
                yield due, task


def _dated(session: Any, rule: Any, store: Store, staff: Staff, today: dt.date, days: int) -> Iterator[Task]:
    """What the job makes on each day. Where the calendar alone changes whom the rule is for, day by day."""
    if rules.moves(session, rule):
        seen: set[str] = set()
        for day in (today + dt.timedelta(days=ahead) for ahead in range(days)):
            for task in dated.tasks_between(
                    session, rule, store, staff, dated.first_day(rule, day), day, clock.at(day)):
                if task["occurrence"] not in seen:
                    seen.add(task["occurrence"])
                    yield day, task
        return
    last = today + dt.timedelta(days=days - 1)
    for task in dated.tasks_between(
            session, rule, store, staff, dated.first_day(rule, today), last, clock.at(today)):
        day = max(task["due_on"], today)
        if task["expires_on"] is None or task["expires_on"] >= day:
            yield day, task


def _stale(session: Any, rule: Any, store: Store, staff: Staff, today: dt.date, days: int) -> Iterator[Task]:
    """The reminders of grades that have outlived their window, or will within these days."""
    window = (rule.condition or {}).get("window_days")
    last = today + dt.timedelta(days=days - 1)
    for graded, task in dated.stale_grades(session, rule, store, staff, last, clock.at(today)):
        yield max(today, graded + dt.timedelta(days=int(window or 0) + 1)), task


def _confirmations(session: Any, rule: Any, store: Store, today: dt.date, days: int) -> Forecast:
    """Files to be confirmed from tomorrow on, where each day's were done the same day."""
    made: Counter[int | None] = Counter()
    for task in confirming.tasks(session, rule, store, Staff.of(session, store.id), today, clock.at(today)):
        made[task["assignee_id"]] += 1
    counts: Forecast = Counter()
    for person, number in confirming.waiting(session, rule, store, today).items():
        left = number - made[person]
        for ahead in range(1, days):
            today_too = min(left, confirming.most_a_day(rule))
            if today_too > 0:
                counts[person, today + dt.timedelta(days=ahead)] += today_too
                left -= today_too
    return counts


def _not_there(session: Any, found: Iterator[Task]) -> Iterator[Task]:
    """Those of the tasks that the job would insert: not there yet, or taken back only because a record had changed."""
    waiting = list(found)
    for at in range(0, len(waiting), PIECE):
        piece = waiting[at:at + PIECE]
        there = set(session.scalars(access.ungated(sa.select(FollowUp.occurrence).where(
            FollowUp.occurrence.in_([task["occurrence"] for _day, task in piece]),
            sa.or_(FollowUp.state != FollowUpState.VOID, FollowUp.note.is_(None), FollowUp.note.not_in(TAKEN_BACK))))))
        yield from ((day, task) for day, task in piece if task["occurrence"] not in there)


def preview(session: Any, rule: FollowUpRule, today: dt.date, now: dt.datetime,
            days: int = DAYS) -> dict[int | None, int]:
    """How many tasks per person a rule on dates would make from today over so many days; empty for a rule on events.
    Key None: tasks that nobody would get."""
    counts: Counter[int | None] = Counter()
    if rule.trigger in cases.DATED or rule.trigger == Trigger.FILE_STALE:
        for (person, _day), number in forecast(session, rule, today, days).items():
            counts[person] += number
    return dict(counts)


# ---------------------------------------------------------------- before and after


@dataclass
class Line:
    """One person in the days to come. capacity: tasks a day; before, after: tasks by day."""

    person_id: int | None
    name: str
    capacity: int
    before: dict[dt.date, int] = field(default_factory=dict)
    after: dict[dt.date, int] = field(default_factory=dict)

    @property
    def totals(self) -> tuple[int, int, int]:
        """(before, after, difference) over all days."""
        before, after = sum(self.before.values()), sum(self.after.values())
        return before, after, after - before

    def over(self, day: dt.date) -> bool:
        """Whether the new plan asks more of a day than the person can do."""
        return self.after.get(day, 0) > self.capacity


def plan(session: Any, rule: Any, stored: Any, others: Forecast, today: dt.date, stores: list[Store],
         days: int = DAYS, limit: Limit | None = None) -> list[Line]:
    """Today's plan beside the one with the rule as it is typed, for everybody who has a task in either.

    stored: the rule as it stands, None for a new one. others: the forecast of the other enabled rules. The rule is
    counted as if it were enabled: that is what switching it on costs. limit: how far both of them are looked at.
    """
    before: Forecast = Counter(others)
    before.update(open_tasks(session, today, stores, days))
    after = Counter(before)
    if stored is not None and stored.enabled and stored.needs is None:
        before.update(forecast(session, stored, today, days, stores, limit))
    after.update(forecast(session, rule, today, days, stores, limit))
    return _lines(session, before, after, stores)


def open_tasks(session: Any, today: dt.date, stores: list[Store], days: int = DAYS) -> Forecast:
    """The open tasks of the days to come; what is overdue stands on today."""
    counts: Forecast = Counter()
    last = today + dt.timedelta(days=days - 1)
    with session.no_autoflush, access.as_system(session, "preview of a rule"):
        found = session.execute(sa.select(FollowUp.assignee_id, FollowUp.due_on, sa.func.count()).where(
            FollowUp.store_id.in_([store.id for store in stores]), FollowUp.state.in_(OPEN_STATES),
            FollowUp.due_on <= last).group_by(FollowUp.assignee_id, FollowUp.due_on))
        for person, day, number in found:
            counts[person, max(day, today)] += number
    return counts


def _lines(session: Any, before: Forecast, after: Forecast, stores: list[Store]) -> list[Line]:
    each = {store.id: store.tasks_each for store in stores}
    people = {person for person, _day in (*before, *after)}
    with session.no_autoflush, access.as_system(session, "preview of a rule"):
        known = {row.id: row for row in session.execute(sa.select(User.id, User.name, User.store_id).where(
            User.id.in_([one for one in people if one is not None])))}
    found: dict[int | None, Line] = {}
    for one in people:
        row = known.get(one)
        found[one] = Line(one, row.name if row else "", each.get(row.store_id, 40) if row else 0)
    for counts, name in ((before, "before"), (after, "after")):
        for (one, day), number in counts.items():
            getattr(found[one], name)[day] = number
    return sorted(found.values(), key=lambda line: (
        line.person_id is not None, -abs(line.totals[2]), -line.totals[1], line.name))
