"""The bell: its number on every page, one's own list, read one by one or all; never somebody else's."""

from __future__ import annotations

import re
from typing import Any

from admin_app.choices import NotificationKind
from admin_app.models import Notification
from admin_app.rules import notifications
from tests.cast import NOW, Cast
from tests.conftest import row, token

PAGE, READ = "/admin/notification/", "/admin/notification/read/"


def tell(session: Any, person: Any, text: str) -> int:
    notifications.notify(session, person.id, NotificationKind.CUSTOMER, text, "/admin/customer/", text, NOW)
    session.commit()
    return max(one.id for one in notifications.of_person(session, person.id))


def bell(page: str) -> str:
    found = re.search(r'<a class="[^"]*\bbell"[^>]*aria-label="([^"]*)"', page)
    assert found, page[:300]
    return found[1]


def test_the_bell_counts_on_every_page_what_is_unread(session: Any, cast: Cast, sign_in: Any) -> None:
    client = sign_in(cast.sales_consultant)
    assert bell(client.get("/admin/").text) == "提醒"
    tell(session, cast.sales_consultant, "转给您的客户：甲")
    tell(session, cast.sales_consultant, "转给您的客户：乙")
    tell(session, cast.colleague, "转给您的客户：丙")
    for path in ("/admin/", "/admin/customer/", PAGE):
        page = client.get(path).text
        assert bell(page) == "提醒：2 条未读"
        assert '<span class="dot" aria-hidden="true">2</span>' in page


def test_more_than_ninety_nine_are_not_counted_out(session: Any, cast: Cast, sign_in: Any) -> None:
    client = sign_in(cast.sales_consultant)
    for number in range(101):
        notifications.notify(session, cast.sales_consultant.id, NotificationKind.TASK, f"第{number}条",
                             "/admin/followups/", str(number), NOW)
    session.commit()
    page = client.get(PAGE).text
    assert ">99+</span>" in page
    assert page.count("data-read=") == 100


def test_one_is_read_and_the_others_stay(session: Any, cast: Cast, sign_in: Any) -> None:
    first = tell(session, cast.sales_consultant, "甲")
    second = tell(session, cast.sales_consultant, "乙")
    client = sign_in(cast.sales_consultant)
    answer = client.post(READ, data={"csrf_token": token(client, PAGE), "id": first})
    assert answer.status_code == 302
    assert row(Notification, first).read_at is not None
    assert row(Notification, second).read_at is None
    page = client.get(PAGE).text
    assert ">乙</a>" in page
    assert ">甲</a>" not in page
    assert ">甲</a>" in client.get(f"{PAGE}?show=all").text


def test_a_script_gets_json(session: Any, cast: Cast, sign_in: Any) -> None:
    number = tell(session, cast.sales_consultant, "甲")
    client = sign_in(cast.sales_consultant)
    answer = client.post(READ, data={"csrf_token": token(client, PAGE), "id": number},
                         headers={"Accept": "application/json"})
    assert answer.json == {"read": True}
    assert row(Notification, number).read_at is not None


def test_all_are_read_at_once(session: Any, cast: Cast, sign_in: Any) -> None:
    numbers = [tell(session, cast.sales_consultant, text) for text in ("甲", "乙")]
    other = tell(session, cast.colleague, "丙")
    client = sign_in(cast.sales_consultant)
    client.post(READ, data={"csrf_token": token(client, PAGE), "all": "1"})
    assert all(row(Notification, number).read_at for number in numbers)
    assert row(Notification, other).read_at is None
    page = client.get(PAGE).text
    assert "没有新的提醒" in page
    assert "全部标为已读" not in page
    assert bell(page) == "提醒"


def test_those_of_others_are_neither_shown_nor_marked(session: Any, cast: Cast, sign_in: Any) -> None:
    number = tell(session, cast.colleague, "同事的")
    for person in (cast.sales_consultant, cast.general_manager, cast.administrator, cast.outsider):
        client = sign_in(person)
        assert "同事的" not in client.get(f"{PAGE}?show=all").text
        client.post(READ, data={"csrf_token": token(client, PAGE), "id": number})
        client.post(READ, data={"csrf_token": token(client, PAGE), "all": "1"})
        assert row(Notification, number).read_at is None


def test_a_key_that_is_none_marks_nothing(session: Any, cast: Cast, sign_in: Any) -> None:
    number = tell(session, cast.sales_consultant, "甲")
    client = sign_in(cast.sales_consultant)
    for wrong in ("", "x", "9" * 30, "-1"):
        assert client.post(READ, data={"csrf_token": token(client, PAGE), "id": wrong}).status_code == 302
    assert row(Notification, number).read_at is None
