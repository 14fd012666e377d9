"""What every importer needs: the store, the clock, the people of the store, and who is importing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import sqlalchemy as sa
from flask_babel import gettext as _

from admin_app import cleaning, clock
from admin_app import models as m
from admin_app.access import WIDTH, Actor, actor_of
from admin_app.choices import KnownRows, Scope
from admin_app.cleaning import as_text
from admin_app.errors import Refused
from admin_app.importing.report import ImportReport, Rejection, Remark
from admin_app.ledgers import Row

#: Rows that are looked up and written together.
BATCH = 500


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the staff as a cell names one.

    `id` where the person works in the store now, `ever` also where they did once; both None for nobody and for
    people the store does not know. `text` is what the cell says wherever `id` is None.
    """

    id: int | None
    ever: int | None
    text: str | None
    name: str

    @property
    def past(self) -> dict[str, Any]:
        """What a record of the past keeps: the person, else the text."""
        return {"id": self.ever, "text": self.text if self.ever is None else None}

    @property
    def who(self) -> str:
        """The same for the same person, however the ledger or the store writes the name."""
        return f"#{self.ever}" if self.ever is not None else self.name


NOBODY = Person(None, None, None, "")


class Trace(Protocol):
    """Notes what an import writes, so that it can be undone."""

    def inserted(self, table: str, keys: list[int]) -> None:
        """Rows were made."""

    def changed(self, table: str, changes: Mapping[int, Mapping[str, tuple[Any, Any]]]) -> None:
        """Rows of before were changed: key → column → before and after."""


@dataclass
class Context:
    """The running import. `values` is what a person has said of the words of this file: name of the choice, or
    "staff" → word → value ("" leaves the cell blank) or key of the person.

    Reads go to `connection`, since a person's row scope must not hide duplicates."""

    session: Any
    report: ImportReport
    store_id: int
    now: dt.datetime
    dry_run: bool = False
    filename: str = ""
    people: dict[str, list[tuple[int, bool]]] = field(default_factory=dict)
    team_ids: frozenset[int] | None = None
    actor_id: int | None = None
    known: KnownRows = KnownRows.FILL
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    trace: Trace | None = None
    _persons: dict[str, Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        user = m.User.__table__
        statement = sa.select(user.c.name, user.c.username, user.c.id, user.c.active, user.c.left_on).where(
            user.c.store_id == self.store_id, user.c.deleted_at.is_(None)
        )
        for name, username, key, active, left_on in self.connection.execute(statement):
            works = bool(active) and (left_on is None or left_on > self.today)
            self.people.setdefault(name, []).append((key, works))
            if username != name:
                self.people.setdefault(username, []).append((key, works))

    @property
    def connection(self) -> sa.Connection:
        """The connection of the running transaction."""
        return self.session.connection()

    @cached_property
    def at_work(self) -> frozenset[int]:
        """Keys of the people who work in the store now."""
        return frozenset(key for known in self.people.values() for key, works in known if works)

    @cached_property
    def today(self) -> dt.date:
        """The store's calendar day."""
        return clock.local_day(self.now)

    def person(self, cell: Any) -> Person:
        """Who a cell names. Leavers and people the store does not know are kept as text and counted."""
        text = as_text(cell)
        found = self._persons.get(text)
        if found is None:
            found = self._persons[text] = self._find_person(text)
        if found.text is not None:
            counter = self.report.left_staff if self._left(text) else self.report.unknown_staff
            counter[found.name] += 1
        return found

    def _left(self, text: str) -> bool:
        named = cleaning.staff(text)
        if named is None:
            return False
        known = self.people.get(named.name, [])
        return named.left or (bool(known) and not any(works for _key, works in known))

    def _find_person(self, text: str) -> Person:
        named = cleaning.staff(text)
        if named is None:
            return NOBODY
        said = self.values.get("staff", {}).get(named.name)
        if said in self.at_work:
            return Person(said, said, None, named.name)
        known = self.people.get(named.name, [])
        at_work = [key for key, works in known if works]
        ever = known[0][0] if len(known) == 1 else at_work[0] if len(at_work) == 1 else None
        if len(at_work) == 1 and not named.left:
            return Person(at_work[0], ever, None, named.name)
        return Person(None, ever, cleaning.trimmed(text)[:60], named.name)

    def who(self, user_id: int | None, text: str | None) -> str:
        """`Person.who` of a stored record."""
        return f"#{user_id}" if user_id is not None else self._find_person(text or "").who

    def warn(self, row: Row, field: str, reason: Any) -> None:
        """Note a cell that was left blank or is doubtful."""
        if not self.report.warn():
            return
        title = row.title(field) or ""
        value = as_text(row.cells.get(title))[:80]
        self.report.warnings.append(Remark(row.sheet, row.number, title, value, str(reason)))

    def reject(self, row: Row, field: str, reason: Any) -> None:
        """Leave a row out, for one reason in one column."""
        title = row.title(field) or ""
        value = as_text(row.cells.get(title))[:80]
        cells = tuple(row.cells.values())
        self.report.reject(Rejection(row.sheet, row.number, title, value, str(reason), cells))

    def may_touch(self, *people: int | None) -> bool:
        """Whether a row of these people lies in the importing person's scope; the pool is everybody's."""
        return (
            self.team_ids is None or all(p is None for p in people) or any(p in self.team_ids for p in people)
        )


def check_rights(session: Any, table: str, store_id: int) -> frozenset[int] | None:
    """The people whose rows may be written (None: everybody's). Importing needs W at team or store (SAFETY).

    Raises Refused; RuntimeError where nobody acts on the session.
    """
    actor: Actor | None = actor_of(session)
    if actor is None:
        raise RuntimeError("import: nobody acts on this session")
    if actor.system is not None:
        return None
    width = actor.right(table).write
    if not actor.may(table, "create") or WIDTH[width] < WIDTH[Scope.TEAM]:
        raise Refused(_("You may not import here."))
    if actor.store_ids is not None and store_id not in actor.store_ids:
        raise Refused(_("This belongs to another store."))
    return frozenset(actor.team_ids) if width is Scope.TEAM else None


def pieces(values: Iterable[Any], size: int = BATCH) -> Iterable[list[Any]]:
    """The values in lists of at most `size`, None and doubles left out."""
    distinct = list(dict.fromkeys(value for value in values if value is not None))
    for start in range(0, len(distinct), size):
        yield distinct[start : start + size]
