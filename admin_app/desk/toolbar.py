"""What stands around a generated list: headings that sort, filter chips, the filter form, pages, the export links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from flask import render_template, request
from flask_babel import gettext as _
from markupsafe import Markup

from admin_app import access, look, shell
from admin_app.database import db
from admin_app.desk import asking, chosen, record
from admin_app.desk.cells import NUMERIC, SHORT
from admin_app.desk.fields import is_select, label_of_link, options_of
from admin_app.desk.filters import RELATIVE, Filter
from admin_app.desk.listing import Page
from admin_app.rules import field_sets

PAGING = ("page", "after", "before", "last", "to", "filters", "columns")


def _address(path: str, leave: tuple[str, ...] = (), **change: Any) -> str:
    """This page's address with some arguments left out and some set."""
    pairs = [(key, value) for key, value in request.args.items(multi=True)
             if key not in leave and key not in PAGING and key not in change]
    pairs += [(key, str(value)) for key, value in change.items() if value not in (None, "")]
    return f"{path}?{urlencode(pairs)}" if pairs else path


@dataclass(frozen=True)
class Column:
    """A heading: its address sorts by it, or is empty."""

    name: str
    label: Any
    href: str
    sorted: str  # "ascending", "descending" or ""
    css: str


def columns(view: Any, view_args: Any) -> list[Column]:
    """The headings, the title first and then as they were chosen."""
    places = {name: index for index, (name, _label) in enumerate(view._list_columns)}
    found, base = [], _address("", ("desc", "sort"))
    joint = "&" if base else "?"
    for name in view.shown:
        index, href = places[name], ""
        here = view_args.sort == index and name in view._sortable_columns
        if name in view._sortable_columns:
            href = f"{base}{joint}sort={index}{'&desc=1' if here and not view_args.sort_desc else ''}"
        direction = ("descending" if view_args.sort_desc else "ascending") if here else ""
        found.append(Column(name, view.about[name].label, href, direction,
                            "num" if view.about[name].kind in NUMERIC else ""))
    return [replace(column, css=f"{column.css} lo") if place > SHORT else column for place, column in enumerate(found)]


def in_use(view: Any, given: Any) -> list[tuple[str, Filter, str]]:
    """(argument, filter, text) of every filter of an address that the table knows."""
    found = []
    for arg, text in given.items():
        key = arg.removeprefix("flt").partition("_")[2]
        if arg.startswith("flt") and key in view._filter_args and text.strip():
            one = view._filter_args[key][1]
            if one.validate(text):
                found.append((arg, one, text.strip()))
    return found


def sentence(one: Filter, text: str) -> str:
    """A filter in use as people read it."""
    if one.op == "empty":
        if one.value(text):
            return _("%(field)s: empty", field=one.name)
        return _("%(field)s: filled in", field=one.name)
    if one.op == "equals":
        return _("%(field)s: %(value)s", field=one.name, value=_value(one, text))
    return _("%(field)s %(verb)s %(value)s", field=one.name, verb=one.operation(), value=_value(one, text))


def _value(one: Filter, text: str) -> str:
    if one.field.kind == "link":
        return _("me") if text == "me" else label_of_link(one.field.target, text)
    if one.field.kind == "choice" and one.field.choices:
        return _(", ").join(look.label_of(one.field.choices.find(part)) for part in text.split(","))
    if one.field.kind == "yes":
        return _("Yes") if one.value(text) else _("No")
    if one.column in record.TABLE_COLUMNS:
        return record.table_words(text)
    return str(RELATIVE[text][0]) if text in RELATIVE else text


class Toolbar:
    """The list's surroundings for its template.

    Most of them are the same for a person whenever she asks for the list in the same way: those parts are kept like
    the frame of the page (shell.py).
    """

    def __init__(self, view: Any, view_args: Any, page: Page, number: int, actions: Sequence[Any] = ()) -> None:
        self.view, self.args, self.page, self.number, self.actions = view, view_args, page, number, actions
        self.path = request.path

    @property
    def here(self) -> str:
        return look.here()

    def part(self, name: str) -> Markup:
        """A part of the surroundings (desk/list_NAME.html)."""
        template, words = f"desk/list_{name}.html", partial(self._words)
        if not self._keepable():
            return Markup(render_template(template, **words()))
        asked = tuple((key, value) for key, value in request.args.items(multi=True)
                      if key not in PAGING or key in ("filters", "columns"))
        return shell.piece(("list", self.view.table, name, asked, tuple(self.view.shown)), template, words)

    def _words(self) -> dict[str, Any]:
        view = self.view
        return {"view": view, "bar": self, "actions": self.actions, "search": self.args.search,
                "acts": view.can_edit or view.can_delete, "may_reveal": access.can(view.table, "reveal")}

    def _keepable(self) -> bool:
        """Whether nothing in the parts can change while rights and people stay: no open form, no name of a record."""
        return not (self.filtering or self.choosing or any(
            one.field.kind == "link" and text != "me" and one.op in ("equals", "not", "in")
            for _arg, one, text in in_use(self.view, request.args)))

    def columns(self) -> list[Column]:
        """The headings."""
        return columns(self.view, self.args)

    @property
    def count(self) -> str:
        return self.page.count

    @property
    def counted(self) -> Markup:
        """The count under the list; where it stopped early it leads to the whole one."""
        if not self.count.endswith("+"):
            return Markup(self.count)
        return Markup('<a href="{}" title="{}">{}</a>').format(
            _address(self.path, exact=1), _("Count them all"), self.count)

    @property
    def narrowed(self) -> bool:
        """Whether search or filters hold rows back."""
        return bool(self.args.search or self.args.filters)

    @property
    def previous(self) -> str:
        return _address(self.path, before=self.page.before) if self.page.before else ""

    @property
    def next(self) -> str:
        return _address(self.path, after=self.page.after) if self.page.after else ""

    @property
    def first(self) -> str:
        """Address of the first page; empty on it."""
        return _address(self.path) or self.path if self.page.before else ""

    @property
    def last(self) -> str:
        """Address of the last page; empty on it."""
        return _address(self.path, last=1) if self.page.after else ""

    @property
    def filter_href(self) -> str:
        """Address of this list with its filter form open."""
        return _address(self.path, filters=1)

    @property
    def unfiltering(self) -> str:
        """Address of this list with its filter form shut."""
        return _address(self.path)

    @property
    def filtering(self) -> bool:
        return "filters" in request.args

    @property
    def clear(self) -> str:
        return self.path

    def export(self, kind: str, whole: bool = False) -> str:
        """Address of this list as a file; `whole` with all fields of the table."""
        path = f"{self.path}export/{kind}/"
        return _address(path, ("cols",), all=1) if whole else _address(path)

    def request(self, verb: str, kind: str, whole: bool = False) -> str:
        """Address where somebody else is asked to approve this list as a file."""
        return asking.address(self.view, verb, kind, whole)

    # ------------------------------------------------------------ columns

    @property
    def columns_href(self) -> str:
        """Address of this list with its columns laid open."""
        return _address(self.path, columns=1)

    @property
    def choosing(self) -> bool:
        return "columns" in request.args

    @property
    def can_keep(self) -> bool:
        """Whether the person may keep columns under a name."""
        return access.can("field_set", "create")

    def choices(self) -> list[tuple[str, Any, bool]]:
        """(name, label, shown) of every column: those that are shown in their order, then the others."""
        shown = self.view.shown
        rest = [name for name in chosen.offered(self.view) if name not in shown]
        return [(name, self.view.about[name].label, name in shown) for name in [*shown, *rest]]

    def sets(self) -> list[tuple[Any, str]]:
        """(field set, address of this list with its columns)."""
        return [(one, _address(self.path, cols=",".join(one.columns or ()), columns=1))
                for one in field_sets.offered(db.session, self.view.table)]

    def sizes(self) -> list[tuple[int, str, bool]]:
        """(rows a page, address, whether it is the one in use)."""
        now = self.view.get_safe_page_size(self.args.page_size)
        return [(size, _address(self.path, page_size=size), size == now) for size in self.view.page_size_options]

    def active(self) -> list[tuple[str, str]]:
        """(sentence, address without it) of every filter in use."""
        return [(sentence(one, text), _address(self.path, (arg, "exact")))
                for arg, one, text in in_use(self.view, request.args)]

    def quick(self) -> list[tuple[Any, str, bool]]:
        """(label, address, whether it is on) of the chips that stand ready."""
        found = []
        for one in self.view.quick:
            arg, on = self._asked(one)
            href = _address(self.path, (arg, "exact")) if on else _address(
                self.path, ("exact",), **{f"flt{self.free}_{one.column}_{one.op}": one.value})
            found.append((one.label, href, on))
        return found

    def _asked(self, one: Any) -> tuple[str, bool]:
        for arg, text in request.args.items():
            if arg.startswith("flt") and arg.partition("_")[2] == f"{one.column}_{one.op}" and text == one.value:
                return arg, True
        return "", False

    @property
    def free(self) -> int:
        """The next free number of a filter in the address."""
        numbers = [arg[3:].partition("_")[0] for arg in request.args if arg.startswith("flt")]
        used = [int(number) for number in numbers if number.isascii() and number.isdigit() and len(number) < 3]
        return min(max(used, default=-1) + 1, 99)

    def kept(self) -> list[tuple[str, str]]:
        """The arguments that a form of the page brings along (search and filter forms)."""
        return [(key, value) for key, value in request.args.items() if key not in PAGING and key != "exact"]

    def offered(self) -> list[dict[str, Any]]:
        """The columns of the filter form: label, and controls as (argument, label, kind, options)."""
        found = []
        for name, field in self.view.about.items():
            ops = [one for one in self.view._filters if one.column == name]
            if not ops or (field.hidden or not (field.filtered or field.listed or field.private)):
                continue
            controls = [control for control in (self._control(one) for one in ops) if control]
            if controls:
                found.append({"name": name, "label": field.label, "controls": controls})
        return found

    def _control(self, one: Filter) -> tuple[str, Any, str, Any] | None:
        arg, kind = f"flt{self.free}_{one.column}_{one.op}", one.field.kind
        if kind == "choice" and one.op == "equals" and one.field.choices:
            return arg, one.operation(), "select", one.field.choices.pairs()
        if one.column in record.TABLE_COLUMNS:
            return (arg, one.operation(), "select", record.tables()) if one.op == "equals" else None
        if kind == "yes":
            return arg, one.operation(), "select", [("1", _("Yes")), ("0", _("No"))]
        if one.op == "empty":
            return arg, one.operation(), "select", [("1", _("Yes")), ("0", _("No"))]
        if kind == "link" and one.op == "equals":
            return self._link_control(arg, one)
        if kind in ("day", "moment") and one.op in ("from", "to"):
            return arg, one.operation(), "date", None
        if one.op in ("contains", "least", "most") or (one.op == "equals" and one.field.private):
            return arg, one.operation(), "text", None
        return None

    def _link_control(self, arg: str, one: Filter) -> tuple[str, Any, str, Any]:
        if is_select(one.field.target):
            return arg, one.operation(), "select", options_of(one.field.target)
        lookup = f"{request.script_root}/admin/{self.view.table}/ajax/lookup/?name={one.column}"
        return arg, one.operation(), "link", lookup
