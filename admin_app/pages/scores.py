"""Team scores: rank, total, composition and lines of everybody of a role, every figure a link to its rows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from importlib import import_module
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Flask, abort, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from admin_app import access
from admin_app.choices import PeriodKind, PeriodState
from admin_app.clock import local_day, utcnow
from admin_app.database import db
from admin_app.errors import Refused, RuleError
from admin_app.models import Score, ScorePeriod, Store
from admin_app.pages.score_table import MAIN, SMALL, Table, asked, figure, is_small, part_of
from admin_app.rules.scores import SOURCES, closing, viewing
from admin_app.rules.scores import cards as score_cards
from admin_app.rules.scores.cards import Card, CardLine, Scheme, Terms
from admin_app.rules.scores.periods import Period, containing, parse

bp = Blueprint("scores", __name__, url_prefix="/admin/scores")

TONES = ("", "mid", "pale", "line")  # depth of the accent, block by block


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

    @cached_property
    def terms(self) -> tuple[Terms, ...]:
        """The metrics in the order of the lines; those of the frozen cards once the period is closed."""
        if self.closed and self.cards:
            return tuple(line.terms for line in self.cards[0].lines)
        return self.scheme.terms if self.scheme else ()

    @cached_property
    def blocks(self) -> list[tuple[str, Decimal, str]]:
        """(name, weight, tone) of the blocks, heaviest first; from the fourth on they share the last tone."""
        weights: dict[str, Decimal] = {}
        for terms in self.terms:
            weights[terms.block] = weights.get(terms.block, Decimal(0)) + terms.weight
        by_weight = sorted(weights.items(), key=lambda pair: -pair[1])
        return [(name or _("Other"), weight, TONES[min(place, 3)]) for place, (name, weight) in enumerate(by_weight)]

    @cached_property
    def sees_all(self) -> bool:
        """Whether the viewer sees the lines of everybody on the page."""
        return all(self.sees(card) for card in self.cards)

    @cached_property
    def average(self) -> Decimal | None:
        """Mean of the totals; None where nobody is scored and for those who may not see all of them."""
        totals = [card.total for card in self.cards if card.total is not None]
        return sum(totals, Decimal(0)) / len(totals) if totals and self.sees_all else None

    @cached_property
    def _seen(self) -> frozenset[int] | None:
        return viewing.lines_seen(self.actor, self.store)

    def sees(self, card: Card) -> bool:
        """Whether the viewer sees the lines of a person."""
        return self._seen is None or card.user_id in self._seen

    def address(self, **changes: Any) -> str:
        """The page with other choices; the store stands in the address only where there are several."""
        given: dict[str, Any] = {"period": self.period.label, "role": self.scheme.role if self.scheme else None,
                                 "store": self.store.code if len(self.stores) > 1 else None} | changes
        return f"{request.script_root}/admin/scores/?" + urlencode({k: v for k, v in given.items() if v is not None})

    def figure_address(self, card: Card, line: CardLine) -> str:
        """The rows that the figure itself opens."""
        return self.rows_address(card.user_id, line.terms.code, part_of(line))

    def rows_address(self, person: int | str, metric: str, part: str) -> str:
        """The rows of a line: all of them (denominator), or those that count (numerator)."""
        return f"{request.script_root}/admin/scores/rows/?" + urlencode(
            {"period": self.period.label, "metric": metric, "user": person, "part": part})

    def change(self, card: Card) -> str:
        """How the rank moved since the period before, where that one is closed: ↑1, ↓2 or a dash."""
        before = self.ranks_before.get(card.user_id)
        if before is None or card.rank is None:
            return ""
        if before == card.rank:
            return "–"
        return f"↑{before - card.rank}" if before > card.rank else f"↓{card.rank - before}"


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
    before = period.moved(-1)
    rows = closing.period_rows(db.session, store, [period, *filter(None, [before])])
    row = rows.get(period)
    roles = viewing.roles_shown(db.session, actor, score_cards.schemes(db.session, period))
    wanted = request.values.get("role") or None
    scheme = next((one for one in roles if wanted in (None, one.role)), None)
    if scheme is None and wanted:
        abort(404)
    cards = cards_of(store, period, row, scheme, now) if scheme else []
    ranks = closing.ranks_of(db.session, rows.get(before) if before else None)
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
        explained=explained, table=Table(board),
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
        "good": link(board.rows_address(card.user_id, line.terms.code, "numerator"), line.found.good),
        "whole": link(board.rows_address(card.user_id, line.terms.code, "denominator"), line.found.whole)}
    if source.sampled and 0 < line.found.whole < SMALL:
        low, high = viewing.interval(line.found)
        said += escape(_(", interval %(low)d–%(high)d%%", low=low, high=high))
    return said


bp.add_app_template_test(is_small, "a_small_sample")
