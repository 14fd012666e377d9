"""Two people save the same record: the second sees the merge page, and nothing that was typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from admin_app import models as m
from tests.conftest import row
from tests.factories import make_customer
from tests.screens.desk_support import Page, page

SignIn = Callable[[Any], FlaskClient]


@pytest.fixture
def two(sign_in: SignIn, session: Any, cast: Any) -> Any:
    """Two people with the same form open: (key, path, first client and fields, second client and fields)."""
    customer = make_customer(session, owner=cast.sales_consultant, name="陈佳怡", note="黑色", phone="+8613912345678")
    key = customer.id
    path = f"/admin/customer/edit/?id={key}"
    people = []
    for name in ("sales_consultant", "sales_manager"):
        client = sign_in(name)
        people.append((client, page(client, path).fields))
    return key, path, people


def save(two: Any, who: int, **values: str) -> Any:
    _key, path, people = two
    client, fields = people[who]
    return client.post(path, data=fields | values)


def test_a_stale_form_is_answered_with_the_merge_page(two: Any) -> None:
    assert save(two, 0, note="黑色，要倒车影像", district="罗湖区").status_code == 302
    answer = save(two, 1, note="黑色，首付三成", wechat="cjy")
    assert answer.status_code == 409
    for text in ("黑色，要倒车影像", "黑色，首付三成", "cjy", "罗湖区", "梁思琪"):
        assert text in answer.text
    saved = row(m.Customer, two[0])
    assert saved.note == "黑色，要倒车影像" and saved.wechat is None


def test_what_is_chosen_is_saved_and_one_sided_changes_are_kept(two: Any) -> None:
    save(two, 0, note="黑色，要倒车影像", district="罗湖区")
    merged = Page(save(two, 1, note="黑色，首付三成", wechat="cjy").text)
    assert merged.fields["note"] == "黑色，要倒车影像\n黑色，首付三成"  # both notes unless one is chosen
    assert merged.fields["wechat"] == "cjy" and "district" not in merged.fields
    client = two[2][1][0]
    fields = {k: v for k, v in merged.fields.items() if k not in ("q", "language", "next", "reason")}
    assert client.post(two[1], data=fields | {"note": "黑色，首付三成"}).status_code == 302
    saved = row(m.Customer, two[0])
    assert (saved.note, saved.wechat, saved.district) == ("黑色，首付三成", "cjy", "罗湖区")


def test_changes_to_different_fields_need_no_choice(two: Any) -> None:
    save(two, 0, district="罗湖区")
    answer = save(two, 1, wechat="cjy")
    assert answer.status_code == 409 and 'type="radio"' not in answer.text


def test_the_form_can_be_gone_back_to_with_everything_typed(two: Any) -> None:
    save(two, 0, note="A")
    merged = Page(save(two, 1, note="B", wechat="cjy").text)
    client = two[2][1][0]
    fields = {k: v for k, v in merged.fields.items() if k not in ("q", "language", "next", "reason")}
    answer = client.post(two[1], data=fields | {"note": "B", "_back": "1"})
    found = Page(answer.text)
    assert answer.status_code == 200 and found.fields["wechat"] == "cjy" and found.fields["note"].strip() == "B"
    assert row(m.Customer, two[0]).note == "A"


def test_a_mask_is_not_a_conflict(two: Any) -> None:
    assert save(two, 0, phone="13700001111").status_code == 302
    answer = save(two, 1, wechat="cjy")
    assert answer.status_code == 409 and "13700001111" not in answer.text and 'type="radio"' not in answer.text
    merged = Page(answer.text)
    client = two[2][1][0]
    fields = {k: v for k, v in merged.fields.items() if k not in ("q", "language", "next", "reason")}
    assert client.post(two[1], data=fields).status_code == 302
    saved = row(m.Customer, two[0])
    assert saved.phone == "+8613700001111" and saved.wechat == "cjy"


def test_a_forged_opening_text_harms_nobody(two: Any) -> None:
    save(two, 0, note="A")
    for was in ("", "{", "[]", '{"note": ["x"]}', "x" * 100_000):
        assert save(two, 1, note="B", was=was).status_code == 409
    assert row(m.Customer, two[0]).note == "A"
