"""The morning digest and the evening note from the job to the fake services: what they say, when, and only once."""

from __future__ import annotations

import contextvars
import datetime as dt
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from admin_app import access, clock, jobs
from admin_app import choices as ch
from admin_app import models as m
from admin_app.choices import MessageKind, MessageState
from admin_app.clock import at
from admin_app.database import db
from admin_app.rules import digests as said
from admin_app.rules import notifications
from admin_app.sending import digests, outbox
from tests import factories as f
from tests.cast import TODAY, Cast
from tests.sending_support import MailServer, Service, mail_server, robot_service

MORNING, EVENING = at(TODAY, 8, 35), at(TODAY, 18, 40)  # Monday
SATURDAY = TODAY + dt.timedelta(days=5)
PHONE = re.compile(r"1[3-9]\d{9}")


@pytest.fixture
def post(store_app: Flask, session: Any, cast: Cast) -> Iterator[MailServer]:
    """A mail server that the desk is set to; the consultant and his manager have addresses."""
    with mail_server() as server:
        store_app.config |= {"CAREDESK_MAIL_URL": f"smtp://127.0.0.1:{server.port}",
                             "CAREDESK_MAIL_FROM": "desk@example.com", "CAREDESK_BASE_URL": "https://desk.example.com"}
        cast.sales_consultant.email, cast.sales_manager.email = "liang@example.com", "zhou@example.com"
        session.commit()
        yield server
    store_app.config |= {"CAREDESK_MAIL_URL": "", "CAREDESK_MAIL_FROM": "", "CAREDESK_BASE_URL": ""}


@pytest.fixture
def group(store_app: Flask) -> Iterator[Service]:
    with robot_service() as service:
        store_app.config["CAREDESK_ROBOT_HOSTS"] = service.host
        yield service
    store_app.config["CAREDESK_ROBOT_HOSTS"] = ""


def owing(session: Any, cast: Cast) -> m.Customer:
    """A customer of the consultant with something of everything that a morning names."""
    me = cast.sales_consultant
    customer = f.make_customer(session, owner=me, name="王建国", phone="+8613912345678",
                               birthday=TODAY.replace(year=1980))
    f.make_followup(session, customer, assignee=me, due=TODAY - dt.timedelta(days=2), reason="家里出了事，慢慢谈")
    f.make_followup(session, customer, assignee=me, purpose=ch.Purpose.SALES)
    f.make_followup(session, customer, assignee=me, purpose=ch.Purpose.COMPLAINT, due=TODAY + dt.timedelta(days=1))
    f.make_followup(session, customer, assignee=me, due=TODAY + dt.timedelta(days=1))  # not yet
    f._add(session, m.Promise(store_id=1, customer_id=customer.id, what="送坐垫到13900000000", by_id=me.id,
                              due_on=TODAY - dt.timedelta(days=1), state=ch.PromiseState.OPEN))
    session.commit()
    return customer


def robot(session: Any, service: Service, **values: Any) -> m.Robot:
    made = f._add(session, m.Robot(**({
        "name": "展厅群", "kind": ch.RobotKind.WECOM, "store_id": 1,
        "address": service.address("/send?key=abc")} | values)))
    session.commit()
    return made  # type: ignore[no-any-return]


def run(session: Any, now: dt.datetime) -> tuple[int, dict[str, int]]:
    made = digests.make(session, now), outbox.send_waiting(session, now)
    session.commit()
    return made


def messages(session: Any) -> list[Any]:
    found = session.connection().execute(sa.select(m.Message.__table__).order_by(m.Message.__table__.c.id)).all()
    session.commit()
    return list(found)


def text_of(mail: Any) -> str:
    return str(mail.get_body(("plain",)).get_content()).replace("\r\n", "\n")


# ---------------------------------------------------------------- what they say


def test_a_morning_says_what_is_owed_and_no_phone_in_full(session: Any, cast: Cast, post: MailServer) -> None:
    customer = owing(session, cast)
    assert run(session, MORNING) == (1, {"sent": 1, "failed": 0})
    receivers, mail = post.got[0]
    assert receivers == ["liang@example.com"]
    assert str(mail["Subject"]) == "2026-11-23 今日提要"
    text = text_of(mail)
    for line in ("梁思琪，早上好", "■ 逾期 1", "■ 今日到期 1", "■ 待复访 1", "■ 失信承诺 1", "■ 今日生日 1",
                 "王建国 139****5678", "https://desk.example.com/admin/followups/?owner=me&due=overdue"):
        assert line in text, text
    html = mail.get_body(("html",)).get_content()
    assert f"https://desk.example.com/admin/customer/details/?id={customer.id}" in html
    assert not PHONE.search(text + html + str(mail["Subject"]))
    assert "13912345678" not in (text + html).replace(" ", "")
    assert "慢慢谈" not in text + html  # what somebody has typed stays in the house
    assert "坐垫" not in text + html


def test_it_is_written_in_the_language_of_the_person(session: Any, cast: Cast, post: MailServer) -> None:
    cast.sales_consultant.locale = "en"
    owing(session, cast)
    run(session, MORNING)
    assert "Good morning, 梁思琪" in text_of(post.got[0][1])
    line = notifications.of_person(session, cast.sales_consultant.id)[0].text
    assert line.startswith("Today: Overdue 1")


def test_a_customer_whom_the_person_may_not_see_is_not_named(session: Any, cast: Cast, post: MailServer) -> None:
    customer = owing(session, cast)
    customer.owner_id, customer.confidentiality = cast.other_team.id, ch.Confidentiality.SECRET
    session.commit()
    run(session, MORNING)
    assert "王建国" not in "".join(text_of(mail) for _to, mail in post.got)


def test_an_evening_tells_the_manager_of_his_own_people(session: Any, cast: Cast, post: MailServer) -> None:
    owing(session, cast)
    mine = f.make_customer(session, owner=cast.colleague)
    f.make_followup(session, mine, assignee=cast.colleague, state=ch.FollowUpState.DONE, closed_at=EVENING)
    other = f.make_customer(session, owner=cast.other_team)
    f.make_followup(session, other, assignee=cast.other_team)
    late = f.make_complaint(session, mine, owner=cast.sales_manager, received_at=EVENING - dt.timedelta(hours=3))
    session.commit()
    run(session, EVENING)
    receivers, mail = post.got[0]
    assert receivers == ["zhou@example.com"]
    assert len(post.got) == 1
    text = text_of(mail)
    for line in ("周立群，晚上好", "梁思琪：完成 0，未做 1，逾期 1", "吴俊杰：完成 1，未做 0，逾期 0",
                 "■ 超时投诉 1", late.number):
        assert line in text, text
    assert "韩雪" not in text
    assert not PHONE.search(text + mail.get_body(("html",)).get_content())


def test_a_group_is_told_figures_and_shortened_names(session: Any, cast: Cast, group: Service) -> None:
    customer = owing(session, cast)
    hidden = f.make_customer(session, owner=cast.colleague, name="张秘密", confidentiality=ch.Confidentiality.SECRET)
    for one in (customer, hidden):
        f.make_complaint(session, one, owner=cast.sales_manager, received_at=EVENING - dt.timedelta(hours=3))
    f.make_followup(session, f.make_customer(session, owner=cast.outsider), assignee=cast.outsider)
    robot(session, group)
    run(session, EVENING)
    content = group.got[0][1]["markdown"]["content"]
    assert "梁思琪：完成 0，未做 1，逾期 1" in content
    assert "王＊＊" in content
    assert "[打开工作台](" in content
    assert "http://127.0.0.1:8000/admin/" in content
    for wrong in ("王建国", "张", "彭立", "139", "5678", "坐垫", "慢慢谈"):
        assert wrong not in content, content


def test_a_team_s_group_is_told_of_the_team_alone(session: Any, cast: Cast, group: Service) -> None:
    owing(session, cast)
    f.make_followup(session, f.make_customer(session, owner=cast.other_team), assignee=cast.other_team)
    robot(session, group, team_id=cast.sales_consultant.team_id)
    run(session, MORNING)
    content = group.got[0][1]["markdown"]["content"]
    assert "梁思琪" in content
    assert "韩雪" not in content


def test_the_bell_says_it_whether_mail_comes_or_not(session: Any, cast: Cast, post: MailServer) -> None:
    cast.sales_consultant.digest = ch.DigestBy.NONE
    owing(session, cast)
    assert run(session, MORNING)[0] == 0
    assert post.got == []
    found = notifications.of_person(session, cast.sales_consultant.id)
    assert [row.text for row in found] == ["今天：逾期 1、今日到期 1、待复访 1、失信承诺 1、今日生日 1"]
    assert notifications.of_person(session, cast.marketing.id) == []


# ---------------------------------------------------------------- when


@pytest.mark.parametrize(("hour", "minute", "kind"), [
    (8, 29, None), (8, 30, MessageKind.MORNING), (18, 29, MessageKind.MORNING), (18, 30, MessageKind.EVENING),
    (23, 59, MessageKind.EVENING)])
def test_each_store_has_its_times(app: Flask, cast: Cast, hour: int, minute: int, kind: Any) -> None:
    assert digests.due(cast.store, at(TODAY, hour, minute)) == kind


def test_days_off_are_left_out_where_the_store_says_so(app: Flask, cast: Cast) -> None:
    store = cast.store
    assert digests.due(store, at(SATURDAY, 9)) is None
    assert digests.due(store, at(dt.date(2026, 10, 1), 9)) is None  # a holiday
    store.digest_workdays = False
    assert digests.due(store, at(SATURDAY, 9)) == MessageKind.MORNING


# ---------------------------------------------------------------- once


def test_running_it_again_and_later_sends_nothing_twice(session: Any, cast: Cast, post: MailServer,
                                                        group: Service) -> None:
    owing(session, cast)
    robot(session, group)
    for minutes in (0, 0, 5, 300):
        run(session, MORNING + dt.timedelta(minutes=minutes))
    assert len(post.got) == 1
    assert len(group.got) == 1
    assert len(notifications.of_person(session, cast.sales_consultant.id)) == 1
    run(session, MORNING + dt.timedelta(days=1))
    assert len(post.got) == 2


def test_two_processes_at_once_send_it_once(store_app: Flask, session: Any, cast: Cast, post: MailServer) -> None:
    owing(session, cast)
    session.commit()
    session.remove()
    start, errors = threading.Barrier(2), []

    def work() -> None:
        with store_app.app_context():
            access.set_actor(db.session, access.Actor(name="job", system="job digest", store_ids=None))
            try:
                start.wait()
                run(db.session, MORNING)
            except Exception as error:
                errors.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=contextvars.Context().run, args=(work,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(post.got) == 1
    access.set_actor(db.session, access.Actor(name="test", system="test", store_ids=None, store_id=1))
    assert len(notifications.of_person(db.session, cast.sales_consultant.id)) == 1


def test_the_job_does_the_whole_of_it(session: Any, cast: Cast, post: MailServer) -> None:
    owing(session, cast)
    assert jobs.run("digest", TODAY) == "1 written, 1 sent, 0 not"
    assert jobs.run("digest", TODAY) == "0 written, 0 sent, 0 not"
    assert jobs.run("messages", TODAY) == "0 sent, 0 not"
    assert len(post.got) == 1


# ---------------------------------------------------------------- again


def test_what_fails_is_tried_again_later_and_later_then_stays_failed(session: Any, cast: Cast, group: Service) -> None:
    owing(session, cast)
    one = robot(session, group)
    group.say({"errcode": 45009, "errmsg": "api freq out of limit"})
    now, waits = MORNING, []
    digests.make(session, now)
    for _ in range(20):
        outbox.send_waiting(session, now)
        row = next(row for row in messages(session) if row.robot_id)
        if row.state == MessageState.FAILED:
            break
        waits.append(round((row.next_at - now).total_seconds() / 60))
        assert outbox.send_waiting(session, row.next_at - dt.timedelta(seconds=1)) == {"sent": 0, "failed": 0}
        now = row.next_at
    assert waits == [1, 5, 30, 120, 360]
    assert len(group.got) == 6
    assert "45009" in row.last_error
    assert "45009" in session.get(m.Robot, one.id, populate_existing=True).last_result
    assert outbox.state(session) == {"waiting": 0, "failed": 1, "last_error": row.last_error}
    group.say({"errcode": 0})
    assert outbox.again(session, now) == 1
    assert outbox.send_waiting(session, now) == {"sent": 1, "failed": 0}


@pytest.mark.parametrize("trouble", ["status", "timeout", "code"])
def test_after_trouble_it_comes_once(session: Any, cast: Cast, group: Service, trouble: str,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    from admin_app.sending import robots

    owing(session, cast)
    robot(session, group)
    monkeypatch.setattr(robots, "TIMEOUT", 0.4)
    good = (200, b'{"errcode": 0}', {}, 0.0)
    bad = {"status": (500, b"", {}, 0.0), "timeout": (200, b'{"errcode": 0}', {}, 1.0),
           "code": (200, b'{"errcode": -1, "errmsg": "system busy"}', {}, 0.0)}[trouble]
    group.answers = [bad, good]
    assert run(session, MORNING)[1]["failed"] == 1
    assert run(session, MORNING + dt.timedelta(minutes=2))[1]["sent"] == 1
    assert run(session, MORNING + dt.timedelta(minutes=9))[1] == {"sent": 0, "failed": 0}
    assert len(group.got) == 2
    assert all(row.body is None for row in messages(session) if row.state == MessageState.SENT)


def test_a_refused_password_stays_failed_with_a_sentence(store_app: Flask, session: Any, cast: Cast,
                                                         post: MailServer) -> None:
    owing(session, cast)
    with mail_server("desk", "right") as strict:
        store_app.config["CAREDESK_MAIL_URL"] = f"smtp://desk:wrong@127.0.0.1:{strict.port}"
        run(session, MORNING)
        run(session, MORNING + dt.timedelta(days=1, minutes=-30))
        assert strict.got == []
    row = next(row for row in messages(session) if row.state == MessageState.FAILED)
    assert row.attempts == 1
    assert "CAREDESK_MAIL_URL" in row.last_error
    assert "wrong" not in row.last_error


def test_a_process_that_died_while_sending_repeats_it_once(session: Any, cast: Cast, post: MailServer,
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    owing(session, cast)
    digests.make(session, MORNING)
    note = outbox._note

    def die(*_words: Any, **_more: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(outbox, "_note", die)
    with pytest.raises(KeyboardInterrupt):
        outbox.send_waiting(session, MORNING)
    session.rollback()
    monkeypatch.setattr(outbox, "_note", note)
    assert len(post.got) == 1
    assert outbox.send_waiting(session, MORNING + dt.timedelta(minutes=10)) == {"sent": 0, "failed": 0}
    assert outbox.send_waiting(session, MORNING + dt.timedelta(minutes=16)) == {"sent": 1, "failed": 0}
    assert outbox.send_waiting(session, MORNING + dt.timedelta(minutes=60)) == {"sent": 0, "failed": 0}
    assert [mail["Message-ID"] for _to, mail in post.got] == [post.got[0][1]["Message-ID"]] * 2


def test_who_has_left_and_a_robot_switched_off_get_nothing(session: Any, cast: Cast, post: MailServer,
                                                           group: Service) -> None:
    owing(session, cast)
    one = robot(session, group)
    digests.make(session, MORNING)
    cast.sales_consultant.active, one.active = False, False
    session.commit()
    assert outbox.send_waiting(session, MORNING) == {"sent": 0, "failed": 2}
    assert (post.got, group.got) == ([], [])


def test_the_text_lies_encrypted_and_goes_after_a_month(session: Any, cast: Cast, post: MailServer) -> None:
    owing(session, cast)
    digests.make(session, MORNING)
    raw = session.connection().execute(sa.text("SELECT body FROM message WHERE body IS NOT NULL")).scalar_one()
    assert "王" not in raw
    assert outbox.tidy(session, MORNING + dt.timedelta(days=29)) == 0
    assert outbox.tidy(session, MORNING + dt.timedelta(days=31)) > 0


def test_a_name_is_shortened_to_its_first_character() -> None:
    assert [said.shortened(name) for name in ("王", "王芳", "欧阳建国")] == ["王*", "王*", "欧**"]
    assert clock.local_day(MORNING) == TODAY
