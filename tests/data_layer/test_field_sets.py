"""Field sets on both databases: own ones, shared ones, and the one that a list keeps."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from admin_app import models as m
from admin_app.errors import RuleError
from admin_app.rules import field_sets
from tests.conftest import act_as

pytestmark = pytest.mark.usefixtures("store_app")


def names(session: Any, person: Any) -> list[str]:
    act_as(person)
    return [one.name for one in field_sets.offered(session, "customer")]


def test_own_sets_and_shared_ones_of_the_store(session: Any, cast: Any) -> None:
    act_as(cast.colleague)
    field_sets.save(session, "customer", ["name", "phone"], name="电话表", shared=True)
    field_sets.save(session, "customer", ["name", "note"], name="自用")
    session.commit()
    assert names(session, cast.colleague) == ["电话表", "自用"]
    assert names(session, cast.sales_consultant) == ["电话表"]
    assert names(session, cast.outsider) == []
    assert field_sets.offered(session, "vehicle") == []


def test_a_name_is_used_again_and_one_set_is_the_standard(session: Any, cast: Any) -> None:
    act_as(cast.colleague)
    field_sets.save(session, "customer", ["name", "phone"], name="甲", as_standard=True)
    field_sets.save(session, "customer", ["name", "grade"], name="乙", as_standard=True)
    field_sets.save(session, "customer", ["name", "tier"], name="甲")
    session.commit()
    kept = {one.name: (one.columns, one.standard) for one in session.scalars(sa.select(m.FieldSet))}
    assert kept == {"甲": (["name", "tier"], False), "乙": (["name", "grade"], True)}
    assert field_sets.standard(session, cast.colleague.id, "customer") == ["name", "grade"]
    assert field_sets.standard(session, cast.other_team.id, "customer") is None
    field_sets.forget_standard(session, "customer")
    session.commit()
    assert field_sets.standard(session, cast.colleague.id, "customer") is None


@pytest.mark.parametrize(("name", "columns", "field"), [(" ", ["name"], "name"), ("空", [], "columns")])
def test_nothing_is_kept_without_a_name_or_a_column(
        session: Any, cast: Any, name: str, columns: list[str], field: str) -> None:
    act_as(cast.colleague)
    with pytest.raises(RuleError) as error:
        field_sets.save(session, "customer", columns, name=name)
    assert error.value.field == field
