"""The calendar: counts by day, whose, working days, visits planned, and moving a task to another day."""

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
from tests.factories import make_customer, make_followup, make_visit
from tests.screens.daily_support import listed, one, send

PAGE = "/admin/followups/calendar/"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def keys(session: Any, cast: Any) -> dict[str, int]:
    """Five tasks today, one in three days, one next month, one of the colleague; a visit planned for tomorrow."""
    customer = make_customer(session, owner=cast.sales_consultant, name="李雪梅")
    made = {f"today{number}": make_followup(session, customer, assignee=cast.sales_consultant).id
            for number in range(5)}
    made["soon"] = make_followup(session, customer, assignee=cast.sales_consultant,
                                 due=TODAY + dt.timedelta(days=3)).id
    make_followup(session, customer, assignee=cast.sales_consultant, due=dt.date(2026, 12, 20))
    theirs = make_customer(session, owner=cast.colleague, name="马晓东")
    made["theirs"] = make_followup(session, theirs, assignee=cast.colleague).id
    make_visit(session, customer, staff=cast.sales_consultant, state=ch.VisitState.PLANNED, purpose="看新车",
               at=NOW + dt.timedelta(days=1))
    outside = make_customer(session, owner=cast.outsider, name="外店客户")
    make_followup(session, outside, assignee=cast.outsider)
    session.commit()
    return made | {"colleague": cast.colleague.id, "me": cast.sales_consultant.id}


def cells(page: str) -> dict[str, int]:
    """day → the number in its cell."""
    found = re.findall(r'<td data-day="([\d-]+)"(.*?)</td>', page, re.S)
    return {day: int(number[1]) for day, cell in found if (number := re.search(r"data-number>(\d+)<", cell))}


def test_a_month_has_whole_weeks_and_every_number_opens_its_rows(sign_in: Any, keys: dict[str, int]) -> None:
    client = sign_in("sales_consultant")
    page = client.get(PAGE).text
    days = re.findall(r'data-day="([\d-]+)"', page)
    assert (days[0], days[-1], len(days)) == ("2026-10-26", "2026-12-06", 42)
    assert cells(page) == {"2026-11-23": 5, "2026-11-26": 1}
    for day, number in cells(page).items():
        assert listed(client.get(f"{PAGE}?view=day&day={day}").text) == number
    today = re.search(r'data-day="2026-11-23".*?</td>', page, re.S)
    assert today and today[0].count("data-task=") == 3 and "view=day" in today[0].split("cal-more")[1]
    assert "看新车" in page and "马晓东" not in page and "外店客户" not in page


@pytest.mark.parametrize(("query", "first", "last"), [
    ("view=week", "2026-11-23", "2026-11-29"), ("view=week&day=2026-11-22", "2026-11-16", "2026-11-22"),
    ("day=2026-02-14", "2026-01-26", "2026-03-01"), ("day=nonsense&view=nonsense", "2026-10-26", "2026-12-06")])
def test_the_days_of_a_view(sign_in: Any, keys: dict[str, int], query: str, first: str, last: str) -> None:
    days = re.findall(r'data-day="([\d-]+)"', sign_in("sales_consultant").get(f"{PAGE}?{query}").text)
    assert (days[0], days[-1]) == (first, last)


def test_holidays_and_worked_weekends(sign_in: Any, keys: dict[str, int]) -> None:
    page = sign_in("sales_consultant").get(f"{PAGE}?day=2026-02-10").text
    shade = {day: "off" in css.split() for day, css in re.findall(
        r'data-day="([\d-]+)"(?: data-open)? class="([^"]*)"', page)}
    assert shade["2026-02-17"] and shade["2026-02-08"] and not shade["2026-02-10"] and not shade["2026-02-14"]


@pytest.mark.parametrize(("who", "query", "off"), [
    ("sales_consultant", "", True), ("sales_manager", "who=team", True), ("sales_manager", "who={me}", True),
    ("outsider", "", False), ("general_manager", "who={me}", True)])
def test_a_day_off_of_the_store_is_shown_to_its_people(
        session: Any, sign_in: Any, keys: dict[str, int], who: str, query: str, off: bool) -> None:
    session.add(m.CalendarDay(day=dt.date(2026, 11, 25), kind=ch.DayKind.CLOSED, name="盘点", store_id=1))
    session.commit()
    page = sign_in(who).get(f"{PAGE}?{query.format(**keys)}").text
    shade = re.search(r'data-day="2026-11-25"(?: data-open)? class="([^"]*)"', page)
    assert shade is not None and ("off" in shade[1].split()) == off


@pytest.mark.parametrize(("who", "query", "number"), [
    ("sales_manager", "who=team", 6), ("sales_manager", "who={colleague}", 1), ("sales_manager", "", 0),
    ("general_manager", "who=team", 7), ("sales_consultant", "who=team", 5), ("sales_consultant", "who={colleague}", 0),
    ("sales_consultant", "who=x", 5), ("auditor", "who=team", 7)])
def test_whose(sign_in: Any, keys: dict[str, int], who: str, query: str, number: int) -> None:
    page = sign_in(who).get(f"{PAGE}?view=day&{query.format(**keys)}").text
    assert listed(page) == number


@pytest.mark.parametrize("who", ["marketing", "administrator"])
def test_others_are_refused(sign_in: Any, keys: dict[str, int], who: str) -> None:
    assert sign_in(who).get(PAGE).status_code == 403


def test_an_auditor_reads_and_moves_nothing(sign_in: Any, keys: dict[str, int]) -> None:
    page = sign_in("auditor").get(f"{PAGE}?who=team").text
    assert "data-task=" in page and "draggable" not in page and 'id="cal-dialog"' not in page


def test_a_task_is_moved_with_a_reason_and_not_into_the_past(sign_in: Any, keys: dict[str, int]) -> None:
    client, back = sign_in("sales_consultant"), f"{PAGE}?view=week&day=2026-11-23"
    form = {"verb": "snooze", "id": keys["today0"], "back": back}
    for until, reason in (("2026-11-20", "客户要求"), ("2026-11-27", ""), ("", "客户要求")):
        assert send(client, "/admin/followups/act/", until=until, reason=reason, **form).location == back
        assert one(m.FollowUp, keys["today0"]).due_on == TODAY
    send(client, "/admin/followups/act/", until="2026-11-27", reason="客户要求", **form)
    task = one(m.FollowUp, keys["today0"])
    assert (str(task.due_on), task.state, task.note) == ("2026-11-27", "snoozed", "客户要求")
    assert cells(client.get(back).text)["2026-11-27"] == 1


def test_a_quiet_day_says_so(sign_in: Any, keys: dict[str, int]) -> None:
    page = sign_in("sales_consultant").get(f"{PAGE}?view=day&day=2026-11-30").text
    assert listed(page) == 0 and 'class="empty"' in page
