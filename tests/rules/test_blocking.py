"""Enough is enough: cap, do-not-disturb, consent and quiet hours, in Python and SQL, against a slow oracle."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin_app import access, clock
from admin_app import models as m
from admin_app.choices import BlockCode, FollowUpState, Purpose, VisitResult, VisitState
from admin_app.errors import Refused, RuleError
from admin_app.rules import consents, followups, saving
from admin_app.rules.followups import blocking, capping, tasks
from tests.cast import NOW
from tests.factories import make_campaign, make_customer, make_followup, make_visit
from tests.rules.followup_support import day, visit

MARKETING = (Purpose.CARE, Purpose.CAMPAIGN, Purpose.GREETING)
OPEN = (FollowUpState.OPEN, FollowUpState.SNOOZED)
DAYTIME = clock.at(day(), 12)


@contextmanager
def acting(session: Any, person: Any) -> Iterator[None]:
    before = access.actor_of(session)
    access.set_actor(session, access.actor_for(session, person))
    try:
        yield
    finally:
        access.set_actor(session, before)


def store_of(session: Any) -> m.Store:
    return session.scalars(sa.select(m.Store).where(m.Store.code == "S1")).one()


def ids(session: Any, now: dt.datetime, due: str) -> set[int]:
    return {task.id for task in session.scalars(followups.due_query(now, due=due))}


# ---------------------------------------------------------------- the oracle


def contacts_in_window(session: Any, customer: Any, store: Any, today: dt.date) -> int:
    return sum(1 for one in session.scalars(sa.select(m.Visit).where(m.Visit.customer_id == customer.id))
               if one.state == VisitState.DONE and one.outbound
               and (today - clock.local_day(one.at)).days < store.contact_cap_days)


def minutes_of_quiet(store: Any) -> set[int]:
    if not store.quiet_from:
        return set()
    begins, ends = (int(text[:2]) * 60 + int(text[3:]) for text in (store.quiet_from, store.quiet_until))
    found = set()
    while begins != ends:
        found.add(begins)
        begins = (begins + 1) % 1440
    return found


def oracle(session: Any, customer: Any, store: Any, task: Any, now: dt.datetime) -> tuple[BlockCode | None, Any]:
    """(why, until when), slowly: every contact and every minute looked at by itself."""
    if task.purpose not in MARKETING:
        return None, None
    if customer.deleted_at is not None:
        return BlockCode.ERASED, None
    if customer.do_not_disturb:
        return BlockCode.DO_NOT_DISTURB, None
    said = {row.purpose: row.state for row in session.scalars(
        sa.select(m.Consent).where(m.Consent.customer_id == customer.id).order_by(m.Consent.at, m.Consent.id))}
    if "withdrawn" in {said.get("marketing"), said.get("file")}:
        return BlockCode.CONSENT_WITHDRAWN, None
    today = clock.local_day(now)
    if contacts_in_window(session, customer, store, today) >= store.contact_cap and task.allowed_at is None:
        until = today
        while store.contact_cap and contacts_in_window(session, customer, store, until) >= store.contact_cap:
            until += dt.timedelta(days=1)
        return BlockCode.CONTACT_CAP, until if store.contact_cap else None
    quiet, moment = minutes_of_quiet(store), now.replace(second=0)
    wall = clock.local(moment)
    if wall.hour * 60 + wall.minute not in quiet:
        return None, None
    while wall.hour * 60 + wall.minute in quiet:
        moment += dt.timedelta(minutes=1)
        wall = clock.local(moment)
    return BlockCode.QUIET_HOURS, moment


A_CONTACT = st.tuples(st.integers(-20, 0), st.integers(0, 1439), st.booleans(),
                      st.sampled_from([VisitState.DONE, VisitState.DONE, VisitState.PLANNED]))
A_CUSTOMER = st.fixed_dictionaries({
    "contacts": st.lists(A_CONTACT, max_size=6), "do_not_disturb": st.integers(0, 9).map(lambda n: n == 0),
    "gone": st.integers(0, 9).map(lambda n: n == 0), "allowed": st.booleans(),
    "said": st.lists(st.tuples(st.sampled_from(["marketing", "file", "sharing"]), st.booleans()), max_size=2),
    "purpose": st.sampled_from([*MARKETING, Purpose.CARE, Purpose.SERVICE, Purpose.COMPLAINT, Purpose.SALES]),
    "due": st.integers(-3, 30)})
HOURS = st.sampled_from([("20:30", "09:00"), ("00:00", "07:15"), ("12:00", "13:00"), (None, None)])


@pytest.mark.usefixtures("store_app")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.lists(A_CUSTOMER, max_size=5), cap=st.integers(0, 3), days=st.integers(1, 12), hours=HOURS,
       later=st.integers(0, 14), minute=st.integers(0, 1439), by_store=st.booleans())
def test_python_sql_and_the_oracle_say_the_same(session: Any, cast: Any, people: list[Any], cap: int, days: int,
                                                hours: Any, later: int, minute: int, by_store: bool) -> None:
    store = store_of(session)
    store.contact_cap, store.contact_cap_days = cap, days
    store.quiet_from, store.quiet_until = hours
    made = []
    for about in people:
        customer = make_customer(session, owner=cast.sales_consultant, do_not_disturb=about["do_not_disturb"])
        for back, at, outbound, state in about["contacts"]:
            make_visit(session, customer, at=clock.at(day(back), at // 60, at % 60), outbound=outbound, state=state)
        task = make_followup(session, customer, assignee=cast.sales_consultant, due=day(about["due"]),
                             purpose=about["purpose"], allowed_at=None)
        for number, (purpose, given_) in enumerate(about["said"]):
            session.add(m.Consent(
                store_id=1, customer_id=customer.id, purpose=purpose, state="given" if given_ else "withdrawn",
                at=NOW - dt.timedelta(days=9 - number), source="paper", text_version="1"))
        task.allowed_at = NOW if about["allowed"] else None
        customer.deleted_at = NOW if about["gone"] else None
        made.append((customer.id, task.id))
    session.flush()
    consents.refresh(session, [key for key, _task in made])
    if by_store:
        tasks.set_caps(session, capping.different_in_store(session, store, day()))
    else:
        tasks.refresh_customers(session, [key for key, _task in made], contacts=True)
    now = clock.at(day(later), minute // 60, minute % 60)
    owed, held = ids(session, now, "all"), ids(session, now, "blocked")
    for key, task_id in made:
        with access.as_system(session, "test", include_deleted=True):
            customer = session.scalars(sa.select(m.Customer).where(m.Customer.id == key)).one()
        task = session.get(m.FollowUp, task_id)
        code, until = oracle(session, customer, store, task, now)
        block = followups.blocked(session, customer, task.purpose, now, task)
        if task.allowed_at is not None and code == BlockCode.QUIET_HOURS:
            begins = blocking.quiet_period(store, now)[0]
            code, until = (None, None) if begins <= task.allowed_at else (code, until)
        assert (block and block.code, block and block.until) == (code, until)
        day_long = code not in (None, BlockCode.QUIET_HOURS)
        assert (task_id in owed) == (not day_long and customer.deleted_at is None)
        assert (task_id in held) == (code == BlockCode.CONTACT_CAP)
    lines = followups.tally(session, None, now)
    assert sum(line.all for line in lines) == len(owed) and sum(line.blocked for line in lines) == len(held)
    assert sum(line.owed for line in lines) == len(ids(session, now, "today") | ids(session, now, "overdue"))
    assert followups.day_of(session, cast.sales_consultant.id, now)[0] == lines
    session.rollback()


# ---------------------------------------------------------------- the cap


def fill(session: Any, cast: Any, customer: Any, number: int = 5) -> None:
    """So many calls, by everybody, the latest yesterday."""
    staff = (cast.sales_consultant, cast.service_advisor, cast.care_specialist, cast.care_manager, cast.colleague)
    for back in range(number, 0, -1):
        at = clock.at(day(-back), 11)
        visit(session, customer, staff[back % 5], at=at, now=at, result=VisitResult.NOT_REACHED)


def test_the_fifth_contact_of_all_departments_closes_and_the_oldest_opens_again(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    fill(session, cast, customer, 4)
    assert customer.marketing_blocked_until is None
    task = make_followup(session, customer, assignee=cast.care_specialist, purpose=Purpose.CARE)
    assert task.id in ids(session, DAYTIME, "today")
    visit(session, customer, cast.sales_consultant, at=DAYTIME, now=DAYTIME, purpose_kind=Purpose.SALES)
    assert customer.marketing_blocked_until == day(-4 + 30)
    assert task.id not in ids(session, DAYTIME, "all") and task.id in ids(session, DAYTIME, "blocked")
    block = followups.blocked(session, customer, Purpose.CARE, DAYTIME)
    assert (block.code, block.until) == (BlockCode.CONTACT_CAP, day(26)) and day(26).isoformat() in str(block)
    for free in (Purpose.COMPLAINT, Purpose.DELIVERY, Purpose.PROMISE, Purpose.SERVICE, Purpose.SALES):
        assert followups.blocked(session, customer, free, DAYTIME) is None
    assert followups.blocked(session, customer, Purpose.CARE, clock.at(day(25), 20)).code == BlockCode.CONTACT_CAP
    assert followups.blocked(session, customer, Purpose.CARE, clock.at(day(26), 9)) is None
    assert task.id in ids(session, clock.at(day(26), 9), "overdue")


def test_what_came_from_the_customer_or_is_only_planned_does_not_count(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    fill(session, cast, customer, 4)
    visit(session, customer, cast.sales_consultant, outbound=False)
    visit(session, customer, cast.sales_consultant, state=VisitState.PLANNED, at=NOW + dt.timedelta(days=1))
    assert customer.marketing_blocked_until is None


def test_a_contact_is_logged_however_blocked_and_moves_the_day(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, do_not_disturb=True)
    fill(session, cast, customer, 5)
    assert customer.marketing_blocked_until == day(-5 + 30)
    visit(session, customer, cast.care_specialist, at=clock.at(day(), 22), now=clock.at(day(), 22),
          purpose_kind=Purpose.CARE)
    assert customer.marketing_blocked_until == day(-4 + 30)


def test_correcting_a_contact_and_a_new_cap_count_anew(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    fill(session, cast, customer, 5)
    last = session.scalars(sa.select(m.Visit).order_by(m.Visit.at.desc())).first()
    last.outbound = False
    saving.prepare(session, last, DAYTIME)
    session.flush()
    saving.settle(session, last, DAYTIME, created=False)
    assert customer.marketing_blocked_until is None
    store = store_of(session)
    for cap, days, until in ((4, 30, day(-5 + 30)), (3, 7, day(-4 + 7)), (9, 30, None), (0, 30, capping.NEVER)):
        store.contact_cap, store.contact_cap_days = cap, days
        saving.prepare(session, store, DAYTIME)
        session.flush()
        saving.settle(session, store, DAYTIME, created=False)
        assert customer.marketing_blocked_until == until
    assert followups.blocked(session, customer, Purpose.CARE, DAYTIME).until is None


def test_the_nightly_job_mends_and_runs_twice_without_change(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    for back in range(1, 6):
        make_visit(session, customer, at=clock.at(day(-back), 11), outbound=True)
    assert customer.marketing_blocked_until is None
    followups.make_dated(session, day(), NOW)
    assert customer.marketing_blocked_until == day(25)
    session.connection().execute(sa.update(m.Visit.__table__).values(outbound=False))
    followups.make_dated(session, day(), NOW)
    assert customer.marketing_blocked_until is None
    entries = session.scalar(sa.select(sa.func.count(m.AuditEntry.id)))
    assert capping.different_in_store(session, store_of(session), day()) == {}
    assert session.scalar(sa.select(sa.func.count(m.AuditEntry.id))) == entries


# ---------------------------------------------------------------- quiet hours


@pytest.mark.parametrize(("hours", "at", "until"), [
    (("20:30", "09:00"), (20, 29), None), (("20:30", "09:00"), (20, 30), clock.at(day(1), 9)),
    (("20:30", "09:00"), (23, 59), clock.at(day(1), 9)), (("20:30", "09:00"), (0, 0), clock.at(day(), 9)),
    (("20:30", "09:00"), (8, 59), clock.at(day(), 9)), (("20:30", "09:00"), (9, 0), None),
    (("12:00", "13:30"), (13, 29), clock.at(day(), 13, 30)), (("12:00", "13:30"), (13, 30), None),
    (("22:00", "00:00"), (23, 0), clock.at(day(1), 0)), (("22:00", "00:00"), (0, 0), None),
    ((None, None), (3, 0), None)])
def test_quiet_hours(session: Any, cast: Any, hours: Any, at: Any, until: Any) -> None:
    store, customer = store_of(session), make_customer(session, owner=cast.sales_consultant)
    store.quiet_from, store.quiet_until = hours
    task = make_followup(session, customer, assignee=cast.sales_consultant, purpose=Purpose.GREETING)
    now = clock.at(day(), *at)
    block = followups.blocked(session, customer, Purpose.GREETING, now)
    assert (block.until if block else None) == until
    assert block is None or (block.code == BlockCode.QUIET_HOURS and hours[1] in str(block))
    assert task.id in ids(session, now, "today")  # due all the same
    assert followups.blocked(session, customer, Purpose.SERVICE, now) is None


@pytest.mark.parametrize(("begins", "ends", "field"), [
    ("late", "09:00", "quiet_from"), ("20:30", "25:00", "quiet_until"), ("20:30", "", "quiet_until"),
    ("", "09:00", "quiet_from"), ("09:00", "9：00", "quiet_until")])
def test_quiet_hours_that_say_nothing_are_refused(session: Any, cast: Any, begins: str, ends: str, field: str) -> None:
    store = store_of(session)
    store.quiet_from, store.quiet_until = begins, ends
    with pytest.raises(RuleError) as refused:
        saving.prepare(session, store, NOW)
    assert refused.value.field == field


def test_quiet_hours_are_written_alike_and_may_be_empty(session: Any, cast: Any) -> None:
    store = store_of(session)
    store.quiet_from, store.quiet_until = "8：05", "24:00"
    saving.prepare(session, store, NOW)
    assert (store.quiet_from, store.quiet_until) == ("08:05", "00:00")
    store.quiet_from, store.quiet_until = " ", ""
    saving.prepare(session, store, NOW)
    assert (store.quiet_from, store.quiet_until) == (None, None)


# ---------------------------------------------------------------- allowed once


@pytest.fixture
def held(session: Any, cast: Any) -> m.FollowUp:
    """A greeting that the cap holds back."""
    customer = make_customer(session, owner=cast.sales_consultant)
    fill(session, cast, customer, 5)
    task = make_followup(session, customer, assignee=cast.sales_consultant, purpose=Purpose.GREETING)
    session.commit()
    return task


@pytest.mark.parametrize("role", ["sales_manager", "care_manager", "general_manager"])
def test_a_manager_allows_it_once_with_a_reason(session: Any, cast: Any, held: m.FollowUp, role: str) -> None:
    with acting(session, getattr(cast, role)):
        with pytest.raises(RuleError) as lacking:
            followups.allow(session, held, "  ", DAYTIME)
        followups.allow(session, held, "车主本人要求", DAYTIME)
    assert lacking.value.field == "reason"
    session.commit()
    assert held.id in ids(session, DAYTIME, "today") and held.id not in ids(session, DAYTIME, "blocked")
    customer = held.customer
    assert followups.blocked(session, customer, Purpose.GREETING, DAYTIME, held) is None
    assert followups.blocked(session, customer, Purpose.GREETING, DAYTIME).code == BlockCode.CONTACT_CAP
    entry = session.scalars(sa.select(m.AuditEntry).where(
        m.AuditEntry.table == "followup", m.AuditEntry.row_id == held.id).order_by(m.AuditEntry.id.desc())).first()
    assert entry.changes["allowed_reason"][1] == "车主本人要求" and entry.actor_id == getattr(cast, role).id
    visit(session, customer, cast.sales_consultant, now=DAYTIME, followup_id=held.id, result=VisitResult.NOT_REACHED)
    assert held.state in OPEN and held.allowed_at is None  # used up
    assert held.id in ids(session, DAYTIME, "blocked")


@pytest.mark.parametrize("role", ["sales_consultant", "care_specialist", "service_manager", "service_advisor"])
def test_nobody_below_allows_anything(session: Any, cast: Any, held: m.FollowUp, role: str) -> None:
    with acting(session, getattr(cast, role)), pytest.raises(Refused):
        followups.allow(session, held, "想打", DAYTIME)
    assert held.allowed_at is None


def test_opting_out_is_never_overridden_and_free_needs_nothing(session: Any, cast: Any, held: m.FollowUp) -> None:
    customer = held.customer
    for name in ("do_not_disturb", "marketing_withdrawn"):
        setattr(customer, name, True)
        session.flush()
        with acting(session, cast.care_manager), pytest.raises(Refused):
            followups.allow(session, held, "领导要求", DAYTIME)
        setattr(customer, name, False)
    other = make_followup(session, customer, purpose=Purpose.SERVICE)
    with acting(session, cast.care_manager), pytest.raises(RuleError):
        followups.allow(session, other, "不需要", DAYTIME)
    held.state = FollowUpState.DONE
    with acting(session, cast.care_manager), pytest.raises(RuleError):
        followups.allow(session, held, "太晚", DAYTIME)


def test_quiet_hours_are_allowed_until_they_end(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    task = make_followup(session, customer, assignee=cast.sales_consultant, purpose=Purpose.CARE)
    evening = clock.at(day(), 21)
    with acting(session, cast.care_manager):
        followups.allow(session, task, "客户约在今晚", evening)
    for later, block in ((evening, False), (clock.at(day(1), 8), False), (clock.at(day(1), 21), True)):
        assert (followups.blocked(session, customer, Purpose.CARE, later, task) is not None) is block


# ---------------------------------------------------------------- campaigns


@pytest.mark.parametrize(("kind", "blocks"), [("care", True), ("promotion", True), ("recall", False)])
def test_an_invitation_is_marketing_and_a_product_recall_is_not(session: Any, cast: Any, kind: str,
                                                                blocks: bool) -> None:
    campaign = make_campaign(session, kind=kind)
    names = {"free": {}, "out": {"do_not_disturb": True}, "capped": {"marketing_blocked_until": day(9)},
             "free again": {"marketing_blocked_until": day()}}
    made = {name: make_customer(session, owner=cast.sales_consultant, **values) for name, values in names.items()}
    said = {}
    for name, customer in made.items():
        member = m.CampaignMember(campaign_id=campaign.id, customer_id=customer.id)
        said[name] = saving.prepare(session, member, NOW)
        session.add(member)
        session.flush()
        saving.settle(session, member, NOW, created=True)
    assert {name for name, notices in said.items() if notices} == ({"out", "capped"} if blocks else set())
    due = {task.customer_id for task in session.scalars(followups.due_query(DAYTIME, due="all"))}
    held = {task.customer_id for task in session.scalars(followups.due_query(DAYTIME, due="blocked"))}
    key = {name: customer.id for name, customer in made.items()}
    assert due & set(key.values()) == {key["free"], key["free again"]} | (set() if blocks else set(key.values()))
    assert held == ({key["capped"]} if blocks else set())


@pytest.mark.parametrize("mark", ["do_not_disturb", "marketing_withdrawn"])
def test_nobody_plans_marketing_for_one_who_takes_none(session: Any, cast: Any, mark: str) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, **{mark: True})
    values = {"customer_id": customer.id, "store_id": 1, "due_on": day(2), "reason": "邀请试驾"}
    with pytest.raises(RuleError) as refused:
        saving.prepare(session, m.FollowUp(purpose=Purpose.CAMPAIGN, **values), NOW)
    assert refused.value.field == "purpose"
    saving.prepare(session, m.FollowUp(purpose=Purpose.SERVICE, **values), NOW)
