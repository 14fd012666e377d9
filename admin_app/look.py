"""What every page shares: small pieces of markup, the language of the page, the icons and the styles.

The pieces are plain functions because a list calls them for every cell; `macros.html` offers them to templates.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from flask import Flask, current_app, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup, escape

from admin_app import menu, shell
from admin_app.choices import Choice, Grade, Tier

STATIC = Path(__file__).parent / "static"
BADGES = {"late": "badge-danger", "soon": "badge-warning", "good": "badge-success", "on": "badge-info"}
LANGUAGES = (("zh_Hans_CN", "zh-Hans", "简体"), ("zh_Hant_TW", "zh-Hant", "繁體"), ("en", "en", "English"))
TIER_BARS = {"A": 4, "B": 3, "C": 2, "D": 1}


@lru_cache(maxsize=256)
def asset(name: str) -> str:
    """Address of a file of our own under static/, with the digest of its content, so that caches may keep it.

    Scripts have the digest of them all in their path: what one imports from beside it is of the same version then.
    """
    if name.startswith("js/"):
        return f"{current_app.static_url_path}/js-{scripts_version()}/{name[3:]}"
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:6]
    return f"{current_app.static_url_path}/{name}?v={digest}"


@lru_cache(maxsize=1)
def scripts_version() -> str:
    """The digest of all scripts of our own."""
    whole = hashlib.sha256()
    for path in sorted((STATIC / "js").glob("*.js")):
        whole.update(path.name.encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()[:6]


@lru_cache(maxsize=1)
def bootstrap() -> str:
    """Address of the style sheet that Flask-Admin's package brings."""
    return url_for("admin.static", filename="bootstrap/bootstrap4/css/bootstrap.min.css")


@lru_cache(maxsize=512)
def icon(name: str, size: str = "") -> Markup:
    """An icon of the sprite by name; size "sm" is the one for buttons. It carries no meaning of its own."""
    css = f"ico ico-{size}" if size else "ico"
    return Markup('<svg class="{}" aria-hidden="true"><use href="/i-{}#i-{}"/></svg>').format(
        css, asset("icons.svg").partition("=")[2], name)  # web.py serves the sprite at /i-DIGEST: thirty icons a page


def label_of(value: Any) -> str:
    """The label of a choice in the reader's language; any other value as text; None is empty."""
    if value is None:
        return ""
    return str(value.label) if isinstance(value, Choice) else str(value)


def grade(value: Any) -> Markup:
    """The intent grade as its letter in a square; None shows nothing."""
    found = value if isinstance(value, Grade) else Grade.find(value)
    return Markup("") if found is None else _grade(found, str(get_locale()))


@lru_cache(maxsize=64)
def _grade(found: Grade, language: str) -> Markup:
    return Markup('<span class="grade grade-{}" title="{}">{}</span>').format(
        found.value.lower(), found.label, found.value)


def tier(value: Any) -> Markup:
    """The value tier as four bars and its letter; None reads "not set"."""
    found = value if isinstance(value, Tier) else Tier.find(value)
    if found is None:
        return Markup('<span class="muted">{}</span>').format(_("not set"))
    bars = "".join('<i class="on"></i>' if n < TIER_BARS[found.value] else "<i></i>" for n in range(4))
    return Markup('<span class="tier" role="img" aria-label="{}">{}</span> {}').format(
        _("Value tier %(letter)s", letter=found.value), Markup(bars), found.value)


def state(value: Any, words: str | None = None) -> Markup:
    """A dot and a word in the colour of the choice; `words` in place of its label. None shows nothing."""
    if value is None:
        return Markup("")
    colour = value.colour if isinstance(value, Choice) else "quiet"
    return Markup('<span class="state state-{}">{}</span>').format(colour, words or label_of(value))


def badge(value: Any, words: str | None = None) -> Markup:
    """A badge in the colour of the choice; a plain text makes a quiet badge. None shows nothing."""
    if value is None or value == "":
        return Markup("")
    css = BADGES.get(value.colour, "") if isinstance(value, Choice) else ""
    return Markup('<span class="badge {}">{}</span>').format(css, words or label_of(value))


def track(share: float | None, tone: str = "", size: str = "") -> Markup:
    """A bar of `share` (0 to 1; None is empty). tone: late, mid, pale, line; size: thin, lg. Words stand beside it."""
    width = round(max(0.0, min(1.0, share or 0.0)) * 100, 2)
    return Markup('<svg class="track{}" aria-hidden="true"><rect class="{}" width="{}%" height="100%"/></svg>').format(
        f" track-{size}" if size else "", f"f-{tone}" if tone else "", f"{width:g}")


def bars(parts: list[tuple[float, str]], size: str = "lg") -> Markup:
    """A stacked bar of (share 0 to 1, tone) from left to right."""
    left, pieces = 0.0, []
    for share, tone in parts:
        width = round(max(0.0, min(1.0 - left, share)) * 100, 2)
        pieces.append(Markup('<rect class="{}" x="{}%" width="{}%" height="100%"/>').format(
            f"f-{tone}" if tone else "", f"{left * 100:g}", f"{width:g}"))
        left += width / 100
    return Markup('<svg class="track track-{}" aria-hidden="true">{}</svg>').format(size, Markup("").join(pieces))


def face(name: str | None, large: bool = False) -> Markup:
    """A round with the first letter of a name. The name itself stands beside it."""
    return Markup('<span class="{}" aria-hidden="true">{}</span>').format(
        "face face-lg" if large else "face", (name or "?")[:1])


def html_lang() -> str:
    """The language of the page as HTML writes it."""
    here = str(get_locale() or "")
    return next((tag for name, tag, _label in LANGUAGES if name == here), "en" if here.startswith("en") else "zh-Hans")


def here() -> str:
    """The address of this page as a path, to come back to."""
    query = request.query_string.decode("utf-8", "replace")
    return f"{request.path}?{query}" if query else request.path


# The functions above under one name in templates: `ui.icon("phone")`.
PIECES = SimpleNamespace(asset=asset, bootstrap=bootstrap, icon=icon, grade=grade, tier=tier, state=state, badge=badge,
                         track=track, bars=bars, face=face, label=label_of)


def _shell() -> dict[str, Any]:
    return {"html_lang": html_lang, "languages": LANGUAGES, "shell": shell, "new_items": menu.new_items,
            "tabs": menu.tabs, "jumps": menu.jumps, "here": here}


def init_app(app: Flask) -> None:
    """Offer the shell and the pieces to every template."""
    app.jinja_env.globals["ui"] = PIECES
    app.jinja_env.globals["escape"] = escape
    app.context_processor(_shell)
