"""A clock that runs until something is done: how long it has, how far it has run, when it turns amber.

Complaints, first contacts and inquiries have one. At 100 % the manager is told, at 200 % the general manager.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

SOON = 0.7  # share of the limit from which a clock is amber (default)
DAY = 24 * 60
MANAGER_TOLD, GENERAL_MANAGER_TOLD = 1, 2


@dataclass(frozen=True)
class Clock:
    """How far a clock has run. Minutes; calendar minutes where `calendar`, else store minutes."""

    started: dt.datetime
    limit: int
    used: int
    calendar: bool = False

    @property
    def left(self) -> int:
        """Minutes that remain; negative once it is late."""
        return self.limit - self.used

    @property
    def share(self) -> float:
        """Share of the limit that is used; 1 is the whole of it."""
        return self.used / self.limit

    @property
    def late(self) -> bool:
        return self.used >= self.limit

    @property
    def soon(self) -> bool:
        return not self.late and self.share >= SOON

    @property
    def level(self) -> int:
        """Whom a late one is reported to: 0 nobody yet, MANAGER_TOLD, GENERAL_MANAGER_TOLD."""
        return 0 if self.share < 1 else MANAGER_TOLD if self.share < 2 else GENERAL_MANAGER_TOLD

    @property
    def tone(self) -> str:
        """late (red), soon (amber) or good (green)."""
        return "late" if self.late else "soon" if self.soon else "good"
