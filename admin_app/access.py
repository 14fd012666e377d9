"""The one gate in front of every row (DESIGN 2 and 3, SAFETY "Rights").

The person who acts stands on the SQLAlchemy session as an Actor (actors.py). Reading: every ORM statement gets the row
criteria of scope.py. Writing: before a flush the rights on the table and on the old row are checked, after it
that the person could still see the row. Without an actor nothing is read or written (fail closed).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from typing import Any

import sqlalchemy as sa
from flask import g, has_request_context
from flask_babel import lazy_gettext as _l
from sqlalchemy import event
from sqlalchemy.orm import ORMExecuteState, Session

from admin_app import scope
from admin_app.actors import (  # noqa: F401 - who acts is asked for here too
    EVERYTHING,
    GATED,
    NOTHING,
    Actor,
    Right,
    actor_for,
    rights_of,
    standing,
    ungated,
)
from admin_app.errors import Refused
from admin_app.models import BY_TABLE, Customer
from admin_app.statement_tables import tables_in

MOST_KEYS = 1_000  # keys that one question to the database names
WIDTH = scope.WIDTH

# Fields that only people who may assign rows of the table change (beside giving a new row to oneself).
ASSIGNING = {("customer", "owner_id"), ("customer", "advisor_id"), ("followup", "assignee_id")}
# Fields that only managers change.
MANAGERS_ONLY = {("customer", name) for name in
                 ("confidentiality", "confidential_reason", "confidential_until", "tier", "credit")}
# Fields that only people of the whole group change: they lead beyond a store.
GROUP_ONLY = {("user", "group_wide")}
# Columns of a customer, and tables beside it, that decide who sees the customer and all that hangs on it.
DECIDES = {"store_id", "owner_id", "advisor_id", "confidentiality", "deleted_at"}
DECIDING = {"customer_reader", "repair_order"}


def actor_of(session: Any) -> Actor | None:
    """Who acts on this session, or None before anybody was set."""
    return session.info.get("actor")


def set_actor(session: Any, actor: Actor | None) -> None:
    """Put the acting person on the session."""
    session.info["actor"] = actor
    session.info.pop("seen", None)


@contextmanager
def as_system(session: Any, why: str, *, include_deleted: bool = False) -> Iterator[None]:
    """Act for the system: every row, every right. The audit keeps the person and adds `why`."""
    before = actor_of(session)
    session.flush()
    base = before or Actor(name="system")
    set_actor(session, replace(base, system=why, store_ids=None, include_deleted=include_deleted))
    try:
        yield
        session.flush()
    finally:
        set_actor(session, before)


def current() -> Actor:
    """The actor of this request. Raises Refused where nobody is signed in."""
    actor = g.get("actor") if has_request_context() else None
    if actor is None:
        raise Refused(_l("Please sign in."))
    return actor


def can(table: str, verb: str = "read") -> bool:
    """Whether the signed-in person may do this with a table; False for nobody. For menus and templates."""
    actor = g.get("actor") if has_request_context() else None
    return actor is not None and actor.may(table, verb)


def leads() -> bool:
    """Whether the signed-in person leads people; False for nobody."""
    actor = g.get("actor") if has_request_context() else None
    return actor is not None and actor.manages


def binned() -> list[str]:
    """The tables whose deleted rows the signed-in person may bring back."""
    actor = g.get("actor") if has_request_context() else None
    return [name for name, model in BY_TABLE.items() if name not in scope.INTERNAL
            and "deleted_at" in model.__table__.c and actor is not None and actor.may(name, "delete")]


# ---------------------------------------------------------------- reading


@event.listens_for(Session, "do_orm_execute")
def _gate(state: ORMExecuteState) -> None:
    if state.execution_options.get("ungated") or state.is_column_load:
        return
    if not state.is_orm_statement:
        _refuse_plain_tables(state)
        return
    actor = actor_of(state.session)
    if actor is None:
        raise RuntimeError("the gate: nobody acts on this session (set_actor or as_system is missing)")
    if (state.is_update or state.is_delete or state.is_insert) and actor.system is None:
        raise RuntimeError("the gate: bulk statements run as_system and write their own audit entry")
    if state.is_select or state.is_update or state.is_delete:
        state.statement = gated(actor, state.statement)
        if state.is_select:  # the system's too: what a person's statement loads beside its rows has her criteria
            state.parameters = _with(state.parameters, actor.given)


def _with(parameters: Any, given: dict[str, Any]) -> Any:
    """The parameters of a statement, one set or several, with those of the gate."""
    return [{**one, **given} for one in parameters] if isinstance(parameters, list) else {**(parameters or {}), **given}


def gated(actor: Actor, statement: Any) -> Any:
    """The statement with the criteria of every table that it names; actor.given has to be given with it."""
    named, criteria = tables_in(statement), actor.criteria
    found = (criteria[table] for table in GATED if named is None or table in named)
    return statement.options(*(option for option in found if option is not None))


def _refuse_plain_tables(state: ORMExecuteState) -> None:
    """A Core select names tables, not models, and would pass the gate; only the system may run one."""
    actor = actor_of(state.session)
    if actor is not None and actor.system is not None:
        return
    if isinstance(state.statement, sa.Select):
        names = {getattr(table, "name", "") for table in state.statement.get_final_froms()}
        if names & (set(BY_TABLE) - scope.UNGATED_READ):
            raise RuntimeError("the gate: select mapped classes, not tables")


# ---------------------------------------------------------------- seen


@event.listens_for(Customer, "load")
def _note_seen(row: Any, context: Any) -> None:
    if not context.execution_options.get("ungated"):
        note_seen(context.session, row)


def note_seen(session: Any, row: Any) -> None:
    """Note that the gate has just shown a customer to the acting person, for the rest of the transaction. Whoever acts
    otherwise and a change of what decides about it take the note away."""
    actor = actor_of(session)
    if actor is None or actor.system is not None or actor.include_deleted or row.__tablename__ != "customer":
        return
    noted = session.info.get("seen")
    if noted is None or noted[0] is not actor:
        noted = session.info["seen"] = (actor, set())
    noted[1].add(row.id)


@event.listens_for(Session, "after_soft_rollback")
def _forget_rolled_back(session: Any, _previous: Any) -> None:
    session.info.pop("seen", None)


@event.listens_for(Session, "after_transaction_end")
def _forget_seen(session: Any, transaction: Any) -> None:
    if transaction.parent is None:
        session.info.pop("seen", None)


def _surely(session: Any, actor: Actor, row: Any, verb: str, changed: set[str]) -> bool:
    """Whether what the gate has shown in this transaction says already that the row lies in the scope for a verb:
    of a customer itself, or of what follows a customer. False is no answer: then the database is asked.

    The scopes widen from own to team, store and all, and what follows a customer has the customer's scope, so a
    right that is at least as wide as the one by which the customer was read covers the row.
    """
    noted = session.info.get("seen")
    if noted is None or noted[0] is not actor or row.deleted_at is not None:
        return False
    table, customer = row.__tablename__, actor.right("customer").read
    if table == "customer":
        return (row.id in noted[1] and not changed & DECIDES
                and WIDTH[getattr(actor.right(table), verb)] >= WIDTH[customer])
    return (verb == "read" and table in FOLLOWING and row.customer_id in noted[1]
            and (actor.store_ids is None or row.store_id in actor.store_ids)
            and WIDTH[actor.right(table).read] >= WIDTH[customer])


FOLLOWING = scope.FOLLOWS_CUSTOMER - DECIDING


# ---------------------------------------------------------------- writing


def _changed(row: Any) -> set[str]:
    state = sa.inspect(row)
    return {attr.key for attr in state.mapper.column_attrs if state.attrs[attr.key].history.has_changes()}


@event.listens_for(Session, "before_flush")
def _check_before(session: Any, _context: Any, _instances: Any) -> None:
    actor = actor_of(session)
    new = [row for row in session.new if row.__tablename__ not in scope.INTERNAL]
    dirty = [row for row in session.dirty if row.__tablename__ not in scope.INTERNAL and session.is_modified(row)]
    gone = [row for row in session.deleted if row.__tablename__ not in scope.INTERNAL]
    if not (new or dirty or gone):
        return
    if actor is None:
        raise RuntimeError("the gate: nobody acts on this session (set_actor or as_system is missing)")
    for row in new:
        if row.created_by_id is None:
            row.created_by_id = actor.user_id
    if actor.system is not None:
        return
    if gone:
        raise RuntimeError("the gate: rows go to the recycle bin (deleted_at), they are not deleted")
    for row in new:
        _may_create(actor, row)
    touched = [(row, set(row.__table__.c.keys())) for row in new]
    for row in dirty:
        names = _changed(row)
        _may_change(session, actor, row, names)
        touched.append((row, names))
    session.info["touched"] = touched


def _may_create(actor: Actor, row: Any) -> None:
    table = row.__tablename__
    if not actor.may(table, "create"):
        raise Refused(_l("You may not add records here."))
    if "store_id" in row.__table__.c and actor.store_ids is not None and row.store_id not in actor.store_ids:
        raise Refused(_l("This belongs to another store."), "store_id")
    for name, column in row.__table__.c.items():
        value, usual = getattr(row, name, None), getattr(column.default, "arg", None)
        if value not in (None, usual) and not ((table, name) in ASSIGNING and value == actor.user_id):
            _may_set(actor, table, name)


def _may_set(actor: Actor, table: str, name: str) -> None:
    """Refused for a field that is not this person's to fill in."""
    if (table, name) in ASSIGNING and not actor.may(table, "assign"):
        raise Refused(_l("You may not give this to somebody else."), name)
    if (table, name) in MANAGERS_ONLY and not actor.manages:
        raise Refused(_l("Only a manager changes this."), name)
    if (table, name) in GROUP_ONLY and actor.store_ids is not None:
        raise Refused(_l("Only somebody of the whole group changes this."), name)


def _may_change(session: Any, actor: Actor, row: Any, names: set[str]) -> None:
    """Check the table right, the field rights and the row as it stands in the database now."""
    table = row.__tablename__
    verb = "delete" if "deleted_at" in names else "write"
    if not actor.may(table, verb):
        raise Refused(_l("You may not delete this.") if verb == "delete" else _l("You may not change this."))
    for name in names:
        _may_set(actor, table, name)
    seen = verb == "write" and table == "customer" and _surely(session, actor, row, verb, set())
    if not seen and not _row_matches(session, actor, row, verb):
        raise Refused(_l("You may not change this record."))


@event.listens_for(Session, "after_flush_postexec")
def _check_after(session: Any, _context: Any) -> None:
    """Nobody saves a row into a scope that they could not then see."""
    touched = session.info.pop("touched", None)
    actor = actor_of(session)
    if not touched or actor is None or actor.system is not None:
        return
    if any(row.__tablename__ in DECIDING or (row.__tablename__ == "customer" and names & DECIDES)
           for row, names in touched):
        session.info.pop("seen", None)
    for row, names in touched:
        if row.deleted_at is None and not (
                _surely(session, actor, row, "read", names) or _row_matches(session, actor, row, "read")):
            raise Refused(_l("You could not see this record any more after saving it."))


def may_change(session: Any, row: Any) -> bool:
    """Whether the acting person may write to a stored row: the table's right and whose row it is."""
    actor = actor_of(session)
    if actor is None or not actor.may(row.__tablename__, "write"):
        return False
    if row.__tablename__ == "customer" and _surely(session, actor, row, "write", _changed(row)):
        return True
    return _row_matches(session, actor, row, "write")


def may_change_seen(session: Any, model: Any, key: int) -> bool:
    """may_change() of a customer that the gate has just shown to the acting person as a plain row."""
    actor = actor_of(session)
    if actor is None or not actor.may(model.__tablename__, "write"):
        return False
    right = actor.right(model.__tablename__)
    return (model is Customer and WIDTH[right.write] >= WIDTH[right.read]) or key in within(
        session, actor, model.__tablename__, [key], "write")


def readable(session: Any, table: str, ids: Iterable[int]) -> set[int]:
    """Which rows of a table the acting person may read, those in the recycle bin included."""
    actor = actor_of(session)
    if actor is None or not actor.may(table, "read"):
        return set()
    return within(session, replace(actor, include_deleted=True), table, ids, "read")


def within(session: Any, actor: Actor, table: str, ids: Iterable[int], verb: str) -> set[int]:
    """Which rows of a table lie within a person's scope for `read`, `write` or `delete`, whoever acts now."""
    model, criterion = BY_TABLE[table], scope.criterion(BY_TABLE[table], actor, verb)
    found: set[int] = set()
    for keys in _pieces(set(ids)):
        statement = sa.select(model.id).where(model.id.in_(keys))
        found |= set(session.scalars(ungated(statement if criterion is None else statement.where(criterion))))
    return found


def _pieces(keys: Iterable[int]) -> Iterator[list[int]]:
    left = iter(keys)
    while piece := list(islice(left, MOST_KEYS)):
        yield piece


def _row_matches(session: Any, actor: Actor, row: Any, verb: str) -> bool:
    """Whether the row, as it stands in the database, is within the actor's scope for a verb."""
    from admin_app import prepared

    model = type(row)

    def build() -> Any:
        criterion = scope.criterion(model, replace(actor, near=True), verb)
        found = sa.select(model.id).where(model.id == prepared.given("number"))
        return found if criterion is None else found.where(criterion)

    return bool(prepared.ungated_rows(session, actor, ("matches", model.__tablename__, verb), build, number=row.id))
