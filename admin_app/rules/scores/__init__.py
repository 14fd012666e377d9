"""Team performance scores (DOMAIN 3.3; handbook, performance of the care team).

periods.py    month and quarter by label
sources.py    the rows behind every metric (sources_service.py: after-sales and campaigns)
registry.py   the sources by name, with the sentence that explains the figure
measuring.py  rows → figure, and the same rows as a list
points.py     figure → points; how the weight of an unscored metric is shared
ranking.py    points → rank, with ties
rollup/       daily roll-ups, so that a page does not count rows
cards.py      the score cards of a store, role and period
closing.py    open → closed (frozen with what it was computed from) → paid; the note and the confirmation
"""

from __future__ import annotations

from admin_app.rules.scores import sources, sources_service
from admin_app.rules.scores.registry import SOURCES, Source

__all__ = ["SOURCES", "Source", "sources", "sources_service"]
