"""What every step does: check who may, change the complaint as that person, write the log."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import lazy_gettext as _l

from admin_app import access
from admin_app.choices import ComplaintLevel, NotificationKind, StepKind
from admin_app.errors import RuleError
from admin_app.models import Complaint, ComplaintStep, User
from admin_app.rules import notifications
from admin_app.rules.clocks import GENERAL_MANAGER_TOLD

LONGEST = 20_000  # characters of a note


def needed(text: str | None, field: str, sentence: Any) -> str:
    """The text without blanks around it. Raises RuleError at the field where nothing, or far too much, was said."""
    said = (text or "").strip()
    if not said:
        raise RuleError(sentence, field)
    if len(said) > LONGEST:
        raise RuleError(_l("This text is too long: at most %(most)s characters.", most=f"{LONGEST:,}"), field)
    return said


def write(session: Any, complaint: Complaint, kind: StepKind, by: User | None, now: dt.datetime,
          note: str | None = None) -> ComplaintStep:
    """Add a line to the log; by None is the desk itself. The complaint's own change is saved first, as the person."""
    with access.as_system(session, "complaint"):
        step = ComplaintStep(store_id=complaint.store_id, complaint_id=complaint.id, kind=kind, at=now,
                             by_id=by.id if by else None, round=complaint.loops or 0, note=(note or "").strip() or None)
        session.add(step)
        session.flush()
    return step


def next_station(complaint: Complaint) -> None:
    """The clock of the next station has been reported to nobody yet; a major complaint stays with the top."""
    complaint.escalated_to = GENERAL_MANAGER_TOLD if complaint.level == ComplaintLevel.MAJOR else 0


def hand_over(session: Any, complaint: Complaint, owner_id: int | None, now: dt.datetime) -> None:
    """Put somebody else in charge, who is told. A consequence of a rule: the person who caused it need not see it
    afterwards."""
    if owner_id is not None and owner_id != complaint.owner_id:
        with access.as_system(session, "complaint handed over"):
            complaint.owner_id = owner_id
        tell(session, complaint, owner_id, _l("Complaint for you: %(number)s", number=complaint.number), "owner", now)


def tell(session: Any, complaint: Complaint, user_id: int | None, text: Any, about: str, now: dt.datetime) -> None:
    """Tell somebody about a complaint, once in each of its rounds and stations."""
    key = f"complaint:{complaint.id}:{about}:{complaint.loops or 0}:{complaint.state}:{complaint.version}"
    notifications.notify(session, user_id, NotificationKind.COMPLAINT, text,
                         f"/admin/complaint/details/?id={complaint.id}", key, now)
