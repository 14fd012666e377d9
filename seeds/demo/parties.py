"""Campaigns of the demo: eighteen months of them in every state, with guests, costs and what they brought."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from admin_app import clock
from admin_app.choices import (
    CampaignForm,
    CampaignKind,
    CampaignState,
    CostKind,
    FollowUpState,
    MemberState,
    Stage,
    Trigger,
)
from admin_app.rules.followups.blocking import opted_out
from seeds.demo import driving, making, tasks
from seeds.demo.files import File
from seeds.demo.making import chance, weighted
from seeds.demo.world import World

M, C = MemberState, CampaignState
# Store, story, days ago that it ended (negative: days ahead), state, guests. Stories are those of texts.yaml.
PLAN = (
    ("S1", 7, 512, C.EVALUATED, 58), ("S1", 4, 455, C.EVALUATED, 36), ("S1", 8, 398, C.EVALUATED, 40),
    ("S1", 2, 345, C.EVALUATED, 64), ("S1", 9, 300, C.EVALUATED, 72), ("S1", 3, 262, C.EVALUATED, 34),
    ("S2", 7, 240, C.EVALUATED, 38), ("S1", 1, 205, C.EVALUATED, 48), ("S1", 6, 160, C.EVALUATED, 55),
    ("S2", 2, 128, C.EVALUATED, 30), ("S1", 8, 110, C.EVALUATED, 42), ("S1", 5, 74, C.EVALUATED, 40),
    ("S1", 0, 41, C.EVALUATED, 66), ("S2", 5, 25, C.ENDED, 26), ("S1", 4, 17, C.ENDED, 38),
    ("S1", 3, 3, C.ENDED, 34), ("S1", 1, -9, C.RUNNING, 44), ("S1", 2, -24, C.APPROVED, 0),
    ("S1", 9, -32, C.DRAFT, 0),
)
COSTS = ((CostKind.VENUE, "场地与布置", 3200), (CostKind.GIFTS, "到场礼品", 4600), (CostKind.MEDIA, "线上推广", 2800),
         (CostKind.PEOPLE, "讲师与主持", 1500), (CostKind.OTHER, "茶歇", 900))
SELLING = (CampaignKind.PROMOTION, CampaignKind.CLUB)


def make(world: World, files: list[File]) -> None:
    """The campaigns of both stores."""
    for code, story, ago, state, guests in PLAN:
        store_id = world.stores[code]
        there = [file for file in files if file.store_id == store_id]
        campaign = _campaign(world, store_id, making.texts()["campaigns"][story], ago, state)
        if guests:
            _guests(world, campaign, there, guests)
        if state in (C.RUNNING, C.ENDED, C.EVALUATED):
            _costs(world, campaign)
        if state is C.EVALUATED:
            _evaluated(world, campaign)


def _campaign(world: World, store_id: int, story: list[str], ago: int, state: CampaignState) -> dict[str, Any]:
    name, kind, form, place, scope, goal, policy = story
    ends = world.today - dt.timedelta(days=ago)
    begins = ends - dt.timedelta(days=6 if form == "discount" else 0)
    if state is C.RUNNING:
        begins = world.today - dt.timedelta(days=4)
    keepers = world.staff(store_id, "marketing") or world.staff(store_id, "care_manager")
    manager = world.staff(store_id, "care_manager")[0]
    owner = keepers[0] if kind == "promotion" or kind == "winback" else manager
    announced = begins - dt.timedelta(days=20)
    leads = {"promotion": 18, "club": 6}.get(kind, 4)
    return world.writer.add(
        "campaign", created=min(clock.at(announced), world.now), created_by_id=owner.id, store_id=store_id,
        name=f"{ends.year} {name}", kind=CampaignKind(kind), form=CampaignForm(form), state=state,
        starts_at=clock.at(begins, 9, 30), ends_at=clock.at(ends, 17, 30), owner_id=owner.id,
        place=place.replace("城南店", "城北店") if store_id == world.stores["S2"] else place, scope=scope, goal=goal,
        policy=policy, goal_leads=leads, goal_deals=6 if kind == "promotion" else None,
        channels=["电话", "微信", "展厅海报"], budget=Decimal(15_000))


def _guests(world: World, campaign: dict[str, Any], there: list[File], count: int) -> None:
    """Who was invited and what came of it; guests are customers of that day."""
    random = world.random
    begins, day = campaign["starts_at"], clock.local_day(campaign["starts_at"])
    fitting = [file for file in there if file.row["registered_on"] < day - dt.timedelta(days=10)
               and file.row["stage"] != Stage.LOST and not opted_out(tasks.Seen(file.row))
               and (campaign["kind"] in SELLING or file.cars)]
    inviters = world.staff(campaign["store_id"], "care_specialist")
    for file in random.sample(fitting, min(count, len(fitting))):
        holdout = campaign["kind"] == CampaignKind.PROMOTION and chance(random, 0.1)
        inviter = file.owner if file.owner and chance(random, 0.5) else random.choice(inviters)
        state = _outcome(world, campaign) if not holdout else M.INVITED
        invited = begins - dt.timedelta(days=random.randint(2, 12), minutes=random.randrange(300))
        if state is M.INVITED and campaign["state"] is C.RUNNING:  # asked just now, nobody has called yet
            invited = world.at(world.last_day - dt.timedelta(days=weighted(random, {0: 9, 1: 1})))
        invited = min(invited, world.now)
        row = world.writer.add(
            "campaign_member", created=invited, created_by_id=campaign["owner_id"], store_id=campaign["store_id"],
            campaign_id=campaign["id"], customer_id=file.row["id"], state=state, holdout=holdout,
            invited_by_id=None if holdout else inviter.id, invited_at=None if holdout else invited)
        if not holdout:
            _stamps(world, campaign, row, state)
            _tasks(world, file, row, inviter.id, campaign["ends_at"])


def _outcome(world: World, campaign: dict[str, Any]) -> MemberState:
    random = world.random
    if campaign["state"] is C.RUNNING:
        return weighted(random, {M.INVITED: 30, M.CONFIRMED: 40, M.ATTENDED: 14, M.LEAD: 5, M.DEAL: 2, M.DECLINED: 9})
    if campaign["kind"] in SELLING:
        return weighted(random, {M.NO_SHOW: 24, M.DECLINED: 14, M.ATTENDED: 38, M.LEAD: 16, M.DEAL: 8})
    return weighted(random, {M.NO_SHOW: 20, M.DECLINED: 12, M.ATTENDED: 60, M.LEAD: 6, M.DEAL: 2})


def _stamps(world: World, campaign: dict[str, Any], row: dict[str, Any], state: MemberState) -> None:
    """When a guest confirmed, came, became a lead and bought, and the marks given."""
    random = world.random
    if state in (M.INVITED, M.DECLINED):
        return
    row["confirmed_at"] = min(row["invited_at"] + dt.timedelta(hours=random.randint(1, 30)), world.now)
    if state not in (M.ATTENDED, M.LEAD, M.DEAL):
        return
    came = min(campaign["starts_at"] + dt.timedelta(minutes=random.randint(5, 180)), world.now)
    row["attended_at"] = came
    if chance(random, 0.7):
        row |= {"feedback": weighted(random, {5: 50, 4: 34, 3: 11, 2: 4, 1: 1}),
                "note": random.choice(making.texts()["feedback_notes"]) or None}
    if state in (M.LEAD, M.DEAL):
        row["lead_at"] = min(came + dt.timedelta(minutes=50), world.now)
    if state is M.DEAL:
        row["deal_at"] = min(came + dt.timedelta(days=random.randint(0, 2)), world.now)


def _tasks(world: World, file: File, row: dict[str, Any], inviter_id: int, ends: dt.datetime) -> None:
    """The invitation and the call afterwards, where they fall into the last weeks."""
    recent = clock.local_day(row["invited_at"]) > world.today - dt.timedelta(days=60)
    if not recent:
        return
    for task in tasks.fire(file, Trigger.CAMPAIGN_INVITED, row["invited_at"], "campaign_member", row["id"], "1",
                           preferred=inviter_id):
        answered = row["state"] is not M.INVITED
        if answered and task["assignee_id"] in world.by_id:
            person = world.by_id[task["assignee_id"]]
            visit = file.call(clock.local_day(row["invited_at"]), person, "invitation", task,
                              campaign_id=row["campaign_id"])
            tasks.done_by(file, task, visit)
        elif task["expires_on"] is None or task["expires_on"] >= world.today:
            tasks.write(file, task)
        else:
            tasks.write(file, task, FollowUpState.VOID, note="过期作废",
                        closed_at=clock.at(task["expires_on"] + dt.timedelta(days=1), 2))
    after = {M.NO_SHOW: (Trigger.CAMPAIGN_NO_SHOW,), M.ATTENDED: (Trigger.CAMPAIGN_ATTENDED, Trigger.CAMPAIGN_NO_DEAL),
             M.LEAD: (Trigger.CAMPAIGN_ATTENDED, Trigger.CAMPAIGN_NO_DEAL), M.DEAL: (Trigger.CAMPAIGN_ATTENDED,)}
    for trigger in after.get(row["state"], ()):
        base = row["attended_at"] if trigger is Trigger.CAMPAIGN_ATTENDED else ends
        if base > world.now:
            continue
        for task in tasks.fire(file, trigger, base, "campaign_member", row["id"], "1", preferred=inviter_id):
            tasks.answer(file, task, driving.situation_of(task), campaign_id=row["campaign_id"])


def _costs(world: World, campaign: dict[str, Any]) -> None:
    for kind, what, usual in world.random.sample(COSTS, world.random.randint(3, 5)):
        amount = Decimal(round(usual * world.random.uniform(0.6, 1.3), -1))
        day = min(clock.local_day(campaign["starts_at"]), world.today)
        world.writer.add("campaign_cost", created=clock.at(day), created_by_id=campaign["owner_id"],
                         store_id=campaign["store_id"], campaign_id=campaign["id"], kind=kind, what=what,
                         amount=amount, spent_on=day)


def _evaluated(world: World, campaign: dict[str, Any]) -> None:
    random = world.random
    deals = sum(1 for row in world.writer.rows["campaign_member"]
                if row["campaign_id"] == campaign["id"] and row["state"] is M.DEAL)
    if campaign["kind"] in SELLING or deals:
        campaign["margin"] = Decimal(deals * random.randint(6_500, 9_500) + random.randint(1_000, 4_000))
    campaign["evaluation"] = random.choice(making.texts()["evaluations"])
    campaign["improvement"] = random.choice(making.texts()["improvements"])
