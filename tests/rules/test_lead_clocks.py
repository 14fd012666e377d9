"""The clock of a first contact: working minutes over nights and holidays, and whom a late one is reported to."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from admin_app import choices as ch
from admin_app import models as m
from admin_app.clock import at
from admin_app.rules import saving
from admin_app.rules.leads import clocks
from tests import factories as f
from tests.cast import NOW, Cast
from tests.rules.followup_support import rule, tasks, the, visit

STORE = SimpleNamespace(opens="09:00", closes="20:30")
MONDAY = dt.date(2026, 11, 23)
WORKING, HOURS = ch.OffsetUnit.WORK_MINUTES, ch.OffsetUnit.HOURS


def web_clock(began: dt.datetime, now: dt.datetime) -> Any:
    found = clocks.clock(began, WORKING, 30, STORE, now)
    assert found is not None
    return found


@pytest.mark.parametrize(("began", "now", "left"), [
    (at(MONDAY, 10), at(MONDAY, 10), 30),
    (at(MONDAY, 10), at(MONDAY, 10, 18), 12),
    (at(MONDAY, 10), at(MONDAY, 11, 35), -65),
    (at(MONDAY, 20, 20), at(MONDAY, 23), 20),  # ten minutes before closing; the night does not count
    (at(MONDAY, 20, 20), at(MONDAY + dt.timedelta(days=1), 9, 5), 15),
    (at(MONDAY, 23), at(MONDAY + dt.timedelta(days=1), 9), 30),  # comes in at night: runs from the opening
    (at(dt.date(2026, 10, 1), 10), at(dt.date(2026, 10, 1), 10, 20), 10),  # National Day: a showroom is open
    (at(dt.date(2026, 11, 28), 20), at(dt.date(2026, 11, 29), 9, 10), -10),  # over a weekend's night
])
def test_working_minutes(began: dt.datetime, now: dt.datetime, left: int) -> None:
    assert web_clock(began, now).left == left


@pytest.mark.parametrize(("minutes", "tone", "level"), [
    (0, "good", 0), (20, "good", 0), (21, "soon", 0), (29, "soon", 0), (30, "late", 1), (59, "late", 1),
    (60, "late", 2)])
def test_its_colour_and_whom_it_is_reported_to(minutes: int, tone: str, level: int) -> None:
    running = web_clock(at(MONDAY, 10), at(MONDAY, 10) + dt.timedelta(minutes=minutes))
    assert (running.tone, running.level) == (tone, level)


def test_hours_count_the_night_and_days_have_no_clock() -> None:
    began = at(MONDAY, 20)
    found = clocks.clock(began, HOURS, 24, STORE, began + dt.timedelta(hours=25))
    assert found is not None
    assert (found.left, found.calendar) == (-60, True)
    assert clocks.clock(began, ch.OffsetUnit.DAYS, 1, STORE, began) is None


# ---------------------------------------------------------------- escalation


def lead(session: Any, cast: Cast, now: dt.datetime = NOW, **values: Any) -> m.FollowUp:
    customer = m.Customer(store_id=1, name="新线索", phone="13800138000", source=ch.Source.WEB, stage=ch.Stage.LEAD,
                          owner_id=cast.sales_consultant.id, **values)
    saving.prepare(session, customer, now)
    session.add(customer)
    session.flush()
    saving.settle(session, customer, now, created=True)
    return the(tasks(session, customer, "lead_first_web"))


def later(minutes: int) -> dt.datetime:
    return NOW + dt.timedelta(minutes=minutes)


def test_a_late_one_is_reported_once_a_level(session: Any, cast: Cast) -> None:
    task = lead(session, cast)
    assert [clocks.escalate_due(session, later(minutes)) for minutes in (29, 30, 31, 59, 60, 600)] == [0, 1, 0, 0, 1, 0]
    assert task.escalated_level == 2
    assert told(session) == [(cast.sales_manager.id, "首次联系超时：新线索，梁思琪"),
                             (cast.general_manager.id, "首次联系超时：新线索，梁思琪")]


def told(session: Any) -> list[tuple[int, str]]:
    return [(one.user_id, one.text) for one in session.scalars(sa.select(m.Notification).order_by(m.Notification.id))]


def test_one_that_was_missed_for_long_goes_to_the_top_at_once(session: Any, cast: Cast) -> None:
    task = lead(session, cast)
    assert clocks.escalate_due(session, NOW + dt.timedelta(days=3)) == 1
    assert task.escalated_level == 2
    assert [person for person, _text in told(session)] == [cast.sales_manager.id, cast.general_manager.id]


def test_putting_it_off_does_not_stop_it_but_reaching_the_customer_does(session: Any, cast: Cast) -> None:
    task = lead(session, cast)
    visit(session, task.customer, cast.sales_consultant, ch.VisitResult.NOT_REACHED, later(5), followup_id=task.id,
          next_on=MONDAY + dt.timedelta(days=2))
    assert clocks.escalate_due(session, later(31)) == 1
    visit(session, task.customer, cast.sales_consultant, ch.VisitResult.INTERESTED, later(40), followup_id=task.id)
    assert task.state == ch.FollowUpState.DONE
    assert clocks.escalate_due(session, later(600)) == 0
    assert task.escalated_level == 1


def test_the_rule_says_how_long(session: Any, cast: Cast) -> None:
    rule(session, "lead_first_web").offset = 60
    lead(session, cast)
    assert [clocks.escalate_due(session, later(minutes)) for minutes in (59, 60)] == [0, 1]


def test_whom_it_is_reported_to(session: Any, cast: Cast) -> None:
    assert clocks.told(session, 1, cast.sales_consultant.id, 1) == [cast.sales_manager.id]
    assert clocks.told(session, 1, None, 1) == [cast.sales_manager.id]
    assert clocks.told(session, 1, cast.sales_consultant.id, 2) == [cast.general_manager.id]
    assert clocks.told(session, 2, cast.outsider.id, 1) == []  # that store has no manager


def test_a_late_inquiry_is_reported_too(session: Any, cast: Cast) -> None:
    inquiry = f.make_inquiry(session, owner=cast.sales_consultant)
    hours = [clocks.escalate_due(session, NOW + dt.timedelta(hours=one)) for one in (23, 24, 25, 48, 72)]
    assert hours == [0, 1, 0, 1, 0]
    assert inquiry.escalated_to == 2
    people = (cast.sales_manager.id, cast.general_manager.id)
    assert told(session) == [(person, "咨询超时：有现车吗？") for person in people]
