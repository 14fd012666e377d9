"""Complaints of the demo: those of the past months with all their steps, and those that stand on the board now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from admin_app import clock
from admin_app.choices import (
    Cause,
    CauseType,
    Channel,
    ComplaintArea,
    ComplaintChannel,
    ComplaintLevel,
    ComplaintState,
    Department,
    Purpose,
    StepKind,
    Trigger,
    VisitResult,
)
from admin_app.rules import workdays
from admin_app.rules.complaints.clocks import recall_due_on
from seeds.demo import making, tasks
from seeds.demo.files import File
from seeds.demo.making import chance, weighted
from seeds.demo.world import Person, World

S, K = ComplaintState, StepKind
# How many complaints a store has had in the 18 months.
PAST = {"S1": 118, "S2": 52}
CHANNELS = {ComplaintChannel.PHONE: 50, ComplaintChannel.VISIT: 22, ComplaintChannel.SURVEY: 12,
            ComplaintChannel.SOCIAL: 8, ComplaintChannel.WEB: 5, ComplaintChannel.MANUFACTURER: 3}
LEVELS = {ComplaintLevel.GENERAL: 84, ComplaintLevel.ESCALATED: 13, ComplaintLevel.MAJOR: 3}
# The board of a store now: state, minutes of store hours since the last step, level, rounds.
NOW: dict[str, tuple[tuple[ComplaintState, int, ComplaintLevel, int], ...]] = {
    "S1": ((S.RECEIVED, 21, ComplaintLevel.GENERAL, 0), (S.ACKNOWLEDGED, 102, ComplaintLevel.ESCALATED, 0),
           (S.ACKNOWLEDGED, 40, ComplaintLevel.GENERAL, 0), (S.UNDERSTOOD, 1500, ComplaintLevel.MAJOR, 0),
           (S.UNDERSTOOD, 540, ComplaintLevel.GENERAL, 0), (S.ANALYSED, 1490, ComplaintLevel.ESCALATED, 1),
           (S.PROPOSED, 1260, ComplaintLevel.GENERAL, 0), (S.PROPOSED, 360, ComplaintLevel.GENERAL, 0),
           (S.FINISHED, 1900, ComplaintLevel.GENERAL, 0), (S.FINISHED, 2600, ComplaintLevel.GENERAL, 0),
           (S.FINISHED, 600, ComplaintLevel.GENERAL, 0)),
    "S2": ((S.RECEIVED, 12, ComplaintLevel.GENERAL, 0), (S.UNDERSTOOD, 300, ComplaintLevel.GENERAL, 0),
           (S.PROPOSED, 700, ComplaintLevel.GENERAL, 0), (S.FINISHED, 900, ComplaintLevel.GENERAL, 0)),
}
# Minutes of store hours that a step takes: usual ones, and how often it takes longer than allowed.
TAKES = {K.ACKNOWLEDGE: (4, 27, 0.08, 60), K.UNDERSTAND: (20, 105, 0.08, 240), K.ANALYSE: (90, 600, 0.0, 0),
         K.PROPOSE: (60, 700, 0.07, 1800), K.FINISH: (200, 3600, 0.08, 6000)}
BRISK_DAYS = 40  # complaints younger than this were dealt with quickly, or they would still be on the board
ORDER = (K.ACKNOWLEDGE, K.UNDERSTAND, K.ANALYSE, K.PROPOSE, K.FINISH)
REACHED = {S.RECEIVED: 0, S.ACKNOWLEDGED: 1, S.UNDERSTOOD: 2, S.ANALYSED: 3, S.PROPOSED: 4, S.FINISHED: 5, S.CLOSED: 5}
STAMP = {K.ACKNOWLEDGE: "acknowledged_at", K.UNDERSTAND: "understood_at", K.ANALYSE: "analysed_at",
         K.PROPOSE: "proposed_at", K.FINISH: "finished_at"}
NOTES = {K.ACKNOWLEDGE: "已告知处理流程和预计时间", K.UNDERSTAND: "已联系客户，了解经过并核对记录",
         K.FINISH: "方案已执行，客户已知晓"}


@dataclass
class Case:
    """A complaint in the making."""

    world: World
    file: File
    row: dict[str, Any]
    owner: Person
    recaller: Person
    story: list[str]
    steps: list[dict[str, Any]] = field(default_factory=list)

    @property
    def store(self) -> Any:
        return self.world.desk(self.file.store_id).store

    def step(self, kind: StepKind, at: dt.datetime, by: Person | None, note: str | None = None) -> None:
        """A line of the log."""
        self.steps.append(self.world.writer.add(
            "complaint_step", created=at, created_by_id=by.id if by else None, store_id=self.file.store_id,
            complaint_id=self.row["id"], kind=kind, at=at, by_id=by.id if by else None,
            round=self.row["loops"], note=note))


def make(world: World, files: list[File]) -> None:
    """The complaints of both stores."""
    for code, store_id in world.stores.items():
        there = [file for file in files if file.store_id == store_id and file.cars and file.owner]
        stories = making.texts()["complaints"]
        days = sorted(world.today - dt.timedelta(days=world.random.randint(9, (world.today - world.begin).days - 5))
                      for _n in range(min(PAST[code], len(there) // 3)))
        for day in days:
            _past(world, world.random.choice(there), day, world.random.choice(stories))
        for number, given in enumerate(NOW[code]):
            _present(world, world.random.choice(there), stories[(number * 3 + 1) % len(stories)], *given)


def _begin(world: World, file: File, story: list[str], received: dt.datetime, level: ComplaintLevel) -> Case:
    random, area = world.random, ComplaintArea(story[1])
    manager = "sales_manager" if area is ComplaintArea.SALES else "service_manager"
    owner = world.staff(file.store_id, manager)[0]
    if level is ComplaintLevel.MAJOR:
        owner = world.person("general_manager")
    taker = random.choice(world.staff(file.store_id, "care_specialist", "sales_consultant", "service_advisor"))
    key = (file.store_id, f"TS-{clock.local_day(received):%Y%m%d}")
    world.numbers[key] += 1
    row = world.writer.add(
        "complaint", created=received, created_by_id=taker.id, store_id=file.store_id,
        number=f"{key[1]}-{world.numbers[key]:02d}", customer_id=file.row["id"], vehicle_id=file.cars[0]["id"],
        text=story[0], received_at=received, channel=weighted(random, CHANNELS), level=level, area=area,
        state=S.RECEIVED, owner_id=owner.id, loops=0, recall_attempts=0,
        escalated_to=2 if level is ComplaintLevel.MAJOR else 0)
    case = Case(world, file, row, owner, random.choice(world.staff(file.store_id, "care_specialist")), story)
    case.step(K.RECEIVE, received, taker)
    if level is ComplaintLevel.MAJOR:
        case.step(K.ESCALATE, received, None, "重大投诉：已立即报告总经理。")
    return case


def _past(world: World, file: File, day: dt.date, story: list[str]) -> None:
    """A complaint that was dealt with and called back about; now and then only in the second round."""
    brisk = day > world.today - dt.timedelta(days=BRISK_DAYS)
    case = _begin(world, file, story, world.at(day, 9, 19), weighted(world.random, LEVELS))
    at = _handled(case, case.row["received_at"], 5, brisk=brisk)
    if not brisk and chance(world.random, 0.12):
        at = _called_back(case, at, satisfied=False)
        at = _handled(case, at, 5, first=2)
    _called_back(case, at, satisfied=True, days=1 if brisk else None)


def _present(world: World, file: File, story: list[str], state: ComplaintState, minutes: int, level: ComplaintLevel,
             rounds: int) -> None:
    """A complaint that waits for its next step since so many minutes of store hours."""
    store, upto = world.desk(file.store_id).store, REACHED[state]
    last = back(world.now, minutes, store)
    since = 6000 if rounds else {0: 0, 1: 19, 2: 93}.get(upto, 93 + 500 * (upto - 2))
    received = back(last, since, store)
    case = _begin(world, file, story, received, level)
    if rounds:
        at = _handled(case, received, 5, until=back(last, 4000, store))
        at = _called_back(case, at, satisfied=False, days=1)
        _handled(case, at, upto, first=2, until=last)
    else:
        _handled(case, received, upto, until=last)
    tasks.leave_open(file)


def _handled(case: Case, start: dt.datetime, upto: int, *, first: int = 0, until: dt.datetime | None = None,
             brisk: bool = False) -> dt.datetime:
    """The steps first … upto of the handling from `start` on; the last of them at `until` where that is given."""
    at, random = start, case.world.random
    whole = workdays.working_minutes_between(start, until, case.store) if until else 0
    for kind in ORDER[first:upto]:
        low, high, often, longer = TAKES[kind]
        if until is not None:
            minutes = _share(kind, whole, upto - first)
        elif not brisk and chance(random, often):
            minutes = random.randint(high, longer)
        else:
            minutes = random.randint(low, max(low, high // 2 if brisk else high))
        at = workdays.add_working_minutes(at, minutes, case.store)
        _take(case, kind, at)
    return at


def _share(kind: StepKind, whole: int, steps: int) -> int:
    """How many of the minutes from the intake to the last step this one takes: the first two are quick."""
    quick = {K.ACKNOWLEDGE: 19, K.UNDERSTAND: 74}
    if kind in quick:
        return min(quick[kind], whole)
    return max(0, whole - sum(quick.values())) // max(1, steps - 2)


def _take(case: Case, kind: StepKind, at: dt.datetime) -> None:
    """One step of the handling."""
    row, random = case.row, case.world.random
    _text, _area, cause, cause_type, department, root, solution, _lesson = case.story
    row[STAMP[kind]], row["state"], note = at, S(_state_after(kind)), NOTES.get(kind)
    if kind is K.ACKNOWLEDGE:
        row["estimate_at"] = at + dt.timedelta(days=2)
    elif kind is K.ANALYSE:
        row |= {"cause": Cause(cause), "cause_type": CauseType(cause_type), "root": root,
                "responsible_department": Department(department)}
        if row["cause"] is Cause.SERVICE:
            person = case.file.owner if department == "sales" else case.file.advisor
            row["responsible_id"] = person.id if person else None
        if row["cause"] is Cause.USER:
            row |= {"evidence": "质保检查记录与照片", "user_cause_approved_by_id": case.owner.id}
        note = root
    elif kind is K.PROPOSE:
        row["solution"], note = solution, solution
        if chance(random, 0.2):
            general_manager = case.world.person("general_manager")
            row |= {"compensation": Decimal(random.choice((100, 120, 200, 300, 500))),
                    "compensation_approved_by_id": general_manager.id}
    elif kind is K.FINISH:
        row |= {"finished_by_id": case.owner.id, "recall_due_on": recall_due_on(case.store, at)}
    case.step(kind, at, case.owner, note)
    if kind is K.FINISH:
        _owe_callback(case, at)


def _state_after(kind: StepKind) -> str:
    return {K.ACKNOWLEDGE: "acknowledged", K.UNDERSTAND: "understood", K.ANALYSE: "analysed", K.PROPOSE: "proposed",
            K.FINISH: "finished"}[kind]


# ---------------------------------------------------------------- the re-callback


def _owe_callback(case: Case, at: dt.datetime) -> None:
    hands = frozenset({case.owner.id, case.row.get("responsible_id") or case.owner.id})
    case.file.owed = tasks.fire(case.file, Trigger.COMPLAINT_FINISHED, at, "complaint", case.row["id"],
                                str(case.row["loops"]), vehicle_id=case.row["vehicle_id"], avoid=hands)


def _called_back(case: Case, finished: dt.datetime, *, satisfied: bool, days: int | None = None) -> dt.datetime:
    """The re-callback so many days after the handling: the customer is satisfied, or a new round begins."""
    world, row = case.world, case.row
    days = days or weighted(world.random, {1: 5, 2: 4, 3: 3, 5: 1})
    day = clock.local_day(finished) + dt.timedelta(days=days)
    at = max(world.at(min(day, world.last_day), 10, 19), finished + dt.timedelta(minutes=30))
    visit = case.file.visit(
        day, case.recaller, "complaint_call", at=at, channel=Channel.PHONE, purpose=Purpose.COMPLAINT,
        result=VisitResult.SOLVED if satisfied else VisitResult.NEW_PROBLEM, vehicle_id=row["vehicle_id"],
        content="复访：客户表示满意，感谢及时处理。" if satisfied else "复访：客户表示问题没有完全解决，要求重新处理。",
        summary="复访满意" if satisfied else "复访不满意")
    for task in case.file.owed:
        tasks.done_by(case.file, task, visit)
    case.file.owed = []
    row |= {"recalled_at": at, "recalled_by_id": case.recaller.id, "satisfied": satisfied}
    if not satisfied:
        case.step(K.RECALL_NOT_SATISFIED, at, case.recaller, visit["content"])
        row |= {"loops": row["loops"] + 1, "state": S.UNDERSTOOD, "analysed_at": None, "proposed_at": None,
                "finished_at": None, "finished_by_id": None, "recall_due_on": None}
        return at
    case.step(K.RECALL_SATISFIED, at, case.recaller, visit["content"])
    row |= {"state": S.CLOSED, "closed_at": at}
    if chance(world.random, 0.6):
        row["lesson"] = case.story[7]
        case.step(K.SUMMARISE, at + dt.timedelta(minutes=40), case.owner, case.story[7])
    return at


def back(moment: dt.datetime, minutes: int, store: Any) -> dt.datetime:
    """The time from which so many minutes of store hours lie before `moment`."""
    found = moment
    while (gap := minutes - workdays.working_minutes_between(found, moment, store)) > 0:
        found -= dt.timedelta(minutes=gap)
    return found
