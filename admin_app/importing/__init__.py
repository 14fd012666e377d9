"""Importing ledgers: customers, vehicles, contacts, visits, complaints, repair orders and campaigns' members.

report.py         what an import did
headers.py        under which headers ledgers bring a field
values.py         cells to column values, one reader a kind of field
context.py        the store, the clock, the people, and who is importing
writer.py         bulk writing with audit entries of its own
customers.py …    one file a kind: how a row is known again, what it becomes
rejects.py        the file of rejected rows
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from admin_app.access import actor_of
from admin_app.choices import KnownRows
from admin_app.errors import RuleError
from admin_app.importing.campaign_members import CampaignMembers
from admin_app.importing.complaints import Complaints
from admin_app.importing.contacts import Contacts
from admin_app.importing.context import BATCH, Context, Trace, check_rights
from admin_app.importing.customers import Customers
from admin_app.importing.headers import names_for
from admin_app.importing.rejects import write_rejections
from admin_app.importing.repair_orders import RepairOrders
from admin_app.importing.report import ImportReport, Journal, Rejection, Remark
from admin_app.importing.vehicles import Vehicles
from admin_app.importing.visits import Visits
from admin_app.ledgers import Plan, Row, open_ledger
from admin_app.ledgers.files import Source
from admin_app.models import Store

__all__ = ["IMPORTERS", "How", "ImportReport", "Rejection", "Remark", "import_file", "write_rejections"]

IMPORTERS: dict[str, Any] = {
    "customers": Customers,
    "vehicles": Vehicles,
    "contacts": Contacts,
    "visits": Visits,
    "complaints": Complaints,
    "repair-orders": RepairOrders,
    "campaign-members": CampaignMembers,
}
TABLES = {
    "customers": "customer",
    "vehicles": "vehicle",
    "contacts": "contact",
    "visits": "visit",
    "complaints": "complaint",
    "repair-orders": "repair_order",
    "campaign-members": "campaign_member",
}


@dataclass(frozen=True)
class How:
    """How a file is imported; by itself everything is found out and what is on file is filled up.

    plan: how it is read. known: what happens to records on file. values: what its words mean (context.py).
    journal: keeps what became of each row. trace: keeps what undoing needs. progress: told the rows done, now and then.
    """

    plan: Plan = field(default_factory=Plan)
    known: KnownRows = KnownRows.FILL
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    journal: Journal | None = None
    trace: Trace | None = None
    progress: Callable[[int], None] | None = None


def import_file(
    session: Any, kind: str, source: Source, *, store: Any, now: dt.datetime, dry_run: bool = False, how: How = How()
) -> ImportReport:
    """Read a ledger into a store. `source` is a path or a stream of bytes; `store` a Store; `now` aware.

    All of it or nothing: it writes in the running transaction, the caller commits, and a failure rolls it back.
    A dry run writes nothing. Running it again creates and updates nothing. Raises RuleError for a file that cannot
    be read, Refused for a person who may not import.
    """
    if kind not in IMPORTERS:
        raise RuleError(_("There is no import of this kind: %(kind)s.", kind=kind))
    team_ids = check_rights(session, TABLES[kind], store.id)
    report = ImportReport(kind, dry_run, journal=how.journal)
    session.flush()
    if dry_run:
        return _run(_context(session, report, store.id, now, source, team_ids, how), source, how)
    try:
        _one_at_a_time(session, store.id)
        return _run(_context(session, report, store.id, now, source, team_ids, how), source, how)
    except BaseException:
        session.rollback()  # a savepoint would keep a copy of every page in memory
        raise


def _one_at_a_time(session: Any, store_id: int) -> None:
    """Two imports into one store follow each other; a customer in both is made once (SQLite writes one at a time)."""
    table, connection = Store.__table__, session.connection()
    connection.execute(sa.select(table.c.id).where(table.c.id == store_id).with_for_update(key_share=True))
    if (
        connection.dialect.name == "postgresql"
    ):  # it may know nothing yet of what the import before has brought
        connection.execute(sa.text("ANALYZE customer, vehicle"))


def _context(
    session: Any, report: ImportReport, store_id: int, now: dt.datetime, source: Source, team_ids: Any, how: How
) -> Context:
    actor = actor_of(session)
    name = getattr(source, "filename", None) or getattr(source, "name", None)
    path = source if isinstance(source, str | PathLike) else name if isinstance(name, str) else ""
    shown = Path(path).name
    return Context(
        session,
        report,
        store_id,
        now,
        report.dry_run,
        shown[:100],
        team_ids=team_ids,
        actor_id=actor.user_id if actor else None,
        known=how.known,
        values=how.values,
        trace=how.trace,
    )


def _run(context: Context, source: Source, how: How) -> ImportReport:
    report = context.report
    importer_class = IMPORTERS[report.kind]
    wanted = importer_class.required
    with open_ledger(source, names_for(report.kind), required=wanted, plan=how.plan) as ledger:
        report.titles = tuple(title for title in ledger.header.titles if title)
        report.columns = dict(ledger.fields)
        report.unknown_columns = ledger.header.unknown
        importer = importer_class(context, list(ledger.fields))
        for rows in _batches(ledger.rows()):
            importer.take(rows)
            if how.progress is not None:
                how.progress(report.read)
        importer.finish()
    return report


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
