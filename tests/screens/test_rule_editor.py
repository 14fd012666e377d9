"""Follow-up rules, segments and the calendar on the screen: typed as lines, refused at the line, nothing lost."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask.testing import FlaskClient

from admin_app import access
from admin_app import choices as ch
from admin_app import models as m
from admin_app.rules import followups, workdays
from admin_app.rules.followups import planning
from tests.cast import NOW, TODAY, Cast
from tests.conftest import row, token
from tests.factories import make_customer, make_followup, make_vehicle
from tests.screens.desk_support import Page

SignIn = Callable[[Any], FlaskClient]
STAGE, TIER = ("stage", "one_of", "owner"), ("tier", "equals", "A")
READERS = ("sales_manager", "service_manager", "auditor")
OTHERS = ("sales_consultant", "service_advisor", "care_specialist")


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def lines(*clauses: tuple[str, str, str]) -> dict[str, Any]:
    """Lines of clauses as the form posts them, with a blank one at the end."""
    every = [*clauses, ("", "equals", "")]
    return {
        f"clause_{name}": [one[place] for one in every] for place, name in enumerate(("field", "op", "value"))
    }


def send(client: FlaskClient, path: str, data: dict[str, Any]) -> Any:
    return client.post(path, data=data | {"csrf_token": token(client, "/account/password")})


def rule_of(session: Any, code: str) -> m.FollowUpRule:
    return session.scalars(access.ungated(sa.select(m.FollowUpRule).where(m.FollowUpRule.code == code))).one()


def opened(client: FlaskClient, path: str) -> dict[str, Any]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.status_code
    page = Page(answer.text)
    return {name: value for name, value in page.fields.items() if not name.startswith("clause_")}


def insurance(session: Any, cast: Cast, count: int = 3, ahead: int = 37) -> None:
    """Cars whose insurance is reminded of in a week, of customers of tier A, served by the advisor."""
    for _number in range(count):
        customer = make_customer(
            session,
            owner=cast.sales_consultant,
            stage=ch.Stage.OWNER,
            grade=ch.Grade.D,
            tier=ch.Tier.A,
            last_contact_at=NOW,
            advisor_id=cast.service_advisor.id,
        )
        make_vehicle(
            session,
            customer,
            insurance_until=TODAY + dt.timedelta(days=ahead),
            last_service_on=TODAY,
            bought_on=TODAY - dt.timedelta(days=100),
        )
    session.commit()


# ---------------------------------------------------------------- rules


@pytest.mark.parametrize("role", ["general_manager", "care_manager"])
def test_a_condition_is_typed_as_lines(session: Any, cast: Cast, sign_in: SignIn, role: str) -> None:
    client, rule = sign_in(getattr(cast, role)), rule_of(session, "insurance_30")
    path = f"/admin/followup_rule/edit/?id={rule.id}"
    typed = lines(
        STAGE,
        TIER,
        ("last_contact_at", "older_than", "30"),
        ("source", "one_of", f"{ch.Source.WEB.label}、phone"),
    )
    answer = send(client, path, opened(client, path) | typed)
    assert answer.status_code == 302, Page(answer.text).alerts
    assert row(m.FollowUpRule, rule.id).condition == {
        "stage": ["owner"],
        "tier": "A",
        "source": ["web", "phone"],
        "clauses": [{"field": "last_contact_at", "op": "older_than", "values": [30]}],
    }
    details = client.get(f"/admin/followup_rule/details/?id={rule.id}").text
    assert "距今超过 30 天" in details and "{" not in details.split("<dl")[1].split("</dl>")[0]
    again = send(client, path, opened(client, path) | lines())
    assert again.status_code == 302
    assert row(m.FollowUpRule, rule.id).condition is None


def test_what_is_left_alone_stays_as_it_was(session: Any, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.care_manager)
    for code in (
        "lead_first_other",
        "first_service",
        "festival_spring",
        "file_stale",
        "grade_h",
        "no_contact_rest",
    ):
        rule = rule_of(session, code)
        key, before, path = rule.id, rule.condition, f"/admin/followup_rule/edit/?id={rule.id}"
        page = client.get(path).text
        fields = opened(client, path)
        shown = [
            (part.split("clause_op")[0].rpartition("selected>")[0].rpartition('value="')[2][:-2], part)
            for part in page.split("data-clause>")[1:]
        ]
        rows = []
        for _field, part in shown:
            inner = Page(part.split("</div>")[0] + "</div>").fields
            rows.append(
                (inner.get("clause_field", ""), inner.get("clause_op", ""), inner.get("clause_value", ""))
            )
        assert rows or not (before or {}).keys() - {"km", "months"}, code
        answer = send(client, path, fields | lines(*rows) | {"name": "新名称"})
        assert answer.status_code == 302, (code, Page(answer.text).alerts)
        kept = row(m.FollowUpRule, key)
        assert (kept.condition, kept.name) == (before, "新名称"), code


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ([("stage", "one_of", "没有这个阶段")], "没有这个阶段"),
        ([("last_contact_at", "older_than", "很久")], "很久"),
        ([("stage", "equals", "")], "请填写"),
        ([("phone", "equals", "138")], "phone"),
        ([STAGE, ("stage", "not", "owner")], "矛盾"),
        ([("tier", "empty", ""), TIER], "矛盾"),
        ([("owns_car", "yes", ""), ("owns_car", "no", "")], "矛盾"),
    ],
)
def test_what_cannot_be_meant_is_said_at_its_line_and_kept(
    session: Any, cast: Cast, sign_in: SignIn, typed: Any, said: str
) -> None:
    client, rule = sign_in(cast.care_manager), rule_of(session, "insurance_30")
    path = f"/admin/followup_rule/edit/?id={rule.id}"
    answer = send(client, path, opened(client, path) | lines(*typed) | {"name": "没有保存的名称"})
    assert answer.status_code == 400
    page = Page(answer.text)
    assert any(said in alert for alert in page.alerts), page.alerts
    assert page.fields["name"] == "没有保存的名称"
    for _field, _op, value in typed:
        assert f'name="clause_value" value="{value}"' in answer.text
    assert (row(m.FollowUpRule, rule.id).name, row(m.FollowUpRule, rule.id).condition) == (rule.name, None)


def test_what_belongs_to_the_trigger_stands_beside_it(session: Any, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.care_manager)
    given = {
        "code": "lantern",
        "name": "元宵问候",
        "trigger": "festival",
        "offset": "0",
        "unit": "days",
        "assignee": "owner",
        "channel": "wechat",
        "purpose": "greeting",
        "sample_percent": "100",
        "enabled": "y",
    }
    answer = send(client, "/admin/followup_rule/new/", given | lines())
    assert answer.status_code == 400 and any("请选择节日" in one for one in Page(answer.text).alerts)
    answer = send(
        client,
        "/admin/followup_rule/new/",
        given | lines() | {"condition_km": "x", "condition_festival": "lantern"},
    )
    assert answer.status_code == 400 and 'value="x"' in answer.text
    answer = send(
        client, "/admin/followup_rule/new/", given | lines(TIER) | {"condition_festival": "lantern"}
    )
    assert answer.status_code == 302
    assert rule_of(session, "lantern").condition == {"tier": "A", "festival": "lantern"}


def test_readers_and_others_are_refused(session: Any, cast: Cast, sign_in: SignIn) -> None:
    rule = rule_of(session, "insurance_30")
    for role in (*READERS, *OTHERS, "marketing"):
        client = sign_in(getattr(cast, role))
        for path in ("/admin/followup_rule/preview/", f"/admin/followup_rule/edit/?id={rule.id}"):
            assert send(client, path, {"name": "x"} | lines(TIER)).status_code == 403, (role, path)
    assert row(m.FollowUpRule, rule.id).condition is None


def read(page: Page) -> dict[str, Any]:
    """What the merge page posts."""
    return {name: value for name, value in page.fields.items() if name not in ("q", "language", "next", "reason")}


def test_who_saves_second_chooses_between_both(session: Any, cast: Cast, sign_in: SignIn) -> None:
    client, other, rule = sign_in(cast.care_manager), sign_in(cast.general_manager), rule_of(session, "insurance_30")
    path = f"/admin/followup_rule/edit/?id={rule.id}"
    mine, theirs = opened(client, path), opened(other, path)
    assert send(other, path, theirs | lines(STAGE) | {"offset": "-20"}).status_code == 302
    answer = send(client, path, mine | lines(TIER) | {"script": "您好，续保有礼"})
    assert answer.status_code == 409
    for said in ("阶段 是 保有客户", "价值等级 是 A", "-20", "您好，续保有礼", cast.general_manager.name):
        assert said in answer.text, said
    assert row(m.FollowUpRule, rule.id).condition == {"stage": ["owner"]}, "nothing is saved over the other's"
    merged = read(Page(answer.text))
    assert send(client, path, merged).status_code == 302
    found = row(m.FollowUpRule, rule.id)
    assert (found.condition, found.offset, found.script) == ({"tier": "A"}, -20, "您好，续保有礼")


def test_the_merged_lines_stand_in_the_form_again(session: Any, cast: Cast, sign_in: SignIn) -> None:
    client, rule = sign_in(cast.care_manager), rule_of(session, "festival_spring")
    path = f"/admin/followup_rule/edit/?id={rule.id}"
    fields = opened(client, path)
    assert send(client, path, fields | lines(STAGE) | {"condition_festival": "lantern"}).status_code == 302
    answer = send(client, path, fields | lines(TIER))
    assert answer.status_code == 409 and "元宵节" in answer.text
    back = send(client, path, read(Page(answer.text)) | {"_back": "1"})
    assert back.status_code == 200 and 'name="clause_value" value="A"' in back.text
    assert send(client, path, read(Page(answer.text)) | {"condition": "[[[["}).status_code == 400
    assert row(m.FollowUpRule, rule.id).condition == {"festival": "lantern", "stage": ["owner"]}


def test_bad_lines_are_mended_before_the_merge(session: Any, cast: Cast, sign_in: SignIn) -> None:
    """The form stays the form of the version that it was opened on: the other's change is not reverted by it."""
    client, rule = sign_in(cast.care_manager), rule_of(session, "insurance_30")
    path = f"/admin/followup_rule/edit/?id={rule.id}"
    fields = opened(client, path)
    assert send(client, path, fields | lines() | {"offset": "-20"}).status_code == 302
    for page in (path, "/admin/followup_rule/preview/"):
        answer = send(client, page, fields | lines(("tier", "equals", "x")) | {"id": str(rule.id)})
        assert answer.status_code == (409 if page == path else 400) and 'value="x"' in answer.text
        again = {name: value for name, value in Page(answer.text).fields.items() if not name.startswith("clause_")}
        assert again["version"] == fields["version"] and again["offset"] == "-30"
        merged = send(client, path, read(Page(answer.text)) | again | lines(TIER))
        assert merged.status_code == 409 and "-20" in merged.text
    assert send(client, path, read(Page(merged.text))).status_code == 302
    assert (row(m.FollowUpRule, rule.id).condition, row(m.FollowUpRule, rule.id).offset) == ({"tier": "A"}, -20)


def test_a_segment_that_two_people_change_is_merged(session: Any, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.care_manager)
    assert send(client, "/admin/segment/new/", {"name": "一", "active": "y"} | lines(STAGE)).status_code == 302
    made = session.scalars(access.ungated(sa.select(m.Segment))).one()
    path = f"/admin/segment/edit/?id={made.id}"
    fields = opened(client, path)
    assert send(client, path, fields | lines(STAGE, TIER)).status_code == 302
    answer = send(client, path, fields | lines(STAGE) | {"name": "二"})
    assert answer.status_code == 409 and "阶段 属于 保有客户；价值等级 是 A" in answer.text, answer.text
    assert send(client, path, read(Page(answer.text))).status_code == 302
    found = row(m.Segment, made.id)
    assert found.name == "二" and [one["field"] for one in found.clauses] == ["stage", "tier"]


# ---------------------------------------------------------------- preview


def cells(text: str, name: str) -> list[str]:
    """(today's plan, new plan, difference) of a person in the preview."""
    return next(one for one in Page(text).rows if one and one[0].startswith(name))[1:4]


def test_the_preview_stands_beside_todays_plan_and_is_what_is_made(
    session: Any, cast: Cast, sign_in: SignIn
) -> None:
    insurance(session, cast)
    make_followup(session, make_customer(session, owner=cast.sales_consultant), assignee=cast.service_advisor)
    client, rule = sign_in(cast.care_manager), rule_of(session, "insurance_30")
    path, name = f"/admin/followup_rule/edit/?id={rule.id}", cast.service_advisor.name
    fields = opened(client, path) | lines() | {"part": "1", "id": str(rule.id)}
    same = send(client, "/admin/followup_rule/preview/", fields)
    assert same.status_code == 200 and cells(same.text, name) == ["7", "7", "0"], "those of 45 days ahead are caught up"
    more = send(client, "/admin/followup_rule/preview/", fields | {"offset": "-35"})
    assert cells(more.text, name) == ["7", "7", "0"]
    none = send(client, "/admin/followup_rule/preview/", fields | lines(("tier", "equals", "B")))
    assert cells(none.text, name) == ["7", "4", "−3"]
    assert (
        session.scalar(sa.select(sa.func.count(m.FollowUp.id))) == 1
        and row(m.FollowUpRule, rule.id).offset == -30
    )
    for days in range(14):
        day = TODAY + dt.timedelta(days=days)
        followups.make_dated(session, day, NOW + dt.timedelta(days=days))
    assert session.scalar(sa.select(sa.func.count(m.FollowUp.id)).where(m.FollowUp.rule_id == rule.id)) == 3


def test_a_new_rule_is_previewed_in_the_whole_form_without_script(
    session: Any, cast: Cast, sign_in: SignIn
) -> None:
    insurance(session, cast, count=50)
    given = {
        "code": "insurance_37",
        "name": "续保",
        "trigger": "insurance",
        "offset": "-37",
        "unit": "days",
        "assignee": "advisor",
        "channel": "phone",
        "purpose": "service",
        "sample_percent": "100",
        "enabled": "",
    }
    answer = send(sign_in(cast.care_manager), "/admin/followup_rule/preview/", given | lines(STAGE))
    assert answer.status_code == 200
    assert cells(answer.text, cast.service_advisor.name) == ["100", "150", "+50"]
    assert (
        'value="insurance_37"' in answer.text
        and "超过一天的承受量" in answer.text
        and "规则未启用" in answer.text
    )
    assert session.scalar(sa.select(sa.func.count()).where(m.FollowUpRule.code == "insurance_37")) == 0


@pytest.mark.parametrize(("most", "seconds", "counted"), [(1000, 60.0, 50), (20, 60.0, 20), (1000, -1.0, 0)])
def test_a_preview_of_very_many_tasks_ends_and_says_so(
    session: Any, cast: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, most: int, seconds: float, counted: int
) -> None:
    insurance(session, cast, count=50)
    monkeypatch.setattr(planning, "MOST", most)
    monkeypatch.setattr(planning, "SECONDS", seconds)
    given = {"part": "1", "code": "other", "name": "续保", "trigger": "insurance", "offset": "-37", "unit": "days",
             "assignee": "advisor", "channel": "phone", "purpose": "service", "sample_percent": "100"}
    answer = send(sign_in(cast.care_manager), "/admin/followup_rule/preview/", given | lines(STAGE))
    assert answer.status_code == 200
    made = cells(answer.text, "全部")[2] if counted else "+0"
    assert made == f"+{counted}" and ("至少" in answer.text) == (counted < 50)


def test_a_preview_of_what_is_wrong_says_so(session: Any, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.care_manager)
    answer = send(client, "/admin/followup_rule/preview/", {"part": "1"} | lines(("stage", "equals", "x")))
    assert answer.status_code == 400 and Page(answer.text).alerts
    rule = rule_of(session, "birthday")
    fields = (
        opened(client, f"/admin/followup_rule/edit/?id={rule.id}")
        | lines()
        | {"part": "1", "id": str(rule.id)}
    )
    answer = send(client, "/admin/followup_rule/preview/", fields | {"assignee": "person"})
    assert answer.status_code == 400 and any("人" in one for one in Page(answer.text).alerts)
    assert send(client, "/admin/followup_rule/preview/", {"id": "99999"}).status_code == 404


def test_events_are_estimated_by_the_last_fourteen_days(session: Any, cast: Cast, sign_in: SignIn) -> None:
    for ago in (1, 3, 20):
        make_customer(
            session,
            owner=cast.sales_consultant,
            stage=ch.Stage.LEAD,
            source=ch.Source.REFERRAL,
            grade=ch.Grade.N,
            created_at=NOW - dt.timedelta(days=ago),
            graded_on=TODAY,
        )
    session.commit()
    client, rule = sign_in(cast.care_manager), rule_of(session, "lead_first_other")
    fields = opened(client, f"/admin/followup_rule/edit/?id={rule.id}")
    answer = send(
        client,
        "/admin/followup_rule/preview/",
        fields
        | lines(("stage", "one_of", "lead、prospect"), ("source", "one_of", "referral"))
        | {"part": "1", "id": str(rule.id)},
    )
    assert "估算" in answer.text
    assert cells(answer.text, cast.sales_consultant.name)[1] in ("1", "2")


# ---------------------------------------------------------------- segments


def test_a_segment_is_counted_while_it_is_typed_and_opens_as_a_list(
    session: Any, cast: Cast, sign_in: SignIn
) -> None:
    insurance(session, cast, count=4)
    make_customer(session, owner=cast.outsider, tier=ch.Tier.A, stage=ch.Stage.OWNER)
    session.commit()
    client = sign_in(cast.care_manager)
    said = send(client, "/admin/segment/size/", lines(STAGE, TIER))
    assert said.json == {"said": "4 位客户", "lines": 2}
    assert "error" in send(client, "/admin/segment/size/", lines(("stage", "equals", "x"))).json
    assert send(client, "/admin/segment/size/", lines()).json == {"said": ""}
    answer = send(client, "/admin/segment/new/", {"name": "A 类车主", "active": "y"} | lines(STAGE, TIER))
    assert answer.status_code == 302
    made = session.scalars(access.ungated(sa.select(m.Segment))).one()
    assert (made.store_id, len(made.clauses)) == (cast.store.id, 2)
    page = client.get(f"/admin/segment/details/?id={made.id}").text
    assert "4 位客户" in page
    href = f"/admin/customer/?flt0_segment_equals={made.id}&exact=1"
    listed = client.get(href).text
    assert "共 4 条" in listed and "A 类车主" in listed
    mine = sign_in(cast.sales_consultant).get(f"/admin/customer/?flt0_segment_equals={made.id}&exact=1").text
    assert "共 4 条" in mine
    other = sign_in(cast.other_team).get(f"/admin/customer/?flt0_segment_equals={made.id}&exact=1").text
    assert "共 0 条" in other
    made_anew = send(
        client,
        f"/admin/segment/edit/?id={made.id}",
        opened(client, f"/admin/segment/edit/?id={made.id}") | lines(("tier", "equals", "B")),
    )
    assert made_anew.status_code == 302
    assert "共 0 条" in client.get(href).text, "the list goes by the segment as it is now"


def test_a_segment_that_says_nothing_or_is_used_is_refused(session: Any, cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.care_manager)
    for typed, field in ((lines(), "clauses"), (lines(("tier", "equals", "Z")), "clauses")):
        answer = send(client, "/admin/segment/new/", {"name": "空", "active": "y"} | typed)
        assert answer.status_code == 400, field
    send(client, "/admin/segment/new/", {"name": "A 类", "active": "y"} | lines(TIER))
    made = session.scalars(access.ungated(sa.select(m.Segment))).one()
    rule_of(session, "birthday").segment_id = made.id
    session.commit()
    answer = send(client, "/admin/segment/delete/", {"id": made.id})
    assert row(m.Segment, made.id).deleted_at is None and answer.status_code != 500
    assert session.scalar(sa.select(sa.func.count(m.Segment.id))) == 1


@pytest.mark.parametrize("role", [*READERS, *OTHERS, "administrator"])
def test_segments_are_made_by_whoever_may(session: Any, cast: Cast, sign_in: SignIn, role: str) -> None:
    client = sign_in(getattr(cast, role))
    assert send(client, "/admin/segment/new/", {"name": "x"} | lines(TIER)).status_code == 403
    assert send(client, "/admin/segment/size/", lines(TIER)).status_code == 403
    assert session.scalar(sa.select(sa.func.count(m.Segment.id))) == 0
    assert client.get("/admin/segment/").status_code == (200 if role in READERS else 403)


def test_a_segment_of_the_group_is_read_by_the_store_and_changed_by_the_group(
    session: Any, cast: Cast, sign_in: SignIn
) -> None:
    boss, manager = sign_in(cast.general_manager), sign_in(cast.care_manager)
    assert send(boss, "/admin/segment/new/", {"name": "全集团", "active": "y"} | lines(TIER)).status_code == 302
    made = session.scalars(access.ungated(sa.select(m.Segment))).one()
    key = made.id
    assert made.store_id is None
    listed = manager.get("/admin/segment/").text
    assert "<tr data-fixed>" in listed and "全部门店" in listed, "neither pencil nor box in the list"
    assert "data-fixed" not in boss.get("/admin/segment/").text
    page = manager.get(f"/admin/segment/details/?id={key}").text
    assert '<ul class="plain"><li>' in page and f"/admin/segment/edit/?id={key}" not in page
    assert f"/admin/segment/edit/?id={key}" in boss.get(f"/admin/segment/details/?id={key}").text
    assert send(manager, f"/admin/segment/edit/?id={key}", {"name": "改名"} | lines(TIER)).status_code == 403
    assert send(manager, "/admin/segment/delete/", {"id": key}).status_code in (403, 404)
    assert (row(m.Segment, key).name, row(m.Segment, key).deleted_at) == ("全集团", None)


# ---------------------------------------------------------------- calendar


def test_a_day_of_the_calendar_holds_with_the_next_request(session: Any, cast: Cast, sign_in: SignIn) -> None:
    client, saturday = sign_in(cast.care_manager), dt.date(2026, 11, 28)
    page = client.get("/admin/calendar_day/").text
    assert "2027" in page and "2026、" not in page, "the years that are an estimate are named"
    answer = send(
        client, "/admin/calendar_day/new/", {"day": "2026-11-28", "kind": "working", "name": "店庆"}
    )
    assert answer.status_code == 302, Page(answer.text).alerts
    made = session.scalars(access.ungated(sa.select(m.CalendarDay))).one()
    assert made.store_id == cast.store.id
    access.set_actor(session, access.Actor(name="test", system="test", store_ids=None, store_id=1))
    from admin_app import directory

    directory.forget()
    assert workdays.is_working_day(saturday, cast.store.id) and not workdays.is_working_day(
        saturday, cast.other_store.id
    )
    again = send(client, "/admin/calendar_day/new/", {"day": "2026-11-28", "kind": "holiday", "name": "x"})
    assert again.status_code == 400 and any("已有这一天" in one for one in Page(again.text).alerts)
    assert json.loads(json.dumps(row(m.CalendarDay, made.id).kind)) == "working"


def test_the_calendar_is_refused_to_readers(session: Any, cast: Cast, sign_in: SignIn) -> None:
    for role in (*READERS, *OTHERS):
        answer = send(
            sign_in(getattr(cast, role)),
            "/admin/calendar_day/new/",
            {"day": "2026-11-28", "kind": "working", "name": "店庆"},
        )
        assert answer.status_code == 403
    assert session.scalar(sa.select(sa.func.count(m.CalendarDay.id))) == 0
