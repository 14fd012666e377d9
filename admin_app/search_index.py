"""The search index: names and pinyin as grams, phones, plates and VINs by the engine's own trigrams.

Triggers of the database keep it in the transaction of every write, whichever road it comes by (ORM, bulk SQL, an
import). `install` makes everything that is no table of models.py; migrations and db.create_all call it.

Grams of a customer: from every place of the name in lower case (ASCII) two characters, of the last place one; and
every token of the pinyin. Phones, plates, VINs: FTS5 tables on SQLite, pg_trgm on PostgreSQL.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from admin_app import derived
from admin_app.database import db

LONGEST_NAME = 80  # characters of a name that are indexed; customer.name holds no more
LAST = 0x10FFFF
FTS_TABLES = ("customer_fts", "vehicle_fts")
TRIGRAM_INDEXES = ("ix_customer_phone_trgm", "ix_customer_phone2_trgm", "ix_vehicle_plate_trgm", "ix_vehicle_vin_trgm")
TRIGGERS = {
    "sqlite": ("customer_gram_insert", "customer_gram_update", "customer_gram_delete", "customer_fts_insert",
               "customer_fts_update", "customer_fts_delete", "vehicle_fts_insert", "vehicle_fts_update",
               "vehicle_fts_delete"),
    "postgresql": ("customer_gram", "customer_gram_update"),
}
SAMPLE = 300  # customers that the check compares at each end

grams = sa.table("search_gram", sa.column("gram", sa.String), sa.column("customer_id", sa.Integer))


# ---------------------------------------------------------------- what stands in it


def ascii_lower(text: str) -> str:
    """Lower case of A to Z alone, as both databases do it."""
    return "".join(chr(ord(letter) + 32) if "A" <= letter <= "Z" else letter for letter in text)


def grams_of(name: str, pinyin: str | None) -> set[str]:
    """The grams of a customer. The triggers and `rebuild` say the same in SQL; a test holds them equal."""
    low = ascii_lower(name[:LONGEST_NAME])
    return {low[at:at + 2] for at in range(len(low))} | {token for token in (pinyin or "").split(" ") if token}


def after(prefix: str) -> str | None:
    """The least text behind all that begin with the prefix, in the order of code points; None where there is none."""
    for at in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[at])
        if code < LAST:
            return prefix[:at] + chr(0xE000 if code == 0xD7FF else code + 1)
    return None


# ---------------------------------------------------------------- SQLite

# The places of a name; a trigger may use no WITH.
_PLACES = str(list(range(1, LONGEST_NAME + 1))).replace(" ", "")


def _head(row: str) -> str:
    return f"substr({row}.name, 1, {LONGEST_NAME})"


def _sqlite_grams(row: str) -> str:
    """The grams of `row` (new, old, customer) as a select of one column."""
    return (f"SELECT substr(lower({_head(row)}), place.value, 2) FROM json_each('{_PLACES}') AS place"
            f" WHERE place.value <= length({_head(row)})"
            f" UNION SELECT token.value FROM json_each('[' || replace(json_quote({row}.pinyin), ' ', '\",\"') || ']')"
            f" AS token WHERE token.value <> ''")


def _sqlite_put(row: str) -> str:
    return (f"INSERT OR IGNORE INTO search_gram (gram, customer_id) SELECT found.*, {row}.id FROM"
            f" ({_sqlite_grams(row)}) AS found;")


def _sqlite_drop(row: str) -> str:
    return f"DELETE FROM search_gram WHERE customer_id = {row}.id AND gram IN ({_sqlite_grams(row)});"


_INDEXED = {  # FTS5 table → its own table, columns and what of them is indexed
    "customer_fts": ("customer", ("phone", "phone2"), "replace({row}.{name}, '+86', '')"),
    "vehicle_fts": ("vehicle", ("plate", "vin"), "{row}.{name}"),
}


def _fts_values(fts: str, row: str) -> str:
    _table, names, words = _INDEXED[fts]
    return ", ".join(words.format(row=row, name=name) for name in names)


def _fts_statements(fts: str) -> list[str]:
    """The triggers of one FTS5 table. It keeps no text of its own, so what goes is named by the old values."""
    table, names, _words = _INDEXED[fts]
    columns = ", ".join(names)
    put = f"INSERT INTO {fts} (rowid, {columns}) VALUES (new.id, {_fts_values(fts, 'new')});"
    drop = f"INSERT INTO {fts} ({fts}, rowid, {columns}) VALUES ('delete', old.id, {_fts_values(fts, 'old')});"
    changed = " OR ".join(f"old.{name} IS NOT new.{name}" for name in names)
    return [
        f"CREATE TRIGGER IF NOT EXISTS {fts}_insert AFTER INSERT ON {table} BEGIN {put} END",
        f"CREATE TRIGGER IF NOT EXISTS {fts}_update AFTER UPDATE OF {columns} ON {table} WHEN {changed} BEGIN {drop}"
        f" {put} END",
        f"CREATE TRIGGER IF NOT EXISTS {fts}_delete AFTER DELETE ON {table} BEGIN {drop} END",
    ]


_SQLITE_TABLES = [
    f"CREATE VIRTUAL TABLE IF NOT EXISTS {fts} USING fts5({', '.join(names)}, content='', tokenize='trigram')"
    for fts, (_table, names, _words) in _INDEXED.items()]
_SQLITE_TRIGGERS = [
    f"CREATE TRIGGER IF NOT EXISTS customer_gram_insert AFTER INSERT ON customer BEGIN {_sqlite_put('new')} END",
    "CREATE TRIGGER IF NOT EXISTS customer_gram_update AFTER UPDATE OF name, pinyin ON customer"
    " WHEN old.name IS NOT new.name OR old.pinyin IS NOT new.pinyin"
    f" BEGIN {_sqlite_drop('old')} {_sqlite_put('new')} END",
    f"CREATE TRIGGER IF NOT EXISTS customer_gram_delete AFTER DELETE ON customer BEGIN {_sqlite_drop('old')} END",
    *[statement for fts in FTS_TABLES for statement in _fts_statements(fts)],
]
_SQLITE_REBUILD = [
    "DELETE FROM search_gram",
    "INSERT OR IGNORE INTO search_gram (gram, customer_id) SELECT gram, id FROM ("
    f"SELECT substr(lower({_head('customer')}), place.value, 2) AS gram, customer.id AS id"
    f" FROM customer, json_each('{_PLACES}') AS place WHERE place.value <= length({_head('customer')})"
    " UNION ALL SELECT token.value, customer.id FROM customer,"
    " json_each('[' || replace(json_quote(customer.pinyin), ' ', '\",\"') || ']') AS token WHERE token.value <> ''"
    ") ORDER BY gram, id",
    *[statement for fts, (table, names, _words) in _INDEXED.items() for statement in (
        f"INSERT INTO {fts} ({fts}) VALUES ('delete-all')",
        f"INSERT INTO {fts} (rowid, {', '.join(names)}) SELECT id, {_fts_values(fts, table)} FROM {table}")],
]

# ---------------------------------------------------------------- PostgreSQL

_POSTGRES_FUNCTIONS = [
    f"""CREATE OR REPLACE FUNCTION search_grams(name text, pinyin text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT substr(low, place, 2) FROM (SELECT lower(left(name, {LONGEST_NAME}) COLLATE "C") AS low) AS named,
            generate_series(1, length(low)) AS place
        UNION SELECT token FROM unnest(string_to_array(pinyin, ' ')) AS token WHERE token <> ''
    $$""",
    """CREATE OR REPLACE FUNCTION search_gram_keep() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            DELETE FROM search_gram WHERE customer_id = OLD.id
                AND gram = ANY (ARRAY(SELECT search_grams(OLD.name, OLD.pinyin)));
        END IF;
        IF TG_OP <> 'DELETE' THEN
            INSERT INTO search_gram (gram, customer_id)
                SELECT piece, NEW.id FROM search_grams(NEW.name, NEW.pinyin) AS piece ON CONFLICT DO NOTHING;
        END IF;
        RETURN NULL;
    END $$""",
]
_POSTGRES_TRIGGERS = [
    """CREATE OR REPLACE TRIGGER customer_gram AFTER INSERT OR DELETE ON customer
    FOR EACH ROW EXECUTE FUNCTION search_gram_keep()""",
    """CREATE OR REPLACE TRIGGER customer_gram_update AFTER UPDATE OF name, pinyin ON customer
    FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name OR OLD.pinyin IS DISTINCT FROM NEW.pinyin)
    EXECUTE FUNCTION search_gram_keep()""",
]
# Where the extension is not to be had (not shipped, or not allowed), fragments are found by reading every row.
_POSTGRES_TRIGRAMS = """DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    CREATE INDEX IF NOT EXISTS ix_customer_phone_trgm ON customer USING gin (replace(phone, '+86', '') gin_trgm_ops);
    CREATE INDEX IF NOT EXISTS ix_customer_phone2_trgm ON customer USING gin (replace(phone2, '+86', '') gin_trgm_ops);
    CREATE INDEX IF NOT EXISTS ix_vehicle_plate_trgm ON vehicle USING gin (plate gin_trgm_ops);
    CREATE INDEX IF NOT EXISTS ix_vehicle_vin_trgm ON vehicle USING gin (vin gin_trgm_ops);
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported OR undefined_object THEN
    RAISE WARNING 'no pg_trgm: fragments of phones, plates and VINs are found slowly';
END $$"""
_POSTGRES_REBUILD = [
    "TRUNCATE search_gram",
    """INSERT INTO search_gram (gram, customer_id) SELECT piece, customer.id
    FROM customer, LATERAL search_grams(customer.name, customer.pinyin) AS piece
    ORDER BY piece COLLATE "C", customer.id""",
]

# ---------------------------------------------------------------- made, filled, paused, taken away


def _run(connection: sa.Connection, statements: list[str]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


def install(connection: sa.Connection) -> None:
    """Make the triggers and what finds fragments, where they are not there yet. They index what is written from now
    on; `rebuild` brings in what stood there before."""
    if connection.dialect.name == "sqlite":
        _run(connection, [*_SQLITE_TABLES, *_SQLITE_TRIGGERS])
    else:
        _run(connection, [*_POSTGRES_FUNCTIONS, *_POSTGRES_TRIGGERS, _POSTGRES_TRIGRAMS])


def pause(connection: sa.Connection) -> None:
    """Take the triggers (on PostgreSQL the trigram indexes too) away while rows are loaded in bulk."""
    if connection.dialect.name == "sqlite":
        _run(connection, [f"DROP TRIGGER IF EXISTS {name}" for name in TRIGGERS["sqlite"]])
    else:
        _run(connection, [f"DROP TRIGGER IF EXISTS {name} ON customer" for name in TRIGGERS["postgresql"]])
        _run(connection, [f"DROP INDEX IF EXISTS {name}" for name in TRIGRAM_INDEXES])


def uninstall(connection: sa.Connection) -> None:
    """Take away all that `install` made; the extension stays, since others may use it."""
    there = set(sa.inspect(connection).get_table_names())
    if {"customer", "vehicle"} <= there:
        pause(connection)
    if connection.dialect.name == "sqlite":
        _run(connection, [f"DROP TABLE IF EXISTS {fts}" for fts in FTS_TABLES])
    else:
        _run(connection, ["DROP FUNCTION IF EXISTS search_gram_keep()",
                          "DROP FUNCTION IF EXISTS search_grams(text, text)"])


def rebuild(connection: sa.Connection) -> None:
    """Index every customer and vehicle anew."""
    _run(connection, _SQLITE_REBUILD if connection.dialect.name == "sqlite" else _POSTGRES_REBUILD)


derived.REBUILDING["search_gram"] = rebuild
derived.PAUSING.append((pause, install))


@event.listens_for(db.metadata, "after_create")
def _created(_metadata: Any, connection: sa.Connection, **_words: Any) -> None:
    if {"search_gram", "customer", "vehicle"} <= set(sa.inspect(connection).get_table_names()):
        install(connection)


@event.listens_for(db.metadata, "before_drop")
def _dropped(_metadata: Any, connection: sa.Connection, **_words: Any) -> None:
    uninstall(connection)


# ---------------------------------------------------------------- whether it is whole


def triggers_missing(connection: sa.Connection) -> list[str]:
    """Triggers that are not there, by name. Rebuilding a table in SQLite takes its triggers away."""
    if connection.dialect.name == "sqlite":
        asked = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        asked = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    there = set(connection.exec_driver_sql(asked).scalars())
    return [name for name in TRIGGERS[connection.dialect.name] if name not in there]


def has_trigrams(connection: sa.Connection) -> bool:
    """Whether fragments of phones, plates and VINs are found by an index."""
    if connection.dialect.name == "sqlite":
        return True
    there = set(connection.exec_driver_sql("SELECT indexname FROM pg_indexes").scalars())
    return set(TRIGRAM_INDEXES) <= there


def wrong(connection: sa.Connection) -> list[int]:
    """Customers, of the oldest and of the newest SAMPLE, that the index does not hold as it should."""
    customer = sa.table("customer", sa.column("id"), sa.column("name"), sa.column("pinyin"))
    asked = sa.select(customer.c.id, customer.c.name, customer.c.pinyin).limit(SAMPLE)
    rows = {row.id: row for order in (customer.c.id, customer.c.id.desc())
            for row in connection.execute(asked.order_by(order))}
    faults = []
    for row in rows.values():
        wanted = grams_of(row.name, row.pinyin)
        held = connection.execute(sa.select(sa.func.count()).select_from(grams).where(
            grams.c.customer_id == row.id, grams.c.gram.in_(wanted))).scalar()
        if held != len(wanted):
            faults.append(row.id)
    return faults
