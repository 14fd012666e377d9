"""Files as a desk keeps them: most confirmed at the last contact, some not for long, a few customers on file twice."""

from __future__ import annotations

from typing import Any

from admin_app import clock
from admin_app.choices import CustomerKind, Stage, Trigger
from admin_app.rules.followups import confirming
from seeds.demo import tasks
from seeds.demo.files import File, complete
from seeds.demo.world import World

UNCONFIRMED = 13  # one file in so many was last confirmed when it was made
TWICE = 60  # one customer in so many comes again and is taken for a new one
ASK_AGAIN = 9  # of the twins, one in so many gives no number that tells


def make(world: World, files: list[File]) -> None:
    """Confirmations and twins; before the rows are inserted. Throws no dice, so that the rest stays as it was."""
    for file in files:
        spoken = file.row["last_contact_at"]
        if spoken is not None and file.row["id"] % UNCONFIRMED:
            file.row["confirmed_on"] = max(file.row["confirmed_on"], clock.local_day(spoken))
    for store_id in world.stores.values():
        _twins(world, [file for file in files if file.store_id == store_id])


def _twins(world: World, files: list[File]) -> None:
    """An owner who asks for another car and is put on file once more, by the other consultant."""
    persons = [file for file in files if file.row["kind"] is CustomerKind.PERSON and file.owner is not None]
    owners = [file for file in persons if file.row["stage"] is Stage.OWNER]
    buyers = [file for file in persons if file.row["stage"] in (Stage.LEAD, Stage.PROSPECT)]
    wanted = min(len(owners), len(buyers), max(2, len(files) // TWICE))
    for number in range(wanted):
        first, again = owners[number * len(owners) // wanted], buyers[number * len(buyers) // wanted]
        told: dict[str, Any] = {name: first.row[name] for name in ("name", "sex", "birthday", "birthday_calendar")}
        if number % ASK_AGAIN or not first.row["birthday"]:
            told["phone2"] = first.row["phone"]
        again.row.update(told)
        complete(again)


def stale(world: World, files: list[File]) -> None:
    """The tasks to confirm files that the nightly job would make today."""
    by_customer = {file.row["id"]: file for file in files}
    for store_id in world.stores.values():
        desk = world.desk(store_id)
        for rule in desk.rules.get(Trigger.FILE_STALE, ()):
            for task in confirming.tasks(world.session, rule, desk.store, desk.staff, world.today, world.now):
                tasks.write(by_customer[task["customer_id"]], task)
