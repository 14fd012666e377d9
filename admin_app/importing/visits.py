"""Contacts of the past. Known again by customer, time, member of the staff and text.

A row without a usable phone is rejected even where the name fits: names are not unique. History makes no tasks,
save the latest contact's next date where it is still ahead.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l

from admin_app import choices as ch
from admin_app import cleaning, clock
from admin_app import models as m
from admin_app.importing.context import Context, Person, pieces
from admin_app.importing.customers import read_phones
from admin_app.importing.people import CustomersByPhone
from admin_app.importing.values import Reader, brought
from admin_app.importing.writer import Record, Writer, same_text, without_known_keys
from admin_app.ledgers import Row
from admin_app.rules.followups import settle_history

SPECIAL = ("at", "staff_id", "result", "channel", "satisfaction")
Key = tuple[int, dt.datetime, str, str]


class Visits:
    """The importer of contacts."""

    required: Sequence[Sequence[str]] = (("phone", "id"), ("at", "id"))

    def __init__(self, context: Context, fields: Sequence[str]) -> None:
        self.context = context
        self.reader = Reader(context)
        self.writer = Writer(context, m.Visit)
        self.customers = CustomersByPhone(context)
        self.plain = brought(m.Visit, fields, leave=SPECIAL)
        self.fields = frozenset(fields)
        self.seen: set[int] = set()
        self.touched: dict[int, dt.datetime] = {}

    def take(self, rows: list[Row]) -> None:
        """Import one batch of rows."""
        rows = without_known_keys(self.context, self.writer, self.fields, rows, self.same)
        phones = [read_phones(row) for row in rows]
        self.customers.load(number for phone in phones for number in (phone.value, phone.second))
        drafts = [draft for row, phone in zip(rows, phones, strict=True) if (draft := self.draft(row, phone))]
        on_file = self.on_file(drafts)
        for row, customer, values, person in drafts:
            dated = self.reader.moment_of(row, "at").value is not None
            key = key_of(values, person.who)
            if hash(key) in self.seen:
                self.context.report.took("duplicates", row, customer["name"])
                continue
            self.seen.add(hash(key))
            if (record := on_file.get(key)) is not None:
                self.known(row, record, values, customer["name"])
            else:
                self.context.report.took("created", row, customer["name"])
                self.writer.add(values)
                if values["at"] <= self.context.now and dated:
                    latest = self.touched.get(customer["id"], values["at"])
                    self.touched[customer["id"]] = max(latest, values["at"])
        self.writer.flush()

    def draft(self, row: Row, phone: cleaning.Cleaned[str]) -> tuple[Row, Record, Record, Person] | None:
        """What a row says; None where it is rejected."""
        customer = customer_of(self.context, self.customers, row, phone)
        if customer is None:
            return None
        moment = self.reader.moment_of(row, "at")
        for warning in moment.warnings or (() if moment.value else (_l("The time is missing."),)):
            self.context.warn(row, "at", warning)
        at = moment.value or self.first_day(customer)
        person = self.context.person(row["staff_id"])
        values = {k: v for k, v in self.reader.record(row, self.plain).items() if v is not None}
        values |= {"customer_id": customer["id"], "at": at, "staff_id": person.past["id"]}
        values["staff_text"] = person.past["text"]
        values |= self.outcome(row, at)
        return row, customer, values, person

    def first_day(self, customer: Record) -> dt.datetime:
        """Where a contact without a usable time stands: on the day the customer came on file, never later.

        The column may not be empty; it stays the same when the ledger is read again, and is no latest contact.
        """
        return clock.at(customer["registered_on"] or dt.date(self.context.today.year, 1, 1), 0)

    def same(self, row: Row, record: Record) -> bool:
        """Whether a row with the key of this contact is this contact."""
        if "at" not in row.fields:  # a choice of columns without it
            return "content" not in row.fields or same_text(row["content"], record["content"])
        at = self.reader.moment(row["at"]).value
        return at is not None and abs(at - record["at"]) < dt.timedelta(minutes=1)

    def outcome(self, row: Row, at: dt.datetime) -> Record:
        """Channel, result and state; the ledger's own word for the result is kept as the summary."""
        channel = self.reader.choice(ch.Channel, row["channel"])
        for warning in channel.warnings:
            self.context.warn(row, "channel", warning)
        values: Record = {
            "channel": channel.value or ch.Channel.PHONE,
            "outbound": channel.value != ch.Channel.STORE,
        }
        said = cleaning.words(row["result"], 200).value
        if said is not None:
            values["result"] = self.reader.choice(ch.VisitResult, said).value
            values["summary"] = said
        score = cleaning.whole(row["satisfaction"], minimum=1, maximum=5)
        for warning in score.warnings:
            self.context.warn(row, "satisfaction", warning)
        if score.value is not None:
            values["satisfaction"] = score.value
        if at > self.context.now:
            values["state"] = ch.VisitState.PLANNED
        return values

    def on_file(self, drafts: list[Any]) -> dict[Key, Record]:
        """key → contact on file, for the customers and the days of a batch."""
        if not drafts:
            return {}
        moments = [values["at"] for _row, _customer, values, _person in drafts]
        table = self.writer.table
        span = table.c.at.between(min(moments), max(moments))
        found = self.writer.by("customer_id", (values["customer_id"] for _r, _c, values, _p in drafts), span)
        known = {}
        for record in found:
            known[key_of(record, self.context.who(record["staff_id"], record["staff_text"]))] = record
        return known

    def known(self, row: Row, record: Record, values: Record, label: str) -> None:
        """A contact on file: blank fields are filled."""
        fill = {k: v for k, v in values.items() if k not in ("staff_id", "staff_text")}
        changed = self.writer.fill(record, fill)
        if changed and record["id"] not in self.writer.own:
            self.context.report.took("updated", row, label)
        else:
            self.context.report.took("duplicates", row, label)

    def finish(self) -> None:
        """After the last row: the customers' last and next contact, the tasks, the audit entries."""
        self.writer.record_created()
        if self.context.dry_run or not self.touched:
            return
        self.date_grades()
        self.context.report.followups += settle_history(self.context.session, self.touched, self.context.now)

    def date_grades(self) -> None:
        """A grade that came without a day was given at the latest contact that the ledgers know."""
        writer = Writer(self.context, m.Customer)
        undated = writer.table.c.graded_on.is_(None)
        for piece in pieces(self.touched):
            for record in writer.by("id", piece, undated):
                writer.change(record, {"graded_on": clock.local_day(self.touched[record["id"]])})
                writer.own.add(record["id"])  # follows from the new contacts; needs no audit entry of its own
            writer.flush()


def key_of(values: Record, who: str) -> Key:
    """By what a contact is known again."""
    return values["customer_id"], values["at"], who, values.get("content") or ""


def customer_of(
    context: Context, customers: CustomersByPhone, row: Row, phone: cleaning.Cleaned[str]
) -> Record | None:
    """The customer of a row by phone; None where the row is rejected."""
    if phone.value is None:
        context.reject(
            row, "phone", phone.warnings[0] if phone.warnings else _l("The phone number is missing.")
        )
        return None
    name = cleaning.name(row["name"]).value
    customer = customers.get(phone.value, name) or (
        customers.get(phone.second, name) if phone.second else None
    )
    if customer is None:
        context.reject(row, "phone", _l("No customer of this store has this phone."))
    elif not context.may_touch(customer["owner_id"], customer["advisor_id"]):
        context.reject(row, "phone", _l("This customer belongs to another team."))
        return None
    return customer
