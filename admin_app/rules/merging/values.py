"""Which value of which file the file that stays takes, field by field.

A person chooses where both files say something and do not say the same; where one is silent the other speaks. Notes
and tags may be joined. Some fields follow a rule and are not asked: the stricter confidentiality, the wish not to be
disturbed of either, the earlier day of registration, the later confirmation and last contact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from admin_app import access
from admin_app.choices import Confidentiality, Stage
from admin_app.columns import Field, fields
from admin_app.models import Customer

KEPT, MERGED, BOTH, OTHER = "kept", "merged", "both", "other"
# Not asked: settled by rule() below, or derived from the others.
BY_RULE = {"kept_apart", "confidentiality", "confidential_reason", "confidential_until", "do_not_disturb",
           "birthday_calendar", "registered_on"}
JOINED = {"note", "tags"}  # kinds that hold both
STRICTEST = (Confidentiality.SECRET, Confidentiality.RESTRICTED, Confidentiality.NORMAL)
FURTHEST = (Stage.OWNER, Stage.PROSPECT, Stage.LEAD, Stage.LOST)


@dataclass(frozen=True)
class Option:
    """One field: what can be chosen and what is proposed. `asked`: both files say something of their own."""

    name: str
    field: Field
    sides: tuple[str, ...]
    proposed: str
    asked: bool


def options(session: Any, kept: Customer, merged: Customer) -> list[Option]:
    """Every field that at least one of the files has and that is not settled by a rule, in the order of the form."""
    actor = access.actor_of(session)
    found = []
    for name, _column, field in fields(Customer):
        if field.readonly or field.hidden or name in BY_RULE:
            continue
        sides = _sides(name, field, kept, merged)
        if not sides:
            continue
        proposed = _proposed(name, sides, kept, merged)
        asked = len(sides) > 1 and not _differs_only_in_rights(actor, name)
        found.append(Option(name, field, sides, proposed, asked))
    return found


def _differs_only_in_rights(actor: Any, name: str) -> bool:
    """Whether the field is not this person's to choose: then what is proposed stands."""
    key = ("customer", name)
    managers = key in access.MANAGERS_ONLY and not (actor and (actor.manages or actor.system))
    return managers or (key in access.ASSIGNING and not (actor and actor.may("customer", "assign")))


def filled(value: Any) -> bool:
    """Whether a field says anything."""
    return value not in (None, "", [])


def _sides(name: str, field: Field, kept: Customer, merged: Customer) -> tuple[str, ...]:
    mine, theirs = getattr(kept, name), getattr(merged, name)
    if name == "phone2":
        return _second_sides(kept, merged)
    if not filled(mine) and not filled(theirs):
        return ()
    if mine == theirs or not filled(theirs):
        return (KEPT,)
    if not filled(mine):
        return (MERGED,)
    return (KEPT, MERGED, BOTH) if field.kind in JOINED else (KEPT, MERGED)


def _second_sides(kept: Customer, merged: Customer) -> tuple[str, ...]:
    """A second number may also be the first number that is not taken."""
    firsts = {kept.phone, merged.phone}
    given = [(KEPT, kept.phone2), (MERGED, merged.phone2)]
    seen: dict[Any, str] = {}
    for side, number in given:
        if filled(number) and (number not in firsts):
            seen.setdefault(number, side)
    if len(firsts - {None, ""}) > 1:
        seen["other"] = OTHER
    return tuple(seen.values())


def _proposed(name: str, sides: tuple[str, ...], kept: Customer, merged: Customer) -> str:
    if BOTH in sides:
        return BOTH
    if len(sides) == 1 or name not in ("stage", "grade", "phone2"):
        return sides[0]
    if name == "phone2":
        return KEPT if KEPT in sides else OTHER if OTHER in sides else sides[0]
    if kept.stage != merged.stage:
        return KEPT if FURTHEST.index(kept.stage) <= FURTHEST.index(merged.stage) else MERGED
    later = bool(merged.graded_on and (kept.graded_on is None or merged.graded_on > kept.graded_on))
    return MERGED if later else KEPT


# ---------------------------------------------------------------- taking them


def take(session: Any, kept: Customer, merged: Customer, chosen: Mapping[str, str]) -> list[str]:
    """Put the chosen values on the file that stays; a choice that is not offered falls back to what is proposed.

    Returns the numbers for which neither field had room; they stay in the merged file.
    """
    numbers = {number for number in (kept.phone, kept.phone2, merged.phone, merged.phone2) if number}
    taken: dict[str, tuple[str, Any]] = {}
    for option in options(session, kept, merged):
        side = chosen.get(option.name, "") if option.asked else option.proposed
        side = side if side in option.sides else option.proposed
        taken[option.name] = side, _value(option, side, kept, merged)
    if "phone2" in taken and taken["phone2"][0] == OTHER:
        taken["phone2"] = OTHER, merged.phone if taken.get("phone", ("", kept.phone))[1] == kept.phone else kept.phone
    if taken.get("birthday", ("", None))[0] == MERGED:
        kept.birthday_calendar = merged.birthday_calendar
    if taken.get("grade", ("", None))[0] == MERGED:
        taken["graded_on"] = MERGED, merged.graded_on
    _rule(kept, merged)
    for name, (_side, value) in taken.items():
        if getattr(kept, name) != value:
            setattr(kept, name, value)
    if kept.referrer_id in (kept.id, merged.id):  # the two had referred each other
        kept.referrer_id = None
    return sorted(numbers - {kept.phone, kept.phone2})


def _value(option: Option, side: str, kept: Customer, merged: Customer) -> Any:
    mine, theirs = getattr(kept, option.name), getattr(merged, option.name)
    if side == BOTH and option.field.kind == "tags":
        return list(dict.fromkeys([*mine, *theirs]))
    if side == BOTH:
        return f"{mine}\n{theirs}"
    return theirs if side == MERGED else mine


def _rule(kept: Customer, merged: Customer) -> None:
    """What is not asked."""
    if STRICTEST.index(merged.confidentiality) < STRICTEST.index(kept.confidentiality):
        for name in ("confidentiality", "confidential_reason", "confidential_until"):
            setattr(kept, name, getattr(merged, name))
    kept.do_not_disturb = kept.do_not_disturb or merged.do_not_disturb
    _one_of(kept, merged, "registered_on", min)
    _one_of(kept, merged, "confirmed_on", max)
    _one_of(kept, merged, "last_contact_at", max)
    if kept.owner_id is None and merged.owner_id is None and not kept.owner_text:
        kept.owner_text = merged.owner_text


def _one_of(kept: Customer, merged: Customer, name: str, better: Callable[..., Any]) -> None:
    given = [value for value in (getattr(kept, name), getattr(merged, name)) if value is not None]
    if given:
        setattr(kept, name, better(given))
