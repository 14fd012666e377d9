"""The screens of the two logs: they grow by themselves, and of a record that its reader may not read they tell that
something was done, not what (SAFETY: the administrator reads the logs, not the customers)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sqlalchemy as sa
from flask import g
from markupsafe import Markup, escape

from admin_app import access, scope, words
from admin_app.database import db
from admin_app.desk import record, rows
from admin_app.desk.roads import Bulk, DeskView
from admin_app.models import BY_TABLE


def readable(entry: Any) -> bool:
    """Whether the reader may read the record that an entry of a log is about."""
    return _about(entry) in _looked_up([_about(entry)])


def _about(entry: Any) -> tuple[str | None, int | None]:
    return entry.table, entry.row_id


def _looked_up(wanted: Iterable[tuple[str | None, int | None]]) -> set[tuple[str | None, int | None]]:
    """Those of the records (table, key) that the reader may read; asked once a request."""
    known: dict[tuple[str | None, int | None], bool] = g.setdefault("readable_records", {})
    by_table: dict[str, set[int]] = {}
    wanted = set(wanted)
    for table, key in wanted - known.keys():
        known[table, key] = table not in BY_TABLE or (key is None and access.can(table or "", "read"))
        if table in BY_TABLE and key is not None:
            by_table.setdefault(table, set()).add(key)
    for table, keys in by_table.items():
        known |= {(table, key): True for key in access.readable(db.session, table, keys)}
    return {one for one in wanted if known[one]}


def _within_reach(log: Any) -> Any:
    """The entries about records that the reader may read, as a criterion; records in the recycle bin left out."""
    actor = access.current()
    parts = [log.table.is_(None), log.table.not_in(BY_TABLE)]
    for table, model in BY_TABLE.items():
        if actor.may(table, "read"):
            criterion = scope.criterion(model, actor, "read")
            keys = sa.select(model.id) if criterion is None else sa.select(model.id).where(criterion)
            parts.append(sa.and_(log.table == table, sa.or_(log.row_id.is_(None), log.row_id.in_(keys))))
    return sa.or_(*parts)


class LogDesk(DeskView):
    """A log. `veiled`: the columns that are hidden where the reader may not read the record."""

    beside = ("table", "row_id")
    add = change = drop = False
    bulk: tuple[Bulk, ...] = ()

    def statement(self, view_args: Any) -> Any:
        """Whoever filters by a hidden column finds only what he could read: no answer tells a value."""
        found = super().statement(view_args)
        asked = {self._filters[index].column for index, _name, _text in view_args.filters or ()}
        return found.where(_within_reach(self.model)) if asked & {*self.veiled} else found

    def before_rows(self, page: Any) -> None:
        _looked_up(_about(row) for row in page)

    def row_title(self, row: Any, links: dict[str, dict[int, str]]) -> str:
        hidden = self.title in self.veiled and not readable(row)
        return f"{record.HIDDEN} {rows.heading(self.model, row)}" if hidden else super().row_title(row, links)

    def cell_words(self, name: str) -> Callable[[Any], Any] | None:
        if name not in {"changes", "actor_name", "field", *self.veiled}:
            return None

        def cell(row: Any) -> Any:
            found = self._words(row, name, record.SHORT)
            if found is None:
                return None
            return Markup('<span class="cell-text">{}</span>').format(found) if name == "changes" else escape(found)

        return cell

    def details_html(self, row: Any, name: str) -> Any:
        found = self._words(row, name, record.MOST)
        return super().details_html(row, name) if found is None else found

    def _words(self, row: Any, name: str, most: int) -> Any:
        """What a log says in its own words, or hides; None for what it shows like any other screen."""
        if name == "changes":
            return record.changes(row.table, row.changes, most, readable(row))
        if name in self.veiled and not readable(row):
            return record.HIDDEN if getattr(row, name) else None
        if name == "actor_name":
            return words.actor(row.actor_name)
        return record.field_words(row.table, row.field) if name == "field" and row.field else None

    def veil(self, piece: Any, names: list[str]) -> list[Any]:
        """The rows of an export with the hidden columns blanked where the reader may not read the record."""
        found = [list(row) for row in piece]
        about = [(row[-2], row[-1]) for row in found]
        shown = _looked_up(about)
        places = [place for place, name in enumerate(names, start=1) if name in self.veiled]
        for row, one in zip(found, about, strict=True):
            for place in places if one not in shown else ():
                row[place] = record.HIDDEN if row[place] else None
        return found
