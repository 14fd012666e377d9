"""Languages, and the way dates, times and amounts are read: 2026-11-21, 24 h, the store's clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from babel import Locale
from flask import Flask, current_app, g, has_app_context, has_request_context, request, session
from flask_babel import Babel, Domain, force_locale, get_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from jinja2 import pass_eval_context
from markupsafe import Markup, escape

from admin_app.clock import local, today, utcnow, zone

LOCALES = ("zh_Hans_CN", "zh_Hant_TW", "en")
DASH = "–"
WEEKDAYS = (_l("Mon"), _l("Tue"), _l("Wed"), _l("Thu"), _l("Fri"), _l("Sat"), _l("Sun"))


class Catalogues(Domain):
    """The words of the desk. A page asks for some hundred of them; the catalogue of its language is found by the
    locale object itself, which is one of SPOKEN for every request."""

    def __init__(self) -> None:
        super().__init__(domain="messages")
        self._kept: dict[int, Any] = {}

    def get_translations(self) -> Any:
        locale = _locale()
        found = self._kept.get(id(locale))
        if found is None:
            found = super().get_translations()
            if locale is not None and SPOKEN.get(str(locale)) is locale:
                self._kept[id(locale)] = found
        return found


def _said(message: str) -> str:
    return str(_catalogue().ugettext(message))


def _said_many(one: str, many: str, number: int) -> str:
    return str(_catalogue().ungettext(one, many, number))


@pass_eval_context
def _in_template(around: Any, message: str, /, **variables: Any) -> str:
    """`_` of the templates: what Jinja makes of gettext, by one call in place of three."""
    text = _catalogue().ugettext(message)
    whole: str = (Markup(text) if around.autoescape else text) % variables
    return whole


def _catalogue() -> Any:
    """The catalogue of this request for its templates, which ask for many words."""
    locale = _locale()
    kept = g.get("catalogue")
    if kept is None or kept[0] is not locale:
        kept = g.catalogue = (locale, current_app.extensions["babel"].instance.domain_instance.get_translations())
    return kept[1]


def _locale() -> Locale | None:
    """get_locale(), which looks for it by longer ways: of every word that is said, this is most of the work."""
    if has_app_context():
        found: Locale | None = getattr(g.get("_flask_babel"), "babel_locale", None)
        if found is not None:
            return found
    return get_locale()


SPOKEN = {name: Locale.parse(name) for name in LOCALES}


def init_app(app: Flask) -> None:
    """Start the translations and offer the filters of this file (day, moment, ago, money …) to templates."""
    Babel(app, locale_selector=choose_locale, timezone_selector=lambda: app.config["CAREDESK_TIMEZONE"])
    app.extensions["babel"].instance.domain_instance = Catalogues()
    app.jinja_env.install_gettext_callables(_said, _said_many, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals["_"] = _in_template
    for function in (day, moment, ago, clock_time, money, number, weekday, month_day, actor):
        app.jinja_env.filters[function.__name__] = function
    app.jinja_env.globals["today"] = today


def choose_locale() -> Any:
    """The person's language, else the browser's choice on this device, else the setting."""
    if not has_request_context():
        return None
    chosen = session.get("language")
    if not chosen and "actor" in g and current_user.is_authenticated:
        chosen = current_user.locale
    chosen = chosen if chosen in LOCALES else current_app.config["CAREDESK_LOCALE"]
    return SPOKEN.get(chosen, chosen)


@contextmanager
def speaking(name: str | None) -> Iterator[None]:
    """What is written inside is in this language: for a person who is not the one at the screen. None, or a language
    that is not there: that of the setting."""
    with force_locale(SPOKEN.get(name or "") or SPOKEN.get(current_app.config["CAREDESK_LOCALE"], SPOKEN[LOCALES[0]])):
        yield


def language() -> str:
    """The locale of the running request as one of LOCALES."""
    here = str(get_locale() or "")
    return here if here in LOCALES else "en" if here.startswith("en") else LOCALES[0]


def day(value: dt.date | dt.datetime | None) -> str:
    """2026-11-21, or a dash for None; a time is turned into the store's day."""
    if value is None:
        return DASH
    return (local(value).date() if isinstance(value, dt.datetime) else value).isoformat()


def moment(value: dt.datetime | None) -> str:
    """2026-11-21 15:20 on the store's clock, or a dash for None."""
    return DASH if value is None else local(value).strftime("%Y-%m-%d %H:%M")


def clock_time(value: dt.datetime | None) -> str:
    """15:20 on the store's clock, or a dash for None."""
    return DASH if value is None else local(value).strftime("%H:%M")


def month_day(value: dt.date | None) -> str:
    """11-21, or a dash for None."""
    return DASH if value is None else value.strftime("%m-%d")


def weekday(value: dt.date | dt.datetime | None) -> str:
    """The day of the week in words; empty for None."""
    if value is None:
        return ""
    return str(WEEKDAYS[(local(value) if isinstance(value, dt.datetime) else value).weekday()])


def days_apart(days: int) -> str:
    """A distance in days in words: 3 days ago, today, in 2 days; months from two months on."""
    if days == 0:
        return _("today")
    size = abs(days)
    if size < 60:
        text = ngettext("%(num)d day", "%(num)d days", size)
    elif size < 730:
        text = ngettext("%(num)d month", "%(num)d months", size // 30)
    else:
        text = ngettext("%(num)d year", "%(num)d years", size // 365)
    return _("%(time)s ago", time=text) if days < 0 else _("in %(time)s", time=text)


def ago(value: dt.date | dt.datetime | None, now: dt.datetime | None = None) -> Markup:
    """How long ago in words, with the exact time on hover; a dash for None."""
    if value is None:
        return Markup(DASH)
    here = now or utcnow()
    if isinstance(value, dt.datetime):
        exact, said = moment(value), ago_words(value, here)
    else:
        exact, said = value.isoformat(), days_apart((value - here.astimezone(zone()).date()).days)
    return Markup(f'<time datetime="{value.isoformat()}" title="{exact}">{escape(said)}</time>')


def ago_words(value: dt.datetime, now: dt.datetime) -> str:
    """How long ago a time is, in words; its minutes within the last hour."""
    seconds = (now - value).total_seconds()
    if 0 <= seconds < 60:
        return _("just now")
    if 0 <= seconds < 3600:
        return ngettext("%(num)d minute ago", "%(num)d minutes ago", int(seconds // 60))
    return days_apart((local(value).date() - local(now).date()).days)


def money(value: Decimal | float | int | None) -> str:
    """1,286.00, or a dash for None."""
    return DASH if value is None else f"{value:,.2f}"


def number(value: Any, digits: int = 1) -> str:
    """A number with at most `digits` decimals and no trailing zero, or a dash for None."""
    if value is None:
        return DASH
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def actor(name: str) -> str:
    """Whoever made a change, as people call them: "the desk" for the system and its jobs."""
    if name == "system" or name.startswith("job "):
        return _("the desk")
    person = name.removesuffix(" (command line)")
    return name if person == name else _("%(name)s (command line)", name=person)


def wants_language(name: str | None) -> bool:
    """Whether a language is one that the desk speaks."""
    return name in LOCALES


def here_path() -> str:
    """The path of this request, for links that come back."""
    return request.path
