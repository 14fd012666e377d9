"""What another system shows to hand over leads: a long random text, kept hashed, for one store. It is shown once when
it is made; making it anew, or taking the tick "enabled" away, shuts out the one before at once."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.dialects import postgresql, sqlite

from admin_app import access
from admin_app.errors import RuleError
from admin_app.models import LeadCount, LeadToken, Store

BEGINS = "cdl_"  # so that scanners for leaked secrets know it
LONGEST = 200
MOST = 6_000  # requests a minute that a token may be given
MINUTE = dt.timedelta(minutes=1)
SELDOM = dt.timedelta(hours=1)  # "last used" is kept to the hour


def prepare(session: Any, token: LeadToken, now: dt.datetime) -> None:
    """Check a token's name, store and limit. Raises RuleError at the field."""
    if not (token.name or "").strip():
        raise RuleError(_l("Give a name."), "name")
    if token.store_id is None:
        raise RuleError(_l("Choose the store."), "store_id")
    if token.per_minute is None:
        token.per_minute = 60
    if not 1 <= token.per_minute <= MOST:
        raise RuleError(_l("Between 1 and %(most)s.", most=MOST), "per_minute")


def issue(token: LeadToken, now: dt.datetime) -> str:
    """Make the token anew and answer its text; what was made before opens nothing any more."""
    text = BEGINS + secrets.token_urlsafe(32)
    token.token_hash, token.issued_at = digest(text), now
    return text


def digest(text: str) -> str:
    """The form in which a token is kept."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def find(session: Any, text: str) -> LeadToken | None:
    """The active token with this text; None where there is none, or its store is gone."""
    if not text or len(text) > LONGEST:
        return None
    found: LeadToken | None = session.scalars(access.ungated(
        sa.select(LeadToken).join(Store, Store.id == LeadToken.store_id).where(
            LeadToken.token_hash == digest(text), LeadToken.active, LeadToken.deleted_at.is_(None),
            Store.deleted_at.is_(None)))).first()
    return found


def count(session: Any, token_id: int, now: dt.datetime) -> tuple[int, int]:
    """Count a request: (requests in the minute that runs, seconds until it ends). Exact over all processes.

    A counter of the machine, kept beside the record: it is in no change record.
    """
    table = LeadCount.__table__
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    over = table.c.since <= now - MINUTE
    fresh = dialect.insert(table).values(token_id=token_id, since=now, requests=1)
    statement = fresh.on_conflict_do_update(index_elements=["token_id"], set_={
        "since": sa.case((over, fresh.excluded.since), else_=table.c.since),
        "requests": sa.case((over, 1), else_=table.c.requests + 1)}).returning(table.c.requests, table.c.since)
    requests, since = session.connection().execute(statement).one()
    return requests, max(1, int((since + MINUTE - now).total_seconds()))


def used(token: LeadToken, now: dt.datetime) -> None:
    """Note that the token was used, to the hour."""
    if token.last_used_at is None or now - token.last_used_at >= SELDOM:
        token.last_used_at = now
