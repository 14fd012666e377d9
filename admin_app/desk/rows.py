"""The rows of a generated list: which columns a page reads, and each row as HTML.

A page prints the same columns twenty or a hundred times, so everything that is the same in every row is made once a
page: a printer a column, labels of choices, names of linked records. What only a script can use (boxes to choose rows,
buttons that delete or reveal) is added by list.js; the row brings its key, and the link to its form.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Sequence
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup, escape

from admin_app import access, clock, directory, words
from admin_app.columns import Field
from admin_app.database import db
from admin_app.desk import cells, exports, record
from admin_app.masking import masked
from admin_app.models import BY_TABLE

Printer = Callable[[Any], str]  # a row → its cell, the <td> included


def columns_of(view: Any, names: Sequence[str]) -> list[Any]:
    """The columns that a page of a list reads: those shown, those its screen looks at beside, those of its heading."""
    wanted = [*names, *view.beside, *said_by(view.model)]
    return [getattr(view.model, name) for name in dict.fromkeys(wanted) if name != "id"]


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
            found[name] = _names(field.target, keys) if keys else {}
    return found


def _names(table: str, keys: set[int]) -> dict[int, str]:
    if table not in directory.NAMED:
        return exports.names_of(BY_TABLE[table], keys)
    known, actor = directory.current().names(db.session, table), access.current()
    return {key: known[key][0] for key in keys
            if key in known and (actor.store_ids is None or known[key][1] is None or known[key][1] in actor.store_ids)}


class Table:
    """One page of a list, ready to print."""

    def __init__(self, view: Any, rows: Sequence[Any], *, picks: bool, edits: bool, acts: bool) -> None:
        self.view, self.picks, self.edits, self.acts = view, picks, edits, acts
        self.names = [name for name in view.shown if name != view.title]
        self.links = linked_names(view.about, view.shown, rows)
        self.today, self.now = clock.today(), clock.utcnow()
        self.edit_word = str(_("Edit"))
        self.base = view.address("")
        self.rows = rows
        view.before_rows(rows)

    def html(self) -> Markup:
        """The rows of the body."""
        printers = [self._printer(name, place) for place, name in enumerate(self.names)]
        return Markup("".join(self._row(row, printers) for row in self.rows))

    def _row(self, row: Any, printers: list[Printer]) -> str:
        name, key = escape(self.view.row_title(row, self.links)), row.id
        cells_ = "".join([printer(row) for printer in printers])
        pick = '<td class="pick"></td>' if self.picks else ""
        act = ""
        if self.acts:
            edit = (f'<a class="row-edit" href="{self.base}edit/?id={key}" aria-label="{self.edit_word} {name}"></a>'
                    if self.edits else "")
            act = f'<td class="acts">{edit}</td>'
        return (f'<tr data-id="{key}">{pick}<th scope="row"><a href="{self.base}details/?id={key}">'
                f"{name}</a></th>{cells_}{act}</tr>\n")

    def _printer(self, name: str, place: int) -> Printer:
        """How a column is printed. A screen's own words for a cell go before everything else."""
        field, own = self.view.about[name], self.view.cell_words(name)
        css = cells.css(field, name, place)
        plain = self._open(css)
        if own is not None:
            usual = self._usual(name, field, css, plain)
            return lambda row: usual(row) if (said := own(row)) is None else f"{plain}{said}</td>"
        return self._usual(name, field, css, plain)

    @staticmethod
    def _open(css: str) -> str:
        return f'<td class="{css}">' if css else "<td>"

    def _usual(self, name: str, field: Field, css: str, plain: str) -> Printer:
        empty = f"{plain}–</td>"
        if name in cells.OWED:
            return self._owed(name, css, plain, empty)
        inner = self._inner(name, field)

        def cell(row: Any) -> str:
            value = getattr(row, name)
            return empty if value is None or value == "" or value == [] else f"{plain}{inner(value)}</td>"

        return cell

    def _owed(self, name: str, css: str, plain: str, empty: str) -> Printer:
        """A day that something is owed by: red once it has passed, amber on the day itself."""
        late, soon = self._open(f"{css} late".strip()), self._open(f"{css} soon".strip())

        def cell(row: Any) -> str:
            value = getattr(row, name)
            if value is None:
                return empty
            return f"{late if value < self.today else soon if value == self.today else plain}{value.isoformat()}</td>"

        return cell

    def _inner(self, name: str, field: Field) -> Callable[[Any], Any]:
        """A value that is not empty, as the inside of its cell."""
        if name in record.TABLE_COLUMNS:
            return lambda value: escape(record.table_words(value))
        if field.private:
            return lambda value: f'<span class="mask" data-field="{name}">{escape(masked(field.private, value))}</span>'
        if field.kind == "link":
            known = self.links[name]
            return lambda value: escape(known.get(value, ""))
        if field.kind == "moment":
            return self._ago()
        if field.kind == "choice":
            made: dict[Any, Any] = {}

            def choice(value: Any) -> Any:
                if value not in made:
                    made[value] = cells.in_list(field, name, value, None)
                return made[value]

            return choice
        return lambda value: cells.in_list(field, name, value, None)


    def _ago(self) -> Callable[[Any], str]:
        """How long ago, with the time on hover; the words of a day are made once."""
        zone, now, said = clock.zone(), self.now, dict[int, str]()

        def ago(value: Any) -> str:
            here = value.astimezone(zone)
            days = (here.date() - self.today).days
            if days == 0:
                shown = words.ago_words(value, now)
            else:
                shown = said.get(days) or said.setdefault(days, words.days_apart(days))
            return f'<span title="{here:%Y-%m-%d %H:%M}">{shown}</span>'

        return ago


def card_labels(view: Any, picks: bool) -> Markup:
    """The style sheet that names the cells where a phone shows each row as a card: the same words for every row."""
    first = 2 if picks else 1
    rules = [f'.table-cards td:nth-of-type({place})::before{{content:"{_css(str(view.about[name].label))}"}}'
             for place, name in enumerate((name for name in view.shown if name != view.title), start=first)]
    return Markup("".join(rules))


def _css(text: str) -> str:
    """A text as the inside of a string of CSS."""
    return "".join(sign if sign.isalnum() or sign == " " else f"\\{ord(sign):x} " for sign in text)
