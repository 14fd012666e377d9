"""The lines of a customer's stream in words: icon, title, what, body, badge, where it leads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from markupsafe import Markup

from admin_app import access, clock, look, people, prepared, words
from admin_app.choices import AuditVerb, Choice, ConsentState, Grade
from admin_app.columns import field_of
from admin_app.database import db
from admin_app.models import Campaign, Customer
from admin_app.rules import photos
from admin_app.rules.timeline import Event

KIND_LABELS = {
    "visit": _l("Contacts"), "inquiry": _l("Inquiries"), "complaint": _l("Complaints"), "repair_order": _l("Repairs"),
    "campaign": _l("Campaigns"), "promise": _l("Promises"), "gift": _l("Gifts"), "followup": _l("Follow-ups"),
    "consent": _l("Consents"), "change": _l("Changes"),
}
CHANNEL_ICONS = {"phone": "phone", "wechat": "chat", "sms": "chat", "online": "chat", "email": "mail", "store": "store",
                 "home": "car", "event": "horn", "fair": "horn", "association": "people"}
MOST_CHANGES = 6


@dataclass
class Line:
    """One line: `title` is bold, `what` follows it, `href` opens the record (empty: no page of its own)."""

    icon: str
    title: str
    what: str = ""
    body: str = ""
    href: str = ""
    badge: Any = None
    tone: str = ""
    by: str = ""
    at: dt.datetime | None = None
    when: Any = ""
    tags: list[str] = field(default_factory=list)
    photos: list[int] = field(default_factory=list)


def days(events: list[Event], now: dt.datetime) -> list[tuple[str, list[Line]]]:
    """(heading, lines) of a page: what is ahead first, then a heading for each day."""
    def heading(event: Event) -> str:
        if event.ahead:
            return _("Planned")
        day = clock.local_day(event.at)
        return f"{day.isoformat()} {words.weekday(day)}"

    shown = photos_of(event.row for event in events if event.kind == "visit")
    return [(name, [_line(event, now, shown) for event in group]) for name, group in groupby(events, heading)]


def photos_of(visits: Iterable[Any]) -> dict[int, list[int]]:
    """The keys of the photos by visit; the database is asked only where a visit has some."""
    ids = [row.id for row in visits if row.photo_count]
    return photos.of_visits(db.session, ids) if ids and access.can("photo") else {}


def _line(event: Event, now: dt.datetime, shown: dict[int, list[int]]) -> Line:
    line: Line = WRITERS[event.kind](event.row)
    line.photos = shown.get(event.row.id, []) if event.kind == "visit" else []
    line.at = event.at
    if event.ahead:
        left = (clock.local_day(event.at) - clock.local_day(now)).days
        line.when = words.days_apart(left) if left >= 0 else ngettext("%(num)d day late", "%(num)d days late", -left)
        line.tone = line.tone or ("late" if left < 0 else "soon" if left == 0 else "")
    else:
        line.when = words.ago(event.at, now)
    return line


def _person(row: Any, name: str) -> str:
    return people.name_of(getattr(row, f"{name}_id")) or getattr(row, f"{name}_text", None) or ""


def _visit(row: Any) -> Line:
    parts = [row.objection and _("Objection: %(text)s", text=row.objection),
             row.competitor and _("Competitor: %(text)s", text=row.competitor)]
    return Line(CHANNEL_ICONS.get(str(row.channel), "chat"), look.label_of(row.channel),
                what=row.purpose or row.summary or "", body=row.content or "", badge=row.result,
                by=_person(row, "staff"), href=f"/admin/visit/details/?id={row.id}",
                tags=[str(part) for part in parts if part])


def complaint_label(row: Any) -> str:
    """A complaint in one line, for the list of open matters."""
    return _("Complaint: %(text)s", text=" ".join(row.text.split())[:24])


def inquiry_label(row: Any) -> str:
    """An inquiry in one line."""
    return _("Inquiry: %(text)s", text=" ".join(row.question.split())[:24])


def promise_label(row: Any) -> str:
    """A promise in one line."""
    return _("Promise: %(text)s", text=row.what)


def order_label(row: Any) -> str:
    """A repair order in one line."""
    return _("Repair order %(number)s", number=row.number)


def _complaint(row: Any) -> Line:
    return Line("alert", _("Complaint"), what=row.number, body=row.text, badge=row.state, by=_person(row, "owner"),
                href=f"/admin/complaint/details/?id={row.id}", tone="late" if row.closed_at is None else "")


def _inquiry(row: Any) -> Line:
    return Line("chat", _("Inquiry"), what=look.label_of(row.channel), body=row.question, badge=row.state,
                by=_person(row, "owner"), href=f"/admin/inquiry/details/?id={row.id}",
                tags=[str(_("Answer: %(text)s", text=" ".join(row.answer.split())[:60]))] if row.answer else [])


def _order(row: Any) -> Line:
    total = _("%(amount)s yuan", amount=words.money(row.total)) if row.total is not None else ""
    parts = [part for part in (row.number, look.label_of(row.kind), total) if part]
    return Line("wrench", _("Repair order"), what=" · ".join(parts),
                body=row.items or "", badge=row.state, by=_person(row, "advisor"),
                href=f"/admin/repair_order/details/?id={row.id}")


def _member(row: Any) -> Line:
    found = prepared.few(db.session, "campaign's name", lambda: sa.select(Campaign.name).where(
        Campaign.id == prepared.given("campaign")), campaign=row.campaign_id)
    href = f"/admin/campaign/details/?id={row.campaign_id}" if found else ""
    return Line("horn", _("Campaign"), what=found[0].name if found else "", badge=row.state,
                by=_person(row, "invited_by"), href=href)


def _promise(row: Any) -> Line:
    return Line("seal", _("Promise"), what=row.what, badge=row.state, by=_person(row, "by"),
                href=f"/admin/promise/details/?id={row.id}")


def _gift(row: Any) -> Line:
    return Line("gift", _("Gift"), what=f"{row.name} × {row.quantity}", body=row.occasion or "", by=_person(row, "by"),
                href=f"/admin/gift/details/?id={row.id}")


def _followup(row: Any) -> Line:
    return Line("clock", row.reason, what=look.label_of(row.channel), body=row.note or "", badge=row.state,
                by=_person(row, "assignee"), href=f"/admin/followup/details/?id={row.id}")


def _consent(row: Any) -> Line:
    said = f"{look.label_of(row.source)} · {_('text %(version)s', version=row.text_version)}"
    return Line("shield", look.label_of(row.purpose), what=said, body=row.note or "", badge=row.state,
                by=_person(row, "by"), href=f"/admin/consent/details/?id={row.id}",
                tone="late" if row.state == ConsentState.WITHDRAWN else "")


def _change(row: Any) -> Line:
    if row.verb == AuditVerb.MERGE:
        before, after = (row.changes or {}).get("merged_id") or [None, None]
        said = _("%(file)s went into this file", file=after) if after else _("%(file)s was parted again", file=before)
        return Line("swap", look.label_of(row.verb), what=said, body=row.reason or "", by=words.actor(row.actor_name))
    what: list[Any] = []
    for name, pair in list((row.changes or {}).items())[:MOST_CHANGES]:
        what.append(_changed(name, pair))
    return Line("swap", look.label_of(row.verb), what=Markup(_("; ")).join(what), by=words.actor(row.actor_name))


def _changed(name: str, pair: Any) -> Markup:
    about = field_of(Customer, name) if name in Customer.__table__.columns and _declared(name) else None
    before, after = (pair if isinstance(pair, list) and len(pair) == 2 else (None, pair))
    label = about.label if about else name
    shown = [look.grade(Grade.find(one)) if name == "grade" else _value(about, one) for one in (before, after)]
    if before in (None, "", []):
        return Markup("{} {}").format(label, shown[1])
    return Markup("{} {} → {}").format(label, *shown)


def _declared(name: str) -> bool:
    return "field" in Customer.__table__.columns[name].info


def _value(about: Any, value: Any) -> str:
    if value in (None, "", []):
        return str(_("empty"))
    choices: type[Choice] | None = about.choices if about else None
    found = choices.find(str(value)) if choices else None
    if found is not None:
        return str(found.label)
    if about is not None and about.kind == "link":
        person = people.name_of(value) if about.target == "user" and isinstance(value, int) else None
        return person or f"#{value}"
    if about is not None and about.kind == "yes":
        return str(_("Yes") if value else _("No"))
    return str(value)[:60]


WRITERS = {"visit": _visit, "inquiry": _inquiry, "complaint": _complaint, "repair_order": _order, "campaign": _member,
           "promise": _promise, "gift": _gift, "followup": _followup, "consent": _consent, "change": _change}
