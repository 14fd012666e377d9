"""Notifications: told once, in the person's language, to nobody about himself; many at once are one line."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, sessions
from admin_app.choices import NotificationKind, RequestVerb
from admin_app.database import db
from admin_app.models import Notification
from admin_app.rules import complaints, followups, notifications, requests, saving
from tests import factories as f
from tests.cast import NOW, TODAY, Cast
from tests.conftest import act_as

MINUTE = dt.timedelta(minutes=1)


def told(session: Any, person: Any) -> list[str]:
    session.flush()
    return [row.text for row in notifications.of_person(session, person.id)]


def tell(session: Any, person: Any, key: str = "a", text: Any = "看一下") -> bool:
    return notifications.notify(session, person.id, NotificationKind.TASK, text, "/admin/followups/", key, NOW)


@pytest.mark.usefixtures("store_app")
def test_the_same_key_tells_once_and_another_person_has_his_own(session: Any, cast: Cast) -> None:
    assert tell(session, cast.sales_consultant)
    assert not tell(session, cast.sales_consultant)
    assert tell(session, cast.colleague)
    assert tell(session, cast.sales_consultant, "b")
    assert told(session, cast.sales_consultant) == ["看一下", "看一下"]


def test_nobody_is_told_what_he_does_himself(session: Any, cast: Cast) -> None:
    me = cast.sales_manager
    act_as(me)
    assert not tell(session, me)
    assert not notifications.notify(session, None, NotificationKind.TASK, "x", "/admin/", "x", NOW)
    assert tell(session, cast.colleague)


def test_it_is_written_in_the_language_of_who_reads_it(session: Any, cast: Cast) -> None:
    cast.colleague.locale = "en"
    session.flush()
    text = _l("Your request was approved.")
    tell(session, cast.colleague, text=text)
    tell(session, cast.sales_consultant, text=text)
    assert told(session, cast.colleague) == ["Your request was approved."]
    assert told(session, cast.sales_consultant) == ["您的申请已批准。"]


@pytest.mark.parametrize("link", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:1", ""])
def test_only_a_page_of_this_desk_is_a_link(session: Any, cast: Cast, link: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        notifications.notify(session, cast.colleague.id, NotificationKind.TASK, "x", link, "x", NOW)


@pytest.mark.usefixtures("store_app")
def test_the_number_at_the_bell_comes_with_the_session(session: Any, cast: Cast) -> None:
    me = cast.sales_consultant
    token = sessions.begin(session, me, NOW, None)
    for key in "abc":
        tell(session, me, key)
    tell(session, cast.colleague)
    session.flush()
    assert sessions.find(session, me.id, token, NOW).unread == 3  # type: ignore[union-attr]
    first = notifications.of_person(session, me.id)[0].id
    assert notifications.mark_read(session, cast.colleague.id, [first], NOW) == 0  # somebody else's
    assert notifications.mark_read(session, me.id, [first], NOW) == 1
    assert sessions.find(session, me.id, token, NOW).unread == 2  # type: ignore[union-attr]
    assert notifications.mark_read(session, me.id, None, NOW) == 2
    assert notifications.mark_read(session, me.id, None, NOW) == 0


@pytest.mark.usefixtures("store_app")
def test_what_was_read_goes_after_a_month_and_the_rest_after_half_a_year(session: Any, cast: Cast) -> None:
    me = cast.sales_consultant
    for key in ("read", "unread"):
        tell(session, me, key)
    notifications.mark_read(session, me.id, [min(row.id for row in notifications.of_person(session, me.id))], NOW)
    assert notifications.tidy(session, NOW + dt.timedelta(days=29)) == 0
    assert notifications.tidy(session, NOW + dt.timedelta(days=31)) == 1
    assert notifications.tidy(session, NOW + dt.timedelta(days=181)) == 1


# ---------------------------------------------------------------- what tells


def test_a_task_given_to_somebody_tells_him_and_many_are_one_line(session: Any, cast: Cast) -> None:
    tasks = [f.make_followup(session, f.make_customer(session, owner=cast.sales_consultant),
                             assignee=cast.sales_consultant, reason="首保提醒") for _ in range(3)]
    act_as(cast.general_manager)
    followups.reassign(session, tasks[0], cast.sales_manager, NOW)
    assert told(session, cast.sales_manager) == [f"转给您的跟进，{TODAY} 到期：首保提醒"]
    followups.reassign(session, tasks[0], cast.sales_manager, NOW)  # hers already
    for task in tasks[1:]:
        followups.reassign(session, task, cast.sales_manager, NOW)
    assert told(session, cast.sales_manager) == ["有 3 条跟进任务转给了您。"]
    followups.reassign(session, tasks[0], cast.sales_consultant, NOW + MINUTE)
    assert len(told(session, cast.sales_consultant)) == 1
    assert told(session, cast.general_manager) == []


def test_a_customer_given_to_somebody_tells_the_new_owner_by_name_alone(session: Any, cast: Cast) -> None:
    customer = f.make_customer(session, owner=cast.sales_consultant, name="王建国")
    session.commit()
    act_as(cast.sales_manager)
    customer.owner_id = cast.colleague.id
    saving.prepare(session, customer, NOW)
    session.flush()
    saving.settle(session, customer, NOW, False)
    assert told(session, cast.colleague) == ["转给您的客户：王建国"]
    customer.note = "又改了"
    saving.prepare(session, customer, NOW)
    session.flush()
    saving.settle(session, customer, NOW + MINUTE, False)
    assert len(told(session, cast.colleague)) == 1


@pytest.mark.usefixtures("store_app")
def test_a_late_complaint_tells_the_manager_then_the_general_manager(session: Any, cast: Cast) -> None:
    customer = f.make_customer(session, owner=cast.sales_consultant)
    late = f.make_complaint(session, customer, owner=cast.service_manager, received_at=NOW - 31 * MINUTE)
    for _ in range(2):
        complaints.escalate_due(session, NOW)
    assert told(session, cast.service_manager) == [f"投诉处理超时：{late.number}"]
    assert told(session, cast.general_manager) == []
    for _ in range(2):
        complaints.escalate_due(session, NOW + 30 * MINUTE)
    assert told(session, cast.general_manager) == [f"投诉处理超时：{late.number}"]
    assert len(told(session, cast.service_manager)) == 2


def test_a_request_tells_those_who_may_decide_and_the_decision_tells_the_asker(session: Any, cast: Cast) -> None:
    customer = f.make_customer(session, owner=cast.sales_consultant)
    session.commit()
    asker = cast.sales_manager
    act_as(asker)
    request = requests.ask(session, RequestVerb.EXPORT, "customer", [customer.id], purpose="给厂家的名单", form="csv",
                           now=NOW)
    assert told(session, cast.general_manager) == [f"{asker.name} 请您审批。"]
    for person in (cast.sales_consultant, cast.marketing, cast.administrator, asker):
        assert told(session, person) == []
    act_as(cast.general_manager)
    requests.approve(session, request, "", NOW)
    assert told(session, asker) == ["您的申请已批准。"]


@pytest.mark.usefixtures("store_app")
def test_a_notification_is_no_entry_of_the_audit(session: Any, cast: Cast) -> None:
    from admin_app.models import AuditEntry

    session.commit()
    before = session.scalar(sa.select(sa.func.count(AuditEntry.id)))
    tell(session, cast.colleague)
    notifications.mark_read(session, cast.colleague.id, None, NOW)
    db.session.commit()
    assert session.scalar(sa.select(sa.func.count(AuditEntry.id))) == before
    assert session.scalar(sa.select(sa.func.count(Notification.id))) == 1
    assert access.actor_of(session) is not None


def test_a_hand_over_tells_each_new_person_once_how_much_it_is(session: Any, cast: Cast) -> None:
    from admin_app.rules import handover

    leaver = cast.sales_consultant
    for _number in range(3):
        f.make_followup(session, f.make_customer(session, owner=leaver), assignee=leaver)
    session.commit()
    act_as(cast.general_manager)
    wishes = handover.Wishes(handover.ONE, (cast.colleague.id,), cast.sales_manager.id)
    handover.give(session, leaver, wishes, NOW)
    assert told(session, cast.colleague) == [f"{leaver.name} 的工作转给您：客户 3，跟进 3"]
    assert told(session, cast.other_team) == []
