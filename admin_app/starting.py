"""What a store starts with: roles, rights, rules, metrics and the agreement from seeds/, and the first start.

seed() only ever adds what is missing; it never takes back what people have changed in the browser.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml

from admin_app import access, audit
from admin_app.access import Right
from admin_app.choices import AuditVerb, Scope
from admin_app.models import AuditHead, Grant, Role

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
LETTERS = {"N": Scope.NONE, "O": Scope.OWN, "T": Scope.TEAM, "A": Scope.STORE}
VERBS = {"R": "read", "W": "write", "D": "delete"}


def read_seed(name: str) -> Any:
    """The content of a YAML file in seeds/; None where it is empty. FileNotFoundError where it is missing."""
    return yaml.safe_load((SEEDS / name).read_text(encoding="utf-8"))


def seed(session: Any) -> None:
    """Bring the database to what every store starts with. Adds what is missing, changes nothing; no commit."""
    new_store_rows(session)
    with access.as_system(session, "seeds"):
        _seed_roles(session)
        _seed_grants(session)


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
    there = set(session.execute(access.ungated(sa.select(Grant.role_id, Grant.table))).tuples())
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
