"""What an import leaves behind (INTERFACE): history makes no tasks, save the latest visit's next date ahead."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from admin_app import access, clock
from admin_app.choices import FollowUpState, Purpose, Stage, VisitState
from admin_app.models import Customer, User, Visit
from admin_app.rules.followups import making, rules, tasks

CHUNK = 1000


def settle_history(session: Any, customer_ids: Iterable[int], now: dt.datetime) -> int:
    """Bring customers up to date after visits were imported in bulk; in place of saving.settle for each of them.

    Sets last and next contact, and makes one task for a customer whose latest visit has a next date from today on.
    Returns how many tasks were made; a second run makes none. No commit.
    """
    made, ids = 0, sorted(set(customer_ids))
    with access.as_system(session, "import"):
        for at in range(0, len(ids), CHUNK):
            part = ids[at:at + CHUNK]
            made += len(making.insert(session, _agreed(session, part, now), refresh=False))
            tasks.refresh_customers(session, part, contacts=True)
    return made


def _agreed(session: Any, ids: list[int], now: dt.datetime) -> list[dict[str, Any]]:
    rule = rules.by_code(session, rules.MANUAL)
    place = sa.func.row_number().over(partition_by=Visit.customer_id, order_by=(Visit.at.desc(), Visit.id.desc()))
    newest = sa.select(Visit.id, place.label("place")).where(
        Visit.customer_id.in_(ids), Visit.state == VisitState.DONE).subquery()
    found = session.execute(
        sa.select(Visit.id, Visit.customer_id, Visit.store_id, Visit.next_on, Visit.next_step, Visit.purpose_kind,
                  Customer.stage, Customer.owner_id, User.id)
        .join(newest, sa.and_(newest.c.id == Visit.id, newest.c.place == 1))
        .join(Customer, Customer.id == Visit.customer_id)
        .outerjoin(User, sa.and_(User.id == Visit.staff_id, User.active))
        .where(Visit.next_on >= clock.local_day(now)).order_by(Visit.id)).all()
    return [{
        "store_id": store_id, "customer_id": customer_id, "rule_id": rule.id if rule else None,
        "reason": (step or (rule.name if rule else "约定回访"))[:120], "assignee_id": staff_id or owner_id,
        "due_on": day, "due_at": clock.at(day), "first_due_on": day, "channel": rule.channel if rule else None,
        "purpose": purpose or (Purpose.SALES if stage in (Stage.LEAD, Stage.PROSPECT) else Purpose.SERVICE),
        "state": FollowUpState.OPEN, "source_table": "visit", "source_id": visit_id,
        "occurrence": f"manual:visit:{visit_id}", "created_at": now, "updated_at": now,
    } for visit_id, customer_id, store_id, day, step, purpose, stage, owner_id, staff_id in found]

