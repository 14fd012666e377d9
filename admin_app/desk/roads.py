"""The roads of a generated screen beside its pages: look-up of links, export, bulk actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, jsonify, redirect, request
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from admin_app import access, access_log, clock, scope
from admin_app.columns import fields
from admin_app.database import db, writing
from admin_app.desk import exports, listing
from admin_app.desk.editing import EditingDesk
from admin_app.desk.view import is_key
from admin_app.errors import Refused, RuleError
from admin_app.masking import masked
from admin_app.models import BY_TABLE
from admin_app.rules import reveals

MOST_FOUND = 20  # rows a look-up answers with
MOST_AT_ONCE = 100  # rows of one bulk action: those of a page


@dataclass(frozen=True)
class Bulk:
    """An action on the chosen rows: its name, label, icon, question ({n} is the count), right and work on a row.

    `ask` makes a page that asks for what the work needs, given the rows and what was wrong; without it the question
    is enough.
    """

    name: str
    label: Any
    icon: str
    sentence: Any
    verb: str
    work: Callable[[Any, Any], None]
    ask: Callable[..., Any] | None = None


def label_in_lookup(row: Any) -> str:
    """A record's name with what tells it from others: the masked phone, plate or number."""
    parts = [str(row)]
    for name, _column, field in fields(type(row)):
        value = getattr(row, name)
        if value and (field.private in ("phone", "tail")) and len(parts) < 3:
            parts.append(masked(field.private, str(value)))
    return " · ".join(part for part in parts if part) or f"#{row.id}"


class DeskView(EditingDesk):
    """A generated screen: what views.py derives from."""

    bulk: tuple[Bulk, ...] = (
        Bulk("delete", _l("Delete"), "trash", _l("Move {n} records to the recycle bin?"), "delete",
             lambda view, row: view.bin(row)),
    )

    def bulk_offered(self) -> list[Bulk]:
        """The bulk actions that this person may use here."""
        return [one for one in self.bulk if self._may(one)]

    def _may(self, one: Bulk) -> bool:
        return self.can_delete if one.verb == "delete" else access.can(self.table, one.verb)

    # ------------------------------------------------------------ look-up

    @expose("/ajax/lookup/")
    def ajax_lookup(self) -> Any:
        """Records that a link of this form may name, as [[id, label]]: in scope, at most 20, best ones first."""
        name = request.args.get("name", "")
        name = name if name in self.about else f"{name}_id"
        field = self.about.get(name)
        if field is None or field.kind != "link" or field.hidden:
            abort(404)
        if field.target not in scope.DIRECTORY and not access.can(field.target, "read"):
            abort(403)
        limit = min(max(request.args.get("limit", MOST_FOUND, type=int), 1), MOST_FOUND)
        offset = min(max(request.args.get("offset", 0, type=int), 0), 10_000)
        model = BY_TABLE[field.target]
        query = request.args.get("query", "")
        statement = listing.search(model, sa.select(model), query)
        statement = self.narrow_lookup(name, statement).order_by(model.id.desc()).limit(limit).offset(offset)
        rows = db.session.scalars(statement).all()
        if query and any(about.private for _name, about in listing.searched(model)):
            access_log.searched(field.target, query, len(rows))
        return jsonify([[row.id, label_in_lookup(row)] for row in rows])

    def narrow_lookup(self, name: str, statement: Any) -> Any:
        """Which records a link offers: staff who are active; a screen may narrow it more."""
        model = BY_TABLE[self.about[name].target]
        return statement.where(model.active.is_(True)) if model.__tablename__ == "user" else statement

    @expose("/ajax/update/", methods=("POST",))
    def ajax_update(self) -> Any:
        abort(404)  # cells are not edited in place: nothing goes round the form's checks

    # ------------------------------------------------------------ export

    @expose("/export/<export_type>/")
    def export(self, export_type: str) -> Any:
        """The list as it is filtered and sorted, as a file; logged before it is read."""
        if export_type not in self.export_types:
            abort(404)
        if not self.can_export:
            abort(403)
        reveals.check_agreement(db.session, clock.today())
        view_args = self._get_list_extra_args()
        statement = self.statement(view_args)
        number, _shown = listing.count(self.model, statement, exact=True)
        if number > exports.MOST_ROWS:
            flash(_("These are %(number)s rows; an export holds at most %(most)s. Narrow the list by a filter.",
                    number=f"{number:,}", most=f"{exports.MOST_ROWS:,}"), "error")
            return redirect(self.address(""))
        self._log_export(number)
        ordered = listing.ordered(self.model, statement, self.list_order(view_args))
        filename = f"{self.table}_{clock.today():%Y-%m-%d}"
        if export_type == "csv":
            return exports.csv_answer(self.model, ordered, filename, self.veil)
        return exports.xlsx_answer(self.model, ordered, filename, str(self.many), self.veil)

    def veil(self, piece: Any) -> list[Any]:
        """Rows of an export (key, then the columns) as this reader may see them. A screen may hide more."""
        return list(piece)

    def _log_export(self, number: int) -> None:
        db.session.rollback()
        writing.set(True)  # a reading request that writes: its transaction must begin as a writer's
        access_log.exported(self.table, number)
        db.session.commit()
        writing.set(False)

    # ------------------------------------------------------------ bulk

    @expose("/action/", methods=("POST",))
    def action_view(self) -> Any:
        """One action on the chosen rows: all of them in one transaction, or none."""
        back = self.back()
        one = next((one for one in self.bulk if one.name == request.form.get("action")), None)
        if one is None:
            abort(400)
        if not self._may(one):
            abort(403)
        keys = [int(text) for text in request.form.getlist("rowid") if is_key(text)]
        if not keys or len(keys) > MOST_AT_ONCE:
            flash(_("Choose between 1 and %(most)s rows.", most=MOST_AT_ONCE), "error")
            return redirect(back)
        rows = list(db.session.scalars(sa.select(self.model).where(self.model.id.in_(keys))))
        if len(rows) != len(set(keys)):
            abort(404)
        if one.ask is not None and "confirm" not in request.form:
            return one.ask(self, rows)
        try:
            for row in rows:
                one.work(self, row)
            db.session.commit()
        except RuleError as error:
            db.session.rollback()
            if one.ask is not None and not isinstance(error, Refused):
                return one.ask(self, rows, str(error.message))
            flash(_("Nothing was changed: %(why)s", why=error.message), "error")
            return redirect(back)
        flash(ngettext("%(label)s: one record.", "%(label)s: %(num)d records.", len(rows), label=one.label), "success")
        return redirect(back)
