"""The frame around every page: sidebar, top bar, thumb bar.

Its pieces are the same for a person from one page to the next, so they are kept in the directory and forgotten with
it (another stamp, another right). What differs is put in: which line is lit, the counts, the address, the token.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import g, render_template, request, session
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup, escape

from admin_app import directory, fresh, menu

MOST_PIECES = 4_000
MOST_RECENT = 100  # another customer's page makes another list of those seen last
_UNGUESSED = secrets.token_hex(8)


def place(name: str) -> str:
    """A mark in a kept piece where something is put in for each page. Nobody can write it into a text of a page."""
    return f"\x01{name}.{_UNGUESSED}\x01"


TOKEN, HERE, ASKED, BELL, DOT = map(place, ("token", "here", "asked", "bell", "dot"))
MOST_UNREAD = 99  # beyond it the bell says 99+


def wrote() -> None:
    """Note in the session that this person has changed something: counts kept before are out of date."""
    if "token" in session:
        session["wrote"] = time.time_ns() // 1_000_000


def side() -> Markup:
    """The sidebar."""
    lit, found = menu.lit(), _figures()
    parts = [piece(("brand",), "shell/brand.html")]
    for number, section in enumerate(menu.SECTIONS):
        own = lit if lit in section.lines() else ""
        counts = tuple(found["counts"].get(entry.count) for entry in section.entries if entry.count)
        parts.append(piece(("section", number, own, counts), "shell/section.html",
                            partial(_section, section, lit, found["counts"])))
    parts.append(kept(("recent", found["recent"]), lambda: Markup(render_template(
        "shell/recent.html", seen=found["recent"])), "recent", MOST_RECENT))
    return Markup("").join(parts)


def _section(section: menu.Section, lit: str, counts: dict[str, int | None]) -> dict[str, Any]:
    return {"section": menu.shown(section, lit, counts)}


def top() -> Markup:
    """The top bar."""
    bar = piece(("top",), "shell/top.html", lambda: {
        "csrf_token": lambda: Markup(TOKEN), "here": lambda: Markup(HERE), "asked": Markup(ASKED),
        "bell": Markup(BELL), "dot": Markup(DOT)})
    asked = request.args.get("q", "") if request.path == "/admin/search/" else ""
    from admin_app.look import here

    said, dot = bell(g.sign_in.unread if "sign_in" in g else 0)
    return Markup(bar.replace(TOKEN, generate_csrf()).replace(HERE, escape(here())).replace(
        ASKED, escape(asked)).replace(BELL, said).replace(DOT, dot))


def bell(unread: int) -> tuple[Markup, Markup]:
    """(the bell's name, its number) for so many unread notifications; they came with the session of the request."""
    if not unread:
        return escape(_("Notifications")), Markup("")
    number = f"{MOST_UNREAD}+" if unread > MOST_UNREAD else str(unread)
    return (escape(ngettext("Notifications: one unread", "Notifications: %(num)d unread", unread)),
            Markup('<span class="dot" aria-hidden="true">{}</span>').format(number))


def outbox(whole: bool = True) -> Markup:
    """The bar over what waits on this device to be sent; hidden until something does.

    whole: with its words, where a contact may be logged; else only its place, and the script fetches the rest.
    """
    return piece(("outbox", whole), "shell/outbox.html", lambda: {"whole": whole})


def tabbar() -> Markup:
    """The thumb bar of phones."""
    path = request.path
    lit = tuple(path == entry.path or (entry.path != "/admin/" and path.startswith(entry.path))
                for entry, _icon in menu.TABS)
    return piece(("tabbar", lit), "shell/tabbar.html")


def piece(key: tuple[Any, ...], template: str, words: Callable[[], dict[str, Any]] = dict) -> Markup:
    """A piece of the frame for this person in this language; rendered on the first asking."""
    return kept(key, lambda: Markup(render_template(template, **words())))


def kept(key: tuple[Any, ...], make: Callable[[], Markup], shelf: str = "pieces", most: int = MOST_PIECES) -> Markup:
    """A piece of a page for this person in this language, made on the first asking. A full shelf is cleared: pieces
    that there are many of lie on one of their own."""
    pieces: dict[Any, Markup] = directory.current().keep(shelf, dict)
    whole = (_who(), key)
    found = pieces.get(whole)
    if found is None:
        if len(pieces) >= most:
            pieces.clear()
        found = pieces[whole] = make()
    return found


def _who() -> tuple[Any, ...]:
    found: tuple[Any, ...] | None = g.get("shell_who")
    if found is None:
        glass = g.sign_in.break_glass_until if "sign_in" in g else None
        found = g.shell_who = (current_user.get_id() if current_user.is_authenticated else None, str(get_locale()),
                               request.script_root, glass)
    return found


def _figures() -> dict[str, Any]:
    """Counts and the customers seen last; kept for a moment, or until the person changes something."""
    counts: dict[str, Any] = fresh.kept(("counts", _who()), _count)
    seen: tuple[Any, ...] = fresh.kept(("recent", _who()), lambda: tuple(menu.recent()),
                                       mark=tuple(session.get("recent", ())))
    return {"counts": counts, "recent": seen}


def _count() -> dict[str, Any]:
    return {name: counter() for name, counter in menu.COUNTS.items() if menu.wants(name)}
