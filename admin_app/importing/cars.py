"""Cars in a ledger: known again by VIN, else by plate or by model and purchase day of the same customer.

A car whose VIN stands with another customer changes hands, unless the customer of the row is one of its former
owners: then the ledger is older than the change.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast

from admin_app import access
from admin_app import models as m
from admin_app.importing.context import Context
from admin_app.importing.writer import Record, Writer
from admin_app.rules.vehicles import Interval, forecast, intervals

#: Stands where a ledger does not say which model it is; the column may not be empty.
UNKNOWN_MODEL = "未知车型"
CAR_FIELDS = tuple(column.key for column in m.Vehicle.__table__.columns if "field" in column.info)


class Cars:
    """The cars that the rows of a batch name. load() first, then place() for each row, then flush()."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.writer = Writer(context, m.Vehicle)
        self.owners = Writer(context, m.VehicleOwner)
        self._by_vin: dict[str, Record] = {}
        self._by_plate: dict[str, list[Record]] = {}
        self._by_customer: dict[int, list[Record]] = {}
        self._former: set[tuple[int, int]] = set()
        self._handed: list[tuple[Record, Record]] = []
        self._intervals: tuple[Interval, Interval] | None = None

    def load(self, wanted: Iterable[Record]) -> None:
        """Find the cars on file that these values may mean; forgets the cars of the batch before."""
        self._by_vin, self._by_plate, self._by_customer, self._handed = {}, {}, {}, []
        wanted = list(wanted)
        records: dict[int, Record] = {}
        for column in ("vin", "plate", "customer_id"):
            for record in self.writer.by(column, (one.get(column) for one in wanted)):
                records.setdefault(record["id"], record)
        lines = self.owners.by("customer_id", (one.get("customer_id") for one in wanted))
        missing = [line["vehicle_id"] for line in lines if line["vehicle_id"] not in records]
        records |= {one["id"]: one for one in self.writer.by("id", missing)}
        for record in records.values():
            self._index(record)
        self._index_former(lines, records)
        transfers = [record["id"] for record in records.values()]
        self._former = {
            (one["vehicle_id"], one["customer_id"]) for one in self.owners.by("vehicle_id", transfers)
        }

    def _index_former(self, lines: list[Record], records: dict[int, Record]) -> None:
        """The cars that a customer once had: an older ledger may name them by model and purchase day."""
        for line in lines:
            known = self._by_customer.setdefault(line["customer_id"], [])
            car = records.get(line["vehicle_id"])
            if car is not None and all(one is not car for one in known):
                known.append(car)

    def _index(self, record: Record) -> None:
        if record["vin"]:
            self._by_vin[record["vin"]] = record
        if record["plate"]:
            self._by_plate.setdefault(record["plate"], []).append(record)
        if record["customer_id"] is not None:
            self._by_customer.setdefault(record["customer_id"], []).append(record)

    def find(self, values: Record, customer_id: int | None = None) -> Record | None:
        """The car on file: by VIN; by plate (the customer's own first); by the customer's model and purchase day."""
        vin, plate = values.get("vin"), values.get("plate")
        if vin and vin in self._by_vin:
            return self._by_vin[vin]
        if plate:
            same = [one for one in self._by_plate.get(plate, []) if not (vin and one["vin"])]
            own = [one for one in same if one["customer_id"] == customer_id]
            if own or same:
                return min(own or same, key=age)
        if customer_id is None:
            return None
        return self._same_purchase(values, customer_id)

    def _same_purchase(self, values: Record, customer_id: int) -> Record | None:
        for one in self._by_customer.get(customer_id, []):
            if (values.get("vin") and one["vin"]) or (values.get("plate") and one["plate"]):
                continue
            if one["bought_on"] == values.get("bought_on") and one["model"] == values.get(
                "model", UNKNOWN_MODEL
            ):
                return one
        return None

    def place(self, values: Record, customer: Record | None) -> bool:
        """Put a car with its customer; True where the car on file changed or a new one was made."""
        customer_id = customer["id"] if customer else None
        record = self.find(values, customer_id)
        if record is None:
            self.create(values, customer_id)
            return True
        changed = self.fill(record, values)
        if record["model"] == UNKNOWN_MODEL and values.get("model"):
            changed |= self.writer.change(record, {"model": values["model"]}, record["model"])
        if customer_id is not None and record["customer_id"] != customer_id:
            changed |= self.hand_over(record, customer_id, values)
        return changed

    def fill(self, record: Record, values: Record) -> bool:
        """Put values where the car has none, and know it from now on by the VIN or plate it has got."""
        before = record["vin"], record["plate"]
        plate = values.get("plate")
        if plate and any(one is not record for one in self._by_plate.get(plate, ())):
            values = values | {"plate": None}  # another car carries it; two with one plate could not be told apart
        changed = self.writer.fill(record, values, record["model"])
        if (record["vin"], record["plate"]) != before:
            self._index(record)
        return changed

    def create(self, values: Record, customer_id: int | None) -> Record:
        """A new car and, where it has a customer, the first line of its owners."""
        known = {k: v for k, v in values.items() if v is not None and k in CAR_FIELDS}
        if known.get("mileage") is not None:
            known.setdefault("mileage_on", self.context.today)
        known |= self.next_service(self.writer.template | known)
        record = self.writer.add({"model": UNKNOWN_MODEL} | known | {"customer_id": customer_id})
        self.context.report.vehicles["created"] += 1
        self._index(record)
        if customer_id is not None:
            line = {"customer_id": customer_id, "since": known.get("bought_on")}
            self._handed.append((record, line))
        return record

    def next_service(self, record: Record) -> Record:
        """When the next service is due, as for a car that was saved on the screen; nothing where a date is set."""
        if record["next_service_on"] is not None:
            return {}
        if self._intervals is None:
            with access.as_system(self.context.session, "import"):
                self._intervals = intervals(self.context.session)
        day, km = forecast(cast(Any, SimpleNamespace(**record)), self._intervals)
        return {"next_service_on": day, "next_service_km": km} if day is not None else {}

    def hand_over(self, record: Record, customer_id: int, values: Record) -> bool:
        """The car belongs to another customer from now on; its owners are kept."""
        car = which(record)
        if (car, customer_id) in self._former:
            return False
        since = values.get("bought_on")
        for handed, line in self._handed:
            if handed is record:
                line.setdefault("until", since or self.context.today)
        for line in self.owners.by("vehicle_id", [record["id"]]):
            if line["until"] is None:
                self.owners.change(line, {"until": since or self.context.today})
        self._former.add((car, customer_id))
        if record["customer_id"] is not None:
            self._former.add((car, record["customer_id"]))
            self.context.report.vehicles["handed over"] += 1
        self.writer.change(record, {"customer_id": customer_id}, record["model"])
        self._handed.append((record, {"customer_id": customer_id, "since": since}))
        return True

    def flush(self) -> None:
        """Write the cars of the batch, then the lines of their owners."""
        self.writer.flush()
        for record, line in self._handed:
            self.owners.add(line | {"vehicle_id": record["id"]})
        self._handed = []
        self.owners.flush()

    def record_created(self) -> None:
        """The audit entries for all cars that this import has made."""
        self.writer.record_created()
        self.owners.record_created()


def age(record: Record) -> float:
    """Of cars with one plate the oldest on file is always the one, however often a ledger is read."""
    return record["id"] if record["id"] is not None else float("inf")


def which(record: Record) -> int:
    """Stands for a car, also for one of this batch that has no key yet."""
    return record["id"] if record["id"] is not None else -id(record)


def car_of(values: dict[str, Any]) -> Record:
    """The values of a row that say which car it is."""
    return {key: values[key] for key in ("vin", "plate", "model", "bought_on") if values.get(key) is not None}
