"""The page of a campaign: its figures open their rows, its steps and the states of its members."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from admin_app.choices import CampaignState, CostKind, MemberState
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.models import Campaign, CampaignCost, CampaignMember
from admin_app.rules import saving
from tests.cast import Cast
from tests.conftest import row, token
from tests.factories import make_campaign, make_customer

C, M = CampaignState, MemberState
SignIn = Callable[[Any], FlaskClient]
HOME = "/admin/"


def at(campaign_id: int) -> str:
    return f"/admin/campaign/details/?id={campaign_id}"


def post(client: FlaskClient, path: str, **values: Any) -> Any:
    return client.post(f"/admin/campaign/{path}/", data={"csrf_token": token(client, HOME)} | values)


def filled(cast: Cast, **values: Any) -> Campaign:
    """A running campaign with a member in every state, a holdout and two costs."""
    campaign = make_campaign(db.session, owner=cast.marketing, **values)
    for state in M:
        add(cast, campaign, state, feedback={M.ATTENDED: 5, M.LEAD: 3}.get(state))
    add(cast, campaign, M.INVITED, holdout=True)
    for amount in (Decimal(600), Decimal(400)):
        db.session.add(CampaignCost(store_id=1, campaign_id=campaign.id, kind=CostKind.GIFTS, what="礼品",
                                    amount=amount))
    db.session.commit()
    return campaign


def add(cast: Cast, campaign: Campaign, state: MemberState, owner: Any = None, **values: Any) -> CampaignMember:
    customer = make_customer(db.session, owner=owner or cast.sales_consultant)
    member = CampaignMember(campaign_id=campaign.id, customer_id=customer.id, state=state, **values)
    saving.prepare(db.session, member, utcnow())
    db.session.add(member)
    db.session.commit()
    return member


def figures(page: str) -> dict[str, tuple[str, str]]:
    """label → (value, address) of the strip of figures."""
    found = re.findall(r'<(?:a|div) class="figure"(?: href="([^"]*)")?>\s*<span class="l">([^<]*)</span>'
                       r'<span class="n[^"]*">([^<]*)', page)
    return {label: (value.strip(), unescape(href)) for href, label, value in found}


@pytest.mark.parametrize("role", ["general_manager", "care_manager", "marketing", "sales_consultant", "auditor"])
def test_every_figure_equals_the_rows_it_opens(cast: Cast, sign_in: SignIn, role: str) -> None:
    campaign = filled(cast)
    add(cast, campaign, M.ATTENDED, owner=cast.other_team)
    client = sign_in(getattr(cast, role))
    page = client.get(at(campaign.id))
    assert page.status_code == 200
    counted = [(value, href) for value, href in figures(page.text).values() if href and value.isdigit()]
    assert len(counted) == 5
    for value, href in counted:
        assert client.get(href, headers={"Accept": "application/json"}).json["count"] == value
    own = role == "sales_consultant"
    assert counted[0][0] == ("7" if own else "8")
    assert counted[1][0] == ("3" if own else "4")


def test_return_only_when_margin_and_cost_are_entered(cast: Cast, sign_in: SignIn) -> None:
    without, with_both = filled(cast), filled(cast, margin=Decimal(1500))
    bare = make_campaign(db.session, margin=Decimal(1500))
    client = sign_in(cast.care_manager)
    shown = [list(figures(client.get(at(one.id)).text).values())[-1][0] for one in (without, with_both, bare)]
    assert shown[1] == "50%"
    assert shown[0] == shown[2]
    assert "%" not in shown[0]
    assert "0" not in shown[0]


@pytest.mark.parametrize("role", ["administrator"])
def test_a_role_without_campaigns(cast: Cast, sign_in: SignIn, role: str) -> None:
    campaign = make_campaign(db.session)
    assert sign_in(getattr(cast, role)).get(at(campaign.id)).status_code == 403


def test_another_stores_campaign_is_not_there(cast: Cast, sign_in: SignIn) -> None:
    campaign = make_campaign(db.session, store_id=cast.other_store.id)
    client = sign_in(cast.marketing)
    assert client.get(at(campaign.id)).status_code == 404
    assert post(client, "step", id=campaign.id, verb="end").status_code == 404
    assert row(Campaign, campaign.id).state == C.RUNNING


@pytest.mark.parametrize("key", ["", "0", "x", "9" * 30])
def test_no_such_campaign(cast: Cast, sign_in: SignIn, key: str) -> None:
    assert sign_in(cast.marketing).get("/admin/campaign/details/", query_string={"id": key}).status_code == 404


def test_from_draft_to_evaluated_over_the_page(cast: Cast, sign_in: SignIn) -> None:
    campaign = make_campaign(db.session, state=C.DRAFT, goal="试驾 20 组")
    manager, marketing = sign_in(cast.general_manager), sign_in(cast.marketing)
    for client, verb, state in ((manager, "approve", C.APPROVED), (marketing, "start", C.RUNNING),
                                (marketing, "end", C.ENDED)):
        assert f'name="verb" value="{verb}"' in client.get(at(campaign.id)).text
        answer = post(client, "step", id=campaign.id, verb=verb, version=row(Campaign, campaign.id).version)
        assert (answer.status_code, answer.location) == (302, at(campaign.id))
        assert row(Campaign, campaign.id).state == state
    assert post(marketing, "step", id=campaign.id, verb="evaluate", evaluation="到场 60%",
                margin="12,000").status_code == 302
    stored = row(Campaign, campaign.id)
    assert (stored.state, stored.margin, stored.evaluation) == (C.EVALUATED, Decimal(12000), "到场 60%")


@pytest.mark.parametrize(("role", "state", "verb"), [
    ("marketing", C.DRAFT, "approve"), ("care_manager", C.DRAFT, "approve"), ("sales_manager", C.APPROVED, "start"),
    ("sales_consultant", C.RUNNING, "end"), ("auditor", C.RUNNING, "end")])
def test_others_are_refused_with_the_reason(cast: Cast, sign_in: SignIn, role: str, state: CampaignState,
                                           verb: str) -> None:
    campaign = make_campaign(db.session, state=state, goal="试驾")
    client = sign_in(getattr(cast, role))
    assert 'class="refusal"' in client.get(at(campaign.id)).text
    assert post(client, "step", id=campaign.id, verb=verb).status_code == 403
    assert row(Campaign, campaign.id).state == state


def test_an_evaluation_keeps_what_was_typed(cast: Cast, sign_in: SignIn) -> None:
    campaign = make_campaign(db.session, state=C.ENDED)
    client = sign_in(cast.marketing)
    answer = post(client, "step", id=campaign.id, verb="evaluate", evaluation="来了很多人", margin="很多")
    assert answer.status_code == 400
    assert "来了很多人" in answer.text
    assert 'value="很多"' in answer.text
    assert row(Campaign, campaign.id).state == C.ENDED


def test_a_stale_page_is_told(cast: Cast, sign_in: SignIn) -> None:
    campaign = make_campaign(db.session, state=C.ENDED)
    client = sign_in(cast.marketing)
    answer = post(client, "step", id=campaign.id, verb="evaluate", evaluation="写了很久", version=campaign.version + 1)
    assert answer.status_code == 409
    assert "写了很久" in answer.text
    assert row(Campaign, campaign.id).state == C.ENDED


def test_a_second_press_and_an_unknown_step(cast: Cast, sign_in: SignIn) -> None:
    campaign = make_campaign(db.session, state=C.APPROVED)
    client = sign_in(cast.marketing)
    for _press in range(2):
        answer = post(client, "step", id=campaign.id, verb="start", version=campaign.version, once="the-same-key")
        assert answer.status_code == 302
    assert post(client, "step", id=campaign.id, verb="delete").status_code == 400
    assert client.post("/admin/campaign/step/", data={"id": campaign.id, "verb": "end"}).status_code == 400
    assert row(Campaign, campaign.id).state == C.RUNNING


def test_the_generated_form_does_not_move_the_state(cast: Cast, sign_in: SignIn) -> None:
    campaign = make_campaign(db.session, state=C.DRAFT, goal="试驾")
    path = f"/admin/campaign/edit/?id={campaign.id}"
    client = sign_in(cast.marketing)
    answer = client.post(path, data={"csrf_token": token(client, path), "state": "evaluated", "place": "展厅",
                                     "version": campaign.version})
    assert answer.status_code == 302
    stored = row(Campaign, campaign.id)
    assert (stored.state, stored.place) == (C.DRAFT, "展厅")


# ---------------------------------------------------------------- members


def test_a_member_is_put_into_a_state(cast: Cast, sign_in: SignIn) -> None:
    campaign = make_campaign(db.session)
    member = add(cast, campaign, M.INVITED)
    client = sign_in(cast.care_manager)
    assert post(client, "member", id=member.id, state="attended", version=member.version).status_code == 302
    stored = row(CampaignMember, member.id)
    assert (stored.state, stored.attended_at is not None) == (M.ATTENDED, True)
    assert post(client, "member", id=member.id, state="attended", feedback="4").status_code == 302
    assert row(CampaignMember, member.id).feedback == 4


@pytest.mark.parametrize(("values", "code"), [
    ({"state": "flown"}, 400), ({"state": "attended", "feedback": "9"}, 400),
    ({"state": "attended", "version": 99}, 409)])
def test_a_member_is_not_put_into_nonsense(cast: Cast, sign_in: SignIn, values: dict[str, Any], code: int) -> None:
    member = add(cast, make_campaign(db.session), M.INVITED)
    assert post(sign_in(cast.marketing), "member", id=member.id, **values).status_code == code
    stored = row(CampaignMember, member.id)
    assert (stored.state, stored.feedback) == (M.INVITED, None)


@pytest.mark.parametrize(("role", "code"), [("sales_consultant", 403), ("auditor", 403), ("outsider", 404)])
def test_readers_do_not_change_members(cast: Cast, sign_in: SignIn, role: str, code: int) -> None:
    member = add(cast, make_campaign(db.session), M.INVITED)
    assert post(sign_in(getattr(cast, role)), "member", id=member.id, state="attended").status_code == code
    assert row(CampaignMember, member.id).state == M.INVITED


def test_a_campaign_without_members_says_so(cast: Cast, sign_in: SignIn) -> None:
    campaign = make_campaign(db.session, state=C.DRAFT)
    assert 'class="empty"' in sign_in(cast.marketing).get(at(campaign.id)).text
    assert db.session.scalar(sa.select(sa.func.count(CampaignMember.id))) == 0


def test_the_list_of_members_says_who_must_not_be_contacted(cast: Cast, sign_in: SignIn) -> None:
    campaign = make_campaign(db.session)
    asked, left = add(cast, campaign, M.INVITED), add(cast, campaign, M.INVITED, holdout=True)
    quiet, came = add(cast, campaign, M.INVITED), add(cast, campaign, M.ATTENDED)
    for one in (quiet, came, left):
        one.customer.do_not_disturb = True
    db.session.commit()
    page = sign_in(cast.marketing).get("/admin/campaign_member/").text
    rows = {int(key): text for key, text in re.findall(r"<tr>.*?details/\?id=(\d+)(.*?)</tr>", page, re.S)}
    blocked = {key for key, text in rows.items() if "不接受营销联系" in text}
    assert rows.keys() == {asked.id, left.id, quiet.id, came.id} and blocked == {quiet.id}
    assert "对照组" in rows[left.id] and "邀请" in rows[quiet.id]
