"""The figures, as lines for a program and as tables for a person."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.measure import Times

BETWEEN = 1.5  # SQLite may take so many times PostgreSQL
PAGE_BYTES = 20 * 1024
RATE = 250  # requests a second of the list at eight connections
MEMORY = 200  # MiB of a worker
GROWTH = 1.2
GREW = 1.1  # an answer that is so many times larger has grown itself


@dataclass
class Line:
    """One task on one database."""

    task: str
    database: str
    allowed: float | None
    median: float = 0.0
    p95: float = 0.0
    cpu: float = 0.0
    floor: float | None = None
    floor_cpu: float | None = None
    size: int = 0
    statements: int = 0
    fault: str = ""

    def take(self, times: Times, floor: Times | None) -> None:
        self.median, self.p95, self.size = times.median, times.p95, times.size
        self.cpu = times.cpu_median
        if floor:
            self.floor, self.floor_cpu = floor.median, floor.cpu_median

    @property
    def ratio(self) -> float | None:
        return self.median / self.floor if self.floor else None

    def text(self) -> str:
        """task, database, median_ms, p95_ms, sql_count; a task that answered wrongly has no times."""
        figures = ("-", "-") if self.fault else (f"{self.median:.2f}", f"{self.p95:.2f}")
        return "\t".join((self.task, self.database, *figures, str(self.statements)))


@dataclass
class Report:
    """Everything that was measured."""

    scale: float
    seed: int
    lines: list[Line] = field(default_factory=list)
    small: list[Line] = field(default_factory=list)  # the same at 10,000 customers
    faults: list[str] = field(default_factory=list)
    page_bytes: dict[str, int] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    memory: dict[str, list[float]] = field(default_factory=dict)

    def of(self, database: str) -> list[Line]:
        return [line for line in self.lines if line.database == database]

    def line(self, task: str, database: str) -> Line:
        return next(line for line in self.lines if (line.task, line.database) == (task, database))


def mark(good: bool) -> str:
    return "" if good else " **missed**"


def table(heading: list[str], rows: list[list[str]]) -> list[str]:
    return ["| " + " | ".join(heading) + " |", "|" + "---|" * len(heading),
            *("| " + " | ".join(row) + " |" for row in rows)]


def show(report: Report) -> str:
    """The report as Markdown."""
    parts = [f"# Speed at {report.scale * 1_000_000:,.0f} customers (seed {report.seed})", ""]
    for database in dict.fromkeys(line.database for line in report.lines):
        parts += [f"## {database}", "", *_tasks(report.of(database)), "", *_beside(report, database), ""]
    parts += _between(report) + _growth(report)
    parts += [f"Wrong answer: {fault}" for fault in report.faults]
    return "\n".join(parts).rstrip()


def _tasks(lines: list[Line]) -> list[str]:
    rows = []
    for line in lines:
        ratio = "–" if line.ratio is None else f"{line.ratio:.1f}"
        allowed = "–" if line.allowed is None else f"{line.allowed:g}"
        good = line.ratio is None or line.allowed is None or line.ratio <= line.allowed
        cpu = f"{line.cpu:.1f}" + (f" (× {line.cpu / line.floor_cpu:.1f})" if line.floor_cpu else "")
        rows.append([line.task, "–" if line.floor is None else f"{line.floor:.1f}", f"{line.median:.1f}",
                     f"{line.p95:.1f}", ratio + mark(good and not line.fault), allowed, cpu, str(line.statements),
                     f"{line.size / 1024:.1f}"])
    return table(["task", "floor, ms", "desk, ms", "p95", "× floor", "allowed", "CPU, ms", "statements", "KiB"], rows)


def _beside(report: Report, database: str) -> list[str]:
    if database not in report.rates:
        return []
    rate, size = report.rates[database], report.page_bytes[database]
    memory = report.memory[database]
    return [f"- list at 8 connections: {rate:.0f} requests/s, wanted {RATE}{mark(rate >= RATE)}",
            f"- page of 20 rows: {size / 1024:.1f} KiB, allowed {PAGE_BYTES // 1024}{mark(size <= PAGE_BYTES)}",
            f"- workers: {', '.join(f'{one:.0f}' for one in memory) or 'not known'} MiB, allowed {MEMORY}"
            f"{mark(all(one <= MEMORY for one in memory))}"]


def _between(report: Report) -> list[str]:
    """SQLite beside PostgreSQL."""
    pairs = [(line, report.line(line.task, "postgresql")) for line in report.of("sqlite")
             if report.of("postgresql") and line.median]
    rows = [[one.task, f"{one.median:.1f}", f"{other.median:.1f}",
             f"{one.median / other.median:.2f}{mark(one.median / other.median <= BETWEEN)}"]
            for one, other in pairs if other.median]
    return [f"## SQLite against PostgreSQL (allowed {BETWEEN})", "",
            *table(["task", "SQLite, ms", "PostgreSQL, ms", "ratio"], rows), ""] if rows else []


def _growth(report: Report) -> list[str]:
    """From 10,000 customers to this size."""
    rows = []
    for small in report.small:
        line = report.line(small.task, small.database)
        if small.median and line.median:
            by, size = line.median / small.median, line.size / max(1, small.size)
            note = "the answer grows" if size > GREW else ""
            rows.append([line.task, line.database, f"{small.median:.1f}", f"{line.median:.1f}",
                         f"{by:.2f}{mark(by <= GROWTH or bool(note))}", note])
    return ["## Growth from 10,000 customers", "", *table(
        ["task", "database", "10,000, ms", "now, ms", "×", ""], rows), ""] if rows else []
