"""What is written for people is true: settings, commands, jobs, files and pictures that are named exist, and none
that exists is left out."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest
from flask import Flask

from admin_app import jobs, settings, starting
from admin_app.settings import SETTINGS
from tests.conftest import KEY

ROOT = Path(__file__).resolve().parent.parent
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
WRITTEN = [ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
# Commands of Flask and its extensions, for developers.
THEIRS = {"db", "run", "shell", "routes", "limiter"}


@pytest.mark.parametrize("name", [setting.name for setting in SETTINGS])
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in OPERATIONS


@pytest.mark.parametrize("name", [job.name for job in jobs.JOBS])
def test_every_job_is_documented(name: str) -> None:
    assert f"| `{name}` |" in OPERATIONS


def commands(group: click.Group, before: str = "") -> dict[str, click.Command]:
    """Every command below a group by its full name, such as "user add"."""
    found: dict[str, click.Command] = {}
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            found |= commands(command, f"{before}{name} ")
        elif command is not None:
            found[before + name] = command
    return found


def test_every_command_is_documented(app: Flask) -> None:
    ours = {name for name in commands(app.cli) if name.split()[0] not in THEIRS}
    table = OPERATIONS.split("## Commands")[1].split("\n## ")[0]
    assert {name for name in ours if f"`{name}" not in table} == set()


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_every_command_line_that_is_named_can_be_typed(app: Flask, path: Path) -> None:
    """The command is there, and so is each of its options."""
    known, wrong = commands(app.cli), []
    for line in re.findall(r"flask --app wsgi ([a-z][^`\n]*)", path.read_text(encoding="utf-8")):
        words = shlex.split(line)
        command = known.get(" ".join(words[:2])) or known.get(words[0])
        options = {option for one in command.params for option in one.opts} if command else set()
        wrong += [line] if command is None else [f"{line}: {word}" for word in words
                                                 if word.startswith("--") and word not in options]
    assert wrong == []


def test_a_relative_instance_folder_lies_in_the_program_s_folder() -> None:
    """As the rehearsal of a restore has it."""
    given = {"CAREDESK_INSTANCE": "rehearsal", "CAREDESK_DATABASE_URL": "sqlite://", "CAREDESK_SECRET_KEY": "s" * 16,
             "CAREDESK_ENCRYPTION_KEY": KEY}
    assert settings.load(given)["CAREDESK_INSTANCE"] == str(ROOT / "rehearsal")
    assert settings.load(given | {"CAREDESK_INSTANCE": str(ROOT.parent)})["CAREDESK_INSTANCE"] == str(ROOT.parent)


@pytest.mark.parametrize("role", sorted(starting.read_seed("roles.yaml")))
def test_every_role_is_in_the_readme(role: str) -> None:
    assert f"`{role}`" in README
    assert f"`{role}`" in CHINESE


def test_each_read_me_shows_pictures_that_are_small_and_all_are_shown() -> None:
    from docs.pictures import FOLDER, PICTURES

    there = {path.name: path.stat().st_size for path in FOLDER.iterdir()}
    assert set(there) == {f"{picture[0]}.png" for picture in PICTURES}
    assert max(there.values()) < 300_000 and sum(there.values()) < 2_000_000
    for text in (README, CHINESE):
        assert set(re.findall(r"!\[[^]]+\]\(docs/pictures/([\w-]+\.png)\)", text)) == set(there)


def test_where_things_live_is_a_table_that_names_files_in_every_row() -> None:
    for text, heading in ((README, "## Where things live"), (CHINESE, "## 东西在哪里")):
        rows = [line for line in text.split(heading)[1].split("\n## ")[0].splitlines() if line.startswith("| ")][1:]
        assert 7 <= len(rows) <= 10
        assert [row for row in rows if not re.search(r"`(admin_app|seeds|tests|docs|migrations)/", row)] == []


def test_every_file_that_the_documents_name_is_there() -> None:
    missing = []
    for path in WRITTEN:
        text = path.read_text(encoding="utf-8")
        linked = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
        missing += [link for link in linked if not (path.parent / link).exists()]
        named = re.findall(r"`((?:admin_app|seeds|tests|docs|migrations)/[\w./*-]+)`", text)
        missing += [name for name in named if not list(ROOT.glob(name.rstrip("/")))]
    assert missing == []


def test_no_text_in_the_repository_names_a_place_on_somebody_s_machine() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    tracked = listed.stdout.split("\n")
    wanted = (".py", ".md", ".html", ".js", ".css", ".yaml", ".toml", ".txt", ".ini", "Makefile", ".ci/run")
    place = re.compile("/(" + "|".join(("work", "root", "farm", "tmp")) + ")/")
    found = [name for name in tracked if name.endswith(wanted) and (ROOT / name).is_file()
             and place.search((ROOT / name).read_text(encoding="utf-8", errors="replace"))]
    assert found == []
