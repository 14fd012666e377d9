"""The due list against a slow oracle; order, progress; what a person does to a task; rules as rows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin_app import access, starting
from admin_app import choices as ch
from admin_app import models as m
from admin_app.choices import FollowUpState as S
from admin_app.choices import Grade, Purpose, Stage, Tier
from admin_app.database import db
from admin_app.errors import Refused, RuleError
from admin_app.rules import followups, saving
from admin_app.rules.followups import rules
from tests.cast import NOW
from tests.conftest import row
from tests.factories import make_customer, make_followup, make_vehicle, make_visit
from tests.rules.followup_support import day, rule, save, tasks, the

MARKETING = {Purpose.CARE, Purpose.CAMPAIGN, Purpose.GREETING}


def ids(session: Any, **question: Any) -> set[int]:
    return {task.id for task in session.scalars(followups.due_query(NOW, **question))}


# ---------------------------------------------------------------- the due list


def oracle(session: Any, due: str, people: set[int] | None, reason: str | None) -> set[int]:
    """The due list, slowly: every task looked at by itself."""
    found = set()
    for task in session.scalars(sa.select(m.FollowUp)):
        customer = row_of(session, task.customer_id)
        owed = task.state in (S.OPEN, S.SNOOZED) and customer.deleted_at is None
        allowed = not (customer.do_not_disturb and task.purpose in MARKETING)
        late = (task.due_on - day()).days
        fits = {"overdue": late < 0, "today": late == 0, "week": 0 <= late <= 6, "all": True}[due]
        mine = people is None or task.assignee_id in people
        code = session.get(m.FollowUpRule, task.rule_id).code if task.rule_id else None
        if owed and allowed and fits and mine and reason in (None, code):
            found.add(task.id)
    return found


def row_of(session: Any, customer_id: int) -> m.Customer:
    statement = sa.select(m.Customer).where(m.Customer.id == customer_id)
    return session.scalars(access.ungated(statement)).one()


A_TASK = st.tuples(
    st.integers(-9, 9), st.sampled_from(list(S)), st.sampled_from(list(Purpose)), st.integers(0, 2),
    st.sampled_from([None, "grade_h", "birthday"]), st.booleans(), st.booleans())


@pytest.mark.usefixtures("store_app")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(A_TASK, max_size=12))
def test_the_due_list_equals_the_oracle(session: Any, cast: Any, drawn: list[Any]) -> None:
    people = [cast.sales_consultant, cast.colleague, None]
    for late, state, purpose, who, code, opted_out, gone in drawn:
        customer = make_customer(session, owner=cast.sales_consultant, do_not_disturb=opted_out,
                                 deleted_at=NOW if gone else None)
        make_followup(session, customer, assignee=people[who], due=day(late), state=state, purpose=purpose,
                      rule_id=rule(session, code).id if code else None)
    for due in ("overdue", "today", "week", "all"):
        for mine in (None, {people[0].id}, {people[0].id, people[1].id}):
            for reason in (None, "grade_h"):
                assert ids(session, due=due, assignee_ids=mine, reason=reason) == oracle(session, due, mine, reason)
    assert not ids(session, due="overdue") & ids(session, due="today")
    session.rollback()


A_CUSTOMER = st.fixed_dictionaries({
    "stage": st.sampled_from(list(Stage)), "grade": st.sampled_from(list(Grade)),
    "tier": st.sampled_from([None, *Tier]), "do_not_disturb": st.booleans(),
    "birthday": st.one_of(st.none(), st.dates(dt.date(1950, 1, 1), dt.date(2005, 12, 31))),
    "birthday_calendar": st.sampled_from(list(ch.BirthdayCalendar)),
    "graded_on": st.one_of(st.none(), st.integers(-200, 0).map(day)),
    "last_contact_at": st.one_of(st.none(), st.integers(0, 400).map(lambda late: NOW - dt.timedelta(days=late)))})
A_CAR = st.fixed_dictionaries({
    name: st.one_of(st.none(), st.integers(-400, 200).map(day))
    for name in ("bought_on", "insurance_until", "warranty_until", "inspection_until", "last_service_on",
                 "next_service_on")})


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(A_CUSTOMER, A_CAR), max_size=8), st.lists(st.integers(0, 20), min_size=1, max_size=4))
def test_running_the_job_again_adds_nothing(session: Any, cast: Any, people: list[Any], days: list[int]) -> None:
    for number, (about, car) in enumerate(people):
        customer = make_customer(session, owner=cast.colleague if number % 2 else None, **about)
        make_vehicle(session, customer, **(car | {"first_service_done": bool(number % 3)}))
    for number in sorted(days):
        now = NOW + dt.timedelta(days=number)
        followups.make_dated(session, day(number), now)
        before = everything(session)
        again = followups.make_dated(session, day(number), now)
        assert sum(again.values()) == 0
        assert everything(session) == before
        for task in session.scalars(followups.due_query(now, due="all")):
            assert not (task.customer.do_not_disturb and task.purpose in MARKETING)
            assert task.expires_on is None or task.expires_on >= day(number)
        check_next_dates(session)
    keys = list(session.scalars(sa.select(m.FollowUp.occurrence)))
    assert len(keys) == len(set(keys))
    session.rollback()


def everything(session: Any) -> list[Any]:
    session.flush()
    return session.execute(sa.select(m.FollowUp.occurrence, m.FollowUp.state, m.FollowUp.due_on,
                                     m.FollowUp.assignee_id).order_by(m.FollowUp.id)).all()


def check_next_dates(session: Any) -> None:
    """A customer's next contact is the earliest open task's day."""
    for customer in session.scalars(sa.select(m.Customer)):
        days = [task.due_on for task in tasks(session, customer)]
        assert customer.next_contact_on == (min(days) if days else None)


def test_an_unknown_word_is_an_error() -> None:
    with pytest.raises(ValueError, match="soon"):
        followups.due_query(NOW, due="soon")


def test_a_person_sees_the_tasks_in_scope_only(session: Any, cast: Any, as_person: Any) -> None:
    mine = make_followup(session, make_customer(session, owner=cast.sales_consultant), assignee=cast.sales_consultant)
    theirs = make_followup(session, make_customer(session, owner=cast.outsider), assignee=cast.outsider)
    session.commit()
    as_person(cast.sales_consultant)
    assert ids(session, due="all") == {mine.id}
    as_person(cast.outsider)
    assert ids(session, due="all") == {theirs.id}


def test_the_most_urgent_and_valuable_first(session: Any, cast: Any) -> None:
    def task(grade: Grade, tier: Tier | None, **values: Any) -> int:
        return make_followup(session, make_customer(session, grade=grade, tier=tier), **values).id

    last = task(Grade.H, Tier.A, due=day(1))
    third = task(Grade.C, None, purpose=Purpose.SERVICE)
    fourth = task(Grade.H, Tier.A, purpose=Purpose.GREETING)
    second = task(Grade.H, Tier.B, purpose=Purpose.SERVICE)
    first = task(Grade.H, Tier.A, purpose=Purpose.SERVICE)
    zeroth = task(Grade.D, None, purpose=Purpose.COMPLAINT)
    early = task(Grade.D, None, due=day(-1), purpose=Purpose.GREETING)
    listed = [one.id for one in session.scalars(followups.order(followups.due_query(NOW, due="all")))]
    assert listed == [early, zeroth, first, second, third, fourth, last]


def test_the_progress_of_the_day(session: Any, cast: Any) -> None:
    me, customer = cast.sales_consultant, make_customer(session, owner=cast.sales_consultant)
    assert followups.progress(session, me.id, NOW) == (0, 0)
    owed = [make_followup(session, customer, assignee=me, due=day(late)) for late in (-3, 0, 0, 1)]
    make_followup(session, customer, assignee=cast.colleague)
    assert followups.progress(session, me.id, NOW) == (0, 3)
    followups.done(session, owed[0], None, NOW)
    followups.skip(session, owed[1], "客户出国", NOW)
    assert followups.progress(session, me.id, NOW) == (1, 2)
    assert followups.progress(session, me.id, NOW + dt.timedelta(days=1)) == (0, 2)


# ---------------------------------------------------------------- done, snoozed, skipped, reassigned


def a_task(session: Any, cast: Any, **values: Any) -> m.FollowUp:
    customer = make_customer(session, owner=cast.sales_consultant)
    return make_followup(session, customer, assignee=cast.sales_consultant, **values)


def test_snoozed_it_is_due_on_the_later_day(session: Any, cast: Any) -> None:
    task = a_task(session, cast)
    followups.snooze(session, task, day(3), "客户出差", NOW)
    assert (task.state, task.due_on, task.first_due_on, task.snooze_count, task.note) == (
        S.SNOOZED, day(3), day(), 1, "客户出差")
    assert task.customer.next_contact_on == day(3)
    assert ids(session, due="today") == set() and ids(session, due="week") == {task.id}


@pytest.mark.parametrize(("until", "reason", "field"), [
    (day(), "原因", "until"), (day(-1), "原因", "until"), (day(800), "原因", "until"), (day(6), "原因", "until"),
    (day(2), " ", "reason"), (day(2), "长" * 201, "reason")])
def test_a_snooze_that_makes_no_sense_is_refused(session: Any, cast: Any, until: dt.date, reason: str,
                                                 field: str) -> None:
    task = a_task(session, cast, expires_on=day(5))
    with pytest.raises(RuleError) as refused:
        followups.snooze(session, task, until, reason, NOW)
    assert refused.value.field == field
    assert (task.state, task.due_on, task.snooze_count) == (S.OPEN, day(), 0)


def test_the_nightly_job_mends_a_next_date(session: Any, cast: Any) -> None:
    task, other = a_task(session, cast), a_task(session, cast)
    task.deleted_at, task.customer.grade = NOW, Grade.D
    task.customer.next_contact_on = day()
    session.flush()
    followups.make_dated(session, day(), NOW)
    assert (task.customer.next_contact_on, other.customer.next_contact_on) == (None, day())


def test_skipped_needs_a_reason(session: Any, cast: Any) -> None:
    task = a_task(session, cast)
    with pytest.raises(RuleError):
        followups.skip(session, task, "", NOW)
    followups.skip(session, task, "重复", NOW)
    assert (task.state, task.note, task.closed_at, task.customer.next_contact_on) == (S.SKIPPED, "重复", NOW, None)


def test_what_is_settled_stays_settled(session: Any, cast: Any) -> None:
    task = a_task(session, cast)
    followups.done(session, task, None, NOW)
    followups.done(session, task, None, NOW + dt.timedelta(days=1))
    assert task.closed_at == NOW
    for act in (lambda: followups.skip(session, task, "x", NOW),
                lambda: followups.snooze(session, task, day(2), "x", NOW),
                lambda: followups.reassign(session, task, cast.colleague, NOW)):
        with pytest.raises(RuleError):
            act()
    skipped = a_task(session, cast)
    followups.skip(session, skipped, "x", NOW)
    with pytest.raises(RuleError):
        followups.done(session, skipped, None, NOW)


def test_done_by_a_visit_with_somebody_else_is_refused(session: Any, cast: Any) -> None:
    task = a_task(session, cast)
    other = make_visit(session, make_customer(session, owner=cast.colleague), staff=cast.colleague)
    with pytest.raises(RuleError):
        followups.done(session, task, other, NOW)
    assert task.state == S.OPEN


def test_a_task_goes_only_to_somebody_who_may_see_the_customer(session: Any, cast: Any) -> None:
    task = a_task(session, cast)
    followups.reassign(session, task, cast.care_specialist, NOW)
    assert task.assignee_id == cast.care_specialist.id
    for person in (cast.colleague, cast.outsider, cast.administrator):
        with pytest.raises(RuleError) as refused:
            followups.reassign(session, task, person, NOW)
        assert refused.value.field == "assignee_id"
    cast.care_colleague.active = False
    session.flush()
    with pytest.raises(RuleError):
        followups.reassign(session, task, cast.care_colleague, NOW)
    assert task.assignee_id == cast.care_specialist.id


def test_a_consultant_may_not_give_tasks_away(session: Any, cast: Any, as_person: Any) -> None:
    task = a_task(session, cast)
    number, to, me = task.id, cast.care_specialist, cast.sales_consultant
    session.commit()
    as_person(me)
    with pytest.raises(Refused):
        followups.reassign(session, task, to, NOW)
    session.rollback()
    assert row(m.FollowUp, number).assignee_id == me.id


def test_a_task_made_by_hand(session: Any, cast: Any, as_person: Any) -> None:
    customer, me = make_customer(session, owner=cast.sales_consultant), cast.sales_consultant
    session.commit()
    as_person(me)
    task = save(session, m.FollowUp(customer_id=customer.id, reason="问候", due_on=day(2)))
    assert (task.assignee_id, task.first_due_on, task.store_id) == (me.id, day(2), 1)
    assert customer.next_contact_on == day(2)
    task.due_on = day(4)
    save(session, task)
    assert (customer.next_contact_on, task.due_at.date()) == (day(4), day(4))
    for bad, field in (({"due_on": day(-1)}, "due_on"), ({"reason": " "}, "reason"), ({"customer_id": None},
                       "customer_id"), ({"assignee_id": cast.outsider.id}, "assignee_id")):
        with pytest.raises(RuleError) as refused:
            saving.prepare(session, m.FollowUp(**({"customer_id": customer.id, "reason": "问候", "due_on": day(2)}
                                                  | bad)), NOW)
        assert refused.value.field == field


def test_the_tasks_of_a_file_go_with_its_owner(session: Any, cast: Any) -> None:
    task = a_task(session, cast)
    others = make_followup(session, task.customer, assignee=cast.care_specialist)
    task.customer.owner_id = cast.colleague.id
    save(session, task.customer)
    assert (task.assignee_id, others.assignee_id) == (cast.colleague.id, cast.care_specialist.id)


def test_who_opts_out_is_never_due_for_marketing(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    greeting = make_followup(session, customer, purpose=Purpose.GREETING)
    service = make_followup(session, customer, purpose=Purpose.SERVICE)
    customer.do_not_disturb = True
    session.flush()
    assert ids(session, due="all") == {service.id}
    customer.note = "不要打扰"
    save(session, customer)
    assert (greeting.state, service.state) == (S.VOID, S.OPEN)


# ---------------------------------------------------------------- rules as rows


def test_every_seeded_rule_passes_its_own_check() -> None:
    seeded = starting.read_seed("followup_rules.yaml")
    assert {one["trigger"] for one in seeded} == {trigger.value for trigger in ch.Trigger}
    assert len({one["code"] for one in seeded}) == len(seeded)
    for one in seeded:
        made = m.FollowUpRule(**({"unit": ch.OffsetUnit.DAYS, "enabled": True, "sample_percent": 100} | one))
        for name in ("trigger", "assignee", "channel", "purpose", "unit"):
            column = m.FollowUpRule.__table__.c[name].type
            assert column.members.find(getattr(made, name)), (one["code"], name)
            setattr(made, name, column.members.find(getattr(made, name)))
        saving.check_storable(made)
        followups_check(made)
        assert one["script"] and one["source"], one["code"]
        assert bool(made.needs) != made.enabled


def followups_check(made: m.FollowUpRule) -> None:
    from admin_app.rules.followups import rule_rows

    rule_rows.prepare(None, made, NOW)


@pytest.mark.parametrize(("bad", "field"), [
    ({"code": "Big Code"}, "code"), ({"name": ""}, "name"), ({"offset": 10**6}, "offset"),
    ({"unit": ch.OffsetUnit.HOURS, "offset": -1}, "offset"), ({"trigger": ch.Trigger.CONTACT, "offset": -2}, "offset"),
    ({"sample_percent": 101}, "sample_percent"), ({"assignee": ch.Assignee.PERSON}, "person_id"),
    ({"needs": "quote"}, "enabled"), ({"condition": {"phone": "1"}}, "condition"),
    ({"condition": {"x": 1}}, "condition"),
    ({"condition": {"grade": "Z"}}, "condition"), ({"condition": ["grade"]}, "condition"),
    ({"condition": {"festival": "x"}}, "condition")])
def test_a_rule_that_says_nonsense_is_refused(session: Any, bad: dict[str, Any], field: str) -> None:
    good = {"code": "my_rule", "name": "我的规则", "trigger": ch.Trigger.BIRTHDAY, "offset": 0, "enabled": True,
            "unit": ch.OffsetUnit.DAYS, "assignee": ch.Assignee.OWNER, "condition": {"tier": ["A", None]}}
    saving.prepare(session, m.FollowUpRule(**good), NOW)
    with pytest.raises(RuleError) as refused:
        saving.prepare(session, m.FollowUpRule(**(good | bad)), NOW)
    assert refused.value.field == field


def test_a_condition_says_the_same_in_python_and_in_sql(session: Any, cast: Any) -> None:
    for grade in Grade:
        for tier in (None, *Tier):
            make_customer(session, owner=cast.colleague if tier else None, grade=grade, tier=tier,
                          do_not_disturb=grade == Grade.H)
    conditions = [{}, None, {"grade": "H"}, {"grade": ["H", "A"], "tier": [None, "B"]}, {"tier": None},
                  {"stage": "owner"}, {"do_not_disturb": True}, {"grade": []}, {"window_days": 3, "tier": "C"},
                  {"owner_id": None}]
    for condition in conditions:
        found = set(session.scalars(sa.select(m.Customer.id).where(*rules.criteria(condition))))
        slowly = {one.id for one in session.scalars(sa.select(m.Customer)) if rules.holds(condition, one)}
        assert found == slowly, condition


def test_history_makes_no_task_save_the_latest_next_date_ahead(session: Any, cast: Any) -> None:
    ahead, past, older = (make_customer(session, owner=cast.sales_consultant) for _ in range(3))
    make_visit(session, ahead, staff=cast.sales_consultant, next_on=day(5))
    make_visit(session, past, staff=cast.sales_consultant, next_on=day(-1))
    make_visit(session, older, staff=cast.sales_consultant, at=NOW - dt.timedelta(days=9), next_on=day(5))
    newest = make_visit(session, older, staff=cast.sales_consultant)
    number = [customer.id for customer in (ahead, past, older)]
    assert followups.settle_history(session, number, NOW) == 1
    assert followups.settle_history(session, number, NOW) == 0
    task = the(tasks(session, ahead))
    assert (task.due_on, task.assignee_id, ahead.next_contact_on) == (day(5), cast.sales_consultant.id, day(5))
    assert tasks(session, past) == tasks(session, older) == []
    assert older.last_contact_at == newest.at


def test_making_tasks_is_audited(session: Any, cast: Any) -> None:
    for _ in range(10):
        make_vehicle(session, make_customer(session, owner=cast.sales_consultant, stage=Stage.OWNER, grade=Grade.D),
                     insurance_until=day(45), bought_on=day(-100))
    session.commit()
    followups.make_dated(session, day(), NOW)
    session.commit()
    made = session.scalar(sa.select(sa.func.count(m.FollowUp.id)))
    said = [entry.changes for entry in session.scalars(sa.select(m.AuditEntry).where(
        m.AuditEntry.table == "followup", m.AuditEntry.verb == ch.AuditVerb.BULK))]
    assert made == sum(entry["rows"][1] for entry in said) >= 10
    from admin_app import audit

    assert audit.verify(db.session.connection()) == []


# ---------------------------------------------------------------- what nobody has


def test_what_nobody_has_is_found_and_counted(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=None)
    nobodys = make_followup(session, customer)
    make_followup(session, customer, assignee=cast.sales_consultant)
    make_followup(session, customer, state=S.DONE)
    assert ids(session, due="all", assignee_ids=[None]) == {nobodys.id}
    assert followups.unassigned(session, NOW) == 1
    assert sum(line.unassigned for line in followups.tally(session, None, NOW)) == 1
