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
            result: VisitResult | None = None, next_on: dt.date | None = None) -> dict[str, Any]:
    """One contact of the owner: it does what was owed, may promise or give something, and owes the next one."""
    random, staff = file.world.random, file.owner
    assert staff is not None
    missed = situation == "follow" and outbound and chance(random, 0.22)
    if missed:
        situation, result = "not_reached", weighted(random, {VisitResult.NOT_REACHED: 4, VisitResult.CALL_LATER: 1})
    channel = Channel.STORE if situation in AT_THE_STORE else weighted(random, {Channel.PHONE: 7, Channel.WECHAT: 3})
    row = file.visit(
        day, staff, situation, channel=channel, outbound=outbound and channel is not Channel.STORE, next_on=next_on,
        result=result or weighted(random, {VisitResult.INTERESTED: 6, VisitResult.INVITED: 2, VisitResult.SOLVED: 2}),
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


def first_contact(file: File, day: dt.date, grade: Grade = Grade.N) -> None:
    """A new lead and the first contact with it, mostly in time."""
    random = file.world.random
    if file.row["source"] == Source.WALK_IN:
        contact(file, day, "showroom", grade=grade, outbound=False, result=VisitResult.INTERESTED)
        return
    arrival = file.row["created_at"] = file.world.at(day, 9, 18)
    tasks.owe_first_contact(file, arrival)
    minutes = random.randint(4, 28) if chance(random, 0.88) else random.randint(35, 120)
    row = contact(file, day, "first_call", grade=grade, result=VisitResult.INTERESTED)
    row["at"] = row["created_at"] = min(arrival + dt.timedelta(minutes=minutes), file.world.now)
    file.row["last_contact_at"] = row["at"]


def journey(file: File, first: dt.date, last: dt.date) -> None:
    """The contacts of somebody who comes on a day and decides on another: warmer towards the end."""
    random = file.world.random
    file.row["stage"] = Stage.PROSPECT
    first_contact(file, first)
    steps = max(1, min(7, (last - first).days // 5))
    ladder = [Grade.C, Grade.B, Grade.B, Grade.A, Grade.A, Grade.H, Grade.H][-steps:]
    day = first
    for number, grade in enumerate(ladder):
        day += dt.timedelta(days=max(1, round((last - day).days / (steps - number + 1)) + random.randint(-1, 1)))
        if day >= last:
            break
        contact(file, day, "showroom" if number in (1, steps - 2) else "follow", grade=grade)


def bought(file: File, first: dt.date, day: dt.date) -> None:
    """The way to a car that is handed over on `day`."""
    signed = max(first, day - dt.timedelta(days=file.world.random.randint(3, 14)))
    journey(file, first, signed)
    contact(file, signed, "deal", grade=Grade.O, result=VisitResult.SOLVED, next_on=day)
    contact(file, day, "delivery", grade=Grade.D, result=VisitResult.SOLVED)
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
    file.row["stage"] = Stage.PROSPECT if grade is not Grade.N else Stage.LEAD
    steps = min(4, (last - first).days // 6)
    first_contact(file, first, Grade.N if last > first else grade)
    for number in range(steps):
        day = first + dt.timedelta(days=round((last - first).days * (number + 1) / (steps + 1)))
        contact(file, day, "showroom" if number == 1 else "follow",
                grade=weighted(random, {Grade.B: 1, Grade.C: 1}) if number == 0 else grade)
    if last > first:
        agreed = due if grade is Grade.O or (chance(random, 0.25) and due >= world.today) else None
        contact(file, last, "deal" if grade is Grade.O else "follow", grade=grade, next_on=agreed)
        if chance(random, 0.85):
            file.row["graded_on"] = last
    tasks.leave_open(file)


def new_lead(file: File, minutes_ago: int) -> None:
    """A lead nobody has spoken to yet: the first contact is owed."""
    world = file.world
    file.row["source"] = weighted(world.random, {Source.WEB: 6, Source.PHONE: 3, Source.SOCIAL: 2})
    file.row["created_at"] = world.now - dt.timedelta(minutes=minutes_ago)
    file.row["registered_on"] = file.row["confirmed_on"] = clock.local_day(file.row["created_at"])
    tasks.owe_first_contact(file, file.row["created_at"])
    tasks.leave_open(file)
