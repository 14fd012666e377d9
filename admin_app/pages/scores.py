"""Team scores: rank, total, composition and lines of everybody of a role, every figure a link to its rows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from importlib import import_module
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Flask, abort, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from admin_app import access, words
from admin_app.choices import Direction, PeriodKind, PeriodState, Unit
from admin_app.clock import local_day, utcnow
from admin_app.database import db
from admin_app.errors import Refused, RuleError
from admin_app.models import Score, ScorePeriod, Store
from admin_app.rules.scores import SOURCES, closing, viewing
from admin_app.rules.scores import cards as score_cards
from admin_app.rules.scores.cards import Card, CardLine, Scheme, Terms
from admin_app.rules.scores.measuring import Kind
from admin_app.rules.scores.periods import Period, containing, parse

bp = Blueprint("scores", __name__, url_prefix="/admin/scores")

MAIN = 5  # metrics that have a column of their own
SMALL = 30  # below so many rows a rate shows how many
TONES = ("", "mid", "pale", "line")  # depth of the accent, block by block
GAP = 0.5  # between the blocks of the bar, in percent


def register(app: Flask) -> None:
    """Serve /admin/scores/, the rows behind its figures and the steps of a period."""
    for name in ("score_rows", "score_steps"):  # their routes hang on the same blueprint
        import_module(f"admin_app.pages.{name}")
    app.register_blueprint(bp)


@dataclass
class Board:
    """What the page shows: one store, one role, one period."""

    actor: access.Actor
    now: dt.datetime
    store: Store
    stores: list[Store]
    period: Period
    row: ScorePeriod | None
    roles: list[Scheme]
    scheme: Scheme | None
    cards: list[Card]
    ranks_before: dict[int, int]
    open_id: int | None = None

    @property
    def state(self) -> PeriodState:
        return PeriodState(self.row.state) if self.row else PeriodState.OPEN

    @property
    def closed(self) -> bool:
        return self.state is not PeriodState.OPEN

    @property
    def overdue(self) -> bool:
        """Whether the period is over and still open."""
        return not self.closed and self.period.ends_on < local_day(self.now)

    @property
    def terms(self) -> tuple[Terms, ...]:
        """The metrics in the order of the lines; those of the frozen cards once the period is closed."""
        if self.closed and self.cards:
            return tuple(line.terms for line in self.cards[0].lines)
        return self.scheme.terms if self.scheme else ()

    @property
    def blocks(self) -> list[tuple[str, Decimal, str]]:
        """(name, weight, tone) of the blocks, heaviest first; from the fourth on they share the last tone."""
        weights: dict[str, Decimal] = {}
        for terms in self.terms:
            weights[terms.block] = weights.get(terms.block, Decimal(0)) + terms.weight
        by_weight = sorted(weights.items(), key=lambda pair: -pair[1])
        return [(name or _("Other"), weight, TONES[min(place, 3)]) for place, (name, weight) in enumerate(by_weight)]

    @property
    def sees_all(self) -> bool:
        """Whether the viewer sees the lines of everybody on the page."""
        return all(self.sees(card) for card in self.cards)

    @property
    def average(self) -> Decimal | None:
        """Mean of the totals; None where nobody is scored and for those who may not see all of them."""
        totals = [card.total for card in self.cards if card.total is not None]
        return sum(totals, Decimal(0)) / len(totals) if totals and self.sees_all else None

    def sees(self, card: Card) -> bool:
        return viewing.sees_lines(self.actor, self.store, card.user_id)

    def address(self, **changes: Any) -> str:
        """The page with other choices; the store stands in the address only where there are several."""
        given: dict[str, Any] = {"period": self.period.label, "role": self.scheme.role if self.scheme else None,
                                 "store": self.store.code if len(self.stores) > 1 else None} | changes
        return f"{request.script_root}/admin/scores/?" + urlencode({k: v for k, v in given.items() if v is not None})

    def figure_address(self, card: Card, line: CardLine) -> str:
        """The rows that the figure itself opens: a count or a sum those that count, a rate all it is a rate of."""
        source = SOURCES.get(line.terms.source)
        adds_up = source is not None and source.kind in (Kind.COUNT, Kind.SUM)
        return self.rows_address(card, line, "numerator" if adds_up else "denominator")

    def rows_address(self, card: Card, line: CardLine, part: str) -> str:
        """The rows of a line: all of them, or those that count."""
        return f"{request.script_root}/admin/scores/rows/?" + urlencode(
            {"period": self.period.label, "metric": line.terms.code, "user": card.user_id, "part": part})


def store_asked(session: Any, actor: access.Actor) -> tuple[Store, list[Store]]:
    """The store in the address, else one's own, and all that may be chosen; 404 for another's."""
    there = viewing.stores(session)
    code = request.values.get("store") or None
    found = next((store for store in there if (store.code == code if code else store.id == actor.store_id)), None)
    if found is None:
        abort(404)
    return found, there


def period_asked(now: dt.datetime) -> Period:
    """The period in the address, else the running month. RuleError for an unreadable or a coming one."""
    label = request.values.get("period") or ""
    period = parse(label) if label else containing(local_day(now))
    if period.starts_on > local_day(now):
        raise RuleError(_("This period has not begun."), "period")
    return period


def cards_of(store: Store, period: Period, row: ScorePeriod | None, scheme: Scheme, now: dt.datetime) -> list[Card]:
    """The cards as they stand, or as they were frozen when the period was closed."""
    if row is not None and closing.is_closed(row):
        return closing.frozen(db.session, row, scheme.role)
    return score_cards.compute(db.session, store, period, scheme, now)


def make_board(now: dt.datetime) -> Board:
    """Read the address and compute. Raises Refused without the right to read scores, RuleError, 404."""
    actor = access.current()
    if not actor.may("score", "read"):
        raise Refused(_l("Your role does not see scores."))
    store, stores = store_asked(db.session, actor)
    period = period_asked(now)
    row = closing.period_row(db.session, store, period)
    roles = viewing.roles_shown(db.session, actor, score_cards.schemes(db.session, period))
    wanted = request.values.get("role") or None
    scheme = next((one for one in roles if wanted in (None, one.role)), None)
    if scheme is None and wanted:
        abort(404)
    cards = cards_of(store, period, row, scheme, now) if scheme else []
    before = period.moved(-1)
    row_before = closing.period_row(db.session, store, before) if before else None
    ranks = closing.ranks_of(db.session, row_before)
    asked = request.values.get("open", type=int)
    if asked is None and "open" not in request.values and not actor.manages:
        asked = actor.user_id
    return Board(actor, now, store, stores, period, row, roles, scheme, cards, ranks, asked)


@bp.get("/")
def page() -> Any:
    """The ranking of a role in a period."""
    return shown(make_board(utcnow()))


def shown(board: Board, typed: str | None = None, error: Any = None) -> str:
    """The page; `typed` and `error` belong to a note that could not be saved."""
    following = board.period.moved(1)
    if following is not None and following.starts_on > local_day(board.now):
        following = None
    score = _open_score(board)
    return render_template(
        "scores.html", board=board, before=board.period.moved(-1), following=following, main=board.terms[:MAIN],
        kinds=_kinds(board), score=score, typed=typed, error=error,
        may_keep=closing.may_keep(board.actor, board.store),
        why_open=closing.why_open(board.period, board.row, board.now),
        may_note=score is not None and closing.may_note(board.actor, score), figure=figure, asked=asked,
        explained=explained, composition=composition, change=change,
        can_schemes=board.actor.may("score_scheme", "write"))


def _kinds(board: Board) -> list[tuple[Any, str | None]]:
    """Month and quarter as (label, address); the one shown has no address."""
    found: list[tuple[Any, str | None]] = []
    for kind in (PeriodKind.MONTH, PeriodKind.QUARTER):
        other = board.period.as_kind(kind)
        if other.starts_on > local_day(board.now):
            other = containing(local_day(board.now), kind)
        found.append((kind.label, None if kind is board.period.kind else board.address(period=other.label)))
    return found


def _open_score(board: Board) -> Score | None:
    """The stored score of the card that is open, where the viewer may see its lines."""
    card = next((card for card in board.cards if card.user_id == board.open_id), None)
    if card is None or card.score_id is None or not board.sees(card):
        return None
    with access.as_system(db.session, score_cards.WHY):
        return db.session.get(Score, card.score_id)


# ---------------------------------------------------------------- words of a line


def figure(terms: Terms, value: Decimal | None) -> str:
    """A value in its unit: 88%, 8, ¥1,286,000; a dash for None."""
    if value is None:
        return words.DASH
    if terms.unit is Unit.PERCENT:
        return f"{words.number(value)}%"
    return f"¥{words.number(value, 0)}" if terms.unit is Unit.MONEY else words.number(value)


def asked(terms: Terms, value: Decimal | None) -> str:
    """A target in its unit, with ≤ where lower is better; "not set" for None."""
    if value is None:
        return _("not set")
    return ("≤ " if terms.direction is Direction.LOWER else "") + figure(terms, value)


def explained(board: Board, card: Card, line: CardLine) -> Markup:
    """The sentence behind the points, its numbers linked to their rows."""
    said = counted(board, card, line)
    reason = line.points.unscored
    if reason is None:
        return said
    rest = sum(1 for other in card.lines if other.points.points is not None)
    why = _("Not scored: %(why)s. Its weight is shared among the other %(count)d.", why=reason.label, count=rest
            ) if rest else _("Not scored: %(why)s.", why=reason.label)
    return Markup("{} · {}").format(said, why) if line.points.value is not None else escape(why)


def counted(board: Board, card: Card, line: CardLine) -> Markup:
    """"161 of 183 on time" with both numbers as links, and the interval of a small sample."""
    source = SOURCES.get(line.terms.source)
    if source is None:
        return escape(_("This metric has no source any more."))
    link = Markup('<a href="{}">{}</a>').format
    said = escape(str(source.said)) % {
        "good": link(board.rows_address(card, line, "numerator"), line.found.good),
        "whole": link(board.rows_address(card, line, "denominator"), line.found.whole)}
    if source.sampled and 0 < line.found.whole < SMALL:
        low, high = viewing.interval(line.found)
        said += escape(_(", interval %(low)d–%(high)d%%", low=low, high=high))
    return said


def is_small(line: CardLine) -> bool:
    """Whether a rate comes from so few rows that their number stands beside it."""
    source = SOURCES.get(line.terms.source)
    return source is not None and source.kind is Kind.SHARE and 0 < line.found.whole < SMALL


bp.add_app_template_test(is_small, "a_small_sample")


def composition(board: Board, card: Card) -> Markup:
    """The bar of a score: the points of each block, in the tones of the legend, of the whole weight."""
    whole = float(sum((terms.weight for terms in board.terms), Decimal(0))) or 1.0
    whole = max(whole, float(card.total or 0))
    left, pieces = 0.0, []
    for name, _weight, tone in board.blocks:
        points = sum((line.points.points or Decimal(0) for line in card.lines
                      if (line.terms.block or _("Other")) == name), Decimal(0))
        width = round(float(points) * 100 / whole, 2)
        if width > 0:
            pieces.append(Markup('<rect class="{}" x="{}%" width="{}%" height="100%"/>').format(
                f"f-{tone}" if tone else "", f"{left:g}", f"{max(width - GAP, 0.1):g}"))
            left = round(left + width, 2)
    return Markup('<svg class="track track-lg" aria-hidden="true">{}</svg>').format(Markup("").join(pieces))


def change(board: Board, card: Card) -> str:
    """How the rank moved since the period before, where that one is closed: ↑1, ↓2 or a dash."""
    before = board.ranks_before.get(card.user_id)
    if before is None or card.rank is None:
        return ""
    return "–" if before == card.rank else f"↑{before - card.rank}" if before > card.rank else f"↓{card.rank - before}"
