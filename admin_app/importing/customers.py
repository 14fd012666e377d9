"""Customers, with the car that stands in their row. Known again by phone and store.

Blank fields of a customer on file are filled, nothing is overwritten. The same phone again in one file is the same
customer. A row without a usable name or phone is rejected; any other bad cell is left blank with a warning.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import choices as ch
from admin_app import cleaning
from admin_app import models as m
from admin_app.cleaning import as_text
from admin_app.importing.cars import Cars
from admin_app.importing.context import Context
from admin_app.importing.followups import NextContacts
from admin_app.importing.people import sharing
from admin_app.importing.values import Reader, brought
from admin_app.importing.writer import Record, Writer
from admin_app.ledgers import Place, Row
from admin_app.rules.customers import completeness
from admin_app.rules.pinyin import of_name

SPECIAL = (
    "name",
    "phone",
    "phone2",
    "birthday",
    "owner_id",
    "advisor_id",
    "source",
    "next_contact_on",
    "sex",
)
PROSPECTS = (ch.Grade.H, ch.Grade.A, ch.Grade.B, ch.Grade.C, ch.Grade.O)


@dataclass
class Draft:
    """A row that can be taken: the customer's values and, where the row has one, the car's."""

    row: Row
    values: Record
    car: Record = field(default_factory=dict)
    planned: dt.date | None = None
    record: Record | None = None
    new: bool = False
    changed: bool = False


class Customers:
    """The importer of customers."""

    required: Sequence[Sequence[str]] = (("name", "id"), ("phone", "id"))

    def __init__(self, context: Context, fields: Sequence[str]) -> None:
        self.context = context
        self.reader = Reader(context)
        self.writer = Writer(context, m.Customer)
        self.cars = Cars(context)
        self.next_contacts = NextContacts(context)
        self.plain = brought(m.Customer, fields, leave=SPECIAL)
        self.car_fields = brought(m.Vehicle, fields, prefix="vehicle.")
        self.fields = frozenset(fields)
        self.seen: set[str] = set()
        self.shared = sharing(context)

    # ------------------------------------------------------------ reading

    def take(self, rows: list[Row]) -> None:
        """Import one batch of rows."""
        by_key = self.on_file_by_key(rows)
        drafts = [draft for row in rows if (draft := self.draft(row, by_key.get(row.place))) is not None]
        self.match(drafts)
        self.writer.flush()
        with_car = [(draft, draft.record) for draft in drafts if draft.car and draft.record]
        self.cars.load(draft.car | {"customer_id": record["id"]} for draft, record in with_car)
        for draft, record in with_car:
            draft.changed |= self.cars.place(draft.car, record)
            draft.changed |= self.became_owner(record)
        self.cars.flush()
        self.writer.flush()
        for draft in drafts:
            self.count(draft)

    def draft(self, row: Row, known: Record | None) -> Draft | None:
        """What a row says; None where it is rejected. `known` is the customer whose key and name it carries."""
        name, phone = cleaning.name(row["name"]), self.phones(row)
        if known is None and not self.usable(row, name, phone):
            return None
        values: Record = {"name": name.value, "phone": phone.value, "phone2": phone.second}
        for warning in phone.warnings if phone.value else ():
            self.context.warn(row, "phone", warning)
        values |= self.reader.record(row, self.plain)
        values |= self.person_values(row, name.value, known)
        planned = self.reader.read(row, "next_contact_on", *_about("next_contact_on"))
        return Draft(row, values, self.car_values(row, values), planned, known)

    def usable(self, row: Row, name: cleaning.Cleaned[str], phone: cleaning.Cleaned[str]) -> bool:
        """Reject a row without a usable name or phone (DOMAIN §3.10), with the first reason."""
        if name.value is None:
            self.context.reject(
                row, "name", name.warnings[0] if name.warnings else _l("The name is missing.")
            )
        elif len(name.value) > 80:
            self.context.reject(row, "name", _l("This text is longer than %(length)s characters.", length=80))
        elif phone.value is None:
            reason = phone.warnings[0] if phone.warnings else _l("The phone number is missing.")
            self.context.reject(row, "phone", reason)
        else:
            return True
        return False

    def phones(self, row: Row) -> cleaning.Cleaned[str]:
        """The first usable phone of all phone columns, and a second one."""
        return read_phones(row, *row.all("phone2"))

    def person_values(self, row: Row, name: str | None, known: Record | None) -> Record:
        """The fields that need more than their kind: sex by title, birthday, source, the people in charge."""
        values: Record = {}
        sex = self.reader.read(row, "sex", *_about("sex"))
        if sex is None and known is None:
            sex = cleaning.sex_of_title(name)
        values["sex"] = ch.Sex(sex) if sex else None
        values["kind"] = ch.CustomerKind.COMPANY if cleaning.company_like(name or "") else None
        values |= self.birthday(row)
        values |= self.source(row)
        owner = self.context.person(row["owner_id"])
        values |= {"owner_id": owner.id, "owner_text": owner.text}
        values["advisor_id"] = self.context.person(row["advisor_id"]).id
        return values

    def birthday(self, row: Row) -> Record:
        """The birthday with its calendar; one without a year cannot be kept."""
        cleaned = cleaning.birthday(row["birthday"], self.context.today)
        for warning in cleaned.warnings:
            self.context.warn(row, "birthday", warning)
        if cleaned.value is None:
            return {}
        if cleaned.value.date is None:
            self.context.warn(row, "birthday", _l("This birthday has no year; it is left blank."))
            return {}
        lunar = {"birthday_calendar": ch.BirthdayCalendar.LUNAR} if cleaned.value.lunar else {}
        return {"birthday": cleaned.value.date} | lunar

    def source(self, row: Row) -> Record:
        """The source, and the ledger's own word for it as the detail."""
        said = cleaning.words(row["source"], 120).value
        if said is None:
            return {}
        found = self.reader.choice(ch.Source, said).value
        plain = found is not None and said == str(found.label)
        return {"source": found or ch.Source.OTHER, "source_detail": None if plain else said}

    def car_values(self, row: Row, values: Record) -> Record:
        """The car of the row. A model alone, without VIN, plate or purchase, is the model wished for."""
        car = {k: v for k, v in self.reader.record(row, self.car_fields, "vehicle.").items() if v is not None}
        if any(car.get(key) for key in ("vin", "plate", "bought_on")):
            return car
        if car.get("model") and not values.get("model_wish"):
            values["model_wish"] = car["model"]
        return {}

    # ------------------------------------------------------------ matching

    def match(self, drafts: list[Draft]) -> None:
        """Find the customer of each row, or make one."""
        by_phone = self.on_file(drafts)
        for draft in drafts:
            phone = draft.values["phone"]
            record = draft.record or by_phone.get(phone)
            draft.record = None
            if record is None and phone in self.seen:  # only in a dry run: the first row was not written
                self.context.report.took("duplicates", draft.row, draft.values["name"])
            elif record is None:
                draft.record, draft.new = self.create(draft), True
                by_phone[phone] = draft.record
                self.seen.add(phone)
            elif not self.context.may_touch(record["owner_id"], record["advisor_id"]):
                self.context.reject(draft.row, "phone", _l("This customer belongs to another team."))
            else:
                draft.record = record
                draft.changed = self.fill(record, draft)

    def on_file(self, drafts: list[Draft]) -> dict[str, Record]:
        """phone → the customer on file; one that shares its phone on purpose only where no other has it."""
        found: dict[str, Record] = {}
        phones = [draft.values["phone"] for draft in drafts]
        shared = [key for phone in phones for key in self.shared.get(phone, ())]
        for record in self.writer.by("id", shared):
            found.setdefault(record["phone"], record)
        for record in self.writer.by("phone", phones, sa.not_(self.writer.table.c.kept_apart)):
            found[record["phone"]] = record
        return found

    def on_file_by_key(self, rows: list[Row]) -> dict[Place, Record]:
        """Where a row stands → the customer whose key it carries: an export of this store that is read back.

        Other systems number their customers too: a key counts only with the same name or the same phone.
        """
        if "id" not in self.fields:
            return {}
        keys = [as_text(row["id"]).strip() for row in rows]
        wanted = [int(key) for key in keys if key.isdigit() and len(key) < 10]
        there = {str(record["id"]): record for record in self.writer.by("id", wanted)}
        return {
            row.place: there[key]
            for row, key in zip(rows, keys, strict=True)
            if key in there and self.same(row, there[key])
        }

    def same(self, row: Row, record: Record) -> bool:
        """Whether a row with the key of this customer is this customer; columns that it lacks say nothing."""
        phone = self.phones(row).value
        if phone:
            return phone == record["phone"]
        return "name" not in row.fields or as_text(row["name"]).strip() == record["name"].strip()

    # ------------------------------------------------------------ writing

    def create(self, draft: Draft) -> Record:
        """A new customer; stage and grade follow from what the row says."""
        values = {k: v for k, v in draft.values.items() if v is not None}
        grade = values.get("grade") or (ch.Grade.D if draft.car else ch.Grade.N)
        values["grade"] = grade
        values.setdefault("stage", stage_of(grade, bool(draft.car)))
        if draft.values.get("grade"):
            values.setdefault("graded_on", values.get("registered_on"))
        values.setdefault("registered_on", self.context.today)
        values["pinyin"] = of_name(values["name"])
        values["completeness"] = completeness(_row(self.writer.template | values))
        return self.writer.add(values)

    def fill(self, record: Record, draft: Draft) -> bool:
        """Put what the row knows where the customer on file has nothing."""
        values = dict(draft.values)
        owner_id, owner_text = values.pop("owner_id"), values.pop("owner_text")
        if record["grade"] == ch.Grade.N and values.get("grade") not in (None, ch.Grade.N):
            record_grade = {"grade": values.pop("grade")}
        else:
            record_grade = {}
        own = record["id"] is None or record["id"] in self.writer.own
        if record["owner_id"] is None and (own or record["owner_text"] == draft.row["owner_id"]):
            values["owner_id"] = owner_id
            values["owner_text"] = owner_text
        label = record["name"]
        if own and values.get("note") and record["note"] and values["note"] not in record["note"]:
            record_grade["note"] = f"{record['note']}\n{values['note']}"
        changed = self.writer.change(record, record_grade, label)
        changed |= self.writer.fill(record, values, label)
        if changed:
            self.writer.change(record, {"completeness": completeness(_row(record))}, label)
        return changed

    def became_owner(self, record: Record) -> bool:
        """A lead or prospect who turns out to have a car is an owner."""
        if record["stage"] not in (ch.Stage.LEAD, ch.Stage.PROSPECT):
            return False
        delivered = {"grade": ch.Grade.D} if record["grade"] == ch.Grade.N else {}
        return self.writer.change(record, {"stage": ch.Stage.OWNER} | delivered, record["name"])

    def count(self, draft: Draft) -> None:
        report = self.context.report
        if draft.record is None:
            return
        if draft.new:
            report.took("created", draft.row, draft.record["name"])
        elif draft.changed and draft.record["id"] not in self.writer.own:
            report.took("updated", draft.row, draft.record["name"])
        else:
            report.took("duplicates", draft.row, draft.record["name"])
        if draft.planned is not None:
            self.next_contacts.plan(draft.record, draft.planned)

    def finish(self) -> None:
        """After the last row: planned contacts, and the audit entries of the whole import."""
        self.next_contacts.write()
        self.writer.record_created()
        self.cars.record_created()


def _row(record: Record) -> Any:
    """The record with its columns as attributes, as the rules want them."""
    return SimpleNamespace(**record)


def _about(name: str) -> tuple[Any, Any]:
    column = m.Customer.__table__.c[name]
    return column.info["field"], column


def read_phones(row: Row, *more: Any) -> cleaning.Cleaned[str]:
    """The first usable number of a row's phone cells and the second one; the first cell's warnings where none is."""
    cells = [*row.all("phone"), *more]
    found: list[str] = []
    warnings: list[Any] = []
    for cell in cells:
        cleaned = cleaning.phone(cell)
        found += [number for number in (cleaned.value, cleaned.second) if number and number not in found]
        warnings += cleaned.warnings
    if not found:
        return cleaning.Cleaned(warnings=tuple(warnings))
    return cleaning.Cleaned(found[0], found[1] if len(found) > 1 else None, tuple(warnings))


def stage_of(grade: Any, has_car: bool) -> ch.Stage:
    """The stage that follows from the intent grade where the ledger does not name one."""
    if has_car or grade == ch.Grade.D:
        return ch.Stage.OWNER
    if grade in (ch.Grade.F, ch.Grade.T):
        return ch.Stage.LOST
    return ch.Stage.PROSPECT if grade in PROSPECTS else ch.Stage.LEAD
