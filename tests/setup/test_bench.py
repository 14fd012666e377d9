"""The bench runs, and what it measures is right: a small store, few requests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench import client, main, measure, report, stores
from bench.facts import Facts
from bench.tasks import TASKS, Task, csv_rows, holds, led_to

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ('<form><input name="a" value="1 &amp; 2"><input type="checkbox" name="b" value="y"><input type="checkbox" '
        'name="c" value="y" checked><input type="submit" name="d"><textarea name="e">\n\nx</textarea><select name="f">'
        '<option value="1">A</option><option value="2" selected>B</option></select><input type="radio" name="g" value="1">'
        "</form>")


def test_a_small_store_is_measured_and_every_task_answers_right(
        tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "STAFF", 40)
    monkeypatch.setattr(measure, "IN_A_SERIES", 1)
    monkeypatch.setattr(main.stress, "SECONDS", 0.2)
    status = main.main(["--scale", "0.0004", "--databases", "sqlite", "--data", str(tmp_path), "--series", "1",
                        "--report", str(tmp_path / "speed.md")])
    said = capsys.readouterr()
    assert status == 0, said.err
    lines = [line.split("\t") for line in said.out.splitlines()]
    assert [line[:2] for line in lines] == [[task.name, "sqlite"] for task in TASKS]
    for _task, _database, median, p95, statements in lines:
        assert 0 < float(median) <= float(p95) and int(statements) > 0
    told = (tmp_path / "speed.md").read_text(encoding="utf-8")
    assert "list at 8 connections" in told and all(task.name in told for task in TASKS)
    assert not list((tmp_path / "sqlite").glob("run_*"))  # the copy is gone, the store is kept
    assert len(list((tmp_path / "sqlite").glob("desk_400_1_*.db"))) == 1


def test_a_wrong_answer_is_told_and_never_timed() -> None:
    wrong = client.Answer(200, {}, '<th scope="row">王建国'.encode(), 1.0)
    facts = Facts.__new__(Facts)
    assert holds(lambda given: 1, lambda given: "王建国")(wrong, facts) == ""
    assert holds(lambda given: 2)(wrong, facts) == "1 rows instead of 2"
    assert holds(lambda given: 1, lambda given: "李")(wrong, facts) == "without 李"
    assert led_to("saved=")(wrong, facts) == "status 200"
    assert led_to("saved=")(client.Answer(302, {"location": "/x?saved=1"}, b"", 1.0), facts) == ""
    facts.exported = 2
    assert csv_rows(client.Answer(200, {}, b"id\r\n1\r\n2\r\n", 1.0), facts) == ""
    assert csv_rows(client.Answer(200, {}, b"id\r\n1\r\n", 1.0), facts) == "1 rows instead of 2"
    line = report.Line("list", "sqlite", 4, fault="status 500")
    assert line.text() == "list\tsqlite\t-\t-\t0"


def test_the_lowest_median_counts_and_the_slowest_shows() -> None:
    times = measure.Times(series=[[9, 1, 5, 7, 3], [2, 2, 8, 30, 1]])
    assert times.median == 2 and times.p95 == 30


def test_a_form_is_sent_as_a_browser_sends_it() -> None:
    assert client.form_of(PAGE, 'name="a"') == [("a", "1 & 2"), ("c", "y"), ("e", "\nx"), ("f", "2")]


def test_what_is_missed_is_marked() -> None:
    found = report.Report(1, 1, lines=[
        report.Line("slow", "sqlite", 4, median=9, p95=9, cpu=9, floor=1, floor_cpu=1, size=10),
        report.Line("slow", "postgresql", 4, median=3, p95=3, cpu=3, floor=1, floor_cpu=1, size=10)],
        small=[report.Line("slow", "sqlite", 4, median=1, size=10), report.Line("slow", "postgresql", 4, median=3, size=10)])
    told = report.show(found)
    assert told.count("**missed**") == 3  # nine floors, three times PostgreSQL, nine times as slow as small
    assert "| slow | postgresql | 3.0 | 3.0 | 1.00 |" in told


def test_every_task_of_the_table_has_a_floor_and_a_bound() -> None:
    measured = [task for task in TASKS if task.allowed]
    assert len(measured) == 13 and all(task.floor and task.floor_check for task in measured)
    assert all(isinstance(task, Task) and (task.ready is not None) == task.writes for task in TASKS)


def test_ten_people_at_work_lose_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.load", "--data", str(tmp_path), "--scale", "0.0003", "--people", "10",
               "--minutes", "0.15", "--workers", "1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert "nothing lost" in done.stderr and " 0 errors" in done.stderr, done.stderr
    assert {line.split("\t")[0] for line in done.stdout.splitlines()} & {"list", "log a visit", "customer page"}
