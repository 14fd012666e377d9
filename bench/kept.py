"""Whether every acknowledged write is in the database, and what is counted from the rows is counted right."""

from __future__ import annotations

import subprocess
import sys

from bench.facts import Database, connected
from bench.stores import ROOT

MARK = "负载 %"
REACHED = "(result IS NULL OR result NOT IN ('not_reached', 'wrong_number'))"


def look(url: str, environment: dict[str, str], visits: dict[str, int], edits: dict[str, int]) -> list[str]:
    """A sentence for everything that is missing, doubled or counted wrong; empty where all is well."""
    with connected(url) as db:
        found = [*_visits(db, visits), *_edits(db, edits), *_customers(db), *_rollups(db)]
    return [*found, *_commands(environment)]


def _visits(db: Database, visits: dict[str, int]) -> list[str]:
    """Every acknowledged visit is there once, at its customer."""
    there: dict[str, list[int]] = {}
    for text, customer in db.rows("SELECT content, customer_id FROM visit WHERE content LIKE ?", MARK):
        there.setdefault(text, []).append(customer)
    missing = [text for text, customer in visits.items() if there.get(text) != [customer]]
    doubled = [text for text, customers in there.items() if len(customers) > 1]
    return [f"visit {text} is there {len(there.get(text, []))} times" for text in (missing + doubled)[:10]]


def _edits(db: Database, edits: dict[str, int]) -> list[str]:
    """Every acknowledged edit stands in the change record of its customer: a later one may have replaced the value."""
    said = "CAST(changes AS TEXT)"
    rows = db.rows(f"SELECT row_id, {said} FROM audit_entry WHERE \"table\" = 'customer' AND {said} LIKE ?", '%note%')
    there: dict[int, str] = {}
    for key, changes in rows:
        there[key] = there.get(key, "") + _readable(changes)
    missing = [text for text, customer in edits.items() if f"{text}\"" not in there.get(customer, "")]
    return [f"edit {text} of customer {edits[text]} is not in the change record" for text in missing[:10]]


def _readable(changes: str) -> str:
    """JSON as SQLite keeps it has its Chinese escaped."""
    return changes.encode().decode("unicode_escape") if "\\u" in changes else changes


def _customers(db: Database) -> list[str]:
    """Last contact and next contact of the customers written to are those of their visits and open tasks."""
    touched = "SELECT DISTINCT customer_id FROM visit WHERE content LIKE ?"
    last = db.rows(
        "SELECT c.id FROM customer c JOIN (SELECT customer_id, max(at) AS at FROM visit WHERE state = 'done' AND "
        f"{REACHED} AND deleted_at IS NULL GROUP BY customer_id) v ON v.customer_id = c.id WHERE c.id IN ({touched}) "
        "AND c.last_contact_at <> v.at", MARK)
    planned = db.rows(
        "SELECT c.id FROM customer c LEFT JOIN (SELECT customer_id, min(due_on) AS due FROM followup WHERE state IN "
        "('open', 'snoozed') AND deleted_at IS NULL GROUP BY customer_id) f ON f.customer_id = c.id WHERE c.id IN "
        f"({touched}) AND (c.next_contact_on <> f.due OR (c.next_contact_on IS NULL) <> (f.due IS NULL))", MARK)
    return [*(f"last contact of customer {row[0]} is not that of its visits" for row in last[:5]),
            *(f"next contact of customer {row[0]} is not that of its tasks" for row in planned[:5])]


def _rollups(db: Database) -> list[str]:
    """The daily roll-ups say as many visits as there are."""
    if not db.has_table("score_day"):
        return []
    raw = db.one("SELECT count(*) FROM visit WHERE state = 'done' AND deleted_at IS NULL AND staff_id IS NOT NULL")
    rolled = db.one("SELECT sum(visits) FROM score_day WHERE span = 'D'")
    return [] if raw == rolled else [f"the roll-ups say {rolled} visits, there are {raw}"]


def _commands(environment: dict[str, str]) -> list[str]:
    """What the desk's own checks say."""
    found = []
    for command in (["audit", "verify"], ["check"]):
        done = subprocess.run([sys.executable, "-m", "flask", "--app", "wsgi", *command], cwd=ROOT, env=environment,
                              capture_output=True, text=True, check=False)
        if done.returncode:
            found.append(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[:400]}")
    return found
