"""What stands on a person. A link to a user is either one of HOLDINGS, work that somebody must have, or HISTORY: who
did something, which keeps its name for ever. A test holds that every link of the schema is one of the two."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access
from admin_app.choices import (
    CampaignState,
    ComplaintState,
    InquiryState,
    PromiseState,
    RepairState,
    VisitState,
)
from admin_app.models import (
    BY_TABLE,
    Campaign,
    Complaint,
    Customer,
    CustomerReader,
    FollowUp,
    Inquiry,
    Promise,
    RepairOrder,
    Visit,
)
from admin_app.rules.followups.tasks import OPEN_STATES

Where = Callable[[dt.date], Any]

# How a holding goes over: to whom the customer goes, to the one person who takes the duties, or it ends.
CUSTOMER, DUTY, ENDS = "customer", "duty", "ends"


@dataclass(frozen=True)
class Holding:
    """One kind of work: its name, label, table and link; which of the rows are still open; how it goes over.

    shown: the filters of the list that has the same rows, beside the person.
    """

    name: str
    label: Any
    table: str
    link: str
    goes: str
    open: Where = lambda today: sa.true()
    shown: tuple[tuple[str, str, str], ...] = ()

    @property
    def model(self) -> Any:
        return BY_TABLE[self.table]

    @property
    def column(self) -> Any:
        return getattr(self.model, self.link)

    def of(self, person: Any, today: dt.date) -> Any:
        """The criterion of the open rows that stand on a person; `person` a key, or None for anybody's."""
        whose = self.column.is_not(None) if person is None else self.column == person
        return sa.and_(whose, self.model.deleted_at.is_(None), self.open(today))


HOLDINGS: tuple[Holding, ...] = (
    Holding("customers", _l("Customers"), "customer", "owner_id", CUSTOMER),
    Holding("advised", _l("Customers as service advisor"), "customer", "advisor_id", CUSTOMER),
    Holding("tasks", _l("Open follow-ups"), "followup", "assignee_id", CUSTOMER,
            lambda today: FollowUp.state.in_(OPEN_STATES)),
    Holding("promises", _l("Open promises"), "promise", "by_id", CUSTOMER,
            lambda today: Promise.state == PromiseState.OPEN, (("state", "equals", "open"),)),
    Holding("visits", _l("Planned visits"), "visit", "staff_id", CUSTOMER,
            lambda today: Visit.state == VisitState.PLANNED, (("state", "equals", "planned"),)),
    Holding("orders", _l("Open repair orders"), "repair_order", "advisor_id", CUSTOMER,
            lambda today: RepairOrder.state.not_in([RepairState.CLOSED, RepairState.CANCELLED]),
            (("state", "not", "closed"), ("state", "not", "cancelled"))),
    Holding("complaints", _l("Complaints in charge"), "complaint", "owner_id", DUTY,
            lambda today: Complaint.state != ComplaintState.CLOSED, (("state", "not", "closed"),)),
    Holding("inquiries", _l("Inquiries to answer"), "inquiry", "owner_id", DUTY,
            lambda today: Inquiry.state.in_([InquiryState.OPEN, InquiryState.PLANNED]),
            (("state", "not", "answered"), ("state", "not", "closed"))),
    Holding("campaigns", _l("Campaigns"), "campaign", "owner_id", DUTY,
            lambda today: Campaign.state != CampaignState.EVALUATED, (("state", "not", "evaluated"),)),
    Holding("teams", _l("Teams led"), "team", "manager_id", DUTY),
    Holding("rules", _l("Follow-up rules for this person"), "followup_rule", "person_id", DUTY),
    Holding("secrets", _l("Named for secret files"), "customer_reader", "user_id", ENDS,
            lambda today: sa.or_(CustomerReader.until.is_(None), CustomerReader.until >= today)),
)
BY_NAME = {one.name: one for one in HOLDINGS}

# Links that say who did something: they keep the name of whoever has left.
HISTORY: frozenset[tuple[str, str]] = frozenset({
    ("vehicle", "sold_by_id"), ("visit", "reviewed_by_id"), ("gift", "by_id"), ("photo", "by_id"),
    ("followup", "closed_by_id"), ("followup", "allowed_by_id"),
    ("complaint", "responsible_id"), ("complaint", "user_cause_approved_by_id"),
    ("complaint", "compensation_approved_by_id"), ("complaint", "finished_by_id"), ("complaint", "recalled_by_id"),
    ("complaint_step", "by_id"), ("campaign_member", "invited_by_id"), ("score_period", "closed_by_id"),
    ("score", "user_id"), ("import_job", "undone_by_id"), ("customer_merge", "undone_by_id"),
    ("second_person_request", "decided_by_id"), ("audit_entry", "actor_id"), ("access_log", "user_id"),
    ("consent", "by_id"), ("notification", "user_id"), ("message", "user_id"),
})
MADE = ("created_by_id", "deleted_by_id")  # history in every table


def counts(session: Any, person: int, today: dt.date) -> dict[str, int]:
    """name of a holding → how many open rows stand on a person, whoever may see them; those without any left out.

    Exact numbers and nothing else of the rows: whoever hands over sees how much there is, not what.
    """
    with access.as_system(session, "what a leaver has, counted"):
        row = session.execute(sa.select(*[
            sa.select(sa.func.count(one.model.id)).where(one.of(person, today)).scalar_subquery().label(one.name)
            for one in HOLDINGS])).one()
    return {one.name: number for one, number in zip(HOLDINGS, row, strict=True) if number}


def has_anything(session: Any, people: Iterable[int], today: dt.date) -> dict[int, dict[str, int]]:
    """person → counts() of several people, with one statement a holding."""
    wanted = list(people)
    found: dict[int, dict[str, int]] = {}
    with access.as_system(session, "what people have, counted"):
        for one in HOLDINGS:
            rows = session.execute(sa.select(one.column, sa.func.count(one.model.id)).where(
                one.column.in_(wanted), one.of(None, today)).group_by(one.column))
            for person, number in rows:
                found.setdefault(person, {})[one.name] = number
    return found


def by_stage_and_grade(session: Any, person: int) -> list[tuple[str, str, int]]:
    """(stage, grade, how many) of the customers that a person owns; numbers only."""
    with access.as_system(session, "what a leaver has, counted"):
        return [tuple(row) for row in session.execute(sa.select(
            Customer.stage, Customer.grade, sa.func.count(Customer.id)).where(
            Customer.owner_id == person).group_by(Customer.stage, Customer.grade))]
