"""The figures of the home pages. A figure is a question; its number and the rows behind it are the same rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, clock
from admin_app.database import db
from admin_app.desk.filters import filters_of, list_address
from admin_app.models import BY_TABLE
from admin_app.rules import today as day

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


def listed(label: Any, table: str, *wanted: Wanted, tone: str = "") -> Figure | None:
    """A figure over a generated list with these filters; None where the person may not read the table."""
    if not access.can(table):
        return None
    model = BY_TABLE[table]
    by_key = {one.key: one for one in filters_of(model)}
    statement: Any = sa.select(sa.func.count(model.id))
    for column, op, value in wanted:
        text = value.isoformat() if isinstance(value, dt.date) else int(value) if isinstance(value, bool) else value
        statement = by_key[f"{column}_{op}"].apply(statement, str(text))
    number = db.session.scalar(statement) or 0
    return Figure(label, number, list_address(table, *wanted), tone if number else "")


def counted(statement: Any) -> int:
    """How many rows a select of one model has, exactly."""
    model = statement.column_descriptions[0]["entity"]
    return db.session.scalar(statement.with_only_columns(sa.func.count(model.id)).order_by(None)) or 0


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
                     lambda people, now: day.unlearned_complaints(now - dt.timedelta(weeks=4)), "soon"),
    "done": Ask(_l("Done today"), "followup", lambda people, now: day.done_by((people or [0])[0], now)),
}


def asked(show: str, people: list[int] | None, now: dt.datetime, label: Any = None) -> Figure | None:
    """A figure with a page of its own; None where the person may not read its table."""
    ask = ASKS[show]
    if not access.can(ask.table):
        return None
    number = counted(ask.select(people, now))
    whose = "" if people is None else "&owner=me" if people == [access.current().user_id] else f"&owner={people[0]}"
    return Figure(label or ask.title, number, f"/admin/today/?show={show}{whose}", ask.tone if number else "")
