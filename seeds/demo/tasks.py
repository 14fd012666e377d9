"""Follow-ups of the demo. The rules themselves say what is owed, to whom and when; here it is decided what became of
it. So every task has the occurrence its rule gives it, and the nightly job makes none of them a second time."""

from __future__ import annotations

import datetime as dt
from typing import Any

from admin_app import clock
from admin_app.choices import FollowUpState, PromiseState, Trigger
from admin_app.rules.followups import making as cases
from admin_app.rules.followups import rules
from admin_app.rules.followups.blocking import opted_out
from seeds.demo import making
from seeds.demo.files import File
from seeds.demo.making import chance, weighted
from seeds.demo.world import Person

# What became of a task that lies behind us (shares of 100).
DONE, SKIPPED, VOID = 90, 4, 6
# A task of the last days that is still owed, as a share of those that came due then.
STILL_OWED = 0.12
RECENT = 4  # days


class Seen:
    """A row read like the object that the rules expect."""

    def __init__(self, row: dict[str, Any]) -> None:
        self._row = row

    def __getattr__(self, name: str) -> Any:
        return self._row[name]


def fire(file: File, trigger: Trigger, base: dt.date | dt.datetime, table: str, source_id: int, mark: str, *,
         then: dt.datetime | None = None, **more: Any) -> list[dict[str, Any]]:
    """The tasks that the rules of a trigger make for a customer at the time `then`; none of them is written yet."""
    desk, row = file.world.desk(file.store_id), file.row
    then = then or (base if isinstance(base, dt.datetime) else clock.at(base - dt.timedelta(days=120)))
    customer: Any = Seen(row)
    case = cases.Case(row["id"], row["store_id"], row["owner_id"], row["advisor_id"], row["confidentiality"],
                      opted_out(customer), base, table, source_id, mark, **more)
    made = [cases.values(rule, case, desk.store, desk.staff, then)
            for rule in desk.rules.get(trigger, ()) if rules.holds(rule.condition, customer)]
    return [task for task in made if task is not None]


def write(file: File, task: dict[str, Any], state: FollowUpState = FollowUpState.OPEN, **values: Any) -> dict[str, Any]:
    """A task as a row."""
    file.world.occurrences.add(task["occurrence"])
    known = {key: value for key, value in task.items() if key not in ("created_at", "updated_at")}
    if state is not FollowUpState.OPEN:
        known["script"] = None  # nobody reads the script of a settled task
    created = min(task["created_at"], task["due_at"], file.world.now)
    row = file.world.writer.add("followup", created=created, **(known | {"state": state} | values))
    if state is FollowUpState.OPEN:
        file.world.kept_tasks.append(row)
        due, planned = row["due_on"], file.row["next_contact_on"]
        file.row["next_contact_on"] = due if planned is None else min(due, planned)
    return row


def done_by(file: File, task: dict[str, Any], visit: dict[str, Any]) -> dict[str, Any]:
    """A task that a contact has done."""
    row = write(file, task, FollowUpState.DONE, visit_id=visit["id"], closed_at=visit["at"],
                closed_by_id=visit["staff_id"])
    visit.setdefault("followup_id", row["id"])
    return row


# ---------------------------------------------------------------- what the next contact of the owner covers


def owe(file: File, tasks: list[dict[str, Any]]) -> None:
    """Keep tasks in mind until the next contact, or the end of the story."""
    file.owed += tasks


def close(file: File, visit: dict[str, Any]) -> None:
    """A contact does everything that is owed."""
    for task in file.owed:
        done_by(file, task, visit)
    file.owed = []


def owe_next(file: File, visit: dict[str, Any]) -> None:
    """After a contact the next one is owed: on the day that was agreed, else by the customer's grade."""
    if visit.get("next_on") is not None:
        owe(file, agreed(file, visit))
    elif not file.owed:
        owe(file, fire(file, Trigger.CONTACT, visit["at"], "visit", visit["id"], "1"))


def agreed(file: File, visit: dict[str, Any]) -> list[dict[str, Any]]:
    """The task for the day that was agreed in a contact; it stays with whoever agreed it."""
    desk = file.world.desk(file.store_id)
    case = cases.Case(file.row["id"], file.store_id, file.row["owner_id"], file.row["advisor_id"],
                      file.row["confidentiality"], opted_out(Seen(file.row)), visit["next_on"], "visit", visit["id"],
                      "", preferred=visit["staff_id"])
    made = [cases.values(rule, case, desk.store, desk.staff, visit["at"]) for rule in desk.rules[Trigger.MANUAL]]
    return [task | {"occurrence": f"manual:visit:{visit['id']}", "purpose": visit["purpose_kind"]}
            for task in made if task is not None]


def owe_first_contact(file: File, arrival: dt.datetime) -> None:
    """A new lead is to be contacted."""
    owe(file, fire(file, Trigger.NEW_LEAD, arrival, "customer", file.row["id"], "1"))


def forget(file: File) -> None:
    """What was owed has become pointless; no row is kept of it."""
    file.owed = []


def leave_open(file: File) -> None:
    """The story has reached today: what is owed stands in the list."""
    for task in file.owed:
        write(file, task)
    file.owed = []


# ---------------------------------------------------------------- tasks that a date or an event makes for somebody


def answer(file: File, task: dict[str, Any], situation: str, **visit: Any) -> None:
    """What became of a task: done by a contact of whoever had it, skipped, void, or still owed.

    A task that is not due yet is left to the nightly job; one that is there already stays as it is.
    """
    world, random = file.world, file.world.random
    due, person = task["due_on"], world.by_id.get(task["assignee_id"])
    if due > world.today or person is None or task["occurrence"] in world.occurrences:
        return
    late = (world.today - due).days
    if late == 0:
        owed = world.last_day < world.today or not chance(random, 0.3)
    else:
        owed = late <= RECENT and chance(random, STILL_OWED)
    if owed:
        write(file, task)
        return
    fate = weighted(random, {FollowUpState.DONE: DONE, FollowUpState.SKIPPED: SKIPPED, FollowUpState.VOID: VOID})
    ends = task["expires_on"]
    if fate is FollowUpState.VOID and ends is not None and ends < world.today:
        write(file, task, fate, closed_at=clock.at(ends + dt.timedelta(days=1), 2), note="过期作废")
    elif fate is FollowUpState.SKIPPED:
        write(file, task, fate, closed_at=world.at(due), closed_by_id=person.id,
              note=random.choice(making.texts()["skip_reasons"]))
    else:
        day = min(due + dt.timedelta(days=weighted(random, {0: 90, 1: 7, 3: 3})), world.last_day)
        done_by(file, task, file.call(day, person, situation, task, **visit))


# ---------------------------------------------------------------- promises and gifts


def promise(file: File, visit: dict[str, Any], staff: Person) -> None:
    """Something promised in a contact: kept, broken, or still open where its day is near."""
    world, random = file.world, file.world.random
    day = clock.local_day(visit["at"])
    due = day + dt.timedelta(days=random.randint(1, 6))
    if due >= world.today:
        state = PromiseState.OPEN
    else:
        ago = (world.today - due).days
        state = PromiseState.BROKEN if chance(random, 0.06 if ago < 45 else 0.015) else PromiseState.KEPT
        if ago <= 3 and chance(random, 0.3):
            state = PromiseState.OPEN
    settled = None if state is PromiseState.OPEN else min(clock.at(due, 17), world.now)
    row = world.writer.add(
        "promise", created=visit["at"], created_by_id=staff.id, store_id=file.store_id, customer_id=file.row["id"],
        what=random.choice(making.texts()["promises"]), by_id=staff.id, due_on=due, state=state, settled_at=settled,
        visit_id=visit["id"])
    if state is PromiseState.OPEN:
        for task in fire(file, Trigger.PROMISE_DUE, due, "promise", row["id"], str(due), then=visit["at"],
                         preferred=staff.id):
            if task["due_on"] <= world.today:
                write(file, task)


def gift(file: File, visit: dict[str, Any], occasion: str) -> None:
    """Something given in a contact."""
    name, value = file.world.random.choice(making.words()["gifts"])
    file.world.writer.add(
        "gift", created=visit["at"], created_by_id=visit["staff_id"], store_id=file.store_id,
        customer_id=file.row["id"], name=name, quantity=1, value=value, given_on=clock.local_day(visit["at"]),
        by_id=visit["staff_id"], visit_id=visit["id"], occasion=occasion)
