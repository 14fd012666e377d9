"""The same lead at the same moment, on both databases: one file, one number; and keys go after their time."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from admin_app import jobs
from admin_app import models as m
from admin_app.clock import utcnow
from admin_app.rules.leads import tokens
from tests import factories as f
from tests.cast import Cast

BODY = {"name": "张伟", "phone": "13800138000", "note": "想试驾", "consent": True}
AT_ONCE = 6


@pytest.fixture
def key(session: Any, cast: Cast) -> str:
    token = f._add(session, m.LeadToken(name="官网", store_id=1, per_minute=600))
    text = tokens.issue(token, utcnow())
    session.commit()
    return text


def at_once(app: Flask, key: str, keys: list[str]) -> list[Any]:
    """One request a key, all of them at the same moment, each on a connection of its own."""
    start = Barrier(len(keys))

    def post(once: str) -> Any:
        client = FlaskClient(app, app.response_class)
        start.wait()
        return client.post("/api/leads", json=BODY, headers={"Authorization": f"Bearer {key}", "Idempotency-Key": once})

    with ThreadPoolExecutor(len(keys)) as pool:
        return list(pool.map(post, keys))


def test_the_same_key_at_once_makes_one_lead(store_app: Flask, session: Any, key: str) -> None:
    answers = at_once(store_app, key, ["k"] * AT_ONCE)
    assert sorted(one.status_code for one in answers) == [200] * (AT_ONCE - 1) + [201]
    assert len({one.json["id"] for one in answers}) == 1
    session.rollback()
    assert session.scalar(sa.select(sa.func.count(m.Customer.id))) == 1
    assert session.scalar(sa.select(sa.func.count(m.Inquiry.id))) == 0
    assert session.connection().execute(sa.select(sa.func.count()).select_from(m.LeadRequest.__table__)).scalar() == 1


def test_one_number_with_several_keys_at_once_makes_one_file(store_app: Flask, session: Any, key: str) -> None:
    answers = at_once(store_app, key, [str(number) for number in range(AT_ONCE)])
    assert [one.status_code for one in answers] == [201] * AT_ONCE
    session.rollback()
    assert session.scalar(sa.select(sa.func.count(m.Customer.id))) == 1
    assert session.scalar(sa.select(sa.func.count(m.Inquiry.id))) == AT_ONCE - 1
    first = m.FollowUpRule.code == "lead_first_web"
    assert session.scalar(sa.select(sa.func.count(m.FollowUp.id)).join(
        m.FollowUpRule, m.FollowUpRule.id == m.FollowUp.rule_id).where(first)) == 1


def test_requests_are_counted_exactly(store_app: Flask, session: Any, key: str) -> None:
    at_once(store_app, key, ["k"] * AT_ONCE)
    session.rollback()
    assert session.connection().execute(sa.select(m.LeadCount.__table__.c.requests)).scalar() == AT_ONCE


def test_old_keys_are_tidied_away(store_app: Flask, session: Any, key: str) -> None:
    token, now = session.scalars(sa.select(m.LeadToken)).one(), utcnow()
    for days in (1, 40):
        session.add(m.LeadRequest(token_id=token.id, key=str(days), body_hash="", created_at=now - dt.timedelta(days)))
    session.commit()
    jobs.run("tidy")
    assert session.connection().execute(sa.select(m.LeadRequest.__table__.c.key)).scalars().all() == ["1"]
