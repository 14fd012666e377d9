"""The roads of a generated screen beside its pages: look-up of links, export, bulk actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import sqlalchemy as sa
from flask import abort, flash, jsonify, redirect, request
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from admin_app import access, access_log, clock, scope
from admin_app.columns import fields
from admin_app.database import db, start_writing
from admin_app.desk import asking, chosen, exports, handing, listing, toolbar
from admin_app.desk.editing import EditingDesk
from admin_app.desk.view import is_key
from admin_app.errors import Refused, RuleError
from admin_app.masking import masked
from admin_app.models import BY_TABLE
from admin_app.rules import field_sets, reveals

MOST_FOUND = 20  # rows a look-up answers with
MOST_AT_ONCE = 100  # rows of one bulk action: those of a page
ASK = "ask_delete"  # the bulk action that asks a second person first


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
    ask_delete = Bulk(ASK, _l("Request deletion"), "shield", "", "delete", lambda view, row: None)

    def bulk_offered(self) -> list[Bulk]:
        """The bulk actions that this person may use here."""
        found = [one for one in self.bulk if self._may(one)]
        return [*found, self.ask_delete] if self.asks_delete else found

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
        """What the list shows, as a file: its filters, search, order and columns; `?all=1` with every field."""
        if export_type not in handing.KINDS:
            abort(404)
        if not self.can_export:
            abort(403)
        reveals.check_agreement(db.session, clock.today())
        start_writing(db.session)
        names = [name for name, _field in exports.columns_of(self.model)] if "all" in request.args else self.shown
        why = _("; ").join(asking.narrowed(self, request.args))
        try:
            return self.hand_out(self.taken(request.args, names), export_type,
                                 lambda number: access_log.exported(self.table, number, why))
        except handing.TooMany:
            db.session.rollback()
            flash(_("An export holds at most %(most)s rows. Narrow the list by a filter.",
                    most=f"{exports.MOST_ROWS:,}"), "error")
            return redirect(self.address(""))

    def taken(self, given: Any, names: list[str], **more: Any) -> exports.Export:
        """What an export of this list carries: `given` are the arguments of its address."""
        view_args = self.asked(given)
        ordered = listing.ordered(self.model, self.statement(view_args), self.list_order(view_args))
        return exports.Export(self.model, names, ordered, lambda piece: self.veil(piece, names), self.beside, **more)

    def hand_out(self, export: exports.Export, kind: str, note: Callable[[int], None], most: int | None = None) -> Any:
        """The file, its number of rows logged by `note` in the transaction that read them."""
        return handing.answer(export, kind, f"{self.table}_{clock.today():%Y-%m-%d}", str(self.many), note, most=most)

    def veil(self, piece: Any, names: list[str]) -> list[Any]:
        """Rows of an export (key, its columns, those `beside`) as this reader may see them. A screen may hide more."""
        return list(piece)

    # ------------------------------------------------------------ columns

    @expose("/columns/", methods=("POST",))
    def columns_view(self) -> Any:
        """Choose the columns of this list, move one, keep them for oneself or under a name; back to the list."""
        names, _strangers = chosen.fitting(self, request.form.getlist("col"))
        verb, _colon, name = request.form.get("verb", "show").partition(":")
        leave_open = verb in ("up", "down")
        if leave_open:
            names = chosen.fitting(self, chosen.moved(names, name, -1 if verb == "up" else 1))[0]
        try:
            if verb == "keep":
                field_sets.save(db.session, self.table, names, name=_("My list"), as_standard=True)
                flash(_("This list keeps these columns."), "success")
            elif verb == "save":
                kept = field_sets.save(db.session, self.table, names, name=request.form.get("name", ""),
                                       shared="shared" in request.form)
                flash(_("The field set %(name)s is saved.", name=kept.name), "success")
            elif verb == "usual":
                field_sets.forget_standard(db.session, self.table)
                names = []
            db.session.commit()
        except RuleError as error:
            db.session.rollback()
            flash(str(error.message), "error")
            leave_open = True
        return redirect(self._list_with(names, leave_open))

    def _list_with(self, names: list[str], leave_open: bool) -> str:
        """The list that the form stood on, with other columns."""
        kept = [(key, value) for key, value in parse_qsl(urlsplit(self.back()).query)
                if key not in ("cols", "columns", *toolbar.PAGING)]
        more = ([("cols", ",".join(names))] if names else []) + ([("columns", "1")] if leave_open else [])
        return f"{self.address('')}?{urlencode([*kept, *more])}"

    # ------------------------------------------------------------ bulk

    @expose("/action/", methods=("POST",))
    def action_view(self) -> Any:
        """One action on the chosen rows: all of them in one transaction, or none."""
        back = self.back()
        one = next((one for one in (*self.bulk, self.ask_delete) if one.name == request.form.get("action")), None)
        if one is None:
            abort(400)
        if not (self.asks_delete if one.name == ASK else self._may(one)):
            abort(403)
        keys = [int(text) for text in request.form.getlist("rowid") if is_key(text)]
        if not keys or len(keys) > MOST_AT_ONCE:
            flash(_("Choose between 1 and %(most)s rows.", most=MOST_AT_ONCE), "error")
            return redirect(back)
        rows = list(db.session.scalars(sa.select(self.model).where(self.model.id.in_(keys))))
        if len(rows) != len(set(keys)):
            abort(404)
        if one.name == ASK:
            return redirect(asking.delete_address(self.table, keys))
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
