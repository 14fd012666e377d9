"""WTForms fields and their HTML controls for the kinds of columns.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
import wtforms
from flask import request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from wtforms.validators import ValidationError
from wtforms.widgets import html_params

from admin_app import look
from admin_app.cleaning import Cleaned
from admin_app.columns import Field
from admin_app.database import db
from admin_app.desk import kinds, record

CONTROL = {"day": "date", "moment": "datetime-local", "phone": "tel", "email": "email"}
NUMBERS = {"whole": "numeric", "percent": "numeric", "number": "decimal", "money": "decimal"}
# Tables that fit into a <select>.
SMALL = {"store", "team", "role", "metric", "score_scheme", "score_period", "followup_rule", "segment"}
MOST_OPTIONS = 200


class Control:
    """The HTML of a field by its kind; FormField.render asks it."""

    input_type = "text"

    def __call__(self, field: DeskField, **attributes: Any) -> Markup:
        attributes.setdefault("id", field.id)
        if field.flags.required:
            attributes.setdefault("required", True)
        return getattr(self, f"_{field.about.kind}", self._line)(field, attributes)

    def _line(self, field: DeskField, attributes: dict[str, Any]) -> Markup:
        kind = field.about.kind
        if field.short_name in record.TABLE_COLUMNS:
            return _select(field, attributes, record.tables())
        control = "text" if field.about.private else CONTROL.get(kind, "text")
        extra: dict[str, Any] = {"type": control, "name": field.name, "value": field.text, "autocomplete": "off"}
        length = getattr(field.column.type, "length", None)
        if kind in ("text", "email") and length:
            extra["maxlength"] = length
        if kind in NUMBERS:
            extra["inputmode"] = NUMBERS[kind]
        box = Markup("<input {}>").format(_params(attributes | extra))
        return self._masked(field, box) if field.reveal_url else box

    def _masked(self, field: DeskField, box: Markup) -> Markup:
        return Markup('<div class="field-mask" data-mask>{}<button class="btn btn-ghost btn-icon" type="button" '
                      'data-reveal-url="{}" data-fills="{}" aria-label="{}">{}</button></div>').format(
            box, field.reveal_url, field.id, _("Show %(field)s", field=field.label.text), look.icon("eye", "sm"))

    def _note(self, field: DeskField, attributes: dict[str, Any]) -> Markup:
        lines = min(10, max(3, field.text.count("\n") + 2))
        extra = {"name": field.name, "rows": lines, "maxlength": kinds.NOTE_LENGTH}
        return Markup("<textarea {}>\n{}</textarea>").format(_params(attributes | extra), field.text)

    def _yes(self, field: DeskField, attributes: dict[str, Any]) -> Markup:
        attributes = attributes | {"type": "checkbox", "name": field.name, "value": "y"}
        attributes.pop("required", None)
        if field.text:
            attributes["checked"] = True
        return Markup('<input type="hidden" name="{}" value=""><input {}>').format(field.name, _params(attributes))

    def _choice(self, field: DeskField, attributes: dict[str, Any]) -> Markup:
        assert field.about.choices is not None
        return _select(field, attributes, [(str(value), str(label)) for value, label in field.about.choices.pairs()])

    def _link(self, field: DeskField, attributes: dict[str, Any]) -> Markup:
        if is_select(field.about.target):
            return _select(field, attributes, options_of(field.about.target))
        label = label_of_link(field.about.target, field.text) if field.link_label is None else field.link_label
        lookup = url_for(f"{field.table}.ajax_lookup", name=field.short_name)
        attributes = attributes | {
            "type": "search", "value": label, "role": "combobox", "aria-expanded": "false", "autocomplete": "off",
            "aria-autocomplete": "list", "aria-controls": f"{field.id}-list", "placeholder": _("Type to look it up")}
        return Markup(
            '<div class="link" data-link="{}" data-none="{}"><input type="hidden" name="{}" value="{}"><input {}>'
            '<button class="btn btn-ghost btn-icon" type="button" data-link-clear aria-label="{}"{}>{}</button>'
            '<ul class="link-list" id="{}-list" role="listbox" aria-label="{}" hidden></ul></div>').format(
            lookup, _("Nothing found"), field.name, field.text, _params(attributes),
            _("Clear %(field)s", field=field.label.text), Markup("" if field.text else " hidden"), look.icon("x", "sm"),
            field.id, field.label.text)


def _params(attributes: dict[str, Any]) -> Markup:
    return Markup(html_params(**attributes))  # html_params escapes


def _select(field: DeskField, attributes: dict[str, Any], options: Sequence[tuple[str, str]]) -> Markup:
    text = field.text
    blank = [] if field.flags.required and text else [("", _("Choose …") if field.flags.required else "–")]
    known = {value for value, _label in options}
    foreign = [(text, label_of_link(field.about.target, text) or text)] if text and text not in known else []
    body = Markup("").join(Markup('<option value="{}"{}>{}</option>').format(
        value, Markup(" selected") if value == text else "", label) for value, label in [*blank, *foreign, *options])
    return Markup("<select {}>{}</select>").format(_params(attributes | {"name": field.name}), body)


def is_select(target: str) -> bool:
    """Whether a link to this table is a select; all others are looked up while typing."""
    return target in SMALL


def options_of(target: str) -> list[tuple[str, str]]:
    """(id, name) of a small table's rows that this person may refer to, at most 200."""
    from admin_app.models import BY_TABLE

    model = BY_TABLE[target]
    rows = db.session.scalars(sa.select(model).order_by(model.id).limit(MOST_OPTIONS))
    return [(str(row.id), str(row)) for row in rows]


def label_of_link(target: str, text: str) -> str:
    """The name of the record with this id, "" where there is none or it is out of scope."""
    row = linked_row(target, text)
    return "" if row is None else str(row)


def linked_row(target: str, text: str) -> Any:
    """The record with this id as the gate shows it, or None. Asks the database, never the identity map."""
    from admin_app.models import BY_TABLE

    number = kinds.READ["link"](text or "").value
    model = BY_TABLE.get(target)
    if number is None or model is None:
        return None
    with db.session.no_autoflush:
        return db.session.scalars(sa.select(model).where(model.id == number)).first()


class DeskField(wtforms.Field):
    """A form field over one declared column. `text` is what the control says; `given` whether it was sent."""

    widget = Control()

    def __init__(self, label: Any, about: Field, column: sa.Column[Any], table: str, *, needed: bool = False,
                 **words: Any) -> None:
        super().__init__(label, description=about.help, **words)
        self.about, self.column, self.table = about, column, table
        self.text = ""
        self.given = False
        self.warnings: tuple[Any, ...] = ()
        self.reveal_url = ""
        self.link_label: str | None = None  # the name of the linked record where it is known already
        if needed or is_required(about, column):
            self.flags.required = True
            self.validators = (_required,)

    def process_data(self, value: Any) -> None:
        self.data = self.shown_before = value
        self.text = kinds.typed(self.about, value)
        self.before: str | None = None if value is None and self.about.kind == "yes" else self.text

    def process_formdata(self, valuelist: list[Any]) -> None:
        if not valuelist:
            return  # not sent: stays as it is
        self.given = True
        self.text = str(valuelist[-1]).replace("\r\n", "\n")
        if self.text == self.before:
            return  # as it was: a mask, a time without its seconds, a link that may be out of sight
        cleaned: Cleaned[Any] = kinds.read(self.about, self.column, self.text)
        self.data, self.warnings = cleaned.value, cleaned.warnings
        if cleaned.value is None and cleaned.warnings:
            raise ValueError(" ".join(str(one) for one in cleaned.warnings))
        if cleaned.value is not None and self.about.kind == "link":
            self._check_link()

    def _check_link(self) -> None:
        if linked_row(self.about.target, self.text) is None:
            self.data = None
            raise ValueError(_("There is no such record, or you may not use it here."))

    @property
    def changed(self) -> bool:
        """Whether the person changed what the control said."""
        return self.given and self.text != self.before

    def populate_obj(self, obj: Any, name: str) -> None:
        if not self.changed:
            return
        if self.data is None and not self.column.nullable and (self.column.default or self.column.server_default):
            return  # emptied, but the column keeps a default of its own
        setattr(obj, name, self.data)


def is_required(about: Field, column: sa.Column[Any]) -> bool:
    """Whether a person must fill the field in: the column takes no NULL and has no default."""
    return not column.nullable and column.default is None and column.server_default is None and about.kind != "yes"


def _required(_form: Any, field: DeskField) -> None:
    if not field.text.strip():
        raise ValidationError(_("This field is required."))


def reveal_address(table: str, row_id: int, name: str) -> str:
    """Where one private value is asked for by POST."""
    return f"{request.script_root}/admin/reveal/?table={table}&id={row_id}&field={name}"
