"""Names, titles, sexes, members of the staff and birthdays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from flask_babel import lazy_gettext as _l

from .dates import day
from .text import Cleaned, as_text, folded, is_nothing, trimmed
from .traditional import simplified

MALE_TITLES = ("先生", "男士", "帅哥", "老爷子", "大哥", "大叔")
FEMALE_TITLES = ("女士", "小姐", "太太", "夫人", "阿姨", "大姐", "美女")
OTHER_TITLES = ("师傅", "老师", "经理", "总", "老板", "医生", "主任", "同志", "客户", "车主")
COMPOUND_SURNAMES = frozenset(
    "欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 司徒 令狐 长孙 宇文 夏侯 轩辕 端木 南宫 独孤 百里 东郭 西门 呼延 "
    "闻人 澹台 濮阳 淳于 单于 太叔 申屠 公羊 钟离 鲜于 闾丘 司空 亓官 仲孙".split()
)
_TITLES = MALE_TITLES + FEMALE_TITLES + OTHER_TITLES
#: How ledgers write that somebody no longer works here; in brackets “离” alone says it too.
_GONE = (
    "(?:已|己)?(?:离职|离岗|离开|离店|离任|辞职|辞退|解聘|调离|调走|调岗|转岗|停用|停职|注销|退休)(?:人员|员工|顾问|了)?"
    "|已走|不在职|非在职|left|resigned|quit|inactive"
)
_SHORT = f"{_GONE}|离|走了?|原(?:顾问|销售|员工)?"
_OPEN, _SHUT, _JOIN = r"[(\[【（〔<《{]", r"[)\]】）〕>》}]", r"[\s:：\-—–_·./、,，|*]*"
_WHEN = r"[\s\d年月日.\-/]*"
_LEFT = re.compile(rf"{_JOIN}(?:{_OPEN}{_WHEN}(?:{_SHORT}){_WHEN}{_SHUT}|(?:{_GONE}))\s*$", re.IGNORECASE)
_LEFT_BEFORE = re.compile(
    rf"^(?:{_OPEN}\s*(?:{_SHORT})\s*{_SHUT}|已?(?:离职|辞职|离岗)(?:人员|员工|顾问)?|原顾问)"
    rf"{_JOIN}(?=.)",
    re.IGNORECASE,
)
#: “销售顾问：张三”, “张三 13800138000”, “SC01 张三”, “张三(SC01)”.
_LABEL = re.compile(r"^(?:销售顾问|顾问|销售|业务员|服务顾问|回访员|处理人)\s*[:：]\s*")
_NUMBER_BESIDE = re.compile(
    r"[\s\-/:：]*(?:1[3-9]\d{9}|[(（][A-Za-z]{0,4}\d{1,8}[)）])$"
    r"|^[A-Za-z]{0,4}\d{1,8}[\s\-_/:：]+(?=[\u4e00-\u9fff])"
)
_NOBODY = frozenset(
    "无 公海 公海池 待分配 未分配 公共 公共池 共享池 客户池 无人 暂无 无顾问 无销售 无归属 未指派 待指派 pool "
    "none".split()
)
_SEXES = {
    "male": "男 男性 男士 先生 m male ♂ 男方 mr man 帅哥 m男 男m".split(),
    "female": "女 女性 女士 小姐 太太 f female ♀ 女方 mrs ms miss woman 夫人 f女 女f".split(),
}
_LUNAR_DAYS = {f"初{digit}": at for at, digit in enumerate("一二三四五六七八九十", 1)}
_LUNAR_DAYS |= {f"十{digit}": at for at, digit in enumerate("一二三四五六七八九", 11)}
_LUNAR_DAYS |= {"二十": 20, "廿": 20, "廿十": 20, "三十": 30, "卅": 30}
_LUNAR_DAYS |= {
    f"{tens}{digit}": at for tens in ("廿", "二十") for at, digit in enumerate("一二三四五六七八九", 21)
}
_LUNAR_MONTHS = {name: at for at, name in enumerate("正 二 三 四 五 六 七 八 九 十 冬 腊".split(), 1)}
_LUNAR_MONTHS |= {"一": 1, "十一": 11, "十二": 12}
_LUNAR = re.compile(
    r"(?:农历|阴历|旧历|\(农\)|农)?\s*(?:(\d{4})年)?(?:农历|阴历)?(闰)?([正一二三四五六七八九十冬腊]{1,2})月([初十廿卅二三][一二三四五六七八九十]{0,2})日?(\(农历\)|\(阴历\))?"
)
_LUNAR_MARK = re.compile(r"[(\s]*(?:农历|阴历|旧历|农|阴)[)\s]*")
_NO_YEAR = re.compile(r"(\d{1,2})(?:[-/.]|月)(\d{1,2})[日号]?")


def name(value: Any) -> Cleaned[str]:
    """A person's or company's name as typed, without outer blanks and the ones that only align (“李 雪梅”).

    A title alone (“先生”) or a word for nothing is no name. NFKC is never applied.
    """
    text = re.sub(r"[\t\r\n\v\f]+", " ", trimmed(value))
    if "\x00" in text:
        return Cleaned(warnings=(_l("This text has a character that cannot be stored."),))
    if is_nothing(text):
        return Cleaned()
    text = _unaligned(text)
    if text in _TITLES or text in ("某某", "某", "客户姓名"):
        return Cleaned(warnings=(_l("This is only a title; the surname is missing."),))
    if not any(character.isalnum() for character in text) and not any(ord(c) > 0xFFFF for c in text):
        return Cleaned(warnings=(_l("This is not a name."),))
    return Cleaned(text)


def _unaligned(text: str) -> str:
    """“李 雪梅” and “王　强” without the blank that only makes names equally long; other names as they are."""
    parts = text.split()
    if len(parts) < 2 or not all("\u3400" <= c <= "\u9fff" for part in parts for c in part):
        return text
    joined = "".join(parts)
    if len(joined) <= 3 or (len(joined) == 4 and parts[0] in COMPOUND_SURNAMES):
        return joined
    if parts[-1] in _TITLES and len(joined) <= 6:
        return joined
    return text


def sex_of_title(name_as_typed: str | None) -> Literal["male", "female"] | None:
    """What the title in “蒋先生” or “雷女士” says of the sex; None where there is no such title."""
    text = name_as_typed or ""
    if text.endswith(MALE_TITLES):
        return "male"
    return "female" if text.endswith(FEMALE_TITLES) else None


def sex(value: Any) -> Cleaned[Literal["male", "female"]]:
    """“男”, “女士”, “F” and the like; anything else is None with a warning."""
    if is_nothing(value):
        return Cleaned()
    text = folded(value).lower().rstrip("。.")
    if text in _SEXES["male"]:
        return Cleaned("male")
    if text in _SEXES["female"]:
        return Cleaned("female")
    return Cleaned(warnings=(_l("This is neither male nor female."),))


@dataclass(frozen=True, slots=True)
class StaffName:
    """A member of the staff as a ledger names one; `left` for “马超(已离职)”."""

    name: str
    left: bool = False


def staff(value: Any) -> StaffName | None:
    """The person a cell names; None where it names nobody (“-”, “公海”, “待分配”)."""
    text = trimmed(value)
    if is_nothing(text) or text.lower() in _NOBODY:
        return None
    typed = _NUMBER_BESIDE.sub("", _LABEL.sub("", text)) or text
    marks = simplified(typed)  # as long as the text itself
    begun = _LEFT_BEFORE.match(marks)
    start = begun.end() if begun else 0
    ended = _LEFT.search(marks, start)
    bare = typed[start : ended.start() if ended else None]
    bare = _unaligned(bare.strip(" \t()（）[]【】:：-—_·")) if begun or ended else _unaligned(typed.strip())
    return StaffName(bare or text, bool(begun or ended))


@dataclass(frozen=True, slots=True)
class Birthday:
    """A birthday; year None where the ledger gives only month and day. Lunar months and days are the lunar ones."""

    year: int | None
    month: int
    day: int
    lunar: bool = False

    @property
    def date(self) -> date | None:
        """The full date, None without a year or where the lunar day is none of the solar calendar."""
        try:
            return date(self.year, self.month, self.day) if self.year else None
        except ValueError:
            return None


def birthday(value: Any, today: date) -> Cleaned[Birthday]:
    """Any date of `day`, “8.21” and “8月21日” without a year, “农历三月初九”, “1985/1/2(农历)”.

    A day in the future, or more than 120 years ago, is None with a warning.
    """
    if is_nothing(value):
        return Cleaned()
    text = _chinese_year(simplified(folded(value))) if isinstance(value, str) else ""
    if found := _lunar_words(text):
        return Cleaned(found)
    bare = _LUNAR_MARK.sub("", text) if text else ""
    lunar = bool(text) and bare != text
    if (match := _NO_YEAR.fullmatch(bare)) and _month_and_day(int(match[1]), int(match[2])):
        return Cleaned(Birthday(None, int(match[1]), int(match[2]), lunar))
    cleaned = day(bare if lunar else value, latest=today)
    found_day = cleaned.value
    if found_day is None:
        return Cleaned(warnings=cleaned.warnings)
    if found_day > today or found_day.year < today.year - 120:
        return Cleaned(warnings=(_l("A birthday on this day is not possible."),))
    return Cleaned(Birthday(found_day.year, found_day.month, found_day.day, lunar), warnings=cleaned.warnings)


def _lunar_words(text: str) -> Birthday | None:
    match = _LUNAR.fullmatch(re.sub(r"\s", "", text))
    if not match:
        return None
    month, day_of_month = _LUNAR_MONTHS.get(match[3]), _LUNAR_DAYS.get(match[4])
    year = int(match[1]) if match[1] else None
    if year and text.endswith("日") and not re.search("农|阴|旧历|[正冬腊初廿卅]", text):
        return None  # 1985年三月十五日 is a day of the solar calendar, in words
    return Birthday(year, month, day_of_month, True) if month and day_of_month else None


def _chinese_year(text: str) -> str:
    """“一九八五年…” with the digits of its year; “生日:1985-3-5” without its label."""
    text = re.sub(r"^(?:生日|出生(?:日期)?)[:：]?", "", text)
    return re.sub(
        "^([一二三四五六七八九零〇○]{4})年",
        lambda match: match[1].translate(str.maketrans("〇○零一二三四五六七八九", "000123456789")) + "年",
        text,
    )


def _month_and_day(month: int, day_of_month: int) -> bool:
    try:
        return bool(date(2024, month, day_of_month))
    except ValueError:
        return False


def company_like(name_as_typed: str) -> bool:
    """True for the name of a firm or an office rather than of a person."""
    return (
        as_text(name_as_typed)
        .rstrip(")） ")
        .endswith(
            (
                "公司",
                "厂",
                "集团",
                "商行",
                "事务所",
                "银行",
                "学校",
                "医院",
                "中心",
                "合作社",
                "工作室",
                "经营部",
                "门市部",
            )
        )
    )
