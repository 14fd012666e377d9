"""Giving chosen customers to somebody: the page that asks to whom, and the work on a row."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import request
from flask_babel import gettext as _

from admin_app import access
from admin_app.choices import Scope
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk.fields import linked_row
from admin_app.errors import RuleError
from admin_app.models import Customer, User
from admin_app.rules import customers, saving

MOST_PEOPLE = 200


def people(rows: list[Any]) -> list[tuple[int, str, int]]:
    """(id, name, customers kept) of those who may keep these customers: active, of their stores and one's own reach."""
    actor = access.current()
    keepers = customers.keeping_roles(db.session)
    found = sa.select(User.id, User.name).where(
        User.active.is_(True), User.role_id.in_(keepers), User.store_id.in_({row.store_id for row in rows}))
    if actor.right("customer").write is Scope.TEAM:
        found = found.where(User.id.in_(actor.team_ids))
    named = db.session.execute(found.order_by(User.name, User.id).limit(MOST_PEOPLE)).all()
    counted = db.session.execute(sa.select(Customer.owner_id, sa.func.count()).where(
        Customer.owner_id.in_([key for key, _name in named])).group_by(Customer.owner_id))
    kept = {row[0]: row[1] for row in counted}
    return sorted(((key, name, kept.get(key, 0)) for key, name in named), key=lambda one: one[2])


def ask(view: Any, rows: list[Any], error: str = "") -> Any:
    """The page that names the customers and asks to whom they go."""
    return view.render("desk/assign.html", view=view, rows=rows, people=people(rows), error=error, back=view.back(),
                       chosen=request.form.get("person", "")), 400 if error else 200


def give(view: Any, customer: Customer) -> None:
    """Give one file to the person of the form; the caller commits."""
    person = linked_row("user", request.form.get("person", ""))
    if person is None:
        raise RuleError(_("Choose to whom."))
    now = utcnow()
    customers.assign(customer, person)
    saving.prepare(db.session, customer, now)
    db.session.flush()
    saving.settle(db.session, customer, now, False)
