"""Every route stands in this table; a new one without a row fails. Nobody passes without signing in, and no POST
without its token."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from admin_app.models import BY_TABLE
from tests.cast import Cast

# Whoever is not signed in may come here.
PUBLIC = {"static", "scripts", "icons", "admin.static", "sign_in.sign_in", "sign_in.sign_out", "sign_in.language",
          "root", "health.healthz", "health.readyz", "health.metrics", "lead_intake.take"}
# Machines that show a token of their own; without it they get 401 (tests/screens/test_lead_api.py).
BY_TOKEN = {"lead_intake.take"}
# Everybody who is signed in; what they see there is the gate's business.
SIGNED_IN = {
    "account.reminders",
    "handover.people", "handover.person", "handover.give", "pool.show", "pool.claim",
    "team_work.show", "team_work.share", "calendar.show",
    "account.password", "account.agreement", "admin.index", "home.home", "home.today", "home.dialogs", "followups.show",
    "followups.act", "followups.bulk", "followups.undo", "visit_log.show", "visit_log.save", "visit_log.token",
    "photos.show", "visit_plan.show", "visit_plan.save", "visit_plan.tick", "visit_plan.cancel", "visit_plan.paper",
    "coverage.page", "coverage.rows", "coaching.page", "coaching.remark", "coaching.confirm",
    "customer_page.details", "search.find",
    "reveal.show", "complaint_page.board", "complaint_page.details", "complaint_page.step", "campaign_page.details",
    "campaign_page.step", "campaign_page.member", "scores.page", "scores.rows", "scores.note", "scores.confirm",
    "recycle.show", "recycle.restore", "imports.show", "imports.upload", "imports.step", "imports.state",
    "imports.columns", "imports.run", "imports.undo", "imports.errors",
    "customer_page.confirm", "consent_page.record", "duplicates.show", "duplicates.check", "quality.page",
    "quality.rows",
    "prints.customer", "prints.day", "prints.callback", "requests.show",
    "requests.ask_form", "requests.ask", "requests.decide", "requests.withdraw", "requests.use", "notifications.show",
    "notifications.read"}
# Named roles only.
ROLES_ONLY = {
    "jobs.run": {"administrator"}, "jobs.again": {"administrator"}, "break_glass.ask": {"administrator"},
    "duplicates.apart": {"care_manager"}, "duplicates.together": {"care_manager"}, "merging.merge": {"care_manager"},
    "merging.compare": {"care_manager"}, "merging.undo": {"care_manager"},
    "scores.close": {"general_manager", "care_manager"}, "scores.pay": {"general_manager", "care_manager"}}
# What each generated screen serves; tests/screens/test_matrix.py says to whom.
GENERATED = {"index_view", "create_view", "edit_view", "details_view", "delete_view", "action_view", "ajax_lookup",
             "ajax_update", "export", "columns_view"}
EXTRA = {"user.password_view": {"administrator"}, "robot.test_view": {"administrator"},
         "followup_rule.preview_view": {"general_manager", "care_manager"},
         "segment.size_view": {"general_manager", "care_manager", "marketing"},
         "lead_token.issue_view": {"administrator"},
         "inquiry.complaint_view": {"sales_consultant", "care_specialist", "general_manager"}}


def known(endpoint: str) -> bool:
    table, _dot, view = endpoint.partition(".")
    return (endpoint in PUBLIC | SIGNED_IN | set(ROLES_ONLY) | set(EXTRA)
            or (table in BY_TABLE and view in GENERATED))


def test_every_route_stands_in_the_table(app: Flask) -> None:
    assert sorted({rule.endpoint for rule in app.url_map.iter_rules() if not known(rule.endpoint)}) == []


def _address(rule: Any) -> str:
    address = re.sub(r"<int:\w+>", "1", re.sub(r"<any\((\w+),.*?>", r"\1", rule.rule))
    return address.replace("<export_type>", "csv").replace("<path:filename>", "x")


def test_nobody_passes_without_signing_in(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    open_doors = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint in PUBLIC or "GET" not in rule.methods:
            continue
        answer = client.get(_address(rule))
        if answer.status_code != 302 or not answer.headers["Location"].startswith("/login"):
            open_doors.append((rule.rule, answer.status_code))
    assert open_doors == []


@pytest.mark.parametrize("signed_in", [False, True])
def test_no_post_without_its_token(app: Flask, sign_in: Any, cast: Cast, signed_in: bool) -> None:
    client = sign_in(cast.general_manager) if signed_in else app.test_client()
    taken = [rule.rule for rule in app.url_map.iter_rules() if "POST" in rule.methods
             and rule.endpoint not in BY_TOKEN and client.post(_address(rule), data={"id": 1}).status_code != 400]
    assert taken == []


@pytest.mark.parametrize("endpoint", [*ROLES_ONLY, *EXTRA])
def test_what_is_for_named_roles_is_refused_to_others(app: Flask, sign_in: Any, cast: Cast, endpoint: str) -> None:
    from tests.conftest import token

    rule = next(rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint)
    allowed = (ROLES_ONLY | EXTRA)[endpoint]
    for role in ("sales_consultant", "marketing", "auditor", "care_specialist", "general_manager"):
        client = sign_in(getattr(cast, role))
        key = token(client, "/account/password")
        answer = client.post(rule.rule, data={"csrf_token": key, "id": cast.colleague.id})
        if role not in allowed:
            assert answer.status_code in (403, 404), (role, answer.status_code)


def test_personal_pages_are_in_no_cache(sign_in: Any, cast: Cast) -> None:
    client = sign_in(cast.general_manager)
    for path in ("/admin/", "/admin/customer/", "/admin/followups/", "/admin/search/?q=建国", "/admin/audit_entry/"):
        assert client.get(path).headers["Cache-Control"] == "no-store", path
