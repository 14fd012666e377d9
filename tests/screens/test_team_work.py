"""Follow-ups by person: figures that open their rows, tasks moved, the day made even."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from admin_app import choices as ch
from admin_app import models as m
from tests.cast import NOW, TODAY
from tests.factories import make_customer, make_followup
from tests.screens.daily_support import all_of, listed, one, send

PAGE = "/admin/followups/team/"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def tasks(session: Any, cast: Any) -> dict[str, int]:
    """The consultant: four overdue, one today, one in three days, one in twenty, one done.
    The specialist: five late."""
    customer = make_customer(session, owner=cast.sales_consultant)
    for day in (-4, -3, -2, -1, 0, 3, 20):
        make_followup(session, customer, assignee=cast.sales_consultant, due=TODAY + dt.timedelta(days=day))
    make_followup(session, customer, assignee=cast.sales_consultant, state=ch.FollowUpState.DONE, closed_at=NOW)
    for _number in range(5):
        make_followup(session, make_customer(session, owner=cast.colleague), assignee=cast.care_specialist,
                      due=TODAY - dt.timedelta(days=1))
    session.commit()
    return {name: getattr(cast, name).id for name in (
        "sales_consultant", "colleague", "care_specialist", "care_colleague", "sales_manager", "care_manager")}


def mark(page: str) -> str:
    found = re.search(r'name="mark" value="(\w+)"', page)
    assert found, page
    return found[1]


def test_every_figure_opens_exactly_its_rows(sign_in: Any, tasks: dict[str, int]) -> None:
    client = sign_in("sales_manager")
    page = client.get(PAGE).text
    row = re.search(rf'<tr><th [^>]*>(?:(?!</tr>).)*person={tasks["sales_consultant"]}#.*?</tr>', page, re.S)
    assert row
    figures = [(int(number), href.replace("&amp;", "&")) for href, number in re.findall(
        r'<a class="open-n[^"]*" href="([^"]+)">(\d+)</a>', row[0])]
    assert [number for number, _href in figures] == [1, 1, 4, 2, 7, 1]
    for number, href in figures:
        assert listed(client.get(href).text) == number, href


@pytest.mark.parametrize(("who", "code"), [
    ("general_manager", 200), ("sales_manager", 200), ("service_manager", 200), ("care_manager", 200),
    ("sales_consultant", 403), ("care_specialist", 403), ("marketing", 403), ("auditor", 403),
    ("administrator", 403)])
def test_who_may_look(sign_in: Any, tasks: dict[str, int], who: str, code: int) -> None:
    client = sign_in(who)
    assert client.get(PAGE).status_code == code
    assert (f'href="{PAGE}"' in client.get("/admin/").text) is (code == 200)


@pytest.mark.parametrize("who", ["service_manager", "sales_consultant", "care_specialist", "administrator"])
def test_who_may_not_move(sign_in: Any, tasks: dict[str, int], who: str) -> None:
    answer = send(sign_in(who), PAGE, verb="move", person=tasks["care_specialist"], to=tasks["care_colleague"],
                  number="2", which="oldest")
    assert answer.status_code == 403
    assert len(all_of(m.FollowUp, m.FollowUp.assignee_id == tasks["care_specialist"])) == 5


def test_who_may_not_move_is_offered_the_list_instead(sign_in: Any, cast: Any, session: Any) -> None:
    cast.service_manager.team_id = cast.service_advisor.team_id
    session.commit()
    page = sign_in("service_manager").get(PAGE).text
    main = page.split("<main", 1)[1]
    assert f"/admin/followups/?owner={cast.service_advisor.id}&amp;due=all" in main
    assert "team/?person=" not in main and 'name="verb"' not in main


def test_so_many_of_the_oldest_go_to_others(sign_in: Any, tasks: dict[str, int]) -> None:
    client = sign_in("care_manager")
    page = client.get(f"{PAGE}?person={tasks['care_specialist']}").text
    assert "data-rows>5<" in page
    form = {"verb": "move", "person": tasks["care_specialist"], "to": [tasks["care_colleague"], tasks["care_manager"]],
            "number": "3", "which": "oldest"}
    looked = send(client, PAGE, **form).text
    assert len(all_of(m.FollowUp, m.FollowUp.assignee_id == tasks["care_specialist"])) == 5
    assert send(client, PAGE, mark=mark(looked), **form).status_code == 302
    kept = [len(all_of(m.FollowUp, m.FollowUp.assignee_id == tasks[name])) for name in (
        "care_specialist", "care_colleague", "care_manager")]
    assert kept[0] == 2 and sorted(kept[1:]) == [1, 2]
    again = send(client, PAGE, mark=mark(looked), **form)  # pressed again: others are the oldest now
    assert again.status_code == 200 and "name=\"mark\"" in again.text
    assert len(all_of(m.FollowUp, m.FollowUp.assignee_id == tasks["care_specialist"])) == 2


def test_ticked_ones_with_their_customer(sign_in: Any, tasks: dict[str, int]) -> None:
    client, giver = sign_in("sales_manager"), tasks["sales_consultant"]
    first = all_of(m.FollowUp, m.FollowUp.assignee_id == giver)[0]
    form = {"verb": "move", "person": giver, "to": tasks["colleague"], "which": "ticked", "rowid": first.id}
    stays = send(client, PAGE, **form)
    assert 'name="mark"' not in stays.text and one(m.FollowUp, first.id).assignee_id == giver
    form["along"] = "1"
    looked = send(client, PAGE, **form).text
    assert send(client, PAGE, mark=mark(looked), **form).status_code == 302
    assert one(m.FollowUp, first.id).assignee_id == tasks["colleague"]
    assert one(m.Customer, first.customer_id).owner_id == tasks["colleague"]


@pytest.mark.parametrize("form", [{"number": "0"}, {"number": "x"}, {"number": "2", "to": ""}, {"which": "ticked"}])
def test_what_is_missing_is_said(sign_in: Any, tasks: dict[str, int], form: dict[str, str]) -> None:
    given = {"verb": "move", "person": tasks["care_specialist"], "to": tasks["care_colleague"], "number": "1"} | form
    answer = send(sign_in("care_manager"), PAGE, **given)
    assert answer.status_code == 400 and 'role="alert"' in answer.text
    assert len(all_of(m.FollowUp, m.FollowUp.assignee_id == tasks["care_specialist"])) == 5


def test_the_day_is_made_even_and_then_there_is_nothing_to_do(sign_in: Any, tasks: dict[str, int]) -> None:
    client = sign_in("care_manager")
    looked = send(client, PAGE, verb="even").text
    send(client, PAGE, verb="even", mark=mark(looked))
    loads = [len(all_of(m.FollowUp, m.FollowUp.assignee_id == tasks[name], m.FollowUp.state == "open",
                        m.FollowUp.due_on <= TODAY)) for name in ("care_specialist", "care_colleague")]
    assert sorted(loads) == [2, 3]  # those who lead stay out of it
    assert 'name="mark"' not in send(client, PAGE, verb="even").text
