"""The steps of the handling (DOMAIN §3.2, 1 to 5): acknowledge, understand, analyse, propose, carry out.

Each checks who may and whether the complaint stands at the right station (people.py), changes it and adds a line
to the log. All raise Refused where the person may not and RuleError at the field where something is missing.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from flask_babel import lazy_gettext as _l

from admin_app.choices import Cause, CauseType, ComplaintLevel, ComplaintState, Department, StepKind
from admin_app.errors import RuleError
from admin_app.models import Complaint, Store, User
from admin_app.rules.complaints import people
from admin_app.rules.complaints.clocks import recall_due_on
from admin_app.rules.complaints.log import needed, next_station, write
from admin_app.rules.complaints.steering import route_to

# The cause types that belong under a cause; "other" fits everywhere.
TYPES_OF: dict[Cause, tuple[CauseType, ...]] = {
    Cause.SERVICE: (CauseType.QUALITY, CauseType.ATTITUDE, CauseType.MANAGEMENT, CauseType.OTHER),
    Cause.USER: (CauseType.MISUSE, CauseType.EXPECTATION, CauseType.OTHER),
    Cause.PRODUCT: (CauseType.DEFECT, CauseType.PARTS, CauseType.OTHER),
    Cause.EXTERNAL: (CauseType.OTHER,),
}


def acknowledge(session: Any, complaint: Complaint, by: User, now: dt.datetime, *, estimate_at: dt.datetime | None,
                note: str = "") -> None:
    """1 Acknowledge 及时响应: the customer is told the procedure and when a solution can be expected."""
    people.check(session, "acknowledge", complaint, by)
    if estimate_at is None:
        raise RuleError(_l("Tell the customer when a solution can be expected."), "estimate_at")
    if estimate_at <= now:
        raise RuleError(_l("The expected solution lies in the future."), "estimate_at")
    complaint.estimate_at, complaint.acknowledged_at = estimate_at, now
    _move(complaint, ComplaintState.ACKNOWLEDGED)
    write(session, complaint, StepKind.ACKNOWLEDGE, by, now, note)


def understand(session: Any, complaint: Complaint, by: User, now: dt.datetime, *, note: str,
               evidence: str = "") -> None:
    """2 Contact and understand 了解情况: what has happened, in the customer's words and ours; evidence is added."""
    people.check(session, "understand", complaint, by)
    said = needed(note, "note", _l("Write down what has happened."))
    add_evidence(complaint, evidence)
    complaint.understood_at = now
    _move(complaint, ComplaintState.UNDERSTOOD)
    write(session, complaint, StepKind.UNDERSTAND, by, now, said)


def analyse(session: Any, complaint: Complaint, by: User, now: dt.datetime, *, cause: Cause | None,
            cause_type: CauseType | None, root: str, department: Department | None,
            responsible: User | None = None, evidence: str = "") -> None:
    """3 Analyse 分析原因: cause, type and root; the department and the person it concerns are named.

    Cause "user" needs evidence, and a manager's approval before anything is proposed. A cause that lies in another
    department hands the complaint to that department's manager.
    """
    people.check(session, "analyse", complaint, by)
    _check_cause(complaint, cause, cause_type, department, responsible, evidence)
    said = needed(root, "root", _l("Name the root of it."))
    add_evidence(complaint, evidence)
    complaint.cause, complaint.cause_type, complaint.root = cause, cause_type, said
    complaint.responsible_department = department
    complaint.responsible_id = responsible.id if responsible else None
    complaint.user_cause_approved_by_id = None
    complaint.analysed_at = now
    complaint.state = ComplaintState.ANALYSED
    write(session, complaint, StepKind.ANALYSE, by, now, said)
    area = people.AREA_OF.get(department) if department else None
    if area is not None and area != complaint.area and complaint.level != ComplaintLevel.MAJOR:
        route_to(session, complaint, area, by, now, _l("The cause lies there."))


def _check_cause(complaint: Complaint, cause: Cause | None, cause_type: CauseType | None,
                 department: Department | None, responsible: User | None, evidence: str) -> None:
    if cause is None:
        raise RuleError(_l("Choose the cause."), "cause")
    if cause_type is None or cause_type not in TYPES_OF[cause]:
        raise RuleError(_l("Choose a type that belongs to this cause."), "cause_type")
    if department is None:
        raise RuleError(_l("Name the department it concerns."), "department")
    if cause == Cause.SERVICE and responsible is None:
        raise RuleError(_l("Name the person it concerns."), "responsible_id")
    if responsible is not None and responsible.store_id != complaint.store_id and not responsible.group_wide:
        raise RuleError(_l("This person works in another store."), "responsible_id")
    if cause == Cause.USER and not (complaint.evidence or evidence.strip()):
        raise RuleError(_l("The cause \"user\" needs evidence."), "evidence")


def propose(session: Any, complaint: Complaint, by: User, now: dt.datetime, *, solution: str,
            compensation: Decimal | None = None) -> None:
    """4 Propose 提出方案. A compensation waits for an approver before it is carried out; None is none.

    May be taken again while nothing is carried out; the clock of carrying out runs from the first proposal.
    """
    people.check(session, "propose", complaint, by)
    said = needed(solution, "solution", _l("Describe the solution."))
    if compensation is not None and compensation < 0:
        raise RuleError(_l("A compensation is not negative."), "compensation")
    if (compensation or None) != complaint.compensation:
        complaint.compensation, complaint.compensation_approved_by_id = compensation or None, None
    complaint.solution = said
    if complaint.state == ComplaintState.ANALYSED:
        complaint.proposed_at = now
        _move(complaint, ComplaintState.PROPOSED)
    write(session, complaint, StepKind.PROPOSE, by, now,
          f"{said}\n¥{compensation:,.2f}" if compensation else said)


def finish(session: Any, complaint: Complaint, by: User, now: dt.datetime, *, note: str) -> None:
    """5 Carry out 实施: what was done. From now on the re-callback is owed; its task is made by settle()."""
    from admin_app.rules.complaints.intake import settle

    people.check(session, "finish", complaint, by)
    said = needed(note, "note", _l("Write down what was done."))
    store = session.get(Store, complaint.store_id)
    complaint.finished_at, complaint.finished_by_id = now, by.id
    complaint.recall_due_on, complaint.recall_attempts = recall_due_on(store, now), 0
    complaint.satisfied = None
    _move(complaint, ComplaintState.FINISHED)
    write(session, complaint, StepKind.FINISH, by, now, said)
    settle(session, complaint, now, created=False)


def _move(complaint: Complaint, state: ComplaintState) -> None:
    complaint.state = state
    next_station(complaint)


def add_evidence(complaint: Complaint, more: str) -> None:
    """Evidence is only ever added to, never replaced."""
    if more.strip():
        complaint.evidence = "\n".join(part for part in (complaint.evidence, more.strip()) if part)
