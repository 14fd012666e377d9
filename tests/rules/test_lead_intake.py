"""A lead from another system: whose turn it is, a new file, a customer who asks again, and what is refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from admin_app import choices as ch
from admin_app import models as m
from admin_app.errors import RuleError
from admin_app.rules.leads import intake, owners, tokens
from admin_app.rules.leads.owners import Load
from tests import factories as f
from tests.cast import NOW, TODAY, Cast
from tests.rules.followup_support import tasks, the

SECRET = "s" * 32
BODY = {"name": "张伟", "phone": "138 0013 8000", "source": "web", "model": "岚风 S7", "note": "想周六试驾",
        "consent": True}


@pytest.mark.parametrize(("loads", "person"), [
    ([], None), ([Load(1, 3, 0), Load(2, 1, 9)], 2), ([Load(1, 2, 7), Load(2, 2, 4)], 2),
    ([Load(2, 0, 0), Load(1, 0, 0)], 1)])
def test_whose_turn_it_is(loads: list[Load], person: int | None) -> None:
    assert owners.pick(loads) == person


def token_of(session: Any, store_id: int = 1) -> m.LeadToken:
    return f._add(session, m.LeadToken(name="官网", store_id=store_id, per_minute=60))


def take(session: Any, token: m.LeadToken, key: str = "k", now: dt.datetime = NOW, **body: Any) -> int:
    lead = intake.read(BODY | body)
    number = intake.take(session, token, lead, intake.key_of(SECRET, key, lead, now),
                         intake.fingerprint(SECRET, lead), now)
    session.flush()
    return number


def everybody(session: Any) -> list[m.Customer]:
    return list(session.scalars(sa.select(m.Customer).order_by(m.Customer.id)))


def test_a_new_number_makes_a_file_with_owner_and_first_contact(session: Any, cast: Cast) -> None:
    take(session, token_of(session))
    customer = the(everybody(session))
    assert (customer.name, customer.phone, customer.source, customer.model_wish, customer.note) == (
        "张伟", "+8613800138000", ch.Source.WEB, "岚风 S7", "想周六试驾")
    assert (customer.store_id, customer.stage, customer.source_detail) == (1, ch.Stage.LEAD, "官网")
    session.refresh(customer)
    assert not customer.marketing_withdrawn
    consent = the(list(session.scalars(sa.select(m.Consent))))
    assert (consent.state, consent.source, consent.at, consent.text_version) == (
        ch.ConsentState.GIVEN, ch.ConsentSource.WEB, NOW, cast.store.consent_text)
    told = the(list(session.scalars(sa.select(m.Notification))))
    assert (told.user_id, told.text) == (customer.owner_id, "有新线索：张伟")
    task = the(tasks(session, customer))
    assert task.assignee_id == customer.owner_id
    assert task.due_at == NOW + dt.timedelta(minutes=30)


def test_leads_go_round(session: Any, cast: Cast) -> None:
    token = token_of(session)
    f.make_followup(session, f.make_customer(session, owner=cast.colleague), assignee=cast.colleague)
    for number in range(5):
        take(session, token, str(number), phone=f"1390013900{number}")
    given = [one.owner_id for one in everybody(session) if one.source_detail]
    people = {cast.sales_consultant.id, cast.colleague.id, cast.other_team.id}
    assert set(given) == people
    assert given[0] != cast.colleague.id  # who owes one already comes later
    assert given.count(cast.colleague.id) == 1
    assert cast.outsider.id not in given


def test_without_an_active_consultant_it_stands_in_the_pool(session: Any, cast: Cast) -> None:
    for person in (cast.sales_consultant, cast.colleague, cast.other_team):
        person.active = False
    session.flush()
    take(session, token_of(session))
    customer = the(everybody(session))
    assert customer.owner_id is None
    assert the(tasks(session, customer)).assignee_id == cast.sales_manager.id


@pytest.mark.parametrize("consent", [False, None])
def test_without_consent_no_marketing(session: Any, cast: Cast, consent: bool | None) -> None:
    take(session, token_of(session), consent=consent)
    customer = the(everybody(session))
    session.refresh(customer)
    assert customer.marketing_withdrawn
    assert the(list(session.scalars(sa.select(m.Consent)))).state == ch.ConsentState.WITHDRAWN


def test_who_is_on_file_asks_again(session: Any, cast: Cast) -> None:
    customer = f.make_customer(session, owner=cast.colleague, phone="+8613800138000", stage=ch.Stage.OWNER,
                               source=ch.Source.WALK_IN, note="老客户", name="张先生")
    take(session, token_of(session), consent=None)
    assert everybody(session) == [customer]
    assert (customer.name, customer.note, customer.stage) == ("张先生", "老客户", ch.Stage.OWNER)
    assert not customer.marketing_withdrawn  # saying nothing withdraws nothing
    assert session.scalars(sa.select(m.Consent)).all() == []
    inquiry = the(list(session.scalars(sa.select(m.Inquiry))))
    assert (inquiry.customer_id, inquiry.owner_id) == (customer.id, cast.colleague.id)
    assert inquiry.question == "想周六试驾\n意向车型：岚风 S7"
    task = the(tasks(session, customer))
    assert (task.occurrence.partition(":")[0], task.assignee_id) == ("lead_first_web", cast.colleague.id)


def test_a_lost_customer_is_a_lead_again_and_leaves_the_pool(session: Any, cast: Cast) -> None:
    customer = f.make_customer(session, phone="+8613800138000", stage=ch.Stage.LOST, grade=ch.Grade.F)
    take(session, token_of(session))
    assert (customer.stage, customer.grade) == (ch.Stage.LEAD, ch.Grade.N)
    assert customer.owner_id is not None


def test_a_first_contact_is_owed_once(session: Any, cast: Cast) -> None:
    token = token_of(session)
    take(session, token, "1")
    take(session, token, "2", note="再问一次")
    customer = the(everybody(session))
    codes = sorted(one.occurrence.partition(":")[0] for one in tasks(session, customer))
    assert codes == ["inquiry_answer", "lead_first_web"]


def test_the_number_in_another_store_is_another_customer(session: Any, cast: Cast) -> None:
    f.make_customer(session, owner=cast.outsider, phone="+8613800138000")
    take(session, token_of(session))
    assert sorted(one.store_id for one in everybody(session)) == [1, 2]


def test_a_key_is_known_again(session: Any, cast: Cast) -> None:
    token, lead, other = token_of(session), intake.read(BODY), intake.read(BODY | {"note": "别的"})
    number, key = take(session, token), intake.key_of(SECRET, "k", lead, NOW)
    assert intake.known(session, token, key, intake.fingerprint(SECRET, lead)) == number
    assert intake.known(session, token, "x" * 64, intake.fingerprint(SECRET, lead)) is None
    assert intake.known(session, token_of(session), key, intake.fingerprint(SECRET, lead)) is None  # of another token
    with pytest.raises(intake.KeyTaken):
        intake.known(session, token, key, intake.fingerprint(SECRET, other))


def test_without_a_key_the_day_and_what_is_said_are_one() -> None:
    lead, other = intake.read(BODY), intake.read(BODY | {"note": "别的"})
    first = intake.key_of(SECRET, None, lead, NOW)
    assert intake.key_of(SECRET, None, lead, NOW + dt.timedelta(hours=2)) == first
    assert intake.key_of(SECRET, None, lead, NOW + dt.timedelta(days=1)) != first
    assert intake.key_of(SECRET, None, other, NOW) != first


@pytest.mark.parametrize(("body", "field"), [
    ([], None), ("x", None), ({}, "name"), ({"name": "张"}, "phone"), (BODY | {"name": " "}, "name"),
    (BODY | {"name": 7}, "name"), (BODY | {"name": "长" * 81}, "name"), (BODY | {"phone": "12"}, "phone"),
    (BODY | {"phone": {"a": 1}}, "phone"), (BODY | {"source": "moon"}, "source"),
    (BODY | {"consent": "yes"}, "consent"),
    (BODY | {"note": "\x00"}, "note"), (BODY | {"note": "\ud800"}, "note"), (BODY | {"model": "长" * 81}, "model"),
    (BODY | {"note": "长" * 5001}, "note")])
def test_what_is_refused_and_where(body: Any, field: str | None) -> None:
    with pytest.raises(RuleError) as refused:
        intake.read(body)
    assert refused.value.field == field


def test_a_token_opens_until_it_is_made_anew_or_shut(session: Any, cast: Cast) -> None:
    token = token_of(session)
    assert tokens.find(session, "") is None
    first = tokens.issue(token, NOW)
    session.flush()
    assert tokens.find(session, first) is token
    second = tokens.issue(token, NOW)
    session.flush()
    assert tokens.find(session, first) is None
    assert tokens.find(session, second) is token
    assert second not in str(token.token_hash)
    token.active = False
    session.flush()
    assert tokens.find(session, second) is None


def test_requests_are_counted_by_the_minute(session: Any, cast: Cast) -> None:
    token = token_of(session)
    assert [tokens.count(session, token.id, NOW)[0] for _time in range(3)] == [1, 2, 3]
    assert tokens.count(session, token.id, NOW + dt.timedelta(seconds=40)) == (4, 20)
    assert tokens.count(session, token.id, NOW + dt.timedelta(seconds=60))[0] == 1


# ---------------------------------------------------------------- valid or not


def screened(session: Any, customer: m.Customer, reason: str | None) -> None:
    from tests.rules.followup_support import save

    customer.screening, customer.screening_reason = ch.Screening.INVALID, reason
    save(session, customer)


def test_an_invalid_lead_needs_a_reason_and_owes_nothing(session: Any, cast: Cast) -> None:
    customer = f.make_customer(session, owner=cast.sales_consultant, stage=ch.Stage.LEAD)
    sales = f.make_followup(session, customer, assignee=cast.sales_consultant, purpose=ch.Purpose.SALES)
    promised = f.make_followup(session, customer, assignee=cast.sales_consultant, purpose=ch.Purpose.PROMISE)
    with pytest.raises(RuleError) as refused:
        screened(session, customer, " ")
    assert refused.value.field == "screening_reason"
    screened(session, customer, "空号")
    assert (sales.state, promised.state) == (ch.FollowUpState.VOID, ch.FollowUpState.OPEN)
    assert customer.next_contact_on == TODAY  # of the promise


def test_an_owner_is_no_invalid_lead(session: Any, cast: Cast) -> None:
    customer = f.make_customer(session, owner=cast.sales_consultant, stage=ch.Stage.OWNER)
    with pytest.raises(RuleError) as refused:
        screened(session, customer, "空号")
    assert refused.value.field == "screening"
