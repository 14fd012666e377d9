"""What an import keeps in the database, encrypted and in pieces: the file, its journal, what undoing it needs.

Every process sees it, a backup takes it along, and it is gone after 30 days (KEPT_FOR).
"""

from __future__ import annotations

import base64
import datetime as dt
import io
from typing import IO, Any

import sqlalchemy as sa

from admin_app.models import ImportJob, ImportPiece

FILE, JOURNAL, TRACE = "file", "journal", "trace"
#: How long the file, its rows and the way back are kept (default).
KEPT_FOR = dt.timedelta(days=30)
SIZE = 256 * 1024

_table = ImportPiece.__table__


class Kept(io.BytesIO):
    """A kept file under the name that it came with."""

    filename = ""


def keep(session: Any, job_id: int, name: str, stream: IO[bytes]) -> None:
    """Keep a stream from where it stands, in place of what was kept under the name before. No commit."""
    connection, number = session.connection(), 0
    connection.execute(sa.delete(_table).where(_table.c.job_id == job_id, _table.c.name == name))
    while part := stream.read(SIZE):
        row = {"job_id": job_id, "name": name, "number": number, "data": base64.b64encode(part).decode()}
        connection.execute(sa.insert(_table), [row])
        number += 1


def fetch(session: Any, job_id: int, name: str, filename: str = "") -> Kept | None:
    """What was kept, at its beginning; None where there is nothing, or it is gone."""
    statement = sa.select(_table.c.data).where(_table.c.job_id == job_id, _table.c.name == name)
    found = Kept()
    found.filename = filename
    there = False
    for (data,) in session.connection().execute(statement.order_by(_table.c.number)):
        there = True
        found.write(base64.b64decode(data or ""))
    found.seek(0)
    return found if there else None


def forget(session: Any, now: dt.datetime) -> int:
    """Take away what is older than KEPT_FOR; how many imports that were. No commit."""
    old = sa.select(ImportJob.__table__.c.id).where(ImportJob.__table__.c.created_at < now - KEPT_FOR)
    connection = session.connection()
    number = connection.execute(sa.select(sa.func.count(sa.distinct(_table.c.job_id))).where(
        _table.c.job_id.in_(old))).scalar() or 0
    if number:
        connection.execute(sa.delete(_table).where(_table.c.job_id.in_(old)))
    return int(number)
