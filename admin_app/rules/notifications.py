"""Notifications (提醒): what somebody should know without looking for it, under the bell until it is read.

A notification says who or what it is about in one line, never a number, plate or address. It is one person's own and
no record of the store: it stands in no audit, and goes away by itself some time after it was read.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from admin_app import access, words
from admin_app.choices import NotificationKind
from admin_app.models import Notification, User

LONGEST = 300  # characters of a text
KEPT_READ, KEPT = dt.timedelta(days=30), dt.timedelta(days=180)  # how long they are kept (default)
PATH = re.compile(r"/(?![/\\])[^\\\x00-\x1f]*")
_note = Notification.__table__


def notify(session: Any, user_id: int | None, kind: NotificationKind, text: Any, link: str, key: str,
           now: dt.datetime) -> bool:
    """Tell a person something once: the same `key` again tells her nothing, whoever asks and however often.

    text: a sentence, best a lazy one, which is written in her language. link: the path of a page of this desk.
    Returns whether it was told; False also for nobody (None) and for what the person has just done herself.
    """
    actor = access.actor_of(session)
    if user_id is None or (actor is not None and actor.user_id == user_id):
        return False
    connection = session.connection()
    made = connection.execute(_fresh(connection.dialect.name), {
        "user_id": user_id, "kind": kind, "text": _in_language_of(session, user_id, text), "link": _checked(link),
        "key": key[:120], "count": 1, "at": now})
    return made.first() is not None


def gather(session: Any, user_id: int | None, kind: NotificationKind, one: Any, many: Callable[[int], Any],
           links: tuple[str, str], now: dt.datetime) -> None:
    """The same for things of which a person does many at once to another: they stand under the bell as one line.

    one: the text of the first. many: makes the text of so many. links: the page of the first, the page of several.
    """
    actor = access.actor_of(session)
    if user_id is None or (actor is not None and actor.user_id == user_id):
        return
    key = f"{kind.value}:{actor.user_id if actor else None}:{now:%Y%m%d%H%M}"
    if notify(session, user_id, kind, one, links[0], key, now):
        return
    connection, same = session.connection(), sa.and_(_note.c.user_id == user_id, _note.c.key == key)
    count = connection.execute(sa.select(_note.c.count).where(same)).scalar_one() + 1
    connection.execute(sa.update(_note).where(same).values(
        count=count, text=_in_language_of(session, user_id, many(count)), link=_checked(links[1]), read_at=None))


def _in_language_of(session: Any, user_id: int, text: Any) -> str:
    locale = session.execute(access.ungated(sa.select(User.locale).where(User.id == user_id))).scalar()
    with words.speaking(locale):
        return str(text)[:LONGEST]


def _checked(link: str) -> str:
    """Only a path of this desk is a link: ValueError for anything else, which is a mistake in the program."""
    if not PATH.fullmatch(link):
        raise ValueError(f"not a path of this desk: {link!r}")
    return link


@lru_cache(maxsize=2)
def _fresh(database: str) -> Any:
    """The insert that leaves alone what was told already."""
    dialect: Any = postgresql if database == "postgresql" else sqlite
    return dialect.insert(_note).on_conflict_do_nothing(
        index_elements=["user_id", "key"]).returning(_note.c.id)


# ---------------------------------------------------------------- the person's own list


def of_person(session: Any, user_id: int, *, unread: bool = False, most: int = 100) -> list[Any]:
    """A person's notifications, the latest first, at most so many; `unread`: those alone."""
    found = sa.select(Notification).where(Notification.user_id == user_id)
    if unread:
        found = found.where(Notification.read_at.is_(None))
    return list(session.scalars(found.order_by(Notification.id.desc()).limit(most)))


def mark_read(session: Any, user_id: int, keys: Collection[int] | None, now: dt.datetime) -> int:
    """Mark these notifications of a person as read (None: all of them); returns how many were unread. Those of other
    people are not touched."""
    change = sa.update(_note).where(_note.c.user_id == user_id, _note.c.read_at.is_(None))
    if keys is not None:
        change = change.where(_note.c.id.in_(list(keys)))
    count: int = session.connection().execute(change.values(read_at=now)).rowcount
    return count


def tidy(session: Any, now: dt.datetime) -> int:
    """Take away what was read some time ago, and what nobody has read for long."""
    gone = sa.or_(_note.c.read_at < now - KEPT_READ, _note.c.at < now - KEPT)
    count: int = session.connection().execute(sa.delete(_note).where(gone)).rowcount
    return count
