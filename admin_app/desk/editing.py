"""Adding, changing, merging and deleting a record on a generated screen.

A person's mistake is a sentence at the field, with everything typed kept. A record that somebody else saved in
the meantime is answered with the merge page (409). A form is taken once. Deleting moves to the recycle bin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import abort, flash, redirect, request
from flask_admin import expose
from flask_babel import gettext as _
from sqlalchemy.orm.exc import StaleDataError

from admin_app import access, once, prepared, scope
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk import cells, conflict, drawn, forms, kinds, merge, rows
from admin_app.desk.view import BaseDesk
from admin_app.errors import Refused, RuleError, StaleRow
from admin_app.rules import saving


@dataclass(frozen=True)
class Saved:
    """A record that was saved: after the commit nothing of it is read again."""

    id: int
    heading: str


class EditingDesk(BaseDesk):
    """The pages that write."""

    # ------------------------------------------------------------ what a screen may say for itself

    def make(self, form: Any) -> Any:
        """A new record from the form, added to the session. A screen whose rule makes the record overrides this."""
        row = self.model()
        self.apply(form, row, True)
        db.session.add(row)
        return row

    def apply(self, form: Any, row: Any, is_new: bool = False) -> None:
        """Put the changed fields of the form on the record, then let its rules normalise and check it."""
        with db.session.no_autoflush:
            form.populate_obj(row)
            self.before_save(row, form, is_new)
            for name, sentence in saving.prepare(db.session, row, utcnow()):
                label = self.about[name].label if name in self.about else ""
                flash(f"{label}: {sentence}" if label else str(sentence), "warning")

    def before_save(self, row: Any, form: Any, is_new: bool) -> None:
        """What a screen does before its record is checked; RuleError refuses it at a field."""

    # ------------------------------------------------------------ pages

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Any:
        if not self.can_create:
            abort(403)
        back = self.back()
        led = once.taken(db.session, request.form.get("once"))
        if led:
            return redirect(led)
        form = self._create_form_class()
        forms.trim(form, self.table, True)
        if request.method == "GET":
            forms.prefill(form, request.args)
            return self._form_page(form, None, back)
        if form.validate():
            saved = self._create(form)
            if saved is not None:
                return redirect(self._after(saved))
            led = once.taken(db.session, request.form.get("once"))  # a second press that was a moment later
            if led:
                return redirect(led)
        return self._form_page(form, None, back), 400

    def _create(self, form: Any) -> Any:
        def work() -> Any:
            row = self.make(form)
            db.session.flush()
            saving.settle(db.session, row, utcnow(), True)
            once.take(db.session, request.form.get("once"), self.address("details", row))
            saved = Saved(row.id, self.heading(row))
            db.session.commit()
            return saved

        return self._try(form, work)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Any:
        if not self.can_edit:
            abort(403)
        back = self.back()
        if request.method == "GET":
            return self._opened(self.plain_or_404(request.args.get("id")), back)
        row = self.row_or_404(request.args.get("id"))
        if not self._may_change(row.id):  # it may be read, but is not theirs to change
            abort(403)
        form = self._edit_form(row)
        if self._is_stale(row):
            return self._merge_page(form, row, back)
        if "_back" not in request.form and form.validate():
            try:
                saved = self._update(form, row)
                if saved is not None:
                    return redirect(self._after(saved))
            except (StaleDataError, StaleRow):
                db.session.rollback()
                row = self.row_or_404(request.args.get("id"))
                return self._merge_page(self._edit_form(row), row, back)
            row = self.row_or_404(request.args.get("id"))
        return self._form_page(form, row, back), 200 if "_back" in request.form else 400

    def _edit_form(self, row: Any) -> Any:
        form = self._edit_form_class(obj=row)
        forms.trim(form, self.table, False, self.fixed)
        return form

    def _update(self, form: Any, row: Any) -> Any:
        def work() -> Any:
            self.apply(form, row)
            db.session.flush()
            saving.settle(db.session, row, utcnow(), False)
            saved = Saved(row.id, self.heading(row))
            db.session.commit()
            return saved

        return self._try(form, work)

    def _try(self, form: Any, work: Any) -> Any:
        """Do it, or say at the field why not; None means that nothing was saved."""
        try:
            saved = work()
        except sa.exc.IntegrityError as error:
            db.session.rollback()
            self._refuse(form, conflict.sentence_for(self.model, error))
            return None
        except StaleRow:
            raise
        except RuleError as error:
            db.session.rollback()
            self._refuse(form, error)
            return None
        for field in forms.desk_fields(form):
            for warning in field.warnings if field.changed else ():
                flash(f"{field.label.text}: {warning}", "warning")
        return saved

    def _refuse(self, form: Any, error: RuleError) -> None:
        name = error.field or ""
        found = next((form[one] for one in (name, f"{name}_id") if one in form), None)
        if found is None and isinstance(error, Refused):
            raise error
        if found is None:
            flash(str(error.message), "error")
            return
        found.errors = [*found.errors, str(error.message)]

    def _after(self, saved: Saved) -> str:
        flash(_("%(name)s is saved.", name=saved.heading), "success")
        if "_add_another" in request.form:
            return self.address("new", url=request.values.get("url"))
        if "_continue_editing" in request.form:
            return self.address("edit", saved, url=request.values.get("url"))
        return self.back() if request.values.get("url") else self.address("details", saved)

    def _form_page(self, form: Any, row: Any, back: str, *, stale: bool = False) -> str:
        """The form. stale: it stays the form of the version that it was opened on."""
        if row is not None:
            forms.offer_reveal(form, row)
        return self.render(
            self.edit_template, view=self, row=row, form=form, back=back, groups=forms.groups(form, self.model),
            heading=self.heading(row) if row is not None else "", once=request.form.get("once") or once.new_key(),
            was=request.form.get("was", "") if stale else merge.opened(form),
            version=request.form.get("version") if stale else getattr(row, "version", None),
            fixed=self._fixed(row), last=merge.last_change(self.table, row.id) if row is not None else None)

    def _opened(self, row: Any, back: str) -> str:
        """The form over a record as it stands. It may be read, but need not be this person's to change: 403."""
        if not row.mine:
            abort(403)
        drawing = drawn.Drawing(self, row, drawn.open_names(self))
        return self.render(
            self.edit_template, view=self, row=row, form=None, back=back, groups=drawing.sections(),
            heading=rows.heading(self.model, row), was=drawing.was(), version=getattr(row, "version", None),
            fixed=self._fixed(row), last=merge.last_change(self.table, row.id))

    def _may_change(self, key: int) -> bool:
        """Whether the record with this key is this person's to change."""

        def build() -> sa.Select[Any]:
            mine = scope.criterion(self.model, access.current(), "write")
            return sa.select(self.model.id).where(self.model.id == sa.bindparam("key", 0, type_=sa.Integer()),
                                                  sa.true() if mine is None else mine)

        return bool(prepared.rows(db.session, ("may change", self.table), build, key=key))

    def _fixed(self, row: Any) -> list[tuple[Any, Any]]:
        """What the form shows but does not take: read-only fields that hold something."""
        if row is None:
            return []
        shown = [(name, field) for name, field in self.about.items() if (field.readonly or name in self.fixed)
                 and not (field.hidden or field.private or field.kind == "data")]
        return [(field.label, cells.in_details(field, name, getattr(row, name), self.linked(row, name)))
                for name, field in shown if getattr(row, name) not in (None, "")]

    # ------------------------------------------------------------ conflict

    def _is_stale(self, row: Any) -> bool:
        """Whether the form was opened on an older version. A form without a version is taken as it comes."""
        text = request.form.get("version", "")
        return text.isdigit() and hasattr(row, "version") and text != str(row.version)

    def _merge_page(self, form: Any, row: Any, back: str) -> Any:
        found = self._differences(form, row)
        both = [one for one in found if one.both_changed]
        one_sided = [one for one in found if not one.both_changed]
        return self.render(
            "desk/merge.html", view=self, row=row, heading=self.heading(row), back=back, both=both,
            one_sided=[one for one in one_sided if one.taken != one.was], last=merge.last_change(self.table, row.id),
            kept=[*((one.field.name, one.taken) for one in one_sided if one.mine != one.was), *self._stands(form, row)],
            was={field.short_name: kinds.typed(field.about, getattr(row, field.short_name))
                 for field in forms.desk_fields(form)}, opened_version=request.form.get("version")), 409

    def _differences(self, form: Any, row: Any) -> list[merge.Difference]:
        """The fields in which what was typed, what stands now and what was opened are not all the same."""
        return merge.differences(form, row, request.form.get("was", ""))

    def _stands(self, form: Any, row: Any) -> list[tuple[str, str]]:
        """(name, text) of what the merge page posts back beside the fields, of the record as it stands now."""
        return []

    # ------------------------------------------------------------ recycle bin

    @expose("/delete/", methods=("POST",))
    def delete_view(self) -> Any:
        if not self.can_delete:
            abort(403)
        back = self.back()
        row = self.row_or_404(request.form.get("id"))
        heading = self.heading(row)
        self.bin(row)
        db.session.commit()
        flash(_("%(name)s is in the recycle bin.", name=heading), "success")
        flash(f"{request.script_root}/admin/recycle/restore/?table={self.table}&id={row.id}", "undo")
        gone = f"/{self.table}/details/" in back or f"/{self.table}/edit/" in back
        return redirect(f"{request.script_root}/admin/{self.table}/" if gone else back)

    def bin(self, row: Any) -> None:
        """Move a record to the recycle bin; the caller commits."""
        row.deleted_at, row.deleted_by_id = utcnow(), access.current().user_id
        db.session.flush()
