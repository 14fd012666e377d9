"""The figures of the home pages. A figure is a question; its number and the rows behind it are the same rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, clock, prepared
from admin_app.database import db
from admin_app.desk.filters import filters_of, list_address
from admin_app.models import BY_TABLE
from admin_app.rules import inquiries
from admin_app.rules import today as day
from admin_app.rules.leads import clocks as lead_clocks

Wanted = tuple[str, str, Any]
OPEN_COMPLAINT: tuple[Wanted, ...] = (("state", "not", "closed"),)
OPEN_ORDER: tuple[Wanted, ...] = (("state", "not", "closed"), ("state", "not", "cancelled"))


@dataclass(frozen=True)
class Figure:
    """One number of a strip: what it is called, how many rows, where they are, its colour."""

    label: Any
    number: int
    href: str
    tone: str = ""


@dataclass(frozen=True)
class Question:
    """A figure that is still to be counted: `build` selects its rows, `key` names everything that it is made of."""

    label: Any
    href: str
    tone: str
    key: Hashable
    build: Callable[[], Any]


def listed(label: Any, table: str, *wanted: Wanted, tone: str = "") -> Question | None:
    """A figure over a generated list with these filters; None where the person may not read the table."""
    if not access.can(table):
        return None
    return Question(label, list_address(table, *wanted), tone, (table, wanted, clock.today()),
                    lambda: _filtered(table, wanted))


def _filtered(table: str, wanted: tuple[Wanted, ...]) -> Any:
    by_key = {one.key: one for one in filters_of(BY_TABLE[table])}
    statement: Any = sa.select(BY_TABLE[table])
    for column, op, value in wanted:
        text = value.isoformat() if isinstance(value, dt.date) else int(value) if isinstance(value, bool) else value
        statement = by_key[f"{column}_{op}"].apply(statement, str(text))
    return statement


def numbers(*questions: Question | None) -> list[Figure]:
    """The figures with their numbers, counted exactly in one statement; a question that is None is left out."""
    asked = [one for one in questions if one is not None]
    if not asked:
        return []
    db.session.flush()
    row = prepared.few(db.session, ("figures", *(one.key for one in asked)), lambda: sa.select(
        *(_count(one.build()).scalar_subquery() for one in asked)))[0]
    return [Figure(one.label, number, one.href, one.tone if number else "")
            for one, number in zip(asked, row, strict=True)]


def _count(statement: Any) -> Any:
    model = statement.column_descriptions[0]["entity"]
    return statement.with_only_columns(sa.func.count(model.id)).order_by(None)


def counted(statement: Any) -> int:
    """How many rows a select of one model has, exactly."""
    return db.session.scalar(_count(statement)) or 0


# ---------------------------------------------------------------- rows that no filter of a list can ask for


@dataclass(frozen=True)
class Ask:
    """A question with a page of its own at /admin/today/?show=: title, table, and its select for some people."""

    title: Any
    table: str
    select: Callable[[list[int] | None, dt.datetime], Any]
    tone: str = ""


ASKS: dict[str, Ask] = {
    "birthdays": Ask(_l("Birthdays today"), "customer",
                     lambda people, now: day.birthdays(clock.local_day(now), people)),
    "broken": Ask(_l("Broken promises"), "promise",
                  lambda people, now: day.broken_promises(clock.local_day(now), people), "late"),
    "stale": Ask(_l("Stale grades"), "customer",
                 lambda people, now: day.stale_grades(clock.local_day(now), people), "soon"),
    "unlearned": Ask(_l("Closed without a lesson, 4 weeks"), "complaint",
                     lambda people, now: day.unlearned_complaints(
                         clock.day_bounds(clock.local_day(now))[0] - dt.timedelta(weeks=4)), "soon"),
    "late_leads": Ask(_l("First contact too late"), "followup", lambda people, now: lead_clocks.late(1), "late"),
    "late_leads_twice": Ask(_l("First contact far too late"), "followup", lambda people, now: lead_clocks.late(2),
                            "late"),
    "late_inquiries": Ask(_l("Inquiries too late"), "inquiry", lambda people, now: inquiries.reported(), "late"),
    "done": Ask(_l("Done today"), "followup", lambda people, now: day.done_by((people or [0])[0], now)),
}


def asked(show: str, people: list[int] | None, now: dt.datetime, label: Any = None) -> Question | None:
    """A figure with a page of its own; None where the person may not read its table."""
    ask = ASKS[show]
    if not access.can(ask.table):
        return None
    return Question(label or ask.title, address_of(show, people), ask.tone,
                    (show, whose(people), clock.local_day(now)), lambda: ask.select(people, now))


def whose(people: list[int] | None) -> tuple[int, ...] | None:
    """Some people as part of a key."""
    return None if people is None else tuple(people)


def address_of(show: str, people: list[int] | None) -> str:
    """The page with the rows behind a figure."""
    owner = "" if people is None else "&owner=me" if people == [access.current().user_id] else f"&owner={people[0]}"
    return f"/admin/today/?show={show}{owner}"
