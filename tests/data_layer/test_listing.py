"""Search, filters, order, pages and counts of the generated lists, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from admin_app import access
from admin_app import choices as ch
from admin_app.desk import conflict, exports, listing
from admin_app.desk.filters import filters_of
from admin_app.models import Customer, Visit
from tests.cast import NOW
from tests.conftest import act_as
from tests.factories import make_customer, make_visit

FILTERS = {one.key: one for one in filters_of(Customer)}


@pytest.fixture
def thirty(store_app: Flask, session: Any, cast: Any) -> list[Any]:
    """Thirty customers, every third without a tier, in a mixed order."""
    tiers = (ch.Tier.B, None, ch.Tier.A)
    return [make_customer(session, owner=cast.sales_consultant, name=f"客{number:02d}", tier=tiers[number % 3],
                          next_contact_on=None if number % 4 else dt.date(2026, 11, 1 + number))
            for number in range(30)]


def asked(key: Any = None) -> listing.Asked:
    """All customers of whoever acts, as a list asks for them."""
    return listing.Asked(Customer, lambda: listing.select_rows(Customer, []), key)


@pytest.mark.parametrize("column", ["id", "name", "tier", "next_contact_on", "completeness"])
@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("kept", [False, True])
def test_pages_by_key_show_every_row_once_both_ways(
        thirty: list[Any], session: Any, column: str, descending: bool, kept: bool) -> None:
    order = listing.Order(getattr(Customer, column), descending)
    base = asked(key="kept" if kept else None)
    whole = [row.id for row in session.scalars(listing.ordered(Customer, base.statement(), order))]
    found, found_back, after = [], [], None
    while True:
        page = listing.page(base, order, 7, [Customer.name], after=after)
        found += [row.id for row in page.rows]
        if page.after is None:
            break
        after = page.after
    before = page.before
    while before is not None:
        page = listing.page(base, order, 7, [Customer.name], before=before)
        found_back = [row.id for row in page.rows] + found_back
        before = page.before
    assert found == whole and len(whole) == 30
    last = listing.page(base, order, 7, last=True)
    assert [row.id for row in last.rows] == whole[-7:] and last.after is None and last.before == whole[-7]
    for number in (0, 1, 4, 5):
        jump = listing.page(base, order, 7, [Customer.name], number=number)
        assert [row.id for row in jump.rows] == whole[7 * number:7 * number + 7]
    assert found_back == whole[:len(found_back)] and len(found_back) == 28


def test_empty_values_come_last_both_ways(thirty: list[Any], session: Any) -> None:
    for descending in (False, True):
        order = listing.Order(Customer.tier, descending)
        rows = list(session.scalars(listing.ordered(Customer, listing.select_rows(Customer, []), order)))
        assert [row.tier for row in rows[-10:]] == [None] * 10


def test_search_takes_signs_as_they_are(store_app: Flask, session: Any, cast: Any) -> None:
    make_customer(session, owner=cast.sales_consultant, name="100%_折扣")
    make_customer(session, owner=cast.sales_consultant, name="100件")
    base = listing.select_rows(Customer, [])
    names = lambda text: [row.name for row in session.scalars(listing.search(Customer, base, text))]  # noqa: E731
    assert names("%_") == ["100%_折扣"] and len(names("100")) == 2 and names("\\") == [] and names("'") == []


@pytest.mark.parametrize(("key", "text", "count"), [
    ("tier_equals", "A", 10), ("tier_not", "A", 20), ("tier_in", "A,B", 20), ("tier_empty", "1", 10),
    ("tier_empty", "0", 20), ("next_contact_on_from", "2026-11-05", 7), ("next_contact_on_to", "2026-11-05", 2),
    ("name_contains", "客0", 10), ("completeness_most", "0", 30), ("do_not_disturb_equals", "0", 30),
])
def test_filters_ask_the_same_of_both(thirty: list[Any], session: Any, key: str, text: str, count: int) -> None:
    for row in thirty:
        row.completeness = 0
    session.flush()
    rows = listing.Asked(Customer, lambda: FILTERS[key].apply(listing.select_rows(Customer, []), text))
    assert listing.count(rows)[0] == count == listing.count(rows, exact=True)[0]


def test_counts_go_through_the_gate(thirty: list[Any], session: Any, cast: Any) -> None:
    session.commit()
    act_as(cast.colleague)
    assert listing.count(asked()) == (0, "0") == listing.count(asked(), exact=True)
    assert list(exports.rows_of(Customer, listing.select_rows(Customer, []))) == []


def test_a_kept_statement_belongs_to_one_reader_and_one_day(thirty: list[Any], session: Any, cast: Any) -> None:
    session.commit()
    seen = {}
    with time_machine.travel(NOW, tick=False):
        for person in (cast.sales_consultant, cast.colleague, cast.general_manager, cast.sales_consultant):
            act_as(person)
            seen[person.username] = listing.count(asked(key="kept"))[0]
        assert seen == {"sales_consultant": 30, cast.colleague.username: 0, "general_manager": 30}
    with access.as_system(session, "test"):
        thirty[0].owner_id = cast.colleague.id
        session.commit()
    act_as(cast.sales_consultant)
    assert listing.count(asked(key="kept"))[0] == 29


def test_deep_down_the_order_stays(thirty: list[Any], session: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(listing, "SHALLOW", 3)
    order = listing.Order(Customer.tier, False)
    whole = [row.id for row in session.scalars(listing.ordered(Customer, asked().statement(), order))]
    for kept in (None, "kept"):
        page = listing.page(asked(key=kept), order, 7, [Customer.name], number=2)
        assert [row.id for row in page.rows] == whole[14:21] and page.before == whole[14] and page.after == whole[20]


def test_an_export_reads_links_by_name_and_masks(thirty: list[Any], session: Any, cast: Any) -> None:
    visit = make_visit(session, thirty[0], staff=cast.sales_consultant)
    session.commit()
    act_as(cast.general_manager)
    names = ["id", *[name for name, _field in exports.columns_of(Visit)]]
    row = dict(zip(names, next(exports.rows_of(Visit, listing.select_rows(Visit, []))), strict=True))
    assert row["id"] == visit.id and row["customer_id"] == "客00" and row["staff_id"] == "梁思琪"
    phones = [row[1 + [n for n, _f in exports.columns_of(Customer)].index("phone")]
              for row in exports.rows_of(Customer, listing.select_rows(Customer, []))]
    assert len(phones) == 30 and all("****" in phone for phone in phones)


def test_a_taken_value_is_told_at_its_field(store_app: Flask, session: Any, cast: Any) -> None:
    make_customer(session, owner=cast.sales_consultant, phone="+8613912345678")
    session.commit()
    session.add(Customer(store_id=cast.store.id, name="另一位", phone="+8613912345678"))
    with pytest.raises(sa.exc.IntegrityError) as caught:
        session.flush()
    session.rollback()
    assert conflict.sentence_for(Customer, caught.value).field == "phone"


def test_nobody_acting_reads_nothing(thirty: list[Any], session: Any) -> None:
    session.commit()
    access.set_actor(session, None)
    with pytest.raises(RuntimeError):
        listing.page(asked(), listing.Order(Customer.id, True), 20)
    with pytest.raises(RuntimeError):
        listing.page(asked(key="kept"), listing.Order(Customer.id, True), 20)
