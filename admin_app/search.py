"""The global search (UX 1): customers, cars, complaints, campaigns and people; the page adds commands.

Everything within the gate and by the rules of desk/searching.py. Fragments of private values are found by those who
may reveal them, four characters or more; everybody else finds them by the whole value only (SAFETY).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from admin_app import access
from admin_app.choices import Scope
from admin_app.cleaning import folded
from admin_app.desk import listing, searching
from admin_app.models import Campaign, Complaint, Customer, User, Vehicle

SHORTEST = 2  # characters of a name
MOST = 20  # rows shown of each kind
KINDS = ("customers", "vehicles", "complaints", "campaigns", "people")


@dataclass
class Found:
    """What a search brought: at most MOST rows a kind; `more` names the kinds that have further ones."""

    text: str
    customers: list[Customer] = field(default_factory=list)
    vehicles: list[Vehicle] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)
    campaigns: list[Campaign] = field(default_factory=list)
    people: list[User] = field(default_factory=list)
    more: set[str] = field(default_factory=set)

    @property
    def count(self) -> int:
        return sum(len(getattr(self, kind)) for kind in KINDS)

    @property
    def only(self) -> Customer | None:
        """The one customer who answers, where all that was found is that customer's."""
        theirs = [*self.vehicles, *self.complaints]
        alone = len(self.customers) == 1 and not self.campaigns and not self.people
        return self.customers[0] if alone and all(one.customer_id == self.customers[0].id for one in theirs) else None


def find(session: Any, text: str, most: int = MOST) -> Found:
    """Search everything. Text shorter than SHORTEST finds nothing."""
    found = Found(tidied(text))
    words = searching.words_of(found.text)
    if len(found.text) < SHORTEST or not words:
        return found
    numbered = len(words) == 1 and searching.has_digit(words[0])
    asked = {
        "customers": customers(found.text) if access.can("customer") else None,
        "vehicles": _vehicles(words[0]) if numbered and access.can("vehicle") else None,
        "campaigns": _campaigns(found.text) if access.can("campaign") else None,
        "people": None if numbered else _people(found.text),
    }
    for kind, statement in asked.items():
        if statement is not None:
            setattr(found, kind, _take(session, found, kind, statement, most))
    if access.can("complaint"):
        statement = _complaints(words[0] if numbered else "", found.customers)
        if statement is not None:
            found.complaints = _take(session, found, "complaints", statement, most)
    return found


def tidied(text: str) -> str:
    """What was typed without edges, NUL and width; at most 100 characters."""
    return " ".join(folded(text.replace("\x00", ""))[:searching.LONGEST].split())


def customers(text: str) -> Any:
    """Customers whose name, pinyin, phone or car answers to the text."""
    return listing.search(Customer, listing.select_rows(Customer, ["owner_id"]), text)


def _vehicles(word: str) -> Any:
    """Cars by plate or VIN; those of the customers found stand on the customer's page."""
    return searching.cars(listing.select_rows(Vehicle, ["customer_id"]), word)


def _complaints(number: str, of: list[Customer]) -> Any:
    """Complaints whose number begins like this, or of the customers that are shown."""
    statement = sa.select(Complaint).options(selectinload(Complaint.customer))
    return searching.of_number_or_customers(Complaint, statement, number, [one.id for one in of])


def _campaigns(text: str) -> Any:
    return sa.select(Campaign).where(Campaign.name.icontains(text, autoescape=True))


def _people(text: str) -> Any:
    """Active staff by name or user name, as far as the directory of the person's stores goes."""
    return sa.select(User).options(selectinload(User.team), selectinload(User.role)).where(
        User.active.is_(True), sa.or_(User.name.icontains(text, autoescape=True),
                                      User.username.istartswith(text, autoescape=True)))


def address_of(person: User) -> str | None:
    """Where a member of staff is looked at: the own record, else the customers in that person's charge."""
    if access.current().right("user").read in (Scope.STORE, Scope.ALL):
        return f"/admin/user/details/?id={person.id}"
    if access.can("customer"):
        return f"/admin/customer/?flt0_owner_id_equals={person.id}"
    return None


def _take(session: Any, found: Found, kind: str, statement: Any, most: int) -> list[Any]:
    model = statement.column_descriptions[0]["entity"]
    rows = list(session.scalars(statement.order_by(model.id.desc()).limit(most + 1)))
    if len(rows) > most:
        found.more.add(kind)
    return rows[:most]
