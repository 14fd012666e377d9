"""The generated screens: one short class a table. What they have in common is in desk/."""

from __future__ import annotations

from typing import Any

from flask import Flask, abort, flash, redirect, request
from flask_admin import Admin, AdminIndexView, expose
from flask_admin.theme import Bootstrap4Theme
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from admin_app import access, clock, directory, models, passwords
from admin_app.clock import utcnow
from admin_app.database import db
from admin_app.desk import Bulk, DeskView, Quick, assign, pooling
from admin_app.desk.filters import Filter, segment_filter
from admin_app.desk.leads import InquiryView, LeadTokenView
from admin_app.desk.logs import LogDesk
from admin_app.desk.member_desk import MemberDesk
from admin_app.desk.rule_desk import RuleDesk
from admin_app.desk.segment_desk import SegmentDesk, SharedDesk
from admin_app.errors import RuleError
from admin_app.rules import photos, workdays
from admin_app.sending import outbox, robots
from admin_app.web import csp_nonce


class CustomerView(DeskView):
    model = models.Customer
    one, many, icon = _l("Customer"), _l("Customer files"), "people"
    hint = _l("No customers yet. Bring in the old ledgers, or add the first one by hand.")
    needed = ("phone",)
    log_views = True
    bulk = (Bulk("assign", _l("Give to somebody"), "swap", "", "assign", assign.give, assign.ask),
            Bulk("pool", _l("Put back into the pool"), "undo", "", "assign", pooling.put_back, pooling.ask),
            *DeskView.bulk)
    create_template = edit_template = "desk/twins_form.html"
    quick = (Quick(_l("Mine"), "owner_id", "equals", "me"),
             Quick(_l("Due today"), "next_contact_on", "equals", "today"),
             Quick(_l("Overdue"), "next_contact_on", "to", "yesterday"),
             Quick(_l("Unassigned"), "owner_id", "empty", "1"), Quick(_l("Grade H"), "grade", "equals", "H"),
             Quick(_l("Invalid leads"), "screening", "equals", "invalid"))

    def before_save(self, row: Any, form: Any, is_new: bool) -> None:
        """Whoever may not assign keeps the customer he adds."""
        if is_new and row.owner_id is None and not access.can("customer", "assign"):
            row.owner_id = access.current().user_id

    def more_filters(self) -> list[Filter]:
        return [segment_filter()]

    def narrow_lookup(self, name: str, statement: Any) -> Any:
        return assign.keepers(statement) if name == "owner_id" else super().narrow_lookup(name, statement)


class CustomerReaderView(DeskView):
    model = models.CustomerReader
    one, many, icon = _l("Person named for a secret file"), _l("Named for secret files"), "lock"


class ConsentView(DeskView):
    model = models.Consent
    one, many, icon = _l("Consent"), _l("Consents"), "shield"
    order = ("at", True)
    add = change = drop = False  # recorded on the customer's page; a later row overrides
    quick = (Quick(_l("Withdrawn"), "state", "equals", "withdrawn"),)


class ContactView(DeskView):
    model = models.Contact
    one, many, icon = _l("Contact person"), _l("Contact persons"), "person"
    log_views = True


class VehicleView(DeskView):
    model = models.Vehicle
    one, many, icon = _l("Vehicle"), _l("Vehicles"), "car"
    related = (("repair_order", "vehicle_id"), ("complaint", "vehicle_id"), ("vehicle_owner", "vehicle_id"))
    log_views = True
    create_template = edit_template = "desk/twins_form.html"


class VehicleOwnerView(DeskView):
    model = models.VehicleOwner
    one, many, icon = _l("Owner of a car"), _l("Owners of cars"), "car"


class VisitView(DeskView):
    model = models.Visit
    one, many, icon = _l("Visit"), _l("Visit records"), "chat"
    order = ("at", True)
    log_views = True
    quick = (Quick(_l("Mine"), "staff_id", "equals", "me"), Quick(_l("Planned"), "state", "equals", "planned"))
    details_template = "desk/visit.html"

    def photos(self, row: Any) -> list[int]:
        """The keys of the photos that were taken on a visit."""
        return photos.of_visits(db.session, [row.id]).get(row.id, []) if row.photo_count else []


class PromiseView(DeskView):
    model = models.Promise
    one, many, icon = _l("Promise"), _l("Promises"), "seal"
    order = ("due_on", True)
    quick = (Quick(_l("Mine"), "by_id", "equals", "me"), Quick(_l("Open"), "state", "equals", "open"))


class GiftView(DeskView):
    model = models.Gift
    one, many, icon = _l("Gift"), _l("Gifts"), "gift"
    order = ("given_on", True)


class PhotoView(DeskView):
    model = models.Photo
    one, many, icon = _l("Photo"), _l("Photos"), "eye"
    order = ("at", True)
    add = change = False  # they come with a visit
    details_template = "desk/photo.html"


class FollowUpView(DeskView):
    model = models.FollowUp
    one, many, icon = _l("Follow-up"), _l("All follow-ups"), "clock"
    left_out = ("due_at",)  # follows from the day
    order = ("due_on", True)
    quick = (Quick(_l("Mine"), "assignee_id", "equals", "me"), Quick(_l("Open"), "state", "equals", "open"),
             Quick(_l("Due today"), "due_on", "equals", "today"), Quick(_l("Overdue"), "due_on", "to", "yesterday"))


class FollowUpRuleView(RuleDesk):
    model = models.FollowUpRule
    one, many, icon = _l("Follow-up rule"), _l("Follow-up rules"), "flag"
    order = ("id", False)
    page_size = 50


class SegmentView(SegmentDesk):
    model = models.Segment
    one, many, icon = _l("Segment"), _l("Segments"), "people"
    related = (("followup_rule", "segment_id"),)
    order = ("id", False)
    hint = _l("No segments yet. A segment says once who is meant; follow-up rules and lists go by it.")


class CalendarDayView(SharedDesk):
    model = models.CalendarDay
    one, many, icon = _l("Day of the calendar"), _l("Working calendar"), "calendar"
    list_template = "rules/calendar_list.html"
    order = ("day", True)
    hint = _l("The published calendar holds. Enter the days that your store keeps otherwise.")

    def estimated_years(self) -> list[int]:
        """This year and the next ones whose worked weekends are not published yet."""
        year = clock.today().year
        return [one for one in (year, year + 1, year + 2) if workdays.is_estimated(one)]


class ComplaintView(DeskView):
    model = models.Complaint
    one, many, icon = _l("Complaint"), _l("Complaints"), "alert"
    fixed = ("customer_id", "received_at", "level", "area")  # re-routed and escalated by rules/complaints
    log_views = True
    quick = (Quick(_l("In my charge"), "owner_id", "equals", "me"), Quick(_l("Major"), "level", "equals", "major"),
             Quick(_l("Not closed"), "state", "not", "closed"))


class ComplaintStepView(DeskView):
    model = models.ComplaintStep
    one, many, icon = _l("Complaint step"), _l("Complaint steps"), "alert"
    add = change = drop = False  # a log that only grows, by rules/complaints.py


class CampaignView(DeskView):
    model = models.Campaign
    one, many, icon = _l("Campaign"), _l("Campaigns"), "horn"


class CampaignMemberView(MemberDesk):
    model = models.CampaignMember
    one, many, icon = _l("Campaign member"), _l("Campaign members"), "horn"


class CampaignCostView(DeskView):
    model = models.CampaignCost
    one, many, icon = _l("Campaign cost"), _l("Campaign costs"), "horn"


class RepairOrderView(DeskView):
    model = models.RepairOrder
    one, many, icon = _l("Repair order"), _l("Repair orders"), "wrench"
    order = ("opened_at", True)
    quick = (Quick(_l("Mine"), "advisor_id", "equals", "me"), Quick(_l("In work"), "state", "equals", "working"))


class MetricView(DeskView):
    model = models.Metric
    one, many, icon = _l("Metric"), _l("Metrics"), "podium"
    order = ("id", False)
    add = drop = False  # a metric without a computed source would never have a value


class ScoreSchemeView(DeskView):
    model = models.ScoreScheme
    one, many, icon = _l("Score scheme"), _l("Score schemes"), "podium"
    related = (("scheme_line", "scheme_id"),)


class SchemeLineView(DeskView):
    model = models.SchemeLine
    one, many, icon = _l("Scheme line"), _l("Scheme lines"), "podium"
    order = ("id", False)


class ScorePeriodView(DeskView):
    model = models.ScorePeriod
    one, many, icon = _l("Score period"), _l("Score periods"), "podium"
    order = ("starts_on", True)
    add = change = drop = False  # periods open and close through the rules of the scores


class ScoreView(DeskView):
    model = models.Score
    one, many, icon = _l("Score"), _l("Score lines"), "podium"
    add = drop = False


class StoreView(DeskView):
    model = models.Store
    one, many, icon = _l("Store"), _l("Stores"), "store"
    related = (("team", "store_id"), ("user", "store_id"))
    order = ("id", False)
    drop = False


class TeamView(DeskView):
    model = models.Team
    one, many, icon = _l("Team"), _l("Teams"), "people"
    related = (("user", "team_id"),)
    order = ("id", False)


class UserView(DeskView):
    model = models.User
    one, many, icon = _l("Member of staff"), _l("Staff"), "person"
    details_template = "desk/user.html"
    order = ("id", False)
    quick = (Quick(_l("Active"), "active", "equals", "1"),)

    def before_save(self, row: Any, form: Any, is_new: bool) -> None:
        """Nobody widens his own rights, and nobody shuts himself out."""
        if row.id == access.current().user_id:
            for name in ("role_id", "second_role_id", "group_wide", "store_id", "active"):
                if name in form and form[name].changed:
                    raise RuleError(_l("Somebody else has to change this for you."), name)

    @expose("/password/", methods=("POST",))
    def password_view(self) -> Any:
        """Give a person a new first password, shown once; their sessions end, and they change it at sign-in."""
        if not self.can_edit:
            abort(403)
        row = self.row_or_404(request.form.get("id"))
        password = passwords.random_password()
        passwords.set_password(row, password)
        row.must_change_password = True
        db.session.commit()
        return self.render("desk/password.html", view=self, row=row, heading=self.heading(row), password=password)


def own_roles() -> set[int]:
    """The keys of the acting person's roles."""
    return {key for key in (current_user.role_id, current_user.second_role_id) if key is not None}


class RoleView(DeskView):
    model = models.Role
    one, many, icon = _l("Role"), _l("Roles"), "shield"
    related = (("user", "role_id"), ("grant", "role_id"))
    order = ("id", False)
    drop = False
    fixed = ("code",)  # rules go by it: a role that takes another's code takes its powers

    def before_save(self, row: Any, form: Any, is_new: bool) -> None:
        """Nobody makes himself a manager."""
        if row.id in own_roles() and form["manages"].changed:
            raise RuleError(_l("Somebody else has to change this for you."), "manages")


class GrantView(DeskView):
    model = models.Grant
    one, many, icon = _l("Right"), _l("Rights"), "shield"
    order = ("id", False)
    page_size = 50
    fixed = ("role_id", "table")

    def before_save(self, row: Any, form: Any, is_new: bool) -> None:
        """Nobody widens his own rights, through his role neither."""
        if row.role_id in own_roles():
            raise RuleError(_l("Nobody changes the rights of his own role."), "role_id")


class ImportJobView(DeskView):
    model = models.ImportJob
    one, many, icon = _l("Import"), _l("Imports"), "upload"
    add = change = drop = False  # run by the pages of the import


class ImportTemplateView(DeskView):
    model = models.ImportTemplate
    one, many, icon = _l("Import template"), _l("Import templates"), "upload"
    add = False  # kept by the pages of the import


class DistinctPairView(DeskView):
    model = models.DistinctPair
    one, many, icon = _l("Pair that is no duplicate"), _l("Pairs that are no duplicates"), "people"
    add = change = False


class CustomerMergeView(DeskView):
    model = models.CustomerMerge
    one, many, icon = _l("Merge"), _l("Merges"), "people"
    add = change = drop = False


class FieldSetView(DeskView):
    model = models.FieldSet
    one, many, icon = _l("Field set"), _l("Field sets"), "file"
    add = False


class SecondPersonRequestView(DeskView):
    model = models.SecondPersonRequest
    one, many, icon = _l("Request"), _l("Requests for a second person"), "shield"
    add = change = drop = False


class RobotView(DeskView):
    model = models.Robot
    one, many, icon = _l("Group robot"), _l("Group robots"), "chat"
    hint = _l("No robot yet. Add one in the group of WeCom, DingTalk or Feishu, and bring its address here.")
    details_template = "desk/robot.html"
    needed = ("address",)

    def before_save(self, row: Any, form: Any, is_new: bool) -> None:
        """An address of the service chosen and no other; a team of the store."""
        robots.check(row.kind, row.address)
        team = directory.current().names(db.session, "team").get(row.team_id)
        if team is not None and team[1] != row.store_id:
            raise RuleError(_l("Choose a team of this store."), "team_id")

    @expose("/test/", methods=("POST",))
    def test_view(self) -> Any:
        """Send a test message to the group now, and say what the service answers."""
        if not self.can_edit:
            abort(403)
        row = self.row_or_404(request.form.get("id"))
        said = outbox.test(db.session, row, utcnow())
        flash(_("The test message was not taken. %(why)s", why=said) if said else _("The test message was taken."),
              "error" if said else "success")
        return redirect(self.address("details", id=request.form["id"]))


class AgreementView(DeskView):
    model = models.Agreement
    one, many, icon = _l("Confidentiality agreement"), _l("Confidentiality agreements"), "file"
    drop = False


class AuditEntryView(LogDesk):
    model = models.AuditEntry
    one, many, icon = _l("Entry of the change record"), _l("Change record"), "file"
    veiled = ("label", "changes")


class AccessLogView(LogDesk):
    model = models.AccessLog
    one, many, icon = _l("Entry of the access log"), _l("Access log"), "eye"
    veiled = ("reason", "task")


VIEWS: tuple[type[DeskView], ...] = (
    CustomerView, CustomerReaderView, ConsentView, ContactView, VehicleView, VehicleOwnerView, VisitView, PromiseView,
    GiftView, PhotoView, FollowUpView, FollowUpRuleView, SegmentView, CalendarDayView, ComplaintView,
    ComplaintStepView, CampaignView, CampaignMemberView,
    CampaignCostView, RepairOrderView, MetricView, ScoreSchemeView, SchemeLineView, ScorePeriodView, ScoreView,
    ImportJobView, ImportTemplateView, DistinctPairView, CustomerMergeView, FieldSetView, SecondPersonRequestView,
    InquiryView, LeadTokenView, StoreView, TeamView, UserView, RoleView, GrantView, RobotView, AgreementView,
    AuditEntryView, AccessLogView,
)


def register(app: Flask) -> None:
    """Serve the generated screens under /admin/, each at its table's name."""
    admin = Admin(app, name="CareDesk", theme=Bootstrap4Theme(base_template="base.html"),
                  index_view=AdminIndexView(template="desk/index.html"), csp_nonce_generator=csp_nonce)
    for view in VIEWS:
        admin.add_view(view())
