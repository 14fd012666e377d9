"""What the customers of the demo consent to: asked when the file was made, withdrawn by a few since. Throws no dice, so
that the rest stays as it was."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from admin_app import clock
from admin_app.choices import ConsentPurpose, ConsentSource, ConsentState, FollowUpState, Source
from admin_app.models import Store
from admin_app.rules.consents import FOR_MARKETING
from admin_app.rules.followups import MARKETING, capping, tasks
from seeds.demo.files import File
from seeds.demo.world import World

ASKED, AGREED = 3, 8  # one file in so many was asked on paper only later; of those asked, one in so many said no
WITHDRAWN = 37  # one file in so many has withdrawn since
SOURCES = {Source.WEB: ConsentSource.WEB, Source.SOCIAL: ConsentSource.WECHAT, Source.PHONE: ConsentSource.PHONE}
OPEN = (FollowUpState.OPEN, FollowUpState.SNOOZED)


def make(world: World, files: list[File]) -> None:
    """Consents of every file, before the rows are inserted."""
    owed = {row["customer_id"] for row in world.writer.rows["followup"]
            if row["state"] in OPEN and row["purpose"] in MARKETING}
    for file in files:
        number = file.row["id"]
        if number % ASKED == 0:
            continue
        asked = min(clock.at(file.row["registered_on"], 10), world.now - dt.timedelta(hours=2))
        source = SOURCES.get(file.row["source"], ConsentSource.PAPER)
        _say(world, file, ConsentPurpose.FILE, True, asked, source)
        if number % AGREED:
            _say(world, file, ConsentPurpose.MARKETING, True, asked, source)
            if number % WITHDRAWN == 1 and number not in owed:
                when = max(asked, world.at(world.last_day - dt.timedelta(days=number % 60)))
                _say(world, file, ConsentPurpose.MARKETING, False, when, ConsentSource.PHONE)
                file.row["marketing_withdrawn"] = True
        if file.cars and number % 2:
            _say(world, file, ConsentPurpose.SHARING, True, asked, source)


def count_contacts(world: World) -> None:
    """Whom the contact cap leaves alone now, as every contact counts it. Everything must have been inserted."""
    for store in world.session.scalars(sa.select(Store).order_by(Store.id)):
        tasks.set_caps(world.session, capping.different_in_store(world.session, store, world.today))


def _say(world: World, file: File, purpose: ConsentPurpose, given: bool, at: dt.datetime,
         source: ConsentSource) -> None:
    assert given or purpose in FOR_MARKETING
    keeper = file.row["owner_id"] or file.row["advisor_id"]
    world.writer.add(
        "consent", created=at, created_by_id=keeper, store_id=file.store_id, customer_id=file.row["id"],
        purpose=purpose, state=ConsentState.GIVEN if given else ConsentState.WITHDRAWN, at=at, source=source,
        text_version="1", by_id=None if source is ConsentSource.WEB and given else keeper)
