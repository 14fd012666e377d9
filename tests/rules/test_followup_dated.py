"""Tasks that a date on a record makes, by the nightly job; nothing twice, nothing lost, nobody flooded."""

from __future__ import annotations

import datetime as dt
import threading
import time
from typing import Any

import pytest
import sqlalchemy as sa

from admin_app import access
from admin_app import choices as ch
from admin_app import models as m
from admin_app.choices import BirthdayCalendar, Grade, Stage, Tier
from admin_app.choices import FollowUpState as S
from admin_app.database import db
from admin_app.rules import followups
from admin_app.rules.followups import calendar
from tests.cast import NOW
from tests.factories import make_customer, make_order, make_vehicle
from tests.rules.followup_support import day, rule, save, tasks, the

DAY = dt.timedelta(days=1)


def run(session: Any, days: int = 0) -> dict[str, int]:
    """The job of a day."""
    made = followups.make_dated(session, day(days), NOW + days * DAY)
    session.flush()
    return {code: count for code, count in made.items() if count}


def owner(session: Any, cast: Any, **values: Any) -> m.Customer:
    """An owner whom the dated rules about contact leave alone."""
    given = {"stage": Stage.OWNER, "grade": Grade.D, "last_contact_at": NOW - DAY,
             "advisor_id": cast.service_advisor.id}
    return make_customer(session, owner=cast.sales_consultant, **(given | values))


def car(session: Any, customer: m.Customer, **values: Any) -> m.Vehicle:
    """A car without a date that concerns anybody now."""
    return make_vehicle(session, customer, **({"bought_on": day(-100)} | values))


@pytest.mark.usefixtures("store_app")
@pytest.mark.parametrize(("column", "ahead", "code"), [
    ("insurance_until", 90, "insurance_90"), ("insurance_until", 45, "insurance_45"),
    ("insurance_until", 30, "insurance_30"), ("warranty_until", 30, "warranty_30"),
    ("inspection_until", 30, "inspection_30")])
def test_expiries_are_reminded_of_ahead(session: Any, cast: Any, column: str, ahead: int, code: str) -> None:
    customer = owner(session, cast)
    vehicle = car(session, customer, **{column: day(ahead)})
    assert code not in run(session, -1)
    assert run(session) == {code: 1}
    task = the(tasks(session, customer, code))
    assert (task.due_on, task.assignee_id, task.vehicle_id) == (day(), cast.service_advisor.id, vehicle.id)
    assert customer.next_contact_on == min(one.due_on for one in tasks(session, customer))
    assert run(session) == run(session, 1) == {}


@pytest.mark.usefixtures("store_app")
def test_birthdays_solar_lunar_short_month_and_leap_day(session: Any, cast: Any) -> None:
    lunar = BirthdayCalendar.LUNAR
    solar = owner(session, cast, birthday=dt.date(1980, 11, 23))
    by_moon = owner(session, cast, birthday=dt.date(1980, 10, 15), birthday_calendar=lunar)
    owner(session, cast, birthday=dt.date(2026, 11, 23))
    owner(session, cast, birthday=dt.date(1980, 11, 23), do_not_disturb=True)
    leap = owner(session, cast, birthday=dt.date(1992, 2, 29))
    assert run(session) == {"birthday": 2}
    assert the(tasks(session, solar)).expires_on == the(tasks(session, by_moon)).expires_on == day(2)
    later = (dt.date(2027, 2, 28) - day()).days
    assert run(session, later)["birthday"] == 1
    assert the(tasks(session, leap)).due_on == dt.date(2027, 2, 28)


def test_the_thirtieth_of_a_short_lunar_month_is_kept_on_its_last_day() -> None:
    born = dt.date(1980, 1, 30)
    kept = [dt.date(2026, 1, 1) + number * DAY for number in range(730)
            if calendar.kept_on(born, BirthdayCalendar.LUNAR, dt.date(2026, 1, 1) + number * DAY)]
    assert len(kept) == 2
    assert all(1030 not in calendar.lunar_keys(one) or 130 in calendar.lunar_keys(one) for one in kept)
    for year in range(2025, 2029):  # every lunar birthday is kept once in every lunar year, leap months or not
        first = next(dt.date(year, 1, 20) + number * DAY for number in range(40)
                     if calendar.is_festival("spring", dt.date(year, 1, 20) + number * DAY))
        days = [first + number * DAY for number in range(390)]
        year_length = next(number for number in range(340, 390) if calendar.is_festival("spring", days[number]))
        for key in (115, 229, 630, 1230):
            assert sum(key in calendar.lunar_keys(one) for one in days[:year_length]) == 1


def test_festivals_are_found() -> None:
    assert calendar.is_festival("spring", dt.date(2027, 2, 6))
    assert calendar.is_festival("mid_autumn", dt.date(2026, 9, 25))
    assert calendar.is_festival("national", dt.date(2026, 10, 1))
    assert not calendar.is_festival("unknown", dt.date(2026, 10, 1))


def test_a_festival_is_for_the_tiers_of_its_rule(session: Any, cast: Any) -> None:
    best, other = owner(session, cast, tier=Tier.A), owner(session, cast, tier=Tier.C)
    spring = (dt.date(2027, 2, 6) - day()).days
    run(session, spring)
    assert len(tasks(session, best, "festival_spring")) == 1
    assert tasks(session, other, "festival_spring") == []


def test_the_anniversary_of_a_purchase(session: Any, cast: Any) -> None:
    customer = owner(session, cast)
    car(session, customer, bought_on=dt.date(2024, 11, 23), last_service_on=day(-20))
    car(session, customer, bought_on=dt.date(2024, 11, 24), last_service_on=day(-20))
    assert run(session) == {"anniversary": 1}


def test_first_service_is_forecast_by_time(session: Any, cast: Any) -> None:
    customer = owner(session, cast)
    vehicle = save(session, m.Vehicle(customer_id=customer.id, model="岚风 S7", bought_on=dt.date(2026, 6, 23)))
    assert vehicle.next_service_on == dt.date(2026, 12, 23)
    assert run(session, -1) == {}
    assert run(session)["first_service"] == 1
    assert the(tasks(session, customer)).due_on == day()


def test_first_service_is_forecast_by_the_cars_own_average(session: Any, cast: Any) -> None:
    customer = owner(session, cast)
    vehicle = save(session, m.Vehicle(customer_id=customer.id, model="岚风 S7", bought_on=day(-100)))
    vehicle.mileage = 4000
    save(session, vehicle)
    assert (vehicle.next_service_on, vehicle.next_service_km) == (day(25), 5000)
    assert run(session) == {"first_service": 1}
    assert the(tasks(session, customer)).due_on == day(-5)
    vehicle.mileage = 4400
    save(session, vehicle, NOW + DAY)
    assert run(session, 1) == {}, "the forecast moved; it is still the same service"


def test_a_service_visit_begins_the_next_interval(session: Any, cast: Any) -> None:
    customer = owner(session, cast)
    vehicle = save(session, m.Vehicle(customer_id=customer.id, model="岚风 S7", bought_on=day(-165)))
    assert run(session)["first_service"] == 1
    reminder = the(tasks(session, customer, "first_service"))
    order = make_order(session, customer, vehicle=vehicle, mileage=4800)
    order.state = ch.RepairState.CLOSED
    save(session, order)
    assert reminder.state == S.VOID
    assert (vehicle.first_service_done, vehicle.last_service_on, vehicle.last_service_km) == (True, day(), 4800)
    assert (vehicle.mileage, vehicle.next_service_km) == (4800, 9800)
    assert day(150) < vehicle.next_service_on <= dt.date(2027, 5, 23)
    reminded = (vehicle.next_service_on - day()).days - 30
    assert run(session, reminded)["next_service"] == 1


def test_an_accident_repair_is_no_service(session: Any, cast: Any) -> None:
    customer = owner(session, cast)
    vehicle = save(session, m.Vehicle(customer_id=customer.id, model="岚风 S7", bought_on=day(-100)))
    planned = vehicle.next_service_on
    order = make_order(session, customer, vehicle=vehicle, mileage=1000, kind=ch.RepairKind.ACCIDENT)
    order.state = ch.RepairState.CLOSED
    save(session, order)
    assert (vehicle.last_service_on, vehicle.first_service_done, vehicle.mileage) == (None, False, 1000)
    assert vehicle.next_service_on == planned


@pytest.mark.parametrize(("tier", "days"), [(Tier.A, 60), (Tier.B, 90), (Tier.C, 180), (None, 180)])
def test_an_owner_nobody_talks_to(session: Any, cast: Any, tier: Tier | None, days: int) -> None:
    customer = owner(session, cast, tier=tier, last_contact_at=NOW - days * DAY)
    assert run(session, -1) == {}
    assert sum(run(session).values()) == 1
    assert the(tasks(session, customer)).assignee_id == cast.sales_consultant.id


def test_churn_is_warned_of_after_six_and_twelve_months(session: Any, cast: Any) -> None:
    customer = owner(session, cast)
    car(session, customer, last_service_on=day(-183), first_service_done=True)
    away = owner(session, cast)
    car(session, away, last_service_on=day(-365), first_service_done=True, bought_on=dt.date(2023, 3, 3))
    assert run(session) == {"churn_6": 1, "churn_12": 1}
    assert the(tasks(session, away)).assignee_id in (cast.care_specialist.id, cast.care_colleague.id)


def test_a_move_to_a_working_day(session: Any, cast: Any) -> None:
    customer = owner(session, cast)
    car(session, customer, warranty_until=day(28))  # thirty days ahead is a Saturday
    assert run(session, -2) == run(session, -1) == {}
    assert run(session) == {"warranty_30": 1}
    assert the(tasks(session, customer)).due_on == day()


def test_a_missed_week_loses_nothing_that_still_makes_sense(session: Any, cast: Any) -> None:
    customer = owner(session, cast, birthday=dt.date(1980, 11, 17))
    car(session, customer, insurance_until=day(90 - 6))
    assert run(session) == {"insurance_90": 1}, "the birthday of last week is void already"
    assert the(tasks(session, customer)).due_on == day(-6)


def test_an_old_ledger_floods_nobody(session: Any, cast: Any) -> None:
    for number in range(60):
        customer = owner(session, cast, last_contact_at=NOW - (200 + number) * DAY, tier=Tier.A)
        car(session, customer, bought_on=day(-900 - number), insurance_until=day(-400), warranty_until=day(-20),
            last_service_on=day(-500), next_service_on=day(-320))
        order = make_order(session, customer, state=ch.RepairState.CLOSED)
        order.opened_at = order.closed_at = NOW - (40 + number) * DAY
    session.flush()
    assert {code: count for code, count in run(session).items() if code != "anniversary"} == {}


def test_a_grade_past_its_window_is_reminded_of_once(session: Any, cast: Any) -> None:
    stale = make_customer(session, owner=cast.sales_consultant, grade=Grade.H, graded_on=day(-8))
    make_customer(session, owner=cast.sales_consultant, grade=Grade.H, graded_on=day(-7))
    make_customer(session, grade=Grade.H, graded_on=day(-80))
    make_customer(session, owner=cast.sales_consultant, grade=Grade.H, graded_on=day(-80), stage=Stage.LOST)
    assert run(session) == {"grade_h": 1}
    task = the(tasks(session, stale))
    assert (task.due_on, task.expires_on) == (day(), None)
    followups.skip(session, task, "已在谈", NOW)
    assert run(session, 0) == {}


def test_past_its_end_a_task_is_void(session: Any, cast: Any) -> None:
    customer = owner(session, cast, birthday=dt.date(1980, 11, 23))
    run(session)
    task = the(tasks(session, customer))
    assert run(session, 2) == {}
    assert run(session, 3) == {"void": 1}
    session.refresh(task)
    assert (task.state, task.closed_at, customer.next_contact_on) == (S.VOID, NOW + 3 * DAY, None)


def test_a_changed_expiry_voids_the_old_reminder(session: Any, cast: Any) -> None:
    customer = owner(session, cast)
    vehicle = car(session, customer, insurance_until=day(45))
    run(session)
    task = the(tasks(session, customer))
    vehicle.insurance_until = day(45 + 365)
    save(session, vehicle)
    assert (task.state, customer.next_contact_on) == (S.VOID, None)


def test_a_sold_car_takes_its_tasks_off_the_seller(session: Any, cast: Any) -> None:
    seller, buyer = owner(session, cast), owner(session, cast)
    vehicle = save(session, m.Vehicle(customer_id=seller.id, model="岚风 S7", bought_on=day(-100),
                                      insurance_until=day(45)))
    run(session)
    task = the(tasks(session, seller))
    vehicle.customer_id = buyer.id
    save(session, vehicle)
    assert task.state == S.VOID
    history = session.execute(sa.select(m.VehicleOwner.customer_id, m.VehicleOwner.until)
                              .where(m.VehicleOwner.vehicle_id == vehicle.id).order_by(m.VehicleOwner.id)).all()
    assert [tuple(one) for one in history] == [(seller.id, day()), (buyer.id, None)]


def test_a_deleted_customer_and_a_deleted_car_make_nothing(session: Any, cast: Any) -> None:
    gone = owner(session, cast, deleted_at=NOW)
    car(session, gone, insurance_until=day(45))
    customer = owner(session, cast)
    car(session, customer, insurance_until=day(45), deleted_at=NOW)
    assert run(session) == {}


def test_each_store_gets_its_own_tasks_for_its_own_people(session: Any, cast: Any) -> None:
    here, there = owner(session, cast), make_customer(
        session, owner=cast.outsider, stage=Stage.OWNER, grade=Grade.D, last_contact_at=NOW - DAY)
    for customer in (here, there):
        car(session, customer, insurance_until=day(45))
    assert run(session) == {"insurance_45": 2}
    task = the(tasks(session, there))
    assert (task.store_id, task.assignee_id) == (cast.other_store.id, cast.outsider.id)


def test_the_preview_counts_what_the_rule_would_make(session: Any, cast: Any) -> None:
    for number in range(20):
        customer = owner(session, cast)
        car(session, customer, insurance_until=day(30 + number))
    unsaved = m.FollowUpRule(code="insurance_x", name="续保", trigger=ch.Trigger.INSURANCE, offset=-30,
                             unit=ch.OffsetUnit.DAYS, assignee=ch.Assignee.ADVISOR, channel=ch.Channel.PHONE,
                             purpose=ch.Purpose.SERVICE, sample_percent=100, to_working_day=False)
    counts = followups.preview(session, unsaved, day(), NOW)
    assert counts == {cast.service_advisor.id: 14}
    assert followups.preview(session, rule(session, "grade_h"), day(), NOW) == {}
    assert session.scalar(sa.select(sa.func.count(m.FollowUp.id))) == 0


@pytest.mark.usefixtures("store_app")
def test_two_jobs_at_once_make_every_task_once(session: Any, cast: Any, store_app: Any) -> None:
    for _ in range(30):
        car(session, owner(session, cast), insurance_until=day(45))
    session.commit()
    faults: list[BaseException] = []
    gate = threading.Barrier(2)

    def work() -> None:
        with store_app.app_context():
            access.set_actor(db.session, access.Actor(name="job", system="job", store_ids=None, store_id=1))
            try:
                gate.wait(10)
                followups.make_dated(db.session, day(), NOW)
                db.session.commit()
            except BaseException as fault:
                faults.append(fault)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []
    assert session.scalar(sa.select(sa.func.count(m.FollowUp.id))) == 30


def test_two_thousand_customers_in_a_few_seconds_and_few_statements(session: Any, cast: Any) -> None:
    people = [cast.sales_consultant.id, cast.colleague.id]
    session.execute(sa.insert(m.Customer), [
        {"id": 1000 + n, "store_id": 1, "name": f"客户{n}", "phone": f"+8613700{n:06d}", "stage": Stage.OWNER,
         "grade": Grade.D, "tier": Tier.A, "owner_id": people[n % 2], "advisor_id": cast.service_advisor.id,
         "birthday": dt.date(1980, 1, 1) + n * DAY, "last_contact_at": NOW - (n % 90) * DAY}
        for n in range(2000)])
    session.execute(sa.insert(m.Vehicle), [
        {"store_id": 1, "customer_id": 1000 + n, "model": "岚风 S7", "bought_on": day(-n % 1500),
         "insurance_until": day(n % 365), "warranty_until": day(n % 700), "last_service_on": day(-(n % 400)),
         "first_service_done": True, "next_service_on": day(n % 200 - 20)} for n in range(2000)])
    statements: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute",
                    lambda _c, _u, statement, _p, _x, _m: statements.append(statement))
    begun = time.perf_counter()
    made = run(session)
    taken = time.perf_counter() - begun
    assert sum(made.values()) > 500
    assert taken < 5, f"{taken:.1f} s"
    assert len(statements) < 400, len(statements)
