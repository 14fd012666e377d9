"""The hand-over page: who sees whom, the numbers, the preview, done once, and the account shut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from admin_app import choices as ch
from admin_app import models as m
from tests.cast import NOW
from tests.factories import make_complaint, make_customer, make_followup
from tests.screens.daily_support import all_of, listed, one, send

HOME = "/admin/handover/"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def keys(session: Any, cast: Any) -> dict[str, int]:
    """The consultant has five customers, four tasks, and a complaint in charge."""
    for number in range(5):
        customer = make_customer(session, owner=cast.sales_consultant, grade=ch.Grade.H)
        if number:
            make_followup(session, customer, assignee=cast.sales_consultant)
    make_complaint(session, customer, owner=cast.sales_consultant)
    session.commit()
    return {name: getattr(cast, name).id for name in (
        "sales_consultant", "sales_manager", "colleague", "other_team", "outsider", "general_manager",
        "administrator", "service_advisor", "care_specialist")}


def has(page: str) -> dict[str, int]:
    return {name: int(re.sub(r"<[^>]*>|,", "", cell)) for name, cell in re.findall(
        r'data-has="(\w+)">(.*?)</td>', page)}


def mark(page: str) -> str:
    found = re.search(r'name="mark" value="(\w+)"', page)
    assert found, page
    return found[1]


def key(page: str) -> str:
    return re.search(r'name="key" value="([^"]+)"', page)[1]  # type: ignore[index]


@pytest.mark.parametrize(("who", "sees"), [
    ("general_manager", {"sales_consultant", "outsider", "service_advisor"}),
    ("sales_manager", {"sales_consultant", "colleague"}), ("service_manager", {"service_advisor"}),
    ("care_manager", {"care_specialist"})])
def test_the_list_has_the_people_within_reach(sign_in: Any, keys: dict[str, int], who: str, sees: set[str]) -> None:
    page = sign_in(who).get(HOME).text
    shown = {int(number) for number in re.findall(r'class="is-title"><a href="/admin/handover/(\d+)/', page)}
    assert {keys[name] for name in sees} <= shown
    assert shown & {keys["outsider"], keys["other_team"]} == ({keys["outsider"], keys["other_team"]}
                                                               if who == "general_manager" else set())
    assert f'href="{HOME}"' in page  # in the menu


@pytest.mark.parametrize("who", ["sales_consultant", "administrator", "auditor", "marketing", "care_specialist"])
def test_others_are_refused_and_nothing_changes(sign_in: Any, keys: dict[str, int], who: str) -> None:
    client, path = sign_in(who), f"{HOME}{keys['colleague']}/"
    assert client.get(HOME).status_code == client.get(path).status_code == 403
    assert send(client, path, verb="give", way="pool").status_code == 403
    assert one(m.User, keys["colleague"]).active
    assert f'href="{HOME}"' not in client.get("/admin/").text


def test_a_person_out_of_reach_is_refused(sign_in: Any, keys: dict[str, int]) -> None:
    client = sign_in("sales_manager")
    for name, code in (("other_team", 403), ("outsider", 404), ("sales_manager", 403)):
        assert client.get(f"{HOME}{keys[name]}/").status_code == code
        assert send(client, f"{HOME}{keys[name]}/", verb="give", way="pool").status_code == code
        assert one(m.User, keys[name]).active


def test_the_numbers_open_exactly_as_many_rows(sign_in: Any, keys: dict[str, int]) -> None:
    client = sign_in("general_manager")
    page = client.get(f"{HOME}{keys['sales_consultant']}/").text
    assert has(page) == {"customers": 5, "tasks": 4, "complaints": 1}
    for href, number in re.findall(r'<a class="open-n" href="([^"]+)">(\d+)</a>', page):
        assert listed(client.get(href.replace("&amp;", "&")).text) == int(number), href


def test_looked_at_and_then_done_once(sign_in: Any, keys: dict[str, int], cast: Any) -> None:
    leaver = sign_in("sales_consultant")
    client, path = sign_in("sales_manager"), f"{HOME}{keys['sales_consultant']}/"
    chosen = {"way": "people", "people": [keys["colleague"], keys["sales_manager"]], "deputy": keys["sales_manager"]}
    looked = send(client, path, verb="look", **chosen)
    assert looked.status_code == 200 and one(m.User, keys["sales_consultant"]).active
    form = chosen | {"verb": "give", "mark": mark(looked.text), "key": key(looked.text)}
    done, again = send(client, path, **form), send(client, path, **form)
    assert done.status_code == again.status_code == 302 and done.location == again.location
    assert all_of(m.Customer, m.Customer.owner_id == keys["sales_consultant"]) == []
    owners = [row.owner_id for row in all_of(m.Customer)]
    assert sorted((owners.count(keys["colleague"]), owners.count(keys["sales_manager"]))) == [2, 3]
    person = one(m.User, keys["sales_consultant"])
    assert not person.active and str(person.left_on) == "2026-11-23"
    assert leaver.get("/admin/").status_code == 302  # the session has ended
    report = client.get(path).text
    assert "周立群" in report and 'name="verb"' not in report
    assert len(all_of(m.AuditEntry, m.AuditEntry.table == "user", m.AuditEntry.verb == ch.AuditVerb.BULK)) == 1


def test_what_changed_in_between_is_shown_first(sign_in: Any, session: Any, keys: dict[str, int], cast: Any) -> None:
    client, path = sign_in("general_manager"), f"{HOME}{keys['sales_consultant']}/"
    chosen = {"way": "people", "people": [keys["colleague"]], "deputy": keys["sales_manager"]}
    looked = send(client, path, verb="look", **chosen).text
    make_customer(session, owner=cast.sales_consultant)
    session.commit()
    answer = send(client, path, verb="give", mark=mark(looked), key=key(looked), **chosen)
    assert answer.status_code == 409 and 'role="alert"' in answer.text and mark(answer.text) != mark(looked)
    assert one(m.User, keys["sales_consultant"]).active
    again = send(client, path, verb="give", mark=mark(answer.text), key=key(answer.text), **chosen)
    assert again.status_code == 302 and not one(m.User, keys["sales_consultant"]).active


@pytest.mark.parametrize(("form", "field"), [
    ({"way": "people", "deputy": "sales_manager"}, "people"),
    ({"way": "people", "people": "outsider", "deputy": "sales_manager"}, "people"),
    ({"way": "people", "people": "colleague"}, "deputy"), ({"people": "colleague", "deputy": "sales_manager"}, "way")])
def test_what_is_missing_is_said_and_the_rest_kept(sign_in: Any, keys: dict[str, int], form: dict[str, str],
                                                   field: str) -> None:
    client, path = sign_in("general_manager"), f"{HOME}{keys['sales_consultant']}/"
    sent = {name: str(keys[value]) if value in keys else value for name, value in form.items()}
    answer = send(client, path, verb="give", **sent)
    assert answer.status_code == 400 and f'id="{field}-e" role="alert"' in answer.text
    if form.get("people") == "colleague" and "way" in form:
        assert f'value="{keys["colleague"]}" checked' in answer.text
    assert one(m.User, keys["sales_consultant"]).active


def test_into_the_pool_and_from_the_record_of_the_person(sign_in: Any, keys: dict[str, int]) -> None:
    client, path = sign_in("general_manager"), f"{HOME}{keys['sales_consultant']}/"
    assert f'href="{path}"' in client.get(f"/admin/user/details/?id={keys['sales_consultant']}").text
    assert 'href="/admin/handover/' not in sign_in("administrator").get(
        f"/admin/user/details/?id={keys['sales_consultant']}").text
    looked = send(client, path, verb="look", way="pool", deputy=keys["sales_manager"]).text
    send(client, path, verb="give", way="pool", deputy=keys["sales_manager"], mark=mark(looked), key=key(looked))
    assert {row.owner_id for row in all_of(m.Customer)} == {None}
    assert {row.assignee_id for row in all_of(m.FollowUp)} == {keys["sales_manager"]}


def test_somebody_without_work_is_shut_and_somebody_shut_who_still_holds_is_listed(
        sign_in: Any, session: Any, keys: dict[str, int], cast: Any) -> None:
    client = sign_in("general_manager")
    path = f"{HOME}{keys['other_team']}/"
    looked = send(client, path, verb="look").text
    assert send(client, path, verb="give", mark=mark(looked), key=key(looked)).status_code == 302
    assert not one(m.User, keys["other_team"]).active
    assert f'<a href="{path}">' not in client.get(HOME).text
    make_customer(session, owner=cast.other_team)
    session.commit()
    assert f'<a href="{path}">' in client.get(HOME).text
    assert has(client.get(path).text) == {"customers": 1}
