"""Who has this number, car, name and birthday already, asked while a form is being filled in (UX 15).

Whole values only, never a piece of one. Of a file outside the person's scope nothing is told but who keeps it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import access
from admin_app.choices import TwinSign
from admin_app.models import Customer, User, Vehicle
from admin_app.rules import pinyin

MOST = 5  # files that a form is told of


@dataclass(frozen=True)
class Typed:
    """What a form says so far, cleaned: numbers in E.164, plate, VIN, and the name with the birthday (both or none)."""

    numbers: tuple[str, ...] = ()
    plate: str | None = None
    vin: str | None = None
    name: str | None = None
    birthday: dt.date | None = None

    @property
    def any(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self.numbers or self.plate or self.vin or (self.name and self.birthday))


@dataclass
class Twin:
    """A file that answers to what was typed. customer None: it lies outside the person's scope."""

    customer: Customer | None
    owner: str | None
    signs: list[TwinSign] = field(default_factory=list)

    def sentence(self) -> Any:
        """What the person is told of a file that is not his to see."""
        keeper = self.owner or _l("the pool")
        if TwinSign.PHONE in self.signs:
            return _l("Another customer, kept by %(owner)s, already has this phone number.", owner=keeper)
        if TwinSign.CAR in self.signs:
            return _l("This car stands in another customer's file, kept by %(owner)s.", owner=keeper)
        return _l("Another customer, kept by %(owner)s, has this name and birthday.", owner=keeper)


def find(session: Any, typed: Typed, store_id: int, but_not: int | None = None) -> list[Twin]:
    """The files of a store that answer, at most MOST; `but_not`: the file that is being edited. Seen ones first."""
    found: dict[int, list[TwinSign]] = {}
    for sign, where in _questions(typed):
        statement = sa.select(Customer.id).where(Customer.store_id == store_id, Customer.deleted_at.is_(None), where)
        for key in session.scalars(access.ungated(statement.limit(MOST + 1))):
            if key != but_not:
                found.setdefault(key, []).append(sign)
    seen = {row.id: row for row in session.scalars(sa.select(Customer).where(Customer.id.in_(found)))} if found else {}
    twins = [Twin(seen.get(key), owner, found[key]) for key, owner in _owners(session, list(found))
             if key in seen or found[key] != [TwinSign.SOUND_BIRTHDAY]]
    return sorted(twins, key=lambda twin: twin.customer is None)[:MOST]


def _questions(typed: Typed) -> list[tuple[TwinSign, Any]]:
    asked: list[tuple[TwinSign, Any]] = []
    if typed.numbers:
        asked.append((TwinSign.PHONE, sa.or_(Customer.phone.in_(typed.numbers), Customer.phone2.in_(typed.numbers))))
    cars = [column == value for column, value in ((Vehicle.vin, typed.vin), (Vehicle.plate, typed.plate)) if value]
    if cars:
        asked.append((TwinSign.CAR, Customer.id.in_(sa.select(Vehicle.customer_id).where(
            sa.or_(*cars), Vehicle.deleted_at.is_(None), Vehicle.customer_id.is_not(None)))))
    if typed.name and typed.birthday:
        sound = pinyin.of_name(typed.name)
        born = Customer.birthday == typed.birthday
        asked.append((TwinSign.BIRTHDAY, sa.and_(born, Customer.name == typed.name)))
        if sound:
            asked.append((TwinSign.SOUND_BIRTHDAY, sa.and_(
                born, Customer.pinyin == sound, Customer.name != typed.name)))
    return asked


def _owners(session: Any, ids: list[int]) -> list[tuple[int, str | None]]:
    """(customer, name of the owner or None for the pool), in the order of the keys."""
    if not ids:
        return []
    return [(key, name) for key, name in session.execute(access.ungated(
        sa.select(Customer.id, User.name).outerjoin(User, User.id == Customer.owner_id).where(
            Customer.id.in_(ids)).order_by(Customer.id)))]
