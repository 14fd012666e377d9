"""Commands for accounts: `user add`, `user reset-password`, `staff import`."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

import click
from flask import Flask
from flask_babel import gettext as _

from admin_app import passwords
from admin_app.cli_base import find_user, known_role, read_password, store_of
from admin_app.database import db
from admin_app.errors import RuleError
from admin_app.models import User


def register(app: Flask) -> None:
    """Add the groups `user` and `staff`."""
    app.cli.add_command(user)
    app.cli.add_command(staff)


@click.group()
def user() -> None:
    """Accounts of people who sign in."""


@user.command("add")
@click.argument("name")
@click.option("--role", required=True, help="Code or name of the role, such as administrator.")
@click.option("--store", "code", help="Code of the store; may be left out where there is one store.")
@click.option("--full-name", help="The person's name; the user name where it is left out.")
@click.option("--team", help="Name of the team; made where the store has none of that name.")
@click.option("--group", is_flag=True, help="A group role: sees all stores.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else one is made.")
def add(name: str, role: str, code: str | None, full_name: str | None, team: str | None, group: bool,
        password_stdin: bool) -> None:
    """Make an account with the user name NAME."""
    from admin_app.staff_list import lead_teams, team_of

    person = new_account(name, full_name or name, role, code, group)
    if password_stdin:
        passwords.set_password(person, read_password())
    made = None if password_stdin else hand_out_password(person)
    if team:
        person.team_id = team_of(team, store_of(code), known_role(role)).id
    db.session.add(person)
    db.session.flush()
    lead_teams({person.store_id})
    db.session.commit()
    click.echo(_("The account %(name)s is there.", name=person.username))
    if made:
        click.echo(_("First password, shown once: %(password)s", password=made))


def new_account(name: str, full_name: str, role: str, code: str | None, group: bool) -> User:
    """An account that is not saved yet. RuleError where the name is taken or not fit, or role or store unknown."""
    username = check_username(name)
    return User(username=username, name=full_name.strip(), role_id=known_role(role).id, store_id=store_of(code).id,
                group_wide=group)


def check_username(name: str) -> str:
    """The user name without blanks around it. RuleError where it cannot be one or is taken."""
    username = name.strip()
    if not username or len(username) > 60 or any(sign.isspace() or not sign.isprintable() for sign in username):
        raise RuleError(_("A user name has 1 to 60 characters and no blanks."), "username")
    taken = find_user(username)
    if taken is not None:
        raise RuleError(_("The user name %(name)s is taken.", name=taken.username), "username")
    return username


def hand_out_password(person: User) -> str:
    """A first password for somebody else, to be changed at the first sign-in."""
    password = passwords.random_password()
    passwords.set_password(person, password)
    person.must_change_password = True
    return password


@user.command("reset-password")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input; else one is made.")
def reset_password(name: str, password_stdin: bool) -> None:
    """Give the account NAME a new password; the person must change it, and is signed out everywhere."""
    person = find_user(name)
    if person is None or person.deleted_at is not None:
        raise RuleError(_("There is no account %(name)s.", name=name))
    if password_stdin:
        passwords.set_password(person, read_password())
        person.must_change_password = True
        made = None
    else:
        made = hand_out_password(person)
    passwords.forget_failures(db.session, person.username)
    db.session.commit()
    click.echo(_("The password of %(name)s is changed.", name=person.username))
    if made:
        click.echo(_("New password, shown once: %(password)s", password=made))


@click.group()
def staff() -> None:
    """The list of people who work here."""


@staff.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--store", "code", help="Code of the store for rows that name none.")
@click.option("--passwords", "target", type=click.Path(path_type=Path),
              help="File for the first passwords (readable by you only); else they are printed.")
def import_staff(file: Path, code: str | None, target: Path | None) -> None:
    """Make the accounts of a staff list (XLSX or CSV): name, user name, role, team, store, mobile, e-mail.

    All rows or none. Accounts that are there already stay as they are. Prints one JSON line.
    """
    from admin_app.staff_list import lead_teams, read_staff

    if target is not None and target.exists():
        raise RuleError(_("The file %(file)s exists already; passwords are not written over it.", file=target))
    listed = read_staff(file, code)
    for person in listed.new:
        db.session.add(person)
    made = [(person.username, person.name, hand_out_password(person)) for person in listed.new]
    db.session.flush()
    lead_teams({person.store_id for person in listed.new})
    if made and target is not None:
        _write_passwords(target, made)
    db.session.commit()
    click.echo(json.dumps({"read": listed.read, "created": len(made), "unchanged": listed.read - len(made),
                           "teams": listed.teams}, ensure_ascii=False))
    if made and target is None:
        click.echo(_as_csv(made).rstrip())


def _as_csv(made: list[tuple[str, str, str]]) -> str:
    sheet = io.StringIO()
    writer = csv.writer(sheet, lineterminator="\n")
    writer.writerow([_("User name"), _("Name"), _("First password")])
    writer.writerows(made)
    return sheet.getvalue()


def _write_passwords(target: Path, made: list[tuple[str, str, str]]) -> None:
    """A new file that only its owner reads."""
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise RuleError(_("The file %(file)s cannot be written: %(reason)s", file=target,
                          reason=error.strerror)) from error
    with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
        file.write(_as_csv(made))
