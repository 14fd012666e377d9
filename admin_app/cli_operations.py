"""Commands for the person who runs the desk: jobs, backup, restore, and the move to another database."""

from __future__ import annotations

import datetime as dt
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from flask import Flask, current_app
from flask_babel import gettext as _

from admin_app import backup as vaults
from admin_app import derived, jobs, loading, serving, tables
from admin_app.database import db, driver_url, engine_options, prepare_engine
from admin_app.errors import RuleError

TELL_EVERY = 3  # seconds between two words on how far it is


def register(app: Flask) -> None:
    """Add `jobs`, `backup`, `restore`, `move-to` and `rebuild`."""
    for command in (jobs_group, backup, restore, move_to, rebuild):
        app.cli.add_command(command)


@click.group("jobs")
def jobs_group() -> None:
    """What the desk does by itself."""


@jobs_group.command("list")
def list_jobs() -> None:
    """Each job, what it does, when it ran last and what came of it."""
    for state in jobs.states():
        last = state["last"]
        when = last["finished_at"].isoformat(timespec="minutes") if last and last["finished_at"] else "–"
        click.echo(f"{state['name']}\t{state['help']}\t{when}\t{(last or {}).get('result') or '–'}")


@jobs_group.command("run")
@click.argument("name")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Run as of the morning of this day.")
def run_job(name: str, as_of: dt.datetime | None) -> None:
    """Run one job now. Running it twice does nothing twice."""
    said = jobs.run(name, as_of.date() if as_of else None)
    click.echo(_("Another process runs %(name)s.", name=name) if said is None else f"{name}: {said}")


@jobs_group.command("serve")
def serve_jobs() -> None:
    """Follow the schedule until SIGTERM or Ctrl-C: once beside gunicorn, or on several machines, each run once."""
    app, ended = current_app._get_current_object(), threading.Event()  # type: ignore[attr-defined]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    scheduler = jobs.start_scheduler(app)
    db.session.remove()
    click.echo(_("Following the schedule. Ctrl-C ends it."))
    while not ended.wait(1):  # a wait without an end is not woken by signals on Windows
        pass
    serving.hurry()
    scheduler.shutdown(wait=True)
    jobs.let_go()


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write an encrypted backup of everything as of now; people may go on working."""
    manifest = vaults.create(file)
    rows = sum(part["rows"] for part in manifest["tables"].values())
    click.echo(_("%(rows)s rows in %(count)s tables, checked: %(file)s", rows=rows, count=len(manifest["tables"]),
                 file=file.name))


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Check a backup and load it into an empty database; all of it or nothing."""
    vaults.check(file)
    upgrade()
    manifest = vaults.restore(file, told)
    rows = sum(part["rows"] for part in manifest["tables"].values())
    click.echo(_("%(rows)s rows restored; counts and checksums are those of the backup.", rows=rows))


def upgrade() -> None:
    """Bring the schema of the configured database to this program's."""
    import flask_migrate

    db.session.remove()
    flask_migrate.upgrade()


@click.command()
def rebuild() -> None:
    """Work out anew what is derived from the records, such as the search index. People may go on reading."""
    with db.engine.begin() as connection, derived.loading(connection):
        pass
    click.echo(_("Worked out anew: %(names)s", names=", ".join(derived.REBUILDING)))


@click.command("move-to")
@click.argument("url")
def move_to(url: str) -> None:
    """Copy everything into another, empty database, and compare counts and checksums. Stop the desk first."""
    target = _target_engine(url)
    with vaults.alone() as source:
        _make_schema(url)
        with target.begin() as there:
            _copy_all(source, there)
    target.dispose()
    click.echo(_("Moved. Counts and checksums are equal. Set CAREDESK_DATABASE_URL to the new address."))


def _copy_all(source: sa.Connection, there: sa.Connection) -> None:
    """Every table, read once; RuleError where the target holds rows or then differs from what was read."""
    if not tables.is_empty(there):
        raise RuleError(_("The target database is not empty. Nothing was copied."))
    read: dict[str, dict[str, Any]] = {}
    with loading.into(there):
        for table in tables.in_order():
            passing = tables.Sum()
            count = loading.load(there, table, told(table.name, passing.over(tables.lines(source, table))),
                                 [column.name for column in table.columns])
            read[table.name] = passing.result
            click.echo(f"{table.name}\t{count}")
        click.echo(_("Indexes …"), err=True)
    click.echo(_("Comparing …"), err=True)
    if read != tables.sums(there):
        raise RuleError(_("The copy differs from the original. Nothing was kept."))


def told(name: str, source: Iterable[str]) -> Iterator[str]:
    """The same lines; every few seconds stderr says how far they are."""
    last = time.monotonic()
    for count, line in enumerate(source, 1):
        if count % 1_000 == 0 and time.monotonic() - last > TELL_EVERY:
            last = time.monotonic()
            click.echo(f"{name} {count:,}", err=True)
        yield line


def _target_engine(url: str) -> sa.Engine:
    try:
        if sa.make_url(driver_url(url)) == sa.make_url(current_app.config["SQLALCHEMY_DATABASE_URI"]):
            raise RuleError(_("This is the database that is in use."))
        target = sa.create_engine(driver_url(url), **engine_options(driver_url(url)))
        prepare_engine(target)
        with target.connect():
            return target
    except (sa.exc.ArgumentError, sa.exc.OperationalError, sa.exc.NoSuchModuleError) as error:
        raise RuleError(_("The target database cannot be opened: %(why)s", why=str(error).splitlines()[0])) from error


def _make_schema(url: str) -> None:
    """Run the migrations on the target, in an application of its own."""
    import flask_migrate

    from admin_app import create_app

    given = {name: current_app.config[name] for name in (
        "CAREDESK_INSTANCE", "CAREDESK_SECRET_KEY", "CAREDESK_ENCRYPTION_KEY", "CAREDESK_TIMEZONE")}
    other = create_app(given | {"CAREDESK_DATABASE_URL": url})
    with other.app_context():
        flask_migrate.upgrade()
        db.session.remove()
        db.engine.dispose()
