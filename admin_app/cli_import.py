"""The command `import`: a ledger into a store, in one transaction, with one JSON line at its end."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import click
from flask import Flask, current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin_app import access
from admin_app.cli_base import store_of
from admin_app.clock import utcnow
from admin_app.database import db, writing
from admin_app.errors import RuleError
from admin_app.importing import IMPORTERS, ImportReport, import_file, write_rejections

#: So many different remarks of a kind are told; the rest is counted.
MOST = 12


def register(app: Flask) -> None:
    """Add the command to the application."""
    app.cli.add_command(import_command)


@click.command("import")
@click.argument("kind", metavar="|".join(IMPORTERS))
@click.argument("file", type=click.Path())
@click.option("--dry-run", is_flag=True, help="Read and check everything, write nothing.")
@click.option("--store", "code", help="Code of the store; may be left out where there is one store.")
@click.option(
    "--errors", type=click.Path(), help="Where the rejected rows go: a name ending in .csv or .xlsx."
)
def import_command(kind: str, file: str, dry_run: bool, code: str | None, errors: str | None) -> None:
    """Import a ledger: customers, vehicles, visits, complaints or repair-orders.

    Prints one JSON line with the counts; what a person should know goes to stderr.
    """
    with force_locale(current_app.config["CAREDESK_LOCALE"]):  # the reasons are read in the store
        report = run(kind, file, dry_run=dry_run, code=code, errors=errors)
        tell(report)
    click.echo(json.dumps(report.counts(), ensure_ascii=False))


def run(kind: str, file: str, *, dry_run: bool, code: str | None, errors: str | None) -> ImportReport:
    """Import, write the file of errors, commit. RuleError for what cannot be done; then nothing was written."""
    if errors is not None and not errors.lower().endswith((".csv", ".xlsx")):
        raise RuleError(_("The file of errors has to end in .csv or .xlsx."))
    session, token = db.session, writing.set(not dry_run)  # a dry run keeps nobody from writing
    try:
        with access.as_system(session, f"import {kind}"):
            report = import_file(session, kind, file, store=store_of(code), now=utcnow(), dry_run=dry_run)
            if errors is not None:
                write_rejections(report, errors)
            if dry_run:
                session.rollback()
            else:
                session.commit()
    finally:
        writing.reset(token)
    return report


def tell(report: ImportReport) -> None:
    """What a person should know beside the counts, on stderr."""
    if report.unknown_columns:
        _say(_("Columns that were not read: %(titles)s.", titles=_(", ").join(report.unknown_columns)))
    _tell_people(_l("Not known in the store, kept as text: %(people)s."), report.unknown_staff)
    _tell_people(
        _l("No longer in the store, their customers are in the pool: %(people)s."), report.left_staff
    )
    for reason, number in report.reasons.most_common(MOST):
        _say(_("%(number)s rows rejected: %(reason)s", number=number, reason=reason))
    if report.blank_cells:
        _say(_("%(number)s cells were left blank or are doubtful:", number=report.blank_cells))
    seen = Counter((one.column, one.reason) for one in report.warnings)
    for (column, reason), number in seen.most_common(MOST):
        _say(f"  {number} × {column}: {reason}")


def _tell_people(sentence: Any, people: Counter[str]) -> None:
    if people:
        shown = _(", ").join(f"{name} ({number})" for name, number in people.most_common(MOST))
        _say(str(sentence) % {"people": shown})


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)
