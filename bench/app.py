"""The desk with a counter beside it: how many statements a request has sent, in the header X-Statements.

Only for the counting pass; the times are taken from the desk itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

from sqlalchemy import event

from admin_app import create_app
from admin_app.database import db

counted: ContextVar[int] = ContextVar("statements", default=0)


def _count(*_given: Any) -> None:
    counted.set(counted.get() + 1)


class Counting:
    """A WSGI application that tells of each answer how many statements it took."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        counted.set(0)
        kept: list[Any] = []

        def begin(*given: Any) -> Any:
            kept[:] = given
            return lambda data: None

        body = self.inner(environ, begin)
        content = b"".join(body)  # a streamed answer sends statements until its end
        if hasattr(body, "close"):
            body.close()
        start(kept[0], [*kept[1], ("X-Statements", str(counted.get()))])
        return [content]


desk = create_app()
with desk.app_context():
    event.listen(db.engine, "before_cursor_execute", _count)
app = Counting(desk)
