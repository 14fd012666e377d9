"""The house keeps its shape: imports point one way, every table has its rights, no road goes round the gate."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from admin_app import scope, starting
from admin_app.models import MODELS

ROOT = Path(__file__).resolve().parent.parent
CODE = sorted((ROOT / "admin_app").rglob("*.py"))
SCREENED = [model for model in MODELS if model.__tablename__ not in scope.INTERNAL - {"audit_entry", "access_log"}]

# A room may import the rooms to its right, never the other way round (DESIGN, "The house").
OUTER = ("pages", "views", "desk", "jobs", "cli", "menu", "people", "web", "serving")
ARROWS = {
    "rules": (*OUTER, "look", "importing", "exporting"),
    "models": (*OUTER, "rules", "access", "actors", "audit", "scope", "importing", "exporting"),
    "columns": (*OUTER, "rules", "access", "actors", "audit", "scope", "models"),
    "choices": (*OUTER, "rules", "access", "actors", "audit", "scope", "models", "columns", "database"),
    "scope": (*OUTER, "rules"),
    "actors": (*OUTER, "rules", "access", "audit"),
    "access": (*OUTER, "rules"),
    "audit": (*OUTER, "rules"),
}
# Files that write rows in bulk and write their own audit entry.
BULK_WRITERS = {"audit.py", "sessions.py", "passwords.py", "starting.py", "once.py", "access_log.py", "trail.py",
                "directory.py",  # puts one note of a change in the place of many
                "loading.py",  # fills an empty database from a backup, audit entries included
                "outbox.py",  # what was sent of digests, and what a robot's service answered
                "notifications.py",  # a person's own, no record of the store
                "pieces.py", "running.py"}  # the file of an import and how far it is; its rows have their own entries


def room(path: Path) -> str:
    """rules/complaints/clock.py → rules; models.py → models; cli_import.py → cli."""
    first = path.relative_to(ROOT / "admin_app").parts[0].removesuffix(".py")
    return "cli" if first.startswith("cli") else first


def imports(path: Path) -> set[str]:
    """The rooms that a file names in an import at its top level or inside a function."""
    named: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("admin_app"):
            parts = (node.module or "").split(".")
            named |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            named |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("admin_app.")}
    return {"cli" if name.startswith("cli_") else name for name in named}


@pytest.mark.parametrize("name", ARROWS)
def test_imports_point_one_way(name: str) -> None:
    wrong = {f"{path.name} → {other}" for path in CODE if room(path) == name
             for other in imports(path) & set(ARROWS[name]) if other != name}
    assert not wrong


def test_rules_know_no_flask_app_no_html_no_commit() -> None:
    wrong = []
    for path in CODE:
        if room(path) == "rules":
            text = path.read_text(encoding="utf-8")
            wrong += [f"{path.name}: {word}" for word in ("from flask import", "render_template", ".commit()", "<div")
                      if word in text]
    assert not wrong


def test_every_screened_table_has_a_right_for_every_role() -> None:
    rights = starting.seeded_rights()
    roles = set(starting.read_seed("roles.yaml"))
    missing = {(role, model.__tablename__) for model in SCREENED for role in roles
               if (role, model.__tablename__) not in rights}
    assert not missing


def test_every_declared_column_has_a_label() -> None:
    from admin_app.columns import fields

    bare = [f"{model.__tablename__}.{name}" for model in MODELS for name, _column, field in fields(model)
            if not str(field.label).strip()]
    assert not bare


def test_no_screen_goes_round_the_gate() -> None:
    """`ungated` is for finding out who acts and for facts that a rule decides by; a screen that shows rows never
    uses it, save sign-in, the recycle bin (which asks the gate itself), names of staff, and jobs."""
    allowed = {"sign_in.py", "recycle.py", "complaint_steps.py", "home_parts.py"}
    users = {path.name for path in CODE if room(path) in ("pages", "desk", "views", "menu")
             and "ungated" in path.read_text(encoding="utf-8")}
    assert users <= allowed


def test_no_bulk_statement_without_its_own_audit_entry() -> None:
    bulk = re.compile(r"\b(sa|db)\.(update|delete|insert)\(|bulk_(insert|update|save)|executemany")
    wrong = []
    for path in CODE:
        text = path.read_text(encoding="utf-8")
        if bulk.search(text) and path.name not in BULK_WRITERS and "audit.record(" not in text:
            wrong.append(str(path.relative_to(ROOT)))
    assert not wrong


def test_no_text_of_sql_is_put_together() -> None:
    wrong = [path.name for path in CODE
             if re.search(r"""text\(f["']|execute\(f["']""", path.read_text(encoding="utf-8"))]
    assert not [name for name in wrong if name not in {"models.py", "database.py"}]


def test_nothing_inline_in_the_templates() -> None:
    wrong = []
    for path in (ROOT / "admin_app" / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        if re.search(r"""\son\w+=["']|\sstyle=["']|javascript:|<script(?![^>]*\bsrc=)|\|\s*safe\b""", text):
            wrong.append(path.name)
    assert not wrong


def test_no_address_outside_is_loaded() -> None:
    wrong = []
    for path in [*(ROOT / "admin_app" / "templates").rglob("*.html"), *(ROOT / "admin_app" / "static").rglob("*.*")]:
        outside = r"""(src|href)=["']https?://|url\(["']?https?://|import\(["']https?:"""
        if path.suffix in (".html", ".css", ".js") and re.search(outside, path.read_text(encoding="utf-8")):
            wrong.append(path.name)
    assert not wrong
