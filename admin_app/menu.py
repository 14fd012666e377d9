"""The sidebar: by job, not by table. An entry shows only where its page is served and the person may read it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from flask import current_app, request, session
from flask_babel import lazy_gettext as _l

RECENT = 10  # customers kept in "recently seen" (UX 29)


@dataclass(frozen=True)
class Entry:
    """One line of the menu: the path it opens, the table whose right shows it, the name of its count.

    Without a table everybody sees it; with the verb "delete" and no table, whoever may delete anything; with "lead",
    whoever leads people.
    """

    label: Any
    path: str
    table: str | None = None
    count: str | None = None
    verb: str = "read"
    query: str = ""


@dataclass(frozen=True)
class Section:
    """One job. Without entries it is a link of its own (`path`)."""

    label: Any
    icon: str
    entries: tuple[Entry, ...] = field(default=())
    path: str = ""

    def lines(self) -> frozenset[str]:
        """The paths that light a line of this section."""
        return frozenset([self.path] if self.path else (entry.path + entry.query for entry in self.entries))


SECTIONS = (
    Section(_l("Today's desk"), "today", path="/admin/"),
    Section(_l("Customers"), "people", (
        Entry(_l("Customer files"), "/admin/customer/", "customer"),
        Entry(_l("Vehicles"), "/admin/vehicle/", "vehicle"),
        Entry(_l("Contact persons"), "/admin/contact/", "contact"),
        Entry(_l("Likely duplicates"), "/admin/duplicates/", "distinct_pair"),
        Entry(_l("Data quality"), "/admin/quality/", "customer"),
        Entry(_l("Consents"), "/admin/consent/", "consent"),
        Entry(_l("Named for secret files"), "/admin/customer_reader/", "customer_reader"),
        Entry(_l("Import"), "/admin/import/", "import_job"),
    )),
    Section(_l("Sales"), "steer", (
        Entry(_l("Leads"), "/admin/customer/", "customer", query="flt0_stage_equals=lead"),
        Entry(_l("Prospects"), "/admin/customer/", "customer", query="flt0_stage_equals=prospect"),
        Entry(_l("Pool"), "/admin/pool/", "customer", verb="claim"),
    )),
    Section(_l("After-sales"), "wrench", (
        Entry(_l("Repair orders"), "/admin/repair_order/", "repair_order"),
    )),
    Section(_l("Customer care"), "heart", (
        Entry(_l("Due follow-ups"), "/admin/followups/", "followup", count="due"),
        Entry(_l("Calendar"), "/admin/followups/calendar/", "followup"),
        Entry(_l("Follow-ups by person"), "/admin/followups/team/", "followup", verb="lead"),
        Entry(_l("Inquiries"), "/admin/inquiry/", "inquiry"),
        Entry(_l("Promises"), "/admin/promise/", "promise"),
        Entry(_l("Gifts"), "/admin/gift/", "gift"),
        Entry(_l("All follow-ups"), "/admin/followup/", "followup"),
    )),
    Section(_l("Visits"), "pin", (
        Entry(_l("Planned visits"), "/admin/visit/plan/", "visit"),
        Entry(_l("Visit records"), "/admin/visit/", "visit"),
        Entry(_l("What visits have brought"), "/admin/visit/review/", "visit"),
        Entry(_l("Coverage"), "/admin/visit/coverage/", "customer"),
        Entry(_l("Photos"), "/admin/photo/", "photo"),
    )),
    Section(_l("Complaints"), "alert", (
        Entry(_l("Complaint board"), "/admin/complaint/board/", "complaint", count="complaints"),
        Entry(_l("Complaints"), "/admin/complaint/", "complaint"),
        Entry(_l("Complaint steps"), "/admin/complaint_step/", "complaint_step"),
    )),
    Section(_l("Campaigns"), "horn", (
        Entry(_l("Campaigns"), "/admin/campaign/", "campaign"),
        Entry(_l("Campaign members"), "/admin/campaign_member/", "campaign_member"),
        Entry(_l("Campaign costs"), "/admin/campaign_cost/", "campaign_cost"),
    )),
    Section(_l("Team"), "podium", (
        Entry(_l("Team scores"), "/admin/scores/", "score"),
        Entry(_l("Score lines"), "/admin/score/", "score"),
        Entry(_l("Score periods"), "/admin/score_period/", "score_period"),
        Entry(_l("Score schemes"), "/admin/score_scheme/", "score_scheme"),
        Entry(_l("Scheme lines"), "/admin/scheme_line/", "scheme_line"),
        Entry(_l("Metrics"), "/admin/metric/", "metric"),
        Entry(_l("Requests"), "/admin/requests/", "second_person_request", count="requests"),
        Entry(_l("Hand-over"), "/admin/handover/", verb="lead"),
    )),
    Section(_l("Settings"), "sliders", (
        Entry(_l("Follow-up rules"), "/admin/followup_rule/", "followup_rule"),
        Entry(_l("Segments"), "/admin/segment/", "segment"),
        Entry(_l("Working calendar"), "/admin/calendar_day/", "calendar_day"),
        Entry(_l("Stores"), "/admin/store/", "store"),
        Entry(_l("Teams"), "/admin/team/", "team"),
        Entry(_l("Staff"), "/admin/user/", "user"),
        Entry(_l("Roles"), "/admin/role/", "role"),
        Entry(_l("Rights"), "/admin/grant/", "grant"),
        Entry(_l("Tokens for web leads"), "/admin/lead_token/", "lead_token"),
        Entry(_l("Group robots"), "/admin/robot/", "robot"),
        Entry(_l("Confidentiality agreements"), "/admin/agreement/", "agreement"),
        Entry(_l("Recycle bin"), "/admin/recycle/", verb="delete"),
        Entry(_l("Change record"), "/admin/audit_entry/", "audit_entry"),
        Entry(_l("Access log"), "/admin/access_log/", "access_log"),
    )),
)

NEW = (
    Entry(_l("Log a contact"), "/admin/visit/log/", "visit", verb="create"),
    Entry(_l("Customer"), "/admin/customer/new/", "customer", verb="create"),
    Entry(_l("Complaint"), "/admin/complaint/new/", "complaint", verb="create"),
    Entry(_l("Inquiry"), "/admin/inquiry/new/", "inquiry", verb="create"),
    Entry(_l("Follow-up"), "/admin/followup/new/", "followup", verb="create"),
    Entry(_l("Repair order"), "/admin/repair_order/new/", "repair_order", verb="create"),
    Entry(_l("Campaign"), "/admin/campaign/new/", "campaign", verb="create"),
)

# The thumb bar of phones, with the icon of each: what the person may not open is left out.
TABS = (
    (Entry(_l("Today"), "/admin/"), "today"),
    (Entry(_l("Due now"), "/admin/followups/", "followup"), "clock"),
    (Entry(_l("Log it"), "/admin/visit/log/", "visit", verb="create"), "plus"),
    (Entry(_l("Customers"), "/admin/customer/", "customer"), "people"),
)
# Second keys after G, for those who may open the page.
JUMPS = (("h", _l("Today's desk"), "/admin/"), ("f", _l("Due follow-ups"), "/admin/followups/"),
         ("c", _l("Customer files"), "/admin/customer/"))

COUNTS: dict[str, Callable[[], int | None]] = {}


def counted(name: str) -> Callable[[Callable[[], int | None]], Callable[[], int | None]]:
    """Give the menu a count: `@counted("due")` over a function that answers a number, or None for no number."""

    def keep(function: Callable[[], int | None]) -> Callable[[], int | None]:
        COUNTS[name] = function
        return function

    return keep


def _served() -> frozenset[str]:
    """Every address without parameters that this application answers."""
    kept = current_app.extensions.get("caredesk_paths")
    if kept is None:
        kept = frozenset(rule.rule for rule in current_app.url_map.iter_rules() if not rule.arguments)
        current_app.extensions["caredesk_paths"] = kept
    return kept


def _shown(entries: Iterable[Entry]) -> list[Entry]:
    served = _served()
    return [entry for entry in entries if entry.path in served and _allowed(entry)]


def _allowed(entry: Entry) -> bool:
    from admin_app import access

    if entry.verb == "lead":
        return access.leads() and (entry.table is None or access.can(entry.table))
    if entry.table is None:
        return entry.verb != "delete" or bool(access.binned())
    return access.can(entry.table, entry.verb)


def _line(entry: Entry, here: str, counts: dict[str, int | None]) -> dict[str, Any]:
    return {"label": entry.label, "count": counts.get(entry.count or ""), "here": here == entry.path + entry.query,
            "href": request.script_root + entry.path + (f"?{entry.query}" if entry.query else "")}


@lru_cache(maxsize=1)
def _lines() -> tuple[tuple[tuple[str, str, str], ...], tuple[str, ...]]:
    """The lines of the menu with a query as (path, query, both), and the paths of the others, longest first."""
    lines = [entry for section in SECTIONS for entry in section.entries]
    asked = tuple((entry.path, entry.query, entry.path + entry.query) for entry in lines if entry.query)
    plain = sorted({entry.path for entry in lines if not entry.query}, key=len, reverse=True)
    return asked, tuple(plain)


def lit() -> str:
    """Which line of the menu is lit: the longest served path that this page lies under."""
    query, (asked, plain) = request.query_string.decode("utf-8", "replace"), _lines()
    for path, words, both in asked:
        if path == request.path and query.startswith(words):
            return both
    return next((path for path in plain if request.path.startswith(path)), request.path)


def shown(section: Section, here: str, counts: dict[str, int | None]) -> dict[str, Any] | None:
    """A section as the person in front of the screen may use it: label, icon, href or entries, open, here.
    None where nothing of it is open to her."""
    if section.path:
        return {"label": section.label, "icon": section.icon, "href": request.script_root + section.path,
                "entries": [], "open": False, "here": here == section.path}
    entries = [_line(entry, here, counts) for entry in _shown(section.entries)]
    if not entries:
        return None
    return {"label": section.label, "icon": section.icon, "href": "", "entries": entries,
            "open": any(line["here"] for line in entries), "here": False}


def wants(name: str) -> bool:
    """Whether a line that this person sees shows a count."""
    return any(entry.count == name and _allowed(entry) for section in SECTIONS for entry in section.entries)


def menu() -> list[dict[str, Any]]:
    """Every section that the person may use, without counts."""
    here = lit()
    return [found for found in (shown(section, here, {}) for section in SECTIONS) if found is not None]


def new_items() -> list[dict[str, Any]]:
    """What the "New" menu of the top bar offers this person."""
    return [_line(entry, "", {}) for entry in _shown(NEW)]


def tabs() -> list[tuple[str, str, Any, bool]]:
    """(address, icon, label, whether it is this page) of the thumb bar."""
    path = request.path
    return [(request.script_root + entry.path, icon, entry.label,
             path == entry.path or (entry.path != "/admin/" and path.startswith(entry.path)))
            for entry, icon in TABS if _allowed(entry)]


def jumps() -> list[tuple[str, Any, str]]:
    """(second key, label, address) of the keyboard's jumps."""
    open_to = {entry.path for entry, _icon in TABS if _allowed(entry)}
    return [(key, label, request.script_root + path) for key, label, path in JUMPS if path in open_to]


def remember(customer_id: int) -> None:
    """Note that this person has just looked at a customer; the last ten stand in the sidebar."""
    kept = [customer_id] + [one for one in session.get("recent", []) if one != customer_id]
    session["recent"] = kept[:RECENT]


def recent() -> list[tuple[int, str]]:
    """(id, name) of the customers seen last, newest first; those out of scope by now are left out."""
    ids = session.get("recent", [])
    if not ids:
        return []
    from admin_app import prepared
    from admin_app.database import db
    from admin_app.models import Customer

    size, keys = prepared.many("customer", ids)
    found = prepared.few(db.session, ("recent", size), lambda: db.select(Customer.id, Customer.name).where(
        prepared.one_of(Customer.id, "customer", size)), **keys)
    names = {row.id: row.name for row in found}
    return [(one, names[one]) for one in ids if one in names]
