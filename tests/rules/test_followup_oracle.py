"""The dated rules against a slow oracle, the nightly job day by day over a year, preview against what is made."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from admin_app import access, clock
from admin_app import choices as ch
from admin_app import models as m
from admin_app.database import db
from admin_app.rules import followups
from admin_app.rules.followups import cases, dated, planning, rules
from admin_app.rules.followups.staff import Staff
from tests.rules import followup_oracle as oracle
from tests.rules.followup_support import save

ONE = dt.timedelta(days=1)
DAYS_2026 = [dt.date(2026, 1, 1) + number * ONE for number in range(365)]
LEAP = [dt.date(2028, 2, 24) + number * ONE for number in range(12)]  # 29 February 2028
LEAP_MONTH = [dt.date(2028, 6, 18) + number * ONE for number in range(40)]  # the second fifth month of 2028


def dated_rules(session: Any) -> list[Any]:
    return rules.enabled(session, *cases.DATED)


def found_by_sql(session: Any, rule: Any, first: dt.date, last: dt.date) -> set[oracle.Due]:
    store = session.get(m.Store, 1)
    staff = Staff.of(session, 1)
    found: set[oracle.Due] = set()
    with access.as_system(session, "test"):
        for task in dated.tasks_between(session, rule, store, staff, first, last, clock.at(first)):
            if task["expires_on"] is None or task["expires_on"] >= task["due_on"]:
                found.add((task["occurrence"], task["due_on"]))
    return found


@pytest.mark.usefixtures("store_app")
def test_the_sql_list_and_the_slow_oracle_agree(session: Any, cast: Any) -> None:
    oracle.fill(session, cast, 50, seed=7)
    small = oracle.Small(session)

    def drawn(offset: int, move: bool, ends: int | None, purpose: Any, sample: int, tier: Any, festival: str) -> Any:
        return m.FollowUpRule(
            code="drawn",
            name="抽",
            offset=offset,
            unit=ch.OffsetUnit.DAYS,
            to_working_day=move,
            expires_after=ends,
            purpose=purpose,
            sample_percent=sample,
            assignee=ch.Assignee.OWNER,
            channel=ch.Channel.PHONE,
            condition={"festival": festival} | ({"tier": tier} if tier else {}),
        )

    given_rule = st.builds(
        drawn,
        st.integers(-100, 100),
        st.booleans(),
        st.none() | st.integers(-5, 130),
        st.sampled_from([ch.Purpose.CARE, ch.Purpose.SERVICE]),
        st.sampled_from([0, 30, 100]),
        st.none() | st.lists(st.sampled_from([None, "A", "C"]), min_size=1, max_size=2, unique=True),
        st.sampled_from([*oracle.SOLAR, *oracle.LUNAR]),
    )
    starts = st.sampled_from(
        [*DAYS_2026[::9], *LEAP[::4], *LEAP_MONTH[::6], dt.date(2026, 2, 10), dt.date(2026, 9, 28)]
    )
    seen = Counter()

    @settings(
        max_examples=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @given(given_rule, starts)
    def agree(rule: m.FollowUpRule, first: dt.date) -> None:
        for trigger in cases.DATED:
            rule.trigger = trigger
            slowly = small.due(rule, first, first + 40 * ONE)
            assert found_by_sql(session, rule, first, first + 40 * ONE) == slowly, (
                trigger,
                rule.offset,
                first,
            )
            seen[trigger] += len(slowly)

    agree()
    for first in (dt.date(2026, 2, 10), dt.date(2026, 4, 1), dt.date(2026, 9, 28)):  # these find much
        agree.hypothesis.inner_test(drawn(0, False, None, ch.Purpose.SERVICE, 100, None, "春节"), first)
    assert sum(1 for number in seen.values() if number) >= 8, "too little was compared"


def test_the_calendar_of_the_store_moves_what_a_rule_finds(session: Any, cast: Any) -> None:
    oracle.fill(session, cast, 30, seed=3)
    small = oracle.Small(session)
    rule = next(one for one in dated_rules(session) if one.code == "inspection_30")
    before = found_by_sql(session, rule, DAYS_2026[0], DAYS_2026[90])
    day = next(due for _key, due in sorted(before))
    session.add(m.CalendarDay(day=day, kind=ch.DayKind.HOLIDAY, name="店庆"))
    session.commit()
    followups.dated.directory.forget()
    small.said = {day: False}
    after = found_by_sql(session, rule, DAYS_2026[0], DAYS_2026[90])
    assert after == small.due(rule, DAYS_2026[0], DAYS_2026[90]) != before
    assert day not in {due for _key, due in after}


# ---------------------------------------------------------------- the job, day by day, against preview and oracle


def job(session: Any, day: dt.date) -> set[tuple[str, int | None]]:
    """(occurrence, person) of the dated rules' tasks that one night makes."""
    last = session.scalar(sa.select(sa.func.coalesce(sa.func.max(m.FollowUp.id), 0)))
    followups.make_dated(session, day, clock.at(day, 6))
    session.flush()
    return {
        (row.occurrence, row.assignee_id)
        for row in session.execute(
            sa.select(m.FollowUp.occurrence, m.FollowUp.assignee_id).where(
                m.FollowUp.id > last, m.FollowUp.rule_id.in_([rule.id for rule in dated_rules(session)])
            )
        )
    }


def ahead(session: Any, today: dt.date) -> dict[dt.date, Counter[tuple[str, int | None]]]:
    """Day → (rule, person) → tasks that the preview promises, in a preview of today."""
    found: dict[dt.date, Counter[tuple[str, int | None]]] = defaultdict(Counter)
    for rule in dated_rules(session):
        for (person, day), number in planning.forecast(session, rule, today).items():
            found[day][rule.code, person] += number
    return found


def walk(session: Any, days: list[dt.date], preview_every: int) -> int:
    """One night after the other; what was promised for a day, by each preview before it, is what is made. The oracle
    agrees from the third week on, when nothing is caught up any more. Returns how many tasks were made."""
    small, promised, total = oracle.Small(session), defaultdict(list), 0
    slowly: dict[dt.date, set[str]] = defaultdict(set)
    for rule in dated_rules(session):
        for key, due in small.due(rule, days[0], days[-1]):
            slowly[due].add(key)
    for place, day in enumerate(days):
        if place % preview_every == 0:
            for one, numbers in ahead(session, day).items():
                promised[one].append(numbers)
        made = job(session, day)
        total += len(made)
        counted = Counter((key.partition(":")[0], person) for key, person in made)
        for numbers in promised[day]:
            assert numbers == counted, (day, numbers - counted, counted - numbers)
        if place > 14:
            assert {key for key, _person in made} == slowly[day], day
    return total


def test_every_day_of_2026_the_preview_is_what_is_made(session: Any, cast: Any) -> None:
    """Over 春节, the holidays that are worked in before, and the year's end."""
    oracle.fill(session, cast, 30, seed=1)
    made = walk(session, DAYS_2026, preview_every=14)
    assert made > 100
    codes = {key.partition(":")[0] for key in session.scalars(sa.select(m.FollowUp.occurrence))}
    assert {
        "birthday",
        "anniversary",
        "festival_spring",
        "insurance_90",
        "promise_due",
        "repair_day3",
    } <= codes


@pytest.mark.parametrize("days", [LEAP, LEAP_MONTH], ids=["leap day", "leap month"])
def test_leap_days_and_leap_months_are_kept_once(session: Any, cast: Any, days: list[dt.date]) -> None:
    oracle.fill(session, cast, 60, seed=2, year=2028)
    assert walk(session, days, preview_every=5) > 5
    keys = list(session.scalars(sa.select(m.FollowUp.occurrence)))
    assert len(keys) == len(set(keys))


def test_whom_a_rule_is_for_may_change_with_the_calendar_alone(session: Any, cast: Any) -> None:
    """A segment over the days since the last contact: the preview looks at each day as it will be."""
    oracle.fill(session, cast, 45, seed=4)
    segment = save(
        session,
        m.Segment(
            name="久未联系", clauses=[{"field": "last_contact_at", "op": "older_than", "values": [40]}]
        ),
    )
    for code in ("insurance_90", "insurance_45", "inspection_30", "anniversary"):
        session.scalars(
            sa.select(m.FollowUpRule).where(m.FollowUpRule.code == code)
        ).one().segment_id = segment.id
    for rule in session.scalars(sa.select(m.FollowUpRule)):
        rule.enabled = rule.segment_id is not None
    session.flush()
    promised: dict[dt.date, list[Any]] = defaultdict(list)
    total = 0
    for place, day in enumerate(DAYS_2026[40:100]):
        if place % 6 == 0:
            for one, numbers in ahead(session, day).items():
                promised[one].append(numbers)
        made = job(session, day)
        total += len(made)
        counted = Counter((key.partition(":")[0], person) for key, person in made)
        assert all(numbers == counted for numbers in promised[day]), day
    assert total > 3


def test_a_missed_week_loses_nothing_and_makes_nothing_twice(session: Any, cast: Any) -> None:
    oracle.fill(session, cast, 45, seed=5)
    small, days = oracle.Small(session), DAYS_2026[30:60]
    for day in (days[0], days[14], days[14], days[22]):
        job(session, day)
    keys = list(session.scalars(sa.select(m.FollowUp.occurrence)))
    assert len(keys) == len(set(keys))
    kept = 0
    for rule in dated_rules(session):
        for key, due, ends in small.tasks(rule, days[0], days[22]):
            night = next(day for day in (days[0], days[14], days[22]) if day >= due)
            assert (key in keys) == (ends is None or ends >= night), (key, due, ends)
            kept += 1
    assert kept > 10


# ---------------------------------------------------------------- two processes

NIGHT = """
import datetime as dt, os, sys, time
from admin_app import access, clock, create_app
from admin_app.database import db
from admin_app.rules import followups
from tests.conftest import settings
from pathlib import Path
app = create_app(settings(Path(os.environ["NIGHT_HOME"]), os.environ["NIGHT_URL"]))
with app.app_context():
    access.set_actor(db.session, access.Actor(name="job", system="job", store_ids=None, store_id=1))
    db.session.execute(access.ungated(db.select(db.literal(1))))
    db.session.rollback()
    print("ready", flush=True)
    sys.stdin.readline()
    for text in sys.argv[1:]:
        day = dt.date.fromisoformat(text)
        followups.make_dated(db.session, day, clock.at(day, 6))
        db.session.commit()
"""


@pytest.mark.usefixtures("store_app")
def test_two_processes_at_once_make_every_task_once(
    session: Any, cast: Any, store_app: Any, tmp_path: Path
) -> None:
    oracle.fill(session, cast, 45, seed=6)
    session.commit()
    days = DAYS_2026[40:44]
    small = oracle.Small(session)
    expected = {
        rule.code: {key for key, _due in small.due(rule, days[0], days[-1])} for rule in dated_rules(session)
    }
    session.commit()
    around = os.environ | {
        "NIGHT_URL": store_app.config["CAREDESK_DATABASE_URL"],
        "NIGHT_HOME": str(tmp_path),
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    words = [sys.executable, "-c", NIGHT, *[day.isoformat() for day in days]]
    nights = [
        subprocess.Popen(
            words,
            env=around,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for night in nights:
        assert night.stdout is not None and night.stdout.readline() == "ready\n"
    for night in nights:
        assert night.stdin is not None
        night.stdin.write("go\n")
        night.stdin.flush()
    for night in nights:
        _out, faults = night.communicate(timeout=120)
        assert night.returncode == 0, faults
    db.session.rollback()
    keys = list(session.scalars(sa.select(m.FollowUp.occurrence)))
    assert len(keys) == len(set(keys)) > 10
    for code, wanted in expected.items():
        assert wanted <= set(keys), code
