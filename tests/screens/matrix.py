"""The rights of SAFETY.md, written out once more by hand, and a small world in which every table has a row at
every distance from a person: own, of the team, of another team, of another store."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from admin_app import access
from admin_app import choices as ch
from admin_app import models as m
from admin_app.database import db
from tests import factories as f
from tests.cast import NOW, TODAY, Cast

DISTANCES = ("own", "team", "other", "far")
GROUP = {"general_manager", "auditor", "administrator"}

# role: (read, write, may create). N none, O own, T team, A all of the store; group roles: of all stores.
CUSTOMER = {
    "general_manager": "AA+", "sales_manager": "TT+", "sales_consultant": "OO+", "service_manager": "TT+",
    "service_advisor": "OO-", "care_manager": "AA+", "care_specialist": "AA+", "marketing": "AN-", "auditor": "AN-",
    "administrator": "NN-"}
FILE = CUSTOMER | {"service_advisor": "OO+"}  # visits, promises, gifts, contacts follow the customer
FOLLOWUP = {
    "general_manager": "AA+", "sales_manager": "TT+", "sales_consultant": "OO+", "service_manager": "TT+",
    "service_advisor": "OO+", "care_manager": "AA+", "care_specialist": "AO+", "marketing": "NN-", "auditor": "AN-",
    "administrator": "NN-"}
SERVICE = {
    "general_manager": "AN-", "sales_manager": "TN-", "sales_consultant": "ON-", "service_manager": "TT+",
    "service_advisor": "OO+", "care_manager": "AN-", "care_specialist": "AN-", "marketing": "NN-", "auditor": "AN-",
    "administrator": "NN-"}
COMPLAINT = {
    "general_manager": "AA+", "sales_manager": "TT+", "sales_consultant": "ON+", "service_manager": "TT+",
    "service_advisor": "ON+", "care_manager": "AA+", "care_specialist": "AA+", "marketing": "NN-", "auditor": "AN-",
    "administrator": "NN-"}
CAMPAIGN = {
    "general_manager": "AN-", "sales_manager": "AN-", "sales_consultant": "AN-", "service_manager": "AN-",
    "service_advisor": "AN-", "care_manager": "AA+", "care_specialist": "AN-", "marketing": "AA+", "auditor": "AN-",
    "administrator": "NN-"}
MATRIX = {
    "customer": CUSTOMER, "contact": FILE, "visit": FILE, "promise": FILE, "gift": FILE, "followup": FOLLOWUP,
    "inquiry": FOLLOWUP,
    "vehicle": SERVICE, "repair_order": SERVICE, "complaint": COMPLAINT, "campaign": CAMPAIGN}
# Who deletes (D) and exports (X) without a second person; D* and X* are refused until one has approved.
DELETES = {"customer": {"general_manager"}, **{t: {"general_manager"} for t in ("contact", "visit", "promise", "gift")}}
EXPORTS = {
    **{t: {"general_manager"} for t in ("customer", "contact", "visit", "promise", "gift", "followup", "inquiry",
                                        "vehicle", "repair_order", "complaint")}}
# A text field of each table that a form takes.
EDITS = {"customer": "note", "contact": "note", "visit": "summary", "promise": "note", "gift": "occasion",
         "followup": "script", "inquiry": "name", "vehicle": "note", "repair_order": "waits_for",
         "complaint": "evidence", "campaign": "place"}


def reach(role: str, letter: str) -> set[str]:
    """The distances that a letter of the matrix covers for a role."""
    covered = {"N": set(), "O": {"own"}, "T": {"own", "team"}, "A": {"own", "team", "other"}}[letter]
    return covered | {"far"} if letter == "A" and role in GROUP else covered


@dataclass
class World:
    """Row ids by table and distance."""

    ids: dict[str, dict[str, int]]

    def of(self, table: str, distances: set[str]) -> set[int]:
        return {self.ids[table][distance] for distance in distances}


def build(session: Any, cast: Cast, role: str) -> World:
    """One row of each table at each distance from the person of this role."""
    me = getattr(cast, role)
    mates = {"sales": cast.colleague, "care": cast.care_colleague}
    department = {"sales_manager": "sales", "sales_consultant": "sales", "care_manager": "care",
                  "care_specialist": "care"}.get(role, "")
    service = role.startswith("service")
    mate = mates.get(department) or (cast.service_manager if role == "service_advisor" else cast.service_advisor)
    people = {"own": me, "team": mate, "other": cast.other_team, "far": cast.outsider}
    ids: dict[str, dict[str, int]] = {table: {} for table in MATRIX}
    for distance, person in people.items():
        store_id = 2 if distance == "far" else 1
        near = distance in ("own", "team")
        customer = f.make_customer(
            session, store_id=store_id, owner=None if service and near else person, name=f"建国{distance}",
            advisor_id=person.id if service and near else None)
        if customer.owner_id is None:
            customer.owner_id = cast.other_team.id
        made = _rows(session, customer, person, store_id, distance)
        ids["customer"][distance] = customer.id
        for table, row in made.items():
            session.add(row)
            session.flush()
            ids[table][distance] = row.id
    session.commit()
    return World(ids)


def _rows(session: Any, customer: Any, person: Any, store_id: int, distance: str) -> dict[str, Any]:
    about = {"store_id": store_id, "customer_id": customer.id}
    return {
        "contact": m.Contact(name=f"联系人{distance}", **about),
        "visit": m.Visit(at=NOW, staff_id=person.id, content="谈过", **about),
        "promise": m.Promise(what=f"答应{distance}", by_id=person.id, due_on=TODAY + dt.timedelta(days=400), **about),
        "gift": m.Gift(name=f"礼{distance}", by_id=person.id, given_on=TODAY, **about),
        "followup": m.FollowUp(
            reason=f"回访{distance}", assignee_id=person.id, due_on=TODAY, first_due_on=TODAY, due_at=NOW,
            occurrence=f"matrix:{distance}", **about),
        "inquiry": m.Inquiry(question=f"问题{distance}", owner_id=person.id, received_at=NOW,
                             due_at=NOW + dt.timedelta(hours=24), **about),
        "vehicle": m.Vehicle(model=f"岚风{distance}", **about),
        "repair_order": m.RepairOrder(number=f"WX-{distance}", opened_at=NOW, state=ch.RepairState.CLOSED,
                                      closed_at=NOW, **about),
        "complaint": m.Complaint(number=f"TS-{distance}", text="等待过长", received_at=NOW, **about),
        "campaign": m.Campaign(store_id=store_id, name=f"活动{distance}", kind=ch.CampaignKind.CARE, starts_at=NOW,
                               ends_at=NOW + dt.timedelta(hours=2), owner_id=person.id),
    }


def stored(model: Any, row_id: int) -> Any:
    """A row as the database has it now, whoever may see it."""
    db.session.expire_all()
    return db.session.scalars(access.ungated(db.select(model).where(model.id == row_id))).one()
