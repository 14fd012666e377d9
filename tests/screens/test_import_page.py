"""The import in a browser: who may, what it shows before anything is written, the report, the file of errors, undo."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from admin_app import choices as ch
from admin_app import models as m
from tests.conftest import row
from tests.data_layer.importing.support import DATA, LEDGERS, TRUTH
from tests.factories import make_campaign, make_customer, make_visit
from tests.ledger_files import csv_file
from tests.screens import import_support as s
from tests.screens.desk_support import Page, page

SignIn = Callable[[Any], FlaskClient]


def count(session: Any, model: Any) -> int:
    session.expire_all()
    return session.scalar(sa.select(sa.func.count(model.id)))


# ---------------------------------------------------------------- who may


@pytest.mark.parametrize("role", ["general_manager", "sales_manager", "service_manager", "care_manager",
                                  "care_specialist"])
def test_who_may_import_sees_the_upload(sign_in: SignIn, role: str) -> None:
    assert 'type="file"' in page(sign_in(role), s.ROOT).html


@pytest.mark.parametrize(("role", "status"), [
    ("sales_consultant", 403), ("service_advisor", 403), ("marketing", 403), ("auditor", 200), ("administrator", 200)])
def test_who_may_not_import_is_refused_and_nothing_is_kept(sign_in: SignIn, session: Any, role: str,
                                                           status: int) -> None:
    client = sign_in(role)
    assert client.get(s.ROOT).status_code == status
    assert s.upload(client).status_code == 403
    assert count(session, m.ImportJob) == count(session, m.Customer) == 0


def test_a_service_manager_imports_no_ledger_of_complaints_of_others_and_marketing_only_members(
        sign_in: SignIn) -> None:
    assert 'value="repair-orders"' in page(sign_in("service_manager"), s.ROOT).html
    assert 'value="repair-orders"' not in page(sign_in("sales_manager"), s.ROOT).html
    assert s.upload(sign_in("sales_manager"), "repair-orders").status_code == 403


def test_an_import_is_taken_further_by_whoever_uploaded_it_only(sign_in: SignIn, session: Any) -> None:
    mine = s.upload(sign_in("care_specialist")).location
    other, boss = sign_in("care_colleague"), sign_in("care_manager")
    assert other.get(mine).status_code == other.get(mine + "state/").status_code == 404
    assert boss.get(mine).status_code == 200
    for client, status in ((other, 404), (boss, 403), (sign_in("auditor"), 403)):
        for verb in ("columns", "run"):
            answer = client.post(f"{mine}{verb}/", data={"csrf_token": s.token(client), "action": "check"})
            assert answer.status_code == status, verb
    assert session.scalars(sa.select(m.ImportJob)).one().state == ch.ImportState.DRAFT
    assert count(session, m.Customer) == 0


# ---------------------------------------------------------------- upload


@pytest.mark.parametrize(("file", "sentence"), [
    ((io.BytesIO(b""), "leer.csv"), "空"), ((io.BytesIO(b"%PDF-1.7 x"), "a.pdf"), "PDF"),
    ((io.BytesIO(b"PK\x03\x04 broken"), "a.xlsx"), "损坏"), ((io.BytesIO(b"name;x\n1;2"), "a.xlsx"), ".xlsx")])
def test_a_file_that_is_no_ledger_is_refused_at_the_field(sign_in: SignIn, session: Any, file: Any,
                                                          sentence: str) -> None:
    answer = s.upload(sign_in("care_manager"), "visits", file)
    assert answer.status_code == 400
    assert any(sentence in said for said in Page(answer.text).alerts), Page(answer.text).alerts
    assert 'value="visits" required checked' in answer.text  # what was chosen stays chosen
    assert count(session, m.ImportJob) == 0


def test_without_a_file_or_with_an_unknown_kind_it_says_so(sign_in: SignIn) -> None:
    client = sign_in("care_manager")
    data = {"csrf_token": s.token(client), "kind": "customers"}
    assert client.post(s.ROOT, data=data, content_type="multipart/form-data").status_code == 400
    assert s.upload(client, "aliens").status_code == 400


# ---------------------------------------------------------------- columns, words, trial run


def test_columns_are_guessed_and_numbers_stay_masked(sign_in: SignIn) -> None:
    client = sign_in("care_manager")
    shown = page(client, s.upload(client).location)
    assert shown.fields["title-0"] == "姓名" and shown.fields["field-0"] == "name"
    assert shown.fields["field-1"] == "phone" and shown.fields["field-2"] == "source"
    assert shown.fields["field-3"] == "owner_id" and shown.fields["field-4"] == ""
    assert "13800138001" not in shown.html and "138-****-8002" in shown.html


def test_a_trial_run_writes_nothing_and_shows_what_would_happen(sign_in: SignIn, session: Any) -> None:
    client = sign_in("care_manager")
    shown = s.check(client, s.upload(client).location)
    assert s.counts(shown) == {"created": 2, "updated": 0, "duplicates": 1, "rejected": 1}
    assert shown.rows[1][:2] == ["6", "姓名"] and "缺少姓名" in shown.rows[1][3]
    created = page(client, s.ROOT + "1/?show=created")
    assert [line[:2] for line in created.rows[1:]] == [["3", "王强"], ["4", "李梅"]]
    assert count(session, m.Customer) == 0


def test_words_get_their_meaning_by_hand_and_a_template_keeps_it(sign_in: SignIn, session: Any, cast: Any) -> None:
    client, someone = sign_in("care_manager"), cast.colleague.id
    address = s.upload(client).location
    fields = s.fields_of(client, address)
    assert fields["word|staff|小唐"] == "-" and fields["word|Source|某某平台"] == "-"
    s.check(client, address, fields={"word|staff|小唐": str(someone), "word|Source|某某平台": "social",
                                     "field-4": "note", "keep": "1", "keep_as": "老系统"})
    s.run(client, address)
    found = {one.name: one for one in session.scalars(sa.select(m.Customer))}
    assert found["李梅"].owner_id == someone and found["王强"].source == ch.Source.SOCIAL
    assert found["王强"].note == "A-1\nA-3"
    again = page(client, s.upload(client).location)  # the same headers: the template is taken by itself
    assert again.fields["field-4"] == "note" and again.fields["word|staff|小唐"] == str(someone)
    assert "老系统" in again.html


def test_another_header_row_and_a_column_by_hand(sign_in: SignIn, session: Any) -> None:
    client = sign_in("care_manager")
    rows = (["甲", "乙"], ["Kunde", "Nummer"], ["王强", "13800138001"])
    address = s.upload(client, file=s.ledger(rows)).location
    first = s.fields_of(client, address)
    answer = client.post(address + "columns/", data=first | {"action": "check"})
    assert answer.status_code == 400 and "手机" in Page(answer.text).alerts[0]
    client.post(address + "columns/", data=first | {"action": "look", "header_row": "2"})
    second = s.fields_of(client, address)
    assert second["title-0"] == "Kunde"
    s.check(client, address, fields={"field-0": "name", "field-1": "phone"})
    assert s.counts(s.run(client, address))["created"] == 1
    assert session.scalars(sa.select(m.Customer)).one().phone == "+8613800138001"


def test_one_sheet_of_several(sign_in: SignIn, session: Any) -> None:
    from tests.ledger_files import workbook

    head = ["姓名", "电话"]
    book = workbook(("一月", (head, ["王强", "13800138001"])), ("二月", (head, ["李梅", "13800138002"])))
    client = sign_in("care_manager")
    address = s.upload(client, file=(book, "月.xlsx")).location
    assert "2 张" in page(client, address).html
    client.post(address + "columns/", data=s.fields_of(client, address) | {"action": "look", "sheet": "二月"})
    s.check(client, address)
    s.run(client, address)
    assert [one.name for one in session.scalars(sa.select(m.Customer))] == ["李梅"]


@pytest.mark.parametrize(("known", "note", "updated"), [
    ("fill", "旧", 1), ("overwrite", "新", 1), ("skip", "旧", 0)])
def test_what_is_on_file_is_filled_up_overwritten_or_left(sign_in: SignIn, session: Any, cast: Any, known: str,
                                                          note: str, updated: int) -> None:
    customer = make_customer(session, owner=cast.colleague, phone="+8613800138001", note="旧")
    rows = (["姓名", "电话", "备注", "微信"], ["王强", "13800138001", "新", "wq01"])
    _address, shown = s.whole(sign_in("care_manager"), "customers", s.ledger(rows), known=known)
    assert s.counts(shown)["updated"] == updated
    saved = row(m.Customer, customer.id)
    assert saved.note == note and saved.wechat == ("wq01" if updated else None)
    assert saved.owner_id == cast.colleague.id


# ---------------------------------------------------------------- the given ledgers


def test_the_given_ledgers_end_at_the_truth(sign_in: SignIn, session: Any) -> None:
    client = sign_in("care_manager")
    for kind, name in LEDGERS.items():
        if kind != "repair-orders":
            s.whole(client, kind, ((DATA / name).open("rb"), name))
    s.whole(sign_in("service_manager"), "repair-orders", (
        (DATA / LEDGERS["repair-orders"]).open("rb"), LEDGERS["repair-orders"]))
    jobs = {str(job.kind): job for job in session.scalars(sa.select(m.ImportJob))}
    assert jobs["customers"].created_rows == TRUTH["customers"] == count(session, m.Customer)
    assert jobs["customers"].rejected_rows == TRUTH["rejected_customer_rows"]
    assert jobs["customers"].duplicate_rows == TRUTH["duplicate_customer_rows"]
    assert jobs["visits"].created_rows == TRUTH["visits"] == count(session, m.Visit)
    assert jobs["visits"].rejected_rows == TRUTH["rejected_visit_rows"]
    assert jobs["complaints"].created_rows == TRUTH["complaints"] == count(session, m.Complaint)
    assert jobs["repair-orders"].created_rows == TRUTH["repairs"] == count(session, m.RepairOrder)
    again = s.check(client, s.upload(client, "customers", (
        (DATA / LEDGERS["customers"]).open("rb"), LEDGERS["customers"])).location)
    assert s.counts(again)["created"] == s.counts(again)["updated"] == 0


# ---------------------------------------------------------------- the file of errors


ROWS = (["姓名", "电话", "备注"], ["=cmd()", "12", "@x"], ["", "13912345678", "+1"])


def test_the_file_of_errors_can_be_mended_and_imported_again(sign_in: SignIn, session: Any) -> None:
    client = sign_in("care_manager")
    address, _shown = s.whole(client, "customers", s.ledger(ROWS))
    text = client.get(address + "errors/csv/").get_data().decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    assert lines[0][:3] == ["姓名", "电话", "备注"] and len(lines) == 3
    assert lines[1][0] == "'=cmd()" and lines[1][2] == "'@x" and lines[2][1] == "13912345678"
    assert client.get(address + "errors/xlsx/").get_data().startswith(b"PK")
    mended = text.replace("12,", "13812340001,", 1).replace(",13912345678", "李梅,13912345678", 1)
    _address, shown = s.whole(client, "customers", (csv_file(mended, "utf-8-sig"), "errors.csv"))
    assert s.counts(shown) == {"created": 2, "updated": 0, "duplicates": 0, "rejected": 0}
    assert {one.name for one in session.scalars(sa.select(m.Customer))} == {"=cmd()", "李梅"}
    logged = session.scalars(sa.select(m.AccessLog).where(m.AccessLog.verb == ch.AccessVerb.EXPORT)).all()
    assert [(one.table, one.count) for one in logged] == [("customer", 2)] * 2


def test_others_see_the_rows_masked_and_the_administrator_none(sign_in: SignIn) -> None:
    address, _shown = s.whole(sign_in("care_manager"), "customers", s.ledger(ROWS))
    assert "13912345678" not in page(sign_in("auditor"), address).html
    assert "13912345678" not in sign_in("auditor").get(address + "errors/csv/").get_data(as_text=True)
    office = sign_in("administrator")
    assert "=cmd()" not in page(office, address).html and page(office, address).rows == []
    assert office.get(address + "errors/csv/").status_code == 403
    assert sign_in("sales_consultant").get(address + "errors/csv/").status_code == 404


# ---------------------------------------------------------------- undo


def test_an_import_is_undone_as_a_whole(sign_in: SignIn, session: Any, cast: Any) -> None:
    old = make_customer(session, owner=cast.colleague, phone="+8613800138009", wechat=None)
    rows = (["姓名", "电话", "微信", "车架号", "下次跟进"],
            ["王强", "13800138001", "wq", "LSVFWYA34JSGAD68M", "2099-12-01"], [old.name, "13800138009", "neu", "", ""])
    client = sign_in("care_manager")
    address, shown = s.whole(client, "customers", s.ledger(rows))
    assert s.counts(shown)["created"] == s.counts(shown)["updated"] == 1
    assert (count(session, m.Vehicle), count(session, m.FollowUp)) == (1, 1)
    answer = client.post(address + "undo/", data={"csrf_token": s.token(client)})
    assert answer.status_code == 302
    assert count(session, m.Customer) == 1 and count(session, m.Vehicle) == count(session, m.FollowUp) == 0
    assert row(m.Customer, old.id).wechat is None
    assert session.scalars(sa.select(m.ImportJob)).one().state == ch.ImportState.UNDONE
    assert client.post(address + "undo/", data={"csrf_token": s.token(client)}).status_code == 302
    assert "已撤销" in page(client, address).html
    again = s.whole(client, "customers", s.ledger(rows))[1]  # and it can come in again
    assert s.counts(again)["created"] == 1


def test_what_somebody_has_touched_stands_in_the_way(sign_in: SignIn, session: Any, cast: Any) -> None:
    client = sign_in("care_manager")
    address, _shown = s.whole(client, "customers", s.ledger())
    customer = session.scalars(sa.select(m.Customer).where(m.Customer.name == "李梅")).one()
    from tests.conftest import act_as

    act_as(cast.care_specialist)
    session.add(m.Visit(store_id=1, customer_id=customer.id, at=customer.created_at, staff_id=cast.care_specialist.id,
                        created_at=customer.created_at.replace(year=2027), content="后来"))
    session.commit()
    act_as(cast.care_manager)
    client.post(address + "undo/", data={"csrf_token": s.token(client)})
    assert "不能再撤销" in page(client, address).html
    assert count(session, m.Customer) == 2
    assert session.scalars(sa.select(m.ImportJob)).one().state == ch.ImportState.DONE


@pytest.mark.parametrize(("role", "status"), [("auditor", 403), ("administrator", 403), ("care_specialist", 404)])
def test_who_may_not_undo_is_refused_and_the_rows_stay(sign_in: SignIn, session: Any, role: str, status: int) -> None:
    address, _shown = s.whole(sign_in("care_manager"), "customers", s.ledger())
    client = sign_in(role)
    assert client.post(address + "undo/", data={"csrf_token": s.token(client)}).status_code == status
    assert count(session, m.Customer) == 2


# ---------------------------------------------------------------- contact persons, campaign members


def test_contact_persons_of_companies(sign_in: SignIn, session: Any, cast: Any) -> None:
    firm = make_customer(session, owner=cast.colleague, name="鑫海物流有限公司", phone="+8675588881234")
    rows = (["公司名称", "联系人", "职务", "手机"], ["鑫海物流有限公司", "陈立", "车队长", "138 0013 8003"],
            ["鑫海物流有限公司", "陈立", "", "13800138003"], ["没有的公司", "张三", "", ""],
            ["鑫海物流有限公司", "", "", ""])
    client = sign_in("care_manager")
    _address, shown = s.whole(client, "contacts", s.ledger(rows))
    assert s.counts(shown) == {"created": 1, "updated": 0, "duplicates": 1, "rejected": 2}
    saved = session.scalars(sa.select(m.Contact)).one()
    assert (saved.customer_id, saved.name, saved.title, saved.phone) == (firm.id, "陈立", "车队长", "+8613800138003")
    again = s.whole(client, "contacts", s.ledger(rows))[1]
    assert s.counts(again)["created"] == s.counts(again)["updated"] == 0


def test_members_of_campaigns_by_the_rules_of_campaigns(sign_in: SignIn, session: Any, cast: Any) -> None:
    campaign = make_campaign(session, owner=cast.marketing, name="秋季车友会", state=ch.CampaignState.RUNNING)
    first = make_customer(session, owner=cast.colleague, phone="+8613800138001")
    make_customer(session, owner=cast.colleague, phone="+8613800138002")
    rows = (["活动名称", "电话", "状态", "评分"], ["秋季车友会", "13800138001", "已到场", "5"],
            ["秋季车友会", "13800138002", "已邀请", "4"], ["别的活动", "13800138001", "", ""],
            ["秋季车友会", "13800138001", "", ""])
    client = sign_in("care_manager")
    address, shown = s.whole(client, "campaign-members", s.ledger(rows))
    assert s.counts(shown) == {"created": 1, "updated": 0, "duplicates": 1, "rejected": 2}
    member = session.scalars(sa.select(m.CampaignMember)).one()
    assert (member.campaign_id, member.customer_id, member.feedback) == (campaign.id, first.id, 5)
    assert member.state == ch.MemberState.ATTENDED and member.attended_at is not None
    client.post(address + "undo/", data={"csrf_token": s.token(client)})
    assert count(session, m.CampaignMember) == 0


def test_visits_undone_bring_back_the_last_contact(sign_in: SignIn, session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.colleague, phone="+8613800138001")
    make_visit(session, customer, staff=cast.colleague)
    rows = (["日期", "电话", "回访人", "内容", "下次联系"],
            ["2026-11-22 10:00", "13800138001", "梁思琪", "一", "2099-01-01"])
    client = sign_in("care_manager")
    address, _shown = s.whole(client, "visits", s.ledger(rows))
    assert row(m.Customer, customer.id).next_contact_on is not None
    client.post(address + "undo/", data={"csrf_token": s.token(client)})
    after = row(m.Customer, customer.id)
    assert after.next_contact_on is None and count(session, m.Visit) == 1
