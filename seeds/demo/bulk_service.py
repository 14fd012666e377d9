"""Cars, repair orders, complaints and campaigns in large numbers; see bulk_rows.py for how they are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from admin_app.choices import (
    CampaignState,
    ComplaintChannel,
    ComplaintLevel,
    ComplaintState,
    CostKind,
    MemberState,
    RepairKind,
    RepairState,
    StepKind,
)
from seeds.demo import bulk_words
from seeds.demo.bulk_rows import CLOSES, DAYS, MARKS, OPENS, Person, Rows
from seeds.demo.bulk_words import draw, spread
from seeds.demo.loading import COMMON, Loader

CARS = (1, 1, 1, 1, 1, 1, 1, 1, 1, 2)
ORDERS = (0, 0, 1, 1, 1, 2)
KINDS = spread({RepairKind.SERVICE: 62, RepairKind.REPAIR: 20, RepairKind.WARRANTY: 6, RepairKind.ACCIDENT: 7,
                RepairKind.INSTALL: 4, RepairKind.RECALL: 1})
CHANNELS = spread({ComplaintChannel.PHONE: 50, ComplaintChannel.VISIT: 22, ComplaintChannel.SURVEY: 12,
                   ComplaintChannel.SOCIAL: 8, ComplaintChannel.WEB: 5, ComplaintChannel.MANUFACTURER: 3})
LEVELS = spread({ComplaintLevel.GENERAL: 84, ComplaintLevel.ESCALATED: 13, ComplaintLevel.MAJOR: 3})
S, K = ComplaintState, StepKind
# The way of a complaint: step, the state and the stamp it leaves, most minutes of store hours that it takes.
WAY = ((K.ACKNOWLEDGE, S.ACKNOWLEDGED, "acknowledged_at", 34), (K.UNDERSTAND, S.UNDERSTOOD, "understood_at", 120),
       (K.ANALYSE, S.ANALYSED, "analysed_at", 700), (K.PROPOSE, S.PROPOSED, "proposed_at", 900),
       (K.FINISH, S.FINISHED, "finished_at", 3900))
WAITING = 0.004  # of all complaints still wait for a step
OUTCOMES = spread({MemberState.NO_SHOW: 22, MemberState.DECLINED: 13, MemberState.ATTENDED: 45, MemberState.LEAD: 13,
                   MemberState.DEAL: 7})
CAME = ("attended", "lead", "deal")
CAMPAIGNS = 24
COSTS = ((CostKind.VENUE, "场地与布置", 3200), (CostKind.GIFTS, "到场礼品", 4600), (CostKind.MEDIA, "线上推广", 2800),
         (CostKind.OTHER, "茶歇", 900))

VEHICLE = (*COMMON, "customer_id", "model", "vin", "plate", "brand", "trim", "colour", "bought_on", "sold_by_id",
           "price", "mileage", "mileage_on", "first_service_done", "last_service_on", "last_service_km",
           "next_service_on", "next_service_km", "insurer", "insurance_until", "warranty_until", "inspection_until")
OWNER = (*COMMON, "vehicle_id", "customer_id", "since")
ORDER = (*COMMON, "number", "customer_id", "vehicle_id", "kind", "state", "advisor_id", "opened_at", "promised_at",
         "closed_at", "mileage", "items", "labour", "parts", "total", "free_of_charge", "satisfaction", "same_fault")
COMPLAINT = (*COMMON, "number", "customer_id", "vehicle_id", "text", "received_at", "channel", "level", "area",
             "state", "owner_id", "cause", "cause_type", "root", "responsible_id", "responsible_department",
             "user_cause_approved_by_id", "evidence", "solution", *(stamp for *_way, stamp, _most in WAY),
             "finished_by_id", "recall_due_on", "recalled_at", "recalled_by_id", "satisfied", "closed_at", "loops",
             "lesson")
STEP = (*COMMON, "complaint_id", "kind", "at", "by_id", "round", "note")
CAMPAIGN = (*COMMON, "name", "kind", "form", "state", "starts_at", "ends_at", "place", "owner_id", "scope", "goal",
            "policy", "goal_leads", "budget")
COST = (*COMMON, "campaign_id", "kind", "what", "amount", "spent_on")
MEMBER = (*COMMON, "campaign_id", "customer_id", "state", "invited_by_id", "invited_at", "confirmed_at", "attended_at",
          "lead_at", "deal_at", "feedback")


class ServiceRows:
    """Makes what hangs on cars, and the campaigns."""

    def __init__(self, loader: Loader, rows: Rows) -> None:
        self.rows, self.chance, self.calendar = rows, rows.chance, rows.calendar
        self.vehicle = loader.table("vehicle", VEHICLE)
        self.owner = loader.table("vehicle_owner", OWNER)
        self.order = loader.table("repair_order", ORDER)
        self.complaint = loader.table("complaint", COMPLAINT)
        self.step = loader.table("complaint_step", STEP)
        self.campaign = loader.table("campaign", CAMPAIGN)
        self.cost = loader.table("campaign_cost", COST)
        self.member = loader.table("campaign_member", MEMBER)
        self.models = rows.words["models"]
        self.work = rows.texts["repairs"]
        staff = rows.pools.staff
        self.heads = {"sales": staff.of("sales_manager"), "service": staff.of("service_manager")}
        self.hosts = staff.of("care_manager")
        self.campaigns: list[tuple[int, int]] = []
        self.complaints = 0

    # ------------------------------------------------------------ cars and orders

    def cars(self, person: Person) -> list[int]:
        """The cars of an owner with their repair orders; their keys."""
        found = []
        for _n in range(draw(self.chance, CARS)):
            key = self.vehicle.key()
            bought = min(person.since + int(self.chance() * 40), -1)
            orders = sorted(bought + 1 + int(self.chance() * -bought) for _m in range(draw(self.chance, ORDERS)))
            a_day = 15 + int(self.chance() * 12)
            self._car(person, key, bought, [day for day in orders if day <= 0], a_day)
            for number, day in enumerate(orders):
                self._order(person, key, min(day, 0), number, (day - bought) * a_day)
            found.append(key)
        return found

    def _car(self, person: Person, key: int, bought: int, served: list[int], a_day: int) -> None:
        chance, day, words = self.chance, self.calendar.day, self.rows.words
        kind = draw(chance, self.models)
        last = served[-1] if served else None
        kilometres = None if last is None else (last - bought) * a_day
        seller = person.owner if person.owner in self.rows.seller_set else draw(chance, self.rows.sellers)
        year = 365
        following = (bought if last is None else last) + 183
        self.vehicle.rows.append((
            *self.rows.common(key, self.rows.moment_of(bought), seller), person.id, kind["model"],
            bulk_words.vin(key, int(chance() * 4_000_000)), bulk_words.plate(key), "岚风", draw(chance, kind["trims"]),
            draw(chance, words["colours"]), day(bought), seller, kind["price"] - int(chance() * 12) * 1000, kilometres,
            None if last is None else day(last), last is not None, None if last is None else day(last), kilometres,
            day(min(following, year)), (kilometres or 0) + 5000, draw(chance, words["insurers"]),
            day(bought % year), day(max(bought + 3 * year, -DAYS)), day(bought % (2 * year))))
        self.owner.rows.append((*self.rows.common(self.owner.key(), self.rows.moment_of(bought), seller), key,
                                person.id, day(bought)))

    def _order(self, person: Person, car: int, day: int, number: int, kilometres: int) -> None:
        chance, moment, key = self.chance, self.calendar.moment, self.order.key()
        kind = RepairKind.FIRST_SERVICE.value if number == 0 else draw(chance, KINDS)
        opened = self.rows.moment_of(day)
        promised = opened + (1440 + int(chance() * 4320) if kind in ("accident", "warranty") else 120 + int(
            chance() * 120))
        closed: int | None = promised + (15 + int(chance() * 180) if chance() < 0.08 else -2 - int(chance() * 40))
        state, marks = RepairState.CLOSED.value, draw(chance, MARKS) if chance() < 0.6 else None
        if closed is not None and closed >= self.rows.now:
            state, closed, marks = RepairState.WORKING.value, None, None
        labour, parts = int(chance() * 600), int(chance() * 1500)
        month = self.calendar.day(day)[2:7].replace("-", "")
        self.order.rows.append((
            *self.rows.common(key, opened, person.advisor), f"WX{month}{key:07d}",
            person.id, car, kind, state, person.advisor, moment(opened), moment(promised),
            None if closed is None else moment(closed), kilometres, draw(chance, self.work[kind]), labour, parts,
            labour + parts, kind in ("warranty", "recall", "first_service"), marks,
            kind == "repair" and chance() < 0.05))

    # ------------------------------------------------------------ complaints

    def complain(self, person: Person, cars: Sequence[int]) -> None:
        """A complaint of an owner with its steps; the first of all and a few more still wait for theirs."""
        chance, rows, key = self.chance, self.rows, self.complaint.key()
        story = draw(chance, rows.texts["complaints"])
        done = self._standing()
        self.complaints += 1
        most = person.since + 1
        day = -15 - int(chance() * -min(most + 15, -1)) if done is None else -int(chance() * 2) - done
        received = rows.moment_of(day if done is None else max(day, most))
        row = dict.fromkeys(COMPLAINT) | {
            "level": draw(chance, LEVELS), "area": story[1], "state": S.RECEIVED.value, "loops": 0,
            "owner_id": draw(chance, self.heads[story[1]]), "text": story[0], "channel": draw(chance, CHANNELS),
            "number": f"TS-{self.calendar.day(day).replace('-', '')}-{key}", "customer_id": person.id,
            "vehicle_id": cars[0] if cars else None, "received_at": self.calendar.moment(received)}
        row |= dict(zip(COMMON, rows.common(key, received, draw(chance, rows.carers)), strict=True))
        self._step(row, K.RECEIVE, received, row["created_by_id"], None)
        at = self._handled(row, story, person, received, len(WAY) if done is None else done, 0)
        if done is None:
            self._recalled(row, story, person, at)
        self.complaint.rows.append(tuple(row.values()))

    def _standing(self) -> int | None:
        """How many steps of the handling a complaint has behind it; None where it is closed.

        The first ones of all stand at every step, so that a small store has them all.
        """
        if self.complaints <= len(WAY):
            return self.complaints
        return int(self.chance() * (len(WAY) + 1)) if self.chance() < WAITING else None

    def _step(self, row: dict[str, Any], kind: StepKind, at: int, by: int | None, note: str | None) -> None:
        self.step.rows.append((*self.rows.common(self.step.key(), at, by), row["id"], kind.value,
                               self.calendar.moment(at), by, row["loops"], note))

    def _later(self, at: int, most: int) -> int:
        """So many minutes of store hours later, at most, and never after now."""
        at += 4 + int(self.chance() * most * CLOSES // 1440)
        day, minute = divmod(at, 1440)
        if not OPENS <= minute < CLOSES:  # into the next hours that the store is open
            at = (day + (minute >= CLOSES)) * 1440 + OPENS + minute % 60
        return min(at, self.rows.now - 1)

    def _handled(self, row: dict[str, Any], story: list[str], person: Person, at: int, upto: int, first: int) -> int:
        """The steps first … upto; the minute of the last one."""
        for kind, state, stamp, most in WAY[first:upto]:
            at = self._later(at, most)
            row["state"], row[stamp] = state.value, self.calendar.moment(at)
            note = {K.ANALYSE: story[5], K.PROPOSE: story[6]}.get(kind)
            self._step(row, kind, at, row["owner_id"], note)
        if upto > 2:
            blamed = person.owner if story[4] == "sales" else person.advisor
            row |= {"cause": story[2], "cause_type": story[3], "root": story[5], "responsible_department": story[4],
                    "responsible_id": blamed if story[2] == "service" else None}
            if story[2] == "user":
                row |= {"evidence": "质保检查记录与照片", "user_cause_approved_by_id": row["owner_id"]}
        if upto > 3:
            row["solution"] = story[6]
        if upto == len(WAY):
            row |= {"finished_by_id": row["owner_id"], "recall_due_on": self.calendar.day(at // 1440 + 3)}
        return at

    def _recalled(self, row: dict[str, Any], story: list[str], person: Person, at: int) -> None:
        """The re-callback by somebody else; one in ten is not satisfied at first, and the handling begins again."""
        chance = self.chance
        caller = draw(chance, self.rows.carers)
        if chance() < 0.1:
            at = self._later(at, 2 * 1440)
            self._step(row, K.RECALL_NOT_SATISFIED, at, caller, None)
            row["loops"] = 1
            at = self._handled(row, story, person, at, len(WAY), 2)
        at = self._later(at, 4 * 1440)
        self._step(row, K.RECALL_SATISFIED, at, caller, None)
        said = self.calendar.moment(at)
        row |= {"state": S.CLOSED.value, "recalled_at": said, "recalled_by_id": caller, "satisfied": True,
                "closed_at": said, "lesson": story[7]}

    # ------------------------------------------------------------ campaigns

    def plan_campaigns(self) -> None:
        """The campaigns of the three years, one every six weeks, the last one running."""
        rows, moment, host = self.rows, self.calendar.moment, self.hosts[0]
        for number in range(CAMPAIGNS):
            key, ends = self.campaign.key(), 3 - 45 * (CAMPAIGNS - 1 - number)
            name, kind, form, place, scope, goal, policy = rows.texts["campaigns"][number % len(
                rows.texts["campaigns"])]
            state = (CampaignState.RUNNING if ends > 0 else CampaignState.ENDED if ends > -60
                     else CampaignState.EVALUATED)
            begins = (ends - 6) * 1440 + OPENS
            self.campaign.rows.append((
                *rows.common(key, begins - 20 * 1440, host), f"{self.calendar.day(ends)[:7]} {name}", kind, form,
                state.value, moment(begins), moment(ends * 1440 + 1050), place, host, scope, goal, policy, 18, 15_000))
            for cost, what, amount in COSTS:
                self.cost.rows.append((*rows.common(self.cost.key(), begins, host), key, cost.value, what,
                                       amount + int(self.chance() * 900), self.calendar.day(ends - 6)))
            self.campaigns.append((key, ends))

    def invite(self, person: Person) -> None:
        """The customer in one of the campaigns since the first contact; none where there was none yet."""
        chance, rows, moment = self.chance, self.rows, self.calendar.moment
        key, ends = draw(chance, self.campaigns)
        if ends - 12 < person.since or ends > 0:
            return
        state = draw(chance, OUTCOMES)
        came = (ends - 3) * 1440 + OPENS + int(chance() * 400)
        caller, asked = draw(chance, rows.carers), came - (3 + int(chance() * 4)) * 1440
        stamps = [moment(came + 30) if state in known else None for known in (CAME, ("lead", "deal"), ("deal",))]
        self.member.rows.append((
            *rows.common(self.member.key(), asked, self.hosts[0]), key, person.id, state, caller, moment(asked),
            None if state == "declined" else moment(asked + 90), *stamps,
            draw(chance, MARKS) if state in CAME and chance() < 0.7 else None))
