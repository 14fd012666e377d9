"""The page of the team scores: every figure opens as many rows as it says; who sees, closes and confirms what."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from admin_app import choices as ch
from admin_app import models as m
from admin_app.database import db
from admin_app.pages import score_rows as rows_page
from admin_app.pages import score_steps
from admin_app.pages import scores as scores_page
from tests import factories as make
from tests import score_rows
from tests.cast import NOW
from tests.conftest import row, token

AFTER = dt.datetime(2026, 12, 1, 2, 0, tzinfo=dt.UTC)
PAGE = "/admin/scores/?period=2026-11"
SignIn = Callable[[Any], FlaskClient]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.datetime], None]:
    """The pages' clock stands at the tests' now; call it to move it."""

    def at(moment: dt.datetime) -> None:
        for page in (scores_page, rows_page, score_steps):
            monkeypatch.setattr(page, "utcnow", lambda: moment)

    at(NOW)
    return at


def links(page: str) -> list[tuple[str, str]]:
    """(address, text) of every link to the rows behind a figure."""
    found = re.findall(r'<a[^>]*href="([^"]*/scores/rows/[^"]*)"[^>]*>(.*?)</a>', page, re.S)
    return [(unescape(address), re.sub(r"<[^>]+>", " ", text).strip()) for address, text in found]


def number_of(page: str) -> int:
    return int(re.search(r'id="count">(\d+)<', page)[1])


def listed(client: FlaskClient, address: str) -> tuple[int, int, str]:
    """(number in the heading, rows in the table over all pages, text of the first page)."""
    first = client.get(address)
    assert first.status_code == 200, (address, first.status_code)
    number = number_of(first.text)
    count, page = 0, first.text
    for place in range(2, 50):
        count += page.count('<th scope="row"')
        if 'rel="next"' not in page:
            break
        page = client.get(f"{address}&page={place}").text
    return number, count, first.text


def post(client: FlaskClient, path: str, **values: Any) -> Any:
    return client.post(path, data={"csrf_token": token(client, "/admin/scores/"), **values})


# ---------------------------------------------------------------- the page


@pytest.mark.parametrize("role", ["sales_consultant", "service_advisor", "care_specialist", "sales_manager",
                                  "service_manager", "care_manager", "marketing"])
def test_every_figure_opens_exactly_its_rows(session: Any, cast: Any, sign_in: SignIn, role: str) -> None:
    score_rows.fill(session, cast)
    people = session.scalars(sa.select(m.User.id).join(m.Role, m.Role.id == m.User.role_id).where(
        m.Role.code == role, m.User.store_id == 1)).all()
    client = sign_in("general_manager")
    opened = 0
    for person in people:
        page = client.get(f"{PAGE}&role={role}&open={person}&store=S1")
        assert page.status_code == 200
        for address, text in links(page.text):
            number, count, _page = listed(client, address)
            assert number == count, address
            if text.isdigit():
                assert int(text) == count, (address, text)
            if "n=" in text:
                assert int(text.split("n=")[1]) == count, (address, text)
            opened += 1
    assert opened >= 10


def test_the_lines_on_the_screen_add_up_to_the_score_on_the_screen(session: Any, cast: Any, sign_in: SignIn) -> None:
    score_rows.fill(session, cast)
    page = sign_in(cast.sales_consultant).get(PAGE).text
    drill = page[page.index('class="drill"'):]
    points = [float(one) for one in re.findall(r'class="num strong" data-label="[^"]*">([\d.]+)</td>', drill)]
    *lines, total = points
    assert round(sum(lines), 1) == total
    assert f'{total:.1f}</a>' in page


def test_targets_that_are_not_set_are_said_so(session: Any, cast: Any, sign_in: SignIn) -> None:
    score_rows.fill(session, cast)
    drill = sign_in(cast.sales_consultant).get(PAGE).text
    line = drill[drill.index(">销售额</th>"):]
    line = line[:line.index("</tr>")]
    assert "–</td>" in line and ("not set" in line or "未设置" in line)


def test_somebody_without_data_is_not_ranked(session: Any, cast: Any, sign_in: SignIn) -> None:
    make.make_visit(session, make.make_customer(session, owner=cast.colleague), staff=cast.colleague)
    page = sign_in(cast.sales_manager).get(PAGE).text
    mine = page[page.index(f'id="p{cast.sales_consultant.id}"'):]
    mine = mine[:mine.index("</tr>")]
    assert re.search(r'class="rank[^>]*>–', mine) and "rows/" not in mine


def test_an_empty_store_still_has_a_page(session: Any, cast: Any, sign_in: SignIn) -> None:
    for role in ("sales_consultant", "care_manager", "marketing"):
        answer = sign_in("general_manager").get(f"{PAGE}&role={role}&store=S2")
        assert answer.status_code == 200


@pytest.mark.parametrize("query", ["period=2026-13", "period=x", "period=2026-12", "period=2027-Q1"])
def test_periods_that_are_none_or_to_come_are_refused(session: Any, cast: Any, sign_in: SignIn, query: str) -> None:
    assert sign_in(cast.sales_manager).get(f"/admin/scores/?{query}").status_code == 400


def test_the_quarter_and_the_periods_before(session: Any, cast: Any, sign_in: SignIn) -> None:
    client = sign_in(cast.sales_manager)
    page = client.get("/admin/scores/?period=2026-Q4&role=sales_consultant").text
    assert "period=2026-11" in page and "period=2026-Q3" in page and "period=2027-Q1" not in page
    page = client.get("/admin/scores/").text
    assert "<b>2026-11</b>" in page and "period=2026-10" in page and "period=2026-Q4" in page


def test_the_page_is_quick(session: Any, cast: Any, sign_in: SignIn) -> None:
    score_rows.fill(session, cast)
    client = sign_in("general_manager")
    seen: list[str] = []
    client.get(PAGE)
    listener = lambda *args: seen.append(args[2])  # noqa: E731
    sa.event.listen(db.engine, "before_cursor_execute", listener)
    began = time.perf_counter()
    assert client.get(PAGE).status_code == 200
    taken = time.perf_counter() - began
    sa.event.remove(db.engine, "before_cursor_execute", listener)
    assert len(seen) <= 32, "\n".join(seen)
    assert taken < 1.5


# ---------------------------------------------------------------- rights


def test_colleagues_see_ranks_and_nothing_else(session: Any, cast: Any, sign_in: SignIn) -> None:
    score_rows.fill(session, cast)
    client = sign_in(cast.sales_consultant)
    page = client.get(f"{PAGE}&open={cast.colleague.id}").text
    theirs = page[page.index(f'id="p{cast.colleague.id}"'):]
    theirs = theirs[:theirs.index("</tr>")]
    assert re.search(r'class="rank[^>]*>\d', theirs)
    assert "score-n" not in theirs and "rows/" not in theirs and 'class="drill"' not in page
    for address, _text in links(page):
        assert f"user={cast.sales_consultant.id}&" in address


def test_a_store_may_open_the_lines_to_colleagues(session: Any, cast: Any, sign_in: SignIn) -> None:
    score_rows.fill(session, cast)
    cast.store.show_colleagues = True
    page = sign_in(cast.sales_consultant).get(f"{PAGE}&open={cast.colleague.id}").text
    assert 'class="drill"' in page and f"user={cast.colleague.id}&amp;" in page


def test_a_manager_sees_the_lines_of_the_own_team(session: Any, cast: Any, sign_in: SignIn) -> None:
    score_rows.fill(session, cast)
    client = sign_in(cast.sales_manager)
    assert 'class="drill"' in client.get(f"{PAGE}&open={cast.colleague.id}").text
    assert 'class="drill"' not in client.get(f"{PAGE}&open={cast.other_team.id}").text
    assert client.get(f"{PAGE}&role=service_advisor").status_code == 404


@pytest.mark.parametrize(("viewer", "person", "status"), [
    ("sales_consultant", "sales_consultant", 200), ("sales_consultant", "colleague", 404),
    ("sales_manager", "colleague", 200), ("sales_manager", "other_team", 404), ("care_manager", "colleague", 200),
    ("care_manager", "outsider", 404), ("general_manager", "outsider", 200), ("service_manager", "colleague", 404),
    ("administrator", "colleague", 404)])
def test_who_opens_whose_rows(session: Any, cast: Any, sign_in: SignIn, viewer: str, person: str, status: int) -> None:
    score_rows.fill(session, cast)
    address = f"/admin/scores/rows/?period=2026-11&metric=followups_on_time&user={getattr(cast, person).id}"
    assert sign_in(getattr(cast, viewer)).get(address).status_code == status


@pytest.mark.parametrize("wrong", ["metric=nothing", "metric=first_fix", "user=0", "user=x", "part=all"])
def test_figures_that_do_not_exist(session: Any, cast: Any, sign_in: SignIn, wrong: str) -> None:
    usual = {"period": "2026-11", "metric": "deals", "user": str(cast.colleague.id), "part": "numerator"}
    name, value = wrong.split("=")
    query = "&".join(f"{key}={one}" for key, one in (usual | {name: value}).items())
    assert sign_in(cast.sales_manager).get(f"/admin/scores/rows/?{query}").status_code == 404


def test_rows_out_of_scope_are_counted_but_not_shown(session: Any, cast: Any, sign_in: SignIn) -> None:
    """A consultant's call to a customer who has been given to another team since."""
    gone = make.make_customer(session, owner=cast.other_team, name="保密客户")
    mine = make.make_customer(session, owner=cast.sales_consultant)
    for customer in (gone, mine):
        make.make_visit(session, customer, staff=cast.sales_consultant, satisfaction=5)
    cast.session.add(m.SchemeLine(
        scheme_id=session.scalars(sa.select(m.ScoreScheme.id).where(
            m.ScoreScheme.role_id == cast.sales_consultant.role_id)).one(),
        metric_id=session.scalars(sa.select(m.Metric.id).where(m.Metric.code == "visits_logged")).one(), weight=5))
    address = f"/admin/scores/rows/?period=2026-11&metric=visits_logged&user={cast.sales_consultant.id}"
    number, count, page = listed(sign_in(cast.sales_consultant), address)
    assert (number, count) == (2, 1) and "保密客户" not in page and 'role="status"' in page
    assert listed(sign_in("general_manager"), address)[:2] == (2, 2)


def test_private_fields_are_masked_in_the_rows(session: Any, cast: Any, sign_in: SignIn) -> None:
    customer = make.make_customer(session, owner=cast.colleague, phone="+8613812345678")
    make.make_vehicle(session, customer, sold_by_id=cast.colleague.id, bought_on=dt.date(2026, 11, 5), plate="粤B12345")
    page = listed(sign_in("general_manager"),
                  f"/admin/scores/rows/?period=2026-11&metric=deals&user={cast.colleague.id}")[2]
    assert "12345678" not in page and "粤B12345" not in page and "2345" in page


def test_long_lists_come_in_pages(session: Any, cast: Any, sign_in: SignIn) -> None:
    customer = make.make_customer(session, owner=cast.colleague)
    for _ in range(205):
        make.make_followup(session, customer, assignee=cast.colleague, due=dt.date(2026, 11, 3))
    number, count, _page = listed(
        sign_in(cast.sales_manager),
        f"/admin/scores/rows/?period=2026-11&metric=followups_on_time&user={cast.colleague.id}")
    assert (number, count) == (205, 205)


def test_names_are_escaped(session: Any, cast: Any, sign_in: SignIn) -> None:
    cast.colleague.name = "<script>alert(1)</script>"
    customer = make.make_customer(session, owner=cast.colleague, name="<b>粗</b>")
    make.make_visit(session, customer, staff=cast.colleague, satisfaction=5)
    client = sign_in(cast.sales_manager)
    page = client.get(f"{PAGE}&open={cast.colleague.id}").text
    shown = listed(client, f"/admin/scores/rows/?period=2026-11&metric=sales_satisfaction&user={cast.colleague.id}")[2]
    assert "<script>alert" not in page + shown and "<b>粗" not in shown and "&lt;b&gt;粗" in shown


# ---------------------------------------------------------------- closing, paying, note, confirmation


def closed(session: Any, client: FlaskClient, clock: Callable[[dt.datetime], None]) -> m.ScorePeriod:
    clock(AFTER)
    assert post(client, "/admin/scores/close/", period="2026-11", role="sales_consultant").status_code == 302
    session.expire_all()
    return session.scalars(sa.select(m.ScorePeriod)).one()


def test_closing_keeps_the_page_as_it_was(session: Any, cast: Any, sign_in: SignIn, clock: Any) -> None:
    score_rows.fill(session, cast)
    clock(AFTER)
    client = sign_in(cast.care_manager)
    address = f"{PAGE}&role=sales_consultant&open={cast.colleague.id}"
    before = client.get(address).text
    period = closed(session, client, clock)
    assert period.state == ch.PeriodState.CLOSED
    session.query(m.FollowUp).update({"state": ch.FollowUpState.VOID})
    session.commit()
    after = client.get(address).text
    assert links(after) == links(before)
    assert re.findall(r'score-n open-n" href="[^"]*">([\d.]+)', after) == re.findall(
        r'score-n open-n" href="[^"]*">([\d.]+)', before)
    general = sign_in("general_manager")
    for figure, _text in links(after):
        number, count, _page = listed(general, figure)
        assert number == count, figure


def test_rows_deleted_since_are_named(session: Any, cast: Any, sign_in: SignIn, clock: Any) -> None:
    customer = make.make_customer(session, owner=cast.colleague)
    visit = make.make_followup(session, customer, assignee=cast.colleague, due=dt.date(2026, 11, 3))
    client = sign_in(cast.care_manager)
    closed(session, client, clock)
    session.query(m.FollowUp).filter_by(id=visit.id).update({"deleted_at": NOW})
    session.commit()
    number, count, page = listed(
        client, f"/admin/scores/rows/?period=2026-11&metric=followups_on_time&user={cast.colleague.id}")
    assert (number, count) == (1, 0) and 'role="status"' in page


def test_a_period_is_not_closed_early(session: Any, cast: Any, sign_in: SignIn) -> None:
    client = sign_in(cast.care_manager)
    assert "disabled" in client.get(PAGE).text
    assert post(client, "/admin/scores/close/", period="2026-11").status_code == 302
    assert "2026-11-30" in client.get(PAGE).text
    assert session.scalars(sa.select(m.ScorePeriod)).all() == []


@pytest.mark.parametrize("who", ["sales_manager", "sales_consultant", "administrator"])
@pytest.mark.parametrize("step", ["close", "pay"])
def test_others_may_not_close_or_pay(session: Any, cast: Any, sign_in: SignIn, clock: Any, who: str, step: str) -> None:
    clock(AFTER)
    client = sign_in(getattr(cast, who))
    assert "/admin/scores/close/" not in client.get(PAGE).text
    assert post(client, f"/admin/scores/{step}/", period="2026-11").status_code == 403
    assert session.scalars(sa.select(m.ScorePeriod)).all() == []


def test_paying_ends_it(session: Any, cast: Any, sign_in: SignIn, clock: Any) -> None:
    client = sign_in(cast.general_manager)
    period = closed(session, client, clock)
    assert post(client, "/admin/scores/pay/", period="2026-11", store="S1").status_code == 302
    assert row(m.ScorePeriod, period.id).state == ch.PeriodState.PAID
    page = client.get(f"{PAGE}&store=S1").text
    assert "/admin/scores/pay/" not in page and "/admin/scores/close/" not in page


def test_note_and_confirmation(session: Any, cast: Any, sign_in: SignIn, clock: Any) -> None:
    score_rows.fill(session, cast)
    closed(session, sign_in(cast.care_manager), clock)
    score = session.scalars(sa.select(m.Score).where(m.Score.user_id == cast.sales_consultant.id)).one()
    manager, person = sign_in(cast.sales_manager), sign_in(cast.sales_consultant)
    given = {"score": score.id, "period": "2026-11", "role": "sales_consultant", "open": score.user_id}
    assert post(manager, "/admin/scores/note/", note="首联再快一点", version=score.version, **given).status_code == 302
    assert row(m.Score, score.id).note == "首联再快一点"
    assert "首联再快一点" in person.get(PAGE).text
    stale = post(manager, "/admin/scores/note/", note="另一句", version=1, **given)
    assert stale.status_code == 409 and "另一句" in stale.text and 'role="alert"' in stale.text
    assert row(m.Score, score.id).note == "首联再快一点"
    assert post(person, "/admin/scores/note/", note="我自己", version=2, **given).status_code == 403
    assert post(manager, "/admin/scores/confirm/", **given).status_code == 403
    assert row(m.Score, score.id).confirmed_at is None
    assert post(person, "/admin/scores/confirm/", **given).status_code == 302
    assert row(m.Score, score.id).confirmed_at == AFTER
    assert post(sign_in(cast.colleague), "/admin/scores/confirm/", **given).status_code == 404
    assert post(sign_in(cast.service_manager), "/admin/scores/note/", note="x", version=3, **given).status_code == 404


def test_steps_need_a_token(session: Any, cast: Any, sign_in: SignIn, clock: Any) -> None:
    clock(AFTER)
    client = sign_in(cast.care_manager)
    for step in ("close", "pay", "note", "confirm"):
        assert client.post(f"/admin/scores/{step}/", data={"period": "2026-11"}).status_code == 400
    assert session.scalars(sa.select(m.ScorePeriod)).all() == []


def test_the_page_asks_a_few_things_of_the_database_however_many_people(session: Any, cast: Any, sign_in: SignIn
                                                                       ) -> None:
    """None of the statements of the page reads the rows that are counted, but for what turns on today's minutes."""
    client, address = sign_in("general_manager"), f"{PAGE}&role=sales_consultant&store=S1"

    def statements() -> list[str]:
        seen: list[str] = []
        listener = lambda *args: seen.append(args[2])  # noqa: E731
        db.session.commit()  # what the client would commit first
        sa.event.listen(db.engine, "before_cursor_execute", listener)
        assert client.get(address).status_code == 200
        sa.event.remove(db.engine, "before_cursor_execute", listener)
        return seen

    client.get(address)
    few = statements()
    for number in range(40):
        session.add(m.User(username=f"many{number}", name=f"多{number}", store_id=1, team_id=cast.colleague.team_id,
                           role_id=cast.colleague.role_id))
    session.flush()
    score_rows.fill(session, cast)
    client.get(address)
    many = statements()
    assert len(many) == len(few) <= 18
    of_page = [one for one in many if not one.startswith("SELECT count(")]  # the numbers in the menu are counted apart
    for table in ("visit", "customer", "promise", "vehicle", "repair_order"):
        assert not [one for one in of_page if f"FROM {table}" in one or f"JOIN {table}" in one], table


def test_what_is_typed_is_escaped_in_the_ranking(session: Any, cast: Any, sign_in: SignIn) -> None:
    score_rows.fill(session, cast)
    cast.colleague.name = "<b>{0}%s & \"'"
    metric = session.scalars(sa.select(m.Metric).where(m.Metric.code == "deals")).one()
    metric.name = '<i>"车'
    session.flush()
    page = sign_in("general_manager").get(f"{PAGE}&role=sales_consultant&store=S1&open={cast.colleague.id}").text
    assert "<b>{0}" not in page and "&lt;b&gt;{0}%s &amp; &#34;&#39;" in page
    assert '<i>"' not in page and 'data-label="&lt;i&gt;&#34;车"' in page
