"""Which two files may be one customer, and why (DOMAIN §3.10); the verdict that they are two people.

A sign is something that two files of a store have in common. signs_of() in Python and pairs() in SQL say the same; a
test keeps them equal. A value that more than MOST_ALIKE files share (a company's switchboard, a placeholder) says
nothing. A number that is shared on purpose (`kept_apart`) counts only where the name is the same as well.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import aliased

from admin_app import access
from admin_app.choices import Likelihood, TwinSign
from admin_app.errors import Refused, RuleError
from admin_app.models import Customer, DistinctPair, Vehicle

MOST_ALIKE = 8  # files that may share a value before it says nothing (default)
STRENGTH = {TwinSign.PHONE: 5, TwinSign.CAR: 4, TwinSign.BIRTHDAY: 4, TwinSign.ADDRESS: 3,
            TwinSign.SOUND_BIRTHDAY: 3, TwinSign.SOUND_ADDRESS: 2}  # default
VERY_LIKELY, LIKELY = 7, 4  # strength from which on (default)
CHUNK = 500
LONGEST_REASON = 200


@dataclass(frozen=True)
class Pair:
    """Two files, the smaller key first, and what they have in common, the strongest sign first."""

    first: int
    second: int
    signs: tuple[TwinSign, ...]

    @property
    def strength(self) -> int:
        """The weights of the signs together."""
        return sum(STRENGTH[sign] for sign in self.signs)

    @property
    def likelihood(self) -> Likelihood:
        """The strength in words."""
        return likelihood(self.strength)


def likelihood(strength: int) -> Likelihood:
    """What a strength is called."""
    if strength >= VERY_LIKELY:
        return Likelihood.SURE
    return Likelihood.LIKELY if strength >= LIKELY else Likelihood.POSSIBLE


# ---------------------------------------------------------------- two files side by side


def signs_of(first: Any, second: Any, first_cars: Collection[str] = (),
             second_cars: Collection[str] = ()) -> tuple[TwinSign, ...]:
    """What two files have in common; empty for files of different stores. The cars: their VINs and plates."""
    if first.store_id != second.store_id:
        return ()
    found = []
    if _share_number(first, second):
        found.append(TwinSign.PHONE)
    if set(first_cars) & set(second_cars):
        found.append(TwinSign.CAR)
    found += [sign for column, named, sounding in BY_NAME if getattr(first, column) and
              getattr(first, column) == getattr(second, column)
              for sign in [_name_sign(first, second, named, sounding)] if sign]
    return _ordered(found)


BY_NAME = (("birthday", TwinSign.BIRTHDAY, TwinSign.SOUND_BIRTHDAY),
           ("address", TwinSign.ADDRESS, TwinSign.SOUND_ADDRESS))


def _share_number(first: Any, second: Any) -> bool:
    mine, theirs = {first.phone, first.phone2} - {None, ""}, {second.phone, second.phone2} - {None, ""}
    return any(first.name == second.name or not _on_purpose(number, first, second) for number in mine & theirs)


def _on_purpose(number: str, first: Any, second: Any) -> bool:
    """Whether a person said that two customers share this number as their first one."""
    return first.phone == second.phone == number and bool(first.kept_apart or second.kept_apart)


def _name_sign(first: Any, second: Any, named: TwinSign, sounding: TwinSign) -> TwinSign | None:
    if first.name == second.name:
        return named
    return sounding if first.pinyin and first.pinyin == second.pinyin else None


def _ordered(signs: Iterable[TwinSign]) -> tuple[TwinSign, ...]:
    return tuple(sorted(set(signs), key=lambda sign: (-STRENGTH[sign], sign.value)))


# ---------------------------------------------------------------- all pairs


def pairs(session: Any) -> list[Pair]:
    """Every likely pair within the acting person's scope, the likeliest first; those found to be two people left out.

    The database finds the values that occur twice, by an index where there is one; only files that have such a value
    are compared.
    """
    found: dict[tuple[int, int], set[TwinSign]] = defaultdict(set)
    for source in (_by_number, _by_car, _by_birthday, _by_address):
        for first, second, sign in source(session):
            found[min(first, second), max(first, second)].add(sign)
    apart = {(row.first_id, row.second_id) for row in session.execute(access.ungated(
        sa.select(DistinctPair.first_id, DistinctPair.second_id).where(DistinctPair.deleted_at.is_(None))))}
    wanted = [key for key in found if key not in apart]
    seen = _seen(session, sorted({one for key in wanted for one in key}))
    made = [Pair(*key, _ordered(found[key])) for key in wanted if seen.issuperset(key)]
    return sorted(made, key=lambda pair: (-pair.strength, pair.first, pair.second))


Found = Iterator[tuple[int, int, TwinSign]]
_LIVE = Customer.deleted_at.is_(None)


def _seen(session: Any, ids: list[int]) -> set[int]:
    """Which of these files the acting person may see."""
    return {key for part in _chunks(ids) for key in session.scalars(
        sa.select(Customer.id).where(_LIVE, Customer.id.in_(part)))}


def _by_number(session: Any) -> Found:
    """Numbers that stand in two files: crosswise, twice as a second number, or kept apart under one name."""
    for part in _chunks(sorted(_numbers_twice(session))):
        rows = session.execute(access.ungated(sa.select(
            Customer.id, Customer.store_id, Customer.name, Customer.phone, Customer.phone2, Customer.kept_apart,
            ).where(_LIVE, sa.or_(Customer.phone.in_(part), Customer.phone2.in_(part)))))
        carriers: dict[tuple[int, str], list[Any]] = defaultdict(list)
        for row in rows:
            for number in {row.phone, row.phone2} & set(part):
                carriers[row.store_id, number].append(row)
        for (_store, number), files in carriers.items():
            for first, second in combinations(files, 2) if len(files) <= MOST_ALIKE else ():
                if first.name == second.name or not _on_purpose(number, first, second):
                    yield first.id, second.id, TwinSign.PHONE


def _numbers_twice(session: Any) -> set[str]:
    """Every number that two live files may have in common; a first number is one file's alone unless kept apart."""
    other = aliased(Customer)
    twice = sa.select(Customer.phone2).where(Customer.phone2.is_not(None)).group_by(Customer.phone2).having(_twice)
    across = sa.select(Customer.phone2).join(other, other.phone == Customer.phone2).where(Customer.phone2.is_not(None))
    apart = sa.select(Customer.phone).where(_LIVE, Customer.kept_apart, Customer.phone.is_not(None))
    return {number for part in (twice, across, apart) for number in session.scalars(access.ungated(part))}


def _by_car(session: Any) -> Found:
    """Two cars with one plate that belong to two customers. (A VIN stands in a store once.)"""
    for cars in _alike(session, Vehicle, Vehicle.customer_id, Vehicle.plate):
        ids = sorted({car.who for car in cars if car.who is not None})
        for first, second in combinations(ids, 2) if len(ids) <= MOST_ALIKE else ():
            yield first, second, TwinSign.CAR


def _by_birthday(session: Any) -> Found:
    yield from _by_name(session, Customer.birthday, TwinSign.BIRTHDAY, TwinSign.SOUND_BIRTHDAY)


def _by_address(session: Any) -> Found:
    yield from _by_name(session, Customer.address, TwinSign.ADDRESS, TwinSign.SOUND_ADDRESS)


def _by_name(session: Any, column: Any, named: TwinSign, sounding: TwinSign) -> Found:
    """Files with this value in common whose names are the same, or sound the same (then their pinyin is)."""
    for files in _alike(session, Customer, Customer.id, column, Customer.pinyin, more=(Customer.name,)):
        for first, second in combinations(files, 2) if len(files) <= MOST_ALIKE else ():
            yield first.who, second.who, named if first.name == second.name else sounding


_twice = sa.func.count() > 1


def _alike(session: Any, model: Any, who: Any, *columns: Any, more: tuple[Any, ...] = ()) -> Iterator[list[Any]]:
    """The live rows of a store that have these columns in common, group by group; `who` is the customer's key."""
    filled = [column.is_not(None) for column in columns]
    filled += [column != "" for column in columns if isinstance(column.type, sa.String)]
    keys = sa.select(*columns).where(*filled).group_by(*columns).having(_twice).subquery()
    rows = session.execute(access.ungated(sa.select(
        model.store_id, who.label("who"), *columns, *more).join(
        keys, sa.and_(*[keys.c[column.key] == column for column in columns])).where(model.deleted_at.is_(None))))
    groups: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        groups[(row.store_id, *[getattr(row, column.key) for column in columns])].append(row)
    yield from (rows for rows in groups.values() if len(rows) > 1)


def _chunks(values: list[Any]) -> Iterator[list[Any]]:
    yield from (values[at:at + CHUNK] for at in range(0, len(values), CHUNK))


# ---------------------------------------------------------------- the verdict


def set_apart(session: Any, first: Customer, second: Customer, reason: str | None, now: dt.datetime) -> DistinctPair:
    """Note that two files are two people, for a reason. Said before, it stands with the new reason.

    Raises RuleError at `reason`, Refused for those who may not say so.
    """
    _check_verdict(session)
    text = (reason or "").strip()
    if not text:
        raise RuleError(_l("Say how you know that these are two people."), "reason")
    if len(text) > LONGEST_REASON:
        raise RuleError(_l("This text is longer than %(length)s characters.", length=LONGEST_REASON), "reason")
    if first.id == second.id or first.store_id != second.store_id:
        raise RuleError(_l("Choose two files of one store."))
    low, high = sorted((first.id, second.id))
    with access.as_system(session, "two people, not one", include_deleted=True):
        pair = session.scalars(sa.select(DistinctPair).where(
            DistinctPair.first_id == low, DistinctPair.second_id == high)).first()
        if pair is None:
            pair = DistinctPair(store_id=first.store_id, first_id=low, second_id=high)
            session.add(pair)
        pair.reason, pair.deleted_at, pair.deleted_by_id = text, None, None
    return pair


def take_back(session: Any, pair: DistinctPair, now: dt.datetime) -> None:
    """The verdict falls; the pair stands on the list again if it is likely. Refused for those who may not."""
    _check_verdict(session)
    actor = access.actor_of(session)
    with access.as_system(session, "the verdict is taken back"):
        pair.deleted_at, pair.deleted_by_id = now, actor.user_id if actor else None


def _check_verdict(session: Any) -> None:
    actor = access.actor_of(session)
    if actor is None or not actor.may("distinct_pair", "write"):
        raise Refused(_l("You may not decide about duplicates."))
