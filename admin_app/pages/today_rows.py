"""The rows behind those figures of the home that no list can filter: /admin/today/?show=birthdays and so on."""

from __future__ import annotations

from typing import Any

from flask import abort, render_template, request
from sqlalchemy.orm import selectinload

from admin_app import access
from admin_app.choices import Scope
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.models import BY_TABLE, User
from admin_app.pages import figures

PAGE = 100
LINKS = {"customer": ("owner",), "promise": ("customer", "by"), "complaint": ("customer", "owner"),
         "followup": ("customer", "assignee"), "inquiry": ("customer", "owner")}


def show() -> Any:
    """One question's rows, ?owner=me or a person's number; 404 for a question that is none."""
    ask = figures.ASKS.get(request.args.get("show", ""))
    if ask is None:
        abort(404)
    if not access.can(ask.table):
        abort(403)
    people, now = _people(), utcnow()
    page = request.args.get("page", 0, type=int)
    page = page if 0 <= page < 10_000 else 0
    model = BY_TABLE[ask.table]
    statement = ask.select(people, now)
    rows = db.session.scalars(statement.order_by(model.id.desc()).limit(PAGE + 1).offset(PAGE * page).options(
        *(selectinload(getattr(model, name)) for name in LINKS[ask.table]))).all()
    person = db.session.get(User, people[0]) if people else None
    address = f"/admin/today/?show={request.args['show']}" + (
        f"&owner={request.args['owner']}" if request.args.get("owner") else "")
    return render_template("today_rows.html", ask=ask, rows=rows[:PAGE], number=figures.counted(statement), now=now,
                           page=page, more=len(rows) > PAGE, person=person, address=address)


def _people() -> list[int] | None:
    """Whose rows: everybody's within the gate without ?owner=, mine, or one person's."""
    actor, owner = access.current(), request.args.get("owner", "")
    if request.args.get("show") == "done" and not owner:
        owner = "me"
    if owner == "me":
        return [actor.user_id or 0]
    if owner.isascii() and owner.isdigit() and len(owner) < 10:
        wide = actor.right("followup").read in (Scope.STORE, Scope.ALL)
        return [int(owner)] if wide or int(owner) in actor.team_ids else abort(404)
    return None
