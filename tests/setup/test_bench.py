"""The bench runs, and what it measures is right: a small store, few requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import client, kept, load, main, measure, report, stores
from bench.facts import Facts, connected
from bench.tasks import TASKS, Task, csv_rows, holds, led_to

PAGE = ('<form><input name="a" value="1 &amp; 2"><input type="checkbox" name="b" value="y"><input type="checkbox" '
        'name="c" value="y" checked><input type="submit" name="d"><textarea name="e">\n\nx</textarea><select name="f">'
        '<option value="1">A</option><option value="2" selected>B</option></select>'
        '<input type="radio" name="g" value="1"></form>')


def test_a_small_store_is_measured_and_every_task_answers_right(
        tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "STAFF", 40)
    monkeypatch.setattr(measure, "IN_A_SERIES", 1)
    monkeypatch.setattr(main.stress, "SECONDS", 0.2)
    monkeypatch.setattr(measure, "WARM", 0)
    status = main.main(["--scale", "0.0004", "--databases", "sqlite", "--data", str(tmp_path), "--series", "1",
                        "--workers", "1", "--report", str(tmp_path / "speed.md")])
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


def test_what_grows_is_measured_beside_a_small_store(
        tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "STAFF", 20)
    monkeypatch.setattr(main, "SMALL", 0.0001)
    monkeypatch.setattr(measure, "IN_A_SERIES", 1)
    monkeypatch.setattr(measure, "WARM", 0)
    status = main.main(["--scale", "0.0003", "--databases", "sqlite", "--data", str(tmp_path), "--series", "1",
                        "--workers", "1", "--growth", "--tasks", "an edit"])
    said = capsys.readouterr()
    assert status == 0, said.err
    assert "| save an edit | sqlite |" in said.err.split("## Growth")[1]
    assert [line.split("\t")[0] for line in said.out.splitlines()] == ["save an edit"]
    assert not list((tmp_path / "sqlite").glob("run_*"))
    assert len(list((tmp_path / "sqlite").glob("desk_*.db"))) == 2


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
        small=[report.Line("slow", "sqlite", 4, median=1, size=10),
               report.Line("slow", "postgresql", 4, median=3, size=10)])
    told = report.show(found)
    assert told.count("**missed**") == 3  # nine floors, three times PostgreSQL, nine times as slow as small
    assert "| slow | postgresql | 3.0 | 3.0 | 1.00 |" in told


def test_every_task_of_the_table_has_a_floor_and_a_bound() -> None:
    measured = [task for task in TASKS if task.allowed]
    assert len(measured) == 13 and all(task.floor and task.floor_check for task in measured)
    assert all(isinstance(task, Task) and (task.ready is not None) == task.writes for task in TASKS)


def test_people_at_work_lose_nothing(
        tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "THINKING", 0.05)
    monkeypatch.setattr(load, "ROLES", {"sales_consultant": 4, "care_specialist": 2})
    monkeypatch.setattr(stores, "STAFF", 20)
    load.main(["--data", str(tmp_path), "--scale", "0.0003", "--people", "6", "--minutes", "0.02", "--workers", "1"])
    said = capsys.readouterr()
    assert "nothing lost" in said.err and " 0 errors" in said.err, said.err
    assert sum(int(line.split("\t")[1]) for line in said.out.splitlines()) >= 6 * load.LEAST


def test_what_was_lost_is_found(tmp_path: Path) -> None:
    """An acknowledged visit that is not there, one that is there twice, a last contact that is not of a visit."""
    url = f"sqlite:///{tmp_path / 'store.db'}"
    with connected(url) as db:
        for statement in (
                "CREATE TABLE visit (id, customer_id, content, at, state, result, deleted_at, staff_id)",
                "CREATE TABLE customer (id, last_contact_at, next_contact_on)",
                "CREATE TABLE followup (customer_id, due_on, state, deleted_at)",
                'CREATE TABLE audit_entry (row_id, "table", changes)',
                "INSERT INTO customer VALUES (1, '2026-01-01', NULL)",
                "INSERT INTO visit VALUES (1, 1, '负载 1-1', '2026-01-02', 'done', 'solved', NULL, 3)",
                "INSERT INTO visit VALUES (2, 1, '负载 1-2', '2026-01-01', 'done', 'solved', NULL, 3)",
                "INSERT INTO visit VALUES (3, 1, '负载 1-2', '2026-01-01', 'done', 'solved', NULL, 3)"):
            db.rows(statement)
        db.connection.commit()
        assert kept.visits_lost(db, {"负载 1-1": 1}) == ["visit 负载 1-2 is there 2 times"]
        assert kept.visits_lost(db, {"负载 9-9": 1})[0] == "visit 负载 9-9 is there 0 times"
        assert kept.edits_lost(db, {"负载 1-3": 1}) == ["edit 负载 1-3 of customer 1 is not in the change record"]
        assert kept.miscounted(db) == ["last contact of customer 1 is not that of its visits"]
