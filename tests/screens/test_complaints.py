"""The complaint board, the page of one complaint, its steps over HTTP, and the generated form beside them."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from admin_app.choices import Cause, CauseType, ComplaintArea, ComplaintLevel, ComplaintState, Department
from admin_app.clock import local, utcnow
from admin_app.database import db
from admin_app.models import Complaint, ComplaintStep, Customer
from admin_app.rules import complaints
from tests.cast import Cast
from tests.conftest import row, token
from tests.factories import make_customer

S = ComplaintState
BOARD, STEP = "/admin/complaint/board/", "/admin/complaint/step/"
SignIn = Callable[[Any], FlaskClient]
WRITERS = ("general_manager", "service_manager", "care_manager", "care_specialist")
READERS = ("sales_manager", "sales_consultant", "auditor")


def take_in(cast: Cast, *, owner: Any = None, **values: Any) -> Complaint:
    """A service complaint that has just come in, of a customer of the sales team."""
    customer = make_customer(db.session, owner=owner or cast.sales_consultant)
    given = {"text": "保养等了三个小时", "area": ComplaintArea.SERVICE} | values
    complaint = Complaint(customer_id=customer.id, **given)
    complaints.receive(db.session, complaint, cast.care_specialist, utcnow())
    db.session.commit()
    return complaint


def at(complaint_id: int) -> str:
    return f"/admin/complaint/details/?id={complaint_id}"


def send(client: FlaskClient, complaint: Complaint | int, verb: str, **values: Any) -> Any:
    """Post a step as the page would."""
    key = complaint if isinstance(complaint, int) else complaint.id
    return client.post(STEP, data={"id": key, "verb": verb, "csrf_token": token(client, BOARD)} | values)


def tomorrow() -> str:
    return local(utcnow() + dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")


ANSWERS: dict[str, dict[str, str]] = {
    "understand": {"note": "客户确实等了三小时"},
    "analyse": {"cause": "product", "cause_type": "product:defect", "department": "service", "root": "配件批次"},
    "propose": {"solution": "更换配件"}, "finish": {"note": "已更换"},
    "recall": {"satisfied": "1", "note": "满意"}, "recall_failed": {}, "confirm_unreachable": {},
    "summarise": {"lesson": "备足配件"}, "approve_user_cause": {}, "approve_compensation": {},
    "reroute": {"area": "other", "note": "关爱处理"}, "escalate": {"level": "escalated", "note": "情绪激动"},
}


def answers(verb: str) -> dict[str, str]:
    return {"estimate_at": tomorrow()} if verb == "acknowledge" else ANSWERS[verb]


def bring_to(cast: Cast, state: ComplaintState, **values: Any) -> Complaint:
    """A complaint that the service manager has brought to a station, by the rules."""
    complaint, by, now = take_in(cast, **values), cast.service_manager, utcnow()
    steps: tuple[tuple[ComplaintState, Callable[[], None]], ...] = (
        (S.ACKNOWLEDGED, lambda: complaints.acknowledge(
            db.session, complaint, by, now, estimate_at=now + dt.timedelta(days=1))),
        (S.UNDERSTOOD, lambda: complaints.understand(db.session, complaint, by, now, note="了解")),
        (S.ANALYSED, lambda: complaints.analyse(
            db.session, complaint, by, now, cause=Cause.PRODUCT,
            cause_type=CauseType.DEFECT, root="配件", department=Department.SERVICE)),
        (S.PROPOSED, lambda: complaints.propose(db.session, complaint, by, now, solution="更换")),
        (S.FINISHED, lambda: complaints.finish(db.session, complaint, by, now, note="完成")))
    for _reached, take in steps:
        if complaint.state == state:
            break
        take()
    db.session.commit()
    return complaint


# ---------------------------------------------------------------- the board


@pytest.mark.parametrize("role", WRITERS + READERS)
def test_the_board_shows_what_a_role_may_see(cast: Cast, sign_in: SignIn, role: str) -> None:
    complaint = take_in(cast)
    page = sign_in(getattr(cast, role)).get(BOARD)
    assert page.status_code == 200
    assert f'href="{at(complaint.id).replace("&", "&amp;")}"' in page.text


@pytest.mark.parametrize("role", ["marketing", "administrator"])
def test_roles_without_complaints_get_no_board(cast: Cast, sign_in: SignIn, role: str) -> None:
    complaint = take_in(cast)
    client = sign_in(getattr(cast, role))
    assert client.get(BOARD).status_code == 403
    assert client.get(at(complaint.id)).status_code == 403


@pytest.mark.parametrize("role", ["other_team", "outsider"])
def test_another_persons_complaint_is_not_there(cast: Cast, sign_in: SignIn, role: str) -> None:
    complaint = take_in(cast)
    client = sign_in(getattr(cast, role))
    assert complaint.text not in client.get(BOARD).text
    assert client.get(at(complaint.id)).status_code == 404
    assert send(client, complaint, "acknowledge", estimate_at=tomorrow()).status_code == 404
    assert row(Complaint, complaint.id).state == S.RECEIVED


def test_an_empty_board_says_so(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.care_specialist).get(BOARD).text
    assert 'class="empty"' in page
    assert 'class="board"' not in page


def chip(page: str, name: str) -> int:
    found = re.search(rf'href="\?show={name}"[^>]*>[^<]*<span[^>]*>(\d+)', page)
    assert found, name
    return int(found.group(1))


def test_every_chip_leads_to_as_many_tickets_as_it_says(cast: Cast, sign_in: SignIn) -> None:
    take_in(cast, area=ComplaintArea.SALES, level=ComplaintLevel.MAJOR)
    take_in(cast, received_at=utcnow() - dt.timedelta(days=9))
    bring_to(cast, S.FINISHED)
    client = sign_in(cast.general_manager)
    page = client.get(BOARD).text
    for name, expected in (("all", 3), ("mine", 1), ("late", 1), ("major", 1), ("sales", 1), ("service", 2)):
        assert chip(page, name) == expected
        assert client.get(f"{BOARD}?show={name}").text.count('<article class="ticket') == expected
    assert client.get(f"{BOARD}?show=everything").status_code == 404


def test_figures_of_the_month_open_as_many_rows(cast: Cast, sign_in: SignIn) -> None:
    for satisfied in (True, False):
        complaint = bring_to(cast, S.FINISHED)
        complaints.recall(db.session, complaint, cast.care_specialist, utcnow(), satisfied=satisfied, note="答复")
    client = sign_in(cast.care_manager)
    page = client.get(BOARD).text
    links = re.findall(r'class="open-n[^"]*" href="([^"]+)"', page)
    counts = [client.get(link.replace("&amp;", "&"), headers={"Accept": "application/json"}).json["count"]
              for link in links]
    assert counts == ["1", "2"]
    assert "50%" in page


def test_a_ticket_offers_only_what_the_person_may_do(cast: Cast, sign_in: SignIn) -> None:
    take_in(cast)
    assert "step=acknowledge" in sign_in(cast.care_specialist).get(BOARD).text
    assert "step=" not in sign_in(cast.sales_consultant).get(BOARD).text


def test_customer_text_is_shown_as_typed(cast: Cast, sign_in: SignIn) -> None:
    complaint = take_in(cast, text="<script>alert(1)</script>")
    client = sign_in(cast.care_specialist)
    for path in (BOARD, at(complaint.id)):
        page = client.get(path).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


# ---------------------------------------------------------------- one complaint


@pytest.mark.parametrize("role", WRITERS)
def test_the_page_offers_the_next_step_to_who_may_take_it(cast: Cast, sign_in: SignIn, role: str) -> None:
    complaint = take_in(cast)
    page = sign_in(getattr(cast, role)).get(at(complaint.id)).text
    assert 'name="verb" value="acknowledge"' in page
    assert 'name="estimate_at"' in page


@pytest.mark.parametrize("role", READERS)
def test_the_page_gives_readers_a_reason_and_no_form(cast: Cast, sign_in: SignIn, role: str) -> None:
    complaint = take_in(cast)
    page = sign_in(getattr(cast, role)).get(at(complaint.id)).text
    assert 'value="acknowledge"' not in page
    assert 'class="refusal"' in page


def test_a_handler_reads_why_somebody_else_calls_back(cast: Cast, sign_in: SignIn) -> None:
    complaint = bring_to(cast, S.FINISHED)
    assert 'value="recall"' not in sign_in(cast.service_manager).get(at(complaint.id)).text
    assert 'value="recall"' in sign_in(cast.care_specialist).get(at(complaint.id)).text


@pytest.mark.parametrize("key", ["", "0", "99999", "x", "1 or 1=1", "9" * 30])
def test_no_such_complaint(cast: Cast, sign_in: SignIn, key: str) -> None:
    client = sign_in(cast.care_specialist)
    assert client.get("/admin/complaint/details/", query_string={"id": key}).status_code == 404


def test_opening_a_complaint_is_logged(cast: Cast, sign_in: SignIn) -> None:
    from admin_app.models import AccessLog

    complaint = take_in(cast)
    sign_in(cast.care_specialist).get(at(complaint.id))
    found = db.session.scalars(sa.select(AccessLog).where(AccessLog.table == "complaint")).all()
    assert [(one.row_id, one.verb, one.user_id) for one in found] == [(complaint.id, "view", cast.care_specialist.id)]


def test_the_log_names_people_of_the_groups_other_stores(cast: Cast, sign_in: SignIn) -> None:
    customer = make_customer(db.session, owner=cast.outsider)
    complaint = Complaint(customer_id=customer.id, text="异响", area=ComplaintArea.SERVICE)
    complaints.receive(db.session, complaint, cast.outsider, utcnow())
    complaints.acknowledge(db.session, complaint, cast.general_manager, utcnow(),
                           estimate_at=utcnow() + dt.timedelta(days=1))
    client = sign_in(cast.outsider)
    for path in (BOARD, at(complaint.id)):
        assert cast.general_manager.name in client.get(path).text


@pytest.mark.parametrize("state", list(S))
def test_every_station_has_its_page(cast: Cast, sign_in: SignIn, state: ComplaintState) -> None:
    complaint = bring_to(cast, state if state != S.CLOSED else S.FINISHED)
    if state == S.CLOSED:
        complaints.recall(db.session, complaint, cast.care_specialist, utcnow(), satisfied=True, note="好")
    page = sign_in(cast.care_manager).get(at(complaint.id))
    assert page.status_code == 200
    assert complaint.number in page.text


# ---------------------------------------------------------------- steps


def test_the_whole_way_over_the_pages(cast: Cast, sign_in: SignIn) -> None:
    complaint = take_in(cast)
    manager, caller = sign_in(cast.service_manager), sign_in(cast.care_specialist)
    for verb, state in (("acknowledge", S.ACKNOWLEDGED), ("understand", S.UNDERSTOOD), ("analyse", S.ANALYSED),
                        ("propose", S.PROPOSED), ("finish", S.FINISHED)):
        answer = send(manager, complaint, verb, **answers(verb))
        assert (answer.status_code, answer.location) == (302, at(complaint.id)), answer.text
        assert row(Complaint, complaint.id).state == state
    assert send(caller, complaint, "recall", **answers("recall")).status_code == 302
    assert row(Complaint, complaint.id).state == S.CLOSED
    assert send(manager, complaint, "summarise", **answers("summarise")).status_code == 302
    assert row(Complaint, complaint.id).lesson == "备足配件"


@pytest.mark.parametrize("role", ["sales_consultant", "sales_manager", "auditor"])
def test_a_reader_is_refused_and_nothing_changes(cast: Cast, sign_in: SignIn, role: str) -> None:
    complaint = take_in(cast)
    answer = send(sign_in(getattr(cast, role)), complaint, "acknowledge", estimate_at=tomorrow())
    assert answer.status_code == 403
    stored = row(Complaint, complaint.id)
    assert (stored.state, stored.acknowledged_at) == (S.RECEIVED, None)


def test_a_handler_cannot_post_the_recall(cast: Cast, sign_in: SignIn) -> None:
    complaint = bring_to(cast, S.FINISHED)
    for verb in ("recall", "recall_failed"):
        assert send(sign_in(cast.service_manager), complaint, verb, **answers(verb)).status_code == 403
    stored = row(Complaint, complaint.id)
    assert (stored.state, stored.recall_attempts) == (S.FINISHED, 0)


def test_what_is_missing_is_said_at_its_field_and_the_rest_is_kept(cast: Cast, sign_in: SignIn) -> None:
    complaint = bring_to(cast, S.UNDERSTOOD)
    answer = send(sign_in(cast.service_manager), complaint, "analyse", cause="user", cause_type="user:misuse",
                  department="service", root="客户改装了电路")
    assert answer.status_code == 400
    assert 'id="analyse-evidence-e" role="alert"' in answer.text
    assert "客户改装了电路" in answer.text
    assert 'value="user:misuse" selected' in answer.text
    assert row(Complaint, complaint.id).state == S.UNDERSTOOD


@pytest.mark.parametrize(("verb", "values", "field"), [
    ("acknowledge", {"estimate_at": "soon"}, "estimate_at"), ("acknowledge", {}, "estimate_at")])
def test_times_that_are_none(cast: Cast, sign_in: SignIn, verb: str, values: dict[str, str], field: str) -> None:
    complaint = take_in(cast)
    answer = send(sign_in(cast.care_specialist), complaint, verb, **values)
    assert answer.status_code == 400
    assert f'id="{verb}-{field}-e"' in answer.text


@pytest.mark.parametrize("amount", ["-5", "many", "1e30"])
def test_amounts_that_are_none(cast: Cast, sign_in: SignIn, amount: str) -> None:
    complaint = bring_to(cast, S.ANALYSED)
    answer = send(sign_in(cast.service_manager), complaint, "propose", solution="补偿", compensation=amount)
    assert answer.status_code == 400
    assert 'id="propose-compensation-e"' in answer.text
    assert row(Complaint, complaint.id).compensation is None


def test_a_stale_page_keeps_what_was_typed(cast: Cast, sign_in: SignIn) -> None:
    complaint = bring_to(cast, S.ACKNOWLEDGED)
    version = complaint.version
    first, second = sign_in(cast.service_manager), sign_in(cast.care_manager)
    assert send(first, complaint, "escalate", version=version, level="escalated", note="要曝光").status_code == 302
    answer = send(second, complaint, "understand", version=version, note="客户等了三小时，很生气")
    assert answer.status_code == 409
    assert "客户等了三小时，很生气" in answer.text
    stored = row(Complaint, complaint.id)
    assert stored.state == S.ACKNOWLEDGED
    again = send(second, complaint, "understand", version=stored.version, note="客户等了三小时，很生气")
    assert again.status_code == 302


def test_a_stale_step_that_no_longer_fits_is_still_shown(cast: Cast, sign_in: SignIn) -> None:
    complaint = bring_to(cast, S.ACKNOWLEDGED)
    version = complaint.version
    assert send(sign_in(cast.service_manager), complaint, "understand", version=version, note="甲").status_code == 302
    answer = send(sign_in(cast.care_manager), complaint, "understand", version=version, note="乙写了很多")
    assert answer.status_code == 409
    assert "乙写了很多" in answer.text
    steps = db.session.scalars(sa.select(ComplaintStep.note).where(ComplaintStep.kind == "understand")).all()
    assert steps == ["甲"]


def test_a_second_press_takes_the_step_once(cast: Cast, sign_in: SignIn) -> None:
    complaint = bring_to(cast, S.FINISHED)
    client = sign_in(cast.care_specialist)
    for _press in range(2):
        answer = send(client, complaint, "recall_failed", version=complaint.version, once="one-and-the-same-key")
        assert (answer.status_code, answer.location) == (302, at(complaint.id))
    assert row(Complaint, complaint.id).recall_attempts == 1


def test_without_token_or_with_an_unknown_verb(cast: Cast, sign_in: SignIn) -> None:
    complaint = take_in(cast)
    client = sign_in(cast.care_specialist)
    assert client.post(STEP, data={"id": complaint.id, "verb": "acknowledge"}).status_code == 400
    assert send(client, complaint, "close").status_code == 400
    assert send(client, complaint, "receive").status_code == 400
    assert client.get(STEP).status_code in (404, 405)
    assert row(Complaint, complaint.id).state == S.RECEIVED


def test_a_complaint_that_leaves_sight_leads_back_to_the_board(cast: Cast, sign_in: SignIn) -> None:
    complaint = take_in(cast, owner=cast.other_team)
    answer = send(sign_in(cast.service_manager), complaint, "reroute", area="sales", note="交车问题")
    assert (answer.status_code, answer.location) == (302, BOARD)


# ---------------------------------------------------------------- the generated form


def edit(client: FlaskClient, complaint: Complaint, **values: Any) -> Any:
    path = f"/admin/complaint/edit/?id={complaint.id}"
    return client.post(path, data={"csrf_token": token(client, path)} | values)


def test_the_form_takes_a_complaint_in(cast: Cast, sign_in: SignIn) -> None:
    customer = make_customer(db.session, owner=cast.sales_consultant)
    client = sign_in(cast.sales_consultant)
    path = f"/admin/complaint/new/?customer_id={customer.id}"
    assert f'name="customer_id" value="{customer.id}"' in client.get(path).text
    answer = client.post(path, data={
        "csrf_token": token(client, path), "customer_id": customer.id, "text": "交车时后备箱有划痕", "area": "sales",
        "level": "general", "channel": "phone", "received_at": local(utcnow()).strftime("%Y-%m-%dT%H:%M")})
    assert answer.status_code == 302, answer.text
    stored = db.session.scalars(sa.select(Complaint)).one()
    assert stored.number.startswith("TS-")
    assert (stored.owner_id, stored.state) == (cast.sales_manager.id, S.RECEIVED)
    assert [one.kind for one in db.session.scalars(sa.select(ComplaintStep))] == ["receive"]


READONLY = {"state": "closed", "satisfied": "1", "closed_at": "2026-11-20T10:00", "owner_id": "1", "cause": "user",
            "compensation": "9999", "recall_attempts": "3", "user_cause_approved_by_id": "1", "finished_by_id": "1",
            "number": "TS-1", "loops": "7", "recalled_by_id": "1"}


@pytest.mark.parametrize("role", ["general_manager", "service_manager", "care_specialist"])
def test_no_direct_post_moves_the_state(cast: Cast, sign_in: SignIn, role: str) -> None:
    complaint = take_in(cast)
    before = {name: getattr(complaint, name) for name in READONLY}
    edit(sign_in(getattr(cast, role)), complaint, text="改过的内容", version=complaint.version, **READONLY)
    stored = row(Complaint, complaint.id)
    assert {name: getattr(stored, name) for name in READONLY} == before
    assert stored.text == "改过的内容"


@pytest.mark.parametrize("values", [{"level": "major"}, {"area": "sales"}, {"received_at": "2020-01-01T10:00"}])
def test_the_form_does_not_turn_the_clock_back(cast: Cast, sign_in: SignIn, values: dict[str, str]) -> None:
    complaint = take_in(cast)
    edit(sign_in(cast.care_manager), complaint, version=complaint.version, **values)
    stored = row(Complaint, complaint.id)
    assert (stored.level, stored.area, stored.received_at.year > 2020) == (
        ComplaintLevel.GENERAL, ComplaintArea.SERVICE, True)


@pytest.mark.parametrize("role", READERS)
def test_readers_cannot_post_the_form(cast: Cast, sign_in: SignIn, role: str) -> None:
    complaint = take_in(cast)
    client = sign_in(getattr(cast, role))
    answer = client.post(f"/admin/complaint/edit/?id={complaint.id}",
                         data={"csrf_token": token(client, BOARD), "text": "改"})
    assert answer.status_code in (403, 404) or role == "sales_manager"
    if role != "sales_manager":
        assert row(Complaint, complaint.id).text == "保养等了三个小时"


def test_the_log_takes_no_line_by_hand(cast: Cast, sign_in: SignIn) -> None:
    complaint = bring_to(cast, S.FINISHED)
    client, number = sign_in(cast.general_manager), db.session.scalar(sa.select(sa.func.count(ComplaintStep.id)))
    data = {"csrf_token": token(client, BOARD), "complaint_id": complaint.id, "kind": "recall_satisfied"}
    step_id = db.session.scalars(sa.select(ComplaintStep.id)).first()
    for path in ("/admin/complaint_step/new/", f"/admin/complaint_step/edit/?id={step_id}"):
        assert client.post(path, data=data).status_code in (403, 404)
    assert client.post("/admin/complaint_step/delete/", data=data | {"id": step_id}).status_code in (403, 404)
    assert db.session.scalar(sa.select(sa.func.count(ComplaintStep.id))) == number


# ---------------------------------------------------------------- only the allowed edges

# What leads on stands first, so that the simplest walk is one from the intake to the re-callback.
EDGES: dict[str, dict[ComplaintState, ComplaintState]] = {
    "acknowledge": {S.RECEIVED: S.ACKNOWLEDGED}, "understand": {S.ACKNOWLEDGED: S.UNDERSTOOD},
    "finish": {S.PROPOSED: S.FINISHED}, "propose": {S.ANALYSED: S.PROPOSED, S.PROPOSED: S.PROPOSED},
    "analyse": {S.UNDERSTOOD: S.ANALYSED, S.ANALYSED: S.ANALYSED}, "recall": {S.FINISHED: S.CLOSED},
    "recall_not_satisfied": {S.FINISHED: S.UNDERSTOOD}, "recall_failed": {S.FINISHED: S.FINISHED},
    "confirm_unreachable": {S.FINISHED: S.CLOSED}, "summarise": {S.CLOSED: S.CLOSED}, "reroute": {}, "escalate": {},
}
PEOPLE = ("care_manager", "care_specialist", "service_manager", "general_manager", "care_colleague", "sales_manager",
          "sales_consultant", "auditor")


class Procedure(RuleBasedStateMachine):
    """Whoever posts whatever: the state moves along the edges only, and a handler never closes a complaint."""

    clients: dict[str, FlaskClient]
    tokens: dict[str, str]
    ids: dict[str, int]
    begin: Callable[[], int]
    until: float
    reached: set[ComplaintState]

    def __init__(self) -> None:
        super().__init__()
        self.turn = 0
        self._anew()

    def _anew(self) -> None:
        self.key = self.begin()
        self.state, self.tries, self.hands = S.RECEIVED, 0, {self.ids["service_manager"]}

    @rule(shift=st.integers(0, len(PEOPLE) - 1), pick=st.integers(0, 100), anything=st.booleans())
    def post(self, shift: int, pick: int, anything: bool) -> None:
        """Any step, or (so that the far stations are reached too) one that fits; people take turns."""
        if time.monotonic() > self.until:
            return
        self.turn += 1
        who = PEOPLE[(self.turn + shift) % len(PEOPLE)]
        if self.state == S.CLOSED and not anything:
            self._anew()
        verbs = [verb for verb in EDGES if anything or self.state in EDGES[verb]]
        self._post(who, verbs[pick % len(verbs)])

    def _post(self, who: str, verb: str) -> None:
        values = answers(verb) if verb != "recall_not_satisfied" else {"satisfied": "0", "note": "不满意"}
        real = "recall" if verb.startswith("recall_not") else verb
        data = {"id": self.key, "verb": real, "csrf_token": self.tokens[who]} | values
        taken = self.clients[who].post(STEP, data=data).status_code == 302
        stored = row(Complaint, self.key)
        self._check(who, verb, taken, stored)
        self.state = ComplaintState(stored.state)
        self.reached.add(self.state)

    def _check(self, who: str, verb: str, taken: bool, stored: Complaint) -> None:
        if not taken:
            assert stored.state == self.state
            return
        assert who not in ("sales_consultant", "auditor")
        assert stored.state == EDGES[verb].get(self.state, self.state)
        if verb not in ("reroute", "escalate"):
            assert self.state in EDGES[verb]
        if verb in ("acknowledge", "understand", "analyse", "propose", "finish"):
            self.hands.add(self.ids[who])
        if verb.startswith("recall"):
            assert self.ids[who] not in self.hands | {stored.owner_id}
        if verb == "confirm_unreachable":
            assert (self.tries, who in ("care_specialist", "care_colleague")) >= (3, False)
            assert who not in ("care_specialist", "care_colleague")
        self.tries = self.tries + 1 if verb == "recall_failed" else 0 if verb == "recall_not_satisfied" else self.tries
        if stored.state == S.CLOSED and verb in ("recall", "confirm_unreachable"):
            assert stored.closed_at is not None


def test_only_the_allowed_edges_over_http(cast: Cast, sign_in: SignIn) -> None:
    people = {name: getattr(cast, name) for name in PEOPLE}
    customer_id = make_customer(db.session, owner=cast.sales_consultant).id
    receiver = cast.care_specialist.id
    Procedure.clients = {name: sign_in(person) for name, person in people.items()}
    Procedure.tokens = {name: token(client, BOARD) for name, client in Procedure.clients.items()}
    Procedure.ids = {name: getattr(cast, name).id for name in PEOPLE}

    def begin() -> int:
        customer = db.session.get(Customer, customer_id)
        complaint = Complaint(customer_id=customer.id, text="异响", area=ComplaintArea.SERVICE)
        complaints.receive(db.session, complaint, db.session.get(type(cast.care_specialist), receiver), utcnow())
        db.session.commit()
        return complaint.id

    Procedure.begin = staticmethod(begin)
    Procedure.until, Procedure.reached = time.monotonic() + 11, set()
    run_state_machine_as_test(Procedure, settings=settings(
        max_examples=30, stateful_step_count=25, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck)))
    assert S.CLOSED in Procedure.reached
