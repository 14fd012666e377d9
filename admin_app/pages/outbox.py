"""The server's side of a form that may come late (static/js/outbox.js): when it was written, and answers for a script.

The device keeps the form until this answers; the form's key (once.py) sees to it that it is taken once.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import abort, flash, jsonify, redirect, request

from admin_app import access
from admin_app.pages.failures import wants_json

LATE = 5  # seconds; what took longer has waited on the device
LONGEST = dt.timedelta(days=14)  # what waited longer counts from its arrival (default)


def by_script() -> bool:
    """Whether the outbox asks, and not a browser that shows the answer."""
    return wants_json()


def is_late() -> bool:
    """Whether the form may have come before: it waited on the device. 409 where somebody else has signed in since."""
    person = request.form.get("person")
    if person and person != str(access.current().user_id):
        abort(409)
    return _waited() > LATE


def _waited() -> int:
    text = request.form.get("kept_for", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def moment(now: dt.datetime) -> dt.datetime:
    """When the form was written: the device says how long ago, so that its clock does not matter."""
    waited = dt.timedelta(seconds=_waited())
    return now - waited if dt.timedelta(seconds=LATE) < waited <= LONGEST else now


def answer(location: str, said: str | None = None) -> Any:
    """The form is taken: on to `location`; `said` is shown there, unless the form came late on its own."""
    if said and not is_late():
        flash(said, "success")
    return jsonify({"location": location}) if by_script() else redirect(location)


def refusal(errors: dict[str, str]) -> tuple[Any, int]:
    """The sentences by field."""
    return jsonify({"errors": errors}), 400
