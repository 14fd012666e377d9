"""Points of a metric, and how the weight of what cannot be scored is shared among the rest (DOMAIN 3.3).

points = weight × clamp((value − floor) / (target − floor)), in 0 … cap

A metric without data, target or floor is *not scored*: never silently 0 or full. Weights and points are rounded to
a tenth before they are added, so that the lines on the screen add up to the score on the screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from flask_babel import lazy_gettext as _l

from admin_app.choices import Choice, Direction

TENTH = Decimal("0.1")
ZERO, ONE = Decimal(0), Decimal(1)


class Unscored(Choice):
    """Why a line carries no points."""

    NO_DATA = "no_data", _l("no data in this period"), "quiet"
    NOT_SET = "not_set", _l("the target is not set"), "quiet"
    CONTRADICTS = "contradicts", _l("target and floor contradict the direction"), "soon"
    NO_WEIGHT = "no_weight", _l("the weight is 0"), "quiet"


@dataclass(frozen=True)
class Line:
    """One metric of a person: its value (None: no data) and terms; then its shared weight and points, or why not.

    `share` is the part of the shared weight that was earned, 0 … cap.
    """

    metric: str
    value: Decimal | None
    weight: Decimal
    target: Decimal | None
    floor: Decimal | None
    cap: Decimal = ONE
    direction: Direction = Direction.HIGHER
    shared: Decimal | None = None
    share: Decimal | None = None
    points: Decimal | None = None
    unscored: Unscored | None = None


def fraction(value: Decimal, floor: Decimal, target: Decimal, cap: Decimal = ONE) -> Decimal:
    """Part of the weight earned, 0 … cap. Where lower is better the floor lies above the target.

    Floor and target must differ (`why_unscored` sees to it).
    """
    return max(ZERO, min(max(cap, ZERO), (value - floor) / (target - floor)))


def why_unscored(line: Line) -> Unscored | None:
    """The reason why a line cannot be scored, or None where it can."""
    if line.value is None:
        return Unscored.NO_DATA
    if line.target is None or line.floor is None:
        return Unscored.NOT_SET
    if line.weight <= 0:
        return Unscored.NO_WEIGHT
    rises = line.target > line.floor
    if line.target == line.floor or rises != (line.direction is Direction.HIGHER):
        return Unscored.CONTRADICTS
    return None


def shared_weights(weights: Mapping[str, Decimal], scored: Iterable[str]) -> dict[str, Decimal]:
    """The weight of all metrics dealt out to the scored ones in proportion, in tenths that add up to the whole.

    Tenths left over by rounding go to the largest remainders; the metric's code decides between equals, so the
    order of the rows does not matter. Empty where nothing is scored.
    """
    kept = {code: weights[code] for code in scored}
    whole = sum((weight for weight in weights.values() if weight > 0), ZERO)
    part = sum(kept.values(), ZERO)
    if not kept or part <= 0:
        return {}
    exact = {code: weight * whole / part for code, weight in kept.items()}
    dealt = {code: value.quantize(TENTH, ROUND_DOWN) for code, value in exact.items()}
    left = int(((whole.quantize(TENTH, ROUND_HALF_UP) - sum(dealt.values(), ZERO)) / TENTH).to_integral_value())
    by_rest = sorted(exact, key=lambda code: (dealt[code] - exact[code], code))
    for code in by_rest[:max(left, 0)]:
        dealt[code] += TENTH
    return dealt


def score(lines: Iterable[Line]) -> tuple[list[Line], Decimal | None]:
    """The lines with shared weight and points, in the order given, and their sum; None: nothing could be scored."""
    given = list(lines)
    reasons = {line.metric: why_unscored(line) for line in given}
    dealt = shared_weights({line.metric: line.weight for line in given},
                           [code for code, reason in reasons.items() if reason is None])
    done = [_scored(line, dealt[line.metric]) if line.metric in dealt else replace(
        line, unscored=reasons[line.metric]) for line in given]
    earned = [line.points for line in done if line.points is not None]
    return done, sum(earned, ZERO) if earned else None


def _scored(line: Line, weight: Decimal) -> Line:
    assert line.value is not None and line.floor is not None and line.target is not None
    share = fraction(line.value, line.floor, line.target, line.cap)
    return replace(line, shared=weight, share=share, points=(weight * share).quantize(TENTH, ROUND_HALF_UP))
