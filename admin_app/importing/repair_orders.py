"""Repair orders of the past. Known again by their number; the car is found by VIN, else by plate, the customer by
phone, else through the car. A car that the store does not know is put on file without a customer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from admin_app import choices as ch
from admin_app import cleaning, clock
from admin_app import models as m
from admin_app.importing.cars import Cars
from admin_app.importing.context import Context
from admin_app.importing.customers import read_phones
from admin_app.importing.people import CustomersByPhone
from admin_app.importing.values import Reader, brought
from admin_app.importing.writer import Record, Writer
from admin_app.ledgers import Row

SPECIAL = ("number", "opened_at", "closed_at", "kind", "state", "advisor_id", "satisfaction")
#: An order of the past without a day of leaving has long been closed (default).
OPEN_FOR = dt.timedelta(days=60)
SERVICES = (ch.RepairKind.FIRST_SERVICE, ch.RepairKind.SERVICE)
WORDS = (
    (ch.RepairKind.FIRST_SERVICE, ("首保", "首次保养")),
    (ch.RepairKind.RECALL, ("召回",)),
    (ch.RepairKind.ACCIDENT, ("事故", "钣金", "喷漆", "钣喷")),
    (ch.RepairKind.WARRANTY, ("索赔", "三包", "质保")),
    (ch.RepairKind.SERVICE, ("保养", "机油", "机滤")),
    (ch.RepairKind.INSTALL, ("加装", "安装", "精品")),
)


def kind_of(items: str | None) -> ch.RepairKind:
    """What an order was for, by the words of its work; a repair where no word tells."""
    text = items or ""
    return next((kind for kind, words in WORDS if any(word in text for word in words)), ch.RepairKind.REPAIR)


@dataclass
class Draft:
    """A row that can be taken."""

    row: Row
    values: Record
    car: Record
    phone: str | None


class RepairOrders:
    """The importer of repair orders."""

    required: Sequence[Sequence[str]] = (("number",),)

    def __init__(self, context: Context, fields: Sequence[str]) -> None:
        self.context = context
        self.reader = Reader(context)
        self.writer = Writer(context, m.RepairOrder)
        self.cars = Cars(context)
        self.customers = CustomersByPhone(context)
        self.plain = brought(m.RepairOrder, fields, leave=SPECIAL)
        self.car_fields = brought(m.Vehicle, fields, prefix="vehicle.")
        self.seen: set[str] = set()

    def take(self, rows: list[Row]) -> None:
        """Import one batch of rows."""
        drafts = [draft for row in rows if (draft := self.draft(row)) is not None]
        on_file = {
            one["number"]: one for one in self.writer.by("number", (d.values["number"] for d in drafts))
        }
        self.customers.load(draft.phone for draft in drafts)
        self.cars.load(draft.car for draft in drafts)
        added: list[tuple[Record, Record | None]] = []
        for draft in drafts:
            number = draft.values["number"]
            if number in self.seen:
                self.context.report.took("duplicates", draft.row, number)
                continue
            self.seen.add(number)
            car = self.car(draft)
            if number in on_file:
                self.known(on_file[number], draft, car)
            else:
                self.context.report.took("created", draft.row, number)
                added.append((self.order(draft, car), car))
        self.cars.flush()
        for record, car in added:
            record["vehicle_id"] = car["id"] if car else None
        self.writer.flush()

    def draft(self, row: Row) -> Draft | None:
        """What a row says; None where it has no number."""
        number = cleaning.words(row["number"], 40)
        if number.value is None:
            self.context.reject(
                row, "number", number.warnings[0] if number.warnings else _l("The number is missing.")
            )
            return None
        values = {k: v for k, v in self.reader.record(row, self.plain).items() if v is not None}
        advisor = self.context.person(row["advisor_id"])
        values |= {
            "number": number.value,
            "advisor_id": advisor.past["id"],
            "advisor_text": advisor.past["text"],
        }
        values |= self.course(row)
        kind = self.reader.choice(ch.RepairKind, row["kind"]).value
        values["kind"] = kind or kind_of(values.get("items"))
        car = {k: v for k, v in self.reader.record(row, self.car_fields, "vehicle.").items() if v is not None}
        return Draft(row, values, car, read_phones(row).value)

    def course(self, row: Row) -> Record:
        """When the car came in and left, and so whether the order is still open."""
        opened, closed = self.moment(row, "opened_at"), self.moment(row, "closed_at")
        if opened and closed and closed < opened:
            closed = opened
        if opened is None:
            opened = closed or self.context.now
        open_still = closed is None and self.context.now - opened < OPEN_FOR
        if closed is not None and closed > self.context.now:
            self.context.warn(row, "closed_at", _l("This lies in the future."))
            closed, open_still = None, True
        state = ch.RepairState.OPEN if open_still else ch.RepairState.CLOSED
        return {"opened_at": opened, "closed_at": closed if open_still else closed or opened, "state": state}

    def moment(self, row: Row, field: str) -> dt.datetime | None:
        cleaned = self.reader.moment_of(row, field)
        for warning in cleaned.warnings:
            self.context.warn(row, field, warning)
        return cleaned.value

    def car(self, draft: Draft) -> Record | None:
        """The car of an order; one that is not on file is put there. None where the row names none."""
        customer = self.customers.get(draft.phone)
        if not (draft.car.get("vin") or draft.car.get("plate")):
            return None
        record = self.cars.find(draft.car, customer["id"] if customer else None)
        if record is None:
            bought = {"bought_here": False}
            record = self.cars.create(draft.car | bought, customer["id"] if customer else None)
        else:
            self.cars.fill(record, {key: draft.car.get(key) for key in ("vin", "plate")})
        return self.served(record, draft.values)

    def served(self, record: Record, values: Record) -> Record:
        """What an order tells of its car: mileage, the last service, the first service done."""
        day = clock.local_day(values["closed_at"] or values["opened_at"])
        found: Record = {}
        later = record["mileage_on"] is None or record["mileage_on"] <= day
        if later and values.get("mileage", 0) > (record["mileage"] or 0):
            found |= {"mileage": values["mileage"], "mileage_on": day}
        if values["kind"] in SERVICES and values["state"] == ch.RepairState.CLOSED:
            found |= {} if record["first_service_done"] else {"first_service_done": True}
            if record["last_service_on"] is None or record["last_service_on"] < day:
                found |= {"last_service_on": day, "last_service_km": values.get("mileage")}
        if self.cars.writer.change(record, found, record["model"]) and "last_service_on" in found:
            planned = self.cars.next_service(record | {"next_service_on": None})
            self.cars.writer.change(record, planned, record["model"])
        return record

    def order(self, draft: Draft, car: Record | None) -> Record:
        """A new order. Its customer is the one with the phone, else the car's."""
        customer = self.customers.get(draft.phone)
        customer_id = customer["id"] if customer else car["customer_id"] if car else None
        return self.writer.add(draft.values | {"customer_id": customer_id})

    def known(self, record: Record, draft: Draft, car: Record | None) -> None:
        """An order on file: blank fields are filled."""
        values: dict[str, Any] = {
            k: v for k, v in draft.values.items() if k not in ("advisor_id", "advisor_text")
        }
        if car is not None and car["id"] is not None:
            values |= {"vehicle_id": car["id"], "customer_id": car["customer_id"]}
        if self.writer.fill(record, values, record["number"]):
            self.context.report.took("updated", draft.row, record["number"])
        else:
            self.context.report.took("duplicates", draft.row, record["number"])

    def finish(self) -> None:
        """After the last row: the audit entries of the whole import."""
        self.writer.record_created()
        self.cars.record_created()
