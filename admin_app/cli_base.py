"""What all commands share: who acts on the command line, and a failure that is a sentence."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from typing import IO, Any

import click
import sqlalchemy as sa
from flask.cli import with_appcontext
from flask_babel import gettext as _

from admin_app import access
from admin_app.database import db
from admin_app.errors import RuleError
from admin_app.models import Role, Store, User


class Sentence(click.ClickException):
    """A failure the person at the terminal can do something about: the sentence on stderr, exit status 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(self.format_message(), err=True)


def speak_sentences(commands: Iterable[click.Command]) -> None:
    """Let every command, and those of its groups, act as the command line and fail with a sentence."""
    for command in commands:
        if isinstance(command, click.Group):
            speak_sentences(command.commands.values())
        elif command.callback is not None:
            command.callback = _speaking(command.callback)


def _speaking(function: Callable[..., Any]) -> Callable[..., Any]:
    @with_appcontext
    @wraps(function)
    def run(*given: Any, **named: Any) -> Any:
        before = access.actor_of(db.session)
        access.set_actor(db.session, command_line())
        mask = os.umask(0o077)  # databases, backups and lists of passwords are for their owner alone
        try:
            return function(*given, **named)
        except RuleError as error:
            raise Sentence(str(error.message)) from error
        except sa.exc.OperationalError as error:
            raise Sentence(_("The database does not answer: %(reason)s", reason=error.orig)) from error
        finally:
            db.session.rollback()  # what was not committed is not meant to stay, and the database is free again
            access.set_actor(db.session, before)
            os.umask(mask)

    return run


def command_line() -> access.Actor:
    """Whoever has a shell on this machine acts for the system; the audit names the system's user."""
    context = click.get_current_context(silent=True)
    try:
        who = getpass.getuser()
    except (KeyError, OSError):  # a container without a user name
        who = "?"
    return access.Actor(name=f"{who} (command line)", system="command line", store_ids=None,
                        road=context.command_path if context else "command line")


# ---------------------------------------------------------------- what commands are told


def store_of(code: str | None) -> Store:
    """The store with this code; without a code the only store. RuleError where that names none."""
    stores = list(db.session.scalars(sa.select(Store).order_by(Store.code)))
    if code:
        found = [store for store in stores if store.code == code]
        if not found:
            raise RuleError(_("There is no store with the code %(code)s. Stores: %(codes)s.", code=code,
                              codes=", ".join(store.code for store in stores)))
        return found[0]
    if len(stores) != 1:
        raise RuleError(_("There are %(count)s stores; say which one with --store: %(codes)s.", count=len(stores),
                          codes=", ".join(store.code for store in stores)))
    return stores[0]


def role_of(text: str) -> Role | None:
    """The role with this code or name; None where there is none."""
    wanted = text.strip()
    return db.session.scalars(sa.select(Role).where(sa.or_(Role.code == wanted, Role.name == wanted))).first()


def known_role(text: str) -> Role:
    """The role with this code or name. RuleError naming those that there are."""
    role = role_of(text)
    if role is None:
        codes = ", ".join(db.session.scalars(sa.select(Role.code).order_by(Role.id)))
        raise RuleError(_("There is no role %(role)s. Roles: %(codes)s.", role=text, codes=codes))
    return role


def find_user(username: str) -> User | None:
    """The account with this user name, also one in the recycle bin; capital letters make no difference."""
    return db.session.scalars(access.ungated(
        sa.select(User).where(sa.func.lower(User.username) == username.strip().lower()))).first()


def read_password() -> str:
    """One line of standard input. RuleError where there is none."""
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise RuleError(_("No password came in on standard input."))
    return line
