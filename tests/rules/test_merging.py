"""Two files become one and are parted again: nothing is lost, nothing is doubled, undoing is the inverse."""

from __future__ import annotations

import datetime as dt
import json
import threading
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm.exc import StaleDataError

from admin_app import access, audit
from admin_app import choices as ch
from admin_app import models as m
from admin_app.database import db
from admin_app.errors import Refused, RuleError, StaleRow
from admin_app.rules import merging, saving, timeline
from admin_app.rules.followups import tasks
from admin_app.rules.merging import dependants
from tests import factories as f
from tests.cast import NOW, TODAY
from tests.conftest import act_as, row
from tests.rules.followup_support import rule, save

pytestmark = pytest.mark.usefixtures("store_app")
LATER = NOW + dt.timedelta(hours=1)
MACHINE = {"version", "updated_at"}


def dump(session: Any) -> dict[str, dict[int, dict[str, Any]]]:
    """Every row of every table that people fill, without what the machine moves by itself."""
    session.flush()
    found = {}
    for model in m.MODELS:
        table = model.__table__
        if "version" not in table.c or table.name == "customer_merge":
            continue
        rows = session.connection().execute(sa.select(table)).mappings()
        found[table.name] = {r["id"]: {k: audit.plain(v) for k, v in r.items() if k not in MACHINE} for r in rows}
    return found


def counted(session: Any) -> dict[str, int]:
    return {name: len(rows) for name, rows in dump(session).items()}


def fresh(session: Any, *customers: Any) -> None:
    tasks.refresh_customers(session, [one.id for one in customers])


def two(session: Any, cast: Any, **values: Any) -> tuple[m.Customer, m.Customer]:
    """Two files of one man: the first kept by the consultant, the second by his colleague."""
    first = f.make_customer(session, owner=cast.sales_consultant, name="王建国", phone="+8613812340001",
                            note="喜欢黑色", tags=["置换"], pinyin="wangjianguo wjg")
    second = f.make_customer(session, owner=cast.colleague, name="王建国", phone="+8613812340002", note="要倒车影像",
                             tags=["置换", "老客户"], wechat="wjg", birthday=dt.date(1980, 5, 6),
                             pinyin="wangjianguo wjg", **values)
    for customer in (first, second):  # the figures that saving keeps
        saving.prepare(session, customer, NOW)
    fresh(session, first, second)
    return first, second


def everything(session: Any, cast: Any, customer: m.Customer) -> None:
    """A record in every table that names a customer."""
    about = {"store_id": 1, "customer_id": customer.id}
    car = f.make_vehicle(session, customer)
    order = f.make_order(session, customer, advisor=cast.service_advisor, vehicle=car)
    campaign = f.make_campaign(session)
    visit = f.make_visit(session, customer, staff=cast.colleague)
    f.make_followup(session, customer, assignee=cast.colleague)
    f.make_inquiry(session, customer)
    f.make_complaint(session, customer, owner=cast.service_manager)
    other = f.make_customer(session, owner=cast.colleague, referrer_id=customer.id)
    low, high = sorted((customer.id, other.id))
    for one in (m.Contact(name="秘书", **about), m.Promise(what="补发票", due_on=TODAY, **about),
                m.Gift(name="伞", given_on=TODAY, **about),
                f.make_consent(customer), m.Photo(visit_id=visit.id, at=LATER, width=800, height=600, **about),
                m.VehicleOwner(vehicle_id=car.id, since=TODAY, **about),
                m.CampaignMember(campaign_id=campaign.id, **about),
                m.CustomerReader(user_id=cast.care_specialist.id, reason="看护", **about),
                m.DistinctPair(store_id=1, first_id=low, second_id=high, reason="父子")):
        f._add(session, one)
    assert order.customer_id == customer.id


def test_every_table_that_names_a_customer_is_moved_and_nothing_is_lost(session: Any, cast: Any) -> None:
    first, second = two(session, cast)
    everything(session, cast, second)
    fresh(session, first, second)
    named = {(model.__tablename__, name) for model, names in dependants.links() for name in names}
    assert {("customer", "referrer_id"), ("customer_reader", "customer_id"), ("distinct_pair", "second_id")} <= named
    before, whole = dependants.counts(session, second.id), counted(session)
    assert set(before) == {table for table, _name in named}
    merge, _said = merging.merge(session, first, second, {}, LATER)
    after = counted(session)
    assert dependants.counts(session, first.id) == before and dependants.counts(session, second.id) == {}
    assert after == whole
    assert merge.moved_rows == sum(before.values()) and row(m.Customer, second.id).deleted_at is not None


def test_every_unique_rule_with_a_customer_in_it_has_its_settlement() -> None:
    found = set()
    for model, names in dependants.links():
        table = model.__table__
        unique = [one.columns for one in table.constraints if isinstance(one, sa.UniqueConstraint)]
        unique += [one.columns for one in table.indexes if one.unique]
        found |= {table.name for columns in unique if {column.key for column in columns} & set(names)}
    assert found == set(dependants.SETTLED) - {"followup"}


def test_values_are_taken_as_proposed_or_as_chosen(session: Any, cast: Any) -> None:
    first, second = two(session, cast, stage=ch.Stage.OWNER, grade=ch.Grade.D, registered_on=dt.date(2020, 1, 1))
    merging.merge(session, first, second, {"owner_id": "merged"}, LATER)
    kept = row(m.Customer, first.id)
    assert kept.note == "喜欢黑色\n要倒车影像" and kept.tags == ["置换", "老客户"]
    assert (kept.phone, kept.phone2) == ("+8613812340001", "+8613812340002")
    assert (kept.wechat, kept.birthday, kept.owner_id) == ("wjg", dt.date(1980, 5, 6), cast.colleague.id)
    assert (kept.stage, kept.grade, kept.registered_on) == (ch.Stage.OWNER, ch.Grade.D, dt.date(2020, 1, 1))


def test_numbers_are_chosen_without_being_told_and_those_without_room_stay(session: Any, cast: Any) -> None:
    first, second = two(session, cast, phone2="+8613812340003")
    first.phone2 = "+8613812340004"
    asked = {one.name: one.sides for one in merging.options(session, first, second) if one.asked}
    assert asked["phone"] == ("kept", "merged") and asked["phone2"] == ("kept", "merged", "other")
    _merge, said = merging.merge(session, first, second, {"phone": "merged", "phone2": "other"}, LATER)
    kept = row(m.Customer, first.id)
    assert (kept.phone, kept.phone2) == ("+8613812340002", "+8613812340001")
    assert [name for name, _sentence in said] == ["phone2"]


def test_the_stricter_confidentiality_and_the_wish_for_quiet_stand(session: Any, cast: Any) -> None:
    first, second = two(session, cast, confidentiality=ch.Confidentiality.RESTRICTED, confidential_reason="名人",
                        do_not_disturb=True)
    merging.merge(session, first, second, {}, LATER)
    kept = row(m.Customer, first.id)
    assert (kept.confidentiality, kept.confidential_reason, kept.do_not_disturb) == ("restricted", "名人", True)


def test_a_number_kept_apart_from_the_twin_is_one_again(session: Any, cast: Any) -> None:
    first, second = two(session, cast)
    second.phone, second.kept_apart = first.phone, True
    session.flush()
    merge, _said = merging.merge(session, second, first, {}, LATER)
    assert not row(m.Customer, second.id).kept_apart
    merging.undo(session, merge, LATER)
    assert row(m.Customer, second.id).kept_apart and row(m.Customer, first.id).deleted_at is None


def test_a_number_shared_with_a_third_stays_kept_apart(session: Any, cast: Any) -> None:
    first, second = two(session, cast)
    father = f.make_customer(session, owner=cast.colleague, name="王大年", phone="+8613812340009")
    second.phone, second.kept_apart = father.phone, True
    session.flush()
    merging.merge(session, first, second, {"phone": "merged"}, LATER)
    kept = row(m.Customer, first.id)
    assert (kept.phone, kept.kept_apart) == (father.phone, True)


def test_a_campaign_has_the_customer_once_and_loses_neither_row(session: Any, cast: Any) -> None:
    first, second = two(session, cast)
    campaign = f.make_campaign(session)
    mine = f._add(session, m.CampaignMember(store_id=1, campaign_id=campaign.id, customer_id=first.id,
                                            state=ch.MemberState.CONFIRMED, confirmed_at=NOW, note="两人来"))
    theirs = f._add(session, m.CampaignMember(store_id=1, campaign_id=campaign.id, customer_id=second.id,
                                              state=ch.MemberState.ATTENDED, attended_at=NOW, note="带孩子"))
    before = dump(session)
    merge, _said = merging.merge(session, first, second, {}, LATER)
    stays, goes = row(m.CampaignMember, theirs.id), row(m.CampaignMember, mine.id)
    assert stays.customer_id == goes.customer_id == first.id and stays.deleted_at is None
    assert goes.deleted_at == LATER and stays.confirmed_at == NOW and stays.note == "带孩子；两人来"
    merging.undo(session, merge, LATER)
    assert dump(session) == before


def test_readers_and_verdicts_that_stand_already_are_settled(session: Any, cast: Any) -> None:
    first, second = two(session, cast)
    third = f.make_customer(session, owner=cast.colleague)
    for customer, until in ((first, TODAY), (second, None)):
        f._add(session, m.CustomerReader(store_id=1, customer_id=customer.id, user_id=cast.care_specialist.id,
                                         reason=f"因{until}", until=until))
        f._add(session, m.DistinctPair(store_id=1, first_id=customer.id, second_id=third.id, reason="父子"))
    f._add(session, m.DistinctPair(store_id=1, first_id=first.id, second_id=second.id, reason="弄错了"))
    before, whole = dump(session), counted(session)
    merge, _said = merging.merge(session, first, second, {}, LATER)
    assert counted(session) == whole
    reader = session.scalars(sa.select(m.CustomerReader).where(m.CustomerReader.customer_id == first.id)).one()
    assert reader.until is None and "因None" in reader.reason
    merging.undo(session, merge, LATER)
    assert dump(session) == before


def test_followups_are_not_doubled_and_rules_make_none_again(session: Any, cast: Any) -> None:
    first, second = two(session, cast)
    birthday, grade = rule(session, "birthday"), rule(session, "grade_a")
    for customer, due in ((first, 2), (second, 1)):
        f.make_followup(session, customer, assignee=cast.colleague, due=TODAY + dt.timedelta(days=due),
                        rule_id=grade.id)
    moved = f.make_followup(session, second, assignee=cast.colleague, rule_id=birthday.id, source_table="customer",
                            source_id=second.id, occurrence=f"birthday:customer:{second.id}:2026-11-23")
    fresh(session, first, second)
    before = dump(session)
    merge, _said = merging.merge(session, first, second, {}, LATER)
    found = session.scalars(sa.select(m.FollowUp).where(m.FollowUp.customer_id == first.id)).all()
    left = [one for one in found if one.state == ch.FollowUpState.OPEN]
    assert len(found) == 3 and len(left) == 2
    assert {one.due_on for one in left} == {TODAY, TODAY + dt.timedelta(days=1)}
    assert all(one.assignee_id == cast.sales_consultant.id for one in left)  # who keeps the file
    assert row(m.FollowUp, moved.id).occurrence == f"birthday:customer:{first.id}:2026-11-23"
    assert row(m.Customer, first.id).next_contact_on == TODAY
    merging.undo(session, merge, LATER)
    assert dump(session) == before


def test_the_timeline_shows_all(session: Any, cast: Any) -> None:
    first, second = two(session, cast)
    everything(session, cast, second)
    session.commit()
    both = {kind: timeline.counts(session, first.id)[kind] + number
            for kind, number in timeline.counts(session, second.id).items()}
    merging.merge(session, first, second, {}, LATER)
    session.commit()
    after = timeline.counts(session, first.id)
    assert {kind: number for kind, number in after.items() if kind != "change"} == {
        kind: number for kind, number in both.items() if kind != "change"}
    assert after["change"] > both["change"]


def test_what_came_after_stays_with_the_file_that_stayed(session: Any, cast: Any) -> None:
    first, second = two(session, cast)
    task = f.make_followup(session, second, assignee=cast.colleague)
    sold = f.make_vehicle(session, second)
    merge, _said = merging.merge(session, first, second, {}, LATER)
    new = f.make_visit(session, first, staff=cast.colleague)
    tasks.close(session, task, ch.FollowUpState.DONE, LATER + dt.timedelta(hours=1), visit_id=new.id)
    sold.customer_id = f.make_customer(session, owner=cast.colleague).id
    first.district = "南山区"
    session.flush()
    merging.undo(session, merge, LATER + dt.timedelta(hours=2))
    assert row(m.Visit, new.id).customer_id == first.id == row(m.FollowUp, task.id).customer_id
    assert row(m.Vehicle, sold.id).customer_id not in (first.id, second.id)
    assert row(m.Customer, first.id).district == "南山区"


def test_a_conflict_keeps_the_merge_and_says_why(session: Any, cast: Any) -> None:
    first, second = two(session, cast)
    merge, _said = merging.merge(session, first, second, {}, LATER)
    first.wechat = "other"
    session.flush()
    session.commit()
    with pytest.raises(RuleError, match="WeChat|微信"):
        merging.undo(session, merge, LATER)
    session.rollback()
    assert row(m.Customer, second.id).deleted_at is not None and row(m.CustomerMerge, merge.id).undone_at is None
    third = f.make_customer(session, owner=cast.colleague, phone="+8613812349999")
    first.wechat, first.phone2 = "wjg", None
    third.phone = second.phone
    session.flush()
    with pytest.raises(RuleError):
        merging.undo(session, merge, LATER)


def test_a_chain_of_merges_is_undone_from_its_end(session: Any, cast: Any) -> None:
    first, second = two(session, cast)
    third = f.make_customer(session, owner=cast.colleague, name="王建国")
    saving.prepare(session, third, NOW)
    before = dump(session)
    one, _said = merging.merge(session, first, second, {}, LATER)
    other, _said = merging.merge(session, third, first, {}, LATER)
    assert merging.went_into(session, second.id) == third.id == merging.went_into(session, first.id)
    assert set(merging.merged_ids(session, third.id)) == {first.id, second.id}
    with pytest.raises(RuleError, match=r"first|先"):
        merging.undo(session, one, LATER)
    merging.undo(session, other, LATER)
    merging.undo(session, one, LATER)
    assert merging.went_into(session, second.id) is None
    with pytest.raises(RuleError):
        merging.undo(session, one, LATER)
    assert dump(session) == before


def test_a_merged_away_file_comes_back_by_undoing_only(session: Any, cast: Any) -> None:
    first, second = two(session, cast)
    merge, _said = merging.merge(session, first, second, {}, LATER)
    with access.as_system(session, "test", include_deleted=True), session.no_autoflush:
        second.deleted_at = None
        with pytest.raises(RuleError, match="王建国"):
            saving.prepare(session, second, LATER)
        session.refresh(second)
    merging.undo(session, merge, LATER)
    assert row(m.Customer, second.id).deleted_at is None


def test_rights_versions_and_stores(session: Any, cast: Any) -> None:
    first, second = two(session, cast)
    far = f.make_customer(session, owner=cast.outsider)
    session.commit()
    for person in (cast.care_specialist, cast.general_manager, cast.sales_manager, cast.sales_consultant):
        act_as(person)
        with pytest.raises(Refused):
            merging.merge(session, first, second, {}, LATER)
        session.rollback()
    act_as(cast.care_manager)
    with pytest.raises(StaleRow):
        merging.merge(session, first, second, {}, LATER, versions=(first.version, second.version + 1))
    session.rollback()
    with pytest.raises(RuleError):
        merging.merge(session, first, first, {}, LATER)
    with pytest.raises(Refused):
        merging.merge(session, first, far, {}, LATER)
    session.rollback()
    assert row(m.Customer, second.id).deleted_at is None
    seen = (first.version, second.version)
    merge, _said = merging.merge(session, first, second, {}, LATER, versions=seen, why="同一人")
    session.commit()
    assert row(m.CustomerMerge, merge.id).created_by_id == cast.care_manager.id
    merging.undo(session, merge, LATER)
    session.commit()
    assert row(m.Customer, second.id).deleted_at is None


def test_everything_stands_in_the_change_record_and_no_number_does(session: Any, cast: Any) -> None:
    first, second = two(session, cast)
    everything(session, cast, second)
    session.commit()
    seq = session.scalar(sa.select(sa.func.max(m.AuditEntry.seq)))
    merging.merge(session, first, second, {"phone": "merged"}, LATER)
    session.commit()
    entries = session.scalars(sa.select(m.AuditEntry).where(m.AuditEntry.seq > seq)).all()
    told = {(one.table, one.verb) for one in entries}
    assert {("customer", "merge"), ("customer", "delete"), ("visit", "bulk"), ("customer_merge", "create")} <= told
    assert "13812340002" not in json.dumps([one.changes for one in entries])
    assert audit.verify(session.connection()) == []


MOVES = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(("visit", "car", "task", "member", "promise"))),
                 max_size=8)
SIDES = st.dictionaries(st.sampled_from(("phone", "phone2", "note", "tags", "stage", "grade", "owner_id", "name")),
                        st.sampled_from(("kept", "merged", "both", "other", "x")))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES, chosen=SIDES, turned=st.booleans())
def test_undoing_is_the_inverse_and_dependants_are_conserved(
        session: Any, cast: Any, moves: list[tuple[str, str]], chosen: dict[str, str], turned: bool) -> None:
    savepoint = session.begin_nested()
    pair = two(session, cast)
    campaign = f.make_campaign(session)
    for whose, what in moves:
        customer = pair["ab".index(whose)]
        if what == "visit":
            f.make_visit(session, customer, staff=cast.colleague)
        elif what == "car":
            save(session, m.Vehicle(store_id=1, customer_id=customer.id, model="L6"))
        elif what == "task":
            f.make_followup(session, customer, assignee=cast.colleague, rule_id=rule(session, "grade_a").id)
        elif what == "promise":
            f._add(session, m.Promise(store_id=1, customer_id=customer.id, what="x", due_on=TODAY))
        elif not session.scalars(sa.select(m.CampaignMember).where(
                m.CampaignMember.customer_id == customer.id, m.CampaignMember.campaign_id == campaign.id)).first():
            f._add(session, m.CampaignMember(store_id=1, campaign_id=campaign.id, customer_id=customer.id))
    fresh(session, *pair)
    kept, merged = reversed(pair) if turned else pair
    before, whole = dump(session), counted(session)
    merge, _said = merging.merge(session, kept, merged, chosen, LATER)
    assert counted(session) == whole
    assert all(number == dependants.counts(session, kept.id).get(table, 0) or table == "campaign_member"
               for table, number in dependants.counts(session, kept.id).items())
    assert dependants.counts(session, merged.id) == {}
    merging.undo(session, merge, LATER)
    assert dump(session) == before
    savepoint.rollback()
    session.expire_all()


def test_the_database_is_used_as_one_transaction(session: Any, cast: Any) -> None:
    first, second = two(session, cast)
    everything(session, cast, second)
    session.commit()
    before = dump(session)
    merging.merge(session, first, second, {}, LATER)
    db.session.rollback()
    assert dump(session) == before


def test_two_people_merge_the_same_files_at_once_and_one_wins(store_app: Any, session: Any, cast: Any) -> None:
    first, second = two(session, cast)
    everything(session, cast, second)
    session.commit()
    keys, seen = (first.id, second.id), (first.version, second.version)
    whole = counted(session)
    session.rollback()
    outcomes: list[str] = []
    gate = threading.Barrier(2)

    def work(turned: bool) -> None:
        with store_app.app_context():
            access.set_actor(db.session, access.Actor(name="test", system="test", store_ids=None, store_id=1))
            try:
                gate.wait(10)
                pair = [db.session.get(m.Customer, key) for key in keys]
                if None in pair:  # SQLite lets the second one begin when the first has ended
                    raise StaleRow("gone")
                pair, versions = (pair[::-1], seen[::-1]) if turned else (pair, seen)
                merging.merge(db.session, *pair, {}, LATER, versions=versions)
                db.session.commit()
                outcomes.append("merged")
            except (StaleRow, StaleDataError):
                outcomes.append("stale")
            finally:
                db.session.rollback()
                db.session.remove()

    threads = [threading.Thread(target=work, args=(turned,)) for turned in (False, True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(outcomes) == ["merged", "stale"]
    assert counted(session) == whole
    assert len(session.scalars(sa.select(m.CustomerMerge)).all()) == 1
