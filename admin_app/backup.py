"""Backup and restore: one encrypted file with every table as of one moment, its counts and checksums.

The file does not depend on the database: what was saved from SQLite can be restored into PostgreSQL.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from flask import current_app
from flask_babel import gettext as _
from psycopg import sql as pg

from admin_app import loading, tables, vault
from admin_app.clock import utcnow
from admin_app.database import db, writing
from admin_app.errors import RuleError
from admin_app.models import AuditHead

SUFFIX = ".caredesk"
# How many nightly backups are kept (default).
KEEP = 14

Told = Callable[[str, Iterable[str]], Iterable[str]]


def revision(connection: sa.Connection) -> str | None:
    """The migration that the database stands at; None where it was made without migrations."""
    from alembic.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


@contextlib.contextmanager
def snapshot() -> Iterator[sa.Connection]:
    """A connection that sees the database as of one moment, while others write."""
    before = writing.set(False)
    try:
        with db.engine.connect() as plain:
            connection = plain
            if plain.dialect.name == "postgresql":
                connection = plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            connection.execute(sa.select(AuditHead.__table__.c.count)).first()  # the moment
            yield connection
            connection.rollback()
    finally:
        writing.reset(before)


@contextlib.contextmanager
def alone() -> Iterator[sa.Connection]:
    """A snapshot beside which nobody writes until the block ends. RuleError where somebody writes at this moment."""
    before = writing.set(True)  # SQLite: the one writer is we
    try:
        with db.engine.connect() as plain:
            connection = plain
            if plain.dialect.name == "postgresql":
                connection = plain.execution_options(isolation_level="REPEATABLE READ")
            try:
                _keep_writers_out(connection)
            except sa.exc.OperationalError as error:
                raise RuleError(_("Somebody is writing. End the desk on every machine, then try again.")) from error
            yield connection
            connection.rollback()
    finally:
        writing.reset(before)


def _keep_writers_out(connection: sa.Connection) -> None:
    """SQLite: BEGIN IMMEDIATE, which waits as long as any writer of the desk does. PostgreSQL: SHARE locks, at once."""
    if connection.dialect.name == "postgresql":
        for table in tables.in_order():
            statement = pg.SQL("LOCK TABLE {} IN SHARE MODE NOWAIT").format(pg.Identifier(table.name))
            connection.exec_driver_sql(statement.as_string(None))
    connection.execute(sa.select(AuditHead.__table__.c.count)).first()


def create(path: Path) -> dict[str, Any]:
    """Write a backup and return its manifest. The file appears under its name only when it is whole.

    RuleError where the folder cannot be written or the disk is full.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            os.chmod(part, 0o600)
            manifest = _write(file)
            file.flush()
            os.fsync(file.fileno())
        check(part)
        os.replace(part, path)
    except OSError as error:
        raise RuleError(_("The backup could not be written: %(why)s", why=error.strerror or error)) from error
    finally:
        part.unlink(missing_ok=True)
    return manifest


def _write(file: IO[bytes]) -> dict[str, Any]:
    """The stream: a head line, per table its columns and rows, and the manifest as the last line."""
    with (snapshot() as connection, vault.Writer(file, current_app.config["CAREDESK_ENCRYPTION_KEY"]) as sealed,
          gzip.GzipFile(fileobj=sealed, mode="wb", compresslevel=5, mtime=0) as out):
        head = connection.execute(sa.select(AuditHead.__table__)).mappings().first()
        manifest: dict[str, Any] = {
            "made": utcnow().isoformat(), "revision": revision(connection), "tables": {},
            "anchor": {"count": head["count"], "hash": head["hash"]} if head else None}
        for table in tables.in_order():
            _line(out, {"table": table.name, "columns": [column.name for column in table.columns]})
            passing = tables.Sum()
            for line in passing.over(tables.lines(connection, table)):
                out.write(line.encode() + b"\n")
            manifest["tables"][table.name] = passing.result
        _line(out, {"manifest": manifest})
    return manifest


def _line(out: gzip.GzipFile, content: dict[str, Any]) -> None:
    out.write(json.dumps(content, ensure_ascii=False).encode() + b"\n")


# ---------------------------------------------------------------- reading


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise RuleError(_("The backup %(path)s cannot be read: %(why)s", path=path.name,
                          why=error.strerror or error)) from error


def read(path: Path) -> Iterator[tuple[str, list[str], Iterator[str]] | dict[str, Any]]:
    """Per table (name, columns, lines), and the manifest at the end. RuleError where the file is damaged.

    The lines of a table must be read before the next table is asked for.
    """
    key = current_app.config["CAREDESK_ENCRYPTION_KEY"]
    with (_open(path) as file, gzip.GzipFile(fileobj=vault.Reader(file, key)) as packed,
          io.BufferedReader(packed, vault.PIECE) as plain):  # type: ignore[type-var]
        waiting: list[dict[str, Any]] = []

        def rows() -> Iterator[str]:
            for line in plain:
                if line.startswith(b"{"):
                    waiting.append(json.loads(line))
                    return
                yield line.decode().rstrip("\n")

        try:
            waiting.append(json.loads(next(plain)))
            while waiting:
                head = waiting.pop()
                if "manifest" in head:
                    yield head["manifest"]
                    return
                source = rows()
                yield head["table"], head["columns"], source
                for _rest in source:
                    pass
        except (EOFError, gzip.BadGzipFile, StopIteration, ValueError) as error:
            raise RuleError(_("The backup is damaged.")) from error
        raise RuleError(_("The backup is damaged."))


def check(path: Path) -> dict[str, Any]:
    """Read a whole backup and compare every count and checksum; returns its manifest. RuleError where one differs."""
    found: dict[str, Any] = {}
    for part in read(path):
        if isinstance(part, dict):
            if part["tables"] != found:
                raise RuleError(_("The backup is damaged: its checksums do not fit."))
            return part
        name, _columns, source = part
        passing = tables.Sum()
        for _line_read in passing.over(source):
            pass
        found[name] = passing.result
    raise RuleError(_("The backup is damaged."))


def restore(path: Path, told: Told = lambda _name, source: source) -> dict[str, Any]:
    """Load a backup into an empty database; all of it or nothing. Returns the manifest.

    The whole file is checked first; `told` sees the lines of each table pass by. RuleError where the file is damaged,
    of another version, or the place is not empty.
    """
    manifest = check(path)
    with db.engine.begin() as connection:
        here = revision(connection)
        if manifest["revision"] != here:
            raise RuleError(_("The backup has the schema %(theirs)s, this program %(ours)s. Restore it with the "
                              "version that made it, then upgrade.", theirs=manifest["revision"], ours=here))
        if not tables.is_empty(connection):
            raise RuleError(_("The database is not empty. Restore into a new one: set CAREDESK_DATABASE_URL."))
        with loading.into(connection):
            for part in read(path):
                if not isinstance(part, dict):
                    name, columns, source = part
                    if name in db.metadata.tables:
                        loading.load(connection, db.metadata.tables[name], told(name, source), columns)
        if tables.sums(connection) != manifest["tables"]:
            raise RuleError(_("What was restored differs from the backup. Nothing was kept."))
    return manifest


def nightly(folder: Path, keep: int = KEEP) -> Path:
    """Make the backup of the night and take away the oldest beyond `keep`; returns the new file."""
    path = folder / f"caredesk-{utcnow():%Y%m%d-%H%M%S}{SUFFIX}"
    create(path)
    for old in sorted(folder.glob(f"caredesk-*{SUFFIX}"))[:-keep]:
        old.unlink(missing_ok=True)
    return path


def latest(folder: Path) -> Path | None:
    """The newest backup in a folder, or None."""
    found = sorted(folder.glob(f"caredesk-*{SUFFIX}"))
    return found[-1] if found else None
