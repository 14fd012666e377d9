"""Under which headers ledgers bring a field: the names in models.py, the labels in every language, and more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import has_app_context
from flask_babel import force_locale

from admin_app import models as m
from admin_app.columns import Field, fields
from admin_app.ledgers import header_key

LOCALES = ("zh_Hans_CN", "zh_Hant_TW", "en")

#: Headers of other systems and stores, by field; the names in models.py come first.
PHONE = (
    "手机号码 联系电话 手机 手机号 电话 移动电话 联系方式 电话号码 联系手机 客户手机 客户电话 "
    "客户手机号 客户联系电话 车主电话 车主手机 "
    "车主手机号 车主联系方式 本人电话 主叫号码 来电号码 被叫号码 联系人电话 联系人手机 送修人电话 "
    "报修电话 TEL Mobile Phone Cellphone 電話 手機"
).split()
NAME = (
    "客户姓名 姓名 客户名称 客户名 客户 车主姓名 车主名称 车主 联系人 联系人姓名 顾客 顾客姓名 "
    "潜客姓名 送修人 报修人 投诉人 投诉客户 "
    "被访人 称呼 客户称呼 Name Customer 客戶 客戶姓名"
).split()
PHONE2 = (
    "备用电话 电话2 手机2 第二电话 备用手机 固定电话 座机 家庭电话 办公电话 其他电话 其他联系方式 "
    "紧急联系电话"
).split()
STAFF = (
    "销售顾问 顾问 业务员 负责人 归属顾问 跟进人 所属顾问 销售人员 销售员 接待顾问 归属人 客户经理 "
    "责任人 专属顾问 主管顾问"
).split()

CUSTOMER: dict[str, list[str]] = {
    "name": NAME,
    "phone": PHONE,
    "phone2": PHONE2,
    "sex": "性别 称谓".split(),
    "birthday": "出生日期 生日 出生年月 出生年月日 客户生日 生日日期".split(),
    "source": "客户来源 来源 信息来源 来源渠道 渠道来源 获客渠道 线索来源 来店渠道 来源方式 渠道".split(),
    "grade": "意向级别 意向等级 级别 等级 客户级别 购车级别 意向度 意向".split(),
    "owner_id": STAFF,
    "note": "备注 说明 备注说明 备注信息 客户备注 其他".split(),
    "address": "地址 住址 联系地址 家庭住址 家庭地址 通讯地址 居住地址".split(),
    "model_wish": "意向车型 关注车型 拟购车型 意向车系".split(),
    "registered_on": (
        "建档日期 登记日期 录入日期 首次来访 建卡日期 创建日期 建档时间 创建时间 首次到店日期 来店日期 "
        "留档日期"
    ).split(),
    "next_contact_on": (
        "下次跟进 下次联系 下次回访 下次跟进日期 下次跟进时间 下次联系日期 下次联系时间 计划回访日期"
    ).split(),
    "id_number": "身份证 身份证号 身份证号码 证件号码 证件号".split(),
}
VEHICLE: dict[str, list[str]] = {
    "model": "车型 购买车型 车型名称 成交车型 车系 车辆型号 所购车型 已购车型".split(),
    "vin": "车架号 VIN VIN码 底盘号 车辆识别代号 车辆识别码 车辆识别号 车架号码 底盘号码 VIN号 VIN号码".split(),
    "plate": "车牌号 车牌 车牌号码 牌照 牌照号 牌号 号牌 牌照号码 车号".split(),
    "bought_on": "购车日期 购车时间 交车日期 交车时间 提车日期 提车时间 成交日期 购买日期 销售日期 开票日期".split(),
    "mileage": "行驶里程 里程 公里数 行驶公里数 里程数 当前里程 行驶里程数 公里".split(),
    "insurance_until": (
        "保险到期日 保险到期 交强险到期 保险到期日期 保险到期时间 商业险到期 续保日期 保险终止日期 保险截止日"
    ).split(),
    "inspection_until": "年检到期 年审到期 年检到期日 年审到期日 年检日期 年检有效期".split(),
    "warranty_until": "质保到期 质保到期日 保修到期 保修到期日 质保截止日期".split(),
    "colour": "颜色 车身颜色 车辆颜色 外观颜色".split(),
}
VISIT: dict[str, list[str]] = {
    "at": (
        "日期 时间 回访时间 回访日期 拜访时间 拜访日期 跟进时间 跟进日期 联系时间 联系日期 沟通时间 "
        "沟通日期 接触时间 接触日期 通话时间 来访时间"
    ).split(),
    "channel": "方式 回访方式 渠道 跟进方式 联系方式 沟通方式 拜访方式 接触方式 途径".split(),
    "staff_id": [
        *"回访人 跟进人 拜访人 回访员 回访人员 跟进人员 拜访人员 记录人 通话人 责任人".split(),
        *STAFF,
    ],
    "content": (
        "内容 回访内容 跟进内容 沟通内容 备注 拜访内容 联系内容 回访记录 跟进记录 沟通记录 情况 回访情况 "
        "跟进情况 记录"
    ).split(),
    "result": "结果 回访结果 跟进结果 沟通结果 拜访结果 联系结果 状态 接触结果".split(),
    "next_on": (
        "下次联系 下次回访 下次跟进 下次回访日期 下次跟进日期 下次联系日期 下次联系时间 下次跟进时间 "
        "下次回访时间 计划日期"
    ).split(),
}
COMPLAINT: dict[str, list[str]] = {
    "text": "投诉内容 内容 抱怨内容 投诉事项 问题描述 投诉问题 客户诉求 投诉描述 反映问题 事由 抱怨事项".split(),
    "received_at": (
        "登记日期 投诉日期 日期 投诉时间 受理日期 受理时间 登记时间 接诉日期 接诉时间 发生日期 时间"
    ).split(),
    "owner_id": "处理人 负责人 责任人 经办人 受理人 处理人员 跟进人 承办人".split(),
    "cause": "原因分类 原因 投诉原因 原因类别 投诉类别 投诉分类 责任归属".split(),
    "solution": "处理措施 处理结果 解决方案 处理方案 处理情况 处理办法 解决措施 处理过程".split(),
    "finished_at": "完成日期 处理完成日期 完成时间 结案日期 结案时间 处理日期 关闭日期 解决日期".split(),
    "satisfied": (
        "回访是否满意 是否满意 客户是否满意 满意 满意度 回访结果 客户满意 复访结果 客户满意度 回访满意度"
    ).split(),
}
REPAIR_ORDER: dict[str, list[str]] = {
    "number": "工单号 单号 维修单号 工单编号 委托书号 施工单号 结算单号 订单号 任务单号 委托单号 RO号".split(),
    "opened_at": (
        "进厂日期 进厂时间 开单日期 开单时间 来厂日期 入厂日期 接车日期 接车时间 送修日期 维修日期 日期"
    ).split(),
    "closed_at": "出厂日期 出厂时间 结算日期 交车日期 结算时间 竣工日期 完工日期 离厂日期".split(),
    "mileage": "里程 进厂里程 公里数 行驶里程 里程数 进厂公里数".split(),
    "items": "项目 维修项目 维修内容 作业内容 服务项目 作业项目 维修保养项目 故障描述".split(),
    "labour": "工时费 工时 工时金额 人工费 工费".split(),
    "parts": "材料费 配件费 零件费 配件金额 材料金额 备件费".split(),
    "total": "合计 金额 总金额 总费用 费用合计 结算金额 应收金额 实收金额 总计 合计金额 维修金额".split(),
    "advisor_id": "服务顾问 接待人 SA 接待顾问 服务接待 业务接待 顾问 接车员".split(),
}
CONTACT: dict[str, list[str]] = {
    "customer_name": "公司名称 单位名称 客户名称 公司 单位 企业名称 客户单位 所属公司 所属客户 Company".split(),
    "customer_phone": "公司电话 单位电话 客户电话 公司联系电话 客户手机 主号码".split(),
    "name": "联系人 联系人姓名 姓名 名字 Contact".split(),
    "phone": "联系人电话 联系人手机 手机 手机号 手机号码 电话 联系电话 联系方式".split(),
    "title": "职务 职位 岗位 头衔".split(),
}
MEMBER: dict[str, list[str]] = {
    "campaign": "活动名称 活动 参加活动 活动主题 Campaign".split(),
    "state": "状态 参与状态 邀约结果 到场情况 结果 进展".split(),
    "invited_by_id": [*"邀约人 邀请人".split(), *STAFF],
    "feedback": "评分 反馈评分 满意度 活动评分".split(),
    "note": "备注 说明 反馈".split(),
}
CAR_KEYS = {"vehicle.vin": VEHICLE["vin"], "vehicle.plate": VEHICLE["plate"]}


def _carried(model: Any, leave: Iterable[str] = ()) -> dict[str, tuple[Field, list[str]]]:
    """field → (Field, its names in models.py) of the fields that a ledger may bring."""
    return {
        name: (field, list(field.names))
        for name, _column, field in fields(model)
        if name not in leave
        and (field.names or not (field.hidden or field.readonly))
        and field.kind != "data"
    }


def names_for(kind: str) -> dict[str, list[str]]:
    """field → every header under which it is known, for one kind of import.

    Fields of a car are called “vehicle.x” where the car stands beside something else. “id” is the key that an
    export carries. A header belongs to the first field that claims it; labels come after names.
    """
    model, extra, car = KINDS[kind]
    claimed: dict[str, str] = {}
    names: dict[str, list[str]] = {"id": ["id"]}
    carried = _carried(model, leave=("customer_id", "vehicle_id", "campaign_id"))
    for field, titles in extra.items():
        _claim(names, claimed, field, titles)
    for field, (_field, titles) in carried.items():
        _claim(names, claimed, field, titles)
    for field, titles in car.items():
        _claim(names, claimed, field, titles)
    for locale in LOCALES:
        for field, label in _labels(carried, locale).items():
            _claim(names, claimed, field, [label])
    return names


def _claim(names: dict[str, list[str]], claimed: dict[str, str], field: str, titles: Iterable[str]) -> None:
    for title in titles:
        if claimed.setdefault(header_key(title), field) == field:
            names.setdefault(field, []).append(title)


def _labels(carried: Mapping[str, tuple[Field, list[str]]], locale: str) -> dict[str, str]:
    if not has_app_context():
        return {name: str(field.label) for name, (field, _names) in carried.items()}
    with force_locale(locale):
        return {name: str(field.label) for name, (field, _names) in carried.items()}


_WHO = {"phone": PHONE, "name": NAME}
_CAR = {f"vehicle.{field}": titles for field, titles in VEHICLE.items()} | {
    f"vehicle.{name}": list(field.names)
    for name, _column, field in fields(m.Vehicle)
    if field.names and name not in VEHICLE and name != "note"
}
VISIT_CHANNEL = VISIT.pop("channel")  # last, since “联系方式” is a phone wherever nothing else is one
KINDS: dict[str, tuple[Any, Mapping[str, list[str]], Mapping[str, list[str]]]] = {
    "customers": (m.Customer, CUSTOMER, _CAR),
    "vehicles": (m.Vehicle, VEHICLE | _WHO | {"sold_by_id": STAFF}, {}),
    "contacts": (m.Contact, CONTACT, {}),
    "campaign-members": (m.CampaignMember, MEMBER | _WHO, {}),
    "visits": (m.Visit, VISIT | _WHO | {"channel": VISIT_CHANNEL}, CAR_KEYS),
    "complaints": (m.Complaint, COMPLAINT | _WHO, CAR_KEYS),
    "repair-orders": (
        m.RepairOrder,
        REPAIR_ORDER | _WHO,
        CAR_KEYS | {"vehicle.model": VEHICLE["model"], "vehicle.bought_on": ["购车日期"]},
    ),
}
