"""What a name sounds like: surnames of their own, and the phrases of pypinyin though most of them are left out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import resources
from itertools import product
from pathlib import Path

import pytest
import yaml

from admin_app.rules import pinyin

ROOT = Path(__file__).resolve().parents[2]
WORDS = yaml.safe_load((ROOT / "seeds/demo/words.yaml").read_text(encoding="utf-8"))
# Each alone in a process: pypinyin with everything that it knows, and as the desk uses it.
READERS = {
    "whole": "from pypinyin import Style, lazy_pinyin\nread = lambda text: lazy_pinyin(text, style=Style.NORMAL)",
    "ours": "from admin_app.rules.pinyin import _reader\nread = _reader()",
}
ASK = "\nimport json, sys\njson.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)"
RESIDENT = """
import admin_app.rules.pinyin
def resident():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS:")) / 1024

before = resident()
"""


def run(program: str, given: str = "") -> str:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PYPINYIN_")}
    return subprocess.run([sys.executable, "-c", program], input=given, capture_output=True, text=True, check=True,
                          encoding="utf-8", cwd=ROOT, env=bare | {"PYTHONUTF8": "1"}).stdout


@pytest.mark.parametrize(("name", "sounds"), [
    ("梁思琪", ["liang", "si", "qi"]), ("单雄信", ["shan", "xiong", "xin"]), ("尉迟恭", ["yu", "chi", "gong"]),
    ("张重阳", ["zhang", "chong", "yang"]), ("吕绿", ["lv", "lv"]),
    ("重庆长安汽车", ["chong", "qing", "chang", "an", "qi", "che"]), ("Li Wei 3", ["liwei3"]), ("  ", []),
])
def test_sounds_of_a_name(name: str, sounds: list[str]) -> None:
    assert pinyin.sounds_of(name) == sounds


def test_no_phrase_and_no_name_is_read_otherwise_for_those_left_out() -> None:
    phrases = list(json.loads(resources.files("pypinyin").joinpath("phrases_dict.json").read_text(encoding="utf-8")))
    letters = sorted({letter for words in WORDS.values() if isinstance(words, list) for word in words
                      if isinstance(word, str) for letter in word if letter > "一"})[:120]
    given = json.dumps([*phrases, *("".join(pair) for pair in product(letters, repeat=2))])
    whole, ours = (json.loads(run(READERS[which] + ASK, given)) for which in ("whole", "ours"))
    assert len(whole) > 60_000 and ours == whole


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is read from /proc")
def test_it_takes_little_memory() -> None:
    whole, ours = (float(run(RESIDENT + READERS[which] + "\nread('重庆')\nprint(resident() - before)"))
                   for which in ("whole", "ours"))
    assert ours < 30 < whole
