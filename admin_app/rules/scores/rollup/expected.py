"""The roll-ups as the tables say they should be: the same parts as in parts.py and files.py, for whole tables in SQL.

Grouped by person, day and store, one statement a part; only complaints are read row by row, since their clock runs in
store hours. For some people or for everybody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa

from admin_app.models import BY_TABLE, Complaint, Customer, RepairOrder, Store, Visit
from admin_app.rules.scores.rollup import files, handling
from admin_app.rules.scores.rollup.parts import NEEDED, PARTS, Facts, Part, stays, values_of
from admin_app.rules.scores.rollup.settling import new_lead_rules
from admin_app.rules.scores.rollup.tally import NEVER, Sums
from admin_app.rules.scores.sources import COVERED_DAYS, SATISFIED
from admin_app.rules.scores.tongue import Days, at_least

People = Collection[int] | None


class Expected:
    """What the roll-ups of these people should hold (None: of everybody)."""

    def __init__(self, connection: sa.Connection, days: Days, people: People = None) -> None:
        self.connection, self.days, self.people = connection, days, people
        self.result = Sums()

    def sums(self) -> Sums:
        """Everything there is to count, in a consistent picture if the connection has one."""
        facts = Facts(self.days, new_lead_rules(self.connection))
        for part in PARTS:
            self._part(part, facts)
        self._handled()
        for person, names in files.KEPT.items():
            self._kept(person, *names)
        self._answers()
        for person, covered in files.COVERED.items():
            self._covered(person, covered)
        for name, length in files.CAME.items():
            self._came(name, length)
        return self.result

    def _of(self, person: Any) -> Any:
        """The condition that these people are meant."""
        return person.is_not(None) if self.people is None else person.in_(self.people)

    def _run(self, statement: Any) -> Iterator[Any]:
        yield from self.connection.execute(statement)

    def _add(self, statement: Any, names: list[str]) -> None:
        """Add the rows of a statement: person, day, store, then a number for each name."""
        for person, day, store, *numbers in self._run(statement):
            self.result.add(person, _day(day), store, {
                name: int(number) for name, number in zip(names, numbers, strict=True) if number})

    # ------------------------------------------------------------ rows by themselves

    def _part(self, part: Part, facts: Facts) -> None:
        table = part.model.__table__
        row, source = SimpleNamespace(**dict(table.c.items())), table
        if part.parent is not None:
            model, link = part.parent
            row.parent = model.__table__.c
            source = table.join(model.__table__, model.__table__.c.id == table.c[link])
        tallies = part.tallies(row, facts)
        sums = [sa.func.sum(said if name == "cents" else sa.case((said, 1), else_=0))
                for name, said in tallies.items()]
        day = part.day(row, facts)
        self._add(sa.select(part.whose(row), day, row.store_id, *sums).select_from(source).where(
            part.holds(row, facts), self._of(part.whose(row))).group_by(
            part.whose(row), sa.literal_column("2"), row.store_id), list(tallies))

    def _handled(self) -> None:
        table = Complaint.__table__.c
        stores = {row["id"]: values_of("store", row) for row in self.connection.execute(
            sa.select(Store.__table__.c.id, *[Store.__table__.c[name] for name in NEEDED["store"]])).mappings()}
        names = NEEDED["complaint"]
        for row in self._run(sa.select(*[table[name] for name in names]).where(
                table.deleted_at.is_(None), table.imported.is_(False), table.finished_at.is_not(None),
                self._of(table.owner_id))):
            handling.add_handled(self.result, row, stores[row.store_id], self.days, 1)

    # ------------------------------------------------------------ customers

    def _kept(self, person: str, number: str, completeness: str) -> None:
        table = Customer.__table__.c
        made = self.days.of(table.created_at)
        found = self._run(sa.select(table[person], made, table.store_id, sa.func.count(),
                                    sa.func.sum(table.completeness)).where(
            stays(table), self._of(table[person])).group_by(table[person], sa.literal_column("2"), table.store_id))
        for who, day, store, count, total in found:
            numbers = {number: count, completeness: int(total or 0)}
            self.result.add(who, _day(day), store, numbers)
            self.result.add(who, NEVER, store, numbers, -1)

    def _answers(self) -> None:
        visit, customer = Visit.__table__, Customer.__table__
        well = sa.func.sum(sa.case((at_least(visit.c.satisfaction, SATISFIED), 1), else_=0))
        self._add(sa.select(customer.c.owner_id, self.days.of(visit.c.at), visit.c.store_id, sa.func.count(), well)
                  .select_from(visit.join(customer, customer.c.id == visit.c.customer_id)).where(
            files.is_contact(visit.c), visit.c.satisfaction.is_not(None), customer.c.deleted_at.is_(None),
            self._of(customer.c.owner_id)).group_by(customer.c.owner_id, sa.literal_column("2"), visit.c.store_id),
            ["owned_rated", "owned_rated_well"])

    def _covered(self, person: str, name: str) -> None:
        visit, customer = Visit.__table__, Customer.__table__
        there = sa.select(
            visit.c.customer_id, self.days.of(visit.c.at).label("day"), customer.c[person].label("person"),
            customer.c.store_id, self.days.of(customer.c.created_at).label("since")).select_from(
            visit.join(customer, customer.c.id == visit.c.customer_id)).where(
            files.is_contact(visit.c), stays(customer.c), self._of(customer.c[person])).subquery()
        self._standing(there, name, COVERED_DAYS)

    def _came(self, name: str, length: int) -> None:
        order, customer = RepairOrder.__table__, Customer.__table__
        there = sa.select(
            order.c.customer_id, self.days.of(order.c.opened_at).label("day"),
            customer.c.advisor_id.label("person"), customer.c.store_id, sa.null().label("since")).select_from(
            order.join(customer, customer.c.id == order.c.customer_id)).where(
            files.is_call(order.c), customer.c.deleted_at.is_(None), self._of(customer.c.advisor_id)).subquery()
        self._standing(there, name, length, since=False)

    def _standing(self, there: Any, name: str, length: int, since: bool = True) -> None:
        """files.standing() in SQL: a contact stands from its day, or from the end of the one before it."""
        plus = lambda day: self._later(day, length + 1)  # noqa: E731
        before = sa.func.lag(there.c.day).over(partition_by=there.c.customer_id, order_by=there.c.day)
        one = sa.select(there, before.label("before")).subquery()
        begins = sa.case((one.c.before.is_(None), one.c.day), else_=self._latest(one.c.day, plus(one.c.before)))
        if since:
            begins = self._latest(begins, one.c.since)
        spans = sa.select(one.c.person, one.c.store_id, begins.label("begins"), plus(one.c.day).label("over")).where(
            sa.or_(one.c.before.is_(None), one.c.before != one.c.day)).cte("spans")
        steps = sa.union_all(*[
            sa.select(spans.c.person, column.label("day"), spans.c.store_id, sa.literal_column(step).label("step"))
            .where(spans.c.begins < spans.c.over)
            for column, step in ((spans.c.begins, "1"), (spans.c.over, "-1"))]).subquery()
        self._add(sa.select(steps.c.person, steps.c.day, steps.c.store_id, sa.func.sum(steps.c.step)).group_by(
            steps.c.person, steps.c.day, steps.c.store_id), [name])

    def _later(self, day: Any, number: int) -> Any:
        if self.days.dialect == "postgresql":
            return sa.cast(day + number, sa.Date)
        return sa.func.date(day, f"{number:+d} days")

    def _latest(self, first: Any, second: Any) -> Any:
        latest = sa.func.greatest if self.days.dialect == "postgresql" else sa.func.max
        return latest(first, second)


def _day(value: Any) -> dt.date | None:
    return dt.date.fromisoformat(value) if isinstance(value, str) else value


assert {part.table for part in PARTS} <= set(BY_TABLE)
