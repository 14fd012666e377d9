"""Choices: the value stored, the label shown and the colour of its badge.

Colours: late (red), soon (amber), good (green), on (accent), open (outlined), quiet (grey).
"""

from __future__ import annotations

import enum
from typing import Any, Self

from flask_babel import lazy_gettext as _l


class Choice(enum.StrEnum):
    """A closed list. A member is written `value, label, colour`; the value is what the database holds."""

    label: Any
    colour: str

    def __new__(cls, value: str, label: Any = "", colour: str = "quiet") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        member.colour = colour
        return member

    @classmethod
    def pairs(cls) -> list[tuple[str, Any]]:
        """(value, label) of every member, in order, for a select field."""
        return [(member.value, member.label) for member in cls]

    @classmethod
    def find(cls, value: str | None) -> Self | None:  # type: ignore[override]
        """The member with this value, or None."""
        try:
            return cls(value) if value else None  # type: ignore[arg-type]
        except ValueError:
            return None


class Scope(Choice):
    NONE = "none", _l("None"), "quiet"
    OWN = "own", _l("Own"), "open"
    TEAM = "team", _l("Team"), "on"
    STORE = "store", _l("Store"), "on"
    ALL = "all", _l("All stores"), "on"


class Department(Choice):
    MANAGEMENT = "management", _l("Management"), "quiet"
    SALES = "sales", _l("Sales"), "on"
    SERVICE = "service", _l("Service"), "open"
    CARE = "care", _l("Customer care"), "good"
    MARKETING = "marketing", _l("Marketing"), "quiet"


class CustomerKind(Choice):
    PERSON = "person", _l("Private person"), "quiet"
    COMPANY = "company", _l("Company"), "on"


class Sex(Choice):
    FEMALE = "female", _l("Female"), "quiet"
    MALE = "male", _l("Male"), "quiet"


class BirthdayCalendar(Choice):
    SOLAR = "solar", _l("Solar"), "quiet"
    LUNAR = "lunar", _l("Lunar"), "quiet"


class Stage(Choice):
    LEAD = "lead", _l("Lead"), "open"
    PROSPECT = "prospect", _l("Prospect"), "on"
    OWNER = "owner", _l("Car owner"), "good"
    LOST = "lost", _l("Lost"), "quiet"


class Grade(Choice):
    """Intent grade; the longest time to the next contact stands in the follow-up rules."""

    H = "H", _l("H: buys within 7 days"), "on"
    A = "A", _l("A: buys within 15 days"), "on"
    B = "B", _l("B: buys within 30 days"), "on"
    C = "C", _l("C: buys within 2 to 3 months"), "on"
    N = "N", _l("N: not yet graded"), "open"
    O = "O", _l("O: ordered"), "good"  # noqa: E741 - the trade's own letter
    D = "D", _l("D: delivered"), "quiet"
    F = "F", _l("F: lost to another"), "quiet"
    T = "T", _l("T: order cancelled"), "quiet"


class Tier(Choice):
    A = "A", _l("A"), "on"
    B = "B", _l("B"), "on"
    C = "C", _l("C"), "on"
    D = "D", _l("D"), "on"


class CreditLevel(Choice):
    GOOD = "good", _l("Good"), "good"
    NORMAL = "normal", _l("Normal"), "quiet"
    CAREFUL = "careful", _l("Careful"), "soon"
    BAD = "bad", _l("Bad"), "late"


class Confidentiality(Choice):
    NORMAL = "normal", _l("Normal"), "quiet"
    RESTRICTED = "restricted", _l("Restricted: own team"), "soon"
    SECRET = "secret", _l("Secret: named people"), "late"


class Source(Choice):
    WALK_IN = "walk_in", _l("Walk-in"), "quiet"
    PHONE = "phone", _l("Phone"), "quiet"
    WEB = "web", _l("Web"), "quiet"
    SOCIAL = "social", _l("Social media"), "quiet"
    REFERRAL = "referral", _l("Referral"), "quiet"
    EVENT = "event", _l("Event"), "quiet"
    OTHER = "other", _l("Other"), "quiet"


class Screening(Choice):
    """What looking at a lead has shown; an invalid one (wrong number, joke, no buyer) has a reason."""

    VALID = "valid", _l("Valid lead"), "good"
    INVALID = "invalid", _l("Invalid lead"), "late"


class InquiryChannel(Choice):
    PHONE = "phone", _l("Phone"), "quiet"
    EMAIL = "email", _l("E-mail"), "quiet"
    WEB_CHAT = "web_chat", _l("Web chat"), "quiet"
    SOCIAL = "social", _l("Social media"), "quiet"


class InquiryState(Choice):
    """Where an inquiry stands. Answered or given a plan within its time, its clock has stopped."""

    OPEN = "open", _l("Waits for an answer"), "late"
    PLANNED = "planned", _l("Given a plan"), "soon"
    ANSWERED = "answered", _l("Answered"), "good"
    CLOSED = "closed", _l("Closed"), "quiet"


class DecisionPower(Choice):
    DECIDES = "decides", _l("Decides"), "on"
    SHARES = "shares", _l("Decides with others"), "open"
    ADVISES = "advises", _l("Advises"), "quiet"
    USES = "uses", _l("Uses the car only"), "quiet"


class FinanceBand(Choice):
    LOW = "low", _l("Under 100,000 a year"), "quiet"
    MIDDLE = "middle", _l("100,000 to 300,000 a year"), "quiet"
    HIGH = "high", _l("300,000 to 1,000,000 a year"), "quiet"
    TOP = "top", _l("Over 1,000,000 a year"), "quiet"


class Channel(Choice):
    PHONE = "phone", _l("Phone"), "quiet"
    WECHAT = "wechat", _l("WeChat"), "quiet"
    STORE = "store", _l("In the store"), "quiet"
    HOME = "home", _l("At the customer's"), "quiet"
    SMS = "sms", _l("Text message"), "quiet"
    EMAIL = "email", _l("E-mail"), "quiet"
    ONLINE = "online", _l("Online"), "quiet"
    EVENT = "event", _l("Event"), "quiet"
    FAIR = "fair", _l("Trade fair"), "quiet"
    ASSOCIATION = "association", _l("Association"), "quiet"


class ConsentPurpose(Choice):
    """What a customer consents to (DOMAIN §3.9). Without FILE there is no marketing either."""

    FILE = "file", _l("Keeping the file and serving the customer"), "quiet"
    MARKETING = "marketing", _l("Offers, care and invitations"), "on"
    SHARING = "sharing", _l("Passing on to manufacturer and insurers"), "quiet"
    SENSITIVE = "sensitive", _l("ID number and finances"), "soon"


class ConsentState(Choice):
    GIVEN = "given", _l("Consent given"), "good"
    WITHDRAWN = "withdrawn", _l("Consent withdrawn"), "late"


class ConsentSource(Choice):
    """How a consent was given or withdrawn."""

    PAPER = "paper", _l("Signed on paper"), "quiet"
    IN_PERSON = "in_person", _l("Said in person"), "quiet"
    PHONE = "phone", _l("Said on the phone"), "quiet"
    WECHAT = "wechat", _l("Written in WeChat"), "quiet"
    SMS = "sms", _l("Text message"), "quiet"
    EMAIL = "email", _l("E-mail"), "quiet"
    WEB = "web", _l("Form on the web"), "quiet"


class BlockCode(Choice):
    """Why a customer is not contacted for marketing."""

    ERASED = "erased", _l("Deleted"), "quiet"
    DO_NOT_DISTURB = "do_not_disturb", _l("No marketing contact"), "late"
    CONSENT_WITHDRAWN = "consent_withdrawn", _l("Consent to marketing withdrawn"), "late"
    CONTACT_CAP = "contact_cap", _l("Contacted often enough"), "soon"
    QUIET_HOURS = "quiet_hours", _l("Quiet hours"), "quiet"


class VisitState(Choice):
    PLANNED = "planned", _l("Planned"), "open"
    DONE = "done", _l("Done"), "good"
    CANCELLED = "cancelled", _l("Cancelled"), "quiet"


class VisitResult(Choice):
    """What came of a contact. Only `reached` results count as an effective contact."""

    SOLVED = "solved", _l("Solved"), "good"
    NEW_PROBLEM = "new_problem", _l("New problem"), "late"
    INVITED = "invited", _l("Coming to the store"), "good"
    INTERESTED = "interested", _l("Interested"), "on"
    TALKED = "talked", _l("Spoken with"), "on"
    NOT_REACHED = "not_reached", _l("Not reached"), "soon"
    CALL_LATER = "call_later", _l("Call later"), "soon"
    REFUSED = "refused", _l("Does not want calls"), "late"
    WRONG_NUMBER = "wrong_number", _l("Wrong number"), "late"

    @property
    def reached(self) -> bool:
        """Whether the customer was spoken to."""
        return self not in (VisitResult.NOT_REACHED, VisitResult.WRONG_NUMBER)


class ObjectionWeight(Choice):
    MINOR = "minor", _l("Minor"), "quiet"
    MAJOR = "major", _l("Major"), "late"


class PromiseState(Choice):
    OPEN = "open", _l("Open"), "open"
    KEPT = "kept", _l("Kept"), "good"
    BROKEN = "broken", _l("Broken"), "late"
    VOID = "void", _l("Void"), "quiet"


class FollowUpState(Choice):
    OPEN = "open", _l("Open"), "open"
    SNOOZED = "snoozed", _l("Snoozed"), "soon"
    DONE = "done", _l("Done"), "good"
    SKIPPED = "skipped", _l("Skipped"), "quiet"
    VOID = "void", _l("Void"), "quiet"


class Trigger(Choice):
    """What makes a follow-up: an event, or a date on a record."""

    CONTACT = "contact", _l("After a contact"), "quiet"
    NEW_LEAD = "new_lead", _l("New lead"), "quiet"
    SHOWROOM = "showroom", _l("Showroom visit"), "quiet"
    DELIVERY = "delivery", _l("Delivery"), "quiet"
    REPAIR_CLOSED = "repair_closed", _l("Repair order closed"), "quiet"
    COMPLAINT_FINISHED = "complaint_finished", _l("Complaint finished"), "quiet"
    CAMPAIGN_INVITED = "campaign_invited", _l("Campaign invitation"), "quiet"
    CAMPAIGN_ATTENDED = "campaign_attended", _l("Campaign attended"), "quiet"
    CAMPAIGN_NO_SHOW = "campaign_no_show", _l("Campaign ended, did not come"), "quiet"
    CAMPAIGN_NO_DEAL = "campaign_no_deal", _l("Campaign ended, came without a deal"), "quiet"
    BIRTHDAY = "birthday", _l("Birthday"), "quiet"
    ANNIVERSARY = "anniversary", _l("Purchase anniversary"), "quiet"
    FESTIVAL = "festival", _l("Festival"), "quiet"
    PROMISE_DUE = "promise_due", _l("Promise due"), "quiet"
    FIRST_SERVICE = "first_service", _l("First service due"), "quiet"
    NEXT_SERVICE = "next_service", _l("Next service due"), "quiet"
    INSURANCE = "insurance", _l("Insurance expiry"), "quiet"
    WARRANTY = "warranty", _l("Warranty expiry"), "quiet"
    INSPECTION = "inspection", _l("Annual inspection due"), "quiet"
    NO_CONTACT = "no_contact", _l("Owner without contact"), "quiet"
    FILE_STALE = "file_stale", _l("File not confirmed for long"), "quiet"
    CHURN = "churn", _l("No service visit"), "quiet"
    MANUAL = "manual", _l("Chosen by a person"), "quiet"
    INQUIRY = "inquiry", _l("Inquiry"), "quiet"
    TEST_DRIVE = "test_drive", _l("Test drive"), "quiet"
    QUOTE = "quote", _l("Quote"), "quiet"
    LOST_SAMPLE = "lost_sample", _l("Lost sale, sample call"), "quiet"
    PLAN_REVIEW = "plan_review", _l("Key customer's plan"), "quiet"


class Assignee(Choice):
    OWNER = "owner", _l("Owner of the customer"), "quiet"
    ADVISOR = "advisor", _l("Service advisor"), "quiet"
    MANAGER = "manager", _l("Manager of the owner"), "quiet"
    CARE = "care", _l("Care specialist of the store"), "quiet"
    PERSON = "person", _l("A named person"), "quiet"


class OffsetUnit(Choice):
    DAYS = "days", _l("days"), "quiet"
    HOURS = "hours", _l("hours"), "quiet"
    WORK_MINUTES = "work_minutes", _l("working minutes"), "quiet"


class DayKind(Choice):
    """What a day of the calendar is, whatever the published calendar says."""

    HOLIDAY = "holiday", _l("Holiday"), "good"
    WORKING = "working", _l("Working day in place of a holiday"), "on"
    CLOSED = "closed", _l("Store closed"), "quiet"


class Purpose(Choice):
    """Why the customer is contacted; only marketing purposes can be blocked by the contact cap."""

    SALES = "sales", _l("Sales"), "on"
    SERVICE = "service", _l("Service"), "quiet"
    COMPLAINT = "complaint", _l("Complaint"), "late"
    DELIVERY = "delivery", _l("Delivery"), "good"
    PROMISE = "promise", _l("Promise"), "soon"
    CARE = "care", _l("Care"), "quiet"
    CAMPAIGN = "campaign", _l("Campaign"), "quiet"
    GREETING = "greeting", _l("Greeting"), "quiet"


class ComplaintLevel(Choice):
    GENERAL = "general", _l("General"), "quiet"
    ESCALATED = "escalated", _l("Escalated"), "soon"
    MAJOR = "major", _l("Major"), "late"


class ComplaintArea(Choice):
    SALES = "sales", _l("Sales"), "on"
    SERVICE = "service", _l("Service"), "open"
    OTHER = "other", _l("Other"), "quiet"


class ComplaintState(Choice):
    """The stations of a complaint (DOMAIN 3.2), in the order in which they are passed."""

    RECEIVED = "received", _l("Taken in"), "late"
    ACKNOWLEDGED = "acknowledged", _l("Acknowledged"), "soon"
    UNDERSTOOD = "understood", _l("Understood"), "on"
    ANALYSED = "analysed", _l("Analysed"), "on"
    PROPOSED = "proposed", _l("Solution proposed"), "on"
    FINISHED = "finished", _l("Finished, waiting for re-callback"), "soon"
    CLOSED = "closed", _l("Closed"), "good"


class ComplaintChannel(Choice):
    VISIT = "visit", _l("Visit"), "quiet"
    PHONE = "phone", _l("Phone"), "quiet"
    SURVEY = "survey", _l("Survey"), "quiet"
    WEB = "web", _l("Web"), "quiet"
    SOCIAL = "social", _l("Social media"), "quiet"
    MANUFACTURER = "manufacturer", _l("Region or manufacturer"), "quiet"


class Cause(Choice):
    SERVICE = "service", _l("Our service"), "soon"
    USER = "user", _l("User"), "quiet"
    PRODUCT = "product", _l("Product"), "late"
    EXTERNAL = "external", _l("External"), "quiet"


class CauseType(Choice):
    QUALITY = "quality", _l("Quality of work"), "quiet"
    ATTITUDE = "attitude", _l("Attitude"), "quiet"
    MANAGEMENT = "management", _l("Internal management"), "quiet"
    MISUSE = "misuse", _l("Misuse"), "quiet"
    EXPECTATION = "expectation", _l("Expectation"), "quiet"
    DEFECT = "defect", _l("Product defect"), "quiet"
    PARTS = "parts", _l("Parts supply"), "quiet"
    OTHER = "other", _l("Other"), "quiet"


class StepKind(Choice):
    RECEIVE = "receive", _l("Taken in"), "late"
    ACKNOWLEDGE = "acknowledge", _l("Acknowledged"), "soon"
    UNDERSTAND = "understand", _l("Contacted and understood"), "on"
    ANALYSE = "analyse", _l("Analysed"), "on"
    PROPOSE = "propose", _l("Solution proposed"), "on"
    FINISH = "finish", _l("Carried out"), "on"
    RECALL_SATISFIED = "recall_satisfied", _l("Re-callback: satisfied"), "good"
    RECALL_NOT_SATISFIED = "recall_not_satisfied", _l("Re-callback: not satisfied"), "late"
    RECALL_FAILED = "recall_failed", _l("Re-callback: not reached"), "soon"
    CONFIRM_UNREACHABLE = "confirm_unreachable", _l("Not reached three times, confirmed"), "quiet"
    REROUTE = "reroute", _l("Re-routed"), "quiet"
    ESCALATE = "escalate", _l("Escalated"), "late"
    SUMMARISE = "summarise", _l("Summarised"), "good"
    APPROVE = "approve", _l("Approved"), "good"
    NOTE = "note", _l("Note"), "quiet"


class CampaignKind(Choice):
    PROMOTION = "promotion", _l("Promotion"), "on"
    CARE = "care", _l("Care"), "good"
    CLUB = "club", _l("Owner club"), "quiet"
    LECTURE = "lecture", _l("Car-care lecture"), "quiet"
    WINBACK = "winback", _l("Win-back"), "soon"
    RECALL = "recall", _l("Product recall"), "late"


class CampaignForm(Choice):
    DISCOUNT = "discount", _l("Discount"), "quiet"
    GIFT = "gift", _l("Gift"), "quiet"
    LIMITED = "limited", _l("Limited time"), "quiet"
    POINTS = "points", _l("Points redemption"), "quiet"
    EVENT = "event", _l("Gathering"), "quiet"


class CampaignState(Choice):
    DRAFT = "draft", _l("Draft"), "open"
    APPROVED = "approved", _l("Approved"), "on"
    RUNNING = "running", _l("Running"), "good"
    ENDED = "ended", _l("Ended"), "soon"
    EVALUATED = "evaluated", _l("Evaluated"), "quiet"


class MemberState(Choice):
    INVITED = "invited", _l("Invited"), "open"
    CONFIRMED = "confirmed", _l("Confirmed"), "on"
    ATTENDED = "attended", _l("Attended"), "good"
    LEAD = "lead", _l("Lead"), "on"
    DEAL = "deal", _l("Deal"), "good"
    DECLINED = "declined", _l("Declined"), "quiet"
    NO_SHOW = "no_show", _l("No-show"), "late"


class CostKind(Choice):
    VENUE = "venue", _l("Venue"), "quiet"
    GIFTS = "gifts", _l("Gifts"), "quiet"
    MEDIA = "media", _l("Media"), "quiet"
    PEOPLE = "people", _l("People"), "quiet"
    DISCOUNT = "discount", _l("Discount given"), "quiet"
    OTHER = "other", _l("Other"), "quiet"


class RepairState(Choice):
    OPEN = "open", _l("Open"), "open"
    WORKING = "working", _l("In work"), "on"
    WAITING_PARTS = "waiting_parts", _l("Waiting for parts"), "soon"
    READY = "ready", _l("Ready"), "good"
    CLOSED = "closed", _l("Closed"), "quiet"
    CANCELLED = "cancelled", _l("Cancelled"), "quiet"


class RepairKind(Choice):
    FIRST_SERVICE = "first_service", _l("First service"), "good"
    SERVICE = "service", _l("Periodic service"), "quiet"
    REPAIR = "repair", _l("Repair"), "quiet"
    ACCIDENT = "accident", _l("Accident repair"), "soon"
    WARRANTY = "warranty", _l("Warranty work"), "on"
    INSTALL = "install", _l("Installation"), "quiet"
    RECALL = "recall", _l("Product recall"), "late"


class Direction(Choice):
    HIGHER = "higher", _l("Higher is better"), "quiet"
    LOWER = "lower", _l("Lower is better"), "quiet"


class Unit(Choice):
    PERCENT = "percent", _l("%"), "quiet"
    COUNT = "count", _l("count"), "quiet"
    MONEY = "money", _l("yuan"), "quiet"
    POINTS = "points", _l("points"), "quiet"


class PeriodKind(Choice):
    MONTH = "month", _l("Month"), "quiet"
    QUARTER = "quarter", _l("Quarter"), "quiet"


class PeriodState(Choice):
    OPEN = "open", _l("In progress"), "on"
    CLOSED = "closed", _l("Closed"), "quiet"
    PAID = "paid", _l("Paid"), "good"


class ImportKind(Choice):
    CUSTOMERS = "customers", _l("Customers"), "quiet"
    VEHICLES = "vehicles", _l("Vehicles"), "quiet"
    CONTACTS = "contacts", _l("Contact persons"), "quiet"
    VISITS = "visits", _l("Visits"), "quiet"
    COMPLAINTS = "complaints", _l("Complaints"), "quiet"
    REPAIR_ORDERS = "repair-orders", _l("Repair orders"), "quiet"
    CAMPAIGN_MEMBERS = "campaign-members", _l("Campaign members"), "quiet"


class ImportState(Choice):
    DRAFT = "draft", _l("Columns to be checked"), "open"
    CHECKING = "checking", _l("Being tried"), "on"
    CHECKED = "checked", _l("Checked, not imported yet"), "soon"
    WAITING = "waiting", _l("Waiting its turn"), "on"
    RUNNING = "running", _l("Being imported"), "on"
    DONE = "done", _l("Imported"), "good"
    FAILED = "failed", _l("Failed"), "late"
    UNDONE = "undone", _l("Undone"), "quiet"


class KnownRows(Choice):
    FILL = "fill", _l("Fill in what is empty"), "quiet"
    OVERWRITE = "overwrite", _l("Overwrite with the file"), "soon"
    SKIP = "skip", _l("Leave as they are"), "quiet"


class TwinSign(Choice):
    """What two files have in common that may make them one customer; how much it weighs stands in rules/duplicates."""

    PHONE = "phone", _l("Same number"), "soon"
    CAR = "car", _l("Same car"), "soon"
    BIRTHDAY = "birthday", _l("Same name and birthday"), "on"
    ADDRESS = "address", _l("Same name and address"), "on"
    SOUND_BIRTHDAY = "sound_birthday", _l("Name sounds the same, same birthday"), "open"
    SOUND_ADDRESS = "sound_address", _l("Name sounds the same, same address"), "open"


class Likelihood(Choice):
    """How likely two files are one customer."""

    SURE = "sure", _l("Very likely"), "soon"
    LIKELY = "likely", _l("Likely"), "on"
    POSSIBLE = "possible", _l("Possible"), "quiet"


class RequestVerb(Choice):
    EXPORT = "export", _l("Export"), "on"
    EXPORT_FULL = "export_full", _l("Export with full numbers"), "late"
    DELETE = "delete", _l("Delete"), "late"


class RequestState(Choice):
    WAITING = "waiting", _l("Waits for a second person"), "soon"
    APPROVED = "approved", _l("Approved"), "good"
    REFUSED = "refused", _l("Refused"), "late"
    DONE = "done", _l("Done"), "quiet"
    WITHDRAWN = "withdrawn", _l("Withdrawn"), "quiet"


class AuditVerb(Choice):
    CREATE = "create", _l("Created"), "good"
    UPDATE = "update", _l("Changed"), "on"
    DELETE = "delete", _l("Deleted"), "late"
    RESTORE = "restore", _l("Restored"), "good"
    BULK = "bulk", _l("Bulk change"), "soon"
    MERGE = "merge", _l("Merged"), "on"
    SIGN_IN = "sign_in", _l("Signed in"), "quiet"
    OTHER = "other", _l("Other"), "quiet"


class AccessVerb(Choice):
    VIEW = "view", _l("Viewed"), "quiet"
    SEARCH = "search", _l("Searched"), "quiet"
    REVEAL = "reveal", _l("Revealed"), "soon"
    EXPORT = "export", _l("Exported"), "late"
    PRINT = "print", _l("Printed"), "soon"
    REFUSED = "refused", _l("Refused"), "late"
    SIGN_IN = "sign_in", _l("Signed in"), "quiet"
    SIGN_IN_FAILED = "sign_in_failed", _l("Sign-in failed"), "late"
    SIGN_OUT = "sign_out", _l("Signed out"), "quiet"


class NotificationKind(Choice):
    TASK = "task", _l("Follow-up given to you"), "on"
    CUSTOMER = "customer", _l("Customer given to you"), "good"
    COMPLAINT = "complaint", _l("Complaint"), "late"
    FIRST_CONTACT = "first_contact", _l("First contact running late"), "late"
    INQUIRY = "inquiry", _l("Inquiry"), "soon"
    REQUEST = "request", _l("Request"), "soon"
    DIGEST = "digest", _l("What the day brings"), "quiet"


class DigestBy(Choice):
    MAIL = "mail", _l("By e-mail"), "on"
    NONE = "none", _l("Not at all"), "quiet"


class MessageKind(Choice):
    MORNING = "morning", _l("Morning digest"), "on"
    EVENING = "evening", _l("Evening note"), "open"


class MessageState(Choice):
    QUEUED = "queued", _l("Waiting"), "soon"
    SENDING = "sending", _l("Being sent"), "soon"
    SENT = "sent", _l("Sent"), "good"
    FAILED = "failed", _l("Failed"), "late"
    NONE = "none", _l("Nothing to send"), "quiet"


class RobotKind(Choice):
    WECOM = "wecom", _l("WeCom"), "on"
    DINGTALK = "dingtalk", _l("DingTalk"), "open"
    FEISHU = "feishu", _l("Feishu"), "good"
