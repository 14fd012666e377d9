"""What a store starts with: roles, rights, rules, metrics and the agreement from seeds/, and the first start.

seed() only ever adds what is missing; it never takes back what people have changed in the browser.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml
from flask import Flask
from flask_babel import gettext as _

from admin_app import access, anchors, audit, passwords
from admin_app.access import Right
from admin_app.choices import AuditVerb, Scope
from admin_app.clock import today, utcnow
from admin_app.database import db
from admin_app.errors import RuleError
from admin_app.models import (
    Agreement,
    AuditHead,
    Customer,
    FollowUpRule,
    Grant,
    JobRun,
    Metric,
    Role,
    SchemeLine,
    ScoreScheme,
    Store,
    User,
)
from admin_app.rules.scores.rollup import rebuilding
from admin_app.settings import is_loopback

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
LETTERS = {"N": Scope.NONE, "O": Scope.OWN, "T": Scope.TEAM, "A": Scope.STORE}
VERBS = {"R": "read", "W": "write", "D": "delete"}
FIRST_START = "first_start"
LONG_AGO = dt.date(2020, 1, 1)


def read_seed(name: str) -> Any:
    """The content of a YAML file in seeds/; None where it is empty. FileNotFoundError where it is missing."""
    return yaml.safe_load((SEEDS / name).read_text(encoding="utf-8"))


def seed(session: Any) -> None:
    """Bring the database to what every store starts with. Adds what is missing, changes nothing; no commit."""
    new_store_rows(session)
    with access.as_system(session, "seeds"):
        _seed_roles(session)
        _seed_grants(session)
        _seed_by_code(session, FollowUpRule, "followup_rules.yaml")
        _seed_by_code(session, Metric, "metrics.yaml")
        _seed_schemes(session)
        _seed_agreement(session)
        if not rebuilding.is_built(session.connection()):  # a new database, or one of before the roll-ups
            rebuilding.rebuild_all(session)


def new_store(session: Any, code: str, name: str, **values: Any) -> Store:
    """A new store, saved in the running transaction; the session acts as system."""
    with access.as_system(session, "new store"):
        store = Store(code=code, name=name, **values)
        session.add(store)
    return store


# ---------------------------------------------------------------- the first start


def prepare(app: Flask, demo: bool | None = None) -> list[str]:
    """Bring the schema up to date and, on a database without tables, make what the first start makes.

    demo: whether that is the demo store; None takes the setting CAREDESK_DEMO. A database that has been
    initialised never gets the demo. Returns the lines for the person at the terminal: how to sign in.
    RuleError where this database must not be served on this address.
    """
    with app.app_context():
        first = not has_tables()
        upgrade_schema()
        if first:
            wanted = str(app.config["CAREDESK_DEMO"]) != "0" if demo is None else demo
            _note_first_start("demo" if wanted else "empty")
        unfinished = _unfinished_start()
        if unfinished:
            initialise(db.session, demo=unfinished == "demo")
        else:
            seed(db.session)
        db.session.commit()
        anchors.keep(db.session)
        check_address(app)
        lines = sign_ins(db.session)
        db.session.remove()
    return lines


def has_tables() -> bool:
    """Whether the database has any table of the product."""
    there = sa.inspect(db.session.connection()).get_table_names()
    return bool(set(there) & {Store.__tablename__, User.__tablename__})


def upgrade_schema() -> None:
    """Run the migrations that this database has not seen."""
    import flask_migrate

    db.session.rollback()  # the migrations have a connection of their own, which must not wait for this one
    flask_migrate.upgrade()


def initialise(session: Any, *, demo: bool) -> None:
    """Fill a database that has tables and nothing in them: seeds, and the demo store or one empty store."""
    seed(session)
    if demo:
        from seeds.demo import make

        make(session, utcnow())
    else:
        new_store(session, "S1", "本店")
    table = JobRun.__table__
    session.connection().execute(sa.update(table).where(table.c.name == FIRST_START).values(finished_at=utcnow()))


def _note_first_start(kind: str) -> None:
    """Remember what the first start is to make, so that one broken off is taken up again at the next."""
    db.session.execute(sa.insert(JobRun.__table__).values(name=FIRST_START, started_at=utcnow(), result=kind))
    db.session.commit()


def _unfinished_start() -> str | None:
    """What a first start that never came to its end was to make: "demo" or "empty"; else None."""
    table = JobRun.__table__
    return db.session.connection().execute(
        sa.select(table.c.result).where(table.c.name == FIRST_START, table.c.finished_at.is_(None))).scalar()


def is_demo(session: Any) -> bool:
    """Whether every store of this database is a demo store."""
    flags = list(session.scalars(access.ungated(sa.select(Store.demo).where(Store.deleted_at.is_(None)))))
    return bool(flags) and all(flags)


def has_real_data(session: Any) -> bool:
    """Whether people or customers belong to a store that is no demo store."""
    real = sa.select(Store.id).where(Store.demo.is_(False))
    found = [session.scalars(access.ungated(sa.select(model.id).where(model.store_id.in_(real)).limit(1))).first()
             for model in (User, Customer)]
    return any(key is not None for key in found)


def sign_ins(session: Any) -> list[str]:
    """How to sign in, for the terminal: the demo's names and password, or the way to the first administrator."""
    if is_demo(session):
        roles = access.ungated(sa.select(Role.code, Role.name).join(User, User.role_id == Role.id).where(
            User.username == Role.code, User.active.is_(True)).order_by(Role.id))
        names = [f"  {code:<17} {name}" for code, name in session.execute(roles)]
        return [_("This is the demo store. Sign in with one of these names, password %(password)s:",
                  password=passwords.DEMO_PASSWORD), *names,
                _("A store of your own: flask --app wsgi start-store --help")]
    if session.scalars(access.ungated(sa.select(User.id).where(User.active.is_(True)).limit(1))).first() is None:
        return [_("Nobody can sign in yet. Make the first administrator:"),
                "  flask --app wsgi user add NAME --role administrator --password-stdin"]
    return []


def check_address(app: Flask) -> None:
    """Outside a demo a key or password that everybody knows is refused on an address others can reach."""
    if is_loopback(str(app.config["HOST"])) or is_demo(db.session):
        return
    if len(set(app.config["SECRET_KEY"])) < 8:
        raise RuleError(_("CAREDESK_SECRET_KEY can be guessed. Leave it out, and one is made, or give a random one."))
    names = access.ungated(sa.select(User).join(Role, User.username == Role.code).where(User.active.is_(True)))
    for user in db.session.scalars(names):
        if passwords.right_password(user, passwords.DEMO_PASSWORD):
            raise RuleError(_("%(name)s still has the demo's password; this desk is no demo. Change it with "
                              "flask --app wsgi user reset-password %(name)s, then start again.", name=user.username))


# ---------------------------------------------------------------- rows for every store


def new_store_rows(session: Any) -> None:
    """The end of the audit chain, without which nothing can be written."""
    head = AuditHead.__table__
    connection = session.connection()
    if connection.execute(sa.select(head.c.id)).first() is None:
        connection.execute(sa.insert(head).values(id=1, count=0, hash=audit.START))


def add_rows(session: Any, model: Any, rows: list[dict[str, Any]]) -> None:
    """Insert rows in bulk, with one audit entry for all of them. Nothing happens for an empty list."""
    if not rows:
        return
    table = model.__tablename__
    with access.as_system(session, "seeds"):
        session.connection().execute(sa.insert(model.__table__), rows)
        audit.record(session, AuditVerb.BULK, table, label=f"{table}: {len(rows)}", changes={"rows": [0, len(rows)]})


# ---------------------------------------------------------------- roles and rights


def _seed_roles(session: Any) -> None:
    there = set(session.scalars(access.ungated(sa.select(Role.code))))
    add_rows(session, Role, [{"code": code, **words} for code, words in read_seed("roles.yaml").items()
                             if code not in there])


def _seed_grants(session: Any) -> None:
    """One row per role and table, also where the role may do nothing: that is where it is changed."""
    roles = {code: number for number, code in session.execute(access.ungated(sa.select(Role.id, Role.code)))}
    there = set(session.execute(access.ungated(sa.select(Grant.role_id, Grant.table))))
    rows = [{"role_id": roles[code], "table": table, **_grant_values(right)}
            for (code, table), right in seeded_rights().items()
            if code in roles and (roles[code], table) not in there]
    add_rows(session, Grant, rows)


def _grant_values(right: Right) -> dict[str, Any]:
    return {"read": right.read, "write": right.write, "delete": right.delete, "can_create": right.create,
            "can_export": right.export, "can_reveal": right.reveal, "can_assign": right.assign,
            "can_merge": right.merge, "second_person": right.second}


@cache
def seeded_rights() -> dict[tuple[str, str], Right]:
    """(role code, table) → Right of seeds/rights.yaml, for every seeded role and every table named there."""
    content, roles = read_seed("rights.yaml"), read_seed("roles.yaml")
    return {(role, table): parse_right(content["rights"][area].get(role, "N"))
            for area, tables in content["areas"].items() for table in tables for role in roles}


def parse_right(words: str) -> Right:
    """A right as rights.yaml writes it, such as "RT WT D* X* assign". ValueError names a word it does not know."""
    right = Right()
    for word in words.split():
        right = _add_word(right, word)
    return replace(right, create=right.create or right.write in (Scope.TEAM, Scope.STORE, Scope.ALL))


def _add_word(right: Right, word: str) -> Right:
    second = right.second or word.endswith("*")
    new: dict[str, Any]
    verb, letter = word[:1], word.rstrip("*")[1:]
    if word == "N":
        return right
    if word == "C":
        return replace(right, create=True)
    if word in ("reveal", "assign", "merge"):
        new = {word: True}
        return replace(right, **new)
    if word.rstrip("*") == "X":
        return replace(right, export=True, second=second)
    if verb in VERBS and letter in LETTERS:
        new = {VERBS[verb]: LETTERS[letter]}
        return replace(right, second=second, **new)
    if word.rstrip("*") == "D":
        return replace(right, delete=right.write, second=second)
    raise ValueError(f"seeds/rights.yaml: {word!r} is no right")


# ---------------------------------------------------------------- rules, metrics, schemes, the agreement


def _seed_by_code(session: Any, model: Any, name: str) -> None:
    """Rows of a list of mappings whose keys are columns; one that is there by its code is left alone."""
    there = set(session.scalars(access.ungated(sa.select(model.code))))
    names = set(model.__table__.c.keys())
    rows = [row for row in read_seed(name) or [] if row["code"] not in there]
    for row in rows:
        if unknown := row.keys() - names:
            raise ValueError(f"seeds/{name}: {row['code']} names no column with {sorted(unknown)}")
    # each row with all keys, so that one statement inserts them: a key left out takes the column's default
    for keys in sorted({tuple(sorted(row)) for row in rows}):
        add_rows(session, model, [row for row in rows if tuple(sorted(row)) == keys])


def _seed_schemes(session: Any) -> None:
    """Score schemes with their lines; a role that has a scheme keeps it."""
    roles = {code: number for number, code in session.execute(access.ungated(sa.select(Role.id, Role.code)))}
    metrics = {code: number for number, code in session.execute(access.ungated(sa.select(Metric.id, Metric.code)))}
    there = set(session.scalars(access.ungated(sa.select(ScoreScheme.role_id))))
    for scheme in read_seed("score_schemes.yaml") or []:
        if roles[scheme["role"]] in there:
            continue
        row = ScoreScheme(name=scheme["name"], role_id=roles[scheme["role"]], enabled=scheme.get("enabled", True),
                          valid_from=scheme.get("valid_from") or LONG_AGO)
        session.add(row)
        session.flush()
        session.add_all(SchemeLine(scheme_id=row.id, metric_id=metrics[line["metric"]],
                                   **{key: _exact(value) for key, value in line.items() if key != "metric"})
                        for line in scheme["lines"])


def _exact(value: Any) -> Decimal | None:
    """A number of a YAML file as the database keeps it; None: not set."""
    return None if value is None else Decimal(str(value))


def _seed_agreement(session: Any) -> None:
    """The first text of the confidentiality agreement; a store that has one keeps its own."""
    if session.scalars(access.ungated(sa.select(Agreement.id))).first() is None:
        session.add(Agreement(**({"valid_from": today()} | read_seed("agreement.yaml"))))
