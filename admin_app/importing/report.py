"""What an import did: counts, one reason per rejected row, cells left blank, people the store does not know."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol

#: Cells left blank that are kept with their reason; further ones are only counted.
MOST_WARNINGS = 1_000


@dataclass(frozen=True, slots=True)
class Remark:
    """One cell: its sheet, row (as the spreadsheet shows it) and column, what stood there, and a sentence."""

    sheet: str
    row: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rejection(Remark):
    """A row that was not taken, with all its cells for the file of errors."""

    cells: tuple[Any, ...] = ()


class Journal(Protocol):
    """Where it is kept what became of each row."""

    def add(self, sheet: str, number: int, outcome: str, label: str) -> None:
        """A row was created, updated or known already."""


@dataclass
class ImportReport:
    """read = created + updated + duplicates + rejected. A row that changes nothing counts as a duplicate."""

    kind: str
    dry_run: bool = False
    created: int = 0
    updated: int = 0
    duplicates: int = 0
    rejected: int = 0
    titles: tuple[str, ...] = ()
    columns: dict[str, str] = field(default_factory=dict)
    unknown_columns: tuple[str, ...] = ()
    rejections: list[Rejection] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    blank_cells: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    unknown_staff: Counter[str] = field(default_factory=Counter)
    left_staff: Counter[str] = field(default_factory=Counter)
    vehicles: Counter[str] = field(default_factory=Counter)
    unknown_values: Counter[tuple[str, str]] = field(default_factory=Counter)
    followups: int = 0
    journal: Journal | None = None

    @property
    def read(self) -> int:
        """Rows read; blank rows and totals are not."""
        return self.created + self.updated + self.duplicates + self.rejected

    def counts(self) -> dict[str, int]:
        """The five figures that the command prints and the audit keeps."""
        return {
            "read": self.read,
            "created": self.created,
            "updated": self.updated,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
        }

    def took(self, outcome: str, row: Any, label: str = "") -> None:
        """Count a row as "created", "updated" or "duplicates", and keep it where a journal is kept."""
        setattr(self, outcome, getattr(self, outcome) + 1)
        if self.journal is not None:
            self.journal.add(row.sheet, row.number, outcome, label)

    def reject(self, rejection: Rejection) -> None:
        """Count and keep a row that is not taken."""
        self.rejected += 1
        self.reasons[rejection.reason] += 1
        self.rejections.append(rejection)

    def warn(self) -> bool:
        """Count a cell that was left blank, or taken with a doubt; True where its remark is still to be kept."""
        self.blank_cells += 1
        return len(self.warnings) < MOST_WARNINGS
