"""The procedure of a complaint (DOMAIN §3.2), as plain functions with a given time."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from admin_app import access
from admin_app.choices import (
    Cause,
    CauseType,
    ComplaintArea,
    ComplaintLevel,
    ComplaintState,
    Department,
    FollowUpState,
    StepKind,
    VisitResult,
)
from admin_app.database import db
from admin_app.errors import Refused, RuleError
from admin_app.models import Complaint, ComplaintStep, FollowUp, FollowUpRule, User, Visit
from admin_app.rules import complaints
from admin_app.rules.complaints import people
from tests.cast import NOW, Cast
from tests.factories import make_customer

S, MINUTE, HOUR, DAY = ComplaintState, dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)
TOMORROW = NOW + DAY


def received(session: Any, cast: Cast, *, at: dt.datetime = NOW, by: Any = None, **values: Any) -> Complaint:
    """A service complaint of a new customer, taken in by the care specialist."""
    customer = make_customer(session, owner=cast.sales_consultant)
    given = {"text": "保养等了三个小时", "area": ComplaintArea.SERVICE, "received_at": at} | values
    complaint = Complaint(customer_id=customer.id, **given)
    complaints.receive(session, complaint, by or cast.care_specialist, at)
    return complaint


def analysed(session: Any, complaint: Complaint, by: Any, **values: Any) -> None:
    given: dict[str, Any] = {"cause": Cause.PRODUCT, "cause_type": CauseType.DEFECT, "root": "空调滤芯批次问题",
                             "department": Department.SERVICE}
    complaints.analyse(session, complaint, by, NOW, **(given | values))


def brought_to(session: Any, cast: Cast, state: ComplaintState, now: dt.datetime = NOW, **values: Any) -> Complaint:
    """A complaint handled by the service manager up to a station."""
    complaint, manager = received(session, cast, at=now, **values), cast.service_manager
    steps = (
        (S.ACKNOWLEDGED, lambda: complaints.acknowledge(session, complaint, manager, now, estimate_at=now + DAY)),
        (S.UNDERSTOOD, lambda: complaints.understand(session, complaint, manager, now, note="客户确实等了三小时")),
        (S.ANALYSED, lambda: analysed(session, complaint, manager)),
        (S.PROPOSED, lambda: complaints.propose(session, complaint, manager, now, solution="免费再做一次")),
        (S.FINISHED, lambda: complaints.finish(session, complaint, manager, now, note="已完成")))
    for reached, take in steps:
        if complaint.state == state:
            break
        take()
        assert complaint.state == reached
    return complaint


def kinds(session: Any, complaint: Complaint) -> list[str]:
    return [str(kind) for kind in session.scalars(sa.select(ComplaintStep.kind).where(
        ComplaintStep.complaint_id == complaint.id).order_by(ComplaintStep.id))]


# ---------------------------------------------------------------- intake


def test_a_new_complaint_has_number_owner_and_first_step(store_app: Any, session: Any, cast: Cast) -> None:
    first, second = received(session, cast), received(session, cast)
    assert (first.number, second.number) == ("TS-20261123-01", "TS-20261123-02")
    assert first.owner_id == cast.service_manager.id
    assert first.state == S.RECEIVED
    assert kinds(session, first) == ["receive"]


def test_numbers_are_counted_per_store_and_day(session: Any, cast: Cast) -> None:
    received(session, cast)
    elsewhere = Complaint(customer_id=make_customer(session, store=cast.other_store).id, text="异响")
    complaints.receive(session, elsewhere, cast.general_manager, NOW)
    assert elsewhere.number == "TS-20261123-01"
    assert elsewhere.store_id == cast.other_store.id
    assert received(session, cast, at=TOMORROW).number == "TS-20261124-01"


def test_a_number_is_not_used_again_and_grows_past_99(session: Any, cast: Cast) -> None:
    first = received(session, cast)
    first.number, first.deleted_at = "TS-20261123-99", NOW
    session.flush()
    assert received(session, cast).number == "TS-20261123-100"
    assert received(session, cast).number == "TS-20261123-101"


@pytest.mark.parametrize(("area", "owner"), [("sales", "sales_manager"), ("service", "service_manager"),
                                             ("other", "care_manager")])
def test_the_manager_of_the_area_is_in_charge(session: Any, cast: Cast, area: str, owner: str) -> None:
    assert received(session, cast, area=ComplaintArea(area)).owner_id == getattr(cast, owner).id


def test_without_a_manager_of_the_area_care_then_the_general_manager(session: Any, cast: Cast) -> None:
    cast.service_manager.active = False
    session.flush()
    assert received(session, cast).owner_id == cast.care_manager.id
    cast.care_manager.active = False
    session.flush()
    assert received(session, cast).owner_id == cast.general_manager.id


def test_a_store_without_managers_turns_to_the_group(session: Any, cast: Cast) -> None:
    complaint = Complaint(customer_id=make_customer(session, store=cast.other_store).id, text="异响")
    complaints.receive(session, complaint, cast.general_manager, NOW)
    assert complaint.owner_id == cast.general_manager.id


def test_a_major_complaint_goes_to_the_general_manager_at_once(session: Any, cast: Cast) -> None:
    complaint = received(session, cast, level=ComplaintLevel.MAJOR)
    assert complaint.owner_id == cast.general_manager.id
    assert complaint.escalated_to == 2
    assert kinds(session, complaint) == ["receive", "escalate"]


def test_text_and_time_of_receipt_are_checked(session: Any, cast: Cast) -> None:
    with pytest.raises(RuleError) as blank:
        received(session, cast, text="  ")
    assert blank.value.field == "text"
    with pytest.raises(RuleError) as ahead:
        received(session, cast, received_at=NOW + HOUR)
    assert ahead.value.field == "received_at"


@pytest.mark.parametrize(("name", "value"), [("received_at", NOW + HOUR), ("level", ComplaintLevel.MAJOR),
                                             ("area", ComplaintArea.SALES)])
def test_what_the_clocks_hang_on_is_fixed_after_the_intake(session: Any, cast: Cast, name: str, value: Any) -> None:
    complaint = received(session, cast)
    setattr(complaint, name, value)
    with pytest.raises(RuleError) as refused, session.no_autoflush:
        complaints.prepare(session, complaint, NOW)
    assert refused.value.field == name


def test_saving_again_writes_no_second_first_step(session: Any, cast: Cast) -> None:
    complaint = received(session, cast)
    complaints.settle(session, complaint, NOW, created=True)
    assert kinds(session, complaint) == ["receive"]


# ---------------------------------------------------------------- the way through


def test_the_whole_way_to_a_satisfied_customer(store_app: Any, session: Any, cast: Cast) -> None:
    complaint = brought_to(session, cast, S.FINISHED)
    assert complaint.recall_due_on == dt.date(2026, 11, 26)
    complaints.recall(session, complaint, cast.care_specialist, NOW + HOUR, satisfied=True, note="满意")
    assert (complaint.state, complaint.satisfied, complaint.closed_at) == (S.CLOSED, True, NOW + HOUR)
    assert complaint.recalled_by_id == cast.care_specialist.id
    assert kinds(session, complaint) == ["receive", "acknowledge", "understand", "analyse", "propose", "finish",
                                         "recall_satisfied"]
    complaints.summarise(session, complaint, cast.service_manager, TOMORROW, lesson="预约分流")
    assert complaint.lesson == "预约分流"
    assert complaint.state == S.CLOSED


def test_not_satisfied_goes_back_to_a_new_analysis(session: Any, cast: Cast) -> None:
    complaint = brought_to(session, cast, S.FINISHED)
    complaints.recall(session, complaint, cast.care_specialist, TOMORROW, satisfied=False, note="还是响")
    assert (complaint.state, complaint.loops, complaint.satisfied) == (S.UNDERSTOOD, 1, False)
    assert complaint.closed_at is None
    assert complaint.finished_at is None
    with pytest.raises(RuleError):
        complaints.propose(session, complaint, cast.service_manager, TOMORROW, solution="再修")
    analysed(session, complaint, cast.service_manager, root="异响来自仪表台")
    complaints.propose(session, complaint, cast.service_manager, TOMORROW, solution="更换卡扣")
    complaints.finish(session, complaint, cast.service_manager, TOMORROW, note="已更换")
    complaints.recall(session, complaint, cast.care_specialist, TOMORROW + DAY, satisfied=True, note="好了")
    assert complaint.state == S.CLOSED
    last = session.scalars(sa.select(ComplaintStep).order_by(ComplaintStep.id.desc())).first()
    assert (last.kind, last.round) == (StepKind.RECALL_SATISFIED, 1)


@pytest.mark.parametrize("station", [one for one in S if one != S.FINISHED])
def test_there_is_no_recall_from_any_other_station(session: Any, cast: Cast, station: ComplaintState) -> None:
    complaint = received(session, cast)
    complaint.state = station
    session.flush()
    for take in (lambda: complaints.recall(session, complaint, cast.care_colleague, NOW, satisfied=True, note="好"),
                 lambda: complaints.recall_failed(session, complaint, cast.care_colleague, NOW),
                 lambda: complaints.confirm_unreachable(session, complaint, cast.care_manager, NOW)):
        with pytest.raises(RuleError):
            take()
    assert complaint.state == station


def test_steps_are_not_skipped(session: Any, cast: Cast) -> None:
    complaint, manager = received(session, cast), cast.service_manager
    for take in (lambda: complaints.understand(session, complaint, manager, NOW, note="了解"),
                 lambda: analysed(session, complaint, manager),
                 lambda: complaints.propose(session, complaint, manager, NOW, solution="换"),
                 lambda: complaints.finish(session, complaint, manager, NOW, note="完成"),
                 lambda: complaints.summarise(session, complaint, manager, NOW, lesson="学到")):
        with pytest.raises(RuleError):
            take()
    assert complaint.state == S.RECEIVED
    assert kinds(session, complaint) == ["receive"]


@pytest.mark.parametrize("estimate", [None, NOW])
def test_acknowledging_names_a_time_ahead(session: Any, cast: Cast, estimate: dt.datetime | None) -> None:
    complaint = received(session, cast)
    with pytest.raises(RuleError) as refused:
        complaints.acknowledge(session, complaint, cast.service_manager, NOW, estimate_at=estimate)
    assert refused.value.field == "estimate_at"


@pytest.mark.parametrize(("values", "field"), [
    ({"cause": None}, "cause"), ({"cause_type": CauseType.ATTITUDE}, "cause_type"),
    ({"department": None}, "department"), ({"root": " "}, "root"),
    ({"cause": Cause.SERVICE, "cause_type": CauseType.ATTITUDE}, "responsible_id"),
    ({"cause": Cause.USER, "cause_type": CauseType.MISUSE}, "evidence")])
def test_an_analysis_is_whole(session: Any, cast: Cast, values: dict[str, Any], field: str) -> None:
    complaint = brought_to(session, cast, S.UNDERSTOOD)
    with pytest.raises(RuleError) as refused:
        analysed(session, complaint, cast.service_manager, **values)
    assert refused.value.field == field
    assert complaint.state == S.UNDERSTOOD


# ---------------------------------------------------------------- the re-callback


def test_whoever_handled_it_does_not_call_back(session: Any, cast: Cast) -> None:
    complaint = received(session, cast)
    complaints.acknowledge(session, complaint, cast.care_specialist, NOW, estimate_at=TOMORROW)
    complaints.understand(session, complaint, cast.care_manager, NOW, note="了解")
    analysed(session, complaint, cast.service_manager, responsible=cast.service_advisor)
    complaints.propose(session, complaint, cast.general_manager, NOW, solution="换件")
    complaints.finish(session, complaint, cast.service_manager, NOW, note="完成")
    assert complaints.handlers(session, complaint) == {
        cast.care_specialist.id, cast.care_manager.id, cast.service_manager.id, cast.general_manager.id,
        cast.service_advisor.id}
    for person in (cast.care_specialist, cast.care_manager, cast.service_manager, cast.general_manager):
        with pytest.raises(Refused):
            complaints.recall(session, complaint, person, NOW, satisfied=True, note="好")
        with pytest.raises(Refused):
            complaints.recall_failed(session, complaint, person, NOW)
    complaints.recall(session, complaint, cast.care_colleague, NOW, satisfied=True, note="好")
    assert complaint.state == S.CLOSED


def test_the_owner_is_a_handler_without_a_step(session: Any, cast: Cast) -> None:
    complaint = received(session, cast, area=ComplaintArea.OTHER)
    for verb in (lambda: complaints.acknowledge(session, complaint, cast.care_specialist, NOW, estimate_at=TOMORROW),
                 lambda: complaints.understand(session, complaint, cast.care_specialist, NOW, note="了解")):
        verb()
    assert cast.care_manager.id in complaints.handlers(session, complaint)


def test_a_handler_of_the_first_round_stays_one(session: Any, cast: Cast) -> None:
    complaint = brought_to(session, cast, S.FINISHED)
    complaints.recall(session, complaint, cast.care_specialist, NOW, satisfied=False, note="不行")
    complaints.analyse(session, complaint, cast.care_manager, NOW, cause=Cause.SERVICE, cause_type=CauseType.ATTITUDE,
                       root="销售承诺", department=Department.SALES, responsible=cast.sales_consultant)
    assert complaint.owner_id == cast.sales_manager.id
    complaints.propose(session, complaint, cast.sales_manager, NOW, solution="道歉")
    complaints.finish(session, complaint, cast.sales_manager, NOW, note="已道歉")
    with pytest.raises(Refused):
        complaints.recall(session, complaint, cast.service_manager, NOW, satisfied=True, note="好")
    complaints.recall(session, complaint, cast.care_specialist, NOW, satisfied=True, note="好")
    assert complaint.state == S.CLOSED


def test_three_failed_attempts_and_a_manager_close_it(session: Any, cast: Cast) -> None:
    complaint = brought_to(session, cast, S.FINISHED)
    for attempt in range(3):
        with pytest.raises(RuleError):
            complaints.confirm_unreachable(session, complaint, cast.care_manager, NOW)
        complaints.recall_failed(session, complaint, cast.care_specialist, NOW + attempt * HOUR, note="无人接听")
    with pytest.raises(Refused):
        complaints.confirm_unreachable(session, complaint, cast.care_specialist, NOW)
    assert complaint.state == S.FINISHED
    complaints.confirm_unreachable(session, complaint, cast.care_manager, NOW + 3 * HOUR)
    assert (complaint.state, complaint.satisfied, complaint.recall_attempts) == (S.CLOSED, None, 3)


def test_attempts_are_counted_anew_in_the_next_round(session: Any, cast: Cast) -> None:
    complaint = brought_to(session, cast, S.FINISHED)
    complaints.recall_failed(session, complaint, cast.care_specialist, NOW)
    complaints.recall(session, complaint, cast.care_specialist, NOW, satisfied=False, note="不行")
    assert complaint.recall_attempts == 0


def test_every_attempt_stands_among_the_visits(session: Any, cast: Cast) -> None:
    complaint = brought_to(session, cast, S.FINISHED)
    complaints.recall_failed(session, complaint, cast.care_specialist, NOW, note="无人接听")
    complaints.recall(session, complaint, cast.care_specialist, NOW + HOUR, satisfied=True, note="满意")
    found = session.scalars(sa.select(Visit).where(Visit.customer_id == complaint.customer_id).order_by(Visit.at)).all()
    assert [(one.result, one.staff_id) for one in found] == [
        (VisitResult.NOT_REACHED, cast.care_specialist.id), (VisitResult.SOLVED, cast.care_specialist.id)]


def tasks(session: Any, complaint: Complaint) -> list[FollowUp]:
    return list(session.scalars(sa.select(FollowUp).where(
        FollowUp.source_table == "complaint", FollowUp.source_id == complaint.id).order_by(FollowUp.id)))


@pytest.fixture
def recall_rule(session: Any) -> FollowUpRule:
    found = session.scalars(sa.select(FollowUpRule).where(FollowUpRule.trigger == "complaint_finished")).first()
    assert found is not None, "the seeded rule of the re-callback"
    return found


def test_finishing_makes_one_task_for_somebody_who_did_not_handle_it(
        session: Any, cast: Cast, recall_rule: FollowUpRule) -> None:
    complaint = received(session, cast)
    complaints.acknowledge(session, complaint, cast.care_specialist, NOW, estimate_at=TOMORROW)
    complaints.understand(session, complaint, cast.care_specialist, NOW, note="了解")
    analysed(session, complaint, cast.service_manager)
    complaints.propose(session, complaint, cast.service_manager, NOW, solution="换件")
    complaints.finish(session, complaint, cast.service_manager, NOW, note="完成")
    complaints.settle(session, complaint, NOW, created=False)
    [task] = tasks(session, complaint)
    assert task.assignee_id == cast.care_colleague.id
    assert task.due_on <= complaint.recall_due_on
    complaints.recall_failed(session, complaint, cast.care_colleague, NOW)
    assert [one.state for one in tasks(session, complaint) if one.state in ("open", "snoozed")] != []
    complaints.recall(session, complaint, cast.care_colleague, NOW, satisfied=False, note="不行")
    assert all(one.state not in (FollowUpState.OPEN, FollowUpState.SNOOZED) for one in tasks(session, complaint))
    analysed(session, complaint, cast.service_manager)
    complaints.propose(session, complaint, cast.service_manager, TOMORROW, solution="换总成")
    complaints.finish(session, complaint, cast.service_manager, TOMORROW, note="完成")
    assert [one.state for one in tasks(session, complaint)].count(FollowUpState.OPEN) == 1


def test_an_imported_complaint_that_is_finished_here_is_called_back_too(
        session: Any, cast: Cast, recall_rule: FollowUpRule) -> None:
    complaint = brought_to(session, cast, S.PROPOSED)
    complaint.imported = True
    complaints.finish(session, complaint, cast.service_manager, NOW, note="完成")
    assert len(tasks(session, complaint)) == 1


# ---------------------------------------------------------------- approvals


def test_the_cause_user_waits_for_another_manager(session: Any, cast: Cast) -> None:
    complaint, manager = brought_to(session, cast, S.UNDERSTOOD), cast.service_manager
    analysed(session, complaint, manager, cause=Cause.USER, cause_type=CauseType.MISUSE, evidence="行车记录仪视频")
    assert complaint.evidence == "行车记录仪视频"
    with pytest.raises(RuleError):
        complaints.propose(session, complaint, manager, NOW, solution="说明")
    for person in (manager, cast.care_specialist):
        with pytest.raises(Refused):
            complaints.approve_user_cause(session, complaint, person, NOW)
    complaints.approve_user_cause(session, complaint, cast.care_manager, NOW)
    assert complaint.user_cause_approved_by_id == cast.care_manager.id
    complaints.propose(session, complaint, manager, NOW, solution="说明")
    assert complaint.state == S.PROPOSED


def test_a_new_analysis_takes_the_approval_away(session: Any, cast: Cast) -> None:
    complaint, manager = brought_to(session, cast, S.UNDERSTOOD), cast.service_manager
    user = {"cause": Cause.USER, "cause_type": CauseType.MISUSE, "evidence": "视频"}
    analysed(session, complaint, manager, **user)
    complaints.approve_user_cause(session, complaint, cast.care_manager, NOW)
    analysed(session, complaint, manager, **user)
    assert complaint.user_cause_approved_by_id is None


def test_compensation_waits_for_another_manager(session: Any, cast: Cast) -> None:
    complaint, manager = brought_to(session, cast, S.ANALYSED), cast.service_manager
    with pytest.raises(RuleError) as refused:
        complaints.propose(session, complaint, manager, NOW, solution="补偿", compensation=Decimal(-1))
    assert refused.value.field == "compensation"
    complaints.propose(session, complaint, manager, NOW, solution="补偿", compensation=Decimal(500))
    with pytest.raises(RuleError):
        complaints.finish(session, complaint, manager, NOW, note="完成")
    with pytest.raises(Refused):
        complaints.approve_compensation(session, complaint, manager, NOW)
    complaints.approve_compensation(session, complaint, cast.general_manager, NOW)
    complaints.propose(session, complaint, manager, NOW, solution="再加", compensation=Decimal(800))
    assert complaint.compensation_approved_by_id is None
    complaints.approve_compensation(session, complaint, cast.care_manager, NOW)
    complaints.finish(session, complaint, manager, NOW, note="完成")
    assert complaint.state == S.FINISHED


def test_there_is_nothing_to_approve_without_a_cause_user_or_an_amount(session: Any, cast: Cast) -> None:
    complaint = brought_to(session, cast, S.ANALYSED)
    with pytest.raises(RuleError):
        complaints.approve_user_cause(session, complaint, cast.care_manager, NOW)
    complaints.propose(session, complaint, cast.service_manager, NOW, solution="说明")
    with pytest.raises(RuleError):
        complaints.approve_compensation(session, complaint, cast.care_manager, NOW)


# ---------------------------------------------------------------- routing and levels


def test_a_cause_in_another_department_changes_hands(session: Any, cast: Cast) -> None:
    complaint = brought_to(session, cast, S.UNDERSTOOD)
    analysed(session, complaint, cast.service_manager, department=Department.SALES)
    assert (complaint.area, complaint.owner_id) == (ComplaintArea.SALES, cast.sales_manager.id)
    assert kinds(session, complaint)[-1] == "reroute"
    with pytest.raises(RuleError):
        complaints.reroute(session, complaint, cast.sales_manager, NOW, area=ComplaintArea.SALES, note="同一处")
    complaints.reroute(session, complaint, cast.sales_manager, NOW, area=ComplaintArea.OTHER, note="关爱处理")
    assert complaint.owner_id == cast.care_manager.id


def test_a_manager_hands_on_a_complaint_he_then_no_longer_sees(session: Any, cast: Cast, as_person: Any) -> None:
    customer = make_customer(session, owner=cast.other_team)
    complaint = Complaint(customer_id=customer.id, text="异响", area=ComplaintArea.SERVICE)
    complaints.receive(session, complaint, cast.care_specialist, NOW)
    session.commit()
    key, manager, successor = complaint.id, cast.service_manager, cast.sales_manager.id
    as_person(manager)
    complaint = session.scalars(sa.select(Complaint).where(Complaint.id == key)).one()
    complaints.reroute(session, complaint, manager, NOW, area=ComplaintArea.SALES, note="交车问题")
    session.commit()
    assert session.scalars(sa.select(Complaint).where(Complaint.id == key)).first() is None
    stored = session.scalars(access.ungated(sa.select(Complaint).where(Complaint.id == key))).one()
    assert stored.owner_id == successor


def test_levels_only_rise_and_major_goes_to_the_top(session: Any, cast: Cast) -> None:
    complaint = brought_to(session, cast, S.ANALYSED)
    complaints.escalate(session, complaint, cast.care_specialist, NOW, level=ComplaintLevel.ESCALATED, note="要曝光")
    assert complaint.owner_id == cast.service_manager.id
    with pytest.raises(RuleError):
        complaints.escalate(session, complaint, cast.care_specialist, NOW, level=ComplaintLevel.GENERAL, note="小事")
    complaints.escalate(session, complaint, cast.care_specialist, NOW, level=ComplaintLevel.MAJOR, note="媒体")
    assert (complaint.owner_id, complaint.escalated_to) == (cast.general_manager.id, 2)
    with pytest.raises(Refused):
        complaints.propose(session, complaint, cast.service_manager, NOW, solution="换")
    complaints.propose(session, complaint, cast.general_manager, NOW, solution="换")
    assert complaint.state == S.PROPOSED


# ---------------------------------------------------------------- who may


READERS = ("sales_consultant", "service_advisor", "marketing", "auditor", "administrator")


@pytest.mark.parametrize("role", READERS)
def test_others_take_no_step(session: Any, cast: Cast, role: str) -> None:
    complaint, person = received(session, cast), getattr(cast, role)
    assert not any(yes for _verb, yes, _why in complaints.allowed(complaint, person, people.roles_of(person)))
    with pytest.raises(Refused):
        complaints.acknowledge(session, complaint, person, NOW, estimate_at=TOMORROW)
    assert complaint.state == S.RECEIVED


@pytest.mark.parametrize(("role", "verbs"), [
    ("general_manager", {"acknowledge", "reroute", "escalate"}),
    ("care_manager", {"acknowledge", "reroute", "escalate"}),
    ("service_manager", {"acknowledge", "reroute", "escalate"}), ("sales_manager", {"escalate"}),
    ("care_specialist", {"acknowledge", "escalate"})])
def test_who_may_do_what_with_a_new_service_complaint(session: Any, cast: Cast, role: str, verbs: set[str]) -> None:
    complaint, person = received(session, cast), getattr(cast, role)
    found = complaints.allowed(complaint, person, people.roles_of(person))
    assert {verb for verb, yes, _why in found if yes} == verbs
    assert all(why for _verb, yes, why in found if not yes)


def test_a_refusal_says_why(session: Any, cast: Cast) -> None:
    complaint = brought_to(session, cast, S.FINISHED)
    said = {verb: why for verb, _yes, why in complaints.allowed(complaint, cast.service_manager, ("service_manager",))}
    assert "复访" in str(said["recall"]) or "re-callback" in str(said["recall"])


# ---------------------------------------------------------------- clocks


OPENING = dt.datetime(2026, 11, 23, 1, 0, tzinfo=dt.UTC)  # 09:00 in Shanghai
EVENING = dt.datetime(2026, 11, 23, 12, 20, tzinfo=dt.UTC)  # 20:20, ten minutes before closing


def test_a_clock_stands_still_while_the_store_is_closed(session: Any, cast: Cast) -> None:
    complaint = received(session, cast, at=EVENING)
    at_night = complaints.clock(complaint, cast.store, EVENING + 8 * HOUR)
    assert (at_night.used, at_night.left, at_night.late) == (10, 20, False)
    at_opening = OPENING + DAY
    assert complaints.clock(complaint, cast.store, at_opening + 19 * MINUTE).left == 1
    due = complaints.clock(complaint, cast.store, at_opening + 20 * MINUTE)
    assert (due.left, due.share, due.late) == (0, 1.0, True)


@pytest.mark.parametrize(("station", "limit"), [(S.RECEIVED, 30), (S.ACKNOWLEDGED, 120), (S.UNDERSTOOD, 1440),
                                                (S.ANALYSED, 1440), (S.PROPOSED, 4320), (S.FINISHED, 3 * 1440)])
def test_each_station_has_its_limit(session: Any, cast: Cast, station: ComplaintState, limit: int) -> None:
    complaint = brought_to(session, cast, station)
    running = complaints.clock(complaint, cast.store, NOW + HOUR)
    assert (running.limit, running.used, running.left) == (limit, 60, limit - 60)


def test_limits_are_settings_of_the_store(session: Any, cast: Cast) -> None:
    complaint, store = received(session, cast), cast.store
    store.acknowledge_minutes = 60
    assert complaints.clock(complaint, store, NOW + HOUR).share == 1.0


def test_the_recall_counts_calendar_days(session: Any, cast: Cast) -> None:
    complaint = brought_to(session, cast, S.FINISHED)
    running = complaints.clock(complaint, cast.store, NOW + 3 * DAY)
    assert (running.calendar, running.share) == (True, 1.0)


def test_a_closed_complaint_has_no_clock(session: Any, cast: Cast) -> None:
    complaint = brought_to(session, cast, S.FINISHED)
    complaints.recall(session, complaint, cast.care_specialist, NOW, satisfied=True, note="好")
    assert complaints.clock(complaint, cast.store, TOMORROW) is None


def test_a_new_round_has_a_new_clock(session: Any, cast: Cast) -> None:
    complaint = brought_to(session, cast, S.FINISHED)
    complaints.recall(session, complaint, cast.care_specialist, TOMORROW, satisfied=False, note="不行")
    assert complaints.clock(complaint, cast.store, TOMORROW + HOUR).used == 60


def test_late_ones_are_reported_once_to_each_level(session: Any, cast: Cast) -> None:
    complaint = received(session, cast)
    assert complaints.escalate_due(session, NOW + 29 * MINUTE) == 0
    assert complaints.escalate_due(session, NOW + 30 * MINUTE) == 1
    assert complaints.escalate_due(session, NOW + 59 * MINUTE) == 0
    assert complaint.escalated_to == 1
    assert complaints.escalate_due(session, NOW + 60 * MINUTE) == 1
    assert complaints.escalate_due(session, NOW + 90 * MINUTE) == 0
    assert complaint.escalated_to == 2
    assert kinds(session, complaint) == ["receive", "escalate", "escalate"]
    complaints.acknowledge(session, complaint, cast.service_manager, NOW + 90 * MINUTE, estimate_at=TOMORROW)
    assert complaint.escalated_to == 0


def test_reports_of_closed_complaints_and_nothing_to_report(session: Any, cast: Cast) -> None:
    complaint = brought_to(session, cast, S.FINISHED)
    complaints.recall(session, complaint, cast.care_specialist, NOW, satisfied=True, note="好")
    assert complaints.escalate_due(session, NOW + 30 * DAY) == 0


def test_an_imported_complaint_runs_from_the_day_it_came_in(session: Any, cast: Cast) -> None:
    complaint = received(session, cast, at=NOW - 300 * DAY)
    complaint.imported, complaint.created_at = True, NOW
    assert complaints.clock(complaint, cast.store, NOW + MINUTE).used == 1


# ---------------------------------------------------------------- many at once


def test_people_who_take_complaints_in_at_once_get_numbers_of_their_own(store_app: Flask, cast: Cast) -> None:
    keys = [make_customer(db.session, owner=cast.sales_consultant).id for _turn in range(8)]
    by_id = cast.care_specialist.id
    db.session.commit()
    db.session.remove()

    def take_in(customer_id: int) -> str:
        with store_app.app_context():
            access.set_actor(db.session, access.Actor(name="test", system="test", store_ids=None, store_id=1))
            complaint = Complaint(customer_id=customer_id, text="异响", received_at=NOW)
            complaints.receive(db.session, complaint, db.session.get(User, by_id), NOW)
            db.session.commit()
            number = complaint.number
            db.session.remove()
            return number

    with ThreadPoolExecutor(4) as pool:
        numbers = sorted(pool.map(take_in, keys))
    assert numbers == [f"TS-20261123-{one:02d}" for one in range(1, 9)]
