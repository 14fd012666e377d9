"""The demo store: two stores of a made-up group, 18 months of their work ending now, from a fixed seed.

world.py     stores, teams, people; the clock and the dice
story.py     the customers and the way each of them goes
selling.py   from the first call to the deal or the loss
driving.py   cars, services, repairs, and the calls that a year brings
tasks.py     follow-ups as the rules make them, promises, gifts
troubles.py  complaints in every state
asking.py    inquiries, invalid leads
parties.py   campaigns with guests, costs and their outcome
quality.py   files confirmed, files on the desk twice
segments.py  customers by a saved rule, a day of the working calendar
consents.py  what the customers consent to
traces.py    score periods, changes and look-ups of the last weeks
reminders.py notifications under the bell, a group robot
visiting.py  photos of visits, credit that changed, reports that a manager has read
bulk.py      rows in large numbers, for measuring
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from admin_app import access
from admin_app.rules import complaints
from admin_app.rules.leads import clocks as late_leads
from admin_app.rules.scores.rollup import rebuilding
from seeds.demo import (
    asking,
    consents,
    parties,
    quality,
    reminders,
    segments,
    story,
    traces,
    troubles,
    visiting,
)
from seeds.demo.world import World, begin

SEED = 20260101
CUSTOMERS = 2000
CLOSED_MONTHS = 3
SHARES = {"S1": 0.66, "S2": 0.34}


def make(session: Any, now: dt.datetime, *, customers: int = CUSTOMERS, closed_months: int = CLOSED_MONTHS,
         seed: int = SEED) -> World:
    """Fill a seeded database without stores with the demo. No commit. The same seed and time make the same rows.

    closed_months: so many score periods are closed, and so frozen.
    """
    with access.as_system(session, "demo store"):
        world = begin(session, now, seed)
        files = [file for code, share in SHARES.items() for file in story.build(world, code, round(customers * share))]
        quality.make(world, files)
        consents.make(world, files)
        segments.make(world)
        troubles.make(world, files)
        asking.make(world, files)
        parties.make(world, files)
        traces.make(world, files)
        traces.changes(world, files)
        visiting.make(world)
        world.writer.flush()
        story.recent(world, files)
        quality.stale(world, files)
        traces.top_up(world, files)
        world.writer.flush()
        story.refresh(world, files)
        world.writer.finish()
        consents.count_contacts(world)
        rebuilding.rebuild_all(session)
        traces.close_periods(world, closed_months)
        complaints.escalate_due(session, now)
        late_leads.escalate_due(session, now)
        reminders.make(session, now)
    return world
