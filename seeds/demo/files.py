"""A customer's file in the making: its row, its contacts and what is owed to it; the contacts close what they cover."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from admin_app.choices import (
    BirthdayCalendar,
    Channel,
    CreditLevel,
    CustomerKind,
    DecisionPower,
    Grade,
    Purpose,
    Sex,
    Source,
    Stage,
    VisitResult,
    VisitState,
)
from admin_app.rules import customers, pinyin
from seeds.demo import making
from seeds.demo.making import chance, weighted
from seeds.demo.world import Person, World

SOURCES = {Source.WALK_IN: 30, Source.WEB: 26, Source.PHONE: 14, Source.REFERRAL: 14, Source.SOCIAL: 10,
           Source.EVENT: 6}
MISSED = (VisitResult.NOT_REACHED, VisitResult.WRONG_NUMBER)
LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
# Situations in which the customer is asked for marks, and the marks given.
RATED = {"care_day30", "after_repair", "campaign_feedback"}
SATISFACTION = {5: 58, 4: 31, 3: 7, 2: 3, 1: 1}


@dataclass
class File:
    """A customer with the people who look after it; the row is inserted with everything that hangs on it."""

    world: World
    row: dict[str, Any]
    owner: Person | None
    advisor: Person | None
    last: dict[str, Any] | None = None
    owed: list[dict[str, Any]] = field(default_factory=list)
    cars: list[dict[str, Any]] = field(default_factory=list)
    orders: list[dict[str, Any]] = field(default_factory=list)

    @property
    def store_id(self) -> int:
        return self.row["store_id"]

    @property
    def filled(self) -> dict[str, Any]:
        """What the texts name."""
        words, random = making.words(), self.world.random
        return {"model": self.row["model_wish"] or "岚风 S7", "concern": random.choice(words["concerns"]),
                "competitor": random.choice(words["competitors"]), "old": random.choice(words["old_cars"]),
                "day": random.choice(("周三", "周六", "周日", "下周一", "月底"))}

    def visit(self, day: dt.date, staff: Person, situation: str, *, channel: Channel = Channel.PHONE,
              result: VisitResult = VisitResult.SOLVED, purpose: Purpose = Purpose.SALES, outbound: bool = True,
              at: dt.datetime | None = None, **values: Any) -> dict[str, Any]:
        """A contact on a day, described as people of the trade describe it in that situation."""
        content, summary = making.report(self.world.random, situation, **self.filled)
        at = at or self.world.at(day)
        row = self.world.writer.add("visit", created=at, created_by_id=staff.id, **({
            "store_id": self.store_id, "customer_id": self.row["id"], "at": at, "channel": channel,
            "outbound": outbound, "purpose_kind": purpose, "staff_id": staff.id, "result": result,
            "content": content, "summary": summary, "state": VisitState.DONE} | values))
        if self.last is None or at >= self.last["at"]:
            self.last = row
        if result not in MISSED and at > (self.row["last_contact_at"] or LONG_AGO):
            self.row["last_contact_at"] = at
        return row

    def call(self, day: dt.date, staff: Person, situation: str, task: dict[str, Any], **values: Any) -> dict[str, Any]:
        """The contact that does a task; now and then the first attempt reaches nobody."""
        random, at = self.world.random, self.world.at(day, 10, 20)
        channel, purpose = Channel(task["channel"]), Purpose(task["purpose"])
        if channel is Channel.PHONE and chance(random, 0.25):
            self.visit(day, staff, "not_reached", at=at - dt.timedelta(minutes=random.randint(15, 55)),
                       result=VisitResult.NOT_REACHED, purpose=purpose)
        if situation in RATED and chance(random, 0.85):
            values.setdefault("satisfaction", weighted(random, SATISFACTION))
        return self.visit(day, staff, situation, at=at, channel=channel, purpose=purpose,
                          vehicle_id=task.get("vehicle_id"), **values)


def new_file(world: World, store_id: int, day: dt.date, *, owner: Person | None, advisor: Person | None,
             company: bool = False) -> File:
    """The file of a new customer who first came on a day; whom it belongs to may be nobody."""
    random, words = world.random, making.words()
    female = chance(random, 0.44)
    row = world.writer.add(
        "customer", created=world.at(day), created_by_id=owner.id if owner else None, store_id=store_id,
        name=making.company_name(random) if company else making.person_name(random, female),
        kind=CustomerKind.COMPANY if company else CustomerKind.PERSON,
        sex=None if company else Sex.FEMALE if female else Sex.MALE, stage=Stage.LEAD, grade=Grade.N,
        owner_id=owner.id if owner else None, advisor_id=advisor.id if advisor else None,
        source=weighted(random, SOURCES), registered_on=day, graded_on=day,
        model_wish=random.choice(words["models"])["model"])
    row["phone"] = making.phone(row["id"])
    _describe(world, row, company)
    return File(world, row, owner, advisor)


def _describe(world: World, row: dict[str, Any], company: bool) -> None:
    """What is known of a customer: more of one, less of another."""
    random, words = world.random, making.words()
    known = weighted(random, {0.9: 5, 0.65: 4, 0.35: 2})  # how carefully this file was kept

    def maybe(value: Any) -> Any:
        return value if chance(random, known) else None

    row["district"] = maybe(random.choice(words["districts"]))
    row["address"] = maybe(f"{row['district'] or '龙华区'}{random.choice(words['estates'])} "
                           f"{random.randint(1, 12)} 栋 {random.randint(1, 28)}0{random.randint(1, 6)}")
    row["budget"] = maybe(Decimal(random.randrange(12, 32)) * 10_000)
    row["use"] = maybe("公司用车" if company else random.choice(words["uses"]))
    row["concerns"] = maybe("、".join(random.sample(words["concerns"], 2)))
    row["decision_power"] = maybe(weighted(random, {DecisionPower.DECIDES: 5, DecisionPower.SHARES: 4,
                                                    DecisionPower.ADVISES: 1}))
    row["channel"] = maybe(weighted(random, {Channel.PHONE: 6, Channel.WECHAT: 4}))
    row["hours"] = maybe(random.choice(words["hours"]))
    row["industry"] = maybe(random.choice(words["industries"]))
    row["tags"] = random.sample(words["tags"], random.randint(1, 2)) if chance(random, 0.3) else None
    row["credit"] = weighted(random, {CreditLevel.GOOD: 3, CreditLevel.NORMAL: 6, CreditLevel.CAREFUL: 1})
    row["do_not_disturb"] = chance(random, 0.03)
    row["confirmed_on"] = row["registered_on"]
    if company:
        row["employer_size"] = maybe(random.choice(("20–50 人", "50–200 人", "200 人以上")))
        return
    row["wechat"] = maybe(f"wx_{row['id'] * 48271 % 1_000_000:06d}")
    row["birthday"] = maybe(making.birthday(random, world.today))
    row["birthday_calendar"] = BirthdayCalendar.LUNAR if chance(random, 0.12) else BirthdayCalendar.SOLAR
    row["occupation"] = maybe(random.choice(words["occupations"]))
    row["employer"] = maybe(random.choice(words["employers"]))
    row["hobbies"] = maybe(random.choice(words["hobbies"]))
    row["family"] = maybe(random.choice(words["families"]))


def complete(file: File) -> None:
    """The figures that the rules of customers derive: completeness and the pinyin for the search."""
    row = file.row
    row["completeness"] = customers.completeness(SimpleNamespace(**row))  # type: ignore[arg-type]
    row["pinyin"] = pinyin.of_name(row["name"])


def contacts_of_company(file: File) -> None:
    """Two people of a company, one of whom decides."""
    random, words = file.world.random, making.words()
    for number, power in enumerate((DecisionPower.DECIDES, DecisionPower.USES)):
        female = chance(random, 0.4)
        file.world.writer.add(
            "contact", created=file.row["created_at"], store_id=file.store_id, customer_id=file.row["id"],
            name=making.person_name(random, female), title=random.choice(words["titles"]), decision_power=power,
            phone=making.phone(80_000_000 + file.row["id"] * 2 + number))
