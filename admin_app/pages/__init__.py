"""The hand-made screens, one file a job."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from flask import Flask

PAGES = ("sign_in", "account", "break_glass", "home", "followups", "visit_log", "customer", "consent", "search",
         "reveal", "complaints", "campaign", "scores", "imports", "duplicates", "merging", "quality", "recycle",
         "requests", "prints", "notifications", "photos", "jobs", "health", "handover", "pool", "team_work",
         "calendar", "lead_intake", "visit_plan", "coverage", "coaching")


def register(app: Flask) -> None:
    """Register every page."""
    for name in PAGES:
        if find_spec(f"admin_app.pages.{name}"):
            import_module(f"admin_app.pages.{name}").register(app)
