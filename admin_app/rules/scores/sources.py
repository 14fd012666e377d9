"""The computed sources of the metrics (DOMAIN 3.3): one function each, describing the rows behind its figure.

`where` are the rows that are looked at, `good` those that count. What has not come due yet is left out, so that
nobody is behind on the first of the month.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l

from admin_app.choices import (
    Channel,
    FollowUpState,
    PromiseState,
    Stage,
    StepKind,
    Trigger,
    VisitResult,
    VisitState,
)
from admin_app.models import (
    Complaint,
    ComplaintStep,
    Customer,
    FollowUp,
    FollowUpRule,
    Promise,
    Vehicle,
    Visit,
)
from admin_app.rules import workdays
from admin_app.rules.scores.measuring import Kind, Rows, Window
from admin_app.rules.scores.registry import source

COVERED_DAYS = 90  # a customer contacted within so many days is covered (default)
SATISFIED = 4  # 4 and 5 of 5 (DOMAIN 3.4)

REACHED = [result for result in VisitResult if result.reached]
CALLS = [Channel.PHONE, Channel.WECHAT]
WAITING = [FollowUpState.OPEN, FollowUpState.SNOOZED]

# ---------------------------------------------------------------- keeping contact


@source(Kind.SHARE, _l("%(good)s of %(whole)s on time"))
def followups_on_time(session: Any, window: Window) -> Rows:
    """Follow-ups due in the period, done by their due day. Skipped and void ones do not count; open ones once late."""
    due = sa.or_(FollowUp.state == FollowUpState.DONE,
                 sa.and_(FollowUp.state.in_(WAITING), FollowUp.due_on < window.today))
    on_time = sa.and_(FollowUp.state == FollowUpState.DONE, window.local_day(FollowUp.closed_at) <= FollowUp.due_on)
    return Rows(FollowUp, FollowUp.assignee_id, (window.on_days(FollowUp.due_on), due), on_time)


@source(Kind.SHARE, _l("%(good)s of %(whole)s new leads in time"))
def first_contact_on_time(session: Any, window: Window) -> Rows:
    """First contacts of new leads, made by the minute they were due."""
    new_lead = FollowUp.rule_id.in_(sa.select(FollowUpRule.id).where(FollowUpRule.trigger == Trigger.NEW_LEAD))
    due = sa.or_(FollowUp.state == FollowUpState.DONE,
                 sa.and_(FollowUp.state.in_(WAITING), FollowUp.due_at < window.now))
    in_time = sa.and_(FollowUp.state == FollowUpState.DONE, FollowUp.closed_at <= FollowUp.due_at)
    return Rows(FollowUp, FollowUp.assignee_id, (window.within(FollowUp.due_at), new_lead, due), in_time)


def _visits(window: Window, *conditions: Any) -> tuple[Any, ...]:
    return (Visit.state == VisitState.DONE, window.within(Visit.at), *conditions)


@source(Kind.COUNT, _l("contacts: %(good)s"))
def visits_logged(session: Any, window: Window) -> Rows:
    """Contacts of every channel that were logged as done."""
    return Rows(Visit, Visit.staff_id, _visits(window))


@source(Kind.SHARE, _l("%(good)s of %(whole)s calls reached the customer"))
def call_connect(session: Any, window: Window) -> Rows:
    """Calls we made that reached the customer."""
    calls = _visits(window, Visit.channel == Channel.PHONE, Visit.outbound, Visit.result.is_not(None))
    return Rows(Visit, Visit.staff_id, calls, Visit.result.in_(REACHED))


@source(Kind.COUNT, _l("customers reached: %(good)s, callbacks: %(whole)s"))
def valid_callbacks(session: Any, window: Window) -> Rows:
    """Callbacks by phone or WeChat that reached the customer."""
    calls = _visits(window, Visit.channel.in_(CALLS), Visit.outbound, Visit.result.is_not(None))
    return Rows(Visit, Visit.staff_id, calls, Visit.result.in_(REACHED))


@source(Kind.SHARE, _l("%(good)s of %(whole)s promises kept"))
def promises_kept(session: Any, window: Window) -> Rows:
    """Promises due in the period that were kept; an open one counts against the person once it is overdue."""
    settled = sa.or_(Promise.state.in_([PromiseState.KEPT, PromiseState.BROKEN]),
                     sa.and_(Promise.state == PromiseState.OPEN, Promise.due_on < window.today))
    return Rows(Promise, Promise.by_id, (window.on_days(Promise.due_on), settled), Promise.state == PromiseState.KEPT)


def _kept(window: Window) -> tuple[Any, ...]:
    """Customers on file by the end of the last day looked at, without the lost ones."""
    return (Customer.created_at < window.reached, Customer.stage != Stage.LOST)


def _covered(person: Any, window: Window) -> Rows:
    """Customers kept, contacted within 90 days before the last day looked at."""
    contacted = sa.select(Visit.id).where(
        Visit.customer_id == Customer.id, Visit.state == VisitState.DONE,
        Visit.at >= window.days_before(COVERED_DAYS), Visit.at < window.reached).exists()
    return Rows(Customer, person, _kept(window), contacted)


@source(Kind.SHARE, _l("%(good)s of %(whole)s customers contacted within 90 days"))
def contact_coverage(session: Any, window: Window) -> Rows:
    """Customers owned, contacted by anybody within 90 days."""
    return _covered(Customer.owner_id, window)


@source(Kind.SHARE, _l("%(good)s of %(whole)s customers contacted within 90 days"))
def advised_coverage(session: Any, window: Window) -> Rows:
    """Customers looked after as service advisor, contacted by anybody within 90 days."""
    return _covered(Customer.advisor_id, window)


@source(Kind.MEAN, _l("mean over customers: %(whole)s"))
def data_completeness(session: Any, window: Window) -> Rows:
    """How complete the files of the customers owned are, as they stand now."""
    return Rows(Customer, Customer.owner_id, _kept(window), amount=Customer.completeness)


@source(Kind.MEAN, _l("mean over customers: %(whole)s"))
def advised_completeness(session: Any, window: Window) -> Rows:
    """The same for the customers looked after as service advisor."""
    return Rows(Customer, Customer.advisor_id, _kept(window), amount=Customer.completeness)


# ---------------------------------------------------------------- complaints


@source(Kind.COUNT, _l("complaints: %(good)s"))
def complaint_count(session: Any, window: Window) -> Rows:
    """Complaints of the period for which the person was found responsible. Lower is better."""
    return Rows(Complaint, Complaint.responsible_id, (window.within(Complaint.received_at),))


@source(Kind.SHARE, _l("%(good)s of %(whole)s handled in time"))
def complaint_on_time(session: Any, window: Window) -> Rows:
    """Complaints in charge of, received in the period, whose handling was finished in time.

    In time: within the limits of all steps together, so that whoever keeps every clock is never late. One still
    being handled counts once that time is up. The clocks run in store hours (DOMAIN 3.2), which only workdays
    knows; a store has few complaints a period, so they are looked at one by one.
    """
    store = window.store
    minutes = store.acknowledge_minutes + store.understand_minutes + store.propose_minutes + store.finish_minutes
    there = session.execute(sa.select(Complaint.id, Complaint.received_at, Complaint.finished_at).where(
        Complaint.store_id == store.id, window.within(Complaint.received_at),
        Complaint.imported.is_(False))).all()
    limits = {key: workdays.add_working_minutes(received, minutes, store)
              for key, received, _finished in there}
    due = [key for key, _received, finished in there if finished is not None or limits[key] < window.now]
    good = [key for key, _received, finished in there if finished is not None and finished <= limits[key]]
    return Rows(Complaint, Complaint.owner_id, (Complaint.id.in_(due),), Complaint.id.in_(good))


def _recalls(person: Any, window: Window, kinds: list[StepKind], good: Any) -> Rows:
    return Rows(ComplaintStep, person, (ComplaintStep.kind.in_(kinds), window.within(ComplaintStep.at)), good,
                joins=((Complaint, Complaint.id == ComplaintStep.complaint_id),))


@source(Kind.SHARE, _l("%(good)s of %(whole)s re-callbacks satisfied"), sampled=True)
def recall_satisfied(session: Any, window: Window) -> Rows:
    """Re-callbacks of the period about complaints in charge of, in which the customer was satisfied."""
    answers = [StepKind.RECALL_SATISFIED, StepKind.RECALL_NOT_SATISFIED]
    return _recalls(Complaint.owner_id, window, answers, ComplaintStep.kind == StepKind.RECALL_SATISFIED)


@source(Kind.SHARE, _l("%(good)s of %(whole)s re-callbacks by their day"))
def recall_on_time(session: Any, window: Window) -> Rows:
    """Re-callbacks the person made, within the calendar days after the handling that the store allows."""
    kinds = [StepKind.RECALL_SATISFIED, StepKind.RECALL_NOT_SATISFIED, StepKind.RECALL_FAILED]
    in_time = sa.or_(Complaint.recall_due_on.is_(None),
                     window.local_day(ComplaintStep.at) <= Complaint.recall_due_on)
    return _recalls(ComplaintStep.by_id, window, kinds, in_time)


# ---------------------------------------------------------------- selling


def _sold(window: Window) -> tuple[Any, ...]:
    return (window.on_days(Vehicle.bought_on), Vehicle.bought_on <= window.today, Vehicle.bought_here)


@source(Kind.COUNT, _l("cars: %(good)s"))
def deals(session: Any, window: Window) -> Rows:
    """Cars sold by the person and handed over in the period."""
    return Rows(Vehicle, Vehicle.sold_by_id, _sold(window))


@source(Kind.SUM, _l("%(good)s of %(whole)s cars have a price"))
def revenue(session: Any, window: Window) -> Rows:
    """Price of the cars sold. Cars without a price are left out and named."""
    return Rows(Vehicle, Vehicle.sold_by_id, _sold(window), Vehicle.price.is_not(None), Vehicle.price)


@source(Kind.SHARE, _l("%(good)s of %(whole)s answers satisfied"), sampled=True)
def sales_satisfaction(session: Any, window: Window) -> Rows:
    """Answers of 4 or 5 of 5 in callbacks to customers owned, whoever called."""
    return Rows(Visit, Customer.owner_id, _visits(window, Visit.satisfaction.is_not(None)),
                Visit.satisfaction >= SATISFIED, joins=((Customer, Customer.id == Visit.customer_id),))


@source(Kind.SHARE, _l("%(good)s of %(whole)s answers satisfied"), sampled=True)
def visit_satisfaction(session: Any, window: Window) -> Rows:
    """Answers of 4 or 5 of 5 in the callbacks that the person made."""
    return Rows(Visit, Visit.staff_id, _visits(window, Visit.satisfaction.is_not(None)),
                Visit.satisfaction >= SATISFIED)
