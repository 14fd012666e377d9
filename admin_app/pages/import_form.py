"""What the page of the columns sends, and the words of a file that a person can give a meaning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin_app.importing.headers import names_for
from admin_app.models import ImportJob, User
from admin_app.pages.import_look import Look, choice_of

WORD = "word|"
LABELS = {"Source": _l("Source"), "Grade": _l("Intent grade"), "Sex": _l("Sex"), "Channel": _l("Channel"),
          "VisitResult": _l("Result"), "Stage": _l("Stage"), "staff": _l("Staff"), "Cause": _l("Cause"),
          "RepairKind": _l("Kind of repair"), "MemberState": _l("State"), "Tier": _l("Value tier"),
          "ComplaintLevel": _l("Level"), "ComplaintArea": _l("Area"), "ComplaintChannel": _l("Channel")}


@dataclass
class Said:
    """What a person has said of a file. action: look (again), template, check."""

    action: str = "look"
    sheet: str | None = None
    header_row: int | None = None
    mapping: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    known: str = ""
    keep_as: str = ""
    template_id: int | None = None


def read(form: Any) -> Said:
    """The form as a person sent it. What it does not know is left out."""
    row, template = form.get("header_row", ""), form.get("template_id", "")
    said = Said(
        form.get("action", "look"), form.get("sheet") or None,
        int(row) if row.isascii() and row.isdigit() and 0 < int(row[:9]) <= 40 else None,
        known=form.get("known", ""), keep_as=form.get("keep_as", "").strip() if form.get("keep") else "",
        template_id=int(template) if template.isascii() and template.isdigit() and len(template) < 10 else None)
    if said.sheet != (form.get("was_sheet") or None) or said.header_row != _number(form.get("was_row", "")):
        return said  # other columns stand there: those of before say nothing of them
    for number in range(500):
        title = form.get(f"title-{number}")
        if title is None:
            break
        said.mapping[title] = form.get(f"field-{number}", "")
    for name, value in form.items():
        if name.startswith(WORD) and name.count("|") >= 2 and value != "-":
            _word, choice, word = name.split("|", 2)
            said.values.setdefault(choice, {})[word] = value
    return said


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def known_fields(kind: str) -> set[str]:
    """Every field that a column of this kind can be."""
    return set(names_for(kind))


def words_of(look: Look, job: ImportJob, session: Any) -> list[dict[str, Any]]:
    """For each choice (and the staff) the words that nobody knows or that a person has given a meaning.

    {name, label, options, words: [(word, how often, chosen)]}; chosen "-" leaves it to the desk.
    """
    counted: dict[str, dict[str, int]] = {}
    for source in ((job.summary or {}).get("words", {}), look.words):
        for name, words in source.items():
            counted.setdefault(name, {}).update(words)
    said: dict[str, dict[str, Any]] = job.values or {}
    found = []
    for name in dict.fromkeys([*counted, *said]):
        words = {**dict.fromkeys(said.get(name, {}), 0), **counted.get(name, {})}
        rows = [(word, number, str(said.get(name, {}).get(word, "-"))) for word, number in words.items()]
        found.append({"name": name, "label": LABELS.get(name, name), "words": rows, "options": _options(
            name, job.store_id, session)})
    return [one for one in found if one["options"]]


def _options(name: str, store_id: int, session: Any) -> list[tuple[str, Any]]:
    if name == "staff":
        people = session.scalars(sa.select(User).where(
            User.store_id == store_id, User.active.is_(True)).order_by(User.name)).all()
        return [("-", _("Nobody: keep the name as text, customers go to the pool")), *(
            (str(one.id), one.name) for one in people)]
    members = choice_of(name)
    if members is None:
        return []
    return [("-", _("Not said")), *members.pairs()]
