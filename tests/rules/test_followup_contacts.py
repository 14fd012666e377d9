"""What a contact settles and what comes next (DOMAIN §3.1)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from admin_app import access, clock
from admin_app import choices as ch
from admin_app.choices import FollowUpState as S
from admin_app.choices import Grade, Purpose, Stage
from admin_app.choices import VisitResult as R
from admin_app.errors import RuleError
from admin_app.rules import followups, saving
from tests.cast import NOW
from tests.factories import make_complaint, make_customer, make_followup, make_vehicle
from tests.rules.followup_support import day, rule, save, tasks, the, visit

HOUR = dt.timedelta(hours=1)


@pytest.mark.parametrize(("grade", "days"), [(Grade.H, 2), (Grade.A, 4), (Grade.B, 7), (Grade.C, 15), (Grade.N, 1)])
def test_after_each_contact_the_grade_says_when_the_next_is_due(
        session: Any, cast: Any, grade: Grade, days: int) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=grade)
    visit(session, customer, cast.sales_consultant)
    task = the(tasks(session, customer))
    assert (task.due_on, task.assignee_id) == (day(days), cast.sales_consultant.id)
    assert task.occurrence.startswith(f"grade_{grade.value.lower()}:visit:")
    assert customer.next_contact_on == day(days)
    assert customer.last_contact_at == NOW


def test_a_grade_not_given_is_due_to_the_hour(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.N)
    visit(session, customer, cast.sales_consultant)
    assert the(tasks(session, customer)).due_at == NOW + 24 * HOUR


@pytest.mark.parametrize("grade", [Grade.O, Grade.D, Grade.F, Grade.T])
def test_who_is_not_buying_gets_no_grade_task(session: Any, cast: Any, grade: Grade) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=grade)
    visit(session, customer, cast.sales_consultant)
    assert tasks(session, customer) == []
    assert customer.next_contact_on is None
    assert followups.next_date_by_rule(session, customer, NOW) is None


def test_an_owner_whose_grade_was_never_set_is_left_in_peace(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.N, stage=Stage.OWNER)
    visit(session, customer, cast.sales_consultant)
    assert tasks(session, customer) == []


def test_a_chosen_date_replaces_the_grade_rule(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.H)
    visit(session, customer, cast.sales_consultant, next_on=day(9), next_step="带家人看车")
    task = the(tasks(session, customer))
    assert (task.due_on, task.reason, task.rule_id) == (day(9), "带家人看车", rule(session, "manual").id)
    assert customer.next_contact_on == day(9)


def test_the_date_of_the_rule_chosen_by_hand_is_the_rules_task(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.A)
    chosen = followups.next_date_by_rule(session, customer, NOW)
    visit(session, customer, cast.sales_consultant, next_on=chosen)
    assert the(tasks(session, customer)).rule_id == rule(session, "grade_a").id


def test_a_visit_closes_the_task_it_names(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.D, stage=Stage.OWNER)
    task = make_followup(session, customer, assignee=cast.care_specialist)
    made = visit(session, customer, cast.care_colleague, R.SOLVED, followup_id=task.id)
    assert (task.state, task.visit_id, task.closed_at) == (S.DONE, made.id, NOW)
    assert task.closed_by_id == cast.care_colleague.id
    assert made.purpose_kind == Purpose.SERVICE


def test_a_task_of_another_customer_is_refused(session: Any, cast: Any) -> None:
    mine, other = (make_customer(session, owner=cast.sales_consultant) for _ in range(2))
    task = make_followup(session, other)
    with pytest.raises(RuleError) as refused:
        visit(session, mine, cast.sales_consultant, followup_id=task.id)
    assert refused.value.field == "followup_id"
    assert task.state == S.OPEN


@pytest.mark.parametrize("result", [R.NOT_REACHED, R.WRONG_NUMBER])
def test_not_reached_leaves_the_task_where_it_is(session: Any, cast: Any, result: R) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    task = make_followup(session, customer, assignee=cast.sales_consultant)
    made = visit(session, customer, cast.sales_consultant, result, followup_id=task.id)
    followups.done(session, task, made, NOW)
    assert the(tasks(session, customer)) is task
    assert (task.state, task.due_on) == (S.OPEN, day())
    assert customer.last_contact_at is None


def test_not_reached_with_a_chosen_day_moves_the_task(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    task = make_followup(session, customer, assignee=cast.sales_consultant, expires_on=day())
    visit(session, customer, cast.sales_consultant, R.NOT_REACHED, followup_id=task.id, next_on=day(1))
    assert the(tasks(session, customer)) is task
    assert (task.state, task.due_on, task.expires_on) == (S.OPEN, day(1), day(1))
    assert customer.next_contact_on == day(1)


def test_call_later_moves_the_task_to_tomorrow(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    task = make_followup(session, customer, assignee=cast.sales_consultant)
    visit(session, customer, cast.sales_consultant, R.CALL_LATER, followup_id=task.id)
    assert (task.state, task.due_on) == (S.OPEN, day(1))
    assert the(tasks(session, customer)) is task


def test_not_reached_without_any_task_is_tried_again_by_the_grade(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.H)
    visit(session, customer, cast.sales_consultant, R.NOT_REACHED)
    assert the(tasks(session, customer)).due_on == day(2)
    visit(session, customer, cast.sales_consultant, R.NOT_REACHED, now=NOW + HOUR)
    assert len(tasks(session, customer)) == 1


def test_a_refusal_makes_nothing_unless_a_day_was_chosen(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.H)
    task = make_followup(session, customer, assignee=cast.sales_consultant)
    visit(session, customer, cast.sales_consultant, R.REFUSED, followup_id=task.id)
    assert task.state == S.DONE
    assert tasks(session, customer) == []
    assert not customer.do_not_disturb
    visit(session, customer, cast.sales_consultant, R.REFUSED, now=NOW + HOUR, next_on=day(30))
    assert the(tasks(session, customer)).due_on == day(30)


def test_a_later_contact_takes_the_place_of_the_grade_task(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.A)
    visit(session, customer, cast.sales_consultant)
    first = the(tasks(session, customer))
    later = NOW + dt.timedelta(days=1)
    visit(session, customer, cast.sales_consultant, now=later)
    assert first.state == S.DONE
    second = the(tasks(session, customer))
    assert second.due_on == day(5)
    visit(session, customer, cast.colleague, now=later + HOUR)
    assert second.state == S.VOID
    assert second.note
    assert the(tasks(session, customer)).assignee_id == cast.sales_consultant.id


def test_a_colleagues_agreed_date_stands(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.A)
    visit(session, customer, cast.sales_consultant, next_on=day(10), purpose_kind=Purpose.SALES)
    agreed = the(tasks(session, customer))
    visit(session, customer, cast.care_specialist, R.SOLVED, now=NOW + HOUR, purpose_kind=Purpose.CARE)
    assert the(tasks(session, customer)) is agreed


def test_the_own_agreed_date_stands_until_a_new_one_is_set(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.A)
    visit(session, customer, cast.sales_consultant, next_on=day(10))
    agreed = the(tasks(session, customer))
    visit(session, customer, cast.sales_consultant, now=NOW + HOUR)
    assert the(tasks(session, customer)) is agreed
    visit(session, customer, cast.sales_consultant, now=NOW + 2 * HOUR, next_on=day(6))
    assert agreed.state == S.VOID
    assert the(tasks(session, customer)).due_on == day(6)


def test_an_agreed_date_that_has_come_is_done(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.D, stage=Stage.OWNER)
    visit(session, customer, cast.sales_consultant, next_on=day(2))
    agreed = the(tasks(session, customer))
    visit(session, customer, cast.sales_consultant, now=NOW + dt.timedelta(days=2))
    assert agreed.state == S.DONE
    assert tasks(session, customer) == []


def test_due_tasks_of_the_same_person_and_purpose_are_covered(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.D, stage=Stage.OWNER)
    me = cast.care_specialist
    anniversary = rule(session, "anniversary").id
    same, ahead, other_purpose, others = (
        make_followup(session, customer, rule_id=anniversary, **values) for values in (
            {"assignee": me, "purpose": Purpose.CARE}, {"assignee": me, "purpose": Purpose.CARE, "due": day(3)},
            {"assignee": me, "purpose": Purpose.SERVICE}, {"assignee": cast.service_advisor, "purpose": Purpose.CARE}))
    visit(session, customer, me, R.SOLVED, purpose_kind=Purpose.CARE)
    assert [one.state for one in (same, ahead, other_purpose, others)] == [S.DONE, S.OPEN, S.OPEN, S.OPEN]


def test_without_task_and_purpose_the_only_owed_task_is_covered(session: Any, cast: Any) -> None:
    me, repair = cast.care_specialist, rule(session, "repair_day3").id
    one, two = (make_customer(session, owner=cast.sales_consultant, grade=Grade.D, stage=Stage.OWNER) for _ in range(2))
    only = make_followup(session, one, assignee=me, rule_id=repair)
    several = [make_followup(session, two, assignee=me, rule_id=repair) for _ in range(2)]
    visit(session, one, me, R.SOLVED)
    visit(session, two, me, R.SOLVED)
    assert only.state == S.DONE
    assert [task.state for task in several] == [S.OPEN, S.OPEN]


def test_first_contact_is_done_by_whoever_made_it(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.D)
    task = make_followup(session, customer, assignee=cast.sales_consultant, rule_id=rule(session, "lead_first_web").id)
    visit(session, customer, cast.sales_manager, R.INVITED)
    assert (task.state, task.closed_by_id) == (S.DONE, cast.sales_manager.id)


def test_insurance_wants_three_effective_contacts(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.D, stage=Stage.OWNER)
    car = make_vehicle(session, customer)
    owed = [make_followup(session, customer, assignee=cast.service_advisor, vehicle_id=car.id, due=day(late),
                          rule_id=rule(session, code).id)
            for code, late in (("insurance_90", -9), ("insurance_45", -1), ("insurance_30", 0))]
    for number in range(1, 4):
        visit(session, customer, cast.service_advisor, now=NOW + number * HOUR, purpose_kind=Purpose.SERVICE)
        assert [task.state == S.DONE for task in owed].count(True) == number
    assert owed[0].closed_at == NOW + HOUR


def test_the_named_insurance_task_is_the_one_of_that_contact(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.D, stage=Stage.OWNER)
    car = make_vehicle(session, customer)
    early, late = (make_followup(session, customer, assignee=cast.service_advisor, vehicle_id=car.id,
                                 rule_id=rule(session, code).id) for code in ("insurance_90", "insurance_45"))
    visit(session, customer, cast.service_advisor, followup_id=late.id)
    assert (early.state, late.state) == (S.OPEN, S.DONE)


def test_a_re_callback_is_settled_on_the_complaint_alone(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.D, stage=Stage.OWNER)
    complaint = make_complaint(session, customer, state=ch.ComplaintState.FINISHED, finished_at=NOW)
    task = make_followup(session, customer, assignee=cast.care_specialist, purpose=Purpose.COMPLAINT,
                         source_table="complaint", source_id=complaint.id, rule_id=rule(session, "complaint_recall").id)
    visit(session, customer, cast.care_specialist, R.SOLVED, purpose_kind=Purpose.COMPLAINT)
    assert task.state == S.OPEN
    with pytest.raises(RuleError, match="re-callback|复访"):
        visit(session, customer, cast.care_specialist, R.SOLVED, followup_id=task.id)
    assert task.state == S.OPEN


def test_a_visit_entered_after_a_later_one_is_history(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.H)
    visit(session, customer, cast.sales_consultant)
    task = the(tasks(session, customer))
    visit(session, customer, cast.sales_consultant, at=NOW - dt.timedelta(days=3))
    assert the(tasks(session, customer)) is task
    assert customer.last_contact_at == NOW


def test_a_visit_of_last_month_entered_now_is_due_today_or_not_at_all(session: Any, cast: Any) -> None:
    recent, old = (make_customer(session, owner=cast.sales_consultant, grade=Grade.A) for _ in range(2))
    visit(session, recent, cast.sales_consultant, at=NOW - dt.timedelta(days=10))
    visit(session, old, cast.sales_consultant, at=NOW - dt.timedelta(days=40))
    assert the(tasks(session, recent)).due_on == day()
    assert tasks(session, old) == []


def test_a_planned_visit_settles_nothing_until_it_is_done(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.A)
    task = make_followup(session, customer, assignee=cast.sales_consultant)
    plan = visit(session, customer, cast.sales_consultant, None, at=NOW + HOUR, state=ch.VisitState.PLANNED,
                 followup_id=task.id)
    assert task.state == S.OPEN
    plan.state, plan.result = ch.VisitState.DONE, R.INTERESTED
    save(session, plan, NOW + HOUR)
    assert task.state == S.DONE
    assert the(tasks(session, customer)).due_on == day(4)


def test_correcting_the_next_date_moves_drops_or_makes_its_task(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.A)
    made = visit(session, customer, cast.sales_consultant, next_on=day(9))
    task = the(tasks(session, customer))
    made.next_on = day(12)
    save(session, made, NOW + HOUR)
    assert (the(tasks(session, customer)), task.due_on, customer.next_contact_on) == (task, day(12), day(12))
    made.next_on = None
    save(session, made, NOW + HOUR)
    assert task.state == S.VOID
    by_grade = the(tasks(session, customer))
    assert by_grade.due_on == day(4)
    made.next_on = day(8)
    save(session, made, NOW + HOUR)
    assert by_grade.state == S.VOID
    assert customer.next_contact_on is None or the(tasks(session, customer)).due_on == day(8)


def test_saving_a_visit_again_adds_nothing(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.A)
    made = visit(session, customer, cast.sales_consultant)
    for _ in range(2):
        made.content = (made.content or "") + "。"
        save(session, made)
        saving.settle(session, made, NOW, created=True)
    assert len(tasks(session, customer, still_open=False)) == 1


def test_a_showroom_visit_is_thanked_for_within_two_hours(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.H)
    visit(session, customer, cast.colleague, channel=ch.Channel.STORE)
    thanks = the(tasks(session, customer, "showroom_thanks"))
    assert (thanks.due_at, thanks.assignee_id) == (NOW + 2 * HOUR, cast.colleague.id)
    owner = make_customer(session, owner=cast.sales_consultant, stage=Stage.OWNER, grade=Grade.D)
    visit(session, owner, cast.colleague, channel=ch.Channel.STORE)
    assert tasks(session, owner, "showroom_thanks") == []


def test_a_contact_with_the_pool_stays_with_whoever_made_it(session: Any, cast: Any) -> None:
    customer = make_customer(session, grade=Grade.A)
    visit(session, customer, cast.colleague)
    assert the(tasks(session, customer)).assignee_id == cast.colleague.id


def test_a_new_grade_takes_the_open_task_along(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.C)
    visit(session, customer, cast.sales_consultant)
    task = the(tasks(session, customer))
    assert task.due_on == day(15)
    customer.grade = Grade.H
    save(session, customer, NOW + HOUR)
    assert (task.rule_id, task.due_on) == (rule(session, "grade_h").id, day(2))
    customer.grade = Grade.B
    save(session, customer, NOW + HOUR)
    assert task.due_on == day(2)
    customer.grade = Grade.F
    save(session, customer, NOW + HOUR)
    assert task.state == S.VOID
    assert customer.next_contact_on is None


def test_a_consultant_may_log_and_the_rules_do_the_rest(session: Any, cast: Any, as_person: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, grade=Grade.H)
    task = make_followup(session, customer, assignee=cast.care_specialist, purpose=Purpose.SALES)
    session.commit()
    me = cast.sales_consultant
    as_person(me)
    visit(session, customer, me, followup_id=task.id)
    session.commit()
    assert access.actor_of(session).user_id == me.id
    assert task.state == S.DONE
    assert the(tasks(session, customer)).due_on == day(2)


def test_who_must_not_be_contacted_for_marketing_now(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    assert followups.blocked(session, customer, Purpose.CARE, NOW) is None
    assert followups.blocked(session, customer, Purpose.CARE, clock.at(day(), 20, 30)) is not None
    assert followups.blocked(session, customer, Purpose.CARE, clock.at(day(), 8, 59)) is not None
    assert followups.blocked(session, customer, Purpose.SERVICE, clock.at(day(), 22)) is None
    for number in range(5):
        visit(session, customer, cast.care_specialist, at=NOW - dt.timedelta(days=number + 1))
    assert "5" in str(followups.blocked(session, customer, Purpose.GREETING, NOW))
    assert followups.blocked(session, customer, Purpose.SALES, NOW) is None
    assert followups.blocked(session, customer, Purpose.CAMPAIGN, NOW + dt.timedelta(days=26)) is None
    customer.do_not_disturb = True
    assert followups.blocked(session, customer, Purpose.CAMPAIGN, NOW + dt.timedelta(days=60)) is not None
