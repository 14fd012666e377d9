"""A world for attackers: rows that somebody may see, with scripts in every text and known private values, and rows
that he may not see (of another store, of a secret file) under names of their own; and every address that reads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from admin_app import access
from admin_app import choices as ch
from admin_app import models as m
from admin_app.columns import fields
from admin_app.database import db
from tests import factories as f
from tests.cast import NOW, TODAY, Cast
from tests.conftest import act_as

FAR, SECRET = "隐匿甲", "隐匿乙"  # stand in every text of another store's rows, and of a secret file's
ASKED = "隐匿"  # what is searched for: an answer may repeat it
SCRIPT = '=1+1<img src=x>"\''
PRIVATE = {"phone": "+8613913572468", "phone2": "+8613713572469", "id_number": "440301199001015577",
           "vin": "LSVAA4187E2199887", "plate": "粤BX7Q91"}
RAW = {value.removeprefix("+86") for value in PRIVATE.values()}
KEPT = {"code", "opens", "closes", "home", "username", "version_name", "occurrence", "source_table", "table", "label",
        "needs", "source", "locale", "agreement_version", "road", "address", "task", "prev_hash", "hash", "field"}
TEXTS = ("text", "note")


@dataclass
class World:
    """Keys of the rows by table: those that the person sees, and the hidden ones."""

    seen: dict[str, int]
    far: dict[str, int]
    secret: dict[str, int]

    @property
    def hidden(self) -> list[tuple[str, int]]:
        return [pair for rows in (self.far, self.secret) for pair in rows.items()]


def build(session: Any, cast: Cast, person: Any) -> World:
    """The world of a person: rows of his own in store 1, rows of store 2, and a secret file of another team."""
    seen = _file(session, person, 1, SCRIPT, advisor_id=person.id)
    far = _file(session, cast.outsider, 2, FAR)
    secret = _file(session, cast.other_team, 1, SECRET, confidentiality=ch.Confidentiality.SECRET)
    for user in (cast.colleague, cast.other_team, cast.store, person.team):
        if user is not None:
            user.name = SCRIPT
    session.scalars(sa.select(m.FollowUpRule).limit(1)).one().name = SCRIPT
    session.commit()
    return World(seen, far, secret)


def _file(session: Any, person: Any, store_id: int, text: str, **more: Any) -> dict[str, int]:
    """A customer with a row of everything, `text` in each of their texts."""
    names = ("phone", "phone2", "id_number") if text == SCRIPT else ()
    values: dict[str, Any] = {name: PRIVATE[name] for name in names}
    values |= {"birthday": dt.date(1980, 11, 23), "grade": ch.Grade.H, "graded_on": TODAY - dt.timedelta(days=30)}
    customer = f.make_customer(session, owner=person, store_id=store_id, **values, **more)
    private = {name: PRIVATE[name] for name in ("vin", "plate")} if text == SCRIPT else {}
    car = f.make_vehicle(session, customer, sold_by_id=person.id, **private)
    about = {"store_id": store_id, "customer_id": customer.id}
    campaign = f.make_campaign(session, store_id=store_id, owner=person)
    complaint = f.make_complaint(session, customer, owner=person, vehicle_id=car.id, responsible_id=person.id)
    rows = {
        "customer": customer, "vehicle": car, "complaint": complaint, "campaign": campaign,
        "visit": f.make_visit(session, customer, staff=person, vehicle_id=car.id, campaign_id=campaign.id),
        "followup": f.make_followup(session, customer, assignee=person, due=TODAY - dt.timedelta(days=1)),
        "repair_order": f.make_order(session, customer, advisor=person, vehicle=car),
        "contact": m.Contact(name="联系人", phone=PRIVATE["phone"] if text == SCRIPT else None, **about),
        "promise": m.Promise(what="答应", by_id=person.id, due_on=TODAY - dt.timedelta(days=1), **about),
        "gift": m.Gift(name="礼", by_id=person.id, given_on=TODAY, **about),
        "consent": f.make_consent(customer, by_id=person.id),
        "vehicle_owner": m.VehicleOwner(vehicle_id=car.id, **about),
        "complaint_step": m.ComplaintStep(store_id=store_id, complaint_id=complaint.id, kind=ch.StepKind.RECEIVE,
                                          at=NOW, by_id=person.id, note=text),
        "campaign_member": m.CampaignMember(campaign_id=campaign.id, invited_by_id=person.id, **about),
        "campaign_cost": m.CampaignCost(store_id=store_id, campaign_id=campaign.id, kind=next(iter(ch.CostKind)),
                                        what="茶点", amount=1),
    }
    for table, row in rows.items():
        if text != SECRET or table not in ("campaign", "campaign_cost"):  # a campaign is the whole store's
            _write(row, text)
        session.add(row)
    session.flush()
    return {table: row.id for table, row in rows.items()}


def _write(row: Any, text: str) -> None:
    for name, column, field in fields(type(row)):
        if field.kind in TEXTS and name not in KEPT and not field.hidden:
            setattr(row, name, f"{text}{row.id or ''}"[:column.type.length] if name == "number" else text)
        elif field.kind == "tags":
            setattr(row, name, [text])


def change(session: Any, person: Any, model: Any, row_id: int, **values: Any) -> None:
    """A change by a person, so that it stands in the change record under his name."""
    act_as(person)
    row = session.scalars(sa.select(model).where(model.id == row_id)).one()
    for name, value in values.items():
        setattr(row, name, value)
    session.commit()
    access.set_actor(db.session, access.Actor(name="test", system="test", store_ids=None, store_id=1))


def screens(app: Flask) -> dict[str, Any]:
    """The generated screens by table."""
    return {view.table: view for view in app.extensions["admin"][0]._views if hasattr(view, "table")}


def addresses(app: Flask, world: World) -> Iterator[str]:
    """Every address that reads: lists, their searches, filters, look-ups and exports, records, the pages by hand."""
    for table, view in screens(app).items():
        base = f"/admin/{table}/"
        yield from (f"{base}?page_size=100", f"{base}?search={ASKED}", f"{base}new/", f"{base}export/csv/")
        yield from (f"{base}?{urlencode({f'flt0_{key}': ASKED})}" for key in view._filter_args
                    if key.endswith("_contains"))
        yield from (f"{base}ajax/lookup/?name={name}" for name, field in view.about.items() if field.kind == "link")
    for table, key in [*world.seen.items(), *world.hidden]:
        yield from (f"/admin/{table}/details/?id={key}", f"/admin/{table}/edit/?id={key}")
    for rows in (world.seen, world.far, world.secret):
        yield from _about_customer(rows)
    yield from (f"/admin/search/?q={ASKED}", "/admin/search/?q=1%2B1", "/admin/", f"/admin/visit/log/?q={ASKED}",
                "/admin/complaint/board/", "/admin/followups/?due=all&owner=all", "/admin/followups/?due=overdue",
                "/admin/scores/", "/admin/recycle/", "/account/password", "/admin/nothing/", "/static/nothing.js")
    yield from (f"/admin/today/?show={show}" for show in ("birthdays", "broken", "stale", "unlearned", "done"))
    names = ("sales_consultant", "colleague", "other_team", "outsider")
    people = db.session.scalars(access.ungated(sa.select(m.User.id).where(m.User.username.in_(names)))).all()
    yield from (f"/admin/followups/?due=all&owner={one}" for one in people)
    yield from (f"/admin/today/?show={show}&owner={one}" for show in ("broken", "done") for one in people)
    yield from (f"/admin/scores/rows/?period=2026-11&metric={code}&user={one}" for one in people
                for code in db.session.scalars(sa.select(m.Metric.code)).all()[:4])


def _about_customer(rows: dict[str, int]) -> Iterator[str]:
    customer, task = rows["customer"], rows["followup"]
    links = urlencode({f"{table}_id": rows[table] for table in ("customer", "vehicle", "campaign")})
    yield from (f"/admin/{table}/new/?{links}" for table in (
        "visit", "promise", "followup", "complaint", "repair_order", "vehicle", "campaign_member"))
    yield from (f"/admin/visit/log/?customer={customer}", f"/admin/visit/log/?customer={customer}&followup={task}",
                f"/admin/followups/?task={task}", f"/admin/customer/details/?id={customer}&kind=change",
                f"/admin/complaint/details/?id={rows['complaint']}&step=acknowledge")


@dataclass(frozen=True)
class Answer:
    """What an address answered."""

    address: str
    status: int
    kind: str
    cache: str
    text: str


def crawl(app: Flask, client: FlaskClient, world: World) -> list[Answer]:
    """Ask every address, those of the lists as a script too."""
    found = []
    for address in addresses(app, world):
        answer = client.get(address)
        found.append(Answer(address, answer.status_code, answer.mimetype, answer.headers.get("Cache-Control", ""),
                            answer.text))
    for table in screens(app):
        answer = client.get(f"/admin/{table}/?search={ASKED}", headers={"Accept": "application/json"})
        found.append(Answer(f"{table} as JSON", answer.status_code, answer.mimetype, "no-store", answer.text))
    answer = client.get("/admin/search/?q=" + ASKED, headers={"Accept": "application/json"})
    return [*found, Answer("search as JSON", answer.status_code, answer.mimetype, "no-store", answer.text)]


