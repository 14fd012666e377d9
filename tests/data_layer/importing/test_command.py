"""The command `import`: one JSON line, sentences on stderr, and nothing left behind by a process that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from admin_app import models as m
from admin_app.database import db, sqlite_module
from tests.conftest import KEY

ROOT = Path(__file__).parent.parent.parent.parent
COUNTS = ["read", "created", "updated", "duplicates", "rejected"]


@pytest.fixture
def ledger(tmp_path):
    """A small ledger with a good row, the same again, and a bad one."""
    file = tmp_path / "客户.csv"
    head = "客户总表\n姓名,电话,顾问,生日\n"
    text = head + "王强,13800138001,陌生人,1990-02-30\n王强,13800138001,,\n李梅,139,,\n合计,3人,,\n"
    file.write_text(text, "gb18030")
    return file


@pytest.fixture
def command(app):
    """Run `import` with arguments; the result has exit_code, stdout and stderr."""
    runner = app.test_cli_runner()

    def run(*arguments):
        return runner.invoke(args=["import", *map(str, arguments)])

    return run


def customers():
    table = m.Customer.__table__
    return db.session.connection().execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_it_prints_one_line_of_counts_and_ends_well_in_spite_of_rejects(command, ledger):
    result = command("customers", ledger, "--store", "S1")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) == 1
    counts = json.loads(lines[0])
    assert list(counts) == COUNTS
    assert list(counts.values()) == [3, 1, 0, 1, 1]
    assert customers() == 1
    assert "陌生人 (1)" in result.stderr
    assert "生日" in result.stderr
    again = json.loads(command("customers", ledger, "--store", "S1").stdout)
    assert list(again.values()) == [3, 0, 0, 2, 1]


def test_a_dry_run_prints_the_same_and_writes_nothing(command, ledger, tmp_path):
    errors = tmp_path / "errors.csv"
    result = command("customers", ledger, "--store", "S1", "--dry-run", "--errors", errors)
    assert (result.exit_code, list(json.loads(result.stdout).values())) == (0, [3, 1, 0, 1, 1])
    assert customers() == 0
    assert "李梅,139" in errors.read_text("utf-8-sig")


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_rejected_rows_go_where_errors_says(command, ledger, tmp_path, ending):
    file = tmp_path / f"errors.{ending}"
    assert command("customers", ledger, "--store", "S1", "--errors", file).exit_code == 0
    assert file.read_bytes()[:2] == (b"PK" if ending == "xlsx" else b"\xef\xbb")


@pytest.mark.parametrize(
    "arguments",
    [
        ("customers", "gone.csv", "--store", "S1"),
        ("gifts", "LEDGER", "--store", "S1"),
        ("customers", "LEDGER"),
        ("customers", "LEDGER", "--store", "S9"),
        ("visits", "LEDGER", "--store", "S1"),
        ("customers", "LEDGER", "--store", "S1", "--errors", "errors.txt"),
        ("customers", "LEDGER", "--store", "S1", "--errors", "/no/such/folder/errors.csv"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_changes_nothing(command, ledger, arguments):
    result = command(*(str(ledger) if one == "LEDGER" else one for one in arguments))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert "Traceback" not in result.stderr
    assert customers() == 0


def test_a_killed_import_leaves_nothing_and_can_be_run_again(app, sqlite_home, tmp_path):
    db.session.remove()
    db.engine.dispose()
    file = tmp_path / "big.csv"
    note = "n" * 4_500  # more than the cache of SQLite holds, so that pages are written before the end
    file.write_text(
        "姓名,电话,备注\n" + "".join(f"王{n},138{n:08d},{note}\n" for n in range(12_000)), "utf-8"
    )
    before = rows(sqlite_home.file)
    process = start(sqlite_home.file, file)
    wal = sqlite_home.file.with_name(sqlite_home.file.name + "-wal")
    deadline = time.monotonic() + 60
    while (
        time.monotonic() < deadline
        and process.poll() is None
        and not (wal.exists() and wal.stat().st_size > 500_000)
    ):
        time.sleep(0.01)
    assert process.poll() is None, process.communicate()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert rows(sqlite_home.file) == before
    output, errors = start(sqlite_home.file, file).communicate(timeout=120)
    assert json.loads(output) == dict(zip(COUNTS, [12_000, 12_000, 0, 0, 0], strict=True)), errors
    assert rows(sqlite_home.file)[0] == 12_000


def start(database, file):
    """The command in a process of its own."""
    environment = os.environ | {
        "CAREDESK_DATABASE_URL": f"sqlite:///{database}",
        "CAREDESK_INSTANCE": str(database.parent),
        "CAREDESK_SECRET_KEY": "t" * 32,
        "CAREDESK_ENCRYPTION_KEY": KEY,
        "FLASK_APP": "wsgi",
    }
    words = [sys.executable, "-m", "flask", "import", "customers", str(file), "--store", "S1"]
    return subprocess.Popen(
        words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def rows(database):
    """Customers and audit entries, read by a fresh connection to a sound database."""
    connection = sqlite_module.connect(str(database))
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = ("customer", "audit_entry")
        return [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]
    finally:
        connection.close()
