"""What a search box finds (decision 0006): words are routed by what they look like, the index names at most CAP rows.

Two steps, never one clever statement. The first asks the index for keys, without the gate; the second reads the rows
with these keys through the gate like any other. A word that more than CAP customers answer to is broad: then the
list is read in its own order and each row is tested, which comes to exactly the same rows.

Rows that hang on a customer (visits, tasks, complaints …) are found by their customer, by their own number, and by
their texts among the table's NEWEST rows; who sees own customers only, and few, finds texts in all rows of these.
A broad word finds those of its customers' rows that are among the newest ASKED.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from sqlalchemy.dialects import postgresql

from admin_app import access, cleaning, directory, scope
from admin_app.choices import Scope
from admin_app.columns import Field, fields
from admin_app.database import db
from admin_app.models import Customer, Vehicle
from admin_app.search_index import after, ascii_lower, grams

CAP = 5_000  # keys that the index names for one word
FIRST = 1_500  # the highest keys of a common piece of a name: enough for a count that stops early
FIRST_SHOWN = 300  # and for a page, where everybody is seen
NEWEST = 20_000  # rows whose texts are read, the newest ones
ASKED = 5_000  # rows that are asked for their customer where a word is broad, the newest ones
FRAGMENT = 4  # characters of a private value that people who may reveal can search for (SAFETY)
LONGEST = 100  # characters of what was typed that count
FOUND = "found_keys"  # the parameter of a statement whose keys are given when it runs
SOME = "search_some"  # option of a broad statement: keys that the index named, for a count that stops early
MOST_GRAMS = 8  # pieces of a long word that the index is asked for; the name itself is looked at afterwards
NUMBER = re.compile(r"\+?\d[\d ()-]*")  # a phone as people write it, with blanks
SOUND = re.compile(r"[a-z0-9][a-z0-9']*")  # pinyin, initials, or what a name has of letters and digits
# Tables that grow with the customers. Their rows are found by the customer, their own number and newest texts.
HANGING = {"visit", "followup", "complaint", "repair_order", "vehicle", "contact", "promise", "gift",
           "campaign_member"}
NUMBERED = {"complaint": ("", "TS-"), "repair_order": ("",)}  # what stands before a number as it is typed


@dataclass(frozen=True)
class Keys:
    """Keys of rows. `broad`: there are more than CAP, and these are only some of them."""

    found: frozenset[int] = frozenset()
    broad: bool = False


@dataclass
class Answer:
    """What answers to a word: the keys, and the same as a condition on a row (for a word that is broad)."""

    keys: Keys
    condition: Callable[..., Any]


# ---------------------------------------------------------------- what was typed


def words_of(text: str) -> list[str]:
    """The words of a search. A phone, plate or VIN written with blanks is one word."""
    text = text.replace("\x00", "").replace("\u3000", " ")[:LONGEST].strip()
    whole = cleaning.folded(text)
    if NUMBER.fullmatch(whole):
        return [re.sub(r"[ ()]", "", whole)]
    if " " in text and any(sign.isdigit() for sign in whole):
        known = cleaning.plate(whole).value or cleaning.vin(whole).value
        if known:
            return [known]
    return list(dict.fromkeys(text.split()))


def part_of(word: str) -> str:
    """A word as a piece of a phone, plate or VIN: letters and digits alone, in capitals."""
    return "".join(sign for sign in cleaning.folded(word).upper() if sign.isalnum())


def has_digit(word: str) -> bool:
    """Whether a word may belong to a phone, a plate or a VIN at all."""
    return any(sign.isdigit() for sign in word)


# ---------------------------------------------------------------- questions to the index


def _postgres() -> bool:
    return bool(db.engine.dialect.name == "postgresql")


def among(column: Any, keys: Any) -> Any:
    """`column` is one of the keys, in one bound parameter however many they are."""
    return _among(column, None, as_value(sorted(keys)))


def among_found(column: Any) -> Any:
    """The same for keys that are given when the statement runs, as the parameter FOUND (as_value)."""
    return _among(column, FOUND, as_value([]))


def _among(column: Any, name: str | None, value: Any) -> Any:
    if _postgres():
        return column == sa.any_(sa.bindparam(name, value, postgresql.ARRAY(sa.Integer)))
    listed = sa.func.json_each(sa.bindparam(name, value, sa.String())).table_valued("value")
    return column.in_(sa.select(listed.c.value))


def as_value(keys: list[int]) -> Any:
    """Keys as the parameter of among(): an array, or JSON on SQLite."""
    return keys if _postgres() else json.dumps(keys)


NONE = Keys()


def by_key(statement: Any, model: Any) -> Any:
    """Let SQLite look the rows up by their keys. It knows nothing of how many rows an index of the gate brings, and
    would rather read a whole store (300 ms at three million visits)."""
    return statement.with_hint(model, "NOT INDEXED", "sqlite")


def _keys(*selects: Any) -> Keys:
    """The keys that the selects of one column name.

    They go round the gate: whoever calls reads the rows themselves through it.
    """
    one = selects[0].limit(CAP + 1)
    if len(selects) > 1:  # not one condition with OR: each part is looked up in its own index
        one = sa.union_all(*[sa.select(part.limit(CAP + 1).subquery()) for part in selects])
    rows = db.session.connection().execute(one).scalars().all()
    return Keys(frozenset(rows), len(rows) > CAP)


def _range(column: Any, prefix: str) -> Any:
    """All values that begin with the prefix, as an index finds them."""
    end = after(prefix)
    return sa.and_(column >= prefix, column < end) if end is not None else column >= prefix


def _prefixed(column: Any, prefix: str) -> Any:
    """The same on a column of the usual collation, whose index on PostgreSQL has varchar_pattern_ops."""
    if not _postgres():
        return _range(column, prefix)
    end = after(prefix)
    least = column.op("~>=~", is_comparison=True)(prefix)
    return sa.and_(least, column.op("~<~", is_comparison=True)(end)) if end is not None else least


def _low(column: Any) -> Any:
    """Lower case of A to Z alone, as the grams are."""
    return sa.func.lower(sa.collate(column, "C") if _postgres() else column)


# ---------------------------------------------------------------- customers by name and pinyin


def _name(word: str) -> Answer:
    low = ascii_lower(word)
    return Answer(_name_keys(low), lambda: _name_holds(Customer.name, low))


def _name_holds(column: Any, low: str) -> Any:
    return _low(column).contains(low, autoescape=True)


def _name_keys(low: str) -> Keys:
    if len(low) == 1:
        return _keys(sa.select(grams.c.customer_id).where(_range(grams.c.gram, low)))
    if len(low) == 2:
        return _keys(sa.select(grams.c.customer_id).where(grams.c.gram == low))
    rare, number = _rarest(low)
    if not number:
        return NONE
    table = Customer.__table__
    if number > CAP:
        return Keys(broad=True)
    return _keys(sa.select(table.c.id).join(grams, grams.c.customer_id == table.c.id).where(
        grams.c.gram == rare, _name_holds(table.c.name, low)))


def _rarest(low: str) -> tuple[str, int]:
    """The piece of a word that the fewest customers have, and how many (at most CAP + 1)."""
    pieces = list(dict.fromkeys(low[at:at + 2] for at in range(len(low) - 1)))[:MOST_GRAMS]
    counts = [sa.select(sa.func.count()).select_from(
        sa.select(grams.c.customer_id).where(grams.c.gram == piece).limit(CAP + 1).subquery()).scalar_subquery()
        for piece in pieces]
    found = db.session.connection().execute(sa.select(*[one.label(f"n{at}") for at, one in enumerate(counts)])).one()
    number, rare = min(zip(found, pieces, strict=True))
    return rare, number


def _sound(word: str) -> Answer | None:
    """By pinyin from any syllable on, or by initials; None where the word is not of letters and digits alone."""
    low = ascii_lower(cleaning.folded(word))
    if not SOUND.fullmatch(low):
        return None
    sound = low.replace("'", "")
    return Answer(_keys(sa.select(grams.c.customer_id).where(_range(grams.c.gram, sound))), lambda: sa.or_(
        _name_holds(Customer.name, sound) if len(sound) <= 2 else sa.false(),
        (" " + Customer.pinyin).contains(" " + sound, autoescape=True)))


# ---------------------------------------------------------------- phones, plates and VINs


def _whole(kind: str, word: str) -> str | None:
    """The whole value that a word is; None where it is none."""
    return getattr(cleaning, kind)(word).value if has_digit(word) else None


def _inland(column: Any) -> Any:
    """A phone as it is typed in this country; the same words as the index has."""
    return sa.func.replace(column, sa.literal_column("'+86'"), sa.literal_column("''"))


def _phone(word: str) -> Answer | None:
    table, value, part = Customer.__table__, _whole("phone", word), part_of(word)
    names = ("phone", "phone2")
    if value is not None:
        return Answer(_keys(*[sa.select(table.c.id).where(table.c[name] == value) for name in names]),
                      lambda: sa.or_(Customer.phone == value, Customer.phone2 == value))
    if len(part) < FRAGMENT or not part.isdecimal() or not access.can("customer", "reveal"):
        return None
    return Answer(_fragments(table, names, part, _inland), lambda: sa.or_(
        *[_inland(getattr(Customer, name)).contains(part, autoescape=True) for name in names]))


def _fragments(table: Any, names: tuple[str, ...], part: str, shown: Callable[[Any], Any]) -> Keys:
    """Keys of the rows in one of whose columns the part stands."""
    if _postgres():
        return _keys(*[sa.select(table.c.id).where(shown(table.c[name]).contains(part, autoescape=True))
                       for name in names])
    fts = sa.table(f"{table.name}_fts", sa.column("rowid", sa.Integer), sa.column(f"{table.name}_fts"))
    return _keys(sa.select(fts.c.rowid).where(fts.c[f"{table.name}_fts"].op("MATCH")(f'"{part}"')))


def _car(word: str, letters: bool = False) -> Answer | None:
    """Keys of cars by plate or VIN. Letters alone are a piece of one in the list of cars only (`letters`)."""
    table, part = Vehicle.__table__, part_of(word)
    for name in ("vin", "plate"):
        value = _whole(name, word)
        if value is not None:
            keys = _keys(sa.select(table.c.id).where(table.c[name] == value))
            return Answer(keys, lambda row=Vehicle, name=name, value=value: getattr(row, name) == value)
    if len(part) < FRAGMENT or not (letters or has_digit(part)) or not access.can("vehicle", "reveal"):
        return None
    return Answer(_fragments(table, ("plate", "vin"), part, lambda column: column), lambda row=Vehicle: sa.or_(
        row.plate.contains(part, autoescape=True), row.vin.contains(part, autoescape=True)))


def cars(statement: Any, word: str) -> Any:
    """The cars of a statement that a word names by plate or VIN; None where it can name none."""
    found = _car(word)
    if found is None:
        return None
    if found.keys.broad:
        return statement.where(found.condition())
    return by_key(statement, Vehicle).where(among(Vehicle.id, found.keys.found))


def of_number_or_customers(model: Any, statement: Any, number: str, customers: list[int]) -> Any:
    """The rows of a statement whose own number begins as typed, or that hang on these customers; at most CAP each."""
    table = model.__table__
    keys = _numbered(model, number).keys.found if number else frozenset[int]()
    if customers:
        keys |= _keys(sa.select(table.c.id).where(among(table.c.customer_id, customers))).found
    return by_key(statement, model).where(among(model.id, keys)) if keys else None


def _numbered(model: Any, typed: str) -> Answer:
    """By the row's own number, as far as it is typed, in capitals or as it is."""
    table = model.__table__
    starts = [before + one for before in NUMBERED[table.name] for one in sorted({typed, typed.upper()})]
    keys = _keys(*[sa.select(table.c.id).where(_prefixed(table.c.number, start)) for start in starts])
    return Answer(keys, lambda row: sa.or_(*[row.number.startswith(start, autoescape=True) for start in starts]))


def _owner(word: str) -> Answer | None:
    """Customers by plate or VIN of a car that the person may see."""
    if not has_digit(word) or not access.can("vehicle"):
        return None
    cars = _car(word)
    if cars is None:
        return None
    owners = sa.select(Vehicle.customer_id).where(Vehicle.customer_id.is_not(None))
    named = by_key(owners, Vehicle)
    keys = cars.keys.found
    found: set[Any] = set(db.session.scalars(named.where(among(Vehicle.id, keys)))) if keys else set()
    return Answer(Keys(frozenset(found), cars.keys.broad), lambda: Customer.id.in_(owners.where(cars.condition())))


# ---------------------------------------------------------------- the list of customers


def _customer(word: str, cars: bool = True) -> Answer:
    """Customers by name, pinyin, phone and (`cars`) plate or VIN of a car."""
    named = not (word.isdecimal() and len(word) >= FRAGMENT)  # a long number is no name
    sound = _sound(word) if named else None
    short = sound is not None and len(word) <= 2 and word.isascii()  # its pieces are those of the name too
    asked = [sound, _name(word) if named and not short else None, _phone(word) if has_digit(word) else None,
             _owner(word) if cars else None]
    answers = [one for one in asked if one is not None]
    found = frozenset[int]().union(*[one.keys.found for one in answers])

    def condition() -> Any:
        return sa.or_(*[one.condition() if one.keys.broad else among(Customer.id, one.keys.found)
                        for one in answers if one.keys.broad or one.keys.found])

    return Answer(Keys(found, len(found) > CAP or any(one.keys.broad for one in answers)), condition)


def _customers(statement: sa.Select[Any], words: list[str]) -> sa.Select[Any]:
    answers = [_customer(word) for word in words]
    narrow = [one.keys.found for one in answers if not one.keys.broad]
    for one in answers:
        if one.keys.broad:
            statement = statement.where(one.condition())
    own = None if narrow else _own_customers()
    if own is not None:
        narrow = [own.found]
    if narrow:
        return by_key(statement, Customer).where(among(Customer.id, frozenset.intersection(*narrow)))
    return statement.execution_options(**{SOME: answers[0].keys.found}) if len(answers) == 1 else statement


def _own_customers() -> Keys | None:
    """The customers in the scope of a person who sees own ones or those of a team; None where they are many."""
    actor = access.actor_of(db.session)
    width = actor.right("customer").read if actor is not None else None
    if actor is None or width not in (Scope.OWN, Scope.TEAM):
        return None
    ids = (actor.user_id,) if width is Scope.OWN else actor.team_ids
    keys = _keys(scope.customer_ids(actor, ids))
    return None if keys.broad else keys


# ---------------------------------------------------------------- what hangs on customers


def _hanging(model: Any, statement: sa.Select[Any], words: list[str]) -> sa.Select[Any]:
    narrow = [_hanging_keys(model, word) for word in words]
    return by_key(statement, model).where(among(model.id, set.intersection(*narrow)))


def _hanging_keys(model: Any, word: str) -> set[int]:
    """Keys of the rows that answer to a word: by number, plate, VIN or phone, by customer, by the newest texts."""
    answers = [*_own_values(model, word), *([_of_customers(model, word)] if access.can("customer") else [])]
    broad = [one.condition for one in answers if one.keys.broad]
    return set().union(*[one.keys.found for one in answers if not one.keys.broad], _newest(model, word, broad))


def _own_values(model: Any, word: str) -> list[Answer]:
    """By the row's own number, plate and VIN, or whole phone."""
    table, found = model.__table__, []
    if table.name in NUMBERED:
        found.append(_numbered(model, word))
    car = _car(word, letters=True) if model is Vehicle else None
    if car is not None:
        found.append(car)
    phones = [name for name, field in searched(model) if field.kind == "phone"]
    value = _whole("phone", word) if phones else None
    if value is not None:
        keys = _keys(*[sa.select(table.c.id).where(table.c[name] == value) for name in phones])
        found.append(Answer(keys, lambda row: sa.or_(*[getattr(row, name) == value for name in phones])))
    return found


def _of_customers(model: Any, word: str) -> Answer:
    """Rows of the customers who answer to a word."""
    customers = _customer(word, cars=model is not Vehicle)
    if customers.keys.broad:  # each of the newest rows is asked for its customer; there are enough who answer
        return Answer(customers.keys, lambda row: sa.and_(row.id > _behind(row, ASKED), sa.select(Customer.id).where(
            Customer.id == row.customer_id, customers.condition()).scalar_subquery().is_not(None)))
    if not customers.keys.found:
        return Answer(NONE, sa.false)
    seen = set(db.session.scalars(by_key(sa.select(Customer.id), Customer).where(
        among(Customer.id, customers.keys.found))))
    table = model.__table__
    keys = _keys(sa.select(table.c.id).where(among(table.c.customer_id, seen))) if seen else NONE
    return Answer(keys, lambda row: among(row.customer_id, seen))


def _newest(model: Any, word: str, conditions: list[Callable[[Any], Any]]) -> set[int]:
    """Keys among the newest rows, and among all rows of a person with few customers: by their texts, or by one of the
    conditions."""
    wanted = [part for name, field in searched(model) for part in _text(model, getattr(model, name), field, word)]
    wanted += [make(model) for make in conditions]
    if not wanted:
        return set()
    statement = by_key(sa.select(model.id), model).where(sa.or_(*wanted))
    found = set(db.session.scalars(statement.where(model.id > _behind(model, NEWEST))))
    own = _of_own_customers(model)
    return found | set(db.session.scalars(statement.where(among(model.id, own)))) if own else found


def _behind(model: Any, number: int) -> Any:
    """The key behind which the newest rows of a table are: at most so many."""
    return sa.select(sa.func.max(model.__table__.c.id) - number).scalar_subquery()


def _of_own_customers(model: Any) -> frozenset[int]:
    """Keys of the rows of all customers in the person's scope; none for a person who has many."""
    own = _own_customers()
    if own is None:
        return frozenset()
    table = model.__table__
    keys = _keys(sa.select(table.c.id).where(among(table.c.customer_id, own.found)))
    return frozenset() if keys.broad else keys.found


def _text(model: Any, column: Any, field: Field, word: str) -> list[Any]:
    """A word in a text that everybody reads, or a piece of a phone for those who may reveal."""
    if not field.private:
        return [] if column.name == "number" else [column.icontains(word, autoescape=True)]
    part = part_of(word)
    if field.kind != "phone" or len(part) < FRAGMENT or not part.isdecimal():
        return []
    may = access.can(model.__tablename__, "reveal")
    return [_inland(column).contains(part, autoescape=True)] if may else []


# ---------------------------------------------------------------- the box of a list


def searched(model: Any) -> list[tuple[str, Field]]:
    """The columns that a list's search looks at."""
    return [(name, field) for name, _column, field in fields(model) if field.searched]


def offered(model: Any) -> bool:
    """Whether a list of this model has a search box."""
    return bool(searched(model)) or model.__tablename__ in HANGING


def hint(model: Any) -> str:
    """What the list's search looks at, in words."""
    labels = [str(field.label) for _name, field in searched(model)]
    if model is Customer:
        labels.append(_("plate or VIN"))
    elif model.__tablename__ in HANGING:
        labels.insert(0, _("Customer"))
        if any(not field.private and name != "number" for name, field in searched(model)):
            return _("%(what)s (texts: the newest %(count)s)", what=_(", ").join(labels), count=f"{NEWEST:,}")
    return _(", ").join(labels)


def newest(model: Any, text: str, to_count: bool) -> tuple[list[int], bool] | None:
    """(the highest keys that answer to two characters of a customer's name, whether there are more): enough for the
    first page of a list, or for a count that stops early. None for everything else that may be typed."""
    words = words_of(text)
    if model is not Customer or len(words) != 1 or len(words[0]) != 2 or words[0].isascii() or has_digit(words[0]):
        return None
    most = FIRST if to_count or _sees_some() else FIRST_SHOWN
    asked = sa.select(grams.c.customer_id).where(grams.c.gram == ascii_lower(words[0])).order_by(
        grams.c.customer_id.desc()).limit(most + 1)
    found = list(db.session.connection().execute(asked).scalars())
    return found[:most], len(found) > most


def _sees_some() -> bool:
    """Whether the acting person sees but some of the customers: then more keys are asked for."""
    actor = access.actor_of(db.session)
    width = actor.right("customer").read if actor is not None else Scope.NONE
    if actor is None or width not in (Scope.STORE, Scope.ALL):
        return True
    return not (width is Scope.ALL or actor.store_ids is None
                or directory.current().names(db.session, "store").keys() <= set(actor.store_ids))


def keys_of(model: Any, text: str) -> frozenset[int] | None:
    """The keys of all rows that answer to what was typed, before the gate; None where the rows have to be read for it:
    a word is broad, or the table is a small one."""
    words = words_of(text)
    if not words:
        return None
    if model is Customer:
        answers = [_customer(word) for word in words]
        if any(one.keys.broad for one in answers):
            return None
        return frozenset.intersection(*[one.keys.found for one in answers])
    if model.__tablename__ in HANGING:
        return frozenset(set.intersection(*[_hanging_keys(model, word) for word in words]))
    return None


def search(model: Any, statement: sa.Select[Any], text: str) -> sa.Select[Any]:
    """Rows in which every word is found."""
    words = words_of(text)
    if not words:
        return statement
    if model is Customer:
        return _customers(statement, words)
    if model.__tablename__ in HANGING:
        return _hanging(model, statement, words)
    for word in words:
        parts = [getattr(model, name).icontains(word, autoescape=True) for name, _field in searched(model)]
        statement = statement.where(sa.or_(*parts) if parts else sa.false())
    return statement
