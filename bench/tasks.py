"""The tasks of SPEED's table: who asks for what, what a right answer holds, and how many floors it may take."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bench.client import Answer, Client, form_of
from bench.facts import FRAGMENT, NAME, PAGE, Facts

SOLD = re.compile(r'metric=deals&amp;user=(\d+)&amp;[^>]*>([\d,]+)<')
ROW = re.compile(r'<th scope="row"')
Ask = Callable[[Client, Facts, int], Answer]
Check = Callable[[Answer, Facts], str]


@dataclass(frozen=True)
class Task:
    """One task. `ready` is done before each request and not measured; `check` says what is wrong, or ""."""

    name: str
    person: str
    allowed: float | None  # times the floor, of SPEED; None: measured beside it
    ask: Ask
    check: Check
    floor: Ask | None = None
    floor_check: Check | None = None
    ready: Ask | None = None
    writes: bool = False  # asked after all that read, whose answers are known of the store as it was


# ---------------------------------------------------------------- what an answer must hold


def rows_in(answer: Answer) -> int:
    """Rows of the table of a page: each has one heading."""
    return len(ROW.findall(answer.text))


def holds(rows: Callable[[Facts], int], text: Callable[[Facts], str] = lambda facts: "") -> Check:
    """200, so many rows, and a name among them."""

    def check(answer: Answer, facts: Facts) -> str:
        if answer.status != 200:
            return f"status {answer.status}"
        wanted = rows(facts)
        if rows_in(answer) != wanted:
            return f"{rows_in(answer)} rows instead of {wanted}"
        return "" if html.escape(text(facts)) in answer.text else f"without {text(facts)}"

    return check


def says(*texts: str) -> Check:
    """200, and every text in the page."""

    def check(answer: Answer, facts: Facts) -> str:
        missing = [text for text in texts if text not in answer.text]
        return f"status {answer.status}" if answer.status != 200 else f"without {missing}" if missing else ""

    return check


def led_to(part: str) -> Check:
    """A form that was taken leads on to an address with this in it."""

    def check(answer: Answer, facts: Facts) -> str:
        if answer.status not in (302, 303):
            return f"status {answer.status}"
        return "" if part in answer.location else f"led to {answer.location}"

    return check


def csv_rows(answer: Answer, facts: Facts) -> str:
    """200, and a line for each row under a heading."""
    lines = answer.body.count(b"\r\n") - 1
    return f"status {answer.status}" if answer.status != 200 else (
        "" if lines == facts.exported else f"{lines} rows instead of {facts.exported}")


# ---------------------------------------------------------------- asking


def get(path: str | Callable[[Facts], str]) -> Ask:
    """A page; an address that depends on the store is worked out by a function."""
    return lambda client, facts, number: client.get(path(facts) if callable(path) else path)


def owned(facts: Facts, number: int) -> tuple[int, str]:
    """A customer of the consultant, another one each time."""
    return facts.owned[number % len(facts.owned)]


def _id(path: str) -> Ask:
    return lambda client, facts, number: client.get(path.format(owned(facts, number)[0]))


def export_address(facts: Facts) -> str:
    chosen = {"flt0_owner_id_in": ",".join(map(str, facts.export_owners))} if facts.export_owners else {}
    return f"/admin/customer/export/csv/?{urlencode(chosen)}"


def floor_export(facts: Facts) -> str:
    return f"/export?owners={','.join(map(str, facts.export_owners))}"


def open_edit(client: Client, facts: Facts, number: int) -> Answer:
    """The edit form, its fields kept for the save."""
    answer = client.get(f"/admin/customer/edit/?id={owned(facts, number)[0]}")
    client.form = form_of(answer.text, 'name="version"') if answer.status == 200 else []
    return answer


def save_edit(client: Client, facts: Facts, number: int) -> Answer:
    fields: list[tuple[str, Any]] = [
        (name, f"{number} 次改动" if name == "note" else value) for name, value in client.form]
    return client.post(f"/admin/customer/edit/?id={owned(facts, number)[0]}", fields)


def open_log(client: Client, facts: Facts, number: int) -> Answer:
    answer = client.get(f"/admin/visit/log/?customer={owned(facts, number)[0]}")
    client.form = form_of(answer.text, 'name="key"') if answer.status == 200 else []
    return answer


def log_visit(client: Client, facts: Facts, number: int) -> Answer:
    kept = [(name, value) for name, value in client.form if name in ("csrf_token", "key", "customer", "followup")]
    said = {"channel": "phone", "result": "solved", "next": "none", "content": f"测量 {number}", "satisfaction": "5"}
    return client.post("/admin/visit/log/", [*kept, *said.items()])


def floor_save(client: Client, facts: Facts, number: int) -> Answer:
    return client.post("/edit", {"id": owned(facts, number)[0], "note": f"{number} 次改动"})


def floor_log(client: Client, facts: Facts, number: int) -> Answer:
    return client.post("/log", {"customer": owned(facts, number)[0], "content": f"测量 {number}"})


FIRST = holds(lambda facts: PAGE, lambda facts: facts.newest[1])
FIRST_100 = holds(lambda facts: min(100, facts.customers), lambda facts: facts.newest[1])
DEEP = holds(lambda facts: PAGE, lambda facts: facts.deep[1])
GRADE_H = holds(lambda facts: min(PAGE, facts.grade_h))
PHONE = holds(lambda facts: min(PAGE, facts.phones))
NAMED = holds(lambda facts: min(PAGE, facts.names), lambda facts: NAME if facts.names else "")
SCORED = holds(lambda facts: facts.sellers)
EDIT, VISIT = says('name="version"', "</form>"), says('name="key"', "</form>")
MANAGER, CONSULTANT = "general_manager", "sales_consultant"


def _due(answer: Answer, facts: Facts) -> str:
    """The queue holds the tasks that are owed, at most a page of them, and tells how many there are."""
    return says("csrf", f"{facts.due:,}" if facts.due else "")(answer, facts)


def _scores(answer: Answer, facts: Facts) -> str:
    """A row for everybody of the role; the consultant's cars are as many as were sold."""
    if fault := SCORED(answer, facts):
        return fault
    cars = dict(SOLD.findall(answer.text)).get(str(facts.people[CONSULTANT]))
    return "" if cars == f"{facts.sold:,}" else f"{cars} cars instead of {facts.sold}"


TASKS = (
    Task("list, 20 rows", MANAGER, 4, get("/admin/customer/"), FIRST, get("/list?size=20"), FIRST),
    Task("list, 100 rows", MANAGER, 3.4, get("/admin/customer/?page_size=100"), FIRST_100, get("/list?size=100"),
         FIRST_100),
    Task("page 20,000", MANAGER, 2, get(lambda facts: f"/admin/customer/?page={facts.page}"), DEEP,
         get(lambda facts: f"/list?size=20&page={facts.page}"), DEEP),
    Task("my customers of grade H", CONSULTANT, 4.2,
         get("/admin/customer/?flt0_owner_id_equals=me&flt1_grade_equals=H"), GRADE_H,
         get(lambda facts: f"/list?owner={facts.people[CONSULTANT]}&grade=H"), GRADE_H),
    Task("search phone 13812", MANAGER, 1.6, get(f"/admin/customer/?search={FRAGMENT}"), PHONE,
         get(f"/list?phone={FRAGMENT}"), PHONE),
    Task("search name 建国", MANAGER, 3.3, get(f"/admin/customer/?{urlencode({'search': NAME})}"), NAMED,
         get(f"/list?{urlencode({'name': NAME})}"), NAMED),
    Task("open the edit form", CONSULTANT, 3.7, _id("/admin/customer/edit/?id={}"), EDIT, _id("/edit?id={}"), EDIT),
    Task("save an edit", CONSULTANT, 1.9, save_edit, led_to("/admin/customer/"), floor_save, led_to("/list"),
         ready=open_edit, writes=True),
    Task("open the visit form", CONSULTANT, 2.4, _id("/admin/visit/log/?customer={}"), VISIT, _id("/log?customer={}"),
         VISIT),
    Task("log a visit", CONSULTANT, 2.2, log_visit, led_to("saved="), floor_log, led_to("/list"), ready=open_log,
         writes=True),
    Task("export 10,000 rows", MANAGER, 1.8, get(export_address), csv_rows, get(floor_export), csv_rows),
    Task("due follow-ups of one person", CONSULTANT, 3.7, get("/admin/followups/"), _due,
         get(lambda facts: f"/due?person={facts.people[CONSULTANT]}"), _due),
    Task("team scores of a month", MANAGER, 1.5,
         get(lambda facts: f"/admin/scores/?period={facts.month}&role=sales_consultant"), _scores,
         get(lambda facts: f"/scores?month={facts.month}"), SCORED),
    # beside SPEED's table
    Task("home of a consultant", CONSULTANT, None, get("/admin/"), says("csrf")),
    Task("home of a manager", "sales_manager", None, get("/admin/"), says("csrf")),
    Task("customer page", CONSULTANT, None, _id("/admin/customer/details/?id={}"), says("csrf")),
    Task("list of a team's manager", "sales_manager", None, get("/admin/customer/"), holds(lambda facts: PAGE)),
    Task("global search 建国", CONSULTANT, None, get(f"/admin/search/?{urlencode({'q': NAME})}"), says("csrf")),
    Task("complaint board", "care_manager", None, get("/admin/complaint/board/"), says("csrf")),
)
