"""What a segment may ask of a customer. Each fact is a set of values: one of a column, several of tags and cars.

A fact that is not known is the empty set. `some` is its SQL form, `values` its Python form; a test keeps them equal.
Private fields, confidentiality and finances are no facts: a segment would tell what the screen hides.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import object_session
from sqlalchemy.sql.functions import FunctionElement

from admin_app import access, clock
from admin_app.choices import Choice
from admin_app.columns import field_of
from admin_app.models import Customer, Vehicle

_car = Vehicle.__table__.alias("segment_car")
Predicate = Callable[[Any], Any]


class Elements(FunctionElement[Any]):
    """The members of a JSON list as rows with one column, `value`."""

    name = "elements"
    inherit_cache = True


@compiles(Elements, "sqlite")
def _in_sqlite(element: Any, compiler: Any, **words: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **words)})"


@compiles(Elements, "postgresql")
def _in_postgres(element: Any, compiler: Any, **words: Any) -> str:
    given = compiler.process(element.clauses, **words)
    return f"json_array_elements_text(CASE WHEN json_typeof({given}) = 'array' THEN {given} ELSE '[]'::json END)"


@dataclass(frozen=True)
class Fact:
    """One thing that is known of a customer.

    kind: choice, text, person, tags, day, years (since a day), month (of a day), number or yes; it decides which
    operators fit. table: "customer", or "vehicle" for a fact of any of the customer's cars.
    """

    name: str
    kind: str
    label: Any
    column: str
    table: str = "customer"
    choices: type[Choice] | None = None
    unit: Any = ""

    # ------------------------------------------------------------ SQL

    def some(self, predicate: Predicate | None = None) -> Any:
        """Whether a value is known, and one fits the predicate; never NULL."""
        if self.kind == "tags":
            value: Any = Elements(getattr(Customer, self.column)).table_valued("value").c.value
            return sa.exists(sa.select(sa.literal(1)).where(value.is_not(None), *_asked(predicate, value)))
        if self.table == "vehicle":
            column: Any = _car.c[self.column]
            return sa.exists(sa.select(sa.literal(1)).where(
                _car.c.customer_id == Customer.id, _car.c.deleted_at.is_(None), self._known(column),
                *_asked(predicate, self._turned(column))).correlate(Customer))
        column = getattr(Customer, self.column)
        return sa.and_(self._known(column), *_asked(predicate, self._turned(column)))

    def between(self, first: Any, last: Any) -> Any:
        """Whether a value lies from first to last; None leaves an end open."""
        if self._is_moment():
            first = None if first is None else clock.at(first, 0)
            last = None if last is None else clock.at(last + dt.timedelta(days=1), 0)
            return self.some(lambda column: sa.and_(*([column >= first] if first else []),
                                                    *([column < last] if last else [])))
        return self.some(lambda column: sa.and_(*([column >= first] if first is not None else []),
                                                *([column <= last] if last is not None else [])))

    def _known(self, column: Any) -> Any:
        if self.kind == "yes" and self.column != "id":
            return column.is_(True)
        return sa.and_(column.is_not(None), column != "") if self.kind == "text" else column.is_not(None)

    def _turned(self, column: Any) -> Any:
        return sa.extract("month", column) if self.kind == "month" else column

    def _is_moment(self) -> bool:
        return self.table == "customer" and field_of(Customer, self.column).kind == "moment"

    # ------------------------------------------------------------ Python

    def values(self, customer: Any) -> list[Any]:
        """The values that are known of a loaded customer."""
        if self.table == "vehicle":
            found = [getattr(car, self.column) for car in cars_of(customer)]
        else:
            held = getattr(customer, self.column)
            found = list(held or []) if self.kind == "tags" else [held]
        return [self._plain(value) for value in found if value is not None and value != "" and value is not False]

    def _plain(self, value: Any) -> Any:
        if isinstance(value, dt.datetime):
            return clock.local_day(value)
        if self.kind == "month":
            return value.month
        return str(value.value) if isinstance(value, Choice) else value


def _asked(predicate: Predicate | None, column: Any) -> list[Any]:
    return [] if predicate is None else [predicate(column)]


def cars_of(customer: Any) -> list[Any]:
    """The cars of a loaded customer, whoever asks."""
    session: Any = object_session(customer)
    return list(session.scalars(access.ungated(sa.select(Vehicle).where(
        Vehicle.customer_id == customer.id, Vehicle.deleted_at.is_(None)))))


# ---------------------------------------------------------------- the list


def _own(name: str, kind: str, column: str = "", label: Any = None, unit: Any = "") -> Fact:
    field = field_of(Customer, column or name)
    return Fact(name, kind, label or field.label, column or name, choices=field.choices if kind == "choice" else None,
                unit=unit or field.unit)


def _of_car(name: str, kind: str, column: str, label: Any, unit: Any = "") -> Fact:
    return Fact(name, kind, label, column, "vehicle", unit=unit)


_YEARS = _l("years")
FACTS: dict[str, Fact] = {fact.name: fact for fact in (
    *[_own(name, "choice") for name in ("stage", "grade", "tier", "source", "credit", "kind", "sex", "channel",
                                        "decision_power", "birthday_calendar")],
    *[_own(name, "text") for name in ("district", "occupation", "employer", "industry", "model_wish", "use", "hobbies",
                                      "source_detail")],
    _own("tags", "tags"),
    _own("owner_id", "person"), _own("advisor_id", "person"),
    *[_own(name, "day") for name in ("last_contact_at", "next_contact_on", "registered_on", "graded_on",
                                     "confirmed_on")],
    _own("birthday_month", "month", "birthday", _l("Birthday month")),
    _own("age", "years", "birthday", _l("Age"), _YEARS),
    _own("do_not_disturb", "yes"), _own("marketing_withdrawn", "yes"),
    _own("completeness", "number"), _own("budget", "number"),
    _of_car("owns_car", "yes", "id", _l("Has a car on file")),
    _of_car("car_bought_here", "yes", "bought_here", _l("Bought a car here")),
    _of_car("car_brand", "text", "brand", _l("Brand of a car")),
    _of_car("car_model", "text", "model", _l("Model of a car")),
    _of_car("car_age", "years", "bought_on", _l("Age of a car"), _YEARS),
    _of_car("car_mileage", "number", "mileage", _l("Mileage of a car"), _l("km")),
    _of_car("car_last_service", "day", "last_service_on", _l("Last service of a car")),
    _of_car("car_next_service", "day", "next_service_on", _l("Next service of a car")),
    _of_car("car_insurance", "day", "insurance_until", _l("Insurance of a car until")),
    _of_car("car_warranty", "day", "warranty_until", _l("Warranty of a car until")),
    _of_car("car_inspection", "day", "inspection_until", _l("Annual inspection of a car")),
)}
