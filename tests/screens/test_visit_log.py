"""The quick log: one form, one row; what it settles and plans; what happens to what was typed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from admin_app import choices as ch
from admin_app import models as m
from admin_app.access import ungated
from admin_app.database import db
from tests.cast import NOW, TODAY
from tests.factories import make_complaint, make_customer, make_followup
from tests.screens.daily_support import all_of, listed, one, send

PATH = "/admin/visit/log/"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def case(session: Any, cast: Any) -> dict[str, int]:
    """A customer of the consultant with a task due today, and the next one in the queue."""
    customer = make_customer(session, owner=cast.sales_consultant, name="王建国", grade=ch.Grade.H)
    following = make_customer(session, owner=cast.sales_consultant, name="李雪梅")
    made = {"customer": customer.id, "following": following.id,
            "task": make_followup(session, customer, assignee=cast.sales_consultant, due=TODAY).id,
            "next_task": make_followup(session, following, assignee=cast.sales_consultant, due=TODAY).id}
    session.commit()
    return made


def test_the_next_customer_is_the_first_of_the_due_list(session: Any, cast: Any, case: dict[str, int],
                                                        sign_in: Any) -> None:
    rule = session.scalars(ungated(db.select(m.FollowUpRule).where(
        m.FollowUpRule.trigger == ch.Trigger.NEW_LEAD))).first()
    me, late = cast.sales_consultant, TODAY - dt.timedelta(days=9)
    make_followup(session, make_customer(session, owner=me), assignee=me, due=late)
    lead = make_followup(session, make_customer(session, owner=me, name="新来的"), assignee=me, rule_id=rule.id,
                         due=TODAY, due_at=NOW).id
    session.commit()
    session.rollback()
    client = sign_in("sales_consultant")
    for page in ("/admin/", PATH):  # the home and the picker have the order of the due list too
        links = re.findall(r"followup=(\d+)", client.get(page).text)
        assert links[0] == str(lead), page
    assert "data-owed>4<" in client.get(PATH).text  # all that is owed, not the lines shown
    assert f"followup={lead}&" in log(client, case).headers["Location"]


def log(client: Any, case: dict[str, int], **given: Any) -> Any:
    fields = {"customer": case["customer"], "followup": case["task"], "channel": "phone", "result": "solved",
              "next": "7", "key": "k" * 20} | given
    return send(client, PATH, **{name: value for name, value in fields.items() if value is not None})


def test_a_due_task_is_done_and_the_next_contact_planned(case: dict[str, int], sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    answer = log(client, case, note=["异响消除", "等待偏久"], content="周日来店", satisfaction="4")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{PATH}?customer={case['following']}&followup={case['next_task']}")
    (visit,) = all_of(m.Visit)
    assert (visit.followup_id, visit.satisfaction, visit.next_on) == (case["task"], 4, TODAY + dt.timedelta(days=7))
    assert visit.content == "异响消除；等待偏久\n周日来店"
    done = one(m.FollowUp, case["task"])
    assert (done.state, done.visit_id) == (ch.FollowUpState.DONE, visit.id)
    planned = all_of(m.FollowUp, m.FollowUp.customer_id == case["customer"], m.FollowUp.state == "open")
    assert [row.due_on for row in planned] == [TODAY + dt.timedelta(days=7)]
    customer = one(m.Customer, case["customer"])
    assert (customer.last_contact_at, customer.next_contact_on) == (NOW, TODAY + dt.timedelta(days=7))


def test_home_due_list_and_history_show_it_at_once(case: dict[str, int], sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    assert listed(client.get("/admin/followups/").text) == 2
    log(client, case, content="已说好周日来店")
    assert listed(client.get("/admin/followups/").text) == 1
    assert "已说好周日来店" in client.get(f"/admin/customer/details/?id={case['customer']}").text
    assert f"followup={case['task']}" not in client.get("/admin/").text


def test_the_same_form_twice_is_one_visit(case: dict[str, int], sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    first, second = log(client, case), log(client, case)
    assert first.headers["Location"] == second.headers["Location"]
    assert len(all_of(m.Visit)) == 1


@pytest.mark.parametrize(("channel", "ours"), [("phone", True), ("wechat", True), ("store", False)])
def test_who_comes_into_the_store_makes_the_contact_himself(
        case: dict[str, int], sign_in: Any, channel: str, ours: bool) -> None:
    log(sign_in("sales_consultant"), case, channel=channel)
    assert [visit.outbound for visit in all_of(m.Visit)] == [ours]


def test_not_reached_keeps_the_task_for_tomorrow(case: dict[str, int], sign_in: Any) -> None:
    log(sign_in("sales_consultant"), case, result="not_reached", next="1")
    task = one(m.FollowUp, case["task"])
    assert (task.state, task.due_on) == (ch.FollowUpState.OPEN, TODAY + dt.timedelta(days=1))


def test_promise_gift_and_guidance_are_kept_with_the_visit(case: dict[str, int], sign_in: Any) -> None:
    log(sign_in("sales_consultant"), case, promise="补开发票", promise_due="2026-11-27", gift="保温杯", gift_count="2",
        minutes="90", channel="home")
    (visit,), (promise,), (gift,) = all_of(m.Visit), all_of(m.Promise), all_of(m.Gift)
    assert (visit.guidance_minutes, visit.channel) == (90, ch.Channel.HOME)
    assert (promise.what, promise.due_on, promise.visit_id) == ("补开发票", dt.date(2026, 11, 27), visit.id)
    assert (gift.name, gift.quantity, gift.visit_id) == ("保温杯", 2, visit.id)


@pytest.mark.parametrize(("given", "field"), [
    ({"result": ""}, "result"), ({"result": "nonsense"}, "result"), ({"channel": "carrier pigeon"}, "channel"),
    ({"next": "own", "own": "2020-01-01"}, "next"), ({"next": "own", "own": "gibberish"}, "next"),
    ({"promise": "发票", "promise_due": ""}, "promise_due"), ({"promise_due": "2026-12-01"}, "promise"),
    ({"gift": "杯", "gift_count": "0"}, "gift_count"), ({"minutes": "abc"}, "minutes"),
    ({"satisfaction": "9"}, "satisfaction"),
    ({"promise": "发票", "promise_due": "2020-01-01"}, "promise_due"),
])
def test_an_error_keeps_everything_typed_and_saves_nothing(
        case: dict[str, int], sign_in: Any, given: dict[str, str], field: str) -> None:
    typed = {"content": "打了两次才通 <b>", "note": ["等待偏久"]}
    answer = log(sign_in("sales_consultant"), case, **(typed | given))
    assert answer.status_code == 400
    assert f'id="{field}-e"' in answer.text
    assert "打了两次才通 &lt;b&gt;" in answer.text
    for name in ("promise", "gift", "minutes"):
        if given.get(name):
            assert f'value="{given[name]}"' in answer.text
    assert all_of(m.Visit) == all_of(m.Promise) == all_of(m.Gift) == []
    assert one(m.FollowUp, case["task"]).state == ch.FollowUpState.OPEN


def test_a_refused_form_can_be_mended_and_sent_with_its_key(case: dict[str, int], sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    assert log(client, case, result="").status_code == 400
    assert log(client, case).status_code == 302
    assert len(all_of(m.Visit)) == 1


@pytest.mark.parametrize("username", ["sales_consultant", "care_specialist"])
def test_a_bad_answer_opens_one_complaint(case: dict[str, int], sign_in: Any, username: str) -> None:
    client = sign_in(username)
    log(client, case, satisfaction="3")
    assert all_of(m.Complaint) == []
    log(client, case, satisfaction="2", content="等了三个小时", key="second-key", followup=None)
    (complaint,) = all_of(m.Complaint)
    assert (complaint.customer_id, complaint.level, complaint.state) == (
        case["customer"], ch.ComplaintLevel.GENERAL, ch.ComplaintState.RECEIVED)
    assert complaint.text.startswith("等了三个小时")
    assert complaint.owner_id is not None
    log(client, case, satisfaction="1", key="third-key", followup=None)
    assert len(all_of(m.Complaint)) == 1  # it is open already


@pytest.mark.parametrize(("username", "code"), [
    ("sales_manager", 302), ("care_specialist", 302), ("colleague", 404), ("outsider", 404), ("marketing", 403),
    ("auditor", 403), ("administrator", 403),
])
def test_who_may_log_for_this_customer(case: dict[str, int], sign_in: Any, username: str, code: int) -> None:
    answer = log(sign_in(username), case)
    assert answer.status_code == code
    assert len(all_of(m.Visit)) == (1 if code == 302 else 0)


def test_a_task_of_another_customer_is_not_taken(case: dict[str, int], sign_in: Any) -> None:
    assert log(sign_in("sales_consultant"), case, followup=case["next_task"]).status_code == 404
    assert all_of(m.Visit) == []


def test_without_a_task_one_comes_back_to_the_customer(case: dict[str, int], sign_in: Any) -> None:
    answer = log(sign_in("sales_consultant"), case, followup=None)
    assert answer.headers["Location"].startswith(f"/admin/customer/details/?id={case['customer']}")


@pytest.mark.parametrize("back", ["//evil.test/", "http://evil.test/", "/\\evil.test"])
def test_the_way_back_never_leads_elsewhere(case: dict[str, int], sign_in: Any, back: str) -> None:
    answer = log(sign_in("sales_consultant"), case, back=back)
    assert answer.headers["Location"].startswith(PATH)


def test_a_re_callback_is_recorded_on_its_complaint(case: dict[str, int], session: Any, cast: Any,
                                                     sign_in: Any) -> None:
    customer = session.get(m.Customer, case["customer"])
    complaint = make_complaint(session, customer, state=ch.ComplaintState.FINISHED, finished_at=NOW)
    task = make_followup(session, customer, assignee=cast.care_specialist, source_table="complaint",
                         source_id=complaint.id)
    session.commit()
    at, key = f"/admin/complaint/details/?id={complaint.id}", task.id
    session.rollback()
    client = sign_in("care_specialist")
    answer = client.get(f"{PATH}?customer={case['customer']}&followup={key}")
    assert (answer.status_code, answer.headers["Location"]) == (302, at)
    assert log(client, case, followup=key).status_code == 400
    assert one(m.FollowUp, key).state == ch.FollowUpState.OPEN


def test_the_picker_finds_a_customer_and_logs_the_search(case: dict[str, int], sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    page = client.get(PATH).text
    assert f"followup={case['task']}" in page
    page = client.get(PATH + "?q=建国").text
    assert f'href="{PATH}?customer={case["customer"]}"' in page
    assert "李雪梅" not in page.split("f-h")[1]
    searches = all_of(m.AccessLog, m.AccessLog.verb == "search")
    assert [(row.reason, row.count) for row in searches] == [("建国", 1)]


def test_the_form_proposes_the_channel_of_the_task_and_the_rule(case: dict[str, int], sign_in: Any) -> None:
    page = sign_in("sales_consultant").get(f"{PATH}?customer={case['customer']}&followup={case['task']}").text
    assert 'name="channel" value="phone" checked' in page
    assert 'name="next" value="rule" checked' in page
    assert 'name="result"' in page and "checked" not in page.split("data-results")[1].split("</fieldset>")[0]


def test_markup_in_a_name_is_shown_as_typed(case: dict[str, int], session: Any, cast: Any, sign_in: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, name="<script>alert(1)</script>")
    session.commit()
    key = customer.id
    db.session.rollback()
    page = sign_in("sales_consultant").get(f"{PATH}?customer={key}").text
    assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page


# ---------------------------------------------------------------- what waited on a phone


def late(client: Any, case: dict[str, int], **given: Any) -> Any:
    fields = {"customer": case["customer"], "followup": case["task"], "channel": "phone", "result": "solved",
              "next": "7", "key": "k" * 20, "kept_for": str(3 * 3600)} | given
    data = {"csrf_token": client.get("/admin/visit/log/token/").json["token"]} | fields
    return client.post(PATH, data=data, headers={"Accept": "application/json"})


def test_what_waited_counts_from_when_it_was_written(case: dict[str, int], sign_in: Any) -> None:
    answer = late(sign_in("sales_consultant"), case, kept_for=str(26 * 3600), promise="报价",
                  promise_due=(TODAY - dt.timedelta(days=1)).isoformat())
    assert answer.status_code == 200 and answer.json["location"].startswith(PATH)
    (visit,), (promise,) = all_of(m.Visit), all_of(m.Promise)
    assert visit.at == NOW - dt.timedelta(hours=26)
    assert visit.next_on == TODAY + dt.timedelta(days=6)
    assert promise.due_on == TODAY - dt.timedelta(days=1)


def test_what_waited_longer_than_two_weeks_counts_from_its_arrival(case: dict[str, int], sign_in: Any) -> None:
    late(sign_in("sales_consultant"), case, kept_for=str(15 * 86_400))
    assert [visit.at for visit in all_of(m.Visit)] == [NOW]


def test_what_waited_is_taken_once_and_answers_the_same(case: dict[str, int], sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    first, second = late(client, case), late(client, case)
    assert first.json == second.json
    assert len(all_of(m.Visit)) == 1


def test_a_refused_late_form_names_its_fields(case: dict[str, int], sign_in: Any) -> None:
    answer = late(sign_in("sales_consultant"), case, result="", promise="报价")
    assert answer.status_code == 400
    assert set(answer.json["errors"]) == {"result", "promise_due"}
    assert all_of(m.Visit) == []


def test_what_somebody_else_wrote_is_not_taken(case: dict[str, int], sign_in: Any, cast: Any) -> None:
    answer = late(sign_in("sales_manager"), case, person=str(cast.sales_consultant.id))
    assert answer.status_code == 409
    assert all_of(m.Visit) == []


def test_without_a_session_the_token_is_refused(app: Any) -> None:
    answer = app.test_client().get("/admin/visit/log/token/", headers={"Accept": "application/json"})
    assert answer.status_code == 401 and "token" not in answer.json
