"""Fixtures that every test may use. A filled template database is copied for each test: nothing leaks over."""

from __future__ import annotations

import contextvars
import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from admin_app import access, create_app, starting
from admin_app.database import db
from admin_app.models import User
from tests import cast as cast_module
from tests import postgres
from tests.cast import NOW, PASSWORD, Cast

KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def settings(folder: Path, url: str) -> dict[str, Any]:
    """Settings of an application for tests, with everything it keeps in `folder`."""
    return {"CAREDESK_DATABASE_URL": url, "CAREDESK_INSTANCE": str(folder), "CAREDESK_SECRET_KEY": "t" * 32,
            "CAREDESK_ENCRYPTION_KEY": KEY, "CAREDESK_LOCALE": "zh_Hans_CN", "CAREDESK_TIMEZONE": "Asia/Shanghai",
            "TESTING": True}


def fill(app: Flask, create: bool = True) -> None:
    """Tables (unless they stand already), seeds and the cast."""
    with app.app_context():
        if create:
            db.create_all()
        with access.as_system(db.session, "test"):
            starting.seed(db.session)
            cast_module.make(db.session)
            db.session.commit()
        db.session.remove()
        db.engine.dispose()


class Client(FlaskClient):
    """A browser beside the test: what the test prepared is committed first, and the request runs on its own,
    with no session, person or transaction of the test around it."""

    def open(self, *arguments: Any, **words: Any) -> Any:
        db.session.commit()
        words["buffered"] = True
        return contextvars.Context().run(super().open, *arguments, **words)


class Sqlite:
    """One application over a file that is put back to its template before each test."""

    def __init__(self, folder: Path) -> None:
        self.file, self.template = folder / "caredesk.db", folder / "template.db"
        self.app = create_app(settings(folder, f"sqlite:///{self.file}"))
        fill(self.app)
        shutil.copy(self.file, self.template)  # the last connection is closed, so nothing is left in the WAL

    def fresh(self) -> Flask:
        with self.app.app_context():
            db.engine.dispose()
        for leftover in self.file.parent.glob("caredesk.db*"):
            leftover.unlink()
        shutil.copy(self.template, self.file)
        for kept in ("caredesk_is_demo", "caredesk_directory"):
            self.app.extensions.pop(kept, None)
        return self.app


class Postgres:
    """The same over PostgreSQL: the database is made anew from its template."""

    def __init__(self, folder: Path, server: postgres.Server) -> None:
        self.server, self.name = server, server.create()
        self.app = create_app(settings(folder, server.url(self.name)))
        fill(self.app)
        self.template = server.create(template=self.name)

    def fresh(self) -> Flask:
        with self.app.app_context():
            db.engine.dispose()
        self.server.drop(self.name)
        self.server.create(self.name, template=self.template)
        for kept in ("caredesk_is_demo", "caredesk_directory"):
            self.app.extensions.pop(kept, None)
        return self.app


@pytest.fixture(scope="session")
def sqlite_home(tmp_path_factory: pytest.TempPathFactory) -> Sqlite:
    return Sqlite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    with postgres.running() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_home(tmp_path_factory: pytest.TempPathFactory, postgres_server: postgres.Server) -> Postgres:
    return Postgres(tmp_path_factory.mktemp("postgres"), postgres_server)


@pytest.fixture
def now() -> dt.datetime:
    """Monday 2026-11-23, 10:00 in Shanghai."""
    return NOW


@pytest.fixture
def app(sqlite_home: Sqlite) -> Iterator[Flask]:
    """The application on SQLite with seeds and cast, in an application context, acting as system."""
    yield from _entered(sqlite_home.fresh())


@pytest.fixture(params=["sqlite", "postgresql"])
def store_app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The same on both databases, for tests of the data layer."""
    home = request.getfixturevalue("sqlite_home" if request.param == "sqlite" else "postgres_home")
    yield from _entered(home.fresh())


def _entered(app: Flask) -> Iterator[Flask]:
    app.test_client_class = Client
    with app.app_context():
        access.set_actor(db.session, access.Actor(name="test", system="test", store_ids=None, store_id=1))
        yield app
        db.session.rollback()
        db.session.remove()


@pytest.fixture
def session(request: pytest.FixtureRequest) -> Any:
    """The session of `store_app` where the test asks for it, else of `app`; acting as system."""
    request.getfixturevalue("store_app" if "store_app" in request.fixturenames else "app")
    return db.session


@pytest.fixture
def cast(session: Any) -> Cast:
    return Cast(session)


@pytest.fixture
def sign_in(app: Flask) -> Callable[[User | str], FlaskClient]:
    """A client that is signed in as a person (or a user name) through the real sign-in form."""

    def enter(person: User | str, password: str = PASSWORD) -> FlaskClient:
        name = person if isinstance(person, str) else person.username
        client = app.test_client()
        answer = client.post("/login", data={"username": name, "password": password, "csrf_token": token(client)})
        assert answer.status_code == 302, answer.text
        return client

    return enter


def token(client: FlaskClient, path: str = "/login") -> str:
    """The CSRF token of the client's session, read from a page as a browser would."""
    page = client.get(path).text
    mark = 'name="csrf-token" content="'
    assert mark in page, page[:400]
    return page.split(mark)[1].split('"')[0]


def act_as(user: User) -> None:
    """Let the session act as a person, with that person's rights."""
    access.set_actor(db.session, access.actor_for(db.session, user))


@pytest.fixture
def as_person() -> Callable[[User], None]:
    return act_as


def row(model: Any, row_id: int) -> Any:
    """A row as it stands in the database now, whoever may see it."""
    db.session.expire_all()
    return db.session.scalars(access.ungated(sa.select(model).where(model.id == row_id))).one_or_none()
