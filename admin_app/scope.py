"""Whose rows: the row scope of every table as an SQL criterion (SAFETY, the matrix of rights).

none / own / team / store / all. Own and team look at both owner and advisor of a customer; what hangs on a
customer follows the customer; a restricted or secret customer is hidden with everything that hangs on it.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from admin_app import models as m
from admin_app.choices import Confidentiality, RepairState, Scope
from admin_app.clock import utcnow

if TYPE_CHECKING:
    from admin_app.access import Actor

# Tables that belong to the machinery: no person reads or writes them through a screen.
INTERNAL = {"sign_in", "sign_in_failure", "submission", "undo_step", "job_run", "audit_head", "audit_entry",
             "access_log", "import_piece", "directory_change", "search_gram", "score_day", "notification", "message",
             "photo_data", "lead_request", "lead_count", "customer_block"}
UNGATED_READ = INTERNAL - {"audit_entry", "access_log"}
# Machinery with rows of another table: gated as that one is.
RIGHT_OF = {"due_task": "followup"}
INTERNAL |= RIGHT_OF.keys()
# Tables whose rows everybody signed in may refer to (names of people, rules, metrics); the screen has a right.
DIRECTORY = {"store", "team", "role", "user", "metric", "score_scheme", "scheme_line", "score_period",
             "followup_rule", "agreement", "segment", "calendar_day"}
SHARED = {"segment", "calendar_day"}  # rows without a store are everybody's to read, and a group role's to change
FOLLOWS_CUSTOMER = {"contact", "visit", "promise", "gift", "photo", "consent", "customer_reader"}
WIDTH = {Scope.NONE: 0, Scope.OWN: 1, Scope.TEAM: 2, Scope.STORE: 3, Scope.ALL: 4}

GATED = tuple(model for model in m.MODELS if model.__tablename__ not in UNGATED_READ)

# Who asks, and on which day (UTC): left open in criteria that several people share (actors.Actor.given). A statement
# without them is refused.
ME: Any = sa.bindparam("gate_me", type_=sa.Integer(), required=True)
DAY: Any = sa.bindparam("gate_day", type_=sa.Date(), required=True)

_customer = m.Customer.__table__.alias("gate_customer")
_order = m.RepairOrder.__table__.alias("gate_order")
_reader = m.CustomerReader.__table__.alias("gate_reader")
_complaint = m.Complaint.__table__.alias("gate_complaint")
_vehicle = m.Vehicle.__table__.alias("gate_vehicle")


def criterion(model: Any, actor: Actor, verb: str) -> Any:
    """The rows of a model on which the actor may act with `read`, `write` or `delete`; None means every row."""
    parts: list[Any] = []
    if "deleted_at" in model.__table__.c and not actor.include_deleted:
        parts.append(model.deleted_at.is_(None))
    if actor.system is None:
        parts += [part for part in _for_person(model, actor, verb) if part is not None]
    return sa.and_(*parts) if parts else None


def _for_person(model: Any, actor: Actor, verb: str) -> list[Any]:
    table = model.__tablename__
    width: Scope = getattr(actor.right(RIGHT_OF.get(table, table)), verb)
    if table in DIRECTORY and verb == "read":
        own = _own_stores(model, actor)
        return [sa.or_(own, model.store_id.is_(None)) if table in SHARED and own is not None else own]
    if width is Scope.NONE:
        return [sa.false()]
    parts = [] if width is Scope.ALL else [_own_stores(model, actor)]
    if verb == "read" and table in actor.beside and _shown_beside(table, width, actor):
        return parts
    if model is m.User and actor.store_ids is not None:  # whoever sees all stores is not changed from one of them
        parts.append(m.User.group_wide.is_(False))
    if width in (Scope.OWN, Scope.TEAM):
        ids = (actor.user_id,) if width is Scope.OWN else actor.team_ids
        parts.append(RULES.get(table, _created)(model, actor, ids, verb))
    return [*parts, _not_hidden(model, actor), _member_customers(model, actor)]


def _shown_beside(table: str, width: Scope, actor: Actor) -> bool:
    """Whether the row through which a statement reaches this table (Actor.beside) answers for it: that of due_task for
    the task, whose right it has; a customer for what follows him, unless the right on that is the narrower one."""
    if table in RIGHT_OF.values():
        return True
    return table in FOLLOWS_CUSTOMER | {"vehicle"} and WIDTH[width] >= WIDTH[actor.right("customer").read]


def listed(model: Any, actor: Actor) -> Any:
    """What a screen leaves of a directory table that everybody may refer to: own rows where the right says own.
    None for every row."""
    width: Scope = actor.right(model.__tablename__).read
    if model.__tablename__ not in DIRECTORY or width not in (Scope.OWN, Scope.TEAM):
        return None
    return RULES.get(model.__tablename__, _created)(
        model, actor, (actor.user_id,) if width is Scope.OWN else actor.team_ids, "read")


def _own_stores(model: Any, actor: Actor) -> Any:
    """The rows of the actor's stores; None for a group role or a table without stores."""
    if actor.store_ids is None:
        return None
    if model is m.Store:
        return m.Store.id.in_(actor.store_ids)
    if "store_id" not in model.__table__.c:
        return None
    return model.store_id.in_(actor.store_ids)


# ---------------------------------------------------------------- own and team, table by table


def _among(column: Any, ids: Any) -> Any:
    """Whether a column names one of these people. Several keys stand in the statement itself: a team's are the same
    every time, and as hundreds of values they would cost more than the rows."""
    if len(ids) == 1:
        return column == ME if ids[0] is ME else column.in_(ids)  # nobody's key is in no list, but would equal none
    return column.in_(sa.bindparam("people", [int(key) for key in ids], expanding=True, unique=True,
                                   literal_execute=True))


def _mine(columns: Any, actor: Actor, ids: Any) -> Any:
    """Customers of these people: owner or advisor; an open repair order counts for its advisor."""
    parts = [_among(columns.owner_id, ids), _among(columns.advisor_id, ids)]
    if "service_advisor" in actor.roles:
        parts.append(columns.id.in_(sa.select(_order.c.customer_id).where(
            _among(_order.c.advisor_id, ids), _order.c.deleted_at.is_(None),
            _order.c.state.not_in([RepairState.CLOSED, RepairState.CANCELLED]))))
    return sa.or_(*parts)


def _customers(model: Any, actor: Actor, ids: Any, verb: str) -> Any:
    mine = _mine(model, actor, ids)
    if len(ids) > 1 and actor.may("customer", "assign"):  # a manager who assigns sees the pool
        return sa.or_(mine, model.owner_id.is_(None))
    return mine


def _customer_of(key: Any, actor: Actor, ids: Any) -> Any:
    """Whether a column names one of the customers of these people.

    As a set of keys, or, for a statement that itself names few rows (Actor.near), looked up row by row.
    """
    if actor.near:
        return sa.exists().where(_customer.c.id == key, _theirs(_customer.c, actor, ids))
    return key.in_(customer_ids(actor, ids))


def customer_ids(actor: Actor, ids: Any) -> Any:
    """Keys of the customers of these people, as a subquery over the plain table."""
    return sa.select(_customer.c.id).where(_theirs(_customer.c, actor, ids))


def _theirs(columns: Any, actor: Actor, ids: Any) -> Any:
    pool = [columns.owner_id.is_(None)] if len(ids) > 1 and actor.may("customer", "assign") else []
    return sa.or_(_mine(columns, actor, ids), *pool)


def _of_customer(model: Any, actor: Actor, ids: Any, verb: str) -> Any:
    return _customer_of(model.customer_id, actor, ids)


def _followups(model: Any, actor: Actor, ids: Any, verb: str) -> Any:
    mine = _among(model.assignee_id, ids)
    if verb == "read" or len(ids) > 1:
        return sa.or_(mine, _customer_of(model.customer_id, actor, ids))
    return mine


def _inquiries(model: Any, actor: Actor, ids: Any, verb: str) -> Any:
    """Those in charge and who took it in; the customer's people; without anybody in charge, the team's manager."""
    theirs = sa.or_(_among(model.owner_id, ids), _among(model.created_by_id, ids))
    if verb == "read" or len(ids) > 1:
        theirs = sa.or_(theirs, _customer_of(model.customer_id, actor, ids))
    return sa.or_(theirs, model.owner_id.is_(None)) if len(ids) > 1 else theirs


def _due_tasks(model: Any, actor: Actor, ids: Any, verb: str) -> Any:
    """As the task itself; what the gate asks of its customer stands in the row."""
    return sa.or_(_among(model.assignee_id, ids), _theirs(_with_customer(model), actor, ids))


def _with_customer(model: Any) -> Any:
    """The columns of a customer that the gate asks, where they stand beside the key of the customer."""
    return SimpleNamespace(id=model.customer_id, owner_id=model.owner_id, advisor_id=model.advisor_id,
                           confidentiality=model.confidentiality)


def _orders(model: Any, actor: Actor, ids: Any, verb: str) -> Any:
    return sa.or_(_among(model.advisor_id, ids), _customer_of(model.customer_id, actor, ids))


def _complaints(model: Any, actor: Actor, ids: Any, verb: str) -> Any:
    return sa.or_(_among(model.owner_id, ids), _among(model.responsible_id, ids), _among(model.created_by_id, ids),
                  _customer_of(model.customer_id, actor, ids))


def _steps(model: Any, actor: Actor, ids: Any, verb: str) -> Any:
    c = _complaint.c
    theirs = sa.or_(_among(c.owner_id, ids), _among(c.responsible_id, ids), _among(c.created_by_id, ids),
                    _customer_of(c.customer_id, actor, ids))
    if actor.near:
        return sa.exists().where(c.id == model.complaint_id, theirs)
    return model.complaint_id.in_(sa.select(c.id).where(theirs))


def _vehicle_owners(model: Any, actor: Actor, ids: Any, verb: str) -> Any:
    theirs = _customer_of(_vehicle.c.customer_id, actor, ids)
    if actor.near:
        return sa.exists().where(_vehicle.c.id == model.vehicle_id, theirs)
    return model.vehicle_id.in_(sa.select(_vehicle.c.id).where(theirs))


def _people(name: str) -> Callable[..., Any]:
    return lambda model, actor, ids, verb: _among(getattr(model, name), ids)


def _created(model: Any, actor: Actor, ids: Any, verb: str) -> Any:
    return _among(model.created_by_id, ids)


RULES: dict[str, Callable[..., Any]] = {
    "customer": _customers,
    **dict.fromkeys(FOLLOWS_CUSTOMER | {"vehicle"}, _of_customer),
    "vehicle_owner": _vehicle_owners,
    "followup": _followups,
    "inquiry": _inquiries,
    "due_task": _due_tasks,
    "repair_order": _orders,
    "complaint": _complaints,
    "complaint_step": _steps,
    "campaign": _people("owner_id"),
    "score": _people("user_id"),
    "user": _people("id"),
    "audit_entry": _people("actor_id"),
    "access_log": _people("user_id"),
}


# ---------------------------------------------------------------- confidentiality


def _not_hidden(model: Any, actor: Actor) -> Any:
    """Leaves out restricted and secret customers that this person is not named for (DOMAIN 3.9)."""
    if "general_manager" in actor.roles:
        return None
    if model is m.Customer:
        return sa.or_(m.Customer.confidentiality == Confidentiality.NORMAL, _named(m.Customer, actor))
    if model is m.DueTask:
        beside = _with_customer(model)
        return sa.or_(model.confidentiality == Confidentiality.NORMAL, _named(beside, actor))
    hidden = _hidden(actor)
    if model is m.ComplaintStep:
        if actor.near:
            return ~sa.exists().where(_complaint.c.id == model.complaint_id,
                                      _customer.c.id == _complaint.c.customer_id, hidden)
        customers = sa.select(_customer.c.id).where(hidden)
        return model.complaint_id.not_in(sa.select(_complaint.c.id).where(_complaint.c.customer_id.in_(customers)))
    if "customer_id" not in model.__table__.c:
        return None
    if actor.near:
        return ~sa.exists().where(_customer.c.id == model.customer_id, hidden)
    return sa.or_(model.customer_id.is_(None), model.customer_id.not_in(sa.select(_customer.c.id).where(hidden)))


def _named(columns: Any, actor: Actor) -> Any:
    """Restricted: the own team. Secret: owner, advisor and the people named in customer_reader."""
    today, me = utcnow().date() if actor.day is None else actor.day, (actor.user_id,)
    readers = sa.select(_reader.c.customer_id).where(
        _among(_reader.c.user_id, me), _reader.c.deleted_at.is_(None),
        sa.or_(_reader.c.until.is_(None), _reader.c.until >= today))
    team = sa.or_(_among(columns.owner_id, actor.team_ids), _among(columns.advisor_id, actor.team_ids))
    return sa.or_(
        _among(columns.owner_id, me), _among(columns.advisor_id, me), columns.id.in_(readers),
        sa.and_(columns.confidentiality == Confidentiality.RESTRICTED, team))


def _hidden(actor: Actor) -> Any:
    """Whether a customer of the gate's own is hidden from the actor."""
    c = _customer.c
    return sa.and_(c.confidentiality != Confidentiality.NORMAL, sa.not_(
        sa.func.coalesce(_named(c, actor), sa.false())))


def _member_customers(model: Any, actor: Actor) -> Any:
    """Members of a campaign are seen only where their customer is (a consultant: own customers)."""
    if model is not m.CampaignMember:
        return None
    width = actor.right("customer").read
    if width in (Scope.STORE, Scope.ALL):
        return None
    if width is Scope.NONE:
        return sa.false()
    return _customer_of(model.customer_id, actor, (actor.user_id,) if width is Scope.OWN else actor.team_ids)
