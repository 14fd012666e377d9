"""The clock of a first contact: 30 working minutes for web and phone leads, 24 hours for the rest (DOMAIN §3.1).

The limit is that of the follow-up rule, so a manager changes it in the browser. Working minutes are store hours, every
day the same (Store.opens to Store.closes, holidays too: a showroom is open on them); hours are calendar hours. The
clock runs from the lead until somebody has reached the customer; putting the task off does not stop it. At 100 % the
manager is told, at 200 % the general manager.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import selectinload

from admin_app import access
from admin_app.choices import NotificationKind, OffsetUnit, Trigger
from admin_app.models import FollowUp, FollowUpRule, Inquiry, Role, Store, Team, User
from admin_app.rules import inquiries, notifications, workdays
from admin_app.rules.clocks import GENERAL_MANAGER_TOLD, MANAGER_TOLD, Clock
from admin_app.rules.followups import tasks

IN_A_UNIT = {OffsetUnit.HOURS: 60, OffsetUnit.WORK_MINUTES: 1}  # minutes


def clock(began: dt.datetime, unit: Any, offset: int, store: Any, now: dt.datetime) -> Clock | None:
    """The clock of a first contact owed since `began` by a rule of so many hours or working minutes; None for a rule
    in days, which has none."""
    if unit not in IN_A_UNIT or offset <= 0:
        return None
    limit, calendar = offset * IN_A_UNIT[OffsetUnit(unit)], unit == OffsetUnit.HOURS
    if now <= began:
        used = 0
    elif calendar:
        used = int((now - began).total_seconds() // 60)
    else:
        used = workdays.working_minutes_between(began, now, store)
    return Clock(began, limit, used, calendar)


def late(level: int) -> Any:
    """Select of the first contacts that are owed still and were reported as far up as `level` at least."""
    return sa.select(FollowUp).where(
        FollowUp.state.in_(tasks.OPEN_STATES), FollowUp.escalated_level >= level,
        FollowUp.rule_id.in_(sa.select(FollowUpRule.id).where(FollowUpRule.trigger == Trigger.NEW_LEAD)))


def escalate_due(session: Any, now: dt.datetime) -> int:
    """Report first contacts and inquiries that are late: to the manager at 100 %, to the general manager at 200 %. Job.

    Running it again reports nothing twice. Returns how many reports were made.
    """
    with access.as_system(session, "late leads"):
        return _first_contacts(session, now) + _inquiries(session, now)


def _first_contacts(session: Any, now: dt.datetime) -> int:
    made, stores = 0, {store.id: store for store in session.scalars(sa.select(Store))}
    owed = session.execute(sa.select(FollowUp, FollowUpRule.unit, FollowUpRule.offset).join(
        FollowUpRule, FollowUpRule.id == FollowUp.rule_id).where(
        FollowUpRule.trigger == Trigger.NEW_LEAD, FollowUp.state.in_(tasks.OPEN_STATES),
        FollowUp.escalated_level < GENERAL_MANAGER_TOLD).order_by(FollowUp.id).options(
        selectinload(FollowUp.customer), selectinload(FollowUp.assignee))).all()
    for task, unit, offset in owed:
        running = clock(task.created_at, unit, offset, stores.get(task.store_id), now)
        if running is None or running.level <= (task.escalated_level or 0):
            continue
        for level in range((task.escalated_level or 0) + 1, running.level + 1):
            _tell(session, task, level, now)
        task.escalated_level = running.level
        made += 1
    session.flush()
    return made


def _inquiries(session: Any, now: dt.datetime) -> int:
    made = 0
    waiting = inquiries.late(now).where(Inquiry.escalated_to < GENERAL_MANAGER_TOLD).order_by(Inquiry.id)
    for inquiry in session.scalars(waiting).all():
        running = inquiries.clock(inquiry, now)
        if running is None or running.level <= (inquiry.escalated_to or 0):
            continue
        for level in range((inquiry.escalated_to or 0) + 1, running.level + 1):
            for person in told(session, inquiry.store_id, inquiry.owner_id, level):
                notifications.notify(
                    session, person, NotificationKind.INQUIRY, _l("Inquiry too late: %(question)s", question=inquiry),
                    f"/admin/inquiry/details/?id={inquiry.id}", f"inquiry:{inquiry.id}:{level}", now)
        inquiry.escalated_to = running.level
        made += 1
    session.flush()
    return made


def _tell(session: Any, task: FollowUp, level: int, now: dt.datetime) -> None:
    names = {"name": task.customer, "person": task.assignee or _l("nobody")}
    for person in told(session, task.store_id, task.assignee_id, level):
        notifications.notify(
            session, person, NotificationKind.FIRST_CONTACT,
            _l("First contact too late: %(name)s, %(person)s", **names),
            f"/admin/followups/?due=all&owner=all&task={task.id}#task", f"first_contact:{task.id}:{level}", now)


def told(session: Any, store_id: int, person_id: int | None, level: int) -> list[int]:
    """Whom a late one is reported to: the manager of the person's team (else the store's sales managers), or the
    general managers."""
    if level == MANAGER_TOLD and person_id is not None:
        manager = session.scalars(access.ungated(sa.select(Team.manager_id).join(
            User, User.team_id == Team.id).where(User.id == person_id))).first()
        if manager is not None and manager != person_id:
            return [manager]
    code = "sales_manager" if level == MANAGER_TOLD else "general_manager"
    return list(session.scalars(access.ungated(sa.select(User.id).join(Role, Role.id == User.role_id).where(
        Role.code == code, User.active, User.deleted_at.is_(None),
        sa.or_(User.store_id == store_id, User.group_wide)).order_by(User.id))))
