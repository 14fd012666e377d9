"""The list of likely duplicates, the verdict, the warning while typing, the merge and its undoing: by role."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from admin_app import models as m
from admin_app.choices import AccessVerb
from tests.cast import NOW, TODAY, Cast
from tests.conftest import row
from tests.factories import make_customer, make_followup, make_vehicle, make_visit
from tests.screens.daily_support import all_of, send
from tests.screens.desk_support import Page

SignIn = Callable[[Any], FlaskClient]
NUMBER = "+8613812340001"
READERS = ("general_manager", "sales_manager", "sales_consultant", "service_manager", "service_advisor",
           "care_manager", "care_specialist", "marketing", "auditor")
NOT_MERGING = ("general_manager", "sales_manager", "sales_consultant", "care_specialist", "auditor", "marketing")


@pytest.fixture
def twins(session: Any, cast: Cast) -> tuple[int, int]:
    """Two files of one man: the consultant's, and one of another team."""
    first = make_customer(session, owner=cast.sales_consultant, name="王建国", pinyin="wangjianguo wjg", phone=NUMBER,
                          note="喜欢黑色", birthday=TODAY.replace(year=1980))
    second = make_customer(session, owner=cast.other_team, name="王建国", pinyin="wangjianguo wjg", phone2=NUMBER,
                           note="要倒车影像", wechat="wjg")
    make_visit(session, second, staff=cast.other_team)
    make_vehicle(session, second, plate="粤B12345")
    make_followup(session, second, assignee=cast.other_team)
    session.commit()
    return first.id, second.id


def count(client: FlaskClient, path: str) -> int:
    found = re.search(r'id="count">([\d,]+)<', client.get(path).text)
    assert found, path
    return int(found[1].replace(",", ""))


def form(client: FlaskClient, keep: int, drop: int) -> dict[str, str]:
    answer = client.get(f"/admin/duplicates/merge/?keep={keep}&drop={drop}")
    assert answer.status_code == 200
    fields = Page(answer.text).fields
    return {name: value for name, value in fields.items() if name not in ("q", "language", "next", "reason", "")}


# ---------------------------------------------------------------- the list and the verdict


@pytest.mark.parametrize("role", READERS)
def test_the_list_shows_the_pairs_of_the_own_scope_masked(twins: Any, sign_in: SignIn, role: str) -> None:
    client = sign_in(role)
    page = client.get("/admin/duplicates/")
    whole = role in ("general_manager", "care_manager", "care_specialist", "marketing", "auditor")
    assert page.status_code == 200 and ("王建国" in page.text) is whole
    assert NUMBER not in page.text and NUMBER[3:] not in page.text
    assert ("/admin/duplicates/merge/" in page.text) is (role == "care_manager")
    assert count(client, "/admin/duplicates/") == int(whole)


def test_the_list_is_refused_without_customers(twins: Any, sign_in: SignIn) -> None:
    client = sign_in("administrator")
    assert client.get("/admin/duplicates/").status_code == 403
    assert send(client, "/admin/duplicates/check/", phone="13812340001").status_code == 403


def test_filters_by_sign_and_person_count_exactly(twins: Any, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in("care_manager")
    assert count(client, "/admin/duplicates/?sign=phone") == count(client, "/admin/duplicates/") == 1
    assert count(client, "/admin/duplicates/?sign=car") == 0
    assert count(client, f"/admin/duplicates/?owner={cast.other_team.id}") == 1
    assert count(client, f"/admin/duplicates/?owner={cast.colleague.id}") == 0
    assert count(client, "/admin/duplicates/?owner=x&sign=y&page=z") == 1


def test_two_people_is_said_with_a_reason_and_taken_back(twins: Any, sign_in: SignIn) -> None:
    client, (first, second) = sign_in("care_manager"), twins
    assert send(client, "/admin/duplicates/apart/", first=first, second=second, reason=" ").status_code == 302
    assert all_of(m.DistinctPair) == []
    assert send(client, "/admin/duplicates/apart/", first=second, second=first, reason="父子").status_code == 302
    pair, = all_of(m.DistinctPair)
    assert (pair.first_id, pair.second_id, pair.reason) == (first, second, "父子")
    assert count(client, "/admin/duplicates/") == 0
    assert "父子" in client.get("/admin/duplicates/?show=apart").text
    assert send(client, "/admin/duplicates/together/", id=pair.id).status_code == 302
    assert count(client, "/admin/duplicates/") == 1
    assert send(client, "/admin/duplicates/together/", id=pair.id).status_code == 404  # nothing to do


@pytest.mark.parametrize("role", NOT_MERGING)
def test_others_decide_and_merge_nothing(twins: Any, session: Any, cast: Cast, sign_in: SignIn, role: str) -> None:
    first, second = twins
    client = sign_in(role)
    assert send(client, "/admin/duplicates/apart/", first=first, second=second, reason="父子").status_code == 403
    assert client.get(f"/admin/duplicates/merge/?keep={first}&drop={second}").status_code == 403
    answer = send(client, "/admin/duplicates/merge/", keep=first, drop=second, keep_version=1, drop_version=1)
    assert answer.status_code == 403
    assert send(client, "/admin/duplicates/undo/", id=1).status_code == 403
    assert all_of(m.DistinctPair) == all_of(m.CustomerMerge) == []
    assert row(m.Customer, second).deleted_at is None and row(m.Customer, first).note == "喜欢黑色"


# ---------------------------------------------------------------- while typing


def check(client: FlaskClient, **typed: Any) -> list[dict[str, Any]]:
    answer = send(client, "/admin/duplicates/check/", **typed)
    assert answer.status_code == 200
    return answer.json["found"]


def test_the_form_is_told_of_the_twin_and_it_is_logged(twins: Any, sign_in: SignIn) -> None:
    client = sign_in("care_specialist")
    found = check(client, phone="138 1234 0001")
    assert {one["open"] for one in found} == {f"/admin/customer/details/?id={key}" for key in twins}
    assert all(one["phone"].startswith("138****") and one["owner"] for one in found)
    assert "merge" not in found[0] and NUMBER[3:] not in str(found)
    log = all_of(m.AccessLog, m.AccessLog.verb == AccessVerb.SEARCH)
    assert len(log) == 1 and log[0].count == 2 and "13812340001" not in (log[0].reason or "")
    assert [one["name"] for one in check(client, plate="粤B·12345")] == ["王建国"]
    assert len(check(client, name="王建国", birthday=TODAY.replace(year=1980).isoformat())) == 1


def test_whole_values_only_and_nothing_of_strangers(twins: Any, sign_in: SignIn) -> None:
    client = sign_in("colleague")
    before = len(all_of(m.AccessLog, m.AccessLog.verb == AccessVerb.SEARCH))
    for typed in ({"phone": "1381234"}, {"phone": "138****0001"}, {"plate": "12345"}, {"name": "王建国"}, {}):
        assert check(client, **typed) == []
    assert len(all_of(m.AccessLog, m.AccessLog.verb == AccessVerb.SEARCH)) == before
    hidden = check(client, phone="13812340001")
    assert len(hidden) == 2 and all(set(one) == {"sentence"} for one in hidden)
    assert "王建国" not in str(hidden) and "韩雪" in str(hidden)


def test_an_edited_file_is_not_its_own_twin_and_can_be_merged(twins: Any, sign_in: SignIn) -> None:
    first, second = twins
    found = check(sign_in("care_manager"), phone="13812340001", id=first)
    assert [one["merge"] for one in found] == [f"/admin/duplicates/merge/?keep={second}&drop={first}"]


def test_forms_carry_the_warning(twins: Any, sign_in: SignIn) -> None:
    client = sign_in("care_manager")
    for path in ("/admin/customer/new/", f"/admin/customer/edit/?id={twins[0]}"):
        assert "data-twins" in client.get(path).text
    assert "data-twins" in sign_in("service_advisor").get("/admin/vehicle/new/").text
    assert "data-twins" not in client.get("/admin/visit/new/").text


# ---------------------------------------------------------------- the merge


def test_two_files_become_one_and_two_again(twins: Any, sign_in: SignIn) -> None:
    client, (first, second) = sign_in("care_manager"), twins
    page = client.get(f"/admin/duplicates/merge/?keep={first}&drop={second}").text
    assert NUMBER[3:] not in page and "138****0001" in page
    answer = client.post("/admin/duplicates/merge/", data=form(client, first, second) | {
        "side_owner_id": "merged", "why": "同一人"})
    assert answer.status_code == 302 and answer.headers["Location"].endswith(f"id={first}")
    kept, gone = row(m.Customer, first), row(m.Customer, second)
    assert gone.deleted_at is not None and kept.owner_id == gone.owner_id and kept.wechat == "wjg"
    assert kept.note == "喜欢黑色\n要倒车影像"
    assert [one.customer_id for one in all_of(m.Visit)] == [one.customer_id for one in all_of(m.Vehicle)] == [first]
    after = client.get(answer.headers["Location"]).text
    assert "同一人" in after and f"#{second}" in after
    assert client.get(f"/admin/customer/details/?id={second}").headers["Location"].endswith(f"id={first}")
    merge, = all_of(m.CustomerMerge)
    assert f"#{second}" in client.get("/admin/duplicates/?show=merged").text or "王建国" in client.get(
        "/admin/duplicates/?show=merged").text
    assert send(client, "/admin/duplicates/undo/", id=merge.id).status_code == 302
    assert row(m.Customer, second).deleted_at is None and all_of(m.Visit)[0].customer_id == second
    assert row(m.Customer, first).note == "喜欢黑色"
    assert send(client, "/admin/duplicates/undo/", id=merge.id).status_code == 302  # nothing to do: a sentence
    assert send(client, "/admin/duplicates/undo/", id=999).status_code == 404


def test_a_file_changed_meanwhile_is_409_and_nothing_is_merged(twins: Any, session: Any, sign_in: SignIn) -> None:
    client, (first, second) = sign_in("care_manager"), twins
    fields = form(client, first, second)
    session.get(m.Customer, second).hobbies = "钓鱼"
    session.commit()
    answer = client.post("/admin/duplicates/merge/", data=fields | {"side_owner_id": "merged"})
    assert answer.status_code == 409 and 'role="alert"' in answer.text and "钓鱼" in answer.text
    assert re.search(r'name="side_owner_id" value="merged"[^>]* checked', answer.text)  # what was chosen is kept
    assert row(m.Customer, second).deleted_at is None and all_of(m.CustomerMerge) == []
    session.get(m.Customer, second).deleted_at = NOW
    session.commit()
    assert client.post("/admin/duplicates/merge/", data=fields).status_code == 404


def test_a_conflict_since_is_said_and_the_merge_stays(twins: Any, session: Any, sign_in: SignIn) -> None:
    client, (first, second) = sign_in("care_manager"), twins
    client.post("/admin/duplicates/merge/", data=form(client, first, second))
    session.get(m.Customer, first).wechat = "new"
    session.commit()
    merge, = all_of(m.CustomerMerge)
    send(client, "/admin/duplicates/undo/", id=merge.id)
    assert "微信" in client.get("/admin/duplicates/").text
    assert row(m.Customer, second).deleted_at is not None and row(m.Customer, first).wechat == "new"


def test_the_recycle_bin_does_not_break_a_merge(twins: Any, sign_in: SignIn) -> None:
    client, (first, second) = sign_in("care_manager"), twins
    client.post("/admin/duplicates/merge/", data=form(client, first, second))
    chief = sign_in("general_manager")
    assert send(chief, "/admin/recycle/restore/", table="customer", id=second).status_code == 302
    assert "王建国" in chief.get("/admin/recycle/").text and row(m.Customer, second).deleted_at is not None


def test_files_out_of_scope_and_one_file_twice(twins: Any, session: Any, cast: Cast, sign_in: SignIn) -> None:
    client, (first, _second) = sign_in("care_manager"), twins
    far = make_customer(session, owner=cast.outsider)
    secret = make_customer(session, owner=cast.colleague, confidentiality="secret")
    session.commit()
    for drop, status in ((far.id, 404), (secret.id, 404), (first, 400), ("x", 404)):
        assert client.get(f"/admin/duplicates/merge/?keep={first}&drop={drop}").status_code == status, drop
