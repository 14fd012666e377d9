"""Migrations: up and down on a filled database of both kinds, and the models say what the migrations made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flask_migrate
import pytest
import sqlalchemy as sa
from flask import Flask

from admin_app import access, create_app, starting, tables
from admin_app.database import db
from tests import cast as cast_module
from tests import factories as f
from tests.cast import Cast
from tests.conftest import settings


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_app(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """An application over a database without tables."""
    if request.param == "sqlite":
        yield create_app(settings(tmp_path, f"sqlite:///{tmp_path / 'bare.db'}"))
        return
    with request.getfixturevalue("postgres_server").database() as url:
        yield create_app(settings(tmp_path, url))


def test_up_down_and_up_again(bare_app: Flask) -> None:
    with bare_app.app_context():
        flask_migrate.upgrade()
        flask_migrate.check()  # the models have nothing that the migrations lack
        with access.as_system(db.session, "test"):
            starting.seed(db.session)
            cast_module.make(db.session)
            customer = f.make_customer(db.session, owner=Cast(db.session).sales_consultant)
            f.make_visit(db.session, customer)
            db.session.commit()
        db.session.remove()
        with db.engine.connect() as connection:
            before = tables.sums(connection)
        flask_migrate.upgrade()
        with db.engine.connect() as connection:
            assert tables.sums(connection) == before
        flask_migrate.downgrade(revision="base")
        left = set(sa.inspect(db.engine).get_table_names()) - {"alembic_version"}
        assert not left
        flask_migrate.upgrade()
        with db.engine.connect() as connection:
            assert tables.is_empty(connection)
        db.session.remove()
        db.engine.dispose()
