"""What a store starts with, held against SAFETY "Rights": the whole matrix, written out by hand.

Each right is written in full: R, W and D with whose rows (O own, T team, A all of the store), C create, X export,
V reveal, G give to others, M merge; 2 where export and deletion ask for a second person. "-" is nothing.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from admin_app import access, starting
from admin_app.choices import RequestVerb, Scope
from admin_app.models import (
    BY_TABLE,
    Agreement,
    AuditEntry,
    FollowUpRule,
    Grant,
    Metric,
    Role,
    SchemeLine,
    ScoreScheme,
    User,
)
from admin_app.rules import requests
from admin_app.scope import INTERNAL

CUSTOMER, FILE = ["customer"], ["contact", "visit", "promise", "gift", "photo"]
SERVICE = ["vehicle", "vehicle_owner", "repair_order"]
COMPLAINT = ["complaint", "complaint_step"]
CAMPAIGN = ["campaign", "campaign_member", "campaign_cost"]
ORGANISATION = ["team", "store", "role", "grant"]
SCHEME = ["metric", "score_scheme", "scheme_line"]
LOGS = ["audit_entry", "access_log"]

MATRIX: dict[str, list[tuple[list[str], str]]] = {
    "general_manager": [
        (CUSTOMER, "RA WA C DA X V G"), (FILE, "RA WA C DA X V"), (["customer_reader"], "RA WA C DA"),
        (["followup"], "RA WA C X G"), (SERVICE, "RA X V"), (COMPLAINT, "RA WA C X"), (CAMPAIGN, "RA"),
        (["user"], "RA V"), (ORGANISATION, "RA"), (["followup_rule"], "RA WA C"), (["score"], "RA"),
        (["score_period"], "RA"), (SCHEME, "RA WA C"), (LOGS, "RA"), (["agreement"], "RA WA C")],
    "sales_manager": [
        (CUSTOMER, "RT WT C DT X V G 2"), (FILE, "RT WT C DT X V 2"), (["customer_reader"], "RT"),
        (["followup"], "RT WT C G"), (SERVICE, "RT V"), (COMPLAINT, "RT WT C"), (CAMPAIGN, "RA"), (["user"], "-"),
        (ORGANISATION, "-"), (["followup_rule"], "RA"), (["score"], "RT"), (["score_period"], "RA"), (SCHEME, "RA"),
        (LOGS, "RT"), (["agreement"], "RA")],
    "sales_consultant": [
        (CUSTOMER, "RO WO C V"), (FILE, "RO WO C V"), (["customer_reader"], "RO"), (["followup"], "RO WO C"),
        (SERVICE, "RO V"), (COMPLAINT, "RO C"), (CAMPAIGN, "RA"), (["user"], "RO"), (ORGANISATION, "-"),
        (["followup_rule"], "-"), (["score"], "RO"), (["score_period"], "RA"), (SCHEME, "-"), (LOGS, "-"),
        (["agreement"], "RA")],
    "service_manager": [
        (CUSTOMER, "RT WT C X V 2"), (FILE, "RT WT C X V 2"), (["customer_reader"], "RT"), (["followup"], "RT WT C"),
        (SERVICE, "RT WT C DT X V 2"), (COMPLAINT, "RT WT C"), (CAMPAIGN, "RA"), (["user"], "-"),
        (ORGANISATION, "-"), (["followup_rule"], "RA"), (["score"], "RT"), (["score_period"], "RA"), (SCHEME, "RA"),
        (LOGS, "RT"), (["agreement"], "RA")],
    "service_advisor": [
        (CUSTOMER, "RO WO V"), (FILE, "RO WO C V"), (["customer_reader"], "RO"), (["followup"], "RO WO C"),
        (SERVICE, "RO WO C V"), (COMPLAINT, "RO C"), (CAMPAIGN, "RA"), (["user"], "RO"), (ORGANISATION, "-"),
        (["followup_rule"], "-"), (["score"], "RO"), (["score_period"], "RA"), (SCHEME, "-"), (LOGS, "-"),
        (["agreement"], "RA")],
    "care_manager": [
        (CUSTOMER, "RA WA C X V G M 2"), (FILE, "RA WA C X V 2"), (["customer_reader"], "RA"),
        (["followup"], "RA WA C G"), (SERVICE, "RA V"), (COMPLAINT, "RA WA C X 2"), (CAMPAIGN, "RA WA C"),
        (["user"], "-"), (ORGANISATION, "-"), (["followup_rule"], "RA WA C"), (["score"], "RA"),
        (["score_period"], "RA WA C"), (SCHEME, "RA WA C"), (LOGS, "RT"), (["agreement"], "RA")],
    "care_specialist": [
        (CUSTOMER, "RA WA C V"), (FILE, "RA WA C V"), (["customer_reader"], "RA"), (["followup"], "RA WO C"),
        (SERVICE, "RA V"), (COMPLAINT, "RA WA C"), (CAMPAIGN, "RA"), (["user"], "RO"), (ORGANISATION, "-"),
        (["followup_rule"], "-"), (["score"], "RO"), (["score_period"], "RA"), (SCHEME, "-"), (LOGS, "-"),
        (["agreement"], "RA")],
    "marketing": [
        (CUSTOMER, "RA"), (FILE, "RA"), (["customer_reader"], "-"), (["followup"], "-"), (SERVICE, "-"),
        (COMPLAINT, "-"), (CAMPAIGN, "RA WA C"), (["user"], "-"), (ORGANISATION, "-"), (["followup_rule"], "-"),
        (["score"], "RO"), (["score_period"], "RA"), (SCHEME, "-"), (LOGS, "-"), (["agreement"], "RA")],
    "auditor": [
        (CUSTOMER, "RA"), (FILE, "RA"), (["customer_reader"], "RA"), (["followup"], "RA"), (SERVICE, "RA"),
        (COMPLAINT, "RA"), (CAMPAIGN, "RA"), (["user"], "RA"), (ORGANISATION, "RA"), (["followup_rule"], "RA"),
        (["score"], "RO"), (["score_period"], "RA"), (SCHEME, "RA"), (LOGS, "RA X"), (["agreement"], "RA")],
    "administrator": [
        (CUSTOMER, "-"), (FILE, "-"), (["customer_reader"], "-"), (["followup"], "-"), (SERVICE, "-"),
        (COMPLAINT, "-"), (CAMPAIGN, "-"), (["user"], "RA WA C"), (ORGANISATION, "RA WA C"),
        (["followup_rule"], "RA"), (["score"], "RO"), (["score_period"], "RA"), (SCHEME, "-"), (LOGS, "RA"),
        (["agreement"], "RA WA C")],
}
IMPORTS, DUPLICATES = ["import_job", "import_template"], ["distinct_pair", "customer_merge"]
# Who brings ledgers in, who finds and merges duplicates, whose field sets, who asks for a second person.
SHEETS: dict[str, tuple[str, str, str, str]] = {
    "general_manager": ("RA WA C", "RA", "RA WA C DA", "RA WA C"),
    "sales_manager": ("RO WO C", "RA", "RA WO C DO", "RA WO C"),
    "sales_consultant": ("-", "-", "RA WO C DO", "-"),
    "service_manager": ("RO WO C", "-", "RA WO C DO", "RA WO C"),
    "service_advisor": ("-", "-", "RA WO C DO", "-"),
    "care_manager": ("RA WA C", "RA WA C", "RA WO C DO", "RA WO C"),
    "care_specialist": ("RO WO C", "RA", "RA WO C DO", "-"),
    "marketing": ("-", "-", "RA WO C DO", "-"),
    "auditor": ("RA", "RA", "RA WO C DO", "RA"),
    "administrator": ("RA", "-", "RA WO C DO", "-"),
}
for _name, _said in SHEETS.items():
    MATRIX[_name] += zip((IMPORTS, DUPLICATES, ["field_set"], ["second_person_request"]), _said, strict=True)
# Consents are recorded and read, by nobody changed.
CONSENTS = {
    "general_manager": "RA C", "sales_manager": "RT C", "sales_consultant": "RO C", "service_manager": "RT C",
    "service_advisor": "RO C", "care_manager": "RA C", "care_specialist": "RA C", "marketing": "RA", "auditor": "RA",
    "administrator": "-"}
for _name, _right in CONSENTS.items():
    MATRIX[_name].append((["consent"], _right))
for _name, _lines in MATRIX.items():  # where figures of the store are sent to
    _lines.append((["robot"], "RA WA C DA" if _name == "administrator" else "-"))
# Customers by a saved rule, and the working calendar: (segment, calendar_day).
SHARED = {
    "general_manager": ("RA WA C DA", "RA WA C DA"), "sales_manager": ("RA", "RA"), "service_manager": ("RA", "RA"),
    "sales_consultant": ("-", "-"), "service_advisor": ("-", "-"), "care_manager": ("RA WA C DA", "RA WA C DA"),
    "care_specialist": ("-", "-"), "marketing": ("RA WA C DA", "-"), "auditor": ("RA", "RA"),
    "administrator": ("-", "RA")}
for _name, _rights in SHARED.items():
    MATRIX[_name] += zip((["segment"], ["calendar_day"]), _rights, strict=True)
# Inquiries like follow-ups, with the number of who asks; tokens for web leads are the administrator's.
LEADS = {
    "general_manager": ("RA WA C X V G", "RA"), "sales_manager": ("RT WT C V G", "-"),
    "sales_consultant": ("RO WO C V", "-"), "service_manager": ("RT WT C V", "-"),
    "service_advisor": ("RO WO C V", "-"),
    "care_manager": ("RA WA C V G", "-"), "care_specialist": ("RA WO C V", "-"), "marketing": ("-", "-"),
    "auditor": ("RA", "RA"), "administrator": ("-", "RA WA C")}
for _name, _said in LEADS.items():
    MATRIX[_name] += zip((["inquiry"], ["lead_token"]), _said, strict=True)
LETTER = {Scope.NONE: "", Scope.OWN: "O", Scope.TEAM: "T", Scope.STORE: "A", Scope.ALL: "!"}
CELLS = [(role, table, said) for role, row in MATRIX.items() for tables, said in row for table in tables]


def written(right: access.Right) -> str:
    """A right in the words of the matrix above."""
    reached = (("R", right.read), ("W", right.write))
    scopes = [mark + LETTER[width] for mark, width in reached if width is not Scope.NONE]
    deletes = [] if right.delete is Scope.NONE else ["D" + LETTER[right.delete]]
    flags = [mark for mark, yes in (("X", right.export), ("V", right.reveal), ("G", right.assign),
                               ("M", right.merge), ("2", right.second)) if yes]
    return " ".join([*scopes, *(["C"] if right.create else []), *deletes, *flags]) or "-"


@pytest.mark.parametrize(("role", "table", "said"), CELLS, ids=[f"{role}-{table}" for role, table, _said in CELLS])
def test_the_seeded_right(role: str, table: str, said: str) -> None:
    assert written(starting.seeded_rights()[role, table]) == said


def test_the_matrix_names_every_table_that_people_reach_and_every_role() -> None:
    tables = {table for _role, table, _said in CELLS}
    machinery = INTERNAL - {"audit_entry", "access_log"}
    assert tables == set(BY_TABLE) - machinery
    assert {table for _role, table in starting.seeded_rights()} == tables
    assert set(MATRIX) == set(starting.read_seed("roles.yaml"))
    assert len(CELLS) == len(set(starting.seeded_rights()))


@pytest.mark.parametrize("table", ["customer", "contact", "vehicle", "user"])
@pytest.mark.parametrize("role", ["marketing", "auditor", "administrator"])
def test_who_never_reveals(role: str, table: str) -> None:
    assert not starting.seeded_rights()[role, table].reveal


@pytest.mark.parametrize(("words", "said"), [
    ("N", "-"), ("RA", "RA"), ("RA WA", "RA WA C"), ("RO WO", "RO WO"), ("RO WO C", "RO WO C"),
    ("RT WT D*", "RT WT C DT 2"), ("RA X*", "RA X 2"), ("RA WT DO", "RA WT C DO"), ("RA reveal assign", "RA V G")])
def test_how_a_right_is_read(words: str, said: str) -> None:
    assert written(starting.parse_right(words)) == said


@pytest.mark.parametrize("words", ["RX", "read", "R A", "W", "DQ"])
def test_a_word_that_is_no_right_is_named(words: str) -> None:
    with pytest.raises(ValueError, match="is no right"):
        starting.parse_right(words)


def test_what_a_star_means_refused_alone_and_to_be_asked_for() -> None:
    actor = access.Actor(user_id=1, rights={
        table: right for (role, table), right in starting.seeded_rights().items() if role == "sales_manager"})
    assert actor.may("customer", "write") and actor.may("customer", "reveal")
    assert not actor.may("customer", "export") and not actor.may("customer", "delete")
    assert requests.may_ask(actor, "customer", RequestVerb.EXPORT)
    assert requests.may_ask(actor, "customer", RequestVerb.DELETE)
    assert not requests.may_ask(actor, "complaint", RequestVerb.EXPORT)


# ---------------------------------------------------------------- in the database


def count(session: Any, model: Any) -> int:
    return int(session.scalar(sa.select(sa.func.count()).select_from(model)))


def test_roles_as_the_domain_names_them(session: Any) -> None:
    found = {role.code: (role.name, role.department.value, role.manages, role.home)
             for role in session.scalars(sa.select(Role))}
    assert found == {
        "general_manager": ("总经理", "management", True, "team"),
        "sales_manager": ("销售经理", "sales", True, "team"),
        "sales_consultant": ("销售顾问", "sales", False, "own"),
        "service_manager": ("服务经理", "service", True, "team"),
        "service_advisor": ("服务顾问", "service", False, "own"),
        "care_manager": ("关爱经理", "care", True, "team"),
        "care_specialist": ("客户关爱专员", "care", False, "own"),
        "marketing": ("市场专员", "marketing", False, "marketing"),
        "auditor": ("管理者代表", "management", False, "audit"),
        "administrator": ("系统管理员", "management", False, "system"),
    }


def test_every_role_and_table_has_a_row_that_says_the_same(session: Any) -> None:
    assert count(session, Grant) == len(CELLS)
    roles = {role.code: role.id for role in session.scalars(sa.select(Role))}
    for code, number in roles.items():
        rights = access.rights_of(session, [number])
        for role, table, said in CELLS:
            if role == code:
                assert written(rights[table]) == said, (role, table)


def test_seeding_again_adds_nothing_and_changes_nothing(session: Any) -> None:
    grant = session.scalars(sa.select(Grant).where(Grant.table == "customer").order_by(Grant.id)).first()
    grant.can_export, rule = False, session.scalars(sa.select(FollowUpRule).order_by(FollowUpRule.id)).first()
    rule.offset = 77
    session.commit()
    models = (Role, Grant, FollowUpRule, Metric, ScoreScheme, SchemeLine, Agreement, AuditEntry)
    before = [count(session, model) for model in models]
    starting.seed(session)
    session.commit()
    session.expire_all()
    assert [count(session, model) for model in models] == before
    assert grant.can_export is False and rule.offset == 77


def test_seeding_brings_back_what_is_missing(session: Any) -> None:
    grants = Grant.__table__
    session.connection().execute(sa.delete(grants).where(grants.c.table == "gift"))
    starting.seed(session)
    assert count(session, Grant) == len(CELLS)


def test_each_scored_role_has_a_scheme_whose_weights_make_a_hundred(session: Any) -> None:
    for scheme in session.scalars(sa.select(ScoreScheme)):
        lines = session.scalars(sa.select(SchemeLine).where(SchemeLine.scheme_id == scheme.id)).all()
        assert sum(line.weight for line in lines) == 100, scheme.name
        assert len({line.metric_id for line in lines}) == len(lines)
    scored = set(session.scalars(sa.select(Role.code).join(ScoreScheme, ScoreScheme.role_id == Role.id)))
    assert {"sales_consultant", "service_advisor", "care_specialist"} <= scored


def test_the_agreement_is_there_and_in_force(session: Any) -> None:
    agreement = session.scalars(sa.select(Agreement)).one()
    assert "保密" in agreement.body and agreement.valid_from <= dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)


def test_the_seeds_stand_in_the_audit_chain(session: Any) -> None:
    tables = {entry.table for entry in session.scalars(sa.select(AuditEntry))}
    assert {"role", "grant", "followup_rule", "metric", "score_scheme", "agreement"} <= tables


def test_an_unknown_column_in_a_seed_is_named(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "read_seed", lambda _name: [{"code": "new", "nmae": "x"}])
    with pytest.raises(ValueError, match="nmae"):
        starting._seed_by_code(session, Metric, "metrics.yaml")


def test_nobody_is_made_by_seeding(session: Any) -> None:
    before = count(session, User)
    starting.seed(session)
    assert count(session, User) == before
