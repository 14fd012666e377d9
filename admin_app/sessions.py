"""Signed-in browsers: made at sign-in, ended by sign-out and by a change of password, role or activity."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session, attributes

from admin_app import directory
from admin_app.models import AuditHead, Notification, SignIn, User

# A session ends after this time, whatever happens (default).
LONGEST = dt.timedelta(hours=14)
# Changing one of these ends every session of the person (SAFETY).
ENDING = ("password_hash", "role_id", "second_role_id", "store_id", "group_wide", "active", "deleted_at")


def hashed(token: str) -> str:
    """The form in which a session's token lies in the database."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(session: Any, user: User, now: dt.datetime, address: str | None) -> str:
    """Start a session for a person; returns the token that only the browser keeps."""
    token = secrets.token_urlsafe(32)
    session.execute(sa.delete(SignIn.__table__).where(SignIn.__table__.c.expires_at < now))
    session.add(SignIn(token_hash=hashed(token), user_id=user.id, created_at=now, expires_at=now + LONGEST,
                       address=address))
    return token


class Found(NamedTuple):
    """A session that is valid: its key, whether the glass is broken, the stamp of the directory, how many entries the
    audit has, and how many notifications the person has not read."""

    id: int
    break_glass_until: dt.datetime | None
    stamp: directory.Stamp
    entries: int
    unread: int


_sign_in, _note = SignIn.__table__.c, Notification.__table__.c
_FIND = sa.select(_sign_in.id, _sign_in.break_glass_until, *directory.stamp_columns(),
                  sa.select(AuditHead.__table__.c.count).scalar_subquery(),
                  sa.select(sa.func.count()).where(_note.user_id == sa.bindparam("person"),
                                                   _note.read_at.is_(None)).scalar_subquery()).where(
    _sign_in.token_hash == sa.bindparam("token"), _sign_in.user_id == sa.bindparam("person"),
    _sign_in.expires_at > sa.bindparam("now"))


def find(session: Any, user_id: int, token: str, now: dt.datetime) -> Found | None:
    """The session behind a token while it is valid, else None. Whether the person is active says the directory."""
    row = session.connection().execute(_FIND, {"token": hashed(token), "person": user_id, "now": now}).first()
    return Found(row[0], row[1], (row[2], row[3]), row[4] or 0, row[5]) if row is not None else None


def end(session: Any, token: str) -> None:
    """End one session; a token that is not known ends nothing."""
    session.execute(sa.delete(SignIn.__table__).where(SignIn.__table__.c.token_hash == hashed(token)))


def end_all(session: Any, user_id: int) -> None:
    """End every session of a person."""
    session.execute(sa.delete(SignIn.__table__).where(SignIn.__table__.c.user_id == user_id))


@event.listens_for(Session, "before_flush")
def _end_on_change(session: Any, _context: Any, _instances: Any) -> None:
    for row in session.dirty:
        if isinstance(row, User) and any(attributes.get_history(row, name).has_changes() for name in ENDING):
            session.connection().execute(
                sa.delete(SignIn.__table__).where(SignIn.__table__.c.user_id == row.id))
            for ended in [one for one in session.identity_map.values() if isinstance(one, SignIn)]:
                session.expunge(ended)
