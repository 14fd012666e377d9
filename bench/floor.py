"""The floor: what Flask, Jinja and the best SQL take on the same store, with a signed session and CSRF, and no desk.

Served like the desk. `BENCH_STORE` names the store, `BENCH_SECRET` signs the session.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from flask import Flask, Response, abort, redirect, render_template, request, session
from flask_wtf.csrf import CSRFProtect
from jinja2 import DictLoader

from admin_app.database import sqlite_module
from bench.facts import PAGE, ZONE, connected

URL = os.environ["BENCH_STORE"]
IS_SQLITE = URL.startswith("sqlite")
CAP = 1_001  # rows counted at most
STRIDE = 1_000  # rows between two anchors of a jump by page number
COLUMNS = ("name", "phone", "stage", "grade", "tier", "owner", "last_contact_at", "next_contact_on", "completeness")
SELECT = ("SELECT c.id, c.name, c.phone, c.stage, c.grade, c.tier, u.name, c.last_contact_at, c.next_contact_on, "
          'c.completeness FROM customer c LEFT JOIN "user" u ON u.id = c.owner_id ')
FORM = tuple("""
    name kind sex phone phone2 wechat email birthday address district stage grade tier source
    source_detail credit note registered_on model_wish budget use concerns decision_power hobbies
    channel hours occupation employer industry employer_size family finances confidentiality
    do_not_disturb lost_reason version
""".split())
SUMS = ("visits", "calls", "calls_reached", "rated", "rated_well", "tasks_done", "tasks_timely", "cars")
SELLERS = "u.active AND u.role_id = (SELECT id FROM role WHERE code = 'sales_consultant')"
local = threading.local()

TEMPLATES = {
    "base": """<!doctype html><html lang="zh"><head><meta charset="utf-8">
<meta name="csrf-token" content="{{ csrf_token() }}"><title>CareDesk</title></head>
<body>{% block content %}{% endblock %}</body></html>""",
    "table": """{% extends "base" %}{% block content %}<p>{{ count }}</p><table>
<thead><tr>{% for name in columns %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead><tbody>
{% for row in rows %}<tr><th scope="row"><a href="/edit?id={{ row[0] }}">{{ row[1] }}</a></th>
{%- for value in row[2:] %}<td>{{ value }}</td>{% endfor %}</tr>
{% endfor %}</tbody></table>{% endblock %}""",
    "form": """{% extends "base" %}{% block content %}<form method="post">
<input type="hidden" name="csrf_token" value="{{ csrf_token() }}">
{% for name, value in fields %}<label for="{{ name }}">{{ name }}</label>
<input id="{{ name }}" name="{{ name }}" value="{{ value if value is not none }}">
{% endfor %}</form>{% endblock %}""",
}

app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ["BENCH_SECRET"]
app.config["WTF_CSRF_TIME_LIMIT"] = None
app.jinja_loader = DictLoader(TEMPLATES)
CSRFProtect(app)


def connect() -> Any:
    """This thread's own connection, as the desk sets it up."""
    kept = getattr(local, "connection", None)
    if kept is None and IS_SQLITE:
        kept = sqlite_module.connect(URL.removeprefix("sqlite:///"), timeout=20, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-32000"):
            kept.execute(f"PRAGMA {pragma}")
    elif kept is None:
        kept = psycopg.connect(URL, autocommit=True)
    local.connection = kept
    return kept


def rows(statement: str, *values: Any) -> list[Any]:
    return connect().execute(statement if IS_SQLITE else statement.replace("?", "%s"), values).fetchall()


def do(statement: str, *values: Any) -> None:
    connect().execute(statement if IS_SQLITE else statement.replace("?", "%s"), values)


@contextmanager
def transaction() -> Iterator[None]:
    connect().execute("BEGIN IMMEDIATE" if IS_SQLITE else "BEGIN")
    try:
        yield
    except BaseException:
        connect().execute("ROLLBACK")
        raise
    connect().execute("COMMIT")


def _has(table: str) -> bool:
    with connected(URL) as database:
        return database.has_table(table)


GRAMS, FTS, ROLLUPS = _has("search_gram"), _has("customer_fts"), _has("score_day")


@app.before_request
def person() -> None:
    if request.path not in ("/healthz", "/login") and "person" not in session:
        abort(401)


@app.get("/healthz")
def health() -> str:
    return "ok"


@app.route("/login", methods=["GET", "POST"])
def enter() -> Any:
    """A session for whoever asks: what it costs afterwards is the signed cookie."""
    if request.method == "POST":
        session["person"] = request.form["username"]
        return redirect("/admin/")
    return render_template("form", fields=[("username", "")])


@app.get("/admin/")
def home() -> str:
    return render_template("form", fields=[])


# ---------------------------------------------------------------- lists


@app.get("/list")
def listing() -> str:
    """Customers, the newest first; one row more than shown, and a count that stops early."""
    where, values, near = narrowed()
    size, page = request.args.get("size", 20, int), request.args.get("page", 0, int)
    found = jumped(size, page) if page else rows(
        f"{SELECT}WHERE c.deleted_at IS NULL{where} ORDER BY c.id DESC LIMIT ?", *values, size + 1)
    count = len(rows(near or f"SELECT 1 FROM customer c WHERE c.deleted_at IS NULL{where} LIMIT {CAP}", *values))
    return render_template("table", rows=found[:size], columns=COLUMNS, count=count)


def jumped(size: int, page: int) -> list[Any]:
    """A page by number: from the nearest anchor on the index alone, then the rows."""
    place, rest = divmod(page * size, STRIDE)
    from_here = "SELECT id FROM customer WHERE id <= ? ORDER BY id DESC LIMIT 1 OFFSET ?"
    first = rows(from_here, anchors()[place], rest)[0][0]
    return rows(f"{SELECT}WHERE c.deleted_at IS NULL AND c.id <= ? ORDER BY c.id DESC LIMIT ?", first, size + 1)


@cache
def anchors() -> list[int]:
    """The key of every thousandth customer of the list, read once."""
    return [key for (key,) in rows(
        "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id DESC) - 1 AS n FROM customer) k "
        "WHERE n - n / ? * ? = 0 ORDER BY id DESC", STRIDE, STRIDE)]


def narrowed() -> tuple[str, list[Any], str]:
    """(condition, its values, a statement that counts better) of the search or filter in the address."""
    given = request.args
    if "owner" in given:
        return " AND c.owner_id = ? AND c.grade = ?", [int(given["owner"]), given["grade"]], ""
    if "name" in given:
        return by_name(given["name"])
    if "phone" in given:
        return by_phone(given["phone"])
    return "", [], ""


def by_name(text: str) -> tuple[str, list[Any], str]:
    if GRAMS:
        return (" AND c.id IN (SELECT customer_id FROM search_gram WHERE gram = ?)", [text],
                f"SELECT 1 FROM search_gram WHERE gram = ? LIMIT {CAP}")
    return " AND c.name LIKE ?", [f"%{text}%"], ""


def by_phone(text: str) -> tuple[str, list[Any], str]:
    if IS_SQLITE and FTS:
        return (" AND c.id IN (SELECT rowid FROM customer_fts WHERE customer_fts MATCH ?)", [f'"{text}"'],
                f"SELECT 1 FROM customer_fts WHERE customer_fts MATCH ? LIMIT {CAP}")
    if GRAMS:  # the words of the trigram index
        return " AND replace(c.phone, '+86', '') LIKE ?", [f"%{text}%"], ""
    return " AND c.phone LIKE ?", [f"%{text}%"], ""


@app.get("/due")
def due() -> str:
    """What a person owes now, and how much it is."""
    today = dt.datetime.now(ZONE).date().isoformat()
    where = "f.assignee_id = ? AND f.state IN ('open', 'snoozed') AND f.due_on <= ? AND f.deleted_at IS NULL"
    found = rows("SELECT f.id, c.name, f.reason, f.due_on, f.channel, c.grade, c.phone FROM followup f "
                 f"JOIN customer c ON c.id = f.customer_id WHERE {where} ORDER BY f.due_on, f.id LIMIT ?",
                 int(request.args["person"]), today, PAGE + 1)
    count = rows(f"SELECT count(*) FROM followup f WHERE {where}", int(request.args["person"]), today)[0][0]
    return render_template("table", rows=found[:PAGE], columns=("name", "reason", "due", "channel", "grade", "phone"),
                           count=f"{count:,}")


@app.get("/scores")
def scores() -> str:
    """Everybody's sums of a month, from the daily roll-ups."""
    first = dt.date.fromisoformat(f"{request.args['month']}-01")
    last = (first + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)
    sums = ", ".join(f"sum(s.{name})" for name in SUMS)
    found = rows(f'SELECT u.id, u.name, {sums} FROM "user" u LEFT JOIN score_day s ON s.user_id = u.id AND s.span = ? '
                 f"AND s.day >= ? AND s.day <= ? WHERE {SELLERS} GROUP BY u.id, u.name ORDER BY 3 DESC", "D",
                 first.isoformat(), last.isoformat()) if ROLLUPS else counted(first, last)
    return render_template("table", rows=found, columns=("name", *SUMS), count=len(found))


def counted(first: dt.date, last: dt.date) -> list[Any]:
    """The same from the visits themselves, where there are no roll-ups."""
    bounds = [dt.datetime.combine(day, dt.time(), ZONE).astimezone(dt.UTC)
              for day in (first, last + dt.timedelta(days=1))]
    values = [f"{one:%Y-%m-%d %H:%M:%S.%f}" for one in bounds] if IS_SQLITE else bounds
    return rows('SELECT u.id, u.name, v.n FROM "user" u LEFT JOIN (SELECT staff_id, count(*) AS n FROM visit WHERE '
                f"state = 'done' AND at >= ? AND at < ? GROUP BY staff_id) v ON v.staff_id = u.id WHERE {SELLERS} "
                "ORDER BY v.n DESC",
                *values)


@app.get("/export")
def export() -> Response:
    """A CSV of customers, written from tuples."""
    owners = [int(key) for key in request.args["owners"].split(",") if key]
    where = f" AND c.owner_id IN ({','.join('?' * len(owners))})" if owners else ""
    found = rows(f"{SELECT}WHERE c.deleted_at IS NULL{where} ORDER BY c.id DESC", *owners)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("id", *COLUMNS))
    writer.writerows(found)
    return Response(text.getvalue(), mimetype="text/csv")


# ---------------------------------------------------------------- forms


@app.get("/edit")
def edit() -> str:
    found = rows(f"SELECT {', '.join(FORM)} FROM customer WHERE id = ? AND deleted_at IS NULL",
                 int(request.args["id"]))[0]
    return render_template("form", fields=list(zip(FORM, found, strict=True)))


@app.post("/edit")
def save() -> Any:
    with transaction():
        do("UPDATE customer SET note = ?, updated_at = CURRENT_TIMESTAMP, version = version + 1 WHERE id = ?",
           request.form["note"], int(request.form["id"]))
    return redirect("/list")


@app.get("/log")
def log_form() -> str:
    found = rows("SELECT id, name, grade, tier FROM customer WHERE id = ? AND deleted_at IS NULL",
                 int(request.args["customer"]))[0]
    last = rows("SELECT at, content FROM visit WHERE customer_id = ? ORDER BY at DESC LIMIT 1", found[0])
    fields = [("key", "k"), ("customer", found[0]), ("name", found[1]), ("channel", ""), ("result", ""),
              ("satisfaction", ""), ("content", ""), ("next", ""), *(("last", text) for _at, text in last)]
    return render_template("form", fields=fields)


@app.post("/log")
def log() -> Any:
    """The visit, and the customer's last contact."""
    customer = int(request.form["customer"])
    now = dt.datetime.now(dt.UTC)
    at: Any = f"{now:%Y-%m-%d %H:%M:%S.%f}" if IS_SQLITE else now
    with transaction():
        do("INSERT INTO visit (created_at, updated_at, store_id, customer_id, state, at, channel, result, content) "
           "SELECT ?, ?, store_id, id, 'done', ?, 'phone', 'solved', ? FROM customer WHERE id = ?", at, at, at,
           request.form["content"], customer)
        do("UPDATE customer SET last_contact_at = ?, updated_at = ?, version = version + 1 WHERE id = ?", at, at,
           customer)
    return redirect("/list")
