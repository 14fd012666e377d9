"""Pieces of the home pages that are more than a figure: my score, the team's load, campaigns, logs, the machine."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import current_app
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import selectinload

from admin_app import access, clock, fresh, people, prepared
from admin_app import jobs as schedule
from admin_app.choices import AccessVerb, AuditVerb, CampaignState, MemberState, Scope
from admin_app.database import db
from admin_app.desk.filters import list_address
from admin_app.desk.record import field_words
from admin_app.models import (
    AccessLog,
    AuditEntry,
    Campaign,
    CampaignMember,
    Customer,
    Role,
    Store,
    User,
)
from admin_app.pages import task_rows
from admin_app.rules import followups
from admin_app.rules import today as day
from admin_app.rules.scores import cards as score_cards
from admin_app.rules.scores.cards import Card
from admin_app.rules.scores.periods import Period, containing

MOST_PEOPLE = 60
MOST_LINES = 5


@dataclass(frozen=True)
class MyScore:
    """My card of the running month: place among how many; None as rank where nothing is scored yet."""

    card: Card
    label: str
    among: int
    href: str


def my_score(now: dt.datetime) -> MyScore | None:
    """The signed-in person's score of this month, None without a scheme for the role."""
    actor, store = access.current(), current_user.store
    if not access.can("score") or store is None:
        return None
    period = containing(clock.local_day(now))
    scheme, cards = fresh.kept(("cards", store.id, actor.roles, period.label),
                               lambda: _cards(store, actor, period, now))
    if scheme is None:
        return None
    mine = next((card for card in cards if card.user_id == actor.user_id), None)
    if mine is None:
        return None
    ranked = sum(card.rank is not None for card in cards)
    return MyScore(mine, period.label, ranked, f"/admin/scores/?period={period.label}&role={scheme.role}"
                                               f"&open={actor.user_id}#p{actor.user_id}")


def _cards(store: Any, actor: access.Actor, period: Period, now: dt.datetime) -> tuple[Any, list[Card]]:
    """The scheme of the person's role and the cards of everybody whom it scores; (None, []) without one."""
    scheme = next((one for role, one in score_cards.schemes(db.session, period).items() if role in actor.roles), None)
    return scheme, score_cards.compute(db.session, store, period, scheme, now) if scheme is not None else []


class Watched(NamedTuple):
    """Somebody whose day a manager watches, with how many tasks a day and customers this person can keep."""

    id: int
    name: str
    tasks_most: int
    customers_most: int


def people_of(actor: access.Actor) -> list[Watched]:
    """The people whose day a manager watches: the team, or everybody of the store who works with customers."""
    whose = actor.team_ids if actor.right("followup").read is Scope.TEAM else None
    rows = prepared.rows(db.session, ("watched", whose), lambda: _watched(whose, actor.store_ids))
    found = []
    for row in rows:
        store = people.store_of(row.store_id)
        found.append(Watched(row.id, row.name, row.tasks_max or store.tasks_each,
                             row.customers_max or store.customers_each))
    return found


def _watched(team_ids: tuple[int, ...] | None, store_ids: tuple[int, ...] | None) -> Any:
    working = sa.select(Role.id).where(Role.home.in_(("own", "team")))
    found = sa.select(User.id, User.name, User.store_id, User.tasks_max, User.customers_max).where(
        User.active.is_(True), User.role_id.in_(working))
    if team_ids is not None:
        found = found.where(User.id.in_(team_ids))
    elif store_ids is not None:
        found = found.where(User.store_id.in_(store_ids))
    return found.order_by(User.store_id, User.name).limit(MOST_PEOPLE)


def loads(watched: list[Watched], now: dt.datetime) -> tuple[list[day.Load], day.Owed]:
    """The load of these people, and what is owed by everybody."""
    standing = access.standing(access.current())
    owed = fresh.kept(("owed", standing), lambda: day.owed(db.session, now))
    kept = fresh.kept(("customers kept", standing), lambda: day.customers_kept(db.session, watched))
    return day.loads(db.session, watched, owed, kept, now), owed


def longest_overdue(now: dt.datetime) -> list[task_rows.TaskRow]:
    """The tasks that have been overdue longest, of everybody whom the person may see."""
    return task_rows.rows_of(("longest overdue", clock.local_day(now)), lambda: followups.order(
        followups.due_query(now, due="overdue")).limit(8), now)


def quick_links() -> list[tuple[str, str, str]]:
    """(label, address, icon) of what a manager does first."""
    found = []
    if access.can("customer", "assign"):
        found.append((_("Assign customers"), list_address("customer", ("owner_id", "empty", True)), "swap"))
    if access.can("complaint"):
        found.append((_("Complaint board"), "/admin/complaint/board/", "columns"))
    if access.can("score"):
        found.append((_("Team scores"), "/admin/scores/", "podium"))
    return found


# ---------------------------------------------------------------- marketing


@dataclass(frozen=True)
class CampaignLine:
    """A campaign with how far its members came; `of` is the number invited (holdouts left out)."""

    campaign: Campaign
    of: int
    confirmed: int
    attended: int
    leads: int
    deals: int

    def rows(self, *states: str) -> str:
        """The members in these states, in their list."""
        wanted: list[Any] = [("campaign_id", "equals", self.campaign.id), ("holdout", "equals", False)]
        return list_address("campaign_member", *wanted, *([("state", "in", ",".join(states))] if states else []))


CONFIRMED = ("confirmed", "attended", "lead", "deal")
ATTENDED = ("attended", "lead", "deal")


def campaigns(now: dt.datetime) -> list[CampaignLine]:
    """Campaigns that run, come, or wait to be evaluated, the running ones first."""
    order = sa.case({CampaignState.RUNNING: 0, CampaignState.APPROVED: 1, CampaignState.ENDED: 2}, value=Campaign.state,
                    else_=3)
    shown = list(db.session.scalars(sa.select(Campaign).where(Campaign.state.in_(
        [CampaignState.RUNNING, CampaignState.APPROVED, CampaignState.ENDED, CampaignState.DRAFT]))
        .order_by(order, Campaign.starts_at).limit(12).options(selectinload(Campaign.owner))))
    rows = db.session.execute(sa.select(CampaignMember.campaign_id, CampaignMember.state, sa.func.count(
        CampaignMember.id)).where(CampaignMember.campaign_id.in_([one.id for one in shown]),
                                  CampaignMember.holdout.is_(False))
        .group_by(CampaignMember.campaign_id, CampaignMember.state)).all()
    counts: dict[int, dict[str, int]] = {}
    for campaign_id, state, number in rows:
        counts.setdefault(campaign_id, {})[str(state.value if isinstance(state, MemberState) else state)] = number
    return [_line(one, counts.get(one.id, {})) for one in shown]


def _line(campaign: Campaign, states: dict[str, int]) -> CampaignLine:
    return CampaignLine(campaign, sum(states.values()), sum(states.get(one, 0) for one in CONFIRMED),
                        sum(states.get(one, 0) for one in ATTENDED), states.get("lead", 0) + states.get("deal", 0),
                        states.get("deal", 0))


# ---------------------------------------------------------------- audit


def latest_entries() -> list[AuditEntry]:
    """The newest entries of the change record."""
    return list(db.session.scalars(sa.select(AuditEntry).order_by(AuditEntry.seq.desc()).limit(14)))


def record_words(entry: AuditEntry) -> tuple[str, int]:
    """(what an entry is about, how many fields it changed): the record's name; of a bulk change its fields."""
    fields = (entry.changes or {}).get("fields")
    if entry.verb != AuditVerb.BULK or not isinstance(fields, list) or not isinstance(fields[-1], list):
        return entry.label or "", len(entry.changes or {})
    return " · ".join(field_words(entry.table, name) for name in fields[-1]), len(fields[-1])


def table_name(table: str) -> str:
    """A table in the words of its screen."""
    from admin_app.views import VIEWS

    return next((str(view.one) for view in VIEWS if view.model.__tablename__ == table), table)


def access_peaks(now: dt.datetime) -> list[tuple[str, list[tuple[int, str]]]]:
    """Who looked at most today: (name, [(count, address)] of viewed, searched, revealed, exported)."""
    today = clock.local_day(now)
    begins, ends = clock.day_bounds(today)
    verbs = (AccessVerb.VIEW, AccessVerb.SEARCH, AccessVerb.REVEAL, AccessVerb.EXPORT)
    rows = db.session.execute(sa.select(AccessLog.user_id, AccessLog.verb, sa.func.count(AccessLog.id)).where(
        AccessLog.at >= begins, AccessLog.at < ends, AccessLog.verb.in_(verbs), AccessLog.user_id.is_not(None))
        .group_by(AccessLog.user_id, AccessLog.verb)).all()
    counts: dict[int, dict[Any, int]] = {}
    for user_id, verb, number in rows:
        counts.setdefault(int(user_id or 0), {})[verb] = number
    top = sorted(counts, key=lambda key: -sum(counts[key].values()))[:8]
    names = dict(db.session.execute(sa.select(User.id, User.name).where(User.id.in_(top))).all())
    return [(names.get(key, f"#{key}"), [(counts[key].get(verb, 0), list_address(
        "access_log", ("user_id", "equals", key), ("verb", "equals", verb.value), ("at", "equals", today)))
        for verb in verbs]) for key in top]


# ---------------------------------------------------------------- the machine


@dataclass(frozen=True)
class Disk:
    """Space of the folder that everything is kept in."""

    free_gib: float
    share: float

    @property
    def tone(self) -> str:
        return "late" if self.share > 0.95 else "soon" if self.share > 0.85 else ""


def disk() -> Disk:
    """Free space and the share in use."""
    usage = shutil.disk_usage(Path(current_app.config["CAREDESK_INSTANCE"]))
    return Disk(usage.free / 2**30, usage.used / usage.total)


def jobs() -> list[dict[str, Any]]:
    """Every job with its last run, in the order of the schedule."""
    return schedule.states()


def last_backup(now: dt.datetime) -> tuple[dt.datetime | None, str]:
    """(when, tone) of the newest good backup: none is late, older than a day and a half is soon."""
    kept = [path.stat().st_mtime for path in Path(current_app.config["CAREDESK_BACKUP_DIR"]).glob("*")
            if path.is_file()]
    if not kept:
        return None, "late"
    made = dt.datetime.fromtimestamp(max(kept), dt.UTC)
    return made, "soon" if now - made > dt.timedelta(hours=36) else ""


def last_sign_ins() -> list[User]:
    """The people who came last."""
    return list(db.session.scalars(sa.select(User).where(User.last_sign_in_at.is_not(None)).order_by(
        User.last_sign_in_at.desc()).limit(8).options(selectinload(User.role), selectinload(User.store))))


def first_steps() -> list[tuple[str, bool, str]]:
    """(what, done, where) of the five steps of a new store."""
    with access.as_system(db.session, "the steps of a new store"):
        stores = list(db.session.scalars(sa.select(Store)))
        staff = db.session.scalar(sa.select(sa.func.count(User.id)).where(User.active.is_(True))) or 0
        never = db.session.scalar(sa.select(sa.func.count(User.id)).where(
            User.active.is_(True), User.last_sign_in_at.is_(None))) or 0
        customers = db.session.scalars(sa.select(Customer.id).limit(1)).first() is not None
    backup, _tone = last_backup(clock.utcnow())
    return [
        (_("Fill in the store: address, phone and hours"), all(one.phone or one.address for one in stores),
         "/admin/store/"),
        (_("Add the staff, with roles and teams"), staff >= 3, "/admin/user/"),
        (_("Bring in the old ledgers: flask --app wsgi import"), customers, ""),
        (_("Let everybody sign in once"), staff >= 3 and never == 0,
         list_address("user", ("active", "equals", True), ("last_sign_in_at", "empty", True))),
        (_("Make the first backup"), backup is not None, "#jobs"),
    ]
