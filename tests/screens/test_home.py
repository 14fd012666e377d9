"""The home of each role, and that every figure on it opens exactly its rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from admin_app import choices as ch
from admin_app import models as m
from admin_app.database import db
from tests.cast import NOW, ROLES, TODAY
from tests.factories import (
    _add,
    make_campaign,
    make_complaint,
    make_customer,
    make_followup,
    make_order,
    make_vehicle,
    make_visit,
)
from tests.screens.daily_support import figures, listed, send

TITLES = {"sales_manager": "销售", "service_manager": "售后", "care_manager": "关爱"}


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def store(session: Any, cast: Any) -> Any:
    """A store with something of everything, ours and other people's."""
    for number, owner in enumerate((cast.sales_consultant, cast.colleague, cast.other_team, cast.outsider)):
        late = make_customer(session, owner=owner, grade=ch.Grade.H, graded_on=TODAY - dt.timedelta(days=8),
                             birthday=dt.date(1980, 11, 23), name=f"客户甲{number}")
        fresh = make_customer(session, owner=owner, stage=ch.Stage.LEAD, advisor_id=cast.service_advisor.id
                              if owner.store_id == 1 else None)
        for day in (-2, 0, 3):
            make_followup(session, late, assignee=owner, due=TODAY + dt.timedelta(days=day))
        make_followup(session, fresh, assignee=cast.care_specialist if owner.store_id == 1 else owner)
        make_followup(session, fresh, assignee=owner, state=ch.FollowUpState.DONE, closed_at=NOW)
        _add(session, m.Promise(store_id=owner.store_id, customer_id=late.id, what="补开发票", by_id=owner.id,
                                due_on=TODAY - dt.timedelta(days=1)))
        make_complaint(session, late, owner=cast.sales_manager, area=ch.ComplaintArea.SALES)
        make_complaint(session, fresh, owner=cast.service_manager, level=ch.ComplaintLevel.MAJOR)
        make_complaint(session, fresh, owner=cast.service_manager, state=ch.ComplaintState.FINISHED, finished_at=NOW)
        make_complaint(session, fresh, owner=cast.service_manager, state=ch.ComplaintState.CLOSED, closed_at=NOW)
        make_order(session, fresh, advisor=cast.service_advisor, promised_at=NOW, vehicle=make_vehicle(session, fresh))
        make_order(session, fresh, advisor=cast.service_advisor, state=ch.RepairState.WAITING_PARTS)
        make_visit(session, late, staff=owner)
    make_customer(session, stage=ch.Stage.LEAD)
    campaign = make_campaign(session, owner=cast.marketing)
    for state in (ch.MemberState.INVITED, ch.MemberState.ATTENDED, ch.MemberState.DEAL):
        _add(session, m.CampaignMember(store_id=1, campaign_id=campaign.id, state=state,
                                       customer_id=make_customer(session, owner=cast.colleague).id))
    db.session.commit()
    return cast


@pytest.mark.parametrize("role", ROLES)
def test_every_figure_opens_as_many_rows_as_it_says(store: Any, sign_in: Any, role: str) -> None:
    client = sign_in(role)
    page = client.get("/admin/")
    assert page.status_code == 200
    found = figures(page.text)
    assert len(found) >= 3
    for href, (number, label) in found.items():
        answer = client.get(href)
        assert answer.status_code == 200, (label, href)
        assert listed(answer.text) == number, (label, href)


def test_the_ten_homes_differ(store: Any, sign_in: Any) -> None:
    strips = {role: tuple(label for _number, label in figures(sign_in(role).get("/admin/").text).values())
              for role in ROLES}
    assert len(set(strips.values())) == len(ROLES), strips


@pytest.mark.parametrize("role", ["sales_consultant", "service_advisor", "care_specialist"])
def test_what_i_owe_is_mine_alone(store: Any, sign_in: Any, role: str) -> None:
    found = figures(sign_in(role).get("/admin/").text)
    overdue, today = found["/admin/followups/?due=overdue"][0], found["/admin/followups/?due=today"][0]
    wanted = {"sales_consultant": (1, 1), "service_advisor": (0, 0), "care_specialist": (0, 3)}[role]
    assert (overdue, today) == wanted


def test_a_managers_home_counts_the_team_by_person(store: Any, sign_in: Any) -> None:
    client = sign_in("sales_manager")
    page = client.get("/admin/").text
    assert figures(page)["/admin/followups/?due=overdue&owner=all"][0] == 2  # the consultant's and the colleague's
    for name in ("梁思琪", "吴俊杰"):
        assert name in page
    assert "韩雪" not in page  # of the other team
    assert "彭立" not in page  # of the other store


def test_the_numbers_of_a_persons_line_open_their_rows(store: Any, sign_in: Any) -> None:
    client = sign_in("sales_manager")
    me = store.colleague.id
    db.session.rollback()
    page = client.get("/admin/").text
    line = next(row for row in page.split("<tr>") if "吴俊杰" in row)
    for href in (f"/admin/today/?show=done&amp;owner={me}", f"/admin/followups/?due=today&amp;owner={me}",
                 f"/admin/followups/?due=overdue&amp;owner={me}"):
        number = int(line.split(f'href="{href}">')[1].split("<")[0])
        assert number == 1
        assert listed(client.get(href.replace("&amp;", "&")).text) == number


def test_a_person_outside_the_team_cannot_be_asked_for(store: Any, sign_in: Any) -> None:
    other = store.other_team.id
    db.session.rollback()
    assert sign_in("sales_manager").get(f"/admin/today/?show=done&owner={other}").status_code == 404
    assert sign_in("sales_manager").get("/admin/today/?show=nonsense").status_code == 404


def test_marketing_sees_who_came_and_no_tasks(store: Any, sign_in: Any) -> None:
    client = sign_in("marketing")
    page = client.get("/admin/").text
    assert "爱车讲堂" in page
    assert "/admin/followups/?due" not in page
    href = page.split('data-label="到场"')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
    assert listed(client.get(href).text) == 2


def test_the_auditor_sees_who_looked_at_most(store: Any, sign_in: Any) -> None:
    customer = make_customer(db.session, owner=store.sales_consultant)
    db.session.commit()
    key = customer.id
    db.session.rollback()
    consultant = sign_in("sales_consultant")
    for _time in range(3):
        assert consultant.get(f"/admin/customer/details/?id={key}").status_code == 200
    client = sign_in("auditor")
    page = client.get("/admin/").text
    line = next(row for row in page.split("<tr>") if 'scope="row" class="is-title">梁思琪' in row)
    href = line.split('href="')[1].split('"')[0].replace("&amp;", "&")
    assert ">3</a>" in line
    assert listed(client.get(href).text) == 3


def test_the_auditor_reads_the_fields_of_a_bulk_change_in_words(store: Any, sign_in: Any) -> None:
    customer = make_customer(db.session, owner=store.sales_consultant)
    db.session.commit()
    key = customer.id
    db.session.rollback()
    assert send(sign_in("sales_consultant"), "/admin/visit/log/", customer=key, channel="phone", result="solved",
                next="7", key="k" * 20).status_code == 302
    page = sign_in("auditor").get("/admin/").text
    assert "批量修改" in page and "next_contact_on" not in page


def test_the_administrator_has_five_steps_and_no_customers(store: Any, sign_in: Any) -> None:
    page = sign_in("administrator").get("/admin/").text
    assert page.count('<li class="line"><span class="') == 5
    assert "客户甲" not in page


def test_nothing_to_do_says_so(cast: Any, sign_in: Any) -> None:
    page = sign_in("sales_consultant").get("/admin/").text
    assert "今天没有要联系的客户" in page or "You owe nobody" in page


def test_nobody_signed_in_is_sent_to_the_sign_in(app: Any) -> None:
    answer = app.test_client().get("/admin/")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login")
