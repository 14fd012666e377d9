"""The page of one campaign: what came of it, its members and costs, and the buttons that lead it on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, flash, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.exc import StaleDataError

from admin_app import access, access_log, look, once, people
from admin_app.choices import MemberState
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk import kinds
from admin_app.desk.filters import list_address
from admin_app.errors import Refused, RuleError
from admin_app.models import Campaign, CampaignCost, CampaignMember
from admin_app.pages import task_rows
from admin_app.rules import campaigns, saving

bp = Blueprint("campaign_page", __name__, url_prefix="/admin/campaign")

MOST_MEMBERS = 50  # members and costs that the page shows; the list has them all
MOST_COSTS = 20
LABELS: dict[str, Any] = {"approve": _l("Approve"), "start": _l("Start"), "end": _l("End"), "evaluate": _l("Evaluate")}
SENTENCES: dict[str, Any] = {
    "approve": _l("Goal, policy and budget are agreed."),
    "start": _l("Invitations become tasks of the people who invited; the holdout is left alone."),
    "end": _l("Who did not come counts as a no-show; no-shows and guests without a deal get a follow-up."),
    "evaluate": _l("Say what it brought and what to do better; the members stay as they are from then on."),
}
CAME, LEADS = ",".join(campaigns.CAME), ",".join(campaigns.LEADS)


def register(app: Flask) -> None:
    """Serve the page of a campaign and its steps."""
    task_rows.init_app(app)
    app.register_blueprint(bp)


@dataclass(frozen=True)
class Tile:
    """A figure of the strip; `href` opens exactly the rows that it counts (empty: nothing to open)."""

    label: str
    value: str
    href: str = ""
    note: str = ""


@bp.get("/details/")
def details() -> Any:
    """One campaign. 404 for one out of scope, 403 for a role that reads none."""
    campaign = campaign_or_404(request.args.get("id"))
    access_log.viewed("campaign", campaign.id)
    return _page(campaign)


def campaign_or_404(text: str | None) -> Campaign:
    """A campaign as the gate shows it."""
    if not access.can("campaign"):
        abort(403)
    if not text or not (text.isascii() and text.isdigit()) or len(text) > 9:
        abort(404)
    found = db.session.scalars(
        sa.select(Campaign).where(Campaign.id == int(text)).execution_options(populate_existing=True)
        .options(selectinload(Campaign.owner), selectinload(Campaign.store))).first()
    if found is None:
        abort(404)
    return found


def _page(campaign: Campaign, status: int = 200, *, error: str = "", field: str = "",
          typed: dict[str, str] | None = None) -> Any:
    found = campaigns.figures(db.session, campaign)
    steps = [(verb, LABELS[verb], SENTENCES[verb], why)
             for verb, _yes, why in campaigns.allowed(campaign, access.current().roles)]
    members = list(db.session.scalars(
        sa.select(CampaignMember).where(CampaignMember.campaign_id == campaign.id).order_by(CampaignMember.id.desc())
        .limit(MOST_MEMBERS).options(selectinload(CampaignMember.customer), selectinload(CampaignMember.invited_by))))
    costs = list(db.session.scalars(
        sa.select(CampaignCost).where(CampaignCost.campaign_id == campaign.id).order_by(CampaignCost.id.desc())
        .limit(MOST_COSTS))) if access.can("campaign_cost") else []
    return render_template(
        "campaign.html", campaign=campaign, found=found, steps=steps, tiles=_tiles(campaign, found), members=members,
        blocks=campaigns.blocked_members(db.session, members, utcnow()),
        costs=costs, states=MemberState, once=once.new_key(), error=error, field=field,
        typed=typed or {"evaluation": campaign.evaluation or "", "improvement": campaign.improvement or "",
                        "margin": f"{campaign.margin:.2f}" if campaign.margin is not None else ""},
        all_members=_members_at(campaign), all_costs=_costs_at(campaign),
        partly=not access.can("customer") or access.current().right("customer").read not in ("all", "store")), status


def _members_at(campaign: Campaign, *more: tuple[str, str, Any]) -> str:
    return list_address("campaign_member", ("campaign_id", "equals", campaign.id), *more)


def _costs_at(campaign: Campaign) -> str:
    return list_address("campaign_cost", ("campaign_id", "equals", campaign.id))


def _tiles(campaign: Campaign, found: campaigns.Figures) -> list[Tile]:
    invited = ("holdout", "equals", False)
    count = lambda number: f"{number:,}"  # noqa: E731
    tiles = [
        Tile(_("Invited"), count(found.invited), _members_at(campaign, invited)),
        Tile(_("Attended"), count(found.attended), _members_at(campaign, ("state", "in", CAME), invited),
             _("%(percent)s%%", percent=f"{found.attendance:.0f}") if found.attendance is not None else ""),
        Tile(_("Leads"), count(found.leads), _members_at(campaign, ("state", "in", LEADS), invited),
             _("of %(number)s", number=campaign.goal_leads) if campaign.goal_leads is not None else ""),
        Tile(_("Deals"), count(found.deals), _members_at(campaign, ("state", "equals", MemberState.DEAL), invited),
             _("of %(number)s", number=campaign.goal_deals) if campaign.goal_deals is not None else ""),
        Tile(_("No-shows"), count(found.no_shows),
             _members_at(campaign, ("state", "equals", MemberState.NO_SHOW), invited)),
        Tile(_("Satisfaction"), f"{found.satisfaction:.1f}" if found.satisfaction is not None else _("not set"),
             _members_at(campaign, ("feedback", "least", 1), invited), f"n = {found.feedback_count}"),
    ]
    if access.can("campaign_cost"):
        tiles.append(Tile(_("Cost"), f"¥{found.cost:,.0f}" if found.cost is not None else _("not set"),
                          _costs_at(campaign)))
        tiles.append(Tile(_("Return on investment"), f"{found.roi:.0f}%" if found.roi is not None else _("not set")))
    return tiles


# ---------------------------------------------------------------- steps


@bp.post("/step/")
def step() -> Any:
    """Approve, start, end or evaluate: `id`, `verb`, `version`, `once`. 403 for other roles, 409 for a stale page."""
    campaign, verb = campaign_or_404(request.form.get("id")), request.form.get("verb", "")
    if verb not in campaigns.VERBS:
        abort(400)
    led = once.taken(db.session, request.form.get("once"))
    if led:
        return redirect(led)
    typed = {name: request.form.get(name, "") for name in ("evaluation", "improvement", "margin")}
    if request.form.get("version", "").isdigit() and request.form["version"] != str(campaign.version):
        return _stale(campaign.id, typed)
    try:
        campaigns.VERBS[verb](db.session, campaign, people.me(), utcnow(), **_asked(verb, typed))
        once.take(db.session, request.form.get("once"), _address(campaign.id))
        db.session.commit()
    except (StaleDataError, sa.exc.IntegrityError):
        db.session.rollback()
        led = once.taken(db.session, request.form.get("once"))
        return redirect(led) if led else _stale(int(request.form["id"]), typed)
    except RuleError as refused:
        db.session.rollback()
        return _page(campaign_or_404(request.form.get("id")), 403 if isinstance(refused, Refused) else 400,
                     error=str(refused.message), field=refused.field or "", typed=typed if verb == "evaluate" else None)
    flash(_("%(step)s: saved.", step=LABELS[verb]), "success")
    return redirect(_address(int(request.form["id"])))


def _asked(verb: str, typed: dict[str, str]) -> dict[str, Any]:
    """What the evaluation brings along; the other steps bring nothing."""
    if verb != "evaluate":
        return {}
    margin = kinds.READ["money"](typed["margin"])
    if margin.value is None and margin.warnings:
        raise RuleError(" ".join(str(one) for one in margin.warnings), "margin")
    return {"evaluation": typed["evaluation"], "improvement": typed["improvement"], "margin": margin.value}


def _stale(campaign_id: int, typed: dict[str, str]) -> Any:
    sentence = _("Somebody else changed the campaign while this page was open; your step was not taken.")
    return _page(campaign_or_404(str(campaign_id)), 409, error=sentence, typed=typed if any(typed.values()) else None)


def _address(campaign_id: int) -> str:
    return f"/admin/campaign/details/?id={campaign_id}"


@bp.post("/member/")
def member() -> Any:
    """Put a member into a state: `id` of the member, `state`, `version`, and `feedback` (1 to 5, empty: none)."""
    text = request.form.get("id", "")
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        abort(404)
    row = db.session.scalars(sa.select(CampaignMember).where(CampaignMember.id == int(text))).first()
    if row is None:
        abort(404)
    if not access.can("campaign_member", "write"):
        raise Refused(_("You may not change this."))
    campaign_id = row.campaign_id
    try:
        _change_member(row)
    except (StaleDataError, RuleError) as refused:
        db.session.rollback()
        if isinstance(refused, Refused):
            raise
        said = refused.message if isinstance(refused, RuleError) else _("Somebody else was faster")
        code = 400 if isinstance(refused, RuleError) else 409
        return _page(campaign_or_404(str(campaign_id)), code, error=str(said))
    return redirect(_address(campaign_id) + "#members")


def _change_member(row: CampaignMember) -> None:
    if request.form.get("version", "").isdigit() and request.form["version"] != str(row.version):
        raise StaleDataError("the page was older than the row")
    state = MemberState.find(request.form.get("state"))
    if state is None:
        raise RuleError(_("Choose one of the list."), "state")
    feedback = kinds.READ["whole"](request.form.get("feedback", ""))
    if feedback.value is None and feedback.warnings:
        raise RuleError(" ".join(str(one) for one in feedback.warnings), "feedback")
    now, row.state = utcnow(), state
    if "feedback" in request.form:
        row.feedback = feedback.value
    with db.session.no_autoflush:
        saving.prepare(db.session, row, now)
    db.session.flush()
    saving.settle(db.session, row, now, created=False)
    db.session.commit()
    name = row.customer.name if row.customer else f"#{row.id}"
    flash(_("%(name)s: %(state)s", name=name, state=look.label_of(state)), "success")
