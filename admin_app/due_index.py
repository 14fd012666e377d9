"""The index of what is due: of every open task one narrow row with all that the due list is ordered, counted, gated by.

A task stands in `due_task` while it is open, neither it nor its customer is deleted, and it is no marketing for one who
wants none. `blocked_until`: before this day the contact cap holds the task back; None where it does not. Triggers of
the database keep the rows in the transaction of every write to a task or to its customer, by whatever road it comes
(ORM, bulk SQL, imports, jobs), as those of search_index.py do.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from admin_app import derived
from admin_app.choices import FollowUpState, Grade, Purpose, Tier
from admin_app.database import db

OPEN_STATES = (FollowUpState.OPEN, FollowUpState.SNOOZED)
MARKETING = (Purpose.CARE, Purpose.CAMPAIGN, Purpose.GREETING)
# What comes first among tasks due at the same time (default).
URGENCY = (Purpose.COMPLAINT, Purpose.PROMISE, Purpose.SALES, Purpose.DELIVERY, Purpose.SERVICE, Purpose.CARE,
           Purpose.CAMPAIGN, Purpose.GREETING)
GRADES = (Grade.H, Grade.A, Grade.B, Grade.C, Grade.N)
OPT_OUTS = ("do_not_disturb", "marketing_withdrawn")  # columns of a customer, each of which says: no marketing

OF_TASK = ("store_id", "customer_id", "assignee_id", "rule_id", "due_on", "due_at")
OF_CUSTOMER = ("owner_id", "advisor_id", "confidentiality")
TRIGGERS = {
    "sqlite": ("due_task_insert", "due_task_update", "due_task_delete", "due_task_customer", "due_task_customer_gone"),
    "postgresql": ("due_task_insert", "due_task_update", "due_task_delete", "due_task_customer"),
}
SAMPLE = 300  # tasks that the check compares


# ---------------------------------------------------------------- what stands in it


def _words(values: Any) -> str:
    return ", ".join(f"'{one.value}'" for one in values)


def _rank(column: str, members: Any) -> str:
    cases = " ".join(f"WHEN '{one.value}' THEN {place}" for place, one in enumerate(members))
    return f"CASE {column} {cases} ELSE {len(members)} END"


# Purpose before grade before tier; a smaller number is more urgent.
_URGENCY = (f"({_rank('f.purpose', URGENCY)}) * 100 + ({_rank('c.grade', GRADES)}) * 10"
            f" + ({_rank('c.tier', tuple(Tier))})")
_BLOCKED = (f"CASE WHEN f.purpose IN ({_words(MARKETING)}) AND f.allowed_at IS NULL"
            " THEN c.marketing_blocked_until END")
_COLUMNS = ", ".join(("id", *OF_TASK, *OF_CUSTOMER, "urgency", "blocked_until"))
_VALUES = ", ".join(("f.id", *(f"f.{name}" for name in OF_TASK), *(f"c.{name}" for name in OF_CUSTOMER), _URGENCY,
                     _BLOCKED))
_PUT = (f"INSERT INTO due_task ({_COLUMNS}) SELECT {_VALUES} FROM followup f JOIN customer c ON c.id = f.customer_id"
        f" WHERE f.state IN ({_words(OPEN_STATES)}) AND f.deleted_at IS NULL AND c.deleted_at IS NULL"
        f" AND (NOT ({' OR '.join(f'c.{name}' for name in OPT_OUTS)}) OR f.purpose NOT IN ({_words(MARKETING)}))")
_OF_TASK = ", ".join((*OF_TASK, "state", "purpose", "allowed_at", "deleted_at"))
_OF_CUSTOMER = (*OF_CUSTOMER, "grade", "tier", "marketing_blocked_until", "deleted_at", *OPT_OUTS)


# ---------------------------------------------------------------- SQLite

_SQLITE = [
    f"CREATE TRIGGER IF NOT EXISTS due_task_insert AFTER INSERT ON followup BEGIN {_PUT} AND f.id = new.id; END",
    f"CREATE TRIGGER IF NOT EXISTS due_task_update AFTER UPDATE OF {_OF_TASK} ON followup BEGIN"
    f" DELETE FROM due_task WHERE id = old.id; {_PUT} AND f.id = new.id; END",
    "CREATE TRIGGER IF NOT EXISTS due_task_delete AFTER DELETE ON followup BEGIN"
    " DELETE FROM due_task WHERE id = old.id; END",
    f"CREATE TRIGGER IF NOT EXISTS due_task_customer AFTER UPDATE OF {', '.join(_OF_CUSTOMER)} ON customer WHEN "
    + " OR ".join(f"old.{name} IS NOT new.{name}" for name in _OF_CUSTOMER)
    + f" BEGIN DELETE FROM due_task WHERE customer_id = old.id; {_PUT} AND f.customer_id = new.id; END",
    "CREATE TRIGGER IF NOT EXISTS due_task_customer_gone AFTER DELETE ON customer BEGIN"
    " DELETE FROM due_task WHERE customer_id = old.id; END",
]


# ---------------------------------------------------------------- PostgreSQL

# A task is put beside its customer as the customer stands: whoever writes a task holds the customer's row first, so
# that a change of the customer in another transaction comes before or after it, and both take their locks in one order.
_POSTGRES = [
    f"""CREATE OR REPLACE FUNCTION due_task_of_followup() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            DELETE FROM due_task WHERE id = OLD.id;
            RETURN NULL;
        END IF;
        PERFORM 1 FROM customer WHERE id = NEW.customer_id FOR NO KEY UPDATE;
        IF TG_OP = 'UPDATE' THEN
            DELETE FROM due_task WHERE id = OLD.id;
        END IF;
        {_PUT} AND f.id = NEW.id;
        RETURN NULL;
    END $$""",
    f"""CREATE OR REPLACE FUNCTION due_task_of_customer() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        DELETE FROM due_task WHERE customer_id = NEW.id;
        {_PUT} AND f.customer_id = NEW.id;
        RETURN NULL;
    END $$""",
    f"""CREATE OR REPLACE TRIGGER due_task_insert AFTER INSERT ON followup FOR EACH ROW
    WHEN (NEW.state IN ({_words(OPEN_STATES)})) EXECUTE FUNCTION due_task_of_followup()""",
    f"""CREATE OR REPLACE TRIGGER due_task_update AFTER UPDATE OF {_OF_TASK} ON followup FOR EACH ROW
    EXECUTE FUNCTION due_task_of_followup()""",
    """CREATE OR REPLACE TRIGGER due_task_delete AFTER DELETE ON followup FOR EACH ROW
    EXECUTE FUNCTION due_task_of_followup()""",
    f"""CREATE OR REPLACE TRIGGER due_task_customer AFTER UPDATE OF {', '.join(_OF_CUSTOMER)} ON customer FOR EACH ROW
    WHEN ({' OR '.join(f'OLD.{name} IS DISTINCT FROM NEW.{name}' for name in _OF_CUSTOMER)})
    EXECUTE FUNCTION due_task_of_customer()""",
]


# ---------------------------------------------------------------- made, filled, paused, taken away


def _run(connection: sa.Connection, statements: list[str]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


def install(connection: sa.Connection) -> None:
    """Make the triggers that are not there yet. They keep what is written from now on; `rebuild` brings in the rest."""
    _run(connection, _SQLITE if connection.dialect.name == "sqlite" else _POSTGRES)


def pause(connection: sa.Connection) -> None:
    """Take the triggers away while rows are loaded in bulk."""
    if connection.dialect.name == "sqlite":
        _run(connection, [f"DROP TRIGGER IF EXISTS {name}" for name in TRIGGERS["sqlite"]])
    else:
        _run(connection, [f"DROP TRIGGER IF EXISTS {name} ON {'customer' if 'customer' in name else 'followup'}"
                          for name in TRIGGERS["postgresql"]])


def uninstall(connection: sa.Connection) -> None:
    """Take away all that `install` made."""
    if {"customer", "followup"} <= set(sa.inspect(connection).get_table_names()):
        pause(connection)
    if connection.dialect.name == "postgresql":
        _run(connection, ["DROP FUNCTION IF EXISTS due_task_of_followup()",
                          "DROP FUNCTION IF EXISTS due_task_of_customer()"])


def rebuild(connection: sa.Connection) -> None:
    """Put every task that is due anew."""
    _run(connection, ["DELETE FROM due_task", _PUT])


derived.REBUILDING["due_task"] = rebuild
derived.PAUSING.append((pause, install))


@event.listens_for(db.metadata, "after_create")
def _created(_metadata: Any, connection: sa.Connection, **_words: Any) -> None:
    if {"due_task", "customer", "followup"} <= set(sa.inspect(connection).get_table_names()):
        install(connection)


@event.listens_for(db.metadata, "before_drop")
def _dropped(_metadata: Any, connection: sa.Connection, **_words: Any) -> None:
    uninstall(connection)


# ---------------------------------------------------------------- whether it is whole


def fits(connection: sa.Connection) -> bool:
    """Whether the table has every column that the triggers fill; not after a migration back."""
    there = {column["name"] for column in sa.inspect(connection).get_columns("due_task")}
    return {column.key for column in db.metadata.tables["due_task"].c} <= there


def triggers_missing(connection: sa.Connection) -> list[str]:
    """Triggers that are not there, by name. Rebuilding a table in SQLite takes its triggers away."""
    asked = ("SELECT name FROM sqlite_master WHERE type = 'trigger'" if connection.dialect.name == "sqlite"
             else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
    there = set(connection.exec_driver_sql(asked).scalars())
    return [name for name in TRIGGERS[connection.dialect.name] if name not in there]


def wrong(connection: sa.Connection) -> int:
    """How many tasks, of the newest SAMPLE open ones, the index holds although it should not, or the other way."""
    newest = (f"SELECT id FROM followup WHERE state IN ({_words(OPEN_STATES)}) ORDER BY id DESC LIMIT {SAMPLE}")
    should = _PUT[_PUT.index("SELECT"):] + f" AND f.id IN ({newest})"
    held = f"SELECT {_COLUMNS} FROM due_task WHERE id IN ({newest})"
    there, wanted = ({tuple(row) for row in connection.exec_driver_sql(text)} for text in (held, should))
    return len({row[0] for row in there ^ wanted})
