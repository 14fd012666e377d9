"""Cells to column values: one reader for each kind of field (columns.py), and what stores call the choices.

Readers return a `Cleaned`; the caller notes its warnings and leaves a cell without value blank.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from flask import has_app_context
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from admin_app import choices as ch
from admin_app import cleaning, clock
from admin_app.choices import Choice
from admin_app.cleaning import Cleaned
from admin_app.columns import Field, fields
from admin_app.importing.context import Context
from admin_app.importing.headers import LOCALES
from admin_app.ledgers import Row

NOTE_LENGTH = 20_000
LARGEST = 2_147_483_647
#: Ways of writing a day that are kept in memory.
MOST_DAYS = 20_000

#: What ledgers call the members of a choice, beside value and labels.
ALIASES: dict[type[Choice], dict[Choice, str]] = {
    ch.Sex: {
        ch.Sex.MALE: "男 男性 男士 先生 M ♂",
        ch.Sex.FEMALE: "女 女性 女士 小姐 太太 F ♀",
    },
    ch.CreditLevel: {
        ch.CreditLevel.GOOD: "优 优良 良好 好 高",
        ch.CreditLevel.NORMAL: "一般 正常 中 普通",
        ch.CreditLevel.CAREFUL: "谨慎 关注 较差",
        ch.CreditLevel.BAD: "差 不良 失信 低",
    },
    ch.DecisionPower: {
        ch.DecisionPower.DECIDES: "决策者 决策人 有 本人决定 决定",
        ch.DecisionPower.SHARES: "共同决策 共同决定 与家人商量",
        ch.DecisionPower.ADVISES: "影响者 参谋 建议者",
        ch.DecisionPower.USES: "使用者 仅使用 无",
    },
    ch.Channel: {
        ch.Channel.PHONE: "电话 电访 致电 来电 去电 座机 手机 外呼 呼入 呼出",
        ch.Channel.WECHAT: "微信 企微 企业微信 微信沟通",
        ch.Channel.STORE: "到店 来店 店内 进店 展厅 面谈 面访 接待",
        ch.Channel.HOME: "上门 外出拜访 登门 拜访 上门拜访",
        ch.Channel.SMS: "短信 短讯",
        ch.Channel.EMAIL: "邮件 电子邮件",
        ch.Channel.ONLINE: "在线 网络 网站 线上 APP 在线客服 抖音 私信",
        ch.Channel.EVENT: "活动",
        ch.Channel.FAIR: "展销会 车展 展会",
        ch.Channel.ASSOCIATION: "协会 商会",
    },
    ch.VisitResult: {
        ch.VisitResult.SOLVED: (
            "已解决 解决 满意 非常满意 很满意 成功 已成交 成交 正常 完成 已完成 无异常 无问题 良好 基本满意 "
            "已订车 下订"
        ),
        ch.VisitResult.NEW_PROBLEM: "不满意 非常不满意 有问题 异常 投诉 抱怨 新问题 失望",
        ch.VisitResult.INVITED: "已预约试驾 已预约 预约 预约到店 约到店 邀约成功 答应到店 预约保养 已邀约 预约试驾",
        ch.VisitResult.INTERESTED: "有意向 意向 感兴趣 考虑中 再考虑 考虑 比价中 对比中 观望",
        ch.VisitResult.NOT_REACHED: (
            "未接通 无人接听 无人接 未接 关机 停机 占线 忙音 无法接通 拒接 未联系上 联系不上 挂断"
        ),
        ch.VisitResult.CALL_LATER: "稍后联系 改天 改约 稍后再打 再联系 在忙 下次再联系 不方便",
        ch.VisitResult.REFUSED: "拒绝再联系 拒绝 拒绝回访 拒访 勿扰 不愿接听 不再联系 战败",
        ch.VisitResult.WRONG_NUMBER: "空号 号码错误 错号 打错 非本人 号码有误",
    },
    ch.Source: {
        ch.Source.WALK_IN: "展厅 自然到店 自然进店 自来店 到店 来店 路过 进店 首次到店 自然来店",
        ch.Source.PHONE: "电话咨询 来电 电话 热线 400 呼入 来电咨询 客服热线",
        ch.Source.WEB: (
            "网络 官网留资 官网 汽车之家 懂车帝 易车 太平洋汽车 爱卡 垂直媒体 垂媒 网站 DCC 网销 线上 留资 "
            "天猫 百度"
        ),
        ch.Source.SOCIAL: "抖音 小红书 微信朋友圈 朋友圈 微信 公众号 快手 微博 视频号 直播 社交媒体 B站 企业微信",
        ch.Source.REFERRAL: (
            "老客户介绍 转介绍 朋友介绍 介绍 老带新 推荐 客户推荐 熟人介绍 亲友介绍 员工推荐 老客户 内部推荐"
        ),
        ch.Source.EVENT: "车展 外拓 市场活动 活动 巡展 展销会 团购 外展 试驾活动 车友会 促销活动",
        ch.Source.OTHER: "其他 其它",
    },
    ch.Stage: {
        ch.Stage.LEAD: "潜客 潜在 线索 潜在客户",
        ch.Stage.PROSPECT: "意向 意向客户 跟进中 有望",
        ch.Stage.OWNER: "保有 保有客户 车主 基盘 基盘客户 已购 已成交 成交 老客户",
        ch.Stage.LOST: "流失 战败 流失客户 失销",
    },
    ch.Grade: {
        ch.Grade.H: "7天内",
        ch.Grade.A: "15天内",
        ch.Grade.B: "30天内",
        ch.Grade.C: "2-3个月",
        ch.Grade.N: "未定级 未评级 新客",
        ch.Grade.O: "已订 已订车 订单 已下订 下订",
        ch.Grade.D: "已成交 成交 已交车 交车 已购 保有",
        ch.Grade.F: "战败 失销 流失 已战败",
        ch.Grade.T: "退订 退单 订单取消 取消",
    },
    ch.CustomerKind: {
        ch.CustomerKind.PERSON: "个人 私人 个人客户 自然人 私户",
        ch.CustomerKind.COMPANY: "公司 单位 企业 公户 对公 公司客户 单位客户 企业客户 法人",
    },
    ch.BirthdayCalendar: {
        ch.BirthdayCalendar.SOLAR: "公历 阳历 新历",
        ch.BirthdayCalendar.LUNAR: "农历 阴历 旧历",
    },
    ch.Cause: {
        ch.Cause.SERVICE: "服务 服务原因 服务问题 服务质量 服务态度 人员",
        ch.Cause.USER: "用户 用户原因 客户原因 客户 使用不当",
        ch.Cause.PRODUCT: "产品 产品原因 产品质量 质量 质量问题 产品问题 车辆质量",
        ch.Cause.EXTERNAL: "外部 外部原因 第三方 不可抗力",
    },
    ch.ComplaintLevel: {
        ch.ComplaintLevel.GENERAL: "一般 普通 轻微 一级",
        ch.ComplaintLevel.ESCALATED: "升级 较大 严重 二级",
        ch.ComplaintLevel.MAJOR: "重大 特别重大 三级 紧急",
    },
    ch.ComplaintArea: {
        ch.ComplaintArea.SALES: "销售 销售部 展厅 售前",
        ch.ComplaintArea.SERVICE: "售后 服务 售后部 服务部 维修 车间",
        ch.ComplaintArea.OTHER: "其他 其它",
    },
    ch.ComplaintChannel: {
        ch.ComplaintChannel.VISIT: "到店 来店 现场 面谈 当面",
        ch.ComplaintChannel.PHONE: "电话 来电 400 热线",
        ch.ComplaintChannel.SURVEY: "回访 问卷 调查 满意度调查",
        ch.ComplaintChannel.WEB: "网络 网站 官网 邮件 线上",
        ch.ComplaintChannel.SOCIAL: "微信 抖音 微博 社交媒体 论坛",
        ch.ComplaintChannel.MANUFACTURER: "厂家 厂方 大区 区域 主机厂 总部",
    },
    ch.MemberState: {
        ch.MemberState.INVITED: "已邀请 邀请 已通知 待确认 未回复",
        ch.MemberState.CONFIRMED: "已确认 确认 确认到场 答应参加 会来",
        ch.MemberState.ATTENDED: "已到场 到场 参加 已参加 出席 签到 已签到",
        ch.MemberState.LEAD: "线索 有意向 意向 留资",
        ch.MemberState.DEAL: "成交 已成交 订车 下订",
        ch.MemberState.DECLINED: "拒绝 婉拒 不来 不参加 谢绝",
        ch.MemberState.NO_SHOW: "未到场 未到 缺席 爽约 没来",
    },
    ch.RepairKind: {
        ch.RepairKind.FIRST_SERVICE: "首保 首次保养 免费首保",
        ch.RepairKind.SERVICE: "保养 常规保养 定期保养 定保 小保养 大保养 正常保养 机油保养 二保",
        ch.RepairKind.REPAIR: "维修 一般维修 普通维修 机修 小修 大修 检修",
        ch.RepairKind.ACCIDENT: "事故 事故维修 事故车 钣喷 钣金 喷漆 保险维修",
        ch.RepairKind.WARRANTY: "三包 索赔 质保 保修 索赔维修",
        ch.RepairKind.INSTALL: "加装 安装 精品加装 装饰 精品",
        ch.RepairKind.RECALL: "召回 厂家召回",
    },
}
SUFFIXES: dict[type[Choice], tuple[str, ...]] = {
    ch.Grade: ("类", "级", "级别", "类客户", "级客户"),
    ch.Tier: ("类", "级"),
}


def options(members: type[Choice]) -> dict[str, Choice]:
    """Every name of the members of a choice (through `cleaning.key`): value, labels in all languages, aliases."""
    found: dict[str, Choice] = {}
    for member in members:
        found[cleaning.key(member.value)] = member
    for locale in LOCALES if has_app_context() else ():
        with force_locale(locale):
            for member in members:
                found.setdefault(cleaning.key(str(member.label)), member)
                found.setdefault(cleaning.key(re.split("[:：]", str(member.label))[0]), member)
    for member, aliases in ALIASES.get(members, {}).items():
        for alias in aliases.split():
            found.setdefault(cleaning.key(alias), member)
    return found


class Reader:
    """The readers of one import; choices are looked up once for each way in which they are written."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.zone: ZoneInfo = clock.zone()
        self._options: dict[type[Choice], dict[str, Choice]] = {}
        self._days: dict[Any, Cleaned[dt.date]] = {}
        self._chosen: dict[tuple[type[Choice], str], Cleaned[Choice]] = {}

    def read(self, row: Row, field: str, about: Field, column: sa.Column[Any]) -> Any:
        """The value of a field in a row; None where the cell is blank or was left blank with a warning."""
        cell = row[field]
        if cell is None or cell == "" or (about.private and _is_mask(cell)):
            return None
        cleaned = self.clean(about, column, cell)
        for warning in cleaned.warnings:
            self.context.warn(row, field, warning)
        return cleaned.value

    def clean(self, about: Field, column: sa.Column[Any], cell: Any) -> Cleaned[Any]:
        """What a cell means for a column; links are people of the staff, as `Person`."""
        if about.kind == "choice" and about.choices is not None:
            return self.choice(about.choices, cell)
        if about.kind == "link":
            return Cleaned(self.context.person(cell))
        if about.kind == "moment":
            return self.moment(cell)
        if about.kind == "day":
            return self.day(cell)
        reader = READERS.get(about.kind)
        if reader is not None:
            return reader(cell)
        return cleaning.words(cell, getattr(column.type, "length", None))

    def choice(self, members: type[Choice], cell: Any) -> Cleaned[Any]:
        """A member of a choice by any of its names."""
        at = (members, cleaning.as_text(cell))
        found = self._chosen.get(at)
        if found is None:
            if members not in self._options:
                self._options[members] = options(members)
            found = self._said(members, at[1]) or cleaning.choice(
                cell, self._options[members], suffixes=SUFFIXES.get(members, ()))
            self._chosen[at] = found
        if found.value is None and not cleaning.is_nothing(cell):
            self.context.report.unknown_values[members.__name__, at[1][:60]] += 1
        return found

    def _said(self, members: type[Choice], word: str) -> Cleaned[Choice] | None:
        """What a person has said that this word means: a member, or nothing; None where nobody has said it."""
        told = self.context.values.get(members.__name__, {})
        return Cleaned(members.find(told[word])) if word in told else None

    def day(self, cell: Any) -> Cleaned[dt.date]:
        """A day; the same days come again and again."""
        found = self._days.get(cell)
        if found is None:
            found = cleaning.day(cell)
            if len(self._days) < MOST_DAYS:
                self._days[cell] = found
        return found

    def moment(self, cell: Any) -> Cleaned[dt.datetime]:
        """A moment on the store's clock, as UTC."""
        cleaned = cleaning.moment(cell)
        if cleaned.value is None:
            return Cleaned(warnings=cleaned.warnings)
        return Cleaned(cleaned.value.replace(tzinfo=self.zone).astimezone(dt.UTC), warnings=cleaned.warnings)

    def record(
        self, row: Row, about: Iterable[tuple[str, sa.Column[Any], Field]], prefix: str = ""
    ) -> dict[str, Any]:
        """Column → value of the given fields that this file brings; people stand as `Person`."""
        return {name: self.read(row, prefix + name, field, column) for name, column, field in about}


def brought(model: Any, row_fields: Iterable[str], leave: Iterable[str] = (), prefix: str = "") -> list[Any]:
    """(name, column, field) of the fields of a model that a file has columns for."""
    there = set(row_fields)
    return [
        (n, column, about) for n, column, about in fields(model) if prefix + n in there and n not in leave
    ]


def _is_mask(cell: Any) -> bool:
    return isinstance(cell, str) and "***" in cell


def _email(cell: Any) -> Cleaned[str]:
    if cleaning.is_nothing(cell):
        return Cleaned()
    text = cleaning.folded(cell)
    if len(text) > 160 or not re.fullmatch(r"[^@\s,;]+@[^@\s,;.]+(?:\.[^@\s,;.]+)+", text):
        return Cleaned(warnings=(_l("This is not an e-mail address."),))
    return Cleaned(text)


def _id_number(cell: Any) -> Cleaned[str]:
    if cleaning.is_nothing(cell):
        return Cleaned()
    text = cleaning.folded(cell).upper().replace(" ", "")
    if isinstance(cell, float) or len(text) > 30 or not text.replace("-", "").isalnum():
        return Cleaned(warnings=(_l("This is not an ID number."),))
    return Cleaned(text)


def _tags(cell: Any) -> Cleaned[list[str]]:
    if cleaning.is_nothing(cell):
        return Cleaned()
    parts = [part.strip() for part in re.split(r"[,，、;；\n|/]", cleaning.as_text(cell))]
    found = [part for part in dict.fromkeys(parts) if part]
    if any("\x00" in part or len(part) > 40 for part in found) or len(found) > 30:
        return Cleaned(warnings=(_l("At most 30 words of at most 40 characters each."),))
    return Cleaned(found or None)


def _percent(cell: Any) -> Cleaned[int]:
    return cleaning.whole(cell, minimum=0, maximum=100)


def _whole(cell: Any) -> Cleaned[int]:
    return cleaning.whole(cell, minimum=0, maximum=LARGEST)


def _number(cell: Any) -> Cleaned[Any]:
    return cleaning.number(cell, minimum=None, maximum=9_999_999_999)


def _note(cell: Any) -> Cleaned[str]:
    return cleaning.note(cell, NOTE_LENGTH)


READERS: dict[str, Callable[[Any], Cleaned[Any]]] = {
    "note": _note,
    "phone": cleaning.phone,
    "vin": cleaning.vin,
    "plate": cleaning.plate,
    "email": _email,
    "id_number": _id_number,
    "whole": _whole,
    "percent": _percent,
    "number": _number,
    "money": cleaning.money,
    "yes": cleaning.yes_no,
    "tags": _tags,
}
