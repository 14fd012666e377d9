"""Team scores: points, ranks, periods, sources; the same rows for the figure and for the list behind it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from admin_app import access
from admin_app import choices as ch
from admin_app import models as m
from admin_app.choices import Direction, PeriodKind, PeriodState
from admin_app.errors import Refused, RuleError, StaleRow
from admin_app.rules.scores import SOURCES, cards, closing, measuring, points, ranking, viewing
from admin_app.rules.scores.measuring import Found, Kind
from admin_app.rules.scores.periods import Period, containing, parse
from admin_app.rules.scores.points import Line, Unscored
from admin_app.starting import read_seed
from tests import factories as make
from tests import score_rows
from tests.cast import NOW, TODAY
from tests.conftest import act_as, row

MONTH, HOUR, DAY = parse("2026-11"), dt.timedelta(hours=1), dt.timedelta(days=1)
AFTER = dt.datetime(2026, 12, 1, 2, 0, tzinfo=dt.UTC)


def line(metric: str = "a", value: Any = 88, weight: Any = 20, target: Any = 95, floor: Any = 70, **more: Any) -> Line:
    number = lambda one: None if one is None else D(str(one))  # noqa: E731
    return Line(metric, number(value), D(str(weight)), number(target), number(floor), **more)


# ---------------------------------------------------------------- points


def test_points_are_the_weight_times_the_way_from_floor_to_target() -> None:
    (done,), total = points.score([line()])
    assert (done.shared, done.points, total) == (D("20.0"), D("14.4"), D("14.4"))


@pytest.mark.parametrize(("value", "expected"), [(60, "0.0"), (70, "0.0"), (95, "20.0"), (100, "20.0")])
def test_points_stop_at_floor_and_target(value: int, expected: str) -> None:
    assert points.score([line(value=value)])[1] == D(expected)


@pytest.mark.parametrize(("value", "expected"), [(0, "10.0"), (1, "6.7"), (3, "0.0"), (9, "0.0")])
def test_where_lower_is_better_the_floor_lies_above(value: int, expected: str) -> None:
    given_line = line(value=value, weight=10, target=0, floor=3, direction=Direction.LOWER)
    assert points.score([given_line])[1] == D(expected)


def test_a_cap_above_one_rewards_more_than_the_target() -> None:
    assert points.score([line(value=200, weight=10, target=100, floor=0, cap=D("1.5"))])[1] == D("15.0")


def test_what_cannot_be_scored_gives_its_weight_to_the_others_in_proportion() -> None:
    lines = [line("a", 95, 60), line("b", 95, 30), line("c", None, 10), line("d", 50, 20, None, None)]
    done, total = points.score(lines)
    assert [one.shared for one in done] == [D("80.0"), D("40.0"), None, None]
    assert [one.unscored for one in done] == [None, None, Unscored.NO_DATA, Unscored.NOT_SET]
    assert total == D("120.0")


@pytest.mark.parametrize("wrong", [
    {"target": 70, "floor": 95}, {"target": 70, "floor": 70}, {"direction": Direction.LOWER}])
def test_a_target_that_contradicts_its_direction_is_not_scored(wrong: dict[str, Any]) -> None:
    (done,), total = points.score([line(**wrong)])
    assert done.unscored is Unscored.CONTRADICTS and total is None


def test_nothing_to_score_is_no_score_not_zero() -> None:
    assert points.score([line(value=None)])[1] is None
    assert points.score([])[1] is None


terms = st.builds(
    lambda value, weight, floor, width, lower: line(
        value=value, weight=weight, floor=floor, target=floor - width if lower else floor + width,
        direction=Direction.LOWER if lower else Direction.HIGHER),
    st.none() | st.decimals(-1000, 1000, places=2), st.decimals(0, 100, places=1), st.integers(-500, 500),
    st.integers(1, 300), st.booleans())
some_lines = st.lists(terms, max_size=9).map(
    lambda lines: [points.replace(one, metric=f"m{place}") for place, one in enumerate(lines)])


@settings(max_examples=150, deadline=None)
@given(some_lines, st.randoms())
def test_scores_are_bounded_add_up_and_do_not_depend_on_the_order(lines: list[Line], draw: Any) -> None:
    done, total = points.score(lines)
    earned = [one.points for one in done if one.points is not None]
    assert total == (sum(earned, D(0)) if earned else None)
    assert all(one.shared is not None and 0 <= one.points <= one.shared for one in done if one.points is not None)
    whole = sum((one.weight for one in lines), D(0))
    if earned:
        assert 0 <= total <= whole
        assert sum(one.shared for one in done if one.shared is not None) == whole
    mixed = list(lines)
    draw.shuffle(mixed)
    again, total_again = points.score(mixed)
    assert total_again == total
    assert {one.metric: one.points for one in again} == {one.metric: one.points for one in done}


@settings(max_examples=150, deadline=None)
@given(some_lines, st.integers(0, 8), st.decimals(0, 500, places=2))
def test_a_better_value_never_lowers_a_score(lines: list[Line], place: int, more: D) -> None:
    scored = [one for one in lines if one.value is not None]
    if not scored:
        return
    one = scored[place % len(scored)]
    better = one.value + (more if one.direction is Direction.HIGHER else -more)
    raised = [points.replace(other, value=better) if other.metric == one.metric else other for other in lines]
    before, after = points.score(lines)[1], points.score(raised)[1]
    assert (before is None) == (after is None) and (before is None or after >= before)


@settings(max_examples=80, deadline=None)
@given(some_lines, st.integers(0, 8))
def test_missing_is_not_nought(lines: list[Line], place: int) -> None:
    """Taking a value away never changes the points of the others for the worse, nor scores the line."""
    if not lines:
        return
    gone = lines[place % len(lines)].metric
    done, _total = points.score([points.replace(one, value=None) if one.metric == gone else one for one in lines])
    before = {one.metric: one.points for one in points.score(lines)[0]}
    for one in done:
        if one.metric == gone:
            assert one.points is None and one.unscored is Unscored.NO_DATA
        elif before[one.metric] is not None:
            assert one.points >= before[one.metric] - D("0.1")


def test_ranks_show_ties_and_leave_out_those_without_a_score() -> None:
    assert ranking.ranks({1: D(80), 2: D(84), 3: D(84), 4: None, 5: D(91)}) == {5: 1, 2: 2, 3: 2, 1: 4, 4: None}


# ---------------------------------------------------------------- periods


def test_periods_by_label() -> None:
    month, quarter = parse("2026-11"), parse("2026-Q4")
    assert (month.starts_on, month.ends_on) == (dt.date(2026, 11, 1), dt.date(2026, 11, 30))
    assert (quarter.starts_on, quarter.ends_on) == (dt.date(2026, 10, 1), dt.date(2026, 12, 31))
    assert (month.months, quarter.months) == (1, 3)
    assert parse("2026-12").moved(1).label == "2027-01" and parse("2026-Q1").moved(-1).label == "2025-Q4"
    assert parse("2024-02").ends_on == dt.date(2024, 2, 29)
    assert month.as_kind(PeriodKind.QUARTER) == quarter and quarter.as_kind(PeriodKind.MONTH).label == "2026-12"
    assert containing(TODAY) == month and parse("2000-01").moved(-1) is None


@pytest.mark.parametrize("label", ["", "2026", "2026-13", "2026-Q5", "2026-1", "1999-12", "2026-11 ", "２０２６-11"])
def test_anything_else_is_no_period(label: str) -> None:
    with pytest.raises(RuleError):
        parse(label)


# ---------------------------------------------------------------- figures


def test_values_of_every_kind() -> None:
    value = measuring.value_of
    assert value(Kind.SHARE, Found(183, 161)) == D("87.98") and value(Kind.SHARE, Found()) is None
    assert value(Kind.COUNT, Found()) == 0 and value(Kind.COUNT, Found(), needs_base=True) is None
    assert value(Kind.SUM, Found(2, 1, D("128000"))) == D("128000.00")
    assert value(Kind.SUM, Found(2, 0)) is None and value(Kind.SUM, Found()) == 0
    assert value(Kind.MEAN, Found(3, 3, D(250))) == D("83.33") and value(Kind.MEAN, Found()) is None


def window(session: Any, cast: Any, period: Period = MONTH, now: dt.datetime = NOW) -> measuring.Window:
    return cards.window_of(session, cast.store, period, now)


def found(session: Any, cast: Any, source: str, person: Any, **more: Any) -> tuple[int, int]:
    """(whole, good) of one person, and the check that the list behind it has the same rows."""
    rows = SOURCES[source].rows(session, window(session, cast, **more))
    one = measuring.measure(session, rows, {person.id: [person.id]})[person.id]
    shown = session.execute(measuring.rows_of(rows, [person.id])).all()
    assert (len(shown), sum(bool(counts) for _row, counts in shown)) == (one.whole, one.good)
    return one.whole, one.good


def test_follow_ups_count_once_they_are_due(store_app: Any, session: Any, cast: Any) -> None:
    person = cast.sales_consultant
    customer = make.make_customer(session, owner=person)
    S = ch.FollowUpState
    late_evening = dt.datetime(2026, 11, 10, 15, 59, tzinfo=dt.UTC)  # 23:59 in Shanghai
    for day, state, closed in (
            (10, S.DONE, late_evening), (10, S.DONE, late_evening + HOUR), (20, S.OPEN, None), (20, S.SNOOZED, None),
            (23, S.OPEN, None), (29, S.OPEN, None), (29, S.DONE, NOW), (10, S.SKIPPED, NOW), (10, S.VOID, NOW)):
        make.make_followup(session, customer, assignee=person, due=dt.date(2026, 11, day), state=state,
                           closed_at=closed)
    make.make_followup(session, customer, assignee=person, due=dt.date(2026, 10, 31), state=S.DONE, closed_at=NOW)
    assert found(session, cast, "followups_on_time", person) == (5, 2)


def test_the_day_of_a_zone_with_summer_time(app: Any, session: Any, cast: Any) -> None:
    """SQLite knows no zones: the offset is chosen by the moment, on both sides of the switch."""
    from zoneinfo import ZoneInfo

    w = measuring.Window(parse("2026-Q4"), NOW, ZoneInfo("Europe/Berlin"), cast.store, "sqlite")
    customer = make.make_customer(session, owner=cast.colleague)
    moments = [dt.datetime(2026, 10, 24, 22, 30, tzinfo=dt.UTC), dt.datetime(2026, 10, 25, 22, 30, tzinfo=dt.UTC),
               dt.datetime(2026, 10, 25, 23, 30, tzinfo=dt.UTC)]
    for moment in moments:
        make.make_visit(session, customer, staff=cast.colleague, at=moment)
    days = list(session.scalars(sa.select(w.local_day(m.Visit.at)).order_by(m.Visit.at)))
    assert days == [moment.astimezone(w.zone).date().isoformat() for moment in moments]


def test_a_first_contact_counts_by_the_minute(session: Any, cast: Any) -> None:
    person, rule = cast.sales_consultant, score_rows.new_lead_rule(session)
    customer = make.make_customer(session, owner=person)
    for minutes in (-1, 1):
        make.make_followup(session, customer, assignee=person, rule_id=rule, state=ch.FollowUpState.DONE,
                           due_at=NOW - HOUR, closed_at=NOW - HOUR + dt.timedelta(minutes=minutes))
    make.make_followup(session, customer, assignee=person, rule_id=rule, due_at=NOW + HOUR)
    assert found(session, cast, "first_contact_on_time", person) == (2, 1)


def test_calls_reach_or_do_not(session: Any, cast: Any) -> None:
    person, customer = cast.care_specialist, make.make_customer(session)
    for result, channel in ((ch.VisitResult.SOLVED, "phone"), (ch.VisitResult.NOT_REACHED, "phone"),
                            (ch.VisitResult.WRONG_NUMBER, "phone"), (None, "phone"), (ch.VisitResult.SOLVED, "wechat")):
        make.make_visit(session, customer, staff=person, result=result, channel=ch.Channel(channel))
    make.make_visit(session, customer, staff=person, state=ch.VisitState.PLANNED)
    make.make_visit(session, customer, staff=person, at=NOW - 40 * DAY)
    assert found(session, cast, "call_connect", person) == (3, 1)
    assert found(session, cast, "valid_callbacks", person) == (4, 2)
    assert found(session, cast, "visits_logged", person) == (5, 5)


def test_a_promise_is_broken_when_its_day_has_passed(session: Any, cast: Any) -> None:
    customer = make.make_customer(session, owner=cast.colleague)
    for state, day in (("kept", 10), ("broken", 10), ("open", 22), ("open", 23), ("void", 10)):
        session.add(m.Promise(store_id=1, customer_id=customer.id, what="送脚垫", by_id=cast.colleague.id,
                              due_on=dt.date(2026, 11, day), state=ch.PromiseState(state)))
    session.flush()
    assert found(session, cast, "promises_kept", cast.colleague) == (3, 1)


def test_customers_contacted_within_ninety_days(session: Any, cast: Any) -> None:
    person = cast.colleague
    old, fresh, _never = (make.make_customer(session, owner=person, created_at=NOW - 200 * DAY,
                                             completeness=60 + 10 * n) for n in range(3))
    make.make_customer(session, owner=person, stage=ch.Stage.LOST)
    make.make_visit(session, old, at=NOW - 95 * DAY)
    make.make_visit(session, fresh, at=NOW - 89 * DAY)
    assert found(session, cast, "contact_coverage", person) == (3, 1)
    rows = SOURCES["data_completeness"].rows(session, window(session, cast))
    one = measuring.measure(session, rows, {person.id: [person.id]})[person.id]
    assert measuring.value_of(Kind.MEAN, one) == D("70.00")


def test_complaints_are_in_time_by_the_hours_of_the_store(session: Any, cast: Any) -> None:
    """All steps together have 98.5 store hours: 8.6 days of 11.5 hours."""
    customer, boss = make.make_customer(session), cast.service_manager
    for day, finished in ((2, NOW - 13 * DAY), (2, NOW - 10 * DAY), (5, None), (20, None)):
        make.make_complaint(session, customer, owner=boss, finished_at=finished, responsible_id=cast.service_advisor.id,
                            received_at=dt.datetime(2026, 11, day, 2, tzinfo=dt.UTC))
    make.make_complaint(session, customer, owner=boss, received_at=NOW - 5 * DAY, finished_at=NOW, imported=True)
    assert found(session, cast, "complaint_on_time", boss) == (3, 1)
    assert found(session, cast, "complaint_count", cast.service_advisor) == (4, 4)


def test_re_callbacks_belong_to_who_is_in_charge_and_to_who_calls(session: Any, cast: Any) -> None:
    complaint = make.make_complaint(session, make.make_customer(session), owner=cast.service_manager,
                                    recall_due_on=dt.date(2026, 11, 20))
    for kind, day in ((ch.StepKind.RECALL_NOT_SATISFIED, 19), (ch.StepKind.RECALL_SATISFIED, 22),
                      (ch.StepKind.RECALL_FAILED, 18), (ch.StepKind.NOTE, 18)):
        session.add(m.ComplaintStep(store_id=1, complaint_id=complaint.id, kind=kind, by_id=cast.care_specialist.id,
                                    at=dt.datetime(2026, 11, day, 6, tzinfo=dt.UTC)))
    session.flush()
    assert found(session, cast, "recall_satisfied", cast.service_manager) == (2, 1)
    assert found(session, cast, "recall_on_time", cast.care_specialist) == (3, 2)


def test_repair_orders(session: Any, cast: Any) -> None:
    person = cast.service_advisor
    customer = make.make_customer(session, advisor_id=person.id)
    closed, hour = ch.RepairState.CLOSED, NOW - DAY
    make.make_order(session, customer, advisor=person, state=closed, closed_at=hour, promised_at=hour, satisfaction=4,
                    kind=ch.RepairKind.REPAIR)
    make.make_order(session, customer, advisor=person, state=closed, closed_at=hour, promised_at=hour - HOUR,
                    satisfaction=3, kind=ch.RepairKind.ACCIDENT, same_fault=True)
    make.make_order(session, customer, advisor=person, state=closed, closed_at=hour, same_fault=True)
    make.make_order(session, customer, advisor=person)
    assert found(session, cast, "repair_orders_closed", person) == (3, 3)
    assert found(session, cast, "delivered_as_promised", person) == (2, 1)
    assert found(session, cast, "first_fix", person) == (2, 1)
    assert found(session, cast, "service_satisfaction", person) == (2, 1)


def test_customers_who_come_back(session: Any, cast: Any) -> None:
    person = cast.service_advisor
    for months in (2, 20, 40):
        customer = make.make_customer(session, advisor_id=person.id)
        make.make_order(session, customer, advisor=person, opened_at=NOW - dt.timedelta(days=30 * months))
    assert found(session, cast, "service_return", person) == (2, 1)


def test_cars_sold_here_count_from_the_day_they_are_handed_over(session: Any, cast: Any) -> None:
    customer, person = make.make_customer(session), cast.sales_consultant
    for day, price, here in ((3, 100_000, True), (23, None, True), (28, 9, True), (3, 9, False)):
        make.make_vehicle(session, customer, sold_by_id=person.id, bought_on=dt.date(2026, 11, day), price=price,
                          bought_here=here)
    assert found(session, cast, "deals", person) == (2, 2)
    assert found(session, cast, "revenue", person) == (2, 1)


def test_guests_of_campaigns_that_are_over(session: Any, cast: Any) -> None:
    over = make.make_campaign(session, owner=cast.marketing, ends_at=NOW - DAY)
    coming = make.make_campaign(session, owner=cast.marketing, ends_at=NOW + DAY)
    for campaign, state, held, score in (
            (over, "attended", False, 5), (over, "lead", False, 2), (over, "deal", False, None),
            (over, "no_show", False, None), (over, "attended", True, 5), (coming, "deal", False, 5)):
        session.add(m.CampaignMember(
            store_id=1, campaign_id=campaign.id, customer_id=make.make_customer(session).id, holdout=held,
            state=ch.MemberState(state), invited_by_id=cast.care_specialist.id, feedback=score))
    session.flush()
    assert found(session, cast, "campaign_attendance", cast.marketing) == (4, 3)
    assert found(session, cast, "invitation_attendance", cast.care_specialist) == (4, 3)
    assert found(session, cast, "campaign_leads", cast.marketing) == (4, 2)
    assert found(session, cast, "campaign_deals", cast.marketing) == (4, 1)
    assert found(session, cast, "campaign_satisfaction", cast.marketing) == (2, 1)


def test_satisfaction_belongs_to_the_owner_and_to_the_caller(session: Any, cast: Any) -> None:
    customer = make.make_customer(session, owner=cast.sales_consultant)
    for answer in (5, 4, 2, None):
        make.make_visit(session, customer, staff=cast.care_specialist, satisfaction=answer)
    assert found(session, cast, "sales_satisfaction", cast.sales_consultant) == (3, 2)
    assert found(session, cast, "visit_satisfaction", cast.care_specialist) == (3, 2)
    assert viewing.interval(Found(9, 8)) == (56, 98)


def test_every_source_counts_the_rows_it_lists(store_app: Any, session: Any, cast: Any) -> None:
    score_rows.fill(session, cast)
    people = session.scalars(sa.select(m.User).where(m.User.store_id == 1)).all()
    for label in ("2026-11", "2026-Q4", "2026-10"):
        for source in SOURCES:
            total = sum(found(session, cast, source, person, period=parse(label))[0] for person in people)
            assert total or label == "2026-10", f"{source} has no rows in {label}"


# ---------------------------------------------------------------- cards


def compute(session: Any, cast: Any, role: str = "sales_consultant", period: Period = MONTH,
            now: dt.datetime = NOW) -> list[cards.Card]:
    return cards.compute(session, cast.store, period, cards.schemes(session, period)[role], now)


def test_the_lines_add_up_to_the_score(store_app: Any, session: Any, cast: Any) -> None:
    score_rows.fill(session, cast)
    for role in cards.schemes(session, MONTH):
        made = compute(session, cast, role)
        assert made, role
        for card in made:
            earned = [one.points.points for one in card.lines if one.points.points is not None]
            assert card.total == (sum(earned, D(0)) if earned else None)
            assert card.total is None or 0 <= card.total <= 100


def test_somebody_without_any_data_is_not_scored_and_not_ranked(session: Any, cast: Any) -> None:
    make.make_visit(session, make.make_customer(session, owner=cast.colleague), staff=cast.colleague)
    by_name = {card.user_id: card for card in compute(session, cast)}
    idle = by_name[cast.sales_consultant.id]
    assert (idle.total, idle.rank) == (None, None)
    assert {one.points.unscored for one in idle.lines} <= {Unscored.NO_DATA}
    assert by_name[cast.colleague.id].rank == 1


def test_a_manager_is_scored_by_the_team(session: Any, cast: Any) -> None:
    for person in (cast.sales_consultant, cast.colleague, cast.other_team):
        make.make_vehicle(session, make.make_customer(session, owner=person), sold_by_id=person.id, bought_on=TODAY)
    (card,) = compute(session, cast, "sales_manager")
    assert card.line("deals").found == Found(2, 2)


def test_who_counts_in_a_period(session: Any, cast: Any) -> None:
    names = lambda period: {card.user_id for card in compute(session, cast, period=parse(period))}  # noqa: E731
    left, new = cast.colleague, cast.other_team
    left.active, left.left_on, new.hired_on = False, dt.date(2026, 10, 15), dt.date(2026, 11, 20)
    session.flush()
    assert names("2026-10") == {cast.sales_consultant.id, left.id}
    assert names("2026-11") == {cast.sales_consultant.id, new.id}


def test_a_quarter_asks_three_times_what_adds_up(session: Any, cast: Any) -> None:
    month, quarter = (cards.schemes(session, parse(label))["sales_consultant"] for label in ("2026-11", "2026-Q4"))
    targets = lambda scheme: {one.code: one.target for one in scheme.terms}  # noqa: E731
    assert (targets(month)["deals"], targets(quarter)["deals"]) == (6, 18)
    assert targets(month)["followups_on_time"] == targets(quarter)["followups_on_time"] == 95
    assert targets(quarter)["revenue"] is None


def test_a_later_scheme_replaces_an_earlier_one(session: Any, cast: Any) -> None:
    role = cast.sales_consultant.role_id
    session.add(m.ScoreScheme(name="新方案", role_id=role, valid_from=dt.date(2026, 11, 15)))
    session.add(m.ScoreScheme(name="停用", role_id=role, valid_from=dt.date(2026, 11, 20), enabled=False))
    session.flush()
    assert cards.schemes(session, MONTH)["sales_consultant"].name == "新方案"
    assert cards.schemes(session, parse("2026-10"))["sales_consultant"].name == "销售顾问评分方案"


def test_the_number_of_statements_does_not_grow_with_the_people(session: Any, cast: Any) -> None:
    def statements() -> int:
        seen: list[str] = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731
        sa.event.listen(session.get_bind(), "before_cursor_execute", listener)
        compute(session, cast)
        sa.event.remove(session.get_bind(), "before_cursor_execute", listener)
        return len(seen)

    assert cast.store.id  # loaded before the counting begins
    statements()
    first = statements()
    for number in range(25):
        session.add(m.User(username=f"more{number}", name=f"新人{number}", store_id=1,
                           role_id=cast.sales_consultant.role_id))
    session.flush()
    assert statements() == first <= 14


# ---------------------------------------------------------------- a period's life


def test_closing_freezes_the_scores_and_the_rows(store_app: Any, session: Any, cast: Any) -> None:
    score_rows.fill(session, cast)
    before = compute(session, cast, now=AFTER)
    act_as(cast.care_manager)
    period = closing.close(session, cast.store, MONTH, AFTER)
    session.commit()
    assert period.state == PeriodState.CLOSED and period.closed_by_id == cast.care_manager.id
    with access.as_system(session, "test"):
        session.query(m.FollowUp).update({"assignee_id": cast.outsider.id})
        session.query(m.Vehicle).update({"deleted_at": NOW})
    kept = closing.frozen(session, period, "sales_consultant")
    plain = lambda made: [(c.user_id, c.total, c.rank, [(one.terms.code, one.found, one.points) for one in c.lines])  # noqa: E731
                          for c in made]
    assert plain(kept) == plain(before)
    for card in kept:
        for one in card.lines:
            assert (len(one.rows), sum(good for _key, good in one.rows)) == (one.found.whole, one.found.good)


def test_a_period_is_closed_once_and_not_before_its_last_day(session: Any, cast: Any) -> None:
    act_as(cast.general_manager)
    with pytest.raises(RuleError, match="2026-11-30"):
        closing.close(session, cast.store, MONTH, NOW)
    with pytest.raises(RuleError):
        closing.pay(session, cast.store, MONTH, AFTER)
    closing.close(session, cast.store, MONTH, AFTER)
    with pytest.raises(RuleError):
        closing.close(session, cast.store, MONTH, AFTER)
    assert closing.pay(session, cast.store, MONTH, AFTER).state == PeriodState.PAID
    with pytest.raises(RuleError):
        closing.pay(session, cast.store, MONTH, AFTER)


@pytest.mark.parametrize("who", ["sales_manager", "sales_consultant", "care_specialist", "auditor", "administrator"])
def test_others_neither_close_nor_pay(session: Any, cast: Any, who: str) -> None:
    act_as(getattr(cast, who))
    for step in (closing.close, closing.pay):
        with pytest.raises(Refused):
            step(session, cast.store, MONTH, AFTER)
    assert session.scalars(sa.select(m.ScorePeriod)).all() == []


def test_the_care_manager_keeps_the_own_store_only(session: Any, cast: Any) -> None:
    act_as(cast.care_manager)
    with pytest.raises(Refused):
        closing.close(session, session.scalars(access.ungated(sa.select(m.Store).where(m.Store.code == "S2"))).one(),
                      MONTH, AFTER)


@pytest.fixture
def closed_score(session: Any, cast: Any) -> m.Score:
    """The consultant's score of a closed November."""
    act_as(cast.care_manager)
    period = closing.close(session, cast.store, MONTH, AFTER)
    session.commit()
    return session.scalars(sa.select(m.Score).where(
        m.Score.period_id == period.id, m.Score.user_id == cast.sales_consultant.id)).one()


@pytest.mark.parametrize("who", ["sales_manager", "care_manager", "general_manager"])
def test_the_manager_writes_the_note(session: Any, cast: Any, closed_score: m.Score, who: str) -> None:
    act_as(getattr(cast, who))
    closing.write_note(session, closed_score, "  继续保持 ", closed_score.version)
    session.commit()
    assert row(m.Score, closed_score.id).note == "继续保持"


@pytest.mark.parametrize("who", ["service_manager", "sales_consultant", "colleague"])
def test_others_write_no_note(session: Any, cast: Any, closed_score: m.Score, who: str) -> None:
    act_as(getattr(cast, who))
    with pytest.raises(Refused):
        closing.write_note(session, closed_score, "不错", closed_score.version)
    session.rollback()
    assert row(m.Score, closed_score.id).note is None


def test_a_note_never_overwrites_anothers_and_ends_with_payment(session: Any, cast: Any, closed_score: m.Score) -> None:
    act_as(cast.sales_manager)
    with pytest.raises(StaleRow):
        closing.write_note(session, closed_score, "晚了", closed_score.version - 1)
    act_as(cast.general_manager)
    closing.pay(session, cast.store, MONTH, AFTER)
    with pytest.raises(RuleError):
        closing.write_note(session, closed_score, "晚了", closed_score.version)


def test_the_person_confirms_once(session: Any, cast: Any, closed_score: m.Score) -> None:
    act_as(cast.sales_manager)
    with pytest.raises(Refused):
        closing.confirm(session, closed_score, AFTER)
    act_as(cast.sales_consultant)
    closing.confirm(session, closed_score, AFTER)
    with pytest.raises(RuleError):
        closing.confirm(session, closed_score, AFTER)
    assert closed_score.confirmed_at == AFTER


# ---------------------------------------------------------------- who sees what


@pytest.mark.parametrize(("viewer", "person", "sees"), [
    ("general_manager", "sales_consultant", True), ("care_manager", "sales_consultant", True),
    ("sales_manager", "sales_consultant", True), ("sales_manager", "other_team", False),
    ("service_manager", "sales_consultant", False), ("sales_consultant", "sales_consultant", True),
    ("sales_consultant", "colleague", False), ("sales_consultant", "sales_manager", False),
    ("auditor", "sales_consultant", False), ("administrator", "sales_consultant", False)])
def test_who_sees_whose_lines(session: Any, cast: Any, viewer: str, person: str, sees: bool) -> None:
    actor = access.actor_for(session, getattr(cast, viewer))
    assert viewing.sees_lines(actor, cast.store, getattr(cast, person).id) is sees


def test_a_store_may_let_colleagues_see_each_other(session: Any, cast: Any) -> None:
    cast.store.show_colleagues = True
    actor = access.actor_for(session, cast.sales_consultant)
    assert viewing.sees_lines(actor, cast.store, cast.colleague.id)
    assert not viewing.sees_lines(actor, cast.other_store, cast.outsider.id)


def test_roles_whose_ranks_are_shown(session: Any, cast: Any) -> None:
    schemes = cards.schemes(session, MONTH)
    shown = lambda who: [one.role for one in viewing.roles_shown(  # noqa: E731
        session, access.actor_for(session, getattr(cast, who)), schemes)]
    assert set(shown("general_manager")) == set(schemes)
    assert shown("care_manager")[0] == "care_specialist"
    assert shown("sales_manager") == ["sales_consultant", "sales_manager"]
    assert shown("sales_consultant") == ["sales_consultant"]
    assert shown("auditor") == []


# ---------------------------------------------------------------- seeds


def test_seeded_schemes_are_whole() -> None:
    metrics = {one["code"]: one for one in read_seed("metrics.yaml")}
    assert {one["source"] for one in metrics.values()} == set(SOURCES)
    schemes = read_seed("score_schemes.yaml")
    assert {one["role"] for one in schemes} == {"sales_consultant", "service_advisor", "care_specialist",
                                                "sales_manager", "service_manager", "care_manager", "marketing"}
    unset = 0
    for scheme in schemes:
        assert sum(one["weight"] for one in scheme["lines"]) == 100, scheme["name"]
        for one in scheme["lines"]:
            metric = metrics[one["metric"]]
            assert scheme["role"] in metric["roles"], (scheme["role"], one["metric"])
            unset += "target" not in one
            given_line = line("x", 1, one["weight"], one.get("target"), one.get("floor"),
                              direction=Direction(metric["direction"]))
            assert points.why_unscored(given_line) in (None, Unscored.NOT_SET), (scheme["name"], one)
    assert unset >= len(schemes)
