"""The score cards of a period: who is scored by which scheme, what was reached, points, total and rank.

The number of statements depends on the number of metrics, never on the number of people.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from admin_app import access, prepared
from admin_app.choices import Direction, Unit
from admin_app.clock import zone
from admin_app.models import Metric, Role, SchemeLine, ScoreScheme, Store, Team, User
from admin_app.rules.scores import measuring, points, ranking, rollup
from admin_app.rules.scores.measuring import Found, Kind, Window
from admin_app.rules.scores.periods import Period
from admin_app.rules.scores.registry import SOURCES, Source
from admin_app.rules.scores.rollup import reading, rebuilding

ADDS_UP = (Kind.COUNT, Kind.SUM)
MOST_KNOWN = 1_000  # sets of figures of one scheme whose points are kept in a process
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
class Scored:
    """What a set of figures comes to by a scheme. `notes` is room for what pages make of it (words, bars)."""

    lines: list[CardLine]
    total: Decimal | None
    notes: dict[Any, Any] = field(default_factory=dict)


@dataclass
class Card:
    """What one person reached. rank None: not scored. `score_id` only once the period is closed."""

    user_id: int
    name: str
    team_id: int | None
    scored: Scored
    rank: int | None = None
    score_id: int | None = None

    @property
    def lines(self) -> list[CardLine]:
        """The lines in the order of the scheme."""
        return self.scored.lines

    @property
    def total(self) -> Decimal | None:
        """Points in all; None: not scored."""
        return self.scored.total

    def line(self, metric: str) -> CardLine | None:
        """The line of a metric, or None where the scheme has none."""
        return next((line for line in self.lines if line.terms.code == metric), None)


def window_of(session: Any, store: Store, period: Period, now: dt.datetime) -> Window:
    """The time a period looks at in a store, on this database."""
    return Window(period, now, zone(), store, session.get_bind().dialect.name)


def schemes(session: Any, period: Period) -> dict[str, Scheme]:
    """role code → the scheme in force at the end of the period, in one statement. A later one replaces it.

    What adds up over time is asked for by the month, so a quarter asks for three times as much.
    """
    session.flush()
    rows = prepared.rows(session, "score schemes", _in_force, last=period.ends_on)
    newest = {row[2]: tuple(row[:4]) for row in rows}
    terms: dict[int, list[Terms]] = {key: [] for key, *_rest in newest.values()}
    for key, _name, _code, _role, *said in rows:
        if key in terms and said[4] is not None:
            terms[key].append(_terms(period, *said))
    return {code: Scheme(key, name, code, role_name, tuple(terms[key]))
            for code, (key, name, _code, role_name) in newest.items()}


def _in_force() -> Any:
    return (sa.select(ScoreScheme.id, ScoreScheme.name, Role.code, Role.name, SchemeLine.weight, SchemeLine.target,
                      SchemeLine.floor, SchemeLine.cap, Metric.code, Metric.name, Metric.block, Metric.unit,
                      Metric.direction, Metric.source)
            .join(Role, Role.id == ScoreScheme.role_id).outerjoin(SchemeLine, SchemeLine.scheme_id == ScoreScheme.id)
            .outerjoin(Metric, Metric.id == SchemeLine.metric_id)
            .where(ScoreScheme.enabled, ScoreScheme.valid_from <= prepared.given("last", sa.Date()))
            .order_by(ScoreScheme.valid_from, ScoreScheme.id, SchemeLine.weight.desc(), SchemeLine.id))


def _terms(period: Period, weight: Decimal, target: Decimal | None, floor: Decimal | None, cap: Decimal, code: str,
           name: str, block: str | None, unit: str, direction: str, source: str) -> Terms:
    if source in SOURCES and SOURCES[source].kind in ADDS_UP:
        target, floor = (None if one is None else one * period.months for one in (target, floor))
    return Terms(code, name, block or "", Unit(unit), Direction(direction), source, weight, target, floor, cap)


def people(session: Any, store: Store, role: str, period: Period) -> list[Any]:
    """(id, name, team, manages) of those who held a role in the store during the period, by name.

    Somebody who has left counts for the periods up to the day of leaving.
    """
    session.flush()
    return prepared.rows(session, "scored people", _scored_people, store=store.id, role=role, first=period.starts_on,
                         last=period.ends_on)


def _scored_people() -> Any:
    there = sa.or_(User.active & User.left_on.is_(None), User.left_on >= prepared.given("first", sa.Date()))
    hired = sa.or_(User.hired_on.is_(None), User.hired_on <= prepared.given("last", sa.Date()))
    return sa.select(User.id, User.name, User.team_id, Role.manages).join(Role, Role.id == User.role_id).where(
        User.store_id == prepared.given("store"), Role.code == prepared.given("role", sa.String()), there,
        hired).order_by(User.name, User.id)


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

    with_rows also notes the key of every row counted, which closing a period keeps; the figures are then counted
    from those rows, else read from the roll-ups, which are the same (rollup/).
    """
    with access.as_system(session, WHY):
        folk = people(session, store, scheme.role, period)
        members = teams(session, folk)
        window = window_of(session, store, period, now)
        sources = [terms.source for terms in scheme.terms if terms.source in SOURCES] if members else []
        rollup.settle(session)
        if with_rows or not rebuilding.ready(session) or not all(map(reading.is_rolled_up, sources)):
            scored = _from_rows(session, window, scheme, sources, members, with_rows)
        else:
            scored = _from_rollups(session, window, scheme, sources, members)
    return ranked([Card(person[0], person[1], person[2], scored[person[0]]) for person in folk])


def _from_rows(session: Any, window: Window, scheme: Scheme, sources: list[str], members: dict[int, list[int]],
               with_keys: bool) -> dict[int, Scored]:
    described = {name: SOURCES[name].rows(session, window) for name in sources}
    found = {name: measuring.measure(session, rows, members) for name, rows in described.items()}
    keys = {name: measuring.keys_of(session, rows, members) for name, rows in described.items() if with_keys}
    return {person: _scored(scheme.terms, {name: by_person[person] for name, by_person in found.items()},
                            {name: by_person[person] for name, by_person in keys.items()}) for person in members}


def _from_rollups(session: Any, window: Window, scheme: Scheme, sources: list[str], members: dict[int, list[int]]
                  ) -> dict[int, Scored]:
    """Who has the same numbers as before, or as somebody else, has the same points: they are worked out once."""
    kept = reading.Kept(session, window, sources, {one for ids in members.values() for one in ids})
    known = _known(scheme.terms)
    result = {}
    for person, ids in members.items():
        key = kept.key(ids)
        scored = known.get(key)
        if scored is None:
            scored = _scored(scheme.terms, {name: kept.found(name, ids) for name in sources}, {})
            if len(known) >= MOST_KNOWN:
                known.clear()
            known[key] = scored
        result[person] = scored
    return result


@lru_cache(maxsize=32)
def _known(terms: tuple[Terms, ...]) -> dict[tuple[Any, ...], Scored]:
    """What sets of figures came to by these terms, in this process."""
    return {}


def _scored(given: tuple[Terms, ...], found: dict[str, Found], keys: dict[str, list[tuple[int, bool]]]) -> Scored:
    """The lines of one person. Somebody without a single row in any metric has no data, not a row of noughts."""
    idle = not any(one.whole for one in found.values())
    asked = [_asked(terms, SOURCES.get(terms.source), found.get(terms.source, Found()), idle) for terms in given]
    scored, total = points.score(asked)
    lines = [CardLine(terms, found.get(terms.source, Found()), line, keys.get(terms.source))
             for terms, line in zip(given, scored, strict=True)]
    return Scored(lines, total)


def _asked(terms: Terms, source: Source | None, found: Found, idle: bool) -> points.Line:
    """The line as it is asked for. A metric whose source is unknown has no data."""
    value = None if idle or source is None else measuring.value_of(source.kind, found, source.needs_base)
    return points.Line(terms.code, value, terms.weight, terms.target, terms.floor, terms.cap, terms.direction)


def ranked(cards: list[Card]) -> list[Card]:
    """The cards with their ranks, best first, those without a score last."""
    places = ranking.ranks({card.user_id: card.total for card in cards})
    for card in cards:
        card.rank = places[card.user_id]
    return sorted(cards, key=lambda card: (card.rank is None, card.rank or 0, card.name, card.user_id))
