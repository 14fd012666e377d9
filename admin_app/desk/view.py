"""DeskView: a generated screen. A table's declarations (columns.py) become list, filters, search and details.

Editing is in editing.py, the rest (look-up, export, bulk) in roads.py; views.py has one class a table.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import abort, flash, g, request
from flask_admin import expose
from flask_admin.contrib.sqla import ModelView
from flask_admin.model.base import ViewArgs
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from markupsafe import Markup, escape

from admin_app import access, access_log, clock, fresh, look, prepared, scope
from admin_app.choices import RequestVerb
from admin_app.columns import Field, fields
from admin_app.database import db
from admin_app.desk import cells, chosen, listing, record, rows, searching
from admin_app.desk.fields import reveal_address
from admin_app.desk.filters import Filter, filters_of, list_address
from admin_app.models import BY_TABLE
from admin_app.rules import requests

PATH = re.compile(r"/(?![/\\])[^\\\x00-\x1f]*")
TITLES = ("name", "model", "number", "label", "version_name", "code")
# Arguments of an address that choose what of a list is shown, not which rows it has.
OF_A_PAGE = {"page", "after", "before", "last", "to", "page_size", "sort", "desc", "cols", "columns", "filters"}


@dataclass(frozen=True)
class Quick:
    """A filter that stands ready as a chip: label and what it asks of a column."""

    label: Any
    column: str
    op: str
    value: str


class BaseDesk(ModelView):
    """What a screen knows about its table, and its list and details pages."""

    model: Any
    one: Any = ""  # the record in one word: "Customer"
    many: Any = ""  # the list: "Customer files"
    hint: Any = ""  # a sentence for the empty list
    icon = "file"
    order: tuple[str, bool] = ("id", True)  # column, descending
    quick: tuple[Quick, ...] = ()
    add = True  # whether people may add records here at all
    change = True
    drop = True
    needed: tuple[str, ...] = ()  # fields that a person must fill in beside those that the table demands
    left_out: tuple[str, ...] = ()  # fields that a rule fills in and the form does not ask for
    fixed: tuple[str, ...] = ()  # fields that only a new record takes
    related: tuple[tuple[str, str], ...] = ()  # (table, its link to this record): lists that the details page opens
    log_views = False  # whether opening a record is logged (customers and what names them)
    beside: tuple[str, ...] = ()  # columns that a list and its export read beside those that they show
    veiled: tuple[str, ...] = ()  # columns that some readers may not see: nobody sorts by them

    list_template = "desk/list.html"
    create_template = "desk/form.html"
    edit_template = "desk/form.html"
    details_template = "desk/details.html"
    can_view_details = True
    named_filter_urls = True
    column_display_pk = False
    column_auto_select_related = False
    page_size = 20
    can_set_page_size = True
    page_size_options = (20, 50, 100)
    form_base_class = FlaskForm

    def __init__(self) -> None:
        self.table = self.model.__tablename__
        self.about: dict[str, Field] = {name: field for name, _column, field in fields(self.model)}
        self.listed = [name for name, field in self.about.items() if field.listed]
        self.title = self._title()
        super().__init__(self.model, db, name=self.many, endpoint=self.table, url=self.table)

    # ------------------------------------------------------------ what Flask-Admin asks, answered by declarations

    def get_list_columns(self) -> list[tuple[str, Any]]:
        """Every column that a list may show: those that it shows by itself first, so that `sort=3` stays the same."""
        return [(name, self.about[name].label) for name in chosen.offered(self)]

    def get_details_columns(self) -> list[tuple[str, Any]]:
        return [(name, field.label) for name, field in self.about.items() if not field.hidden]

    def get_export_columns(self) -> list[tuple[str, Any]]:
        return self.get_details_columns()

    def get_sortable_columns(self) -> dict[str, Any]:
        """Every column but private ones (an order tells about values) and structured data."""
        return {name: getattr(self.model, name) for name in chosen.offered(self)
                if not self.about[name].private and name not in self.veiled
                and self.about[name].kind not in ("data", "tags", "note", "link")}

    def init_search(self) -> bool:
        return searching.offered(self.model)

    def _refresh_filters_cache(self) -> None:
        self._filters: list[Filter] = [*filters_of(self.model), *self.more_filters()]
        self._filter_groups = None
        self._filter_args = {one.key: (index, one) for index, one in enumerate(self._filters)}

    def more_filters(self) -> list[Filter]:
        """Filters of the list that are no question to a column."""
        return []

    def get_filter_arg(self, index: int, flt: Filter) -> str:
        return flt.key

    def scaffold_form(self) -> type[FlaskForm]:
        from admin_app.desk import forms

        return forms.form_class(self.model, self.typed, self.needed)

    @cached_property
    def typed(self) -> dict[str, bool]:
        """The fields that people fill in → whether a record cannot do without."""
        from admin_app.desk import forms

        return {name: forms.is_required(self.about[name], self.model.__table__.c[name])
                for name in forms.typed_fields(self.model) if name not in self.left_out}

    def bulk_offered(self) -> list[Any]:
        """The bulk actions that this person may use here (roads.py)."""
        return []

    def init_actions(self) -> None:
        """Bulk actions are those of roads.py, not Flask-Admin's registry."""
        self._actions: list[Any] = []
        self._actions_data: dict[str, Any] = {}

    # ------------------------------------------------------------ rights

    def is_accessible(self) -> bool:
        return access.can(self.table, "read")

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        abort(403)

    def is_visible(self) -> bool:
        return False  # the sidebar is ours (menu.py)

    @property
    def can_create(self) -> bool:
        return self.add and access.can(self.table, "create")

    @property
    def can_edit(self) -> bool:
        return self.change and access.can(self.table, "write")

    @property
    def can_delete(self) -> bool:
        return self.drop and access.can(self.table, "delete")

    @property
    def can_export(self) -> bool:
        return access.can(self.table, "export")

    @property
    def asks_export(self) -> bool:
        """Whether the person exports here with the approval of somebody else (X*)."""
        return requests.may_ask(access.current(), self.table, RequestVerb.EXPORT)

    @property
    def asks_full(self) -> bool:
        """Whether the person may ask for an export with full numbers."""
        return requests.may_ask(access.current(), self.table, RequestVerb.EXPORT_FULL)

    @property
    def asks_delete(self) -> bool:
        """Whether the person deletes here with the approval of somebody else (D*)."""
        return self.drop and requests.may_ask(access.current(), self.table, RequestVerb.DELETE)

    # ------------------------------------------------------------ rows

    def changeable(self, row: Any) -> bool:
        """Whether the list and the page of a record offer to change it. A screen whose readers see rows that are not
        theirs to change leaves the buttons out there (`beside` names the columns it looks at); the gate refuses it
        anyhow."""
        return True

    def row_or_404(self, text: str | None) -> Any:
        """The record with this key as the gate shows it; 404 for none, for one out of scope, for no number."""
        if not text or not is_key(text):
            abort(404)
        if scope.listed(self.model, access.current()) is None:
            row = prepared.record(db.session, self.model, int(text))
        else:
            row = db.session.scalars(listing.select_rows(self.model, []).where(self.model.id == int(text))).first()
        if row is None:
            abort(404)
        return row

    def plain_or_404(self, text: str | None) -> Any:
        """The same as plain values of its declared columns, for pages that only show it."""
        if not text or not is_key(text):
            abort(404)
        found = prepared.rows(db.session, ("record", self.table), self._one_record, key=int(text))
        if not found:
            abort(404)
        return found[0]

    def _one_record(self) -> Any:
        """Its declared columns, its version, and as `mine` whether it is the person's to change."""
        wanted = ["id", *(name for name in self.about if name != "id")]
        if "version" in self.model.__table__.c and "version" not in wanted:
            wanted.append("version")
        changes = scope.criterion(self.model, access.current(), "write")
        return listing.select_rows(self.model, []).with_only_columns(
            *(getattr(self.model, name) for name in wanted),
            sa.literal(True).label("mine") if changes is None else sa.func.coalesce(changes, sa.false()).label("mine")
            ).where(self.model.id == sa.bindparam("key", 0, type_=sa.Integer()))

    def get_one(self, id: Any) -> Any:
        return self.row_or_404(str(id))

    def linked(self, row: Any, name: str) -> str | None:
        """The name of the record that a link column leads to, or None for other columns, no link and one out of
        sight. All links of a record are looked up at once."""
        if self.about[name].kind != "link":
            return None
        known: dict[Any, dict[str, dict[int, str]]] = g.setdefault("linked", {})
        key = (self.table, row.id)
        if key not in known:
            known[key] = rows.linked_names(self.about, [one for one, field in self.about.items()
                                                        if field.kind == "link" and not field.hidden], [row])
        return known[key].get(name, {}).get(getattr(row, name))

    def search_hint(self) -> str:
        """What the list's search looks at."""
        return searching.hint(self.model)

    def heading(self, row: Any) -> str:
        """The record's name for headings and labels."""
        return str(row) or f"#{row.id}"

    def _title(self) -> str:
        """The list's first column, which carries the link to the record: its name, else its first text or link."""
        chosen = next((name for name in TITLES if name in self.listed), "")
        return chosen or next((name for name in self.listed if self.about[name].kind in ("link", "text")), "")

    def back(self) -> str:
        """Where to go after this page: `url` of the address where it is a path of this site; 400 where it is not."""
        target = request.values.get("url")
        if target is None:
            return f"{request.script_root}/admin/{self.table}/"
        if not PATH.fullmatch(target):
            abort(400)
        return target

    def address(self, verb: str, row: Any = None, **words: Any) -> str:
        """Address of a page of this screen: "edit", "details", "new", "" for the list."""
        pairs = [("id", row.id)] if row is not None else []
        pairs += [(key, value) for key, value in words.items() if value not in (None, "")]
        path = f"{request.script_root}/admin/{self.table}/{verb + '/' if verb else ''}"
        return f"{path}?{urlencode(pairs)}" if pairs else path

    # ------------------------------------------------------------ list

    @property
    def shown(self) -> list[str]:
        """The columns of this request's list in their order; asked once."""
        kept: dict[str, list[str]] = g.setdefault("shown_columns", {})
        if self.table not in kept:
            kept[self.table], strangers = chosen.of(self, request.args)
            if strangers and request.endpoint == f"{self.table}.index_view":
                flash(_("There is no column %(names)s here; it was left out.",
                        names=_(", ").join(name[:40] for name in strangers[:5])), "warning")
        return kept[self.table]

    def base_statement(self) -> Any:
        """All rows of the list before search and filters. A screen may narrow it."""
        return listing.select_rows(self.model, [])

    def statement(self, view_args: Any) -> Any:
        """The rows that search and filters of the address leave."""
        statement = self.base_statement()
        if view_args.search:
            statement = listing.search(self.model, statement, view_args.search)
        for index, _name, text in view_args.filters or ():
            statement = self._filters[index].apply(statement, text)
        return statement

    def asked_rows(self, view_args: Any, to_count: bool = False) -> listing.Asked:
        """The rows of the list, to be asked page by page, or counted. A search is made anew each time; without one the
        columns and filters say everything about the statement."""
        filters = tuple((index, text) for index, _name, text in view_args.filters or ())
        if view_args.search:
            return self._searched(view_args, filters, to_count)
        return listing.Asked(self.model, lambda: self.statement(view_args),
                             (self.table, tuple(self.shown), filters, clock.today()))

    def _searched(self, view_args: Any, filters: tuple[Any, ...], to_count: bool) -> listing.Asked:
        """The rows that answer to a search: by the keys that the index names, or by reading where they are many."""
        highest = searching.newest(self.model, view_args.search, to_count)
        if highest is None:
            return self._searched_whole(view_args, filters)
        keys, more = highest
        rest = (lambda: self._searched_whole(view_args, filters)) if more else None
        return self._found(view_args, filters, keys, rest)

    def _searched_whole(self, view_args: Any, filters: tuple[Any, ...]) -> listing.Asked:
        keys = searching.keys_of(self.model, view_args.search)
        if keys is not None:
            return self._found(view_args, filters, sorted(keys, reverse=True))
        statement = self.statement(view_args)
        return listing.Asked(self.model, lambda: statement)

    def _found(self, view_args: Any, filters: tuple[Any, ...], keys: list[int],
               rest: Callable[[], listing.Asked] | None = None) -> listing.Asked:
        bare = copy.copy(view_args)
        bare.search = None
        return listing.Asked(
            self.model, lambda: searching.by_key(self.statement(bare), self.model).where(
                searching.among_found(self.model.id)),
            (self.table, tuple(self.shown), "found", filters, clock.today()), keys, rest)

    def list_order(self, view_args: Any) -> listing.Order:
        """By the chosen column where it can be sorted by, else the screen's own order."""
        column = self._get_column_by_idx(view_args.sort)
        if column is not None and column[0] in self._sortable_columns:
            return listing.Order(self._sortable_columns[column[0]], bool(view_args.sort_desc))
        return listing.Order(getattr(self.model, self.order[0]), self.order[1])

    def _get_list_extra_args(self) -> ViewArgs:
        return self.asked(request.args)

    def asked(self, given: Any) -> ViewArgs:
        """What an address asks of the list: page, order, search, filters. `given` holds its arguments."""
        return ViewArgs(
            page=given.get("page", 0, type=int), page_size=given.get("page_size", 0, type=int),
            sort=given.get("sort", None, type=int), sort_desc=given.get("desc", None, type=int),
            search=given.get("search"), filters=self._get_list_filter_args(given))

    def _get_list_filter_args(self, given: Any = None) -> list[Any]:
        """The filters of an address in their order. Blank ones are left out, impossible ones are said."""
        found, given = [], request.args if given is None else given
        for arg in given:
            position, _sep, key = arg.removeprefix("flt").partition("_")
            if not arg.startswith("flt") or key not in self._filter_args:
                continue
            index, one = self._filter_args[key]
            text = given[arg].strip()
            if not text:
                continue
            if one.validate(text):
                found.append((position, (index, str(one.name), text)))
            else:
                flash(_("The filter %(name)s does not know the value %(value)s and was left out.",
                        name=one.name, value=text[:60]), "warning")
        return [one for _position, one in sorted(found, key=lambda pair: pair[0].zfill(3))]

    def get_safe_page_size(self, page_size: int | None) -> int:
        return page_size if page_size in self.page_size_options else self.page_size

    @expose("/")
    def index_view(self) -> Any:
        view_args = self._get_list_extra_args()
        size, exact = self.get_safe_page_size(view_args.page_size), "exact" in request.args
        asked, order = self.asked_rows(view_args), self.list_order(view_args)
        found = listing.page(asked, order, size, rows.columns_of(self, self.shown), after=_key("after"),
                             before=_key("before"), number=_page_number(view_args), last="last" in request.args)
        number, found.count = self._counted(view_args, asked, exact)
        self.log_searches(view_args, len(found.rows))
        if request.accept_mimetypes.best == "application/json":
            links = rows.linked_names(self.about, [self.title] if self.title else [], found.rows)
            return {"count": found.count,
                    "rows": [{"id": row.id, "label": self.row_title(row, links)} for row in found.rows]}
        from admin_app.desk import toolbar

        actions = self.bulk_offered()
        table = rows.Table(self, found.rows, picks=bool(actions), edits=self.can_edit, drops=self.can_delete)
        return self.render(self.list_template, view=self, table=table, style=rows.style(self, bool(actions)),
                           bar=toolbar.Toolbar(self, view_args, found, number, actions))

    def _counted(self, view_args: Any, asked: listing.Asked, exact: bool) -> tuple[int, str]:
        """How many rows there are. For what a search has found each row is looked at, so the count is kept for a moment
        (fresh.py): whoever pages through it asks for the same again."""
        if not view_args.search:
            return listing.count(asked, exact)
        about = tuple(pair for pair in request.args.items(multi=True) if pair[0] not in OF_A_PAGE)
        counted: tuple[int, str] = fresh.kept(
            ("searched", self.table, about, access.standing(access.current())),
            lambda: listing.count(self.asked_rows(view_args, to_count=True) if asked.rest else asked, exact))
        return counted

    def log_searches(self, view_args: ViewArgs, number: int) -> None:
        """Note what was looked for; a private value that was found by its whole value is a search like any other."""
        if view_args.search:
            access_log.searched(self.table, view_args.search, number)
        for index, _name, text in view_args.filters or ():
            if self._filters[index].field.private:
                access_log.searched(self.table, text, number)

    def before_rows(self, page: Any) -> None:
        """What a screen finds out about all rows of a page before they are printed."""

    def row_title(self, row: Any, links: dict[str, dict[int, str]]) -> str:
        """The text of a row's link: its title column, else its name. `links` are the names behind link columns."""
        if not self.title:
            return rows.heading(self.model, row)
        value, field = getattr(row, self.title), self.about[self.title]
        if field.kind == "link":
            return links.get(self.title, {}).get(value, "") or rows.heading(self.model, row)
        return cells.plain(field, value) or rows.heading(self.model, row)

    def cell_words(self, name: str) -> Callable[[Any], Any] | None:
        """A screen's own way to print a column of its list: row → HTML, or None for a row printed as usual."""
        return None

    def masked(self, html: Markup, row: Any, name: str, heading: str, reveals: bool) -> Markup:
        """A masked value, with its reveal button where the person may reveal."""
        if not reveals:
            return Markup('<span class="mask"><span class="tel">{}</span></span>').format(html)
        return Markup('<span class="mask" data-mask><span class="tel" data-value>{}</span><button class="btn btn-ghost"'
                      ' type="button" data-reveal-url="{}" aria-label="{}">{}</button></span>').format(
            html, reveal_address(self.table, row.id, name),
            _("Show %(field)s of %(name)s", field=self.about[name].label, name=heading), look.icon("eye", "sm"))

    # ------------------------------------------------------------ details

    @expose("/details/")
    def details_view(self) -> Any:
        row = self.row_or_404(request.args.get("id"))
        if self.log_views:
            access_log.viewed(self.table, row.id)
        page = PAGES.get(self.table)
        if page is not None:
            return page(row)
        return self.render(self.details_template, view=self, row=row, heading=self.heading(row), back=self.back(),
                           groups=self.detail_groups(row), blanks=self.blanks(row), lists=self.lists_of(row))

    def lists_of(self, row: Any) -> list[tuple[str, str, str]]:
        """(heading, number, address) of the rows of other tables that hang on this record."""
        found = []
        for table, link in self.related:
            model = BY_TABLE[table]
            if access.can(table, "read"):
                hanging = listing.Asked(model, partial(_hanging, model, link, row.id))
                _number, shown = listing.count(hanging, exact=True)
                found.append((record.list_words(table), shown, list_address(table, (link, "equals", row.id))))
        return found

    def details_html(self, row: Any, name: str) -> Any:
        """A value on the details page. A screen may show one of its columns in its own words."""
        value = getattr(row, name)
        if name in record.TABLE_COLUMNS and value:
            return escape(record.table_words(value))
        return cells.in_details(self.about[name], name, value, self.linked(row, name))

    def blanks(self, row: Any) -> list[Any]:
        """The labels of what could be filled in and is not."""
        typed = [(name, field) for name, field in self.about.items()
                 if not (field.hidden or field.readonly or field.kind == "yes")]
        return [field.label for name, field in typed if getattr(row, name) in (None, "", [])]

    def detail_groups(self, row: Any) -> list[tuple[Any, list[tuple[str, Any, Markup, bool]]]]:
        """(heading, [(name, label, html, wide)]) of everything that is declared, not hidden and filled in."""
        reveals, heading = access.can(self.table, "reveal"), self.heading(row)
        found: dict[str, tuple[Any, list[tuple[str, Any, Markup, bool]]]] = {}
        for name, field in self.about.items():
            value = None if field.hidden else getattr(row, name)
            if value in (None, "", []) or (field.kind == "yes" and not value):
                continue
            html = self.details_html(row, name)
            if field.private:
                html = self.masked(html, row, name, heading, reveals)
            group = _l("Record") if name in RECORD else field.group
            found.setdefault(str(group), (group, []))[1].append(
                (name, field.label, html, field.kind in ("note", "data")))
        last = found.pop(str(_("Record")), None)
        return [*found.values(), *([last] if last else [])]


RECORD = ("created_at", "created_by_id", "updated_at", "store_id")
PAGES: dict[str, Callable[[Any], Any]] = {}


def details_page(table: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """A hand-made page in place of the generated details: `@details_page("customer")` over a function of the row."""

    def keep(page: Callable[[Any], Any]) -> Callable[[Any], Any]:
        PAGES[table] = page
        return page

    return keep


def is_key(text: str) -> bool:
    """Whether a text of an address can be a record's key."""
    return text.isascii() and text.isdigit() and len(text) < 10


def _hanging(model: Any, link: str, key: int) -> sa.Select[Any]:
    return sa.select(model).where(getattr(model, link) == key)


def _page_number(view_args: ViewArgs) -> int:
    """The page that is jumped to, counted from 0: `?page=N`, or `?to=N` as people count, from 1."""
    typed = request.args.get("to", "").strip()
    return max(int(typed) - 1, 0) if is_key(typed) else view_args.page or 0


def _key(name: str) -> int | None:
    text = request.args.get(name, "")
    return int(text) if is_key(text) else None
