"""The way from a list to a request for a second person: addresses, and what such a request is about in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from flask import request
from flask_babel import gettext as _

from admin_app import access_log
from admin_app.desk import chosen
from admin_app.masking import masked

LEFT_OUT = ("cols", "columns", "page", "after", "before", "filters", "page_size", "exact", "all")


def address(view: Any, verb: str, kind: str, whole: bool) -> str:
    """Where somebody asks for this list as a file: its search, filters and order, and the columns by name."""
    query = urlencode([(key, value) for key, value in request.args.items(multi=True) if key not in LEFT_OUT])
    columns: dict[str, Any] = {"all": 1} if whole else {}
    if not whole and view.shown != view.listed:
        columns = {"cols": ",".join(view.shown)}
    return f"{request.script_root}/admin/requests/new/?" + urlencode(
        {"verb": verb, "table": view.table, "form": kind, **columns, **({"query": query} if query else {})})


def columns_of(view: Any, given: Mapping[str, str]) -> list[str]:
    """The columns that a request asks for: all fields, or those it names."""
    return chosen.offered(view) if given.get("all") else chosen.fitting(view, chosen.split(given.get("cols", "")))[0]


def delete_address(table: str, keys: Iterable[int]) -> str:
    """Where somebody asks for the deletion of these records."""
    return f"{request.script_root}/admin/requests/new/?" + urlencode(
        [("verb", "delete"), ("table", table), *(("id", key) for key in keys)])


def narrowed(view: Any, query: Mapping[str, str]) -> list[str]:
    """Search and filters of a query in sentences; phones, plates and VINs in them stand masked."""
    from admin_app.desk import toolbar

    search = query.get("search", "").strip()
    found = [_("Search: %(text)s", text=access_log.as_logged(search))] if search else []
    for _arg, one, text in toolbar.in_use(view, query):
        found.append(toolbar.sentence(one, masked(one.field.private, text) if one.field.private else text))
    return found
