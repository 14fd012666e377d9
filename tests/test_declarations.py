"""Every name that a declaration gives is real: columns, choices, links, filters, quick chips, templates, labels."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from admin_app import menu, scope, views
from admin_app.columns import fields
from admin_app.desk import forms
from admin_app.desk.filters import filters_of
from admin_app.models import BY_TABLE, MODELS
from admin_app.rules.handover.holdings import HISTORY, HOLDINGS, MADE

ROOT = Path(__file__).resolve().parent.parent / "admin_app"
KINDS = {"text", "note", "phone", "vin", "plate", "id_number", "email", "choice", "day", "moment", "whole", "number",
         "money", "percent", "yes", "link", "tags", "data"}
SCREENED = [model for model in MODELS if model.__tablename__ not in scope.INTERNAL - {"audit_entry", "access_log"}]
SCREENS = {view.model.__tablename__: view for view in views.VIEWS}


@pytest.mark.parametrize("model", SCREENED, ids=lambda model: model.__tablename__)
def test_every_model_has_a_screen_with_words_and_a_list(model: Any) -> None:
    view = SCREENS.get(model.__tablename__)
    assert view is not None, f"{model.__tablename__}: no class in views.py"
    assert str(view.one) and str(view.many), f"{view.__name__}: one or many is empty"
    assert any(field.listed for _name, _column, field in fields(model)), f"{model.__tablename__}: nothing is listed"


def test_every_link_to_a_person_is_either_work_that_goes_over_or_history() -> None:
    links = {(model.__tablename__, name) for model in MODELS for name, _column, field in fields(model)
             if field.kind == "link" and field.target == "user" and name not in MADE}
    work = {(one.table, one.link) for one in HOLDINGS}
    assert not work & HISTORY
    assert links == work | HISTORY, "say in rules/handover/holdings.py what becomes of a new link when somebody leaves"


def test_every_screen_is_of_a_model_and_only_one() -> None:
    names = [view.model.__tablename__ for view in views.VIEWS]
    assert len(names) == len(set(names)) and set(names) <= {model.__tablename__ for model in SCREENED}


@pytest.mark.parametrize("model", SCREENED, ids=lambda model: model.__tablename__)
def test_every_field_is_of_a_known_kind_and_its_words_fit(model: Any) -> None:
    for name, _column, field in fields(model):
        where = f"{model.__tablename__}.{name}"
        assert field.kind in KINDS, f"{where}: kind {field.kind!r} is unknown"
        assert str(field.label), f"{where}: no label"
        assert (field.choices is not None) == (field.kind == "choice"), f"{where}: choices and kind do not fit"
        assert bool(field.target) == (field.kind == "link"), f"{where}: target and kind do not fit"
        if field.kind == "link":
            assert field.target in BY_TABLE, f"{where}: no table {field.target!r}"
            assert name.endswith("_id") and hasattr(model, name[:-3]), f"{where}: no relation {name[:-3]!r}"
        assert field.private in ("", "phone", "id_number", "tail"), f"{where}: mask {field.private!r} is unknown"


@pytest.mark.parametrize("view", views.VIEWS, ids=lambda view: view.__name__)
def test_every_name_of_a_screen_resolves(view: Any) -> None:
    columns = {name for name, _column, _field in fields(view.model)}
    keys = {one.key for one in filters_of(view.model)}
    assert view.order[0] == "id" or view.order[0] in columns, f"{view.__name__}.order: {view.order[0]!r} is no column"
    for name in (*view.needed, *view.fixed, *view.left_out):
        assert name in forms.typed_fields(view.model), f"{view.__name__}: {name!r} is no field of the form"
    for chip in view.quick:
        assert f"{chip.column}_{chip.op}" in keys, f"{view.__name__}.quick: no filter {chip.column}_{chip.op}"
        one = next(one for one in filters_of(view.model) if one.key == f"{chip.column}_{chip.op}")
        if chip.value != "me":
            assert one.validate(chip.value), f"{view.__name__}.quick: {chip.value!r} is no value of {one.key}"
    for name in ("list_template", "create_template", "edit_template", "details_template"):
        assert (ROOT / "templates" / getattr(view, name)).is_file(), f"{view.__name__}.{name} is not there"


@pytest.mark.parametrize("view", views.VIEWS, ids=lambda view: view.__name__)
def test_a_form_asks_for_everything_that_the_table_demands(view: Any) -> None:
    """A column that takes no NULL has a default, stands in the form, or is set by a rule (read-only)."""
    if not view.add:
        return
    offered = set(forms.typed_fields(view.model))
    for name, column, field in fields(view.model):
        free = column.nullable or column.default is not None or column.server_default is not None
        assert free or name in offered or field.readonly or field.hidden, f"{view.__name__}: nobody sets {name}"


def test_no_private_field_is_sorted_by_or_searched_in_parts_by_a_filter(app: Flask) -> None:
    for screen in app.extensions["admin"][0]._views[1:]:
        for name, field in screen.about.items():
            if field.private:
                assert name not in screen._sortable_columns, f"{screen.table}.{name} can be sorted by"
                ops = {one.op for one in screen._filters if one.column == name}
                assert ops <= {"equals"}, f"{screen.table}.{name}: filters {ops}"


def test_every_entry_of_the_menu_has_a_page_and_a_table(app: Flask) -> None:
    served = {rule.rule for rule in app.url_map.iter_rules()}
    entries = [entry for section in menu.SECTIONS for entry in section.entries] + list(menu.NEW)
    for entry in entries:
        assert entry.table is None or entry.table in BY_TABLE, f"menu: no table {entry.table!r}"
        table = entry.path.split("/")[2]
        if table in SCREENS:
            assert entry.path in served, f"menu: {entry.path} is not served"
    for table in ("customer", "vehicle", "visit", "complaint", "campaign", "repair_order", "user", "audit_entry"):
        assert any(entry.path == f"/admin/{table}/" for entry in entries), f"menu: no entry for {table}"


def test_every_icon_that_is_asked_for_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'<symbol id="i-([a-z]+)"', (ROOT / "static" / "icons.svg").read_text(encoding="utf-8")))
    asked = {view.icon for view in views.VIEWS} | {section.icon for section in menu.SECTIONS}
    for path in (ROOT / "templates").rglob("*.html"):
        asked |= set(re.findall(r"""\bicon\(['"]([a-z]+)['"]""", path.read_text(encoding="utf-8")))
    for path in ROOT.rglob("*.py"):
        asked |= set(re.findall(r"""look\.icon\("([a-z]+)\"""", path.read_text(encoding="utf-8")))
    assert asked <= drawn, asked - drawn
