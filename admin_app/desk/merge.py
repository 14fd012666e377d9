"""Two people changed the same record: what each changed, field by field, and what is left to choose (DESIGN 5).

Three texts a field: as the form was opened, as it stands now (theirs), as it was typed (mine). Where only one
side changed a field its value is taken; where both did, the person chooses; nothing typed is lost.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from admin_app import access, prepared
from admin_app.database import db
from admin_app.desk import forms, kinds
from admin_app.desk.fields import DeskField, label_of_link
from admin_app.models import AuditEntry

LONGEST = 60_000  # characters of the opening texts that a form brings back


@dataclass(frozen=True)
class Difference:
    """One field of the merge page; the values are control texts, `shown_*` are for people."""

    field: DeskField
    was: str
    theirs: str
    mine: str

    @property
    def both_changed(self) -> bool:
        return self.theirs != self.was and self.mine != self.was and self.mine != self.theirs

    @property
    def taken(self) -> str:
        """What is kept where there is nothing to choose."""
        return self.theirs if self.mine == self.was else self.mine

    @property
    def joined(self) -> str:
        """Both notes, theirs first; empty for fields that hold one value."""
        return f"{self.theirs}\n{self.mine}" if self.field.about.kind == "note" and self.theirs and self.mine else ""

    def shown(self, text: str) -> str:
        """A control text as people read it."""
        about = self.field.about
        if about.kind == "choice" and about.choices is not None:
            found = about.choices.find(text)
            return str(found.label) if found is not None else text
        if about.kind == "link":
            return label_of_link(about.target, text)
        if about.kind == "moment":
            return text.replace("T", " ")
        return text


def opened(form: Any) -> str:
    """The texts of a form as it is opened, for its hidden field `was`."""
    return json.dumps({field.short_name: field.before or "" for field in forms.desk_fields(form)}, ensure_ascii=False)


def _was(text: str) -> dict[str, str]:
    try:
        found = json.loads(text[:LONGEST])
    except (ValueError, RecursionError):  # not ours, or nested without end
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def differences(form: Any, row: Any, was_text: str) -> list[Difference]:
    """The fields in which mine, theirs and the opening text are not all the same."""
    was, found = _was(was_text), []
    for field in forms.desk_fields(form):
        if not field.given:
            continue
        theirs = kinds.typed(field.about, getattr(row, field.short_name))
        one = Difference(field, was.get(field.short_name, theirs), theirs, field.text)
        if not one.was == one.theirs == one.mine:
            found.append(one)
    return found


def last_change(table: str, key: int) -> Any:
    """(actor_name, at) of the latest entry of the change record on a row, or None; whoever asks: the name belongs to
    the conflict."""
    with access.as_system(db.session, "who saved first"):
        found = prepared.rows(db.session, "last change", _last_change, table=table, key=key)
    return found[0] if found else None


def _last_change() -> Any:
    return sa.select(AuditEntry.actor_name, AuditEntry.at).where(
        AuditEntry.table == sa.bindparam("table", "", type_=sa.String()),
        AuditEntry.row_id == sa.bindparam("key", 0, type_=sa.Integer())).order_by(AuditEntry.seq.desc()).limit(1)
