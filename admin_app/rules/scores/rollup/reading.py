"""Figures from the roll-ups: what every person has by every source, in one or two statements.

Months are read as months. Only where the day counts (what is overdue today, whom somebody contacted within ninety
days of today) are days read too, those after the day that is looked at, and taken away again. What turns on minutes
is counted from the rows of today alone, which are few.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from operator import add
from typing import Any

import sqlalchemy as sa

from admin_app.choices import Trigger
from admin_app.clock import day_bounds
from admin_app.models import Campaign, Complaint, FollowUp, FollowUpRule, ScoreDay
from admin_app.rules.scores.measuring import CENT, Found, Rows, Window, counted
from admin_app.rules.scores.registry import SOURCES
from admin_app.rules.scores.rollup import handling
from admin_app.rules.scores.rollup.prepared import Prepared
from admin_app.rules.scores.rollup.tally import DAY, MONTH, first_of, last_of
from admin_app.rules.scores.sources import WAITING

ZERO = Decimal(0).quantize(CENT)
NOTHING = Found(0, 0, Decimal(0))

People = dict[int, Found]
Rest = Callable[[Any, Window], People]

# How far a tally is looked at: to the end of the period, to today, to yesterday, or as it stands on the last day.
PERIOD, TODAY, YESTERDAY, STANDS = "period", "today", "yesterday", "stands"


@dataclass(frozen=True)
class Figure:
    """A source in tallies: those of all rows, those of the rows that count, and that of the amount (in `unit`s).

    here: only rows of the store that is looked at. rest: what is not rolled up, counted from few rows.
    """

    whole: tuple[str, ...]
    good: tuple[str, ...]
    amount: str | None = None
    unit: Decimal = Decimal(1)
    here: bool = False
    rest: Rest | None = None


def _simple(whole: str, good: str | None = None) -> Figure:
    return Figure((whole,), (good or whole,))


# ---------------------------------------------------------------- what turns on minutes


def _first_contacts(dialect: str) -> Any:
    task, rule = FollowUp.__table__, FollowUpRule.__table__.c
    new_lead = sa.select(rule.id).where(rule.trigger == sa.literal_column(f"'{Trigger.NEW_LEAD.value}'"),
                                        rule.deleted_at.is_(None))
    moment = lambda name: sa.bindparam(name, type_=sa.DateTime(timezone=True))  # noqa: E731
    return sa.select(task.c.assignee_id, sa.func.count()).where(
        task.c.rule_id.in_(new_lead), task.c.due_at >= moment("since"), task.c.due_at < moment("until"),
        task.c.state.in_([sa.literal_column(f"'{state.value}'") for state in WAITING]),
        task.c.deleted_at.is_(None), task.c.assignee_id.is_not(None)).group_by(task.c.assignee_id)


FIRST_CONTACTS = Prepared(_first_contacts)


def _first_contacts_of_today(session: Any, window: Window) -> People:
    """First contacts that were due earlier today and wait."""
    today = day_bounds(window.today, window.zone)[0]
    if not today <= window.now < window.until:
        return {}
    rows = FIRST_CONTACTS.run(session.connection(), since=today, until=window.now)
    return {person: Found(count, 0, ZERO) for person, count in rows}


def _late_complaints(session: Any, window: Window) -> People:
    """Complaints of the period whose time is up and that nobody has finished."""
    late = handling.late_before(window.now, window.store)
    return counted(session, Rows(Complaint, Complaint.owner_id, (
        Complaint.store_id == window.store.id, Complaint.received_at >= window.since,
        Complaint.received_at < min(window.until, late), Complaint.finished_at.is_(None),
        Complaint.imported.is_(False)), good=sa.false()))


def _ended_today(name: str) -> Rest:
    """The rows of a source of campaigns that ended earlier today."""

    def rest(session: Any, window: Window) -> People:
        today = day_bounds(window.today, window.zone)[0]
        if not today <= window.now < window.until:
            return {}
        rows = SOURCES[name].rows(session, window)
        return counted(session, Rows(rows.model, rows.person, (*rows.where, Campaign.ends_at >= today), rows.good,
                                     rows.amount, rows.joins))

    return rest


def _of_campaign(name: str, whole: str, good: str) -> Figure:
    return Figure((whole,), (good,), rest=_ended_today(name))


# ---------------------------------------------------------------- the sources in tallies

FIGURES: dict[str, Figure] = {
    "followups_on_time": Figure(("tasks_done", "tasks_waiting"), ("tasks_timely",)),
    "first_contact_on_time": Figure(("firsts_done", "firsts_waiting"), ("firsts_timely",),
                                    rest=_first_contacts_of_today),
    "visits_logged": _simple("visits"),
    "call_connect": _simple("calls", "calls_reached"),
    "valid_callbacks": _simple("callbacks", "callbacks_reached"),
    "promises_kept": Figure(("promises_kept", "promises_broken", "promises_open"), ("promises_kept",)),
    "contact_coverage": _simple("files", "covered"),
    "advised_coverage": _simple("advised_files", "advised_covered"),
    "data_completeness": Figure(("files",), ("files",), "completeness"),
    "advised_completeness": Figure(("advised_files",), ("advised_files",), "advised_completeness"),
    "complaint_count": _simple("complaints"),
    "complaint_on_time": Figure(("handled",), ("handled_timely",), here=True, rest=_late_complaints),
    "recall_satisfied": _simple("recalls", "recalls_satisfied"),
    "recall_on_time": _simple("recalled", "recalled_timely"),
    "deals": _simple("cars"),
    "revenue": Figure(("cars",), ("cars_priced",), "cents", Decimal(100)),
    "sales_satisfaction": _simple("owned_rated", "owned_rated_well"),
    "visit_satisfaction": _simple("rated", "rated_well"),
    "repair_orders_closed": _simple("orders"),
    "delivered_as_promised": _simple("orders_promised", "orders_timely"),
    "first_fix": _simple("mended", "mended_once"),
    "service_satisfaction": _simple("orders_rated", "orders_rated_well"),
    "service_return": _simple("known", "returned"),
    "invitation_attendance": _of_campaign("invitation_attendance", "invited", "invited_came"),
    "campaign_attendance": _of_campaign("campaign_attendance", "guests", "guests_came"),
    "campaign_leads": _of_campaign("campaign_leads", "guests", "guests_led"),
    "campaign_deals": _of_campaign("campaign_deals", "guests", "guests_dealt"),
    "campaign_satisfaction": _of_campaign("campaign_satisfaction", "guests_rated", "guests_rated_well"),
}
REACH: dict[str, str] = (
    dict.fromkeys(("cars", "cars_priced", "cents"), TODAY)
    | dict.fromkeys(("tasks_waiting", "firsts_waiting", "promises_open", "invited", "invited_came", "guests",
                     "guests_came", "guests_led", "guests_dealt", "guests_rated", "guests_rated_well"), YESTERDAY)
    | dict.fromkeys(("files", "completeness", "covered", "advised_files", "advised_completeness", "advised_covered",
                     "known", "returned"), STANDS))


def is_rolled_up(source: str) -> bool:
    """Whether a source can be read from the roll-ups."""
    return source in FIGURES


# ---------------------------------------------------------------- the statements

_table = ScoreDay.__table__


def _people(dialect: str) -> Any:
    """Keys of people from a JSON list, as a subquery."""
    given = sa.bindparam("people", type_=sa.Text)
    if dialect == "postgresql":
        each = sa.func.json_array_elements_text(sa.cast(given, sa.JSON)).table_valued("value", name="person")
        return sa.select(sa.cast(each.c.value, sa.Integer))
    return sa.select(sa.func.json_each(given).table_valued("value", name="person").c.value)


def _sum(name: str, condition: Any, here: bool, sign: int = 1) -> Any:
    if here:
        condition = sa.and_(condition, _table.c.store_id == sa.bindparam("store", type_=sa.Integer))
    return sa.func.sum(sa.case((condition, sign * _table.c[name]), else_=sa.literal_column("0"))).label(name)


def _end(name: str) -> Any:
    return sa.bindparam(name, type_=sa.Date)


def _statement(span: str, columns: list[Any], where: list[Any], dialect: str) -> Any:
    return sa.select(_table.c.user_id, *columns).where(
        _table.c.span == sa.literal_column(f"'{span}'"), *where,
        _table.c.user_id.in_(_people(dialect))).group_by(_table.c.user_id)


@lru_cache(maxsize=256)
def _months(tallies: tuple[tuple[str, bool], ...]) -> Prepared:
    """The months of the period, each tally as far as it reaches; what stands is minus what comes after it."""
    day, stands = _table.c.day, any(REACH.get(name) == STANDS for name, _here in tallies)

    def make(dialect: str) -> Any:
        columns = []
        for name, here in tallies:
            reach = REACH.get(name, PERIOD)
            if reach == STANDS:
                columns.append(_sum(name, day > _end("today"), here, -1))
            else:
                columns.append(_sum(name, day <= _end(reach), here))
        return _statement(MONTH, columns, [day >= _end("since")] + ([] if stands else [day <= _end(PERIOD)]), dialect)

    return Prepared(make)


@lru_cache(maxsize=256)
def _days(tallies: tuple[tuple[str, bool], ...]) -> Prepared:
    """The days of the last month that come after the day that is looked at."""
    day = _table.c.day

    def make(dialect: str) -> Any:
        columns = [_sum(name, sa.and_(day > _end(_till(name)), day <= _end(f"end_{_till(name)}")), here, -1)
                   for name, here in tallies]
        return _statement(DAY, columns, [day > _end(YESTERDAY), day <= _end(f"end_{TODAY}")], dialect)

    return Prepared(make)


def _till(name: str) -> str:
    return YESTERDAY if REACH[name] == YESTERDAY else TODAY


def _ends(window: Window) -> dict[str, dt.date]:
    """The last day of each reach; in months it is the whole month, of which days are taken away again."""
    running = window.today <= window.period.ends_on
    yesterday = window.today - dt.timedelta(days=1) if running else window.period.ends_on
    return {TODAY: window.last_day, YESTERDAY: yesterday,
            f"end_{TODAY}": last_of(window.last_day), f"end_{YESTERDAY}": last_of(yesterday)}


def _read(session: Any, window: Window, wanted: tuple[tuple[str, bool], ...], people: list[int]
          ) -> dict[int, tuple[int, ...]]:
    """person → a number for each tally that is wanted, as of the last day looked at."""
    connection, ends, since = session.connection(), _ends(window), window.period.starts_on
    begun = tuple(one for one in wanted if REACH.get(one[0]) != YESTERDAY or ends[YESTERDAY] >= since)
    given = {"people": json.dumps(people), "store": window.store.id}
    months = {"since": since, PERIOD: window.period.ends_on, TODAY: first_of(ends[TODAY]),
              YESTERDAY: first_of(ends[YESTERDAY])}
    found: dict[int, tuple[int, ...]] = {}
    if begun:
        _collect(found, wanted, begun, _months(begun).run(connection, **given, **months))
    by_day = tuple(one for one in begun if one[0] in REACH)
    if by_day and ends[YESTERDAY] < ends[f"end_{TODAY}"]:
        _collect(found, wanted, by_day, _days(by_day).run(connection, **given, **ends))
    return found


def _collect(found: dict[int, tuple[int, ...]], wanted: tuple[Any, ...], names: tuple[Any, ...], rows: Iterable[Any]
             ) -> None:
    """Put the rows of a statement under the people they are of, where they add up."""
    places = [names.index(one) if one in names else None for one in wanted]
    for person, *numbers in rows:
        numbers = [0 if place is None else int(numbers[place]) for place in places]
        before = found.get(person)
        found[person] = tuple(map(add, before, numbers)) if before else tuple(numbers)


# ---------------------------------------------------------------- figures

class Kept:
    """What some people have by some sources: their tallies, and what was counted from rows besides."""

    def __init__(self, session: Any, window: Window, sources: Iterable[str], people: Iterable[int]) -> None:
        self.sources = tuple(dict.fromkeys(sources))
        figures, known = [(name, FIGURES[name]) for name in self.sources], sorted(set(people))
        self.names = tuple(dict.fromkeys(
            (name, figure.here) for _source, figure in figures
            for name in (*figure.whole, *figure.good, *filter(None, [figure.amount]))))
        self.rows = _read(session, window, self.names, known) if known else {}
        self.rest = {source: figure.rest(session, window) for source, figure in figures
                     if figure.rest is not None and known}
        self._none = (0,) * len(self.names)

    def numbers(self, members: Collection[int]) -> tuple[int, ...]:
        """The tallies of some people together."""
        if len(members) == 1:
            return self.rows.get(next(iter(members)), self._none)
        return tuple(map(sum, zip(self._none, *[self.rows[one] for one in members if one in self.rows], strict=True)))

    def key(self, members: Collection[int]) -> tuple[Any, ...]:
        """All that the figures of some people turn on: equal keys, equal figures."""
        more = tuple((source, member, found) for source, rest in self.rest.items() if rest
                     for member in members if (found := rest.get(member)) is not None)
        return self.numbers(members), more

    def found(self, source: str, members: Collection[int]) -> Found:
        """One figure of some people."""
        figure, numbers = FIGURES[source], dict(zip(self.names, self.numbers(members), strict=True))
        total = sum(numbers[name, figure.here] for name in figure.whole)
        result = NOTHING
        if total:
            amount = (Decimal(numbers[figure.amount, figure.here]) / figure.unit).quantize(CENT
                      ) if figure.amount else ZERO
            result = Found(total, sum(numbers[name, figure.here] for name in figure.good), amount)
        for member in members:
            more = self.rest.get(source, {}).get(member)
            result = result.plus(more) if more is not None else result
        return result


def measure(session: Any, window: Window, sources: Iterable[str], teams: Mapping[int, Iterable[int]]
            ) -> dict[str, dict[int, Found]]:
    """source → person → what the person's people have, as measuring.measure() counts it from the rows."""
    members = {person: set(ids) for person, ids in teams.items()}
    kept = Kept(session, window, sources, {one for ids in members.values() for one in ids})
    return {source: {person: kept.found(source, ids) for person, ids in members.items()} for source in kept.sources}
