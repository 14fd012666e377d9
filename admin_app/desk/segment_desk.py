"""The screen of the segments: who belongs to one is counted while it is edited, and its customers open as a list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, jsonify
from flask_admin import expose
from flask_babel import gettext as _
from markupsafe import Markup

from admin_app import access
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk.clauses import ClauseDesk
from admin_app.desk.filters import list_address
from admin_app.desk.roads import DeskView
from admin_app.rules.segments import saved


class SharedDesk(DeskView):
    """A screen of rows of one store or of the whole group; those of the group are changed by its own roles."""

    beside = ("store_id",)

    def changeable(self, row: Any) -> bool:
        stores = access.current().store_ids
        return stores is None or row.store_id in stores

    def cell_words(self, name: str) -> Callable[[Any], Any] | None:
        if name != "store_id":
            return None
        everybody = Markup('<span class="muted">{}</span>').format(_("All stores"))
        return lambda row: everybody if row.store_id is None else None


class SegmentDesk(SharedDesk, ClauseDesk):
    """The hooks of SegmentView (views.py)."""

    create_template = edit_template = "rules/segment_form.html"
    details_template = "rules/segment.html"

    def counted(self, clauses: Any, store_id: int | None = None) -> str:
        """How many customers of the person's own scope fit, in words."""
        if not access.can("customer"):
            return ""
        number = saved.size(db.session, list(clauses or []), store_id, utcnow())
        if number > saved.MOST_COUNTED:
            return _("more than %(number)s customers", number=f"{saved.MOST_COUNTED:,}")
        return _("%(number)s customers", number=f"{number:,}")

    def customers_of(self, row: Any) -> str:
        """Address of the list of a segment's customers; empty for those who may not see customers."""
        return list_address("customer", ("segment", "equals", row.id)) if access.can("customer") else ""

    @expose("/size/", methods=("POST",))
    def size_view(self) -> Any:
        """JSON {"said": how many customers fit what is typed} or {"error": what cannot be read}. 403 for readers."""
        if not (self.can_create or self.can_edit):
            abort(403)
        form = self._create_form_class()
        field = form[self.clause_column]
        if any(line.error for line in field.lines):
            return jsonify({"error": " ".join(str(line.error) for line in field.lines if line.error)})
        if not field.lines:
            return jsonify({"said": ""})
        return jsonify({"said": self.counted(field.data), "lines": len(field.lines)})

    def bin(self, row: Any) -> None:
        """A segment that an enabled rule goes by stays."""
        saved.check_unused(db.session, row)
        super().bin(row)


