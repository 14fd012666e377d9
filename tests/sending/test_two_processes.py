"""Two processes write and send the same morning at once, with no lease between them: one letter arrives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from flask import Flask

from admin_app.database import db
from tests.cast import Cast
from tests.conftest import KEY
from tests.sending.test_digests import MORNING, group, messages, owing, post, robot  # noqa: F401 - fixtures
from tests.sending_support import MailServer, Service

WORKER = """
import datetime as dt, json, sys
from admin_app import access, create_app
from admin_app.database import db
from admin_app.sending import digests, outbox
given, now = json.loads(sys.argv[1]), dt.datetime.fromisoformat(sys.argv[2])
with create_app(given).app_context():
    access.set_actor(db.session, access.Actor(name="job", system="job digest", store_ids=None))
    print("ready", flush=True)
    sys.stdin.readline()
    digests.make(db.session, now)
    print(json.dumps(outbox.send_waiting(db.session, now)), flush=True)
"""
SETTINGS = ("CAREDESK_DATABASE_URL", "CAREDESK_INSTANCE", "CAREDESK_LOCALE", "CAREDESK_TIMEZONE", "CAREDESK_MAIL_URL",
            "CAREDESK_MAIL_FROM", "CAREDESK_ROBOT_HOSTS")


def test_one_letter_arrives(store_app: Flask, session: Any, cast: Cast, post: MailServer,  # noqa: F811
                            group: Service) -> None:  # noqa: F811
    owing(session, cast)
    robot(session, group)
    session.commit()
    db.session.remove()
    given = {name: store_app.config[name] for name in SETTINGS}
    given |= {"CAREDESK_SECRET_KEY": "t" * 32, "CAREDESK_ENCRYPTION_KEY": KEY, "TESTING": True}
    workers = [subprocess.Popen([sys.executable, "-c", WORKER, json.dumps(given), MORNING.isoformat()], text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).resolve().parents[2])
               for _ in range(2)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    sent = 0
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        said, _errors = worker.communicate(timeout=120)
        assert worker.returncode == 0
        counts = json.loads(said)
        assert counts["failed"] == 0
        sent += counts["sent"]
    assert sent == 2  # the mail and the group's
    assert len(post.got) == 1
    assert len(group.got) == 1
    assert len({row.key for row in messages(session)}) == len(messages(session))
