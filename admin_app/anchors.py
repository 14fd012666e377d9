"""Anchors of the audit chain: its count and hash, kept in a file outside the database, so that a tail that was cut
off is found (SAFETY). One line of JSON each, in audit-anchors.jsonl of the instance folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import current_app

from admin_app.clock import utcnow
from admin_app.models import AuditHead

NAME = "audit-anchors.jsonl"


def path() -> Path:
    """The file of this installation."""
    return Path(current_app.config["CAREDESK_INSTANCE"]) / NAME


def _database() -> str:
    """Which database an anchor belongs to: its address without the password."""
    return sa.make_url(current_app.config["SQLALCHEMY_DATABASE_URI"]).render_as_string(hide_password=True)


def keep(session: Any) -> dict[str, Any] | None:
    """Add the present end of the chain to the file; None where there is no chain, or it has not grown."""
    table = AuditHead.__table__
    head = session.connection().execute(sa.select(table.c.count, table.c.hash)).first()
    known = kept()
    if head is None or head.count == 0 or (known and known[-1]["count"] == head.count):
        return None
    anchor = {"at": utcnow().isoformat(), "database": _database(), "count": head.count, "hash": head.hash}
    with path().open("a", encoding="utf-8") as file:
        file.write(json.dumps(anchor) + "\n")
    return anchor


def kept() -> list[dict[str, Any]]:
    """The anchors of this database, oldest first. A line that was cut short is left out."""
    if not path().is_file():
        return []
    found = []
    for line in path().read_text(encoding="utf-8").splitlines():
        try:
            anchor = json.loads(line)
        except ValueError:
            continue
        if isinstance(anchor, dict) and anchor.get("database") == _database() and {"count", "hash"} <= anchor.keys():
            found.append(anchor)
    return found
