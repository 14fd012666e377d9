"""What is written for people is true: settings, commands, jobs, files and pictures that are named exist, and none
that exists is left out."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import click
import pytest
from flask import Flask

from admin_app import jobs, starting
from admin_app.settings import SETTINGS

ROOT = Path(__file__).resolve().parent.parent
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
# Commands of Flask and its extensions, for developers.
THEIRS = {"db", "run", "shell", "routes", "limiter"}


@pytest.mark.parametrize("name", [setting.name for setting in SETTINGS])
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in OPERATIONS


@pytest.mark.parametrize("name", [job.name for job in jobs.JOBS])
def test_every_job_is_documented(name: str) -> None:
    assert f"| `{name}` |" in OPERATIONS


def test_every_command_is_documented_and_no_other(app: Flask) -> None:
    ours = {name for name in app.cli.list_commands(click.Context(app.cli)) if name not in THEIRS}
    table = OPERATIONS.split("## Commands")[1].split("##")[0]
    assert {name for name in ours if f"`{name}" not in table} == set()
    named = set(re.findall(r"flask --app wsgi ([a-z-]+)", OPERATIONS + README))
    assert named - ours - THEIRS == set()


@pytest.mark.parametrize("role", sorted(starting.read_seed("roles.yaml")))
def test_every_role_is_in_the_readme(role: str) -> None:
    assert f"`{role}`" in README


def test_every_file_that_the_documents_name_is_there() -> None:
    missing = []
    for path in [ROOT / "README.md", ROOT / "README.zh-CN.md", *(ROOT / "docs").rglob("*.md")]:
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
