"""Commands for the person who runs the desk: jobs, backup, restore, and the move to another database."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click
import sqlalchemy as sa
from flask import Flask, current_app
from flask_babel import gettext as _

from admin_app import backup as vaults
from admin_app import derived, jobs, tables
from admin_app.database import db, driver_url, engine_options, prepare_engine
from admin_app.errors import RuleError


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
    manifest = vaults.restore(file)
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
    _make_schema(url)
    with vaults.snapshot() as source, target.begin() as there:
        if not tables.is_empty(there):
            raise RuleError(_("The target database is not empty. Nothing was copied."))
        if there.dialect.name == "sqlite":
            there.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        with derived.loading(there):
            for table in tables.in_order():
                count = tables.load(there, table, tables.lines(source, table), [c.name for c in table.columns])
                click.echo(f"{table.name}\t{count}")
        tables.after_load(there)
        if tables.sums(source) != tables.sums(there):
            raise RuleError(_("The copy differs from the original. Nothing was kept."))
    target.dispose()
    click.echo(_("Moved. Counts and checksums are equal. Set CAREDESK_DATABASE_URL to the new address."))


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
