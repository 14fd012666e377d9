"""A period's life: open → closed (frozen with what it was computed from) → paid; the note and the confirmation.

Only the general manager and the care manager close and pay a period (DOMAIN 1 and 3.3). There is no way back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access
from admin_app.choices import Direction, PeriodState, Unit
from admin_app.clock import local_day
from admin_app.errors import Refused, RuleError, StaleRow
from admin_app.models import Role, Score, ScorePeriod, ScoreScheme, Store, User
from admin_app.rules.scores import cards, points
from admin_app.rules.scores.cards import Card, CardLine, Scored, Terms
from admin_app.rules.scores.measuring import Found
from admin_app.rules.scores.periods import Period

KEEPERS = {"general_manager", "care_manager"}
NOTE_LENGTH = 2000


def period_row(session: Any, store: Store, period: Period) -> ScorePeriod | None:
    """The stored period of a store; None while nobody has touched it, which reads as open."""
    return period_rows(session, store, [period]).get(period)


def period_rows(session: Any, store: Store, periods: Iterable[Period]) -> dict[Period, ScorePeriod]:
    """The stored ones among some periods of a store, in one statement."""
    by_label = {period.label: period for period in periods}
    found = session.scalars(sa.select(ScorePeriod).where(
        ScorePeriod.store_id == store.id, ScorePeriod.label.in_(by_label)))
    return {by_label[row.label]: row for row in found}


def is_closed(row: ScorePeriod | None) -> bool:
    """Whether a period is frozen: closed or paid."""
    return row is not None and row.state != PeriodState.OPEN


def may_keep(actor: access.Actor, store: Store) -> bool:
    """Whether somebody may close and pay the periods of a store."""
    return bool(KEEPERS & set(actor.roles)) and (actor.store_ids is None or store.id in actor.store_ids)


def why_open(period: Period, row: ScorePeriod | None, now: dt.datetime) -> Any:
    """The sentence why a period cannot be closed now, or None where it can."""
    if is_closed(row):
        return _l("This period is closed already.")
    if local_day(now) < period.ends_on:
        return _l("This period can be closed from its last day, %(day)s.", day=period.ends_on.isoformat())
    return None


def close(session: Any, store: Store, period: Period, now: dt.datetime) -> ScorePeriod:
    """Freeze the scores of everybody in the store with the rows they were computed from.

    Raises Refused for people who may not, RuleError before the last day and for a closed period. No commit.
    """
    actor = access.actor_of(session)
    if actor is None or not may_keep(actor, store):
        raise Refused(_l("Only the general manager and the care manager close and pay score periods."))
    row = period_row(session, store, period)
    reason = why_open(period, row, now)
    if reason is not None:
        raise RuleError(reason, "period")
    computed = [(scheme, cards.compute(session, store, period, scheme, now, with_rows=True))
                for scheme in cards.schemes(session, period).values()]
    with access.as_system(session, "score period closed"):
        row = row or ScorePeriod(store_id=store.id, label=period.label, kind=period.kind, starts_on=period.starts_on,
                                 ends_on=period.ends_on)
        row.state, row.closed_at, row.closed_by_id = PeriodState.CLOSED, now, actor.user_id
        session.add(row)
        _flush(session)
        for scheme, made in computed:
            session.add_all(_score(row, scheme.id, card, now) for card in made)
        _flush(session)
    return row


def _flush(session: Any) -> None:
    """Write; where somebody else closed the period in the same moment, say so."""
    try:
        session.flush()
    except (sa.exc.IntegrityError, sa.orm.exc.StaleDataError) as error:
        raise RuleError(_l("This period is closed already."), "period") from error


def _score(row: ScorePeriod, scheme_id: int, card: Card, now: dt.datetime) -> Score:
    return Score(store_id=row.store_id, period_id=row.id, user_id=card.user_id, scheme_id=scheme_id, total=card.total,
                 rank=card.rank, lines=[_kept(line) for line in card.lines], computed_at=now)


def pay(session: Any, store: Store, period: Period, now: dt.datetime) -> ScorePeriod:
    """Mark a closed period as paid. Raises Refused for people who may not, RuleError where it is not closed."""
    actor = access.actor_of(session)
    if actor is None or not may_keep(actor, store):
        raise Refused(_l("Only the general manager and the care manager close and pay score periods."))
    row = period_row(session, store, period)
    if row is None or row.state != PeriodState.CLOSED:
        raise RuleError(_l("Only a closed period can be marked as paid."), "period")
    with access.as_system(session, "score period paid"):
        row.state = PeriodState.PAID
    return row


# ---------------------------------------------------------------- the frozen cards


def _kept(line: CardLine) -> dict[str, Any]:
    """A line as JSON: terms, figure, points, and the keys of the rows (those that count apart)."""
    terms, scored, rows = line.terms, line.points, line.rows or []
    return {
        "metric": terms.code, "name": terms.name, "block": terms.block, "unit": terms.unit.value,
        "direction": terms.direction.value, "source": terms.source, "weight": str(terms.weight),
        "target": _text(terms.target), "floor": _text(terms.floor), "cap": str(terms.cap),
        "whole": line.found.whole, "good": line.found.good, "amount": str(line.found.amount),
        "value": _text(scored.value), "shared": _text(scored.shared), "share": _text(scored.share),
        "points": _text(scored.points), "unscored": scored.unscored.value if scored.unscored else None,
        "rows": [key for key, good in rows if good], "others": [key for key, good in rows if not good],
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _number(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _line(kept: dict[str, Any]) -> CardLine:
    terms = Terms(kept["metric"], kept["name"], kept["block"], Unit(kept["unit"]), Direction(kept["direction"]),
                  kept["source"], Decimal(kept["weight"]), _number(kept["target"]), _number(kept["floor"]),
                  Decimal(kept["cap"]))
    scored = points.Line(terms.code, _number(kept["value"]), terms.weight, terms.target, terms.floor, terms.cap,
                         terms.direction, _number(kept["shared"]), _number(kept["share"]), _number(kept["points"]),
                         points.Unscored.find(kept["unscored"]))
    rows = [(key, True) for key in kept["rows"]] + [(key, False) for key in kept["others"]]
    return CardLine(terms, Found(kept["whole"], kept["good"], Decimal(kept["amount"])), scored, sorted(rows))


def frozen(session: Any, row: ScorePeriod, role: str) -> list[Card]:
    """The cards of a role as they were when the period was closed, best first."""
    with access.as_system(session, cards.WHY):
        rows = session.execute(
            sa.select(Score, User.name, User.team_id).join(User, User.id == Score.user_id)
            .join(ScoreScheme, ScoreScheme.id == Score.scheme_id).join(Role, Role.id == ScoreScheme.role_id)
            .where(Score.period_id == row.id, Role.code == role)).all()
    made = [Card(score.user_id, name, team_id, Scored([_line(kept) for kept in score.lines or []], score.total),
                 score.rank, score.id) for score, name, team_id in rows]
    return sorted(made, key=lambda card: (card.rank is None, card.rank or 0, card.name, card.user_id))


def card_of(session: Any, row: ScorePeriod, user_id: int) -> tuple[str, Card] | None:
    """(role, card) of one person in a closed period; None where the person was not scored in it."""
    with access.as_system(session, cards.WHY):
        role = session.scalars(
            sa.select(Role.code).join(ScoreScheme, ScoreScheme.role_id == Role.id)
            .join(Score, Score.scheme_id == ScoreScheme.id)
            .where(Score.period_id == row.id, Score.user_id == user_id)).one_or_none()
    if role is None:
        return None
    return role, next(card for card in frozen(session, row, role) if card.user_id == user_id)


def ranks_of(session: Any, row: ScorePeriod | None) -> dict[int, int]:
    """person → rank in a closed period, for showing who rose and fell; empty while it is open."""
    if row is None or not is_closed(row):
        return {}
    with access.as_system(session, cards.WHY):
        return dict(session.execute(sa.select(Score.user_id, Score.rank).where(
            Score.period_id == row.id, Score.rank.is_not(None))).all())


# ---------------------------------------------------------------- note and confirmation


def may_note(actor: access.Actor, score: Score) -> bool:
    """Whether somebody writes the manager's note: the person's manager, the care manager, the general manager."""
    if score.user_id == actor.user_id or (actor.store_ids is not None and score.store_id not in actor.store_ids):
        return False
    return bool(KEEPERS & set(actor.roles)) or (actor.manages and score.user_id in actor.team_ids)


def write_note(session: Any, score: Score, text: str, version: int) -> None:
    """Keep the manager's note on a closed score; empty takes it away.

    Raises Refused, RuleError once it is paid, StaleRow where somebody else saved the score since it was shown.
    """
    actor = access.actor_of(session)
    if actor is None or not may_note(actor, score):
        raise Refused(_l("The note is written by the person's manager."))
    if session.get(ScorePeriod, score.period_id).state == PeriodState.PAID:
        raise RuleError(_l("This period is paid; its notes stay as they are."), "note")
    if len(text) > NOTE_LENGTH:
        raise RuleError(_l("At most %(count)d characters.", count=NOTE_LENGTH), "note")
    if version != score.version:
        raise StaleRow(_l("Somebody else has changed this score in the meantime. Look at it and save again."), "note")
    with access.as_system(session, "manager's note"):
        score.note = text.strip() or None


def confirm(session: Any, score: Score, now: dt.datetime) -> None:
    """The person has seen the score and agrees. Raises Refused for others, RuleError where it is confirmed already."""
    actor = access.actor_of(session)
    if actor is None or actor.user_id != score.user_id:
        raise Refused(_l("Everybody confirms their own score."))
    if score.confirmed_at is not None:
        raise RuleError(_l("This score is confirmed already."))
    with access.as_system(session, "score confirmed"):
        score.confirmed_at = now
