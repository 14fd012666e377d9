"""The commands: `flask --app wsgi …`. Each subject has its own cli_*.py; here they are put together."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add every command to the application."""
