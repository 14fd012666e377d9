"""Who gets which digest when: each store has its times, each person and robot one letter a day and kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin_app import access, clock, words
from admin_app.choices import DigestBy, MessageKind, NotificationKind, Scope
from admin_app.models import Robot, Store, User
from admin_app.rules import digests, notifications, workdays
from admin_app.sending import letters, mail, outbox
from admin_app.sending.letters import Letter

Written = tuple[Letter, Any, str] | None  # the letter, the line under the bell, the page it leads to


def make(session: Any, now: dt.datetime) -> int:
    """Write the digests whose time has come; commits after each. Returns how many letters were queued.

    A morning digest that is late is written until the evening note's time, an evening note until midnight.
    """
    count = 0
    for store in list(session.scalars(access.ungated(sa.select(Store).where(
            Store.deleted_at.is_(None)).order_by(Store.id)))):
        kind = due(store, now)
        if kind is not None:
            count += _of_store(session, store.id, kind, now)
    return count


def due(store: Any, now: dt.datetime) -> MessageKind | None:
    """Which letter a store's clock asks for now; None before the morning's and on days without."""
    wall = clock.local(now)
    if store.digest_workdays and not workdays.is_working_day(wall.date(), store.id):
        return None
    here = f"{wall:%H:%M}"
    if here >= store.evening_at:
        return MessageKind.EVENING
    return MessageKind.MORNING if here >= store.digest_at else None


def _of_store(session: Any, store_id: int, kind: MessageKind, now: dt.datetime) -> int:
    day, count = clock.local_day(now), 0
    known = outbox.known(session, kind, day)
    people = list(session.scalars(access.ungated(sa.select(User).where(
        User.store_id == store_id, User.active, User.deleted_at.is_(None)).order_by(User.id))))
    for person in people:
        key = f"{kind.value}:{day}:user:{person.id}"
        if key not in known:
            count += _for_person(session, person, kind, key, now)
            session.commit()
    robots = session.connection().execute(sa.select(Robot.__table__).where(
        Robot.__table__.c.store_id == store_id, Robot.__table__.c.active, Robot.__table__.c.deleted_at.is_(None))).all()
    for robot in robots:
        key = f"{kind.value}:{day}:robot:{robot.id}"
        if key not in known:
            count += outbox.queue(session, key, kind, day, for_robot(session, robot, kind, now), now,
                                  robot_id=robot.id)
            session.commit()
    return count


def _for_person(session: Any, person: User, kind: MessageKind, key: str, now: dt.datetime) -> int:
    """Queue a person's letter, and say so under the bell; 1 where a letter is to be sent."""
    write: Callable[..., Written] = _morning if kind == MessageKind.MORNING else _evening
    with words.speaking(person.locale), acting(session, access.actor_for(session, person)) as actor:
        found = write(session, person, actor, now)
    by_mail = found is not None and person.digest == DigestBy.MAIL and bool(person.email) and mail.is_set()
    made = outbox.queue(session, key, kind, clock.local_day(now), found[0] if found and by_mail else None, now,
                        user_id=person.id)
    if made and found is not None:
        notifications.notify(session, person.id, NotificationKind.DIGEST, found[1], found[2], key, now)
    return int(made and by_mail)


@contextmanager
def acting(session: Any, actor: access.Actor) -> Iterator[access.Actor]:
    """Read as a person does, through the gate."""
    before = access.actor_of(session)
    access.set_actor(session, actor)
    try:
        yield actor
    finally:
        access.set_actor(session, before)


def _morning(session: Any, person: User, actor: access.Actor, now: dt.datetime) -> Written:
    if not actor.may("followup", "read"):
        return None
    sections = digests.morning(session, person.id, now)
    if not sections:
        return None
    day = clock.local_day(now)
    letter = letters.of_sections(
        _("%(day)s: what the day brings", day=day.isoformat()),
        _("Good morning, %(name)s. This is owed today:", name=person.name), sections)
    line = _l("Today: %(what)s", what=_(", ").join(f"{one.heading} {one.number}" for one in sections))
    return letter, line, "/admin/"


def _evening(session: Any, person: User, actor: access.Actor, now: dt.datetime) -> Written:
    """For managers: their people, as far as they see them."""
    if not actor.manages or not actor.may("followup", "read"):
        return None
    team = actor.team_ids if actor.right("followup").read in (Scope.OWN, Scope.TEAM) else None
    shares, late = digests.evening(session, team, now)
    if not shares and not late.number:
        return None
    day = clock.local_day(now)
    letter = letters.of_sections(
        _("%(day)s: how the day went", day=day.isoformat()),
        _("Good evening, %(name)s. This is how the day went:", name=person.name), [late] if late.number else [], shares)
    line = _l("Evening: %(done)s done, %(left)s left, %(late)s complaints late", done=sum(one.done for one in shares),
              left=sum(one.left + one.overdue for one in shares), late=late.number)
    return letter, line, "/admin/"


def for_robot(session: Any, robot: Any, kind: MessageKind, now: dt.datetime) -> Letter | None:
    """What a group is told of its team or store: figures and shortened names. None where there is nothing."""
    people = None
    if robot.team_id is not None:
        people = set(session.scalars(access.ungated(sa.select(User.id).where(
            User.team_id == robot.team_id, User.deleted_at.is_(None)))))
    with words.speaking(None):
        shares = digests.shares(session, people, now, robot.store_id)
        late = digests.late_complaints(session, now, robot.store_id, short=True) if robot.team_id is None else None
        if not shares and (late is None or not late.number):
            return None
        day = clock.local_day(now).isoformat()
        subject = (_("%(day)s: what the day brings", day=day) if kind == MessageKind.MORNING
                   else _("%(day)s: how the day went", day=day))
        return letters.for_group(subject, shares, late, "/admin/")
