"""The score cards of a period: who is scored by which scheme, what was reached, points, total and rank.

The number of statements depends on the number of metrics, never on the number of people.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from admin_app import access
from admin_app.choices import Direction, Unit
from admin_app.clock import zone
from admin_app.models import Metric, Role, SchemeLine, ScoreScheme, Store, Team, User
from admin_app.rules.scores import measuring, points, ranking
from admin_app.rules.scores.measuring import Found, Kind, Window
from admin_app.rules.scores.periods import Period
from admin_app.rules.scores.registry import SOURCES, Source

ADDS_UP = (Kind.COUNT, Kind.SUM)
WHY = "team scores"  # what the audit would name: a score looks at every row, whoever opens the page


@dataclass(frozen=True)
class Terms:
    """One metric of a scheme as data: what is measured and what is asked for."""

    code: str
    name: str
    block: str
    unit: Unit
    direction: Direction
    source: str
    weight: Decimal
    target: Decimal | None
    floor: Decimal | None
    cap: Decimal


@dataclass(frozen=True)
class Scheme:
    """A scheme with its lines, heaviest first."""

    id: int
    name: str
    role: str
    role_name: str
    terms: tuple[Terms, ...]


@dataclass(frozen=True)
class CardLine:
    """A line of a card: the terms, what was found, and the points. `rows` only once the period is closed."""

    terms: Terms
    found: Found
    points: points.Line
    rows: list[tuple[int, bool]] | None = None


@dataclass
class Card:
    """What one person reached. total and rank None: not scored. `score_id` only once the period is closed."""

    user_id: int
    name: str
    team_id: int | None
    lines: list[CardLine] = field(default_factory=list)
    total: Decimal | None = None
    rank: int | None = None
    score_id: int | None = None

    def line(self, metric: str) -> CardLine | None:
        """The line of a metric, or None where the scheme has none."""
        return next((line for line in self.lines if line.terms.code == metric), None)


def window_of(session: Any, store: Store, period: Period, now: dt.datetime) -> Window:
    """The time a period looks at in a store, on this database."""
    return Window(period, now, zone(), store, session.get_bind().dialect.name)


def schemes(session: Any, period: Period) -> dict[str, Scheme]:
    """role code → the scheme in force at the end of the period. A later one replaces an earlier one."""
    rows = session.execute(
        sa.select(ScoreScheme.id, ScoreScheme.name, Role.code, Role.name)
        .join(Role, Role.id == ScoreScheme.role_id)
        .where(ScoreScheme.enabled, ScoreScheme.valid_from <= period.ends_on)
        .order_by(ScoreScheme.valid_from, ScoreScheme.id)).all()
    newest = {code: (key, name, code, role_name) for key, name, code, role_name in rows}
    terms = _terms(session, period, [key for key, *_rest in newest.values()])
    return {code: Scheme(key, name, code, role_name, tuple(terms.get(key, ())))
            for code, (key, name, _code, role_name) in newest.items()}


def _terms(session: Any, period: Period, scheme_ids: list[int]) -> dict[int, list[Terms]]:
    """The lines of some schemes. What adds up over time is asked for by the month, so a quarter asks for three."""
    found: dict[int, list[Terms]] = {}
    rows = session.execute(
        sa.select(SchemeLine.scheme_id, SchemeLine.weight, SchemeLine.target, SchemeLine.floor, SchemeLine.cap,
                  Metric.code, Metric.name, Metric.block, Metric.unit, Metric.direction, Metric.source)
        .join(Metric, Metric.id == SchemeLine.metric_id)
        .where(SchemeLine.scheme_id.in_(scheme_ids)).order_by(SchemeLine.weight.desc(), SchemeLine.id))
    for key, weight, target, floor, cap, code, name, block, unit, direction, source in rows:
        if source in SOURCES and SOURCES[source].kind in ADDS_UP:
            target, floor = (None if one is None else one * period.months for one in (target, floor))
        found.setdefault(key, []).append(Terms(
            code, name, block or "", Unit(unit), Direction(direction), source, weight, target, floor, cap))
    return found


def people(session: Any, store: Store, role: str, period: Period) -> list[Any]:
    """(id, name, team, manages) of those who held a role in the store during the period, by name.

    Somebody who has left counts for the periods up to the day of leaving.
    """
    there = sa.or_(User.active & User.left_on.is_(None), User.left_on >= period.starts_on)
    hired = sa.or_(User.hired_on.is_(None), User.hired_on <= period.ends_on)
    return list(session.execute(
        sa.select(User.id, User.name, User.team_id, Role.manages).join(Role, Role.id == User.role_id)
        .where(User.store_id == store.id, Role.code == role, there, hired).order_by(User.name, User.id)))


def teams(session: Any, folk: Iterable[Any]) -> dict[int, list[int]]:
    """person → whose rows count: one's own, and for somebody who leads a team those of its people."""
    members: dict[int, list[int]] = {key: [key] for key, *_rest in folk}
    leaders = [key for key, _name, _team, manages in folk if manages]
    if leaders:
        rows = session.execute(sa.select(Team.manager_id, User.id).join(User, User.team_id == Team.id)
                               .where(Team.manager_id.in_(leaders)))
        for leader, member in rows:
            members[leader].append(member)
    return {key: sorted(set(ids)) for key, ids in members.items()}


def compute(session: Any, store: Store, period: Period, scheme: Scheme, now: dt.datetime, *,
            with_rows: bool = False) -> list[Card]:
    """The cards of everybody whom a scheme scores in a store, best first, as they stand at `now`.

    with_rows also notes the key of every row counted, which closing a period keeps.
    """
    with access.as_system(session, WHY):
        folk = people(session, store, scheme.role, period)
        members = teams(session, folk)
        window = window_of(session, store, period, now)
        found: dict[str, dict[int, Found]] = {}
        keys: dict[str, dict[int, list[tuple[int, bool]]]] = {}
        for terms in scheme.terms:
            source = SOURCES.get(terms.source)
            if source is None or not members:
                continue
            rows = source.rows(session, window)
            found[terms.code] = measuring.measure(session, rows, members)
            if with_rows:
                keys[terms.code] = measuring.keys_of(session, rows, members)
    cards = [_card(person, scheme, {code: by_person[person[0]] for code, by_person in found.items()},
                   {code: by_person[person[0]] for code, by_person in keys.items()}) for person in folk]
    return ranked(cards)


def _card(person: Any, scheme: Scheme, found: dict[str, Found], keys: dict[str, list[tuple[int, bool]]]) -> Card:
    """One person's card. Somebody without a single row in any metric has no data, not a row of noughts."""
    idle = not any(one.whole for one in found.values())
    given = [_asked(terms, SOURCES.get(terms.source), found.get(terms.code, Found()), idle) for terms in scheme.terms]
    scored, total = points.score(given)
    lines = [CardLine(terms, found.get(terms.code, Found()), line, keys.get(terms.code))
             for terms, line in zip(scheme.terms, scored, strict=True)]
    return Card(person[0], person[1], person[2], lines, total)


def _asked(terms: Terms, source: Source | None, found: Found, idle: bool) -> points.Line:
    """The line as it is asked for. A metric whose source is unknown has no data."""
    value = None if idle or source is None else measuring.value_of(source.kind, found, source.needs_base)
    return points.Line(terms.code, value, terms.weight, terms.target, terms.floor, terms.cap, terms.direction)


def ranked(cards: list[Card]) -> list[Card]:
    """The cards with their ranks, best first, those without a score last."""
    places = ranking.ranks({card.user_id: card.total for card in cards})
    with_rank = [replace(card, rank=places[card.user_id]) for card in cards]
    return sorted(with_rank, key=lambda card: (card.rank is None, card.rank or 0, card.name, card.user_id))
