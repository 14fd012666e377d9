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

#: Headers of other systems and stores, by field; the names in models.py come first. A name after ~ counts only where
#: no other column of the file is the field. How names are compared and rewritten is in ledgers/headers.py.
PHONE = (
    "手机号码 联系电话 手机 手机号 电话 移动电话 联系方式 电话号码 联系手机 客户手机 客户电话 联系号码 "
    "客户手机号 客户联系电话 车主电话 车主手机 常用电话 常用手机 行动电话 联系人联系方式 车主手机号 "
    "车主联系方式 本人电话 主叫号码 来电号码 被叫号码 联系人电话 联系人手机 送修人电话 回访电话 微信/电话 "
    "微信/手机 微信/手机号 电话/微信 手机/微信 报修电话 拨打号码 TEL Telephone Mobile Phone Cellphone "
    "Cell CellPhone MobilePhone MobileNo MobileNumber PhoneNo PhoneNumber TelNo TelNumber ContactNo "
    "ContactNumber ContactPhone ContactMobile ~号码"
).split()
NAME = (
    "客户姓名 姓名 客户名称 客户名 客户 车主姓名 车主名称 车主 联系人 联系人姓名 顾客 顾客姓名 潜客姓名 "
    "送修人 报修人 投诉人 投诉客户 购车人 买车人 机主 用户名称 用户 会员姓名 被访人 受访人 称呼 尊称 "
    "客户称呼 抱怨人 Name FullName Customer CustomerName Client ClientName Owner OwnerName ~名称"
).split()
PHONE2 = (
    "备用电话 电话2 手机2 第二电话 备用手机 固定电话 座机 家庭电话 办公电话 其他电话 其他联系方式 "
    "备用联系方式 紧急联系电话 紧急联系人电话 紧急电话 单位电话 宅电 住宅电话 固话 第二联系电话 "
    "第二联系人电话 备用联系电话 备用号码 公司电话 Phone2 Mobile2 AlternatePhone AltPhone OtherPhone "
    "HomePhone OfficePhone WorkPhone SecondPhone"
).split()
STAFF = (
    "销售顾问 顾问 业务员 负责人 归属顾问 跟进人 所属顾问 销售人员 销售员 接待顾问 归属人 客户经理 责任人 "
    "专属顾问 主管顾问 跟进顾问 置业顾问 专属销售 销售代表 业代 购车顾问 归属销售 所属销售 所属销售顾问 "
    "责任销售 跟进销售 销售经理人 售车顾问 责任顾问 当前顾问 所属人 跟进人员 销售 SC SalesConsultant "
    "Consultant Salesperson SalesRep SalesExecutive SalesAdvisor Sales SalesMan AssignedTo"
).split()
NOTE = "备注 说明 备注说明 备注信息 客户备注 其他 Remark Remarks Note Notes Comment Comments ~附注".split()

CUSTOMER: dict[str, list[str]] = {
    "name": NAME,
    "phone": PHONE,
    "phone2": PHONE2,
    "sex": "性别 称谓 Sex Gender".split(),
    "birthday": "出生日期 生日 出生年月 出生年月日 客户生日 生日日期 DOB BirthDate DateOfBirth 出生".split(),
    "source": (
        "客户来源 来源 信息来源 来源渠道 渠道来源 获客渠道 线索来源 来店渠道 来源方式 渠道 信息渠道 "
        "获知渠道 来源途径 来店途径 了解渠道 媒体来源 客源 信息来源渠道 一级渠道 来源大类 线索渠道 "
        "留资渠道 Source LeadSource CustomerSource ~二级渠道 ~来源小类"
    ).split(),
    "grade": (
        "意向级别 意向等级 级别 等级 客户级别 购车级别 意向度 意向 意向程度 意向状态 购车意向 客户意向 "
        "有望等级 HABC 意向分级 客户分级 Grade Level IntentLevel LeadGrade"
    ).split(),
    "tier": "会员等级 会员级别".split(),
    "kind": "客户类别 客户属性".split(),
    "owner_id": [*STAFF, "~建档人", "~录入人"],
    "advisor_id": "服务顾问 SA 售后顾问 服务专员 ServiceAdvisor".split(),
    "note": NOTE,
    "address": (
        "地址 住址 联系地址 家庭住址 家庭地址 通讯地址 居住地址 现住址 住所 居住地 详细地址 Address"
    ).split(),
    "model_wish": (
        "意向车型 关注车型 拟购车型 意向车系 意向车款 意向车 关注车系 ModelOfInterest InterestedModel"
    ).split(),
    "registered_on": (
        "建档日期 登记日期 录入日期 首次来访 建卡日期 创建日期 建档时间 创建时间 首次到店日期 来店日期 "
        "留档日期 登记时间 首次接触时间 来访日期 初次来店 首次进店日期 进店日期 留资日期 线索日期 "
        "首次来店日期 首次接触日期 RegisteredOn CreatedOn DateCreated CreatedDate RegistrationDate"
    ).split(),
    "next_contact_on": (
        "下次跟进 下次联系 下次回访 下次跟进日期 下次跟进时间 下次联系日期 下次联系时间 计划回访日期 "
        "下次回访日 计划回访时间 计划跟进日期 预约回访 NextContact NextFollowUp NextContactDate "
        "NextFollowUpDate FollowUpDate"
    ).split(),
    "lost_reason": "战败原因 失销原因".split(),
    "district": "所属区域 所在区域 居住区域".split(),
    "employer": "单位名称 公司名称 工作单位 Company Employer".split(),
    "wechat": "微信号码 微信账号 微信昵称 WeChat WeChatID".split(),
    "email": "邮箱地址 电邮 Mail EmailAddress".split(),
    "id_number": "身份证 身份证号 身份证号码 证件号码 证件号 IDNumber IDNo IDCard".split(),
}
VEHICLE: dict[str, list[str]] = {
    "model": (
        "车型 购买车型 车型名称 成交车型 车系 车辆型号 所购车型 已购车型 车款 现有车型 车型配置 品牌车型 "
        "品牌型号 厂牌型号 车辆 购车车型 Model VehicleModel CarModel Vehicle Car"
    ).split(),
    "vin": (
        "车架号 VIN VIN码 底盘号 车辆识别代号 车辆识别码 车辆识别号 车架号码 底盘号码 VIN号 VIN号码 车架 "
        "车身号码 车身号 大架号 车辆识别代码 VINNo VINNumber ChassisNo ChassisNumber Chassis FrameNo"
    ).split(),
    "plate": (
        "车牌号 车牌 车牌号码 牌照 牌照号 牌号 号牌 牌照号码 车号 号牌号码 车辆牌照 车辆号牌 Plate "
        "PlateNo PlateNumber LicensePlate LicensePlateNo LicencePlate License LicenseNo RegNo "
        "RegistrationNo"
    ).split(),
    "brand": "厂牌 车辆品牌 Make Brand".split(),
    "trim": "车辆配置 款式 年款 配置版本 车型版本".split(),
    "colour": "颜色 车身颜色 车辆颜色 外观颜色 外色 外观 外观色 车色 Colour Color".split(),
    "bought_on": (
        "购车日期 购车时间 交车日期 交车时间 提车日期 提车时间 成交日期 购买日期 销售日期 开票日期 "
        "购置日期 交付日期 购车年月 出售日期 售车日期 发票日期 成交时间 PurchaseDate DateOfPurchase "
        "PurchasedOn BoughtOn DeliveryDate DeliveredOn SaleDate SoldOn ~上牌日期 ~领牌日期 ~初登日期 "
        "~上牌时间 ~注册日期 ~首次登记日期 ~订车日期 ~合同日期"
    ).split(),
    "price": (
        "成交价 车价 购车价格 成交价格 购车价 成交金额 裸车价 开票价 开票价格 售价 发票金额 Price SalePrice"
    ).split(),
    "mileage": (
        "行驶里程 里程 公里数 行驶公里数 里程数 当前里程 行驶里程数 公里 行驶公里 表显里程 最近里程 "
        "现里程 目前里程 目前公里数 当前公里 当前公里数 Mileage Odometer KM KMs ~进厂里程"
    ).split(),
    "insurance_until": (
        "保险到期日 保险到期 交强险到期 保险到期日期 保险到期时间 商业险到期 续保日期 保险终止日期 "
        "保险截止日 商险到期 交强险到期日 商业险到期日 保险有效期 InsuranceUntil InsuranceExpiry "
        "InsuranceExpires InsuranceExpiryDate"
    ).split(),
    "insurer": "保险公司 承保公司 投保公司 Insurer InsuranceCompany".split(),
    "inspection_until": (
        "年检到期 年审到期 年检到期日 年审到期日 年检日期 年检有效期 年审日期 验车到期 InspectionUntil "
        "InspectionDue"
    ).split(),
    "warranty_until": (
        "质保到期 质保到期日 保修到期 保修到期日 质保截止日期 三包到期 WarrantyUntil WarrantyExpiry"
    ).split(),
    "first_service_done": "是否首保 首保 已首保 首保日期 首保时间 首保完成日期 首次保养日期".split(),
    "last_service_on": (
        "上次保养 上次保养日期 最近保养 最近保养日期 最近一次保养 最后保养日期 最近一次保养日期 "
        "LastService LastServiceDate"
    ).split(),
    "last_service_km": "上次保养里程 最近保养里程 上次保养公里数 LastServiceMileage LastServiceKM".split(),
    "next_service_on": (
        "下次保养 下次保养日期 下次保养时间 应保养日期 NextService NextServiceDate NextServiceDue"
    ).split(),
    "next_service_km": "下次保养里程 下次保养公里数 NextServiceMileage NextServiceKM".split(),
}
VISIT: dict[str, list[str]] = {
    "at": (
        "日期 时间 回访时间 回访日期 拜访时间 拜访日期 跟进时间 跟进日期 联系时间 联系日期 沟通时间 "
        "沟通日期 接触时间 接触日期 通话时间 来访时间 拨打时间 呼叫时间 外呼时间 访问日期 面访日期 Date "
        "Time DateTime VisitDate VisitTime VisitedOn CallTime CallDate CalledOn ContactDate ContactTime "
        "ContactedOn ~记录时间 ~登记时间 ~登记日期 ~创建时间 ~录入时间 ~完成时间"
    ).split(),
    "channel": (
        "方式 回访方式 渠道 跟进方式 联系方式 沟通方式 拜访方式 接触方式 途径 沟通渠道 回访渠道 联系渠道 "
        "接触渠道 Channel Method ContactMethod Via ~回访类型 ~跟进类型"
    ).split(),
    "staff_id": [
        *"回访人 跟进人 拜访人 回访员 回访人员 跟进人员 拜访人员 记录人 通话人 责任人 客服 客服专员 客服人员 坐席 "
        "座席 回访专员 关爱专员 执行人 操作人 沟通人 联系人员 呼叫员 客服代表 Staff Agent CalledBy Caller VisitedBy "
        "ContactedBy By".split(),
        *STAFF,
        *"服务顾问 ~处理人 ~创建人 ~录入人 ~登记人".split(),
    ],
    "content": (
        "内容 回访内容 跟进内容 沟通内容 备注 拜访内容 联系内容 回访记录 跟进记录 沟通记录 情况 回访情况 "
        "跟进情况 记录 通话内容 通话记录 沟通情况 回访情况记录 回访详情 跟进详情 客户反馈 客户反馈内容 "
        "反馈内容 客户意见 拜访记录 拜访情况 联系情况 Content Notes Note Details CallNotes Conversation "
        "~说明 ~Remark ~Remarks ~Comment ~Comments ~问题描述"
    ).split(),
    "result": (
        "结果 回访结果 跟进结果 沟通结果 拜访结果 联系结果 状态 接触结果 外呼结果 通话结果 接通情况 "
        "接通状态 跟进状态 回访状态 Result Outcome Status ~是否接通"
    ).split(),
    "satisfaction": (
        "满意度 评分 满意度评分 满意分 满意度得分 回访评分 客户评分 打分 满意程度 满意度分数 Satisfaction "
        "Score Rating"
    ).split(),
    "purpose": "回访目的 回访主题 拜访目的 Purpose".split(),
    "next_on": (
        "下次联系 下次回访 下次跟进 下次回访日期 下次跟进日期 下次联系日期 下次联系时间 下次跟进时间 "
        "下次回访时间 计划日期 下次回访日 再次回访日期 预约下次 下次拜访 下次拜访日期 下次沟通 "
        "下次沟通时间 NextDate NextContact NextCall NextFollowUp NextVisit NextContactDate NextCallDate "
        "FollowUpDate"
    ).split(),
    "next_step": "下一步 下步计划 下一步计划 后续计划 NextStep".split(),
}
COMPLAINT: dict[str, list[str]] = {
    "text": (
        "投诉内容 内容 抱怨内容 投诉事项 问题描述 投诉问题 客户诉求 投诉描述 反映问题 事由 抱怨事项 "
        "客诉内容 投诉内容描述 投诉详情 投诉事由 反馈内容 事件描述 事件经过 具体内容 反映内容 反映情况 "
        "投诉情况 投诉项目 客户要求 问题 事项 诉求 Complaint ComplaintText ComplaintDetails Description "
        "Details Issue Problem Content ~投诉主题 ~主题 ~描述"
    ).split(),
    "received_at": (
        "登记日期 投诉日期 日期 投诉时间 受理日期 受理时间 登记时间 接诉日期 接诉时间 发生日期 时间 "
        "客诉日期 客诉时间 抱怨日期 反馈日期 反馈时间 接待日期 来电日期 来电时间 Date ComplaintDate "
        "Received ReceivedOn ReceivedDate DateReceived ComplainedOn OpenedOn ~发生时间 ~创建时间 "
        "~录入时间"
    ).split(),
    "owner_id": [
        *"处理人 负责人 责任人 经办人 受理人 处理人员 跟进人 承办人 处理责任人 主责人 接诉人 Handler HandledBy Owner "
        "AssignedTo Responsible ~登记人 ~责任人姓名 ~记录人".split(),
    ],
    "level": "投诉等级 严重程度 紧急程度 客诉级别 重要程度 等级 Level Severity Priority".split(),
    "channel": "投诉途径 受理渠道 投诉来源 来源 受理方式 投诉方式 来源渠道 接收渠道 Channel Source".split(),
    "area": "涉及部门 责任部门 归属部门 部门 被投诉部门 业务类型 Area Department".split(),
    "cause": (
        "原因分类 原因 投诉原因 原因类别 投诉类别 投诉分类 责任归属 投诉类型 原因类型 问题类别 问题分类 "
        "问题类型 客诉类型 类别 类型 Cause Category Type ~原因分析"
    ).split(),
    "solution": (
        "处理措施 处理结果 解决方案 处理方案 处理情况 处理办法 解决措施 处理过程 处理意见 处理方法 "
        "处理进度 处理过程及结果 处理措施及结果 解决办法 解决结果 处理内容 处理进展 Solution Resolution "
        "Action ActionTaken ~处理状态 ~备注"
    ).split(),
    "finished_at": (
        "完成日期 处理完成日期 完成时间 结案日期 结案时间 处理日期 关闭日期 解决日期 办结日期 办结时间 "
        "处理时间 处理完成时间 解决时间 关闭时间 完结日期 完结时间 Finished FinishedOn Closed ClosedOn "
        "ClosedDate Resolved ResolvedOn CompletedOn"
    ).split(),
    "satisfied": (
        "回访是否满意 是否满意 客户是否满意 满意 满意度 回访结果 客户满意 复访结果 客户满意度 回访满意度 "
        "复访满意否 复访是否满意 回访满意否 客户满意否 满意否 满意与否 客户是否认可 复访满意度 处理满意度 "
        "Satisfied CustomerSatisfied Satisfaction ~是否认可"
    ).split(),
}
REPAIR_ORDER: dict[str, list[str]] = {
    "number": (
        "工单号 单号 维修单号 工单编号 委托书号 施工单号 结算单号 订单号 任务单号 委托单号 RO号 "
        "维修工单号 委托书编号 维修单编号 单据编号 单据号 派工单号 业务单号 工单号码 RO RONo RONumber "
        "OrderNo OrderNumber WorkOrder WorkOrderNo RepairOrder RepairOrderNo JobNo JobNumber Number "
        "~流水号 ~票号"
    ).split(),
    "opened_at": (
        "进厂日期 进厂时间 开单日期 开单时间 来厂日期 入厂日期 接车日期 接车时间 送修日期 维修日期 日期 "
        "来厂时间 入场时间 进站时间 进站日期 维修时间 到店日期 到店时间 入厂时间 Opened OpenedOn OpenDate "
        "DateIn CheckIn Date ServiceDate ~登记日期 ~创建时间"
    ).split(),
    "promised_at": "预计交车时间 预交车时间 预计完工 预计完工时间 预计出厂时间 PromisedFor Promised".split(),
    "closed_at": (
        "出厂日期 出厂时间 结算日期 交车日期 结算时间 竣工日期 完工日期 离厂日期 完工时间 交车时间 "
        "离厂时间 出站时间 竣工时间 出厂交车时间 Closed ClosedOn ClosedDate DateOut CheckOut CompletedOn"
    ).split(),
    "mileage": (
        "里程 进厂里程 公里数 行驶里程 里程数 进厂公里数 入厂里程 行驶公里 行驶公里数 当前里程 表显里程 "
        "Mileage Odometer KM"
    ).split(),
    "kind": (
        "维修类型 维修类别 业务类型 工单类型 作业类型 服务类型 维修种类 维修性质 Kind Type ServiceType"
    ).split(),
    "items": (
        "项目 维修项目 维修内容 作业内容 服务项目 作业项目 维修保养项目 故障描述 项目名称 客户描述 "
        "保养项目 施工项目 Items Work WorkDone Description Services"
    ).split(),
    "labour": "工时费 工时 工时金额 人工费 工费 工时费用 工资 Labour Labor LabourCost LaborCost".split(),
    "parts": "材料费 配件费 零件费 配件金额 材料金额 备件费 配件费用 零件金额 料费 Parts PartsCost".split(),
    "total": (
        "合计 金额 总金额 总费用 费用合计 结算金额 应收金额 实收金额 总计 合计金额 维修金额 总价 总额 "
        "应收合计 实收合计 实收 费用 维修费用 应收 产值 Total TotalAmount TotalCost Amount"
    ).split(),
    "advisor_id": (
        "服务顾问 接待人 SA 接待顾问 服务接待 业务接待 顾问 接车员 接待 接待员 接车人 ServiceAdvisor Advisor"
    ).split(),
    "satisfaction": "满意度评分 客户评分".split(),
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
        CAR_KEYS | {"vehicle.model": VEHICLE["model"], "vehicle.bought_on": ["购车日期", "PurchaseDate"]},
    ),
}
