"""Several due follow-ups at once: this page or the whole list, counted exactly, asked about, reported, taken back."""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from admin_app import choices as ch
from admin_app import models as m
from admin_app.database import db
from admin_app.pages import followup_bulk
from admin_app.pages import followups as page
from tests.cast import NOW, TODAY
from tests.factories import make_customer, make_followup
from tests.screens.daily_support import all_of, listed, one, send

PAGE = "/admin/followups/"
BULK = PAGE + "bulk/"
MANY = page.PAGE + 3
LATER = (TODAY + dt.timedelta(days=3)).isoformat()


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def many(session: Any, cast: Any) -> list[int]:
    """More tasks of the consultant than a page shows; one of the colleague."""
    for name, number in (("sales_consultant", MANY), ("colleague", 1)):
        owner = getattr(cast, name)
        for place in range(number):
            customer = make_customer(session, owner=owner, name=f"客户{name[0]}{place}")
            make_followup(session, customer, assignee=owner, reason="节日问候")
    session.commit()
    db.session.rollback()
    return [row.id for row in all_of(m.FollowUp)]


def counted(text: str) -> str:
    found = re.search(r'name="counted" value="(\d+)"', text)
    return found[1] if found else ""


def undo_path(client: Any) -> str:
    """Where the toast of the next page leads."""
    found = re.search(r'action="([^"]*/followups/undo/[^"]*)"', client.get(PAGE).text)
    return html.unescape(found[1]) if found else ""


def states() -> set[Any]:
    return {row.state for row in all_of(m.FollowUp)}


def test_the_whole_list_is_counted_asked_about_done_and_taken_back(many: list[int], sign_in: Any, cast: Any) -> None:
    client = sign_in("sales_consultant")
    mine = many[:MANY]
    asked = send(client, BULK, verb="snooze", all="1", rowid=mine[:page.PAGE], back=PAGE)
    assert counted(asked.text) == str(MANY)
    assert str(MANY) in re.findall(r"<h1[^>]*>([^<]*)", asked.text)[0]
    assert states() == {ch.FollowUpState.OPEN}
    done = send(client, BULK, verb="snooze", all="1", counted=MANY, back=PAGE, confirm="1", reason="停电", until=LATER)
    assert done.status_code == 302
    rows = {row.id: row for row in all_of(m.FollowUp)}
    assert {rows[key].state for key in mine} == {ch.FollowUpState.SNOOZED}
    assert {rows[key].due_on.isoformat() for key in mine} == {LATER}
    assert rows[many[-1]].state == ch.FollowUpState.OPEN  # the colleague's
    back = send(client, undo_path(client))
    assert back.status_code == 302 and back.location == PAGE
    rows = {row.id: row for row in all_of(m.FollowUp)}
    assert {(rows[key].state, rows[key].due_on, rows[key].note, rows[key].snooze_count) for key in mine} == {
        (ch.FollowUpState.OPEN, TODAY, None, 0)}
    assert listed(client.get(PAGE).text) == MANY


def test_the_whole_list_is_the_one_that_was_on_the_screen(many: list[int], sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    asked = send(client, BULK, verb="skip", all="1", back=PAGE + "?due=overdue")
    assert asked.status_code == 302  # nothing is overdue
    assert states() == {ch.FollowUpState.OPEN}


def test_another_number_than_the_confirmed_one_is_asked_about_again(many: list[int], sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    again = send(client, BULK, verb="skip", all="1", counted=MANY - 1, back=PAGE, confirm="1", reason="重复")
    assert again.status_code == 400
    assert 'role="alert"' in again.text and counted(again.text) == str(MANY) and 'value="重复"' in again.text
    assert states() == {ch.FollowUpState.OPEN}


def test_too_many_at_once_are_refused(many: list[int], sign_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followup_bulk, "MOST_AT_ONCE", MANY - 1)
    client = sign_in("sales_consultant")
    answer = send(client, BULK, verb="skip", all="1", counted=MANY, back=PAGE, confirm="1", reason="重复")
    assert answer.status_code == 302
    assert states() == {ch.FollowUpState.OPEN}


def test_a_manager_gives_the_whole_list_away_and_takes_it_back(many: list[int], sign_in: Any, cast: Any) -> None:
    care, before = cast.care_specialist.id, {row.id: row.assignee_id for row in all_of(m.FollowUp)}
    client = sign_in("care_manager")
    back = PAGE + "?owner=all"
    send(client, BULK, verb="reassign", all="1", counted=MANY + 1, back=back, confirm="1", person=care)
    assert {row.assignee_id for row in all_of(m.FollowUp)} == {care}
    send(client, undo_path(client))
    assert {row.id: row.assignee_id for row in all_of(m.FollowUp)} == before


@pytest.mark.parametrize("role", ["auditor", "marketing", "administrator"])
def test_those_who_may_not_write_change_nothing(many: list[int], sign_in: Any, role: str) -> None:
    client = sign_in(role)
    answer = send(client, BULK, verb="skip", all="1", counted=MANY, back=PAGE + "?owner=all", confirm="1",
                  reason="无关")
    assert answer.status_code == 403
    assert send(client, PAGE + "undo/?key=x").status_code == 403
    assert states() == {ch.FollowUpState.OPEN}


def test_a_consultant_gives_nothing_away_in_bulk(many: list[int], sign_in: Any, cast: Any) -> None:
    colleague, client = cast.colleague.id, sign_in("sales_consultant")
    answer = send(client, BULK, verb="reassign", all="1", counted=MANY, back=PAGE, confirm="1", person=colleague)
    assert answer.status_code == 403
    assert len({row.assignee_id for row in all_of(m.FollowUp)}) == 2


def test_one_persons_way_back_is_nobody_elses(many: list[int], sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    send(client, PAGE + "act/", verb="skip", id=many[0], reason="已到店")
    path = undo_path(client)
    manager = sign_in("sales_manager")
    send(manager, path)
    assert one(m.FollowUp, many[0]).state == ch.FollowUpState.SKIPPED
    assert "role=\"alert\"" in manager.get(PAGE).text
    client = sign_in("sales_consultant")
    send(client, path)
    assert one(m.FollowUp, many[0]).state == ch.FollowUpState.OPEN


def test_the_way_back_leads_nowhere_else(many: list[int], sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    for url in ("//evil.test/", "https://evil.test/", "/\\evil.test"):
        assert send(client, f"{PAGE}undo/?key=x&url={url}").location == PAGE


def test_after_a_task_the_next_one_of_the_list_is_chosen(many: list[int], sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    shown = [int(key) for key in re.findall(r'name="rowid" value="(\d+)"', client.get(PAGE).text)]
    panel = client.get(f"{PAGE}?task={shown[2]}").text.split('id="task"')[1]
    assert f'name="back" value="{PAGE}?task={shown[3]}"' in panel
    last = client.get(f"{PAGE}?task={shown[-1]}").text.split('id="task"')[1]
    assert f'name="back" value="{PAGE}?task={shown[-2]}"' in last
