"""The lines of one page of the due list: customers who wait on a clock (a new lead, an inquiry, a visit to thank for)
come before everything else that is due; then the order of rules/followups/due.py."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask import g

from admin_app import access, clock, fresh, prepared
from admin_app.database import db
from admin_app.pages import task_rows
from admin_app.pages.task_rows import TaskRow
from admin_app.rules import followups
from admin_app.rules.followups.due import CLOCKED, on_a_clock

# The figure of followups.Line that says how many of a list have a clock.
FIGURES = {None: "owed", "overdue": "overdue", "today": "today", "week": "today", "all": "owed"}


# A task is reached through the index of what is due, which has its scope.
BY_INDEX = task_rows.BESIDE | {"followup"}


@dataclass(frozen=True)
class Owed:
    """What is owed now by some people: the due list without a chip."""

    people: tuple[int, ...]
    due: str | None = None
    reason: str | None = None
    page: int = 0


def day_of(person: int, now: dt.datetime) -> tuple[list[followups.Line], int]:
    """followups.day_of() for a screen. What the person signed in owes is kept as fresh.py says, and made anew when a
    notification has come, so that a new lead is first at once."""
    if person != access.current().user_id:
        return followups.day_of(db.session, person, now)
    unread = g.sign_in.unread if "sign_in" in g else 0
    found: tuple[list[followups.Line], int] = fresh.kept(
        ("day", access.standing(access.current())), lambda: followups.day_of(db.session, person, now), mark=unread)
    return found


def owed(person: int, lines: list[followups.Line], most: int, now: dt.datetime) -> list[TaskRow]:
    """The first lines of somebody's due list, as it shows them. `lines`: the counts of this person."""
    return rows_of(Owed((person,)), lines, most, now)[:most]


def rows_of(question: Any, lines: list[followups.Line], size: int, now: dt.datetime) -> list[TaskRow]:
    """The lines of a page, one more than `size` where there is a next page. `lines`: the counts of this question."""
    begin, figure = size * question.page, FIGURES.get(question.due)
    clocked = sum(getattr(line, figure) for line in lines if line.trigger in CLOCKED) if figure else 0
    if not clocked:
        return _part(question, None, begin, size + 1, now)
    found = _part(question, True, begin, size + 1, now) if begin < clocked else []
    if len(found) <= size:
        found += _part(question, False, max(0, begin - clocked), size + 1 - len(found), now)
    return found


def _part(question: Any, clocked: bool | None, begin: int, most: int, now: dt.datetime) -> list[TaskRow]:
    """Some tasks of the question in their order: those with a clock, those without one, or (None) all of them."""
    today = clock.local_day(now)

    def build() -> Any:
        found = followups.due_query(now, due=question.due or "owed", assignee_ids=question.people,
                                    reason=question.reason)
        if clocked is not None:
            found = found.where(on_a_clock(today) if clocked else ~on_a_clock(today))
        return followups.order(found).limit(prepared.given("most")).offset(prepared.given("begin"))

    key = ("due list", question.due, question.people, question.reason, clocked, today)
    return task_rows.rows_of(key, build, now, BY_INDEX, most=most, begin=begin)
