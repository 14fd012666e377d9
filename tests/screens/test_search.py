"""The global search: what finds whom, who may search fragments, and that every search is logged."""

from __future__ import annotations

import time
from typing import Any

import pytest
import sqlalchemy as sa

from admin_app import access_log, search
from admin_app import choices as ch
from admin_app import models as m
from admin_app.access import Actor, set_actor
from admin_app.database import db
from admin_app.desk import listing, searching
from admin_app.rules.pinyin import of_name
from tests.factories import make_campaign, make_complaint, make_customer, make_vehicle
from tests.screens.daily_support import all_of
from tests.screens.desk_support import page

MOST_ASKED = 24  # statements of one search, those of signing in and of the menu included


@pytest.fixture
def people(session: Any, cast: Any) -> dict[str, int]:
    """赵建国 of the consultant with a car and a complaint; 赵建华 of the colleague; one in the other store."""
    made = {}
    for key, name, phone, owner in (("mine", "赵建国", "+8613812344290", cast.sales_consultant),
                                    ("theirs", "赵建华", "+8613912345678", cast.colleague),
                                    ("outside", "赵建平", "+8613712340000", cast.outsider)):
        found = make_customer(session, owner=owner, name=name, phone=phone, pinyin=of_name(name))
        made[key] = found.id
    mine = session.get(m.Customer, made["mine"])
    made["car"] = make_vehicle(session, mine, plate="粤B7K2M9", vin="LSVAA4182E2184421").id
    made["complaint"] = make_complaint(session, mine, number="TS-20261101-0042").id
    session.commit()
    return made


def ask(client: Any, text: str) -> Any:
    return client.get("/admin/search/", query_string={"q": text}, headers={"Accept": "application/json"}).json


def names(found: Any) -> set[str]:
    return {one["name"] for one in found["customers"]}


@pytest.mark.parametrize(("text", "wanted"), [
    ("赵建", {"赵建国", "赵建华"}), ("建国", {"赵建国"}), ("zhaojianguo", {"赵建国"}), ("zjg", {"赵建国"}),
    ("ZJ", {"赵建国", "赵建华"}), ("zhao jian", {"赵建国", "赵建华"}), ("4290", {"赵建国"}), ("1381234", {"赵建国"}),
    ("138 1234 4290", {"赵建国"}), ("１３８１２３４４２９０", {"赵建国"}), ("赵", set()), ("429", set()), ("", set()),
    ("%%", set()), ("__", set()), ("' or 1=1 --", set()),
])
def test_customers_of_the_store(people: dict[str, int], sign_in: Any, text: str, wanted: set[str]) -> None:
    assert names(ask(sign_in("care_specialist"), text)) == wanted


def test_plate_vin_and_complaint_number(people: dict[str, int], sign_in: Any) -> None:
    client = sign_in("care_specialist")
    for text in ("7K2M9", "粤B7K2M9", "粤B·7K2M9", "4421", "LSVAA4182E2184421"):
        assert [one["id"] for one in ask(client, text)["vehicles"]] == [people["car"]], text
    for text in ("TS-20261101-0042", "20261101-00"):
        assert [one["id"] for one in ask(client, text)["complaints"]] == [people["complaint"]]


def test_complaints_campaigns_and_people(people: dict[str, int], session: Any, cast: Any, sign_in: Any) -> None:
    campaign = make_campaign(session, owner=cast.marketing, name="赵建国品鉴会")
    session.commit()
    found = ask(sign_in("care_specialist"), "赵建国")
    assert [one["id"] for one in found["complaints"]] == [people["complaint"]]
    assert [one["id"] for one in found["campaigns"]] == [campaign.id]
    name = cast.colleague.name
    for role, address in (("general_manager", "/admin/user/details/?id="),
                          ("sales_consultant", "/admin/customer/?flt0_owner_id_equals=")):
        answer = ask(sign_in(role), name)["people"]
        assert [(one["name"], one["url"]) for one in answer] == [(name, f"{address}{cast.colleague.id}")]
    assert ask(sign_in("outsider"), name)["people"] == []  # a person of another store
    assert campaign.name in sign_in("care_specialist").get("/admin/search/?q=赵建国").text


def test_a_search_asks_the_database_a_few_times_however_much_it_finds(
        people: dict[str, int], session: Any, cast: Any, sign_in: Any) -> None:
    for _number in range(30):
        row = make_customer(session, owner=cast.colleague, name="赵建中", pinyin=of_name("赵建中"))
        make_complaint(session, row), make_vehicle(session, row, plate=None)
    session.commit()
    client, asked = sign_in("care_specialist"), []
    note = lambda _c, _cursor, statement, *_more: asked.append(statement)  # noqa: E731
    counts = {}
    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        for text in ("赵建国", "赵建", "zjz", "13812344290", "7K2M9"):
            asked.clear()
            ask(client, text)
            counts[text] = len([one for one in asked if "access_log" not in one])
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    assert max(counts.values()) <= MOST_ASKED, counts


def test_answers_are_masked(people: dict[str, int], sign_in: Any) -> None:
    found = ask(sign_in("general_manager"), "13812344290")
    assert found["customers"][0]["phone"] == "138****4290"
    whole = str(found) + str(ask(sign_in("general_manager"), "7K2M9"))
    for secret in ("+86138", "12344290", "粤B7K2M9", "LSVAA4182E2184421"):
        assert secret not in whole.replace("'query': '13812344290'", "")


def test_only_within_the_gate(people: dict[str, int], sign_in: Any) -> None:
    assert names(ask(sign_in("sales_consultant"), "赵建")) == {"赵建国"}
    assert names(ask(sign_in("colleague"), "赵建")) == {"赵建华"}
    assert names(ask(sign_in("outsider"), "赵建")) == {"赵建平"}
    assert names(ask(sign_in("general_manager"), "赵建")) == {"赵建国", "赵建华", "赵建平"}
    assert names(ask(sign_in("administrator"), "赵建")) == set()
    assert ask(sign_in("colleague"), "7K2M9")["vehicles"] == []
    assert ask(sign_in("marketing"), "TS-20261101-0042")["complaints"] == []


def test_those_who_may_not_reveal_find_whole_values_only(people: dict[str, int], sign_in: Any) -> None:
    client = sign_in("auditor")
    assert names(ask(client, "4290")) == set()
    assert names(ask(client, "1381234429")) == set()
    assert names(ask(client, "13812344290")) == {"赵建国"}
    assert ask(client, "7K2M9")["vehicles"] == []
    assert len(ask(client, "粤B7K2M9")["vehicles"]) == 1


def test_the_page_says_the_same(people: dict[str, int], sign_in: Any) -> None:
    client = sign_in("care_specialist")
    page = client.get("/admin/search/?q=赵建").text
    assert page.count('class="strong" href="/admin/customer/details/') == 2
    only = client.get("/admin/search/?q=建国")
    assert only.headers["Location"] == f"/admin/customer/details/?id={people['mine']}"
    assert '<div class="empty">' in client.get("/admin/search/?q=不存在的人").text
    assert '<div class="empty">' in client.get("/admin/search/").text


def test_commands_are_found_by_their_words(people: dict[str, int], sign_in: Any) -> None:
    client = sign_in("care_specialist")
    with client.session_transaction() as kept:
        kept["language"] = "en"
    urls = {one["url"] for one in ask(client, "complaint")["commands"]}
    assert "/admin/complaint/new/" in urls
    assert ask(sign_in("auditor"), "complaint new")["commands"] == []


def test_searches_are_logged_and_numbers_masked(people: dict[str, int], sign_in: Any, cast: Any) -> None:
    me = cast.care_specialist.id
    db.session.rollback()
    client = sign_in("care_specialist")
    ask(client, "建国"), ask(client, "13812344290"), ask(client, "x")
    kept = [(row.user_id, row.reason, row.count) for row in all_of(m.AccessLog, m.AccessLog.verb == "search")]
    assert kept == [(me, "建国", 2), (me, "*******4290", 2)]  # the customer and the complaint


def test_more_than_a_page_of_answers_is_said(session: Any, cast: Any, sign_in: Any) -> None:
    for _number in range(search.MOST + 3):
        make_customer(session, owner=cast.sales_consultant, name="钱多多")
    session.commit()
    found = ask(sign_in("care_specialist"), "钱多")
    assert (len(found["customers"]), found["more"]) == (search.MOST, ["customers"])


def test_deleted_and_secret_customers_are_not_found(people: dict[str, int], session: Any, sign_in: Any) -> None:
    session.get(m.Customer, people["mine"]).confidentiality = ch.Confidentiality.SECRET
    session.commit()
    session.rollback()
    assert names(ask(sign_in("care_specialist"), "赵建")) == {"赵建华"}


def test_the_batch_keeps_what_it_could_not_write(app: Any, cast: Any) -> None:
    batch = access_log.Batch(db.engine)
    batch.rows.append({"at": None, "user_id": None, "store_id": None, "verb": "no such verb", "table": None,
                       "row_id": None, "reason": None, "count": None, "address": None})
    batch.flush()
    assert len(batch.rows) == 1
    batch.rows.clear()
    batch.flush()
    assert not batch.rows


def test_the_batch_is_written_by_its_thread(app: Any, cast: Any) -> None:
    set_actor(db.session, Actor(user_id=cast.auditor.id, store_id=1))
    db.session.rollback()
    app.testing = False
    try:
        access_log.viewed("customer", 7)
        for _wait in range(100):
            with db.engine.connect() as other:
                if other.execute(db.select(m.AccessLog.__table__.c.id).where(
                        m.AccessLog.__table__.c.row_id == 7)).first():
                    break
            time.sleep(0.05)
    finally:
        app.testing = True
    set_actor(db.session, Actor(system="test", store_ids=None))
    assert [(row.table, row.row_id) for row in all_of(m.AccessLog, m.AccessLog.verb == "view")] == [("customer", 7)]


@pytest.mark.parametrize("first", [2, 5, 100])
def test_the_highest_keys_of_a_name_bring_the_same_rows_as_all_of_them(
        sign_in: Any, session: Any, cast: Any, monkeypatch: pytest.MonkeyPatch, first: int) -> None:
    """More have the name than the index is asked for at first; of others' customers nothing shows."""
    monkeypatch.setattr(searching, "FIRST", first)
    monkeypatch.setattr(searching, "FIRST_SHOWN", first)
    monkeypatch.setattr(listing, "COUNT_CAP", 4)
    for number in range(30):
        owner = cast.colleague if number % 3 else cast.sales_consultant
        make_customer(session, owner=owner, name=f"王建国{number:02d}", completeness=number)
    for who, mine in (("sales_consultant", [number for number in range(30) if not number % 3]),
                      ("general_manager", list(range(30)))):
        client, found, address = sign_in(who), [], "/admin/customer/?search=建国"
        while address:
            shown = page(client, address)
            found += shown.names()
            address = next((link for link in shown.links if "after=" in link), "")
        assert found == [f"王建国{number:02d}" for number in reversed(mine)]
        shown = page(client, "/admin/customer/?search=建国")
        assert "4+" in shown.html
        whole = page(client, next(link for link in shown.links if link.endswith("&exact=1")))
        assert f"{len(mine)} " in whole.html and "4+" not in whole.html
        assert "全部数清" in shown.html and "全部数清" not in whole.html
        sorted_by = page(client, "/admin/customer/?search=建国&sort=8").names()
        assert sorted_by == [f"王建国{number:02d}" for number in mine][:20]
        assert f"{len(mine)} " in page(client, "/admin/customer/?search=建国&exact=1").html
