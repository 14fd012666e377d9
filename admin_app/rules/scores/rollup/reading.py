"""Figures from the roll-ups: what every person has by every source, in one to three statements.

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
Tallies = tuple[tuple[str, bool], ...]  # a tally, and whether only rows of the store that is looked at count
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


def _sum(name: str, here: bool, condition: Any = None, sign: int = 1) -> Any:
    """The sum of a tally, of the rows where the condition holds."""
    if here:
        of_store = _table.c.store_id == sa.bindparam("store", type_=sa.Integer)
        condition = of_store if condition is None else sa.and_(condition, of_store)
    number = _table.c[name]
    if condition is not None:
        number = sa.case((condition, number), else_=sa.literal_column("0"))
    total = sa.cast(sa.func.sum(number), sa.BigInteger)
    return (total if sign > 0 else -total).label(name)


def _end(name: str) -> Any:
    return sa.bindparam(name, type_=sa.Date)


def _statement(span: str, columns: list[Any], where: list[Any], dialect: str) -> Any:
    return sa.select(_table.c.user_id, *columns).where(
        _table.c.span == sa.literal_column(f"'{span}'"), *where,
        _table.c.user_id.in_(_people(dialect))).group_by(_table.c.user_id)


@lru_cache(maxsize=256)
def _months(tallies: Tallies) -> Prepared:
    """The months of the period, each tally as far as it reaches."""
    day = _table.c.day

    def make(dialect: str) -> Any:
        columns = [_sum(name, here, None if name not in REACH else day <= _end(REACH[name])) for name, here in tallies]
        return _statement(MONTH, columns, [day >= _end("since"), day <= _end(PERIOD)], dialect)

    return Prepared(make)


@lru_cache(maxsize=256)
def _after(tallies: Tallies) -> Prepared:
    """What stands at the end of the month that is looked at: minus all that comes after it."""
    return Prepared(lambda dialect: _statement(
        MONTH, [_sum(name, here, sign=-1) for name, here in tallies], [_table.c.day > _end(TODAY)], dialect))


@lru_cache(maxsize=256)
def _days(tallies: Tallies) -> Prepared:
    """The days of the last month that come after the day that is looked at: to be taken away again."""
    day = _table.c.day

    def make(dialect: str) -> Any:
        columns = [_sum(name, here, sa.and_(day > _end(_till(name)), day <= _end(f"end_{_till(name)}")), -1)
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


def _read(session: Any, window: Window, wanted: Tallies, people: list[int]) -> dict[int, list[int]]:
    """person → a number for each tally that is wanted, as of the last day looked at."""
    connection, ends, since = session.connection(), _ends(window), window.period.starts_on
    begun = [one for one in wanted if REACH.get(one[0]) != YESTERDAY or ends[YESTERDAY] >= since]
    stands = tuple(one for one in begun if REACH.get(one[0]) == STANDS)
    summed = tuple(one for one in begun if REACH.get(one[0]) != STANDS)
    by_day = tuple(one for one in begun if one[0] in REACH)
    given = {"people": json.dumps(people), "store": window.store.id}
    months = {"since": since, PERIOD: window.period.ends_on, TODAY: first_of(ends[TODAY]),
              YESTERDAY: first_of(ends[YESTERDAY])}
    found: dict[int, list[int]] = {}
    if summed:
        _collect(found, wanted, summed, _months(summed).run(connection, **given, **months))
    if stands:
        _collect(found, wanted, stands, _after(stands).run(connection, **given, **months))
    if by_day and ends[YESTERDAY] < ends[f"end_{TODAY}"]:
        _collect(found, wanted, by_day, _days(by_day).run(connection, **given, **ends))
    return found


def _collect(found: dict[int, list[int]], wanted: Tallies, names: Tallies, rows: Iterable[Any]) -> None:
    """Put the rows of a statement under the people they are of, where they add up."""
    places = [wanted.index(one) for one in names]
    for person, *numbers in rows:
        kept = found.get(person)
        if kept is None:
            kept = found[person] = [0] * len(wanted)
        for place, number in zip(places, numbers, strict=True):
            kept[place] += number


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
            return tuple(self.rows.get(next(iter(members)), self._none))
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
