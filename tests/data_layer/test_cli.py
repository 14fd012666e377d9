"""The commands, called as an administrator calls them: what they do, what they say, how they end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import xlsxwriter
from click.testing import CliRunner, Result
from flask import Flask

from admin_app import access, anchors, audit, create_app, database, passwords, starting
from admin_app.database import db
from admin_app.models import AuditEntry, AuditHead, Customer, Role, SignIn, Store, Team, User, Visit
from tests.conftest import settings
from tests.factories import make_customer

GOOD = "ein-langes-kennwort-77"
Command = Callable[..., Result]


def runner_of(app: Flask) -> Command:
    """Runs `flask …` in an application, with a line on standard input."""

    def run(*words: str, typed: str = "") -> Result:
        return CliRunner().invoke(app.cli, words, input=typed + "\n" if typed else "", prog_name="flask", obj=None)

    return run


@pytest.fixture
def run(app: Flask) -> Command:
    return runner_of(app)


@pytest.fixture
def new_app(tmp_path: Path) -> Iterator[Flask]:
    """An application whose database does not exist yet, in its context."""
    app = create_app(settings(tmp_path, f"sqlite:///{tmp_path / 'caredesk.db'}"))
    with app.app_context():
        access.set_actor(db.session, access.Actor(name="test", system="test", store_ids=None))
        yield app
        db.session.rollback()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def little_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo store with a handful of customers."""
    from seeds.demo import make

    monkeypatch.setattr("seeds.demo.make", lambda session, now: make(session, now, customers=30, closed_months=0))


def person(username: str) -> User | None:
    """The account as it stands in the database."""
    db.session.expire_all()
    return db.session.scalars(access.ungated(sa.select(User).where(User.username == username))).one_or_none()


def count(model: Any) -> int:
    return int(db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0)


def refused(result: Result, *words: str) -> None:
    """The command ended with 1 and one sentence on stderr, nothing else."""
    assert result.exit_code == 1, result.output
    assert result.stdout == "" and "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr


# ---------------------------------------------------------------- user


def test_user_add_makes_an_account_that_can_sign_in(run: Command, sign_in: Any) -> None:
    result = run("user", "add", "newadmin", "--role", "administrator", "--store", "S1", "--password-stdin", typed=GOOD)
    assert result.exit_code == 0, result.output
    made = person("newadmin")
    assert made is not None and made.role.code == "administrator" and made.store.code == "S1"
    assert not made.must_change_password and not made.group_wide
    assert sign_in("newadmin", GOOD).get("/account/agreement").status_code == 200


def test_user_add_without_a_password_hands_one_out_that_must_be_changed(run: Command) -> None:
    result = run("user", "add", "xiaoli", "--role", "销售顾问", "--store", "S2", "--full-name", "李晓",
                 "--team", "新组")
    made = person("xiaoli")
    assert made is not None and made.must_change_password and made.name == "李晓"
    assert made.team.name == "新组" and made.team.department == "sales"
    assert passwords.right_password(made, result.stdout.split()[-1].rpartition("：")[2].rpartition(": ")[2])


@pytest.mark.parametrize(("words", "typed", "said"), [
    (("add", "sales_manager", "--role", "auditor", "--store", "S1", "--password-stdin"), GOOD, "sales_manager"),
    (("add", "SALES_MANAGER", "--role", "auditor", "--store", "S1", "--password-stdin"), GOOD, "sales_manager"),
    (("add", "a b", "--role", "auditor", "--store", "S1", "--password-stdin"), GOOD, ""),
    (("add", "fresh", "--role", "pilot", "--store", "S1", "--password-stdin"), GOOD, "administrator"),
    (("add", "fresh", "--role", "auditor", "--store", "S7", "--password-stdin"), GOOD, "S1, S2"),
    (("add", "fresh", "--role", "auditor", "--password-stdin"), GOOD, "--store"),
    (("add", "fresh", "--role", "auditor", "--store", "S1", "--password-stdin"), "short", "10"),
    (("add", "fresh", "--role", "auditor", "--store", "S1", "--password-stdin"), passwords.DEMO_PASSWORD, ""),
    (("add", "fresh", "--role", "auditor", "--store", "S1", "--password-stdin"), "", ""),
    (("reset-password", "nobody"), "", "nobody")])
def test_user_refuses_with_a_sentence(run: Command, words: tuple[str, ...], typed: str, said: str) -> None:
    before = count(User)
    refused(run("user", *words, typed=typed), said)
    assert count(User) == before


def test_reset_password_signs_out_everywhere_and_asks_for_a_new_one(run: Command, sign_in: Any, cast: Any) -> None:
    client = sign_in(cast.marketing)
    assert count(SignIn) == 1
    result = run("user", "reset-password", "marketing")
    assert result.exit_code == 0
    changed = person("marketing")
    assert changed is not None and changed.must_change_password and count(SignIn) == 0
    assert "/login" in client.get("/admin/").headers["Location"]


def test_what_the_command_line_does_stands_in_the_audit_log(run: Command) -> None:
    run("user", "add", "logged", "--role", "auditor", "--store", "S1", "--password-stdin", typed=GOOD)
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.table == "user").order_by(
        AuditEntry.seq.desc())).first()
    assert entry is not None and entry.label == "logged" and "command line" in entry.actor_name
    assert GOOD not in json.dumps(entry.changes) and "argon2" not in json.dumps(entry.changes)


# ---------------------------------------------------------------- staff import


def write_csv(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n", encoding="gb18030")
    return path


def test_staff_import_makes_accounts_teams_and_passwords(run: Command, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "员工.csv", "员工花名册,,,,", "姓名,用户名,岗位,部门,手机号,入职日期",
                     "赵一,zhaoyi,销售顾问,展厅三组,138 0013 8000,2024/3/1", "钱二,,销售经理,展厅三组,,",
                     "孙三,,客服专员,,13900139000,")
    target = tmp_path / "passwords.csv"
    result = run("staff", "import", str(file), "--store", "S2", "--passwords", str(target))
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"read": 3, "created": 3, "unchanged": 0, "teams": 1}
    first, manager = person("zhaoyi"), person("qianer")
    assert first is not None and manager is not None
    assert first.phone == "+8613800138000" and first.hired_on.isoformat() == "2024-03-01" and first.must_change_password
    assert first.team.manager_id == manager.id  # a team without its manager would be nobody's
    specialist = person("sunsan")
    assert specialist is not None and specialist.role.code == "care_specialist"
    lines = target.read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 4 and target.stat().st_mode & 0o077 == 0
    assert passwords.right_password(first, next(line for line in lines if line.startswith("zhaoyi")).split(",")[2])


def test_staff_import_reads_excel_and_a_second_time_changes_nothing(run: Command, tmp_path: Path) -> None:
    file = tmp_path / "staff.xlsx"
    book = xlsxwriter.Workbook(file)
    sheet = book.add_worksheet()
    for number, row in enumerate([("员工姓名", "账号", "职位", "门店"), ("周新", "zhouxin", "市场专员", "城北店"),
                                  ("周新", "", "市场专员", "S2")]):
        sheet.write_row(number, 0, row)
    book.close()
    first, second = run("staff", "import", str(file)), run("staff", "import", str(file))
    assert json.loads(first.stdout.splitlines()[0])["created"] == 1
    assert "zhouxin" in first.stdout.splitlines()[2]
    assert json.loads(second.stdout) == {"read": 2, "created": 0, "unchanged": 2, "teams": 0}


def test_staff_import_takes_all_rows_or_none(run: Command, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "x.csv", "姓名,岗位,部门", "李四,销售顾问,全新组", "王五,飞行员,", ",销售顾问,",
                     "赵六,,")
    people, teams = count(User), count(Team)
    result = run("staff", "import", str(file), "--store", "S1")
    refused(result, "3", "飞行员", "4", "5")
    assert (count(User), count(Team)) == (people, teams)


def test_staff_import_refuses_files_it_cannot_use(run: Command, tmp_path: Path) -> None:
    refused(run("staff", "import", str(tmp_path / "none.xlsx")), "none.xlsx")
    refused(run("staff", "import", str(write_csv(tmp_path / "y.csv", "甲,乙", "1,2"))))
    good = write_csv(tmp_path / "z.csv", "姓名,岗位", "李四,销售顾问")
    taken = write_csv(tmp_path / "taken.csv", "old")
    refused(run("staff", "import", str(good), "--store", "S1", "--passwords", str(taken)), "taken.csv")
    assert person("lisi") is None


# ---------------------------------------------------------------- init, start-store


def test_init_empty_makes_roles_rules_and_one_store_and_no_people(new_app: Flask) -> None:
    run = runner_of(new_app)
    first, again = run("init", "--empty"), run("init", "--empty")
    assert (first.exit_code, again.exit_code) == (0, 0), first.output
    assert (count(Store), count(User), count(Role)) == (1, 0, 10)
    assert run("check").exit_code == 0
    refused(run("init", "--demo"))
    refused(run("init", "--demo", "--empty"))
    added = run("user", "add", "boss", "--role", "administrator", "--password-stdin", typed=GOOD)
    assert added.exit_code == 0, added.output  # one store: --store may be left out


@pytest.mark.usefixtures("little_demo")
def test_init_demo_makes_the_demo(new_app: Flask) -> None:
    result = runner_of(new_app)("init", "--demo")
    assert result.exit_code == 0 and "care_specialist" in result.stdout
    assert count(Customer) == 30 and starting.is_demo(db.session)


@pytest.mark.usefixtures("little_demo")
def test_start_store_moves_the_demo_aside_and_begins_empty(new_app: Flask, tmp_path: Path) -> None:
    run = runner_of(new_app)
    run("init", "--demo")
    anchors.keep(db.session)
    db.session.commit()
    result = run("start-store", "--name", "鑫盛店", "--code", "X1", "--admin", "boss", "--password-stdin", typed=GOOD)
    assert result.exit_code == 0, result.output
    assert [(store.code, store.name, store.demo) for store in db.session.scalars(sa.select(Store))] == [
        ("X1", "鑫盛店", False)]
    boss = person("boss")
    assert count(User) == 1 and count(Customer) == 0 and boss is not None and boss.role.code == "administrator"
    assert passwords.right_password(boss, GOOD)
    aside = list(tmp_path.glob("caredesk-demo-*.db"))
    assert len(aside) == 1
    kept = sa.create_engine(f"sqlite:///{aside[0]}")
    with kept.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(Customer.__table__)).scalar() == 30
    kept.dispose()
    assert run("audit", "verify").exit_code == 0  # the demo's anchors went with it
    refused(run("start-store", "--name", "另一店", "--code", "X2", "--admin", "boss2"))
    assert count(Store) == 1


@pytest.mark.usefixtures("little_demo")
def test_start_store_refuses_while_somebody_uses_the_demo(new_app: Flask, tmp_path: Path) -> None:
    run = runner_of(new_app)
    run("init", "--demo")
    other = database.sqlite_module.connect(str(tmp_path / "caredesk.db"))
    other.execute("SELECT id FROM store").fetchall()
    refused(run("start-store", "--name", "鑫盛店", "--code", "X1", "--admin", "boss"), "Ctrl-C")
    other.close()
    assert list(tmp_path.glob("caredesk-demo-*.db")) == []


def test_start_store_refuses_a_weak_password_before_it_moves_anything(new_app: Flask, tmp_path: Path) -> None:
    run = runner_of(new_app)
    refused(run("start-store", "--name", "鑫盛店", "--code", "X1", "--admin", "boss", "--password-stdin", typed="weak"))
    refused(run("start-store", "--name", " ", "--code", "X1", "--admin", "boss", "--password-stdin", typed=GOOD))
    assert not (tmp_path / "caredesk.db").exists() or not starting.has_tables()


def test_start_store_takes_over_the_empty_store_of_a_first_start(new_app: Flask) -> None:
    run = runner_of(new_app)
    run("init", "--empty")
    result = run("start-store", "--name", "鑫盛店", "--code", "X1", "--admin", "boss")
    assert result.exit_code == 0, result.output
    assert [(store.code, store.name) for store in db.session.scalars(sa.select(Store))] == [("X1", "鑫盛店")]
    boss = person("boss")
    assert boss is not None and boss.must_change_password and boss.group_wide


def test_start_store_leaves_a_real_store_alone(run: Command) -> None:
    people = count(User)
    refused(run("start-store", "--name", "鑫盛店", "--code", "X1", "--admin", "boss"), "CAREDESK_DATABASE_URL")
    assert (count(User), count(Store)) == (people, 2)


# ---------------------------------------------------------------- check, audit verify


def test_audit_verify_finds_a_changed_entry(run: Command, session: Any, cast: Any) -> None:
    make_customer(session, owner=cast.sales_consultant)
    session.commit()
    assert run("audit", "verify").exit_code == 0
    table = AuditEntry.__table__
    session.connection().execute(sa.update(table).where(table.c.seq == 3).values(label="changed"))
    session.commit()
    result = run("audit", "verify")
    assert result.exit_code == 1 and "3" in result.stderr
    check = run("check")
    assert check.exit_code == 1 and "audit" in check.stderr


def test_audit_verify_finds_a_tail_that_was_cut_off(run: Command, session: Any, cast: Any) -> None:
    make_customer(session, owner=cast.sales_consultant)
    session.commit()
    kept = anchors.keep(session)
    assert kept is not None and anchors.keep(session) is None  # the chain has not grown
    try:
        table, head = AuditEntry.__table__, AuditHead.__table__
        last = kept["count"]
        before = session.connection().execute(sa.select(table.c.hash).where(table.c.seq == last - 1)).scalar_one()
        session.connection().execute(sa.delete(table).where(table.c.seq == last))
        session.connection().execute(sa.update(head).values(count=last - 1, hash=before))
        session.commit()
        assert audit.verify(session.connection()) == []  # without the anchor nobody would see it
        assert run("audit", "verify").exit_code == 1
    finally:
        anchors.path().unlink()


def test_a_broken_line_among_the_anchors_is_left_out(app: Flask, session: Any) -> None:
    anchors.keep(session)
    try:
        with anchors.path().open("a", encoding="utf-8") as file:
            file.write('{"count": 9')
        assert len(anchors.kept()) == 1
    finally:
        anchors.path().unlink()


def test_check_says_that_migrations_are_missing(run: Command) -> None:
    result = run("check")  # the tables of the tests are made without migrations
    assert result.exit_code == 1 and "db upgrade" in result.stderr
    assert "ok    database" in result.stdout and "ok    SQLite" in result.stdout


# ---------------------------------------------------------------- demo


def test_demo_adds_rows_for_measuring(new_app: Flask) -> None:
    result = runner_of(new_app)("demo", "--customers", "60", "--visits", "150", "--staff", "12", "--seed", "5")
    assert result.exit_code == 0, result.output
    assert (count(Customer), count(Visit), count(User)) == (60, 150, 12)
    again = runner_of(new_app)("demo", "--customers", "10", "--staff", "12")
    assert again.exit_code == 0, again.output
    assert count(Customer) == 70


def test_demo_leaves_a_real_store_alone(run: Command) -> None:
    before = count(Customer)
    refused(run("demo", "--customers", "5"))
    assert count(Customer) == before
