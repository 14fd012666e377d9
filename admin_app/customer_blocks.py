"""How many customers stand in each block of SIZE keys, so that a jump deep into the list adds some hundred numbers up
instead of passing over every key.

A row of `customer_block` adds to (or takes from) the number of customers of normal confidentiality that are not in the
recycle bin, in one block, of one store or (store EVERY) of all together. Only blocks behind that of the newest customer
are counted; a block is, where a row of EVERY names it or a later one. A new customer therefore touches nothing, and
what changes an old one adds rows of +1 or -1 by triggers of the database, in the same transaction and by whatever road:
writers never wait for each other here. The job `tidy` counts what has become old and puts one row in the place of many.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from admin_app import derived
from admin_app.choices import Confidentiality
from admin_app.database import db

SIZE = 5_000  # keys of a block; 200 rows for a million customers (default)
EVERY = 0  # in the place of a store: all of them together
PATIENCE = "2s"  # how long `tidy` waits on PostgreSQL until nobody writes a customer (default)

DECIDING = ("store_id", "confidentiality", "deleted_at")
TRIGGERS = ("customer_block_insert", "customer_block_update", "customer_block_delete")
_NORMAL = f"confidentiality = '{Confidentiality.NORMAL.value}'"
_END = f"(SELECT max(block) FROM customer_block WHERE store_id = {EVERY})"


# ---------------------------------------------------------------- kept by triggers


def _note(row: str, number: int) -> str:
    """Adds a number to the block of the customer `new` or `old` where it counts and its block is counted."""
    where = (f"WHERE {row}.deleted_at IS NULL AND {row}.{_NORMAL} AND {row}.id / {SIZE} <= {_END}")
    return ("INSERT INTO customer_block (store_id, block, number) "
            f"SELECT {row}.store_id, {row}.id / {SIZE}, {number} {where} "
            f"UNION ALL SELECT {EVERY}, {row}.id / {SIZE}, {number} {where};")


def _changed(different: str) -> str:
    return " OR ".join(f"old.{name} {different} new.{name}" for name in ("id", *DECIDING))


_OF = ", ".join(("id", *DECIDING))
_SQLITE = [
    f"CREATE TRIGGER IF NOT EXISTS customer_block_insert AFTER INSERT ON customer BEGIN {_note('new', 1)} END",
    f"CREATE TRIGGER IF NOT EXISTS customer_block_update AFTER UPDATE OF {_OF} ON customer"
    f" WHEN {_changed('IS NOT')} BEGIN {_note('old', -1)} {_note('new', 1)} END",
    f"CREATE TRIGGER IF NOT EXISTS customer_block_delete AFTER DELETE ON customer BEGIN {_note('old', -1)} END",
]
_POSTGRES = [
    f"""CREATE OR REPLACE FUNCTION customer_block_keep() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            {_note('old', -1)}
        END IF;
        IF TG_OP <> 'DELETE' THEN
            {_note('new', 1)}
        END IF;
        RETURN NULL;
    END $$""",
    """CREATE OR REPLACE TRIGGER customer_block_insert AFTER INSERT ON customer FOR EACH ROW
    EXECUTE FUNCTION customer_block_keep()""",
    f"""CREATE OR REPLACE TRIGGER customer_block_update AFTER UPDATE OF {_OF} ON customer FOR EACH ROW
    WHEN ({_changed('IS DISTINCT FROM')}) EXECUTE FUNCTION customer_block_keep()""",
    """CREATE OR REPLACE TRIGGER customer_block_delete AFTER DELETE ON customer FOR EACH ROW
    EXECUTE FUNCTION customer_block_keep()""",
]


def _run(connection: sa.Connection, statements: list[str]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


def install(connection: sa.Connection) -> None:
    """Make the triggers that are not there yet. They keep what is written from now on; `rebuild` counts the rest."""
    _run(connection, _SQLITE if connection.dialect.name == "sqlite" else _POSTGRES)


def pause(connection: sa.Connection) -> None:
    """Take the triggers away while rows are loaded in bulk."""
    of = "" if connection.dialect.name == "sqlite" else " ON customer"
    _run(connection, [f"DROP TRIGGER IF EXISTS {name}{of}" for name in TRIGGERS])


def uninstall(connection: sa.Connection) -> None:
    """Take away all that `install` made."""
    if "customer" in sa.inspect(connection).get_table_names():
        pause(connection)
    if connection.dialect.name == "postgresql":
        _run(connection, ["DROP FUNCTION IF EXISTS customer_block_keep()"])


# ---------------------------------------------------------------- counted


def _still(connection: sa.Connection) -> None:
    """Wait until nobody writes a customer, and let nobody begin before this transaction ends. SQLite has one writer.

    Whoever holds this sees every customer that there is, and every trigger that fires later sees what was counted.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE customer IN SHARE ROW EXCLUSIVE MODE")


def _count(connection: sa.Connection) -> None:
    """Count the blocks that have become old. The last of them gets a row of EVERY even where it holds nobody."""
    newest = connection.exec_driver_sql("SELECT max(id) FROM customer").scalar()
    known = connection.exec_driver_sql(f"SELECT {_END}").scalar()
    first, last = 0 if known is None else known + 1, (newest or 0) // SIZE - 1
    if last < first:
        return
    where = (f"FROM customer WHERE deleted_at IS NULL AND {_NORMAL} AND id >= {first * SIZE}"
             f" AND id < {(last + 1) * SIZE} GROUP BY")
    into = "INSERT INTO customer_block (store_id, block, number)"
    _run(connection, [
        f"{into} SELECT store_id, id / {SIZE}, count(*) {where} store_id, id / {SIZE}",
        f"{into} SELECT {EVERY}, block, sum(number) FROM customer_block"
        f" WHERE store_id <> {EVERY} AND block >= {first} GROUP BY block",
        f"{into} VALUES ({EVERY}, {last}, 0)"])


def _gather(connection: sa.Connection) -> None:
    """Put one row in the place of all those of a block and store that are not alone."""
    upto = connection.exec_driver_sql("SELECT max(id) FROM customer_block").scalar() or 0
    many = "SELECT store_id, block FROM customer_block GROUP BY store_id, block HAVING count(*) > 1"
    _run(connection, [
        f"INSERT INTO customer_block (store_id, block, number) SELECT store_id, block, sum(number) FROM customer_block"
        f" WHERE (store_id, block) IN ({many}) GROUP BY store_id, block",
        f"DELETE FROM customer_block WHERE id <= {upto} AND (store_id, block) IN ({many})"])


def rebuild(connection: sa.Connection) -> None:
    """Count every block anew. Whoever writes a customer waits until the transaction ends."""
    _still(connection)
    _run(connection, ["DELETE FROM customer_block"])
    _count(connection)
    _gather(connection)


def settle(connection: sa.Connection) -> bool:
    """Count what has become old since the last time, and put one row in the place of many; in a transaction of its own,
    which the caller ends at once. False where somebody wrote customers all the while: then the next run does it."""
    if connection.dialect.name == "postgresql":
        try:
            with connection.begin_nested():
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE}'")
                _still(connection)
        except sa.exc.OperationalError:
            return False
        connection.exec_driver_sql("SET LOCAL lock_timeout = DEFAULT")
    _count(connection)
    _gather(connection)
    return True


derived.REBUILDING["customer_block"] = rebuild
derived.PAUSING.append((pause, install))


@event.listens_for(db.metadata, "after_create")
def _created(_metadata: Any, connection: sa.Connection, **_words: Any) -> None:
    if {"customer_block", "customer"} <= set(sa.inspect(connection).get_table_names()):
        install(connection)


@event.listens_for(db.metadata, "before_drop")
def _dropped(_metadata: Any, connection: sa.Connection, **_words: Any) -> None:
    uninstall(connection)


# ---------------------------------------------------------------- whether it is whole


def triggers_missing(connection: sa.Connection) -> list[str]:
    """Triggers that are not there, by name. Rebuilding a table in SQLite takes its triggers away."""
    asked = ("SELECT name FROM sqlite_master WHERE type = 'trigger'" if connection.dialect.name == "sqlite"
             else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
    there = set(connection.exec_driver_sql(asked).scalars())
    return [name for name in TRIGGERS if name not in there]


def wrong(connection: sa.Connection) -> int:
    """How many numbers, of a block and a store or all of them, are not those of the customers; one statement, so that
    nobody writes between the two."""
    there = (f"FROM customer WHERE deleted_at IS NULL AND {_NORMAL} AND id / {SIZE} <= {_END} GROUP BY")
    return int(connection.exec_driver_sql(
        "SELECT count(*) FROM (SELECT store_id, block FROM (SELECT store_id, block, number FROM customer_block"
        f" UNION ALL SELECT store_id, id / {SIZE}, -count(*) {there} store_id, id / {SIZE}"
        f" UNION ALL SELECT {EVERY}, id / {SIZE}, -count(*) {there} id / {SIZE}) AS both_sides"
        " GROUP BY store_id, block HAVING sum(number) <> 0) AS different").scalar() or 0)
