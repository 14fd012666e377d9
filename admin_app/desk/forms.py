"""The form of a table, made from its declarations: every declared field that a person may type, in groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_wtf import FlaskForm

from admin_app import access
from admin_app.clock import utcnow
from admin_app.columns import Field, fields
from admin_app.desk.fields import DeskField, is_required, reveal_address


def typed_fields(model: Any) -> list[str]:
    """The names of the fields that a form of this model has."""
    return [name for name, _column, field in fields(model)
            if not field.readonly and not field.hidden and field.kind != "data"]


def form_class(model: Any, names: Iterable[str], needed: Iterable[str] = ()) -> type[FlaskForm]:
    """A form with one DeskField for each name; those `needed` must be filled in though the table takes NULL."""
    about = {name: (column, field) for name, column, field in fields(model)}
    body = {name: DeskField(about[name][1].label, about[name][1], about[name][0], model.__tablename__,
                            needed=name in needed) for name in names}
    return type(f"{model.__name__}Form", (FlaskForm,), body)


def desk_fields(form: Any) -> list[DeskField]:
    return [field for field in form if isinstance(field, DeskField)]


def trim(form: Any, table: str, is_new: bool, fixed: Iterable[str] = ()) -> None:
    """Leave out what this person may not change here; what is posted under such a name is not read."""
    names = {field.short_name: is_required(field.about, field.column) for field in desk_fields(form)}
    stays = set(left(table, names, is_new, fixed))
    for name in names.keys() - stays:
        del form[name]


def left(table: str, names: Mapping[str, bool], is_new: bool, fixed: Iterable[str] = ()) -> list[str]:
    """Those of the fields (name → whether a record cannot do without) that this person may fill in here."""
    actor, found = access.current(), []
    for name, needed in names.items():
        managers = (table, name) in access.MANAGERS_ONLY and not actor.manages
        assigning = (table, name) in access.ASSIGNING and not actor.may(table, "assign")
        group = (table, name) in access.GROUP_ONLY and actor.store_ids is not None
        if not ((not is_new and name in fixed) or ((managers or assigning or group) and not (is_new and needed))):
            found.append(name)
    return found


def offer_reveal(form: Any, row: Any) -> None:
    """Give private fields that hold a value their reveal button, where the person may reveal."""
    if not access.can(row.__tablename__, "reveal"):
        return
    for field in desk_fields(form):
        if field.about.private and field.before:
            field.reveal_url = reveal_address(row.__tablename__, row.id, field.short_name)


def prefill(form: Any, given: Any) -> None:
    """Start values of a new record: the defaults of its columns, then what the address brings (`?customer_id=7`)."""
    for field in desk_fields(form):
        default: Any = field.column.default
        if default is not None and default.is_scalar:
            field.process_data(default.arg)
        elif default is not None and default.is_callable and field.about.kind == "moment":
            field.process_data(default.arg(None))
        elif default is None and field.about.kind == "moment" and is_required(field.about, field.column):
            field.process_data(utcnow())
        text = given.get(field.short_name, "")
        if text and not field.about.private:
            field.text = str(text)[:200]


def groups(form: Any, model: Any) -> list[tuple[Any, list[DeskField]]]:
    """(heading, fields) in declared order; fields without a heading come first under none."""
    headings: dict[str, tuple[Any, list[DeskField]]] = {}
    about: dict[str, Field] = {name: field for name, _column, field in fields(model)}
    for field in desk_fields(form):
        heading = about[field.short_name].group
        headings.setdefault(str(heading), (heading, []))[1].append(field)
    return list(headings.values())
