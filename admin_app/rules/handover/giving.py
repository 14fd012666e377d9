"""Carrying a hand-over out: everything to its new people and the account shut, in one transaction of the caller's.

The person's row is locked first, so two presses of the button are one hand-over. Every changed row stands in the
audit by itself; one entry of the person says how much went to whom.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, audit, clock
from admin_app.choices import AuditVerb, ComplaintState, NotificationKind, StepKind
from admin_app.errors import RuleError
from admin_app.models import AuditEntry, Complaint, ComplaintStep, User
from admin_app.rules import notifications
from admin_app.rules.complaints import people as complaint_people
from admin_app.rules.complaints.callback import open_tasks
from admin_app.rules.complaints.intake import caller_for
from admin_app.rules.customers import keep_for
from admin_app.rules.handover.draft import Draft, Wishes, draft
from admin_app.rules.handover.holdings import BY_NAME, CUSTOMER, ENDS, Holding, counts
from admin_app.rules.handover.who import check

REASON = "hand-over of a leaver"  # what the audit says of every row
NOTE = "离职交接"  # stored in the log of a complaint, so in the store's language
PIECE = 500  # rows that are loaded at once
MOST_TRIES = 3  # rows that came to the person while the hand-over ran are taken along


def give(session: Any, person: User, wishes: Wishes, now: dt.datetime, mark: str | None = None) -> Draft:
    """Hand everything over and shut the account; no commit. Returns what went to whom.

    mark: that of the draft which the acting person has seen. Raises RuleError at `mark` where the work has changed
    since then, at `way`, `people`, `deputy` as draft() does, and without a field where there is nothing left to do.
    """
    check(session, person)
    with access.as_system(session, REASON):
        session.execute(sa.select(User.id).where(User.id == person.id).with_for_update())
        session.refresh(person)
        has = counts(session, person.id, clock.local_day(now))
        if not person.active and not has:
            raise RuleError(_l("%(name)s has been handed over already; nothing is left.", name=person.name))
    made = draft(session, person, wishes, now)
    if mark is not None and made.mark() != mark:
        raise RuleError(_l("The work or the choice has changed since you looked. Look at the numbers again."), "mark")
    with access.as_system(session, REASON):
        _shut(person, now)
        session.flush()
        _carry_out(session, person, made, now)
        for _again in range(MOST_TRIES):
            if not counts(session, person.id, clock.local_day(now)):
                break
            more = draft(session, person, wishes, now)
            _carry_out(session, person, more, now)
            _add(made, more)
        _note(session, person, made)
    _tell(session, person, made, now)
    return made


def _tell(session: Any, person: User, made: Draft, now: dt.datetime) -> None:
    """Whoever takes customers or tasks over is told how many, once a hand-over."""
    taken: dict[int, list[int]] = {}
    for place, name in enumerate(("customers", "tasks")):
        for to in made.given.get(name, {}).values():
            if to is not None:
                taken.setdefault(to, [0, 0])[place] += 1
    for to, (customers, tasks) in sorted(taken.items()):
        text = _l("From %(name)s to you: customers %(customers)s, follow-ups %(tasks)s", name=person.name,
                  customers=customers, tasks=tasks)
        notifications.notify(session, to, NotificationKind.CUSTOMER, text, "/admin/followups/?owner=me&due=all",
                             f"handover:{person.id}:{now:%Y%m%d%H%M%S}", now)


def _shut(person: User, now: dt.datetime) -> None:
    """Nobody signs in with the account any more; every session of it ends with the flush (sessions.py)."""
    today = clock.local_day(now)
    person.active = False
    if person.left_on is None or person.left_on > today:
        person.left_on = today


def _carry_out(session: Any, person: User, made: Draft, now: dt.datetime) -> None:
    for name, rows in made.given.items():
        holding, keys = BY_NAME[name], sorted(rows)
        for at in range(0, len(keys), PIECE):
            model = holding.model
            found = session.scalars(sa.select(model).where(model.id.in_(keys[at:at + PIECE])).order_by(
                model.id).with_for_update().execution_options(populate_existing=True))
            for row in found:
                if getattr(row, holding.link) == person.id:
                    _move(session, holding, row, rows[row.id], now)
            session.flush()
    _call_back(session, made)


def _move(session: Any, holding: Holding, row: Any, to: int | None, now: dt.datetime) -> None:
    if holding.goes == ENDS:
        row.until = clock.local_day(now) - dt.timedelta(days=1)
        return
    if holding.name == "customers":
        keep_for(row, to, clock.local_day(now))
    else:
        setattr(row, holding.link, to)
    if holding.name == "complaints":
        actor = access.actor_of(session)
        session.add(ComplaintStep(store_id=row.store_id, complaint_id=row.id, kind=StepKind.REROUTE, at=now,
                                  by_id=actor.user_id if actor else None, round=row.loops or 0, note=NOTE))


def _call_back(session: Any, made: Draft) -> None:
    """Whoever is in charge of a complaint now must not make its re-callback: another one does."""
    for key in made.given.get("complaints", {}):
        complaint = session.get(Complaint, key)
        if complaint.state != ComplaintState.FINISHED:
            continue
        hands = complaint_people.handlers(session, complaint) | {made.leaver}
        for task in open_tasks(session, complaint):
            if task.assignee_id in hands:
                task.assignee_id = caller_for(session, complaint, hands) or task.assignee_id
    session.flush()


def _add(made: Draft, more: Draft) -> None:
    for name, rows in more.given.items():
        made.given.setdefault(name, {}).update(rows)


def _note(session: Any, person: User, made: Draft) -> None:
    """The hand-over as one entry of the person: holding → [how many, to whom]."""
    names = dict(session.execute(sa.select(User.id, User.name)).all())
    said: dict[str, Any] = {}
    for name, rows in made.given.items():
        lines: dict[str, int] = {}
        for to in rows.values():
            label = names.get(to, "") if to is not None else "公海" if BY_NAME[name].goes == CUSTOMER else "–"
            lines[label] = lines.get(label, 0) + 1
        said[name] = [len(rows), "、".join(f"{label} {number}" for label, number in sorted(lines.items()))]
    audit.record(session, AuditVerb.BULK, "user", person.id, label=person.name, changes=said,
                 store_id=person.store_id)


def last_report(session: Any, person: User) -> AuditEntry | None:
    """The entry of a person's latest hand-over; None where there was none. Numbers and names of staff only."""
    with access.as_system(session, "report of a hand-over"):
        return session.scalars(sa.select(AuditEntry).where(
            AuditEntry.table == "user", AuditEntry.row_id == person.id, AuditEntry.verb == AuditVerb.BULK,
            AuditEntry.reason == REASON).order_by(AuditEntry.seq.desc()).limit(1)).first()
