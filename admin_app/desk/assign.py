"""Giving chosen customers to somebody: the page that asks to whom, and the work on a row."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from admin_app import access
from admin_app.choices import Scope
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk import selects
from admin_app.desk.fields import label_of_link, linked_row
from admin_app.errors import RuleError
from admin_app.models import Customer, User
from admin_app.rules import customers, saving


def keepers(statement: Any) -> Any:
    """A statement over people narrowed to those who may keep customers within the acting person's reach."""
    actor = access.current()
    found = statement.where(User.active.is_(True), User.role_id.in_(customers.keeping_roles(db.session)))
    return found.where(User.id.in_(actor.team_ids)) if actor.right("customer").write is Scope.TEAM else found


def people(rows: list[Any]) -> list[tuple[int, str]] | None:
    """(id, name and customers kept) of those who may keep these customers, those with few first; None for too many."""
    named = selects.few_people(keepers(sa.select(User.id, User.name)).where(
        User.store_id.in_({row.store_id for row in rows})).order_by(User.name, User.id))
    if named is None:
        return None
    counted = db.session.execute(sa.select(Customer.owner_id, sa.func.count()).where(
        Customer.owner_id.in_([key for key, _name in named])).group_by(Customer.owner_id))
    kept = {row[0]: row[1] for row in counted}
    few_first = sorted(named, key=lambda one: kept.get(one.id, 0))
    return [(one.id, ngettext("%(name)s, keeps one customer", "%(name)s, keeps %(num)d customers",
                              kept.get(one.id, 0), name=one.name)) for one in few_first]


def ask(view: Any, rows: list[Any], error: str = "") -> Any:
    """The page that names the customers and asks to whom they go."""
    return view.render("desk/assign.html", view=view, rows=rows, people=people(rows), error=error, back=view.back(),
                       chosen=request.form.get("person", ""), label_of=label_of_link), 400 if error else 200


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
