"""The differences that a transaction makes, added to the roll-ups: each row's part before is taken away, now added."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from admin_app.choices import Trigger
from admin_app.clock import zone
from admin_app.models import BY_TABLE, FollowUpRule
from admin_app.rules.scores.rollup import files, handling, journal
from admin_app.rules.scores.rollup.journal import Noted
from admin_app.rules.scores.rollup.parts import PARTS, Facts, Part, of_table
from admin_app.rules.scores.rollup.tally import Sums, pieces, write
from admin_app.rules.scores.tongue import Days

# Where one of these changes, all that hangs on the row counts otherwise.
PEOPLE = ("store_id", "deleted_at", "owner_id", "advisor_id", "stage", "created_at")
OF_PARENT = {"complaint": ("deleted_at", "owner_id", "recall_due_on"),
             "campaign": ("deleted_at", "owner_id", "ends_at")}
ABOUT_CONTACT = ("deleted_at", "state", "at", "satisfaction", "customer_id", "store_id")
ABOUT_CALL = ("deleted_at", "state", "opened_at", "customer_id")


def settle(session: Any) -> None:
    """Add what this transaction has changed to the roll-ups. No commit; nothing to do costs nothing."""
    if not session.info.get("score_journal"):
        return
    noted = journal.take(session)
    if noted:
        connection = session.connection()
        write(connection, Settling(connection, noted).sums().rows())


def changed(noted: Noted, names: Iterable[str]) -> bool:
    """Whether one of these columns changed, or the row is new or gone."""
    if noted.before is None or noted.now is None:
        return True
    return any(getattr(noted.before, name) != getattr(noted.now, name) for name in names)


class Settling:
    """The journal of one transaction on its way into sums."""

    def __init__(self, connection: sa.Connection, noted: dict[journal.Key, Noted]) -> None:
        self.connection = connection
        self.days = Days(zone(), connection.dialect.name)
        self.noted: dict[str, dict[int, Noted]] = defaultdict(dict)
        for (table, key), one in noted.items():
            self.noted[table][key] = one
        self.result = Sums()

    def sums(self) -> Sums:
        """All that is to be added."""
        self._rules()
        for part in PARTS:
            if part.parent is None and self.noted[part.table]:
                self._rows(part, self.noted[part.table])
        self._children("complaint_step", "complaint_id", "complaint")
        self._children("campaign_member", "campaign_id", "campaign")
        self._handled()
        self._files()
        return self.result

    def _count(self, part: Part, row: Any, facts: Facts, sign: int) -> None:
        numbers = part.counted(row, facts) if row is not None else None
        if numbers:
            self.result.add(part.whose(row), part.day(row, facts), row.store_id, numbers, sign)

    # ------------------------------------------------------------ rows by themselves

    def _rows(self, part: Part, noted: dict[int, Noted]) -> None:
        for one in noted.values():
            self._count(part, one.before, self.facts_before, -1)
            self._count(part, one.now, self.facts_now, 1)

    def _rules(self) -> None:
        """The rules for new leads, before and now; where one changed, its tasks count otherwise."""
        rules, now = self.noted["followup_rule"], set()
        if rules or any(row is not None and row.rule_id is not None for one in self.noted["followup"].values()
                        for row in (one.before, one.now)):
            now = new_lead_rules(self.connection)
        was = (now - rules.keys()) | {key for key, one in rules.items() if one.before is not None
                                      and one.before.trigger == Trigger.NEW_LEAD and one.before.deleted_at is None}
        self.facts_before, self.facts_now = Facts(self.days, was), Facts(self.days, now)
        for key, row in journal.read(self.connection, "followup", was ^ now, "rule_id"):
            self.noted["followup"].setdefault(key, Noted(row, row))

    # ------------------------------------------------------------ rows that hang on another

    def _children(self, table: str, link: str, parent: str) -> None:
        """Steps of complaints, guests of campaigns: those that changed, and all of a parent that changed."""
        parents = self.noted[parent]
        moved = {key for key, one in parents.items() if one.before is not None and changed(one, OF_PARENT[parent])}
        rows = dict(self.noted[table])
        for key, row in journal.read(self.connection, table, moved, link):
            rows.setdefault(key, Noted(row, row))
        wanted = {getattr(row, link) for one in rows.values() for row in (one.before, one.now) if row is not None}
        there = dict(journal.read(self.connection, parent, wanted - parents.keys()))
        for one in rows.values():
            for row, sign in ((one.before, -1), (one.now, 1)):
                if row is None:
                    continue
                of = _as_it_was(getattr(row, link), sign, there, parents)
                if of is not None:
                    self._child(table, SimpleNamespace(**vars(row), parent=of), sign)

    def _child(self, table: str, row: Any, sign: int) -> None:
        for part in of_table(table):
            self._count(part, row, self.facts_now, sign)

    # ------------------------------------------------------------ complaints by the clock of their store

    def _handled(self) -> None:
        stores, complaints = self.noted["store"], dict(self.noted["complaint"])
        for key, row in journal.read(self.connection, "complaint",
                                     [key for key, one in stores.items() if one.before is not None], "store_id"):
            complaints.setdefault(key, Noted(row, row))
        wanted = {row.store_id for one in complaints.values() for row in (one.before, one.now) if row is not None}
        there = dict(journal.read(self.connection, "store", wanted - stores.keys()))
        for one in complaints.values():
            for row, sign in ((one.before, -1), (one.now, 1)):
                if row is not None:
                    store = _as_it_was(row.store_id, sign, there, stores)
                    handling.add_handled(self.result, row, store, self.days, sign)

    # ------------------------------------------------------------ customers

    def _files(self) -> None:
        customers, visits, orders = (self.noted[table] for table in ("customer", "visit", "repair_order"))
        for one in customers.values():
            files.add_kept(self.result, one.before, self.days, -1)
            files.add_kept(self.result, one.now, self.days, 1)
        moved = {key for key, one in customers.items() if one.before is not None and changed(one, PEOPLE)}
        contacts = moved | _customers_of(visits, ABOUT_CONTACT, files.is_contact)
        calls = moved | _customers_of(orders, ABOUT_CALL, files.is_call)
        there = dict(journal.read(self.connection, "customer", (contacts | calls) - customers.keys()))
        self._contacts(contacts, there, customers, visits)
        self._calls(calls, there, customers, orders)

    def _both(self, key: int, there: dict[int, Any], customers: dict[int, Noted]) -> tuple[Any, Any]:
        """A customer before and now."""
        return _as_it_was(key, -1, there, customers), _as_it_was(key, 1, there, customers)

    def _contacts(self, keys: set[int], there: dict[int, Any], customers: dict[int, Noted],
                  visits: dict[int, Noted]) -> None:
        now: dict[int, list[files.Contact]] = defaultdict(list)
        before: dict[int, list[files.Contact]] = defaultdict(list)
        for key, customer, at, satisfaction, store in self._done(keys):
            contact = files.Contact(self.days.of(at), satisfaction, store)
            now[customer].append(contact)
            if key not in visits:
                before[customer].append(contact)
        for one in visits.values():
            row = one.before
            if row is not None and row.customer_id in keys and files.is_contact(row):
                before[row.customer_id].append(files.Contact(self.days.of(row.at), row.satisfaction, row.store_id))
        for key in sorted(keys):
            was, is_now = self._both(key, there, customers)
            files.add_contacts(self.result, was, before[key], self.days, -1)
            files.add_contacts(self.result, is_now, now[key], self.days, 1)

    def _done(self, keys: set[int]) -> Iterable[Any]:
        table = BY_TABLE["visit"].__table__.c
        return self._of_customers(keys, [table.id, table.customer_id, table.at, table.satisfaction, table.store_id],
                                  table.customer_id, files.is_contact(table))

    def _calls(self, keys: set[int], there: dict[int, Any], customers: dict[int, Noted],
               orders: dict[int, Noted]) -> None:
        now: dict[int, list[dt.date]] = defaultdict(list)
        before: dict[int, list[dt.date]] = defaultdict(list)
        table = BY_TABLE["repair_order"].__table__.c
        for key, customer, at in self._of_customers(keys, [table.id, table.customer_id, table.opened_at],
                                                    table.customer_id, files.is_call(table)):
            now[customer].append(self.days.of(at))
            if key not in orders:
                before[customer].append(self.days.of(at))
        for one in orders.values():
            row = one.before
            if row is not None and row.customer_id in keys and files.is_call(row):
                before[row.customer_id].append(self.days.of(row.opened_at))
        for key in sorted(keys):
            was, is_now = self._both(key, there, customers)
            files.add_orders(self.result, was, before[key], -1)
            files.add_orders(self.result, is_now, now[key], 1)

    def _of_customers(self, keys: set[int], columns: list[Any], link: Any, condition: Any) -> Iterable[Any]:
        for piece in pieces(keys):
            yield from self.connection.execute(sa.select(*columns).where(link.in_(piece), condition))


def _as_it_was(key: int, sign: int, there: dict[int, Any], noted: dict[int, Noted]) -> Any:
    """The row that another one hangs on: before (sign below 0) or now; None where it was not there."""
    if key in noted:
        return noted[key].before if sign < 0 else noted[key].now
    return there.get(key)


def _customers_of(noted: dict[int, Noted], names: Iterable[str], counts: Callable[[Any], Any]) -> set[int]:
    """The customers, before and now, of rows that count or did and of which one of these columns changed."""
    return {row.customer_id for one in noted.values() if changed(one, names)
            for row in (one.before, one.now) if row is not None and counts(row)}


def new_lead_rules(connection: sa.Connection) -> set[int]:
    """The keys of the rules that ask for the first contact of a new lead."""
    table = FollowUpRule.__table__.c
    return set(connection.execute(sa.select(table.id).where(
        table.trigger == Trigger.NEW_LEAD, table.deleted_at.is_(None))).scalars())
