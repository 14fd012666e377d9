"""Reading what is not one's own, by every address and each role; one test a class of fault."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from admin_app import models as m
from tests.cast import NOW, ROLES, Cast
from tests.screens import attack_support as support
from tests.screens.attack_support import Answer

SignIn = Callable[[Any], FlaskClient]
_crawled: dict[str, list[Answer]] = {}


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(params=ROLES)
def answers(request: pytest.FixtureRequest, app: Flask, session: Any, cast: Cast, sign_in: SignIn) -> list[Answer]:
    """What every reading address answers a role; asked once for all tests of this file."""
    role = request.param
    if role not in _crawled:
        world = support.build(session, cast, getattr(cast, role))
        reader = m.CustomerReader(store_id=1, customer_id=world.secret["customer"], user_id=cast.care_colleague.id,
                                  reason="知情")
        session.add(reader)
        session.commit()
        support.change(session, cast.care_colleague, m.Customer, world.secret["customer"], note=support.SECRET * 2)
        support.change(session, cast.general_manager, m.Customer, world.seen["customer"], phone="+8613913572461")
        support.change(session, cast.general_manager, m.Customer, world.seen["customer"],
                       phone=support.PRIVATE["phone"])
        _crawled[role] = support.crawl(app, sign_in(role), world)
    return _crawled[role]


def test_no_address_shows_a_row_out_of_scope(answers: list[Answer], request: pytest.FixtureRequest) -> None:
    role = request.node.callspec.params["answers"]
    far = [one.address for one in answers if support.FAR in one.text]
    secret = [one.address for one in answers if support.SECRET in one.text]
    assert bool(far) == (role in ("general_manager", "auditor")), far  # these two read every store
    assert bool(secret) == (role == "general_manager"), secret


def test_no_address_shows_a_private_value(answers: list[Answer]) -> None:
    assert not [(one.address, raw) for one in answers for raw in support.RAW if raw in one.text]


def test_no_text_of_a_record_becomes_markup(answers: list[Answer]) -> None:
    assert not [one.address for one in answers if one.kind == "text/html" and "<img src=x>" in one.text]


def test_no_cell_of_an_export_is_a_formula(answers: list[Answer]) -> None:
    cells = [(one.address, cell) for one in answers if one.kind == "text/csv"
             for line in csv.reader(io.StringIO(one.text.removeprefix("\ufeff"))) for cell in line]
    assert not [pair for pair in cells if pair[1].startswith(("=", "+", "@", "\t", "\r"))]


def test_no_address_is_a_fault_and_none_is_kept_by_a_cache(answers: list[Answer]) -> None:
    assert not [(one.address, one.status) for one in answers if one.status >= 500]
    assert not [one.address for one in answers if "no-store" not in one.cache]
