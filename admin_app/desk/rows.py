"""The rows of a generated list: which columns a page reads, and each row as HTML.

A page prints the same columns twenty or a hundred times, so everything that is the same in every row is made once a
page: a printer a column, labels of choices, names of linked records. What is the same in every row but for the key
(the box that chooses it, the buttons that edit, delete and reveal) is added by list.js; a row brings its key, the
link to its page, and `data-fixed` where it is not this person's to change: it gets neither box nor buttons.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from markupsafe import Markup, escape

from admin_app import clock, directory, words
from admin_app.columns import Field
from admin_app.desk import cells, exports, record
from admin_app.masking import masked

Printer = Callable[[Any], str]  # a row → its cell, the <td> included


def columns_of(view: Any, names: Sequence[str]) -> list[Any]:
    """The columns that a page of a list reads: those shown, those its screen looks at beside, those of its heading."""
    said = said_by(view.model)
    return [_bare(view, name) if name not in said else getattr(view.model, name)
            for name in dict.fromkeys([*names, *view.beside, *said]) if name != "id"]


def _bare(view: Any, name: str) -> Any:
    """A column as it is read: choices as the driver gives them; a page looks each of them up once."""
    attribute = getattr(view.model, name)
    return sa.type_coerce(attribute, sa.String()).label(name) if view.about[name].kind == "choice" else attribute


def said_by(model: Any) -> list[str]:
    """The columns that a record's name is made of; none where it is made of something else."""
    used = [name for name in model.__str__.__code__.co_names if not hasattr(builtins, name)]
    return used if all(name in model.__table__.c for name in used) else []


def heading(model: Any, row: Any) -> str:
    """A record's name, from a plain row that columns_of() has read."""
    said = model.__str__(row) if said_by(model) else ""
    return said or f"#{row.id}"


def linked_names(about: dict[str, Field], names: Sequence[str], rows: Sequence[Any]) -> dict[str, dict[int, str]]:
    """link column → key → name of the record it leads to, as far as the person may see it. Staff, stores, teams and
    roles come from the directory; other tables are asked once a column."""
    found = {}
    for name in names:
        field = about[name]
        if field.kind == "link":
            keys = {key for key in (getattr(row, name) for row in rows) if key is not None}
            found[name] = exports.linked(field.target, keys) if keys else {}
    return found


class Table:
    """One page of a list, ready to print."""

    def __init__(self, view: Any, rows: Sequence[Any], *, picks: bool, edits: bool, drops: bool) -> None:
        self.view, self.acts = view, edits or drops
        self.pick, self.act = "<td></td>" if picks else "", "<td></td>" if self.acts else ""
        self.names = [name for name in view.shown if name != view.title]
        self.links = linked_names(view.about, view.shown, rows)
        self.today, self.now = clock.today(), clock.utcnow()
        self.base = view.address("")
        self.rows = rows
        view.before_rows(rows)

    def html(self) -> Markup:
        """The rows of the body."""
        printers = [self._printer(name) for name in self.names]
        return Markup("".join(self._row(row, printers) for row in self.rows))

    def _row(self, row: Any, printers: list[Printer]) -> str:
        name, key = escape(self.view.row_title(row, self.links)), row.id
        inside = "".join([printer(row) for printer in printers])
        fixed = "" if self.view.changeable(row) else " data-fixed"
        return (f'<tr{fixed}>{self.pick}<th scope="row"><a href="{self.base}details/?id={key}">'
                f"{name}</a></th>{inside}{self.act}</tr>\n")

    def _printer(self, name: str) -> Printer:
        """How a column is printed. A screen's own words for a cell go before everything else."""
        own, usual = self.view.cell_words(name), self._usual(name, self.view.about[name])
        if own is None:
            return usual
        return lambda row: usual(row) if (said := own(row)) is None else f"<td>{said}</td>"

    def _usual(self, name: str, field: Field) -> Printer:
        if name in cells.OWED:
            return self._owed(name)
        if field.kind == "moment":
            return self._ago(name)
        inner = self._inner(name, field)

        def cell(row: Any) -> str:
            value = getattr(row, name)
            return "<td>–</td>" if value is None or value == "" or value == [] else f"<td>{inner(value)}</td>"

        return cell

    def _owed(self, name: str) -> Printer:
        """A day that something is owed by: red once it has passed, amber on the day itself."""

        def cell(row: Any) -> str:
            value = getattr(row, name)
            if value is None:
                return "<td>–</td>"
            css = ' class="late"' if value < self.today else ' class="soon"' if value == self.today else ""
            return f"<td{css}>{value.isoformat()}</td>"

        return cell

    def _inner(self, name: str, field: Field) -> Callable[[Any], Any]:
        """A value that is not empty, as the inside of its cell."""
        if name in record.TABLE_COLUMNS:
            return lambda value: escape(record.table_words(value))
        if field.private:
            return lambda value: escape(masked(field.private, value))
        if field.kind == "link":
            known = self.links[name]
            return lambda value: escape(known.get(value, ""))
        if field.kind == "choice":
            made: dict[Any, Any] = {}

            def choice(value: Any) -> Any:
                if value not in made:
                    member = field.choices.find(value) if field.choices else None
                    made[value] = cells.short_choice(name, member or value)
                return made[value]

            return choice
        return lambda value: cells.in_list(field, name, value, None)

    def _ago(self, name: str) -> Printer:
        """How long ago, with the time on hover; the words of a day are made once."""
        zone, now, said = clock.zone(), self.now, dict[int, str]()

        def ago(row: Any) -> str:
            value = getattr(row, name)
            if value is None:
                return "<td>–</td>"
            here = value.astimezone(zone)
            days = (here.date() - self.today).days
            if days == 0:
                shown = words.ago_words(value, now)
            else:
                shown = said.get(days) or said.setdefault(days, words.days_apart(days))
            return f'<td title="{here:%Y-%m-%d %H:%M}">{shown}</td>'

        return ago


def style(view: Any, picks: bool) -> Markup:
    """The style sheet of a page of the list: what is the same in every cell of a column, said once. A tablet leaves out
    the cells from the sixth on; a phone shows each row as a card and names its cells."""
    return directory.current().keep(("style", view.table, tuple(view.shown), picks, words.language()),
                                    lambda: _style(view, picks))


def _style(view: Any, picks: bool) -> Markup:
    every, phone, first = [], [], 2 if picks else 1
    names = [name for name in view.shown if name != view.title]
    for place, name in enumerate(names, start=first):
        field, cell = view.about[name], f"td:nth-of-type({place})"
        wide, narrow = cells.rule(field, name, cell, _css(str(field.label)))
        every.append(wide)
        phone.append(narrow)
    if len(names) > cells.SHORT:
        last = first + len(names) - 1
        tail = f"td:nth-of-type(n+{first + cells.SHORT}):nth-of-type(-n+{last})"
        every.append(f"@media(min-width:600px) and (max-width:991.98px){{{tail}{{display:none}}}}")
    return Markup(f"{''.join(every)}@media(max-width:599.98px){{{''.join(phone)}}}")


def _css(text: str) -> str:
    """A text as the inside of a string of CSS."""
    return "".join(sign if sign.isalnum() or sign == " " else f"\\{ord(sign):x} " for sign in text)
