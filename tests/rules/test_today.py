"""What a day asks for: the selects behind the home's figures equal the plain rules, on both databases."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from admin_app import choices as ch
from admin_app import models as m
from admin_app.rules import customers, timeline, today
from admin_app.rules.followups import calendar
from tests.cast import NOW, TODAY
from tests.factories import _add, make_complaint, make_customer, make_followup, make_visit


@pytest.mark.usefixtures("store_app")
def test_birthdays_are_those_that_the_calendar_keeps(session: Any, cast: Any) -> None:
    days = [dt.date(1980, 11, 23), dt.date(1980, 10, 15), dt.date(1999, 2, 28), dt.date(2026, 11, 23)]
    made = [make_customer(session, owner=cast.colleague, birthday=day, birthday_calendar=kind)
            for day in days for kind in ch.BirthdayCalendar]
    for day in (TODAY, dt.date(2026, 2, 28), TODAY + dt.timedelta(days=1)):
        found = {one.id for one in session.scalars(today.birthdays(day))}
        assert found == {one.id for one in made if calendar.kept_on(one.birthday, one.birthday_calendar, day)}
    assert [one.id for one in session.scalars(today.birthdays(TODAY, [cast.sales_consultant.id]))] == []


@pytest.mark.usefixtures("store_app")
def test_stale_grades_are_those_that_the_rule_calls_stale(session: Any, cast: Any) -> None:
    made = [make_customer(session, owner=cast.colleague, grade=grade, stage=stage, graded_on=graded, registered_on=on)
            for grade in (ch.Grade.H, ch.Grade.B, ch.Grade.D) for stage in (ch.Stage.PROSPECT, ch.Stage.LOST)
            for graded in (None, TODAY - dt.timedelta(days=7), TODAY - dt.timedelta(days=31))
            for on in (None, TODAY - dt.timedelta(days=9))]
    found = {one.id for one in session.scalars(today.stale_grades(TODAY))}
    assert found == {one.id for one in made if customers.grade_is_stale(one, TODAY)}
    assert 0 < len(found) < len(made)


def test_a_promise_is_broken_once_its_day_has_passed(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.colleague)

    def promise(days: int, state: ch.PromiseState) -> int:
        return _add(session, m.Promise(store_id=1, customer_id=customer.id, what="x", by_id=cast.colleague.id,
                                       due_on=TODAY + dt.timedelta(days=days), state=state)).id

    late, broken = promise(-1, ch.PromiseState.OPEN), promise(5, ch.PromiseState.BROKEN)
    promise(0, ch.PromiseState.OPEN), promise(-9, ch.PromiseState.KEPT)
    assert {one.id for one in session.scalars(today.broken_promises(TODAY))} == {late, broken}
    assert list(session.scalars(today.broken_promises(TODAY, [cast.sales_consultant.id]))) == []


@pytest.mark.usefixtures("store_app")
def test_a_load_adds_up_and_its_bar_never_overflows(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.colleague)
    for day in (-3, -1, 0, 4):
        make_followup(session, customer, assignee=cast.colleague, due=TODAY + dt.timedelta(days=day))
    make_followup(session, customer, assignee=cast.colleague, state=ch.FollowUpState.DONE, closed_at=NOW)
    watched = SimpleNamespace(id=cast.colleague.id, name=cast.colleague.name, tasks_most=40, customers_most=400)
    (load,) = today.loads(session, [watched], today.owed(session, NOW), today.customers_kept(session, [watched]),
                           NOW)
    assert (load.done, load.due, load.overdue, load.customers) == (1, 1, 2, 1)
    assert load.total == 4
    assert sum(share for share, _tone in load.shares()) == pytest.approx(4 / load.tasks_most)
    crowded = today.Load(1, "x", 30, 30, 30, 40, 0, 400)
    assert sum(share for share, _tone in crowded.shares()) == pytest.approx(1)


@pytest.mark.usefixtures("store_app")
def test_the_stream_pages_through_everything_once(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.colleague)
    for number in range(30):
        make_visit(session, customer, at=NOW - dt.timedelta(days=number))
    for number in range(7):
        make_complaint(session, customer, received_at=NOW - dt.timedelta(days=3 * number, hours=1))
        make_followup(session, customer, assignee=cast.colleague, due=TODAY + dt.timedelta(days=number))
    counts = timeline.counts(session, customer.id)
    assert (counts["visit"], counts["complaint"], counts["followup"]) == (30, 7, 7)
    pages = [timeline.stream(session, customer.id, None, page) for page in range(4)]
    seen = [(event.kind, event.row.id) for page in pages for event in page]
    assert len(seen) == len(set(seen)) == sum(counts.values())
    ahead = [event.at for page in pages for event in page if event.ahead]
    behind = [event.at for page in pages for event in page if not event.ahead]
    assert ahead == sorted(ahead) and behind == sorted(behind, reverse=True)
    assert [event.kind for event in timeline.stream(session, customer.id, "complaint", 0)] == ["complaint"] * 7
