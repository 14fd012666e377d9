"""Rows in large numbers, for measuring (`flask demo --customers N`): a million customers in a few minutes.

bulk_people.py   the store, its six teams, two hundred people, a sign-in for every role
bulk_rows.py     customers with their contacts, tasks, promises and gifts
bulk_service.py  cars, repair orders, complaints with their steps, campaigns
bulk_words.py    what names, phones and reports are drawn from
loading.py       the way into the database

Everything comes in one transaction, so that a load that is broken off leaves nothing. The same seed and day make the
same rows on both databases.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import sqlalchemy as sa

from admin_app import access, audit, clock, derived
from admin_app.choices import AuditVerb
from admin_app.models import FollowUpRule
from seeds.demo import bulk_people, bulk_words
from seeds.demo.bulk_rows import DAYS, Pools, Rows, Rule
from seeds.demo.bulk_service import ServiceRows
from seeds.demo.loading import Calendar, Loader

BATCH = 2000
COMPLAINTS = 0.06  # of the customers, where no number is given
GUESTS = 0.06  # of the customers are asked to a campaign


@dataclass(frozen=True)
class Plan:
    """How many rows of each kind; complaints None: six for every hundred customers."""

    customers: int
    visits: int = 0
    complaints: int | None = None
    staff: int = 200
    seed: int = 1

    def upto(self, kind: str, done: int) -> int:
        """How many rows of a kind there are once so many customers are."""
        wanted = {"visits": self.visits, "complaints": self.complaints}[kind]
        return (round(self.customers * COMPLAINTS) if wanted is None else wanted) * done // self.customers


def make(session: Any, plan: Plan, now: dt.datetime) -> Iterator[int]:
    """Add the rows to the running transaction; yields how many customers there are after each batch. No commit."""
    random = Random(plan.seed)
    with access.as_system(session, "demo rows"):
        staff = bulk_people.hire(session, random, plan.staff, now)
        rules = _rules(session)
        session.flush()
    connection = session.connection()
    loader = Loader(connection)
    pools = Pools(bulk_words.names(random, plan.customers), bulk_words.companies(random),
                  bulk_words.situations(random), rules, staff)
    local = clock.local(now)
    calendar = Calendar(local.date(), local.utcoffset() or dt.timedelta(), DAYS + 30, 3 * 366)
    rows = Rows(loader, pools, calendar, random.random, local.hour * 60 + local.minute)
    service = ServiceRows(loader, rows)
    with derived.loading(connection), loader.bare():
        service.plan_campaigns()
        for done in range(0, plan.customers, BATCH):
            upto = min(done + BATCH, plan.customers)
            _batch(plan, rows, service, done, upto)
            loader.flush()
            yield upto
        loader.count_on()
    _record(session, loader)


def _rules(session: Any) -> dict[str, Rule]:
    columns = FollowUpRule.__table__.c
    found = session.execute(access.ungated(sa.select(
        FollowUpRule.code, columns.id, columns.name, columns.channel, columns.purpose, columns.script)))
    return {code: Rule(key, name, str(channel), str(purpose), script)
            for code, key, name, channel, purpose, script in found}


def _batch(plan: Plan, rows: Rows, service: ServiceRows, done: int, upto: int) -> None:
    """So many customers more, with their share of the visits and complaints; some have far more visits than others."""
    chance, count = rows.chance, upto - done
    visits = [0] * count
    for _n in range(plan.upto("visits", upto) - plan.upto("visits", done)):
        visits[int(chance() * (0.2 + 0.8 * chance()) * count)] += 1
    drivers = []
    for number in visits:
        person = rows.one(number)
        if person.stage == "owner":
            drivers.append((person, service.cars(person)))
        if chance() < GUESTS:
            service.invite(person)
    for _n in range(plan.upto("complaints", upto) - plan.upto("complaints", done)):
        if drivers:
            service.complain(*drivers[int(chance() * len(drivers))])


def _record(session: Any, loader: Loader) -> None:
    """One audit entry a table."""
    with access.as_system(session, "demo rows"):
        for table in loader.tables.values():
            if table.count and table.name != "access_log":
                audit.record(session, AuditVerb.BULK, table.name, label=f"{table.name}: {table.count}",
                             changes={"rows": [0, table.count]})
