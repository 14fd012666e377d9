"""The generated screens of inquiries and of the tokens for web leads: what they can do beside the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, redirect, request
from flask_admin import expose
from flask_babel import lazy_gettext as _l

from admin_app import access, countdown, models, people
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk.roads import DeskView
from admin_app.desk.view import Quick
from admin_app.errors import RuleError
from admin_app.rules import inquiries
from admin_app.rules.leads import tokens

SHORT = 40  # characters of a question in a list


class InquiryView(DeskView):
    model = models.Inquiry
    one, many, icon = _l("Inquiry"), _l("Inquiries"), "chat"
    hint = _l("No inquiries yet. Whoever asks by phone, e-mail or web chat is answered within a day.")
    order = ("received_at", True)
    fixed = ("received_at",)
    log_views = True
    beside = ("state", "received_at", "due_at", "question")
    details_template = "desk/inquiry.html"
    quick = (Quick(_l("In my charge"), "owner_id", "equals", "me"),
             Quick(_l("Waits for an answer"), "state", "equals", "open"),
             Quick(_l("Given a plan"), "state", "equals", "planned"),
             Quick(_l("Reported upwards"), "escalated_to", "least", "1"))

    def _title(self) -> str:
        return "question"

    def row_title(self, row: Any, links: dict[str, dict[int, str]]) -> str:
        said = " ".join(row.question.split())
        return said if len(said) <= SHORT else said[:SHORT - 1] + "…"

    def cell_words(self, name: str) -> Callable[[Any], Any] | None:
        if name != "due_at":
            return None
        now = utcnow()

        def cell(row: Any) -> Any:
            running = inquiries.clock(row, now)
            return countdown.html(running) if running is not None else None

        return cell

    def clock_of(self, row: Any) -> Any:
        """What is left of the time of an inquiry that waits; None for another."""
        running = inquiries.clock(row, utcnow())
        return countdown.html(running) if running is not None else None

    def may_complain(self, row: Any) -> bool:
        """Whether this person may take the inquiry in as a complaint."""
        return (row.complaint_id is None and access.can("complaint", "create")
                and access.may_change(db.session, row))

    @expose("/complaint/", methods=("POST",))
    def complaint_view(self) -> Any:
        """Take an inquiry in as a complaint, its text carried over; then the complaint's page."""
        if not (self.can_edit and access.can("complaint", "create")):
            abort(403)
        row = self.row_or_404(request.form.get("id"))
        if not self._may_change(row.id):
            abort(403)
        try:
            complaint_id = inquiries.to_complaint(db.session, row, people.me(), utcnow()).id
            db.session.commit()
        except RuleError as error:
            db.session.rollback()
            row = self.row_or_404(request.form.get("id"))
            return self.render(self.details_template, view=self, row=row, heading=self.heading(row), back=self.back(),
                               groups=self.detail_groups(row), blanks=self.blanks(row), lists=self.lists_of(row),
                               refused=error.message), 400
        return redirect(f"/admin/complaint/details/?id={complaint_id}")


class LeadTokenView(DeskView):
    model = models.LeadToken
    one, many, icon = _l("Token for web leads"), _l("Tokens for web leads"), "shield"
    hint = _l("No tokens yet. A website or a call centre needs one to hand leads over.")
    order = ("id", False)
    drop = False  # the leads that came with it name it; without the tick "enabled" it opens nothing
    details_template = "desk/lead_token.html"
    quick = (Quick(_l("Enabled"), "active", "equals", "1"),)

    @expose("/issue/", methods=("POST",))
    def issue_view(self) -> Any:
        """Make the token anew and show it, this once."""
        if not self.can_edit:
            abort(403)
        row = self.row_or_404(request.form.get("id"))
        text = tokens.issue(row, utcnow())
        db.session.commit()
        return self.render("desk/lead_token_shown.html", view=self, row=row, heading=self.heading(row), token=text)
