"""What managers decide beside the steps (DOMAIN §3.2): re-route, escalate, approve; and what is learnt."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import lazy_gettext as _l

from admin_app.choices import ComplaintArea, ComplaintLevel, StepKind
from admin_app.errors import RuleError
from admin_app.models import Complaint, User
from admin_app.rules.clocks import GENERAL_MANAGER_TOLD
from admin_app.rules.complaints import people
from admin_app.rules.complaints.log import hand_over, needed, write

RANK = {ComplaintLevel.GENERAL: 0, ComplaintLevel.ESCALATED: 1, ComplaintLevel.MAJOR: 2}


def reroute(session: Any, complaint: Complaint, by: User, now: dt.datetime, *, area: ComplaintArea | None,
            note: str) -> None:
    """Hand a complaint to the manager of another area, with the reason."""
    people.check(session, "reroute", complaint, by)
    if area is None or area == complaint.area:
        raise RuleError(_l("Choose another area than the present one."), "area")
    route_to(session, complaint, area, by, now, needed(note, "note", _l("Say why it belongs there.")))


def route_to(session: Any, complaint: Complaint, area: ComplaintArea, by: User, now: dt.datetime, why: Any) -> None:
    """Change the area and put its manager in charge; a major complaint stays with the general manager."""
    before = ComplaintArea(complaint.area)
    complaint.area = area
    write(session, complaint, StepKind.REROUTE, by, now, f"{before.label} → {area.label}: {why}")
    hand_over(session, complaint, people.in_charge(session, complaint), now)


def escalate(session: Any, complaint: Complaint, by: User, now: dt.datetime, *, level: ComplaintLevel | None,
             note: str) -> None:
    """Raise the level. It never falls again; a major complaint goes to the general manager at once."""
    people.check(session, "escalate", complaint, by)
    if level is None or RANK[level] <= RANK[ComplaintLevel(complaint.level)]:
        raise RuleError(_l("Choose a higher level than the present one."), "level")
    said = needed(note, "note", _l("Say why it is more serious."))
    complaint.level = level
    write(session, complaint, StepKind.ESCALATE, by, now, f"{level.label}: {said}")
    if level == ComplaintLevel.MAJOR:
        to_the_top(session, complaint, now)


def to_the_top(session: Any, complaint: Complaint, now: dt.datetime) -> None:
    """A major complaint belongs to the general manager from this moment."""
    hand_over(session, complaint, people.in_charge(session, complaint), now)
    complaint.escalated_to = GENERAL_MANAGER_TOLD


def approve_user_cause(session: Any, complaint: Complaint, by: User, now: dt.datetime, *, note: str = "") -> None:
    """A manager agrees that the cause lies with the user; not the one who found it."""
    people.check(session, "approve_user_cause", complaint, by)
    complaint.user_cause_approved_by_id = by.id
    write(session, complaint, StepKind.APPROVE, by, now, _joined(_l("Cause \"user\""), note))


def approve_compensation(session: Any, complaint: Complaint, by: User, now: dt.datetime, *, note: str = "") -> None:
    """A manager agrees to the compensation; not the one who proposed it."""
    people.check(session, "approve_compensation", complaint, by)
    complaint.compensation_approved_by_id = by.id
    write(session, complaint, StepKind.APPROVE, by, now,
          _joined(_l("Compensation ¥%(amount)s", amount=f"{complaint.compensation:,.2f}"), note))


def summarise(session: Any, complaint: Complaint, by: User, now: dt.datetime, *, lesson: str) -> None:
    """7 Summarise 总结经验: what is learnt from a closed complaint."""
    people.check(session, "summarise", complaint, by)
    complaint.lesson = needed(lesson, "lesson", _l("Write down what is learnt."))
    write(session, complaint, StepKind.SUMMARISE, by, now, complaint.lesson)


def _joined(head: Any, note: str) -> str:
    return f"{head}: {note.strip()}" if note.strip() else str(head)
