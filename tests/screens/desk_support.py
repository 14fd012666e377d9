"""Helpers of the tests of generated screens: a browser's view of a page, and forms sent as a browser sends them."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient

from admin_app.database import db


class Page(HTMLParser):
    """The controls, links, alerts and table cells of an HTML page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html, self.fields, self.links, self.rows, self.alerts = html, {}, [], [], []
        self._select = self._area = ""
        self._row: list[str] | None = None
        self._cell: list[str] | None = None
        self._alert = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "input" and name and given.get("type") not in ("checkbox", "radio"):
            self.fields.setdefault(name, given.get("value") or "")
        elif tag == "input" and name and "checked" in given:
            self.fields[name] = given.get("value") or ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self.fields[self._select] = given.get("value") or ""
        elif tag == "textarea":
            self._area = name
            self.fields[name] = ""
        elif tag == "a":
            self.links.append(given.get("href") or "")
        elif tag == "tr":
            self._row = []
        elif tag in ("td", "th") and self._row is not None:
            self._cell = []
        if given.get("role") == "alert":
            self._alert = 1
            self.alerts.append("")
        elif self._alert:
            self._alert += tag not in ("input", "use", "br")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None and self._row is not None:
            self._row.append(" ".join("".join(self._cell).split()))
            self._cell = None
        elif tag == "tr" and self._row is not None:
            self.rows.append(self._row)
            self._row = None
        elif tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""
        if self._alert:
            self._alert -= tag not in ("input", "use", "br")

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] += data
        if self._cell is not None:
            self._cell.append(data)
        if self._alert:
            self.alerts[-1] += data

    def names(self) -> list[str]:
        """The first words of the list's rows, behind the tick box."""
        return [next(cell for cell in row if cell) for row in self.rows[1:]]


def page(client: FlaskClient, path: str, status: int = 200) -> Page:
    """A page as a person gets it."""
    db.session.commit()
    answer = client.get(path)
    assert answer.status_code == status, f"{path}: {answer.status_code}"
    return Page(answer.text)


def send(client: FlaskClient, path: str, *, leave: tuple[str, ...] = (), **values: Any) -> Any:
    """Open a form, change some fields, send it; the answer as it is (not followed)."""
    fields = page(client, path).fields
    for name in ("q", "search", "language", "next", "reason", "filter-pick", "", *leave):
        fields.pop(name, None)
    return client.post(path, data=fields | {name: str(value) for name, value in values.items()})
