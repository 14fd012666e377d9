"""Which files may be one customer: what the database finds is what two files side by side have in common."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from admin_app import access
from admin_app import models as m
from admin_app.choices import Likelihood, TwinSign
from admin_app.errors import Refused, RuleError
from admin_app.rules import duplicates, twins
from admin_app.rules.duplicates import MOST_ALIKE
from admin_app.rules.pinyin import of_name
from tests.cast import NOW
from tests.conftest import act_as
from tests.factories import make_customer, make_vehicle

pytestmark = pytest.mark.usefixtures("store_app")
BORN = dt.date(1980, 5, 6)
S = TwinSign


def found(session: Any) -> dict[tuple[int, int], tuple[TwinSign, ...]]:
    session.flush()
    return {(pair.first, pair.second): pair.signs for pair in duplicates.pairs(session)}


def file(session: Any, cast: Any, **values: Any) -> m.Customer:
    return make_customer(session, owner=values.pop("owner", cast.sales_consultant), **values)


def test_every_sign_is_found_and_the_strongest_pair_comes_first(session: Any, cast: Any) -> None:
    wang = {"name": "王建国", "pinyin": "wangjianguo wjg"}
    one = file(session, cast, **wang, birthday=BORN, phone="+8613812340001")
    two = file(session, cast, **wang, birthday=BORN, phone2="+8613812340001")
    li = {"pinyin": "lixuemei lxm", "address": "翠竹路 8 号"}
    three, four = file(session, cast, name="李雪梅", **li), file(session, cast, name="李雪美", **li)
    five = file(session, cast, name="李雪梅", **li)
    six, seven = file(session, cast), file(session, cast)
    for customer in (six, seven):
        make_vehicle(session, customer, plate="粤B12345")
    pairs = duplicates.pairs(session)
    assert (pairs[0].first, pairs[0].second) == (one.id, two.id) and pairs[0].likelihood == Likelihood.SURE
    assert found(session) == {
        (one.id, two.id): (S.PHONE, S.BIRTHDAY), (three.id, four.id): (S.SOUND_ADDRESS,),
        (four.id, five.id): (S.SOUND_ADDRESS,), (three.id, five.id): (S.ADDRESS,), (six.id, seven.id): (S.CAR,)}


def test_a_shared_number_counts_unless_it_is_shared_on_purpose(session: Any, cast: Any) -> None:
    number = "+8613812340001"
    father = file(session, cast, name="王建国", phone=number)
    file(session, cast, name="王小明", phone=number, kept_apart=True)
    assert found(session) == {}
    again = file(session, cast, name="王建国", phone=number, kept_apart=True)
    assert found(session) == {(father.id, again.id): (S.PHONE,)}


def test_what_many_share_says_nothing(session: Any, cast: Any) -> None:
    for _number in range(MOST_ALIKE):
        file(session, cast, phone2="+8675512345678")
    assert len(found(session)) == MOST_ALIKE * (MOST_ALIKE - 1) // 2
    file(session, cast, phone2="+8675512345678")
    assert found(session) == {}


def test_only_pairs_within_the_scope_are_shown_and_other_stores_never_pair(session: Any, cast: Any) -> None:
    number = "+8613812340009"
    mine = file(session, cast, phone=number)
    theirs = file(session, cast, owner=cast.other_team, phone2=number)
    file(session, cast, owner=cast.outsider, phone2=number)
    deleted = file(session, cast, phone2=number)
    deleted.deleted_at = NOW
    session.commit()
    expected = {(mine.id, theirs.id): (S.PHONE,)}
    assert found(session) == expected
    for person, seen in ((cast.care_specialist, expected), (cast.sales_consultant, {}), (cast.sales_manager, {}),
                         (cast.marketing, expected), (cast.administrator, {})):
        act_as(person)
        assert found(session) == seen, person.username


def test_two_people_by_verdict_until_it_is_taken_back(session: Any, cast: Any) -> None:
    one, two = file(session, cast, phone="+8613812340001"), file(session, cast, phone2="+8613812340001")
    session.commit()
    act_as(cast.care_specialist)
    with pytest.raises(Refused):
        duplicates.set_apart(session, one, two, "父子", NOW)
    session.rollback()
    act_as(cast.care_manager)
    for reason in ("", "x" * 201):
        with pytest.raises(RuleError):
            duplicates.set_apart(session, one, two, reason, NOW)
    with pytest.raises(RuleError):
        duplicates.set_apart(session, one, one, "父子", NOW)
    pair = duplicates.set_apart(session, two, one, "父子", NOW)
    session.commit()
    assert (pair.first_id, pair.second_id) == (one.id, two.id) and found(session) == {}
    duplicates.take_back(session, pair, NOW)
    session.commit()
    assert len(found(session)) == 1
    assert duplicates.set_apart(session, one, two, "真的是父子", NOW).id == pair.id
    session.commit()
    assert found(session) == {}


NUMBERS = st.sampled_from([None, "+8613800000001", "+8613800000002", "+8613800000003"])
PEOPLE = st.lists(st.fixed_dictionaries({
    "name": st.sampled_from(["王伟", "王玮", "李娜"]), "phone2": NUMBERS,
    "birthday": st.sampled_from([None, BORN, BORN + dt.timedelta(days=1)]),
    "address": st.sampled_from([None, "", "翠竹路", "罗湖路"]), "plate": st.sampled_from([None, None, "粤B00001"]),
    "shared": st.booleans()}), max_size=9)
SOUNDS = {"王伟": "wangwei ww", "王玮": "wangwei ww", "李娜": "lina ln"}


def crowded(files: list[m.Customer], cars: dict[int, set[str]]) -> set[Any]:
    """The values that too many files share."""
    held: Counter[Any] = Counter()
    for one in files:
        held.update({one.phone, one.phone2} - {None})
        held.update(cars[one.id])
        held.update([(one.pinyin, one.birthday), (one.pinyin, one.address)])
    return {value for value, number in held.items() if number > MOST_ALIKE}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=PEOPLE, order=st.randoms(use_true_random=False))
def test_sql_and_python_say_the_same_in_any_order(session: Any, cast: Any, people: list[dict[str, Any]],
                                                  order: Any) -> None:
    savepoint = session.begin_nested()
    files, cars = [], {}
    for person in order.sample(people, len(people)):
        plate, shared = person.pop("plate", None), person.pop("shared", False)
        phone = {"phone": "+8613800000001", "kept_apart": True} if shared else {}
        if phone and person["phone2"] == phone["phone"]:
            phone = {}
        one = file(session, cast, pinyin=SOUNDS[person["name"]], **phone, **person)
        if plate:
            make_vehicle(session, one, plate=plate)
        person |= {"plate": plate, "shared": shared}
        files.append(one)
        cars[one.id] = {plate} if plate else set()
    expected = {}
    if not crowded(files, cars):
        for first, second in itertools.combinations(sorted(files, key=lambda one: one.id), 2):
            signs = duplicates.signs_of(first, second, cars[first.id], cars[second.id])
            assert signs == duplicates.signs_of(second, first, cars[second.id], cars[first.id])
            if signs:
                expected[first.id, second.id] = signs
        assert found(session) == expected
    savepoint.rollback()
    session.expire_all()


# ---------------------------------------------------------------- while a form is filled in


def test_a_form_is_told_who_has_it_and_of_strangers_only_the_keeper(session: Any, cast: Any) -> None:
    mine = file(session, cast, name="王建国", pinyin=of_name("王建国"), phone="+8613812340001", birthday=BORN)
    other = file(session, cast, owner=cast.other_team, phone="+8613812340002", name="李娜", birthday=BORN)
    make_vehicle(session, other, plate="粤B12345", vin="LSVAA4182E2000001")
    pool = make_customer(session, phone="+8613812340003", store_id=1)
    session.commit()
    act_as(cast.sales_consultant)

    def told(**typed: Any) -> list[Any]:
        return [(one.customer.id if one.customer else str(one.sentence()), one.signs) for one in twins.find(
            session, twins.Typed(**typed), 1)]

    assert told(numbers=("+8613812340001",)) == [(mine.id, [S.PHONE])]
    (sentence, signs), = told(numbers=("+8613812340002",))
    assert "韩雪" in sentence and "李娜" not in sentence and signs == [S.PHONE]
    assert "韩雪" in told(plate="粤B12345")[0][0] and "韩雪" in told(vin="LSVAA4182E2000001")[0][0]
    assert told(numbers=("+8613812340003",))[0][0] != pool.id
    assert told(name="王建国", birthday=BORN) == [(mine.id, [S.BIRTHDAY])]
    assert told(name="王建果", birthday=BORN) == [(mine.id, [S.SOUND_BIRTHDAY])]
    assert "韩雪" in told(name="李娜", birthday=BORN)[0][0] and told(name="李那", birthday=BORN) == []
    assert told(numbers=("+861381234000",)) == told(name="王建国") == []
    assert twins.find(session, twins.Typed(numbers=("+8613812340001",)), 1, mine.id) == []
    assert twins.find(session, twins.Typed(numbers=("+8613812340001",)), 2) == []
    access.set_actor(session, None)
