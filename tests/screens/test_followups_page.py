"""The due list: what it shows by question, and later, not at all, somebody else, one by one and several at once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
import time_machine

from admin_app import choices as ch
from admin_app import models as m
from admin_app.access import ungated
from admin_app.database import db
from tests.cast import NOW, TODAY
from tests.factories import make_customer, make_followup, make_visit
from tests.screens.daily_support import all_of, listed, one, send

PAGE = "/admin/followups/"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def due(session: Any, cast: Any) -> dict[str, int]:
    """One task each: late, today, in three days, in ten days of the consultant; one of the colleague."""
    customer = make_customer(session, owner=cast.sales_consultant, name="李雪梅", grade=ch.Grade.H)
    make_visit(session, customer, staff=cast.sales_consultant, content="顾虑后排空间")
    rule = session.scalars(ungated(db.select(m.FollowUpRule).where(m.FollowUpRule.code == "quote"))).first()
    rule = rule or session.scalars(ungated(db.select(m.FollowUpRule).order_by(m.FollowUpRule.id))).first()
    days = {"late": -2, "today": 0, "soon": 3, "far": 10}
    made = {name: make_followup(session, customer, assignee=cast.sales_consultant, reason=f"回访{name}",
                                due=TODAY + dt.timedelta(days=day), rule_id=rule.id if name == "late" else None).id
            for name, day in days.items()}
    theirs = make_customer(session, owner=cast.colleague, name="马晓东")
    made["colleague"] = make_followup(session, theirs, assignee=cast.colleague, due=TODAY).id
    outside = make_customer(session, owner=cast.outsider, name="外店客户")
    made["outsider"] = make_followup(session, outside, assignee=cast.outsider, due=TODAY).id
    made["rule"] = rule.id
    session.commit()
    return made


@pytest.mark.parametrize(("question", "names"), [
    ("", {"late", "today"}), ("?due=overdue", {"late"}), ("?due=today", {"today"}), ("?due=week", {"today", "soon"}),
    ("?due=all", {"late", "today", "soon", "far"}), ("?due=nonsense", {"late", "today"}),
])
def test_the_queue_by_question(due: dict[str, int], sign_in: Any, question: str, names: set[str]) -> None:
    page = sign_in("sales_consultant").get(PAGE + question).text
    shown = {int(key) for key in re.findall(r'name="rowid" value="(\d+)"', page)}
    assert shown == {due[name] for name in names} and "&lt;time" not in page
    assert listed(page) == len(names)


def test_the_chips_count_what_they_open(due: dict[str, int], sign_in: Any) -> None:
    client = sign_in("sales_manager")
    page = client.get(PAGE + "?owner=all").text
    chips = re.findall(r'<a class="chip[^"]*" href="([^"]+)"[^>]*>[^<]*<span class="n">(\d+)</span>', page)
    assert len(chips) == 7  # mine, now, overdue, today, week, all, unassigned
    for href, number in chips:
        assert listed(client.get(href.replace("&amp;", "&")).text) == int(number)


def test_a_reason_narrows_the_queue_and_says_how_many(due: dict[str, int], sign_in: Any, cast: Any) -> None:
    code = one(m.FollowUpRule, due["rule"]).code
    client = sign_in("sales_consultant")
    page = client.get(PAGE + f"?due=all&reason={code}").text
    assert listed(page) == 1
    assert listed(client.get(PAGE + "?due=all&reason=none-such").text) == 0


def test_owner_all_is_the_team_for_a_manager_and_oneself_for_a_consultant(due: dict[str, int], sign_in: Any) -> None:
    assert listed(sign_in("sales_manager").get(PAGE + "?due=today&owner=all").text) == 2
    assert listed(sign_in("care_manager").get(PAGE + "?due=today&owner=all").text) == 2
    assert listed(sign_in("sales_consultant").get(PAGE + "?due=today&owner=all").text) == 1
    assert "外店客户" not in sign_in("care_manager").get(PAGE + "?due=all&owner=all").text


def test_another_persons_tasks_by_number_stay_within_the_gate(due: dict[str, int], sign_in: Any, cast: Any) -> None:
    ids = {name: getattr(cast, name).id for name in ("colleague", "outsider")}
    db.session.rollback()
    assert listed(sign_in("sales_manager").get(PAGE + f"?due=all&owner={ids['colleague']}").text) == 1
    assert listed(sign_in("sales_manager").get(PAGE + f"?due=all&owner={ids['outsider']}").text) == 0
    assert listed(sign_in("sales_consultant").get(PAGE + f"?due=all&owner={ids['colleague']}").text) == 0


def test_the_chosen_task_says_why_and_what_was_last(due: dict[str, int], sign_in: Any) -> None:
    page = sign_in("sales_consultant").get(PAGE + f"?due=all&task={due['far']}").text
    panel = page.split('id="task"')[1]
    assert "回访far" in panel
    assert "顾虑后排空间" in panel
    assert f'name="followup" value="{due["far"]}"' in panel
    assert "+8613" not in page and "138****" in page  # masked in the queue and in the panel


def test_a_marketing_task_over_the_cap_says_not_now(due: dict[str, int], session: Any, cast: Any, sign_in: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant,
                             marketing_blocked_until=TODAY + dt.timedelta(days=9))
    greeting = make_followup(session, customer, assignee=cast.sales_consultant, purpose=ch.Purpose.GREETING)
    session.commit()
    key = greeting.id
    session.rollback()
    client = sign_in("sales_consultant")
    assert 'class="alert alert-warning' in client.get(PAGE + f"?task={key}").text.split('id="task"')[1].split(
        "</section>")[0]
    panel = client.get(PAGE + f"?task={due['today']}").text.split('id="task"')[1].split("</section>")[0]
    assert 'class="alert alert-warning' not in panel
    assert "1 / 5" in panel


def test_progress_of_the_day(due: dict[str, int], session: Any, cast: Any, sign_in: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    make_followup(session, customer, assignee=cast.sales_consultant, state=ch.FollowUpState.DONE, closed_at=NOW)
    page = sign_in("sales_consultant").get(PAGE).text
    assert re.search(r"1\D{1,8}3", page.split('class="day"')[1].split("</div>")[0])


def test_snooze_needs_a_reason_and_a_day(due: dict[str, int], sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    later = (TODAY + dt.timedelta(days=2)).isoformat()
    for given in ({"reason": "", "day": later}, {"reason": "出差", "day": ""}, {"reason": "出差", "day": "2020-01-01"}):
        assert send(client, PAGE + "act/", verb="snooze", id=due["today"], **given).status_code == 302
        assert one(m.FollowUp, due["today"]).state == ch.FollowUpState.OPEN
    send(client, PAGE + "act/", verb="snooze", id=due["today"], reason="出差", day=later)
    found = one(m.FollowUp, due["today"])
    assert (found.state, found.due_on.isoformat(), found.note) == (ch.FollowUpState.SNOOZED, later, "出差")
    assert listed(client.get(PAGE + "?due=today").text) == 0


def test_what_is_dealt_with_leads_back_to_the_same_list(session: Any, cast: Any, due: dict[str, int],
                                                        sign_in: Any) -> None:
    session.get(m.Customer, session.get(m.FollowUp, due["today"]).customer_id).name = "A&B <公司>"
    session.commit()
    session.rollback()
    client = sign_in("sales_manager")
    page = client.get(f"{PAGE}?due=all&owner=all&task={due['today']}").text
    backs = {unescape(found) for found in re.findall(r'name="back" value="([^"]+)"', page)}
    assert backs and all(back.startswith(f"{PAGE}?due=all&owner=all") for back in backs)
    assert "A&amp;B &lt;公司&gt;" in page and "&amp;amp;" not in page and "&amp;lt;" not in page
    (back,) = {one for one in backs if "task=" in one} or backs
    answer = send(client, PAGE + "act/", verb="skip", id=due["today"], reason="重复", back=back)
    assert answer.headers["Location"] == back


def test_the_top_bar_knows_the_whole_address(sign_in: Any, cast: Any) -> None:
    client = sign_in("sales_manager")
    page = client.get(f"{PAGE}?due=all&owner=all").text
    assert unescape(re.findall(r'name="next" value="([^"]+)"', page)[0]) == f"{PAGE}?due=all&owner=all"
    page = client.get("/admin/search/?q=A%26B").text
    assert 'value="A&amp;B"' in page and "&amp;amp;" not in page


def test_skip_with_a_reason(due: dict[str, int], sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    assert send(client, PAGE + "act/", verb="skip", id=due["late"], reason="").status_code == 302
    assert one(m.FollowUp, due["late"]).state == ch.FollowUpState.OPEN
    send(client, PAGE + "act/", verb="skip", id=due["late"], reason="已在店里说过")
    assert one(m.FollowUp, due["late"]).state == ch.FollowUpState.SKIPPED
    send(client, PAGE + "act/", verb="snooze", id=due["late"], reason="再来", day="2026-11-30")
    assert one(m.FollowUp, due["late"]).state == ch.FollowUpState.SKIPPED  # settled: nothing to do


def test_only_who_may_assign_gives_a_task_away(due: dict[str, int], sign_in: Any, cast: Any) -> None:
    me, colleague, outsider = cast.sales_consultant.id, cast.colleague.id, cast.outsider.id
    db.session.rollback()
    refused = send(sign_in("sales_consultant"), PAGE + "act/", verb="reassign", id=due["today"], person=colleague)
    assert refused.status_code == 403
    assert one(m.FollowUp, due["today"]).assignee_id == me
    manager = sign_in("sales_manager")
    send(manager, PAGE + "act/", verb="reassign", id=due["today"], person=outsider)
    assert one(m.FollowUp, due["today"]).assignee_id == me  # not a person of this store
    care = sign_in("care_manager")
    care_id = db.session.scalars(ungated(db.select(m.User.id).where(m.User.username == "care_specialist"))).one()
    db.session.rollback()
    send(care, PAGE + "act/", verb="reassign", id=due["today"], person=care_id)
    assert one(m.FollowUp, due["today"]).assignee_id == care_id


@pytest.mark.parametrize("role", ["auditor", "marketing", "administrator"])
def test_those_who_may_not_write_change_nothing(due: dict[str, int], sign_in: Any, role: str) -> None:
    client = sign_in(role)
    answer = send(client, PAGE + "act/", verb="skip", id=due["today"], reason="无关")
    assert answer.status_code == 403
    assert one(m.FollowUp, due["today"]).state == ch.FollowUpState.OPEN
    assert client.get(PAGE).status_code == (200 if role == "auditor" else 403)


def test_a_colleagues_task_is_refused_and_unchanged(due: dict[str, int], sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    assert send(client, PAGE + "act/", verb="skip", id=due["colleague"], reason="我来").status_code == 404
    assert send(client, PAGE + "act/", verb="skip", id=due["outsider"], reason="我来").status_code == 404
    for name in ("colleague", "outsider"):
        assert one(m.FollowUp, due[name]).state == ch.FollowUpState.OPEN


def test_bulk_says_how_many_asks_and_reports(due: dict[str, int], sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    chosen = [due["late"], due["today"], due["colleague"]]
    asked = send(client, PAGE + "bulk/", verb="skip", rowid=chosen)
    assert asked.status_code == 200
    assert asked.text.count('name="rowid"') == 2  # the colleague's is out of sight
    assert all(row.state == ch.FollowUpState.OPEN for row in all_of(m.FollowUp))
    assert send(client, PAGE + "bulk/", verb="skip", rowid=chosen, confirm="1", reason="").status_code == 302
    assert all(row.state == ch.FollowUpState.OPEN for row in all_of(m.FollowUp))  # every one was refused, and said
    done = send(client, PAGE + "bulk/", verb="skip", rowid=chosen, confirm="1", reason="电话停机")
    assert done.status_code == 302
    states = {row.id: row.state for row in all_of(m.FollowUp)}
    assert states[due["late"]] == states[due["today"]] == ch.FollowUpState.SKIPPED
    assert states[due["colleague"]] == states[due["soon"]] == ch.FollowUpState.OPEN


def test_bulk_without_a_choice_or_a_known_verb(due: dict[str, int], sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    assert send(client, PAGE + "bulk/", verb="skip").status_code == 302
    assert send(client, PAGE + "bulk/", verb="delete", rowid=[due["today"]]).status_code == 400
    assert send(client, PAGE + "bulk/", verb="reassign", rowid=[due["today"]]).status_code == 403
    assert one(m.FollowUp, due["today"]).state == ch.FollowUpState.OPEN


def test_nobody_due_is_an_empty_state(cast: Any, sign_in: Any) -> None:
    page = sign_in("sales_consultant").get(PAGE).text
    assert '<div class="empty">' in page
    assert 'id="task"' not in page


def test_what_nobody_has_stands_by_itself(due: dict[str, int], session: Any, cast: Any, sign_in: Any) -> None:
    for number in range(3):
        make_followup(session, make_customer(session, owner=None, name=f"无主{number}"), assignee=None,
                      due=TODAY + dt.timedelta(days=number * 9))
    session.commit()
    session.rollback()
    client = sign_in("care_specialist")
    for address in (PAGE, PAGE + "?owner=all"):
        assert re.search(r'owner=none"[^>]*>[^<]*<span class="n">3</span>', client.get(address).text)
    page = client.get(PAGE + "?due=all&owner=none").text
    assert listed(page) == 3 and "李雪梅" not in page
    own = sign_in("sales_consultant").get(PAGE + "?due=all&owner=none").text
    assert "无主" not in own and not re.search(r'class="chip[^>]*owner=none', own)


def test_what_has_a_clock_comes_first_on_every_page(session: Any, cast: Any, sign_in: Any) -> None:
    me, made = cast.sales_consultant, {"late": [], "lead": [], "later": []}  # type: ignore[var-annotated]
    rule = session.scalars(ungated(db.select(m.FollowUpRule).where(
        m.FollowUpRule.trigger == ch.Trigger.NEW_LEAD))).first()
    for name, number, day, rule_id in (("late", 21, -5, None), ("lead", 22, 0, rule.id), ("later", 2, 3, rule.id)):
        for _ in range(number):
            made[name].append(make_followup(session, make_customer(session, owner=me), assignee=me, rule_id=rule_id,
                                            due=TODAY + dt.timedelta(days=day)).id)
    session.commit()
    session.rollback()
    client = sign_in("sales_consultant")

    def shown(address: str) -> list[int]:
        return [int(key) for key in re.findall(r'name="rowid" value="(\d+)"', client.get(PAGE + address).text)]

    pages = [shown("?due=all"), shown("?due=all&page=1"), shown("?due=all&page=2")]
    assert [len(page) for page in pages] == [20, 20, 5]
    assert [*pages[0], *pages[1], *pages[2]] == made["lead"] + made["late"] + made["later"]
    assert shown("?due=overdue") == made["late"][:20]
    assert shown("") == made["lead"][:20]
