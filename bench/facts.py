"""What the answers must hold, asked from the store itself before anything is measured."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

PAGE = 20
EXPORTED = 10_000
DEEP = 20_000  # the page that SPEED asks for at a million customers
ZONE = dt.timezone(dt.timedelta(hours=8))  # the clock of the stores that are measured
FRAGMENT, NAME = "13812", "建国"
SIGNED_IN = ("general_manager", "sales_manager", "sales_consultant", "care_manager")


class Database:
    """A connection of the bench's own to the store: "?" stands for a parameter on both databases."""

    def __init__(self, url: str) -> None:
        self.is_sqlite = url.startswith("sqlite")
        self.connection: Any
        if self.is_sqlite:
            from admin_app.database import sqlite_module

            self.connection = sqlite_module.connect(url.removeprefix("sqlite:///"), timeout=20)
        else:
            self.connection = psycopg.connect(url, autocommit=True)

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        marked = statement if self.is_sqlite else statement.replace("?", "%s")
        return list(self.connection.execute(marked, values).fetchall())

    def one(self, statement: str, *values: Any) -> Any:
        return self.rows(statement, *values)[0][0]

    def has_table(self, name: str) -> bool:
        catalogue = "sqlite_master WHERE name = ?" if self.is_sqlite else "pg_class WHERE relname = ?"
        return bool(self.rows(f"SELECT 1 FROM {catalogue}", name))


@contextmanager
def connected(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.connection.close()


@dataclass
class Facts:
    """A store in figures."""

    today: dt.date
    customers: int
    newest: tuple[int, str]  # key and name of the first row of the list
    page: int
    deep: tuple[int, str]  # the first row of the deep page
    people: dict[str, int]  # user name → key
    grade_h: int
    phones: int
    names: int
    owned: list[tuple[int, str]]  # customers of the consultant
    export_owners: list[int]
    exported: int
    due: int
    month: str
    visits: int
    visits_of: int
    staff: int


def collect(url: str) -> Facts:
    with connected(url) as db:
        people = {name: db.one('SELECT id FROM "user" WHERE username = ?', name) for name in SIGNED_IN}
        me, today = people["sales_consultant"], dt.datetime.now(ZONE).date()
        customers = db.one("SELECT count(*) FROM customer")
        page = min(DEEP, max(1, customers * DEEP // 1_000_000)) - 1
        ids = "SELECT id, name FROM customer ORDER BY id DESC LIMIT 1 OFFSET ?"
        owners = _owners(db, customers)
        month = (today.replace(day=1) - dt.timedelta(days=1)).replace(day=1)
        begin, end = _bounds(month, db.is_sqlite), _bounds(today.replace(day=1), db.is_sqlite)
        return Facts(
            today=today, customers=customers, newest=db.rows(ids, 0)[0], page=page, deep=db.rows(ids, page * PAGE)[0],
            people=people, visits=db.one("SELECT count(*) FROM visit"), month=f"{month:%Y-%m}",
            grade_h=db.one("SELECT count(*) FROM customer WHERE owner_id = ? AND grade = 'H'", me),
            phones=db.one("SELECT count(*) FROM customer WHERE phone LIKE ?", f"%{FRAGMENT}%"),
            names=db.one("SELECT count(*) FROM customer WHERE name LIKE ?", f"%{NAME}%"),
            owned=db.rows("SELECT id, name FROM customer WHERE owner_id = ? AND confidentiality = 'normal' "
                          "AND deleted_at IS NULL ORDER BY id LIMIT 600", me),
            export_owners=[key for key, _number in owners if key],
            exported=sum(number for _key, number in owners),
            due=db.one("SELECT count(*) FROM followup WHERE assignee_id = ? AND state = 'open' AND due_on <= ?", me,
                       today.isoformat()),
            visits_of=db.one("SELECT count(*) FROM visit WHERE staff_id = ? AND state = 'done' AND at >= ? AND at < ?",
                             me, begin, end),
            staff=db.one('SELECT count(*) FROM "user"'))


def _bounds(day: dt.date, is_sqlite: bool) -> Any:
    """The time at which a day of the store begins, as the database compares it."""
    begin = dt.datetime.combine(day, dt.time(), ZONE).astimezone(dt.UTC)
    return begin.strftime("%Y-%m-%d %H:%M:%S.%f") if is_sqlite else begin


def _owners(db: Database, customers: int) -> list[tuple[int, int]]:
    """Owners whose customers together are ten thousand rows or a few more; everybody where there are fewer."""
    found: list[tuple[int, int]] = []
    for key, number in db.rows("SELECT owner_id, count(*) FROM customer WHERE owner_id IS NOT NULL AND deleted_at IS "
                               "NULL GROUP BY owner_id ORDER BY 2 DESC, 1"):
        if sum(count for _key, count in found) >= EXPORTED:
            return found
        found.append((key, number))
    return [(0, customers)]
