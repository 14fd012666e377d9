"""Field sets (字段方案): which columns of a list somebody wants, in which order; own, or for all of the store.

One of a person's sets for a table may be the standard: the list looks like this until another choice is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app.access import actor_of
from admin_app.errors import RuleError
from admin_app.models import FieldSet

LONGEST_NAME = 80
MOST = 30  # sets that a panel offers


def standard(session: Any, user_id: int | None, table: str) -> list[str] | None:
    """The columns that a person keeps for a list; None where nothing is kept."""
    return session.scalars(_own(user_id, table).with_only_columns(FieldSet.columns).where(
        FieldSet.standard.is_(True))).first()


def offered(session: Any, table: str) -> list[FieldSet]:
    """The sets for a table that the acting person may use: own ones first, then those shared in the store."""
    actor = actor_of(session)
    if actor is None:
        return []
    mine = FieldSet.created_by_id == actor.user_id
    shared = sa.and_(FieldSet.shared.is_(True), FieldSet.store_id == actor.store_id)
    return list(session.scalars(
        sa.select(FieldSet).where(FieldSet.table == table, FieldSet.deleted_at.is_(None), sa.or_(mine, shared))
        .order_by(sa.case((mine, 0), else_=1), FieldSet.name, FieldSet.id).limit(MOST)))


def save(session: Any, table: str, columns: Sequence[str], *, name: str, shared: bool = False,
         as_standard: bool = False) -> FieldSet:
    """Keep columns under a name; a set of one's own with that name is replaced. The caller commits.

    Raises RuleError with the field where the name or the columns are missing.
    """
    name, actor = " ".join(name.split())[:LONGEST_NAME], actor_of(session)
    if not name:
        raise RuleError(_l("Give the field set a name."), "name")
    if not columns or actor is None:
        raise RuleError(_l("Choose at least one column."), "columns")
    if as_standard:
        forget_standard(session, table)
    kept = session.scalars(_own(actor.user_id, table).where(FieldSet.name == name)).first()
    if kept is None:
        kept = FieldSet(name=name, table=table, store_id=actor.store_id)
        session.add(kept)
    kept.columns, kept.shared, kept.standard = list(columns), shared, as_standard
    session.flush()
    return kept


def forget_standard(session: Any, table: str) -> None:
    """Let the list of the acting person look as it is declared again. Nothing where it does already."""
    actor = actor_of(session)
    for one in session.scalars(_own(actor.user_id if actor else None, table).where(FieldSet.standard.is_(True))):
        one.standard = False
    session.flush()


def _own(user_id: int | None, table: str) -> Any:
    return sa.select(FieldSet).where(
        FieldSet.created_by_id == user_id, FieldSet.table == table, FieldSet.deleted_at.is_(None))
