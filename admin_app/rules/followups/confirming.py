"""Files that nobody has confirmed for long become tasks (DOMAIN §3.10), a few a person and day.

After how many months is the store's setting (Store.stale_months). A person has at most `most_a_day` of these tasks,
open or made today; so an old ledger is worked off bit by bit, and whoever does none gets no further ones. The most
valuable customers come first, then the files that were confirmed longest ago. Files in the pool wait for an owner.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import sqlalchemy as sa

from admin_app.choices import Tier
from admin_app.models import Customer, FollowUp, FollowUpRule, Store
from admin_app.rules import quality
from admin_app.rules.followups import cases, making, rules
from admin_app.rules.followups.staff import Staff
from admin_app.rules.followups.tasks import OPEN_STATES

MOST_A_DAY = 3  # default, where the rule says nothing


def most_a_day(rule: FollowUpRule) -> int:
    """How many of these tasks a person has at a time."""
    return int((rule.condition or {}).get("most_a_day") or MOST_A_DAY)


def tasks(session: Any, rule: FollowUpRule, store: Store, staff: Staff, today: dt.date,
          now: dt.datetime) -> list[dict[str, Any]]:
    """The tasks that are to be made today; none on a second run. The session acts as system."""
    most, made = most_a_day(rule), []
    load = _load(session, rule, store, today)
    for case in _cases(session, rule, store, today, most):
        task = making.values(rule, case, store, staff, now)
        if task is None or load[task["assignee_id"]] >= most:
            continue
        load[task["assignee_id"]] += 1
        made.append(making.moved_to(task, today) | {"expires_on": None})
    return made


def _load(session: Any, rule: FollowUpRule, store: Store, today: dt.date) -> Counter[int | None]:
    """Person → tasks of this rule that are open, or were made today."""
    found = session.execute(sa.select(FollowUp.assignee_id, sa.func.count()).where(
        FollowUp.rule_id == rule.id, FollowUp.store_id == store.id,
        sa.or_(FollowUp.state.in_(OPEN_STATES), FollowUp.first_due_on == today)).group_by(FollowUp.assignee_id))
    return Counter({row[0]: row[1] for row in found})


def _waiting(session: Any, rule: FollowUpRule, store: Store, today: dt.date) -> list[Any]:
    """Stale files of the store with an owner, for which no task was made since they were confirmed last."""
    asked = sa.exists().where(FollowUp.customer_id == Customer.id, FollowUp.rule_id == rule.id,
                              FollowUp.first_due_on >= quality.last_confirmed)
    return [Customer.store_id == store.id, Customer.owner_id.is_not(None), *rules.narrowed(session, rule, today),
            quality.older_than(store, today), ~asked]


def _cases(session: Any, rule: FollowUpRule, store: Store, today: dt.date, most: int) -> list[Any]:
    """At most `most` files of each owner, the most valuable and oldest ones."""
    tier = sa.case(*[(Customer.tier == one, place) for place, one in enumerate(Tier)], else_=len(Tier))
    place = sa.func.row_number().over(
        partition_by=Customer.owner_id, order_by=(tier, quality.last_confirmed, Customer.id))
    ranked = sa.select(Customer.id, place.label("place")).where(*_waiting(session, rule, store, today)).subquery()
    chosen = sa.select(*cases.WHO, quality.last_confirmed).join(ranked, ranked.c.id == Customer.id).where(
        ranked.c.place <= most).order_by(ranked.c.place, Customer.id)
    return [cases._case(who, day, "customer", who[0], str(day)) for *who, day in session.execute(chosen).all()]


def waiting(session: Any, rule: FollowUpRule, store: Store, today: dt.date) -> dict[int, int]:
    """Owner → stale files that are to be confirmed and stand on nobody's desk yet. The session acts as system."""
    found = session.execute(sa.select(Customer.owner_id, sa.func.count()).where(
        *_waiting(session, rule, store, today)).group_by(Customer.owner_id)).all()
    return dict(found)
