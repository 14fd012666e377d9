"""The outbox: one row for a person or a robot, a day and a kind; taken by one process at a time, tried again later.

Whoever sends claims the row first and says so in the database; another process, or the same job run again, does not
find it. What breaks off between the sending and the note that it was sent is taken up after CLAIM: so such a crash
repeats a letter at most once for each crash, and loses none. A mail carries the same Message-ID then.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.dialects import postgresql, sqlite

from admin_app import audit
from admin_app.choices import AuditVerb, MessageKind, MessageState
from admin_app.models import Message, Robot, User
from admin_app.sending import mail, robots
from admin_app.sending.letters import Letter
from admin_app.sending.robots import NotSent

# Minutes to the next attempt after the first, second … failure; after the last one it stays failed (default).
WAITS = (1, 5, 30, 120, 360)
CLAIM = dt.timedelta(minutes=15)  # how long a row that is being sent is left alone
KEPT = dt.timedelta(days=30)
MOST = 500  # letters of one run
WAITING = (MessageState.QUEUED, MessageState.SENDING)
_box, _robot = Message.__table__, Robot.__table__


def queue(session: Any, key: str, kind: MessageKind, day: dt.date, letter: Letter | None, now: dt.datetime, *,
          user_id: int | None = None, robot_id: int | None = None) -> bool:
    """Put a letter into the outbox once; None: note that there is nothing to send. False where the key was there."""
    connection = session.connection()
    state = MessageState.QUEUED if letter is not None else MessageState.NONE
    made = connection.execute(_fresh(connection.dialect.name), {
        "key": key, "kind": kind, "day": day, "user_id": user_id, "robot_id": robot_id, "state": state,
        "body": letter.packed() if letter else None, "attempts": 0, "next_at": now, "created_at": now})
    return made.first() is not None


@lru_cache(maxsize=2)
def _fresh(database: str) -> Any:
    dialect: Any = postgresql if database == "postgresql" else sqlite
    return dialect.insert(_box).on_conflict_do_nothing(index_elements=["key"]).returning(_box.c.id)


def known(session: Any, kind: MessageKind, day: dt.date) -> set[str]:
    """The keys of a kind and a day that are in the outbox already."""
    return set(session.connection().execute(
        sa.select(_box.c.key).where(_box.c.kind == kind, _box.c.day == day)).scalars())


# ---------------------------------------------------------------- sending


def send_waiting(session: Any, now: dt.datetime) -> dict[str, int]:
    """Send what waits and is due; commits before and after each letter. Returns how many were sent and were not."""
    due = sa.select(_box.c.id).where(_box.c.state.in_(WAITING), _box.c.next_at <= now).order_by(_box.c.id).limit(MOST)
    numbers = list(session.connection().execute(due).scalars())
    session.commit()
    counts = {"sent": 0, "failed": 0}
    with mail.Post() as post:
        for number in numbers:
            row = _claim(session, number, now)
            if row is not None:
                counts["sent" if _deliver(session, row, post, now) else "failed"] += 1
    return counts


def _claim(session: Any, number: int, now: dt.datetime) -> Any:
    """Take a row for this process; None where another one has it, or where it was broken off too often."""
    connection = session.connection()
    mine = connection.execute(sa.update(_box).where(
        _box.c.id == number, _box.c.state.in_(WAITING), _box.c.next_at <= now).values(
        state=MessageState.SENDING, attempts=_box.c.attempts + 1, next_at=now + CLAIM)).rowcount
    row = connection.execute(sa.select(_box).where(_box.c.id == number)).one() if mine else None
    session.commit()
    if row is not None and row.attempts > len(WAITS) + 1:
        _note(session, row, now, _("Broken off again and again."), final=True)
        return None
    return row


def _deliver(session: Any, row: Any, post: mail.Post, now: dt.datetime) -> bool:
    """Send one letter and note what came of it. Between the two no transaction is open."""
    try:
        if not row.body:
            raise NotSent(_("The text cannot be read with this CAREDESK_ENCRYPTION_KEY."), final=True)
        letter = Letter.unpacked(row.body)
        if row.robot_id is not None:
            _to_robot(session, row, letter)
        else:
            _to_person(session, row, letter, post)
    except NotSent as error:
        _note(session, row, now, str(error), final=error.final)
        return False
    _note(session, row, now, None)
    return True


def _to_person(session: Any, row: Any, letter: Letter, post: mail.Post) -> None:
    people = User.__table__.c
    person = session.connection().execute(sa.select(people.email, people.active, people.deleted_at).where(
        people.id == row.user_id)).one()
    session.commit()
    if not person.active or person.deleted_at is not None or not person.email:
        raise NotSent(_("This person no longer gets mail."), final=True)
    post.send(mail.written(letter, person.email, row.key))


def _to_robot(session: Any, row: Any, letter: Letter) -> None:
    robot = session.connection().execute(sa.select(_robot).where(_robot.c.id == row.robot_id)).one()
    session.commit()
    if not robot.active or robot.deleted_at is not None:
        raise NotSent(_("This robot is switched off."), final=True)
    robots.send(robot.kind, robot.address, robot.secret, letter.subject, letter.markdown)


def _note(session: Any, row: Any, now: dt.datetime, error: str | None, final: bool = False) -> None:
    """What came of an attempt. The text goes once it is sent; a failure is tried again after WAITS."""
    if error is None:
        values: dict[str, Any] = {"state": MessageState.SENT, "sent_at": now, "body": None, "last_error": None}
    elif final or row.attempts > len(WAITS):
        values = {"state": MessageState.FAILED, "last_error": error[:300]}
    else:
        later = now + dt.timedelta(minutes=WAITS[row.attempts - 1])
        values = {"state": MessageState.QUEUED, "next_at": later, "last_error": error[:300]}
    connection = session.connection()
    connection.execute(sa.update(_box).where(_box.c.id == row.id).values(**values))
    if row.robot_id is not None:
        note_robot(session, row.robot_id, now, error)
    session.commit()


def note_robot(session: Any, robot_id: int, now: dt.datetime, error: str | None) -> None:
    """Keep with a robot what its service answered last. The caller commits."""
    session.connection().execute(sa.update(_robot).where(_robot.c.id == robot_id).values(
        last_at=now, last_result=(error or str(_("Taken")))[:300]))


def test(session: Any, robot: Robot, now: dt.datetime) -> str | None:
    """Send a test message to a group now; returns why it was not taken, None where it was. Commits before it sends,
    so that nobody waits for the service, and after."""
    key, store_id, name = robot.id, robot.store_id, robot.name
    target, said = (robot.kind, robot.address, robot.secret), None
    session.commit()
    try:
        robots.send(*target, _("Test message"), _("This is a test message of CareDesk for %(name)s.", name=name))
    except NotSent as error:
        said = str(error)
    note_robot(session, key, now, said)
    audit.record(session, AuditVerb.BULK, "robot", key, label=name, reason="test message", store_id=store_id)
    session.commit()
    return said


# ---------------------------------------------------------------- looking after it


def state(session: Any) -> dict[str, Any]:
    """How many letters wait and have failed, and why the last one did; for the administrator's page."""
    counts = dict(session.connection().execute(sa.select(_box.c.state, sa.func.count()).where(
        _box.c.state.in_([*WAITING, MessageState.FAILED])).group_by(_box.c.state)).all())
    failed = counts.get(MessageState.FAILED, 0)
    last = session.connection().execute(sa.select(_box.c.last_error).where(
        _box.c.state.in_([*WAITING, MessageState.FAILED]), _box.c.last_error.is_not(None)).order_by(
        _box.c.id.desc()).limit(1)).scalar() if counts else None
    return {"waiting": sum(counts.values()) - failed, "failed": failed, "last_error": last}


def again(session: Any, now: dt.datetime) -> int:
    """Try what has failed once more; returns how many. The caller commits."""
    count: int = session.connection().execute(sa.update(_box).where(
        _box.c.state == MessageState.FAILED, _box.c.body.is_not(None)).values(
        state=MessageState.QUEUED, attempts=0, next_at=now)).rowcount
    return count


def tidy(session: Any, now: dt.datetime) -> int:
    """Take away what was made some time ago."""
    count: int = session.connection().execute(sa.delete(_box).where(_box.c.created_at < now - KEPT)).rowcount
    return count
