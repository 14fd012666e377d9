"""Complaints of the past. Known again by customer, day and text.

Satisfied → closed, marked as imported; not satisfied → back to the analysis, one round more; unfinished →
acknowledged. Finished without an answer waits for its re-callback. A row without a usable phone is rejected.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import choices as ch
from admin_app import cleaning, clock
from admin_app import models as m
from admin_app.importing.cars import Cars
from admin_app.importing.context import Context, Person
from admin_app.importing.customers import read_phones
from admin_app.importing.people import CustomersByPhone
from admin_app.importing.values import NOTE_LENGTH, Reader, brought
from admin_app.importing.visits import customer_of
from admin_app.importing.writer import Record, Writer, same_text, without_known_keys
from admin_app.ledgers import Row

#: Stands where a ledger does not say what the complaint was; the column may not be empty.
NO_TEXT = "未填写内容"
SPECIAL = ("text", "received_at", "finished_at", "owner_id")
YES = re.compile(
    r"(?:是|(?:客户|已|表示|非常|很|十分|基本|比较|较|还)*满意(?![否?]).*|(?:已|基本)?认可|接受|已接受|一般|好|很好|可以|"
    r"y|yes|true|√|✓|satisfied|5|4)(?:分|星|/5)?"
)
NO = re.compile(
    r"(?:否|不|不满|(?:客户|表示|非常|很|十分|较|比较|仍|还|依然)*(?:不太|不是很|不|未)满意.*|不(?:认可|接受)|失望|差|很差|"
    r"n|no|false|×|✗|unsatisfied|dissatisfied|notsatisfied|1|2|3)(?:分|星|/5)?"
)
Key = tuple[int, dt.date, str]


def satisfied(cell: Any) -> bool | None:
    """The answer to “回访是否满意”: 是 / 满意 / 4 or 5 points, 否 / 不满意 / 1 to 3 points; None for no answer."""
    text = cleaning.key(cell)
    if YES.fullmatch(text):
        return True
    return False if NO.fullmatch(text) else None


class Complaints:
    """The importer of complaints."""

    required: Sequence[Sequence[str]] = (("phone", "id"), ("text", "id"))

    def __init__(self, context: Context, fields: Sequence[str]) -> None:
        self.context = context
        self.reader = Reader(context)
        self.writer = Writer(context, m.Complaint)
        self.steps = Writer(context, m.ComplaintStep)
        self.customers = CustomersByPhone(context)
        self.cars = Cars(context)
        self.plain = brought(m.Complaint, fields, leave=SPECIAL)
        self.car_fields = brought(m.Vehicle, fields, prefix="vehicle.")
        self.fields = frozenset(fields)
        self.seen: set[Key] = set()
        self._numbers: dict[str, int] = {}

    def take(self, rows: list[Row]) -> None:
        """Import one batch of rows."""
        rows = without_known_keys(self.context, self.writer, self.fields, rows, same_complaint)
        phones = [read_phones(row) for row in rows]
        self.customers.load(number for phone in phones for number in (phone.value, phone.second))
        drafts = [draft for row, phone in zip(rows, phones, strict=True) if (draft := self.draft(row, phone))]
        self.attach_cars(drafts)
        on_file = self.on_file(drafts)
        undated = {self.undated(key) for key in on_file}
        new: list[tuple[Record, Person]] = []
        for row, values, person, _car in drafts:
            key = key_of(values)
            dated = self.reader.moment_of(row, "received_at").value is not None
            if key in self.seen or (not dated and key not in on_file and self.undated(key) in undated):
                self.context.report.took("duplicates", row, values["text"][:40])
                continue
            self.seen.add(key)
            if (record := on_file.get(key)) is not None:
                self.known(row, record, values)
            else:
                self.context.report.took("created", row, values["text"][:40])
                values["number"] = self.number(clock.local_day(values["received_at"]))
                new.append((self.writer.add(values), person))
        self.writer.flush()
        for record, person in new:
            self.log(record, person)
        self.steps.flush()

    def draft(self, row: Row, phone: cleaning.Cleaned[str]) -> tuple[Row, Record, Person, Record] | None:
        """What a row says; None where it is rejected."""
        customer = customer_of(self.context, self.customers, row, phone)
        if customer is None:
            return None
        text = cleaning.note(row["text"], NOTE_LENGTH)
        for warning in text.warnings or (
            () if text.value else (_l("The text of the complaint is missing."),)
        ):
            self.context.warn(row, "text", warning)
        person = self.context.person(row["owner_id"])
        values = {k: v for k, v in self.reader.record(row, self.plain).items() if v is not None}
        values |= {"customer_id": customer["id"], "text": text.value or NO_TEXT, "imported": True}
        values["received_at"] = self.received(row)
        values |= {"owner_id": person.past["id"], "owner_text": person.past["text"]}
        values |= self.course(row, values["received_at"], person)
        car = {k: v for k, v in self.reader.record(row, self.car_fields, "vehicle.").items() if v is not None}
        return row, values, person, car

    def moment(self, row: Row, field: str) -> dt.datetime | None:
        """A time of the row, never ahead of now; None where the cell is blank or was left blank with a warning."""
        cleaned = self.reader.moment_of(row, field)
        for warning in cleaned.warnings:
            self.context.warn(row, field, warning)
        if cleaned.value is not None and cleaned.value > self.context.now:
            self.context.warn(row, field, _l("This lies in the future."))
            return None
        return cleaned.value

    def received(self, row: Row) -> dt.datetime:
        """When it was received; where the ledger does not say, when it was finished, else now."""
        found = self.moment(row, "received_at") or self.reader.moment_of(row, "finished_at").value
        return min(found or self.context.now, self.context.now)

    def course(self, row: Row, received: dt.datetime, person: Person) -> Record:
        """How far the complaint has come, by its day of finishing and the answer of the re-callback."""
        finished, answer = self.moment(row, "finished_at"), satisfied(row["satisfied"])
        state = ch.ComplaintState
        begun: Record = {"acknowledged_at": received}
        if answer is not None:
            finished = max(finished or received, received)
        if finished is None:
            return begun | {"state": state.ACKNOWLEDGED}
        done = begun | {"understood_at": received}
        if answer is None:
            due = clock.local_day(finished) + dt.timedelta(days=3)
            done |= {"analysed_at": received, "proposed_at": received, "recall_due_on": due}
            return done | {"state": state.FINISHED, "finished_at": finished, "finished_by_id": person.ever}
        done |= {"recalled_at": finished, "satisfied": answer}
        if not answer:
            return done | {"state": state.UNDERSTOOD, "loops": 1}
        done |= {"analysed_at": received, "proposed_at": received, "closed_at": finished}
        return done | {"state": state.CLOSED, "finished_at": finished, "finished_by_id": person.ever}

    def attach_cars(self, drafts: list[Any]) -> None:
        """The car of each complaint that names one, by VIN or plate; an unknown plate names no car."""
        self.cars.load(car for _row, _values, _person, car in drafts)
        for _row, values, _person, car in drafts:
            known = self.cars.find(car, values["customer_id"]) if car else None
            values["vehicle_id"] = known["id"] if known else None

    def on_file(self, drafts: list[Any]) -> dict[Key, Record]:
        """key → complaint on file, for the customers of a batch."""
        found = self.writer.by("customer_id", (values["customer_id"] for _r, values, _p, _c in drafts))
        return {key_of(record): record for record in found}

    def undated(self, key: Key) -> tuple[int, str]:
        """By what a complaint is known again whose row has no usable day."""
        return key[0], key[2]

    def known(self, row: Row, record: Record, values: Record) -> None:
        """A complaint on file keeps its course; other blank fields are filled."""
        fill = {k: values.get(k) for k in ("vehicle_id", "cause", "solution", "owner_text")}
        if record["owner_id"] is not None:
            fill.pop("owner_text")
        changed = self.writer.fill(record, fill, record["number"])
        if changed and record["id"] not in self.writer.own:
            self.context.report.took("updated", row, record["number"])
        else:
            self.context.report.took("duplicates", row, record["number"])

    def number(self, day: dt.date) -> str:
        """TS-YYYYMMDD-NN, counted per store and day as at the intake; deleted complaints keep their numbers."""
        head = f"TS-{day:%Y%m%d}-"
        if head not in self._numbers:
            table = self.writer.table
            used = self.context.connection.execute(
                sa.select(table.c.number).where(
                    table.c.store_id == self.context.store_id, table.c.number.startswith(head)
                )
            ).scalars()
            self._numbers[head] = max(
                (int(one[len(head) :]) for one in used if one[len(head) :].isdigit()), default=0
            )
        self._numbers[head] += 1
        return f"{head}{self._numbers[head]:02d}"

    def log(self, record: Record, person: Person) -> None:
        """The lines of the log that the ledger can vouch for."""
        kind = ch.StepKind
        self._step(record, kind.RECEIVE, record["received_at"], None, None)
        self._step(record, kind.ACKNOWLEDGE, record["received_at"], person.ever, record["owner_text"])
        finished = record["finished_at"] or (record["recalled_at"] if record["loops"] else None)
        if finished is not None:
            self._step(record, kind.FINISH, finished, person.ever, record["solution"])
        if record["satisfied"] is not None:
            kept = kind.RECALL_SATISFIED if record["satisfied"] else kind.RECALL_NOT_SATISFIED
            self._step(record, kept, record["recalled_at"], None, None)

    def _step(self, record: Record, kind: ch.StepKind, at: Any, by_id: int | None, note: str | None) -> None:
        self.steps.add({"complaint_id": record["id"], "kind": kind, "at": at, "by_id": by_id, "note": note})

    def finish(self) -> None:
        """After the last row: the audit entries of the whole import."""
        self.writer.record_created()
        self.steps.record_created()


def key_of(values: Record) -> Key:
    """By what a complaint is known again."""
    return values["customer_id"], clock.local_day(values["received_at"]), values["text"]


def same_complaint(row: Row, record: Record) -> bool:
    """Whether a row with the key of this complaint is this complaint."""
    return "text" not in row.fields or same_text(row["text"], record["text"])
