"""Commands for the beginning: `init`, and `start-store`, the way from the demo to a store of one's own."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click
import sqlalchemy as sa
from flask import Flask, current_app
from flask_babel import gettext as _

from admin_app import access, anchors, clock, database, passwords, starting
from admin_app.cli_base import known_role, read_password
from admin_app.cli_people import check_username, hand_out_password
from admin_app.database import db
from admin_app.errors import RuleError
from admin_app.models import Store, User


def register(app: Flask) -> None:
    """Add `init` and `start-store`."""
    app.cli.add_command(init)
    app.cli.add_command(start_store)


@click.command()
@click.option("--demo", is_flag=True, help="Make the demo store.")
@click.option("--empty", is_flag=True, help="Make roles, rules and one store, no people.")
def init(demo: bool, empty: bool) -> None:
    """Bring the schema up to date, and fill a database that has no store yet.

    Without an option the setting CAREDESK_DEMO decides: 1 makes the demo store, anything else an empty one.
    """
    if demo and empty:
        raise RuleError(_("Choose one of --demo and --empty."))
    starting.upgrade_schema()
    if has_store():
        if demo:
            raise RuleError(_("This database has a store already; it never gets the demo."))
        starting.seed(db.session)
        db.session.commit()
        click.echo(_("This database was initialised before; roles and rules are complete."))
        return
    starting.initialise(db.session, demo=demo or (not empty and str(current_app.config["CAREDESK_DEMO"]) == "1"))
    db.session.commit()
    for line in starting.sign_ins(db.session):
        click.echo(line)


@click.command("start-store")
@click.option("--name", required=True, help="Name of the store.")
@click.option("--code", required=True, help="Short code of the store, such as S1.")
@click.option("--admin", required=True, help="User name of the first administrator.")
@click.option("--admin-name", help="The administrator's name; the user name where it is left out.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else one is made.")
def start_store(name: str, code: str, admin: str, admin_name: str | None, password_stdin: bool) -> None:
    """Leave the demo: an empty store with its first administrator.

    The demo's database is moved aside, not deleted. Refused where the database holds anything that is no demo.
    End CareDesk before.
    """
    person = User(username=admin.strip(), name=(admin_name or admin).strip())
    given = read_password() if password_stdin else None
    if given is not None:
        passwords.check_strength(person, given)
    code, name = code.strip(), name.strip()
    if not (code and name and person.username) or len(code) > 20 or len(name) > 80:
        raise RuleError(_("Name, code (20 characters at most) and administrator must be given."))
    aside = _clear_the_place()
    starting.upgrade_schema()
    starting.seed(db.session)
    store = _the_store(code, name)
    person.username = check_username(person.username)
    person.role_id, person.store_id, person.group_wide = known_role("administrator").id, store.id, True
    if given is not None:
        passwords.set_password(person, given)
    made = None if given is not None else hand_out_password(person)
    db.session.add(person)
    db.session.commit()
    current_app.extensions.pop("caredesk_is_demo", None)
    if aside:
        click.echo(_("The demo now lies in %(file)s.", file=aside))
    click.echo(_("The store %(name)s is there; its administrator is %(admin)s.", name=name, admin=person.username))
    if made:
        click.echo(_("First password, shown once: %(password)s", password=made))


def has_store() -> bool:
    """Whether any store is there, in a database that has its tables."""
    return db.session.scalars(access.ungated(sa.select(Store.id).limit(1))).first() is not None


def _the_store(code: str, name: str) -> Store:
    """The one empty store under its new name, or a new one."""
    store = db.session.scalars(sa.select(Store)).first()
    if store is None:
        return starting.new_store(db.session, code, name)
    store.code, store.name = code, name
    db.session.flush()
    return store


# ---------------------------------------------------------------- leaving the demo


def _clear_the_place() -> Path | None:
    """Move a demo aside and say where it lies; None where there was nothing to move. RuleError for a real store."""
    if not starting.has_tables() or not has_store():
        db.session.close()
        return None
    if starting.has_real_data(db.session):
        raise RuleError(_("This database holds a real store; nothing was changed. Add a store of the group in the "
                          "browser under Settings, or point CAREDESK_DATABASE_URL at a new database."))
    if not starting.is_demo(db.session):
        db.session.rollback()
        return None
    if db.engine.dialect.name != "sqlite":
        raise RuleError(_("This database is a demo. Make a new, empty database on the server, point "
                          "CAREDESK_DATABASE_URL at it, and run this command again; the demo stays where it is."))
    return _move_sqlite_aside(clock.local(clock.utcnow()))


def _move_sqlite_aside(now: dt.datetime) -> Path:
    """Rename the demo's file, and its anchors. RuleError while another program has it open."""
    file = Path(str(db.engine.url.database))
    db.session.close()
    db.engine.dispose()
    connection = database.sqlite_module.connect(str(file), timeout=2)
    try:  # leaving WAL needs the file for oneself, and folds the log into it
        connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    except database.sqlite_module.OperationalError as error:
        raise RuleError(_("CareDesk is still running. End it (Ctrl-C), then run this command again.")) from error
    finally:
        connection.close()
    aside = file.with_name(f"{file.stem}-demo-{now:%Y%m%d-%H%M%S}{file.suffix}")
    file.rename(aside)
    if anchors.path().is_file():
        anchors.path().rename(aside.with_suffix(".anchors.jsonl"))
    return aside
