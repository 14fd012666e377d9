"""What `python -m bench` does: builds or finds the stores, serves the desk and its floor, measures, prints."""

from __future__ import annotations

import argparse
import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import facts, server, stores, stress
from bench.client import Client
from bench.facts import Facts
from bench.measure import SERIES, Asker, Wrong, measure
from bench.report import Line, Report, show
from bench.stores import ROOT, say
from bench.tasks import TASKS, Task

PASSWORD = "caredesk-demo"
SMALL = 0.01  # 10,000 customers: what grows is what takes longer than there


def arguments(given: list[str]) -> argparse.Namespace:
    said = os.environ
    reader = argparse.ArgumentParser(prog="python -m bench", description="The speed of each main task, through HTTP.")
    reader.add_argument("--scale", type=float, default=float(said.get("SCALE") or 1), help="1: a million customers")
    reader.add_argument("--databases", default=said.get("DATABASES") or "sqlite,postgresql")
    reader.add_argument("--data", type=Path, default=Path(said.get("BENCH_DATA") or ROOT / ".bench"))
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--series", type=int, default=SERIES, help="series of five requests a task")
    reader.add_argument("--workers", type=int, default=2, help="processes of the web server")
    reader.add_argument("--tasks", default="", help="only tasks whose name holds this")
    reader.add_argument("--report", type=Path, help="also a Markdown file")
    reader.add_argument("--growth", action="store_true", help="the same at 10,000 customers: what grows?")
    reader.add_argument("--build-only", action="store_true", help="make the stores and end")
    return reader.parse_args(given)


def main(given: list[str]) -> int:
    """0; 1 where a task answered wrongly; 2 where nothing could be measured. Being slow is no failure."""
    asked = arguments(given)
    kinds = [{"postgres": "postgresql"}.get(kind, kind) for kind in asked.databases.split(",") if kind]
    if unknown := set(kinds) - set(stores.DATABASES):
        say(f"unknown database: {', '.join(sorted(unknown))}; there are {', '.join(stores.DATABASES)}")
        return 2
    report = Report(asked.scale, asked.seed)
    for kind in kinds:
        with stores.opened(kind, asked.data) as there:
            name = there.ready(asked.scale, asked.seed)
            small = there.ready(SMALL, asked.seed) if asked.growth else ""
            if not asked.build_only:
                _store(there, name, small if small != name else "", asked, report)
    if not asked.build_only:
        text = show(report)
        say(text)
        if asked.report:
            asked.report.write_text(text + "\n", encoding="utf-8")
    return 1 if report.faults else 0


def _store(there: Any, name: str, small: str, asked: argparse.Namespace, report: Report) -> None:
    """Measure one store, on a copy of it; with a copy of a small one beside it, what grows."""
    wanted = [task for task in TASKS if asked.tasks in task.name]
    log = asked.data / f"server-{there.kind}.log"
    with contextlib.ExitStack() as open_until:
        url = open_until.enter_context(there.copy(name))
        found = facts.collect(url)
        desk = stores.settings(there.folder, url)
        bare = desk | {"BENCH_STORE": url, "BENCH_SECRET": "f" * 40}
        with contextlib.ExitStack() as serving:
            ours = Served(found, serving.enter_context(server.running("wsgi:app", desk, log, asked.workers)))
            floor = Served(found, serving.enter_context(server.running("bench.floor:app", bare, log, asked.workers)))
            beside = None
            if small:
                less = serving.enter_context(there.copy(small))
                beside = Served(facts.collect(less), serving.enter_context(server.running(
                    "wsgi:app", stores.settings(there.folder / "small", less), log, asked.workers)))
            _tasks(wanted, ours, floor, beside, there.kind, report, asked.series)
            if not asked.tasks:
                _beside(found, ours.server, there.kind, report)
        with server.running("bench.app:app", desk, log, workers=1) as counting:
            _counts(wanted, found, counting, there.kind, report)
        for line in report.of(there.kind):
            print(line.text(), flush=True)


@dataclass
class Served:
    """A server over a store, and what the right answers of that store hold."""

    facts: Facts
    server: server.Server

    def asker(self, task: Task, people: dict[str, Client], floor: bool = False) -> Asker:
        return Asker(task, people[task.person], self.facts, self.server, floor=floor)


def signed_in(port: int, tasks: list[Task]) -> dict[str, Client]:
    """A connection for each person of the tasks."""
    found = {}
    for person in sorted({task.person for task in tasks}):
        found[person] = Client(port)
        found[person].sign_in(person, PASSWORD)
    return found


def _tasks(tasks: list[Task], ours: Served, floor: Served, small: Served | None, kind: str, report: Report,
           series: int) -> None:
    """Each task in turn at the desk, at its floor and at the small desk: what slows the machine slows all of them."""
    people, floors = signed_in(ours.server.port, tasks), signed_in(floor.server.port, tasks)
    fewer = signed_in(small.server.port, tasks) if small else {}
    lines: dict[str, Line] = {}
    before: dict[str, Line] = {}
    for task in sorted(tasks, key=lambda one: one.writes):
        desk = ours.asker(task, people)
        bare = floor.asker(task, floors, floor=True) if task.floor else None
        less = small.asker(task, fewer) if small else None
        line = lines[task.name] = Line(task.name, kind, task.allowed)
        try:
            measure([one for one in (desk, bare, less) if one], series)
            line.take(desk.times, bare.times if bare else None)
            if less:
                before[task.name] = Line(task.name, kind, task.allowed)
                before[task.name].take(less.times, None)
            say(f"  {kind:10} {task.name:30} {line.median:9.1f} ms")
        except Wrong as wrong:
            line.fault = str(wrong)
            report.faults.append(f"{kind}: {wrong}")
            say(f"  {kind:10} WRONG {wrong}")
    report.lines.extend(lines[task.name] for task in tasks)
    report.small.extend(before[task.name] for task in tasks if task.name in before)
    for client in (*people.values(), *floors.values(), *fewer.values()):
        client.close()


def _counts(tasks: list[Task], found: Facts, counting: server.Server, kind: str, report: Report) -> None:
    """How many statements each task takes, the second time it is asked."""
    people = signed_in(counting.port, tasks)
    for task in tasks:
        asker = Asker(task, people[task.person], found, counting, number=300)
        with contextlib.suppress(Wrong):
            asker.once()
            report.line(task.name, kind).statements = int(asker.once().headers.get("x-statements", 0))


def _beside(found: Facts, ours: server.Server, kind: str, report: Report) -> None:
    """The list at eight connections, the size of its page, the memory of the workers."""
    client = Client(ours.port)
    client.sign_in("general_manager", PASSWORD)
    report.page_bytes[kind] = len(client.get("/admin/customer/").body)
    report.rates[kind] = stress.run(ours.port, client.cookies, "/admin/customer/")
    report.memory[kind] = ours.memory()
    client.close()
