"""Segments: every fact and operator says the same in Python and in SQL; what cannot be meant is refused with words."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin_app import choices as ch
from admin_app import clock
from admin_app import models as m
from admin_app.errors import RuleError
from admin_app.rules import followups, saving, segments
from admin_app.rules.followups import conditions, rules
from admin_app.rules.segments import saved, typed
from admin_app.rules.segments.facts import FACTS, Fact
from admin_app.rules.segments.operators import OPERATORS, Operator, of_kind, years_before
from tests.cast import NOW, TODAY, Cast
from tests.factories import make_customer, make_vehicle
from tests.rules.followup_support import save, tasks

WORDS = ["南山", "福田", "", "a%b_c\\", "A", "a", "常客", "岚风 S7"]
DAYS = [TODAY - dt.timedelta(days=ahead) for ahead in (-400, -31, -30, -1, 0, 1, 30, 31, 365, 366, 1096)]
LEAP = dt.date(1992, 2, 29)


def world(session: Any, cast: Cast) -> list[m.Customer]:
    """Customers with every edge of a fact: nothing known, empty text, JSON null, leap days, midnights, many cars."""
    found = [make_customer(session, owner=None, phone=None, registered_on=None, name="无")]
    for place, day in enumerate(DAYS):
        word = WORDS[place % len(WORDS)]
        customer = make_customer(
            session,
            owner=(cast.sales_consultant, cast.colleague, None)[place % 3],
            district=word,
            occupation=word or None,
            tier=list(ch.Tier)[place % 4] if place % 5 else None,
            source=list(ch.Source)[place % 6],
            tags=[None, [], ["常客"], ["A", "a%b_c\\"], ["常客", "A"]][place % 5],
            stage=list(ch.Stage)[place % 4],
            birthday=LEAP
            if place % 4 == 0
            else day.replace(year=1980)
            if (day.month, day.day) != (2, 29)
            else LEAP,
            last_contact_at=clock.at(day, 0) - dt.timedelta(seconds=place % 2),
            next_contact_on=day,
            registered_on=day,
            do_not_disturb=place % 2 == 0,
            completeness=place * 10,
            budget=Decimal(place * 1000),
            advisor_id=cast.service_advisor.id if place % 2 else None,
            sex=ch.Sex.MALE if place % 3 else None,
        )
        found.append(customer)
        for car in range(place % 3):
            make_vehicle(
                session,
                customer,
                brand=WORDS[(place + car) % len(WORDS)] or None,
                bought_on=day if car else None,
                mileage=place * 1000 if car else None,
                insurance_until=day,
                next_service_on=day,
                bought_here=bool(car),
                deleted_at=NOW if place == 7 else None,
            )
    session.flush()
    return found


def values_for(fact: Fact, operator: Operator, cast: Cast) -> list[list[Any]]:
    """Some lists of values that a clause may have."""
    if operator.takes == "none":
        return [[]]
    if operator.takes in ("days", "count"):
        return [[0], [1], [30], [34], [100]]
    pool: list[Any] = {
        "text": [word for word in WORDS if word],
        "tags": ["常客", "A", "a"],
        "month": list(range(1, 13)),
        "day": [day.isoformat() for day in DAYS],
        "person": [cast.colleague.id, cast.sales_consultant.id],
    }.get(fact.kind) or [one.value for one in fact.choices or ()]
    single = [[value] for value in pool[:6]]
    if operator.takes == "one":
        return single
    return [
        *single,
        pool[:2],
        *([[None], [None, pool[0]]] if fact.kind in ("choice", "person", "text") else []),
    ]


def in_sql(session: Any, clauses: list[dict[str, Any]], today: dt.date) -> set[int]:
    return set(session.scalars(sa.select(m.Customer.id).where(*segments.criteria(clauses, today))))


@pytest.mark.usefixtures("store_app")
def test_every_fact_and_operator_says_the_same_in_python_and_in_sql(session: Any, cast: Cast) -> None:
    people, told = world(session, cast), set()
    for fact in FACTS.values():
        for operator in of_kind(fact.kind):
            for values in values_for(fact, operator, cast):
                clause = {"field": fact.name, "op": operator.name, "values": values}
                assert segments.faults([clause]) == {}, clause
                slowly = {one.id for one in people if segments.holds([clause], one, TODAY)}
                assert in_sql(session, [clause], TODAY) == slowly, clause
                if 0 < len(slowly) < len(people):
                    told.add(operator.name)
    assert told == {one.name for one in OPERATORS}, "an operator that tells nobody from anybody is not tested"


@pytest.mark.usefixtures("store_app")
def test_lists_of_clauses_on_any_day_say_the_same(session: Any, cast: Cast) -> None:
    people = world(session, cast)
    clause = st.sampled_from(
        [
            {"field": fact.name, "op": how.name, "values": values}
            for fact in FACTS.values()
            for how in of_kind(fact.kind)
            for values in values_for(fact, how, cast)
        ]
    )
    days = st.sampled_from([*DAYS, dt.date(2028, 2, 29), dt.date(2026, 12, 31), dt.date(2027, 1, 1)])

    @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(clause, max_size=4), days)
    def same(clauses: list[dict[str, Any]], today: dt.date) -> None:
        assert in_sql(session, clauses, today) == {
            one.id for one in people if segments.holds(clauses, one, today)
        }

    same()


@pytest.mark.parametrize(
    "bad",
    [
        [{"field": "phone", "op": "equals", "values": ["1"]}],
        [{"field": "x", "op": "equals", "values": ["1"]}],
        [{"field": "stage", "op": "older_than", "values": [1]}],
        [{"field": "stage", "op": "equals", "values": []}],
        [{"field": "stage", "op": "equals", "values": ["lead", "owner"]}],
        [{"field": "stage", "op": "one_of", "values": ["x"]}],
        [{"field": "stage", "op": "empty", "values": ["lead"]}],
        [{"field": "last_contact_at", "op": "before", "values": ["x"]}],
        [{"field": "last_contact_at", "op": "older_than", "values": ["9"]}],
        [{"field": "age", "op": "years_least", "values": [999]}],
        [{"field": "birthday_month", "op": "one_of", "values": [13]}],
        [{"field": "birthday_month", "op": "one_of", "values": [0]}],
        [{"field": "district", "op": "equals", "values": ["x" * 200]}],
        [{"field": "tags", "op": "has", "values": [None]}],
        [{"field": "finances", "op": "equals", "values": ["x"]}],
        ["stage"],
        "stage",
        [{"field": ["stage"]}],
        [{"field": "stage", "op": "filled"}] * 21,
    ],
)
def test_what_cannot_be_asked_is_refused(bad: Any, app: Any) -> None:
    assert segments.faults(bad)


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        (("stage", "equals", ["lead"]), ("stage", "one_of", ["owner", "lost"]), True),
        (("stage", "one_of", ["lead", "owner"]), ("stage", "not", ["lead", "owner"]), True),
        (("stage", "one_of", ["lead", "owner"]), ("stage", "not", ["lead"]), False),
        (("tier", "empty", []), ("tier", "filled", []), True),
        (("tier", "empty", []), ("tier", "equals", ["A"]), True),
        (("tier", "empty", []), ("tier", "one_of", ["A", None]), False),
        (("tier", "empty", []), ("tier", "not", ["A"]), False),
        (("owns_car", "yes", []), ("owns_car", "no", []), True),
        (("car_brand", "equals", ["A"]), ("car_brand", "equals", ["B"]), False),
        (("stage", "equals", ["lead"]), ("tier", "equals", ["A"]), False),
    ],
)
def test_conditions_that_nobody_can_fit_together_are_told(
    app: Any, one: Any, other: Any, clash: bool
) -> None:
    clauses = [{"field": field, "op": op, "values": values} for field, op, values in (one, other)]
    assert bool(segments.faults(clauses)) is clash
    assert set(segments.faults(clauses)) <= {1}, "it is said at the later one"


def test_years_before_a_leap_day() -> None:
    assert years_before(dt.date(2028, 2, 29), 1) == dt.date(2027, 2, 28)
    assert years_before(dt.date(2028, 2, 29), 4) == dt.date(2024, 2, 29)


def test_values_are_typed_by_label_or_code(app: Any) -> None:
    people = {7: "王强", 8: "李娜"}
    assert typed.read("stage", "one_of", "潜在、owner， 潜在", people)[0] in ([], ["lead", "owner"])
    assert typed.read("stage", "one_of", f"{ch.Stage.LEAD.label}、owner", people) == (["lead", "owner"], None)
    assert typed.read("owner_id", "one_of", "李娜, 7", people) == ([8, 7], None)
    assert typed.read("last_contact_at", "before", "2026-01-05", people) == (["2026-01-05"], None)
    assert typed.read("birthday_month", "one_of", "3月、4", people) == ([3, 4], None)
    for field, operator, text in (
        ("stage", "equals", "没有"),
        ("owner_id", "equals", "没有"),
        ("age", "years_least", "x"),
        ("last_contact_at", "after", "31.02.2026"),
    ):
        values, fault = typed.read(field, operator, text, people)
        assert (values, bool(fault)) == ([], True), (field, text)


def test_every_seeded_condition_survives_the_editor(session: Any, cast: Cast) -> None:
    people = world(session, cast)
    for rule in session.scalars(sa.select(m.FollowUpRule)):
        words = {
            name: value for name, value in (rule.condition or {}).items() if name in rules.OF_THE_TRIGGER
        }
        again = conditions.from_clauses(conditions.to_clauses(rule.condition), words)
        assert (again or {}) == (rule.condition or {}) or [rules.holds(again, one) for one in people] == [
            rules.holds(rule.condition, one) for one in people
        ], rule.code


def test_a_condition_takes_clauses_beside_values(session: Any, cast: Cast) -> None:
    people = world(session, cast)
    clauses = [
        {"field": "stage", "op": "one_of", "values": ["lead", "owner"]},
        {"field": "tier", "op": "empty", "values": []},
        {"field": "last_contact_at", "op": "older_than", "values": [20]},
        {"field": "stage", "op": "not", "values": ["lead"]},
    ]
    condition = conditions.from_clauses(clauses, {"km": 5000})
    assert (
        condition["stage"] == ["lead", "owner"]
        and condition["tier"] is None
        and len(condition["clauses"]) == 2
    )
    slowly = {one.id for one in people if rules.holds(condition, one, TODAY)}
    assert set(session.scalars(sa.select(m.Customer.id).where(*rules.criteria(condition, TODAY)))) == slowly
    assert slowly == {one.id for one in people if segments.holds(clauses, one, TODAY)}


# ---------------------------------------------------------------- the row, and rules that go by it


def segment(session: Any, *clauses: tuple[str, str, list[Any]], **values: Any) -> m.Segment:
    return save(
        session,
        m.Segment(
            name="细分",
            clauses=[{"field": field, "op": op, "values": given} for field, op, given in clauses],
            **values,
        ),
    )


def test_a_segment_needs_a_name_and_clauses(session: Any) -> None:
    for bad, field in (
        ({"name": " "}, "name"),
        ({"clauses": []}, "clauses"),
        ({"clauses": [{"field": "x"}]}, "clauses"),
    ):
        row = m.Segment(
            **({"name": "细分", "clauses": [{"field": "tier", "op": "empty", "values": []}]} | bad)
        )
        with pytest.raises(RuleError) as refused:
            saving.prepare(session, row, NOW)
        assert refused.value.field == field


@pytest.mark.usefixtures("store_app")
def test_a_segment_of_a_store_one_switched_off_and_one_for_all(session: Any, cast: Cast) -> None:
    here, there = make_customer(session, owner=cast.colleague), make_customer(session, owner=cast.outsider)
    filled = ("stage", "filled", [])
    rows = [
        segment(session, filled),
        segment(session, filled, store_id=1),
        segment(session, filled, active=False),
    ]
    for row, fits in zip(rows, ((True, True), (True, False), (False, False)), strict=True):
        assert (
            segments.holds_of(session, row.id, here, TODAY),
            segments.holds_of(session, row.id, there, TODAY),
        ) == fits
        found = set(
            session.scalars(sa.select(m.Customer.id).where(*segments.criteria_of(session, row.id, TODAY)))
        )
        assert ({here.id, there.id} & found) == {
            one.id for one, fit in zip((here, there), fits, strict=True) if fit
        }
    assert segments.size(session, rows[0].clauses, None, NOW) >= 2
    assert segments.size(session, rows[0].clauses, 1, NOW) == 1


def test_a_rule_makes_tasks_for_its_segment_only_and_the_segment_stays(session: Any, cast: Cast) -> None:
    row = segment(session, ("tags", "has", ["常客"]))
    fits, other = (
        make_customer(
            session,
            owner=cast.colleague,
            stage=ch.Stage.OWNER,
            kind=ch.CustomerKind.PERSON,
            tags=tags,
            birthday=dt.date(1980, TODAY.month, TODAY.day),
        )
        for tags in (["常客"], None)
    )
    rule = session.scalars(sa.select(m.FollowUpRule).where(m.FollowUpRule.code == "birthday")).one()
    rule.segment_id = row.id
    save(session, rule)
    followups.make_dated(session, TODAY, NOW)
    assert len(tasks(session, fits, "birthday")) == 1 and tasks(session, other, "birthday") == []
    with pytest.raises(RuleError):
        saved.check_unused(session, row)
    row.active = False
    with pytest.raises(RuleError) as refused:
        saving.prepare(session, row, NOW)
    assert refused.value.field == "active"
    rule.enabled = False
    session.flush()
    saved.check_unused(session, row)


def test_an_event_makes_its_task_for_the_segment_only(session: Any, cast: Cast) -> None:
    row = segment(session, ("owns_car", "yes", []))
    rule = session.scalars(sa.select(m.FollowUpRule).where(m.FollowUpRule.code == "grade_a")).one()
    rule.segment_id = row.id
    session.flush()
    fits, other = make_customer(session, owner=cast.colleague), make_customer(session, owner=cast.colleague)
    make_vehicle(session, fits)
    assert rules.fits(session, rule, fits, TODAY) and not rules.fits(session, rule, other, TODAY)
    assert followups.next_date_by_rule(session, fits, NOW) == TODAY + dt.timedelta(days=4)
    assert followups.next_date_by_rule(session, other, NOW) is None


def test_an_enabled_rule_goes_by_a_segment_in_use(session: Any) -> None:
    row = segment(session, ("stage", "filled", []), active=False)
    rule = session.scalars(sa.select(m.FollowUpRule).where(m.FollowUpRule.code == "birthday")).one()
    rule.segment_id = row.id
    with pytest.raises(RuleError) as refused:
        saving.prepare(session, rule, NOW)
    assert refused.value.field == "segment_id"
