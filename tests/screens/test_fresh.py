"""Figures that are kept for a moment: as old as they say, and no older where one is made of another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from flask import Flask, g

from admin_app import directory, fresh
from admin_app.sessions import Found
from tests.cast import NOW, TODAY


@pytest.fixture
def request_at(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A request of somebody signed in, so many seconds later, under so many entries of the audit."""
    monkeypatch.setattr(app, "testing", False)
    book = directory.Directory((0, 0), (TODAY, TODAY))

    def begin(seconds: float, entries: int) -> None:
        clock.move_to(NOW.timestamp() + seconds)
        g.directory = book
        g.sign_in = Found(1, None, (0, 0), entries, 0)

    with time_machine.travel(NOW, tick=False) as clock, app.test_request_context("/"):
        yield begin


def counter() -> Any:
    """A figure that says how often it was made."""
    made: list[int] = []

    def make() -> int:
        made.append(1)
        return len(made)

    return make


def test_kept_while_nothing_changes_and_a_moment_longer(request_at: Any) -> None:
    make = counter()
    for seconds, entries, expected in ((0, 5, 1), (40, 5, 1), (599, 5, 1), (601, 5, 2), (610, 6, 2), (632, 6, 3)):
        request_at(seconds, entries)
        assert fresh.kept("figure", make) == expected, seconds


def test_a_figure_of_a_figure_is_made_of_a_new_one(request_at: Any) -> None:
    """Else the outer one would be kept for long under a count of the audit that the inner one has not seen."""
    inner, looked = counter(), []

    def outer() -> int:
        looked.append(fresh.kept("inner", inner))
        return len(looked)

    request_at(0, 5)
    assert fresh.kept("inner", inner) == 1
    request_at(10, 6)
    assert fresh.kept("inner", inner) == 1  # a moment old
    assert fresh.kept("outer", outer) == 1 and looked == [2]
    with pytest.raises(ZeroDivisionError):
        fresh.kept("broken", lambda: 1 // 0)
    assert fresh.kept("inner", inner) == 1  # what broke has not changed how the others are kept


def test_nobodys_request_keeps_nothing(app: Flask) -> None:
    make = counter()
    assert [fresh.kept("figure", make) for _n in range(3)] == [1, 2, 3]
