"""Ranks by score: equals share a rank, the next one counts them (1, 2, 2, 4); without a score there is no rank."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal


def ranks(totals: Mapping[int, Decimal | None]) -> dict[int, int | None]:
    """person → rank, 1 for the highest total; None where nothing was scored."""
    place: dict[Decimal, int] = {}
    for number, total in enumerate(sorted((one for one in totals.values() if one is not None), reverse=True), start=1):
        place.setdefault(total, number)
    return {person: None if total is None else place[total] for person, total in totals.items()}
