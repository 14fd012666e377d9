"""The rows behind a figure of the team scores: exactly as many as the figure says, within the viewer's rights."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import abort, render_template, request
from markupsafe import Markup
from sqlalchemy.orm import selectinload

from admin_app import access, words
from admin_app.clock import utcnow
from admin_app.columns import Field, field_of
from admin_app.database import db
from admin_app.desk import cells
from admin_app.desk.view import is_key
from admin_app.models import BY_TABLE, Role, Store, User
from admin_app.pages.scores import bp, period_asked
from admin_app.rules.scores import SOURCES, closing, measuring, viewing
from admin_app.rules.scores import cards as score_cards
from admin_app.rules.scores.cards import Terms
from admin_app.rules.scores.measuring import Found, Window
from admin_app.rules.scores.periods import Period

PAGE = 100
PARTS = ("numerator", "denominator")

# What is shown of a row, beside its name and its customer: what the figure was made of, and whose it was.
COLUMNS: dict[str, tuple[str, ...]] = {
    "followup": ("due_on", "closed_at", "state", "channel", "assignee_id"),
    "visit": ("at", "channel", "result", "satisfaction", "staff_id"),
    "promise": ("due_on", "state", "settled_at", "by_id"),
    "customer": ("stage", "grade", "last_contact_at", "completeness", "owner_id", "advisor_id"),
    "complaint": ("received_at", "level", "state", "finished_at", "owner_id", "responsible_id"),
    "complaint_step": ("kind", "at", "round", "note", "by_id"),
    "vehicle": ("bought_on", "price", "plate", "sold_by_id"),
    "repair_order": ("kind", "opened_at", "promised_at", "closed_at", "satisfaction", "same_fault", "advisor_id"),
    "campaign_member": ("campaign_id", "state", "attended_at", "feedback", "invited_by_id"),
}


@dataclass
class Asked:
    """The figure whose rows are asked for, and the statement that gives them."""

    store: Store
    period: Period
    user: User
    role: str
    terms: Terms
    found: Found
    part: str
    model: Any
    statement: sa.Select[Any]

    @property
    def number(self) -> int:
        """How many rows the figure has."""
        return self.found.good if self.part == "numerator" else self.found.whole

    def address(self, **changes: Any) -> str:
        given = {"period": self.period.label, "metric": self.terms.code, "user": self.user.id, "part": self.part}
        return f"{request.script_root}/admin/scores/rows/?" + urlencode(given | changes)

    @property
    def back(self) -> str:
        """The card that the figure stands on."""
        given = {"period": self.period.label, "role": self.role, "open": self.user.id}
        if access.current().store_ids is None:
            given["store"] = self.store.code
        return f"{request.script_root}/admin/scores/?{urlencode(given)}#p{self.user.id}"


def asked(now: dt.datetime) -> Asked:
    """Read the address; 404 for people, metrics and periods that the viewer may not open."""
    period, part = period_asked(now), request.args.get("part", "denominator")
    key = request.args.get("user", "")
    user = db.session.get(User, int(key)) if is_key(key) else None
    store = db.session.get(Store, user.store_id) if user is not None else None
    if user is None or store is None or part not in PARTS or not viewing.sees_lines(access.current(), store, user.id):
        abort(404)
    row = closing.period_row(db.session, store, period)
    metric, window = request.args.get("metric", ""), score_cards.window_of(db.session, store, period, now)
    found = _kept(row, user, metric, part, window) if closing.is_closed(row) else _live(user, metric, part, window)
    if found is None:
        abort(404)
    role, terms, count, model, statement = found
    return Asked(store, period, user, role, terms, count, part, model, statement)


def _live(user: User, metric: str, part: str, window: Window) -> Any:
    """The rows as they stand, by the description that the figure is counted with; None without such a line."""
    with access.as_system(db.session, score_cards.WHY):
        role, manages = db.session.execute(sa.select(Role.code, Role.manages).where(Role.id == user.role_id)).one()
        scheme = score_cards.schemes(db.session, window.period).get(role)
        terms = next((one for one in scheme.terms if one.code == metric), None) if scheme else None
        if terms is None or terms.source not in SOURCES:
            return None
        members = score_cards.teams(db.session, [(user.id, user.name, user.team_id, manages)])
        rows = SOURCES[terms.source].rows(db.session, window)
        count = measuring.measure(db.session, rows, members)[user.id]
    return role, terms, count, rows.model, measuring.rows_of(rows, members[user.id], good_only=part == "numerator")


def _kept(row: Any, user: User, metric: str, part: str, window: Window) -> Any:
    """The rows that were counted when the period was closed, by their keys; None without such a line."""
    found = closing.card_of(db.session, row, user.id)
    line = found[1].line(metric) if found else None
    if found is None or line is None or line.terms.source not in SOURCES:
        return None
    with access.as_system(db.session, score_cards.WHY):
        model = SOURCES[line.terms.source].rows(db.session, window).model
    good = [key for key, counts in line.rows or () if counts]
    keys = good if part == "numerator" else [key for key, _counts in line.rows or ()]
    statement = sa.select(model, model.id.in_(good).label("counts")).where(model.id.in_(keys))
    return found[0], line.terms, line.found, model, statement.order_by(model.id.desc())


@bp.get("/rows/")
def rows() -> Any:
    """The rows of a figure: the exact count, a hundred a page, private fields masked."""
    this = asked(utcnow())
    number = max(1, request.args.get("page", 1, type=int))
    model, columns = this.model, _columns(this.model)
    visible = db.session.scalar(sa.select(sa.func.count()).select_from(
        this.statement.with_only_columns(model.id).order_by(None).subquery())) or 0
    names = [name[:-3] for name, field in columns if field.kind == "link"]
    names += [name for name in ("customer", "complaint") if hasattr(model, f"{name}_id")]
    loaders = [selectinload(getattr(model, name)) for name in dict.fromkeys(names)]
    found = db.session.execute(this.statement.options(*loaders).limit(PAGE).offset((min(number, 10_000) - 1) * PAGE))
    shown = [(row, bool(counts)) for row, counts in found]
    return render_template(
        "scores_rows.html", this=this, columns=columns, rows=shown, visible=visible, hidden=this.number - visible,
        before=this.address(page=number - 1) if number > 1 else "", cell=cell, name=name_of, customer=customer_of,
        after=this.address(page=number + 1) if number * PAGE < visible else "",
        has_customer=model.__tablename__ != "customer" and hasattr(model, "customer_id"), first=(number - 1) * PAGE)


def _columns(model: Any) -> list[tuple[str, Field]]:
    return [(name, field_of(model, name)) for name in COLUMNS[model.__tablename__]]


def name_of(row: Any) -> Markup:
    """The row's name, linked to its record; a step leads to its complaint."""
    target = row.complaint if row.__tablename__ == "complaint_step" and row.complaint is not None else row
    return Markup('<a href="{}/admin/{}/details/?id={}">{}</a>').format(
        request.script_root, target.__tablename__, target.id, str(target))


def customer_of(row: Any) -> Markup:
    """The customer of a row, linked; a dash where the viewer may not see it or there is none."""
    if row.customer is None:
        return Markup('<span class="muted">{}</span>').format(words.DASH)
    return Markup('<a href="{}/admin/customer/details/?id={}">{}</a>').format(
        request.script_root, row.customer.id, row.customer.name)


def cell(row: Any, name: str, field: Field) -> Any:
    """A value as a list shows it, times exact, private ones masked."""
    value = getattr(row, name)
    if isinstance(value, dt.datetime):
        return words.moment(value)
    linked = getattr(row, name[:-3]) if field.kind == "link" and value is not None else None
    return cells.in_list(field, name, value, linked)


assert set(COLUMNS) <= set(BY_TABLE)
