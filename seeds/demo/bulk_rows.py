"""One customer after the other, with everything that hangs on each, as plain tuples for the loader.

Times are minutes of the store's wall clock from today's midnight, days are counted from today; the calendar of the
loader turns both into what the database holds. Every draw comes from one seeded generator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from admin_app.choices import (
    CustomerKind,
    DecisionPower,
    FollowUpState,
    Grade,
    PromiseState,
    Source,
    Stage,
    Tier,
    VisitState,
)
from admin_app.columns import fields
from admin_app.models import Customer
from seeds.demo import bulk_words, making
from seeds.demo.bulk_people import Staff
from seeds.demo.bulk_words import Name, Situation, draw, spread
from seeds.demo.loading import COMMON, Calendar, Loader

DAYS = 3 * 365  # of history
OPENS, CLOSES = 9 * 60, 20 * 60 + 30
STAGES = spread({Stage.OWNER: 60, Stage.PROSPECT: 20, Stage.LOST: 15, Stage.LEAD: 5})
GRADES = {Stage.OWNER.value: [Grade.D.value], Stage.LOST.value: [Grade.F.value], Stage.LEAD.value: [Grade.N.value],
          Stage.PROSPECT.value: spread({Grade.H: 3, Grade.A: 3, Grade.B: 6, Grade.C: 8})}
SOURCES = spread({Source.WALK_IN: 30, Source.WEB: 26, Source.PHONE: 14, Source.REFERRAL: 14, Source.SOCIAL: 10,
                  Source.EVENT: 6})
TIERS = spread({Tier.A: 10, Tier.B: 30, Tier.C: 40, Tier.D: 20})
MARKS = [5] * 58 + [4] * 31 + [3] * 7 + [2] * 3 + [1]
MISSED = ("not_reached", "wrong_number")
POWERS = [one.value for one in DecisionPower]
# Days from today on which an open task is due: a few are overdue.
DUE = [-3, -2, -1, -1, *[0] * 4, *[1] * 4, *range(2, 30), *range(2, 30)]
GRADE_RULES = {"H": "grade_h", "A": "grade_a", "B": "grade_b", "C": "grade_c", "N": "grade_n"}

CUSTOMER = (*COMMON, "name", "kind", "sex", "phone", "birthday", "birthday_calendar", "district", "address", "wechat",
            "stage", "grade", "graded_on", "tier", "owner_id", "advisor_id", "source", "model_wish", "budget", "use",
            "concerns", "channel", "occupation", "lost_reason", "confidentiality", "confidential_reason",
            "do_not_disturb", "registered_on", "confirmed_on", "last_contact_at", "next_contact_on", "completeness",
            "pinyin")
CONTACT = (*COMMON, "customer_id", "name", "title", "decision_power", "phone")
READER = (*COMMON, "customer_id", "user_id", "reason")
VISIT = (*COMMON, "customer_id", "state", "at", "channel", "outbound", "purpose_kind", "staff_id", "followup_id",
         "result", "satisfaction", "content", "summary", "next_on")
PROMISE = (*COMMON, "customer_id", "what", "by_id", "due_on", "state", "settled_at", "visit_id")
GIFT = (*COMMON, "customer_id", "name", "value", "given_on", "by_id", "visit_id", "occasion")
FOLLOWUP = (*COMMON, "customer_id", "reason", "rule_id", "assignee_id", "due_on", "due_at", "channel", "purpose",
            "state", "script", "occurrence", "first_due_on", "note", "visit_id", "closed_at", "closed_by_id")
ACCESS = ("id", "at", "user_id", "store_id", "verb", "table", "row_id")


@dataclass(frozen=True)
class Rule:
    """What a task takes from its follow-up rule."""

    id: int
    name: str
    channel: str
    purpose: str
    script: str | None


@dataclass
class Pools:
    """What the rows are drawn from."""

    names: list[Name]
    companies: list[Name]
    situations: dict[str, Situation]
    rules: Mapping[str, Rule]
    staff: Staff


@dataclass
class Person:
    """A customer in the making, for those who add cars, orders and complaints."""

    id: int
    stage: str
    owner: int | None
    advisor: int | None
    since: int  # day of the first contact
    model: str


class Rows:
    """Makes customers and what hangs on them."""

    def __init__(self, loader: Loader, pools: Pools, calendar: Calendar, chance: Any, now: int) -> None:
        self.pools, self.calendar, self.chance, self.now = pools, calendar, chance, now
        self.words, self.texts = making.words(), making.texts()
        self.customer = loader.table("customer", CUSTOMER)
        self.reader = loader.table("customer_reader", READER)
        self.contact = loader.table("contact", CONTACT)
        self.visit = loader.table("visit", VISIT)
        self.promise = loader.table("promise", PROMISE)
        self.gift = loader.table("gift", GIFT)
        self.followup = loader.table("followup", FOLLOWUP)
        self.access = loader.table("access_log", ACCESS)
        self.weights = [(CUSTOMER.index(name), field.weight) for name, _column, field in fields(Customer)
                        if field.weight and name in CUSTOMER]
        self.total = sum(field.weight for _name, _column, field in fields(Customer))
        staff = pools.staff
        self.sellers, self.advisors = staff.of("sales_consultant"), staff.of("service_advisor")
        self.carers, self.seller_set = staff.of("care_specialist"), set(self.sellers)
        self.store = staff.store_id

    def moment_of(self, day: int) -> int:
        """Some minute of a day while the store is open, and never after now."""
        minute = day * 1440 + OPENS + int(self.chance() * (CLOSES - OPENS))
        return minute if minute < self.now else self.now - 1 - int(self.chance() * 60)

    def common(self, key: int, minute: int, by: int | None) -> tuple[Any, ...]:
        """The columns that every table begins with."""
        at = self.calendar.moment(minute)
        return (key, at, at, by, self.store)

    # ------------------------------------------------------------ the customer

    def one(self, visits: int) -> Person:
        """A customer with so many visits, an open task where one is due, and a trace of who looked at the file."""
        chance, key = self.chance, self.customer.key()
        stage = draw(chance, STAGES)
        since = -int(chance() * DAYS)
        if stage == "owner":
            since = min(since, -7)
        owner = None if chance() < 0.03 else draw(chance, self.advisors if stage == "owner" and chance() < 0.25
                                                  else self.sellers)
        person = Person(key, stage, owner, draw(chance, self.advisors) if stage == "owner" else None, since,
                        draw(chance, self.words["models"])["model"])
        first = self.moment_of(since)
        last, open_since = self._visits(person, visits, first)
        planned = self._open_task(person, stage, last or first) if owner and stage in ("prospect", "lead") else None
        self.customer.rows.append(self._row(person, first, open_since, planned))
        if chance() < 0.1:
            self._looked(person)
        return person

    def _row(self, person: Person, first: int, last: int | None, planned: tuple[int, str] | None) -> tuple[Any, ...]:
        chance, words, day = self.chance, self.words, self.calendar.day
        company = chance() < 0.03
        name = draw(chance, self.pools.companies if company else self.pools.names)
        prefix = draw(chance, bulk_words.PREFIXES)
        some = chance()
        grade = planned[1] if planned else draw(chance, GRADES[person.stage])
        secret = "normal" if chance() > 0.0012 else "restricted" if chance() < 0.8 else "secret"
        row = [
            *self.common(person.id, first, person.owner), name.text,
            (CustomerKind.COMPANY if company else CustomerKind.PERSON).value, None if company else name.sex,
            bulk_words.phone(person.id, prefix), None if company or some > 0.5 else self._birthday(), "solar",
            draw(chance, words["districts"]), draw(chance, words["estates"]) if some < 0.4 else None,
            f"wx{person.id:08d}" if some < 0.35 else None, person.stage, grade, day(person.since),
            draw(chance, TIERS) if person.stage == "owner" else None, person.owner, person.advisor,
            draw(chance, SOURCES), person.model, 120_000 + int(chance() * 20) * 10_000 if some < 0.6 else None,
            draw(chance, words["uses"]), draw(chance, words["concerns"]) if some < 0.5 else None,
            "phone" if some < 0.3 else None, draw(chance, words["occupations"]) if some < 0.45 else None,
            draw(chance, self.texts["lost_reasons"]) if person.stage == "lost" else None, secret,
            None if secret == "normal" else "集团客户", some > 0.99, day(person.since),
            day(person.since // 2) if some < 0.5 else None, None if last is None else self.calendar.moment(last),
            None if planned is None else day(planned[0]), 0, name.pinyin]
        row[CUSTOMER.index("completeness")] = self._completeness(row)
        if company:
            self._contacts(person, first)
        if secret == "secret" and person.owner:
            self.reader.rows.append((*self.common(self.reader.key(), first, person.owner), person.id, person.owner,
                                     "负责该客户"))
        return tuple(row)

    def _birthday(self) -> str:
        """The birthday of somebody who drives, between 22 and 66 years old."""
        days = int((22 + self.chance() * 44) * 365.25)
        year, rest = divmod(days, 365)
        return f"{self.calendar.today.year - year}{self.calendar.day(-rest)[4:]}".replace("-02-29", "-02-28")

    def _completeness(self, row: list[Any]) -> int:
        """The percentage of rules/customers.completeness over the columns that a row here can have."""
        filled = sum(weight for place, weight in self.weights if row[place] is not None)
        return (200 * filled + self.total) // (2 * self.total)

    def _contacts(self, person: Person, first: int) -> None:
        for _n in range(1 + int(self.chance() * 2)):
            key = self.contact.key()
            self.contact.rows.append((
                *self.common(key, first, person.owner), person.id, draw(self.chance, self.pools.names).text,
                draw(self.chance, self.words["titles"]), draw(self.chance, POWERS),
                bulk_words.phone(90_000_000 + key % 10_000_000, draw(self.chance, bulk_words.PREFIXES))))

    def _looked(self, person: Person) -> None:
        day = -int(self.chance() * min(-person.since + 1, 90))
        self.access.rows.append((self.access.key(), self.calendar.moment(self.moment_of(day)),
                                 person.owner or draw(self.chance, self.carers), self.store, "view", "customer",
                                 person.id))

    # ------------------------------------------------------------ contacts and tasks

    def _visits(self, person: Person, count: int, first: int) -> tuple[int | None, int | None]:
        """(minute of the last contact, of the last that reached the customer) of so many contacts, in order."""
        chance, last, reached = self.chance, None, None
        for number, day in enumerate(sorted(-int(chance() * (1 - person.since)) for _n in range(count))):
            at = min(max(self.moment_of(day), first + 1), self.now - 1)
            situation = self.pools.situations["first_call" if number == 0 and day < person.since + 3 else draw(
                chance, bulk_words.DRIVING if person.stage == "owner" else bulk_words.BUYING)]
            last = max(at, last or at)
            if self._visit(person, situation, at, day) not in MISSED:
                reached = max(at, reached or at)
        return last, reached

    def _visit(self, person: Person, situation: Situation, at: int, day: int) -> str:
        """A contact that was made; returns what came of it."""
        chance, key = self.chance, self.visit.key()
        staff = self._who(person, situation.by)
        result: str = draw(chance, situation.results)
        task = self._done_task(person, situation, key, staff, at, day) if (
            result not in MISSED and result != "call_later" and chance() < 0.3) else None
        content, summary = draw(chance, situation.reports)
        if result in MISSED:
            content, summary = draw(chance, self.texts["not_reached"])
        self.visit.rows.append((
            *self.common(key, at, staff), person.id, VisitState.DONE.value, self.calendar.moment(at),
            draw(chance, situation.channels), chance() < 0.88, situation.purpose, staff, task, result,
            draw(chance, MARKS) if situation.rated and result not in MISSED and chance() < situation.rated else None,
            content, summary, None))
        some = chance()
        if some < 0.04:
            self._promise(person, key, staff, at, day)
        elif some < 0.07:
            self._gift(person, key, staff, at, day)
        return result

    def _who(self, person: Person, by: str) -> int:
        found = person.advisor if by == "advisor" else None if by == "care" else person.owner
        return found if found is not None else int(draw(self.chance, self.carers if by == "care" else self.sellers))

    def _done_task(self, person: Person, situation: Situation, visit: int, staff: int, at: int, day: int) -> int:
        """The task that a contact has done, nine times of ten by its day; or missed its day by a few."""
        some, key, rule = self.chance(), self.followup.key(), self.pools.rules[situation.rule]
        due = day + (int(self.chance() * 4) if some > 0.4 else 0) if some > 0.1 else day - 1 - int(self.chance() * 4)
        due_at = due * 1440 + OPENS
        if situation.rule.startswith("lead"):  # due by the minute
            due, due_at = day, at + (-40 if some < 0.15 else 1 + int(self.chance() * 29))
        made = min(due_at, at) - 60
        self._task(key, person, rule, staff, due, due_at, FollowUpState.DONE.value, made, None, visit, at)
        return key

    def _open_task(self, person: Person, stage: str, since: int) -> tuple[int, str]:
        """(day, grade) of the open task of a customer who is still buying."""
        grade = draw(self.chance, GRADES[stage])
        due = draw(self.chance, DUE)
        rule = self.pools.rules[GRADE_RULES[grade]]
        self._task(self.followup.key(), person, rule, person.owner, due, due * 1440 + OPENS,
                   FollowUpState.OPEN.value, min(since, self.now - 1), rule.script, None, None)
        return due, grade

    def _task(self, key: int, person: Person, rule: Rule, staff: int | None, due: int, due_at: int, state: str,
              made: int, script: str | None, visit: int | None, closed: int | None) -> None:
        day = self.calendar.day(due)
        self.followup.rows.append((
            *self.common(key, made, None), person.id, rule.name, rule.id, staff, day, self.calendar.moment(due_at),
            rule.channel, rule.purpose, state, script, f"bulk:{key}", day, None, visit,
            None if closed is None else self.calendar.moment(closed), None if closed is None else staff))

    def _promise(self, person: Person, visit: int, staff: int, at: int, day: int) -> None:
        chance = self.chance
        due = day + 1 + int(chance() * 6)
        state = PromiseState.OPEN
        if due < 0 and not (due > -4 and chance() < 0.3):
            state = PromiseState.BROKEN if chance() < 0.03 else PromiseState.KEPT
        settled = None if state is PromiseState.OPEN else self.calendar.moment(due * 1440 + 17 * 60)
        self.promise.rows.append((
            *self.common(self.promise.key(), at, staff), person.id, draw(chance, self.texts["promises"]), staff,
            self.calendar.day(due), state.value, settled, visit))

    def _gift(self, person: Person, visit: int, staff: int, at: int, day: int) -> None:
        name, value = draw(self.chance, self.words["gifts"])
        self.gift.rows.append((*self.common(self.gift.key(), at, staff), person.id, name, value,
                               self.calendar.day(day), staff, visit, "到店礼"))
