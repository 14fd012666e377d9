"""Two people for what one may not do alone (双人审批; SAFETY, the star of X* and D*).

Whoever has the star asks, with a purpose; a second person who manages, has the same right and sees every row of the
request approves or refuses; the asker then uses the approval once, in time. Full phone numbers, plates and VINs leave
the house (manufacturer, SMS house) by no other road, whoever asks. Every step is in the audit, every file in the
access log.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, trail
from admin_app.access import Actor, actor_of
from admin_app.choices import AccessVerb, NotificationKind, RequestState, RequestVerb, Scope
from admin_app.clock import local_day
from admin_app.columns import fields
from admin_app.errors import Refused, RuleError
from admin_app.models import BY_TABLE, Role, SecondPersonRequest, User
from admin_app.rules import notifications, reveals

MOST_ROWS = 5_000  # rows of one request (SAFETY)
GOOD_FOR = dt.timedelta(hours=24)  # how long an approval can be used (default)
SHORTEST = 4  # characters of a purpose, of a recipient two
LONGEST_QUERY = 2_000
EXPORTS = (RequestVerb.EXPORT, RequestVerb.EXPORT_FULL)


def has_full_numbers(table: str) -> bool:
    """Whether a table has private fields that an approved export may show in full: never the ID number alone."""
    return any(field.private in ("phone", "tail") for _name, _column, field in fields(BY_TABLE[table]))


# ---------------------------------------------------------------- who


def may_ask(actor: Actor, table: str, verb: Any) -> bool:
    """Whether a person may ask somebody else for this: the starred right; full numbers with export and reveal."""
    right = actor.right(table)
    if actor.user_id is None or not actor.may("second_person_request", "create"):
        return False
    if verb == RequestVerb.DELETE:
        return right.second and right.delete is not Scope.NONE
    if verb == RequestVerb.EXPORT_FULL:
        return right.export and right.reveal and has_full_numbers(table)
    return right.second and right.export


def decides(actor: Actor, table: str, verb: Any) -> bool:
    """Whether a person's rights let him approve for others: he manages and has the right himself, starred or not."""
    right = actor.right(table)
    if actor.user_id is None or not actor.manages or not actor.may("second_person_request", "read"):
        return False
    if verb == RequestVerb.DELETE:
        return right.delete is not Scope.NONE
    return right.export and (verb == RequestVerb.EXPORT or right.reveal)


def keys_of(request: SecondPersonRequest) -> list[int]:
    """The keys of the rows that a request is about."""
    return [one[0] if isinstance(one, list) else one for one in request.ids or ()]


def check_decider(session: Any, request: SecondPersonRequest) -> None:
    """Refused with the reason where the acting person may not decide a request."""
    actor = actor_of(session)
    if actor is None or actor.user_id == request.created_by_id:
        raise Refused(_l("Somebody else has to decide this, not the person who asks."))
    if actor.store_ids is not None and request.store_id not in actor.store_ids:
        raise Refused(_l("This belongs to another store."))
    if not decides(actor, request.table, request.verb):
        raise Refused(_l("Only a manager who has this right too decides this."))
    verb, keys = ("delete" if request.verb == RequestVerb.DELETE else "read"), keys_of(request)
    sees = replace(actor, include_deleted=True)  # a row that was deleted since hides nothing from anybody
    if len(access.within(session, sees, request.table, keys, verb)) < len(set(keys)):
        raise Refused(_l("You do not see all rows of this request. Somebody with a wider view has to decide it."))


def waiting(session: Any) -> list[SecondPersonRequest]:
    """The requests that wait for the acting person: those that he may decide, oldest first."""
    actor = actor_of(session)
    if actor is None or not actor.manages or not actor.may("second_person_request", "read"):
        return []
    asked = sa.select(SecondPersonRequest).where(
        SecondPersonRequest.state == RequestState.WAITING, SecondPersonRequest.created_by_id != actor.user_id)
    found = []
    for request in session.scalars(asked.order_by(SecondPersonRequest.id)):
        try:
            check_decider(session, request)
        except Refused:
            continue
        found.append(request)
    return found


# ---------------------------------------------------------------- asking


def ask(session: Any, verb: Any, table: str, ids: Sequence[Any], *, purpose: str, recipient: str = "",
        form: str | None = None, query: str = "", columns: Sequence[str] = (),
        now: dt.datetime) -> SecondPersonRequest:
    """Ask for a second person. `ids` are the keys of the rows, for a deletion [key, version]. The caller commits.

    Raises Refused (no right, no agreement) and RuleError with the field (purpose, recipient, no or too many rows).
    """
    actor = actor_of(session)
    if actor is None or not may_ask(actor, table, verb):
        raise Refused(_l("You may not ask for this."))
    if verb in EXPORTS:
        reveals.check_agreement(session, local_day(now))
    purpose, recipient = purpose.strip(), recipient.strip()
    if len(purpose) < SHORTEST:
        raise RuleError(_l("Say what it is for: the second person decides by it."), "purpose")
    if verb == RequestVerb.EXPORT_FULL and len(recipient) < 2:
        raise RuleError(_l("Say who receives the full numbers."), "recipient")
    if not ids:
        raise RuleError(_l("There are no rows to ask for."))
    if len(ids) > MOST_ROWS:
        raise RuleError(_l("A request holds at most %(most)s rows. Narrow the list by a filter.",
                           most=f"{MOST_ROWS:,}"))
    if len(query) > LONGEST_QUERY:
        raise RuleError(_l("These are too many filters for a request."))
    request = SecondPersonRequest(
        verb=verb, table=table, state=RequestState.WAITING, purpose=purpose[:300], recipient=recipient[:120] or None,
        form=form, query=query or None, columns=list(columns) or None, ids=list(ids), count=len(ids),
        store_id=actor.store_id)
    session.add(request)
    session.flush()
    _tell_deciders(session, request, actor, now)
    return request


def _tell_deciders(session: Any, request: SecondPersonRequest, asker: Actor, now: dt.datetime) -> None:
    """Tell the managers whose rights let them decide it."""
    manages = sa.select(Role.id).where(Role.manages, Role.deleted_at.is_(None))
    people = session.scalars(access.ungated(sa.select(User).where(
        User.active, User.deleted_at.is_(None), User.id != asker.user_id,
        sa.or_(User.store_id == request.store_id, User.group_wide),
        sa.or_(User.role_id.in_(manages), User.second_role_id.in_(manages))).order_by(User.id)))
    for person in list(people):
        if decides(access.actor_for(session, person), request.table, request.verb):
            notifications.notify(
                session, person.id, NotificationKind.REQUEST, _l("%(name)s asks for your approval.", name=asker.name),
                "/admin/requests/", f"request:{request.id}", now)


def withdraw(session: Any, request: SecondPersonRequest) -> None:
    """Take one's own request back before it is used. The caller commits."""
    actor = actor_of(session)
    if actor is None or request.created_by_id != actor.user_id:
        raise Refused(_l("Only the person who asked takes a request back."))
    if request.state not in (RequestState.WAITING, RequestState.APPROVED):
        raise RuleError(_l("This request is settled already."))
    request.state = RequestState.WITHDRAWN
    session.flush()


# ---------------------------------------------------------------- deciding


def approve(session: Any, request: SecondPersonRequest, note: str, now: dt.datetime) -> None:
    """Let the asker do it once, within GOOD_FOR. The caller commits. Refused where it is not theirs to decide."""
    _decide(session, request, RequestState.APPROVED, note, now)
    with access.as_system(session, f"request {request.id} approved"):
        request.expires_at = now + GOOD_FOR
        if request.verb == RequestVerb.EXPORT_FULL:
            request.mark = f"CD{request.id:06d}-{secrets.token_hex(3).upper()}"


def refuse(session: Any, request: SecondPersonRequest, note: str, now: dt.datetime) -> None:
    """Say no, and why. The caller commits."""
    if len(note.strip()) < 2:
        raise RuleError(_l("Say why it is refused."), "note")
    _decide(session, request, RequestState.REFUSED, note, now)


def _decide(session: Any, request: SecondPersonRequest, state: RequestState, note: str, now: dt.datetime) -> None:
    check_decider(session, request)
    if request.state != RequestState.WAITING:
        raise RuleError(_l("This request is settled already."))
    actor = actor_of(session)
    with access.as_system(session, f"request {request.id} decided"):
        request.state, request.decided_at = state, now
        request.decided_by_id = actor.user_id if actor else None
        request.decision_note = note.strip()[:200] or None
    text = _l("Your request was approved.") if state == RequestState.APPROVED else _l("Your request was refused.")
    notifications.notify(session, request.created_by_id, NotificationKind.REQUEST, text, "/admin/requests/?show=mine",
                         f"request:{request.id}:decided", now)


# ---------------------------------------------------------------- using


def begin_use(session: Any, request: SecondPersonRequest, now: dt.datetime) -> None:
    """Take an approval for use, in the transaction that does it; a second use at the same time fails on the version.

    Refused where it is another person's, or the right was taken away; RuleError where it was used, refused or is late.
    """
    actor = actor_of(session)
    if actor is None or request.created_by_id != actor.user_id:
        raise Refused(_l("Only the person who asked uses an approval."))
    if request.state == RequestState.DONE:
        raise RuleError(_l("This approval was used already. Ask again."))
    if request.state != RequestState.APPROVED:
        raise RuleError(_l("This request is not approved."))
    if is_late(request, now):
        raise RuleError(_l("This approval has run out. Ask again."))
    if not may_ask(actor, request.table, request.verb):
        raise Refused(_l("You may not ask for this."))
    if request.verb in EXPORTS:
        reveals.check_agreement(session, local_day(now))
    request.state, request.used_at = RequestState.DONE, now
    session.flush()


def is_late(request: SecondPersonRequest, now: dt.datetime) -> bool:
    """Whether an approval can no longer be used."""
    return request.expires_at is None or now >= request.expires_at


def log_export(session: Any, request: SecondPersonRequest, number: int) -> None:
    """Note the file in the access log: how many rows, by which request, for what and for whom."""
    reason = f"#{request.id} {request.mark or ''} {request.purpose} → {request.recipient or '–'}"
    trail.note(session, AccessVerb.EXPORT, request.table, count=number, reason=" ".join(reason.split()))


def delete_rows(session: Any, request: SecondPersonRequest, now: dt.datetime) -> int:
    """Move the rows of an approved request to the recycle bin: all of them, or none. The caller commits.

    RuleError where one of them is gone or was changed since the request, Refused where one left the asker's scope.
    """
    begin_use(session, request, now)
    actor, model = actor_of(session), BY_TABLE[request.table]
    versions: dict[int, int] = dict(request.ids or ())  # type: ignore[arg-type]  # pairs, as ask() has them
    rows = list(session.scalars(sa.select(model).where(model.id.in_(versions), model.deleted_at.is_(None))))
    if {row.id: row.version for row in rows} != versions:
        raise RuleError(_l("Records of this request were changed or deleted since. Ask again."))
    if actor is None or access.within(session, actor, request.table, versions, "delete") != versions.keys():
        raise Refused(_l("You may not delete this."))
    with access.as_system(session, f"request {request.id} approved by user {request.decided_by_id}"):
        for row in rows:
            row.deleted_at, row.deleted_by_id = now, actor.user_id
    return len(rows)
