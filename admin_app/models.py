"""The schema: every table, one line a field. Columns, constraints and __str__, nothing else.

The words (c.text, c.phone, c.choice, c.link …) are those of columns.py. A column `x_id` made by link() also gives
the relation `x`. Adding a field is one line here and `flask --app wsgi db migrate`.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from admin_app import choices as ch
from admin_app import columns as c
from admin_app.clock import utcnow
from admin_app.database import Encrypted, EncryptedBytes, db

LIVE = "deleted_at IS NULL"


class Row:
    """What every table has: its key, who made it and when, its version, and its place in the recycle bin."""

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.__table__.c.version}  # type: ignore[attr-defined]

    if TYPE_CHECKING:
        __table__: Any
        query: Any

        def __init__(self, **values: Any) -> None: ...
        def __getattr__(self, name: str) -> Any: ...

    @declared_attr
    def created_at(cls) -> Mapped[dt.datetime]:
        return c.moment(_l("Created"), default=utcnow, nullable=False, readonly=True)

    @declared_attr
    def created_by_id(cls) -> Mapped[int | None]:
        return c.link(_l("Created by"), "user", readonly=True, constraint=False)

    @declared_attr
    def updated_at(cls) -> Mapped[dt.datetime]:
        return c.moment(_l("Changed"), default=utcnow, onupdate=utcnow, nullable=False, readonly=True)

    @declared_attr
    def version(cls) -> Mapped[int]:
        return c.whole(_l("Version"), default=1, server_default="1", nullable=False, hidden=True)

    @declared_attr
    def deleted_at(cls) -> Mapped[dt.datetime | None]:
        return c.moment(_l("Deleted"), hidden=True, index=False)

    @declared_attr
    def deleted_by_id(cls) -> Mapped[int | None]:
        return c.link(_l("Deleted by"), "user", hidden=True, constraint=False)


class StoreRow(Row):
    """A row that belongs to one store."""

    @declared_attr
    def store_id(cls) -> Mapped[int]:
        return c.link(_l("Store"), "store", nullable=False, readonly=True)


# ---------------------------------------------------------------- stores and people


class Store(Row, db.Model):
    """门店: its name, its hours (the clocks of complaints and first contacts run in them) and its settings."""

    __tablename__ = "store"

    code: Mapped[str] = c.text(_l("Code"), 20, listed=True, unique=True)
    name: Mapped[str] = c.text(_l("Store name"), 80, listed=True, searched=True)
    brand: Mapped[str | None] = c.text(_l("Brand"), 60, listed=True)
    city: Mapped[str | None] = c.text(_l("City"), 60, listed=True)
    address: Mapped[str | None] = c.text(_l("Address"), 200)
    phone: Mapped[str | None] = c.phone(_l("Phone"))
    opens: Mapped[str] = c.text(_l("Opens at"), 5, default="09:00", server_default="09:00", help=_l("Hours and minutes, like 09:00."))
    closes: Mapped[str] = c.text(_l("Closes at"), 5, default="20:30", server_default="20:30", help=_l("Hours and minutes, like 20:30."))
    customers_each: Mapped[int] = c.whole(_l("Customers a person can keep"), default=400, server_default="400")
    tasks_each: Mapped[int] = c.whole(_l("Tasks a person can do in a day"), default=40, server_default="40")
    claims_each: Mapped[int] = c.whole(_l("Customers a person may claim from the pool in a day"), default=20, server_default="20")
    reveals_each: Mapped[int] = c.whole(_l("Numbers a person may reveal a day without a task"), default=30, server_default="30")
    contact_cap: Mapped[int] = c.whole(_l("Most marketing contacts in the period"), default=5, server_default="5", group=_l("Contacting customers"), help=_l("Every outbound contact of every department counts; only marketing is held back."))
    contact_cap_days: Mapped[int] = c.whole(_l("Period of the contact cap in days"), default=30, server_default="30", group=_l("Contacting customers"))
    quiet_from: Mapped[str | None] = c.text(_l("Quiet hours from"), 5, default="20:30", server_default="20:30", group=_l("Contacting customers"), help=_l("Nobody is called for marketing then. Empty: no quiet hours."))
    quiet_until: Mapped[str | None] = c.text(_l("Quiet hours until"), 5, default="09:00", server_default="09:00", group=_l("Contacting customers"), help=_l("May lie after midnight."))
    show_colleagues: Mapped[bool] = c.yes(_l("Colleagues see each other's score lines"))
    acknowledge_minutes: Mapped[int] = c.whole(_l("Complaint acknowledged within"), default=30, server_default="30", unit=_l("minutes"), group=_l("Complaints"), help=_l("Counted in store hours."))
    understand_minutes: Mapped[int] = c.whole(_l("Complaint understood within"), default=120, server_default="120", unit=_l("minutes"), group=_l("Complaints"), help=_l("Counted in store hours."))
    propose_minutes: Mapped[int] = c.whole(_l("Solution proposed within"), default=1440, server_default="1440", unit=_l("minutes"), group=_l("Complaints"), help=_l("Counted in store hours; 1440 are 24 hours."))
    finish_minutes: Mapped[int] = c.whole(_l("Solution carried out within"), default=4320, server_default="4320", unit=_l("minutes"), group=_l("Complaints"), help=_l("Counted in store hours; 4320 are 72 hours."))
    recall_days: Mapped[int] = c.whole(_l("Re-callback within"), default=3, server_default="3", unit=_l("days"), group=_l("Complaints"), help=_l("Calendar days after finishing."))
    recall_tries: Mapped[int] = c.whole(_l("Failed attempts before a manager may confirm"), default=3, server_default="3", group=_l("Complaints"))
    digest_at: Mapped[str] = c.text(_l("Morning digest at"), 5, default="08:30", server_default="08:30", group=_l("Reminders"), help=_l("Hours and minutes, like 09:00."))
    evening_at: Mapped[str] = c.text(_l("Evening note at"), 5, default="18:30", server_default="18:30", group=_l("Reminders"), help=_l("For managers: done, left and overdue by person."))
    digest_workdays: Mapped[bool] = c.yes(_l("Digests on working days only"), default=True, group=_l("Reminders"))
    stale_months: Mapped[int] = c.whole(_l("File to be confirmed again after"), default=12, server_default="12", unit=_l("months"), group=_l("Data quality"))
    coverage_days: Mapped[int] = c.whole(_l("Every customer is seen within"), default=90, server_default="90", unit=_l("days"), group=_l("Visits"), help=_l("The coverage page counts who was not seen for longer."))
    review_each: Mapped[int] = c.whole(_l("Reports a person to review each week"), default=2, server_default="2", group=_l("Visits"), help=_l("Drawn at random from the visits of the week before; 0 draws none."))
    consent_text: Mapped[str] = c.text(_l("Version of the consent text in use"), 40, default="1", server_default="1", group=_l("Contacting customers"), help=_l("Stands on every consent that is recorded from now on."))
    demo: Mapped[bool] = c.yes(_l("Demo store"), readonly=True)

    def __str__(self) -> str:
        return self.name


class Team(StoreRow, db.Model):
    """团队: people of one department under one manager."""

    __tablename__ = "team"

    name: Mapped[str] = c.text(_l("Team name"), 60, listed=True, searched=True)
    department: Mapped[str] = c.choice(_l("Department"), ch.Department, listed=True, filtered=True)
    manager_id: Mapped[int | None] = c.link(_l("Manager"), "user", listed=True, constraint=False)

    def __str__(self) -> str:
        return self.name


class Role(Row, db.Model):
    """角色: a code with its rights (Grant rows)."""

    __tablename__ = "role"

    code: Mapped[str] = c.text(_l("Code"), 40, listed=True, unique=True)
    name: Mapped[str] = c.text(_l("Role name"), 60, listed=True, searched=True)
    department: Mapped[str] = c.choice(_l("Department"), ch.Department, listed=True, filtered=True)
    manages: Mapped[bool] = c.yes(_l("Leads a team"), listed=True)
    home: Mapped[str] = c.text(_l("Home page"), 20, default="own", server_default="own", help=_l("own, team, marketing, audit or system."))

    def __str__(self) -> str:
        return self.name


class Grant(Row, db.Model):
    """权限: what a role may do with a table. The row scope says whose rows."""

    __tablename__ = "grant"
    __table_args__ = (sa.UniqueConstraint("role_id", "table"),)

    role_id: Mapped[int] = c.link(_l("Role"), "role", listed=True, filtered=True)
    table: Mapped[str] = c.text(_l("Table"), 40, listed=True, filtered=True)
    read: Mapped[str] = c.choice(_l("Read"), ch.Scope, listed=True, default=ch.Scope.NONE)
    write: Mapped[str] = c.choice(_l("Write"), ch.Scope, listed=True, default=ch.Scope.NONE)
    can_create: Mapped[bool] = c.yes(_l("Create"), listed=True)
    delete: Mapped[str] = c.choice(_l("Delete"), ch.Scope, listed=True, default=ch.Scope.NONE)
    can_export: Mapped[bool] = c.yes(_l("Export"), listed=True)
    can_reveal: Mapped[bool] = c.yes(_l("Reveal private fields"), listed=True)
    can_assign: Mapped[bool] = c.yes(_l("Assign to others"))
    can_merge: Mapped[bool] = c.yes(_l("Merge duplicate files"))
    second_person: Mapped[bool] = c.yes(_l("Export and deletion need a second person"),
                                      help=_l("A request that another person approves."))

    def __str__(self) -> str:
        return f"{self.table}"


class User(Row, db.Model):
    """员工账号: a person who signs in."""

    __tablename__ = "user"

    username: Mapped[str] = c.text(_l("User name"), 60, listed=True, searched=True, unique=True, names=("用户名", "账号", "工号"))
    name: Mapped[str] = c.text(_l("Name"), 60, listed=True, searched=True, names=("姓名", "员工姓名"))
    store_id: Mapped[int] = c.link(_l("Store"), "store", listed=True, filtered=True)
    role_id: Mapped[int] = c.link(_l("Role"), "role", listed=True, filtered=True, names=("角色", "岗位", "职位"))
    second_role_id: Mapped[int | None] = c.link(_l("Second role"), "role")
    team_id: Mapped[int | None] = c.link(_l("Team"), "team", listed=True, filtered=True, names=("团队", "部门", "小组"))
    active: Mapped[bool] = c.yes(_l("Active"), default=True, listed=True, filtered=True)
    group_wide: Mapped[bool] = c.yes(_l("Group role"), help=_l("Sees all stores of the group."))
    phone: Mapped[str | None] = c.phone(_l("Mobile"), private=True, names=("手机", "手机号", "电话"))
    email: Mapped[str | None] = c.email(_l("E-mail"), names=("邮箱",))
    locale: Mapped[str | None] = c.text(_l("Language"), 12, hidden=True)
    hired_on: Mapped[dt.date | None] = c.day(_l("Hired on"), names=("入职日期",))
    left_on: Mapped[dt.date | None] = c.day(_l("Left on"), names=("离职日期",))
    customers_max: Mapped[int | None] = c.whole(_l("Customers this person can keep"), help=_l("Empty: the store's number."))
    tasks_max: Mapped[int | None] = c.whole(_l("Tasks this person can do in a day"), help=_l("Empty: the store's number."))
    digest: Mapped[str] = c.choice(_l("Morning digest and evening note"), ch.DigestBy, default=ch.DigestBy.MAIL, server_default="mail", nullable=False)
    must_change_password: Mapped[bool] = c.yes(_l("Must change the password"))
    agreement_version: Mapped[str | None] = c.text(_l("Agreement signed, version"), 40, readonly=True)
    agreement_signed_at: Mapped[dt.datetime | None] = c.moment(_l("Agreement signed on"), readonly=True)
    last_sign_in_at: Mapped[dt.datetime | None] = c.moment(_l("Last sign-in"), readonly=True, listed=True)
    password_hash: Mapped[str | None] = mapped_column(sa.String(200))

    def __str__(self) -> str:
        return self.name

    # what flask-login asks of a person
    @property
    def is_active(self) -> bool:
        return bool(self.active) and self.deleted_at is None

    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def is_anonymous(self) -> bool:
        return False

    def get_id(self) -> str:
        return str(self.id)


class Agreement(Row, db.Model):
    """保密协议: the text that everybody reads and signs; a new version is signed again."""

    __tablename__ = "agreement"

    version_name: Mapped[str] = c.text(_l("Version"), 40, listed=True, unique=True)
    body: Mapped[str] = c.note(_l("Text"))
    valid_from: Mapped[dt.date] = c.day(_l("Valid from"), listed=True)

    def __str__(self) -> str:
        return self.version_name


class DirectoryChange(db.Model):
    """A change of people, rights, stores or agreements. Triggers of the database write it (directory.py)."""

    __tablename__ = "directory_change"

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)


class SignIn(db.Model):
    """A browser that is signed in. Its token stands hashed; the row goes when the session ends."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("user.id"), index=True)
    created_at: Mapped[dt.datetime] = c.moment(_l("Created"), default=utcnow, nullable=False)
    expires_at: Mapped[dt.datetime] = c.moment(_l("Ends"), nullable=False)
    address: Mapped[str | None] = mapped_column(sa.String(64))
    break_glass_until: Mapped[dt.datetime | None] = c.moment(_l("Break-glass until"))
    break_glass_reason: Mapped[str | None] = mapped_column(sa.String(200))


# ---------------------------------------------------------------- customers and cars

PERSON, WORK, WISHES, CARE = _l("About the customer"), _l("Occupation and household"), _l("Wishes"), _l("Care")


class Customer(StoreRow, db.Model):
    """客户档案: a person or a company that the store keeps (handbook ch. 2)."""

    __tablename__ = "customer"
    __table_args__ = (
        sa.Index("uq_customer_store_phone", "store_id", "phone", unique=True,
                 sqlite_where=sa.text(f"{LIVE} AND kept_apart = 0 AND phone IS NOT NULL"),
                 postgresql_where=sa.text(f"{LIVE} AND NOT kept_apart AND phone IS NOT NULL")),
        sa.Index("ix_customer_owner_grade", "owner_id", "grade", "id"),  # my customers of grade H
        sa.Index("ix_customer_store_id", "store_id", "id"),  # the list
        sa.Index("ix_customer_page", "id", "store_id", "owner_id", "advisor_id", "confidentiality",
                 sqlite_where=sa.text(LIVE), postgresql_where=sa.text(LIVE)),  # a jump deep down passes over keys alone
        sa.Index("ix_customer_advisor", "advisor_id", "id"),
        sa.Index("ix_customer_next", "store_id", "next_contact_on"),
        sa.Index("ix_customer_phone", "phone"),  # who has this number, whether kept apart or not
        sa.Index("ix_customer_phone2", "phone2"),
        sa.Index("ix_customer_birthday", "birthday", "pinyin"),  # who has this name and birthday
        sa.Index("ix_customer_confidential", "id", "store_id", "owner_id", "advisor_id", "confidentiality", "deleted_at",
                 sqlite_where=sa.text("confidentiality != 'normal'"),
                 postgresql_where=sa.text("confidentiality != 'normal'")),  # what the gate hides
    )

    name: Mapped[str] = c.text(_l("Name"), 80, listed=True, searched=True, group=PERSON, weight=10, names=("客户姓名", "姓名", "客户名称", "客户", "车主姓名", "车主", "联系人"))
    kind: Mapped[str] = c.choice(_l("Kind"), ch.CustomerKind, default=ch.CustomerKind.PERSON, filtered=True, group=PERSON, names=("客户类型", "性质"))
    sex: Mapped[str | None] = c.choice(_l("Sex"), ch.Sex, group=PERSON, weight=3, names=("性别",))
    phone: Mapped[str | None] = c.phone(_l("Mobile"), private=True, listed=True, searched=True, group=PERSON, weight=20, names=("手机号码", "联系电话", "手机", "手机号", "电话", "移动电话", "联系方式"))
    phone2: Mapped[str | None] = c.phone(_l("Second phone"), private=True, searched=True, group=PERSON, names=("备用电话", "电话2", "固定电话", "其他电话"))
    kept_apart: Mapped[bool] = c.yes(_l("Shares this phone with another file"), group=PERSON, help=_l("Tick only where two customers really share a number."))
    wechat: Mapped[str | None] = c.text(_l("WeChat"), 60, group=PERSON, weight=6, names=("微信", "微信号"))
    email: Mapped[str | None] = c.email(_l("E-mail"), group=PERSON, names=("邮箱", "电子邮箱", "电子邮件"))
    birthday: Mapped[dt.date | None] = c.day(_l("Birthday"), group=PERSON, weight=8, names=("生日", "出生日期", "出生年月"))
    birthday_calendar: Mapped[str] = c.choice(_l("Birthday is"), ch.BirthdayCalendar, default=ch.BirthdayCalendar.SOLAR, group=PERSON, names=("生日类型", "公历农历"))
    id_number: Mapped[str | None] = c.id_number(_l("ID number"), group=PERSON, help=_l("Only where the law or a contract needs it. Stored encrypted."), names=("身份证", "身份证号", "身份证号码"))
    address: Mapped[str | None] = c.text(_l("Address"), 200, group=PERSON, weight=5, names=("地址", "住址", "联系地址", "家庭住址"))
    district: Mapped[str | None] = c.text(_l("District"), 60, filtered=True, group=PERSON, weight=3, names=("区域", "区县", "居住区", "所在区", "城区"))

    stage: Mapped[str] = c.choice(_l("Stage"), ch.Stage, default=ch.Stage.LEAD, listed=True, filtered=True, group=CARE, names=("客户状态", "阶段", "状态"))
    grade: Mapped[str] = c.choice(_l("Intent grade"), ch.Grade, default=ch.Grade.N, listed=True, filtered=True, group=CARE, names=("意向级别", "意向等级", "级别", "等级"))
    graded_on: Mapped[dt.date | None] = c.day(_l("Graded on"), readonly=True, group=CARE)
    tier: Mapped[str | None] = c.choice(_l("Value tier"), ch.Tier, listed=True, filtered=True, group=CARE, names=("价值等级", "客户等级"))
    owner_id: Mapped[int | None] = c.link(_l("Owner"), "user", listed=True, filtered=True, group=CARE, help=_l("Empty: the customer stands in the pool."), names=("负责人", "销售顾问", "业务员", "归属顾问", "跟进人", "顾问"))
    owner_text: Mapped[str | None] = c.text(_l("Owner in the old ledger"), 60, readonly=True, group=CARE)
    advisor_id: Mapped[int | None] = c.link(_l("Service advisor"), "user", filtered=True, group=CARE, names=("服务顾问",))
    source: Mapped[str | None] = c.choice(_l("Source"), ch.Source, filtered=True, group=CARE, weight=5, names=("来源", "客户来源", "信息来源", "来源渠道"))
    source_detail: Mapped[str | None] = c.text(_l("Source detail"), 120, group=CARE, names=("来源明细", "来源说明"))
    referrer_id: Mapped[int | None] = c.link(_l("Referred by"), "customer", group=CARE)
    screening: Mapped[str | None] = c.choice(_l("Screened"), ch.Screening, filtered=True, group=CARE, help=_l("Whether the lead is a real one. An invalid lead needs a reason; its open tasks are void."), names=("线索有效性", "是否有效"))
    screening_reason: Mapped[str | None] = c.text(_l("Why invalid"), 200, group=CARE, names=("无效原因",))
    credit: Mapped[str | None] = c.choice(_l("Credit level"), ch.CreditLevel, group=CARE, names=("信用等级",))
    tags: Mapped[list[str] | None] = c.tags(_l("Tags"), group=CARE, names=("标签",))
    note: Mapped[str | None] = c.note(_l("Note"), group=CARE, names=("备注", "说明"))
    registered_on: Mapped[dt.date | None] = c.day(_l("On file since"), group=CARE, names=("建档日期", "登记日期", "录入日期", "首次来访"))

    model_wish: Mapped[str | None] = c.text(_l("Model wished for"), 80, filtered=True, group=WISHES, weight=6, names=("意向车型", "关注车型", "拟购车型"))
    budget: Mapped[Decimal | None] = c.money(_l("Budget"), group=WISHES, weight=4, names=("预算", "购车预算"))
    use: Mapped[str | None] = c.text(_l("Purpose of use"), 80, group=WISHES, weight=4, names=("购车用途", "用途"))
    concerns: Mapped[str | None] = c.text(_l("Concerns"), 200, group=WISHES, names=("关注点", "顾虑"))
    decision_power: Mapped[str | None] = c.choice(_l("Decision power"), ch.DecisionPower, group=WISHES, weight=3, names=("决策权",))
    hobbies: Mapped[str | None] = c.text(_l("Hobbies"), 120, group=WISHES, weight=3, names=("爱好", "兴趣爱好"))
    channel: Mapped[str | None] = c.choice(_l("Preferred channel"), ch.Channel, group=WISHES, weight=3, names=("偏好渠道", "联系渠道", "首选联系方式"))
    hours: Mapped[str | None] = c.text(_l("Preferred hours"), 40, group=WISHES, weight=2, names=("方便时间", "联系时间"))

    occupation: Mapped[str | None] = c.text(_l("Occupation"), 60, group=WORK, weight=4, names=("职业",))
    employer: Mapped[str | None] = c.text(_l("Employer"), 120, group=WORK, weight=3, names=("单位", "工作单位", "公司"))
    industry: Mapped[str | None] = c.text(_l("Industry"), 60, group=WORK, weight=2, names=("行业",))
    employer_size: Mapped[str | None] = c.text(_l("Employees"), 40, group=WORK, names=("规模", "公司规模"))
    family: Mapped[str | None] = c.text(_l("Family"), 200, group=WORK, weight=3, names=("家庭", "家庭情况", "家庭成员"))
    finances: Mapped[str | None] = c.choice(_l("Finances"), ch.FinanceBand, group=WORK, help=_l("Off by default: fill in only with the customer's consent."), names=("收入", "经济状况"))

    confidentiality: Mapped[str] = c.choice(_l("Confidentiality"), ch.Confidentiality, default=ch.Confidentiality.NORMAL, filtered=True, group=CARE)
    confidential_reason: Mapped[str | None] = c.text(_l("Why confidential"), 200, group=CARE)
    confidential_until: Mapped[dt.date | None] = c.day(_l("Confidential until"), group=CARE)
    do_not_disturb: Mapped[bool] = c.yes(_l("No marketing contact"), filtered=True, group=CARE)
    marketing_withdrawn: Mapped[bool] = c.yes(_l("Consent to marketing withdrawn"), filtered=True, readonly=True, group=CARE)
    marketing_blocked_until: Mapped[dt.date | None] = c.day(_l("Marketing contacts again from"), filtered=True, readonly=True, group=CARE)
    lost_reason: Mapped[str | None] = c.text(_l("Why lost"), 200, group=CARE, names=("战败原因", "流失原因"))

    last_contact_at: Mapped[dt.datetime | None] = c.moment(_l("Last contact"), listed=True, filtered=True, readonly=True, group=CARE, names=("最近联系", "上次联系", "最后跟进"))
    next_contact_on: Mapped[dt.date | None] = c.day(_l("Next contact"), listed=True, filtered=True, readonly=True, group=CARE, names=("下次跟进", "下次联系", "下次回访"))
    confirmed_on: Mapped[dt.date | None] = c.day(_l("File confirmed on"), readonly=True, group=CARE)
    pooled_on: Mapped[dt.date | None] = c.day(_l("In the pool since"), readonly=True, group=CARE)
    completeness: Mapped[int] = c.percent(_l("Completeness"), default=0, server_default="0", listed=True, readonly=True, group=CARE)
    pinyin: Mapped[str | None] = mapped_column(sa.String(200))

    def __str__(self) -> str:
        return self.name


class CustomerReader(StoreRow, db.Model):
    """知情人: a person who may open a secret file, why and until when (None: without end)."""

    __tablename__ = "customer_reader"
    __table_args__ = (sa.UniqueConstraint("customer_id", "user_id"),)

    customer_id: Mapped[int] = c.link(_l("Customer"), "customer", listed=True, index=True)
    user_id: Mapped[int] = c.link(_l("Person"), "user", listed=True)
    reason: Mapped[str] = c.text(_l("Reason"), 200, listed=True)
    until: Mapped[dt.date | None] = c.day(_l("Until"), listed=True)

    def __str__(self) -> str:
        return self.reason


class Consent(StoreRow, db.Model):
    """同意记录: what a customer consented to or withdrew, under which text, how and when. Only ever added to: the
    latest row of a purpose holds (rules/consents.py)."""

    __tablename__ = "consent"
    __table_args__ = (sa.Index("ix_consent_customer", "customer_id", "at"),)  # what holds, and the history

    customer_id: Mapped[int] = c.link(_l("Customer"), "customer", listed=True)
    purpose: Mapped[str] = c.choice(_l("Consents to"), ch.ConsentPurpose, listed=True, filtered=True)
    state: Mapped[str] = c.choice(_l("State"), ch.ConsentState, listed=True, filtered=True)
    at: Mapped[dt.datetime] = c.moment(_l("Time"), listed=True, filtered=True)
    source: Mapped[str] = c.choice(_l("How it was said"), ch.ConsentSource, listed=True, filtered=True)
    text_version: Mapped[str] = c.text(_l("Version of the text"), 40, listed=True)
    by_id: Mapped[int | None] = c.link(_l("Recorded by"), "user", listed=True, filtered=True)
    note: Mapped[str | None] = c.text(_l("Note"), 200)

    def __str__(self) -> str:
        return f"#{self.id}"


class Contact(StoreRow, db.Model):
    """联系人 of a company customer."""

    __tablename__ = "contact"
    __table_args__ = (sa.Index("ix_contact_phone", "phone"),)  # whose number this is

    customer_id: Mapped[int] = c.link(_l("Customer"), "customer", listed=True, index=True)
    name: Mapped[str] = c.text(_l("Name"), 80, listed=True, searched=True, names=("联系人", "姓名"))
    title: Mapped[str | None] = c.text(_l("Title"), 60, listed=True, names=("职务", "职位"))
    decision_power: Mapped[str | None] = c.choice(_l("Decision power"), ch.DecisionPower, listed=True, filtered=True)
    phone: Mapped[str | None] = c.phone(_l("Mobile"), private=True, listed=True, searched=True, names=("手机", "电话"))
    email: Mapped[str | None] = c.email(_l("E-mail"))
    note: Mapped[str | None] = c.note(_l("Note"))

    def __str__(self) -> str:
        return self.name


class Vehicle(StoreRow, db.Model):
    """车辆: one owner now, a history of owners in vehicle_owner."""

    __tablename__ = "vehicle"
    __table_args__ = (
        sa.Index("uq_vehicle_store_vin", "store_id", "vin", unique=True,
                 sqlite_where=sa.text(f"{LIVE} AND vin IS NOT NULL"),
                 postgresql_where=sa.text(f"{LIVE} AND vin IS NOT NULL")),
        sa.Index("ix_vehicle_customer", "customer_id"),
        sa.Index("ix_vehicle_plate", "plate"),
        sa.Index("ix_vehicle_vin", "vin"),  # of whatever store
        sa.Index("ix_vehicle_sold", "sold_by_id", "bought_on"),  # deals and revenue, per person
        sa.Index("ix_vehicle_insurance", "store_id", "insurance_until"),
        sa.Index("ix_vehicle_next_service", "store_id", "next_service_on"),
    )

    customer_id: Mapped[int | None] = c.link(_l("Customer"), "customer", listed=True)
    model: Mapped[str] = c.text(_l("Model"), 80, listed=True, searched=True, filtered=True, names=("车型", "购买车型", "车型名称", "成交车型"))
    vin: Mapped[str | None] = c.vin(_l("VIN"), private=True, listed=True, searched=True, names=("车架号", "VIN", "VIN码", "底盘号", "车辆识别代号"))
    plate: Mapped[str | None] = c.plate(_l("Plate"), private=True, listed=True, searched=True, names=("车牌", "车牌号", "车牌号码"))
    brand: Mapped[str | None] = c.text(_l("Brand"), 60, names=("品牌",))
    trim: Mapped[str | None] = c.text(_l("Trim"), 80, names=("配置", "版本"))
    colour: Mapped[str | None] = c.text(_l("Colour"), 40, names=("颜色", "车身颜色"))
    bought_on: Mapped[dt.date | None] = c.day(_l("Bought on"), listed=True, filtered=True, names=("购车日期", "交车日期", "提车日期", "成交日期"))
    sold_by_id: Mapped[int | None] = c.link(_l("Sold by"), "user", filtered=True)
    price: Mapped[Decimal | None] = c.money(_l("Price"), names=("成交价", "车价", "购车价格", "成交价格"))
    bought_here: Mapped[bool] = c.yes(_l("Bought in this store"), default=True)
    mileage: Mapped[int | None] = c.whole(_l("Mileage"), listed=True, unit=_l("km"), names=("里程", "行驶里程", "公里数"))
    mileage_on: Mapped[dt.date | None] = c.day(_l("Mileage read on"), readonly=True)
    first_service_done: Mapped[bool] = c.yes(_l("First service done"), filtered=True, names=("是否首保", "首保"))
    last_service_on: Mapped[dt.date | None] = c.day(_l("Last service"), readonly=True)
    last_service_km: Mapped[int | None] = c.whole(_l("Mileage at the last service"), readonly=True, unit=_l("km"))
    next_service_on: Mapped[dt.date | None] = c.day(_l("Next service due"), listed=True, filtered=True, names=("下次保养", "下次保养日期"))
    next_service_km: Mapped[int | None] = c.whole(_l("Next service at"), unit=_l("km"))
    insurer: Mapped[str | None] = c.text(_l("Insurer"), 60, names=("保险公司",))
    insurance_until: Mapped[dt.date | None] = c.day(_l("Insurance until"), listed=True, filtered=True, names=("保险到期", "保险到期日", "交强险到期"))
    warranty_until: Mapped[dt.date | None] = c.day(_l("Warranty until"), names=("质保到期", "质保到期日"))
    inspection_until: Mapped[dt.date | None] = c.day(_l("Annual inspection due"), names=("年检到期", "年审到期"))
    note: Mapped[str | None] = c.note(_l("Note"))

    def __str__(self) -> str:
        return self.model


class VehicleOwner(StoreRow, db.Model):
    """车主变更: who owned a car from when until when (until None: now)."""

    __tablename__ = "vehicle_owner"

    vehicle_id: Mapped[int] = c.link(_l("Vehicle"), "vehicle", listed=True, index=True)
    customer_id: Mapped[int] = c.link(_l("Customer"), "customer", listed=True, index=True)
    since: Mapped[dt.date | None] = c.day(_l("From"), listed=True)
    until: Mapped[dt.date | None] = c.day(_l("Until"), listed=True)

    def __str__(self) -> str:
        return f"{self.since or ''} – {self.until or ''}"


# ---------------------------------------------------------------- keeping contact

PLAN, REPORT, NEXT = _l("Plan"), _l("Report"), _l("Next step")
ASKED, REPLY = _l("What is asked"), _l("Answer")


class Visit(StoreRow, db.Model):
    """拜访/接触: every contact by every channel, planned or done (handbook, visits)."""

    __tablename__ = "visit"
    __table_args__ = (
        sa.Index("ix_visit_customer_at", "customer_id", "at"),  # the timeline
        sa.Index("ix_visit_staff_at", "staff_id", "at"),  # visits logged, per person
        sa.Index("ix_visit_store_at", "store_id", "at"),
    )

    customer_id: Mapped[int] = c.link(_l("Customer"), "customer", listed=True, names=("客户姓名", "客户", "姓名"))
    state: Mapped[str] = c.choice(_l("State"), ch.VisitState, default=ch.VisitState.DONE, filtered=True, listed=True)
    at: Mapped[dt.datetime] = c.moment(_l("Time"), listed=True, filtered=True, names=("回访时间", "回访日期", "拜访时间", "跟进时间", "时间", "日期"))
    channel: Mapped[str] = c.choice(_l("Channel"), ch.Channel, default=ch.Channel.PHONE, listed=True, filtered=True, names=("方式", "回访方式", "渠道", "跟进方式"))
    outbound: Mapped[bool] = c.yes(_l("We made the contact"), default=True, filtered=True)
    purpose_kind: Mapped[str | None] = c.choice(_l("Purpose"), ch.Purpose, filtered=True)
    staff_id: Mapped[int | None] = c.link(_l("By"), "user", listed=True, filtered=True, names=("回访人", "跟进人", "拜访人", "业务员", "顾问"))
    staff_text: Mapped[str | None] = c.text(_l("By, in the old ledger"), 60, readonly=True)
    vehicle_id: Mapped[int | None] = c.link(_l("Vehicle"), "vehicle")
    followup_id: Mapped[int | None] = c.link(_l("Follow-up"), "followup", readonly=True, constraint=False)
    campaign_id: Mapped[int | None] = c.link(_l("Campaign"), "campaign", filtered=True)

    purpose: Mapped[str | None] = c.text(_l("What for"), 200, group=PLAN, names=("目的", "回访目的"))
    goal: Mapped[str | None] = c.text(_l("Goal"), 200, group=PLAN)
    policy: Mapped[str | None] = c.text(_l("This month's policy to mention"), 200, group=PLAN)
    checklist: Mapped[list[str] | None] = c.tags(_l("Things to bring"), group=PLAN, help=_l("Brochure, cards, notebook and pen, customer list, promotion items, gifts."))
    packed: Mapped[list[str] | None] = c.tags(_l("Packed"), group=PLAN, readonly=True)

    result: Mapped[str | None] = c.choice(_l("Result"), ch.VisitResult, listed=True, filtered=True, group=REPORT, names=("结果", "回访结果"))
    satisfaction: Mapped[int | None] = c.whole(_l("Satisfaction, 1 to 5"), group=REPORT, names=("满意度", "评分"))
    content: Mapped[str | None] = c.note(_l("Content"), searched=True, listed=True, group=REPORT, names=("内容", "回访内容", "跟进内容", "沟通内容", "备注"))
    met_name: Mapped[str | None] = c.text(_l("Met"), 80, group=REPORT)
    met_title: Mapped[str | None] = c.text(_l("Title"), 60, group=REPORT)
    met_decision_power: Mapped[str | None] = c.choice(_l("Decision power"), ch.DecisionPower, group=REPORT)
    needs: Mapped[str | None] = c.note(_l("Needs"), group=REPORT)
    problems: Mapped[str | None] = c.note(_l("Problems"), group=REPORT)
    suggestions: Mapped[str | None] = c.note(_l("Suggestions and opinions"), group=REPORT)
    objection: Mapped[str | None] = c.text(_l("Objection"), 200, group=REPORT)
    objection_weight: Mapped[str | None] = c.choice(_l("Weight of the objection"), ch.ObjectionWeight, group=REPORT)
    objection_answer: Mapped[str | None] = c.text(_l("How it was handled"), 200, group=REPORT)
    prospects: Mapped[str | None] = c.text(_l("Other prospects heard of"), 200, group=REPORT)
    competitor: Mapped[str | None] = c.text(_l("Competitor information"), 200, group=REPORT)
    credit_change: Mapped[str | None] = c.text(_l("Change of credit and its cause"), 200, group=REPORT)
    credit_to: Mapped[str | None] = c.choice(_l("New credit level"), ch.CreditLevel, group=REPORT)
    guidance_minutes: Mapped[int | None] = c.whole(_l("Guidance given"), group=REPORT, unit=_l("minutes"), help=_l("60 to 120 minutes on a visit at the customer's."))
    call_minutes: Mapped[int | None] = c.whole(_l("Length of the call"), group=REPORT, unit=_l("minutes"))
    summary: Mapped[str | None] = c.text(_l("Summary"), 200, group=REPORT)

    next_step: Mapped[str | None] = c.text(_l("Next step"), 200, group=NEXT)
    next_on: Mapped[dt.date | None] = c.day(_l("Next contact"), listed=True, group=NEXT, names=("下次回访", "下次跟进", "下次回访日期", "下次联系"))
    reviewed_by_id: Mapped[int | None] = c.link(_l("Reviewed by"), "user", readonly=True)
    review_note: Mapped[str | None] = c.text(_l("Manager's remark"), 200, group=NEXT)
    sampled_on: Mapped[dt.date | None] = c.day(_l("Drawn for review"), readonly=True, filtered=True)
    reviewed_at: Mapped[dt.datetime | None] = c.moment(_l("Reviewed"), readonly=True, filtered=True)
    review_seen_at: Mapped[dt.datetime | None] = c.moment(_l("Remark confirmed"), readonly=True)
    photo_count: Mapped[int] = c.whole(_l("Photos"), default=0, server_default="0", readonly=True)

    def __str__(self) -> str:
        return self.summary or (self.content or "")[:40] or self.purpose or f"#{self.id}"


class Promise(StoreRow, db.Model):
    """承诺: what was promised to whom, by whom, until when; kept or broken."""

    __tablename__ = "promise"
    __table_args__ = (sa.Index("ix_promise_due", "store_id", "state", "due_on"),
                      sa.Index("ix_promise_by", "by_id", "due_on"))  # promises kept, per person

    customer_id: Mapped[int] = c.link(_l("Customer"), "customer", listed=True, index=True)
    what: Mapped[str] = c.text(_l("What was promised"), 200, listed=True, searched=True)
    by_id: Mapped[int | None] = c.link(_l("Promised by"), "user", listed=True, filtered=True)
    due_on: Mapped[dt.date] = c.day(_l("Due"), listed=True, filtered=True)
    state: Mapped[str] = c.choice(_l("State"), ch.PromiseState, default=ch.PromiseState.OPEN, listed=True, filtered=True)
    settled_at: Mapped[dt.datetime | None] = c.moment(_l("Settled"), readonly=True)
    visit_id: Mapped[int | None] = c.link(_l("Visit"), "visit", readonly=True)
    note: Mapped[str | None] = c.note(_l("Note"))

    def __str__(self) -> str:
        return self.what


class Gift(StoreRow, db.Model):
    """礼品 ledger: what was given to whom, by whom, what it cost."""

    __tablename__ = "gift"

    customer_id: Mapped[int] = c.link(_l("Customer"), "customer", listed=True, index=True)
    name: Mapped[str] = c.text(_l("Gift"), 80, listed=True, searched=True)
    quantity: Mapped[int] = c.whole(_l("Quantity"), default=1, server_default="1", listed=True)
    value: Mapped[Decimal | None] = c.money(_l("Value"), listed=True)
    given_on: Mapped[dt.date] = c.day(_l("Given on"), listed=True, filtered=True)
    by_id: Mapped[int | None] = c.link(_l("Given by"), "user", listed=True, filtered=True)
    visit_id: Mapped[int | None] = c.link(_l("Visit"), "visit", readonly=True)
    occasion: Mapped[str | None] = c.text(_l("Occasion"), 80, listed=True)

    def __str__(self) -> str:
        return self.name


class Photo(StoreRow, db.Model):
    """照片: a picture of a visit, made smaller and without what the camera wrote beside it; it lies encrypted."""

    __tablename__ = "photo"

    customer_id: Mapped[int] = c.link(_l("Customer"), "customer", listed=True, index=True)
    visit_id: Mapped[int] = c.link(_l("Visit"), "visit", listed=True, index=True)
    by_id: Mapped[int | None] = c.link(_l("By"), "user", listed=True, filtered=True)
    at: Mapped[dt.datetime] = c.moment(_l("Time"), listed=True, filtered=True)
    width: Mapped[int] = c.whole(_l("Width"), unit=_l("pixels"), readonly=True)
    height: Mapped[int] = c.whole(_l("Height"), unit=_l("pixels"), readonly=True)

    def __str__(self) -> str:
        return f"#{self.id}"


class PhotoData(db.Model):
    """The picture itself, as JPEG, and the small one that lists show; both encrypted."""

    __tablename__ = "photo_data"

    id: Mapped[int] = mapped_column(sa.ForeignKey("photo.id"), primary_key=True, autoincrement=False)
    full: Mapped[bytes] = mapped_column(EncryptedBytes)
    small: Mapped[bytes] = mapped_column(EncryptedBytes)


class FollowUpRule(Row, db.Model):
    """跟进规则: when something happens, somebody is to contact the customer so and so much later."""

    __tablename__ = "followup_rule"

    code: Mapped[str] = c.text(_l("Code"), 40, unique=True)
    name: Mapped[str] = c.text(_l("Rule name"), 80, listed=True, searched=True)
    trigger: Mapped[str] = c.choice(_l("Trigger"), ch.Trigger, listed=True, filtered=True)
    condition: Mapped[dict[str, Any] | None] = c.data(_l("If"), help=_l("Values of customer fields, such as grade or tier."))
    segment_id: Mapped[int | None] = c.link(_l("Segment"), "segment", filtered=True, constraint=False, help=_l("Only customers of this segment; the conditions beside it must hold as well."))
    offset: Mapped[int] = c.whole(_l("Offset"), listed=True, default=0, signed=True, help=_l("Negative: ahead of the date."))
    unit: Mapped[str] = c.choice(_l("Unit"), ch.OffsetUnit, listed=True, default=ch.OffsetUnit.DAYS)
    to_working_day: Mapped[bool] = c.yes(_l("Move to the next working day"))
    assignee: Mapped[str] = c.choice(_l("Done by"), ch.Assignee, listed=True, default=ch.Assignee.OWNER)
    person_id: Mapped[int | None] = c.link(_l("Named person"), "user")
    channel: Mapped[str] = c.choice(_l("Channel"), ch.Channel, listed=True, default=ch.Channel.PHONE)
    purpose: Mapped[str] = c.choice(_l("Purpose"), ch.Purpose, filtered=True, default=ch.Purpose.SERVICE)
    expires_after: Mapped[int | None] = c.whole(_l("Void after days"), listed=True, help=_l("Days after the event; empty: never."))
    sample_percent: Mapped[int] = c.percent(_l("Sample"), default=100, server_default="100", help=_l("Share of the cases, drawn at random."))
    script: Mapped[str | None] = c.note(_l("Script"))
    enabled: Mapped[bool] = c.yes(_l("Enabled"), default=True, listed=True, filtered=True)
    needs: Mapped[str | None] = c.text(_l("Waits for the table"), 40, readonly=True)
    source: Mapped[str | None] = c.text(_l("Source"), 80, help=_l("Handbook chapter or default."))

    def __str__(self) -> str:
        return self.name


class Segment(Row, db.Model):
    """客户细分: a saved rule over the customer's fields and facts; all of its clauses must hold."""

    __tablename__ = "segment"

    name: Mapped[str] = c.text(_l("Segment name"), 80, listed=True, searched=True)
    store_id: Mapped[int | None] = c.link(_l("Store"), "store", listed=True, help=_l("Empty: for every store of the group."))
    clauses: Mapped[list[dict[str, Any]] | None] = c.data(_l("Who belongs to it"), help=_l("Every line must hold."))
    active: Mapped[bool] = c.yes(_l("In use"), default=True, listed=True, filtered=True)
    note: Mapped[str | None] = c.text(_l("Note"), 200, listed=True)

    def __str__(self) -> str:
        return self.name


class CalendarDay(Row, db.Model):
    """工作日历: a day on which a store works, or does not, other than the published calendar says."""

    __tablename__ = "calendar_day"
    __table_args__ = (
        sa.Index("uq_calendar_day_store", "store_id", "day", unique=True,
                 sqlite_where=sa.text(f"{LIVE} AND store_id IS NOT NULL"),
                 postgresql_where=sa.text(f"{LIVE} AND store_id IS NOT NULL")),
        sa.Index("uq_calendar_day_group", "day", unique=True,
                 sqlite_where=sa.text(f"{LIVE} AND store_id IS NULL"),
                 postgresql_where=sa.text(f"{LIVE} AND store_id IS NULL")),
    )

    day: Mapped[dt.date] = c.day(_l("Day"), listed=True, filtered=True)
    kind: Mapped[str] = c.choice(_l("Kind of day"), ch.DayKind, default=ch.DayKind.HOLIDAY, listed=True, filtered=True)
    name: Mapped[str] = c.text(_l("Occasion"), 80, listed=True, searched=True)
    store_id: Mapped[int | None] = c.link(_l("Store"), "store", listed=True, help=_l("Empty: for every store of the group."))

    def __str__(self) -> str:
        return self.name


class FollowUp(StoreRow, db.Model):
    """待跟进: a customer is due for contact. `occurrence` is unique: no task is made twice."""

    __tablename__ = "followup"
    __table_args__ = (
        sa.UniqueConstraint("occurrence"),
        sa.Index("ix_followup_assignee_due", "assignee_id", "state", "due_on", "id"),  # the due list
        sa.Index("ix_followup_store_due", "store_id", "state", "due_on", "id"),  # the team's due list
        sa.Index("ix_followup_customer", "customer_id", "state"),
        sa.Index("ix_followup_closed", "assignee_id", "closed_at"),  # progress of the day, scores
        sa.Index("ix_followup_rule_due", "rule_id", "due_at", sqlite_where=sa.text("state IN ('open', 'snoozed')"),
                 postgresql_where=sa.text("state IN ('open', 'snoozed')")),  # first contacts that are due by now
    )

    customer_id: Mapped[int] = c.link(_l("Customer"), "customer", listed=True)
    reason: Mapped[str] = c.text(_l("Reason"), 120, listed=True, searched=True)
    rule_id: Mapped[int | None] = c.link(_l("Rule"), "followup_rule", filtered=True, readonly=True)
    assignee_id: Mapped[int | None] = c.link(_l("Person"), "user", listed=True, filtered=True)
    due_on: Mapped[dt.date] = c.day(_l("Due day"), listed=True, filtered=True)
    due_at: Mapped[dt.datetime] = c.moment(_l("Due"), help=_l("The time of the day matters only for rules in hours or minutes."))
    channel: Mapped[str | None] = c.choice(_l("Channel"), ch.Channel, listed=True, filtered=True)
    purpose: Mapped[str] = c.choice(_l("Purpose"), ch.Purpose, default=ch.Purpose.SERVICE, filtered=True)
    state: Mapped[str] = c.choice(_l("State"), ch.FollowUpState, default=ch.FollowUpState.OPEN, listed=True, filtered=True)
    script: Mapped[str | None] = c.note(_l("Script"))
    vehicle_id: Mapped[int | None] = c.link(_l("Vehicle"), "vehicle", readonly=True)
    source_table: Mapped[str | None] = c.text(_l("Made by"), 40, readonly=True)
    source_id: Mapped[int | None] = c.whole(_l("Record"), readonly=True)
    occurrence: Mapped[str] = c.text(_l("Occurrence"), 160, hidden=True)
    expires_on: Mapped[dt.date | None] = c.day(_l("Void after"), readonly=True)
    first_due_on: Mapped[dt.date] = c.day(_l("First due day"), readonly=True)
    snooze_count: Mapped[int] = c.whole(_l("Times snoozed"), default=0, server_default="0", readonly=True)
    note: Mapped[str | None] = c.text(_l("Reason given"), 200, readonly=True)
    visit_id: Mapped[int | None] = c.link(_l("Done by the visit"), "visit", readonly=True)
    closed_at: Mapped[dt.datetime | None] = c.moment(_l("Settled"), readonly=True)
    closed_by_id: Mapped[int | None] = c.link(_l("Settled by"), "user", readonly=True)
    allowed_at: Mapped[dt.datetime | None] = c.moment(_l("Contact allowed"), readonly=True)
    allowed_by_id: Mapped[int | None] = c.link(_l("Allowed by"), "user", readonly=True, constraint=False)
    allowed_reason: Mapped[str | None] = c.text(_l("Why it was allowed"), 200, readonly=True)
    escalated_level: Mapped[int] = c.whole(_l("Reported upwards"), default=0, server_default="0", readonly=True, help=_l("1: to the manager, 2: to the general manager."))

    def __str__(self) -> str:
        return self.reason


class Inquiry(StoreRow, db.Model):
    """咨询: a question by phone, e-mail, web chat or social media; answered or given a plan within its time."""

    __tablename__ = "inquiry"
    __table_args__ = (
        sa.Index("ix_inquiry_store_state", "store_id", "state", "due_at"),  # what waits, and what is late
        sa.Index("ix_inquiry_owner", "owner_id", "state"),
        sa.Index("ix_inquiry_customer", "customer_id"),  # the timeline
    )

    question: Mapped[str] = c.note(_l("Question"), listed=True, searched=True, group=ASKED)
    channel: Mapped[str] = c.choice(_l("Channel"), ch.InquiryChannel, default=ch.InquiryChannel.PHONE, listed=True, filtered=True, group=ASKED)
    customer_id: Mapped[int | None] = c.link(_l("Customer"), "customer", listed=True, group=ASKED, help=_l("Empty where the store has no file of whoever asks; then name and phone are needed."))
    name: Mapped[str | None] = c.text(_l("Name of who asks"), 80, listed=True, searched=True, group=ASKED)
    phone: Mapped[str | None] = c.phone(_l("Mobile"), private=True, group=ASKED)
    received_at: Mapped[dt.datetime] = c.moment(_l("Received"), default=utcnow, listed=True, filtered=True, group=ASKED)
    owner_id: Mapped[int | None] = c.link(_l("In charge"), "user", listed=True, filtered=True, group=ASKED, help=_l("Empty: who keeps the customer, else who takes it in."))
    due_at: Mapped[dt.datetime] = c.moment(_l("To be answered by"), listed=True, filtered=True, readonly=True, group=ASKED)
    plan: Mapped[str | None] = c.note(_l("Plan"), group=REPLY, help=_l("What will be done and until when, where it cannot be answered at once."))
    answer: Mapped[str | None] = c.note(_l("Answer"), group=REPLY)
    state: Mapped[str] = c.choice(_l("State"), ch.InquiryState, default=ch.InquiryState.OPEN, listed=True, filtered=True, group=REPLY, help=_l("Follows from the answer and the plan; set it to closed when all is done."))
    planned_at: Mapped[dt.datetime | None] = c.moment(_l("Plan given"), readonly=True, group=REPLY)
    answered_at: Mapped[dt.datetime | None] = c.moment(_l("Answered on"), readonly=True, filtered=True, group=REPLY)
    complaint_id: Mapped[int | None] = c.link(_l("Became the complaint"), "complaint", readonly=True, group=REPLY, index=True)
    escalated_to: Mapped[int] = c.whole(_l("Reported upwards"), default=0, server_default="0", readonly=True, filtered=True, group=REPLY, help=_l("1: to the manager, 2: to the general manager."))

    def __str__(self) -> str:
        return " ".join((self.question or "").split())[:40]


class DueTask(db.Model):
    """An open task as the due list orders, counts and gates it (due_index.py). Kept by triggers alone."""

    __tablename__ = "due_task"
    __table_args__ = (
        # the list of one person and its counts, from the index alone
        sa.Index("ix_due_task_person", "assignee_id", "due_at", "urgency", "id", "due_on", "rule_id", "store_id",
                 "confidentiality", "owner_id", "advisor_id", "customer_id", "blocked_until"),
        # the counts of everybody
        sa.Index("ix_due_task_day", "store_id", "due_on", "assignee_id", "owner_id", "advisor_id", "confidentiality",
                 "customer_id", "rule_id", "blocked_until"),
        sa.Index("ix_due_task_order", "due_at", "urgency", "id"),  # the list of everybody
        sa.Index("ix_due_task_customer", "customer_id"),
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)  # of the task
    store_id: Mapped[int] = mapped_column(sa.Integer)
    customer_id: Mapped[int] = mapped_column(sa.Integer)
    assignee_id: Mapped[int | None] = mapped_column(sa.Integer)
    rule_id: Mapped[int | None] = mapped_column(sa.Integer)
    due_on: Mapped[dt.date] = mapped_column(sa.Date)
    due_at: Mapped[dt.datetime] = c.moment(_l("Due"), nullable=False)
    owner_id: Mapped[int | None] = mapped_column(sa.Integer)
    advisor_id: Mapped[int | None] = mapped_column(sa.Integer)
    confidentiality: Mapped[str] = c.choice(_l("Confidentiality"), ch.Confidentiality, nullable=False)
    urgency: Mapped[int] = mapped_column(sa.Integer)
    blocked_until: Mapped[dt.date | None] = mapped_column(sa.Date)


# ---------------------------------------------------------------- complaints

INTAKE, CAUSES, SOLVING, RECALL = _l("Intake"), _l("Cause"), _l("Solution"), _l("Re-callback")


class Complaint(StoreRow, db.Model):
    """投诉/抱怨. The state moves only through rules/complaints.py; see DOMAIN 3.2."""

    __tablename__ = "complaint"
    __table_args__ = (
        sa.UniqueConstraint("store_id", "number"),
        sa.Index("ix_complaint_number", "number", postgresql_ops={"number": "varchar_pattern_ops"}),  # by its beginning
        sa.Index("ix_complaint_store_state", "store_id", "state", "id"),  # the list by station
        sa.Index("ix_complaint_customer", "customer_id"),
        sa.Index("ix_complaint_responsible", "responsible_id", "received_at"),
        sa.Index("ix_complaint_received", "store_id", "received_at"),
        sa.Index("ix_complaint_unfinished", "store_id", "received_at", sqlite_where=sa.text("finished_at IS NULL"),
                 postgresql_where=sa.text("finished_at IS NULL")),  # what may be late by now
        sa.Index("ix_complaint_open", "store_id", "received_at", "id", sqlite_where=sa.text("state != 'closed'"),
                 postgresql_where=sa.text("state != 'closed'")),  # the board, the menu: stations.OPEN
    )

    number: Mapped[str] = c.text(_l("Number"), 30, listed=True, searched=True, readonly=True)
    customer_id: Mapped[int] = c.link(_l("Customer"), "customer", listed=True, group=INTAKE)
    vehicle_id: Mapped[int | None] = c.link(_l("Vehicle"), "vehicle", group=INTAKE)
    text: Mapped[str] = c.note(_l("What the customer says"), listed=True, searched=True, group=INTAKE, names=("投诉内容", "内容", "抱怨内容"))
    received_at: Mapped[dt.datetime] = c.moment(_l("Received"), default=utcnow, listed=True, filtered=True, group=INTAKE, names=("登记日期", "投诉日期", "日期", "投诉时间"))
    channel: Mapped[str] = c.choice(_l("Channel"), ch.ComplaintChannel, default=ch.ComplaintChannel.PHONE, filtered=True, group=INTAKE, names=("渠道", "投诉渠道"))
    level: Mapped[str] = c.choice(_l("Level"), ch.ComplaintLevel, default=ch.ComplaintLevel.GENERAL, listed=True, filtered=True, group=INTAKE, names=("级别", "投诉级别"))
    area: Mapped[str] = c.choice(_l("Area"), ch.ComplaintArea, default=ch.ComplaintArea.SERVICE, listed=True, filtered=True, group=INTAKE, names=("投诉部门", "区域"))
    evidence: Mapped[str | None] = c.note(_l("Evidence"), group=INTAKE)
    state: Mapped[str] = c.choice(_l("State"), ch.ComplaintState, default=ch.ComplaintState.RECEIVED, listed=True, filtered=True, readonly=True)
    owner_id: Mapped[int | None] = c.link(_l("In charge"), "user", listed=True, filtered=True, readonly=True, names=("处理人", "负责人"))
    owner_text: Mapped[str | None] = c.text(_l("In charge, in the old ledger"), 60, readonly=True)
    estimate_at: Mapped[dt.datetime | None] = c.moment(_l("Estimated solution"), readonly=True, group=SOLVING)

    cause: Mapped[str | None] = c.choice(_l("Cause"), ch.Cause, listed=True, filtered=True, readonly=True, group=CAUSES, names=("原因分类", "原因"))
    cause_type: Mapped[str | None] = c.choice(_l("Cause type"), ch.CauseType, filtered=True, readonly=True, group=CAUSES)
    root: Mapped[str | None] = c.note(_l("Root of it"), readonly=True, group=CAUSES)
    responsible_id: Mapped[int | None] = c.link(_l("Responsible person"), "user", filtered=True, readonly=True, group=CAUSES)
    responsible_department: Mapped[str | None] = c.choice(_l("Responsible department"), ch.Department, filtered=True, readonly=True, group=CAUSES)
    user_cause_approved_by_id: Mapped[int | None] = c.link(_l("Cause \"user\" approved by"), "user", readonly=True, group=CAUSES)

    solution: Mapped[str | None] = c.note(_l("Solution"), readonly=True, group=SOLVING, names=("处理措施", "处理结果", "解决方案"))
    compensation: Mapped[Decimal | None] = c.money(_l("Compensation"), readonly=True, group=SOLVING)
    compensation_approved_by_id: Mapped[int | None] = c.link(_l("Compensation approved by"), "user", readonly=True, group=SOLVING)
    acknowledged_at: Mapped[dt.datetime | None] = c.moment(_l("Acknowledged"), readonly=True, group=SOLVING)
    understood_at: Mapped[dt.datetime | None] = c.moment(_l("Understood"), readonly=True, group=SOLVING)
    analysed_at: Mapped[dt.datetime | None] = c.moment(_l("Analysed"), readonly=True, group=SOLVING)
    proposed_at: Mapped[dt.datetime | None] = c.moment(_l("Proposed"), readonly=True, group=SOLVING)
    finished_at: Mapped[dt.datetime | None] = c.moment(_l("Finished"), readonly=True, filtered=True, group=SOLVING, names=("完成日期", "处理完成日期"))
    finished_by_id: Mapped[int | None] = c.link(_l("Finished by"), "user", readonly=True, group=SOLVING)

    recall_due_on: Mapped[dt.date | None] = c.day(_l("Re-callback until"), readonly=True, group=RECALL)
    recalled_at: Mapped[dt.datetime | None] = c.moment(_l("Called back"), readonly=True, group=RECALL)
    recalled_by_id: Mapped[int | None] = c.link(_l("Called back by"), "user", readonly=True, filtered=True, group=RECALL)
    recall_attempts: Mapped[int] = c.whole(_l("Failed attempts"), default=0, server_default="0", readonly=True, group=RECALL)
    satisfied: Mapped[bool | None] = mapped_column(sa.Boolean)
    loops: Mapped[int] = c.whole(_l("Rounds"), default=0, server_default="0", listed=True, readonly=True, group=RECALL)
    closed_at: Mapped[dt.datetime | None] = c.moment(_l("Closed"), readonly=True, filtered=True, group=RECALL)
    imported: Mapped[bool] = c.yes(_l("From an old ledger"), readonly=True, group=RECALL)
    lesson: Mapped[str | None] = c.note(_l("What is learnt"), readonly=True, group=RECALL)
    escalated_to: Mapped[int] = c.whole(_l("Escalation"), default=0, server_default="0", readonly=True, group=RECALL)

    def __str__(self) -> str:
        return self.number


class ComplaintStep(StoreRow, db.Model):
    """What was done about a complaint, by whom and when; a log that only grows."""

    __tablename__ = "complaint_step"
    __table_args__ = (sa.Index("ix_complaint_step_complaint", "complaint_id", "at"),)

    complaint_id: Mapped[int] = c.link(_l("Complaint"), "complaint", listed=True, readonly=True)
    kind: Mapped[str] = c.choice(_l("Step"), ch.StepKind, listed=True, filtered=True, readonly=True)
    at: Mapped[dt.datetime] = c.moment(_l("Time"), listed=True, filtered=True, readonly=True)
    by_id: Mapped[int | None] = c.link(_l("By"), "user", listed=True, filtered=True, readonly=True)
    round: Mapped[int] = c.whole(_l("Round"), default=0, server_default="0", listed=True, readonly=True)
    note: Mapped[str | None] = c.note(_l("Note"), listed=True, readonly=True)

    def __str__(self) -> str:
        return str(getattr(self.kind, "label", self.kind))


# ---------------------------------------------------------------- campaigns


class Campaign(StoreRow, db.Model):
    """活动: goal, form, plan, publicity, run, watch, close, evaluation (DOMAIN 3.5)."""

    __tablename__ = "campaign"

    name: Mapped[str] = c.text(_l("Campaign name"), 80, listed=True, searched=True)
    kind: Mapped[str] = c.choice(_l("Kind"), ch.CampaignKind, listed=True, filtered=True)
    form: Mapped[str | None] = c.choice(_l("Form"), ch.CampaignForm, filtered=True)
    state: Mapped[str] = c.choice(_l("State"), ch.CampaignState, default=ch.CampaignState.DRAFT, listed=True, filtered=True, readonly=True)
    starts_at: Mapped[dt.datetime] = c.moment(_l("Begins"), listed=True, filtered=True)
    ends_at: Mapped[dt.datetime] = c.moment(_l("Ends"), listed=True)
    place: Mapped[str | None] = c.text(_l("Place"), 120)
    owner_id: Mapped[int | None] = c.link(_l("Responsible"), "user", listed=True, filtered=True)
    goal: Mapped[str | None] = c.note(_l("Goal"))
    goal_leads: Mapped[int | None] = c.whole(_l("Leads aimed at"))
    goal_deals: Mapped[int | None] = c.whole(_l("Deals aimed at"))
    scope: Mapped[str | None] = c.text(_l("Who is invited"), 200)
    policy: Mapped[str | None] = c.note(_l("Policy"))
    channels: Mapped[list[str] | None] = c.tags(_l("Channels"))
    budget: Mapped[Decimal | None] = c.money(_l("Budget"), listed=True)
    margin: Mapped[Decimal | None] = c.money(_l("Margin earned"), help=_l("Needed for the return on investment."))
    evaluation: Mapped[str | None] = c.note(_l("Evaluation"))
    improvement: Mapped[str | None] = c.note(_l("What to do better next time"))

    def __str__(self) -> str:
        return self.name


class CampaignMember(StoreRow, db.Model):
    """A customer in a campaign, from the invitation to the deal."""

    __tablename__ = "campaign_member"
    __table_args__ = (
        sa.Index("uq_campaign_member_live", "campaign_id", "customer_id", unique=True,
                 sqlite_where=sa.text(LIVE), postgresql_where=sa.text(LIVE)),
        sa.Index("ix_campaign_member_customer", "customer_id"),
    )

    campaign_id: Mapped[int] = c.link(_l("Campaign"), "campaign", listed=True, filtered=True)
    customer_id: Mapped[int] = c.link(_l("Customer"), "customer", listed=True)
    state: Mapped[str] = c.choice(_l("State"), ch.MemberState, default=ch.MemberState.INVITED, listed=True, filtered=True)
    invited_by_id: Mapped[int | None] = c.link(_l("Invited by"), "user", listed=True, filtered=True)
    invited_at: Mapped[dt.datetime | None] = c.moment(_l("Invited"), readonly=True)
    confirmed_at: Mapped[dt.datetime | None] = c.moment(_l("Confirmed"), readonly=True)
    attended_at: Mapped[dt.datetime | None] = c.moment(_l("Attended"), readonly=True, listed=True)
    lead_at: Mapped[dt.datetime | None] = c.moment(_l("Became a lead"), readonly=True)
    deal_at: Mapped[dt.datetime | None] = c.moment(_l("Became a deal"), readonly=True)
    holdout: Mapped[bool] = c.yes(_l("Holdout: not invited on purpose"), filtered=True)
    feedback: Mapped[int | None] = c.whole(_l("Feedback, 1 to 5"), listed=True)
    note: Mapped[str | None] = c.text(_l("Note"), 200)

    def __str__(self) -> str:
        return f"#{self.id}"


class CampaignCost(StoreRow, db.Model):
    """What a campaign cost, item by item."""

    __tablename__ = "campaign_cost"

    campaign_id: Mapped[int] = c.link(_l("Campaign"), "campaign", listed=True, filtered=True, index=True)
    kind: Mapped[str] = c.choice(_l("Kind"), ch.CostKind, listed=True, filtered=True)
    what: Mapped[str] = c.text(_l("Item"), 120, listed=True, searched=True)
    amount: Mapped[Decimal] = c.money(_l("Amount"), listed=True)
    spent_on: Mapped[dt.date | None] = c.day(_l("Spent on"), listed=True)

    def __str__(self) -> str:
        return self.what


# ---------------------------------------------------------------- serving


class RepairOrder(StoreRow, db.Model):
    """维修工单."""

    __tablename__ = "repair_order"
    __table_args__ = (
        sa.Index("uq_repair_order_store_number", "store_id", "number", unique=True,
                 sqlite_where=sa.text(LIVE), postgresql_where=sa.text(LIVE)),
        sa.Index("ix_repair_order_number", "number", postgresql_ops={"number": "varchar_pattern_ops"}),
        sa.Index("ix_repair_order_customer", "customer_id", "opened_at"),
        sa.Index("ix_repair_order_vehicle", "vehicle_id", "opened_at"),
        sa.Index("ix_repair_order_advisor", "advisor_id", "state", "opened_at"),
        sa.Index("ix_repair_order_closed", "advisor_id", "closed_at"),  # repair orders closed, per person
    )

    number: Mapped[str] = c.text(_l("Number"), 40, listed=True, searched=True, names=("工单号", "单号", "维修单号"))
    customer_id: Mapped[int | None] = c.link(_l("Customer"), "customer", listed=True)
    vehicle_id: Mapped[int | None] = c.link(_l("Vehicle"), "vehicle", listed=True)
    kind: Mapped[str] = c.choice(_l("Kind"), ch.RepairKind, default=ch.RepairKind.SERVICE, listed=True, filtered=True, names=("维修类型",))
    state: Mapped[str] = c.choice(_l("State"), ch.RepairState, default=ch.RepairState.OPEN, listed=True, filtered=True)
    advisor_id: Mapped[int | None] = c.link(_l("Service advisor"), "user", listed=True, filtered=True, names=("服务顾问", "接待人"))
    advisor_text: Mapped[str | None] = c.text(_l("Service advisor in the old ledger"), 60, readonly=True)
    opened_at: Mapped[dt.datetime] = c.moment(_l("Came in"), default=utcnow, listed=True, filtered=True, names=("进厂日期", "进厂时间", "开单日期"))
    promised_at: Mapped[dt.datetime | None] = c.moment(_l("Promised for"), listed=True, names=("预计交车", "承诺交车时间"))
    closed_at: Mapped[dt.datetime | None] = c.moment(_l("Left"), filtered=True, names=("出厂日期", "出厂时间", "结算日期"))
    mileage: Mapped[int | None] = c.whole(_l("Mileage"), unit=_l("km"), names=("里程", "进厂里程", "公里数"))
    items: Mapped[str | None] = c.note(_l("Work"), searched=True, names=("项目", "维修项目", "维修内容"))
    progress: Mapped[str | None] = c.text(_l("Progress the customer can be told"), 200)
    waits_for: Mapped[str | None] = c.text(_l("Parts waited for"), 200)
    labour: Mapped[Decimal | None] = c.money(_l("Labour"), names=("工时费",))
    parts: Mapped[Decimal | None] = c.money(_l("Parts"), names=("材料费", "配件费"))
    total: Mapped[Decimal | None] = c.money(_l("Total"), listed=True, names=("合计", "金额", "总金额"))
    original_parts: Mapped[bool] = c.yes(_l("Original parts"), default=True)
    free_of_charge: Mapped[bool] = c.yes(_l("Free of charge"))
    satisfaction: Mapped[int | None] = c.whole(_l("Satisfaction, 1 to 5"))
    same_fault: Mapped[bool] = c.yes(_l("Came back with the same fault"), filtered=True)

    def __str__(self) -> str:
        return self.number


# ---------------------------------------------------------------- scores


class Metric(Row, db.Model):
    """指标: what is measured, for whom, and from which of the computed sources."""

    __tablename__ = "metric"

    code: Mapped[str] = c.text(_l("Code"), 40, listed=True, unique=True)
    name: Mapped[str] = c.text(_l("Metric name"), 60, listed=True, searched=True)
    source: Mapped[str] = c.text(_l("Computed source"), 40, listed=True, readonly=True)
    direction: Mapped[str] = c.choice(_l("Direction"), ch.Direction, listed=True, default=ch.Direction.HIGHER)
    unit: Mapped[str] = c.choice(_l("Unit"), ch.Unit, listed=True, default=ch.Unit.PERCENT)
    roles: Mapped[list[str] | None] = c.tags(_l("For the roles"))
    block: Mapped[str | None] = c.text(_l("Block"), 40, help=_l("Groups metrics in the score's bar."))
    help: Mapped[str | None] = c.note(_l("How it is counted"))

    def __str__(self) -> str:
        return self.name


class ScoreScheme(Row, db.Model):
    """评分方案: the metrics of one role with weights, from a day on."""

    __tablename__ = "score_scheme"

    name: Mapped[str] = c.text(_l("Scheme name"), 80, listed=True, searched=True)
    role_id: Mapped[int] = c.link(_l("Role"), "role", listed=True, filtered=True)
    valid_from: Mapped[dt.date] = c.day(_l("Valid from"), listed=True)
    enabled: Mapped[bool] = c.yes(_l("Enabled"), default=True, listed=True)

    def __str__(self) -> str:
        return self.name


class SchemeLine(Row, db.Model):
    """One metric in a scheme. Target or floor empty: not set, the metric is shown but not scored."""

    __tablename__ = "scheme_line"
    __table_args__ = (sa.UniqueConstraint("scheme_id", "metric_id"),)

    scheme_id: Mapped[int] = c.link(_l("Scheme"), "score_scheme", listed=True, filtered=True)
    metric_id: Mapped[int] = c.link(_l("Metric"), "metric", listed=True, filtered=True)
    weight: Mapped[Decimal] = c.number(_l("Weight"), listed=True)
    target: Mapped[Decimal | None] = c.number(_l("Target"), listed=True)
    floor: Mapped[Decimal | None] = c.number(_l("Floor"), listed=True)
    cap: Mapped[Decimal] = c.number(_l("Cap"), listed=True, default=Decimal(1), server_default="1", help=_l("Most of the weight that can be earned; 1 is all of it."))

    def __str__(self) -> str:
        return f"#{self.id}"


class ScorePeriod(StoreRow, db.Model):
    """评分周期: month or quarter; open, closed (frozen), paid."""

    __tablename__ = "score_period"
    __table_args__ = (sa.UniqueConstraint("store_id", "label"),)

    label: Mapped[str] = c.text(_l("Period"), 10, listed=True, searched=True, help=_l("Like 2026-11 or 2026-Q4."))
    kind: Mapped[str] = c.choice(_l("Kind"), ch.PeriodKind, listed=True, filtered=True)
    starts_on: Mapped[dt.date] = c.day(_l("First day"), listed=True)
    ends_on: Mapped[dt.date] = c.day(_l("Last day"), listed=True)
    state: Mapped[str] = c.choice(_l("State"), ch.PeriodState, default=ch.PeriodState.OPEN, listed=True, filtered=True, readonly=True)
    closed_at: Mapped[dt.datetime | None] = c.moment(_l("Closed"), readonly=True, listed=True)
    closed_by_id: Mapped[int | None] = c.link(_l("Closed by"), "user", readonly=True)

    def __str__(self) -> str:
        return self.label


class Score(StoreRow, db.Model):
    """得分: what a person reached in a closed period, with the lines it was computed from."""

    __tablename__ = "score"
    __table_args__ = (sa.UniqueConstraint("period_id", "user_id"), sa.Index("ix_score_user", "user_id"))

    period_id: Mapped[int] = c.link(_l("Period"), "score_period", listed=True, filtered=True, readonly=True)
    user_id: Mapped[int] = c.link(_l("Person"), "user", listed=True, filtered=True, readonly=True)
    scheme_id: Mapped[int | None] = c.link(_l("Scheme"), "score_scheme", readonly=True)
    total: Mapped[Decimal | None] = c.number(_l("Score"), listed=True, readonly=True)
    rank: Mapped[int | None] = c.whole(_l("Rank"), listed=True, readonly=True)
    lines: Mapped[list[Any] | None] = c.data(_l("Lines"), readonly=True)
    computed_at: Mapped[dt.datetime | None] = c.moment(_l("Computed"), readonly=True)
    note: Mapped[str | None] = c.note(_l("Manager's note"))
    confirmed_at: Mapped[dt.datetime | None] = c.moment(_l("Confirmed by the person"), readonly=True, listed=True)

    def __str__(self) -> str:
        return f"#{self.id}"


# What the daily roll-ups of the scores count (rules/scores/rollup): for the person who did it …
SCORE_TALLIES = (
    "visits", "calls", "calls_reached", "callbacks", "callbacks_reached", "rated", "rated_well",
    "tasks_done", "tasks_timely", "tasks_waiting", "firsts_done", "firsts_timely", "firsts_waiting",
    "promises_kept", "promises_broken", "promises_open",
    "complaints", "handled", "handled_timely", "recalls", "recalls_satisfied", "recalled", "recalled_timely",
    "cars", "cars_priced", "cents",
    "orders", "orders_promised", "orders_timely", "mended", "mended_once", "orders_rated", "orders_rated_well",
    "invited", "invited_came", "guests", "guests_came", "guests_led", "guests_dealt", "guests_rated",
    "guests_rated_well",
    # … for the owner of the customer, and for owner and advisor what stands: begun (+) and over (-) on that day
    "owned_rated", "owned_rated_well", "files", "completeness", "covered",
    "advised_files", "advised_completeness", "advised_covered", "known", "returned",
)


class ScoreDay(db.Model):
    """What the scores count, rolled up by person and day (span D) and by month (M, on its first day).

    Worked out from the other tables and kept current with them; one row in span B says that all of it was built.
    """

    __tablename__ = "score_day"

    span: Mapped[str] = mapped_column(sa.String(1), primary_key=True)
    day: Mapped[dt.date] = mapped_column(sa.Date, primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    store_id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)


for _name in SCORE_TALLIES:
    setattr(ScoreDay, _name, mapped_column(
        _name, sa.BigInteger if _name == "cents" else sa.Integer, nullable=False, server_default="0"))


# ---------------------------------------------------------------- ledgers in, sheets out


class ImportJob(StoreRow, db.Model):
    """导入: a ledger on its way into the store, from the upload to the report; undone while nobody touched its rows."""

    __tablename__ = "import_job"
    __table_args__ = (sa.Index("ix_import_job_state", "state", "id"),)  # what waits to be run

    kind: Mapped[str] = c.choice(_l("Kind of ledger"), ch.ImportKind, listed=True, filtered=True, readonly=True)
    filename: Mapped[str] = c.text(_l("File"), 160, listed=True, searched=True, readonly=True)
    state: Mapped[str] = c.choice(_l("State"), ch.ImportState, default=ch.ImportState.DRAFT, listed=True, filtered=True, readonly=True)
    sheet: Mapped[str | None] = c.text(_l("Sheet"), 80, readonly=True)
    header_row: Mapped[int | None] = c.whole(_l("Header row"), readonly=True)
    known: Mapped[str] = c.choice(_l("What is on file already"), ch.KnownRows, default=ch.KnownRows.FILL, readonly=True)
    mapping: Mapped[dict[str, Any] | None] = c.data(_l("Columns"), readonly=True)
    values: Mapped[dict[str, Any] | None] = c.data(_l("Values"), readonly=True)
    template_id: Mapped[int | None] = c.link(_l("Template"), "import_template", readonly=True)
    total: Mapped[int | None] = c.whole(_l("Rows in the file"), readonly=True)
    done: Mapped[int] = c.whole(_l("Rows done"), default=0, server_default="0", readonly=True)
    created_rows: Mapped[int | None] = c.whole(_l("New"), listed=True, readonly=True)
    updated_rows: Mapped[int | None] = c.whole(_l("Filled up"), listed=True, readonly=True)
    duplicate_rows: Mapped[int | None] = c.whole(_l("Known already"), listed=True, readonly=True)
    rejected_rows: Mapped[int | None] = c.whole(_l("Rejected"), listed=True, readonly=True)
    summary: Mapped[dict[str, Any] | None] = c.data(_l("Remarks"), readonly=True)
    message: Mapped[str | None] = c.text(_l("Message"), 500, readonly=True)
    started_at: Mapped[dt.datetime | None] = c.moment(_l("Started"), readonly=True)
    beat_at: Mapped[dt.datetime | None] = c.moment(_l("Last sign of life"), hidden=True)
    finished_at: Mapped[dt.datetime | None] = c.moment(_l("Finished"), listed=True, readonly=True)
    undone_at: Mapped[dt.datetime | None] = c.moment(_l("Undone"), readonly=True)
    undone_by_id: Mapped[int | None] = c.link(_l("Undone by"), "user", readonly=True)

    def __str__(self) -> str:
        return self.filename


class ImportPiece(db.Model):
    """A piece of what an import keeps, encrypted: the file, its report, what undoing it needs. Gone after 30 days."""

    __tablename__ = "import_piece"
    __table_args__ = (sa.UniqueConstraint("job_id", "name", "number"),)

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    job_id: Mapped[int] = mapped_column(sa.ForeignKey("import_job.id"))
    name: Mapped[str] = mapped_column(sa.String(20))
    number: Mapped[int] = mapped_column(sa.Integer)
    data: Mapped[str | None] = mapped_column(Encrypted)


class ImportTemplate(StoreRow, db.Model):
    """导入模板: which column of a ledger is which field, and what its words mean, kept under a name."""

    __tablename__ = "import_template"
    __table_args__ = (sa.Index("uq_import_template_name", "store_id", "kind", "name", unique=True,
                               sqlite_where=sa.text(LIVE), postgresql_where=sa.text(LIVE)),)

    name: Mapped[str] = c.text(_l("Template name"), 80, listed=True, searched=True)
    kind: Mapped[str] = c.choice(_l("Kind of ledger"), ch.ImportKind, listed=True, filtered=True, readonly=True)
    mapping: Mapped[dict[str, Any] | None] = c.data(_l("Columns"), readonly=True)
    values: Mapped[dict[str, Any] | None] = c.data(_l("Values"), readonly=True)

    def __str__(self) -> str:
        return self.name


class DistinctPair(StoreRow, db.Model):
    """非重复: two files that look alike and were found to be two customers. The smaller key stands first."""

    __tablename__ = "distinct_pair"
    __table_args__ = (sa.UniqueConstraint("first_id", "second_id"),)

    first_id: Mapped[int] = c.link(_l("First file"), "customer", listed=True)
    second_id: Mapped[int] = c.link(_l("Second file"), "customer", listed=True, index=True)
    reason: Mapped[str | None] = c.text(_l("Reason"), 200, listed=True)

    def __str__(self) -> str:
        return f"#{self.id}"


class CustomerMerge(StoreRow, db.Model):
    """合并: a file that went into another one, and what undoing it needs."""

    __tablename__ = "customer_merge"

    kept_id: Mapped[int] = c.link(_l("File that stays"), "customer", listed=True, readonly=True, index=True)
    merged_id: Mapped[int] = c.link(_l("File that went into it"), "customer", listed=True, readonly=True, index=True)
    why: Mapped[str | None] = c.text(_l("Why"), 200, listed=True, readonly=True)
    moved_rows: Mapped[int] = c.whole(_l("Records moved"), default=0, server_default="0", listed=True, readonly=True)
    before: Mapped[str | None] = mapped_column(Encrypted)  # JSON: the values of both files before
    moved: Mapped[dict[str, Any] | None] = c.data(_l("What was moved"), hidden=True)
    undone_at: Mapped[dt.datetime | None] = c.moment(_l("Undone"), listed=True, readonly=True)
    undone_by_id: Mapped[int | None] = c.link(_l("Undone by"), "user", readonly=True)

    def __str__(self) -> str:
        return f"#{self.id}"


class FieldSet(StoreRow, db.Model):
    """字段方案: columns of a list in their order, for the screen and the export. `standard`: this person's own list."""

    __tablename__ = "field_set"
    __table_args__ = (sa.Index("ix_field_set_person", "created_by_id", "table"),)

    name: Mapped[str] = c.text(_l("Field set"), 80, listed=True, searched=True)
    table: Mapped[str] = c.text(_l("Table"), 40, listed=True, filtered=True, readonly=True)
    columns: Mapped[list[str] | None] = c.tags(_l("Columns"), listed=True)
    shared: Mapped[bool] = c.yes(_l("For everybody in the store"), listed=True)
    standard: Mapped[bool] = c.yes(_l("My list looks like this"), readonly=True)

    def __str__(self) -> str:
        return self.name


class SecondPersonRequest(StoreRow, db.Model):
    """双人审批: an export or a deletion that somebody else has to approve before it is done (SAFETY, the star)."""

    __tablename__ = "second_person_request"
    __table_args__ = (sa.Index("ix_second_person_request_state", "store_id", "state"),)

    verb: Mapped[str] = c.choice(_l("What for"), ch.RequestVerb, listed=True, filtered=True, readonly=True)
    table: Mapped[str] = c.text(_l("Table"), 40, listed=True, filtered=True, readonly=True)
    state: Mapped[str] = c.choice(_l("State"), ch.RequestState, default=ch.RequestState.WAITING, listed=True, filtered=True, readonly=True)
    purpose: Mapped[str] = c.text(_l("Purpose"), 300, listed=True, readonly=True)
    recipient: Mapped[str | None] = c.text(_l("Who receives it"), 120, listed=True, readonly=True)
    form: Mapped[str | None] = c.text(_l("Kind of file"), 10, readonly=True)
    query: Mapped[str | None] = c.text(_l("Search and filters"), 2000, hidden=True)
    columns: Mapped[list[str] | None] = c.tags(_l("Columns"), readonly=True)
    ids: Mapped[list[int] | None] = c.data(_l("Records"), hidden=True)
    count: Mapped[int | None] = c.whole(_l("Rows"), listed=True, readonly=True)
    decided_by_id: Mapped[int | None] = c.link(_l("Decided by"), "user", listed=True, readonly=True)
    decided_at: Mapped[dt.datetime | None] = c.moment(_l("Decided"), readonly=True)
    decision_note: Mapped[str | None] = c.text(_l("Remark on the decision"), 200, readonly=True)
    expires_at: Mapped[dt.datetime | None] = c.moment(_l("Good until"), listed=True, readonly=True)
    used_at: Mapped[dt.datetime | None] = c.moment(_l("Done"), listed=True, readonly=True)
    mark: Mapped[str | None] = c.text(_l("Watermark"), 40, readonly=True)

    def __str__(self) -> str:
        return f"#{self.id}"


# ---------------------------------------------------------------- reminders


class Notification(db.Model):
    """提醒: one line under a person's bell, with the page it leads to. The same key tells her once."""

    __tablename__ = "notification"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "key"),
        sa.Index("ix_notification_person", "user_id", "id"),  # the page of the bell
        sa.Index("ix_notification_unread", "user_id", sqlite_where=sa.text("read_at IS NULL"),
                 postgresql_where=sa.text("read_at IS NULL")),  # the number at the bell, asked by every page
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    user_id: Mapped[int] = c.link(_l("Person"), "user")
    kind: Mapped[str] = c.choice(_l("What about"), ch.NotificationKind)
    text: Mapped[str] = c.text(_l("Text"), 300)
    link: Mapped[str] = c.text(_l("Address"), 300)
    key: Mapped[str] = c.text(_l("Key"), 120)
    count: Mapped[int] = c.whole(_l("Number"), default=1, server_default="1", nullable=False)
    at: Mapped[dt.datetime] = c.moment(_l("Time"))
    read_at: Mapped[dt.datetime | None] = c.moment(_l("Read on"))


class Robot(Row, db.Model):
    """群机器人: a group of WeCom, DingTalk or Feishu that is told figures of a store or a team, never a customer's name
    in full. Its address and its secret lie encrypted."""

    __tablename__ = "robot"

    name: Mapped[str] = c.text(_l("Robot name"), 60, listed=True, searched=True)
    kind: Mapped[str] = c.choice(_l("Platform"), ch.RobotKind, listed=True, filtered=True)
    store_id: Mapped[int] = c.link(_l("Store"), "store", listed=True, filtered=True)
    team_id: Mapped[int | None] = c.link(_l("Team"), "team", listed=True, help=_l("Empty: the whole store."))
    address: Mapped[str | None] = c.secret(_l("Webhook address"), help=_l("As the service shows it when the robot is added to the group."))
    secret: Mapped[str | None] = c.secret(_l("Signing secret"), help=_l("DingTalk and Feishu, where signing is switched on."))
    active: Mapped[bool] = c.yes(_l("Switched on"), default=True, listed=True, filtered=True)
    last_at: Mapped[dt.datetime | None] = c.moment(_l("Last sent"), listed=True, readonly=True)
    last_result: Mapped[str | None] = c.text(_l("Last answer"), 300, listed=True, readonly=True)

    def __str__(self) -> str:
        return self.name


class Message(db.Model):
    """发件箱: a digest on its way out. One row for a person or a robot, a day and a kind, whoever writes it and how
    often; its text lies encrypted and is gone once it is sent."""

    __tablename__ = "message"
    __table_args__ = (sa.Index("ix_message_waiting", "state", "next_at"),)

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    key: Mapped[str] = c.text(_l("Key"), 120, unique=True)
    kind: Mapped[str] = c.choice(_l("What about"), ch.MessageKind)
    day: Mapped[dt.date] = c.day(_l("Day"))
    user_id: Mapped[int | None] = c.link(_l("Person"), "user")
    robot_id: Mapped[int | None] = c.link(_l("Robot"), "robot")
    state: Mapped[str] = c.choice(_l("State"), ch.MessageState)
    body: Mapped[str | None] = mapped_column(Encrypted)  # JSON of sending.letters.Letter
    attempts: Mapped[int] = c.whole(_l("Attempts"), default=0, server_default="0", nullable=False)
    next_at: Mapped[dt.datetime] = c.moment(_l("Next attempt"))
    last_error: Mapped[str | None] = c.text(_l("Last error"), 300)
    created_at: Mapped[dt.datetime] = c.moment(_l("Created"))
    sent_at: Mapped[dt.datetime | None] = c.moment(_l("Sent"))


# ---------------------------------------------------------------- trust


class AuditEntry(db.Model):
    """修改记录: one written row, hash-chained to the one before. Private values stand masked."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        sa.Index("ix_audit_entry_row", "table", "row_id", "seq"),
        sa.Index("ix_audit_entry_actor", "actor_id", "at"),
        sa.Index("ix_audit_entry_at", "store_id", "at"),
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    seq: Mapped[int] = c.whole(_l("Number"), unique=True, listed=True)
    at: Mapped[dt.datetime] = c.moment(_l("Time"), listed=True, filtered=True)
    actor_id: Mapped[int | None] = c.link(_l("Person"), "user", listed=True, filtered=True)
    actor_name: Mapped[str] = c.text(_l("Who"), 120)
    store_id: Mapped[int | None] = c.link(_l("Store"), "store", filtered=True)
    verb: Mapped[str] = c.choice(_l("What"), ch.AuditVerb, listed=True, filtered=True)
    table: Mapped[str] = c.text(_l("Table"), 40, listed=True, filtered=True)
    row_id: Mapped[int | None] = c.whole(_l("Row"), listed=True, filtered=True)
    label: Mapped[str | None] = c.text(_l("Record"), 120, listed=True)
    changes: Mapped[dict[str, Any] | None] = c.data(_l("Before and after"), listed=True)
    reason: Mapped[str | None] = c.text(_l("Reason"), 200)
    road: Mapped[str | None] = c.text(_l("From where"), 120)
    address: Mapped[str | None] = c.text(_l("Address"), 64)
    prev_hash: Mapped[str] = c.text(_l("Hash before"), 64)
    hash: Mapped[str] = c.text(_l("Hash"), 64)

    def __str__(self) -> str:
        return f"#{self.seq}"


class AuditHead(db.Model):
    """The end of the audit chain: count and hash. One row; locking it puts writers in order."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    count: Mapped[int] = mapped_column(sa.Integer)
    hash: Mapped[str] = mapped_column(sa.String(64))


class AccessLog(db.Model):
    """查阅记录: who viewed, searched, revealed, exported or printed what; kept 3 years."""

    __tablename__ = "access_log"
    __table_args__ = (
        sa.Index("ix_access_log_user", "user_id", "verb", "at"),
        sa.Index("ix_access_log_row", "table", "row_id"),
        sa.Index("ix_access_log_at", "store_id", "at"),
    )

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    at: Mapped[dt.datetime] = c.moment(_l("Time"), listed=True, filtered=True)
    user_id: Mapped[int | None] = c.link(_l("Person"), "user", listed=True, filtered=True)
    store_id: Mapped[int | None] = c.link(_l("Store"), "store", filtered=True)
    verb: Mapped[str] = c.choice(_l("What"), ch.AccessVerb, listed=True, filtered=True)
    table: Mapped[str | None] = c.text(_l("Table"), 40, listed=True, filtered=True)
    row_id: Mapped[int | None] = c.whole(_l("Row"), listed=True)
    field: Mapped[str | None] = c.text(_l("Field"), 40, listed=True)
    reason: Mapped[str | None] = c.text(_l("Reason"), 200, listed=True)
    task: Mapped[str | None] = c.text(_l("Task"), 60)
    count: Mapped[int | None] = c.whole(_l("Rows"), listed=True)
    address: Mapped[str | None] = c.text(_l("Address"), 64)

    def __str__(self) -> str:
        return f"#{self.id}"


class SearchGram(db.Model):
    """A piece of a customer's name or pinyin, for the search (search_index.py). Kept by triggers alone."""

    __tablename__ = "search_gram"
    __table_args__ = {"sqlite_with_rowid": False}

    gram: Mapped[str] = mapped_column(
        sa.String(200).with_variant(sa.String(200, collation="C"), "postgresql"), primary_key=True)
    customer_id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)


class CustomerBlock(db.Model):
    """What adds to the number of customers in a block of keys, for jumps deep into the list (customer_blocks.py)."""

    __tablename__ = "customer_block"
    __table_args__ = (sa.Index("ix_customer_block_store", "store_id", "block", "number"),)

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    store_id: Mapped[int] = mapped_column(sa.Integer)  # 0: of all stores together
    block: Mapped[int] = mapped_column(sa.Integer)
    number: Mapped[int] = mapped_column(sa.Integer)


class SignInFailure(db.Model):
    """A failed sign-in, kept until its window ends; the lock-out counts these."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (sa.Index("ix_sign_in_failure_name", "username", "at"),
                      sa.Index("ix_sign_in_failure_address", "address", "at"))

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    at: Mapped[dt.datetime] = c.moment(_l("Time"))
    username: Mapped[str] = mapped_column(sa.String(60))
    address: Mapped[str] = mapped_column(sa.String(64))


class LeadToken(Row, db.Model):
    """线索接口令牌: what a web page or a call centre shows when it hands a lead to one store. Kept hashed."""

    __tablename__ = "lead_token"
    __table_args__ = (sa.UniqueConstraint("token_hash"),)

    name: Mapped[str] = c.text(_l("Token name"), 60, listed=True, searched=True, help=_l("Who sends with it, such as the store's website. It stands in the change record."))
    store_id: Mapped[int] = c.link(_l("Store"), "store", listed=True, filtered=True)
    active: Mapped[bool] = c.yes(_l("Enabled"), default=True, listed=True, filtered=True, help=_l("Without the tick the token opens nothing any more."))
    per_minute: Mapped[int] = c.whole(_l("Most requests a minute"), default=60, server_default="60", listed=True)
    issued_at: Mapped[dt.datetime | None] = c.moment(_l("Token made"), listed=True, readonly=True)
    last_used_at: Mapped[dt.datetime | None] = c.moment(_l("Last used"), listed=True, readonly=True)
    token_hash: Mapped[str | None] = mapped_column(sa.String(64))

    def __str__(self) -> str:
        return self.name


class LeadRequest(db.Model):
    """A lead that was taken through the interface: its key, what it said (hashed), and what it became."""

    __tablename__ = "lead_request"
    __table_args__ = (sa.UniqueConstraint("token_id", "key"), sa.Index("ix_lead_request_at", "created_at"),
                      sa.Index("ix_lead_request_owner", "owner_id", "id"))  # whose turn it is

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    token_id: Mapped[int] = mapped_column(sa.ForeignKey("lead_token.id"))
    key: Mapped[str] = mapped_column(sa.String(64))
    body_hash: Mapped[str] = mapped_column(sa.String(64))
    owner_id: Mapped[int | None] = mapped_column(sa.Integer)  # whom a new lead was given to
    created_at: Mapped[dt.datetime] = c.moment(_l("Created"), default=utcnow, nullable=False)


class LeadCount(db.Model):
    """How many requests came with a token in the minute that runs."""

    __tablename__ = "lead_count"

    token_id: Mapped[int] = mapped_column(sa.ForeignKey("lead_token.id"), primary_key=True, autoincrement=False)
    since: Mapped[dt.datetime] = c.moment(_l("Since"), nullable=False)
    requests: Mapped[int] = mapped_column(sa.Integer)


class Submission(db.Model):
    """A form that was taken: its key, and where the answer led. The same key again makes no second row."""

    __tablename__ = "submission"

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(sa.Integer)
    location: Mapped[str | None] = mapped_column(sa.String(400))
    created_at: Mapped[dt.datetime] = c.moment(_l("Created"), default=utcnow)


class UndoStep(db.Model):
    """撤销: how some rows stood before a person changed them all at once; `rows` as rules/followups/undoing.py packs
    them. Kept for a short while only."""

    __tablename__ = "undo_step"

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(sa.Integer)
    rows: Mapped[list[Any]] = mapped_column(sa.JSON)
    created_at: Mapped[dt.datetime] = c.moment(_l("Created"), default=utcnow)


class JobRun(db.Model):
    """A job's lease and last result; only one process runs a job at a time."""

    __tablename__ = "job_run"

    name: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    leased_until: Mapped[dt.datetime | None] = c.moment(_l("Leased until"))
    holder: Mapped[str | None] = mapped_column(sa.String(80))
    started_at: Mapped[dt.datetime | None] = c.moment(_l("Started"))
    finished_at: Mapped[dt.datetime | None] = c.moment(_l("Finished"))
    result: Mapped[str | None] = mapped_column(sa.Text)
    failed: Mapped[bool] = c.yes(_l("Failed"))


def _add_links() -> None:
    """Give every link column `x_id` its relation `x`."""
    by_table = {m.class_.__tablename__: m.class_ for m in db.Model.registry.mappers}
    for model in list(by_table.values()):
        for name, column, field in c.fields(model):
            if field.kind == "link" and not hasattr(model, name[:-3]):
                target = by_table[field.target]
                key = target.__table__.c.id
                setattr(model, name[:-3], relationship(
                    target, primaryjoin=column == key, foreign_keys=[column], remote_side=[key]))


_add_links()

MODELS: tuple[type[Any], ...] = tuple(
    sorted((m.class_ for m in db.Model.registry.mappers), key=lambda model: model.__tablename__))
BY_TABLE: dict[str, type[Any]] = {model.__tablename__: model for model in MODELS}
