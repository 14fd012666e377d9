"""Which columns a list shows, and in which order (UX 11): those of the address (`?cols=name,phone`), else the ones that
the person keeps for this list, else the declared ones. The export of the list has the same.

The title leads, since it carries the link to the record. A name that the table does not have is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from admin_app import access, directory
from admin_app.database import db
from admin_app.rules import field_sets


def offered(view: Any) -> list[str]:
    """Every column that may be chosen, the declared list first."""
    return [*view.listed, *(name for name, field in view.about.items() if not field.hidden and name not in view.listed)]


def of(view: Any, given: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """(columns, names that the table does not have) of an address."""
    asked = split(given.get("cols", ""))
    if not asked:
        person = access.current().user_id
        asked = directory.current().keep(
            ("columns", person, view.table), lambda: field_sets.standard(db.session, person, view.table)) or view.listed
    return fitting(view, asked)


def fitting(view: Any, asked: Iterable[str]) -> tuple[list[str], list[str]]:
    """(columns, strangers) of any list of names: the title first, each once; the declared ones where none is left."""
    possible, names = set(offered(view)), list(dict.fromkeys(asked))
    known = [name for name in names if name in possible]
    if view.title and known:
        known = [view.title, *(name for name in known if name != view.title)]
    return known or list(view.listed), [name for name in names if name not in possible]


def split(text: str) -> list[str]:
    """The names of an address, at most a hundred."""
    return [name for name in (part.strip() for part in text.split(",")) if name][:100]


def moved(names: Sequence[str], name: str, by: int) -> list[str]:
    """The columns with one of them moved up (-1) or down (1)."""
    found = list(names)
    if name in found:
        place = found.index(name)
        found.insert(max(place + by, 0), found.pop(place))
    return found
