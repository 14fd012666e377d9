"""The screen of the members of campaigns: beside a guest's state stands that nobody may contact him now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import g
from flask_babel import gettext as _
from markupsafe import Markup

from admin_app import look
from admin_app.choices import MemberState
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk import cells
from admin_app.desk.roads import DeskView
from admin_app.rules import campaigns


class MemberDesk(DeskView):
    """The hooks of CampaignMemberView (views.py)."""

    beside = ("campaign_id", "customer_id", "state", "holdout")

    def before_rows(self, page: Sequence[Any]) -> None:
        g.member_blocks = campaigns.blocked_members(db.session, page, utcnow())

    def cell_words(self, name: str) -> Callable[[Any], Any] | None:
        return _state if name == "state" else None


def _state(row: Any) -> Any:
    """The state of a member who is left alone on purpose, or must not be contacted now; None for all others."""
    if row.holdout:
        return look.badge(_("Holdout"))
    block = g.member_blocks.get(row.id)
    if block is None:
        return None
    until = Markup(' <small class="muted nowrap">{}</small>').format(
        _("from %(day)s", day=block.until)) if block.until else ""
    return Markup('{} <span title="{}">{}{}</span>').format(
        cells.short_choice("state", MemberState(row.state)), block, look.badge(block.code), until)
