"""Taking back what was done to several follow-ups: exactly as they stood, once, by the same person, for a while."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from admin_app import access
from admin_app import models as m
from admin_app.choices import FollowUpState as S
from admin_app.errors import RuleError
from admin_app.rules import followups
from admin_app.rules.followups import undoing
from tests.cast import NOW
from tests.conftest import row
from tests.factories import make_customer, make_followup
from tests.rules.followup_support import day


@pytest.fixture
def three(session: Any, cast: Any) -> list[m.FollowUp]:
    """Three tasks of the consultant: due today, tomorrow and yesterday."""
    return [make_followup(session, make_customer(session, owner=cast.sales_consultant), assignee=cast.sales_consultant,
                          due=day(after)) for after in (0, 1, -1)]


def act(session: Any, cast: Any, name: str = "sales_consultant") -> None:
    access.set_actor(session, access.actor_for(session, getattr(cast, name)))


def change(session: Any, three: list[m.FollowUp], cast: Any) -> str:
    """The first is snoozed, the second skipped, the third given away; the key for the way back."""
    before = [undoing.standing(one) for one in three]
    followups.snooze(session, three[0], day(5), "出差", NOW)
    followups.skip(session, three[1], "已到店", NOW)
    with access.as_system(session, "test"):
        followups.reassign(session, three[2], cast.care_colleague, NOW)
    return undoing.keep(session, before, NOW)


def test_all_three_stand_as_they_stood(session: Any, three: list[m.FollowUp], cast: Any) -> None:
    act(session, cast)
    stood = [undoing.standing(one) for one in three]
    key = change(session, three, cast)
    assert [one.state for one in three] == [S.SNOOZED, S.SKIPPED, S.OPEN]
    assert undoing.undo(session, key, NOW) == (3, 0)
    assert [undoing.standing(one) for one in three] == stood
    assert [row(m.Customer, one.customer_id).next_contact_on for one in three] == [day(0), day(1), day(-1)]


def test_once_only_and_by_nobody_else(session: Any, three: list[m.FollowUp], cast: Any) -> None:
    act(session, cast)
    key = change(session, three, cast)
    act(session, cast, "sales_manager")
    with pytest.raises(RuleError):
        undoing.undo(session, key, NOW)
    assert three[1].state == S.SKIPPED
    act(session, cast)
    undoing.undo(session, key, NOW)
    with pytest.raises(RuleError):
        undoing.undo(session, key, NOW)


def test_not_after_half_an_hour(session: Any, three: list[m.FollowUp], cast: Any) -> None:
    act(session, cast)
    key = change(session, three, cast)
    with pytest.raises(RuleError):
        undoing.undo(session, key, NOW + undoing.KEPT + dt.timedelta(seconds=1))
    assert three[1].state == S.SKIPPED
    assert undoing.undo(session, key, NOW + undoing.KEPT) == (3, 0)


def test_what_was_changed_since_stays(session: Any, three: list[m.FollowUp], cast: Any) -> None:
    act(session, cast)
    key = change(session, three, cast)
    followups.snooze(session, three[0], day(9), "再推", NOW)
    session.flush()
    assert undoing.undo(session, key, NOW) == (2, 1)
    assert (three[0].due_on, three[0].note) == (day(9), "再推")
    assert three[1].state == S.OPEN
