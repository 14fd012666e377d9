"""What the tests of the import share."""

from __future__ import annotations

import pytest
from flask_babel import force_locale

from admin_app import access
from admin_app.database import db
from admin_app.importing import import_file
from tests.rollup_support import stray


@pytest.fixture(autouse=True)
def roll_ups_hold(request):
    """Whatever was imported, or taken back: the roll-ups of the scores say what the rows say."""
    asked = "session" in request.fixturenames
    if asked:
        request.getfixturevalue("session")  # is there until this one has looked
    yield
    if asked:
        with access.as_system(db.session, "test"):
            assert stray(db.session) == []


@pytest.fixture
def english(session):
    """The sentences of the tests are the English ones."""
    with force_locale("en"):
        yield


@pytest.fixture
def load(session, cast, now, english):
    """Import a file into the first store."""
    store = cast.store

    def run(kind, source, **words):
        report = import_file(
            session, kind, source, store=words.pop("store", store), now=words.pop("now", now), **words
        )
        session.flush()
        session.expire_all()
        return report

    return run
