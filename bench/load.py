"""Fifty people at work for ten minutes against several processes, and whether anything was lost.

Everybody lists, searches, opens and edits customers, logs visits and looks at what is due, with a second's thought
between two requests. Two who edit the same file get the merge page and merge. Afterwards every acknowledged write
is looked for in the database.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import random
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from bench import kept, server, stores
from bench.client import Answer, Client, form_of
from bench.facts import FRAGMENT, NAME, Database, connected
from bench.stores import ROOT, say

PASSWORD = "caredesk-demo"
THINKING = 1.0  # seconds between two requests, on average
LEAST = 3  # things that everybody does, however short the time
WARM = 0.1  # of the time, at least 20 s, until the memory of the workers is taken for the first time
MOST_P99, MOST_GROWTH = 1000.0, 1.10
# Of fifty people, so many in each role.
ROLES = {"sales_consultant": 34, "service_advisor": 6, "care_specialist": 5, "sales_manager": 2, "service_manager": 1,
         "care_manager": 1, "general_manager": 1}
EVERYBODY = ("care_specialist", "care_manager", "general_manager")  # who works with customers of others too
HOT = 6  # customers that several people edit


@dataclass
class Record:
    """What everybody has done, shared by the threads."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    faults: Counter[str] = field(default_factory=Counter)
    visits: dict[str, int] = field(default_factory=dict)  # text of an acknowledged visit → customer
    edits: dict[str, int] = field(default_factory=dict)  # note of an acknowledged edit → customer
    conflicts: int = 0

    def took(self, what: str, answer: Answer, fault: str) -> None:
        with self.lock:
            self.times[what].append(answer.ms)
            if fault:
                self.faults[f"{what}: {fault}"] += 1


@dataclass
class Worker:
    """A person: name, role and customers."""

    number: int
    username: str
    role: str
    customers: list[int]
    hot: list[int]


class Person(threading.Thread):
    """Somebody at work until the time is up."""

    def __init__(self, who: Worker, port: int, record: Record, until: float, seed: int) -> None:
        super().__init__(daemon=True)
        self.who, self.record, self.until = who, record, until
        self.random = random.Random(seed * 1000 + who.number)
        self.client = Client(port)
        self.written = self.acted = 0
        shares: dict[Callable[[], None], int] = {
            self.home: 8, self.listing: 16, self.search: 14, self.customer: 18, self.log: 18, self.edit: 12,
            self.due: 10, self.complaints: 3, self.scores: 1}
        self.work = [act for act, share in shares.items() for _n in range(share)]

    def run(self) -> None:
        try:
            time.sleep(self.random.random() * 3 * THINKING)
            self.client.sign_in(self.who.username, PASSWORD)
            while time.monotonic() < self.until or self.acted < LEAST:
                self.acted += 1
                time.sleep(self.random.expovariate(1 / THINKING))
                with contextlib.suppress(Unusable):
                    self.random.choice(self.work)()
        except (OSError, http.client.HTTPException, RuntimeError, ValueError) as error:
            with self.record.lock:
                self.record.faults[f"{type(error).__name__}: {error}"] += 1

    def ask(self, what: str, answer: Answer, *wanted: int, text: str = "") -> Answer:
        """Note an answer. Raises Unusable where it is not what was asked for."""
        fault = "" if answer.status in (wanted or (200,)) else f"status {answer.status}"
        if not fault and text and text not in answer.text:
            fault = f"without {text}"
        self.record.took(what, answer, fault)
        if fault:
            raise Unusable(fault)
        return answer

    # ------------------------------------------------------------ reading

    def home(self) -> None:
        self.ask("home", self.client.get("/admin/"), text="csrf")

    def listing(self) -> None:
        asked = self.random.choice(({}, {"flt0_owner_id_equals": "me"}, {"flt0_grade_equals": "H"}, {"page": "3"},
                                    {"flt0_owner_id_equals": "me", "flt1_grade_equals": "H"}))
        self.ask("list", self.client.get(f"/admin/customer/?{urlencode(asked)}"), text="csrf")

    def search(self) -> None:
        text = self.random.choice((NAME, FRAGMENT, "李", "晓彤", "wang"))
        path = self.random.choice(("/admin/customer/?search=", "/admin/search/?q="))
        found = self.client.get(path + urlencode({"": text})[1:])
        if found.status == 302:  # one answer: the search leads there
            found = self.client.get(found.location)
        self.ask("search", found, text="csrf")

    def customer(self) -> None:
        key = self.random.choice(self.who.customers)
        self.ask("customer page", self.client.get(f"/admin/customer/details/?id={key}"), text="csrf")

    def due(self) -> None:
        self.ask("due list", self.client.get("/admin/followups/"), text="csrf")

    def complaints(self) -> None:
        self.ask("complaints", self.client.get("/admin/complaint/"), text="csrf")

    def scores(self) -> None:
        self.ask("scores", self.client.get("/admin/scores/"), text="csrf")

    # ------------------------------------------------------------ writing

    def said(self) -> str:
        """A text that nobody else writes."""
        self.written += 1
        return f"负载 {self.who.number}-{self.written}"

    def log(self) -> None:
        """A contact, mostly with one's own customer."""
        key, text = self.random.choice(self.who.customers), self.said()
        page = self.ask("visit form", self.client.get(f"/admin/visit/log/?customer={key}"), text='name="key"').text
        fields = [(name, value) for name, value in form_of(page, 'name="key"')
                  if name in ("csrf_token", "key", "customer")]
        chosen = {"channel": "phone", "result": self.random.choice(("solved", "interested", "not_reached")),
                  "next": self.random.choice(("3", "7", "none")), "content": text}
        time.sleep(self.random.random())
        self.ask("log a visit", self.client.post("/admin/visit/log/", [*fields, *chosen.items()]), 302, 303)
        with self.record.lock:
            self.record.visits[text] = key

    def edit(self) -> None:
        """Write into a file, now and then one that others have open too; merge where they were first."""
        key = self.random.choice(self.who.hot if self.random.random() < 0.3 else self.who.customers)
        path, text = f"/admin/customer/edit/?id={key}", self.said()
        page = self.ask("edit form", self.client.get(path), text='name="version"').text
        time.sleep(self.random.random())
        for _n in range(6):
            fields = form_of(page, 'name="version"')
            merging = [(name, value) for name, value in fields if name != "note"]
            answer = self.ask("save an edit", self.client.post(path, [*merging, ("note", text)]), 302, 303, 409)
            if answer.status != 409:
                with self.record.lock:
                    self.record.edits[text] = key
                return
            with self.record.lock:
                self.record.conflicts += 1
            page = answer.text
            time.sleep(self.random.random())


class Unusable(Exception):
    """An answer that was counted as a fault; the person goes on with something else."""


def crowd(db: Database, people: int) -> list[Worker]:
    """Who works: as many in each role as its share, then further ones of the largest role; with customers of their own
    and the few that all fight over."""
    found: list[Worker] = []
    hot = [row[0] for row in db.rows(
        "SELECT id FROM customer WHERE owner_id = (SELECT id FROM \"user\" WHERE username = 'sales_consultant') "
        "AND confidentiality = 'normal' ORDER BY id LIMIT ?", HOT)]
    shares = {role: max(1, round(share * people / sum(ROLES.values()))) for role, share in ROLES.items()}
    names = [(role, *row) for role in ROLES for row in _staff(db, role)[:shares[role]]]
    largest = max(ROLES, key=lambda role: ROLES[role])
    names += [(largest, *row) for row in _staff(db, largest)[shares[largest]:]]
    for role, username, key in names:
        theirs = _customers(db, key, role in EVERYBODY)
        if theirs and len(found) < people:
            writes_hot = role in EVERYBODY or username == "sales_consultant"
            found.append(Worker(len(found), username, role, theirs, hot if writes_hot else theirs[:HOT]))
    return found


def _staff(db: Database, role: str) -> list[tuple[str, int]]:
    """(user name, key) of the active people of a role."""
    return db.rows('SELECT u.username, u.id FROM "user" u JOIN role r ON r.id = u.role_id WHERE r.code = ? AND '
                   "u.active ORDER BY u.id", role)


def _customers(db: Database, key: int, everybody: bool) -> list[int]:
    """A person's own customers; where there are none, anybody's for those who see everybody's."""
    mine = db.rows("SELECT id FROM customer WHERE (owner_id = ? OR advisor_id = ?) AND confidentiality = 'normal' "
                   "ORDER BY id LIMIT 200", key, key)
    if not mine and everybody:
        mine = db.rows("SELECT id FROM customer WHERE confidentiality = 'normal' ORDER BY id LIMIT 200")
    return [row[0] for row in mine]


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def at_work(asked: argparse.Namespace, url: str, there: stores.Sqlite | stores.Postgresql) -> bool:
    """Let everybody work, then look what is there; whether all of it holds."""
    log, environment = asked.data / f"load-{there.kind}.log", stores.settings(there.folder, url)
    with connected(url) as db:
        workers = crowd(db, asked.people)
    record, seconds = Record(), asked.minutes * 60
    with server.running("wsgi:app", environment, log, workers=asked.workers) as serving:
        until = time.monotonic() + seconds
        people = [Person(who, serving.port, record, until, asked.seed) for who in workers]
        for person in people:
            person.start()
        time.sleep(min(max(20.0, WARM * seconds), seconds / 2))
        before = serving.memory()
        for person in people:
            person.join()
        after = serving.memory()
    good = told(record, seconds, before, after, len(people))
    faults = kept.look(url, environment, record.visits, record.edits)
    for fault in faults:
        say(f"LOST: {fault}")
    if not faults:
        say(f"nothing lost: {len(record.visits)} visits and {len(record.edits)} edits acknowledged, all there; "
            "the audit chain holds")
    return good and not faults


def told(record: Record, seconds: float, before: list[float], after: list[float], people: int) -> bool:
    """Print what was measured; whether it is within the bounds."""
    every = [one for times in record.times.values() for one in times]
    for what, times in sorted(record.times.items()):
        print(f"{what}\t{len(times)}\t{percentile(times, .5):.1f}\t{percentile(times, .95):.1f}\t"
              f"{percentile(times, .99):.1f}", flush=True)
    p99 = percentile(every, .99)
    say(f"{people} people, {seconds / 60:g} minutes: {len(every)} requests, {len(every) / seconds:.1f} a second, "
        f"{sum(record.faults.values())} errors, {record.conflicts} conflicts merged; p50 {percentile(every, .5):.0f}, "
        f"p95 {percentile(every, .95):.0f}, p99 {p99:.0f} ms")
    say(f"memory of the workers, MiB: {_memory(before)} after the warm-up, {_memory(after)} at the end")
    for fault, number in record.faults.most_common(20):
        say(f"ERROR {number}× {fault}")
    steady = len(before) == len(after) and all(
        end <= MOST_GROWTH * begin for begin, end in zip(before, after, strict=True))
    if not steady:
        say("a worker has grown by more than a tenth, or has been replaced")
    if p99 > MOST_P99:
        say("p99 is over a second")
    return not record.faults and p99 <= MOST_P99 and steady


def _memory(each: list[float]) -> str:
    return ", ".join(f"{one:.0f}" for one in each) or "not known"


def main(given: list[str]) -> int:
    """0; 1 where something was lost, wrong or out of bounds."""
    reader = argparse.ArgumentParser(prog="python -m bench.load", description="Many people at work at once.")
    reader.add_argument("--database", choices=stores.DATABASES, default="sqlite")
    reader.add_argument("--scale", type=float, default=0.01)
    reader.add_argument("--data", type=Path, default=ROOT / ".bench")
    reader.add_argument("--seed", type=int, default=1)
    reader.add_argument("--people", type=int, default=50)
    reader.add_argument("--minutes", type=float, default=10.0)
    reader.add_argument("--workers", type=int, default=4, help="processes of the web server")
    asked = reader.parse_args(given)
    with stores.opened(asked.database, asked.data) as there:
        name = there.ready(asked.scale, asked.seed)
        with there.copy(name) as url:
            return 0 if at_work(asked, url, there) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
