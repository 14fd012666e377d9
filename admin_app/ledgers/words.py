"""Other ways to say a header: “投诉人电话” is “电话”, “提车日” is “提车日期”, “跟踪人” is “跟进人”."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Words before a header that add nothing: 客户手机号码, 车主地址, 车辆颜色.
_OWNER = re.compile(
    "^(?:投诉客户|投诉人|抱怨人|客诉人|送修人|报修人|被访人|受访人|购车人|买车人|来电人|机主|买方|"
    "客户|顾客|车主|用户|会员|潜客|本人|联系人|联络人|车辆|车子|customers?|clients?|owners?)(?:的)?(?!编?号|代码|id$|no$|类)(?=..)"
)
#: Endings that add nothing: 顾问姓名, 项目名称.
_TAIL = re.compile("(?<=..)(?:姓名|名称|名字|全名|全称)$")
_DAY = re.compile("(?<=..)(?:日期|时间|年月日|日子|[日时])$")
_DAYS = ("日期", "时间", "日")
_UNTIL = re.compile("(?:到期|截止|截至|终止|届满|有效期?|失效)(?:日期|时间|日|至|止|期)*$")
#: One word for things that ledgers call differently.
_SAME = tuple(
    (re.compile(words), word)
    for words, word in (
        ("追踪|跟踪|追访", "跟进"),
        ("联络|连络", "联系"),
        ("电访|外呼|呼叫|通话|拨打|致电|电话回访|访问|关怀", "回访"),
        ("复访|再访|回访", "回访"),
        ("客诉|抱怨|申诉", "投诉"),
        ("通讯", "联系"),
        ("牌号", "牌"),
        ("入厂|来厂|进站|入场|进场|到厂|入站", "进厂"),
        ("离厂|出站|出场", "出厂"),
        ("途径|方式|来路", "渠道"),
        ("日期及时间|日期时间|具体时间", "日期"),
        ("公里数?|里数", "里程"),
        ("费用|金额", "费"),
        ("编号", "号"),
    )
)


def rewritten(name: str) -> Iterator[str]:
    """Other forms of a header key that mean the same, the nearest first."""
    forms = list(dict.fromkeys(_bare(name)))
    yield from forms[1:]
    for form in forms:
        yield from _dated(form)
    for form in forms:
        for pattern, word in _SAME:
            if pattern.search(form):
                other = pattern.sub(word, form)
                yield other
                yield from _dated(other)


def _bare(name: str) -> Iterator[str]:
    """The name, without the owner before it, without an ending that adds nothing, without both."""
    yield name
    short = _OWNER.sub("", name)
    yield short
    yield _TAIL.sub("", name)
    yield _TAIL.sub("", short)


def _dated(name: str) -> Iterator[str]:
    """“提车日” as 提车日期 and 提车时间, “保修截止日” as 保修到期."""
    if _UNTIL.search(name):
        yield _UNTIL.sub("到期", name)
        return
    if _DAY.search(name):
        stem = _DAY.sub("", name)
        yield from (stem + ending for ending in _DAYS)
