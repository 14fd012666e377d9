"""Contact persons of company customers. The company is found by its phone, else by its name where only one bears it.

Known again by the company with the person's phone, or with the name where there is no phone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import cleaning
from admin_app import models as m
from admin_app.importing.context import Context, pieces
from admin_app.importing.people import COLUMNS, CustomersByPhone
from admin_app.importing.values import Reader, brought
from admin_app.importing.writer import Record, Writer, same_text, without_known_keys
from admin_app.ledgers import Row

Key = tuple[int, str]


class Contacts:
    """The importer of contact persons."""

    required: Sequence[Sequence[str]] = (("name", "id"), ("customer_name", "customer_phone", "id"))

    def __init__(self, context: Context, fields: Sequence[str]) -> None:
        self.context, self.reader = context, Reader(context)
        self.writer = Writer(context, m.Contact)
        self.by_phone = CustomersByPhone(context)
        self.by_name: dict[str, list[Record]] = {}
        self.plain = brought(m.Contact, fields, leave=("name", "phone"))
        self.fields = frozenset(fields)
        self.seen: set[Key] = set()

    def take(self, rows: list[Row]) -> None:
        """Import one batch of rows."""
        rows = without_known_keys(self.context, self.writer, self.fields, rows, same_contact)
        self.by_phone.load(cleaning.phone(row["customer_phone"]).value for row in rows)
        self.load_names(cleaning.name(row["customer_name"]).value for row in rows)
        drafts = [draft for row in rows if (draft := self.draft(row)) is not None]
        there = self.writer.by("customer_id", (values["customer_id"] for _row, values in drafts))
        on_file = {key: record for record in there for key in keys_of(record)}
        for row, values in drafts:
            if any(key in self.seen for key in keys_of(values)):
                self.context.report.took("duplicates", row, values["name"])
                continue
            self.seen.update(keys_of(values))
            record = next((on_file[key] for key in keys_of(values) if key in on_file), None)
            if record is not None:
                changed = self.writer.fill(record, values, record["name"])
                outcome = "updated" if changed and record["id"] not in self.writer.own else "duplicates"
                self.context.report.took(outcome, row, record["name"])
            else:
                self.context.report.took("created", row, values["name"])
                self.writer.add(values)
        self.writer.flush()

    def load_names(self, names: Iterable[str | None]) -> None:
        """Look up the companies that a batch names."""
        self.by_name, table = {}, m.Customer.__table__
        for piece in pieces(names):
            statement = sa.select(*(table.c[one] for one in COLUMNS)).where(
                table.c.store_id == self.context.store_id, table.c.deleted_at.is_(None), table.c.name.in_(piece))
            for row in self.context.connection.execute(statement).mappings():
                self.by_name.setdefault(row["name"], []).append(dict(row))

    def draft(self, row: Row) -> tuple[Row, Record] | None:
        """What a row says; None where it is rejected."""
        name = cleaning.name(row["name"])
        if name.value is None:
            self.context.reject(row, "name", name.warnings[0] if name.warnings else _l("The name is missing."))
            return None
        customer = self.customer(row)
        if customer is None:
            return None
        values = {k: v for k, v in self.reader.record(row, self.plain).items() if v is not None}
        phone = cleaning.phone(row["phone"])
        for warning in phone.warnings:
            self.context.warn(row, "phone", warning)
        return row, values | {"customer_id": customer["id"], "name": name.value[:80], "phone": phone.value}

    def customer(self, row: Row) -> Record | None:
        """The company of a row; None where it is rejected."""
        said = cleaning.name(row["customer_name"]).value
        found = self.by_phone.get(cleaning.phone(row["customer_phone"]).value, said)
        named = self.by_name.get(said or "", [])
        if found is None and len(named) == 1:
            found = named[0]
        column = "customer_name" if row["customer_name"] else "customer_phone"
        if found is None and len(named) > 1:
            self.context.reject(row, column, _l("Several customers have this name; add the phone of the right one."))
        elif found is None:
            self.context.reject(row, column, _l("No customer of this store has this name or phone."))
        elif not self.context.may_touch(found["owner_id"], found["advisor_id"]):
            self.context.reject(row, column, _l("This customer belongs to another team."))
            return None
        return found

    def finish(self) -> None:
        """After the last row: the audit entry of the whole import."""
        self.writer.record_created()


def same_contact(row: Row, record: Record) -> bool:
    """Whether the row of an export is this contact person."""
    return "name" not in row.fields or same_text(row["name"], record["name"])


def keys_of(values: Record) -> list[Key]:
    """By what a contact person is known again: the phone; the name only where there is no phone."""
    phone = values.get("phone")
    return [(values["customer_id"], phone)] if phone else [(values["customer_id"], f"n:{values['name']}")]
