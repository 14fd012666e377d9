"""A store's hours and numbers before they are saved."""

from __future__ import annotations

from typing import Any

import pytest

from admin_app.errors import RuleError
from admin_app.rules import saving
from tests.cast import NOW


@pytest.mark.parametrize(("name", "wrong"), [
    ("opens", "NaN"), ("opens", "24:10"), ("closes", "8 pm"), ("closes", "09:00"), ("closes", "08:00"),
    ("tasks_each", 0), ("acknowledge_minutes", -1), ("recall_days", 0), ("recall_tries", 0)])
def test_hours_and_clocks_that_mean_nothing_are_refused(session: Any, cast: Any, name: str, wrong: Any) -> None:
    store = cast.store
    setattr(store, name, wrong)
    with pytest.raises(RuleError) as caught:
        saving.prepare(session, store, NOW)
    assert caught.value.field == name


@pytest.mark.parametrize(("typed", "kept"), [("9:00", "09:00"), ("08：30", "08:30"), ("7:05", "07:05")])
def test_hours_are_written_alike(session: Any, cast: Any, typed: str, kept: str) -> None:
    store = cast.store
    store.opens, store.closes, store.contact_cap = typed, "24:00", 0
    saving.prepare(session, store, NOW)
    assert (store.opens, store.closes) == (kept, "24:00")
