"""A browser reduced to what is measured: one kept connection, its cookies, the form it has in front of it."""

from __future__ import annotations

import html
import http.client
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

TOKEN = re.compile(r'name="csrf[_-]token"\s+(?:content|value)="([^"]+)"')
FIELD = re.compile(r"<(input|select|textarea)\b([^>]*)>", re.S)
ATTRIBUTE = re.compile(r'([\w-]+)(?:="([^"]*)")?')


@dataclass
class Answer:
    """An answer: what came, and how long it took from the first byte sent to the last received, in ms."""

    status: int
    headers: dict[str, str]
    body: bytes
    ms: float

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def location(self) -> str:
        return self.headers.get("location", "")


@dataclass
class Client:
    """One person at one connection."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""
    form: list[tuple[str, str]] = field(default_factory=list)  # of the page that was opened last

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)

    def send(self, method: str, path: str, body: str | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """A request, once more where the server has closed the connection in between."""
        said = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
                "Accept": "text/html", "Accept-Language": "zh-CN", **(headers or {})}
        for again in (True, False):
            began = time.perf_counter()
            try:
                self.connection.request(method, path, body, said)
                found = self.connection.getresponse()
                content = found.read()
            except (http.client.RemoteDisconnected, ConnectionError, BrokenPipeError):
                self.connection.close()
                if not again:
                    raise
                continue
            took = (time.perf_counter() - began) * 1000
            break
        for cookie in found.headers.get_all("Set-Cookie") or []:
            name, _equals, value = cookie.partition(";")[0].partition("=")
            self.cookies[name.strip()] = value
        return Answer(found.status, {name.lower(): value for name, value in found.headers.items()}, content, took)

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, headers=headers)

    def post(self, path: str, fields: Mapping[str, object] | list[tuple[str, object]]) -> Answer:
        """A form, with the token of the session."""
        pairs = list(fields.items()) if isinstance(fields, Mapping) else list(fields)
        if not any(name == "csrf_token" for name, _value in pairs):
            pairs.append(("csrf_token", self.token))
        return self.send("POST", path, urlencode(pairs), {"Content-Type": "application/x-www-form-urlencoded"})

    def sign_in(self, username: str, password: str) -> None:
        """As a person does it. RuntimeError where the desk refuses."""
        self.token = token_of(self.get("/login").text)
        answer = self.post("/login", {"username": username, "password": password})
        if answer.status not in (302, 303):
            raise RuntimeError(f"{username} cannot sign in: {answer.status}")
        self.token = token_of(self.get("/admin/").text)

    def close(self) -> None:
        self.connection.close()


def token_of(page: str) -> str:
    """The CSRF token of a page. RuntimeError where it has none."""
    found = TOKEN.search(page)
    if found is None:
        raise RuntimeError("the page has no CSRF token")
    return html.unescape(found[1])


def form_of(page: str, marker: str) -> list[tuple[str, str]]:
    """The fields of the form in which `marker` stands, as a browser would send them untouched."""
    place = page.index(marker)
    begin, end = page.rindex("<form", 0, place + len(marker)), page.index("</form>", place)
    part, found = page[begin:end], []
    for match in FIELD.finditer(part):
        about = {name.lower(): html.unescape(value or "") for name, value in ATTRIBUTE.findall(match[2])}
        name, kind = about.get("name"), about.get("type", "text").lower()
        if not name or "disabled" in about or kind in ("submit", "button", "file"):
            continue
        if match[1] == "input":
            if kind not in ("checkbox", "radio") or "checked" in about:
                found.append((name, about.get("value", "on" if kind in ("checkbox", "radio") else "")))
        elif match[1] == "textarea":
            text = html.unescape(part[match.end():part.index("</textarea>", match.end())])
            found.append((name, text.removeprefix("\n")))  # a browser drops the first line break
        else:
            options = part[match.end():part.index("</select>", match.end())]
            found += [(name, html.unescape(value)) for value in chosen(options)]
    return found


def chosen(options: str) -> list[str]:
    """The values of the chosen options; the first one where none is marked."""
    every = [(value, "selected" in rest) for value, rest in re.findall(r'<option value="([^"]*)"([^>]*)>', options)]
    marked = [value for value, on in every if on]
    return marked or [value for value, _on in every[:1]]
