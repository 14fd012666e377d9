"""Names in pinyin, for the search: whole and by initials. pypinyin misreads some surnames; those stand here."""

from __future__ import annotations

LONGEST = 200
# Surnames that are read otherwise than the character's common reading.
SURNAMES = {
    "曾": "zeng", "单": "shan", "仇": "qiu", "解": "xie", "尉": "wei", "区": "ou", "查": "zha", "盖": "ge",
    "翟": "zhai", "朴": "piao", "任": "ren", "纪": "ji", "洗": "xian", "冼": "xian", "覃": "qin",
    "缪": "miao", "种": "chong", "繁": "po", "员": "yun", "乐": "yue", "召": "shao", "折": "she",
    "秘": "bi", "黑": "he", "乜": "nie", "隗": "wei", "华": "hua", "宁": "ning", "葛": "ge", "佘": "she",
    "盛": "sheng", "车": "che", "柏": "bai", "燕": "yan", "应": "ying", "逄": "pang", "句": "gou",
    "祭": "zhai", "阚": "kan", "贾": "jia", "沈": "shen", "石": "shi",
}
COMPOUND = {"长孙": ("zhang", "sun"), "万俟": ("mo", "qi"), "尉迟": ("yu", "chi"), "澹台": ("tan", "tai"),
            "单于": ("chan", "yu"), "令狐": ("ling", "hu"), "鲜于": ("xian", "yu"), "亓官": ("qi", "guan")}


def of_name(name: str) -> str | None:
    """“liangsiqi lsq” for 梁思琪: the whole and the initials. Letters and digits stay; None where nothing is left."""
    sounds = _sounds(name.strip())
    whole = "".join(sounds)
    if not whole:
        return None
    initials = "".join(sound[0] for sound in sounds)
    return f"{whole} {initials}"[:LONGEST].strip() if initials != whole else whole[:LONGEST]


def _sounds(name: str) -> list[str]:
    from pypinyin import Style, lazy_pinyin

    known: tuple[str, ...] = COMPOUND.get(name[:2], ()) or ((SURNAMES[name[:1]],) if name[:1] in SURNAMES else ())
    read = lazy_pinyin(name[len(known):], style=Style.NORMAL)
    return [*known, *(part for part in (_plain(sound) for sound in read) if part)]


def _plain(sound: str) -> str:
    return "".join(letter for letter in sound.lower().replace("ü", "v") if letter.isascii() and letter.isalnum())
