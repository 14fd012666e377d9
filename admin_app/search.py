"""The global search (UX 1): customers by name, pinyin or phone, cars by plate or VIN, complaints by number.

Everything within the gate. Fragments of private values are found by those who may reveal them, four characters or
more; everybody else finds them by the whole value only (SAFETY).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from admin_app import access
from admin_app.cleaning import folded
from admin_app.desk import listing
from admin_app.models import Complaint, Customer, Vehicle

SHORTEST = 2  # characters of a name
MOST = 20  # rows shown of each kind
LETTERS = re.compile(r"[a-z][a-z' ]*")
NUMBER = re.compile(r"\+?\d[\d ()-]*")  # a phone as people write it, with blanks


@dataclass
class Found:
    """What a search brought: at most MOST rows a kind; `more` names the kinds that have further ones."""

    text: str
    customers: list[Customer] = field(default_factory=list)
    vehicles: list[Vehicle] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)
    more: set[str] = field(default_factory=set)

    @property
    def count(self) -> int:
        return len(self.customers) + len(self.vehicles) + len(self.complaints)


def find(session: Any, text: str, most: int = MOST) -> Found:
    """Search everything. Text shorter than SHORTEST finds nothing."""
    found = Found(tidied(text))
    if len(found.text) < SHORTEST:
        return found
    found.customers = _take(session, found, "customers", Customer, customers(found.text), most)
    if access.can("vehicle"):
        found.vehicles = _take(session, found, "vehicles", Vehicle, _vehicles(found.text), most)
    if access.can("complaint"):
        found.complaints = _take(session, found, "complaints", Complaint, _complaints(found.text), most)
    return found


def tidied(text: str) -> str:
    """What was typed without edges, NUL and width; at most 100 characters."""
    return " ".join(folded(text.replace("\x00", ""))[:listing.LONGEST_SEARCH].split())


def customers(text: str) -> Any:
    """Customers whose name, pinyin (whole or initials) or phone answers to the text."""
    statement = listing.select_rows(Customer, ["owner_id"])
    typed = text.lower()
    if NUMBER.fullmatch(typed):
        return listing.search(Customer, statement, re.sub(r"[^+\d]", "", typed))
    if not LETTERS.fullmatch(typed):
        return listing.search(Customer, statement, text)
    sound = re.sub(r"[' ]", "", typed)
    squeezed = sa.func.replace(sa.func.lower(sa.func.coalesce(Customer.pinyin, "")), " ", "")
    return statement.where(sa.or_(
        Customer.name.icontains(typed, autoescape=True),
        sa.func.lower(sa.func.coalesce(Customer.pinyin, "")).contains(sound, autoescape=True),
        squeezed.contains(sound, autoescape=True)))


def _vehicles(text: str) -> Any:
    statement = listing.select_rows(Vehicle, ["customer_id"])
    if not any(letter.isdigit() for letter in text):  # a plate or VIN has a figure; model names are no answer here
        return statement.where(sa.false())
    return _only_private(Vehicle, statement, text)


def _only_private(model: Any, statement: Any, text: str) -> Any:
    """Rows found by a private value; plain texts of the table are left to its own list."""
    word = text.replace(" ", "")
    parts = [part for name, about in listing.searched(model) if about.private
             for part in listing._match(model, name, about, word)]
    return statement.where(sa.or_(*parts) if parts else sa.false())


def _complaints(text: str) -> Any:
    statement = sa.select(Complaint).options(selectinload(Complaint.customer))
    return statement.where(Complaint.number.icontains(text.replace(" ", ""), autoescape=True))


def _take(session: Any, found: Found, kind: str, model: Any, statement: Any, most: int) -> list[Any]:
    rows = list(session.scalars(statement.order_by(model.id.desc()).limit(most + 1)))
    if len(rows) > most:
        found.more.add(kind)
    return rows[:most]
