"""Plans of visits, the report that makes them done, coverage and remarks: by role, and with nothing to do."""

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
from tests.factories import make_customer, make_visit
from tests.screens.daily_support import all_of, one, send

PLAN, LOG = "/admin/visit/plan/", "/admin/visit/log/"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def customer(session: Any, cast: Any) -> int:
    made = make_customer(session, owner=cast.sales_consultant, name="鹏程物流", credit=ch.CreditLevel.NORMAL)
    session.commit()
    return int(made.id)


def plan(client: Any, customer: int, **given: Any) -> Any:
    return send(client, PLAN, **({"customer": customer, "day": "2026-11-25", "time": "14:30", "channel": "home",
                                  "purpose": "谈车队更新", "goal": "拿到名单", "policy": "置换补贴",
                                  "thing": ["名片", "宣传单页"], "key": "plan-key"} | given))


def test_a_visit_is_planned_ticked_printed_and_reported_in_one_go(customer: int, sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    assert plan(client, customer).status_code == 302
    plan(client, customer)  # pressed twice
    (visit,) = all_of(m.Visit)
    assert (visit.state, visit.at, visit.checklist) == (
        ch.VisitState.PLANNED, dt.datetime(2026, 11, 25, 6, 30, tzinfo=dt.UTC), ["名片", "宣传单页"])
    send(client, f"{PLAN}tick/", visit=visit.id, packed=["名片", "别的"])
    assert one(m.Visit, visit.id).packed == ["名片"]
    paper = client.get(f"{PLAN}print/").text
    assert "☑ 名片" in paper and "☐ 宣传单页" in paper and "谈车队更新" in paper
    form = client.get(f"{LOG}?customer={customer}&visit={visit.id}").text
    assert f'name="visit" value="{visit.id}"' in form and "置换补贴" in form
    answer = send(client, LOG, customer=customer, visit=visit.id, channel="home", result="interested", next="7",
                  key="report-key", content="谈得好", met_name="王总", met_title="采购经理",
                  met_decision_power="decides", needs="三台车", objection="账期太短", objection_weight="major",
                  objection_answer="请示经理", prospects="隔壁公司", competitor="对手降价", credit_to="careful",
                  credit_change="上月拖欠", minutes="80", next_step="报价", summary="有望", gift="茶叶",
                  gift_value="88.5")
    assert answer.status_code == 302
    (done,), (gift,) = all_of(m.Visit), all_of(m.Gift)
    assert (done.id, done.state, done.at, done.purpose) == (visit.id, ch.VisitState.DONE, NOW, "谈车队更新")
    assert (done.met_name, done.met_decision_power, done.needs, done.next_step) == (
        "王总", ch.DecisionPower.DECIDES, "三台车", "报价")
    assert (str(gift.value), gift.visit_id) == ("88.50", done.id)
    assert one(m.Customer, customer).credit == ch.CreditLevel.CAREFUL
    again = send(client, LOG, customer=customer, visit=visit.id, result="interested", channel="home", next="7",
                 key="report-key")
    assert again.status_code == 302 and len(all_of(m.Visit)) == 1  # sent once more: the same place
    assert "没有计划中的拜访" in client.get(PLAN).text


@pytest.mark.parametrize(("given", "field"), [({"day": "2026-11-01"}, "day"), ({"day": "x"}, "day"),
                                              ({"time": "99:99"}, "time"), ({"purpose": " "}, "purpose")])
def test_a_wrong_plan_keeps_what_was_typed(customer: int, sign_in: Any, given: dict[str, str], field: str) -> None:
    answer = plan(sign_in("sales_consultant"), customer, **given)
    assert answer.status_code == 400 and f'id="{field}-e"' in answer.text and "拿到名单" in answer.text
    assert all_of(m.Visit) == []


def test_nobody_plans_or_changes_out_of_scope(customer: int, sign_in: Any) -> None:
    assert plan(sign_in("outsider"), customer).status_code == 404
    assert plan(sign_in("auditor"), customer).status_code == 403
    plan(sign_in("sales_consultant"), customer)
    (visit,) = all_of(m.Visit)
    for role, code in (("outsider", 404), ("auditor", 403)):
        for verb in ("tick", "cancel"):
            assert send(sign_in(role), f"{PLAN}{verb}/", visit=visit.id).status_code == code
    assert all_of(m.Visit)[0].state == ch.VisitState.PLANNED
    assert send(sign_in("sales_consultant"), f"{PLAN}cancel/", visit=visit.id).status_code == 302
    assert all_of(m.Visit)[0].state == ch.VisitState.CANCELLED
    assert sign_in("administrator").get(PLAN).status_code == 403


def test_a_half_report_says_it_at_the_field(customer: int, sign_in: Any) -> None:
    answer = send(sign_in("sales_consultant"), LOG, customer=customer, channel="home", result="interested", next="7",
                  key="half", credit_to="bad", needs="一台车")
    assert answer.status_code == 400 and 'id="credit_change-e"' in answer.text and "一台车" in answer.text
    assert all_of(m.Visit) == []


# ---------------------------------------------------------------- coverage


def test_the_numbers_of_the_coverage_open_exactly_their_rows(session: Any, cast: Any, sign_in: Any) -> None:
    for number in range(7):
        make_customer(session, owner=(cast.sales_consultant, cast.colleague)[number % 2],
                      last_contact_at=None if number == 0 else NOW - dt.timedelta(days=number * 30))
    session.commit()
    client = sign_in("sales_manager")
    page = client.get("/admin/visit/coverage/").text
    links = re.findall(r'class="open-n[^"]*" href="([^"]+)">([\d,]+)<', page)
    assert len(links) >= 6
    for href, number in links:
        rows = client.get(href.replace("&amp;", "&")).text
        assert f'data-total="{number}"' in rows and rows.count('class="is-row"') == int(number)
    assert f"{PLAN}?customer=" in client.get("/admin/visit/coverage/rows/?show=unseen").text
    assert client.get("/admin/visit/coverage/rows/?show=nonsense").status_code == 404


def test_coverage_shows_each_only_the_own_customers(session: Any, cast: Any, sign_in: Any) -> None:
    make_customer(session, owner=cast.colleague, name="别人的客户")
    session.commit()
    for role in ("sales_consultant", "outsider"):
        assert "别人的客户" not in sign_in(role).get("/admin/visit/coverage/rows/?show=all").text
    assert sign_in("administrator").get("/admin/visit/coverage/").status_code == 403


# ---------------------------------------------------------------- remarks


REVIEW = "/admin/visit/review/"


@pytest.fixture
def drawn(session: Any, cast: Any, customer: int) -> int:
    row = make_visit(session, session.get(m.Customer, customer), staff=cast.sales_consultant, sampled_on=TODAY,
                     content="客户要三台车", objection="账期", objection_weight=ch.ObjectionWeight.MAJOR,
                     competitor="对手降价两万", credit_to=ch.CreditLevel.GOOD, credit_change="提前付款",
                     prospects="邻居")
    session.commit()
    return int(row.id)


def test_a_manager_answers_and_the_person_confirms(drawn: int, sign_in: Any, cast: Any) -> None:
    boss, person = sign_in("sales_manager"), sign_in("sales_consultant")
    assert "客户要三台车" in boss.get(f"{REVIEW}?show=review").text
    assert send(boss, f"{REVIEW}remark/", visit=drawn, remark="  ").status_code == 400
    assert send(boss, f"{REVIEW}remark/", visit=drawn, remark="需求问得细").status_code == 302
    assert "需求问得细" in person.get(REVIEW).text
    assert send(person, f"{REVIEW}confirm/", visit=drawn).status_code == 302
    row = one(m.Visit, drawn)
    assert (row.reviewed_by_id, row.review_note, row.review_seen_at) == (cast.sales_manager.id, "需求问得细", NOW)


def test_nobody_else_answers_or_confirms(drawn: int, sign_in: Any) -> None:
    for role, code in (("sales_consultant", 403), ("outsider", 404), ("auditor", 403), ("administrator", 404)):
        assert send(sign_in(role), f"{REVIEW}remark/", visit=drawn, remark="好").status_code == code, role
    assert send(sign_in("sales_manager"), f"{REVIEW}confirm/", visit=drawn).status_code == 403
    row = one(m.Visit, drawn)
    assert row.review_note is None and row.review_seen_at is None
    assert sign_in("sales_consultant").get(f"{REVIEW}?show=review").status_code == 403


@pytest.mark.parametrize(("show", "text"), [("objections", "账期"), ("competitors", "对手降价两万"),
                                            ("credit", "提前付款"), ("prospects", "邻居")])
def test_what_visits_brought_is_listed_and_counted(drawn: int, sign_in: Any, show: str, text: str) -> None:
    page = sign_in("sales_manager").get(f"{REVIEW}?show={show}").text
    assert text in page and 'data-total="1"' in page
    assert 'data-total="0"' in sign_in("outsider").get(f"{REVIEW}?show={show}").text
