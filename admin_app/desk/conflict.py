"""What the database itself refuses: a value that another record has, or a record that changed under us."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from admin_app.errors import RuleError


def sentence_for(model: Any, error: sa.exc.IntegrityError) -> RuleError:
    """The refusal as a sentence at the field it concerns. Neither SQL nor values of others are told."""
    said = str(error.orig)
    for name, columns in _unique(model):
        full = ", ".join(f"{model.__tablename__}.{column}" for column in columns)
        if name in said or full in said:
            concerned = [column for column in columns if column != "store_id"] or list(columns)
            if (model.__tablename__, concerned[-1]) == ("customer", "phone"):
                return RuleError(_("Another customer of this store has this phone number. Open that file, or tick "
                                   "that they share a phone."), "phone")
            return RuleError(_("Another record has this value already."), concerned[-1])
    if "NOT NULL" in said or "not-null" in said:
        column = next((c.key for c in model.__table__.c if f".{c.key}" in said or f'"{c.key}"' in said), None)
        return RuleError(_("This field is required."), column)
    return RuleError(_("This does not fit with another record. Load the page again and check the fields."))


def _unique(model: Any) -> list[tuple[str, tuple[str, ...]]]:
    """(name, columns) of what must be unique in the table."""
    table = model.__table__
    found = [(str(index.name), tuple(column.key for column in index.columns))
             for index in table.indexes if index.unique]
    found += [(str(one.name), tuple(column.key for column in one.columns))
              for one in table.constraints if isinstance(one, sa.UniqueConstraint)]
    return found
