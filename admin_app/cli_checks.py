"""Commands that look whether all is well: `check` and `audit verify`."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import click
import sqlalchemy as sa
from flask import Flask, current_app
from flask_babel import gettext as _

from admin_app import anchors, audit, customer_blocks, database, due_index, search_index
from admin_app.cli_base import Sentence
from admin_app.database import db
from admin_app.errors import RuleError
from admin_app.rules.scores.rollup import rebuilding

# Below so many free bytes a backup and a day's work may not fit any more (default).
LEAST_FREE = 500 * 1024 * 1024
# So many people's roll-ups are compared with their records; the job `scores` compares everybody's.
LOOKED_AT = 5


def register(app: Flask) -> None:
    """Add `check` and the group `audit`."""
    app.cli.add_command(check)
    app.cli.add_command(audit_group)


@click.command()
def check() -> None:
    """Look at the database, its migrations, the audit chain, SQLite, the disk, the keys and the selects."""
    faults = []
    for name, look in CHECKS.items():
        try:
            click.echo(f"ok    {name}: {look()}")
        except RuleError as error:
            faults.append(str(error.message))
            click.echo(f"FAULT {name}: {error.message}", err=True)
    if faults:
        raise Sentence(_("%(count)s of %(all)s checks failed.", count=len(faults), all=len(CHECKS)))


def database_answers() -> str:
    """The database and its version."""
    connection = db.session.connection()
    version = ".".join(str(part) for part in connection.dialect.server_version_info or ())
    return f"{connection.dialect.name} {version}"


def migrations_current() -> str:
    """The revision, where it is the newest one."""
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    folder = Path(current_app.extensions["migrate"].directory)
    wanted = ScriptDirectory(str(folder)).get_current_head()
    found = MigrationContext.configure(db.session.connection()).get_current_revision()
    if found != wanted:
        raise RuleError(_("The schema is at %(found)s, the program needs %(wanted)s. Run: flask --app wsgi db upgrade",
                          found=found or "–", wanted=wanted))
    return str(found)


def audit_chain() -> str:
    """How many entries the chain has, where it is whole."""
    faults = chain_faults()
    if faults:
        raise RuleError("; ".join(faults[:5]))
    return _("%(count)s entries, none changed", count=chain_length())


def search_whole() -> str:
    """Whether the search index agrees with the customers: its triggers, and a sample of the oldest and newest."""
    connection = db.session.connection()
    missing = search_index.triggers_missing(connection)
    if missing:
        raise RuleError(_("The search index is not kept any more (%(names)s). Run: flask --app wsgi rebuild",
                          names=", ".join(missing)))
    wrong = search_index.wrong(connection)
    if wrong:
        raise RuleError(_("The search index does not agree with %(count)s customers, such as #%(id)s. "
                          "Run: flask --app wsgi rebuild", count=len(wrong), id=wrong[0]))
    if not search_index.has_trigrams(connection):
        return _("whole; without the extension pg_trgm pieces of phones, plates and VINs are found slowly")
    return _("whole")


def due_whole() -> str:
    """Whether the index of what is due agrees with the tasks: its triggers, and a sample of the newest."""
    connection = db.session.connection()
    missing = due_index.triggers_missing(connection)
    if missing:
        raise RuleError(_("The index of what is due is not kept any more (%(names)s). Run: flask --app wsgi rebuild",
                          names=", ".join(missing)))
    wrong = due_index.wrong(connection)
    if wrong:
        raise RuleError(_("The index of what is due does not agree with %(count)s tasks. "
                          "Run: flask --app wsgi rebuild", count=wrong))
    return _("whole")


def blocks_whole() -> str:
    """Whether the numbers of customers by block are those of the customers, and their triggers are there."""
    connection = db.session.connection()
    missing = customer_blocks.triggers_missing(connection)
    if missing:
        raise RuleError(_("The numbers of customers by block are not kept any more (%(names)s). "
                          "Run: flask --app wsgi rebuild", names=", ".join(missing)))
    wrong = customer_blocks.wrong(connection)
    if wrong:
        raise RuleError(_("%(count)s numbers of customers by block are not right. Run: flask --app wsgi rebuild",
                          count=wrong))
    return _("whole")


def sqlite_version() -> str:
    """The SQLite in this process, where it has no known fault."""
    if db.session.connection().dialect.name != "sqlite":
        return _("not used")
    warning = database.sqlite_warning()
    if warning:
        raise RuleError(warning)
    return str(database.sqlite_module.sqlite_version)


def integrity() -> str:
    """Whether SQLite finds its file whole; PostgreSQL checks its own pages."""
    connection = db.session.connection()
    if connection.dialect.name != "sqlite":
        return _("not used")
    said = connection.exec_driver_sql("PRAGMA quick_check(5)").scalars().all()
    if list(said) != ["ok"]:
        raise RuleError("; ".join(str(one) for one in said))
    return "ok"


def disk() -> str:
    """Free space where the database and the backups lie."""
    free = shutil.disk_usage(current_app.config["CAREDESK_INSTANCE"]).free
    if free < LEAST_FREE:
        raise RuleError(_("Only %(free)s MB are free on the disk.", free=free // 1024**2))
    return _("%(free)s GB free", free=round(free / 1024**3, 1))


def score_rollups() -> str:
    """Whether the roll-ups of some people, drawn by lot, say what the records say."""
    connection = db.session.connection()
    if not rebuilding.is_built(connection):
        raise RuleError(_("The roll-ups of the scores were never worked out. Run: flask --app wsgi jobs run scores"))
    everybody = [person for people in rebuilding.people_in_pieces(connection) for person in people]
    some = random.sample(everybody, min(LOOKED_AT, len(everybody)))
    with rebuilding.snapshot(db.session) as there:
        different = len(rebuilding.differences(there, some))
    if different:
        raise RuleError(_("The roll-ups of the scores differ from the records in %(count)s rows. "
                          "Run: flask --app wsgi jobs run scores", count=different))
    return _("those of %(count)s people looked at are right", count=len(some))


def keys() -> str:
    """Whether the keys are private, and the encryption key opens what it has closed."""
    token = database.cipher().encrypt(b"caredesk")
    if database.cipher().decrypt(token) != b"caredesk":
        raise RuleError(_("The encryption key does not work."))
    folder = Path(current_app.config["CAREDESK_INSTANCE"])
    open_to_all = [path.name for path in folder.glob("*.key") if path.stat().st_mode & 0o077]
    if open_to_all and os.name == "posix":
        raise RuleError(_("Other people of this machine can read %(files)s.", files=", ".join(open_to_all)))
    return _("private")


def small_selects() -> str:
    """Whether no select offers what grows, and those over small tables have few options."""
    from admin_app.desk import selects

    selects.check_at_start(current_app)
    return selects.sizes()


CHECKS: dict[str, Callable[[], str]] = {
    "database": database_answers, "migrations": migrations_current, "integrity": integrity,
    "audit": audit_chain, "search": search_whole, "due index": due_whole, "customer blocks": blocks_whole,
    "score roll-ups": score_rollups, "SQLite": sqlite_version, "disk": disk, "keys": keys, "selects": small_selects,
}


# ---------------------------------------------------------------- the audit chain


@click.group("audit")
def audit_group() -> None:
    """Who changed what."""


@audit_group.command()
def verify() -> None:
    """Walk the audit chain: no entry changed, missing, swapped or cut off."""
    faults = chain_faults()
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        raise Sentence(_("The audit chain is broken."))
    click.echo(_("%(count)s entries, none changed", count=chain_length()))


def chain_faults() -> list[str]:
    """A sentence for each fault of the audit chain, also against the anchors kept outside the database."""
    return audit.verify(db.session.connection(), anchors.kept())


def chain_length() -> int:
    """How many entries the chain has."""
    table = audit.AuditHead.__table__
    return int(db.session.connection().execute(sa.select(table.c.count)).scalar() or 0)
