"""The fields of a form over a stored record, drawn without making the form.

A form that is opened shows what its table declares; only the values differ from record to record. So each field is
drawn once for a person and kept in pieces (shell.py), with marks where the values go. A field that cannot be kept, for
its choices come from rows that nobody watches, is drawn anew. What is sent back is read by the form itself (forms.py).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from flask import get_template_attribute
from markupsafe import Markup, escape

from admin_app import access, directory, shell, words
from admin_app.columns import Field
from admin_app.desk import forms, kinds, rows
from admin_app.desk.fields import SMALL, reveal_address

TEXT, LABEL, KEY = shell.place("text"), shell.place("label"), "900000001"  # where a value, a name, the key go
SELECTED = " selected>"


class Drawing:
    """The form of one record: texts of its controls, and its sections ready to print."""

    def __init__(self, view: Any, row: Any, names: Sequence[str]) -> None:
        self.view, self.row, self.names = view, row, names
        self.texts = {name: kinds.typed(view.about[name], getattr(row, name)) for name in names}
        self.links = rows.linked_names(view.about, names, [row])
        self.reveals = access.can(view.table, "reveal")
        self._form: Any = None

    def was(self) -> str:
        """The texts as the form opens, for its hidden field `was`."""
        return json.dumps(self.texts, ensure_ascii=False)

    def sections(self) -> list[tuple[str, list[Markup]]]:
        """(heading, fields) in declared order; fields without a heading come first under none."""
        return [(heading, [self._field(name) for name in names]) for heading, names in self._headed()]

    def _headed(self) -> list[tuple[str, list[str]]]:
        """(heading, names of its fields); the same for every record."""

        def group() -> list[tuple[str, list[str]]]:
            found: dict[str, list[str]] = {}
            for name in self.names:
                heading = self.view.about[name].group
                found.setdefault(str(heading) if heading else "", []).append(name)
            return list(found.items())

        headed: list[tuple[str, list[str]]] = directory.current().keep(
            ("headings", self.view.table, tuple(self.names), words.language()), group)
        return headed

    def _field(self, name: str) -> Markup:
        field, text = self.view.about[name], self.texts[name]
        if field.kind == "choice" or (field.kind == "link" and field.target in SMALL):
            return self._select(name, field, text)
        if field.kind == "yes":
            return self._kept(name, bool(text), text="y" if text else "")
        if field.kind == "note":
            return self._filled(name, min(10, max(3, text.count("\n") + 2)), text)
        if field.kind == "link":
            return self._filled(name, bool(text), text)
        return self._filled(name, bool(field.private and text and self.reveals), text)

    def _filled(self, name: str, variant: Any, text: str) -> Markup:
        """A control that says its text; `variant` is what else of it depends on the text."""
        field = self.view.about[name]
        lines = "\n" * (variant - 2) if field.kind == "note" else ""
        kept = str(self._kept(name, variant, text=TEXT + lines if variant or field.kind != "link" else "",
                              reveals=field.kind != "link" and variant is True))
        label = self.links.get(name, {}).get(getattr(self.row, name), "") if field.kind == "link" else ""
        html = kept.replace(TEXT + lines, str(escape(text))).replace(LABEL, str(escape(label)))
        return Markup(html.replace(KEY, str(self.row.id)) if field.private else html)

    def _select(self, name: str, field: Field, text: str) -> Markup:
        if field.kind == "link" and field.target not in directory.WATCHED:
            return self._drawn(name, text)
        kept = str(self._kept(name, bool(text), text=self._some(name) if text else ""))
        if not text:
            return Markup(kept)
        option = f'<option value="{escape(text)}"'
        if f"{option}>" not in kept:
            return self._drawn(name, text)  # a choice that is offered no more
        return Markup(kept.replace(f"{option}>", option + SELECTED, 1))

    def _some(self, name: str) -> str:
        """Any text that the control of a field offers."""
        from admin_app.desk.fields import options_of

        field = self.view.about[name]
        if field.choices is not None:
            return str(field.choices.pairs()[0][0])
        return next((key for key, _label in options_of(field.target)), "")

    def _kept(self, name: str, variant: Any, text: str, reveals: bool = False) -> Markup:
        """A field as it was drawn first with this text; where an option was selected, none is."""

        def draw() -> Markup:
            html = str(self._drawn(name, text, reveals, LABEL if text == TEXT else None))
            return Markup(html.replace(SELECTED, ">", 1) if text else html)

        return shell.kept(("field", self.view.table, name, variant, reveals), draw)

    def _drawn(self, name: str, text: str, reveals: bool = False, label: str | None = None) -> Markup:
        if self._form is None:
            self._form = self.view._edit_form_class()
        field = self._form[name]
        field.text, field.link_label = text, label
        field.reveal_url = reveal_address(self.view.table, int(KEY), name) if reveals else ""
        render: Any = get_template_attribute("macros.html", "render_field")
        return Markup(render(field))


def open_names(view: Any) -> list[str]:
    """The fields that the form of a stored record has for this person."""
    return forms.left(view.table, view.typed, False, view.fixed)
