"""Names in pinyin, for the search: whole, from each syllable on, and by initials. pypinyin misreads some surnames;
those stand here."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import lru_cache
from importlib import resources
from itertools import combinations, zip_longest
from threading import Lock

LONGEST = 200
_reading = Lock()  # the first reading takes 70 MiB for a moment: of one thread, not of eight
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
    name = name.strip()
    known: tuple[str, ...] = COMPOUND.get(name[:2], ()) or ((SURNAMES[name[:1]],) if name[:1] in SURNAMES else ())
    with _reading:
        reader = _reader()
    read = reader(name[len(known):])
    return [*known, *(part for part in (_plain(sound) for sound in read) if part)]


@lru_cache(maxsize=1)
def _reader() -> Callable[[str], list[str]]:
    """What reads characters, by pypinyin. Of its 47,000 phrases those are kept that say something: the others would
    take 40 MiB of every process."""
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
    os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "1")
    from pypinyin import Style, lazy_pinyin, load_phrases_dict

    load_phrases_dict(json.loads(_telling_phrases()))
    return lambda text: lazy_pinyin(text, style=Style.NORMAL)


def _telling_phrases() -> str:
    """The phrases that are read otherwise than their characters one by one, and those that such a one stands in, as
    JSON: as text they lie together, and the memory of the others is given back."""
    from pypinyin import Style, lazy_pinyin
    from pypinyin.contrib.tone_convert import to_normal

    normal = lru_cache(maxsize=None)(to_normal)
    alone = lru_cache(maxsize=None)(lambda letter: lazy_pinyin(letter, style=Style.NORMAL)[0])
    phrases = json.loads(resources.files("pypinyin").joinpath("phrases_dict.json").read_text(encoding="utf-8"))
    telling = {phrase for phrase, sounds in phrases.items()
               if [normal(one[0]) for one in sounds] != [alone(letter) for letter in phrase]}
    return json.dumps({phrase: sounds for phrase, sounds in phrases.items() if any(
        phrase[begin:end] in telling for begin, end in combinations(range(len(phrase) + 1), 2))}, ensure_ascii=False)


def _plain(sound: str) -> str:
    return "".join(letter for letter in sound.lower().replace("ü", "v") if letter.isascii() and letter.isalnum())
