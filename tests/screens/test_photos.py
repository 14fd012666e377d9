"""Photos on their way in with the quick log, and who sees them afterwards."""

from __future__ import annotations

import io
from typing import Any

import pytest

from admin_app import models as m
from tests.factories import make_customer, make_visit
from tests.rules.test_photos import bomb, jpeg
from tests.screens.daily_support import all_of, send

PATH = "/admin/visit/log/"


@pytest.fixture
def customer(session: Any, cast: Any) -> int:
    made = make_customer(session, owner=cast.sales_consultant, name="王建国")
    session.commit()
    return int(made.id)


def log(client: Any, customer: int, *files: bytes) -> Any:
    return send(client, PATH, customer=customer, channel="store", result="interested", next="none", key="p" * 20,
                photo=[(io.BytesIO(data), f"照片{number}.jpg") for number, data in enumerate(files)])


def test_photos_come_with_the_visit_and_show_on_it_and_in_the_history(customer: int, sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    assert log(client, customer, jpeg(2000, 1000), jpeg(300, 300)).status_code == 302
    (visit,), rows = all_of(m.Visit), all_of(m.Photo)
    assert visit.photo_count == 2 and [(row.width, row.height) for row in rows] == [(1600, 800), (300, 300)]
    for page in (f"/admin/customer/details/?id={customer}", f"/admin/visit/details/?id={visit.id}"):
        assert f'src="/admin/photo/file/{rows[0].id}/?small=1"' in client.get(page).text


def test_a_photo_is_in_no_cache_and_its_kind_is_not_guessed(customer: int, sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    log(client, customer, jpeg(300, 300))
    answer = client.get(f"/admin/photo/file/{all_of(m.Photo)[0].id}/")
    assert answer.status_code == 200 and answer.data[:3] == b"\xff\xd8\xff"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Content-Type"] == "image/jpeg"


def test_whoever_may_not_see_the_customer_sees_no_photo(customer: int, sign_in: Any) -> None:
    log(sign_in("sales_consultant"), customer, jpeg(300, 300))
    at = f"/admin/photo/file/{all_of(m.Photo)[0].id}/"
    assert sign_in("sales_manager").get(at).status_code == 200
    for role in ("outsider", "service_advisor", "administrator"):
        assert sign_in(role).get(at).status_code == 404, role
        assert sign_in(role).get(f"{at}?small=1").status_code == 404, role


@pytest.mark.parametrize("data", [b"<svg onload=alert(1)>", bomb(30_000)])
def test_a_file_that_is_no_photo_saves_nothing_and_keeps_the_words(customer: int, sign_in: Any, data: bytes) -> None:
    answer = log(sign_in("sales_consultant"), customer, jpeg(30, 30), data)
    assert answer.status_code == 400 and 'role="alert"' in answer.text
    assert all_of(m.Visit) == [] and all_of(m.Photo) == []


def test_more_than_six_are_refused(customer: int, sign_in: Any) -> None:
    assert log(sign_in("sales_consultant"), customer, *[jpeg(30, 30)] * 7).status_code == 400
    assert all_of(m.Photo) == []


def test_a_deleted_photo_goes_to_the_recycle_bin_and_comes_back(customer: int, sign_in: Any) -> None:
    log(sign_in("sales_consultant"), customer, jpeg(300, 300))
    (row,) = all_of(m.Photo)
    boss = sign_in("general_manager")
    assert send(boss, "/admin/photo/delete/", id=row.id).status_code == 302
    assert boss.get(f"/admin/photo/file/{row.id}/").status_code == 404
    assert "photo" in boss.get("/admin/recycle/").text
    send(boss, "/admin/recycle/restore/", table="photo", id=row.id)
    assert boss.get(f"/admin/photo/file/{row.id}/").status_code == 200


def test_the_consultant_may_not_delete_a_photo(customer: int, sign_in: Any) -> None:
    client = sign_in("sales_consultant")
    log(client, customer, jpeg(300, 300))
    (row,) = all_of(m.Photo)
    assert send(client, "/admin/photo/delete/", id=row.id).status_code in (403, 404)
    assert all_of(m.Photo)[0].deleted_at is None


def test_nobody_logs_photos_for_a_customer_out_of_scope(customer: int, sign_in: Any, session: Any, cast: Any) -> None:
    make_visit(session, session.get(m.Customer, customer), staff=cast.sales_consultant)
    session.commit()
    assert log(sign_in("outsider"), customer, jpeg(30, 30)).status_code == 404
    assert all_of(m.Photo) == []
