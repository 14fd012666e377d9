"""The commands: `flask --app wsgi …`. Each subject has its own cli_*.py; here they are put together."""

from __future__ import annotations

from flask import Flask

from admin_app import cli_base, cli_checks, cli_demo, cli_import, cli_operations, cli_people, cli_stores


def register(app: Flask) -> None:
    """Add every command to the application. Each ends with 0, or with a sentence on stderr and 1."""
    for subject in (cli_stores, cli_people, cli_import, cli_checks, cli_operations, cli_demo):
        subject.register(app)
    cli_base.speak_sentences(app.cli.commands.values())
