"""What an import leaves to do. History makes no tasks (rules/followups/history.py); a next date in a ledger of
customers that is still ahead is a plan, and makes one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from admin_app import access, clock
from admin_app import choices as ch
from admin_app.importing.context import Context
from admin_app.importing.writer import Record
from admin_app.rules.followups import making, rules


@dataclass
class Planned:
    """A contact that a ledger of customers has planned."""

    customer_id: int
    owner_id: int | None
    stage: Any
    day: dt.date


class NextContacts:
    """The planned contacts of an import, one for each customer."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.planned: dict[int, Planned] = {}

    def plan(self, customer: Record, day: dt.date) -> None:
        """Note the next date of a customer; a date before today is history."""
        if day >= self.context.today:
            self.planned[customer["id"]] = Planned(
                customer["id"], customer["owner_id"], customer["stage"], day
            )

    def write(self) -> None:
        """Make the tasks; the same plan read again makes none."""
        if not self.planned or self.context.dry_run:
            return
        session = self.context.session
        with access.as_system(session, "import"):
            rule = rules.by_code(session, rules.MANUAL)
            tasks = [self._task(one, rule) for one in self.planned.values()]
            self.context.report.followups += len(making.insert(session, tasks))

    def _task(self, one: Planned, rule: Any) -> Record:
        buying = one.stage in (ch.Stage.LEAD, ch.Stage.PROSPECT)
        return {
            "store_id": self.context.store_id,
            "customer_id": one.customer_id,
            "rule_id": rule.id if rule else None,
            "reason": rule.name if rule else "约定回访",
            "assignee_id": one.owner_id,
            "due_on": one.day,
            "due_at": clock.at(one.day),
            "first_due_on": one.day,
            "channel": rule.channel if rule else None,
            "purpose": ch.Purpose.SALES if buying else ch.Purpose.SERVICE,
            "state": ch.FollowUpState.OPEN,
            "source_table": "customer",
            "source_id": one.customer_id,
            "occurrence": f"manual:customer:{one.customer_id}:{one.day.isoformat()}",
            "created_at": self.context.now,
            "updated_at": self.context.now,
        }
