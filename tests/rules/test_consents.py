"""Consents: a row is added, the latest holds, the mark on the file and the open tasks follow; nobody changes one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from admin_app import access
from admin_app import models as m
from admin_app.choices import (
    AuditVerb,
    ConsentPurpose,
    ConsentSource,
    ConsentState,
    FollowUpState,
    Purpose,
    Trigger,
)
from admin_app.errors import Refused, RuleError
from admin_app.rules import consents, followups, merging, saving
from tests.cast import NOW
from tests.factories import make_campaign, make_customer, make_followup
from tests.rules.followup_support import tasks


@contextmanager
def acting(session: Any, person: Any) -> Iterator[None]:
    before = access.actor_of(session)
    access.set_actor(session, access.actor_for(session, person))
    try:
        yield
    finally:
        access.set_actor(session, before)


BY_PHONE = ConsentSource.PHONE


def say(session: Any, customer: Any, given: bool, purpose: ConsentPurpose = ConsentPurpose.MARKETING,
        **values: Any) -> m.Consent:
    return consents.record(session, customer, purpose, given, NOW, **({"source": BY_PHONE} | values))


def test_a_consent_carries_text_source_time_and_person(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    cast.store.consent_text = "2026-11"
    session.flush()
    with acting(session, cast.sales_consultant):
        row = say(session, customer, True)
    assert (row.state, row.text_version, row.source, row.at, row.by_id, row.store_id) == (
        ConsentState.GIVEN, "2026-11", BY_PHONE, NOW, cast.sales_consultant.id, customer.store_id)
    assert not customer.marketing_withdrawn
    by_lead = say(session, customer, True, source=ConsentSource.WEB, text_version="web-3")
    assert (by_lead.text_version, by_lead.by_id) == ("web-3", None)


def test_the_latest_row_of_a_purpose_holds(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    say(session, customer, False)
    assert customer.marketing_withdrawn
    say(session, customer, True)
    assert not customer.marketing_withdrawn
    say(session, customer, False, at=NOW - dt.timedelta(days=3))  # entered late: it was overridden already
    assert not customer.marketing_withdrawn
    say(session, customer, False, ConsentPurpose.SHARING)
    assert not customer.marketing_withdrawn
    say(session, customer, False, ConsentPurpose.FILE)
    assert customer.marketing_withdrawn
    assert {purpose: row.state for purpose, row in consents.standing(
        consents.history(session, customer.id)).items()} == {
        "file": ConsentState.WITHDRAWN, "marketing": ConsentState.GIVEN, "sharing": ConsentState.WITHDRAWN}
    assert len(consents.history(session, customer.id)) == 5


def test_withdrawing_voids_open_marketing_tasks_and_makes_no_new_ones(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant, birthday=NOW.date().replace(year=1980))
    care = make_followup(session, customer, assignee=cast.sales_consultant, purpose=Purpose.CARE)
    other = make_followup(session, customer, assignee=cast.sales_consultant, purpose=Purpose.SERVICE)
    say(session, customer, False)
    assert (care.state, other.state) == (FollowUpState.VOID, FollowUpState.OPEN)
    followups.make_dated(session, NOW.date(), NOW)
    assert not tasks(session, customer, "birthday")
    member = m.CampaignMember(store_id=1, customer_id=customer.id, campaign_id=make_campaign(session).id)
    session.add(member)
    session.flush()
    followups.on_event(session, Trigger.CAMPAIGN_INVITED, member, NOW)
    assert tasks(session, customer) == [other]
    assert followups.blocked(session, customer, Purpose.CARE, NOW) is not None
    assert followups.blocked(session, customer, Purpose.SERVICE, NOW) is None


@pytest.mark.parametrize(("values", "field"), [
    ({"purpose": "nothing"}, "purpose"), ({"source": "smoke"}, "source"), ({"text_version": " "}, "text_version"),
    ({"at": NOW + dt.timedelta(days=1)}, "at")])
def test_a_consent_that_says_too_little_is_refused(session: Any, cast: Any, values: dict[str, Any],
                                                    field: str) -> None:
    customer = make_customer(session)
    purpose = values.pop("purpose", ConsentPurpose.MARKETING)
    with pytest.raises(RuleError) as refused:
        consents.record(session, customer, purpose, True, NOW, **({"source": BY_PHONE} | values))
    assert refused.value.field == field


def test_nobody_changes_or_deletes_a_consent(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.sales_consultant)
    row = say(session, customer, False)
    row.state = ConsentState.GIVEN
    with pytest.raises(RuleError):
        saving.prepare(session, row, NOW)
    session.refresh(row)
    for name in ("general_manager", "care_manager", "sales_consultant"):
        for field, value in (("state", ConsentState.GIVEN), ("deleted_at", NOW)):
            with acting(session, getattr(cast, name)), pytest.raises(Refused), session.begin_nested():
                setattr(row, field, value)
                session.flush()
            session.refresh(row)
    with acting(session, cast.marketing), pytest.raises(Refused), session.begin_nested():
        say(session, customer, True)
    assert len(consents.history(session, customer.id)) == 1 and customer.marketing_withdrawn


def test_a_consent_and_its_mark_are_in_the_change_record(session: Any, cast: Any) -> None:
    customer = make_customer(session)
    version = customer.version
    row = say(session, customer, False)
    session.commit()
    entries = session.scalars(sa.select(m.AuditEntry).order_by(m.AuditEntry.id.desc()).limit(5)).all()
    assert {(one.verb, one.table) for one in entries} >= {(AuditVerb.CREATE, "consent"), (AuditVerb.BULK, "customer")}
    assert any(one.row_id == row.id for one in entries if one.table == "consent")
    assert customer.version == version  # an open form of the file stays fresh


def test_a_merge_takes_the_consents_along_and_back(session: Any, cast: Any) -> None:
    kept, merged = make_customer(session), make_customer(session)
    care = make_followup(session, kept, purpose=Purpose.CARE)
    say(session, kept, True, at=NOW - dt.timedelta(days=9))
    say(session, merged, False, at=NOW - dt.timedelta(days=1))
    with acting(session, cast.care_manager):
        done, _notices = merging.merge(session, kept, merged, {}, NOW)
    assert kept.marketing_withdrawn and len(consents.history(session, kept.id)) == 2
    assert care.state == FollowUpState.VOID
    with acting(session, cast.care_manager):
        merging.undo(session, done, NOW)
    assert not access.actor_of(session).include_deleted
    assert (kept.marketing_withdrawn, merged.marketing_withdrawn) == (False, True)
