"""Passwords: argon2, the rules for a new one, and the lock after too many failures."""

from __future__ import annotations

import datetime as dt
import secrets
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import gettext as _

from admin_app.errors import RuleError
from admin_app.models import SignInFailure, User

DEMO_PASSWORD = "caredesk-demo"
SHORTEST = 10
# After this many failures for one name within the window the name is locked for the rest of it (default).
MOST_FAILURES = 5
# An address gets more, since a whole store may stand behind one.
MOST_FAILURES_ADDRESS = 50
WINDOW = dt.timedelta(minutes=15)
COMMON = {"1234567890", "password123", "qwertyuiop", "1111111111", "0123456789", "password1234", "aa12345678",
          "a123456789", "woaini1314", "qwerty123456", "123456789a", "admin12345", "iloveyou123"}


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@lru_cache(maxsize=1)
def _nobody() -> str:
    """A hash that no password opens: an unknown name takes the time of a known one."""
    return _hasher().hash(secrets.token_urlsafe(16))


def hash_password(password: str) -> str:
    """The stored form of a password."""
    return _hasher().hash(password)


def set_password(user: User, password: str, *, demo: bool = False) -> None:
    """Give a person a new password. RuleError at field "password" where it is too weak.

    The demo's password is taken for a demo only.
    """
    if not demo:
        check_strength(user, password)
    user.password_hash = hash_password(password)


def check_strength(user: User, password: str) -> None:
    """Long enough, not a usual one, not the person's own name. RuleError at field "password"."""
    plain = password.lower()
    if len(password) < SHORTEST:
        raise RuleError(_("The password needs at least %(count)s characters.", count=SHORTEST), "password")
    if len(password) > 200:
        raise RuleError(_("The password is too long."), "password")
    if plain in COMMON or plain == DEMO_PASSWORD or len(set(plain)) < 4:
        raise RuleError(_("This password is too easy to guess."), "password")
    if user.username and user.username.lower() in plain and len(user.username) > 3:
        raise RuleError(_("The password must not contain the user name."), "password")


def right_password(user: User | None, password: str) -> bool:
    """Whether the password is the person's; takes the same time for nobody (None)."""
    stored = user.password_hash if user is not None and user.password_hash else _nobody()
    try:
        good = _hasher().verify(stored, password[:200])
    except (VerificationError, InvalidHashError):
        return False
    if good and user is not None and user.password_hash and _hasher().check_needs_rehash(user.password_hash):
        return True
    return bool(good and user is not None)


def random_password() -> str:
    """A password to hand over once, without letters that look alike."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _n in range(4)) for _group in range(3))


def failed(session: Any, username: str, address: str, now: dt.datetime) -> None:
    """Count a failed sign-in."""
    session.add(SignInFailure(at=now, username=username.lower()[:60], address=address[:64]))


def forget_failures(session: Any, username: str) -> None:
    """A right password clears the count of its name."""
    table = SignInFailure.__table__
    session.execute(sa.delete(table).where(table.c.username == username.lower()[:60]))


def failures(session: Any, username: str, address: str, now: dt.datetime) -> tuple[int, int]:
    """Failed sign-ins within the window: for the name, and from the address."""
    table = SignInFailure.__table__
    since = table.c.at > now - WINDOW

    def count(*where: Any) -> int:
        return session.execute(sa.select(sa.func.count()).select_from(table).where(since, *where)).scalar_one()

    return count(table.c.username == username.lower()[:60]), count(table.c.address == address[:64])


def is_locked(session: Any, username: str, address: str, now: dt.datetime) -> bool:
    """Whether this name, or this address, has failed too often within the window."""
    by_name, by_address = failures(session, username, address, now)
    return by_name >= MOST_FAILURES or by_address >= MOST_FAILURES_ADDRESS
