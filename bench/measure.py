"""Measuring: series of five consecutive requests at one kept connection, the lowest median of them, and p95 of all."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field

from bench.client import Answer, Client
from bench.facts import Facts
from bench.server import Server
from bench.tasks import Task

IN_A_SERIES = 5
SERIES = 8
PATIENCE = 2.0  # seconds after which a slow task gets no further series


class Wrong(Exception):
    """An answer that does not hold what it must: its time would say nothing."""


@dataclass
class Times:
    """What was measured of a task, in ms."""

    series: list[list[float]] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)  # of a core of the web server, in ms
    size: int = 0  # bytes of the last answer

    @property
    def every(self) -> list[float]:
        return sorted(one for series in self.series for one in series)

    @property
    def median(self) -> float:
        return min(statistics.median(series) for series in self.series)

    @property
    def cpu_median(self) -> float:
        return statistics.median(self.cpu)

    @property
    def p95(self) -> float:
        every = self.every
        return every[min(len(every) - 1, int(len(every) * 0.95))]


@dataclass
class Asker:
    """One task asked at one server, by the person it belongs to; every answer is looked at."""

    task: Task
    client: Client
    facts: Facts
    server: Server
    floor: bool = False
    number: int = 0
    times: Times = field(default_factory=Times)

    def once(self) -> Answer:
        """One request. Raises Wrong."""
        self.number += 1
        task, ready = self.task, None if self.floor else self.task.ready
        if ready is not None:
            ready(self.client, self.facts, self.number)
        ask, check = (task.floor, task.floor_check) if self.floor else (task.ask, task.check)
        assert ask is not None and check is not None
        before = self.server.cpu()
        answer = ask(self.client, self.facts, self.number)
        self.times.cpu.append(self.server.cpu() - before)
        if fault := check(answer, self.facts):
            raise Wrong(f"{task.name}{' (floor)' if self.floor else ''}: {fault}")
        self.times.size = len(answer.body)
        return answer

    def series(self) -> None:
        self.times.series.append([self.once().ms for _n in range(IN_A_SERIES)])


def measure(askers: list[Asker], series: int = SERIES) -> None:
    """The product and its floor in turn, so that a busy machine slows both. Raises Wrong."""
    began = time.monotonic()
    for asker in askers:
        for _n in range(3):
            asker.once()
    for number in range(series):
        if number >= 2 and time.monotonic() - began > PATIENCE:
            break
        for asker in askers:
            asker.series()
