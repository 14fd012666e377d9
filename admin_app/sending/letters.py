"""A digest as it is read: a subject, plain text, simple HTML for mail, and markdown for a group."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

from flask import current_app
from flask_babel import gettext as _
from markupsafe import Markup

from admin_app.rules.digests import Section, Share


@dataclass(frozen=True)
class Letter:
    """What is sent. markdown is for groups, text and html for mail."""

    subject: str
    text: str = ""
    html: str = ""
    markdown: str = ""

    def packed(self) -> str:
        """The letter as one text."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def unpacked(cls, text: str) -> Self:
        """The letter of packed()."""
        return cls(**json.loads(text))


def address(path: str) -> str:
    """The whole address of a page of this desk, as people open it."""
    config: Any = current_app.config
    base = config["CAREDESK_BASE_URL"] or f"http://{config['HOST']}:{config['PORT']}"
    return str(base).rstrip("/") + path


def of_sections(subject: str, hello: str, sections: list[Section], shares: list[Share] | None = None) -> Letter:
    """A letter for one person: the figures of people first, where there are any, then each section."""
    text, html = [hello, ""], [Markup("<p>{}</p>").format(hello)]
    if shares:
        text += [said(share) for share in shares] + [""]
        html.append(_table(shares))
    for section in sections:
        text.append(f"■ {section.heading} {section.number}")
        html.append(Markup('<h3 style="margin:16px 0 4px">{} {}</h3><ul>').format(section.heading, section.number))
        for line in section.lines:
            text.append(f"- {line.text}")
            html.append(Markup('<li><a href="{}">{}</a></li>').format(address(line.link), line.text))
        more = section.number - len(section.lines)
        every = _("%(number)s more", number=more) if more > 0 else _("Open the list")
        text += [f"  {every}: {address(section.link)}", ""]
        html.append(Markup('</ul><p><a href="{}">{}</a></p>').format(address(section.link), every))
    foot = _("You choose under your account whether these mails come: %(address)s",
             address=address("/account/reminders"))
    text += ["--", foot]
    html.append(Markup("<p><small>{}</small></p>").format(foot))
    page = Markup('<html><body style="font-family:sans-serif;line-height:1.5">{}</body></html>').format(
        Markup("\n").join(html))
    return Letter(subject, "\n".join(text) + "\n", str(page))


def _table(shares: list[Share]) -> Markup:
    heads = (_("Person"), _("Done"), _("Not done"), _("Overdue"))
    head = Markup("").join(Markup('<th align="left">{}</th>').format(one) for one in heads)
    rows = Markup("").join(Markup("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>").format(
        one.name, one.done, one.left, one.overdue) for one in shares)
    return Markup('<table cellpadding="4"><tr>{}</tr>{}</table>').format(head, rows)


def said(share: Share) -> str:
    """A person's day as one line."""
    return _("%(name)s: done %(done)s, left %(left)s, overdue %(overdue)s", name=share.name, done=share.done,
             left=share.left, overdue=share.overdue)


def for_group(subject: str, shares: list[Share], late: Section | None, link: str) -> Letter:
    """A letter for a group: sums, a line a person, complaints by number."""
    sums = Share(_("All together"), sum(one.done for one in shares), sum(one.left for one in shares),
                 sum(one.overdue for one in shares))
    lines = [f"**{_plain(subject)}**", "", _plain(said(sums))]
    lines += [f"- {_plain(said(one))}" for one in shares]
    if late is not None and late.number:
        lines += ["", f"**{late.heading} {late.number}**", *(f"- {_plain(line.text)}" for line in late.lines)]
    opens = _("Open the desk")
    lines += ["", f"[{opens}]({address(link)})"]
    return Letter(subject, markdown="\n".join(lines))


def _plain(text: str) -> str:
    """A text without what markdown takes for itself: a name makes no link, calls nobody and is not printed bold."""
    return "".join({"[": "〔", "]": "〕", "<": "〈", ">": "〉", "@": "＠", "`": "'", "*": "＊"}.get(one, one)
                   for one in text)
