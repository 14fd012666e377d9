"""How good the files are, by person and team (DOMAIN §3.10). Every number opens its rows, exactly as many.

The gate narrows all of it: a manager sees the team, a person the own customers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import sqlalchemy as sa
from flask import Blueprint, Flask, abort, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import selectinload

from admin_app import access, clock
from admin_app.columns import field_of
from admin_app.database import db
from admin_app.desk.view import is_key
from admin_app.models import Customer, Store, Team, User
from admin_app.pages.whose import POOL, Whose
from admin_app.rules import duplicates, quality

bp = Blueprint("quality", __name__, url_prefix="/admin/quality")

PAGE = 100
SHOWS: dict[str, Any] = {
    "customers": _l("Customers"), "carless": _l("Owners without a car"), "no_next": _l("Without a next contact"),
    "stale": _l("Not confirmed for long"), "missing": _l("Missing: %(field)s", field="")}


def register(app: Flask) -> None:
    """Serve /admin/quality/."""
    app.register_blueprint(bp)


@dataclass
class Line:
    """One person, team, or everybody: the numbers, and where their rows are."""

    label: str
    whose: Whose
    note: str = ""
    customers: int = 0
    points: int = 0  # completeness of all customers together
    numbers: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    members: list[Line] = field(default_factory=list)

    @property
    def mean(self) -> int:
        """Mean completeness, whole percent."""
        return round(self.points / self.customers) if self.customers else 0

    def add(self, other: Line) -> None:
        """Take another line's numbers in; likely duplicates are counted by pair, not added."""
        self.customers += other.customers
        self.points += other.points
        for name, number in other.numbers.items():
            self.numbers[name] += number


def _conditions() -> dict[str, Any]:
    """Measure → criterion on Customer; None for all of them."""
    return {"customers": None, "carless": quality.without_car(), "no_next": quality.without_next(),
            "stale": quality.stale(db.session, clock.today())}


def address(show: str, whose: Whose, name: str = "", page: int = 0) -> str:
    """Where the rows of a number are."""
    if show == "duplicates":
        return f"{request.script_root}/admin/duplicates/?{urlencode(whose.words())}"
    words = {"show": show} | whose.words() | ({"field": name} if name else {}) | ({"page": str(page)} if page else {})
    return f"{request.script_root}/admin/quality/rows/?{urlencode(words)}"


# ---------------------------------------------------------------- the page


@bp.get("/")
def page() -> Any:
    """Everybody whom the reader may see, by team; ?owner= or ?team= chooses whose missing fields are listed."""
    if not access.can("customer"):
        abort(403)
    chosen = Whose.asked(request.args)
    everybody = Line(_("All"), Whose(chosen.by))
    teams = _teams(chosen)
    for team in teams:
        everybody.add(team)
    _count_pairs(everybody, teams, chosen)
    return render_template("quality.html", all=everybody, teams=teams, chosen=chosen, label=chosen.label(),
                           missing=_missing(chosen), shows=SHOWS, address=address, single=_single(teams),
                           by_advisor=chosen.by == "advisor")


def _single(teams: list[Line]) -> bool:
    """Whether there is but one person: then totals say nothing new."""
    return sum(len(team.members) for team in teams) < 2


def _teams(chosen: Whose) -> list[Line]:
    """A line for each team, with one for each person in it."""
    sums = [sa.func.sum(sa.case((condition, 1), else_=0)).label(name)
            for name, condition in _conditions().items() if condition is not None]
    who = (chosen.column + sa.literal_column("0")).label("who")  # one pass over the table, not over the index of owners
    found = db.session.execute(sa.select(
        who, sa.func.count().label("number"), sa.func.sum(Customer.completeness).label("points"),
        *sums).where(Customer.deleted_at.is_(None)).group_by(who)).all()
    people = {row.id: row for row in db.session.scalars(sa.select(User).where(
        User.id.in_([row.who for row in found if row.who is not None])))}
    names = _team_names()
    lines: dict[Any, Line] = {}  # by team, "pool", or None for people without a team
    for row in sorted(found, key=lambda one: (one.who is None, one.who or 0)):
        person = people.get(row.who)
        key: Any = "pool" if row.who is None else person.team_id if person is not None else None
        if key not in lines:
            whose = chosen.of(None) if row.who is None else chosen.of_team(key)
            lines[key] = Line(whose.label() if row.who is None else names.get(key, _("without a team")), whose)
        label = person.name if person is not None else chosen.of(row.who).label() or f"#{row.who}"
        line = Line(label, chosen.of(row.who), "" if person is None or person.active else _("has left"), row.number,
                    int(row.points or 0))
        for name in _conditions_named(row):
            line.numbers[name] = int(getattr(row, name) or 0)
        lines[key].add(line)
        lines[key].members.append(line)
    return list(lines.values())


def _conditions_named(row: Any) -> Iterable[str]:
    return (name for name in SHOWS if name not in ("customers", "missing") and hasattr(row, name))


def _team_names() -> dict[Any, str]:
    """Names of the teams, with their store where the reader sees several."""
    stores = {row.id: row.name for row in db.session.scalars(sa.select(Store))}
    return {row.id: row.name if len(stores) < 2 else f"{row.name} · {stores.get(row.store_id, '')}"
            for row in db.session.scalars(sa.select(Team))}


def _count_pairs(everybody: Line, teams: list[Line], chosen: Whose) -> None:
    """Likely duplicates of each line: the pairs in which one of the files is theirs."""
    pairs = duplicates.pairs(db.session)
    keys = sorted({key for pair in pairs for key in (pair.first, pair.second)})
    holder: dict[int, Any] = {}
    for at in range(0, len(keys), 500):
        holder |= {key: who for key, who in db.session.execute(sa.select(Customer.id, chosen.column).where(  # noqa: C416
            Customer.id.in_(keys[at:at + 500])))}
    line_of = {_who(line): (line, team) for team in teams for line in team.members}
    for pair in pairs:
        lines = [line_of[who] for who in {holder.get(pair.first), holder.get(pair.second)} if who in line_of]
        counted = [line for line, _team in lines] + list({id(team): team for _line, team in lines}.values())
        for one in counted:
            one.numbers["duplicates"] += 1
    everybody.numbers["duplicates"] = len(pairs)


def _who(line: Line) -> int | None:
    """The person of a line; None for the pool."""
    return None if line.whose.owner == POOL else int(line.whose.owner)


def _missing(chosen: Whose) -> list[tuple[str, Any, int, float]]:
    """(name, label, customers without it, their share) of the fields that count, the most missing first."""
    fields = quality.weighed()
    row = db.session.execute(sa.select(sa.func.count().label("all_of_them"), *[
        sa.func.sum(sa.case((quality.empty(name), 1), else_=0)).label(f"m_{name}") for name, _field in fields]).where(
        Customer.deleted_at.is_(None), *chosen.criteria()).select_from(Customer)).one()
    found = [(name, about.label, int(getattr(row, f"m_{name}") or 0)) for name, about in fields]
    return [(name, label, number, number / row.all_of_them)
            for name, label, number in sorted(found, key=lambda one: -one[2]) if number]


# ---------------------------------------------------------------- the rows


@bp.get("/rows/")
def rows() -> Any:
    """The customers behind a number: ?show=, ?owner= or ?team=, ?field= of a missing one, ?page=."""
    if not access.can("customer"):
        abort(403)
    show, name = request.args.get("show", ""), request.args.get("field", "")
    chosen, criterion = Whose.asked(request.args), _criterion(show, name)
    where = [Customer.deleted_at.is_(None), *chosen.criteria(), *([] if criterion is None else [criterion])]
    total = db.session.scalar(sa.select(sa.func.count(Customer.id)).where(*where)) or 0
    text = request.args.get("page", "0")
    number = min(int(text), 10_000) if is_key(text) else 0
    found = db.session.scalars(sa.select(Customer).where(*where).options(
        selectinload(Customer.owner), selectinload(Customer.advisor)).order_by(Customer.completeness, Customer.id)
        .limit(PAGE + 1).offset(number * PAGE)).all()
    title = SHOWS[show] if show != "missing" else _("Missing: %(field)s", field=field_of(Customer, name).label)
    return render_template(
        "quality_rows.html", rows=found[:PAGE], total=total, page=number, more=len(found) > PAGE, title=title,
        chosen=chosen, label=chosen.label(), show=show, name=name, address=address, back=_back(chosen),
        by_advisor=chosen.by == "advisor")


def _back(chosen: Whose) -> str:
    return f"{request.script_root}/admin/quality/?{urlencode(chosen.words())}"


def _criterion(show: str, name: str) -> Any:
    """What a number asks of a customer; None for all of them, 404 for a number that there is not."""
    if show == "missing" and name in {one for one, _field in quality.weighed()}:
        return quality.empty(name)
    conditions = _conditions()
    if show not in conditions:
        abort(404)
    return conditions[show]

