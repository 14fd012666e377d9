"""What stores call the members of a choice, beside its value and its labels."""

from __future__ import annotations

import re

from admin_app import choices as ch
from admin_app.choices import Choice

#: What ledgers call the members of a choice, beside value and labels.
ALIASES: dict[type[Choice], dict[Choice, str]] = {
    ch.Sex: {
        ch.Sex.MALE: "男 男性 男士 先生 M ♂ Mr 帅哥 Man 1男",
        ch.Sex.FEMALE: "女 女性 女士 小姐 太太 F ♀ Mrs Ms Miss 夫人 Woman 2女",
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
        ch.Channel.PHONE: "电话 电访 致电 来电 去电 座机 手机 外呼 呼入 呼出 语音 Call Tel Telephone",
        ch.Channel.WECHAT: "微信 企微 企业微信 微信沟通 微信群 朋友圈 WX",
        ch.Channel.STORE: (
            "到店 来店 店内 进店 展厅 面谈 面访 接待 当面 线下 来厂 到店面谈 现场 展厅接待 Showroom Walkin"
        ),
        ch.Channel.HOME: "上门 外出拜访 登门 拜访 上门拜访 家访 Visit Home",
        ch.Channel.SMS: "短信 短讯 简讯 彩信 Text",
        ch.Channel.EMAIL: "邮件 电子邮件 电邮 邮箱 Mail",
        ch.Channel.ONLINE: "在线 网络 网站 线上 APP 在线客服 抖音 私信 QQ 视频 直播 小红书 Web",
        ch.Channel.EVENT: "活动",
        ch.Channel.FAIR: "展销会 车展 展会",
        ch.Channel.ASSOCIATION: "协会 商会",
    },
    ch.VisitResult: {
        ch.VisitResult.SOLVED: (
            "已解决 解决 满意 非常满意 很满意 成功 已成交 成交 正常 完成 已完成 无异常 无问题 良好 "
            "基本满意 已订车 下订 Solved OK 已处理 已接受 很好 好 已到店 已保养"
        ),
        ch.VisitResult.NEW_PROBLEM: (
            "不满意 非常不满意 有问题 异常 投诉 抱怨 新问题 失望 不满 未解决 较不满意 很不满意"
        ),
        ch.VisitResult.INVITED: (
            "已预约试驾 已预约 预约 预约到店 约到店 邀约成功 答应到店 同意到店 约定到店 已约 预约保养 "
            "已邀约 预约试驾"
        ),
        ch.VisitResult.INTERESTED: (
            "有意向 意向 感兴趣 考虑中 再考虑 考虑 比价中 对比中 观望 有兴趣 继续跟进 待跟进 跟进中"
        ),
        ch.VisitResult.TALKED: "已沟通 已接通 接通 已通话 Talked",
        ch.VisitResult.NOT_REACHED: (
            "未接通 无人接听 无人接 未接 关机 停机 占线 忙音 无法接通 拒接 未联系上 联系不上 挂断 "
            "未接听 无应答 打不通 未打通 不在服务区 通话中 没接 未接电话 不接 Noanswer Busy Notreached"
        ),
        ch.VisitResult.CALL_LATER: "稍后联系 忙 开会 稍后 改天 改约 稍后再打 再联系 在忙 下次再联系 不方便",
        ch.VisitResult.REFUSED: (
            "拒绝再联系 拒绝 拒绝回访 拒访 勿扰 不愿接听 不再联系 战败 无意向 已购他牌 已购竞品 "
            "已购其他品牌 放弃购买 Refused"
        ),
        ch.VisitResult.WRONG_NUMBER: "空号 号码错误 错号 打错 非本人 号码有误 停用 Wrongnumber",
    },
    ch.Source: {
        ch.Source.WALK_IN: "展厅 自然到店 自然进店 自来店 到店 来店 路过 进店 首次到店 自然来店",
        ch.Source.PHONE: "电话咨询 来电 电话 热线 400 呼入 来电咨询 客服热线",
        ch.Source.WEB: (
            "网络 官网留资 官网 汽车之家 懂车帝 易车 太平洋汽车 爱卡 垂直媒体 垂媒 网站 DCC 网销 线上 "
            "留资 天猫 百度"
        ),
        ch.Source.SOCIAL: (
            "抖音 小红书 微信朋友圈 朋友圈 微信 公众号 快手 微博 视频号 直播 社交媒体 B站 企业微信"
        ),
        ch.Source.REFERRAL: (
            "老客户介绍 转介绍 朋友介绍 介绍 老带新 推荐 客户推荐 熟人介绍 亲友介绍 员工推荐 老客户 内部推荐"
        ),
        ch.Source.EVENT: "车展 外拓 市场活动 活动 巡展 展销会 团购 外展 试驾活动 车友会 促销活动",
        ch.Source.OTHER: "其他 其它",
    },
    ch.Stage: {
        ch.Stage.LEAD: "潜客 潜在 线索 潜在客户 新客户 新客 未成交",
        ch.Stage.PROSPECT: "意向 意向客户 跟进中 有望 在谈 有望客户 意向中 已订 已订车",
        ch.Stage.OWNER: (
            "保有 保有客户 车主 基盘 基盘客户 已购 已成交 成交 老客户 已购车 已交车 成交客户 已提车 在保"
        ),
        ch.Stage.LOST: "流失 战败 流失客户 失销 已战败 战败客户 已流失 失效",
    },
    ch.Grade: {
        ch.Grade.H: "7天内 7天 7日内 一周内 1周内 高 高意向 强 热 Hot High 紧急 很高",
        ch.Grade.A: "15天内 15天 15日内 半个月内 半月内 两周内 2周内 较高 中高",
        ch.Grade.B: "30天内 30天 30日内 一个月内 1个月内 中 中意向 中等 一般 温 暖 Warm Medium",
        ch.Grade.C: "2-3个月 3个月内 三个月内 90天内 2~3个月 60天内 低 低意向 弱 冷 Cold Low 较低",
        ch.Grade.N: "未定级 未评级 新客 待定级 待评级 待定 未分级 新客户 New",
        ch.Grade.O: "已订 已订车 订单 已下订 下订 已下定 下定 定车 订车 Ordered",
        ch.Grade.D: (
            "已成交 成交 已交车 交车 已购 保有 已交付 成交客户 保有客户 已提车 已购车 Delivered Sold"
        ),
        ch.Grade.F: "战败 失销 流失 已战败 战败客户 无意向 Lost",
        ch.Grade.T: "退订 退单 订单取消 取消 已退订 退定 Cancelled",
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
        ch.Cause.USER: "用户 用户原因 客户原因 客户 使用不当 客户误解 Customer User",
        ch.Cause.PRODUCT: "产品 产品原因 产品质量 质量 质量问题 产品问题 车辆质量",
        ch.Cause.EXTERNAL: "外部 外部原因 第三方 不可抗力",
    },
    ch.ComplaintLevel: {
        ch.ComplaintLevel.GENERAL: "一般 普通 轻微 一级 低 C级 Ⅰ级 三类 Low Minor",
        ch.ComplaintLevel.ESCALATED: "升级 较大 严重 二级 中 B级 Ⅱ级 较重 重要 较严重 Medium",
        ch.ComplaintLevel.MAJOR: "重大 特别重大 三级 紧急 高 A级 Ⅲ级 特急 危机 特大 High Critical Urgent",
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
        ch.RepairKind.SERVICE: (
            "保养 常规保养 定期保养 定保 小保养 大保养 正常保养 机油保养 二保 首次免费保养外 常规 "
            "Maintenance Service"
        ),
        ch.RepairKind.REPAIR: "维修 一般维修 普通维修 机修 机电维修 机电 返修 故障维修 小修 大修 检修",
        ch.RepairKind.ACCIDENT: "事故 事故维修 事故车 钣喷 钣金 喷漆 保险维修",
        ch.RepairKind.WARRANTY: "三包 索赔 质保 保修 索赔维修",
        ch.RepairKind.INSTALL: "加装 安装 精品加装 装饰 精品",
        ch.RepairKind.RECALL: "召回 厂家召回",
    },
}
SUFFIXES: dict[type[Choice], tuple[str, ...]] = {
    ch.Grade: ("类", "级", "级别", "类客户", "级客户", "等", "等级", "客户", "意向"),
    ch.Tier: ("类", "级"),
    ch.Channel: ("回访", "沟通", "联系", "邀约", "拜访", "跟进", "方式", "联络"),
    ch.Source: ("客户", "渠道", "线索", "来源", "咨询", "推荐"),
    ch.Cause: ("类", "类问题", "问题", "原因", "投诉", "方面"),
    ch.ComplaintLevel: ("投诉", "类", "级别"),
    ch.ComplaintArea: ("部门", "部", "类", "投诉"),
    ch.ComplaintChannel: ("投诉", "渠道", "方式"),
    ch.RepairKind: ("类", "服务", "工单", "项目"),
}

#: Words that tell a choice where no name fits the whole cell; the first that is found counts.
HINTS: dict[type[Choice], tuple[tuple[Choice, re.Pattern[str]], ...]] = {
    ch.Source: (
        (ch.Source.REFERRAL, re.compile("介绍|推荐|老带新|亲友|亲戚|朋友(?!圈)|口碑|referr|friend")),
        (
            ch.Source.EVENT,
            re.compile(
                "车展|外拓|外展|巡展|定展|展销|展会|团购|试驾会|车友会|活动|促销|商超|商场|event|autoshow"
            ),
        ),
        (
            ch.Source.SOCIAL,
            re.compile(
                "抖音|小红书|微信|朋友圈|公众号|快手|微博|视频号|直播|社交|社群|自媒体|新媒体|b站|douyin|wechat"
            ),
        ),
        (
            ch.Source.WEB,
            re.compile(
                "网|之家|懂车帝|易车|dcc|线上|留资|电商|天猫|京东|淘宝|百度|搜索|垂媒|厂家|厂方|internet|online|web"
            ),
        ),
        (ch.Source.PHONE, re.compile("电话|来电|去电|热线|400|呼入|call|phone")),
        (ch.Source.WALK_IN, re.compile("到店|进店|来店|展厅|路过|自然|上门|walk|showroom")),
    ),
    ch.Cause: (
        (
            ch.Cause.SERVICE,
            re.compile("服务|态度|维修|销售|等待|时间|收费|价格|费用|交车|流程|管理|承诺|沟通|人员"),
        ),
        (ch.Cause.PRODUCT, re.compile("产品|质量|配件|故障|异响|性能|零件|车辆")),
        (ch.Cause.USER, re.compile("用户|客户|使用|误解|期望")),
        (ch.Cause.EXTERNAL, re.compile("外部|第三方|厂家|物流|保险|不可抗")),
    ),
    ch.Grade: tuple(
        (ch.Grade[letter], re.compile(f"^(?:意向)?(?:级别|等级)?[:：]?{letter.lower()}(?![a-z/])"))
        for letter in "HABCNODFT"
    ),
    ch.Channel: (
        (ch.Channel.PHONE, re.compile("^电话")),
        (ch.Channel.WECHAT, re.compile("^(?:企业)?微信")),
        (ch.Channel.STORE, re.compile("到店|来店|进店")),
        (ch.Channel.SMS, re.compile("短信")),
        (ch.Channel.HOME, re.compile("上门")),
    ),
    ch.VisitResult: (
        (ch.VisitResult.NOT_REACHED, re.compile("未接|无人接|关机|停机|占线|无法接通|拒接|打不通")),
        (ch.VisitResult.WRONG_NUMBER, re.compile("空号|错号|号码(?:错|有误)")),
        (ch.VisitResult.NEW_PROBLEM, re.compile("不满|抱怨|投诉|未解决")),
    ),
    ch.RepairKind: (
        (ch.RepairKind.FIRST_SERVICE, re.compile("首保|首次保养")),
        (ch.RepairKind.RECALL, re.compile("召回")),
        (ch.RepairKind.ACCIDENT, re.compile("事故|钣|喷漆")),
        (ch.RepairKind.WARRANTY, re.compile("索赔|三包|保修")),
        (ch.RepairKind.SERVICE, re.compile("保养")),
        (ch.RepairKind.INSTALL, re.compile("加装|精品|装饰")),
        (ch.RepairKind.REPAIR, re.compile("维修|检修|修理")),
    ),
}
