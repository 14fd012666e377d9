"""Members of campaigns: who was invited, came, became a lead. The campaign is found by name, the customer by phone.

Known again by campaign and customer. The rules of campaigns check and date each row, as on the screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access, cleaning
from admin_app import choices as ch
from admin_app import models as m
from admin_app.choices import KnownRows
from admin_app.errors import RuleError
from admin_app.importing.context import Context
from admin_app.importing.customers import read_phones
from admin_app.importing.people import CustomersByPhone
from admin_app.importing.values import Reader
from admin_app.importing.visits import customer_of
from admin_app.ledgers import Row
from admin_app.rules import saving


class CampaignMembers:
    """The importer of campaigns' members."""

    required: Sequence[Sequence[str]] = (("campaign", "id"), ("phone", "id"))

    def __init__(self, context: Context, fields: Sequence[str]) -> None:
        self.context, self.reader = context, Reader(context)
        self.customers = CustomersByPhone(context)
        self.campaigns = self.load_campaigns()
        self.seen: set[tuple[int, int]] = set()

    def load_campaigns(self) -> dict[str, list[m.Campaign]]:
        """name → the campaigns of the store that bear it."""
        found: dict[str, list[m.Campaign]] = {}
        with access.as_system(self.context.session, "import"):
            for row in self.context.session.scalars(
                    sa.select(m.Campaign).where(m.Campaign.store_id == self.context.store_id)):
                found.setdefault(cleaning.key(row.name), []).append(row)
        return found

    def take(self, rows: list[Row]) -> None:
        """Import one batch of rows."""
        phones = [read_phones(row) for row in rows]
        self.customers.load(phone.value for phone in phones)
        with access.as_system(self.context.session, "import"):
            for row, phone in zip(rows, phones, strict=True):
                self.take_row(row, phone)

    def take_row(self, row: Row, phone: cleaning.Cleaned[str]) -> None:
        """Import one row, or reject it."""
        campaign = self.campaign(row)
        customer = customer_of(self.context, self.customers, row, phone) if campaign is not None else None
        if campaign is None or customer is None:
            return
        key, values = (campaign.id, customer["id"]), self.values(row)
        member = self.on_file(key)
        try:
            if member is not None:
                outcome = "updated" if self.change(member, values) else "duplicates"
            elif key in self.seen:
                outcome = "duplicates"
            else:
                self.create(key, values)
                outcome = "created"
        except RuleError as error:
            self.context.reject(row, error.field or "state", error.message)
            return
        self.seen.add(key)
        self.context.report.took(outcome, row, customer["name"])

    def campaign(self, row: Row) -> m.Campaign | None:
        """The campaign of a row; None where it is rejected."""
        found = self.campaigns.get(cleaning.key(cleaning.as_text(row["campaign"])), [])
        if len(found) == 1:
            return found[0]
        self.context.reject(row, "campaign", _l("Several campaigns have this name.") if found else
                            _l("The store has no campaign of this name."))
        return None

    def values(self, row: Row) -> dict[str, Any]:
        """What a row says of the member."""
        state = self.reader.choice(ch.MemberState, row["state"])
        for warning in state.warnings:
            self.context.warn(row, "state", warning)
        feedback = cleaning.whole(row["feedback"], minimum=1, maximum=5)
        return {"state": state.value, "invited_by_id": self.context.person(row["invited_by_id"]).id,
                "feedback": feedback.value, "note": cleaning.words(row["note"], 200).value}

    def on_file(self, key: tuple[int, int]) -> m.CampaignMember | None:
        found: m.CampaignMember | None = self.context.session.scalars(sa.select(m.CampaignMember).where(
            m.CampaignMember.campaign_id == key[0], m.CampaignMember.customer_id == key[1])).first()
        return found

    def create(self, key: tuple[int, int], values: dict[str, Any]) -> None:
        """A new member; in a trial run it is only checked."""
        given = {name: value for name, value in values.items() if value is not None}
        row = m.CampaignMember(campaign_id=key[0], customer_id=key[1], store_id=self.context.store_id,
                               created_by_id=self.context.actor_id, **({"state": ch.MemberState.INVITED} | given))
        session = self.context.session
        saving.prepare(session, row, self.context.now)
        if self.context.dry_run:
            return
        session.add(row)
        session.flush()
        row.created_at = row.updated_at = self.context.now
        if self.context.trace is not None:
            self.context.trace.inserted("campaign_member", [row.id])
        saving.settle(session, row, self.context.now, created=True)
        session.flush()

    def change(self, row: m.CampaignMember, values: dict[str, Any]) -> bool:
        """Fill up a member on file, or overwrite it where the person wants that; True where that changes anything."""
        if self.context.known is KnownRows.SKIP:
            return False
        over = self.context.known is KnownRows.OVERWRITE
        new = {name: value for name, value in values.items() if value is not None
               and getattr(row, name) != value and (over or getattr(row, name) is None)}
        if not new or self.context.dry_run:
            return bool(new)
        names = [*new, "confirmed_at", "attended_at", "lead_at", "deal_at"]
        before = {name: getattr(row, name) for name in names}
        for name, value in new.items():
            setattr(row, name, value)
        try:
            saving.prepare(self.context.session, row, self.context.now)
        except RuleError:
            self.context.session.refresh(row)
            raise
        self.context.session.flush()
        if self.context.trace is not None:
            pairs = {name: (before[name], getattr(row, name)) for name in names if before[name] != getattr(row, name)}
            self.context.trace.changed("campaign_member", {row.id: pairs})
        return True

    def finish(self) -> None:
        """Nothing is left to do: each row has its own entry in the change record."""
