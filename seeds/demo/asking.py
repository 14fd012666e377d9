"""Inquiries of the demo: those of the past months with their answers, and those that wait now; a few invalid leads, and
the token of the stores' website. Dice of its own, so that the rest of the demo does not depend on it."""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import Any

from admin_app.choices import InquiryChannel, InquiryState, Screening, Stage, Trigger
from seeds.demo import making, tasks
from seeds.demo.files import File
from seeds.demo.making import weighted
from seeds.demo.world import World

S = InquiryState
PAST = {"S1": 46, "S2": 20}
CHANNELS = {InquiryChannel.PHONE: 5, InquiryChannel.WEB_CHAT: 3, InquiryChannel.SOCIAL: 2, InquiryChannel.EMAIL: 1}
DUE = dt.timedelta(hours=24)
# What waits in a store now: minutes since it came in, state, whether there is a file.
NOW = {"S1": ((35, S.OPEN, True), (190, S.OPEN, False), (1130, S.OPEN, True), (1570, S.OPEN, True),
              (1300, S.PLANNED, True), (2900, S.PLANNED, False)),
       "S2": ((80, S.OPEN, True), (1010, S.OPEN, False), (1700, S.PLANNED, True))}
INVALID = 9


def make(world: World, files: list[File]) -> None:
    """The inquiries of both stores, invalid leads, and a token each."""
    random = Random(len(files))
    for code, store_id in world.stores.items():
        there = [file for file in files if file.store_id == store_id and file.owner]
        for _number in range(min(PAST[code], len(there) // 3)):
            received = world.now - dt.timedelta(minutes=random.randint(3 * 1440, 500 * 1440))
            _past(world, random, random.choice(there), received)
        for minutes, state, known in NOW[code]:
            _present(world, random, random.choice(there), minutes, state, known)
        world.writer.add("lead_token", created=world.now - dt.timedelta(days=90), name="门店官网留资",
                         store_id=store_id, active=True)
    _invalid(world, random, files)


def _add(world: World, random: Random, file: File, received: dt.datetime, **values: Any) -> dict[str, Any]:
    question, _answer = random.choice(making.texts()["inquiries"])
    owner = values.pop("owner_id", file.owner.id if file.owner else None)
    return world.writer.add(
        "inquiry", **({"created": received, "created_by_id": owner, "store_id": file.store_id, "question": question,
                       "channel": weighted(random, CHANNELS), "customer_id": file.row["id"], "received_at": received,
                       "owner_id": owner, "due_at": received + DUE, "state": S.OPEN, "escalated_to": 0} | values))


def _past(world: World, random: Random, file: File, received: dt.datetime) -> None:
    """One that was answered, most of them in time."""
    after = dt.timedelta(minutes=random.randint(20, 1300) if random.random() < 0.9 else random.randint(1500, 2800))
    row = _add(world, random, file, received, answered_at=received + after,
               state=S.CLOSED if random.random() < 0.8 else S.ANSWERED)
    row["answer"] = dict(making.texts()["inquiries"])[row["question"]]
    row["escalated_to"] = 1 if after > DUE else 0


def _present(world: World, random: Random, file: File, minutes: int, state: InquiryState, known: bool) -> None:
    received = world.now - dt.timedelta(minutes=minutes)
    if known:
        row = _add(world, random, file, received)
    else:
        taker = world.staff(file.store_id, "care_specialist")[0]
        row = _add(world, random, file, received, customer_id=None, owner_id=taker.id,
                   name=making.person_name(random, random.random() < 0.5),
                   phone=f"+86199{random.randint(10_000_000, 99_999_999)}")
    row["state"] = state
    if state is S.PLANNED:
        row["plan"], row["planned_at"] = "已向厂家核实，明天下班前给客户回电话。", received + dt.timedelta(minutes=50)
    elif known:
        made = tasks.fire(file, Trigger.INQUIRY, received, "inquiry", row["id"], "1", preferred=row["owner_id"])
        for task in made:
            tasks.write(file, task)


def _invalid(world: World, random: Random, files: list[File]) -> None:
    """Leads of the pool that were looked at and are none."""
    found = [file.row for file in files if file.row["stage"] == Stage.LEAD and file.row["next_contact_on"] is None]
    for row in found[:INVALID]:
        row["screening"], row["screening_reason"] = Screening.INVALID, random.choice(making.texts()["invalid_leads"])
