"""A store's staff list (XLSX or CSV) as accounts: headers as in models.User, names of roles as people write them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from admin_app import access, cleaning, ledgers
from admin_app.choices import Department
from admin_app.cli_base import find_user, role_of, store_of
from admin_app.columns import fields
from admin_app.database import db
from admin_app.errors import RuleError
from admin_app.models import Role, Store, Team, User
from admin_app.rules.pinyin import of_name

# Other words that stores use for the seeded roles (default).
ROLE_WORDS = {
    "总经理": "general_manager", "店总": "general_manager", "展厅经理": "sales_manager", "销售主管": "sales_manager",
    "销售": "sales_consultant", "置业顾问": "sales_consultant", "售后经理": "service_manager",
    "服务主管": "service_manager", "接待": "service_advisor", "前台接待": "service_advisor", "客服经理": "care_manager",
    "回访员": "care_specialist", "CRM专员": "care_specialist", "客服专员": "care_specialist", "客服": "care_specialist",
    "市场": "marketing", "市场经理": "marketing", "信息员": "administrator", "IT": "administrator",
}


@dataclass
class StaffList:
    """What a staff list holds: rows read, the accounts to be made (unsaved), and how many teams were made."""

    read: int = 0
    new: list[User] = field(default_factory=list)
    teams: int = 0


def names() -> dict[str, tuple[str, ...]]:
    """field → the headers under which a staff list brings it."""
    return {name: found.names for name, _column, found in fields(User) if found.names} | {
        "store_id": ("门店", "店", "店别", "门店代码")}


def read_staff(file: Path, code: str | None) -> StaffList:
    """Read a staff list. RuleError with a line for every row that cannot be taken; then nothing is made."""
    listed, faults = StaffList(), []
    if not file.is_file():
        raise RuleError(_("There is no file %(file)s.", file=file))
    with ledgers.open_ledger(file, names(), required=[{"name"}, {"role_id"}]) as ledger:
        for row in ledger.rows():
            listed.read += 1
            try:
                _take(listed, row, code)
            except RuleError as error:
                faults.append(_("Row %(number)s: %(reason)s", number=row.number, reason=error.message))
    if faults:
        raise RuleError("\n".join([*faults[:50], _("Nothing was imported.")]))
    return listed


def _take(listed: StaffList, row: Any, code: str | None) -> None:
    name = cleaning.as_text(row["name"]).strip()
    if not name:
        raise RuleError(_("The name is missing."))
    role = _role(cleaning.as_text(row["role_id"]).strip())
    store = _store(cleaning.as_text(row["store_id"]).strip() or code)
    phone = _clean(cleaning.phone, row["phone"])
    username = cleaning.as_text(row["username"]).strip()
    if username:
        if find_user(username) is not None or _listed(listed, username):
            return
    elif _known(listed, name, store, phone):
        return
    else:
        username = _free_username(listed, name)
    listed.new.append(User(
        username=username[:60], name=name[:60], role_id=role.id, store_id=store.id, phone=phone,
        team_id=_team(listed, cleaning.as_text(row["team_id"]).strip(), store, role),
        email=cleaning.as_text(row["email"]).strip()[:160] or None, hired_on=_clean(cleaning.day, row["hired_on"])))


def _clean(reader: Any, cell: Any) -> Any:
    return None if cell is None else reader(cell).value


def _role(text: str) -> Role:
    if not text:
        raise RuleError(_("The role is missing."))
    role = role_of(text) or role_of(ROLE_WORDS.get(text.replace(" ", ""), text))
    if role is None:
        known = _(", ").join(db.session.scalars(sa.select(Role.name).order_by(Role.id)))
        raise RuleError(_("There is no role %(role)s. Roles: %(codes)s.", role=text, codes=known))
    return role


def _store(text: str | None) -> Store:
    """By code or name; without either the only store."""
    found = db.session.scalars(sa.select(Store).where(Store.name == text)).first() if text else None
    return found or store_of(text)


def _team(listed: StaffList, name: str, store: Store, role: Role) -> int | None:
    """The key of the store's team of this name; None where the row names none."""
    if not name:
        return None
    teams = db.session.scalar(sa.select(sa.func.count(Team.id)))
    found = team_of(name, store, role).id
    listed.teams += (db.session.scalar(sa.select(sa.func.count(Team.id))) or 0) - (teams or 0)
    return found


def team_of(name: str, store: Store, role: Role) -> Team:
    """The store's team of this name, made for the role's department where it is missing."""
    wanted = name.strip()[:60]
    with db.session.no_autoflush:
        team = db.session.scalars(sa.select(Team).where(Team.store_id == store.id, Team.name == wanted)).first()
    if team is None:
        team = Team(store_id=store.id, name=wanted, department=Department(role.department))
        db.session.add(team)
        db.session.flush()
    return team


def lead_teams(store_ids: set[int]) -> None:
    """Give teams without a manager theirs: a manager in the team, else the only manager of its department."""
    for team in db.session.scalars(sa.select(Team).where(Team.store_id.in_(store_ids), Team.manager_id.is_(None))):
        managers = db.session.execute(
            sa.select(User.id, User.team_id).join(Role, Role.id == User.role_id).where(
                User.store_id == team.store_id, User.active, Role.manages, Role.department == team.department)
            .order_by(User.id)).all()
        inside = [one.id for one in managers if one.team_id == team.id]
        chosen = inside or [one.id for one in managers if len(managers) == 1]
        team.manager_id = chosen[0] if chosen else None
    db.session.flush()


def _listed(listed: StaffList, username: str) -> bool:
    return any(one.username.lower() == username.lower() for one in listed.new)


def _known(listed: StaffList, name: str, store: Store, phone: str | None) -> bool:
    """Whether somebody of this name, and this phone where the list gives one, has an account in the store."""
    there = list(db.session.scalars(access.ungated(sa.select(User).where(
        User.name == name, User.store_id == store.id, User.deleted_at.is_(None)))))
    there += [one for one in listed.new if one.name == name and one.store_id == store.id]
    return any(phone is None or one.phone is None or one.phone == phone for one in there)


def _free_username(listed: StaffList, name: str) -> str:
    """The name in pinyin, with a number where it is taken."""
    base = (of_name(name) or "".join(name.split()).lower()).split()[0]
    number = 1
    while True:
        username = base[:50] + (str(number) if number > 1 else "")
        if find_user(username) is None and not _listed(listed, username):
            return username
        number += 1
