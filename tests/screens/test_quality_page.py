"""The page of data quality: every number is exactly its rows, within the reader's scope; confirming a file."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask.testing import FlaskClient

from admin_app import choices as ch
from admin_app import models as m
from tests.cast import NOW, TODAY, Cast
from tests.conftest import row
from tests.factories import make_customer, make_followup, make_vehicle
from tests.screens.daily_support import all_of, send
from tests.screens.desk_support import Page

SignIn = Callable[[Any], FlaskClient]
OPEN = re.compile(r'class="open-n[^"]*" href="([^"]*)">([\d,]+)(%?)<')
YEAR = TODAY.replace(year=TODAY.year - 1)
SEEN = {"general_manager": 8, "care_manager": 7, "care_specialist": 7, "marketing": 7, "auditor": 8,
        "sales_manager": 5, "sales_consultant": 3, "service_advisor": 2}


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def files(session: Any, cast: Cast) -> list[int]:
    """Three files of the consultant, one each of a colleague, another team, another store, the pool and nobody's
    team; the first ones served by the advisor."""
    O = ch.Stage.OWNER  # noqa: E741
    number = "+8613812340077"
    made = [make_customer(session, owner=cast.sales_consultant, stage=O, advisor_id=cast.service_advisor.id,
                          confirmed_on=YEAR, phone=number),
            make_customer(session, owner=cast.sales_consultant, stage=O, advisor_id=cast.service_advisor.id,
                          next_contact_on=TODAY, wechat="wx"),
            make_customer(session, owner=cast.sales_consultant, confirmed_on=TODAY),
            make_customer(session, owner=cast.colleague, phone2=number),
            make_customer(session, owner=cast.other_team, confirmed_on=YEAR, stage=ch.Stage.LOST, phone2=number),
            make_customer(session, owner=cast.outsider),
            make_customer(session, store_id=1), make_customer(session, owner=cast.marketing)]
    make_vehicle(session, made[0])
    session.commit()
    return [one.id for one in made]


def rows(client: FlaskClient, path: str) -> int:
    answer = client.get(path)
    assert answer.status_code == 200, path
    found = re.search(r'id="count">([\d,]+)<', answer.text)
    assert found, path
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize("role", SEEN)
def test_every_number_is_its_rows(sign_in: SignIn, role: str) -> None:
    client = sign_in(role)
    page = client.get("/admin/quality/?by=owner").text
    numbers = [(html.unescape(href), int(number.replace(",", ""))) for href, number, percent in OPEN.findall(page)
               if not percent]
    assert len(numbers) > 5
    for href, number in numbers:
        assert rows(client, href) == number, href
    assert rows(client, "/admin/quality/rows/?show=customers&by=owner") == SEEN[role]
    shown = {link for link in Page(client.get("/admin/quality/rows/?show=customers&by=owner").text).links
             if "/admin/customer/details/" in link}
    assert len(shown) == SEEN[role]


def test_the_numbers_are_right(sign_in: SignIn, cast: Cast) -> None:
    client = sign_in("care_manager")
    for show, number in (("customers", 7), ("carless", 1), ("no_next", 5), ("stale", 1), ("missing&field=wechat", 6)):
        assert rows(client, f"/admin/quality/rows/?show={show}&by=owner") == number, show
    assert rows(client, f"/admin/quality/rows/?show=customers&owner={cast.sales_consultant.id}") == 3
    assert rows(client, "/admin/quality/rows/?show=customers&owner=pool") == 1
    assert rows(client, "/admin/quality/rows/?show=customers&team=none") == 1
    assert rows(client, f"/admin/quality/rows/?show=customers&team={cast.colleague.team_id}") == 4
    assert rows(client, f"/admin/duplicates/?team={cast.colleague.team_id}") == 3
    assert rows(client, f"/admin/duplicates/?owner={cast.colleague.id}") == 2


def test_people_of_the_service_go_by_the_advisor(sign_in: SignIn) -> None:
    client = sign_in("service_advisor")
    assert "吴婷" in client.get("/admin/quality/").text
    assert rows(client, "/admin/quality/rows/?show=customers") == 2


def test_the_administrator_and_nonsense_are_refused(sign_in: SignIn) -> None:
    assert sign_in("administrator").get("/admin/quality/").status_code == 403
    assert sign_in("administrator").get("/admin/quality/rows/?show=stale").status_code == 403
    client = sign_in("care_manager")
    for path in ("?show=x", "", "?show=missing&field=id_number", "?show=missing"):
        assert client.get(f"/admin/quality/rows/{path}").status_code == 404, path
    assert client.get("/admin/quality/?owner=-1&team=x&by=y").status_code == 200


def test_private_values_stand_masked(sign_in: SignIn) -> None:
    page = sign_in("care_manager").get("/admin/quality/rows/?show=customers").text
    assert "138****0077" in page and "13812340077" not in page


# ---------------------------------------------------------------- confirming


def ask(session: Any, cast: Cast, key: int) -> int:
    rule = session.scalars(sa.select(m.FollowUpRule).where(m.FollowUpRule.code == "file_stale")).one()
    task = make_followup(session, session.get(m.Customer, key), assignee=cast.sales_consultant, rule_id=rule.id)
    session.commit()
    return task.id


def test_the_button_confirms_and_settles_the_task(session: Any, cast: Cast, files: list[int], sign_in: SignIn) -> None:
    task = ask(session, cast, files[0])
    client = sign_in("sales_consultant")
    assert "/admin/customer/confirm/" in client.get(f"/admin/customer/details/?id={files[0]}").text
    assert send(client, "/admin/customer/confirm/", id=files[0]).status_code == 302
    assert row(m.Customer, files[0]).confirmed_on == TODAY and row(m.FollowUp, task).state == "done"
    assert send(client, "/admin/customer/confirm/", id=files[0]).status_code == 302  # again: nothing more to do


@pytest.mark.parametrize(("role", "status"), [("colleague", 404), ("marketing", 403), ("auditor", 403),
                                              ("administrator", 404)])
def test_others_confirm_nothing(session: Any, cast: Cast, files: list[int], sign_in: SignIn, role: str,
                                status: int) -> None:
    task = ask(session, cast, files[0])
    assert send(sign_in(role), "/admin/customer/confirm/", id=files[0]).status_code == status
    assert row(m.Customer, files[0]).confirmed_on == YEAR and row(m.FollowUp, task).state == "open"


@pytest.mark.parametrize(("ticked", "result", "state"), [
    (True, "solved", "done"), (False, "solved", "open"), (True, "not_reached", "open")])
def test_a_logged_contact_confirms_only_where_ticked(session: Any, cast: Cast, files: list[int], sign_in: SignIn,
                                                     ticked: bool, result: str, state: str) -> None:
    task = ask(session, cast, files[0])
    client = sign_in("sales_consultant")
    path = f"/admin/visit/log/?customer={files[0]}&followup={task}"
    fields = Page(client.get(path).text).fields
    assert fields["confirmed"] == "1"  # the tick stands ready
    if not ticked:
        del fields["confirmed"]
    for name in ("q", "language", "reason", ""):
        fields.pop(name, None)
    answer = client.post("/admin/visit/log/", data=fields | {"result": result, "next": "none"})
    assert answer.status_code == 302
    assert row(m.FollowUp, task).state == state
    assert row(m.Customer, files[0]).confirmed_on == (TODAY if state == "done" else YEAR)
    assert len(all_of(m.Visit)) == 1


def test_an_owner_without_a_car_is_told_so(files: list[int], sign_in: SignIn) -> None:
    client = sign_in("care_manager")
    assert "保有客户应有车辆" in client.get(f"/admin/customer/details/?id={files[1]}").text
    assert "保有客户应有车辆" not in client.get(f"/admin/customer/details/?id={files[0]}").text
