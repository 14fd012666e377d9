"""Score periods: a month "2026-11" or a quarter "2026-Q4" of the store's calendar (DOMAIN 3.3)."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from admin_app.choices import PeriodKind
from admin_app.errors import RuleError

LABEL = re.compile(r"(20\d\d)-(?:(0[1-9]|1[0-2])|Q([1-4]))")


@dataclass(frozen=True)
class Period:
    """A month or a quarter: `year` and `part` (month 1 to 12, or quarter 1 to 4)."""

    kind: PeriodKind
    year: int
    part: int

    @property
    def label(self) -> str:
        """2026-11 or 2026-Q4."""
        return f"{self.year}-{self.part:02d}" if self.kind is PeriodKind.MONTH else f"{self.year}-Q{self.part}"

    @property
    def months(self) -> int:
        """1 or 3."""
        return 1 if self.kind is PeriodKind.MONTH else 3

    @property
    def starts_on(self) -> dt.date:
        """First day."""
        return dt.date(self.year, self.part if self.kind is PeriodKind.MONTH else self.part * 3 - 2, 1)

    @property
    def ends_on(self) -> dt.date:
        """Last day, inclusive."""
        month = self.part if self.kind is PeriodKind.MONTH else self.part * 3
        return dt.date(self.year, month, calendar.monthrange(self.year, month)[1])

    def moved(self, steps: int) -> Period | None:
        """The period so many steps later (negative: earlier); None outside the years 2000 to 2099."""
        size = 12 if self.kind is PeriodKind.MONTH else 4
        number = self.year * size + self.part - 1 + steps
        year = number // size
        return Period(self.kind, year, number % size + 1) if 2000 <= year <= 2099 else None

    def as_kind(self, kind: PeriodKind) -> Period:
        """The quarter this month lies in, or the last month of this quarter; itself where the kind is the same."""
        if kind is self.kind:
            return self
        part = (self.part + 2) // 3 if kind is PeriodKind.QUARTER else self.part * 3
        return Period(kind, self.year, part)


def parse(label: str) -> Period:
    """The period with this label. Raises RuleError for anything that is no month and no quarter."""
    found = LABEL.fullmatch(label)
    if found is None:
        raise RuleError(_l("A period is a month such as 2026-11 or a quarter such as 2026-Q4."), "period")
    year, month, quarter = found.groups()
    return Period(PeriodKind.MONTH, int(year), int(month)) if month else Period(
        PeriodKind.QUARTER, int(year), int(quarter))


def containing(day: dt.date, kind: PeriodKind = PeriodKind.MONTH) -> Period:
    """The period of a kind in which a day lies."""
    return Period(PeriodKind.MONTH, day.year, day.month).as_kind(kind)
