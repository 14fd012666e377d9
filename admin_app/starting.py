"""What a store starts with: roles, rights, rules, metrics and the agreement from seeds/.

seed() only ever adds what is missing; it never takes back what people have changed in the browser.
The first start of a database is in first_start.py.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml

from admin_app import access, audit
from admin_app.access import Right
from admin_app.choices import AuditVerb, Scope
from admin_app.clock import today
from admin_app.models import (
    Agreement,
    AuditHead,
    FollowUpRule,
    Grant,
    Metric,
    Role,
    SchemeLine,
    ScoreScheme,
    Store,
)

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
LETTERS = {"N": Scope.NONE, "O": Scope.OWN, "T": Scope.TEAM, "A": Scope.STORE}
VERBS = {"R": "read", "W": "write", "D": "delete"}
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


def new_store(session: Any, code: str, name: str, **values: Any) -> Store:
    """A new store, saved in the running transaction; the session acts as system."""
    with access.as_system(session, "new store"):
        store = Store(code=code, name=name, **values)
        session.add(store)
    return store


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
            "second_person": right.second}


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
    verb, letter = word[:1], word.rstrip("*")[1:]
    if word == "N":
        return right
    if word == "C":
        return replace(right, create=True)
    if word in ("reveal", "assign"):
        return replace(right, **{word: True})
    if word.rstrip("*") == "X":
        return replace(right, export=True, second=second)
    if verb in VERBS and letter in LETTERS:
        return replace(right, second=second, **{VERBS[verb]: LETTERS[letter]})
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
    for scheme in read_seed("schemes.yaml") or []:
        if roles[scheme["role"]] in there:
            continue
        row = ScoreScheme(name=scheme["name"], role_id=roles[scheme["role"]], enabled=scheme.get("enabled", True),
                          valid_from=scheme.get("valid_from") or LONG_AGO)
        session.add(row)
        session.flush()
        session.add_all(SchemeLine(scheme_id=row.id, metric_id=metrics[line["metric"]],
                                   **{key: value for key, value in line.items() if key != "metric"})
                        for line in scheme["lines"])


def _seed_agreement(session: Any) -> None:
    """The first text of the confidentiality agreement; a store that has one keeps its own."""
    if session.scalars(access.ungated(sa.select(Agreement.id))).first() is None:
        session.add(Agreement(**({"valid_from": today()} | read_seed("agreement.yaml"))))
