"""The rows of the ranking: what is the same in all of them is made once, what a set of figures shows once a process.

A page may show two hundred people with five links each. The words, addresses and icons of all rows are put together
when the table begins; a row then only joins strings. Everything that people have typed is escaped.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup, escape

from admin_app import look, words
from admin_app.choices import Direction, Unit
from admin_app.rules.scores import SOURCES
from admin_app.rules.scores.cards import Card, CardLine, Scored, Terms
from admin_app.rules.scores.measuring import Kind

if TYPE_CHECKING:
    from admin_app.pages.scores import Board

MAIN = 5  # metrics that have a column of their own
SMALL = 30  # below so many rows a rate shows how many
GAP = 0.5  # between the blocks of the bar, in percent
DASH = '<span class="muted">–</span>'
MARK, NUMBER = "\x00", "0000000000"  # where a person's key or name stands in what is made for all, and in an address
MOST_NOTES = 8  # pages whose cells are kept with a set of figures


def figure(terms: Terms, value: Decimal | None) -> str:
    """A value in its unit: 88%, 8, ¥1,286,000; a dash for None."""
    if value is None:
        return words.DASH
    if terms.unit is Unit.PERCENT:
        return f"{words.number(value)}%"
    return f"¥{words.number(value, 0)}" if terms.unit is Unit.MONEY else words.number(value)


def asked(terms: Terms, value: Decimal | None) -> str:
    """A target in its unit, with ≤ where lower is better; "not set" for None."""
    if value is None:
        return _("not set")
    return ("≤ " if terms.direction is Direction.LOWER else "") + figure(terms, value)


def is_small(line: CardLine) -> bool:
    """Whether a rate comes from so few rows that their number stands beside it."""
    source = SOURCES.get(line.terms.source)
    return source is not None and source.kind is Kind.SHARE and 0 < line.found.whole < SMALL


def part_of(line: CardLine) -> str:
    """The rows that the figure itself opens: a count or a sum those that count, a rate all it is a rate of."""
    source = SOURCES.get(line.terms.source)
    adds_up = source is not None and source.kind in (Kind.COUNT, Kind.SUM)
    return "numerator" if adds_up else "denominator"


HEAD = """<tr id="p{key}"{on}><td class="rank in-title nowrap" data-label="{said[rank]}">{rank}{moved}</td>\
<th scope="row" class="is-title">{name}</th>"""
NAME = '<a class="strong" href="{toggle}">{name}</a>'
UNSEEN = """<td class="num muted{skip}" data-label="{said[total]}">{total}</td>\
<td class="skip-s" colspan="{columns}"></td></tr>"""
UNSCORED = """<td class="num ink2 nowrap" data-label="{said[total]}">{said[unscored]}</td>\
<td class="full ink2" colspan="{columns}">{said[no_data]}</td>"""
TOTAL = """<td class="num" data-label="{said[total]}"><a class="score-n open-n" href="{toggle}">{total}</a></td>"""
PARTS = '<td class="full parts-bar" data-label="{said[parts]}">{bar}</td>'
CELL = '<td class="num nowrap{low}" data-label="{name}">{shown}</td>'
LINK = '<a class="open-n" href="{address}">{figure}{small}</a>'
OPENER = """<td class="list-buttons-column"><a class="btn btn-ghost btn-sm btn-icon" href="{toggle}" \
aria-expanded="{expanded}" aria-label="{label}">{icon}</a></td></tr>"""


class Table:
    """The ranking of a board, row by row."""

    def __init__(self, board: Board) -> None:
        self.board, self.main = board, board.terms[:MAIN]
        self.page = (str(get_locale()), board.rows_address(MARK, "", ""))
        self.said = {key: str(escape(text)) for key, text in {
            "rank": _("Rank"), "total": _("Total score"), "parts": _("Composition"), "unscored": _("Not scored"),
            "no_data": _("No data in this period; not ranked.")}.items()}
        self.labels = (str(escape(_("Show the lines of %(name)s", name=MARK))),
                       str(escape(_("Hide the lines of %(name)s", name=MARK))))
        self.icons = (look.icon("right", "sm"), look.icon("down", "sm"))
        self.toggles = (str(escape(board.address(open=NUMBER))).replace(NUMBER, MARK),
                        str(escape(board.address(open=""))))

    def row(self, card: Card, is_open: bool) -> Markup:
        """One person's row."""
        key, name, seen = str(card.user_id), str(escape(card.name)), self.board.sees(card)
        toggle = f"{self.toggles[is_open].replace(MARK, key)}#p{key}"
        moved = self.board.change(card)
        head = HEAD.format(
            key=key, on=' class="is-on"' if is_open else "", said=self.said, rank=words.DASH if card.rank is None
            else card.rank, moved=f" <small>{moved}</small>" if moved else "",
            name=NAME.format(toggle=toggle, name=name) if seen else name)
        if not seen:
            ranked = card.rank is not None
            return Markup(head + UNSEEN.format(
                said=self.said, skip=" skip-s" if ranked else "", columns=len(self.main) + 2,
                total=words.DASH if ranked else self.said["unscored"]))
        opener = OPENER.format(toggle=toggle, expanded="true" if is_open else "false", icon=self.icons[is_open],
                               label=self.labels[is_open].replace(MARK, name))
        if card.total is None:
            return Markup(head + UNSCORED.format(said=self.said, columns=len(self.main) + 1) + opener)
        total = TOTAL.format(said=self.said, toggle=toggle, total=f"{card.total:.1f}")
        return Markup(head + total + self._cells(card.scored).replace(MARK, key) + opener)

    def _cells(self, scored: Scored) -> str:
        """The bar and the cells of a set of figures; the person's key is to be put in for MARK."""
        cells = scored.notes.get(self.page)
        if cells is None:
            bar = PARTS.format(said=self.said, bar=composition(self.board, scored))
            lines = {line.terms.code: line for line in scored.lines}
            cells = bar + "".join(self._cell(place, terms, lines.get(terms.code))
                                  for place, terms in enumerate(self.main))
            if len(scored.notes) >= MOST_NOTES:
                scored.notes.clear()
            scored.notes[self.page] = cells
        return cells

    def _cell(self, place: int, terms: Terms, line: CardLine | None) -> str:
        shown = DASH
        if line is not None and line.points.value is not None:
            address = str(escape(self.board.rows_address(NUMBER, terms.code, part_of(line)))).replace(NUMBER, MARK)
            small = f" <small>n={line.found.whole}</small>" if is_small(line) else ""
            shown = LINK.format(address=address, figure=escape(figure(terms, line.points.value)), small=small)
        return CELL.format(low=" lo" if place in (2, 4) else "", name=escape(terms.name), shown=shown)


def composition(board: Board, scored: Scored) -> Markup:
    """The bar of a score: the points of each block, in the tones of the legend, of the whole weight."""
    whole = float(sum((terms.weight for terms in board.terms), Decimal(0))) or 1.0
    whole = max(whole, float(scored.total or 0))
    left, pieces = 0.0, []
    for name, _weight, tone in board.blocks:
        points = sum((line.points.points or Decimal(0) for line in scored.lines
                      if (line.terms.block or _("Other")) == name), Decimal(0))
        width = round(float(points) * 100 / whole, 2)
        if width > 0:
            pieces.append(Markup('<rect class="{}" x="{}%" width="{}%" height="100%"/>').format(
                f"f-{tone}" if tone else "", f"{left:g}", f"{max(width - GAP, 0.1):g}"))
            left = round(left + width, 2)
    return Markup('<svg class="track track-lg" aria-hidden="true">{}</svg>').format(Markup("").join(pieces))
