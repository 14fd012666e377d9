"""Who is in charge of a complaint, who has handled it, and who may take which step (DOMAIN §3.2)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app import prepared
from admin_app.access import actor_of, ungated
from admin_app.choices import ComplaintArea, ComplaintLevel, ComplaintState, Department, StepKind
from admin_app.errors import Refused, RuleError
from admin_app.models import Complaint, ComplaintStep, Customer, Role, Store, Team, User
from admin_app.rules.complaints.stations import OPEN

S = ComplaintState

GENERAL_MANAGER, CARE_MANAGER, SPECIALIST = "general_manager", "care_manager", "care_specialist"
MANAGER_OF = {ComplaintArea.SALES: "sales_manager", ComplaintArea.SERVICE: "service_manager",
              ComplaintArea.OTHER: CARE_MANAGER}
AREA_OF = {Department.SALES: ComplaintArea.SALES, Department.SERVICE: ComplaintArea.SERVICE,
           Department.CARE: ComplaintArea.OTHER}
MANAGERS = {GENERAL_MANAGER, CARE_MANAGER, "sales_manager", "service_manager"}
EVERYBODY = MANAGERS | {SPECIALIST}

# Where a complaint must stand for a step to be taken.
STATIONS: dict[str, tuple[ComplaintState, ...]] = {
    "acknowledge": (S.RECEIVED,),
    "understand": (S.ACKNOWLEDGED,),
    "analyse": (S.UNDERSTOOD, S.ANALYSED),
    "approve_user_cause": (S.ANALYSED,),
    "propose": (S.ANALYSED, S.PROPOSED),
    "approve_compensation": (S.PROPOSED,),
    "finish": (S.PROPOSED,),
    "recall": (S.FINISHED,),
    "recall_failed": (S.FINISHED,),
    "confirm_unreachable": (S.FINISHED,),
    "summarise": (S.CLOSED,),
    "reroute": (S.RECEIVED, S.ACKNOWLEDGED, S.UNDERSTOOD, S.ANALYSED, S.PROPOSED),
    "escalate": (S.RECEIVED, S.ACKNOWLEDGED, S.UNDERSTOOD, S.ANALYSED, S.PROPOSED, S.FINISHED),
}
VERBS = tuple(STATIONS)

# The steps that make a person a handler. Taking a complaint in does not, nor does calling back or approving.
HANDLING = (StepKind.ACKNOWLEDGE, StepKind.UNDERSTAND, StepKind.ANALYSE, StepKind.PROPOSE, StepKind.FINISH)


def roles_of(user: User) -> tuple[str, ...]:
    """The codes of a person's one or two roles."""
    return tuple(role.code for role in (user.role, user.second_role) if role is not None)


def in_charge(session: Any, complaint: Complaint) -> int | None:
    """Who answers for a complaint: the manager of its area in its store, for a major one the general manager.

    A sales complaint goes to the manager of the customer's own team where the store has several. Without such a
    manager the care manager, then the general manager; None where the store has none of them.
    """
    first = GENERAL_MANAGER if complaint.level == ComplaintLevel.MAJOR else MANAGER_OF[ComplaintArea(complaint.area)]
    for code in dict.fromkeys((first, CARE_MANAGER, GENERAL_MANAGER)):
        found = holders(session, complaint.store_id, code)
        if found:
            led = _team_manager(session, complaint.customer_id)
            return led if led in found else found[0]
    return None


def holders(session: Any, store_id: int, code: str) -> list[int]:
    """Active people with a role in a store, and those of the group where the store has none of its own."""
    role = sa.select(Role.id).where(Role.code == code)
    people = sa.select(User.id).where(
        sa.or_(User.role_id.in_(role), User.second_role_id.in_(role)), User.active, User.deleted_at.is_(None))
    with session.no_autoflush:
        own = list(session.scalars(ungated(people.where(User.store_id == store_id).order_by(User.id))))
        return own or list(session.scalars(ungated(people.where(User.group_wide).order_by(User.id))))


def _team_manager(session: Any, customer_id: int) -> int | None:
    """Who leads the team of the customer's owner; None for a customer of the pool."""
    question = (sa.select(Team.manager_id).join(User, User.team_id == Team.id)
                .join(Customer, Customer.owner_id == User.id).where(Customer.id == customer_id))
    with session.no_autoflush:
        return session.scalars(ungated(question)).first()


def handlers(session: Any, complaint: Complaint) -> set[int]:
    """Everybody who has had a hand in it, in any round: who took a step of the handling, who is in charge now,
    and the person the complaint is about."""
    steps = session.scalars(ungated(sa.select(ComplaintStep.by_id).where(
        ComplaintStep.complaint_id == complaint.id, ComplaintStep.kind.in_(HANDLING),
        ComplaintStep.by_id.is_not(None))))
    return {*steps, *(one for one in (complaint.owner_id, complaint.responsible_id) if one is not None)}


def handlers_of(session: Any, complaints: Collection[Any]) -> dict[int, set[int]]:
    """handlers() of many open complaints with one statement, by the complaint's key; for the board."""
    found = {one.id: {who for who in (one.owner_id, one.responsible_id) if who is not None} for one in complaints}
    actor = actor_of(session)
    if not found or actor is None:
        return found
    for complaint_id, by_id in prepared.ungated_rows(session, actor, "handlers of the open", _handled):
        if complaint_id in found:
            found[complaint_id].add(by_id)
    return found


def _handled() -> Any:
    still_open = sa.select(Complaint.id).where(OPEN)
    return sa.select(ComplaintStep.complaint_id, ComplaintStep.by_id).where(
        ComplaintStep.complaint_id.in_(still_open), ComplaintStep.kind.in_(HANDLING), ComplaintStep.by_id.is_not(None))


def last_by(session: Any, complaint: Complaint, kind: StepKind) -> int | None:
    """Who took a kind of step last; None where nobody did."""
    return session.scalars(ungated(sa.select(ComplaintStep.by_id).where(
        ComplaintStep.complaint_id == complaint.id, ComplaintStep.kind == kind)
        .order_by(ComplaintStep.id.desc()).limit(1))).first()


def names(session: Any, user_ids: Collection[int | None]) -> dict[int, str]:
    """The names of people by key, those of the group's other stores too: a log does not hide who acted."""
    wanted = {one for one in user_ids if one is not None}
    statement = ungated(sa.select(User.id, User.name).where(User.id.in_(wanted)))
    return dict(session.execute(statement).all()) if wanted else {}


# ---------------------------------------------------------------- who may


def allowed(complaint: Any, user: Any, roles: Collection[str], handled_by: set[int] | None = None,
            verbs: Collection[str] = VERBS, session: Any = None) -> list[tuple[str, bool, Any]]:
    """(step, whether this person may take it now, why not) for every step; the reason is None where allowed.
    session: where the complaint is a plain row."""
    session = session if session is not None else sa.inspect(complaint).session
    hands = handlers(session, complaint) if handled_by is None else handled_by
    found = []
    for verb in verbs:
        refusal = refused(session, verb, complaint, user, roles, hands)
        found.append((verb, refusal is None, refusal.message if refusal else None))
    return found


def check(session: Any, verb: str, complaint: Complaint, user: User) -> None:
    """Raises Refused or RuleError with the reason where the person may not take the step now."""
    refusal = refused(session, verb, complaint, user, roles_of(user), handlers(session, complaint))
    if refusal is not None:
        raise refusal


def refused(session: Any, verb: str, complaint: Complaint, user: User, roles: Collection[str],
            hands: set[int]) -> RuleError | None:
    """Why a step is refused: the role, the station of the complaint, then what the step itself asks for."""
    reason = _role_refused(verb, complaint, user, set(roles))
    if reason is not None:
        return Refused(reason)
    if complaint.state not in STATIONS[verb]:
        return RuleError(_l("This step does not fit: the complaint stands at \"%(state)s\".",
                            state=ComplaintState(complaint.state).label))
    return WANTS[verb](session, complaint, user, set(roles), hands) if verb in WANTS else None


def _role_refused(verb: str, complaint: Complaint, user: User, roles: set[str]) -> Any:
    """The reason why a role does not take this step, or None where it does."""
    if not roles & EVERYBODY:
        return _l("Complaints are handled by the managers and the care department.")
    if verb in ("recall", "recall_failed", "acknowledge", "understand", "escalate"):
        if verb in ("acknowledge", "understand") and not roles & {SPECIALIST} and not _answers(complaint, user, roles):
            return _l("This complaint is handled by the manager of its area.")
        return None
    if verb in ("approve_user_cause", "approve_compensation", "confirm_unreachable"):
        return None if roles & MANAGERS else _l("Only a manager decides this.")
    if verb == "propose" and complaint.level == ComplaintLevel.MAJOR and GENERAL_MANAGER not in roles:
        return _l("A major complaint is decided by the general manager.")
    return None if _answers(complaint, user, roles) else _l("This complaint is handled by the manager of its area.")


def _answers(complaint: Complaint, user: User, roles: set[str]) -> bool:
    """Whether a person handles this complaint: in charge of it, manager of its area, care or general manager."""
    return bool(user.id == complaint.owner_id or roles & {GENERAL_MANAGER, CARE_MANAGER,
                                                          MANAGER_OF[ComplaintArea(complaint.area)]})


def _not_a_handler(session: Any, complaint: Complaint, user: User, roles: set[str],
                   hands: set[int]) -> RuleError | None:
    if user.id in hands:
        return Refused(_l("You have handled this complaint, so somebody else makes the re-callback."))
    return None


def _tries_made(session: Any, complaint: Complaint, user: User, roles: set[str], hands: set[int]) -> RuleError | None:
    store = session.get(Store, complaint.store_id)
    wanted = max(1, store.recall_tries)
    if complaint.recall_attempts < wanted:
        return RuleError(_l("The customer must have been called without success %(wanted)d times; so far %(made)d.",
                            wanted=wanted, made=complaint.recall_attempts))
    return None


def _cause_waits(session: Any, complaint: Complaint, user: User, roles: set[str], hands: set[int]) -> RuleError | None:
    if complaint.cause != "user" or complaint.user_cause_approved_by_id is not None:
        return RuleError(_l("There is no cause \"user\" that waits for approval."))
    return _second_person(session, complaint, user, roles, StepKind.ANALYSE)


def _compensation_waits(session: Any, complaint: Complaint, user: User, roles: set[str],
                        hands: set[int]) -> RuleError | None:
    if not complaint.compensation or complaint.compensation_approved_by_id is not None:
        return RuleError(_l("There is no compensation that waits for approval."))
    return _second_person(session, complaint, user, roles, StepKind.PROPOSE)


def _second_person(session: Any, complaint: Complaint, user: User, roles: set[str], kind: StepKind) -> Refused | None:
    """Nobody approves what he put forward himself, save the general manager, above whom there is nobody."""
    if GENERAL_MANAGER not in roles and last_by(session, complaint, kind) == user.id:
        return Refused(_l("You put this forward yourself; another manager approves it."))
    return None


def _cause_settled(session: Any, complaint: Complaint, user: User, roles: set[str],
                   hands: set[int]) -> RuleError | None:
    if complaint.cause == "user" and complaint.user_cause_approved_by_id is None:
        return RuleError(_l("The cause \"user\" waits for a manager's approval."))
    return None


def _compensation_settled(session: Any, complaint: Complaint, user: User, roles: set[str],
                          hands: set[int]) -> RuleError | None:
    if complaint.compensation and complaint.compensation_approved_by_id is None:
        return RuleError(_l("The compensation waits for a manager's approval."))
    return None


WANTS = {
    "recall": _not_a_handler, "recall_failed": _not_a_handler, "confirm_unreachable": _tries_made,
    "approve_user_cause": _cause_waits, "approve_compensation": _compensation_waits,
    "propose": _cause_settled, "finish": _compensation_settled,
}
