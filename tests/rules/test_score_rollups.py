"""The roll-ups of the scores equal the rows, whatever is written, by whatever road, in whatever order."""

from __future__ import annotations

import datetime as dt
import random
import threading
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from admin_app import access, derived, jobs
from admin_app import choices as ch
from admin_app import models as m
from admin_app.clock import day_bounds, local_day
from admin_app.database import db
from admin_app.rules import merging, quality
from admin_app.rules.followups import dated
from admin_app.rules.scores import SOURCES, cards, rollup
from admin_app.rules.scores.periods import parse
from admin_app.rules.scores.rollup import files, handling, reading, rebuilding
from admin_app.rules.scores.rollup.parts import NEEDED, PARTS
from tests import factories as make
from tests import score_rows
from tests.cast import NOW, TODAY
from tests.rollup_support import LABELS, stray, unequal

DAY = dt.timedelta(days=1)

# ---------------------------------------------------------------- the same figures


def test_every_source_has_tallies_that_are_columns() -> None:
    tallies = {name for figure in reading.FIGURES.values()
               for name in (*figure.whole, *figure.good, *filter(None, [figure.amount]))}
    assert set(reading.FIGURES) == set(SOURCES)
    assert tallies == set(m.SCORE_TALLIES)
    assert set(reading.REACH) <= tallies


def test_every_column_that_decides_is_one() -> None:
    for table, names in NEEDED.items():
        assert set(names) <= set(m.BY_TABLE[table].__table__.c.keys())
    assert {part.table for part in PARTS} <= set(NEEDED)


def test_the_roll_ups_say_what_the_rows_say(store_app: Any, session: Any, cast: Any) -> None:
    score_rows.fill(session, cast)
    assert stray(session) == []
    for days in (0, 1, 7, 20, 22, 23, 50):
        assert unequal(session, NOW - days * DAY) == []
    window = cards.window_of(session, cast.store, parse("2026-11"), NOW)
    people = {person: [person] for person in session.scalars(sa.select(m.User.id))}
    for source, found in reading.measure(session, window, SOURCES, people).items():
        assert sum(one.whole for one in found.values()), f"{source} counts nothing"


def test_cards_from_roll_ups_are_cards_from_rows(store_app: Any, session: Any, cast: Any) -> None:
    score_rows.fill(session, cast)
    session.commit()
    for label in ("2026-11", "2026-Q4", "2026-10"):
        for scheme in cards.schemes(session, parse(label)).values():
            kept = cards.compute(session, cast.store, parse(label), scheme, NOW)
            counted = cards.compute(session, cast.store, parse(label), scheme, NOW, with_rows=True)
            plain = [[(line.found, line.points) for line in card.lines] for card in counted]
            assert [[(line.found, line.points) for line in card.lines] for card in kept] == plain
            assert [(card.total, card.rank) for card in kept] == [(card.total, card.rank) for card in counted]


@pytest.mark.parametrize("hour", [0, 1, 9, 12, 20, 23])
@pytest.mark.parametrize("minutes", [0, 30, 5910])
def test_the_time_from_which_complaints_are_late(session: Any, cast: Any, hour: int, minutes: int) -> None:
    store = cast.store
    store.acknowledge_minutes, store.understand_minutes, store.propose_minutes = 0, 0, 0
    store.finish_minutes = minutes
    now = day_bounds(TODAY)[0] + dt.timedelta(hours=hour, minutes=17)
    late = handling.late_before(now, store)
    for seconds in (-90_000, -3600, -60, -1, 0, 1, 60, 3600, 90_000):
        received = late + dt.timedelta(seconds=seconds)
        assert (handling.time_up(received, store) < now) == (received < late)


@given(st.lists(st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31)), max_size=12), st.integers(0, 120),
       st.none() | st.dates(dt.date(2026, 1, 1), dt.date(2026, 12, 31)), st.dates(dt.date(2026, 1, 1),
                                                                                 dt.date(2027, 6, 1)))
def test_what_stands_for_a_time(days: list[dt.date], length: int, since: dt.date | None, asked: dt.date) -> None:
    stands = sum(step for day, step in files.standing(days, length, since) if day <= asked)
    within = any(day <= asked <= day + length * DAY for day in days)
    assert stands == int(within and (since is None or asked >= since))


# ---------------------------------------------------------------- whatever is written



class Roads:
    """Random writes of every kind; `draw` decides what, whose and when."""

    def __init__(self, session: Any, draw: random.Random) -> None:
        self.session, self.draw = session, draw
        self.people = list(session.scalars(sa.select(m.User.id).order_by(m.User.id)))

    def moment(self) -> dt.datetime:
        return NOW - dt.timedelta(minutes=self.draw.randrange(-3 * 24 * 60, 130 * 24 * 60))

    def key_of(self, table: str) -> int | None:
        """The key of some row, of the recycle bin too."""
        if table == "user":
            return self.draw.choice([*self.people, None])
        ids = list(self.session.scalars(sa.select(m.BY_TABLE[table].id).order_by(m.BY_TABLE[table].id)))
        return self.draw.choice(ids) if ids else None

    def value(self, model: Any, name: str) -> Any:
        """Some value of a column that decides."""
        column = model.__table__.c[name]
        field, draw = column.info["field"], self.draw
        if name == "rule_id":
            return draw.choice([None, score_rows.new_lead_rule(self.session), self.key_of("followup_rule")])
        if name in ("deleted_at", "finished_at", "closed_at", "promised_at"):
            return draw.choice([None, None, self.moment()])
        if field.kind == "link":
            return self.key_of(field.target)
        if field.kind == "choice":
            return draw.choice([*field.choices, None]) if column.nullable else draw.choice(list(field.choices))
        if name in ("opens", "closes"):
            return draw.choice(["08:00", "09:00"]) if name == "opens" else draw.choice(["18:00", "20:30"])
        return {"moment": self.moment, "day": lambda: local_day(self.moment()), "yes": lambda: draw.random() < 0.7,
                "percent": lambda: draw.randrange(101), "money": lambda: draw.choice([None, 128_000, 239_900.5]),
                "whole": lambda: draw.choice([None, 2, 4, 5]) if column.nullable else draw.randrange(3000),
                }[field.kind]()

    def new(self, table: str) -> None:
        model = m.BY_TABLE[table]
        values = {name: self.value(model, name) for name in NEEDED[table] if name not in ("store_id", "deleted_at")}
        if table == "customer":
            person = values.pop("owner_id")
            make.make_customer(self.session, **values).owner_id = person
            return
        number = self.draw.randrange(10**9)
        rest = {"followup": {"reason": "回访", "occurrence": f"t{number}", "first_due_on": TODAY},
                "promise": {"what": "送脚垫"}, "vehicle": {"model": "岚风"}, "repair_order": {"number": f"{number}"},
                "complaint": {"number": f"{number}", "text": "等"}, "campaign": {
                    "name": "讲堂", "kind": ch.CampaignKind.LECTURE, "starts_at": NOW}}.get(table, {})
        if "customer_id" in model.__table__.c:
            values["customer_id"] = self.key_of("customer")
        self.session.add(model(store_id=1, **values, **rest))
        self.session.flush()

    def change(self, table: str) -> None:
        key = self.key_of(table)
        row = self.session.get(m.BY_TABLE[table], key) if key is not None else None
        for name in self.draw.sample(NEEDED[table], min(2, len(NEEDED[table]))) if row is not None else ():
            setattr(row, name, self.value(m.BY_TABLE[table], name))
        if self.draw.random() < 0.7:
            self.session.flush()

    def once(self) -> None:
        """One write; what the database refuses is taken back to the savepoint before it."""
        write = self.draw.choice([self.new, self.new, self.change])
        tables = [name for name in NEEDED if write == self.change or name not in ("store", "followup_rule")]
        try:
            with self.session.begin_nested():
                write(self.draw.choice(tables))
                self.session.flush()
                if self.draw.random() < 0.1:
                    raise sa.exc.IntegrityError("taken back", None, Exception())
        except sa.exc.IntegrityError:
            pass
        if self.draw.random() < 0.2:
            self.session.commit()
        elif self.draw.random() < 0.05:
            self.session.rollback()
        elif self.draw.random() < 0.1:
            rollup.settle(self.session)  # as a page of scores does


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate],
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.sampled_from(LABELS), st.integers(0, 60))
def test_whatever_is_written(store_app: Any, session: Any, cast: Any, seed: int, label: str, days: int) -> None:
    with access.as_system(session, "test", include_deleted=True):
        if session.scalar(sa.select(sa.func.count()).select_from(m.Customer)) == 0:
            score_rows.fill(session, cast)
        roads = Roads(session, random.Random(seed))
        for _ in range(14):
            roads.once()
        assert stray(session) == []
    assert unequal(session, NOW - days * DAY + dt.timedelta(hours=days % 24), (label,)) == []


# ---------------------------------------------------------------- roads past the flush


def test_merging_two_files_and_parting_them_again(store_app: Any, session: Any, cast: Any, as_person: Any) -> None:
    score_rows.fill(session, cast)
    kept, merged = session.scalars(sa.select(m.Customer).order_by(m.Customer.id).limit(2)).all()
    make.make_visit(session, merged, at=NOW - 3 * DAY, satisfaction=5)
    make.make_order(session, merged, opened_at=NOW - 400 * DAY)
    kept.owner_id, merged.owner_id, merged.completeness = cast.colleague.id, cast.sales_consultant.id, 7
    session.commit()
    as_person(cast.care_manager)
    row, _notices = merging.merge(session, kept, merged, {}, NOW)
    session.commit()
    with access.as_system(session, "test"):
        assert stray(session) == [] and unequal(session, NOW) == []
    merging.undo(session, row, NOW)
    session.commit()
    with access.as_system(session, "test"):
        assert stray(session) == [] and unequal(session, NOW) == []


def test_what_the_nightly_job_writes(store_app: Any, session: Any, cast: Any) -> None:
    score_rows.fill(session, cast)
    customer = make.make_customer(session, owner=cast.colleague, birthday=TODAY.replace(year=1990))
    make.make_followup(session, customer, assignee=cast.colleague, due=TODAY - 3 * DAY, expires_on=TODAY - DAY)
    customer.completeness = 1
    session.commit()
    assert quality.refresh_completeness(session) > 0
    made = dated.make_dated(session, TODAY, NOW)
    assert sum(made.values()) > 1 and made["void"] > 0
    session.commit()
    assert stray(session) == [] and unequal(session, NOW) == []


def test_a_statement_that_says_what_it_changes(store_app: Any, session: Any, cast: Any) -> None:
    score_rows.fill(session, cast)
    table, ids = m.Visit.__table__, list(session.scalars(sa.select(m.Visit.id)))
    rollup.touch(session, "visit", ids)
    session.connection().execute(sa.update(table).values(staff_id=cast.colleague.id, satisfaction=5))
    session.get(m.Visit, ids[0]).satisfaction = 1  # and the ORM after it, in the same transaction
    session.flush()
    assert stray(session) == []


def test_a_new_row_that_is_taken_back_leaves_nothing(store_app: Any, session: Any, cast: Any) -> None:
    customer = make.make_customer(session, owner=cast.colleague)
    session.commit()
    before = rebuilding.differences(session.connection())
    make.make_visit(session, customer, staff=cast.colleague)
    session.rollback()
    make.make_followup(session, session.get(m.Customer, customer.id), assignee=cast.colleague)
    session.commit()
    assert before == [] and stray(session) == []


# ---------------------------------------------------------------- many at once, anew, never built


def test_people_who_write_at_once_lose_no_count(store_app: Any, session: Any, cast: Any) -> None:
    """Several threads log contacts with the same few customers and change their owners."""
    customers = [make.make_customer(session, owner=cast.colleague, created_at=NOW - 200 * DAY).id for _ in range(3)]
    people = [cast.sales_consultant.id, cast.colleague.id]
    session.commit()
    faults: list[BaseException] = []

    def write(number: int) -> None:
        draw = random.Random(number)
        with store_app.app_context():
            access.set_actor(db.session, access.Actor(name="test", system="test", store_ids=None, store_id=1))
            for _ in range(12):
                try:
                    customer = db.session.get(m.Customer, draw.choice(customers))
                    if draw.random() < 0.3:
                        customer.owner_id = draw.choice(people)
                    else:
                        make.make_visit(db.session, customer, satisfaction=draw.choice([None, 3, 5]),
                                        at=NOW - draw.randrange(300) * DAY).staff_id = draw.choice(people)
                    db.session.commit()
                except sa.orm.exc.StaleDataError:  # somebody else changed the owner first
                    db.session.rollback()
                except Exception as error:
                    faults.append(error)
                    db.session.rollback()
            db.session.remove()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).select_from(m.Visit)) > 10
    assert stray(session) == [] and unequal(session, NOW) == []


def test_the_job_adds_what_differs_and_then_nothing(store_app: Any, session: Any, cast: Any) -> None:
    score_rows.fill(session, cast)
    session.commit()
    table = m.ScoreDay.__table__
    session.connection().execute(sa.update(table).where(
        table.c.user_id == cast.colleague.id, table.c.span == "D").values(visits=table.c.visits + 3))
    session.connection().execute(sa.delete(table).where(table.c.user_id == cast.service_advisor.id))
    session.commit()
    assert unequal(session, NOW)
    said = jobs.run("scores")
    assert said is not None and int(said.split()[0]) > 2
    session.commit()
    assert stray(session) == [] and unequal(session, NOW) == []
    assert jobs.run("scores") == "0 rows differed"


def test_before_they_are_built_the_rows_are_counted(store_app: Any, session: Any, cast: Any) -> None:
    score_rows.fill(session, cast)
    session.commit()
    scheme = cards.schemes(session, parse("2026-11"))["sales_consultant"]
    built = [(card.user_id, card.total) for card in cards.compute(session, cast.store, parse("2026-11"), scheme, NOW)]
    session.connection().execute(sa.delete(m.ScoreDay.__table__))
    session.commit()
    rebuilding._built.discard(session.get_bind())
    assert not rebuilding.ready(session)
    found = cards.compute(session, cast.store, parse("2026-11"), scheme, NOW)
    assert [(card.user_id, card.total) for card in found] == built
    derived.rebuild(session.connection())
    assert rebuilding.ready(session) and stray(session) == [] and unequal(session, NOW) == []
