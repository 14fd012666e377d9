"""Ranks by score: equals share a rank, the next one counts them (1, 2, 2, 4); without a score there is no rank."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal


def ranks(totals: Mapping[int, Decimal | None]) -> dict[int, int | None]:
    """person → rank, 1 for the highest total; None where nothing was scored."""
    scored = [total for total in totals.values() if total is not None]
    return {person: None if total is None else 1 + sum(1 for other in scored if other > total)
            for person, total in totals.items()}
