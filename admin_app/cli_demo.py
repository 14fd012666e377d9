"""The command `demo`: made-up customers and visits in bulk, for measuring."""

from __future__ import annotations

import time

import click
from flask import Flask
from flask_babel import gettext as _

from admin_app import clock, starting
from admin_app.database import db
from admin_app.errors import RuleError


def register(app: Flask) -> None:
    """Add `demo`."""
    app.cli.add_command(demo)


@click.command()
@click.option("--customers", type=click.IntRange(1, 20_000_000), required=True, help="How many customers to add.")
@click.option("--visits", type=click.IntRange(0, 100_000_000), help="Default: three a customer.")
@click.option("--complaints", type=click.IntRange(0, 5_000_000), help="Default: six for a hundred customers.")
@click.option("--staff", type=click.IntRange(10, 5_000), default=200, help="How many people the store has.")
@click.option("--seed", type=int, default=1, help="The same seed makes the same rows.")
def demo(customers: int, visits: int | None, complaints: int | None, staff: int, seed: int) -> None:
    """Add made-up rows in bulk, for measuring. Refused where the database holds a real store."""
    from seeds.demo import bulk, loading

    starting.upgrade_schema()
    starting.seed(db.session)
    if starting.has_real_data(db.session):
        raise RuleError(_("This database holds a real store; made-up rows are only for a demo."))
    began = said = time.monotonic()
    visits = 3 * customers if visits is None else visits
    plan = bulk.Plan(customers=customers, visits=visits, complaints=complaints, staff=staff, seed=seed)
    for done in bulk.make(db.session, plan, clock.utcnow()):
        if time.monotonic() - said > 2:
            said = time.monotonic()
            click.echo(_("%(done)s of %(all)s customers", done=done, all=customers), err=True)
    db.session.commit()
    db.session.remove()
    loading.tidy(db.engine)
    click.echo(_("%(customers)s customers and %(visits)s visits in %(seconds)s seconds", customers=customers,
                 visits=visits, seconds=round(time.monotonic() - began)))
