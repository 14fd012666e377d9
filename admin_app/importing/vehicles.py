"""Cars of a ledger of cars: known again by VIN, else by plate. Their customer is found by phone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l

from admin_app import cleaning
from admin_app import models as m
from admin_app.cleaning import as_text
from admin_app.importing.cars import Cars
from admin_app.importing.context import Context
from admin_app.importing.customers import read_phones
from admin_app.importing.people import CustomersByPhone
from admin_app.importing.values import Reader, brought
from admin_app.importing.writer import Record, same_text, without_known_keys
from admin_app.ledgers import Row


class Vehicles:
    """The importer of cars."""

    required: Sequence[Sequence[str]] = (("vin", "plate", "id"),)

    def __init__(self, context: Context, fields: Sequence[str]) -> None:
        self.context = context
        self.reader = Reader(context)
        self.cars = Cars(context)
        self.customers = CustomersByPhone(context)
        self.names = frozenset(fields)
        self.fields = brought(m.Vehicle, fields, leave=("sold_by_id",))
        self.own: set[int | None] = set()

    def take(self, rows: list[Row]) -> None:
        """Import one batch of rows."""
        rows = without_known_keys(self.context, self.cars.writer, self.names, rows, same_car)
        drafts = [(row, values, read_phones(row)) for row in rows if (values := self.values(row)) is not None]
        self.customers.load(phone.value for _row, _values, phone in drafts)
        self.cars.load(values for _row, values, _phone in drafts)
        outcomes: list[tuple[Record, bool]] = []
        for row, values, phone in drafts:
            for warning in phone.warnings:
                self.context.warn(row, "phone", warning)
            customer = self.customers.get(phone.value, cleaning.name(row["name"]).value)
            if phone.value and customer is None:
                self.context.reject(row, "phone", _l("No customer of this store has this phone."))
            elif customer and not self.context.may_touch(customer["owner_id"], customer["advisor_id"]):
                self.context.reject(row, "phone", _l("This customer belongs to another team."))
            else:
                self.place(row, values, customer, outcomes)
        self.cars.flush()
        self.own |= {record["id"] for record, new in outcomes if new}

    def values(self, row: Row) -> Record | None:
        """What a row says of the car; None where it is rejected for want of both VIN and plate."""
        values = {k: v for k, v in self.reader.record(row, self.fields).items() if v is not None}
        seller = self.context.person(row["sold_by_id"])
        if seller.id:
            values["sold_by_id"] = seller.id
        if values.get("vin") or values.get("plate"):
            return values
        self.context.reject(row, "vin", _l("Neither VIN nor plate can be used."))
        return None

    def place(self, row: Row, values: Record, customer: Record | None, outcomes: list[Any]) -> None:
        """Make the car or fill it up, and count the row."""
        report = self.context.report
        record = self.cars.find(values, customer["id"] if customer else None)
        if record is None:
            report.took("created", row, values.get("model", ""))
            outcomes.append((self.cars.create(values, customer["id"] if customer else None), True))
            return
        changed = self.cars.place(values, customer)
        mine = record["id"] is None or record["id"] in self.own
        if changed and not mine:
            report.took("updated", row, record["model"])
        else:
            report.took("duplicates", row, record["model"])

    def finish(self) -> None:
        """After the last row: the audit entries of the whole import."""
        self.cars.record_created()


def same_car(row: Row, record: Record) -> bool:
    """Whether a row with the key of this car is this car: by VIN, else by plate, else by model and day."""
    for field in ("vin", "plate"):
        if as_text(row[field]).strip():
            return same_text(row[field], record[field])
    if "bought_on" in row.fields and cleaning.day(row["bought_on"]).value != record["bought_on"]:
        return False
    return "model" not in row.fields or same_text(row["model"], record["model"])
