"""Cells that stand for one of a few answers: yes or no, a choice by its label."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l

from .text import Cleaned, as_text, folded, is_nothing
from .traditional import simplified

T = TypeVar("T")

YES = frozenset(
    "是 有 对 已 y yes true t 1 √ ✓ ✔ ☑ 同意 已同意 需要 on ok √是 已做 做过 完成 已完成 "
    "已首保 已保养 已办 done".split()
)
NO = frozenset(
    "否 无 没有 不 不是 未 没 n no false f 0 × x ✗ ✘ ☒ 不同意 不需要 off 未做 没做 未完成 未首保 未保养 未办".split()
)


def yes_no(value: Any) -> Cleaned[bool]:
    """“是”, “有”, “√”, “Y”, 1 … and their opposites; “无” is no here. Anything else is None with a warning."""
    if isinstance(value, bool):
        return Cleaned(value)
    text = simplified(folded(value)).lower()
    if text in YES:
        return Cleaned(True)
    if text in NO:
        return Cleaned(False)
    if is_nothing(value):
        return Cleaned()
    return Cleaned(warnings=(_l("This is neither yes nor no."),))


def key(value: Any) -> str:
    """A label as it is compared: NFKC, 简体, small letters, without blanks, colons, stars and hyphens."""
    return re.sub(r"[\s:：*·_\-]+", "", simplified(folded(value))).lower()


def choice(
    value: Any, options: Mapping[str, T], *, suffixes: tuple[str, ...] = (), nothing: bool = True
) -> Cleaned[T]:
    """The option whose label this is; `options` maps labels, values and other names (through `key`) to values.

    A suffix such as “类” in “A类” may be missing or there; text in brackets after the label is ignored, and so is
    an explanation after a colon. Unknown labels are None with a warning. With `nothing=False` words such as “无”
    are looked up.
    """
    if is_nothing(value) and (nothing or not folded(value)):
        return Cleaned()
    wanted = key(value)
    bare = re.sub(r"[(\[【].*$", "", wanted)
    head = key(re.split(r"[:：(]", folded(value))[0])
    for candidate in (wanted, bare, head):
        if candidate in options:
            return Cleaned(options[candidate])
        for suffix in suffixes:
            short = candidate.removesuffix(suffix)
            if short in options:
                return Cleaned(options[short])
            if short + suffix in options:
                return Cleaned(options[short + suffix])
    shown = as_text(value).strip()[:40]
    return Cleaned(warnings=(_l("“%(value)s” is none of the choices.", value=shown),))
