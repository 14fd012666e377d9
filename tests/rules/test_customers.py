"""A customer's file: name and phone, one file per phone and store, grade, completeness (DOMAIN §3.10)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from admin_app import models as m
from admin_app.choices import CustomerKind, Grade, Stage
from admin_app.columns import fields
from admin_app.errors import RuleError
from admin_app.rules import customers, pinyin, saving
from tests.cast import NOW, TODAY
from tests.conftest import row
from tests.factories import make_customer, make_vehicle
from tests.rules.followup_support import save


def new(**values: Any) -> m.Customer:
    return m.Customer(**({"store_id": 1, "name": "梁思琪", "phone": "138 0013 8000"} | values))


def test_a_name_and_a_phone_are_enough(session: Any) -> None:
    customer = save(session, new(name=" 梁 思琪 ", phone="１３８－００１３－８０００（微信同号）"))
    assert (customer.name, customer.phone) == ("梁思琪", "+8613800138000")
    assert (customer.stage, customer.grade, customer.registered_on, customer.graded_on) == (
        Stage.LEAD, Grade.N, TODAY, TODAY)
    assert customer.pinyin == "liangsiqi siqi qi lsq sq"


@pytest.mark.parametrize(("bad", "field"), [
    ({"name": None}, "name"), ({"name": "  "}, "name"), ({"name": "先生"}, "name"), ({"phone": None}, "phone"),
    ({"phone": "12345"}, "phone"), ({"phone": "138****8000"}, "phone"), ({"phone": "无"}, "phone")])
def test_without_name_or_phone_it_is_refused(session: Any, bad: dict[str, Any], field: str) -> None:
    before = session.scalar(sa.select(sa.func.count(m.Customer.id)))
    with pytest.raises(RuleError) as refused:
        save(session, new(**bad))
    assert refused.value.field == field
    assert session.scalar(sa.select(sa.func.count(m.Customer.id))) == before


def test_two_numbers_in_one_cell_and_a_second_one_alone(session: Any) -> None:
    both = save(session, new(phone="13800138000/13900139000"))
    assert (both.phone, both.phone2) == ("+8613800138000", "+8613900139000")
    alone = save(session, new(phone=None, phone2="13700137000"))
    assert (alone.phone, alone.phone2) == ("+8613700137000", None)


def test_any_other_bad_field_is_left_blank_with_a_notice(session: Any) -> None:
    customer = new(phone2="12", birthday=dt.date(2030, 1, 1))
    notices = dict(saving.prepare(session, customer, NOW))
    assert (customer.phone2, customer.birthday) == (None, None)
    assert set(notices) == {"phone2", "birthday"}


@pytest.mark.usefixtures("store_app")
def test_one_file_per_phone_and_store(session: Any, cast: Any) -> None:
    first = save(session, new())
    with pytest.raises(RuleError, match="梁思琪") as refused:
        save(session, new(name="王强", phone="+86 13800138000"))
    assert refused.value.field == "phone"
    save(session, new(name="王强", kept_apart=True))
    save(session, new(name="彭立", store_id=cast.other_store.id))
    first.note = "改备注"
    save(session, first)
    first.deleted_at = NOW
    session.flush()
    save(session, new(name="周敏"))


def test_the_name_of_a_file_out_of_view_is_not_told(session: Any, cast: Any, as_person: Any) -> None:
    make_customer(session, owner=cast.other_team, phone="+8613800138000", name="秘密客户")
    session.commit()
    as_person(cast.sales_consultant)
    with pytest.raises(RuleError) as refused:
        saving.prepare(session, new(), NOW)
    assert "秘密客户" not in str(refused.value.message) and "韩雪" in str(refused.value.message)


def test_names_and_notes_stay_as_typed(session: Any) -> None:
    typed = "<b>Ｏ'Brien</b> ＆ 😀 \u202ex"
    customer = save(session, new(name=typed, note="=1+1\n<script>"))
    assert (row(m.Customer, customer.id).name, customer.note) == (typed, "=1+1\n<script>")


@pytest.mark.parametrize(("values", "field"), [
    ({"name": "长" * 81}, "name"), ({"note": "a\x00b"}, "note"), ({"note": "长" * 20_001}, "note"),
    ({"hobbies": "\ud800"}, "hobbies"), ({"referrer_id": 2**40}, "referrer_id")])
def test_what_a_database_cannot_hold_is_a_sentence(session: Any, values: dict[str, Any], field: str) -> None:
    with pytest.raises(RuleError) as refused:
        saving.prepare(session, new(**values), NOW)
    assert refused.value.field == field


def test_the_grade_is_dated_and_grows_stale(session: Any) -> None:
    customer = save(session, new(grade=Grade.H))
    assert not customers.grade_is_stale(customer, TODAY + dt.timedelta(days=7))
    assert customers.grade_is_stale(customer, TODAY + dt.timedelta(days=8))
    customer.grade = Grade.C
    save(session, customer, NOW + dt.timedelta(days=10))
    assert customer.graded_on == TODAY + dt.timedelta(days=10)
    assert not customers.grade_is_stale(customer, TODAY + dt.timedelta(days=100))
    assert customers.grade_is_stale(customer, TODAY + dt.timedelta(days=101))
    customer.grade = Grade.O
    assert not customers.grade_is_stale(customer, TODAY + dt.timedelta(days=999))
    customer.grade, customer.stage = Grade.H, Stage.OWNER
    assert not customers.grade_is_stale(customer, TODAY + dt.timedelta(days=999))


def test_the_windows_of_the_grades_are_those_of_the_rules(session: Any) -> None:
    for rule in session.scalars(sa.select(m.FollowUpRule).where(m.FollowUpRule.code.startswith("grade_"))):
        assert rule.condition["window_days"] == customers.GRADE_WINDOW[Grade(rule.condition["grade"])], rule.code


def test_completeness_goes_by_the_weights(session: Any) -> None:
    weights = {name: field.weight for name, _column, field in fields(m.Customer) if field.weight}
    customer = save(session, new())
    assert customer.completeness == round(100 * (weights["name"] + weights["phone"]) / sum(weights.values()))
    customer.wechat = "lsq"
    save(session, customer)
    assert customer.completeness == round(
        100 * (weights["name"] + weights["phone"] + weights["wechat"]) / sum(weights.values()))
    assert customers.completeness(m.Customer()) == 0


def test_an_owner_without_a_car_is_told_not_refused(session: Any) -> None:
    customer = new(stage=Stage.OWNER)
    assert [name for name, _sentence in saving.prepare(session, customer, NOW)] == ["stage"]
    session.add(customer)
    session.flush()
    make_vehicle(session, customer)
    assert saving.prepare(session, customer, NOW) == []


def test_a_company_is_known_by_its_name(session: Any) -> None:
    assert save(session, new(name="深圳岚风物流有限公司", kind=None)).kind == CustomerKind.COMPANY


def test_nobody_refers_himself(session: Any) -> None:
    customer = save(session, new())
    customer.referrer_id = customer.id
    with pytest.raises(RuleError):
        saving.prepare(session, customer, NOW)


@pytest.mark.parametrize(("name", "sound"), [
    ("曾国藩", "zengguofan guofan fan zgf gf"), ("单雄信", "shanxiongxin xiongxin xin sxx xx"),
    ("尉迟恭", "yuchigong chigong gong ycg cg"), ("区小姐", "ouxiaojie xiaojie jie oxj xj"),
    ("解珍", "xiezhen zhen xz"), ("吕布", "lvbu bu lb"), ("Tom", "tom"), ("😀", None), ("李", "li"),
    ("王A1", "wanga1 a1 wa"), ("王王王", "wangwangwang wangwang wang www ww")])
def test_names_in_pinyin(name: str, sound: str | None) -> None:
    assert pinyin.of_name(name) == sound


def test_a_long_name_keeps_its_longest_sounds() -> None:
    found = pinyin.of_name("深圳市新能源汽车销售服务有限公司南山分公司第一展厅")
    assert found and len(found) <= pinyin.LONGEST
    tokens = found.split()
    assert tokens[0].startswith("shenzhenshixinnengyuan") and "szsxnyqcxsfwyxgsnsfgsdyzt" in tokens
    assert pinyin.of_name("王" * 80) and len(pinyin.of_name("王" * 80)) <= pinyin.LONGEST


def test_a_row_without_a_store_takes_the_customers(session: Any, cast: Any) -> None:
    customer = make_customer(session, owner=cast.outsider)
    gift = m.Gift(customer_id=customer.id, name="伞", given_on=TODAY)
    assert saving.prepare(session, gift, NOW) == []
    assert gift.store_id == cast.other_store.id
    team = m.Team(name="组", department="sales")
    saving.prepare(session, team, NOW)
    assert team.store_id == 1
