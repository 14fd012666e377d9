"""Tasks shared out: only to those who may see the customer, evenly, with the customer where that is wished."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from admin_app import choices as ch
from admin_app import models as m
from admin_app.errors import Refused, RuleError
from admin_app.rules import sharing
from admin_app.rules.handover.shares import Bearer
from tests.cast import NOW, TODAY
from tests.factories import make_complaint, make_customer, make_followup

LATE = TODAY - dt.timedelta(days=3)


def bearer(person: m.User, tasks: int = 0, most: int = 40) -> Bearer:
    return Bearer(person.id, person.name, tasks=tasks, tasks_most=most)


def of(person: m.User) -> Any:
    return sa.select(m.FollowUp).where(m.FollowUp.assignee_id == person.id)


def owed(session: Any, person: m.User) -> int:
    session.flush()
    return session.scalar(sa.select(sa.func.count(m.FollowUp.id)).where(m.FollowUp.assignee_id == person.id))


@pytest.fixture
def late(session: Any, cast: Any) -> list[m.FollowUp]:
    """Six overdue tasks of the consultant for own customers."""
    made = [make_followup(session, make_customer(session, owner=cast.sales_consultant), due=LATE,
                          assignee=cast.sales_consultant) for _ in range(6)]
    session.commit()
    return made


def test_only_to_those_who_may_see_the_customer(session: Any, cast: Any, late: list[m.FollowUp]) -> None:
    giver, takers = cast.sales_consultant, [bearer(cast.colleague), bearer(cast.care_specialist)]
    plan = sharing.move(session, of(giver), takers, NOW)
    assert set(plan.given.values()) == {cast.care_specialist.id} and plan.left == []
    plan = sharing.move(session, of(giver), takers[:1], NOW)
    assert plan.given == {} and len(plan.left) == 6


def test_with_the_customer_a_colleague_can_take_over(session: Any, cast: Any, late: list[m.FollowUp]) -> None:
    giver, taker = cast.sales_consultant, cast.colleague
    other = make_followup(session, session.get(m.Customer, late[0].customer_id), assignee=giver,
                          due=TODAY + dt.timedelta(days=9))
    chosen = of(giver).where(m.FollowUp.id.in_([late[0].id, late[1].id]))
    plan = sharing.move(session, chosen, [bearer(taker)], NOW, along=True)
    assert sharing.carry_out(session, plan, NOW) == 2
    assert other.assignee_id == taker.id and owed(session, giver) == 4
    owners = [session.get(m.Customer, task.customer_id).owner_id for task in late]
    assert owners == [taker.id] * 2 + [giver.id] * 4


def test_evenly_by_capacity(session: Any, cast: Any, late: list[m.FollowUp]) -> None:
    takers = [bearer(cast.care_specialist, tasks=0, most=40), bearer(cast.care_colleague, tasks=0, most=20)]
    plan = sharing.move(session, of(cast.sales_consultant), takers, NOW)
    assert [number for _from, _to, number in plan.flows()] == [4, 2]


def test_a_callback_goes_to_no_handler(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.colleague)
    complaint = make_complaint(session, customer, owner=cast.care_specialist, state=ch.ComplaintState.FINISHED)
    task = make_followup(session, customer, assignee=cast.care_manager, source_table="complaint",
                         source_id=complaint.id)
    plan = sharing.move(session, of(cast.care_manager), [bearer(cast.care_specialist)], NOW)
    assert plan.left == [task.id]


def test_a_team_is_made_even_and_then_stays(session: Any, cast: Any) -> None:
    people = [cast.care_specialist, cast.care_colleague]
    for number in range(9):
        make_followup(session, make_customer(session, owner=cast.colleague), assignee=people[0],
                      due=LATE + dt.timedelta(days=number % 2))
    make_followup(session, make_customer(session, owner=cast.colleague), assignee=people[1], due=TODAY)
    bearers = lambda: [bearer(one, tasks=owed(session, one)) for one in people]  # noqa: E731
    plan = sharing.even_out(session, bearers(), NOW)
    assert sharing.carry_out(session, plan, NOW) == 4
    assert [owed(session, one) for one in people] == [5, 5]
    assert sharing.even_out(session, bearers(), NOW).given == {}
    moved = [session.get(m.FollowUp, key) for key in plan.given]
    assert {task.due_on for task in moved} == {LATE + dt.timedelta(days=1)}  # the longest overdue stay where they are


def test_what_was_settled_in_between_stays(session: Any, cast: Any, late: list[m.FollowUp]) -> None:
    plan = sharing.move(session, of(cast.sales_consultant), [bearer(cast.care_specialist)], NOW)
    late[0].state, late[1].assignee_id = ch.FollowUpState.DONE, cast.care_colleague.id
    assert sharing.carry_out(session, plan, NOW) == 4
    assert late[0].assignee_id == cast.sales_consultant.id and late[1].assignee_id == cast.care_colleague.id


def test_without_anybody_and_without_the_right(session: Any, cast: Any, as_person: Any,
                                               late: list[m.FollowUp]) -> None:
    with pytest.raises(RuleError) as refused:
        sharing.move(session, of(cast.sales_consultant), [], NOW)
    assert refused.value.field == "to"
    plan = sharing.move(session, of(cast.sales_consultant), [bearer(cast.care_specialist)], NOW)
    for name in ("service_manager", "sales_consultant", "care_specialist"):
        as_person(getattr(cast, name))
        with pytest.raises(Refused):
            sharing.carry_out(session, plan, NOW)
    assert {task.assignee_id for task in late} == {late[0].assignee_id}


def test_a_manager_moves_only_what_he_sees(session: Any, cast: Any, as_person: Any) -> None:
    outside = make_followup(session, make_customer(session, owner=cast.other_team), assignee=cast.other_team, due=LATE)
    mine = make_followup(session, make_customer(session, owner=cast.colleague), assignee=cast.colleague, due=LATE)
    boss = bearer(cast.sales_manager)
    plan = sharing.Plan({outside.id: boss.id, mine.id: boss.id},
                        {outside.id: cast.other_team.id, mine.id: cast.colleague.id})
    as_person(cast.sales_manager)
    assert sharing.carry_out(session, plan, NOW) == 1
    assert outside.assignee_id != boss.id and mine.assignee_id == boss.id
