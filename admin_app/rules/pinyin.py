"""Names in pinyin, for the search: whole, from each syllable on, and by initials. pypinyin misreads some surnames;
those stand here."""

from __future__ import annotations

from itertools import zip_longest

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
    """“liangsiqi siqi qi lsq sq” for 梁思琪: what may be typed, from any syllable on; None where nothing is left.

    Of a long name as many as LONGEST allows, the longest first.
    """
    sounds = sounds_of(name)
    if not sounds:
        return None
    whole = ["".join(sounds)[:LONGEST // 2], *_endings(sounds[1:], 1)]
    initials = _endings([sound[0] for sound in sounds], 2)  # one letter alone begins the last syllable already
    kept: set[str] = set()
    left = LONGEST
    for token in (one for pair in zip_longest(whole, initials) for one in pair if one):
        if token not in kept and len(token) < left:
            kept.add(token)
            left -= len(token) + 1
    return " ".join(dict.fromkeys(token for token in (*whole, *initials) if token in kept))


def _endings(parts: list[str], least: int) -> list[str]:
    """The parts put together, from the first on, from the second on …, with at least `least` parts each."""
    return ["".join(parts[at:]) for at in range(len(parts) - least + 1)]


def sounds_of(name: str) -> list[str]:
    """The syllables of a name in lower case; letters and digits that stand together are one."""
    from pypinyin import Style, lazy_pinyin

    name = name.strip()
    known: tuple[str, ...] = COMPOUND.get(name[:2], ()) or ((SURNAMES[name[:1]],) if name[:1] in SURNAMES else ())
    read = lazy_pinyin(name[len(known):], style=Style.NORMAL)
    return [*known, *(part for part in (_plain(sound) for sound in read) if part)]


def _plain(sound: str) -> str:
    return "".join(letter for letter in sound.lower().replace("ü", "v") if letter.isascii() and letter.isalnum())
