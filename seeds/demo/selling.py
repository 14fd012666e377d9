"""Customers on their way to a car: the first call, the showroom, the deal or the loss; and those still on the way."""

from __future__ import annotations

import datetime as dt
from typing import Any

from admin_app import clock
from admin_app.choices import (
    Channel,
    FollowUpState,
    Grade,
    ObjectionWeight,
    Source,
    Stage,
    Trigger,
    VisitResult,
)
from seeds.demo import making, tasks
from seeds.demo.files import File
from seeds.demo.making import chance, weighted

# Grades of customers who are still on their way, and how often each is found.
GRADES = {Grade.H: 12, Grade.A: 20, Grade.B: 26, Grade.C: 30, Grade.N: 6, Grade.O: 6}
# Days between two contacts on the way, by grade (DOMAIN §3.1).
GAPS = {Grade.H: 2, Grade.A: 4, Grade.B: 7, Grade.C: 15, Grade.N: 1, Grade.O: 7}
AT_THE_STORE = ("showroom", "deal", "delivery")


def contact(file: File, day: dt.date, situation: str, *, grade: Grade, outbound: bool = True,
            result: VisitResult | None = None, next_on: dt.date | None = None,
            at: dt.datetime | None = None) -> dict[str, Any]:
    """One contact of the owner: it does what was owed, may promise or give something, and owes the next one."""
    random, staff = file.world.random, file.owner
    assert staff is not None
    channel = Channel.STORE if situation in AT_THE_STORE else weighted(random, {Channel.PHONE: 7, Channel.WECHAT: 3})
    row = file.visit(
        day, staff, situation, channel=channel, outbound=outbound and channel is not Channel.STORE, next_on=next_on,
        at=at, result=result or weighted(random, {VisitResult.INTERESTED: 6, VisitResult.INVITED: 2,
                                                  VisitResult.SOLVED: 2}),
        **(_talked(file) if situation == "showroom" else {}))
    tasks.close(file, row)
    if grade != file.row["grade"]:
        file.row["grade"], file.row["graded_on"] = grade, day
    if situation == "showroom":
        _thanks(file, row)
    if situation in ("showroom", "follow", "deal") and chance(random, 0.09):
        tasks.promise(file, row, staff)
    if situation == "delivery" or (situation == "showroom" and chance(random, 0.12)):
        tasks.gift(file, row, "交车" if situation == "delivery" else "到店")
    tasks.owe_next(file, row)
    return row


def missed(file: File, day: dt.date) -> None:
    """A call that reached nobody: what was owed stays owed, until the next day."""
    assert file.owner is not None
    file.visit(day, file.owner, "not_reached",
               result=weighted(file.world.random, {VisitResult.NOT_REACHED: 4, VisitResult.CALL_LATER: 1}))
    file.owed = [tasks.cases.moved_to(task, day + dt.timedelta(days=1)) | {"first_due_on": task["first_due_on"]}
                 for task in file.owed]


def _talked(file: File) -> dict[str, Any]:
    """What a talk in the showroom brings to paper."""
    random, words = file.world.random, making.words()
    said: dict[str, Any] = {"guidance_minutes": random.randint(30, 110), "needs": file.row["concerns"],
                            "met_name": file.row["name"]}
    if chance(random, 0.5):
        said |= {"objection": random.choice(words["concerns"]), "objection_answer": "已当面说明，客户接受",
                 "objection_weight": ObjectionWeight.MAJOR if chance(random, 0.1) else ObjectionWeight.MINOR}
    if chance(random, 0.4):
        said["competitor"] = f"正在对比 {random.choice(words['competitors'])}"
    return said


def _thanks(file: File, visit: dict[str, Any]) -> None:
    """The thank-you after a visit to the showroom: sent the same day, mostly."""
    world = file.world
    for task in tasks.fire(file, Trigger.SHOWROOM, visit["at"], "visit", visit["id"], "1",
                           preferred=visit["staff_id"]):
        sent = visit["at"] + dt.timedelta(minutes=world.random.randint(30, 115))
        if sent > world.now:
            tasks.write(file, task)
        elif chance(world.random, 0.85):
            tasks.write(file, task, FollowUpState.DONE, closed_at=sent, closed_by_id=visit["staff_id"])
        elif task["expires_on"] is not None and task["expires_on"] < world.today:
            tasks.write(file, task, FollowUpState.VOID, note="过期作废",
                        closed_at=clock.at(task["expires_on"] + dt.timedelta(days=1), 2))


def first_contact(file: File, day: dt.date, grade: Grade = Grade.N, next_on: dt.date | None = None) -> None:
    """A new lead and the first contact with it, mostly in time."""
    random = file.world.random
    if file.row["source"] == Source.WALK_IN:
        contact(file, day, "showroom", grade=grade, outbound=False, result=VisitResult.INTERESTED, next_on=next_on)
        return
    arrival = file.row["created_at"] = file.world.at(day, 9, 18)
    tasks.owe_first_contact(file, arrival)
    minutes = random.randint(4, 28) if chance(random, 0.9) else random.randint(35, 120)
    contact(file, day, "first_call", grade=grade, result=VisitResult.INTERESTED, next_on=next_on,
            at=min(arrival + dt.timedelta(minutes=minutes), file.world.now))


def journey(file: File, first: dt.date, last: dt.date) -> None:
    """The contacts of somebody who comes on a day and decides on another: warmer towards the end, mostly in time."""
    random = file.world.random
    file.row["stage"] = Stage.PROSPECT
    day, number = first, 0
    first_contact(file, first, next_on=_agreed(file, first, Grade.N, last))
    while (due := _due(file)) is not None and due < last:
        day = max(day + dt.timedelta(days=1), due + dt.timedelta(days=weighted(random, {0: 84, -1: 9, 1: 4, 3: 3})))
        if day >= last:
            return
        if chance(random, 0.2):
            missed(file, day)
            day += dt.timedelta(days=1)
            if day >= last:
                return
        number += 1
        share = (day - first).days / max(1, (last - first).days)
        grade = weighted(random, {Grade.C: 2, Grade.B: 3} if share < 0.4 else {Grade.B: 2, Grade.A: 3}
                         if share < 0.75 else {Grade.A: 2, Grade.H: 3})
        contact(file, day, "showroom" if number in (1, 3) else "follow", grade=grade,
                next_on=_agreed(file, day, grade, last))


def _agreed(file: File, day: dt.date, grade: Grade, last: dt.date) -> dt.date | None:
    """The next date, where one is agreed: the day of the decision once it is near, else now and then another."""
    gap = GAPS[grade]
    if day + dt.timedelta(days=gap + 1) >= last:
        return last
    later = day + dt.timedelta(days=file.world.random.randint(3, 9))
    return later if chance(file.world.random, 0.45) and later < last else None


def _due(file: File) -> dt.date | None:
    """The day on which the next contact is owed."""
    return min((task["due_on"] for task in file.owed), default=None)


def bought(file: File, first: dt.date, day: dt.date) -> None:
    """The way to a car that is handed over on `day`."""
    signed = max(first, day - dt.timedelta(days=file.world.random.randint(3, 14)))
    journey(file, first, signed)
    contact(file, signed, "deal", grade=Grade.O, result=VisitResult.SOLVED, next_on=day)
    contact(file, max(day, signed), "delivery", grade=Grade.D, result=VisitResult.SOLVED)
    tasks.forget(file)
    file.row["stage"] = Stage.OWNER


def lost(file: File, first: dt.date, day: dt.date) -> None:
    """The way to another maker's showroom."""
    journey(file, first, day)
    contact(file, day, "lost", grade=Grade.F, result=VisitResult.REFUSED)
    tasks.forget(file)
    file.row["stage"] = Stage.LOST
    file.row["lost_reason"] = file.world.random.choice(making.texts()["lost_reasons"])


def under_way(file: File, grade: Grade, due: dt.date) -> None:
    """Somebody still on the way: the next contact is due on `due`, the last one lies the grade's time before it."""
    random, world = file.world.random, file.world
    last = min(due - dt.timedelta(days=GAPS[grade]), world.last_day)
    first = max(world.begin, last - dt.timedelta(days=random.randint(0, 2) if grade is Grade.N
                                                 else random.randint(5, 60)))
    file.row["registered_on"] = file.row["confirmed_on"] = first
    agreed = due if grade is Grade.O or (chance(random, 0.25) and due >= world.today) else None
    if last > first:
        journey(file, first, last)
        contact(file, last, "deal" if grade is Grade.O else "follow", grade=grade, next_on=agreed)
        if chance(random, 0.85):
            file.row["graded_on"] = last
    else:
        first_contact(file, first, grade, next_on=agreed)
    file.row["stage"] = Stage.PROSPECT if grade is not Grade.N else Stage.LEAD
    tasks.leave_open(file)


def new_lead(file: File, minutes_ago: int) -> None:
    """A lead nobody has spoken to yet: the first contact is owed."""
    world = file.world
    file.row["source"] = weighted(world.random, {Source.WEB: 6, Source.PHONE: 3, Source.SOCIAL: 2})
    file.row["created_at"] = world.now - dt.timedelta(minutes=minutes_ago)
    file.row["registered_on"] = file.row["confirmed_on"] = clock.local_day(file.row["created_at"])
    tasks.owe_first_contact(file, file.row["created_at"])
    tasks.leave_open(file)
